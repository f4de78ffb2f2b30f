mod clipboard;
mod drag;
mod list;
mod program;
mod slider;
mod status;

use wire::{Rule, Settings, Text, Welcome};

use super::*;
use crate::fake_daemon::FakeDaemon;

/// A model, and a mixd that answers when it is told to.
struct Harness {
    model: Model,
    daemon: FakeDaemon,
    closed: bool,
    /// What was copied last.
    copied: Option<(Selection, String)>,
    /// How often text was asked for.
    pastes: Vec<Selection>,
}

impl Harness {
    fn new(names: &[&str], patterns: &[&str]) -> Self {
        let mut window = Self {
            model: Model::default(),
            daemon: FakeDaemon::new(names, patterns),
            closed: false,
            copied: None,
            pastes: Vec::new(),
        };
        window.tell(Message::Connected(Welcome::new("mixd")));
        window.settle();
        window
    }

    fn tell(&mut self, message: impl Into<Message>) {
        for effect in self.model.update(message.into()) {
            match effect {
                Effect::Send(request) => self.daemon.inbox.push_back(request),
                Effect::Copy(selection, text) => self.copied = Some((selection, text)),
                Effect::Paste(selection) => self.pastes.push(selection),
                Effect::Close => self.closed = true,
            }
        }
    }

    fn settle(&mut self) {
        while !self.daemon.inbox.is_empty() {
            for message in self.daemon.answer() {
                self.tell(message);
            }
        }
    }

    fn keys(&mut self, keys: &[Key]) {
        for key in keys {
            self.tell(*key);
            self.settle();
        }
    }

    fn chord(&mut self, key: Key, shift: bool, control: bool) {
        self.tell(Message::Key(key, Modifiers { shift, control }));
        self.settle();
    }

    fn write(&mut self, text: &str) {
        self.tell(Message::Text(text.to_owned()));
        self.settle();
    }

    /// What is said: the alarm, with the buttons of the foot, or else the foot.
    fn said(&self) -> Notice {
        let status = self.model.status();
        assert!(!status.is_warning, "{status:?}");
        match self.model.alarm() {
            Some(text) => Notice {
                text,
                is_warning: true,
                ..status
            },
            None => status,
        }
    }

    fn listed(&self) -> Vec<&str> {
        let rules = self.daemon.programs.iter();
        rules.map(|rule| &**rule.pattern()).collect()
    }

    fn volume(&self) -> String {
        self.daemon.volume.to_string()
    }
}

fn volume(text: &str) -> Volume {
    text.parse().unwrap()
}

#[test]
fn each_key_moves_the_slider_as_it_says() {
    let mut window = Harness::new(&[], &[]);
    for (key, shift, expected) in [
        (Key::Right, false, "0.05"),
        (Key::Up, true, "0.06"),
        (Key::Left, false, "0.01"),
        (Key::Down, true, "0"),
        (Key::PageUp, false, "0.2"),
        (Key::PageDown, false, "0"),
        (Key::Home, false, "-1"),
        (Key::Left, false, "-1"),
        (Key::End, false, "1"),
    ] {
        window.chord(key, shift, false);
        assert_eq!(window.volume(), expected, "{key:?}");
    }
    window.write("0");
    assert_eq!(window.volume(), "0");
    window.tell(Message::Slider(SliderMessage::Wheel(1.0)));
    window.settle();
    assert_eq!(window.volume(), "0.05");
    // A smooth wheel's parts add up.
    for _ in 0..4 {
        window.tell(Message::Slider(SliderMessage::Wheel(-0.5)));
    }
    window.settle();
    assert_eq!(window.volume(), "-0.05");
    window.tell(Message::Slider(SliderMessage::Wheel(f32::NAN)));
    window.settle();
    assert_eq!(window.volume(), "-0.05");
}

