//! One client's connection as a pure state machine: bytes in, bytes out, the clock passed in, no
//! system call inside. `server.rs` drives it over a socket, the tests and the fuzzer without one.
//!
//! What holds for every client, whatever it sends:
//! - exactly one Reply or Error for each Request, in order;
//! - a broken header: an Error, then close; a broken body: an Error, and the connection lives;
//! - an event is the whole state, and there is one at most for each topic that waits to be sent:
//!   a slow reader costs a dirty bit, not memory;
//! - while there is no room for an answer nothing more is read.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use wire::codec::{self, DecodeError};
use wire::frame::{Frame, Full, HEADER, Kind, MAX_REPLY, MAX_REQUEST, Reader, Writer};
use wire::message::MAX_CLIENT;
use wire::{
    ErrorCode, Event, Failure, Hello, PROTOCOL, Reply, Request, Text, Topic, Topics, Welcome,
};

use crate::rules::list;
use crate::server::admission::ClientId;

/// How long a client may take to say Hello, from connecting on.
pub const HELLO_TIME: Duration = Duration::from_secs(2);
/// How long a frame may take from its first byte to its last.
pub const FRAME_TIME: Duration = Duration::from_secs(5);
/// How long output may wait without the client taking a byte of it.
pub const OUTPUT_TIME: Duration = Duration::from_secs(30);
/// How many frames of one client are handled before the next client's turn.
pub const FRAMES_A_TURN: usize = 8;

/// What a client can send before it is read again: room for its pipelined requests.
const INPUT: usize = 4096;
/// The longest answer, so that every answer fits into an empty buffer.
const OUTPUT: usize = HEADER + MAX_REPLY;
/// The longest sentence in an Error. Longer ones quote what the client sent, and are cut.
pub const MAX_MESSAGE: usize = 512;
/// Room that every answer to a request that changes something fits into, of which the longest is a
/// [`wire::Change`]: no request is carried out unless its answer has a place.
const SMALL_ANSWER: usize = HEADER + 2 * MAX_MESSAGE + list::MAX_LISTED + 128;

/// What carries requests out and knows the state of each topic.
pub trait Service {
    /// Carries the `request` of the client `client` out. Must not change anything when the reply is longer than
    /// `SMALL_ANSWER`, because the request is made again if there was no room for the reply.
    ///
    /// # Errors
    /// What the client is told instead of a reply.
    fn request(&mut self, client: ClientId, request: Request) -> Result<Reply<'_>, Failure>;

    /// The `client` has gone; another may get its slot.
    fn disconnected(&mut self, client: ClientId);

    /// The state of `topic` now.
    fn event(&self, topic: Topic) -> Event<'_>;

    /// What has changed and will be published before the next wait: an event of it now would be
    /// sent again then.
    fn unpublished(&self) -> Topics;
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing but Hello is taken.
    Hello,
    /// Requests are taken.
    Open,
    /// Nothing is taken any more; what is left is sent, then the connection ends.
    Closing,
}

/// One client's connection.
#[derive(Debug)]
pub struct Session {
    /// The client's slot, by which the service knows it.
    id: ClientId,
    phase: Phase,
    reader: Reader,
    writer: Writer,
    /// The client has sent its last byte, and may still read.
    input_ended: bool,
    /// The first request that waits has an answer too long for what room there is: nothing can be
    /// done until the client has taken some output.
    waits_for_room: bool,
    subscribed: Topics,
    /// Topics that have changed since the client was last sent them.
    dirty: Topics,
    /// Who the client says it is.
    client: Text<MAX_CLIENT>,
    connected_at: Instant,
    /// When the first byte of an unfinished frame came.
    frame_began: Option<Instant>,
    /// When the client last took a byte of the output that waits.
    output_began: Option<Instant>,
}

