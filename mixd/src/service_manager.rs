//! The service manager, which passes a socket and is told when mixd serves: systemd's way (`sd_listen_fds(3)`,
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

/// Takes over what the service manager has passed: the socket, if there is one. `ready` is the number of a
/// descriptor on which it is told that mixd serves.
///
/// # Errors
/// A sentence: something else was passed, or several sockets, or a number twice.
pub fn take(ready: Option<i32>) -> Result<(Option<Listener>, ServiceManager), String> {
    let number = |name: &str| env::var(name).ok()?.parse::<u32>().ok();
    let is_ours = number("LISTEN_PID") == Some(std::process::id());
    let count = number("LISTEN_FDS").filter(|_| is_ours).unwrap_or(0);
    if count > 1 {
        return Err(format!(
            "LISTEN_FDS passes {count} sockets, of which mixd would not know which; give it one"
        ));
    }
    if count > 0 && ready == Some(FIRST_PASSED) {
        return Err(format!(
            "--ready-fd {FIRST_PASSED} is the socket that is passed (LISTEN_FDS=1); give it another"
        ));
    }
    let inherit = |number: i32, name: &str| {
        let fd = sys::inherited(number);
        fd.map_err(|error| format!("{name}: {}", wire::socket::reason(&error)))
    };
    let passed = (count > 0).then(|| {
        let fd = inherit(FIRST_PASSED, "LISTEN_FDS")?;
        Listener::inherit(fd).map_err(|error| error.to_string())
    });
    let fd = ready.map(|number| inherit(number, &format!("--ready-fd {number}")));
    let readiness = ServiceManager {
        fd: fd.transpose()?,
        is_heard: true,
    };
    Ok((passed.transpose()?, readiness))
}

/// The service manager, if there is one.
#[derive(Debug)]
pub struct ServiceManager {
    /// The descriptor that `--ready-fd` names.
    fd: Option<OwnedFd>,
    /// Whether systemd has been told everything so far.
    is_heard: bool,
}

impl ServiceManager {
    /// Says that mixd serves: by a line on the descriptor, which is closed, and by `READY=1`.
    pub fn announce(&mut self, status: &str) {
        if let Some(fd) = self.fd.take()
            && let Err(error) = File::from(fd).write_all(b"\n")
        {
            warning!("--ready-fd: {}", wire::socket::reason(&error));
        }
        self.say(&format!("READY=1\nSTATUS={status}"));
    }

    /// Says that mixd is about to end.
    pub fn announce_end(&mut self) {
        self.say("STOPPING=1");
    }

    /// Tells systemd, where it listens; where it does not, that is said once.
    fn say(&mut self, state: &str) {
        if let Err(error) = try_say(state)
            && std::mem::take(&mut self.is_heard)
        {
            let reason = wire::socket::reason(&error);
            warning!("NOTIFY_SOCKET: {reason}; the service manager is not told that mixd serves");
        }
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
