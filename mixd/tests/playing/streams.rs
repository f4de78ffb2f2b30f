//! Streams that are not ours to send: pinned, contested, remembered, plumbing. With a real session
//! manager, and rivals that do not give in.
#![allow(clippy::unwrap_used)]

use std::process::Stdio;
use std::time::{Duration, Instant};

use lab::TIMEOUT;
use lab::process::{Process, wait_for};

use crate::stage::{Stage, mixd_program};

/// How often mixd has chosen a sink for a stream, by its log.
fn moves(stage: &Stage, stream: u64) -> usize {
    let begin = format!("Target({stream},");
    let log = stage.mixd.log();
    log.lines().filter(|line| line.contains(&begin)).count()
}

fn stream(stage: &Stage, name: &str) -> u64 {
    stage.lab.dump().unwrap().streams(name)[0]
}

/// Sets a stream's target, or removes it.
fn set_target(stage: &Stage, stream: u64, value: Option<&str>) {
    let id = stream.to_string();
    let args = match value {
        Some(value) => vec![
            "-n",
            "default",
            "--",
            &id,
            "target.object",
            value,
            "Spa:String",
        ],
        None => vec!["-n", "default", "-d", &id, "target.object"],
    };
    stage.lab.output("pw-metadata", &args).unwrap();
}

fn target(stage: &Stage, stream: u64) -> Option<String> {
    let metadata = stage.lab.metadata().unwrap();
    let begin = format!("id:{stream} key:'target.object' value:'");
    let (_, rest) = metadata.split_once(&begin)?;
    Some(rest.split('\'').next()?.to_owned())
}

