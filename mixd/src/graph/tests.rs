//! Facts in, actions out. A little PipeWire of a card, our two sinks and their ports, to which the
//! tests add streams.

use super::*;

const CARD: u32 = 30;
const OTHER_CARD: u32 = 31;
const SINKS: [(Channel, u32); 2] = [(Channel::Default, 40), (Channel::Aux, 41)];
const STREAM: u32 = 70;

fn props(pairs: &[(&str, &str)]) -> Props {
    pairs
        .iter()
        .map(|&(key, value)| (key.into(), value.into()))
        .collect()
}

fn sink(id: u32, name: &str) -> Fact {
    let serial = (id + 1000).to_string();
    let pairs = [
        ("media.class", "Audio/Sink"),
        ("node.name", name),
        ("object.serial", &serial),
    ];
    Fact::Node(id, props(&pairs))
}

fn port(id: u32, node: u32, direction: &str, position: &str) -> Fact {
    let node = node.to_string();
    let pairs = [
        ("node.id", &*node),
        ("port.direction", direction),
        ("audio.channel", position),
    ];
    Fact::Port(id, props(&pairs))
}

fn metadata(subject: u32, key: &str, value: Option<&str>) -> Fact {
    Fact::Metadata {
        subject,
        key: Some(key.into()),
        value: value.map(str::to_owned),
    }
}

fn default_sink(name: &str) -> Fact {
    metadata(
        0,
        "default.audio.sink",
        Some(&format!("{{\"name\":\"{name}\"}}")),
    )
}

/// The facts of a session without streams.
fn session() -> Vec<Fact> {
    let mut facts = vec![
        sink(CARD, "card"),
        sink(OTHER_CARD, "other"),
        default_sink("card"),
    ];
    for card in [CARD, OTHER_CARD] {
        facts.push(port(card * 10, card, "in", "FL"));
        facts.push(port(card * 10 + 1, card, "in", "FR"));
    }
    for (channel, id) in SINKS {
        facts.push(Fact::Sink(channel, id));
        facts.push(sink(id, sink_name(channel)));
        facts.push(port(id * 10, id, "out", "FL"));
        facts.push(port(id * 10 + 1, id, "out", "FR"));
    }
    facts
}

fn stream(id: u32, name: &str, extra: &[(&str, &str)]) -> [Fact; 2] {
    let short = props(&[
        ("media.class", "Stream/Output/Audio"),
        ("node.name", "node"),
    ]);
    let mut full = short.clone();
    full.insert("application.name".into(), name.into());
    full.extend(props(extra));
    [Fact::Node(id, short), Fact::NodeInfo(id, full)]
}

fn rules(names: &[&str]) -> Rules {
    let mut rules = Rules::default();
    for name in names {
        rules.add(name.parse().unwrap()).unwrap();
    }
    rules
}

struct World {
    graph: Graph,
    rules: Rules,
}

impl World {
    /// A session that has settled, with `names` on the list.
    fn new(names: &[&str]) -> Self {
        let mut world = Self {
            graph: Graph::default(),
            rules: rules(names),
        };
        world.learn(session());
        world
    }

    /// Learns the facts, then settles; asserts that nothing is said twice.
    fn learn(&mut self, facts: impl IntoIterator<Item = Fact>) -> Vec<Action> {
        for fact in facts {
            self.graph.learn(fact);
        }
        let actions = self.graph.settle(&self.rules);
        assert_eq!(
            self.graph.settle(&self.rules),
            [],
            "each action is said once"
        );
        actions
    }

    /// What the session manager shows when it has set what we asked for.
    fn echo(&mut self, stream: u32, channel: Channel) {
        let echo = metadata(stream, TARGET_OBJECT, Some(sink_name(channel)));
        assert_eq!(self.learn([echo]), []);
    }

    fn state(&self, stream: u32) -> (Channel, StreamState) {
        let audio = self.graph.audio(&self.rules);
        let found = audio
            .streams
            .iter()
            .find(|found| found.id == stream)
            .unwrap();
        (found.channel, found.state)
    }
}

