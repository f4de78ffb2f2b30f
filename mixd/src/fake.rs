//! The backend `fake`: the router over a simulated PipeWire (`router/simulation.rs`), in which the events of a
//! script happen again and again. So the author of a client sees each state and each warning without sound,
//! and what the client asks for is done as on a real PipeWire.

mod script;

use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use wire::{Audio, Channel, Mix};

pub use self::script::CONFIG;
use self::script::{PERIOD, SCRIPT};
use crate::app::AudioServer;
use crate::fade::Factors;
use crate::router::simulation::{self, MANAGER, PipeWire, between, link, node, props, serial};
use crate::router::{
    ByChannel, CHANNELS, Command, Event, Info, Layout, Level, MetadataOwner, Ports, Preference,
    Props, Router,
};
use crate::rules::Rules;

/// The most times as fast as it is written that the script may go on.
pub const MAX_SPEED: u32 = 100;

/// The client that is a patchbay.
const PATCHBAY: u32 = 36;
/// The link that it makes.
const PATCHBAY_LINK: u32 = 99_999;
/// The id of a stream's client is this and the stream's.
const CLIENTS: u32 = 500;
/// The number of a stream's process is this and the stream's id: Linux gives none such a number.
const PROCESSES: u32 = 5_000_000;
/// The ids of so many streams that a message has no room for all of them.
const MANY: Range<u32> = 100..400;
/// The level that somebody who contests it sets: one that no volume makes.
const CONTESTED_LEVEL: f32 = 2.0;
/// The most rounds at one moment. Whatever is contested, the router gives up long before.
const MAX_ROUNDS: u32 = 100;

type Properties = &'static [(&'static str, &'static str)];

/// A sink that is not mixd's.
struct Card {
    id: u32,
    /// `node.name`
    name: &'static str,
    /// `node.description`
    description: &'static str,
    /// The other properties of its node.
    properties: Properties,
}

/// A program that plays a stream.
struct Program {
    /// The stream's id.
    id: u32,
    /// `application.name`
    name: &'static str,
    /// The other properties of the stream's node.
    properties: Properties,
}

/// What another client undoes as often as mixd does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contested {
    Nothing,
    /// The target of this stream.
    Target(u32),
    /// The links from mixd's sinks to cards.
    Links,
    /// The level of a channel's sink.
    Level(Channel),
    /// The aux channel's sink.
    Sinks,
}

/// The fake PipeWire, up or down.
pub struct FakePipeWire {
    /// How many times as fast as the clock the time of script and router goes.
    speed: u32,
    start: Instant,
    /// The time of script and router.
    now: Instant,
    /// When, in that time, the script began last.
    began: Instant,
    /// The index of the next step.
    next: usize,
    /// One that knows nothing while PipeWire is down.
    router: Router,
    /// The time of the router's next round, if there is no event before.
    due: Option<Instant>,
    pipewire: PipeWire,
    preferences: ByChannel<Vec<Preference>>,
    factors: Factors,
    /// The channel whose sink somebody has muted.
    muted: Option<Channel>,
    contested: Contested,
}

impl FakePipeWire {
    /// Creates one that is down; the script begins with the first dispatch.
    pub fn new(speed: u32, preferences: ByChannel<Vec<Preference>>) -> Self {
        let now = Instant::now();
        Self {
            speed,
            start: now,
            now,
            began: now,
            next: 0,
            router: Router::new(preferences.clone()),
            due: None,
            pipewire: PipeWire::new(true),
            preferences,
            factors: Factors::default(),
            muted: None,
            contested: Contested::Nothing,
        }
    }

    fn next_step(&self) -> Instant {
        self.began + Duration::from_secs(SCRIPT[self.next].0)
    }

    /// Returns when something is due next, in the time of the script.
    fn next_due(&self) -> Instant {
        let step = self.next_step();
        self.due.map_or(step, |due| due.min(step))
    }

    /// Goes on to a time of the clock, and no further than to what is due.
    fn advance(&mut self, clock: Instant) {
        let now = self.start + clock.saturating_duration_since(self.start) * self.speed;
        self.now = now.min(self.next_due());
    }

    fn take_step(&mut self) {
        let (at, step) = SCRIPT[self.next];
        debug!("step {} of the script, at {at} s", self.next);
        step(self);
        self.next += 1;
        if self.next == SCRIPT.len() {
            self.next = 0;
            self.began += Duration::from_secs(PERIOD);
        }
    }

