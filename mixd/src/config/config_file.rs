//! mixd.conf on the disk: read, watched, and edited in place.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wire::message::MAX_PATTERN;

use super::Config;
use super::watch::Watch;
use crate::config::files::{self, DiskSync};

/// How long after a change the file is read: an editor does more than one thing to save it.
const SETTLE: Duration = Duration::from_millis(50);
/// How long a file that was there may be away before that counts: some editors remove it first.
const AWAY: Duration = Duration::from_secs(1);
/// How long after a watch has failed it is tried again, the first time; each further wait is twice as
/// long.
const WATCH_AGAIN: Duration = Duration::from_secs(1);
/// The longest of these.
const WATCH_AGAIN_AT_LAST: Duration = Duration::from_mins(1);
/// The largest file that is read. The longest program list has not half of it.
const MAX_SIZE: u64 = 64 * 1024;

const NO_PLACE: &str = "there is no place for mixd.conf: HOME is not set";

/// The folder for the copy of a file whose own folder may not be written.
fn refuge() -> Option<PathBuf> {
    Some(files::folder("XDG_STATE_HOME", ".local/state")?.join("mixd"))
}

/// The file, and what is known of it.
#[derive(Debug)]
pub struct ConfigFile {
    path: Option<PathBuf>,
    watch: Option<Watch>,
    /// The reason why changes are not seen, if they are not.
    unwatched: Option<String>,
    /// When the watch is tried again, and how long that is after the last time.
    watch_at: Option<(Instant, Duration)>,
    /// The bytes that were read last; none if the file is not there.
    content: Option<Vec<u8>>,
    /// The reason why it could not be read.
    error: Option<String>,
    /// When it is read again.
    check_at: Option<Instant>,
    /// Since when it is away.
    away_since: Option<Instant>,
    disk_sync: DiskSync,
}

impl ConfigFile {
    /// The file at `path`; none where there is no place for one, because neither `XDG_CONFIG_HOME` nor HOME
    /// is set.
    pub fn new(path: Option<PathBuf>) -> Self {
        // The folder to watch is that of today, wherever the daemon goes.
        let path = path.map(|path| std::path::absolute(&path).unwrap_or(path));
        Self {
            path,
            watch: None,
            unwatched: None,
            watch_at: None,
            content: None,
            error: None,
            check_at: None,
            away_since: None,
            disk_sync: DiskSync::default(),
        }
    }

    /// Its path, whether it exists or not.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Reads it, and watches it from now on.
    ///
    /// # Errors
    /// A sentence with the file's name, and the line's number where it is about one.
    pub fn open(&mut self, now: Instant) -> Result<Config, String> {
        if let Some(path) = &self.path
            && let Some(copy) = files::saving(path, refuge().as_deref())
        {
            let (path, copy) = (path.display(), copy.display());
            warning!(
                "a save of {path} was cut short: what it was to say is in {copy}; compare them, then remove that"
            );
        }
        self.watch(now);
        (self.check_at, self.away_since) = (None, None);
        self.read();
        self.config()
    }

    /// Returns whether it was there when it was read last.
    pub fn is_there(&self) -> bool {
        self.content.is_some()
    }

    /// The reason why changes of the file are not seen, if they are not.
    pub fn unwatched(&self) -> Option<&str> {
        self.unwatched.as_deref()
    }

    fn watch(&mut self, now: Instant) {
        let Some(path) = &self.path else { return };
        let watch = match self.watch.take() {
            Some(watch) => Ok(watch),
            None => Watch::new(),
        };
        let renewed = watch.and_then(|watch| self.watch.insert(watch).renew(path));
        let Err(error) = renewed else {
            if self.unwatched.take().is_some() {
                info!("changes of the configuration are seen again");
            }
            self.watch_at = None;
            return;
        };
        match self.unwatched {
            None => warning!("{error}; changes of the configuration may not be seen"),
            Some(_) => debug!("{error}; changes of the configuration may still not be seen"),
        }
        let text = format!("{error}; after a change of mixd.conf run 'mixctl reload'");
        self.unwatched = Some(text);
        let pause = self.watch_at.map_or(WATCH_AGAIN, |(_, before)| {
            (before * 2).min(WATCH_AGAIN_AT_LAST)
        });
        self.watch_at = Some((now + pause, pause));
    }

    /// Reads the file. Returns whether it says something else than before.
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

    /// Returns the configuration that its text makes.
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

    /// A descriptor that is readable when [`dispatch`](Self::dispatch) has something to do.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.watch.as_ref().map(AsFd::as_fd)
    }

    /// When [`dispatch`](Self::dispatch) is due, if the descriptor is not readable before.
    pub fn deadline(&self) -> Option<Instant> {
        let watch_at = self.watch_at.map(|(at, _)| at);
        self.check_at.into_iter().chain(watch_at).min()
    }

    /// Reads the file if something has happened to it. Returns what it says, if that has changed.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn dispatch(&mut self, ready: bool, now: Instant) -> Option<Result<Config, String>> {
        if ready && self.watch.as_ref().is_some_and(Watch::take) {
            self.check_at = Some(now + SETTLE);
        }
        if self.deadline().is_none_or(|at| now < at) {
            return None;
        }
        self.check_at = None;
        // Before it is read: what happens after the reading is seen.
        self.watch(now);
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

    /// Its text, to the byte, as it was read or saved last.
    pub fn text(&self) -> &[u8] {
        self.content.as_deref().unwrap_or_default()
    }

    /// Reads what somebody may have written this very moment, so that a save does not lose it. Returns what
    /// the file says, if that has changed. A file that is away for a moment, because an editor saves it so,
    /// has not.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn refresh(&mut self) -> Option<Result<Config, String>> {
        let is_there = self.path.as_ref().is_some_and(|path| path.exists());
        (is_there && self.read()).then(|| self.config())
    }

    /// Saves this text, unless the file has it already.
    ///
    /// # Errors
    /// The reason why it could not be saved.
    pub fn save(&mut self, text: &[u8]) -> Result<(), String> {
        let path = self.path.as_ref().ok_or(NO_PLACE)?;
        if text == self.text() && (self.content.is_none() || path.exists()) {
            return Ok(());
        }
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        if text.len() as u64 > MAX_SIZE {
            let path = path.display();
            return Err(format!("{path} would have more than {MAX_SIZE} bytes"));
        }
        files::save(path, text, refuge().as_deref())?;
        self.disk_sync.sync(path);
        self.content = Some(text.to_vec());
        Ok(())
    }

    /// Tries whether a change of the list could be saved, and changes nothing.
    ///
    /// # Errors
    /// The reason why it could not.
    pub fn can_save(&self) -> Result<(), String> {
        let path = self.path.as_ref().ok_or(NO_PLACE)?;
        let size = self.content.as_ref().map_or(0, Vec::len);
        // And a line more.
        files::can_save(path, size + MAX_PATTERN)
    }
}

#[cfg(test)]
mod tests;
