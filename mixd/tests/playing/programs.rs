//! Real programs: each is heard in its channel and in no other, from its first sample on, does what it
//! is told meanwhile, and plays on when mixd ends. `cargo xtask test --programs` runs them, in systems
//! that have them.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lab::Result;
use lab::desktop::{Desktop, Xvfb};
use lab::level::decibels;
use lab::mixd::Mixd;
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};
use rustix::process::Signal;

use crate::remote::{Control, Kind, Playing};
use crate::stage::{AMPLITUDE, DISCORD, GAME, mixd_program, tones};

/// How long a program may take to be on the card again after mixd's end.
const MAX_RETURN: Duration = Duration::from_secs(1);
/// The same where it asks for mixd's own sink by name: mixd waits two seconds for it to leave.
const MAX_STAY: Duration = Duration::from_secs(3);
/// How long it may be silent between two files, in seconds: no more than a busy machine drops.
const MAX_GAP: f64 = 0.05;
/// How far a level may be from what the volume says, in dB: resamplers are not exact.
const TOLERANCE: f64 = 0.3;
/// The level of a silent tone beside another one, in dB.
const SILENCE: f64 = -80.0;
/// The tones of the first file, of `WebAudio`, and of the next file, in Hz.
const FIRST: f64 = DISCORD;
const WEB_AUDIO: f64 = 700.0;
const NEXT: f64 = GAME;

/// A program, and how it is played with.
struct Program {
    /// The pattern that puts it on the list.
    pattern: &'static str,
    /// The words for a shell: see [`Playing::start`].
    command: &'static str,
    kind: Kind,
    controls: &'static [Control],
}

const ALL: &[Control] = &[
    Control::Pause,
    Control::Resume,
    Control::Seek,
    Control::Next,
];
const NO_NEXT: &[Control] = &[Control::Pause, Control::Resume, Control::Seek];

/// A test for each program.
macro_rules! programs {
    ($($name:ident: $label:literal, $pattern:literal, $kind:expr, $controls:expr, $command:expr;)*) => {$(
        #[test]
        #[ignore = "needs the program: cargo xtask test --programs"]
        fn $name() {
            check($label, &Program {
                pattern: $pattern,
                command: $command,
                kind: $kind,
                controls: $controls,
            });
        }
    )*};
}

macro_rules! mpv {
    ($before:literal, $output:literal) => {
        concat!(
            "exec env ",
            $before,
            " mpv --no-config --no-video --msg-level=all=warn --gapless-audio=yes --ao=",
            $output,
            " --input-ipc-server=$CONTROL $FILE $NEXT $FILE"
        )
    };
}

macro_rules! gst_play {
    ($sink:literal) => {
        concat!(
            "exec script -qfec 'gst-play-1.0 --audiosink=",
            $sink,
            " $FILE $NEXT $FILE' /dev/null <>$CONTROL"
        )
    };
}

macro_rules! ffplay {
    ($driver:literal) => {
        concat!(
            "export SDL_AUDIODRIVER=",
            $driver,
            " SDL_AUDIO_DRIVER=",
            $driver,
            "; exec ffplay -hide_banner $FILE"
        )
    };
}

