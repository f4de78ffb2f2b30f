//! What PipeWire has, and what it should have: a pure model. Events go in as they come, in any
//! order; [`Router::reconcile`] says what is to be done to get from the one to the other, once each.
//!
//! Streams are moved by asking the session manager (`target.object` in the metadata `default`),
//! never by touching links that are not ours. Where there is no session manager, or where it
//! leaves a stream without any link, we link it ourselves.

mod complete;
mod event;
mod filters;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod heed;
mod layout;
mod levels;
mod links;
mod manager;
mod matching;
mod moving;
mod other_mixd;
mod output;
mod quantum;
mod quirks;
mod registry;
#[cfg(any(test, feature = "simulation"))]
pub mod simulation;
mod sinks;
mod spa_json;
mod state;
mod streams;
mod target;
mod timeouts;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use wire::message::{ClientName, NodeName};
use wire::{Audio, Channel, Diagnosis, PipeWireState, Warning};

pub use self::event::{Command, Event, Info, Level, MetadataOwner, Ports, Process, Props, Sink};
pub use self::layout::{Layout, MAX_CHANNELS};
use self::levels::Levels;
use self::links::Links;
use self::manager::{Freshness, Refresh};
use self::matching::Processes;
pub use self::moving::no_stream;
pub use self::other_mixd::INSTANCE;
use self::output::Output;
use self::registry::Registry;
pub use self::registry::{Direction, TARGET_NODE, TARGET_OBJECT};
use self::sinks::Sinks;
use self::streams::{Streams, Told};
use self::timeouts::{Timeout, Timeouts};
use crate::rules::Rules;

/// Both channels.
pub const CHANNELS: [Channel; 2] = [Channel::Default, Channel::Aux];

/// The `node.name` of a channel's sink.
pub fn sink_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Default => "mixd-default",
        Channel::Aux => "mixd-aux",
    }
}

/// The channel whose sink has this `node.name`.
fn channel_of_name(name: &str) -> Option<Channel> {
    CHANNELS
        .into_iter()
        .find(|&channel| sink_name(channel) == name)
}

/// Whether a node is a sink, and none of ours.
fn is_card(node: &registry::Node) -> bool {
    node.is_sink() && channel_of_name(&node.name).is_none()
}

/// Whether a node with these properties is to be asked for more: streams, about which its other
/// properties decide, sinks, whose ports are counted, what sound may pass through, and what else may
/// be linked to a sink, such as JACK clients, which have no class.
pub fn wants_info(props: &Props) -> bool {
    props.get("media.class").is_none_or(|class| {
        class.is_empty()
            || class.starts_with("Audio/")
            || ["Stream/Output/Audio", "Stream/Input/Audio"].contains(&&**class)
    })
}

/// What PipeWire has, and what we have asked of it.
#[allow(clippy::struct_excessive_bools)] // each is a event of its own
#[derive(Debug)]
pub struct Router {
    registry: Registry,
    /// PipeWire's version, once it has said it.
    version: Option<String>,
    metadata: MetadataOwner,
    /// All of it is being told again.
    refresh: Option<Refresh>,
    /// Why it may have to be.
    freshness: Freshness,
    output: Output,
    /// The session manager has only just come.
    is_manager_starting: bool,
    /// All that was there at first is known.
    is_listed: bool,
    /// What a mixd that was killed has left in the metadata has been seen to.
    are_stale_targets_removed: bool,
    /// The layout of what both channels play to, or that of the last.
    layout: Layout,
    sinks: Sinks,
    levels: Levels,
    links: Links,
    /// The sinks of ours that lack a link to the card.
    unlinked_sinks: BTreeSet<u32>,
    streams: Streams,
    /// The program list, as it was in the last round.
    rules: Option<Rules>,
    processes: Processes,
    /// Whose ports we have configured, which is done once.
    configured: BTreeSet<u32>,
    timeouts: Timeouts,
    /// We are about to go: nothing is wished for any more.
    is_leaving: bool,
    /// What tells our clients from those of another mixd.
    instance: Option<String>,
    /// The client of a mixd that was here before us, and stays.
    refused_by: Option<u32>,
}

