//! From a stream's appearance to its link.

use std::time::Duration;

use xtask::Result;
use xtask::lab::Lab;

use super::Bench;
use super::floors::numbers;
use super::report::{Case, Unit};
use super::sample::Sample;

/// Streams that mixd sends to its sink, beside those that WirePlumber sends to the card.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let (with, without) = (Lab::start()?, Lab::start()?);
    let mixd = bench.mixd(&with)?;
    mixd.ctl(&["add-program", "bench"])?;
    let mut cases = Vec::new();
    for (count, rounds) in [(1, 150), (100, 8)] {
        let streams = |lab: &Lab, sink: &str| {
            let mut command = lab.command(bench.floors.path("streams"));
            command.args([&count.to_string(), sink]);
            let times = numbers(&mut command);
            // All are gone before the next come.
            std::thread::sleep(Duration::from_millis(if count == 1 { 150 } else { 500 }));
            times
        };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..bench.rounds(rounds) {
            ours.extend(streams(&with, "mixd-aux")?);
            theirs.extend(streams(&without, "card-a")?);
        }
        for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
            let sample = |times: &[f64]| Sample::quantile(times, quantile).scaled(1e-6);
            let what = match count {
                1 => format!("1 stream, {name}"),
                count => format!("{count} at once, {name}"),
            };
            let case = Case::new("route", what, Unit::Milliseconds, sample(&ours));
            cases.push(case.peer("WirePlumber alone", sample(&theirs), 1.2));
        }
    }
    Ok(cases)
}
