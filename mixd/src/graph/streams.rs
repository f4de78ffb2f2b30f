//! The programs' streams: which channel each belongs to, whether we may send it there, and how.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use wire::{Channel, StreamState};

use super::Graph;
use super::fact::{Action, Ports};
use super::judge::{Cause, Decision};
use super::objects::{Direction, TARGET_NODE, TARGET_OBJECT};
use super::patience::Matter;
use super::target::Place;
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
    unheard: BTreeSet<u32>,
}

#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Debug, Default)]
struct Record {
    asked: Option<Asked>,
    /// The serial that we have set last, until the metadata shows it: what it shows before is old.
    unseen: Option<u64>,
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
    wired: Option<u32>,
    /// It should play through its channel, and has not for too long.
    is_missed: bool,
    /// All of the metadata was told again since.
    is_reread: bool,
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
    is_echoed: bool,
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

impl Streams {
    /// Forgets a node that has gone: a stream, or a sink that streams were asked to go to.
    pub fn remove(&mut self, id: u32) {
        self.records.remove(&id);
        self.unheard.remove(&id);
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
            record.unseen = None;
            // The next one restores what it remembers, which is no rival's move.
            (record.has_played, record.is_settled, record.moves) = (false, false, 0);
            if record.word == Word::List {
                record.word = Word::Nobody;
            }
        }
    }

    /// Somebody, perhaps we, has chosen a stream's sink; by this name or serial, if by one. What is told
    /// again may have been so since before it played, from the session manager's memory.
    pub fn note_target(
        &mut self,
        stream: u32,
        object: Option<&str>,
        place: Place,
        is_told_again: bool,
    ) {
        let Some(record) = self.records.get_mut(&stream) else {
            return;
        };
        let own = record
            .unseen
            .take_if(|serial| object == Some(&*serial.to_string()));
        // What we asked for of one that hung shows when it goes on.
        let is_wish = own.is_none() && is_wish(object, place);
        let is_old = is_told_again && !record.is_settled && record.moved.as_deref() != object;
        let is_moved = is_wish && record.has_played && !is_old;
        if is_moved {
            record.moved = object.map(str::to_owned);
        }
        if let Some(asked) = &mut record.asked {
            if place == Place::Ours(asked.channel) {
                asked.is_echoed = true;
                record.moved = None;
                return;
            }
            if !asked.is_echoed {
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

    /// The streams that are missing from the channels that we have asked for, of which somebody may have
    /// chosen another sink without our being told.
    pub fn astray(&self) -> impl Iterator<Item = (u32, Channel)> {
        let records = self.records.iter();
        let records = records.filter(|(id, _)| !self.unheard.contains(id));
        let missed = records.filter(|(_, record)| record.is_missed && !record.is_reread);
        missed.filter_map(|(&id, record)| Some((id, record.asked.as_ref()?.channel)))
    }

    /// All of the metadata is told again for the sake of this stream.
    pub fn note_reread(&mut self, stream: u32) {
        self.records.entry(stream).or_default().is_reread = true;
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

    /// Whether a stream has been missing from its channel for too long.
    pub fn note_missed(&mut self, stream: u32, is_missed: bool) {
        let record = self.records.entry(stream).or_default();
        record.is_missed = is_missed;
        record.is_reread &= is_missed;
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
        (record.asked, record.unseen) = (None, None);
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

    /// The list has been changed for a stream: whoever moved it before has had his way.
    pub fn note_listed(&mut self, stream: u32) {
        let record = self.records.entry(stream).or_default();
        (record.word, record.moves) = (Word::List, 0);
    }

    /// What we have asked for a stream is taken back.
    pub fn note_released(&mut self, stream: u32) {
        if let Some(record) = self.records.get_mut(&stream) {
            (record.asked, record.unseen) = (None, None);
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
fn is_wish(object: Option<&str>, place: Place) -> bool {
    place != Place::Anywhere || object == Some("-1")
}

impl Graph {
    /// Ends, where the list has been changed, what was done against its will to the streams that
    /// this concerns.
    pub(super) fn note_rules(&mut self, rules: &Rules) {
        let Some(before) = self.rules.take_if(|before| before != rules) else {
            self.rules.get_or_insert_with(|| rules.clone());
            return;
        };
        let nodes = self.objects.nodes().iter();
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
            let Some(decision) = self.judge(id, rules) else {
                continue;
            };
            self.note_heed(id, &decision, now);
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
            let sink = sink.filter(|_| !self.streams.is_paused(id));
            let links = sink.and_then(|sink| self.own_links(id, sink, is_alone, now, actions));
            let record = self.streams.records.entry(id).or_default();
            record.wired = links.as_ref().and(sink);
            wanted.extend(links.unwrap_or_default());
        }
        targets
    }

    /// Notes who has had the last word, by what was decided.
    fn note_word(&mut self, id: u32, decision: &Decision) {
        let manager = self.metadata.client();
        let mut links = self.objects.links_from(id);
        let has_played = manager.is_some()
            && links.any(|link| {
                let to = self.objects.nodes().get(&link.ports.input_node);
                link.client == manager && to.is_some_and(super::objects::Node::is_sink)
            });
        let record = self.streams.records.entry(id).or_default();
        record.has_played |= has_played;
        match (decision.state, decision.sent) {
            // Moved back: the list's again.
            (StreamState::Routed, _) if matches!(record.word, Word::Somebody(Some(_))) => {
                record.word = Word::Nobody;
            }
            (StreamState::Pinned, Some(channel)) => record.word = Word::Somebody(Some(channel)),
            _ => {}
        }
    }

    /// Takes back what we have asked for a stream that is not moved any more, or what the session manager
    /// remembers of when it was.
    fn give_up(&mut self, id: u32, decision: &Decision) -> Vec<Action> {
        let word = self.streams.word(id);
        let is_remembered =
            || self.place(id).channel().is_some() && !matches!(word, Word::Somebody(_));
        let is_given_up = match (decision.state, decision.cause) {
            (StreamState::Ignored, _) => self.streams.is_asked(id) || is_remembered(),
            (_, Some(Cause::MovingForbidden)) => self.streams.is_asked(id),
            _ => false,
        };
        if !is_given_up {
            return Vec::new();
        }
        let actions = self.release_stream(id);
        self.objects.set_target(id, Some(TARGET_OBJECT), None);
        self.objects.set_target(id, Some(TARGET_NODE), None);
        self.streams.note_released(id);
        actions
    }

    /// Asks the session manager to send a stream to a sink, unless that has been done.
    fn ask(&mut self, stream: u32, decision: &Decision, sink: u32) -> Option<Action> {
        let serial = self.objects.nodes().get(&sink)?.serial?;
        let targets = self.objects.targets.get(&stream);
        let object = targets.and_then(|target| target.object.as_deref());
        let record = self.streams.records.entry(stream).or_default();
        record.is_taken |= decision.state == StreamState::Routed;
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
            channel: decision.channel,
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
            return self.missing_sides(id, sink, now);
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
}
