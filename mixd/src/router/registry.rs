//! The objects that PipeWire has, from its events, in whatever order they come. The parts of the router plan
//! from it.

use std::borrow::Borrow;

use wire::Channel;

use super::event::{Info, MetadataOwner, Ports, Props};
use super::layout::{Layout, Side, pairs};
use super::matching::Processes;
use super::{channel_of_name, spa_json};
use crate::sorted::{SortedMap, SortedSet};

/// The metadata key by which a stream's sink is chosen (pipewire/keys.h: `PW_KEY_TARGET_OBJECT`).
pub const TARGET_OBJECT: &str = "target.object";
/// Its older form, whose value is a node's id.
pub const TARGET_NODE: &str = "target.node";
/// The metadata key, on subject 0, of the sink that sound goes to by default.
pub const DEFAULT_SINK: &str = "default.audio.sink";
/// The metadata key, on subject 0, of the sink that the user has chosen to be the default.
pub const CONFIGURED_SINK: &str = "default.configured.audio.sink";

/// The session manager's setting, since WirePlumber 0.5: whether the metadata moves streams.
const ALLOW_MOVING: &str = "linking.allow-moving-streams";

/// A node, with the properties that the registry lists.
#[derive(Debug, Default)]
pub struct Node {
    /// `media.class`
    pub class: String,
    /// `node.name`
    pub name: String,
    /// `node.description`
    pub description: String,
    /// `object.path`
    pub path: String,
    /// `object.serial`
    pub serial: Option<u64>,
    /// `client.id`
    pub client: Option<u32>,
    /// `priority.session`
    pub priority: i32,
}

impl Node {
    /// Returns whether it plays what it is sent.
    pub fn is_sink(&self) -> bool {
        self.class == "Audio/Sink" || self.class == "Audio/Duplex"
    }

    /// Returns whether it is a program's playback.
    pub fn is_stream(&self) -> bool {
        self.class == "Stream/Output/Audio"
    }
}

#[derive(Debug)]
struct Port {
    node: u32,
    is_output: bool,
    /// `port.id`: its place among the node's ports of that direction.
    place: u32,
    /// `audio.channel`: FL, FR, MONO, AUX0…
    position: String,
}

/// A link.
#[derive(Debug)]
pub struct Link {
    /// The ports that it links.
    pub ports: Ports,
    /// The client that made it.
    pub client: Option<u32>,
}

/// A program's connection to PipeWire.
#[derive(Debug, Default)]
struct Client {
    props: Props,
    /// Its info event has come; before that, it has the properties that the registry lists.
    is_known: bool,
    /// A node of its own has been there.
    has_node: bool,
}

/// The two metadata keys that choose a stream's sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetKeys {
    /// A node's name or serial.
    pub object: Option<String>,
    /// A node's id.
    pub node: Option<String>,
}

/// The direction of a node's ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Into the node.
    Input,
    /// Out of the node.
    Output,
}

/// The objects that PipeWire has.
#[derive(Debug, Default)]
pub struct Registry {
    /// PipeWire's version, once it has said it.
    pub version: Option<String>,
    /// All that was there when the connection was made is known.
    pub is_complete: bool,
    /// The owner of the metadata `default`.
    pub owner: MetadataOwner,
    /// The processes that play.
    pub processes: Processes,
    /// By id.
    nodes: SortedMap<u32, Node>,
    /// The nodes of each name.
    named: SortedMap<String, SortedSet<u32>>,
    serials: SortedMap<u64, u32>,
    /// By the node's id.
    pub infos: SortedMap<u32, Info>,
    ports: SortedMap<u32, Port>,
    /// The ports of each node.
    ports_of: SortedMap<u32, SortedSet<u32>>,
    /// The sides of the nodes whose ports are all known.
    sides: SortedMap<(u32, Direction), Side>,
    /// By id.
    links: SortedMap<u32, Link>,
    /// The links that leave each node.
    pub(super) links_from: SortedMap<u32, SortedSet<u32>>,
    /// The links that end at each node.
    links_to: SortedMap<u32, SortedSet<u32>>,
    clients: SortedMap<u32, Client>,
    /// By the stream's id.
    pub targets: SortedMap<u32, TargetKeys>,
    /// The `node.name` of the default sink.
    pub default_sink: Option<String>,
    /// The last one that there was.
    pub last_default: Option<String>,
    /// The `node.name` of the sink that the user has chosen to be it.
    pub configured_sink: Option<String>,
    settings: SortedMap<String, String>,
    /// The keys of the metadata `filters`, by node; `None` if there is no such metadata.
    pub(super) filter_keys: Option<SortedMap<u32, SortedMap<String, String>>>,
}

