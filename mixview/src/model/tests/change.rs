//! Changes of the list: one request each, and what is typed stays until it is done.

use wire::message::{Move, Replacement};

use super::*;

fn text(text: &str) -> Pattern {
    Text::truncated(text)
}

#[test]
fn each_act_is_one_request() {
    let mut scene = Scene::new(&["Game"], &["a"]);
    let mut asks = |acts: Vec<Message>, request: Request| {
        for act in acts {
            scene.tell(act);
        }
        assert_eq!(scene.daemon.inbox, [request]);
        scene.daemon.inbox.clear();
        scene.tell(Message::Answer(Ok(Reply::Done)));
        assert!(scene.daemon.inbox.is_empty());
    };
    let control = |key, shift| {
        let modifiers = Modifiers {
            shift,
            control: true,
        };
        vec![Message::Key(Key::Letter(key), modifiers)]
    };
    let to_aux = Request::MoveStream(Move {
        id: 1,
        channel: Channel::Aux,
    });
    let typed = |text: &str| Message::Typed(text.to_owned());
    asks(vec![Message::Click(Target::Stream(1))], to_aux.clone());
    asks(
        vec![
            Message::Click(Target::Entry),
            Message::Click(Target::Offer(1)),
        ],
        to_aux,
    );
    asks(
        vec![Message::Click(Target::Entry), typed("b"), Key::Enter.into()],
        Request::AddProgram(text("b")),
    );
    asks(
        vec![
            Message::Click(Target::Pattern(text("a"))),
            typed("c"),
            Key::Enter.into(),
        ],
        Request::ReplaceProgram(Replacement {
            new: text("c"),
            old: text("a"),
        }),
    );
    asks(
        vec![Message::Click(Target::Delete(text("c")))],
        Request::RemoveProgram(text("c")),
    );
    asks(vec![Message::Click(Target::Undo)], Request::Undo);
    asks(control('z', false), Request::Undo);
    asks(control('z', true), Request::Redo);
    asks(control('y', false), Request::Redo);
}

#[test]
fn a_key_that_is_held_asks_for_the_same_change_once_but_takes_back_as_often_as_it_is_pressed() {
    let mut scene = Scene::new(&["Game"], &["a", "b"]);
    for _ in 0..3 {
        scene.tell(Message::Click(Target::Stream(1)));
        scene.tell(Message::Click(Target::Delete(text("a"))));
    }
    assert_eq!(scene.daemon.inbox.len(), 2);
    scene.settle();
    assert_eq!(scene.listed(), ["b", "Game"]);
    let control = Modifiers {
        shift: false,
        control: true,
    };
    scene.tell(Message::Key(Key::Letter('z'), control));
    scene.tell(Message::Key(Key::Letter('z'), control));
    assert_eq!(scene.daemon.inbox, [Request::Undo, Request::Undo]);
    scene.settle();
    assert_eq!(scene.listed(), ["a", "b"]);
}

#[test]
fn what_is_typed_before_the_answer_is_not_lost() {
    let mut scene = Scene::new(&["Game"], &[]);
    scene.write("+");
    scene.write("a");
    scene.tell(Key::Enter);
    assert_eq!(scene.model.entry().text(), "a");
    scene.tell(Message::Typed("b".to_owned()));
    scene.settle();
    assert_eq!(scene.listed(), ["a"]);
    assert_eq!(scene.model.entry().text(), "ab");
    scene.keys(&[Key::Enter]);
    assert_eq!(scene.model.entry().text(), "");
}

#[test]
fn a_change_that_mixd_describes_and_could_not_save_is_said_so() {
    let mut scene = Scene::new(&["Game"], &[]);
    scene.daemon.unsaved = Some("mixd.conf: read-only file system".into());
    scene.tell(Message::Click(Target::Stream(1)));
    scene.settle();
    let foot = scene.model.foot();
    assert!(foot.alarm && foot.undo);
    assert_eq!(
        foot.text,
        "Game plays through aux, but it is not saved: mixd.conf: read-only file system"
    );
}

#[test]
fn a_pattern_in_another_case_is_no_other_pattern() {
    let mut scene = Scene::new(&[], &["Discord", "Ёлка"]);
    for text in ["DISCORD", "ёЛКА"] {
        scene.tell(Message::Click(Target::Entry));
        scene.write(text);
        scene.keys(&[Key::Enter]);
        let foot = scene.model.foot();
        assert!(foot.text.ends_with(" is on the list already"));
        assert!(!foot.alarm && !foot.undo, "{foot:?}");
        scene.keys(&[Key::Escape]);
    }
    // Nor is it one that stands in the way of its own change.
    scene.tell(Message::Click(Target::Pattern(text("Discord"))));
    scene.write("discord");
    scene.keys(&[Key::Enter]);
    assert_eq!(scene.listed(), ["discord", "Ёлка"]);
}

#[test]
fn an_ignored_pattern_stays_one_when_it_is_changed_until_it_is_typed_as_a_program() {
    let mut scene = Scene::new(&["Game"], &["a"]);
    scene.daemon.add(Rule::Ignore(text("game")));
    for event in scene.daemon.greet() {
        scene.tell(event);
    }
    scene.tell(Message::Click(Target::Pattern(text("game"))));
    scene.write("Game");
    scene.keys(&[Key::Enter]);
    let listed = |rule| [Rule::Program(text("a")), rule];
    assert_eq!(scene.model.programs(), listed(Rule::Ignore(text("Game"))));
    assert_eq!(scene.model.focus(), Target::Pattern(text("Game")));
    // What is left alone is on the list already, and is not offered for it.
    scene.tell(Message::Click(Target::Entry));
    assert!(scene.model.offers().is_empty());
    scene.write("Game");
    scene.keys(&[Key::Enter]);
    assert_eq!(scene.model.programs(), listed(Rule::Program(text("Game"))));
}
