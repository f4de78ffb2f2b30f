//! Names as clients are shown them, and what matches a name. A name that is typed as it is shown matches, whatever
//! characters it has. Pure.

use wire::message::{MAX_NAME, MAX_PATTERN, NodeName, Pattern};
use wire::{fold, is_same};

use super::glob;

/// Returns the form of a name that clients are shown: without white space around it, with `?` for each control
/// character, and, where it is longer than a message has room for, its start and `*`.
pub fn shown(name: &str) -> NodeName {
    NodeName::truncated(&shortened(characters(name).collect(), MAX_NAME))
}

/// Returns whether a glob matches a name, or is that name as it is shown.
pub fn matches(glob: &str, name: &str) -> bool {
    glob::matches(glob, name.trim()) || is_shown_as(name, glob)
}

/// Returns whether a name is shown as `text`, in any case.
pub fn is_shown_as(name: &str, text: &str) -> bool {
    match name.trim().len() > MAX_NAME {
        true => is_same(&shown(name), text),
        // As a rule the first characters differ.
        false => characters(name).map(fold).eq(text.chars().map(fold)),
    }
}

/// Returns the pattern that matches a name and nothing else but its other cases; of a name that is too long for
/// one also what begins with the same. `key` is the property that it names, with its `=`, or nothing.
pub fn pattern(key: &str, name: &str) -> Pattern {
    let mut glob = glob::escape(name.trim());
    if key.is_empty() {
        // Not the '=' of a key.
        glob = glob.replace('=', r"\=");
    }
    Pattern::truncated(&shortened(format!("{key}{glob}"), MAX_PATTERN))
}

fn characters(name: &str) -> impl Iterator<Item = char> {
    let characters = name.trim().chars();
    characters.map(|c| if c.is_control() { '?' } else { c })
}

/// Cuts a text that has more than `max` bytes, and puts a `*` at the end of it.
fn shortened(mut text: String, max: usize) -> String {
    if text.len() > max {
        text.truncate(text.floor_char_boundary(max - 1));
        // A '\' of which nothing is left would take the star's meaning.
        let slashes = text.len() - text.trim_end_matches('\\').len();
        if slashes % 2 == 1 {
            text.pop();
        }
        text.push('*');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    #[test]
    fn a_name_typed_as_it_is_shown_or_suggested_matches_it() {
        let long = "Wine ".repeat(40);
        let slashes = r"\".repeat(130);
        for name in [
            "Firefox",
            " outside ",
            "\u{a0}no-break\u{a0}",
            "two\nlines\u{85}",
            "Game [beta]",
            "what? *really*",
            r"C:\game.exe",
            "a=b",
            "É",
            &long,
            &long[..128],
            &"é".repeat(64),
            &"é".repeat(65),
            &slashes,
            &format!("Game [beta] {}", "x".repeat(117)),
            "",
        ] {
            for text in [&*shown(name), &shown(name).to_uppercase()] {
                assert!(matches(text, name), "{name:?} is shown as {text:?}");
                assert_eq!(text.trim(), text);
            }
            let pattern = pattern("", name);
            assert!(matches(&pattern, name), "{name:?}: {pattern}");
            assert!(
                name.is_empty() || rules::check(&pattern).is_ok(),
                "{pattern}"
            );
            assert!(!matches(&pattern, "another"), "{pattern}");
        }
        assert_eq!(&*shown(&long), &format!("{}*", &long[..127]));
        assert_eq!(&*pattern("node.name=", "[x]"), r"node.name=\[x]");
        let (fits, is_cut) = ("x".repeat(128), format!("{}*", "x".repeat(127)));
        for (length, text) in [(128, &fits), (129, &is_cut)] {
            let name = "x".repeat(length);
            assert_eq!((&*shown(&name), &*pattern("", &name)), (&**text, &**text));
        }
    }

    #[test]
    fn another_name_matches_only_by_the_glob() {
        assert!(matches("Game [ab]", "Game a"));
        assert!(!matches("Game", "Game [beta]"));
        assert!(!matches(r"Game \[beta]", "Game b"));
    }
}
