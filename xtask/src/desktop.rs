//! A desktop without a screen: sway in a session of its own, drawn by the processor, and pictures
//! of it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::lab::{Lab, PATIENCE};
use crate::process::{Process, wait_for};

/// A running sway. Ended when dropped.
#[derive(Debug)]
pub struct Sway {
    _process: Process,
    display: String,
    socket: PathBuf,
}

impl Sway {
    /// Starts sway in a lab's session, with this configuration, and waits until it serves.
    ///
    /// # Errors
    /// It is missing or does not come up; what it has logged is in the sentence.
    pub fn start(lab: &Lab, config: &str) -> Result<Self> {
        let path = lab.path("sway.conf");
        fs::write(&path, config)?;
        // sway refuses to be root; in a namespace of its own it is the same user by another number.
        let mut command = match wire::socket::uid() {
            0 => {
                let mut command = lab.command("unshare");
                command.args(["--map-user=1000", "--map-group=1000", "sway"]);
                command
            }
            _ => lab.command("sway"),
        };
        command.arg("--config").arg(&path);
        for (name, value) in [
            ("WLR_BACKENDS", "headless"),
            ("WLR_RENDERER", "pixman"),
            ("WLR_LIBINPUT_NO_DEVICES", "1"),
        ] {
            command.env(name, value);
        }
        let log = lab.path("sway.log");
        let process = Process::start_logged(&mut command, &log)?;
        let found = || {
            let find = |start: &str, end: &str| -> Option<PathBuf> {
                let entries = fs::read_dir(lab.path("")).ok()?.flatten();
                let mut paths = entries.map(|entry| entry.path());
                paths.find(|path| {
                    let name = path.file_name().and_then(OsStr::to_str);
                    name.is_some_and(|name| name.starts_with(start) && name.ends_with(end))
                })
            };
            let socket = find("sway-ipc.", ".sock");
            let display = find("wayland-", "");
            Ok(socket.zip(display))
        };
        let found = wait_for("sway", PATIENCE, found).map_err(|error| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            format!("{error}; its log:\n{log}")
        });
        let (socket, display) = found?;
        let display = display.file_name().unwrap_or_default();
        Ok(Self {
            _process: process,
            display: display
                .to_string_lossy()
                .trim_end_matches(".lock")
                .to_owned(),
            socket,
        })
    }

    /// A program that will find this desktop.
    pub fn command(&self, lab: &Lab, program: impl AsRef<OsStr>) -> Command {
        let mut command = lab.command(program);
        command
            .env("WAYLAND_DISPLAY", &self.display)
            .env("SWAYSOCK", &self.socket)
            .env("XDG_CURRENT_DESKTOP", "sway");
        command
    }

    /// Writes what is to be seen into a PNG.
    ///
    /// # Errors
    /// grim is missing or fails.
    pub fn picture(&self, lab: &Lab, file: &Path) -> Result<()> {
        let out = self.command(lab, "grim").arg(file).output();
        let out =
            out.map_err(|error| format!("start grim: {error}; 'cargo xtask setup' installs it"))?;
        match out.status.success() {
            true => Ok(()),
            false => Err(format!("grim: {}", String::from_utf8_lossy(&out.stderr)).into()),
        }
    }
}
