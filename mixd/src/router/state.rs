//! The state of a stream: computed once a round and kept. From it follow what is done about the stream,
//! what clients are told of it, and the sentence that `why` says (`reason.rs`).

use wire::{Channel, StreamState};

use super::links::Links;
use super::matching::Match;
use super::registry::{Link, Registry};
use super::sinks::Sinks;
use super::streams::{Choice, MAX_MOVES, Streams};
use super::target::Target;

/// The state of a stream.
#[derive(Clone, Debug)]
pub struct State {
    /// The rule that puts it into the aux channel, or has it ignored.
    pub matched: Match,
    /// The state that is planned for it; it may not have come to it yet.
    pub planned: StreamState,
    /// The channel that it plays through, where that is known; else the one that the list gives it.
    pub channel: Channel,
    /// The channel whose sink it is sent to.
    pub target: Option<Channel>,
    /// Why it is not sent where the list says.
    pub cause: Option<Cause>,
    /// It has not played where it is sent for too long.
    pub missed: Option<Missed>,
}

/// Why a stream is not sent where the list says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It is no stream that a session manager links: a JACK client, a filter without class, what
    /// somebody has linked by hand.
    LinksItself,
    /// `node.link-group`: a filter's or a loopback's.
    Filter,
    /// It feeds a virtual microphone: this node.
    FeedsSource(u32),
    /// `node.autoconnect` is not set, and somebody has linked it.
    NoAutoconnect,
    /// The same, and nobody has.
    Unlinked,
    /// A client that is no session manager has linked it to this sink.
    LinkedBy(Option<u32>, u32),
    /// `node.dont-reconnect`
    DontReconnect,
    /// `node.dont-move`
    DontMove,
    /// WirePlumber's setting `linking.allow-moving-streams` is off.
    MovingForbidden,
    /// Its own node asks for another sink.
    OwnTarget,
    /// The metadata sends it to another sink.
    Sent,
    /// The same, to the default sink.
    SentToDefault,
    /// It has been moved to this channel's sink.
    Moved(Channel),
    /// It has been moved away from its channel again and again, nobody knows where to.
    MovedAway,
    /// Its links to its channel have been removed again and again.
    LinksRemoved,
}

/// Where a stream that was sent to its channel plays instead. A session manager need not do as it is
/// asked (WirePlumber's policy `move = false`), one that hangs does nothing, and PipeWire may refuse a
/// link of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The defect of its links to its channel, if it has some.
    pub defect: Option<Defect>,
    /// Another sink that it is linked to, and by which client.
    pub elsewhere: Option<(Option<u32>, u32)>,
}

/// A defect of the links of a stream that has some to its channel. It is complete when each of
/// its ports has a link to the channel's sink, each port of that one a link to the output, and none
/// leads to a card besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// This sink of ours lacks a link to this output.
    UnlinkedSink(u32, u32),
    /// A link leads to this card besides, which this client has made.
    LinkedTwice(Option<u32>, u32),
    /// A port lacks its link to this sink of ours.
    PartlyLinked(u32),
}

impl State {
    /// Returns the state that clients are told: no stream is called routed that is not, nor pinned to a channel
    /// that it does not play through.
    pub fn state(&self) -> StreamState {
        match self.missed {
            None => self.planned,
            Some(Missed {
                elsewhere: None, ..
            }) => StreamState::Waiting,
            Some(_) => StreamState::Contested,
        }
    }

    /// Returns the client that has linked it elsewhere.
    pub fn linked_by(&self) -> Option<u32> {
        match (self.missed, self.cause) {
            (Some(missed), _) => missed.elsewhere?.0,
            (None, Some(Cause::LinkedBy(client, _))) => client,
            (None, _) => None,
        }
    }
}

/// Everything that the state of a stream follows from.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The objects that PipeWire has.
    pub registry: &'a Registry,
    /// The links of ours.
    pub links: &'a Links,
    /// Our own sinks.
    pub sinks: &'a Sinks,
    /// What was done with the streams so far.
    pub streams: &'a Streams,
}

