//! A channel's sink: a null sink inside PipeWire whose monitor is scaled by the channel's gain.

use pipewire::core::CoreRc;
use pipewire::node::{Node, NodeListener};
use pipewire::properties::properties;
use pipewire::proxy::{ProxyListener, ProxyT};
use pipewire::spa::param::ParamType;
use pipewire::spa::pod::Pod;
use wire::Channel;

use super::listen::{Incoming, Message};
use super::pod;
use crate::router::{self, Event, Layout};

/// A channel's sink, made by us and gone with us.
pub struct Sink {
    /// The number by which the connection knew it: one that was refused has none any more.
    pub id: u32,
    channels: usize,
    _listeners: (ProxyListener, NodeListener),
    node: Node,
}

impl Sink {
    /// Asks PipeWire to make it; that it has, and under which id, comes as an event.
    ///
    /// # Errors
    /// The library's, when it can't even ask.
    pub fn create(
        core: &CoreRc,
        sink: router::Sink,
        layout: &Layout,
        extra: &[(&str, &str)],
        incoming: &Incoming,
    ) -> Result<Self, pipewire::Error> {
        let description = match sink.channel {
            Channel::Default => "mixd: default channel",
            Channel::Aux => "mixd: aux channel",
        };
        let mut props = properties! {
            "factory.name" => "support.null-audio-sink",
            "node.name" => router::sink_name(sink.channel),
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
        for (key, value) in extra {
            props.insert(*key, *value);
        }
        let node: Node = core.create_object("adapter", &props)?;
        let (queue, levels) = (incoming.clone(), incoming.clone());
        let bound = node
            .upcast_ref()
            .add_listener_local()
            .bound(move |id| {
                let event = Event::SinkCreated(sink, id);
                queue.borrow_mut().push(Message::Event(event));
            })
            .register();
        let props = node
            .add_listener_local()
            .param(move |_, kind, _, _, pod| {
                if kind == ParamType::Props
                    && let Some(level) = pod.and_then(pod::read_level)
                {
                    let event = Event::Level(sink, level);
                    levels.borrow_mut().push(Message::Event(event));
                }
            })
            .register();
        node.subscribe_params(&[ParamType::Props]);
        Ok(Self {
            id: node.upcast_ref().id(),
            channels: layout.channels(),
            _listeners: (bound, props),
            node,
        })
    }

    /// Scales the monitor by a factor from the next quantum on.
    pub fn set_factor(&self, factor: f32) {
        self.set_props(&pod::volumes(factor, self.channels));
    }

    /// Sets all that decides what it carries, whatever others have set.
    pub fn set_level(&self, factor: f32, is_muted: bool) {
        self.set_props(&pod::level(factor, is_muted, self.channels));
    }

    fn set_props(&self, bytes: &[u8]) {
        if let Some(pod) = Pod::from_bytes(bytes) {
            self.node.set_param(ParamType::Props, 0, pod);
        }
    }
}
