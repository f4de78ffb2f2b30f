//! `cargo xtask fuzz`: libFuzzer over the targets in `fuzz/`, their corpus and its coverage.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use lab::Result;
use lexopt::{Arg, Parser, ValueExt};

use crate::{setup, tools};

/// How long each target runs when no time is given, in seconds.
const TIME: u32 = 60;
/// The compiler's flags for libFuzzer, of those that cargo-fuzz 0.13 gives: counters of edges, and their addresses.
/// Not compared values, which took more than half of the time of all targets but the smallest: the words of the
/// protocol are in the dictionary, and most inputs are no bytes that are compared but choices.
const INSTRUMENTED: &str = "--cfg=fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-simplifycfg-branch-fold-threshold=0";
/// The targets whose inputs are lists: the length of each piece, in two bytes, then the piece (`fuzz/src/lib.rs`).
const LISTS: [&str; 6] = ["client", "config", "message", "roundtrip", "rules", "text"];
/// The targets whose inputs are steps, each of a few bytes, which change what the next one meets. In the corpus many
/// of their inputs are in one file, in the form of a list.
const STEPS: [&str; 3] = ["model", "router", "session"];
/// How long an input is at most, in bytes: some of the longest frames that a client may send.
const LONGEST: usize = 4096;
/// The same of steps, some sixty of them: an input twice as long takes three times as long, and reaches little more.
const LONGEST_STEPS: usize = 256;
/// What the corpus must cover of the protocol's and the session's lines, in percent.
const COVERAGE: f64 = 90.0;

/// Reads the rest of the command line, and does it.
pub fn fuzz(mut parser: Parser) -> Result<()> {
    let known = targets()?;
    let (mut targets, mut time, mut jobs) = (Vec::new(), TIME, 1);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("time") => time = parser.value()?.parse()?,
            Arg::Long("jobs") => jobs = parser.value()?.parse()?,
            Arg::Value(word) => match word.string()? {
                word if word == "smoke" => return smoke(),
                word if word == "coverage" => return coverage(),
                word if known.contains(&word) => targets.push(word),
                word => {
                    let known = known.join(", ");
                    return Err(format!("no target '{word}'; there are {known}").into());
                }
            },
            argument => return Err(argument.unexpected().into()),
        }
    }
    setup::to_fuzz()?;
    for target in if targets.is_empty() { known } else { targets } {
        let target = Target::new(target)?;
        target.run(time, jobs)?;
        target.keep()?;
    }
    Ok(())
}

