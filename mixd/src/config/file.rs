//! mixd.conf on the disk: read, watched, and edited in place.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::watch::Watch;
use super::{Config, edit};
use crate::files::{self, Outlasts};

/// How long after a change the file is read: an editor does more than one thing to save it.
const SETTLE: Duration = Duration::from_millis(50);
/// How long a file that was there may be away before that counts: some editors remove it first.
const AWAY: Duration = Duration::from_secs(1);
/// The largest file that is read. The longest program list has not half of it.
const MAX_SIZE: u64 = 64 * 1024;

/// The file, and what is known of it.
#[derive(Debug)]
pub struct ConfigFile {
    /// None where there is no place for one: neither `XDG_CONFIG_HOME` nor HOME is set.
    path: Option<PathBuf>,
    watch: Option<Watch>,
    /// What was read last; none if the file is not there.
    content: Option<Vec<u8>>,
    /// What kept it from being read.
    error: Option<String>,
    /// When it is to be read again.
    check_at: Option<Instant>,
    /// Since when it is away.
    away_since: Option<Instant>,
}

impl ConfigFile {
    /// The file at `path`, or where the user's configuration lies.
    pub fn new(path: Option<PathBuf>) -> Self {
        let folder = || files::folder("XDG_CONFIG_HOME", ".config");
        let path = path.or_else(|| Some(folder()?.join("mixd/mixd.conf")));
        // The folder to watch is that of today, wherever the daemon goes.
        let path = path.map(|path| std::path::absolute(&path).unwrap_or(path));
        Self {
            path,
            watch: None,
            content: None,
            error: None,
            check_at: None,
            away_since: None,
        }
    }

    /// Where it is, whether it exists or not.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Reads it for the first time, and watches it from now on.
    ///
    /// # Errors
    /// A sentence with the file's name, and the line's number where it is about one.
    pub fn open(&mut self) -> Result<Config, String> {
        self.watch();
        self.read();
        self.config()
    }

    fn watch(&mut self) {
        let Some(path) = &self.path else { return };
        match Watch::open(path) {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => {
                self.watch = None;
                warning!("{error}; changes of the configuration are not seen");
            }
        }
    }

    /// Reads the file; whether it says something else than before.
    fn read(&mut self) -> bool {
        let Some(path) = &self.path else { return false };
        let (content, error) = match files::read(path, MAX_SIZE) {
            Ok(content) => (content, None),
            Err(error) => (None, Some(format!("read {}: {error}", path.display()))),
        };
        let is_other = (&content, &error) != (&self.content, &self.error);
        (self.content, self.error) = (content, error);
        is_other
    }

    /// What it says.
    fn config(&self) -> Result<Config, String> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let content = self.content.as_deref().unwrap_or_default();
        super::parse(content).map_err(|problem| {
            let path = self.path.as_deref().unwrap_or(Path::new(""));
            let name = path.file_name().unwrap_or_default();
            format!("{}:{problem}", name.display())
        })
    }

    /// Readable when [`turn`](Self::turn) is to be called.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.watch.as_ref().map(AsFd::as_fd)
    }

    /// When it is to be called if the descriptor is not readable before.
    pub fn deadline(&self) -> Option<Instant> {
        self.check_at
    }

    /// Looks at the file if something has happened to it. What it says now, if that is another
    /// thing than before.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn turn(&mut self, ready: bool, now: Instant) -> Option<Result<Config, String>> {
        if ready && self.watch.as_ref().is_some_and(Watch::take) {
            self.check_at = Some(now + SETTLE);
        }
        if self.check_at.is_none_or(|at| now < at) {
            return None;
        }
        self.check_at = None;
        // Before it is read: what happens after the reading is seen.
        self.watch();
        let was_there = self.content.is_some();
        let is_there = self
            .path
            .as_ref()
            .is_some_and(|path| fs::metadata(path).is_ok());
        if was_there && !is_there {
            let since = *self.away_since.get_or_insert(now);
            if now < since + AWAY {
                self.check_at = Some(since + AWAY);
                return None;
            }
        }
        self.away_since = None;
        self.read().then(|| self.config())
    }

    /// Puts a program into the file.
    ///
    /// # Errors
    /// Why it could not be saved.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        self.edit(|text| edit::add(text, pattern))
    }

    /// Puts a program into the file before another.
    ///
    /// # Errors
    /// Why it could not be saved.
    pub fn insert(&mut self, new: &str, before: &str) -> Result<(), String> {
        self.edit(|text| edit::insert(text, new, before))
    }

    /// Takes a program out of the file.
    ///
    /// # Errors
    /// Why that could not be saved.
    pub fn remove(&mut self, pattern: &str) -> Result<(), String> {
        self.edit(|text| edit::remove(text, pattern))
    }

    /// Puts a program in the place of another.
    ///
    /// # Errors
    /// Why it could not be saved.
    pub fn replace(&mut self, old: &str, new: &str) -> Result<(), String> {
        self.edit(|text| edit::replace(text, old, new))
    }

    fn edit(&mut self, change: impl FnOnce(&[u8]) -> Vec<u8>) -> Result<(), String> {
        let path = self.path.clone();
        let path = path.ok_or("there is no place for mixd.conf: HOME is not set")?;
        // Somebody may have changed it this very moment: that is not lost.
        let current = files::read(&path, MAX_SIZE)
            .map_err(|error| format!("read {}: {error}", path.display()))?;
        let before = current.unwrap_or_default();
        let edited = change(&before);
        if edited == before {
            return Ok(());
        }
        if edited.len() as u64 > MAX_SIZE {
            let path = path.display();
            return Err(format!("{path} would have more than {MAX_SIZE} bytes"));
        }
        files::save(&path, &edited, Outlasts::Power)?;
        if self.content.as_deref().unwrap_or_default() == before {
            self.content = Some(edited);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
