//! One client's connection as a pure state machine: bytes in, bytes out, the clock passed in, no
//! system call inside. `server.rs` drives it over a socket, the tests and the fuzzer without one.
//!
//! What holds for every client, whatever it sends:
//! - exactly one Reply or Error for each Request, in order;
//! - a broken header: an Error, then close; a broken body: an Error, and the connection lives;
//! - an Event is the whole state of its topic, and a topic that has changed is one bit until its Event is
//!   written: a slow reader costs no memory;
//! - while there is no room for an answer nothing more is read.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use wire::canonical;
use wire::codec::{self, DecodeError};
use wire::frame::{Frame, Full, HEADER, Kind, MAX_REPLY, MAX_REQUEST, Reader, Writer};
use wire::message::MAX_CLIENT;
use wire::{
    ErrorCode, Event, Failure, Hello, PROTOCOL, Reply, Request, Text, Topic, Topics, Welcome,
    is_visible, visible,
};

use crate::limits::{MAX_LISTED, MAX_MESSAGE, shortened};
use crate::server::admission::ClientId;
use crate::server::event::EncodedEvent;

/// How long a client may take to say Hello, from connecting on.
pub const HELLO_TIME: Duration = Duration::from_secs(2);
/// How long a frame may take from its first byte to its last.
pub const FRAME_TIME: Duration = Duration::from_secs(5);
/// How long an answer may wait without the kernel taking a byte of it.
pub const OUTPUT_TIME: Duration = Duration::from_secs(30);
/// How many frames of one client are handled before the next client's turn.
pub const FRAMES_A_TURN: usize = 8;

/// The bytes that a client can send before it is read again: room for its pipelined requests.
const INPUT: usize = 4096;
/// What the daemon is called in its Welcome.
const DAEMON: &str = concat!("mixd ", env!("CARGO_PKG_VERSION"));

/// The longest answer, so that every answer fits into an empty buffer.
const OUTPUT: usize = HEADER + MAX_REPLY;
/// Room that every answer to a request that changes something fits into, of which the longest is a
/// [`wire::Change`]: no request is carried out unless there is room for its answer.
const SMALL_ANSWER: usize = HEADER + 2 * MAX_MESSAGE + MAX_LISTED + 128;

/// Carries requests out, and knows the state of each topic.
pub trait Service {
    /// Carries out a request of `client`. Must not change anything when the reply is longer than
    /// `SMALL_ANSWER`, because the request is made again if there was no room for the reply.
    ///
    /// # Errors
    /// What the client is told instead of a reply.
    fn request(&mut self, client: ClientId, request: Request) -> Result<Reply<'_>, Failure>;

    /// Notes that `client` has gone; another may get its slot.
    fn disconnected(&mut self, client: ClientId);

