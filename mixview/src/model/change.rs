//! Changes of the program list: each is a few requests, one after the other, and can be taken
//! back.

use std::collections::VecDeque;

use wire::message::{Pattern, Replacement};
use wire::{Failure, Reply, Request, is_same};

use super::send::Leaver;
use super::step::{Step, place};
use super::{Asked, Link, Model, Notice, Target, begun};

/// The most changes that can be taken back.
const MOST: usize = 100;

/// What is done to the list, a step after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// What is said when it is done.
    pub(super) words: String,
    pub(super) steps: Vec<Step>,
    pub(super) origin: Origin,
    /// The stream that is to leave the aux channel by it, however many patterns hold it there.
    pub(super) leaves: Option<Leaver>,
}

/// Where a change comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The line where patterns are typed: it is emptied.
    Entry,
    /// A pattern that was changed in its place.
    Edit,
    /// A stream, or a row of the list.
    Row,
    /// A change that is taken back.
    Undo,
}

/// What is being changed, what is to be, and what was.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) now: Option<Work>,
    next: VecDeque<Change>,
    /// What takes the changes back, the last one at the end.
    past: Vec<Change>,
}

/// A change at work.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) change: Change,
    /// Requests that are not sent yet.
    pub(super) left: VecDeque<Step>,
    /// The one that is not answered yet.
    step: Step,
    /// What takes back what has taken effect, the last at the end.
    back: Vec<Step>,
    /// Why it will not last.
    unsaved: Option<String>,
    /// Why it was not done: what was is being put back.
    failed: Option<String>,
}

impl Changes {
    /// The stream that leaves by the change at work.
    pub(super) fn leaver(&mut self) -> Option<&mut Leaver> {
        self.now.as_mut()?.change.leaves.as_mut()
    }

    /// Says whether something was on its way. What was being taken back can be later.
    pub(super) fn forget(&mut self) -> bool {
        self.next.clear();
        match self.now.take() {
            Some(work) => {
                self.keep(work.change);
                true
            }
            None => false,
        }
    }

    /// Puts what was to take a change back where it was, for another attempt.
    fn keep(&mut self, change: Change) {
        if change.origin == Origin::Undo {
            self.past.push(change);
        }
    }
}

impl Model {
    /// Puts what is typed on the list.
    pub(super) fn add_typed(&mut self) {
        let text = self.entry.text().trim().to_owned();
        if text.is_empty() {
            return;
        }
        let Some(pattern) = self.pattern(&text) else {
            return;
        };
        match place(&self.programs, &pattern) {
            Some(at) => {
                let listed = self.programs[at];
                self.tell(format!("{listed} is on the list already"), false);
            }
            None => self.change(Change {
                words: format!("Added {pattern}"),
                steps: vec![Step::Add(pattern)],
                origin: Origin::Entry,
                leaves: None,
            }),
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
            Some(new) if !is_same(&new, &old) && place(&self.programs, &new).is_some() => {
                self.tell(format!("{new} is on the list already"), true);
            }
            Some(new) => self.change(Change {
                words: format!("{old} is now {new}"),
                steps: vec![Step::Replace(Replacement { new, old })],
                origin: Origin::Edit,
                leaves: None,
            }),
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
        self.change(Change {
            words: format!("Removed {pattern}"),
            steps: vec![Step::Remove(pattern)],
            origin: Origin::Row,
            leaves: None,
        });
    }

    /// Takes the last change back.
    pub(super) fn undo(&mut self) {
        if self.link != Link::Up || self.changes.now.is_some() {
            return;
        }
        match self.changes.past.pop() {
            Some(change) => self.change(change),
            None => self.tell("There is nothing to undo".to_owned(), false),
        }
    }

    pub(super) fn change(&mut self, change: Change) {
        if self.link == Link::Up {
            self.changes.next.push_back(change);
            self.start_change();
        }
    }

    fn start_change(&mut self) {
        if self.changes.now.is_some() {
            return;
        }
        let Some(change) = self.changes.next.pop_front() else {
            return;
        };
        let steps = change.steps.iter();
        let mut left: VecDeque<Step> = steps.filter_map(|step| step.on(&self.programs)).collect();
        let Some(step) = left.pop_front() else {
            self.end(&change);
            if change.origin == Origin::Undo {
                self.tell("That was taken back elsewhere", false);
            }
            return self.start_change();
        };
        self.changes.now = Some(Work {
            change,
            left,
            step,
            back: Vec::new(),
            unsaved: None,
            failed: None,
        });
        self.ask(step.request(), Asked::Step);
    }

    /// The step at work is answered.
    pub(super) fn stepped(&mut self, answer: Result<Reply<'static>, Failure>) {
        let Some(mut work) = self.changes.now.take() else {
            return;
        };
        match (work.step, answer) {
            (step, Ok(reply)) => {
                if let Reply::Unsaved(why) = reply {
                    work.unsaved = Some(why.into_owned());
                }
                work.back.push(step.back(&self.programs));
                step.apply(&mut self.programs);
            }
            // Somebody else was faster: it is off the list.
            (Step::Remove(_), Err(_)) => {}
            (_, Err(failure)) => {
                work.failed = Some(begun(&failure.message));
                work.left = work.back.drain(..).rev().collect();
            }
        }
        self.go_on(work);
    }

    /// Asks for the next step of a change, or ends it.
    pub(super) fn go_on(&mut self, mut work: Work) {
        if let Some(step) = work.left.pop_front() {
            work.step = step;
            self.changes.now = Some(work);
            return self.ask(step.request(), Asked::Step);
        }
        if work.failed.is_none()
            && let Some(leaver) = &work.change.leaves
            && !leaver.is_out
        {
            self.ask(Request::GetStream(leaver.id), Asked::Holder);
            self.changes.now = Some(work);
            return;
        }
        self.finish(work);
        self.start_change();
    }

    fn finish(&mut self, work: Work) {
        let Work {
            change,
            back,
            unsaved,
            failed,
            ..
        } = work;
        if let Some(why) = failed {
            self.changes.keep(change);
            return self.tell(why, true);
        }
        self.end(&change);
        let undo = change.origin != Origin::Undo && !back.is_empty();
        if undo {
            self.changes.past.push(Change {
                words: format!("Undone: {}", change.words),
                steps: back.into_iter().rev().collect(),
                origin: Origin::Undo,
                leaves: None,
            });
            if self.changes.past.len() > MOST {
                self.changes.past.remove(0);
            }
        }
        self.said.done = Some(Notice {
            text: change.words.clone(),
            alarm: false,
            undo,
        });
        self.said.answer = unsaved.map(|why| Notice {
            text: format!("{}, but it is not saved: {why}", change.words),
            alarm: true,
            undo,
        });
    }

    /// The place that a change comes from is left.
    fn end(&mut self, change: &Change) {
        match change.origin {
            Origin::Entry => {
                self.entry = super::Field::default();
                self.picked = None;
            }
            Origin::Edit => {
                let edited = self.edit.as_ref().map(|edit| edit.pattern);
                if let [Step::Replace(Replacement { new, old })] = change.steps[..]
                    && edited == Some(old)
                {
                    self.edit = None;
                    self.focus_on(Target::Pattern(new));
                }
            }
            Origin::Row | Origin::Undo => {}
        }
    }
}
