//! Messages to bytes and back.

use std::collections::BTreeMap;

use xtask::Result;

use super::report::{Case, Unit};
use super::sample::Sample;
use super::{Bench, Lines, build_bench};

/// Every message, and the sum over all of them.
pub fn measure(_: &Bench) -> Result<Vec<Case>> {
    let lines = Lines::of(&mut std::process::Command::new(build_bench(
        "wire", "codec", "",
    )?))?;
    let mut cases = Vec::new();
    let mut sums: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    for (what, by) in lines.groups() {
        let (work, message) = what.split_once('/').ok_or("codec printed something else")?;
        for (who, times) in &by {
            let sum = sums.entry(work).or_default().entry(who).or_default();
            *sum += Sample::median(times).value;
        }
        let sample =
            |who: &str| Ok::<_, xtask::Error>(Sample::median(by.get(who).ok_or("no times")?));
        cases.push(case(work, message, sample)?.detail());
    }
    for (work, by) in sums {
        let sample = |who: &str| Ok(Sample::once(*by.get(who).ok_or("no times")?));
        cases.push(case(work, "all messages, one after another", sample)?);
    }
    Ok(cases)
}

/// Reading has to be checked: the check must cost no more than reading itself.
fn case(work: &str, what: &str, sample: impl Fn(&str) -> Result<Sample>) -> Result<Case> {
    let what = format!("{work} {what}");
    let most = (work == "decode").then_some(2.0);
    Ok(Case::new("codec", what, Unit::Nanoseconds, sample("wire")?)
        .peer("ciborium, unchecked", sample("ciborium")?, most)
        .peer("serde_json", sample("serde_json")?, None)
        .peer("minicbor", sample("minicbor")?, None))
}
