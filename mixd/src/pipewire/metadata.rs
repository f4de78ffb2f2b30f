//! The metadata `default`, over a connection of its own. PipeWire does not serve a client that
//! binds it until the session manager has answered (module-metadata, `global_bind`), and a session
//! manager may hang, die, or wait for a program that waits for it: 0.3.65 never serves that client
//! again then. Volume and links, which have another connection, go on all the while.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use pipewire::context::ContextRc;
use pipewire::core::{self, CoreRc, PW_ID_CORE};
use pipewire::metadata::{Metadata as Proxy, MetadataListener};
use pipewire::permissions::PermissionFlags;
use pipewire::properties::PropertiesBox;
use pipewire::registry::GlobalObject;
use pipewire::spa::utils::result::AsyncSeq;
use pipewire::types::ObjectType;

use super::connection::to_setting;
use super::listen::{self, Incoming, KeyToFact, Message};
use crate::graph::{Fact, TARGET_NODE, TARGET_OBJECT};

/// How long a session manager may take for an answer before it hangs: it needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// The metadata of a session manager. Dropped in the order of the fields, as the main connection is.
pub struct Metadata {
    bound: (MetadataListener, Proxy),
    /// The metadata `sm-settings`.
    settings: Option<(MetadataListener, Proxy)>,
    /// The metadata `filters`.
    filters: Option<(MetadataListener, Proxy)>,
    _core_listener: core::Listener,
    core: CoreRc,
    incoming: Incoming,
    /// What PipeWire knows it by.
    global: GlobalObject<PropertiesBox>,
    /// What PipeWire has not yet said to be done, in the order in which it was asked.
    pending: VecDeque<(Stage, AsyncSeq)>,
    /// Since when nothing of that has been done.
    waits_since: Instant,
    hangs: bool,
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// All that the metadata says, for the first time, or what was last set there.
    Told,
    /// All that it says, told again.
    Reread,
}

impl Metadata {
    /// Connects, and asks for all that the metadata of this id says.
    ///
    /// # Errors
    /// The library's.
    pub fn open(context: &ContextRc, id: u32, version: u32) -> Result<Self, pipewire::Error> {
        let core = context.connect_rc(None)?;
        let incoming = Incoming::default();
        let core_listener = listen::core(&core, &incoming);
        let global = global(id, version);
        let mut metadata = Self {
            bound: bind(&core, &global, to_key, &incoming)?,
            settings: None,
            filters: None,
            _core_listener: core_listener,
            core,
            incoming,
            global,
            pending: VecDeque::new(),
            waits_since: Instant::now(),
            hangs: false,
        };
        metadata.await_stage(Stage::Told);
        Ok(metadata)
    }

    /// Its id in PipeWire.
    pub fn id(&self) -> u32 {
        self.global.id
    }

    /// Asks for all that the metadata `filters` says, which has this id.
    ///
    /// # Errors
    /// The library's.
    pub fn bind_filters(&mut self, id: u32, version: u32) -> Result<(), pipewire::Error> {
        let bound = bind(&self.core, &global(id, version), to_filter, &self.incoming)?;
        self.filters = Some(bound);
        self.await_stage(Stage::Told);
        Ok(())
    }

    /// The same of the metadata `sm-settings`, which has the session manager's settings.
    ///
    /// # Errors
    /// The library's.
    pub fn bind_settings(&mut self, id: u32, version: u32) -> Result<(), pipewire::Error> {
        let bound = bind(&self.core, &global(id, version), to_setting, &self.incoming)?;
        self.settings = Some(bound);
        self.await_stage(Stage::Told);
        Ok(())
    }

    /// The metadata `filters` has gone.
    pub fn unbind_filters(&mut self) {
        self.filters = None;
    }

    /// Binds it anew, which tells all of it. PipeWire answers us no sooner than the session manager
    /// has told it.
    pub fn reread(&mut self) {
        // The old one goes when the new one is there: nothing is missed between them.
        if let Ok(bound) = bind(&self.core, &self.global, to_key, &self.incoming) {
            self.bound = bound;
        }
        self.await_stage(Stage::Reread);
    }

