//! The programs' streams: which channel each belongs to, whether we may send it there, and how.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use wire::message::{ClientName, Pattern};
use wire::{Channel, Stream, StreamState};

use super::fact::{Action, Ports};
use super::objects::{Direction, TARGET_OBJECT};
use super::patience::Matter;
use super::{Graph, channel_of_name};
use crate::rules::{self, Rules};

/// How often a stream may be moved away from us before it is left where it is moved to.
pub const MAX_MOVES: u8 = 2;

/// What we have done with the streams, and what was done with them against our will.
#[derive(Debug, Default)]
pub struct Streams {
    records: BTreeMap<u32, Record>,
    /// Those asked for since the session manager has last shown, by a link or a key, that it is
    /// alive.
    unheard: BTreeSet<u32>,
}

#[derive(Debug, Default)]
struct Record {
    asked: Option<Asked>,
    /// The serial that we have set last, until the metadata shows it: what it shows before is old.
    unseen: Option<u64>,
    /// How often it has been moved away from us.
    moves: u8,
    /// The sink that we have linked it to ourselves.
    wired: Option<u32>,
    /// Somebody has taken such a link away.
    lost: Option<Ports>,
    /// It should play through its channel, and has not for too long.
    is_missed: bool,
}

/// What we asked the session manager to do with a stream.
#[derive(Debug)]
struct Asked {
    channel: Channel,
    /// The sink's node.
    sink: u32,
    /// The metadata has shown it. What others set before counts for nothing.
    is_echoed: bool,
}

/// Where the metadata sends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// To the default sink, or to one of a number that is no node's (any more).
    Anywhere,
    /// To a channel's sink.
    Ours(Channel),
    /// To another sink: this node.
    Elsewhere(u32),
    /// To one of a name that is no node's: a headset that is switched off. It may come back, and
    /// then the session manager looks for it in this key.
    Absent,
}

impl Place {
    /// Whether it is somebody's choice of a sink that is not ours.
    fn is_chosen(self) -> bool {
        matches!(self, Self::Elsewhere(_) | Self::Absent)
    }
}

impl Streams {
    /// Forgets a node that has gone: a stream, or a sink that streams were asked to go to.
    pub fn remove(&mut self, id: u32) {
        self.records.remove(&id);
        self.unheard.remove(&id);
        for record in self.records.values_mut() {
            record.asked.take_if(|asked| asked.sink == id);
        }
    }

    /// There is nobody left who would do what we asked.
    pub fn forget_asked(&mut self) {
        for record in self.records.values_mut() {
            record.asked = None;
            record.unseen = None;
        }
    }

    /// Somebody, perhaps we, has chosen a stream's sink; by this name or serial, if by one.
    pub fn note_target(&mut self, stream: u32, object: Option<&str>, place: Place) {
        let Some(record) = self.records.get_mut(&stream) else {
            return;
        };
        record
            .unseen
            .take_if(|serial| object == Some(&*serial.to_string()));
        let Some(asked) = &mut record.asked else {
            return;
        };
        if place == Place::Ours(asked.channel) {
            asked.is_echoed = true;
        } else if asked.is_echoed {
            // It was where we want it, and has been moved. To another card: the user's choice.
            // To our other sink or back to the default: once is an accident, twice is a rival.
            record.asked = None;
            if !place.is_chosen() {
                record.moves = record.moves.saturating_add(1);
            }
        }
    }

    /// The session manager has done something.
    pub fn note_life(&mut self) {
        self.unheard.clear();
    }

    /// The streams that we have asked for without being shown it, with the serials that we set,
    /// where the session manager has done something since: one that hangs is not to be asked
    /// anything, because PipeWire serves nobody who waits for its answer.
    pub fn unseen(&self) -> impl Iterator<Item = (u32, u64)> {
        let records = self.records.iter();
        let records = records.filter(|(id, _)| !self.unheard.contains(id));
        records.filter_map(|(&id, record)| record.asked.as_ref().and(Some((id, record.unseen?))))
    }

