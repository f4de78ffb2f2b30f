//! Sizes on the disk, and how long a start takes.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use lab::Lab;
use lab::Result;
use lab::desktop::{Desktop, Xvfb};
use lab::mixd::unused_socket;
use lab::process::Process;
use wire::{Client, Name, Request};

use super::Bench;
use super::floors::numbers;
use super::report::Case;
use super::sample::Sample;

/// The three programs.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (program, limit) in [("mixctl", 500.0), ("mixd", 1024.0), ("mixview", 6144.0)] {
        let what = format!("{program}, on the disk");
        let length = fs::metadata(bench.program(program))?.len();
        let size = Sample::once(length as f64 / 1024.0);
        cases.push(Case::new("size", what, "KiB", size).limit(limit));
    }
    let lab = Lab::start()?;
    let answer: Vec<f64> = (0..bench.rounds(30))
        .map(|_| first_answer(bench, &lab))
        .collect::<Result<_>>()?;
    let what = "mixd, start to first answer";
    let case = Case::new("size", what, "ms", Sample::median(&answer));
    cases.push(case.limit(100.0));
    cases.push(first_frame(bench, &lab)?);
    Ok(cases)
}

/// In milliseconds.
fn first_answer(bench: &Bench, lab: &Lab) -> Result<f64> {
    let socket = unused_socket();
    let mut command = lab.command(bench.program("mixd"));
    command.args(["--socket", &socket]);
    let name = Name::parse(socket.as_ref())?;
    let log = lab.path("mixd.log");
    let start = Instant::now();
    let _mixd = Process::start_logged(&mut command, &log)?;
    loop {
        let answer = Client::connect(&name, "bench")
            .and_then(|mut client| client.request(&Request::GetVolume));
        if answer.is_ok() {
            return Ok(start.elapsed().as_secs_f64() * 1e3);
        }
        if start.elapsed() > lab::TIMEOUT {
            return Err(format!("mixd did not answer; see {}", log.display()).into());
        }
    }
}

fn first_frame(bench: &Bench, lab: &Lab) -> Result<Case> {
    let mixd = bench.mixd(lab)?;
    let screen = Xvfb::start(lab, 900, 700)?;
    let first = |program: &Path, args: &[&str]| -> Result<f64> {
        let mut command: Command = screen.command(lab, &bench.floors.path("first"));
        command.arg(screen.screen()).arg(program).args(args);
        let times = numbers(&mut command)?;
        std::io::stdout().flush()?;
        times
            .first()
            .map(|time| time / 1e6)
            .ok_or_else(|| "first printed nothing".into())
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds(15) {
        let socket = ["--socket", mixd.socket()];
        ours.push(first(&bench.program("mixview"), &socket)?);
        theirs.push(first(Path::new("pavucontrol"), &[])?);
    }
    let what = "mixview, start to first frame on Xvfb";
    let case = Case::new("size", what, "ms", ours);
    Ok(case.limit(100.0).peer("pavucontrol", theirs, None))
}
