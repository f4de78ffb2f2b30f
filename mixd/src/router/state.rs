//! What becomes of a stream, and why: one decision, from which follow what is done about it, what
//! clients are told of it, and the sentence that `why` says.

use wire::message::{ClientName, Sentence};
use wire::{Channel, Rule, Stream, StreamState};

use super::streams::{MAX_MOVES, Word};
use super::target::Target;
use super::{Router, channel_of_name};
use crate::rules::{self, Rules};

/// What becomes of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decision {
    /// The rule that puts it into the aux channel, or has it left alone.
    pub rule: Option<Rule>,
    pub state: StreamState,
    /// Who has linked it elsewhere.
    pub rival: Option<ClientName>,
    /// The one that it plays through, where that is known; else the one that the list gives it.
    pub channel: Channel,
    /// The one whose sink it is to be sent to.
    pub sent: Option<Channel>,
    /// Why it is not sent where the list says.
    pub cause: Option<Cause>,
}

/// Why a stream is not sent where the list says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
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
}

impl Router {
    /// The channel that the rules give a stream, and whether it has it. None for what makes no
    /// sound.
    pub(super) fn decide(&self, id: u32, rules: &Rules) -> Option<Decision> {
        let decision = self.judge(id, rules)?;
        Some(self.as_heeded(id, decision))
    }

    /// The same, but whether it can have its channel.
    pub(super) fn judge(&self, id: u32, rules: &Rules) -> Option<Decision> {
        let is_contested = self.is_stream_given_up(id) || self.streams.moves(id) >= MAX_MOVES;
        self.judge_after(id, rules, self.streams.word(id), is_contested)
    }

    /// The same, were the list just changed to these rules.
    pub(super) fn judge_changed(&self, id: u32, rules: &Rules) -> Option<Decision> {
        self.judge_after(id, rules, Word::List, false)
    }

    fn judge_after(
        &self,
        id: u32,
        rules: &Rules,
        word: Word,
        is_contested: bool,
    ) -> Option<Decision> {
        if !self.makes_sound(id) {
            return None;
        }
        let rule = self.rule(id, rules);
        let channel = rules::channel(rule.as_ref());
        let listed = channel.unwrap_or(Channel::Default);
        let found = match is_contested {
            _ if channel.is_none() => Verdict::Ignored,
            true => self
                .fixed_cause(id)
                .map_or(Verdict::Contested, Verdict::Pinned),
            false => self.verdict(id, listed, word),
        };
        let played = || self.channel_played(id).unwrap_or(listed);
        let (state, cause, sent, channel) = match found {
            _ if !self.is_known(id) => (StreamState::Waiting, None, None, listed),
            Verdict::Pinned(Cause::Unlinked) => {
                (StreamState::Waiting, Some(Cause::Unlinked), None, listed)
            }
            Verdict::Routed => (StreamState::Routed, None, Some(listed), listed),
            Verdict::Contested => (StreamState::Contested, None, None, listed),
            // What we have sent goes back in a moment.
            Verdict::Ignored if word == Word::List => (StreamState::Ignored, None, None, listed),
            Verdict::Ignored => (StreamState::Ignored, None, None, played()),
            Verdict::Pinned(cause) => (StreamState::Pinned, Some(cause), None, played()),
            Verdict::PinnedTo(channel, cause) => {
                (StreamState::Pinned, Some(cause), Some(channel), channel)
            }
        };
        let rival = match cause {
            Some(Cause::LinkedBy(client, _)) => client,
            _ => None,
        };
        let rival = rival.and_then(|client| self.registry.client(client));
        Some(Decision {
            rule,
            state,
            rival: rival.map(ClientName::truncated),
            channel,
            sent,
            cause,
        })
    }

    /// Whether a node is one to be listed: a program's playback, and whatever else is linked to a
    /// sink.
    pub(super) fn makes_sound(&self, id: u32) -> bool {
        self.registry.nodes().get(&id).is_some_and(|node| {
            node.is_stream()
                || channel_of_name(&node.name).is_none() && self.sinks_of(id).next().is_some()
        })
    }

