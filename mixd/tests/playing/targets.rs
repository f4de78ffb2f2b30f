//! Streams whose own node names a sink, and streams that a mixer moves: which are the list's, which
//! the user's. With a real session manager; what is heard at the card decides.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};

use crate::stage::{DISCORD, GAME, Stage, mixd_program};

/// Plays as SDL 3, sdl2-compat and OpenAL 1.25 do: with a sink in the node's own properties.
fn play_asking(lab: &Lab, name: &str, file: &Path, asks: &str) -> Process {
    let mut command = lab.command("pw-play");
    let props = format!("{{ application.name = \"{name}\" {asks} }}");
    Process::start(command.env("PIPEWIRE_PROPS", props).arg(file)).unwrap()
}

/// A number of a node: `id`, or a property.
fn number(lab: &Lab, name: &str, key: &str) -> u64 {
    let dump = lab.dump().unwrap();
    let id = dump.node(name).unwrap();
    match key {
        "id" => id,
        _ => dump.serial(id).unwrap(),
    }
}

/// Sets a key of a stream's metadata, as a mixer does; none: removes it.
fn set_key(lab: &Lab, stream: u64, key: &str, value: Option<&str>) {
    let id = stream.to_string();
    let mut args = vec!["-n", "default"];
    match value {
        Some(value) => args.extend(["--", &*id, key, value, "Spa:Id"]),
        None => args.extend(["-d", &*id, key]),
    }
    lab.output("pw-metadata", &args).unwrap();
}

fn stream(stage: &Stage, name: &str) -> u64 {
    stage.lab.dump().unwrap().streams(name)[0]
}

