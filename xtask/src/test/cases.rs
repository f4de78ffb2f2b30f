//! The test cases, each in a process and a system of its own: some at once, those that measure load,
//! wake-ups or leaks alone. The unit tests of a crate are one case.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use lab::Result;
use serde_json::Value;

use super::job::{self, Job, Outcome};
use crate::system::{Network, System, User};
use crate::tools;

/// Parts of the names of files and cases that load the machine, or measure what load changes: how soon
/// it answers. They have the machine to themselves.
const ALONE: [&str; 2] = ["mixd/load", "floods"];

/// Parts of the names of those that hear whether a program plays a quantum too much when it starts, or
/// whether a fade of short quanta clicks, which load changes as well: one for each processor at once, and
/// nothing beside. In this order: those that take longest come first.
const QUIET: [&str; 9] = [
    "targets::a_move_in_a_mixer_is_the_users",
    "glide::a_jump_from_end_to_end_steps_at_least_12_db_less_than_an_instant_one_at_a_quantum_of_256",
    "awaited::no_program",
    "leaks_no_sample",
    "patterns::two_programs_that_say_the_same",
    "streams::a_stream_sent_to_the_wrong_channel",
    "targets::a_program_that_names_the_default_sink",
    "two_cards::what_happens_to_the_aux_channels_card",
    "unmanaged::a_change_of_the_list_and_a_silenced_program",
];

/// Those that take longest come first, so that nothing is waited for at the end.
const FIRST: [&str; 7] = [
    "mixd/links",
    "streams::a_rival",
    "hostile::a_client_that_asks_and_never_reads",
    "players::a_change_of_layout",
    "nothing_wakes_it_idle",
    "starts::of_two",
    "display::an_idle_window",
];

/// How many cases run at once for each processor: most of their time they wait for sound.
const AT_ONCE: usize = 4;

/// A test case.
struct Case {
    /// `crate/file::case`.
    name: String,
    program: PathBuf,
    /// As libtest calls it; none for all that are in the program.
    test: Option<String>,
    user: User,
    /// Whether it plays with a real program, which it says a line about.
    is_program: bool,
}

/// Which cases are meant where no name says it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All but those with real programs.
    All,
    /// Those of them that play sound, whose result another system can change.
    Playing,
    /// Those with real programs.
    Programs,
    /// The one with a mixview that speaks to screen readers, whose crates nothing else needs.
    ScreenReader,
}

impl Case {
    fn is_one_of(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.name.contains(part))
    }

    fn job(&self, system: &System, environment: &[&str]) -> Job {
        let network = match self.is_program {
            true => Network::Loopback,
            false => Network::Private,
        };
        let mut command = system.command(network, self.user, "env");
        command.args(environment).arg(&self.program);
        if let Some(test) = &self.test {
            command.args(["--exact", test]);
        }
        if self.is_program {
            command.args(["--ignored", "--nocapture"]);
        }
        // A case that is not found is none that passed.
        let says = match self.test {
            Some(_) => "test result: ok. 1 passed",
            None => "test result: ok. ",
        };
        let option = if self.is_program { "--programs " } else { "" };
        let name = format!("{option}{} --on {}", self.name, system.name);
        Job::new(&name, command).that_says(says)
    }
}

/// The cases that were asked for.
#[derive(Default)]
pub struct Cases {
    cases: Vec<Case>,
    /// Whether all that was built is free of warnings.
    pub is_clean: bool,
}

impl Cases {
    /// Builds the tests and returns the cases whose names contain one of `names`, all if those are empty,
    /// or none.
    pub fn build(names: Option<&[&str]>, which: Which) -> Result<Self> {
        // The tests and the programs that they run: with one choice of features for all, so that nothing is
        // compiled twice.
        let (messages, mut is_clean) = compile(match which {
            Which::ScreenReader => "-p mixd -p mixctl -p mixview --features mixview/accesskit",
            _ => "--workspace",
        })?;
        if which == Which::All {
            // Which are no tests, and have lints.
            is_clean &= compile("--workspace --benches")?.1;
        }
        let mut cases = Vec::new();
        for message in messages {
            let target = &message["target"];
            let Some(program) = message["executable"].as_str() else {
                continue;
            };
            // Examples are programs that the tests run.
            if message["profile"]["test"] != true {
                continue;
            }
            let source = Path::new(target["src_path"].as_str().unwrap_or_default());
            let name = target["name"].as_str().unwrap_or_default();
            let kind = target["kind"][0].as_str().unwrap_or_default();
            // …/mixd/tests/playing/main.rs, which has a module for each file beside it
            let has_modules = kind == "test" && source.ends_with("main.rs");
            // …/mixd/tests/server.rs, …/mixd/src/lib.rs
            let package = source.ancestors().nth(if has_modules { 3 } else { 2 });
            let package = package.and_then(Path::file_name).unwrap_or_default();
            let package = package.display();
            let is_program = which == Which::Programs;
            let case = |name: String, test, user| Case {
                name,
                program: program.into(),
                test,
                user,
                is_program,
            };
            if kind != "test" {
                if which == Which::All {
                    cases.push(case(format!("{package}/{kind}-{name}"), None, User::Root));
                }
                continue;
            }
            for test in tests(program, is_program)? {
                let (file, name) = match test.split_once("::").filter(|_| has_modules) {
                    Some((module, _)) => (
                        source.with_file_name(module).with_extension("rs"),
                        format!("{package}/{test}"),
                    ),
                    None => (source.to_owned(), format!("{package}/{name}::{test}")),
                };
                let text = fs::read_to_string(&file)
                    .map_err(|error| format!("read {}: {error}", file.display()))?;
                let shows = text.contains("desktop::");
                let plays = text.contains("stage::") || text.contains("Lab::");
                let is_meant = match which {
                    Which::All => true,
                    Which::Playing => plays && !shows,
                    Which::Programs => name.starts_with("mixd/programs::"),
                    Which::ScreenReader => name.starts_with("mixview/screen_reader::"),
                };
                // Browsers refuse root.
                let user = match shows || is_program {
                    true => User::Ordinary,
                    false => User::Root,
                };
                if is_meant {
                    cases.push(case(name, Some(test), user));
                }
            }
        }
        cases.retain(|case| names.is_some_and(|names| names.is_empty() || case.is_one_of(names)));
        Ok(Self { cases, is_clean })
    }

