//! PipeWire, WirePlumber and the PulseAudio server end and come back under a running mixd, which
//! stays, keeps serving, and routes all again.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use lab::level::{Recording, decibels};
use lab::mixd::{Mixd, unused_socket};
use lab::process::wait_for;
use lab::{Daemon, Lab, Recorder, TIMEOUT};
use rustix::process::Signal;

use crate::stage::{AMPLITUDE, DISCORD, GAME, Stage, assert_level, mixd_program, tones};

/// How long it may be silent when the session manager ends, in seconds. WirePlumber's links
/// outlast it: no more than a busy machine drops.
const MAX_GAP: f64 = 0.25;

/// How long two commands may take while PipeWire is frozen: ten times what they do on a machine that
/// is busy with something else.
const MAX_ANSWER: Duration = Duration::from_secs(4);

/// The longest silence while the players played, of whom something is heard at the end, in seconds.
#[track_caller]
fn gap(recorder: Recorder) -> f64 {
    let recording = recorder.stop().unwrap();
    let loud = recording.end(3).loud_samples();
    assert!(loud.iter().all(|&count| count > 0), "silent in the end");
    recording.without_start(1).longest_gap()
}

/// Asserts that each tone is heard on both sides, at its gain.
#[track_caller]
fn assert_levels<const N: usize>(recording: &Recording, gains: [(f64, f64); N]) {
    for (frequency, gain) in gains {
        assert_level(recording, frequency, gain);
    }
}

/// Asserts that all is as it should be: the volume that was set holds, new programs are routed, and heard at the
/// levels that were set.
#[track_caller]
fn assert_works(stage: &Stage) {
    stage.mixd.wait_for_output(Some("card-a")).unwrap();
    let [game, discord] = stage.play_both();
    let recording = stage.lab.listen("card-a", Duration::from_millis(700));
    assert_levels(&recording.unwrap().end(3), [(GAME, 1.0), (DISCORD, 0.5)]);
    drop((game, discord));
    stage.lab.wait_for_end("Game").unwrap();
    stage.lab.wait_for_end("Discord").unwrap();
}

fn restart(stage: &mut Stage, signal: Signal, daemons: &[Daemon]) {
    for &daemon in daemons {
        stage.lab.stop_daemon(daemon, signal).unwrap();
        assert_eq!(
            stage.mixd.ctl(&["get-volume"]).unwrap(),
            "-0.5\n",
            "it keeps serving"
        );
    }
    for &daemon in daemons {
        stage.lab.start_daemon(daemon).unwrap();
    }
}

#[test]
fn whatever_is_killed_and_started_again_all_is_as_before() {
    use Daemon::{PipeWire, Pulse, WirePlumber};
    let mut stage = Stage::set();
    stage.set_volume("-0.5");
    let descriptors = |stage: &Stage| {
        let folder = format!("/proc/{}/fd", stage.mixd.process.pid());
        std::fs::read_dir(folder).unwrap().count()
    };
    assert_works(&stage);
    let before = descriptors(&stage);
    for daemons in [
        &[Pulse][..],
        // The clients of PipeWire end with it, and are started again after it.
        &[PipeWire, WirePlumber, Pulse],
        &[PipeWire, Pulse, WirePlumber],
    ] {
        println!("{daemons:?}");
        restart(&mut stage, Signal::KILL, daemons);
        assert_works(&stage);
    }
    assert_eq!(descriptors(&stage), before, "no descriptor is lost");
}

/// WirePlumber 0.4.13 itself links nothing any more that was linked before its restart, with or
/// without mixd: what is ours is to ask it anew.
#[test]
fn a_session_manager_that_comes_back_is_asked_anew() {
    let mut stage = Stage::set();
    let _players = stage.play_both();
    let wait_for_targets = |stage: &Stage| {
        let are_set = || {
            let metadata = stage.lab.metadata()?;
            let set = metadata
                .lines()
                .filter(|line| line.contains("'target.object'"));
            Ok((set.count() == 2).then_some(()))
        };
        wait_for("both targets to be set", TIMEOUT, are_set).unwrap();
    };
    wait_for_targets(&stage);
    stage
        .lab
        .stop_daemon(Daemon::WirePlumber, Signal::KILL)
        .unwrap();
    assert_eq!(
        stage.mixd.ctl(&["get-volume"]).unwrap(),
        "0\n",
        "it keeps serving"
    );
    stage.lab.start_daemon(Daemon::WirePlumber).unwrap();
    wait_for_targets(&stage);
}

#[test]
fn a_session_manager_that_dies_takes_no_sound_with_it() {
    let mut stage = Stage::set();
    let _players = stage.play_both();
    for signal in [Signal::KILL, Signal::TERM] {
        let recorder = stage.lab.record_apart("card-a").unwrap();
        stage.lab.stop_daemon(Daemon::WirePlumber, signal).unwrap();
        stage.lab.wait_for_route("Game", "mixd-default").unwrap();
        stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
        std::thread::sleep(Duration::from_millis(500));
        let silence = gap(recorder);
        println!("it ended by {signal:?}: a gap of {silence:.3} s");
        assert!(silence < MAX_GAP, "{signal:?}: silent for {silence} s");
        // Without one, we move them.
        stage.mixd.ctl(&["remove-program", "Discord"]).unwrap();
        stage.lab.wait_for_route("Discord", "mixd-default").unwrap();
        stage.mixd.ctl(&["add-program", "Discord"]).unwrap();
        stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
        stage.lab.start_daemon(Daemon::WirePlumber).unwrap();
        std::thread::sleep(Duration::from_secs(2));
        stage.lab.wait_for_route("Game", "mixd-default").unwrap();
        stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
        stage.mixd.ctl(&["remove-program", "Discord"]).unwrap();
        stage.lab.wait_for_route("Discord", "mixd-default").unwrap();
        stage.mixd.ctl(&["add-program", "Discord"]).unwrap();
        stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
        // A program that starts now.
        let late = stage.lab.play_native("Late", &stage.game, &[]).unwrap();
        stage.lab.wait_for_route("Late", "mixd-default").unwrap();
        drop(late);
    }
}

