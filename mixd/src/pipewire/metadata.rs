//! The metadata `default`, over a connection of its own. PipeWire does not serve a client that
//! binds it until the session manager has answered (module-metadata, `global_bind`), and a session
//! manager may hang, die, or wait for a program that waits for it: 0.3.65 never serves that client
//! again then. Volume and links, which have another connection, go on all the while.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use pipewire::context::ContextRc;
use pipewire::core::{self, CoreRc, PW_ID_CORE};
use pipewire::metadata::{Metadata, MetadataListener};
use pipewire::permissions::PermissionFlags;
use pipewire::properties::PropertiesBox;
use pipewire::registry::GlobalObject;
use pipewire::spa::utils::result::AsyncSeq;
use pipewire::types::ObjectType;

use super::connection::to_setting;
use super::listen::{self, Incoming, KeyToEvent, Message};
use crate::router::{Event, TARGET_NODE, TARGET_OBJECT};

/// How long a session manager may take for an answer before it hangs: it needs milliseconds.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(2);

/// How often a request that PipeWire has refused as stale is repeated.
const MAX_REPEATS: u8 = 3;

/// The metadata of a session manager. Dropped in the order of the fields, as the main connection is.
pub struct MetadataConnection {
    bound: (MetadataListener, Metadata),
    /// The metadata `sm-settings`.
    settings: Option<(MetadataListener, Metadata)>,
    /// The metadata `filters`.
    filters: Option<(MetadataListener, Metadata)>,
    _core_listener: core::Listener,
    core: CoreRc,
    incoming: Incoming,
    /// The metadata `default`, as the registry has it.
    global: GlobalObject<PropertiesBox>,
    /// The requests that PipeWire has not answered yet, in order.
    pending: VecDeque<Pending>,
    /// When the last of them was answered, or the first one made.
    waits_since: Instant,
    hangs: bool,
}

/// A request that PipeWire has not answered yet. An error comes before the answer.
struct Pending {
    request: Request,
    seq: AsyncSeq,
    /// PipeWire has refused it with ESTALE: it concerns an object that is newer than the last event over
    /// this connection (`pw_impl_client_check_permissions`), though the other one has told us of it.
    is_stale: bool,
    repeats: u8,
}

/// A request.
enum Request {
    /// All that the metadata `default` says, for the first time.
    Bind,
    /// The same of `filters`.
    BindFilters { id: u32, version: u32 },
    /// The same of `sm-settings`.
    BindSettings { id: u32, version: u32 },
    /// All that the metadata `default` says, told again.
    Refresh,
    /// A property of a stream, or, without a value, to remove it.
    Set {
        stream: u32,
        key: &'static str,
        value: Option<String>,
    },
}

