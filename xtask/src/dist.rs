//! `cargo xtask dist`: a tarball and a Debian package, in `target/dist`. The package is made with
//! dpkg's own programs: cargo-deb would be a tool more to install, and would still want each file
//! listed.

pub mod check;

use std::fs;
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

/// Reads the rest of the command line, and makes both, once or once more in another folder, to compare them; or asks
/// those who will read what is installed whether it is right; or installs the package in a system, and plays through it.
pub fn dist(mut rest: Parser) -> Result<()> {
    let (mut checks, mut again, mut system) = (false, false, None);
    while let Some(argument) = rest.next()? {
        match argument {
            Arg::Long("check") => checks = true,
            Arg::Long("again") => again = true,
            Arg::Long("on") => system = Some(system::named(&rest.value()?.string()?)?),
            argument => return Err(argument.unexpected().into()),
        }
    }
    if again && (checks || system.is_some()) {
        return Err("--again makes both files, without --check and --on".into());
    }
    match (system, checks, system::inside()) {
        (Some(system), ..) => try_on(system),
        (None, true, Some(programs)) => check::check(&programs),
        // In this machine's system, which has all who read it.
        (None, true, None) => {
            setup::to_test(&[system::home()])?;
            system::home().repeat(User::Ordinary, &tools::build_release()?)
        }
        (None, false, _) => {
            let (folder, programs) = (folder()?, tools::build_release()?);
            let made = [tarball(&folder, &programs)?, package(&folder, &programs)?];
            for file in &made {
                println!("{}", file.display());
            }
            if again {
                compare(&folder, &made)
            } else {
                Ok(())
            }
        }
    }
}

/// Makes the files again from the same commit in another folder, and compares them byte for byte.
fn compare(folder: &Path, made: &[PathBuf]) -> Result<()> {
    if tools::commit().ends_with("-dirty") {
        return Err("the sources are not as they were committed: commit first".into());
    }
    let other = tools::emptied(folder.join("again"))?;
    let mut clone = tools::command("git clone --quiet");
    tools::run(clone.arg(tools::root()).arg(&other))?;
    let mut dist = tools::cargo("xtask dist");
    dist.current_dir(&other).env_remove("CARGO_TARGET_DIR");
    tools::run(&mut dist)?;
    for file in made {
        let name = file.file_name().unwrap_or_default();
        let second = fs::read(other.join("target/dist").join(name))?;
        let name = name.display();
        if fs::read(file)? != second {
            return Err(format!("{name} is another one when it is made again").into());
        }
        println!("ok  {name}: the same bytes from another folder");
    }
    tools::emptied(other).map(drop)
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
    if !cases.is_empty() && outcome.failures.is_empty() {
        return Ok(());
    }
    let failures = outcome.failures.join(", ");
    Err(format!("the package fails on {}: {failures}", system.name).into())
}

