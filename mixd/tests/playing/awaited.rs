//! `mixd/dist/wireplumber`: WirePlumber 0.5 leaves a new program unlinked until mixd has chosen its sink.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use lab::process::wait_for;
use lab::{Lab, TIMEOUT};
use rustix::process::Signal;

use crate::stage::{Stage, tones};

/// How long a program may wait that mixd leaves where it is.
const WAIT: Duration = Duration::from_secs(2);

/// A session whose `WirePlumber` awaits mixd; none where it has no hooks to do so, before 0.5.
fn lab() -> Option<Lab> {
    let lab = Lab::start_awaiting_mixd().unwrap();
    let version = lab.wireplumber_version().unwrap();
    let is_old = version < vec![0, 5];
    if is_old {
        println!("WirePlumber {version:?} has no hooks");
    }
    (!is_old).then_some(lab)
}

#[test]
fn no_program_is_linked_before_mixd_has_chosen() {
    let Some(lab) = lab() else { return };
    let stage = Stage::set_in(lab, &[]);
    for (volume, name, sink, file) in [
        ("-1", "Discord", "mixd-aux", &stage.discord),
        ("1", "Game", "mixd-default", &stage.game),
    ] {
        stage.set_volume(volume);
        let recorder = stage.lab.record("card-a").unwrap();
        // As if the machine had no time for it.
        stage.mixd.process.signal(Signal::STOP).unwrap();
        let player = stage.lab.play_native(name, file, &[]).unwrap();
        let made = || Ok((!stage.lab.dump()?.streams(name).is_empty()).then_some(()));
        wait_for("the stream", TIMEOUT, made).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        stage.mixd.process.signal(Signal::CONT).unwrap();
        stage.lab.wait_for_route(name, sink).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(recorder.stop().unwrap().loud_samples(), [0, 0], "{name}");
        drop(player);
        stage.lab.wait_for_end(name).unwrap();
    }
}

#[test]
fn what_mixd_leaves_alone_is_linked_a_moment_later() {
    let Some(lab) = lab() else { return };
    let stage = Stage::set_in(lab, &[]);
    let start = Instant::now();
    let args = ["--target", "card-b"];
    let _game = stage.lab.play_native("Game", &stage.game, &args).unwrap();
    stage.lab.wait_for_route("Game", "card-b").unwrap();
    assert!(start.elapsed() < WAIT, "{:?}", start.elapsed());
    // Nor does a mixd that stands still keep a program silent.
    stage.mixd.process.signal(Signal::STOP).unwrap();
    let start = Instant::now();
    let _discord = stage
        .lab
        .play_native("Discord", &stage.discord, &[])
        .unwrap();
    stage.lab.wait_for_route("Discord", "card-a").unwrap();
    assert!(start.elapsed() < WAIT, "{:?}", start.elapsed());
    stage.mixd.process.signal(Signal::CONT).unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
}

#[test]
fn without_mixd_nothing_waits() {
    let Some(lab) = lab() else { return };
    let (game, _) = tones(&lab);
    let _game = lab.play_native("Game", &game, &[]).unwrap();
    lab.wait_for_route("Game", "card-a").unwrap();
    let heard = || {
        let recording = lab.listen("card-a", Duration::from_millis(100))?;
        Ok((recording.loud_samples()[0] > 0).then_some(()))
    };
    wait_for("the game", TIMEOUT, heard).unwrap();
}
