//! What a service manager tells mixd, and what it is told: systemd's way (`sd_listen_fds(3)`,
//! `sd_notify(3)`) and s6's (a line on a descriptor). By hand: it is one datagram and three
//! variables.

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use wire::socket::Listener;

use crate::sys;

/// The first descriptor that systemd passes (sd-daemon.h: `SD_LISTEN_FDS_START`).
const FIRST_PASSED: i32 = 3;

/// The socket that systemd has passed, if it has passed one to this process.
///
/// # Errors
/// A sentence: it has passed something else, or several.
pub fn listener() -> Result<Option<Listener>, String> {
    let number = |name: &str| env::var(name).ok()?.parse::<u32>().ok();
    if number("LISTEN_PID") != Some(std::process::id()) {
        return Ok(None);
    }
    match number("LISTEN_FDS") {
        None | Some(0) => Ok(None),
        Some(1) => {
            let fd = sys::inherited(FIRST_PASSED);
            let fd = fd.map_err(|error| format!("LISTEN_FDS: {}", wire::socket::reason(&error)))?;
            let listener = Listener::inherit(fd).map_err(|error| error.to_string())?;
            Ok(Some(listener))
        }
        Some(count) => Err(format!(
            "LISTEN_FDS passes {count} sockets, of which mixd would not know which; give it one"
        )),
    }
}

/// Whom to tell when mixd serves.
#[derive(Debug)]
pub struct Readiness {
    /// What `--ready-fd` named.
    fd: Option<OwnedFd>,
}

impl Readiness {
    /// Takes the descriptor over, before its number can become another one's.
    ///
    /// # Errors
    /// A sentence: it is not open.
    pub fn new(number: Option<i32>) -> Result<Self, String> {
        let fd = number.map(sys::inherited).transpose();
        fd.map(|fd| Self { fd }).map_err(|error| {
            let number = number.unwrap_or(-1);
            format!("--ready-fd {number}: {}", wire::socket::reason(&error))
        })
    }

    /// mixd serves: a line on the descriptor, which ends it, and `READY=1`.
    pub fn announce(&mut self, status: &str) {
        if let Some(fd) = self.fd.take()
            && let Err(error) = File::from(fd).write_all(b"\n")
        {
            warning!("--ready-fd: {}", wire::socket::reason(&error));
        }
        say(&format!("READY=1\nSTATUS={status}"));
    }
}

/// mixd is about to end.
pub fn announce_end() {
    say("STOPPING=1");
}

/// Tells systemd, where it listens.
fn say(state: &str) {
    if let Err(error) = try_say(state) {
        warning!("NOTIFY_SOCKET: {}", wire::socket::reason(&error));
    }
}

fn try_say(state: &str) -> io::Result<()> {
    let Some(name) = env::var_os("NOTIFY_SOCKET") else {
        return Ok(());
    };
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(path))?,
    };
    UnixDatagram::unbound()?
        .send_to_addr(state.as_bytes(), &address)
        .map(drop)
}
