//! `cargo xtask fuzz`: the real fuzzer over the targets in `fuzz/`, its corpus and its coverage.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use lexopt::{Arg, Parser, ValueExt};
use xtask::Result;

use crate::tools;

/// The targets, in the order in which all of them run.
const TARGETS: [&str; 9] = [
    "frame",
    "message",
    "roundtrip",
    "text",
    "session",
    "graph",
    "config",
    "rules",
    "model",
];
/// How long each runs when no time is given, in seconds.
const TIME: u32 = 60;
/// How long each runs at a smoke test, in seconds, after its corpus.
const SMOKE: u32 = 2;
/// The compiler's flags for libFuzzer, as cargo-fuzz 0.13 gives them: counters of edges, their addresses,
/// compared values, the depth of the stack.
const INSTRUMENTED: [&str; 8] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-sanitizer-coverage-stack-depth",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];
/// What the corpus must cover of the protocol's and the session's lines, in percent.
const COVERAGE: f64 = 95.0;

/// What the command line asks for.
enum Request {
    Run {
        targets: Vec<String>,
        time: u32,
        jobs: u32,
    },
    Smoke,
    Seeds,
    Coverage,
}

/// Reads the rest of the command line, and does it.
pub fn fuzz(parser: Parser) -> Result<()> {
    match parse(parser)? {
        Request::Smoke => smoke(),
        Request::Seeds => seeds(),
        Request::Coverage => coverage(),
        Request::Run {
            targets,
            time,
            jobs,
        } => {
            let programs = build()?;
            for target in targets {
                explore(&programs, &target, time, jobs)?;
            }
            Ok(())
        }
    }
}

fn parse(mut parser: Parser) -> std::result::Result<Request, lexopt::Error> {
    let (mut targets, mut time, mut jobs) = (Vec::new(), TIME, 1);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("time") => time = parser.value()?.parse()?,
            Arg::Long("jobs") => jobs = parser.value()?.parse()?,
            Arg::Value(word) => match word.string()? {
                word if word == "smoke" => return Ok(Request::Smoke),
                word if word == "seeds" => return Ok(Request::Seeds),
                word if word == "coverage" => return Ok(Request::Coverage),
                word if TARGETS.contains(&&*word) => targets.push(word),
                word => {
                    let known = TARGETS.join(", ");
                    return Err(format!("no target '{word}'; there are {known}").into());
                }
            },
            argument => return Err(argument.unexpected()),
        }
    }
    if targets.is_empty() {
        targets = TARGETS.map(String::from).into();
    }
    Ok(Request::Run {
        targets,
        time,
        jobs,
    })
}

/// Runs each target for a moment over a copy of the corpus: what it finds is a failure, what it learns
/// is not kept.
fn smoke() -> Result<()> {
    let programs = build()?;
    // Nothing is timed here: as many at once as there are cores.
    tools::at_once(&TARGETS, tools::cores(), |target| {
        let found = scratch(target)?;
        run_target(&programs, target, &found, SMOKE, 1)
    })
}

/// Writes the seeds into the corpus.
fn seeds() -> Result<()> {
    tools::run(tools::cargo().args(["run", "--quiet", "-p", "fuzz", "--example", "seeds"]))
}

/// Builds the targets, with what libFuzzer follows a program by, and returns the folder that holds them.
/// Nothing that they reach is `unsafe`: the address sanitizer would find nothing, and halve the speed.
fn build() -> Result<PathBuf> {
    let folder = tools::target_folder()?.join("fuzz");
    let mut command = tools::cargo();
    command.args("build --locked -p fuzz --bins --features libfuzzer --profile fuzz".split(' '));
    // With a target of its own, the flags are not for what runs while it is built.
    command.args(["--target", "host-tuple", "--target-dir"]);
    command.arg(&folder);
    command.env("RUSTFLAGS", INSTRUMENTED.join(" "));
    // The flag of the pass is not stable; this takes it from the compiler that is there.
    command.env("RUSTC_BOOTSTRAP", "1");
    command.envs(tools::cxx().map(|program| ("CXX", program)));
    tools::run(&mut command)?;
    let hosts = fs::read_dir(&folder)?
        .flatten()
        .map(|entry| entry.path().join("fuzz"));
    hosts
        .into_iter()
        .find(|programs| programs.join(TARGETS[0]).exists())
        .ok_or_else(|| format!("no {} in {}", TARGETS[0], folder.display()).into())
}

/// Installs one of cargo's own commands, where it is missing.
fn install(command: &str, version: &str) -> Result<()> {
    let subcommand = command.trim_start_matches("cargo-");
    let there = tools::cargo().args([subcommand, "--version"]).output()?;
    if there.status.success() {
        return Ok(());
    }
    println!("Installing {command} {version}");
    tools::run(tools::cargo().args(["install", "--locked", command, "--version", version]))
}

