//! The program list: does this program belong to aux? Pure.

#[cfg(feature = "fuzz")]
pub mod fuzz;

use std::borrow::Cow;

use wire::message::Pattern;
use wire::{Channel, ErrorCode, Failure, is_same};

use crate::glob;

/// How many bytes all patterns together may take in a message: what keeps the list, together with
/// the streams, inside one frame. About a thousand names as programs have them.
pub const MAX_BYTES: usize = 24 * 1024;

/// What a pattern takes in a message besides its text: the head of a CBOR string.
const HEAD: usize = 2;

/// `application.name` (pipewire/keys.h: `PW_KEY_APP_NAME`): what a program calls itself.
pub const NAME: &str = "application.name";
/// `application.process.binary` (`PW_KEY_APP_PROCESS_BINARY`): the file name of its program.
pub const BINARY: &str = "application.process.binary";
/// `pipewire.access.portal.app_id` (`PW_KEY_ACCESS` and the portal): a Flatpak's name.
pub const FLATPAK: &str = "pipewire.access.portal.app_id";
/// The kernel's name of the process: `/proc/PID/comm`. At most 15 bytes.
pub const COMM: &str = "comm";
/// The file name of the program that the process runs: `/proc/PID/exe`.
pub const EXE: &str = "exe";

/// What a pattern without a key is tried against, in this order. Electron's programs all call
/// themselves Chromium, Wine's all run wine64-preloader: hence the last two.
pub const KEYS: [&str; 6] = [NAME, BINARY, "node.name", FLATPAK, COMM, EXE];

/// What a pattern can be tried against: a program by its properties.
pub trait Program {
    /// A property's value, if there is one: PipeWire's, or [`COMM`] or [`EXE`].
    fn property(&self, key: &str) -> Option<&str>;
}

/// Which pattern decides about a program, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The pattern.
    pub pattern: Pattern,
    /// The property whose value it matches.
    pub key: &'a str,
}

/// The patterns, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    patterns: Vec<Pattern>,
}

impl Rules {
    /// The patterns, in the order in which they were added.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// The first pattern that matches, which puts the program into the aux channel; none: it
    /// belongs to the default channel.
    pub fn decide(&self, program: &impl Program) -> Option<Decision<'_>> {
        let usual = usual(program);
        self.patterns.iter().find_map(|pattern| {
            let key = key_among(pattern, program, &usual)?;
            Some(Decision {
                pattern: *pattern,
                key,
            })
        })
    }

    /// Puts a pattern on the list, without the spaces around it; false if it was there.
    ///
    /// # Errors
    /// It is no pattern, or the list is full.
    pub fn add(&mut self, pattern: Pattern) -> Result<bool, Failure> {
        let pattern = Pattern::truncated(pattern.trim());
        check(&pattern)?;
        if self.position(&pattern).is_some() {
            return Ok(false);
        }
        self.check_room(&pattern, None)?;
        self.patterns.push(pattern);
        Ok(true)
    }

    /// The same before another pattern, or at the end where that is not listed.
    ///
    /// # Errors
    /// It is no pattern, or the list is full.
    pub fn insert(&mut self, pattern: Pattern, before: &str) -> Result<bool, Failure> {
        let is_new = self.add(pattern)?;
        if is_new && let Some(at) = self.position(before.trim()) {
            self.patterns[at..].rotate_right(1);
        }
        Ok(is_new)
    }

    /// Puts a pattern in the place of another; false if it was that already, to the letter.
    ///
    /// # Errors
    /// The other is not listed; this one is, is no pattern, or is too long for the list.
    pub fn replace(&mut self, old: &str, new: Pattern) -> Result<bool, Failure> {
        let new = Pattern::truncated(new.trim());
        let Some(at) = self.position(old.trim()) else {
            return not_listed(old);
        };
        check(&new)?;
        if self.position(&new).is_some_and(|other| other != at) {
            return refuse(format!("'{new}' is on the program list already"));
        }
        self.check_room(&new, Some(at))?;
        let old = std::mem::replace(&mut self.patterns[at], new);
        Ok(old != new)
    }

    /// Whether the list has room for a pattern, `instead` of one of its own.
    fn check_room(&self, pattern: &Pattern, instead: Option<usize>) -> Result<(), Failure> {
        let stay = self.patterns.iter().enumerate();
        let stay = stay.filter(|(at, _)| Some(*at) != instead);
        let taken: usize = stay.map(|(_, listed)| listed.len() + HEAD).sum();
        if taken + pattern.len() + HEAD > MAX_BYTES {
            return refuse(format!(
                "the program list is full ({MAX_BYTES} bytes); remove a program first"
            ));
        }
        Ok(())
    }

    /// Takes a pattern off the list.
    ///
    /// # Errors
    /// It is not listed.
    pub fn remove(&mut self, pattern: &str) -> Result<(), Failure> {
        match self.position(pattern.trim()) {
            Some(position) => {
                self.patterns.remove(position);
                Ok(())
            }
            None => not_listed(pattern),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.patterns
            .iter()
            .position(|pattern| is_same(pattern, name))
    }
}

