//! A PipeWire and a session manager that do what they are asked: commands in, events out. The router's tests,
//! the bench `scale` and the fuzz target `router` drive the router with it, and so does `--backend fake`.

use wire::Channel;

use super::{
    Command, DEFAULT_SINK, Direction, Event, Info, Layout, MetadataOwner, Ports, Process, Props,
    Sink, TARGET_NODE, TARGET_OBJECT, sink_name,
};
use crate::sorted::SortedMap;

/// The client that the session manager is.
pub const MANAGER: u32 = 33;
/// The client that we are.
pub const OURSELVES: u32 = 34;
/// The node of the first sink that we make.
pub const FIRST_SINK: u32 = 40;
/// How many ports a node has in either direction, at most.
const PORTS: u32 = 8;
/// The first link.
const FIRST_LINK: u32 = 100_000;

/// Pairs to properties.
pub fn props(pairs: &[(&str, &str)]) -> Props {
    pairs
        .iter()
        .map(|&(key, value)| (key.into(), value.into()))
        .collect()
}

/// A key of the metadata `default`.
pub fn key(subject: u32, key: &str, value: Option<&str>) -> Event {
    Event::MetadataKey {
        subject,
        key: Some(key.into()),
        value: value.map(str::to_owned),
    }
}

/// The sink of this name is the default.
pub fn default_sink(name: &str) -> Event {
    let value = format!("{{\"name\":\"{name}\"}}");
    key(0, DEFAULT_SINK, Some(&value))
}

/// The `object.serial` of a node: unlike its id, but told by it.
pub fn serial(node: u32) -> u64 {
    u64::from(node) + 1000
}

/// The `n`th port of a direction of a node.
pub fn port(node: u32, direction: Direction, n: u32) -> u32 {
    let first = match direction {
        Direction::Input => 0,
        Direction::Output => 100,
    };
    node * 200 + first + n
}

/// A node of the class `media.class`.
pub fn node(id: u32, class: &str, name: &str, extra: &[(&str, &str)]) -> Event {
    let mut all = props(extra);
    all.insert("media.class".into(), class.into());
    all.insert("node.name".into(), name.into());
    all.insert("object.serial".into(), serial(id).to_string());
    Event::Node(id, all)
}

/// The ports of a direction of a node, without the node's own word on how many there are.
pub fn ports(id: u32, direction: Direction, layout: &Layout) -> Vec<Event> {
    let positions = layout.to_string();
    let names = positions.trim_matches(['[', ']', ' ']).split(' ');
    let event = |(n, position): (u32, &str)| {
        let (id_of_node, place) = (id.to_string(), n.to_string());
        let word = match direction {
            Direction::Input => "in",
            Direction::Output => "out",
        };
        let pairs = [
            ("node.id", &*id_of_node),
            ("port.id", &*place),
            ("port.direction", word),
            ("audio.channel", position),
        ];
        Event::Port(port(id, direction, n), props(&pairs))
    };
    (0..).zip(names).map(event).collect()
}

/// A sink with playback and monitor ports.
pub fn sink(id: u32, name: &str, layout: &Layout) -> Vec<Event> {
    let channels = u32::try_from(layout.channels()).unwrap_or(0);
    let info = Info {
        props: Some(Props::new()),
        inputs: channels,
        outputs: channels,
        is_running: false,
    };
    let mut events = vec![node(id, "Audio/Sink", name, &[]), Event::Info(id, info)];
    events.extend(ports(id, Direction::Input, layout));
    events.extend(ports(id, Direction::Output, layout));
    events
}

/// A stream with two ports.
pub fn stream(id: u32, program: &str, extra: &[(&str, &str)]) -> Vec<Event> {
    let mut all = props(&[("application.name", program), ("node.autoconnect", "true")]);
    all.extend(props(extra));
    let info = Info {
        props: Some(all),
        inputs: 0,
        outputs: 2,
        is_running: true,
    };
    let mut events = vec![
        node(id, "Stream/Output/Audio", "node", &[]),
        Event::Info(id, info),
    ];
    events.extend(ports(id, Direction::Output, &Layout::stereo()));
    events
}

/// A link of a client.
pub fn link(id: u32, client: u32, ports: Ports) -> Event {
    let pairs = [
        ("client.id", client),
        ("link.output.node", ports.output_node),
        ("link.output.port", ports.output),
        ("link.input.node", ports.input_node),
        ("link.input.port", ports.input),
    ];
    let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_string()));
    Event::Link(id, pairs.into_iter().collect())
}

