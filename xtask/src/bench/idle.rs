//! What runs while nobody asks anything: wake-ups and processor time, in silence and in playback, of mixd
//! alone and of all that there is of PipeWire.

use std::path::Path;
use std::time::{Duration, Instant};

use lab::Result;
use lab::desktop::{Desktop, Xvfb};
use lab::level::write_tone;
use lab::process::{Process, wait_for};
use lab::{Daemon, Lab, TIMEOUT};

use super::report::Case;
use super::{Bench, end};

/// How long each state is watched, in how many parts: a minute.
const TIME: Duration = Duration::from_secs(10);
const PARTS: u32 = 6;

/// Two sinks that play to the default card, as one makes them of PipeWire's own parts.
pub struct Loopbacks([Process; 2]);

impl Loopbacks {
    /// The names of the sinks.
    pub const SINKS: [&str; 2] = ["loop-default", "loop-aux"];

    /// Starts both, and waits for the sinks.
    pub fn start(lab: &Lab) -> Result<Self> {
        let [a, b] = Self::SINKS.map(|name| {
            let mut command = lab.command("pw-loopback");
            let capture = format!("media.class=Audio/Sink node.name={name} audio.position=[FL FR]");
            command.arg(format!("--capture-props={capture}"));
            let playback =
                format!("node.name={name}-out node.target=card-a audio.position=[FL FR]");
            command.arg(format!("--playback-props={playback}"));
            Process::start_logged(&mut command, &lab.path(&format!("{name}.log")))
        });
        let both = Self([a?, b?]);
        for name in Self::SINKS {
            wait_for(name, TIMEOUT, || Ok(lab.dump()?.node(name)))?;
            let is_linked = || {
                let dump = lab.dump()?;
                let output = dump.node(&format!("{name}-out"));
                let fed = output.map(|node| dump.fed_by(node)).unwrap_or_default();
                Ok((fed == ["card-a"]).then_some(()))
            };
            wait_for(&format!("{name}'s way to the card"), TIMEOUT, is_linked)?;
        }
        Ok(both)
    }

    /// Both processes.
    pub fn processes(&self) -> [&Process; 2] {
        self.0.each_ref()
    }
}

/// Where, among the groups, all of PipeWire with mixd is; the next one is all of it without.
const WHOLE: usize = 4;

/// Processes that together do one thing.
type Group<'a> = (&'static str, Vec<&'a Process>);

/// What a group has used.
#[derive(Clone, Copy)]
struct Use {
    wakeups: f64,
    percent: f64,
}

/// Watches all groups at once, one part after the other; what each used, a list a group.
fn watch(groups: &[Group], time: Duration) -> Result<Vec<Vec<Use>>> {
    let mut all = vec![Vec::new(); groups.len()];
    for _ in 0..PARTS {
        for (all, part) in all.iter_mut().zip(watch_part(groups, time)?) {
            all.push(part);
        }
    }
    Ok(all)
}

/// What of it is looked at.
type Pick = fn(&Use) -> f64;

fn watch_part(groups: &[Group], time: Duration) -> Result<Vec<Use>> {
    let used = |(_, processes): &Group| -> Result<(u64, Duration)> {
        let mut sum = (0, Duration::ZERO);
        for process in processes {
            sum.0 += process.wakeups()?;
            sum.1 += process.processor_time()?;
        }
        Ok(sum)
    };
    let before: Vec<_> = groups.iter().map(used).collect::<Result<_>>()?;
    let start = Instant::now();
    std::thread::sleep(time);
    let seconds = start.elapsed().as_secs_f64();
    let after = groups.iter().map(used).collect::<Result<Vec<_>>>()?;
    let between = before.into_iter().zip(after);
    Ok(between
        .map(|(before, after)| Use {
            // A thread that has ended in the meantime takes its numbers with it.
            wakeups: after.0.saturating_sub(before.0) as f64 / seconds,
            percent: after.1.saturating_sub(before.1).as_secs_f64() / seconds * 100.0,
        })
        .collect())
}

