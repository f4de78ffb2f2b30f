//! `cargo xtask soak`: an evening, many times over. Programs start and stop, cards change, servers
//! are restarted, clients come and go; after each event every route is checked and what of each program
//! is heard on the card, and at the end what mixd has grown by.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lab::Result;
use lab::level::{self, decibels};
use lab::mixd::Mixd;
use lab::mpris::{self, run_in_child};
use lab::process::{Process, wait_for};
use lab::{Daemon, Lab, STEREO, TIMEOUT};
use lexopt::{Arg, Parser, ValueExt};
use rustix::process::Signal;
use wire::{Client, Request, Topics};

use crate::{setup, system};

/// How long it lasts if the command line does not say, in minutes.
const MINUTES: u64 = 20;
/// How many programs play at most.
const MAX_PLAYERS: usize = 6;
/// The peak of each program's tone: all of them stay below full scale.
const AMPLITUDE: f64 = 0.1;
/// How long nothing is asked after what was not as it should be yet.
const PAUSE: Duration = Duration::from_millis(500);
/// How long the session manager is given to go back to a card.
const BACK: Duration = Duration::from_secs(2);
/// How long the card is listened to after each event, and what of that is measured, in tenths of a second.
const LISTEN: Duration = Duration::from_millis(400);
const MEASURED: usize = 2;
/// How far a level may be off, in dB; and what is said to be silent: half a step of 16 bits.
const TOLERANCE: f64 = 0.5;
const SILENCE: f64 = -96.0;
/// How much the heap may have grown, in KiB: fragments, as a hundred streams leave them.
const MAX_GROWTH: u64 = 512;

/// What happens, how often among a hundred events, and what is counted of it in a normal evening
/// of four hours: 40 starts and as many ends, 4 changes of card, 1 restart, 30 of the volume.
const EVENTS: [(&str, u32, fn(&mut Soak) -> Result<()>); 11] = [
    ("a program starts", 24, Soak::start_player),
    ("a program ends", 22, Soak::stop_player),
    ("the default card changes", 10, Soak::change_card),
    ("a card goes and comes back", 5, Soak::replug),
    ("the program list changes", 8, Soak::change_list),
    ("the aux channel gets another card", 4, Soak::change_output),
    ("the volume changes", 10, Soak::change_volume),
    ("a client comes", 6, Soak::add_client),
    ("a client goes", 5, Soak::drop_client),
    ("the session manager restarts", 3, Soak::restart_manager),
    ("PipeWire restarts", 3, Soak::restart_pipewire),
];

/// A program that plays.
struct Player {
    name: String,
    /// Its tone's number, which no other that plays has.
    tone: usize,
    is_listed: bool,
    _process: Process,
}

struct Soak {
    // In the order in which they are to end.
    players: Vec<Player>,
    clients: Vec<Client>,
    /// A media player, which the programs belong to: the session manager must never pause it.
    player: mpris::Player,
    mixd: Mixd,
    lab: Lab,
    /// Whether programs called `Voice…` are on the list.
    is_listed: bool,
    /// The default card.
    card: usize,
    /// The card that the aux channel was given, if it was.
    aux_card: Option<usize>,
    volume: f64,
    /// How often the session manager has ended by itself.
    crashes: u32,
    /// How often it has not come up: a program and it waited for each other.
    deadlocks: u32,
    started: u32,
    random: u64,
}

/// Reads the rest of the command line, and does it: builds here, and plays in a system.
pub fn soak(mut rest: Parser) -> Result<()> {
    let (mut minutes, mut system) = (MINUTES, system::home());
    while let Some(argument) = rest.next()? {
        match argument {
            Arg::Long("minutes") => minutes = rest.value()?.parse()?,
            Arg::Long("on") => system = system::named(&rest.value()?.string()?)?,
            argument => return Err(argument.unexpected().into()),
        }
    }
    match system::inside() {
        Some(_) if run_in_child(std::env::args_os().skip(1))? => Ok(()),
        Some(programs) => run(&programs, Duration::from_mins(minutes)),
        None => setup::play_in(system),
    }
}

