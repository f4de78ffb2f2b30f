//! Links that somebody cuts or adds, and session managers that hang.

use super::*;

/// The stream's link, of the `n`th channel, that the session manager has made.
fn cut_managed(world: &mut World, n: u32) {
    let ports = between(STREAM, DEFAULT, n);
    let links = world.router.registry.links_of(&ports);
    world.run(links.into_iter().map(Event::Removed));
}

fn cut(world: &mut World, ports: &Ports) -> Vec<Command> {
    let removed = world.pipewire.remove_link(ports).unwrap();
    world.run([removed])
}

#[test]
fn a_side_that_was_cut_is_not_routed_and_is_linked_by_us() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    cut_managed(&mut world, 1);
    assert_eq!(world.linked(STREAM, DEFAULT), []);
    let commands = world.wait(1);
    assert_eq!(commands, [Command::Link(between(STREAM, DEFAULT, 1))]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
    // Taken away from us twice, it is left.
    for state in [StreamState::Routed, StreamState::Contested] {
        cut(&mut world, &between(STREAM, DEFAULT, 1));
        world.wait(1);
        assert_eq!(world.state(STREAM), state);
    }
    let reason = world.router.detail(STREAM, &world.rules, 0).unwrap().reason;
    assert!(reason.unwrap().contains("again and again"), "{reason:?}");
    // And not for ever.
    world.wait(30);
    world.wait(1);
    assert_eq!(world.linked(STREAM, DEFAULT), [(1, 1)]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
}

#[test]
fn a_side_that_is_missing_is_said_meanwhile() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    cut_managed(&mut world, 1);
    world.now += Duration::from_millis(600);
    world.handle([]);
    assert_eq!(world.state(STREAM), StreamState::Waiting);
    let reason = world.router.detail(STREAM, &world.rules, 0).unwrap().reason;
    assert!(reason.unwrap().contains("mixd-default"), "{reason:?}");
}

#[test]
fn a_link_in_the_state_error_is_made_anew_once_and_its_end_is_no_loss() {
    let mut world = World::new(&[]);
    let ports = between(DEFAULT, CARD, 0);
    let commands = world.handle([Event::LinkFailed(ports)]);
    assert_eq!(commands, [Command::Link(ports)]);
    let gone = world.pipewire.remove_link(&ports).unwrap();
    assert_eq!(world.handle([gone]), [], "the broken one");
    let events = world.pipewire.execute(&Command::Link(ports));
    assert_eq!(world.run(events), []);
    assert!(world.router.has_link(&ports));
}

#[test]
fn a_monitor_that_was_given_up_is_told_and_made_again_for_a_new_stream() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    let ports = between(DEFAULT, CARD, 0);
    for _ in 0..=MAX_RELINKS {
        cut(&mut world, &ports);
    }
    world.wait(1);
    let audio = world.router.audio();
    assert_eq!(audio.warnings, [Warning::LinksRemoved]);
    assert_eq!(world.state(STREAM), StreamState::Waiting);
    world.run(stream(STREAM + 1, "Game", &[]));
    assert!(world.router.has_link(&ports));
    assert_eq!(world.router.audio().warnings, []);
    assert_eq!(world.state(STREAM), StreamState::Routed);
    // Once more only.
    assert_eq!(cut(&mut world, &ports), []);
    world.wait(31);
    assert!(world.router.has_link(&ports), "it is tried again");
}

#[test]
fn old_losses_do_not_count() {
    let mut world = World::new(&[]);
    let ports = between(DEFAULT, CARD, 0);
    for _ in 0..3 * MAX_RELINKS {
        assert_eq!(cut(&mut world, &ports), [Command::Link(ports)]);
        world.wait(11);
    }
}

#[test]
fn a_link_to_a_card_besides_the_channel_is_told_and_named() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    world.handle([Event::ClientInfo(
        77,
        props(&[("application.name", "qpwgraph")]),
    )]);
    world.run([link(900, 77, between(STREAM, OTHER_CARD, 0))]);
    world.wait(1);
    let told = world.stream(STREAM);
    assert_eq!(told.state, StreamState::Contested);
    assert_eq!(told.linked_by.as_deref(), Some("qpwgraph"));
    let reason = world.router.detail(STREAM, &world.rules, 0).unwrap().reason;
    assert!(reason.unwrap().contains("heard twice"), "{reason:?}");
    world.run([Event::Removed(900)]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
}

