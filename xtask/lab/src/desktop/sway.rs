//! sway on a screen that is only in memory.

use std::cell::{RefCell, RefMut};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::pointer::{LEFT, MIDDLE, Pointer};
use super::{Desktop, run};
use crate::Result;
use crate::process::{Process, wait_for};
use crate::{Lab, TIMEOUT};

/// A running sway. Ended when dropped.
#[derive(Debug)]
pub struct Sway {
    /// The process.
    pub process: Process,
    display: String,
    socket: PathBuf,
    pointer: RefCell<Option<Pointer>>,
    /// A keyboard that types nothing.
    keyboard: RefCell<Option<Process>>,
}

impl Sway {
    /// Starts sway in a lab's session, with this configuration, and waits until it serves.
    pub fn start(lab: &Lab, config: &str) -> Result<Self> {
        let path = lab.path("sway.conf");
        fs::write(&path, config)?;
        if wire::socket::uid() == 0 {
            return Err(
                "sway refuses to be root; 'cargo xtask test' runs this as somebody else".into(),
            );
        }
        let mut command = lab.command("sway");
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
        let found = wait_for("sway", TIMEOUT, found).map_err(|error| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            format!("{error}; its log:\n{log}")
        });
        let (socket, display) = found?;
        let display = display.file_name().unwrap_or_default();
        Ok(Self {
            process,
            display: display
                .to_string_lossy()
                .trim_end_matches(".lock")
                .to_owned(),
            socket,
            pointer: RefCell::new(None),
            keyboard: RefCell::new(None),
        })
    }

    /// Its pointer, which it has from the first use on.
    fn pointer(&self, lab: &Lab) -> Result<RefMut<'_, Pointer>> {
        let mut pointer = self.pointer.borrow_mut();
        if pointer.is_none() {
            *pointer = Some(Pointer::new(&lab.path(&self.display))?);
            // The windows get to know that there is one, and ask for what it does.
            std::thread::sleep(Duration::from_millis(200));
        }
        RefMut::filter_map(pointer, Option::as_mut).map_err(|_| "no pointer".into())
    }

    /// Types on a keyboard that lives as long as the command. Another one stays from the first use on, so that a
    /// window asks for keys once: it may be late to, where a keyboard comes for each key and goes with it.
    fn type_words(&self, lab: &Lab, words: &[&str]) -> Result<()> {
        let mut keyboard = self.keyboard.borrow_mut();
        if keyboard.is_none() {
            let mut command = self.command(lab, Path::new("wtype"));
            let a_day = "86400000";
            command.args(["-s", a_day]);
            *keyboard = Some(Process::start_logged(&mut command, &lab.path("wtype.log"))?);
            std::thread::sleep(Duration::from_millis(500));
        }
        let mut command = self.command(lab, Path::new("wtype"));
        // sway takes in that it is there, and what its keys are.
        command.args(["-s", "50"]).args(words);
        run(command, "wtype")?;
        // As that keyboard goes, sway gives the window the focus once more, and a press at that moment is one that
        // raises a window.
        std::thread::sleep(Duration::from_millis(150));
        Ok(())
    }

    /// Tells sway something.
    pub fn tell(&self, lab: &Lab, words: &[&str]) -> Result<()> {
        let mut command = self.command(lab, Path::new("swaymsg"));
        command.args(words);
        run(command, "swaymsg")
    }
}

impl Desktop for Sway {
    fn command(&self, lab: &Lab, program: &Path) -> Command {
        let mut command = lab.command(program);
        command
            .env("WAYLAND_DISPLAY", &self.display)
            .env("SWAYSOCK", &self.socket)
            .env("XDG_CURRENT_DESKTOP", "sway");
        command
    }

    fn picture(&self, lab: &Lab, file: &Path) -> Result<()> {
        let mut command = self.command(lab, Path::new("grim"));
        command.arg(file);
        run(command, "grim")
    }

    fn focus(&self, _: &Lab, _: &str) -> Result<()> {
        // sway has done so.
        Ok(())
    }

    fn point(&self, lab: &Lab, x: u32, y: u32) -> Result<()> {
        self.pointer(lab)?.to(x, y)
    }

    fn button(&self, lab: &Lab, down: bool) -> Result<()> {
        self.pointer(lab)?.button(LEFT, down)
    }

    fn middle_click(&self, lab: &Lab) -> Result<()> {
        let mut pointer = self.pointer(lab)?;
        pointer.button(MIDDLE, true)?;
        pointer.button(MIDDLE, false)
    }

    fn wheel(&self, lab: &Lab, up: bool) -> Result<()> {
        self.pointer(lab)?.wheel(up)
    }

    fn type_text(&self, lab: &Lab, text: &str) -> Result<()> {
        self.type_words(lab, &["--", text])
    }

    fn key(&self, lab: &Lab, modifiers: &[&str], key: &str) -> Result<()> {
        let held = modifiers.iter().flat_map(|modifier| ["-M", modifier]);
        let words: Vec<&str> = held.chain(["-k", key]).collect();
        self.type_words(lab, &words)
    }

    fn hold(&self, lab: &Lab, key: &str, time: Duration) -> Result<()> {
        let milliseconds = time.as_millis().to_string();
        let words = ["-P", key, "-s", &milliseconds, "-p", key];
        self.type_words(lab, &words)
    }
}
