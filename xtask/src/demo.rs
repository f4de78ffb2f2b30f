//! `cargo xtask demo`: mixd in a private PipeWire, crossfading two tones; what reaches the card is
//! measured at each step and shown beside what it should be.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lab::Result;
use lab::level::{self, decibels};
use lab::mixd::Mixd;
use lab::process::{Folder, Process, wait_for};
use lab::{Daemon, Lab, STEREO, TIMEOUT};
use wire::{Client, Name, PipeWireState, Reply, Request};

use crate::{setup, system, tools};

/// The steps of the sweep.
const VOLUMES: [f64; 9] = [-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0];
/// How far a level may be off, in dB.
const TOLERANCE: f64 = 0.5;
/// Below the smallest step of 16 bits, in dB: what is said to be silent.
const SILENCE: f64 = -100.0;
/// The peak of each tone: two of them stay below full scale.
const AMPLITUDE: f64 = 0.25;
/// How long the card is listened to at each step.
const LISTEN: Duration = Duration::from_millis(700);
/// What of that is measured, in tenths of a second: the end, after everything has settled.
const MEASURED: usize = 5;
/// How many characters the full level is wide.
const BAR: f64 = 16.0;

/// The programs: name, frequency in Hz (a multiple of 10), gain at a volume.
const PROGRAMS: [(&str, f64, fn(f64) -> f64); 2] = [
    ("Game", 440.0, |volume| 1.0 - volume.max(0.0)),
    ("Discord", 1000.0, |volume| 1.0 + volume.min(0.0)),
];

/// Builds the programs unless they are in a folder already, and plays: with this machine's PipeWire,
/// or with one that is unpacked for it.
pub fn demo() -> Result<()> {
    if let Some(programs) = system::inside() {
        return sweep(&programs);
    }
    setup::to_run()?;
    let unpacked = setup::to_demonstrate()?;
    let programs = tools::build_debug()?;
    match unpacked {
        None => sweep(&programs),
        Some(folder) => {
            let mut inside = over_usr(&folder, tools::own()?);
            inside.env(system::PROGRAMS, programs);
            tools::run(inside.arg("demo"))
        }
    }
}

/// The volumes that are held one after the other while one hears it.
const HEARD: [&str; 7] = ["0", "0.25", "0.5", "0.75", "1", "0.5", "0"];
/// The peak of what one hears: -26 dB of full scale, whatever the card is set to.
const SOFT: f64 = 0.05;
/// How long one hears each step.
const STEP: Duration = Duration::from_millis(600);

/// Plays a tone through the mixd that runs here, and fades it out and in. Does nothing where something plays already:
/// one hears that. What is held ends with the connection, however this ends.
pub fn hear() -> Result<()> {
    let name = Name::resolve(None)?;
    let connect = || Ok(Client::connect(&name, "xtask").ok());
    let mut client = wait_for("mixd", TIMEOUT, connect)?;
    let audio = wait_for("mixd's sinks", TIMEOUT, || {
        match client.request(&Request::GetStatus)? {
            Reply::Status(status) if status.audio.pipewire == PipeWireState::Up => {
                Ok(Some(status.audio.into_owned()))
            }
            _ => Ok(None),
        }
    })?;
    if !audio.streams.is_empty() {
        return Ok(());
    }
    let folder = Folder::new("mixd-tone")?;
    let tone = folder.path().join("tone.wav");
    level::write_tone(&tone, 440.0, SOFT, 30)?;
    let _player = Process::start(Command::new("pw-play").arg(&tone))?;
    println!("You hear a tone, which fades out and in with the volume:");
    for volume in HEARD {
        println!("  {volume}");
        client.request(&Request::HoldVolume(volume.parse()?))?;
        std::thread::sleep(STEP);
    }
    Ok(())
}

