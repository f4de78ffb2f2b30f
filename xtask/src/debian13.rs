//! `cargo xtask test --debian13`: the tests that play to a PipeWire, on this machine's and on that
//! of a Debian 13 in a folder of its own, case by case. What was built here runs there: the next
//! PipeWire speaks to programs that were built against the last.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use xtask::Result;

use crate::{dist, setup, tools};

/// What is called Debian 13.
const SUITE: &str = "trixie";

/// What the tests run there, and a program of each package that shows it is whole.
const PACKAGES: [(&str, &str); 7] = [
    ("pipewire", "pipewire"),
    ("pipewire-bin", "pw-play"),
    ("pipewire-pulse", "pipewire-pulse"),
    ("wireplumber", "wireplumber"),
    ("dbus-daemon", "dbus-daemon"),
    ("pulseaudio-utils", "paplay"),
    ("util-linux", "setpriv"),
];

/// A test case's name, and whether it passed.
type Results = BTreeMap<String, bool>;

/// Runs the tests here and there, and prints both results.
pub fn test() -> Result<()> {
    setup::setup()?;
    let root = tools::target_folder()?.join("debian13");
    make_root(&root)?;
    let programs = build()?;
    println!("\n== here: {}", version(None)?);
    let here = run_all(&programs, None)?;
    println!("\n== there: {}", version(Some(&root))?);
    let there = run_all(&programs, Some(&root))?;
    report(&here, &there)?;
    check_package(&root, &programs)
}

/// Makes the Debian 13 if it is missing, and tries the package there.
pub fn try_package() -> Result<()> {
    setup::setup()?;
    let root = tools::target_folder()?.join("debian13");
    make_root(&root)?;
    check_package(&root, &build()?)
}

/// Installs the Debian package there, and plays through the mixd that it brings.
fn check_package(root: &Path, programs: &[(String, PathBuf)]) -> Result<()> {
    const PLACE: &str = "var/cache/mixd.deb";
    println!("\n== there: the package");
    let package = dist::package()?;
    tools::run(as_root("cp").arg(package).arg(root.join(PLACE)))?;
    tools::run(inside(root, "dpkg").args(["--install", &format!("/{PLACE}")]))?;
    let tests = programs.iter().filter(|(name, _)| name == PACKAGE_TEST);
    for (_, program) in tests {
        let mut command = inside(root, program);
        command.args(["--test-threads", "1"]);
        tools::run(command.env("MIXD_PROGRAM", "/usr/bin/mixd"))?;
    }
    Ok(())
}

/// The test that plays through an installed mixd.
const PACKAGE_TEST: &str = "patterns";

/// Makes the Debian 13, once.
fn make_root(root: &Path) -> Result<()> {
    if is_whole(root).is_ok() {
        return Ok(());
    }
    println!("Making a Debian 13 in {}", root.display());
    let scratch = root.with_extension("new");
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    if root.exists() {
        fs::remove_dir_all(root)?;
    }
    let packages: Vec<&str> = PACKAGES.iter().map(|(package, _)| *package).collect();
    let include = format!("--include={}", packages.join(","));
    let mut debootstrap = as_root("debootstrap");
    debootstrap.args(["--variant=minbase", &include, SUITE]);
    let made = tools::run(debootstrap.arg(&scratch));
    // A maintainer script that fails in a folder without an init is no matter, as long as what the
    // tests run is there.
    is_whole(&scratch).map_err(|missing| match made {
        Ok(()) => missing,
        Err(error) => format!("{error}; {missing}").into(),
    })?;
    fs::rename(&scratch, root)?;
    Ok(())
}

/// Whether all that the tests run starts there.
fn is_whole(root: &Path) -> Result<()> {
    for (package, program) in PACKAGES {
        let out = inside(root, program).arg("--version").output()?;
        if !out.status.success() {
            let said = String::from_utf8_lossy(&out.stderr);
            return Err(format!(
                "{program} (package {package}) does not run in {}: {}",
                root.display(),
                said.trim()
            )
            .into());
        }
    }
    Ok(())
}

/// A program in the Debian 13: with this project's programs at the place where they are here, and
/// with a /proc, a /tmp, a /dev/shm and terminals that end with it. These come first: what is built
/// may lie in one of them.
fn inside(root: &Path, program: impl AsRef<std::ffi::OsStr>) -> Command {
    const SCRIPT: &str = "root=$1 built=$2; shift 2\n\
         mount -t proc proc \"$root/proc\" && mount -t tmpfs tmpfs \"$root/tmp\" &&\n\
         mount -t tmpfs tmpfs \"$root/dev/shm\" &&\n\
         mount -t devpts -o ptmxmode=0666 devpts \"$root/dev/pts\" &&\n\
         mkdir -p \"$root$built\" && mount --bind \"$built\" \"$root$built\" &&\n\
         exec chroot \"$root\" \"$@\"";
    let built = tools::target_folder().map(|target| target.join("debug"));
    let mut command = as_root("unshare");
    command
        .args([
            "--mount",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            SCRIPT,
            "sh",
        ])
        .arg(root)
        .arg(built.unwrap_or_default())
        .arg(program.as_ref());
    command
}

