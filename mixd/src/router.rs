//! What PipeWire has, and what it should have: a pure model. Events go in as they come, in any order;
//! [`Router::reconcile`] returns the commands that lead from the one to the other, each of them once.
//!
//! Streams are moved by asking the session manager (`target.object` in the metadata `default`),
//! never by touching links that are not ours. Where there is no session manager, or where it
//! leaves a stream without any link, the router links it itself.

mod event;
mod filters;
mod layout;
mod levels;
mod links;
mod manager;
mod matching;
mod moving;
mod other_mixd;
mod output;
mod ports;
mod quantum;
mod quirks;
mod reason;
mod registry;
pub mod simulation;
mod sinks;
mod spa_json;
mod state;
mod streams;
mod target;
mod timeouts;

use std::ops::{Index, IndexMut};
use std::time::{Duration, Instant};

use wire::message::{ClientName, NodeName, Sentence};
use wire::{Audio, Channel, Diagnosis, PipeWireState, SinkUser, Stream, StreamDetail, Warning};

pub use self::event::{Command, Event, Info, Level, MetadataOwner, Ports, Process, Props, Sink};
pub use self::layout::{Layout, MAX_CHANNELS};
use self::levels::Levels;
use self::links::Links;
use self::manager::SessionManager;
pub use self::matching::Match;
pub use self::moving::{PlannedMove, no_stream};
pub use self::other_mixd::INSTANCE;
use self::other_mixd::OtherMixd;
use self::output::Outputs;
pub use self::output::{Output, Preference};
use self::ports::ConfiguredPorts;
pub use self::registry::{DEFAULT_SINK, Direction, TARGET_NODE, TARGET_OBJECT};
use self::registry::{Link, Node, Registry};
use self::sinks::Sinks;
use self::state::{Inputs, State};
use self::streams::{Plan, Streams};
pub use self::timeouts::MAX_ATTEMPTS;
use self::timeouts::{Round, Timeout, Timeouts};
use crate::rules::Rules;
use crate::rules::name::shown;
use crate::sorted::{SortedMap, SortedSet};

/// Both channels.
pub const CHANNELS: [Channel; 2] = [Channel::Default, Channel::Aux];

/// Something of each channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByChannel<T> {
    default: T,
    aux: T,
}

impl<T> Index<Channel> for ByChannel<T> {
    type Output = T;

    fn index(&self, channel: Channel) -> &T {
        match channel {
            Channel::Default => &self.default,
            Channel::Aux => &self.aux,
        }
    }
}

impl<T> IndexMut<Channel> for ByChannel<T> {
    fn index_mut(&mut self, channel: Channel) -> &mut T {
        match channel {
            Channel::Default => &mut self.default,
            Channel::Aux => &mut self.aux,
        }
    }
}

/// The `node.name` of a channel's sink.
pub fn sink_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Default => "mixd-default",
        Channel::Aux => "mixd-aux",
    }
}

/// The channel whose sink has this `node.name`.
pub fn channel_of_name(name: &str) -> Option<Channel> {
    CHANNELS
        .into_iter()
        .find(|&channel| sink_name(channel) == name)
}

/// Returns whether the router needs the info event of a node with these properties: it does of streams, about
/// which their other properties decide, of sinks, whose ports are counted, of nodes that sound may pass
/// through, and of anything else that may be linked to a sink, such as JACK clients, which have no class.
pub fn wants_info(props: &Props) -> bool {
    props.get("media.class").is_none_or(|class| {
        class.is_empty()
            || class.starts_with("Audio/")
            || ["Stream/Output/Audio", "Stream/Input/Audio"].contains(&&**class)
    })
}

/// The model: a registry of what PipeWire has, and parts that each own what they have asked for and plan from
/// the registry.
#[derive(Debug, Default)]
pub struct Router {
    registry: Registry,
    other_mixd: OtherMixd,
    manager: SessionManager,
    outputs: Outputs,
    sinks: Sinks,
    levels: Levels,
    links: Links,
    streams: Streams,
    ports: ConfiguredPorts,
    timeouts: Timeouts,
    /// The duration of the quantum, until something comes or goes.
    quantum: Option<Duration>,
    is_shut_down: bool,
}

impl Router {
    /// Creates a router that knows nothing yet, and plays each channel to the first sink of its preferences
    /// that is there.
    pub fn new(preferences: ByChannel<Vec<Preference>>) -> Self {
        Self {
            outputs: Outputs::new(preferences),
            ..Self::default()
        }
    }

