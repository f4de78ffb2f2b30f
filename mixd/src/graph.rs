//! What PipeWire has, and what it should have: a pure model. Facts go in as they come, in any
//! order; [`Graph::settle`] says what is to be done to get from the one to the other, once each.
//!
//! Streams are moved by asking the session manager (`target.object` in the metadata `default`),
//! never by touching links that are not ours. Where there is no session manager, or where it
//! leaves a stream without any link, we link it ourselves.

mod elder;
mod fact;
mod filters;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod heed;
mod judge;
mod layout;
mod levels;
mod moving;
mod objects;
mod output;
mod patience;
#[cfg(any(test, feature = "pretend"))]
pub mod pretend;
mod programs;
mod quantum;
mod quirks;
mod reread;
mod sinks;
mod spa_json;
mod streams;
mod target;
mod whole;
mod wires;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use wire::message::{ClientName, NodeName};
use wire::{Audio, Channel, Diagnosis, PipeWireState, Warning};

pub use self::elder::INSTANCE;
pub use self::fact::{Action, Fact, Info, Level, Metadata, Ports, Process, Props, Sink};
pub use self::layout::{Layout, MAX_CHANNELS};
use self::levels::Levels;
use self::objects::Objects;
pub use self::objects::{Direction, TARGET_NODE, TARGET_OBJECT};
use self::output::Output;
use self::patience::{Matter, Patience};
use self::programs::Processes;
use self::reread::{Doubt, Reread};
use self::sinks::Sinks;
use self::streams::Streams;
use self::wires::Wires;
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
fn is_card(node: &objects::Node) -> bool {
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
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Debug)]
pub struct Graph {
    objects: Objects,
    /// PipeWire's version, once it has said it.
    version: Option<String>,
    metadata: Metadata,
    /// All of it is being told again.
    reread: Option<Reread>,
    /// Why it may have to be.
    doubt: Doubt,
    output: Output,
    /// The session manager has only just come.
    is_new: bool,
    /// All that was there at first is known.
    is_listed: bool,
    /// What a mixd that was killed has left in the metadata has been seen to.
    is_tidy: bool,
    /// The layout of what both channels play to, or that of the last.
    layout: Layout,
    sinks: Sinks,
    levels: Levels,
    wires: Wires,
    /// The sinks of ours that lack a link to the card.
    deaf: BTreeSet<u32>,
    streams: Streams,
    /// The program list, as it was in the last round.
    rules: Option<Rules>,
    processes: Processes,
    /// Whose ports we have configured, which is done once.
    configured: BTreeSet<u32>,
    patience: Patience,
    /// We are about to go: nothing is wished for any more.
    is_leaving: bool,
    /// What tells our clients from those of another mixd.
    instance: Option<String>,
    /// The client of a mixd that was here before us, and stays.
    refused_by: Option<u32>,
}

impl Graph {
    /// A graph of which nothing is known. `output` is the `node.name` of the sink to play to, if
    /// it is not to be the default.
    pub fn new(output: Option<String>) -> Self {
        Self {
            objects: Objects::default(),
            version: None,
            metadata: Metadata::None,
            reread: None,
            doubt: Doubt::default(),
            output: Output::new(output),
            is_new: false,
            is_listed: false,
            is_tidy: false,
            layout: Layout::stereo(),
            sinks: Sinks::default(),
            levels: Levels::default(),
            wires: Wires::default(),
            deaf: BTreeSet::new(),
            streams: Streams::default(),
            rules: None,
            processes: Processes::default(),
            configured: BTreeSet::new(),
            patience: Patience::default(),
            is_leaving: false,
            instance: None,
            refused_by: None,
        }
    }

    /// Plays to the sink of this `node.name`, or, without one, to the default.
    pub fn set_output(&mut self, output: Option<String>) {
        self.output.named = output;
    }

