//! The ordered rules of the program list, and which of them matches a program first. Pure.

pub mod glob;
pub mod moving;
pub mod name;

use std::borrow::Cow;
use std::fmt;

use wire::message::{Pattern, Replacement};
use wire::{Channel, Failure, Reason, Rule, is_same};

/// The most bytes that all patterns together take in a message, so that the list fits into one frame
/// together with the streams. About a thousand names as programs have them.
pub const MAX_BYTES: usize = 24 * 1024;

/// The bytes that a rule takes in a message besides its pattern's text: a map of one key, the key, the
/// head of a CBOR string.
pub const HEAD: usize = 1 + 8 + 2;

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

/// The properties that a pattern without a key is tried against, in this order. Electron's programs all call
/// themselves Chromium, Wine's all run wine64-preloader: hence the last two.
pub const KEYS: [&str; 6] = [NAME, BINARY, "node.name", FLATPAK, COMM, EXE];

/// A program by its properties, which patterns are tried against.
pub trait Program {
    /// The value of a property of PipeWire's, or of [`COMM`] or [`EXE`], if there is one.
    fn property(&self, key: &str) -> Option<&str>;

    /// The name that it gives itself, or else its node's.
    fn name(&self) -> &str {
        let name = self.property(NAME);
        name.or_else(|| self.property("node.name"))
            .unwrap_or_default()
    }

    /// Returns whether another one is the same program, as far as can be told.
    fn is_same(&self, other: &Self) -> bool {
        self.is_named_alike(other)
    }

    /// Returns whether another one calls itself the same.
    fn is_named_alike(&self, other: &Self) -> bool {
        [NAME, BINARY, FLATPAK]
            .into_iter()
            .all(|key| self.property(key) == other.property(key))
    }
}

/// The rule that matches a program first, and the property by which it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMatch<'a> {
    /// The rule.
    pub rule: Rule,
    /// The property whose value it matches, as PipeWire spells it.
    pub key: Cow<'a, str>,
}

/// A change of the list that names its patterns, as a request or a test makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A program goes to the end of the list; a rule to ignore something before the programs, so that it
    /// is the first to match. Listed as the other kind, it changes that.
    Add(Rule),
    /// A rule is taken off the list, whichever its kind.
    Remove(Pattern),
    /// A pattern takes the place of another.
    Replace(Replacement),
}

impl Edit {
    /// Puts a program on the list.
    pub fn add_program(pattern: Pattern) -> Self {
        Self::Add(Rule::Program(pattern))
    }

    /// Puts what is left alone on the list.
    pub fn ignore_program(pattern: Pattern) -> Self {
        Self::Add(Rule::Ignore(pattern))
    }
}

/// The command that does it, which is quoted when it is undone.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(Rule::Program(pattern)) => write!(f, "add {}", pattern.trim()),
            Self::Add(Rule::Ignore(pattern)) => write!(f, "ignore {}", pattern.trim()),
            Self::Remove(pattern) => write!(f, "remove {}", pattern.trim()),
            Self::Replace(Replacement { new, old }) => {
                write!(f, "replace {} with {}", old.trim(), new.trim())
            }
        }
    }
}

