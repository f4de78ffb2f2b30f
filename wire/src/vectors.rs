//! One example of every message, as a whole frame: the golden vectors in `wire/vectors/`, the
//! hexdumps in PROTOCOL.md and the fuzzer's seeds are all made from this table.

pub mod exchanges;
pub mod session;

use std::borrow::Cow;

use serde::Serialize;

use crate::codec;
use crate::frame::{self, HEADER, Header, Kind, MAX_REPLY};
use crate::message::{ClientName, Key, NodeName, Pattern, Replacement, Sentence};
use crate::{
    Audio, Change, Channel, Curve, Diagnosis, ErrorCode, Event, Failure, Gain, Hello, Holder, Mix,
    Move, Output, OutputChoice, Outputs, PROTOCOL, PipeWireState, Property, Reason, Reply, Request,
    Rule, Settings, Shift, Sink, SinkList, SinkUser, Snap, Source, Status, Stream, StreamDetail,
    StreamState, Text, Topics, Volume, Warning, Welcome,
};

/// A message as the bytes that carry it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// The name of its file: the kind, and the message where the kind has several.
    pub name: &'static str,
    /// The whole frame.
    pub frame: Vec<u8>,
}

impl Vector {
    fn new(name: &'static str, kind: Kind, id: u32, message: &impl Serialize) -> Self {
        let mut body = vec![0; MAX_REPLY];
        let length = codec::encode(message, &mut body).unwrap_or(0);
        body.truncate(length);
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        let header = Header { length, kind, id }.to_bytes();
        Self {
            name,
            frame: [&header[..], &body].concat(),
        }
    }

    /// The body alone.
    pub fn body(&self) -> &[u8] {
        &self.frame[HEADER..]
    }

    /// Returns the frame on a line: kind, id, and the body in CBOR's diagnostic notation (RFC 8949
    /// section 8).
    pub fn readable(&self) -> String {
        match frame::parse(&self.frame, MAX_REPLY) {
            Ok(Some((frame, _))) => {
                format!(
                    "{:?} {} {}",
                    frame.kind,
                    frame.id,
                    codec::diagnostic(frame.body)
                )
            }
            other => format!("no frame: {other:?}"),
        }
    }

    /// The content of its file.
    pub fn file(&self) -> String {
        format!("# {}\n{}", self.readable(), hex(&self.frame))
    }
}

/// Returns a frame in hexadecimal, 16 bytes a line, the header on a line of its own.
fn hex(frame: &[u8]) -> String {
    let (header, body) = frame.split_at(HEADER.min(frame.len()));
    let mut text = String::new();
    for line in std::iter::once(header).chain(body.chunks(16)) {
        let bytes: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        text += &format!("{}\n", bytes.join(" "));
    }
    text
}

/// Returns the files in `wire/vectors/` that are made from the tables: their names there, and what is in them.
pub fn files() -> Vec<(String, String)> {
    let good = all().into_iter();
    let good = good.map(|vector| (format!("{}.hex", vector.name), vector.file()));
    let mut files: Vec<_> = good.collect();
    files.push(("session.txt".to_owned(), session::file()));
    for (folder, exchanges) in [
        ("reject", exchanges::rejected()),
        ("limits", exchanges::at_limits()),
    ] {
        let exchanges = exchanges.iter();
        files.extend(exchanges.map(|one| (format!("{folder}/{}.hex", one.name), one.file())));
    }
    files
}

