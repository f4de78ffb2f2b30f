//! The keyboard focus: Tab moves it from one part of the window to the next, the arrow keys move it within
//! a part.

use wire::Channel;
use wire::message::Rule;

use super::{Key, Model, Target};

/// A part of the window that Tab stops at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Slider,
    Streams(Channel),
    Entry,
    Patterns,
    /// The alarm, the status line, and the buttons beside it.
    Foot,
}

#[derive(Debug, Default)]
pub struct Focus {
    pub target: Target,
    /// The target's place in the order, for when it goes.
    index: usize,
    /// Where the focus was last in each stop.
    visited: Vec<Target>,
    /// The target when the connection was lost, until it is back or the focus is moved.
    pub(super) restore: Option<Target>,
    /// Whether a ring shows the focus: a key has moved it.
    pub(super) is_visible: bool,
    /// Whether the view has yet to scroll the target into sight.
    pub(super) scrolls: bool,
    /// Whether the window has room for the slider alone.
    pub is_low: bool,
}

impl Focus {
    /// The target that has a ring around it.
    pub fn ring(&self) -> Option<Target> {
        self.is_visible.then_some(self.target)
    }
}

impl Model {
    /// The target that the view has to scroll into sight.
    pub fn scroll_target(&self) -> Option<Target> {
        let added = self.added.map(Target::Pattern);
        let selected = self.entry.selected.map(Target::Suggestion);
        let target = added.or(selected).unwrap_or(self.focus.target);
        self.focus.scrolls.then_some(target)
    }

    /// Takes in whether the window has room for the slider alone: what is not seen has no focus.
    pub fn set_low(&mut self, is_low: bool) {
        self.focus.is_low = is_low;
        self.keep_focus();
    }

    /// All that can have the focus, in the order of the window: from stop to stop.
    pub fn focus_order(&self) -> Vec<Target> {
        let status = self.status();
        let mut order = vec![Target::Slider];
        if self.daemon.is_up() && self.value.is_some() {
            order.push(Target::Value);
        }
        if self.focus.is_low {
            return order;
        }
        if self.daemon.is_up() {
            for channel in [Channel::Default, Channel::Aux] {
                let programs = self.daemon.programs(channel);
                let rows = programs.iter();
                order.extend(rows.map(|program| Target::Stream(program.first.id)));
            }
            order.push(Target::Entry);
            for pattern in self.daemon.rules.iter().map(Rule::pattern) {
                order.push(match &self.edit {
                    Some(edit) if edit.pattern == *pattern => Target::Edit,
                    _ => Target::Pattern(*pattern),
                });
            }
        }
        if self.alarm().is_some() {
            order.push(Target::Alarm);
        }
        // A notice may be longer than there is room: with the focus, it is shown whole. Tab goes to the help;
        // the arrow keys reach what is left of it.
        if !status.text.is_empty() {
            order.push(Target::StatusLine);
        }
        if status.can_undo && self.daemon.is_up() {
            order.push(Target::Undo);
        }
        if status.can_redo && self.daemon.is_up() {
            order.push(Target::Redo);
        }
        order.push(Target::Help);
        order
    }

    pub(super) fn focus_on(&mut self, target: Target) {
        if self.focus.target != target {
            self.awaits_paste = false;
            self.entry.blur();
            if let Some(edit) = &mut self.edit {
                edit.field.set_preedit("");
            }
        }
        let stop = self.stop(target);
        let mut visited = std::mem::take(&mut self.focus.visited);
        visited.retain(|other| self.stop(*other).is_some_and(|other| Some(other) != stop));
        visited.push(target);
        self.focus.visited = visited;
        self.focus.target = target;
        self.focus.restore = None;
        self.focus.scrolls = true;
        let order = self.focus_order();
        let index = order.iter().position(|other| *other == target);
        self.focus.index = index.unwrap_or(0);
    }

    /// The stop that a target belongs to; none of what the pointer alone reaches.
    fn stop(&self, target: Target) -> Option<Stop> {
        Some(match target {
            Target::Slider | Target::Value => Stop::Slider,
            Target::Stream(id) => Stop::Streams(self.daemon.stream(id)?.channel),
            Target::Entry => Stop::Entry,
            Target::Pattern(_) | Target::Edit => Stop::Patterns,
            Target::Alarm | Target::StatusLine | Target::Undo | Target::Redo | Target::Help => {
                Stop::Foot
            }
            Target::End(_)
            | Target::Send(_)
            | Target::Suggestion(_)
            | Target::StartEdit(_)
            | Target::Delete(_)
            | Target::Command => return None,
        })
    }

