//! Says when mixd.conf may have changed: its folder is watched, and where the file is a link, the
//! folders on the way to what it leads to; and where a folder is missing or may be replaced, the
//! one above.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::sys::{FolderEvent, Inotify};

/// How many links are followed, as the kernel does (`path_resolution(7)`).
const MAX_LINKS: usize = 40;

/// The folders that are watched.
#[derive(Debug)]
pub struct Watch {
    inotify: Inotify,
    /// By the number of the watch: the folder, and the names in it that matter.
    folders: BTreeMap<i32, (PathBuf, BTreeSet<OsString>)>,
}

impl Watch {
    /// Watches what decides about the file at `path`, as things are now.
    ///
    /// # Errors
    /// A sentence.
    pub fn open(path: &Path) -> Result<Self, String> {
        let inotify = Inotify::open().map_err(|error| error.to_string())?;
        let mut watch = Self {
            inotify,
            folders: BTreeMap::new(),
        };
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
                break;
            };
            watch.add(folder, name);
            // The folder itself can be a link, be made or be replaced.
            if let (Some(above), Some(name)) = (folder.parent(), folder.file_name()) {
                watch.add(above, name);
            }
            let Ok(target) = fs::read_link(&path) else {
                break;
            };
            path = folder.join(target);
        }
        if watch.folders.is_empty() {
            return Err(format!("watch {}: no folder of it exists", path.display()));
        }
        Ok(watch)
    }

    /// Watches for `name` in `folder`, or for the first folder that is missing on the way there.
    fn add(&mut self, folder: &Path, name: &OsStr) {
        let (mut folder, mut name) = (folder, name);
        loop {
            if let Ok(number) = self.inotify.add(folder) {
                let place = self.folders.entry(number);
                let place = place.or_insert_with(|| (folder.to_owned(), BTreeSet::new()));
                place.1.insert(name.to_owned());
                return;
            }
            let (Some(above), Some(missing)) = (folder.parent(), folder.file_name()) else {
                return;
            };
            (folder, name) = (above, missing);
        }
    }

    /// Whether anything has happened that matters. The watch is to be opened anew then: a folder
    /// may have become another one.
    pub fn take(&self) -> bool {
        let mut matters = false;
        loop {
            let events = self.inotify.take();
            if events.is_empty() {
                return matters;
            }
            matters |= events.iter().any(|event| self.matters(event));
        }
    }

    fn matters(&self, event: &FolderEvent) -> bool {
        let Some((folder, names)) = self.folders.get(&event.watch) else {
            // Events were lost.
            return true;
        };
        if event.name.is_empty() {
            return true;
        }
        // A file that has only just been made is empty; it matters when it has been written.
        let is_new_file = || {
            let made = fs::symlink_metadata(folder.join(&event.name));
            made.is_ok_and(|made| made.is_file() && made.nlink() == 1)
        };
        names.contains(&event.name) && !(event.is_creation && is_new_file())
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}
