//! A channel's sink: a null sink inside PipeWire whose monitor is scaled by the channel's gain.

use pipewire::core::CoreRc;
use pipewire::node::Node;
use pipewire::properties::properties;
use pipewire::proxy::{ProxyListener, ProxyT};
use pipewire::spa::param::ParamType;
use pipewire::spa::pod::serialize::PodSerializer;
use pipewire::spa::pod::{Object, Pod, Property, Value, ValueArray};
use pipewire::spa::sys::SPA_PROP_channelVolumes;
use pipewire::spa::utils::SpaTypes;
use wire::{Channel, Mix};

use super::listen::{Incoming, Message};
use crate::graph::{self, Fact};

/// How many channels each sink has.
const SINK_CHANNELS: usize = 2;

/// A channel's sink, made by us and gone with us.
pub struct Sink {
    channel: Channel,
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
        channel: Channel,
        incoming: &Incoming,
    ) -> Result<Self, pipewire::Error> {
        let description = match channel {
            Channel::Default => "mixd: default channel",
            Channel::Aux => "mixd: aux channel",
        };
        let props = properties! {
            "factory.name" => "support.null-audio-sink",
            "node.name" => graph::sink_name(channel),
            "node.description" => description,
            "media.class" => "Audio/Sink",
            "audio.position" => "[ FL FR ]",
            // Our gains scale the monitor, so that the card hears them.
            "monitor.channel-volumes" => "true",
            // Together with passive links: the card sleeps when nothing plays.
            "node.passive" => "out",
            "node.virtual" => "true",
            // The session manager must not bring back a volume or a mute of some earlier day.
            "state.restore-props" => "false",
            // Below every card: never the default by itself.
            "priority.session" => "0",
        };
        let node: Node = core.create_object("adapter", &props)?;
        let queue = incoming.clone();
        let listener = node
            .upcast_ref()
            .add_listener_local()
            .bound(move |id| {
                let fact = Fact::Sink(channel, id);
                queue.borrow_mut().push(Message::Fact(fact));
            })
            .register();
        Ok(Self {
            channel,
            _listener: listener,
            node,
        })
    }

    /// Scales the monitor by the channel's gain, from the next buffer on. Nothing but
    /// `channelVolumes` may be sent: `volumeRampTime` and its kin crash PipeWire 1.4.2 on a null
    /// sink.
    pub fn set_gain(&self, mix: Mix) {
        let gain = match self.channel {
            Channel::Aux => mix.aux,
            Channel::Default => mix.default,
        };
        #[allow(clippy::cast_possible_truncation)] // to the width that PipeWire takes
        let volumes = vec![gain.factor() as f32; SINK_CHANNELS];
        let object = Value::Object(Object {
            type_: SpaTypes::ObjectParamProps.as_raw(),
            id: ParamType::Props.as_raw(),
            properties: vec![Property::new(
                SPA_PROP_channelVolumes,
                Value::ValueArray(ValueArray::Float(volumes)),
            )],
        });
        let space = std::io::Cursor::new(Vec::new());
        if let Ok((pod, _)) = PodSerializer::serialize(space, &object)
            && let Some(pod) = Pod::from_bytes(pod.get_ref())
        {
            self.node.set_param(ParamType::Props, 0, pod);
        }
    }
}
