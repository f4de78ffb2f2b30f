//! The programs' streams: plans what to do with each. Streams are moved by asking the session manager; the
//! router links those of which there is none, or which it leaves without links.

mod record;

use wire::{Channel, StreamState};

pub use self::record::Choice;
use self::record::{Record, Request};
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
use crate::sorted::{SortedMap, SortedSet};

/// How often a stream may be moved away from its channel before it is left where it is moved to.
pub const MAX_MOVES: u8 = 2;

/// How often a stream that a session manager has linked twice is paused, to be asked for anew.
const MAX_PAUSES: u8 = 2;

/// The programs' streams.
#[derive(Debug, Default)]
pub struct Streams {
    records: SortedMap<u32, Record>,
    /// The state of all that makes sound, as of the last round.
    states: SortedMap<u32, State>,
    /// The rule that matches each, until its properties or the rules change.
    matches: SortedMap<u32, Match>,
    /// The rules of the last round.
    rules: Option<Rules>,
    /// The streams that were asked for since the session manager has last shown, by a link or a key, that
    /// it is alive.
    awaiting_activity: SortedSet<u32>,
    /// The targets that a mixd that was killed has left in the metadata have been removed.
    are_stale_targets_removed: bool,
}

impl Streams {
    /// Forgets a node that has gone: a stream, or a sink that streams were asked to go to.
    pub fn remove(&mut self, id: u32) {
        self.records.remove(&id);
        self.states.remove(&id);
        self.matches.remove(&id);
        self.awaiting_activity.remove(&id);
        for record in self.records.values_mut() {
            if matches!(record.request, Request::Route { sink, .. } if sink == id) {
                record.request = Request::None;
            }
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
            record.forget_request(is_gone);
        }
    }

    /// Takes in the target that the metadata shows for a stream: as that was set or, where the metadata
    /// `is_refreshing`, at some time before.
    pub fn note_target(&mut self, registry: &Registry, stream: u32, is_refreshing: bool) {
        if let Some(record) = self.records.get_mut(&stream) {
            record.note_target(registry, stream, is_refreshing);
        }
    }

    /// Takes the target that was set last for one that the metadata has, shown or not.
    pub fn acknowledge(&mut self, registry: &Registry, stream: u32, serial: u64) {
        if let Some(record) = self.records.get_mut(&stream) {
            record.acknowledge(registry, stream, serial);
        }
    }

    /// Takes in that all of the metadata has been read again.
    pub fn note_refreshed(&mut self) {
        for record in self.records.values_mut() {
            record.note_settled();
        }
    }

    /// Takes in that the session manager has done something.
    pub fn note_active(&mut self) {
        self.awaiting_activity.clear();
    }

    /// The streams whose target was set and has not been shown, with the serials that were set, where the
    /// session manager has done something since: one that hangs must not be asked anything, because PipeWire
    /// serves no client that waits for its answer.
    pub fn unacknowledged(&self) -> impl Iterator<Item = (u32, u64)> {
        let heard = self.heard().filter(|(_, record)| record.is_requested());
        heard.filter_map(|(id, record)| Some((id, record.unacknowledged?)))
    }

    /// The streams that are missing from the channels that were asked for, of which somebody may have
    /// chosen another sink without our being told.
    pub fn misplaced(&self) -> impl Iterator<Item = (u32, Channel)> {
        let missed = self.heard().filter(|&(id, _)| self.has_missed(id));
        missed.filter_map(|(id, record)| match record.request {
            Request::Route { channel, .. } => Some((id, channel)),
            Request::None | Request::Pause => None,
        })
    }

    /// Returns whether a stream does not play where it is sent, as of the last round.
    pub fn has_missed(&self, stream: u32) -> bool {
        let state = self.states.get(&stream);
        state.is_some_and(|state| state.missed.is_some())
    }

    /// The streams since whose last request the session manager has done something.
    fn heard(&self) -> impl Iterator<Item = (u32, &Record)> {
        let records = self.records.iter().map(|(&id, record)| (id, record));
        records.filter(|(id, _)| !self.awaiting_activity.contains(id))
    }

    /// Returns who has chosen a stream's sink last.
    pub fn choice(&self, stream: u32) -> Choice {
        let record = self.records.get(&stream);
        record.map(|record| record.choice).unwrap_or_default()
    }

