//! Our own sinks: one for each channel, with the layout of the card. When that changes, a second
//! one takes over before the first goes, so that no stream is ever without.

use std::collections::{BTreeMap, BTreeSet};

use wire::Channel;

use super::CHANNELS;
use super::event::{Command, Sink};
use super::layout::Layout;

/// How often somebody may take a sink away before none is made in its place for a while
/// ([`Timeout::RecreateSinks`]): whoever does so each time is not to be fought.
pub const MAX_REMAKES: u8 = 5;

#[derive(Debug)]
struct Entry {
    layout: Layout,
    /// Its node, once PipeWire has made it.
    node: Option<u32>,
}

/// The sinks that we have asked for.
#[derive(Debug, Default)]
pub struct Sinks {
    all: BTreeMap<Sink, Entry>,
    next: u32,
    lost: u8,
}

impl Sinks {
    /// Whether this one is still wanted.
    pub fn has(&self, sink: Sink) -> bool {
        self.all.contains_key(&sink)
    }

    /// PipeWire has made it.
    pub fn made(&mut self, sink: Sink, node: u32) {
        if let Some(entry) = self.all.get_mut(&sink) {
            entry.node = Some(node);
        }
    }

    /// A node has gone; perhaps somebody has taken one of these.
    pub fn lose(&mut self, node: u32) {
        let before = self.all.len();
        self.all.retain(|_, entry| entry.node != Some(node));
        if self.all.len() < before {
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// Those that PipeWire has made: the sink, its node, its layout.
    pub fn nodes(&self) -> impl Iterator<Item = (Sink, u32, &Layout)> {
        let all = self.all.iter();
        all.filter_map(|(&sink, entry)| Some((sink, entry.node?, &entry.layout)))
    }

    /// Whether PipeWire has made one for this channel.
    pub fn has_made(&self, channel: Channel) -> bool {
        let mut nodes = self.nodes();
        nodes.any(|(sink, ..)| sink.channel == channel)
    }

    /// The channel whose sink this node is.
    pub fn channel(&self, node: u32) -> Option<Channel> {
        let mut nodes = self.nodes();
        nodes
            .find(|&(_, id, _)| id == node)
            .map(|(sink, ..)| sink.channel)
    }

    /// How many have been asked for since the connection was made.
    pub fn made_so_far(&self) -> u32 {
        self.next
    }

    /// Whether they have been taken away so often that none is made for a while.
    pub fn are_given_up(&self) -> bool {
        self.lost > MAX_REMAKES
    }

    /// Takes no account any more of how often they have been taken away.
    pub fn reset_retries(&mut self) {
        self.lost = 0;
    }

    /// Asks for a sink of this layout for each channel that has none.
    pub fn reconcile(&mut self, layout: &Layout, commands: &mut Vec<Command>) {
        if self.are_given_up() {
            return;
        }
        for channel in CHANNELS {
            let fits =
                |(sink, entry): (&Sink, &Entry)| sink.channel == channel && entry.layout == *layout;
            if self.all.iter().any(fits) {
                continue;
            }
            let number = self.next;
            self.next += 1;
            let sink = Sink { channel, number };
            let layout = layout.clone();
            commands.push(Command::CreateSink(sink, layout.clone()));
            self.all.insert(sink, Entry { layout, node: None });
        }
    }

    /// Lets go of the sinks that are these nodes.
    pub fn destroy(&mut self, nodes: &BTreeSet<u32>, commands: &mut Vec<Command>) {
        self.all.retain(|&sink, entry| {
            let goes = entry.node.is_some_and(|node| nodes.contains(&node));
            if goes {
                commands.push(Command::DestroySink(sink));
            }
            !goes
        });
    }
}
