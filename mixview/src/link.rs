//! The connection to mixd, and the looking for it: at once when its socket's file appears, else
//! every two seconds. Waits for nothing.

use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::inotify;
use wire::client::TIMEOUT;
use wire::socket::Interest;
use wire::{Client, ClientError, Incoming, Name, Request};

use crate::model::{Lost, Message};

/// How long after one attempt the next one follows.
const RETRY: Duration = Duration::from_secs(2);
/// The same, when the file was there and nobody behind it: between mixd's `bind` and its `listen`.
const SOON: Duration = Duration::from_millis(50);

/// Who asks, for mixd's log.
const PROGRAM: &str = concat!("mixview ", env!("CARGO_PKG_VERSION"));

/// mixd, there or not.
#[derive(Debug)]
pub struct Link {
    name: Name,
    client: Option<Client>,
    /// When the oldest request without an answer counts as not answered.
    patience: Option<Instant>,
    /// When mixd is looked for again.
    retry: Option<Instant>,
    /// The folder of the socket, while it is not there. An abstract name has none: nothing tells
    /// that somebody has taken it, so that it is looked for by time alone.
    watch: Option<OwnedFd>,
}

impl Link {
    /// Looks for mixd there; says what came of it.
    pub fn open(name: Name, now: Instant) -> (Self, Vec<Message>) {
        let mut link = Self {
            name,
            client: None,
            patience: None,
            retry: None,
            watch: None,
        };
        let mut messages = Vec::new();
        link.look(now, &mut messages);
        (link, messages)
    }

    /// Returns the descriptor to poll, and for what.
    pub fn fd(&self) -> Option<(BorrowedFd<'_>, Interest)> {
        match (&self.client, &self.watch) {
            (Some(client), _) => Some((client.as_fd(), client.interest())),
            (None, Some(watch)) => Some((watch.as_fd(), Interest::Readable)),
            (None, None) => None,
        }
    }

    /// When [`turn`](Self::turn) is to be called at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.patience.or(self.retry)
    }

    /// Does what can be done now; says what has happened.
    pub fn turn(&mut self, now: Instant) -> Vec<Message> {
        let mut messages = Vec::new();
        if self.client.is_some() {
            self.listen(now, &mut messages);
        } else if self.has_appeared() {
            self.look(now, &mut messages);
            self.retry = self.retry.map(|_| now + SOON);
        } else if self.retry.is_some_and(|retry| retry <= now) {
            self.look(now, &mut messages);
        }
        messages
    }

    /// Sends a request. That it can't be sent is said by the next [`turn`](Self::turn).
    pub fn send(&mut self, request: &Request, now: Instant) {
        if let Some(client) = &mut self.client {
            self.patience.get_or_insert(now + TIMEOUT);
            if client.send(request).is_err() {
                self.patience = Some(now);
            }
        }
    }

    fn look(&mut self, now: Instant, messages: &mut Vec<Message>) {
        // Before the attempt: what appears between the two is not missed.
        self.watch = watched(&self.name);
        match Client::open(&self.name, PROGRAM, now) {
            Ok(client) => {
                self.client = Some(client);
                self.patience = Some(now + TIMEOUT);
                self.retry = None;
                self.watch = None;
                // The greeting is there, as a rule, before anything else is done.
                self.listen(now, messages);
            }
            Err(error) => self.lose(&error, now, messages),
        }
    }

    fn listen(&mut self, now: Instant, messages: &mut Vec<Message>) {
        let Some(client) = &mut self.client else {
            return;
        };
        let mut failed = client.flush().err();
        let mut answered = false;
        while failed.is_none() {
            match client.receive() {
                Ok(Some(Incoming::Welcome)) => {
                    answered = true;
                    messages.push(Message::Connected);
                }
                Ok(Some(Incoming::Answer(answer))) => {
                    answered = true;
                    messages.push(Message::Answer(answer));
                }
                Ok(Some(Incoming::Event(event))) => messages.push(Message::Event(event)),
                Ok(None) => break,
                Err(error) => failed = Some(error),
            }
        }
        if !client.awaits_answer() {
            self.patience = None;
        } else if answered {
            self.patience = Some(now + TIMEOUT);
        } else if self.patience.is_some_and(|patience| patience <= now) {
            failed.get_or_insert(ClientError::Silent);
        }
        if let Some(error) = failed {
            self.watch = watched(&self.name);
            self.lose(&error, now, messages);
        }
    }

    fn lose(&mut self, error: &ClientError, now: Instant, messages: &mut Vec<Message>) {
        self.client = None;
        self.patience = None;
        self.retry = Some(now + RETRY);
        let why = match error {
            // How to start it is said beside it.
            ClientError::Unreachable(_, error) => error.to_string(),
            error => error.to_string(),
        };
        let (title, is_gone) = match error {
            ClientError::Unreachable(..) | ClientError::Closed => ("mixd is not there", true),
            ClientError::Silent => ("mixd does not answer", false),
            ClientError::Stranger(..) => ("This is not your mixd", false),
            ClientError::Refused(_) => ("mixd says no", false),
            ClientError::Protocol(_) => ("mixd is not understood", false),
            ClientError::System(_) => ("mixd can't be reached", false),
        };
        let start = is_gone.then(|| self.name.daemon());
        messages.push(Message::Lost(Lost { title, why, start }));
    }

    /// Whether the socket's file has come since it was looked for.
    fn has_appeared(&self) -> bool {
        let (Some(watch), Name::Path(path)) = (&self.watch, &self.name) else {
            return false;
        };
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(watch, &mut space);
        let mut appeared = false;
        while let Ok(event) = events.next() {
            let name = event.file_name().map(std::ffi::CStr::to_bytes);
            // With no name, the folder itself has gone: the next attempt watches anew.
            appeared |= name.is_none() || name.map(OsStr::from_bytes) == path.file_name();
        }
        appeared
    }
}

