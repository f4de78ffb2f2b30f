//! poll(2) over a few descriptors, for clients.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Instant;

/// What to wait for on a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Something to read, or the end of the other side.
    Readable,
    /// Something to read, the end of the other side, or room to write.
    Both,
    /// Room to write.
    Writable,
    /// Only the end of the other side: the reader of a pipe has closed it.
    End,
}

/// What a descriptor is ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// A read returns at once.
    pub readable: bool,
    /// A write has room, where that was waited for.
    pub writable: bool,
    /// The other side has closed, or the descriptor is broken.
    pub ended: bool,
}

/// Waits until one of the descriptors is ready or `deadline` has passed, for ever without one.
/// Returns early, with nothing ready, when a signal handler ran.
///
/// # Errors
/// Those of `poll`.
pub fn poll<const N: usize>(
    waits: [(BorrowedFd<'_>, Interest); N],
    deadline: Option<Instant>,
) -> io::Result<[Ready; N]> {
    let mut entries = waits.map(|(fd, interest)| libc::pollfd {
        fd: fd.as_raw_fd(),
        events: match interest {
            Interest::Readable => libc::POLLIN,
            Interest::Both => libc::POLLIN | libc::POLLOUT,
            Interest::Writable => libc::POLLOUT,
            Interest::End => 0,
        },
        revents: 0,
    });
    // Rounded up: the time has passed when poll returns for it.
    let timeout = deadline.map_or(-1, |deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
    });
    // SAFETY: the array has as many entries as is said.
    let result = unsafe { libc::poll(entries.as_mut_ptr(), N as libc::nfds_t, timeout) };
    match super::check(result) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            return Ok([Ready::default(); N]);
        }
        Err(error) => return Err(error),
    }
    Ok(entries.map(|entry| {
        let ended = entry.revents & (libc::POLLHUP | libc::POLLERR | libc::POLLNVAL) != 0;
        Ready {
            readable: entry.revents & libc::POLLIN != 0 || ended,
            writable: entry.revents & libc::POLLOUT != 0,
            ended,
        }
    }))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_pipe_is_readable_when_written_to_and_ends_when_its_reader_goes() {
        let (reader, mut writer) = io::pipe().unwrap();
        let now = Some(Instant::now());
        let both = || {
            [
                (reader.as_fd(), Interest::Readable),
                (writer.as_fd(), Interest::End),
            ]
        };
        assert_eq!(poll(both(), now).unwrap(), [Ready::default(); 2]);
        writer.write_all(b"x").unwrap();
        let [ready] = poll([(reader.as_fd(), Interest::Readable)], None).unwrap();
        assert!(ready.readable && !ready.ended);
        for interest in [Interest::Both, Interest::Writable] {
            let [ready] = poll([(writer.as_fd(), interest)], None).unwrap();
            assert!(ready.writable && !ready.readable);
        }
        drop(reader);
        let [ready] = poll([(writer.as_fd(), Interest::End)], None).unwrap();
        assert!(ready.ended);
    }
}
