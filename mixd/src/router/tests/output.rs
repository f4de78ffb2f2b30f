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

/// What the channels prefer: globs for each, in order.
fn preferred_by(default: &[&str], aux: &[&str]) -> ByChannel<Vec<Preference>> {
    let mut preferences = preferred(default);
    preferences[Channel::Aux] = preferred(aux)[Channel::Aux].clone();
    preferences
}

fn output_names(world: &World) -> [Option<String>; 2] {
    CHANNELS.map(|channel| world.output_of(channel))
}

fn named(names: [&str; 2]) -> [Option<String>; 2] {
    names.map(|name| Some(name.to_owned()))
}

#[test]
fn each_channel_plays_to_its_own_sink_and_a_change_of_one_touches_nothing_of_the_other() {
    let mut world = World::new(&["Discord"]);
    world.run(stream(STREAM, "Game", &[]));
    world.run(stream(STREAM + 1, "Discord", &[]));
    let is_about_default = |command: &Command| match command {
        Command::Link(ports) | Command::Unlink(ports) => ports.output_node != AUX,
        _ => true,
    };
    for (aux, sink) in [("other", OTHER_CARD), ("card", CARD), ("OTH*", OTHER_CARD)] {
        world.router.set_preferences(preferred_by(&[], &[aux]));
        let commands = world.run([]);
        assert_eq!(
            commands.iter().find(|it| is_about_default(it)),
            None,
            "{aux}"
        );
        assert_eq!(world.linked(AUX, sink), [(0, 0), (1, 1)]);
        assert_eq!(world.linked(AUX, CARD + OTHER_CARD - sink), []);
        assert_eq!(world.linked(DEFAULT, CARD), [(0, 0), (1, 1)]);
    }
    assert_eq!(output_names(&world), named(["card", "other"]));
    // The default sink is the default channel's alone.
    let commands = world.run([default_sink("other")]);
    assert!(commands.iter().all(is_about_default), "{commands:?}");
    assert_eq!(world.output().as_deref(), Some("other"));
    assert_eq!(warnings(&world), []);
}

#[test]
fn the_first_preference_that_is_there_is_played_to_and_the_default_where_none_is() {
    let mut world = World::new(&[]);
    let preferences = preferred_by(&[], &["head*", "dock", "nowhere"]);
    world.router.set_preferences(preferences);
    world.run([]);
    assert_eq!(output_names(&world), named(["card", "card"]));
    assert_eq!(warnings(&world), [Warning::OutputMissing]);
    for (id, name) in [(SINK, "dock"), (SINK + 1, "HEADSET")] {
        world.run(sink(id, name, &[]));
        assert_eq!(output_names(&world), named(["card", name]));
        assert_eq!(warnings(&world), []);
    }
    for (id, next) in [(SINK + 1, "dock"), (SINK, "card")] {
        let events = world.pipewire.remove(id);
        let commands = world.run(events);
        let is_aux = |it: &Command| matches!(it, Command::Link(ports) if ports.output_node == AUX);
        assert!(commands.iter().all(is_aux), "{commands:?}");
        assert_eq!(output_names(&world), named(["card", next]));
    }
    // Who says so has nothing missing.
    let mut preferences = preferred_by(&[], &["head*"]);
    preferences[Channel::Aux].push(Preference {
        sink: None,
        line: "output auto".into(),
    });
    world.router.set_preferences(preferences);
    world.run([]);
    assert_eq!(warnings(&world), []);
    let sinks = world.router.list_sinks();
    let users: Vec<Option<String>> = sinks
        .iter()
        .flat_map(|sink| &sink.users)
        .map(|user| user.line.map(|line| line.to_string()))
        .collect();
    assert_eq!(users, [None, Some("output auto".to_owned())]);
}

#[test]
fn a_name_goes_before_a_description_and_the_highest_priority_before_others() {
    let mut world = World::new(&[]);
    let with = |id, name: &str, description: &str, priority: &str| {
        let mut events = sink(id, name, &[]);
        let extra = [
            ("node.description", description),
            ("priority.session", priority),
        ];
        events[0] = simulation::node(id, "Audio/Sink", name, &extra);
        events
    };
    world.run(with(SINK, "bluez_output.1", "My Headset", "10"));
    let description = |world: &World| {
        let output = world.router.audio().outputs.aux;
        output
            .and_then(|it| it.description)
            .map(|it| it.to_string())
    };
    world
        .router
        .set_preferences(preferred_by(&[], &["*headset*"]));
    world.run([]);
    assert_eq!(output_names(&world), named(["card", "bluez_output.1"]));
    assert_eq!(description(&world).as_deref(), Some("My Headset"));
    world.run(with(SINK + 1, "bluez_output.2", "Other headset", "20"));
    assert_eq!(output_names(&world), named(["card", "bluez_output.2"]));
    world.run(with(SINK + 2, "headset", "cheap", "1"));
    assert_eq!(output_names(&world), named(["card", "headset"]));
}

