//! One line an event worth knowing, on standard error, with its level: `mixd: warning: …`. Who
//! keeps the lines, and when they came, is the service manager's business.

use std::fmt::Display;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

static VERBOSE: AtomicBool = AtomicBool::new(false);

/// Whether `debug!` lines are written.
pub fn set_verbose(verbose: bool) {
    VERBOSE.store(verbose, Ordering::Relaxed);
}

/// Whether `debug!` lines are written.
pub fn is_verbose() -> bool {
    VERBOSE.load(Ordering::Relaxed)
}

/// Writes one line, with one call so that lines of several programs don't mix. A standard error
/// that has gone is no reason to stop the sound.
pub fn line(level: &str, message: &dyn Display) {
    let _ = std::io::stderr().write_all(format!("mixd: {level}: {message}\n").as_bytes());
}

/// The last line of a program that ends because of `reason`.
pub fn fatal(reason: &dyn Display) {
    let _ = std::io::stderr().write_all(format!("mixd: {reason}\n").as_bytes());
}

/// Something has gone wrong and mixd does without it.
#[macro_export]
macro_rules! warning {
    ($($arg:tt)*) => { $crate::log::line("warning", &format_args!($($arg)*)) };
}

/// Something worth knowing has happened.
#[macro_export]
macro_rules! info {
    ($($arg:tt)*) => { $crate::log::line("info", &format_args!($($arg)*)) };
}

/// Something that only a search for a fault wants to know; written with `--verbose`.
#[macro_export]
macro_rules! debug {
    ($($arg:tt)*) => {
        if $crate::log::is_verbose() { $crate::log::line("debug", &format_args!($($arg)*)) }
    };
}