programs! {
    mpv_pipewire: "mpv, PipeWire", "mpv", Kind::Mpv, ALL, mpv!("", "pipewire");
    mpv_pulse: "mpv, PulseAudio", "mpv", Kind::Mpv, ALL, mpv!("", "pulse");
    mpv_alsa: "mpv, ALSA", "mpv", Kind::Mpv, ALL, mpv!("", "alsa");
    mpv_jack: "mpv, JACK (`pw-jack`)", "mpv", Kind::Mpv, ALL, mpv!("pw-jack", "jack --jack-port=card-a");
    vlc: "VLC", "vlc", Kind::Vlc, ALL,
        "exec vlc -I oldrc --rc-unix $CONTROL --rc-fake-tty --no-video --no-metadata-network-access $FILE $NEXT $FILE";
    gst_play_pipewire: "gst-play, `pipewiresink`", "gst-play-1.0", Kind::GstPlay, ALL, gst_play!("pipewiresink");
    gst_play_pulse: "gst-play, `pulsesink`", "gst-play-1.0", Kind::GstPlay, ALL, gst_play!("pulsesink");
    gst_play_openal: "gst-play, OpenAL", "gst-play-1.0", Kind::GstPlay, ALL, gst_play!("openalsink");
    gst_launch_pipewire: "gst-launch, `pipewiresink`", "gst-launch*", Kind::File, &[],
        "exec gst-launch-1.0 filesrc location=$FILE ! wavparse ! audioconvert ! audioresample ! pipewiresink";
    gst_launch_pulse: "gst-launch, `pulsesink`", "gst-launch*", Kind::File, &[],
        "exec gst-launch-1.0 filesrc location=$FILE ! wavparse ! audioconvert ! audioresample ! pulsesink";
    ffplay_sdl_pipewire: "ffplay, SDL 2 on PipeWire", "ffplay", Kind::FfPlay, NO_NEXT, ffplay!("pipewire");
    ffplay_sdl_pulse: "ffplay, SDL 2 on PulseAudio", "ffplay", Kind::FfPlay, NO_NEXT, ffplay!("pulseaudio");
    aplay: "aplay, ALSA", "aplay", Kind::File, &[], "exec aplay $FILE";
    firefox: "Firefox, two tabs", "firefox*", Kind::Browser, NO_NEXT, FIREFOX;
    chromium: "Chromium, two tabs", "chromium", Kind::Browser, NO_NEXT, CHROMIUM;
}

const FIREFOX: &str = "mkdir -p $HOME/firefox && cat >$HOME/firefox/user.js <<END
user_pref('media.autoplay.default', 0);
user_pref('media.autoplay.blocking_policy', 0);
user_pref('media.block-autoplay-until-in-foreground', false);
user_pref('browser.shell.checkDefaultBrowser', false);
user_pref('browser.aboutwelcome.enabled', false);
user_pref('datareporting.policy.dataSubmissionEnabled', false);
user_pref('toolkit.telemetry.reportingpolicy.firstRun', false);
END
export MOZ_CRASHREPORTER_DISABLE=1
exec firefox-esr --no-remote --profile $HOME/firefox $PAGE?element $PAGE?webaudio";

const CHROMIUM: &str = "exec chromium --no-sandbox --disable-gpu --no-first-run --password-store=basic \
    --autoplay-policy=no-user-gesture-required --user-data-dir=$HOME/chromium $PAGE?element $PAGE?webaudio";

/// A channel, with the sink that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Aux,
    Default,
}

impl Channel {
    const fn sink(self) -> &'static str {
        match self {
            Self::Aux => "mixd-aux",
            Self::Default => "mixd-default",
        }
    }

    /// The volume at which it is silent.
    const fn silent_at(self) -> f64 {
        match self {
            Self::Aux => -1.0,
            Self::Default => 1.0,
        }
    }

    /// Returns its gain at a volume, on the linear curve.
    fn gain(self, volume: f64) -> f64 {
        match self {
            Self::Aux => 1.0 + volume.min(0.0),
            Self::Default => 1.0 - volume.max(0.0),
        }
    }
}

/// A program under test.
struct Trial<'a> {
    lab: &'a Lab,
    mixd: Mixd,
    program: &'a Program,
    files: [PathBuf; 2],
    /// Its tones that should be heard.
    tones: Vec<f64>,
}

/// Prints a line for the table.
fn say(name: &str, result: &Result<String>) {
    let words = match result {
        Ok(words) => words.clone(),
        Err(error) => {
            let error = error.to_string();
            format!("**no**: {}", error.lines().next().unwrap_or_default())
        }
    };
    println!("\nprogram {name}: {words}");
}

/// Runs all checks of a program, and prints a line for the table.
fn check(name: &str, program: &Program) {
    let lab = Lab::start().unwrap();
    let (next, first) = tones(&lab);
    let mut trial = Trial {
        mixd: Mixd::start(&lab, &mixd_program()).unwrap(),
        lab: &lab,
        program,
        files: [first, next],
        tones: vec![],
    };
    let result = trial.run();
    say(name, &result);
    if let Err(error) = result {
        let streams = trial.mixd.ctl(&["streams"]);
        panic!("{error}\n{streams:?}\nmixd's log:\n{}", trial.mixd.log());
    }
}

