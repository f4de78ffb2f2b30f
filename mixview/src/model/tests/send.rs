//! Streams that are sent to the other side.

use super::*;

#[test]
fn what_mixd_refuses_is_said_in_its_words() {
    let mut scene = Scene::new(&["Game"], &[]);
    scene.daemon.add(Rule::Ignore(Text::truncated("game")));
    for event in scene.daemon.greet() {
        scene.tell(event);
    }
    scene.tell(Message::Click(Target::Stream(1)));
    scene.settle();
    let foot = scene.model.foot();
    assert!(foot.alarm && !foot.undo, "{foot:?}");
    assert_eq!(foot.text, "The list says to leave it alone");
}

#[test]
fn what_is_sent_by_the_pointer_leaves_what_is_typed() {
    let mut scene = Scene::new(&["Game"], &[]);
    scene.tell(Message::Click(Target::Entry));
    scene.write("disc");
    scene.tell(Message::Carry {
        id: 1,
        x: 1.0,
        y: 1.0,
        over: Channel::Aux,
    });
    scene.tell(Message::Drop(Some(Channel::Aux)));
    scene.settle();
    assert_eq!(scene.listed(), ["Game"]);
    assert_eq!(scene.model.entry().text(), "disc");
}

#[test]
fn escape_leaves_what_is_carried_until_it_is_taken_anew() {
    let mut scene = Scene::new(&["Game"], &[]);
    let carry = || Message::Carry {
        id: 1,
        x: 1.0,
        y: 1.0,
        over: Channel::Aux,
    };
    scene.tell(carry());
    scene.keys(&[Key::Escape]);
    assert!(!scene.closed);
    scene.tell(carry());
    assert!(scene.model.carried().is_none());
    scene.tell(Message::Drop(Some(Channel::Aux)));
    scene.settle();
    assert!(scene.listed().is_empty());
    scene.tell(carry());
    assert!(scene.model.carried().is_some());
}