    /// Plays each channel to the first sink of its preferences that is there, from now on.
    pub fn set_preferences(&mut self, preferences: ByChannel<Vec<Preference>>) {
        self.outputs.set_preferences(preferences);
    }

    /// Sets the value of [`INSTANCE`] that all of our connections have.
    pub fn set_instance(&mut self, instance: String) {
        self.other_mixd.instance = Some(instance);
    }

    /// Has these streams follow the list, wherever they were moved before.
    pub fn follow_list(&mut self, streams: &[u32]) {
        self.streams.follow_list(streams);
    }

    /// Takes in an event.
    pub fn handle(&mut self, event: Event) {
        match event {
            Event::Level(sink, level) => return self.levels.tell(sink, level),
            Event::LevelsSet(factors) => return self.levels.set(factors),
            _ => self.quantum = None,
        }
        self.forget_matches(&event);
        let Self {
            registry,
            manager,
            links,
            streams,
            ..
        } = self;
        match event {
            Event::Node(id, props) => {
                registry.add_node(id, &props);
                if registry.is_complete && registry.is_card(id) {
                    manager.note_change(&mut self.timeouts);
                }
                if registry.is_stream(id) {
                    // A new stream is worth another attempt at links that were given up.
                    links.allow_retry();
                }
            }
            Event::Info(id, info) => registry.add_info(id, info),
            Event::Port(id, props) => {
                // A sink has its ports from the session manager, if not from us.
                let node = registry.add_port(id, &props);
                let node = node.filter(|&node| registry.is_sink(node) && !self.ports.has(node));
                if node.is_some() && registry.is_managed() {
                    streams.note_active();
                }
            }
            Event::Link(id, props) => {
                if let Some(&Link { ports, client }) = registry.add_link(id, &props) {
                    links.note_made(&ports);
                    if client.is_some() && client == registry.owner.manager() {
                        streams.note_active();
                    }
                }
            }
            Event::LinkFailed(ports) => self.lose_link(ports, true),
            Event::LinkRefused(ports) => links.note_refused(ports),
            Event::LinkNeverMade(ports) => links.note_never_made(&ports),
            Event::Client(id, props) => registry.add_client(id, props),
            Event::ClientInfo(id, props) => registry.add_client_info(id, props),
            Event::Process(pid, process) => registry.processes.set(pid, process),
            Event::Removed(id) => self.remove(id),
            Event::SinkCreated(sink, node) => self.sinks.note_created(sink, node),
            Event::SinkRefused(sink) => self.sinks.note_refused(sink),
            Event::Level(..) | Event::LevelsSet(_) => {}
            Event::Metadata(owner) => self.set_owner(owner),
            Event::MetadataKey {
                subject: 0,
                key,
                value,
            } => {
                registry.set_default(key.as_deref(), value.as_deref());
                streams.note_active();
            }
            Event::MetadataKey {
                subject,
                key,
                value,
            } => {
                manager.note_told(subject);
                let before = registry.targets.get(&subject).cloned();
                registry.set_target(subject, key.as_deref(), value);
                // PipeWire tells all of it once more when somebody else binds the metadata, too.
                if registry.targets.get(&subject) != before.as_ref() {
                    streams.note_target(registry, subject, manager.is_refreshing());
                }
                streams.note_active();
            }
            Event::Refreshed => manager.finish_refresh(registry, streams, &mut self.timeouts),
            Event::FilterMetadata(is_there) => registry.set_filters(is_there),
            Event::FilterKey { node, key, value } => registry.set_filter_key(node, key, value),
            Event::Setting(key, value) => registry.set_setting(key, value),
            Event::Version(version) => registry.version = Some(version),
            Event::Listed => registry.is_complete = true,
        }
    }

    /// Forgets which rule matches the streams whose properties an event changes.
    fn forget_matches(&mut self, event: &Event) {
        let registry = &self.registry;
        let changed: Vec<u32> = match *event {
            Event::Node(id, _) | Event::Info(id, Info { props: Some(_), .. }) => vec![id],
            Event::Client(id, _) | Event::ClientInfo(id, _) | Event::Removed(id) => {
                registry.nodes_of(id).collect()
            }
            Event::Process(pid, _) => registry.nodes_of_process(pid).collect(),
            _ => return,
        };
        for id in changed {
            self.streams.forget_match(id);
        }
    }

