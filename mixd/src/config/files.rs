//! The folders of the user's files, and how a file is replaced whole.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread;

use wire::socket::target;

use crate::sys;

/// The folder that `variable` names, or else `fallback` in the home (XDG Base Directory
/// Specification); none if there is no home. A relative path is ignored, as the specification has it.
pub fn folder(variable: &str, fallback: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    absolute(variable).or_else(|| Some(absolute("HOME")?.join(fallback)))
}

/// A thread that has the disk keep what was saved.
///
/// fsync(2) takes as long as the disk does, which is seconds on a slow card, and the daemon's own thread
/// plays fades and links streams: it waits for no disk. That a save outlasts the program takes only the
/// rename. That it outlasts a loss of power as well takes the sync: ext4 (`auto_da_alloc`, ext4(5)) and
/// btrfs write a file's data before they let it replace another, but XFS and F2FS do not, and half a minute
/// later a list that was written by hand might be an empty file.
#[derive(Debug, Default)]
pub struct DiskSync(Option<SyncSender<PathBuf>>);

impl DiskSync {
    /// Syncs the file at `path` and its folder, soon.
    pub fn sync(&mut self, path: &Path) {
        let queue = self.0.get_or_insert_with(|| {
            let (queue, paths) = mpsc::sync_channel::<PathBuf>(1);
            let thread = thread::Builder::new().name("sync".to_owned());
            let _ = thread.spawn(move || {
                for path in paths {
                    sync(&path);
                }
            });
            queue
        });
        match queue.try_send(path.to_owned()) {
            // When it is full, the path that waits in it is synced after this save as well.
            Ok(()) | Err(TrySendError::Full(_)) => {}
            // The thread could not be started; perhaps the next time.
            Err(TrySendError::Disconnected(_)) => self.0 = None,
        }
    }
}

/// Waits until the file at `path` and its name are on the disk.
fn sync(path: &Path) {
    let path = target(path);
    let synced = File::open(&path).and_then(|file| file.sync_all());
    if let Err(error) = synced {
        warning!("{}", failed("fsync", &path, &error));
    }
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

/// Reads the file at `path`. Returns none if it is not there.
///
/// # Errors
/// The reason why it can't be read; it has more than `max` bytes, for one.
pub fn read(path: &Path, max: u64) -> Result<Option<Vec<u8>>, String> {
    let reason = |error: io::Error| wire::socket::reason(&error);
    // Without waiting: it might be a pipe.
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(reason(error)),
    };
    if !file.metadata().map_err(reason)?.is_file() {
        return Err("it is not a file".to_owned());
    }
    let mut content = Vec::new();
    file.take(max + 1)
        .read_to_end(&mut content)
        .map_err(reason)?;
    if content.len() as u64 > max {
        return Err(format!("it has more than {max} bytes"));
    }
    Ok(Some(content))
}

/// Replaces the file at `path`, or what it leads to, by one of this content with the same owner, group,
/// mode and extended attributes (ACLs are some): at every moment there is the whole old one or the whole
/// new one. Where no other file can take its place (something is mounted on it, its folder may not be
/// written, its owner can't be given), it is written itself, with a copy of the new content beside it or
/// in `refuge` until it is on the disk, which this waits for. A file that may not be written stays
/// as it is. In all other cases this waits for no disk, see [`DiskSync`].
///
/// # Errors
/// The call that failed, on what, and why.
pub fn save(path: &Path, content: &[u8], refuge: Option<&Path>) -> Result<(), String> {
    let saving = Saving::begin(path, content)?;
    match saving.replace() {
        Ok(()) => Ok(()),
        Err(Hindered::Folder(_)) if saving.model.is_some() => saving.overwrite(refuge),
        Err(Hindered::Folder(reason) | Hindered::Other(reason)) => Err(reason),
    }
}