impl Registry {
    /// Takes in a node.
    pub fn add_node(&mut self, id: u32, props: &Props) {
        let node = Node {
            class: text(props, "media.class"),
            name: text(props, "node.name"),
            description: text(props, "node.description"),
            path: text(props, "object.path"),
            serial: number(props, "object.serial"),
            client: number(props, "client.id"),
            priority: number(props, "priority.session").unwrap_or(0),
        };
        self.remove_node(id);
        self.named.get_or_default(node.name.clone()).insert(id);
        if let Some(serial) = node.serial {
            self.serials.insert(serial, id);
        }
        if let Some(owner) = node.client.and_then(|client| self.clients.get_mut(&client)) {
            owner.has_node = true;
        }
        self.nodes.insert(id, node);
    }

    /// Takes in the info event of a node.
    pub fn add_info(&mut self, id: u32, mut info: Info) {
        if info.props.is_none() {
            info.props = self.infos.remove(&id).and_then(|before| before.props);
        }
        self.infos.insert(id, info);
        self.find_sides(id);
    }

    /// Takes in a port. Returns the node that it is part of, if it says so.
    pub fn add_port(&mut self, id: u32, props: &Props) -> Option<u32> {
        let node = number(props, "node.id")?;
        let port = Port {
            node,
            is_output: text(props, "port.direction") == "out",
            place: number(props, "port.id").unwrap_or(id),
            position: text(props, "audio.channel"),
        };
        self.remove_port(id);
        self.ports_of.get_or_default(node).insert(id);
        self.ports.insert(id, port);
        self.find_sides(node);
        Some(node)
    }

    /// Takes in a link. Returns it, if it says what it links.
    pub fn add_link(&mut self, id: u32, props: &Props) -> Option<&Link> {
        let end = |key| number(props, key);
        let ports = || {
            Some(Ports {
                output_node: end("link.output.node")?,
                output: end("link.output.port")?,
                input_node: end("link.input.node")?,
                input: end("link.input.port")?,
            })
        };
        let (ports, client) = (ports()?, end("client.id"));
        self.remove_link(id);
        let (from, to) = (ports.output_node, ports.input_node);
        self.links_from.get_or_default(from).insert(id);
        self.links_to.get_or_default(to).insert(id);
        Some(self.links.get_or_insert_with(id, || Link { ports, client }))
    }

    /// Takes in a client.
    pub fn add_client(&mut self, id: u32, props: Props) {
        let client = self.clients.get_or_default(id);
        if !client.is_known {
            client.props = props;
        }
    }

    /// Takes in the info event of a client.
    pub fn add_client_info(&mut self, id: u32, props: Props) {
        let client = self.clients.get_or_default(id);
        // It does not repeat all that the registry lists.
        client.props.extend(props);
        client.is_known = true;
    }

    /// Removes an object. Returns the ports that it linked, if it was a link.
    pub fn remove(&mut self, id: u32) -> Option<Ports> {
        self.remove_node(id);
        self.remove_port(id);
        if self.infos.remove(&id).is_some() {
            self.find_sides(id);
        }
        self.clients.remove(&id);
        self.targets.remove(&id);
        if let Some(keys) = &mut self.filter_keys {
            keys.remove(&id);
        }
        self.remove_link(id).map(|link| link.ports)
    }

    fn remove_node(&mut self, id: u32) {
        if let Some(node) = self.nodes.remove(&id) {
            take(&mut self.named, &node.name, id);
            if let Some(serial) = node.serial
                && self.serials.get(&serial) == Some(&id)
            {
                self.serials.remove(&serial);
            }
        }
    }

    fn remove_port(&mut self, id: u32) {
        if let Some(port) = self.ports.remove(&id) {
            take(&mut self.ports_of, &port.node, id);
            self.find_sides(port.node);
        }
    }

    fn remove_link(&mut self, id: u32) -> Option<Link> {
        let link = self.links.remove(&id)?;
        take(&mut self.links_from, &link.ports.output_node, id);
        take(&mut self.links_to, &link.ports.input_node, id);
        Some(link)
    }

    /// The nodes, by id.
    pub fn nodes(&self) -> &SortedMap<u32, Node> {
        &self.nodes
    }

    /// Returns whether a session manager that does what it is asked keeps the metadata.
    pub fn is_managed(&self) -> bool {
        self.owner.manager().is_some()
    }

