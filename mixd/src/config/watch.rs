//! Says when mixd.conf may have changed: its folder is watched and the one above, and on the way
//! there each folder that has a link in it or lacks a name. Folders further up are not: every
//! program that writes something into HOME would wake us.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use wire::socket::SystemError;

use crate::sorted::{SortedMap, SortedSet};
use crate::sys::{FolderEvent, Inotify};

/// How many links are followed, as the kernel does (`path_resolution(7)`).
const MAX_LINKS: usize = 40;
/// The file's name and its folder's: what replaces these is seen, link or not.
const LAST_NAMES: usize = 2;

/// The folders that are watched.
#[derive(Debug)]
pub struct Watch {
    inotify: Inotify,
    /// By the number of the watch: the folder, and the names in it that matter.
    folders: SortedMap<i32, (PathBuf, SortedSet<OsString>)>,
}

impl Watch {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// A sentence.
    pub fn new() -> Result<Self, String> {
        Ok(Self {
            inotify: Inotify::open().map_err(|error| error.to_string())?,
            folders: SortedMap::new(),
        })
    }

    /// Watches what decides about the file at `path`, as things are now. Where that fails, what was
    /// watched before still is.
    ///
    /// # Errors
    /// A sentence.
    pub fn renew(&mut self, path: &Path) -> Result<(), String> {
        let before = mem::take(&mut self.folders);
        let followed = self.follow(path);
        for (number, place) in before {
            if followed.is_err() {
                self.folders.get_or_insert_with(number, || place);
            } else if !self.folders.contains_key(&number) {
                self.inotify.remove(number);
            }
        }
        match followed {
            Ok(()) if self.folders.is_empty() => {
                Err(format!("watch {}: no folder of it exists", path.display()))
            }
            Ok(()) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Goes the way that the kernel goes (`path_resolution(7)`), and watches each place where it
    /// would lead elsewhere if a name came to mean another thing: the file itself, its folder,
    /// each link, and the first name that is missing.
    fn follow(&mut self, path: &Path) -> Result<(), SystemError> {
        let mut at = PathBuf::from("/");
        // The names that are still to be followed, the next one last.
        let mut left = names(path);
        let mut links = 0;
        while let Some(name) = left.pop() {
            if name == ".." {
                // What has been followed has no link in it.
                at.pop();
                continue;
            }
            let here = at.join(&name);
            let target = fs::read_link(&here).ok();
            let is_missing = fs::symlink_metadata(&here).is_err();
            if left.len() < LAST_NAMES || target.is_some() || is_missing {
                self.add(&at, &name)?;
            }
            if is_missing {
                // Made since it was looked for: the watch came too late to say so.
                if fs::symlink_metadata(&here).is_err() {
                    return Ok(());
                }
                left.push(name);
                continue;
            }
            let Some(target) = target else {
                at = here;
                continue;
            };
            links += 1;
            if links > MAX_LINKS {
                return Ok(());
            }
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            left.extend(names(&target));
        }
        Ok(())
    }

    /// Watches for `name` in `folder`. A folder that may not be read, or has gone, hides changes of that
    /// name and of no other.
    fn add(&mut self, folder: &Path, name: &OsStr) -> Result<(), SystemError> {
        match self.inotify.add(folder) {
            Ok(number) => {
                let place = || (folder.to_owned(), SortedSet::new());
                let (_, names) = self.folders.get_or_insert_with(number, place);
                names.insert(name.to_owned());
                Ok(())
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied
                        | io::ErrorKind::NotFound
                        | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(())
            }
            Err(error) => {
                let folder = folder.display();
                Err(SystemError::new("inotify_add_watch", folder, error))
            }
        }
    }

    /// Returns whether anything has happened that matters. The watch is renewed then: a folder may have
    /// become another one.
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
            // Events were lost, if it is not of a folder that is watched no longer.
            return event.watch < 0;
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

/// The names of a path, the first one last.
fn names(path: &Path) -> Vec<OsString> {
    let names = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    names.collect()
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}