#[test]
fn each_monitor_port_is_linked_to_the_card_by_position() {
    let mut world = World {
        graph: Graph::default(),
        rules: rules(&[]),
    };
    let actions = world.learn(session());
    let pairs: Vec<_> = actions
        .iter()
        .map(|action| match action {
            Action::Link(ports) => (ports.output, ports.input),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(pairs, [(400, 300), (401, 301), (410, 300), (411, 301)]);
}

#[test]
fn a_mono_card_takes_both_sides_and_a_counting_one_the_first_two() {
    for (positions, expected) in [
        (&["MONO"][..], [(400, 500), (401, 500)]),
        (&["AUX0", "AUX1", "AUX2"], [(400, 500), (401, 501)]),
    ] {
        let mut world = World::new(&[]);
        let ports = (500..)
            .zip(positions)
            .map(|(id, position)| port(id, 50, "in", position));
        let card = [sink(50, "card-2"), default_sink("card-2")];
        let actions = world.learn(card.into_iter().chain(ports));
        let links: Vec<_> = actions
            .iter()
            .filter_map(|action| match action {
                Action::Link(ports) if ports.output_node == 40 => Some((ports.output, ports.input)),
                _ => None,
            })
            .collect();
        assert_eq!(links, expected);
    }
}

#[test]
fn a_stream_is_sent_to_the_channel_of_its_name() {
    let mut world = World::new(&["discord"]);
    let actions = world.learn(stream(STREAM, "Discord", &[]));
    assert_eq!(actions, [Action::Target(STREAM, Channel::Aux)]);
    let actions = world.learn(stream(STREAM + 1, "Game", &[]));
    assert_eq!(actions, [Action::Target(STREAM + 1, Channel::Default)]);
}

#[test]
fn a_stream_waits_until_all_its_properties_are_known() {
    let mut world = World::new(&[]);
    let [short, full] = stream(STREAM, "Game", &[]);
    assert_eq!(world.learn([short]), []);
    assert_eq!(
        world.state(STREAM),
        (Channel::Default, StreamState::Waiting)
    );
    assert_eq!(
        world.learn([full]),
        [Action::Target(STREAM, Channel::Default)]
    );
}

#[test]
fn a_stream_waits_until_the_sinks_are_linked() {
    let mut world = World {
        graph: Graph::default(),
        rules: rules(&[]),
    };
    assert_eq!(world.learn(stream(STREAM, "Game", &[])), []);
    let actions = world.learn(session());
    let (last, links) = actions.split_last().unwrap();
    assert_eq!(*last, Action::Target(STREAM, Channel::Default));
    assert!(links.iter().all(|action| matches!(action, Action::Link(_))));
}

#[test]
fn the_clients_name_serves_where_the_stream_has_none() {
    let mut world = World::new(&["Discord"]);
    let client = Fact::Client(60, props(&[("application.name", "Discord")]));
    let node = props(&[
        ("media.class", "Stream/Output/Audio"),
        ("node.name", "n"),
        ("client.id", "60"),
    ]);
    let facts = [
        client,
        Fact::Node(STREAM, node.clone()),
        Fact::NodeInfo(STREAM, node),
    ];
    assert_eq!(world.learn(facts), [Action::Target(STREAM, Channel::Aux)]);
}

#[test]
fn a_change_of_the_list_moves_the_streams_it_concerns_and_no_other() {
    let mut world = World::new(&[]);
    for (id, name) in [(STREAM, "Discord"), (STREAM + 1, "Game")] {
        world.learn(stream(id, name, &[]));
        world.echo(id, Channel::Default);
    }
    world.rules = rules(&["Discord"]);
    assert_eq!(world.learn([]), [Action::Target(STREAM, Channel::Aux)]);
    world.echo(STREAM, Channel::Aux);
    world.rules = rules(&[]);
    assert_eq!(world.learn([]), [Action::Target(STREAM, Channel::Default)]);
}

#[test]
fn a_stream_that_asks_for_a_sink_itself_is_left_alone() {
    for key in [TARGET_OBJECT, "node.target"] {
        let mut world = World::new(&["Game"]);
        assert_eq!(world.learn(stream(STREAM, "Game", &[(key, "other")])), []);
        assert_eq!(world.state(STREAM), (Channel::Aux, StreamState::Pinned));
    }
}

#[test]
fn a_stream_that_the_user_has_sent_elsewhere_is_left_alone() {
    // By name, by serial (as pactl does), by id (as older tools do).
    for (key, value) in [
        (TARGET_OBJECT, "other"),
        (TARGET_OBJECT, "1031"),
        (TARGET_NODE, "31"),
    ] {
        let mut world = World::new(&[]);
        world.learn([metadata(STREAM, key, Some(value))]);
        assert_eq!(world.learn(stream(STREAM, "Game", &[])), []);
        assert_eq!(
            world.state(STREAM),
            (Channel::Default, StreamState::Pinned),
            "{key}={value}"
        );
    }
}

#[test]
fn a_stream_moved_elsewhere_while_it_is_ours_is_let_go() {
    let mut world = World::new(&[]);
    world.learn(stream(STREAM, "Game", &[]));
    world.echo(STREAM, Channel::Default);
    assert_eq!(
        world.learn([metadata(STREAM, TARGET_OBJECT, Some("other"))]),
        []
    );
    assert_eq!(world.state(STREAM).1, StreamState::Pinned);
}

#[test]
fn a_remembered_wrong_channel_is_corrected() {
    let mut world = World::new(&["Discord"]);
    // The session manager's memory: our default sink, by id.
    world.learn([metadata(STREAM, TARGET_NODE, Some("40"))]);
    let actions = world.learn(stream(STREAM, "Discord", &[]));
    assert_eq!(actions, [Action::Target(STREAM, Channel::Aux)]);
}

#[test]
fn what_was_set_before_our_own_setting_shows_does_not_count_as_a_move() {
    let mut world = World::new(&[]);
    world.learn(stream(STREAM, "Game", &[]));
    assert_eq!(
        world.learn([metadata(STREAM, TARGET_OBJECT, Some("mixd-aux"))]),
        []
    );
    world.echo(STREAM, Channel::Default);
    assert_eq!(world.state(STREAM).1, StreamState::Routed);
}

#[test]
fn a_stream_moved_away_from_us_twice_is_contested_and_left() {
    let mut world = World::new(&[]);
    let moved_by_us = [Action::Target(STREAM, Channel::Default)];
    assert_eq!(world.learn(stream(STREAM, "Game", &[])), moved_by_us);
    world.echo(STREAM, Channel::Default);
    assert_eq!(
        world.learn([metadata(STREAM, TARGET_OBJECT, Some("mixd-aux"))]),
        moved_by_us
    );
    world.echo(STREAM, Channel::Default);
    assert_eq!(world.learn([metadata(STREAM, TARGET_OBJECT, None)]), []);
    assert_eq!(world.state(STREAM).1, StreamState::Contested);
}

#[test]
fn filters_loopbacks_and_streams_that_must_stay_are_never_taken() {
    for pair in [
        ("node.link-group", "loopback-1"),
        ("node.dont-reconnect", "true"),
    ] {
        let mut world = World::new(&[]);
        assert_eq!(world.learn(stream(STREAM, "Filter", &[pair])), []);
    }
}

#[test]
fn another_default_card_takes_the_monitors_and_our_own_sink_does_not() {
    let mut world = World::new(&[]);
    let actions = world.learn([default_sink("other")]);
    let (unlinks, links) = actions.split_at(4);
    assert!(
        unlinks
            .iter()
            .all(|action| matches!(action, Action::Unlink(_)))
    );
    let to_other =
        |action: &Action| matches!(action, Action::Link(ports) if ports.input_node == OTHER_CARD);
    assert!(links.len() == 4 && links.iter().all(to_other));
    assert_eq!(world.learn([default_sink("mixd-aux")]), []);
    assert_eq!(world.learn([default_sink("nowhere")]), []);
    assert_eq!(&*world.graph.audio(&world.rules).output.unwrap(), "other");
}

#[test]
fn a_link_that_is_taken_away_is_made_again_and_given_up_at_last() {
    let mut world = World::new(&[]);
    let link = props(&[
        ("link.output.node", "40"),
        ("link.output.port", "400"),
        ("link.input.node", "30"),
        ("link.input.port", "300"),
    ]);
    for round in 0..=MAX_RELINKS {
        let actions = world.learn([Fact::Link(90, link.clone()), Fact::Removed(90)]);
        assert_eq!(
            actions.len(),
            usize::from(round < MAX_RELINKS),
            "round {round}"
        );
    }
}

#[test]
fn a_new_session_manager_is_asked_anew() {
    let mut world = World::new(&[]);
    world.learn(stream(STREAM, "Game", &[]));
    world.echo(STREAM, Channel::Default);
    let actions = world.learn([Fact::MetadataGone, default_sink("card")]);
    assert_eq!(actions, [Action::Target(STREAM, Channel::Default)]);
}

#[test]
fn a_stream_that_has_gone_leaves_nothing_behind() {
    let mut world = World::new(&[]);
    world.learn(stream(STREAM, "Game", &[]));
    world.learn([Fact::Removed(STREAM)]);
    let graph = &world.graph;
    assert!(graph.asked.is_empty() && graph.targets.is_empty() && graph.moves.is_empty());
}

#[test]
fn leaving_clears_every_target_of_ours_also_a_dead_mixds_and_wishes_nothing_more() {
    let mut world = World::new(&[]);
    world.learn(stream(STREAM, "Game", &[]));
    world.learn(stream(STREAM + 1, "Pinned", &[(TARGET_OBJECT, "other")]));
    world.learn([metadata(STREAM + 2, TARGET_OBJECT, Some("mixd-aux"))]);
    let actions = world.graph.farewell();
    assert_eq!(actions, [Action::Clear(STREAM), Action::Clear(STREAM + 2)]);
    assert_eq!(world.learn([metadata(STREAM, TARGET_OBJECT, None)]), []);
}

#[test]
fn the_order_of_the_facts_does_not_matter() {
    let mut facts = session();
    facts.extend(stream(STREAM, "Discord", &[]));
    let outcome = |facts: &[Fact]| {
        let mut graph = Graph::default();
        let rules = rules(&["Discord"]);
        let mut actions = Vec::new();
        for fact in facts {
            graph.learn(fact.clone());
            actions.extend(graph.settle(&rules));
        }
        actions.sort_by_key(|action| format!("{action:?}"));
        (actions, graph.audio(&rules))
    };
    let forwards = outcome(&facts);
    // A node's info comes after the node; every rotation that keeps them so is possible.
    let (last, rest) = facts.split_at(facts.len() - 2);
    let rotations = (0..last.len()).map(|by| {
        let mut rotated = last.to_vec();
        rotated.rotate_left(by);
        [rest, &rotated].concat()
    });
    for facts in rotations {
        assert_eq!(outcome(&facts), forwards);
    }
}
