//! Programs that all say they are Chromium, told apart by their files, on a real PipeWire.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::mixd::Mixd;
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};
use wire::{Channel, Reply, Request, Source, Stream, StreamState};

use crate::stage::{self, Stage, tones};

/// How a program reaches PipeWire.
#[derive(Clone, Copy, Debug)]
enum Api {
    Native,
    Pulse,
}

/// A copy of the player under another name.
fn copy(lab: &Lab, api: Api, name: &str) -> PathBuf {
    let original = match api {
        Api::Native => "pw-cat",
        Api::Pulse => "pacat",
    };
    let found = lab.output("sh", &["-c", &format!("command -v {original}")]);
    let copy = lab.path(name);
    fs::copy(found.unwrap().trim(), &copy).unwrap();
    copy
}

/// Plays as a program that says it is Chromium.
fn play(lab: &Lab, api: Api, program: &Path, file: &Path) -> Process {
    let mut command = lab.command(program);
    match api {
        Api::Native => {
            command.env("PIPEWIRE_PROPS", "{ application.name = Chromium }");
            command.arg("--playback").arg(file);
        }
        Api::Pulse => {
            command.args(["--playback", "--file-format=wav", "--client-name=Chromium"]);
            command.arg(file);
        }
    }
    Process::start(&mut command).unwrap()
}