/// The rules, in order: the first that matches a program decides about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// The rules, in order.
    pub fn list(&self) -> &[Rule] {
        &self.0
    }

    /// The first rule that matches a program. None: it belongs to the default channel.
    pub fn first_match(&self, program: &impl Program) -> Option<RuleMatch<'_>> {
        let usual = usual(program);
        self.0.iter().find_map(|rule| {
            let key = key_among(rule.pattern(), program, &usual)?;
            Some(RuleMatch { rule: *rule, key })
        })
    }

    /// The channel of a program; none if it is left alone.
    pub fn channel(&self, program: &impl Program) -> Option<Channel> {
        let rule = self.first_match(program).map(|found| found.rule);
        channel(rule.as_ref())
    }

    /// Puts a rule at the end of the list, as a file says it: without the spaces around its pattern, and
    /// not if that is there.
    ///
    /// # Errors
    /// It is no pattern, or the list is full.
    pub fn push(&mut self, rule: Rule) -> Result<(), Failure> {
        let pattern = Pattern::truncated(rule.pattern().trim());
        check(&pattern)?;
        if self.position(&pattern).is_none() {
            self.0.push(rule.with(pattern));
            self.check_size()?;
        }
        Ok(())
    }

    /// The list after an edit.
    ///
    /// # Errors
    /// A pattern is none, is not listed, or is already; or the list would be full.
    pub fn apply(&self, edit: &Edit) -> Result<Self, Failure> {
        let mut rules = self.clone();
        match edit {
            Edit::Add(rule) => rules.add(*rule)?,
            Edit::Remove(pattern) => {
                let at = self.listed(pattern)?;
                rules.0.remove(at);
            }
            Edit::Replace(Replacement { new, old }) => {
                let new = Pattern::truncated(new.trim());
                let at = self.listed(old)?;
                check(&new)?;
                if self.position(&new).is_some_and(|other| other != at) {
                    let message = format!("'{new}' is on the program list already");
                    return refuse(Reason::ListedAlready, message);
                }
                rules.0[at] = self.0[at].with(new);
            }
        }
        rules.check_size()?;
        Ok(rules)
    }

    fn add(&mut self, rule: Rule) -> Result<(), Failure> {
        let pattern = Pattern::truncated(rule.pattern().trim());
        check(&pattern)?;
        let rule = rule.with(pattern);
        if let Some(at) = self.position(&pattern) {
            if self.0[at].kind() == rule.kind() {
                return Ok(());
            }
            self.0.remove(at);
        }
        let at = match rule {
            Rule::Program(_) => None,
            Rule::Ignore(_) => self
                .0
                .iter()
                .position(|rule| matches!(rule, Rule::Program(_))),
        };
        self.0.insert(at.unwrap_or(self.0.len()), rule);
        Ok(())
    }

    /// The list with other rules in the place of one.
    ///
    /// # Errors
    /// It would be full.
    pub fn with_instead(&self, rule: &Rule, instead: &[Rule]) -> Result<Self, Failure> {
        let mut rules = self.clone();
        if let Some(at) = self.position(rule.pattern()) {
            rules.0.splice(at..=at, instead.iter().copied());
            // A later rule of the same pattern would never decide.
            let behind = rules.0.split_off(at + instead.len());
            let is_dead = |rule: &&Rule| {
                let mut instead = instead.iter();
                instead.any(|other| is_same(other.pattern(), rule.pattern()))
            };
            rules.0.extend(behind.iter().filter(|rule| !is_dead(rule)));
        }
        rules.check_size()?;
        Ok(rules)
    }

    /// The rules that are on another list too, in the order that both have them in.
    pub fn kept_in<'a>(&self, other: &'a Self) -> Vec<&'a Rule> {
        let mut from = 0;
        let kept = other.0.iter().filter(|rule| {
            let at = self.0[from..].iter().position(|own| own == *rule);
            from += at.map_or(0, |at| at + 1);
            at.is_some()
        });
        kept.collect()
    }

    /// The list without the rules at some places, and with others at theirs.
    #[must_use]
    pub fn exchanged(&self, gone: &[(usize, Rule)], come: &[(usize, Rule)]) -> Self {
        let mut gone = gone.iter().map(|(at, _)| *at).peekable();
        let stay = self.0.iter().enumerate();
        let stay = stay.filter(|(at, _)| gone.next_if_eq(at).is_none());
        let mut rules: Vec<Rule> = stay.map(|(_, rule)| *rule).collect();
        for (at, rule) in come {
            rules.insert((*at).min(rules.len()), *rule);
        }
        Self(rules)
    }

    fn check_size(&self) -> Result<(), Failure> {
        let size: usize = self.0.iter().map(|rule| rule.pattern().len() + HEAD).sum();
        match size > MAX_BYTES {
            true => refuse(
                Reason::ListFull,
                format!("the program list is full ({MAX_BYTES} bytes); remove a program first"),
            ),
            false => Ok(()),
        }
    }

    /// Where a pattern is on the list, in any case.
    pub fn position(&self, pattern: &str) -> Option<usize> {
        let pattern = pattern.trim();
        let mut rules = self.0.iter();
        rules.position(|rule| is_same(rule.pattern(), pattern))
    }

    fn listed(&self, pattern: &str) -> Result<usize, Failure> {
        self.position(pattern).ok_or_else(|| {
            let message =
                format!("'{pattern}' is not on the program list; 'mixctl list-programs' prints it");
            Failure::refused(Reason::NotListed, message)
        })
    }
}

