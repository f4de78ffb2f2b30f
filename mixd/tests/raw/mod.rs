//! Clients for the tests that say anything, in any way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code)]

use std::io::{self, ErrorKind, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::time::Duration;

use wire::frame::{self, Header, Kind, MAX_REPLY};
use wire::{ErrorCode, Event, Failure, Hello, PROTOCOL, Request, Topic, codec};

pub fn mixd_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mixd"))
}

/// A connection over which anything can be said.
pub struct Raw {
    pub stream: UnixStream,
    received: Vec<u8>,
}

impl Raw {
    pub fn connect(socket: &str) -> Self {
        let address = SocketAddr::from_abstract_name(socket.trim_start_matches('@')).unwrap();
        let stream = UnixStream::connect_addr(&address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream
            .set_write_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        Self {
            stream,
            received: Vec::new(),
        }
    }

    pub fn greeted(socket: &str) -> Self {
        let mut raw = Self::connect(socket);
        raw.send(&hello());
        assert_eq!(raw.frame().unwrap().0, Kind::Welcome);
        raw
    }

    /// A mixd that has closed already is no reason to fail here.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next frame; none at the end of the connection.
    pub fn frame(&mut self) -> Option<(Kind, u32, Vec<u8>)> {
        loop {
            if let Some((frame, length)) = frame::parse(&self.received, MAX_REPLY).unwrap() {
                let found = (frame.kind, frame.id, frame.body.to_vec());
                self.received.drain(..length);
                return Some(found);
            }
            let mut space = [0; 4096];
            match self.read(&mut space) {
                Ok(0) => return None,
                Ok(count) => self.received.extend(&space[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[track_caller]
    pub fn expect_error(&mut self, code: ErrorCode) {
        let (kind, _, body) = self.frame().expect("an Error");
        assert_eq!(kind, Kind::Error);
        assert_eq!(codec::decode::<Failure>(&body).unwrap().code, code);
    }

    /// The volume in the next event.
    pub fn event(&mut self) -> String {
        let (kind, _, body) = self.frame().expect("an Event");
        match (kind, codec::decode(&body)) {
            (Kind::Event, Ok(Event::Volume(mix))) => mix.volume.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// Reads what there is. A read that may last only so long is not begun again by itself when the
    /// process was stopped meanwhile (signal(7), "Interruption of system calls").
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(space) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    /// Asserts that nothing has come, nor comes for a while.
    #[track_caller]
    pub fn expect_silence(&mut self) {
        assert!(self.received.is_empty(), "{:x?}", self.received);
        self.stream
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let error = self.read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }

    pub fn subscribe(&mut self) {
        let topics = [Topic::Volume].into_iter().collect();
        self.send(&request(1, &Request::Subscribe(topics)));
        assert_eq!(self.frame().unwrap().0, Kind::Reply);
    }
}

pub fn raw_frame(kind: Kind, id: u32, body: &[u8]) -> Vec<u8> {
    let length = body.len().try_into().unwrap();
    [&Header { length, kind, id }.to_bytes()[..], body].concat()
}

pub fn message(kind: Kind, id: u32, message: &impl serde::Serialize) -> Vec<u8> {
    let mut body = [0; 1024];
    let length = codec::encode(message, &mut body).unwrap();
    raw_frame(kind, id, &body[..length])
}

pub fn hello() -> Vec<u8> {
    message(
        Kind::Hello,
        0,
        &Hello {
            client: "raw".parse().unwrap(),
            protocol: PROTOCOL,
        },
    )
}

pub fn request(id: u32, request: &Request) -> Vec<u8> {
    message(Kind::Request, id, request)
}

pub fn set(millionths: i32) -> Request {
    Request::SetVolume(millionths.try_into().unwrap())
}
