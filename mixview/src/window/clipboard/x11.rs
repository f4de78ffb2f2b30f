//! The selections of X11, by a library with connections of its own and a thread that serves other programs.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use x11_clipboard::Clipboard;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::PropMode;
use x11rb::wrapper::ConnectionExt as _;

use super::{Selection, TIMEOUT};

/// How long each of the two questions takes at most. (What an owner sends in parts, the library collects for that
/// long, however much it is.)
const LOAD_TIMEOUT: Duration = Duration::from_millis(400);
const _: () = assert!(2 * LOAD_TIMEOUT.as_millis() < TIMEOUT.as_millis());

/// The library's connections, and what is held while one asks: both questions get their answers in one property.
pub struct X11(Arc<(Clipboard, Mutex<()>)>);

impl X11 {
    pub fn connect() -> Option<Self> {
        Some(Self(Arc::new((Clipboard::new().ok()?, Mutex::new(())))))
    }

    pub fn copy(&self, selection: Selection, text: String) {
        let setter = &self.0.0.setter;
        let atoms = &setter.atoms;
        let selection = match selection {
            Selection::Clipboard => atoms.clipboard,
            Selection::Primary => atoms.primary,
        };
        let _ = self.0.0.store(selection, atoms.utf8_string, text);
        // While `store` waited for its answers, it may have read a request for the library's thread, which polls the
        // socket: this makes another event come.
        let (mode, kind) = (PropMode::REPLACE, atoms.string);
        let _ = setter
            .connection
            .change_property8(mode, setter.window, atoms.property, kind, b"");
        let _ = setter.connection.flush();
    }

    /// Returns where the text of a selection can be read. The library waits for its owner, so it is asked
    /// in a thread, which ends with the answer.
    pub fn paste(&self, selection: Selection) -> Option<OwnedFd> {
        let (ours, mut theirs) = UnixStream::pair().ok()?;
        ours.set_nonblocking(true).ok()?;
        let shared = Arc::clone(&self.0);
        let load = move || {
            let (clipboard, one_at_a_time) = &*shared;
            let _one = one_at_a_time.lock();
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
