//! The volume that outlasts the daemon: one decimal number in a file of the user's state.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use wire::Volume;

use crate::config::files;

/// How long after the last change the volume is saved: a slider makes many.
const PAUSE: Duration = Duration::from_secs(1);
/// How long after a save has failed it is tried again: somebody may have made room.
const AGAIN: Duration = Duration::from_secs(30);
/// More than the longest number that is a volume takes.
const MAX_SIZE: u64 = 64;

/// The file with the volume.
#[derive(Debug)]
pub struct SavedVolume {
    /// None where there is no place for one: neither `XDG_STATE_HOME` nor HOME is set.
    path: Option<PathBuf>,
    /// The volume in the file.
    saved: Option<Volume>,
    /// The volume of the last update.
    last: Option<Volume>,
    save_at: Option<Instant>,
    /// The last save has failed.
    has_failed: bool,
}

impl SavedVolume {
    /// The file at `path`, which has not been read yet.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            saved: None,
            last: None,
            save_at: None,
            has_failed: false,
        }
    }

    /// Reads the file. Returns the volume that it has, if it has one.
    pub fn load(&mut self) -> Option<Volume> {
        let path = self.path.as_ref()?;
        let text = match files::read(path, MAX_SIZE) {
            Ok(text) => text?,
            Err(error) => {
                warning!("read {}: {error}; the volume is 0", path.display());
                // What it says is not lost until another volume is set.
                self.saved = Some(Volume::MIDDLE);
                return None;
            }
        };
        match String::from_utf8_lossy(&text).trim().parse() {
            Ok(volume) => self.saved = Some(volume),
            Err(error) => warning!("{}: {error}; the volume is 0", path.display()),
        }
        self.saved
    }

    /// Takes the volume that mixd starts with, which has not changed yet.
    pub fn begin(&mut self, volume: Volume) {
        self.last = Some(volume);
    }

    /// When [`update`](Self::update) is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.save_at
    }

    /// Saves the lasting volume once it has been the same for a second; none where mixd.conf has it not
    /// remembered. The lasting volume, not the one that clients are told: setting a volume that is held at
    /// the moment changes only the first.
    pub fn update(&mut self, volume: Option<Volume>, now: Instant) {
        let last = std::mem::replace(&mut self.last, volume);
        let Some(volume) = volume else {
            self.save_at = None;
            return;
        };
        if last != Some(volume) {
            self.save_at = (self.saved != Some(volume)).then_some(now + PAUSE);
        } else if self.save_at.is_some_and(|at| now >= at) {
            self.save(volume);
            self.save_at = self.has_failed.then_some(now + AGAIN);
        }
    }

    /// Tries whether the volume could be saved, and changes nothing.
    ///
    /// # Errors
    /// The reason why it could not.
    pub fn can_save(&self) -> Result<(), String> {
        let path = self.path.as_ref().ok_or("HOME is not set")?;
        files::can_save(path, format!("{}\n", Volume::MIDDLE).len())
    }

    /// Saves the volume now, unless the file has it.
    pub fn save(&mut self, volume: Volume) {
        self.save_at = None;
        let Some(path) = &self.path else { return };
        if self.saved == Some(volume) {
            return;
        }
        let text = format!("{volume}\n");
        match files::save(path, text.as_bytes(), None) {
            Ok(()) => {
                self.saved = Some(volume);
                self.has_failed = false;
            }
            Err(error) => {
                // Once: it is tried again and again.
                if !std::mem::replace(&mut self.has_failed, true) {
                    warning!("{error}; the volume is not remembered until that is mended");
                }
            }
        }
    }
}

/// The path of the user's file; none where neither `XDG_STATE_HOME` nor HOME is set.
pub fn path() -> Option<PathBuf> {
    let folder = files::folder("XDG_STATE_HOME", ".local/state");
    folder.map(|folder| folder.join("mixd/volume"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_could_not_be_read_is_kept_until_another_volume_is_set() {
        let folder = lab::process::Folder::new("mixd-state").unwrap();
        let path = folder.path().join("volume");
        let mut state = SavedVolume::new(Some(path.clone()));
        let text = "0.42".to_owned() + &" ".repeat(60);
        fs::write(&path, &text).unwrap();
        assert_eq!(state.load(), Some("0.42".parse().unwrap()));
        // Too long to be read.
        let text = text + " ";
        fs::write(&path, &text).unwrap();
        assert_eq!(state.load(), None);
        state.save(Volume::MIDDLE);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        state.save("0.5".parse().unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "0.5\n");
    }

    #[test]
    fn what_could_not_be_saved_is_tried_again_until_it_can() {
        let folder = lab::process::Folder::new("mixd-state").unwrap();
        let place = folder.path().join("mixd");
        // A file where the folder should be.
        fs::write(&place, b"").unwrap();
        let path = Some(place.join("volume"));
        let mut state = SavedVolume::new(path.clone());
        let start = Instant::now();
        let half: Volume = "0.5".parse().unwrap();
        state.begin(Volume::MIDDLE);
        state.update(Some(Volume::MIDDLE), start);
        assert_eq!(state.deadline(), None, "it has not changed");
        state.update(Some(half), start);
        assert_eq!(state.deadline(), Some(start + PAUSE));
        state.update(Some(half), start + PAUSE);
        assert_eq!(state.deadline(), Some(start + PAUSE + AGAIN));
        fs::remove_file(&place).unwrap();
        state.update(Some(half), start + PAUSE + AGAIN);
        assert_eq!(state.deadline(), None);
        let mut next = SavedVolume::new(path);
        assert_eq!(next.load(), Some(half));
    }
}