    fn handle(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.router.handle(event);
        }
    }

    /// Plans, and has everybody do what follows, until nothing does. Returns what clients are told.
    fn plan(&mut self, rules: &Rules) -> Audio {
        for _ in 0..MAX_ROUNDS {
            let commands = self.router.reconcile(rules, self.now);
            for command in &commands {
                let events = self.pipewire.execute(command);
                self.handle(events);
                if let Command::CreateSink(..) | Command::SetLevel(..) = command {
                    self.set_levels();
                }
            }
            let mut events = self.link_streams();
            events.extend(self.undo_contested());
            if commands.is_empty() && events.is_empty() {
                break;
            }
            self.handle(events);
        }
        self.due = self.router.deadline(self.now);
        self.router.audio()
    }

    /// The session manager links each stream to the sink that the metadata names, else to the one that its own
    /// node does, else to the default one. Returns what happens then.
    fn link_streams(&mut self) -> Vec<Event> {
        let registry = self.router.inputs().registry;
        let mut events = Vec::new();
        let nodes = registry.nodes().iter();
        for (&id, _) in nodes.filter(|(_, node)| node.is_stream()) {
            let names = [
                registry.target_object(id),
                registry.own_target_name(id),
                registry.default_sink.as_deref(),
            ];
            let mut sinks = names
                .into_iter()
                .flatten()
                .filter_map(|name| registry.find(name));
            if let Some(sink) = sinks.next().filter(|_| self.pipewire.is_managed) {
                let is_there = |ports: &Ports| ports.input_node == sink;
                if !self.pipewire.managed(id).any(is_there) {
                    events.extend(self.pipewire.link_managed(id, sink));
                }
            }
        }
        events
    }

    /// Another client undoes what it contests. Returns what happens then.
    fn undo_contested(&mut self) -> Vec<Event> {
        match self.contested {
            Contested::Target(id) => match self.router.inputs().registry.target_object(id) {
                Some(_) => self.pipewire.set_target(id, None),
                None => Vec::new(),
            },
            Contested::Links => {
                let links = self.pipewire.links().copied();
                let links: Vec<Ports> = links.filter(|it| self.router.is_monitor(it)).collect();
                let gone = links.iter().filter_map(|it| self.pipewire.remove_link(it));
                gone.collect()
            }
            Contested::Sinks => match self.pipewire.sink(Channel::Aux) {
                Some(sink) => self.pipewire.remove(sink),
                None => Vec::new(),
            },
            // As soon as it is set.
            Contested::Level(_) | Contested::Nothing => Vec::new(),
        }
    }

    /// Sets the levels of our sinks, and tells the router what they carry then.
    // To the width that PipeWire takes.
    #[allow(clippy::cast_possible_truncation)]
    fn set_levels(&mut self) {
        let sinks = self.router.inputs().sinks.nodes();
        let levels = sinks.map(|(sink, ..)| {
            let factor = match self.contested == Contested::Level(sink.channel) {
                true => CONTESTED_LEVEL,
                false => self.factors.of(sink.channel) as f32,
            };
            let level = Level {
                volumes: vec![factor],
                is_muted: self.muted == Some(sink.channel),
                ..Level::default()
            };
            Event::Level(sink, level)
        });
        let mut events: Vec<Event> = levels.collect();
        let factors = CHANNELS.map(|channel| self.factors.of(channel) as f32);
        events.push(Event::LevelsSet(Some(factors)));
        self.handle(events);
    }
}

impl AudioServer for FakePipeWire {
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn deadline(&self) -> Option<Instant> {
        let due = self.next_due().saturating_duration_since(self.start);
        // Rounded up.
        Some(self.start + due / self.speed + Duration::from_nanos(1))
    }

    /// Does what is due first: what is due later waits for the next turn, however late that is, so that
    /// clients are told of each.
    fn dispatch(
        &mut self,
        _is_readable: bool,
        rules: &Rules,
        mix: Mix,
        now: Instant,
    ) -> Result<Option<Audio>, String> {
        self.set_mix(mix, now);
        self.advance(now);
        if self.now < self.next_due() {
            return Ok(None);
        }
        while self.next_step() <= self.now {
            self.take_step();
        }
        Ok(Some(self.plan(rules)))
    }

    fn configure(&mut self, _glide: Duration, preferences: ByChannel<Vec<Preference>>) {
        self.router.set_preferences(preferences.clone());
        self.preferences = preferences;
    }

    fn set_mix(&mut self, mix: Mix, _now: Instant) {
        let factors = Factors::from(mix);
        if factors != self.factors {
            self.factors = factors;
            self.set_levels();
        }
    }

    fn follow_list(&mut self, streams: &[u32]) {
        self.router.follow_list(streams);
    }

    fn reconcile(&mut self, rules: &Rules, now: Instant) -> Option<Audio> {
        self.advance(now);
        Some(self.plan(rules))
    }

    fn router(&self) -> Option<&Router> {
        let is_up = self.router.inputs().registry.is_complete;
        is_up.then_some(&self.router)
    }

    fn shutdown(&mut self) {}

    fn is_drained(&self) -> bool {
        true
    }
}

