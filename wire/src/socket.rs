//! Unix stream sockets: listening, connecting, peer credentials, sending and receiving. Raw calls, for
//! what std does not have: a mode before `bind`, a connect that does not block, `SO_PEERCRED`,
//! `MSG_NOSIGNAL`. What is sent is not known here.
#![allow(unsafe_code)]
// The sizes and constants that C declares with other widths are all small.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_lossless
)]

mod listen;
mod poll;

use std::fmt;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

pub use self::listen::{Holder, ListenError, Listener, target};
pub use self::poll::{Interest, Ready, poll};
use crate::Name;

/// How long to wait before another attempt when a queue is full or a lock is taken.
const PAUSE: Duration = Duration::from_millis(10);

/// The process at the other end, as it was when it connected or began to listen (`SO_PEERCRED`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Process id; 0 when it is not visible from here (another PID namespace).
    pub pid: i32,
    /// Effective user id.
    pub uid: u32,
}

/// A system call that failed, with what it was for: `bind @mixd-1000: address in use`.
#[derive(Debug)]
pub struct SystemError {
    call: &'static str,
    object: String,
    source: io::Error,
}

impl SystemError {
    /// An error of `call` on `object`.
    pub fn new(call: &'static str, object: impl fmt::Display, source: io::Error) -> Self {
        Self {
            call,
            object: object.to_string(),
            source,
        }
    }

    /// Returns the kind of the system's own error.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// Returns the system's sentence, as [`reason`] does.
    pub fn reason(&self) -> String {
        reason(&self.source)
    }
}

/// Returns the system's sentence without its number, as the end of another: `connection refused`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.call, self.object, self.reason())
    }
}

impl std::error::Error for SystemError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Returns the address for `bind` and `connect`. [`Name::parse`] has checked that it fits.
fn address(name: &Name) -> (libc::sockaddr_un, libc::socklen_t) {
    // SAFETY: sockaddr_un is plain data, for which all zeros is a value.
    let mut address: libc::sockaddr_un = unsafe { mem::zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let offset = usize::from(matches!(name, Name::Abstract(_)));
    for (place, &byte) in address.sun_path[offset..].iter_mut().zip(name.bytes()) {
        *place = byte as libc::c_char;
    }
    let length = mem::offset_of!(libc::sockaddr_un, sun_path) + 1 + name.bytes().len();
    (address, length as libc::socklen_t)
}

/// Returns the effective user id of this process, which `SO_PEERCRED` shows to others.
pub fn uid() -> u32 {
    // SAFETY: geteuid takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// Connects to `name`, without blocking in any call after that. Waits until `deadline` for a place in
/// the listener's queue.
///
/// # Errors
/// [`SystemError`]; `ConnectionRefused` or `NotFound` when nobody listens there, `WouldBlock` when
/// the queue is full.
pub fn connect(name: &Name, deadline: Instant) -> Result<OwnedFd, SystemError> {
    let fd = socket(libc::SOCK_NONBLOCK)?;
    let (address, length) = address(name);
    loop {
        // SAFETY: fd is open, and the address is a sockaddr_un of the length given.
        let result =
            check(unsafe { libc::connect(fd.as_raw_fd(), (&raw const address).cast(), length) });
        match result {
            Ok(_) => return Ok(fd),
            // Nothing tells when there is room: poll(2) knows only connections that are under way.
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < deadline =>
            {
                std::thread::sleep(PAUSE);
            }
            Err(error) => return Err(SystemError::new("connect to", name, error)),
        }
    }
}

/// Returns the process at the other end of a connected socket (`SO_PEERCRED` in `unix(7)`).
///
/// # Errors
/// Those of `getsockopt`.
pub fn peer(fd: &OwnedFd) -> io::Result<Peer> {
    let mut credentials = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = size_of_val(&credentials) as libc::socklen_t;
    // SAFETY: the option fills a ucred, which is what is passed, with its size.
    let result = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    check(result).map(|_| Peer {
        pid: credentials.pid,
        uid: credentials.uid,
    })
}

/// Returns an integer option of a socket.
fn integer_option(fd: &OwnedFd, option: libc::c_int) -> io::Result<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut size = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the option is an int, which is what may be written to, with its size.
    let result = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw mut value).cast(),
            &raw mut size,
        )
    };
    check(result).map(|_| value)
}

/// Sends as much of `bytes` as there is room for and returns how many. Never raises SIGPIPE.
///
/// # Errors
/// Those of `send`: `WouldBlock` when the socket takes nothing now, `BrokenPipe` when the peer
/// has gone.
pub fn send(fd: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
    retry(|| {
        // SAFETY: the pointer and the length are those of a slice.
        unsafe {
            libc::send(
                fd.as_raw_fd(),
                bytes.as_ptr().cast(),
                bytes.len(),
                libc::MSG_NOSIGNAL,
            )
        }
    })
}

/// Receives into `space` and returns how many bytes came; 0 at the end of what the peer sends.
///
/// # Errors
/// Those of `recv`: `WouldBlock` when nothing is there.
pub fn receive(fd: &OwnedFd, space: &mut [u8]) -> io::Result<usize> {
    retry(|| {
        // SAFETY: the pointer and the length are those of a slice that may be written to.
        unsafe { libc::recv(fd.as_raw_fd(), space.as_mut_ptr().cast(), space.len(), 0) }
    })
}

fn socket(flags: libc::c_int) -> Result<OwnedFd, SystemError> {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | flags;
    // SAFETY: the result is a new descriptor, checked first.
    unsafe {
        check(libc::socket(libc::AF_UNIX, kind, 0))
            .map(|fd| OwnedFd::from_raw_fd(fd))
            .map_err(|error| SystemError::new("socket", "AF_UNIX", error))
    }
}

/// Repeats a call that a signal handler has interrupted.
fn retry(mut call: impl FnMut() -> isize) -> io::Result<usize> {
    loop {
        if let Ok(count) = usize::try_from(call()) {
            return Ok(count);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn check(result: libc::c_int) -> io::Result<RawFd> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peer_is_this_process() {
        let name = Name::Abstract(format!("mixd-peer-{}", std::process::id()).into());
        let listener = Listener::bind(&name).unwrap();
        let client = connect(&name, Instant::now()).unwrap();
        let server = listener.accept().unwrap();
        let me = Peer {
            pid: std::process::id().cast_signed(),
            uid: uid(),
        };
        assert_eq!(peer(&client).unwrap(), me);
        assert_eq!(peer(&server).unwrap(), me);
    }
}