/// Runs a target, then adds to its corpus the smallest inputs that reach something new.
fn explore(programs: &Path, target: &str, seconds: u32, jobs: u32) -> Result<()> {
    let found = scratch(target)?;
    run_target(programs, target, &found, seconds, jobs)?;
    let corpus = Path::new("fuzz/corpus").join(target);
    let before = fs::read_dir(&corpus)?.count();
    let mut merge = Command::new(programs.join(target));
    // One input for each edge, not one for each count of it: what is checked in stays small.
    merge
        .args(["-merge=1", "-use_counters=0"])
        .arg(&corpus)
        .arg(&found);
    tools::run(merge.stderr(File::create(found.with_extension("merge.log"))?))?;
    println!(
        "{target}: corpus of {before} inputs, now {}",
        fs::read_dir(&corpus)?.count()
    );
    Ok(())
}

/// A new, empty folder for what a target finds.
fn scratch(target: &str) -> Result<PathBuf> {
    let folder = tools::target_folder()?.join("fuzz/found").join(target);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Runs a target over its corpus and the scratch folder. What breaks it is made small and kept.
fn run_target(programs: &Path, target: &str, found: &Path, seconds: u32, jobs: u32) -> Result<()> {
    let crash = found.with_extension("crash");
    let _ = fs::remove_file(&crash);
    let mut command = Command::new(programs.join(target));
    command.arg(found);
    // A target that nothing has ever broken has no folder there.
    let known = ["fuzz/corpus", "fuzz/crashes"].map(|folder| Path::new(folder).join(target));
    command.args(known.iter().filter(|folder| folder.exists()));
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-exact_artifact_path={}", crash.display()));
    // Some of the longest frames that a client may send.
    command.args([
        "-dict=fuzz/dictionaries/wire.dict",
        "-max_len=4096",
        "-timeout=10",
    ]);
    if jobs > 1 {
        command.arg(format!("-fork={jobs}"));
    }
    let log = found.with_extension("log");
    println!(
        "{target}: running for {seconds} s; its log is {}",
        log.display()
    );
    let status = command.stderr(File::create(&log)?).status()?;
    let said = fs::read_to_string(&log)?;
    // `#123 DONE cov: 456 ft: 789 …`, or with -fork the last of its reports.
    let report = said
        .lines()
        .rev()
        .find(|line| line.contains("cov: "))
        .unwrap_or_default();
    println!(
        "{target}: {}",
        report.split_whitespace().collect::<Vec<_>>().join(" ")
    );
    if status.success() {
        return Ok(());
    }
    // What it found, and where: a machine that is thrown away keeps no log.
    let words = said
        .lines()
        .skip_while(|line| !line.contains("panicked at"));
    for line in words.take(3) {
        println!("{target}: {line}");
    }
    if !crash.exists() {
        return Err(format!("{target} ended with {status}; see {}", log.display()).into());
    }
    let folder = Path::new("fuzz/crashes").join(target);
    fs::create_dir_all(&folder)?;
    let kept = folder.join(format!("crash-{}", fs::read_dir(&folder)?.count()));
    let mut minimize = Command::new(programs.join(target));
    minimize.args(["-minimize_crash=1", "-max_total_time=30"]);
    minimize
        .arg(format!("-exact_artifact_path={}", kept.display()))
        .arg(&crash);
    // Its exit status says nothing; whether it has made a smaller one does.
    let _ = minimize.output();
    if !kept.exists() {
        fs::copy(&crash, &kept)?;
    }
    let kept = kept.display();
    Err(format!("{target} found something: {kept}; mend it, and commit the input with it").into())
}

/// Prints which lines of the protocol and the session the corpus alone reaches. Left out is what
/// needs a socket (`wire/src/socket.rs`, `client.rs`; `mixd/tests/hostile.rs` is for those) and
/// what takes no input (`wire/src/vectors.rs`).
fn coverage() -> Result<()> {
    install("cargo-tarpaulin", "0.37.5")?;
    let mut command = tools::cargo();
    command.args([
        "tarpaulin",
        "--locked",
        "-p",
        "fuzz",
        "--test",
        "replay",
        "--ignored",
        "--engine",
        "llvm",
    ]);
    command.args([
        "--out",
        "stdout",
        "--skip-clean",
        "--exclude-files",
        "wire/src/fuzz*",
    ]);
    for file in ["codec", "frame", "message", "name", "text", "volume"] {
        command.args(["--include-files", &format!("wire/src/{file}.rs")]);
    }
    for file in [
        "server/session",
        "server/client",
        "server/admission",
        "mixer",
        "app",
    ] {
        command.args(["--include-files", &format!("mixd/src/{file}.rs")]);
    }
    command
        .arg("--target-dir")
        .arg(tools::target_folder()?.join("coverage"));
    command.args(["--fail-under", &COVERAGE.to_string()]);
    tools::run(&mut command)
}
