//! Globs as fnmatch(3) has them (POSIX.1-2017, Shell Command Language 2.13), compared without
//! regard to case, by characters and not by bytes. Pure.
//!
//! `*` is any characters, `?` one, `[abc]`, `[a-z]` and `[!a-z]` one of a set; `\` takes its
//! meaning from the character after it. Character classes (`[[:alpha:]]`) are refused: what they
//! hold depends on the locale.

use std::fmt;

use wire::fold;

/// Why a text is no glob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlobError {
    /// A `[` without its `]`.
    Unclosed,
    /// A `\` with nothing after it.
    Dangling,
    /// A range whose end comes before its start: `[z-a]`.
    Backwards,
    /// `[:`, `[.` or `[=` in a set.
    Class,
}

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unclosed => r"a '[' has no ']'; write '\[' for the character itself",
            Self::Dangling => r"a '\' stands at the end; write '\\' for the character itself",
            Self::Backwards => "a range in '[...]' ends before it starts",
            Self::Class => "classes such as '[:alpha:]' are not supported",
        })
    }
}

/// One step of a glob.
#[derive(Clone, Copy)]
enum Step<'a> {
    Star,
    Any,
    Char(char),
    Set { negated: bool, members: &'a str },
}

/// The first step of a glob, and the rest.
fn step(glob: &str) -> Result<Option<(Step<'_>, &str)>, GlobError> {
    let mut chars = glob.chars();
    let found = match chars.next() {
        None => return Ok(None),
        Some('*') => Step::Star,
        Some('?') => Step::Any,
        Some('\\') => Step::Char(chars.next().ok_or(GlobError::Dangling)?),
        Some('[') => return set(chars.as_str()).map(Some),
        Some(other) => Step::Char(other),
    };
    Ok(Some((found, chars.as_str())))
}

/// What stands after a `[`: the set up to its `]`, and the rest.
fn set(text: &str) -> Result<(Step<'_>, &str), GlobError> {
    let (negated, body) = match text.strip_prefix(['!', '^']) {
        Some(body) => (true, body),
        None => (false, text),
    };
    // A ']' that comes first is a member.
    let mut rest = body;
    loop {
        let is_first = rest.len() == body.len();
        if let Some(after) = rest.strip_prefix(']')
            && !is_first
        {
            let members = &body[..body.len() - rest.len()];
            return Ok((Step::Set { negated, members }, after));
        }
        (_, rest) = member(rest)?.ok_or(GlobError::Unclosed)?;
    }
}

/// The first member of a set, from where to where it reaches, and the rest.
fn member(members: &str) -> Result<Option<((char, char), &str)>, GlobError> {
    if ["[:", "[.", "[="]
        .iter()
        .any(|class| members.starts_with(class))
    {
        return Err(GlobError::Class);
    }
    let Some((low, rest)) = literal(members)? else {
        return Ok(None);
    };
    // A '-' that comes last is a member.
    let end = rest.strip_prefix('-').filter(|end| !end.starts_with(']'));
    let Some((high, rest)) = end.map(literal).transpose()?.flatten() else {
        return Ok(Some(((low, low), rest)));
    };
    let (low, high) = (fold(low), fold(high));
    if low > high {
        return Err(GlobError::Backwards);
    }
    Ok(Some(((low, high), rest)))
}

/// A character, perhaps after a `\`.
fn literal(text: &str) -> Result<Option<(char, &str)>, GlobError> {
    let mut chars = text.chars();
    let found = match chars.next() {
        Some('\\') => Some(chars.next().ok_or(GlobError::Dangling)?),
        other => other,
    };
    Ok(found.map(|found| (found, chars.as_str())))
}

/// Whether a text is a glob.
///
/// # Errors
/// Why it is none.
pub fn check(mut glob: &str) -> Result<(), GlobError> {
    while let Some((_, rest)) = step(glob)? {
        glob = rest;
    }
    Ok(())
}

