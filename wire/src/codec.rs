//! Messages to bodies and back. A body is exactly one CBOR item in the deterministic form of
//! RFC 8949 section 4.2.1. The only place that knows ciborium. The daemon takes nothing else; a client takes
//! whatever a later daemon may say, see [`decode_open`].
//!
//! ciborium by itself is lenient: it takes trailing bytes, tags, bignums, integers longer than
//! they need be, indefinite lengths, and a unit variant with a payload whose bytes then become the
//! next element. One rule closes them all: decode, require an empty remainder, encode what was
//! understood, require the same bytes.

use std::fmt;
use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::canonical::is_canonical;
use crate::frame::Full;
use crate::message::{Event, Reply, Request};

/// The size of the buffer in which ciborium holds a name or a bounded string while it reads it, in
/// bytes: the longest is a [`Sentence`](crate::message::Sentence) of 255. Longer ones are refused.
const SCRATCH: usize = 256;

/// Why a body is not a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end before the item does, or are no CBOR, or the item is not this message.
    Invalid(String),
    /// The item is followed by this many bytes.
    Trailing(usize),
    /// The item means this message, but is not written in the one way it may be.
    NotCanonical,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(reason) => write!(f, "the body is not a message of this kind: {reason}"),
            Self::Trailing(bytes) => write!(f, "the body's CBOR item is followed by {bytes} bytes"),
            Self::NotCanonical => {
                f.write_str("the body is not in CBOR's deterministic form (RFC 8949 4.2.1)")
            }
        }
    }
}

impl std::error::Error for DecodeError {}

/// Writes `message` to the start of `out` and returns how many bytes it took.
///
/// # Errors
/// [`Full`] when `out` ends before the message does; what `out` holds then is not defined.
pub fn encode<T: Serialize>(message: &T, out: &mut [u8]) -> Result<usize, Full> {
    let room = out.len();
    let mut rest = out;
    ciborium::into_writer(message, &mut rest).map_err(|_| Full)?;
    Ok(room - rest.len())
}

/// Writes a reply as [`encode`] does. The daemon, which is compiled for size, takes the messages that are
/// spoken at every turn from here, where they are compiled for speed.
///
/// # Errors
/// Those of [`encode`].
pub fn encode_reply(reply: &Reply, out: &mut [u8]) -> Result<usize, Full> {
    encode(reply, out)
}

/// Writes an event as [`encode`] does, compiled for speed.
///
/// # Errors
/// Those of [`encode`].
pub fn encode_event(event: &Event, out: &mut [u8]) -> Result<usize, Full> {
    encode(event, out)
}

/// Reads a request as [`decode`] does, compiled for speed.
///
/// # Errors
/// Those of [`decode`].
pub fn decode_request(body: &[u8]) -> Result<Request, DecodeError> {
    decode(body)
}

/// Reads the one message that `body` is.
///
/// # Errors
/// [`DecodeError`]: the body is anything but exactly one item, in canonical form, of type `T`.
pub fn decode<T: DeserializeOwned + Serialize>(body: &[u8]) -> Result<T, DecodeError> {
    let mut rest = body;
    let mut scratch = [0; SCRATCH];
    let message: T = ciborium::de::from_reader_with_buffer(&mut rest, &mut scratch)
        .map_err(|error| why_invalid(body, describe(error)))?;
    let another_form = || why_invalid(body, "it has another form".into());
    if !rest.is_empty() {
        return Err(another_form());
    }
    let mut comparison = Comparison { expected: body };
    if ciborium::into_writer(&message, &mut comparison).is_ok() && comparison.expected.is_empty() {
        Ok(message)
    } else {
        Err(another_form())
    }
}

/// Returns what is wrong with a body that is not a message, for a `reason` that the type gives: first whether it is one
/// item, and one in canonical form.
fn why_invalid(body: &[u8], reason: String) -> DecodeError {
    match item(body) {
        Err(error) => error,
        Ok(_) if !is_canonical(body) => DecodeError::NotCanonical,
        Ok(_) => DecodeError::Invalid(reason),
    }
}

/// Reads the one message that `body` is, as a client reads what a daemon says: keys that are not known here are
/// skipped, and any encoding of the item will do.
///
/// # Errors
/// [`DecodeError`]: the body is anything but exactly one item that says all that `T` needs.
pub fn decode_open<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    // By way of a value: ciborium, where it reads a type, leaves what it does not know unread.
    item(body)?
        .deserialized()
        .map_err(|error| DecodeError::Invalid(error.to_string()))
}

/// Reads the one item that `body` is.
fn item(body: &[u8]) -> Result<ciborium::Value, DecodeError> {
    let mut rest = body;
    let item =
        ciborium::from_reader(&mut rest).map_err(|error| DecodeError::Invalid(describe(error)))?;
    match rest.len() {
        0 => Ok(item),
        more => Err(DecodeError::Trailing(more)),
    }
}

