//! Messages to bytes and back.

use std::collections::BTreeMap;

use lab::Result;

use super::report::{Case, Unit};
use super::{Bench, Lines, built};

/// Every message, and the sum over all of them.
pub fn measure(_: &Bench) -> Result<Vec<Case>> {
    let lines = Lines::of(&mut std::process::Command::new(built("codec")?))?;
    let mut cases = Vec::new();
    let mut sums: BTreeMap<&str, BTreeMap<&str, Vec<f64>>> = BTreeMap::new();
    for (what, by) in lines.groups() {
        let (work, message) = what.split_once('/').ok_or("codec printed something else")?;
        for (who, times) in &by {
            let sum = sums.entry(work).or_default().entry(who).or_default();
            sum.resize(times.len(), 0.0);
            for (sum, time) in sum.iter_mut().zip(times) {
                *sum += time;
            }
        }
        cases.push(case(work, message, &by)?.detail());
    }
    for (work, by) in sums {
        cases.push(case(work, "all messages, one after another", &by)?);
    }
    Ok(cases)
}

/// Reading has to be checked: the check must cost no more than reading itself.
fn case(work: &str, what: &str, by: &BTreeMap<&str, Vec<f64>>) -> Result<Case> {
    let what = format!("{work} {what}");
    let most = (work == "decode").then_some(2.0);
    let times = |who: &str| -> Result<Vec<f64>> { Ok(by.get(who).ok_or("no times")?.clone()) };
    Ok(Case::new("codec", what, Unit::Nanoseconds, times("wire")?)
        .peer("ciborium, unchecked", times("ciborium")?, most)
        .peer("serde_json", times("serde_json")?, None)
        .peer("minicbor", times("minicbor")?, None))
}