#[test]
fn one_set_is_unanswered_at_most_and_the_last_one_arrives() {
    let mut window = Harness::new(&[], &[]);
    window.tell(Message::Slider(SliderMessage::Grab(Some(volume("0.1")))));
    for at in 11..=90 {
        window.tell(Message::Slider(SliderMessage::Drag(volume(&format!(
            "0.{at}"
        )))));
        assert_eq!(window.daemon.inbox.len(), 1);
        assert_eq!(
            window.model.volume(),
            volume(&format!("0.{at}")),
            "the user's, at once"
        );
    }
    window.tell(Message::Slider(SliderMessage::Release));
    for message in window.daemon.answer() {
        window.tell(message);
    }
    // What mixd has done so far does not pull the handle back.
    assert_eq!(window.model.volume(), volume("0.9"));
    assert_eq!(window.daemon.inbox, [Request::SetVolume(volume("0.9"))]);
    window.settle();
    assert_eq!(window.volume(), "0.9");
}

#[test]
fn the_hand_is_not_fought_and_others_are_followed() {
    let mut window = Harness::new(&[], &[]);
    window.tell(Message::Slider(SliderMessage::Grab(Some(volume("0.5")))));
    window.settle();
    window.daemon.volume = volume("-1");
    let event = window.daemon.volume_event();
    window.tell(event.clone());
    assert_eq!(window.model.volume(), volume("0.5"));
    assert_eq!(
        window.model.mix().default.to_string(),
        "0.5",
        "the gains are those of the handle"
    );
    window.tell(Message::Slider(SliderMessage::Release));
    assert_eq!(window.model.volume(), volume("0.5"), "it stays where it is");
    window.settle();
    assert_eq!(window.volume(), "0.5", "for mixd too");
    window.daemon.volume = volume("0.3");
    let event = window.daemon.volume_event();
    window.tell(event);
    assert_eq!(window.model.volume(), volume("0.3"));
    // Nobody holds it: nothing slides.
    window.tell(Message::Slider(SliderMessage::Drag(volume("1"))));
    assert!(window.daemon.inbox.is_empty());
}

#[test]
fn the_notch_holds_the_handle_within_snap() {
    let mut window = Harness::new(&[], &[]);
    window.tell(Message::Slider(SliderMessage::Grab(Some(volume("0.5")))));
    for (hand, handle) in [
        ("0.04", "0.04"),
        ("0.03", "0"),
        ("-0.03", "0"),
        ("-0.04", "-0.04"),
    ] {
        window.tell(Message::Slider(SliderMessage::Drag(volume(hand))));
        assert_eq!(window.model.volume(), volume(handle));
    }
}

#[test]
fn a_program_goes_to_the_other_side_and_back() {
    let mut window = Harness::new(&["Game", "Discord"], &[]);
    window.tell(Message::Click(Target::Send(2)));
    window.settle();
    assert_eq!(window.listed(), ["Discord"]);
    assert_eq!(window.said().text, "Discord plays through aux");
    assert!(window.said().can_undo);
    window.tell(Message::Click(Target::Send(2)));
    window.settle();
    assert!(window.listed().is_empty());
    // By keys: the first stream has the focus after one Tab.
    window.tell(Message::Click(Target::Slider));
    window.keys(&[Key::Tab, Key::Down, Key::Enter]);
    assert_eq!(window.listed(), ["Discord"]);
    assert_eq!(
        window.model.focus.target,
        Target::Stream(2),
        "the focus goes with it"
    );
    window.chord(Key::Left, false, true);
    assert!(window.listed().is_empty());
    window.chord(Key::Left, false, true);
    assert!(window.listed().is_empty(), "it is on that side");
    window.chord(Key::Right, false, true);
    assert_eq!(window.listed(), ["Discord"]);
    window.write(" ");
    assert!(window.listed().is_empty());
    // Carried by the pointer; dropped outside, it stays.
    let carry = |over| {
        Message::Drag(Dragged {
            id: 1,
            x: 9.0,
            y: 9.0,
            channel: over,
        })
    };
    window.tell(carry(Channel::Aux));
    window.tell(Message::Drop(None));
    window.settle();
    assert!(window.listed().is_empty());
    window.tell(carry(Channel::Aux));
    assert!(window.model.drag.dragged().is_some());
    window.tell(Message::Drop(Some(Channel::Aux)));
    window.settle();
    assert_eq!(window.listed(), ["Game"]);
}

