//! Whether a stream plays where we have asked for it to: a session manager need not do what it is
//! asked (WirePlumber's policy `move = false`), one that hangs does nothing, and PipeWire may refuse
//! a link of ours. What we wish does not depend on this, only what is said of it.

use std::time::Instant;

use wire::message::ClientName;
use wire::{Channel, StreamState};

use super::Graph;
use super::judge::Decision;
use super::patience::Matter;

impl Graph {
    /// Notes whether a stream, of which this was decided, has been missing from its channel for too
    /// long.
    pub(super) fn note_heed(&mut self, id: u32, decision: &Decision, now: Instant) {
        let is_missing =
            decision.state == StreamState::Routed && !self.plays_to(id, decision.channel);
        let is_missed = is_missing && self.patience.is_over(Matter::Heed(id), now);
        self.streams.note_missed(id, is_missed);
    }

    /// Whether a link, whoever has made it, leads from a stream to a sink of this channel.
    fn plays_to(&self, stream: u32, channel: Channel) -> bool {
        let mut links = self.objects.links_from(stream);
        links.any(|link| self.channel(link.ports.input_node) == Some(channel))
    }

    /// The decision, as it is told: no stream is called routed that is not.
    pub(super) fn as_heeded(&self, id: u32, decision: Decision) -> Decision {
        if decision.state != StreamState::Routed || !self.streams.is_missed(id) {
            return decision;
        }
        match self.rival_link(id) {
            None => Decision {
                state: StreamState::Waiting,
                ..decision
            },
            Some((client, _)) => {
                let rival = client.and_then(|client| self.objects.client(client));
                Decision {
                    state: StreamState::Contested,
                    rival: rival.map(ClientName::truncated),
                    ..decision
                }
            }
        }
    }

    /// Whose link leads it elsewhere, and to which sink, unless we have not even asked.
    fn rival_link(&self, id: u32) -> Option<(Option<u32>, u32)> {
        let could_follow = !self.is_managed() || self.streams.is_asked(id);
        self.foreign_links(id).next().filter(|_| could_follow)
    }

    /// Why it has been missed, as a sentence.
    pub(super) fn missed_reason(&self, id: u32) -> Option<String> {
        if !self.streams.is_missed(id) {
            return None;
        }
        let Some((client, sink)) = self.rival_link(id) else {
            let reason = match self.sinks.are_given_up() {
                true => "its channel's sink has been removed; it is made anew within a minute",
                false => "nothing has linked it to its channel; mixd's log may say why",
            };
            return Some(reason.into());
        };
        let by = client.and_then(|client| self.objects.client(client));
        let by = by.unwrap_or("another program");
        let to = self.objects.nodes().get(&sink);
        let to = to.map(|node| &*node.name).unwrap_or_default();
        let is_manager = client.is_some() && client == self.metadata.manager();
        Some(match is_manager {
            true => format!(
                "{by} has linked it to {to}, and leaves it there although mixd has asked for its \
                 channel (a policy that moves no stream?)"
            ),
            false => format!("{by} has linked it to {to}"),
        })
    }
}
