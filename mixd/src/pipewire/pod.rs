//! The parameters that are set on nodes, in PipeWire's own binary form (spa/pod).

use std::io::Cursor;

use pipewire::spa::param::ParamType;
use pipewire::spa::pod::serialize::PodSerializer;
use pipewire::spa::pod::{Object, Pod, Property, Value, ValueArray};
use pipewire::spa::sys;
use pipewire::spa::utils::{Id, SpaTypes};

use crate::router::{Direction, Layout, Level};

/// `Props` with the same factor for each of a number of channels. `volumeRampTime` and its kin must
/// not be sent: they crash PipeWire 1.4.2 on a null sink.
pub fn volumes(factor: f32, channels: usize) -> Vec<u8> {
    props(vec![volume(sys::SPA_PROP_channelVolumes, factor, channels)])
}

/// `Props` with all that decides what a sink carries: its level, which does not undo a mute, and those
/// of its monitor, which are its own.
pub fn level(factor: f32, is_muted: bool, channels: usize) -> Vec<u8> {
    props(vec![
        Property::new(sys::SPA_PROP_mute, Value::Bool(is_muted)),
        volume(sys::SPA_PROP_channelVolumes, factor, channels),
        Property::new(sys::SPA_PROP_monitorMute, Value::Bool(false)),
        volume(sys::SPA_PROP_monitorVolumes, 1.0, channels),
    ])
}

fn props(properties: Vec<Property>) -> Vec<u8> {
    object(SpaTypes::ObjectParamProps, ParamType::Props, properties)
}

fn volume(key: u32, factor: f32, channels: usize) -> Property {
    let volumes = ValueArray::Float(vec![factor; channels]);
    Property::new(key, Value::ValueArray(volumes))
}

/// The level in a sink's `Props`.
pub fn read_level(pod: &Pod) -> Option<Level> {
    let mut level = Level::default();
    for property in pod.as_object().ok()?.props() {
        let value = property.value();
        match property.key().0 {
            sys::SPA_PROP_mute => level.is_muted = value.get_bool().ok()?,
            sys::SPA_PROP_channelVolumes => level.volumes = floats(value)?,
            sys::SPA_PROP_monitorMute => level.is_monitor_muted = value.get_bool().ok()?,
            sys::SPA_PROP_monitorVolumes => level.monitor_volumes = floats(value)?,
            _ => {}
        }
    }
    Some(level)
}

/// The elements of an array of floats: behind its own size and type, and those of an element.
fn floats(pod: &Pod) -> Option<Vec<f32>> {
    let words = pod.as_bytes().as_chunks::<4>().0;
    let (head, rest) = words.split_at_checked(4)?;
    let kind = [sys::SPA_TYPE_Array, sys::SPA_TYPE_Float].map(u32::to_ne_bytes);
    let is_floats = pod.is_array() && [head[1], head[3]] == kind;
    let elements = usize::try_from(pod.size()).ok()?.checked_sub(8)? / 4;
    let floats = rest.iter().take(elements);
    is_floats.then(|| floats.map(|&bytes| f32::from_ne_bytes(bytes)).collect())
}

/// `PortConfig`: a port for each channel of a layout, as PipeWire's graph mixes them ("dsp"); a sink's
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
