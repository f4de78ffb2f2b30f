//! `cargo xtask test`: every check, side by side; or some of them, or those that play on other systems.

mod cases;
mod job;

use std::collections::BTreeSet;
use std::process::Command;
use std::thread;
use std::time::Instant;

use lab::Result;
use lexopt::{Arg, Parser, ValueExt};

pub use self::cases::{Cases, Which};
use self::job::Job;
use crate::system::{self, SYSTEMS, System, User};
use crate::{setup, tools};

/// A check that is no test case.
struct Step {
    name: &'static str,
    /// What runs it.
    command: fn() -> Result<Command>,
    /// Whether it needs the programs and this machine's system, as the cases do; else it compiles, in
    /// what the cases leave of the processor.
    runs_programs: bool,
}

const fn compiles(name: &'static str, command: fn() -> Result<Command>) -> Step {
    Step {
        name,
        command,
        runs_programs: false,
    }
}

const fn runs(name: &'static str, command: fn() -> Result<Command>) -> Step {
    Step {
        runs_programs: true,
        ..compiles(name, command)
    }
}

/// The step that a build of the cases does as well.
const LINTS: &str = "lints";

/// The steps; those that compile in this order, what runs long first.
#[rustfmt::skip]
const STEPS: [Step; 8] = [
    compiles("fuzz", || Ok(tools::cargo_test("--workspace --locked --test replay -- --ignored"))),
    compiles("format", || Ok(cargo("fmt --all --check"))),
    compiles(LINTS, || Ok(cargo("clippy --workspace --all-targets --locked -- -D warnings"))),
    // The daemon builds on a machine that has no PipeWire.
    compiles("lints-without-pipewire", || Ok(cargo("clippy -p mixd --no-default-features --locked -- -D warnings"))),
    compiles("doc-tests", || Ok(tools::cargo_test("--workspace --locked --doc"))),
    // Without the window, PipeWire's adapter and the fuzz targets, whose documents link to nothing else: all that winit,
    // libpipewire's bindings and arbitrary need would be checked once more for them, which takes as long as a third of
    // the build.
    compiles("documentation", || {
        Ok(cargo("doc --workspace --exclude fuzz --no-deps --locked --no-default-features"))
    }),
    runs("installed", || Ok(own(in_system(User::Ordinary)?, "dist --check"))),
    runs("demo", || Ok(own(in_system(User::Root)?, "demo"))),
];

fn cargo(words: &str) -> Command {
    let mut command = tools::cargo(words);
    command.env("RUSTDOCFLAGS", "-D warnings");
    command
}

fn own(mut command: Command, words: &str) -> Command {
    command.args(words.split(' '));
    command
}

/// This program in this machine's system, with the programs that were built for the cases.
fn in_system(user: User) -> Result<Command> {
    system::home().own(user, &tools::target_folder()?.join("debug"))
}

/// Where the table of programs is, and between which lines.
const DOCUMENT: &str = "mixd/TROUBLESHOOTING.md";
const MARKERS: [&str; 2] = ["<!-- cargo xtask test --programs -->\n", "<!-- end -->\n"];

/// What the command line asks for.
struct Request {
    /// Steps, test files or cases; all if there is none.
    names: Vec<String>,
    /// Where the cases run.
    systems: Vec<&'static System>,
    /// Only what plays, because these are not this machine's system alone; or real programs.
    which: Which,
    /// Whether the table of programs is made anew.
    publishes: bool,
    /// How often each case runs.
    times: u32,
}

impl Step {
    /// What runs it beside the cases.
    fn job(&self) -> Result<Job> {
        let mut command = (self.command)()?;
        if !self.runs_programs {
            command = tools::idle(&command);
        }
        Ok(Job::new(self.name, command))
    }
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
                Arg::Long("screen-reader") => request.which = Which::ScreenReader,
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

    /// Where each run of the cases takes place.
    fn turns(&self) -> impl Iterator<Item = &'static System> {
        let systems = self.systems.iter().copied();
        systems.flat_map(|system| (0..self.times).map(move |_| system))
    }

    /// The steps that are asked for: by name, or because nothing is.
    fn steps(&self) -> Vec<&'static Step> {
        let is_asked = |step: &&Step| match self.names.is_empty() {
            true => self.which == Which::All,
            false => self.names.iter().any(|name| name == step.name),
        };
        STEPS.iter().filter(is_asked).collect()
    }

    /// The names that are no step's: parts of the names of cases. None where only steps are asked for.
    fn cases(&self) -> Option<Vec<&str>> {
        let is_step = |name: &&str| STEPS.iter().any(|step| step.name == *name);
        let names = self.names.iter().map(String::as_str);
        let names: Vec<&str> = names.filter(|name| !is_step(name)).collect();
        (self.names.is_empty() || !names.is_empty()).then_some(names)
    }
}

