//! One line an event worth knowing, on standard error, with its level: `mixd: warning: …`. The service
//! manager keeps the lines, and adds the time.

use std::fmt::Display;
use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};

use wire::visible;

/// How much is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing: a fuzzer would drown in it.
    Silent,
    /// An event that is worth knowing.
    Normal,
    /// Also what only a search for a fault wants to know.
    Verbose,
}

static LEVEL: AtomicU8 = AtomicU8::new(Level::Normal as u8);

/// Sets how much is written.
pub fn set_level(level: Level) {
    LEVEL.store(level as u8, Ordering::Relaxed);
}

/// Returns whether lines of this level are written.
pub fn writes(level: Level) -> bool {
    LEVEL.load(Ordering::Relaxed) >= level as u8
}

/// Writes one line, with one call so that lines of several programs don't mix. A standard error
/// that has gone is no reason to stop the sound.
pub fn line(level: &str, message: &dyn Display) {
    if !writes(Level::Normal) {
        return;
    }
    write(&format!("{level}: {message}"));
}

/// The last line of a program that ends because of `reason`.
pub fn fatal(reason: &dyn Display) {
    write(&reason.to_string());
}

/// Without the control characters of what is cited.
fn write(sentence: &str) {
    let line = format!("mixd: {}\n", visible(sentence));
    let _ = std::io::stderr().write_all(line.as_bytes());
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
        if $crate::log::writes($crate::log::Level::Verbose) { $crate::log::line("debug", &format_args!($($arg)*)) }
    };
}
