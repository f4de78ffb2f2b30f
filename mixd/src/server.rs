//! The client array over real sockets: accepts connections into a fixed number of places and hands
//! out turns. Who gets a place is `admission.rs`'s business, what happens in it `place.rs`'s, what
//! the bytes mean `session.rs`'s.

pub mod admission;
pub mod client;
pub mod listen;
pub mod session;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use wire::codec;
use wire::frame::{Kind, Writer};
use wire::socket::{self, Listener, SystemError};
use wire::{ErrorCode, Failure, Topics};

use self::admission::CLIENTS;
use self::client::{Client, PollEvents, Socket};
use self::session::Service;
use crate::process;
use crate::sys::{self, POLLERR, POLLHUP, POLLIN, POLLOUT, ReadWatch, pollfd};

/// How many entries of the poll set are the server's.
pub const ENTRIES: usize = 2 + CLIENTS;

/// How long a newcomer waits for a place when all are connected: many keys pressed at once are served one
/// after the other.
const SLOT_WAIT: Duration = Duration::from_millis(500);

/// How long no connection is accepted when there is not even a descriptor to refuse it with.
const EXHAUSTED_PAUSE: Duration = Duration::from_secs(1);

/// Room for the longest sentence of a refusal and its frame.
const REFUSAL: usize = 512;

const LISTENER_ENTRY: usize = 0;
const READ_WATCH_ENTRY: usize = 1;
const CLIENT_ENTRIES: usize = 2;

/// Everything about clients.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    clients: Box<[Client<ClientSocket>]>,
    /// Which places have somebody in them: the others are not looked at.
    connected: ClientSet,
    read_watch: ReadWatch,
    /// Whom the read watch has.
    watched: ClientSet,
    /// Whose turn is first; moves on, so that nobody is always last.
    first: usize,
    /// Held to be let go when no descriptor is left, so that the caller can be told.
    spare: Option<File>,
    accept_again: Option<Instant>,
    /// All places are connected and somebody waits for one: until then.
    slot_wait_until: Option<Instant>,
    is_stopping: bool,
}

/// Some of the places, a bit each.
#[derive(Clone, Copy, Debug, Default)]
struct ClientSet(u32);

const _: () = assert!(CLIENTS == u32::BITS as usize, "a bit for each place");

impl ClientSet {
    fn insert(&mut self, at: usize) {
        self.0 |= 1 << at;
    }

    fn remove(&mut self, at: usize) {
        self.0 &= !(1 << at);
    }

    fn contains(self, at: usize) -> bool {
        self.0 & 1 << at != 0
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn is_full(self) -> bool {
        self.0 == u32::MAX
    }

    /// As they are now, in the order of the places.
    fn iter(self) -> impl Iterator<Item = usize> {
        self.from(0)
    }

    /// As they are now, from one place on, round to the one before it.
    fn from(self, first: usize) -> impl Iterator<Item = usize> {
        let mut left = self.0.rotate_right(u32::try_from(first).unwrap_or(0));
        std::iter::from_fn(move || {
            let next = left.trailing_zeros() as usize;
            // Without its lowest bit.
            left &= left.checked_sub(1)?;
            Some((first + next) % CLIENTS)
        })
    }
}

#[derive(Debug)]
struct ClientSocket {
    fd: OwnedFd,
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
    /// Serves who connects to `listener`. All memory the server ever needs is connected here.
    ///
    /// # Errors
    /// Those of `epoll_create1`.
    pub fn on(listener: Listener) -> Result<Self, SystemError> {
        let now = Instant::now();
        Ok(Self {
            listener,
            clients: (0..CLIENTS).map(|id| Client::new(id, now)).collect(),
            connected: ClientSet::default(),
            read_watch: ReadWatch::open()?,
            watched: ClientSet::default(),
            first: 0,
            spare: spare_descriptor(),
            accept_again: None,
            slot_wait_until: None,
            is_stopping: false,
        })
    }

    /// Accepts nobody any more: who connects is told by the end of the socket that it is free.
    pub fn stop_accepting(&mut self) {
        self.is_stopping = true;
        (self.accept_again, self.slot_wait_until) = (None, None);
    }

    /// The poll set's entries: the listener, the read watch, then the places.
    pub fn entries(&mut self) -> [pollfd; ENTRIES] {
        let mut entries = [sys::entry(None, 0); ENTRIES];
        // Without those who wait already, for whom it would be ready all the while.
        if !self.is_stopping && self.accept_again.is_none() && self.slot_wait_until.is_none() {
            entries[LISTENER_ENTRY] = sys::entry(Some(self.listener.as_fd()), POLLIN);
        }
        // To ask a descriptor that is itself many costs more than any other.
        if !self.watched.is_empty() {
            entries[READ_WATCH_ENTRY] = sys::entry(Some(self.read_watch.as_fd()), POLLIN);
        }
        for at in self.connected.iter() {
            let (entry, client) = (&mut entries[CLIENT_ENTRIES + at], &mut self.clients[at]);
            let interest = client.interest();
            let input = if interest.readable { POLLIN } else { 0 };
            let output = if interest.writable { POLLOUT } else { 0 };
            if let Some(socket) = client.socket() {
                *entry = sys::entry(Some(socket.fd.as_fd()), input | output);
            }
        }
        entries
    }

    /// When [`handle`](Self::handle) is to be called next, if nothing is ready before.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let connected = self.connected.iter();
        let deadlines = connected.filter_map(|at| self.clients[at].deadline(now));
        deadlines
            .chain(self.accept_again)
            .chain(self.slot_wait_until)
            .min()
    }