/// Undoes, for four seconds, whatever mixd does to the stream.
fn fight(stage: &Stage, stream: u64, value: Option<&str>) {
    let end = Instant::now() + Duration::from_secs(4);
    let mut undone = 0;
    while Instant::now() < end {
        let is_theirs = match (&target(stage, stream), value) {
            (None, None) => true,
            (Some(is), Some(should)) => is == should,
            _ => false,
        };
        if !is_theirs {
            set_target(stage, stream, value);
            undone += 1;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    println!(
        "{value:?}: the rival undid it {undone} times, mixd chose {} times",
        moves(stage, stream)
    );
}

#[test]
fn a_rival_that_moves_every_stream_back_is_left_to_it_after_two_moves() {
    for (value, state) in [
        (None, "contested"),
        // A move that a mixer can make counts as the user's from the first time on.
        (Some("-1"), "pinned"),
        (Some("mixd-aux"), "pinned"),
        (Some("card-b"), "pinned"),
    ] {
        let stage = Stage::set();
        let _game = stage.lab.play_native("Game", &stage.game, &[]).unwrap();
        stage.lab.wait_for_route("Game", "mixd-default").unwrap();
        let refreshes = || stage.mixd.log().matches("debug: Refresh\n").count();
        let before = refreshes();
        let game = stream(&stage, "Game");
        // After pw-dump has gone. A move that is told before that may be one that the session manager remembers,
        // and is undone.
        wait_for("the metadata to be read again", TIMEOUT, || {
            Ok((refreshes() > before).then_some(()))
        })
        .unwrap();
        fight(&stage, game, value);
        let log = stage.mixd.log();
        assert!(moves(&stage, game) <= 2, "{value:?}: {log}");
        let is_said = || Ok(stage.mixd.ctl(&["status"])?.contains(state).then_some(()));
        if let Err(error) = wait_for(state, TIMEOUT, is_said) {
            let metadata = stage.lab.metadata().unwrap();
            panic!("{value:?}: {error}: {metadata}{}", stage.mixd.log());
        }
        // And there it stays, until the list is changed for it.
        let before = moves(&stage, game);
        stage.mixd.ctl(&["add-program", "Discord*"]).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(moves(&stage, game), before, "{value:?}");
        stage.mixd.ctl(&["add-program", "Game"]).unwrap();
        stage.lab.wait_for_route("Game", "mixd-aux").unwrap();
        // A program that moves the stream again gets its way once more.
        fight(&stage, game, value);
        assert!(moves(&stage, game) <= before + 2, "{value:?}");
    }
}

/// Clients that bind the metadata again and again, while which PipeWire tells nobody else of what
/// changes there.
fn crowd(stage: &Stage) -> Vec<Process> {
    let mut command = stage.lab.command("sh");
    command.args(["-c", "while pw-metadata >/dev/null; do :; done"]);
    command.stderr(Stdio::null());
    (0..4)
        .map(|_| Process::start(&mut command).unwrap())
        .collect()
}

#[test]
fn what_pipewire_does_not_tell_of_targets_is_found_out() {
    let stage = Stage::set();
    let crowd = crowd(&stage);
    let _games: Vec<Process> = (0..6)
        .map(|_| {
            let game = stage.lab.play_native("Game", &stage.game, &[]).unwrap();
            std::thread::sleep(Duration::from_millis(300));
            game
        })
        .collect();
    let games = || {
        let games = stage.lab.dump()?.streams("Game");
        Ok((games.len() == 6).then_some(games))
    };
    let games = wait_for("six streams", TIMEOUT, games).unwrap();
    drop(crowd);
    for round in 1..=2 {
        for &game in &games {
            let chosen = || Ok((moves(&stage, game) == round).then_some(()));
            if let Err(error) = wait_for("mixd's choice", TIMEOUT, chosen) {
                panic!("{error}: {game} in round {round}: {}", stage.mixd.log());
            }
            let is_set = || Ok(target(&stage, game).is_some().then_some(()));
            wait_for("its sink", TIMEOUT, is_set).unwrap();
        }
        // So that mixd has found out what it was not told.
        std::thread::sleep(Duration::from_secs(2));
        for &game in &games {
            // By this WirePlumber 0.4 sends from memory, to the same channel.
            let id = game.to_string();
            let args = ["-n", "default", "-d", &id, "target.node"];
            stage.lab.output("pw-metadata", &args).unwrap();
            set_target(&stage, game, None);
        }
    }
    let contested = || {
        let status = stage.mixd.ctl(&["status"])?;
        Ok((status.matches("contested").count() == 6).then_some(()))
    };
    if let Err(error) = wait_for("six contested", TIMEOUT, contested) {
        panic!("{error}: {}", stage.mixd.log());
    }
    println!(
        "mixd has asked {} times",
        stage.mixd.log().matches("Reread").count()
    );
}

#[test]
fn a_stream_sent_to_the_wrong_channel_from_memory_is_corrected_once() {
    let stage = Stage::set();
    // The session manager remembers that this program plays to the default channel…
    for _ in 0..2 {
        let game = stage.lab.play_native("Game", &stage.game, &[]).unwrap();
        stage.lab.wait_for_route("Game", "mixd-default").unwrap();
        std::thread::sleep(Duration::from_millis(1500));
        drop(game);
    }
    stage.lab.wait_for_end("Game").unwrap();
    // …and then it belongs to the other, which is silent.
    stage.mixd.ctl(&["add-program", "Game"]).unwrap();
    stage.set_volume("-1");
    let recorder = stage.lab.record("card-a").unwrap();
    let before = stage.mixd.log().len();
    let _game = stage.lab.play_native("Game", &stage.game, &[]).unwrap();
    stage.lab.wait_for_route("Game", "mixd-aux").unwrap();
    std::thread::sleep(Duration::from_secs(1));
    // The id may have been an earlier player's. On a busy machine the session manager may remember
    // only after mixd has asked, and is asked once more.
    let log = stage.mixd.log().split_off(before);
    let (_, since) = log.split_once("Target(").unwrap();
    let aux = stage.lab.dump().unwrap();
    let aux = aux.serial(aux.node("mixd-aux").unwrap()).unwrap();
    let ours = format!("key: Some(\"target.object\"), value: Some(\"{aux}\")");
    let keys = since.matches("key: Some(\"target.object\")").count();
    let remembered = keys - since.matches(&ours).count();
    assert!(remembered <= 1, "{log}");
    assert!(since.matches("Target(").count() <= remembered, "{log}");
    stage.lab.wait_for_route("Game", "mixd-aux").unwrap();
    assert_eq!(recorder.stop().unwrap().loud_samples(), [0, 0]);
}

#[test]
fn plumbing_and_microphones_are_never_taken() {
    let stage = Stage::set();
    let microphone = "{ factory.name = support.null-audio-sink node.name = microphone \
                      media.class = Audio/Source/Virtual audio.position = [ FL FR ] \
                      object.linger = true }";
    let args = ["create-node", "adapter", microphone];
    stage.lab.output("pw-cli", &args).unwrap();
    let is_there = || Ok(stage.lab.dump()?.node("microphone"));
    wait_for("the microphone", TIMEOUT, is_there).unwrap();
    let mut loopback = stage.lab.command("pw-loopback");
    loopback.args([
        "--name",
        "loop",
        "--playback-props",
        "{ application.name = Loop }",
    ]);
    let _loopback = Process::start(&mut loopback).unwrap();
    let args = ["-P", "{ node.dont-reconnect = true }"];
    let _stays = stage.lab.play_native("Stays", &stage.game, &args).unwrap();
    let args = ["-P", "{ node.autoconnect = false node.name = voice }"];
    let _voice = stage.lab.play_native("Voice", &stage.game, &args).unwrap();
    for side in ["FL", "FR"] {
        let (from, to) = (
            format!("voice:output_{side}"),
            format!("microphone:input_{side}"),
        );
        let linked = || Ok(stage.lab.output("pw-link", &[&from, &to]).ok());
        wait_for(&from, TIMEOUT, linked).unwrap();
    }
    let _game = stage.lab.play_native("Game", &stage.game, &[]).unwrap();
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.lab.wait_for_route("Voice", "microphone").unwrap();
    std::thread::sleep(Duration::from_secs(3));
    let status = stage.mixd.ctl(&["status"]).unwrap();
    println!("{status}");
    assert_eq!(status.matches("routed").count(), 1, "{status}");
    let told = stage.mixd.ctl(&["streams"]).unwrap();
    for (name, why) in [
        ("Loop", "a filter or a loopback"),
        ("Stays", "its program forbids to move it"),
        ("Voice", "it feeds microphone"),
    ] {
        assert!(told.contains(&format!("default\tpinned\t{name}")), "{told}");
        let said = stage.mixd.ctl(&["why", name]).unwrap();
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(stage.mixd.log().matches("Target(").count(), 1);
    let ours = stage.lab.metadata().unwrap();
    assert_eq!(ours.matches("target.object").count(), 1, "{ours}");
}

#[test]
fn a_key_that_a_killed_mixd_left_behind_is_cleared_by_the_next() {
    let mut stage = Stage::set();
    let args = ["--target", "card-b"];
    let _pinned = stage.lab.play_native("Game", &stage.game, &args).unwrap();
    let _discord = stage
        .lab
        .play_pulse("Discord", &stage.discord, &[])
        .unwrap();
    stage.lab.wait_for_route("Game", "card-b").unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    stage.mixd.end(rustix::process::Signal::KILL).unwrap();
    stage.lab.wait_for_route("Discord", "card-a").unwrap();
    let (game, discord) = (stream(&stage, "Game"), stream(&stage, "Discord"));
    assert!(target(&stage, discord).is_some(), "the killed one's key");
    set_target(&stage, game, Some("mixd-aux"));
    stage.mixd = lab::mixd::Mixd::start(&stage.lab, &mixd_program()).unwrap();
    // Its list was saved.
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    let cleared = || Ok(target(&stage, game).is_none().then_some(()));
    wait_for("the key's end", TIMEOUT, cleared).unwrap();
    stage.lab.wait_for_route("Game", "card-b").unwrap();
}
