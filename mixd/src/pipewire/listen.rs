//! The listeners of PipeWire's events. Every callback only leaves a message behind, which is handled
//! after an iteration of PipeWire's loop: no proxy is made or dropped inside a callback.

use std::cell::RefCell;
use std::rc::Rc;

use pipewire::client::{Client, ClientChangeMask, ClientListener};
use pipewire::core::{self, CoreRc};
use pipewire::link::{Link, LinkListener, LinkState};
use pipewire::metadata::{Metadata, MetadataListener};
use pipewire::node::{Node, NodeChangeMask, NodeListener, NodeState};
use pipewire::properties::PropertiesBox;
use pipewire::registry::{self, GlobalObject, RegistryRc};
use pipewire::spa::utils::dict::DictRef;
use pipewire::spa::utils::result::AsyncSeq;
use pipewire::types::ObjectType;

use crate::router::{Event, Info, Ports, Props};

/// The messages that callbacks have left.
pub type Incoming = Rc<RefCell<Vec<Message>>>;

/// One message of PipeWire.
pub enum Message {
    /// An object is there.
    Global(GlobalObject<PropertiesBox>),
    /// An event for the router.
    Event(Event),
    /// The connection is made, to this version.
    Version(String),
    /// PipeWire has done all that it was asked before.
    Done(AsyncSeq),
    /// Something that we asked for has failed, or (on the core) the connection.
    Error {
        /// The object, as the connection numbers them.
        object: u32,
        /// A negative errno.
        code: i32,
        /// PipeWire's message.
        message: String,
    },
}

/// Listens to the connection itself.
pub fn core(core: &CoreRc, incoming: &Incoming) -> core::Listener {
    let (versions, errors, done) = (incoming.clone(), incoming.clone(), incoming.clone());
    core.add_listener_local()
        .info(move |info| {
            versions
                .borrow_mut()
                .push(Message::Version(info.version().to_owned()));
        })
        .done(move |_, seq| done.borrow_mut().push(Message::Done(seq)))
        .error(move |object, _, code, message| {
            let message = message.to_owned();
            errors.borrow_mut().push(Message::Error {
                object,
                code,
                message,
            });
        })
        .register()
}

/// Listens to the objects that come and go, of the kinds that the router knows.
pub fn registry(registry: &RegistryRc, incoming: &Incoming) -> registry::Listener {
    let (globals, removals) = (incoming.clone(), incoming.clone());
    registry
        .add_listener_local()
        .global(move |global| {
            let is_known = matches!(
                global.type_,
                ObjectType::Node
                    | ObjectType::Port
                    | ObjectType::Link
                    | ObjectType::Client
                    | ObjectType::Metadata
            );
            if is_known {
                globals
                    .borrow_mut()
                    .push(Message::Global(global.to_owned()));
            }
        })
        .global_remove(move |id| {
            removals
                .borrow_mut()
                .push(Message::Event(Event::Removed(id)));
        })
        .register()
}

/// Listens to what a node says of itself, now and whenever it changes.
pub fn node(node: &Node, id: u32, incoming: &Incoming) -> NodeListener {
    let queue = incoming.clone();
    node.add_listener_local()
        .info(move |info| {
            let changed = info.change_mask();
            let watched = NodeChangeMask::PROPS
                | NodeChangeMask::STATE
                | NodeChangeMask::INPUT_PORTS
                | NodeChangeMask::OUTPUT_PORTS;
            if changed.intersects(watched) {
                let info = Info {
                    // There, but empty, when they are as they were.
                    props: info
                        .props()
                        .filter(|_| changed.contains(NodeChangeMask::PROPS))
                        .map(to_props),
                    inputs: info.n_input_ports(),
                    outputs: info.n_output_ports(),
                    is_running: matches!(info.state(), NodeState::Running),
                };
                queue
                    .borrow_mut()
                    .push(Message::Event(Event::Info(id, info)));
            }
        })
        .register()
}

/// Listens to whether a link of ours can't carry anything.
pub fn link(link: &Link, ports: Ports, incoming: &Incoming) -> LinkListener {
    let queue = incoming.clone();
    link.add_listener_local()
        .info(move |info| {
            if let LinkState::Error(error) = info.state() {
                debug!("{ports:?}: {error}");
                queue
                    .borrow_mut()
                    .push(Message::Event(Event::LinkFailed(ports)));
            }
        })
        .register()
}

/// Listens to what a client says of itself, now and whenever it changes.
pub fn client(client: &Client, id: u32, incoming: &Incoming) -> ClientListener {
    let queue = incoming.clone();
    client
        .add_listener_local()
        .info(move |info| {
            if info.change_mask().contains(ClientChangeMask::PROPS) {
                let props = info.props().map(to_props).unwrap_or_default();
                queue
                    .borrow_mut()
                    .push(Message::Event(Event::ClientInfo(id, props)));
            }
        })
        .register()
}

/// Makes an event of a subject, a key and its value.
pub type KeyToEvent = fn(u32, Option<String>, Option<String>) -> Option<Event>;

/// Listens to the keys of a metadata object, now and whenever they change.
pub fn metadata(
    metadata: &Metadata,
    to_event: KeyToEvent,
    incoming: &Incoming,
) -> MetadataListener {
    let queue = incoming.clone();
    metadata
        .add_listener_local()
        .property(move |subject, key, _, value| {
            let event = to_event(subject, key.map(str::to_owned), value.map(str::to_owned));
            queue.borrow_mut().extend(event.map(Message::Event));
            0
        })
        .register()
}

/// The pairs of a dictionary that are valid UTF-8.
pub fn to_props(dict: &DictRef) -> Props {
    dict.iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