    /// Returns whether a session manager keeps the metadata and does not answer.
    pub fn is_manager_hanging(&self) -> bool {
        matches!(self.owner, MetadataOwner::Hanging(_))
    }

    /// The channel whose sink this node is, or was until a moment ago.
    pub fn channel(&self, node: u32) -> Option<Channel> {
        channel_of_name(&self.nodes.get(&node)?.name)
    }

    /// Returns whether a node of this id is there and is a sink.
    pub fn is_sink(&self, id: u32) -> bool {
        self.nodes.get(&id).is_some_and(Node::is_sink)
    }

    /// Returns whether a node of this id is there and is a card: a sink that is none of ours.
    pub fn is_card(&self, id: u32) -> bool {
        self.is_sink(id) && self.channel(id).is_none()
    }

    /// Returns whether a node of this id is there and is a program's playback.
    pub fn is_stream(&self, id: u32) -> bool {
        self.nodes.get(&id).is_some_and(Node::is_stream)
    }

    /// The cards that there are, by id.
    pub fn cards(&self) -> impl Iterator<Item = (u32, &Node)> {
        let nodes = self.nodes.iter().map(|(&id, node)| (id, node));
        nodes.filter(|&(id, _)| self.is_card(id))
    }

    /// The `node.name` of a node; empty if that has gone.
    pub fn name(&self, id: u32) -> &str {
        self.nodes
            .get(&id)
            .map(|node| &*node.name)
            .unwrap_or_default()
    }

    /// Returns the sinks that a node is linked to, whichever client has linked it.
    pub fn sinks_fed_by(&self, id: u32) -> impl Iterator<Item = u32> {
        let links = self.links_from(id);
        links
            .map(|link| link.ports.input_node)
            .filter(|&to| self.is_sink(to))
    }

    /// Returns which ports of two nodes belong together, once the ports of both are known.
    pub fn pairs(&self, output_node: u32, input_node: u32) -> Vec<Ports> {
        let outputs = self.side(output_node, Direction::Output);
        let inputs = self.side(input_node, Direction::Input);
        let (Some(outputs), Some(inputs)) = (outputs, inputs) else {
            return Vec::new();
        };
        let pairs = pairs(outputs, inputs).into_iter();
        pairs
            .map(|(output, input)| Ports {
                output_node,
                output,
                input_node,
                input,
            })
            .collect()
    }

    /// Returns those pairs of ports of two nodes of which one end has no counted link to the other node.
    pub fn missing(&self, from: u32, to: u32, is_counted: impl Fn(&Ports) -> bool) -> Vec<Ports> {
        let links = self.links_from(from).map(|link| link.ports);
        let links: Vec<Ports> = links
            .filter(|ports| ports.input_node == to && is_counted(ports))
            .collect();
        let mut pairs = self.pairs(from, to);
        pairs.retain(|pair| {
            !links.iter().any(|ports| ports.output == pair.output)
                || !links.iter().any(|ports| ports.input == pair.input)
        });
        pairs
    }

    /// The links that leave a node.
    pub fn links_from(&self, node: u32) -> impl Iterator<Item = &Link> {
        let ids = self.links_from.get(&node).into_iter().flatten();
        ids.filter_map(|id| self.links.get(id))
    }

    /// The links between two ports: their ids.
    #[cfg(test)]
    pub fn links_of(&self, ports: &Ports) -> Vec<u32> {
        let links = self.links.iter().filter(|(_, link)| link.ports == *ports);
        links.map(|(&id, _)| id).collect()
    }

    /// The links that end at a node.
    pub fn links_to(&self, node: u32) -> impl Iterator<Item = &Link> {
        let ids = self.links_to.get(&node).into_iter().flatten();
        ids.filter_map(|id| self.links.get(id))
    }

    /// The nodes at the other ends of a node's links.
    pub fn neighbours(&self, node: u32) -> impl Iterator<Item = u32> {
        let from = self.links_from.get(&node).into_iter().flatten();
        let to = self.links_to.get(&node).into_iter().flatten();
        let to = to.filter_map(|id| Some(self.links.get(id)?.ports.output_node));
        from.filter_map(|id| Some(self.links.get(id)?.ports.input_node))
            .chain(to)
    }

    /// Returns whether a link ends at a node.
    pub fn is_fed(&self, node: u32) -> bool {
        self.links_to.contains_key(&node)
    }

