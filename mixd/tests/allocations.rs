//! Requests cost no memory from the heap: everything that a client can make mixd hold is taken
//! when mixd starts.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use mixd::app::App;
use mixd::options::Options;
use mixd::server::event::EncodedEvent;
use mixd::server::session::Session;
use wire::frame::{Header, Kind, MAX_REQUEST};
use wire::{ErrorCode, Hello, PROTOCOL, Request, Text, Topics, codec};

fn framed(kind: Kind, message: &impl serde::Serialize) -> Vec<u8> {
    let mut body = [0; MAX_REQUEST];
    let length = codec::encode(message, &mut body).unwrap();
    let header = Header {
        length: length.try_into().unwrap(),
        kind,
        id: 1,
    };
    [&header.to_bytes()[..], &body[..length]].concat()
}

/// Bytes in, a turn, events, bytes out.
fn handle(
    session: &mut Session,
    encoded: &mut EncodedEvent,
    app: &mut App,
    bytes: &[u8],
    now: Instant,
) {
    session.input()[..bytes.len()].copy_from_slice(bytes);
    session.received(bytes.len());
    session.handle_frames(app, now);
    session.mark_dirty(app.take_changed());
    encoded.forget();
    session.write_events(encoded, app, now);
    let length = session.output().len();
    assert!(length > 0, "there is an answer");
    session.sent(length, now);
}

#[test]
fn requests_replies_and_events_take_no_memory_from_the_heap() {
    let now = Instant::now();
    let mut app = App::new(Options::default());
    let mut session = Session::new(0, now);
    let mut encoded = EncodedEvent::default();
    let hello = Hello {
        client: Text::truncated("test"),
        protocol: PROTOCOL,
    };
    let pattern = Text::truncated("Discord");
    let all: Topics = Topics::all();
    // Changes of the list are kept for undo: fill the history, so that it grows no more.
    let bytes = framed(Kind::Hello, &hello);
    handle(&mut session, &mut encoded, &mut app, &bytes, now);
    handle(
        &mut session,
        &mut encoded,
        &mut app,
        &framed(Kind::Request, &Request::AddProgram(pattern)),
        now,
    );
    for request in [
        Request::Subscribe(all),
        Request::GetVolume,
        Request::SetVolume("0.5".parse().unwrap()),
        Request::ShiftVolume(wire::Shift::parse_clamped("-0.25").unwrap()),
        Request::ListPrograms,
        Request::GetStatus,
        Request::Fail(ErrorCode::Refused),
        Request::Subscribe(Topics::NONE),
    ] {
        let bytes = framed(Kind::Request, &request);
        let used = allocation_counter::measure(|| {
            handle(&mut session, &mut encoded, &mut app, &bytes, now);
        });
        assert_eq!(used.count_total, 0, "{request:?}");
    }
}

#[test]
fn the_counter_counts() {
    let used = allocation_counter::measure(|| drop(std::hint::black_box(vec![0_u8; 16])));
    assert_eq!(used.count_total, 1);
}