impl Inputs<'_> {
    /// Returns the state of something that makes sound, all but `missed`.
    pub fn state(&self, id: u32, matched: Match) -> State {
        let contested = if self.links.is_stream_given_up(id) {
            Some(Cause::LinksRemoved)
        } else if self.streams.moves(id) >= MAX_MOVES {
            Some(Cause::MovedAway)
        } else {
            None
        };
        self.state_after(id, matched, self.streams.choice(id), contested)
    }

    /// Returns the state after a change of the list by which this rule matches.
    pub fn changed_state(&self, id: u32, matched: Match) -> State {
        self.state_after(id, matched, Choice::List, None)
    }

    fn state_after(
        &self,
        id: u32,
        matched: Match,
        choice: Choice,
        contested: Option<Cause>,
    ) -> State {
        let listed = matched.channel();
        let (planned, cause, target) = match listed {
            _ if !self.registry.is_known(id) => (StreamState::Waiting, None, None),
            None => (StreamState::Ignored, None, None),
            Some(listed) => self.plan(id, listed, choice, contested),
        };
        let listed = listed.unwrap_or(Channel::Default);
        let is_where_it_is = match planned {
            StreamState::Pinned => true,
            // A stream that was sent to a channel by the list goes back in a moment.
            StreamState::Ignored => choice != Choice::List,
            _ => false,
        };
        let played = || {
            let mut sinks = self.registry.sinks_fed_by(id);
            sinks.find_map(|sink| self.registry.channel(sink))
        };
        let channel = target.or_else(|| is_where_it_is.then(played).flatten());
        State {
            matched,
            planned,
            channel: channel.unwrap_or(listed),
            target,
            cause,
            missed: None,
        }
    }

    /// Returns the state that a stream should have, why it is not sent where the list says, and the channel
    /// whose sink it is sent to.
    fn plan(
        &self,
        id: u32,
        listed: Channel,
        choice: Choice,
        contested: Option<Cause>,
    ) -> (StreamState, Option<Cause>, Option<Channel>) {
        let registry = self.registry;
        let routed = (StreamState::Routed, None, Some(listed));
        let pinned = |cause| (StreamState::Pinned, Some(cause), None);
        let pinned_to = |channel, cause| (StreamState::Pinned, Some(cause), Some(channel));
        if let Some(cause) = self.fixed_cause(id) {
            return pinned(cause);
        }
        if contested.is_some() {
            return (StreamState::Contested, contested, None);
        }
        // Without it no session manager links the stream: its program or its user does.
        if !registry.is_set(id, "node.autoconnect") {
            return match registry.sinks_fed_by(id).next() {
                Some(_) => pinned(Cause::NoAutoconnect),
                None => (StreamState::Waiting, Some(Cause::Unlinked), None),
            };
        }
        if let Some((client, sink)) = self.linked_elsewhere(id) {
            return pinned(Cause::LinkedBy(client, sink));
        }
        if let Some(cause) = self.immovable_cause(id) {
            // It plays where its own node asks to, moved or not.
            let has_own_target = match registry.own_target(id) {
                Target::Elsewhere(sink) => !registry.is_default(sink),
                Target::Ours(_) => true,
                Target::Anywhere | Target::Absent => false,
            };
            return pinned(match cause {
                Cause::MovingForbidden if has_own_target => Cause::OwnTarget,
                cause => cause,
            });
        }
        let target = registry.target(id);
        match choice {
            Choice::User(Some(channel)) if channel == listed => routed,
            Choice::User(Some(channel)) => match registry.own_target(id) {
                Target::Ours(own) if own == channel => pinned_to(channel, Cause::OwnTarget),
                _ => pinned_to(channel, Cause::Moved(channel)),
            },
            Choice::User(None) if target.is_chosen() => pinned(Cause::Sent),
            // pipewire-pulse writes that when a mixer moves a stream to the default sink.
            Choice::User(None) if registry.target_object(id) == Some("-1") => {
                pinned(Cause::SentToDefault)
            }
            Choice::User(None) => routed,
            // Until the metadata shows the target that was set, it shows an old one.
            Choice::Nobody | Choice::List if self.streams.is_requested(id) => routed,
            Choice::Nobody if target.is_chosen() => pinned(Cause::Sent),
            // The session manager looks at the stream's own node where the metadata says nothing.
            Choice::Nobody | Choice::List
                if registry.targets.contains_key(&id) || self.streams.was_routed(id) =>
            {
                routed
            }
            Choice::Nobody | Choice::List => match registry.own_target(id) {
                // `checkFollowDefault`: naming the default sink means whichever is.
                Target::Elsewhere(sink) if registry.is_default(sink) => routed,
                Target::Ours(channel) if choice == Choice::Nobody && channel != listed => {
                    pinned_to(channel, Cause::OwnTarget)
                }
                Target::Elsewhere(_) | Target::Absent => pinned(Cause::OwnTarget),
                Target::Anywhere | Target::Ours(_) => routed,
            },
        }
    }

    /// Returns the reason for which a stream stays where it is, whatever it is asked to do.
    fn fixed_cause(&self, id: u32) -> Option<Cause> {
        let registry = self.registry;
        if !registry.is_stream(id) {
            return Some(Cause::LinksItself);
        }
        if registry.link_group(id).is_some() {
            return Some(Cause::Filter);
        }
        let is_source = |node: &u32| {
            let node = registry.nodes().get(node);
            node.is_some_and(|node| node.class.starts_with("Audio/Source"))
        };
        let mut fed = registry.links_from(id).map(|link| link.ports.input_node);
        // One that we have may be linked to a microphone besides.
        match fed.find(is_source) {
            Some(source) if !self.streams.is_requested(id) => Some(Cause::FeedsSource(source)),
            _ => None,
        }
    }

    /// Returns the reason for which the session manager would not move a stream.
    fn immovable_cause(&self, id: u32) -> Option<Cause> {
        let is_set = |key| self.registry.is_set(id, key);
        if !self.registry.is_managed() {
            None
        } else if is_set("node.dont-reconnect") {
            Some(Cause::DontReconnect)
        } else if is_set("node.dont-move") {
            Some(Cause::DontMove)
        } else if self.registry.is_moving_forbidden() {
            Some(Cause::MovingForbidden)
        } else {
            None
        }
    }

    /// Returns the client other than the session manager that has linked a stream to sinks, none of them ours,
    /// and one of those sinks.
    fn linked_elsewhere(&self, stream: u32) -> Option<(Option<u32>, u32)> {
        let mut found = None;
        for link in self.links.foreign(self.registry, stream) {
            let sink = link.ports.input_node;
            if self.registry.channel(sink).is_some() {
                return None;
            }
            let is_manager = link.client.is_some() && link.client == self.registry.owner.client();
            if !is_manager {
                found = Some((link.client, sink));
            }
        }
        found
    }

    /// Returns whether a link of any client leads from a stream to a sink of this channel.
    pub fn plays_to(&self, stream: u32, channel: Channel) -> bool {
        let mut sinks = self.registry.sinks_fed_by(stream);
        sinks.any(|sink| self.registry.channel(sink) == Some(channel))
    }

    /// Returns where a stream that has not played through its channel for too long plays instead.
    pub fn missed(&self, id: u32, channel: Channel) -> Missed {
        Missed {
            defect: self.defect(id, channel),
            elsewhere: self.elsewhere(id, channel),
        }
    }

    /// Returns the client whose link leads a stream to another sink, and that sink, unless the session manager
    /// was not even asked.
    fn elsewhere(&self, id: u32, channel: Channel) -> Option<(Option<u32>, u32)> {
        let could_follow = !self.registry.is_managed() || self.streams.is_requested(id);
        let links = self.links.foreign(self.registry, id);
        let mut ends = links.map(|link| (link.client, link.ports.input_node));
        ends.find(|&(_, sink)| could_follow && self.registry.channel(sink) != Some(channel))
    }

    /// Returns whether the session manager has linked a stream elsewhere, and not to this channel.
    pub fn is_moved_by_manager(&self, id: u32, channel: Channel) -> bool {
        let client = self.elsewhere(id, channel).and_then(|(client, _)| client);
        client.is_some() && client == self.registry.owner.manager() && !self.plays_to(id, channel)
    }

    /// Returns the defect of the links of a stream that has some to its channel.
    pub fn defect(&self, stream: u32, channel: Channel) -> Option<Defect> {
        let mut sinks: Vec<u32> = Vec::new();
        for link in self.registry.links_from(stream) {
            let sink = link.ports.input_node;
            if self.registry.channel(sink) == Some(channel) && !sinks.contains(&sink) {
                sinks.push(sink);
            }
        }
        // While the layout changes there are two: one that is complete will do.
        let defect = |&sink: &u32| {
            if let Some(output) = self.links.missing_output(sink) {
                Some(Defect::UnlinkedSink(sink, output))
            } else if !self.registry.missing(stream, sink, |_| true).is_empty() {
                Some(Defect::PartlyLinked(sink))
            } else {
                None
            }
        };
        let defects: Vec<Option<Defect>> = sinks.iter().map(defect).collect();
        let first = defects.first().copied()?;
        let stray = self.stray(stream);
        let twice = stray.map(|link| Defect::LinkedTwice(link.client, link.ports.input_node));
        twice.or_else(|| if defects.contains(&None) { None } else { first })
    }

    /// Returns a link of another client from a stream to a card.
    fn stray(&self, stream: u32) -> Option<&Link> {
        let mut links = self.links.foreign(self.registry, stream);
        links.find(|link| self.registry.is_card(link.ports.input_node))
    }
}
