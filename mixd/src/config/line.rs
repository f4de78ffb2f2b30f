//! One line of mixd.conf: bytes to a directive and back. Pure.
//!
//! A `#` after white space, or at the start of a value, begins a comment. Where one belongs to the
//! value it stands after a `\`, and where `\`s stand before it there, after one more.

/// A line of mixd.conf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Nothing, or only a comment.
    Empty,
    /// A directive.
    Directive {
        /// Its first word.
        name: &'a str,
        /// The rest, without the comment and the spaces around it.
        value: String,
        /// The comment behind it, with its `#`; empty if there is none.
        comment: &'a str,
    },
    /// Something that is not text.
    NotUtf8,
}

/// Reads a line, with or without its end.
pub fn parse(line: &[u8]) -> Line<'_> {
    let bytes = line.trim_ascii();
    if bytes.is_empty() || bytes.starts_with(b"#") {
        return Line::Empty;
    }
    let Ok(text) = str::from_utf8(bytes) else {
        return Line::NotUtf8;
    };
    // Some editors begin a file with a byte order mark.
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() || text.starts_with('#') {
        return Line::Empty;
    }
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (value, comment) = split(rest.trim_start());
    Line::Directive {
        name,
        value: decode(value.trim_end()),
        comment,
    }
}

/// The same line with another directive and value: what stands before, between and behind them stays,
/// byte for byte. None if it is no directive with a value.
pub fn with_directive(line: &[u8], name: &str, value: &str) -> Option<Vec<u8>> {
    let text = str::from_utf8(line).ok()?;
    let directive = text.trim().trim_start_matches('\u{feff}').trim_start();
    let (old_name, rest) = directive.split_once(char::is_whitespace)?;
    let old = split(rest.trim_start()).0.trim_end();
    if old.is_empty() {
        return None;
    }
    // Both are parts of `text`.
    let offset = |part: &str| part.as_ptr().addr() - text.as_ptr().addr();
    let (name_at, value_at) = (offset(old_name), offset(old));
    let between = &text[name_at + old_name.len()..value_at];
    let behind = &text[value_at + old.len()..];
    let line = [&text[..name_at], name, between, &encode(value), behind];
    Some(line.concat().into_bytes())
}

/// A value that has lost its leading spaces, without the comment; and the comment.
fn split(rest: &str) -> (&str, &str) {
    let mut after_space = true;
    for (at, c) in rest.char_indices() {
        if c == '#' && after_space {
            return rest.split_at(at);
        }
        after_space = c.is_whitespace();
    }
    (rest, "")
}

/// Changes every run of `\`s that stands after white space and before a `#`: by how many is for
/// `change` to say.
fn with_escapes(text: &str, change: fn(usize) -> usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = Some(0);
    for c in text.chars() {
        match (c, run) {
            ('\\', Some(count)) => run = Some(count + 1),
            (c, Some(count)) => {
                let count = if c == '#' { change(count) } else { count };
                out.extend(std::iter::repeat_n('\\', count));
                out.push(c);
                run = c.is_whitespace().then_some(0);
            }
            (c, None) => {
                out.push(c);
                run = c.is_whitespace().then_some(0);
            }
        }
    }
    out.extend(std::iter::repeat_n('\\', run.unwrap_or(0)));
    out
}

fn encode(value: &str) -> String {
    with_escapes(value, |count| count + 1)
}

fn decode(value: &str) -> String {
    with_escapes(value, |count| count.saturating_sub(1))
}

/// A directive as a line without its end.
pub fn print(name: &str, value: &str) -> String {
    format!("{name} {}", encode(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directive<'a>(name: &'a str, value: &str, comment: &'a str) -> Line<'a> {
        Line::Directive {
            name,
            value: value.to_owned(),
            comment,
        }
    }

    #[test]
    fn a_line_is_a_name_a_value_and_a_comment() {
        for (line, expected) in [
            ("", Line::Empty),
            (" \t\r\n", Line::Empty),
            ("  # program x", Line::Empty),
            ("curve", directive("curve", "", "")),
            ("curve\tcubic\r\n", directive("curve", "cubic", "")),
            (
                "  program  Discord Canary  # voice",
                directive("program", "Discord Canary", "# voice"),
            ),
            ("program C#", directive("program", "C#", "")),
            (r"program \#1", directive("program", "#1", "")),
            (r"program a \#1", directive("program", "a #1", "")),
            (r"program a \\#1", directive("program", r"a \#1", "")),
            (r"program a\#1", directive("program", r"a\#1", "")),
            ("program #1", directive("program", "", "#1")),
        ] {
            assert_eq!(parse(line.as_bytes()), expected, "{line:?}");
        }
        let marked = parse("\u{feff}curve cubic".as_bytes());
        assert_eq!(marked, directive("curve", "cubic", ""));
        assert_eq!(parse(b"program \xff"), Line::NotUtf8);
        assert_eq!(parse(b"# \xff"), Line::Empty);
    }

    #[test]
    fn every_value_is_read_as_it_was_printed() {
        for value in [
            "Discord", "#1", r"\#1", r"\\#1", "a #b #c", r"a \#b", "C# #", "##", r"\", r"a \",
            r"a\ #",
        ] {
            let line = print("program", value);
            assert_eq!(
                parse(line.as_bytes()),
                directive("program", value, ""),
                "{line}"
            );
        }
    }
}
