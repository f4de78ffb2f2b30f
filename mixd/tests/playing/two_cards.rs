//! The two channels on two cards: the default channel on `card-a`, the aux channel on `card-b`. What a card
//! is sent is its own channel's alone, and what happens to one card changes no sample on the other.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use lab::level::{RATE, Recording, decibels, write_tones};
use lab::process::wait_for;
use lab::{Card, Dump, Lab, STEREO, TIMEOUT};
use rustix::process::Signal;

use crate::stage::{AMPLITUDE, DISCORD, GAINS, GAME, Stage, assert_level};

/// The aux channel on `card-b`, whichever is the default.
const APART: [&str; 2] = ["--output-aux", "CARD-B"];

/// A silence that is a tone, of 0 Hz.
const SILENCE: f64 = 0.0;

/// How long the aux channel may take to follow its card: ten times the 200 ms that it should.
const FOLLOW: Duration = Duration::from_secs(2);

/// How often a recording is made at most: a busy machine drops a quantum now and then, with mixd or without.
const TRIES: usize = 4;

fn apart() -> Stage {
    let stage = Stage::set_in(Lab::start().unwrap(), &APART);
    wait_for_cards(&stage, "card-a", "card-b", TIMEOUT);
    stage
}

/// Waits until the default channel and the aux channel play to these cards and to nothing else.
#[track_caller]
fn wait_for_cards(stage: &Stage, default: &str, aux: &str, timeout: Duration) {
    let what = format!("mixd-default on {default}, mixd-aux on {aux}");
    let are_there = || {
        let dump = stage.lab.dump()?;
        let feeds = |sink, card| dump.node(sink).map(|id| dump.fed_by(id)) == Some(vec![card]);
        let are_there = feeds("mixd-default", default) && feeds("mixd-aux", aux);
        Ok(are_there.then_some(()))
    };
    if let Err(error) = wait_for(&what, timeout, are_there) {
        panic!("{error}: {}", stage.mixd.log());
    }
}

/// What both cards are sent at the same time, once that has settled.
fn listen(stage: &Stage) -> [Recording; 2] {
    let recorders = ["card-a", "card-b"].map(|card| stage.lab.record(card).unwrap());
    std::thread::sleep(Duration::from_millis(700));
    recorders.map(|recorder| recorder.stop().unwrap().end(5))
}

#[test]
fn levels_on_each_card_follow_the_formula_and_nothing_of_the_other_channel_is_heard() {
    let stage = apart();
    let _players = stage.play_both();
    for (volume, default, aux) in GAINS {
        stage.set_volume(volume);
        println!("at {volume}");
        let [card_a, card_b] = listen(&stage);
        assert_level(&card_a, GAME, default);
        assert_level(&card_a, DISCORD, 0.0);
        assert_level(&card_b, DISCORD, aux);
        assert_level(&card_b, GAME, 0.0);
        for (card, gain) in [(card_a, default), (card_b, aux)] {
            assert!(card.frames() >= 20_000);
            assert_eq!(card.loud_samples() == [0, 0], gain == 0.0);
        }
    }
}

#[test]
fn a_program_that_starts_is_not_heard_on_the_other_card() {
    // WirePlumber from 0.5 on is sooner than mixd now and then, unless it waits.
    let stage = Stage::set_in(Lab::start_awaiting_mixd().unwrap(), &APART);
    wait_for_cards(&stage, "card-a", "card-b", TIMEOUT);
    for start in 0..12 {
        // Six starts each way.
        let (sink, wrong) = match start < 6 {
            true => ("mixd-aux", "card-a"),
            false => ("mixd-default", "card-b"),
        };
        assert!(!stage.is_start_heard(start, sink, wrong), "start {start}");
    }
}

#[test]
fn adding_a_program_moves_its_stream_from_card_to_card() {
    let stage = apart();
    let _players = stage.play_both();
    for (verb, gains) in [("add-program", [0.0, 1.0]), ("remove-program", [1.0, 0.0])] {
        stage.mixd.ctl(&[verb, "Game"]).unwrap();
        let sink = ["mixd-default", "mixd-aux"][usize::from(verb == "add-program")];
        stage.lab.wait_for_route("Game", sink).unwrap();
        let [card_a, card_b] = listen(&stage);
        assert_level(&card_a, GAME, gains[0]);
        assert_level(&card_b, GAME, gains[1]);
        assert_level(&card_b, DISCORD, 1.0);
        assert_level(&card_a, DISCORD, 0.0);
    }
}