    /// Returns how often a stream has been moved away from its channel.
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
            self.records.get_or_default(id).follow_list();
        }
    }

    /// The streams that were asked for.
    pub fn requested(&self) -> impl Iterator<Item = u32> {
        let records = self.records.iter();
        let requested = records.filter(|(_, record)| record.is_requested());
        requested.map(|(&id, _)| id)
    }

    /// Returns whether a stream was asked for.
    pub fn is_requested(&self, stream: u32) -> bool {
        self.records.get(&stream).is_some_and(Record::is_requested)
    }

    /// Returns whether any stream was asked to go to this node.
    pub fn is_requested_for(&self, node: u32) -> bool {
        let mut requests = self.records.values().map(|record| record.request);
        requests.any(|request| matches!(request, Request::Route { sink, .. } if sink == node))
    }

    /// The state of all that makes sound, by id.
    pub fn states(&self) -> &SortedMap<u32, State> {
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

    /// Finds the state of all that makes sound, and plans what follows from it.
    pub fn plan(&mut self, plan: &mut Plan) {
        self.remove_stale_targets(plan);
        let mut states = SortedMap::new();
        for id in plan.registry.sounds().collect::<Vec<u32>>() {
            let matched = self.matches.get(&id).copied();
            let matched = matched.unwrap_or_else(|| Match::find(plan.registry, id, plan.rules));
            self.matches.insert(id, matched);
            let mut state = self.inputs(plan).state(id, matched);
            if plan.registry.is_stream(id) {
                let is_missed = self.is_missed(id, &state, plan);
                self.note_state(id, &state);
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
    fn note_state(&mut self, id: u32, state: &State) {
        let record = self.records.get_or_default(id);
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
            // No session manager does so.
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
        let record = self.records.get_or_default(id);
        record.linked_to = links.as_ref().and(sink);
        plan.wanted.extend(links.unwrap_or_default());
    }

    /// Notes whether the session manager has linked a stream to a sink: to the one that was asked for, if
    /// one was. One that it has linked elsewhere first, it has sent there from memory.
    fn note_played(&mut self, id: u32, registry: &Registry) {
        let record = self.records.get_or_default(id);
        let manager = registry.owner.client();
        let has_played = manager.is_some()
            && registry.links_from(id).any(|link| {
                let to = link.ports.input_node;
                let is_asked = match record.request {
                    Request::Route { sink, .. } => sink == to,
                    Request::None | Request::Pause => true,
                };
                link.client == manager && registry.is_sink(to) && is_asked
            });
        if has_played {
            record.note_played();
        }
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
            let record = self.records.get_or_default(id);
            (record.request, record.unacknowledged) = (Request::None, None);
        }
    }

    /// Asks the session manager to send a stream to a sink, unless that has been done.
    fn request(&mut self, stream: u32, state: &State, sink: u32, is_missed: bool, plan: &mut Plan) {
        let node = plan.registry.nodes().get(&sink);
        let Some(serial) = node.and_then(|node| node.serial) else {
            return;
        };
        let record = self.records.get_or_default(stream);
        record.was_routed |= state.planned == StreamState::Routed;
        if matches!(record.request, Request::Route { sink: before, .. } if before == sink) {
            return;
        }
        let channel = state.channel;
        record.request = Request::Route { channel, sink };
        if is_missed {
            // It is missed by an earlier request.
            plan.round.restart(Timeout::Complete(stream));
        }
        let object = plan.registry.target_object(stream);
        // Already there, and to stay: setting it again would make no event.
        let is_set = record.unacknowledged.is_none() && object == Some(&*serial.to_string());
        if !is_set {
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
                self.records.get_or_default(id).request = Request::None;
            }
            return;
        }
        let Some(Defect::LinkedTwice(client, _)) = self.inputs(plan).defect(id, channel) else {
            return;
        };
        let is_managers = client.is_some() && client == plan.registry.owner.manager();
        let record = self.records.get_or_default(id);
        // A stream that has only just been sent to its channel may have both for a moment.
        let is_due = is_managers && is_missed && record.is_requested();
        if is_due && record.pauses < MAX_PAUSES {
            record.pauses += 1;
            (record.request, record.unacknowledged) = (Request::Pause, None);
            // Not from the pause before, which may have ended in the round before this one.
            plan.round.restart(Timeout::Retarget(id));
            plan.targets.push(Command::ClearTarget(id));
        }
    }

    /// Returns whether a stream is paused, and asked for anew in a moment.
    fn is_paused(&self, stream: u32) -> bool {
        let record = self.records.get(&stream);
        record.is_some_and(|record| record.request == Request::Pause)
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
                    let (direction, layout) = (Direction::Output, inputs.layout.clone());
                    plan.ports
                        .configure(registry, id, direction, layout, plan.round);
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
        let targets = registry.targets.keys();
        let targets = targets.filter_map(|&id| Some((id, registry.target_object(id)?)));
        let stale = targets.filter(|(_, object)| is_stale(object));
        let stale: Vec<(u32, bool)> = stale.map(|(id, object)| (id, is_number(object))).collect();
        for (stream, is_number) in stale {
            // By number mixd sends what is its own to send.
            if is_number && registry.nodes().contains_key(&stream) {
                self.records.get_or_default(stream).was_routed = true;
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
        let mut ids: SortedSet<u32> = seen
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

/// The inputs of the plan for the streams, and the plan.
pub struct Plan<'a, 'r> {
    /// The objects that PipeWire has. A target counts as removed as soon as that has been asked for: PipeWire may
    /// never show it.
    pub registry: &'a mut Registry,
    /// The links of ours.
    pub links: &'a Links,
    /// Our own sinks.
    pub sinks: &'a Sinks,
    /// The rules.
    pub rules: &'a Rules,
    /// The node of each channel's sink to which streams can be sent.
    pub ready: &'a SortedMap<Channel, u32>,
    /// The nodes whose ports were configured.
    pub ports: &'a mut ConfiguredPorts,
    /// The round.
    pub round: &'a mut Round<'r>,
    /// The links that are wanted.
    pub wanted: &'a mut SortedSet<Ports>,
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