/// Moves a program's stream by way of the PulseAudio server, as mixers do. pipewire-pulse 0.3.65 does
/// nothing, and says that it has, while pactl's connection does not know the metadata yet: every second
/// time where nobody has a real-time thread. It is asked again, for the same.
fn move_in_a_mixer(stage: &Stage, name: &str, sink: &str) {
    let dump = stage.lab.dump().unwrap();
    let serial = dump.serial(dump.streams(name)[0]).unwrap().to_string();
    let moved = || {
        stage
            .lab
            .output("pactl", &["move-sink-input", &serial, sink])?;
        for _ in 0..3 {
            if stage.lab.dump()?.sinks_of(name) == [sink] {
                return Ok(Some(()));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(None)
    };
    let what = format!("{name} moved to {sink}");
    if let Err(error) = wait_for(&what, TIMEOUT, moved) {
        panic!("{error}: {}", stage.mixd.log());
    }
}

#[test]
fn a_program_that_names_the_default_sink_itself_plays_through_its_channel() {
    let stage = Stage::set();
    stage.set_volume("-1");
    let serial = number(&stage.lab, "card-a", "object.serial");
    let id = number(&stage.lab, "card-a", "id");
    for asks in [
        "target.object = card-a".to_owned(),
        "node.target = card-a".to_owned(),
        format!("target.object = {serial}"),
        format!("node.target = {id}"),
    ] {
        let recorder = stage.lab.record("card-a").unwrap();
        let sdl = play_asking(&stage.lab, "Discord", &stage.discord, &asks);
        stage.wait_for_state("aux\trouted\tDiscord");
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(recorder.stop().unwrap().loud_samples(), [0, 0], "{asks}");
        stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
        drop(sdl);
        stage.lab.wait_for_end("Discord").unwrap();
    }
}

#[test]
fn a_program_that_names_the_default_sink_follows_when_that_changes_and_when_mixd_goes_and_comes() {
    let mut stage = Stage::set();
    let _sdl = play_asking(&stage.lab, "Game", &stage.game, "target.object = card-a");
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.lab.set_default("card-b").unwrap();
    stage.mixd.wait_for_output(Some("card-b")).unwrap();
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.wait_for_state("default\trouted\tGame");
    let heard = stage.lab.listen("card-b", Duration::from_secs(2)).unwrap();
    let level = heard.without_start(5).steady_level(GAME);
    assert!(level.iter().all(|level| *level > -13.0), "{level:?}");
    // As without mixd: it goes on with the default sink, not with the one that its node names.
    stage.mixd.end(rustix::process::Signal::TERM).unwrap();
    stage.lab.wait_for_route("Game", "card-b").unwrap();
    stage.mixd = lab::mixd::Mixd::start(&stage.lab, &mixd_program()).unwrap();
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.wait_for_state("default\trouted\tGame");
    stage.mixd.end(rustix::process::Signal::KILL).unwrap();
    stage.lab.wait_for_route("Game", "card-b").unwrap();
    stage.mixd = lab::mixd::Mixd::start(&stage.lab, &mixd_program()).unwrap();
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.wait_for_state("default\trouted\tGame");
}

#[test]
fn a_program_that_names_another_sink_or_must_stay_is_pinned_and_why_says_so() {
    let stage = Stage::set();
    let card_b = number(&stage.lab, "card-b", "object.serial");
    for (name, asks, sink, why) in [
        (
            "One",
            "target.object = card-b".to_owned(),
            "card-b",
            "asks for card-b itself",
        ),
        (
            "Two",
            format!("target.object = {card_b}"),
            "card-b",
            "asks for card-b itself",
        ),
        (
            "Three",
            "target.object = card-a node.dont-reconnect = true".to_owned(),
            "card-a",
            "node.dont-reconnect",
        ),
        (
            "Four",
            "target.object = card-a node.dont-move = true".to_owned(),
            "card-a",
            "node.dont-move",
        ),
    ] {
        let _game = play_asking(&stage.lab, name, &stage.game, &asks);
        stage.lab.wait_for_route(name, sink).unwrap();
        stage.wait_for_state(&format!("default\tpinned\t{name}"));
        let said = stage.mixd.ctl(&["why", name]).unwrap();
        assert!(said.contains(why), "{said}");
        assert!(stage.lab.wait_for_route(name, sink).is_ok());
    }
}

#[test]
fn a_pinned_program_that_is_put_into_our_sink_is_said_to_play_there() {
    let stage = Stage::set();
    let _game = play_asking(&stage.lab, "Game", &stage.game, "target.object = card-b");
    stage.lab.wait_for_route("Game", "card-b").unwrap();
    stage.wait_for_state("default\tpinned\tGame");
    let aux = number(&stage.lab, "mixd-aux", "object.serial").to_string();
    let game = stream(&stage, "Game");
    set_key(&stage.lab, game, "target.object", Some(&aux));
    stage.lab.wait_for_route("Game", "mixd-aux").unwrap();
    stage.wait_for_state("aux\tpinned\tGame");
    let ours = number(&stage.lab, "mixd-default", "object.serial").to_string();
    set_key(&stage.lab, game, "target.object", Some(&ours));
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.wait_for_state("default\trouted\tGame");
    stage.mixd.ctl(&["add-program", "Game"]).unwrap();
    stage.lab.wait_for_route("Game", "mixd-aux").unwrap();
    stage.wait_for_state("aux\trouted\tGame");
}

#[test]
fn a_program_that_asks_for_a_channel_by_name_is_shown_there_and_follows_the_list() {
    let stage = Stage::set();
    let _native = play_asking(
        &stage.lab,
        "Native",
        &stage.game,
        "target.object = mixd-aux",
    );
    let args = ["--device", "mixd-aux"];
    let _pulse = stage.lab.play_pulse("Pulse", &stage.game, &args).unwrap();
    for name in ["Native", "Pulse"] {
        stage.lab.wait_for_route(name, "mixd-aux").unwrap();
        stage.wait_for_state(&format!("aux\tpinned\t{name}"));
        let said = stage.mixd.ctl(&["why", name]).unwrap();
        assert!(said.contains("asks for mixd-aux itself"), "{said}");
        stage.mixd.ctl(&["add-program", name]).unwrap();
        stage.wait_for_state(&format!("aux\trouted\t{name}"));
        stage.mixd.ctl(&["remove-program", name]).unwrap();
        stage.lab.wait_for_route(name, "mixd-default").unwrap();
        stage.wait_for_state(&format!("default\trouted\t{name}"));
    }
}

#[test]
fn a_move_in_a_mixer_is_the_users_until_he_moves_it_back_or_changes_the_list() {
    let stage = Stage::set();
    let _game = stage.lab.play_pulse("Game", &stage.game, &[]).unwrap();
    let _native = stage.lab.play_native("Native", &stage.game, &[]).unwrap();
    for name in ["Game", "Native"] {
        stage.lab.wait_for_route(name, "mixd-default").unwrap();
        stage.wait_for_state(&format!("default\trouted\t{name}"));
        for (sink, state, why) in [
            ("mixd-aux", "aux\tpinned", "moved to mixd-aux"),
            ("mixd-default", "default\trouted", ""),
            ("card-a", "default\tpinned", "sent to the default sink"),
            ("mixd-default", "default\trouted", ""),
            ("card-b", "default\tpinned", "sent to card-b"),
            ("mixd-aux", "aux\tpinned", "moved to mixd-aux"),
            ("card-a", "default\tpinned", "sent to the default sink"),
            ("mixd-aux", "aux\tpinned", "moved to mixd-aux"),
        ] {
            move_in_a_mixer(&stage, name, sink);
            stage.wait_for_state(&format!("{state}\t{name}"));
            stage.wait_for_why(name, why);
            // And there it stays.
            std::thread::sleep(Duration::from_millis(300));
            stage.lab.wait_for_route(name, sink).unwrap();
        }
        stage.mixd.ctl(&["add-program", name]).unwrap();
        stage.wait_for_state(&format!("aux\trouted\t{name}"));
        move_in_a_mixer(&stage, name, "card-a");
        stage.wait_for_state(&format!("aux\tpinned\t{name}"));
        stage.mixd.ctl(&["remove-program", name]).unwrap();
        stage.lab.wait_for_route(name, "mixd-default").unwrap();
        stage.wait_for_state(&format!("default\trouted\t{name}"));
    }
    // The sound follows the channel.
    stage.set_volume("-1");
    move_in_a_mixer(&stage, "Game", "mixd-aux");
    move_in_a_mixer(&stage, "Native", "mixd-aux");
    let heard = stage.lab.listen("card-a", Duration::from_secs(1)).unwrap();
    assert_eq!(heard.loud_samples(), [0, 0]);
}

#[test]
fn what_is_contested_ends_when_the_stream_is_put_back_or_the_list_changes() {
    let stage = Stage::set();
    let _game = stage.lab.play_native("Game", &stage.game, &[]).unwrap();
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    let game = stream(&stage, "Game");
    let contest = |channel: &str| {
        for _ in 0..2 {
            let has_key = || {
                let metadata = stage.lab.metadata()?;
                let key = format!("id:{game} key:'target.object'");
                Ok(metadata.contains(&key).then_some(()))
            };
            wait_for("mixd's choice", TIMEOUT, has_key).unwrap();
            set_key(&stage.lab, game, "target.object", None);
            std::thread::sleep(Duration::from_millis(300));
        }
        stage.wait_for_state(&format!("{channel}\tcontested\tGame"));
        stage.lab.wait_for_route("Game", "card-a").unwrap();
    };
    contest("default");
    let ours = number(&stage.lab, "mixd-default", "object.serial").to_string();
    set_key(&stage.lab, game, "target.object", Some(&ours));
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.wait_for_state("default\trouted\tGame");
    contest("default");
    stage.mixd.ctl(&["add-program", "Game"]).unwrap();
    stage.lab.wait_for_route("Game", "mixd-aux").unwrap();
    stage.wait_for_state("aux\trouted\tGame");
    contest("aux");
    stage.mixd.ctl(&["remove-program", "Game"]).unwrap();
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.wait_for_state("default\trouted\tGame");
    let heard = stage.lab.listen("card-a", Duration::from_secs(2)).unwrap();
    let level = heard.without_start(5).steady_level(GAME);
    assert!(level.iter().all(|level| *level > -13.0), "{level:?}");
    let level = heard.steady_level(DISCORD);
    assert!(level.iter().all(|level| *level < -60.0), "{level:?}");
}
