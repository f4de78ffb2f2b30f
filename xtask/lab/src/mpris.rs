//! A media player as session managers see it on D-Bus: the owner of a name that begins with
//! `org.mpris.MediaPlayer2.`, which is told to pause. It is this process, whose children play.
//! The D-Bus specification's wire format, as far as that takes. Whatever it can't say or hear ends the test.
#![allow(clippy::unwrap_used)]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::Result;

const METHOD_CALL: u8 = 1;
const METHOD_RETURN: u8 = 2;

/// The codes of the header's fields.
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SENDER: u8 = 7;
const SIGNATURE: u8 = 8;

/// Runs this program again, as a child of this process with these arguments, if this is process 1, as the first one
/// of a container is: `WirePlumber` takes nobody for that one's child. Returns whether it was, and has succeeded.
///
/// # Errors
/// The child has failed.
pub fn run_in_child<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Result<bool> {
    if std::process::id() != 1 {
        return Ok(false);
    }
    let status = Command::new(std::env::current_exe()?).args(args).status()?;
    match status.success() {
        true => Ok(true),
        false => Err(format!("the child of this process has ended with {status}").into()),
    }
}

/// The player, until dropped.
pub struct Player {
    connection: UnixStream,
    pauses: Arc<Mutex<usize>>,
}

impl Player {
    /// Takes the name of the player `name` on the bus at this socket.
    pub fn start(bus: &Path, name: &str) -> Self {
        let mut connection = UnixStream::connect(bus).unwrap();
        let uid = rustix::process::getuid().as_raw().to_string();
        // In hexadecimal: a digit's code is 3 and the digit.
        let uid: String = uid.chars().flat_map(|digit| ['3', digit]).collect();
        write!(connection, "\0AUTH EXTERNAL {uid}\r\n").unwrap();
        let mut reader = BufReader::new(connection.try_clone().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.starts_with("OK "), "{line}");
        connection.write_all(b"BEGIN\r\n").unwrap();
        ask(&mut connection, 1, "Hello", "", &[]);
        let mut body = Vec::new();
        put_text(&mut body, &format!("org.mpris.MediaPlayer2.{name}"));
        put_number(&mut body, 0);
        ask(&mut connection, 2, "RequestName", "su", &body);
        while read(&mut reader).is_some_and(|message| message.reply_to != Some(2)) {}
        let pauses = Arc::new(Mutex::new(0));
        let (counted, mut writer) = (pauses.clone(), connection.try_clone().unwrap());
        std::thread::spawn(move || {
            while let Some(message) = read(&mut reader) {
                if message.kind == METHOD_CALL {
                    if message.member == "Pause" {
                        *counted.lock().unwrap() += 1;
                    }
                    answer(&mut writer, &message);
                }
            }
        });
        Self { connection, pauses }
    }

    /// How often it has been told to pause since this was last asked.
    pub fn take_pauses(&self) -> usize {
        std::mem::take(&mut *self.pauses.lock().unwrap())
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.connection.shutdown(std::net::Shutdown::Both);
    }
}

#[derive(Default)]
struct Message {
    kind: u8,
    serial: u32,
    reply_to: Option<u32>,
    member: String,
    sender: String,
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

fn put_number(bytes: &mut Vec<u8>, number: u32) {
    pad(bytes, 4);
    bytes.extend(number.to_le_bytes());
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_number(bytes, u32::try_from(text.len()).unwrap());
    bytes.extend(text.as_bytes());
    bytes.push(0);
}

fn put_signature(bytes: &mut Vec<u8>, signature: &str) {
    bytes.push(u8::try_from(signature.len()).unwrap());
    bytes.extend(signature.as_bytes());
    bytes.push(0);
}

/// A field of the header, which is a structure of a code and a variant.
fn field(fields: &mut Vec<u8>, code: u8, signature: &str, put: impl FnOnce(&mut Vec<u8>)) {
    pad(fields, 8);
    fields.push(code);
    put_signature(fields, signature);
    put(fields);
}

fn send(connection: &mut UnixStream, kind: u8, serial: u32, fields: &[u8], body: &[u8]) {
    // Little-endian, no flags, protocol 1.
    let mut message = vec![b'l', kind, 0, 1];
    put_number(&mut message, u32::try_from(body.len()).unwrap());
    put_number(&mut message, serial);
    put_number(&mut message, u32::try_from(fields.len()).unwrap());
    message.extend(fields);
    pad(&mut message, 8);
    message.extend(body);
    // The session may have ended.
    let _ = connection.write_all(&message);
}

/// Calls a method of the bus itself.
fn ask(connection: &mut UnixStream, serial: u32, member: &str, signature: &str, body: &[u8]) {
    let mut fields = Vec::new();
    field(&mut fields, PATH, "o", |to| {
        put_text(to, "/org/freedesktop/DBus");
    });
    for (code, text) in [
        (INTERFACE, "org.freedesktop.DBus"),
        (MEMBER, member),
        (DESTINATION, "org.freedesktop.DBus"),
    ] {
        field(&mut fields, code, "s", |to| put_text(to, text));
    }
    if !signature.is_empty() {
        field(&mut fields, SIGNATURE, "g", |to| {
            put_signature(to, signature);
        });
    }
    send(connection, METHOD_CALL, serial, &fields, body);
}

/// Answers a call with nothing.
fn answer(connection: &mut UnixStream, call: &Message) {
    let mut fields = Vec::new();
    field(&mut fields, REPLY_SERIAL, "u", |to| {
        put_number(to, call.serial);
    });
    field(&mut fields, DESTINATION, "s", |to| {
        put_text(to, &call.sender);
    });
    send(connection, METHOD_RETURN, call.serial + 100, &fields, &[]);
}

/// The next message; none when the bus has gone.
fn read(bus: &mut impl Read) -> Option<Message> {
    let mut start = [0; 16];
    bus.read_exact(&mut start).ok()?;
    let number = |at: usize| u32::from_le_bytes(start[at..at + 4].try_into().unwrap());
    let (body, serial, length) = (number(4), number(8), number(12));
    let length = usize::try_from(length).unwrap();
    let mut rest = vec![0; length.next_multiple_of(8) + usize::try_from(body).unwrap()];
    bus.read_exact(&mut rest).ok()?;
    let mut message = Message {
        kind: start[1],
        serial,
        ..Message::default()
    };
    let (fields, mut at) = (&rest[..length], 0);
    while at < fields.len() {
        // A code, then the signature of one letter: its length, it, and a zero.
        let (code, kind) = (fields[at], fields[at + 2]);
        at += 4;
        let number = |at: usize| u32::from_le_bytes(fields[at..at + 4].try_into().unwrap());
        match kind {
            b'u' => {
                if code == REPLY_SERIAL {
                    message.reply_to = Some(number(at));
                }
                at += 4;
            }
            b'g' => at += usize::from(fields[at]) + 2,
            _ => {
                let length = usize::try_from(number(at)).unwrap();
                let text = String::from_utf8_lossy(&fields[at + 4..at + 4 + length]).into_owned();
                match code {
                    MEMBER => message.member = text,
                    SENDER => message.sender = text,
                    _ => {}
                }
                at += 5 + length;
            }
        }
        at = at.next_multiple_of(8);
    }
    Some(message)
}
