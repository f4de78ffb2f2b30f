//! Programs of several streams: one row, one request.

use super::*;

/// A mixd in which the Browser plays three times, and the model that it has told.
fn browser() -> Harness {
    Harness::new(&["Browser", "Game", "Browser", "Browser"], &[])
}

fn tell_streams(window: &mut Harness) {
    let event = window.daemon.streams_event();
    window.tell(event);
}

#[test]
fn a_program_of_several_streams_is_one_row_and_one_request() {
    let mut window = browser();
    let order = window.model.focus_order();
    let rows = [Target::Stream(1), Target::Stream(2)];
    assert_eq!(order[1..3], rows);
    assert!(!order.contains(&Target::Stream(3)));
    window.tell(Message::Click(Target::Send(1)));
    assert_eq!(window.daemon.inbox.len(), 1);
    window.settle();
    assert_eq!(window.listed(), ["Browser"]);
    let on_aux = window.model.daemon.programs(Channel::Aux);
    assert_eq!(on_aux[0].ids().collect::<Vec<_>>(), [1, 3, 4]);
    // What is suggested is a program too.
    window.chord(Key::Letter('z'), false, true);
    window.write("+");
    assert_eq!(
        window.model.suggestions(),
        [Suggestion::Stream(1), Suggestion::Stream(2)]
    );
}

#[test]
fn the_focus_stays_on_a_row_while_one_of_its_streams_is_left() {
    let mut window = browser();
    window.tell(Message::Click(Target::Stream(1)));
    for (vanishes, row) in [(1, 3), (3, 4)] {
        window.daemon.vanish(vanishes);
        tell_streams(&mut window);
        assert_eq!(window.model.focus.target, Target::Stream(row));
    }
    window.daemon.vanish(4);
    tell_streams(&mut window);
    assert_eq!(window.model.focus.target, Target::Entry);
    // A row that comes to another one's is that one.
    window.daemon.appear(7, "Game");
    tell_streams(&mut window);
    window.tell(Message::Click(Target::Stream(7)));
    assert_eq!(window.model.focus.target, Target::Stream(2));
}

#[test]
fn a_row_shows_what_is_worst_and_mixd_is_asked_by_what_is_best() {
    // Every fifth stream of the tests is pinned.
    let mut window = Harness::new(&[], &[]);
    for id in [5, 6, 7, 10] {
        window.daemon.appear(id, "Browser");
    }
    tell_streams(&mut window);
    let program = window.model.daemon.program(7).unwrap();
    let ids = [program.first.id, program.shown().id, program.movable().id];
    assert_eq!(ids, [5, 5, 6]);
    assert!(program.is_running());
    // Why the one is pinned is asked for, wherever in the row it stands.
    window.tell(Message::Hover(Some(Target::Stream(5))));
    assert_eq!(window.daemon.inbox, [Request::GetStream(5)]);
    window.settle();
    window.tell(Message::Click(Target::Send(5)));
    let Some(Request::MoveStream(to)) = window.daemon.inbox.back() else {
        panic!("{:?}", window.daemon.inbox);
    };
    assert_eq!(to.id, 6);
    // One that is paused as a whole does not sound.
    window.daemon.appear(9, "Player");
    tell_streams(&mut window);
    assert!(!window.model.daemon.program(9).unwrap().is_running());
}
