//! The links of ours: which there are, and how often each may still be made again. A client that removes one
//! again and again is not fought, and not given in to for ever: after a while the link is made once
//! more, and one that has lasted for a while is as good as new. One that PipeWire refuses is tried a few
//! times.

use wire::Channel;

use super::event::{Command, Ports};
use super::registry::{Link, Registry};
use super::sinks::Sinks;
use super::streams::MAX_MOVES;
use super::timeouts::{MAX_ATTEMPTS, Round, Timeout};
use crate::sorted::{SortedMap, SortedSet};

/// How often in a row one from a sink of ours to the card is made again.
pub const MAX_RELINKS: u8 = 3;

/// The links of ours.
#[derive(Debug, Default)]
pub struct Links {
    made: SortedSet<Ports>,
    /// Removed by us, and not yet gone.
    unlinking: SortedSet<Ports>,
    /// How often each that others have removed may still be made again.
    retries: SortedMap<Ports, u8>,
    /// How often in a row PipeWire has refused each.
    refusals: SortedMap<Ports, u8>,
    /// The sinks of ours that lack a link to the output, and that output.
    unlinked_sinks: SortedMap<u32, u32>,
}

impl Links {
    /// Returns whether this one has been made and should still be there.
    pub fn has(&self, ports: &Ports) -> bool {
        self.made.contains(ports)
    }