    /// The state of `topic` now.
    fn event(&self, topic: Topic) -> Event<'_>;
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing but a Hello is accepted.
    Hello,
    /// Requests are accepted.
    Open,
    /// Nothing is read any more; what is left is sent, then the connection ends.
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
    /// The answer to the first request that waits is too long for the room that there is: nothing can be
    /// done until the client has read some output.
    waits_for_room: bool,
    subscribed: Topics,
    /// The topics that have changed since their last Event was written.
    dirty: Topics,
    /// The name that the client gave in its Hello.
    client: Text<MAX_CLIENT>,
    connected_at: Instant,
    /// When the first byte of an unfinished frame was received.
    frame_began: Option<Instant>,
    /// How many bytes of the output that waits end with an answer: what follows are Events, for which a reader may
    /// take its time.
    answers: usize,
    /// When a byte of the answers that wait was last sent.
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
            answers: 0,
            output_began: None,
        }
    }

    /// Begins anew, for a client that connects now. Takes no memory.
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
        self.answers = 0;
        self.output_began = None;
    }

    /// The name that the client gave in its Hello; `?` before.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// Returns whether more input is wanted: it is not while there is no room for the answers to what came.
    pub fn wants_input(&self) -> bool {
        let handled = !self.has_work() && !self.waits_for_room;
        self.phase != Phase::Closing && !self.input_ended && handled && self.has_room()
    }

    /// The space for input. [`received`](Self::received) is called with how much of it was filled.
    pub fn input(&mut self) -> &mut [u8] {
        self.reader.space()
    }

    /// Notes that the first `count` bytes of [`input`](Self::input) have come.
    pub fn received(&mut self, count: usize) {
        self.reader.filled(count);
    }

    /// Notes that the client sends no more; what it has sent is still carried out.
    pub fn end_input(&mut self) {
        self.input_ended = true;
    }

    /// Returns whether all that the client has sent, and will ever send, has been carried out.
    pub fn is_input_done(&self) -> bool {
        self.input_ended && !self.has_work() && !self.waits_for_room
    }

    /// Returns whether [`handle_frames`](Self::handle_frames) would handle one.
    pub fn has_work(&self) -> bool {
        // Most clients have sent nothing most of the time.
        !self.reader.is_empty()
            && self.phase != Phase::Closing
            && self.has_room()
            && !self.waits_for_room
            && !matches!(next_frame(&self.reader), Ok(None))
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
                    self.answers = self.writer.pending().len();
                }
                // Again when the client has taken some output.
                Err(Full) => self.waits_for_room = true,
            }
        }
        let has_partial_frame = self.has_partial_frame();
        self.frame_began = has_partial_frame.then(|| self.frame_began.unwrap_or(now));
        self.note_output(now);
    }

    /// Returns whether what has come ends inside a frame.
    fn has_partial_frame(&self) -> bool {
        !self.reader.is_empty() && matches!(next_frame(&self.reader), Ok(None))
    }

    fn handle_frame(&mut self, service: &mut impl Service) -> Result<(), Full> {
        let frame = match next_frame(&self.reader) {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(()),
            Err(why) => {
                self.close_with(0, Failure::new(ErrorCode::Header, why));
                return Ok(());
            }
        };
        match (frame.kind, self.phase) {
            (Kind::Hello, Phase::Hello) => match handle_hello(&frame) {
                Ok(hello) => {
                    self.client = hello.client;
                    self.phase = Phase::Open;
                    let welcome = Welcome::new(DAEMON);
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
                        let (mut topics, mut is_last) = (None, false);
                        match request {
                            Request::Subscribe(named) => topics = Some(named),
                            Request::Fail(code) => is_last = code.ends_connection(),
                            _ => {}
                        }
                        answer(writer, frame.id, service.request(self.id, request))?;
                        if let Some(topics) = topics {
                            self.subscribed = topics;
                            self.dirty = topics;
                        }
                        if is_last {
                            self.close();
                        }
                        Ok(())
                    }
                    Err(failure) => answer(writer, frame.id, Err(failure)),
                }
            }
            (kind, _) => {
                let id = frame.id;
                let message = match kind {
                    Kind::Hello => "a second Hello came",
                    _ => "a Request came before Hello",
                };
                self.close_with(id, Failure::new(ErrorCode::Sequence, message));
                Ok(())
            }
        }
    }

    /// Writes an Error that says why, and reads nothing more.
    pub fn close_with(&mut self, id: u32, failure: Failure) {
        // The caller has seen that there is room, or the client learns it from the close alone.
        let _ = answer(&mut self.writer, id, Err(failure));
        self.close();
    }

    /// Reads nothing more; what is left is still sent.
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

    /// Returns whether an Event waits to be written.
    pub fn has_events(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Writes an Event for each topic that has changed, while there is room.
    pub fn write_events(
        &mut self,
        encoded: &mut EncodedEvent,
        service: &impl Service,
        now: Instant,
    ) {
        for topic in self.dirty.iter() {
            let written = self.writer.push(Kind::Event, 0, |space| {
                let body = encoded.body(topic, || service.event(topic))?;
                space
                    .get_mut(..body.len())
                    .ok_or(Full)?
                    .copy_from_slice(body);
                Ok(body.len())
            });
            if written.is_err() {
                break;
            }
            self.dirty.remove(topic);
        }
        self.note_output(now);
    }

    /// The output. [`sent`](Self::sent) is called with how much of it was sent.
    pub fn output(&self) -> &[u8] {
        self.writer.pending()
    }

    /// Notes that the first `count` bytes of [`output`](Self::output) have been sent.
    pub fn sent(&mut self, count: usize, now: Instant) {
        if count > 0 {
            self.output_began = None;
            self.waits_for_room = false;
        }
        self.writer.sent(count);
        self.answers = self.answers.saturating_sub(count);
        self.note_output(now);
    }

    fn note_output(&mut self, now: Instant) {
        let waits = self.answers > 0;
        self.output_began = waits.then(|| self.output_began.unwrap_or(now));
    }

    /// Returns whether the connection can be closed: all is read, answered and sent.
    pub fn is_finished(&self) -> bool {
        // A client that ends in the middle of a frame has died rather than come to listen.
        let is_done =
            self.is_input_done() && (self.subscribed.is_empty() || self.has_partial_frame());
        let finished = self.phase == Phase::Closing || is_done;
        finished && self.writer.pending().is_empty()
    }

    /// When [`expire`](Self::expire) is due, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let hello = (self.phase == Phase::Hello).then_some(self.connected_at + HELLO_TIME);
        let frame = self.frame_began.map(|began| began + FRAME_TIME);
        let output = self.output_began.map(|began| began + OUTPUT_TIME);
        [hello, frame, output].into_iter().flatten().min()
    }

    /// Returns whether input is overdue. It may have come meanwhile: a daemon that was stopped looks again.
    pub fn is_input_late(&self, now: Instant) -> bool {
        self.lacks_hello(now) || self.lacks_rest(now)
    }

    fn lacks_hello(&self, now: Instant) -> bool {
        let hello = (self.phase == Phase::Hello).then_some(self.connected_at);
        is_over(hello, HELLO_TIME, now)
    }

    fn lacks_rest(&self, now: Instant) -> bool {
        is_over(self.frame_began, FRAME_TIME, now)
    }

    /// Ends a connection whose client has taken too long. Returns what for, if it has. An Error is written
    /// where there is somebody to read it.
    pub fn expire(&mut self, now: Instant) -> Option<&'static str> {
        if is_over(self.output_began, OUTPUT_TIME, now) {
            self.close();
            self.writer.clear();
            self.output_began = None;
            return Some("took no output for 30 s");
        }
        let (message, reason) = if self.lacks_hello(now) {
            ("no Hello came within 2 s", "said no Hello within 2 s")
        } else if self.lacks_rest(now) {
            (
                "a frame was not finished within 5 s",
                "did not finish a frame within 5 s",
            )
        } else {
            return None;
        };
        self.close_with(0, Failure::new(ErrorCode::Timeout, message));
        self.answers = self.writer.pending().len();
        self.note_output(now);
        Some(reason)
    }
}

