//! The selections of X11, by a library with connections of its own and a thread that serves other programs.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use x11_clipboard::Clipboard;

use super::{Selection, TIMEOUT, set_nonblocking};

/// How long one question takes at most: done before the window asks again.
const LOAD_TIMEOUT: Duration = TIMEOUT.saturating_sub(Duration::from_millis(200));

pub struct X11(Arc<Clipboard>);

impl X11 {
    pub fn connect() -> Option<Self> {
        Some(Self(Arc::new(Clipboard::new().ok()?)))
    }

    pub fn copy(&self, selection: Selection, text: String) {
        let atoms = &self.0.setter.atoms;
        let selection = match selection {
            Selection::Clipboard => atoms.clipboard,
            Selection::Primary => atoms.primary,
        };
        let _ = self.0.store(selection, atoms.utf8_string, text);
    }

    /// Returns where the text of a selection can be read. The library waits for its owner, so it is asked
    /// in a thread, which ends with the answer.
    pub fn paste(&self, selection: Selection) -> Option<OwnedFd> {
        let (ours, mut theirs) = UnixStream::pair().ok()?;
        set_nonblocking(&ours)?;
        let clipboard = Arc::clone(&self.0);
        let load = move || {
            let atoms = &clipboard.getter.atoms;
            let selection = match selection {
                Selection::Clipboard => atoms.clipboard,
                Selection::Primary => atoms.primary,
            };
            let load =
                |target| clipboard.load(selection, target, atoms.property, Some(LOAD_TIMEOUT));
            let text = match load(atoms.utf8_string) {
                // It has no owner, or an old one: a STRING is in ISO 8859-1 (ICCCM 2.6.2).
                Ok(text) if text.is_empty() => {
                    let text = load(atoms.string).unwrap_or_default();
                    text.into_iter().map(char::from).collect::<String>().into()
                }
                text => text.unwrap_or_default(),
            };
            let _ = theirs.write_all(&text);
        };
        thread::Builder::new().spawn(load).ok()?;
        Some(ours.into())
    }
}