/// The channel of a program about which this rule decides; none if it is left alone.
pub fn channel(rule: Option<&Rule>) -> Option<Channel> {
    match rule {
        Some(Rule::Program(_)) => Some(Channel::Aux),
        Some(Rule::Ignore(_)) => None,
        None => Some(Channel::Default),
    }
}

/// Whether a text, without spaces around it, is a pattern.
///
/// # Errors
/// A sentence that says why it is none.
pub fn check(pattern: &str) -> Result<(), Failure> {
    if pattern.is_empty() {
        return no_pattern("the pattern is empty; give the name that the program plays under");
    }
    if pattern.chars().any(char::is_control) {
        return no_pattern("the pattern contains a control character; '?' matches any character");
    }
    let (key, glob) = split(pattern);
    if let Some(key) = key {
        let is_key_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if key.is_empty() || !key.chars().all(is_key_char) {
            return no_pattern(format!(
                "in '{pattern}', '{key}' is no property's name; write '\\=' for a '=' in a name"
            ));
        }
        if glob.is_empty() {
            return no_pattern(format!(
                "in '{pattern}', nothing follows the '='; '{key}=*' matches any value"
            ));
        }
    }
    glob::check(glob).or_else(|error| no_pattern(format!("'{pattern}' is no pattern: {error}")))
}

/// The property that a pattern names, if any, and its glob.
fn split(pattern: &str) -> (Option<&str>, &str) {
    let mut is_escaped = false;
    for (at, c) in pattern.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            // White space there belongs to no name.
            '=' => return (Some(&pattern[..at]), pattern[at + 1..].trim_start()),
            _ => {}
        }
    }
    (None, pattern)
}

/// The property by which a pattern matches a program.
pub fn matching_key<'a>(pattern: &'a str, program: &impl Program) -> Option<Cow<'a, str>> {
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
) -> Option<Cow<'a, str>> {
    let (key, glob) = split(pattern);
    if let Some(key) = key {
        // PipeWire's keys are of lower case, and a list has no two patterns that differ by case alone.
        let spelled = match program.property(key) {
            None if key.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                key.to_ascii_lowercase().into()
            }
            _ => Cow::Borrowed(key),
        };
        let value = program.property(&spelled);
        if value.is_some_and(|value| name::matches(glob, value)) {
            return Some(spelled);
        }
    }
    let matches = |value: &str| match key {
        // A name may have a '=' as well.
        Some(_) => name::is_shown_as(value, pattern),
        None => name::matches(glob, value),
    };
    let mut pairs = KEYS.into_iter().zip(usual);
    let found = pairs.find(|(_, value)| value.is_some_and(matches));
    found.map(|(key, _)| key.into())
}

/// The narrowest pattern that matches `program` and none of `others`.
pub fn narrowest<P: Program>(program: &P, others: &[&P]) -> Option<Pattern> {
    let bare = program.property(NAME).map(|name| name::pattern("", name));
    let keyed = KEYS.into_iter().filter_map(|key| {
        let value = program.property(key)?;
        Some(name::pattern(&format!("{key}="), value))
    });
    let mut candidates = bare.into_iter().chain(keyed);
    candidates.find(|pattern| {
        let is_unique = || {
            let mut others = others.iter();
            !others.any(|other| matching_key(pattern, *other).is_some())
        };
        check(pattern).is_ok() && is_unique()
    })
}

fn refuse<T>(reason: Reason, message: impl Into<Cow<'static, str>>) -> Result<T, Failure> {
    Err(Failure::refused(reason, message))
}

