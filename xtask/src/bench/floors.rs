//! The floors: C programs that do the least that the same work can be done with, and the programs
//! that put the same load on both.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use lab::Result;

use crate::tools;

/// The sources: a name, its text, and the pkg-config module that it needs. What needs none is
/// linked statically.
const SOURCES: [(&str, &str, Option<&str>); 7] = [
    ("ask", include_str!("floors/ask.c"), None),
    ("spawn", include_str!("floors/spawn.c"), None),
    ("serve", include_str!("floors/serve.c"), None),
    ("load", include_str!("floors/load.c"), None),
    ("bus", include_str!("floors/bus.c"), Some("dbus-1")),
    (
        "streams",
        include_str!("floors/streams.c"),
        Some("libpipewire-0.3"),
    ),
    ("first", include_str!("floors/first.c"), None),
];
const HEADER: &str = include_str!("floors/frames.h");

/// Compiled floors.
#[derive(Clone)]
pub struct Floors {
    folder: PathBuf,
}

impl Floors {
    /// Compiles them all.
    pub fn compile() -> Result<Self> {
        let folder = tools::target_folder()?.join("bench");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("frames.h"), HEADER)?;
        for (name, text, module) in SOURCES {
            let source = folder.join(name).with_extension("c");
            fs::write(&source, text)?;
            let mut cc = Command::new("cc");
            cc.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]);
            cc.arg(folder.join(name)).arg(&source);
            match module {
                None => drop(cc.arg("-static")),
                Some(module) => drop(cc.args(flags(module)?)),
            }
            tools::run(&mut cc)?;
        }
        Ok(Self { folder })
    }

    /// Where one of them is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs the commands in turn, A B A B …, so many times, and returns the runs of each. `spawn` is
    /// to run them where they find what they need.
    pub fn in_turn(
        mut spawn: Command,
        rounds: u32,
        commands: &[Vec<String>],
    ) -> Result<Vec<Vec<Run>>> {
        spawn.arg(rounds.to_string());
        for command in commands {
            spawn.arg(";").args(command);
        }
        let mut runs = vec![Vec::new(); commands.len()];
        for line in tools::output(&mut spawn)?.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [which, time, peak] = words[..] else {
                return Err("spawn printed something else".into());
            };
            let run = Run {
                milliseconds: time.parse::<f64>()? / 1e6,
                peak: peak.parse()?,
            };
            runs[which.parse::<usize>()?].push(run);
        }
        Ok(runs)
    }
}

/// A program from its start to its end.
#[derive(Clone, Copy)]
pub struct Run {
    /// How long that took.
    pub milliseconds: f64,
    /// The most memory that it had, in KiB.
    pub peak: f64,
}

fn flags(module: &str) -> Result<Vec<String>> {
    let mut command = Command::new("pkg-config");
    let flags = tools::output(command.args(["--cflags", "--libs", module]))?;
    Ok(flags.split_whitespace().map(str::to_owned).collect())
}

/// What a command prints, a number a line.
pub fn numbers(command: &mut Command) -> Result<Vec<f64>> {
    let text = tools::output(command)?;
    Ok(text
        .lines()
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()?)
}
