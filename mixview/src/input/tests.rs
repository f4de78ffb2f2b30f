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

fn at(text: &str) -> Message {
    let volume: Volume = text.parse().unwrap();
    Message::Event(Event::Volume(Mix {
        volume,
        ..Mix::default()
    }))
}

#[test]
fn a_click_on_the_handle_moves_nothing() {
    for volume in ["0.02", "0.254", "-0.9"] {
        let mut hand = Hand::new();
        hand.tell(vec![at(volume)]);
        hand.to(hand.frame().track.handle + 3.0, 68.0);
        hand.press();
        hand.to(hand.frame().track.handle + 4.0, 68.0);
        hand.release();
        assert!(hand.sent.is_empty(), "{volume}: {:?}", hand.sent);
        assert_eq!(hand.model.volume().to_string(), volume);
    }
}
