//! `cargo xtask test`: every check, in the order of their cost.

use std::time::{Duration, Instant};

use lexopt::{Arg, Parser};
use xtask::Result;

use crate::{debian13, demo, dist, fuzz, leftovers, setup, tools};

/// What cargo is called with, and for what.
const STEPS: &[(&str, &[&str])] = &[
    ("format", &["fmt", "--all", "--check"]),
    (
        "lints",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    ),
    (
        "lints without PipeWire",
        &[
            "clippy",
            "-p",
            "mixd",
            "--no-default-features",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    ),
    (
        "build",
        &["build", "--workspace", "--all-targets", "--locked"],
    ),
    (
        "unit tests",
        &["test", "--workspace", "--locked", "--lib", "--bins"],
    ),
    (
        "examples in the documentation",
        &["test", "--workspace", "--locked", "--doc"],
    ),
    (
        "tests against real programs",
        // One at a time: each measures something, and has a machine of its own to do it on.
        &[
            "test",
            "--workspace",
            "--locked",
            // One that fails does not hide the next.
            "--no-fail-fast",
            "--test",
            "*",
            "--",
            "--test-threads",
            "1",
        ],
    ),
    (
        "documentation",
        &["doc", "--workspace", "--no-deps", "--locked"],
    ),
];

/// How long each fuzz target runs.
const FUZZ_SECONDS: u32 = 10;

/// Reads the rest of the command line, and does it.
pub fn command(mut rest: Parser) -> Result<()> {
    let mut there_too = false;
    while let Some(argument) = rest.next()? {
        match argument {
            Arg::Long("debian13") => there_too = true,
            argument => return Err(argument.unexpected().into()),
        }
    }
    if there_too { debian13::test() } else { test() }
}

/// Runs every check; stops at the first that fails.
fn test() -> Result<()> {
    let start = Instant::now();
    let mut times: Vec<(&str, Duration)> = Vec::new();
    let mut step = |name: &'static str, check: &mut dyn FnMut() -> Result<()>| -> Result<()> {
        let start = Instant::now();
        check().map_err(|error| format!("{name} failed: {error}"))?;
        times.push((name, start.elapsed()));
        Ok(())
    };
    step("setup", &mut setup::setup)?;
    for (name, args) in STEPS {
        println!("\n== {name}: cargo {}", args.join(" "));
        let mut command = tools::cargo();
        command.args(*args).env("RUSTDOCFLAGS", "-D warnings");
        if args.first() == Some(&"test") {
            leftovers::mark(&mut command);
        }
        step(name, &mut || tools::run(&mut command))?;
    }
    println!("\n== nothing is left running");
    step("nothing is left running", &mut leftovers::none_is_left)?;
    println!("\n== fuzz targets, {FUZZ_SECONDS} s each");
    step("fuzz targets", &mut || fuzz::smoke(FUZZ_SECONDS))?;
    println!("\n== what is installed");
    step("what is installed", &mut dist::check::check)?;
    println!("\n== demo");
    step("demo", &mut demo::demo)?;
    println!(
        "\nAll checks passed in {:.0} s:",
        start.elapsed().as_secs_f32()
    );
    for (name, time) in &times {
        println!("  {:>6.1} s  {name}", time.as_secs_f32());
    }
    println!("{} passed, 0 failed", times.len());
    Ok(())
}
