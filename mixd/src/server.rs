//! The client array: accepts connections into a fixed number of places, moves bytes between
//! sockets and sessions, hands out turns. What the bytes mean is `session.rs`'s business.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use wire::codec;
use wire::frame::{Kind, Writer};
use wire::socket::{self, ListenError, Listener, Name, Peer};
use wire::{ErrorCode, Failure, Topics};

use crate::session::{Service, Session};
use crate::sys::{self, POLLERR, POLLHUP, POLLIN, POLLOUT, ReadWatch, pollfd};

/// How many clients are served at once. A desktop has a bar or two, a window, and key presses.
pub const CLIENTS: usize = 32;
/// How many entries of the poll set are the server's.
pub const ENTRIES: usize = 2 + CLIENTS;

/// How long no connection is accepted when there is not even a descriptor to refuse it with.
const EXHAUSTED_PAUSE: Duration = Duration::from_secs(1);

/// Room for the longest sentence below and its frame.
const REFUSAL: usize = 512;

const LISTENER: usize = 0;
const READ_WATCH: usize = 1;
const FIRST_CLIENT: usize = 2;

/// Everything about clients.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    places: Box<[Place]>,
    read_watch: ReadWatch,
    /// Whose turn is first; moves on, so that nobody is always last.
    first: usize,
    /// Held to be let go when no descriptor is left, so that the caller can be told.
    spare: Option<File>,
    accept_again: Option<Instant>,
}

/// A place for one client after another; its buffers stay.
#[derive(Debug)]
struct Place {
    session: Session,
    connection: Option<Connection>,
}

#[derive(Debug)]
struct Connection {
    fd: OwnedFd,
    peer: Peer,
    /// The socket took nothing more; poll says when it does again.
    blocked: bool,
    /// The peer reads no more. What it sent before it went is still carried out; what it would be
    /// told is thrown away.
    deaf: bool,
    /// The read watch has it, because it is behind with events.
    watched: bool,
}

