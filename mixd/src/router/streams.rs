//! The programs' streams: which channel each belongs to, whether we may send it there, and how.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use wire::{Channel, StreamState};

use super::Router;
use super::event::{Command, Ports};
use super::registry::{Direction, TARGET_NODE, TARGET_OBJECT};
use super::state::{Cause, Decision};
use super::target::Target;
use super::timeouts::Timeout;
use crate::rules::Rules;

/// How often a stream may be moved away from us before it is left where it is moved to.
pub const MAX_MOVES: u8 = 2;

/// How often a stream that a session manager has linked twice is asked for anew.
const MAX_REPEATS: u8 = 2;

/// What we have done with the streams, and what was done with them against our will.
#[derive(Debug, Default)]
pub struct Streams {
    records: BTreeMap<u32, Record>,
    /// Those asked for since the session manager has last shown, by a link or a key, that it is
    /// alive.
    awaiting_activity: BTreeSet<u32>,
}

#[allow(clippy::struct_excessive_bools)] // each is a event of its own
#[derive(Debug, Default)]
struct Record {
    asked: Option<Asked>,
    /// The serial that we have set last, until the metadata shows it: what it shows before is old.
    unacknowledged: Option<u64>,
    /// How often it has been moved away from us, nobody knows where to.
    moves: u8,
    /// Who has had the last word about its sink.
    word: Word,
    /// The session manager has linked it to a sink: what it remembers of it, it has restored.
    has_played: bool,
    /// All of the metadata was told again since it has played: what is told from then on is from then on.
    is_settled: bool,
    /// Where somebody has moved it while it played, where the metadata has not shown what we have set since:
    /// told again, that is still a wish.
    moved: Option<String>,
    /// We have asked for it as the list says: what its own node asks for counts no more.
    is_taken: bool,
    /// The sink that we have linked it to ourselves.
    linked_to: Option<u32>,
    /// It should play through its channel, and has not for too long.
    is_missed: bool,
    /// All of the metadata was told again since.
    is_refreshed: bool,
    /// How often it was asked for anew because the session manager had linked it twice.
    repeats: u8,
    /// Its target is removed for a moment, to be set anew.
    is_paused: bool,
}

/// What we asked the session manager to do with a stream.
#[derive(Debug)]
struct Asked {
    channel: Channel,
    /// The sink's node.
    sink: u32,
    /// The metadata has shown it. What others set before counts for nothing.
    is_acknowledged: bool,
}

/// Who has had the last word about a stream's sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Word {
    /// Nobody that we know of. What the metadata says is from before, or from the session manager's
    /// memory of another stream of that name.
    #[default]
    Nobody,
    /// The program list, which was changed for it since.
    List,
    /// Somebody who has moved it while it played, or its own program: to this channel, or elsewhere.
    Somebody(Option<Channel>),
}

/// When a stream's target was told.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    /// As it was set.
    AsSet,
    /// With all of the metadata, and it was not so before: since the stream has played, or, from the session
    /// manager's memory, since before that.
    Again,
    /// Before, and it was not to count until all of the metadata was told again.
    Before,
}

impl Streams {
    /// Forgets a node that has gone: a stream, or a sink that streams were asked to go to.
    pub fn remove(&mut self, id: u32) {
        self.records.remove(&id);
        self.awaiting_activity.remove(&id);
        for record in self.records.values_mut() {
            record.asked.take_if(|asked| asked.sink == id);
        }
    }

    /// There is nobody left who would do what we asked; for the moment, or for good.
    pub fn forget_asked(&mut self, is_gone: bool) {
        for record in self.records.values_mut() {
            record.asked = None;
            record.is_paused = false;
            if !is_gone {
                continue;
            }
            record.unacknowledged = None;
            // The next one restores what it remembers, which is no rival's move.
            (record.has_played, record.is_settled, record.moves) = (false, false, 0);
            if record.word == Word::List {
                record.word = Word::Nobody;
            }
        }
    }

