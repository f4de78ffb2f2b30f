//! The raw calls that std does not make: poll, signalfd, inotify, `SO_SNDBUF`, setpriority, extended
//! attributes. The only file of mixd that may use `unsafe`.
#![allow(unsafe_code)]

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

pub use libc::{POLLERR, POLLHUP, POLLIN, POLLOUT, pollfd};
use wire::socket::SystemError;

/// The nice level that PipeWire and WirePlumber give themselves (`nice.level` of module-rt).
const NICE: libc::c_int = -11;

/// Asks for the priority that PipeWire and WirePlumber have, where nobody has given this process
/// another: on a busy machine WirePlumber would otherwise link a new stream to the card, and samples
/// flow, before we are given the time to say where it belongs. Where that is not allowed
/// (`RLIMIT_NICE`), nothing changes.
pub fn raise_priority() {
    // SAFETY: both calls take and return plain numbers.
    unsafe {
        if libc::getpriority(libc::PRIO_PROCESS, 0) == 0 {
            libc::setpriority(libc::PRIO_PROCESS, 0, NICE);
        }
    }
}

/// Has each buffer of at least 32 KiB mapped by itself, so that the pages of it that nothing is written
/// to take no memory: glibc would take them from the heap and fill them with zeros. Other C libraries
/// look whether they are zero already. To be called before any other thread runs.
pub fn map_buffers() {
    // SAFETY: mallopt(3) takes any numbers.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 * 1024);
    }
}

/// An entry of the poll set; `None` keeps the place and is never ready.
pub fn entry(fd: Option<BorrowedFd>, events: i16) -> pollfd {
    pollfd {
        fd: fd.map_or(-1, |fd| fd.as_raw_fd()),
        events,
        revents: 0,
    }
}

/// Waits until an entry is ready or the time has passed; `None` waits for ever. Returns early,
/// with nothing ready, when a signal handler ran.
///
/// # Errors
/// Those of `poll`.
pub fn poll(entries: &mut [pollfd], timeout: Option<Duration>) -> Result<(), SystemError> {
    // Rounded up: a deadline must have passed when poll returns for it.
    let timeout = timeout.map_or(-1, |timeout| {
        let rest = timeout.subsec_nanos().div_ceil(1_000_000);
        let whole = timeout.as_secs().saturating_mul(1000);
        i32::try_from(whole.saturating_add(rest.into())).unwrap_or(i32::MAX)
    });
    // SAFETY: the slice has that many entries.
    let result =
        unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, timeout) };
    match check(result) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        Err(error) => Err(SystemError::new("poll", "the daemon's descriptors", error)),
    }
}

