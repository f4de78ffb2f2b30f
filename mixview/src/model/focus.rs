//! The keyboard focus, and the order in which Tab moves it.

use wire::Channel;
use wire::message::Rule;

use super::{Model, Target};

#[derive(Debug, Default)]
pub struct Focus {
    pub target: Target,
    /// The target's place in the order, for when it goes.
    index: usize,
    /// The target when the connection was lost, until it is back or the focus is moved.
    pub(super) restore: Option<Target>,
    /// Whether a ring shows the focus: a key has moved it.
    pub(super) is_visible: bool,
    /// Whether the view has yet to scroll the target into sight.
    pub(super) scrolls: bool,
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
        let target = self
            .entry
            .selected
            .map_or(self.focus.target, Target::Suggestion);
        self.focus.scrolls.then_some(target)
    }

    /// All that can have the focus, in the order of the window.
    pub fn focus_order(&self) -> Vec<Target> {
        let status = self.status();
        let mut order = vec![Target::Slider];
        if self.daemon.is_up() {
            for channel in [Channel::Default, Channel::Aux] {
                let streams = self.daemon.streams(channel);
                order.extend(streams.map(|stream| Target::Stream(stream.id)));
            }
            order.push(Target::Entry);
            for pattern in self.daemon.rules.iter().map(Rule::pattern) {
                order.push(match &self.edit {
                    Some(edit) if edit.pattern == *pattern => Target::Edit,
                    _ => Target::Pattern(*pattern),
                });
            }
        }
        // A notice may be longer than there is room: with the focus, it is shown whole.
        if !status.text.is_empty() {
            order.push(Target::StatusLine);
        }
        if status.can_undo && self.daemon.is_up() {
            order.push(Target::Undo);
        }
        order.push(Target::Help);
        order
    }

    pub(super) fn focus_on(&mut self, target: Target) {
        if self.focus.target != target {
            self.entry.blur();
            if let Some(edit) = &mut self.edit {
                edit.field.set_preedit("");
            }
        }
        self.focus.target = target;
        self.focus.restore = None;
        self.focus.scrolls = true;
        let order = self.focus_order();
        let index = order.iter().position(|other| *other == target);
        self.focus.index = index.unwrap_or(0);
    }

    /// Moves the focus by Tab.
    pub(super) fn focus_next(&mut self, backwards: bool) {
        let order = self.focus_order();
        let step = if backwards { order.len() - 1 } else { 1 };
        self.focus_on(order[(self.focus.index + step) % order.len()]);
    }

    /// Moves the focus to the target that has taken its own one's place, if that has gone.
    pub(super) fn keep_focus(&mut self) {
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
