//! Where files of the user belong, and how one is replaced whole.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How many links are followed, as the kernel does (`path_resolution(7)`).
const MAX_LINKS: usize = 40;

/// The folder that `variable` names, or else `fallback` in the home (XDG Base Directory
/// Specification); none if there is no home. What is no absolute path does not count.
pub fn folder(variable: &str, fallback: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    absolute(variable).or_else(|| Some(absolute("HOME")?.join(fallback)))
}

/// Where `path` leads to, through links, whether something is there or not.
fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match (fs::read_link(&path), path.parent()) {
            (Ok(next), Some(folder)) => path = folder.join(next),
            _ => break,
        }
    }
    path
}

/// What a saved file outlasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlasts {
    /// The end of the program, however it comes. Takes no time.
    Program,
    /// A loss of power as well. Waits for the disk.
    Power,
}

/// The bytes of the file at `path`, of which it has no more than `max`; none if it is not there.
///
/// # Errors
/// Why it can't be read.
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

/// Replaces the file at `path`, or what it leads to, by one of this content and the same mode: at
/// every moment there is the whole old one or the whole new one. A file that may not be written stays
/// as it is, though another could be put in its place.
///
/// # Errors
/// The call that failed, on what, and why.
pub fn save(path: &Path, content: &[u8], outlasts: Outlasts) -> Result<(), String> {
    let named = path;
    let path = target(path);
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(format!("{} is no file's path", path.display()));
    };
    let model = fs::metadata(&path).ok().map(|model| model.permissions());
    if model.as_ref().is_some_and(Permissions::readonly) {
        let named = named.display();
        return Err(format!("write {named}: it is read-only (chmod u+w)"));
    }
    let failed = |call: &str, object: &Path, error: &io::Error| {
        let reason = wire::socket::reason(error);
        format!("{call} {}: {reason}", object.display())
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| failed("mkdir", folder, &error))?;
    let temporary = folder.join(temporary_name(name));
    // By the name that the user knows it by.
    let result = write(&temporary, content, model, outlasts)
        .map_err(|error| failed("write", named, &error))
        .and_then(|()| {
            fs::rename(&temporary, &path).map_err(|error| failed("rename to", named, &error))
        });
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
        return result;
    }
    if outlasts == Outlasts::Power {
        // The name is safe when the folder is.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    result
}

fn temporary_name(name: &OsStr) -> String {
    format!(".{}.{}", name.display(), std::process::id())
}

fn write(
    path: &Path,
    content: &[u8],
    model: Option<Permissions>,
    outlasts: Outlasts,
) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)?;
    if let Some(model) = model {
        file.set_permissions(model)?;
    }
    file.write_all(content)?;
    match outlasts {
        Outlasts::Program => Ok(()),
        Outlasts::Power => file.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_link_leads_to_the_file_that_is_replaced_and_the_mode_stays() {
        let folder = xtask::process::Folder::new("mixd-files").unwrap();
        let real = folder.path().join("repository/real");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("repository/real", &link).unwrap();
        save(&link, b"one", Outlasts::Power).unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"one", "made where the link says");
        fs::set_permissions(&real, Permissions::from_mode(0o600)).unwrap();
        save(&link, b"two", Outlasts::Program).unwrap();
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
    fn a_file_that_may_not_be_written_stays_as_it_is() {
        let folder = xtask::process::Folder::new("mixd-files").unwrap();
        let path = folder.path().join("file");
        save(&path, b"one", Outlasts::Power).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        let error = save(&path, b"two", Outlasts::Power).unwrap_err();
        let start = format!("write {}: it is read-only", path.display());
        assert!(error.starts_with(&start), "{error}");
        assert_eq!(read(&path, 3).unwrap().as_deref(), Some(&b"one"[..]));
    }

    #[test]
    fn what_is_no_file_or_too_long_is_not_read() {
        let folder = xtask::process::Folder::new("mixd-files").unwrap();
        let path = folder.path().join("file");
        assert_eq!(read(&path, 3), Ok(None));
        fs::write(&path, b"four").unwrap();
        assert_eq!(read(&path, 3), Err("it has more than 3 bytes".to_owned()));
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for path in [&pipe, folder.path()] {
            assert_eq!(read(path, 3), Err("it is not a file".to_owned()));
        }
    }

    #[test]
    fn what_can_not_be_saved_is_told_with_the_call_and_the_path() {
        let error = save(Path::new("/proc/mixd/volume"), b"0", Outlasts::Power).unwrap_err();
        assert!(error.starts_with("mkdir /proc/mixd: "), "{error}");
    }
}
