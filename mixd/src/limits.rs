//! Limits of the texts and lists in a message.

use std::borrow::Cow;

/// The longest sentence in an Error, in bytes. Longer ones quote what the client sent, and are cut.
pub const MAX_MESSAGE: usize = 512;

/// The most bytes that the rules of a [`wire::Change`] take in a message; the rest is counted.
pub const MAX_LISTED: usize = 1024;

/// Cuts a sentence to [`MAX_MESSAGE`] bytes; where it was longer it ends with `…`.
pub fn shortened(mut message: Cow<'static, str>) -> Cow<'static, str> {
    if message.len() > MAX_MESSAGE {
        let text = message.to_mut();
        text.truncate(text.floor_char_boundary(MAX_MESSAGE - '…'.len_utf8()));
        text.push('…');
    }
    message
}

/// Takes `size` bytes of the room that is left in a message. Returns whether there were so many. Once
/// something does not fit, nothing does any more: the last items of a list are left out.
pub fn takes(room: &mut usize, size: usize) -> bool {
    let left = room.checked_sub(size);
    *room = left.unwrap_or(0);
    left.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_of_512_bytes_stays_and_a_longer_one_is_cut_to_that() {
        let of = |length: usize| shortened("x".repeat(length).into());
        assert_eq!(of(512), "x".repeat(512));
        assert_eq!(of(513), format!("{}…", "x".repeat(509)));
        // No character is cut in two.
        let text = format!("x{}", "é".repeat(256));
        let cut = format!("x{}…", "é".repeat(254));
        assert_eq!(shortened(text.into()), cut);
    }

    #[test]
    fn what_follows_something_that_does_not_fit_is_left_out() {
        let mut room = 8;
        let fits = [5, 3, 1].map(|size| takes(&mut room, size));
        assert_eq!(fits, [true, true, false]);
        let mut room = 8;
        let fits = [5, 4, 1].map(|size| takes(&mut room, size));
        assert_eq!(fits, [true, false, false]);
    }
}
