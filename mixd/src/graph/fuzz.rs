//! The body of the fuzz target `graph`: arbitrary events of a PipeWire that obeys, obeys later, or
//! does something else, and what must hold of the graph's wishes all the while.

// To panic is how a target reports.
#![allow(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Unstructured};
use wire::{Channel, Move, Rule, StreamState};

use super::objects::DEFAULT_SINK;
use super::pretend::{
    self, FIRST_SINK, MANAGER, PipeWire, between, default_sink, key, link, serial,
};
use super::{
    Action, CHANNELS, Direction, Fact, Graph, Info, Layout, Metadata, Ports, Props, TARGET_OBJECT,
    channel_of_name, sink_name,
};
use crate::rules::{Edit, Rules};

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
enum Event {
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
    Rob { which: u8 },
    Obey { count: u8 },
    Rule { program: u8, kind: u8 },
    Wait { tenths: u8 },
    Setting { value: u16 },
    Farewell,
    ClientStream { slot: u8 },
    ClientInfo { slot: u8, program: u8, pid: u8 },
}

/// The world, as the target knows it.
struct World {
    graph: Graph,
    rules: Rules,
    pipewire: PipeWire,
    now: Instant,
    /// Asked for, not yet done.
    owed: VecDeque<Action>,
    /// The nodes that there are, and whether they are sinks, other than ours.
    nodes: BTreeMap<u32, bool>,
    /// The links that others have made, and between which nodes.
    foreign: BTreeMap<u32, (u32, u32)>,
    has_left: bool,
    /// What we have asked to be linked, and not to be unlinked.
    wished: BTreeSet<Ports>,
}