/// Where both are made.
fn folder() -> Result<PathBuf> {
    let folder = tools::target_folder()?.join("dist");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The same bytes from the same sources.
fn tarball(folder: &Path, programs: &Path) -> Result<PathBuf> {
    let name = format!("mixd-{VERSION}-{}", std::env::consts::ARCH);
    let content = tools::emptied(folder.join(&name))?;
    let files = installed::files(COMMON, "/usr/local/bin", programs)?;
    install::write(&content, &files)?;
    let path = folder.join(format!("{name}.tar.gz"));
    let mut tar = tools::command("tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner");
    tar.args(["--use-compress-program=gzip -9n", "--create", "--file"]);
    tools::run(tar.arg(&path).arg("--directory").arg(folder).arg(&name))?;
    Ok(path)
}

/// The Debian package, made anew in a folder.
pub fn package(folder: &Path, programs: &Path) -> Result<PathBuf> {
    let root = tools::emptied(folder.join("deb"))?;
    let mut files = installed::files(DEBIAN, DEBIAN.bindir, programs)?;
    for (name, content) in [
        ("changelog.gz", installed::pack(&fs::read("CHANGELOG.md")?)?),
        (
            "changelog.Debian.gz",
            installed::pack(changelog()?.as_bytes())?,
        ),
        ("copyright", copyright()?.into_bytes()),
    ] {
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
    tools::run(&mut strip)?;
    let architecture = tools::output(&mut tools::command("dpkg --print-architecture"))?;
    let architecture = architecture.trim();
    let sizes = files.iter().map(|file| file.content.len().div_ceil(1024));
    let mut text = fs::read_to_string("mixd/dist/debian/control")?;
    for (key, value) in [
        ("@version@", format!("{VERSION}-{REVISION}")),
        ("@architecture@", architecture.into()),
        ("@maintainer@", MAINTAINER.into()),
        ("@size@", sizes.sum::<usize>().to_string()),
        ("@depends@", dependencies(&root)?),
    ] {
        text = text.replace(key, &value);
    }
    let control = root.join("DEBIAN");
    fs::create_dir_all(&control)?;
    fs::write(control.join("control"), text)?;
    let script = "find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums
                  find . -type d -exec chmod 755 {} +
                  find . -exec touch --date=\"@$1\" {} +";
    let released = released("+%s")?;
    let mut sh = Command::new("sh");
    tools::run(sh.args(["-c", script, "sh", &released]).current_dir(&root))?;
    let path = folder.join(format!("mixd_{VERSION}-{REVISION}_{architecture}.deb"));
    let mut build = tools::command("dpkg-deb --root-owner-group -Zxz --build");
    build
        .arg(&root)
        .arg(&path)
        .env("SOURCE_DATE_EPOCH", released);
    tools::run(&mut build)?;
    Ok(path)
}

/// Who is answerable for the package.
const MAINTAINER: &str = "The mixd maintainers <maintainers@mixd.example>";

/// Returns when this version was released, as date(1) prints it in this format: that day's noon, of which all files
/// of the package are, so that the same sources give the same bytes.
fn released(format: &str) -> Result<String> {
    let text = fs::read_to_string("CHANGELOG.md")?;
    let head = format!("## {VERSION} - ");
    let day = text.lines().find_map(|line| line.strip_prefix(&head));
    let day = day.ok_or_else(|| format!("CHANGELOG.md has no section '{head}DATE'"))?;
    let mut date = tools::command("env LC_ALL=C date --utc");
    date.args([&format!("--date={day} 12:00"), format]);
    Ok(tools::output(&mut date)?.trim().into())
}

fn changelog() -> Result<String> {
    let date = released("--rfc-email")?;
    Ok(format!(
        "mixd ({VERSION}-{REVISION}) unstable; urgency=medium\n\n  * See changelog.gz.\n\n \
         -- {MAINTAINER}  {date}\n"
    ))
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
    let head = fs::read_to_string("mixd/dist/debian/copyright")?;
    let ours = terms("LICENSE", "Permission")?;
    let font = terms("mixview/font/OFL.txt", "PREAMBLE")?;
    Ok(format!("{head}{ours}\nLicense: OFL-1.1\n{font}"))
}

/// What the programs need, as dpkg-shlibdeps finds it.
fn dependencies(root: &Path) -> Result<String> {
    let sources = tools::emptied(root.with_file_name("shlibdeps"))?;
    fs::create_dir_all(sources.join("debian"))?;
    let control = "Source: mixd\n\nPackage: mixd\nArchitecture: any\n";
    fs::write(sources.join("debian/control"), control)?;
    let mut command = tools::command("dpkg-shlibdeps -O");
    for program in ["mixd", "mixctl", "mixview"] {
        command.arg(root.join("usr/bin").join(program));
    }
    let found = tools::output(command.current_dir(&sources))?;
    let mut lines = found.lines();
    let found = lines.find_map(|line| line.strip_prefix("shlibs:Depends="));
    Ok(found.ok_or("dpkg-shlibdeps finds no libraries")?.to_owned())
}
