//! `cargo xtask test`: every check, in the order of their cost; or some of them, or those that play
//! on other systems.

mod cases;
mod table;

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use lexopt::{Arg, Parser, ValueExt};
use xtask::Result;

pub use self::cases::{Cases, Which};
use self::table::Table;
use crate::system::{self, Network, SYSTEMS, System, User};
use crate::{dist, fuzz, setup, tools};

/// A check that is no test case: its name, and what it does.
type Step = (&'static str, fn() -> Result<()>);

/// The steps before the cases, and those after them.
const BEFORE: [Step; 3] = [
    ("format", || cargo(&["fmt", "--all", "--check"])),
    ("lints", lints),
    ("doc-tests", || {
        cargo(&["test", "--workspace", "--locked", "--doc"])
    }),
];
const AFTER: [Step; 4] = [
    ("documentation", || {
        cargo(&["doc", "--workspace", "--no-deps", "--locked"])
    }),
    ("fuzz", || fuzz::smoke(FUZZ_SECONDS)),
    ("installed", || dist::check_in_system(&cases::build()?)),
    ("demo", demo),
];

/// How long each fuzz target runs beside its corpus, which is replayed whole.
const FUZZ_SECONDS: u32 = 3;

/// Between these two lines of the README is the table of programs.
const MARKERS: [&str; 2] = ["<!-- cargo xtask test --programs -->\n", "<!-- end -->\n"];

/// What the command line asks for.
struct Request {
    /// Steps, test files or cases; all if there is none.
    names: Vec<String>,
    /// Where the cases run.
    systems: Vec<&'static System>,
    /// Only what plays, because these are not this machine's system alone; or real programs.
    which: Which,
    /// Whether the README's table of programs is made anew.
    publishes: bool,
    /// How often each case runs.
    times: u32,
}

impl Request {
    fn parse(mut rest: Parser) -> Result<Self> {
        let mut request = Self {
            names: Vec::new(),
            systems: vec![system::home()],
            which: Which::All,
            publishes: false,
            times: 1,
        };
        while let Some(argument) = rest.next()? {
            match argument {
                Arg::Long("on") => {
                    let name = rest.value()?.string()?;
                    if request.which == Which::All {
                        request.which = Which::Playing;
                    }
                    request.systems = match &*name {
                        "all" => SYSTEMS.iter().collect(),
                        name => vec![system::named(name)?],
                    };
                }
                Arg::Long("programs") => request.which = Which::Programs,
                Arg::Long("publish") => request.publishes = true,
                Arg::Long("times") => request.times = rest.value()?.parse()?,
                Arg::Value(name) => request.names.push(name.string()?),
                argument => return Err(argument.unexpected().into()),
            }
        }
        let is_whole = request.which == Which::Programs && request.names.is_empty();
        if request.publishes && !(is_whole && request.systems.len() == SYSTEMS.len()) {
            return Err("--publish is for all programs: --programs --on all".into());
        }
        Ok(request)
    }

    /// Whether a step is asked for: by name, or because nothing is.
    fn has_step(&self, name: &str) -> bool {
        let is_named = self.names.iter().any(|asked| asked == name);
        is_named || self.names.is_empty() && self.which == Which::All
    }

    /// The names that are no step's: files or cases.
    fn cases(&self) -> Option<Vec<&str>> {
        let is_step = |name: &&str| BEFORE.iter().chain(&AFTER).any(|(step, _)| step == name);
        let names = self.names.iter().map(String::as_str);
        let names: Vec<&str> = names.filter(|name| !is_step(name)).collect();
        (self.names.is_empty() || !names.is_empty()).then_some(names)
    }
}

/// What has been done, and how long it took.
#[derive(Default)]
struct Summary {
    times: Vec<(String, Duration)>,
    failures: Vec<String>,
    passed: usize,
}

impl Summary {
    fn step(&mut self, name: &str, check: impl FnOnce() -> Result<()>) {
        println!("\n== {name}");
        let start = Instant::now();
        match check() {
            Ok(()) => self.passed += 1,
            Err(error) => {
                println!("FAILED {name}: {error}\n  again, alone: cargo xtask test {name}");
                self.failures.push(name.to_owned());
            }
        }
        self.times.push((name.to_owned(), start.elapsed()));
    }
}

/// Reads the rest of the command line, and does it: goes on past what fails, to see the others in
/// the same run.
pub fn command(rest: Parser) -> Result<()> {
    let request = Request::parse(rest)?;
    let start = Instant::now();
    setup::to_compile_tests()?;
    // Beside what only compiles.
    let systems = request.systems.clone();
    let with_programs = request.which == Which::Programs;
    let mut systems = Some(thread::spawn(move || {
        setup::prepare(&systems)?;
        match with_programs {
            true => setup::prepare_programs(&systems),
            false => Ok(()),
        }
    }));
    let mut summary = Summary::default();
    summary.times.push(("setup".to_owned(), start.elapsed()));
    for (name, check) in BEFORE {
        if request.has_step(name) {
            summary.step(name, check);
        }
    }
    if let Some(names) = request.cases() {
        let began = Instant::now();
        let found = Cases::build(&names, request.which)?;
        if found.is_empty() {
            return Err(format!("no step, test file or case is called {}", names.join(" ")).into());
        }
        summary
            .times
            .push(("build of the tests".to_owned(), began.elapsed()));
        await_systems(&mut systems)?;
        let mut table = Table::default();
        for system in &request.systems {
            let versions = system.versions()?;
            println!("\n== {} cases on {}: {versions}", found.len(), system.name);
            let began = Instant::now();
            for _ in 0..request.times {
                let outcome = found.run(system, &[])?;
                summary.passed += outcome.passed;
                summary.failures.extend(outcome.failures);
                if with_programs {
                    table.add(format!("{}: {versions}", system.name), outcome.programs);
                }
            }
            let name = format!("cases on {}", system.name);
            summary.times.push((name, began.elapsed()));
        }
        if with_programs {
            println!("\n{}", table.markdown());
        }
        if request.publishes {
            tools::write_between(&MARKERS, &table.markdown())?;
        }
    }
    await_systems(&mut systems)?;
    for (name, check) in AFTER {
        if request.has_step(name) {
            summary.step(name, check);
        }
    }
    println!("\nIn {:.0} s:", start.elapsed().as_secs_f32());
    for (name, time) in &summary.times {
        println!("  {:>6.1} s  {name}", time.as_secs_f32());
    }
    for failure in &summary.failures {
        println!("FAILED {failure}");
    }
    println!(
        "{} passed, {} failed",
        summary.passed,
        summary.failures.len()
    );
    match summary.failures.is_empty() {
        true => Ok(()),
        false => Err(format!("{} of the checks failed", summary.failures.len()).into()),
    }
}

/// Waits, once, until the systems are there.
fn await_systems(systems: &mut Option<JoinHandle<Result<()>>>) -> Result<()> {
    match systems.take().map(JoinHandle::join) {
        None => Ok(()),
        Some(result) => result.map_err(|_| "the thread that makes the systems panicked")?,
    }
}

fn cargo(args: &[&str]) -> Result<()> {
    println!("cargo {}", args.join(" "));
    tools::run(tools::cargo().args(args).env("RUSTDOCFLAGS", "-D warnings"))
}

/// With and without PipeWire: the daemon builds on a machine that has none.
fn lints() -> Result<()> {
    cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ])?;
    cargo(&[
        "clippy",
        "-p",
        "mixd",
        "--no-default-features",
        "--locked",
        "--",
        "-D",
        "warnings",
    ])
}

/// The demonstration in this machine's system.
fn demo() -> Result<()> {
    let programs = cases::build()?;
    let own = tools::own()?;
    let mut demo = system::home().command(Network::Private, User::Root, own);
    tools::run(demo.args(["demo", "--programs"]).arg(programs))
}
