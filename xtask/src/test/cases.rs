//! The test cases, each in a process and a system of its own: some at once, those that measure load,
//! wake-ups or leaks alone. The unit tests of a crate are one case.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;
use xtask::Result;

use crate::system::{Network, System, User};
use crate::tools;

/// Parts of the names of files and cases that measure what another process on the machine would change:
/// load, wake-ups, steps in the sound, and whether a program is heard for a moment when it starts. They
/// have the machine to themselves.
const ALONE: [&str; 13] = [
    "mixd/allocations",
    "mixd/glide",
    "mixd/load",
    "floods",
    "leaks_no_sample",
    "nothing_wakes",
    "not_woken",
    "wake_ups",
    "patterns::two_programs_that_say_the_same",
    "streams::a_stream_sent_to_the_wrong_channel",
    "targets::a_move_in_a_mixer_is_the_users",
    "targets::a_program_that_names_the_default_sink",
    "unmanaged::a_change_of_the_list_and_a_silenced_program",
];

/// Those that take longest come first, so that nothing is waited for at the end.
const FIRST: [&str; 4] = [
    "mixd/layouts",
    "fuzz/replay",
    "mixview/golden",
    "mixd/unmanaged",
];

/// How many cases run at once for each processor: most of their time they wait for sound. With three,
/// two cores dropped a quantum now and then.
const AT_ONCE: usize = 2;

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
}

/// How cases went.
#[derive(Default)]
pub struct Outcome {
    pub passed: usize,
    /// The names of those that failed.
    pub failures: Vec<String>,
    /// Programs, each with what there is to say of it.
    pub programs: Vec<(String, String)>,
}

impl Case {
    fn is_alone(&self) -> bool {
        self.is_program || ALONE.iter().any(|part| self.name.contains(part))
    }

    /// Smaller is sooner.
    fn rank(&self) -> usize {
        let place = FIRST.iter().position(|part| self.name.starts_with(part));
        place.unwrap_or(FIRST.len())
    }

    fn run(&self, system: &System, environment: &[&str]) -> Result<Output> {
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
        Ok(command.output()?)
    }
}

/// Builds the tests and the programs that they run: with one choice of features for all, so that
/// nothing is compiled twice.
fn build_command() -> Command {
    let mut command = tools::cargo();
    command.args(["test", "--workspace", "--no-run", "--locked", "--quiet"]);
    command
}

/// Builds the programs as the cases run them, and returns their folder.
///
/// # Errors
/// The build fails.
pub fn build() -> Result<PathBuf> {
    tools::run(build_command().stdout(Stdio::null()))?;
    Ok(tools::target_folder()?.join("debug"))
}

/// The cases that were asked for.
pub struct Cases(Vec<Case>);