    /// What we have set last must have been there, shown or not.
    pub fn presume_seen(&mut self, stream: u32, serial: u64) {
        if let Some(record) = self.records.get_mut(&stream)
            && record.unseen.take_if(|unseen| *unseen == serial).is_some()
            && let Some(asked) = &mut record.asked
        {
            asked.is_echoed = true;
        }
    }

    /// Somebody has taken away a link that we made.
    pub fn note_loss(&mut self, ports: Ports) {
        if let Some(record) = self.records.get_mut(&ports.output_node) {
            record.lost = Some(ports);
        }
    }

    /// Whether a stream has been missing from its channel for too long.
    pub fn note_missed(&mut self, stream: u32, is_missed: bool) {
        self.records.entry(stream).or_default().is_missed = is_missed;
    }

    /// What was noted of that last.
    pub fn is_missed(&self, stream: u32) -> bool {
        let record = self.records.get(&stream);
        record.is_some_and(|record| record.is_missed)
    }

    /// The streams that we have asked for.
    pub fn asked(&self) -> impl Iterator<Item = u32> {
        let asked = self.records.iter();
        asked
            .filter(|(_, record)| record.asked.is_some())
            .map(|(&id, _)| id)
    }

    /// Whether we have asked for a stream.
    pub fn is_asked(&self, stream: u32) -> bool {
        let record = self.records.get(&stream);
        record.is_some_and(|record| record.asked.is_some())
    }

    /// Whether any stream was asked to go to this node.
    pub fn is_asked_for(&self, sink: u32) -> bool {
        let mut asked = self
            .records
            .values()
            .filter_map(|record| record.asked.as_ref());
        asked.any(|asked| asked.sink == sink)
    }
}

/// What becomes of a stream.
#[derive(Clone, Copy)]
pub(super) struct Decision {
    /// The pattern that puts it into the aux channel.
    pub rule: Option<Pattern>,
    pub state: StreamState,
    /// Who has linked it elsewhere.
    pub rival: Option<ClientName>,
}

impl Decision {
    pub fn channel(&self) -> Channel {
        rules::channel(self.rule.as_ref())
    }
}

impl Graph {
    /// Where the metadata sends a stream.
    pub(super) fn place(&self, stream: u32) -> Place {
        // The session manager looks at the two keys in this order, and takes "-1" for "anywhere".
        let found = match self.objects.targets.get(&stream) {
            None => None,
            Some(target) => match (&target.object, &target.node) {
                (Some(object), _) => {
                    if let Some(channel) = channel_of_name(object) {
                        return Place::Ours(channel);
                    }
                    let found = self.objects.find(object);
                    // The serial of what has gone is never another's.
                    if found.is_none() && is_name(object) && object.parse::<i64>().is_err() {
                        return Place::Absent;
                    }
                    found
                }
                (None, Some(id)) => {
                    let id = id.parse().ok();
                    id.filter(|id| self.objects.nodes().contains_key(id))
                }
                (None, None) => None,
            },
        };
        match found {
            None => Place::Anywhere,
            Some(id) => match self.channel(id) {
                Some(channel) => Place::Ours(channel),
                None => Place::Elsewhere(id),
            },
        }
    }

    /// What is to be done about the streams: sinks to be asked for, which is returned; links to be
    /// wanted; ports to be configured.
    pub(super) fn settle_streams(
        &mut self,
        rules: &Rules,
        ready: &BTreeMap<Channel, u32>,
        is_alone: bool,
        now: Instant,
        wanted: &mut BTreeSet<Ports>,
        actions: &mut Vec<Action>,
    ) -> Vec<Action> {
        let mut targets = Vec::new();
        let nodes = self.objects.nodes().iter();
        let ids: Vec<u32> = nodes
            .filter(|(_, node)| node.is_stream())
            .map(|(&id, _)| id)
            .collect();
        for id in ids {
            self.count_loss(id);
            let Some(decision) = self.judge(id, rules) else {
                continue;
            };
            self.note_heed(id, &decision, now);
            let sink = match decision.state {
                StreamState::Routed => ready.get(&decision.channel()).copied(),
                // Nobody else would.
                StreamState::Pinned if !self.is_managed() => self.pinned_to(id),
                _ => None,
            };
            if let Some(sink) = sink
                && self.is_managed()
            {
                targets.extend(self.ask(id, decision.channel(), sink));
            }
            let links = sink.and_then(|sink| self.own_links(id, sink, is_alone, now, actions));
            let record = self.streams.records.entry(id).or_default();
            record.wired = links.as_ref().and(sink);
            wanted.extend(links.unwrap_or_default());
        }
        targets
    }

