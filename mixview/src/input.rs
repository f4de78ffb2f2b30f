//! Pointer and touch input: places in, messages out. Independent of the windowing library.

use std::time::Duration;

use wire::{Channel, Volume};

use crate::geometry::Rect;
use crate::model::{Dragged, Message, Pane, Selection, SliderMessage, Target};
use crate::theme::ROW;
use crate::view::{Frame, Role};

/// Two clicks within this time are a double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);
/// How far the pointer may move during a click, in logical pixels.
const CLICK_SLOP: f32 = 6.0;
/// A press that follows the focus within this time has raised the window.
const RAISE: Duration = Duration::from_millis(50);
/// How far the pointer may pull the slider's handle before that moves, in logical pixels: about a
/// hundredth of the volume.
const HANDLE_SLOP: f32 = 2.0;

/// The pointer; places are in logical pixels, times since any start.
#[derive(Debug, Default)]
pub struct Pointer {
    x: f32,
    y: f32,
    /// Whether it is over the window.
    is_inside: bool,
    press: Option<Press>,
    /// When and where the button was pressed last.
    pressed: Option<(Duration, f32, f32)>,
    /// Whether it has moved further since than in a click.
    has_moved: bool,
    /// What was under it when the button was pressed last.
    last_target: Option<Target>,
    /// Which press of a double or triple click the last one was, from 1 to 3.
    press_count: u8,
    /// When the window got the focus.
    focused: Option<Duration>,
    /// The finger that is followed.
    finger: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    Down,
    Move,
    Up,
    /// The display has taken it for something else.
    Cancelled,
}

/// The thing under the pointer when the button was pressed.
#[derive(Clone, Copy, Debug)]
enum Press {
    /// The slider's handle, at this distance from its middle.
    Handle(f32),
    Stream {
        id: u32,
        /// Whether it is the second press of a double click.
        is_second: bool,
    },
    Text,
    Target(Target),
    /// Something that a release does not concern.
    Ignored,
}

impl Pointer {
    /// The pointer is here now.
    pub fn moved(&mut self, x: f32, y: f32, frame: &Frame) -> Vec<Message> {
        (self.x, self.y) = (x, y);
        self.is_inside = true;
        let (_, from_x, from_y) = self.pressed.unwrap_or((Duration::ZERO, x, y));
        let (away_x, away_y) = (x - from_x, y - from_y);
        self.has_moved |= match self.press {
            Some(Press::Handle(_)) => away_x.abs() > HANDLE_SLOP,
            _ => away_x.hypot(away_y) > CLICK_SLOP,
        };
        match self.press {
            Some(Press::Handle(beside)) if self.has_moved => {
                let volume = frame.track.volume(x - beside);
                vec![Message::Slider(SliderMessage::Drag(volume))]
            }
            Some(Press::Stream { id, .. }) if self.has_moved => {
                let channel = drop_channel(x, y, frame);
                vec![Message::Drag(Dragged { id, x, y, channel })]
            }
            // A double click selects a word, whatever a shaking hand does to it.
            Some(Press::Text) if self.has_moved || self.press_count == 1 => {
                let at = caret_at(x, y, frame);
                at.map(|at| Message::Caret { at, selects: true })
                    .into_iter()
                    .collect()
            }
            Some(_) => Vec::new(),
            None => vec![Message::Hover(self.target(frame))],
        }
    }

    /// A logical pixel is `factor` times as large as before.
    pub fn rescaled(&mut self, factor: f32) {
        self.x /= factor;
        self.y /= factor;
    }

    /// The pointer has left the window.
    pub fn left(&mut self) -> Vec<Message> {
        self.is_inside = false;
        // While a button is held, it is still ours.
        match self.press {
            Some(_) => Vec::new(),
            None => vec![Message::Hover(None)],
        }
    }

    /// Returns a message if the pointer is no longer over `hover`, because the window has changed
    /// under it.
    pub fn hover_changed(&self, hover: Option<Target>, frame: &Frame) -> Option<Message> {
        let target = self.target(frame).filter(|_| self.is_inside);
        (self.press.is_none() && target != hover).then_some(Message::Hover(target))
    }

