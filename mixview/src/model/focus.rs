//! What has the focus, and what can have it.

use wire::Channel;
use wire::message::Rule;

use super::{Link, Model, Target};

impl Model {
    /// What has the focus.
    pub fn focus(&self) -> Target {
        self.focus
    }

    /// What shows that it has the focus.
    pub fn shown_focus(&self) -> Option<Target> {
        self.focus_shown.then_some(self.focus)
    }

    /// What is to be scrolled into sight.
    pub fn sought(&self) -> Option<Target> {
        let sought = self.picked.map_or(self.focus, Target::Offer);
        self.focus_moved.then_some(sought)
    }

    /// All that can have the focus, in the order of the window.
    pub fn order(&self) -> Vec<Target> {
        // What is said may be longer than there is room, and is read to its end there.
        let foot = self.foot();
        let said = (!foot.text.is_empty()).then_some(Target::Foot);
        let mut order = vec![Target::Slider];
        if self.link != Link::Up {
            order.extend(said);
            order.push(Target::Help);
            return order;
        }
        for channel in [Channel::Default, Channel::Aux] {
            order.extend(
                self.streams(channel)
                    .map(|stream| Target::Stream(stream.id)),
            );
        }
        order.push(Target::Entry);
        for pattern in self.programs.iter().map(Rule::pattern) {
            match &self.edit {
                Some(edit) if edit.pattern == *pattern => order.push(Target::Edit),
                _ => order.push(Target::Pattern(*pattern)),
            }
        }
        order.extend(said);
        if foot.undo {
            order.push(Target::Undo);
        }
        order.push(Target::Help);
        order
    }

    pub(super) fn focus_on(&mut self, target: Target) {
        if self.focus != target {
            if let Some(field) = self.field() {
                field.compose("");
            }
            if self.focus == Target::Edit && self.link == Link::Up {
                self.edit = None;
            }
            self.offers_closed = false;
            self.picked = None;
        }
        self.focus = target;
        self.focus_left = None;
        self.focus_moved = true;
        let order = self.order();
        let at = order.iter().position(|other| *other == target);
        self.focus_at = at.unwrap_or(0);
        if let Target::Stream(id) = target {
            self.ask_reason(id);
        }
    }

    /// What has the focus may have gone; then what stands in its place has it.
    pub(super) fn keep_focus(&mut self) {
        let order = self.order();
        if let Some(at) = order.iter().position(|target| *target == self.focus) {
            self.focus_at = at;
        } else {
            let at = self.focus_at.min(order.len() - 1);
            let left = self.focus_left;
            self.focus_on(order[at]);
            self.focus_left = left;
            self.focus_moved = false;
        }
    }
}
