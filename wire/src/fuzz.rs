//! The bodies of the fuzz targets over frames and messages, each with what must hold of any input.
//! They panic when it does not. `fuzz/` calls them from libFuzzer, and with its corpus as tests.

mod values;

use arbitrary::{Arbitrary, Unstructured};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec;
use crate::frame::{
    self, Frame, Full, HEADER, HeaderError, Kind, MAX_REPLY, MAX_REQUEST, Reader, Writer,
};
use crate::{
    Event, Failure, Gain, Hello, Name, Reply, Request, Shift, Stream, Text, Volume, Welcome,
};

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

    let mut writer = Writer::new(HEADER + MAX_REPLY);
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

/// What decodes re-encodes to the same bytes, and an independent decoder agrees that it is exactly
/// one well-formed item whose integers lie in the ranges of the protocol. The first byte chooses
/// the kind of message.
pub fn message(data: &[u8]) {
    let Some((kind, body)) = data.split_first() else {
        return;
    };
    match kind % 6 {
        0 => check::<Request>(body),
        1 => check::<Hello>(body),
        2 => check::<Welcome>(body),
        3 => check::<Reply>(body),
        4 => check::<Event>(body),
        _ => check::<Failure>(body),
    }
    // Whatever it is, it can be shown.
    assert!(!codec::diagnostic(body).is_empty());
    if codec::variant_name(body).is_some() {
        assert!(is_well_formed(body));
    }
}

fn check<T: Serialize + DeserializeOwned>(body: &[u8]) {
    let message: T = match codec::decode(body) {
        Ok(message) => message,
        Err(error) => {
            assert!(
                !error.to_string().is_empty(),
                "what is refused gets a sentence"
            );
            return;
        }
    };
    let mut again = vec![0; body.len()];
    assert_eq!(codec::encode(&message, &mut again), Ok(body.len()));
    assert_eq!(again, body);
    // One byte less is too little: the encoding knows where its buffer ends.
    let mut short = vec![0; body.len() - 1];
    assert_eq!(codec::encode(&message, &mut short), Err(Full));
    assert!(is_well_formed(body), "minicbor disagrees");
    assert!(is_in_range(body), "a value is out of range");
}

fn is_well_formed(body: &[u8]) -> bool {
    let mut decoder = minicbor::Decoder::new(body);
    decoder.skip().is_ok() && decoder.position() == body.len()
}

/// Whether no message carries an integer that no field of the protocol may have. Volumes, shifts
/// and gains come after their keys; everything else is a `u32`.
fn is_in_range(body: &[u8]) -> bool {
    use minicbor::data::Token;
    let mut limit = 0..=i64::from(u32::MAX);
    for token in minicbor::decode::Tokenizer::new(body) {
        let value = match token {
            Ok(Token::String(key)) => {
                limit = match key {
                    "volume" | "set-volume" | "hold-volume" => -1_000_000..=1_000_000,
                    "shift-volume" => -2_000_000..=2_000_000,
                    "aux" | "default" => 0..=1_000_000,
                    "snap" => 0..=500_000,
                    _ => 0..=i64::from(u32::MAX),
                };
                continue;
            }
            Ok(Token::U8(value)) => i64::from(value),
            Ok(Token::U16(value)) => i64::from(value),
            Ok(Token::U32(value)) => i64::from(value),
            Ok(Token::I8(value)) => i64::from(value),
            Ok(Token::I16(value)) => i64::from(value),
            Ok(Token::I32(value)) => i64::from(value),
            Ok(Token::Array(_) | Token::Map(_) | Token::Null) => continue,
            // No message has any other item.
            _ => return false,
        };
        if !limit.contains(&value) {
            return false;
        }
    }
    true
}

/// Any message survives encoding and decoding.
pub fn roundtrip(data: &[u8]) {
    let _ = roundtrip_any(&mut Unstructured::new(data));
}

/// Any text is a number of the protocol, or a socket's name, that prints as one that parses to
/// itself, or is refused with a sentence; and any text fits into a field, whole or cut.
pub fn text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match text.parse::<Volume>() {
        Ok(volume) => {
            assert_eq!(volume.to_string().parse(), Ok(volume));
            assert!(volume.millionths().abs() <= 1_000_000);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match Shift::parse_clamped(text) {
        Ok(shift) => {
            assert_eq!(Shift::parse_clamped(&shift.to_string()), Ok(shift));
            // The ends are the ends, however far they are overshot.
            let there = Volume::MIDDLE.shifted(shift).shifted(shift);
            assert!(there.millionths().abs() <= 1_000_000);
            if let Ok(gain) = Gain::try_from(shift.millionths().unsigned_abs()) {
                assert!((0.0..=1.0).contains(&gain.factor()) && !gain.to_string().is_empty());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match Name::parse(text.as_ref()) {
        Ok(name) => assert_eq!(Name::parse(name.to_string().as_ref()), Ok(name)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let cut = Text::<16>::truncated(text);
    assert!(text.starts_with(&*cut) && cut.len() + 4 > 16.min(text.len()));
    match text.parse::<Text<16>>() {
        Ok(whole) => assert_eq!(whole.to_string(), text),
        Err(error) => assert!(text.len() > 16 && !error.to_string().is_empty()),
    }
}

fn roundtrip_any(input: &mut Unstructured) -> arbitrary::Result<()> {
    match input.int_in_range(0..=5)? {
        0 => survives(&Request::arbitrary(input)?),
        1 => survives(&Hello::arbitrary(input)?),
        2 => survives(&Welcome::arbitrary(input)?),
        3 => {
            let reply = Reply::arbitrary(input)?;
            if let Reply::Stream(detail) = &reply {
                let mut properties = detail.properties.iter();
                assert!(properties.all(|property| !property.source.to_string().is_empty()));
            }
            survives(&reply);
        }
        4 => {
            let event = Event::arbitrary(input)?;
            if let Event::Streams(audio) = &event {
                assert!(!audio.pipewire.to_string().is_empty());
                let mut warnings = audio.warnings.iter();
                assert!(warnings.all(|warning| !warning.to_string().is_empty()));
                for Stream { state, channel, .. } in &audio.streams {
                    assert!(!state.to_string().is_empty() && !channel.to_string().is_empty());
                }
            }
            survives(&event);
        }
        _ => survives(&Failure::arbitrary(input)?),
    }
    Ok(())
}

fn survives<T>(message: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let mut body = vec![0; MAX_REPLY];
    // A list can be too long for a frame; mixd's own are bounded.
    if let Ok(length) = codec::encode(message, &mut body) {
        assert_eq!(codec::decode::<T>(&body[..length]).as_ref(), Ok(message));
    }
    assert!(!format!("{message:?}").is_empty());
}
