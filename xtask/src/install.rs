//! `cargo xtask install`: programs, manual pages, completions, units and examples below a prefix.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use lab::Result;
use lexopt::{Arg, Parser};

use crate::installed::{self, COMMON, Installed};
use crate::tools;

/// Where things go if nobody says: what the administrator installs.
const PREFIX: &str = "/usr/local";

/// Reads the rest of the command line, and does it.
pub fn install(mut rest: Parser) -> Result<()> {
    let (mut prefix, mut removes) = (PathBuf::from(PREFIX), false);
    while let Some(argument) = rest.next()? {
        match argument {
            Arg::Long("prefix") => prefix = rest.value()?.into(),
            Arg::Long("uninstall") => removes = true,
            argument => return Err(argument.unexpected().into()),
        }
    }
    let prefix = std::path::absolute(prefix)?;
    // Packagers install into a folder that stands for the root.
    let root = std::env::var_os("DESTDIR").filter(|root| !root.is_empty());
    let place = match root {
        Some(root) => Path::new(&root).join(prefix.strip_prefix("/")?),
        None => prefix.clone(),
    };
    if removes {
        return remove(&place);
    }
    let bindir = prefix.join("bin");
    let built = tools::build_release()?;
    let files = installed::files(COMMON, &bindir.display().to_string(), &built)?;
    add(&place, &files)
}

/// What was installed, a path below the prefix a line; the folders that were made for it end with `/`,
/// and of those above the prefix each is a `../` more.
const LIST: &str = "share/doc/mixd/installed";

/// Writes each file, and a list of them for [`remove`].
pub fn add(place: &Path, files: &[Installed]) -> Result<()> {
    let list = place.join(LIST);
    // What an earlier installation has made is still to be removed.
    let before = fs::read_to_string(&list).unwrap_or_default();
    let mut all: BTreeSet<String> = before.lines().map(str::to_owned).collect();
    let above = place.ancestors().skip(1).enumerate();
    let above = above.filter(|(_, folder)| !folder.exists());
    all.extend(above.map(|(depth, _)| "../".repeat(depth + 1)));
    let paths = files.iter().map(|file| file.path.as_path());
    for path in paths.chain([Path::new(LIST)]) {
        // The last of them is the prefix itself.
        let folders = path.ancestors().skip(1);
        let made = folders.filter(|folder| !place.join(folder).exists());
        all.extend(made.map(|folder| match folder.as_os_str().is_empty() {
            true => "./".to_owned(),
            false => format!("{}/", folder.display()),
        }));
        all.insert(path.display().to_string());
    }
    write(place, files)?;
    let lines: Vec<String> = all.into_iter().collect();
    fs::write(&list, lines.join("\n") + "\n")
        .map_err(|error| format!("write {}: {error}", list.display()).into())
}

/// Writes each file, and says where.
pub fn write(place: &Path, files: &[Installed]) -> Result<()> {
    for file in files {
        let path = place.join(&file.path);
        let failed = |error: io::Error| {
            let path = path.display();
            format!("write {path}: {error}; choose another --prefix, or run this as root")
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        // A program that runs can't be written to, but replaced.
        let _ = fs::remove_file(&path);
        fs::write(&path, &file.content).map_err(failed)?;
        let mode = if file.is_program { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(failed)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Removes what was installed, and the folders that were made for it where nothing else is in them.
pub fn remove(place: &Path) -> Result<()> {
    let list = place.join(LIST);
    let lines = fs::read_to_string(&list).map_err(|error| {
        let list = list.display();
        format!("read {list}: {error}; --prefix is where 'cargo xtask install' has put mixd")
    })?;
    let (folders, files): (Vec<&str>, Vec<&str>) =
        lines.lines().partition(|line| line.ends_with('/'));
    for path in files {
        let path = place.join(path);
        match fs::remove_file(&path) {
            Ok(()) => println!("removed {}", path.display()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("remove {}: {error}", path.display()).into()),
        }
    }
    // The innermost first: in the order of the list, each is behind the one that it is in.
    let (above, below): (Vec<&str>, Vec<&str>) = folders
        .into_iter()
        .partition(|folder| folder.starts_with("../"));
    let below = below.into_iter().rev().map(|folder| match folder {
        "./" => place.to_owned(),
        folder => place.join(folder),
    });
    let above = above
        .iter()
        .filter_map(|up| place.ancestors().nth(up.len() / 3));
    for folder in below.chain(above.map(Path::to_owned)) {
        // Of what else is in it we know nothing.
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}
