//! What the pointer does to the window: places in, messages out. Knows nothing of windowing.

use std::time::Duration;

use wire::{Channel, Volume};

use crate::model::{Message, Target};
use crate::theme::ROW;
use crate::view::{Frame, Role};

/// Two clicks within this time are a double click.
const DOUBLE: Duration = Duration::from_millis(400);
/// How far the pointer may go between a press and a release that are a click, in logical pixels.
const SLOP: f32 = 6.0;

/// The pointer.
#[derive(Debug, Default)]
pub struct Pointer {
    x: f32,
    y: f32,
    press: Option<Press>,
    /// When and where the slider was clicked last.
    last: Option<(Duration, f32)>,
}

/// What the button was pressed on.
#[derive(Debug)]
enum Press {
    /// The slider's handle, so far beside its middle.
    Handle(f32),
    /// A stream, and where.
    Stream {
        id: u32,
        x: f32,
        y: f32,
        carried: bool,
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
        match &mut self.press {
            Some(Press::Handle(beside)) => {
                vec![Message::Slide(frame.track.volume(x - *beside))]
            }
            Some(Press::Stream {
                id,
                x: from_x,
                y: from_y,
                carried,
            }) => {
                *carried |= (x - *from_x).hypot(y - *from_y) > SLOP;
                match carried {
                    true => vec![Message::Carry {
                        id: *id,
                        x,
                        y,
                        over: side(x, frame),
                    }],
                    false => Vec::new(),
                }
            }
            Some(Press::Text) => caret(x, y, true, frame).into_iter().collect(),
            Some(Press::Target(_) | Press::Nothing) => Vec::new(),
            None => vec![Message::Point(self.target(frame))],
        }
    }

    /// The pointer has left the window.
    pub fn left(&mut self) -> Vec<Message> {
        // While a button is held, it is still ours.
        match self.press {
            Some(_) => Vec::new(),
            None => vec![Message::Point(None)],
        }
    }

    /// The button is pressed, at this time since any start; whether it extends a selection.
    pub fn pressed(&mut self, now: Duration, shift: bool, frame: &Frame) -> Vec<Message> {
        let (x, y) = (self.x, self.y);
        let (press, messages) = match frame.at(x, y) {
            Some(Role::Target(Target::Slider)) => {
                let is_double = self.last.is_some_and(|(at, where_x)| {
                    now.saturating_sub(at) <= DOUBLE && (x - where_x).abs() <= SLOP
                });
                if is_double {
                    self.last = None;
                    let hold = vec![Message::Hold(Volume::MIDDLE), Message::LetGo];
                    (Press::Nothing, hold)
                } else {
                    self.last = Some((now, x));
                    // The handle does not jump when it is taken beside its middle.
                    let beside = x - frame.track.handle;
                    let beside = match beside.abs() <= frame.track.radius {
                        true => beside,
                        false => 0.0,
                    };
                    let hold = vec![Message::Hold(frame.track.volume(x - beside))];
                    (Press::Handle(beside), hold)
                }
            }
            Some(Role::Target(Target::Stream(id))) => {
                let press = Press::Stream {
                    id: *id,
                    x,
                    y,
                    carried: false,
                };
                (press, Vec::new())
            }
            Some(Role::Target(target)) => (Press::Target(*target), Vec::new()),
            Some(Role::Text(target, _)) => {
                let mut messages = vec![Message::Click(*target)];
                messages.extend(caret(x, y, shift, frame));
                (Press::Text, messages)
            }
            Some(Role::Cover | Role::Pane(_)) => (Press::Nothing, Vec::new()),
            None => (Press::Nothing, vec![Message::Away]),
        };
        self.press = Some(press);
        messages
    }

    /// The button is released.
    pub fn released(&mut self, frame: &Frame) -> Vec<Message> {
        let mut messages = match self.press.take() {
            Some(Press::Handle(_)) => vec![Message::LetGo],
            Some(Press::Stream {
                id, carried: false, ..
            }) => vec![Message::Click(Target::Stream(id))],
            Some(Press::Stream { carried: true, .. }) => {
                let (width, height) = frame.size;
                let inside = self.x >= 0.0 && self.y >= 0.0 && self.x < width && self.y < height;
                vec![Message::Drop(inside.then(|| side(self.x, frame)))]
            }
            Some(Press::Target(target)) if self.target(frame) == Some(target) => {
                vec![Message::Click(target)]
            }
            Some(Press::Target(_) | Press::Text | Press::Nothing) | None => Vec::new(),
        };
        messages.push(Message::Point(self.target(frame)));
        messages
    }

    /// A wheel is turned by so many notches: to the right, and away from the hand.
    pub fn wheel(&mut self, right: f32, up: f32, frame: &Frame) -> Vec<Message> {
        if frame.at(self.x, self.y) == Some(&Role::Target(Target::Slider)) {
            return vec![Message::Turn(up + right)];
        }
        let pane = frame.pane_at(self.x, self.y);
        let scroll = |pane| Message::Scroll(pane, -up * ROW);
        pane.map(scroll).into_iter().collect()
    }

