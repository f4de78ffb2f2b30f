//! What a change of volume costs mixd, with many streams and rules and with none.

use std::time::{Duration, Instant};

use lab::mixd::Mixd;
use lab::process::wait_for;
use lab::{Lab, Result};
use wire::{Client, Request, Text, Volume};

use super::Bench;
use super::memory::streams;
use super::report::Case;

/// How many streams play, to the aux channel by the last of so many rules.
const STREAMS: usize = 300;
const RULES: usize = 1000;
/// How many of them are one program's.
const BY_ONE: usize = 100;
/// How many changes are measured at once, one after another.
const SETS: u32 = 300;
/// Until a fade has ended, and the volume is saved.
const REST: Duration = Duration::from_millis(1500);
/// For how long mixd takes no processor time, before it is measured: the session manager links so many streams in
/// bursts, seconds apart.
const QUIET: Duration = Duration::from_secs(8);
/// How long that may take.
const SETTLED_WITHIN: Duration = Duration::from_mins(3);

/// The processor time of mixd for a change, in microseconds.
fn cost(mixd: &Mixd, client: &mut Client) -> Result<f64> {
    let before = mixd.process.processor_time()?;
    for at in 0..SETS {
        let volume = Volume::try_from(if at % 2 == 0 { 250_000 } else { -250_000 })?;
        client.request(&Request::SetVolume(volume))?;
    }
    std::thread::sleep(REST);
    let used = mixd.process.processor_time()?.saturating_sub(before);
    Ok(used.as_secs_f64() * 1e6 / f64::from(SETS))
}

/// Waits until mixd takes no more processor time: until the last of the streams is where it belongs.
fn until_quiet(mixd: &Mixd) -> Result<()> {
    let (mut used, mut since) = (mixd.process.processor_time()?, Instant::now());
    wait_for("mixd at rest beside the streams", SETTLED_WITHIN, || {
        let now = mixd.process.processor_time()?;
        if now != used {
            (used, since) = (now, Instant::now());
        }
        Ok((since.elapsed() >= QUIET).then_some(()))
    })
}

/// 300 streams and 1,000 rules, beside a mixd that has neither.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let (many, none) = (Lab::start()?, Lab::start()?);
    let (full, empty) = (bench.mixd(&many)?, bench.mixd(&none)?);
    let (mut to_full, mut to_empty) = (full.connect()?, empty.connect()?);
    let names = (1..RULES).map(|at| format!("Program {at}"));
    for name in names.chain(["bench".to_owned()]) {
        to_full.request(&Request::AddProgram(Text::truncated(&name)))?;
    }
    // One program alone does not get so many under way.
    let programs = (0..STREAMS / BY_ONE).map(|_| streams(bench, &many, BY_ONE));
    let _players = programs.collect::<Result<Vec<_>>>()?;
    until_quiet(&full)?;
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds(15) {
        ours.push(cost(&full, &mut to_full)?);
        floor.push(cost(&empty, &mut to_empty)?);
    }
    let what = format!("a set, processor time of mixd, {STREAMS} streams and {RULES} rules");
    let case = Case::new("sets", what, "µs", ours);
    Ok(vec![case.floor("mixd with none", floor, 1.1)])
}
