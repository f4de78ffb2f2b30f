//! A connection to PipeWire: events in, the router's commands out, and the objects that are ours while it
//! lasts.

use std::time::{Duration, Instant};

use pipewire::client::{Client, ClientListener};
use pipewire::context::ContextRc;
use pipewire::core::{self, CoreRc, PW_ID_CORE};
use pipewire::link::{Link, LinkListener};
use pipewire::metadata::{Metadata as Settings, MetadataListener};
use pipewire::node::{Node, NodeListener};
use pipewire::properties::{PropertiesBox, properties};
use pipewire::proxy::ProxyT;
use pipewire::registry::{self, GlobalObject, RegistryRc};
use pipewire::spa::param::ParamType;
use pipewire::spa::pod::Pod;
use pipewire::spa::utils::result::AsyncSeq;
use pipewire::types::ObjectType;
use wire::{Audio, Channel, Mix, Warning};

use super::listen::{self, Incoming, Message};
use super::metadata::MetadataConnection;
use super::pod;
use super::sink::Sink;
use crate::fade::{Factors, Fade};
use crate::process;
use crate::router::{
    self, ByChannel, CHANNELS, Command, Direction, Event, Layout, Ports, Preference, Props, Router,
};
use crate::rules::Rules;
use crate::sorted::SortedMap;

/// How long our sinks stay after the last link to them has gone, where the session manager pauses the players
/// of a sink that goes: it counts a link until it has handled the event that it makes of the link's end, which
/// waits for all others, and PipeWire has answered it once more (mpris-pause.lua, `link_hook`). Nothing that it
/// tells says when: after eight answers of its own, which were waited for before, one end in 50 paused
/// somebody on a busy machine.
const DRAINED_TIME: Duration = Duration::from_secs(1);

/// A connection. Dropped in the order of the fields: listeners before what they listen to,
/// everything before the core.
pub struct Connection {
    nodes: SortedMap<u32, (NodeListener, Node)>,
    clients: SortedMap<u32, (ClientListener, Client)>,
    metadata: Option<MetadataConnection>,
    /// The metadata `filters`: its id and version.
    filters: Option<(u32, u32)>,
    settings: Option<(u32, MetadataListener, Settings)>,
    /// The client that keeps the metadata, where that is a session manager.
    manager: Option<u32>,
    /// The metadata `sm-settings`: its id and version.
    manager_settings: Option<(u32, u32)>,
    links: SortedMap<Ports, OwnLink>,
    /// Those that we have removed, by the number by which the connection knew each, until another link of ours has
    /// the number: PipeWire may still say that it has refused one.
    unlinked: SortedMap<u32, Ports>,
    sinks: SortedMap<router::Sink, Sink>,
    _registry_listener: registry::Listener,
    registry: RegistryRc,
    _core_listener: core::Listener,
    core: CoreRc,
    context: ContextRc,
    incoming: Incoming,
    router: Router,
    /// The time of the next round, if there is no event before.
    due: Option<Instant>,
    fade: Fade,
    warned: Warned,
    /// The requests that PipeWire has not answered yet.
    pending: Option<(Stage, AsyncSeq)>,
    /// The info events of the listed objects have come.
    is_detailed: bool,
    /// The answer that says that our sinks carry what was set.
    setting: Option<AsyncSeq>,
    /// Our sinks go as soon as nothing has played to them for this long; none until they are to go.
    drain: Option<Drain>,
}

/// PipeWire has gone.
pub struct Disconnected;

/// No object's number: that of a link that was refused.
const REFUSED: u32 = u32::MAX;

/// A link of ours.
struct OwnLink {
    /// The number by which the connection knows it, or [`REFUSED`].
    id: u32,
    _listener: LinkListener,
    _link: Link,
}

/// The warnings that are in the log already, and still hold.
#[derive(Default)]
struct Warned {
    are_sinks_removed: bool,
    are_links_removed: bool,
    /// PipeWire refuses what was asked for.
    is_refused: bool,
}

