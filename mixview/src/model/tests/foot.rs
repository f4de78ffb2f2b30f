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
fn what_was_not_taken_back_can_be_taken_back_later() {
    let control = Modifiers {
        shift: false,
        control: true,
    };
    // mixd goes while it is on its way.
    let mut scene = deleted();
    scene.tell(Message::Key(Key::Letter('z'), control));
    scene.tell(lost());
    scene.daemon.inbox.clear();
    scene.tell(Message::Connected);
    scene.settle();
    scene.chord(Key::Letter('z'), false, true);
    assert!(scene.listed().contains(&"a"));
    // mixd refuses it.
    let mut scene = deleted();
    scene.tell(Message::Key(Key::Letter('z'), control));
    scene.daemon.inbox.clear();
    scene.tell(Message::Answer(Err(Failure {
        code: wire::ErrorCode::Refused,
        message: "the program list is full".into(),
    })));
    assert_eq!(scene.model.foot().text, "The program list is full");
    scene.chord(Key::Letter('z'), false, true);
    assert!(scene.listed().contains(&"a"));
    // Somebody else was faster: it is said, and not tried for ever.
    let mut scene = deleted();
    scene.daemon.programs.push(Text::truncated("a"));
    let event = scene.daemon.programs_event();
    scene.tell(event);
    scene.chord(Key::Letter('z'), false, true);
    assert_eq!(scene.model.foot().text, "That was taken back elsewhere");
    scene.chord(Key::Letter('z'), false, true);
    assert_eq!(scene.model.foot().text, "There is nothing to undo");
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
