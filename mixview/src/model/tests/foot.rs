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
