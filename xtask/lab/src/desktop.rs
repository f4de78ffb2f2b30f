//! Desktops without a screen, drawn by the processor, and pictures of them: a sway (`Sway`), a bare X server ([`Xvfb`]) and a compositor that draws no decorations ([`Weston`]),
//! each in the session of a lab.

#[cfg(feature = "windows")]
mod pointer;
#[cfg(feature = "windows")]
mod sway;
mod weston;
mod xvfb;

#[cfg(feature = "windows")]
pub use sway::Sway;
pub use weston::Weston;
pub use xvfb::Xvfb;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::Lab;
use crate::Result;

/// What the tests of a window do with either.
pub trait Desktop {
    /// A program that will find this desktop.
    fn command(&self, lab: &Lab, program: &Path) -> Command;

    /// Writes what is to be seen into a PNG.
    #[cfg(feature = "windows")]
    fn picture(&self, lab: &Lab, file: &Path) -> Result<()>;

    /// Gives the keyboard to the window of this class, where nobody else does.
    fn focus(&self, lab: &Lab, class: &str) -> Result<()>;

    /// Moves the pointer there, in pixels of the screen.
    fn point(&self, lab: &Lab, x: u32, y: u32) -> Result<()>;

    /// Presses or releases the left button.
    fn button(&self, lab: &Lab, down: bool) -> Result<()>;

    /// Turns the wheel by a notch, away from the user or back.
    fn wheel(&self, lab: &Lab, up: bool) -> Result<()>;

    /// Presses and releases the middle button.
    fn middle_click(&self, lab: &Lab) -> Result<()>;

    /// Types text.
    fn type_text(&self, lab: &Lab, text: &str) -> Result<()>;

    /// Presses and releases a key, by its name in X11's list of keysyms, with `modifiers` such as `ctrl`
    /// held.
    fn key(&self, lab: &Lab, modifiers: &[&str], key: &str) -> Result<()>;

    /// Holds a key down for a time, in which it repeats.
    fn hold(&self, lab: &Lab, key: &str, time: Duration) -> Result<()>;
}

/// Runs a tool of a desktop.
fn run(mut command: Command, what: &str) -> Result<()> {
    let out = command.output();
    let out =
        out.map_err(|error| format!("start {what}: {error}; 'cargo xtask setup' installs it"))?;
    match out.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{what}: {}{}",
            String::from_utf8_lossy(&out.stderr),
            String::from_utf8_lossy(&out.stdout)
        )
        .into()),
    }
}