/// Between the `n`th ports of two nodes.
pub fn between(output_node: u32, input_node: u32, n: u32) -> Ports {
    Ports {
        output_node,
        output: port(output_node, Direction::Output, n),
        input_node,
        input: port(input_node, Direction::Input, n),
    }
}

/// What does as it is asked.
#[derive(Debug)]
pub struct PipeWire {
    /// Whether there is a session manager.
    pub is_managed: bool,
    /// What we have linked.
    links: SortedMap<Ports, u32>,
    /// What the session manager has.
    managed: SortedMap<u32, SortedMap<u32, Ports>>,
    sinks: SortedMap<Sink, (u32, Layout)>,
    /// What is set in the metadata of which subject: keys and values.
    keys: SortedMap<u32, SortedMap<String, String>>,
    /// Somebody else is binding the metadata: we are not told what changes there.
    pub is_metadata_withheld: bool,
    next_link: u32,
}

impl PipeWire {
    /// One that has nothing yet.
    pub fn new(is_managed: bool) -> Self {
        Self {
            is_managed,
            links: SortedMap::new(),
            managed: SortedMap::new(),
            sinks: SortedMap::new(),
            keys: SortedMap::new(),
            is_metadata_withheld: false,
            next_link: FIRST_LINK,
        }
    }

    /// Who keeps the metadata.
    pub fn metadata(&self) -> Event {
        Event::Metadata(match self.is_managed {
            true => MetadataOwner::Managed(MANAGER),
            false => MetadataOwner::None,
        })
    }

    /// The node of the newest sink of a channel.
    pub fn sink(&self, channel: Channel) -> Option<u32> {
        let sinks = self.sinks.iter();
        let mut of_channel = sinks.filter(|(sink, _)| sink.channel == channel);
        of_channel.next_back().map(|(_, (node, _))| *node)
    }

    /// The layouts of our sinks.
    pub fn layouts(&self) -> Vec<(Channel, &Layout)> {
        let sinks = self.sinks.iter();
        sinks
            .map(|(sink, (_, layout))| (sink.channel, layout))
            .collect()
    }

    /// What we have linked.
    pub fn links(&self) -> impl Iterator<Item = &Ports> {
        self.links.keys()
    }

    /// Somebody takes away a link of ours.
    pub fn remove_link(&mut self, ports: &Ports) -> Option<Event> {
        self.links.remove(ports).map(Event::Removed)
    }

    fn new_link(&mut self) -> u32 {
        self.next_link += 1;
        self.next_link
    }

    /// A node goes, with its links and ports.
    pub fn remove(&mut self, node: u32) -> Vec<Event> {
        let has = |ports: &Ports| ports.output_node == node || ports.input_node == node;
        let gone: Vec<u32> = self
            .links
            .iter()
            .filter(|(ports, _)| has(ports))
            .map(|(_, &id)| id)
            .collect();
        self.links.retain(|ports, _| !has(ports));
        self.sinks.retain(|_, (id, _)| *id != node);
        self.keys.remove(&node);
        let managed = self.managed.remove(&node).unwrap_or_default().into_keys();
        let ports = (0..PORTS).flat_map(|n| {
            [Direction::Input, Direction::Output].map(|direction| port(node, direction, n))
        });
        let all = gone.into_iter().chain(managed).chain(ports);
        all.chain([node]).map(Event::Removed).collect()
    }