    /// The sinks that a node is linked to, by whomever.
    fn sinks_of(&self, id: u32) -> impl Iterator<Item = u32> {
        let links = self.registry.links_from(id);
        links.map(|link| link.ports.input_node).filter(|to| {
            let to = self.registry.nodes().get(to);
            to.is_some_and(super::registry::Node::is_sink)
        })
    }

    /// The channel whose sink a node is linked to.
    fn channel_played(&self, id: u32) -> Option<Channel> {
        self.sinks_of(id).find_map(|sink| self.channel(sink))
    }

    /// What keeps a stream where it is, whatever anybody wishes.
    fn fixed_cause(&self, id: u32) -> Option<Cause> {
        let node = self.registry.nodes().get(&id)?;
        if !node.is_stream() {
            return Some(Cause::LinksItself);
        }
        if self.registry.property(id, "node.link-group").is_some() {
            return Some(Cause::Filter);
        }
        let is_source = |node: &u32| {
            let node = self.registry.nodes().get(node);
            node.is_some_and(|node| node.class.starts_with("Audio/Source"))
        };
        let mut fed = self
            .registry
            .links_from(id)
            .map(|link| link.ports.input_node);
        // One that we have may be linked to a microphone besides.
        match fed.find(is_source) {
            Some(source) if !self.streams.is_asked(id) => Some(Cause::FeedsSource(source)),
            _ => None,
        }
    }

    fn verdict(&self, id: u32, listed: Channel, word: Word) -> Verdict {
        if let Some(cause) = self.fixed_cause(id) {
            return Verdict::Pinned(cause);
        }
        // What is not to be linked by a session manager, its program or its user links.
        if !self.registry.is_set(id, "node.autoconnect") {
            return Verdict::Pinned(match self.sinks_of(id).next() {
                Some(_) => Cause::NoAutoconnect,
                None => Cause::Unlinked,
            });
        }
        if let Some((client, sink)) = self.linked_elsewhere(id) {
            return Verdict::Pinned(Cause::LinkedBy(client, sink));
        }
        if let Some(cause) = self.immovable_cause(id) {
            // What its own node asks for, it has, moved or not.
            let has_own_target = match self.own_target_of(id) {
                Target::Elsewhere(sink) => !self.is_default(sink),
                Target::Ours(_) => true,
                Target::Anywhere | Target::Absent => false,
            };
            return Verdict::Pinned(match cause {
                Cause::MovingForbidden if has_own_target => Cause::OwnTarget,
                cause => cause,
            });
        }
        let place = self.target(id);
        match word {
            Word::Somebody(Some(channel)) if channel == listed => Verdict::Routed,
            Word::Somebody(Some(channel)) => Verdict::PinnedTo(
                channel,
                match self.own_target_of(id) {
                    Target::Ours(own) if own == channel => Cause::OwnTarget,
                    _ => Cause::Moved(channel),
                },
            ),
            Word::Somebody(None) if place.is_chosen() => Verdict::Pinned(Cause::Sent),
            Word::Somebody(None) if self.is_sent_to_default(id) => {
                Verdict::Pinned(Cause::SentToDefault)
            }
            Word::Somebody(None) => Verdict::Routed,
            // What the metadata shows until it shows what we have set is old.
            Word::Nobody | Word::List if self.streams.is_asked(id) => Verdict::Routed,
            Word::Nobody if place.is_chosen() => Verdict::Pinned(Cause::Sent),
            // The session manager looks at the stream's own node where the metadata has no word.
            Word::Nobody | Word::List
                if self.registry.targets.contains_key(&id) || self.streams.is_taken(id) =>
            {
                Verdict::Routed
            }
            Word::Nobody | Word::List => match self.own_target_of(id) {
                // `checkFollowDefault`: who names the default sink means whichever is.
                Target::Elsewhere(sink) if self.is_default(sink) => Verdict::Routed,
                Target::Ours(channel) if word == Word::Nobody && channel != listed => {
                    Verdict::PinnedTo(channel, Cause::OwnTarget)
                }
                Target::Elsewhere(_) | Target::Absent => Verdict::Pinned(Cause::OwnTarget),
                Target::Anywhere | Target::Ours(_) => Verdict::Routed,
            },
        }
    }

