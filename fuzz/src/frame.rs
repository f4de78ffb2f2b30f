//! The body of the fuzz target `frame`: any bytes, in any pieces.

use arbitrary::{Arbitrary, Unstructured};
use wire::frame::{self, Frame, HEADER, HeaderError, Kind, MAX_REQUEST, Reader, Writer};

/// Any bytes, arriving in any pieces, give the same frames as all at once; nothing is read past a
/// length; and the writer makes the same bytes of them again.
pub fn frame(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(pieces) = Vec::<u8>::arbitrary(&mut input) else {
        return;
    };
    let bytes = input.take_rest();
    let (frames, end) = frames_at_once(bytes);
    if let Err(error) = end {
        assert!(!error.to_string().is_empty());
    }
    assert_eq!(frames_in_pieces(bytes, &pieces), (frames.clone(), end));

    let mut small = Writer::new(pieces.len());
    let fits = small.push(Kind::Reply, 0, |_| Ok(0));
    assert_eq!(fits.is_ok(), pieces.len() >= HEADER);
    if let Err(full) = fits {
        assert!(small.pending().is_empty() && !full.to_string().is_empty());
    }

    let mut writer = Writer::new(HEADER + MAX_REQUEST);
    let mut rest = bytes;
    for (kind, id, body) in &frames {
        let pushed = writer.push(*kind, *id, |space| {
            space[..body.len()].copy_from_slice(body);
            Ok(body.len())
        });
        assert!(pushed.is_ok());
        let length = HEADER + body.len();
        // A frame that lacks its last byte is no frame, whatever follows is none of its business.
        assert_eq!(frame::parse(&rest[..length - 1], MAX_REQUEST), Ok(None));
        assert_eq!(writer.pending(), &rest[..length]);
        writer.sent(length);
        rest = &rest[length..];
    }
}

type Frames = (Vec<(Kind, u32, Vec<u8>)>, Result<(), HeaderError>);

fn frames_at_once(mut bytes: &[u8]) -> Frames {
    let mut frames = Vec::new();
    loop {
        let parsed = frame::parse(bytes, MAX_REQUEST);
        assert_eq!(
            parsed.is_err(),
            is_broken(bytes),
            "the header is judged as specified"
        );
        match parsed {
            Ok(Some((Frame { kind, id, body }, length))) => {
                assert_eq!(length, HEADER + body.len());
                frames.push((kind, id, body.to_vec()));
                bytes = &bytes[length..];
            }
            Ok(None) => return (frames, Ok(())),
            Err(error) => return (frames, Err(error)),
        }
    }
}

/// What PROTOCOL.md says of headers, in other words.
fn is_broken(bytes: &[u8]) -> bool {
    let [low, high, kind, zero, _, _, _, _, ..] = *bytes else {
        return false;
    };
    !(1..=6).contains(&kind) || zero != 0 || (high, low) > (4, 0)
}

fn frames_in_pieces(mut bytes: &[u8], pieces: &[u8]) -> Frames {
    let mut reader = Reader::new(MAX_REQUEST, 0);
    let mut frames = Vec::new();
    let mut pieces = pieces.iter().cycle();
    loop {
        loop {
            match reader.peek() {
                Ok(Some(frame)) => frames.push((frame.kind, frame.id, frame.body.to_vec())),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
            reader.consume();
        }
        if bytes.is_empty() {
            return (frames, Ok(()));
        }
        let wanted = pieces
            .next()
            .map_or(usize::MAX, |&piece| usize::from(piece).max(1));
        let space = reader.space();
        let count = wanted.min(space.len()).min(bytes.len());
        assert!(count > 0, "there is always room for the rest of a frame");
        space[..count].copy_from_slice(&bytes[..count]);
        reader.filled(count);
        bytes = &bytes[count..];
    }
}
