//! What PipeWire has, and what it should have: a pure model. Facts go in as they come, in any
//! order; [`Graph::settle`] says what is to be done to get from the one to the other, once each.
//!
//! Streams are moved by asking the session manager (`target.object` in the metadata `default`),
//! never by touching links that are not ours.

use std::collections::{BTreeMap, BTreeSet};

use wire::message::NodeName;
use wire::{Audio, Channel, PipeWireState, Stream, StreamState};

use crate::rules::Rules;

/// The properties of an object in PipeWire.
pub type Props = BTreeMap<String, String>;

/// The metadata key by which a stream's sink is chosen (pipewire/keys.h: `PW_KEY_TARGET_OBJECT`).
pub const TARGET_OBJECT: &str = "target.object";
/// Its older form, whose value is a node's id.
pub const TARGET_NODE: &str = "target.node";
/// The metadata key, on subject 0, of the sink that sound goes to by default.
const DEFAULT_SINK: &str = "default.audio.sink";

/// How often a stream may be moved away from us before it is left where it is moved to.
pub const MAX_MOVES: u8 = 2;
/// How often one of our links may be taken away before it is not made again.
const MAX_RELINKS: u8 = 3;

/// Positions of ours, and what stands for them on cards with one channel and on those whose
/// profile ("pro audio") only counts its channels.
const SUBSTITUTES: [(&str, &str); 4] = [
    ("FL", "MONO"),
    ("FR", "MONO"),
    ("FL", "AUX0"),
    ("FR", "AUX1"),
];

/// The `node.name` of a channel's sink.
pub fn sink_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Default => "mixd-default",
        Channel::Aux => "mixd-aux",
    }
}

/// Both channels.
pub const CHANNELS: [Channel; 2] = [Channel::Default, Channel::Aux];

/// Something that has come to be so in PipeWire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A node is there, with the properties that the registry lists.
    Node(u32, Props),
    /// All properties of a node.
    NodeInfo(u32, Props),
    /// A port is there.
    Port(u32, Props),
    /// A link is there.
    Link(u32, Props),
    /// A client is there.
    Client(u32, Props),
    /// An object has gone.
    Removed(u32),
    /// The sink that we made for a channel has this id.
    Sink(Channel, u32),
    /// A key of the metadata `default` has this value now, or none. Without a key: all of the
    /// subject's keys have gone.
    Metadata {
        /// The object it is about; 0 for the defaults.
        subject: u32,
        /// The key.
        key: Option<String>,
        /// Its value.
        value: Option<String>,
    },
    /// The metadata `default` itself has gone: the session manager has ended.
    MetadataGone,
}

/// Something to be done in PipeWire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Set a stream's `target.object` to a channel's sink.
    Target(u32, Channel),
    /// Remove a stream's `target.object`.
    Clear(u32),
    /// Link an output port to an input port.
    Link(Ports),
    /// Undo that.
    Unlink(Ports),
}

/// An output port and the input port it feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports {
    /// The output port's node.
    pub output_node: u32,
    /// The output port.
    pub output: u32,
    /// The input port's node.
    pub input_node: u32,
    /// The input port.
    pub input: u32,
}

#[derive(Debug, Default)]
struct Node {
    class: String,
    name: String,
    serial: String,
    client: Option<u32>,
    /// All properties, once they are known; kept for streams only.
    info: Option<Props>,
}

#[derive(Debug)]
struct Port {
    node: u32,
    is_output: bool,
    is_monitor: bool,
    /// `audio.channel`: FL, FR, MONO, AUX0…
    position: String,
}

/// The two metadata keys that choose a stream's sink.
#[derive(Debug, Default)]
struct Target {
    object: Option<String>,
    node: Option<String>,
}

/// What we asked the session manager to do with a stream.
#[derive(Debug)]
struct Asked {
    channel: Channel,
    /// The metadata has shown it. What others set before counts for nothing.
    echoed: bool,
}

/// What PipeWire has, and what we have asked of it.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: BTreeMap<u32, Node>,
    ports: BTreeMap<u32, Port>,
    links: BTreeMap<u32, Ports>,
    /// `application.name` of the clients.
    clients: BTreeMap<u32, String>,
    targets: BTreeMap<u32, Target>,
    default_sink: Option<String>,
    sinks: BTreeMap<Channel, u32>,
    /// The card that both channels play to.
    card: Option<u32>,
    asked: BTreeMap<u32, Asked>,
    /// How often each stream has been moved away from us.
    moves: BTreeMap<u32, u8>,
    linked: BTreeSet<Ports>,
    relinks: BTreeMap<Ports, u8>,
    /// We are about to go: nothing is wished for any more.
    leaving: bool,
}