/// A program that sees the files below `usr` of a folder as if they lay in `/usr`: in a mount
/// namespace of its own, which ends with it.
fn over_usr(folder: &Path, program: impl AsRef<OsStr>) -> Command {
    // overlayfs reads a colon in a path as the end of it: the folder is named from within.
    const SCRIPT: &str = "here=$PWD; mount --make-rprivate / 2>/dev/null\n\
         cd \"$1\" && mount -t overlay overlay -o lowerdir=usr:/usr /usr || exit 1\n\
         cd \"$here\" && shift && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(lab::process::namespace());
    command.args("--mount --propagation unchanged sh -c".split(' '));
    command
        .args([SCRIPT, "sh"])
        .arg(folder)
        .arg(program.as_ref());
    command
}

/// Sweeps, measures, prints.
fn sweep(programs: &Path) -> Result<()> {
    let mut lab = Lab::prepare(&STEREO)?;
    lab.start_daemon(Daemon::PipeWire)?;
    lab.start_daemon(Daemon::WirePlumber)?;
    let mixd = Mixd::start(&lab, &programs.join("mixd"))?;
    mixd.ctl(&["add-program", "Discord"])?;
    let mut players = Vec::new();
    for (name, frequency, _) in PROGRAMS {
        let file = lab.path(&format!("{name}.wav"));
        level::write_tone(&file, frequency, AMPLITUDE, 120)?;
        players.push(lab.play_native(name, &file, &[])?);
    }
    lab.wait_for_route("Game", "mixd-default")?;
    lab.wait_for_route("Discord", "mixd-aux")?;

    println!("\nTwo programs play; mixctl sets the volume; the card is recorded and measured.");
    println!("Levels in dB of full scale; both sides are measured, the left one is shown.\n");
    println!("            Game (default channel)               Discord (aux channel)");
    println!("  volume    should     is                        should     is");
    let mut failures = Vec::new();
    for volume in VOLUMES {
        mixd.ctl(&["set-volume", &volume.to_string()])?;
        let recording = lab.listen("card-a", LISTEN)?.end(MEASURED);
        let mut line = format!("  {volume:>6}");
        for (name, frequency, gain) in PROGRAMS {
            let should = decibels(AMPLITUDE * gain(volume));
            let sides = recording.steady_level(frequency);
            for &is in &sides {
                if !agrees(should, is) {
                    failures.push(format!("{name} at {volume}: {is:.2} dB, not {should:.2}"));
                }
            }
            let is = sides[0];
            line += &format!("    {} {}  {:<16}", shown(should), shown(is), bar(is));
        }
        println!("{}", line.trim_end());
    }
    println!();
    drop(players);
    if failures.is_empty() {
        println!("Every level is within {TOLERANCE} dB, on both sides.");
        Ok(())
    } else {
        Err(format!("the levels are wrong:\n  {}", failures.join("\n  ")).into())
    }
}

fn agrees(should: f64, is: f64) -> bool {
    if should < SILENCE {
        is < SILENCE
    } else {
        (is - should).abs() <= TOLERANCE
    }
}

fn shown(decibels: f64) -> String {
    if decibels < SILENCE {
        "silent".into()
    } else {
        format!("{decibels:>6.1}")
    }
}

/// The amplitude, beside that of the whole tone.
fn bar(decibels: f64) -> String {
    let part = 10f64.powf(decibels / 20.0) / AMPLITUDE;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let width = (part * BAR).round() as usize;
    "#".repeat(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_agrees_within_half_a_decibel_and_silence_with_silence_only() {
        assert!(agrees(-12.0, -12.49) && !agrees(-12.0, -12.51));
        assert!(agrees(f64::NEG_INFINITY, -101.0) && !agrees(f64::NEG_INFINITY, -90.0));
        assert!(!agrees(-12.0, f64::NEG_INFINITY) && !agrees(-12.0, f64::NAN));
    }

    #[test]
    fn bars_are_as_wide_as_amplitudes() {
        assert_eq!(bar(decibels(AMPLITUDE)).len(), 16);
        assert_eq!(bar(decibels(AMPLITUDE / 2.0)).len(), 8);
        assert_eq!(bar(f64::NEG_INFINITY), "");
    }
}
