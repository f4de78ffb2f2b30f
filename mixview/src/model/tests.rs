mod change;
mod foot;
mod send;

use wire::Text;

use super::*;
use crate::pretend::Daemon;

/// A window and a mixd that answers when it is told to.
struct Scene {
    model: Model,
    daemon: Daemon,
    closed: bool,
}

impl Scene {
    fn new(names: &[&str], patterns: &[&str]) -> Self {
        let mut scene = Self {
            model: Model::default(),
            daemon: Daemon::new(names, patterns),
            closed: false,
        };
        scene.tell(Message::Connected);
        scene.settle();
        scene
    }

    fn tell(&mut self, message: impl Into<Message>) {
        for effect in self.model.handle(message.into()) {
            match effect {
                Effect::Send(request) => self.daemon.inbox.push_back(request),
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
        self.tell(Message::Typed(text.to_owned()));
        self.settle();
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
    let mut scene = Scene::new(&[], &[]);
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
        scene.chord(key, shift, false);
        assert_eq!(scene.volume(), expected, "{key:?}");
    }
    scene.write("0");
    assert_eq!(scene.volume(), "0");
    scene.tell(Message::Turn(1.0));
    scene.settle();
    assert_eq!(scene.volume(), "0.05");
    // A smooth wheel's parts add up.
    for _ in 0..4 {
        scene.tell(Message::Turn(-0.5));
    }
    scene.settle();
    assert_eq!(scene.volume(), "-0.05");
    scene.tell(Message::Turn(f32::NAN));
    scene.settle();
    assert_eq!(scene.volume(), "-0.05");
}

#[test]
fn one_set_is_unanswered_at_most_and_the_last_one_arrives() {
    let mut scene = Scene::new(&[], &[]);
    scene.tell(Message::Hold(Some(volume("0.1"))));
    for at in 11..=90 {
        scene.tell(Message::Slide(volume(&format!("0.{at}"))));
        assert_eq!(scene.daemon.inbox.len(), 1);
        assert_eq!(
            scene.model.volume(),
            volume(&format!("0.{at}")),
            "the hand's, at once"
        );
    }
    scene.tell(Message::LetGo);
    for message in scene.daemon.answer() {
        scene.tell(message);
    }
    // What mixd has done so far does not pull the handle back.
    assert_eq!(scene.model.volume(), volume("0.9"));
    assert_eq!(scene.daemon.inbox, [Request::SetVolume(volume("0.9"))]);
    scene.settle();
    assert_eq!(scene.volume(), "0.9");
}

#[test]
fn the_hand_is_not_fought_and_others_are_followed() {
    let mut scene = Scene::new(&[], &[]);
    scene.tell(Message::Hold(Some(volume("0.5"))));
    scene.settle();
    scene.daemon.volume = volume("-1");
    let event = scene.daemon.volume_event();
    scene.tell(event.clone());
    assert_eq!(scene.model.volume(), volume("0.5"));
    assert_eq!(
        scene.model.mix().default.to_string(),
        "0.5",
        "the gains are those of the handle"
    );
    scene.tell(Message::LetGo);
    assert_eq!(scene.model.volume(), volume("0.5"), "it stays where it is");
    scene.settle();
    assert_eq!(scene.volume(), "0.5", "for mixd too");
    scene.daemon.volume = volume("0.3");
    let event = scene.daemon.volume_event();
    scene.tell(event);
    assert_eq!(scene.model.volume(), volume("0.3"));
    // Nobody holds it: nothing slides.
    scene.tell(Message::Slide(volume("1")));
    assert!(scene.daemon.inbox.is_empty());
}

#[test]
fn the_notch_holds_the_handle_within_snap() {
    let mut scene = Scene::new(&[], &[]);
    scene.tell(Message::Hold(Some(volume("0.5"))));
    for (hand, handle) in [
        ("0.04", "0.04"),
        ("0.03", "0"),
        ("-0.03", "0"),
        ("-0.04", "-0.04"),
    ] {
        scene.tell(Message::Slide(volume(hand)));
        assert_eq!(scene.model.volume(), volume(handle));
    }
}

#[test]
fn a_program_goes_to_the_other_side_and_back() {
    let mut scene = Scene::new(&["Game", "Discord"], &[]);
    scene.tell(Message::Click(Target::Stream(2)));
    scene.settle();
    assert_eq!(scene.listed(), ["Discord"]);
    assert_eq!(scene.model.foot().text, "Discord plays through aux");
    assert!(scene.model.foot().undo);
    scene.tell(Message::Click(Target::Stream(2)));
    scene.settle();
    assert!(scene.listed().is_empty());
    // By keys: the first stream has the focus after one Tab.
    scene.tell(Message::Click(Target::Slider));
    scene.keys(&[Key::Tab, Key::Down, Key::Enter]);
    assert_eq!(scene.listed(), ["Discord"]);
    assert_eq!(
        scene.model.focus(),
        Target::Stream(2),
        "the focus goes with it"
    );
    scene.keys(&[Key::Left]);
    assert!(scene.listed().is_empty());
    scene.keys(&[Key::Left]);
    assert!(scene.listed().is_empty(), "it is on that side");
    scene.keys(&[Key::Right]);
    assert_eq!(scene.listed(), ["Discord"]);
    scene.write(" ");
    assert!(scene.listed().is_empty());
    // Carried by the pointer; dropped outside, it stays.
    let carry = |over| Message::Carry {
        id: 1,
        x: 9.0,
        y: 9.0,
        over,
    };
    scene.tell(carry(Channel::Aux));
    scene.tell(Message::Drop(None));
    scene.settle();
    assert!(scene.listed().is_empty());
    scene.tell(carry(Channel::Aux));
    assert!(scene.model.carried().is_some());
    scene.tell(Message::Drop(Some(Channel::Aux)));
    scene.settle();
    assert_eq!(scene.listed(), ["Game"]);
}

#[test]
fn a_pattern_is_typed_picked_changed_deleted_and_all_taken_back() {
    let mut scene = Scene::new(&["Game", "Discord"], &[]);
    scene.write("+");
    assert_eq!(scene.model.focus(), Target::Entry);
    assert_eq!(scene.model.offers().len(), 2);
    scene.write("disc*");
    scene.keys(&[Key::Enter]);
    assert_eq!(scene.listed(), ["disc*"]);
    assert_eq!(scene.model.entry().text(), "");
    // Picked.
    scene.keys(&[Key::Down, Key::Down, Key::Down, Key::Up, Key::Down]);
    assert_eq!(scene.model.picked(), Some(1));
    scene.keys(&[Key::Enter]);
    assert_eq!(scene.listed(), ["disc*", "Game"]);
    // Changed in its place.
    scene.keys(&[Key::Tab, Key::F2, Key::End, Key::Backspace]);
    scene.write("ord");
    assert_eq!(scene.model.focus(), Target::Edit);
    scene.keys(&[Key::Enter]);
    assert_eq!(scene.listed(), ["discord", "Game"]);
    let discord = Text::truncated("discord");
    assert_eq!(scene.model.focus(), Target::Pattern(discord));
    assert_eq!(scene.model.foot().text, "disc* is now discord");
    scene.keys(&[Key::Delete]);
    assert_eq!(scene.listed(), ["Game"]);
    // All of it taken back, the last first, and made again.
    let lists = [
        &["Game"][..],
        &["discord", "Game"],
        &["disc*", "Game"],
        &["disc*"],
        &[],
    ];
    for expected in &lists[1..] {
        scene.chord(Key::Letter('z'), false, true);
        assert_eq!(scene.listed(), *expected);
        assert_eq!(scene.model.foot().text, "Took back what was done");
    }
    for (expected, (key, shift)) in lists
        .iter()
        .rev()
        .skip(1)
        .zip([('y', false), ('z', true)].iter().cycle())
    {
        scene.chord(Key::Letter(*key), *shift, true);
        assert_eq!(scene.listed(), *expected);
        assert!(scene.model.foot().undo);
    }
}

#[test]
fn an_edit_keeps_its_place_and_never_eats_another_pattern() {
    let mut scene = Scene::new(&[], &["first", "game", "last"]);
    let edit = |scene: &mut Scene, pattern: &str, text: &str| {
        scene.tell(Message::Click(Target::Pattern(Text::truncated(pattern))));
        scene.chord(Key::Letter('a'), false, true);
        scene.write(text);
        scene.keys(&[Key::Enter]);
    };
    edit(&mut scene, "game", "Game");
    assert_eq!(scene.listed(), ["first", "Game", "last"], "in another case");
    edit(&mut scene, "Game", "last");
    assert_eq!(scene.listed(), ["first", "Game", "last"]);
    let foot = scene.model.foot();
    assert!(
        foot.alarm && foot.text == "It is on the list already",
        "{foot:?}"
    );
    scene.keys(&[Key::Escape]);
    scene.chord(Key::Letter('z'), false, true);
    assert_eq!(
        scene.listed(),
        ["first", "game", "last"],
        "back in its place"
    );
}

#[test]
fn what_is_refused_stays_where_it_was_typed() {
    let mut scene = Scene::new(&[], &["game"]);
    scene.write("+");
    scene.write("[x");
    scene.keys(&[Key::Enter]);
    assert_eq!(scene.model.entry().text(), "[x");
    assert!(scene.model.foot().alarm);
    // In place too, and the old one is not lost.
    scene.tell(Message::Click(Target::Pattern(Text::truncated("game"))));
    scene.write("[game");
    scene.keys(&[Key::Enter]);
    assert_eq!(scene.listed(), ["game"]);
    assert_eq!(scene.model.edit().unwrap().field.text(), "[game");
    assert!(scene.model.foot().alarm && !scene.model.foot().undo);
    scene.keys(&[Key::Escape]);
    assert!(scene.model.edit().is_none());
    assert!(!scene.closed);
    // Too long, empty, and there already.
    scene.tell(Message::Click(Target::Entry));
    scene.write(&"ż".repeat(65));
    scene.keys(&[Key::Enter]);
    assert_eq!(
        scene.model.foot().text,
        "The pattern is 132 bytes long, where 128 is the limit"
    );
    scene.keys(&[Key::Escape]);
    scene.write("game");
    scene.keys(&[Key::Enter]);
    assert_eq!(scene.model.foot().text, "game is on the list already");
    assert!(!scene.model.foot().undo);
}

#[test]
fn what_could_not_be_saved_is_said() {
    let mut scene = Scene::new(&[], &[]);
    scene.daemon.unsaved = Some("mixd.conf: read-only file system".into());
    scene.write("+");
    scene.write("game");
    scene.keys(&[Key::Enter]);
    let foot = scene.model.foot();
    assert!(foot.alarm && foot.undo);
    assert_eq!(
        foot.text,
        "Added game, but it is not saved: mixd.conf: read-only file system"
    );
}

#[test]
fn escape_leaves_what_is_nearest_and_then_the_window() {
    let mut scene = Scene::new(&["Game"], &["x"]);
    scene.write("?");
    assert!(scene.model.help());
    scene.keys(&[Key::Right]);
    assert_eq!(scene.volume(), "0", "what is hidden is not moved");
    scene.keys(&[Key::Escape]);
    assert!(!scene.model.help());
    scene.write("+");
    scene.write("ga");
    assert!(!scene.model.offers().is_empty());
    scene.keys(&[Key::Escape]);
    assert!(scene.model.offers().is_empty() && scene.model.entry().text().is_empty());
    assert!(!scene.closed);
    scene.keys(&[Key::Escape]);
    assert!(scene.closed);
    let mut scene = Scene::new(&[], &[]);
    scene.chord(Key::Letter('q'), false, true);
    assert!(scene.closed);
}

#[test]
fn tab_goes_through_everything_and_round() {
    let mut scene = Scene::new(&["Game", "Discord"], &["discord", "x"]);
    let pattern = |text| Target::Pattern(Text::truncated(text));
    let order = [
        Target::Slider,
        Target::Stream(1),
        Target::Stream(2),
        Target::Entry,
        pattern("discord"),
        pattern("x"),
        Target::Foot,
        Target::Help,
    ];
    assert_eq!(scene.model.order(), order);
    for target in order.iter().cycle().skip(1).take(10) {
        scene.keys(&[Key::Tab]);
        assert_eq!(scene.model.focus(), *target);
        assert_eq!(scene.model.shown_focus(), Some(*target));
    }
    for target in order.iter().rev().cycle().skip(6).take(10) {
        scene.chord(Key::Tab, true, false);
        assert_eq!(scene.model.focus(), *target);
    }
    // What has the focus goes: what stands in its place has it.
    scene.tell(Message::Click(Target::Slider));
    scene.keys(&[Key::Tab, Key::Tab]);
    scene.daemon.vanish(2);
    let event = scene.daemon.streams_event();
    scene.tell(event);
    assert_eq!(scene.model.focus(), Target::Entry);
}

#[test]
fn mixd_goes_and_comes_back() {
    let mut scene = Scene::new(&["Game"], &["x"]);
    scene.tell(Message::Hold(Some(volume("0.7"))));
    scene.tell(Message::Click(Target::Delete(Text::truncated("x"))));
    scene.tell(Message::Lost(Lost {
        title: "mixd is not there",
        why: "connection refused".into(),
        start: Some("mixd".into()),
    }));
    scene.daemon.inbox.clear();
    assert!(matches!(scene.model.link(), Link::Down(_)));
    assert!(scene.model.audio().streams.is_empty());
    // Nothing can be asked now.
    scene.keys(&[Key::Tab, Key::Tab, Key::Right, Key::Enter, Key::Escape]);
    scene.tell(Message::Hold(Some(volume("0.7"))));
    scene.chord(Key::Letter('z'), false, true);
    assert!(scene.daemon.inbox.is_empty() && !scene.closed);
    scene.daemon.volume = volume("-0.2");
    scene.tell(Message::Connected);
    scene.settle();
    assert_eq!(*scene.model.link(), Link::Up);
    assert_eq!(scene.model.volume(), volume("-0.2"));
    assert_eq!(scene.model.streams(Channel::Default).count(), 1);
}

#[test]
fn the_focus_outlasts_a_restart_of_mixd_unless_it_is_moved_meanwhile() {
    let mut scene = Scene::new(&["Game"], &["x", "y"]);
    let lost = || {
        Message::Lost(Lost {
            title: "mixd is not there",
            why: "connection refused".into(),
            start: None,
        })
    };
    let row = Target::Pattern(Text::truncated("y"));
    for moves in [false, true] {
        scene.tell(Message::Click(row));
        assert_eq!(scene.model.focus(), Target::Edit);
        scene.write("yz");
        scene.tell(lost());
        scene.tell(lost());
        assert_eq!(scene.model.focus(), Target::Help, "the last that there is");
        if moves {
            scene.keys(&[Key::Tab]);
        }
        scene.daemon.inbox.clear();
        scene.tell(Message::Connected);
        scene.settle();
        let expected = if moves { Target::Slider } else { Target::Edit };
        assert_eq!(scene.model.focus(), expected);
        // What was being typed there too.
        let edit = scene.model.edit().map(|edit| edit.field.text());
        assert_eq!(edit, (!moves).then_some("yz"));
        scene.keys(&[Key::Escape]);
    }
}

#[test]
fn why_a_stream_is_left_alone_is_asked_for_once() {
    let mut scene = Scene::new(&["a", "b", "c", "d", "Pinned"], &[]);
    scene.tell(Message::Point(Some(Target::Stream(1))));
    assert!(scene.daemon.inbox.is_empty(), "it is routed");
    scene.tell(Message::Point(Some(Target::Stream(5))));
    scene.tell(Message::Point(Some(Target::Stream(5))));
    assert_eq!(scene.daemon.inbox, [Request::GetStream(5)]);
    scene.settle();
    assert!(scene.model.reason(5).is_some());
    // It stays while other streams come and go, until that of this one may be another.
    scene.tell(Message::Point(None));
    scene.daemon.vanish(1);
    let event = scene.daemon.streams_event();
    scene.tell(event);
    assert!(scene.model.reason(5).is_some());
    scene.daemon.appear(5, "Another");
    let event = scene.daemon.streams_event();
    scene.tell(event);
    assert!(scene.model.reason(5).is_none());
}

#[test]
fn ctrl_z_is_of_the_text_while_there_is_something_to_take_back() {
    let mut scene = Scene::new(&[], &["a"]);
    scene.tell(Message::Click(Target::Delete(Text::truncated("a"))));
    scene.settle();
    scene.write("+");
    scene.write("typo");
    scene.chord(Key::Letter('z'), false, true);
    assert_eq!(scene.model.entry().text(), "");
    assert!(scene.listed().is_empty());
    // What was taken back there is made again there.
    scene.chord(Key::Letter('z'), true, true);
    assert_eq!(scene.model.entry().text(), "typo");
    scene.chord(Key::Letter('z'), false, true);
    scene.chord(Key::Letter('z'), false, true);
    assert_eq!(scene.listed(), ["a"]);
}
