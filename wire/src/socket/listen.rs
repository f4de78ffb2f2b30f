//! Listening: the name, a stale socket of a mixd that was killed, and a socket that a service manager
//! passes.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::ptr;
use std::time::{Duration, Instant};

use super::{PAUSE, Peer, SystemError, address, check, connect, integer_option, peer, socket, uid};
use crate::Name;

/// How many connections may wait to be accepted: twice the client table, so that a burst of key
/// presses never waits.
const BACKLOG: libc::c_int = 64;

/// How many symbolic links are followed: as many as the kernel does.
const MAX_LINKS: usize = 40;

/// How long to wait for the folder's lock while another mixd binds the same path.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// Why there is no listening socket.
#[derive(Debug)]
pub enum ListenError {
    /// The name is taken.
    InUse(Name, Holder),
    /// A call failed.
    System(SystemError),
}

/// What holds a name that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A program that listens there.
    Listener(Peer),
    /// A program that listens there and does not answer.
    Silent(Peer),
    /// A program that listens there and is not mixd.
    Other(Peer),
    /// A program whose queue of connections is full.
    Full,
    /// A socket that does not listen: no longer, or not yet.
    Socket,
    /// A file that is no socket.
    File,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(name, holder) => {
                write!(f, "{name} is in use")?;
                match *holder {
                    Holder::Listener(peer) if peer.uid == uid() => {
                        write!(f, "; another mixd is running (pid {})", peer.pid)
                    }
                    Holder::Silent(peer) if peer.uid == uid() => write!(
                        f,
                        " by pid {}, which does not answer; is it stopped?",
                        peer.pid
                    ),
                    Holder::Other(peer) if peer.uid == uid() => write!(
                        f,
                        " by pid {}, which is no mixd; choose another name with --socket",
                        peer.pid
                    ),
                    Holder::Listener(peer) | Holder::Silent(peer) | Holder::Other(peer) => write!(
                        f,
                        " by user {} (pid {}); choose another name with --socket",
                        peer.uid, peer.pid
                    ),
                    Holder::Full => f.write_str(
                        " by another mixd that does not answer; 'mixctl doctor' says which",
                    ),
                    Holder::Socket => f.write_str(
                        " by a socket that does not listen; choose another name with --socket",
                    ),
                    Holder::File => {
                        f.write_str(", but not by a socket; choose another name with --socket")
                    }
                }
            }
            Self::System(error) => write!(f, "{error}; choose another name with --socket"),
        }
    }
}

impl std::error::Error for ListenError {}

impl From<SystemError> for ListenError {
    fn from(error: SystemError) -> Self {
        Self::System(error)
    }
}

/// A listening socket, non-blocking. When it is dropped its path is removed, if that is still this
/// socket's.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    path: Option<(PathBuf, u64, u64)>,
}