/// A stage on which Game plays on the left alone, and Discord on the right: told apart to the sample, also on
/// one card.
fn side_by_side() -> (Stage, [lab::process::Process; 2]) {
    let stage = apart();
    let file = |name: &str, tones: [f64; 2]| -> PathBuf {
        let file = stage.lab.path(name);
        write_tones(&file, &tones, AMPLITUDE, 120).unwrap();
        file
    };
    let (left, right) = (
        file("left.wav", [GAME, SILENCE]),
        file("right.wav", [SILENCE, DISCORD]),
    );
    let game = stage.lab.play_native("Game", &left, &[]).unwrap();
    let discord = stage.lab.play_native("Discord", &right, &[]).unwrap();
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    (stage, [game, discord])
}

/// After this many samples Game's tone begins anew: 440 Hz and 48000 Hz have 40 in common.
const PERIOD: usize = 1200;

/// How many samples of Game's tone are not what one period of it says, as they began.
fn changed(samples: &[f32], period: &[f32]) -> usize {
    let count = |start: usize, count: usize| {
        let numbered = samples.iter().enumerate().take(count);
        let is_other = |(at, sample): &(usize, &f32)| {
            sample.to_bits() != period[(start + at) % PERIOD].to_bits()
        };
        numbered.filter(is_other).count()
    };
    let start = (0..PERIOD).min_by_key(|&start| count(start, PERIOD));
    count(start.unwrap_or_default(), samples.len())
}

/// Records what `card-a` is sent while something is done, without the moment in which the recorder is linked.
fn record_meanwhile(stage: &Stage, act: impl FnOnce()) -> Recording {
    let recorder = stage.lab.record_apart("card-a").unwrap();
    std::thread::sleep(Duration::from_millis(500));
    act();
    std::thread::sleep(Duration::from_millis(500));
    recorder.stop().unwrap().without_start(3)
}

#[test]
fn what_happens_to_the_aux_channels_card_changes_no_sample_of_the_default_channel() {
    let (stage, _players) = side_by_side();
    stage.set_volume("0");
    let act = || {
        stage.lab.unplug("card-b").unwrap();
        wait_for_cards(&stage, "card-a", "card-a", TIMEOUT);
        std::thread::sleep(Duration::from_millis(500));
        stage.lab.plug(&STEREO[1]).unwrap();
        wait_for_cards(&stage, "card-a", "card-b", TIMEOUT);
    };
    for attempt in 0..TRIES {
        let without = record_meanwhile(&stage, || std::thread::sleep(Duration::from_secs(2)));
        let with = record_meanwhile(&stage, act);
        let period = &without.channels[0][..PERIOD].to_vec();
        let [without, with] = [without, with].map(|it| {
            let changed = changed(&it.channels[0], period);
            println!(
                "{attempt}: {changed} of {} samples changed, loud {:?}",
                it.frames(),
                it.loud_samples()
            );
            (changed, it.loud_samples())
        });
        assert!(period.iter().any(|sample| *sample != 0.0), "Game plays");
        if without.0 == 0 && with.0 == 0 {
            assert!(with.1[1] > 0, "Discord was heard on card-a");
            return;
        }
    }
    panic!("each time a sample was another");
}

