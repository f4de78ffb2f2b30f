//! The body of the fuzz target `session`: an arbitrary list of operations over the real places,
//! sessions and app, with sockets and a clock that are made up, against a simple model of what
//! each client must have been told by the end.
// To panic is how a target reports.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read};
use std::rc::Rc;
use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Unstructured};
use wire::frame::{self, HEADER, Header, Kind, MAX_REPLY, MAX_REQUEST, Reader};
use wire::message::Replacement;
use wire::socket::Peer;
use wire::{
    Audio, Channel, Event, Failure, Hello, PROTOCOL, PipeWireState, Request, Settings, Stream,
    StreamState, Text, Topics, Welcome, codec,
};

use crate::any::Message;
use mixd::app::App;
use mixd::options::Options;
use mixd::server::admission::{self, CLIENTS, CLIENTS_A_PROCESS};
use mixd::server::client::{Client, PollEvents, Socket};
use mixd::server::event::EncodedEvent;
use mixd::server::session::{FRAME_TIME, HELLO_TIME, Service};

const SLOTS: usize = 4;
/// The user that the daemon serves.
const OWN: u32 = 1000;
/// More than any client's unhandled frames need, at eight a round.
const LAST_ROUNDS: usize = 4096;
/// How many messages are known to be sound.
const REMEMBERED: usize = 16;

#[derive(Arbitrary, Debug)]
struct Step {
    slot: u8,
    operation: Operation,
}

// Of which there is one at a time.
#[allow(clippy::large_enum_variant)]
#[derive(Arbitrary, Debug)]
enum Operation {
    /// A client connects, as one of a few processes and perhaps another user, when so many of the
    /// other places are its own or taken; it may say Hello.
    Connect {
        process: u8,
        stranger: bool,
        own: u8,
        taken: u8,
        says_hello: bool,
    },
    /// The client sends a request.
    Ask(Message<Request>),
    /// The client sends many requests for the longest of answers at once.
    Flood(u8),
    /// The client puts some long patterns on the list. (As many as it takes would be nearly two hundred changes of a text
    /// that grows: that takes some thirty of these.)
    Fill(u8),
    /// The client sends a frame of any kind with any body.
    Frame { kind: u8, body: Body },
    /// The client sends any bytes.
    Garble(Vec<u8>),
    /// The client takes some of what it was sent.
    Read(u16),
    /// The client's socket takes so many bytes more before it blocks.
    Room(u16),
    /// So many bytes at most are received at a time.
    Short(u8),
    /// The client sends no more.
    HalfClose,
    /// The client closes.
    Close,
    /// The connection breaks: receiving fails.
    Break,
    /// So many programs play: a few or, now and then, as many as make the longest of answers.
    Play(u8),
    /// The configuration says something else.
    Configure(Message<Settings>),
    /// The daemon does one round; poll may have said that there is input where there is none.
    Round { spurious: bool },
    /// The daemon works off what is due, with nothing ready: that must come to an end.
    Work,
    /// Time passes.
    Pass { milliseconds: u16 },
}

#[derive(Arbitrary, Debug)]
enum Body {
    Hello {
        protocol: u8,
    },
    /// A request that does not exist, of any name: a sentence that quotes it may be long.
    Unknown(String),
    Any(Vec<u8>),
}

/// Both directions of a connection, and how its two ends are.
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Debug)]
struct Wire {
    to_daemon: VecDeque<u8>,
    to_client: VecDeque<u8>,
    /// How many bytes are left to be read of each send that has not been read whole.
    unread_sends: VecDeque<usize>,
    /// How many bytes the daemon has sent.
    sent: usize,
    /// How much more the daemon may send.
    room: usize,
    /// How much it may receive at a time.
    short: usize,
    client_sends: bool,
    client_reads: bool,
    broken: bool,
    daemon_closed: bool,
}

impl Wire {
    /// Whether poll(2) would say that the daemon's end is writable: see `sys::set_smallest_send_buffer`.
    fn is_writable(&self) -> bool {
        !self.client_reads || self.room > 0 && self.unread_sends.len() <= 1
    }

