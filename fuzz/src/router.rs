//! The body of the fuzz target `router`: arbitrary events of a PipeWire that does what it is asked,
//! does it later, or does something else, and what must hold of the router's commands all the while.

// To panic is how a target reports.
#![allow(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Unstructured};
use wire::message::Pattern;
use wire::{Channel, Move, Rule, StreamState};

use mixd::router::simulation::{
    self, FIRST_SINK, MANAGER, PipeWire, between, default_sink, key, link, serial,
};
use mixd::router::{
    ByChannel, CHANNELS, Command, DEFAULT_SINK, Direction, Event, Info, Layout, Match,
    MetadataOwner, Ports, Preference, Props, Router, TARGET_OBJECT, channel_of_name, sink_name,
};
use mixd::rules::{Edit, Rules};

/// How many objects of a kind there are at most.
const SLOTS: u32 = 4;
const CARDS: u32 = 10;
const STREAMS: u32 = 20;
const OTHERS: u32 = 30;
const CLIENTS: u32 = 80;
const FOREIGN_LINKS: u32 = 90_000;
const PATCHBAY: u32 = 35;

const LAYOUTS: [&str; 6] = [
    "FL FR",
    "MONO",
    "FL FR FC LFE SL SR",
    "FL FR FC LFE RL RR SL SR",
    "AUX0 AUX1 AUX2",
    "SL",
];
/// The first value of a setting that is about the outputs instead.
const PREFERENCES: u16 = 0xff00;

const PROGRAMS: [&str; 3] = ["Discord", "Game", ""];
const EXTRAS: [(&str, &str); 6] = [
    ("media.name", "x"),
    ("node.autoconnect", "false"),
    ("node.link-group", "loopback"),
    ("node.dont-reconnect", "true"),
    (TARGET_OBJECT, "card-1"),
    ("node.target", "11"),
];
const VALUES: [Option<&str>; 8] = [
    None,
    Some("mixd-default"),
    Some("mixd-aux"),
    Some("card-0"),
    Some("1011"),
    Some("1040"),
    Some("-1"),
    Some(""),
];

/// Something that happens. Numbers choose among what there is.
#[derive(Arbitrary, Debug)]
enum Step {
    Listed,
    Card { slot: u8, layout: u8, priority: i8 },
    BareCard { slot: u8 },
    Stream { slot: u8, program: u8, extra: u8 },
    HalfStream { slot: u8 },
    BareStream { slot: u8 },
    Other { slot: u8, is_source: bool },
    Gone { kind: u8, slot: u8 },
    SinkGone { aux: bool },
    Default { choice: u8 },
    Key { slot: u8, is_node: bool, value: u8 },
    Manager { kind: u8 },
    ForeignLink { stream: u8, to: u8, manager: bool },
    ForeignUnlink { stream: u8, to: u8 },
    RemoveLink { which: u8 },
    Execute { count: u8 },
    Rule { program: u8, kind: u8 },
    Wait { tenths: u8 },
    Setting { value: u16 },
    Shutdown,
    ClientStream { slot: u8 },
    ClientInfo { slot: u8, program: u8, pid: u8 },
}

/// The world, as the target knows it.
struct World {
    router: Router,
    rules: Rules,
    pipewire: PipeWire,
    now: Instant,
    /// Asked for, not yet done.
    pending: VecDeque<Command>,
    /// The nodes that there are, and whether they are sinks, other than ours.
    nodes: BTreeMap<u32, bool>,
    /// The links that others have made, and between which nodes.
    foreign: BTreeMap<u32, (u32, u32)>,
    has_left: bool,
    /// What we have asked to be linked, and not to be unlinked.
    wished: BTreeSet<Ports>,
    /// What the channels are to play to.
    preferences: ByChannel<Vec<Preference>>,
    is_shown: bool,
}

