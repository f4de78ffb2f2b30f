//! The program list: does this program belong to aux? Pure.

use std::borrow::Cow;

use wire::message::Pattern;
use wire::{Channel, ErrorCode, Failure};

/// How many bytes all patterns together may take in a message: what keeps the list, together with
/// the streams, inside one frame. About a thousand names as programs have them.
pub const MAX_BYTES: usize = 24 * 1024;

/// What a pattern takes in a message besides its text: the head of a CBOR string.
const HEAD: usize = 2;

/// The patterns, in the order in which they were added.
#[derive(Debug, Default)]
pub struct Rules {
    patterns: Vec<Pattern>,
}

impl Rules {
    /// The patterns, in the order in which they were added.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// The channel of a program whose `application.name` this is. Names are compared without
    /// regard to case.
    pub fn channel(&self, name: &str) -> Channel {
        match self.position(name) {
            Some(_) => Channel::Aux,
            None => Channel::Default,
        }
    }

    /// Puts a pattern on the list; false if it was there.
    ///
    /// # Errors
    /// The pattern is empty, holds a control character, or the list is full.
    pub fn add(&mut self, pattern: Pattern) -> Result<bool, Failure> {
        if pattern.trim().is_empty() {
            return refuse("the program name is empty; give the name that the program plays under");
        }
        if pattern.chars().any(char::is_control) {
            return refuse("the program name contains a control character");
        }
        if self.position(&pattern).is_some() {
            return Ok(false);
        }
        let taken: usize = self.patterns.iter().map(|listed| listed.len() + HEAD).sum();
        if taken + pattern.len() + HEAD > MAX_BYTES {
            return refuse(format!(
                "the program list is full ({MAX_BYTES} bytes); remove a program first"
            ));
        }
        self.patterns.push(pattern);
        Ok(true)
    }

    /// Takes a pattern off the list.
    ///
    /// # Errors
    /// It is not listed.
    pub fn remove(&mut self, pattern: &str) -> Result<(), Failure> {
        match self.position(pattern) {
            Some(position) => {
                self.patterns.remove(position);
                Ok(())
            }
            None => refuse(format!(
                "'{pattern}' is not on the program list; 'mixctl list-programs' prints it"
            )),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.patterns
            .iter()
            .position(|pattern| same_name(pattern, name))
    }
}

/// Unicode's simple lower case on both sides: `DISCORD` is `discord`, `ÉCOUTE` is `écoute`.
fn same_name(a: &str, b: &str) -> bool {
    a.chars()
        .flat_map(char::to_lowercase)
        .eq(b.chars().flat_map(char::to_lowercase))
}

fn refuse<T>(message: impl Into<Cow<'static, str>>) -> Result<T, Failure> {
    Err(Failure::new(ErrorCode::Refused, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_listed_name_is_aux_in_any_case() {
        let mut rules = Rules::default();
        assert_eq!(rules.add(pattern("Discord")), Ok(true));
        assert_eq!(rules.add(pattern("Écoute")), Ok(true));
        for name in ["Discord", "discord", "DISCORD", "éCOUTE"] {
            assert_eq!(rules.channel(name), Channel::Aux, "{name}");
        }
        for name in ["", "Discor", "Discord ", "Game"] {
            assert_eq!(rules.channel(name), Channel::Default, "{name}");
        }
    }

    #[test]
    fn adding_twice_changes_nothing_and_removing_takes_any_case() {
        let mut rules = Rules::default();
        rules.add(pattern("Discord")).unwrap();
        assert_eq!(rules.add(pattern("discord")), Ok(false));
        assert_eq!(rules.remove("DISCORD"), Ok(()));
        assert!(rules.patterns().is_empty());
        let failure = rules.remove("Discord").unwrap_err();
        assert_eq!(failure.code, ErrorCode::Refused);
    }

    #[test]
    fn an_empty_name_a_control_character_and_a_full_list_are_refused() {
        let mut rules = Rules::default();
        for text in ["", "  ", "a\nb", "a\0"] {
            assert!(rules.add(pattern(text)).is_err(), "{text:?}");
        }
        let full = (0..MAX_BYTES).find(|n| rules.add(pattern(&format!("{n:0128}"))).is_err());
        assert_eq!(full, Some(MAX_BYTES / (128 + HEAD)));
    }
}
