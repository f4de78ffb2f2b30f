//! Cards of other layouts than stereo, and programs of others than the card's: what is heard is
//! what would be heard without mixd, and a change of the card's layout drops no stream.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use lab::level::{decibels, write_tones};
use lab::mixd::Mixd;
use lab::process::{Process, wait_for};
use lab::{Card, Lab, TIMEOUT};

use crate::stage::{AMPLITUDE, Stage, mixd_program};

const SURROUND: &str = "FL FR FC LFE SL SR";

const fn card(name: &'static str, positions: &'static str, priority: u32) -> Card {
    Card {
        name,
        positions,
        priority,
    }
}

/// How many channels the programs have.
const PROGRAMS: [usize; 4] = [1, 2, 6, 8];

/// A tone for each channel of a program, told apart by their frequencies from those of the others.
fn frequencies(channels: usize) -> Vec<f64> {
    let before: usize = PROGRAMS.iter().filter(|other| **other < channels).sum();
    (0_u32..)
        .skip(before)
        .take(channels)
        .map(|n| 300.0 + 110.0 * f64::from(n))
        .collect()
}

/// The level of each tone on each of the card's channels.
fn levels(lab: &Lab, tones: &[f64]) -> Vec<Vec<f64>> {
    let time = Duration::from_millis(800);
    let recording = lab.listen("card-a", time).unwrap().end(5);
    tones
        .iter()
        .map(|&tone| recording.steady_level(tone))
        .collect()
}

/// Programs of one, two, six and eight channels sound on a card of these positions as they do without
/// mixd.
fn sounds_as_without_mixd(positions: &'static str) {
    let lab = Lab::start_with(&[card("card-a", positions, 1000)]).unwrap();
    let players: Vec<Process> = PROGRAMS
        .iter()
        .map(|&channels| {
            let file = lab.path("tones.wav").with_extension(channels.to_string());
            write_tones(&file, &frequencies(channels), 0.05, 60).unwrap();
            lab.play_native("Game", &file, &[]).unwrap()
        })
        .collect();
    let tones: Vec<f64> = PROGRAMS.into_iter().flat_map(frequencies).collect();
    let measure = |sink: &str| {
        let routed = || {
            let dump = lab.dump()?;
            let streams = dump.streams("Game");
            let count = streams.iter().filter(|&&id| dump.fed_by(id) == [sink]);
            Ok((count.count() == players.len()).then_some(()))
        };
        wait_for(sink, TIMEOUT, routed).unwrap();
        levels(&lab, &tones)
    };
    let without = measure("card-a");
    let mixd = Mixd::start(&lab, &mixd_program()).unwrap();
    let with = measure("mixd-default");
    drop(mixd);
    for ((before, after), tone) in without.iter().zip(&with).zip(&tones) {
        println!("{tone} Hz on [ {positions} ]: {after:.1?}");
        for (before, after) in before.iter().zip(after) {
            let alike = (before - after).abs() < 0.1 || *before < -90.0 && *after < -90.0;
            assert!(alike, "{before} dB without, {after} dB with");
        }
    }
    // The centre of 5.1 is heard on a stereo card, 3 dB down on each side.
    if positions == "FL FR" {
        let before: usize = PROGRAMS[..2].iter().sum();
        for level in &with[before + 2] {
            let should = decibels(0.05) - 3.0;
            assert!((level - should).abs() < 0.2, "{level} dB, not {should}");
        }
    }
}

#[test]
fn every_program_sounds_on_a_mono_card_as_without_mixd() {
    sounds_as_without_mixd("MONO");
}

#[test]
fn every_program_sounds_on_a_stereo_card_as_without_mixd() {
    sounds_as_without_mixd("FL FR");
}

#[test]
fn every_program_sounds_on_a_surround_card_as_without_mixd() {
    sounds_as_without_mixd(SURROUND);
}

#[test]
fn every_program_sounds_on_a_card_of_eight_channels_as_without_mixd() {
    sounds_as_without_mixd("FL FR FC LFE RL RR SL SR");
}

#[test]
fn every_program_sounds_on_a_card_without_places_as_without_mixd() {
    sounds_as_without_mixd("AUX0 AUX1 AUX2 AUX3");
}

/// How many playback ports a sink has.
fn channels(stage: &Stage, sink: &str) -> usize {
    let ports = stage.lab.output("pw-link", &["-i"]).unwrap();
    let prefix = format!("{sink}:playback_");
    ports
        .lines()
        .filter(|line| line.starts_with(&prefix))
        .count()
}

#[test]
fn the_sinks_take_the_cards_layout_and_no_stream_drops_out() {
    let cards = [card("card-a", "FL FR", 1000), card("card-b", SURROUND, 500)];
    let stage = Stage::set_in(Lab::start_with(&cards).unwrap(), &[]);
    let tones = frequencies(6);
    let file = stage.lab.path("surround.wav");
    write_tones(&file, &tones, AMPLITUDE / 2.0, 60).unwrap();
    let _player = stage.lab.play_native("Game", &file, &[]).unwrap();
    let _pulse = stage
        .lab
        .play_pulse("Discord", &stage.discord, &[])
        .unwrap();
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    let nodes = || {
        let dump = stage.lab.dump().unwrap();
        [dump.streams("Game"), dump.streams("Discord")]
    };
    let before = nodes();
    for (card, count) in [("card-b", 6), ("card-a", 2), ("card-b", 6)] {
        let recorder = stage.lab.record(card).unwrap();
        stage.lab.set_default(card).unwrap();
        let followed = || {
            let is_done = ["mixd-default", "mixd-aux"]
                .iter()
                .all(|sink| channels(&stage, sink) == count);
            Ok(is_done.then_some(()))
        };
        wait_for("the sinks' new layout", TIMEOUT, followed).unwrap();
        std::thread::sleep(Duration::from_millis(700));
        let recording = recorder.stop().unwrap();
        let gap = recording.longest_gap();
        println!("to {card}: the longest gap is {:.0} ms", gap * 1000.0);
        assert!(gap < 1.0, "{gap} s of silence");
        let recording = recording.end(3);
        let centre = recording.steady_level(tones[2]);
        let should = match count {
            // Its own channel.
            6 => (2, decibels(AMPLITUDE / 2.0)),
            _ => (0, decibels(AMPLITUDE / 2.0) - 3.0),
        };
        assert!(
            (centre[should.0] - should.1).abs() < 0.3,
            "the centre on {card}: {centre:?}"
        );
        assert_eq!(nodes(), before, "the streams are the same objects");
        stage.lab.wait_for_route("Game", "mixd-default").unwrap();
        stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    }
}
