//! From a stream's appearance to its link.

use std::time::Duration;

use lab::Lab;
use lab::Result;

use super::Bench;
use super::floors::numbers;
use super::report::Case;
use super::sample::{Sample, quantile, quantiles, scaled};

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
            ours.push(streams(&with, "mixd-aux")?);
            theirs.push(streams(&without, "card-a")?);
        }
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            // The worst of one stream is that stream: there it is the worst of all turns.
            let is_tail = count == 1 && share > 0.5;
            let of = |turns: &[Vec<f64>]| -> Sample {
                let each = scaled(&quantiles(turns, share), 1e-6);
                match is_tail {
                    true => Sample::once(quantile(&each, share)),
                    false => each.into(),
                }
            };
            let what = match count {
                1 => format!("1 stream, {name}"),
                count => format!("{count} at once, {name}"),
            };
            let case = Case::new("route", what, "ms", of(&ours));
            let case = case.peer(
                "WirePlumber alone",
                of(&theirs),
                if share > 0.5 { 1.2 } else { 1.1 },
            );
            cases.push(if is_tail { case.tail() } else { case });
        }
    }
    Ok(cases)
}
