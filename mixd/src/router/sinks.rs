//! Our own sinks: one for each channel, with the layout of the card that it plays to. When that changes, a
//! second one takes over before the first goes, so that no stream is ever without. A second one also takes
//! over where the other channel would hear the first leave its card.

use wire::Channel;

use super::event::{Command, Ports, Sink};
use super::layout::Layout;
use super::output::Outputs;
use super::ports::ConfiguredPorts;
use super::registry::{Direction, Registry};
use super::streams::Streams;
use super::timeouts::{MAX_ATTEMPTS, Round, Timeout};
use super::{ByChannel, CHANNELS};
use crate::sorted::{SortedMap, SortedSet};

/// How often somebody may remove a sink before none is created in its place for a while
/// ([`Timeout::RecreateSinks`]): whoever does so each time is not to be fought.
pub const MAX_REMAKES: u8 = 5;

#[derive(Debug)]
struct Entry {
    layout: Layout,
    /// What it plays to: its channel's output, or the one before.
    output: Option<u32>,
    /// Its node, once PipeWire has created it.
    node: Option<u32>,
}

/// What the sinks of a channel are to have.
#[derive(Debug)]
struct Wanted {
    /// The layout of what the channel plays to, or of what it played to last.
    layout: Layout,
    /// It is that of what the channel plays to now.
    is_known: bool,
    /// What the channel plays to.
    output: Option<u32>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            layout: Layout::stereo(),
            is_known: false,
            output: None,
        }
    }
}

/// The sinks that have been asked for.
#[derive(Debug, Default)]
pub struct Sinks {
    all: SortedMap<Sink, Entry>,
    /// The number of the next one.
    next: u32,
    /// How many have been removed by others of late.
    lost: u8,
    /// How often in a row PipeWire has refused to create one for each channel.
    refusals: SortedMap<Channel, u8>,
    wanted: ByChannel<Wanted>,
}

impl Sinks {
    /// Returns whether this one is still wanted.
    pub fn has(&self, sink: Sink) -> bool {
        self.all.contains_key(&sink)
    }

    /// Takes in that PipeWire has created one.
    pub fn note_created(&mut self, sink: Sink, node: u32) {
        if let Some(entry) = self.all.get_mut(&sink) {
            entry.node = Some(node);
            self.refusals.remove(&sink.channel);
        }
    }

    /// Returns whether PipeWire has yet to create one.
    pub fn is_awaited(&self, sink: Sink) -> bool {
        self.all
            .get(&sink)
            .is_some_and(|entry| entry.node.is_none())
    }

    /// Takes in that PipeWire has refused to create one.
    pub fn note_refused(&mut self, sink: Sink) {
        if self.is_awaited(sink) {
            self.all.remove(&sink);
            let refusals = self.refusals.get_or_default(sink.channel);
            *refusals = refusals.saturating_add(1);
        }
    }

