//! The client array over real sockets: accepts connections into a fixed number of slots and hands out
//! turns. Who gets a slot is `admission.rs`'s business, what happens in it `client.rs`'s, what the bytes
//! mean `session.rs`'s.

pub mod admission;
pub mod client;
pub mod event;
pub mod listen;
pub mod session;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use wire::codec;
use wire::frame::{Kind, Writer};
use wire::socket::{self, Listener};
use wire::{ErrorCode, Failure, Reason, Topics};

use self::admission::{CLIENTS, ClientId};
use self::client::{Client, PollEvents, Socket};
use self::event::EncodedEvent;
use self::session::Service;
use crate::process;
use crate::sys::{self, POLLERR, POLLHUP, POLLIN, POLLOUT, pollfd};

/// How many entries of the poll set are the server's: the listener, then the clients.
pub const ENTRIES: usize = 1 + CLIENTS;
const LISTENER: usize = 0;
const FIRST_CLIENT: usize = 1;

/// How long a client waits for a slot when all are taken: many keys pressed at once are served one after
/// the other.
const SLOT_WAIT: Duration = Duration::from_millis(500);

/// How long no connection is accepted when that fails for want of memory, or of a descriptor to refuse it
/// with.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Room for the longest sentence of a refusal and its frame.
const REFUSAL: usize = 2560;

/// The client array and its listener.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    clients: Box<[Client<ClientSocket>]>,
    /// The slots that are taken: the others are not looked at.
    connected: ClientSet,
    /// The clients that are due at some time, whatever poll(2) says.
    timed: ClientSet,
    /// When the first of them is due, as of the last call of [`deadline`](Self::deadline).
    next_due: Option<Instant>,
    /// The poll set's entries, each as of the last time that something happened to its client.
    entries: [pollfd; ENTRIES],
    /// Whose turn is first; moves on, so that nobody is always last.
    first: ClientId,
    /// The Event that was published last.
    event: EncodedEvent,
    /// A descriptor that is closed when no other is left, so that the caller can be told.
    spare: Option<File>,
    /// Until when nobody is accepted, after that has failed.
    accept_again: Option<Instant>,
    /// Until when somebody waits for a slot, while all are taken.
    slot_wait_until: Option<Instant>,
    is_stopping: bool,
}

/// A set of clients, a bit each.
#[derive(Clone, Copy, Debug, Default)]
struct ClientSet(u32);

const _: () = assert!(CLIENTS == u32::BITS as usize, "a bit for each client");

impl ClientSet {
    fn insert(&mut self, at: usize) {
        self.0 |= 1 << at;
    }

    fn remove(&mut self, at: usize) {
        self.0 &= !(1 << at);
    }

    fn is_full(self) -> bool {
        self.0 == u32::MAX
    }

    /// Returns the number of slots up to the last client in it.
    fn end(self) -> usize {
        CLIENTS - self.0.leading_zeros() as usize
    }

    /// The clients that are in it now, in order.
    fn iter(self) -> impl Iterator<Item = usize> {
        self.from(0)
    }

    /// The clients that are in it now, from one on, round to the one before it.
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
}

impl Server {
    /// Serves clients that connect to `listener`. All memory that the server ever needs is taken here.
    pub fn new(listener: Listener) -> Self {
        let now = Instant::now();
        Self {
            listener,
            clients: (0..CLIENTS).map(|id| Client::new(id, now)).collect(),
            connected: ClientSet::default(),
            timed: ClientSet::default(),
            next_due: None,
            entries: [sys::entry(None, 0); ENTRIES],
            first: 0,
            event: EncodedEvent::default(),
            spare: spare_descriptor(),
            accept_again: None,
            slot_wait_until: None,
            is_stopping: false,
        }
    }

    /// Accepts nobody any more: a client that connects learns from the end of the socket that its name is
    /// free.
    pub fn stop_accepting(&mut self) {
        self.is_stopping = true;
        (self.accept_again, self.slot_wait_until) = (None, None);
    }

