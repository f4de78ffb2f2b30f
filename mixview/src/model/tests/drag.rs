//! Streams that are sent to the other side.

use super::*;

#[test]
fn what_mixd_refuses_is_said_in_its_words() {
    let mut window = Harness::new(&["Game"], &[]);
    window.daemon.add(Rule::Ignore(Text::truncated("game")));
    for event in window.daemon.events() {
        window.tell(event);
    }
    window.tell(Message::Click(Target::Send(1)));
    window.settle();
    let status = window.said();
    assert!(status.is_warning && !status.can_undo, "{status:?}");
    assert_eq!(status.text, "The list says to leave it alone");
}

#[test]
fn what_is_sent_by_the_pointer_leaves_what_is_typed() {
    let mut window = Harness::new(&["Game"], &[]);
    window.tell(Message::Click(Target::Entry));
    window.write("disc");
    window.tell(Message::Drag(Dragged {
        id: 1,
        x: 1.0,
        y: 1.0,
        channel: Channel::Aux,
    }));
    window.tell(Message::Drop(Some(Channel::Aux)));
    window.settle();
    assert_eq!(window.listed(), ["Game"]);
    assert_eq!(window.model.entry.field.text(), "disc");
}

#[test]
fn escape_leaves_what_is_carried_until_it_is_taken_anew() {
    let mut window = Harness::new(&["Game"], &[]);
    let carry = || {
        Message::Drag(Dragged {
            id: 1,
            x: 1.0,
            y: 1.0,
            channel: Channel::Aux,
        })
    };
    window.tell(carry());
    window.keys(&[Key::Escape]);
    assert!(!window.closed);
    window.tell(carry());
    assert!(window.model.drag.dragged().is_none());
    window.tell(Message::Drop(Some(Channel::Aux)));
    window.settle();
    assert!(window.listed().is_empty());
    window.tell(carry());
    assert!(window.model.drag.dragged().is_some());
}
