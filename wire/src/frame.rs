//! Bytes to frames and frames to bytes, over buffers of fixed size, however the bytes are split; without
//! I/O. [`codec`](crate::codec) reads and writes the bodies.

use std::fmt;

/// A header: `u16` length of the body, `u8` kind, `u8` zero, `u32` id, all little-endian.
pub const HEADER: usize = 8;
/// The longest body that a client may send, in bytes. Every request that means something is far shorter.
pub const MAX_REQUEST: usize = 1024;
/// The longest body that the daemon may send, in bytes: the most that the length field can say.
pub const MAX_REPLY: usize = u16::MAX as usize;

/// The kind of a frame: the header's third byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Client to daemon, first: [`Hello`](crate::Hello).
    Hello = 1,
    /// Daemon to client, in answer: [`Welcome`](crate::Welcome).
    Welcome = 2,
    /// Client to daemon: [`Request`](crate::Request).
    Request = 3,
    /// Daemon to client, with the request's id: [`Reply`](crate::Reply).
    Reply = 4,
    /// Daemon to client, with the request's id: [`Failure`](crate::Failure).
    Error = 5,
    /// Daemon to client, with id 0: [`Event`](crate::Event).
    Event = 6,
}

/// The first eight bytes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How many bytes of body follow.
    pub length: u16,
    /// What the body is.
    pub kind: Kind,
    /// Chosen by the client for a request, repeated in its answer. A body that can't be decoded
    /// is still answered by it.
    pub id: u32,
}

/// Why eight bytes are not a header. Where the next frame starts is not known then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// No kind has this number.
    Kind(u8),
    /// The fourth byte is this and not zero.
    Reserved(u8),
    /// The body is longer than this side takes.
    Length {
        /// How long the body is.
        length: usize,
        /// How long it may be.
        max: usize,
    },
}

/// A message has no room in the buffer given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// One whole frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the body is.
    pub kind: Kind,
    /// The request's id; 0 in an event.
    pub id: u32,
    /// The body, of at most as many bytes as the reader takes.
    pub body: &'a [u8],
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "the header's kind is {kind}, which no frame has"),
            Self::Reserved(byte) => write!(f, "the header's fourth byte is {byte} and not zero"),
            Self::Length { length, max } => {
                write!(
                    f,
                    "the header says {length} bytes of body, where {max} is the limit"
                )
            }
        }
    }
}

impl std::error::Error for HeaderError {}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message does not fit into the buffer")
    }
}

impl std::error::Error for Full {}

impl Kind {
    fn from_byte(byte: u8) -> Option<Self> {
        [
            Self::Hello,
            Self::Welcome,
            Self::Request,
            Self::Reply,
            Self::Error,
            Self::Event,
        ]
        .into_iter()
        .find(|&kind| kind as u8 == byte)
    }
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// [`HeaderError`]: the bytes are not a header, or its body would be longer than `max`.
    pub fn parse(bytes: [u8; HEADER], max: usize) -> Result<Self, HeaderError> {
        let [l0, l1, kind, reserved, i0, i1, i2, i3] = bytes;
        let length = u16::from_le_bytes([l0, l1]);
        let kind = Kind::from_byte(kind).ok_or(HeaderError::Kind(kind))?;
        if reserved != 0 {
            return Err(HeaderError::Reserved(reserved));
        }
        if usize::from(length) > max {
            return Err(HeaderError::Length {
                length: length.into(),
                max,
            });
        }
        Ok(Self {
            length,
            kind,
            id: u32::from_le_bytes([i0, i1, i2, i3]),
        })
    }

    /// The header's bytes.
    pub fn to_bytes(self) -> [u8; HEADER] {
        let [l0, l1] = self.length.to_le_bytes();
        let [i0, i1, i2, i3] = self.id.to_le_bytes();
        [l0, l1, self.kind as u8, 0, i0, i1, i2, i3]
    }
}