impl Listener {
    /// Listens at `name`. A path is replaced only when nobody listens there any more.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn bind(name: &Name) -> Result<Self, ListenError> {
        let fd = match name {
            Name::Abstract(_) => bind(name).and_then(|fd| listen(fd, name))?,
            Name::Path(path) if path.is_symlink() => return Self::bind(&Name::Path(target(path))),
            Name::Path(path) => {
                // Held until it listens: before that it looks like one that is left over.
                let _lock = lock_folder(path)?;
                let bound = match bind(name) {
                    Err(ListenError::InUse(_, Holder::Socket)) => {
                        // Nobody answers: what is left of a mixd that was killed.
                        remove(path)?;
                        bind(name)
                    }
                    other => other,
                };
                listen(bound?, name)?
            }
        };
        let path = match name {
            Name::Abstract(_) => None,
            Name::Path(path) => {
                let data = fs::symlink_metadata(path)
                    .map_err(|error| SystemError::new("stat", name, error))?;
                Some((path.clone(), data.dev(), data.ino()))
            }
        };
        Ok(Self { fd, path })
    }

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
            if integer_option(&fd, option).map_err(failed("getsockopt"))? != wanted {
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

    /// Accepts the next connection, non-blocking like the listener.
    ///
    /// # Errors
    /// `WouldBlock` when none waits; `EMFILE` and `ENFILE` when no descriptor is left.
    pub fn accept(&self) -> io::Result<OwnedFd> {
        let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: a null address is allowed; the result is a new descriptor, checked first.
        unsafe {
            let fd = libc::accept4(self.fd.as_raw_fd(), ptr::null_mut(), ptr::null_mut(), flags);
            check(fd).map(|fd| OwnedFd::from_raw_fd(fd))
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some((path, dev, ino)) = &self.path
            && fs::symlink_metadata(path).is_ok_and(|at| (at.dev(), at.ino()) == (*dev, *ino))
        {
            let _ = fs::remove_file(path);
        }
    }
}

/// Returns a socket that is bound to `name` and does not listen yet, of mode 0600 if it has a file.
fn bind(name: &Name) -> Result<OwnedFd, ListenError> {
    let fd = socket(libc::SOCK_NONBLOCK)?;
    let (address, length) = address(name);
    // SAFETY: fd is open, and the address is a sockaddr_un of the length given.
    let bound = unsafe {
        // Before bind: Linux takes the mode of the file from that of the socket (unix(7)), so that
        // there is no moment in which others may connect.
        check(libc::fchmod(fd.as_raw_fd(), 0o600))
            .map_err(|error| SystemError::new("fchmod", name, error))?;
        check(libc::bind(
            fd.as_raw_fd(),
            (&raw const address).cast(),
            length,
        ))
    };
    match bound {
        Ok(_) => Ok(fd),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(ListenError::InUse(name.clone(), holder(name)?))
        }
        Err(error) => Err(SystemError::new("bind", name, error).into()),
    }
}

/// Returns where a symbolic link leads, whether something is there or not. A chain of too many is left as
/// it is: the kernel refuses it (`path_resolution(7)`).
pub fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match (fs::read_link(&path), path.parent()) {
            (Ok(next), Some(folder)) => path = folder.join(next),
            _ => break,
        }
    }
    path
}

/// Returns what holds a name that is in use.
fn holder(name: &Name) -> Result<Holder, SystemError> {
    // A listener that is busy is still one, so no long wait.
    match connect(name, Instant::now() + Duration::from_millis(100)) {
        Ok(other) => {
            let peer = peer(&other);
            let peer = peer.map_err(|error| SystemError::new("getsockopt", name, error))?;
            Ok(Holder::Listener(peer))
        }
        Err(error) => match (error.kind(), name) {
            (io::ErrorKind::WouldBlock, _) => Ok(Holder::Full),
            (io::ErrorKind::ConnectionRefused, Name::Path(path)) if is_other_file(path) => {
                Ok(Holder::File)
            }
            // Not found: gone since the name was tried.
            (io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound, _) => Ok(Holder::Socket),
            _ => Err(error),
        },
    }
}

/// Returns whether the path is a file other than a socket.
fn is_other_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| !data.file_type().is_socket())
}

/// Removes a file, if it is still there.
fn remove(path: &Path) -> Result<(), SystemError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(SystemError::new("unlink", path.display(), error))
        }
        _ => Ok(()),
    }
}

fn listen(fd: OwnedFd, name: &Name) -> Result<OwnedFd, ListenError> {
    // SAFETY: fd is open.
    check(unsafe { libc::listen(fd.as_raw_fd(), BACKLOG) })
        .map_err(|error| SystemError::new("listen", name, error))?;
    Ok(fd)
}

