//! Moments of the window: how it came to look so, told in messages.
#![allow(clippy::unwrap_used, dead_code)]

use std::borrow::Cow;

use ab_glyph::FontRef;
use mixview::font::Fonts;
use mixview::model::{Dragged, Key, LinkError, Message, Model, Modifiers, Target};
use wire::message::{Change, Rule};
use wire::{
    Audio, Channel, ErrorCode, Event, Failure, Mix, Output, Outputs, PipeWireState, Reply,
    Settings, Stream, StreamDetail, StreamState, Text, Volume, Warning, Welcome,
};

/// The fonts of a system with three, for Georgian, Hebrew and emoji, of which nothing is in the binary.
pub fn fonts() -> Fonts {
    let mut fonts = Fonts::new().unwrap();
    for bytes in [
        &include_bytes!("../font/Georgian.ttf")[..],
        include_bytes!("../font/Hebrew.ttf"),
        include_bytes!("../font/Emoji.ttf"),
    ] {
        fonts.add(FontRef::try_from_slice(bytes).unwrap());
    }
    fonts
}

pub struct Scene {
    pub name: &'static str,
    pub size: (u32, u32),
    pub scales: &'static [(f32, &'static str)],
    pub shades: &'static [&'static str],
    pub make: fn() -> Model,
}

const ONE: &[(f32, &str)] = &[(1.0, "")];
const ALL: &[(f32, &str)] = &[(1.0, ""), (1.5, "@1.5"), (2.0, "@2")];
const BOTH: &[&str] = &["dark", "light"];
const DARK: &[&str] = &["dark"];
const LIGHT: &[&str] = &["light"];
const USUAL: (u32, u32) = (480, 420);
const SMALL: (u32, u32) = (320, 240);

pub fn all() -> Vec<Scene> {
    let scene = |name, size, scales, shades, make| Scene {
        name,
        size,
        scales,
        shades,
        make,
    };
    vec![
        scene("typical", USUAL, ALL, BOTH, typical),
        scene("typical-small", SMALL, ALL, BOTH, typical),
        scene("typical-wide", (900, 360), ONE, DARK, typical),
        scene("typical-tall", (480, 640), ONE, BOTH, typical),
        scene("typical-low", (480, 210), ONE, DARK, typical),
        scene("slider", (480, 120), ONE, BOTH, typical),
        scene("empty", USUAL, ALL, BOTH, empty),
        scene("empty-small", SMALL, ONE, BOTH, empty),
        scene("first-drag", USUAL, ONE, BOTH, first_drag),
        scene("forty", USUAL, ALL, BOTH, forty),
        scene("forty-programs", USUAL, ALL, BOTH, forty_programs),
        scene("forty-wide", (1200, 700), ONE, DARK, forty_programs),
        scene("long-names", USUAL, ALL, BOTH, long_names),
        scene("long-names-small", SMALL, ONE, DARK, long_names),
        scene("scripts", USUAL, ALL, BOTH, scripts),
        scene("badges", USUAL, ALL, BOTH, badges),
        scene("programs", USUAL, ALL, BOTH, programs),
        scene("programs-small", SMALL, ONE, BOTH, programs),
        scene("muted", USUAL, ALL, BOTH, muted),
        scene("badge-reason", USUAL, ALL, BOTH, badge_reason),
        scene("badge-reason-small", SMALL, ONE, DARK, badge_reason),
        scene("ignored", USUAL, ONE, BOTH, ignored),
        scene("ignored-small", SMALL, ONE, DARK, ignored),
        scene("carrying", USUAL, ALL, BOTH, carrying),
        scene("offers", USUAL, ALL, BOTH, offers),
        scene("offers-small", SMALL, ONE, LIGHT, offers),
        scene("offers-many", USUAL, ONE, DARK, offers_many),
        scene("typing", USUAL, ONE, DARK, typing),
        scene("combo", USUAL, ONE, BOTH, combo),
        scene("added", USUAL, ONE, DARK, added),
        scene("composing", USUAL, ONE, LIGHT, composing),
        scene("editing", USUAL, ALL, BOTH, editing),
        scene("value", USUAL, ALL, BOTH, value),
        scene("value-small", SMALL, ONE, DARK, value),
        scene("refused", USUAL, ALL, BOTH, refused),
        scene("undo", USUAL, ALL, BOTH, undo),
        scene("undone", USUAL, ONE, BOTH, undone),
        scene("alarm-long", USUAL, ONE, LIGHT, alarm_long),
        scene("alarm-small", SMALL, ALL, BOTH, own_default),
        scene("undo-alarm", USUAL, ONE, DARK, undo_alarm),
        scene("focus", USUAL, ALL, BOTH, focus),
        scene("help", USUAL, ALL, BOTH, help),
        scene("help-small", SMALL, ONE, DARK, help),
        scene("lost", USUAL, ALL, BOTH, lost),
        scene("stopped", USUAL, ONE, LIGHT, stopped),
        scene("lost-small", SMALL, ONE, DARK, lost),
        scene("no-pipewire", USUAL, ALL, BOTH, no_pipewire),
        scene("config-error", USUAL, ALL, BOTH, config_error),
        scene("own-default", USUAL, ONE, DARK, own_default),
        scene("ends", USUAL, ONE, DARK, ends),
    ]
}