    /// Does what is asked. Returns what happens then.
    pub fn execute(&mut self, command: &Command) -> Vec<Event> {
        match command {
            Command::CreateSink(made, layout) => {
                let id = FIRST_SINK + made.number;
                self.sinks.insert(*made, (id, layout.clone()));
                let mut events = vec![Event::SinkCreated(*made, id)];
                events.extend(sink(id, sink_name(made.channel), layout));
                events
            }
            Command::DestroySink(gone) => match self.sinks.get(gone) {
                Some(&(node, _)) => self.remove(node),
                None => Vec::new(),
            },
            Command::DestroyNode(id) => self.remove(*id),
            Command::ConfigurePorts(id, direction, layout) => {
                let channels = u32::try_from(layout.channels()).unwrap_or(0);
                let is_sink = *direction == Direction::Input;
                let info = Info {
                    props: None,
                    inputs: if is_sink { channels } else { 0 },
                    outputs: channels,
                    is_running: false,
                };
                // Those of an earlier layout go, with their links.
                let old: Vec<u32> = (0..PORTS).map(|n| port(*id, *direction, n)).collect();
                let has = |ports: &Ports| old.contains(&ports.output) || old.contains(&ports.input);
                let gone = self.links.iter().filter(|(ports, _)| has(ports));
                let mut events: Vec<Event> = gone.map(|(_, &link)| Event::Removed(link)).collect();
                self.links.retain(|ports, _| !has(ports));
                events.extend(old.into_iter().map(Event::Removed));
                events.push(Event::Info(*id, info));
                events.extend(ports(*id, Direction::Output, layout));
                if is_sink {
                    events.extend(ports(*id, Direction::Input, layout));
                }
                events
            }
            Command::SetTarget(id, to) => {
                let mut events = self.set_target(*id, Some(&to.to_string()));
                if self.is_managed {
                    let sink = u32::try_from(to - 1000).unwrap_or(0);
                    events.extend(self.link_managed(*id, sink));
                }
                events
            }
            Command::ClearTarget(id) => {
                let mut events = self.set_target(*id, None);
                events.extend(self.unlink_managed(*id));
                events
            }
            Command::ClearTargetNode(id) => self.set(key(*id, TARGET_NODE, None)),
            Command::FollowDefault(id) => self.set(key(*id, TARGET_NODE, Some("-1"))),
            Command::Refresh => {
                let mut events = Vec::new();
                for (&subject, keys) in &self.keys {
                    let told = keys.iter();
                    events.extend(told.map(|(name, value)| key(subject, name, Some(value))));
                }
                events.push(Event::Refreshed);
                events
            }
            Command::Link(ports) => {
                let id = self.new_link();
                self.links.insert(*ports, id);
                vec![link(id, OURSELVES, *ports)]
            }
            Command::Unlink(ports) => self.remove_link(ports).into_iter().collect(),
            // What is carried is not told here.
            Command::SetLevel(..) => Vec::new(),
            Command::InspectProcess(pid) => {
                let process = Process {
                    comm: Some(format!("process-{pid}")),
                    exe: Some("program".into()),
                };
                vec![Event::Process(*pid, process)]
            }
        }
    }

    /// Somebody, perhaps we, sets or removes a stream's target; what we are told of that.
    pub fn set_target(&mut self, stream: u32, value: Option<&str>) -> Vec<Event> {
        self.set(key(stream, TARGET_OBJECT, value))
    }

    /// Somebody changes the metadata; what we are told of that.
    pub fn set(&mut self, event: Event) -> Vec<Event> {
        self.note(&event);
        match self.is_metadata_withheld {
            true => Vec::new(),
            false => vec![event],
        }
    }

    /// Keeps a change of the metadata, for a refresh.
    pub fn note(&mut self, event: &Event) {
        let Event::MetadataKey {
            subject,
            key,
            value,
        } = event
        else {
            return;
        };
        let keys = self.keys.get_or_default(*subject);
        match (key, value) {
            (Some(key), Some(value)) => drop(keys.insert(key.clone(), value.clone())),
            (Some(key), None) => drop(keys.remove(key)),
            (None, _) => keys.clear(),
        }
    }

    /// The session manager links a stream to a sink, and to nothing else. Returns what happens then.
    pub fn link_managed(&mut self, stream: u32, sink: u32) -> Vec<Event> {
        let mut events = self.unlink_managed(stream);
        for n in 0..2 {
            let ports = between(stream, sink, n);
            // PipeWire refuses a second link between the same ports.
            if !self.links.contains_key(&ports) {
                let id = self.new_link();
                self.managed.get_or_default(stream).insert(id, ports);
                events.push(link(id, MANAGER, ports));
            }
        }
        events
    }

    fn unlink_managed(&mut self, stream: u32) -> Vec<Event> {
        let links = self.managed.remove(&stream).unwrap_or_default();
        links.into_keys().map(Event::Removed).collect()
    }

    /// What the session manager has linked of a stream.
    pub fn managed(&self, stream: u32) -> impl Iterator<Item = &Ports> {
        self.managed
            .get(&stream)
            .into_iter()
            .flat_map(SortedMap::values)
    }
}