    /// The poll set's entries, up to that of the last client: poll(2) fails when it is given more than
    /// `RLIMIT_NOFILE`. There are fewer entries than open descriptors, as a client gets the first free slot.
    pub fn entries(&mut self) -> &[pollfd] {
        debug_assert!(
            self.connected.iter().all(|at| {
                let (kept, now) = (self.entries[FIRST_CLIENT + at], self.entry(at));
                (kept.fd, kept.events) == (now.fd, now.events)
            }),
            "something has happened to a client that was not noted"
        );
        // Not while somebody waits for a slot: the listener would be ready all the while.
        let accepts =
            !self.is_stopping && self.accept_again.is_none() && self.slot_wait_until.is_none();
        self.entries[LISTENER] = sys::entry(accepts.then(|| self.listener.as_fd()), POLLIN);
        let (entries, _) = self.entries.split_at(FIRST_CLIENT + self.connected.end());
        entries
    }

    /// When [`handle`](Self::handle) is due, if nothing is ready before.
    pub fn deadline(&mut self, now: Instant) -> Option<Instant> {
        let timed = self.timed.iter();
        self.next_due = timed.filter_map(|at| self.clients[at].deadline(now)).min();
        let others = [self.accept_again, self.slot_wait_until];
        self.next_due
            .into_iter()
            .chain(others.into_iter().flatten())
            .min()
    }

    /// Takes in what a client waits for, after something has happened to it: a client to which nothing happens
    /// costs nothing.
    fn note_client(&mut self, at: ClientId, now: Instant) {
        self.entries[FIRST_CLIENT + at] = self.entry(at);
        match self.clients[at].deadline(now) {
            Some(_) => self.timed.insert(at),
            None => self.timed.remove(at),
        }
    }

    /// The poll set's entry of a client, as it waits now.
    fn entry(&self, at: ClientId) -> pollfd {
        let client = &self.clients[at];
        let interest = client.interest();
        let input = if interest.readable { POLLIN } else { 0 };
        let output = if interest.writable { POLLOUT } else { 0 };
        let socket = client.socket().map(|socket| socket.fd.as_fd());
        sys::entry(socket, input | output)
    }

