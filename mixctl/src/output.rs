//! Writing to standard output and standard error.

use std::io::{self, Write};
use std::os::fd::AsFd;

use wire::socket::{self, Interest};
use wire::visible;

use crate::failure::Failure;

/// Writes to standard output and flushes: the reader may be a bar that waits for the line.
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

/// Waits for room if another program that has the same standard output has made it non-blocking;
/// returns any other error.
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

/// Writes a sentence to standard error, with the control characters of what it cites escaped. A reader
/// that has gone is no failure.
pub fn say(sentence: &str) {
    let _ = writeln!(io::stderr(), "mixctl: {}", visible(sentence));
}
