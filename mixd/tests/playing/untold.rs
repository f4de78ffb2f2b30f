//! Sound that is not ours to send: it is in `streams` all the same, and `why` knows the reason. With
//! a real session manager.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use lab::process::wait_for;
use lab::{Daemon, Lab, STEREO, TIMEOUT};

use crate::stage::{GAME, Stage};

/// Links two nodes' ports, or unlinks them.
fn link(stage: &Stage, from: &str, to: &str, undo: bool) {
    for side in ["FL", "FR"] {
        let (from, to) = (format!("{from}_{side}"), format!("{to}:playback_{side}"));
        let linked = || {
            let args = [&*from, &*to];
            let undo = undo.then_some("-d");
            let args: Vec<&str> = undo.into_iter().chain(args).collect();
            Ok(stage.lab.output("pw-link", &args).ok())
        };
        wait_for(&from, TIMEOUT, linked).unwrap();
    }
}

#[test]
fn a_node_without_a_class_is_listed_with_what_it_is_linked_to() {
    // As a JACK client is: without media.class, its ports and links its own business.
    let stage = Stage::set();
    let args = ["-P", "{ media.class = \"\" node.name = tone }"];
    let _tone = stage.lab.play_native("Tone", &stage.game, &args).unwrap();
    let node = || Ok(stage.lab.dump()?.node("tone"));
    let id = wait_for("tone", TIMEOUT, node).unwrap().to_string();
    let format = "{ direction: Output, mode: dsp, format: { mediaType: audio, mediaSubtype: raw, \
                  format: F32P, rate: 48000, channels: 2, position: [ FL, FR ] } }";
    let args = ["set-param", &id, "PortConfig", format];
    stage.lab.output("pw-cli", &args).unwrap();
    link(&stage, "tone:output", "card-b", false);
    stage.wait_for_state("default\tpinned\tTone");
    stage.wait_for_why("Tone", "linked to card-b");
    let heard = stage.lab.listen("card-b", Duration::from_secs(1)).unwrap();
    let level = heard.without_start(3).steady_level(GAME);
    assert!(level.iter().all(|level| *level > -13.0), "{level:?}");
    link(&stage, "tone:output", "mixd-aux", false);
    stage.wait_for_state("aux\tpinned\tTone");
    link(&stage, "tone:output", "card-b", true);
    link(&stage, "tone:output", "mixd-aux", true);
    let gone = || Ok((!stage.mixd.ctl(&["streams"])?.contains("Tone")).then_some(()));
    wait_for("its silence", TIMEOUT, gone).unwrap();
}

/// Waits until the streams' JSON says this.
fn wait_until_told(stage: &Stage, text: &str) {
    let is_told = || {
        let streams = stage.mixd.ctl(&["streams", "--json"])?;
        Ok(streams.contains(text).then_some(()))
    };
    wait_for(text, TIMEOUT, is_told).unwrap();
}