fn run(programs: &Path, time: Duration) -> Result<()> {
    let lab = Lab::start()?;
    let mixd = Mixd::start(&lab, &programs.join("mixd"))?;
    for tone in 0..MAX_PLAYERS {
        level::write_tone(&tone_file(&lab, tone), frequency(tone), AMPLITUDE, 600)?;
    }
    let mut soak = Soak {
        players: Vec::new(),
        clients: Vec::new(),
        player: mpris::Player::start(&lab.path("bus"), "soak"),
        mixd,
        lab,
        is_listed: false,
        card: 0,
        aux_card: None,
        volume: 0.0,
        crashes: 0,
        deadlocks: 0,
        started: 0,
        random: 0x2545_f491_4f6c_dd1d,
    };
    // The heap's first growth, and the descriptors that stay, belong to the start.
    for _ in 0..40 {
        soak.event(EVENTS[0].2)?;
        soak.event(EVENTS[1].2)?;
    }
    let before = soak.measure()?;
    let (start, mut counts, mut slowest) = (Instant::now(), [0_u32; EVENTS.len()], Duration::ZERO);
    let mut told = Instant::now();
    while start.elapsed() < time {
        let index = soak.choose();
        let (what, _, event) = EVENTS[index];
        let took = soak.event(event).map_err(|error| {
            let log = soak.mixd.log();
            // Clients that come and go say nothing of the sound.
            let noise = ["PipeWire: object", "connected", "closed: done"];
            let lines = log.lines().rev();
            let lines = lines.filter(|line| !noise.iter().any(|noise| line.contains(noise)));
            let lines: Vec<&str> = lines.take(60).collect();
            let lines: Vec<&str> = lines.into_iter().rev().collect();
            format!(
                "after {what}: {error}; mixd's log ends with:\n{}",
                lines.join("\n")
            )
        })?;
        counts[index] += 1;
        slowest = slowest.max(took);
        if told.elapsed() > Duration::from_mins(1) {
            told = Instant::now();
            let (memory, descriptors) = soak.measure()?;
            println!(
                "after {:>2} min: {} events, {memory} KiB, {descriptors} descriptors",
                start.elapsed().as_secs() / 60,
                counts.iter().sum::<u32>()
            );
        }
    }
    soak.players.clear();
    soak.clients.clear();
    soak.settle()?;
    std::thread::sleep(Duration::from_secs(1));
    println!(
        "WirePlumber has ended by itself {} times; a program and it have waited for each other {} times.",
        soak.crashes, soak.deadlocks
    );
    report(&counts, slowest, before, soak.measure()?)
}

/// The frequency of a tone, a multiple of 10 Hz.
fn frequency(tone: usize) -> f64 {
    let tone = u32::try_from(tone).unwrap_or_default();
    300.0 + 110.0 * f64::from(tone)
}

fn tone_file(lab: &Lab, tone: usize) -> PathBuf {
    lab.path(&format!("tone-{tone}.wav"))
}

fn report(
    counts: &[u32; EVENTS.len()],
    slowest: Duration,
    before: (u64, usize),
    after: (u64, usize),
) -> Result<()> {
    println!();
    for ((what, ..), count) in EVENTS.iter().zip(counts) {
        println!("{count:>6}  {what}");
    }
    println!(
        "No wrong route, no wrong level, no pause; the slowest event was settled after {slowest:.1?}."
    );
    println!(
        "Heap and stack before and after: {} and {} KiB.",
        before.0, after.0
    );
    println!(
        "Descriptors before and after: {} and {}.",
        before.1, after.1
    );
    if after.0 > before.0 + MAX_GROWTH {
        return Err("mixd has grown".into());
    }
    if after.1 > before.1 {
        return Err("mixd has lost descriptors".into());
    }
    Ok(())
}