    /// Counts the loss of a link that we made, unless it went with one of its ports, or a session manager
    /// that has just come gives the node other ports.
    fn count_loss(&mut self, id: u32) {
        let is_new = self.is_new;
        if let Some(record) = self.streams.records.get_mut(&id)
            && let Some(lost) = record.lost.take()
            && !is_new
            && self.objects.has_port(lost.output)
            && self.objects.has_port(lost.input)
        {
            record.moves = record.moves.saturating_add(1);
        }
    }

    /// Asks the session manager to send a stream to a sink, unless that has been done.
    fn ask(&mut self, stream: u32, channel: Channel, sink: u32) -> Option<Action> {
        let serial = self.objects.nodes().get(&sink)?.serial?;
        let targets = self.objects.targets.get(&stream);
        let object = targets.and_then(|target| target.object.as_deref());
        let record = self.streams.records.entry(stream).or_default();
        // Already there, and to stay: setting it again would make no event.
        let is_echoed = record.unseen.is_none() && object == Some(&*serial.to_string());
        if record
            .asked
            .as_ref()
            .is_some_and(|asked| asked.sink == sink)
        {
            return None;
        }
        record.asked = Some(Asked {
            channel,
            sink,
            is_echoed,
        });
        if is_echoed {
            return None;
        }
        record.unseen = Some(serial);
        self.streams.unheard.insert(stream);
        Some(Action::Target(stream, serial))
    }

    /// The links from a stream to a sink that we are to make: where there is nobody else to do so,
    /// or nobody has.
    fn own_links(
        &mut self,
        id: u32,
        sink: u32,
        is_alone: bool,
        now: Instant,
        actions: &mut Vec<Action>,
    ) -> Option<Vec<Ports>> {
        if self.foreign_links(id).next().is_some() {
            return None;
        }
        let is_bare = self
            .objects
            .infos
            .get(&id)
            .is_some_and(|info| info.outputs == 0);
        if is_alone || is_bare && self.patience.is_over(Matter::Ports(id), now) {
            match self.objects.side(sink, Direction::Input) {
                Some(inputs) => self.configure(id, Direction::Output, inputs.layout, actions),
                None => self.configure_card(sink, actions),
            }
        }
        let links = self.links(id, sink);
        if links.is_empty() {
            return None;
        }
        let record = self.streams.records.get(&id);
        let is_wired = record.is_some_and(|record| record.wired == Some(sink));
        let is_ours_to_do =
            !self.is_managed() || is_wired || self.patience.is_over(Matter::Link(id), now);
        is_ours_to_do.then_some(links)
    }

    /// Whose links others have made from a stream to any sink, and to which.
    pub(super) fn foreign_links(&self, stream: u32) -> impl Iterator<Item = (Option<u32>, u32)> {
        let links = self.objects.links_from(stream);
        links
            .filter(move |link| {
                let to = self.objects.nodes().get(&link.ports.input_node);
                to.is_some_and(super::objects::Node::is_sink) && !self.wires.is_ours(&link.ports)
            })
            .map(|link| (link.client, link.ports.input_node))
    }

