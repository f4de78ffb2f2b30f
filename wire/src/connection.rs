//! A connection to mixd that never waits, for programs with an event loop of their own: they poll
//! its descriptor, and ask for what has come.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use serde::Serialize;

use crate::client::{check_peer, system, unexpected, unreachable};
use crate::codec;
use crate::frame::{self, Kind, Reader, Writer};
use crate::socket;
use crate::{ClientError, Event, Failure, Hello, Name, PROTOCOL, Reply, Request, Text, Welcome};

/// How many bytes of requests may wait for a daemon that does not read: some hundred requests.
const QUEUE: usize = 16 * 1024;

/// The id of the first frame.
const HELLO: u32 = 1;

/// The id after this one. 0 is what the daemon says about no frame in particular.
const fn after(id: u32) -> u32 {
    match id.wrapping_add(1) {
        0 => HELLO + 1,
        next => next,
    }
}

/// A connection to mixd.
#[derive(Debug)]
pub struct Connection {
    fd: OwnedFd,
    reader: Reader,
    writer: Writer,
    last_id: u32,
    /// The id of the oldest frame that has no answer yet, or of the next one.
    awaited: u32,
}

/// What has come from the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// It has greeted: the first of all.
    Welcome(Welcome),
    /// The answer to the oldest request that has none yet.
    Answer(Result<Reply<'static>, Failure>),
    /// An event of a topic subscribed to.
    Event(Event<'static>),
}

impl Connection {
    /// Connects to the daemon at `name` and greets it; `program` is who asks, for the daemon's
    /// log. Requests may be sent at once; they are carried out after the greeting.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when nobody listens, [`ClientError::Silent`] when its
    /// queue of connections is full, and the others.
    pub fn open(name: &Name, program: &str) -> Result<Self, ClientError> {
        let fd = socket::connect_now(name).map_err(|error| unreachable(name, error))?;
        check_peer(&fd, name)?;
        let mut connection = Self {
            fd,
            reader: Reader::new(frame::MAX_REPLY, 0),
            writer: Writer::new(QUEUE),
            last_id: 0,
            awaited: HELLO,
        };
        let hello = Hello {
            client: Text::truncated(program),
            protocol: PROTOCOL,
        };
        connection.push(Kind::Hello, &hello)?;
        Ok(connection)
    }

    /// Sends a request, or as much of it as there is room for; [`flush`](Self::flush) sends the
    /// rest.
    ///
    /// # Errors
    /// [`ClientError::Silent`] when hundreds wait to be read, and the others: the connection is not
    /// usable any more.
    pub fn send(&mut self, request: &Request) -> Result<(), ClientError> {
        self.push(Kind::Request, request)
    }

    /// Sends what waits.
    ///
    /// # Errors
    /// A call fails. That the daemon has gone is said by [`receive`](Self::receive), after its last
    /// words.
    pub fn flush(&mut self) -> Result<(), ClientError> {
        while !self.writer.pending().is_empty() {
            match socket::send(&self.fd, self.writer.pending()) {
                Ok(count) => self.writer.sent(count),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => break,
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
                        self.writer.clear();
                    }
                    _ => return Err(system("send to", error)),
                },
            }
        }
        Ok(())
    }

    /// Whether something waits for room: then the descriptor is to be polled for writing too.
    pub fn wants_room(&self) -> bool {
        !self.writer.pending().is_empty()
    }

    /// What has come next; none if nothing more has. Events that this client does not know are
    /// skipped: a newer daemon may send them.
    ///
    /// # Errors
    /// [`ClientError::Closed`] when the daemon has gone, [`ClientError::Refused`] when it has said
    /// why it ends the connection, and the others: the connection is not usable any more.
    pub fn receive(&mut self) -> Result<Option<Incoming>, ClientError> {
        loop {
            match self.reader.peek() {
                Ok(Some(frame)) => {
                    let greeted = self.awaited != HELLO;
                    let is_answer = frame.id == self.awaited;
                    let incoming = match frame.kind {
                        Kind::Welcome if !greeted && is_answer => {
                            Some(Incoming::Welcome(codec::decode(frame.body)?))
                        }
                        Kind::Reply if greeted && is_answer => {
                            Some(Incoming::Answer(Ok(codec::decode(frame.body)?)))
                        }
                        Kind::Error if greeted && is_answer => {
                            Some(Incoming::Answer(Err(codec::decode(frame.body)?)))
                        }
                        // About the connection as a whole: its end.
                        Kind::Error => {
                            return Err(ClientError::Refused(codec::decode(frame.body)?));
                        }
                        Kind::Event if greeted => {
                            codec::decode(frame.body).ok().map(Incoming::Event)
                        }
                        kind => return Err(unexpected(kind)),
                    };
                    if frame.kind != Kind::Event {
                        self.awaited = after(self.awaited);
                    }
                    self.reader.consume();
                    if incoming.is_some() {
                        return Ok(incoming);
                    }
                    continue;
                }
                Ok(None) => {}
                Err(error) => return Err(ClientError::Protocol(error.to_string())),
            }
            match socket::receive(&self.fd, self.reader.space()) {
                Ok(0) => return Err(ClientError::Closed),
                Ok(count) => self.reader.filled(count),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(None),
                    io::ErrorKind::ConnectionReset => return Err(ClientError::Closed),
                    _ => return Err(system("receive from", error)),
                },
            }
        }
    }

    fn push<T: Serialize>(&mut self, kind: Kind, message: &T) -> Result<(), ClientError> {
        self.last_id = after(self.last_id);
        if self.writer.room() < frame::HEADER + frame::MAX_REQUEST {
            return Err(ClientError::Silent);
        }
        self.writer
            .push(kind, self.last_id, |space| codec::encode(message, space))?;
        self.flush()
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
