//! What several commands do: call cargo, find what it has built, become root, keep a log.

use std::fs::{self, File, Permissions};
use std::num::NonZero;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use lab::Result;

/// The command of a line of words, the first of which is the program. No word has a blank in it.
pub fn command(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// The cargo that runs this, with the words of a line.
pub fn cargo(line: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(line.split_whitespace());
    command
}

/// `cargo test`, with the words of a line. Clippy compiles the project's own crates: it is the compiler with more
/// to say. `cargo clippy` would have it check all of them, and read all that they depend on, once more.
pub fn cargo_test(line: &str) -> Command {
    let mut command = cargo("test");
    command.args(line.split_whitespace());
    command.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    command
}

/// The folder of the sources.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).into()
}

/// The command of a line of words, as root: through sudo where this does not run as root.
pub fn as_root(line: &str) -> Command {
    match wire::socket::uid() {
        0 => command(line),
        _ => command(&format!("sudo {line}")),
    }
}

/// Runs a command that must succeed.
pub fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| missing(&name, &error))?;
    if status.success() {
        return Ok(());
    }
    // A script is no part of a sentence.
    let args = command.get_args().map(|arg| arg.to_string_lossy());
    let args: Vec<_> = args.filter(|arg| !arg.contains('\n')).collect();
    Err(format!("{name} {}: {status}", args.join(" ")).into())
}

/// Runs a command that must succeed, and returns what it prints. What it complains of is in the sentence
/// if it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command.output().map_err(|error| missing(&name, &error))?;
    if out.status.success() {
        return Ok(String::from_utf8(out.stdout)?);
    }
    let said = String::from_utf8_lossy(&out.stderr);
    Err(format!("{name}: {}: {}", out.status, said.trim()).into())
}

/// Runs a command that must succeed, with what it prints added to a log, of which the end is in the
/// sentence if it fails.
pub fn run_logged(command: &mut Command, log: &Path) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let shown = log.display();
    let file = File::options().create(true).append(true).open(log);
    let file = file.map_err(|error| format!("open {shown}: {error}"))?;
    command.stdout(file.try_clone()?).stderr(file);
    let status = command.status().map_err(|error| missing(&name, &error))?;
    if status.success() {
        return Ok(());
    }
    let said = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = said.lines().collect();
    let last = lines[lines.len().saturating_sub(3)..].join(" / ");
    Err(format!("{name}: {status}; {shown} ends with: {last}").into())
}

/// Says that a program can't be started.
pub fn missing(name: &str, error: &std::io::Error) -> String {
    format!("start {name}: {error}; 'cargo xtask setup' installs it")
}

/// Puts a text between two lines of a document, in the place of what is there.
pub fn write_between(document: &str, [start, end]: &[&str; 2], text: &str) -> Result<()> {
    let file = root().join(document);
    let read = fs::read_to_string(&file)?;
    let parts = read.split_once(start);
    let parts = parts.and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("{document} has lost {}", start.trim()))?;
    Ok(fs::write(
        &file,
        [before, start, text, end, after].concat(),
    )?)
}

/// Does `work` for each item in turn, for some at once. Returns the first error of `work`; what is not
/// yet begun is then left.
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
    let mut idle = self::command("chrt --idle 0");
    idle.arg(command.get_program()).args(command.get_args());
    let variables = command.get_envs();
    idle.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    idle
}

/// How many processors there are.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Builds mixd and mixctl as the tests do, without the minutes of optimisation that what is installed
/// gets, and returns the folder that holds them.
pub fn build_debug() -> Result<PathBuf> {
    run(&mut cargo("build --locked -p mixd -p mixctl"))?;
    Ok(target_folder()?.join("debug"))
}

/// Builds the programs as they are shipped, and returns the folder that holds them.
pub fn build_release() -> Result<PathBuf> {
    let commit = commit();
    run(cargo("build --release --locked -p mixd -p mixview").env("MIXD_COMMIT", &commit))?;
    // Linked statically where the C library is there as an archive, as it is with Debian's: half of
    // the time of a program that short is its dynamic linker's. cc repeats the name of what it does not
    // find.
    let mut mixctl = cargo("rustc --release --locked -p mixctl --bin mixctl");
    if output(&mut command("cc -print-file-name=libc.a")).is_ok_and(|path| path.starts_with('/')) {
        mixctl.args(["--", "-C", "target-feature=+crt-static"]);
    }
    run(mixctl.env("MIXD_COMMIT", &commit))?;
    Ok(target_folder()?.join("release"))
}

/// Returns what `--version` says of the sources beside the version: their commit, and whether they have been changed
/// since. Empty where that is the tag of a release; where there is no repository, what `MIXD_COMMIT` says.
pub fn commit() -> String {
    // Not that of a repository around it, such as a packager's.
    let mut describe =
        command("git --git-dir=.git --work-tree=. describe --tags --match v* --always --dirty");
    let described = output(describe.arg("--abbrev=12").current_dir(root()));
    let described = described
        .or_else(|_| std::env::var("MIXD_COMMIT"))
        .unwrap_or_default();
    match described.trim() {
        tag if tag == format!("v{}", env!("CARGO_PKG_VERSION")) => String::new(),
        commit => commit.to_owned(),
    }
}

/// Writes a program `mixd` to a folder, with mixctl beside it, where tests look for it: a script that `begins`, and
/// then becomes the mixd among `programs`. Returns its path.
pub fn wrap_mixd(programs: &Path, folder: &Path, begins: &str) -> Result<PathBuf> {
    let script = folder.join("mixd");
    let mixd = programs.join("mixd");
    let text = format!("#!/bin/sh\n{begins} '{}' \"$@\"\n", mixd.display());
    fs::write(&script, text)?;
    fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    symlink(programs.join("mixctl"), folder.join("mixctl"))?;
    Ok(script)
}

/// A C++ compiler for the cc crate, where there is none of the name `c++`: gcc's own.
pub fn cxx() -> Option<String> {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if has("c++") {
        return None;
    }
    let version = output(&mut command("gcc -dumpversion")).ok()?;
    Some(format!("g++-{}", version.trim())).filter(|program| has(program))
}

/// This program, also when cargo has put a newer one in its place.
pub fn own() -> Result<PathBuf> {
    Ok(target_folder()?.join("debug/xtask"))
}

/// Where cargo builds: xtask itself lies in a profile's folder there.
pub fn target_folder() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(2);
    Ok(target.ok_or("xtask is not in a target folder")?.into())
}

/// Returns a folder, made anew and empty.
pub fn emptied(folder: PathBuf) -> Result<PathBuf> {
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
