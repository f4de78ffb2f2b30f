//! What is said on standard output, and on standard error besides.

use std::io::{self, Write};
use std::os::fd::AsFd;

use wire::socket::{self, Interest};
use wire::visible;

use crate::failure::Failure;

/// Writes and flushes: the reader may be a bar that waits for the line.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match out.write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) => wait_for_room(error)?,
        }
    }
    while let Err(error) = out.flush() {
        wait_for_room(error)?;
    }
    Ok(())
}

/// Waits where whoever else has standard output does not want to be kept waiting; any other error
/// is one.
fn wait_for_room(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::Interrupted => Ok(()),
        io::ErrorKind::WouldBlock => {
            let out = io::stdout();
            socket::poll([(out.as_fd(), Interest::Writable)], None).map(drop)
        }
        _ => Err(error),
    }
}

/// A sentence on standard error, without the control characters of what it cites. One that has gone
/// can't be told.
pub fn say(sentence: &str) {
    let _ = writeln!(io::stderr(), "mixctl: {}", visible(sentence));
}