    fn set_owner(&mut self, owner: MetadataOwner) {
        let is_initial = !self.registry.is_complete;
        self.manager
            .note_owner(owner, is_initial, &mut self.timeouts);
        // A session manager removes links while it sets up: no reason to give them up.
        self.links.reset_retries();
        self.registry.owner = owner;
        if owner == MetadataOwner::None {
            self.registry.forget_metadata();
        }
        if owner.manager().is_none() {
            self.streams.forget_requests(owner.client().is_none());
        }
    }

    fn remove(&mut self, id: u32) {
        if self.registry.is_card(id) {
            self.manager.note_change(&mut self.timeouts);
        }
        if self.registry.is_tool(id) {
            self.manager.note_tool_gone();
        }
        self.outputs.forget(id);
        self.sinks.note_removed(id);
        self.streams.remove(id);
        self.ports.forget(id);
        self.links.forget_port(id);
        if let Some(ports) = self.registry.remove(id) {
            self.lose_link(ports, false);
        }
    }

    /// Takes in that a link has gone or, where it `is_there`, has failed and carries nothing.
    fn lose_link(&mut self, ports: Ports, is_there: bool) {
        // What a session manager removes while it sets up does not count: 0.5 gives streams new ports.
        let relinks = Links::relinks(&self.sinks, &ports);
        let relinks = (!self.manager.is_starting).then_some(relinks);
        if self.links.note_lost(ports, is_there, relinks) {
            self.timeouts.forget(Timeout::RetryLink(ports));
            self.timeouts.forget(Timeout::LinkStable(ports));
        }
    }

    /// Plans a round. Returns the commands, each of them once: the caller carries all of them out, in this
    /// order.
    pub fn reconcile(&mut self, rules: &Rules, now: Instant) -> Vec<Command> {
        if self.is_shut_down || !self.registry.is_complete {
            return Vec::new();
        }
        let Self {
            registry,
            other_mixd,
            manager,
            outputs,
            sinks,
            levels,
            links,
            streams,
            ports,
            ..
        } = self;
        let mut round = Round::new(&mut self.timeouts, now);
        if other_mixd.is_awaited(registry, &mut round) {
            return round.end();
        }
        manager.begin_round(registry, &mut round);
        links.expire_retries(&mut round);
        registry.inspect_processes(&mut round);
        outputs.remove_copies(registry, sinks.created_so_far(), &mut round);
        for channel in outputs.choose(registry) {
            links.reset_retries_of(sinks, channel);
        }
        sinks.plan(registry, outputs, ports, &mut round);
        levels.plan(sinks, &mut round);
        links.find_unlinked_sinks(registry, sinks);
        // A sink with nothing behind it stalls its players: streams come after the monitors.
        let mut wanted = sinks.monitor_links(registry);
        let ready = sinks.ready(registry, outputs, &wanted);
        streams.set_rules(registry, rules);
        let mut plan = Plan {
            registry,
            links,
            sinks,
            rules,
            ready: &ready,
            ports,
            round: &mut round,
            wanted: &mut wanted,
            targets: Vec::new(),
        };
        streams.plan(&mut plan);
        let targets = plan.targets;
        let inputs = Inputs {
            registry,
            links,
            sinks,
            streams,
        };
        manager.plan(&inputs, &mut round);
        let superfluous = sinks.superfluous(registry, streams, &ready, &wanted, &mut round);
        for &node in &superfluous {
            links.forget_node(node);
        }
        wanted.retain(|ports| !superfluous.contains(&ports.output_node));
        if manager.may_suspend(registry, &mut round) {
            wanted.clear();
        }
        links.reconcile(&wanted, &mut round);
        round.commands.extend(targets);
        sinks.destroy(&superfluous, &mut round);
        round.end()
    }

