//! What the pointer does to the window: places in, messages out. Knows nothing of windowing.

use std::time::Duration;

use wire::{Channel, Volume};

use crate::model::{Dragged, Message, SliderMessage, Target};
use crate::theme::ROW;
use crate::view::{Frame, Role};

/// Two clicks within this time are a double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);
/// How far the pointer may go between a press and a release that are a click, in logical pixels.
const CLICK_SLOP: f32 = 6.0;
/// How far the slider's handle may be pulled without being moved, in logical pixels: about what a
/// hundredth is.
const DRAG_THRESHOLD: f32 = 2.0;

/// The pointer.
#[derive(Debug, Default)]
pub struct Pointer {
    x: f32,
    y: f32,
    /// Whether it is over the window.
    is_in: bool,
    press: Option<Press>,
    /// When and where the button was pressed last.
    last: Option<(Duration, f32, f32)>,
    /// Whether that was for the middle of the slider.
    was_double: bool,
    /// The finger that is followed.
    finger: Option<u64>,
}

/// What a finger does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// It comes down.
    Down,
    /// It moves.
    Move,
    /// It is lifted.
    Up,
    /// The display has taken it for something else.
    Cancelled,
}

/// What the button was pressed on.
#[derive(Debug)]
enum Press {
    /// The slider's handle.
    Handle {
        /// So far beside its middle.
        beside: f32,
        /// Where.
        x: f32,
        /// Whether it was moved since.
        slides: bool,
    },
    /// A stream, and where.
    Stream {
        id: u32,
        x: f32,
        y: f32,
        dragged: bool,
    },
    /// A text.
    Text,
    /// Something that is clicked.
    Target(Target),
    /// Nothing that is done with.
    Nothing,
}

impl Pointer {
    /// The pointer is here now, in logical pixels.
    pub fn moved(&mut self, x: f32, y: f32, frame: &Frame) -> Vec<Message> {
        (self.x, self.y) = (x, y);
        self.is_in = true;
        match &mut self.press {
            Some(Press::Handle {
                beside,
                x: from_x,
                slides,
            }) => {
                *slides |= (x - *from_x).abs() > DRAG_THRESHOLD;
                match slides {
                    true => vec![Message::Slider(SliderMessage::Drag(
                        frame.track.volume(x - *beside),
                    ))],
                    false => Vec::new(),
                }
            }
            Some(Press::Stream {
                id,
                x: from_x,
                y: from_y,
                dragged,
            }) => {
                *dragged |= (x - *from_x).hypot(y - *from_y) > CLICK_SLOP;
                match dragged {
                    true => vec![Message::Drag(Dragged {
                        id: *id,
                        x,
                        y,
                        channel: side(x, frame),
                    })],
                    false => Vec::new(),
                }
            }
            Some(Press::Text) => caret(x, y, true, frame).into_iter().collect(),
            Some(Press::Target(_) | Press::Nothing) => Vec::new(),
            None => vec![Message::Hover(self.target(frame))],
        }
    }

    /// The pointer has left the window.
    pub fn left(&mut self) -> Vec<Message> {
        self.is_in = false;
        // While a button is held, it is still ours.
        match self.press {
            Some(_) => Vec::new(),
            None => vec![Message::Hover(None)],
        }
    }

    /// What the pointer is over, where that is no longer `hover`: the window has changed under it.
    pub fn hover_changed(&self, hover: Option<Target>, frame: &Frame) -> Option<Message> {
        let target = self.target(frame).filter(|_| self.is_in);
        (self.press.is_none() && target != hover).then_some(Message::Hover(target))
    }

