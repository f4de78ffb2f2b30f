//! The test cases, each in a process and a system of its own: some at once, those that measure load,
//! wake-ups or leaks alone. The unit tests of a crate are one case.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

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
/// nothing beside.
const QUIET: [&str; 9] = [
    "awaited::no_program",
    "glide::a_jump_from_end_to_end_steps_at_least_12_db_less_than_an_instant_one_at_a_quantum_of_256",
    "leaks_no_sample",
    "patterns::two_programs_that_say_the_same",
    "streams::a_stream_sent_to_the_wrong_channel",
    "targets::a_move_in_a_mixer_is_the_users",
    "targets::a_program_that_names_the_default_sink",
    "two_cards::what_happens_to_the_aux_channels_card",
    "unmanaged::a_change_of_the_list_and_a_silenced_program",
];

/// How many cases run at once for each processor: most of their time they wait for sound.
const AT_ONCE: usize = 2;

/// A test case.
pub struct Case {
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

/// What is asked for.
pub struct Asked {
    /// Parts of the names of cases; all cases if there is none.
    pub names: Vec<String>,
    pub which: Which,
}

/// A build of the tests, and of the programs that they run, which goes on beside what is there already.
pub struct Build {
    thread: JoinHandle<Result<()>>,
    cases: Receiver<Case>,
}

impl Build {
    /// Begins to build, in what others leave of the processor: the cases run meanwhile.
    pub fn begin(asked: Asked) -> Result<Self> {
        // With one choice of features for all, so that nothing is compiled twice.
        let mut cargo = tools::idle(&tools::cargo(
            "test --workspace --no-run --locked --quiet --message-format=json-render-diagnostics",
        ));
        println!("\n== build");
        let cargo = cargo.stdout(Stdio::piped()).spawn()?;
        let (sender, cases) = mpsc::channel();
        let thread = thread::spawn(move || follow(cargo, &asked, &sender));
        Ok(Self { thread, cases })
    }

    /// The cases that were asked for, as soon as what they need is built; and what waits for the end of
    /// the build.
    pub fn cases(self) -> (impl Iterator<Item = Case>, impl FnOnce() -> Result<()>) {
        let end = || self.thread.join().map_err(|_| "a thread panicked")?;
        (self.cases.into_iter(), end)
    }
}

/// Sends the cases of a build that goes on; those of integration tests when all is there that they may
/// start.
fn follow(mut cargo: Child, asked: &Asked, sender: &Sender<Case>) -> Result<()> {
    let start = Instant::now();
    let mut missing = BTreeSet::from(["mixd", "mixctl", "watch"]);
    let mut waiting = Vec::new();
    let out: Option<ChildStdout> = cargo.stdout.take();
    for line in out.into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let message: Value = serde_json::from_str(&line?)?;
        let Some(program) = message["executable"].as_str() else {
            continue;
        };
        let target = &message["target"];
        if message["profile"]["test"] != true {
            missing.remove(target["name"].as_str().unwrap_or_default());
        }
        waiting.extend(cases_of(&message, Path::new(program), asked)?);
        // Nobody listens any more once something has failed.
        for case in waiting.extract_if(.., |case| missing.is_empty() || case.test.is_none()) {
            let _ = sender.send(case);
        }
    }
    if !cargo.wait()?.success() {
        return Err("the tests do not build".into());
    }
    println!("ok     {:>5.1} s  build", start.elapsed().as_secs_f32());
    Ok(())
}

/// The cases that were asked for of a program that cargo says that it has built.
fn cases_of(message: &Value, program: &Path, asked: &Asked) -> Result<Vec<Case>> {
    let target = &message["target"];
    // Others are programs that the tests run.
    if message["profile"]["test"] != true {
        return Ok(Vec::new());
    }
    let source = target["src_path"].as_str().unwrap_or_default();
    // …/mixd/tests/audio.rs, …/mixd/src/lib.rs
    let folder = Path::new(source).ancestors().nth(2);
    let folder = folder.and_then(Path::file_name).unwrap_or_default();
    let folder = folder.to_string_lossy();
    let file = target["name"].as_str().unwrap_or_default();
    let is_program = asked.which == Which::Programs;
    let add = |name: String, test, user| Case {
        name,
        program: program.into(),
        test,
        user,
        is_program,
    };
    let mut cases = Vec::new();
    if target["kind"][0] == "test" {
        let text = fs::read_to_string(source).map_err(|error| format!("read {source}: {error}"))?;
        let shows = text.contains("desktop::");
        let plays = text.contains("mod stage;") || text.contains("Lab::");
        let is_meant = match asked.which {
            Which::All => true,
            Which::Playing => plays && !shows,
            Which::Programs => (&*folder, file) == ("mixd", "programs"),
        };
        // Browsers refuse root.
        let user = match shows || is_program {
            true => User::Ordinary,
            false => User::Root,
        };
        if is_meant {
            for test in tests(program, is_program)? {
                cases.push(add(format!("{folder}/{file}::{test}"), Some(test), user));
            }
        }
    } else if asked.which == Which::All {
        let kind = target["kind"][0].as_str().unwrap_or_default();
        cases.push(add(format!("{folder}/{kind}-{file}"), None, User::Root));
    }
    let names: Vec<&str> = asked.names.iter().map(String::as_str).collect();
    cases.retain(|case| names.is_empty() || case.is_one_of(&names));
    Ok(cases)
}

/// Runs cases in a system with these variables as they come, then `last`, beside what `beside` does; at
/// the end those that want the machine for themselves. Returns how they went, and the cases.
pub fn run(
    cases: impl Iterator<Item = Case> + Send,
    system: &System,
    environment: &[&str],
    last: Vec<Job>,
    beside: impl FnOnce() -> Result<Outcome> + Send,
) -> Result<(Outcome, Vec<Case>)> {
    // Where pictures go that tests take, whoever they run as.
    let pictures = tools::target_folder()?.join("pictures");
    let script = "mkdir -p \"$1\" && chmod 1777 \"$1\"";
    tools::run(Command::new("sh").args(["-c", script, "sh"]).arg(pictures))?;
    let job = |case: &Case| case.job(system, environment);
    let (mut now, mut alone, mut quiet) = (Vec::new(), Vec::new(), Vec::new());
    let pool = cases.filter_map(|case| {
        let (is_alone, job) = (case.is_program || case.is_one_of(&ALONE), job(&case));
        let later = match is_alone {
            true => &mut alone,
            false if case.is_one_of(&QUIET) => &mut quiet,
            false => {
                now.push(case);
                return Some(job);
            }
        };
        later.push(case);
        None
    });
    let mut outcome = thread::scope(|scope| {
        let beside = scope.spawn(beside);
        let mut outcome = job::run(pool.chain(last), tools::cores() * AT_ONCE)?;
        outcome.add(beside.join().map_err(|_| "a thread panicked")??);
        Result::Ok(outcome)
    })?;
    outcome.add(job::run(quiet.iter().map(job), tools::cores())?);
    outcome.add(job::run(alone.iter().map(job), 1)?);
    now.extend(quiet);
    now.extend(alone);
    Ok((outcome, now))
}

/// The names of the tests in a program that a run without `--ignored` runs, or else of the others.
fn tests(program: &Path, ignored: bool) -> Result<BTreeSet<String>> {
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