/// In a fifth of such restarts WirePlumber 0.4.13 and PipeWire 0.3.65 wait for each other until the
/// programs end, with and without mixd: that is tried again.
#[test]
fn after_a_session_managers_return_all_is_heard_on_both_sides() {
    for _ in 0..5 {
        let mut stage = Stage::set();
        let _players = stage.play_both();
        stage
            .lab
            .stop_daemon(Daemon::WirePlumber, Signal::KILL)
            .unwrap();
        std::thread::sleep(Duration::from_secs(1));
        stage.lab.launch(Daemon::WirePlumber).unwrap();
        std::thread::sleep(Duration::from_secs(3));
        if stage.lab.output("timeout", &["2", "pw-dump"]).is_err() {
            println!("PipeWire and WirePlumber wait for each other");
            continue;
        }
        let recorder = stage.lab.record_apart("card-a").unwrap();
        std::thread::sleep(Duration::from_millis(700));
        let recording = recorder.stop().unwrap().end(3);
        assert_levels(&recording, [(GAME, 1.0), (DISCORD, 1.0)]);
        return;
    }
    panic!("PipeWire and WirePlumber wait for each other again and again");
}

/// A key binding of a window manager: `pkill mixd; mixd`.
#[test]
fn one_that_is_started_while_another_leaves_takes_its_place() {
    let mut stage = Stage::set();
    let _players = stage.play_both();
    let program = mixd_program();
    for _ in 0..10 {
        stage.mixd.process.signal(Signal::TERM).unwrap();
        let next = Mixd::start_again(&stage.lab, &program, stage.mixd.socket()).unwrap();
        let status = stage.mixd.process.wait(TIMEOUT).unwrap();
        assert!(status.success(), "{status}");
        stage.mixd = next;
        stage.mixd.wait_for_output(Some("card-a")).unwrap();
        stage.lab.wait_for_route("Game", "mixd-default").unwrap();
        stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    }
}

/// PipeWire 0.3.65 never reads again from a client that was waiting for the session manager's
/// answer when that ended.
#[test]
fn a_session_manager_that_dies_without_an_answer_does_not_take_us_along() {
    let mut lab = Lab::start().unwrap();
    let manager = lab.daemon(Daemon::WirePlumber).unwrap();
    manager.signal(Signal::STOP).unwrap();
    let socket = unused_socket();
    let mixd = Mixd::start_again(&lab, &mixd_program(), &socket).unwrap();
    let is_connected = || Ok(mixd.log().contains("connected to PipeWire").then_some(()));
    wait_for("the connection", TIMEOUT, is_connected).unwrap();
    // It asks for the metadata meanwhile.
    std::thread::sleep(Duration::from_millis(300));
    lab.stop_daemon(Daemon::WirePlumber, Signal::KILL).unwrap();
    mixd.wait_for_output(Some("card-a")).unwrap();
    lab.start_daemon(Daemon::WirePlumber).unwrap();
    let (game, _) = tones(&lab);
    let _game = lab.play_native("Game", &game, &[]).unwrap();
    lab.wait_for_route("Game", "mixd-default").unwrap();
}

/// PipeWire serves no client that waits for the session manager's answer: mixd must not ask it.
#[test]
fn a_session_manager_that_hangs_does_not_take_the_volume_along() {
    let stage = Stage::set();
    let _players = stage.play_both();
    let recorder = stage.lab.record_apart("card-a").unwrap();
    let manager = stage.lab.daemon(Daemon::WirePlumber).unwrap();
    manager.signal(Signal::STOP).unwrap();
    stage.mixd.ctl(&["remove-program", "Discord"]).unwrap();
    // Time enough to find that nothing comes of that.
    std::thread::sleep(Duration::from_secs(3));
    stage.set_volume("0.5");
    std::thread::sleep(Duration::from_secs(1));
    let recording = recorder.stop().unwrap().end(8);
    manager.signal(Signal::CONT).unwrap();
    assert_levels(&recording, [(GAME, 0.5)]);
}

#[test]
fn a_frozen_pipewire_does_not_freeze_the_socket() {
    let stage = Stage::set();
    let _players = stage.play_both();
    let pipewire = stage.lab.daemon(Daemon::PipeWire).unwrap();
    pipewire.signal(Signal::STOP).unwrap();
    let mut slowest = Duration::ZERO;
    // More than fits into a socket's buffer.
    for _ in 0..400 {
        let asked = Instant::now();
        stage.mixd.ctl(&["shift-volume", "0.01"]).unwrap();
        stage.mixd.ctl(&["set-volume", "-0.5"]).unwrap();
        slowest = slowest.max(asked.elapsed());
    }
    println!("the slowest two commands took {slowest:?}");
    assert!(slowest < MAX_ANSWER, "two commands took {slowest:?}");
    pipewire.signal(Signal::CONT).unwrap();
    // The volume that was set meanwhile holds.
    let half = || {
        let recording = stage
            .lab
            .listen("card-a", Duration::from_millis(500))?
            .end(3);
        let level = recording.steady_level(DISCORD)[0];
        Ok(((level - decibels(AMPLITUDE / 2.0)).abs() <= 0.3).then_some(()))
    };
    wait_for("the level that was set", TIMEOUT, half).unwrap();
}
