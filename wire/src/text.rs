//! A string of bounded length held inline: decoding a request that carries one takes no memory
//! from the heap, and the bound is checked where the bytes come in.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Returns a text with its control characters escaped, and those that turn the direction of what follows
/// or end a line (Unicode Standard Annex 9): for names that other programs have chosen, on a terminal or in
/// a log.
pub fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        match is_escaped(c) {
            true => visible.extend(c.escape_default()),
            false => visible.push(c),
        }
    }
    visible
}

/// Returns whether [`visible`] leaves a text as it is.
pub fn is_visible(text: &str) -> bool {
    !text.chars().any(is_escaped)
}

fn is_escaped(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control()
}

/// Returns a word as sh(1) takes it literally: in quotes, unless no character of it needs them.
pub fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+=:,./-_".contains(&byte);
    match word.bytes().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// A UTF-8 string of at most `MAX` bytes (`MAX` is at most 255).
///
/// ```
/// use wire::Text;
/// let name: Text<8> = "Discord".parse()?;
/// assert_eq!(&*name, "Discord");
/// assert!("Discord Canary".parse::<Text<8>>().is_err());
/// # Ok::<(), wire::TooLong>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<const MAX: usize> {
    length: u8,
    /// Zero beyond `length`, so that equality of the arrays is equality of the strings.
    bytes: [u8; MAX],
}

/// A string has more bytes than the field may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// How many bytes the string has.
    pub length: usize,
    /// How many it may have.
    pub max: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes long, where {} is the limit",
            self.length, self.max
        )
    }
}

impl std::error::Error for TooLong {}

impl<const MAX: usize> Text<MAX> {
    /// Returns as much of the start of `text` as fits, cut at a character's boundary.
    pub fn truncated(text: &str) -> Self {
        let end = (0..=MAX.min(text.len()))
            .rev()
            .find(|&end| text.is_char_boundary(end));
        Self::copy(&text[..end.unwrap_or(0)])
    }

    /// Copies a text of at most `MAX` bytes: the callers have checked.
    fn copy(text: &str) -> Self {
        const { assert!(MAX <= u8::MAX as usize) };
        let mut bytes = [0; MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        #[allow(clippy::cast_possible_truncation)]
        let length = text.len() as u8;
        Self { length, bytes }
    }
}

impl<const MAX: usize> Default for Text<MAX> {
    /// The empty string.
    fn default() -> Self {
        Self::copy("")
    }
}

impl<const MAX: usize> std::str::FromStr for Text<MAX> {
    type Err = TooLong;
    fn from_str(text: &str) -> Result<Self, TooLong> {
        if text.len() <= MAX {
            Ok(Self::copy(text))
        } else {
            Err(TooLong {
                length: text.len(),
                max: MAX,
            })
        }
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        // Only whole strings are ever copied in, so this is always Ok.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const MAX: usize>;
        impl<const MAX: usize> de::Visitor<'_> for Visitor<MAX> {
            type Value = Text<MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a string of at most {MAX} bytes")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<MAX>, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_of_exactly_the_limit_fits_and_one_byte_more_does_not() {
        assert_eq!(&*"abcd".parse::<Text<4>>().unwrap(), "abcd");
        assert_eq!(
            "abcde".parse::<Text<4>>(),
            Err(TooLong { length: 5, max: 4 })
        );
    }

    #[test]
    fn truncation_never_splits_a_character() {
        assert_eq!(&*Text::<4>::truncated("aбвг"), "aб");
        assert_eq!(&*Text::<1>::truncated("б"), "");
        assert_eq!(&*Text::<4>::truncated("ab"), "ab");
    }
}
