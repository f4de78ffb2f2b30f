//! `cargo xtask dist`: a tarball and a Debian package, in `target/dist`. The package is made with
//! dpkg's own programs: cargo-deb would be a tool more to install, and would still want each file
//! listed.

pub mod check;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use lab::Result;
use lexopt::{Arg, Parser, ValueExt};

use crate::installed::{self, COMMON, DEBIAN, Installed, VERSION};
use crate::system::{self, Network, System, User};
use crate::test::{Cases, Which};
use crate::{install, setup, tools};

/// The package's own revision of the version.
const REVISION: &str = "1";

const DESCRIPTION: &str = "\
Description: crossfade two groups of programs with one value
 Programs on a list play through one channel, everything else through another,
 and one volume crossfades the two. For PipeWire: each channel is a null sink
 inside it, and no sample passes through the daemon.
 .
 mixd is the daemon, mixctl the command line for key bindings, scripts and
 status bars, mixview a window with a slider and the two groups.
";

/// What mixview loads when its window is opened: a machine without a display has no use for it.
const WINDOW: &str = "libx11-6, libx11-xcb1, libxcursor1, libxi6, libxkbcommon0, \
                      libxkbcommon-x11-0, libwayland-client0, fontconfig";

const COPYRIGHT: &str = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: mixd

Files: *
Copyright: 2026 The mixd maintainers
License: Expat

