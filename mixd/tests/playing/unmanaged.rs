//! PipeWire alone, without a session manager, as on a board that has none: mixd gives the nodes
//! their ports and links them, and what is heard is the same.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use lab::process::wait_for;
use lab::{Daemon, Lab, STEREO, TIMEOUT};
use rustix::process::Signal;

use crate::stage::{DISCORD, GAINS, GAME, Stage, assert_level};

fn stage(args: &[&str]) -> Stage {
    Stage::set_in(Lab::start_unmanaged(&STEREO).unwrap(), args)
}

#[track_caller]
fn assert_levels(stage: &Stage, card: &str, levels: [(f64, f64); 2]) {
    let time = Duration::from_millis(700);
    let recording = stage.lab.listen(card, time).unwrap().end(5);
    for (frequency, gain) in levels {
        assert_level(&recording, frequency, gain);
    }
}

#[test]
fn levels_at_the_card_follow_the_formula_on_both_sides() {
    let stage = stage(&[]);
    let _players = stage.play_both();
    for (volume, default, aux) in GAINS {
        stage.set_volume(volume);
        assert_levels(&stage, "card-a", [(GAME, default), (DISCORD, aux)]);
    }
}

#[test]
fn a_change_of_the_list_and_a_silenced_program_work_as_well() {
    let stage = stage(&[]);
    let [game, discord] = stage.play_both();
    stage.mixd.ctl(&["remove-program", "Discord"]).unwrap();
    stage.lab.wait_for_route("Discord", "mixd-default").unwrap();
    stage.mixd.ctl(&["add-program", "Discord"]).unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    drop((game, discord));
    stage.lab.wait_for_end("Game").unwrap();
    stage.lab.wait_for_end("Discord").unwrap();
    stage.set_volume("-1");
    let recorder = stage.lab.record("card-a").unwrap();
    let _discord = stage
        .lab
        .play_native("Discord", &stage.discord, &[])
        .unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(recorder.stop().unwrap().loud_samples(), [0, 0]);
}

#[test]
fn the_output_is_the_one_asked_for_and_else_the_one_of_the_highest_priority() {
    let mut stage = stage(&["--output", "card-b"]);
    let _players = stage.play_both();
    assert_levels(&stage, "card-b", [(GAME, 1.0), (DISCORD, 1.0)]);
    stage.lab.unplug("card-b").unwrap();
    let told = || {
        let status = stage.mixd.ctl(&["status"])?;
        let is_told =
            status.contains("output    card-a") && status.contains("(output) is not there");
        Ok(is_told.then_some(()))
    };
    wait_for("the warning", TIMEOUT, told).unwrap();
    assert_levels(&stage, "card-a", [(GAME, 1.0), (DISCORD, 1.0)]);
    stage.lab.plug(&STEREO[1]).unwrap();
    assert_levels(&stage, "card-b", [(GAME, 1.0), (DISCORD, 1.0)]);
    assert_eq!(stage.mixd.end(Signal::TERM).unwrap().code(), Some(0));
}

#[test]
fn a_stream_that_asks_for_a_card_gets_it() {
    let stage = stage(&[]);
    let args = ["--target", "card-b"];
    let _pinned = stage.lab.play_native("Game", &stage.game, &args).unwrap();
    stage.lab.wait_for_route("Game", "card-b").unwrap();
    assert!(stage.mixd.ctl(&["status"]).unwrap().contains("pinned"));
}

#[test]
fn pipewire_killed_and_started_again_is_set_up_anew() {
    let mut stage = stage(&[]);
    for _ in 0..2 {
        stage.lab.stop_daemon(Daemon::Pulse, Signal::TERM).unwrap();
        stage
            .lab
            .stop_daemon(Daemon::PipeWire, Signal::KILL)
            .unwrap();
        stage.lab.start_daemon(Daemon::PipeWire).unwrap();
        stage.lab.start_daemon(Daemon::Pulse).unwrap();
        let _players = stage.play_both();
        assert_levels(&stage, "card-a", [(GAME, 1.0), (DISCORD, 1.0)]);
    }
}

#[test]
fn nothing_wakes_it_in_playback() {
    let stage = stage(&[]);
    let _players = stage.play_both();
    std::thread::sleep(Duration::from_secs(1));
    let count = stage.mixd.process.wakeups_in(Duration::from_secs(5));
    assert!(count.unwrap() <= 2);
}
