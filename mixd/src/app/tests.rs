//! What requests and the sound change, without files and without PipeWire.

use super::*;
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
