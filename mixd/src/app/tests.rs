//! What requests and the sound change, without files and without PipeWire.

use super::*;
use crate::router::simulation::{sink, stream};
use crate::router::{Event as AudioEvent, Layout};
use wire::frame::MAX_REPLY;
use wire::message::{self, ClientName, NodeName};
use wire::{Channel, Curve, Gain, StreamState, Warning, codec};

fn app() -> App {
    App::new(Options::default())
}

fn volume(text: &str) -> Volume {
    text.parse().unwrap()
}

#[test]
fn only_a_change_counts_as_one() {
    let mut app = app();
    app.request(0, Request::SetVolume(volume("0"))).unwrap();
    app.set_settings(Settings::default());
    app.editable.read(&Config::default(), b"# mine\n");
    assert!(app.take_changed().is_empty());
    app.request(0, Request::SetVolume(volume("0.5"))).unwrap();
    assert!(app.take_changed().contains(Topic::Volume));
    assert!(app.take_changed().is_empty());
}

#[test]
fn another_curve_makes_other_gains_of_the_same_volume() {
    let mut app = app();
    app.set_volume(volume("0.5"));
    app.take_changed();
    app.set_settings(Settings {
        curve: Curve::Quadratic,
        ..Settings::default()
    });
    assert_eq!(app.mixer.mix().default, Gain::try_from(250_000).unwrap());
    let changed = app.take_changed();
    assert!(changed.contains(Topic::Volume) && changed.contains(Topic::Settings));
}

#[test]
fn of_a_path_that_is_too_long_for_a_message_the_start_is_told() {
    let told = |length: usize| {
        let path = format!("/{}", "x".repeat(length - 1));
        let mut app = app();
        app.config_file = ConfigFile::new(Some(path.clone().into()));
        app.update_settings();
        assert!(path.starts_with(app.settings.file.as_deref().unwrap()));
        app.settings.file.unwrap().len()
    };
    assert_eq!([told(4096), told(4097)], [4096, 4096]);
}

#[test]
fn the_largest_status_fits_into_a_frame() {
    let mut app = app();
    let name = NodeName::truncated(&"x".repeat(message::MAX_NAME));
    let stream = Stream {
        id: u32::MAX,
        pid: Some(u32::MAX),
        name,
        rule: Some(name),
        state: StreamState::Contested,
        binary: Some(name),
        channel: Channel::Default,
        process: Some(name),
        running: true,
        linked_by: Some(ClientName::truncated(&name)),
        description: Some(name),
    };
    let output = wire::Output {
        name,
        description: Some(name),
    };
    app.set_settings(Settings {
        file: Some("x".repeat(4096)),
        problem: Some("x".repeat(512)),
        ..Settings::default()
    });
    let fitting = MAX_LIST / size(&stream);
    for count in [fitting + 5, 3 * fitting] {
        app.set_audio(Audio {
            omitted: 0,
            outputs: Box::new(wire::Outputs {
                aux: Some(output),
                default: Some(output),
            }),
            streams: vec![stream.clone(); count],
            pipewire: PipeWireState::Down,
            warnings: vec![
                Warning::OwnSinkIsDefault,
                Warning::OutputMissing,
                Warning::LeadsBack(name),
                Warning::LeadsBack(name),
                Warning::SinksRemoved,
                Warning::LinksRemoved,
                Warning::ManagerHangs,
                Warning::MovingForbidden,
                Warning::DefaultMuted,
                Warning::AuxMuted,
                Warning::DefaultLevelContested,
                Warning::AuxLevelContested,
            ],
        });
        assert_eq!(app.audio.omitted as usize, count - fitting);
    }
    for n in 0.. {
        let pattern = message::Pattern::truncated(&format!("{n:0128}"));
        if app.request(0, Request::AddProgram(pattern)).is_err() {
            break;
        }
    }
    let mut body = vec![0; MAX_REPLY];
    let reply = app.request(0, Request::GetStatus).unwrap();
    codec::encode(&reply, &mut body).unwrap();
}

