//! `cargo xtask bench`: what mixd, mixctl and mixview cost, each figure beside what others cost in
//! the same run, measured in turn.
// What is measured is far from exact to 52 bits.
#![allow(clippy::cast_precision_loss)]

mod audio;
mod cards;
mod cli;
mod codec;
mod floors;
mod frame;
mod idle;
mod memory;
mod moves;
mod phone;
mod press;
mod report;
mod requests;
mod route;
mod sample;
mod scale;
mod sets;
mod size;
mod watch;
mod window;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lab::Lab;
use lab::Result;
use lab::mixd::Mixd;
use lab::process::Process;
use lexopt::{Arg, Parser, ValueExt};
use rustix::process::Signal;

use self::floors::Floors;
use self::report::{Case, Report};
use crate::system::{self, System, User};
use crate::{setup, tools};

/// Where the figures are kept that later ones are compared with.
const BASELINE: &str = "xtask/bench/baseline.json";
/// Where the table is, and between which lines.
const DOCUMENT: &str = "xtask/bench/README.md";
const MARKERS: [&str; 2] = ["<!-- cargo xtask bench -->\n", "<!-- end -->\n"];

/// The benches, by name.
const BENCHES: [(&str, fn(&Bench) -> Result<Vec<Case>>); 18] = [
    ("cli", cli::measure),
    ("roundtrip", requests::roundtrip),
    ("fanout", requests::fanout),
    ("sets", sets::measure),
    ("codec", codec::measure),
    ("idle", idle::measure),
    ("watch", watch::measure),
    ("audio", audio::measure),
    ("route", route::measure),
    ("press", press::measure),
    ("phone", phone::measure),
    ("move", moves::measure),
    ("card", cards::measure),
    ("memory", memory::measure),
    ("size", size::measure),
    ("frame", frame::measure),
    ("window", window::measure),
    ("scale", scale::measure),
];

/// The bench targets that are run, of these packages.
const BENCH_TARGETS: [&str; 4] = ["codec", "frame", "scale", "window"];
const PACKAGES: &str = "-p wire -p mixview -p mixd";

/// What every bench needs.
struct Bench {
    floors: Floors,
    /// The folder of the programs, built as they are shipped.
    programs: PathBuf,
    /// A tenth of the rounds, and of the time.
    is_quick: bool,
}

impl Bench {
    fn rounds(&self, full: u32) -> u32 {
        if self.is_quick {
            (full / 10).max(3)
        } else {
            full
        }
    }

    fn time(&self, full: Duration) -> Duration {
        if self.is_quick { full / 10 } else { full }
    }

    fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// A mixd in a lab, as it is shipped, which logs no more than a user's.
    fn mixd(&self, lab: &Lab) -> Result<Mixd> {
        Mixd::start_quietly(lab, &self.program("mixd"))
    }

    /// A mixd without PipeWire.
    fn mixd_alone(&self) -> Result<Mixd> {
        Mixd::start_alone(&self.program("mixd"), &[])
    }
}

/// What the command line asks for.
struct Request {
    names: Vec<String>,
    /// Where it is measured.
    system: &'static System,
    is_quick: bool,
    compares: bool,
    publishes: bool,
}

/// Reads the rest of the command line, and does it.
pub fn bench(parser: Parser) -> Result<()> {
    let request = parse(parser)?;
    let Some(programs) = system::inside() else {
        return enter(&request);
    };
    let bench = Bench {
        floors: Floors::compile()?,
        programs,
        is_quick: request.is_quick,
    };
    let mut cases = Vec::new();
    for (name, measure) in BENCHES {
        if request.asks_for(name) {
            let start = Instant::now();
            println!("== {name}");
            cases.extend(measure(&bench).map_err(|error| format!("{name}: {error}"))?);
            println!("   {:.0} s", start.elapsed().as_secs_f32());
        }
    }
    let report = Report {
        machine: machine(request.is_quick)?,
        cases,
    };
    println!("\n{}\n{}", report.markdown(), report.summary());
    if request.publishes {
        publish(&report)?;
    }
    if request.compares {
        compare(&report)?;
    }
    Ok(())
}

/// Does what the command line asks for in a system, where the peers are.
fn enter(request: &Request) -> Result<()> {
    setup::to_bench(request.system)?;
    // There is no compiler for Rust in there.
    let programs = tools::build_release()?;
    let targets = BENCH_TARGETS.iter().filter(|name| request.asks_for(name));
    let targets: Vec<&str> = targets.flat_map(|name| ["--bench", name]).collect();
    if !targets.is_empty() {
        build(&targets)?;
    }
    request.system.repeat(User::Root, &programs)
}

/// Builds bench targets, and copies them to where [`built`] says.
fn build(targets: &[&str]) -> Result<()> {
    let line = format!("bench --no-run --locked --message-format=json {PACKAGES}");
    let mut cargo = tools::cargo(&line);
    cargo.args(targets);
    // Cargo says what it compiles, and what went wrong.
    cargo.stderr(std::process::Stdio::inherit());
    for line in tools::output(&mut cargo)?.lines() {
        let message: serde_json::Value = serde_json::from_str(line)?;
        let name = message["target"]["name"].as_str().unwrap_or_default();
        let is_asked = BENCH_TARGETS.contains(&name) && message["target"]["kind"][0] == "bench";
        if let Some(made) = message["executable"].as_str().filter(|_| is_asked) {
            let copy = built(name)?;
            fs::copy(made, &copy).map_err(|error| format!("write {}: {error}", copy.display()))?;
        }
    }
    Ok(())
}