#[test]
fn a_pattern_is_typed_picked_changed_deleted_and_all_taken_back() {
    let mut window = Harness::new(&["Game", "Discord"], &[]);
    window.write("+");
    assert_eq!(window.model.focus.target, Target::Entry);
    assert_eq!(window.model.suggestions().len(), 2);
    window.write("disc*");
    window.keys(&[Key::Enter]);
    assert_eq!(window.listed(), ["disc*"]);
    assert_eq!(window.model.entry.field.text(), "");
    // Picked.
    window.keys(&[Key::Down, Key::Down, Key::Down, Key::Up, Key::Down]);
    assert_eq!(window.model.entry.selected, Some(Suggestion::Stream(1)));
    window.keys(&[Key::Enter]);
    assert_eq!(window.listed(), ["disc*", "Game"]);
    // Changed in its place.
    window.keys(&[Key::Tab, Key::F2, Key::End, Key::Backspace]);
    window.write("ord");
    assert_eq!(window.model.focus.target, Target::Edit);
    window.keys(&[Key::Enter]);
    assert_eq!(window.listed(), ["discord", "Game"]);
    let discord = Text::truncated("discord");
    assert_eq!(window.model.focus.target, Target::Pattern(discord));
    assert_eq!(window.said().text, "disc* is now discord");
    window.keys(&[Key::Delete]);
    assert_eq!(window.listed(), ["Game"]);
    // All of it taken back, the last first, and made again.
    let lists = [
        &["Game"][..],
        &["discord", "Game"],
        &["disc*", "Game"],
        &["disc*"],
        &[],
    ];
    for expected in &lists[1..] {
        window.chord(Key::Letter('z'), false, true);
        assert_eq!(window.listed(), *expected);
        assert_eq!(window.said().text, "Took back what was done");
    }
    for (expected, (key, shift)) in lists
        .iter()
        .rev()
        .skip(1)
        .zip([('y', false), ('z', true)].iter().cycle())
    {
        window.chord(Key::Letter(*key), *shift, true);
        assert_eq!(window.listed(), *expected);
        assert!(window.said().can_undo);
    }
}

#[test]
fn an_edit_keeps_its_place_and_never_eats_another_pattern() {
    let mut window = Harness::new(&[], &["first", "game", "last"]);
    let edit = |window: &mut Harness, pattern: &str, text: &str| {
        window.tell(Message::Click(Target::StartEdit(Text::truncated(pattern))));
        window.chord(Key::Letter('a'), false, true);
        window.write(text);
        window.keys(&[Key::Enter]);
    };
    edit(&mut window, "game", "Game");
    assert_eq!(
        window.listed(),
        ["first", "Game", "last"],
        "in another case"
    );
    edit(&mut window, "Game", "last");
    assert_eq!(window.listed(), ["first", "Game", "last"]);
    let status = window.said();
    assert!(
        status.is_warning && status.text == "It is on the list already",
        "{status:?}"
    );
    window.keys(&[Key::Escape]);
    window.chord(Key::Letter('z'), false, true);
    assert_eq!(
        window.listed(),
        ["first", "game", "last"],
        "back in its place"
    );
}

#[test]
fn what_is_refused_stays_where_it_was_typed() {
    let mut window = Harness::new(&[], &["game"]);
    window.write("+");
    window.write("[x");
    window.keys(&[Key::Enter]);
    assert_eq!(window.model.entry.field.text(), "[x");
    assert!(window.said().is_warning);
    // In place too, and the old one is not lost.
    window.tell(Message::Click(Target::StartEdit(Text::truncated("game"))));
    window.write("[game");
    window.keys(&[Key::Enter]);
    assert_eq!(window.listed(), ["game"]);
    assert_eq!(window.model.edit.as_ref().unwrap().field.text(), "[game");
    assert!(window.said().is_warning && !window.said().can_undo);
    window.keys(&[Key::Escape]);
    assert!(window.model.edit.as_ref().is_none());
    assert!(!window.closed);
    // Too long, empty, and there already.
    window.tell(Message::Click(Target::Entry));
    window.write(&"ż".repeat(65));
    window.keys(&[Key::Enter]);
    assert_eq!(
        window.said().text,
        "The pattern is 132 bytes long, where 128 is the limit"
    );
    window.keys(&[Key::Escape]);
    window.write("game");
    window.keys(&[Key::Enter]);
    assert_eq!(window.said().text, "game is on the list already");
    assert!(!window.said().can_undo);
}