/// The channel of a program about which this pattern decides.
pub fn channel(pattern: Option<&Pattern>) -> Channel {
    match pattern {
        Some(_) => Channel::Aux,
        None => Channel::Default,
    }
}

/// Whether a text, without spaces around it, is a pattern.
///
/// # Errors
/// A sentence that says why it is none.
pub fn check(pattern: &str) -> Result<(), Failure> {
    if pattern.is_empty() {
        return refuse("the pattern is empty; give the name that the program plays under");
    }
    if pattern.chars().any(char::is_control) {
        return refuse("the pattern contains a control character; '?' matches any character");
    }
    let (key, glob) = split(pattern);
    if let Some(key) = key {
        let is_key_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if key.is_empty() || !key.chars().all(is_key_char) {
            return refuse(format!(
                "in '{pattern}', '{key}' is no property's name; write '\\=' for a '=' in a name"
            ));
        }
        if glob.is_empty() {
            return refuse(format!(
                "in '{pattern}', nothing follows the '='; '{key}=*' matches any value"
            ));
        }
    }
    glob::check(glob).or_else(|error| refuse(format!("'{pattern}' is no pattern: {error}")))
}

/// The property that a pattern names, if any, and its glob.
fn split(pattern: &str) -> (Option<&str>, &str) {
    let mut is_escaped = false;
    for (at, c) in pattern.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '=' => return (Some(&pattern[..at]), &pattern[at + 1..]),
            _ => {}
        }
    }
    (None, pattern)
}

/// The property by which a pattern matches a program.
pub fn matching_key<'a>(pattern: &'a str, program: &impl Program) -> Option<&'a str> {
    key_among(pattern, program, &usual(program))
}

/// What the [`KEYS`] are in a program: looked up once for the whole list, which costs more than to
/// compare.
fn usual(program: &impl Program) -> [Option<&str>; KEYS.len()] {
    KEYS.map(|key| program.property(key))
}

fn key_among<'a>(
    pattern: &'a str,
    program: &impl Program,
    usual: &[Option<&str>; KEYS.len()],
) -> Option<&'a str> {
    let (key, glob) = split(pattern);
    let matches = |value: Option<&str>| value.is_some_and(|value| glob::matches(glob, value));
    if let Some(key) = key {
        return matches(program.property(key)).then_some(key);
    }
    let mut pairs = KEYS.into_iter().zip(usual);
    let found = pairs.find(|(_, value)| matches(**value));
    found.map(|(key, _)| key)
}

/// The narrowest pattern that matches `program` and none of `others`.
pub fn narrowest<P: Program>(program: &P, others: &[P]) -> Option<Pattern> {
    let bare = program.property(NAME).map(|name| {
        // Not the '=' of a key.
        glob::escape(name).replace('=', r"\=")
    });
    let keyed = KEYS.into_iter().filter_map(|key| {
        let value = program.property(key)?;
        Some(format!("{key}={}", glob::escape(value)))
    });
    let mut candidates = bare.into_iter().chain(keyed);
    candidates.find_map(|candidate| {
        let pattern: Pattern = candidate.parse().ok()?;
        let is_unique = || {
            let mut others = others.iter();
            !others.any(|other| matching_key(&pattern, other).is_some())
        };
        (check(&pattern).is_ok() && is_unique()).then_some(pattern)
    })
}

fn not_listed<T>(pattern: &str) -> Result<T, Failure> {
    refuse(format!(
        "'{pattern}' is not on the program list; 'mixctl list-programs' prints it"
    ))
}