impl Soak {
    /// An event, and all that follows from it; how long that took.
    fn event(&mut self, event: fn(&mut Self) -> Result<()>) -> Result<Duration> {
        event(self)?;
        let start = Instant::now();
        self.settle()?;
        Ok(start.elapsed())
    }

    /// Waits until every program plays to its channel, both channels to the card, and every program is
    /// heard there as loud as the volume says.
    fn settle(&mut self) -> Result<()> {
        if let Some(status) = self.mixd.process.ended()? {
            return Err(format!("mixd has ended: {status}").into());
        }
        if self.player.take_pauses() > 0 {
            return Err("the session manager has paused a player".into());
        }
        let mut wrong = String::new();
        let (mut has_crashed, mut is_stuck) = (false, false);
        wait_for("every route", TIMEOUT, || {
            has_crashed = self.lab.has_crashed(Daemon::WirePlumber)?;
            // Which card is right is the session manager's to say: one that restarted or lost a card
            // may have another mind than the choice that was made.
            if let Some(card) = self.default_card() {
                self.card = card;
            }
            let found = self.wrong_route().and_then(|wrong| match wrong {
                Some(route) => Ok(Some(route)),
                None => self.wrong_level(),
            });
            wrong = match found {
                Ok(wrong) => wrong.unwrap_or_default(),
                Err(error) if self.lab.metadata().is_ok() => return Err(error),
                Err(_) => {
                    is_stuck = true;
                    String::new()
                }
            };
            let is_settled = has_crashed || wrong.is_empty();
            if !is_settled {
                // While these tools bind the metadata, PipeWire tells changes to them alone.
                std::thread::sleep(PAUSE);
            }
            Ok(is_settled.then_some(()))
        })
        .map_err(|error| {
            let metadata = self.lab.metadata();
            let metadata = metadata.unwrap_or_else(|error| format!("nothing: {error}"));
            format!("{error}: {wrong}; the metadata says:\n{metadata}")
        })?;
        if has_crashed || is_stuck {
            // WirePlumber 0.4 does, when a card goes that it is still setting up.
            self.crashes += u32::from(has_crashed);
            self.deadlocks += u32::from(is_stuck);
            self.lab.stop_daemon(Daemon::WirePlumber, Signal::KILL).ok();
            if is_stuck {
                self.players.clear();
            }
            self.launch_manager()?;
            return self.settle();
        }
        Ok(())
    }

    /// The default sink, by its number among the cards.
    fn default_card(&self) -> Option<usize> {
        let default = self.lab.default_sink();
        let mut cards = STEREO.iter();
        cards.position(|card| Some(card.name) == default.as_deref())
    }

    fn wrong_route(&self) -> Result<Option<String>> {
        let dump = self.lab.dump()?;
        for player in &self.players {
            let sink = match player.is_listed && self.is_listed {
                true => "mixd-aux",
                false => "mixd-default",
            };
            let sinks = dump.sinks_of(&player.name);
            if sinks != [sink] {
                return Ok(Some(format!(
                    "{} plays to {sinks:?}, not {sink}",
                    player.name
                )));
            }
        }
        // WirePlumber 0.4 that has been restarted may never make use of a card that comes later:
        // which one is right is for it to say, while it is there.
        let default = self.lab.default_sink();
        let card = default.as_deref().unwrap_or(STEREO[self.card].name);
        let aux_card = self.aux_card.map(|card| STEREO[card].name);
        let aux_card = aux_card.filter(|name| dump.node(name).is_some());
        for (sink, card) in [
            ("mixd-default", card),
            ("mixd-aux", aux_card.unwrap_or(card)),
        ] {
            let fed = dump
                .node(sink)
                .map(|node| dump.fed_by(node))
                .unwrap_or_default();
            if fed != [card] {
                return Ok(Some(format!("{sink} plays to {fed:?}, not {card}")));
            }
        }
        Ok(None)
    }

