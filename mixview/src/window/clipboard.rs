//! The clipboard and the primary selection. Nothing is connected or started before text is copied or pasted.
//!
//! Pasted text comes through a descriptor that is polled with the others, on Wayland from its owner, on X11
//! from a thread that asks for it: the window goes on while an owner hangs.

mod wayland;
mod x11;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use winit::event_loop::OwnedDisplayHandle;
use winit::raw_window_handle::{HasDisplayHandle, RawDisplayHandle};

use crate::model::Selection;

use wayland::Wayland;
use x11::X11;

/// How long the owner of a selection has to say what it is.
const TIMEOUT: Duration = Duration::from_secs(1);
/// The most bytes that are read; a text field takes fewer.
const MAX_PASTE: usize = 4096;

pub struct Clipboard {
    /// The connection to the display; none before it is used first.
    connection: Option<Connection>,
    display: OwnedDisplayHandle,
    paste: Option<Paste>,
    /// Whether connecting may have read events of the window along with its own.
    has_read: bool,
}

enum Connection {
    Wayland(Box<Wayland>),
    X11(X11),
}

/// Pasted text that is being read.
struct Paste {
    pipe: File,
    text: Vec<u8>,
    deadline: Instant,
}

impl Clipboard {
    pub fn new(display: OwnedDisplayHandle) -> Self {
        Self {
            connection: None,
            display,
            paste: None,
            has_read: false,
        }
    }

    /// Offers text to other programs for as long as the window is open.
    pub fn copy(&mut self, selection: Selection, text: String) {
        match self.connect() {
            Some(Connection::Wayland(wayland)) => wayland.copy(selection, text),
            Some(Connection::X11(x11)) => x11.copy(selection, text),
            None => {}
        }
    }

    /// Asks for the text of a selection, and for none that was asked for before. [`turn`](Self::turn)
    /// brings it.
    pub fn paste(&mut self, selection: Selection, now: Instant) {
        let pipe = match self.connect() {
            Some(Connection::Wayland(wayland)) => wayland.paste(selection),
            Some(Connection::X11(x11)) => x11.paste(selection),
            None => None,
        };
        // What has no owner is empty.
        let pipe = pipe.or_else(|| Some(OwnedFd::from(File::open("/dev/null").ok()?)));
        self.paste = pipe.map(|pipe| Paste {
            pipe: pipe.into(),
            text: Vec::new(),
            deadline: now + TIMEOUT,
        });
    }

    /// Serves other programs. Returns the text that was asked for, once: when all of it is there, or empty
    /// when its owner has not answered in time.
    pub fn turn(&mut self, now: Instant) -> Option<String> {
        if let Some(Connection::Wayland(wayland)) = &mut self.connection {
            wayland.turn();
        }
        let text = self.paste.as_mut()?.turn(now)?;
        self.paste = None;
        Some(text)
    }

    /// Returns what to poll while text is awaited.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.paste.as_ref().map(|paste| paste.pipe.as_fd())
    }

    /// Returns until when text is awaited.
    pub fn deadline(&self) -> Option<Instant> {
        self.paste.as_ref().map(|paste| paste.deadline)
    }

    /// Returns, once, whether events of the window may have been read that poll does not see.
    pub fn has_read(&mut self) -> bool {
        std::mem::take(&mut self.has_read)
    }

    fn connect(&mut self) -> Option<&mut Connection> {
        if self.connection.is_none() {
            self.has_read = true;
            let handle = self.display.display_handle().ok()?;
            self.connection = match handle.as_raw() {
                RawDisplayHandle::Wayland(_) => {
                    let wayland = Wayland::connect(&self.display)?;
                    Some(Connection::Wayland(Box::new(wayland)))
                }
                _ => Some(Connection::X11(X11::connect()?)),
            };
        }
        self.connection.as_mut()
    }
}

impl Paste {
    /// Returns the text, as [`Clipboard::turn`] does.
    fn turn(&mut self, now: Instant) -> Option<String> {
        let mut bytes = [0; MAX_PASTE];
        while self.text.len() < MAX_PASTE {
            match self.pipe.read(&mut bytes) {
                Ok(0) => break,
                Ok(count) => self.text.extend(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock && now < self.deadline => {
                    return None;
                }
                Err(_) => return Some(String::new()),
            }
        }
        Some(String::from_utf8_lossy(&self.text).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn paste(start: Instant) -> (Paste, UnixStream) {
        let (ours, owners) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let paste = Paste {
            pipe: OwnedFd::from(ours).into(),
            text: Vec::new(),
            deadline: start + TIMEOUT,
        };
        (paste, owners)
    }

    #[test]
    fn text_in_pieces_is_whole_when_its_owner_has_closed() {
        let start = Instant::now();
        let (mut paste, mut owner) = paste(start);
        assert_eq!(paste.turn(start), None);
        for piece in [&b"caf\xc3"[..], b"\xa9"] {
            owner.write_all(piece).unwrap();
            assert_eq!(paste.turn(start), None);
        }
        drop(owner);
        assert_eq!(paste.turn(start).as_deref(), Some("café"));
    }

    #[test]
    fn an_owner_that_hangs_is_not_waited_for_and_one_that_never_ends_is_cut() {
        let start = Instant::now();
        let (mut silent, _owner) = paste(start);
        assert_eq!(silent.turn(start + TIMEOUT / 2), None);
        assert_eq!(silent.turn(start + TIMEOUT).as_deref(), Some(""));
        let (mut endless, mut owner) = paste(start);
        owner.write_all(&[b'x'; 2 * MAX_PASTE]).unwrap();
        let text = endless.turn(start).unwrap();
        assert_eq!(text, "x".repeat(MAX_PASTE));
    }
}