impl<'a> Trial<'a> {
    /// Runs all checks. Returns the program's entry in the table.
    fn run(&mut self) -> Result<String> {
        let (playing, loud) = self.start(Channel::Default)?;
        if self.lab.dump()?.has_program_that_stays() {
            let paused = self.check_pinned(&playing)?;
            return Ok(format!("pinned, as it asks{paused}"));
        }
        is_silent(&loud, "default")?;
        drop(playing);
        let gone = || Ok(self.lab.dump()?.program_sinks().is_empty().then_some(()));
        wait_for("its end", TIMEOUT, gone)?;
        let (playing, loud) = self.start(Channel::Aux)?;
        is_silent(&loud, "aux")?;
        self.start_and_stop(&playing)?;
        for channel in [Channel::Aux, Channel::Default, Channel::Aux] {
            self.put(channel)?;
            self.wait_for_channel(channel)?;
            for volume in [-1.0, -0.5, 0.0, 1.0] {
                self.set_volume(volume)?;
                self.wait_for_level(channel.gain(volume))
                    .map_err(|error| format!("{channel:?} at {volume}: {error}"))?;
                playing.wait_for_advance()?;
            }
        }
        self.set_volume(-0.5)?;
        for &control in self.program.controls {
            self.control(&playing, control, 0.5)?;
            if control != Control::Pause {
                self.wait_for_channel(Channel::Aux)?;
            }
        }
        if self.program.kind == Kind::Mpv {
            self.check_gapless(&playing)?;
        }
        let mut words = String::from("right");
        for signal in [Signal::TERM, Signal::KILL] {
            words += &self.end_mixd(&playing, signal)?;
            self.wait_for_channel(Channel::Aux)?;
            self.set_volume(-0.5)?;
            self.wait_for_level(0.5)?;
            playing.wait_for_advance()?;
        }
        Ok(words)
    }

    /// Checks a program that forbids to be moved, or links itself: it is shown, and left alone.
    fn check_pinned(&mut self, playing: &Playing) -> Result<String> {
        self.wait_for_state("pinned")?;
        let id = self.mixd.ctl(&["streams"])?;
        let name = id.split('\t').nth(2).unwrap_or_default();
        let why = self.mixd.ctl(&["why", name])?;
        if !why.contains("linked to card-a") {
            return Err(format!("why {name} does not say what it is linked to: {why}").into());
        }
        for volume in [-1.0, 1.0] {
            self.set_volume(volume)?;
            self.wait_for_level(1.0)?;
        }
        for &control in self.program.controls {
            self.control(playing, control, 1.0)?;
        }
        let mut words = String::new();
        for signal in [Signal::TERM, Signal::KILL] {
            words += &self.end_mixd(playing, signal)?;
            self.wait_for_state("pinned")?;
            playing.wait_for_advance()?;
        }
        Ok(words)
    }

    /// Starts it while its channel is silent. Returns how many samples were heard.
    fn start(&mut self, channel: Channel) -> Result<(Playing<'a>, Vec<usize>)> {
        self.put(channel)?;
        self.set_volume(channel.silent_at())?;
        let recorder = self.lab.record("card-a")?;
        let [first, next] = &self.files;
        let playing = Playing::start(
            self.lab,
            self.program.kind,
            self.program.command,
            first,
            next,
        )?;
        self.tones = match self.program.kind {
            Kind::Browser => vec![FIRST, WEB_AUDIO],
            _ => vec![FIRST],
        };
        playing.wait_for_advance()?;
        let is_linked = || Ok((!self.lab.dump()?.program_sinks().is_empty()).then_some(()));
        wait_for("its link", TIMEOUT, is_linked)
            .map_err(|error| format!("{error}; it said: {}", playing.said()))?;
        if !self.lab.dump()?.has_program_that_stays() {
            self.wait_for_channel(channel)?;
        }
        for _ in 0..3 {
            playing.wait_for_advance()?;
        }
        Ok((playing, recorder.stop()?.loud_samples()))
    }