    /// Gives each client its turn, then takes a new one.
    pub fn handle(&mut self, polled: &[pollfd], service: &mut impl Service, now: Instant) {
        let ready = |entry: usize| polled.get(entry).map_or(0, |entry| entry.revents);
        for at in self.connected.from(self.first) {
            let events = ready(CLIENT_ENTRIES + at);
            let is_due = || self.clients[at].deadline(now).is_some_and(|due| due <= now);
            if events == 0 && !is_due() {
                continue;
            }
            let events = PollEvents {
                readable: events & POLLIN != 0,
                writable: events & POLLOUT != 0,
                hung_up: events & (POLLHUP | POLLERR) != 0,
            };
            self.clients[at].serve(events, service, now);
            self.watch(at);
        }
        self.first = (self.first + 1) % CLIENTS;
        if ready(READ_WATCH_ENTRY) != 0
            && let Some(at) = self.read_watch.take().filter(|&at| at < CLIENTS)
        {
            self.clients[at].send(service, now);
            self.watch(at);
        }
        self.release_closed(service);
        // Last, so that a place that has just become free is free.
        if self.accept_again.is_some_and(|again| now >= again) {
            self.accept_again = None;
        }
        let has_newcomer = ready(LISTENER_ENTRY) != 0 || self.slot_wait_until.is_some();
        if !has_newcomer || self.is_stopping {
            return;
        }
        if !self.connected.is_full() {
            self.slot_wait_until = None;
            self.accept(now);
        } else if now >= *self.slot_wait_until.get_or_insert(now + SLOT_WAIT) {
            self.slot_wait_until = None;
            // All who wait now.
            while self.accept(now) {}
        }
    }

    /// Tells the subscribers of `topics` that they have changed.
    pub fn publish(&mut self, topics: Topics, service: &mut impl Service, now: Instant) {
        for at in self.connected.from(self.first) {
            self.clients[at].mark_dirty(topics);
            self.clients[at].send(service, now);
            self.watch(at);
        }
        self.release_closed(service);
    }

    /// Says which places have become free, before anybody else gets one.
    fn release_closed(&mut self, service: &mut impl Service) {
        for at in self.connected.iter() {
            if self.clients[at].peer().is_none() {
                self.connected.remove(at);
                // The descriptor took itself out when it was closed.
                self.watched.remove(at);
                service.disconnected(at);
            }
        }
    }

    /// Has the client watched for reading exactly while it is behind.
    fn watch(&mut self, at: usize) {
        let is_behind = self.clients[at].is_behind();
        let Some(socket) = self.clients[at].socket() else {
            return;
        };
        let is_watched = self.watched.contains(at);
        if is_behind && !is_watched {
            if self.read_watch.add(&socket.fd, at).is_ok() {
                self.watched.insert(at);
            }
        } else if is_watched && !is_behind {
            self.watched.remove(at);
            let _ = self.read_watch.remove(&socket.fd);
        }
    }

    /// Takes one connection; the next one keeps the listener ready. Returns whether there was one.
    fn accept(&mut self, now: Instant) -> bool {
        match self.listener.accept() {
            Ok(fd) => self.admit(fd, now),
            // The caller has gone again.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(error) => {
                self.refuse_exhausted(&error, now);
                return false;
            }
        }
        true
    }

    fn admit(&mut self, fd: OwnedFd, now: Instant) {
        let peer = match socket::peer(&fd) {
            Ok(peer) => peer,
            Err(error) => {
                warning!("getsockopt SO_PEERCRED: {}", socket::reason(&error));
                return;
            }
        };
        let connected = self.clients.iter().map(Client::peer);
        let program = |pid: i32| process::inspect(pid.cast_unsigned()).comm;
        match admission::admit(peer, socket::uid(), connected, program) {
            Ok(at) => {
                debug!("pid {} connected", peer.pid);
                self.clients[at].admit(ClientSocket { fd }, peer, now);
                self.connected.insert(at);
            }
            Err(failure) => {
                warning!("refused user {} (pid {}): {failure}", peer.uid, peer.pid);
                refuse(&fd, &failure);
            }
        }
    }

    /// Nothing is left to accept with. Where that is a descriptor: lets the spare one go, tells the
    /// caller, takes it back.
    fn refuse_exhausted(&mut self, error: &io::Error, now: Instant) {
        let lacks_descriptor = matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE));
        if lacks_descriptor
            && self.spare.take().is_some()
            && let Ok(fd) = self.listener.accept()
        {
            let message = "mixd is busy: no file descriptor is left; raise its limit (ulimit -n)";
            refuse(&fd, &Failure::new(ErrorCode::Busy, message));
            warning!("refused a client: no file descriptor is left");
        }
        if lacks_descriptor {
            self.spare = spare_descriptor();
        }
        if !lacks_descriptor {
            warning!("accept: {}", socket::reason(error));
        }
        if !lacks_descriptor || self.spare.is_none() {
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

fn spare_descriptor() -> Option<File> {
    File::open("/dev/null").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_iterated_once_from_any_client_on() {
        let mut set = ClientSet::default();
        for at in [0, 3, 31] {
            set.insert(at);
        }
        let from = |first| set.from(first).collect::<Vec<_>>();
        assert_eq!(from(0), [0, 3, 31]);
        assert_eq!(from(3), [3, 31, 0]);
        assert_eq!(from(4), [31, 0, 3]);
        set.remove(3);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 31]);
        assert_eq!(ClientSet::default().iter().count(), 0);
    }
}
