//! weston, which leaves a window's decorations to the window.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::run;
use crate::Result;
use crate::process::{Process, wait_for};
use crate::{Lab, TIMEOUT};

/// The display's name, in the lab's own folder.
const DISPLAY: &str = "wayland-weston";

/// A running weston. Ended when dropped.
#[derive(Debug)]
pub struct Weston {
    /// The process.
    pub process: Process,
}

impl Weston {
    /// Starts one in a lab's session, and waits until it serves.
    pub fn start(lab: &Lab) -> Result<Self> {
        let mut command = lab.command("weston");
        command.args([
            "--backend=headless-backend.so",
            "--use-pixman",
            "--idle-time=0",
        ]);
        // Who takes pictures must be allowed to.
        command.args(["--width=700", "--height=600", "--debug", "--no-config"]);
        command.arg(format!("--socket={DISPLAY}"));
        let log = lab.path("weston.log");
        let process = Process::start_logged(&mut command, &log)?;
        let serves = || {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let has_shell = text.contains("weston-desktop-shell");
            Ok((has_shell && lab.path(DISPLAY).exists()).then_some(()))
        };
        wait_for("weston", TIMEOUT, serves).map_err(|error| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            format!("{error}; its log:\n{log}")
        })?;
        Ok(Self { process })
    }

    /// A program that will find this desktop.
    pub fn command(&self, lab: &Lab, program: &Path) -> Command {
        let mut command = lab.command(program);
        command.env("WAYLAND_DISPLAY", DISPLAY);
        command
    }

    /// Writes what is to be seen into a PNG. What a window has drawn without an opacity, as
    /// `wl_shm`'s XRGB8888 leaves it open, comes out black and transparent: only the decorations
    /// and the desktop are to be trusted.
    pub fn picture(&self, lab: &Lab, file: &Path) -> Result<()> {
        let mut command = self.command(lab, Path::new("weston-screenshooter"));
        // It chooses the name itself.
        let folder = lab.path("weston-picture");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder)?;
        command.current_dir(&folder);
        run(command, "weston-screenshooter")?;
        let entry = fs::read_dir(&folder)?
            .next()
            .ok_or("weston has taken no picture")??;
        fs::copy(entry.path(), file)?;
        Ok(())
    }
}
