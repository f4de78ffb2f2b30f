//! Changes of the list: one request each, and what is typed stays until it is done.

use wire::message::{Move, Replacement};

use super::*;

fn text(text: &str) -> Pattern {
    Text::truncated(text)
}

#[test]
fn each_act_is_one_request() {
    let mut window = Harness::new(&["Game"], &["a"]);
    let mut asks = |acts: Vec<Message>, request: Request| {
        for act in acts {
            window.tell(act);
        }
        assert_eq!(window.daemon.inbox, [request]);
        window.daemon.inbox.clear();
        window.tell(Message::Reply(Ok(Reply::Done)));
        assert!(window.daemon.inbox.is_empty());
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
    let typed = |text: &str| Message::Text(text.to_owned());
    asks(vec![Message::Click(Target::Send(1))], to_aux.clone());
    asks(
        vec![
            Message::Click(Target::Entry),
            Message::Click(Target::Suggestion(1)),
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
    let mut window = Harness::new(&["Game"], &["a", "b"]);
    for _ in 0..3 {
        window.tell(Message::Click(Target::Send(1)));
        window.tell(Message::Click(Target::Delete(text("a"))));
    }
    assert_eq!(window.daemon.inbox.len(), 2);
    window.settle();
    assert_eq!(window.listed(), ["b", "Game"]);
    let control = Modifiers {
        shift: false,
        control: true,
    };
    window.tell(Message::Key(Key::Letter('z'), control));
    window.tell(Message::Key(Key::Letter('z'), control));
    assert_eq!(window.daemon.inbox, [Request::Undo, Request::Undo]);
    window.settle();
    assert_eq!(window.listed(), ["a", "b"]);
}

#[test]
fn what_is_typed_before_the_answer_is_not_lost() {
    let mut window = Harness::new(&["Game"], &[]);
    window.write("+");
    window.write("a");
    window.tell(Key::Enter);
    assert_eq!(window.model.entry.field.text(), "a");
    window.tell(Message::Text("b".to_owned()));
    window.settle();
    assert_eq!(window.listed(), ["a"]);
    assert_eq!(window.model.entry.field.text(), "ab");
    window.keys(&[Key::Enter]);
    assert_eq!(window.model.entry.field.text(), "");
}

#[test]
fn a_change_that_mixd_describes_and_could_not_save_is_said_so() {
    let mut window = Harness::new(&["Game"], &[]);
    window.daemon.unsaved = Some("mixd.conf: read-only file system".into());
    window.tell(Message::Click(Target::Send(1)));
    window.settle();
    let status = window.model.status();
    assert!(status.is_warning && status.can_undo);
    assert_eq!(
        status.text,
        "Game plays through aux, but it is not saved: mixd.conf: read-only file system"
    );
}

#[test]
fn a_pattern_in_another_case_is_no_other_pattern() {
    let mut window = Harness::new(&[], &["Discord", "Ёлка"]);
    for text in ["DISCORD", "ёЛКА"] {
        window.tell(Message::Click(Target::Entry));
        window.write(text);
        window.keys(&[Key::Enter]);
        let status = window.model.status();
        assert!(status.text.ends_with(" is on the list already"));
        assert!(!status.is_warning && !status.can_undo, "{status:?}");
        window.keys(&[Key::Escape]);
    }
    // Nor is it one that stands in the way of its own change.
    window.tell(Message::Click(Target::Pattern(text("Discord"))));
    window.write("discord");
    window.keys(&[Key::Enter]);
    assert_eq!(window.listed(), ["discord", "Ёлка"]);
}

#[test]
fn an_ignored_pattern_stays_one_when_it_is_changed_until_it_is_typed_as_a_program() {
    let mut window = Harness::new(&["Game"], &["a"]);
    window.daemon.add(Rule::Ignore(text("game")));
    for event in window.daemon.events() {
        window.tell(event);
    }
    window.tell(Message::Click(Target::Pattern(text("game"))));
    window.write("Game");
    window.keys(&[Key::Enter]);
    let listed = |rule| [Rule::Program(text("a")), rule];
    assert_eq!(
        window.model.daemon.rules,
        listed(Rule::Ignore(text("Game")))
    );
    assert_eq!(window.model.focus.target, Target::Pattern(text("Game")));
    // What is left alone is on the list already, and is not offered for it.
    window.tell(Message::Click(Target::Entry));
    assert!(window.model.suggestions().is_empty());
    window.write("Game");
    window.keys(&[Key::Enter]);
    assert_eq!(
        window.model.daemon.rules,
        listed(Rule::Program(text("Game")))
    );
}