pub fn stream(id: u32, name: &str, rule: Option<&str>) -> Stream {
    Stream {
        id,
        pid: Some(4000 + id),
        name: Text::truncated(name),
        rule: rule.map(Text::truncated),
        state: StreamState::Routed,
        binary: Some(Text::truncated(&name.to_lowercase())),
        channel: match rule {
            Some(_) => Channel::Aux,
            None => Channel::Default,
        },
        process: None,
        running: true,
        linked_by: None,
        description: None,
    }
}

pub fn mix(volume: &str) -> Mix {
    let volume: Volume = volume.parse().unwrap();
    let gain = |away: i32| {
        u32::try_from(1_000_000 - away.max(0))
            .unwrap()
            .try_into()
            .unwrap()
    };
    Mix {
        aux: gain(-volume.millionths()),
        volume,
        default: gain(volume.millionths()),
    }
}

/// Both channels play to the sink of this name.
fn both(name: &str) -> Box<Outputs> {
    let output = Some(Output {
        name: Text::truncated(name),
        description: Some(Text::truncated("Built-in Audio Analog Stereo")),
    });
    let (aux, default) = (output, output);
    Box::new(Outputs { aux, default })
}

pub fn audio(streams: Vec<Stream>) -> Audio {
    Audio {
        omitted: 0,
        outputs: both("alsa_output.pci-0000_00_1f.3.analog-stereo"),
        streams,
        pipewire: PipeWireState::Up,
        warnings: Vec::new(),
    }
}

/// A window with all that mixd has said; of the list, what is ignored stands behind a `!`.
pub fn shown(volume: &str, programs: &[&str], audio: Audio) -> Model {
    let mut model = Model::default();
    model.update(Message::Connected(Welcome::new("mixd")));
    model.update(Message::Reply(Ok(Reply::Done)));
    model.update(Message::Event(Event::Volume(mix(volume))));
    model.update(listed(programs));
    model.update(Message::Event(Event::Streams(Cow::Owned(audio))));
    model.update(Message::Event(Event::Settings(Cow::Owned(
        Settings::default(),
    ))));
    model
}

/// The list, as mixd says it.
fn listed(programs: &[&str]) -> Message {
    let rules = programs.iter().map(|text| match text.strip_prefix('!') {
        Some(ignored) => Rule::Ignore(Text::truncated(ignored)),
        None => Rule::Program(Text::truncated(text)),
    });
    Message::Event(Event::Programs(rules.collect()))
}

pub fn detail(stream: Stream, reason: Option<&str>, suggestion: Option<&str>) -> Reply<'static> {
    Reply::Stream(Box::new(StreamDetail {
        key: None,
        reason: reason.map(Text::truncated),
        stream,
        omitted: 0,
        properties: Vec::new(),
        suggestion: suggestion.map(Text::truncated),
    }))
}

