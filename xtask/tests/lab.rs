//! The private PipeWire itself, without mixd: what it plays is what was asked for, and it leaves
//! nothing behind, however it ends.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use xtask::lab::{Daemon, Lab, PATIENCE};
use xtask::level::{self, decibels};
use xtask::process::{clean_up_on_signals, wait_for};

#[test]
fn a_tone_reaches_the_card_as_it_is_and_nothing_else_does() {
    let lab = Lab::start().unwrap();
    let silence = lab.listen("card-a", Duration::from_millis(300)).unwrap();
    assert!(silence.sides[0].len() > 10_000);
    assert_eq!(silence.loud_samples(), [0, 0]);
    let file = lab.path("tone.wav");
    level::write_tone(&file, 440.0, 0.25, 30).unwrap();
    for pulse in [false, true] {
        let player = match pulse {
            false => lab.play_native("Tone", &file, &[]).unwrap(),
            true => lab.play_pulse("Tone", &file, &[]).unwrap(),
        };
        lab.wait_for_route("Tone", "card-a").unwrap();
        let recording = lab
            .listen("card-a", Duration::from_millis(500))
            .unwrap()
            .end(2);
        for level in recording.tone_level(440.0) {
            assert!((level - decibels(0.25)).abs() < 0.1, "{level}");
        }
        drop(player);
        let gone = || Ok(lab.dump()?.streams("Tone").is_empty().then_some(()));
        wait_for("the player's end", PATIENCE, gone).unwrap();
    }
}

#[test]
fn dropped_or_interrupted_or_killed_it_leaves_no_process() {
    for (signal, leaves_folder) in [
        (None, false),
        (Some(Signal::INT), false),
        (Some(Signal::KILL), true),
    ] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_lab_that_waits", "--ignored", "--nocapture"])
            .env("XTASK_LAB_WAITS", if signal.is_some() { "1" } else { "0" })
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let line = lines.find(|line| line.contains("lab: ")).unwrap();
        let (_, said) = line.split_once("lab: ").unwrap();
        let mut words = said.split(' ');
        let folder = Path::new(words.next().unwrap());
        let pids: Vec<i32> = words.map(|pid| pid.parse().unwrap()).collect();
        assert_eq!(pids.len(), 3);
        if let Some(signal) = signal {
            kill_process(Pid::from_child(&child), signal).unwrap();
        }
        child.wait().unwrap();
        let gone = || {
            let lives = |pid: &i32| Path::new(&format!("/proc/{pid}")).exists();
            Ok((!pids.iter().any(lives)).then_some(()))
        };
        wait_for("the end of the lab's programs", PATIENCE, gone).unwrap();
        assert_eq!(folder.exists(), leaves_folder, "{signal:?}");
        // Nobody can clean up after SIGKILL; this test does.
        let _ = std::fs::remove_dir_all(folder);
    }
}

#[test]
#[ignore = "run by dropped_or_interrupted_or_killed_it_leaves_no_process"]
fn a_lab_that_waits() {
    clean_up_on_signals().unwrap();
    let lab = Lab::start().unwrap();
    let pid = |daemon| lab.daemon(daemon).unwrap().pid();
    println!(
        "lab: {} {} {} {}",
        lab.path("").display(),
        pid(Daemon::PipeWire),
        pid(Daemon::WirePlumber),
        pid(Daemon::Pulse)
    );
    if std::env::var("XTASK_LAB_WAITS").unwrap() == "1" {
        std::thread::sleep(PATIENCE);
    }
}