#[test]
fn short_names_leave_room_for_hundreds_of_streams() {
    let mut app = app();
    let name = NodeName::truncated("a program");
    let stream = Stream {
        id: 1,
        pid: Some(1),
        name,
        rule: None,
        state: StreamState::Routed,
        binary: Some(name),
        channel: Channel::Default,
        process: None,
        running: true,
        linked_by: None,
        description: None,
    };
    let audio = Audio {
        streams: vec![stream; 250],
        ..app.audio.clone()
    };
    app.set_audio(audio);
    assert_eq!(app.audio.omitted, 0);
}

/// A PipeWire that has what the events say, and does nothing.
struct Still(Router);

impl AudioServer for Still {
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn dispatch(
        &mut self,
        _: bool,
        _: &Rules,
        _: Mix,
        _: Instant,
    ) -> Result<Option<Audio>, String> {
        Ok(None)
    }

    fn configure(&mut self, _: Duration, _: ByChannel<Vec<Preference>>) {}

    fn set_mix(&mut self, _: Mix, _: Instant) {}

    fn follow_list(&mut self, _: &[u32]) {}

    fn reconcile(&mut self, _: &Rules, _: Instant) -> Option<Audio> {
        None
    }

    fn router(&self) -> Option<&Router> {
        Some(&self.0)
    }

    fn shutdown(&mut self) {}

    fn is_drained(&self) -> bool {
        true
    }
}

/// Returns the answer to a request where PipeWire has what the events say, and the bytes that it takes.
fn answer(events: Vec<AudioEvent>, request: Request) -> (Reply<'static>, usize) {
    let mut router = Router::new(ByChannel::default());
    let events = events.into_iter().chain([AudioEvent::Listed]);
    events.for_each(|event| router.handle(event));
    router.reconcile(&Rules::default(), Instant::now());
    let mut app = app();
    app.pipewire = Some(Box::new(Still(router)));
    let mut body = vec![0; MAX_REPLY];
    let reply = app.request(0, request).unwrap();
    let length = codec::encode(&reply, &mut body).unwrap();
    (codec::decode(&body[..length]).unwrap(), length)
}

#[test]
fn of_hundreds_of_sinks_with_the_longest_names_as_many_are_listed_as_fit() {
    let name = |id| format!("{id}{}", "x".repeat(message::MAX_NAME));
    let events = (100..500).flat_map(|id| sink(id, &name(id), &Layout::stereo()));
    let (reply, length) = answer(events.collect(), Request::ListSinks);
    let Reply::Sinks(list) = reply else {
        panic!("{reply:?}");
    };
    let fitting = MAX_LIST / (STREAM + message::MAX_NAME);
    assert_eq!(list.sinks.len(), fitting);
    assert_eq!(list.omitted as usize, 400 - fitting);
    assert!(length <= MAX_LIST, "{length}");
}

#[test]
fn of_hundreds_of_properties_of_a_stream_as_many_are_told_as_fit() {
    let key = |n| format!("{n:0>width$}", width = message::MAX_KEY);
    let value = "x".repeat(message::MAX_SENTENCE);
    let pairs: Vec<(String, &str)> = (0..400).map(|n| (key(n), &*value)).collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (&**key, *value)).collect();
    let (reply, length) = answer(stream(70, "Discord", &pairs), Request::GetStream(70));
    let Reply::Stream(detail) = reply else {
        panic!("{reply:?}");
    };
    let told = detail.properties.len();
    // Besides these it has its name and that it is linked by itself.
    assert_eq!(told + detail.omitted as usize, 402);
    // A little room is kept for what a property takes besides its texts.
    let nearly_all = MAX_LIST * 9 / 10..=MAX_LIST;
    assert!(nearly_all.contains(&length), "{told} in {length} bytes");
}
