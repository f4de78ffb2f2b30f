//! What a bar's module costs that shows each change: the processor time of a change, and its rest.

use std::process::Command;
use std::time::{Duration, Instant};

use lab::process::Process;
use lab::{Lab, Result};
use wire::{Request, Volume};

use super::Bench;
use super::report::Case;
use super::sample::Sample;

/// The distance of two changes, as of a key that is held or a wheel that is turned.
const DISTANCE: Duration = Duration::from_millis(30);

/// Starts a program that watches, and waits until it has said what there was.
fn start(command: &mut Command, lab: &Lab) -> Result<Process> {
    let watch = Process::start_logged(command, &lab.path("watch.log"))?;
    std::thread::sleep(Duration::from_secs(1));
    Ok(watch)
}

/// The processor time of a change in microseconds, of `count` changes.
fn cost(watch: &Process, count: u32, mut change: impl FnMut(u32) -> Result<()>) -> Result<f64> {
    let before = watch.processor_time()?;
    for at in 0..count {
        let next = Instant::now() + DISTANCE;
        change(at)?;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let used = watch.processor_time()?.saturating_sub(before);
    Ok(used.as_secs_f64() * 1e6 / f64::from(count))
}

/// `mixctl watch` as each bar has it, beside `pactl subscribe`, which says that something has changed and not
/// what.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let mixd = bench.mixd_alone()?;
    let lab = Lab::start()?;
    let pactl = start(lab.command("pactl").arg("subscribe"), &lab)?;
    let mut client = mixd.connect()?;
    let mut cases = Vec::new();
    for format in ["waybar", "wob"] {
        let watch = start(mixd.mixctl().args(["watch", "--format", format]), &lab)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..bench.rounds(5) {
            let count = bench.rounds(100);
            ours.push(cost(&watch, count, |at| {
                let volume = Volume::try_from(if at % 2 == 0 { 250_000 } else { -250_000 })?;
                client.request(&Request::SetVolume(volume))?;
                Ok(())
            })?);
            theirs.push(cost(&pactl, count, |at| {
                let volume = if at % 2 == 0 { "40%" } else { "60%" };
                lab.output("pactl", &["set-sink-volume", "card-a", volume])?;
                Ok(())
            })?);
        }
        let what = format!("`mixctl watch --format {format}`, a change");
        let case = Case::new("watch", what, "µs", ours);
        cases.push(case.peer("pactl subscribe", theirs, 1.0));
        let rest = bench.time(Duration::from_secs(10));
        let woken = watch.wakeups_in(rest)? as f64;
        let what = format!("`mixctl watch --format {format}`, wake-ups at rest");
        cases.push(
            Case::new(
                "watch",
                what,
                "/s",
                Sample::once(woken / rest.as_secs_f64()),
            )
            .limit(0.0),
        );
    }
    Ok(cases)
}