impl Warned {
    /// Says what is new among the warnings that clients are told.
    fn note(&mut self, audio: &Audio) {
        let are_removed = audio.warnings.contains(&Warning::SinksRemoved);
        if are_removed && !self.are_sinks_removed {
            warning!("something has removed our sinks again and again; trying again in a minute");
        }
        self.are_sinks_removed = are_removed;
        let are_removed = audio.warnings.contains(&Warning::LinksRemoved);
        if are_removed && !self.are_links_removed {
            warning!(
                "something has removed our links to the card again and again; trying again in 30 s"
            );
        }
        self.are_links_removed = are_removed;
    }
}

/// A request that PipeWire answers.
#[derive(Clone, Copy)]
enum Stage {
    /// The list of what there is.
    Globals,
    /// The info events of the listed objects.
    Details,
    /// The last calls before the end.
    Shutdown,
}

impl Connection {
    /// Connects. What there is comes with the following turns.
    ///
    /// # Errors
    /// The library's: PipeWire does not run, as a rule.
    pub fn open(context: &ContextRc, router: Router, fade: Fade) -> Result<Self, pipewire::Error> {
        let core = context.connect_rc(None)?;
        let registry = core.get_registry_rc()?;
        let incoming = Incoming::default();
        let mut connection = Self {
            nodes: SortedMap::new(),
            clients: SortedMap::new(),
            metadata: None,
            filters: None,
            settings: None,
            manager: None,
            manager_settings: None,
            links: SortedMap::new(),
            unlinked: SortedMap::new(),
            sinks: SortedMap::new(),
            _registry_listener: listen::registry(&registry, &incoming),
            registry,
            _core_listener: listen::core(&core, &incoming),
            core,
            context: context.clone(),
            incoming,
            router,
            due: None,
            fade,
            warned: Warned::default(),
            pending: None,
            is_detailed: false,
            setting: None,
            drain: None,
        };
        connection.await_stage(Stage::Globals);
        Ok(connection)
    }

    /// Asks PipeWire to answer when it has done all that it was asked so far.
    fn await_stage(&mut self, stage: Stage) {
        self.pending = self.core.sync(0).ok().map(|seq| (stage, seq));
    }

    /// Returns when to call [`turn`](Self::turn) next if no event of PipeWire's comes before.
    pub fn deadline(&self) -> Option<Instant> {
        let answer = self
            .metadata
            .as_ref()
            .and_then(MetadataConnection::deadline);
        let drained = self.drain.as_ref().and_then(Drain::end);
        let deadlines = [self.due, self.fade.deadline(), answer, drained];
        deadlines.into_iter().flatten().min()
    }

    /// Turns what callbacks have left into events, acts on them, and does what is due. Returns what clients
    /// are told of the sound, if that was looked at.
    ///
    /// # Errors
    /// PipeWire has gone.
    pub fn dispatch(&mut self, rules: &Rules, now: Instant) -> Result<Option<Audio>, Disconnected> {
        let audio = self.handle_messages(rules, now);
        let is_undone = self.is_undone();
        if let Some(drain) = &mut self.drain {
            drain.since = is_undone.then(|| drain.since.unwrap_or(now));
        }
        audio
    }

    fn handle_messages(
        &mut self,
        rules: &Rules,
        now: Instant,
    ) -> Result<Option<Audio>, Disconnected> {
        if self.fade.deadline().is_some_and(|at| now >= at) {
            let factors = self.fade.step(now);
            self.set_factors(factors);
        }
        // Before what has gone is forgotten.
        let told = self.metadata.as_mut().map(MetadataConnection::take);
        let told = told.unwrap_or_default();
        let messages = self.incoming.take();
        let hangs = self.metadata.as_mut().and_then(|it| it.note_hang(now));
        let was_due = self.due.is_some_and(|at| now >= at) || hangs.is_some();
        if told.is_empty() && messages.is_empty() && !was_due && !self.is_list_complete() {
            return Ok(None);
        }
        let mut has_news = was_due || self.is_list_complete();
        for message in told.into_iter().chain(messages) {
            // A change of volume plans nothing, unless a sink then carries something else.
            let is_about_levels =
                matches!(message, Message::Event(Event::Level(..)) | Message::Done(_));
            has_news |= !is_about_levels;
            match message {
                Message::Global(global) => self.handle_global(&global),
                Message::Event(event) => self.handle(event),
                Message::Done(seq) => self.note_done(seq),
                Message::Version(version) => {
                    info!("connected to PipeWire {version}");
                    self.router.handle(Event::Version(version));
                }
                Message::Error {
                    object: PW_ID_CORE,
                    code,
                    message,
                } if is_fatal(code) => {
                    debug!("PipeWire: {message} ({code})");
                    return Err(Disconnected);
                }
                Message::Error {
                    object,
                    code,
                    message,
                } => self.note_error(object, code, &message),
            }
        }
        if let (Some(hangs), Some(manager)) = (hangs, self.manager) {
            self.note_hang(manager, hangs);
        }
        if !has_news && !self.router.do_levels_differ() && !self.is_list_complete() {
            return Ok(None);
        }
        if self.is_list_complete() {
            self.is_detailed = false;
            self.router.handle(Event::Listed);
        }
        // What somebody has removed, or PipeWire has refused, leaves a proxy without an object.
        self.links.retain(|ports, _| self.router.has_link(ports));
        self.sinks.retain(|&sink, _| self.router.has_sink(sink));
        Ok(Some(self.reconcile(rules, now)))
    }