    /// Gives each client its turn, then accepts a new one.
    pub fn handle(&mut self, polled: &[pollfd], service: &mut impl Service, now: Instant) {
        let is_any_due = self.next_due.is_some_and(|due| due <= now);
        for at in self.connected.from(self.first) {
            let client = &mut self.clients[at];
            let events = polled[FIRST_CLIENT + at].revents;
            let is_due = || client.deadline(now).is_some_and(|due| due <= now);
            // Where nothing waits to be sent, a writable socket is for an Event, which `publish` writes.
            let is_idle = events == 0 || events == POLLOUT && client.output().is_empty();
            if is_idle && !(is_any_due && is_due()) {
                continue;
            }
            let events = PollEvents {
                readable: events & POLLIN != 0,
                writable: events & POLLOUT != 0,
                hung_up: events & (POLLHUP | POLLERR) != 0,
            };
            client.serve(events, service, now);
            self.release_if_closed(at, service);
            self.note_client(at, now);
        }
        self.first = (self.first + 1) % CLIENTS;
        // Last, so that a slot that has just become free is free.
        if self.accept_again.is_some_and(|again| now >= again) {
            self.accept_again = None;
        }
        let has_caller = polled[LISTENER].revents != 0 || self.slot_wait_until.is_some();
        if !has_caller || self.is_stopping {
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

    /// Tells the subscribers of `topics` that they have changed: those now whose sockets are writable, the
    /// others when they are.
    pub fn publish(
        &mut self,
        topics: Topics,
        polled: &[pollfd],
        service: &impl Service,
        now: Instant,
    ) {
        self.event.forget();
        for at in self.connected.from(self.first) {
            let is_writable = polled[FIRST_CLIENT + at].revents & POLLOUT != 0;
            if topics.is_empty() && !is_writable {
                continue;
            }
            self.clients[at].mark_dirty(topics);
            if is_writable {
                self.clients[at].send_events(&mut self.event, service, now);
                self.note_client(at, now);
            } else {
                // Nothing but what it waits to be sent has changed.
                self.entries[FIRST_CLIENT + at] = self.entry(at);
            }
        }
    }

    /// Says that a client's slot has become free, before anybody else gets it.
    fn release_if_closed(&mut self, at: ClientId, service: &mut impl Service) {
        if self.clients[at].peer().is_none() {
            self.connected.remove(at);
            service.disconnected(at);
        }
    }

    /// Accepts one connection; the next one keeps the listener ready. Returns whether there was one.
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
        match admission::admit(peer, socket::uid(), connected, program_of) {
            Ok(at) => {
                debug!("pid {} connected", peer.pid);
                sys::set_smallest_send_buffer(&fd);
                self.clients[at].admit(ClientSocket { fd }, peer, now);
                self.connected.insert(at);
                self.note_client(at, now);
            }
            Err(failure) => {
                warning!("refused user {} (pid {}): {failure}", peer.uid, peer.pid);
                refuse(&fd, &failure);
            }
        }
    }

    /// Deals with an accept(2) that fails for want of something. Where that is a descriptor, the spare one is
    /// closed so that the caller can be told.
    fn refuse_exhausted(&mut self, error: &io::Error, now: Instant) {
        let lacks_descriptor = matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE));
        let mut is_told = false;
        if lacks_descriptor && self.spare.take().is_some() {
            if let Ok(fd) = self.listener.accept() {
                let message =
                    "mixd is busy: no file descriptor is left; raise its limit (ulimit -n)";
                let failure = Failure::new(ErrorCode::Busy, message);
                let peers = self.clients.iter().filter_map(Client::peer);
                let holders = admission::holders(peers, program_of);
                let reason = Some(Reason::NoDescriptor);
                refuse(
                    &fd,
                    &Failure {
                        reason,
                        holders,
                        ..failure
                    },
                );
                warning!("refused a client: no file descriptor is left");
                is_told = true;
            }
            self.spare = spare_descriptor();
        }
        if !is_told {
            warning!("accept: {}", socket::reason(error));
            // The caller keeps the listener ready: the loop would spin.
            self.accept_again = Some(now + ACCEPT_PAUSE);
            self.spare = self.spare.take().or_else(spare_descriptor);
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

/// Returns the name of a process.
fn program_of(pid: i32) -> Option<String> {
    process::inspect(pid.cast_unsigned()).comm
}

fn spare_descriptor() -> Option<File> {
    File::open("/dev/null").ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::App;
    use crate::options::Options;
    use std::os::unix::net::UnixStream;
    use wire::socket::Peer;
    use wire::{Name, frame};

    #[test]
    fn after_an_accept_without_memory_nobody_is_accepted_for_a_second() {
        let name = Name::Abstract(format!("mixd-pause-{}", std::process::id()).into());
        let mut server = Server::new(Listener::bind(&name).unwrap());
        let mut service = App::new(Options::default());
        let now = Instant::now();
        let accepts = |server: &mut Server| server.entries()[LISTENER].fd >= 0;
        assert!(accepts(&mut server) && server.deadline(now).is_none());

        server.refuse_exhausted(&io::Error::from_raw_os_error(libc::ENOMEM), now);
        let again = now + ACCEPT_PAUSE;
        let just_before = again.checked_sub(Duration::from_nanos(1)).unwrap();
        let idle = [sys::entry(None, 0); ENTRIES];
        server.handle(&idle, &mut service, just_before);
        assert!(!accepts(&mut server));
        assert_eq!(server.deadline(now), Some(again));
        server.handle(&idle, &mut service, again);
        assert!(accepts(&mut server) && server.deadline(again).is_none());
    }

    #[test]
    fn the_longest_refusal_arrives_whole() {
        let peer = |pid| Peer { pid, uid: 0 };
        // As many holders as clients, each with the longest name that the kernel has, and its largest pids (proc(5)).
        let slots = (0..32).map(|at| Some(peer(4_194_303 - at)));
        let name = |pid| Some(format!("{pid}-{}", "x".repeat(7)));
        let failure = admission::admit(peer(1), 0, slots, name).unwrap_err();
        assert_eq!(failure.holders.len(), CLIENTS);

        let (ours, theirs) = UnixStream::pair().unwrap();
        refuse(&ours.into(), &failure);
        let mut space = vec![0; 2 * REFUSAL];
        let length = socket::receive(&theirs.into(), &mut space).unwrap();
        let (frame, _) = frame::parse(&space[..length], REFUSAL).unwrap().unwrap();
        assert_eq!(codec::decode(frame.body), Ok(failure));
    }

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
