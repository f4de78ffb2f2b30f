//! A listener that a service manager has made (`sd_listen_fds(3)`).
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::{Listener, SystemError, check};

impl Listener {
    /// Takes over a listening socket, non-blocking from now on.
    ///
    /// # Errors
    /// It is not a listening Unix stream socket, or a call fails.
    pub fn inherit(fd: OwnedFd) -> Result<Self, SystemError> {
        let failed = |call| move |error| SystemError::new(call, "the inherited socket", error);
        for (option, wanted) in [
            (libc::SO_DOMAIN, libc::AF_UNIX),
            (libc::SO_TYPE, libc::SOCK_STREAM),
            (libc::SO_ACCEPTCONN, 1),
        ] {
            if option_of(&fd, option).map_err(failed("getsockopt"))? != wanted {
                let what = "not a listening Unix stream socket";
                let error = io::Error::new(io::ErrorKind::InvalidInput, what);
                return Err(failed("listen on")(error));
            }
        }
        // SAFETY: the descriptor is open; these flags are integers.
        let flagged = unsafe {
            check(libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK)).and(check(
                libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC),
            ))
        };
        flagged.map_err(failed("fcntl"))?;
        // A path, if it has one, is the service manager's to remove.
        Ok(Self { fd, path: None })
    }
}

/// Returns an integer option of a socket.
fn option_of(fd: &OwnedFd, option: libc::c_int) -> io::Result<libc::c_int> {
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

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixDatagram, UnixStream};

    use super::*;

    #[test]
    fn what_does_not_listen_is_refused() {
        let (stream, _) = UnixStream::pair().unwrap();
        let (datagram, _) = UnixDatagram::pair().unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        for fd in [stream.into(), datagram.into(), file.into()] {
            let error = Listener::inherit(fd).unwrap_err().to_string();
            assert!(error.contains("the inherited socket"), "{error}");
        }
    }
}
