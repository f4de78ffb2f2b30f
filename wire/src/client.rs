//! The blocking client that mixctl and mixview share: connect, ask, listen. One connection, one
//! thread, no queue beyond the newest event of each topic.

use std::collections::VecDeque;
use std::fmt;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{self, DecodeError};
use crate::frame::{self, Frame, Full, Kind, Reader, Writer};
use crate::socket::{self, Peer, SystemError};
use crate::{Event, Failure, Hello, Name, PROTOCOL, Reply, Request, Text, Welcome};

/// How long the daemon may take to answer before it counts as not reachable. It answers within a
/// millisecond; seconds mean that it is stopped.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// How far a receive may overrun its time: setting it anew would cost a call.
const SLACK: Duration = Duration::from_millis(20);

/// A connection to mixd.
#[derive(Debug)]
pub struct Client {
    fd: OwnedFd,
    reader: Reader,
    writer: Writer,
    welcome: Welcome,
    last_id: u32,
    /// What `SO_RCVTIMEO` is set to.
    receive_limit: Option<Duration>,
    /// Events that came while an answer was awaited, the newest of each topic.
    events: VecDeque<Event<'static>>,
}

/// Why a request has no reply.
#[derive(Debug)]
pub enum ClientError {
    /// There is no connection to this name; as a rule because nobody listens there.
    Unreachable(Name, SystemError),
    /// Whoever listens there is another user: not to be trusted with anything.
    Stranger(Name, Peer),
    /// The daemon did not answer within [`TIMEOUT`].
    Silent,
    /// The daemon has closed the connection.
    Closed,
    /// The daemon says no.
    Refused(Failure),
    /// The daemon says something that this client does not understand.
    Protocol(String),
    /// A call failed.
    System(SystemError),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(name, error) => match error.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                    write!(f, "{error}; start the daemon with '{}'", name.daemon())
                }
                io::ErrorKind::PermissionDenied => {
                    write!(f, "{error}; choose another socket with --socket")
                }
                // Whether the daemon runs is not the question.
                _ => error.fmt(f),
            },
            Self::Stranger(name, peer) => write!(
                f,
                "{name} belongs to user {} (pid {}), not to you; choose another with --socket",
                peer.uid, peer.pid
            ),
            Self::Silent => write!(
                f,
                "mixd has not answered within {} s; is it stopped?",
                TIMEOUT.as_secs()
            ),
            Self::Closed => f.write_str("mixd has closed the connection"),
            Self::Refused(failure) => failure.fmt(f),
            Self::Protocol(what) => {
                write!(
                    f,
                    "mixd's answer is not understood ({what}); are both of one version?"
                )
            }
            Self::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ClientError {}

impl From<Full> for ClientError {
    fn from(_: Full) -> Self {
        Self::Protocol("the request is too long".into())
    }
}

impl From<DecodeError> for ClientError {
    fn from(error: DecodeError) -> Self {
        Self::Protocol(error.to_string())
    }
}

impl Client {
    /// Connects to the daemon at `name` and exchanges greetings; `program` is who asks, for the
    /// daemon's log.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when nobody listens, [`ClientError::Silent`] when nobody takes
    /// the connection, [`ClientError::Refused`] when the daemon is busy or speaks another protocol
    /// number, and the others.
    pub fn connect(name: &Name, program: &str) -> Result<Self, ClientError> {
        let fd = socket::connect(name, TIMEOUT).map_err(|error| unreachable(name, error))?;
        check_peer(&fd, name)?;
        socket::set_receive_timeout(&fd, Some(TIMEOUT))
            .map_err(|error| system("setsockopt SO_RCVTIMEO", error))?;
        let welcome = Welcome {
            daemon: Text::truncated(""),
            protocol: PROTOCOL,
        };
        let mut client = Self {
            fd,
            reader: Reader::new(frame::MAX_REPLY, 0),
            writer: Writer::new(frame::HEADER + frame::MAX_REQUEST),
            welcome,
            last_id: 0,
            receive_limit: Some(TIMEOUT),
            events: VecDeque::new(),
        };
        let hello = Hello {
            client: Text::truncated(program),
            protocol: PROTOCOL,
        };
        client.send(Kind::Hello, &hello)?;
        client.welcome = client.answer(Kind::Welcome)?;
        Ok(client)
    }

