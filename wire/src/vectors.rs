//! One example of every message, as a whole frame: the golden vectors in `wire/vectors/`, the
//! hexdumps in PROTOCOL.md and the fuzzer's seeds are all made from this table.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;

use crate::codec;
use crate::frame::{self, HEADER, Header, Kind, MAX_REPLY};
use crate::message::{NodeName, Pattern};
use crate::{
    Audio, Channel, ErrorCode, Event, Failure, Gain, Hello, Mix, PROTOCOL, PipeWireState, Reply,
    Request, Shift, Status, Stream, StreamState, Text, Topic, Volume, Welcome,
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

    /// What it says, on a line: kind, id, and the body in CBOR's diagnostic notation (RFC 8949
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

    /// The frame in hexadecimal, 16 bytes a line, the header on a line of its own.
    pub fn hex(&self) -> String {
        let (header, body) = self.frame.split_at(HEADER);
        let mut text = String::new();
        for line in std::iter::once(header).chain(body.chunks(16)) {
            let bytes: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", bytes.join(" "));
        }
        text
    }

    /// The content of its file.
    pub fn file(&self) -> String {
        format!("# {}\n{}", self.readable(), self.hex())
    }
}

/// One vector of every message.
pub fn all() -> Vec<Vector> {
    let request = |name, id, request: &Request| Vector::new(name, Kind::Request, id, request);
    let reply = |name, id, reply: &Reply| Vector::new(name, Kind::Reply, id, reply);
    let event = |name, event: &Event| Vector::new(name, Kind::Event, 0, event);
    let hello = Hello {
        client: Text::truncated("bar 1.0"),
        protocol: PROTOCOL,
    };
    let welcome = Welcome {
        daemon: Text::truncated("mixd 0.1.0"),
        protocol: PROTOCOL,
    };
    let failure = Failure::new(ErrorCode::Refused, "failed, as asked");
    let topics = [Topic::Volume, Topic::Programs, Topic::Streams]
        .into_iter()
        .collect();
    let discord = Pattern::truncated("Discord");
    let programs = || Cow::Owned(vec![discord]);
    let status = Status {
        mix: mix(),
        audio: Cow::Owned(audio()),
        programs: programs(),
    };
    let volume = Volume::try_from(-250_000).unwrap_or_default();
    let shift = Shift::try_from(100_000).unwrap_or_default();
    vec![
        Vector::new("hello", Kind::Hello, 0, &hello),
        Vector::new("welcome", Kind::Welcome, 0, &welcome),
        request("request-get-volume", 1, &Request::GetVolume),
        reply("reply-mix", 1, &Reply::Mix(mix())),
        request("request-set-volume", 2, &Request::SetVolume(volume)),
        request("request-shift-volume", 3, &Request::ShiftVolume(shift)),
        request("request-list-programs", 4, &Request::ListPrograms),
        reply("reply-programs", 4, &Reply::Programs(programs())),
        request("request-add-program", 5, &Request::AddProgram(discord)),
        reply("reply-done", 5, &Reply::Done),
        request(
            "request-remove-program",
            6,
            &Request::RemoveProgram(discord),
        ),
        request("request-get-status", 7, &Request::GetStatus),
        reply("reply-status", 7, &Reply::Status(status)),
        request("request-subscribe", 8, &Request::Subscribe(topics)),
        event("event-volume", &Event::Volume(mix())),
        event("event-programs", &Event::Programs(programs())),
        event("event-streams", &Event::Streams(Cow::Owned(audio()))),
        request("request-fail", 9, &Request::Fail(ErrorCode::Refused)),
        Vector::new("error", Kind::Error, 9, &failure),
    ]
}

fn mix() -> Mix {
    Mix {
        aux: Gain::try_from(750_000).unwrap_or_default(),
        volume: Volume::try_from(-250_000).unwrap_or_default(),
        default: Gain::FULL,
    }
}

fn audio() -> Audio {
    let stream = Stream {
        id: 71,
        name: NodeName::truncated("Discord"),
        rival: None,
        state: StreamState::Routed,
        channel: Channel::Aux,
    };
    Audio {
        output: Some(NodeName::truncated("card-a")),
        omitted: 0,
        streams: vec![stream],
        pipewire: PipeWireState::Up,
        warnings: Vec::new(),
    }
}