/// Takes over a descriptor that this program was started with. Each is given away once: it is marked as one
/// that an exec closes, and so is all that this program and its libraries open.
///
/// # Errors
/// It is not open, it is a standard stream, which belongs to the standard library, or something in this
/// program has it already.
pub fn inherited(number: i32) -> io::Result<OwnedFd> {
    // SAFETY: F_GETFD takes nothing; a descriptor that is not open is an error.
    let flags = check(unsafe { libc::fcntl(number, libc::F_GETFD) })?;
    if number <= libc::STDERR_FILENO || flags & libc::FD_CLOEXEC != 0 {
        return Err(io::Error::other("it is another one's"));
    }
    // SAFETY: F_SETFD takes an integer.
    check(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    // SAFETY: it is open, and nothing else in this program has it: see above.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// The meaning of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The end; the signal's name.
    End(&'static str),
    /// To read the configuration.
    Reload,
}

/// The signals that are handled.
const SIGNALS: [(libc::c_int, Signal); 5] = [
    (libc::SIGTERM, Signal::End("SIGTERM")),
    (libc::SIGINT, Signal::End("SIGINT")),
    // A terminal that is closed.
    (libc::SIGHUP, Signal::End("SIGHUP")),
    (libc::SIGQUIT, Signal::End("SIGQUIT")),
    (libc::SIGUSR1, Signal::Reload),
];

/// The signals that are handled, as a descriptor.
#[derive(Debug)]
pub struct Signals(OwnedFd);

impl Signals {
    /// Blocks the signals and opens a descriptor for them. To be called before any thread starts,
    /// because a thread inherits which signals are blocked. Has a write beyond the limit on a file's
    /// size fail with EFBIG instead of ending the process (SIGXFSZ).
    ///
    /// # Errors
    /// Those of `sigprocmask` and `signalfd`.
    pub fn open() -> Result<Self, SystemError> {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigemptyset initialises the set; SIG_IGN is no function of ours; the result of
        // signalfd is checked first.
        let fd = unsafe {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            libc::sigemptyset(set.as_mut_ptr());
            for (signal, _) in SIGNALS {
                if signal != libc::SIGHUP || !is_ignored(signal) {
                    libc::sigaddset(set.as_mut_ptr(), signal);
                }
            }
            check(libc::sigprocmask(
                libc::SIG_BLOCK,
                set.as_ptr(),
                std::ptr::null_mut(),
            ))
            .map_err(|error| SystemError::new("sigprocmask", "the signals", error))?;
            check(libc::signalfd(
                -1,
                set.as_ptr(),
                libc::SFD_CLOEXEC | libc::SFD_NONBLOCK,
            ))
            .map(|fd| OwnedFd::from_raw_fd(fd))
        };
        fd.map(Self)
            .map_err(|error| SystemError::new("signalfd", "the signals", error))
    }

    /// Takes the next signal, if one has come. Returns what it asks for.
    pub fn take(&self) -> Option<Signal> {
        // SAFETY: signalfd_siginfo is plain data, for which all zeros is a value.
        let mut info: libc::signalfd_siginfo = unsafe { mem::zeroed() };
        let size = size_of_val(&info);
        // SAFETY: the pointer and the length are those of the value, which may be written to.
        let count = unsafe { libc::read(self.0.as_raw_fd(), (&raw mut info).cast(), size) };
        if count.cast_unsigned() != size {
            return None;
        }
        let mut known = SIGNALS.into_iter();
        let taken = known.find(|(number, _)| *number == info.ssi_signo.cast_signed());
        taken.map(|(_, signal)| signal)
    }
}

/// Returns whether this process was started so that it outlives a signal, as nohup(1) does.
fn is_ignored(signal: libc::c_int) -> bool {
    // SAFETY: sigaction is plain data, for which all zeros is a value; it may be written to.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Gives a Unix socket the smallest send buffer that the kernel has (socket(7): a smaller one is doubled and
/// raised to the minimum, 4608 bytes). `POLLOUT` then means that the peer has read what was sent before, but
/// for one small piece: `unix_writable` in Linux's `net/unix/af_unix.c` says so while what is unread takes at most a
/// quarter of the buffer, and a send of one byte takes 768. Measured on Linux 6.18: two unread sends of at
/// most 60 bytes, or one that is longer, and the socket is not writable.
pub fn set_smallest_send_buffer(socket: &OwnedFd) {
    let size: libc::c_int = 0;
    // SAFETY: SO_SNDBUF takes an int. It can't fail; if it did, a slow reader would get older events.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_SNDBUF,
            (&raw const size).cast(),
            libc::socklen_t::try_from(size_of_val(&size)).unwrap_or_default(),
        );
    }
}

/// The events of a folder that the kernel reports: files written to their end, renamed, removed,
/// links made, rights changed, and the end of the folder itself (inotify(7)).
const WATCHED: u32 = libc::IN_CLOSE_WRITE
    | libc::IN_MOVED_FROM
    | libc::IN_MOVED_TO
    | libc::IN_CREATE
    | libc::IN_DELETE
    | libc::IN_ATTRIB
    | libc::IN_DELETE_SELF
    | libc::IN_MOVE_SELF;

/// Folders that are watched for changes.
#[derive(Debug)]
pub struct Inotify(OwnedFd);

/// What has happened in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderEvent {
    /// The number of the watch; -1 when events were lost.
    pub watch: i32,
    /// The name in the folder; empty for the folder itself.
    pub name: OsString,
    /// Something has only just been made there, and may be empty.
    pub is_creation: bool,
}

