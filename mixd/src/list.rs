//! The program list: its rules, the text of mixd.conf that says them, and the changes that can be taken
//! back. Pure; reading and saving the file is `config/file.rs`'s business.

#[cfg(any(test, feature = "fuzz"))]
pub mod model;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

use wire::{Change, ErrorCode, Failure, Rule};

use crate::config::{self, edit};
use crate::rules::{self, Rules};
use crate::session::MAX_MESSAGE;

/// The most changes that can be taken back.
pub const MAX_CHANGES: usize = 32;

/// The most bytes that the rules of a [`Change`] take in a message; the rest is counted.
pub const MAX_LISTED: usize = 1024;

/// What the list was at some time, and the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Version {
    rules: Rules,
    text: Rc<[u8]>,
}

/// A change that can be taken back, or made again.
#[derive(Debug)]
struct Step {
    /// What was done, as it is quoted: `add Discord`.
    what: String,
    before: Version,
    after: Version,
}

/// The program list.
#[derive(Debug, Default)]
pub struct List {
    /// What is in force, and the text that says so. The file may say something else where it could not
    /// be saved, and the text something else where the file is wrong.
    now: Version,
    /// The last changes, the latest at the end.
    done: VecDeque<Step>,
    /// Those that were taken back, the last one at the end.
    undone: Vec<Step>,
}

impl List {
    /// The rules in force.
    pub fn rules(&self) -> &Rules {
        &self.now.rules
    }

    /// What mixd.conf is to say.
    pub fn text(&self) -> &[u8] {
        &self.now.text
    }

    /// Begins with what the file says: no change that could be taken back.
    pub fn begin(&mut self, rules: Rules, text: &[u8]) {
        self.now = Version {
            rules,
            text: text.into(),
        };
    }

    /// Takes over what somebody has written into the file. Returns whether the rules have changed.
    pub fn read(&mut self, rules: Rules, text: &[u8]) -> bool {
        let after = Version {
            rules,
            text: text.into(),
        };
        if after.rules == self.now.rules {
            self.now = after;
            return false;
        }
        self.step("edit mixd.conf".to_owned(), after);
        true
    }

    /// Takes over the text of a file that is wrong: the rules stay.
    pub fn read_wrong(&mut self, text: &[u8]) {
        self.now.text = text.into();
    }

    /// Changes the rules. `what` says what is done in the words of a command: `add Discord`.
    pub fn change(&mut self, what: String, rules: Rules) {
        if rules == self.now.rules {
            return;
        }
        let text = edit::rewritten(&self.now.text, &self.now.rules, &rules);
        let text = text.into();
        self.step(what, Version { rules, text });
    }

    fn step(&mut self, what: String, after: Version) {
        self.undone.clear();
        let before = std::mem::replace(&mut self.now, after.clone());
        self.keep(Step {
            what,
            before,
            after,
        });
    }

    fn keep(&mut self, step: Step) {
        if self.done.len() == MAX_CHANGES {
            self.done.pop_front();
        }
        self.done.push_back(step);
    }

    /// Takes the last change back.
    ///
    /// # Errors
    /// There is none.
    pub fn undo(&mut self) -> Result<Change<'static>, Failure> {
        let Some(step) = self.done.pop_back() else {
            return refuse("there is nothing to undo: the list has not changed since mixd started");
        };
        let change = self.go(
            &step.after,
            &step.before,
            &format!("took back '{}'", step.what),
        );
        self.undone.push(step);
        Ok(change)
    }

    /// Makes the change again that was taken back last.
    ///
    /// # Errors
    /// There is none.
    pub fn redo(&mut self) -> Result<Change<'static>, Failure> {
        let Some(step) = self.undone.pop() else {
            return refuse(
                "there is nothing to redo: no change was taken back, or another came after",
            );
        };
        let change = self.go(
            &step.before,
            &step.after,
            &format!("did '{}' again", step.what),
        );
        self.keep(step);
        Ok(change)
    }

    /// Goes from one version to another, of which the text in force may differ from the first in what is
    /// no rule: that stays.
    fn go(&mut self, from: &Version, to: &Version, words: &str) -> Change<'static> {
        let patched = edit::patched(&self.now.text, &from.text, &to.text);
        let says_so = |text: &Vec<u8>| match config::parse(text) {
            Ok(config) => config.rules == to.rules,
            // It was wrong before.
            Err(_) => config::parse(&self.now.text).is_err(),
        };
        let text = patched
            .filter(says_so)
            .unwrap_or_else(|| edit::rewritten(&self.now.text, &self.now.rules, &to.rules));
        let before = std::mem::replace(
            &mut self.now,
            Version {
                rules: to.rules.clone(),
                text: text.into(),
            },
        );
        changed(words, &before.rules, &to.rules)
    }
}

/// What has changed between two lists, in words and rules. `words` say what was done.
pub fn changed(words: &str, before: &Rules, after: &Rules) -> Change<'static> {
    let without = |a: &Rules, b: &Rules| -> Vec<Rule> {
        let rules = a.list().iter();
        rules
            .filter(|rule| !b.list().contains(rule))
            .copied()
            .collect()
    };
    let (mut added, mut removed) = (without(after, before), without(before, after));
    let mut text = String::from(words);
    let mut lead = ": ";
    for (verb, rules) in [("added", &added), ("removed", &removed)] {
        if !rules.is_empty() {
            let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
            text += &format!("{lead}{verb} {}", rules.join(", "));
            lead = "; ";
        }
    }
    if text.len() > MAX_MESSAGE {
        text.truncate(text.floor_char_boundary(MAX_MESSAGE - '…'.len_utf8()));
        text.push('…');
    }
    let all = added.len() + removed.len();
    let mut room = MAX_LISTED;
    let mut fits = |rule: &Rule| {
        let left = room.checked_sub(rule.pattern().len() + rules::HEAD);
        room = left.unwrap_or(0);
        left.is_some()
    };
    added.retain(&mut fits);
    removed.retain(&mut fits);
    Change {
        text: Cow::Owned(text),
        omitted: u32::try_from(all - added.len() - removed.len()).unwrap_or(u32::MAX),
        added,
        removed,
        unsaved: None,
    }
}

fn refuse<T>(message: &'static str) -> Result<T, Failure> {
    Err(Failure::new(ErrorCode::Refused, message))
}