pub fn evening() -> Vec<Stream> {
    let mut game = stream(63, "Hollow Knight", None);
    game.binary = Some(Text::truncated("wine64-preloader"));
    let mut chat = stream(
        71,
        "WEBRTC VoiceEngine",
        Some("application.process.binary=discord*"),
    );
    chat.binary = Some(Text::truncated("discord-canary"));
    vec![
        stream(58, "Firefox", None),
        game,
        chat,
        stream(80, "Spotify", Some("spotify")),
    ]
}

const EVENING: [&str; 3] = [
    "application.process.binary=discord*",
    "spotify",
    "media.role=Communication",
];

pub fn typical() -> Model {
    shown("-0.25", &EVENING, audio(evening()))
}

fn empty() -> Model {
    shown("0", &[], audio(Vec::new()))
}

fn forty() -> Model {
    let streams = (0..40).map(|at| {
        let rule = (at % 2 == 1).then_some("player*");
        stream(100 + at, &format!("Player {at}"), rule)
    });
    let patterns: Vec<String> = (0..40).map(|at| format!("pattern-{at}*")).collect();
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    let mut model = shown("0.5", &patterns, audio(streams.collect()));
    model.update(Message::Scroll(mixview::model::Pane::Patterns, 300.0));
    model.update(Message::Scroll(
        mixview::model::Pane::Streams(Channel::Aux),
        1e9,
    ));
    model
}

/// Forty programs and three patterns.
fn forty_programs() -> Model {
    let streams = (0..40).map(|at| {
        let rule = (at % 3 == 1).then_some("spotify");
        stream(100 + at, &format!("Player {at}"), rule)
    });
    shown("0.5", &EVENING, audio(streams.collect()))
}

/// The first program is about to be dropped where the window asks for one.
fn first_drag() -> Model {
    let mut model = shown("0", &[], audio(vec![stream(58, "Firefox", None)]));
    model.update(Message::Drag(Dragged {
        id: 58,
        x: 290.0,
        y: 180.0,
        channel: Channel::Aux,
    }));
    model
}

fn long_names() -> Model {
    let long = "A program whose name nobody has ever read to its end because it goes on and on and on, from here to there and then back";
    assert_eq!(long.len(), 119);
    let mut pinned = stream(2, long, Some(long));
    pinned.state = StreamState::Contested;
    let mut other = audio(vec![stream(1, long, None), pinned]);
    other.outputs = both(long);
    let mut model = shown("1", &[long, "short"], other);
    model.update(Message::Hover(Some(Target::Stream(1))));
    model
}

fn scripts() -> Model {
    let names = [
        "Музыкальный проигрыватель",
        "Αναπαραγωγή μουσικής",
        "Přehrávač Łódź",
        "音乐播放器",
        "ミュージック",
        "მუსიკა",
        "נגן (מוזיקה) 3",
        "Game 🎮😀",
    ];
    let mut at = 0;
    let streams = names.map(|name| {
        at += 1;
        stream(at, name, (at % 2 == 0).then_some("Μουσική"))
    });
    shown(
        "0.1",
        &["Μουσική", "Музыка*", "נגן*🎮"],
        audio(streams.to_vec()),
    )
}

fn badged() -> Model {
    let mut streams = evening();
    streams[0].state = StreamState::Pinned;
    streams[1].state = StreamState::Waiting;
    streams[2].state = StreamState::Contested;
    streams[2].linked_by = Some(Text::truncated("qpwgraph"));
    streams[3].state = StreamState::Pinned;
    shown("0.4", &EVENING, audio(streams))
}

/// Programs of several streams, and some that are paused.
fn programs() -> Model {
    let mut streams = evening();
    for (id, what) in [
        (101, Some("Lo-fi radio – beats to relax to")),
        (102, None),
        (103, Some("A talk about clocks")),
    ] {
        let mut tab = stream(id, "Chromium", None);
        tab.description = what.map(Text::truncated);
        streams.push(tab);
    }
    streams[0].running = false;
    streams[3].running = false;
    streams[5].running = false;
    streams[6].state = StreamState::Pinned;
    let reason = "it was moved to Headset in a mixer, so it is left there";
    let answer = detail(streams[6].clone(), Some(reason), None);
    let mut model = shown("0.4", &EVENING, audio(streams));
    model.update(Message::Hover(Some(Target::Stream(101))));
    model.update(Message::Reply(Ok(answer)));
    model
}

