//! Media players: WirePlumber pauses them from 0.5.11 on (`linking.pause-playback`) when the sink
//! that they play to goes. Ours go at each change of layout and at each end, and pause nobody.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use lab::mixd::Mixd;
use lab::mpris::{Player, run_in_child};
use lab::process::wait_for;
use lab::{Card, Lab, TIMEOUT};
use rustix::process::Signal;

use crate::stage::{Stage, mixd_program, tones};

const fn card(name: &'static str, positions: &'static str, priority: u32) -> Card {
    Card {
        name,
        positions,
        priority,
    }
}

const CARDS: [Card; 2] = [card("card-a", "FL FR", 1000), card("card-b", "MONO", 500)];
/// A card that the test unplugs.
const HEADSET: Card = card("headset", "FL FR", 100);

/// How often the player has been told to pause so far. WirePlumber does so in the order in which
/// sinks go: when another one has gone after all, it has said all that it had to say before.
#[track_caller]
fn pauses(lab: &Lab, player: &Player, file: &Path) -> usize {
    if !lab.pauses_players().unwrap() {
        return player.take_pauses();
    }
    lab.plug(&HEADSET).unwrap();
    let is_there = || Ok(lab.dump()?.node("headset"));
    wait_for("the headset", TIMEOUT, is_there).unwrap();
    let listener = lab.play_native("Listener", file, &["--target", "headset"]);
    let listener = listener.unwrap();
    lab.wait_for_route("Listener", "headset").unwrap();
    let before = player.take_pauses();
    // A link counts for WirePlumber a moment after it is there.
    lab.metadata().unwrap();
    lab.metadata().unwrap();
    lab.unplug("headset").unwrap();
    let mut paused = 0;
    let is_paused = || {
        paused += player.take_pauses();
        Ok((paused > 0).then_some(()))
    };
    wait_for("the pause for the headset's sake", TIMEOUT, is_paused).unwrap();
    drop(listener);
    before + paused - 1
}

#[test]
fn a_change_of_layout_pauses_no_player() {
    if run_in_child([
        "--exact",
        "players::a_change_of_layout_pauses_no_player",
        "--nocapture",
    ])
    .unwrap()
    {
        return;
    }
    let stage = Stage::set_in(Lab::start_with(&CARDS).unwrap(), &[]);
    let lab = &stage.lab;
    let player = Player::start(&lab.path("bus"), "test");
    let _programs = stage.play_both();
    assert_eq!(pauses(lab, &player, &stage.game), 0, "before");
    for (card, count) in [("card-b", 1), ("card-a", 2)].repeat(5) {
        lab.set_default(card).unwrap();
        let followed = || {
            let ports = lab.output("pw-link", &["-i"])?;
            let is_done = ["mixd-default", "mixd-aux"].iter().all(|sink| {
                let prefix = format!("{sink}:playback_");
                let ports = ports.lines().filter(|line| line.starts_with(&prefix));
                ports.count() == count
            });
            Ok(is_done.then_some(()))
        };
        wait_for("the sinks' new layout", TIMEOUT, followed).unwrap();
        lab.wait_for_route("Game", "mixd-default").unwrap();
        lab.wait_for_route("Discord", "mixd-aux").unwrap();
        assert_eq!(pauses(lab, &player, &stage.game), 0, "to {card}");
    }
}

#[test]
fn a_clean_end_pauses_no_player() {
    if run_in_child([
        "--exact",
        "players::a_clean_end_pauses_no_player",
        "--nocapture",
    ])
    .unwrap()
    {
        return;
    }
    let lab = Lab::start_with(&CARDS).unwrap();
    let (game, discord) = tones(&lab);
    let player = Player::start(&lab.path("bus"), "test");
    let _game = lab.play_native("Game", &game, &[]).unwrap();
    let _discord = lab.play_pulse("Discord", &discord, &[]).unwrap();
    for round in 0..8 {
        let mut mixd = Mixd::start(&lab, &mixd_program()).unwrap();
        mixd.ctl(&["add-program", "Discord"]).unwrap();
        lab.wait_for_route("Game", "mixd-default").unwrap();
        lab.wait_for_route("Discord", "mixd-aux").unwrap();
        assert_eq!(pauses(&lab, &player, &game), 0, "round {round}: before");
        assert!(mixd.end(Signal::TERM).unwrap().success());
        lab.wait_for_route("Game", "card-a").unwrap();
        lab.wait_for_route("Discord", "card-a").unwrap();
        assert_eq!(pauses(&lab, &player, &game), 0, "round {round}");
    }
}