    /// The sink that a stream is pinned to, if that is there.
    fn pinned_to(&self, stream: u32) -> Option<u32> {
        let asked = self.asked_property(stream);
        let by_property = asked.and_then(|object| self.objects.find(object));
        let by_id = || asked?.parse().ok();
        let by_metadata = match self.place(stream) {
            Place::Elsewhere(node) => Some(node),
            _ => None,
        };
        let found = by_metadata.or(by_property).or_else(by_id)?;
        let node = self.objects.nodes().get(&found)?;
        (node.is_sink() && self.channel(found).is_none()).then_some(found)
    }

    /// The sink that the program itself asks for (`pw-play --target`, `paplay --device`).
    pub(super) fn asked_property(&self, stream: u32) -> Option<&str> {
        [TARGET_OBJECT, "node.target"]
            .into_iter()
            .filter_map(|key| self.objects.property(stream, key))
            .find(|value| is_name(value))
    }

    /// Filters, loopbacks and their like, which somebody has wired on purpose.
    fn is_plumbing(&self, stream: u32) -> bool {
        let is_set = |key| self.objects.is_set(stream, key);
        let is_source = |node: u32| {
            let node = self.objects.nodes().get(&node);
            node.is_some_and(|node| node.class.starts_with("Audio/Source"))
        };
        let mut links = self.objects.links_from(stream);
        // One that we have may be linked to a microphone besides.
        let feeds_source =
            !self.streams.is_asked(stream) && links.any(|link| is_source(link.ports.input_node));
        self.objects.property(stream, "node.link-group").is_some()
            || is_set("node.dont-reconnect")
            || feeds_source
    }

    /// The channel that the rules give a stream, and whether it has it. None for what is no
    /// program's playback.
    pub(super) fn decide(&self, id: u32, rules: &Rules) -> Option<Decision> {
        let decision = self.judge(id, rules)?;
        Some(self.as_heeded(id, decision))
    }

    /// The same, but whether it can have its channel.
    pub(super) fn judge(&self, id: u32, rules: &Rules) -> Option<Decision> {
        let node = self.objects.nodes().get(&id)?;
        if !node.is_stream() || self.is_plumbing(id) {
            return None;
        }
        let record = self.streams.records.get(&id);
        let is_contested = record.is_some_and(|record| record.moves >= MAX_MOVES);
        let is_asked = record.is_some_and(|record| record.asked.is_some());
        // What is not to be linked by a session manager, its program or its user links.
        let is_free = self.objects.is_set(id, "node.autoconnect");
        let rival = self.linked_elsewhere(id);
        let state = if !self.is_known(id) {
            StreamState::Waiting
        } else if is_contested {
            StreamState::Contested
        } else if !is_free || rival.is_some() || self.asked_property(id).is_some() {
            StreamState::Pinned
        } else if is_asked || !self.place(id).is_chosen() {
            StreamState::Routed
        } else {
            StreamState::Pinned
        };
        let rival = rival.and_then(|(client, _)| self.objects.client(client?));
        Some(Decision {
            rule: self.rule(id, rules),
            state,
            rival: rival.map(ClientName::truncated),
        })
    }

    /// Who, other than the session manager, has linked a stream to sinks and none of them ours,
    /// and to which.
    pub(super) fn linked_elsewhere(&self, stream: u32) -> Option<(Option<u32>, u32)> {
        let mut found = None;
        for (client, sink) in self.foreign_links(stream) {
            if self.channel(sink).is_some() {
                return None;
            }
            let is_manager = client.is_some() && client == self.metadata.manager();
            if !is_manager {
                found = Some((client, sink));
            }
        }
        found
    }

    /// The streams, as clients are told of them.
    pub(super) fn listed_streams(&self, rules: &Rules) -> Vec<Stream> {
        let nodes = self.objects.nodes().keys();
        let listed = nodes.filter_map(|&id| {
            let decision = self.decide(id, rules)?;
            Some(self.told(id, decision))
        });
        listed.collect()
    }
}

/// Whether a target is one at all, and not a way to say that there is none.
fn is_name(target: &str) -> bool {
    !matches!(target, "" | "-1" | "null")
}