/// Returns the frame at the start of `bytes` and its length in bytes; `None` while more are needed.
///
/// # Errors
/// [`HeaderError`], as soon as the header is complete.
pub fn parse(bytes: &[u8], max: usize) -> Result<Option<(Frame<'_>, usize)>, HeaderError> {
    let Some((&header, rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    let Header { length, kind, id } = Header::parse(header, max)?;
    Ok(rest
        .get(..length.into())
        .map(|body| (Frame { kind, id, body }, HEADER + usize::from(length))))
}

/// Collects bytes as they come and gives them back as frames.
///
/// ```
/// use wire::frame::{Kind, Reader};
/// let mut reader = Reader::new(1024, 4096);
/// for byte in [1, 0, 3, 0, 42, 0, 0, 0, 0xf6] {
///     assert!(reader.peek().unwrap().is_none());
///     reader.space()[0] = byte;
///     reader.filled(1);
/// }
/// let frame = reader.peek().unwrap().unwrap();
/// assert_eq!((frame.kind, frame.id, frame.body), (Kind::Request, 42, &[0xf6][..]));
/// ```
#[derive(Debug)]
pub struct Reader {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    max: usize,
}

impl Reader {
    /// Returns a reader of frames whose bodies have at most `max` bytes. Its buffer has `capacity` bytes,
    /// or as many as one such frame needs if that is more, and never grows.
    pub fn new(max: usize, capacity: usize) -> Self {
        let buffer = vec![0; capacity.max(HEADER + max)].into();
        Self {
            buffer,
            start: 0,
            end: 0,
            max,
        }
    }

    /// Returns the space for the next bytes. It is empty only when a whole frame waits to be consumed.
    pub fn space(&mut self) -> &mut [u8] {
        if self.start > 0 && self.buffer.len() - self.start < HEADER + self.max {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.buffer[self.end..]
    }

    /// Takes the first `count` bytes of [`space`](Self::space) as received.
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }

    /// Returns the first frame and leaves it in place; `None` while it is not whole.
    ///
    /// # Errors
    /// [`HeaderError`]: no frame can be found from here on.
    pub fn peek(&self) -> Result<Option<Frame<'_>>, HeaderError> {
        let parsed = parse(&self.buffer[self.start..self.end], self.max)?;
        Ok(parsed.map(|(frame, _)| frame))
    }

    /// Returns the kind of the first frame, as soon as its header has come and is sound.
    pub fn kind(&self) -> Option<Kind> {
        let header = self.buffer[self.start..self.end].first_chunk()?;
        Some(Header::parse(*header, self.max).ok()?.kind)
    }

    /// Removes the frame that [`peek`](Self::peek) returns, if there is one.
    pub fn consume(&mut self) {
        if let Ok(Some((_, length))) = parse(&self.buffer[self.start..self.end], self.max) {
            self.start += length;
        }
        if self.start == self.end {
            self.clear();
        }
    }

    /// Takes everything away.
    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Returns how many bytes it holds.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Returns whether it holds no byte, not even the start of a frame.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// Collects frames and gives them back as bytes to send.
#[derive(Debug)]
pub struct Writer {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Writer {
    /// Returns a writer over a buffer of `capacity` bytes, which never grows.
    pub fn new(capacity: usize) -> Self {
        Self {
            buffer: vec![0; capacity].into(),
            start: 0,
            end: 0,
        }
    }

    /// Appends a frame whose body `write` puts into the space given, returning its length.
    ///
    /// # Errors
    /// [`Full`] when the frame does not fit; the writer is as before then.
    pub fn push(
        &mut self,
        kind: Kind,
        id: u32,
        write: impl FnOnce(&mut [u8]) -> Result<usize, Full>,
    ) -> Result<(), Full> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let Some((header, space)) = self.buffer[self.end..].split_first_chunk_mut() else {
            return Err(Full);
        };
        let room = space.len().min(MAX_REPLY);
        let length = write(&mut space[..room])?.min(room);
        #[allow(clippy::cast_possible_truncation)] // room is at most u16::MAX
        let head = Header {
            length: length as u16,
            kind,
            id,
        };
        *header = head.to_bytes();
        self.end += HEADER + length;
        Ok(())
    }

    /// Returns the bytes that are not sent yet.
    pub fn pending(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Removes the first `count` bytes of [`pending`](Self::pending): they have been sent.
    pub fn sent(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            self.clear();
        }
    }

    /// Takes everything away.
    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Returns how many bytes of frames, headers included, can be appended.
    pub fn room(&self) -> usize {
        self.buffer.len() - (self.end - self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: Kind, id: u32, body: &[u8]) -> Vec<u8> {
        let length = body.len().try_into().unwrap();
        [&Header { length, kind, id }.to_bytes()[..], body].concat()
    }

    /// Feeds `bytes` in pieces of `piece` bytes to a buffer of `capacity`, and returns the frames as (kind, id,
    /// body).
    fn frames(bytes: &[u8], piece: usize, capacity: usize) -> Vec<(Kind, u32, Vec<u8>)> {
        let mut reader = Reader::new(16, capacity);
        let mut found = Vec::new();
        for mut piece in bytes.chunks(piece) {
            while !piece.is_empty() {
                let space = reader.space();
                assert!(!space.is_empty(), "a frame that is not whole has no space");
                let count = piece.len().min(space.len());
                space[..count].copy_from_slice(&piece[..count]);
                reader.filled(count);
                piece = &piece[count..];
                while let Some(frame) = reader.peek().unwrap() {
                    found.push((frame.kind, frame.id, frame.body.to_vec()));
                    reader.consume();
                }
            }
        }
        assert!(reader.is_empty());
        found
    }

    #[test]
    fn every_split_gives_the_same_frames() {
        let bytes = [
            frame(Kind::Hello, 0, b""),
            frame(Kind::Request, u32::MAX, b"0123456789abcdef"),
            frame(Kind::Event, 7, b"x"),
        ]
        .concat();
        let whole = frames(&bytes, bytes.len(), 0);
        assert_eq!(whole.len(), 3);
        for piece in 1..bytes.len() {
            for capacity in 0..=bytes.len() {
                let found = frames(&bytes, piece, capacity);
                assert_eq!(found, whole, "in pieces of {piece}, room for {capacity}");
            }
        }
    }

    #[test]
    fn the_length_is_checked_as_soon_as_the_header_is_complete() {
        let bytes = frame(Kind::Request, 1, &[0; 17]);
        assert_eq!(parse(&bytes[..7], 16), Ok(None));
        let too_long = HeaderError::Length {
            length: 17,
            max: 16,
        };
        assert_eq!(parse(&bytes[..8], 16), Err(too_long));
    }

    #[test]
    fn an_unknown_kind_and_a_reserved_byte_are_refused() {
        assert_eq!(
            parse(&[0, 0, 0, 0, 0, 0, 0, 0], 16),
            Err(HeaderError::Kind(0))
        );
        assert_eq!(
            parse(&[0, 0, 7, 0, 0, 0, 0, 0], 16),
            Err(HeaderError::Kind(7))
        );
        assert_eq!(
            parse(&[0, 0, 3, 1, 0, 0, 0, 0], 16),
            Err(HeaderError::Reserved(1))
        );
    }

    #[test]
    fn a_full_writer_says_so_and_loses_nothing() {
        let mut writer = Writer::new(2 * HEADER + 3);
        let body = |bytes: &'static [u8]| {
            move |space: &mut [u8]| {
                let space = space.get_mut(..bytes.len()).ok_or(Full)?;
                space.copy_from_slice(bytes);
                Ok(bytes.len())
            }
        };
        assert_eq!(writer.push(Kind::Reply, 1, body(b"abc")), Ok(()));
        assert_eq!(writer.push(Kind::Reply, 2, body(b"d")), Err(Full));
        assert_eq!(writer.pending(), frame(Kind::Reply, 1, b"abc"));
        writer.sent(1);
        assert_eq!(writer.push(Kind::Reply, 2, body(b"d")), Ok(()));
        writer.sent(10);
        assert_eq!(writer.pending(), frame(Kind::Reply, 2, b"d"));
    }

    #[test]
    fn a_body_has_no_more_room_than_its_length_can_say() {
        let mut writer = Writer::new(2 * MAX_REPLY);
        let mut room = 0;
        let all = |space: &mut [u8]| {
            room = space.len();
            Ok(space.len())
        };
        assert_eq!(writer.push(Kind::Reply, 1, all), Ok(()));
        assert_eq!(room, MAX_REPLY);
        let (_, length) = parse(writer.pending(), MAX_REPLY).unwrap().unwrap();
        assert_eq!(length, writer.pending().len());
    }
}