    fn wrong_level(&self) -> Result<Option<String>> {
        if self.players.is_empty() {
            return Ok(None);
        }
        let dump = self.lab.dump()?;
        let aux_card = self.aux_card;
        let aux_card = aux_card.filter(|&card| dump.node(STEREO[card].name).is_some());
        let aux_card = aux_card.unwrap_or(self.card);
        let listen = |card: usize| {
            let recording = self.lab.listen(STEREO[card].name, LISTEN)?;
            Ok::<_, lab::Error>(recording.end(MEASURED))
        };
        let default = listen(self.card)?;
        let aux = match aux_card == self.card {
            true => None,
            false => Some(listen(aux_card)?),
        };
        for player in &self.players {
            let (gain, recording) = match player.is_listed && self.is_listed {
                true => (1.0 + self.volume.min(0.0), aux.as_ref().unwrap_or(&default)),
                false => (1.0 - self.volume.max(0.0), &default),
            };
            let should = decibels(AMPLITUDE * gain);
            for is in recording.steady_level(frequency(player.tone)) {
                let is_right = (is - should).abs() <= TOLERANCE || is.max(should) < SILENCE;
                if !is_right {
                    let name = &player.name;
                    return Ok(Some(format!(
                        "{name} is heard at {is:.1} dB, not {should:.1}"
                    )));
                }
            }
        }
        Ok(None)
    }

    /// Its heap and stack in KiB, and its descriptors.
    fn measure(&self) -> Result<(u64, usize)> {
        let folder = format!("/proc/{}/fd", self.mixd.process.pid());
        let descriptors = std::fs::read_dir(folder)?.count();
        Ok((self.mixd.process.proc_status("RssAnon")?, descriptors))
    }