#[test]
fn the_aux_channel_leaves_a_card_that_goes_and_takes_it_when_it_is_back() {
    let (stage, _players) = side_by_side();
    stage.set_volume("0");
    // The left side is Game's: Discord is heard on the right of card-a while card-b is away.
    let recorder = stage.lab.record_apart("card-a").unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let card = stage.lab.dump().unwrap().node("card-b").unwrap();
    let unplugged = Instant::now();
    let destroy = ["destroy", &card.to_string()];
    stage.lab.output("pw-cli", &destroy).unwrap();
    wait_for_cards(&stage, "card-a", "card-a", TIMEOUT);
    std::thread::sleep(Duration::from_millis(500));
    let plugged = Instant::now();
    stage.lab.plug(&STEREO[1]).unwrap();
    wait_for_cards(&stage, "card-a", "card-b", TIMEOUT);
    std::thread::sleep(Duration::from_millis(500));
    let stopped = Instant::now();
    let recording = recorder.stop().unwrap();
    // Counted from the end: when the recording began is not known as well.
    let from_end = |at: usize| {
        let frames = u32::try_from(recording.frames() - at).unwrap();
        Duration::from_secs(1) * frames / RATE
    };
    let right = &recording.channels[1];
    let first = right.iter().position(|sample| *sample != 0.0).unwrap();
    let last = right.iter().rposition(|sample| *sample != 0.0).unwrap();
    let there = (stopped - unplugged).saturating_sub(from_end(first));
    let back = (stopped - plugged).saturating_sub(from_end(last));
    println!("on card-a {there:?} after card-b has gone, and off it {back:?} after it is back");
    assert!(there < FOLLOW && back < FOLLOW);
    let [card_a, card_b] = listen(&stage);
    let right = |card: &Recording| card.steady_level(DISCORD)[1];
    assert!((right(&card_b) - decibels(AMPLITUDE)).abs() <= 0.3);
    assert!(right(&card_a) < -100.0);
}

fn channels(dump: &str, sink: &str) -> usize {
    let prefix = format!("{sink}:playback_");
    let ports = dump.lines().filter(|line| line.starts_with(&prefix));
    ports.count()
}

#[test]
fn each_channels_sink_has_the_layout_of_its_own_card() {
    const SURROUND: Card = Card {
        name: "card-a",
        positions: "FL FR FC LFE SL SR",
        priority: 1000,
    };
    const MONO: Card = Card {
        name: "card-b",
        positions: "MONO",
        priority: 500,
    };
    let stage = Stage::set_in(Lab::start_with(&[SURROUND, MONO]).unwrap(), &APART);
    wait_for_cards(&stage, "card-a", "card-b", TIMEOUT);
    let tones: Vec<f64> = (0..6).map(|n| 300.0 + 110.0 * f64::from(n)).collect();
    let file = stage.lab.path("surround.wav");
    write_tones(&file, &tones, AMPLITUDE / 2.0, 60).unwrap();
    let _game = stage.lab.play_native("Game", &file, &[]).unwrap();
    let _discord = stage
        .lab
        .play_pulse("Discord", &stage.discord, &[])
        .unwrap();
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    let ports = || {
        let ports = stage.lab.output("pw-link", &["-i"]).unwrap();
        ["mixd-default", "mixd-aux"].map(|sink| channels(&ports, sink))
    };
    assert_eq!(ports(), [6, 1]);
    let [card_a, card_b] = listen(&stage);
    for (at, &tone) in tones.iter().enumerate() {
        let level = card_a.steady_level(tone)[at];
        let should = decibels(AMPLITUDE / 2.0);
        assert!((level - should).abs() <= 0.3, "{tone} Hz is {level} dB");
    }
    assert!(card_b.steady_level(DISCORD)[0] > decibels(AMPLITUDE) - 7.0);
    let default = stage.lab.dump().unwrap().node("mixd-default");
    // The other channel's layout changes, and not this one's sink.
    stage.mixd.ctl(&["status"]).unwrap();
    stage.lab.unplug("card-b").unwrap();
    let is_done = || Ok((ports() == [6, 6]).then_some(()));
    wait_for("the aux sink's new layout", TIMEOUT, is_done).unwrap();
    assert_eq!(stage.lab.dump().unwrap().node("mixd-default"), default);
}

#[test]
fn each_card_sleeps_when_nothing_plays_on_it() {
    let stage = apart();
    let [game, discord] = stage.play_both();
    let wait_for_states = |states: [&str; 2]| {
        let are_there = || {
            let dump = stage.lab.dump()?;
            let found = ["card-a", "card-b"].map(|card| dump.state(card));
            Ok((found == states.map(Some)).then_some(()))
        };
        // WirePlumber suspends after 5 s.
        wait_for(&format!("{states:?}"), Duration::from_secs(50), are_there).unwrap();
    };
    wait_for_states(["running", "running"]);
    drop(discord);
    wait_for_states(["running", "suspended"]);
    let discord = stage
        .lab
        .play_pulse("Discord", &stage.discord, &[])
        .unwrap();
    wait_for_states(["running", "running"]);
    drop(game);
    wait_for_states(["suspended", "running"]);
    drop(discord);
    wait_for_states(["suspended", "suspended"]);
}

