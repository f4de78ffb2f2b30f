//! The programs' streams: what was done with each so far, and what is to be done now. Streams are moved by
//! asking the session manager; links are made where there is none, or where it leaves a stream without.

use std::collections::{BTreeMap, BTreeSet};

use wire::{Channel, StreamState};

use super::channel_of_name;
use super::event::{Command, Ports};
use super::links::Links;
use super::matching::Match;
use super::ports::ConfiguredPorts;
use super::registry::{Direction, Registry, TARGET_NODE, TARGET_OBJECT};
use super::sinks::Sinks;
use super::state::{Cause, Defect, Inputs, State};
use super::target::Target;
use super::timeouts::{Round, Timeout};
use crate::rules::Rules;

/// How often a stream may be moved away from its channel before it is left where it is moved to.
pub const MAX_MOVES: u8 = 2;

/// How often a stream that a session manager has linked twice is asked for anew.
const MAX_RETARGETS: u8 = 2;

/// What was done with the streams, and what was done with them against our will.
#[derive(Debug, Default)]
pub struct Streams {
    records: BTreeMap<u32, Record>,
    /// The state of all that makes sound, as of the last round.
    states: BTreeMap<u32, State>,
    /// The rule that matches each, until its properties or the rules change.
    matches: BTreeMap<u32, Match>,
    /// The rules of the last round.
    rules: Option<Rules>,
    /// The streams that were asked for since the session manager has last shown, by a link or a key, that
    /// it is alive.
    awaiting_activity: BTreeSet<u32>,
    /// The targets that a mixd that was killed has left in the metadata have been removed.
    are_stale_targets_removed: bool,
}

#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Debug, Default)]
struct Record {
    requested: Option<Requested>,
    /// The serial that was set last, until the metadata shows it: what it shows before is old.
    unacknowledged: Option<u64>,
    /// How often it has been moved away from its channel, nobody knows where to.
    moves: u8,
    /// Who has chosen its sink last.
    choice: Choice,
    /// The session manager has linked it to a sink: what it remembers of it, it has restored.
    has_played: bool,
    /// All of the metadata was read again since it has played: what is told from then on is from then on.
    is_settled: bool,
    /// Where somebody has moved it while it played, where the metadata has not shown what was set since:
    /// told again, that is still a wish.
    moved: Option<String>,
    /// It was asked for as the list says: what its own node asks for counts no more.
    was_routed: bool,
    /// The sink that we have linked it to ourselves.
    linked_to: Option<u32>,
    /// All of the metadata was read again since it is missing from its channel.
    is_refreshed: bool,
    /// How often it was asked for anew because the session manager had linked it twice.
    retargets: u8,
    /// Its target is removed for a moment, to be set anew.
    is_paused: bool,
}

/// What the session manager was asked to do with a stream.
#[derive(Debug)]
struct Requested {
    channel: Channel,
    /// The sink's node.
    sink: u32,
    /// The metadata has shown it. What others set before counts for nothing.
    is_acknowledged: bool,
}

/// Who has chosen a stream's sink last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Nobody that we know of. What the metadata says is from before, or from the session manager's
    /// memory of another stream of that name.
    #[default]
    Nobody,
    /// The program list, which was changed for it since.
    List,
    /// Somebody who has moved it while it played, or its own program: to this channel, or elsewhere.
    User(Option<Channel>),
}

/// When a stream's target was told.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    /// As it was set.
    AsSet,
    /// With all of the metadata, and it was not so before: it may have been set since the stream has
    /// played or, from the session manager's memory, before that.
    Again,
    /// Before, and it did not count until all of the metadata was read again.
    Before,
}

impl Streams {
    /// Forgets a node that has gone: a stream, or a sink that streams were asked to go to.
    pub fn remove(&mut self, id: u32) {
        self.records.remove(&id);
        self.states.remove(&id);
        self.matches.remove(&id);
        self.awaiting_activity.remove(&id);
        for record in self.records.values_mut() {
            record.requested.take_if(|requested| requested.sink == id);
        }
    }