/// Whether `glob` matches the whole of `text`. One that [`check`] refuses matches nothing.
pub fn matches(glob: &str, text: &str) -> bool {
    let (mut glob, mut text) = (glob, text);
    // Where to go on when what follows the last star does not match here: there, one character on.
    let mut retry: Option<(&str, &str)> = None;
    loop {
        let Ok(found) = step(glob) else {
            return false;
        };
        let mut chars = text.chars();
        let next = chars.next();
        match (found, next) {
            (None, None) => return true,
            (Some((Step::Star, rest)), _) => {
                glob = rest;
                retry = Some((rest, text));
                continue;
            }
            (Some((step, rest)), Some(c)) if accepts(step, c) => {
                (glob, text) = (rest, chars.as_str());
                continue;
            }
            _ => {}
        }
        let Some((after_star, from)) = retry else {
            return false;
        };
        let mut from = from.chars();
        if from.next().is_none() {
            return false;
        }
        (glob, text) = (after_star, from.as_str());
        retry = Some((after_star, text));
    }
}

fn accepts(step: Step, c: char) -> bool {
    let c = fold(c);
    match step {
        Step::Star | Step::Any => true,
        Step::Char(other) => fold(other) == c,
        Step::Set { negated, members } => {
            let mut rest = members;
            let mut is_member = false;
            while let Ok(Some(((low, high), after))) = member(rest) {
                is_member |= (fold(low)..=fold(high)).contains(&c);
                rest = after;
            }
            is_member != negated
        }
    }
}

/// The glob that matches `text` and nothing else but its other cases. Characters that a pattern may
/// not hold are matched by `?`.
pub fn escape(text: &str) -> String {
    let mut glob = String::new();
    for c in text.chars() {
        if c.is_control() {
            glob.push('?');
            continue;
        }
        if matches!(c, '*' | '?' | '[' | '\\') {
            glob.push('\\');
        }
        glob.push(c);
    }
    glob
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_matches_what_fnmatch_says() {
        for (glob, text, expected) in [
            ("Discord", "discord", true),
            ("discord*", "DiscordCanary", true),
            ("*cord", "Discord", true),
            ("*co*d", "Discord", true),
            ("*co*x", "Discord", false),
            ("d?scord", "Discord", true),
            ("d?scord", "Dscord", false),
            ("[a-e]iscord", "Discord", true),
            ("[!a-e]iscord", "Discord", false),
            ("[^a-e]iscord", "Fiscord", true),
            ("[]x]", "]", true),
            ("[!]x]", "]", false),
            ("[a-]", "-", true),
            ("[-a]", "-", true),
            (r"[\]]", "]", true),
            (r"\*", "*", true),
            (r"\*", "x", false),
            ("", "", true),
            ("", "x", false),
            ("*", "", true),
            ("**", "anything", true),
            ("éc?ute", "ÉCOUTE", true),
            ("[а-я]*", "Музыка", true),
            ("a*a*a*a*a*a*a*b", &"a".repeat(200), false),
        ] {
            assert_eq!(check(glob), Ok(()), "{glob}");
            assert_eq!(matches(glob, text), expected, "{glob} {text}");
        }
    }

    #[test]
    fn what_is_no_glob_is_told_why() {
        for (glob, error) in [
            ("[abc", GlobError::Unclosed),
            ("[", GlobError::Unclosed),
            ("[]", GlobError::Unclosed),
            ("a\\", GlobError::Dangling),
            ("[a\\", GlobError::Dangling),
            ("[z-a]", GlobError::Backwards),
            ("[[:alpha:]]", GlobError::Class),
        ] {
            assert_eq!(check(glob), Err(error), "{glob}");
            assert!(!matches(glob, "a"), "{glob}");
        }
    }

    #[test]
    fn an_escaped_text_is_matched_by_itself() {
        for text in ["a*b", "[x]", r"back\slash", "what?", "a\nb", "Écoute"] {
            let glob = escape(text);
            assert_eq!(check(&glob), Ok(()));
            assert!(matches(&glob, text), "{glob}");
        }
        assert!(!matches(&escape("a*b"), "axb"));
    }
}