/// PipeWire, its session manager and its PulseAudio server.
fn all_of_pipewire(lab: &Lab) -> Vec<&Process> {
    let daemons = [Daemon::PipeWire, Daemon::WirePlumber, Daemon::Pulse];
    daemons
        .into_iter()
        .filter_map(|it| lab.daemon(it))
        .collect()
}

/// mixd beside what else could split the sound. All are watched at the same time, each in a session
/// of its own, so that what one does wakes no other; but pipewire-pulse in mixd's, where one of the
/// two streams comes through it. And all of PipeWire with mixd, beside a session without it.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let (ours, looped, effects) = (Lab::start()?, Lab::start()?, Lab::start()?);
    let without = Lab::start()?;
    let mixd = bench.mixd(&ours)?;
    mixd.ctl(&["add-program", "aux"])?;
    let loopbacks = Loopbacks::start(&looped)?;
    let screen = Xvfb::start(&effects, 800, 600)?;
    let mut command = screen.command(&effects, Path::new("easyeffects"));
    command.arg("--gapplication-service");
    // Its settings stay in its memory.
    command.env("GSETTINGS_BACKEND", "memory");
    let easy = Process::start_logged(&mut command, &effects.path("easyeffects.log"))?;
    wait_for("easyeffects' sink", TIMEOUT, || {
        Ok(effects.dump()?.node("easyeffects_sink"))
    })?;
    let pulse = ours.daemon(Daemon::Pulse).ok_or("no pipewire-pulse")?;
    let mut with = all_of_pipewire(&ours);
    with.push(&mixd.process);
    let groups: [Group; WHOLE + 2] = [
        ("mixd", vec![&mixd.process]),
        ("two pw-loopback", loopbacks.processes().into()),
        ("easyeffects", vec![&easy]),
        ("pipewire-pulse", vec![pulse]),
        ("all, with mixd", with),
        ("without mixd", all_of_pipewire(&without)),
    ];
    // What has just been started finds its rest.
    std::thread::sleep(Duration::from_secs(10));
    let time = bench.time(TIME);
    let idle = watch(&groups, time)?;
    let tone = ours.path("tone.wav");
    write_tone(&tone, 440.0, 0.1, 120)?;
    let _players = [
        ours.play_native("main", &tone, &[])?,
        ours.play_pulse("aux", &tone, &[])?,
        looped.play_native("main", &tone, &["--target", Loopbacks::SINKS[0]])?,
        looped.play_native("aux", &tone, &["--target", Loopbacks::SINKS[1]])?,
        effects.play_native("main", &tone, &[])?,
        effects.play_native("aux", &tone, &[])?,
        without.play_native("main", &tone, &[])?,
        without.play_pulse("aux", &tone, &[])?,
    ];
    ours.wait_for_route("main", "mixd-default")?;
    ours.wait_for_route("aux", "mixd-aux")?;
    looped.wait_for_route("main", Loopbacks::SINKS[0])?;
    looped.wait_for_route("aux", Loopbacks::SINKS[1])?;
    effects.wait_for_route("main", "easyeffects_sink")?;
    without.wait_for_route("main", "card-a")?;
    without.wait_for_route("aux", "card-a")?;
    std::thread::sleep(Duration::from_secs(3));
    let playing = watch(&groups, time)?;
    let mut cases = Vec::new();
    for (state, used) in [("idle", &idle), ("2 streams play", &playing)] {
        let wakeups: Pick = |used| used.wakeups;
        for (what, unit, pick) in [
            ("wake-ups", "/s", wakeups),
            ("processor", "%", |it| it.percent),
        ] {
            let parts = |n: usize| -> Vec<f64> { used[n].iter().map(pick).collect() };
            let mut case = Case::new("idle", format!("{what}, {state}"), unit, parts(0));
            if unit == "/s" {
                case = case.limit(0.0);
            }
            for (n, (name, _)) in groups.iter().enumerate().take(WHOLE).skip(1) {
                case = case.peer(name, parts(n), 1.0);
            }
            cases.push(case);
            let case = Case::new(
                "idle",
                format!("{what} of all, {state}"),
                unit,
                parts(WHOLE),
            );
            cases.push(case.peer(groups[WHOLE + 1].0, parts(WHOLE + 1), None));
        }
    }
    end(easy)?;
    Ok(cases)
}
