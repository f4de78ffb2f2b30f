//! Whether bytes are one CBOR item in the form that every body has: that of RFC 8949 section 4.2.1, without
//! tags and floats. For what no type of this crate describes: [`codec`](crate::codec) compares the others with
//! what it would write.

/// How deep arrays and maps may be nested. No message goes deeper than six.
pub const MAX_DEPTH: usize = 16;

/// The major types (RFC 8949 section 3.1).
const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const SIMPLE: u8 = 7;

/// `false`, `true` and `null` (section 3.3): the simple values that a message may have.
const SIMPLE_VALUES: std::ops::RangeInclusive<u64> = 20..=22;

/// Returns whether `body` is exactly one item, and that in canonical form.
pub fn is_canonical(body: &[u8]) -> bool {
    let mut rest = Items(body);
    rest.skip(MAX_DEPTH).is_some() && rest.0.is_empty()
}

/// Returns the name of the message in a canonical `body`, known here or not; `None` where that has not a
/// message's form: a name, or a map from one name to what it carries.
pub fn message_name(body: &[u8]) -> Option<&str> {
    let mut items = Items(body);
    match items.head()? {
        (TEXT, length) => items.text(length),
        (MAP, 1) => match items.head()? {
            (TEXT, length) => items.text(length),
            _ => None,
        },
        _ => None,
    }
}

/// The items at the start of some bytes.
struct Items<'a>(&'a [u8]);

impl<'a> Items<'a> {
    /// Reads an item and what it has in it. Returns its bytes; `None` where it is not canonical, or not whole.
    fn skip(&mut self, depth: usize) -> Option<&'a [u8]> {
        let start = self.0;
        match self.head()? {
            (UNSIGNED | NEGATIVE, _) => {}
            (BYTES, length) => drop(self.bytes(length)?),
            (TEXT, length) => drop(self.text(length)?),
            (ARRAY, length) => {
                let depth = depth.checked_sub(1)?;
                for _ in 0..length {
                    self.skip(depth)?;
                }
            }
            (MAP, length) => {
                let depth = depth.checked_sub(1)?;
                let mut last: Option<&[u8]> = None;
                for _ in 0..length {
                    let key = self.skip(depth)?;
                    if last.is_some_and(|last| last >= key) {
                        return None;
                    }
                    last = Some(key);
                    self.skip(depth)?;
                }
            }
            (SIMPLE, value) if SIMPLE_VALUES.contains(&value) => {}
            _ => return None,
        }
        start.get(..start.len() - self.0.len())
    }

    /// Reads a head: the major type, and the argument, if that is as short as can be and not indefinite.
    fn head(&mut self) -> Option<(u8, u64)> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        let (major, short) = (first >> 5, first & 0x1f);
        let (size, least) = match short {
            0..24 => return Some((major, short.into())),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return None,
        };
        let argument = self.bytes(size)?.iter();
        let argument = argument.fold(0, |all, byte| all << 8 | u64::from(*byte));
        // What follows the head of a simple value is a float, or a value that no message has.
        (argument >= least && major != SIMPLE).then_some((major, argument))
    }

    fn bytes(&mut self, length: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self, length: u64) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(length)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vector_is_canonical_and_named_as_its_message() {
        for vector in crate::vectors::all() {
            assert!(is_canonical(vector.body()), "{}", vector.name);
        }
        let named = |body| message_name(body);
        assert_eq!(named(b"\x65dance"), Some("dance"));
        assert_eq!(named(b"\xa1\x65dance\x01"), Some("dance"));
        for body in [&b"\x01"[..], b"\x81\x61x", b"\xa1\x01\x01", b"\xa0", b""] {
            assert_eq!(named(body), None, "{body:x?}");
        }
    }

    #[test]
    fn what_is_not_written_in_the_one_way_is_not_canonical() {
        for body in [
            // Floats, a tag, undefined, a simple value with and without a byte of its own.
            &b"\xf9\x3c\x00"[..],
            b"\xa1\x65dance\xf9\x3c\x00",
            b"\xa1\x65dance\xfa\x3f\x80\x00\x00",
            b"\xa1\x65dance\xc1\x01",
            b"\xa1\x65dance\xf7",
            b"\xa1\x65dance\xe0",
            b"\xa1\x65dance\xf8\xff",
            b"\xa1\x65dance\xf8\x16",
            // Heads that are longer than they need be.
            b"\xa1\x65dance\x18\x17",
            b"\xa1\x65dance\x19\x00\xff",
            b"\xa1\x65dance\x1a\x00\x00\xff\xff",
            b"\xa1\x65dance\x1b\x00\x00\x00\x00\xff\xff\xff\xff",
            b"\xa1\x78\x05dance\x01",
            b"\xb8\x01\x65dance\x01",
            // Indefinite lengths, and a reserved one.
            b"\x7f\x65dance\xff",
            b"\xa1\x65dance\x9f\x01\xff",
            b"\xbf\x65dance\x01\xff",
            b"\xa1\x65dance\x1c",
            // Keys out of order, and twice.
            b"\xa1\x65dance\xa2\x61b\x01\x61a\x01",
            b"\xa1\x65dance\xa2\x61a\x01\x61a\x01",
            b"\xa1\x65dance\xa2\x62aa\x01\x61b\x01",
            // No UTF-8; too short; something behind.
            b"\xa1\x65dance\x62\xc3\x28",
            b"\xa1\x65dance\x62a",
            b"\xa1\x65dance",
            b"\x65dance\x00",
            b"\xa1\x65dance\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"",
        ] {
            assert!(!is_canonical(body), "{body:x?}");
        }
        for body in [
            &b"\xa1\x65dance\x18\x18"[..],
            b"\xa1\x65dance\x1b\x00\x00\x00\x01\x00\x00\x00\x00",
            b"\xa1\x65dance\xa3\x01\xf4\x61a\xf5\x62aa\xf6",
            b"\xa1\x65dance\x42\xff\xff",
        ] {
            assert!(is_canonical(body), "{body:x?}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth| [vec![0x81; depth], vec![0x01]].concat();
        assert!(is_canonical(&nested(MAX_DEPTH)));
        assert!(!is_canonical(&nested(MAX_DEPTH + 1)));
        let empty =
            |depth, innermost| is_canonical(&[vec![0x81; depth - 1], vec![innermost]].concat());
        for innermost in [0x80, 0xa0] {
            assert!(empty(MAX_DEPTH, innermost) && !empty(MAX_DEPTH + 1, innermost));
        }
        assert!(!is_canonical(&[0x81; 1024]));
    }
}
