//! Two mixd on one PipeWire.

use super::*;

fn client(id: u32, instance: &str, serial: u32) -> Event {
    let (serial, pid) = (serial.to_string(), id.to_string());
    let pairs = [
        (INSTANCE, instance),
        ("object.serial", &*serial),
        ("pipewire.sec.pid", &*pid),
    ];
    Event::ClientInfo(id, props(&pairs))
}

/// A mixd with two connections, beside another one with a connection of this serial.
fn beside(serial: u32) -> World {
    let mut world = World::empty(&[], true);
    world.router.set_instance("we".into());
    world.handle(session());
    let clients = [client(81, "we", 50), client(80, "we", 60)];
    world.handle(clients);
    world.run([client(90, "other", serial), Event::Listed]);
    world
}

#[test]
fn the_one_that_was_there_before_is_waited_for_and_stays() {
    let mut world = beside(40);
    assert_eq!(world.run([]), []);
    assert_eq!(world.router.refusal(), None);
    assert_eq!(world.wait(2), []);
    let said = world.router.refusal().unwrap();
    assert!(said.contains("another mixd (pid 90)"), "{said}");
}

#[test]
fn one_that_goes_in_time_leaves_its_place() {
    let mut world = beside(40);
    world.wait(1);
    let commands = world.run([Event::Removed(90)]);
    assert!(
        commands
            .iter()
            .any(|it| matches!(it, Command::CreateSink(..)))
    );
    world.wait(5);
    assert_eq!(world.router.refusal(), None);
}

#[test]
fn one_that_came_later_is_its_own_matter() {
    let mut world = beside(55);
    world.run([]);
    world.wait(5);
    assert_eq!(world.router.refusal(), None);
    assert!(world.router.sinks.is_created(Channel::Default));
}
