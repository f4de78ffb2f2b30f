//! `cargo xtask install`: programs, manual pages, completions, units and examples below a prefix.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use lexopt::{Arg, Parser};
use xtask::Result;

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
    let bindir = prefix.join("bin");
    let built = tools::build_release()?;
    let files = installed::files(COMMON, &bindir.display().to_string(), &built)?;
    // Packagers install into a folder that stands for the root.
    let root = std::env::var_os("DESTDIR").filter(|root| !root.is_empty());
    let place = match root {
        Some(root) => Path::new(&root).join(prefix.strip_prefix("/")?),
        None => prefix,
    };
    match removes {
        true => remove(&place, &files),
        false => write(&place, &files),
    }
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

/// Removes each file that is there.
pub fn remove(place: &Path, files: &[Installed]) -> Result<()> {
    for file in files {
        let path = place.join(&file.path);
        match fs::remove_file(&path) {
            Ok(()) => println!("removed {}", path.display()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("remove {}: {error}", path.display()).into()),
        }
    }
    Ok(())
}