    /// Pauses and resumes it in silence, a browser often: each makes a stream anew.
    fn start_and_stop(&self, playing: &Playing) -> Result<()> {
        if self.program.controls.is_empty() {
            return Ok(());
        }
        let times = if self.program.kind == Kind::Browser {
            20
        } else {
            2
        };
        let recorder = self.lab.record("card-a")?;
        for _ in 0..times {
            playing.tell(Control::Pause)?;
            let still = playing.wait_until_still()?;
            playing.tell(Control::Resume)?;
            playing.wait_beyond(&still)?;
        }
        self.wait_for_channel(Channel::Aux)?;
        is_silent(&recorder.stop()?.loud_samples(), "aux, after pauses")
    }

    /// Puts it into a channel by the list.
    fn put(&self, channel: Channel) -> Result<()> {
        let listed = self
            .mixd
            .ctl(&["list-programs"])?
            .contains(self.program.pattern);
        match (channel, listed) {
            (Channel::Aux, false) => self.mixd.ctl(&["add-program", self.program.pattern])?,
            (Channel::Default, true) => self.mixd.ctl(&["remove-program", self.program.pattern])?,
            _ => String::new(),
        };
        Ok(())
    }

    /// Sets the volume, and waits until the glide has ended.
    fn set_volume(&self, volume: f64) -> Result<()> {
        self.mixd.ctl(&["set-volume", &volume.to_string()])?;
        std::thread::sleep(Duration::from_millis(400));
        Ok(())
    }

    /// Waits until every stream is in this state.
    fn wait_for_state(&self, state: &str) -> Result<()> {
        let is_said = || {
            let streams = self.mixd.ctl(&["streams"])?;
            let mut states = streams.lines().map(|line| line.split('\t').nth(1));
            let all = !streams.is_empty() && states.all(|found| found == Some(state));
            Ok(all.then_some(()))
        };
        wait_for(state, TIMEOUT, is_said)
    }

    /// Waits until it feeds a channel and nothing else, and mixd says so.
    fn wait_for_channel(&self, channel: Channel) -> Result<()> {
        let sink = channel.sink();
        let is_there = || Ok((self.lab.dump()?.program_sinks() == [sink]).then_some(()));
        let result = wait_for(sink, TIMEOUT, is_there);
        let result = result.and_then(|()| self.wait_for_state("routed"));
        result.map_err(|error| {
            let (dump, streams) = (self.lab.dump(), self.mixd.ctl(&["streams"]));
            let sinks = dump.as_ref().map(|dump| dump.program_sinks());
            let metadata = self.lab.metadata();
            format!("{error}; it feeds {sinks:?}, and is said to be {streams:?}\n{metadata:?}")
                .into()
        })
    }

    /// Waits until its tones are heard at this gain on both sides.
    fn wait_for_level(&self, gain: f64) -> Result<()> {
        let gains: Vec<(f64, f64)> = self.tones.iter().map(|&tone| (tone, gain)).collect();
        wait_for_levels(self.lab, &gains)
    }

    /// Tells the program to do something; it does, and is heard at this gain after it.
    fn control(&mut self, playing: &Playing, control: Control, gain: f64) -> Result<()> {
        let before = playing.positions();
        let first = |positions: &[f64]| positions.first().copied().unwrap_or_default();
        playing.tell(control)?;
        let done = || {
            let now = first(&playing.positions());
            let is_done = match control {
                Control::Pause => true,
                Control::Resume => now > first(&before),
                Control::Seek => now > first(&before) + 5.0,
                Control::NearEnd => now > 110.0,
                Control::Next => now < first(&before),
            };
            Ok(is_done.then_some(()))
        };
        let result = wait_for("what was asked for", TIMEOUT, done);
        let result = result.and_then(|()| {
            if control == Control::Pause {
                playing.wait_until_still()?;
                return self.wait_for_level(0.0);
            }
            if control == Control::Next {
                self.tones = vec![NEXT];
            }
            playing.wait_for_advance()?;
            self.wait_for_level(gain)
        });
        result.map_err(|error| format!("{control:?}: {error}; it said: {}", playing.said()).into())
    }