/// Locks the folder of `path` until the value is dropped, so that two daemons that start at once and find a
/// stale socket don't remove each other's. `flock` on the folder leaves no file.
fn lock_folder(path: &Path) -> Result<File, SystemError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let file =
        File::open(folder).map_err(|error| SystemError::new("open", folder.display(), error))?;
    let deadline = Instant::now() + LOCK_TIMEOUT;
    loop {
        // SAFETY: the descriptor is open.
        match check(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) }) {
            Ok(_) => return Ok(file),
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < deadline =>
            {
                std::thread::sleep(PAUSE);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let error = io::Error::other("another program holds it");
                return Err(SystemError::new("lock", folder.display(), error));
            }
            Err(error) => return Err(SystemError::new("flock", folder.display(), error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::{UnixDatagram, UnixStream};

    use super::*;

    /// A fresh path in a fresh folder, removed with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("mixd-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn socket(&self) -> Name {
            Name::Path(self.0.join("socket"))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_chain_of_links_is_followed_as_far_as_the_kernel_follows_it() {
        let folder = Folder::new("links");
        let path = fs::canonicalize(&folder.0).unwrap();
        let link = |at: usize| path.join(at.to_string());
        fs::write(link(0), "").unwrap();
        for at in 1..=MAX_LINKS + 1 {
            std::os::unix::fs::symlink(link(at - 1), link(at)).unwrap();
        }
        for (links, is_followed) in [(MAX_LINKS, true), (MAX_LINKS + 1, false)] {
            assert_eq!(fs::metadata(link(links)).is_ok(), is_followed, "{links}");
            assert_eq!(target(&link(links)) == link(0), is_followed, "{links}");
        }
    }

    #[test]
    fn a_socket_file_is_private_and_goes_with_its_listener() {
        let folder = Folder::new("private");
        let Name::Path(path) = folder.socket() else {
            unreachable!()
        };
        let listener = Listener::bind(&folder.socket()).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn a_stale_socket_file_is_replaced_and_a_live_one_is_not() {
        let folder = Folder::new("stale");
        let Name::Path(path) = folder.socket() else {
            unreachable!()
        };
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "std leaves the file behind");
        let listener = Listener::bind(&folder.socket()).unwrap();
        let error = Listener::bind(&folder.socket()).unwrap_err();
        let pid = std::process::id();
        assert_eq!(
            error.to_string(),
            format!(
                "{} is in use; another mixd is running (pid {pid})",
                path.display()
            )
        );
        drop(listener);
    }

    #[test]
    fn a_listener_that_takes_no_connection_is_told_from_an_error() {
        let name = Name::Abstract(format!("mixd-silent-{}", std::process::id()).into());
        let _listener = Listener::bind(&name).unwrap();
        let mut waiting = Vec::new();
        while let Ok(connection) = connect(&name, Instant::now()) {
            waiting.push(connection);
        }
        let error = Listener::bind(&name).unwrap_err().to_string();
        assert!(error.contains("mixd that does not answer"), "{error}");
    }

    #[test]
    fn a_link_leads_to_the_socket_and_stays() {
        let folder = Folder::new("link");
        let Name::Path(path) = folder.socket() else {
            unreachable!()
        };
        let link = folder.0.join("link");
        std::os::unix::fs::symlink("socket", &link).unwrap();
        let name = Name::Path(link.clone());
        // Nothing is there; then a stale one.
        drop(Listener::bind(&name).unwrap());
        assert!(!path.exists() && link.is_symlink());
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let listener = Listener::bind(&name).unwrap();
        connect(&name, Instant::now()).unwrap();
        drop(listener);
        assert!(!path.exists() && link.is_symlink());
    }

    #[test]
    fn what_is_no_socket_is_never_replaced() {
        let folder = Folder::new("file");
        let Name::Path(path) = folder.socket() else {
            unreachable!()
        };
        fs::write(&path, "precious").unwrap();
        assert!(Listener::bind(&folder.socket()).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }

    #[test]
    fn what_does_not_listen_is_refused() {
        let (stream, _) = UnixStream::pair().unwrap();
        let (datagram, _) = UnixDatagram::pair().unwrap();
        let file = File::open("/dev/null").unwrap();
        for fd in [stream.into(), datagram.into(), file.into()] {
            let error = Listener::inherit(fd).unwrap_err().to_string();
            assert!(error.contains("the inherited socket"), "{error}");
        }
    }
}
