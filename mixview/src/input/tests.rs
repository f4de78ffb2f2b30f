use super::*;
use crate::fake_daemon::FakeDaemon;
use crate::font::{Fonts, NoFallback};
use crate::model::{Effect, Key, LinkError, Model};
use crate::theme::DARK;
use crate::view::{Area, Viewport, view};
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
        model.update(Message::Connected);
        model.update(Message::Reply(Ok(Reply::Done)));
        model.update(Message::Event(Event::Volume(Mix::default())));
        Self {
            model,
            fonts: Fonts::new(Box::new(NoFallback)).unwrap(),
            pointer: Pointer::default(),
            now: Duration::from_secs(10),
            sent: Vec::new(),
        }
    }

    fn frame(&self) -> Frame {
        let viewport = Viewport {
            width: 480,
            height: 420,
            scale: 1.0,
        };
        view(&self.model, &self.fonts, &DARK, viewport)
    }

    fn tell(&mut self, messages: Vec<Message>) {
        for message in messages {
            for effect in self.model.update(message) {
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
    hand.tell(vec![Message::Text("discord*".into())]);
    hand.to(entry.x + 1.0, entry.y + 8.0);
    hand.press();
    hand.to(entry.right() + 50.0, entry.bottom() + 50.0);
    assert_eq!(hand.model.entry.field.selection(), 0..8);
    hand.release();
    hand.tell(vec![Key::Delete.into()]);
    assert_eq!(hand.model.entry.field.text(), "");
    // A click on nothing closes what hangs over the lists.
    hand.to(20.0, 200.0);
    hand.press();
    assert!(hand.model.suggestions().is_empty());
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

impl Hand {
    /// Two programs, and mixd's answers to what is asked.
    fn with(names: &[&str], patterns: &[&str]) -> (Self, FakeDaemon) {
        let mut hand = Self::new();
        let daemon = FakeDaemon::new(names, patterns);
        hand.tell(daemon.greet());
        (hand, daemon)
    }

    fn answer(&mut self, daemon: &mut FakeDaemon) {
        while !self.sent.is_empty() {
            daemon.inbox.extend(self.sent.drain(..));
            while !daemon.inbox.is_empty() {
                let messages = daemon.answer();
                self.tell(messages);
            }
        }
        self.look();
    }

    /// As the window does after each layout.
    fn look(&mut self) {
        let hover = self.model.hover;
        let message = self.pointer.hover_changed(hover, &self.frame());
        self.tell(message.into_iter().collect());
    }

    fn onto(&mut self, target: Target) {
        let frame = self.frame();
        let is_it = |area: &&Area| area.role == Role::Target(target);
        let rect = frame.areas.iter().find(is_it).unwrap().rect;
        self.to(rect.x + rect.width / 2.0, rect.y + rect.height / 2.0);
    }

    fn touch(&mut self, finger: u64, touch: Touch, x: f32) {
        let frame = self.frame();
        let messages = self
            .pointer
            .touched(self.now, finger, touch, (x, 68.0), &frame);
        self.tell(messages);
    }
}

#[test]
fn a_double_click_sends_one_program_and_deletes_one_pattern() {
    let (mut hand, mut daemon) = Hand::with(&["Game", "Discord", "Spotify"], &[]);
    let twice = |hand: &mut Hand, daemon: &mut FakeDaemon| {
        for _ in 0..3 {
            hand.press();
            hand.release();
            hand.answer(daemon);
            hand.now += Duration::from_millis(150);
        }
        hand.now += Duration::from_secs(1);
    };
    hand.onto(Target::Stream(1));
    twice(&mut hand, &mut daemon);
    assert_eq!(daemon.programs.len(), 1);
    // What has slid under the pointer is what it is over now.
    assert_eq!(hand.model.hover, Some(Target::Stream(2)));
    twice(&mut hand, &mut daemon);
    assert_eq!(daemon.programs.len(), 2);
    hand.onto(Target::Delete(*daemon.programs[0].pattern()));
    twice(&mut hand, &mut daemon);
    assert_eq!(daemon.programs.len(), 1);
    // Nothing is there to point at when mixd has gone.
    hand.tell(vec![Message::Disconnected(LinkError {
        title: "mixd is not there",
        reason: "gone".into(),
        command: None,
    })]);
    hand.look();
    assert_eq!(hand.model.hover, None);
}

#[test]
fn one_finger_has_the_handle_until_it_lets_go() {
    let mut hand = Hand::new();
    let track = hand.frame().track;
    let quarter = (track.right - track.left) / 4.0;
    hand.touch(7, Touch::Down, track.handle);
    hand.touch(7, Touch::Move, track.handle + quarter);
    hand.touch(8, Touch::Down, track.left);
    hand.touch(8, Touch::Move, track.left + 9.0);
    hand.touch(8, Touch::Up, track.left);
    assert_eq!(hand.model.volume().to_string(), "0.5");
    hand.touch(7, Touch::Cancelled, track.handle + quarter);
    // Nobody holds it: it follows mixd.
    let set = Volume::try_from(500_000).unwrap();
    assert_eq!(hand.sent, [Request::SetVolume(set)]);
    let mix = |volume| Mix {
        volume,
        ..Mix::default()
    };
    hand.tell(vec![Message::Reply(Ok(Reply::Mix(mix(set))))]);
    hand.tell(vec![at("-0.3")]);
    assert_eq!(hand.model.volume().to_string(), "-0.3");
    assert_eq!(hand.model.hover, None, "no finger is there");
}
