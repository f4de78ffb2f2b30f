//! One program is sent to the other channel, or is left alone, on a real PipeWire: what it and the others
//! sound like meanwhile.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::level::{self, Recording};
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};

use crate::stage::{AMPLITUDE, DISCORD, GAME, Stage};

/// How often something is tried where a busy machine may drop a quantum.
const TRIES: usize = 3;

/// A copy of the player under another name.
fn copy(lab: &Lab, name: &str) -> PathBuf {
    let original = lab.output("sh", &["-c", "command -v pw-cat"]).unwrap();
    let copy = lab.path(name);
    fs::copy(original.trim(), &copy).unwrap();
    copy
}

/// Plays as a program that says it is Chromium.
fn play(lab: &Lab, program: &Path, file: &Path) -> Process {
    let mut command = lab.command(program);
    command.env("PIPEWIRE_PROPS", "{ application.name = Chromium }");
    command.arg("--playback").arg(file);
    Process::start(&mut command).unwrap()
}

/// Waits until mixctl lists as many streams in this channel and state.
fn wait_for_count(stage: &Stage, line: &str, count: usize) {
    let is_so = || {
        let streams = stage.mixd.ctl(&["streams"])?;
        let lines = streams.lines().filter(|found| found.starts_with(line));
        Ok((lines.count() == count).then_some(()))
    };
    if let Err(error) = wait_for(line, TIMEOUT, is_so) {
        let streams = stage.mixd.ctl(&["streams"]);
        panic!("{error}: {streams:?}\n{}", stage.mixd.log());
    }
}

fn wait_for_nobody(stage: &Stage) {
    let nobody = || Ok(stage.mixd.ctl(&["streams"])?.is_empty().then_some(()));
    wait_for("the players' end", TIMEOUT, nobody).unwrap();
}

fn programs(stage: &Stage) -> String {
    stage.mixd.ctl(&["list-programs"]).unwrap()
}

#[test]
fn of_two_programs_of_one_name_one_moves_and_the_other_plays_on() {
    let stage = Stage::set();
    let [left, right] = ["left", "right"].map(|name| stage.lab.path(&format!("{name}.wav")));
    level::write_tones(&left, &[DISCORD, 0.0], AMPLITUDE, 20).unwrap();
    level::write_tones(&right, &[0.0, GAME], AMPLITUDE, 20).unwrap();
    let [slack, browser] = ["slack", "browser"].map(|name| copy(&stage.lab, name));
    stage.mixd.ctl(&["add-program", "Chromium"]).unwrap();
    // Only aux is heard.
    stage.set_volume("1");
    let before = programs(&stage);
    let mut gaps = Vec::new();
    for _ in 0..TRIES {
        let stays = play(&stage.lab, &slack, &left);
        let moves = play(&stage.lab, &browser, &right);
        wait_for_count(&stage, "aux\trouted", 2);
        let pid = format!("pid={}", moves.pid());
        let recorder = stage.lab.record("card-a").unwrap();
        std::thread::sleep(Duration::from_millis(500));
        let said = stage.mixd.ctl(&["move", &pid, "default"]).unwrap();
        assert!(said.contains("Chromium plays through default"), "{said}");
        wait_for_count(&stage, "default\trouted", 1);
        std::thread::sleep(Duration::from_millis(500));
        let recording = recorder.stop().unwrap();
        let listed = programs(&stage);
        assert!(
            listed.contains("application.process.binary=slack"),
            "{listed}"
        );
        assert!(!listed.contains("Chromium"), "{listed}");
        let (start, end) = (recording.without_start(2), recording.end(2));
        let start = start.between(Duration::ZERO, Duration::from_millis(200));
        assert_ne!(start.loud_samples()[1], 0, "the one that moves was heard");
        assert_eq!(end.loud_samples()[1], 0, "and is not any more");
        assert!(end.tone_level(DISCORD)[0] > -20.0, "the other is");
        gaps.push(recording.without_start(2).longest_gap());
        // Back with one key, as it was.
        let said = stage.mixd.ctl(&["undo"]).unwrap();
        assert!(
            said.contains("took back 'move Chromium to default'"),
            "{said}"
        );
        assert_eq!(programs(&stage), before);
        wait_for_count(&stage, "aux\trouted", 2);
        drop((stays, moves));
        wait_for_nobody(&stage);
        if gaps.last().is_some_and(|&gap| is_none(gap)) {
            break;
        }
    }
    println!("gaps of the one that stays: {gaps:?} s");
    assert!(gaps.into_iter().any(is_none));
}

/// Returns whether that is no gap: a tone passes through zero for a sample.
fn is_none(gap: f64) -> bool {
    gap < 3.0 / 48_000.0
}

#[test]
fn what_is_ignored_plays_as_it_would_without_mixd() {
    let stage = Stage::set();
    // The default channel is silent.
    stage.set_volume("1");
    let listen = || -> Recording {
        let heard = stage
            .lab
            .listen("card-a", Duration::from_millis(700))
            .unwrap();
        heard.end(3)
    };
    let game = stage.lab.play_native("Game", &stage.game, &[]).unwrap();
    stage.wait_for_state("default\trouted");
    assert_eq!(listen().loud_samples(), [0, 0]);
    let said = stage.mixd.ctl(&["ignore", "--dry-run", "G*"]).unwrap();
    assert!(said.contains("Game"), "{said}");
    stage.mixd.ctl(&["ignore", "G*"]).unwrap();
    stage.lab.wait_for_route("Game", "card-a").unwrap();
    stage.wait_for_state("default\tignored");
    assert!(listen().tone_level(GAME)[0] > -20.0);
    let why = stage.mixd.ctl(&["why", "Game"]).unwrap();
    assert!(why.contains("ignored") && why.contains("G*"), "{why}");
    let refused = stage
        .mixd
        .ctl(&["move", "Game", "aux"])
        .unwrap_err()
        .to_string();
    assert!(refused.contains("ignored"), "{refused}");
    // No memory of a session manager sends it to our sink again.
    drop(game);
    wait_for_nobody(&stage);
    let game = stage.lab.play_pulse("Game", &stage.game, &[]).unwrap();
    stage.wait_for_state("default\tignored");
    stage.lab.wait_for_route("Game", "card-a").unwrap();
    assert!(listen().tone_level(GAME)[0] > -20.0);
    // It is taken again when the list says so.
    stage.mixd.ctl(&["undo"]).unwrap();
    stage.wait_for_state("default\trouted");
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    assert_eq!(listen().loud_samples(), [0, 0]);
    drop(game);
}

#[test]
fn a_move_ends_what_a_mixer_has_done() {
    let stage = Stage::set();
    let _players = stage.play_both();
    let dump = stage.lab.dump().unwrap();
    let discord = dump.streams("Discord")[0].to_string();
    let sink = dump.serial(dump.node("mixd-default").unwrap()).unwrap();
    let sink = sink.to_string();
    let args = [&*discord, "target.object", &*sink, "Spa:Id"];
    stage.lab.output("pw-metadata", &args).unwrap();
    stage.lab.wait_for_route("Discord", "mixd-default").unwrap();
    stage.wait_for_state("default\tpinned");
    let before = programs(&stage);
    stage.mixd.ctl(&["move", "Discord", "other"]).unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    stage.wait_for_state("aux\trouted");
    assert_eq!(programs(&stage), before, "the list said so already");
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
}