    /// Forgets which rule matches a stream: its properties have changed.
    pub fn forget_match(&mut self, id: u32) {
        self.matches.remove(&id);
    }

    /// Forgets what was asked of a session manager that does nothing any more; for the moment, or, where
    /// it `is_gone`, for good.
    pub fn forget_requests(&mut self, is_gone: bool) {
        for record in self.records.values_mut() {
            record.requested = None;
            record.is_paused = false;
            if !is_gone {
                continue;
            }
            record.unacknowledged = None;
            // What the next one restores from memory is nobody's move.
            (record.has_played, record.is_settled, record.moves) = (false, false, 0);
            if record.choice == Choice::List {
                record.choice = Choice::Nobody;
            }
        }
    }

    /// Draws the conclusions from where the metadata sends a stream now.
    pub fn note_target(&mut self, registry: &Registry, stream: u32, told: Told) {
        let Some(record) = self.records.get_mut(&stream) else {
            return;
        };
        let target = registry.target(stream);
        let keys = registry.targets.get(&stream);
        let object = keys.and_then(|keys| keys.object.as_deref());
        let own = record
            .unacknowledged
            .take_if(|serial| object == Some(&*serial.to_string()));
        // What was asked of one that hung shows when it goes on.
        let is_wish = own.is_none() && is_wish(object, target);
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
        if let Some(requested) = &mut record.requested {
            if target == Target::Ours(requested.channel) {
                let is_serial = object.is_some_and(|object| object.parse::<u64>().is_ok());
                let sink = object.and_then(|object| registry.find(object));
                requested.is_acknowledged = true;
                record.moved = None;
                // The sink of an earlier layout goes in a moment.
                if record.unacknowledged.is_none() && is_serial && sink != Some(requested.sink) {
                    record.requested = None;
                }
                return;
            }
            if !requested.is_acknowledged {
                return;
            }
            // It was where we want it, and has been moved.
            record.requested = None;
            if !is_moved && !target.is_chosen() {
                // Nobody knows where to: once is an accident.
                record.moves = record.moves.saturating_add(1);
            }
        }
        if is_wish {
            if is_moved || matches!(record.choice, Choice::User(_)) {
                record.choice = Choice::User(target.channel());
                record.moves = 0;
            }
        } else if object.is_none() && record.choice == Choice::User(None) {
            record.choice = Choice::Nobody;
        }
    }

    /// Takes in that all of the metadata has been read again.
    pub fn note_refreshed(&mut self) {
        for record in self.records.values_mut() {
            record.is_settled = record.has_played;
        }
    }

    /// Takes in that the session manager has done something.
    pub fn note_active(&mut self) {
        self.awaiting_activity.clear();
    }

    /// The streams whose target was set and has not been shown, with the serials that were set, where the
    /// session manager has done something since: one that hangs is not to be asked anything, because
    /// PipeWire serves nobody who waits for its answer.
    pub fn unacknowledged(&self) -> impl Iterator<Item = (u32, u64)> {
        let records = self.records.iter();
        let records = records.filter(|(id, _)| !self.awaiting_activity.contains(id));
        records.filter_map(|(&id, record)| {
            let requested = record.requested.as_ref();
            requested.and(Some((id, record.unacknowledged?)))
        })
    }

    /// The streams that are missing from the channels that were asked for, of which somebody may have
    /// chosen another sink without our being told.
    pub fn misplaced(&self) -> impl Iterator<Item = (u32, Channel)> {
        let records = self.records.iter();
        let records = records.filter(|(id, _)| !self.awaiting_activity.contains(id));
        let is_missed = |id: &u32| {
            let state = self.states.get(id);
            state.is_some_and(|state| state.missed.is_some())
        };
        let missed = records.filter(move |(id, record)| !record.is_refreshed && is_missed(id));
        missed.filter_map(|(&id, record)| Some((id, record.requested.as_ref()?.channel)))
    }

    /// Takes in that all of the metadata is read again for the sake of this stream.
    pub fn note_refresh(&mut self, stream: u32) {
        self.records.entry(stream).or_default().is_refreshed = true;
    }

