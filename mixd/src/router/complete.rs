//! Whether what a stream plays is all heard, and through its channel alone: each side of it has a link
//! to the channel's sink, each side of that one to the card, and none leads to a card besides.

use std::collections::BTreeSet;
use std::time::Instant;

use wire::Channel;

use super::event::{Command, Ports};
use super::registry::Link;
use super::timeouts::Timeout;
use super::{Router, links, streams};

/// Why a stream that has a link to its channel is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    /// This sink of ours lacks a link to the card.
    UnlinkedSink(u32),
    /// A link leads to this card besides, which this client has made.
    LinkedTwice(Option<u32>, u32),
    /// A side lacks its link to this sink of ours.
    PartlyLinked(u32),
}

impl Router {
    /// What is missing of a node's links to another: the pairs of ports of which one end has no link
    /// that leads to the other node.
    fn missing(&self, from: u32, to: u32, is_counted: impl Fn(&Ports) -> bool) -> Vec<Ports> {
        let links = self.registry.links_from(from).map(|link| link.ports);
        let links: Vec<Ports> = links
            .filter(|ports| ports.input_node == to && is_counted(ports))
            .collect();
        let mut pairs = self.pairs(from, to);
        pairs.retain(|pair| {
            !links.iter().any(|ports| ports.output == pair.output)
                || !links.iter().any(|ports| ports.input == pair.input)
        });
        pairs
    }

    /// The sinks of ours that lack a link to the card.
    pub(super) fn find_unlinked_sinks(&self) -> BTreeSet<u32> {
        let Some(card) = self.output.node() else {
            return BTreeSet::new();
        };
        let nodes = self.sinks.nodes().map(|(_, node, _)| node);
        nodes
            .filter(|&node| !self.missing(node, card, |_| true).is_empty())
            .collect()
    }

    /// What is wrong with a stream that has a link to its channel; none as well if it has not.
    pub(super) fn defect(&self, stream: u32, channel: Channel) -> Option<Defect> {
        let mut sinks: Vec<u32> = Vec::new();
        for link in self.registry.links_from(stream) {
            let sink = link.ports.input_node;
            if self.channel(sink) == Some(channel) && !sinks.contains(&sink) {
                sinks.push(sink);
            }
        }
        // While the layout changes there are two: one that is whole will do.
        let defect = |&sink: &u32| {
            if self.unlinked_sinks.contains(&sink) {
                Some(Defect::UnlinkedSink(sink))
            } else if !self.missing(stream, sink, |_| true).is_empty() {
                Some(Defect::PartlyLinked(sink))
            } else {
                None
            }
        };
        let defects: Vec<Option<Defect>> = sinks.iter().map(defect).collect();
        let own = defects.first().copied()?;
        let stray = self.stray(stream);
        let twice = stray.map(|link| Defect::LinkedTwice(link.client, link.ports.input_node));
        twice.or_else(|| if defects.contains(&None) { None } else { own })
    }

    /// A link of somebody else from a stream to a sink that is none of ours.
    fn stray(&self, stream: u32) -> Option<&Link> {
        let mut links = self.registry.links_from(stream);
        links.find(|link| {
            let to = self.registry.nodes().get(&link.ports.input_node);
            to.is_some_and(super::is_card) && !self.links.is_ours(&link.ports)
        })
    }

    /// Asks anew for a stream that the session manager itself has linked to a card besides its channel:
    /// it counts the stream as moved, and looks no more at the link that it has forgotten. Sent to the
    /// default sink for a moment, it finds that, and takes it along.
    pub(super) fn ask_again(&mut self, id: u32, channel: Channel, now: Instant) -> Option<Command> {
        if self.streams.is_paused(id) {
            if self.timeouts.expired(Timeout::Retarget(id), now) {
                self.streams.resume(id);
            }
            return None;
        }
        let Some(Defect::LinkedTwice(client, _)) = self.defect(id, channel) else {
            return None;
        };
        let is_managers = client.is_some() && client == self.metadata.manager();
        // A stream that has only just been sent to its channel may have both for a moment.
        let is_due = is_managers && self.streams.is_missed(id) && self.streams.is_asked(id);
        (is_due && self.streams.pause(id)).then(|| {
            self.timeouts.expired(Timeout::Retarget(id), now);
            Command::ClearTarget(id)
        })
    }

    /// The links that we are to make of a stream to which others have made some: those of the sides that
    /// these lack, once that has lasted.
    pub(super) fn missing_links(&mut self, id: u32, sink: u32, now: Instant) -> Option<Vec<Ports>> {
        let leads_there = |(_, to)| to == sink;
        if !self.foreign_links(id).all(leads_there) {
            return None;
        }
        let missing = self.missing(id, sink, |ports| !self.links.is_ours(ports));
        if missing.is_empty() {
            return None;
        }
        let are_made = missing.iter().all(|ports| self.links.has(ports));
        (are_made || self.timeouts.expired(Timeout::Complete(id), now)).then_some(missing)
    }

    /// A link has gone, or is there and carries nothing.
    pub(super) fn lose_link(&mut self, ports: Ports, is_there: bool) {
        // What a session manager takes away while it sets up is no robbery: 0.5 gives streams new ports.
        let relinks = (!self.is_manager_starting).then(|| self.relinks(&ports));
        if self.links.lose(ports, relinks) {
            self.timeouts.forget(Timeout::RetryLink(ports));
            self.timeouts.forget(Timeout::LinkStable(ports));
            if is_there {
                self.links.note_broken(ports);
            }
        }
    }

    /// How often in a row such a link of ours is made again.
    pub(super) fn relinks(&self, ports: &Ports) -> u8 {
        match self.is_monitor(ports) {
            true => links::MAX_RELINKS,
            // Once is an accident, twice is a rival.
            false => streams::MAX_MOVES - 1,
        }
    }

    /// Whether links of ours to the card are given up for a while.
    pub(super) fn are_monitors_given_up(&self) -> bool {
        let mut given_up = self.links.given_up();
        given_up.any(|ports| self.is_monitor(ports))
    }

    /// Whether links of ours that leave a stream are given up for a while.
    pub(super) fn is_stream_given_up(&self, stream: u32) -> bool {
        let mut given_up = self.links.given_up();
        given_up.any(|ports| ports.output_node == stream)
    }

    /// The same as a sentence.
    pub(super) fn defect_reason(&self, defect: Defect) -> String {
        let name_of = |id: u32| {
            let node = self.registry.nodes().get(&id);
            node.map(|node| &*node.name).unwrap_or_default()
        };
        match defect {
            Defect::UnlinkedSink(sink) => {
                let card = self.output.node().map(name_of).unwrap_or_default();
                let why = match self.are_monitors_given_up() {
                    true => {
                        ": something has removed it again and again; it is made again within \
                             half a minute"
                    }
                    false => "",
                };
                format!("a link from {} to {card} is missing{why}", name_of(sink))
            }
            Defect::LinkedTwice(client, card) => {
                let by = client.and_then(|client| self.registry.client(client));
                let by = by.unwrap_or("another program");
                format!(
                    "{by} has linked it to {} besides: it is heard twice",
                    name_of(card)
                )
            }
            Defect::PartlyLinked(sink) => {
                format!("not all of its sides are linked to {}", name_of(sink))
            }
        }
    }
}
