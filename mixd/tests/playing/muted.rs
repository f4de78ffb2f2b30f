//! Changes that others make to our sinks: a level is put back, a mute is honoured and shown, and nothing
//! comes back from an earlier run.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use lab::level::decibels;
use lab::mixd::Mixd;
use lab::process::wait_for;
use lab::{Card, Daemon, Lab, TIMEOUT};
use rustix::process::Signal;

use crate::stage::{AMPLITUDE, DISCORD, GAME, Stage, mixd_program};

/// The level at which a tone is heard at the card, as a factor of how it is played.
fn gain(lab: &Lab, tone: f64) -> f64 {
    let recording = lab.listen("card-a", Duration::from_millis(700)).unwrap();
    let level = recording.end(3).steady_level(tone)[0];
    10.0_f64.powf((level - decibels(AMPLITUDE)) / 20.0)
}

/// Waits until both tones are heard at these gains.
#[track_caller]
fn wait_for_gains(lab: &Lab, game: f64, discord: f64) {
    let mut found = (0.0, 0.0);
    let heard = || {
        found = (gain(lab, GAME), gain(lab, DISCORD));
        let is_right = (found.0 - game).abs() < 0.02 && (found.1 - discord).abs() < 0.02;
        Ok(is_right.then_some(()))
    };
    if let Err(error) = wait_for("the gains", TIMEOUT, heard) {
        panic!("{error}: {found:?}, not {:?}", (game, discord));
    }
}

/// Returns the warnings of `status`.
fn warnings(mixd: &Mixd) -> String {
    let status = mixd.ctl(&["status"]).unwrap();
    let lines = status.lines().filter(|line| line.starts_with("warning"));
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn wait_for_warning(mixd: &Mixd, text: &str) {
    let warned = || Ok(warnings(mixd).contains(text).then_some(()));
    wait_for(text, TIMEOUT, warned).unwrap();
}

/// The first line that `watch` prints.
fn watched(mixd: &Mixd) -> String {
    let mut command = mixd.mixctl();
    let mut watch = command.arg("watch").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(watch.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    // It ends when nobody reads any more.
    drop(output);
    watch.wait().unwrap();
    line.trim_end().to_owned()
}

fn pactl(lab: &Lab, args: &[&str]) {
    lab.output("pactl", args).unwrap();
}

#[test]
fn what_others_set_is_put_back() {
    let stage = Stage::set();
    let _players = stage.play_both();
    stage.set_volume("0.5");
    wait_for_gains(&stage.lab, 0.5, 1.0);
    for command in [
        ["set-source-mute", "mixd-default.monitor", "1"],
        ["set-source-volume", "mixd-default.monitor", "30%"],
        ["set-sink-volume", "mixd-default", "10%"],
        ["set-sink-volume", "mixd-aux", "150%"],
    ] {
        pactl(&stage.lab, &command);
        wait_for_gains(&stage.lab, 0.5, 1.0);
        assert_eq!(warnings(&stage.mixd), "", "{command:?}");
    }
}

#[test]
fn who_sets_it_again_and_again_is_named_and_not_fought() {
    let stage = Stage::set();
    let _players = stage.play_both();
    let meddle = || {
        pactl(
            &stage.lab,
            &["set-source-volume", "mixd-aux.monitor", "30%"],
        );
    };
    let warned = || {
        meddle();
        Ok(warnings(&stage.mixd)
            .contains("sets the level of mixd-aux")
            .then_some(()))
    };
    wait_for("the warning", TIMEOUT, warned).unwrap();
    let doctor = stage.mixd.try_mixctl(&["doctor"]).unwrap();
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.contains("bad   level"), "{doctor}");
    // It ends: a minute later all is as it should be.
    wait_for("the level", Duration::from_secs(100), || {
        Ok((gain(&stage.lab, DISCORD) > 0.98).then_some(()))
    })
    .unwrap();
}

#[test]
fn a_muted_sink_stays_muted_and_is_shown() {
    let cards = [("card-a", "FL FR", 1000), ("card-b", "MONO", 500)];
    let cards = cards.map(|(name, positions, priority)| Card {
        name,
        positions,
        priority,
    });
    let stage = Stage::set_in(Lab::start_with(&cards).unwrap(), &[]);
    let (lab, mixd) = (&stage.lab, &stage.mixd);
    let _players = stage.play_both();
    wait_for_gains(lab, 1.0, 1.0);
    pactl(lab, &["set-sink-mute", "mixd-aux", "1"]);
    wait_for_warning(mixd, "the aux channel is muted");
    wait_for_gains(lab, 1.0, 0.0);
    let json = mixd.ctl(&["status", "--json"]).unwrap();
    assert!(json.contains("\"warnings\":[\"aux-muted\"]"), "{json}");
    let doctor = mixd.try_mixctl(&["doctor"]).unwrap();
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.contains("bad   muted"), "{doctor}");
    assert_eq!(watched(mixd), "0 aux-muted");
    // Neither a change of volume nor one of the layout, which makes other sinks, undoes it.
    stage.set_volume("0.5");
    wait_for_gains(lab, 0.5, 0.0);
    lab.set_default("card-b").unwrap();
    mixd.wait_for_output(Some("card-b")).unwrap();
    lab.wait_for_route("Discord", "mixd-aux").unwrap();
    std::thread::sleep(Duration::from_secs(3));
    lab.set_default("card-a").unwrap();
    mixd.wait_for_output(Some("card-a")).unwrap();
    lab.wait_for_route("Discord", "mixd-aux").unwrap();
    wait_for_gains(lab, 0.5, 0.0);
    wait_for_warning(mixd, "the aux channel is muted");
    std::thread::sleep(Duration::from_secs(3));
    pactl(lab, &["set-sink-mute", "mixd-aux", "0"]);
    wait_for_gains(lab, 0.5, 1.0);
    assert_eq!(warnings(mixd), "");
}

