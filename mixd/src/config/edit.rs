//! Puts a program into the text of mixd.conf, takes it out, or puts it before or in the place of
//! another, and leaves every other byte as it is. Pure.

use super::line::{self, Line};
use crate::directives::PROGRAM;

/// The pattern of a `program` line, if it is one.
fn pattern(line: &[u8]) -> Option<String> {
    match line::parse(line) {
        Line::Directive { name, value, .. } if name == PROGRAM => Some(value),
        _ => None,
    }
}

/// The lines, each with its end.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|&byte| byte == b'\n')
}

/// The text with a line for `new`: behind the last program, else at the end. The same text if it has
/// one already.
pub fn add(text: &[u8], new: &str) -> Vec<u8> {
    if lists(text, new) {
        return text.to_vec();
    }
    let (mut behind, mut model) = (text.len(), lines(text).last().unwrap_or_default());
    let mut at = 0;
    for line in lines(text) {
        at += line.len();
        if pattern(line).is_some() {
            (behind, model) = (at, line);
        }
    }
    with_line(text, behind, model, new)
}

/// The same, before the first line for `before`, or where [`add`] puts it if there is none.
pub fn insert(text: &[u8], new: &str, before: &str) -> Vec<u8> {
    if lists(text, new) {
        return text.to_vec();
    }
    let mut at = 0;
    for line in lines(text) {
        if pattern(line).is_some_and(|pattern| wire::is_same(&pattern, before)) {
            return with_line(text, at, line, new);
        }
        at += line.len();
    }
    add(text, new)
}

/// Whether there is a line for a program.
fn lists(text: &[u8], program: &str) -> bool {
    let mut patterns = lines(text).filter_map(pattern);
    patterns.any(|listed| wire::is_same(&listed, program))
}

/// The text with a line for `new` at this byte, indented and ended as the line `model` is.
fn with_line(text: &[u8], at: usize, model: &[u8], new: &str) -> Vec<u8> {
    let end: &[u8] = if model.ends_with(b"\r\n") {
        b"\r\n"
    } else {
        b"\n"
    };
    let indent = match pattern(model) {
        Some(_) => &model[..model.len() - model.trim_ascii_start().len()],
        None => &[],
    };
    let mut edited = text[..at].to_vec();
    if at > 0 && !edited.ends_with(b"\n") {
        edited.extend(end);
    }
    edited.extend(indent);
    edited.extend(line::print(PROGRAM, new).as_bytes());
    edited.extend(end);
    edited.extend(&text[at..]);
    edited
}

/// The text with `new` in the line for `old`, whose comment and spaces stay; with a line more if
/// there is none for `old`, and without the others for `old` if there are several.
pub fn replace(text: &[u8], old: &str, new: &str) -> Vec<u8> {
    let mut edited = Vec::with_capacity(text.len() + new.len());
    let mut rest = text;
    for line in lines(text) {
        rest = &rest[line.len()..];
        let is_meant = pattern(line).is_some_and(|pattern| wire::is_same(&pattern, old));
        if is_meant && let Some(line) = line::with_value(line, new) {
            edited.extend(line);
            edited.extend(remove(rest, old));
            return edited;
        }
        edited.extend(line);
    }
    add(text, new)
}

