//! The combo box for a new pattern: a text field, and what is suggested below it.

use wire::message::Pattern;
use wire::{Channel, Failure, Reply, Stream, StreamState};

use super::daemon::Daemon;
use super::program::Program;
use super::text_field::TextField;

/// Something that is suggested below the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suggestion {
    /// To send a program that plays to the aux channel, by the id of its oldest stream.
    Stream(u32),
    /// To add the text to the list as it stands.
    Pattern,
}

/// What mixd says of a pattern before it is added.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) pattern: Pattern,
    /// The names of the programs that it would move, each once, or why mixd would refuse it.
    pub(super) outcome: Result<Vec<String>, String>,
}

impl Trial {
    /// Returns what a reply to `try-add-program` says.
    pub(super) fn new(pattern: Pattern, reply: Result<Reply<'_>, Failure>) -> Self {
        let outcome = match reply {
            Ok(Reply::Streams(list)) => {
                let mut names = Vec::new();
                for stream in list.streams {
                    let name = stream.name.to_string();
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                if list.omitted > 0 {
                    names.push(format!("{} more", list.omitted));
                }
                Ok(names)
            }
            Ok(_) => Err("mixd does not say what it would match".to_owned()),
            Err(failure) => Err(failure.message.to_string()),
        };
        Self { pattern, outcome }
    }
}

#[derive(Debug, Default)]
pub struct Entry {
    pub field: TextField,
    /// The suggestion that Enter takes: the first that fits, unless another was chosen.
    pub selected: Option<Suggestion>,
    /// What mixd has said last of what is typed.
    pub(super) trial: Option<Trial>,
    /// Whether streams or patterns have come or gone since.
    pub(super) is_stale: bool,
    /// Whether the suggestions are closed until the text changes.
    pub(super) is_dismissed: bool,
}

impl Entry {
    /// The programs that can still be added to the list and whose names contain the text; then the text
    /// itself. Text that is more than a part of a name is taken as it stands.
    pub(super) fn suggestions(&self, daemon: &Daemon) -> Vec<Suggestion> {
        if self.is_dismissed {
            return Vec::new();
        }
        let text = self.field.text().trim().to_lowercase();
        let fits = |program: &Program<'_>| {
            let Stream { name, binary, .. } = program.first;
            let mut names = [Some(name), binary.as_ref()].into_iter().flatten();
            names.any(|name| name.to_lowercase().contains(&text))
        };
        let programs = match text.contains(['*', '?', '[', '=']) {
            true => Vec::new(),
            false => daemon.programs(Channel::Default),
        };
        let is_listed = |program: &Program<'_>| program.movable().state == StreamState::Ignored;
        let programs = programs.into_iter();
        let programs = programs.filter(|program| fits(program) && !is_listed(program));
        let streams = programs.map(|program| Suggestion::Stream(program.first.id));
        let pattern = (!text.is_empty()).then_some(Suggestion::Pattern);
        streams.chain(pattern).collect()
    }

    /// The pattern that is typed, if it is one.
    fn pattern(&self) -> Option<Pattern> {
        let text = self.field.text().trim();
        text.parse().ok().filter(|_| !text.is_empty())
    }

    /// What mixd says of the pattern that is typed now, if it has.
    pub fn outcome(&self) -> Option<&Result<Vec<String>, String>> {
        let pattern = self.pattern()?;
        let trial = self.trial.as_ref().filter(|trial| trial.pattern == pattern);
        trial.map(|trial| &trial.outcome)
    }

    /// The pattern that mixd is to be asked about.
    pub(super) fn untried(&self) -> Option<Pattern> {
        let is_tried = self.outcome().is_some() && !self.is_stale;
        self.pattern().filter(|_| !is_tried)
    }

    /// Empties the field, and closes the suggestions.
    pub(super) fn clear(&mut self) {
        self.field = TextField::default();
        self.selected = None;
        self.is_dismissed = true;
    }

    /// The text has changed: what fits it is suggested anew.
    pub(super) fn text_changed(&mut self) {
        self.selected = None;
        self.is_dismissed = false;
    }

    /// Lets go of a selected suggestion that has gone. If something is typed, one is always selected.
    pub(super) fn keep_selected(&mut self, suggestions: &[Suggestion]) {
        let selected = self.selected.filter(|it| suggestions.contains(it));
        let is_typed = suggestions.contains(&Suggestion::Pattern);
        let first = suggestions.first().filter(|_| is_typed);
        self.selected = selected.or(first.copied());
    }

    /// Selects the next or the previous suggestion; before the first is none of them.
    pub(super) fn select(&mut self, step: isize, daemon: &Daemon) {
        self.is_dismissed = false;
        let suggestions = self.suggestions(daemon);
        let selected = |other: &Suggestion| Some(*other) == self.selected;
        let next = match suggestions.iter().position(selected) {
            None => (step > 0).then_some(0),
            Some(at) => at.checked_add_signed(step),
        };
        let next = next.and_then(|at| suggestions.get(at).or(suggestions.last()));
        self.selected = next.copied();
    }

    /// The focus has gone elsewhere.
    pub(super) fn blur(&mut self) {
        self.field.set_preedit("");
        self.selected = None;
        self.is_dismissed = false;
    }
}
