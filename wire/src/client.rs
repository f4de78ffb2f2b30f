//! The client that mixctl and mixview share: one conversation, one thread. It either waits for an
//! answer itself ([`Client::request`]), or leaves that to an event loop that polls its descriptor
//! ([`Client::send`], [`Client::receive`]).

pub mod conversation;
mod error;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use self::conversation::unexpected;
pub use self::conversation::{Conversation, Incoming};
pub use self::error::ClientError;
use self::error::unreachable;
use crate::frame::Kind;
use crate::socket::{self, Interest, SystemError};
use crate::{Event, Name, Reply, Request, Welcome};

/// How long the daemon may take to answer before it counts as not reachable. It answers within a
/// millisecond; seconds mean that it is stopped.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// A connection to mixd.
#[derive(Debug)]
pub struct Client {
    fd: OwnedFd,
    conversation: Conversation,
}

impl Client {
    /// Connects to the daemon at `name`, says Hello and waits for the Welcome, at most [`TIMEOUT`]
    /// in all. `program` is the name that the daemon's log shows.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when nobody listens, [`ClientError::Silent`] when nobody takes
    /// the connection, [`ClientError::Refused`] when the daemon is busy or speaks another protocol
    /// number, and the others.
    pub fn connect(name: &Name, program: &str) -> Result<Self, ClientError> {
        let deadline = Instant::now() + TIMEOUT;
        let mut client = Self::open(name, program, deadline)?;
        match client.wait(Some(deadline))? {
            Some(_) => Ok(client),
            None => Err(ClientError::Silent),
        }
    }

    /// Connects to the daemon at `name` and says Hello. Waits until `deadline` for a place in the
    /// listener's queue, and for nothing else: requests may be sent at once, and the Welcome comes
    /// from [`receive`](Self::receive).
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when nobody listens, [`ClientError::Silent`] when the
    /// listener's queue is full, and the others.
    pub fn open(name: &Name, program: &str, deadline: Instant) -> Result<Self, ClientError> {
        let fd = socket::connect(name, deadline).map_err(|error| unreachable(name, error))?;
        check_peer(&fd, name)?;
        let mut client = Self {
            fd,
            conversation: Conversation::new(program)?,
        };
        client.flush()?;
        Ok(client)
    }

    /// What the daemon said of itself; `None` before it has.
    pub fn welcome(&self) -> Option<&Welcome> {
        self.conversation.welcome()
    }

    /// Sends a request and waits at most [`TIMEOUT`] for its answer. Events that come meanwhile are
    /// kept for [`next_event`](Self::next_event). Not to be mixed with [`send`](Self::send).
    ///
    /// # Errors
    /// [`ClientError::Refused`], [`ClientError::Unknown`] and [`ClientError::Protocol`] leave the connection
    /// usable; after the others it is not.
    pub fn request(&mut self, request: &Request) -> Result<Reply<'static>, ClientError> {
        let deadline = Instant::now() + TIMEOUT;
        self.send(request)?;
        loop {
            match self.wait(Some(deadline))? {
                Some(Incoming::Answer(answer)) if !self.awaits_answer() => {
                    return answer;
                }
                Some(Incoming::Event(event)) => self.conversation.keep_event(event),
                // Or the late answer to a request that was given up.
                Some(Incoming::Welcome | Incoming::Answer(_)) => {}
                None => return Err(ClientError::Silent),
            }
        }
    }

    /// Returns the next event of the topics subscribed to; `None` when there is none by `deadline`,
    /// and never without one.
    ///
    /// # Errors
    /// [`ClientError::Closed`] when the daemon has gone, and the others.
    pub fn next_event(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<Event<'static>>, ClientError> {
        loop {
            if let Some(event) = self.conversation.kept_event() {
                return Ok(Some(event));
            }
            match self.wait(deadline)? {
                Some(Incoming::Event(event)) => return Ok(Some(event)),
                Some(Incoming::Welcome) => {}
                Some(Incoming::Answer(_)) => return Err(unexpected(Kind::Reply)),
                None => return Ok(None),
            }
        }
    }

    /// Sends a request, or as much of it as there is room for; [`flush`](Self::flush) sends the
    /// rest.
    ///
    /// # Errors
    /// [`ClientError::Unknown`] when the daemon has said that it does not know the request, which is not
    /// sent then; [`ClientError::Silent`] when hundreds wait to be read, and the others: the connection is
    /// not usable any more.
    pub fn send(&mut self, request: &Request) -> Result<(), ClientError> {
        self.conversation.send(request)?;
        self.flush()
    }

    /// Sends what waits.
    ///
    /// # Errors
    /// A call fails. The end of the daemon is no error here: [`receive`](Self::receive) reports it
    /// after the daemon's last words.
    pub fn flush(&mut self) -> Result<(), ClientError> {
        let writer = self.conversation.writer();
        while !writer.pending().is_empty() {
            match socket::send(&self.fd, writer.pending()) {
                Ok(count) => writer.sent(count),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => break,
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
                        writer.clear();
                    }
                    _ => return Err(system("send to", error)),
                },
            }
        }
        Ok(())
    }

    /// Returns whether the Hello or a request has no answer yet.
    pub fn awaits_answer(&self) -> bool {
        self.conversation.awaits_answer()
    }

    /// What the descriptor is to be polled for: for writing only while something waits for room.
    pub fn interest(&self) -> Interest {
        match self.conversation.is_sent() {
            true => Interest::Readable,
            false => Interest::Both,
        }
    }

    /// Returns what has come next, or `None` if nothing more has. Events that this client does not
    /// know are skipped: a newer daemon may send them.
    ///
    /// # Errors
    /// [`ClientError::Closed`] when the daemon has gone, [`ClientError::Refused`] when it has said
    /// why it ends the connection, and the others: the connection is not usable any more.
    pub fn receive(&mut self) -> Result<Option<Incoming>, ClientError> {
        loop {
            let incoming = self.conversation.next_incoming()?;
            if incoming.is_some() {
                return Ok(incoming);
            }
            let reader = self.conversation.reader();
            match socket::receive(&self.fd, reader.space()) {
                Ok(0) => return Err(ClientError::Closed),
                Ok(count) => reader.filled(count),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(None),
                    io::ErrorKind::ConnectionReset => return Err(ClientError::Closed),
                    _ => return Err(system("receive from", error)),
                },
            }
        }
    }

    /// Returns what comes next; `None` when nothing has by `deadline`, and never without one.
    ///
    /// # Errors
    /// Those of [`receive`](Self::receive).
    pub fn wait(&mut self, deadline: Option<Instant>) -> Result<Option<Incoming>, ClientError> {
        loop {
            self.flush()?;
            let incoming = self.receive()?;
            if incoming.is_some() || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Ok(incoming);
            }
            socket::poll([(self.as_fd(), self.interest())], deadline)
                .map_err(|error| system("poll", error))?;
        }
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Refuses a listener of another user: anybody can take an abstract name first.
fn check_peer(fd: &OwnedFd, name: &Name) -> Result<(), ClientError> {
    let peer = socket::peer(fd).map_err(|error| system("getsockopt SO_PEERCRED", error))?;
    match peer.uid == socket::uid() {
        true => Ok(()),
        false => Err(ClientError::Stranger(name.clone(), peer)),
    }
}

fn system(call: &'static str, error: io::Error) -> ClientError {
    ClientError::System(SystemError::new(call, "mixd", error))
}