impl Session {
    /// A session with buffers of its own, which it keeps for one client after another.
    pub fn new(id: ClientId, now: Instant) -> Self {
        Self {
            id,
            phase: Phase::Hello,
            reader: Reader::new(MAX_REQUEST, INPUT),
            writer: Writer::new(OUTPUT),
            input_ended: false,
            waits_for_room: false,
            subscribed: Topics::NONE,
            dirty: Topics::NONE,
            client: Text::truncated("?"),
            connected_at: now,
            frame_began: None,
            output_began: None,
        }
    }

    /// Forgets the last client, in favour of one that connects now. Takes no memory.
    pub fn reset(&mut self, now: Instant) {
        self.phase = Phase::Hello;
        self.reader.clear();
        self.writer.clear();
        self.input_ended = false;
        self.waits_for_room = false;
        self.subscribed = Topics::NONE;
        self.dirty = Topics::NONE;
        self.client = Text::truncated("?");
        self.connected_at = now;
        self.frame_began = None;
        self.output_began = None;
    }

    /// Who the client says it is; `?` before its Hello.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// Whether more input is wanted: it is not while the answers to what came have no room.
    pub fn wants_input(&self) -> bool {
        let handled = !self.has_work() && !self.waits_for_room;
        self.phase != Phase::Closing && !self.input_ended && handled && self.has_room()
    }

    /// Where input goes; call [`received`](Self::received) with how much it was.
    pub fn input(&mut self) -> &mut [u8] {
        self.reader.space()
    }

    /// Says that the first `count` bytes of [`input`](Self::input) have come.
    pub fn received(&mut self, count: usize) {
        self.reader.filled(count);
    }

    /// Says that the client sends no more; what it has sent is still served.
    pub fn end_input(&mut self) {
        self.input_ended = true;
    }

    /// Whether all that the client has sent, and will ever send, has been carried out.
    pub fn is_input_done(&self) -> bool {
        self.input_ended && !self.has_work() && !self.waits_for_room
    }

    /// Whether a turn would handle a frame.
    pub fn has_work(&self) -> bool {
        let can_work = self.phase != Phase::Closing && self.has_room() && !self.waits_for_room;
        can_work && !matches!(self.reader.peek(), Ok(None))
    }

    fn has_room(&self) -> bool {
        self.writer.room() >= SMALL_ANSWER
    }

    /// Handles the frames that have come, [`FRAMES_A_TURN`] at most.
    pub fn handle_frames(&mut self, service: &mut impl Service, now: Instant) {
        for _ in 0..FRAMES_A_TURN {
            if !self.has_work() {
                break;
            }
            match self.handle_frame(service) {
                Ok(()) => {
                    self.reader.consume();
                    self.frame_began = None;
                }
                // Again when the client has taken some output.
                Err(Full) => self.waits_for_room = true,
            }
        }
        let has_partial_frame = self.has_partial_frame();
        self.frame_began = has_partial_frame.then(|| self.frame_began.unwrap_or(now));
        self.note_output(now);
    }

    /// Whether what has come ends inside a frame.
    fn has_partial_frame(&self) -> bool {
        !self.reader.is_empty() && matches!(self.reader.peek(), Ok(None))
    }

