//! Where the monitor of each channel's sink goes: to the first sink that its preferences name and that is
//! there, else to the default one, or to the first of the smart filters before it. Never to what leads back into our
//! own sinks: a combination, loopback or filter whose output ends in one of them would be fed by itself, and PipeWire
//! falls silent.

use std::cmp::Reverse;

use wire::Channel;
use wire::message::Pattern;

use super::event::Command;
use super::registry::{Node, Registry};
use super::timeouts::Round;
use super::{ByChannel, CHANNELS, channel_of_name};
use crate::rules::name;
use crate::sorted::{SortedMap, SortedSet};

/// How often what a combination copies into our sinks is removed while these are the same: more than
/// one that is made for each of them, twice over. Whoever makes it again and again is not to be fought.
pub const MAX_REMOVALS: u8 = 8;

/// A sink that a channel is to play to: a line of mixd.conf, or an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preference {
    /// A glob that the sink's `node.name` or `node.description` matches; none: whichever is the default.
    pub sink: Option<Pattern>,
    /// The line or option, as it is written.
    pub line: String,
}

/// What the channels play to.
#[derive(Debug, Default)]
pub struct Outputs {
    all: ByChannel<Output>,
    copies: Copies,
}

impl Outputs {
    /// Outputs that are chosen by these preferences, of which the first whose sink is there counts.
    pub fn new(preferences: ByChannel<Vec<Preference>>) -> Self {
        let mut outputs = Self::default();
        outputs.set_preferences(preferences);
        outputs
    }

    /// Chooses by these preferences from now on.
    pub fn set_preferences(&mut self, mut preferences: ByChannel<Vec<Preference>>) {
        for channel in CHANNELS {
            self.all[channel].preferences = std::mem::take(&mut preferences[channel]);
        }
    }

    /// What a channel plays to.
    pub fn of(&self, channel: Channel) -> &Output {
        &self.all[channel]
    }

    /// Chooses what to play to. Returns the channels for which that has changed.
    pub fn choose(&mut self, registry: &Registry) -> Vec<Channel> {
        let mut changed = CHANNELS.to_vec();
        changed.retain(|&channel| self.all[channel].choose(registry));
        changed
    }

    /// Forgets a node that has gone.
    pub fn forget(&mut self, id: u32) {
        self.copies.going.remove(&id);
    }

    /// Removes what combinations play once more to our sinks; see [`Copies::remove`].
    pub fn remove_copies(&mut self, registry: &Registry, created: u32, round: &mut Round) {
        self.copies.remove(registry, created, round);
    }

    /// Returns whether a channel has preferences, and none of their sinks is there.
    pub fn are_missing(&self) -> bool {
        let mut all = CHANNELS.map(|channel| self.of(channel)).into_iter();
        all.any(|output| output.is_missing)
    }

    /// The sinks that are to be played to, and lead back into ours, or did until their copies were removed.
    pub fn led_back(&self, registry: &Registry) -> SortedSet<u32> {
        let is_mended = |&card: &u32| {
            let group = registry.link_group(card);
            group.is_some_and(|group| self.copies.removed.contains_key(group))
        };
        let outputs = CHANNELS.map(|channel| self.of(channel)).into_iter();
        let leading = outputs.filter_map(|output| {
            let card = || output.card.filter(is_mended);
            output.rejected.or_else(card)
        });
        leading.collect()
    }
}

/// What a channel plays to.
#[derive(Debug, Default)]
pub struct Output {
    preferences: Vec<Preference>,
    /// The index of the preference by which the sink was chosen.
    chosen_by: Option<usize>,
    /// There are preferences, and none of their sinks is there.
    is_missing: bool,
    /// The sink that was chosen.
    card: Option<u32>,
    /// The one before that: what was chosen last may lead back as soon as something is linked.
    previous: Option<u32>,
    /// What was chosen, or the first of the filters before it.
    node: Option<u32>,
    /// The sink that was to be chosen, and leads back into ours.
    rejected: Option<u32>,
}

impl Output {
    /// The sink that was chosen.
    pub fn card(&self) -> Option<u32> {
        self.card
    }