/// Where the program of a bench target lies once it is built.
fn built(name: &str) -> Result<PathBuf> {
    let folder = tools::target_folder()?.join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("bench-{name}")))
}

impl Request {
    fn asks_for(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|asked| asked == name)
    }
}

fn parse(mut parser: Parser) -> Result<Request> {
    let mut request = Request {
        names: Vec::new(),
        system: system::home(),
        is_quick: false,
        compares: false,
        publishes: false,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("quick") => request.is_quick = true,
            Arg::Long("compare") => request.compares = true,
            Arg::Long("publish") => request.publishes = true,
            Arg::Long("on") => request.system = system::named(&parser.value()?.string()?)?,
            Arg::Value(name) => {
                let name = name.string()?;
                if !BENCHES.iter().any(|(known, _)| *known == name) {
                    let known = BENCHES.map(|(known, _)| known).join(", ");
                    return Err(format!("no bench '{name}'; there are {known}").into());
                }
                request.names.push(name);
            }
            argument => return Err(argument.unexpected().into()),
        }
    }
    if (request.publishes || request.compares) && request.system != system::home() {
        return Err(
            "--publish and --compare are for this machine's own system, without --on".into(),
        );
    }
    if request.publishes && (request.is_quick || !request.names.is_empty()) {
        return Err("--publish is for all benches in full".into());
    }
    Ok(request)
}

/// Keeps the report, and shows it.
fn publish(report: &Report) -> Result<()> {
    fs::write(BASELINE, report.json()?)?;
    tools::write_between(DOCUMENT, &MARKERS, &report.markdown())
}

/// Prints what has become slower than it was.
fn compare(report: &Report) -> Result<()> {
    let before = fs::read_to_string(BASELINE).map_err(|error| format!("{BASELINE}: {error}"))?;
    let slower = report.slower_than(&serde_json::from_str(&before)?);
    if slower.is_empty() {
        println!("Nothing is slower than 1.2 times {BASELINE}.");
        return Ok(());
    }
    Err(format!(
        "slower than 1.2 times {BASELINE}:\n  {}",
        slower.join("\n  ")
    )
    .into())
}

/// What this was measured on, in a sentence.
fn machine(is_quick: bool) -> Result<String> {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let field = |text: &str, key: &str, separator: char| {
        let line = text.lines().find(|line| line.starts_with(key));
        let value = line.and_then(|line| line.split_once(separator));
        value.map_or_else(String::new, |(_, value)| {
            value.trim().trim_matches('"').to_owned()
        })
    };
    let cpu = field(&read("/proc/cpuinfo"), "model name", ':');
    let system = field(&read("/etc/os-release"), "PRETTY_NAME", '=');
    let kernel = read("/proc/sys/kernel/osrelease");
    let version = |program: &str| -> Result<String> {
        let text = tools::output(Command::new(program).arg("--version"))?;
        let line = field(&text, "Linked with", ' ');
        Ok(line.rsplit(' ').next().unwrap_or_default().to_owned())
    };
    let (pipewire, manager) = (version("pipewire")?, version("wireplumber")?);
    let cores = std::thread::available_parallelism()?;
    let quick = if is_quick { ", quick" } else { "" };
    Ok(format!(
        "{cores} cores of {cpu}, {system}, Linux {}, PipeWire {pipewire}, WirePlumber {manager}; \
         `cargo xtask bench`{quick}.",
        kernel.trim()
    ))
}

/// A process without a lab, whose end is waited for.
fn end(mut process: Process) -> Result<()> {
    process.end(Signal::TERM).map(drop)
}

/// What a bench target prints: lines of what, by whom, and a number.
struct Lines(Vec<(String, String, f64)>);

impl Lines {
    /// Runs it.
    fn of(command: &mut Command) -> Result<Self> {
        let text = tools::output(command)?;
        let parse = |line: &str| {
            let mut words = line.split(' ');
            let (what, who) = (words.next()?.to_owned(), words.next()?.to_owned());
            Some((what, who, words.next()?.parse().ok()?))
        };
        let lines = text.lines().map(parse).collect::<Option<_>>();
        Ok(Self(lines.ok_or("a bench printed something else")?))
    }

    /// By what, and by whom.
    fn groups(&self) -> BTreeMap<&str, BTreeMap<&str, Vec<f64>>> {
        let mut groups: BTreeMap<&str, BTreeMap<&str, Vec<f64>>> = BTreeMap::new();
        for (what, who, number) in &self.0 {
            let group = groups.entry(what).or_default();
            group.entry(who).or_default().push(*number);
        }
        groups
    }
}

/// The words of a command line.
fn words(program: &Path, args: &[&str]) -> Vec<String> {
    let program = program.display().to_string();
    std::iter::once(program)
        .chain(args.iter().map(ToString::to_string))
        .collect()
}