/// Tries whether [`save`] could save `size` bytes at `path`, and changes nothing there.
///
/// # Errors
/// As [`save`].
pub fn can_save(path: &Path, size: usize) -> Result<(), String> {
    let led_to = target(path);
    if let Some(folder) = led_to.parent().filter(|folder| !folder.exists()) {
        // Whether it could be made, where its nearest ancestor is.
        let ancestor = folder.ancestors().find(|folder| folder.exists());
        let name = temporary_name(OsStr::new("mixd"));
        let trial = ancestor.unwrap_or(folder).join(name);
        let made = fs::create_dir(&trial).map_err(|error| failed("mkdir", folder, &error));
        let _ = fs::remove_dir(&trial);
        return made;
    }
    let content = vec![0; size];
    let saving = Saving::begin(path, &content)?;
    if saving.model.is_some() {
        // Also where another would take its place: what is mounted read-only, or may not be changed
        // (chattr(1)), can't be replaced either.
        saving.open()?;
    }
    let written = saving.write();
    let _ = fs::remove_file(&saving.temporary);
    match written {
        Err(Hindered::Folder(_)) if saving.model.is_some() => Ok(()),
        Err(Hindered::Folder(reason) | Hindered::Other(reason)) => Err(reason),
        Ok(()) => Ok(()),
    }
}

/// The copy of what a save of the file at `path` was writing when it was cut short, if one was.
pub fn saving(path: &Path, refuge: Option<&Path>) -> Option<PathBuf> {
    let path = target(path);
    let folders = path.parent().into_iter().chain(refuge);
    let mut copies = folders.filter_map(|folder| Some(folder.join(copy_name(path.file_name()?))));
    copies.find(|copy| copy.exists())
}

/// The reason why no other file can take a file's place.
#[derive(Debug)]
enum Hindered {
    /// By where it is; its own bytes can be written.
    Folder(String),
    /// Those neither: the disk is full.
    Other(String),
}

/// A save under way.
struct Saving<'a> {
    /// The path that the user knows the file by.
    named: &'a Path,
    /// The path that it leads to.
    path: PathBuf,
    content: &'a [u8],
    /// The file that is there so far.
    model: Option<Metadata>,
    /// The new file, before it has its name.
    temporary: PathBuf,
}