    fn note_hang(&mut self, manager: u32, hangs: bool) {
        let metadata = match hangs {
            true => router::MetadataOwner::Hanging(manager),
            false => router::MetadataOwner::Managed(manager),
        };
        if hangs {
            warning!("the session manager hangs: linking without it until it answers");
        } else {
            info!("the session manager answers again");
        }
        self.router.handle(Event::Metadata(metadata));
    }

    /// Takes in that something that was asked for has failed. As a rule that is a race that is lost now
    /// and then: what it concerns has gone already, or the session manager was first to link it. A link
    /// between ports that are still there, or a sink, is refused for a reason that lasts: PipeWire
    /// lacks a module, or forbids it.
    fn note_error(&mut self, object: u32, code: i32, message: &str) {
        debug!("PipeWire: object {object}: {message} ({code})");
        let mut links = self.links.iter_mut();
        let is_lasting = |ports: &Ports| code != -libc::EEXIST && self.router.has_ports(ports);
        let (event, what) = if let Some((&ports, link)) = links.find(|(_, link)| link.id == object)
        {
            // PipeWire gives the number to another object now.
            link.id = REFUSED;
            if !is_lasting(&ports) {
                return;
            }
            (Event::LinkRefused(ports), "link streams and sinks")
        } else {
            let mut sinks = self.sinks.iter();
            // One that was created may fail later: its node says so, and it is there all the same.
            let is_refused = |sink: &router::Sink| self.router.awaits_sink(*sink);
            let Some((&sink, _)) = sinks.find(|(sink, made)| made.id == object && is_refused(sink))
            else {
                if let Some(ports) = self.unlinked.remove(&object) {
                    self.router.handle(Event::LinkNeverMade(ports));
                }
                return;
            };
            (Event::SinkRefused(sink), "make a sink")
        };
        self.warn_refused(what, &format!("{message} ({code})"));
        self.router.handle(event);
    }

    /// Says in the log, once, that PipeWire refuses what the router has asked for.
    fn warn_refused(&mut self, what: &str, why: &str) {
        if !std::mem::replace(&mut self.warned.is_refused, true) {
            let attempts = router::MAX_ATTEMPTS;
            warning!("PipeWire refuses to {what}: {why}; trying {attempts} times in all");
        }
    }

    /// Has the router take in, in the next turn, that the library could not even ask.
    fn refuse(&mut self, event: Event, what: &str, error: &pipewire::Error) {
        self.warn_refused(what, &error.to_string());
        self.incoming.borrow_mut().push(Message::Event(event));
    }

    fn note_done(&mut self, seq: AsyncSeq) {
        if self.setting.take_if(|awaited| *awaited == seq).is_some() {
            let factors = self.fade.target();
            let factors = CHANNELS.map(|channel| as_set(factors, channel));
            self.router.handle(Event::LevelsSet(Some(factors)));
        }
        if let Some((stage, _)) = self.pending.take_if(|(_, awaited)| *awaited == seq) {
            match stage {
                Stage::Globals => self.await_stage(Stage::Details),
                Stage::Details => self.is_detailed = true,
                Stage::Shutdown => {}
            }
        }
    }

    /// Returns whether all that there was at first has been told, and the router does not know that yet.
    fn is_list_complete(&self) -> bool {
        self.is_detailed
            && !self
                .metadata
                .as_ref()
                .is_some_and(MetadataConnection::is_waiting)
    }

