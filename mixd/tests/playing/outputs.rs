//! Where our monitors go when the sink that should be played to leads back into our own sinks: not
//! there, and nothing is heard twice. Without a remedy PipeWire falls silent: the graph is a circle.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use lab::level::{Recording, decibels};
use lab::mixd::Mixd;
use lab::process::wait_for;
use lab::{Lab, TIMEOUT};
use rustix::process::Signal;

use crate::stage::{AMPLITUDE, DISCORD, GAME, Stage, mixd_program};

/// Records the sound that a card is sent.
fn listen(lab: &Lab, card: &str) -> Recording {
    let recording = lab.listen(card, Duration::from_millis(700)).unwrap();
    recording.end(4)
}

/// Asserts that a card is sent a tone with this factor.
#[track_caller]
fn assert_level(lab: &Lab, card: &str, tone: f64, factor: f64) {
    let should = decibels(AMPLITUDE * factor);
    for level in listen(lab, card).steady_level(tone) {
        let is_right = (level - should).abs() <= 0.3 || factor == 0.0 && level < -90.0;
        assert!(is_right, "{card}: {level} dB at {tone} Hz, not {should}");
    }
}

/// Waits until each of our sinks feeds exactly these.
#[track_caller]
fn wait_for_outputs(lab: &Lab, outputs: &[&str]) {
    wait_for(&format!("the monitors on {outputs:?}"), TIMEOUT, || {
        let dump = lab.dump()?;
        let feeds = |sink: &str| {
            let id = dump.node(sink)?;
            let mut fed = dump.fed_by(id);
            fed.sort_unstable();
            Some(fed == outputs)
        };
        Ok((feeds("mixd-default") == Some(true) && feeds("mixd-aux") == Some(true)).then_some(()))
    })
    .unwrap();
}

fn load(lab: &Lab, module: &str) {
    let args: Vec<&str> = ["load-module"]
        .into_iter()
        .chain(module.split(' '))
        .collect();
    lab.output("pactl", &args).unwrap();
}

#[track_caller]
fn wait_for_warning(mixd: &Mixd, name: &str) {
    let line = format!("warning   {name} leads back into mixd's own sinks");
    let is_told = || Ok(mixd.ctl(&["status"])?.contains(&line).then_some(()));
    wait_for("the warning", TIMEOUT, is_told).unwrap();
    let doctor = mixd.try_mixctl(&["doctor"]).unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(said.contains(&format!("{name} leads back into")), "{said}");
    let json = mixd.ctl(&["status", "--json"]).unwrap();
    assert!(json.contains("\"leads-back\""), "{json}");
}

/// Plays to the channels, and to `sink` by name, and asserts that the cards are sent each once.
#[track_caller]
fn assert_all_is_heard_once(stage: &Stage, cards: &[&str], by_name: Option<(&str, &[&str])>) {
    let players = stage.play_both();
    stage.set_volume("0");
    for card in cards {
        assert_level(&stage.lab, card, GAME, 1.0);
        assert_level(&stage.lab, card, DISCORD, 1.0);
    }
    stage.set_volume("-1");
    for card in cards {
        assert_level(&stage.lab, card, GAME, 1.0);
        assert_level(&stage.lab, card, DISCORD, 0.0);
    }
    stage.set_volume("0");
    drop(players);
    if let Some((sink, cards)) = by_name {
        let device = format!("--device={sink}");
        let _pinned = stage
            .lab
            .play_pulse("Game", &stage.game, &[&device])
            .unwrap();
        // A program that names the default sink follows it.
        let route = match stage.lab.default_sink().as_deref() == Some(sink) {
            true => "mixd-default",
            false => sink,
        };
        stage.lab.wait_for_route("Game", route).unwrap();
        for card in cards {
            assert_level(&stage.lab, card, GAME, 1.0);
        }
    }
}

const CARDS: [&str; 2] = ["card-a", "card-b"];
const COMBINED: &str = "module-combine-sink sink_name=all";
const REMAPPED: &str = "module-remap-sink sink_name=remapped master=mixd-default";

#[test]
fn a_combination_of_all_sinks_as_the_default_is_heard_once_on_every_card() {
    let stage = Stage::set();
    load(&stage.lab, COMBINED);
    // Not the default, it plays once as well.
    wait_for_outputs(&stage.lab, &["card-a"]);
    assert_all_is_heard_once(&stage, &["card-a"], Some(("all", &CARDS)));
    stage.lab.make_default("all").unwrap();
    wait_for_outputs(&stage.lab, &["all"]);
    wait_for_warning(&stage.mixd, "all");
    assert_all_is_heard_once(&stage, &CARDS, Some(("all", &CARDS)));
    stage.lab.make_default("card-b").unwrap();
    wait_for_outputs(&stage.lab, &["card-b"]);
    let status = stage.mixd.ctl(&["status"]).unwrap();
    assert!(!status.contains("warning"), "{status}");
}

