//! Edits of the program list: each is one request, and mixd keeps what undoes it.

use wire::message::{Move, Pattern, Replacement, Rule};
use wire::{Channel, Failure, Reason, Reply, Request, is_same};

use super::status::{Notice, capitalized};
use super::{Edit, Model, Target, TextField};

impl Model {
    pub(super) fn edit_list(&mut self, request: Request, typed: Option<String>) {
        if !self.daemon.knows(&request) {
            let name = request.name();
            let text = format!("This mixd is older than the window: it does not know '{name}'");
            return self.say(text, true);
        }
        self.effects.extend(self.daemon.edit_list(request, typed));
    }

    /// Moves a stream's program to the other channel.
    pub(super) fn move_across(&mut self, id: u32) {
        match self.daemon.stream(id).map(|stream| stream.channel) {
            Some(Channel::Aux) => self.move_stream(id, Channel::Default),
            Some(Channel::Default) => self.move_stream(id, Channel::Aux),
            None => {}
        }
    }

    /// Moves a stream's program to a channel, unless it is there.
    pub(super) fn move_stream(&mut self, id: u32, channel: Channel) {
        self.move_program(id, channel, None);
    }

    /// Sends a program that is suggested to the aux channel.
    pub(super) fn add_stream(&mut self, id: u32) {
        let typed = self.entry.field.text().to_owned();
        self.move_program(id, Channel::Aux, Some(typed));
    }

    fn move_program(&mut self, id: u32, channel: Channel, typed: Option<String>) {
        let program = self.daemon.program(id);
        if let Some(program) = program.filter(|program| program.first.channel != channel) {
            let id = program.movable().id;
            self.edit_list(Request::MoveStream(Move { id, channel }), typed);
        }
    }

    /// Adds the entry's text to the list.
    pub(super) fn add_pattern(&mut self) {
        let text = self.entry.field.text().to_owned();
        if text.trim().is_empty() {
            return;
        }
        let Some(pattern) = self.parse_pattern(text.trim()) else {
            return;
        };
        let mut rules = self.daemon.rules.iter();
        let is_it = |rule: &&Rule| matches!(rule, Rule::Program(it) if is_same(it, &pattern));
        // mixd would do nothing, and there would be nothing to undo.
        match rules.find(is_it).map(Rule::pattern) {
            Some(listed) => self.say(format!("{listed} is on the list already"), false),
            None => self.edit_list(Request::AddProgram(pattern), Some(text)),
        }
    }

    /// Has a pattern changed in its row. One is changed at a time: another change that is not finished, as
    /// mixd refuses it, has the focus instead.
    pub(super) fn start_edit(&mut self, pattern: Pattern) {
        if !self.daemon.lists(pattern) {
            return;
        }
        match &self.edit {
            Some(edit) if edit.pattern == pattern => {}
            Some(edit) if edit.is_change() => {
                self.say("Finish this change first, or give it up with Esc", true);
            }
            _ => {
                self.focus_on(Target::Pattern(pattern));
                let field = TextField::selected(&pattern);
                self.edit = Some(Edit { pattern, field });
            }
        }
        self.focus_on(Target::Edit);
    }

    /// Finishes an edit that has the focus, which is about to go elsewhere. Returns whether it may.
    pub(super) fn leave_edit(&mut self) -> bool {
        self.focus.target != Target::Edit || self.finish_edit()
    }

    /// Gives up an edit whose pattern has gone from the list, and says so, unless the list has what it would
    /// have become.
    pub(super) fn keep_edit(&mut self) {
        let is_listed = |pattern: &str| {
            let mut rules = self.daemon.rules.iter();
            rules.any(|rule| **rule.pattern() == *pattern)
        };
        let Some(edit) = self.edit.take_if(|edit| !is_listed(&edit.pattern)) else {
            return;
        };
        let text = edit.field.text().trim();
        if edit.is_change() && !is_listed(text) {
            let pattern = edit.pattern;
            self.say(
                format!("{pattern} is no longer on the list: its change to {text} is given up"),
                true,
            );
        }
    }