    /// Takes in a key on subject 0 of the metadata `default`.
    pub fn set_default(&mut self, key: Option<&str>, value: Option<&str>) {
        match key {
            Some(DEFAULT_SINK) => {
                self.default_sink = value.and_then(name_in_json);
                if self.default_sink.is_some() {
                    self.last_default.clone_from(&self.default_sink);
                }
            }
            Some(CONFIGURED_SINK) => self.configured_sink = value.and_then(name_in_json),
            None => (self.default_sink, self.configured_sink) = (None, None),
            Some(_) => {}
        }
    }

    /// Takes in a metadata key of a stream, if it has to do with the stream's sink.
    pub fn set_target(&mut self, stream: u32, key: Option<&str>, value: Option<String>) {
        if !matches!(key, None | Some(TARGET_OBJECT | TARGET_NODE)) {
            return;
        }
        let target = self.targets.get_or_default(stream);
        match key {
            Some(TARGET_OBJECT) => target.object = value,
            Some(_) => target.node = value,
            None => *target = TargetKeys::default(),
        }
        // The metadata repeats keys of streams that have gone.
        if target.object.is_none() && target.node.is_none() {
            self.targets.remove(&stream);
        }
    }

    /// Forgets what the metadata `default` said, which has gone.
    pub fn forget_metadata(&mut self) {
        self.targets.clear();
        self.settings.remove(ALLOW_MOVING);
        (self.default_sink, self.configured_sink) = (None, None);
    }

    /// Takes in that the metadata `filters` has come or gone.
    pub fn set_filters(&mut self, are_there: bool) {
        self.filter_keys = are_there.then(SortedMap::new);
    }

    /// Takes in a key of the metadata `filters`.
    pub fn set_filter_key(&mut self, node: u32, key: Option<String>, value: Option<String>) {
        let Some(nodes) = &mut self.filter_keys else {
            return;
        };
        let keys = nodes.get_or_default(node);
        match (key, value) {
            (Some(key), Some(value)) => drop(keys.insert(key, value)),
            (Some(key), None) => drop(keys.remove(&key)),
            (None, _) => keys.clear(),
        }
        if keys.is_empty() {
            nodes.remove(&node);
        }
    }

    /// Returns the value of a node's key in the metadata `filters`.
    pub fn filter_key(&self, node: u32, key: &str) -> Option<&str> {
        let keys = self.filter_keys.as_ref()?.get(&node)?;
        keys.get(key).map(String::as_str)
    }

    /// Takes in a key of the metadata `settings` or `sm-settings`.
    pub fn set_setting(&mut self, key: String, value: String) {
        self.settings.insert(key, value);
    }

    /// A number among the metadata `settings`, unless it is missing or 0.
    pub fn setting(&self, key: &str) -> Option<u32> {
        let value = self.settings.get(key)?.parse().ok()?;
        (value > 0).then_some(value)
    }

    /// Returns whether a setting keeps the session manager from moving streams.
    pub fn is_moving_forbidden(&self) -> bool {
        let value = self.settings.get(ALLOW_MOVING);
        value.is_some_and(|value| value == "false")
    }

    /// Returns whether a port is there.
    pub fn has_port(&self, id: u32) -> bool {
        self.ports.contains_key(&id)
    }

    /// Returns the ports of one side of a node, once as many are known as its info event counts.
    pub fn side(&self, node: u32, direction: Direction) -> Option<&Side> {
        self.sides.get(&(node, direction))
    }

    /// Finds the sides of a node whose ports, or whose number of them, have changed.
    fn find_sides(&mut self, node: u32) {
        for direction in [Direction::Input, Direction::Output] {
            match self.find_side(node, direction) {
                Some(side) => self.sides.insert((node, direction), side),
                None => self.sides.remove(&(node, direction)),
            };
        }
    }

    fn find_side(&self, node: u32, direction: Direction) -> Option<Side> {
        let info = self.infos.get(&node)?;
        let (is_output, count) = match direction {
            Direction::Input => (false, info.inputs),
            Direction::Output => (true, info.outputs),
        };
        let ids = self.ports_of.get(&node).into_iter().flatten();
        let ports = ids.filter_map(|id| Some((*id, self.ports.get(id)?)));
        let mut ports: Vec<(u32, u32, &str)> = ports
            .filter(|(_, port)| port.is_output == is_output)
            .map(|(id, port)| (port.place, id, &*port.position))
            .collect();
        if ports.is_empty() || u32::try_from(ports.len()) != Ok(count) {
            return None;
        }
        ports.sort_unstable();
        let layout = Layout::of(ports.iter().map(|&(.., position)| position));
        // Both end at the same number of channels.
        let ports = ports.into_iter().map(|(_, id, _)| id);
        let ports = ports.take(layout.channels()).collect();
        Some(Side { layout, ports })
    }