impl Inotify {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// Those of `inotify_init1`.
    pub fn open() -> Result<Self, SystemError> {
        // SAFETY: the result is a new descriptor, checked first.
        let fd = unsafe {
            check(libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK))
                .map(|fd| OwnedFd::from_raw_fd(fd))
        };
        fd.map(Self)
            .map_err(|error| SystemError::new("inotify_init1", "mixd.conf", error))
    }

    /// Watches a folder. Returns the number of the watch.
    ///
    /// # Errors
    /// Those of `inotify_add_watch`.
    pub fn add(&self, folder: &Path) -> io::Result<i32> {
        let path = CString::new(folder.as_os_str().as_encoded_bytes())?;
        // SAFETY: the path is a string with its end.
        check(unsafe {
            libc::inotify_add_watch(
                self.0.as_raw_fd(),
                path.as_ptr(),
                WATCHED | libc::IN_ONLYDIR,
            )
        })
    }

    /// Watches a folder no longer. One that has gone is watched no longer already.
    pub fn remove(&self, watch: i32) {
        // SAFETY: both are numbers.
        unsafe { libc::inotify_rm_watch(self.0.as_raw_fd(), watch) };
    }

    /// Takes the events that have come. Returns an empty list when there are no more.
    pub fn take(&self) -> Vec<FolderEvent> {
        const HEAD: usize = size_of::<libc::inotify_event>();
        let mut buffer = [0_u8; 4096];
        // SAFETY: the pointer and the length are those of the buffer, which may be written to.
        let count =
            unsafe { libc::read(self.0.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
        let count = usize::try_from(count).unwrap_or(0).min(buffer.len());
        let mut events = Vec::new();
        let mut rest = &buffer[..count];
        while let Some((head, tail)) = rest.split_at_checked(HEAD) {
            // SAFETY: the bytes are those of an inotify_event, which is plain data.
            let event: libc::inotify_event =
                unsafe { std::ptr::read_unaligned(head.as_ptr().cast()) };
            let Some((name, tail)) = tail.split_at_checked(event.len as usize) else {
                break;
            };
            // Filled up with zeros.
            let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
            events.push(FolderEvent {
                watch: event.wd,
                name: OsStr::from_bytes(name).to_owned(),
                is_creation: event.mask & libc::IN_CREATE != 0,
            });
            rest = tail;
        }
        events
    }
}

impl AsFd for Inotify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Closes a file. Network file systems say only then that the disk is full (close(2)), and what is dropped
/// says nothing.
///
/// # Errors
/// Those of `close`.
pub fn close(file: File) -> io::Result<()> {
    // SAFETY: the descriptor was the file's, which has given it up.
    check(unsafe { libc::close(file.into_raw_fd()) }).map(drop)
}

/// Gives a file the extended attributes of another one, of which an ACL is one (xattr(7)). Those that a
/// security module keeps are its own to give.
///
/// # Errors
/// Those of `fgetxattr` and `fsetxattr`. A file system that has none has none to copy.
pub fn copy_attributes(from: &File, to: &File) -> io::Result<()> {
    let names = attribute(|space, size| {
        // SAFETY: the descriptor is open; the pointer and the size are those of the space, or both 0.
        unsafe { libc::flistxattr(from.as_raw_fd(), space.cast(), size) }
    });
    let names = match names {
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => return Ok(()),
        names => names?,
    };
    for name in names
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
    {
        if name.starts_with(b"security.") {
            continue;
        }
        let name = CString::new(name)?;
        let value = attribute(|space, size| {
            // SAFETY: as above; the name is a string with its end.
            unsafe { libc::fgetxattr(from.as_raw_fd(), name.as_ptr(), space.cast(), size) }
        })?;
        // SAFETY: the pointer and the size are those of the value.
        check(unsafe {
            libc::fsetxattr(
                to.as_raw_fd(),
                name.as_ptr(),
                value.as_ptr().cast(),
                value.len(),
                0,
            )
        })?;
    }
    Ok(())
}

/// The bytes that `call` writes into the space that it is given; given none, it returns the size it needs.
fn attribute(call: impl Fn(*mut u8, usize) -> isize) -> io::Result<Vec<u8>> {
    let size = |result| usize::try_from(result).map_err(|_| io::Error::last_os_error());
    let mut value = vec![0; size(call(std::ptr::null_mut(), 0))?];
    let filled = size(call(value.as_mut_ptr(), value.len()))?;
    value.truncate(filled);
    Ok(value)
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::IntoRawFd;

    #[test]
    fn a_descriptor_is_given_away_once_and_a_standard_stream_never() {
        // As a program that starts this one would leave it: open after an exec.
        let number = File::open("/dev/null").unwrap().into_raw_fd();
        assert!(
            inherited(number).is_err(),
            "one that this program has opened"
        );
        // SAFETY: F_SETFD takes an integer.
        unsafe { libc::fcntl(number, libc::F_SETFD, 0) };
        let owned = inherited(number).unwrap();
        assert!(inherited(number).is_err(), "twice");
        drop(owned);
        for number in [-1, 0, 1, 2] {
            assert!(inherited(number).is_err(), "{number}");
        }
    }

    #[test]
    fn a_socket_with_the_smallest_buffer_is_writable_until_two_sends_are_unread() {
        use std::io::{Read, Write};
        use std::os::unix::net::UnixStream;

        let (ours, mut peer) = UnixStream::pair().unwrap();
        let ours = OwnedFd::from(ours);
        set_smallest_send_buffer(&ours);
        let mut writer = UnixStream::from(ours.try_clone().unwrap());
        let is_writable = || {
            let mut polled = [entry(Some(ours.as_fd()), POLLOUT)];
            poll(&mut polled, Some(Duration::ZERO)).unwrap();
            polled[0].revents & POLLOUT != 0
        };
        for size in [1, 60, 400, 2000] {
            let mut count = 0;
            while is_writable() {
                writer.write_all(&vec![0; size]).unwrap();
                count += 1;
            }
            assert!((1..=2).contains(&count), "{count} sends of {size} bytes");
            peer.read_exact(&mut vec![0; size * count]).unwrap();
        }
    }
}