impl MetadataConnection {
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
        metadata.await_done(Request::Bind, 0);
        Ok(metadata)
    }

    /// Its id in PipeWire.
    pub fn id(&self) -> u32 {
        self.global.id
    }

    /// Asks for all that the metadata `filters` says, which has this id.
    pub fn bind_filters(&mut self, id: u32, version: u32) {
        self.ask(Request::BindFilters { id, version }, 0);
    }

    /// The same of the metadata `sm-settings`, which has the session manager's settings.
    pub fn bind_settings(&mut self, id: u32, version: u32) {
        self.ask(Request::BindSettings { id, version }, 0);
    }

    /// The metadata `filters` has gone.
    pub fn unbind_filters(&mut self) {
        self.filters = None;
    }

    /// Binds it anew, which tells all of it. PipeWire answers us no sooner than the session manager
    /// has told it.
    pub fn refresh(&mut self) {
        self.ask(Request::Refresh, 0);
    }

    /// Marks a stream as the session manager does what follows the default sink though its own node
    /// names one.
    pub fn follow_default(&mut self, stream: u32) {
        self.set(stream, TARGET_NODE, Some("-1".to_owned()));
    }

    /// Sends a stream to the sink of this `object.serial`, or to none of its own.
    pub fn set_target(&mut self, stream: u32, serial: Option<u64>) {
        let value = serial.map(|serial| serial.to_string());
        self.set(stream, TARGET_OBJECT, value);
    }

    /// Removes a stream's `target.node`.
    pub fn clear_node(&mut self, stream: u32) {
        self.set(stream, TARGET_NODE, None);
    }

    fn set(&mut self, stream: u32, key: &'static str, value: Option<String>) {
        self.ask(Request::Set { stream, key, value }, 0);
    }

    /// Makes a request, and asks PipeWire to answer when it is done.
    fn ask(&mut self, request: Request, repeats: u8) {
        let bound = match &request {
            Request::Bind | Request::Refresh => {
                let bound = bind(&self.core, &self.global, to_key, &self.incoming);
                // The old one goes when the new one is there: nothing is missed between them.
                bound.map(|bound| self.bound = bound)
            }
            &Request::BindFilters { id, version } => {
                let bound = bind(&self.core, &global(id, version), to_filter, &self.incoming);
                bound.map(|bound| self.filters = Some(bound))
            }
            &Request::BindSettings { id, version } => {
                let bound = bind(&self.core, &global(id, version), to_setting, &self.incoming);
                bound.map(|bound| self.settings = Some(bound))
            }
            Request::Set { stream, key, value } => {
                let kind = value.as_ref().map(|_| "Spa:Id");
                let (_, proxy) = &self.bound;
                proxy.set_property(*stream, key, kind, value.as_deref());
                Ok(())
            }
        };
        if let Err(error) = bound {
            warning!("bind PipeWire's metadata: {error}");
        }
        self.await_done(request, repeats);
    }

    /// Returns whether PipeWire has yet to do what it was asked, and the session manager does not hang.
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty() && !self.hangs
    }

    /// Returns when to call [`note_hang`](Self::note_hang) next if no answer comes before.
    pub fn deadline(&self) -> Option<Instant> {
        self.is_waiting()
            .then_some(self.waits_since + MAX_ANSWER_TIME)
    }

    /// Returns whether the session manager hangs, if that is new.
    pub fn note_hang(&mut self, now: Instant) -> Option<bool> {
        let hangs =
            !self.pending.is_empty() && (self.hangs || now >= self.waits_since + MAX_ANSWER_TIME);
        (std::mem::replace(&mut self.hangs, hangs) != hangs).then_some(hangs)
    }

    /// Takes what PipeWire has said since: events, and errors that end the connection.
    pub fn take(&mut self) -> Vec<Message> {
        let messages = self.incoming.take().into_iter();
        let useful = messages.filter_map(|message| match message {
            Message::Done(seq) => self.note_done(seq).map(Message::Event),
            Message::Error {
                object: PW_ID_CORE, ..
            } => Some(message),
            Message::Error { code, message, .. } => {
                debug!("PipeWire: metadata: {message} ({code})");
                if code == -libc::ESTALE
                    && let Some(pending) = self.pending.front_mut()
                {
                    pending.is_stale = true;
                }
                None
            }
            Message::Version(_) => None,
            message => Some(message),
        });
        useful.collect()
    }

    fn await_done(&mut self, request: Request, repeats: u8) {
        if self.pending.is_empty() {
            self.waits_since = Instant::now();
        }
        let seq = self.core.sync(0).ok();
        self.pending.extend(seq.map(|seq| Pending {
            request,
            seq,
            is_stale: false,
            repeats,
        }));
    }

    /// Takes in the answer to the first request. Returns the event that it makes.
    fn note_done(&mut self, seq: AsyncSeq) -> Option<Event> {
        if self.pending.front()?.seq != seq {
            return None;
        }
        let done = self.pending.pop_front()?;
        self.waits_since = Instant::now();
        if done.is_stale && done.repeats < MAX_REPEATS {
            self.repeat(done.request, done.repeats + 1);
            return None;
        }
        matches!(done.request, Request::Refresh).then_some(Event::Refreshed)
    }

    /// Repeats a request that was refused, unless the same key was set to something else since.
    fn repeat(&mut self, request: Request, repeats: u8) {
        let is_outdated = self.pending.iter().any(|later| {
            matches!((&request, &later.request), (
                Request::Set { stream, key, .. },
                Request::Set { stream: later, key: also, .. },
            ) if (stream, key) == (later, also))
        });
        if !is_outdated {
            self.ask(request, repeats);
        }
    }
}

/// The ids by which PipeWire knows a metadata object.
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
    to_event: KeyToEvent,
    incoming: &Incoming,
) -> Result<(MetadataListener, Metadata), pipewire::Error> {
    let proxy: Metadata = core.get_registry_rc()?.bind(global)?;
    Ok((listen::metadata(&proxy, to_event, incoming), proxy))
}

#[allow(clippy::unnecessary_wraps)] // the form that is listened with
fn to_key(subject: u32, key: Option<String>, value: Option<String>) -> Option<Event> {
    Some(Event::MetadataKey {
        subject,
        key,
        value,
    })
}

#[allow(clippy::unnecessary_wraps)] // the form that is listened with
fn to_filter(node: u32, key: Option<String>, value: Option<String>) -> Option<Event> {
    Some(Event::FilterKey { node, key, value })
}
