//! A slot of the client array: a session, the socket that it speaks through, and what is read, sent and
//! closed when. Generic over the socket, so that the fuzzer drives this very code with one that blocks,
//! cuts short and breaks as it likes.

use std::io;
use std::time::Instant;

use wire::socket::{self, Peer};

use super::admission::ClientId;
use super::event::EncodedEvent;
use super::session::{Service, Session};

/// A non-blocking stream socket.
pub trait Socket {
    /// Reads what is there. Returns how many bytes that was, 0 at the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there.
    fn receive(&mut self, space: &mut [u8]) -> io::Result<usize>;

    /// Sends what the socket takes of `bytes`. Returns how many that was.
    ///
    /// # Errors
    /// `WouldBlock` when it takes nothing now.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize>;
}

/// What poll(2) is asked, or says, about a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollEvents {
    /// Something can be read, if only the end of the stream.
    pub readable: bool,
    /// The peer has read all that was sent but the last piece, at most.
    pub writable: bool,
    /// The peer has closed both directions.
    pub hung_up: bool,
}

/// A slot for one client after another; its buffers stay.
#[derive(Debug)]
pub struct Client<S> {
    session: Session,
    /// None while the slot is free.
    connection: Option<(S, Peer)>,
    /// The socket takes nothing more until poll(2) says that it is writable.
    is_blocked: bool,
    /// The peer reads no more. What it sent before it went is still carried out; its output is thrown away.
    is_deaf: bool,
}

impl<S: Socket> Client<S> {
    /// A free slot. All memory that it ever needs is taken here.
    pub fn new(id: ClientId, now: Instant) -> Self {
        Self {
            session: Session::new(id, now),
            connection: None,
            is_blocked: false,
            is_deaf: false,
        }
    }

    /// Gives the slot to a new client.
    pub fn admit(&mut self, socket: S, peer: Peer, now: Instant) {
        self.session.reset(now);
        self.connection = Some((socket, peer));
        (self.is_blocked, self.is_deaf) = (false, false);
    }

    /// The peer; none while the slot is free.
    pub fn peer(&self) -> Option<Peer> {
        self.connection.as_ref().map(|(_, peer)| *peer)
    }

    /// The socket; none while the slot is free.
    pub fn socket(&self) -> Option<&S> {
        self.connection.as_ref().map(|(socket, _)| socket)
    }

    /// Returns the bytes that wait until the socket takes them.
    pub fn output(&self) -> &[u8] {
        self.session.output()
    }

    /// What poll(2) is asked about the socket. It always says when the peer hangs up.
    pub fn interest(&self) -> PollEvents {
        let is_connected = self.connection.is_some();
        let waits_to_send = self.is_blocked || self.session.has_events() && !self.is_deaf;
        PollEvents {
            readable: is_connected && self.session.wants_input(),
            writable: is_connected && waits_to_send,
            hung_up: false,
        }
    }

    /// When [`serve`](Self::serve) is due, if poll(2) says nothing before.
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

    /// The client's turn: reads once, answers some requests, closes what takes too long.
    pub fn serve(&mut self, events: PollEvents, service: &mut impl Service, now: Instant) {
        let Some((socket, peer)) = &mut self.connection else {
            return;
        };
        let session = &mut self.session;
        if events.writable {
            self.is_blocked = false;
        }
        if events.hung_up {
            (self.is_deaf, self.is_blocked) = (true, false);
        }
        let wants_input = session.wants_input();
        if wants_input && (events.readable || session.is_input_late(now)) {
            match socket.receive(session.input()) {
                Ok(0) => session.end_input(),
                Ok(count) => session.received(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    self.close(&socket::reason(&error));
                    return;
                }
            }
        } else if events.hung_up && (wants_input || session.is_input_done()) {
            // All that it sent before it went has been carried out.
            self.close("gone");
            return;
        }
        session.handle_frames(service, now);
        if let Some(reason) = session.expire(now) {
            let (pid, name) = (peer.pid, session.client());
            warning!("pid {pid} ({name}) {reason}: closing");
        }
        self.send(now);
        if self.session.is_finished() {
            self.close("done");
        }
    }

    /// Sends an Event for each topic that has changed. Called when poll(2) has said that the socket is
    /// writable: one Event, at most, is unread then, and out of date.
    pub fn send_events(
        &mut self,
        encoded: &mut EncodedEvent,
        service: &impl Service,
        now: Instant,
    ) {
        if self.session.output().is_empty() && !self.is_deaf {
            self.session.write_events(encoded, service, now);
            self.send(now);
        }
    }

    /// Sends the output, as far as the socket takes it.
    fn send(&mut self, now: Instant) {
        let Some((socket, _)) = &mut self.connection else {
            return;
        };
        let session = &mut self.session;
        while !self.is_blocked && !session.output().is_empty() {
            let output = session.output();
            let sent = if self.is_deaf {
                Ok(output.len())
            } else {
                socket.send(output)
            };
            match sent {
                Ok(count) => session.sent(count, now),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.is_blocked = true,
                Err(_) => self.is_deaf = true,
            }
        }
    }

    fn close(&mut self, reason: &str) {
        if let Some((_, peer)) = self.connection.take() {
            let (pid, name) = (peer.pid, self.session.client());
            debug!("pid {pid} ({name}) closed: {reason}");
        }
    }
}