    /// Takes the target that was set last for one that the metadata has, shown or not.
    pub fn acknowledge(&mut self, stream: u32, serial: u64) {
        if let Some(record) = self.records.get_mut(&stream)
            && record
                .unacknowledged
                .take_if(|unacknowledged| *unacknowledged == serial)
                .is_some()
            && let Some(requested) = &mut record.requested
        {
            requested.is_acknowledged = true;
        }
    }

    /// Who has chosen a stream's sink last.
    pub fn choice(&self, stream: u32) -> Choice {
        let record = self.records.get(&stream);
        record.map(|record| record.choice).unwrap_or_default()
    }

    /// How often a stream has been moved away from its channel.
    pub fn moves(&self, stream: u32) -> u8 {
        self.records.get(&stream).map_or(0, |record| record.moves)
    }

    /// Returns whether a stream was asked for as the list says, now or before.
    pub fn was_routed(&self, stream: u32) -> bool {
        let record = self.records.get(&stream);
        record.is_some_and(|record| record.was_routed)
    }

    /// Has these streams follow the list, wherever they were moved before.
    pub fn follow_list(&mut self, streams: &[u32]) {
        for &id in streams {
            let record = self.records.entry(id).or_default();
            (record.choice, record.moves) = (Choice::List, 0);
        }
    }

    /// The streams that were asked for.
    pub fn requested(&self) -> impl Iterator<Item = u32> {
        let records = self.records.iter();
        records
            .filter(|(_, record)| record.requested.is_some())
            .map(|(&id, _)| id)
    }

    /// Returns whether a stream was asked for.
    pub fn is_requested(&self, stream: u32) -> bool {
        let record = self.records.get(&stream);
        record.is_some_and(|record| record.requested.is_some())
    }

    /// Returns whether any stream was asked to go to this node.
    pub fn is_requested_for(&self, sink: u32) -> bool {
        let records = self.records.values();
        let mut requested = records.filter_map(|record| record.requested.as_ref());
        requested.any(|requested| requested.sink == sink)
    }

    /// The state of all that makes sound, by id.
    pub fn states(&self) -> &BTreeMap<u32, State> {
        &self.states
    }

    /// Returns whether the last round was planned by these rules.
    pub fn has_rules(&self, rules: &Rules) -> bool {
        self.rules.as_ref() == Some(rules)
    }

    /// Takes other rules. What was done against its will to a stream whose channel they change ends.
    pub fn set_rules(&mut self, registry: &Registry, rules: &Rules) {
        if self.has_rules(rules) {
            return;
        }
        let matches = std::mem::take(&mut self.matches);
        if let Some(before) = self.rules.replace(rules.clone()) {
            let streams = registry.sounds();
            let streams = streams.filter(|&id| registry.is_stream(id) && registry.is_known(id));
            let mut changed = Vec::new();
            for id in streams {
                let matched = Match::find(registry, id, rules);
                let old = matches.get(&id).copied();
                let old = old.unwrap_or_else(|| Match::find(registry, id, &before));
                if old.channel() != matched.channel() {
                    changed.push(id);
                }
                self.matches.insert(id, matched);
            }
            self.follow_list(&changed);
        }
    }

    /// Finds the state of all that makes sound, and what is to be done about it.
    pub fn plan(&mut self, plan: &mut Plan) {
        self.remove_stale_targets(plan);
        let mut states = BTreeMap::new();
        for id in plan.registry.sounds().collect::<Vec<u32>>() {
            let matched = self.matches.get(&id).copied();
            let matched = matched.unwrap_or_else(|| Match::find(plan.registry, id, plan.rules));
            self.matches.insert(id, matched);
            let mut state = self.inputs(plan).state(id, matched);
            if plan.registry.is_stream(id) {
                let is_missed = self.is_missed(id, &state, plan);
                self.note_state(id, &state, is_missed);
                self.plan_stream(id, &state, is_missed, plan);
                if is_missed {
                    state.missed = Some(self.inputs(plan).missed(id, state.channel));
                }
            }
            states.insert(id, state);
        }
        self.matches.retain(|id, _| states.contains_key(id));
        self.states = states;
    }