fn refuse<T>(message: impl Into<Cow<'static, str>>) -> Result<T, Failure> {
    Err(Failure::new(ErrorCode::Refused, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(&'static [(&'static str, &'static str)]);

    impl Program for Named {
        fn property(&self, key: &str) -> Option<&str> {
            let mut pairs = self.0.iter();
            pairs.find(|(name, _)| *name == key).map(|pair| pair.1)
        }
    }

    const CHROMIUM: Named = Named(&[(NAME, "Chromium"), (BINARY, "chromium")]);
    const ELECTRON: Named = Named(&[(NAME, "Chromium"), (BINARY, "Discord")]);
    const WINE: Named = Named(&[
        (NAME, "audio stream"),
        (BINARY, "wine64-preloader"),
        (COMM, "Game.exe"),
        ("media.role", "Game"),
    ]);

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    fn rules(patterns: &[&str]) -> Rules {
        let mut rules = Rules::default();
        for text in patterns {
            rules.add(pattern(text)).unwrap();
        }
        rules
    }

    #[test]
    fn each_kind_of_match_says_by_what() {
        for (text, program, key) in [
            ("chromium", &CHROMIUM, Some(NAME)),
            ("discord", &ELECTRON, Some(BINARY)),
            ("disc*", &CHROMIUM, None),
            ("game.exe", &WINE, Some(COMM)),
            ("media.role=game", &WINE, Some("media.role")),
            ("media.role=movie", &WINE, None),
            ("application.process.binary=wine*", &WINE, Some(BINARY)),
            ("comm=Game.exe", &WINE, Some(COMM)),
            (r"media.role\=game", &WINE, None),
        ] {
            let rules = rules(&[text]);
            let decision = rules.decide(program);
            assert_eq!(decision.map(|found| found.key), key, "{text}");
        }
    }

    #[test]
    fn the_first_pattern_that_matches_decides() {
        let rules = rules(&["nobody", "application.process.binary=disc*", "chromium"]);
        let decided = |program| rules.decide(program).map(|found| found.pattern);
        assert_eq!(
            decided(&ELECTRON),
            Some(pattern("application.process.binary=disc*"))
        );
        assert_eq!(decided(&CHROMIUM), Some(pattern("chromium")));
        assert_eq!(decided(&WINE), None);
    }

    #[test]
    fn the_narrowest_pattern_matches_the_program_and_no_other() {
        assert_eq!(narrowest(&CHROMIUM, &[WINE]), Some(pattern("Chromium")));
        assert_eq!(
            narrowest(&ELECTRON, &[CHROMIUM, WINE]),
            Some(pattern("application.process.binary=Discord"))
        );
        assert_eq!(narrowest(&CHROMIUM, &[CHROMIUM]), None);
        let odd = Named(&[(NAME, " a=b*\n")]);
        let found = narrowest(&odd, &[WINE]).unwrap();
        assert_eq!(&*found, r"?a\=b\*?");
        assert_eq!(matching_key(&found, &odd), Some(NAME));
    }

    #[test]
    fn adding_twice_changes_nothing_and_removing_takes_any_case() {
        let mut rules = rules(&["Discord"]);
        assert_eq!(rules.add(pattern(" discord ")), Ok(false));
        assert_eq!(rules.remove("DISCORD"), Ok(()));
        assert!(rules.patterns().is_empty());
        let failure = rules.remove("Discord").unwrap_err();
        assert_eq!(failure.code, ErrorCode::Refused);
    }

    #[test]
    fn a_pattern_takes_the_place_of_another() {
        let mut rules = rules(&["Discord", "Mumble", "Zoom"]);
        assert_eq!(rules.replace("mumble", pattern(" Teams ")), Ok(true));
        assert_eq!(rules.replace("teams", pattern("TEAMS")), Ok(true));
        assert_eq!(rules.replace("teams", pattern("TEAMS")), Ok(false));
        assert_eq!(rules.patterns(), ["Discord", "TEAMS", "Zoom"].map(pattern));
        for (old, new, why) in [
            ("Mumble", "a", "'Mumble' is not on the program list"),
            (
                "Zoom",
                "discord",
                "'discord' is on the program list already",
            ),
            ("Zoom", "[a", "is no pattern"),
            ("Zoom", "", "is empty"),
        ] {
            let failure = rules.replace(old, pattern(new)).unwrap_err();
            assert!(failure.message.contains(why), "{old}, {new}: {failure}");
        }
        assert_eq!(rules.patterns(), ["Discord", "TEAMS", "Zoom"].map(pattern));
    }

    #[test]
    fn a_pattern_goes_before_another_or_to_the_end() {
        let mut rules = rules(&["Discord", "Zoom"]);
        assert_eq!(rules.insert(pattern("Mumble"), " ZOOM "), Ok(true));
        assert_eq!(rules.insert(pattern("Teams"), "nobody"), Ok(true));
        assert_eq!(rules.insert(pattern("teams"), "Discord"), Ok(false));
        assert_eq!(rules.insert(pattern("Slack"), "slack"), Ok(true));
        let listed = ["Discord", "Mumble", "Zoom", "Teams", "Slack"];
        assert_eq!(rules.patterns(), listed.map(pattern));
        assert!(rules.insert(pattern("[a"), "Discord").is_err());
        assert_eq!(rules.patterns(), listed.map(pattern));
    }

    #[test]
    fn what_is_no_pattern_and_a_full_list_are_refused() {
        let mut rules = Rules::default();
        for text in [
            "",
            "  ",
            "a\nb",
            "a\0",
            "[a",
            "a\\",
            "=x",
            "media.role=",
            "a b=c",
            "[z-a]",
            "[[:alpha:]]",
            "media.role=[",
        ] {
            let failure = rules.add(pattern(text)).unwrap_err();
            assert!(!failure.message.is_empty(), "{text:?}");
        }
        let full = (0..MAX_BYTES).find(|n| rules.add(pattern(&format!("{n:0128}"))).is_err());
        assert_eq!(full, Some(MAX_BYTES / (128 + HEAD)));
        let first = format!("{:0128}", 0);
        assert_eq!(rules.replace(&first, pattern(&"x".repeat(128))), Ok(true));
    }
}
