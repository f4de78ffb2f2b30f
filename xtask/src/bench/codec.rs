//! Messages to bytes and back.

use std::collections::BTreeMap;

use lab::Result;

use super::report::Case;
use super::{Bench, Lines, built};

/// The sum over all messages; `cargo bench -p wire` prints each.
pub fn measure(_: &Bench) -> Result<Vec<Case>> {
    let lines = Lines::of(&mut std::process::Command::new(built("codec")?))?;
    let mut sums: BTreeMap<&str, BTreeMap<&str, Vec<f64>>> = BTreeMap::new();
    for (what, by) in lines.groups() {
        let (work, _) = what.split_once('/').ok_or("codec printed something else")?;
        for (who, times) in by {
            let sum = sums.entry(work).or_default().entry(who).or_default();
            sum.resize(times.len(), 0.0);
            for (sum, time) in sum.iter_mut().zip(times) {
                *sum += time;
            }
        }
    }
    let case = |(work, by): (&str, BTreeMap<&str, Vec<f64>>)| {
        let what = format!("{work} all messages, one after another");
        // Reading has to be checked: the check must cost no more than reading itself.
        let most = (work == "decode").then_some(2.0);
        let times = |who: &str| by.get(who).cloned().ok_or("no times");
        Ok(Case::new("codec", what, "ns", times("wire")?)
            .peer("ciborium, unchecked", times("ciborium")?, most)
            .peer("serde_json", times("serde_json")?, None)
            .peer("minicbor", times("minicbor")?, None))
    };
    sums.into_iter().map(case).collect()
}
