//! A card goes, and comes back: until the program that plays to it is heard on the default card, and no
//! longer.

use std::process::Command;

use lab::level::write_tone;
use lab::process::Process;
use lab::{Lab, Result, STEREO};

use super::Bench;
use super::moves::{Monitor, play_silence};
use super::report::Case;
use super::sample::{Sample, quantile};

/// How long a channel may take to follow its card, in milliseconds.
const FOLLOW: f64 = 200.0;

/// A session in which a program plays to `card-b`, and the default card is listened to.
struct Side {
    lab: Lab,
    monitor: Monitor,
    // Ended when these are dropped.
    _players: [Process; 2],
}

impl Side {
    /// In a session where something has `player` play to `card-b`, and what asks for `card-a` to `sink`.
    fn listen(lab: Lab, player: Process, sink: &str) -> Result<Self> {
        let silent = play_silence(&lab, sink)?;
        let monitor = Monitor::open(&lab, "card-a")?;
        Ok(Self {
            lab,
            monitor,
            _players: [player, silent],
        })
    }

    /// Takes `card-b` away and gives it back. Returns how many milliseconds each took to be heard; none where
    /// nothing follows.
    fn turn(&mut self) -> Result<[Option<f64>; 2]> {
        let lab = &self.lab;
        let card = lab.dump()?.node("card-b").ok_or("no card-b to unplug")?;
        let cli = |args: &[&str]| {
            let mut command = lab.command("pw-cli");
            command.args(args).stdout(std::process::Stdio::null());
            command
        };
        let mut unplug = cli(&["destroy", &card.to_string()]);
        let mut plug = cli(&["create-node", "adapter", &STEREO[1].properties()]);
        let mut time = |command: &mut Command, begins| self.monitor.time(command, begins);
        Ok([time(&mut unplug, true)?, time(&mut plug, false)?])
    }
}

/// The aux channel, whose card it is, beside a program that asks the session manager for that card.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let play = |lab: &Lab, args: &[&str]| {
        let tone = lab.path("tone.wav");
        write_tone(&tone, 440.0, 0.25, 600)?;
        lab.play_native("bench", &tone, args)
    };
    let with = Lab::start()?;
    let mixd = bench.mixd(&with)?;
    mixd.ctl(&["add-program", "bench"])?;
    mixd.ctl(&["output", "aux", "card-b"])?;
    let player = play(&with, &[])?;
    with.wait_for_route("bench", "mixd-aux")?;
    let mut ours = Side::listen(with, player, "mixd-default")?;
    let without = Lab::start()?;
    let player = play(&without, &["--target", "card-b"])?;
    without.wait_for_route("bench", "card-b")?;
    let mut theirs = Side::listen(without, player, "card-a")?;
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds(30) {
        our_times.push(ours.turn()?);
        their_times.push(theirs.turn()?);
    }
    let followed = our_times.iter().flatten().flatten().count();
    println!(
        "   aux followed in {followed} of {} changes",
        2 * our_times.len()
    );
    let mut cases = Vec::new();
    for (at, what) in ["goes", "comes back"].into_iter().enumerate() {
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let of = |times: &[[Option<f64>; 2]]| {
                let times: Vec<f64> = times.iter().filter_map(|pair| pair[at]).collect();
                (!times.is_empty()).then(|| Sample::once(quantile(&times, share)))
            };
            let ours = of(&our_times).ok_or("aux does not follow its card")?;
            let case = Case::new("card", format!("{what}, {name}"), "ms", ours).limit(FOLLOW);
            cases.push(match of(&their_times) {
                Some(theirs) => case.peer("WirePlumber alone", theirs, None),
                // WirePlumber 0.4 leaves it on the other card.
                None => case,
            });
        }
    }
    Ok(cases)
}