    /// Takes in that a node has gone: perhaps somebody has removed one of these, or an output.
    pub fn note_removed(&mut self, node: u32) {
        // Its id may be another node's from now on.
        let is_gone = |output: &mut u32| *output == node;
        for entry in self.all.values_mut() {
            entry.output.take_if(is_gone);
        }
        for channel in CHANNELS {
            self.wanted[channel].output.take_if(is_gone);
        }
        let before = self.all.len();
        self.all.retain(|_, entry| entry.node != Some(node));
        if self.all.len() < before {
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// Those that PipeWire has created: the sink, its node, its layout.
    pub fn nodes(&self) -> impl Iterator<Item = (Sink, u32, &Layout)> {
        let all = self.all.iter();
        all.filter_map(|(&sink, entry)| Some((sink, entry.node?, &entry.layout)))
    }

    /// The nodes of those that PipeWire has created for this channel.
    pub fn nodes_of(&self, channel: Channel) -> impl Iterator<Item = u32> {
        let nodes = self
            .nodes()
            .filter(move |(sink, ..)| sink.channel == channel);
        nodes.map(|(_, node, _)| node)
    }

    /// Returns whether PipeWire has created one for this channel.
    pub fn is_created(&self, channel: Channel) -> bool {
        self.nodes_of(channel).next().is_some()
    }

    /// The channel whose sink this node is.
    pub fn channel(&self, node: u32) -> Option<Channel> {
        let mut nodes = self.nodes();
        nodes
            .find(|&(_, id, _)| id == node)
            .map(|(sink, ..)| sink.channel)
    }

    /// How many have been asked for since the connection was made.
    pub fn created_so_far(&self) -> u32 {
        self.next
    }

    /// Returns whether they have been removed so often that none is created for a while.
    pub fn are_given_up(&self) -> bool {
        self.lost > MAX_REMAKES
    }

    /// Returns whether PipeWire has refused to create the last one for this channel.
    pub fn is_refused(&self, channel: Channel) -> bool {
        self.refusals.contains_key(&channel)
    }

    /// Returns whether a sink has the layout and the output that it is to have.
    fn fits(&self, sink: Sink) -> bool {
        let wanted = &self.wanted[sink.channel];
        let entry = self.all.get(&sink);
        entry.is_some_and(|it| it.layout == wanted.layout && it.output == wanted.output)
    }

    /// Returns whether a sink that fits has been asked for for this channel.
    fn has_fitting(&self, channel: Channel) -> bool {
        let mut all = self.all.keys();
        all.any(|&sink| sink.channel == channel && self.fits(sink))
    }

    /// Returns whether this node is a sink of an earlier layout or output that another one replaces.
    pub fn is_replaced(&self, node: u32) -> bool {
        let mut nodes = self.nodes();
        let found = nodes.find(|&(sink, id, _)| id == node && !self.fits(sink));
        found.is_some_and(|(old, ..)| {
            let mut nodes = self.nodes();
            nodes.any(|(sink, ..)| sink.channel == old.channel && self.fits(sink))
        })
    }

    /// Asks for a sink of its output's layout for each channel that has none, and gives ports to those
    /// that the session manager leaves without.
    pub fn plan(
        &mut self,
        registry: &Registry,
        outputs: &Outputs,
        ports: &mut ConfiguredPorts,
        round: &mut Round,
    ) {
        if self.are_given_up() && round.expired(Timeout::RecreateSinks) {
            self.lost = 0;
        }
        for channel in CHANNELS {
            self.find_layout(channel, registry, outputs, ports, round);
            self.follow_output(channel, registry, outputs);
            if self.wanted[channel].is_known && !self.are_given_up() {
                self.create(channel, round);
            }
        }
        for (_, id, layout) in self.nodes() {
            if registry.side(id, Direction::Input).is_none()
                && (round.is_alone || round.expired(Timeout::Ports(id)))
            {
                ports.configure(registry, id, Direction::Input, layout.clone(), round);
            }
        }
    }

    /// Finds the layout that a channel's sink is to have, if it can be known already.
    fn find_layout(
        &mut self,
        channel: Channel,
        registry: &Registry,
        outputs: &Outputs,
        ports: &mut ConfiguredPorts,
        round: &mut Round,
    ) {
        let wanted = &mut self.wanted[channel];
        let Some(card) = outputs.of(channel).node() else {
            wanted.is_known = true;
            return;
        };
        if let Some(side) = registry.side(card, Direction::Input) {
            wanted.is_known = true;
            if side.layout != wanted.layout {
                self.refusals.remove(&channel);
                wanted.layout.clone_from(&side.layout);
            }
            return;
        }
        if !registry.is_managed() {
            if !round.is_alone {
                wanted.is_known = false;
                return;
            }
            ports.configure_card(registry, card, round);
        }
        wanted.is_known = round.expired(Timeout::Ports(card));
    }

    /// Has a channel's sinks play to its output. One that something plays to stays where it is, and another takes
    /// its place, where the other channel would be heard to lose samples as this one leaves.
    fn follow_output(&mut self, channel: Channel, registry: &Registry, outputs: &Outputs) {
        let output = outputs.of(channel).node();
        if self.wanted[channel].output == output {
            return;
        }
        self.wanted[channel].output = output;
        // The one that was left before takes over, where the channel is back.
        if self.has_fitting(channel) {
            return;
        }
        let is_shared = |old: u32| {
            let mut others = CHANNELS.into_iter().filter(|&other| other != channel);
            others.any(|other| outputs.of(other).node() == Some(old))
        };
        for (sink, entry) in &mut self.all {
            let stays = registry.loses_samples_as_a_sink_leaves()
                && entry.output.is_some_and(is_shared)
                && entry.node.is_some_and(|node| registry.is_fed(node));
            if sink.channel == channel && !stays {
                entry.output = output;
            }
        }
    }

    fn create(&mut self, channel: Channel, round: &mut Round) {
        if self.has_fitting(channel) {
            return;
        }
        if let Some(&refusals) = self.refusals.get(&channel)
            && (refusals >= MAX_ATTEMPTS || !round.expired(Timeout::RefusedSink(channel, refusals)))
        {
            return;
        }
        let number = self.next;
        self.next += 1;
        let sink = Sink { channel, number };
        let Wanted { layout, output, .. } = &self.wanted[channel];
        let command = Command::CreateSink(sink, layout.clone());
        round.commands.push(command);
        let entry = Entry {
            layout: layout.clone(),
            output: *output,
            node: None,
        };
        self.all.insert(sink, entry);
    }

    /// The nodes of those that PipeWire has created, with what each plays to.
    pub fn outputs(&self) -> impl Iterator<Item = (u32, u32)> {
        let all = self.all.values();
        all.filter_map(|entry| Some((entry.node?, entry.output?)))
    }

    /// The links from each sink to its output.
    pub fn monitor_links(&self, registry: &Registry) -> SortedSet<Ports> {
        let links = self.outputs();
        let links = links.flat_map(|(node, output)| registry.pairs(node, output));
        links.collect()
    }

    /// The node of each channel's sink to which streams can be sent: one that fits the card if
    /// there is one, and linked to the card if there is one that can be linked to.
    pub fn ready(
        &self,
        registry: &Registry,
        outputs: &Outputs,
        monitors: &SortedSet<Ports>,
    ) -> SortedMap<Channel, u32> {
        let has_ports = |card| registry.side(card, Direction::Input).is_some();
        let needs_no_link = |channel| match outputs.of(channel).node() {
            None => true,
            Some(card) => self.wanted[channel].is_known && !has_ports(card),
        };
        let mut ready = SortedMap::new();
        for (sink, node, _) in self.nodes() {
            let has_serial = registry.nodes().get(&node);
            let has_serial = has_serial.is_some_and(|node| node.serial.is_some());
            let is_complete = registry.side(node, Direction::Input).is_some() && has_serial;
            let is_linked = || monitors.iter().any(|ports| ports.output_node == node);
            if is_complete && (needs_no_link(sink.channel) || is_linked()) {
                // Those created later come later.
                let fits = self.fits(sink);
                let best = ready.get_or_insert_with(sink.channel, || (fits, node));
                if fits >= best.0 {
                    *best = (fits, node);
                }
            }
        }
        let nodes = ready.into_iter();
        nodes.map(|(channel, (_, node))| (channel, node)).collect()
    }

    /// The sinks whose channel has a ready one that fits its card, unlike them, and which nothing has played to for
    /// a while. `WirePlumber` pauses the media players that play to a sink when it goes, from 0.5.11 on,
    /// and counts a link until a moment after that has gone (mpris-pause.lua, `link_hook`).
    pub fn superfluous(
        &self,
        registry: &Registry,
        streams: &Streams,
        ready: &SortedMap<Channel, u32>,
        wanted: &SortedSet<Ports>,
        round: &mut Round,
    ) -> SortedSet<u32> {
        let is_used = |node: u32| {
            streams.is_requested_for(node)
                || registry.is_fed(node)
                || wanted.iter().any(|ports| ports.input_node == node)
        };
        let fits = |node: u32| {
            let mut nodes = self.nodes();
            nodes.any(|(sink, id, _)| id == node && self.fits(sink))
        };
        let mut superfluous: SortedSet<u32> = self
            .nodes()
            .filter(|&(sink, node, _)| {
                let successor = ready.get(&sink.channel);
                !self.fits(sink) && successor.is_some_and(|&it| fits(it)) && !is_used(node)
            })
            .map(|(_, node, _)| node)
            .collect();
        superfluous.retain(|&node| round.expired(Timeout::SinkDrained(node)));
        superfluous
    }

    /// Destroys the sinks that are these nodes.
    pub fn destroy(&mut self, nodes: &SortedSet<u32>, round: &mut Round) {
        self.all.retain(|&sink, entry| {
            let goes = entry.node.is_some_and(|node| nodes.contains(&node));
            if goes {
                round.commands.push(Command::DestroySink(sink));
            }
            !goes
        });
    }
}
