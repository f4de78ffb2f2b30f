//! Opens the display, and says in a sentence why there is none.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::panic;
use std::path::{Path, PathBuf};
use std::process;

use wayland_backend::client::Backend;
use winit::event_loop::EventLoop;
use winit::platform::x11::EventLoopBuilderExtX11;

/// The variables that name a display.
const VARIABLES: [&str; 3] = ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"];

/// Connects to the Wayland compositor that the environment names, or, where that does not serve, to
/// the X server.
///
/// # Errors
/// A sentence: there is neither, and what to do.
pub fn open() -> Result<EventLoop<()>, String> {
    say_panics();
    let mut events = EventLoop::builder();
    // winit takes Wayland wherever a variable names it, and can be asked once.
    if set("DISPLAY").is_some() && !wayland_serves() {
        events.with_x11();
    }
    events.build().map_err(|error| missing(&error.to_string()))
}

/// Returns a variable's value, if it is not empty.
fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Returns whether a compositor takes connections, and there is a library to speak to it.
fn wayland_serves() -> bool {
    if set("WAYLAND_SOCKET").is_some() {
        // A connection that somebody has made.
        return true;
    }
    let Some(name) = set("WAYLAND_DISPLAY") else {
        return false;
    };
    // An absolute path replaces the folder.
    let path = PathBuf::from(set("XDG_RUNTIME_DIR").unwrap_or_default()).join(name);
    UnixStream::connect(path).is_ok_and(|stream| Backend::connect(stream).is_ok())
}

/// Returns why there is no display, and what to do; `error` is winit's.
fn missing(error: &str) -> String {
    let named = VARIABLES.iter().filter_map(|name| {
        let value = set(name)?;
        Some(format!("{name}={}", value.display()))
    });
    let named: Vec<String> = named.collect();
    let why = match named.is_empty() {
        true => "neither WAYLAND_DISPLAY nor DISPLAY is set".to_owned(),
        false => format!("{}: {}", named.join(", "), reason(error)),
    };
    format!("no display: {why}; start it in a desktop session, or use mixctl")
}

/// Has a panic in winit end the program with a sentence and 1. winit panics where the system is at
/// fault: a library is missing, there are no keyboard layouts, the scale is no number. What it looks
/// for and where changes with its version and with libxkbcommon's, so a check beforehand would only
/// guess. A panic of our own stays one.
fn say_panics() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        // The compiler is given the workspace's files by relative paths, all others by absolute ones.
        let place = panicked.location();
        if place.is_none_or(|place| Path::new(place.file()).is_relative()) {
            return default(panicked);
        }
        let why = panic_reason(
            panicked
                .payload_as_str()
                .unwrap_or("winit does not say why"),
        );
        let _ = writeln!(io::stderr(), "mixview: the display can't be used: {why}");
        process::exit(1);
    }));
}

/// Returns the message of a panic in winit as the end of a sentence.
fn panic_reason(text: &str) -> &str {
    if text.contains("XKBNotFound") {
        "libxkbcommon finds no keyboard layouts; install xkb-data, and see to XKB_CONFIG_ROOT"
    } else if text.contains("validate_scale_factor") {
        "its scale is not a number above 0; see to Xft.dpi"
    } else {
        reason(text)
    }
}

/// Returns winit's message as the middle of a sentence, without the place in its source.
fn reason(text: &str) -> &str {
    let text = match text.strip_prefix("os error at ") {
        Some(place) => place.split_once(": ").map_or(place, |(_, reason)| reason),
        None => text,
    };
    text.trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_in_a_source_file_is_told() {
        for (text, told) in [
            (
                "os error at /src/x11/mod.rs:12: Failed to open connection to X server: bad.",
                "Failed to open connection to X server: bad",
            ),
            (
                "the event loop can't be created",
                "the event loop can't be created",
            ),
        ] {
            assert_eq!(reason(text), told);
        }
    }
}