fn as_root(program: &str) -> Command {
    if wire::socket::uid() == 0 {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}

fn version(root: Option<&Path>) -> Result<String> {
    let mut said = Vec::new();
    for program in ["pipewire", "wireplumber"] {
        let mut command = match root {
            None => Command::new(program),
            Some(root) => inside(root, program),
        };
        let out = command.arg("--version").output()?;
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let line = text.lines().find(|line| line.contains("Linked with"));
        let words = line.and_then(|line| line.split_whitespace().next_back());
        said.push(format!("{program} {}", words.unwrap_or("of no version")));
    }
    Ok(said.join(", "))
}

/// Builds the tests that start a [`xtask::lab::Lab`]; their names and programs.
fn build() -> Result<Vec<(String, PathBuf)>> {
    let out = tools::cargo()
        .args(["test", "--no-run", "--locked", "--message-format=json"])
        .args(["-p", "mixd", "-p", "mixctl", "-p", "xtask", "--test", "*"])
        .stderr(Stdio::inherit())
        .output()?;
    if !out.status.success() {
        return Err("the tests do not build".into());
    }
    tools::run(tools::cargo().args(["build", "--locked", "-p", "mixd", "-p", "mixctl"]))?;
    let mut programs = Vec::new();
    for line in String::from_utf8_lossy(&out.stdout).lines() {
        let message: Value = serde_json::from_str(line)?;
        let source = message["target"]["src_path"].as_str().unwrap_or_default();
        if let Some(program) = message["executable"].as_str()
            && message["profile"]["test"] == true
            && plays(source)?
        {
            let name = message["target"]["name"].as_str().unwrap_or_default();
            programs.push((name.to_owned(), program.into()));
        }
    }
    programs.sort();
    Ok(programs)
}

/// Whether a test's source starts a lab, by itself or through the stage, and is about sound: a
/// desktop, which sets up namespaces of its own, is the same in either.
fn plays(source: &str) -> Result<bool> {
    let text = fs::read_to_string(source).map_err(|error| format!("read {source}: {error}"))?;
    let is_desktop = text.contains("desktop::");
    Ok(!is_desktop && (text.contains("mod stage;") || text.contains("Lab::")))
}

fn run_all(programs: &[(String, PathBuf)], root: Option<&Path>) -> Result<Results> {
    let mut results = Results::new();
    for (name, program) in programs {
        let mut command = match root {
            None => Command::new(program),
            Some(root) => inside(root, program),
        };
        let mut child = command
            .args(["--test-threads", "1"])
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        for line in lines {
            let line = line?;
            println!("{line}");
            if let Some((case, passed)) = result(&line) {
                results.insert(format!("{name}: {case}"), passed);
            }
        }
        child.wait()?;
    }
    Ok(results)
}

/// The case and its result in a line that libtest prints.
fn result(line: &str) -> Option<(&str, bool)> {
    let (case, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
    match result {
        "ok" => Some((case, true)),
        "FAILED" => Some((case, false)),
        _ => None,
    }
}

fn report(here: &Results, there: &Results) -> Result<()> {
    let word = |results: &Results, case: &String| match results.get(case) {
        Some(true) => "ok",
        Some(false) => "FAILED",
        None => "missing",
    };
    println!("\n  here     there    case");
    let mut failures = 0;
    let cases = here.keys().chain(there.keys());
    for case in cases.collect::<std::collections::BTreeSet<_>>() {
        let words = [word(here, case), word(there, case)];
        println!("  {:<8} {:<8} {case}", words[0], words[1]);
        failures += usize::from(words != ["ok", "ok"]);
    }
    match failures {
        0 if !here.is_empty() => Ok(()),
        0 => Err("no test ran".into()),
        n => Err(format!("{n} of the cases failed").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_libtests_lines() {
        assert_eq!(result("test a_b ... ok"), Some(("a_b", true)));
        assert_eq!(result("test a_b ... FAILED"), Some(("a_b", false)));
        for line in ["test a ... ignored, because", "test result: ok.", "ok", ""] {
            assert_eq!(result(line), None, "{line}");
        }
    }

    #[test]
    fn a_case_that_did_not_run_somewhere_is_a_failure() {
        let passed = Results::from([("a".to_owned(), true)]);
        let failed = Results::from([("a".to_owned(), false)]);
        assert!(report(&passed, &passed).is_ok());
        for (here, there) in [
            (&passed, &failed),
            (&passed, &Results::new()),
            (&Results::new(), &Results::new()),
        ] {
            assert!(report(here, there).is_err());
        }
    }
}