impl<'a> Saving<'a> {
    fn begin(named: &'a Path, content: &'a [u8]) -> Result<Self, String> {
        let path = target(named);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(format!("{} is no file's path", path.display()));
        };
        let model = fs::metadata(&path).ok();
        if model.as_ref().is_some_and(|model| !model.is_file()) {
            return Err(format!("write {}: it is not a file", named.display()));
        }
        let is_read_only = |model: &Metadata| model.permissions().readonly();
        if model.as_ref().is_some_and(is_read_only) {
            let named = named.display();
            return Err(format!("write {named}: it is read-only (chmod u+w)"));
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| failed("mkdir", folder, &error))?;
        let temporary = folder.join(temporary_name(name));
        Ok(Self {
            named,
            path,
            content,
            model,
            temporary,
        })
    }

    /// Puts another file in its place.
    fn replace(&self) -> Result<(), Hindered> {
        let renamed = self.write().and_then(|()| {
            fs::rename(&self.temporary, &self.path).map_err(|error| {
                let text = failed("rename to", self.named, &error);
                // EBUSY: something is mounted on it (rename(2)).
                match error.kind() {
                    io::ErrorKind::ResourceBusy => Hindered::Folder(text),
                    _ => Hindered::Other(text),
                }
            })
        });
        if renamed.is_err() {
            let _ = fs::remove_file(&self.temporary);
        }
        renamed
    }

    /// Writes the new file, with the owner, mode and attributes of the old one.
    fn write(&self) -> Result<(), Hindered> {
        let _ = fs::remove_file(&self.temporary);
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(&self.temporary);
        let mut file = made.map_err(|error| {
            let text = failed("write", self.named, &error);
            match error.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    Hindered::Folder(text)
                }
                _ => Hindered::Other(text),
            }
        })?;
        if let Some(model) = &self.model {
            let likened = self.liken(&file, model);
            likened.map_err(|error| Hindered::Folder(failed("write", self.named, &error)))?;
        }
        file.write_all(self.content)
            .and_then(|()| sys::close(file))
            .map_err(|error| Hindered::Other(failed("write", self.named, &error)))
    }

    fn liken(&self, file: &File, model: &Metadata) -> io::Result<()> {
        if model.nlink() > 1 {
            return Err(io::Error::other("it has several names"));
        }
        let made = file.metadata()?;
        let other = |new: u32, old: u32| (new != old).then_some(old);
        std::os::unix::fs::fchown(
            file,
            other(made.uid(), model.uid()),
            other(made.gid(), model.gid()),
        )?;
        file.set_permissions(model.permissions())?;
        sys::copy_attributes(&File::open(&self.path)?, file)
    }

    fn open(&self) -> Result<File, String> {
        let opened = OpenOptions::new().write(true).open(&self.path);
        opened.map_err(|error| failed("write", self.named, &error))
    }

    /// Writes the file itself. When that fails, what it said is put back.
    fn overwrite(&self, refuge: Option<&Path>) -> Result<(), String> {
        let before = fs::read(&self.path).map_err(|error| failed("read", self.named, &error))?;
        let mut file = self.open()?;
        let copy = self.keep_copy(refuge)?;
        let written = overwrite(&mut file, self.content);
        let is_whole = written.is_ok() || overwrite(&mut file, &before).is_ok();
        if let Some(copy) = copy.filter(|_| is_whole) {
            let _ = fs::remove_file(copy);
        }
        written.map_err(|error| failed("write", self.named, &error))
    }

    /// Makes a copy of the new content, beside the file or in the folder `refuge`. Returns its path; none where
    /// neither folder may be written.
    fn keep_copy(&self, refuge: Option<&Path>) -> Result<Option<PathBuf>, String> {
        let beside = self.path.parent();
        for folder in beside.into_iter().chain(refuge) {
            let Some(name) = self.path.file_name() else {
                break;
            };
            let copy = folder.join(copy_name(name));
            let _ = fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder);
            let made = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&copy);
            let mut file = match made {
                Ok(file) => file,
                // What an earlier save has left, or somebody else's: neither is ours to lose.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let copy = copy.display();
                    return Err(format!(
                        "{copy} is there, as a save that was cut short leaves it; look at it, and remove it"
                    ));
                }
                Err(_) => continue,
            };
            // A full disk is found out here, before anything is lost. The copy is of use after a loss of
            // power only if it is on the disk: this save waits for it, as few do.
            return match file.write_all(self.content).and_then(|()| file.sync_all()) {
                Ok(()) => Ok(Some(copy)),
                Err(error) => {
                    let _ = fs::remove_file(&copy);
                    Err(failed("write", &copy, &error))
                }
            };
        }
        Ok(None)
    }
}

fn failed(call: &str, object: &Path, error: &io::Error) -> String {
    let reason = wire::socket::reason(error);
    format!("{call} {}: {reason}", object.display())
}

fn temporary_name(name: &OsStr) -> String {
    format!(".{}.{}", name.display(), std::process::id())
}

fn copy_name(name: &OsStr) -> String {
    format!("{}.saving", name.display())
}