    fn handle(&mut self, event: Event) {
        if let Event::MetadataKey { .. } | Event::Metadata(_) = &event {
            debug!("{event:?}");
        }
        if let Event::Removed(id) = event {
            self.nodes.remove(&id);
            self.clients.remove(&id);
            let has_gone = |metadata: &mut MetadataConnection| metadata.id() == id;
            if self.metadata.take_if(has_gone).is_some() {
                self.manager = None;
                self.router
                    .handle(Event::Metadata(router::MetadataOwner::None));
                self.router.handle(Event::FilterMetadata(false));
            }
            if self
                .filters
                .take_if(|(filters, _)| *filters == id)
                .is_some()
            {
                self.router.handle(Event::FilterMetadata(false));
                if let Some(metadata) = &mut self.metadata {
                    metadata.unbind_filters();
                }
            }
            self.settings.take_if(|(settings, ..)| *settings == id);
            self.manager_settings
                .take_if(|(settings, _)| *settings == id);
        }
        self.router.handle(event);
    }

    /// Binds the objects that say more of themselves, and makes an event of each.
    fn handle_global(&mut self, global: &GlobalObject<PropertiesBox>) {
        let props = global
            .props
            .as_ref()
            .map_or_else(Props::new, |props| listen::to_props(props.as_ref()));
        let id = global.id;
        match global.type_ {
            ObjectType::Node => {
                if router::wants_info(&props)
                    && let Ok(node) = self.registry.bind::<Node, _>(global)
                {
                    let listener = listen::node(&node, id, &self.incoming);
                    self.nodes.insert(id, (listener, node));
                }
                self.router.handle(Event::Node(id, props));
            }
            ObjectType::Port => self.router.handle(Event::Port(id, props)),
            ObjectType::Link => self.router.handle(Event::Link(id, props)),
            ObjectType::Client => self.bind_client(global, props),
            ObjectType::Metadata => self.bind_metadata(global, &props),
            _ => {}
        }
    }

    /// Binds a client. Every one is asked at once: a stream that it makes waits for nothing then.
    fn bind_client(&mut self, global: &GlobalObject<PropertiesBox>, props: Props) {
        let id = global.id;
        if let Ok(client) = self.registry.bind::<Client, _>(global) {
            let listener = listen::client(&client, id, &self.incoming);
            self.clients.insert(id, (listener, client));
            self.router.handle(Event::Client(id, props));
        } else {
            // It will say no more.
            self.router.handle(Event::ClientInfo(id, props));
        }
    }

    fn bind_metadata(&mut self, global: &GlobalObject<PropertiesBox>, props: &Props) {
        match props.get("metadata.name").map(String::as_str) {
            Some("default") if self.metadata.is_none() => {
                let opened = MetadataConnection::open(&self.context, global.id, global.version);
                match opened {
                    Ok(metadata) => self.metadata = Some(metadata),
                    Err(error) => warning!("connect to PipeWire's metadata: {error}"),
                }
                let client = props.get("client.id").and_then(|id| id.parse().ok());
                self.manager = client;
                let keeper = client.map_or(
                    router::MetadataOwner::Static,
                    router::MetadataOwner::Managed,
                );
                self.router.handle(Event::Metadata(keeper));
                self.bind_filters();
                self.bind_manager_settings();
            }
            Some("filters") if self.filters.is_none() => {
                self.filters = Some((global.id, global.version));
                self.bind_filters();
            }
            Some("sm-settings") => {
                self.manager_settings = Some((global.id, global.version));
                self.bind_manager_settings();
            }
            Some("settings") if self.settings.is_none() => {
                if let Ok(settings) = self.registry.bind::<Settings, _>(global) {
                    let listener = listen::metadata(&settings, to_setting, &self.incoming);
                    self.settings = Some((global.id, listener, settings));
                }
            }
            _ => {}
        }
    }

    /// Listens to the metadata `filters`, once that and the metadata `default` are there: both are the
    /// session manager's, and have one connection.
    fn bind_filters(&mut self) {
        if let (Some(metadata), Some((id, version))) = (&mut self.metadata, self.filters) {
            self.router.handle(Event::FilterMetadata(true));
            metadata.bind_filters(id, version);
        }
    }

