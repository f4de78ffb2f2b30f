//! The order of a text's characters from left to right: that of the text, but for what is written from right
//! to left.

use std::ops::Range;

use unicode_bidi::ParagraphBidiInfo;
use unicode_segmentation::UnicodeSegmentation;

/// A character in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Its byte in the text.
    pub at: usize,
    pub character: char,
    /// Whether the text goes on at its left.
    pub is_rtl: bool,
}

/// Before this character none is written from right to left.
const FIRST_RTL: char = '\u{590}';

/// Returns the visible characters of a text in the order in which they stand from left to right.
pub(crate) fn visual(text: &str) -> Vec<Placed> {
    let ltr = super::visible(text).map(|(at, character)| Placed {
        at,
        character,
        is_rtl: false,
    });
    let ltr: Vec<Placed> = ltr.collect();
    if ltr.iter().all(|placed| placed.character < FIRST_RTL) {
        return ltr;
    }
    let shown: String = ltr.iter().map(|placed| placed.character).collect();
    let starts: Vec<usize> = shown.char_indices().map(|(at, _)| at).collect();
    let info = ParagraphBidiInfo::new(&shown, None);
    let (levels, runs) = info.visual_runs(0..shown.len());
    let mut out = Vec::with_capacity(ltr.len());
    let mut push = |bytes: Range<usize>, is_rtl: bool| {
        let first = starts.partition_point(|start| *start < bytes.start);
        let end = starts.partition_point(|start| *start < bytes.end);
        out.extend(ltr[first..end].iter().map(|placed| Placed {
            character: match is_rtl {
                true => mirrored(placed.character),
                false => placed.character,
            },
            is_rtl,
            ..*placed
        }));
    };
    for run in runs {
        if levels[run.start].is_ltr() {
            push(run, false);
            continue;
        }
        // A mark stays behind the letter that it is written over: UAX #9, L3.
        let start = run.start;
        for (at, grapheme) in shown[run].grapheme_indices(true).rev() {
            push(start + at..start + at + grapheme.len(), true);
        }
    }
    out
}

/// Returns the bracket that opens to the other side: UAX #9, L4, for those that names have.
fn mirrored(character: char) -> char {
    const PAIRS: [(char, char); 6] = [
        ('(', ')'),
        ('[', ']'),
        ('{', '}'),
        ('<', '>'),
        ('«', '»'),
        ('‹', '›'),
    ];
    for (left, right) in PAIRS {
        if character == left {
            return right;
        }
        if character == right {
            return left;
        }
    }
    character
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> String {
        visual(text).iter().map(|placed| placed.character).collect()
    }

    #[test]
    fn what_is_written_from_right_to_left_stands_so() {
        for (text, expected) in [
            ("", ""),
            ("Firefox (2)", "Firefox (2)"),
            ("נגן", "ןגנ"),
            // In a text that begins in Latin, and in one that does not.
            ("VLC נגן 3", "VLC 3 ןגנ"),
            ("נגן VLC", "VLC ןגנ"),
            ("נגן (מוזיקה)", "(הקיזומ) ןגנ"),
            ("שלום…", "…םולש"),
            ("مشغل 42", "42 لغشم"),
            // A point stays behind its letter.
            ("שָׁ", "שָׁ"),
            ("אָב", "באָ"),
            // What turns the direction is left out, a line's end is a blank.
            ("a\u{202e}b", "ab"),
            ("א\n\u{2029}ב", "ב  א"),
        ] {
            assert_eq!(seen(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_is_lost_and_each_byte_is_its_characters() {
        for text in ["abc", "אב cd 12 (ה)", "音 שלום 😀", "\u{202b}א\u{7}"] {
            let mut placed = visual(text);
            placed.sort_by_key(|placed| placed.at);
            let visible: Vec<_> = super::super::visible(text).collect();
            assert_eq!(placed.len(), visible.len());
            for (placed, (at, character)) in placed.iter().zip(visible) {
                assert_eq!(placed.at, at);
                assert!([character, mirrored(character)].contains(&placed.character));
            }
        }
    }
}