#[test]
fn ended_or_killed_it_leaves_the_streams_playing_and_nothing_behind() {
    for signal in [Signal::KILL, Signal::TERM] {
        let mut stage = apart();
        let _players = stage.play_both();
        stage.set_volume("-0.5");
        stage.mixd.end(signal).unwrap();
        let on_card = |dump: &Dump, name: &str| dump.sinks_of(name) == ["card-a"];
        let back = || {
            let dump = stage.lab.dump()?;
            Ok((on_card(&dump, "Game") && on_card(&dump, "Discord")).then_some(dump))
        };
        let dump = wait_for("the streams' return", TIMEOUT, back).unwrap();
        assert_eq!(dump.node("mixd-default"), None);
        assert_eq!(dump.node("mixd-aux"), None);
        if signal == Signal::TERM {
            let metadata = stage.lab.metadata().unwrap();
            assert!(!metadata.contains("target."), "{metadata}");
        }
        let [card_a, card_b] = listen(&stage);
        assert_level(&card_a, GAME, 1.0);
        assert_level(&card_a, DISCORD, 1.0);
        assert_eq!(card_b.loud_samples(), [0, 0]);
    }
}

#[test]
fn nothing_wakes_it_idle_or_in_playback_on_two_cards() {
    apart().assert_nothing_wakes();
}

#[test]
fn a_chosen_output_is_saved_listed_and_taken_back() {
    let lab = Lab::start().unwrap();
    let conf = lab.path("config/mixd/mixd.conf");
    std::fs::create_dir_all(conf.parent().unwrap()).unwrap();
    let text = "# mine\nprogram Discord # voice\noutput nowhere # desk\noutput auto\n";
    std::fs::write(&conf, text).unwrap();
    let stage = Stage::set_in(lab, &[]);
    let _players = stage.play_both();
    let read = || std::fs::read_to_string(&conf).unwrap();
    let sinks = || stage.mixd.ctl(&["outputs"]).unwrap();
    wait_for_cards(&stage, "card-a", "card-a", TIMEOUT);
    assert_eq!(
        sinks(),
        "card-a\tcard-a\tdefault,aux\toutput auto\ncard-b\tcard-b\t-\t-\n"
    );
    let said = stage.mixd.ctl(&["output", "aux", "CARD-[b-z]"]).unwrap();
    assert_eq!(
        said,
        "aux plays to CARD-[b-z]: added output aux CARD-[b-z]\n"
    );
    wait_for_cards(&stage, "card-a", "card-b", TIMEOUT);
    let edited = text.replace("output nowhere", "output aux CARD-[b-z]\noutput nowhere");
    assert_eq!(read(), edited);
    assert_eq!(
        sinks(),
        "card-a\tcard-a\tdefault\toutput auto\ncard-b\tcard-b\taux\toutput aux CARD-[b-z]\n"
    );
    let status = stage.mixd.ctl(&["status"]).unwrap();
    assert!(
        status.contains("output    card-a (default), card-b (aux)\n"),
        "{status}"
    );
    let [card_a, card_b] = listen(&stage);
    assert_level(&card_a, GAME, 1.0);
    assert_level(&card_b, DISCORD, 1.0);
    let said = stage.mixd.ctl(&["undo"]).unwrap();
    assert_eq!(
        said,
        "took back 'output aux CARD-[b-z]': removed output aux CARD-[b-z]\n"
    );
    wait_for_cards(&stage, "card-a", "card-a", TIMEOUT);
    assert_eq!(read(), text);
    let said = stage.mixd.ctl(&["output", "default", "headset*"]).unwrap();
    assert!(said.contains("headset* when that is there"), "{said}");
    let status = stage.mixd.ctl(&["status"]).unwrap();
    assert!(!status.contains("warning"), "{status}");
    wait_for_cards(&stage, "card-a", "card-a", TIMEOUT);
}