    /// What keeps the session manager from moving a stream.
    fn immovable_cause(&self, id: u32) -> Option<Cause> {
        let is_set = |key| self.registry.is_set(id, key);
        if !self.is_managed() {
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

    /// Whether somebody has chosen the default sink for it, whichever that is: what pipewire-pulse
    /// writes when a mixer moves a stream there.
    fn is_sent_to_default(&self, id: u32) -> bool {
        let target = self.registry.targets.get(&id);
        target.is_some_and(|target| target.object.as_deref() == Some("-1"))
    }

    /// Who, other than the session manager, has linked a stream to sinks and none of them ours,
    /// and to which.
    pub(super) fn linked_elsewhere(&self, stream: u32) -> Option<(Option<u32>, u32)> {
        let mut found = None;
        for (client, sink) in self.foreign_links(stream) {
            if self.channel(sink).is_some() {
                return None;
            }
            let is_manager = client.is_some() && client == self.metadata.client();
            if !is_manager {
                found = Some((client, sink));
            }
        }
        found
    }

    /// All that makes sound, as clients are told of it.
    pub(super) fn listed_streams(&self, rules: &Rules) -> Vec<Stream> {
        let nodes = self.registry.nodes().keys();
        let listed = nodes.filter_map(|&id| {
            let decision = self.decide(id, rules)?;
            Some(self.to_message(id, decision))
        });
        listed.collect()
    }

    /// The streams that another program list would move, as they would be.
    pub fn moved(&self, now: &Rules, then: &Rules) -> Vec<Stream> {
        let nodes = self.registry.nodes().keys();
        let moved = nodes.filter_map(|&id| {
            let before = self.decide(id, now)?;
            let after = match self.listed_channel(id, now) == self.listed_channel(id, then) {
                true => return None,
                false => self.judge_changed(id, then)?,
            };
            let is_ignored = |decision: &Decision| decision.state == StreamState::Ignored;
            let is_moved = before.channel != after.channel;
            (is_moved || is_ignored(&before) != is_ignored(&after))
                .then(|| self.to_message(id, after))
        });
        moved.collect()
    }

    /// The channel that the rules give a stream; none if they have it left alone.
    pub(super) fn listed_channel(&self, id: u32, rules: &Rules) -> Option<Channel> {
        rules.channel(&self.properties(id))
    }

    /// Why a stream does not play through its channel, if it does not.
    pub(super) fn reason(&self, id: u32, decision: &Decision) -> Option<Sentence> {
        let text = match (decision.state, decision.cause) {
            (StreamState::Routed, _) => return None,
            (StreamState::Ignored, _) => {
                let pattern = decision.rule.map(|rule| *rule.pattern()).unwrap_or_default();
                format!("'{pattern}' on the program list has it ignored; it is left as it is linked")
            }
            (_, Some(cause)) => self.cause_text(id, cause),
            (StreamState::Waiting | StreamState::Pinned, None) => self
                .missed_reason(id, decision.channel)
                .unwrap_or_else(|| "what decides about it is not known yet".to_owned()),
            (StreamState::Contested, None) if self.is_stream_given_up(id) => {
                "something has removed its links to its channel again and again; they are made again \
                 within half a minute"
                    .to_owned()
            }
            (StreamState::Contested, None) => self
                .missed_reason(id, decision.channel)
                .unwrap_or_else(|| {
                    "something has moved it away from its channel twice; it is left there until it \
                     is moved back, or its pattern is added or removed"
                        .to_owned()
                }),
        };
        Some(Sentence::truncated(&text))
    }

    fn cause_text(&self, id: u32, cause: Cause) -> String {
        let name_of = |id: u32| {
            let node = self.registry.nodes().get(&id);
            node.map(|node| &*node.name).unwrap_or_default()
        };
        let mut sinks: Vec<&str> = self.sinks_of(id).map(name_of).collect();
        sinks.dedup();
        let linked = match sinks.is_empty() {
            true => String::new(),
            false => format!("; it is linked to {}", sinks.join(", ")),
        };
        match cause {
            Cause::LinksItself if self.is_jack(id) => {
                format!("it is a JACK client, which links itself{linked}")
            }
            Cause::LinksItself => {
                format!("it is no stream that a session manager links (media.class){linked}")
            }
            Cause::Filter => {
                format!("it belongs to a filter or a loopback (node.link-group){linked}")
            }
            Cause::FeedsSource(source) => format!(
                "it feeds {}, a virtual microphone, and is left as it is linked",
                name_of(source)
            ),
            Cause::NoAutoconnect => {
                format!("it is not to be linked by others (node.autoconnect){linked}")
            }
            Cause::Unlinked => "it is not to be linked by others (node.autoconnect), and nobody \
                                has linked it: its program does so, or a patchbay"
                .to_owned(),
            Cause::LinkedBy(client, sink) => {
                let by = client.and_then(|client| self.registry.client(client));
                let by = by.unwrap_or("another program");
                format!("{by} has linked it to {}", name_of(sink))
            }
            Cause::DontReconnect => format!(
                "its program forbids to move it (node.dont-reconnect, PulseAudio's \
                 DONT_MOVE; of OpenAL: 'allow-moves = true' under [pulse] in alsoft.conf allows \
                 it){linked}"
            ),
            Cause::DontMove => format!("its program forbids to move it (node.dont-move){linked}"),
            Cause::MovingForbidden => format!(
                "the session manager is set to move no stream (linking.allow-moving-streams is \
                 false){linked}"
            ),
            Cause::OwnTarget => {
                let target = self.own_target(id).unwrap_or_default();
                let (target, missing) = match self.own_target_of(id) {
                    Target::Elsewhere(node) => (name_of(node), ""),
                    Target::Ours(channel) => (super::sink_name(channel), ""),
                    Target::Absent => (target, ", which is not there"),
                    Target::Anywhere => (target, ""),
                };
                format!("it asks for {target} itself{missing} (target.object, node.target)")
            }
            Cause::Sent => {
                let target = self.registry.targets.get(&id);
                let object = target.and_then(|it| it.object.as_deref().or(it.node.as_deref()));
                let object = object.unwrap_or_default();
                let (to, missing) = match self.target(id) {
                    Target::Elsewhere(node) => (name_of(node), ""),
                    Target::Absent => (object, ", which is not there"),
                    _ => (object, ""),
                };
                format!("it has been sent to {to}{missing} (pw-metadata, or a mixer)")
            }
            Cause::SentToDefault => {
                "it has been sent to the default sink (pw-metadata, or a mixer); it comes back \
                 when it is moved back, or its pattern is added or removed"
                    .to_owned()
            }
            Cause::Moved(channel) => format!(
                "it has been moved to {} (pw-metadata, or a mixer); it stays there until it is \
                 moved elsewhere, or its pattern is added or removed",
                super::sink_name(channel)
            ),
        }
    }

    /// Whether a JACK client makes a node.
    fn is_jack(&self, id: u32) -> bool {
        let own = self.registry.property(id, "client.api");
        let node = self.registry.nodes().get(&id);
        let client = node.and_then(|node| node.client);
        let its = client.and_then(|client| self.registry.client_property(client, "client.api"));
        own.or(its) == Some("jack")
    }
}

/// What is found of a stream of which all is known.
enum Verdict {
    Routed,
    Contested,
    /// It is left where it is.
    Pinned(Cause),
    /// The list says to leave it alone.
    Ignored,
    /// It is to be in this channel, whatever the list says.
    PinnedTo(Channel, Cause),
}
