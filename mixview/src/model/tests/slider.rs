//! The volume that is typed, and the ends that are clicked.

use super::*;

#[test]
fn the_volume_is_typed_in_its_place() {
    for (typed, expected) in [
        ("0.25", "0.25"),
        ("-0.5", "-0.5"),
        ("−0,125", "-0.125"),
        (" +1 ", "1"),
    ] {
        let mut window = Harness::new(&[], &[]);
        window.tell(Message::Click(Target::Value));
        assert_eq!(window.model.focus.target, Target::Value);
        assert_eq!(window.model.value.as_ref().unwrap().selection(), 0..1);
        window.write(typed);
        assert_eq!(window.volume(), "0", "not before it is done");
        window.keys(&[Key::Enter]);
        assert_eq!(window.volume(), expected);
        assert!(window.model.value.is_none());
        assert_eq!(window.model.focus.target, Target::Slider);
    }
    // By keys, and left by Tab or by a click.
    let mut window = Harness::new(&["Game"], &[]);
    window.keys(&[Key::Enter]);
    window.write("0.3");
    window.keys(&[Key::Tab]);
    assert_eq!(window.volume(), "0.3");
    assert_eq!(window.model.focus.target, Target::Stream(1));
    window.tell(Message::Click(Target::Value));
    window.write("0.4");
    window.tell(Message::Press(Some(Target::Stream(1))));
    window.tell(Message::Click(Target::Stream(1)));
    window.settle();
    assert_eq!(window.volume(), "0.4");
    assert_eq!(window.model.focus.target, Target::Stream(1));
}

#[test]
fn what_is_no_volume_is_said_and_can_be_mended_or_given_up() {
    let mut window = Harness::new(&[], &[]);
    window.tell(Message::Click(Target::Value));
    for (typed, why) in [
        ("loud", "The volume is not a decimal number"),
        ("1.5", "The volume is not between -1 and 1"),
    ] {
        window.chord(Key::Letter('a'), false, true);
        window.write(typed);
        for key in [Key::Enter, Key::Tab] {
            window.keys(&[key]);
            assert_eq!(window.said().text, why);
            assert_eq!(window.model.focus.target, Target::Value);
        }
    }
    window.keys(&[Key::Escape]);
    assert!(window.model.value.is_none());
    assert_eq!(window.volume(), "0");
    assert!(!window.closed);
    // What is as it was is not set anew, to fewer digits.
    window.daemon.volume = volume("0.254321");
    let event = window.daemon.volume_event();
    window.tell(event);
    window.tell(Message::Click(Target::Value));
    window.tell(Key::Enter);
    assert!(window.daemon.inbox.is_empty());
    // Without mixd there is nothing to set.
    window.tell(Message::Click(Target::Value));
    window.write("0.1");
    window.tell(Message::Disconnected(LinkError {
        title: "mixd is not there",
        reason: "connection refused".into(),
        command: None,
    }));
    assert!(window.model.value.is_none());
    window.tell(Message::Click(Target::Value));
    assert!(window.model.value.is_none());
}

#[test]
fn a_click_on_an_end_goes_there() {
    let mut window = Harness::new(&[], &[]);
    for (channel, expected) in [(Channel::Aux, "1"), (Channel::Default, "-1")] {
        window.tell(Message::Click(Target::End(channel)));
        window.settle();
        assert_eq!(window.volume(), expected);
    }
}
