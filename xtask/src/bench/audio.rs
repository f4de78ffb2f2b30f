//! What the way through mixd's sinks costs the sound: processor time of all of PipeWire, and delay.

use std::path::Path;
use std::time::{Duration, Instant};

use lab::Result;
use lab::level::{Recording, write_impulses, write_tone};
use lab::mixd::Mixd;
use lab::process::Process;
use lab::{Daemon, Lab};

use super::Bench;
use super::idle::Loopbacks;
use super::report::Case;

/// How many streams play.
const STREAMS: usize = 10;
/// How long each way is watched at a time.
const TIME: Duration = Duration::from_secs(6);

/// The three ways from a program to the card.
struct Ways {
    // Ended in this order: mixd keeps the volume in the lab's folder when it ends.
    ours: (Mixd, Lab),
    looped: (Loopbacks, Lab),
    straight: Lab,
}

impl Ways {
    fn open(bench: &Bench) -> Result<Self> {
        let ours = Lab::start()?;
        let mixd = bench.mixd(&ours)?;
        mixd.ctl(&["add-program", "aux"])?;
        let looped = Lab::start()?;
        let loopbacks = Loopbacks::start(&looped)?;
        Ok(Self {
            ours: (mixd, ours),
            looped: (loopbacks, looped),
            straight: Lab::start()?,
        })
    }
}

/// Processor time and delay.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let ways = Ways::open(bench)?;
    let mut cases = vec![processor(bench, &ways)?];
    cases.push(delay(bench, &ways)?);
    Ok(cases)
}

/// Plays so many streams, half of them to each sink, and returns the processor time that all but
/// the players use, in percent.
fn share(
    lab: &Lab,
    tone: &Path,
    sinks: [&str; 2],
    targets: bool,
    more: &[&Process],
    time: Duration,
) -> Result<f64> {
    let names = ["main", "aux"];
    let mut players = Vec::new();
    for n in 0..STREAMS {
        let (name, sink) = (names[n % 2], sinks[n % 2]);
        let args: &[&str] = if targets { &["--target", sink] } else { &[] };
        players.push(lab.play_native(name, tone, args)?);
    }
    let mut all: Vec<&Process> = more.to_vec();
    for daemon in [Daemon::PipeWire, Daemon::WirePlumber, Daemon::Pulse] {
        all.extend(lab.daemon(daemon));
    }
    let linked = || -> Result<Option<()>> {
        let dump = lab.dump()?;
        let there = |name, sink: &str| {
            let to = dump.sinks_of(name);
            to.len() == STREAMS / 2 && to.iter().all(|found| *found == sink)
        };
        Ok((0..2).all(|n| there(names[n], sinks[n])).then_some(()))
    };
    lab::process::wait_for("all streams' links", lab::TIMEOUT, linked)?;
    std::thread::sleep(Duration::from_secs(1));
    let used = || -> Result<Duration> { all.iter().map(|process| process.processor_time()).sum() };
    let (before, start) = (used()?, Instant::now());
    std::thread::sleep(time);
    Ok(used()?.saturating_sub(before).as_secs_f64() / start.elapsed().as_secs_f64() * 100.0)
}

fn processor(bench: &Bench, ways: &Ways) -> Result<Case> {
    let Ways {
        ours,
        looped,
        straight,
    } = ways;
    let tone = straight.path("tone.wav");
    write_tone(&tone, 440.0, 0.01, 60)?;
    let time = bench.time(TIME).max(Duration::from_secs(2));
    let (mut through, mut around, mut direct) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds(7) {
        let mixd = [&ours.0.process];
        let sinks = ["mixd-default", "mixd-aux"];
        through.push(share(&ours.1, &tone, sinks, false, &mixd, time)?);
        let loops = looped.0.processes();
        around.push(share(
            &looped.1,
            &tone,
            Loopbacks::SINKS,
            true,
            &loops,
            time,
        )?);
        direct.push(share(straight, &tone, ["card-a"; 2], false, &[], time)?);
    }
    let what = format!("all of PipeWire, {STREAMS} streams play");
    let case = Case::new("audio", what, "%", through);
    Ok(case
        .floor("straight to the card", direct, 1.1)
        .peer("two pw-loopback", around, 1.0))
}

/// How many samples later a sound arrives on the way that is measured than straight. The program's
/// left side is linked to the way's sink, and also straight to the card's right side.
fn lateness(lab: &Lab, impulses: &Path, sink: &str, args: &[&str]) -> Result<f64> {
    let player = lab.play_native("main", impulses, args)?;
    lab.wait_for_route("main", sink)?;
    lab.output("pw-link", &["pw-play:output_FL", "card-a:playback_FR"])?;
    std::thread::sleep(Duration::from_millis(500));
    let heard = lab.listen("card-a", Duration::from_secs(2))?;
    drop(player);
    late(&heard)
}

/// The distance from each impulse on the right to the next on the left, of a train whose distance
/// is known.
fn late(heard: &Recording) -> Result<f64> {
    let first = |side: usize, from: usize| {
        let samples = heard.channels.get(side)?.get(from..)?;
        Some(from + samples.iter().position(|sample| sample.abs() > 0.01)?)
    };
    // Not one that the recording has cut.
    let straight = first(1, heard.frames() / 4).ok_or("nothing came straight")?;
    let through = first(0, straight).ok_or("nothing came through the sink")?;
    Ok((through - straight) as f64)
}

fn delay(bench: &Bench, ways: &Ways) -> Result<Case> {
    let impulses = ways.straight.path("impulses.wav");
    write_impulses(&impulses, 24_000, 60)?;
    let target = ["--target", Loopbacks::SINKS[0]];
    let (mut ours, mut looped) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds(3) {
        ours.push(lateness(&ways.ours.1, &impulses, "mixd-default", &[])?);
        let sink = Loopbacks::SINKS[0];
        looped.push(lateness(&ways.looped.1, &impulses, sink, &target)?);
    }
    let what = "a program to the card, more than straight";
    let case = Case::new("audio", what, "samples", ours);
    Ok(case.limit(0.0).peer("two pw-loopback", looped, None))
}
