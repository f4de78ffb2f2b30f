//! What the status line says, and what it does not hide.

use std::borrow::Cow;

use super::*;

pub(super) fn problem(text: Option<&str>) -> Message {
    let settings = Settings {
        problem: text.map(Into::into),
        ..Settings::default()
    };
    Message::Event(Event::Settings(Cow::Owned(settings)))
}

fn deleted() -> Harness {
    let mut window = Harness::new(&["Game"], &["a", "b"]);
    window.tell(Message::Click(Target::Delete(Text::truncated("a"))));
    window.settle();
    assert_eq!(window.said().text, "Removed a");
    window
}

#[test]
fn what_is_wrong_is_said_whatever_was_done() {
    let mut window = deleted();
    window.tell(problem(Some("mixd.conf:7: x")));
    let status = window.said();
    assert!(status.is_warning && status.can_undo, "{status:?}");
    assert_eq!(status.text, "mixd.conf:7: x");
    // Also if it was there before.
    window.tell(Message::Click(Target::Delete(Text::truncated("b"))));
    window.settle();
    assert_eq!(window.said().text, "mixd.conf:7: x");
    assert!(window.said().can_undo);
    window.tell(problem(None));
    assert_eq!(window.said().text, "Removed b");
    let audio = daemon::no_audio();
    window.tell(Message::Event(Event::Streams(Cow::Owned(audio))));
    assert_eq!(window.said().text, "There is no sound card to play to");
}

#[test]
fn a_refusal_is_read_first_and_gone_with_the_next_act() {
    let long = "ż".repeat(70);
    let enter = |window: &mut Harness| {
        window.tell(Message::Click(Target::Entry));
        window.write(&long);
        window.keys(&[Key::Enter]);
    };
    for ends in [Key::Escape, Key::Backspace, Key::F1] {
        let mut window = deleted();
        window.tell(problem(Some("mixd.conf:7: x")));
        enter(&mut window);
        assert!(window.said().text.starts_with("The pattern is 140"));
        // It can be read while one moves about.
        window.keys(&[Key::Left, Key::Tab]);
        window.chord(Key::Tab, true, false);
        window.tell(Message::Click(Target::Entry));
        assert!(window.said().text.starts_with("The pattern is 140"));
        window.keys(&[ends]);
        assert_eq!(window.said().text, "mixd.conf:7: x", "{ends:?}");
        assert!(window.said().can_undo);
    }
    let mut window = deleted();
    enter(&mut window);
    window.write("x");
    assert_eq!(window.said().text, "Removed a");
    // What goes wrong meanwhile is news.
    enter(&mut window);
    window.tell(problem(Some("mixd.conf:7: x")));
    assert_eq!(window.said().text, "mixd.conf:7: x");
}

#[test]
fn the_foot_tells_both_outputs_where_they_are_not_the_same() {
    let output = |name: &str, description: Option<&str>| {
        Some(wire::Output {
            name: Text::truncated(name),
            description: description.map(Text::truncated),
        })
    };
    let card = output("card-a", Some("Speakers"));
    let headset = output("bluez_output.1", Some("Headset"));
    for (default, aux, text) in [
        (card, card, "Plays to Speakers"),
        (card, headset, "Default plays to Speakers, Aux to Headset"),
        (
            output("card-b", None),
            card,
            "Default plays to card-b, Aux to Speakers",
        ),
        (None, card, "Default plays to no card, Aux to Speakers"),
    ] {
        let mut window = Harness::new(&[], &[]);
        let mut audio = daemon::no_audio();
        (audio.outputs.default, audio.outputs.aux) = (default, aux);
        audio.pipewire = wire::PipeWireState::Up;
        window.tell(Message::Event(Event::Streams(Cow::Owned(audio))));
        let status = window.said();
        assert_eq!((&*status.text, status.is_warning), (text, false));
    }
}

fn lost() -> Message {
    Message::Disconnected(LinkError {
        title: "mixd is not there",
        reason: "connection refused".into(),
        command: None,
    })
}

#[test]
fn what_mixd_did_not_answer_is_said_while_it_is_looked_for() {
    let mut window = Harness::new(&[], &["a"]);
    window.tell(Message::Click(Target::Delete(Text::truncated("a"))));
    for _ in 0..3 {
        window.tell(lost());
        let status = window.said();
        assert!(status.is_warning && !status.can_undo);
        assert_eq!(
            status.text,
            "mixd did not answer: the last change may or may not be done"
        );
    }
    window.daemon.inbox.clear();
    window.tell(Message::Connected(Welcome::new("mixd")));
    window.settle();
    assert!(window.said().text.contains("may or may not"));
    window.keys(&[Key::F1]);
    assert_eq!(window.said().text, "Plays to card");
}

