//! Where files of the user belong, and how one is replaced whole.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
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

/// Replaces the file at `path`, or what it leads to, by one of this content and the same mode: at
/// every moment there is the whole old one or the whole new one.
///
/// # Errors
/// The call that failed, and why.
pub fn save(path: &Path, content: &[u8], outlasts: Outlasts) -> Result<(), String> {
    let path = target(path);
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(format!("{} is no file's path", path.display()));
    };
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
    let result = write(&temporary, content, fs::metadata(&path).ok(), outlasts)
        .map_err(|error| failed("write", &temporary, &error))
        .and_then(|()| {
            fs::rename(&temporary, &path).map_err(|error| failed("rename to", &path, &error))
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
    model: Option<fs::Metadata>,
    outlasts: Outlasts,
) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)?;
    if let Some(model) = model {
        file.set_permissions(Permissions::from_mode(model.permissions().mode()))?;
    }
    file.write_all(content)?;
    match outlasts {
        Outlasts::Program => Ok(()),
        Outlasts::Power => file.sync_all(),
    }
}

#[cfg(test)]
mod tests {
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
    fn what_can_not_be_saved_is_told_with_the_call_and_the_path() {
        let error = save(Path::new("/proc/mixd/volume"), b"0", Outlasts::Power).unwrap_err();
        assert!(error.starts_with("mkdir /proc/mixd: "), "{error}");
    }
}
