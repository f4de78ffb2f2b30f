//! The sentence that says why there is no display.

use std::env;

use winit::error::EventLoopError;

/// The variables that name a display, in the order in which winit looks at them.
const VARIABLES: [&str; 3] = ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"];

/// Returns why there is no display, and what to do.
pub fn missing(error: &EventLoopError) -> String {
    let set = VARIABLES.iter().find_map(|name| {
        let value = env::var_os(name).filter(|value| !value.is_empty())?;
        Some(format!("{name}={}", value.display()))
    });
    let why = match set {
        Some(display) => format!("{display}: {}", reason(&error.to_string())),
        None => "neither WAYLAND_DISPLAY nor DISPLAY is set".to_owned(),
    };
    format!("no display: {why}; start it in a desktop session, or use mixctl")
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