    /// A finger touches the window. One is followed at a time: another would pull the handle from
    /// under the first.
    pub fn touched(
        &mut self,
        now: Duration,
        finger: u64,
        touch: Touch,
        (x, y): (f32, f32),
        frame: &Frame,
    ) -> Vec<Message> {
        if touch == Touch::Down && self.finger.is_none() {
            self.finger = Some(finger);
        } else if self.finger != Some(finger) {
            return Vec::new();
        }
        let mut messages = self.moved(x, y, frame);
        match touch {
            Touch::Down => messages.extend(self.pressed(now, false, frame)),
            Touch::Move => return messages,
            Touch::Up => messages.extend(self.released(frame)),
            Touch::Cancelled => messages.extend(self.cancel()),
        }
        if touch != Touch::Down {
            self.finger = None;
            messages.extend(self.left());
        }
        messages
    }

    /// Releases whatever is held, without a click or a drop.
    fn cancel(&mut self) -> Option<Message> {
        match self.press.take() {
            Some(Press::Handle(_)) => Some(Message::Slider(SliderMessage::Release)),
            Some(Press::Stream { .. }) if self.has_moved => Some(Message::Drop(None)),
            _ => None,
        }
    }

    /// The window has got the focus. A click may have raised it: X servers and compositors give the focus
    /// just before they pass the press on, or, some window managers, a little after. Such a click only raises.
    /// Where nobody gives the focus, as on a bare X server, no click raises.
    pub fn focused(&mut self, now: Duration) {
        self.focused = Some(now);
        self.only_raise();
    }

    /// Has the release of the button click on nothing.
    fn only_raise(&mut self) {
        if let Some(Press::Target(_)) = self.press {
            self.press = Some(Press::Ignored);
        }
    }

    /// The button is pressed; with Shift, a press extends the selection of a text.
    pub fn pressed(&mut self, now: Duration, shift: bool, frame: &Frame) -> Vec<Message> {
        let (x, y) = (self.x, self.y);
        // Another button, or a finger, may hold something.
        let mut messages = Vec::from_iter(self.cancel());
        let is_second = self.pressed.is_some_and(|(at, last_x, last_y)| {
            now.saturating_sub(at) <= DOUBLE_CLICK && (x - last_x).hypot(y - last_y) <= CLICK_SLOP
        });
        self.pressed = Some((now, x, y));
        self.has_moved = false;
        self.press_count = match (is_second, self.press_count) {
            (false, _) => 1,
            (true, 2) => 3,
            (true, _) => 2,
        };
        let is_double = self.press_count == 2;
        let target = self.target(frame);
        let before = std::mem::replace(&mut self.last_target, target);
        let raises = |focused| now.saturating_sub(focused) <= RAISE;
        let has_raised = self.focused.is_some_and(raises);
        let hit = frame.hit(x, y);
        if hit != Some(&Role::Overlay) {
            messages.push(Message::Press(target));
        }
        let press = match hit {
            Some(Role::Target(Target::Slider)) => {
                let beside = x - frame.track.handle;
                let (press, volume) = match beside.abs() <= frame.track.radius {
                    _ if is_double => (Press::Ignored, Some(Volume::MIDDLE)),
                    // A drag goes on from where the handle is.
                    _ if has_raised => (Press::Handle(beside), None),
                    // The handle does not jump when it is taken beside its middle.
                    true => (Press::Handle(beside), None),
                    false => (Press::Handle(0.0), Some(frame.track.volume(x))),
                };
                messages.push(Message::Slider(SliderMessage::Grab(volume)));
                if is_double {
                    messages.push(Message::Slider(SliderMessage::Release));
                }
                press
            }
            // The first click has sent the row away: this is the next one, slid under the pointer.
            Some(Role::Target(
                Target::Send(_) | Target::Suggestion(_) | Target::StartEdit(_) | Target::Delete(_),
            )) if is_second => Press::Ignored,
            Some(Role::Target(Target::Stream(id))) => Press::Stream {
                id: *id,
                is_second: is_double && before == Some(Target::Stream(*id)),
            },
            Some(Role::Target(target)) => Press::Target(*target),
            Some(Role::Text(target, _)) => {
                messages.push(Message::Click(*target));
                let at = caret_at(x, y, frame);
                messages.extend(at.map(|at| match self.press_count {
                    2 => Message::SelectWord(at),
                    3 => Message::SelectAll,
                    _ => Message::Caret { at, selects: shift },
                }));
                Press::Text
            }
            Some(Role::Overlay | Role::Pane(_) | Role::Header) | None => Press::Ignored,
        };
        self.press = Some(press);
        if has_raised {
            self.only_raise();
        }
        messages
    }