/// Runs the target on one input. With `MIXD_FUZZ_SHOW` in the environment it prints what happens, and what
/// the router asks for.
pub fn router(data: &[u8]) {
    let mut source = Unstructured::new(data);
    let mut world = World {
        router: Router::default(),
        rules: Rules::default(),
        pipewire: PipeWire::new(true),
        now: Instant::now(),
        pending: VecDeque::new(),
        nodes: BTreeMap::new(),
        foreign: BTreeMap::new(),
        has_left: false,
        wished: BTreeSet::new(),
        preferences: ByChannel::default(),
        is_shown: std::env::var_os("MIXD_FUZZ_SHOW").is_some(),
    };
    for _ in 0..200 {
        let Ok(step) = source.arbitrary() else { break };
        if world.is_shown {
            eprintln!("{step:?}");
        }
        world.take_step(&step);
        if source.is_empty() {
            break;
        }
    }
    world.calm_down();
}

fn pick<T: Copy>(all: &[T], index: u8) -> T {
    all[usize::from(index) % all.len()]
}

fn slot(first: u32, slot: u8) -> u32 {
    first + u32::from(slot) % SLOTS
}

impl World {
    fn take_step(&mut self, step: &Step) {
        match *step {
            Step::Listed => self.handle(vec![Event::Listed]),
            Step::Card { .. }
            | Step::BareCard { .. }
            | Step::Stream { .. }
            | Step::HalfStream { .. }
            | Step::BareStream { .. }
            | Step::ClientStream { .. }
            | Step::Other { .. } => self.appear(step),
            Step::ClientInfo {
                slot: n,
                program,
                pid,
            } => self.introduce(slot(CLIENTS, n), pick(&PROGRAMS, program), pid % 4),
            Step::Gone { kind, slot: n } => {
                let id = slot(pick(&[CARDS, STREAMS, OTHERS], kind), n);
                let events = self.remove(id);
                self.handle(events);
            }
            Step::SinkGone { aux } => {
                if let Some(id) = self.pipewire.sink(CHANNELS[usize::from(aux)]) {
                    let events = self.pipewire.remove(id);
                    self.wished.retain(|ports| !touches(ports, id));
                    self.handle(events);
                }
            }
            Step::Default { choice } => {
                let names = ["card-0", "card-1", "card-2", "mixd-default", "nowhere"];
                let name = names.get(usize::from(choice % 6)).copied();
                let event = name.map_or_else(|| key(0, DEFAULT_SINK, None), default_sink);
                let events = self.pipewire.set(event);
                self.handle(events);
            }
            Step::Key {
                slot: n,
                is_node,
                value,
            } => {
                let name = match is_node {
                    true => "target.node",
                    false => TARGET_OBJECT,
                };
                let event = key(slot(STREAMS, n), name, pick(&VALUES, value));
                let events = self.pipewire.set(event);
                self.handle(events);
            }
            Step::Manager { kind } => self.change_manager(kind),
            Step::ForeignLink {
                stream,
                to,
                manager,
            } => self.link_foreign(stream, to, manager),
            Step::ForeignUnlink { stream, to } => {
                let id = foreign_id(stream, to);
                if self.foreign.remove(&id).is_some() {
                    self.handle(vec![Event::Removed(id)]);
                }
            }
            Step::RemoveLink { which } => self.remove_link(which),
            Step::Execute { count: u8::MAX } => self.refuse(),
            Step::Execute { count } => {
                // Somebody else binds the metadata meanwhile.
                self.pipewire.is_metadata_withheld = count & 8 != 0;
                self.execute(usize::from(count % 8) + 1);
                self.pipewire.is_metadata_withheld = false;
            }
            Step::Rule { program, kind } => {
                if kind % 8 == 7 {
                    self.move_stream(program, kind);
                } else if let Ok(pattern) = pick(&PROGRAMS, program).parse() {
                    let edited = self.rules.apply(&match kind % 8 {
                        0 | 2 | 4 => Edit::Remove(pattern),
                        6 => Edit::Add(Rule::Ignore(pattern)),
                        _ => Edit::Add(Rule::Program(pattern)),
                    });
                    self.rules = edited.unwrap_or_else(|_| self.rules.clone());
                }
                self.handle(Vec::new());
            }
            Step::Wait { tenths } => {
                self.now += Duration::from_millis(100) * u32::from(tenths);
                self.handle(Vec::new());
            }
            // No step of its own, which would give each byte of the corpus another meaning.
            Step::Setting {
                value: value @ PREFERENCES..,
            } => self.prefer(value),
            Step::Setting { value } => {
                let event = Event::Setting("clock.force-quantum".into(), value.to_string());
                self.handle(vec![event]);
                assert!(!self.router.quantum().is_zero());
            }
            Step::Shutdown if self.has_left => {}
            Step::Shutdown => {
                self.has_left = true;
                let commands = self.router.shutdown();
                self.take(commands);
            }
        }
    }

