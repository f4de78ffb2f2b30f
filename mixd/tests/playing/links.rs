//! Links that somebody cuts, or adds: a side of a stream's, those from our sinks to the card, one to a
//! card besides the channel. What is `routed` is heard on both sides, through its channel, and once.
#![allow(clippy::unwrap_used)]

use std::process::Stdio;
use std::time::Duration;

use lab::TIMEOUT;
use lab::level::decibels;
use lab::mixd::Mixd;
use lab::process::{Process, wait_for};
use rustix::process::Signal;

use crate::stage::{AMPLITUDE, GAME, Stage, mixd_program};

/// A link from our default channel to the card, as pw-link takes it.
const MONITOR: [&str; 2] = ["mixd-default:monitor_FR", "card-a:playback_FR"];

/// How long a link of ours must have held to be as good as new, and a moment more.
const HELD: Duration = Duration::from_secs(11);

/// Plays a tone whose ports are called `game:output_FL` and `game:output_FR`.
fn play_game(stage: &Stage) -> Process {
    let args = ["-P", "{ node.name = game }"];
    let game = stage.lab.play_native("Game", &stage.game, &args).unwrap();
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    game
}

/// Cuts a link once it is there.
fn cut(stage: &Stage, [from, to]: [&str; 2]) {
    let is_cut = || Ok(stage.lab.output("pw-link", &["-d", from, to]).ok());
    wait_for(&format!("{from} to {to}"), TIMEOUT, is_cut).unwrap();
}

/// How many samples of each side of the card are heard in half a second, at the level that is due.
fn are_both_heard(stage: &Stage) -> bool {
    let recording = stage
        .lab
        .listen("card-a", Duration::from_millis(500))
        .unwrap();
    let should = decibels(AMPLITUDE);
    let levels = recording.end(3).tone_level(GAME);
    levels.iter().all(|level| (level - should).abs() <= 0.3)
}

#[track_caller]
fn wait_until_heard(stage: &Stage) {
    let heard = || Ok(are_both_heard(stage).then_some(()));
    if let Err(error) = wait_for("both sides at the card", TIMEOUT, heard) {
        let status = stage.mixd.ctl(&["status"]).unwrap();
        panic!("{error}: {status}{}", stage.mixd.log());
    }
}

#[track_caller]
fn wait_for_status(stage: &Stage, what: &str) {
    let said = || Ok(stage.mixd.ctl(&["status"])?.contains(what).then_some(()));
    if let Err(error) = wait_for(what, TIMEOUT, said) {
        let status = stage.mixd.ctl(&["status"]).unwrap();
        panic!("{error}: {status}{}", stage.mixd.log());
    }
}

/// Cuts a link whenever it is there, until dropped.
fn rival(stage: &Stage, [from, to]: [&str; 2]) -> Process {
    let script = format!("while :; do pw-link -d {from} {to}; done");
    let mut command = stage.lab.command("sh");
    command.args(["-c", &script]).stderr(Stdio::null());
    Process::start(&mut command).unwrap()
}

#[test]
fn a_monitor_link_cut_now_and_then_is_made_again_however_often() {
    let stage = Stage::set();
    let _game = play_game(&stage);
    for round in 0..5 {
        if round > 0 {
            std::thread::sleep(HELD);
        }
        println!("cut {round}");
        cut(&stage, MONITOR);
        wait_until_heard(&stage);
    }
    assert!(!stage.mixd.ctl(&["status"]).unwrap().contains("warning"));
}

#[test]
fn a_new_stream_is_heard_although_a_monitor_link_was_cut_four_times() {
    let stage = Stage::set();
    let game = play_game(&stage);
    for _ in 0..4 {
        cut(&stage, MONITOR);
    }
    wait_for_status(&stage, "waiting");
    let doctor = stage.mixd.try_mixctl(&["doctor"]).unwrap();
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    println!("{doctor}");
    assert!(doctor.contains("links from mixd's sinks"), "{doctor}");
    drop(game);
    let _game = play_game(&stage);
    wait_until_heard(&stage);
    wait_for_status(&stage, "routed");
}