Files: mixview/font/*
Copyright: 2016-2022 The Inter Project Authors
License: OFL-1.1
Comment: Inter, reduced to Latin, Greek and Cyrillic; it is inside of mixview.

License: Expat
";

/// Reads the rest of the command line, and makes both; or asks those who will read what is
/// installed whether it is right; or installs the package in a system, and plays through it.
pub fn dist(mut rest: Parser) -> Result<()> {
    let (mut checks, mut programs, mut system) = (false, None, None);
    while let Some(argument) = rest.next()? {
        match argument {
            Arg::Long("check") => checks = true,
            Arg::Long("on") => system = Some(system::named(&rest.value()?.string()?)?),
            Arg::Long("programs") => programs = Some(PathBuf::from(rest.value()?)),
            argument => return Err(argument.unexpected().into()),
        }
    }
    if let Some(system) = system {
        return try_on(system);
    }
    match (checks, programs) {
        (false, None) => make(&tools::build_release()?),
        (false, Some(programs)) => make(&programs),
        (true, Some(programs)) => check::check(&programs),
        (true, None) => {
            setup::to_test(&[system::home()])?;
            check_in_system(&tools::build_release()?)
        }
    }
}

/// Asks them in this machine's system, which has them all.
///
/// # Errors
/// Something is wrong with what is installed.
fn check_in_system(programs: &Path) -> Result<()> {
    let mut check = system::home().command(Network::Private, User::Ordinary, tools::own()?);
    tools::run(check.args(["dist", "--check", "--programs"]).arg(programs))
}

/// Installs the package in a system, plays through the mixd that it brings, and removes it.
fn try_on(system: &'static System) -> Result<()> {
    setup::to_test(&[system])?;
    let package = package(&folder()?, &tools::build_release()?)?;
    let dpkg = || system.command(Network::Private, User::Root, "dpkg");
    tools::run(dpkg().arg("--install").arg(package))?;
    let cases = Cases::build(Some(&["mixd/patterns"]), Which::Playing)?;
    let installed = ["MIXD_PROGRAM=/usr/bin/mixd"];
    let outcome = cases.run(system, &installed, Vec::new(), Vec::new())?;
    tools::run(dpkg().args(["--purge", "mixd"]))?;
    match (cases.is_empty(), outcome.failures.is_empty()) {
        (false, true) => Ok(()),
        _ => Err(format!(
            "the package fails on {}: {}",
            system.name,
            outcome.failures.join(", ")
        )
        .into()),
    }
}

/// Makes both, and says where they are.
fn make(programs: &Path) -> Result<()> {
    let folder = folder()?;
    println!("{}", tarball(&folder, programs)?.display());
    println!("{}", package(&folder, programs)?.display());
    Ok(())
}

/// Where both are made.
fn folder() -> Result<PathBuf> {
    let folder = tools::target_folder()?.join("dist");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A folder that is empty.
fn emptied(path: PathBuf) -> Result<PathBuf> {
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path)?;
    Ok(path)
}

/// The same bytes from the same sources.
fn tarball(folder: &Path, programs: &Path) -> Result<PathBuf> {
    let name = format!("mixd-{VERSION}-{}", std::env::consts::ARCH);
    let content = emptied(folder.join(&name))?;
    let files = installed::files(COMMON, "/usr/local/bin", programs)?;
    install::write(&content, &files)?;
    let path = folder.join(format!("{name}.tar.gz"));
    tools::run(
        Command::new("tar")
            .args([
                "--sort=name",
                "--mtime=@0",
                "--owner=0",
                "--group=0",
                "--numeric-owner",
            ])
            .args(["--use-compress-program=gzip -9n", "--create", "--file"])
            .arg(&path)
            .arg("--directory")
            .arg(folder)
            .arg(&name),
    )?;
    Ok(path)
}

fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command
        .output()
        .map_err(|error| format!("start {name}: {error}; 'cargo xtask setup' installs it"))?;
    match out.status.success() {
        true => Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned()),
        false => Err(format!("{name}: {}", String::from_utf8_lossy(&out.stderr).trim()).into()),
    }
}

/// The Debian package, made anew in a folder.
pub fn package(folder: &Path, programs: &Path) -> Result<PathBuf> {
    let root = emptied(folder.join("deb"))?;
    let mut files = installed::files(DEBIAN, DEBIAN.bindir, programs)?;
    let documents = [
        ("changelog.gz", installed::pack(&fs::read("CHANGELOG.md")?)?),
        (
            "changelog.Debian.gz",
            installed::pack(changelog().as_bytes())?,
        ),
        ("copyright", copyright()?.into_bytes()),
    ];
    for (name, content) in documents {
        files.push(Installed {
            path: Path::new("share/doc/mixd").join(name),
            content,
            is_program: false,
        });
    }
    install::write(&root.join("usr"), &files)?;
    // Those of the tests are not stripped by the build.
    let mut strip = Command::new("strip");
    for file in files.iter().filter(|file| file.path.starts_with("bin")) {
        strip.arg(root.join("usr").join(&file.path));
    }
    output(&mut strip)?;
    let architecture = output(Command::new("dpkg").arg("--print-architecture"))?;
    let control = root.join("DEBIAN");
    fs::create_dir_all(&control)?;
    let size: usize = files
        .iter()
        .map(|file| file.content.len().div_ceil(1024))
        .sum();
    let text = format!(
        "Package: mixd\nVersion: {VERSION}-{REVISION}\nArchitecture: {architecture}\n\
         Maintainer: {MAINTAINER}\nInstalled-Size: {size}\nDepends: {}\n\
         Recommends: pipewire, wireplumber, {WINDOW}\nSection: sound\nPriority: optional\n{DESCRIPTION}",
        dependencies(&root)?
    );
    fs::write(control.join("control"), text)?;
    fs::write(control.join("md5sums"), sums(&root)?)?;
    for folder in walk(&root)? {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    }
    let name = format!("mixd_{VERSION}-{REVISION}_{architecture}.deb");
    let path = folder.join(name);
    tools::run(
        Command::new("dpkg-deb")
            .args(["--root-owner-group", "-Zxz", "--build"])
            .arg(&root)
            .arg(&path)
            .env("SOURCE_DATE_EPOCH", RELEASED),
    )?;
    Ok(path)
}

/// The moment that the files are of, in seconds of Unix time: the same bytes from the same sources.
const RELEASED: &str = "1795435200";
/// The same as Debian's changelogs write it.
const RELEASED_AS_TEXT: &str = "Mon, 23 Nov 2026 12:00:00 +0000";

/// Who is answerable for the package.
const MAINTAINER: &str = "The mixd maintainers <maintainers@mixd.example>";

fn changelog() -> String {
    format!(
        "mixd ({VERSION}-{REVISION}) unstable; urgency=medium\n\n  * See changelog.gz.\n\n \
         -- {MAINTAINER}  {RELEASED_AS_TEXT}\n"
    )
}

fn copyright() -> Result<String> {
    let terms = |path: &str, start: &str| -> Result<String> {
        let text = fs::read_to_string(path)?;
        let lines = text.lines().skip_while(|line| !line.starts_with(start));
        let lines = lines.map(|line| match line.trim() {
            "" => " .\n".to_owned(),
            line => format!(" {line}\n"),
        });
        Ok(lines.collect())
    };
    let ours = terms("LICENSE", "Permission")?;
    let font = terms("mixview/font/OFL.txt", "PREAMBLE")?;
    Ok(format!("{COPYRIGHT}{ours}\nLicense: OFL-1.1\n{font}"))
}

/// What the programs need, as dpkg-shlibdeps finds it.
fn dependencies(root: &Path) -> Result<String> {
    let sources = emptied(root.with_file_name("shlibdeps"))?;
    fs::create_dir_all(sources.join("debian"))?;
    fs::write(
        sources.join("debian/control"),
        "Source: mixd\n\nPackage: mixd\nArchitecture: any\n",
    )?;
    let mut command = Command::new("dpkg-shlibdeps");
    command.arg("-O").current_dir(&sources);
    for program in ["mixd", "mixctl", "mixview"] {
        command.arg(root.join("usr/bin").join(program));
    }
    let found = output(&mut command)?;
    let found = found
        .lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="));
    Ok(found.ok_or("dpkg-shlibdeps finds no libraries")?.to_owned())
}

fn sums(root: &Path) -> Result<String> {
    let script = "find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum";
    let sums = output(Command::new("sh").args(["-c", script]).current_dir(root))?;
    Ok(sums + "\n")
}

/// A folder and all those in it.
fn walk(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = vec![root.to_owned()];
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(walk(&entry.path())?);
        }
    }
    Ok(found)
}
