//! The sound that reaches the card, through a real PipeWire and WirePlumber. Counts and levels are exact;
//! times are printed, and fail a test only at ten times what they should be.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use lab::level::decibels;
use lab::mixd::Mixd;
use lab::process::wait_for;
use lab::{Daemon, Lab, STEREO, TIMEOUT};
use rustix::process::Signal;

use crate::stage::{
    AMPLITUDE, DISCORD, GAINS, GAME, Stage, assert_level, heard_at_most, mixd_program, tones,
};

#[test]
fn levels_at_the_card_follow_the_formula_on_both_sides() {
    let stage = Stage::set();
    let _players = stage.play_both();
    for (volume, default, aux) in GAINS {
        stage.set_volume(volume);
        let recording = stage
            .lab
            .listen("card-a", Duration::from_millis(700))
            .unwrap()
            .end(5);
        println!("at {volume}");
        // That silence is silence: `silence_is_silence` counts samples.
        assert_level(&recording, GAME, default);
        assert_level(&recording, DISCORD, aux);
    }
}

#[test]
fn silence_is_silence() {
    let stage = Stage::set();
    let _discord = stage
        .lab
        .play_native("Discord", &stage.discord, &[])
        .unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    stage.set_volume("-1");
    let recording = stage
        .lab
        .listen("card-a", Duration::from_millis(700))
        .unwrap()
        .end(5);
    assert!(recording.frames() >= 20_000);
    assert_eq!(recording.loud_samples(), [0, 0]);
}

#[test]
fn a_silenced_program_that_starts_leaks_no_sample() {
    let mut stage = Stage::set();
    let (mut heard, at_most) = (0, heard_at_most(&stage.lab));
    for start in 0..6 {
        if start == 3 {
            // Where the first one's sink is in no session manager's memory: some programs share it.
            stage = Stage::set();
        }
        // Either channel, either kind of client, in turn.
        let (volume, sink) = match start < 3 {
            true => ("-1", "mixd-aux"),
            false => ("1", "mixd-default"),
        };
        stage.set_volume(volume);
        heard += usize::from(stage.is_start_heard(start, sink, "card-a"));
        assert!(heard <= at_most, "start {start}");
    }
}

#[test]
fn adding_and_removing_a_program_moves_its_stream_and_no_other() {
    let stage = Stage::set();
    let _players = stage.play_both();
    let links = || {
        let dump = stage.lab.dump().unwrap();
        dump.links_of(dump.streams("Game")[0])
    };
    let before = links();
    assert!(!before.is_empty());
    for (verb, sink) in [
        ("remove-program", "mixd-default"),
        ("add-program", "mixd-aux"),
    ] {
        let start = Instant::now();
        stage.mixd.ctl(&[verb, "Discord"]).unwrap();
        let moved = || Ok((stage.lab.dump()?.sinks_of("Discord") == [sink]).then_some(()));
        wait_for("the move", Duration::from_secs(2), moved).unwrap();
        println!(
            "{verb}: moved {} ms after the command began",
            start.elapsed().as_millis()
        );
    }
    assert_eq!(links(), before, "Game's links are the same objects");
}

#[test]
fn a_stream_that_was_given_a_target_stays_there_untouched() {
    let stage = Stage::set();
    let args = ["--target", "card-b"];
    let _pinned = stage
        .lab
        .play_native("Discord", &stage.discord, &args)
        .unwrap();
    let _pulse = stage
        .lab
        .play_pulse("Game", &stage.game, &["--device", "card-b"])
        .unwrap();
    stage.lab.wait_for_route("Discord", "card-b").unwrap();
    stage.lab.wait_for_route("Game", "card-b").unwrap();
    // A change of the list is no reason either.
    stage.mixd.ctl(&["add-program", "Game"]).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    stage.lab.wait_for_route("Discord", "card-b").unwrap();
    stage.lab.wait_for_route("Game", "card-b").unwrap();
    assert!(!stage.lab.metadata().unwrap().contains("target."));
    let status = stage.mixd.ctl(&["status"]).unwrap();
    assert_eq!(status.matches("pinned").count(), 2, "{status}");
}

#[test]
fn a_stream_that_the_user_moves_elsewhere_is_let_go() {
    let stage = Stage::set();
    let _players = stage.play_both();
    let inputs = stage
        .lab
        .output("pactl", &["list", "short", "sink-inputs"])
        .unwrap();
    // One of them is Discord, the only PulseAudio client; pactl lists native ones as well.
    let dump = stage.lab.dump().unwrap();
    let discord = dump.serial(dump.streams("Discord")[0]).unwrap().to_string();
    assert!(
        inputs
            .lines()
            .any(|line| line.split('\t').next() == Some(&discord)),
        "{inputs}"
    );
    let card = dump.node("card-b").and_then(|id| dump.serial(id)).unwrap();
    let moved = || {
        // pipewire-pulse does nothing, and says that it has, while pactl's connection does not know
        // the metadata yet: on a busy machine, the first time.
        let args = ["move-sink-input", &discord, "card-b"];
        stage.lab.output("pactl", &args)?;
        let chosen = format!("key:'target.object' value:'{card}'");
        Ok(stage.lab.metadata()?.contains(&chosen).then_some(()))
    };
    wait_for("the user's choice", TIMEOUT, moved).unwrap();
    stage.lab.wait_for_route("Discord", "card-b").unwrap();
    std::thread::sleep(Duration::from_millis(500));
    stage.lab.wait_for_route("Discord", "card-b").unwrap();
    let is_said = || {
        let status = stage.mixd.ctl(&["status"])?;
        Ok(status.contains("pinned").then_some(()))
    };
    wait_for("mixd to call it pinned", TIMEOUT, is_said)
        .unwrap_or_else(|error| panic!("{error}; its log:\n{}", stage.mixd.log()));
}