fn is_over(began: Option<Instant>, time: Duration, now: Instant) -> bool {
    began.is_some_and(|began| now >= began + time)
}

/// Returns the next frame; `None` while it is not whole.
///
/// # Errors
/// Why its header is broken.
fn next_frame(reader: &Reader) -> Result<Option<Frame<'_>>, Cow<'static, str>> {
    match reader.kind() {
        None | Some(Kind::Hello | Kind::Request) => {
            let frame = reader.peek();
            frame.map_err(|error| error.to_string().into())
        }
        Some(_) => Err("the header's kind is one that only the daemon sends".into()),
    }
}

/// Decodes a Hello. Any other ends the connection: one that is sound is that of a protocol of another number.
fn handle_hello(frame: &Frame) -> Result<Hello, Failure> {
    let message = match codec::decode::<Hello>(frame.body) {
        Ok(hello) if hello.protocol == PROTOCOL => return Ok(hello),
        Ok(hello) => format!(
            "{} speaks protocol {}, this mixd {PROTOCOL}; install both from one version",
            &*hello.client, hello.protocol
        ),
        Err(error) if !canonical::is_canonical(frame.body) => {
            return Err(Failure::new(ErrorCode::Malformed, error.to_string()));
        }
        Err(_) => format!("the Hello is none of protocol {PROTOCOL}, which this mixd speaks"),
    };
    Err(Failure {
        max: Some(PROTOCOL),
        min: Some(PROTOCOL),
        ..Failure::new(ErrorCode::Version, message)
    })
}

/// Decodes a request.
fn decode_request(body: &[u8]) -> Result<Request, Failure> {
    codec::decode_request(body).map_err(|error| match error {
        DecodeError::Invalid(_) if names_no_request(body) => {
            let message = "this mixd does not know the request; is it older than the client?";
            Failure::new(ErrorCode::Unsupported, message)
        }
        error => Failure::new(ErrorCode::Malformed, error.to_string()),
    })
}

/// Returns whether `body` is sound and has a request's form, with a name that no request has.
fn names_no_request(body: &[u8]) -> bool {
    let name = canonical::message_name(body).filter(|_| canonical::is_canonical(body));
    name.is_some_and(|name| !Request::NAMES.contains(&name))
}

/// Appends the one answer to the request `id`.
fn answer(writer: &mut Writer, id: u32, result: Result<Reply, Failure>) -> Result<(), Full> {
    match result {
        Ok(reply) => writer.push(Kind::Reply, id, |body| codec::encode_reply(&reply, body)),
        Err(mut failure) => {
            if !is_visible(&failure.message) {
                failure.message = visible(&failure.message).into();
            }
            failure.message = shortened(failure.message);
            writer.push(Kind::Error, id, |body| codec::encode(&failure, body))
        }
    }
}

#[cfg(test)]
mod tests;
