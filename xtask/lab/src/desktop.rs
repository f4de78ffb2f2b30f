//! Desktops without a screen, drawn by the processor, and pictures of them: a sway (`Sway`, with the
//! feature `sway`), a bare X server ([`Xvfb`]) and a compositor that draws no decorations ([`Weston`]),
//! each in the session of a lab.

#[cfg(feature = "sway")]
mod pointer;
#[cfg(feature = "sway")]
mod sway;
mod weston;
mod xvfb;

#[cfg(feature = "sway")]
pub use sway::Sway;
pub use weston::Weston;
pub use xvfb::Xvfb;

use std::path::Path;
use std::process::Command;

use crate::Lab;
use crate::Result;

/// What the tests of a window do with either.
pub trait Desktop {
    /// A program that will find this desktop.
    fn command(&self, lab: &Lab, program: &Path) -> Command;

    /// Writes what is to be seen into a PNG.
    ///
    /// # Errors
    /// The screen can't be read, or the file not be written.
    fn picture(&self, lab: &Lab, file: &Path) -> Result<()>;

    /// Gives the keyboard to the window of this class, where nobody else does.
    ///
    /// # Errors
    /// Those of [`point`](Self::point).
    fn focus(&self, lab: &Lab, class: &str) -> Result<()>;

    /// Moves the pointer there, in pixels of the screen.
    ///
    /// # Errors
    /// The tool that does it is missing or fails.
    fn point(&self, lab: &Lab, x: u32, y: u32) -> Result<()>;

    /// Presses or releases the left button.
    ///
    /// # Errors
    /// Those of [`point`](Self::point).
    fn button(&self, lab: &Lab, down: bool) -> Result<()>;

    /// Types text.
    ///
    /// # Errors
    /// Those of [`point`](Self::point).
    fn type_text(&self, lab: &Lab, text: &str) -> Result<()>;

    /// Presses and releases a key, by its name in X11's list of keysyms, with a modifier or none.
    ///
    /// # Errors
    /// Those of [`point`](Self::point).
    fn key(&self, lab: &Lab, modifier: Option<&str>, key: &str) -> Result<()>;
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