/// One vector of every message.
pub fn all() -> Vec<Vector> {
    let event = |name, event: &Event| Vector::new(name, Kind::Event, 0, event);
    let hello = Hello {
        client: Text::truncated("bar 1.0"),
        protocol: PROTOCOL,
    };
    let welcome = Welcome::new("mixd 0.1.0");
    let failure = Failure::new(ErrorCode::Refused, "failed, as asked");
    let topics = Topics::all();
    let status = Status {
        mix: mix(),
        audio: Cow::Owned(audio()),
        programs: programs(),
        settings: Cow::Owned(settings()),
    };
    let volume = Volume::try_from(-250_000).unwrap_or_default();
    let shift = Shift::try_from(100_000).unwrap_or_default();
    let volume_and_hello = vec![
        Vector::new("hello", Kind::Hello, 0, &hello),
        Vector::new("welcome", Kind::Welcome, 0, &welcome),
        request("request-get-volume", 1, &Request::GetVolume),
        reply("reply-mix", 1, &Reply::Mix(mix())),
        request("request-set-volume", 2, &Request::SetVolume(volume)),
        request("request-shift-volume", 3, &Request::ShiftVolume(shift)),
        request("request-toggle-volume", 4, &Request::ToggleVolume),
        request("request-hold-volume", 5, &Request::HoldVolume(volume)),
    ];
    let others = vec![
        request("request-get-stream", 12, &Request::GetStream(71)),
        reply("reply-stream", 12, &Reply::Stream(Box::new(detail()))),
        request("request-get-status", 13, &Request::GetStatus),
        reply("reply-status", 13, &Reply::Status(status)),
        request("request-diagnose", 14, &Request::Diagnose),
        reply("reply-diagnosis", 14, &Reply::Diagnosis(diagnosis())),
        request("request-reload", 17, &Request::Reload),
        request("request-subscribe", 15, &Request::Subscribe(topics)),
        event("event-volume", &Event::Volume(mix())),
        event("event-programs", &Event::Programs(programs())),
        event("event-streams", &Event::Streams(Cow::Owned(audio()))),
        event(
            "event-streams-warned",
            &Event::Streams(Cow::Owned(warned())),
        ),
        event(
            "event-settings",
            &Event::Settings(Cow::Owned(Settings {
                problem: Some(
                    "mixd.conf:7: unknown directive 'curv', did you mean 'curve'?".into(),
                ),
                ..settings()
            })),
        ),
        request("request-fail", 16, &Request::Fail(ErrorCode::Refused)),
        Vector::new("error", Kind::Error, 16, &failure),
        Vector::new("error-reason", Kind::Error, 9, &not_listed()),
        Vector::new("error-version", Kind::Error, 0, &version()),
        Vector::new("error-busy", Kind::Error, 0, &busy()),
    ];
    [volume_and_hello, about_the_list(), others].concat()
}

fn request(name: &'static str, id: u32, request: &Request) -> Vector {
    Vector::new(name, Kind::Request, id, request)
}

fn reply(name: &'static str, id: u32, reply: &Reply) -> Vector {
    Vector::new(name, Kind::Reply, id, reply)
}

fn discord() -> Pattern {
    Pattern::truncated("Discord")
}

fn ardour() -> Pattern {
    Pattern::truncated("Ardour*")
}

fn programs() -> Cow<'static, [Rule]> {
    Cow::Owned(vec![Rule::Ignore(ardour()), Rule::Program(discord())])
}

/// The requests that concern the program list and the outputs, and their replies.
fn about_the_list() -> Vec<Vector> {
    let (discord, ardour) = (discord(), ardour());
    let replacement = Replacement {
        new: Text::truncated("Discord*"),
        old: discord,
    };
    let change = Change {
        text: "Discord plays through aux: added program Discord".into(),
        added: vec![Rule::Program(discord)],
        omitted: 0,
        removed: Vec::new(),
        unsaved: None,
    };
    let to_aux = Move {
        id: 71,
        channel: Channel::Aux,
    };
    let to_headset = OutputChoice {
        sink: Some(Pattern::truncated("headset*")),
        channel: Some(Channel::Aux),
    };
    let unsaved = "rename mixd.conf: read-only file system".into();
    vec![
        request("request-list-programs", 6, &Request::ListPrograms),
        reply("reply-programs", 6, &Reply::Programs(programs())),
        request("request-add-program", 7, &Request::AddProgram(discord)),
        reply("reply-done", 7, &Reply::Done),
        request(
            "request-remove-program",
            8,
            &Request::RemoveProgram(discord),
        ),
        reply("reply-unsaved", 8, &Reply::Unsaved(unsaved)),
        request(
            "request-replace-program",
            9,
            &Request::ReplaceProgram(replacement),
        ),
        request(
            "request-ignore-program",
            18,
            &Request::IgnoreProgram(ardour),
        ),
        request("request-move-stream", 19, &Request::MoveStream(to_aux)),
        reply("reply-changed", 19, &Reply::Changed(change)),
        request("request-undo", 20, &Request::Undo),
        request("request-redo", 21, &Request::Redo),
        request("request-list-sinks", 24, &Request::ListSinks),
        reply("reply-sinks", 24, &Reply::Sinks(sinks())),
        request("request-set-output", 25, &Request::SetOutput(to_headset)),
        request(
            "request-try-add-program",
            10,
            &Request::TryAddProgram(discord),
        ),
        reply("reply-streams", 10, &Reply::Streams(vec![stream()].into())),
        request(
            "request-try-remove-program",
            11,
            &Request::TryRemoveProgram(discord),
        ),
        request(
            "request-try-ignore-program",
            22,
            &Request::TryIgnoreProgram(ardour),
        ),
        request(
            "request-try-move-stream",
            23,
            &Request::TryMoveStream(to_aux),
        ),
    ]
}