fn streams(mixd: &Mixd) -> Vec<Stream> {
    let mut client = mixd.connect().unwrap();
    match client.request(&Request::GetStatus).unwrap() {
        Reply::Status(status) => status.audio.streams.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_name_that_is_typed_as_it_is_shown_matches() {
    let stage = Stage::set();
    let long = "Wine ".repeat(40);
    for name in [
        " outside ",
        "\u{a0}no break\u{a0}",
        "Game [beta] *",
        "a=b",
        &long,
    ] {
        let player = stage.lab.play_native(name, &stage.game, &[]).unwrap();
        stage.lab.wait_for_route(name, "mixd-default").unwrap();
        let shown = || Ok(streams(&stage.mixd).first().map(|stream| stream.name));
        let shown = wait_for("the stream", TIMEOUT, shown).unwrap();
        for (verb, sink) in [
            ("add-program", "mixd-aux"),
            ("remove-program", "mixd-default"),
        ] {
            stage.mixd.ctl(&[verb, "--", &shown]).unwrap();
            if let Err(error) = stage.lab.wait_for_route(name, sink) {
                panic!("{verb} {shown:?}: {error}");
            }
        }
        drop(player);
        let gone = || Ok(streams(&stage.mixd).is_empty().then_some(()));
        wait_for("its end", TIMEOUT, gone).unwrap();
    }
}

/// The stream of the program of this file name, once it plays through its channel.
fn routed(mixd: &Mixd, binary: &str) -> Stream {
    let found = || {
        let mut streams = streams(mixd).into_iter();
        Ok(streams.find(|stream| {
            stream.binary.as_deref() == Some(binary) && stream.state == StreamState::Routed
        }))
    };
    wait_for(&format!("{binary}'s stream"), TIMEOUT, found).unwrap()
}

fn gone(mixd: &Mixd) {
    let none = || Ok(streams(mixd).is_empty().then_some(()));
    wait_for("the players' end", TIMEOUT, none).unwrap();
}

#[test]
fn two_programs_that_say_the_same_go_to_different_channels_by_their_files() {
    let lab = Lab::start().unwrap();
    let (low, high) = tones(&lab);
    let mixd = Mixd::start(&lab, &stage::mixd_program()).unwrap();
    mixd.ctl(&["add-program", "application.process.binary=discord-*"])
        .unwrap();
    mixd.ctl(&["set-volume", "-1"]).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    let apis = [Api::Native, Api::Pulse];
    let browsers = apis.map(|api| copy(&lab, api, &format!("browser-{api:?}")));
    let discords = apis.map(|api| copy(&lab, api, &format!("discord-{api:?}")));
    // Before the browser has played: by its name, WirePlumber from 0.5 on would send Discord to where that
    // was, until mixd has asked again.
    for (api, discord) in apis.into_iter().zip(&discords) {
        for start in 0..3 {
            let recorder = lab.record("card-a").unwrap();
            let player = play(&lab, api, discord, &high);
            let stream = routed(&mixd, &format!("discord-{api:?}"));
            assert_eq!((&*stream.name, stream.channel), ("Chromium", Channel::Aux));
            assert_eq!(stream.pid, Some(player.pid()));
            std::thread::sleep(Duration::from_millis(500));
            let loud = recorder.stop().unwrap().loud_samples();
            println!("{api:?} start {start}: loud {loud:?}");
            assert_eq!(loud, [0, 0], "the silenced one is heard: {}", mixd.log());
            drop(player);
            gone(&mixd);
        }
    }
    for ((api, browser), discord) in apis.into_iter().zip(&browsers).zip(&discords) {
        let players = [
            play(&lab, api, discord, &high),
            play(&lab, api, browser, &low),
        ];
        let discord = routed(&mixd, &format!("discord-{api:?}"));
        let browser = routed(&mixd, &format!("browser-{api:?}"));
        assert_eq!(
            (discord.channel, browser.channel),
            (Channel::Aux, Channel::Default)
        );
        assert_eq!(browser.rule, None);
        // A stream that is linked may yet wait for its program's first samples.
        wait_for("the browser's sound", TIMEOUT, || {
            let heard = lab.listen("card-a", Duration::from_millis(700))?;
            let heard = heard.without_start(2);
            let levels = [stage::GAME, stage::DISCORD].map(|tone| heard.steady_level(tone)[0]);
            println!(
                "{api:?}: browser {:.1} dB, discord {:.1} dB",
                levels[0], levels[1]
            );
            assert!(levels[1] < -80.0, "discord is not heard");
            Ok((levels[0] > -13.0).then_some(()))
        })
        .unwrap();
        drop(players);
        gone(&mixd);
    }
}

#[test]
fn a_program_behind_a_loader_is_told_by_its_process() {
    let stage = Stage::set();
    stage.mixd.ctl(&["add-program", "comm=game.exe"]).unwrap();
    let game = copy(&stage.lab, Api::Native, "Game.exe");
    let mut command = stage.lab.command(&game);
    command.env(
        "PIPEWIRE_PROPS",
        "{ application.name = \"audio stream\" application.process.binary = wine64-preloader }",
    );
    let player = Process::start(command.arg("--playback").arg(&stage.game)).unwrap();
    let stream = routed(&stage.mixd, "wine64-preloader");
    assert_eq!(stream.channel, Channel::Aux);
    assert_eq!(stream.rule.as_deref(), Some("comm=game.exe"));
    let mut client = stage.mixd.connect().unwrap();
    let Reply::Stream(detail) = client.request(&Request::GetStream(stream.id)).unwrap() else {
        panic!("no detail");
    };
    assert_eq!(detail.key.as_deref(), Some("comm"));
    let of_process = detail
        .properties
        .iter()
        .filter(|found| found.source == Source::Process);
    let of_process: Vec<(&str, &str)> = of_process
        .map(|found| (&*found.key, &*found.value))
        .collect();
    assert_eq!(of_process, [("comm", "Game.exe"), ("exe", "Game.exe")]);
    assert_eq!(detail.stream.pid, Some(player.pid()));
}

#[test]
fn any_property_can_decide_and_a_dry_run_says_what_would_move() {
    let stage = Stage::set();
    let _players = stage.play_both();
    let mut client = stage.mixd.connect().unwrap();
    let pattern = |text: &str| text.parse().unwrap();
    let mut moved = |request: Request| match client.request(&request).unwrap() {
        Reply::Streams(list) => list
            .streams
            .iter()
            .map(|stream| (stream.name.to_string(), stream.channel))
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let music = Request::TryAddProgram(pattern("media.role=music"));
    assert_eq!(moved(music), [("Game".to_owned(), Channel::Aux)]);
    let none = Request::TryAddProgram(pattern("media.role=movie"));
    assert_eq!(moved(none), []);
    let discord = Request::TryRemoveProgram(pattern("discord"));
    assert_eq!(moved(discord), [("Discord".to_owned(), Channel::Default)]);
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage
        .mixd
        .ctl(&["add-program", "media.role=music"])
        .unwrap();
    stage.lab.wait_for_route("Game", "mixd-aux").unwrap();
}
