//! What is set on nodes, in PipeWire's own binary form (spa/pod).

use std::io::Cursor;

use pipewire::spa::param::ParamType;
use pipewire::spa::pod::serialize::PodSerializer;
use pipewire::spa::pod::{Object, Property, Value, ValueArray};
use pipewire::spa::sys;
use pipewire::spa::utils::{Id, SpaTypes};

use crate::graph::{Direction, Layout};

/// `Props` with the same factor for each of a number of channels. Nothing but `channelVolumes` may
/// be sent: `volumeRampTime` and its kin crash PipeWire 1.4.2 on a null sink.
pub fn volumes(factor: f64, channels: usize) -> Vec<u8> {
    #[allow(clippy::cast_possible_truncation)] // to the width that PipeWire takes
    let volumes = vec![factor as f32; channels];
    let volumes = Value::ValueArray(ValueArray::Float(volumes));
    object(
        SpaTypes::ObjectParamProps,
        ParamType::Props,
        vec![Property::new(sys::SPA_PROP_channelVolumes, volumes)],
    )
}

/// `PortConfig`: a port for each channel of a layout, as the graph mixes them ("dsp"); a sink's
/// with monitors.
pub fn port_config(direction: Direction, layout: &Layout) -> Vec<u8> {
    let positions = layout.ids().iter().copied().map(Id).collect();
    let channels = i32::try_from(layout.channels()).unwrap_or(i32::MAX);
    let format = Object {
        type_: SpaTypes::ObjectParamFormat.as_raw(),
        id: ParamType::Format.as_raw(),
        properties: vec![
            id(sys::SPA_FORMAT_mediaType, sys::SPA_MEDIA_TYPE_audio),
            id(sys::SPA_FORMAT_mediaSubtype, sys::SPA_MEDIA_SUBTYPE_raw),
            id(sys::SPA_FORMAT_AUDIO_format, sys::SPA_AUDIO_FORMAT_F32P),
            Property::new(sys::SPA_FORMAT_AUDIO_rate, Value::Int(48_000)),
            Property::new(sys::SPA_FORMAT_AUDIO_channels, Value::Int(channels)),
            Property::new(
                sys::SPA_FORMAT_AUDIO_position,
                Value::ValueArray(ValueArray::Id(positions)),
            ),
        ],
    };
    let towards = match direction {
        Direction::Input => sys::SPA_DIRECTION_INPUT,
        Direction::Output => sys::SPA_DIRECTION_OUTPUT,
    };
    object(
        SpaTypes::ObjectParamPortConfig,
        ParamType::PortConfig,
        vec![
            id(sys::SPA_PARAM_PORT_CONFIG_direction, towards),
            id(
                sys::SPA_PARAM_PORT_CONFIG_mode,
                sys::SPA_PARAM_PORT_CONFIG_MODE_dsp,
            ),
            Property::new(
                sys::SPA_PARAM_PORT_CONFIG_monitor,
                Value::Bool(direction == Direction::Input),
            ),
            Property::new(sys::SPA_PARAM_PORT_CONFIG_format, Value::Object(format)),
        ],
    )
}

fn id(key: u32, value: u32) -> Property {
    Property::new(key, Value::Id(Id(value)))
}

fn object(type_: SpaTypes, id: ParamType, properties: Vec<Property>) -> Vec<u8> {
    let object = Value::Object(Object {
        type_: type_.as_raw(),
        id: id.as_raw(),
        properties,
    });
    // Writing to memory can't fail; an empty pod is refused by whoever reads it.
    PodSerializer::serialize(Cursor::new(Vec::new()), &object)
        .map(|(cursor, _)| cursor.into_inner())
        .unwrap_or_default()
}
