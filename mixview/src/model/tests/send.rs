//! Streams that are sent to the other side.

use super::*;

#[test]
fn every_pattern_that_holds_a_program_lets_it_go() {
    let mut scene = Scene::new(&["Spotify", "Spot", "Game"], &["spotify", "Game", "spot*"]);
    scene.tell(Message::Click(Target::Stream(1)));
    scene.settle();
    assert_eq!(scene.daemon.channel(1), Some(Channel::Default));
    assert_eq!(
        scene.listed(),
        ["Game", "Spot"],
        "what else they held stays"
    );
    let foot = scene.model.foot();
    assert!(
        foot.undo && foot.text == "Spotify plays on Default",
        "{foot:?}"
    );
    // One change, taken back as one.
    scene.chord(Key::Letter('z'), false, true);
    assert_eq!(scene.listed(), ["spotify", "Game", "spot*"]);
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