    /// Has one file follow the other, and finds no silence between.
    fn check_gapless(&mut self, playing: &Playing) -> Result<()> {
        playing.tell(Control::NearEnd)?;
        let near = || {
            Ok(playing
                .positions()
                .first()
                .is_some_and(|&now| now > 117.0)
                .then_some(()))
        };
        wait_for("the file's end", TIMEOUT, near)?;
        playing.wait_for_advance()?;
        let recorder = self.lab.record("card-a")?;
        let is_next = || {
            Ok(playing
                .positions()
                .first()
                .is_some_and(|&now| now < 60.0)
                .then_some(()))
        };
        wait_for("the next file", TIMEOUT, is_next)?;
        playing.wait_for_advance()?;
        let gap = recorder.stop()?.longest_gap();
        self.tones = vec![FIRST];
        self.wait_for_level(0.5)?;
        match gap < MAX_GAP {
            true => Ok(()),
            false => Err(format!("a gap of {gap:.3} s between two files").into()),
        }
    }

    /// Ends mixd while it plays, and starts it again. Returns what there is to add in the table.
    fn end_mixd(&mut self, playing: &Playing, signal: Signal) -> Result<String> {
        self.set_volume(0.0)?;
        let before = playing.positions();
        let asks_for_ours = self.lab.dump()?.has_program_that_asks_for("mixd-");
        let most = if asks_for_ours { MAX_STAY } else { MAX_RETURN };
        let start = Instant::now();
        self.mixd.end(signal)?;
        let is_back =
            || Ok((self.lab.dump()?.program_sinks() == ["card-a"]).then_some(start.elapsed()));
        let mut result = wait_for("the card", most, is_back).and_then(|time| {
            println!("{signal:?}: on the card after {time:?}");
            match time <= most {
                true => playing.wait_beyond(&before),
                false => Err(format!("on the card after {time:.1?}").into()),
            }
        });
        let mut words = match asks_for_ours && signal == Signal::TERM {
            true => "; asks for mixd's sink itself after a while, and then stays until that goes",
            false => "",
        };
        let may_pause = signal == Signal::KILL && self.lab.pauses_players()?;
        if may_pause && playing.is_paused() {
            words = "; paused by WirePlumber when mixd is killed";
            let before = playing.positions();
            playing.tell(Control::Resume)?;
            result =
                wait_for("the card", TIMEOUT, is_back).and_then(|_| playing.wait_beyond(&before));
        }
        let result = result.and_then(|()| self.wait_for_level(1.0));
        result.map_err(|error| format!("after {signal:?}: {error}"))?;
        self.mixd = Mixd::start(self.lab, &mixd_program())?;
        Ok(words.to_owned())
    }
}

/// Waits until each tone is heard on the card at its gain on both sides; nothing at all where each is 0.
fn wait_for_levels(lab: &Lab, gains: &[(f64, f64)]) -> Result<()> {
    let mut found = String::new();
    let is_right = || {
        let heard = lab.listen("card-a", Duration::from_millis(500))?.end(3);
        let loud = heard.loud_samples();
        let is_silent = loud.iter().all(|&count| count == 0);
        found = format!("{loud:?} samples");
        let mut right = is_silent || gains.iter().any(|&(_, gain)| gain > 0.0);
        for &(tone, gain) in gains {
            let levels = heard.steady_level(tone);
            found += &format!(", {levels:.1?} dB at {tone} Hz");
            right &= levels.iter().all(|&level| match gain > 0.0 {
                true => (level - decibels(AMPLITUDE * gain)).abs() <= TOLERANCE,
                false => level < SILENCE,
            });
        }
        Ok(right.then_some(()))
    };
    let what = format!("gains of {gains:?}");
    wait_for(&what, TIMEOUT, is_right).map_err(|error| format!("{error}: {found}").into())
}