impl Cases {
    /// Builds the tests and returns the cases whose names contain one of `names`, or all.
    ///
    /// # Errors
    /// The build fails.
    pub fn build(names: &[&str], which: Which) -> Result<Self> {
        let out = build_command()
            .arg("--message-format=json-render-diagnostics")
            .stderr(Stdio::inherit())
            .output()?;
        if !out.status.success() {
            return Err("the tests do not build".into());
        }
        let mut cases = Vec::new();
        for line in String::from_utf8_lossy(&out.stdout).lines() {
            let message: Value = serde_json::from_str(line)?;
            let target = &message["target"];
            let Some(program) = message["executable"].as_str() else {
                continue;
            };
            // Examples are programs that the tests run.
            if message["profile"]["test"] != true {
                continue;
            }
            let source = target["src_path"].as_str().unwrap_or_default();
            // …/mixd/tests/audio.rs, …/mixd/src/lib.rs
            let folder = Path::new(source).ancestors().nth(2);
            let folder = folder.and_then(Path::file_name).unwrap_or_default();
            let folder = folder.to_string_lossy();
            let file = target["name"].as_str().unwrap_or_default();
            let is_program = which == Which::Programs;
            let add = |name: String, test, user| Case {
                name,
                program: program.into(),
                test,
                user,
                is_program,
            };
            if target["kind"][0] != "test" {
                let kind = target["kind"][0].as_str().unwrap_or_default();
                if which == Which::All {
                    cases.push(add(format!("{folder}/{kind}-{file}"), None, User::Root));
                }
                continue;
            }
            let text =
                fs::read_to_string(source).map_err(|error| format!("read {source}: {error}"))?;
            let shows = text.contains("desktop::");
            let plays = text.contains("mod stage;") || text.contains("Lab::");
            let is_meant = match which {
                Which::All => true,
                Which::Playing => plays && !shows,
                Which::Programs => (&*folder, file) == ("mixd", "programs"),
            };
            if !is_meant {
                continue;
            }
            // Browsers refuse root.
            let is_ordinary = shows || is_program;
            let user = if is_ordinary {
                User::Ordinary
            } else {
                User::Root
            };
            for test in tests(program, is_program)? {
                cases.push(add(format!("{folder}/{file}::{test}"), Some(test), user));
            }
        }
        cases.retain(|case| names.is_empty() || names.iter().any(|name| case.name.contains(name)));
        cases.sort_by_key(Case::rank);
        Ok(Self(cases))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Runs them all in a system with these variables.
    ///
    /// # Errors
    /// A case can't be started.
    pub fn run(&self, system: &System, environment: &[&str]) -> Result<Outcome> {
        // Where pictures go that tests take, whoever they run as.
        let pictures = tools::target_folder()?.join("pictures");
        let script = "mkdir -p \"$1\" && chmod 1777 \"$1\"";
        tools::run(Command::new("sh").args(["-c", script, "sh"]).arg(pictures))?;
        let (alone, together): (Vec<&Case>, Vec<&Case>) =
            self.0.iter().partition(|case| case.is_alone());
        let outcome = Mutex::new(Outcome::default());
        let at_once = tools::cores() * AT_ONCE;
        run_all(&together, system, environment, at_once, &outcome)?;
        run_all(&alone, system, environment, 1, &outcome)?;
        outcome.into_inner().map_err(|_| "a thread panicked".into())
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

/// Runs cases, some at once, says of each how it went, and adds that to the outcome.
fn run_all(
    cases: &[&Case],
    system: &System,
    environment: &[&str],
    at_once: usize,
    outcome: &Mutex<Outcome>,
) -> Result<()> {
    tools::at_once(cases, at_once, |case| {
        let start = Instant::now();
        let out = case.run(system, environment)?;
        let said = String::from_utf8_lossy(&out.stdout);
        // A case that is not found is none that passed.
        let result = match case.test {
            Some(_) => "test result: ok. 1 passed",
            None => "test result: ok. ",
        };
        let passed = said.contains(result) && out.status.success();
        tell(case, system, &out, passed, start.elapsed());
        let mut outcome = outcome.lock().map_err(|_| "a thread panicked")?;
        match passed {
            true => outcome.passed += 1,
            false => outcome
                .failures
                .push(format!("{} on {}", case.name, system.name)),
        }
        let lines = said.lines().filter(|_| case.is_program);
        let lines = lines.filter_map(|line| line.strip_prefix("program ")?.split_once(": "));
        let lines = lines.map(|(program, words)| (program.to_owned(), words.to_owned()));
        outcome.programs.extend(lines);
        Ok(())
    })
}

/// Prints how a case went; one that failed with how to run it again, and with what it said.
fn tell(case: &Case, system: &System, out: &Output, passed: bool, time: Duration) {
    let (name, seconds) = (&case.name, time.as_secs_f32());
    let option = if case.is_program { "--programs " } else { "" };
    let mut text = match passed {
        true => format!("ok     {seconds:>5.1} s  {name}\n"),
        false => format!(
            "FAILED {seconds:>5.1} s  {name} on {0}; again, alone: cargo xtask test {option}{name} --on {0}\n",
            system.name
        ),
    };
    if !passed {
        for stream in [&out.stdout, &out.stderr] {
            for line in String::from_utf8_lossy(stream).lines() {
                text += &format!("    {line}\n");
            }
        }
    }
    // In one piece: others print, too.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
