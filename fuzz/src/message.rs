//! The bodies of the fuzz targets `message` and `roundtrip`: any bytes as a message, and any message as bytes.

use arbitrary::Unstructured;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::frame::{Full, MAX_REPLY};
use wire::{Event, Failure, Hello, Reply, Request, Stream, Welcome, canonical, codec};

use crate::any::{any, range};

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
    if canonical::is_canonical(body) {
        assert!(is_well_formed(body), "minicbor disagrees");
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
    let mut limit = range("");
    for token in minicbor::decode::Tokenizer::new(body) {
        let value = match token {
            Ok(Token::String(key)) => {
                limit = range(key);
                continue;
            }
            Ok(Token::U8(value)) => i64::from(value),
            Ok(Token::U16(value)) => i64::from(value),
            Ok(Token::U32(value)) => i64::from(value),
            Ok(Token::I8(value)) => i64::from(value),
            Ok(Token::I16(value)) => i64::from(value),
            Ok(Token::I32(value)) => i64::from(value),
            Ok(Token::Array(_) | Token::Map(_) | Token::Null | Token::Bool(_)) => continue,
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
    // An input that is too short makes no message.
    let _ = roundtrip_any(&mut Unstructured::new(data));
}

fn roundtrip_any(input: &mut Unstructured) -> arbitrary::Result<()> {
    match input.int_in_range(0..=5)? {
        0 => survives(&any::<Request>(input)?),
        1 => survives(&any::<Hello>(input)?),
        2 => survives(&any::<Welcome>(input)?),
        3 => {
            let reply = any::<Reply>(input)?;
            if let Reply::Stream(detail) = &reply {
                let mut properties = detail.properties.iter();
                assert!(properties.all(|property| !property.source.to_string().is_empty()));
            }
            survives(&reply);
        }
        4 => {
            let event = any::<Event>(input)?;
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
        _ => survives(&any::<Failure>(input)?),
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