#[test]
fn each_channels_sink_has_the_layout_of_its_own_card() {
    let mut world = World::new(&[]);
    world.run(simulation::sink(SINK, "mono", &layout("MONO")));
    let surround = layout("FL FR FC LFE SL SR");
    world.run(simulation::sink(SINK + 1, "surround", &surround));
    world
        .router
        .set_preferences(preferred_by(&["surround"], &["mono"]));
    world.run([]);
    world.wait(3);
    let layouts = |world: &World| {
        let sinks = world.router.sinks.nodes();
        sinks
            .map(|(sink, _, layout)| (sink.channel, layout.clone()))
            .collect::<Vec<_>>()
    };
    let expected = [(Channel::Aux, layout("MONO")), (Channel::Default, surround)];
    let mut found = layouts(&world);
    found.sort();
    assert_eq!(found, expected);
    // The other one's stays the same object.
    let default = world.pipewire.sink(Channel::Default);
    world
        .router
        .set_preferences(preferred_by(&["surround"], &[]));
    world.run([]);
    world.wait(3);
    assert_eq!(world.pipewire.sink(Channel::Default), default);
    assert!(layouts(&world).contains(&(Channel::Aux, Layout::stereo())));
}

#[test]
fn a_sink_of_one_channel_that_leads_back_leaves_the_other_where_it_is() {
    let mut world = World::new(&[]);
    world.run(sink(SINK, "remapped", &[("node.link-group", "group")]));
    world.run(output(OUTPUT, "mixd-default"));
    world.run([link(900, MANAGER, between(OUTPUT, DEFAULT, 0))]);
    world
        .router
        .set_preferences(preferred_by(&["other"], &["remapped", "other"]));
    world.run([]);
    assert_eq!(output_names(&world), named(["other", "other"]));
    assert_eq!(warnings(&world), []);
    world
        .router
        .set_preferences(preferred_by(&["other"], &["remapped"]));
    world.run([]);
    assert_eq!(output_names(&world), named(["other", "card"]));
    assert_eq!(warnings(&world), leads_back("remapped"));
}

#[test]
fn a_fade_has_the_longer_quantum_of_both_outputs() {
    let mut world = World::new(&["Discord"]);
    world
        .router
        .set_preferences(preferred_by(&["card"], &["other"]));
    world.run([]);
    let frames = |world: &mut World| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let frames = (world.router.quantum().as_secs_f64() * 48_000.0).round() as u32;
        frames
    };
    for (stream_id, program, latency, expected) in [
        (STREAM, "Game", "64/48000", 1024),
        (STREAM + 1, "Discord", "512/48000", 512),
    ] {
        world.run(stream(stream_id, program, &[("node.latency", latency)]));
        assert_eq!(frames(&mut world), expected, "{program}");
    }
}

/// The other channel would lose samples: another sink takes its place, and it goes when nothing plays to it.
#[test]
fn on_0_3_65_no_sink_that_is_heard_leaves_a_card_that_the_other_channel_plays_to() {
    for (version, stays) in [("0.3.65", true), ("1.4.2", false)] {
        let mut world = World::new(&["Discord"]);
        world.run([Event::Version(version.into())]);
        world.run(stream(STREAM, "Discord", &[]));
        let to_other = preferred_by(&[], &["other"]);
        world.router.set_preferences(to_other.clone());
        let commands = world.run([]);
        let is_unlinked = |command: &Command| matches!(command, Command::Unlink(ports) if ports.input_node == CARD);
        assert_eq!(commands.iter().any(is_unlinked), !stays, "{version}");
        assert_eq!(commands.contains(&target(STREAM, 42)), stays, "{version}");
        let aux = world.pipewire.sink(Channel::Aux).unwrap();
        assert_eq!(world.linked(aux, OTHER_CARD), [(0, 0), (1, 1)]);
        assert_eq!(world.linked(AUX, CARD).is_empty(), !stays);
        assert_eq!(world.state(STREAM), StreamState::Routed);
        // Back at once, to the sink that is still there.
        world.router.set_preferences(preferred_by(&[], &[]));
        world.run([]);
        assert_eq!(world.linked(AUX, CARD), [(0, 0), (1, 1)]);
        world.wait(2);
        assert_eq!(world.pipewire.sink(Channel::Aux), Some(AUX));
        assert_eq!(world.pipewire.layouts().len(), 2);
        // Nothing plays to it.
        let gone = world.pipewire.remove(STREAM);
        world.run(gone);
        world.router.set_preferences(to_other);
        let commands = world.run([]);
        assert!(commands.iter().any(is_unlinked), "{version}");
        assert_eq!(world.linked(AUX, OTHER_CARD), [(0, 0), (1, 1)]);
    }
}

#[test]
fn on_0_3_65_a_card_that_has_gone_or_that_both_leave_needs_no_other_sink() {
    let mut world = World::new(&["Discord"]);
    world.run([Event::Version("0.3.65".into())]);
    world.run(stream(STREAM, "Discord", &[]));
    world.run([default_sink("other")]);
    assert_eq!(world.linked(AUX, OTHER_CARD), [(0, 0), (1, 1)]);
    let gone = world.pipewire.remove(OTHER_CARD);
    world.run(gone.into_iter().chain([default_sink("card")]));
    assert_eq!(world.linked(AUX, CARD), [(0, 0), (1, 1)]);
    assert_eq!(world.pipewire.layouts().len(), 2);
}