    /// Notes that somebody, perhaps mixd, has chosen a stream's sink, by this name or serial, if by one.
    pub fn note_target(&mut self, stream: u32, object: Option<&str>, place: Target, told: Told) {
        let Some(record) = self.records.get_mut(&stream) else {
            return;
        };
        let own = record
            .unacknowledged
            .take_if(|serial| object == Some(&*serial.to_string()));
        // What we asked for of one that hung shows when it goes on.
        let is_wish = own.is_none() && is_wish(object, place);
        let may_be_old = match told {
            Told::AsSet => false,
            Told::Again => !record.is_settled,
            Told::Before => true,
        };
        let is_old = may_be_old && record.moved.as_deref() != object;
        let is_moved = is_wish && record.has_played && !is_old;
        if is_moved {
            record.moved = object.map(str::to_owned);
        }
        if let Some(asked) = &mut record.asked {
            if place == Target::Ours(asked.channel) {
                asked.is_acknowledged = true;
                record.moved = None;
                return;
            }
            if !asked.is_acknowledged {
                return;
            }
            // It was where we want it, and has been moved.
            record.asked = None;
            if !is_moved && !place.is_chosen() {
                // Nobody knows where to: once is an accident, twice is a rival.
                record.moves = record.moves.saturating_add(1);
            }
        }
        if is_wish {
            if is_moved || matches!(record.word, Word::Somebody(_)) {
                record.word = Word::Somebody(place.channel());
                record.moves = 0;
            }
        } else if object.is_none() && record.word == Word::Somebody(None) {
            record.word = Word::Nobody;
        }
    }

    /// All of the metadata has been told again.
    pub fn note_told_again(&mut self) {
        for record in self.records.values_mut() {
            record.is_settled = record.has_played;
        }
    }

    /// The session manager has done something.
    pub fn note_active(&mut self) {
        self.awaiting_activity.clear();
    }

    /// The streams that we have asked for without being shown it, with the serials that we set,
    /// where the session manager has done something since: one that hangs is not to be asked
    /// anything, because PipeWire serves nobody who waits for its answer.
    pub fn unacknowledged(&self) -> impl Iterator<Item = (u32, u64)> {
        let records = self.records.iter();
        let records = records.filter(|(id, _)| !self.awaiting_activity.contains(id));
        records.filter_map(|(&id, record)| {
            record
                .asked
                .as_ref()
                .and(Some((id, record.unacknowledged?)))
        })
    }

    /// The streams that are missing from the channels that we have asked for, of which somebody may have
    /// chosen another sink without our being told.
    pub fn astray(&self) -> impl Iterator<Item = (u32, Channel)> {
        let records = self.records.iter();
        let records = records.filter(|(id, _)| !self.awaiting_activity.contains(id));
        let missed = records.filter(|(_, record)| record.is_missed && !record.is_refreshed);
        missed.filter_map(|(&id, record)| Some((id, record.asked.as_ref()?.channel)))
    }

    /// All of the metadata is told again for the sake of this stream.
    pub fn note_refresh(&mut self, stream: u32) {
        self.records.entry(stream).or_default().is_refreshed = true;
    }

    /// What we have set last must have been there, shown or not.
    pub fn acknowledge(&mut self, stream: u32, serial: u64) {
        if let Some(record) = self.records.get_mut(&stream)
            && record
                .unacknowledged
                .take_if(|unacknowledged| *unacknowledged == serial)
                .is_some()
            && let Some(asked) = &mut record.asked
        {
            asked.is_acknowledged = true;
        }
    }

    /// Whether a stream has been missing from its channel for too long.
    pub fn note_missed(&mut self, stream: u32, is_missed: bool) {
        let record = self.records.entry(stream).or_default();
        record.is_missed = is_missed;
        record.is_refreshed &= is_missed;
    }

    /// What was noted of that last.
    pub fn is_missed(&self, stream: u32) -> bool {
        let record = self.records.get(&stream);
        record.is_some_and(|record| record.is_missed)
    }

    /// Takes back what was asked of a stream, to ask for it anew; false if that was done often enough.
    pub fn pause(&mut self, stream: u32) -> bool {
        let Some(record) = self.records.get_mut(&stream) else {
            return false;
        };
        if record.repeats >= MAX_REPEATS {
            return false;
        }
        record.repeats += 1;
        record.is_paused = true;
        (record.asked, record.unacknowledged) = (None, None);
        true
    }

    /// It may be asked for again.
    pub fn resume(&mut self, stream: u32) {
        if let Some(record) = self.records.get_mut(&stream) {
            record.is_paused = false;
        }
    }

    /// Whether it is to be asked for anew in a moment.
    pub fn is_paused(&self, stream: u32) -> bool {
        let record = self.records.get(&stream);
        record.is_some_and(|record| record.is_paused)
    }

    /// Who has had the last word about a stream's sink.
    pub fn word(&self, stream: u32) -> Word {
        let record = self.records.get(&stream);
        record.map(|record| record.word).unwrap_or_default()
    }

    /// How often a stream has been moved away from us.
    pub fn moves(&self, stream: u32) -> u8 {
        self.records.get(&stream).map_or(0, |record| record.moves)
    }