#[test]
fn what_could_not_be_saved_is_said() {
    let mut window = Harness::new(&[], &[]);
    window.daemon.unsaved = Some("mixd.conf: read-only file system".into());
    window.write("+");
    window.write("game");
    window.keys(&[Key::Enter]);
    let status = window.said();
    assert!(status.is_warning && status.can_undo);
    assert_eq!(
        status.text,
        "Added game, but it is not saved: mixd.conf: read-only file system"
    );
}

#[test]
fn escape_leaves_what_is_nearest_and_never_the_window() {
    let mut window = Harness::new(&["Game"], &["x"]);
    window.write("?");
    assert!(window.model.help);
    window.keys(&[Key::Right]);
    assert_eq!(window.volume(), "0", "what is hidden is not moved");
    window.keys(&[Key::Escape]);
    assert!(!window.model.help);
    window.write("+");
    window.write("ga");
    assert!(!window.model.suggestions().is_empty());
    window.keys(&[Key::Escape]);
    assert!(window.model.suggestions().is_empty() && window.model.entry.field.text().is_empty());
    assert!(!window.closed);
    // An empty field lets go of the focus, so that the next key is no text.
    window.keys(&[Key::Escape]);
    assert_eq!(window.model.focus.target, Target::Slider);
    window.write("+");
    assert_eq!(window.model.focus.target, Target::Entry);
    assert_eq!(window.model.entry.field.text(), "");
    window.keys(&[Key::Escape; 9]);
    assert!(!window.closed);
    for letter in ['q', 'w'] {
        let mut window = Harness::new(&[], &[]);
        window.chord(Key::Letter(letter), false, true);
        assert!(window.closed);
    }
}

#[test]
fn escape_gives_a_drag_of_the_slider_up() {
    let mut window = Harness::new(&[], &[]);
    window.daemon.volume = volume("0.3");
    let event = window.daemon.volume_event();
    window.tell(event);
    window.tell(Message::Slider(SliderMessage::Grab(None)));
    for (at, answers) in [("0.5", true), ("0.7", false), ("0.9", false)] {
        window.tell(Message::Slider(SliderMessage::Drag(volume(at))));
        if answers {
            window.settle();
        }
    }
    window.keys(&[Key::Escape]);
    assert_eq!(window.model.volume(), volume("0.3"));
    // Until the handle is taken anew.
    window.tell(Message::Slider(SliderMessage::Drag(volume("1"))));
    window.tell(Message::Slider(SliderMessage::Release));
    window.settle();
    assert_eq!(window.volume(), "0.3");
    // One that was not moved follows mixd all the time.
    window.tell(Message::Slider(SliderMessage::Grab(None)));
    window.daemon.volume = volume("-0.2");
    let event = window.daemon.volume_event();
    window.tell(event);
    window.keys(&[Key::Escape]);
    assert_eq!(window.volume(), "-0.2");
}

#[test]
fn a_key_that_is_held_moves_and_types_and_changes_the_list_once() {
    let mut window = Harness::new(&["Game", "Discord", "Spotify"], &["x", "y", "z"]);
    let hold = |window: &mut Harness, key: Key| {
        window.keys(&[key]);
        for _ in 0..30 {
            window.tell(Message::KeyRepeat(key, Modifiers::default()));
            window.settle();
        }
    };
    hold(&mut window, Key::Right);
    assert_eq!(window.volume(), "1");
    window.tell(Message::Click(Target::Slider));
    hold(&mut window, Key::Tab);
    assert_eq!(window.model.focus.target, Target::Stream(1));
    let changes = |window: &Harness| window.daemon.undo_stack.len();
    hold(&mut window, Key::Enter);
    assert_eq!(changes(&window), 1);
    window.write(" ");
    window.tell(Message::TextRepeat(" ".into()));
    window.settle();
    assert_eq!(changes(&window), 2);
    for key in [Key::Delete, Key::Backspace] {
        let pattern = *window.daemon.programs[0].pattern();
        window.model.focus_on(Target::Pattern(pattern));
        let before = changes(&window);
        hold(&mut window, key);
        assert_eq!(changes(&window), before + 1, "{key:?}");
    }
    hold(&mut window, Key::Escape);
    let control = Modifiers {
        shift: false,
        control: true,
    };
    for letter in ['q', 'w', 'z', 'y'] {
        let before = changes(&window);
        window.tell(Message::KeyRepeat(Key::Letter(letter), control));
        window.settle();
        assert!(!window.closed && changes(&window) == before, "{letter}");
    }
    // A text that is held is typed, but not by the key that has led to the field.
    window.write("+");
    window.tell(Message::TextRepeat("+".into()));
    assert_eq!(window.model.entry.field.text(), "");
    window.write("a");
    window.tell(Message::TextRepeat("a".into()));
    window.tell(Message::TextRepeat("a".into()));
    assert_eq!(window.model.entry.field.text(), "aaa");
    hold(&mut window, Key::Backspace);
    assert_eq!(window.model.entry.field.text(), "");
}