/// Returns `body` in CBOR's diagnostic notation (RFC 8949 section 8), for people; a sentence where it is
/// not exactly one item.
pub fn diagnostic(body: &[u8]) -> String {
    match item(body) {
        Ok(value) => notation(&value),
        Err(error) => error.to_string(),
    }
}

fn notation(value: &ciborium::Value) -> String {
    use ciborium::Value;
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Integer(number) => i128::from(*number).to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::Bool(truth) => truth.to_string(),
        Value::Null => "null".into(),
        Value::Array(items) => format!("[{}]", list(items.iter().map(notation).collect())),
        Value::Map(pairs) => {
            let pair =
                |(key, value): &(Value, Value)| format!("{}: {}", notation(key), notation(value));
            format!("{{{}}}", list(pairs.iter().map(pair).collect()))
        }
        // No message has any other item.
        other => format!("{other:?}"),
    }
}

fn describe(error: ciborium::de::Error<io::Error>) -> String {
    use ciborium::de::Error;
    match error {
        Error::Io(_) => "it ends too early".into(),
        Error::Syntax(at) => format!("no CBOR at byte {at}"),
        Error::Semantic(_, reason) => reason,
        Error::RecursionLimitExceeded => "nested too deeply".into(),
    }
}

/// A writer that fails where what is written differs from `expected`, so that an encoding is compared
/// without being kept.
struct Comparison<'a> {
    expected: &'a [u8],
}

impl io::Write for Comparison<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.expected.strip_prefix(bytes) {
            Some(rest) => {
                self.expected = rest;
                Ok(bytes.len())
            }
            // A kind without a message: no allocation.
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::*;

    fn bytes<T: Serialize>(message: &T) -> Vec<u8> {
        let mut out = [0; 1024];
        let length = encode(message, &mut out).unwrap();
        out[..length].to_vec()
    }

    /// A request's body must decode; each mutation of it must not.
    #[track_caller]
    fn refused(body: &[u8]) -> DecodeError {
        decode::<Request>(body).expect_err("this body must be refused")
    }

    const GET_VOLUME: &[u8] = b"\x6aget-volume";

