//! A private PipeWire with a mixd in it, and two programs to play: what the tests of sound share.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::PathBuf;
use std::time::Duration;

use lab::level::{self, Recording, decibels};
use lab::mixd::Mixd;
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};

pub const GAME: f64 = 440.0;
pub const DISCORD: f64 = 1000.0;
pub const AMPLITUDE: f64 = 0.25;
/// Volumes, with the gains of the default and the aux channel at each.
pub const GAINS: [(&str, f64, f64); 5] = [
    ("-1", 1.0, 0.0),
    ("-0.25", 1.0, 0.75),
    ("0", 1.0, 1.0),
    ("0.5", 0.5, 1.0),
    ("1", 0.0, 1.0),
];
/// More samples than two quanta.
pub const QUANTA: usize = 2 * 1024 + 1;

/// The mixd under test: the one that was built, or an installed one that the variable names.
pub fn mixd_program() -> PathBuf {
    let installed = std::env::var_os("MIXD_PROGRAM");
    installed.map_or(env!("CARGO_BIN_EXE_mixd").into(), PathBuf::from)
}

pub struct Stage {
    // Ended before the lab.
    pub mixd: Mixd,
    pub game: PathBuf,
    pub discord: PathBuf,
    pub lab: Lab,
}

impl Stage {
    /// A lab with a mixd whose list is Discord, and two tones to play.
    pub fn set() -> Self {
        Self::set_in(Lab::start().unwrap(), &[])
    }

    /// The same in this lab, with a mixd of these options.
    pub fn set_in(lab: Lab, args: &[&str]) -> Self {
        let (game, discord) = tones(&lab);
        let mixd = Mixd::start_with(&lab, &mixd_program(), args).unwrap();
        mixd.ctl(&["add-program", "Discord"]).unwrap();
        Self {
            mixd,
            game,
            discord,
            lab,
        }
    }

    /// Sets the volume, and waits until the glide has ended.
    pub fn set_volume(&self, volume: &str) {
        self.mixd.ctl(&["set-volume", volume]).unwrap();
        std::thread::sleep(Duration::from_millis(400));
    }

    /// Waits until a line of `mixctl streams` begins so: by mixd's word, because while `pw-dump` binds the
    /// metadata PipeWire tells changes to `pw-dump` alone, and mixd's choice may take effect a second later.
    #[track_caller]
    pub fn wait_for_state(&self, line: &str) {
        let is_said = || {
            let streams = self.mixd.ctl(&["streams"])?;
            let mut lines = streams.lines();
            Ok(lines.any(|found| found.starts_with(line)).then_some(()))
        };
        if let Err(error) = wait_for(line, TIMEOUT, is_said) {
            let streams = self.mixd.ctl(&["streams"]);
            panic!("{error}: {streams:?}\n{}", self.mixd.log());
        }
    }

    /// Waits until `mixctl why` gives this reason, which mixd may know a second after the state, as the links tell
    /// of a move too.
    #[track_caller]
    pub fn wait_for_why(&self, name: &str, reason: &str) {
        let is_said = || {
            let said = self.mixd.ctl(&["why", name])?;
            Ok(said.contains(reason).then_some(()))
        };
        if let Err(error) = wait_for(reason, TIMEOUT, is_said) {
            let said = self.mixd.ctl(&["why", name]);
            panic!("{error}: {said:?}\n{}", self.mixd.log());
        }
    }

    pub fn play_both(&self) -> [Process; 2] {
        let game = self.lab.play_native("Game", &self.game, &[]).unwrap();
        let discord = self.lab.play_pulse("Discord", &self.discord, &[]).unwrap();
        self.lab.wait_for_route("Game", "mixd-default").unwrap();
        self.lab.wait_for_route("Discord", "mixd-aux").unwrap();
        [game, discord]
    }

    /// Starts a program whose channel has this sink, by PipeWire's or PulseAudio's client library in turn, and
    /// ends it. Returns whether a card that must not be sent it was sent a quantum of it, or two.
    #[track_caller]
    pub fn is_start_heard(&self, start: usize, sink: &str, card: &str) -> bool {
        let (name, file) = match sink {
            "mixd-aux" => ("Discord", &self.discord),
            _ => ("Game", &self.game),
        };
        let recorder = self.lab.record(card).unwrap();
        let player = match start % 2 {
            0 => self.lab.play_native(name, file, &[]),
            _ => self.lab.play_pulse(name, file, &[]),
        };
        self.wait_for_state(&format!("{}\trouted", sink.trim_start_matches("mixd-")));
        std::thread::sleep(Duration::from_millis(300));
        let recording = recorder.stop().unwrap();
        self.lab.wait_for_route(name, sink).unwrap();
        let loud = recording.loud_samples();
        let frames = recording.frames();
        println!("start {start}: {name} on {card}, {frames} frames, loud {loud:?}");
        assert!(loud[0] < QUANTA, "start {start}: {loud:?}");
        drop(player);
        self.lab.wait_for_end(name).unwrap();
        loud != [0, 0]
    }

    /// Asserts that nothing wakes mixd, neither idle nor while programs play.
    #[track_caller]
    pub fn assert_nothing_wakes(&self) {
        let wakeups = |what: &str| {
            let count = self.mixd.process.wakeups_in(Duration::from_secs(10));
            assert!(count.unwrap() <= 2, "{what}");
        };
        // By then everything that mixd does after a second or two is done, such as reading the metadata again.
        let settle = Duration::from_secs(3);
        std::thread::sleep(settle);
        wakeups("idle");
        let _players = self.play_both();
        std::thread::sleep(settle);
        wakeups("in playback");
    }
}

/// Asserts that a tone of [`AMPLITUDE`] is heard on every side with this gain.
#[track_caller]
pub fn assert_level(recording: &Recording, frequency: f64, gain: f64) {
    let should = decibels(AMPLITUDE * gain);
    for is in recording.steady_level(frequency) {
        println!("{frequency} Hz: {is:.2} dB, should be {should:.2}");
        // What is left of silence is the other tone's rounding to 16 bits.
        let is_right = (is - should).abs() <= 0.3 || gain == 0.0 && is < -100.0;
        assert!(is_right, "{frequency} Hz is {is} dB, not {should}");
    }
}

/// How many starts of silenced programs may be heard, for a quantum or two: `WirePlumber` from 0.5 on is
/// sooner than mixd with about one PulseAudio program in sixty (TROUBLESHOOTING.md, Limits).
pub fn heard_at_most(lab: &Lab) -> usize {
    usize::from(lab.wireplumber_version().unwrap() >= vec![0, 5])
}

pub fn tones(lab: &Lab) -> (PathBuf, PathBuf) {
    let (game, discord) = (lab.path("game.wav"), lab.path("discord.wav"));
    level::write_tone(&game, GAME, AMPLITUDE, 120).unwrap();
    level::write_tone(&discord, DISCORD, AMPLITUDE, 120).unwrap();
    (game, discord)
}