impl Router {
    /// A router of which nothing is known. `output` is the `node.name` of the sink to play to, if
    /// it is not to be the default.
    pub fn new(output: Option<String>) -> Self {
        Self {
            registry: Registry::default(),
            version: None,
            metadata: MetadataOwner::None,
            refresh: None,
            freshness: Freshness::default(),
            output: Output::new(output),
            is_manager_starting: false,
            is_listed: false,
            are_stale_targets_removed: false,
            layout: Layout::stereo(),
            sinks: Sinks::default(),
            levels: Levels::default(),
            links: Links::default(),
            unlinked_sinks: BTreeSet::new(),
            streams: Streams::default(),
            rules: None,
            processes: Processes::default(),
            configured: BTreeSet::new(),
            timeouts: Timeouts::default(),
            is_leaving: false,
            instance: None,
            refused_by: None,
        }
    }

    /// Plays to the sink of this `node.name`, or, without one, to the default.
    pub fn set_output(&mut self, output: Option<String>) {
        self.output.named = output;
    }

    /// Takes in a event.
    pub fn handle(&mut self, event: Event) {
        match event {
            Event::Node(id, props) => {
                self.registry.add_node(id, &props);
                if self.is_listed && self.has_card(id) {
                    self.freshness.note_change();
                }
                if self
                    .registry
                    .nodes()
                    .get(&id)
                    .is_some_and(registry::Node::is_stream)
                {
                    // It is to be heard.
                    self.links.retry();
                }
            }
            Event::Info(id, info) => self.registry.add_info(id, info),
            Event::Port(id, props) => {
                // A sink has its ports from the session manager, if not from us.
                let node = self.registry.add_port(id, &props);
                let node = node.filter(|id| !self.configured.contains(id));
                let node = node.and_then(|id| self.registry.nodes().get(&id));
                if node.is_some_and(registry::Node::is_sink) && self.is_managed() {
                    self.note_active();
                }
            }
            Event::Link(id, props) => {
                let client = props.get("client.id").and_then(|id| id.parse().ok());
                if client.is_some() && client == self.metadata.manager() {
                    self.note_active();
                }
                self.registry.add_link(id, &props);
            }
            Event::LinkFailed(ports) => self.lose_link(ports, true),
            Event::Client(id, props) => self.registry.add_client(id, props),
            Event::ClientInfo(id, props) => self.registry.add_client_info(id, props),
            Event::Process(pid, process) => self.processes.handle(pid, process),
            Event::Removed(id) => self.forget(id),
            Event::SinkCreated(sink, node) => self.sinks.made(sink, node),
            Event::Level(sink, level) => self.levels.tell(sink, level),
            Event::LevelsSet(factors) => self.levels.set(factors),
            Event::Metadata(metadata) => {
                // Not one that was there before us.
                self.is_manager_starting = self.is_listed && metadata.manager().is_some();
                if self.is_manager_starting {
                    self.freshness.note_change();
                }
                // What it takes away while it sets up is no robbery.
                self.links.reset_retries();
                self.metadata = metadata;
                self.refresh = None;
                if metadata == MetadataOwner::None {
                    self.registry.forget_metadata();
                }
                if metadata.manager().is_none() {
                    self.streams.forget_asked(metadata.client().is_none());
                }
            }
            Event::MetadataKey {
                subject: 0,
                key,
                value,
            } => {
                self.note_active();
                self.registry.set_default(key.as_deref(), value.as_deref());
            }
            Event::MetadataKey {
                subject,
                key,
                value,
            } => {
                self.note_active();
                if let Some(refresh) = &mut self.refresh {
                    refresh.note(subject);
                }
                self.handle_target(subject, key.as_deref(), value);
            }
            Event::ManagerAnswered => self.freshness.note_active(),
            Event::Refreshed => self.finish_refresh(),
            Event::FilterMetadata(are_there) => self.registry.set_filters(are_there),
            Event::FilterKey { node, key, value } => self.registry.set_filter_key(node, key, value),
            Event::Setting(key, value) => self.registry.set_setting(key, value),
            Event::Version(version) => self.version = Some(version),
            Event::Listed => self.is_listed = true,
        }
    }