    /// Has the channels, or one, prefer other sinks.
    fn prefer(&mut self, value: u16) {
        let globs = [
            None,
            Some("card-1"),
            Some("CARD-[23]"),
            Some("*"),
            Some("nowhere"),
        ];
        let [_, low] = value.to_be_bytes();
        let preference = |index: u8| Preference {
            sink: pick(&globs, index).map(Pattern::truncated),
            line: "output".to_owned(),
        };
        // None, one or two, for one channel or both.
        let some = [low / 16, low / 32].map(preference).into_iter();
        let some: Vec<Preference> = some.take(usize::from(low % 3)).collect();
        for channel in CHANNELS {
            if low % 4 != 1 + u8::from(channel == Channel::Aux) {
                self.preferences[channel].clone_from(&some);
            }
        }
        self.router.set_preferences(self.preferences.clone());
        self.handle(Vec::new());
    }

    /// Asserts that each channel plays to the first sink that it prefers, and that does not lead back, and to nothing
    /// else.
    fn check_outputs(&self) {
        let inputs = self.router.inputs();
        let (registry, sinks) = (inputs.registry, inputs.sinks);
        if !registry.is_complete {
            return;
        }
        for channel in CHANNELS {
            let output = self.router.output(channel);
            let globs = self.preferences[channel].iter();
            let globs = globs.map_while(|preference| preference.sink);
            let mut matching = globs.flat_map(|glob| registry.matching_cards(&glob));
            let preferred = matching.find(|&id| !registry.leads_back(id));
            let named = output
                .chosen_by()
                .filter(|preference| preference.sink.is_some());
            assert_eq!(preferred.is_some(), named.is_some());
            assert!(preferred.is_none_or(|id| output.card() == Some(id)));
            let mut monitors = self.wished.iter();
            let is_elsewhere = |ports: &&Ports| {
                sinks.channel(ports.output_node) == Some(channel)
                    && output.node() != Some(ports.input_node)
            };
            assert_eq!(monitors.find(is_elsewhere), None, "{channel}: {output:?}");
        }
    }

    /// Moves the program of a stream to a channel: nothing else changes its own.
    fn move_stream(&mut self, program: u8, kind: u8) {
        let streams = self.router.audio().streams;
        let Some(stream) = streams.get(usize::from(program) % streams.len().max(1)) else {
            return;
        };
        let wanted = Move {
            id: stream.id,
            channel: [Channel::Aux, Channel::Default][usize::from(kind / 8) % 2],
        };
        let plan = match self.router.plan_move(wanted, &self.rules) {
            Ok(plan) => plan,
            Err(failure) => return assert!(!failure.message.is_empty()),
        };
        assert!(plan.streams.contains(&wanted.id));
        for other in streams {
            let listed =
                |rules| Match::find(self.router.inputs().registry, other.id, rules).channel();
            match plan.streams.contains(&other.id) {
                true => assert_eq!(listed(&plan.rules), Some(wanted.channel)),
                false => assert_eq!(listed(&plan.rules), listed(&self.rules)),
            }
        }
        self.rules = plan.rules;
        self.router.follow_list(&plan.streams);
    }

