//! What several commands do: call cargo, find what it has built, become root, keep a log.

use std::fs::File;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use lab::Result;

/// The cargo that runs this.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The folder of the sources.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).into()
}

/// A command that runs as root: through sudo where this does not.
pub fn as_root(program: &str) -> Command {
    if wire::socket::uid() == 0 {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}

/// Runs a command that must succeed.
///
/// # Errors
/// It can't be started, or fails.
pub fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .map_err(|error| format!("start {name}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    // A script is no part of a sentence.
    let args = command.get_args().map(|arg| arg.to_string_lossy());
    let args: Vec<_> = args.filter(|arg| !arg.contains('\n')).collect();
    Err(format!("{name} {}: {status}", args.join(" ")).into())
}

/// The same with what it prints added to a log, of which the end is in the sentence if it fails.
///
/// # Errors
/// It can't be started, or fails; or the log can't be written.
pub fn run_logged(command: &mut Command, log: &Path) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error| format!("open {}: {error}", log.display());
    let file = File::options()
        .create(true)
        .append(true)
        .open(log)
        .map_err(failed)?;
    command.stdout(file.try_clone()?).stderr(file);
    let status = command
        .status()
        .map_err(|error| format!("start {name}: {error}; 'cargo xtask setup' installs it"))?;
    if status.success() {
        return Ok(());
    }
    let said = std::fs::read_to_string(log).unwrap_or_default();
    let last = said.lines().rev().take(3).collect::<Vec<_>>();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(format!(
        "{name}: {status}; {} ends with: {}",
        log.display(),
        last.join(" / ")
    )
    .into())
}

/// Puts a text between two lines of the README, in the place of what is there.
///
/// # Errors
/// The README can't be read or written, or does not have the lines.
pub fn write_between([start, end]: &[&str; 2], text: &str) -> Result<()> {
    let file = root().join("README.md");
    let readme = std::fs::read_to_string(&file)
        .map_err(|error| format!("read {}: {error}", file.display()))?;
    let parts = readme.split_once(start);
    let parts = parts.and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("README.md has lost {}", start.trim()))?;
    std::fs::write(&file, [before, start, text, end, after].concat())
        .map_err(|error| format!("write {}: {error}", file.display()).into())
}

/// Does `work` for each item in turn, for some at once.
///
/// # Errors
/// The first of those of `work`; what is not yet begun is left.
pub fn at_once<T: Send>(
    items: impl IntoIterator<Item = T, IntoIter: Send>,
    workers: usize,
    work: impl Fn(T) -> Result<()> + Sync,
) -> Result<()> {
    let left = Mutex::new(items.into_iter());
    let next = || left.lock().ok()?.next();
    let run = || -> Result<()> {
        while let Some(item) = next() {
            work(item)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(run)).collect();
        let mut results = threads.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(_) => Err("a thread panicked".into()),
        });
        results.try_for_each(|result| result)
    })
}

/// The same command with nothing but the time that no other process wants (`SCHED_IDLE` of sched(7)).
pub fn idle(command: &Command) -> Command {
    let mut idle = Command::new("chrt");
    idle.args(["--idle", "0"]);
    idle.arg(command.get_program()).args(command.get_args());
    let variables = command.get_envs();
    idle.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    idle
}

/// How many processors there are.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Builds programs as the tests do, without the minutes of optimisation that what is installed gets,
/// and returns the folder that holds them.
///
/// # Errors
/// The build fails.
pub fn build_debug(programs: &[&str]) -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--locked"]);
    for program in programs {
        build.args(["-p", program]);
    }
    run(&mut build)?;
    Ok(target_folder()?.join("debug"))
}

/// Builds the programs as they are shipped, and returns the folder that holds them.
///
/// # Errors
/// The build fails.
pub fn build_release() -> Result<PathBuf> {
    let build = [
        "build",
        "--release",
        "--locked",
        "-p",
        "mixd",
        "-p",
        "mixview",
    ];
    run(cargo().args(build))?;
    // Linked statically where the C library is there as an archive, as it is with Debian's: half of
    // the time of a program that short is its dynamic linker's.
    let mut mixctl = cargo();
    mixctl.args([
        "rustc",
        "--release",
        "--locked",
        "-p",
        "mixctl",
        "--bin",
        "mixctl",
    ]);
    if has_static_libc() {
        mixctl.args(["--", "-C", "target-feature=+crt-static"]);
    }
    run(&mut mixctl)?;
    Ok(target_folder()?.join("release"))
}

/// Whether the C compiler finds `libc.a`. It repeats the name of what it does not find.
fn has_static_libc() -> bool {
    let mut cc = Command::new("cc");
    let found = cc.arg("-print-file-name=libc.a").output();
    found.is_ok_and(|found| found.stdout.starts_with(b"/"))
}

/// A C++ compiler for the cc crate, where there is none of the name `c++`: gcc's own.
pub fn cxx() -> Option<String> {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if has("c++") {
        return None;
    }
    let version = Command::new("gcc").arg("-dumpversion").output().ok()?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    Some(format!("g++-{}", version.trim())).filter(|program| has(program))
}

/// This program, also when cargo has put a newer one in its place.
///
/// # Errors
/// Those of [`target_folder`].
pub fn own() -> Result<PathBuf> {
    Ok(target_folder()?.join("debug/xtask"))
}

/// Where cargo builds: xtask itself lies in a profile's folder there.
///
/// # Errors
/// It doesn't.
pub fn target_folder() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own
        .ancestors()
        .nth(2)
        .ok_or("xtask is not in a target folder")?;
    Ok(target.into())
}