    /// The session manager has done something.
    fn note_active(&mut self) {
        self.streams.note_active();
        self.freshness.note_active();
    }

    fn handle_target(&mut self, stream: u32, key: Option<&str>, value: Option<String>) {
        let before = self.registry.targets.get(&stream).cloned();
        if !self.registry.set_target(stream, key, value) {
            return;
        }
        // No news: PipeWire tells all of it once more when somebody else binds the metadata, too.
        if self.registry.targets.get(&stream) == before.as_ref() {
            return;
        }
        let told = match self.refresh {
            Some(_) => Told::Again,
            None => Told::AsSet,
        };
        self.note_target(stream, told);
    }

    /// Draws the conclusions from where the metadata sends a stream now.
    fn note_target(&mut self, stream: u32, told: Told) {
        let place = self.target(stream);
        let target = self.registry.targets.get(&stream);
        let object = target.and_then(|target| target.object.as_deref());
        self.streams.note_target(stream, object, place, told);
    }

    fn forget(&mut self, id: u32) {
        if self.has_card(id) {
            self.freshness.note_change();
        }
        if self.registry.is_tool(id) {
            self.freshness.note_tool();
        }
        self.output.forget(id);
        self.sinks.lose(id);
        self.streams.remove(id);
        self.configured.remove(&id);
        self.links.forget_port(id);
        if let Some(ports) = self.registry.remove(id) {
            self.lose_link(ports, false);
        }
    }

    /// What is to be done now. Each command is said once: the caller carries all of them out, in
    /// this order.
    pub fn reconcile(&mut self, rules: &Rules, now: Instant) -> Vec<Command> {
        let mut commands = Vec::new();
        if self.is_leaving || !self.is_listed {
            return commands;
        }
        if self.awaits_other_mixd(now) {
            self.timeouts.end_round();
            return commands;
        }
        let is_alone = self.is_alone(now);
        self.links.fade(&mut self.timeouts, now);
        self.is_manager_starting =
            self.is_manager_starting && !self.timeouts.expired(Timeout::ManagerStarting, now);
        self.inspect_processes(&mut commands);
        self.remove_copies(&mut commands);
        self.choose_output();
        let is_known = self.find_layout(is_alone, now, &mut commands);
        if self.sinks.are_given_up() && self.timeouts.expired(Timeout::RecreateSinks, now) {
            self.sinks.reset_retries();
        }
        if is_known {
            self.sinks.reconcile(&self.layout, &mut commands);
        }
        self.configure_sinks(is_alone, now, &mut commands);
        self.restore_levels(now, &mut commands);
        let mut wanted = self.monitor_links();
        self.unlinked_sinks = self.find_unlinked_sinks();
        // A sink with nothing behind it stalls its programs: streams come after the monitors.
        let ready = self.ready_sinks(is_known, &wanted);
        self.note_rules(rules);
        let mut targets = self.remove_stale_targets();
        targets.extend(self.plan_streams(rules, &ready, is_alone, now, &mut wanted, &mut commands));
        self.refresh_if_stale(now, &mut commands);
        let superfluous = self.superfluous_sinks(&ready, &wanted, now);
        for &node in &superfluous {
            self.links.drop_node(node);
        }
        wanted.retain(|ports| !superfluous.contains(&ports.output_node));
        if self.lets_manager_suspend(now) {
            wanted.clear();
        }
        self.links.reconcile(&wanted, &mut commands);
        commands.extend(targets);
        self.sinks.destroy(&superfluous, &mut commands);
        self.timeouts.end_round();
        commands
    }

