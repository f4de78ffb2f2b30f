//! The card changes under playing programs: chosen anew, unplugged, plugged in, mixed up with one
//! of our own sinks. Times are printed, and fail a test only at ten times what they should be.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::{Duration, Instant};

use lab::level::decibels;
use lab::process::{Process, wait_for};
use lab::{Card, Daemon, STEREO, TIMEOUT};
use rustix::process::Signal;

use crate::stage::{AMPLITUDE, GAME, Stage};

/// Waits until both channels play to `card` and to nothing else.
#[track_caller]
fn wait_for_card(stage: &Stage, card: &str) {
    let start = Instant::now();
    let is_there = || {
        let dump = stage.lab.dump()?;
        let feeds = |sink| dump.node(sink).map(|id| dump.fed_by(id));
        let both = [feeds("mixd-default"), feeds("mixd-aux")];
        Ok(both
            .iter()
            .all(|fed| fed.as_deref() == Some(&[card]))
            .then_some(()))
    };
    if let Err(error) = wait_for(&format!("the monitors on {card}"), TIMEOUT, is_there) {
        panic!(
            "{error}: {:?}\n{}",
            stage.mixd.ctl(&["status"]),
            stage.mixd.log()
        );
    }
    println!(
        "both channels on {card} after {} ms",
        start.elapsed().as_millis()
    );
}

#[track_caller]
fn assert_heard(stage: &Stage, card: &str) {
    let recording = stage
        .lab
        .listen(card, Duration::from_millis(500))
        .unwrap()
        .end(3);
    for level in recording.steady_level(GAME) {
        assert!(
            (level - decibels(AMPLITUDE)).abs() <= 0.3,
            "{card}: {level} dB"
        );
    }
}

fn sinks(stage: &Stage) -> [Option<u64>; 2] {
    let dump = stage.lab.dump().unwrap();
    [dump.node("mixd-default"), dump.node("mixd-aux")]
}

#[test]
fn another_default_card_takes_both_channels_and_the_sinks_stay() {
    let stage = Stage::set();
    let _players = stage.play_both();
    let before = sinks(&stage);
    for card in ["card-b", "card-a"] {
        stage.lab.set_default(card).unwrap();
        wait_for_card(&stage, card);
        assert_heard(&stage, card);
        stage.lab.wait_for_route("Game", "mixd-default").unwrap();
        stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    }
    assert_eq!(sinks(&stage), before, "the sinks are the same objects");
}

#[test]
fn a_card_that_is_unplugged_and_plugged_in_again_is_followed() {
    let stage = Stage::set();
    let _players = stage.play_both();
    let before = sinks(&stage);
    stage.lab.unplug("card-a").unwrap();
    wait_for_card(&stage, "card-b");
    assert_heard(&stage, "card-b");
    stage.lab.plug(&STEREO[0]).unwrap();
    wait_for_card(&stage, "card-a");
    assert_heard(&stage, "card-a");
    assert_eq!(sinks(&stage), before, "the sinks are the same objects");
}

/// After a client has been killed while it waited for the session manager's answer, PipeWire 0.3.65
/// tells nobody any more what changes in the metadata.
#[test]
fn a_card_that_comes_is_followed_even_if_nobody_says_that_it_is_the_default() {
    let stage = Stage::set();
    stage.lab.unplug("card-a").unwrap();
    wait_for_card(&stage, "card-b");
    let manager = stage.lab.daemon(Daemon::WirePlumber).unwrap();
    manager.signal(Signal::STOP).unwrap();
    let waiting = Process::start(&mut stage.lab.command("pw-metadata")).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    drop(waiting);
    manager.signal(Signal::CONT).unwrap();
    stage.lab.plug(&STEREO[0]).unwrap();
    stage.mixd.wait_for_output(Some("card-a")).unwrap();
    let _players = stage.play_both();
    assert_heard(&stage, "card-a");
}

#[test]
fn with_no_card_at_all_the_streams_stay_and_are_heard_when_one_comes() {
    let stage = Stage::set();
    let _players = stage.play_both();
    stage.lab.unplug("card-b").unwrap();
    stage.lab.unplug("card-a").unwrap();
    stage.mixd.wait_for_output(None).unwrap();
    std::thread::sleep(Duration::from_secs(1));
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    stage.lab.plug(&STEREO[0]).unwrap();
    wait_for_card(&stage, "card-a");
    assert_heard(&stage, "card-a");
}

#[test]
fn our_own_sink_as_the_default_does_not_feed_itself() {
    let stage = Stage::set();
    let _players = stage.play_both();
    stage.lab.set_default("mixd-aux").unwrap();
    let chosen = || {
        let metadata = stage.lab.metadata()?;
        let mut lines = metadata
            .lines()
            .filter(|line| line.contains("'default.audio.sink'"));
        Ok(lines.any(|line| line.contains("mixd-aux")).then_some(()))
    };
    wait_for("the choice to be taken", TIMEOUT, chosen).unwrap();
    std::thread::sleep(Duration::from_secs(1));
    wait_for_card(&stage, "card-a");
    assert_heard(&stage, "card-a");
    let status = stage.mixd.ctl(&["status"]).unwrap();
    assert!(
        status.contains("warning   one of mixd's own sinks"),
        "{status}"
    );
    stage.lab.set_default("card-b").unwrap();
    wait_for_card(&stage, "card-b");
    let status = stage.mixd.ctl(&["status"]).unwrap();
    assert!(!status.contains("warning"), "{status}");
}

#[test]
fn our_sinks_never_become_the_default_by_themselves() {
    let stage = Stage::set();
    stage.lab.unplug("card-b").unwrap();
    stage.lab.unplug("card-a").unwrap();
    std::thread::sleep(Duration::from_secs(2));
    // Alone they are all that there is; a card that comes is preferred at once, whatever its
    // priority.
    let card = Card {
        priority: 1,
        ..STEREO[1]
    };
    stage.lab.plug(&card).unwrap();
    wait_for_card(&stage, "card-b");
    let metadata = stage.lab.metadata().unwrap();
    assert!(metadata.contains("\"name\":\"card-b\""), "{metadata}");
    assert!(!metadata.contains("default.configured"), "{metadata}");
}

#[test]
fn the_card_sleeps_when_nothing_plays() {
    let stage = Stage::set();
    let players = stage.play_both();
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(stage.lab.dump().unwrap().state("card-a"), Some("running"));
    drop(players);
    let start = Instant::now();
    // WirePlumber suspends after 5 s.
    wait_for("the card's sleep", Duration::from_secs(50), || {
        Ok((stage.lab.dump()?.state("card-a") == Some("suspended")).then_some(()))
    })
    .unwrap();
    println!(
        "asleep {} ms after the last player",
        start.elapsed().as_millis()
    );
    // And wakes for the next one.
    let _players = stage.play_both();
    assert_heard(&stage, "card-a");
}