    /// Somebody removes a link of ours.
    fn remove_link(&mut self, which: u8) {
        let links: Vec<Ports> = self.pipewire.links().copied().collect();
        if let Some(ports) = links.get(usize::from(which) % links.len().max(1)) {
            self.wished.remove(ports);
            let event = self.pipewire.remove_link(ports);
            self.handle(event.into_iter().collect());
        }
    }

    /// The session manager comes, or goes.
    fn change_manager(&mut self, kind: u8) {
        self.pipewire.is_managed = kind.is_multiple_of(3);
        let owners = [
            MetadataOwner::Managed(MANAGER),
            MetadataOwner::None,
            MetadataOwner::Static,
        ];
        self.handle(vec![Event::Metadata(pick(&owners, kind))]);
    }

    /// A client says what it is.
    fn introduce(&mut self, client: u32, program: &str, pid: u8) {
        let pid = pid.to_string();
        let pairs = [("application.name", program), ("pipewire.sec.pid", &*pid)];
        self.handle(vec![Event::ClientInfo(client, simulation::props(&pairs))]);
    }

    /// A node comes, in place of what had its id.
    fn appear(&mut self, step: &Step) {
        match *step {
            Step::Card {
                slot: n,
                layout,
                priority,
            } => {
                let id = slot(CARDS, n);
                let name = format!("card-{}", id - CARDS);
                let layout = Layout::parse(pick(&LAYOUTS, layout)).expect("a layout");
                let mut events = self.remove(id);
                events.extend(simulation::sink(id, &name, &layout));
                let extra = [("priority.session", &*priority.to_string())];
                events.push(simulation::node(id, "Audio/Sink", &name, &extra));
                self.nodes.insert(id, true);
                self.handle(events);
            }
            Step::BareCard { slot: n } => {
                let id = slot(CARDS, n);
                let mut events = self.remove(id);
                events.push(simulation::node(
                    id,
                    "Audio/Sink",
                    &format!("card-{}", id - CARDS),
                    &[],
                ));
                events.push(Event::Info(id, Info::default()));
                self.nodes.insert(id, true);
                self.handle(events);
            }
            Step::Stream {
                slot: n,
                program,
                extra,
            } => {
                let id = slot(STREAMS, n);
                let mut events = self.remove(id);
                let extra = [pick(&EXTRAS, extra)];
                events.extend(simulation::stream(id, pick(&PROGRAMS, program), &extra));
                self.nodes.insert(id, false);
                self.handle(events);
            }
            Step::HalfStream { slot: n } => {
                let id = slot(STREAMS, n);
                let mut events = self.remove(id);
                events.extend(simulation::stream(id, "Discord", &[]).drain(..1));
                self.nodes.insert(id, false);
                self.handle(events);
            }
            Step::BareStream { slot: n } => {
                let id = slot(STREAMS, n);
                let mut events = self.remove(id);
                events.push(simulation::node(id, "Stream/Output/Audio", "bare", &[]));
                let props = simulation::props(&[("node.autoconnect", "true")]);
                let info = Info {
                    props: Some(props),
                    ..Info::default()
                };
                events.push(Event::Info(id, info));
                self.nodes.insert(id, false);
                self.handle(events);
            }
            Step::ClientStream { slot: n } => {
                let (id, client) = (slot(STREAMS, n), slot(CLIENTS, n));
                let mut events = self.remove(id);
                events.push(Event::Removed(client));
                events.push(Event::Client(client, Props::new()));
                events.extend(simulation::stream(id, "", &[]));
                let extra = [("client.id", &*client.to_string())];
                events.push(simulation::node(id, "Stream/Output/Audio", "node", &extra));
                self.nodes.insert(id, false);
                self.handle(events);
            }
            Step::Other { slot: n, is_source } => {
                let id = slot(OTHERS, n);
                let class = match is_source {
                    true => "Audio/Source/Virtual",
                    false => "Stream/Input/Audio",
                };
                let mut events = self.remove(id);
                events.push(simulation::node(id, class, "other", &[]));
                self.nodes.insert(id, false);
                self.handle(events);
            }
            _ => {}
        }
    }