#[test]
fn what_was_done_is_said_until_another_hand_changes_the_list() {
    let mut window = deleted();
    let event = window.daemon.programs_event();
    window.tell(event);
    assert!(window.said().can_undo, "the same list");
    window.daemon.add(Rule::Ignore(Text::truncated("c")));
    let event = window.daemon.programs_event();
    window.tell(event);
    let status = window.said();
    assert!(
        !status.can_undo && status.text == "Plays to card",
        "{status:?}"
    );
    // The keys take that back.
    window.chord(Key::Letter('z'), false, true);
    assert_eq!(window.listed(), ["b"]);
}

#[test]
fn that_there_is_nothing_to_take_back_or_to_make_again_is_no_alarm() {
    let mut window = deleted();
    window.chord(Key::Letter('y'), false, true);
    let status = window.said();
    assert!(!status.is_warning, "{status:?}");
    assert_eq!(status.text, "There is nothing to redo");
    window.keys(&[Key::F1, Key::F1]);
    window.chord(Key::Letter('z'), false, true);
    let status = window.said();
    assert!(!status.can_undo, "{status:?}");
    assert_eq!(status.text, "Took back what was done");
    window.chord(Key::Letter('z'), false, true);
    let status = window.said();
    assert!(!status.is_warning, "{status:?}");
    assert_eq!(status.text, "There is nothing to undo");
}

#[test]
fn a_sentence_that_is_cut_is_reached_by_keys() {
    let mut window = deleted();
    window.tell(Message::Click(Target::Slider));
    window.chord(Key::Tab, true, false);
    assert_eq!(window.model.focus.ring(), Some(Target::Help));
    window.keys(&[Key::Left, Key::Left]);
    assert_eq!(window.model.focus.ring(), Some(Target::StatusLine));
    window.keys(&[Key::Right]);
    assert_eq!(window.model.focus.target, Target::Undo);
}

#[test]
fn an_alarm_has_no_button_and_what_was_done_keeps_its_own() {
    let mut window = deleted();
    window.tell(problem(Some("mixd.conf:7: x")));
    assert_eq!(window.model.alarm().as_deref(), Some("mixd.conf:7: x"));
    let status = window.model.status();
    assert!(status.can_undo && !status.can_redo, "{status:?}");
    assert_eq!(status.text, "Removed a");
    // By the buttons: taken back, made again.
    window.tell(Message::Click(Target::Undo));
    window.settle();
    assert_eq!(window.listed(), ["a", "b"]);
    let status = window.model.status();
    assert!(status.can_redo && !status.can_undo, "{status:?}");
    window.tell(Message::Click(Target::Redo));
    window.settle();
    assert_eq!(window.listed(), ["b"]);
    let status = window.model.status();
    assert!(status.can_undo && !status.can_redo, "{status:?}");
    assert!(window.model.alarm().is_some());
    // By keys: the alarm is a part of the foot.
    window.tell(Message::Click(Target::Slider));
    window.chord(Key::Tab, true, false);
    window.keys(&[Key::Home]);
    assert_eq!(window.model.focus.ring(), Some(Target::Alarm));
    window.tell(problem(None));
    assert_eq!(window.model.alarm(), None);
    assert_eq!(window.model.focus.target, Target::StatusLine);
}

#[test]
fn a_pipewire_that_has_gone_is_an_alarm_and_one_that_was_not_asked_for_is_none() {
    let mut window = Harness::new(&[], &[]);
    let mut tell = |state| {
        let mut audio = daemon::no_audio();
        audio.pipewire = state;
        window.tell(Message::Event(Event::Streams(Cow::Owned(audio))));
        (window.model.alarm(), window.model.status().text)
    };
    let (alarm, status) = tell(wire::PipeWireState::Down);
    assert!(alarm.unwrap().starts_with("PipeWire is not reachable"));
    assert_eq!(status, "");
    let off = "mixd runs without PipeWire (--backend none)";
    assert_eq!(tell(wire::PipeWireState::Off), (None, off.to_owned()));
}

#[test]
fn a_key_that_is_held_and_does_nothing_ends_no_alarm() {
    let mut window = Harness::new(&["Game"], &[]);
    window.model.say("no", true);
    window.tell(Message::KeyRepeat(Key::Enter, Modifiers::default()));
    window.tell(Message::TextRepeat("u".to_owned()));
    window.tell(Message::Pasted("too late".to_owned()));
    assert_eq!(window.model.alarm().as_deref(), Some("no"));
    window.keys(&[Key::Enter]);
    assert_eq!(window.model.alarm(), None);
}

#[test]
fn what_a_low_window_does_not_show_has_no_focus() {
    let mut window = Harness::new(&["Game"], &["disc*"]);
    window.tell(Message::Click(Target::Pattern(Text::truncated("disc*"))));
    window.model.set_low(true);
    window.keys(&[Key::Tab, Key::Delete, Key::Enter, Key::Tab]);
    window.write("+");
    assert_eq!(window.model.focus.target, Target::Slider);
    window.settle();
    assert_eq!(window.listed(), ["disc*"]);
}