/// The names of the targets: each has a corpus.
fn targets() -> Result<Vec<String>> {
    let folders = fs::read_dir("fuzz/corpus")?;
    let names = folders.map(|folder| Ok(folder?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Replays the corpus and tries what is near it for a moment, without libFuzzer: with what `cargo xtask
/// test` has built.
fn smoke() -> Result<()> {
    let words = "--workspace --locked --test replay -- --include-ignored --nocapture";
    tools::run(&mut tools::cargo_test(words))
}

/// Builds the program of a target, with what libFuzzer follows it by, to this path.
/// Nothing that it reaches is `unsafe`: the address sanitizer would find nothing, and halve the speed.
fn build(target: &str, program: &Path) -> Result<()> {
    let folder = tools::target_folder()?.join("fuzz");
    let mut command = tools::cargo("build --locked -p fuzz --features libfuzzer --profile fuzz");
    // With a target of its own, the flags are not for what runs while it is built.
    command.args(["--target", "host-tuple", "--target-dir"]);
    command.arg(&folder).env("RUSTFLAGS", INSTRUMENTED);
    command.env("FUZZ_TARGET", target);
    // The flag of the pass is not stable; this takes it from the compiler that is there.
    command.env("RUSTC_BOOTSTRAP", "1");
    command.envs(tools::cxx().map(|program| ("CXX", program)));
    tools::run(&mut command)?;
    let hosts = fs::read_dir(&folder)?.flatten();
    let mut built = hosts.map(|host| host.path().join("fuzz/fuzz"));
    let built = built.find(|built| built.exists());
    let built = built.ok_or_else(|| format!("no program in {}", folder.display()))?;
    // The next target's program is built to the same path, perhaps while this one runs.
    fs::copy(built, program)?;
    Ok(())
}

/// A target that is run.
struct Target {
    name: String,
    program: PathBuf,
    /// Where its inputs are, a file each.
    inputs: PathBuf,
    /// Where what it finds goes; empty at the start but for the seeds.
    found: PathBuf,
}

impl Target {
    fn new(name: String) -> Result<Self> {
        let found = tools::emptied(tools::target_folder()?.join("fuzz/found").join(&name))?;
        let program = found.with_extension("program");
        build(&name, &program)?;
        for (message, seed) in seeds(&name) {
            fs::write(found.join(message), seed)?;
        }
        let corpus = Path::new("fuzz/corpus").join(&name);
        let mut inputs = corpus.clone();
        if STEPS.contains(&&*name) {
            inputs = tools::emptied(found.with_extension("inputs"))?;
            for file in files(&corpus)? {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                for (number, input) in pieces(&fs::read(&file)?).enumerate() {
                    fs::write(inputs.join(format!("{name}-{number:03}")), input)?;
                }
            }
        }
        Ok(Self {
            name,
            program,
            inputs,
            found,
        })
    }

    fn corpus(&self) -> PathBuf {
        Path::new("fuzz/corpus").join(&self.name)
    }

    /// Runs it over its corpus, the inputs that have broken it before, and the seeds. What breaks it
    /// is made small and kept.
    fn run(&self, seconds: u32, jobs: u32) -> Result<()> {
        let name = &self.name;
        let crashes = Path::new("fuzz/crashes").join(name);
        let crash = self.found.with_extension("crash");
        let _ = fs::remove_file(&crash);
        let mut command = Command::new(&self.program);
        command.arg(&self.found).arg(&self.inputs);
        // A target that nothing has ever broken has no folder there.
        command.args(Some(&crashes).filter(|folder| folder.exists()));
        command.arg(format!("-max_total_time={seconds}"));
        command.arg(format!("-exact_artifact_path={}", crash.display()));
        let longest = match STEPS.contains(&&**name) {
            true => LONGEST_STEPS,
            false => LONGEST,
        };
        command.arg(format!("-max_len={longest}"));
        // To weigh each input by how rare what it reaches is took a third of the router's time.
        command.arg("-entropic=0");
        command.args(["-dict=fuzz/dictionaries/wire.dict", "-timeout=10"]);
        if jobs > 1 {
            command.arg(format!("-fork={jobs}"));
        }
        let log = self.found.with_extension("log");
        let shown = log.display();
        println!("{name}: running for {seconds} s; its log is {shown}");
        let status = command.stderr(File::create(&log)?).status()?;
        let said = fs::read_to_string(&log)?;
        // `#123 DONE cov: 456 ft: 789 …`, or with -fork the last of its reports.
        let report = said.lines().rfind(|line| line.contains("cov: "));
        let words = report.unwrap_or_default().split_whitespace();
        println!("{name}: {}", words.collect::<Vec<_>>().join(" "));
        if status.success() {
            return Ok(());
        }
        // What it found, and where: a machine that is thrown away keeps no log.
        let lines = said.lines();
        let words = lines.skip_while(|line| !line.contains("panicked at"));
        for line in words.take(3) {
            println!("{name}: {line}");
        }
        if !crash.exists() {
            return Err(format!("{name} ended with {status}; see {shown}").into());
        }
        fs::create_dir_all(&crashes)?;
        let kept = crashes.join(format!("crash-{}", fs::read_dir(&crashes)?.count()));
        let mut minimize = Command::new(&self.program);
        minimize.args(["-minimize_crash=1", "-max_total_time=30"]);
        minimize.arg(format!("-exact_artifact_path={}", kept.display()));
        // Its exit status says nothing; whether it has made a smaller one does.
        let _ = minimize.arg(&crash).output();
        if !kept.exists() {
            fs::copy(&crash, &kept)?;
        }
        let kept = kept.display();
        Err(format!("{name} found something: {kept}; mend it, and commit the input with it").into())
    }

    /// Makes the corpus anew: the fewest of its inputs, and of those that were found, that reach every
    /// edge which all of them reach. One input for each edge, not one for each count of it: what is
    /// checked in stays small.
    fn keep(&self) -> Result<()> {
        let small = tools::emptied(self.found.with_extension("small"))?;
        let mut merge = Command::new(&self.program);
        merge.args(["-set_cover_merge=1", "-use_counters=0"]);
        merge.arg(&small).arg(&self.inputs).arg(&self.found);
        tools::run(merge.stderr(File::create(self.found.with_extension("merge.log"))?))?;
        let (before, kept) = (files(&self.inputs)?.len(), files(&small)?);
        let corpus = tools::emptied(self.corpus())?;
        let is_steps = STEPS.contains(&&*self.name);
        if is_steps || LISTS.contains(&&*self.name) {
            let inputs = kept.iter().map(fs::read);
            let mut inputs = inputs.collect::<io::Result<Vec<_>>>()?;
            if is_steps {
                inputs = inputs.iter().map(|input| piece(input)).collect();
            }
            for (number, input) in joined(&inputs).iter().enumerate() {
                fs::write(corpus.join(format!("{number:03}")), input)?;
            }
        } else {
            for file in &kept {
                fs::copy(file, corpus.join(file.file_name().unwrap_or_default()))?;
            }
        }
        let after = kept.len();
        println!("{}: corpus of {before} inputs, now {after}", self.name);
        Ok(())
    }
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let files = fs::read_dir(folder)?.map(|file| Ok(file?.path()));
    let mut files = files.collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// The pieces of a list, each behind its length in two bytes. A length that lies is made true.
fn pieces(mut list: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = list.split_first_chunk()?;
        let length = rest.len().min(u16::from_le_bytes(*length).into());
        let (piece, more) = rest.split_at(length);
        list = more;
        Some(piece)
    })
}

/// A piece of a list: the length, then the bytes.
fn piece(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_le_bytes(), bytes].concat()
}

/// Puts the pieces of inputs that are lists into as few inputs as hold them, of [`LONGEST`] bytes at most
/// unless one piece is longer.
fn joined(inputs: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut joined = vec![Vec::new()];
    for bytes in inputs.iter().flat_map(|input| pieces(input)) {
        let piece = piece(bytes);
        match joined.last_mut() {
            Some(last) if last.len() + piece.len() <= LONGEST => last.extend(piece),
            _ => joined.push(piece),
        }
    }
    joined.retain(|input| !input.is_empty());
    joined
}

/// The names and bytes of today's messages, in the form that the targets `client`, `frame` and `message` read:
/// a message that is new is not left to chance.
fn seeds(target: &str) -> Vec<(&'static str, Vec<u8>)> {
    let kinds = ["request", "hello", "welcome", "reply", "event"];
    let welcome = wire::vectors::all().into_iter();
    let welcome = welcome.filter(|vector| vector.name == "welcome");
    let welcome: Vec<u8> = welcome
        .flat_map(|vector| with_id(vector.frame, 1))
        .collect();
    let seed = |vector: wire::vectors::Vector| {
        // The sizes of the pieces as `Arbitrary` reads a list (a 1 before each, a 0 at the end).
        let frame = [&[1, 1, 1, 5, 0], &vector.frame[..]].concat();
        // The length, and the number of the message's kind as the target counts them.
        let kind = kinds.iter().position(|kind| vector.name.starts_with(kind));
        let kind = u8::try_from(kind.unwrap_or(kinds.len())).unwrap_or_default();
        let length = u16::try_from(vector.body().len() + 1).unwrap_or_default();
        let message = [&length.to_le_bytes(), &[kind][..], vector.body()].concat();
        // What answers the first request, after the answer to the Hello.
        let id = if vector.name.starts_with("event") {
            0
        } else {
            2
        };
        let answer = with_id(vector.frame, id);
        let session = [&[1, 1, 1, 255, 0], &welcome[..], &answer].concat();
        let length = u16::try_from(session.len()).unwrap_or_default();
        let session = [&length.to_le_bytes()[..], &session].concat();
        let seed = match target {
            "client" => session,
            "frame" => frame,
            _ => message,
        };
        (vector.name, seed)
    };
    match target {
        "client" | "frame" | "message" => wire::vectors::all().into_iter().map(seed).collect(),
        _ => Vec::new(),
    }
}

/// Returns a frame with this id in its header.
fn with_id(mut frame: Vec<u8>, id: u8) -> Vec<u8> {
    frame[4..8].copy_from_slice(&u32::from(id).to_le_bytes());
    frame
}

/// Prints which lines of the protocol and the session the corpus alone reaches. Left out is what
/// needs a socket (`wire/src/socket.rs`, `client.rs`; `mixd/tests/hostile.rs` is for those) and
/// what takes no input (`wire/src/vectors.rs`), and `mixd/src/app.rs`, half of which is files and PipeWire.
fn coverage() -> Result<()> {
    if !tools::cargo("tarpaulin --version")
        .output()?
        .status
        .success()
    {
        println!("Installing cargo-tarpaulin");
        tools::run(&mut tools::cargo(
            "install --locked cargo-tarpaulin --version 0.37.5",
        ))?;
    }
    let mut command = tools::cargo(
        "tarpaulin --locked -p fuzz --test replay --engine llvm --out stdout --skip-clean",
    );
    for file in ["codec", "frame", "message", "name", "text", "volume"] {
        command.args(["--include-files", &format!("wire/src/{file}.rs")]);
    }
    for file in [
        "server/session",
        "server/client",
        "server/admission",
        "mixer",
    ] {
        command.args(["--include-files", &format!("mixd/src/{file}.rs")]);
    }
    let folder = tools::target_folder()?.join("coverage");
    command.arg("--target-dir").arg(folder);
    tools::run(command.args(["--fail-under", &COVERAGE.to_string()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_joined_piece_by_piece_and_a_length_that_lies_is_made_true() {
        let inputs = [vec![2, 0, 7, 8, 0, 0], vec![9, 0, 5]];
        assert_eq!(joined(&inputs), [[2, 0, 7, 8, 0, 0, 1, 0, 5]]);
        let long = [vec![0, 16], vec![1; LONGEST]].concat();
        assert_eq!(joined(&[long.clone(), long]).len(), 2);
        assert!(joined(&[]).is_empty());
    }
}
