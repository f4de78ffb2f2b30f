//! One place in the client array: a session and the socket it speaks through, and what is read,
//! sent and closed when. Generic over the socket, so that the fuzzer drives this very code with
//! one that blocks, cuts short and breaks as it likes.

#[cfg(feature = "fuzz")]
pub mod fuzz;

use std::io;
use std::time::Instant;

use wire::socket::{self, Peer};

use crate::server::admission::ClientId;
use crate::server::session::{Service, Session};

/// A non-blocking stream socket.
pub trait Socket {
    /// Reads what is there; 0 at the end of it.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there.
    fn receive(&mut self, space: &mut [u8]) -> io::Result<usize>;

    /// Sends what it takes of `bytes`.
    ///
    /// # Errors
    /// `WouldBlock` when it takes nothing now.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Whether the peer has read all that was sent.
    fn is_read_to_the_end(&self) -> bool;
}

/// What a socket is ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollEvents {
    /// Something can be read, if only its end.
    pub readable: bool,
    /// Something can be sent again.
    pub writable: bool,
    /// The peer has closed both directions.
    pub hung_up: bool,
}

/// A place for one client after another; its buffers stay.
#[derive(Debug)]
pub struct Client<S> {
    session: Session,
    connection: Option<Connection<S>>,
}

#[derive(Debug)]
struct Connection<S> {
    socket: S,
    peer: Peer,
    /// The socket takes nothing more until it is said to be writable.
    blocked: bool,
    /// The peer reads no more. What it sent before it went is still carried out; what it would be
    /// told is thrown away.
    deaf: bool,
}

impl<S: Socket> Client<S> {
    /// A free place. All memory it ever needs is taken here.
    pub fn new(id: ClientId, now: Instant) -> Self {
        Self {
            session: Session::new(id, now),
            connection: None,
        }
    }

    /// Gives the place to a new client.
    pub fn admit(&mut self, socket: S, peer: Peer, now: Instant) {
        self.session.reset(now);
        self.connection = Some(Connection {
            socket,
            peer,
            blocked: false,
            deaf: false,
        });
    }

    /// Who has the place; none when it is free.
    pub fn peer(&self) -> Option<Peer> {
        self.connection.as_ref().map(|connection| connection.peer)
    }

    /// The socket, while the place is taken.
    pub fn socket(&mut self) -> Option<&mut S> {
        self.connection
            .as_mut()
            .map(|connection| &mut connection.socket)
    }

    /// What the socket is to be waited for. Hang-ups are always to be told.
    pub fn interest(&self) -> PollEvents {
        let blocked = self
            .connection
            .as_ref()
            .is_some_and(|connection| connection.blocked);
        let readable = self.connection.is_some() && self.session.wants_input();
        PollEvents {
            readable,
            writable: blocked,
            hung_up: false,
        }
    }

    /// Whether an event waits until the client has read what was sent before.
    pub fn is_behind(&self) -> bool {
        self.connection.is_some() && self.session.has_events()
    }

    /// When [`serve`](Self::serve) is to be called next, if the socket is not ready before.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        self.connection.as_ref()?;
        if self.session.has_work() {
            Some(now)
        } else {
            self.session.deadline()
        }
    }

    /// Notes that `topics` have changed.
    pub fn mark_dirty(&mut self, topics: wire::Topics) {
        self.session.mark_dirty(topics);
    }

    /// The client's turn: reads once, handles some frames, minds the time, sends.
    pub fn serve(&mut self, ready: PollEvents, service: &mut impl Service, now: Instant) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        let session = &mut self.session;
        if ready.writable {
            connection.blocked = false;
        }
        if ready.hung_up {
            (connection.deaf, connection.blocked) = (true, false);
        }
        let asked = session.wants_input();
        if ready.readable && asked {
            match connection.socket.receive(session.input()) {
                Ok(0) => session.end_input(),
                Ok(count) => session.received(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    self.close(&socket::reason(&error));
                    return;
                }
            }
        } else if ready.hung_up && (asked || session.is_input_done()) {
            // All that it sent before it went has been carried out.
            self.close("gone");
            return;
        }
        session.handle_frames(service, now);
        if let Some(reason) = session.expire(now) {
            warning!(
                "pid {} ({}) {reason}: closing",
                connection.peer.pid,
                session.client()
            );
        }
        self.send(service, now);
    }

    /// Sends what the client is owed, as far as it takes it, and closes what has come to its end.
    pub fn send(&mut self, service: &impl Service, now: Instant) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        let session = &mut self.session;
        if session.has_events() && connection.socket.is_read_to_the_end() {
            session.write_events(service, now);
        }
        while !connection.blocked && !session.output().is_empty() {
            let output = session.output();
            let sent = if connection.deaf {
                Ok(output.len())
            } else {
                connection.socket.send(output)
            };
            match sent {
                Ok(count) => session.sent(count, now),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    connection.blocked = true;
                }
                Err(_) => connection.deaf = true,
            }
        }
        if session.is_finished() {
            self.close("done");
        }
    }

    fn close(&mut self, reason: &str) {
        if let Some(connection) = self.connection.take() {
            debug!(
                "pid {} ({}) closed: {reason}",
                connection.peer.pid,
                self.session.client()
            );
        }
    }
}