fn not_listed() -> Failure {
    let message = "'Spotify' is not on the program list; 'mixctl list-programs' prints it";
    Failure::refused(Reason::NotListed, message)
}

fn version() -> Failure {
    Failure {
        max: Some(PROTOCOL),
        min: Some(PROTOCOL),
        ..Failure::new(
            ErrorCode::Version,
            "bar 2.0 speaks protocol 2, this mixd 1; install both from one version",
        )
    }
}

fn busy() -> Failure {
    let holder = |pid, name, places| Holder {
        pid: Some(pid),
        name: Some(NodeName::truncated(name)),
        places,
    };
    let message = "mixd is busy: all 32 places for clients are taken, 17 by waybar (pid 812 and \
                   others), 15 by mixctl (pid 977); end one and try again";
    Failure {
        holders: vec![
            holder(812, "waybar", 16),
            holder(977, "mixctl", 15),
            holder(4711, "waybar", 1),
        ],
        ..Failure::new(ErrorCode::Busy, message).because(Reason::TableFull)
    }
}

fn mix() -> Mix {
    Mix {
        aux: Gain::try_from(750_000).unwrap_or_default(),
        volume: Volume::try_from(-250_000).unwrap_or_default(),
        default: Gain::FULL,
    }
}

fn stream() -> Stream {
    Stream {
        id: 71,
        pid: Some(4711),
        name: NodeName::truncated("Discord"),
        rule: Some(Pattern::truncated("Discord")),
        state: StreamState::Routed,
        binary: Some(NodeName::truncated("Discord")),
        channel: Channel::Aux,
        process: Some(NodeName::truncated("Discord")),
        running: true,
        linked_by: None,
        description: Some(NodeName::truncated("Voice")),
    }
}

fn output(name: &str, description: &str) -> Output {
    Output {
        name: NodeName::truncated(name),
        description: Some(NodeName::truncated(description)),
    }
}

fn sinks() -> SinkList {
    let Outputs { aux, default } = *audio().outputs;
    let line = |text| Some(Sentence::truncated(text));
    let users = [
        (aux, line("output aux headset*"), Channel::Aux),
        (default, None, Channel::Default),
    ];
    let sinks = users.into_iter().filter_map(|(output, line, channel)| {
        let Output { name, description } = output?;
        Some(Sink {
            name,
            users: vec![SinkUser { line, channel }],
            description,
        })
    });
    SinkList {
        sinks: sinks.collect(),
        omitted: 0,
    }
}

fn audio() -> Audio {
    Audio {
        omitted: 0,
        outputs: Box::new(Outputs {
            aux: Some(output("bluez_output.00_11_22_33_44_55.1", "Headset")),
            default: Some(output(
                "alsa_output.pci-0000_00_1f.3.analog-stereo",
                "Speakers",
            )),
        }),
        streams: vec![stream()],
        pipewire: PipeWireState::Up,
        warnings: Vec::new(),
    }
}

fn warned() -> Audio {
    Audio {
        warnings: vec![Warning::LeadsBack(NodeName::truncated("combined"))],
        ..audio()
    }
}

fn detail() -> StreamDetail {
    StreamDetail {
        key: Some(Key::truncated("application.name")),
        reason: None,
        stream: stream(),
        omitted: 0,
        properties: vec![Property {
            key: Key::truncated("application.name"),
            value: Sentence::truncated("Discord"),
            source: Source::Node,
        }],
        suggestion: Some(Pattern::truncated("Discord")),
    }
}

fn settings() -> Settings {
    Settings {
        file: Some("/home/user/.config/mixd/mixd.conf".into()),
        snap: Snap::default(),
        curve: Curve::Linear,
        problem: None,
    }
}

fn diagnosis() -> Diagnosis {
    Diagnosis {
        sinks: vec![
            NodeName::truncated("mixd-default"),
            NodeName::truncated("mixd-aux"),
        ],
        stale: 0,
        manager: Some(ClientName::truncated("WirePlumber")),
        pipewire: Some(ClientName::truncated("1.4.2")),
        unsaved_list: Some("write /etc/mixd.conf: read-only file system".into()),
        unsaved_volume: None,
    }
}