#[test]
fn a_lasting_rival_of_the_monitors_is_named_and_is_outlasted() {
    let stage = Stage::set();
    let _game = play_game(&stage);
    let rival = rival(&stage, MONITOR);
    wait_for_status(&stage, "has removed the links from mixd's sinks");
    wait_for_status(&stage, "waiting");
    let why = stage.mixd.ctl(&["why", "Game"]).unwrap();
    assert!(why.contains("card-a"), "{why}");
    let links = stage.mixd.log().matches("Link(Ports").count();
    std::thread::sleep(Duration::from_secs(5));
    let more = stage.mixd.log().matches("Link(Ports").count() - links;
    assert!(more <= 2, "{more} links in five seconds: a fight");
    drop(rival);
    let healed = || Ok(are_both_heard(&stage).then_some(()));
    wait_for("both sides again", Duration::from_mins(1), healed).unwrap();
    wait_for_status(&stage, "routed");
    assert!(!stage.mixd.ctl(&["status"]).unwrap().contains("warning"));
}

#[test]
fn a_side_of_a_streams_link_that_is_cut_is_linked_again() {
    let stage = Stage::set();
    let _game = play_game(&stage);
    for side in ["FR", "FL", "FR"] {
        println!("{side}");
        let (from, to) = (
            format!("game:output_{side}"),
            format!("mixd-default:playback_{side}"),
        );
        cut(&stage, [&from, &to]);
        wait_until_heard(&stage);
        wait_for_status(&stage, "routed");
    }
    stage.mixd.ctl(&["add-program", "Game"]).unwrap();
    stage.lab.wait_for_route("Game", "mixd-aux").unwrap();
    wait_until_heard(&stage);
}

#[test]
fn a_side_that_is_cut_again_and_again_is_not_called_routed() {
    let stage = Stage::set();
    let _game = play_game(&stage);
    let rival = rival(&stage, ["game:output_FR", "mixd-default:playback_FR"]);
    let is_said = || {
        let status = stage.mixd.ctl(&["status"])?;
        Ok((!status.contains("routed")).then_some(()))
    };
    wait_for("not routed", TIMEOUT, is_said).unwrap();
    std::thread::sleep(Duration::from_secs(6));
    let status = stage.mixd.ctl(&["status"]).unwrap();
    assert!(!status.contains("routed"), "{status}");
    let why = stage.mixd.ctl(&["why", "Game"]).unwrap();
    assert!(why.contains("because"), "{why}");
    drop(rival);
}

#[test]
fn a_link_to_a_card_besides_the_channel_is_told() {
    let stage = Stage::set();
    let _game = play_game(&stage);
    wait_for_status(&stage, "routed");
    for (side, card) in [("FL", "card-b"), ("FR", "card-a")] {
        let ports = [
            format!("game:output_{side}"),
            format!("{card}:playback_{side}"),
        ];
        stage
            .lab
            .output("pw-link", &[&ports[0], &ports[1]])
            .unwrap();
        let is_said = || {
            let status = stage.mixd.ctl(&["status"])?;
            Ok((!status.contains("routed")).then_some(()))
        };
        wait_for("that it plays twice", TIMEOUT, is_said).unwrap();
        let why = stage.mixd.ctl(&["why", "Game"]).unwrap();
        assert!(why.contains(card), "{why}");
        cut(&stage, [&ports[0], &ports[1]]);
        wait_for_status(&stage, "routed");
    }
}

/// `WirePlumber` 0.4 gives a stream of a known name the `target.node` of the sink that it played to
/// last, and keeps asking for that when it dies with us.
#[test]
fn a_remembered_stream_is_played_once_after_each_restart() {
    let mut stage = Stage::set();
    for _ in 0..2 {
        let game = play_game(&stage);
        // Until that is remembered.
        std::thread::sleep(Duration::from_millis(1500));
        drop(game);
    }
    let _game = play_game(&stage);
    let socket = stage.mixd.socket().to_owned();
    for round in 0..12 {
        println!("restart {round}");
        stage.mixd.end(Signal::TERM).unwrap();
        stage.lab.wait_for_route("Game", "card-a").unwrap();
        std::thread::sleep(Duration::from_millis(500));
        let metadata = stage.lab.metadata().unwrap();
        let left = metadata
            .lines()
            .filter(|line| line.contains("key:'target.") && !line.contains("value:'-1'"));
        let left: Vec<&str> = left.collect();
        assert!(left.is_empty(), "left: {left:?}: {}", stage.mixd.log());
        stage.mixd = Mixd::start_again(&stage.lab, &mixd_program(), &socket).unwrap();
        if let Err(error) = stage.lab.wait_for_route("Game", "mixd-default") {
            panic!("{error}: {}", stage.mixd.log());
        }
    }
}