    /// Returns the value of a node's property.
    pub fn property(&self, node: u32, key: &str) -> Option<&str> {
        self.infos
            .get(&node)?
            .props
            .as_ref()?
            .get(key)
            .map(String::as_str)
    }

    /// Returns whether a node's property is true.
    pub fn is_set(&self, node: u32, key: &str) -> bool {
        is_yes(self.property(node, key))
    }

    /// The node that a `target.object` names, by name or by serial.
    pub fn find(&self, object: &str) -> Option<u32> {
        let serial = object.parse().ok();
        let by_serial = serial.and_then(|serial: u64| self.serials.get(&serial));
        let by_name = self.named.get(object).and_then(SortedSet::first);
        by_serial.into_iter().chain(by_name).min().copied()
    }

    /// Returns whether a sink of this `node.name` is there.
    pub fn has_sink(&self, name: &str) -> bool {
        self.named_sink(name).is_some()
    }

    fn named_sink(&self, name: &str) -> Option<u32> {
        let mut ids = self.named.get(name).into_iter().flatten().copied();
        ids.find(|id| self.nodes.get(id).is_some_and(Node::is_sink))
    }

    /// The sink of this `node.name` or `object.path`.
    pub fn find_sink(&self, name: &str) -> Option<u32> {
        let by_path = || {
            let mut nodes = self.nodes.iter();
            let found = nodes.find(|(_, node)| node.is_sink() && node.path == name);
            found.map(|(&id, _)| id)
        };
        self.named_sink(name).or_else(by_path)
    }

    /// Returns the value of a client's property.
    pub fn client_property(&self, id: u32, key: &str) -> Option<&str> {
        self.clients.get(&id)?.props.get(key).map(String::as_str)
    }

    /// All clients: their ids and properties.
    pub fn clients(&self) -> impl Iterator<Item = (u32, &Props)> {
        let clients = self.clients.iter();
        clients.map(|(&id, client)| (id, &client.props))
    }

    /// Returns whether this is a client that has had no node of its own, such as `wpctl`.
    pub fn is_tool(&self, id: u32) -> bool {
        let client = self.clients.get(&id);
        client.is_some_and(|client| !client.has_node)
    }

    /// All properties of a client.
    pub fn client_props(&self, id: u32) -> Option<&Props> {
        self.clients.get(&id).map(|client| &client.props)
    }

    /// Returns whether the info event of a client is still missing.
    pub fn is_silent(&self, client: u32) -> bool {
        let client = self.clients.get(&client);
        client.is_some_and(|client| !client.is_known)
    }

    /// The ids of the nodes of a client.
    pub fn nodes_of(&self, client: u32) -> impl Iterator<Item = u32> {
        let nodes = self.nodes.iter();
        nodes
            .filter(move |(_, node)| node.client == Some(client))
            .map(|(&id, _)| id)
    }

    /// `application.name` of a client.
    pub fn client(&self, id: u32) -> Option<&str> {
        let name = self.client_property(id, "application.name")?;
        (!name.is_empty()).then_some(name)
    }
}

/// Takes an id out of an index, and the whole entry with the last.
fn take<K, Q>(index: &mut SortedMap<K, SortedSet<u32>>, key: &Q, id: u32)
where
    K: Ord + Borrow<Q>,
    Q: Ord + ?Sized,
{
    if let Some(ids) = index.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}

/// Returns whether a property's value is true, as PipeWire (`pw_properties_parse_bool`) and session managers
/// (`parseBool`) read it.
pub fn is_yes(value: Option<impl AsRef<str>>) -> bool {
    value.is_some_and(|value| {
        let value = value.as_ref();
        value == "1" || value.eq_ignore_ascii_case("true")
    })
}

fn text(props: &Props, key: &str) -> String {
    props.get(key).cloned().unwrap_or_default()
}

fn number<T: std::str::FromStr>(props: &Props, key: &str) -> Option<T> {
    props.get(key)?.parse().ok()
}

/// The name in `{"name":"alsa_output.pci"}`.
fn name_in_json(value: &str) -> Option<String> {
    let pairs = spa_json::object(value)?.into_iter();
    let mut named = pairs.filter(|(key, _)| key == "name");
    named.next().map(|(_, name)| name)
}
