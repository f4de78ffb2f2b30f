//! The body of the fuzz target `client`: any bytes from a daemon, in any pieces, at a window's connection.

use allocation_counter::{AllocationInfo, measure};
use arbitrary::{Arbitrary, Unstructured};
use mixview::model::{Effect, Message, Model};
use wire::client::{Conversation, Incoming};
use wire::frame::{HEADER, MAX_REPLY};
use wire::{ClientError, ErrorCode, Failure, Request};

/// How much memory a body may take while it is read, for each of its bytes. Arrays that are nested in arrays take
/// the most, 115 bytes as measured: each has room for four.
const MEMORY_A_BYTE: usize = 160;
/// How much it may take however short it is: an error's sentence, and the least that a list takes.
const LEAST_MEMORY: usize = 16 * 1024;
/// How many events may be kept: one of each topic.
const TOPICS: usize = 4;

/// Whatever a daemon sends, a client reads it to its end or to an error that has a sentence, in as many turns as
/// there are bytes, in no more memory than the bytes are worth; and the window takes what it has read.
pub fn client(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(pieces) = Vec::<u8>::arbitrary(&mut input) else {
        return;
    };
    let Ok(conversation) = Conversation::new("fuzz") else {
        panic!("an empty buffer has room for a Hello");
    };
    let mut world = World {
        conversation,
        model: Model::default(),
        sent: 1,
        answered: 0,
    };
    // A window sends nothing before it is welcomed; mixctl does.
    if pieces.first().is_some_and(|piece| piece % 2 == 1) {
        world.send(&Request::GetStatus);
        world.send(&Request::GetStream(7));
    }
    world.read(input.take_rest(), &pieces);
}

struct World {
    conversation: Conversation,
    model: Model,
    /// How many frames have been sent.
    sent: usize,
    /// How many answers have come.
    answered: usize,
}

impl World {
    fn send(&mut self, request: &Request) {
        match self.conversation.send(request) {
            Ok(()) => self.sent += 1,
            // The daemon is older, or does not read.
            Err(error @ (ClientError::Unknown(..) | ClientError::Silent)) => {
                assert!(!error.to_string().is_empty());
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn read(&mut self, mut bytes: &[u8], pieces: &[u8]) {
        let mut pieces = pieces.iter().cycle();
        while !bytes.is_empty() {
            let wanted = pieces
                .next()
                .map_or(usize::MAX, |piece| 4 * usize::from(*piece) + 1);
            let reader = self.conversation.reader();
            let space = reader.space();
            assert!(space.len() <= HEADER + MAX_REPLY, "the buffer has grown");
            let count = wanted.min(space.len()).min(bytes.len());
            assert!(count > 0, "there is always room for the rest of a frame");
            space[..count].copy_from_slice(&bytes[..count]);
            reader.filled(count);
            bytes = &bytes[count..];
            if !self.take_all() {
                return;
            }
        }
    }

    /// Takes what has come. Returns false at the end of the connection.
    fn take_all(&mut self) -> bool {
        loop {
            let length = self.conversation.reader().len();
            let mut next = Ok(None);
            let AllocationInfo { bytes_max, .. } =
                measure(|| next = self.conversation.next_incoming());
            let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
            assert!(
                bytes_max <= LEAST_MEMORY + MEMORY_A_BYTE * length,
                "{bytes_max} bytes of memory for {length}"
            );
            match next {
                Ok(Some(incoming)) => {
                    assert!(
                        self.conversation.reader().len() < length,
                        "a turn takes a frame"
                    );
                    self.take(incoming);
                }
                Ok(None) => return true,
                Err(error) => {
                    assert!(!error.to_string().is_empty(), "an error has a sentence");
                    return false;
                }
            }
        }
    }

    fn take(&mut self, incoming: Incoming) {
        self.answered += usize::from(!matches!(incoming, Incoming::Event(_)));
        assert!(self.answered <= self.sent, "nothing else is an answer");
        let message = match incoming {
            Incoming::Welcome => match self.conversation.welcome() {
                Some(welcome) => Message::Connected(welcome.clone()),
                None => panic!("there is a Welcome"),
            },
            Incoming::Answer(reply) => Message::Reply(reply.map_err(|error| match error {
                ClientError::Refused(failure) => failure,
                error => Failure::new(ErrorCode::Refused, error.to_string()),
            })),
            Incoming::Event(event) => {
                self.conversation.keep_event(event.clone());
                Message::Event(event)
            }
        };
        for effect in self.model.update(message) {
            if let Effect::Send(request) = effect {
                self.send(&request);
            }
        }
        let _ = (self.model.alarm(), self.model.status());
        let kept = std::iter::from_fn(|| self.conversation.kept_event());
        let kept: Vec<_> = kept.take(TOPICS + 1).collect();
        assert!(kept.len() <= TOPICS, "{} events are kept", kept.len());
        for event in kept {
            self.conversation.keep_event(event);
        }
    }
}
