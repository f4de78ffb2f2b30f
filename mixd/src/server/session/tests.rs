//! The rules of the protocol, each on its edge, without a socket.

use super::*;
use wire::frame::Header;

use crate::app::App;
use crate::options::Options;

struct Peer {
    session: Session,
    app: App,
    now: Instant,
    replies: Reader,
}

impl Peer {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            session: Session::new(0, now),
            app: App::new(Options::default()),
            now,
            replies: Reader::new(MAX_REPLY, 0),
        }
    }

    fn greeted() -> Self {
        let mut peer = Self::new();
        peer.send(&hello(PROTOCOL));
        assert_eq!(peer.receive().unwrap().0, Kind::Welcome);
        peer
    }

    /// What a server does with bytes, turns and events.
    fn send(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.session.wants_input() {
            let space = self.session.input();
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            self.session.received(count);
            bytes = &bytes[count..];
            while self.session.has_work() {
                self.session.handle_frames(&mut self.app, self.now);
            }
            self.session.handle_frames(&mut self.app, self.now);
        }
        self.session.mark_dirty(self.app.take_changed());
        self.session
            .write_events(&mut EncodedEvent::default(), &self.app, self.now);
    }

    /// Takes one frame of output: its kind, id and body.
    fn receive(&mut self) -> Option<(Kind, u32, Vec<u8>)> {
        let space = self.replies.space();
        let count = space.len().min(self.session.output().len());
        space[..count].copy_from_slice(&self.session.output()[..count]);
        self.replies.filled(count);
        self.session.sent(count, self.now);
        let frame = self.replies.peek().unwrap()?;
        let frame = (frame.kind, frame.id, frame.body.to_vec());
        self.replies.consume();
        Some(frame)
    }

    #[track_caller]
    fn expect_error(&mut self, id: u32, code: ErrorCode) {
        let (kind, found, body) = self.receive().expect("an Error");
        assert_eq!((kind, found), (Kind::Error, id));
        assert_eq!(codec::decode::<Failure>(&body).unwrap().code, code);
    }

    fn pass(&mut self, time: Duration) -> Option<&'static str> {
        self.now += time;
        self.session.expire(self.now)
    }
}

/// The time between what is in time and what is not.
const MOMENT: Duration = Duration::from_nanos(1);

fn frame(kind: Kind, id: u32, body: &[u8]) -> Vec<u8> {
    let length = body.len().try_into().unwrap();
    [&Header { length, kind, id }.to_bytes()[..], body].concat()
}

fn message(kind: Kind, id: u32, message: &impl serde::Serialize) -> Vec<u8> {
    let mut body = [0; MAX_REQUEST];
    let length = codec::encode(message, &mut body).unwrap();
    frame(kind, id, &body[..length])
}

fn hello(protocol: u32) -> Vec<u8> {
    message(
        Kind::Hello,
        0,
        &Hello {
            client: Text::truncated("test"),
            protocol,
        },
    )
}

fn request(id: u32, request: &Request) -> Vec<u8> {
    message(Kind::Request, id, request)
}

#[test]
fn each_request_gets_one_answer_in_order() {
    let mut peer = Peer::greeted();
    let requests = [
        request(5, &Request::GetVolume),
        request(4, &Request::Fail(ErrorCode::Refused)),
        frame(Kind::Request, 3, b"\x65dance"),
        frame(Kind::Request, 2, b"\xff"),
        request(1, &Request::ListPrograms),
    ];
    peer.send(&requests.concat());
    assert_eq!(peer.receive().unwrap().1, 5);
    peer.expect_error(4, ErrorCode::Refused);
    peer.expect_error(3, ErrorCode::Unsupported);
    peer.expect_error(2, ErrorCode::Malformed);
    assert_eq!(peer.receive().unwrap().1, 1);
    assert_eq!(peer.receive(), None);
    assert!(!peer.session.is_finished());
}

#[test]
fn a_known_request_with_a_wrong_value_is_malformed_and_not_unknown() {
    let mut peer = Peer::greeted();
    peer.send(&frame(
        Kind::Request,
        1,
        b"\xa1\x6aset-volume\x1a\x00\x0f\x42\x41",
    ));
    peer.expect_error(1, ErrorCode::Malformed);
    peer.send(&frame(Kind::Request, 2, b"\x6aset-volume"));
    peer.expect_error(2, ErrorCode::Malformed);
    peer.send(&frame(Kind::Request, 3, b"\xa1\x65dance\x01"));
    peer.expect_error(3, ErrorCode::Unsupported);
}