/// Fails if anything was heard while the channel was silent.
fn is_silent(loud: &[usize], channel: &str) -> Result<()> {
    match loud.iter().all(|&count| count == 0) {
        true => Ok(()),
        false => Err(format!("{loud:?} samples of the silent channel {channel} are heard").into()),
    }
}

#[test]
#[ignore = "needs the program: cargo xtask test --programs"]
fn easyeffects() {
    let lab = Lab::start().unwrap();
    let mut mixd = Mixd::start(&lab, &mixd_program()).unwrap();
    let result = beside_easyeffects(&lab, &mut mixd);
    say("EasyEffects as a service, beside two programs", &result);
    if let Err(error) = result {
        let (streams, log) = (mixd.ctl(&["streams"]), mixd.log());
        panic!("{error}\n{streams:?}\nmixd's log:\n{log}");
    }
}

/// Plays two programs while `EasyEffects` takes what plays, as it does by itself: each is heard once, in its
/// channel or through it, as mixd says, and neither of the two goes on asking.
fn beside_easyeffects(lab: &Lab, mixd: &mut Mixd) -> Result<String> {
    let display = Xvfb::start(lab, 640, 480)?;
    let mut command = display.command(lab, Path::new("sh"));
    // The option of version 8, or of those before.
    command.args([
        "-c",
        "case $(easyeffects --help) in *--service-mode*) exec easyeffects --service-mode;; \
        *) exec easyeffects --gapplication-service;; esac",
    ]);
    command
        .env("GSETTINGS_BACKEND", "memory")
        .env("QT_QPA_PLATFORM", "offscreen");
    let _easyeffects = Process::start_logged(&mut command, &lab.path("easyeffects.log"))?;
    let is_up = || {
        Ok(lab
            .dump()?
            .program_sinks()
            .contains(&"card-a")
            .then_some(()))
    };
    wait_for("EasyEffects on the card", TIMEOUT, is_up)?;
    mixd.ctl(&["add-program", "Discord"])?;
    let (game, discord) = tones(lab);
    let _players = [
        lab.play_native("Game", &game, &[])?,
        lab.play_pulse("Discord", &discord, &[])?,
    ];
    // The states of the two once neither has been asked to move for two seconds.
    let (mut last, mut since) = (String::new(), Instant::now());
    let settled = || {
        let streams = mixd.ctl(&["streams"])?;
        let now = format!("{streams}{}", mixd.log().matches("Target(").count());
        if now != last {
            (last, since) = (now, Instant::now());
        }
        Ok((since.elapsed() > Duration::from_secs(2)).then_some(streams))
    };
    let streams = wait_for("an end of the moves", TIMEOUT, settled)?;
    mixd.ctl(&["set-volume", "-1"])?;
    let mut words = Vec::new();
    let mut gains = Vec::new();
    for (name, channel, tone) in [
        ("Game", Channel::Default, GAME),
        ("Discord", Channel::Aux, DISCORD),
    ] {
        let line = streams
            .lines()
            .find(|line| line.split('\t').nth(2) == Some(name));
        let state = line
            .and_then(|line| line.split('\t').nth(1))
            .unwrap_or("not listed");
        let (sink, gain) = match state {
            "routed" => (channel.sink(), channel.gain(-1.0)),
            "pinned" if mixd.ctl(&["why", name])?.contains("easyeffects") => {
                ("easyeffects_sink", 1.0)
            }
            state => return Err(format!("{name} is {state}").into()),
        };
        if lab.dump()?.sinks_of(name) != [sink] {
            return Err(format!(
                "{name} is {state}, and feeds {:?}",
                lab.dump()?.sinks_of(name)
            )
            .into());
        }
        words.push(format!("{name} is {state} ({sink})"));
        gains.push((tone, gain));
    }
    wait_for_levels(lab, &gains)?;
    mixd.end(Signal::TERM)?;
    wait_for_levels(lab, &[(GAME, 1.0), (DISCORD, 1.0)])?;
    *mixd = Mixd::start(lab, &mixd_program())?;
    Ok(format!("right: {}", words.join(", ")))
}