fn muted() -> Model {
    let mut audio = audio(evening());
    audio.warnings = vec![Warning::AuxMuted];
    audio.streams[1].state = StreamState::Contested;
    shown("0.4", &EVENING, audio)
}

fn badges() -> Model {
    badged()
}

fn badge_reason() -> Model {
    let mut model = badged();
    model.update(Message::Hover(Some(Target::Stream(71))));
    let mut chat = evening().remove(2);
    chat.state = StreamState::Contested;
    let reason = "qpwgraph has moved it away from its channel twice, so it is left alone; remove and add its pattern to try again";
    model.update(Message::Reply(Ok(detail(chat, Some(reason), None))));
    model
}

/// What the list says to leave alone, among what it sends.
fn ignored() -> Model {
    let mut streams = evening();
    let mut daw = stream(92, "Ardour", Some("ardour*"));
    daw.state = StreamState::Ignored;
    daw.channel = Channel::Default;
    daw.binary = Some(Text::truncated("ardour-8.4"));
    streams.push(daw.clone());
    let programs = ["!ardour*", "!soundboard", EVENING[0], EVENING[1]];
    let mut model = shown("0.2", &programs, audio(streams));
    model.update(Message::Hover(Some(Target::Stream(92))));
    let reason = "'ardour*' on the program list has it ignored; it is left as it is linked";
    model.update(Message::Reply(Ok(detail(daw, Some(reason), None))));
    for _ in 0..4 {
        model.update(Key::Tab.into());
    }
    model
}

fn carrying() -> Model {
    let mut model = typical();
    model.update(Message::Drag(Dragged {
        id: 58,
        x: 300.0,
        y: 150.0,
        channel: Channel::Aux,
    }));
    model
}

fn offers() -> Model {
    let mut model = typical();
    model.update(Message::Click(Target::Entry));
    model.update(Key::Down.into());
    model
}

/// Of what is typed, one program is offered, and the text itself.
fn combo() -> Model {
    let mut model = typical();
    model.update(Message::Click(Target::Entry));
    model.update(Message::Text("fire".into()));
    model.update(Message::Reply(Ok(Reply::Streams(Vec::new().into()))));
    model
}

/// The row of a pattern that was just added.
fn added() -> Model {
    let mut model = typical();
    model.update(Message::Click(Target::Entry));
    model.update(Message::Text("fire*".into()));
    model.update(Message::Reply(Ok(Reply::Streams(Vec::new().into()))));
    model.update(Key::Enter.into());
    model.update(Message::Reply(Ok(Reply::Done)));
    model.update(listed(&[EVENING[0], EVENING[1], EVENING[2], "fire*"]));
    model
}

fn typing() -> Model {
    let mut model = typical();
    model.update(Message::Click(Target::Entry));
    model.update(Message::Text("media.role = Game".into()));
    model.update(Message::Reply(Ok(Reply::Streams(
        vec![stream(63, "Hollow Knight", None)].into(),
    ))));
    let both = Modifiers {
        shift: true,
        control: true,
    };
    model.update(Message::Key(Key::Left, both));
    model
}

fn composing() -> Model {
    let mut model = typical();
    model.update(Message::Click(Target::Entry));
    model.update(Message::Text("Łódź ".into()));
    model.update(Message::Preedit("muzyka".into()));
    model
}

fn editing() -> Model {
    let mut model = typical();
    model.update(Message::Click(Target::StartEdit(Text::truncated(
        "spotify",
    ))));
    model.update(Key::End.into());
    model.update(Message::Text("*".into()));
    model
}

/// A volume that is being typed, while the pointer is over an end.
fn value() -> Model {
    let mut model = typical();
    model.update(Message::Hover(Some(Target::End(Channel::Aux))));
    model.update(Message::Click(Target::Value));
    model
}

fn refused() -> Model {
    let mut model = typical();
    model.update(Message::Click(Target::Entry));
    model.update(Message::Text("[discord".into()));
    let failure = || {
        let why = "the pattern '[discord' has a [ without its ]";
        Message::Reply(Err(Failure::new(ErrorCode::Refused, why)))
    };
    model.update(failure());
    model.update(Key::Enter.into());
    model.update(failure());
    model
}