    fn link_foreign(&mut self, stream: u8, to: u8, is_managers: bool) {
        let from = slot(STREAMS, stream);
        let to_id = slot(pick(&[CARDS, OTHERS, FIRST_SINK], to), to / 3);
        let id = foreign_id(stream, to);
        let is_there = |id: &u32| self.nodes.contains_key(id) || self.is_ours(*id);
        if is_there(&from) && is_there(&to_id) && !self.foreign.contains_key(&id) {
            self.foreign.insert(id, (from, to_id));
            let client = if is_managers { MANAGER } else { PATCHBAY };
            self.handle(vec![link(id, client, between(from, to_id, 0))]);
        }
    }

    fn is_ours(&self, node: u32) -> bool {
        self.router.inputs().sinks.channel(node).is_some()
    }

    /// A node goes, with its ports and links.
    fn remove(&mut self, id: u32) -> Vec<Event> {
        if self.nodes.remove(&id).is_none() {
            return Vec::new();
        }
        self.wished.retain(|ports| !touches(ports, id));
        let mut events = self.pipewire.remove(id);
        let touching = |ends: &(u32, u32)| ends.0 == id || ends.1 == id;
        let gone = self.foreign.extract_if(.., |_, ends| touching(ends));
        events.extend(gone.map(|(link, _)| Event::Removed(link)));
        events
    }

    /// Has the router handle events and plan.
    fn handle(&mut self, events: Vec<Event>) {
        self.tell(events);
        self.plan();
    }

    fn tell(&mut self, events: Vec<Event>) {
        for event in events {
            self.router.handle(event);
        }
    }

    /// Has the router plan, and checks what it asks for.
    fn plan(&mut self) {
        let commands = self.router.reconcile(&self.rules, self.now);
        assert!(
            self.router
                .deadline(self.now)
                .is_none_or(|at| at > self.now),
            "a deadline that has passed is a spin"
        );
        if self.has_left {
            assert!(commands.is_empty(), "after the shutdown: {commands:?}");
        }
        self.take(commands);
    }

    /// Asserts that a second round right after the last has nothing to say. Asked where an input ends: each
    /// beginning of one is an input as well.
    fn check_repeated(&mut self) {
        let again = self.router.reconcile(&self.rules, self.now);
        assert!(again.is_empty(), "said twice: {again:?}");
    }

    fn take(&mut self, commands: Vec<Command>) {
        let mut asked = BTreeSet::new();
        for command in &commands {
            if self.is_shown {
                eprintln!("    {command:?}");
            }
            match command {
                Command::SetTarget(stream, to) => {
                    assert!(self.nodes.contains_key(stream), "a target for what is gone");
                    assert!(
                        self.router.inputs().registry.is_known(*stream),
                        "a target by a guess"
                    );
                    assert!(asked.insert(*stream), "two targets for one stream");
                    let sinks: Vec<u32> = self
                        .router
                        .inputs()
                        .sinks
                        .nodes()
                        .map(|(_, id, _)| id)
                        .collect();
                    assert!(
                        sinks.iter().any(|&id| serial(id) == *to),
                        "{to} is no sink of ours"
                    );
                }
                Command::FollowDefault(stream) => assert!(self.nodes.contains_key(stream)),
                Command::ClearTarget(stream) => {
                    assert!(asked.insert(*stream), "two for one stream");
                }
                Command::ClearTargetNode(stream) => {
                    assert!(asked.contains(stream), "its target.object goes first");
                }
                Command::ConfigurePorts(node, direction, _) => {
                    let is_sink = self.nodes.get(node).copied().unwrap_or(true);
                    assert_eq!(is_sink, *direction == Direction::Input);
                    assert!(self.nodes.contains_key(node) || self.is_ours(*node));
                }
                Command::Link(ports) => self.check_link(ports),
                Command::Unlink(ports) => {
                    self.wished.remove(ports);
                }
                Command::Refresh => assert!(self.pipewire.is_managed, "nobody to tell it"),
                Command::InspectProcess(pid) => assert!(*pid > 0, "no process has the number 0"),
                Command::CreateSink(sink, _) | Command::SetLevel(sink, _) => {
                    assert!(self.router.has_sink(*sink));
                }
                Command::DestroySink(sink) => assert!(!self.router.has_sink(*sink)),
                Command::DestroyNode(node) => {
                    assert_eq!(
                        self.nodes.get(node),
                        Some(&false),
                        "only streams are copies"
                    );
                }
            }
        }
        for command in &commands {
            if let Command::Link(ports) = command {
                self.wished.insert(*ports);
            }
        }
        self.pending.extend(commands);
    }