    /// Returns when to call [`reconcile`](Self::reconcile) again if no event comes before.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        self.timeouts.deadline(now)
    }

    /// Returns whether the levels of our sinks differ from those that were set, so that a round is needed.
    pub fn do_levels_differ(&self) -> bool {
        self.levels.differ()
    }

    /// Returns whether a link of ours is still wanted, as far as is known.
    pub fn has_link(&self, ports: &Ports) -> bool {
        self.links.has(ports)
    }

    /// Returns whether the ports that a link would link are there.
    pub fn has_ports(&self, ports: &Ports) -> bool {
        self.registry.has_port(ports.output) && self.registry.has_port(ports.input)
    }

    /// Returns whether a link leads from a sink of ours to the output.
    pub fn is_monitor(&self, ports: &Ports) -> bool {
        self.sinks.channel(ports.output_node).is_some()
    }

    /// Returns whether a sink of ours is still wanted, as far as is known.
    pub fn has_sink(&self, sink: Sink) -> bool {
        self.sinks.has(sink)
    }

    /// Returns whether PipeWire has yet to create a sink of ours.
    pub fn awaits_sink(&self, sink: Sink) -> bool {
        self.sinks.is_awaited(sink)
    }

    /// Returns whether a new sink for this channel starts muted.
    pub fn is_muted(&self, channel: Channel) -> bool {
        self.levels.is_muted(channel)
    }

    /// Returns the properties that our sinks need besides the usual ones.
    pub fn sink_properties(&self) -> &'static [(&'static str, &'static str)] {
        self.registry.sink_properties()
    }

    /// Returns the longest duration of a quantum at which a sink of ours and its output run; rather too long
    /// than too short where it is not known. Each output may have a driver of its own.
    pub fn quantum(&mut self) -> Duration {
        *self.quantum.get_or_insert_with(|| {
            let quanta = CHANNELS.map(|channel| {
                let sinks = self.sinks.nodes_of(channel);
                quantum::quantum(&self.registry, sinks.chain(self.outputs.of(channel).node()))
            });
            quanta[0].max(quanta[1])
        })
    }

    /// Returns what has been told and done so far, to read: the state of a stream follows from it.
    pub fn inputs(&self) -> Inputs<'_> {
        Inputs {
            registry: &self.registry,
            links: &self.links,
            sinks: &self.sinks,
            streams: &self.streams,
        }
    }

    /// Returns the state of a stream as of the last round, or as the rules that have changed since make it.
    fn state(&self, id: u32, rules: &Rules) -> Option<State> {
        let kept = self.streams.states().get(&id)?;
        if self.streams.has_rules(rules) {
            return Some(kept.clone());
        }
        let matched = Match::find(&self.registry, id, rules);
        let state = self.inputs().state(id, matched);
        let missed = kept.missed.filter(|_| state.target == kept.target);
        Some(State { missed, ..state })
    }

    /// Returns the node of each channel's sink to which streams can be sent.
    pub fn ready_sinks(&self) -> SortedMap<Channel, u32> {
        let monitors = self.sinks.monitor_links(&self.registry);
        self.sinks.ready(&self.registry, &self.outputs, &monitors)
    }

    /// Returns what a channel plays to.
    pub fn output(&self, channel: Channel) -> &Output {
        self.outputs.of(channel)
    }

    /// Returns the message to clients, as of the last round.
    pub fn audio(&self) -> Audio {
        let states = self.streams.states().iter();
        let output = |channel| {
            let card = self.outputs.of(channel).card()?;
            let node = self.registry.nodes().get(&card)?;
            Some(wire::Output {
                name: shown(&node.name),
                description: described(node),
            })
        };
        let outputs = wire::Outputs {
            aux: output(Channel::Aux),
            default: output(Channel::Default),
        };
        let has_card = outputs.aux.or(outputs.default).is_some();
        // Refused or removed, they are missing though PipeWire is there.
        let is_up =
            |&channel: &Channel| self.sinks.is_created(channel) || self.sinks.is_refused(channel);
        Audio {
            omitted: 0,
            outputs: Box::new(outputs),
            streams: states
                .map(|(&id, state)| self.registry.to_message(id, state))
                .collect(),
            pipewire: match self.sinks.are_given_up() || CHANNELS.iter().all(is_up) {
                true => PipeWireState::Up,
                false => PipeWireState::Down,
            },
            warnings: self.warnings(has_card),
        }
    }

    fn warnings(&self, has_card: bool) -> Vec<Warning> {
        let registry = &self.registry;
        let default = registry.default_sink.as_deref();
        let is_own = default.is_some_and(|name| channel_of_name(name).is_some());
        let led_back = self.outputs.led_back(registry).into_iter();
        let led_back = led_back.map(|id| shown(registry.name(id)));
        let are_links_removed = self.links.are_monitors_given_up(&self.sinks);
        let of_outputs = [
            // Without a card there is nothing to choose instead.
            (registry.is_managed() && is_own && has_card).then_some(Warning::OwnSinkIsDefault),
            self.outputs.are_missing().then_some(Warning::OutputMissing),
        ];
        let of_others = [
            self.sinks.are_given_up().then_some(Warning::SinksRemoved),
            are_links_removed.then_some(Warning::LinksRemoved),
            registry
                .is_manager_hanging()
                .then_some(Warning::ManagerHangs),
            registry
                .is_moving_forbidden()
                .then_some(Warning::MovingForbidden),
        ];
        let of_outputs = of_outputs.into_iter().flatten();
        of_outputs
            .chain(led_back.map(Warning::LeadsBack))
            .chain(of_others.into_iter().flatten())
            .chain(self.levels.warnings())
            .collect()
    }

    /// Returns the sinks that can be played to, and which channels play to each.
    pub fn list_sinks(&self) -> Vec<wire::Sink> {
        let cards = self.registry.cards().map(|(id, node)| {
            let users = CHANNELS.into_iter().filter_map(|channel| {
                let output = self.outputs.of(channel);
                let line = output.chosen_by();
                (output.card() == Some(id)).then(|| SinkUser {
                    line: line.map(|it| Sentence::truncated(&it.line)),
                    channel,
                })
            });
            wire::Sink {
                name: shown(&node.name),
                users: users.collect(),
                description: described(node),
            }
        });
        cards.collect()
    }

    /// Returns whether a glob names a sink that can be played to.
    pub fn has_card(&self, glob: &str) -> bool {
        !self.registry.matching_cards(glob).is_empty()
    }

    /// Returns the streams that another program list would move, as they would be after it.
    pub fn moved(&self, now: &Rules, then: &Rules) -> Vec<Stream> {
        let moved = self.streams.states().keys().filter_map(|&id| {
            let before = self.state(id, now)?;
            let matched = Match::find(&self.registry, id, then);
            if before.matched.channel() == matched.channel() {
                return None;
            }
            let after = self.inputs().changed_state(id, matched);
            let is_ignored = |state: &State| state.state() == wire::StreamState::Ignored;
            let is_moved =
                before.channel != after.channel || is_ignored(&before) != is_ignored(&after);
            is_moved.then(|| self.registry.to_message(id, &after))
        });
        moved.collect()
    }

    /// Returns everything that decides about a stream, with as many of its properties as fit into `room`
    /// bytes.
    pub fn detail(&self, id: u32, rules: &Rules, room: usize) -> Option<StreamDetail> {
        let state = self.state(id, rules)?;
        let reason = self.inputs().reason(id, &state);
        Some(self.registry.detail(id, &state, reason.as_ref(), room))
    }

    /// Returns the answer to `mixctl doctor`.
    pub fn diagnosis(&self) -> Diagnosis {
        let registry = &self.registry;
        let nodes = registry.nodes().iter();
        // Without those that others have replaced, which go in a moment.
        let ours = nodes.filter(|(id, _)| {
            registry.is_sink(**id)
                && registry.channel(**id).is_some()
                && !self.sinks.is_replaced(**id)
        });
        let is_missing = |target: &&registry::TargetKeys| {
            let object = target.object.as_deref();
            object.is_some_and(|object| !matches!(object, "-1") && registry.find(object).is_none())
        };
        let stale = registry.targets.values().filter(is_missing).count();
        Diagnosis {
            sinks: ours.map(|(_, node)| shown(&node.name)).collect(),
            stale: u32::try_from(stale).unwrap_or(u32::MAX),
            manager: registry.owner.client().map(|client| {
                let name = registry.client(client).unwrap_or("a session manager");
                ClientName::truncated(name)
            }),
            pipewire: registry.version.as_deref().map(ClientName::truncated),
            ..Diagnosis::default()
        }
    }

    /// Returns the sentence that says why mixd can't run on this PipeWire, if it can't.
    pub fn refusal(&self) -> Option<String> {
        self.other_mixd.refusal(&self.registry)
    }

    /// Ends the planning. Returns the commands that undo every target that names one of our sinks, and every
    /// link from a stream that is ours. The monitors' links stay, so that what plays is heard to the last.
    pub fn shutdown(&mut self) -> Vec<Command> {
        self.is_shut_down = true;
        let mut commands = self.streams.release_all(&self.registry);
        let monitors = self.links.iter().filter(|ports| self.is_monitor(ports));
        let monitors: SortedSet<Ports> = monitors.copied().collect();
        self.links.unlink_others(&monitors, &mut commands);
        commands
    }

    /// Returns whether the session manager pauses the media players whose sink goes.
    pub fn pauses_players(&self) -> bool {
        self.registry.pauses_players()
    }

    /// Returns whether nothing plays into our sinks.
    pub fn is_drained(&self) -> bool {
        let mut nodes = self.sinks.nodes();
        !nodes.any(|(_, node, _)| self.registry.is_fed(node))
    }
}

/// A node's name for people, if it has one.
fn described(node: &Node) -> Option<NodeName> {
    let description = &node.description;
    (!description.is_empty()).then(|| shown(description))
}

#[cfg(test)]
mod tests;
