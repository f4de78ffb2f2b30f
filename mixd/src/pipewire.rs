//! The adapter between PipeWire and the graph: PipeWire's events become facts, the graph's actions
//! become calls. No decision is made here.

mod listen;
mod sink;

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use pipewire::context::ContextRc;
use pipewire::core::{self, CoreRc, PW_ID_CORE};
use pipewire::link::Link;
use pipewire::loop_::Timeout;
use pipewire::main_loop::MainLoopRc;
use pipewire::metadata::{Metadata, MetadataListener};
use pipewire::node::{Node, NodeListener};
use pipewire::properties::{PropertiesBox, properties};
use pipewire::registry::{self, GlobalObject, RegistryRc};
use pipewire::spa::utils::result::AsyncSeq;
use pipewire::types::ObjectType;
use wire::{Channel, Mix};

use self::listen::{Incoming, Message};
use self::sink::Sink;
use crate::desk::Desk;
use crate::graph::{self, Action, CHANNELS, Fact, Graph, Ports, Props, TARGET_OBJECT};

/// The first wait before PipeWire is tried again; each further one is twice as long.
const FIRST_RETRY: Duration = Duration::from_millis(100);
/// The longest such wait.
const LAST_RETRY: Duration = Duration::from_secs(2);

/// PipeWire, connected or not.
pub struct Adapter {
    /// Before the context and the loop, which it needs while it is dropped.
    connection: Option<Connection>,
    context: ContextRc,
    main_loop: MainLoopRc,
    retry_at: Option<Instant>,
    retry_wait: Duration,
}

/// What lives as long as a connection. Dropped in the order of the fields: listeners before what
/// they listen to, everything before the core.
struct Connection {
    streams: BTreeMap<u32, (NodeListener, Node)>,
    metadata: Option<(u32, MetadataListener, Metadata)>,
    links: BTreeMap<Ports, Link>,
    sinks: Vec<Sink>,
    _registry_listener: registry::Listener,
    registry: RegistryRc,
    _core_listener: core::Listener,
    core: CoreRc,
    incoming: Incoming,
    graph: Graph,
    /// What PipeWire has not yet said to be done.
    pending: Option<AsyncSeq>,
}

impl Adapter {
    /// Loads the library. Whether PipeWire runs is not asked yet.
    ///
    /// # Errors
    /// The library's.
    pub fn open() -> Result<Self, pipewire::Error> {
        pipewire::init();
        let main_loop = MainLoopRc::new(None)?;
        let context = ContextRc::new(&main_loop, None)?;
        Ok(Self {
            connection: None,
            context,
            main_loop,
            retry_at: Some(Instant::now()),
            retry_wait: FIRST_RETRY,
        })
    }

    /// Readable when PipeWire has something to say.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.main_loop.loop_().fd()
    }

    /// When [`turn`](Self::turn) is to be called next, if the descriptor is not readable before.
    pub fn deadline(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Takes in what PipeWire says, if it is `ready`, and does what is to be done about it.
    pub fn turn(&mut self, ready: bool, desk: &mut Desk, now: Instant) {
        if self.retry_at.is_some_and(|at| now >= at) {
            self.connect(desk.mix(), now);
        }
        if ready {
            self.main_loop.loop_().iterate(Timeout::None);
        }
        if let Some(connection) = &mut self.connection
            && (ready || connection.has_incoming())
            && !connection.take_in(desk)
        {
            warning!(
                "PipeWire has gone; trying again every {} s",
                LAST_RETRY.as_secs()
            );
            self.connection = None;
            self.retry_at = Some(now + FIRST_RETRY);
            self.retry_wait = FIRST_RETRY;
            desk.set_audio(Graph::default().audio(desk.rules()));
        }
    }

    fn connect(&mut self, mix: Mix, now: Instant) {
        if let Ok(connection) = Connection::open(&self.context, mix) {
            self.connection = Some(connection);
            self.retry_at = None;
            return;
        }
        // The crate drops the error that the library leaves in errno.
        let error = std::io::Error::last_os_error();
        if self.retry_wait == FIRST_RETRY {
            let reason = wire::socket::reason(&error);
            warning!("connect to PipeWire: {reason}; is it running? trying again");
        }
        self.retry_at = Some(now + self.retry_wait);
        self.retry_wait = LAST_RETRY.min(self.retry_wait * 2);
    }

    /// Carries out what clients have changed.
    pub fn apply(&mut self, desk: &mut Desk) {
        if let Some(connection) = &mut self.connection {
            connection.set_gains(desk.mix());
            connection.settle(desk);
        }
    }

    /// Sends the streams back to where they would be without us.
    pub fn begin_exit(&mut self) {
        self.retry_at = None;
        if let Some(connection) = &mut self.connection {
            let actions = connection.graph.farewell();
            connection.carry_out(actions);
            connection.pending = connection.core.sync(0).ok();
        }
    }

    /// Whether all that is undone, and the sinks can go without anybody falling silent.
    pub fn has_left(&self) -> bool {
        self.connection
            .as_ref()
            .is_none_or(|connection| connection.pending.is_none() && connection.graph.is_deserted())
    }
}