    fn check_link(&self, ports: &Ports) {
        let Ports {
            output_node,
            input_node,
            ..
        } = *ports;
        let is_there = |id| self.nodes.contains_key(&id) || self.is_ours(id);
        assert!(
            is_there(output_node) && is_there(input_node),
            "a link to what is gone: {ports:?}"
        );
        if self.is_ours(output_node) {
            assert!(!self.is_ours(input_node), "our own sink fed to our own");
            assert_eq!(
                self.nodes.get(&input_node),
                Some(&true),
                "a monitor to no sink"
            );
        } else {
            assert!(
                self.router.inputs().registry.is_known(output_node),
                "a link by a guess"
            );
            let is_sink = self.nodes.get(&input_node) == Some(&true) || self.is_ours(input_node);
            assert!(is_sink, "a stream linked to no sink");
        }
    }

    /// PipeWire does some of what it was asked, in order; then the router plans, as it does once for all that it
    /// is told at once.
    fn execute(&mut self, count: usize) {
        let count = count.min(self.pending.len());
        let commands: Vec<Command> = self.pending.drain(..count).collect();
        for command in commands {
            if self.is_moot(&command) {
                if let Command::Link(ports) = &command
                    && !self.router.has_link(ports)
                {
                    // One that it had asked to be removed before has gone since: it counts as lost.
                    self.wished.remove(ports);
                    self.tell(vec![Event::LinkNeverMade(*ports)]);
                }
                continue;
            }
            if let Command::SetTarget(id, _) | Command::ClearTarget(id) = command {
                // Where the session manager was first to link what we have asked for as well, its
                // link stands for both.
                for ports in self.pipewire.managed(id) {
                    self.wished.remove(ports);
                }
            }
            if let Command::ConfigurePorts(id, direction, _) = command {
                // Its ports are made anew.
                self.wished.retain(|ports| match direction {
                    Direction::Input => ports.input_node != id,
                    Direction::Output => ports.output_node != id,
                });
            }
            if let Command::DestroyNode(id) = command {
                self.nodes.remove(&id);
                self.wished.retain(|ports| !touches(ports, id));
            }
            let events = self.pipewire.execute(&command);
            self.tell(events);
        }
        self.plan();
    }

    /// PipeWire refuses to do what it was asked first, if that is something that it may refuse.
    fn refuse(&mut self) {
        let refused = match self.pending.front() {
            Some(Command::Link(ports)) if self.router.has_link(ports) => Event::LinkRefused(*ports),
            Some(Command::CreateSink(sink, _)) => Event::SinkRefused(*sink),
            _ => return self.execute(1),
        };
        if let Event::LinkRefused(ports) = &refused {
            self.wished.remove(ports);
        }
        self.pending.pop_front();
        self.handle(vec![refused]);
    }

