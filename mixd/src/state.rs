//! The volume that outlasts the daemon: one decimal number in a file.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use wire::Volume;

use crate::files::{self, Outlasts};

/// How long after the last change the volume is saved: a slider makes many.
const PAUSE: Duration = Duration::from_secs(1);

/// The file with the volume.
#[derive(Debug)]
pub struct State {
    /// None where there is no place for one: neither `XDG_STATE_HOME` nor HOME is set.
    path: Option<PathBuf>,
    /// What the file says.
    saved: Option<Volume>,
    /// What it was in the last turn.
    last: Option<Volume>,
    save_at: Option<Instant>,
}

impl State {
    /// Where the user's state lies.
    pub fn new() -> Self {
        let folder = files::folder("XDG_STATE_HOME", ".local/state");
        Self {
            path: folder.map(|folder| folder.join("mixd/volume")),
            saved: None,
            last: None,
            save_at: None,
        }
    }

    /// The volume that was saved, if one was.
    pub fn load(&mut self) -> Option<Volume> {
        let path = self.path.as_ref()?;
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                let reason = wire::socket::reason(&error);
                warning!("read {}: {reason}; the volume is 0", path.display());
                return None;
            }
        };
        match text.trim().parse() {
            Ok(volume) => self.saved = Some(volume),
            Err(error) => warning!("{}: {error}; the volume is 0", path.display()),
        }
        self.saved
    }

    /// When [`turn`](Self::turn) is to be called.
    pub fn deadline(&self) -> Option<Instant> {
        self.save_at
    }

    /// Notes whether the volume has changed, and saves it if it is time; without one, it is not to
    /// be remembered. What is to outlast the daemon is compared, not what clients are told: a
    /// volume that is set to what is held for the moment changes only the first.
    pub fn turn(&mut self, volume: Option<Volume>, now: Instant) {
        let last = std::mem::replace(&mut self.last, volume);
        let Some(volume) = volume else {
            self.save_at = None;
            return;
        };
        if last.is_some_and(|last| last != volume) {
            self.save_at = (self.saved != Some(volume)).then_some(now + PAUSE);
        } else if self.save_at.is_some_and(|at| now >= at) {
            self.save(volume);
        }
    }

    /// Saves the volume now, if that has not been done.
    pub fn save(&mut self, volume: Volume) {
        self.save_at = None;
        let Some(path) = &self.path else { return };
        if self.saved == Some(volume) {
            return;
        }
        // Not waiting for the disk: a fade may be under way.
        let text = format!("{volume}\n");
        match files::save(path, text.as_bytes(), Outlasts::Program) {
            Ok(()) => self.saved = Some(volume),
            Err(error) => warning!("{error}; the volume is not remembered"),
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
