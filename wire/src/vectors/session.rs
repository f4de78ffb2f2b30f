//! A whole session, annotated: `wire/vectors/session.txt` is made from this, and the daemon is held to it.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;

use super::{Vector, hex};
use crate::frame::Kind;
use crate::{
    Audio, Curve, ErrorCode, Event, Failure, Hello, Mix, Outputs, PROTOCOL, PipeWireState, Reply,
    Request, Settings, Text, Topic, Topics, Volume, Welcome,
};

/// The client, of the two that connect.
pub type Client = usize;

/// The configuration file that the daemon is started with. It is not there.
pub const CONFIG: &str = "/session/mixd.conf";

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A client, which connects if it has not yet, sends a frame.
    Sends(Client, Vec<u8>),
    /// A client reads a frame, exactly this.
    Reads(Client, Vec<u8>),
    /// A client shuts its side down: shutdown(2) with `SHUT_WR`.
    HalfCloses(Client),
    /// The daemon is asked to end, by SIGTERM.
    Terminates,
    /// A client reads the end of the stream.
    ReadsEnd(Client),
}

/// The steps, each with what there is to say of it.
struct Session(Vec<(Step, &'static str)>);

impl Session {
    fn sends(&mut self, client: Client, id: u32, request: &Request, why: &'static str) {
        let frame = frame(Kind::Request, id, request);
        self.0.push((Step::Sends(client, frame), why));
    }

    fn reads(
        &mut self,
        client: Client,
        kind: Kind,
        id: u32,
        message: &impl Serialize,
        why: &'static str,
    ) {
        let frame = frame(kind, id, message);
        self.0.push((Step::Reads(client, frame), why));
    }

    fn connects(&mut self, client: Client, name: &str, why: [&'static str; 2]) {
        let hello = Hello {
            client: Text::truncated(name),
            protocol: PROTOCOL,
        };
        let hello = frame(Kind::Hello, 1, &hello);
        self.0.push((Step::Sends(client, hello), why[0]));
        let welcome = Welcome::new(concat!("mixd ", env!("CARGO_PKG_VERSION")));
        self.reads(client, Kind::Welcome, 1, &welcome, why[1]);
    }

    /// A client that subscribes to the volume sets it.
    fn sets(&mut self, client: Client, id: u32, millionths: i32, why: [&'static str; 3]) {
        let mix = mix(millionths);
        self.sends(client, id, &Request::SetVolume(mix.volume), why[0]);
        self.reads(client, Kind::Reply, id, &Reply::Mix(mix), why[1]);
        self.reads(client, Kind::Event, 0, &Event::Volume(mix), why[2]);
    }
}

fn frame(kind: Kind, id: u32, message: &impl Serialize) -> Vec<u8> {
    Vector::new("", kind, id, message).frame
}

fn mix(millionths: i32) -> Mix {
    Curve::default().mix(Volume::try_from(millionths).unwrap_or_default())
}

/// Returns the steps, and what there is to say of each.
pub fn steps() -> Vec<(Step, &'static str)> {
    let mut session = Session(Vec::new());
    subscribe_and_set(&mut session);
    fall_behind(&mut session);
    end(&mut session);
    session.0
}

/// The first client subscribes, sets the volume, and asks for what the daemon does not know.
fn subscribe_and_set(session: &mut Session) {
    let welcome = "Welcome, with the id of the Hello: what this daemon knows. Requests could have been sent without \
         waiting for it.";
    let hello = "The first client connects and says Hello: a name for the daemon's log, and the number of the protocol.";
    session.connects(1, "bar 1.0", [hello, welcome]);
    let subscribe = Request::Subscribe(Topics::all());
    session.sends(1, 2, &subscribe, "It subscribes to all topics.");
    session.reads(1, Kind::Reply, 2, &Reply::Done, "The Reply comes first.");
    let audio = Audio {
        omitted: 0,
        outputs: Box::new(Outputs::default()),
        streams: Vec::new(),
        pipewire: PipeWireState::Off,
        warnings: Vec::new(),
    };
    let settings = Settings {
        file: Some(CONFIG.into()),
        ..Settings::default()
    };
    let events = [
        (
            Event::Volume(mix(0)),
            "Then at once an Event of each topic, in the order in which they were named. The id of an Event is 0.",
        ),
        (Event::Programs(Vec::new().into()), "No program is listed."),
        (
            Event::Streams(Cow::Owned(audio)),
            "There is no PipeWire here.",
        ),
        (
            Event::Settings(Cow::Owned(settings)),
            "The configuration file need not exist.",
        ),
    ];
    for (event, why) in &events {
        session.reads(1, Kind::Event, 0, event, why);
    }
    let why = [
        "It sets the volume to -0.25.",
        "The Reply has the volume and the gains as they are now.",
        "After the Reply comes the Event, as every subscriber gets it.",
    ];
    session.sets(1, 3, -250_000, why);
    let dance = frame(Kind::Request, 4, &"dance");
    let why = "It asks for what this daemon does not know.";
    session.0.push((Step::Sends(1, dance), why));
    let message = "this mixd does not know the request; is it older than the client?";
    let failure = Failure::new(ErrorCode::Unsupported, message);
    let why = "An Error with the id of the Request; the connection lives.";
    session.reads(1, Kind::Error, 4, &failure, why);
}

/// The first client reads nothing while a second one sets the volume.
fn fall_behind(session: &mut Session) {
    let why = [
        "A second client connects. From here on the first one reads nothing, and sends nothing.",
        "Ids are each connection's own.",
    ];
    session.connects(2, "knob 1.0", why);
    let topics = [Topic::Volume].into_iter().collect();
    let why = "It subscribes to the volume.";
    session.sends(2, 2, &Request::Subscribe(topics), why);
    session.reads(2, Kind::Reply, 2, &Reply::Done, "");
    session.reads(2, Kind::Event, 0, &Event::Volume(mix(-250_000)), "");
    let values = [100_000, 200_000, 300_000, 400_000, 500_000];
    for (id, value) in (3..).zip(values) {
        let first = if id == 3 {
            "It sets the volume five times, and reads what comes."
        } else {
            ""
        };
        session.sets(2, id, value, [first, "", ""]);
    }
    for (value, why) in [
        (
            100_000,
            "The first client reads again: this was sent when its socket was empty,",
        ),
        (200_000, "and this when it had room. Both are out of date."),
        (
            500_000,
            "The last Event is the newest. 0.3 and 0.4 were never sent: nothing queues.",
        ),
    ] {
        session.reads(1, Kind::Event, 0, &Event::Volume(mix(value)), why);
    }
}

/// The clients half-close, and the daemon ends.
fn end(session: &mut Session) {
    let now = Reply::Mix(mix(500_000));
    let why = "The first client has a last question,";
    session.sends(1, 5, &Request::GetVolume, why);
    session.0.push((
        Step::HalfCloses(1),
        "and ends its side of the connection (SHUT_WR).",
    ));
    session.reads(1, Kind::Reply, 5, &now, "It is still answered,");
    session.sets(2, 8, 0, ["", "", ""]);
    let why = "and still hears of changes, because it subscribes.";
    session.reads(1, Kind::Event, 0, &Event::Volume(mix(0)), why);
    let why = "The second client ends its subscription: it names no topic.";
    session.sends(2, 9, &Request::Subscribe(Topics::NONE), why);
    session.reads(2, Kind::Reply, 9, &Reply::Done, "");
    session.sends(2, 10, &Request::ToggleVolume, "");
    session.0.push((Step::HalfCloses(2), ""));
    let why = "What it has sent before is carried out and answered.";
    session.reads(2, Kind::Reply, 10, &Reply::Mix(mix(0)), why);
    let why = "Nothing is owed to it any more: the end of the stream.";
    session.0.push((Step::ReadsEnd(2), why));
    session
        .0
        .push((Step::Terminates, "The daemon is told to end, by SIGTERM."));
    let why = "Whoever is still connected reads the end of the stream.";
    session.0.push((Step::ReadsEnd(1), why));
}

/// Returns the content of its file.
pub fn file() -> String {
    let mut text = format!(
        "# A session of two clients with 'mixd --backend none --config {CONFIG}', from\n\
         # connecting to the end.\n\
         # C1 and C2 are what the clients send, S1 and S2 what they read, in this order: first the\n\
         # header of a frame, then its body, on the lines that begin with white space.\n"
    );
    let mut lines = String::new();
    for (step, why) in steps() {
        // Writing to a String cannot fail.
        if !why.is_empty() {
            let _ = writeln!(lines, "\n# {why}");
        }
        let line = match step {
            Step::Sends(client, frame) => format!("C{client}: {}", indented(&frame)),
            Step::Reads(client, frame) => format!("S{client}: {}", indented(&frame)),
            Step::HalfCloses(client) => format!("C{client}: half-close"),
            Step::Terminates => "SIGTERM".to_owned(),
            Step::ReadsEnd(client) => format!("S{client}: end"),
        };
        let _ = writeln!(lines, "{line}");
    }
    text += &lines;
    text
}

/// A frame in hexadecimal, with its body further in.
fn indented(frame: &[u8]) -> String {
    hex(frame).trim_end().replace('\n', "\n    ")
}
