//! The private PipeWire itself, without mixd: what it plays is what was asked for, and it leaves
//! nothing behind, however it ends.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use lab::level::{self, decibels};
use lab::process::{Folder, clean_up_on_signals, wait_for};
use lab::{Daemon, Lab, TIMEOUT};
use rustix::process::{Pid, Signal, kill_process};

/// Variables that a user may have set, each of which leads out of the session or changes what it
/// plays; OUTSIDE stands for a folder that must stay empty.
const HOSTILE: [(&str, &str); 12] = [
    ("PIPEWIRE_PROPS", "{ application.name = Other }"),
    ("PIPEWIRE_NODE", "nowhere"),
    ("PIPEWIRE_ALSA", "{ node.name = Other }"),
    ("PIPEWIRE_REMOTE", "OUTSIDE/pipewire-0"),
    ("PIPEWIRE_RUNTIME_DIR", "OUTSIDE"),
    ("PIPEWIRE_CONFIG_DIR", "OUTSIDE"),
    ("PIPEWIRE_QUANTUM", "64/44100"),
    ("PULSE_SERVER", "OUTSIDE/pulse"),
    ("PULSE_RUNTIME_PATH", "OUTSIDE"),
    ("PULSE_SINK", "card-b"),
    ("WIREPLUMBER_CONFIG_DIR", "OUTSIDE"),
    ("SPA_PLUGIN_DIR", "OUTSIDE"),
];

#[test]
fn inherited_variables_do_not_reach_the_session() {
    let outside = Folder::new("mixd-outside").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "plays_a_tone", "--ignored", "--nocapture"]);
    for (name, value) in HOSTILE {
        let folder = outside.path().to_str().unwrap();
        command.env(name, value.replace("OUTSIDE", folder));
    }
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success() && said.contains("1 passed"), "{said}");
    let written = std::fs::read_dir(outside.path()).unwrap();
    assert_eq!(written.count(), 0, "files outside the session's folder");
}

#[test]
#[ignore = "run by inherited_variables_do_not_reach_the_session, in an environment of its own"]
fn plays_a_tone() {
    play_a_tone();
}

#[test]
fn a_tone_reaches_the_card_as_it_is_and_nothing_else_does() {
    play_a_tone();
}

fn play_a_tone() {
    let lab = Lab::start().unwrap();
    let silence = lab.listen("card-a", Duration::from_millis(300)).unwrap();
    assert!(silence.frames() > 10_000);
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
        wait_for("the player's end", TIMEOUT, gone).unwrap();
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
        wait_for("the end of the lab's programs", TIMEOUT, gone).unwrap();
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
        std::thread::sleep(TIMEOUT);
    }
}
