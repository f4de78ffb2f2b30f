//! From the start of the command that a key runs to the sound at the card: a playing program is sent away
//! from what is heard, and back.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::Command;
use std::time::{Duration, Instant};

use xtask::Result;
use xtask::lab::{Lab, PATIENCE, Recorder};
use xtask::level::write_tone;
use xtask::process::wait_for;

use super::Bench;
use super::report::{Case, Unit};
use super::sample::{Sample, quantile};

/// How long nothing is done between two moves.
const PAUSE: Duration = Duration::from_millis(300);

/// What a card is sent, as it is recorded.
struct Ear {
    // Ended when this is dropped.
    _recorder: Recorder,
    file: File,
}

impl Ear {
    fn open(lab: &Lab) -> Result<Self> {
        let recorder = lab.record("card-a")?;
        let file = File::open(recorder.file())?;
        Ok(Self {
            _recorder: recorder,
            file,
        })
    }

    /// How many milliseconds pass from the start of a command until the sound begins, or ends.
    fn time(&mut self, command: &mut Command, begins: bool) -> Result<f64> {
        self.file.seek(SeekFrom::End(0))?;
        let start = Instant::now();
        let mut child = command.spawn()?;
        let mut bytes = Vec::new();
        let took = loop {
            bytes.clear();
            self.file.read_to_end(&mut bytes)?;
            // A quantum of a tone is not silent, and one of silence is nothing else.
            let is_loud = bytes.iter().any(|&byte| byte != 0);
            if !bytes.is_empty() && is_loud == begins {
                break start.elapsed();
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("{command:?} has moved nothing").into());
            }
            std::thread::sleep(Duration::from_micros(200));
        };
        let status = child.wait()?;
        if !status.success() {
            return Err(format!("{command:?}: {status}").into());
        }
        std::thread::sleep(PAUSE);
        Ok(took.as_secs_f64() * 1e3)
    }
}

/// `mixctl move` to the channel that is silent and back, beside `pactl move-sink-input` to another card
/// and back.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let (with, without) = (Lab::start()?, Lab::start()?);
    let mixd = bench.mixd(&with)?;
    mixd.ctl(&["set-volume", "-1"])?;
    let play = |lab: &Lab| {
        let tone = lab.path("tone.wav");
        write_tone(&tone, 440.0, 0.25, 600)?;
        lab.play_pulse("bench", &tone, &[])
    };
    let _players = [play(&with)?, play(&without)?];
    with.wait_for_route("bench", "mixd-default")?;
    without.wait_for_route("bench", "card-a")?;
    let listed = || {
        let inputs = without.output("pactl", &["list", "short", "sink-inputs"])?;
        Ok(inputs.split_whitespace().next().map(str::to_owned))
    };
    let input = wait_for("the sink input", PATIENCE, listed)?;
    let (mut here, mut there) = (Ear::open(&with)?, Ear::open(&without)?);
    std::thread::sleep(PAUSE);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds(100) {
        for (channel, card, begins) in [("aux", "card-b", false), ("default", "card-a", true)] {
            let mut command = mixd.mixctl();
            command.args(["move", "bench", channel]);
            ours.push(here.time(command.stdout(std::process::Stdio::null()), begins)?);
            let mut command = without.command("pactl");
            command.args(["move-sink-input", &input, card]);
            theirs.push(there.time(&mut command, begins)?);
        }
    }
    let case = |(name, share): (&str, f64)| {
        let of = |times: &[f64]| Sample::once(quantile(times, share));
        let case = Case::new("move", name, Unit::Milliseconds, of(&ours));
        case.peer("pactl move-sink-input", of(&theirs), None)
    };
    Ok([("p50", 0.5), ("p99", 0.99)].map(case).into())
}