#[test]
fn an_unknown_request_is_held_to_the_one_form_that_there_is() {
    let mut peer = Peer::greeted();
    for (id, argument) in (1..).zip([
        &b"\xf9\x3c\x00"[..],
        b"\xc1\x01",
        b"\xa2\x61b\x01\x61a\x01",
        b"\xa2\x61a\x01\x61a\x01",
        b"\x18\x01",
        b"\xf7",
        b"\x9f\xff",
        &[0x81; 17],
    ]) {
        peer.send(&frame(
            Kind::Request,
            id,
            &[b"\xa1\x65dance", argument].concat(),
        ));
        peer.expect_error(id, ErrorCode::Malformed);
    }
    peer.send(&frame(Kind::Request, 20, b"\xa1\x65dance\x82\x01\xf6"));
    peer.expect_error(20, ErrorCode::Unsupported);
}

#[test]
fn a_failure_that_is_asked_for_ends_what_its_code_ends() {
    for &code in ErrorCode::ALL {
        let mut peer = Peer::greeted();
        peer.send(&request(1, &Request::Fail(code)));
        peer.expect_error(1, code);
        assert_eq!(peer.session.is_finished(), code.ends_connection(), "{code}");
    }
}

#[test]
fn a_hello_of_another_protocol_is_told_which_numbers_are_spoken() {
    for (body, code) in [
        // {"client": "x", "protocol": 1, "language": "de"}
        (
            &b"\xa3\x66client\x61x\x68language\x62de\x68protocol\x01"[..],
            ErrorCode::Version,
        ),
        (b"\xa2\x66client\x61x\x68protocol\x02", ErrorCode::Version),
        (b"\xa2\x66client\x61x\x68protocol\x61a", ErrorCode::Version),
        (b"\xa1\x68protocol\x01", ErrorCode::Version),
        (b"\x65hello", ErrorCode::Version),
        (b"\xa2\x68protocol\x01\x66client\x61x", ErrorCode::Malformed),
        (
            b"\xa2\x66client\x61x\x68protocol\x18\x01",
            ErrorCode::Malformed,
        ),
        (b"", ErrorCode::Malformed),
    ] {
        let mut peer = Peer::new();
        peer.send(&frame(Kind::Hello, 7, body));
        let (kind, id, said) = peer.receive().unwrap();
        assert_eq!((kind, id), (Kind::Error, 7));
        let failure: Failure = codec::decode(&said).unwrap();
        assert_eq!(failure.code, code, "{body:x?}");
        let spoken = (code == ErrorCode::Version).then_some(PROTOCOL);
        assert_eq!((failure.min, failure.max), (spoken, spoken), "{body:x?}");
        assert!(peer.session.is_finished());
    }
}

#[test]
fn a_broken_header_gets_an_error_and_the_end() {
    let long = [&1025u16.to_le_bytes()[..], &[3, 0, 0, 0, 0, 0]].concat();
    for header in [
        &[0, 0, 9, 0, 0, 0, 0, 0][..],
        &[0, 0, 3, 1, 0, 0, 0, 0],
        &long,
    ] {
        let mut peer = Peer::greeted();
        peer.send(header);
        peer.expect_error(0, ErrorCode::Header);
        assert!(peer.session.is_finished());
        assert!(!peer.session.wants_input());
    }
}

#[test]
fn the_daemons_own_kinds_are_no_headers() {
    for kind in [Kind::Welcome, Kind::Reply, Kind::Error, Kind::Event] {
        let mut peer = Peer::greeted();
        // At once, whatever body it announces.
        peer.send(&frame(kind, 7, b"\xf6")[..HEADER]);
        peer.expect_error(0, ErrorCode::Header);
        assert!(peer.session.is_finished());
    }
}

#[test]
fn an_event_may_wait_for_its_reader_and_an_answer_for_half_a_minute() {
    let mut peer = Peer::greeted();
    let topics = [Topic::Programs].into_iter().collect();
    peer.send(&request(1, &Request::Subscribe(topics)));
    assert_eq!(peer.receive().unwrap().0, Kind::Reply);
    peer.session.mark_dirty(topics);
    peer.session
        .write_events(&mut EncodedEvent::default(), &peer.app, peer.now);
    assert!(!peer.session.output().is_empty(), "an Event waits");
    assert_eq!(peer.pass(2 * OUTPUT_TIME), None);
    peer.send(&request(2, &Request::ListPrograms));
    assert_eq!(peer.pass(OUTPUT_TIME.mul_f32(0.999)), None);
    // A byte of the Event is one that the answer has come nearer.
    peer.session.sent(1, peer.now);
    assert_eq!(peer.pass(Duration::from_millis(1)), None);
    assert!(peer.pass(OUTPUT_TIME).is_some());
}

