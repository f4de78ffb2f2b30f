//! Processes that run beside others: what each has said is printed in one piece when it has ended.

use std::io::Write;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lab::Result;

use crate::tools;

/// A process whose success is a check that has passed.
pub struct Job {
    /// What `cargo xtask test` runs it again by, alone.
    name: String,
    command: Command,
    /// What it prints if it succeeds.
    says: &'static str,
}

impl Job {
    pub fn new(name: &str, command: Command) -> Self {
        Self {
            name: name.to_owned(),
            command,
            says: "",
        }
    }

    /// The same, which fails unless it prints this.
    pub fn that_says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    /// Prints how it went; of one that failed also how to run it again, and what it said.
    fn tell(&self, out: &Output, passed: bool, time: Duration) {
        let (name, seconds) = (&self.name, time.as_secs_f32());
        let mut text = match passed {
            true => format!("ok     {seconds:>5.1} s  {name}\n"),
            false => {
                format!("FAILED {seconds:>5.1} s  {name}; again, alone: cargo xtask test {name}\n")
            }
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
}

/// How jobs went.
#[derive(Default)]
pub struct Outcome {
    /// The names of those that failed.
    pub failures: Vec<String>,
    /// Programs that were played with, each with what there is to say of it.
    pub programs: Vec<(String, String)>,
}

impl Outcome {
    pub fn add(&mut self, other: Self) {
        self.failures.extend(other.failures);
        self.programs.extend(other.programs);
    }
}

/// Runs jobs, so many at once, and prints of each how it went.
pub fn run(jobs: Vec<Job>, at_once: usize) -> Result<Outcome> {
    let outcome = Mutex::new(Outcome::default());
    tools::at_once(jobs, at_once, |mut job| {
        let start = Instant::now();
        let out = job.command.output()?;
        let said = String::from_utf8_lossy(&out.stdout);
        let passed = out.status.success() && said.contains(job.says);
        job.tell(&out, passed, start.elapsed());
        let lines = said.lines();
        let lines = lines.filter_map(|line| line.strip_prefix("program ")?.split_once(": "));
        let mut outcome = outcome.lock().map_err(|_| "a thread panicked")?;
        let programs = lines.map(|(program, words)| (program.to_owned(), words.to_owned()));
        outcome.programs.extend(programs);
        if !passed {
            outcome.failures.push(job.name);
        }
        Ok(())
    })?;
    outcome.into_inner().map_err(|_| "a thread panicked".into())
}
