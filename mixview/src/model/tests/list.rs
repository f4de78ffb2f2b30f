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
            // What a pattern would do is asked for besides.
            while let Some(Request::TryAddProgram(_)) = window.daemon.inbox.front() {
                for message in window.daemon.answer() {
                    window.tell(message);
                }
            }
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
            Message::Click(Target::Suggestion(Suggestion::Stream(1))),
        ],
        to_aux,
    );
    asks(
        vec![Message::Click(Target::Entry), typed("b"), Key::Enter.into()],
        Request::AddProgram(text("b")),
    );
    asks(
        vec![
            Message::Click(Target::StartEdit(text("a"))),
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
    window.write("q");
    window.tell(Key::Enter);
    assert_eq!(window.model.entry.field.text(), "q");
    window.tell(Message::Text("r".to_owned()));
    window.settle();
    assert_eq!(window.listed(), ["q"]);
    assert_eq!(window.model.entry.field.text(), "qr");
    window.keys(&[Key::Enter]);
    assert_eq!(window.model.entry.field.text(), "");
}

#[test]
fn a_change_that_mixd_describes_and_could_not_save_is_said_so() {
    let mut window = Harness::new(&["Game"], &[]);
    window.daemon.unsaved = Some("mixd.conf: read-only file system".into());
    window.tell(Message::Click(Target::Send(1)));
    window.settle();
    let status = window.said();
    assert!(status.is_warning && status.can_undo);
    assert_eq!(
        status.text,
        "Game plays through aux, but it is not saved: mixd.conf: read-only file system"
    );
}

#[test]
fn enter_takes_the_first_that_fits_and_says_what_a_pattern_would_match() {
    let mut window = Harness::new(&["Firefox", "Fire Pro", "Game"], &[]);
    let selected = |window: &Harness| window.model.entry.selected;
    window.write("+");
    assert_eq!(selected(&window), None);
    window.write("fire");
    assert_eq!(
        window.model.suggestions(),
        [
            Suggestion::Stream(1),
            Suggestion::Stream(2),
            Suggestion::Pattern
        ]
    );
    assert_eq!(selected(&window), Some(Suggestion::Stream(1)));
    assert_eq!(window.model.entry.outcome(), Some(&Ok(Vec::new())));
    // The first is not left upwards, the last not downwards.
    window.keys(&[Key::Up]);
    assert_eq!(selected(&window), Some(Suggestion::Stream(1)));
    window.keys(&[Key::Down; 5]);
    assert_eq!(selected(&window), Some(Suggestion::Pattern));
    window.keys(&[Key::Up, Key::Up, Key::Enter]);
    assert_eq!(window.listed(), ["Firefox"]);
    // It is closed then, and the new row is shown until something else is done.
    assert!(window.model.suggestions().is_empty());
    assert_eq!(window.model.added, Some(text("Firefox")));
    assert_eq!(
        window.model.scroll_target(),
        Some(Target::Pattern(text("Firefox")))
    );
    // A pattern is taken as it stands.
    for (typed, names) in [("f*", &["Fire Pro"][..]), ("g=?", &[])] {
        window.write(typed);
        assert_eq!(window.model.added, None);
        assert_eq!(window.model.suggestions(), [Suggestion::Pattern]);
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(window.model.entry.outcome(), Some(&Ok(names)));
        window.keys(&[Key::Enter]);
        assert_eq!(window.model.added, Some(text(typed)));
    }
    assert_eq!(window.listed(), ["Firefox", "f*", "g=?"]);
    // What mixd would refuse is said before.
    window.write("[x");
    assert!(matches!(window.model.entry.outcome(), Some(Err(_))));
    // Nothing is added unseen: Enter opens what a click beside it has closed.
    window.tell(Message::Press(None));
    window.keys(&[Key::Enter]);
    assert_eq!(selected(&window), Some(Suggestion::Pattern));
    assert_eq!(window.listed().len(), 3);
}

#[test]
fn an_edit_asks_for_intent_and_is_kept_when_it_is_left() {
    let field = |window: &Harness| {
        let edit = window.model.edit.as_ref();
        edit.map(|edit| edit.field.text().to_owned())
    };
    let edit = |window: &mut Harness, new: &str| {
        let pattern = *window.daemon.programs[0].pattern();
        window.tell(Message::Click(Target::Pattern(pattern)));
        assert_eq!(field(window), None, "a click selects");
        window.keys(&[Key::F2]);
        window.write(new);
    };
    let mut window = Harness::new(&["Game"], &["a", "b"]);
    edit(&mut window, "c");
    window.keys(&[Key::Tab]);
    assert_eq!(window.listed(), ["c", "b"]);
    assert_eq!(window.model.focus.target, Target::Help);
    edit(&mut window, "d");
    window.tell(Message::Press(None));
    window.settle();
    assert_eq!(window.listed(), ["d", "b"]);
    edit(&mut window, "e");
    window.tell(Message::Press(Some(Target::Slider)));
    window.tell(Message::Slider(SliderMessage::Grab(None)));
    window.tell(Message::Slider(SliderMessage::Release));
    window.settle();
    assert_eq!(window.listed(), ["e", "b"]);
    assert_eq!(window.model.focus.target, Target::Slider);
    // What is not changed asks for nothing.
    window.tell(Message::Click(Target::Pattern(text("b"))));
    window.keys(&[Key::F2]);
    window.tell(Key::Tab);
    assert!(window.daemon.inbox.is_empty() && field(&window).is_none());
    // What can't be kept stays to be seen, and is not lost to another edit.
    edit(&mut window, "[x");
    window.keys(&[Key::Tab]);
    assert!(window.said().is_warning);
    assert_eq!(field(&window).as_deref(), Some("[x"));
    window.tell(Message::Click(Target::StartEdit(text("b"))));
    assert_eq!(window.model.focus.target, Target::Edit);
    assert_eq!(field(&window).as_deref(), Some("[x"));
    window.keys(&[Key::Backspace; 3]);
    window.keys(&[Key::Tab]);
    assert_eq!(window.model.focus.target, Target::Edit, "it is empty");
    window.keys(&[Key::Escape]);
    assert_eq!(field(&window), None);
    assert_eq!(window.listed(), ["e", "b"]);
}

#[test]
fn what_is_typed_into_an_edit_before_the_answer_is_not_lost() {
    let mut window = Harness::new(&["Game"], &["a"]);
    window.tell(Message::Click(Target::StartEdit(text("a"))));
    window.write("b");
    window.tell(Key::Enter);
    window.tell(Message::Text("c".into()));
    window.settle();
    assert_eq!(window.listed(), ["b"]);
    let edit = window.model.edit.as_ref().map(|edit| edit.field.text());
    assert_eq!(edit, Some("bc"));
    window.keys(&[Key::Enter]);
    assert_eq!(window.listed(), ["bc"]);
    assert!(window.model.edit.is_none());
}

#[test]
fn an_edit_whose_pattern_another_client_removes_is_given_up_in_words() {
    let mut window = Harness::new(&["Game"], &["a", "b"]);
    let removed = |window: &mut Harness, typed: &str| {
        window.tell(Message::Click(Target::StartEdit(text("a"))));
        window.write(typed);
        window.daemon.change(|programs| _ = programs.remove(0));
        let event = window.daemon.programs_event();
        window.tell(event);
        assert!(window.model.edit.is_none());
        window.said()
    };
    let status = removed(&mut window, "abc");
    assert_eq!(
        status.text,
        "a is no longer on the list: its change to abc is given up"
    );
    assert!(status.is_warning);
    // Unless there is nothing to lose.
    let mut window = Harness::new(&["Game"], &["a", "b"]);
    assert!(!removed(&mut window, "a").is_warning);
    let mut window = Harness::new(&["Game"], &["a", "b"]);
    assert!(!removed(&mut window, "b").is_warning);
}

#[test]
fn one_trial_is_unanswered_at_most_and_the_last_text_is_tried() {
    let mut window = Harness::new(&["Game"], &[]);
    window.write("+");
    for letter in ["g", "a", "m", "*"] {
        window.tell(Message::Text(letter.into()));
    }
    assert_eq!(window.daemon.inbox.len(), 1);
    window.settle();
    let outcome = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(names)
    };
    assert_eq!(window.model.entry.outcome(), Some(&outcome(&["Game"])));
    // When a program comes, it is tried again.
    window.daemon.appear(7, "Gamma");
    let event = window.daemon.streams_event();
    window.tell(event);
    assert_eq!(window.model.entry.outcome(), Some(&outcome(&["Game"])));
    window.settle();
    let both = outcome(&["Game", "Gamma"]);
    assert_eq!(window.model.entry.outcome(), Some(&both));
}

#[test]
fn a_pattern_in_another_case_is_no_other_pattern() {
    let mut window = Harness::new(&[], &["Discord", "Ёлка"]);
    for text in ["DISCORD", "ёЛКА"] {
        window.tell(Message::Click(Target::Entry));
        window.write(text);
        window.keys(&[Key::Enter]);
        let status = window.said();
        assert!(status.text.ends_with(" is on the list already"));
        assert!(!status.is_warning && !status.can_undo, "{status:?}");
        window.keys(&[Key::Escape]);
    }
    // Nor is it one that stands in the way of its own change.
    window.tell(Message::Click(Target::StartEdit(text("Discord"))));
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
    window.tell(Message::Click(Target::StartEdit(text("game"))));
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