    /// Marks a stream as the session manager does what follows the default sink though its own node
    /// names one.
    pub fn follow_default(&self, stream: u32) {
        let (_, proxy) = &self.bound;
        proxy.set_property(stream, TARGET_NODE, Some("Spa:Id"), Some("-1"));
    }

    /// Sends a stream to the sink of this `object.serial`, or to none of its own.
    pub fn set_target(&self, stream: u32, serial: Option<u64>) {
        let value = serial.map(|serial| serial.to_string());
        let kind = value.as_ref().map(|_| "Spa:Id");
        let (_, proxy) = &self.bound;
        proxy.set_property(stream, TARGET_OBJECT, kind, value.as_deref());
    }

    /// Waits until what was set has been.
    pub fn flush(&mut self) {
        self.await_stage(Stage::Told);
    }

    /// Removes a stream's `target.node`.
    pub fn clear_node(&self, stream: u32) {
        let (_, proxy) = &self.bound;
        proxy.set_property(stream, TARGET_NODE, None, None);
    }

    /// Whether PipeWire has yet to do what it was asked, and the session manager does not hang.
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty() && !self.hangs
    }

    /// When [`note_hang`](Self::note_hang) is to be called next, if there is no answer before.
    pub fn deadline(&self) -> Option<Instant> {
        self.is_waiting().then_some(self.waits_since + PATIENCE)
    }

    /// Whether the session manager hangs, if that is new.
    pub fn note_hang(&mut self, now: Instant) -> Option<bool> {
        let hangs = !self.pending.is_empty() && (self.hangs || now >= self.waits_since + PATIENCE);
        (std::mem::replace(&mut self.hangs, hangs) != hangs).then_some(hangs)
    }

    /// What PipeWire has said since: facts, and what ends the connection.
    pub fn take(&mut self) -> Vec<Message> {
        let messages = self.incoming.take().into_iter();
        let useful = messages.filter_map(|message| match message {
            Message::Done(seq) => self.note_done(seq).map(|stage| {
                Message::Fact(match stage {
                    Stage::Told => Fact::Answered,
                    Stage::Reread => Fact::Reread,
                })
            }),
            Message::Error {
                object: PW_ID_CORE, ..
            } => Some(message),
            Message::Error { code, message, .. } => {
                debug!("PipeWire: metadata: {message} ({code})");
                None
            }
            Message::Version(_) => None,
            message => Some(message),
        });
        useful.collect()
    }

    fn await_stage(&mut self, stage: Stage) {
        if self.pending.is_empty() {
            self.waits_since = Instant::now();
        }
        let seq = self.core.sync(0).ok();
        self.pending.extend(seq.map(|seq| (stage, seq)));
    }

    fn note_done(&mut self, seq: AsyncSeq) -> Option<Stage> {
        let &(stage, awaited) = self.pending.front()?;
        if awaited != seq {
            return None;
        }
        self.pending.pop_front();
        self.waits_since = Instant::now();
        Some(stage)
    }
}

/// What PipeWire knows a metadata object by.
fn global(id: u32, version: u32) -> GlobalObject<PropertiesBox> {
    GlobalObject {
        id,
        permissions: PermissionFlags::all(),
        type_: ObjectType::Metadata,
        version,
        props: None,
    }
}

/// Binds one. The list of all objects, which that takes, is not kept: it would wake us a second time
/// at whatever comes and goes.
fn bind(
    core: &CoreRc,
    global: &GlobalObject<PropertiesBox>,
    to_fact: KeyToFact,
    incoming: &Incoming,
) -> Result<(MetadataListener, Proxy), pipewire::Error> {
    let proxy: Proxy = core.get_registry_rc()?.bind(global)?;
    Ok((listen::metadata(&proxy, to_fact, incoming), proxy))
}

#[allow(clippy::unnecessary_wraps)] // the form that is listened with
fn to_key(subject: u32, key: Option<String>, value: Option<String>) -> Option<Fact> {
    Some(Fact::Key {
        subject,
        key,
        value,
    })
}

#[allow(clippy::unnecessary_wraps)] // the form that is listened with
fn to_filter(node: u32, key: Option<String>, value: Option<String>) -> Option<Fact> {
    Some(Fact::Filter { node, key, value })
}