#[test]
fn a_combination_that_is_there_before_mixd_is_heard_once_too() {
    let lab = Lab::start().unwrap();
    load(&lab, COMBINED);
    let is_there = || Ok(lab.dump()?.node("all").map(drop));
    wait_for("the combined sink", TIMEOUT, is_there).unwrap();
    lab.make_default("all").unwrap();
    let mut stage = Stage::set_in(lab, &[]);
    wait_for_outputs(&stage.lab, &["all"]);
    wait_for_warning(&stage.mixd, "all");
    assert_all_is_heard_once(&stage, &CARDS, Some(("all", &CARDS)));
    // And what mixd has taken out of it comes back with the next mixd's sinks.
    stage.mixd.end(Signal::TERM).unwrap();
    stage.mixd = Mixd::start(&stage.lab, &mixd_program()).unwrap();
    stage.mixd.ctl(&["add-program", "Discord"]).unwrap();
    wait_for_outputs(&stage.lab, &["all"]);
    assert_all_is_heard_once(&stage, &CARDS, None);
}

#[test]
fn a_combination_named_by_output_is_heard_once() {
    let lab = Lab::start().unwrap();
    load(&lab, COMBINED);
    let stage = Stage::set_in(lab, &["--output", "all"]);
    wait_for_outputs(&stage.lab, &["all"]);
    wait_for_warning(&stage.mixd, "all");
    assert_all_is_heard_once(&stage, &CARDS, None);
}

#[test]
fn a_combination_of_nothing_but_our_sinks_is_not_played_to() {
    let stage = Stage::set();
    stage.lab.make_default("card-b").unwrap();
    wait_for_outputs(&stage.lab, &["card-b"]);
    load(
        &stage.lab,
        "module-combine-sink sink_name=ours slaves=mixd-default,mixd-aux",
    );
    stage.lab.make_default("ours").unwrap();
    wait_for_warning(&stage.mixd, "ours");
    wait_for_outputs(&stage.lab, &["card-b"]);
    assert_all_is_heard_once(&stage, &["card-b"], None);
}

#[test]
fn a_remapped_sink_before_ours_as_the_default_is_not_played_to() {
    let stage = Stage::set();
    stage.lab.make_default("card-b").unwrap();
    wait_for_outputs(&stage.lab, &["card-b"]);
    load(&stage.lab, REMAPPED);
    stage.lab.make_default("remapped").unwrap();
    wait_for_warning(&stage.mixd, "remapped");
    // The last card stays, whatever its priority.
    wait_for_outputs(&stage.lab, &["card-b"]);
    assert_all_is_heard_once(&stage, &["card-b"], Some(("remapped", &["card-b"])));
    stage.lab.make_default("card-a").unwrap();
    wait_for_outputs(&stage.lab, &["card-a"]);
    let status = stage.mixd.ctl(&["status"]).unwrap();
    assert!(!status.contains("warning"), "{status}");
}

#[test]
fn a_remapped_sink_that_is_there_before_mixd_is_not_played_to() {
    let lab = Lab::start().unwrap();
    load(&lab, REMAPPED);
    lab.make_default("remapped").unwrap();
    let stage = Stage::set_in(lab, &[]);
    wait_for_outputs(&stage.lab, &["card-a"]);
    assert_all_is_heard_once(&stage, &["card-a"], None);
}

#[test]
fn a_remapped_sink_before_ours_named_by_output_is_not_played_to() {
    let lab = Lab::start().unwrap();
    lab.make_default("card-b").unwrap();
    load(&lab, REMAPPED);
    let stage = Stage::set_in(lab, &["--output", "remapped"]);
    wait_for_outputs(&stage.lab, &["card-b"]);
    assert_all_is_heard_once(&stage, &["card-b"], None);
}

/// A loopback from a null sink's monitor: the sink has no link group, and the loopback is no sink.
#[test]
fn a_sink_whose_monitor_is_looped_into_ours_is_not_played_to() {
    let stage = Stage::set();
    load(&stage.lab, "module-null-sink sink_name=virtual");
    load(
        &stage.lab,
        "module-loopback source=virtual.monitor sink=mixd-aux",
    );
    stage.lab.make_default("virtual").unwrap();
    wait_for_warning(&stage.mixd, "virtual");
    wait_for_outputs(&stage.lab, &["card-a"]);
    assert_all_is_heard_once(&stage, &["card-a"], Some(("virtual", &["card-a"])));
}

/// The same that leads to a card, and a remapped sink that does: both are sinks like any other.
#[test]
fn what_leads_to_a_card_is_played_to() {
    let stage = Stage::set();
    load(&stage.lab, "module-null-sink sink_name=virtual");
    load(
        &stage.lab,
        "module-loopback source=virtual.monitor sink=card-b",
    );
    stage.lab.make_default("virtual").unwrap();
    wait_for_outputs(&stage.lab, &["virtual"]);
    load(
        &stage.lab,
        "module-remap-sink sink_name=remapped master=card-b",
    );
    stage.lab.make_default("remapped").unwrap();
    wait_for_outputs(&stage.lab, &["remapped"]);
    assert_all_is_heard_once(&stage, &["card-b"], None);
    let status = stage.mixd.ctl(&["status"]).unwrap();
    assert!(!status.contains("warning"), "{status}");
}
