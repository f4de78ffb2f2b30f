//! What lives as long as a connection to PipeWire.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use pipewire::client::{Client, ClientListener};
use pipewire::context::ContextRc;
use pipewire::core::{self, CoreRc, PW_ID_CORE};
use pipewire::link::Link;
use pipewire::metadata::{Metadata, MetadataListener};
use pipewire::node::{Node, NodeListener};
use pipewire::permissions::PermissionFlags;
use pipewire::properties::{PropertiesBox, properties};
use pipewire::proxy::ProxyT;
use pipewire::registry::{self, GlobalObject, RegistryRc};
use pipewire::spa::param::ParamType;
use pipewire::spa::pod::Pod;
use pipewire::spa::utils::result::AsyncSeq;
use pipewire::types::ObjectType;
use wire::message::ClientName;
use wire::{Diagnosis, Mix, Warning};

use super::listen::{self, Incoming, Message};
use super::pod;
use super::sink::Sink;
use crate::desk::Desk;
use crate::glide::{Factors, Glide};
use crate::graph::{self, Action, Direction, Fact, Graph, Layout, Ports, Props, TARGET_OBJECT};
use crate::options::Sound;
use crate::process;

/// How long PipeWire may take to answer what it was asked before the session manager ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection. Dropped in the order of the fields: listeners before what they listen to,
/// everything before the core.
pub struct Connection {
    nodes: BTreeMap<u32, (NodeListener, Node)>,
    clients: BTreeMap<u32, (ClientListener, Client)>,
    default: Option<Bound>,
    settings: Option<Bound>,
    /// With the numbers by which the connection knew them: one that was refused has none any more.
    links: BTreeMap<Ports, (u32, Link)>,
    sinks: BTreeMap<graph::Sink, Sink>,
    _registry_listener: registry::Listener,
    registry: RegistryRc,
    _core_listener: core::Listener,
    core: CoreRc,
    incoming: Incoming,
    graph: Graph,
    /// PipeWire's version, once it has said it.
    version: Option<ClientName>,
    /// When the graph is to settle again, if nothing is learnt before.
    due: Option<Instant>,
    glide: Glide,
    /// What the log says once, not each time.
    warned: Warned,
    /// What PipeWire has not yet said to be done, in the order in which it was asked.
    pending: VecDeque<(Stage, AsyncSeq)>,
    /// What it was asked last before a session manager ended, and when the connection is given up
    /// if that is not done. PipeWire 0.3.65 stops reading from a client that binds the metadata until
    /// the session manager has answered, and never reads from it again when that ends without an
    /// answer (module-metadata, `global_bind`).
    overdue: Option<(AsyncSeq, Instant)>,
}

/// A metadata object that we listen to.
struct Bound {
    id: u32,
    version: u32,
    _listener: MetadataListener,
    metadata: Metadata,
}

/// What the log has been told, and is as it was.
#[derive(Default)]
struct Warned {
    are_sinks_removed: bool,
    /// PipeWire refuses what we ask for.
    is_refused: bool,
}

/// What is waited for.
#[derive(Clone, Copy)]
enum Stage {
    /// The list of what there is.
    Globals,
    /// What the listed objects say of themselves.
    Details,
    /// What the metadata of a session manager says, which has come later.
    Metadata,
    /// All that the metadata says, told again.
    Reread,
    /// The last calls before the end.
    Farewell,
}

impl Connection {
    /// Connects. What there is comes with the following turns.
    ///
    /// # Errors
    /// The library's: PipeWire does not run, as a rule.
    pub fn open(context: &ContextRc, graph: Graph, glide: Glide) -> Result<Self, pipewire::Error> {
        let core = context.connect_rc(None)?;
        let registry = core.get_registry_rc()?;
        let incoming = Incoming::default();
        let mut connection = Self {
            nodes: BTreeMap::new(),
            clients: BTreeMap::new(),
            default: None,
            settings: None,
            links: BTreeMap::new(),
            sinks: BTreeMap::new(),
            _registry_listener: listen::registry(&registry, &incoming),
            registry,
            _core_listener: listen::core(&core, &incoming),
            core,
            incoming,
            graph,
            version: None,
            due: None,
            glide,
            warned: Warned::default(),
            pending: VecDeque::new(),
            overdue: None,
        };
        connection.await_stage(Stage::Globals);
        Ok(connection)
    }