    /// Listens to the metadata `sm-settings`, once that and the metadata `default` are there.
    fn bind_manager_settings(&mut self) {
        if let (Some(metadata), Some((id, version))) = (&mut self.metadata, self.manager_settings) {
            metadata.bind_settings(id, version);
        }
    }

    /// The router.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// Has these streams follow the program list, wherever they were moved before.
    pub fn follow_list(&mut self, streams: &[u32]) {
        self.router.follow_list(streams);
    }

    /// Carries out what the router plans. Returns what clients are told of the sound.
    pub fn reconcile(&mut self, rules: &Rules, now: Instant) -> Audio {
        let mut commands = self.router.reconcile(rules, now);
        // The kernel answers at once, and what it says may decide.
        while self.inspect(&commands) {
            self.carry_out(commands);
            commands = self.router.reconcile(rules, now);
        }
        self.carry_out(commands);
        self.due = match self.incoming.borrow().is_empty() {
            true => self.router.deadline(now),
            // What the library could not even ask.
            false => Some(now),
        };
        let audio = self.router.audio();
        self.warned.note(&audio);
        audio
    }

    /// Inspects the processes that are asked for. Returns whether there are any.
    fn inspect(&mut self, commands: &[Command]) -> bool {
        let mut any = false;
        for command in commands {
            if let &Command::InspectProcess(pid) = command {
                self.router
                    .handle(Event::Process(pid, process::inspect(pid)));
                any = true;
            }
        }
        any
    }

    fn carry_out(&mut self, commands: Vec<Command>) {
        for command in commands {
            debug!("{command:?}");
            match command {
                Command::CreateSink(sink, layout) => self.create(sink, &layout),
                Command::SetLevel(sink, is_muted) => self.set_level(sink, is_muted),
                Command::DestroySink(sink) => drop(self.sinks.remove(&sink)),
                Command::DestroyNode(node) => {
                    info!(
                        "removing node {node}: by it, cards would be sent twice what it combines"
                    );
                    let _ = self.registry.destroy_global(node);
                }
                Command::ConfigurePorts(node, direction, layout) => {
                    self.configure(node, direction, &layout);
                }
                Command::SetTarget(stream, serial) => self.set_target(stream, Some(serial)),
                Command::ClearTarget(stream) => self.set_target(stream, None),
                Command::ClearTargetNode(stream) => {
                    if let Some(metadata) = &mut self.metadata {
                        metadata.clear_node(stream);
                    }
                }
                Command::FollowDefault(stream) => {
                    if let Some(metadata) = &mut self.metadata {
                        metadata.follow_default(stream);
                    }
                }
                Command::Link(ports) => {
                    let link = self.link(ports);
                    match self.core.create_object::<Link>("link-factory", &link) {
                        Ok(link) => {
                            let id = link.upcast_ref().id();
                            self.unlinked.remove(&id);
                            let own = OwnLink {
                                id,
                                _listener: listen::link(&link, ports, &self.incoming),
                                _link: link,
                            };
                            self.links.insert(ports, own);
                        }
                        Err(error) => {
                            let event = Event::LinkRefused(ports);
                            self.refuse(event, "link streams and sinks", &error);
                        }
                    }
                }
                Command::Unlink(ports) => self.unlink(ports),
                Command::Refresh => {
                    if let Some(metadata) = &mut self.metadata {
                        metadata.refresh();
                    }
                }
                // See `inspect`.
                Command::InspectProcess(_) => {}
            }
        }
    }

    /// Removes a link of ours. Of one that PipeWire has refused already, as it does where another client was
    /// first to link the same ports, nothing goes, and the router is told so.
    fn unlink(&mut self, ports: Ports) {
        let Some(link) = self.links.remove(&ports) else {
            return;
        };
        if link.id == REFUSED {
            self.router.handle(Event::LinkNeverMade(ports));
        } else {
            self.unlinked.insert(link.id, ports);
        }
    }

    fn create(&mut self, sink: router::Sink, layout: &Layout) {
        let extra = self.router.sink_properties();
        match Sink::create(&self.core, sink, layout, extra, &self.incoming) {
            Ok(made) => {
                self.sinks.insert(sink, made);
                // Before anything can play into it.
                self.set_level(sink, self.router.is_muted(sink.channel));
            }
            Err(error) => self.refuse(Event::SinkRefused(sink), "make a sink", &error),
        }
    }

