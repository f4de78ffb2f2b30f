//! From the start of the command that a key runs to the sound at the card: a playing program is sent away
//! from what is heard.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lab::Result;
use lab::level::write_tone;
use lab::process::{Process, wait_for};
use lab::{Lab, Recorder, TIMEOUT};

use super::Bench;
use super::report::Case;
use super::sample::{Sample, quantile};

/// How long nothing is done between two moves.
const PAUSE: Duration = Duration::from_millis(300);
/// How long is waited for what a move does.
const MOST: Duration = Duration::from_secs(2);

/// A sink's monitor, as it is recorded.
pub struct Monitor {
    // Ended when this is dropped.
    _recorder: Recorder,
    file: File,
}

impl Monitor {
    /// Records a sink.
    pub fn open(lab: &Lab, sink: &str) -> Result<Self> {
        let recorder = lab.record(sink)?;
        let file = File::open(recorder.file())?;
        Ok(Self {
            _recorder: recorder,
            file,
        })
    }

    /// How many milliseconds pass from the start of a command until the sound begins, or ends; none if
    /// it does not.
    pub fn time(&mut self, command: &mut Command, begins: bool) -> Result<Option<f64>> {
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
                break Some(start.elapsed().as_secs_f64() * 1e3);
            }
            if start.elapsed() > MOST {
                break None;
            }
            std::thread::sleep(Duration::from_micros(200));
        };
        let status = child.wait()?;
        if !status.success() {
            return Err(format!("{}: {status}", command.get_program().display()).into());
        }
        std::thread::sleep(PAUSE);
        Ok(took)
    }
}

/// Plays silence to `card-a`, by way of a sink: a card that nothing plays to records nothing, no silence either.
pub fn play_silence(lab: &Lab, sink: &str) -> Result<Process> {
    let silence = lab.path("silence.wav");
    write_tone(&silence, 440.0, 0.0, 600)?;
    let player = lab.play_native("silence", &silence, &["--target", "card-a"])?;
    lab.wait_for_route("silence", sink)?;
    Ok(player)
}

/// `mixctl move` to the channel that is silent, beside `pactl move-sink-input` to another card.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let (with, without) = (Lab::start()?, Lab::start()?);
    let mixd = bench.mixd(&with)?;
    mixd.ctl(&["set-volume", "-1"])?;
    let play = |lab: &Lab, name: &str| {
        let tone = lab.path("tone.wav");
        write_tone(&tone, 440.0, 0.25, 600)?;
        lab.play_pulse(name, &tone, &[])
    };
    let _player = play(&with, "bench")?;
    with.wait_for_route("bench", "mixd-default")?;
    let _silent = play_silence(&without, "card-a")?;
    let (mut ours_at, mut theirs_at) = (
        Monitor::open(&with, "card-a")?,
        Monitor::open(&without, "card-a")?,
    );
    std::thread::sleep(PAUSE);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..bench.rounds(100) {
        let to = |channel| {
            let mut command = mixd.mixctl();
            command.args(["move", "bench", channel]);
            command.stdout(Stdio::null());
            command
        };
        for (channel, begins) in [("aux", false), ("default", true)] {
            let took = ours_at.time(&mut to(channel), begins)?;
            let took = took.ok_or("mixctl has moved nothing")?;
            if !begins {
                ours.push(took);
            }
        }
        // Another program each time: the session manager sends one that it knows to where it was last.
        let name = format!("bench-{round}");
        let player = play(&without, &name)?;
        let input = || {
            let inputs = without.output("pactl", &["list", "sink-inputs"])?;
            let mut inputs = inputs.split("Sink Input #").skip(1);
            let ours = inputs.find(|input| input.contains(&name));
            Ok(ours.and_then(|input| input.lines().next().map(str::to_owned)))
        };
        let input = wait_for("the sink input", TIMEOUT, input)?;
        std::thread::sleep(PAUSE);
        let mut command = without.command("pactl");
        command.args(["move-sink-input", &input, "card-b"]);
        theirs.extend(theirs_at.time(&mut command, false)?);
        drop(player);
    }
    // On PipeWire 0.3.65 it happens that pactl ends well and nothing moves.
    println!("   pactl moved {} of {}", theirs.len(), ours.len());
    let case = |(name, share): (&str, f64)| {
        let of = |times: &[f64]| Sample::once(quantile(times, share));
        let case = Case::new("move", name, "ms", of(&ours));
        case.peer("pactl move-sink-input", of(&theirs), None)
    };
    Ok([("p50", 0.5), ("p99", 0.99)].map(case).into())
}