    fn target(&self, frame: &Frame) -> Option<Target> {
        match frame.at(self.x, self.y) {
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
mod tests {
    use super::*;
    use crate::font::{Fonts, NoFallback};
    use crate::model::{Effect, Key, Model};
    use crate::theme::DARK;
    use crate::view::{Extent, view};
    use wire::{Event, Mix, Reply, Request};

    struct Hand {
        model: Model,
        fonts: Fonts,
        pointer: Pointer,
        now: Duration,
        sent: Vec<Request>,
    }

    impl Hand {
        fn new() -> Self {
            let mut model = Model::default();
            model.handle(Message::Connected);
            model.handle(Message::Answer(Ok(Reply::Done)));
            model.handle(Message::Event(Event::Volume(Mix::default())));
            Self {
                model,
                fonts: Fonts::new(Box::new(NoFallback)).unwrap(),
                pointer: Pointer::default(),
                now: Duration::from_secs(10),
                sent: Vec::new(),
            }
        }

        fn frame(&self) -> Frame {
            let extent = Extent {
                width: 480,
                height: 420,
                scale: 1.0,
            };
            view(&self.model, &self.fonts, &DARK, extent)
        }

        fn tell(&mut self, messages: Vec<Message>) {
            for message in messages {
                for effect in self.model.handle(message) {
                    if let Effect::Send(request) = effect {
                        self.sent.push(request);
                    }
                }
            }
        }

        fn to(&mut self, x: f32, y: f32) {
            let messages = self.pointer.moved(x, y, &self.frame());
            self.tell(messages);
        }

        fn press(&mut self) {
            let messages = self.pointer.pressed(self.now, false, &self.frame());
            self.tell(messages);
        }

        fn release(&mut self) {
            let messages = self.pointer.released(&self.frame());
            self.tell(messages);
        }
    }

    #[test]
    fn the_handle_is_dragged_from_where_it_is_taken() {
        let mut hand = Hand::new();
        let track = hand.frame().track;
        hand.to(track.handle + 6.0, 68.0);
        hand.press();
        assert_eq!(
            hand.model.volume(),
            Volume::MIDDLE,
            "taking it moves nothing"
        );
        let half = (track.right - track.left) / 4.0;
        hand.to(track.handle + 6.0 + half, 300.0);
        assert_eq!(hand.model.volume().to_string(), "0.5");
        hand.to(9999.0, 0.0);
        assert_eq!(hand.model.volume().to_string(), "1");
        hand.to(-9999.0, 0.0);
        assert_eq!(hand.model.volume().to_string(), "-1");
        hand.release();
        assert_eq!(hand.sent.len(), 1, "one set at a time is unanswered");
    }

    #[test]
    fn a_click_beside_the_handle_jumps_and_a_double_click_is_the_middle() {
        let mut hand = Hand::new();
        let track = hand.frame().track;
        hand.to(track.right, 68.0);
        hand.press();
        hand.release();
        assert_eq!(hand.model.volume().to_string(), "1");
        hand.now += Duration::from_secs(1);
        hand.press();
        hand.release();
        hand.now += Duration::from_millis(100);
        hand.press();
        hand.release();
        assert_eq!(hand.model.volume(), Volume::MIDDLE);
    }

    #[test]
    fn the_wheel_turns_the_slider_where_that_is_and_scrolls_elsewhere() {
        let mut hand = Hand::new();
        hand.to(240.0, 68.0);
        let messages = hand.pointer.wheel(0.0, -3.0, &hand.frame());
        hand.tell(messages);
        assert_eq!(hand.model.volume().to_string(), "-0.15");
        hand.to(240.0, 300.0);
        let messages = hand.pointer.wheel(0.0, -1.0, &hand.frame());
        assert!(
            matches!(messages[..], [Message::Scroll(..)]),
            "{messages:?}"
        );
    }

    #[test]
    fn a_text_is_selected_by_dragging() {
        let mut hand = Hand::new();
        let frame = hand.frame();
        let entry = frame.areas.iter().find_map(|area| match area.role {
            Role::Text(Target::Entry, _) => Some(area.rect),
            _ => None,
        });
        let entry = entry.unwrap();
        hand.to(entry.x + 20.0, entry.y + 8.0);
        hand.press();
        hand.release();
        hand.tell(vec![Message::Typed("discord*".into())]);
        hand.to(entry.x + 1.0, entry.y + 8.0);
        hand.press();
        hand.to(entry.right() + 50.0, entry.bottom() + 50.0);
        assert_eq!(hand.model.entry().selection(), 0..8);
        hand.release();
        hand.tell(vec![Key::Delete.into()]);
        assert_eq!(hand.model.entry().text(), "");
        // A click on nothing closes what hangs over the lists.
        hand.to(20.0, 200.0);
        hand.press();
        assert!(hand.model.offers().is_empty());
    }
}
