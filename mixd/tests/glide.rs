//! A change of volume does not click.
#![allow(clippy::unwrap_used)]

mod stage;

use std::time::Duration;

use stage::Stage;
use xtask::lab::Lab;
use xtask::level::{decibels, write_tone};

/// How many times the volume jumps from one end to the other: an instant jump clicks as the sine
/// stands, so one alone may be lucky.
const JUMPS: usize = 10;

/// How often a glide is measured at most.
const TRIES: usize = 4;

/// The largest step in what reaches the card while the volume jumps.
fn largest_step(glide: &str, quantum: &str) -> f64 {
    let stage = Stage::set_in(Lab::start().unwrap(), &["--glide", glide]);
    let file = stage.lab.path("full.wav");
    write_tone(&file, 50.0, 1.0, 60).unwrap();
    let args = ["--latency", quantum];
    let _player = stage.lab.play_native("Game", &file, &args).unwrap();
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.set_volume("-1");
    // Of a quantum of its own, the recorder would make the graph's shorter.
    let recorder = stage.lab.record("card-a").unwrap();
    for jump in 0..JUMPS {
        // Not in step with the tone's period.
        std::thread::sleep(Duration::from_millis(297 + 7 * jump as u64));
        let volume = if jump % 2 == 0 { "1" } else { "-1" };
        stage.mixd.ctl(&["set-volume", volume]).unwrap();
    }
    std::thread::sleep(Duration::from_millis(400));
    let recording = recorder.stop().unwrap();
    // It begins in the middle of the tone, with a step.
    f64::from(recording.without_start(2).largest_step())
}

#[test]
fn a_jump_from_end_to_end_steps_at_least_12_db_less_than_an_instant_one() {
    for quantum in ["256", "1024", "2048"] {
        let instant = largest_step("0", quantum);
        // A busy machine drops a quantum, and that is a step as well. A glide that clicks does so
        // every time.
        let mut gliding = f64::INFINITY;
        for _ in 0..TRIES {
            gliding = gliding.min(largest_step("60", quantum));
            if decibels(instant / gliding) >= 12.0 {
                break;
            }
        }
        let better = decibels(instant / gliding);
        println!(
            "quantum {quantum}: largest step {instant:.3} at once, {gliding:.3} gliding, \
             {better:.1} dB less"
        );
        assert!(instant > 0.5, "an instant jump clicks: {instant}");
        assert!(better >= 12.0, "quantum {quantum}: only {better} dB less");
    }
}

#[test]
fn after_a_glide_nothing_wakes_it() {
    let stage = Stage::set();
    let _players = stage.play_both();
    stage.set_volume("0.5");
    // The volume is saved a second later.
    std::thread::sleep(Duration::from_secs(2));
    let before = stage.mixd.process.context_switches().unwrap();
    std::thread::sleep(Duration::from_secs(5));
    let count = stage.mixd.process.context_switches().unwrap() - before;
    println!("{count} context switches in 5 s");
    assert!(count <= 2, "{count} context switches in 5 s");
}
