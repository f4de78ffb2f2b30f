//! What the foot says, and what it does not hide.

use std::borrow::Cow;

use super::*;

fn problem(text: Option<&str>) -> Message {
    let settings = Settings {
        problem: text.map(Into::into),
        ..Settings::default()
    };
    Message::Event(Event::Settings(Cow::Owned(settings)))
}

fn deleted() -> Scene {
    let mut scene = Scene::new(&["Game"], &["a", "b"]);
    scene.tell(Message::Click(Target::Delete(Text::truncated("a"))));
    scene.settle();
    assert_eq!(scene.model.foot().text, "Removed a");
    scene
}

#[test]
fn what_is_wrong_is_said_whatever_was_done() {
    let mut scene = deleted();
    scene.tell(problem(Some("mixd.conf:7: x")));
    let foot = scene.model.foot();
    assert!(foot.alarm && foot.undo, "{foot:?}");
    assert_eq!(foot.text, "mixd.conf:7: x");
    // Also if it was there before.
    scene.tell(Message::Click(Target::Delete(Text::truncated("b"))));
    scene.settle();
    assert_eq!(scene.model.foot().text, "mixd.conf:7: x");
    assert!(scene.model.foot().undo);
    scene.tell(problem(None));
    assert_eq!(scene.model.foot().text, "Removed b");
    let mut audio = nothing();
    audio.output = None;
    scene.tell(Message::Event(Event::Streams(Cow::Owned(audio))));
    assert_eq!(scene.model.foot().text, "There is no sound card to play to");
}

#[test]
fn a_refusal_is_read_first_and_gone_with_the_next_act() {
    let long = "ż".repeat(70);
    let enter = |scene: &mut Scene| {
        scene.tell(Message::Click(Target::Entry));
        scene.write(&long);
        scene.keys(&[Key::Enter]);
    };
    for ends in [Key::Escape, Key::Backspace, Key::F1] {
        let mut scene = deleted();
        scene.tell(problem(Some("mixd.conf:7: x")));
        enter(&mut scene);
        assert!(scene.model.foot().text.starts_with("The pattern is 140"));
        // It can be read while one moves about.
        scene.keys(&[Key::Left, Key::Tab]);
        scene.chord(Key::Tab, true, false);
        scene.tell(Message::Click(Target::Entry));
        assert!(scene.model.foot().text.starts_with("The pattern is 140"));
        scene.keys(&[ends]);
        assert_eq!(scene.model.foot().text, "mixd.conf:7: x", "{ends:?}");
        assert!(scene.model.foot().undo);
    }
    let mut scene = deleted();
    enter(&mut scene);
    scene.write("x");
    assert_eq!(scene.model.foot().text, "Removed a");
    // What goes wrong meanwhile is news.
    enter(&mut scene);
    scene.tell(problem(Some("mixd.conf:7: x")));
    assert_eq!(scene.model.foot().text, "mixd.conf:7: x");
}

fn lost() -> Message {
    Message::Lost(Lost {
        title: "mixd is not there",
        why: "connection refused".into(),
        start: None,
    })
}

#[test]
fn what_mixd_did_not_answer_is_said_while_it_is_looked_for() {
    let mut scene = Scene::new(&[], &["a"]);
    scene.tell(Message::Click(Target::Delete(Text::truncated("a"))));
    for _ in 0..3 {
        scene.tell(lost());
        let foot = scene.model.foot();
        assert!(foot.alarm && !foot.undo);
        assert_eq!(
            foot.text,
            "mixd did not answer: that may or may not be done"
        );
    }
    scene.daemon.inbox.clear();
    scene.tell(Message::Connected);
    scene.settle();
    assert!(scene.model.foot().text.contains("may or may not"));
    scene.keys(&[Key::F1]);
    assert_eq!(scene.model.foot().text, "Plays to card");
}

#[test]
fn what_was_done_is_said_until_another_hand_changes_the_list() {
    let mut scene = deleted();
    let event = scene.daemon.programs_event();
    scene.tell(event);
    assert!(scene.model.foot().undo, "the same list");
    scene.daemon.add(Rule::Ignore(Text::truncated("c")));
    let event = scene.daemon.programs_event();
    scene.tell(event);
    let foot = scene.model.foot();
    assert!(!foot.undo && foot.text == "Plays to card", "{foot:?}");
    // The keys take that back.
    scene.chord(Key::Letter('z'), false, true);
    assert_eq!(scene.listed(), ["b"]);
}

#[test]
fn that_there_is_nothing_to_take_back_or_to_make_again_is_no_alarm() {
    let mut scene = deleted();
    scene.chord(Key::Letter('y'), false, true);
    let foot = scene.model.foot();
    assert!(!foot.alarm, "{foot:?}");
    assert_eq!(foot.text, "There is nothing to redo");
    scene.keys(&[Key::F1, Key::F1]);
    scene.chord(Key::Letter('z'), false, true);
    let foot = scene.model.foot();
    assert!(!foot.undo, "{foot:?}");
    assert_eq!(foot.text, "Took back what was done");
    scene.chord(Key::Letter('z'), false, true);
    let foot = scene.model.foot();
    assert!(!foot.alarm, "{foot:?}");
    assert_eq!(foot.text, "There is nothing to undo");
}

#[test]
fn a_sentence_that_is_cut_is_reached_by_keys() {
    let mut scene = deleted();
    scene.tell(Message::Click(Target::Slider));
    scene.chord(Key::Tab, true, false);
    scene.chord(Key::Tab, true, false);
    scene.chord(Key::Tab, true, false);
    assert_eq!(scene.model.shown_focus(), Some(Target::Foot));
    scene.keys(&[Key::Tab]);
    assert_eq!(scene.model.focus(), Target::Undo);
}
