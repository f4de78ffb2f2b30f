//! What clients change of mixd.conf: the program list and the outputs, the text that says them, and the changes that
//! can be undone. Pure: `config_file.rs` reads and saves the file.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::rc::Rc;

use wire::{Change, Failure, OutputChoice, Reason, Rule};

use crate::config::{self, Config, edit, output};
use crate::limits::{MAX_LISTED, shortened, takes};
use crate::rules::{self, Rules};

/// The most changes that can be undone.
pub const MAX_CHANGES: usize = 32;

/// A change that can be undone or redone.
#[derive(Debug)]
struct Step {
    /// The command that made it, as it is quoted: `add Discord`.
    what: String,
    /// The rules that it took off the list, and the text before it.
    before: Side,
    /// The rules that it put on the list, and the text after it.
    after: Side,
}

/// One side of a change.
#[derive(Debug)]
struct Side {
    /// The rules that the other side lacks, each with its index.
    rules: Vec<(usize, Rule)>,
    outputs: Vec<OutputChoice>,
    text: Rc<[u8]>,
}

impl Side {
    /// The side of a list of which the other side has the rules `kept`.
    fn new(rules: &Rules, kept: &[&Rule], outputs: Vec<OutputChoice>, text: Rc<[u8]>) -> Self {
        let mut kept = kept.iter().peekable();
        let is_alone = |(_, rule): &(usize, &Rule)| kept.next_if(|kept| *kept == rule).is_none();
        let alone = rules.list().iter().enumerate().filter(is_alone);
        Self {
            rules: alone.map(|(at, rule)| (at, *rule)).collect(),
            outputs,
            text,
        }
    }
}

/// The program list and the outputs, as a client or an editor changed them last.
#[derive(Debug, Default)]
pub struct EditableConfig {
    /// The rules in force.
    rules: Rules,
    /// What the file has the channels play to, in order of preference.
    outputs: Vec<OutputChoice>,
    /// The text of mixd.conf. The file may have another where it could not be saved, and this may say other
    /// rules where the file is wrong.
    text: Rc<[u8]>,
    /// The changes that can be undone, the latest at the end.
    done: VecDeque<Step>,
    /// The changes that can be redone, the next one at the end.
    undone: Vec<Step>,
}

impl EditableConfig {
    /// The rules in force.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns what the file has the channels play to, in order of preference.
    pub fn outputs(&self) -> &[OutputChoice] {
        &self.outputs
    }

    /// Returns how many changes can be redone.
    pub fn redoable(&self) -> usize {
        self.undone.len()
    }

    /// The text of mixd.conf.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Begins with what the file says, which is no change that could be undone.
    pub fn begin(&mut self, config: &Config, text: &[u8]) {
        (self.rules, self.text) = (config.rules.clone(), text.into());
        self.outputs.clone_from(&config.outputs);
    }

    /// Takes over what somebody has written into the file. Returns whether that changes rules or outputs.
    pub fn read(&mut self, config: &Config, text: &[u8]) -> bool {
        let Config { rules, outputs, .. } = config;
        let is_change = (rules, outputs) != (&self.rules, &self.outputs);
        if is_change {
            let what = "edit mixd.conf".to_owned();
            self.step(what, rules.clone(), outputs.clone(), text.into());
        } else {
            self.text = text.into();
        }
        is_change
    }

    /// Takes over the text of a file that is wrong: rules and outputs stay.
    pub fn read_wrong(&mut self, text: &[u8]) {
        self.text = text.into();
    }

    /// Changes the rules and the text. `what` is the command that does it: `add Discord`.
    pub fn change(&mut self, what: String, rules: Rules) {
        if rules != self.rules {
            let text = edit::rewritten(&self.text, &self.rules, &rules);
            self.step(what, rules, self.outputs.clone(), text.into());
        }
    }

    /// Changes what the channels play to, and the text. `what` is the command that does it: `output auto`.
    pub fn change_outputs(&mut self, what: String, outputs: Vec<OutputChoice>) {
        if outputs != self.outputs {
            let text = output::rewritten(&self.text, &outputs);
            self.step(what, self.rules.clone(), outputs, text.into());
        }
    }

