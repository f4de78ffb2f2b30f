use super::*;
use crate::fake_daemon::FakeDaemon;
use crate::font::Fonts;
use crate::model::{Effect, Key, LinkError, Model};
use crate::theme::DARK;
use crate::view::{Area, Viewport, view};
use wire::{Event, Mix, Reply, Request, Welcome};

struct User {
    model: Model,
    fonts: Fonts,
    pointer: Pointer,
    now: Duration,
    sent: Vec<Request>,
}

impl User {
    fn new() -> Self {
        let mut model = Model::default();
        model.update(Message::Connected(Welcome::new("mixd")));
        model.update(Message::Reply(Ok(Reply::Done)));
        model.update(Message::Event(Event::Volume(Mix::default())));
        Self {
            model,
            fonts: Fonts::new().unwrap(),
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
    let mut user = User::new();
    let track = user.frame().track;
    user.to(track.handle + 6.0, 68.0);
    user.press();
    assert_eq!(
        user.model.volume(),
        Volume::MIDDLE,
        "taking it moves nothing"
    );
    let half = (track.right - track.left) / 4.0;
    user.to(track.handle + 6.0 + half, 300.0);
    assert_eq!(user.model.volume().to_string(), "0.5");
    user.to(9999.0, 0.0);
    assert_eq!(user.model.volume().to_string(), "1");
    user.to(-9999.0, 0.0);
    assert_eq!(user.model.volume().to_string(), "-1");
    user.release();
    assert_eq!(user.sent.len(), 1, "one set at a time is unanswered");
}

#[test]
fn a_click_beside_the_handle_jumps_and_a_double_click_is_the_middle() {
    let mut user = User::new();
    let track = user.frame().track;
    user.to(track.right, 68.0);
    user.press();
    user.release();
    assert_eq!(user.model.volume().to_string(), "1");
    user.now += Duration::from_secs(1);
    user.press();
    user.release();
    user.now += Duration::from_millis(100);
    user.press();
    user.release();
    assert_eq!(user.model.volume(), Volume::MIDDLE);
}

#[test]
fn the_wheel_turns_the_slider_where_that_is_and_scrolls_elsewhere() {
    let mut user = User::new();
    user.to(240.0, 68.0);
    let messages = user.pointer.wheel(0.0, -3.0, &user.frame());
    user.tell(messages);
    assert_eq!(user.model.volume().to_string(), "-0.15");
    user.to(240.0, 300.0);
    let messages = user.pointer.wheel(0.0, -1.0, &user.frame());
    assert!(
        matches!(messages[..], [Message::Scroll(..)]),
        "{messages:?}"
    );
}

#[test]
fn the_wheel_turns_the_slider_all_over_the_header_unless_the_help_hides_it() {
    let mut user = User::new();
    let turn = |user: &mut User, x: f32, y: f32| {
        user.to(x, y);
        let messages = user.pointer.wheel(0.0, 1.0, &user.frame());
        user.tell(messages);
    };
    // On an end, on the value, between them, on the track, below it.
    for (x, y) in [
        (40.0, 20.0),
        (240.0, 20.0),
        (160.0, 2.0),
        (300.0, 68.0),
        (300.0, 91.0),
    ] {
        turn(&mut user, x, y);
    }
    assert_eq!(user.model.volume().to_string(), "0.25");
    user.tell(vec![Message::Text("?".into())]);
    turn(&mut user, 40.0, 20.0);
    turn(&mut user, 1.0, 50.0);
    assert_eq!(user.model.volume().to_string(), "0.25");
}

#[test]
fn the_ends_and_the_value_are_clicked() {
    let (mut user, mut daemon) = User::with(&[], &[]);
    let click = |user: &mut User, target: Target| {
        user.now += Duration::from_secs(1);
        user.onto(target);
        user.press();
        user.release();
    };
    click(&mut user, Target::End(Channel::Aux));
    user.answer(&mut daemon);
    assert_eq!(daemon.volume.to_string(), "1");
    click(&mut user, Target::End(Channel::Default));
    user.answer(&mut daemon);
    assert_eq!(daemon.volume.to_string(), "-1");
    click(&mut user, Target::Value);
    user.tell(vec![Message::Text("0.125".into())]);
    // The press that ends it does what it does elsewhere, too.
    click(&mut user, Target::Help);
    user.answer(&mut daemon);
    assert_eq!(daemon.volume.to_string(), "0.125");
    assert!(user.model.help && user.model.value.is_none());
}

#[test]
fn a_click_that_raises_the_window_sets_no_volume() {
    let mut user = User::new();
    let raise = |user: &mut User| {
        user.now += Duration::from_secs(1);
        user.pointer.focused(user.now);
        user.press();
    };
    let track = user.frame().track;
    user.to(track.right, 68.0);
    raise(&mut user);
    user.release();
    user.onto(Target::End(Channel::Aux));
    raise(&mut user);
    user.release();
    assert!(user.sent.is_empty(), "{:?}", user.sent);
    // It may be the start of a drag.
    user.to(track.handle + 50.0, 68.0);
    raise(&mut user);
    user.to(track.handle + 50.0 + (track.right - track.left) / 4.0, 68.0);
    assert_eq!(user.model.volume().to_string(), "0.5");
}

#[test]
fn a_text_is_selected_by_dragging() {
    let (mut user, entry) = typed("discord*");
    user.to(entry.x + 1.0, entry.y + 8.0);
    user.press();
    user.to(entry.right() + 50.0, entry.bottom() + 50.0);
    assert_eq!(user.model.entry.field.selection(), 0..8);
    user.release();
    user.tell(vec![Key::Delete.into()]);
    assert_eq!(user.model.entry.field.text(), "");
    // A click on nothing closes what hangs over the lists.
    user.to(20.0, 200.0);
    user.press();
    assert!(user.model.suggestions().is_empty());
}

/// A window with text in its entry, and the entry's place.
fn typed(text: &str) -> (User, Rect) {
    let mut user = User::new();
    let frame = user.frame();
    let entry = frame.areas.iter().find_map(|area| match area.role {
        Role::Text(Target::Entry, _) => Some(area.rect),
        _ => None,
    });
    let entry = entry.unwrap();
    user.to(entry.x + 20.0, entry.y + 8.0);
    user.press();
    user.release();
    user.tell(vec![Message::Text(text.into())]);
    user.now += Duration::from_secs(1);
    (user, entry)
}

#[test]
fn a_double_click_selects_a_word_a_triple_click_all_and_shift_up_to_there() {
    let (mut user, entry) = typed("discord canary");
    let selection = |user: &User| user.model.entry.field.selection();
    user.to(entry.x + 20.0, entry.y + 8.0);
    for expected in [0..0, 0..7, 0..14] {
        user.press();
        // A shaking hand is no drag.
        user.to(entry.x + 21.0, entry.y + 9.0);
        let messages = user.pointer.released(&user.frame());
        let is_selected = |message: &Message| matches!(message, Message::Selected);
        assert!(messages.iter().any(is_selected), "{messages:?}");
        user.tell(messages);
        let found = selection(&user);
        assert!(found == expected || expected.is_empty() && found.is_empty());
    }
    // A drag goes on from the word.
    user.now += Duration::from_secs(1);
    user.press();
    user.release();
    user.press();
    user.to(entry.right(), entry.y + 8.0);
    assert_eq!(selection(&user), 0..14);
    user.release();
    // Shift and a click.
    user.now += Duration::from_secs(1);
    user.tell(vec![Key::Home.into()]);
    user.to(entry.right() - 5.0, entry.y + 8.0);
    let messages = user.pointer.pressed(user.now, true, &user.frame());
    user.tell(messages);
    user.release();
    assert_eq!(selection(&user), 0..14);
}

#[test]
fn the_middle_button_pastes_where_it_is_pressed_and_nowhere_else() {
    let (mut user, entry) = typed("ab");
    user.to(entry.x + 1.0, entry.y + 8.0);
    let messages = user.pointer.middle_pressed(&user.frame());
    let is_paste = |message: &Message| matches!(message, Message::Paste(Selection::Primary));
    assert!(messages.iter().any(is_paste), "{messages:?}");
    user.tell(messages);
    user.tell(vec![Message::Pasted("x".into())]);
    assert_eq!(user.model.entry.field.text(), "xab");
    user.to(20.0, 200.0);
    assert!(user.pointer.middle_pressed(&user.frame()).is_empty());
}

#[test]
fn a_click_on_the_command_that_starts_mixd_copies_it() {
    let mut user = User::new();
    let error = LinkError {
        title: "mixd is not there",
        reason: "gone".to_owned(),
        command: Some("mixd --now".to_owned()),
    };
    user.tell(vec![Message::Disconnected(error)]);
    let frame = user.frame();
    let is_command = |area: &&Area| matches!(area.role, Role::Target(Target::Command));
    let rect = frame.areas.iter().find(is_command).unwrap().rect;
    user.to(rect.x + 5.0, rect.y + 5.0);
    user.press();
    user.release();
    assert_eq!(user.model.status().text, "Copied: mixd --now");
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
        let mut user = User::new();
        user.tell(vec![at(volume)]);
        user.to(user.frame().track.handle + 3.0, 68.0);
        user.press();
        user.to(user.frame().track.handle + 4.0, 68.0);
        user.release();
        assert!(user.sent.is_empty(), "{volume}: {:?}", user.sent);
        assert_eq!(user.model.volume().to_string(), volume);
    }
}

impl User {
    /// Two programs, and mixd's answers to what is asked.
    fn with(names: &[&str], patterns: &[&str]) -> (Self, FakeDaemon) {
        let mut user = Self::new();
        let daemon = FakeDaemon::new(names, patterns);
        user.tell(daemon.events());
        (user, daemon)
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
    let (mut user, mut daemon) = User::with(&["Game", "Discord", "Spotify"], &[]);
    let twice = |user: &mut User, daemon: &mut FakeDaemon| {
        for _ in 0..3 {
            user.press();
            user.release();
            user.answer(daemon);
            user.now += Duration::from_millis(150);
        }
        user.now += Duration::from_secs(1);
    };
    user.onto(Target::Stream(1));
    twice(&mut user, &mut daemon);
    assert_eq!(daemon.programs.len(), 1);
    // What has slid under the pointer is what it is over now.
    assert_eq!(user.model.hover, Some(Target::Stream(2)));
    twice(&mut user, &mut daemon);
    assert_eq!(daemon.programs.len(), 2);
    user.onto(Target::Delete(*daemon.programs[0].pattern()));
    twice(&mut user, &mut daemon);
    assert_eq!(daemon.programs.len(), 1);
    // Nothing is there to point at when mixd has gone.
    user.tell(vec![Message::Disconnected(LinkError {
        title: "mixd is not there",
        reason: "gone".into(),
        command: None,
    })]);
    user.look();
    assert_eq!(user.model.hover, None);
}

#[test]
fn a_click_selects_and_only_the_arrow_or_a_double_click_sends() {
    let (mut user, mut daemon) = User::with(&["Game", "Discord"], &[]);
    // A hand that shakes.
    user.onto(Target::Stream(1));
    let (x, y) = (user.pointer.x, user.pointer.y);
    user.press();
    user.to(x + 4.0, y);
    user.to(x, y + 4.0);
    user.release();
    assert!(user.sent.is_empty(), "{:?}", user.sent);
    assert_eq!(user.model.focus.ring(), Some(Target::Stream(1)));
    // Two clicks on two rows are no double click.
    user.now += Duration::from_millis(100);
    user.onto(Target::Stream(2));
    user.press();
    user.release();
    assert!(user.sent.is_empty(), "{:?}", user.sent);
    user.now += Duration::from_secs(1);
    user.onto(Target::Send(2));
    user.press();
    user.release();
    user.answer(&mut daemon);
    assert_eq!(daemon.programs.len(), 1);
}

#[test]
fn a_drop_on_the_field_means_aux_on_its_left_half_too() {
    let drop = |place: fn(&Frame) -> Option<Rect>| {
        let (mut user, mut daemon) = User::with(&["Game"], &["x", "Game"]);
        user.onto(Target::Delete(*daemon.programs[1].pattern()));
        user.press();
        user.release();
        user.answer(&mut daemon);
        user.now += Duration::from_secs(1);
        user.onto(Target::Stream(1));
        user.press();
        let rect = place(&user.frame()).unwrap();
        user.to(rect.x + 9.0, rect.y + 9.0);
        assert_eq!(user.model.drag.dragged().unwrap().channel, Channel::Aux);
        user.release();
        user.answer(&mut daemon);
        assert_eq!(daemon.programs.len(), 2);
    };
    drop(|frame| {
        let mut areas = frame.areas.iter();
        let area = areas.find(|area| matches!(area.role, Role::Text(Target::Entry, _)));
        area.map(|area| area.rect)
    });
    drop(|frame| {
        let mut areas = frame.areas.iter();
        let area = areas.find(|area| area.role == Role::Pane(Pane::Patterns));
        area.map(|area| area.rect)
    });
}

#[test]
fn a_drop_on_the_place_that_asks_for_one_sends_to_aux() {
    let (mut user, mut daemon) = User::with(&["Game"], &[]);
    user.onto(Target::Stream(1));
    user.press();
    let frame = user.frame();
    let mut areas = frame.areas.iter();
    let place = areas.find(|area| area.role == Role::Pane(Pane::Streams(Channel::Aux)));
    let rect = place.unwrap().rect;
    user.to(rect.x + 2.0, rect.y + 2.0);
    assert_eq!(user.model.drag.dragged().unwrap().channel, Channel::Aux);
    user.release();
    user.answer(&mut daemon);
    assert_eq!(daemon.programs.len(), 1);
}

#[test]
fn a_click_that_raises_the_window_does_nothing_else() {
    let (mut user, mut daemon) = User::with(&["Game"], &["x"]);
    let click = |user: &mut User, before: bool, after: bool| {
        user.now += Duration::from_secs(1);
        if before {
            user.pointer.focused(user.now);
        }
        user.press();
        if after {
            user.pointer.focused(user.now);
        }
        user.release();
    };
    for target in [
        Target::Send(1),
        Target::Delete(*daemon.programs[0].pattern()),
    ] {
        user.onto(target);
        // The focus comes before the press is passed on, or after.
        click(&mut user, true, false);
        click(&mut user, false, true);
        assert!(user.sent.is_empty(), "{:?}", user.sent);
        click(&mut user, false, false);
        assert_eq!(user.sent.len(), 1);
        user.answer(&mut daemon);
    }
}

#[test]
fn a_refusal_does_not_move_what_the_next_click_is_meant_for() {
    let (mut user, mut daemon) = User::with(&["Game"], &["x", "y", "z"]);
    let entry = |user: &User| {
        let frame = user.frame();
        let mut areas = frame.areas.iter();
        let area = areas.find(|area| matches!(area.role, Role::Text(Target::Entry, _)));
        area.unwrap().rect
    };
    let before = entry(&user);
    user.tell(vec![
        Message::Click(Target::Entry),
        Message::Text("[".into()),
    ]);
    user.tell(vec![Key::Enter.into()]);
    user.answer(&mut daemon);
    assert!(user.model.alarm().is_some());
    assert_eq!(entry(&user), before);
    user.onto(Target::Delete(*daemon.programs[1].pattern()));
    user.press();
    assert!(user.model.alarm().is_none());
    user.release();
    assert_eq!(user.sent.len(), 1);
}

#[test]
fn one_finger_has_the_handle_until_it_lets_go() {
    let mut user = User::new();
    let track = user.frame().track;
    let quarter = (track.right - track.left) / 4.0;
    user.touch(7, Touch::Down, track.handle);
    user.touch(7, Touch::Move, track.handle + quarter);
    user.touch(8, Touch::Down, track.left);
    user.touch(8, Touch::Move, track.left + 9.0);
    user.touch(8, Touch::Up, track.left);
    assert_eq!(user.model.volume().to_string(), "0.5");
    user.touch(7, Touch::Cancelled, track.handle + quarter);
    // Nobody holds it: it follows mixd.
    let set = Volume::try_from(500_000).unwrap();
    assert_eq!(user.sent, [Request::SetVolume(set)]);
    let mix = |volume| Mix {
        volume,
        ..Mix::default()
    };
    user.tell(vec![Message::Reply(Ok(Reply::Mix(mix(set))))]);
    user.tell(vec![at("-0.3")]);
    assert_eq!(user.model.volume().to_string(), "-0.3");
    assert_eq!(user.model.hover, None, "no finger is there");
}
