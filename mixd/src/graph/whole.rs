//! Whether what a stream plays is all heard, and through its channel alone: each side of it has a link
//! to the channel's sink, each side of that one to the card, and none leads to a card besides.

use std::collections::BTreeSet;
use std::time::Instant;

use wire::Channel;

use super::fact::{Action, Ports};
use super::objects::Link;
use super::patience::Matter;
use super::{Graph, streams, wires};

/// Why a stream that has a link to its channel is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// This sink of ours lacks a link to the card.
    Deaf(u32),
    /// A link leads to this card besides, which this client has made.
    Twice(Option<u32>, u32),
    /// A side lacks its link to this sink of ours.
    Half(u32),
}

impl Graph {
    /// What is missing of a node's links to another: the pairs of ports of which one end has no link
    /// that leads to the other node.
    fn missing(&self, from: u32, to: u32, is_counted: impl Fn(&Ports) -> bool) -> Vec<Ports> {
        let links = self.objects.links_from(from).map(|link| link.ports);
        let links: Vec<Ports> = links
            .filter(|ports| ports.input_node == to && is_counted(ports))
            .collect();
        let mut pairs = self.links(from, to);
        pairs.retain(|pair| {
            !links.iter().any(|ports| ports.output == pair.output)
                || !links.iter().any(|ports| ports.input == pair.input)
        });
        pairs
    }

    /// The sinks of ours that lack a link to the card.
    pub(super) fn deaf_sinks(&self) -> BTreeSet<u32> {
        let Some(card) = self.output.node() else {
            return BTreeSet::new();
        };
        let nodes = self.sinks.nodes().map(|(_, node, _)| node);
        nodes
            .filter(|&node| !self.missing(node, card, |_| true).is_empty())
            .collect()
    }

    /// What is wrong with a stream that has a link to its channel; none as well if it has not.
    pub(super) fn flaw(&self, stream: u32, channel: Channel) -> Option<Flaw> {
        let mut sinks: Vec<u32> = Vec::new();
        for link in self.objects.links_from(stream) {
            let sink = link.ports.input_node;
            if self.channel(sink) == Some(channel) && !sinks.contains(&sink) {
                sinks.push(sink);
            }
        }
        // While the layout changes there are two: one that is whole will do.
        let flaw = |&sink: &u32| {
            if self.deaf.contains(&sink) {
                Some(Flaw::Deaf(sink))
            } else if !self.missing(stream, sink, |_| true).is_empty() {
                Some(Flaw::Half(sink))
            } else {
                None
            }
        };
        let flaws: Vec<Option<Flaw>> = sinks.iter().map(flaw).collect();
        let own = flaws.first().copied()?;
        let stray = self.stray(stream);
        let twice = stray.map(|link| Flaw::Twice(link.client, link.ports.input_node));
        twice.or_else(|| if flaws.contains(&None) { None } else { own })
    }

    /// A link of somebody else from a stream to a sink that is none of ours.
    fn stray(&self, stream: u32) -> Option<&Link> {
        let mut links = self.objects.links_from(stream);
        links.find(|link| {
            let to = self.objects.nodes().get(&link.ports.input_node);
            to.is_some_and(super::is_card) && !self.wires.is_ours(&link.ports)
        })
    }

    /// Asks anew for a stream that the session manager itself has linked to a card besides its channel:
    /// it counts the stream as moved, and looks no more at the link that it has forgotten. Sent to the
    /// default sink for a moment, it finds that, and takes it along.
    pub(super) fn ask_again(&mut self, id: u32, channel: Channel, now: Instant) -> Option<Action> {
        if self.streams.is_paused(id) {
            if self.patience.is_over(Matter::Repeat(id), now) {
                self.streams.resume(id);
            }
            return None;
        }
        let Some(Flaw::Twice(client, _)) = self.flaw(id, channel) else {
            return None;
        };
        let is_managers = client.is_some() && client == self.metadata.manager();
        // A stream that has only just been sent to its channel may have both for a moment.
        let is_due = is_managers && self.streams.is_missed(id) && self.streams.is_asked(id);
        (is_due && self.streams.pause(id)).then(|| {
            self.patience.is_over(Matter::Repeat(id), now);
            Action::Clear(id)
        })
    }

    /// The links that we are to make of a stream to which others have made some: those of the sides that
    /// these lack, once that has lasted.
    pub(super) fn missing_sides(&mut self, id: u32, sink: u32, now: Instant) -> Option<Vec<Ports>> {
        let leads_there = |(_, to)| to == sink;
        if !self.foreign_links(id).all(leads_there) {
            return None;
        }
        let missing = self.missing(id, sink, |ports| !self.wires.is_ours(ports));
        if missing.is_empty() {
            return None;
        }
        let are_made = missing.iter().all(|ports| self.wires.has(ports));
        (are_made || self.patience.is_over(Matter::Whole(id), now)).then_some(missing)
    }

    /// A link has gone, or is there and carries nothing.
    pub(super) fn lose_link(&mut self, ports: Ports, is_there: bool) {
        // What a session manager takes away while it sets up is no robbery: 0.5 gives streams new ports.
        let relinks = (!self.is_new).then(|| self.relinks(&ports));
        if self.wires.lose(ports, relinks) {
            self.patience.forget(Matter::Relink(ports));
            self.patience.forget(Matter::Held(ports));
            if is_there {
                self.wires.note_broken(ports);
            }
        }
    }

    /// How often in a row such a link of ours is made again.
    pub(super) fn relinks(&self, ports: &Ports) -> u8 {
        match self.is_monitor(ports) {
            true => wires::MAX_RELINKS,
            // Once is an accident, twice is a rival.
            false => streams::MAX_MOVES - 1,
        }
    }

    /// Whether links of ours to the card are given up for a while.
    pub(super) fn is_robbed(&self) -> bool {
        let mut given_up = self.wires.given_up();
        given_up.any(|ports| self.is_monitor(ports))
    }

    /// Whether links of ours that leave a stream are given up for a while.
    pub(super) fn is_robbed_of(&self, stream: u32) -> bool {
        let mut given_up = self.wires.given_up();
        given_up.any(|ports| ports.output_node == stream)
    }

    /// The same as a sentence.
    pub(super) fn flaw_reason(&self, flaw: Flaw) -> String {
        let name_of = |id: u32| {
            let node = self.objects.nodes().get(&id);
            node.map(|node| &*node.name).unwrap_or_default()
        };
        match flaw {
            Flaw::Deaf(sink) => {
                let card = self.output.node().map(name_of).unwrap_or_default();
                let why = match self.is_robbed() {
                    true => {
                        ": something has removed it again and again; it is made again within \
                             half a minute"
                    }
                    false => "",
                };
                format!("a link from {} to {card} is missing{why}", name_of(sink))
            }
            Flaw::Twice(client, card) => {
                let by = client.and_then(|client| self.objects.client(client));
                let by = by.unwrap_or("another program");
                format!(
                    "{by} has linked it to {} besides: it is heard twice",
                    name_of(card)
                )
            }
            Flaw::Half(sink) => {
                format!("not all of its sides are linked to {}", name_of(sink))
            }
        }
    }
}