fn undo() -> Model {
    let mut model = typical();
    model.update(Message::Click(Target::Delete(Text::truncated("spotify"))));
    model.update(Message::Reply(Ok(Reply::Done)));
    model.update(listed(&[EVENING[0], EVENING[2]]));
    let mut streams = evening();
    streams[3].rule = None;
    streams[3].channel = Channel::Default;
    model.update(Message::Event(Event::Streams(Cow::Owned(audio(streams)))));
    model
}

fn undone() -> Model {
    let mut model = undo();
    model.update(Message::Click(Target::Undo));
    model.update(Message::Reply(Ok(Reply::Changed(Change {
        added: vec![Rule::Program(Text::truncated("spotify"))],
        removed: Vec::new(),
        text: "took back the removal of spotify".into(),
        omitted: 0,
        unsaved: None,
    }))));
    model.update(listed(&EVENING));
    model.update(Message::Event(Event::Streams(Cow::Owned(audio(evening())))));
    model
}

/// An alarm of which the banner has only the start, pointed at.
fn alarm_long() -> Model {
    let mut model = typical();
    let problem = "mixd.conf:7: unknown directive 'curv', did you mean 'curve'? ".repeat(5);
    let settings = Settings {
        problem: Some(problem.trim().into()),
        ..Settings::default()
    };
    model.update(Message::Event(Event::Settings(Cow::Owned(settings))));
    model.update(Message::Hover(Some(Target::Alarm)));
    model
}

fn offers_many() -> Model {
    let streams = (0..20).map(|at| stream(at, &format!("Player {at}"), None));
    let mut model = shown("0", &EVENING, audio(streams.collect()));
    model.update(Message::Click(Target::Entry));
    for _ in 0..9 {
        model.update(Key::Down.into());
    }
    model
}

/// Something was done while something is wrong.
fn undo_alarm() -> Model {
    let mut model = undo();
    let settings = Settings {
        problem: Some("mixd.conf:7: unknown directive 'curv', did you mean 'curve'?".into()),
        ..Settings::default()
    };
    model.update(Message::Event(Event::Settings(Cow::Owned(settings))));
    for _ in 0..5 {
        model.update(Key::Tab.into());
    }
    for _ in 0..2 {
        model.update(Key::Left.into());
    }
    model
}

fn stopped() -> Model {
    let mut model = typical();
    model.update(Message::Disconnected(LinkError {
        title: "mixd does not answer",
        reason: "mixd has not answered within 2 s; is it stopped?".into(),
        command: None,
    }));
    model
}

fn focus() -> Model {
    let mut model = typical();
    for _ in 0..2 {
        model.update(Key::Tab.into());
    }
    model
}

fn help() -> Model {
    let mut model = typical();
    model.update(Message::Text("?".into()));
    model
}

fn lost() -> Model {
    let mut model = typical();
    model.update(Message::Disconnected(LinkError {
        title: "mixd is not there",
        reason: "connect @mixd-1000: connection refused".into(),
        command: Some("mixd".into()),
    }));
    model
}

fn no_pipewire() -> Model {
    let mut nothing = audio(Vec::new());
    nothing.pipewire = PipeWireState::Down;
    nothing.outputs = Box::default();
    shown("-0.25", &EVENING, nothing)
}

fn config_error() -> Model {
    let mut model = typical();
    let settings = Settings {
        problem: Some("mixd.conf:7: unknown directive 'curv', did you mean 'curve'?".into()),
        ..Settings::default()
    };
    model.update(Message::Event(Event::Settings(Cow::Owned(settings))));
    model
}

fn own_default() -> Model {
    let mut audio = audio(evening());
    audio.warnings = vec![Warning::OwnSinkIsDefault];
    shown("0", &EVENING, audio)
}

fn ends() -> Model {
    let mut model = shown("-1", &EVENING, audio(evening()));
    model.update(Message::Hover(Some(Target::Slider)));
    model.update(Key::Home.into());
    model
}
