//! A client's side of a connection as a pure state machine: bytes in, bytes out, no system call and no clock.
//! [`Client`](super::Client) drives it over a socket, the fuzzer without one.

use std::collections::VecDeque;

use serde::Serialize;

use super::ClientError;
use crate::codec;
use crate::frame::{self, Kind, Reader, Writer};
use crate::{Event, Hello, PROTOCOL, Reply, Request, Text, Welcome};

/// How many bytes of requests may wait for a daemon that does not read: some hundred requests.
const QUEUE: usize = 16 * 1024;

/// A client's side of a connection.
#[derive(Debug)]
pub struct Conversation {
    reader: Reader,
    writer: Writer,
    welcome: Option<Welcome>,
    /// The id of the last frame sent. The Hello has 1.
    sent: u32,
    /// The id of the last frame that has been answered; 0 if none has.
    answered: u32,
    /// Events that came while an answer was awaited, the newest of each topic.
    events: VecDeque<Event<'static>>,
}

/// What has come from the daemon.
#[derive(Debug)]
pub enum Incoming {
    /// The answer to the Hello, before everything else: [`Conversation::welcome`] has it.
    Welcome,
    /// The answer to the oldest request that has none yet: a [`ClientError`] where the daemon says no, or
    /// something that is not understood.
    Answer(Result<Reply<'static>, ClientError>),
    /// An event of a topic subscribed to.
    Event(Event<'static>),
}

/// Returns the id after `id`. 0 is the id of what the daemon says about no request in particular.
fn next_id(id: u32) -> u32 {
    id.wrapping_add(1).max(1)
}

impl Conversation {
    /// Begins one, with a Hello to send. `program` is the name that the daemon's log shows.
    ///
    /// # Errors
    /// None but what [`send`](Self::send) has.
    pub fn new(program: &str) -> Result<Self, ClientError> {
        let mut conversation = Self {
            reader: Reader::new(frame::MAX_REPLY, 0),
            writer: Writer::new(QUEUE),
            welcome: None,
            sent: 0,
            answered: 0,
            events: VecDeque::new(),
        };
        let hello = Hello {
            client: Text::truncated(program),
            protocol: PROTOCOL,
        };
        conversation.push(Kind::Hello, &hello)?;
        Ok(conversation)
    }

    /// The bytes that come from the daemon.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// The bytes that are to be sent to the daemon.
    pub fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Returns whether there is nothing to send.
    pub fn is_sent(&self) -> bool {
        self.writer.pending().is_empty()
    }

    /// What the daemon said of itself; `None` before it has.
    pub fn welcome(&self) -> Option<&Welcome> {
        self.welcome.as_ref()
    }

    /// Returns whether the Hello or a request has no answer yet.
    pub fn awaits_answer(&self) -> bool {
        self.sent != self.answered
    }

    /// Adds a request to what is to be sent.
    ///
    /// # Errors
    /// [`ClientError::Unknown`] when the daemon has said that it does not know the request, which is not
    /// sent then; [`ClientError::Silent`] when hundreds wait to be read.
    pub fn send(&mut self, request: &Request) -> Result<(), ClientError> {
        match &self.welcome {
            Some(welcome) if !welcome.requests.contains(request.name()) => {
                Err(ClientError::Unknown(request.name(), welcome.daemon))
            }
            _ => self.push(Kind::Request, request),
        }
    }

    /// Returns what has come next, or `None` until more bytes come. Events that this client does not know are
    /// skipped: a newer daemon may send them.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the daemon has said why it ends the connection, and
    /// [`ClientError::Protocol`]: the connection is not usable any more.
    pub fn next_incoming(&mut self) -> Result<Option<Incoming>, ClientError> {
        while let Some(frame) = self
            .reader
            .peek()
            .map_err(|error| ClientError::Protocol(error.to_string()))?
        {
            let is_answer = self.awaits_answer() && frame.id == next_id(self.answered);
            let is_welcomed = self.welcome.is_some();
            let incoming = match frame.kind {
                Kind::Welcome if !is_welcomed && is_answer => {
                    self.welcome = Some(codec::decode_open(frame.body)?);
                    Some(Incoming::Welcome)
                }
                Kind::Reply if is_welcomed && is_answer => {
                    let reply = codec::decode_open(frame.body).map_err(ClientError::from);
                    Some(Incoming::Answer(reply))
                }
                Kind::Error if is_welcomed && is_answer => {
                    Some(Incoming::Answer(Err(refusal(frame.body))))
                }
                // About the connection as a whole: its end.
                Kind::Error => return Err(refusal(frame.body)),
                Kind::Event if is_welcomed => {
                    codec::decode_open(frame.body).ok().map(Incoming::Event)
                }
                kind => return Err(unexpected(kind)),
            };
            if frame.kind != Kind::Event {
                self.answered = next_id(self.answered);
            }
            self.reader.consume();
            if incoming.is_some() {
                return Ok(incoming);
            }
        }
        Ok(None)
    }

    /// Keeps an event for later. Only the newest of each topic: each is the whole state.
    pub fn keep_event(&mut self, event: Event<'static>) {
        let topic = std::mem::discriminant(&event);
        self.events
            .retain(|older| std::mem::discriminant(older) != topic);
        self.events.push_back(event);
    }

    /// Takes out the oldest event that was kept.
    pub fn kept_event(&mut self) -> Option<Event<'static>> {
        self.events.pop_front()
    }

    fn push<T: Serialize>(&mut self, kind: Kind, message: &T) -> Result<(), ClientError> {
        let id = next_id(self.sent);
        self.writer
            .push(kind, id, |space| codec::encode(message, space))?;
        self.sent = id;
        Ok(())
    }
}

/// Returns what an Error says.
fn refusal(body: &[u8]) -> ClientError {
    match codec::decode_open(body) {
        Ok(failure) => ClientError::Refused(failure),
        Err(error) => error.into(),
    }
}

/// Returns the error of a frame that may not come now.
pub fn unexpected(kind: Kind) -> ClientError {
    ClientError::Protocol(format!("a {kind:?} frame out of turn"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_nobody_reads_are_refused_when_the_queue_is_full_and_sent_when_it_is_not() {
        let mut client = Conversation::new("test").unwrap();
        let fill = |client: &mut Conversation| {
            let sent = (0..QUEUE).take_while(|_| client.send(&Request::GetVolume).is_ok());
            sent.count()
        };
        assert!(fill(&mut client) > 500);
        let refused = client.send(&Request::GetVolume);
        assert!(matches!(refused, Err(ClientError::Silent)), "{refused:?}");
        let (queued, id) = (client.writer().pending().len(), client.sent);
        client.writer().sent(queued);
        assert!(fill(&mut client) > 500);
        let (first, _) = frame::parse(client.writer().pending(), frame::MAX_REQUEST)
            .unwrap()
            .unwrap();
        assert_eq!(first.id, id + 1, "a request that was refused has no id");
    }

    #[test]
    fn the_longest_answer_has_room() {
        let mut client = Conversation::new("test").unwrap();
        let head = frame::Header {
            length: u16::MAX,
            kind: Kind::Reply,
            id: 1,
        };
        let reader = client.reader();
        reader.space()[..frame::HEADER].copy_from_slice(&head.to_bytes());
        reader.filled(frame::HEADER + frame::MAX_REPLY);
        let answer = reader.peek().unwrap().unwrap();
        assert_eq!(answer.body.len(), frame::MAX_REPLY);
    }
}