#[test]
fn an_empty_body_and_the_longest_one_are_broken_bodies_and_the_connection_lives() {
    let mut peer = Peer::greeted();
    peer.send(&frame(Kind::Request, 1, b""));
    peer.expect_error(1, ErrorCode::Malformed);
    peer.send(&frame(Kind::Request, 2, &[0; MAX_REQUEST]));
    peer.expect_error(2, ErrorCode::Malformed);
    peer.send(&request(3, &Request::GetVolume));
    assert_eq!(peer.receive().unwrap().1, 3);
}

#[test]
fn a_request_before_hello_and_a_second_hello_end_the_connection() {
    let mut peer = Peer::new();
    peer.send(&request(1, &Request::GetVolume));
    peer.expect_error(1, ErrorCode::Sequence);
    assert!(peer.session.is_finished());
    let mut peer = Peer::greeted();
    peer.send(&hello(PROTOCOL));
    peer.expect_error(0, ErrorCode::Sequence);
    assert!(peer.session.is_finished());
}

#[test]
fn another_protocol_number_is_refused_with_both_named() {
    let mut peer = Peer::new();
    peer.send(&hello(7));
    let (_, _, body) = peer.receive().unwrap();
    let failure: Failure = codec::decode(&body).unwrap();
    assert_eq!(failure.code, ErrorCode::Version);
    assert!(failure.message.contains("protocol 7") && failure.message.contains("mixd 1"));
    assert!(peer.session.is_finished());
}

#[test]
fn a_subscriber_gets_the_state_at_once_and_after_a_change_only_the_newest() {
    let mut peer = Peer::greeted();
    let topics = [Topic::Volume, Topic::Programs].into_iter().collect();
    peer.send(&request(1, &Request::Subscribe(topics)));
    assert_eq!(peer.receive().unwrap().0, Kind::Reply);
    assert_eq!(peer.receive().unwrap().0, Kind::Event);
    assert_eq!(peer.receive().unwrap().0, Kind::Event);
    for volume in ["0.1", "0.2", "0.3"] {
        let volume = volume.parse().unwrap();
        peer.app.request(0, Request::SetVolume(volume)).unwrap();
        peer.session.mark_dirty(peer.app.take_changed());
    }
    peer.session
        .write_events(&mut EncodedEvent::default(), &peer.app, peer.now);
    let (kind, id, body) = peer.receive().unwrap();
    assert_eq!((kind, id), (Kind::Event, 0));
    assert!(matches!(
        codec::decode(&body).unwrap(),
        Event::Volume(mix) if mix.volume.to_string() == "0.3"
    ));
    assert_eq!(peer.receive(), None);
}

#[test]
fn no_topic_ends_the_subscription() {
    let mut peer = Peer::greeted();
    let topics = [Topic::Volume].into_iter().collect();
    peer.send(&request(1, &Request::Subscribe(topics)));
    peer.send(&request(2, &Request::Subscribe(Topics::NONE)));
    while peer.receive().is_some() {}
    peer.send(&request(3, &Request::SetVolume("1".parse().unwrap())));
    assert_eq!(peer.receive().unwrap().0, Kind::Reply);
    assert_eq!(peer.receive(), None);
}

#[test]
fn half_a_header_then_nothing_is_closed_after_5_s() {
    let mut peer = Peer::greeted();
    peer.send(&[0; 4]);
    assert_eq!(peer.session.deadline(), Some(peer.now + FRAME_TIME));
    assert_eq!(peer.pass(FRAME_TIME.saturating_sub(MOMENT)), None);
    assert!(peer.pass(MOMENT).is_some());
    peer.expect_error(0, ErrorCode::Timeout);
    assert!(peer.session.is_finished());
}

#[test]
fn bytes_that_trickle_in_do_not_prolong_a_frames_time() {
    let mut peer = Peer::greeted();
    let bytes = request(1, &Request::GetVolume);
    for byte in &bytes[..4] {
        peer.send(&[*byte]);
        assert_eq!(peer.pass(Duration::from_secs(1)), None);
    }
    peer.send(&bytes[4..5]);
    assert!(peer.pass(Duration::from_secs(1)).is_some());
}

#[test]
fn no_hello_is_closed_after_2_s() {
    let mut peer = Peer::new();
    assert_eq!(peer.session.deadline(), Some(peer.now + HELLO_TIME));
    assert_eq!(peer.pass(HELLO_TIME.saturating_sub(MOMENT)), None);
    assert!(peer.pass(MOMENT).is_some());
    peer.expect_error(0, ErrorCode::Timeout);
}

#[test]
fn output_that_nobody_takes_is_closed_after_30_s_and_each_byte_taken_prolongs_it() {
    let mut peer = Peer::greeted();
    peer.send(&request(1, &Request::GetVolume));
    assert_eq!(peer.session.deadline(), Some(peer.now + OUTPUT_TIME));
    assert_eq!(peer.pass(OUTPUT_TIME.saturating_sub(MOMENT)), None);
    peer.session.sent(1, peer.now);
    assert_eq!(peer.session.deadline(), Some(peer.now + OUTPUT_TIME));
    assert_eq!(peer.pass(OUTPUT_TIME.saturating_sub(MOMENT)), None);
    assert!(peer.pass(MOMENT).is_some());
    assert!(
        peer.session.is_finished(),
        "nothing waits to be sent any more"
    );
}

