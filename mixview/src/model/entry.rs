//! The text field for a new pattern, and the playing streams that are suggested below it.

use wire::{Channel, Stream, StreamState};

use super::daemon::Daemon;
use super::text_field::TextField;

#[derive(Debug, Default)]
pub struct Entry {
    pub field: TextField,
    /// The suggestion that Enter takes, by the stream's id.
    pub selected: Option<u32>,
    /// Whether the suggestions are closed until the text changes.
    pub(super) is_dismissed: bool,
}

impl Entry {
    /// The streams that can still be added to the list and whose names contain the text, each name
    /// once.
    pub(super) fn suggestions<'a>(&self, daemon: &'a Daemon) -> Vec<&'a Stream> {
        let mut suggestions: Vec<&Stream> = Vec::new();
        if self.is_dismissed {
            return suggestions;
        }
        let text = self.field.text().to_lowercase();
        for stream in daemon.streams(Channel::Default) {
            let mut names = [Some(&stream.name), stream.binary.as_ref()]
                .into_iter()
                .flatten();
            let fits = names.any(|name| name.to_lowercase().contains(&text));
            let same = |other: &&Stream| other.name == stream.name && other.binary == stream.binary;
            let is_listed = stream.state == StreamState::Ignored;
            if fits && !is_listed && !suggestions.iter().any(same) {
                suggestions.push(stream);
            }
        }
        suggestions
    }

    /// Empties the field.
    pub(super) fn clear(&mut self) {
        self.field = TextField::default();
        self.selected = None;
    }

    /// Selects the next or the previous suggestion; before the first is none of them.
    pub(super) fn select(&mut self, step: isize, daemon: &Daemon) {
        self.is_dismissed = false;
        let suggestions = self.suggestions(daemon);
        let selected = |stream: &&Stream| Some(stream.id) == self.selected;
        let next = match suggestions.iter().position(selected) {
            None => (step > 0).then_some(0),
            Some(at) => at.checked_add_signed(step),
        };
        let next = next.and_then(|at| suggestions.get(at).or(suggestions.last()));
        self.selected = next.map(|stream| stream.id);
    }

    /// The focus has gone elsewhere.
    pub(super) fn blur(&mut self) {
        self.field.set_preedit("");
        self.selected = None;
        self.is_dismissed = false;
    }
}
