//! A program with many streams: of every two, one is called Game and one Discord.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pipewire::context::ContextRc;
use pipewire::loop_::Timeout;
use pipewire::main_loop::MainLoopRc;
use pipewire::properties::properties;
use pipewire::spa::param::ParamType;
use pipewire::spa::param::audio::{AudioFormat, AudioInfoRaw};
use pipewire::spa::pod::serialize::PodSerializer;
use pipewire::spa::pod::{Object, Pod, Value};
use pipewire::spa::utils::{Direction, SpaTypes};
use pipewire::stream::{StreamFlags, StreamRc};

use crate::other;

/// Plays `count` streams to the PipeWire that [`other::socket`] names until this process is to end.
///
/// A process of its own: what goes wrong in libpipewire stays out of the test.
pub fn play(count: usize) {
    let stop = Arc::new(AtomicBool::new(false));
    let is_to_stop = stop.clone();
    pipewire::init();
    let main_loop = MainLoopRc::new(None).unwrap();
    let context = ContextRc::new(&main_loop, None).unwrap();
    let remote = properties! { "remote.name" => other::socket() };
    let core = context.connect_rc(Some(remote)).unwrap();
    let mut format = AudioInfoRaw::new();
    format.set_format(AudioFormat::S16LE);
    format.set_rate(48_000);
    format.set_channels(2);
    let object = Value::Object(Object {
        type_: SpaTypes::ObjectParamFormat.as_raw(),
        id: ParamType::EnumFormat.as_raw(),
        properties: format.into(),
    });
    let memory = std::io::Cursor::new(Vec::new());
    let bytes = PodSerializer::serialize(memory, &object).unwrap().0;
    let bytes = bytes.into_inner();
    let stream = |n: usize| {
        let name = ["Game", "Discord"][n % 2];
        let props = properties! {
            "application.name" => name,
            "media.type" => "Audio",
            "media.category" => "Playback",
        };
        let stream = StreamRc::new(core.clone(), name, props).unwrap();
        let flags = StreamFlags::AUTOCONNECT | StreamFlags::MAP_BUFFERS;
        let mut params = [Pod::from_bytes(&bytes).unwrap()];
        stream
            .connect(Direction::Output, None, flags, &mut params)
            .unwrap();
        stream
    };
    let streams: Vec<StreamRc> = (0..count).map(stream).collect();
    std::thread::spawn(move || {
        other::hold(&format!("{count} streams"));
        is_to_stop.store(true, Ordering::Relaxed);
    });
    while !stop.load(Ordering::Relaxed) {
        main_loop
            .loop_()
            .iterate(Timeout::Finite(Duration::from_millis(10)));
    }
    drop(streams);
}