    fn set_level(&mut self, sink: router::Sink, is_muted: bool) {
        if let Some(made) = self.sinks.get(&sink) {
            let factors = self.fade.at(Instant::now());
            made.set_level(as_set(factors, sink.channel), is_muted);
            self.note_set();
        }
    }

    /// Tells the router that our sinks are being set and, unless a fade goes on, asks PipeWire to answer when
    /// that is done.
    fn note_set(&mut self) {
        self.router.handle(Event::LevelsSet(None));
        let is_at_rest = self.fade.deadline().is_none();
        self.setting = is_at_rest.then(|| self.core.sync(0).ok()).flatten();
    }

    fn configure(&self, node: u32, direction: Direction, layout: &Layout) {
        let bytes = pod::port_config(direction, layout);
        if let Some((_, node)) = self.nodes.get(&node)
            && let Some(pod) = Pod::from_bytes(&bytes)
        {
            node.set_param(ParamType::PortConfig, 0, pod);
        }
    }

    /// Plays to other sinks, or fades at another pace, from now on.
    pub fn set_config(&mut self, glide: Duration, preferences: ByChannel<Vec<Preference>>) {
        self.router.set_preferences(preferences);
        self.fade.set_shortest(glide);
    }

    /// Fades to new gains.
    pub fn set_mix(&mut self, mix: Mix, now: Instant) {
        let factors = Factors::from(mix);
        if factors != self.fade.target() {
            self.fade.set(factors, self.router.quantum(), now);
            let factors = self.fade.step(now);
            self.set_factors(factors);
        }
    }

    fn set_factors(&mut self, factors: Factors) {
        for (sink, made) in &self.sinks {
            made.set_factor(as_set(factors, sink.channel));
        }
        self.note_set();
    }

    fn set_target(&mut self, stream: u32, serial: Option<u64>) {
        if let Some(metadata) = &mut self.metadata {
            metadata.set_target(stream, serial);
        }
    }

    fn link(&self, ports: Ports) -> PropertiesBox {
        let is_passive = self.router.is_monitor(&ports);
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
    pub fn shutdown(&mut self) {
        let commands = self.router.shutdown();
        self.carry_out(commands);
        self.await_stage(Stage::Shutdown);
        // What plays to none of them is no player that could be paused.
        let time = match self.router.pauses_players() && !self.router.is_drained() {
            true => DRAINED_TIME,
            false => Duration::ZERO,
        };
        self.drain = Some(Drain { time, since: None });
    }

    /// Returns whether PipeWire has done all that it was asked, and nothing plays to our sinks.
    fn is_undone(&self) -> bool {
        let metadata = self.metadata.as_ref();
        let is_waiting = metadata.is_some_and(MetadataConnection::is_waiting);
        self.pending.is_none() && !is_waiting && self.router.is_drained()
    }

    /// Returns whether our sinks can go without anybody falling silent or being paused.
    pub fn is_drained(&self) -> bool {
        let end = self.drain.as_ref().and_then(Drain::end);
        end.is_some_and(|end| Instant::now() >= end)
    }
}

/// The time for which our sinks stay after the last link to them has gone.
struct Drain {
    time: Duration,
    /// When that was; none as long as something plays to them.
    since: Option<Instant>,
}

impl Drain {
    fn end(&self) -> Option<Instant> {
        Some(self.since? + self.time)
    }
}

/// A key of the metadata `settings`, which is PipeWire's own, or `sm-settings`, the session manager's.
pub(super) fn to_setting(
    _subject: u32,
    key: Option<String>,
    value: Option<String>,
) -> Option<Event> {
    Some(Event::Setting(key?, value.unwrap_or_default()))
}

/// A channel's factor, to the width that PipeWire takes.
#[allow(clippy::cast_possible_truncation)]
fn as_set(factors: Factors, channel: Channel) -> f32 {
    factors.of(channel) as f32
}

/// Returns whether an error on the core means that the connection is over.
fn is_fatal(code: i32) -> bool {
    [libc::EPIPE, libc::ECONNRESET, libc::EPROTO, libc::EIO].contains(&-code)
}