    /// The node that the monitors are linked to: the chosen sink, or what the session manager puts
    /// before it.
    pub fn node(&self) -> Option<u32> {
        self.node
    }

    /// The preference by which the sink was chosen; none where none of them names a sink that is there.
    pub fn chosen_by(&self) -> Option<&Preference> {
        self.preferences.get(self.chosen_by?)
    }

    /// Chooses what to play to. Returns whether that has changed. Where the sink that was asked for, or else the
    /// default one, is one of ours or leads back into ours, the last one stays; where there is none, it is one of
    /// the cards that are played to in the end. Where nobody says what is the default, it is the one of the
    /// highest priority.
    fn choose(&mut self, registry: &Registry) -> bool {
        let is_good = |&id: &u32| !registry.leads_back(id);
        let default = registry.card_named(registry.default_sink.as_deref());
        let (mut named, mut rejected) = (None, None);
        self.is_missing = !self.preferences.is_empty();
        self.chosen_by = self.preferences.iter().position(|preference| {
            let Some(glob) = &preference.sink else {
                self.is_missing = false;
                return true;
            };
            let matching = registry.matching_cards(glob);
            self.is_missing &= matching.is_empty();
            named = matching.iter().copied().find(is_good);
            rejected = rejected.or_else(|| matching.first().copied());
            named.is_some()
        });
        let chosen = named.or_else(|| default.filter(is_good));
        let bad = rejected.or(default);
        let card = chosen.or_else(|| self.other_card(registry, bad));
        let filter = card.and_then(|card| registry.filter_before(card, named.is_some()));
        let node = filter.filter(is_good).or(card);
        self.rejected = match named {
            Some(_) => None,
            None => bad.filter(|&id| registry.leads_back(id)),
        };
        if card != self.card {
            self.previous = std::mem::replace(&mut self.card, card);
        }
        std::mem::replace(&mut self.node, node) != node
    }

    /// The sink to play to where the one that should be, if there is one, can't be.
    fn other_card(&self, registry: &Registry, bad: Option<u32>) -> Option<u32> {
        let is_good = |id: u32| registry.is_card(id) && !registry.leads_back(id);
        let best = |among: Option<&SortedSet<u32>>| {
            let cards = registry.cards();
            let cards = cards.filter(|(id, _)| among.is_none_or(|among| among.contains(id)));
            // No session manager takes a smart filter for the best card.
            let good = cards.filter(|&(id, _)| is_good(id) && !registry.is_filter(id));
            let order = |&(id, node): &(u32, &Node)| (node.priority, Reverse(id));
            good.max_by_key(order).map(|(id, _)| id)
        };
        if !registry.is_managed() {
            // Chosen once, it stays chosen when the session manager has ended.
            let last = registry.card_named(registry.last_default.as_deref());
            return last.filter(|&id| is_good(id)).or_else(|| best(None));
        }
        // Its id may be another node's by now.
        let last = [self.card, self.previous];
        let last = last.into_iter().flatten().find(|&id| is_good(id));
        last.or_else(|| {
            // What feeds us is no choice of a card: any is better than none.
            let default = registry.default_sink.as_deref();
            let is_own = default.and_then(channel_of_name).is_some();
            let behind = bad.and_then(|bad| best(Some(&registry.reached_from(bad))));
            behind.or_else(|| best(None).filter(|_| is_own || bad.is_some()))
        })
    }
}

/// What combinations of sinks play once more to ours.
#[derive(Debug, Default)]
struct Copies {
    /// The link groups whose copies into our sinks have been removed: how often, since the sink of
    /// this number was made.
    removed: SortedMap<String, (u32, u8)>,
    /// Such copies, until they have gone.
    going: SortedSet<u32>,
}