    pub(super) fn cancel_edit(&mut self) {
        if let Some(edit) = self.edit.take() {
            self.focus_on(Target::Pattern(edit.pattern));
        }
    }

    /// Replaces the pattern that is being changed. Returns whether it can: else it says why not.
    pub(super) fn finish_edit(&mut self) -> bool {
        let Some(edit) = &self.edit else { return true };
        let (old, text) = (edit.pattern, edit.field.text().trim().to_owned());
        if text.is_empty() {
            let text = "A pattern can't be empty: give the change up with Esc, then Delete takes it off the list";
            self.say(text, true);
            return false;
        }
        match self.parse_pattern(&text) {
            Some(new) if new == old => self.cancel_edit(),
            Some(new) => {
                let replacement = Replacement { new, old };
                self.edit_list(Request::ReplaceProgram(replacement), None);
            }
            None => return false,
        }
        true
    }

    fn parse_pattern(&mut self, text: &str) -> Option<Pattern> {
        let pattern = text.parse();
        if let Err(error) = &pattern {
            self.say(format!("The pattern is {error}"), true);
        }
        pattern.ok()
    }

    /// Reports the reply in the status line, in mixd's words where it has some, and closes the text field
    /// that the request came from; refused text stays where it is.
    pub(super) fn list_edited(
        &mut self,
        request: &Request,
        typed: Option<String>,
        reply: Result<Reply<'static>, Failure>,
    ) {
        let mut added = match request {
            Request::AddProgram(pattern) => Some(*pattern),
            _ => None,
        };
        let (text, unsaved, is_change) = match reply {
            Ok(Reply::Changed(change)) => {
                added = change.added.first().map(Rule::pattern).copied();
                let is_change = !change.added.is_empty() || !change.removed.is_empty();
                (capitalized(&change.text), change.unsaved, is_change)
            }
            Ok(Reply::Unsaved(why)) => (done(request), Some(why), true),
            Ok(_) => (done(request), None, true),
            Err(failure) => {
                // That there is nothing to undo or redo is no warning.
                let is_end = failure.reason == Some(Reason::NoChange);
                return self.say(capitalized(&failure.message), !is_end);
            }
        };
        let is_undo = *request == Request::Undo;
        let can_undo = is_change && !is_undo && self.daemon.knows(&Request::Undo);
        let can_redo = is_change && is_undo && self.daemon.knows(&Request::Redo);
        if let Some(typed) = typed {
            self.added = added;
            // Unless something else has been typed meanwhile.
            if typed == self.entry.field.text() {
                self.entry.clear();
            }
        }
        if let Request::ReplaceProgram(Replacement { new, old }) = *request
            && let Some(edit) = self.edit.as_mut().filter(|edit| edit.pattern == old)
        {
            // mixd says the list too, but after this; without its row the focus would go elsewhere.
            for rule in &mut self.daemon.rules {
                if *rule.pattern() == old {
                    *rule = rule.with(new);
                }
            }
            edit.pattern = new;
            // Unless something else has been typed meanwhile.
            if !edit.is_change() {
                self.edit = None;
                if self.focus.target == Target::Edit {
                    self.focus_on(Target::Pattern(new));
                }
            }
        }
        self.status.is_list_known = false;
        self.status.answer = unsaved.map(|why| Notice {
            text: format!("{text}, but it is not saved: {why}"),
            is_warning: true,
            ..Notice::default()
        });
        self.status.done = Some(Notice {
            text,
            is_warning: false,
            can_undo,
            can_redo,
        });
    }
}

/// Reports a change that mixd confirms without words.
fn done(request: &Request) -> String {
    match request {
        Request::AddProgram(pattern) => format!("Added {pattern}"),
        Request::RemoveProgram(pattern) => format!("Removed {pattern}"),
        Request::ReplaceProgram(Replacement { new, old }) => format!("{old} is now {new}"),
        _ => "Done".to_owned(),
    }
}
