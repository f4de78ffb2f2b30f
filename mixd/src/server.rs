//! The client array over real sockets: accepts connections into a fixed number of places and hands
//! out turns. Who gets a place is `admission.rs`'s business, what happens in it `place.rs`'s, what
//! the bytes mean `session.rs`'s.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use wire::codec;
use wire::frame::{Kind, Writer};
use wire::socket::{self, ListenError, Listener};
use wire::{ErrorCode, Failure, Name, Topics};

use crate::admission::{self, CLIENTS};
use crate::place::{Place, Ready, Socket};
use crate::session::Service;
use crate::sys::{self, POLLERR, POLLHUP, POLLIN, POLLOUT, ReadWatch, pollfd};

/// How many entries of the poll set are the server's.
pub const ENTRIES: usize = 2 + CLIENTS;

/// How long no connection is accepted when there is not even a descriptor to refuse it with.
const EXHAUSTED_PAUSE: Duration = Duration::from_secs(1);

/// Room for the longest sentence of a refusal and its frame.
const REFUSAL: usize = 512;

const LISTENER: usize = 0;
const READ_WATCH: usize = 1;
const FIRST_CLIENT: usize = 2;

/// Everything about clients.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    places: Box<[Place<ClientSocket>]>,
    read_watch: ReadWatch,
    /// Whose turn is first; moves on, so that nobody is always last.
    first: usize,
    /// Held to be let go when no descriptor is left, so that the caller can be told.
    spare: Option<File>,
    accept_again: Option<Instant>,
}

#[derive(Debug)]
struct ClientSocket {
    fd: OwnedFd,
    /// The read watch has it, because it is behind with events.
    watched: bool,
}

impl Socket for ClientSocket {
    fn receive(&mut self, space: &mut [u8]) -> io::Result<usize> {
        socket::receive(&self.fd, space)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        socket::send(&self.fd, bytes)
    }

    fn is_read_to_the_end(&self) -> bool {
        sys::is_read_to_the_end(&self.fd)
    }
}

impl Server {
    /// Listens at `name`.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn open(name: &Name) -> Result<Self, ListenError> {
        Self::on(Listener::bind(name)?)
    }

    /// Serves who connects to `listener`. All memory the server ever needs is taken here.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn on(listener: Listener) -> Result<Self, ListenError> {
        let now = Instant::now();
        Ok(Self {
            listener,
            places: (0..CLIENTS).map(|seat| Place::new(seat, now)).collect(),
            read_watch: ReadWatch::open()?,
            first: 0,
            spare: spare_descriptor(),
            accept_again: None,
        })
    }

    /// The poll set's entries: the listener, the read watch, then the places.
    pub fn entries(&mut self) -> [pollfd; ENTRIES] {
        let mut entries = [sys::entry(None, 0); ENTRIES];
        if self.accept_again.is_none() {
            entries[LISTENER] = sys::entry(Some(self.listener.as_fd()), POLLIN);
        }
        entries[READ_WATCH] = sys::entry(Some(self.read_watch.as_fd()), POLLIN);
        for (entry, place) in entries[FIRST_CLIENT..].iter_mut().zip(&mut self.places) {
            let interest = place.interest();
            let input = if interest.readable { POLLIN } else { 0 };
            let output = if interest.writable { POLLOUT } else { 0 };
            if let Some(socket) = place.socket() {
                *entry = sys::entry(Some(socket.fd.as_fd()), input | output);
            }
        }
        entries
    }

    /// When [`handle`](Self::handle) is to be called next, if nothing is ready before.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let deadlines = self.places.iter().filter_map(|place| place.deadline(now));
        deadlines.chain(self.accept_again).min()
    }

    /// Gives each client its turn, then takes a new one.
    pub fn handle(&mut self, polled: &[pollfd], service: &mut impl Service, now: Instant) {
        let ready = |entry: usize| polled.get(entry).map_or(0, |entry| entry.revents);
        for at in self.order() {
            let events = ready(FIRST_CLIENT + at);
            let events = Ready {
                readable: events & POLLIN != 0,
                writable: events & POLLOUT != 0,
                hung_up: events & (POLLHUP | POLLERR) != 0,
            };
            self.places[at].serve(events, service, now);
            self.watch(at);
        }
        self.first = (self.first + 1) % CLIENTS;
        if ready(READ_WATCH) != 0
            && let Some(at) = self.read_watch.take().filter(|&at| at < CLIENTS)
        {
            self.places[at].send(service, now);
            self.watch(at);
        }
        self.clear(service);
        // Last, so that a place that has just become free is free.
        if self.accept_again.is_some_and(|again| now >= again) {
            self.accept_again = None;
        }
        if ready(LISTENER) != 0 {
            self.accept(now);
        }
    }

    /// Tells the subscribers of `topics` that they have changed.
    pub fn publish(&mut self, topics: Topics, service: &mut impl Service, now: Instant) {
        for at in self.order() {
            self.places[at].mark(topics);
            self.places[at].send(service, now);
            self.watch(at);
        }
        self.clear(service);
    }

    /// Says which places are free, before anybody else gets one.
    fn clear(&self, service: &mut impl Service) {
        for (at, place) in self.places.iter().enumerate() {
            if place.peer().is_none() {
                service.leave(at);
            }
        }
    }

    fn order(&self) -> impl Iterator<Item = usize> + use<> {
        (self.first..self.first + CLIENTS).map(|at| at % CLIENTS)
    }

    /// Has the client watched for reading exactly while it is behind.
    fn watch(&mut self, at: usize) {
        let is_behind = self.places[at].is_behind();
        let Some(socket) = self.places[at].socket() else {
            return;
        };
        if is_behind && !socket.watched {
            socket.watched = self.read_watch.add(&socket.fd, at).is_ok();
        } else if socket.watched && !is_behind {
            socket.watched = false;
            let _ = self.read_watch.remove(&socket.fd);
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
        let taken = self.places.iter().map(Place::peer);
        match admission::admit(peer, socket::uid(), taken) {
            Ok(at) => {
                debug!("pid {} connected", peer.pid);
                self.places[at].admit(ClientSocket { fd, watched: false }, peer, now);
            }
            Err(failure) => {
                warning!("refused user {} (pid {}): {failure}", peer.uid, peer.pid);
                refuse(&fd, &failure);
            }
        }
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