fn no_pattern<T>(message: impl Into<Cow<'static, str>>) -> Result<T, Failure> {
    refuse(Reason::NotAPattern, message)
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

    fn program(text: &str) -> Rule {
        Rule::Program(pattern(text))
    }

    fn ignore(text: &str) -> Rule {
        Rule::Ignore(pattern(text))
    }

    fn rules(patterns: &[&str]) -> Rules {
        Rules(patterns.iter().map(|text| program(text)).collect())
    }

    fn edited(rules: &Rules, edit: &Edit) -> Rules {
        rules.apply(edit).unwrap()
    }

    fn replace(old: &str, new: &str) -> Edit {
        let (old, new) = (pattern(old), pattern(new));
        Edit::Replace(Replacement { new, old })
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
            let found = rules.first_match(program);
            assert_eq!(found.as_ref().map(|found| &*found.key), key, "{text}");
        }
    }

    #[test]
    fn the_first_pattern_that_matches_decides() {
        let rules = rules(&["nobody", "application.process.binary=disc*", "chromium"]);
        let decided = |program| rules.first_match(program).map(|found| found.rule);
        assert_eq!(
            decided(&ELECTRON),
            Some(program("application.process.binary=disc*"))
        );
        assert_eq!(decided(&CHROMIUM), Some(program("chromium")));
        assert_eq!(decided(&WINE), None);
    }

    #[test]
    fn the_narrowest_pattern_matches_the_program_and_no_other() {
        assert_eq!(narrowest(&CHROMIUM, &[&WINE]), Some(pattern("Chromium")));
        assert_eq!(
            narrowest(&ELECTRON, &[&CHROMIUM, &WINE]),
            Some(pattern("application.process.binary=Discord"))
        );
        assert_eq!(narrowest(&CHROMIUM, &[&CHROMIUM]), None);
        let odd = Named(&[(NAME, " a=b*\n")]);
        let found = narrowest(&odd, &[&WINE]).unwrap();
        assert_eq!(&*found, r"a\=b\*");
        assert_eq!(matching_key(&found, &odd).as_deref(), Some(NAME));
    }

    #[test]
    fn adding_twice_changes_nothing_and_removing_takes_any_case() {
        let discord = rules(&["Discord"]);
        assert_eq!(edited(&discord, &Edit::Add(program(" discord "))), discord);
        let empty = edited(&discord, &Edit::Remove(pattern("DISCORD")));
        assert_eq!(empty, Rules::default());
        let failure = empty.apply(&Edit::Remove(pattern("Discord"))).unwrap_err();
        assert_eq!(failure.reason, Some(Reason::NotListed));
    }

    #[test]
    fn what_is_ignored_goes_before_the_programs_and_a_pattern_changes_its_kind() {
        let list = Rules(vec![ignore("Ardour"), program("Disc*"), program("Zoom")]);
        let list = edited(&list, &Edit::Add(ignore("Discord")));
        let expected = [
            ignore("Ardour"),
            ignore("Discord"),
            program("Disc*"),
            program("Zoom"),
        ];
        assert_eq!(list.list(), expected);
        let list = edited(&list, &Edit::Add(ignore("zoom")));
        let list = edited(&list, &Edit::Add(program("ardour")));
        let expected = [
            ignore("Discord"),
            ignore("zoom"),
            program("Disc*"),
            program("ardour"),
        ];
        assert_eq!(list.list(), expected);
        let list = edited(&list, &replace("ZOOM", "Teams"));
        assert_eq!(list.list()[1], ignore("Teams"));
        assert_eq!(
            edited(&list, &Edit::Remove(pattern("teams"))).list().len(),
            3
        );
        assert_eq!(channel(Some(&ignore("a"))), None);
    }

    #[test]
    fn a_pattern_takes_the_place_of_another() {
        let list = rules(&["Discord", "Mumble", "Zoom"]);
        let list = edited(&list, &replace("mumble", " Teams "));
        let list = edited(&list, &replace("teams", "TEAMS"));
        assert_eq!(edited(&list, &replace("teams", "TEAMS")), list);
        assert_eq!(list, rules(&["Discord", "TEAMS", "Zoom"]));
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
            let failure = list.apply(&replace(old, new)).unwrap_err();
            assert!(failure.message.contains(why), "{old}, {new}: {failure}");
        }
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
            let failure = rules.apply(&Edit::Add(program(text))).unwrap_err();
            assert!(!failure.message.is_empty(), "{text:?}");
        }
        let mut count = 0;
        while let Ok(more) = rules.apply(&Edit::Add(program(&format!("{count:0128}")))) {
            rules = more;
            count += 1;
        }
        assert_eq!(count, MAX_BYTES / (128 + HEAD));
        let room = MAX_BYTES % (128 + HEAD) - HEAD;
        assert!(rules.apply(&Edit::Add(program(&"x".repeat(room)))).is_ok());
        assert!(
            rules
                .apply(&Edit::Add(program(&"x".repeat(room + 1))))
                .is_err()
        );
        let first = format!("{:0128}", 0);
        assert!(rules.apply(&replace(&first, &"x".repeat(128))).is_ok());
    }
}