    /// Asks PipeWire to say when it has done all that it was told so far.
    fn await_stage(&mut self, stage: Stage) {
        let seq = self.core.sync(0).ok();
        self.pending.extend(seq.map(|seq| (stage, seq)));
    }

    /// When [`turn`](Self::turn) is to be called next, if PipeWire says nothing before.
    pub fn deadline(&self) -> Option<Instant> {
        let overdue = self.overdue.as_ref().map(|&(_, at)| at);
        let deadlines = [self.due, self.glide.deadline(), overdue];
        deadlines.into_iter().flatten().min()
    }

    /// Turns what callbacks have left into facts, acts on them, and does what is due.
    ///
    /// # Errors
    /// The connection is over, and why.
    pub fn turn(&mut self, desk: &mut Desk, now: Instant) -> Result<(), &'static str> {
        if self.glide.deadline().is_some_and(|at| now >= at) {
            let factors = self.glide.step(now);
            self.set_factors(factors);
        }
        let messages = self.incoming.take();
        let was_due = self.due.is_some_and(|at| now >= at);
        if messages.is_empty() && !was_due {
            return self.check_overdue(now);
        }
        for message in messages {
            match message {
                Message::Global(global) => self.greet(&global),
                Message::Fact(fact) => self.learn(fact, now),
                Message::Done(seq) => self.note_done(seq),
                Message::Version(version) => {
                    info!("connected to PipeWire {version}");
                    self.version = Some(ClientName::truncated(&version));
                }
                Message::Error {
                    object: PW_ID_CORE,
                    code,
                    message,
                } if is_fatal(code) => {
                    debug!("PipeWire: {message} ({code})");
                    return Err("PipeWire has gone");
                }
                Message::Error {
                    object,
                    code,
                    message,
                } => self.note_error(object, code, &message),
            }
        }
        // What somebody has taken away leaves a proxy without an object.
        self.links.retain(|ports, _| self.graph.has_link(ports));
        self.sinks.retain(|&sink, _| self.graph.has_sink(sink));
        self.settle(desk, now);
        self.check_overdue(now)
    }

    fn check_overdue(&self, now: Instant) -> Result<(), &'static str> {
        match self.overdue {
            Some((_, at)) if now >= at => {
                Err("PipeWire does not listen any more since the session manager has ended")
            }
            _ => Ok(()),
        }
    }

    /// Something that we asked for has failed. As a rule that is a race that is lost now and then:
    /// what we asked about has gone already, or the session manager was first to link it. A link
    /// between ports that are still there, or a sink, is refused for a reason that lasts: PipeWire
    /// lacks a module, or forbids it.
    fn note_error(&mut self, object: u32, code: i32, message: &str) {
        debug!("PipeWire: object {object}: {message} ({code})");
        let mut links = self.links.iter();
        let link = links.find(|(_, (id, _))| *id == object);
        let link = link.filter(|(ports, _)| code != -libc::EEXIST && self.graph.has_ports(ports));
        let refused = if link.is_some() {
            Some("link streams and sinks")
        } else {
            let mut sinks = self.sinks.values();
            sinks.find(|sink| sink.id == object).map(|_| "make a sink")
        };
        if let Some(what) = refused
            && !std::mem::replace(&mut self.warned.is_refused, true)
        {
            warning!("PipeWire refuses to {what}: {message} ({code})");
        }
    }

    fn note_done(&mut self, seq: AsyncSeq) {
        self.overdue.take_if(|(overdue, _)| *overdue == seq);
        if let Some(&(stage, awaited)) = self.pending.front()
            && awaited == seq
        {
            self.pending.pop_front();
            match stage {
                Stage::Globals => self.await_stage(Stage::Details),
                Stage::Details => self.graph.learn(Fact::Listed),
                Stage::Reread => self.graph.learn(Fact::Reread),
                Stage::Metadata | Stage::Farewell => {}
            }
        }
    }

    fn learn(&mut self, fact: Fact, now: Instant) {
        if let Fact::Key { subject, .. } = &fact
            && *subject != 0
        {
            debug!("{fact:?}");
        }
        if let Fact::Removed(id) = fact {
            self.nodes.remove(&id);
            self.clients.remove(&id);
            let has_gone = |bound: &mut Bound| bound.id == id;
            if self.default.take_if(has_gone).is_some() {
                self.graph.learn(Fact::Metadata(graph::Metadata::None));
                let last = self.pending.back();
                self.overdue = last.map(|&(_, seq)| (seq, now + PATIENCE));
            }
            self.settings.take_if(has_gone);
        }
        self.graph.learn(fact);
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
                if graph::wants_info(&props)
                    && let Ok(node) = self.registry.bind::<Node, _>(global)
                {
                    let listener = listen::node(&node, id, &self.incoming);
                    self.nodes.insert(id, (listener, node));
                }
                self.graph.learn(Fact::Node(id, props));
            }
            ObjectType::Port => self.graph.learn(Fact::Port(id, props)),
            ObjectType::Link => self.graph.learn(Fact::Link(id, props)),
            ObjectType::Client => self.greet_client(global, props),
            ObjectType::Metadata => self.greet_metadata(global, &props),
            _ => {}
        }
    }

    /// Every client is asked at once: a stream that it makes waits for nothing then.
    fn greet_client(&mut self, global: &GlobalObject<PropertiesBox>, props: Props) {
        let id = global.id;
        if let Ok(client) = self.registry.bind::<Client, _>(global) {
            let listener = listen::client(&client, id, &self.incoming);
            self.clients.insert(id, (listener, client));
            self.graph.learn(Fact::Client(id, props));
        } else {
            // It will say no more.
            self.graph.learn(Fact::ClientInfo(id, props));
        }
    }

    fn greet_metadata(&mut self, global: &GlobalObject<PropertiesBox>, props: &Props) {
        match props.get("metadata.name").map(String::as_str) {
            Some("default") if self.default.is_none() => {
                self.default = self.listen_to(global, to_key);
                let client = props.get("client.id").and_then(|id| id.parse().ok());
                let keeper = client.map_or(graph::Metadata::Static, graph::Metadata::Managed);
                self.graph.learn(Fact::Metadata(keeper));
                self.await_stage(Stage::Metadata);
            }
            Some("settings") if self.settings.is_none() => {
                self.settings = self.listen_to(global, |_, key, value| {
                    Some(Fact::Setting(key?, value.unwrap_or_default()))
                });
            }
            _ => {}
        }
    }

    fn listen_to(
        &self,
        global: &GlobalObject<PropertiesBox>,
        to_fact: listen::KeyToFact,
    ) -> Option<Bound> {
        let metadata: Metadata = self.registry.bind(global).ok()?;
        Some(Bound {
            id: global.id,
            version: global.version,
            _listener: listen::metadata(&metadata, to_fact, &self.incoming),
            metadata,
        })
    }

    /// Binds the metadata anew, which tells all of it. PipeWire answers us no sooner than the
    /// session manager has told it.
    fn reread(&mut self) {
        if let Some(bound) = &self.default {
            let global = GlobalObject {
                id: bound.id,
                permissions: PermissionFlags::all(),
                type_: ObjectType::Metadata,
                version: bound.version,
                props: None,
            };
            // The old one goes when the new one is there: nothing is missed between them.
            if let Some(bound) = self.listen_to(&global, to_key) {
                self.default = Some(bound);
            }
        }
        self.await_stage(Stage::Reread);
    }

    /// What PipeWire has, and what it should have.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What somebody who looks for a fault wants to know.
    pub fn diagnosis(&self) -> Diagnosis {
        Diagnosis {
            pipewire: self.version,
            ..self.graph.diagnosis()
        }
    }

    /// Does what is to be done.
    pub fn settle(&mut self, desk: &mut Desk, now: Instant) {
        let mut actions = self.graph.settle(desk.rules(), now);
        // The kernel answers at once, and what it says may decide.
        while self.inspect(&actions) {
            self.carry_out(actions);
            actions = self.graph.settle(desk.rules(), now);
        }
        self.due = self.graph.deadline(now);
        self.carry_out(actions);
        let audio = self.graph.audio(desk.rules());
        let are_removed = audio.warnings.contains(&Warning::SinksRemoved);
        if are_removed && !self.warned.are_sinks_removed {
            warning!("something has removed our sinks again and again; trying again in a minute");
        }
        self.warned.are_sinks_removed = are_removed;
        desk.set_audio(audio);
    }

    /// Learns of the processes that are asked for; whether there are any.
    fn inspect(&mut self, actions: &[Action]) -> bool {
        let mut any = false;
        for action in actions {
            if let &Action::Inspect(pid) = action {
                self.graph.learn(Fact::Process(pid, process::inspect(pid)));
                any = true;
            }
        }
        any
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            debug!("{action:?}");
            match action {
                Action::Create(sink, layout) => self.create(sink, &layout),
                Action::Destroy(sink) => drop(self.sinks.remove(&sink)),
                Action::Configure(node, direction, layout) => {
                    self.configure(node, direction, &layout);
                }
                Action::Target(stream, serial) => self.set_target(stream, Some(serial)),
                Action::Clear(stream) => self.set_target(stream, None),
                Action::Link(ports) => {
                    let link = self.link(ports);
                    match self.core.create_object::<Link>("link-factory", &link) {
                        Ok(link) => {
                            let id = link.upcast_ref().id();
                            self.links.insert(ports, (id, link));
                        }
                        Err(error) => warning!("link {ports:?}: {error}"),
                    }
                }
                Action::Unlink(ports) => drop(self.links.remove(&ports)),
                Action::Reread => self.reread(),
                // Done already, see `inspect`.
                Action::Inspect(_) => {}
            }
        }
    }

    fn create(&mut self, sink: graph::Sink, layout: &Layout) {
        match Sink::create(&self.core, sink, layout, &self.incoming) {
            Ok(made) => {
                // Before anything can play into it.
                let factors = self.glide.at(Instant::now());
                made.set_factor(factors.of(sink.channel));
                self.sinks.insert(sink, made);
            }
            Err(error) => warning!("make {}: {error}", graph::sink_name(sink.channel)),
        }
    }

    fn configure(&self, node: u32, direction: Direction, layout: &Layout) {
        let bytes = pod::port_config(direction, layout);
        if let Some((_, node)) = self.nodes.get(&node)
            && let Some(pod) = Pod::from_bytes(&bytes)
        {
            node.set_param(ParamType::PortConfig, 0, pod);
        }
    }

    /// Plays to another sink, or glides at another pace, from now on.
    pub fn set_sound(&mut self, sound: &Sound) {
        self.graph.set_output(sound.output.clone());
        self.glide.set_shortest(sound.glide);
    }

    /// Sets out for new gains.
    pub fn set_mix(&mut self, mix: Mix, now: Instant) {
        let factors = Factors::from(mix);
        if factors != self.glide.target() {
            self.glide.set(factors, self.graph.quantum(), now);
            let factors = self.glide.step(now);
            self.set_factors(factors);
        }
    }

    fn set_factors(&self, factors: Factors) {
        for (sink, made) in &self.sinks {
            made.set_factor(factors.of(sink.channel));
        }
    }

    fn set_target(&self, stream: u32, serial: Option<u64>) {
        if let Some(Bound { metadata, .. }) = &self.default {
            let value = serial.map(|serial| serial.to_string());
            let kind = value.as_ref().map(|_| "Spa:Id");
            metadata.set_property(stream, TARGET_OBJECT, kind, value.as_deref());
        }
    }

    fn link(&self, ports: Ports) -> PropertiesBox {
        let is_passive = self.graph.is_monitor(&ports);
        properties! {
            "link.output.node" => ports.output_node.to_string(),
            "link.output.port" => ports.output.to_string(),
            "link.input.node" => ports.input_node.to_string(),
            "link.input.port" => ports.input.to_string(),
            // Together with the sinks' node.passive: the card sleeps when nothing plays.
            "link.passive" => if is_passive { "true" } else { "false" },
        }
    }

    /// Sends the streams back to where they would be without us.
    pub fn begin_exit(&mut self) {
        let actions = self.graph.farewell();
        self.carry_out(actions);
        self.await_stage(Stage::Farewell);
    }

    /// Whether all that is undone, and the sinks can go without anybody falling silent.
    pub fn has_left(&self) -> bool {
        self.pending.is_empty() && self.graph.is_deserted()
    }
}

/// A key of the metadata `default`.
#[allow(clippy::unnecessary_wraps)] // the form that is listened with
fn to_key(subject: u32, key: Option<String>, value: Option<String>) -> Option<Fact> {
    Some(Fact::Key {
        subject,
        key,
        value,
    })
}

/// Whether an error on the core means that the connection is over.
fn is_fatal(code: i32) -> bool {
    [libc::EPIPE, libc::ECONNRESET, libc::EPROTO, libc::EIO].contains(&-code)
}
