//! What is copied, and where pasted text goes.

use super::*;

fn copied(text: &str) -> (Selection, String) {
    (Selection::Clipboard, text.to_owned())
}

fn selected(text: &str) -> (Selection, String) {
    (Selection::Primary, text.to_owned())
}

/// A window with this text in its entry.
fn typed(text: &str) -> Harness {
    let mut window = Harness::new(&["Game", "Discord"], &["disc*"]);
    window.write("+");
    window.write(text);
    window
}

#[test]
fn selected_text_is_copied_cut_and_what_the_middle_button_pastes() {
    let mut window = typed("media.role=Game");
    window.chord(Key::Left, true, true);
    assert_eq!(window.copied, Some(selected("Game")));
    window.chord(Key::Letter('c'), false, true);
    assert_eq!(window.copied, Some(copied("Game")));
    window.chord(Key::Letter('a'), false, true);
    assert_eq!(window.copied, Some(selected("media.role=Game")));
    window.chord(Key::Insert, false, true);
    assert_eq!(window.copied, Some(copied("media.role=Game")));
    assert_eq!(window.model.entry.field.text(), "media.role=Game");
    window.chord(Key::End, false, false);
    window.chord(Key::Left, true, false);
    window.chord(Key::Letter('x'), false, true);
    assert_eq!(window.copied, Some(copied("e")));
    window.chord(Key::Home, true, false);
    window.chord(Key::Delete, true, false);
    assert_eq!(window.copied, Some(copied("media.role=Gam")));
    assert_eq!(window.model.entry.field.text(), "");
    window.chord(Key::Letter('z'), false, true);
    assert_eq!(window.model.entry.field.text(), "media.role=Gam");
    // With nothing selected there is nothing to cut: Shift+Delete deletes.
    window.copied = None;
    window.chord(Key::Home, false, false);
    window.chord(Key::Letter('x'), false, true);
    window.chord(Key::Delete, true, false);
    assert_eq!(window.model.entry.field.text(), "edia.role=Gam");
    assert_eq!(window.copied, None);
}

#[test]
fn text_is_pasted_once_by_key_and_not_while_another_is_awaited() {
    let mut window = typed("a");
    window.chord(Key::Letter('v'), false, true);
    window.chord(Key::Insert, true, false);
    window.tell(Message::Paste(Selection::Primary));
    assert_eq!(window.pastes, [Selection::Clipboard]);
    window.tell(Message::Pasted("b\n".to_owned()));
    window.tell(Message::Pasted("c".to_owned()));
    assert_eq!(window.model.entry.field.text(), "ab");
    window.chord(Key::Insert, true, false);
    window.tell(Message::Pasted(String::new()));
    assert_eq!(window.model.status().text, "There is no text to paste");
    assert_eq!(window.model.entry.field.text(), "ab");
    // Held, it pastes once.
    window.tell(Message::KeyRepeat(
        Key::Letter('v'),
        Modifiers {
            shift: false,
            control: true,
        },
    ));
    assert_eq!(window.pastes.len(), 2);
}

#[test]
fn what_is_suggested_follows_pasted_text() {
    let mut window = typed("x");
    window.chord(Key::Letter('a'), false, true);
    window.chord(Key::Letter('v'), false, true);
    window.tell(Message::Pasted("game".to_owned()));
    window.settle();
    let suggestions = window.model.suggestions();
    assert_eq!(suggestions, [Suggestion::Stream(1), Suggestion::Pattern]);
}

#[test]
fn text_that_comes_late_does_not_get_into_another_field() {
    let mut window = typed("a");
    window.chord(Key::Letter('v'), false, true);
    window.tell(Message::Click(Target::StartEdit(Text::truncated("disc*"))));
    window.tell(Message::Pasted("late".to_owned()));
    assert_eq!(window.model.edit.as_ref().unwrap().field.text(), "disc*");
    assert_eq!(window.model.entry.field.text(), "a");
    // Nor is it in the way of the next.
    window.chord(Key::Letter('v'), false, true);
    window.tell(Message::Pasted("new".to_owned()));
    assert_eq!(window.model.edit.as_ref().unwrap().field.text(), "new");
    window.keys(&[Key::Escape, Key::Tab]);
    window.chord(Key::Letter('v'), false, true);
    assert_eq!(window.pastes.len(), 2, "there is no field to paste into");
}

#[test]
fn the_focused_row_or_what_the_window_says_is_copied_where_nothing_is_selected() {
    let mut window = Harness::new(&["Game"], &["disc*"]);
    let copy = (Key::Letter('c'), false, true);
    window.tell(Message::Click(Target::Stream(1)));
    window.chord(copy.0, copy.1, copy.2);
    assert_eq!(window.copied, Some(copied("Game")));
    window.tell(Message::Click(Target::Pattern(Text::truncated("disc*"))));
    window.chord(copy.0, copy.1, copy.2);
    assert_eq!(window.copied, Some(copied("disc*")));
    assert_eq!(window.model.status().text, "Copied: disc*");

    window.tell(status::problem(Some("line 3: no such directive")));
    window.tell(Message::Click(Target::Slider));
    for _ in 0..2 {
        window.chord(copy.0, copy.1, copy.2);
        assert_eq!(window.copied, Some(copied("line 3: no such directive")));
        let status = window.model.status();
        assert_eq!(status.text, "Copied: line 3: no such directive");
        let alarm = window.model.alarm();
        assert_eq!(alarm.as_deref(), Some("line 3: no such directive"));
    }

    // Why something was refused is still to be read after it was copied.
    window.tell(status::problem(None));
    window.model.say("no such pattern", true);
    window.chord(copy.0, copy.1, copy.2);
    assert_eq!(window.copied, Some(copied("no such pattern")));
    assert_eq!(window.model.alarm().as_deref(), Some("no such pattern"));

    let error = |command: Option<&str>| LinkError {
        title: "mixd is not there",
        reason: "nobody listens".to_owned(),
        command: command.map(str::to_owned),
    };
    window.tell(Message::Disconnected(error(Some("mixd"))));
    window.tell(Message::Click(Target::Command));
    assert_eq!(window.copied, Some(copied("mixd")));
    assert_eq!(window.model.status().text, "Copied: mixd");
    window.tell(Message::Disconnected(error(None)));
    window.chord(copy.0, copy.1, copy.2);
    assert_eq!(window.copied, Some(copied("nobody listens")));
}

#[test]
fn in_a_field_without_a_selection_nothing_is_copied() {
    let mut window = Harness::new(&["Game"], &[]);
    window.write("+");
    window.chord(Key::Letter('c'), false, true);
    assert_eq!(window.copied, None);
}

#[test]
fn text_that_is_deleted_or_cut_shows_the_suggestions_again() {
    let mut window = Harness::new(&["Game"], &[]);
    for delete in [(Key::Backspace, false), (Key::Letter('x'), true)] {
        window.write("+");
        window.write("gaaa");
        window.chord(Key::Letter('a'), false, true);
        window.model.entry.is_dismissed = true;
        window.chord(delete.0, false, delete.1);
        assert!(!window.model.entry.is_dismissed, "{delete:?}");
        window.keys(&[Key::Escape, Key::Escape]);
    }
}