impl Graph {
    /// Whether all properties of a node of this `media.class` are to be fetched: they decide about
    /// streams, and only about streams.
    pub fn wants_info(props: &Props) -> bool {
        props
            .get("media.class")
            .is_some_and(|class| class == "Stream/Output/Audio")
    }

    /// Takes in a fact.
    pub fn learn(&mut self, fact: Fact) {
        match fact {
            Fact::Node(id, props) => {
                let node = Node {
                    class: text(&props, "media.class"),
                    name: text(&props, "node.name"),
                    serial: text(&props, "object.serial"),
                    client: number(&props, "client.id"),
                    info: None,
                };
                self.nodes.insert(id, node);
            }
            Fact::NodeInfo(id, props) => {
                if let Some(node) = self.nodes.get_mut(&id) {
                    node.info = Some(props);
                }
            }
            Fact::Port(id, props) => {
                let port = Port {
                    node: number(&props, "node.id").unwrap_or(u32::MAX),
                    is_output: text(&props, "port.direction") == "out",
                    is_monitor: text(&props, "port.monitor") == "true",
                    position: text(&props, "audio.channel"),
                };
                self.ports.insert(id, port);
            }
            Fact::Link(id, props) => {
                let end = |key| number(&props, key).unwrap_or(u32::MAX);
                let ports = Ports {
                    output_node: end("link.output.node"),
                    output: end("link.output.port"),
                    input_node: end("link.input.node"),
                    input: end("link.input.port"),
                };
                self.links.insert(id, ports);
            }
            Fact::Client(id, props) => {
                self.clients.insert(id, text(&props, "application.name"));
            }
            Fact::Removed(id) => self.forget(id),
            Fact::Sink(channel, id) => {
                self.sinks.insert(channel, id);
            }
            Fact::Metadata {
                subject: 0,
                key,
                value,
            } => match key.as_deref() {
                Some(DEFAULT_SINK) => self.default_sink = value.as_deref().and_then(name_in_json),
                None => self.default_sink = None,
                Some(_) => {}
            },
            Fact::Metadata {
                subject,
                key,
                value,
            } => self.note_target(subject, key.as_deref(), value),
            Fact::MetadataGone => {
                self.targets.clear();
                self.asked.clear();
                self.default_sink = None;
            }
        }
    }

    fn forget(&mut self, id: u32) {
        self.nodes.remove(&id);
        self.ports.remove(&id);
        self.clients.remove(&id);
        self.targets.remove(&id);
        self.asked.remove(&id);
        self.moves.remove(&id);
        self.sinks.retain(|_, sink| *sink != id);
        if let Some(ports) = self.links.remove(&id)
            && self.linked.remove(&ports)
        {
            *self.relinks.entry(ports).or_default() += 1;
        }
    }

    /// Somebody, perhaps we, has chosen a stream's sink.
    fn note_target(&mut self, stream: u32, key: Option<&str>, value: Option<String>) {
        let target = self.targets.entry(stream).or_default();
        match key {
            Some(TARGET_OBJECT) => target.object = value,
            Some(TARGET_NODE) => target.node = value,
            Some(_) => return,
            None => *target = Target::default(),
        }
        let Some(asked) = self.asked.get(&stream) else {
            return;
        };
        let place = self.place(stream);
        if place == Place::Ours(asked.channel) {
            self.asked
                .entry(stream)
                .and_modify(|asked| asked.echoed = true);
        } else if asked.echoed {
            // It was where we want it, and has been moved. To another card: the user's choice.
            // To our other sink or back to the default: once is an accident, twice is a rival.
            self.asked.remove(&stream);
            if place != Place::Elsewhere {
                *self.moves.entry(stream).or_default() += 1;
            }
        }
    }

    /// Where the metadata sends a stream.
    fn place(&self, stream: u32) -> Place {
        let Some(target) = self.targets.get(&stream) else {
            return Place::Anywhere;
        };
        // The session manager looks at the two keys in this order, and takes "-1" for "anywhere".
        let found = match (&target.object, &target.node) {
            (Some(object), _) => {
                if let Some(&ours) = CHANNELS
                    .iter()
                    .find(|&&channel| sink_name(channel) == object)
                {
                    return Place::Ours(ours);
                }
                let is_named = |node: &Node| node.name == *object || node.serial == *object;
                self.nodes
                    .iter()
                    .find(|(_, node)| is_named(node))
                    .map(|(&id, _)| id)
            }
            (None, Some(id)) => id.parse().ok().filter(|id| self.nodes.contains_key(id)),
            (None, None) => None,
        };
        match found {
            None => Place::Anywhere,
            Some(id) => match self.channel_of_sink(id) {
                Some(channel) => Place::Ours(channel),
                None => Place::Elsewhere,
            },
        }
    }

