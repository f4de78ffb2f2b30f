//! The connection to mixd. While there is none, it is tried again every two seconds, and at once when
//! the socket's file appears. Blocks nowhere: the window polls the descriptor.

use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::inotify;
use wire::client::TIMEOUT;
use wire::socket::Interest;
use wire::{Client, ClientError, ErrorCode, Failure, Incoming, Name, Request};

use crate::model::{LinkError, Message};

/// How long after an attempt to connect the next one follows.
const RETRY: Duration = Duration::from_secs(2);
/// The same, when the file was there and nobody behind it: between mixd's `bind` and its `listen`.
const RETRY_SOON: Duration = Duration::from_millis(50);

/// The name in mixd's log.
const PROGRAM: &str = concat!("mixview ", env!("CARGO_PKG_VERSION"));

#[derive(Debug)]
pub struct Link {
    name: Name,
    client: Option<Client>,
    /// When mixd must have answered the oldest request without an answer.
    reply_deadline: Option<Instant>,
    /// When the next attempt to connect is due.
    retry: Option<Instant>,
    /// Watches the socket's folder while there is no connection. An abstract name has no folder:
    /// nothing tells that somebody has taken it, so there is only the next attempt.
    watch: Option<OwnedFd>,
}

impl Link {
    /// Tries to connect. Returns the link, and what came of it.
    pub fn open(name: Name, now: Instant) -> (Self, Vec<Message>) {
        let mut link = Self {
            name,
            client: None,
            reply_deadline: None,
            retry: None,
            watch: None,
        };
        let messages = link.connect(now);
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

    /// When to call [`turn`](Self::turn) at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.reply_deadline.or(self.retry)
    }

    /// Does what can be done now. Returns what has happened.
    pub fn turn(&mut self, now: Instant) -> Vec<Message> {
        if self.client.is_some() {
            self.receive(now)
        } else if self.socket_appeared() {
            let messages = self.connect(now);
            self.retry = self.retry.map(|_| now + RETRY_SOON);
            messages
        } else if self.retry.is_some_and(|retry| retry <= now) {
            self.connect(now)
        } else {
            Vec::new()
        }
    }

    /// Sends a request. The next [`turn`](Self::turn) says if that has failed.
    pub fn send(&mut self, request: &Request, now: Instant) {
        if let Some(client) = &mut self.client {
            self.reply_deadline.get_or_insert(now + TIMEOUT);
            if client.send(request).is_err() {
                self.reply_deadline = Some(now);
            }
        }
    }

    fn connect(&mut self, now: Instant) -> Vec<Message> {
        // Before the attempt, so that a file that appears between the two is not missed.
        self.watch = watch(&self.name);
        match Client::open(&self.name, PROGRAM, now) {
            Ok(client) => {
                self.client = Some(client);
                self.reply_deadline = Some(now + TIMEOUT);
                self.retry = None;
                self.watch = None;
                // The Welcome is there, as a rule, before anything else is done.
                self.receive(now)
            }
            Err(error) => vec![self.disconnect(&error, now)],
        }
    }

    fn receive(&mut self, now: Instant) -> Vec<Message> {
        let mut messages = Vec::new();
        let Some(client) = &mut self.client else {
            return messages;
        };
        let mut failed = client.flush().err();
        let mut is_answered = false;
        while failed.is_none() {
            match client.receive() {
                Ok(Some(incoming)) => {
                    is_answered |= !matches!(incoming, Incoming::Event(_));
                    messages.push(match incoming {
                        Incoming::Welcome => match client.welcome() {
                            Some(welcome) => Message::Connected(welcome.clone()),
                            None => continue,
                        },
                        Incoming::Answer(reply) => {
                            Message::Reply(reply.map_err(|error| match error {
                                ClientError::Refused(failure) => failure,
                                error => Failure::new(ErrorCode::Refused, error.to_string()),
                            }))
                        }
                        Incoming::Event(event) => Message::Event(event),
                    });
                }
                Ok(None) => break,
                Err(error) => failed = Some(error),
            }
        }
        if !client.awaits_answer() {
            self.reply_deadline = None;
        } else if is_answered {
            self.reply_deadline = Some(now + TIMEOUT);
        } else if self.reply_deadline.is_some_and(|deadline| deadline <= now) {
            failed.get_or_insert(ClientError::Silent);
        }
        if let Some(error) = failed {
            self.watch = watch(&self.name);
            messages.push(self.disconnect(&error, now));
        }
        messages
    }

    fn disconnect(&mut self, error: &ClientError, now: Instant) -> Message {
        self.client = None;
        self.reply_deadline = None;
        self.retry = Some(now + RETRY);
        let reason = match error {
            // The window shows the command to start mixd beside it.
            ClientError::Unreachable(_, error) => error.to_string(),
            error => error.to_string(),
        };
        let (title, is_gone) = match error {
            ClientError::Unreachable(..) | ClientError::Closed => ("mixd is not there", true),
            ClientError::Silent => ("mixd does not answer", false),
            ClientError::Stranger(..) => ("This is not your mixd", false),
            ClientError::Refused(failure) => match failure.code {
                ErrorCode::Busy => ("mixd has no place left for this window", false),
                ErrorCode::Version => ("mixd speaks another version of the protocol", false),
                _ => ("mixd has ended the connection", false),
            },
            ClientError::Protocol(_) | ClientError::Unknown(..) => {
                ("mixd is not understood", false)
            }
            ClientError::System(_) => ("mixd can't be reached", false),
        };
        Message::Disconnected(LinkError {
            title,
            reason,
            command: is_gone.then(|| self.name.daemon()),
        })
    }

    /// Returns whether the socket's file has appeared since the last attempt to connect.
    fn socket_appeared(&self) -> bool {
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

/// Watches the folder of the socket's file for new files.
fn watch(name: &Name) -> Option<OwnedFd> {
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
        assert!(
            matches!(&messages[..], [Message::Disconnected(_)]),
            "{messages:?}"
        );
        assert!(link.turn(now).is_empty(), "it waits");
        assert_eq!(link.deadline(), Some(now + RETRY));
        std::fs::write(&path, "").unwrap();
        assert_eq!(link.turn(now).len(), 1, "nobody is there yet");
        assert_eq!(link.deadline(), Some(now + RETRY_SOON));
        link.turn(now + RETRY_SOON);
        assert_eq!(link.deadline(), Some(now + RETRY_SOON + RETRY));
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
            (
                ClientError::Refused(Failure::new(ErrorCode::Busy, "full")),
                "mixd has no place left for this window",
            ),
        ] {
            let message = link.disconnect(&error, Instant::now());
            let Message::Disconnected(lost) = message else {
                panic!("{message:?}");
            };
            assert_eq!(lost.title, title);
            assert_eq!(lost.command.is_some(), title == "mixd is not there");
        }
    }
}