    /// Returns whether this one has been made, and may have been removed by us since.
    pub fn is_ours(&self, ports: &Ports) -> bool {
        self.made.contains(ports) || self.unlinking.contains(ports)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Ports> {
        self.made.iter()
    }

    /// Takes in that a link has gone or, where it `is_there`, has failed and carries nothing. Returns
    /// whether it was ours, and wanted. It is made again as often as `relinks` in a row, if that counts.
    pub fn note_lost(&mut self, ports: Ports, is_there: bool, relinks: Option<u8>) -> bool {
        if self.unlinking.remove(&ports) {
            return false;
        }
        let was_ours = self.made.remove(&ports);
        if was_ours && let Some(relinks) = relinks {
            let left = self.retries.get(&ports).map(|left| left.saturating_sub(1));
            self.retries.insert(ports, left.unwrap_or(relinks));
        }
        if was_ours && is_there {
            // It goes when it is made anew.
            self.unlinking.insert(ports);
        }
        was_ours
    }

    /// How often in a row a link that others remove is made again.
    pub fn relinks(sinks: &Sinks, ports: &Ports) -> u8 {
        match sinks.channel(ports.output_node) {
            Some(_) => MAX_RELINKS,
            // Once is an accident; whoever does it twice wants the stream elsewhere.
            None => MAX_MOVES - 1,
        }
    }

    /// Takes in that a link that we have removed was never made: what goes between its ports is another one.
    pub fn note_never_made(&mut self, ports: &Ports) {
        self.unlinking.remove(ports);
    }

    /// Takes in that PipeWire has refused to make a link.
    pub fn note_refused(&mut self, ports: Ports) {
        if self.made.remove(&ports) {
            let refusals = self.refusals.get_or_default(ports);
            *refusals = refusals.saturating_add(1);
        }
    }

    /// Takes in that a link is there, of ours or of another client.
    pub fn note_made(&mut self, ports: &Ports) {
        self.refusals.remove(ports);
    }

    /// Forgets all links of a port that has gone, and how often they were lost: the next port of this id is
    /// another one.
    pub fn forget_port(&mut self, id: u32) {
        let has = |ports: &Ports| ports.output == id || ports.input == id;
        self.retries.retain(|ports, _| !has(ports));
        self.refusals.retain(|ports, _| !has(ports));
        self.unlinking.retain(|ports| !has(ports));
        self.made.retain(|ports| !has(ports));
    }

    /// Forgets the links that leave a node, which is about to be destroyed.
    pub fn forget_node(&mut self, id: u32) {
        self.made.retain(|ports| ports.output_node != id);
    }

    /// Makes what others have removed, or PipeWire has refused, again from now on.
    pub fn reset_retries(&mut self) {
        self.retries.clear();
        self.refusals.clear();
    }

    /// The same of those that leave or reach a sink of this channel.
    pub fn reset_retries_of(&mut self, sinks: &Sinks, channel: Channel) {
        let is_other = |ports: &Ports| {
            let ends = [ports.output_node, ports.input_node].into_iter();
            !ends
                .filter_map(|node| sinks.channel(node))
                .any(|found| found == channel)
        };
        self.retries.retain(|ports, _| is_other(ports));
        self.refusals.retain(|ports, _| is_other(ports));
    }

    /// Makes what was given up once more.
    pub fn allow_retry(&mut self) {
        for left in self.retries.values_mut() {
            *left = (*left).max(1);
        }
    }

    /// Those that others have removed so often that they are not made again for a while.
    pub fn given_up(&self) -> impl Iterator<Item = &Ports> {
        let retries = self.retries.iter();
        retries
            .filter(|(_, left)| **left == 0)
            .map(|(ports, _)| ports)
    }

    /// Returns whether links to the output are given up for a while.
    pub fn are_monitors_given_up(&self, sinks: &Sinks) -> bool {
        let mut given_up = self.given_up();
        given_up.any(|ports| sinks.channel(ports.output_node).is_some())
    }

    /// Returns whether links that leave a stream are given up for a while.
    pub fn is_stream_given_up(&self, stream: u32) -> bool {
        let mut given_up = self.given_up();
        given_up.any(|ports| ports.output_node == stream)
    }

    /// Returns whether this one has been asked for, made or not.
    pub fn is_requested(&self, ports: &Ports) -> bool {
        self.made.contains(ports) || self.refusals.contains_key(ports)
    }

    /// Returns whether PipeWire has refused a link that leaves a stream.
    pub fn is_refused(&self, stream: u32) -> bool {
        let mut refused = self.refusals.keys();
        refused.any(|ports| ports.output_node == stream)
    }

    /// Forgets losses that are long ago.
    pub fn expire_retries(&mut self, round: &mut Round) {
        self.retries.retain(|&ports, left| {
            let is_given_up = *left == 0;
            if is_given_up && round.expired(Timeout::RetryLink(ports)) {
                *left = 1;
            }
            is_given_up || !round.expired(Timeout::LinkStable(ports))
        });
    }

    /// Finds the sinks of ours that lack a link to the output.
    pub fn find_unlinked_sinks(&mut self, registry: &Registry, sinks: &Sinks) {
        let unlinked = sinks
            .outputs()
            .filter(|&(node, card)| !registry.missing(node, card, |_| true).is_empty());
        self.unlinked_sinks = unlinked.collect();
    }

    /// The output to which a sink of ours lacks a link, if it lacks one.
    pub fn missing_output(&self, sink: u32) -> Option<u32> {
        self.unlinked_sinks.get(&sink).copied()
    }

    /// The links that others have made from a stream to any sink.
    pub fn foreign<'a>(
        &'a self,
        registry: &'a Registry,
        stream: u32,
    ) -> impl Iterator<Item = &'a Link> {
        let links = registry.links_from(stream);
        links.filter(|link| registry.is_sink(link.ports.input_node) && !self.is_ours(&link.ports))
    }

    /// Makes those that are wanted, and removes all others.
    pub fn reconcile(&mut self, wanted: &SortedSet<Ports>, round: &mut Round) {
        self.refusals.retain(|ports, _| wanted.contains(ports));
        self.unlink_others(wanted, &mut round.commands);
        for &ports in wanted {
            let is_given_up = self.retries.get(&ports) == Some(&0);
            if is_given_up || self.made.contains(&ports) {
                continue;
            }
            if let Some(&refusals) = self.refusals.get(&ports)
                && (refusals >= MAX_ATTEMPTS
                    || !round.expired(Timeout::RefusedLink(ports, refusals)))
            {
                continue;
            }
            self.made.insert(ports);
            round.commands.push(Command::Link(ports));
        }
    }

    /// Removes all links but the wanted ones.
    pub fn unlink_others(&mut self, wanted: &SortedSet<Ports>, commands: &mut Vec<Command>) {
        let unwanted: Vec<Ports> = self.made.difference(wanted).copied().collect();
        for ports in unwanted {
            self.made.remove(&ports);
            self.unlinking.insert(ports);
            commands.push(Command::Unlink(ports));
        }
    }
}