    /// Whether we have asked for a stream as the list says, now or before.
    pub fn is_taken(&self, stream: u32) -> bool {
        let record = self.records.get(&stream);
        record.is_some_and(|record| record.is_taken)
    }

    /// Another mixd had taken a stream, and did not live to say so.
    pub fn note_taken(&mut self, stream: u32) {
        self.records.entry(stream).or_default().is_taken = true;
    }

    /// The list has been changed for a stream: whoever moved it before has had their way.
    pub fn note_listed(&mut self, stream: u32) {
        let record = self.records.entry(stream).or_default();
        (record.word, record.moves) = (Word::List, 0);
    }

    /// What we have asked for a stream is taken back.
    pub fn note_released(&mut self, stream: u32) {
        if let Some(record) = self.records.get_mut(&stream) {
            (record.asked, record.unacknowledged) = (None, None);
            record.is_paused = false;
        }
    }

    /// The streams that we have asked for.
    pub fn asked(&self) -> impl Iterator<Item = u32> {
        let asked = self.records.iter();
        asked
            .filter(|(_, record)| record.asked.is_some())
            .map(|(&id, _)| id)
    }

    /// The sink's node that we have asked for.
    fn asked_sink(&self, stream: u32) -> Option<u32> {
        let asked = self.records.get(&stream)?.asked.as_ref();
        asked.map(|asked| asked.sink)
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

/// Whether somebody has chosen a sink that is there or may come back, or the default one: `-1` is
/// what pipewire-pulse writes when a mixer moves a stream there.
fn is_wish(object: Option<&str>, place: Target) -> bool {
    place != Target::Anywhere || object == Some("-1")
}

impl Router {
    /// Ends, where the list has been changed, what was done against its will to the streams that
    /// this concerns.
    pub(super) fn note_rules(&mut self, rules: &Rules) {
        let Some(before) = self.rules.take_if(|before| before != rules) else {
            self.rules.get_or_insert_with(|| rules.clone());
            return;
        };
        let nodes = self.registry.nodes().iter();
        let streams = nodes.filter(|(id, node)| node.is_stream() && self.is_known(**id));
        let changed = streams
            .filter(|&(&id, _)| self.listed_channel(id, &before) != self.listed_channel(id, rules));
        for id in changed.map(|(&id, _)| id).collect::<Vec<u32>>() {
            self.streams.note_listed(id);
        }
        self.rules = Some(rules.clone());
    }

    /// Has these streams follow the list, wherever they were moved before.
    pub fn follow_list(&mut self, streams: &[u32]) {
        for &id in streams {
            self.streams.note_listed(id);
        }
    }

    /// What is to be done about the streams: sinks to be asked for, which is returned; links to be
    /// wanted; ports to be configured.
    pub(super) fn plan_streams(
        &mut self,
        rules: &Rules,
        ready: &BTreeMap<Channel, u32>,
        is_alone: bool,
        now: Instant,
        wanted: &mut BTreeSet<Ports>,
        commands: &mut Vec<Command>,
    ) -> Vec<Command> {
        let mut targets = Vec::new();
        let nodes = self.registry.nodes().iter();
        let ids: Vec<u32> = nodes
            .filter(|(_, node)| node.is_stream())
            .map(|(&id, _)| id)
            .collect();
        for id in ids {
            let Some(decision) = self.judge(id, rules) else {
                continue;
            };
            self.update_missed(id, &decision, now);
            self.note_word(id, &decision);
            targets.extend(self.give_up(id, &decision));
            let sink = match decision.cause {
                // Nobody else would.
                Some(Cause::OwnTarget | Cause::Sent)
                    if decision.sent.is_none() && !self.is_managed() =>
                {
                    self.pinned_to(id)
                }
                _ => decision
                    .sent
                    .and_then(|channel| ready.get(&channel).copied()),
            };
            if let Some(sink) = sink
                && self.is_managed()
            {
                targets.extend(self.ask_again(id, decision.channel, now));
                if !self.streams.is_paused(id) {
                    targets.extend(self.ask(id, &decision, sink));
                }
            }
            self.note_played(id);
            let sink = sink.filter(|_| !self.streams.is_paused(id));
            let links = sink.and_then(|sink| self.own_links(id, sink, is_alone, now, commands));
            let record = self.streams.records.entry(id).or_default();
            record.linked_to = links.as_ref().and(sink);
            wanted.extend(links.unwrap_or_default());
        }
        targets
    }

    /// Notes who has had the last word, by what was decided.
    fn note_word(&mut self, id: u32, decision: &Decision) {
        let record = self.streams.records.entry(id).or_default();
        match (decision.state, decision.sent) {
            // Moved back: the list's again.
            (StreamState::Routed, _) if matches!(record.word, Word::Somebody(Some(_))) => {
                record.word = Word::Nobody;
            }
            (StreamState::Pinned, Some(channel)) => record.word = Word::Somebody(Some(channel)),
            _ => {}
        }
    }

    /// Notes whether the session manager has linked a stream to a sink: the one that we have asked for, if
    /// any. One that it has linked elsewhere first, it has sent there from memory.
    fn note_played(&mut self, id: u32) {
        let manager = self.metadata.client();
        let asked = self.streams.asked_sink(id);
        let mut links = self.registry.links_from(id);
        let has_played = manager.is_some()
            && links.any(|link| {
                let to = link.ports.input_node;
                let node = self.registry.nodes().get(&to);
                link.client == manager
                    && node.is_some_and(super::registry::Node::is_sink)
                    && asked.is_none_or(|asked| asked == to)
            });
        self.streams.records.entry(id).or_default().has_played |= has_played;
    }

    /// Takes back what we have asked for a stream that is not moved any more, or what the session manager
    /// remembers of when it was.
    fn give_up(&mut self, id: u32, decision: &Decision) -> Vec<Command> {
        let word = self.streams.word(id);
        let is_remembered =
            || self.target(id).channel().is_some() && !matches!(word, Word::Somebody(_));
        let is_given_up = match (decision.state, decision.cause) {
            (StreamState::Ignored, _) => self.streams.is_asked(id) || is_remembered(),
            (_, Some(Cause::MovingForbidden)) => self.streams.is_asked(id),
            _ => false,
        };
        if !is_given_up {
            return Vec::new();
        }
        let commands = self.release_stream(id);
        self.registry.set_target(id, Some(TARGET_OBJECT), None);
        self.registry.set_target(id, Some(TARGET_NODE), None);
        self.streams.note_released(id);
        commands
    }

    /// Asks the session manager to send a stream to a sink, unless that has been done.
    fn ask(&mut self, stream: u32, decision: &Decision, sink: u32) -> Option<Command> {
        let serial = self.registry.nodes().get(&sink)?.serial?;
        let targets = self.registry.targets.get(&stream);
        let object = targets.and_then(|target| target.object.as_deref());
        let record = self.streams.records.entry(stream).or_default();
        record.is_taken |= decision.state == StreamState::Routed;
        // Already there, and to stay: setting it again would make no event.
        let is_acknowledged =
            record.unacknowledged.is_none() && object == Some(&*serial.to_string());
        if record
            .asked
            .as_ref()
            .is_some_and(|asked| asked.sink == sink)
        {
            return None;
        }
        record.asked = Some(Asked {
            channel: decision.channel,
            sink,
            is_acknowledged,
        });
        if is_acknowledged {
            return None;
        }
        record.unacknowledged = Some(serial);
        self.streams.awaiting_activity.insert(stream);
        Some(Command::SetTarget(stream, serial))
    }

    /// The links from a stream to a sink that we are to make: where there is nobody else to do so,
    /// or nobody has.
    fn own_links(
        &mut self,
        id: u32,
        sink: u32,
        is_alone: bool,
        now: Instant,
        commands: &mut Vec<Command>,
    ) -> Option<Vec<Ports>> {
        if self.foreign_links(id).next().is_some() {
            return self.missing_links(id, sink, now);
        }
        let is_bare = self
            .registry
            .infos
            .get(&id)
            .is_some_and(|info| info.outputs == 0);
        if is_alone || is_bare && self.timeouts.expired(Timeout::Ports(id), now) {
            match self.registry.side(sink, Direction::Input) {
                Some(inputs) => self.configure(id, Direction::Output, inputs.layout, commands),
                None => self.configure_card(sink, commands),
            }
        }
        let links = self.pairs(id, sink);
        if links.is_empty() {
            return None;
        }
        let record = self.streams.records.get(&id);
        let is_linked = record.is_some_and(|record| record.linked_to == Some(sink));
        let is_ours_to_do =
            !self.is_managed() || is_linked || self.timeouts.expired(Timeout::Link(id), now);
        is_ours_to_do.then_some(links)
    }

    /// Whose links others have made from a stream to any sink, and to which.
    pub(super) fn foreign_links(&self, stream: u32) -> impl Iterator<Item = (Option<u32>, u32)> {
        let links = self.registry.links_from(stream);
        links
            .filter(move |link| {
                let to = self.registry.nodes().get(&link.ports.input_node);
                to.is_some_and(super::registry::Node::is_sink) && !self.links.is_ours(&link.ports)
            })
            .map(|link| (link.client, link.ports.input_node))
    }
}