#[test]
fn a_target_node_of_ours_or_of_nothing_is_cleared_at_the_end() {
    for (value, is_cleared) in [("40", true), ("999", true), ("31", false), ("-1", false)] {
        let mut world = World::new(&[]);
        world.run(stream(STREAM, "Game", &[]));
        world.run([key(STREAM, TARGET_NODE, Some(value))]);
        let commands = world.router.shutdown();
        assert!(commands.contains(&Command::ClearTarget(STREAM)));
        let clears = commands.contains(&Command::ClearTargetNode(STREAM));
        assert_eq!(clears, is_cleared, "{value}");
    }
}

#[test]
fn a_session_manager_that_hangs_from_the_start_is_done_without() {
    let mut world = World::empty(&["Discord"], true);
    let mut events = session();
    events.remove(0);
    world.handle(events);
    world.pipewire.is_managed = false;
    world.run([
        Event::Metadata(MetadataOwner::Hanging(MANAGER)),
        Event::Listed,
    ]);
    let audio = world.router.audio();
    assert_eq!(audio.warnings, [Warning::ManagerHangs]);
    assert_eq!(world.output().as_deref(), Some("card"));
    world.run(stream(STREAM, "Discord", &[]));
    assert_eq!(world.linked(STREAM, AUX), [(0, 0), (1, 1)]);
    // It answers.
    world.pipewire.is_managed = true;
    let metadata = Event::Metadata(MetadataOwner::Managed(MANAGER));
    let commands = world.run([default_sink("other"), metadata]);
    assert!(commands.contains(&target(STREAM, AUX)));
    assert_eq!(world.router.audio().warnings, []);
    assert_eq!(world.output().as_deref(), Some("other"));
}

#[test]
fn a_stream_that_the_session_manager_has_linked_twice_is_asked_for_anew() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    for _ in 0..2 {
        world.run([link(900, MANAGER, between(STREAM, CARD, 0))]);
        assert_eq!(world.wait(1), [Command::ClearTarget(STREAM)]);
        assert_eq!(world.state(STREAM), StreamState::Waiting);
        assert_eq!(world.run([Event::Removed(900)]), []);
        assert_eq!(world.wait(1), [target(STREAM, DEFAULT)]);
        assert_eq!(world.state(STREAM), StreamState::Routed);
    }
    // Not for ever.
    world.run([link(900, MANAGER, between(STREAM, CARD, 0))]);
    assert_eq!(world.wait(1), []);
    assert_eq!(world.state(STREAM), StreamState::Contested);
}

#[test]
fn a_move_that_was_not_told_is_found_out() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    world.pipewire.set_target(STREAM, Some("other"));
    cut_managed(&mut world, 0);
    cut_managed(&mut world, 1);
    world.run((0..2).map(|n| link(900 + n, MANAGER, between(STREAM, OTHER_CARD, n))));
    assert_eq!(world.wait(2), [Command::Refresh]);
    assert_eq!(world.state(STREAM), StreamState::Pinned);
    assert_eq!(world.wait(10), []);
}

#[test]
fn what_was_asked_of_a_session_manager_that_hung_is_no_wish_of_its_user() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    // It hangs, and shows nothing of this.
    world.rules = rules(&["Game"]);
    assert_eq!(world.handle([]), [target(STREAM, AUX)]);
    world.handle([Event::Metadata(MetadataOwner::Hanging(MANAGER))]);
    world.rules = rules(&[]);
    world.handle([]);
    let shown = key(STREAM, TARGET_OBJECT, Some(&serial(AUX).to_string()));
    world.run([shown, Event::Metadata(MetadataOwner::Managed(MANAGER))]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
    assert_eq!(world.stream(STREAM).channel, Channel::Default);
}

#[test]
fn a_session_manager_that_ends_while_a_stream_is_asked_for_anew_is_done_without() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    world.run([link(900, MANAGER, between(STREAM, CARD, 0))]);
    assert_eq!(world.wait(1), [Command::ClearTarget(STREAM)]);
    world.pipewire.is_managed = false;
    world.run([Event::Removed(900), Event::Metadata(MetadataOwner::None)]);
    world.wait(3);
    world.wait(3);
    assert_eq!(world.linked(STREAM, DEFAULT), [(0, 0), (1, 1)]);
}

#[test]
fn a_stream_that_was_moved_to_our_other_sink_and_is_heard_twice_is_told_as_well() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    world.run([key(STREAM, TARGET_OBJECT, Some("mixd-aux"))]);
    assert_eq!(world.state(STREAM), StreamState::Pinned);
    world.run([link(900, 77, between(STREAM, CARD, 0))]);
    world.wait(1);
    assert_eq!(world.state(STREAM), StreamState::Contested);
    let reason = world.router.detail(STREAM, &world.rules, 0).unwrap().reason;
    assert!(reason.unwrap().contains("heard twice"), "{reason:?}");
    world.run([Event::Removed(900)]);
    assert_eq!(world.state(STREAM), StreamState::Pinned);
}