    fn channel_of_sink(&self, id: u32) -> Option<Channel> {
        self.sinks
            .iter()
            .find(|&(_, &sink)| sink == id)
            .map(|(&channel, _)| channel)
    }

    /// What is to be done now. Each action is said once: the caller carries all of them out.
    pub fn settle(&mut self, rules: &Rules) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.leaving {
            return actions;
        }
        self.choose_card();
        self.settle_links(&mut actions);
        // A sink with nothing behind it stalls its players: streams come after the links.
        let is_linked = |id| self.linked.iter().any(|ports| ports.output_node == id);
        if CHANNELS
            .iter()
            .all(|channel| self.sinks.get(channel).copied().is_some_and(is_linked))
        {
            self.settle_targets(rules, &mut actions);
        }
        actions
    }

    /// The default sink; when that is one of ours, or unknown, the last card, else it would feed
    /// itself.
    fn choose_card(&mut self) {
        let default = self.default_sink.as_deref().and_then(|name| {
            let is_default = |node: &Node| node.class == "Audio/Sink" && node.name == name;
            self.nodes
                .iter()
                .find(|(_, node)| is_default(node))
                .map(|(&id, _)| id)
        });
        let card = default
            .filter(|&id| self.channel_of_sink(id).is_none())
            .or(self.card.filter(|id| self.nodes.contains_key(id)));
        if card != self.card {
            self.card = card;
            self.relinks.clear();
        }
    }

    fn settle_links(&mut self, actions: &mut Vec<Action>) {
        let mut wanted = BTreeSet::new();
        if let Some(card) = self.card {
            for &sink in self.sinks.values() {
                wanted.extend(self.monitor_links(sink, card));
            }
        }
        for &ports in self.linked.difference(&wanted) {
            actions.push(Action::Unlink(ports));
        }
        self.linked.retain(|ports| wanted.contains(ports));
        for ports in wanted {
            let given_up = self
                .relinks
                .get(&ports)
                .is_some_and(|&lost| lost > MAX_RELINKS);
            if !given_up && self.linked.insert(ports) {
                actions.push(Action::Link(ports));
            }
        }
    }

    /// Each monitor port of our sink with the card's port of the same position. What a card has
    /// instead is taken by name as well, so that it does not matter which port is known first.
    fn monitor_links(&self, sink: u32, card: u32) -> Vec<Ports> {
        let of = |node: u32, is_output: bool| {
            let wanted = move |port: &Port| port.node == node && port.is_output == is_output;
            self.ports.iter().filter(move |(_, port)| wanted(port))
        };
        let inputs = || of(card, false).filter(|(_, port)| !port.is_monitor);
        let pair = |(&output, monitor): (&u32, &Port)| {
            let fits = |input: &Port| {
                input.position == monitor.position
                    || SUBSTITUTES.contains(&(&*monitor.position, &*input.position))
            };
            let (&input, _) = inputs().find(|(_, input)| fits(input))?;
            Some(Ports {
                output_node: sink,
                output,
                input_node: card,
                input,
            })
        };
        of(sink, true).filter_map(pair).collect()
    }

    fn settle_targets(&mut self, rules: &Rules, actions: &mut Vec<Action>) {
        let streams: Vec<u32> = self.streams().map(|(id, _)| id).collect();
        for id in streams {
            let Some((channel, StreamState::Routed)) = self.decide(id, rules) else {
                continue;
            };
            let is_asked = self
                .asked
                .get(&id)
                .is_some_and(|asked| asked.channel == channel);
            if is_asked {
                continue;
            }
            let object = self
                .targets
                .get(&id)
                .and_then(|target| target.object.as_deref());
            // Already there, by name: setting it again would make no event.
            let echoed = object == Some(sink_name(channel));
            self.asked.insert(id, Asked { channel, echoed });
            if !echoed {
                actions.push(Action::Target(id, channel));
            }
        }
    }

    fn streams(&self) -> impl Iterator<Item = (u32, &Node)> {
        let is_stream = |node: &Node| node.class == "Stream/Output/Audio" && !node.is_plumbing();
        self.nodes
            .iter()
            .filter(move |(_, node)| is_stream(node))
            .map(|(&id, node)| (id, node))
    }

    /// The channel that the rules give a stream, and whether it can have it.
    fn decide(&self, id: u32, rules: &Rules) -> Option<(Channel, StreamState)> {
        let node = self.nodes.get(&id)?;
        let channel = rules.channel(self.name(node));
        let state = if node.info.is_none() {
            StreamState::Waiting
        } else if node.is_pinned() {
            StreamState::Pinned
        } else if self.moves.get(&id).is_some_and(|&moves| moves >= MAX_MOVES) {
            StreamState::Contested
        } else if self.asked.contains_key(&id) || self.place(id) != Place::Elsewhere {
            StreamState::Routed
        } else {
            StreamState::Pinned
        };
        Some((channel, state))
    }

    /// `application.name` of the stream, else of its client, else the node's own name.
    fn name<'a>(&'a self, node: &'a Node) -> &'a str {
        let own = node
            .info
            .as_ref()
            .and_then(|info| info.get("application.name"));
        let client = || node.client.and_then(|client| self.clients.get(&client));
        let given = own.or_else(client).filter(|name| !name.is_empty());
        given.map_or(&*node.name, |name| name)
    }

    /// Whether a link that we made is still wanted, as far as is known.
    pub fn has_link(&self, ports: &Ports) -> bool {
        self.linked.contains(ports)
    }

    /// What clients are told.
    pub fn audio(&self, rules: &Rules) -> Audio {
        let streams = self.streams().filter_map(|(id, node)| {
            let (channel, state) = self.decide(id, rules)?;
            Some(Stream {
                id,
                name: NodeName::truncated(self.name(node)),
                state,
                channel,
            })
        });
        let card = self.card.and_then(|card| self.nodes.get(&card));
        let is_up = self.sinks.len() == CHANNELS.len();
        Audio {
            output: card.map(|card| NodeName::truncated(&card.name)),
            omitted: 0,
            streams: streams.collect(),
            pipewire: if is_up {
                PipeWireState::Up
            } else {
                PipeWireState::Down
            },
        }
    }

    /// What is to be undone before we go: every target that names one of our sinks.
    pub fn farewell(&mut self) -> Vec<Action> {
        self.leaving = true;
        let is_ours = |target: &Target| {
            CHANNELS
                .iter()
                .any(|&channel| target.object.as_deref() == Some(sink_name(channel)))
        };
        let seen = self
            .targets
            .iter()
            .filter(|(_, target)| is_ours(target))
            .map(|(&id, _)| id);
        let ids: BTreeSet<u32> = seen.chain(self.asked.keys().copied()).collect();
        self.asked.clear();
        ids.into_iter().map(Action::Clear).collect()
    }

    /// Whether nothing plays into our sinks.
    pub fn is_deserted(&self) -> bool {
        !self
            .links
            .values()
            .any(|ports| self.channel_of_sink(ports.input_node).is_some())
    }
}