#[test]
fn a_stream_that_nobody_is_to_link_waits_until_somebody_has() {
    let stage = Stage::set();
    let args = ["-P", "{ node.autoconnect = false node.name = synth }"];
    let _synth = stage.lab.play_native("Synth", &stage.game, &args).unwrap();
    stage.wait_for_state("default\twaiting\tSynth");
    stage.wait_for_why("Synth", "nobody has linked it");
    wait_until_told(&stage, r#""running":false"#);
    link(&stage, "synth:output", "card-b", false);
    stage.wait_for_state("default\tpinned\tSynth");
    wait_until_told(&stage, r#""running":true"#);
    wait_until_told(&stage, r#""process":"pw-play""#);
    wait_until_told(&stage, r#""description":""#);
    stage.wait_for_why("Synth", "(node.autoconnect); it is linked to card-b");
    link(&stage, "synth:output", "card-b", true);
    stage.wait_for_state("default\twaiting\tSynth");
    link(&stage, "synth:output", "mixd-aux", false);
    stage.wait_for_state("aux\tpinned\tSynth");
}

#[test]
fn a_pulse_program_that_forbids_to_be_moved_is_listed_with_what_helps() {
    let stage = Stage::set();
    // PulseAudio's DONT_MOVE, as pipewire-pulse makes it of that.
    for (name, device) in [("One", "card-b"), ("Two", "card-a")] {
        let property = "--property=node.dont-reconnect=true";
        let device = format!("--device={device}");
        let args = [property, &device];
        let _game = stage.lab.play_pulse(name, &stage.game, &args).unwrap();
        stage.wait_for_state(&format!("default\tpinned\t{name}"));
        stage.wait_for_why(name, "allow-moves");
        stage.wait_for_why(name, "it is linked to card");
    }
    // In one of our sinks it plays through that channel.
    let args = ["--property=node.dont-reconnect=true", "--device=mixd-aux"];
    let _game = stage.lab.play_pulse("Three", &stage.game, &args).unwrap();
    stage.wait_for_state("aux\tpinned\tThree");
}

#[test]
fn wireplumber_0_5_that_is_set_to_move_no_stream_is_named_as_the_reason() {
    let mut lab = Lab::prepare(&STEREO).unwrap();
    if lab.wireplumber_version().unwrap() < vec![0, 5] {
        println!("WirePlumber 0.4 has no such setting: nothing to test here");
        return;
    }
    let folder = lab.path("config/wireplumber/wireplumber.conf.d");
    let settings = "wireplumber.settings = { linking.allow-moving-streams = false }\n";
    fs::write(folder.join("moving.conf"), settings).unwrap();
    for daemon in [Daemon::PipeWire, Daemon::WirePlumber, Daemon::Pulse] {
        lab.start_daemon(daemon).unwrap();
    }
    let stage = Stage::set_in(lab, &[]);
    let _game = stage.lab.play_native("Game", &stage.game, &[]).unwrap();
    let _asks = stage
        .lab
        .play_native("Asks", &stage.discord, &["--target", "mixd-aux"])
        .unwrap();
    // Never called routed, from its first moment on.
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        let streams = stage.mixd.ctl(&["streams"]).unwrap();
        assert!(!streams.contains("routed"), "{streams}");
    }
    stage.wait_for_state("default\tpinned\tGame");
    stage.wait_for_state("aux\tpinned\tAsks");
    stage.wait_for_why("Game", "linking.allow-moving-streams");
    stage.wait_for_why("Asks", "asks for mixd-aux itself");
    // What wpctl asks for may be dropped with its connection, three times in ten on 1.6.9: it is asked again.
    let set = |value| {
        let key = "linking.allow-moving-streams";
        let line = format!("key:'{key}' value:'{value}'");
        let is_set = || {
            stage.lab.output("wpctl", &["settings", key, value])?;
            let settings = stage.lab.output("pw-metadata", &["-n", "sm-settings"])?;
            Ok(settings.contains(&line).then_some(()))
        };
        wait_for(&line, TIMEOUT, is_set).unwrap();
    };
    let doctor = || {
        let out = stage.mixd.try_mixctl(&["doctor"]).unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    assert!(doctor().contains("bad   moving"), "{}", doctor());
    assert!(!stage.lab.metadata().unwrap().contains("target.object"));
    set("true");
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.wait_for_state("default\trouted\tGame");
    assert!(!doctor().contains("moving"), "{}", doctor());
    set("false");
    stage.wait_for_state("default\tpinned\tGame");
    set("true");
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.wait_for_state("default\trouted\tGame");
    let heard = stage.lab.listen("card-a", Duration::from_secs(1)).unwrap();
    let level = heard.without_start(3).steady_level(GAME);
    assert!(level.iter().all(|level| *level > -13.0), "{level:?}");
}

#[test]
fn filters_are_listed_and_why_knows_them_by_name() {
    let stage = Stage::set();
    let mut command: Command = stage.lab.command("pw-loopback");
    command.args(["--name", "loop", "--playback-props"]);
    command.arg("{ application.name = Loop target.object = card-b }");
    let _loop = lab::process::Process::start(&mut command).unwrap();
    stage.wait_for_state("default\tpinned\tLoop");
    stage.lab.wait_for_route("Loop", "card-b").unwrap();
    stage.wait_for_why(
        "Loop",
        "a filter or a loopback (node.link-group); it is linked to card-b",
    );
    let id = stage.lab.dump().unwrap().streams("Loop")[0].to_string();
    stage.wait_for_why(&id, "node.link-group");
}