    /// Returns whether what was asked is about something that has gone by now: PipeWire says no.
    fn is_moot(&self, command: &Command) -> bool {
        let is_there = |id: &u32| self.nodes.contains_key(id) || self.is_ours(*id);
        match command {
            Command::SetTarget(id, _)
            | Command::ClearTarget(id)
            | Command::ClearTargetNode(id)
            | Command::FollowDefault(id)
            | Command::ConfigurePorts(id, ..) => !is_there(id),
            Command::Refresh => !self.pipewire.is_managed,
            Command::Link(ports) => {
                !is_there(&ports.output_node)
                    || !is_there(&ports.input_node)
                    || !self.router.has_link(ports)
                    || self.pipewire.links().any(|linked| linked == ports)
            }
            _ => false,
        }
    }

    /// Nothing more happens, and all is done that is asked: the commands come to an end, and each
    /// stream that we say is routed is on its way to its channel, by one way only.
    fn calm_down(&mut self) {
        self.check_repeated();
        for round in 0.. {
            assert!(
                round < 100,
                "the wishes do not reconcile: {:?}",
                self.pending
            );
            for batch in 0.. {
                if self.pending.is_empty() {
                    break;
                }
                assert!(batch < 100, "commands without end: {:?}", self.pending);
                self.execute(usize::MAX);
            }
            self.now += Duration::from_secs(3);
            self.handle(Vec::new());
            // One timeout begins when another has expired.
            if self.pending.is_empty() && self.router.deadline(self.now).is_none() {
                break;
            }
        }
        self.check_repeated();
        let mut feeds: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for ports in &self.wished {
            feeds
                .entry(ports.output_node)
                .or_default()
                .insert(ports.input_node);
        }
        for (node, to) in &feeds {
            assert!(to.len() == 1, "{node} is linked to {to:?} by us");
        }
        if self.has_left {
            return;
        }
        self.check_outputs();
        let ready = self.router.ready_sinks();
        for stream in self.router.audio().streams {
            let states = self.router.inputs().streams.states();
            let state = states.get(&stream.id).expect("a state of what is listed");
            let can_play = state.planned == StreamState::Routed;
            if can_play && ready.contains_key(&stream.channel) {
                let is_linked = || {
                    let mut links = self.router.inputs().registry.links_from(stream.id);
                    links.any(|link| self.is_ours(link.ports.input_node))
                };
                let is_sent = || {
                    self.router
                        .inputs()
                        .registry
                        .targets
                        .contains_key(&stream.id)
                };
                assert!(
                    feeds.contains_key(&stream.id)
                        || is_sent()
                        || is_linked()
                        || self.router.inputs().links.is_refused(stream.id),
                    "{stream:?} has neither a link nor a target"
                );
            }
            if stream.state == StreamState::Ignored {
                let is_asked = self.router.inputs().streams.is_requested(stream.id);
                assert!(
                    !is_asked && !feeds.contains_key(&stream.id),
                    "{stream:?} is left alone"
                );
            }
            let links = feeds.get(&stream.id).and_then(BTreeSet::first);
            if let Some(&to) = links
                && stream.state == StreamState::Routed
            {
                assert_eq!(self.router.inputs().sinks.channel(to), Some(stream.channel));
            }
            if let Some(target) = self.router.inputs().registry.targets.get(&stream.id)
                && self
                    .router
                    .inputs()
                    .streams
                    .requested()
                    .any(|id| id == stream.id)
            {
                let place = target.object.as_deref().and_then(|object| {
                    let sink = self.router.inputs().registry.find(object);
                    channel_of_name(object)
                        .or(sink.and_then(|id| self.router.inputs().sinks.channel(id)))
                });
                assert_eq!(
                    place.map(sink_name),
                    Some(sink_name(stream.channel)),
                    "{target:?}"
                );
            }
        }
    }
}

fn touches(ports: &Ports, node: u32) -> bool {
    ports.output_node == node || ports.input_node == node
}

fn foreign_id(stream: u8, to: u8) -> u32 {
    FOREIGN_LINKS + (u32::from(stream) % SLOTS) * 256 + u32::from(to)
}
