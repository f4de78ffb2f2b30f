//! A program with many streams: of every two, one is called Game and one Discord.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
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

/// The streams; they go when this is dropped.
pub struct Burst {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Burst {
    /// Makes `count` streams in the PipeWire at this socket; returns when all are asked for.
    pub fn start(socket: &Path, count: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (is_to_stop, socket) = (stop.clone(), socket.to_owned());
        let (made, all_made) = channel();
        let thread = std::thread::spawn(move || play(&socket, count, &made, &is_to_stop));
        all_made.recv().unwrap();
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Burst {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn play(socket: &Path, count: usize, made: &Sender<()>, stop: &AtomicBool) {
    pipewire::init();
    let main_loop = MainLoopRc::new(None).unwrap();
    let context = ContextRc::new(&main_loop, None).unwrap();
    let remote = properties! { "remote.name" => socket.to_str().unwrap() };
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
    made.send(()).unwrap();
    while !stop.load(Ordering::Relaxed) {
        main_loop
            .loop_()
            .iterate(Timeout::Finite(Duration::from_millis(10)));
    }
    drop(streams);
}
