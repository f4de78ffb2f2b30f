//! What each process takes of the memory: resident, and of that what it shares with nobody
//! (`Private_Clean` and `Private_Dirty` of `proc_pid_smaps(5)`: its data, and the pages of programs and
//! libraries that nobody else runs).

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lab::Result;
use lab::desktop::{Desktop, Xvfb};
use lab::mixd::Mixd;
use lab::process::{Memory, Process, wait_for};
use lab::{Daemon, Lab, TIMEOUT};

use super::floors::{Floors, Run};
use super::report::Case;
use super::sample::Sample;
use super::{Bench, words};

/// What mixd may have, in KiB, whatever it is doing.
const MIXD: f64 = 8.0 * 1024.0;
/// What mixview may have.
const MIXVIEW: f64 = 24.0 * 1024.0;

/// How often the streams come again.
const AGAIN: usize = 9;
/// What still counts as flat: some pages more. To keep 200 bytes of each stream would be too much.
const FLAT: f64 = 1.02;

/// mixd idle, full and busy, and the others.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let lab = Lab::start()?;
    let mixd = bench.mixd(&lab)?;
    mixd.ctl(&["add-program", "bench"])?;
    // Each at the same moments as the others.
    let taken = || -> Result<[Memory; 3]> {
        std::thread::sleep(Duration::from_secs(1));
        let of = |daemon| lab.daemon(daemon).ok_or("no daemon")?.memory();
        Ok([
            mixd.process.memory()?,
            of(Daemon::WirePlumber)?,
            of(Daemon::Pulse)?,
        ])
    };
    let idle = taken()?;
    let watchers = watchers(&lab, &mixd)?;
    let full = taken()?;
    drop(watchers);
    let players = streams(bench, &lab, 100)?;
    let busy = taken()?;
    drop(players);
    let after = taken()?;
    for _ in 0..AGAIN {
        drop(streams(bench, &lab, 100)?);
    }
    let again = taken()?;
    let mut cases = Vec::new();
    for (when, [ours, manager, pulse]) in [
        ("idle", idle),
        ("with 31 clients", full),
        ("with 100 streams", busy),
    ] {
        let resident = case(&format!("mixd {when}, resident"), ours.resident);
        cases.push(
            resident
                .limit(MIXD)
                .peer("wireplumber", kibibytes(manager.resident), None)
                .peer("pipewire-pulse", kibibytes(pulse.resident), None),
        );
        let own = case(&format!("mixd {when}, private"), ours.private);
        cases.push(
            own.peer("wireplumber", kibibytes(manager.private), None)
                .peer("pipewire-pulse", kibibytes(pulse.private), None),
        );
    }
    let left = case(
        "mixd after 100 streams, ten times, private",
        again[0].private,
    );
    cases.push(left.peer("after the first time", kibibytes(after[0].private), FLAT));
    cases.push(peaks(bench, &lab, &mixd)?);
    cases.extend(windows(bench)?);
    Ok(cases)
}

fn case(what: &str, bytes: u64) -> Case {
    Case::new("memory", what, "KiB", kibibytes(bytes))
}

fn kibibytes(bytes: u64) -> Sample {
    Sample::once(bytes as f64 / 1024.0)
}

/// Fills all places for clients but one. As many processes: one may have only half of them.
fn watchers(lab: &Lab, mixd: &Mixd) -> Result<Vec<Process>> {
    let log = |n: u32| lab.path(&format!("watch-{n}.log"));
    let start = |n| {
        let mut watcher = mixd.mixctl();
        Process::start_logged(watcher.arg("watch"), &log(n))
    };
    let watchers = (0..31).map(start).collect::<Result<_>>()?;
    for n in 0..31 {
        wait_for("a watcher's first line", TIMEOUT, || {
            Ok((!fs::read_to_string(log(n))?.is_empty()).then_some(()))
        })?;
    }
    Ok(watchers)
}

/// So many streams, once mixd has moved them.
pub fn streams(bench: &Bench, lab: &Lab, count: usize) -> Result<Process> {
    let log = lab.path("streams.log");
    let mut command = lab.command(bench.floors.path("streams"));
    command.args([&count.to_string(), "mixd-aux", "stay"]);
    let playing = Process::start_logged(&mut command, &log)?;
    wait_for("the streams' links", TIMEOUT * 3, || {
        let linked = fs::read_to_string(&log)?.lines().count();
        Ok((linked >= count).then_some(()))
    })?;
    Ok(playing)
}

/// The most that mixctl and wpctl have while they set a volume.
fn peaks(bench: &Bench, lab: &Lab, mixd: &Mixd) -> Result<Case> {
    let mixctl = ["--socket", mixd.socket(), "set-volume", "0.5"];
    let wpctl = ["set-volume", "@DEFAULT_AUDIO_SINK@", "0.5"];
    let commands = [
        words(&bench.program("mixctl"), &mixctl),
        words(Path::new("wpctl"), &wpctl),
    ];
    let spawn = lab.command(bench.floors.path("spawn"));
    let runs = Floors::in_turn(spawn, bench.rounds(30), &commands)?;
    let peak = |runs: &[Run]| -> Vec<f64> { runs.iter().map(|run| run.peak).collect() };
    let ours = peak(&runs[0]);
    let case = Case::new("memory", "mixctl, its peak", "KiB", ours);
    Ok(case.peer("wpctl", peak(&runs[1]), 1.0))
}

/// mixview and pavucontrol on an X server.
fn windows(bench: &Bench) -> Result<[Case; 2]> {
    let lab = Lab::start()?;
    let mixd = bench.mixd(&lab)?;
    let screen = Xvfb::start(&lab, 900, 700)?;
    let measured = |mut command: Command, name: &str| -> Result<Memory> {
        let process = Process::start_logged(&mut command, &lab.path(&format!("{name}.log")))?;
        std::thread::sleep(Duration::from_secs(4));
        process.memory()
    };
    let mut mixview = screen.command(&lab, &bench.program("mixview"));
    mixview.args(["--socket", mixd.socket()]);
    let ours = measured(mixview, "mixview")?;
    let mixer = screen.command(&lab, Path::new("pavucontrol"));
    let theirs = measured(mixer, "pavucontrol")?;
    Ok([
        case("mixview, resident", ours.resident)
            .limit(MIXVIEW)
            .peer("pavucontrol", kibibytes(theirs.resident), None),
        case("mixview, private", ours.private).peer("pavucontrol", kibibytes(theirs.private), None),
    ])
}