/// Where the metadata sends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// To the default sink, or to one that does not exist.
    Anywhere,
    /// To a channel's sink.
    Ours(Channel),
    /// To another sink.
    Elsewhere,
}

impl Node {
    fn property(&self, key: &str) -> Option<&str> {
        self.info.as_ref()?.get(key).map(String::as_str)
    }

    /// Filters, loopbacks and their like, which somebody has wired on purpose.
    fn is_plumbing(&self) -> bool {
        self.property("node.link-group").is_some()
            || self.property("node.dont-reconnect") == Some("true")
    }

    /// Whether the program itself asks for a sink (`pw-play --target`, `paplay --device`).
    fn is_pinned(&self) -> bool {
        [TARGET_OBJECT, "node.target"]
            .into_iter()
            .filter_map(|key| self.property(key))
            .any(|value| !matches!(value, "" | "-1" | "null"))
    }
}

fn text(props: &Props, key: &str) -> String {
    props.get(key).cloned().unwrap_or_default()
}

fn number(props: &Props, key: &str) -> Option<u32> {
    props.get(key)?.parse().ok()
}

/// The name in `{"name":"alsa_output.pci"}`, which is all that the session manager ever writes
/// there. A name with an escaped character finds no node, and so leaves things as they are.
fn name_in_json(value: &str) -> Option<String> {
    let (_, rest) = value.split_once("\"name\"")?;
    let (_, rest) = rest.split_once('"')?;
    let (name, _) = rest.split_once('"')?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests;