    /// The targets of a stop, in the order of the window.
    fn targets(&self, stop: Stop) -> Vec<Target> {
        let mut targets = self.focus_order();
        targets.retain(|target| self.stop(*target) == Some(stop));
        targets
    }

    /// Moves the focus by Tab: to where it was last in the next stop, else to its first target, in the foot
    /// to the help.
    pub(super) fn focus_next(&mut self, backwards: bool) {
        let order = self.focus_order();
        let mut stops: Vec<Stop> = order
            .iter()
            .filter_map(|target| self.stop(*target))
            .collect();
        stops.dedup();
        let here = self.stop(self.focus.target);
        let here = stops.iter().position(|stop| Some(*stop) == here);
        let step = if backwards { stops.len() - 1 } else { 1 };
        let stop = stops[(here.unwrap_or(0) + step) % stops.len()];
        let targets = self.targets(stop);
        let mut visited = self.focus.visited.iter();
        let visited = visited.find(|target| targets.contains(target));
        let first = match stop {
            Stop::Foot => targets.last(),
            _ => targets.first(),
        };
        if let Some(target) = visited.or(first) {
            self.focus_on(*target);
        }
    }

    /// Moves the focus by an arrow key or its like: within its stop, or to the streams of the other channel.
    pub(super) fn focus_within(&mut self, key: Key) {
        let Some(stop) = self.stop(self.focus.target) else {
            return;
        };
        let targets = self.targets(stop);
        let mut others = targets.iter();
        let Some(at) = others.position(|other| *other == self.focus.target) else {
            return;
        };
        let to = match (key, stop) {
            (Key::Left, Stop::Streams(_)) => return self.focus_across(Channel::Default, at),
            (Key::Right, Stop::Streams(_)) => return self.focus_across(Channel::Aux, at),
            (Key::Left, Stop::Foot) | (Key::Up, _) => at.saturating_sub(1),
            (Key::Right, Stop::Foot) | (Key::Down, _) => at + 1,
            (Key::PageUp, _) => at.saturating_sub(5),
            (Key::PageDown, _) => at + 5,
            (Key::Home, _) => 0,
            (Key::End, _) => targets.len(),
            _ => return,
        };
        self.focus_on(targets[to.min(targets.len() - 1)]);
    }

    /// Moves the focus to a row of a channel, or to its last one.
    fn focus_across(&mut self, channel: Channel, row: usize) {
        let rows = self.targets(Stop::Streams(channel));
        if let Some(target) = rows.get(row).or(rows.last()) {
            self.focus_on(*target);
        }
    }

    /// Returns the streams of the program whose row has the focus.
    pub(super) fn focused_row(&self) -> Vec<u32> {
        let program = match self.focus.target {
            Target::Stream(id) => self.daemon.program(id),
            _ => None,
        };
        program.map_or_else(Vec::new, |program| program.ids().collect())
    }

    /// Keeps the focus on a row whose oldest stream has ended, if another of its streams is left.
    pub(super) fn follow_row(&mut self, streams: &[u32]) {
        let mut left = streams.iter();
        if let Some(id) = left.find(|id| self.daemon.stream(**id).is_some()) {
            self.focus.target = Target::Stream(*id);
        }
    }

    /// Moves the focus to the target that has taken its own one's place, if that has gone.
    pub(super) fn keep_focus(&mut self) {
        if let Target::Stream(id) = self.focus.target
            && let Some(program) = self.daemon.program(id)
        {
            // It may have come to a row whose oldest stream is another.
            self.focus.target = Target::Stream(program.first.id);
        }
        let order = self.focus_order();
        let target = self.focus.target;
        if let Some(index) = order.iter().position(|other| *other == target) {
            self.focus.index = index;
            return;
        }
        let restore = self.focus.restore;
        self.focus_on(order[self.focus.index.min(order.len() - 1)]);
        self.focus.restore = restore;
        self.focus.scrolls = false;
    }
}
