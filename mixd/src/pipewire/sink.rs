//! A channel's sink: a null sink inside PipeWire whose monitor is scaled by the channel's gain.

use pipewire::core::CoreRc;
use pipewire::node::Node;
use pipewire::properties::properties;
use pipewire::proxy::{ProxyListener, ProxyT};
use pipewire::spa::param::ParamType;
use pipewire::spa::pod::Pod;
use wire::Channel;

use super::listen::{Incoming, Message};
use super::pod;
use crate::graph::{self, Fact, Layout};

/// A channel's sink, made by us and gone with us.
pub struct Sink {
    /// The number by which the connection knew it: one that was refused has none any more.
    pub id: u32,
    channels: usize,
    _listener: ProxyListener,
    node: Node,
}

impl Sink {
    /// Asks PipeWire to make it; that it has, and under which id, comes as a fact.
    ///
    /// # Errors
    /// The library's, when it can't even ask.
    pub fn create(
        core: &CoreRc,
        sink: graph::Sink,
        layout: &Layout,
        incoming: &Incoming,
    ) -> Result<Self, pipewire::Error> {
        let description = match sink.channel {
            Channel::Default => "mixd: default channel",
            Channel::Aux => "mixd: aux channel",
        };
        let props = properties! {
            "factory.name" => "support.null-audio-sink",
            "node.name" => graph::sink_name(sink.channel),
            "node.description" => description,
            "media.class" => "Audio/Sink",
            "audio.position" => layout.to_string(),
            // Our gains scale the monitor, so that the card hears them.
            "monitor.channel-volumes" => "true",
            // Together with passive links: the card sleeps when nothing plays.
            "node.passive" => "out",
            "node.virtual" => "true",
            // The session manager must not bring back a volume, a mute or a sink of some earlier
            // day.
            "state.restore-props" => "false",
            "state.restore-target" => "false",
            // Below every card: never the default by itself.
            "priority.session" => "-1",
        };
        let node: Node = core.create_object("adapter", &props)?;
        let queue = incoming.clone();
        let listener = node
            .upcast_ref()
            .add_listener_local()
            .bound(move |id| {
                let fact = Fact::Made(sink, id);
                queue.borrow_mut().push(Message::Fact(fact));
            })
            .register();
        Ok(Self {
            id: node.upcast_ref().id(),
            channels: layout.channels(),
            _listener: listener,
            node,
        })
    }

    /// Scales the monitor by a factor from the next quantum on.
    pub fn set_factor(&self, factor: f64) {
        let bytes = pod::volumes(factor, self.channels);
        if let Some(pod) = Pod::from_bytes(&bytes) {
            self.node.set_param(ParamType::Props, 0, pod);
        }
    }
}