    fn inputs<'a>(&'a self, plan: &'a Plan) -> Inputs<'a> {
        Inputs {
            registry: plan.registry,
            links: plan.links,
            sinks: plan.sinks,
            streams: self,
        }
    }

    /// Returns whether a stream has not played where it is sent for too long.
    fn is_missed(&self, id: u32, state: &State, plan: &mut Plan) -> bool {
        if state.target.is_none() || self.is_paused(id) {
            return state.target.is_some();
        }
        let inputs = self.inputs(plan);
        if !inputs.plays_to(id, state.channel) {
            return plan.round.expired(Timeout::Routed(id));
        }
        inputs.defect(id, state.channel).is_some() && plan.round.expired(Timeout::Complete(id))
    }

    /// Notes what follows from the state of a stream for later rounds.
    fn note_state(&mut self, id: u32, state: &State, is_missed: bool) {
        let record = self.records.entry(id).or_default();
        record.is_refreshed &= is_missed;
        match (state.planned, state.target) {
            // Moved back: the list's again.
            (StreamState::Routed, _) if matches!(record.choice, Choice::User(Some(_))) => {
                record.choice = Choice::Nobody;
            }
            (StreamState::Pinned, Some(channel)) => record.choice = Choice::User(Some(channel)),
            _ => {}
        }
    }

    fn plan_stream(&mut self, id: u32, state: &State, is_missed: bool, plan: &mut Plan) {
        self.give_up(id, state, plan);
        let is_managed = plan.registry.is_managed();
        let sink = match (state.target, state.cause) {
            (Some(channel), _) => plan.ready.get(&channel).copied(),
            // Nobody else would.
            (None, Some(Cause::OwnTarget | Cause::Sent)) if !is_managed => {
                plan.registry.pinned_to(id)
            }
            (None, _) => None,
        };
        if let Some(sink) = sink
            && is_managed
        {
            self.ask_anew(id, state.channel, is_missed, plan);
            if !self.is_paused(id) {
                self.request(id, state, sink, is_missed, plan);
            }
        }
        self.note_played(id, plan.registry);
        let sink = sink.filter(|_| !self.is_paused(id));
        let links = sink.and_then(|sink| self.own_links(id, sink, plan));
        let record = self.records.entry(id).or_default();
        record.linked_to = links.as_ref().and(sink);
        plan.wanted.extend(links.unwrap_or_default());
    }

    /// Notes whether the session manager has linked a stream to a sink: to the one that was asked for, if
    /// one was. One that it has linked elsewhere first, it has sent there from memory.
    fn note_played(&mut self, id: u32, registry: &Registry) {
        let record = self.records.entry(id).or_default();
        let requested = record.requested.as_ref().map(|requested| requested.sink);
        let manager = registry.owner.client();
        let mut links = registry.links_from(id);
        record.has_played |= manager.is_some()
            && links.any(|link| {
                let to = link.ports.input_node;
                link.client == manager
                    && registry.is_sink(to)
                    && requested.is_none_or(|requested| requested == to)
            });
    }

    /// Takes back what was asked for a stream that is not moved any more, or what the session manager
    /// remembers of when it was.
    fn give_up(&mut self, id: u32, state: &State, plan: &mut Plan) {
        let choice = self.choice(id);
        let is_remembered =
            || plan.registry.target(id).channel().is_some() && !matches!(choice, Choice::User(_));
        let is_given_up = match (state.planned, state.cause) {
            (StreamState::Ignored, _) => self.is_requested(id) || is_remembered(),
            (_, Some(Cause::MovingForbidden)) => self.is_requested(id),
            _ => false,
        };
        if is_given_up {
            plan.targets.extend(self.release(plan.registry, id));
            plan.registry.set_target(id, None, None);
            let record = self.records.entry(id).or_default();
            (record.requested, record.unacknowledged) = (None, None);
            record.is_paused = false;
        }
    }