    /// Takes in a fact.
    pub fn learn(&mut self, fact: Fact) {
        match fact {
            Fact::Node(id, props) => {
                self.objects.add_node(id, &props);
                if self.is_listed && self.has_card(id) {
                    self.doubt.note_change();
                }
                if self
                    .objects
                    .nodes()
                    .get(&id)
                    .is_some_and(objects::Node::is_stream)
                {
                    // It is to be heard.
                    self.wires.retry();
                }
            }
            Fact::Info(id, info) => self.objects.add_info(id, info),
            Fact::Port(id, props) => {
                // A sink has its ports from the session manager, if not from us.
                let node = self.objects.add_port(id, &props);
                let node = node.filter(|id| !self.configured.contains(id));
                let node = node.and_then(|id| self.objects.nodes().get(&id));
                if node.is_some_and(objects::Node::is_sink) && self.is_managed() {
                    self.note_life();
                }
            }
            Fact::Link(id, props) => {
                let client = props.get("client.id").and_then(|id| id.parse().ok());
                if client.is_some() && client == self.metadata.manager() {
                    self.note_life();
                }
                self.objects.add_link(id, &props);
            }
            Fact::Broken(ports) => self.lose_link(ports, true),
            Fact::Client(id, props) => self.objects.add_client(id, props),
            Fact::ClientInfo(id, props) => self.objects.add_client_info(id, props),
            Fact::Process(pid, process) => self.processes.learn(pid, process),
            Fact::Removed(id) => self.forget(id),
            Fact::Made(sink, node) => self.sinks.made(sink, node),
            Fact::Level(sink, level) => self.levels.tell(sink, level),
            Fact::Set(factors) => self.levels.set(factors),
            Fact::Metadata(metadata) => {
                // Not one that was there before us.
                self.is_new = self.is_listed && metadata.manager().is_some();
                if self.is_new {
                    self.doubt.note_change();
                }
                // What it takes away while it sets up is no robbery.
                self.wires.forgive();
                self.metadata = metadata;
                self.reread = None;
                if metadata == Metadata::None {
                    self.objects.forget_metadata();
                }
                if metadata.manager().is_none() {
                    self.streams.forget_asked(metadata.client().is_none());
                }
            }
            Fact::Key {
                subject: 0,
                key,
                value,
            } => {
                self.note_life();
                self.objects.set_default(key.as_deref(), value.as_deref());
            }
            Fact::Key {
                subject,
                key,
                value,
            } => {
                self.note_life();
                if let Some(reread) = &mut self.reread {
                    reread.note(subject);
                }
                self.learn_target(subject, key.as_deref(), value);
            }
            Fact::Answered => self.doubt.note_life(),
            Fact::Reread => self.end_reread(),
            Fact::Filters(are_there) => self.objects.set_filters(are_there),
            Fact::Filter { node, key, value } => self.objects.set_filter_key(node, key, value),
            Fact::Setting(key, value) => self.objects.set_setting(key, value),
            Fact::Version(version) => self.version = Some(version),
            Fact::Listed => self.is_listed = true,
        }
    }

    /// The session manager has done something.
    fn note_life(&mut self) {
        self.streams.note_life();
        self.doubt.note_life();
    }

    fn learn_target(&mut self, stream: u32, key: Option<&str>, value: Option<String>) {
        if self.objects.set_target(stream, key, value) {
            self.note_target(stream, self.reread.is_some());
        }
    }

    /// Draws the conclusions from where the metadata sends a stream now.
    fn note_target(&mut self, stream: u32, is_told_again: bool) {
        let place = self.place(stream);
        let target = self.objects.targets.get(&stream);
        let object = target.and_then(|target| target.object.as_deref());
        self.streams
            .note_target(stream, object, place, is_told_again);
    }

    fn forget(&mut self, id: u32) {
        if self.has_card(id) {
            self.doubt.note_change();
        }
        if self.objects.is_tool(id) {
            self.doubt.note_tool();
        }
        self.output.forget(id);
        self.sinks.lose(id);
        self.streams.remove(id);
        self.configured.remove(&id);
        self.wires.forget_port(id);
        if let Some(ports) = self.objects.remove(id) {
            self.lose_link(ports, false);
        }
    }

    /// What is to be done now. Each action is said once: the caller carries all of them out, in
    /// this order.
    pub fn settle(&mut self, rules: &Rules, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.is_leaving || !self.is_listed {
            return actions;
        }
        if self.awaits_elder(now) {
            self.patience.end_round();
            return actions;
        }
        let is_alone = self.is_alone(now);
        self.wires.fade(&mut self.patience, now);
        self.is_new = self.is_new && !self.patience.is_over(Matter::Newcomer, now);
        self.inspect_processes(&mut actions);
        self.remove_copies(&mut actions);
        self.choose_output();
        let is_known = self.find_layout(is_alone, now, &mut actions);
        if self.sinks.are_given_up() && self.patience.is_over(Matter::Remake, now) {
            self.sinks.forgive();
        }
        if is_known {
            self.sinks.settle(&self.layout, &mut actions);
        }
        self.configure_sinks(is_alone, now, &mut actions);
        self.restore_levels(now, &mut actions);
        let mut wanted = self.monitor_links();
        self.deaf = self.deaf_sinks();
        // A sink with nothing behind it stalls its players: streams come after the monitors.
        let ready = self.ready_sinks(is_known, &wanted);
        self.note_rules(rules);
        let mut targets = self.tidy();
        targets.extend(self.settle_streams(
            rules,
            &ready,
            is_alone,
            now,
            &mut wanted,
            &mut actions,
        ));
        self.reread_if_missed(now, &mut actions);
        let superfluous = self.superfluous_sinks(&ready, &wanted, now);
        for &node in &superfluous {
            self.wires.drop_node(node);
        }
        wanted.retain(|ports| !superfluous.contains(&ports.output_node));
        if self.lets_newcomer_suspend(now) {
            wanted.clear();
        }
        self.wires.settle(&wanted, &mut actions);
        actions.extend(targets);
        self.sinks.destroy(&superfluous, &mut actions);
        self.patience.end_round();
        actions
    }

