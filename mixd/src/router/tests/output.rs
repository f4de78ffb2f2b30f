//! Where the monitors go.

use super::super::output::MAX_REMOVALS;
use super::*;

const SINK: u32 = 80;
const OUTPUT: u32 = 81;
const COPY: u32 = 82;

/// The events of a sink with these properties.
fn sink(id: u32, name: &str, properties: &[(&str, &str)]) -> Vec<Event> {
    let mut events = simulation::sink(id, name, &Layout::stereo());
    let mut all = props(properties);
    all.insert("node.name".into(), name.into());
    events.push(Event::Info(
        id,
        Info {
            props: Some(all),
            inputs: 2,
            outputs: 2,
            is_running: false,
        },
    ));
    events
}

/// The events of a stream that a sink of the same link group plays by to a target.
fn output(id: u32, target: &str) -> Vec<Event> {
    let extra = [("node.link-group", "group"), (TARGET_OBJECT, target)];
    stream(id, "output", &extra)
}

fn warnings(world: &World) -> Vec<Warning> {
    world.router.audio().warnings
}

fn leads_back(name: &str) -> Vec<Warning> {
    vec![Warning::LeadsBack(NodeName::truncated(name))]
}

#[test]
fn a_default_sink_is_left_as_soon_as_it_leads_back_and_taken_when_it_no_longer_does() {
    let mut world = World::new(&[]);
    world.run(sink(SINK, "remapped", &[("node.link-group", "group")]));
    world.run(output(OUTPUT, "card"));
    world.run([link(900, MANAGER, between(OUTPUT, CARD, 0))]);
    world.run([default_sink("other")]);
    world.run([default_sink("remapped")]);
    assert_eq!(world.output().as_deref(), Some("remapped"));
    assert_eq!(warnings(&world), []);
    let to_ours = between(OUTPUT, AUX, 0);
    world.run([Event::Removed(900), link(901, MANAGER, to_ours)]);
    // The last good card stays, whatever the priority of others.
    assert_eq!(world.output().as_deref(), Some("other"));
    assert_eq!(warnings(&world), leads_back("remapped"));
    assert_eq!(world.linked(DEFAULT, SINK), []);
    world.run([Event::Removed(901)]);
    assert_eq!(world.output().as_deref(), Some("remapped"));
    assert_eq!(warnings(&world), []);
}

/// Two loopbacks, one after the other, by a null sink's monitor in between.
#[test]
fn a_long_way_back_is_found_and_the_card_behind_is_played_to() {
    let mut world = World::new(&[]);
    world.run([default_sink("other")]);
    world.run(sink(SINK, "virtual", &[]));
    for (id, class) in [(90, "Stream/Input/Audio"), (91, "Stream/Output/Audio")] {
        let info = Info {
            props: Some(props(&[("node.link-group", "loopback")])),
            ..Info::default()
        };
        world.run([
            simulation::node(id, class, "loopback", &[]),
            Event::Info(id, info),
        ]);
    }
    world.run([
        link(900, MANAGER, between(SINK, 90, 0)),
        link(901, MANAGER, between(91, OTHER_CARD, 0)),
        link(902, MANAGER, between(91, DEFAULT, 0)),
    ]);
    world.router.set_preferences(preferred(&["virtual"]));
    world.run([]);
    // The default is good.
    assert_eq!(world.output().as_deref(), Some("other"));
    assert_eq!(warnings(&world), leads_back("virtual"));
    world.router.set_preferences(preferred(&[]));
    world.run([]);
    assert_eq!(warnings(&world), []);
    world.run([default_sink("virtual")]);
    assert_eq!(world.output().as_deref(), Some("other"));
    // Nor is anything wrong with it while it need not be played to.
    world.router.set_preferences(preferred(&["card"]));
    world.run([]);
    assert_eq!(warnings(&world), []);
}