#[test]
fn an_idle_client_has_no_deadline() {
    let peer = Peer::greeted();
    assert_eq!(peer.session.deadline(), None);
}

#[test]
fn nothing_is_read_or_carried_out_while_there_is_no_room_for_an_answer() {
    let mut peer = Peer::greeted();
    let one = request(1, &Request::GetVolume);
    let mut sent = 0;
    while peer.session.wants_input() {
        peer.send(&one);
        sent += 1;
        assert!(sent < 10_000, "the output is bounded");
    }
    let room = OUTPUT - peer.session.output().len();
    let answer = peer.session.output().len() / sent;
    assert!(
        (SMALL_ANSWER - answer..SMALL_ANSWER).contains(&room),
        "{room}"
    );
    let mut answers = 0;
    while peer.receive().is_some() {
        answers += 1;
        peer.session.handle_frames(&mut peer.app, peer.now);
    }
    assert_eq!(answers, sent);
    assert!(peer.session.wants_input());
}

impl Peer {
    /// One that has asked for a long list eight times: not all of the answers have room.
    fn with_eight_long_answers() -> Self {
        let mut peer = Self::greeted();
        for n in 0..150 {
            let pattern = Text::truncated(&format!("{n:0128}"));
            peer.send(&request(n, &Request::AddProgram(pattern)));
            assert_eq!(peer.receive().unwrap().0, Kind::Reply);
        }
        let lists: Vec<_> = (0..8)
            .flat_map(|id| request(id, &Request::ListPrograms))
            .collect();
        peer.session.input()[..lists.len()].copy_from_slice(&lists);
        peer.session.received(lists.len());
        peer.session.handle_frames(&mut peer.app, peer.now);
        peer
    }
}

#[test]
fn a_long_answer_that_has_no_room_is_given_when_there_is() {
    let mut peer = Peer::with_eight_long_answers();
    for id in 0..8 {
        let (kind, found, _) = peer.receive().unwrap();
        assert_eq!((kind, found), (Kind::Reply, id));
        peer.session.handle_frames(&mut peer.app, peer.now);
    }
    assert_eq!(peer.receive(), None);
}

#[test]
fn a_long_answer_that_has_no_room_is_no_work_until_some_output_is_taken() {
    let mut peer = Peer::with_eight_long_answers();
    assert!(
        !peer.session.has_work(),
        "a loop that came back for it at once would spin"
    );
    assert!(!peer.session.wants_input());
    peer.session.end_input();
    assert!(
        !peer.session.is_finished(),
        "the other answers are still owed"
    );
    peer.session.sent(1, peer.now);
    assert!(peer.session.has_work());
}

#[test]
fn at_most_eight_frames_are_handled_a_turn() {
    let mut peer = Peer::greeted();
    let ten: Vec<_> = (0..10)
        .flat_map(|id| request(id, &Request::GetVolume))
        .collect();
    peer.session.input()[..ten.len()].copy_from_slice(&ten);
    peer.session.received(ten.len());
    peer.session.handle_frames(&mut peer.app, peer.now);
    assert!(peer.session.has_work() && !peer.session.wants_input());
    let answers = std::iter::from_fn(|| peer.receive()).count();
    assert_eq!(answers, FRAMES_A_TURN);
}

#[test]
fn what_came_before_a_half_close_is_answered_and_a_subscriber_still_served() {
    let mut peer = Peer::greeted();
    peer.send(&request(1, &Request::GetVolume));
    peer.session.end_input();
    assert!(!peer.session.is_finished());
    assert!(peer.receive().is_some());
    assert!(peer.session.is_finished());

    let mut peer = Peer::greeted();
    let topics = [Topic::Volume].into_iter().collect();
    peer.send(&request(1, &Request::Subscribe(topics)));
    peer.session.end_input();
    while peer.receive().is_some() {}
    assert!(!peer.session.is_finished());

    let mut peer = Peer::greeted();
    peer.send(&request(1, &Request::Subscribe(topics)));
    peer.send(&request(2, &Request::GetVolume)[..=HEADER]);
    peer.session.end_input();
    while peer.receive().is_some() {}
    assert!(
        peer.session.is_finished(),
        "a frame that can't come to its end"
    );
}

#[test]
fn a_long_sentence_is_cut_at_a_character() {
    let message = shortened("ж".repeat(MAX_MESSAGE).into());
    assert!(message.len() <= MAX_MESSAGE && message.ends_with("ж…"));
}