    /// When [`reconcile`](Self::reconcile) is to be called again, if nothing is learnt before.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        self.timeouts.deadline(now)
    }

    fn is_managed(&self) -> bool {
        self.metadata.manager().is_some()
    }

    /// Whether a session manager keeps the metadata, and does not answer.
    fn is_manager_hanging(&self) -> bool {
        matches!(self.metadata, MetadataOwner::Hanging(_))
    }

    /// Whether what a session manager would do is ours to do: there is none, nor does one come, or it
    /// has been waited for already.
    fn is_alone(&mut self, now: Instant) -> bool {
        self.is_manager_hanging()
            || !self.is_managed() && self.timeouts.expired(Timeout::Manager, now)
    }

    /// The channel whose sink this node is, or was until a moment ago.
    fn channel(&self, node: u32) -> Option<Channel> {
        channel_of_name(&self.registry.nodes().get(&node)?.name)
    }

    /// Whether a node of this id is there, and is a card.
    fn has_card(&self, id: u32) -> bool {
        self.registry.nodes().get(&id).is_some_and(is_card)
    }

    /// The cards that there are, by id.
    fn cards(&self) -> impl Iterator<Item = (u32, &registry::Node)> {
        let nodes = self.registry.nodes().iter().map(|(&id, node)| (id, node));
        nodes.filter(|(_, node)| is_card(node))
    }

    /// Finds the layout that the sinks are to have. False while it can't be known yet.
    fn find_layout(&mut self, is_alone: bool, now: Instant, commands: &mut Vec<Command>) -> bool {
        let Some(card) = self.output.node() else {
            return true;
        };
        if let Some(side) = self.registry.side(card, Direction::Input) {
            self.layout = side.layout;
            return true;
        }
        if !self.is_managed() {
            if !is_alone {
                return false;
            }
            self.configure_card(card, commands);
        }
        self.timeouts.expired(Timeout::Ports(card), now)
    }

    /// Gives a card without ports those that it says it should have.
    fn configure_card(&mut self, card: u32, commands: &mut Vec<Command>) {
        let position = self.registry.property(card, "audio.position");
        let layout = position.and_then(Layout::parse);
        let layout = layout.unwrap_or_else(Layout::stereo);
        self.configure(card, Direction::Input, layout, commands);
    }

    /// Gives ports to a node that has none, once.
    fn configure(
        &mut self,
        node: u32,
        direction: Direction,
        layout: Layout,
        commands: &mut Vec<Command>,
    ) {
        let is_bare = self
            .registry
            .infos
            .get(&node)
            .is_some_and(|info| match direction {
                Direction::Input => info.inputs == 0,
                Direction::Output => info.outputs == 0,
            });
        if is_bare && self.configured.insert(node) {
            commands.push(Command::ConfigurePorts(node, direction, layout));
        }
    }

    /// Our sinks get their ports from the session manager; where there is none, or it does not do
    /// so, from us.
    fn configure_sinks(&mut self, is_alone: bool, now: Instant, commands: &mut Vec<Command>) {
        let nodes = self.sinks.nodes();
        let nodes: Vec<(u32, Layout)> = nodes.map(|(_, id, layout)| (id, layout.clone())).collect();
        for (id, layout) in nodes {
            if self.registry.side(id, Direction::Input).is_none()
                && (is_alone || self.timeouts.expired(Timeout::Ports(id), now))
            {
                self.configure(id, Direction::Input, layout, commands);
            }
        }
    }

    /// From each of our sinks to the card.
    fn monitor_links(&self) -> BTreeSet<Ports> {
        let mut wanted = BTreeSet::new();
        if let Some(card) = self.output.node() {
            for (_, sink, _) in self.sinks.nodes() {
                wanted.extend(self.pairs(sink, card));
            }
        }
        wanted
    }

    /// Between all ports of one node and those of another, once they are known.
    fn pairs(&self, output_node: u32, input_node: u32) -> Vec<Ports> {
        let outputs = self.registry.side(output_node, Direction::Output);
        let inputs = self.registry.side(input_node, Direction::Input);
        let (Some(outputs), Some(inputs)) = (outputs, inputs) else {
            return Vec::new();
        };
        let pairs = layout::pairs(&outputs, &inputs).into_iter();
        pairs
            .map(|(output, input)| Ports {
                output_node,
                output,
                input_node,
                input,
            })
            .collect()
    }

    /// The node of each channel's sink to which streams can be sent: one of the card's layout if
    /// there is one, and linked to the card if there is one that can be linked to.
    fn ready_sinks(&self, is_known: bool, monitors: &BTreeSet<Ports>) -> BTreeMap<Channel, u32> {
        let has_ports = |card| self.registry.side(card, Direction::Input).is_some();
        let is_deaf = match self.output.node() {
            None => true,
            Some(card) => is_known && !has_ports(card),
        };
        let mut ready = BTreeMap::new();
        for (sink, node, layout) in self.sinks.nodes() {
            let is_complete = self.registry.side(node, Direction::Input).is_some()
                && self
                    .registry
                    .nodes()
                    .get(&node)
                    .is_some_and(|node| node.serial.is_some());
            let is_heard = || monitors.iter().any(|ports| ports.output_node == node);
            if is_complete && (is_deaf || is_heard()) {
                // Those made later come later.
                let fits = *layout == self.layout;
                let place = ready.entry(sink.channel).or_insert((fits, node));
                if fits >= place.0 {
                    *place = (fits, node);
                }
            }
        }
        let nodes = ready.into_iter();
        nodes.map(|(channel, (_, node))| (channel, node)).collect()
    }

    /// The sinks whose channel has a ready one of the right layout, and which nothing has played to for
    /// a while. `WirePlumber` pauses the media programs that play to a sink when it goes, from 0.5.11 on,
    /// and counts a link until a moment after that has gone (mpris-pause.lua, `link_hook`).
    fn superfluous_sinks(
        &mut self,
        ready: &BTreeMap<Channel, u32>,
        wanted: &BTreeSet<Ports>,
        now: Instant,
    ) -> BTreeSet<u32> {
        let is_used = |node: u32| {
            self.streams.is_asked_for(node)
                || self.registry.is_fed(node)
                || wanted.iter().any(|ports| ports.input_node == node)
        };
        let layouts: BTreeMap<u32, &Layout> = self
            .sinks
            .nodes()
            .map(|(_, node, layout)| (node, layout))
            .collect();
        let mut superfluous: BTreeSet<u32> = self
            .sinks
            .nodes()
            .filter(|&(sink, node, layout)| {
                let successor = ready.get(&sink.channel);
                let fits = successor.and_then(|node| layouts.get(node)) == Some(&&self.layout);
                *layout != self.layout && fits && !is_used(node)
            })
            .map(|(_, node, _)| node)
            .collect();
        superfluous.retain(|&node| self.timeouts.expired(Timeout::SinkDrained(node), now));
        superfluous
    }

    /// Whether a link of ours is still wanted, as far as is known.
    pub fn has_link(&self, ports: &Ports) -> bool {
        self.links.has(ports)
    }

    /// Whether what a link would link is there.
    pub fn has_ports(&self, ports: &Ports) -> bool {
        self.registry.has_port(ports.output) && self.registry.has_port(ports.input)
    }

    /// Whether it leads from a sink of ours to the card.
    pub fn is_monitor(&self, ports: &Ports) -> bool {
        self.sinks.channel(ports.output_node).is_some()
    }

    /// Whether a sink of ours is still wanted, as far as is known.
    pub fn has_sink(&self, sink: Sink) -> bool {
        self.sinks.has(sink)
    }

    /// The duration of the quantum at which the card and our sinks run: never less than it is in
    /// truth, as far as can be told.
    pub fn quantum(&self) -> Duration {
        let sinks = self.sinks.nodes().map(|(_, node, _)| node);
        quantum::quantum(&self.registry, sinks.chain(self.output.node()))
    }

    /// What clients are told.
    pub fn audio(&self, rules: &Rules) -> Audio {
        let card = self
            .output
            .card()
            .and_then(|card| self.registry.nodes().get(&card));
        let is_given_up = self.sinks.are_given_up();
        let is_up = is_given_up || CHANNELS.iter().all(|&channel| self.sinks.has_made(channel));
        let mut warnings = Vec::new();
        let default = self.registry.default_sink.as_deref();
        let is_own = default.is_some_and(|name| channel_of_name(name).is_some());
        // Where there is no card, there is none to be chosen instead.
        if self.is_managed() && is_own && card.is_some() {
            warnings.push(Warning::OwnSinkIsDefault);
        }
        if self.is_output_missing() {
            warnings.push(Warning::OutputMissing);
        }
        warnings.extend(self.led_back().map(Warning::LeadsBack));
        if is_given_up {
            warnings.push(Warning::SinksRemoved);
        }
        if self.are_monitors_given_up() {
            warnings.push(Warning::LinksRemoved);
        }
        if self.is_manager_hanging() {
            warnings.push(Warning::ManagerHangs);
        }
        if self.registry.is_moving_forbidden() {
            warnings.push(Warning::MovingForbidden);
        }
        warnings.extend(self.levels.warnings());
        Audio {
            output: card.map(|card| NodeName::truncated(&card.name)),
            omitted: 0,
            streams: self.listed_streams(rules),
            pipewire: if is_up {
                PipeWireState::Up
            } else {
                PipeWireState::Down
            },
            warnings,
        }
    }

    /// What somebody who looks for a fault wants to know.
    pub fn diagnosis(&self) -> Diagnosis {
        // Without those of an earlier layout, which go in a moment.
        let is_going = |id: u32| {
            let mut made = self.sinks.nodes();
            let found = made.find(|&(_, node, layout)| node == id && *layout != self.layout);
            found.is_some_and(|(going, ..)| {
                let mut made = self.sinks.nodes();
                made.any(|(sink, _, layout)| {
                    sink.channel == going.channel && *layout == self.layout
                })
            })
        };
        let nodes = self.registry.nodes().iter();
        let ours = nodes
            .filter(|(_, node)| node.is_sink() && channel_of_name(&node.name).is_some())
            .filter(|&(&id, _)| !is_going(id))
            .map(|(_, node)| node);
        let is_missing = |target: &&registry::TargetKeys| {
            let object = target.object.as_deref();
            object.is_some_and(|object| {
                !matches!(object, "-1") && self.registry.find(object).is_none()
            })
        };
        let stale = self.registry.targets.values().filter(is_missing).count();
        let manager = self.metadata.client();
        Diagnosis {
            sinks: ours.map(|node| NodeName::truncated(&node.name)).collect(),
            stale: u32::try_from(stale).unwrap_or(u32::MAX),
            manager: manager.map(|client| {
                let name = self.registry.client(client).unwrap_or("a session manager");
                ClientName::truncated(name)
            }),
            pipewire: self.version.as_deref().map(ClientName::truncated),
            ..Diagnosis::default()
        }
    }

    /// What is to be undone before we go: every target that names one of our sinks, and every
    /// stream's link that we have made. The monitors stay, so that what plays is heard to the
    /// last.
    pub fn shutdown(&mut self) -> Vec<Command> {
        self.is_leaving = true;
        let mut commands = self.release_streams();
        let monitors = self.links.iter().filter(|ports| self.is_monitor(ports));
        let monitors = monitors.copied().collect();
        self.links.reconcile(&monitors, &mut commands);
        commands
    }

    /// Whether the session manager pauses the media programs whose sink goes: `WirePlumber` does from
    /// 0.5.11 on.
    pub fn is_pausing(&self) -> bool {
        let manager = self.metadata.manager();
        let version =
            manager.and_then(|id| self.registry.client_property(id, "application.version"));
        let numbers = version.unwrap_or_default().split('.');
        let numbers: Vec<u32> = numbers.map_while(|number| number.parse().ok()).collect();
        numbers.as_slice() >= &[0, 5, 11]
    }

    /// Whether nothing plays into our sinks.
    pub fn is_drained(&self) -> bool {
        let mut nodes = self.sinks.nodes();
        !nodes.any(|(_, node, _)| self.registry.is_fed(node))
    }
}

#[cfg(test)]
mod tests;