    fn handle_frame(&mut self, service: &mut impl Service) -> Result<(), Full> {
        let frame = match self.reader.peek() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(()),
            Err(error) => {
                self.close_with(0, Failure::new(ErrorCode::Header, error.to_string()));
                return Ok(());
            }
        };
        match (frame.kind, self.phase) {
            (Kind::Hello, Phase::Hello) => match handle_hello(&frame) {
                Ok(hello) => {
                    self.client = hello.client;
                    self.phase = Phase::Open;
                    let daemon = Text::truncated(concat!("mixd ", env!("CARGO_PKG_VERSION")));
                    let welcome = Welcome {
                        daemon,
                        protocol: PROTOCOL,
                    };
                    self.writer.push(Kind::Welcome, frame.id, |body| {
                        codec::encode(&welcome, body)
                    })
                }
                Err(failure) => {
                    let id = frame.id;
                    self.close_with(id, failure);
                    Ok(())
                }
            },
            (Kind::Request, Phase::Open) => {
                let writer = &mut self.writer;
                match decode_request(frame.body) {
                    Ok(request) => {
                        let topics = match request {
                            Request::Subscribe(topics) => Some(topics),
                            _ => None,
                        };
                        answer(writer, frame.id, service.request(self.id, request))?;
                        if let Some(topics) = topics {
                            self.subscribed = topics;
                            self.dirty = topics;
                        }
                        Ok(())
                    }
                    Err(failure) => answer(writer, frame.id, Err(failure)),
                }
            }
            (kind, phase) => {
                let (id, code) = (frame.id, wrong_turn(kind));
                let message = match (kind, phase) {
                    (Kind::Request, _) => "a Request came before Hello",
                    (Kind::Hello, _) => "a second Hello came",
                    _ => "the header's kind is one that only the daemon sends",
                };
                self.close_with(id, Failure::new(code, message));
                Ok(())
            }
        }
    }

    /// Says why, and takes nothing more.
    pub fn close_with(&mut self, id: u32, failure: Failure) {
        // The caller has seen that there is room, or the client learns it from the close alone.
        let _ = answer(&mut self.writer, id, Err(failure));
        self.close();
    }

    /// Takes nothing more; what is left is still sent.
    pub fn close(&mut self) {
        self.phase = Phase::Closing;
        self.reader.clear();
        self.frame_began = None;
        self.subscribed = Topics::NONE;
        self.dirty = Topics::NONE;
    }

    /// Notes that `topics` have changed.
    pub fn mark_dirty(&mut self, topics: Topics) {
        for topic in topics
            .iter()
            .filter(|&topic| self.subscribed.contains(topic))
        {
            self.dirty.insert(topic);
        }
    }

    /// Whether an event waits to be written.
    pub fn has_events(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Writes an event for each topic that has changed, while there is room; what is still to be
    /// published waits for that, so that who subscribes meanwhile is not told twice. To be called only
    /// when the client has taken all that was sent before: what waits in the socket then can't be
    /// out of date by more than one state.
    pub fn write_events(&mut self, service: &impl Service, now: Instant) {
        let unpublished = service.unpublished();
        let settled = |topic: &Topic| !unpublished.contains(*topic);
        for topic in self.dirty.iter().filter(settled) {
            let event = service.event(topic);
            if self
                .writer
                .push(Kind::Event, 0, |body| codec::encode(&event, body))
                .is_err()
            {
                break;
            }
            self.dirty.remove(topic);
        }
        self.note_output(now);
    }

    /// What is to be sent; call [`sent`](Self::sent) with how much was.
    pub fn output(&self) -> &[u8] {
        self.writer.pending()
    }

    /// Says that the first `count` bytes of [`output`](Self::output) have been sent.
    pub fn sent(&mut self, count: usize, now: Instant) {
        if count > 0 {
            self.output_began = None;
            self.waits_for_room = false;
        }
        self.writer.sent(count);
        self.note_output(now);
    }

    fn note_output(&mut self, now: Instant) {
        let waits = !self.writer.pending().is_empty();
        self.output_began = waits.then(|| self.output_began.unwrap_or(now));
    }

    /// Whether the connection has come to its end and can be closed.
    pub fn is_finished(&self) -> bool {
        // Who has sent half a frame, and no more, has died rather than come to listen.
        let is_done =
            self.is_input_done() && (self.subscribed.is_empty() || self.has_partial_frame());
        let finished = self.phase == Phase::Closing || is_done;
        finished && self.writer.pending().is_empty()
    }

    /// When [`expire`](Self::expire) is to be called next, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let greeting = (self.phase == Phase::Hello).then_some(self.connected_at + HELLO_TIME);
        let frame = self.frame_began.map(|began| began + FRAME_TIME);
        let output = self.output_began.map(|began| began + OUTPUT_TIME);
        [greeting, frame, output].into_iter().flatten().min()
    }

    /// What the client has taken too long for, if anything; the connection takes nothing more
    /// then. An Error is written where there is somebody to read it.
    pub fn expire(&mut self, now: Instant) -> Option<&'static str> {
        let over = |began: Option<Instant>, time| began.is_some_and(|began| now >= began + time);
        if over(self.output_began, OUTPUT_TIME) {
            self.close();
            self.writer.clear();
            self.output_began = None;
            return Some("took no output for 30 s");
        }
        let greeting = (self.phase == Phase::Hello).then_some(self.connected_at);
        let (message, reason) = if over(greeting, HELLO_TIME) {
            ("no Hello came within 2 s", "said no Hello within 2 s")
        } else if over(self.frame_began, FRAME_TIME) {
            (
                "a frame was not finished within 5 s",
                "did not finish a frame within 5 s",
            )
        } else {
            return None;
        };
        self.close_with(0, Failure::new(ErrorCode::Timeout, message));
        self.note_output(now);
        Some(reason)
    }
}

