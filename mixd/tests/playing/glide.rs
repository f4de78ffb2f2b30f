//! A change of volume does not click.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use lab::Lab;
use lab::level::{decibels, write_tone};
use lab::mixd::Mixd;
use rustix::process::Signal;

use crate::stage::{Stage, mixd_program};

/// How many times the volume jumps from one end to the other: an instant jump clicks as the sine
/// stands, so one alone may be lucky.
const JUMPS: usize = 16;

/// The step that is judged by: the third largest of the jumps'. In two of them a busy machine may
/// have dropped a quantum, which is a step as well.
const JUDGED: usize = JUMPS - 3;

/// How often a glide is measured at most.
const TRIES: usize = 4;

/// How large a step is in what reaches the card when the volume jumps from end to end.
fn step(stage: &Stage) -> f64 {
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.set_volume("-1");
    // Of a quantum of its own, the recorder would make the graph's shorter.
    let recorder = stage.lab.record("card-a").unwrap();
    let start = Instant::now();
    let jumps: Vec<Duration> = (0..JUMPS)
        .map(|jump| {
            // Not in step with the tone's period.
            std::thread::sleep(Duration::from_millis(397 + 7 * jump as u64));
            let volume = if jump % 2 == 0 { "1" } else { "-1" };
            stage.mixd.ctl(&["set-volume", volume]).unwrap();
            start.elapsed()
        })
        .collect();
    std::thread::sleep(Duration::from_millis(400));
    let recording = recorder.stop().unwrap();
    // It has begun a moment before it was seen to run: some way off each jump in either direction.
    let (before, after) = (Duration::from_millis(50), Duration::from_millis(330));
    let around = |at: Duration| recording.between(at.saturating_sub(before), at + after);
    let mut steps: Vec<f64> = jumps
        .into_iter()
        .map(|at| f64::from(around(at).largest_step()))
        .collect();
    steps.sort_by(f64::total_cmp);
    println!("{steps:.3?}");
    steps[JUDGED]
}

/// Compares a glide with a jump at once, in a graph of this quantum.
fn glides(quantum: &str) {
    let mut stage = Stage::set_in(Lab::start().unwrap(), &["--glide", "0"]);
    let file = stage.lab.path("full.wav");
    write_tone(&file, 50.0, 1.0, 60).unwrap();
    let args = ["--latency", quantum];
    let _player = stage.lab.play_native("Game", &file, &args).unwrap();
    let instant = step(&stage);
    stage.mixd.end(Signal::TERM).unwrap();
    stage.mixd = Mixd::start_with(&stage.lab, &mixd_program(), &["--glide", "60"]).unwrap();
    // A glide that clicks does so every time.
    let mut gliding = f64::INFINITY;
    for _ in 0..TRIES {
        gliding = gliding.min(step(&stage));
        if decibels(instant / gliding) >= 12.0 {
            break;
        }
    }
    let better = decibels(instant / gliding);
    println!("a step of {instant:.3} at once, {gliding:.3} gliding, {better:.1} dB less");
    assert!(instant > 0.5, "an instant jump clicks: {instant}");
    assert!(better >= 12.0, "only {better} dB less");
}

#[test]
fn a_jump_from_end_to_end_steps_at_least_12_db_less_than_an_instant_one_at_a_quantum_of_256() {
    glides("256");
}

#[test]
fn a_jump_from_end_to_end_steps_at_least_12_db_less_than_an_instant_one_at_a_quantum_of_1024() {
    glides("1024");
}

#[test]
fn a_jump_from_end_to_end_steps_at_least_12_db_less_than_an_instant_one_at_a_quantum_of_2048() {
    glides("2048");
}

#[test]
fn after_a_glide_nothing_wakes_it() {
    let stage = Stage::set();
    let _players = stage.play_both();
    stage.set_volume("0.5");
    // The volume is saved a second later.
    std::thread::sleep(Duration::from_secs(2));
    let count = stage.mixd.process.wakeups_in(Duration::from_secs(5));
    assert!(count.unwrap() <= 2);
}