#[test]
fn copies_into_our_sinks_are_removed_and_not_for_ever() {
    let mut world = World::new(&[]);
    world.run(sink(SINK, "all", &[("node.link-group", "group")]));
    assert_eq!(world.run(output(OUTPUT, "card")), []);
    for round in 0..=MAX_REMOVALS {
        let commands = world.run(output(COPY, "mixd-aux"));
        let expected = (round < MAX_REMOVALS).then_some(Command::DestroyNode(COPY));
        assert_eq!(commands, Vec::from_iter(expected), "round {round}");
    }
    world.run([
        link(900, MANAGER, between(COPY, AUX, 0)),
        default_sink("all"),
    ]);
    assert_eq!(world.output().as_deref(), Some("card"));
    assert_eq!(warnings(&world), leads_back("all"));
}

#[test]
fn a_combination_without_its_copies_is_played_to_and_it_is_said() {
    let mut world = World::new(&[]);
    world.run(sink(SINK, "all", &[("node.link-group", "group")]));
    world.run(output(OUTPUT, "card"));
    assert_eq!(
        world.run(output(COPY, "mixd-default")),
        [Command::DestroyNode(COPY)]
    );
    assert_eq!(warnings(&world), []);
    world.run([default_sink("all")]);
    assert_eq!(world.output().as_deref(), Some("all"));
    assert_eq!(warnings(&world), leads_back("all"));
    // One that plays to nothing else is no copy.
    world.run([Event::Removed(OUTPUT)]);
    assert_eq!(world.run(output(COPY, "mixd-default")), []);
}

/// Adds a smart filter with these further properties, and says where the monitors go.
fn add_filter(world: &mut World, id: u32, more: &[(&str, &str)]) {
    let group = format!("group-{id}");
    let mut all = vec![("node.link-group", &*group), ("filter.smart", "true")];
    all.extend(more);
    world.run(sink(id, &format!("filter-{id}"), &all));
}

/// What the monitors are linked to.
fn played_to(world: &World) -> Option<u32> {
    let mut links = world.pipewire.links();
    let of_default = links.find(|ports| ports.output_node == DEFAULT);
    of_default.map(|ports| ports.input_node)
}

fn filter_key(node: u32, key: &str, value: Option<&str>) -> Event {
    Event::FilterKey {
        node,
        key: Some(key.into()),
        value: value.map(str::to_owned),
    }
}

const TARGET: (&str, &str) = ("filter.smart.target", "{ node.name = card }");

#[test]
fn smart_filters_count_where_the_session_manager_has_them() {
    let mut world = World::new(&[]);
    world.run(sink(CARD, "card", &[]));
    world.run(sink(OTHER_CARD, "other", &[]));
    add_filter(&mut world, 90, &[TARGET]);
    assert_eq!(played_to(&world), Some(CARD));
    world.run([Event::FilterMetadata(true)]);
    assert_eq!(played_to(&world), Some(90));
    assert_eq!(world.output().as_deref(), Some("card"));
    world.run([filter_key(90, "filter.smart.disabled", Some("true"))]);
    assert_eq!(played_to(&world), Some(CARD));
    world.run([filter_key(90, "filter.smart.disabled", None)]);
    assert_eq!(played_to(&world), Some(90));
    world.run([filter_key(90, TARGET.0, Some("{\"node.name\":\"other\"}"))]);
    assert_eq!(played_to(&world), Some(CARD));
    world.run([default_sink("other")]);
    assert_eq!(played_to(&world), Some(90));
    let gone = world.pipewire.remove(90);
    world.run(gone);
    assert_eq!(played_to(&world), Some(OTHER_CARD));
}

