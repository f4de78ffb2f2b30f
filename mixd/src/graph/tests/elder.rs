//! Two mixd on one PipeWire.

use super::*;

fn client(id: u32, instance: &str, serial: u32) -> Fact {
    let (serial, pid) = (serial.to_string(), id.to_string());
    let pairs = [
        (INSTANCE, instance),
        ("object.serial", &*serial),
        ("pipewire.sec.pid", &*pid),
    ];
    Fact::ClientInfo(id, props(&pairs))
}

/// A mixd with two connections, beside another one with a connection of this serial.
fn beside(serial: u32) -> World {
    let mut world = World::empty(&[], true);
    world.graph.set_instance("we".into());
    world.learn(session());
    let clients = [client(81, "we", 50), client(80, "we", 60)];
    world.learn(clients);
    world.run([client(90, "other", serial), Fact::Listed]);
    world
}

#[test]
fn the_one_that_was_there_before_is_waited_for_and_stays() {
    let mut world = beside(40);
    assert_eq!(world.run([]), []);
    assert_eq!(world.graph.refusal(), None);
    assert_eq!(world.wait(2), []);
    let said = world.graph.refusal().unwrap();
    assert!(said.contains("another mixd (pid 90)"), "{said}");
}

#[test]
fn one_that_goes_in_time_leaves_its_place() {
    let mut world = beside(40);
    world.wait(1);
    let actions = world.run([Fact::Removed(90)]);
    assert!(actions.iter().any(|it| matches!(it, Action::Create(..))));
    world.wait(5);
    assert_eq!(world.graph.refusal(), None);
}

#[test]
fn one_that_came_later_is_its_own_matter() {
    let mut world = beside(55);
    world.run([]);
    world.wait(5);
    assert_eq!(world.graph.refusal(), None);
    assert!(world.graph.sinks.has_made(Channel::Default));
}