/// The text without the lines for `old`. A comment behind one stays, as a line of its own.
pub fn remove(text: &[u8], old: &str) -> Vec<u8> {
    let mut edited = Vec::with_capacity(text.len());
    for line in lines(text) {
        let is_meant = pattern(line).is_some_and(|pattern| wire::is_same(&pattern, old));
        if !is_meant {
            edited.extend(line);
        } else if let Line::Directive { comment, .. } = line::parse(line)
            && !comment.is_empty()
        {
            edited.extend(comment.as_bytes());
            let text_ends = line.trim_ascii_end().len();
            edited.extend(&line[text_ends..]);
        }
    }
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str, new: &str) -> String {
        String::from_utf8(add(text.as_bytes(), new)).unwrap()
    }

    fn removed(text: &str, old: &str) -> String {
        String::from_utf8(remove(text.as_bytes(), old)).unwrap()
    }

    #[test]
    fn a_program_is_added_behind_the_last_one() {
        assert_eq!(added("", "Discord"), "program Discord\n");
        assert_eq!(added("curve cubic", "a"), "curve cubic\nprogram a\n");
        assert_eq!(
            added("program a # x\n\ncurve cubic\n", "b"),
            "program a # x\nprogram b\n\ncurve cubic\n"
        );
        assert_eq!(
            added("\tprogram a\r\n# end", "#b"),
            "\tprogram a\r\n\tprogram \\#b\r\n# end"
        );
        assert_eq!(added("program A\n", "a"), "program A\n");
    }

    #[test]
    fn a_program_is_put_before_another() {
        for (text, before, after) in [
            (
                "program a # x\n# y\n  program b\n",
                "B",
                "program a # x\n# y\n  program \\#n\n  program b\n",
            ),
            ("program a", "a", "program \\#n\nprogram a"),
            ("program a\r\n", "a", "program \\#n\r\nprogram a\r\n"),
            (
                "curve cubic\nprogram a\n# end",
                "b",
                "curve cubic\nprogram a\nprogram \\#n\n# end",
            ),
            (
                "program \\#N\nprogram a\n",
                "a",
                "program \\#N\nprogram a\n",
            ),
        ] {
            let edited = insert(text.as_bytes(), "#n", before);
            assert_eq!(String::from_utf8(edited).unwrap(), after, "{text:?}");
        }
    }

    #[test]
    fn a_program_is_removed_and_its_comment_stays() {
        assert_eq!(removed("program a\nprogram b\n", "A"), "program b\n");
        assert_eq!(
            removed("# first\nprogram a # voice\r\nprogram a\nfoo", "a"),
            "# first\n# voice\r\nfoo"
        );
        assert_eq!(removed("program a", "b"), "program a");
    }

    fn replaced(text: &str, old: &str, new: &str) -> String {
        String::from_utf8(replace(text.as_bytes(), old, new)).unwrap()
    }

    #[test]
    fn a_program_takes_the_place_of_another_and_its_comment_stays() {
        for (text, after) in [
            ("program a\n", "program \\#b\n"),
            ("program a", "program \\#b"),
            (
                "# x\r\n \tprogram\t A  # voice \r\n",
                "# x\r\n \tprogram\t \\#b  # voice \r\n",
            ),
            (
                "program z\nprogram a\nprogram a # 2\n",
                "program z\nprogram \\#b\n# 2\n",
            ),
            ("\u{feff}program a\n", "\u{feff}program \\#b\n"),
            (
                "program z\ncurve cubic",
                "program z\nprogram \\#b\ncurve cubic",
            ),
        ] {
            assert_eq!(replaced(text, "a", "#b"), after, "{text:?}");
        }
        assert_eq!(replaced("program a # x\n", "A", "A"), "program A # x\n");
    }

    /// Every byte that is no `program` line: comments, empty lines, other directives.
    fn rest(text: &[u8]) -> Vec<Vec<u8>> {
        let rest = lines(text).filter_map(|line| match line::parse(line) {
            Line::Directive { name, comment, .. } if name == PROGRAM => {
                (!comment.is_empty()).then(|| comment.as_bytes().to_vec())
            }
            _ => Some(line.trim_ascii_end().to_vec()),
        });
        rest.collect()
    }

    #[test]
    fn a_thousand_edits_keep_every_byte_of_the_rest() {
        let start = "# mixd.conf \u{e9}\n\n  # indented, with a tab\there\nprogram Discord  # voice\n\
                     curve   cubic\t# odd spaces   \n\nprogram Mumble\n\tprogram Zoom # work\n\
                     unknown directive\n# last, without an end";
        let patterns = [
            "Discord",
            "mumble",
            "Zoom",
            "#1",
            "a #b",
            "media.role=Game",
            "x*",
            r"\#",
            "Steam",
        ];
        let mut text = start.as_bytes().to_vec();
        let mut random: u32 = 1;
        for edit in 0..1000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let pattern = patterns[(random >> 16) as usize % patterns.len()];
            let other = patterns[(random >> 8) as usize % patterns.len()];
            text = match random >> 29 {
                0 | 1 => replace(&text, pattern, other),
                2 => insert(&text, pattern, other),
                3 => add(&text, pattern),
                _ => remove(&text, pattern),
            };
            assert_eq!(rest(&text), rest(start.as_bytes()), "edit {edit}");
        }
    }
}