/// Reads the rest of the command line, and does it: goes on past what fails, to see the others in
/// the same run.
pub fn command(rest: Parser) -> Result<()> {
    let request = Request::parse(rest)?;
    let mut steps = request.steps();
    let names = request.cases();
    let start = Instant::now();
    setup::to_compile_tests()?;
    let mut times = vec![("setup".to_owned(), start.elapsed())];
    let (mut failures, mut count, mut columns) = (Vec::new(), 0, Vec::new());
    let began = Instant::now();
    let found = match &names {
        None if !steps.iter().any(|step| step.runs_programs) => Cases::default(),
        _ => {
            // Beside what only compiles.
            let systems = request.systems.clone();
            let which = request.which;
            let systems = thread::spawn(move || {
                setup::prepare(&systems)?;
                match which {
                    Which::Programs => setup::prepare_programs(&systems),
                    Which::ScreenReader => setup::prepare_screen_reader(),
                    Which::All | Which::Playing => Ok(()),
                }
            });
            println!("\n== build");
            let found = Cases::build(names.as_deref(), request.which)?;
            if let Some(at) = steps.iter().position(|step| step.name == LINTS) {
                steps.remove(at);
                count += 1;
                if found.is_clean {
                    println!("ok              {LINTS}, as it was built");
                } else {
                    println!("FAILED          {LINTS}; again, alone: cargo xtask test {LINTS}");
                    failures.push(LINTS.to_owned());
                }
            }
            systems
                .join()
                .map_err(|_| "the thread that makes the systems panicked")??;
            times.push(("build".to_owned(), began.elapsed()));
            found
        }
    };
    if let Some(names) = names.filter(|_| found.is_empty()) {
        return Err(format!("no step, test file or case is called {}", names.join(" ")).into());
    }
    for system in request.turns() {
        let mut column = String::new();
        if !found.is_empty() {
            column = format!("{}: {}", system.name, system.versions()?);
            println!("\n== {} cases on {column}", found.len());
        }
        let began = Instant::now();
        // In the first run: once is enough for them.
        count += found.len() + steps.len();
        let steps = std::mem::take(&mut steps);
        let (among, below): (Vec<&Step>, Vec<&Step>) =
            steps.into_iter().partition(|step| step.runs_programs);
        let among = among.into_iter().map(Step::job).collect::<Result<_>>()?;
        let below = below.into_iter().map(Step::job).collect::<Result<_>>()?;
        let outcome = found.run(system, &[], among, below)?;
        failures.extend(outcome.failures);
        columns.push((column, outcome.programs));
        times.push((format!("{} and steps", system.name), began.elapsed()));
    }
    if request.which == Which::Programs {
        println!("\n{}", table(&columns));
    }
    if request.publishes {
        tools::write_between(DOCUMENT, &MARKERS, &table(&columns))?;
    }
    println!("\nIn {:.0} s:", start.elapsed().as_secs_f32());
    for (name, time) in &times {
        println!("  {:>6.1} s  {name}", time.as_secs_f32());
    }
    for failure in &failures {
        println!("FAILED {failure}");
    }
    println!(
        "{} passed, {} failed",
        count - failures.len(),
        failures.len()
    );
    match failures.is_empty() {
        true => Ok(()),
        false => Err(format!("{} of the checks failed", failures.len()).into()),
    }
}

/// What was said of programs on a system, which is named first: each program, and the words.
type Column = (String, Vec<(String, String)>);

/// The table of real programs: a program a line, a system a column.
fn table(columns: &[Column]) -> String {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let systems = columns.iter().map(|(system, _)| system.as_str());
    let mut text = line(std::iter::once("program").chain(systems).collect());
    text += &format!("|{}\n", " --- |".repeat(columns.len() + 1));
    let programs = columns.iter().flat_map(|(_, said)| said);
    let programs: BTreeSet<&str> = programs.map(|(program, _)| program.as_str()).collect();
    for program in programs {
        let words = columns.iter().map(|(_, said)| {
            let mut said = said.iter().filter(|(name, _)| name == program);
            said.next().map_or("", |(_, words)| words)
        });
        // A bar would be the cell's end.
        let words: Vec<String> = words.map(|words| words.replace('|', "/")).collect();
        let words = words.iter().map(String::as_str);
        text += &line(std::iter::once(program).chain(words).collect());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_a_line_and_a_system_a_column_also_where_one_is_missing() {
        let pair = |program: &str, words: &str| (program.to_owned(), words.to_owned());
        let columns = [
            ("one".to_owned(), vec![pair("mpv", "right")]),
            (
                "two".to_owned(),
                vec![pair("mpv", "no"), pair("aplay", "a|b")],
            ),
        ];
        let text = "| program | one | two |\n| --- | --- | --- |\n| aplay |  | a/b |\n| mpv | right | no |\n";
        assert_eq!(table(&columns), text);
    }
}