/// Runs the target on one input.
pub fn graph(data: &[u8]) {
    let mut source = Unstructured::new(data);
    let mut world = World {
        graph: Graph::new(None),
        rules: Rules::default(),
        pipewire: PipeWire::new(true),
        now: Instant::now(),
        owed: VecDeque::new(),
        nodes: BTreeMap::new(),
        foreign: BTreeMap::new(),
        has_left: false,
        wished: BTreeSet::new(),
    };
    for _ in 0..200 {
        let Ok(event) = source.arbitrary() else { break };
        world.happen(&event);
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
    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Listed => self.learn(vec![Fact::Listed]),
            Event::Card { .. }
            | Event::BareCard { .. }
            | Event::Stream { .. }
            | Event::HalfStream { .. }
            | Event::BareStream { .. }
            | Event::ClientStream { .. }
            | Event::Other { .. } => self.appear(event),
            Event::ClientInfo {
                slot: n,
                program,
                pid,
            } => self.introduce(slot(CLIENTS, n), pick(&PROGRAMS, program), pid % 4),
            Event::Gone { kind, slot: n } => {
                let id = slot(pick(&[CARDS, STREAMS, OTHERS], kind), n);
                let facts = self.remove(id);
                self.learn(facts);
            }
            Event::SinkGone { aux } => {
                if let Some(id) = self.pipewire.sink(CHANNELS[usize::from(aux)]) {
                    let facts = self.pipewire.remove(id);
                    self.wished.retain(|ports| !touches(ports, id));
                    self.learn(facts);
                }
            }
            Event::Default { choice } => {
                let names = ["card-0", "card-1", "card-2", "mixd-default", "nowhere"];
                let name = names.get(usize::from(choice % 6)).copied();
                let fact = name.map_or_else(|| key(0, DEFAULT_SINK, None), default_sink);
                let facts = self.pipewire.set(fact);
                self.learn(facts);
            }
            Event::Key {
                slot: n,
                is_node,
                value,
            } => {
                let name = match is_node {
                    true => "target.node",
                    false => TARGET_OBJECT,
                };
                let fact = key(slot(STREAMS, n), name, pick(&VALUES, value));
                let facts = self.pipewire.set(fact);
                self.learn(facts);
            }
            Event::Manager { kind } => {
                self.pipewire.is_managed = kind % 3 == 0;
                let metadata = pick(
                    &[Metadata::Managed(MANAGER), Metadata::None, Metadata::Static],
                    kind,
                );
                self.learn(vec![Fact::Metadata(metadata)]);
            }
            Event::ForeignLink {
                stream,
                to,
                manager,
            } => self.link_foreign(stream, to, manager),
            Event::ForeignUnlink { stream, to } => {
                let id = foreign_id(stream, to);
                if self.foreign.remove(&id).is_some() {
                    self.learn(vec![Fact::Removed(id)]);
                }
            }
            Event::Rob { which } => self.rob(which),
            Event::Obey { count } => {
                // Somebody else binds the metadata meanwhile.
                self.pipewire.is_deaf = count & 8 != 0;
                self.obey(usize::from(count % 8) + 1);
                self.pipewire.is_deaf = false;
            }
            Event::Rule { program, kind } => {
                if kind % 8 == 7 {
                    self.move_stream(program, kind);
                } else if let Ok(pattern) = pick(&PROGRAMS, program).parse() {
                    let edited = self.rules.edited(&match kind % 8 {
                        0 | 2 | 4 => Edit::Remove(pattern),
                        6 => Edit::Add(Rule::Ignore(pattern)),
                        _ => Edit::Add(Rule::Program(pattern)),
                    });
                    self.rules = edited.unwrap_or_else(|_| self.rules.clone());
                }
                self.learn(Vec::new());
            }
            Event::Wait { tenths } => {
                self.now += Duration::from_millis(100) * u32::from(tenths);
                self.learn(Vec::new());
            }
            Event::Setting { value } => {
                let fact = Fact::Setting("clock.force-quantum".into(), value.to_string());
                self.learn(vec![fact]);
                assert!(!self.graph.quantum().is_zero());
            }
            Event::Farewell if self.has_left => {}
            Event::Farewell => {
                self.has_left = true;
                let actions = self.graph.farewell();
                self.take(actions);
            }
        }
    }

    /// Somebody removes a link of ours.
    /// Moves the program of a stream to a channel: nothing else changes its own.
    fn move_stream(&mut self, program: u8, kind: u8) {
        let streams = self.graph.audio(&self.rules).streams;
        let Some(stream) = streams.get(usize::from(program) % streams.len().max(1)) else {
            return;
        };
        let wanted = Move {
            id: stream.id,
            channel: [Channel::Aux, Channel::Default][usize::from(kind / 8) % 2],
        };
        let plan = match self.graph.plan_move(wanted, &self.rules) {
            Ok(plan) => plan,
            Err(failure) => return assert!(!failure.message.is_empty()),
        };
        assert!(plan.streams.contains(&wanted.id));
        for other in streams {
            let listed = |rules| self.graph.listed_channel(other.id, rules);
            match plan.streams.contains(&other.id) {
                true => assert_eq!(listed(&plan.rules), Some(wanted.channel)),
                false => assert_eq!(listed(&plan.rules), listed(&self.rules)),
            }
        }
        self.rules = plan.rules;
        self.graph.follow_list(&plan.streams);
    }

    fn rob(&mut self, which: u8) {
        let links: Vec<Ports> = self.pipewire.links().copied().collect();
        if let Some(ports) = links.get(usize::from(which) % links.len().max(1)) {
            self.wished.remove(ports);
            let fact = self.pipewire.rob(ports);
            self.learn(fact.into_iter().collect());
        }
    }

    /// A client says what it is.
    fn introduce(&mut self, client: u32, program: &str, pid: u8) {
        let pid = pid.to_string();
        let pairs = [("application.name", program), ("pipewire.sec.pid", &*pid)];
        self.learn(vec![Fact::ClientInfo(client, pretend::props(&pairs))]);
    }

    /// A node comes, in place of what had its id.
    fn appear(&mut self, event: &Event) {
        match *event {
            Event::Card {
                slot: n,
                layout,
                priority,
            } => {
                let id = slot(CARDS, n);
                let name = format!("card-{}", id - CARDS);
                let layout = Layout::parse(pick(&LAYOUTS, layout)).expect("a layout");
                let mut facts = self.remove(id);
                facts.extend(pretend::sink(id, &name, &layout));
                let extra = [("priority.session", &*priority.to_string())];
                facts.push(pretend::node(id, "Audio/Sink", &name, &extra));
                self.nodes.insert(id, true);
                self.learn(facts);
            }
            Event::BareCard { slot: n } => {
                let id = slot(CARDS, n);
                let mut facts = self.remove(id);
                facts.push(pretend::node(
                    id,
                    "Audio/Sink",
                    &format!("card-{}", id - CARDS),
                    &[],
                ));
                facts.push(Fact::Info(id, Info::default()));
                self.nodes.insert(id, true);
                self.learn(facts);
            }
            Event::Stream {
                slot: n,
                program,
                extra,
            } => {
                let id = slot(STREAMS, n);
                let mut facts = self.remove(id);
                let extra = [pick(&EXTRAS, extra)];
                facts.extend(pretend::stream(id, pick(&PROGRAMS, program), &extra));
                self.nodes.insert(id, false);
                self.learn(facts);
            }
            Event::HalfStream { slot: n } => {
                let id = slot(STREAMS, n);
                let mut facts = self.remove(id);
                facts.extend(pretend::stream(id, "Discord", &[]).drain(..1));
                self.nodes.insert(id, false);
                self.learn(facts);
            }
            Event::BareStream { slot: n } => {
                let id = slot(STREAMS, n);
                let mut facts = self.remove(id);
                facts.push(pretend::node(id, "Stream/Output/Audio", "bare", &[]));
                let props = pretend::props(&[("node.autoconnect", "true")]);
                let info = Info {
                    props: Some(props),
                    ..Info::default()
                };
                facts.push(Fact::Info(id, info));
                self.nodes.insert(id, false);
                self.learn(facts);
            }
            Event::ClientStream { slot: n } => {
                let (id, client) = (slot(STREAMS, n), slot(CLIENTS, n));
                let mut facts = self.remove(id);
                facts.push(Fact::Removed(client));
                facts.push(Fact::Client(client, Props::new()));
                facts.extend(pretend::stream(id, "", &[]));
                let extra = [("client.id", &*client.to_string())];
                facts.push(pretend::node(id, "Stream/Output/Audio", "node", &extra));
                self.nodes.insert(id, false);
                self.learn(facts);
            }
            Event::Other { slot: n, is_source } => {
                let id = slot(OTHERS, n);
                let class = match is_source {
                    true => "Audio/Source/Virtual",
                    false => "Stream/Input/Audio",
                };
                let mut facts = self.remove(id);
                facts.push(pretend::node(id, class, "other", &[]));
                self.nodes.insert(id, false);
                self.learn(facts);
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
            self.learn(vec![link(id, client, between(from, to_id, 0))]);
        }
    }

    fn is_ours(&self, node: u32) -> bool {
        self.graph.sinks.channel(node).is_some()
    }

    /// A node goes, with its ports and links.
    fn remove(&mut self, id: u32) -> Vec<Fact> {
        if self.nodes.remove(&id).is_none() {
            return Vec::new();
        }
        self.wished.retain(|ports| !touches(ports, id));
        let mut facts = self.pipewire.remove(id);
        let touching = |ends: &(u32, u32)| ends.0 == id || ends.1 == id;
        let gone = self.foreign.extract_if(.., |_, ends| touching(ends));
        facts.extend(gone.map(|(link, _)| Fact::Removed(link)));
        facts
    }

    /// Tells the graph, settles it, and checks what it asks for.
    fn learn(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            self.graph.learn(fact);
        }
        let actions = self.graph.settle(&self.rules, self.now);
        let again = self.graph.settle(&self.rules, self.now);
        assert!(again.is_empty(), "said twice: {again:?}");
        assert!(
            self.graph.deadline(self.now).is_none_or(|at| at > self.now),
            "a deadline that has passed is a spin"
        );
        if self.has_left {
            assert!(actions.is_empty(), "after the farewell: {actions:?}");
        }
        self.take(actions);
    }

    fn take(&mut self, actions: Vec<Action>) {
        let mut asked = BTreeSet::new();
        for action in &actions {
            match action {
                Action::Target(stream, to) => {
                    assert!(self.nodes.contains_key(stream), "a target for what is gone");
                    assert!(self.graph.is_known(*stream), "a target by a guess");
                    assert!(asked.insert(*stream), "two targets for one stream");
                    let sinks: Vec<u32> = self.graph.sinks.nodes().map(|(_, id, _)| id).collect();
                    assert!(
                        sinks.iter().any(|&id| serial(id) == *to),
                        "{to} is no sink of ours"
                    );
                }
                Action::FollowDefault(stream) => assert!(self.nodes.contains_key(stream)),
                Action::Clear(stream) => assert!(asked.insert(*stream), "two for one stream"),
                Action::ClearNode(stream) => {
                    assert!(asked.contains(stream), "its target.object goes first");
                }
                Action::Configure(node, direction, _) => {
                    let is_sink = self.nodes.get(node).copied().unwrap_or(true);
                    assert_eq!(is_sink, *direction == Direction::Input);
                    assert!(self.nodes.contains_key(node) || self.is_ours(*node));
                }
                Action::Link(ports) => self.check_link(ports),
                Action::Unlink(ports) => {
                    self.wished.remove(ports);
                }
                Action::Reread => assert!(self.pipewire.is_managed, "nobody to tell it"),
                Action::Inspect(pid) => assert!(*pid > 0, "no process has the number 0"),
                Action::Create(sink, _) | Action::Restore(sink, _) => {
                    assert!(self.graph.has_sink(*sink));
                }
                Action::Destroy(sink) => assert!(!self.graph.has_sink(*sink)),
                Action::Remove(node) => {
                    assert_eq!(
                        self.nodes.get(node),
                        Some(&false),
                        "only streams are copies"
                    );
                }
            }
        }
        for action in &actions {
            if let Action::Link(ports) = action {
                self.wished.insert(*ports);
            }
        }
        self.owed.extend(actions);
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
            assert!(self.graph.is_known(output_node), "a link by a guess");
            let is_sink = self.nodes.get(&input_node) == Some(&true) || self.is_ours(input_node);
            assert!(is_sink, "a stream linked to no sink");
        }
    }

    /// PipeWire does some of what it was asked, in order.
    fn obey(&mut self, count: usize) {
        for _ in 0..count {
            let Some(action) = self.owed.pop_front() else {
                return;
            };
            if self.is_void(&action) {
                continue;
            }
            if let Action::Target(id, _) | Action::Clear(id) = action {
                // Where the session manager was first to link what we have asked for as well, its
                // link stands for both.
                for ports in self.pipewire.managed(id) {
                    self.wished.remove(ports);
                }
            }
            if let Action::Configure(id, direction, _) = action {
                // Its ports are made anew.
                self.wished.retain(|ports| match direction {
                    Direction::Input => ports.input_node != id,
                    Direction::Output => ports.output_node != id,
                });
            }
            if let Action::Remove(id) = action {
                self.nodes.remove(&id);
                self.wished.retain(|ports| !touches(ports, id));
            }
            let facts = self.pipewire.obey(&action);
            self.learn(facts);
        }
    }

    /// Whether what was asked is about something that has gone by now: PipeWire says no.
    fn is_void(&self, action: &Action) -> bool {
        let is_there = |id: &u32| self.nodes.contains_key(id) || self.is_ours(*id);
        match action {
            Action::Target(id, _)
            | Action::Clear(id)
            | Action::ClearNode(id)
            | Action::FollowDefault(id)
            | Action::Configure(id, ..) => !is_there(id),
            Action::Reread => !self.pipewire.is_managed,
            Action::Link(ports) => {
                !is_there(&ports.output_node)
                    || !is_there(&ports.input_node)
                    || !self.graph.has_link(ports)
                    || self.pipewire.links().any(|linked| linked == ports)
            }
            _ => false,
        }
    }

    /// Nothing more happens, and all is done that is asked: the wishes come to an end, and each
    /// stream that we say is routed is on its way to its channel, by one way only.
    fn calm_down(&mut self) {
        for round in 0.. {
            assert!(round < 100, "the wishes do not settle: {:?}", self.owed);
            self.obey(usize::MAX);
            self.now += Duration::from_secs(3);
            self.learn(Vec::new());
            // Some patience begins when another is over.
            if self.owed.is_empty() && self.graph.deadline(self.now).is_none() {
                break;
            }
        }
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
        let ready = self.graph.ready_sinks(true, &self.graph.monitor_links());
        for stream in self.graph.audio(&self.rules).streams {
            let decision = self.graph.judge(stream.id, &self.rules);
            let can_play = decision.is_some_and(|it| it.state == StreamState::Routed);
            if can_play && ready.contains_key(&stream.channel) {
                let is_linked = || {
                    let mut links = self.graph.objects.links_from(stream.id);
                    links.any(|link| self.is_ours(link.ports.input_node))
                };
                let is_sent = || self.graph.objects.targets.contains_key(&stream.id);
                assert!(
                    feeds.contains_key(&stream.id) || is_sent() || is_linked(),
                    "{stream:?} has neither a link nor a target"
                );
            }
            if stream.state == StreamState::Ignored {
                let is_asked = self.graph.streams.is_asked(stream.id);
                assert!(
                    !is_asked && !feeds.contains_key(&stream.id),
                    "{stream:?} is left alone"
                );
            }
            let links = feeds.get(&stream.id).and_then(BTreeSet::first);
            if let Some(&to) = links
                && stream.state == StreamState::Routed
            {
                assert_eq!(self.graph.sinks.channel(to), Some(stream.channel));
            }
            if let Some(target) = self.graph.objects.targets.get(&stream.id)
                && self.graph.streams.asked().any(|id| id == stream.id)
            {
                let place = target.object.as_deref().and_then(|object| {
                    let sink = self.graph.objects.find(object);
                    channel_of_name(object).or(sink.and_then(|id| self.graph.sinks.channel(id)))
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