    /// When [`settle`](Self::settle) is to be called again, if nothing is learnt before.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        self.patience.deadline(now)
    }

    fn is_managed(&self) -> bool {
        self.metadata.manager().is_some()
    }

    /// Whether a session manager keeps the metadata, and does not answer.
    fn is_manager_hanging(&self) -> bool {
        matches!(self.metadata, Metadata::Hanging(_))
    }

    /// Whether what a session manager would do is ours to do: there is none, nor does one come, or it
    /// has been waited for already.
    fn is_alone(&mut self, now: Instant) -> bool {
        self.is_manager_hanging()
            || !self.is_managed() && self.patience.is_over(Matter::Manager, now)
    }

    /// The channel whose sink this node is, or was until a moment ago.
    fn channel(&self, node: u32) -> Option<Channel> {
        channel_of_name(&self.objects.nodes().get(&node)?.name)
    }

    /// Whether a node of this id is there, and is a card.
    fn has_card(&self, id: u32) -> bool {
        self.objects.nodes().get(&id).is_some_and(is_card)
    }

    /// The cards that there are, by id.
    fn cards(&self) -> impl Iterator<Item = (u32, &objects::Node)> {
        let nodes = self.objects.nodes().iter().map(|(&id, node)| (id, node));
        nodes.filter(|(_, node)| is_card(node))
    }

    /// Finds the layout that the sinks are to have. False while it can't be known yet.
    fn find_layout(&mut self, is_alone: bool, now: Instant, actions: &mut Vec<Action>) -> bool {
        let Some(card) = self.output.node() else {
            return true;
        };
        if let Some(side) = self.objects.side(card, Direction::Input) {
            self.layout = side.layout;
            return true;
        }
        if !self.is_managed() {
            if !is_alone {
                return false;
            }
            self.configure_card(card, actions);
        }
        self.patience.is_over(Matter::Ports(card), now)
    }

    /// Gives a card without ports those that it says it should have.
    fn configure_card(&mut self, card: u32, actions: &mut Vec<Action>) {
        let position = self.objects.property(card, "audio.position");
        let layout = position.and_then(Layout::parse);
        let layout = layout.unwrap_or_else(Layout::stereo);
        self.configure(card, Direction::Input, layout, actions);
    }

    /// Gives ports to a node that has none, once.
    fn configure(
        &mut self,
        node: u32,
        direction: Direction,
        layout: Layout,
        actions: &mut Vec<Action>,
    ) {
        let is_bare = self
            .objects
            .infos
            .get(&node)
            .is_some_and(|info| match direction {
                Direction::Input => info.inputs == 0,
                Direction::Output => info.outputs == 0,
            });
        if is_bare && self.configured.insert(node) {
            actions.push(Action::Configure(node, direction, layout));
        }
    }

    /// Our sinks get their ports from the session manager; where there is none, or it does not do
    /// so, from us.
    fn configure_sinks(&mut self, is_alone: bool, now: Instant, actions: &mut Vec<Action>) {
        let nodes = self.sinks.nodes();
        let nodes: Vec<(u32, Layout)> = nodes.map(|(_, id, layout)| (id, layout.clone())).collect();
        for (id, layout) in nodes {
            if self.objects.side(id, Direction::Input).is_none()
                && (is_alone || self.patience.is_over(Matter::Ports(id), now))
            {
                self.configure(id, Direction::Input, layout, actions);
            }
        }
    }

    /// From each of our sinks to the card.
    fn monitor_links(&self) -> BTreeSet<Ports> {
        let mut wanted = BTreeSet::new();
        if let Some(card) = self.output.node() {
            for (_, sink, _) in self.sinks.nodes() {
                wanted.extend(self.links(sink, card));
            }
        }
        wanted
    }

    /// Between all ports of one node and those of another, once they are known.
    fn links(&self, output_node: u32, input_node: u32) -> Vec<Ports> {
        let outputs = self.objects.side(output_node, Direction::Output);
        let inputs = self.objects.side(input_node, Direction::Input);
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
        let has_ports = |card| self.objects.side(card, Direction::Input).is_some();
        let is_deaf = match self.output.node() {
            None => true,
            Some(card) => is_known && !has_ports(card),
        };
        let mut ready = BTreeMap::new();
        for (sink, node, layout) in self.sinks.nodes() {
            let is_complete = self.objects.side(node, Direction::Input).is_some()
                && self
                    .objects
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
    /// a while. `WirePlumber` pauses the media players that play to a sink when it goes, from 0.5.11 on,
    /// and counts a link until a moment after that has gone (mpris-pause.lua, `link_hook`).
    fn superfluous_sinks(
        &mut self,
        ready: &BTreeMap<Channel, u32>,
        wanted: &BTreeSet<Ports>,
        now: Instant,
    ) -> BTreeSet<u32> {
        let is_used = |node: u32| {
            self.streams.is_asked_for(node)
                || self.objects.is_fed(node)
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
        superfluous.retain(|&node| self.patience.is_over(Matter::Emptied(node), now));
        superfluous
    }

    /// Whether a link of ours is still wanted, as far as is known.
    pub fn has_link(&self, ports: &Ports) -> bool {
        self.wires.has(ports)
    }

    /// Whether what a link would link is there.
    pub fn has_ports(&self, ports: &Ports) -> bool {
        self.objects.has_port(ports.output) && self.objects.has_port(ports.input)
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
        quantum::quantum(&self.objects, sinks.chain(self.output.node()))
    }

    /// What clients are told.
    pub fn audio(&self, rules: &Rules) -> Audio {
        let card = self
            .output
            .card()
            .and_then(|card| self.objects.nodes().get(&card));
        let is_given_up = self.sinks.are_given_up();
        let is_up = is_given_up || CHANNELS.iter().all(|&channel| self.sinks.has_made(channel));
        let mut warnings = Vec::new();
        let default = self.objects.default_sink.as_deref();
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
        if self.is_robbed() {
            warnings.push(Warning::LinksRemoved);
        }
        if self.is_manager_hanging() {
            warnings.push(Warning::ManagerHangs);
        }
        if self.objects.is_moving_forbidden() {
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
        let nodes = self.objects.nodes().iter();
        let ours = nodes
            .filter(|(_, node)| node.is_sink() && channel_of_name(&node.name).is_some())
            .filter(|&(&id, _)| !is_going(id))
            .map(|(_, node)| node);
        let is_missing = |target: &&objects::Target| {
            let object = target.object.as_deref();
            object.is_some_and(|object| {
                !matches!(object, "-1") && self.objects.find(object).is_none()
            })
        };
        let stale = self.objects.targets.values().filter(is_missing).count();
        let manager = self.metadata.client();
        Diagnosis {
            sinks: ours.map(|node| NodeName::truncated(&node.name)).collect(),
            stale: u32::try_from(stale).unwrap_or(u32::MAX),
            manager: manager.map(|client| {
                let name = self.objects.client(client).unwrap_or("a session manager");
                ClientName::truncated(name)
            }),
            pipewire: self.version.as_deref().map(ClientName::truncated),
            ..Diagnosis::default()
        }
    }

    /// What is to be undone before we go: every target that names one of our sinks, and every
    /// stream's link that we have made. The monitors stay, so that what plays is heard to the
    /// last.
    pub fn farewell(&mut self) -> Vec<Action> {
        self.is_leaving = true;
        let mut actions = self.release_streams();
        let monitors = self.wires.iter().filter(|ports| self.is_monitor(ports));
        let monitors = monitors.copied().collect();
        self.wires.settle(&monitors, &mut actions);
        actions
    }

    /// Whether the session manager pauses the media players whose sink goes: `WirePlumber` does from
    /// 0.5.11 on.
    pub fn is_pausing(&self) -> bool {
        let manager = self.metadata.manager();
        let version =
            manager.and_then(|id| self.objects.client_property(id, "application.version"));
        let numbers = version.unwrap_or_default().split('.');
        let numbers: Vec<u32> = numbers.map_while(|number| number.parse().ok()).collect();
        numbers.as_slice() >= &[0, 5, 11]
    }

    /// Whether nothing plays into our sinks.
    pub fn is_deserted(&self) -> bool {
        let mut nodes = self.sinks.nodes();
        !nodes.any(|(_, node, _)| self.objects.is_fed(node))
    }
}

#[cfg(test)]
mod tests;