    /// What the daemon said of itself.
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Asks, and waits at most [`TIMEOUT`] for the answer. Events that come meanwhile are kept for
    /// [`next_event`](Self::next_event).
    ///
    /// # Errors
    /// [`ClientError::Refused`] leaves the connection usable; after the others it is not.
    pub fn request(&mut self, request: &Request) -> Result<Reply<'static>, ClientError> {
        self.send(Kind::Request, request)?;
        self.answer(Kind::Reply)
    }

    /// The next event of the topics subscribed to. Waits at most `timeout`, for ever if there is
    /// none; `None` when the time has passed. Events that this client does not know are skipped:
    /// a newer daemon may send them.
    ///
    /// # Errors
    /// [`ClientError::Closed`] when the daemon has gone, and the others.
    pub fn next_event(
        &mut self,
        timeout: Option<Duration>,
    ) -> Result<Option<Event<'static>>, ClientError> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if !self.wait_frame(deadline)? {
                return Ok(None);
            }
            let frame = self.frame()?;
            match frame.kind {
                Kind::Event => {
                    let event = codec::decode(frame.body);
                    self.reader.consume();
                    return match event {
                        Ok(event) => Ok(Some(event)),
                        Err(_) => continue,
                    };
                }
                Kind::Error => return Err(ClientError::Refused(codec::decode(frame.body)?)),
                kind => return Err(unexpected(kind)),
            }
        }
    }

    fn send<T: Serialize>(&mut self, kind: Kind, message: &T) -> Result<(), ClientError> {
        self.last_id = self.last_id.wrapping_add(1);
        self.writer
            .push(kind, self.last_id, |space| codec::encode(message, space))?;
        while !self.writer.pending().is_empty() {
            match socket::send(&self.fd, self.writer.pending()) {
                Ok(count) => self.writer.sent(count),
                // Why the daemon has closed the connection may be waiting to be read.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.writer.clear(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(ClientError::Silent);
                }
                Err(error) => return Err(system("send to", error)),
            }
        }
        Ok(())
    }

    /// The answer to what was sent last.
    fn answer<T: DeserializeOwned + Serialize>(&mut self, kind: Kind) -> Result<T, ClientError> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if !self.wait_frame(Some(deadline))? {
                return Err(ClientError::Silent);
            }
            let frame = self.frame()?;
            let expected = frame.id == self.last_id;
            match frame.kind {
                found if found == kind && expected => {
                    let answer = codec::decode(frame.body)?;
                    self.reader.consume();
                    return Ok(answer);
                }
                // An error about the connection as a whole has the id of no request.
                Kind::Error => {
                    let failure = codec::decode(frame.body)?;
                    self.reader.consume();
                    return Err(ClientError::Refused(failure));
                }
                Kind::Event => {
                    let event = codec::decode::<Event>(frame.body);
                    self.reader.consume();
                    if let Ok(event) = event {
                        self.keep(event);
                    }
                }
                found => return Err(unexpected(found)),
            }
        }
    }

    /// Keeps the newest event of each topic: each is the whole state.
    fn keep(&mut self, event: Event<'static>) {
        let topic = std::mem::discriminant(&event);
        self.events
            .retain(|older| std::mem::discriminant(older) != topic);
        self.events.push_back(event);
    }

    /// The frame that [`wait_frame`](Self::wait_frame) has found.
    fn frame(&self) -> Result<Frame<'_>, ClientError> {
        match self.reader.peek() {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) => Err(ClientError::Closed),
            Err(error) => Err(ClientError::Protocol(error.to_string())),
        }
    }

    /// Waits until a whole frame is there; false when the deadline has passed.
    fn wait_frame(&mut self, deadline: Option<Instant>) -> Result<bool, ClientError> {
        loop {
            match self.reader.peek() {
                Ok(None) => {}
                Ok(Some(_)) => return Ok(true),
                Err(error) => return Err(ClientError::Protocol(error.to_string())),
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            self.limit_receive(left)?;
            match socket::receive(&self.fd, self.reader.space()) {
                Ok(0) => return Err(ClientError::Closed),
                Ok(count) => self.reader.filled(count),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(false),
                    io::ErrorKind::ConnectionReset => return Err(ClientError::Closed),
                    _ => return Err(system("receive from", error)),
                },
            }
        }
    }

    /// Bounds the next receive, to within [`SLACK`]: a request that is answered at once, which is
    /// all of them, costs no call for it.
    fn limit_receive(&mut self, wanted: Option<Duration>) -> Result<(), ClientError> {
        let near = match (wanted, self.receive_limit) {
            (Some(wanted), Some(set)) => wanted.abs_diff(set) < SLACK,
            (wanted, set) => wanted == set,
        };
        if !near {
            socket::set_receive_timeout(&self.fd, wanted)
                .map_err(|error| system("setsockopt SO_RCVTIMEO", error))?;
            self.receive_limit = wanted;
        }
        Ok(())
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Anybody can take an abstract name first.
pub(crate) fn check_peer(fd: &OwnedFd, name: &Name) -> Result<(), ClientError> {
    let peer = socket::peer(fd).map_err(|error| system("getsockopt SO_PEERCRED", error))?;
    match peer.uid == socket::uid() {
        true => Ok(()),
        false => Err(ClientError::Stranger(name.clone(), peer)),
    }
}

/// Why there is no connection. To start a daemon there is no help against a path that is wrong.
pub(crate) fn unreachable(name: &Name, error: SystemError) -> ClientError {
    // A listener whose queue is full takes none out of it.
    if error.kind() == io::ErrorKind::WouldBlock {
        return ClientError::Silent;
    }
    let Name::Path(path) = name else {
        return ClientError::Unreachable(name.clone(), error);
    };
    let is_socket = || fs::metadata(path).is_ok_and(|data| data.file_type().is_socket());
    let wrong = match error.kind() {
        io::ErrorKind::ConnectionRefused if !is_socket() => "it is no socket",
        io::ErrorKind::NotFound if path.parent().is_some_and(is_missing) => {
            "there is no such folder"
        }
        io::ErrorKind::NotADirectory => "there is no such folder",
        _ => return ClientError::Unreachable(name.clone(), error),
    };
    let wrong = io::Error::other(format!("{wrong}; choose another with --socket"));
    ClientError::System(SystemError::new("connect to", name, wrong))
}

fn is_missing(folder: &Path) -> bool {
    // That of a name without a folder is this one.
    !folder.as_os_str().is_empty() && !folder.exists()
}

pub(crate) fn system(call: &'static str, error: io::Error) -> ClientError {
    ClientError::System(SystemError::new(call, "mixd", error))
}

pub(crate) fn unexpected(kind: Kind) -> ClientError {
    ClientError::Protocol(format!("a {kind:?} frame out of turn"))
}