    /// The middle button is pressed: over a text it pastes what was selected last.
    pub fn middle_pressed(&self, frame: &Frame) -> Vec<Message> {
        let Some(Role::Text(target, _)) = frame.hit(self.x, self.y) else {
            return Vec::new();
        };
        let mut messages = vec![Message::Press(Some(*target)), Message::Click(*target)];
        let at = caret_at(self.x, self.y, frame);
        messages.extend(at.map(|at| Message::Caret { at, selects: false }));
        messages.push(Message::Paste(Selection::Primary));
        messages
    }

    pub fn released(&mut self, frame: &Frame) -> Vec<Message> {
        let target = self.target(frame);
        let message = match self.press {
            Some(Press::Stream { .. }) if self.has_moved => {
                let (width, height) = frame.size;
                let is_inside = self.x >= 0.0 && self.y >= 0.0 && self.x < width && self.y < height;
                Some(Message::Drop(
                    is_inside.then(|| drop_channel(self.x, self.y, frame)),
                ))
            }
            Some(Press::Stream {
                id,
                is_second: true,
            }) => Some(Message::Click(Target::Send(id))),
            Some(Press::Stream { id, .. }) => Some(Message::Click(Target::Stream(id))),
            Some(Press::Target(pressed)) if target == Some(pressed) => {
                Some(Message::Click(pressed))
            }
            Some(Press::Text) => Some(Message::Selected),
            _ => self.cancel(),
        };
        self.press = None;
        message
            .into_iter()
            .chain([Message::Hover(target)])
            .collect()
    }

    /// The wheel turns by a number of notches: `right`, and `up`, away from the user.
    pub fn wheel(&mut self, right: f32, up: f32, frame: &Frame) -> Vec<Message> {
        match frame.wheel_at(self.x, self.y) {
            Some(Role::Header) => vec![Message::Slider(SliderMessage::Wheel(up + right))],
            Some(Role::Pane(pane)) => vec![Message::Scroll(*pane, -up * ROW)],
            _ => Vec::new(),
        }
    }

    fn target(&self, frame: &Frame) -> Option<Target> {
        match frame.hit(self.x, self.y) {
            Some(Role::Target(target) | Role::Text(target, _)) => Some(*target),
            _ => None,
        }
    }
}

/// The channel that a drop here sends to: on the field for patterns, or on their list, always aux; elsewhere
/// that in whose half of the window it is.
fn drop_channel(x: f32, y: f32, frame: &Frame) -> Channel {
    let is_list = frame.areas.iter().any(|area| {
        let role = &area.role;
        matches!(
            role,
            Role::Text(Target::Entry, _) | Role::Pane(Pane::Patterns)
        ) && area.rect.contains(x, y)
    });
    match x < frame.size.0 / 2.0 && !is_list {
        true => Channel::Default,
        false => Channel::Aux,
    }
}

/// Returns the byte of the text between the two characters nearest to this place.
fn caret_at(x: f32, y: f32, frame: &Frame) -> Option<usize> {
    // While the button is held, the pointer may leave the text that it began in, which has the
    // caret.
    let is_it = |rect: &Rect| {
        let caret = frame.caret;
        rect.contains(x, y) || caret.is_some_and(|caret| rect.contains(caret.x, caret.y))
    };
    let stops = frame.areas.iter().rev().find_map(|area| match &area.role {
        Role::Text(_, stops) if is_it(&area.rect) => Some(stops),
        _ => None,
    })?;
    let far = |stop: &(usize, f32)| (stop.1 - x).abs();
    let (at, _) = stops.iter().min_by(|a, b| far(a).total_cmp(&far(b)))?;
    Some(*at)
}

#[cfg(test)]
mod tests;