impl Server {
    /// Listens at `name`. All memory the server ever needs is taken here.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn open(name: &Name) -> Result<Self, ListenError> {
        let now = Instant::now();
        let place = || Place {
            session: Session::new(now),
            connection: None,
        };
        Ok(Self {
            listener: Listener::bind(name)?,
            places: std::iter::repeat_with(place).take(CLIENTS).collect(),
            read_watch: ReadWatch::open()?,
            first: 0,
            spare: spare_descriptor(),
            accept_again: None,
        })
    }

    /// The poll set's entries: the listener, the read watch, then the places.
    pub fn entries(&self) -> [pollfd; ENTRIES] {
        let mut entries = [sys::entry(None, 0); ENTRIES];
        if self.accept_again.is_none() {
            entries[LISTENER] = sys::entry(Some(self.listener.as_fd()), POLLIN);
        }
        entries[READ_WATCH] = sys::entry(Some(self.read_watch.as_fd()), POLLIN);
        for (entry, place) in entries[FIRST_CLIENT..].iter_mut().zip(&self.places) {
            if let Some(connection) = &place.connection {
                let input = if place.session.wants_input() {
                    POLLIN
                } else {
                    0
                };
                let output = if connection.blocked { POLLOUT } else { 0 };
                *entry = sys::entry(Some(connection.fd.as_fd()), input | output);
            }
        }
        entries
    }

    /// When [`handle`](Self::handle) is to be called next, if nothing is ready before.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let places = self
            .places
            .iter()
            .filter(|place| place.connection.is_some());
        let deadlines = places.filter_map(|place| {
            if place.session.has_work() {
                Some(now)
            } else {
                place.session.deadline()
            }
        });
        deadlines.chain(self.accept_again).min()
    }

    /// Reads what has come, gives each client its turn, sends what there is to send.
    pub fn handle(&mut self, polled: &[pollfd], service: &mut impl Service, now: Instant) {
        let ready = |entry: usize| polled.get(entry).map_or(0, |entry| entry.revents);
        for at in self.order() {
            let place = &mut self.places[at];
            if place.connection.is_some() {
                place.serve(ready(FIRST_CLIENT + at), service, now);
                self.send(at, service, now);
            }
        }
        self.first = (self.first + 1) % CLIENTS;
        if ready(READ_WATCH) != 0
            && let Some(at) = self.read_watch.take().filter(|&at| at < CLIENTS)
        {
            self.send(at, service, now);
        }
        // Last, so that a place that has just become free is free.
        if self.accept_again.is_some_and(|again| now >= again) {
            self.accept_again = None;
        }
        if ready(LISTENER) != 0 {
            self.accept(now);
        }
    }

    /// Tells the subscribers of `topics` that they have changed.
    pub fn publish(&mut self, topics: Topics, service: &impl Service, now: Instant) {
        for at in self.order() {
            self.places[at].session.mark(topics);
            self.send(at, service, now);
        }
    }

    fn order(&self) -> impl Iterator<Item = usize> + use<> {
        let rotated: Range<usize> = self.first..self.first + CLIENTS;
        rotated.map(|at| at % CLIENTS)
    }

    /// Sends what a client is owed, as far as it takes it, and closes what has come to its end.
    fn send(&mut self, at: usize, service: &impl Service, now: Instant) {
        let place = &mut self.places[at];
        let Some(connection) = &mut place.connection else {
            return;
        };
        if place.session.has_events() {
            if sys::is_read_to_the_end(&connection.fd) {
                place.session.write_events(service, now);
            } else if !connection.watched {
                connection.watched = self.read_watch.add(&connection.fd, at).is_ok();
            }
        }
        if connection.watched && !place.session.has_events() {
            connection.watched = false;
            let _ = self.read_watch.remove(&connection.fd);
        }
        while !connection.blocked && !place.session.output().is_empty() {
            let output = place.session.output();
            let sent = if connection.deaf {
                Ok(output.len())
            } else {
                socket::send(&connection.fd, output)
            };
            match sent {
                Ok(count) => place.session.sent(count, now),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    connection.blocked = true;
                }
                Err(_) => connection.deaf = true,
            }
        }
        if place.session.is_over() {
            place.close("done");
        }
    }

    /// Takes one connection; the next one keeps the listener ready.
    fn accept(&mut self, now: Instant) {
        match self.listener.accept() {
            Ok(fd) => self.admit(fd, now),
            Err(error) if is_exhausted(&error) => self.refuse_without_descriptor(now),
            // The caller has gone again.
            Err(_) => {}
        }
    }

    fn admit(&mut self, fd: OwnedFd, now: Instant) {
        let peer = match socket::peer(&fd) {
            Ok(peer) => peer,
            Err(error) => {
                warning!("getsockopt SO_PEERCRED: {}", socket::reason(&error));
                return;
            }
        };
        if peer.uid != socket::uid() {
            // An abstract name has no permissions: this is the check.
            warning!("refused user {} (pid {})", peer.uid, peer.pid);
            let message = format!("this mixd serves user {} only", socket::uid());
            refuse(&fd, &Failure::new(ErrorCode::Refused, message));
            return;
        }
        let Some(place) = self
            .places
            .iter_mut()
            .find(|place| place.connection.is_none())
        else {
            warning!("refused pid {}: all {CLIENTS} places are taken", peer.pid);
            let message = format!(
                "mixd is busy: all {CLIENTS} places for clients are taken; end one and try again"
            );
            refuse(&fd, &Failure::new(ErrorCode::Busy, message));
            return;
        };
        debug!("pid {} connected", peer.pid);
        place.session.reset(now);
        place.connection = Some(Connection {
            fd,
            peer,
            blocked: false,
            deaf: false,
            watched: false,
        });
    }

    /// No descriptor is left: lets the spare one go, tells the caller, takes it back.
    fn refuse_without_descriptor(&mut self, now: Instant) {
        if self.spare.take().is_some()
            && let Ok(fd) = self.listener.accept()
        {
            let message = "mixd is busy: no file descriptor is left; raise its limit (ulimit -n)";
            refuse(&fd, &Failure::new(ErrorCode::Busy, message));
            warning!("refused a client: no file descriptor is left");
        }
        self.spare = spare_descriptor();
        if self.spare.is_none() {
            // The listener stays ready: not to look at it for a while is all that is left.
            self.accept_again = Some(now + EXHAUSTED_PAUSE);
        }
    }
}

impl Place {
    /// Reads what has come, handles it, minds the time.
    fn serve(&mut self, ready: i16, service: &mut impl Service, now: Instant) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        let session = &mut self.session;
        if ready & POLLOUT != 0 {
            connection.blocked = false;
        }
        if ready & POLLIN != 0 && session.wants_input() {
            match socket::receive(&connection.fd, session.input()) {
                Ok(0) => session.end_input(),
                Ok(count) => session.received(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    self.close(&socket::reason(&error));
                    return;
                }
            }
        } else if ready & (POLLHUP | POLLERR) != 0 && !session.has_work() {
            // The client has gone, and all that it sent before has been carried out.
            self.close("gone");
            return;
        }
        session.turn(service, now);
        if let Some(reason) = session.expire(now) {
            warning!(
                "pid {} ({}) {reason}: closing",
                connection.peer.pid,
                session.client()
            );
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

/// Tells a client why it is not served. Its Hello stays unread, and a socket that is new takes a
/// frame that short in any case.
fn refuse(fd: &OwnedFd, failure: &Failure) {
    let mut writer = Writer::new(REFUSAL);
    if writer
        .push(Kind::Error, 0, |body| codec::encode(failure, body))
        .is_ok()
    {
        let _ = socket::send(fd, writer.pending());
    }
}

fn is_exhausted(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

fn spare_descriptor() -> Option<File> {
    File::open("/dev/null").ok()
}