#[test]
fn killed_it_leaves_the_streams_playing_on_the_card() {
    let mut stage = Stage::set();
    let _players = stage.play_both();
    let start = Instant::now();
    stage.mixd.end(Signal::KILL).unwrap();
    back_on_the_card(&stage.lab, start);
}

#[test]
fn ended_it_leaves_the_streams_playing_on_the_card_and_no_key_behind() {
    let mut stage = Stage::set();
    let _players = stage.play_both();
    let start = Instant::now();
    let status = stage.mixd.end(Signal::TERM).unwrap();
    println!("ended {} ms after SIGTERM", start.elapsed().as_millis());
    assert_eq!(status.code(), Some(0));
    let metadata = stage.lab.metadata().unwrap();
    assert!(!metadata.contains("target."), "{metadata}");
    back_on_the_card(&stage.lab, start);
}

#[test]
fn ended_it_pauses_no_player_and_takes_no_sound_away_for_long() {
    for (signal, pulse) in [(Signal::TERM, true), (Signal::KILL, false)] {
        let mut stage = Stage::set();
        let _player = match pulse {
            true => stage.lab.play_pulse("Game", &stage.game, &[]).unwrap(),
            false => stage.lab.play_native("Game", &stage.game, &[]).unwrap(),
        };
        stage.lab.wait_for_route("Game", "mixd-default").unwrap();
        let recorder = stage.lab.record("card-a").unwrap();
        std::thread::sleep(Duration::from_millis(300));
        stage.mixd.end(signal).unwrap();
        std::thread::sleep(Duration::from_millis(1500));
        let gap = recorder.stop().unwrap().longest_gap();
        println!("{signal:?}: the longest gap is {:.0} ms", gap * 1000.0);
        assert!(gap < 1.0, "{gap} s of silence");
        let inputs = stage.lab.output("pactl", &["list", "sink-inputs"]).unwrap();
        assert!(!inputs.contains("Corked: yes"), "{inputs}");
        let dump = stage.lab.dump().unwrap();
        assert_eq!(dump.states_of("Game"), ["running"]);
    }
}

fn back_on_the_card(lab: &Lab, start: Instant) {
    let back = || {
        let dump = lab.dump()?;
        let on_card = |name| dump.sinks_of(name) == ["card-a"];
        Ok((on_card("Game") && on_card("Discord")).then_some(dump))
    };
    let dump = wait_for("the streams' return", Duration::from_secs(10), back).unwrap();
    println!(
        "back on the card {} ms after the signal",
        start.elapsed().as_millis()
    );
    assert_eq!(dump.node("mixd-default"), None);
    assert_eq!(dump.node("mixd-aux"), None);
    let recording = lab
        .listen("card-a", Duration::from_millis(500))
        .unwrap()
        .end(3);
    assert_level(&recording, GAME, 1.0);
    assert_level(&recording, DISCORD, 1.0);
}

#[test]
fn nothing_wakes_it_idle_or_in_playback() {
    Stage::set().assert_nothing_wakes();
}

#[test]
fn started_before_pipewire_it_serves_and_connects_when_that_comes() {
    let mut lab = Lab::prepare(&STEREO).unwrap();
    let mixd = Mixd::start(&lab, &mixd_program()).unwrap();
    mixd.ctl(&["set-volume", "0.5"]).unwrap();
    mixd.ctl(&["add-program", "Discord"]).unwrap();
    let status = mixd.ctl(&["status"]).unwrap();
    assert!(status.contains("pipewire  down"), "{status}");
    lab.start_daemon(Daemon::PipeWire).unwrap();
    lab.start_daemon(Daemon::WirePlumber).unwrap();
    mixd.wait_for_output(Some("card-a")).unwrap();
    let (game, discord) = tones(&lab);
    let _game = lab.play_native("Game", &game, &[]).unwrap();
    let _discord = lab.play_native("Discord", &discord, &[]).unwrap();
    lab.wait_for_route("Game", "mixd-default").unwrap();
    lab.wait_for_route("Discord", "mixd-aux").unwrap();
    let recording = lab
        .listen("card-a", Duration::from_millis(700))
        .unwrap()
        .end(3);
    let game = recording.steady_level(GAME)[0];
    assert!(
        (game - decibels(AMPLITUDE / 2.0)).abs() <= 0.3,
        "what was set before holds: {game}"
    );
}