    /// Asks the session manager to send a stream to a sink, unless that has been done.
    fn request(&mut self, stream: u32, state: &State, sink: u32, is_missed: bool, plan: &mut Plan) {
        let node = plan.registry.nodes().get(&sink);
        let Some(serial) = node.and_then(|node| node.serial) else {
            return;
        };
        let keys = plan.registry.targets.get(&stream);
        let object = keys.and_then(|keys| keys.object.as_deref());
        let record = self.records.entry(stream).or_default();
        record.was_routed |= state.planned == StreamState::Routed;
        // Already there, and to stay: setting it again would make no event.
        let is_acknowledged =
            record.unacknowledged.is_none() && object == Some(&*serial.to_string());
        let requested = record.requested.as_ref();
        if requested.is_some_and(|requested| requested.sink == sink) {
            return;
        }
        record.requested = Some(Requested {
            channel: state.channel,
            sink,
            is_acknowledged,
        });
        if is_missed {
            // It is missed by an earlier request.
            plan.round.restart(Timeout::Complete(stream));
        }
        if !is_acknowledged {
            record.unacknowledged = Some(serial);
            self.awaiting_activity.insert(stream);
            plan.targets.push(Command::SetTarget(stream, serial));
        }
    }

    /// Asks anew for a stream that the session manager itself has linked to a card besides its channel:
    /// it counts the stream as moved, and looks no more at the link that it has forgotten. Sent to the
    /// default sink for a moment, it finds that, and takes it along.
    fn ask_anew(&mut self, id: u32, channel: Channel, is_missed: bool, plan: &mut Plan) {
        if self.is_paused(id) {
            if plan.round.expired(Timeout::Retarget(id)) {
                self.records.entry(id).or_default().is_paused = false;
            }
            return;
        }
        let Some(Defect::LinkedTwice(client, _)) = self.inputs(plan).defect(id, channel) else {
            return;
        };
        let is_managers = client.is_some() && client == plan.registry.owner.manager();
        let record = self.records.entry(id).or_default();
        // A stream that has only just been sent to its channel may have both for a moment.
        let is_due = is_managers && is_missed && record.requested.is_some();
        if is_due && record.retargets < MAX_RETARGETS {
            record.retargets += 1;
            record.is_paused = true;
            (record.requested, record.unacknowledged) = (None, None);
            plan.round.expired(Timeout::Retarget(id));
            plan.targets.push(Command::ClearTarget(id));
        }
    }

    /// Returns whether a stream is to be asked for anew in a moment.
    fn is_paused(&self, stream: u32) -> bool {
        let record = self.records.get(&stream);
        record.is_some_and(|record| record.is_paused)
    }

    /// The links from a stream to a sink that are ours to make: where there is nobody else to do so,
    /// or nobody has.
    fn own_links(&self, id: u32, sink: u32, plan: &mut Plan) -> Option<Vec<Ports>> {
        let foreign = plan.links.foreign(plan.registry, id);
        let foreign: Vec<u32> = foreign.map(|link| link.ports.input_node).collect();
        if !foreign.is_empty() {
            let is_there = foreign.iter().all(|&to| to == sink);
            return is_there.then(|| missing_links(id, sink, plan)).flatten();
        }
        let registry = &*plan.registry;
        let is_bare = registry.infos.get(&id);
        let is_bare = is_bare.is_some_and(|info| info.outputs == 0);
        if plan.round.is_alone || is_bare && plan.round.expired(Timeout::Ports(id)) {
            match registry.side(sink, Direction::Input) {
                Some(inputs) => {
                    let direction = Direction::Output;
                    plan.ports
                        .configure(registry, id, direction, inputs.layout, plan.round);
                }
                None => plan.ports.configure_card(registry, sink, plan.round),
            }
        }
        let links = registry.pairs(id, sink);
        if links.is_empty() {
            return None;
        }
        let record = self.records.get(&id);
        let is_linked = record.is_some_and(|record| record.linked_to == Some(sink));
        let is_ours_to_do =
            !registry.is_managed() || is_linked || plan.round.expired(Timeout::Link(id));
        is_ours_to_do.then_some(links)
    }