    fn step(&mut self, what: String, rules: Rules, outputs: Vec<OutputChoice>, text: Rc<[u8]>) {
        self.undone.clear();
        let outputs_before = std::mem::replace(&mut self.outputs, outputs);
        let before = std::mem::replace(&mut self.rules, rules);
        let text_before = std::mem::replace(&mut self.text, text);
        let kept = before.kept_in(&self.rules);
        self.keep(Step {
            what,
            before: Side::new(&before, &kept, outputs_before, text_before),
            after: Side::new(
                &self.rules,
                &kept,
                self.outputs.clone(),
                Rc::clone(&self.text),
            ),
        });
    }

    fn keep(&mut self, step: Step) {
        if self.done.len() == MAX_CHANGES {
            self.done.pop_front();
        }
        self.done.push_back(step);
    }

    /// Undoes the last change.
    ///
    /// # Errors
    /// There is none.
    pub fn undo(&mut self) -> Result<Change<'static>, Failure> {
        let Some(step) = self.done.pop_back() else {
            return refuse(
                "there is nothing to undo: no change since mixd started is left (32 are kept)",
            );
        };
        let words = format!("took back '{}'", step.what);
        let change = self.go(&step.after, &step.before, &words);
        self.undone.push(step);
        Ok(change)
    }

    /// Redoes the change that was undone last.
    ///
    /// # Errors
    /// There is none.
    pub fn redo(&mut self) -> Result<Change<'static>, Failure> {
        let Some(step) = self.undone.pop() else {
            return refuse(
                "there is nothing to redo: no change was taken back, or another came after",
            );
        };
        let words = format!("did '{}' again", step.what);
        let change = self.go(&step.before, &step.after, &words);
        self.keep(step);
        Ok(change)
    }

    /// Goes from one side of a change to the other. What the text says besides rules and outputs stays as it is.
    fn go(&mut self, from: &Side, to: &Side, words: &str) -> Change<'static> {
        let rules = self.rules.exchanged(&from.rules, &to.rules);
        let says_so = |text: &Vec<u8>| match config::parse(text) {
            Ok(config) => config.rules == rules && config.outputs == to.outputs,
            // It was wrong before.
            Err(_) => config::parse(&self.text).is_err(),
        };
        let text = edit::patched(&self.text, &from.text, &to.text)
            .filter(says_so)
            .unwrap_or_else(|| {
                let text = edit::rewritten(&self.text, &self.rules, &rules);
                match from.outputs == to.outputs {
                    true => text,
                    false => output::rewritten(&text, &to.outputs),
                }
            });
        let mut change = change_between(words, &self.rules, &rules);
        let lead = match change.text.len() > words.len() {
            true => "; ",
            false => ": ",
        };
        let outputs = outputs_between(lead, &from.outputs, &to.outputs);
        change.text = shortened((change.text.into_owned() + &outputs).into());
        (self.rules, self.text) = (rules, text.into());
        self.outputs.clone_from(&to.outputs);
        change
    }
}

/// The difference between two lists, in words and rules. `words` say what was done.
pub fn change_between(words: &str, before: &Rules, after: &Rules) -> Change<'static> {
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
    let all = added.len() + removed.len();
    let mut room = MAX_LISTED;
    let mut fits = |rule: &Rule| takes(&mut room, rule.pattern().len() + rules::HEAD);
    added.retain(&mut fits);
    removed.retain(&mut fits);
    Change {
        text: shortened(text.into()),
        omitted: u32::try_from(all - added.len() - removed.len()).unwrap_or(u32::MAX),
        added,
        removed,
        unsaved: None,
    }
}

/// The difference between two lists of outputs, in words that follow others after `lead`.
pub fn outputs_between(lead: &str, before: &[OutputChoice], after: &[OutputChoice]) -> String {
    let without = |a: &[OutputChoice], b: &[OutputChoice]| {
        let alone = a.iter().filter(|choice| !b.contains(choice));
        alone
            .map(OutputChoice::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let parts = [
        ("added", without(after, before)),
        ("removed", without(before, after)),
    ];
    let parts = parts.into_iter().filter(|(_, lines)| !lines.is_empty());
    let parts: Vec<String> = parts
        .map(|(verb, lines)| format!("{verb} {lines}"))
        .collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!("{lead}{}", parts.join("; ")),
    }
}

fn refuse<T>(message: &'static str) -> Result<T, Failure> {
    Err(Failure::refused(Reason::NoChange, message))
}