#[test]
fn tab_goes_from_part_to_part_and_round() {
    let mut window = Harness::new(&["Game", "Discord"], &["discord", "x"]);
    let pattern = |text| Target::Pattern(Text::truncated(text));
    let order = [
        Target::Slider,
        Target::Stream(1),
        Target::Stream(2),
        Target::Entry,
        pattern("discord"),
        pattern("x"),
        Target::StatusLine,
        Target::Help,
    ];
    assert_eq!(window.model.focus_order(), order);
    let stops = [order[0], order[1], order[2], order[3], order[4], order[7]];
    for target in stops.iter().cycle().skip(1).take(10) {
        window.keys(&[Key::Tab]);
        assert_eq!(window.model.focus.target, *target);
        assert_eq!(window.model.focus.ring(), Some(*target));
    }
    for target in stops.iter().rev().cycle().skip(2).take(10) {
        window.chord(Key::Tab, true, false);
        assert_eq!(window.model.focus.target, *target);
    }
    // What has the focus goes: what stands in its place has it.
    window.tell(Message::Click(Target::Slider));
    window.keys(&[Key::Tab, Key::Tab]);
    window.daemon.vanish(2);
    let event = window.daemon.streams_event();
    window.tell(event);
    assert_eq!(window.model.focus.target, Target::Entry);
}

