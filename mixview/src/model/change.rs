//! Changes of the program list: each is one request, and mixd keeps what takes it back.

use wire::message::{Move, Pattern, Replacement};
use wire::{Channel, ErrorCode, Failure, Reply, Request, is_same};

use super::{Asked, Field, Link, Model, Notice, Rule, Target, begun};

/// A change that mixd has been asked for.
#[derive(Clone, Debug)]
pub(super) struct Change {
    request: Request,
    /// What was typed where patterns are, if the change comes from there: it is left when it is done,
    /// unless something else has been typed meanwhile.
    typed: Option<String>,
}

impl Model {
    /// Sends a stream to the other channel.
    pub(super) fn send_over(&mut self, id: u32) {
        match self.stream(id).map(|stream| stream.channel) {
            Some(Channel::Aux) => self.send_to(id, Channel::Default),
            Some(Channel::Default) => self.send_to(id, Channel::Aux),
            None => {}
        }
    }

    /// Sends a stream to a channel, unless it is there.
    pub(super) fn send_to(&mut self, id: u32, channel: Channel) {
        let stream = self.stream(id);
        if stream.is_some_and(|stream| stream.channel != channel) {
            self.change(Request::MoveStream(Move { id, channel }), None);
        }
    }

    /// Sends a stream to aux that was picked where patterns are typed.
    pub(super) fn pick_offer(&mut self, id: u32) {
        let channel = Channel::Aux;
        let typed = Some(self.entry.text().to_owned());
        self.change(Request::MoveStream(Move { id, channel }), typed);
    }

    /// Puts what is typed on the list.
    pub(super) fn add_typed(&mut self) {
        let text = self.entry.text().to_owned();
        if text.trim().is_empty() {
            return;
        }
        let Some(pattern) = self.pattern(text.trim()) else {
            return;
        };
        let mut rules = self.programs.iter();
        let is_it = |rule: &&Rule| matches!(rule, Rule::Program(it) if is_same(it, &pattern));
        // mixd would do nothing, and there would be nothing of it to take back.
        match rules.find(is_it).map(Rule::pattern) {
            Some(listed) => self.tell(format!("{listed} is on the list already"), false),
            None => self.change(Request::AddProgram(pattern), Some(text)),
        }
    }

    /// Puts what a pattern was changed to in its place.
    pub(super) fn finish_edit(&mut self) {
        let Some(edit) = &self.edit else { return };
        let (old, text) = (edit.pattern, edit.field.text().trim().to_owned());
        if text.is_empty() {
            return self.tell(
                "A pattern can't be empty; Delete takes it off the list",
                true,
            );
        }
        match self.pattern(&text) {
            Some(new) if new == old => self.end_edit(),
            Some(new) => self.change(Request::ReplaceProgram(Replacement { new, old }), None),
            None => {}
        }
    }

    fn pattern(&mut self, text: &str) -> Option<Pattern> {
        let pattern = text.parse();
        if let Err(error) = &pattern {
            self.tell(format!("The pattern is {error}"), true);
        }
        pattern.ok()
    }

    /// Takes a pattern off the list.
    pub(super) fn delete(&mut self, pattern: Pattern) {
        self.change(Request::RemoveProgram(pattern), None);
    }

    /// Takes the last change back, whoever made it.
    pub(super) fn undo(&mut self) {
        self.change(Request::Undo, None);
    }

    /// Makes the change again that was taken back last.
    pub(super) fn redo(&mut self) {
        self.change(Request::Redo, None);
    }

    /// Asks for a change. A key that is held down asks for the same one again before it is done:
    /// only to take back and to make again can be meant more than once.
    fn change(&mut self, request: Request, typed: Option<String>) {
        let mut asked = self.asked.iter();
        let is_asked =
            asked.any(|asked| matches!(asked, Asked::Change(change) if change.request == request));
        let repeats = matches!(request, Request::Undo | Request::Redo);
        if self.link == Link::Up && (repeats || !is_asked) {
            let change = Change {
                request: request.clone(),
                typed,
            };
            self.ask(request, Asked::Change(Box::new(change)));
        }
    }

    /// A change is answered: it is said what was done, in mixd's words where it says them, and the
    /// place that it was asked from is left; what was refused stays where it is.
    pub(super) fn changed(&mut self, change: Change, answer: Result<Reply<'static>, Failure>) {
        let Change { request, typed } = change;
        let (text, unsaved, undo) = match answer {
            Ok(Reply::Changed(change)) => {
                let is_change = !change.added.is_empty() || !change.removed.is_empty();
                let undo = is_change && request != Request::Undo;
                (begun(&change.text), change.unsaved, undo)
            }
            Ok(Reply::Unsaved(why)) => (words(&request), Some(why), true),
            Ok(_) => (words(&request), None, true),
            Err(failure) => {
                // So it says that there is nothing to take back, or to make again.
                let is_end = matches!(request, Request::Undo | Request::Redo)
                    && failure.code == ErrorCode::Refused;
                return self.tell(begun(&failure.message), !is_end);
            }
        };
        if typed.is_some_and(|typed| typed == self.entry.text()) {
            self.entry = Field::default();
            self.picked = None;
        }
        if let Request::ReplaceProgram(replacement) = request {
            self.leave_edit(replacement);
        }
        self.said.is_listed = false;
        self.said.answer = unsaved.map(|why| Notice {
            text: format!("{text}, but it is not saved: {why}"),
            alarm: true,
            undo,
        });
        self.said.done = Some(Notice {
            text,
            alarm: false,
            undo,
        });
    }

    /// The text in a row's place goes, and the row with its new pattern has the focus.
    fn leave_edit(&mut self, Replacement { new, old }: Replacement) {
        if self.edit.as_ref().is_some_and(|edit| edit.pattern == old) {
            // mixd says the list too, but after this; without its row the focus would go elsewhere.
            for rule in &mut self.programs {
                if *rule.pattern() == old {
                    *rule = rule.with(new);
                }
            }
            self.edit = None;
            self.focus_on(Target::Pattern(new));
        }
    }
}

/// What was done by a request that mixd answers without words.
fn words(request: &Request) -> String {
    match request {
        Request::AddProgram(pattern) => format!("Added {pattern}"),
        Request::RemoveProgram(pattern) => format!("Removed {pattern}"),
        Request::ReplaceProgram(Replacement { new, old }) => format!("{old} is now {new}"),
        _ => "Done".to_owned(),
    }
}