/// The steps of the script.
impl FakePipeWire {
    /// PipeWire and a session manager start, and find these cards, the first of them the default.
    fn begin(&mut self, cards: &[Card]) {
        self.handle([
            Event::Version("1.6.0".to_owned()),
            client(MANAGER, "WirePlumber", ""),
            client(PATCHBAY, "qpwgraph", ""),
            self.pipewire.metadata(),
        ]);
        for card in cards {
            self.plug(card);
        }
        if let Some(first) = cards.first() {
            self.set_default(first.name);
        }
        self.handle([Event::Listed]);
    }

    /// PipeWire ends.
    fn end(&mut self) {
        self.router = Router::new(self.preferences.clone());
        self.pipewire = PipeWire::new(true);
        self.contested = Contested::Nothing;
    }

    fn plug(&mut self, card: &Card) {
        self.handle(simulation::sink(card.id, card.name, &Layout::stereo()));
        let description = [("node.description", card.description)];
        let info = Info {
            props: Some(props(card.properties)),
            inputs: 2,
            outputs: 2,
            is_running: false,
        };
        self.handle([
            node(card.id, "Audio/Sink", card.name, &description),
            Event::Info(card.id, info),
        ]);
    }

    fn unplug(&mut self, card: &Card) {
        let events = self.pipewire.remove(card.id);
        self.handle(events);
    }

    /// The sink of this name is the default from now on.
    fn set_default(&mut self, name: &str) {
        let events = self.pipewire.set(simulation::default_sink(name));
        self.handle(events);
    }

    /// A program begins to play.
    fn play(&mut self, program: &Program) {
        self.play_unknown(program);
        self.introduce(program);
    }

    /// The same, but its client does not say yet what it is.
    fn play_unknown(&mut self, program: &Program) {
        let &Program {
            id,
            name,
            properties,
        } = program;
        let client = [("client.id", &*(CLIENTS + id).to_string())];
        self.handle([Event::Client(CLIENTS + id, Props::new())]);
        self.handle(simulation::stream(id, name, properties));
        self.handle([node(id, "Stream/Output/Audio", name, &client)]);
    }

    /// Its client says so.
    fn introduce(&mut self, program: &Program) {
        let pid = (PROCESSES + program.id).to_string();
        self.handle([client(CLIENTS + program.id, program.name, &pid)]);
    }

    /// A stream pauses or goes on.
    fn set_running(&mut self, program: &Program, is_running: bool) {
        let info = Info {
            props: None,
            inputs: 0,
            outputs: 2,
            is_running,
        };
        self.handle([Event::Info(program.id, info)]);
    }

    fn quit(&mut self, program: &Program) {
        let events = self.pipewire.remove(program.id);
        self.handle(events);
        self.handle([Event::Removed(CLIENTS + program.id)]);
    }

    fn play_many(&mut self) {
        for id in MANY {
            let name = format!("a browser with too many tabs, number {id}");
            self.handle(simulation::stream(id, &name, &[]));
        }
    }

    fn quit_many(&mut self) {
        for id in MANY {
            let events = self.pipewire.remove(id);
            self.handle(events);
        }
    }

    /// A user sends a stream to a card, or to none.
    fn set_target(&mut self, program: &Program, card: Option<&Card>) {
        let target = card.map(|card| serial(card.id).to_string());
        let events = self.pipewire.set_target(program.id, target.as_deref());
        self.handle(events);
    }

    /// A patchbay links a stream to a card besides.
    fn link(&mut self, program: &Program, card: &Card) {
        self.handle([link(
            PATCHBAY_LINK,
            PATCHBAY,
            between(program.id, card.id, 0),
        )]);
    }

    fn unlink(&mut self) {
        self.handle([Event::Removed(PATCHBAY_LINK)]);
    }

    /// A user has muted the sink of this channel, and no other.
    fn mute(&mut self, channel: Option<Channel>) {
        self.muted = channel;
        self.set_levels();
    }

    /// The session manager hangs, or answers again.
    fn hang(&mut self, hangs: bool) {
        self.pipewire.is_managed = !hangs;
        let owner = match hangs {
            true => MetadataOwner::Hanging(MANAGER),
            false => MetadataOwner::Managed(MANAGER),
        };
        self.handle([Event::Metadata(owner)]);
    }

    /// The session manager is set to move streams, or not to.
    fn allow_moving(&mut self, is_allowed: bool) {
        let key = "linking.allow-moving-streams".to_owned();
        self.handle([Event::Setting(key, is_allowed.to_string())]);
    }

    fn contest(&mut self, contested: Contested) {
        self.contested = contested;
        self.set_levels();
    }
}

/// A client of this name and process says what it is.
fn client(id: u32, name: &str, pid: &str) -> Event {
    let properties = [("application.name", name), ("pipewire.sec.pid", pid)];
    Event::ClientInfo(id, props(&properties))
}