#[test]
fn arrows_move_within_a_part_which_tab_comes_back_to() {
    let names: Vec<String> = (0..40).map(|at| format!("Player {at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut window = Harness::new(&names, &["Player 3", "Player 7", "x"]);
    let stream = Target::Stream;
    for (key, target) in [
        (Key::Tab, stream(1)),
        (Key::Up, stream(1)),
        (Key::Down, stream(2)),
        (Key::Down, stream(3)),
        // The other column, of two rows: to the last.
        (Key::Right, stream(8)),
        (Key::Right, stream(8)),
        (Key::Home, stream(4)),
        (Key::Left, stream(1)),
        (Key::PageDown, stream(7)),
        (Key::End, stream(40)),
        (Key::Left, stream(40)),
        (Key::Tab, stream(4)),
        (Key::Tab, Target::Entry),
        (Key::Tab, Target::Pattern(Text::truncated("Player 3"))),
        (Key::End, Target::Pattern(Text::truncated("x"))),
        (Key::Left, Target::Pattern(Text::truncated("x"))),
        (Key::Tab, Target::Help),
        (Key::Tab, Target::Slider),
        (Key::Tab, stream(40)),
    ] {
        window.keys(&[key]);
        assert_eq!(window.model.focus.target, target, "{key:?}");
    }
    assert!(window.daemon.undo_stack.is_empty());
}

#[test]
fn mixd_goes_and_comes_back() {
    let mut window = Harness::new(&["Game"], &["x"]);
    window.tell(Message::Slider(SliderMessage::Grab(Some(volume("0.7")))));
    window.tell(Message::Click(Target::Delete(Text::truncated("x"))));
    window.tell(Message::Disconnected(LinkError {
        title: "mixd is not there",
        reason: "connection refused".into(),
        command: Some("mixd".into()),
    }));
    window.daemon.inbox.clear();
    assert!(matches!(window.model.daemon.link, LinkState::Down(_)));
    assert!(window.model.daemon.audio.streams.is_empty());
    // Nothing can be asked now.
    window.keys(&[Key::Tab, Key::Tab, Key::Right, Key::Enter, Key::Escape]);
    window.tell(Message::Slider(SliderMessage::Grab(Some(volume("0.7")))));
    window.chord(Key::Letter('z'), false, true);
    assert!(window.daemon.inbox.is_empty() && !window.closed);
    window.daemon.volume = volume("-0.2");
    window.tell(Message::Connected(Welcome::new("mixd")));
    window.settle();
    assert_eq!(window.model.daemon.link, LinkState::Up);
    assert_eq!(window.model.volume(), volume("-0.2"));
    assert_eq!(window.model.daemon.streams(Channel::Default).count(), 1);
}

#[test]
fn the_focus_outlasts_a_restart_of_mixd_unless_it_is_moved_meanwhile() {
    let mut window = Harness::new(&["Game"], &["x", "y"]);
    let lost = || {
        Message::Disconnected(LinkError {
            title: "mixd is not there",
            reason: "connection refused".into(),
            command: None,
        })
    };
    let row = Target::Pattern(Text::truncated("y"));
    for moves in [false, true] {
        window.tell(Message::Click(row));
        window.keys(&[Key::F2]);
        assert_eq!(window.model.focus.target, Target::Edit);
        window.write("yz");
        window.tell(lost());
        window.tell(lost());
        assert_eq!(
            window.model.focus.target,
            Target::Help,
            "the last that there is"
        );
        if moves {
            window.keys(&[Key::Tab]);
        }
        window.daemon.inbox.clear();
        window.tell(Message::Connected(Welcome::new("mixd")));
        window.settle();
        let expected = if moves { Target::Slider } else { Target::Edit };
        assert_eq!(window.model.focus.target, expected);
        // What was being typed there too.
        let edit = window.model.edit.as_ref().map(|edit| edit.field.text());
        assert_eq!(edit, Some("yz"));
        window.keys(&[Key::Escape]);
    }
}

#[test]
fn why_a_stream_is_left_alone_is_asked_for_once() {
    let mut window = Harness::new(&["a", "b", "c", "d", "Pinned"], &[]);
    window.tell(Message::Hover(Some(Target::Stream(1))));
    assert!(window.daemon.inbox.is_empty(), "it is routed");
    window.tell(Message::Hover(Some(Target::Stream(5))));
    window.tell(Message::Hover(Some(Target::Stream(5))));
    assert_eq!(window.daemon.inbox, [Request::GetStream(5)]);
    window.settle();
    assert!(window.model.daemon.reason(5).is_some());
    // It stays while other streams come and go, until that of this one may be another.
    window.tell(Message::Hover(None));
    window.daemon.vanish(1);
    let event = window.daemon.streams_event();
    window.tell(event);
    assert!(window.model.daemon.reason(5).is_some());
    window.daemon.appear(5, "Another");
    let event = window.daemon.streams_event();
    window.tell(event);
    assert!(window.model.daemon.reason(5).is_none());
}

#[test]
fn ctrl_z_in_a_text_is_of_the_text_alone() {
    let mut window = Harness::new(&[], &["a"]);
    window.tell(Message::Click(Target::Delete(Text::truncated("a"))));
    window.settle();
    window.write("+");
    window.write("typo");
    window.chord(Key::Letter('z'), false, true);
    assert_eq!(window.model.entry.field.text(), "");
    assert!(window.listed().is_empty());
    // What was taken back there is made again there.
    window.chord(Key::Letter('z'), true, true);
    assert_eq!(window.model.entry.field.text(), "typo");
    for _ in 0..3 {
        window.chord(Key::Letter('z'), false, true);
        assert_eq!(window.model.entry.field.text(), "");
        assert!(window.listed().is_empty());
    }
    // Nor is a change of the list made again there.
    for _ in 0..3 {
        window.chord(Key::Letter('y'), false, true);
        assert_eq!(window.model.entry.field.text(), "typo");
    }
    // A field in which nothing was typed since the pattern was added has nothing to take back.
    window.keys(&[Key::Enter]);
    assert_eq!(window.listed(), ["typo"]);
    window.chord(Key::Letter('z'), false, true);
    assert!(window.listed().is_empty());
    window.chord(Key::Letter('z'), true, true);
    assert_eq!(window.listed(), ["typo"]);
}
