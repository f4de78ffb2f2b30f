//! What is said on standard output, and on standard error besides.

use std::io::{self, Write};

use crate::failure::Failure;

/// Writes and flushes: the reader may be a bar that waits for the line.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// A sentence on standard error. One that has gone can't be told.
pub fn say(sentence: &str) {
    let _ = writeln!(io::stderr(), "mixctl: {sentence}");
}