    pub fn len(&self) -> usize {
        self.cases.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Runs them all in a system with these variables, some of them among or above other jobs.
    pub fn run(
        &self,
        system: &System,
        environment: &[&str],
        among: Vec<Job>,
        below: Vec<Job>,
    ) -> Result<Outcome> {
        // Where pictures go that tests take, whoever they run as.
        let pictures = tools::target_folder()?.join("pictures");
        let script = "mkdir -p \"$1\" && chmod 1777 \"$1\"";
        tools::run(Command::new("sh").args(["-c", script, "sh"]).arg(pictures))?;
        let (alone, others): (Vec<&Case>, _) = self
            .cases
            .iter()
            .partition(|case| case.is_program || case.is_one_of(&ALONE));
        let (mut quiet, others): (Vec<&Case>, _) =
            others.into_iter().partition(|case| case.is_one_of(&QUIET));
        quiet.sort_by_key(|case| QUIET.iter().position(|part| case.is_one_of(&[part])));
        let (first, rest): (Vec<&Case>, Vec<&Case>) =
            others.into_iter().partition(|case| case.is_one_of(&FIRST));
        let jobs = |cases: Vec<&Case>| {
            let jobs = cases.into_iter().map(|case| case.job(system, environment));
            jobs.collect::<Vec<_>>()
        };
        let mut pool = jobs(first);
        pool.extend(among);
        pool.extend(jobs(rest));
        let mut outcome = thread::scope(|scope| {
            // One waits for cargo's lock while another compiles, and none does while it runs what it has compiled.
            let below = scope.spawn(|| job::run(below, tools::cores()));
            let mut outcome = job::run(pool, tools::cores() * AT_ONCE)?;
            outcome.add(below.join().map_err(|_| "a thread panicked")??);
            Result::Ok(outcome)
        })?;
        outcome.add(job::run(jobs(quiet), tools::cores())?);
        outcome.add(job::run(jobs(alone), 1)?);
        Ok(outcome)
    }
}

/// Compiles tests. Returns cargo's messages, and whether none of them is a warning; those are printed.
fn compile(packages: &str) -> Result<(Vec<Value>, bool)> {
    let mut build = tools::cargo_test(packages);
    build.args(["--no-run", "--locked", "--quiet", "--message-format=json"]);
    let out = build.stderr(Stdio::inherit()).output()?;
    let (mut messages, mut is_clean) = (Vec::new(), true);
    for line in String::from_utf8_lossy(&out.stdout).lines() {
        let message: Value = serde_json::from_str(line)?;
        if let Some(said) = message["message"]["rendered"].as_str() {
            eprint!("{said}");
            is_clean = false;
        }
        messages.push(message);
    }
    match out.status.success() {
        true => Ok((messages, is_clean)),
        false => Err("the tests do not build".into()),
    }
}

/// The names of the tests in a program that a run without `--ignored` runs, or else of the others.
fn tests(program: &str, ignored: bool) -> Result<BTreeSet<String>> {
    let list = |more: &[&str]| -> Result<BTreeSet<String>> {
        let mut command = Command::new(program);
        let out = command
            .args(["--list", "--format=terse"])
            .args(more)
            .output()?;
        let text = String::from_utf8_lossy(&out.stdout);
        let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
        Ok(names.map(str::to_owned).collect())
    };
    let others = list(&["--ignored"])?;
    Ok(match ignored {
        true => others,
        false => &list(&[])? - &others,
    })
}