/// WirePlumber 0.4.13 gave both back.
#[test]
fn level_and_mute_of_an_earlier_run_are_gone() {
    let mut stage = Stage::set();
    let config = "remember-volume no\nprogram Discord\n";
    let folder = stage.lab.path("config/mixd");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("mixd.conf"), config).unwrap();
    let players = stage.play_both();
    for signal in [Signal::TERM, Signal::KILL] {
        stage.set_volume("-1");
        pactl(&stage.lab, &["set-sink-mute", "mixd-default", "1"]);
        pactl(
            &stage.lab,
            &["set-source-mute", "mixd-default.monitor", "1"],
        );
        wait_for_warning(&stage.mixd, "the default channel is muted");
        // WirePlumber saves after a second.
        std::thread::sleep(Duration::from_secs(4));
        stage.mixd.end(signal).unwrap();
        stage.lab.wait_for_route("Game", "card-a").unwrap();
        stage.mixd = Mixd::start(&stage.lab, &mixd_program()).unwrap();
        stage.lab.wait_for_route("Game", "mixd-default").unwrap();
        assert_eq!(stage.mixd.ctl(&["get-volume"]).unwrap(), "0\n");
        std::thread::sleep(Duration::from_secs(1));
        wait_for_gains(&stage.lab, 1.0, 1.0);
        assert_eq!(warnings(&stage.mixd), "");
    }
    // Nor by a session manager that comes later. With streams, 0.4.13 and PipeWire 0.3.65 now and then
    // wait for each other then, with and without mixd.
    drop(players);
    pactl(&stage.lab, &["set-sink-mute", "mixd-default", "1"]);
    wait_for_warning(&stage.mixd, "the default channel is muted");
    pactl(&stage.lab, &["set-sink-mute", "mixd-default", "0"]);
    std::thread::sleep(Duration::from_secs(2));
    stage
        .lab
        .stop_daemon(Daemon::WirePlumber, Signal::TERM)
        .unwrap();
    stage.lab.start_daemon(Daemon::WirePlumber).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(warnings(&stage.mixd), "");
}

#[test]
fn after_a_kill_what_is_reported_is_what_is_heard() {
    let mut stage = Stage::set();
    let _players = stage.play_both();
    let socket = stage.mixd.socket().to_owned();
    for round in 0..2 {
        stage.set_volume("-1");
        // mixd saves after a second, WirePlumber a second later.
        std::thread::sleep(Duration::from_secs(3));
        stage.mixd.ctl(&["set-volume", "0"]).unwrap();
        stage.mixd.end(Signal::KILL).unwrap();
        stage.lab.wait_for_route("Discord", "card-a").unwrap();
        stage.mixd = Mixd::start_again(&stage.lab, &mixd_program(), &socket).unwrap();
        stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
        let volume = stage.mixd.ctl(&["get-volume"]).unwrap();
        println!("round {round}: {volume}");
        let aux = match volume.trim() {
            "-1" => 0.0,
            _ => 1.0,
        };
        wait_for_gains(&stage.lab, 1.0, aux);
    }
}