#[test]
fn the_first_of_several_filters_is_played_to() {
    for (filters, first) in [
        // As they have come.
        ([&[TARGET][..], &[TARGET], &[TARGET]], 90),
        // Those of another sink don't count.
        (
            [
                &[("filter.smart.target", "{ node.name = other }")][..],
                &[TARGET],
                &[TARGET],
            ],
            91,
        ),
        // One that follows another which comes later.
        (
            [
                &[TARGET, ("filter.smart.after", "[ last ]")][..],
                &[TARGET],
                &[TARGET, ("filter.smart.name", "last")],
            ],
            91,
        ),
        // Without a name it has that of its link group.
        (
            [
                &[TARGET, ("filter.smart.after", "[ \"group-91\" ]")][..],
                &[TARGET],
                &[TARGET],
            ],
            91,
        ),
        // `before` changes nothing.
        (
            [
                &[TARGET, ("filter.smart.name", "first")][..],
                &[TARGET, ("filter.smart.before", "[ first ]")],
                &[TARGET],
            ],
            90,
        ),
        // Those of the card go before those of every sink.
        ([&[][..], &[TARGET], &[]], 91),
        ([&[][..], &[], &[]], 90),
    ] {
        let mut world = World::new(&[]);
        world.run([Event::FilterMetadata(true)]);
        world.run(sink(CARD, "card", &[]));
        for (id, more) in (90..).zip(filters) {
            add_filter(&mut world, id, more);
        }
        assert_eq!(played_to(&world), Some(first), "{filters:?}");
    }
}

/// WirePlumber's order is that of a table of its own, in which what has gone leaves its place to another.
#[test]
fn the_session_managers_links_show_the_order_of_filters() {
    let mut world = World::new(&[]);
    world.run([Event::FilterMetadata(true)]);
    world.run(sink(CARD, "card", &[]));
    add_filter(&mut world, 90, &[TARGET]);
    add_filter(&mut world, 91, &[TARGET]);
    assert_eq!(played_to(&world), Some(90));
    world.run(stream(OUTPUT, "output", &[("node.link-group", "group-91")]));
    world.run([link(900, MANAGER, between(OUTPUT, 90, 0))]);
    assert_eq!(played_to(&world), Some(91));
    world.run([filter_key(91, "filter.smart.disabled", Some("true"))]);
    assert_eq!(played_to(&world), Some(90));
}

#[test]
fn a_filter_that_is_for_every_sink_is_not_before_one_that_was_asked_for() {
    let mut world = World::new(&[]);
    world.run([Event::FilterMetadata(true)]);
    world.run(sink(CARD, "card", &[]));
    world.run(sink(OTHER_CARD, "other", &[]));
    add_filter(&mut world, 90, &[]);
    add_filter(
        &mut world,
        91,
        &[("filter.smart.target", "{ node.name = other }")],
    );
    for (output, expected) in [
        (None, 90),
        (Some("card"), CARD),
        (Some("other"), 91),
        // A filter that was asked for is one of its card's, if it is not targetable.
        (Some("filter-91"), 91),
        (Some("nowhere"), 90),
    ] {
        world.router.set_preferences(preferred(output.as_slice()));
        world.run([]);
        assert_eq!(played_to(&world), Some(expected), "{output:?}");
    }
    add_filter(
        &mut world,
        89,
        &[("filter.smart.target", "{ node.name = other }")],
    );
    world.router.set_preferences(preferred(&["filter-91"]));
    world.run([]);
    assert_eq!(played_to(&world), Some(89));
    world.run([filter_key(91, "filter.smart.targetable", Some("true"))]);
    assert_eq!(played_to(&world), Some(91));
}

#[test]
fn a_filter_that_plays_to_us_is_left_out() {
    let mut world = World::new(&[]);
    world.run([Event::FilterMetadata(true)]);
    add_filter(&mut world, 90, &[]);
    assert_eq!(played_to(&world), Some(90));
    world.run(stream(OUTPUT, "output", &[("node.link-group", "group-90")]));
    world.run([link(900, MANAGER, between(OUTPUT, DEFAULT, 0))]);
    assert_eq!(played_to(&world), Some(CARD));
    assert_eq!(warnings(&world), []);
}
