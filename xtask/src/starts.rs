//! `cargo xtask starts`: how often a silenced program is heard for a moment when it starts, on a busy
//! machine, and where WirePlumber remembers that programs like it played through the other channel.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lab::Result;
use lab::level;
use lab::mixd::Mixd;
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};
use lexopt::{Arg, Parser, ValueExt};

use crate::{setup, system, tools};

/// How many programs start at once.
const AT_ONCE: usize = 4;
/// How many starts there are if the command line does not say.
const COUNT: usize = 2000;
/// How long each goes on after it plays through its channel.
const PLAYED: Duration = Duration::from_millis(100);

/// How long a change of volume takes, and a moment more.
const GLIDE: Duration = Duration::from_millis(200);

/// Reads the rest of the command line, and does it: builds here, and plays in a system.
pub fn starts(mut rest: Parser) -> Result<()> {
    let (mut count, mut system) = (COUNT, system::home());
    let (mut awaits, mut has_priority) = (false, true);
    while let Some(argument) = rest.next()? {
        match argument {
            Arg::Long("on") => system = system::named(&rest.value()?.string()?)?,
            Arg::Long("await") => awaits = true,
            Arg::Long("without-priority") => has_priority = false,
            Arg::Value(number) => count = number.parse()?,
            argument => return Err(argument.unexpected().into()),
        }
    }
    match system::inside() {
        Some(programs) => run(&programs, count, awaits, has_priority),
        None => setup::play_in(system),
    }
}

fn run(programs: &Path, count: usize, awaits: bool, has_priority: bool) -> Result<()> {
    let lab = match awaits {
        true => Lab::start_awaiting_mixd()?,
        false => Lab::start()?,
    };
    let mut program = programs.join("mixd");
    if !has_priority {
        // As for a user without the limit: what it asks for is refused.
        let drop = "exec setpriv --bounding-set -sys_nice --inh-caps -sys_nice --";
        program = tools::wrap_mixd(programs, &lab.path(""), drop)?;
    }
    let mixd = Mixd::start(&lab, &program)?;
    mixd.ctl(&["add-program", "Discord"])?;
    let file = lab.path("tone.wav");
    level::write_tone(&file, 440.0, 0.25, 60)?;
    let busy = || Process::start(Command::new("sh").args(["-c", "while :; do :; done"]));
    let load: Vec<Process> = (0..tools::cores()).map(|_| busy()).collect::<Result<_>>()?;
    let rounds = count.div_ceil(AT_ONCE);
    let mut heard = 0;
    for round in 0..rounds {
        let (volume, name) = match round % 2 {
            0 => ("-1", "Discord"),
            _ => ("1", "Game"),
        };
        mixd.ctl(&["set-volume", volume])?;
        std::thread::sleep(GLIDE);
        let recorder = lab.record("card-a")?;
        let play = |player: usize| match player % 2 {
            0 => lab.play_native(name, &file, &[]),
            _ => lab.play_pulse(name, &file, &[]),
        };
        let players: Vec<Process> = (0..AT_ONCE).map(play).collect::<Result<_>>()?;
        // By mixd's word: while pw-dump binds the metadata, PipeWire tells changes to pw-dump alone, and
        // mixd's choice may take effect a second later.
        let routed = || {
            let streams = mixd.ctl(&["streams"])?;
            let routed = streams.lines().filter(|line| line.contains("\trouted\t"));
            Ok((routed.count() == AT_ONCE).then_some(()))
        };
        if let Err(error) = wait_for("the programs on their channel", TIMEOUT, routed) {
            let streams = mixd.ctl(&["streams"])?;
            return Err(format!("{error}: {streams}{}", mixd.log()).into());
        }
        std::thread::sleep(PLAYED);
        let recording = recorder.stop()?;
        drop(players);
        let loud = recording.loud_samples();
        if loud.iter().any(|&samples| samples > 0) {
            heard += 1;
            println!(
                "starts {} and on, {name}: {loud:?} samples",
                round * AT_ONCE
            );
        }
        lab.wait_for_end(name)?;
    }
    drop(load);
    let starts = rounds * AT_ONCE;
    println!(
        "{starts} starts, {AT_ONCE} at once: in {heard} of {rounds} rounds a sample was heard"
    );
    Ok(())
}