    /// `{"set-volume": <item>}`
    fn set_volume(item: &[u8]) -> Vec<u8> {
        [b"\xa1\x6aset-volume", item].concat()
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same() {
        assert_eq!(bytes(&Request::GetVolume), GET_VOLUME);
        let volume = "-0.25".parse().unwrap();
        let body = bytes(&Request::SetVolume(volume));
        assert_eq!(body, set_volume(b"\x3a\x00\x03\xd0\x8f"));
        assert_eq!(decode(&body), Ok(Request::SetVolume(volume)));
    }

    #[test]
    fn the_keys_of_every_struct_are_in_canonical_order() {
        for vector in crate::vectors::all() {
            let value: ciborium::Value = ciborium::from_reader(vector.body()).unwrap();
            sorted(&value);
        }
    }

    fn sorted(value: &ciborium::Value) {
        if let Some(map) = value.as_map() {
            let keys: Vec<_> = map.iter().map(|(key, _)| bytes(key)).collect();
            assert!(keys.is_sorted(), "{map:?}");
            for (_, value) in map {
                sorted(value);
            }
        }
        value.as_array().into_iter().flatten().for_each(sorted);
    }

    #[test]
    fn a_trailing_byte_is_refused() {
        assert_eq!(
            refused(&[GET_VOLUME, &[0]].concat()),
            DecodeError::Trailing(1)
        );
    }

    #[test]
    fn a_unit_variant_with_a_payload_is_refused() {
        // ciborium reads {"get-volume": 0} as the unit variant and leaves the 0 behind.
        refused(b"\xa1\x6aget-volume\x00");
        refused(b"\xa1\x6aget-volume\xf6");
    }

    #[test]
    fn a_tag_is_refused() {
        refused(&[b"\xc0", GET_VOLUME].concat());
        refused(&set_volume(b"\xc0\x01"));
    }

    #[test]
    fn a_bignum_is_refused() {
        refused(&set_volume(b"\xc2\x41\x01"));
    }

    #[test]
    fn an_over_long_integer_is_refused() {
        assert_eq!(refused(&set_volume(b"\x18\x01")), DecodeError::NotCanonical);
        assert_eq!(
            refused(&set_volume(b"\x1a\x00\x00\x00\x01")),
            DecodeError::NotCanonical
        );
    }

    #[test]
    fn an_over_long_length_is_refused() {
        assert_eq!(refused(b"\x78\x0aget-volume"), DecodeError::NotCanonical);
    }

    #[test]
    fn an_indefinite_length_is_refused() {
        refused(b"\x7f\x6aget-volume\xff");
        refused(b"\xbf\x6aset-volume\x01\xff");
        refused(b"\xa1\x69subscribe\x9f\x66volume\xff");
    }

    #[test]
    fn a_duplicate_or_unknown_key_is_refused() {
        for body in [
            &b"\xa2\x66client\x61x\x66client\x61x"[..],
            b"\xa3\x66client\x61x\x66client\x61x\x68protocol\x01",
            b"\xa3\x61x\x01\x66client\x61x\x68protocol\x01",
        ] {
            assert!(decode::<Hello>(body).is_err(), "{body:x?}");
        }
        // Right keys, wrong order.
        assert!(decode::<Hello>(b"\xa2\x66client\x61x\x68protocol\x01").is_ok());
        assert!(decode::<Hello>(b"\xa2\x68protocol\x01\x66client\x61x").is_err());
    }

    #[test]
    fn invalid_utf_8_is_refused() {
        refused(b"\xa1\x6badd-program\x62\xc3\x28");
        refused(b"\x6aget-volum\xff");
    }

    #[test]
    fn nesting_is_refused() {
        refused(&[0x81; 1024]);
        refused(&set_volume(&[0x81; 1000]));
    }

    #[test]
    fn a_float_in_place_of_an_integer_is_refused() {
        refused(&set_volume(b"\xf9\x7e\x00")); // NaN
        refused(&set_volume(b"\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00")); // 1.0
    }

    #[test]
    fn a_length_one_short_and_one_long_is_refused() {
        refused(b"\x69get-volume");
        refused(b"\x6bget-volume");
    }

    #[test]
    fn a_volume_out_of_range_is_refused() {
        refused(&set_volume(b"\x1a\x00\x0f\x42\x41"));
        refused(&set_volume(b"\x3a\x00\x0f\x42\x40"));
    }

    #[test]
    fn a_pattern_over_its_limit_is_refused() {
        let add = |length: u8| {
            [
                b"\xa1\x6badd-program\x78",
                &[length][..],
                &vec![b'a'; length.into()],
            ]
            .concat()
        };
        assert!(decode::<Request>(&add(128)).is_ok());
        refused(&add(129));
    }

    #[test]
    fn a_topic_named_twice_is_refused_and_any_order_is_taken() {
        assert!(decode::<Request>(b"\xa1\x69subscribe\x82\x67streams\x66volume").is_ok());
        refused(b"\xa1\x69subscribe\x82\x66volume\x66volume");
    }

    #[test]
    fn nothing_at_all_is_refused() {
        refused(b"");
    }

    #[test]
    fn a_client_takes_what_it_knows_of_what_a_later_daemon_says() {
        // {"aux": 750000, "later": [1.0, {}], "volume": -250000, "default": 1000000}, of indefinite length,
        // unsorted, and with a number that is longer than it need be.
        let body = b"\xbf\x65later\x82\xf9\x3c\x00\xa0\x63aux\x1b\x00\x00\x00\x00\x00\x0b\x71\xb0\
            \x67default\x1a\x00\x0f\x42\x40\x66volume\x3a\x00\x03\xd0\x8f\xff";
        let mix: Mix = decode_open(body).unwrap();
        assert_eq!(mix, Curve::Linear.mix(mix.volume));
        assert!(decode::<Mix>(body).is_err());
        assert_eq!(
            decode_open::<Mix>(&[&body[..], &[0]].concat()),
            Err(DecodeError::Trailing(1))
        );
        let failure = b"\xa3\x64code\x64lazy\x66reason\xa1\x61a\x01\x67message\x61x";
        let failure: Failure = decode_open(failure).unwrap();
        assert_eq!((failure.code, failure.reason), (ErrorCode::Refused, None));
        let warnings = b"\x84\x63new\xa1\x63new\x01\xa1\x6aleads-back\x61x\x69aux-muted";
        let warnings: Vec<Warning> = decode_open(warnings).unwrap();
        let leads_back = Warning::LeadsBack(crate::Text::truncated("x"));
        assert_eq!(
            warnings,
            [
                Warning::Unknown,
                Warning::Unknown,
                leads_back,
                Warning::AuxMuted
            ]
        );
        let states: Vec<StreamState> = decode_open(b"\x83\x66routed\x61x\xa1\x61x\xf6").unwrap();
        let unknown = StreamState::Unknown;
        assert_eq!(states, [StreamState::Routed, unknown, unknown]);
    }

    #[test]
    fn a_buffer_one_byte_short_is_full() {
        let mut out = [0; 64];
        assert_eq!(encode(&Request::GetVolume, &mut out[..11]), Ok(11));
        assert_eq!(encode(&Request::GetVolume, &mut out[..10]), Err(Full));
    }
}