fn overwrite(file: &mut File, content: &[u8]) -> io::Result<()> {
    file.seek(io::SeekFrom::Start(0))?;
    file.write_all(content)?;
    file.set_len(content.len() as u64)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use rustix::fs::XattrFlags;

    use super::*;

    const ATTRIBUTE: &str = "user.mixd";

    #[test]
    fn a_link_leads_to_the_file_that_is_replaced_and_the_mode_stays() {
        let folder = lab::process::Folder::new("mixd-files").unwrap();
        let real = folder.path().join("repository/real");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("repository/real", &link).unwrap();
        save(&link, b"one", None).unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"one", "made where the link says");
        fs::set_permissions(&real, Permissions::from_mode(0o600)).unwrap();
        save(&link, b"two", None).unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            fs::metadata(&real).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let left = fs::read_dir(real.parent().unwrap()).unwrap();
        assert_eq!(left.count(), 1, "nothing else is left");
    }

    #[test]
    fn what_an_earlier_save_has_left_is_not_lost() {
        let folder = lab::process::Folder::new("mixd-files").unwrap();
        let path = folder.path().join("file");
        fs::write(&path, b"one").unwrap();
        // Written itself from now on.
        fs::hard_link(&path, folder.path().join("second")).unwrap();
        let precious = folder.path().join("precious");
        fs::write(&precious, b"precious").unwrap();
        let copy = folder.path().join("file.saving");
        std::os::unix::fs::symlink(&precious, &copy).unwrap();
        let error = save(&path, b"two", None).unwrap_err();
        assert!(error.contains("file.saving is there"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read(&precious).unwrap(), b"precious");
        assert_eq!(saving(&path, None), Some(copy));
    }

    #[test]
    fn what_is_no_file_is_not_replaced_by_one() {
        let folder = lab::process::Folder::new("mixd-files").unwrap();
        let link = folder.path().join("volume");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        for result in [save(&link, b"0", None), can_save(&link, 1)] {
            assert!(result.unwrap_err().ends_with("it is not a file"));
        }
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn what_a_file_is_besides_its_content_stays() {
        let folder = lab::process::Folder::new("mixd-files").unwrap();
        let path = folder.path().join("file");
        save(&path, b"one", None).unwrap();
        let is_root = wire::socket::uid() == 0;
        if is_root {
            std::os::unix::fs::chown(&path, Some(1234), Some(2345)).unwrap();
        }
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        rustix::fs::setxattr(&path, ATTRIBUTE, b"kept", XattrFlags::empty()).unwrap();
        let before = fs::metadata(&path).unwrap();
        save(&path, b"two", None).unwrap();
        let after = fs::metadata(&path).unwrap();
        let kept = |data: &Metadata| (data.uid(), data.gid(), data.mode());
        assert_eq!(kept(&after), kept(&before));
        assert_ne!(after.ino(), before.ino(), "another file");
        let mut value = [0; 8];
        let length = rustix::fs::getxattr(&path, ATTRIBUTE, &mut value).unwrap();
        assert_eq!(value[..length], *b"kept");
        // A second name leads to the same file from then on.
        let second = folder.path().join("second");
        fs::hard_link(&path, &second).unwrap();
        save(&path, b"three", None).unwrap();
        assert_eq!(fs::read(&second).unwrap(), b"three");
        save(&path, b"4", None).unwrap();
        assert_eq!(fs::read(&second).unwrap(), b"4");
        let left = fs::read_dir(folder.path()).unwrap();
        assert_eq!(left.count(), 2, "nothing else is left");
    }

    #[test]
    fn a_file_that_may_not_be_written_stays_as_it_is() {
        let folder = lab::process::Folder::new("mixd-files").unwrap();
        let path = folder.path().join("file");
        save(&path, b"one", None).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        let error = save(&path, b"two", None).unwrap_err();
        let start = format!("write {}: it is read-only", path.display());
        assert!(error.starts_with(&start), "{error}");
        assert_eq!(read(&path, 3).unwrap().as_deref(), Some(&b"one"[..]));
    }

    #[test]
    fn what_is_no_file_or_too_long_is_not_read() {
        let folder = lab::process::Folder::new("mixd-files").unwrap();
        let path = folder.path().join("file");
        assert_eq!(read(&path, 3), Ok(None));
        fs::write(&path, b"four").unwrap();
        assert_eq!(read(&path, 3), Err("it has more than 3 bytes".to_owned()));
        assert_eq!(read(&path, 4).unwrap().as_deref(), Some(&b"four"[..]));
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for path in [&pipe, folder.path()] {
            assert_eq!(read(path, 3), Err("it is not a file".to_owned()));
        }
    }

    #[test]
    fn what_can_not_be_saved_is_told_with_the_call_and_the_path() {
        let error = save(Path::new("/proc/mixd/volume"), b"0", None).unwrap_err();
        assert!(error.starts_with("mkdir /proc/mixd: "), "{error}");
    }
}