    /// xorshift64: the same evening each time.
    fn random(&mut self, below: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random >> 33).unwrap_or(0) % below.max(1)
    }

    fn choose(&mut self) -> usize {
        let total: u32 = EVENTS.iter().map(|(_, weight, _)| weight).sum();
        let mut place = u32::try_from(self.random(total as usize)).unwrap_or(0);
        for (index, (_, weight, _)) in EVENTS.iter().enumerate() {
            if place < *weight {
                return index;
            }
            place -= weight;
        }
        0
    }

    fn start_player(&mut self) -> Result<()> {
        if self.players.len() >= MAX_PLAYERS {
            return self.stop_player();
        }
        self.started += 1;
        let is_listed = self.random(2) == 0;
        let name = match is_listed {
            true => "Voice".to_owned(),
            false => format!("Game {}", self.started),
        };
        // Of the listed one there is one at a time, so that its route is its own.
        if self.players.iter().any(|player| player.name == name) {
            return Ok(());
        }
        let is_free = |tone: &usize| !self.players.iter().any(|player| player.tone == *tone);
        let tone = (0..MAX_PLAYERS).find(is_free).ok_or("no tone is free")?;
        let file = tone_file(&self.lab, tone);
        let process = match self.random(2) {
            0 => self.lab.play_native(&name, &file, &[])?,
            _ => self.lab.play_pulse(&name, &file, &[])?,
        };
        self.players.push(Player {
            name,
            tone,
            is_listed,
            _process: process,
        });
        Ok(())
    }

    fn stop_player(&mut self) -> Result<()> {
        if !self.players.is_empty() {
            let index = self.random(self.players.len());
            let gone = self.players.remove(index).name;
            self.lab.wait_for_end(&gone)?;
        }
        Ok(())
    }

    fn change_card(&mut self) -> Result<()> {
        let card = 1 - self.card;
        self.lab.set_default(STEREO[card].name)?;
        self.await_default(card)
    }

    fn replug(&mut self) -> Result<()> {
        let card = self.card;
        self.lab.unplug(STEREO[card].name)?;
        self.await_default(1 - card)?;
        // WirePlumber from 0.5.11 on pauses players for a card that is unplugged, as without mixd: it follows the
        // links of our sinks.
        std::thread::sleep(PAUSE);
        self.player.take_pauses();
        self.settle()?;
        self.lab.plug(&STEREO[card])?;
        // The session manager goes back to the card that was chosen, as a rule: were that to happen as it ends, nobody
        // would know which it has chosen last.
        let is_back = || Ok((self.default_card() == Some(card)).then_some(card));
        if let Ok(card) = wait_for("the card again", BACK, is_back) {
            self.card = card;
        }
        Ok(())
    }

    /// Waits until the session manager says that this card is the default, or has crashed.
    fn await_default(&mut self, card: usize) -> Result<()> {
        wait_for("the default card", TIMEOUT, || {
            let has_crashed = self.lab.has_crashed(Daemon::WirePlumber)?;
            Ok((has_crashed || self.default_card() == Some(card)).then_some(()))
        })
    }

    fn change_list(&mut self) -> Result<()> {
        let verb = match self.is_listed {
            true => "remove-program",
            false => "add-program",
        };
        self.is_listed = !self.is_listed;
        self.mixd.ctl(&[verb, "Voice"]).map(drop)
    }

    fn change_output(&mut self) -> Result<()> {
        self.aux_card = match self.aux_card {
            Some(_) => None,
            None => Some(self.random(STEREO.len())),
        };
        let name = self.aux_card.map_or("auto", |card| STEREO[card].name);
        self.mixd.ctl(&["output", "aux", name]).map(drop)
    }

    fn change_volume(&mut self) -> Result<()> {
        #[allow(clippy::cast_precision_loss)]
        let volume = (self.random(21) as f64 - 10.0) / 10.0;
        self.volume = volume;
        self.mixd
            .ctl(&["set-volume", &format!("{volume:.1}")])
            .map(drop)
    }

    fn add_client(&mut self) -> Result<()> {
        if self.clients.len() < 10 {
            let mut client = self.mixd.connect()?;
            client.request(&Request::Subscribe(Topics::all()))?;
            self.clients.push(client);
        }
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps)] // it is one of the events
    fn drop_client(&mut self) -> Result<()> {
        self.clients.pop();
        Ok(())
    }

    fn restart_manager(&mut self) -> Result<()> {
        let signal = [Signal::TERM, Signal::KILL][self.random(2)];
        self.lab.stop_daemon(Daemon::WirePlumber, signal)?;
        self.settle()?;
        self.launch_manager()
    }

    /// Starts the session manager; again, if it and a program wait for each other: PipeWire 0.3.65
    /// does not read from the program until the manager has answered for the metadata that it
    /// binds, nor from the manager until the program has answered for its node's parameters. Then
    /// only the program's end helps, with mixd or without.
    fn launch_manager(&mut self) -> Result<()> {
        loop {
            self.lab.launch(Daemon::WirePlumber)?;
            match self.follow_default() {
                Ok(()) => return Ok(()),
                Err(error) if self.lab.metadata().is_ok() => return Err(error),
                Err(_) => self.deadlocks += 1,
            }
            self.lab.stop_daemon(Daemon::WirePlumber, Signal::KILL)?;
            self.players.clear();
            self.lab.stop_daemon(Daemon::Pulse, Signal::KILL)?;
            self.lab.start_daemon(Daemon::Pulse)?;
        }
    }

    /// Takes over the default card of a session manager that has just started: the last choice was
    /// saved, or not in time.
    fn follow_default(&mut self) -> Result<()> {
        let chosen = wait_for("a default card", TIMEOUT, || Ok(self.default_card()))?;
        self.card = chosen;
        Ok(())
    }

    /// With all that plays, as an update does.
    fn restart_pipewire(&mut self) -> Result<()> {
        let signal = [Signal::TERM, Signal::KILL][self.random(2)];
        self.players.clear();
        for daemon in [Daemon::Pulse, Daemon::WirePlumber, Daemon::PipeWire] {
            self.lab.stop_daemon(daemon, signal)?;
        }
        self.lab.start_daemon(Daemon::PipeWire)?;
        self.lab.start_daemon(Daemon::Pulse)?;
        self.launch_manager()
    }
}