/// The folder that a socket's file is in, watched for what comes into it.
fn watched(name: &Name) -> Option<OwnedFd> {
    let Name::Path(path) = name else { return None };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
    let watch = inotify::init(flags).ok()?;
    let comes = inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
    inotify::add_watch(&watch, folder, comes).ok()?;
    Some(watch)
}

#[cfg(test)]
mod tests {
    use wire::socket::{self, Listener};

    use super::*;

    /// With the clock standing still, it is not the next attempt that finds it.
    #[test]
    fn a_socket_that_appears_is_looked_for_at_once() {
        let folder = std::env::temp_dir().join(format!("mixview-link-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("socket");
        let name = Name::Path(path.clone());
        let now = Instant::now();
        let (mut link, messages) = Link::open(name.clone(), now);
        assert!(matches!(&messages[..], [Message::Lost(_)]), "{messages:?}");
        assert!(link.turn(now).is_empty(), "it waits");
        assert_eq!(link.deadline(), Some(now + RETRY));
        std::fs::write(&path, "").unwrap();
        assert_eq!(link.turn(now).len(), 1, "nobody is there yet");
        assert_eq!(link.deadline(), Some(now + SOON));
        link.turn(now + SOON);
        assert_eq!(link.deadline(), Some(now + SOON + RETRY));
        std::fs::remove_file(&path).unwrap();
        let listener = Listener::bind(&name).unwrap();
        let (fd, _) = link.fd().unwrap();
        let [ready] = socket::poll([(fd, Interest::Readable)], None).unwrap();
        assert!(ready.readable);
        link.turn(now);
        let came = listener.accept().is_ok();
        drop(listener);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(came, "it has connected");
    }

    /// A mixd that is stopped, one that is not understood, and none.
    #[test]
    fn what_is_wrong_with_mixd_is_what_the_title_says() {
        let name = Name::Path(std::env::temp_dir().join("mixview-link-nobody"));
        let (mut link, _) = Link::open(name, Instant::now());
        for (error, title) in [
            (ClientError::Silent, "mixd does not answer"),
            (ClientError::Protocol("?".into()), "mixd is not understood"),
            (ClientError::Closed, "mixd is not there"),
        ] {
            let mut messages = Vec::new();
            link.lose(&error, Instant::now(), &mut messages);
            let [Message::Lost(lost)] = &messages[..] else {
                panic!("{messages:?}");
            };
            assert_eq!(lost.title, title);
            assert_eq!(lost.start.is_some(), title == "mixd is not there");
        }
    }
}
