//! Daemons of another time, for the tests of clients. One from the future sends what protocol 1 allows to grow: in
//! every map a key that nobody knows, a value that nobody knows in every enumeration that is open, and none of it in
//! canonical form. One from the past knows fewer requests.

use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::thread;

use ciborium::Value;
use wire::canonical;
use wire::frame::{Header, Kind, MAX_REQUEST, Reader};
use wire::vectors;

use crate::Result;
use crate::mixd::unused_socket;

/// The name of everything that is not known yet.
const LATER: &str = "of-later";

/// When a daemon is from. Both say what the vectors say.
#[derive(Clone, Copy, Debug)]
pub enum Age {
    /// From the future. The values that are not known are names, or maps from a name to more.
    Newer {
        /// Whether they are maps.
        has_maps: bool,
    },
    /// From the past: it does not know these requests.
    Older(&'static [&'static str]),
}

/// Starts a daemon, in threads that end with the process. Returns the name of its socket.
pub fn start(age: Age) -> Result<String> {
    let socket = unused_socket();
    let address = SocketAddr::from_abstract_name(socket.trim_start_matches('@'))?;
    let listener = UnixListener::bind_addr(&address)?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client may go at any time.
            thread::spawn(move || converse(stream, age).ok());
        }
    });
    Ok(socket)
}

fn converse(mut stream: UnixStream, age: Age) -> Result<()> {
    let mut reader = Reader::new(MAX_REQUEST, 0);
    loop {
        while let Some(frame) = reader.peek()? {
            let name = canonical::message_name(frame.body).unwrap_or_default();
            let (kind, id) = (frame.kind, frame.id);
            match (kind, name) {
                (Kind::Hello, _) => send(&mut stream, Kind::Welcome, id, "welcome", age)?,
                (_, "fail") => send(&mut stream, Kind::Error, id, "error", age)?,
                (_, "redo") => send(&mut stream, Kind::Reply, id, LATER, age)?,
                _ => send(&mut stream, Kind::Reply, id, reply_to(name), age)?,
            }
            if name == "subscribe" {
                for event in [
                    LATER,
                    "event-volume",
                    "event-programs",
                    "event-streams-warned",
                    "event-settings",
                ] {
                    send(&mut stream, Kind::Event, 0, event, age)?;
                }
            }
            reader.consume();
        }
        match stream.read(reader.space())? {
            0 => return Ok(()),
            count => reader.filled(count),
        }
    }
}

/// Returns the vector of the reply to a request.
fn reply_to(request: &str) -> &'static str {
    match request {
        "list-programs" => "reply-programs",
        "add-program" | "ignore-program" | "remove-program" | "replace-program" | "reload"
        | "subscribe" => "reply-done",
        "move-stream" | "try-move-stream" | "undo" | "set-output" => "reply-changed",
        "list-sinks" => "reply-sinks",
        "get-stream" => "reply-stream",
        "get-status" => "reply-status",
        "diagnose" => "reply-diagnosis",
        _ if request.starts_with("try-") => "reply-streams",
        _ => "reply-mix",
    }
}

/// Sends the vector of this name, as this daemon says it; where there is none, a message that nobody knows.
fn send(stream: &mut UnixStream, kind: Kind, id: u32, vector: &str, age: Age) -> Result<()> {
    let mut all = vectors::all().into_iter();
    let item: Value = match all.find(|one| one.name == vector) {
        Some(vector) => ciborium::from_reader(vector.body())?,
        None => Value::Map(vec![(LATER.into(), Value::Array(vec![Value::Float(0.5)]))]),
    };
    let mut body = Vec::new();
    match age {
        Age::Newer { has_maps } => Future {
            has_maps,
            out: &mut body,
        }
        .write(&item),
        Age::Older(unknown) => ciborium::into_writer(&without(item, unknown), &mut body)?,
    }
    let length = u16::try_from(body.len())?;
    let header = Header { length, kind, id }.to_bytes();
    stream.write_all(&[&header[..], &body].concat())?;
    Ok(())
}

/// Returns an item without these texts in its arrays.
fn without(item: Value, unknown: &[&str]) -> Value {
    match item {
        Value::Map(pairs) => {
            let pairs = pairs.into_iter();
            Value::Map(
                pairs
                    .map(|(key, value)| (key, without(value, unknown)))
                    .collect(),
            )
        }
        Value::Array(mut items) => {
            items.retain(|item| !item.as_text().is_some_and(|text| unknown.contains(&text)));
            Value::Array(items)
        }
        other => other,
    }
}

/// Writes items as a daemon from the future does.
struct Future<'a> {
    has_maps: bool,
    out: &'a mut Vec<u8>,
}

impl Future<'_> {
    fn write(&mut self, item: &Value) {
        match item {
            Value::Integer(number) => {
                let number = i128::from(*number);
                let (major, argument) = if number < 0 {
                    (1, !number)
                } else {
                    (0, number)
                };
                self.head(major, u64::try_from(argument).unwrap_or(u64::MAX));
            }
            // In two pieces, of which the first is empty, or with a length that is too long.
            Value::Text(text) if text.len() % 2 == 0 => {
                self.out.extend([0x7f, 0x60]);
                self.text(text);
                self.out.push(0xff);
            }
            Value::Text(text) => self.text(text),
            Value::Array(items) => {
                self.out.push(0x9f);
                for item in items {
                    self.write(item);
                }
                self.out.push(0xff);
            }
            Value::Map(pairs) => self.map(pairs),
            Value::Bool(truth) => self.out.push(0xf4 + u8::from(*truth)),
            Value::Null => self.out.push(0xf6),
            // 1.0, in the place of what no message has.
            _ => self.out.extend([0xf9, 0x3c, 0x00]),
        }
    }

    /// Writes a head with an argument of eight bytes.
    fn head(&mut self, major: u8, argument: u64) {
        self.out.push(major << 5 | 0x1b);
        self.out.extend(argument.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.head(3, text.len() as u64);
        self.out.extend(text.bytes());
    }

    /// Writes a map backwards, with a key more. One key alone is the name of a message, a rule or a warning: that
    /// is no map that grows.
    fn map(&mut self, pairs: &[(Value, Value)]) {
        let has = |name: &str| pairs.iter().any(|(key, _)| key.as_text() == Some(name));
        self.out.push(0xbf);
        if pairs.len() > 1 {
            self.write(&LATER.into());
            let float = Value::Map(vec![("x".into(), Value::Float(1.0))]);
            self.write(&Value::Array(vec![float, Value::Null]));
        }
        if has("code") && !has("reason") {
            self.write(&"reason".into());
            self.unknown();
        }
        for (key, value) in pairs.iter().rev() {
            self.write(key);
            match (key.as_text().unwrap_or_default(), value) {
                ("state" | "source" | "curve" | "code", Value::Text(_)) => self.unknown(),
                ("pipewire", _) if has("streams") => self.unknown(),
                ("reason", _) if has("code") => self.unknown(),
                ("warnings" | "topics" | "requests", Value::Array(items)) => {
                    self.out.push(0x9f);
                    for item in items {
                        self.write(item);
                    }
                    match key.as_text() {
                        Some("warnings") => self.unknown(),
                        _ => self.write(&LATER.into()),
                    }
                    self.out.push(0xff);
                }
                (_, value) => self.write(value),
            }
        }
        self.out.push(0xff);
    }

    /// Writes a value that nobody knows.
    fn unknown(&mut self) {
        let item = match self.has_maps {
            true => Value::Map(vec![(
                LATER.into(),
                Value::Array(vec![1.into(), Value::Null]),
            )]),
            false => LATER.into(),
        };
        self.write(&item);
    }
}