    /// Removes, in the first round, the targets that name sinks of a mixd that was killed.
    fn remove_stale_targets(&mut self, plan: &mut Plan) {
        if std::mem::replace(&mut self.are_stale_targets_removed, true) {
            return;
        }
        let registry = &mut *plan.registry;
        let is_number = |object: &str| object.parse::<u64>().is_ok();
        let is_stale = |object: &str| {
            channel_of_name(object).is_some()
                || is_number(object) && registry.find(object).is_none()
        };
        let targets = registry.targets.iter();
        let targets = targets.filter_map(|(&id, keys)| Some((id, keys.object.as_deref()?)));
        let stale = targets.filter(|(_, object)| is_stale(object));
        let stale: Vec<(u32, bool)> = stale.map(|(id, object)| (id, is_number(object))).collect();
        for (stream, is_number) in stale {
            // By number mixd sends what is its own to send.
            if is_number && registry.nodes().contains_key(&stream) {
                self.records.entry(stream).or_default().was_routed = true;
            }
            registry.set_target(stream, Some(TARGET_OBJECT), None);
            plan.targets.push(Command::ClearTarget(stream));
            if registry.has_stale_target_node(stream) {
                registry.set_target(stream, Some(TARGET_NODE), None);
                plan.targets.push(Command::ClearTargetNode(stream));
            }
        }
    }

    /// Takes back, at the end, what sends streams to our sinks.
    pub fn release_all(&self, registry: &Registry) -> Vec<Command> {
        let seen = registry.targets.keys().copied();
        let mut ids: BTreeSet<u32> = seen
            .filter(|&id| registry.target(id).channel().is_some())
            .collect();
        ids.extend(self.requested());
        let released = ids.into_iter().flat_map(|id| self.release(registry, id));
        released.collect()
    }

    /// Takes back what sends a stream to one of our sinks.
    fn release(&self, registry: &Registry, stream: u32) -> Vec<Command> {
        let own = registry.own_target(stream);
        let is_default = matches!(own, Target::Elsewhere(sink) if registry.is_default(sink));
        // It would go to the sink that its own node names, which was the default one when it was routed.
        if self.was_routed(stream) && own.is_chosen() && !is_default {
            return vec![Command::FollowDefault(stream), Command::ClearTarget(stream)];
        }
        let mut commands = vec![Command::ClearTarget(stream)];
        if registry.has_stale_target_node(stream) || registry.may_have_untold_node(stream) {
            commands.push(Command::ClearTargetNode(stream));
        }
        commands
    }
}

/// What the plans for the streams depend on, and what they are.
pub struct Plan<'a, 'r> {
    /// What PipeWire has. A target counts as removed as soon as that has been asked for: PipeWire may
    /// never show it.
    pub registry: &'a mut Registry,
    /// The links of ours.
    pub links: &'a Links,
    /// Our own sinks.
    pub sinks: &'a Sinks,
    /// The rules.
    pub rules: &'a Rules,
    /// The node of each channel's sink to which streams can be sent.
    pub ready: &'a BTreeMap<Channel, u32>,
    /// The nodes whose ports were configured.
    pub ports: &'a mut ConfiguredPorts,
    /// The round.
    pub round: &'a mut Round<'r>,
    /// The links that are wanted.
    pub wanted: &'a mut BTreeSet<Ports>,
    /// The commands to the session manager, which come after the links.
    pub targets: Vec<Command>,
}

/// The links of a stream, others of which somebody else has made, that are ours to make: those of the
/// ports that these leave without, once that has lasted.
fn missing_links(id: u32, sink: u32, plan: &mut Plan) -> Option<Vec<Ports>> {
    let links = plan.links;
    let missing = plan
        .registry
        .missing(id, sink, |ports| !links.is_ours(ports));
    if missing.is_empty() {
        return None;
    }
    let are_requested = missing.iter().all(|ports| links.is_requested(ports));
    (are_requested || plan.round.expired(Timeout::Complete(id))).then_some(missing)
}

/// Returns whether somebody has chosen a sink that is there or may come back, or the default one: `-1` is
/// what pipewire-pulse writes when a mixer moves a stream there.
fn is_wish(object: Option<&str>, target: Target) -> bool {
    target != Target::Anywhere || object == Some("-1")
}
