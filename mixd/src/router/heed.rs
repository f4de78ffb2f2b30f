//! Whether a stream plays where we have asked for it to: a session manager need not do what it is
//! asked (WirePlumber's policy `move = false`), one that hangs does nothing, and PipeWire may refuse
//! a link of ours. What we wish does not depend on this, only what is said of it.

use std::time::Instant;

use wire::message::ClientName;
use wire::{Channel, StreamState};

use super::Router;
use super::state::Decision;
use super::timeouts::Timeout;

impl Router {
    /// Notes whether a stream, of which this was decided, has been missing from its channel for too
    /// long.
    pub(super) fn update_missed(&mut self, id: u32, decision: &Decision, now: Instant) {
        let channel = decision.channel;
        let is_missed = decision.sent.is_some()
            && if self.streams.is_paused(id) {
                true
            } else if self.plays_to(id, channel) {
                self.defect(id, channel).is_some()
                    && self.timeouts.expired(Timeout::Complete(id), now)
            } else {
                self.timeouts.expired(Timeout::Routed(id), now)
            };
        self.streams.note_missed(id, is_missed);
    }

    /// Whether a link, whoever has made it, leads from a stream to a sink of this channel.
    fn plays_to(&self, stream: u32, channel: Channel) -> bool {
        let mut links = self.registry.links_from(stream);
        links.any(|link| self.channel(link.ports.input_node) == Some(channel))
    }

    /// The decision, as it is told: no stream is called routed that is not, nor pinned to a channel that
    /// it does not play through.
    pub(super) fn as_heeded(&self, id: u32, decision: Decision) -> Decision {
        if decision.sent.is_none() || !self.streams.is_missed(id) {
            return decision;
        }
        let decision = Decision {
            cause: None,
            ..decision
        };
        match self.rival_link(id, decision.channel) {
            None => Decision {
                state: StreamState::Waiting,
                ..decision
            },
            Some((client, _)) => {
                let rival = client.and_then(|client| self.registry.client(client));
                Decision {
                    state: StreamState::Contested,
                    rival: rival.map(ClientName::truncated),
                    ..decision
                }
            }
        }
    }

    /// Whose link leads it elsewhere, and to which sink, unless we have not even asked.
    fn rival_link(&self, id: u32, channel: Channel) -> Option<(Option<u32>, u32)> {
        let could_follow = !self.is_managed() || self.streams.is_asked(id);
        let mut links = self.foreign_links(id);
        links.find(|&(_, sink)| could_follow && self.channel(sink) != Some(channel))
    }

    /// Whether the session manager has linked it elsewhere, and not to this channel.
    pub(super) fn is_moved_by_manager(&self, id: u32, channel: Channel) -> bool {
        let rival = self.rival_link(id, channel).and_then(|(client, _)| client);
        rival.is_some() && rival == self.metadata.manager() && !self.plays_to(id, channel)
    }

    /// Why it has been missed, as a sentence.
    pub(super) fn missed_reason(&self, id: u32, channel: Channel) -> Option<String> {
        if !self.streams.is_missed(id) {
            return None;
        }
        if let Some(defect) = self.defect(id, channel) {
            return Some(self.defect_reason(defect));
        }
        let Some((client, sink)) = self.rival_link(id, channel) else {
            let reason = match self.sinks.are_given_up() {
                true => "its channel's sink has been removed; it is made anew within a minute",
                false => "nothing has linked it to its channel; mixd's log may say why",
            };
            return Some(reason.into());
        };
        let by = client.and_then(|client| self.registry.client(client));
        let by = by.unwrap_or("another program");
        let to = self.registry.nodes().get(&sink);
        let to = to.map(|node| &*node.name).unwrap_or_default();
        let is_manager = client.is_some() && client == self.metadata.client();
        Some(match is_manager {
            true if self.is_manager_hanging() => {
                format!("{by} has linked it to {to}, and hangs: it moves nothing until it answers")
            }
            true => format!(
                "{by} has linked it to {to}, and leaves it there although mixd has asked for its \
                 channel (a policy that moves no stream?)"
            ),
            false => format!("{by} has linked it to {to}"),
        })
    }
}