impl Copies {
    /// Removes the streams by which a combination of sinks (module-combine-sink takes every sink that
    /// there is, ours too) plays once more to our sinks what it plays to cards: it would be heard
    /// twice, and leads back where we play to it. They are gone with our sinks as well, and what made
    /// them is not disturbed: measured with 0.3.65, 1.4.2 and 1.6.9. `created` says how many sinks of
    /// ours have been asked for so far.
    fn remove(&mut self, registry: &Registry, created: u32, round: &mut Round) {
        for (id, group) in registry.copies() {
            if self.going.contains(&id) {
                continue;
            }
            let record = self.removed.get_or_default(group);
            if record.0 != created {
                *record = (created, 0);
            }
            if record.1 < MAX_REMOVALS {
                record.1 += 1;
                self.going.insert(id);
                round.commands.push(Command::DestroyNode(id));
            }
        }
        self.removed.retain(|group, _| {
            let mut nodes = registry.nodes().keys();
            nodes.any(|&node| registry.link_group(node) == Some(group))
        });
    }
}

impl Registry {
    /// Returns the first card of this `node.name`.
    fn card_named(&self, name: Option<&str>) -> Option<u32> {
        let name = name?;
        let mut cards = self.cards();
        cards.find(|(_, node)| node.name == name).map(|(id, _)| id)
    }

    /// The cards that a glob names, the best first: those whose `node.name` it matches, or else those whose
    /// `node.description` it does.
    pub fn matching_cards(&self, glob: &str) -> Vec<u32> {
        let by = |text: fn(&Node) -> &str| {
            let cards = self.cards();
            let matching = cards.filter(|(_, node)| name::matches(glob, text(node)));
            // No session manager takes a smart filter for the best card.
            let rank = |(id, node): (u32, &Node)| (self.is_filter(id), Reverse(node.priority), id);
            let mut ranks: Vec<_> = matching.map(rank).collect();
            ranks.sort_unstable();
            ranks.into_iter().map(|(.., id)| id).collect::<Vec<u32>>()
        };
        match by(|node| &node.name) {
            named if named.is_empty() => by(|node| &node.description),
            named => named,
        }
    }

    /// Returns whether what a sink is sent ends, by whatever way, in one of ours.
    pub fn leads_back(&self, sink: u32) -> bool {
        let mut reached = self.reached_from(sink).into_iter();
        reached.any(|node| self.channel(node).is_some())
    }

    /// The nodes that sound comes to from this one, itself included: along links, and from one node of
    /// a link group to the others, for what is between them is inside a program. It is followed into
    /// our sinks, and not out of them.
    fn reached_from(&self, start: u32) -> SortedSet<u32> {
        let mut reached = SortedSet::from([start]);
        let mut pending = vec![start];
        while let Some(node) = pending.pop() {
            if self.channel(node).is_some() {
                continue;
            }
            let linked = self.links_from(node);
            let linked = linked.map(|link| link.ports.input_node);
            let group = self.link_group(node);
            let grouped = group.into_iter().flat_map(|group| self.in_group(group));
            let next = linked.chain(grouped);
            pending.extend(next.filter(|&node| reached.insert(node)));
        }
        reached
    }

    /// The nodes of a link group.
    fn in_group<'a>(&'a self, group: &'a str) -> impl Iterator<Item = u32> + 'a {
        let nodes = self.nodes().keys().copied();
        nodes.filter(move |&node| self.link_group(node) == Some(group))
    }

    /// The streams that are made for one of our sinks, with their link group, of which another stream
    /// is made for a sink that is not ours.
    fn copies(&self) -> Vec<(u32, String)> {
        let streams = self.nodes().iter();
        let streams = streams
            .filter(|(_, node)| node.is_stream())
            .map(|(&id, _)| id);
        let mut ours = Vec::new();
        let mut elsewhere = SortedSet::new();
        for id in streams {
            let target = self.own_target_name(id);
            if let (Some(group), Some(target)) = (self.link_group(id), target) {
                let node = self.find(target);
                let is_ours = channel_of_name(target).is_some()
                    || node.is_some_and(|node| self.channel(node).is_some());
                if is_ours {
                    ours.push((id, group.to_owned()));
                } else {
                    elsewhere.insert(group);
                }
            }
        }
        ours.retain(|(_, group)| elsewhere.contains(&**group));
        ours
    }
}