    /// The client reads `count` bytes.
    fn note_read(&mut self, mut count: usize) {
        while let Some(left) = self.unread_sends.front_mut() {
            let part = count.min(*left);
            count -= part;
            *left -= part;
            if *left > 0 {
                return;
            }
            self.unread_sends.pop_front();
        }
    }
}

/// The daemon's end. The client's end lives on when it is closed, and can read what is left.
#[derive(Debug)]
struct Pipe(Rc<RefCell<Wire>>);

impl Drop for Pipe {
    fn drop(&mut self) {
        self.0.borrow_mut().daemon_closed = true;
    }
}

impl Socket for Pipe {
    fn receive(&mut self, space: &mut [u8]) -> io::Result<usize> {
        assert!(!space.is_empty(), "never asked for nothing");
        let wire = &mut *self.0.borrow_mut();
        if wire.broken {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if wire.to_daemon.is_empty() {
            let end = !wire.client_sends;
            return if end {
                Ok(0)
            } else {
                Err(io::ErrorKind::WouldBlock.into())
            };
        }
        let count = space.len().min(wire.short);
        wire.to_daemon.read(&mut space[..count])
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert!(!bytes.is_empty(), "never asked to send nothing");
        let wire = &mut *self.0.borrow_mut();
        if !wire.client_reads {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let count = bytes.len().min(wire.room);
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        wire.room -= count;
        wire.to_client.extend(&bytes[..count]);
        wire.unread_sends.push_back(count);
        wire.sent += count;
        Ok(count)
    }
}

/// What mixd has said and was found sound. Nearly all that it says it says again: to another client, or once more.
#[derive(Default)]
struct Sound(VecDeque<(Kind, Vec<u8>)>);

impl Sound {
    /// Decodes a body, unless that was done lately.
    fn check(&mut self, kind: Kind, body: &[u8]) {
        if self
            .0
            .iter()
            .any(|(other, old)| *other == kind && old == body)
        {
            return;
        }
        match kind {
            Kind::Event => drop(codec::decode::<Event>(body).unwrap()),
            Kind::Welcome => drop(codec::decode::<Welcome>(body).unwrap()),
            Kind::Error => drop(codec::decode::<Failure>(body).unwrap()),
            Kind::Reply => drop(codec::decode::<wire::Reply>(body).unwrap()),
            other => panic!("mixd sent a {other:?}"),
        }
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((kind, body.into()));
    }
}

/// What tells the topics apart in an Event: a map's head, a text's, and the first letter.
fn topic(body: &[u8]) -> [u8; 3] {
    *body.first_chunk().expect("an Event says its topic")
}

/// What the model knows of a client.
struct Remote {
    wire: Rc<RefCell<Wire>>,
    /// All that it has sent, to be read again by the model.
    sent: Vec<u8>,
    reader: Reader,
    /// What the reader has not made a frame of.
    unparsed: Vec<u8>,
    /// What it was told, events left out.
    answers: Vec<(Kind, u32)>,
    /// The last Event of each topic.
    last: BTreeMap<[u8; 3], Vec<u8>>,
    /// How much it had been sent when its unread Events were counted.
    counted: usize,
    /// A time limit may have passed: the model does not say which requests came before it.
    hurried: bool,
    started: Instant,
}

impl Remote {
    fn new(wire: Rc<RefCell<Wire>>, now: Instant) -> Self {
        Self {
            wire,
            sent: Vec::new(),
            reader: Reader::new(MAX_REPLY, 0),
            unparsed: Vec::new(),
            answers: Vec::new(),
            last: BTreeMap::new(),
            counted: 0,
            hurried: false,
            started: now,
        }
    }

    fn take(&mut self, mut count: usize, sound: &mut Sound) {
        loop {
            let wire = &mut *self.wire.borrow_mut();
            let space = self.reader.space();
            let most = space.len().min(count);
            let Ok(part @ 1..) = wire.to_client.read(&mut space[..most]) else {
                return;
            };
            count -= part;
            wire.note_read(part);
            self.unparsed.extend(&space[..part]);
            self.reader.filled(part);
            let mut parsed = 0;
            while let Some(frame) = self.reader.peek().expect("mixd's headers are sound") {
                sound.check(frame.kind, frame.body);
                match frame.kind {
                    Kind::Event => {
                        self.last.insert(topic(frame.body), frame.body.into());
                    }
                    kind => self.answers.push((kind, frame.id)),
                }
                parsed += HEADER + frame.body.len();
                self.reader.consume();
            }
            self.unparsed.drain(..parsed);
        }
    }

    /// Of each topic no more than two Events wait to be read, wherever they are: where some have come, no more than
    /// have been read.
    fn check_unread(&mut self, output: &[u8]) {
        let wire = self.wire.borrow();
        let sent = wire.sent + output.len();
        if sent == self.counted {
            return;
        }
        self.counted = sent;
        let mut bytes = self.unparsed.clone();
        bytes.extend(&wire.to_client);
        bytes.extend(output);
        let mut rest = &bytes[..];
        let mut events = Vec::new();
        while let Ok(Some((frame, length))) = frame::parse(rest, MAX_REPLY) {
            if frame.kind == Kind::Event {
                events.push(topic(frame.body));
            }
            rest = &rest[length..];
        }
        for topic in &events {
            let count = events.iter().filter(|other| *other == topic).count();
            assert!(count <= 2, "{count} unread Events {topic:x?}");
        }
    }

    /// What the client must be told for all that it has sent, which topics it is subscribed to at
    /// the end, and whether the connection must end.
    fn expected(&self) -> (Vec<(Kind, u32)>, Topics, bool) {
        let mut answers = Vec::new();
        let mut topics = Topics::NONE;
        let mut is_open = false;
        let mut rest = &self.sent[..];
        loop {
            let header = rest.first_chunk();
            let header = header.and_then(|bytes| Header::parse(*bytes, MAX_REQUEST).ok());
            if header.is_some_and(|header| !matches!(header.kind, Kind::Hello | Kind::Request)) {
                answers.push((Kind::Error, 0));
                return (answers, Topics::NONE, true);
            }
            let (frame, length) = match frame::parse(rest, MAX_REQUEST) {
                Ok(Some(found)) => found,
                Ok(None) => return (answers, topics, false),
                Err(_) => {
                    answers.push((Kind::Error, 0));
                    return (answers, Topics::NONE, true);
                }
            };
            rest = &rest[length..];
            let kind = match frame.kind {
                Kind::Hello if !is_open => match codec::decode::<Hello>(frame.body) {
                    Ok(hello) if hello.protocol == PROTOCOL => Kind::Welcome,
                    _ => Kind::Error,
                },
                Kind::Request if is_open => match codec::decode::<Request>(frame.body) {
                    Ok(Request::Fail(code)) if code.ends_connection() => {
                        answers.push((Kind::Error, frame.id));
                        return (answers, Topics::NONE, true);
                    }
                    // A list's fullness is the app's business: either answer is one.
                    Ok(Request::Fail(_)) | Err(_) => Kind::Error,
                    Ok(Request::Subscribe(named)) => {
                        topics = named;
                        Kind::Reply
                    }
                    Ok(_) => Kind::Reply,
                },
                _ => Kind::Error,
            };
            answers.push((kind, frame.id));
            if kind == Kind::Welcome {
                is_open = true;
            } else if kind == Kind::Error && !(is_open && frame.kind == Kind::Request) {
                return (answers, Topics::NONE, true);
            }
        }
    }
}

struct World {
    clients: Vec<Client<Pipe>>,
    remotes: Vec<Option<Remote>>,
    event: EncodedEvent,
    sound: Sound,
    app: App,
    now: Instant,
}

impl World {
    fn apply(&mut self, step: Step) {
        let at = usize::from(step.slot) % SLOTS;
        let wire = |change: fn(&mut Wire, usize), count| {
            if let Some(client) = &self.remotes[at] {
                change(&mut client.wire.borrow_mut(), count);
            }
        };
        match step.operation {
            Operation::Connect {
                process,
                stranger,
                own,
                taken,
                says_hello,
            } => {
                let peer = Peer {
                    pid: i32::from(process % 3),
                    uid: OWN + u32::from(stranger),
                };
                self.connect(at, peer, own.into(), taken.into(), says_hello);
            }
            Operation::Work => self.work(at),
            Operation::Round { spurious } => self.round(spurious),
            Operation::Pass { milliseconds } => {
                self.now += Duration::from_millis(milliseconds.into());
                for client in self.remotes.iter_mut().flatten() {
                    client.hurried |= self.now >= client.started + HELLO_TIME;
                }
            }
            Operation::Ask(Message(request)) => {
                self.send(at, &framed(Kind::Request, 7, &known(request)));
            }
            Operation::Flood(count) => {
                for id in 0..u32::from(count % 24) {
                    self.send(at, &framed(Kind::Request, id, &Request::GetStatus));
                }
            }
            Operation::Fill(count) => {
                for n in 0..u32::from(count % 8) {
                    let pattern = Text::truncated(&format!("{count}-{n:x<128}"));
                    self.send(at, &framed(Kind::Request, n, &Request::AddProgram(pattern)));
                }
            }
            Operation::Frame { kind, body } => self.send(at, &any_frame(kind, body)),
            Operation::Garble(bytes) => self.send(at, &bytes),
            Operation::Configure(Message(settings)) => self.app.set_settings(settings),
            Operation::Play(count) => {
                let count = if count < u8::MAX { count % 8 } else { count };
                self.app.set_audio(playing(count.into()));
            }
            Operation::Break => {
                wire(|wire, _| wire.broken = true, 0);
                self.remotes[at] = None;
            }
            Operation::Read(count) => {
                if let Some(client) = &mut self.remotes[at] {
                    client.take(count.into(), &mut self.sound);
                }
            }
            Operation::Room(count) => wire(|wire, count| wire.room += count, count.into()),
            Operation::Short(count) => wire(|wire, count| wire.short = count.max(1), count.into()),
            Operation::HalfClose => wire(|wire, _| wire.client_sends = false, 0),
            Operation::Close => {
                wire(
                    |wire, _| (wire.client_sends, wire.client_reads) = (false, false),
                    0,
                );
                // What it was to be told nobody knows any more.
                self.remotes[at] = None;
            }
        }
    }

    fn connect(&mut self, at: usize, peer: Peer, own: usize, taken: usize, says_hello: bool) {
        if self.clients[at].peer().is_some() {
            return;
        }
        // The place that the step says, after others of which some are the peer's own.
        let others = Peer { pid: 99, uid: OWN };
        let before = (0..taken % CLIENTS).map(|n| Some(if n < own { peer } else { others }));
        let free = before.len() < CLIENTS - 1;
        let after = (before.len()..CLIENTS).map(|_| if free { None } else { Some(others) });
        let places = before.chain(after);
        let own = own.min(taken % CLIENTS);
        let may = free && peer.uid == OWN && (peer.pid == 0 || own < CLIENTS_A_PROCESS);
        match admission::admit(peer, OWN, places, |_| None) {
            Ok(_) => assert!(may),
            Err(failure) => {
                assert!(!may && !failure.to_string().is_empty());
                return;
            }
        }
        let wire = Rc::new(RefCell::new(Wire {
            to_daemon: VecDeque::new(),
            to_client: VecDeque::new(),
            unread_sends: VecDeque::new(),
            sent: 0,
            room: 300,
            short: usize::MAX,
            client_sends: true,
            client_reads: true,
            broken: false,
            daemon_closed: false,
        }));
        self.clients[at].admit(Pipe(wire.clone()), peer, self.now);
        self.remotes[at] = Some(Remote::new(wire, self.now));
        if says_hello {
            let hello = Hello {
                client: Text::truncated("fuzz"),
                protocol: PROTOCOL,
            };
            self.send(at, &framed(Kind::Hello, 1, &hello));
        }
    }

    fn send(&mut self, at: usize, bytes: &[u8]) {
        if let Some(client) = &mut self.remotes[at] {
            let mut wire = client.wire.borrow_mut();
            if wire.client_sends && !wire.daemon_closed {
                wire.to_daemon.extend(bytes);
                client.sent.extend(bytes);
            }
        }
    }

    fn work(&mut self, at: usize) {
        let client = &mut self.clients[at];
        // A buffer of the smallest frames, at one a turn: a long answer may leave no room for the
        // next until it is sent.
        for _ in 0..4096 / HEADER + 2 {
            if client.deadline(self.now).is_none_or(|due| due > self.now) {
                return;
            }
            client.serve(PollEvents::default(), &mut self.app, self.now);
        }
        panic!("a loop that came back for what is due would spin");
    }

    /// What the daemon's loop does with what poll would say.
    fn round(&mut self, spurious: bool) {
        let mut writable = [false; SLOTS];
        for (client, writable) in self.clients.iter_mut().zip(&mut writable) {
            let interest = client.interest();
            let Some(pipe) = client.socket() else {
                continue;
            };
            let ready = {
                let wire = pipe.0.borrow();
                PollEvents {
                    readable: interest.readable
                        && (spurious
                            || !wire.to_daemon.is_empty()
                            || !wire.client_sends
                            || wire.broken),
                    writable: interest.writable && wire.is_writable(),
                    hung_up: !wire.client_reads || wire.broken,
                }
            };
            *writable = ready.writable;
            client.serve(ready, &mut self.app, self.now);
        }
        for at in 0..SLOTS {
            if self.clients[at].peer().is_none() {
                self.app.disconnected(at);
            }
        }
        let changed = self.app.take_changed();
        let remotes = self.remotes.iter_mut();
        self.event.forget();
        for ((client, writable), remote) in self.clients.iter_mut().zip(writable).zip(remotes) {
            client.mark_dirty(changed);
            if writable {
                client.send_events(&mut self.event, &self.app, self.now);
            }
            if let (Some(_), Some(remote)) = (client.socket(), remote) {
                remote.check_unread(client.output());
            }
        }
        for at in 0..SLOTS {
            if self.clients[at].peer().is_none()
                && let Some(mut client) = self.remotes[at].take()
            {
                client.take(usize::MAX, &mut self.sound);
                self.check(&client);
            }
        }
    }

    /// Lets every client read all and the daemon do its rounds until nothing is left to be done.
    fn settle(&mut self) {
        for _ in 0..LAST_ROUNDS {
            for pipe in self.clients.iter().filter_map(Client::socket) {
                let mut wire = pipe.0.borrow_mut();
                (wire.room, wire.short) = (usize::MAX / 2, usize::MAX);
            }
            for client in self.remotes.iter_mut().flatten() {
                client.take(usize::MAX, &mut self.sound);
            }
            self.round(false);
            if (0..SLOTS).all(|at| self.is_settled(at)) {
                return;
            }
        }
        panic!("somebody starves");
    }

    fn is_settled(&mut self, at: usize) -> bool {
        let client = &mut self.clients[at];
        let interest = client.interest();
        let is_due = client.deadline(self.now).is_some_and(|due| due <= self.now);
        client.socket().is_none_or(|pipe| {
            let wire = pipe.0.borrow();
            let end_unread = interest.readable && !wire.client_sends;
            let waits = end_unread
                || wire.broken
                || !wire.to_daemon.is_empty()
                || !wire.to_client.is_empty();
            !is_due && !interest.writable && !waits
        })
    }

    /// What a client was told is what it had to be told: one answer a request, in order; and if it
    /// still listens, the last state of its topics.
    fn check(&self, client: &Remote) {
        if client.hurried {
            return;
        }
        let (expected, topics, ends) = client.expected();
        let told = client.answers.iter().map(|answer| answer.1);
        assert!(
            told.eq(expected.iter().map(|answer| answer.1)),
            "one answer a request, in order"
        );
        for (told, expected) in client.answers.iter().zip(&expected) {
            // The app may refuse what the model thinks can be done, never the reverse.
            assert!(told == expected || told.0 == Kind::Error);
        }
        let wire = client.wire.borrow();
        let is_over = ends || !wire.client_sends && topics.is_empty();
        assert_eq!(
            wire.daemon_closed, is_over,
            "closed when it must be, and only then"
        );
        if wire.daemon_closed {
            return;
        }
        let mut space = vec![0; MAX_REPLY];
        for now in topics.iter().map(|topic| self.app.event(topic)) {
            let length = codec::encode(&now, &mut space).expect("an Event fits into a frame");
            let now = &space[..length];
            let last = client.last.get(&topic(now)).map(Vec::as_slice);
            assert_eq!(last, Some(now), "the last state of {topics:?}");
        }
    }
}

fn any_frame(kind: u8, body: Body) -> Vec<u8> {
    let kinds = [
        Kind::Hello,
        Kind::Welcome,
        Kind::Request,
        Kind::Reply,
        Kind::Error,
        Kind::Event,
    ];
    let kind = kinds[usize::from(kind) % kinds.len()];
    match body {
        Body::Hello { protocol } => {
            let hello = Hello {
                client: Text::truncated("fuzz"),
                protocol: protocol.into(),
            };
            framed(kind, 3, &hello)
        }
        Body::Unknown(mut name) => {
            name.truncate(name.floor_char_boundary(MAX_REQUEST - 3));
            framed(kind, 4, &name)
        }
        Body::Any(mut bytes) => {
            bytes.truncate(MAX_REQUEST);
            let header = Header {
                length: bytes.len().try_into().expect("short"),
                kind,
                id: 5,
            };
            [&header.to_bytes()[..], &bytes].concat()
        }
    }
}

fn playing(count: usize) -> Audio {
    let stream = |id| Stream {
        id,
        pid: None,
        name: Text::truncated("a program"),
        rule: None,
        state: StreamState::Routed,
        binary: None,
        channel: Channel::Default,
        process: None,
        running: true,
        linked_by: None,
        description: None,
    };
    let streams = (0..count)
        .map(|n| stream(n.try_into().expect("few")))
        .collect();
    Audio {
        omitted: 0,
        outputs: Box::default(),
        streams,
        pipewire: PipeWireState::Up,
        warnings: Vec::new(),
    }
}

fn framed(kind: Kind, id: u32, message: &impl serde::Serialize) -> Vec<u8> {
    let mut body = [0; MAX_REQUEST];
    let length = codec::encode(message, &mut body).expect("requests are short");
    let header = Header {
        length: length.try_into().expect("short"),
        kind,
        id,
    };
    [&header.to_bytes()[..], &body[..length]].concat()
}

/// Plays the operations that `data` says, then checks what everybody was told. With
/// `MIXD_FUZZ_SHOW` in the environment it prints them.
pub fn session(data: &[u8]) {
    mixd::log::set_level(mixd::log::Level::Silent);
    let mut input = Unstructured::new(data);
    let now = Instant::now();
    let mut world = World {
        clients: (0..SLOTS).map(|id| Client::new(id, now)).collect(),
        event: EncodedEvent::default(),
        sound: Sound::default(),
        remotes: (0..SLOTS).map(|_| None).collect(),
        app: App::new(Options::default()),
        now,
    };
    let shown = std::env::var_os("MIXD_FUZZ_SHOW").is_some();
    while let Ok(step) = Step::arbitrary(&mut input) {
        if input.is_empty() {
            break;
        }
        if shown {
            eprintln!("{step:?}");
        }
        world.apply(step);
    }
    world.settle();
    for client in world.remotes.iter().flatten() {
        world.check(client);
    }
    // Whoever waits for a frame's end, or has said no Hello, loses its slot in the end.
    world.now += FRAME_TIME;
    for client in world.remotes.iter_mut().flatten() {
        client.hurried = true;
    }
    world.settle();
    world.settle();
    for client in &world.clients {
        assert_eq!(
            client.deadline(world.now),
            None,
            "nothing is left to wait for"
        );
    }
}

/// Patterns of a byte or two are one of four, so that what is asked for is on the list at times.
fn known(mut request: Request) -> Request {
    let patterns = match &mut request {
        Request::AddProgram(pattern)
        | Request::IgnoreProgram(pattern)
        | Request::RemoveProgram(pattern)
        | Request::TryAddProgram(pattern)
        | Request::TryIgnoreProgram(pattern)
        | Request::TryRemoveProgram(pattern) => vec![pattern],
        Request::ReplaceProgram(Replacement { new, old }) => vec![new, old],
        _ => Vec::new(),
    };
    for pattern in patterns {
        if let [first] | [first, _] = pattern.as_bytes() {
            *pattern = Text::truncated(["a", "b*", "c?", "k=d"][usize::from(first % 4)]);
        }
    }
    request
}