/// A second Hello or an early Request is out of turn; the daemon's own kinds are no header at all.
fn wrong_turn(kind: Kind) -> ErrorCode {
    match kind {
        Kind::Hello | Kind::Request => ErrorCode::Sequence,
        Kind::Welcome | Kind::Reply | Kind::Error | Kind::Event => ErrorCode::Header,
    }
}

/// Reads a Hello. One that can't be read ends the connection: what the client speaks is unknown.
fn handle_hello(frame: &Frame) -> Result<Hello, Failure> {
    let hello: Hello = codec::decode(frame.body)
        .map_err(|error| Failure::new(ErrorCode::Malformed, error.to_string()))?;
    if hello.protocol == PROTOCOL {
        Ok(hello)
    } else {
        Err(Failure::new(
            ErrorCode::Version,
            format!(
                "{} speaks protocol {}, this mixd {}; install both from one version",
                &*hello.client, hello.protocol, PROTOCOL
            ),
        ))
    }
}

/// Reads a request.
fn decode_request(body: &[u8]) -> Result<Request, Failure> {
    codec::decode(body).map_err(|error| match error {
        DecodeError::Invalid(_) if names_no_request(body) => {
            let message = "this mixd does not know the request; is it older than the client?";
            Failure::new(ErrorCode::Unsupported, message)
        }
        error => Failure::new(ErrorCode::Malformed, error.to_string()),
    })
}

/// Whether `body` is a request's form with a name that no request has.
fn names_no_request(body: &[u8]) -> bool {
    codec::variant_name(body).is_some_and(|name| !Request::NAMES.contains(&&*name))
}

/// Appends the one answer to the request `id`.
fn answer(writer: &mut Writer, id: u32, result: Result<Reply, Failure>) -> Result<(), Full> {
    match result {
        Ok(reply) => writer.push(Kind::Reply, id, |body| codec::encode(&reply, body)),
        Err(failure) => {
            let failure = Failure {
                message: shortened(failure.message),
                ..failure
            };
            writer.push(Kind::Error, id, |body| codec::encode(&failure, body))
        }
    }
}

/// A sentence of at most [`MAX_MESSAGE`] bytes, which ends with `…` where it was longer.
pub fn shortened(mut message: Cow<'static, str>) -> Cow<'static, str> {
    if message.len() > MAX_MESSAGE {
        let text = message.to_mut();
        text.truncate(text.floor_char_boundary(MAX_MESSAGE - '…'.len_utf8()));
        text.push('…');
    }
    message
}

/// Whether `size` bytes fit into what room is left in a message, which they take then. Once something does
/// not fit, nothing does any more: what is left out are the last of a list.
pub fn takes(room: &mut usize, size: usize) -> bool {
    let left = room.checked_sub(size);
    *room = left.unwrap_or(0);
    left.is_some()
}

#[cfg(test)]
mod tests;