impl Connection {
    fn open(context: &ContextRc, mix: Mix) -> Result<Self, pipewire::Error> {
        let core = context.connect_rc(None)?;
        let registry = core.get_registry_rc()?;
        let incoming = Incoming::default();
        let mut sinks = Vec::new();
        for channel in CHANNELS {
            sinks.push(Sink::create(&core, channel, &incoming)?);
        }
        let connection = Self {
            streams: BTreeMap::new(),
            metadata: None,
            links: BTreeMap::new(),
            sinks,
            _registry_listener: listen::registry(&registry, &incoming),
            registry,
            _core_listener: listen::core(&core, &incoming),
            core,
            incoming,
            graph: Graph::default(),
            pending: None,
        };
        // Before anything can play into the sinks.
        connection.set_gains(mix);
        Ok(connection)
    }

    fn has_incoming(&self) -> bool {
        !self.incoming.borrow().is_empty()
    }

    /// Turns what callbacks have left into facts, and acts on them. False when PipeWire has gone.
    fn take_in(&mut self, desk: &mut Desk) -> bool {
        let messages = self.incoming.take();
        if messages.is_empty() {
            return true;
        }
        for message in messages {
            match message {
                Message::Global(global) => self.greet(&global),
                Message::Fact(fact) => self.learn(fact),
                Message::Done(seq) if self.pending == Some(seq) => self.pending = None,
                Message::Done(_) => {}
                Message::Version(version) => info!("connected to PipeWire {version}"),
                Message::Error {
                    object: PW_ID_CORE,
                    code,
                    message,
                } if is_fatal(code) => {
                    debug!("PipeWire: {message} ({code})");
                    return false;
                }
                // A race that is lost now and then: what we asked about has gone already.
                Message::Error {
                    object,
                    code,
                    message,
                } => {
                    debug!("PipeWire: object {object}: {message} ({code})");
                }
            }
        }
        self.settle(desk);
        true
    }

    fn learn(&mut self, fact: Fact) {
        if let Fact::Removed(id) = fact {
            self.streams.remove(&id);
            if self
                .metadata
                .as_ref()
                .is_some_and(|(metadata, ..)| *metadata == id)
            {
                self.metadata = None;
                self.graph.learn(Fact::MetadataGone);
            }
        }
        self.graph.learn(fact);
        // A link that somebody has taken away leaves a proxy without an object.
        self.links.retain(|ports, _| self.graph.has_link(ports));
    }

    /// Binds what more is to be known of, and makes a fact of the rest.
    fn greet(&mut self, global: &GlobalObject<PropertiesBox>) {
        let props = global
            .props
            .as_ref()
            .map_or_else(Props::new, |props| listen::to_props(props.as_ref()));
        let id = global.id;
        match global.type_ {
            ObjectType::Node => {
                if Graph::wants_info(&props)
                    && let Ok(node) = self.registry.bind::<Node, _>(global)
                {
                    let listener = listen::stream(&node, id, &self.incoming);
                    self.streams.insert(id, (listener, node));
                }
                self.graph.learn(Fact::Node(id, props));
            }
            ObjectType::Port => self.graph.learn(Fact::Port(id, props)),
            ObjectType::Link => self.graph.learn(Fact::Link(id, props)),
            ObjectType::Client => self.graph.learn(Fact::Client(id, props)),
            ObjectType::Metadata => {
                let is_default = props
                    .get("metadata.name")
                    .is_some_and(|name| name == "default");
                if is_default
                    && self.metadata.is_none()
                    && let Ok(metadata) = self.registry.bind::<Metadata, _>(global)
                {
                    let listener = listen::metadata(&metadata, &self.incoming);
                    self.metadata = Some((id, listener, metadata));
                }
            }
            _ => {}
        }
    }

    fn settle(&mut self, desk: &mut Desk) {
        // Without the metadata there is nobody to ask, and asking would count as done.
        if self.metadata.is_some() {
            let actions = self.graph.settle(desk.rules());
            self.carry_out(actions);
        }
        desk.set_audio(self.graph.audio(desk.rules()));
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            debug!("{action:?}");
            match action {
                Action::Target(stream, channel) => self.set_target(stream, Some(channel)),
                Action::Clear(stream) => self.set_target(stream, None),
                Action::Link(ports) => {
                    match self.core.create_object("link-factory", &link(ports)) {
                        Ok(proxy) => drop(self.links.insert(ports, proxy)),
                        Err(error) => warning!("link {ports:?}: {error}"),
                    }
                }
                Action::Unlink(ports) => drop(self.links.remove(&ports)),
            }
        }
    }

    fn set_gains(&self, mix: Mix) {
        for sink in &self.sinks {
            sink.set_gain(mix);
        }
    }

    fn set_target(&self, stream: u32, channel: Option<Channel>) {
        if let Some((_, _, metadata)) = &self.metadata {
            let value = channel.map(graph::sink_name);
            metadata.set_property(stream, TARGET_OBJECT, value.map(|_| "Spa:String"), value);
        }
    }
}

fn link(ports: Ports) -> PropertiesBox {
    properties! {
        "link.output.node" => ports.output_node.to_string(),
        "link.output.port" => ports.output.to_string(),
        "link.input.node" => ports.input_node.to_string(),
        "link.input.port" => ports.input.to_string(),
        // Together with the sinks' node.passive: the card sleeps when nothing plays.
        "link.passive" => "true",
    }
}

/// Whether an error on the core means that the connection is over.
fn is_fatal(code: i32) -> bool {
    [libc::EPIPE, libc::ECONNRESET, libc::EPROTO, libc::EIO].contains(&-code)
}