    /// A finger touches the window, at this time since any start. One is followed at a time:
    /// another would pull the handle from under the first.
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
            Touch::Move => {}
            Touch::Up | Touch::Cancelled => {
                self.finger = None;
                messages.extend(match touch {
                    Touch::Up => self.released(frame),
                    _ => self.cancel(),
                });
                messages.extend(self.left());
            }
        }
        messages
    }

    /// What is held is let go, and nothing comes of it.
    fn cancel(&mut self) -> Vec<Message> {
        match self.press.take() {
            Some(Press::Handle { .. }) => vec![Message::Slider(SliderMessage::Release)],
            Some(Press::Stream { dragged: true, .. }) => vec![Message::Drop(None)],
            _ => Vec::new(),
        }
    }

    /// The button is pressed, at this time since any start; whether it extends a selection.
    pub fn pressed(&mut self, now: Duration, shift: bool, frame: &Frame) -> Vec<Message> {
        let (x, y) = (self.x, self.y);
        let is_second = self.last.is_some_and(|(at, last_x, last_y)| {
            now.saturating_sub(at) <= DOUBLE_CLICK && (x - last_x).hypot(y - last_y) <= CLICK_SLOP
        });
        self.last = Some((now, x, y));
        // What was held by another button, or by a finger.
        let mut before = self.cancel();
        let (press, messages) = match frame.hit(x, y) {
            Some(Role::Target(Target::Slider)) => {
                self.was_double = is_second && !self.was_double;
                if self.was_double {
                    let hold = vec![
                        Message::Slider(SliderMessage::Grab(Some(Volume::MIDDLE))),
                        Message::Slider(SliderMessage::Release),
                    ];
                    (Press::Nothing, hold)
                } else {
                    // The handle does not jump when it is taken beside its middle.
                    let beside = x - frame.track.handle;
                    let is_taken = beside.abs() <= frame.track.radius;
                    let press = Press::Handle {
                        beside: if is_taken { beside } else { 0.0 },
                        x,
                        slides: false,
                    };
                    let volume = (!is_taken).then(|| frame.track.volume(x));
                    (press, vec![Message::Slider(SliderMessage::Grab(volume))])
                }
            }
            // The first click has sent the row away: this is the next one, slid under the pointer.
            Some(Role::Target(
                Target::Stream(_) | Target::Suggestion(_) | Target::Pattern(_) | Target::Delete(_),
            )) if is_second => (Press::Nothing, Vec::new()),
            Some(Role::Target(Target::Stream(id))) => {
                let press = Press::Stream {
                    id: *id,
                    x,
                    y,
                    dragged: false,
                };
                (press, Vec::new())
            }
            Some(Role::Target(target)) => (Press::Target(*target), Vec::new()),
            Some(Role::Text(target, _)) => {
                let mut messages = vec![Message::Click(*target)];
                messages.extend(caret(x, y, shift, frame));
                (Press::Text, messages)
            }
            Some(Role::Overlay | Role::Pane(_)) => (Press::Nothing, Vec::new()),
            None => (Press::Nothing, vec![Message::ClickOutside]),
        };
        self.press = Some(press);
        before.extend(messages);
        before
    }

    /// The button is released.
    pub fn released(&mut self, frame: &Frame) -> Vec<Message> {
        let mut messages = match self.press.take() {
            Some(Press::Handle { .. }) => vec![Message::Slider(SliderMessage::Release)],
            Some(Press::Stream {
                id, dragged: false, ..
            }) => vec![Message::Click(Target::Stream(id))],
            Some(Press::Stream { dragged: true, .. }) => {
                let (width, height) = frame.size;
                let inside = self.x >= 0.0 && self.y >= 0.0 && self.x < width && self.y < height;
                vec![Message::Drop(inside.then(|| side(self.x, frame)))]
            }
            Some(Press::Target(target)) if self.target(frame) == Some(target) => {
                vec![Message::Click(target)]
            }
            Some(Press::Target(_) | Press::Text | Press::Nothing) | None => Vec::new(),
        };
        messages.push(Message::Hover(self.target(frame)));
        messages
    }

    /// A wheel is turned by so many notches: to the right, and away from the hand.
    pub fn wheel(&mut self, right: f32, up: f32, frame: &Frame) -> Vec<Message> {
        if frame.hit(self.x, self.y) == Some(&Role::Target(Target::Slider)) {
            return vec![Message::Slider(SliderMessage::Wheel(up + right))];
        }
        let pane = frame.pane_at(self.x, self.y);
        let scroll = |pane| Message::Scroll(pane, -up * ROW);
        pane.map(scroll).into_iter().collect()
    }

    fn target(&self, frame: &Frame) -> Option<Target> {
        match frame.hit(self.x, self.y) {
            Some(Role::Target(target) | Role::Text(target, _)) => Some(*target),
            _ => None,
        }
    }
}

/// The channel in whose half of the window this is.
fn side(x: f32, frame: &Frame) -> Channel {
    match x < frame.size.0 / 2.0 {
        true => Channel::Default,
        false => Channel::Aux,
    }
}

/// The caret, between the two characters nearest to this place of a text.
fn caret(x: f32, y: f32, selects: bool, frame: &Frame) -> Option<Message> {
    let texts = frame.areas.iter().rev();
    let texts = texts.filter_map(|area| match &area.role {
        Role::Text(target, stops) => Some((area.rect, target, stops)),
        _ => None,
    });
    // While the button is held, the pointer may leave the text that it began in, which has the
    // caret.
    let mut texts = texts.filter(|(rect, ..)| {
        let has_caret = frame
            .caret
            .is_some_and(|caret| rect.contains(caret.x, caret.y));
        rect.contains(x, y) || has_caret
    });
    let (_, _, stops) = texts.next()?;
    let far = |stop: &(usize, f32)| (stop.1 - x).abs();
    let (at, _) = stops.iter().min_by(|a, b| far(a).total_cmp(&far(b)))?;
    Some(Message::Caret { at: *at, selects })
}

#[cfg(test)]
mod tests;
