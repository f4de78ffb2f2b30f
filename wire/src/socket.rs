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

mod inherit;
mod poll;

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::ptr;
use std::time::{Duration, Instant};

pub use self::poll::{Interest, Ready, poll};
use crate::Name;

/// How many connections may wait to be accepted: twice the client table, so that a burst of key
/// presses never waits.
const BACKLOG: libc::c_int = 64;

/// How many symbolic links are followed: as many as the kernel does.
const MAX_LINKS: usize = 40;

/// How long to wait for the folder's lock while another mixd binds the same path.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

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
    let deadline = Instant::now() + LOCK_PATIENCE;
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
    use std::os::unix::fs::PermissionsExt;

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
