//! Events in, commands out. A little PipeWire of two cards, to which the tests add streams.

mod complete;
mod matching;
mod moving;
mod other_mixd;
mod output;
mod refused;

use proptest::prelude::*;

use super::links::MAX_RELINKS;
use super::simulation::{
    self, FIRST_SINK, MANAGER, PipeWire, between, default_sink, key, link, port, props, serial,
    stream,
};
use super::sinks::MAX_REMAKES;
use super::streams::MAX_MOVES;
use super::*;
use crate::router::registry::{CONFIGURED_SINK, DEFAULT_SINK, TARGET_NODE};
use wire::StreamState;
use wire::message::Pattern;

const CARD: u32 = 30;
const OTHER_CARD: u32 = 31;
const STREAM: u32 = 70;
/// Our sinks, as they are made first.
const DEFAULT: u32 = FIRST_SINK;
const AUX: u32 = FIRST_SINK + 1;

fn layout(positions: &str) -> Layout {
    Layout::parse(positions).unwrap()
}

/// The events of a session without streams.
fn session() -> Vec<Event> {
    let mut events = vec![default_sink("card")];
    events.extend(simulation::sink(CARD, "card", &Layout::stereo()));
    events.extend(simulation::sink(OTHER_CARD, "other", &Layout::stereo()));
    events
}

fn rules(names: &[&str]) -> Rules {
    let mut rules = Rules::default();
    for name in names {
        rules
            .push(wire::Rule::Program(name.parse().unwrap()))
            .unwrap();
    }
    rules
}

struct World {
    router: Router,
    rules: Rules,
    pipewire: PipeWire,
    now: Instant,
}

/// Globs that both channels prefer, in order.
fn preferred(globs: &[&str]) -> ByChannel<Vec<Preference>> {
    let preference = |glob: &&str| Preference {
        sink: Some(Pattern::truncated(glob)),
        line: format!("output {glob}"),
    };
    let mut preferences = ByChannel::default();
    for channel in CHANNELS {
        preferences[channel] = globs.iter().map(preference).collect();
    }
    preferences
}

impl World {
    /// A session that has come to rest, with `names` on the list.
    fn new(names: &[&str]) -> Self {
        let mut world = Self::empty(names, true);
        world.handle(session());
        world.run([Event::Listed]);
        world
    }

    /// The same without a session manager, long after its start.
    fn unmanaged(names: &[&str]) -> Self {
        let mut world = Self::empty(names, false);
        let mut events = session();
        events.remove(0);
        world.handle(events);
        world.run([Event::Listed]);
        world.wait(5);
        world
    }

    fn empty(names: &[&str], is_managed: bool) -> Self {
        let mut world = Self {
            router: Router::default(),
            rules: rules(names),
            pipewire: PipeWire::new(is_managed),
            now: Instant::now(),
        };
        let metadata = world.pipewire.metadata();
        world.handle([metadata]);
        world
    }

    /// Changes the metadata while another client binds it, to which alone PipeWire tells that.
    fn tell_another<T>(&mut self, change: impl FnOnce(&mut PipeWire) -> T) {
        self.pipewire.is_metadata_withheld = true;
        change(&mut self.pipewire);
        self.pipewire.is_metadata_withheld = false;
    }

    /// Handles the events, then reconciles; asserts that nothing is said twice.
    fn handle(&mut self, events: impl IntoIterator<Item = Event>) -> Vec<Command> {
        for event in events {
            self.pipewire.note(&event);
            self.router.handle(event);
        }
        let commands = self.router.reconcile(&self.rules, self.now);
        let again = self.router.reconcile(&self.rules, self.now);
        assert_eq!(again, [], "each command is said once");
        commands
    }

    /// The same, and lets PipeWire do all that is asked until nothing more is; what was asked.
    fn run(&mut self, events: impl IntoIterator<Item = Event>) -> Vec<Command> {
        let mut all = Vec::new();
        let mut commands = self.handle(events);
        while !commands.is_empty() {
            assert!(all.len() < 1000, "no end: {commands:?}");
            let events: Vec<Event> = commands
                .iter()
                .flat_map(|command| self.pipewire.execute(command))
                .collect();
            all.append(&mut commands);
            commands = self.handle(events);
        }
        all
    }

    /// Lets seconds pass.
    fn wait(&mut self, seconds: u64) -> Vec<Command> {
        self.now += Duration::from_secs(seconds);
        self.run([])
    }

    /// The `node.name` of the card that is played to.
    /// What both channels play to.
    fn output(&self) -> Option<String> {
        let [default, aux] = CHANNELS.map(|channel| self.output_of(channel));
        assert_eq!(aux, default, "both play to one");
        default
    }

    fn output_of(&self, channel: Channel) -> Option<String> {
        let wire::Outputs { aux, default } = *self.router.audio().outputs;
        let output = match channel {
            Channel::Default => default,
            Channel::Aux => aux,
        };
        output.map(|output| output.name.to_string())
    }

    fn stream(&self, id: u32) -> Stream {
        let audio = self.router.audio();
        let found = audio.streams.into_iter().find(|found| found.id == id);
        found.unwrap()
    }

    fn state(&self, id: u32) -> StreamState {
        self.stream(id).state
    }

    /// The pairs of ports, from a node to another, that we have linked.
    fn linked(&self, from: u32, to: u32) -> Vec<(u32, u32)> {
        let is_between = |ports: &&Ports| ports.output_node == from && ports.input_node == to;
        let links = self.pipewire.links().filter(is_between);
        links
            .map(|ports| {
                (
                    ports.output - port(from, Direction::Output, 0),
                    ports.input - port(to, Direction::Input, 0),
                )
            })
            .collect()
    }
}

fn target(stream: u32, sink: u32) -> Command {
    Command::SetTarget(stream, serial(sink))
}

#[test]
fn nothing_is_done_before_all_is_known() {
    let mut world = World::empty(&[], true);
    assert_eq!(world.handle(session()), []);
    assert_eq!(world.handle(stream(STREAM, "Game", &[])), []);
    let commands = world.run([Event::Listed]);
    assert!(matches!(commands[0], Command::CreateSink(..)));
    assert_eq!(commands.last(), Some(&target(STREAM, DEFAULT)));
}

#[test]
fn each_monitor_is_linked_to_the_card_by_position() {
    let world = World::new(&[]);
    for sink in [DEFAULT, AUX] {
        assert_eq!(world.linked(sink, CARD), [(0, 0), (1, 1)]);
        assert_eq!(world.linked(sink, OTHER_CARD), []);
    }
}

#[test]
fn a_card_of_another_layout_gets_sinks_of_its_own_and_the_old_ones_go_last() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    let surround = layout("FL FR FC LFE SL SR");
    world.run(simulation::sink(50, "surround", &surround));
    let mut commands = world.run([default_sink("surround")]);
    assert_eq!(world.pipewire.layouts().len(), 4, "nothing goes at once");
    commands.extend(world.wait(2));
    let place = |wanted: &dyn Fn(&Command) -> bool| commands.iter().position(wanted).unwrap();
    // The old ones play to the new card at once.
    let first = place(
        &|command| matches!(command, Command::Link(ports) if ports.output_node == DEFAULT && ports.input_node == 50),
    );
    let new = place(&|command| matches!(command, Command::Link(ports) if ports.output_node == 42));
    let moved = place(&|command| *command == target(STREAM, 42));
    let gone = place(&|command| matches!(command, Command::DestroySink(sink) if sink.number == 0));
    assert!(first < new && new < moved && moved < gone, "{commands:?}");
    assert_eq!(world.linked(42, 50).len(), 6);
    assert_eq!(
        world.pipewire.layouts(),
        [(Channel::Aux, &surround), (Channel::Default, &surround)]
    );
    // And back.
    world.run([default_sink("card")]);
    world.wait(2);
    assert_eq!(world.pipewire.layouts().len(), 2);
    assert_eq!(world.state(STREAM), StreamState::Routed);
}

#[test]
fn a_stream_that_is_sent_to_a_sink_of_an_earlier_layout_is_sent_to_the_new_one() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    world.run(simulation::sink(50, "surround", &layout("FL FR FC LFE")));
    world.run([default_sink("surround")]);
    let sent = world
        .pipewire
        .set_target(STREAM, Some(&serial(DEFAULT).to_string()));
    assert_eq!(world.run(sent), [target(STREAM, 42)]);
    world.wait(2);
    assert_eq!(world.pipewire.layouts().len(), 2);
    assert_eq!(world.state(STREAM), StreamState::Routed);
}

#[test]
fn a_card_whose_ports_are_not_all_known_has_no_layout_yet() {
    let mut world = World::empty(&[], true);
    let mut events = simulation::sink(CARD, "card", &layout("FL FR FC LFE"));
    let rest = events.split_off(4);
    world.handle([default_sink("card"), Event::Listed]);
    let commands = world.handle(events);
    let creates = |commands: &[Command], channels| {
        let fits = |command: &&Command| matches!(command, Command::CreateSink(_, layout) if layout.channels() == channels);
        commands.iter().filter(fits).count()
    };
    // Made when there was no card at all.
    assert_eq!(creates(&commands, 4), 0, "{commands:?}");
    assert_eq!(creates(&world.handle(rest), 4), 2);
}

#[test]
fn a_stream_is_sent_to_the_channel_of_its_name() {
    let mut world = World::new(&["discord"]);
    let commands = world.handle(stream(STREAM, "Discord", &[]));
    assert_eq!(commands, [target(STREAM, AUX)]);
    let commands = world.handle(stream(STREAM + 1, "Game", &[]));
    assert_eq!(commands, [target(STREAM + 1, DEFAULT)]);
}

#[test]
fn a_stream_waits_until_all_its_properties_are_known() {
    let mut world = World::new(&[]);
    let mut events = stream(STREAM, "Game", &[]);
    let rest = events.split_off(1);
    assert_eq!(world.handle(events), []);
    assert_eq!(world.state(STREAM), StreamState::Waiting);
    assert_eq!(world.handle(rest), [target(STREAM, DEFAULT)]);
}

#[test]
fn the_clients_name_serves_where_the_stream_has_none() {
    let mut world = World::new(&["Discord"]);
    let client = Event::Client(60, props(&[("application.name", "Discord")]));
    world.handle([client, Event::ClientInfo(60, Props::new())]);
    assert_eq!(world.handle(client_stream(60)), [target(STREAM, AUX)]);
}

/// A stream that says nothing of itself, of this client.
fn client_stream(client: u32) -> [Event; 2] {
    let extra = [("client.id", &*client.to_string())];
    let node = simulation::node(STREAM, "Stream/Output/Audio", "n", &extra);
    let info = Info {
        props: Some(props(&[("node.autoconnect", "true")])),
        ..Info::default()
    };
    [node, Event::Info(STREAM, info)]
}

#[test]
fn a_stream_waits_for_its_client_and_its_process() {
    let mut world = World::new(&["application.process.binary=discord*", "comm=game.exe"]);
    for (client, process, channel) in [
        ("Discord", "node", AUX),
        ("wine64-preloader", "Game.exe", AUX),
        ("wine64-preloader", "Other.exe", DEFAULT),
    ] {
        assert_eq!(world.handle([Event::Client(60, Props::new())]), []);
        assert_eq!(world.handle(client_stream(60)), []);
        assert_eq!(world.state(STREAM), StreamState::Waiting);
        let said = props(&[
            ("application.process.binary", client),
            ("pipewire.sec.pid", "77"),
        ]);
        let commands = world.handle([Event::ClientInfo(60, said)]);
        assert_eq!(commands, [Command::InspectProcess(77)]);
        assert_eq!(world.state(STREAM), StreamState::Waiting);
        let process = Process {
            comm: Some(process.into()),
            exe: None,
        };
        let commands = world.handle([Event::Process(77, process)]);
        assert_eq!(commands, [target(STREAM, channel)], "{client}");
        world.handle([Event::Removed(STREAM), Event::Removed(60)]);
    }
}

#[test]
fn the_binary_is_the_clients_else_that_of_its_process() {
    let mut world = World::new(&[]);
    world.handle([Event::ClientInfo(60, props(&[("pipewire.sec.pid", "77")]))]);
    world.handle(client_stream(60));
    let process = Process {
        comm: Some("comm".into()),
        exe: Some("exe".into()),
    };
    world.handle([Event::Process(77, process)]);
    let stream = || world.router.audio().streams.remove(0);
    assert_eq!(stream().binary.as_deref(), Some("exe"));
    assert_eq!(stream().pid, Some(77));
    world.handle([Event::ClientInfo(
        60,
        props(&[("application.process.binary", "own")]),
    )]);
    let stream = world.router.audio().streams.remove(0);
    assert_eq!(stream.binary.as_deref(), Some("own"));
}

#[test]
fn pulse_clients_say_their_process_themselves_and_sandboxes_are_not_believed() {
    for (pairs, pid) in [
        (
            &[("pipewire.sec.pid", "7"), ("application.process.id", "8")][..],
            Some(7),
        ),
        (
            &[
                ("client.api", "pipewire-pulse"),
                ("pipewire.sec.pid", "7"),
                ("application.process.id", "8"),
                ("application.process.binary", "program"),
            ],
            Some(8),
        ),
        (
            &[
                ("client.api", "pipewire-pulse"),
                ("application.process.id", "8"),
                ("pipewire.access.portal.app_id", "org.example.App"),
            ],
            None,
        ),
        (&[("application.process.id", "no number")], None),
    ] {
        let mut world = World::new(&[]);
        world.handle([Event::ClientInfo(60, props(pairs))]);
        world.run(client_stream(60));
        let streams = world.router.audio().streams;
        assert_eq!(streams[0].pid, pid, "{pairs:?}");
    }
}

#[test]
fn a_dry_run_names_the_streams_that_would_move() {
    let mut world = World::new(&["Discord"]);
    world.run(stream(STREAM, "Discord", &[]));
    world.run(stream(STREAM + 1, "Game", &[]));
    let moved = world.router.moved(&world.rules, &rules(&["Discord", "G*"]));
    let ids: Vec<_> = moved
        .iter()
        .map(|moved| (moved.id, moved.channel))
        .collect();
    assert_eq!(ids, [(STREAM + 1, Channel::Aux)]);
    let moved = world.router.moved(&world.rules, &rules(&[]));
    let ids: Vec<_> = moved
        .iter()
        .map(|moved| (moved.id, moved.channel))
        .collect();
    assert_eq!(ids, [(STREAM, Channel::Default)]);
}

#[test]
fn a_streams_detail_says_all_that_decides_about_it() {
    let mut world = World::new(&["Discord"]);
    let pinned = [(TARGET_OBJECT, "card-b")];
    world.run(stream(STREAM, "Discord", &pinned));
    world.run(stream(
        STREAM + 1,
        "Discord",
        &[("application.process.binary", "web")],
    ));
    let rules = &world.rules;
    let detail = world.router.detail(STREAM, rules, 10_000).unwrap();
    assert_eq!(detail.key.as_deref(), Some("application.name"));
    assert_eq!(detail.stream.state, StreamState::Pinned);
    assert!(detail.reason.unwrap().contains("asks for card-b"));
    let has = |key: &str| detail.properties.iter().any(|found| &*found.key == key);
    assert!(has(TARGET_OBJECT) && has("application.name"));
    assert_eq!(
        detail.suggestion, None,
        "the other one matches all that this one has"
    );
    let other = world.router.detail(STREAM + 1, rules, 10_000).unwrap();
    assert_eq!(other.reason, None);
    assert_eq!(
        other.suggestion.as_deref(),
        Some("application.process.binary=web")
    );
    let short = world.router.detail(STREAM, rules, 0).unwrap();
    assert_eq!(short.omitted as usize, detail.properties.len());
    assert_eq!(world.router.detail(999, rules, 0), None);
}

#[test]
fn on_0_3_65_a_session_manager_that_comes_finds_nothing_linked_by_us_for_a_moment() {
    let monitors = |world: &World| {
        let links = world.pipewire.links();
        links.filter(|ports| ports.input_node == CARD).count()
    };
    for (version, left) in [("0.3.65", 0), ("1.4.2", 4)] {
        let mut world = World::unmanaged(&[]);
        world.run([Event::Version(version.into())]);
        world.run(stream(STREAM, "Game", &[]));
        assert_eq!(monitors(&world), 4);
        world.pipewire.is_managed = true;
        world.run([
            Event::Metadata(MetadataOwner::Managed(MANAGER)),
            default_sink("card"),
        ]);
        assert_eq!(monitors(&world), left, "{version}");
        world.now += Duration::from_millis(500);
        world.run([]);
        assert_eq!(monitors(&world), 4);
    }
    let mut world = World::new(&[]);
    world.run([Event::Metadata(MetadataOwner::None)]);
    assert_eq!(monitors(&world), 4, "one that goes changes nothing");
}

#[test]
fn a_change_of_the_list_moves_the_streams_it_concerns_and_no_other() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Discord", &[]));
    world.run(stream(STREAM + 1, "Game", &[]));
    world.rules = rules(&["Discord"]);
    assert_eq!(world.run([]), [target(STREAM, AUX)]);
    world.rules = rules(&[]);
    assert_eq!(world.run([]), [target(STREAM, DEFAULT)]);
}

#[test]
fn a_stream_that_asks_for_a_sink_itself_is_left_alone() {
    for key in [TARGET_OBJECT, "node.target"] {
        let mut world = World::new(&["Game"]);
        assert_eq!(world.run(stream(STREAM, "Game", &[(key, "other")])), []);
        assert_eq!(world.state(STREAM), StreamState::Pinned);
    }
}

#[test]
fn a_stream_that_nobody_is_to_link_is_left_alone() {
    let mut world = World::new(&[]);
    let commands = world.run(stream(STREAM, "Synth", &[("node.autoconnect", "false")]));
    assert_eq!(commands, []);
    assert_eq!(world.state(STREAM), StreamState::Waiting);
    assert_eq!(world.wait(10), []);
    let detail = world.router.detail(STREAM, &world.rules, 0).unwrap();
    assert!(detail.reason.unwrap().contains("nobody has linked it"));
    world.run([link(900, 90, between(STREAM, OTHER_CARD, 0))]);
    assert_eq!(world.state(STREAM), StreamState::Pinned);
}

#[test]
fn a_stream_that_the_user_has_sent_elsewhere_is_left_alone() {
    // By name, by serial (as pactl does), by id (as older tools do).
    for (name, value) in [
        (TARGET_OBJECT, "other"),
        (TARGET_OBJECT, "1031"),
        (TARGET_NODE, "31"),
    ] {
        let mut world = World::new(&[]);
        world.handle([key(STREAM, name, Some(value))]);
        assert_eq!(world.run(stream(STREAM, "Game", &[])), []);
        assert_eq!(world.state(STREAM), StreamState::Pinned, "{name}={value}");
    }
}

#[test]
fn a_stream_sent_to_a_name_that_is_not_there_is_left_until_it_comes_back() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    assert_eq!(world.run([key(STREAM, TARGET_OBJECT, Some("other"))]), []);
    // The headset is switched off, and on again.
    let events = world.pipewire.remove(OTHER_CARD);
    assert_eq!(world.run(events), []);
    assert_eq!(world.state(STREAM), StreamState::Pinned);
    assert_eq!(world.wait(5), [Command::Refresh]);
    let detail = world.router.detail(STREAM, &world.rules, 0).unwrap();
    assert!(detail.reason.unwrap().contains("other, which is not there"));
    world.run(simulation::sink(OTHER_CARD, "other", &Layout::stereo()));
    assert_eq!(world.state(STREAM), StreamState::Pinned);
    // Sent to a name that was never there, or to the default sink: a choice as well, and no move of
    // somebody else's.
    for _ in 0..=MAX_MOVES {
        for value in ["-1", "drawer"] {
            assert_eq!(world.run([key(STREAM, TARGET_OBJECT, Some(value))]), []);
            assert_eq!(world.state(STREAM), StreamState::Pinned);
        }
    }
    assert_eq!(
        world.run([key(STREAM, TARGET_OBJECT, None)]),
        [target(STREAM, DEFAULT)]
    );
    // What is no name says nothing of where it is to go.
    for value in ["-1", "", "null", "77777"] {
        let mut world = World::new(&[]);
        world.handle([key(STREAM, TARGET_OBJECT, Some(value))]);
        let commands = world.run(stream(STREAM, "Game", &[]));
        assert_eq!(commands, [target(STREAM, DEFAULT)], "{value}");
    }
}

#[test]
fn a_stream_moved_elsewhere_while_it_is_ours_is_let_go() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    assert_eq!(world.run([key(STREAM, TARGET_OBJECT, Some("other"))]), []);
    assert_eq!(world.state(STREAM), StreamState::Pinned);
}

#[test]
fn a_remembered_wrong_channel_is_corrected() {
    let mut world = World::new(&["Discord"]);
    // The session manager's memory: our default sink, by id.
    world.handle([key(STREAM, TARGET_NODE, Some("40"))]);
    assert_eq!(
        world.run(stream(STREAM, "Discord", &[])),
        [target(STREAM, AUX)]
    );
}

#[test]
fn what_was_set_before_our_own_setting_shows_does_not_count_as_a_move() {
    let mut world = World::new(&[]);
    let commands = world.handle(stream(STREAM, "Game", &[]));
    assert_eq!(
        world.handle([key(STREAM, TARGET_OBJECT, Some("mixd-aux"))]),
        []
    );
    for command in commands {
        let events = world.pipewire.execute(&command);
        world.run(events);
    }
    assert_eq!(world.state(STREAM), StreamState::Routed);
}

#[test]
fn a_stream_moved_away_from_us_twice_is_contested_and_left() {
    let moved_by_us = [target(STREAM, DEFAULT)];
    for value in [None, Some("77777")] {
        let mut world = World::new(&[]);
        world.run(stream(STREAM, "Game", &[]));
        assert_eq!(world.run([key(STREAM, TARGET_OBJECT, value)]), moved_by_us);
        assert_eq!(world.run([key(STREAM, TARGET_OBJECT, value)]), []);
        assert_eq!(world.state(STREAM), StreamState::Contested);
    }
}

#[test]
fn what_is_restored_over_a_target_that_is_not_shown_is_no_wish() {
    let mut world = World::new(&[]);
    let asked = world.handle(stream(STREAM, "Game", &[]));
    assert_eq!(asked, [target(STREAM, DEFAULT)]);
    // From the session manager's memory, after ours, before it links the stream to that sink.
    world.handle([key(STREAM, TARGET_OBJECT, Some("mixd-aux"))]);
    world.handle((0..2).map(|n| link(900 + n, MANAGER, between(STREAM, AUX, n))));
    let again = [Command::Refresh, target(STREAM, DEFAULT)];
    assert_eq!(world.wait(2), again);
    assert_eq!(world.state(STREAM), StreamState::Routed);
    assert_eq!(world.wait(5), []);
}

#[test]
fn a_target_that_is_not_shown_is_read_and_what_was_restored_over_it_is_corrected() {
    use StreamState::{Pinned, Routed};
    for (value, state, sink) in [
        (None, Routed, None),
        (Some("77777"), Routed, Some(DEFAULT)),
        // From the session manager's memory: of another channel, and of a card that somebody has chosen.
        (Some("mixd-aux"), Routed, Some(DEFAULT)),
        (Some("other"), Pinned, None),
    ] {
        let mut world = World::new(&[]);
        world.pipewire.is_metadata_withheld = true;
        let asked = world.run(stream(STREAM, "Game", &[]));
        assert_eq!(asked, [target(STREAM, DEFAULT)]);
        world.pipewire.is_metadata_withheld = false;
        // Ours, or what somebody else has put there since.
        if let Some(value) = value {
            world.pipewire.set_target(STREAM, Some(value));
        }
        let again = sink.map(|sink| target(STREAM, sink));
        let expected: Vec<Command> = [Command::Refresh].into_iter().chain(again).collect();
        assert_eq!(world.wait(2), expected, "{value:?}");
        assert_eq!(world.state(STREAM), state, "{value:?}");
        assert_eq!(world.wait(5), [], "{value:?}: once");
    }
}

#[test]
fn what_was_chosen_unseen_for_a_stream_is_a_wish_once_all_was_told_since_it_has_played() {
    for (is_settled, value, state, sink) in [
        (true, "mixd-aux", StreamState::Pinned, Some(AUX)),
        (true, "other", StreamState::Pinned, None),
        // It may have been there before it played.
        (false, "mixd-aux", StreamState::Routed, Some(DEFAULT)),
        (false, "other", StreamState::Pinned, None),
    ] {
        let mut world = World::new(&[]);
        world.run(stream(STREAM, "Game", &[]));
        if is_settled {
            tell_again(&mut world);
        }
        world.tell_another(|it| it.set_target(STREAM, Some(value)));
        let commands = tell_again(&mut world);
        let again: Vec<Command> = sink.map(|sink| target(STREAM, sink)).into_iter().collect();
        assert_eq!(commands[1..], again, "{value}, {is_settled}");
        assert_eq!(world.state(STREAM), state, "{value}, {is_settled}");
    }
}

#[test]
fn what_is_contested_ends_where_the_stream_is_put_back_unseen() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    for _ in 0..2 {
        let removed = world.pipewire.set_target(STREAM, None);
        world.run(removed);
    }
    assert_eq!(world.state(STREAM), StreamState::Contested);
    world.tell_another(|it| it.set_target(STREAM, Some("1040")));
    tell_again(&mut world);
    assert_eq!(world.state(STREAM), StreamState::Routed);
}

#[test]
fn a_move_that_was_shown_where_our_own_choice_was_not_is_a_wish() {
    let mut world = World::new(&[]);
    world.handle(stream(STREAM, "Game", &[]));
    world.handle((0..2).map(|n| link(900 + n, MANAGER, between(STREAM, DEFAULT, n))));
    // Ours was told to another client alone.
    let moved = world.pipewire.set_target(STREAM, Some("mixd-aux"));
    world.handle(moved);
    assert_eq!(world.wait(2), [Command::Refresh, target(STREAM, AUX)]);
    assert_eq!(world.state(STREAM), StreamState::Pinned);
}

#[test]
fn what_was_there_before_a_stream_played_is_no_wish_however_often_it_is_told() {
    const TOOL: u32 = 92;
    let half_a_second = Duration::from_millis(500);
    let mut world = World::new(&[]);
    let tool = Event::Client(TOOL, props(&[("application.name", "wpctl")]));
    world.run([tool]);
    let events = world.pipewire.remove(TOOL);
    world.run(events);
    world.now += half_a_second;
    // Ours is told to another client alone; what the session manager remembers is told to us.
    world.handle(stream(STREAM, "Game", &[]));
    let remembered = world.pipewire.set_target(STREAM, Some("mixd-aux"));
    world.handle(remembered);
    world.handle((0..2).map(|n| link(900 + n, MANAGER, between(STREAM, AUX, n))));
    world.now += half_a_second;
    assert_eq!(world.run([]), [Command::Refresh]);
    world.now += half_a_second;
    assert_eq!(world.run([]), [Command::Refresh, target(STREAM, DEFAULT)]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
}

#[test]
fn what_a_session_manager_remembers_is_no_wish_whenever_it_is_told() {
    let links = || (0..2).map(|n| link(900 + n, MANAGER, between(STREAM, AUX, n)));
    // Told while another client binds the metadata, and once more to us when the next one does.
    let mut world = World::new(&[]);
    world.handle(stream(STREAM, "Game", &[]));
    for _ in 0..2 {
        let remembered = world.pipewire.set_target(STREAM, Some("mixd-aux"));
        world.handle(remembered);
        world.handle(links());
    }
    assert_eq!(world.wait(2), [Command::Refresh, target(STREAM, DEFAULT)]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
    // Told to us after it has had its effect.
    let mut world = World::new(&[]);
    world.handle(stream(STREAM, "Game", &[]));
    let ours = world.pipewire.set_target(STREAM, Some("1040"));
    world.handle(ours);
    world.handle(links());
    let remembered = world.pipewire.set_target(STREAM, Some("mixd-aux"));
    assert_eq!(world.handle(remembered), [target(STREAM, DEFAULT)]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
}

/// Has all of the metadata told again, as who might have been told more has gone.
fn tell_again(world: &mut World) -> Vec<Command> {
    const TOOL: u32 = 92;
    world.run([Event::Client(TOOL, props(&[("application.name", "wpctl")]))]);
    let events = world.pipewire.remove(TOOL);
    assert_eq!(world.run(events), []);
    let commands = world.wait(1);
    assert_eq!(commands[0], Command::Refresh);
    commands
}

#[test]
fn what_a_new_session_manager_has_chosen_without_showing_it_is_read() {
    let mut world = World::new(&[]);
    world.run([Event::Metadata(MetadataOwner::None)]);
    world.run([Event::Metadata(MetadataOwner::Managed(MANAGER))]);
    world.tell_another(|it| it.set(default_sink("other")));
    assert_eq!(world.wait(1)[0], Command::Refresh);
    assert_eq!(world.output().as_deref(), Some("other"));
    assert_eq!(world.wait(60), []);
}

#[test]
fn what_a_new_session_manager_has_restored_without_showing_it_is_no_wish() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    // Each time it restarts.
    for _ in 0..3 {
        world.run([Event::Metadata(MetadataOwner::None)]);
        let manager = Event::Metadata(MetadataOwner::Managed(MANAGER));
        world.run([manager, default_sink("card")]);
        world.tell_another(|it| it.set_target(STREAM, Some("mixd-aux")));
        let again = [Command::Refresh, target(STREAM, DEFAULT)];
        assert_eq!(world.wait(2)[..2], again);
        assert_eq!(world.state(STREAM), StreamState::Routed);
    }
}

#[test]
fn a_default_sink_that_was_never_shown_is_asked_for_and_for_a_minute_only() {
    let mut world = World::empty(&[], true);
    let mut events = session();
    events.remove(0);
    world.handle(events);
    world.pipewire.is_metadata_withheld = true;
    world.pipewire.set(default_sink("other"));
    assert_ne!(world.run([Event::Listed]), []);
    assert_eq!(world.output(), None);
    world.pipewire.is_metadata_withheld = false;
    assert_eq!(world.wait(1)[0], Command::Refresh);
    assert_eq!(world.output().as_deref(), Some("other"));
    // A session manager may name none.
    let events = world.pipewire.set(key(0, DEFAULT_SINK, None));
    world.run(events);
    let mut asked = Vec::new();
    for second in 1..300 {
        if world.wait(1) == [Command::Refresh] {
            asked.push(second);
        }
    }
    assert_eq!(asked, [1, 3, 7, 15, 31, 63]);
    assert_eq!(world.output().as_deref(), Some("other"));
}

#[test]
fn after_a_card_has_come_or_gone_the_default_sink_is_asked_for_once() {
    let mut world = World::new(&[]);
    world.pipewire.is_metadata_withheld = true;
    let events = simulation::sink(50, "headset", &Layout::stereo());
    world.pipewire.set(default_sink("headset"));
    assert_eq!(world.run(events), []);
    world.pipewire.is_metadata_withheld = false;
    assert_eq!(world.output().as_deref(), Some("card"));
    assert_eq!(world.wait(1)[0], Command::Refresh);
    assert_eq!(world.output().as_deref(), Some("headset"));
    assert_eq!(world.wait(100), []);
    let events = world.pipewire.remove(OTHER_CARD);
    assert_eq!(world.run(events), []);
    assert_eq!(world.wait(1), [Command::Refresh]);
    assert_eq!(world.wait(100), []);
}

#[test]
fn a_card_that_comes_just_before_the_default_sink_is_asked_for_is_waited_for() {
    let mut world = World::new(&[]);
    let events = world.pipewire.remove(OTHER_CARD);
    assert_eq!(world.run(events), []);
    world.now += Duration::from_millis(900);
    assert_eq!(
        world.run(simulation::sink(50, "headset", &Layout::stereo())),
        []
    );
    world.now += Duration::from_millis(200);
    // The session manager has not chosen yet.
    assert_eq!(world.run([]), []);
    world.tell_another(|it| it.set(default_sink("headset")));
    assert_eq!(world.wait(1)[0], Command::Refresh);
    assert_eq!(world.output().as_deref(), Some("headset"));
    assert_eq!(world.wait(100), []);
}

#[test]
fn after_a_client_without_nodes_has_gone_the_default_sink_is_asked_for_once() {
    const TOOL: u32 = 92;
    let mut world = World::new(&[]);
    let client = || Event::Client(TOOL, props(&[("application.name", "wpctl")]));
    let come = |world: &mut World| {
        let events = world.pipewire.set(client());
        world.run(events)
    };
    assert_eq!(come(&mut world), []);
    world.tell_another(|it| {
        it.set(key(0, CONFIGURED_SINK, Some("{\"name\":\"other\"}")));
        it.set(default_sink("other"))
    });
    let events = world.pipewire.remove(TOOL);
    assert_eq!(world.run(events), []);
    assert_eq!(world.output().as_deref(), Some("card"));
    assert_eq!(world.wait(1)[0], Command::Refresh);
    assert_eq!(world.output().as_deref(), Some("other"));
    assert_eq!(world.wait(100), []);
    // One that hangs is asked when it answers again.
    world.run([Event::Metadata(MetadataOwner::Hanging(MANAGER))]);
    come(&mut world);
    let events = world.pipewire.remove(TOOL);
    world.run(events);
    assert_eq!(world.wait(100), []);
    world.run([Event::Metadata(MetadataOwner::Managed(MANAGER))]);
    assert_eq!(world.wait(1)[0], Command::Refresh);
}

#[test]
fn a_client_that_goes_is_cause_to_ask_for_the_default_sink_however_often_that_was_done() {
    const TOOL: u32 = 92;
    let mut world = World::new(&[]);
    let chosen = Some("{\"name\":\"other\"}");
    assert_eq!(world.run([key(0, CONFIGURED_SINK, chosen)]), []);
    let asked = |world: &mut World| usize::from(world.wait(1).contains(&Command::Refresh));
    assert_eq!((0..300).map(|_| asked(&mut world)).sum::<usize>(), 6);
    world.tell_another(|it| it.set(default_sink("other")));
    let tool = Event::Client(TOOL, props(&[("application.name", "wpctl")]));
    let facts = world.pipewire.set(tool);
    world.run(facts);
    let facts = world.pipewire.remove(TOOL);
    world.run(facts);
    assert_eq!((0..10).map(|_| asked(&mut world)).sum::<usize>(), 1);
    assert_eq!(world.output().as_deref(), Some("other"));
}

#[test]
fn a_program_that_ends_is_no_cause_to_ask_for_the_default_sink() {
    let mut world = World::new(&[]);
    world.run([Event::Client(60, props(&[("application.name", "Game")]))]);
    world.run(client_stream(60));
    for id in [STREAM, 60] {
        let events = world.pipewire.remove(id);
        world.run(events);
    }
    assert_eq!(world.wait(100), []);
}

#[test]
fn a_choice_of_the_user_that_changes_nothing_is_asked_about() {
    let mut world = World::new(&[]);
    let chosen = |name| key(0, CONFIGURED_SINK, Some(name));
    assert_eq!(world.run([chosen("{\"name\":\"gone\"}")]), []);
    assert_eq!(world.wait(5), [], "another is played to meanwhile");
    world.tell_another(|it| it.set(default_sink("other")));
    assert_eq!(world.run([chosen("{\"name\":\"other\"}")]), []);
    assert_eq!(world.wait(1)[0], Command::Refresh);
    assert_eq!(world.output().as_deref(), Some("other"));
    assert_eq!(world.wait(100), []);
}

#[test]
fn a_target_that_was_removed_unseen_is_set_once_more() {
    let mut world = World::new(&[]);
    world.pipewire.is_metadata_withheld = true;
    world.run(stream(STREAM, "Game", &[]));
    world.pipewire.set_target(STREAM, None);
    world.pipewire.is_metadata_withheld = false;
    assert_eq!(world.wait(2), [Command::Refresh, target(STREAM, DEFAULT)]);
    let removed = world.pipewire.set_target(STREAM, None);
    assert_eq!(world.run(removed), []);
    assert_eq!(world.state(STREAM), StreamState::Contested);
}

#[test]
fn a_stream_linked_elsewhere_by_another_client_is_left_and_the_client_named() {
    for managed in [true, false] {
        let mut world = match managed {
            true => World::new(&[]),
            false => World::unmanaged(&[]),
        };
        world.run([Event::Client(
            90,
            props(&[("application.name", "Patchbay")]),
        )]);
        let mut events = stream(STREAM, "Game", &[]);
        events.extend((0..2).map(|n| link(900 + n, 90, between(STREAM, OTHER_CARD, n))));
        let commands = world.handle(events);
        assert!(
            !commands
                .iter()
                .any(|command| matches!(command, Command::Link(_))),
            "{commands:?}"
        );
        let stream = world.stream(STREAM);
        assert_eq!(stream.state, StreamState::Pinned);
        assert_eq!(stream.linked_by.as_deref(), Some("Patchbay"));
    }
}

#[test]
fn a_stream_that_the_session_manager_does_not_move_is_not_called_routed() {
    let mut world = World::new(&[]);
    let manager = Event::Client(MANAGER, props(&[("application.name", "WirePlumber")]));
    let mut events = stream(STREAM, "Game", &[]);
    events.push(manager);
    // It does nothing that we ask.
    events.extend((0..2).map(|n| link(900 + n, MANAGER, between(STREAM, CARD, n))));
    assert_eq!(world.handle(events), [target(STREAM, DEFAULT)]);
    world.handle([key(STREAM, TARGET_OBJECT, Some("1040"))]);
    assert_eq!(
        world.state(STREAM),
        StreamState::Routed,
        "a moment to move it"
    );
    // Somebody may have moved it without our being told.
    assert_eq!(world.wait(2), [Command::Refresh]);
    let told = world.stream(STREAM);
    assert_eq!(told.state, StreamState::Contested);
    assert_eq!(told.linked_by.as_deref(), Some("WirePlumber"));
    let detail = world.router.detail(STREAM, &world.rules, 0).unwrap();
    let reason = detail.reason.unwrap();
    assert!(
        reason.contains("WirePlumber has linked it to card"),
        "{reason}"
    );
    assert_eq!(
        world.router.deadline(world.now),
        None,
        "nothing to wake for"
    );
    // At last it does.
    world.handle([Event::Removed(900), Event::Removed(901)]);
    let moved = (0..2).map(|n| link(902 + n, MANAGER, between(STREAM, DEFAULT, n)));
    assert_eq!(world.handle(moved), []);
    assert_eq!(world.state(STREAM), StreamState::Routed);
    assert_eq!(world.stream(STREAM).linked_by, None);
}

#[test]
fn a_stream_that_nothing_links_is_not_called_routed() {
    let mut world = World::unmanaged(&[]);
    // PipeWire refuses to link it.
    let commands = world.handle(stream(STREAM, "Game", &[]));
    assert!(
        commands
            .iter()
            .any(|command| matches!(command, Command::Link(_)))
    );
    assert_eq!(world.state(STREAM), StreamState::Routed);
    world.wait(2);
    assert_eq!(world.state(STREAM), StreamState::Waiting);
    let detail = world.router.detail(STREAM, &world.rules, 0).unwrap();
    assert!(detail.reason.unwrap().contains("nothing has linked it"));
}

#[test]
fn a_recorder_linked_by_hand_leaves_a_stream_routed() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    world.run([simulation::node(80, "Stream/Input/Audio", "recorder", &[])]);
    world.run([link(900, 90, between(STREAM, 80, 0))]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
    // Nor is a second sink.
    world.run([link(901, 90, between(STREAM, OTHER_CARD, 0))]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
}

#[test]
fn filters_loopbacks_microphones_and_streams_that_must_stay_are_never_taken() {
    for pair in [
        ("node.link-group", "loopback-1"),
        ("node.dont-reconnect", "true"),
    ] {
        let mut world = World::new(&[]);
        assert_eq!(world.run(stream(STREAM, "Filter", &[pair])), []);
        assert_eq!(world.state(STREAM), StreamState::Pinned);
        let detail = world.router.detail(STREAM, &world.rules, 0).unwrap();
        assert!(detail.reason.unwrap().contains(pair.0));
    }
    let mut world = World::new(&[]);
    world.run([simulation::node(
        80,
        "Audio/Source/Virtual",
        "microphone",
        &[],
    )]);
    let mut events = stream(STREAM, "Voice changer", &[]);
    events.push(link(900, MANAGER, between(STREAM, 80, 0)));
    assert_eq!(world.run(events), []);
    assert_eq!(world.state(STREAM), StreamState::Pinned);
    let detail = world.router.detail(STREAM, &world.rules, 0).unwrap();
    assert!(detail.reason.unwrap().contains("it feeds microphone"));
}

#[test]
fn another_default_card_takes_the_monitors_and_our_own_sink_does_not() {
    let mut world = World::new(&[]);
    world.run([default_sink("other")]);
    for sink in [DEFAULT, AUX] {
        assert_eq!(world.linked(sink, CARD), []);
        assert_eq!(world.linked(sink, OTHER_CARD), [(0, 0), (1, 1)]);
    }
    assert_eq!(world.run([default_sink("nowhere")]), []);
    assert_eq!(world.router.audio().warnings, []);
    assert_eq!(world.run([default_sink("mixd-aux")]), []);
    let audio = world.router.audio();
    assert_eq!(world.output().as_deref(), Some("other"));
    assert_eq!(audio.warnings, [Warning::OwnSinkIsDefault]);
}

#[test]
fn the_output_asked_for_goes_before_the_default() {
    let mut world = World::empty(&[], true);
    world.router = Router::new(preferred(&["other"]));
    world.handle([Event::Metadata(MetadataOwner::Managed(MANAGER))]);
    world.handle(session());
    world.run([Event::Listed]);
    assert_eq!(world.linked(DEFAULT, OTHER_CARD), [(0, 0), (1, 1)]);
    // Gone, the default serves.
    let events = world.pipewire.remove(OTHER_CARD);
    world.run(events);
    assert_eq!(world.linked(DEFAULT, CARD), [(0, 0), (1, 1)]);
    let audio = world.router.audio();
    assert_eq!(audio.warnings, [Warning::OutputMissing]);
    world.run(simulation::sink(OTHER_CARD, "other", &Layout::stereo()));
    assert_eq!(world.linked(DEFAULT, OTHER_CARD), [(0, 0), (1, 1)]);
}

#[test]
fn a_monitor_that_is_taken_away_is_made_again_and_given_up_at_last() {
    let mut world = World::new(&[]);
    let ports = between(DEFAULT, CARD, 0);
    for round in 0..=MAX_RELINKS {
        let removed = world.pipewire.remove_link(&ports).unwrap();
        let commands = world.run([removed]);
        let expected = usize::from(round < MAX_RELINKS);
        assert_eq!(commands.len(), expected, "round {round}");
    }
}

#[test]
fn a_monitor_that_went_with_its_port_is_no_loss_however_often() {
    let mut world = World::new(&[]);
    for _ in 0..2 * MAX_RELINKS {
        let ports = between(DEFAULT, CARD, 0);
        let removed = world.pipewire.remove_link(&ports).unwrap();
        let commands = world.run([removed, Event::Removed(ports.output)]);
        assert!(!commands.contains(&Command::Link(ports)));
        world.run(simulation::ports(
            DEFAULT,
            Direction::Output,
            &Layout::stereo(),
        ));
        assert_eq!(world.linked(DEFAULT, CARD), [(0, 0), (1, 1)]);
    }
}

#[test]
fn sinks_that_somebody_destroys_are_made_again() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    let events = world.pipewire.remove(DEFAULT);
    world.run(events);
    let node = world.pipewire.sink(Channel::Default).unwrap();
    assert_ne!(node, DEFAULT);
    assert_eq!(world.linked(node, CARD), [(0, 0), (1, 1)]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
}

#[test]
fn sinks_that_are_destroyed_again_and_again_are_made_again_after_a_minute() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    for round in 0..=MAX_REMAKES {
        let node = world.pipewire.sink(Channel::Default);
        assert!(node.is_some(), "round {round}");
        let events = world.pipewire.remove(node.unwrap());
        world.run(events);
    }
    assert_eq!(world.pipewire.sink(Channel::Default), None);
    let audio = world.router.audio();
    assert_eq!(audio.warnings, [Warning::SinksRemoved]);
    assert_eq!(audio.pipewire, PipeWireState::Up);
    world.wait(2);
    assert_eq!(world.state(STREAM), StreamState::Waiting);
    let detail = world.router.detail(STREAM, &world.rules, 0).unwrap();
    assert!(detail.reason.unwrap().contains("has been removed"));
    let at = world.router.deadline(world.now).unwrap();
    world.now = at;
    world.run([]);
    let node = world.pipewire.sink(Channel::Default).unwrap();
    assert_eq!(world.linked(node, CARD), [(0, 0), (1, 1)]);
    assert_eq!(world.router.audio().warnings, []);
    assert_eq!(world.state(STREAM), StreamState::Routed);
}

#[test]
fn a_new_session_manager_is_asked_anew() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    world.run([Event::Metadata(MetadataOwner::None)]);
    let commands = world.run([
        Event::Metadata(MetadataOwner::Managed(MANAGER)),
        default_sink("card"),
    ]);
    assert_eq!(without_monitors(commands), [target(STREAM, DEFAULT)]);
}

/// The commands that are not about the monitors' links.
fn without_monitors(mut commands: Vec<Command>) -> Vec<Command> {
    let is_monitor = |ports: &Ports| ports.input_node == CARD;
    commands.retain(|command| !matches!(command, Command::Unlink(ports) if is_monitor(ports)));
    commands
}

#[test]
fn what_a_dying_session_manager_unlinks_is_linked_by_us_until_somebody_else_does() {
    let mut world = World::new(&[]);
    let links: Vec<Event> = world
        .run(stream(STREAM, "Game", &[]))
        .iter()
        .flat_map(|command| world.pipewire.execute(command))
        .collect();
    world.run(links);
    world.pipewire.is_managed = false;
    let links = &world.router.registry.links_from;
    let ids: Vec<u32> = links.get(&STREAM).into_iter().flatten().copied().collect();
    let mut events: Vec<Event> = ids.into_iter().map(Event::Removed).collect();
    events.push(Event::Metadata(MetadataOwner::None));
    world.run(events);
    assert_eq!(world.linked(STREAM, DEFAULT), [(0, 0), (1, 1)]);
    // It comes back and does nothing: they stay.
    let commands = world.run([Event::Metadata(MetadataOwner::Managed(MANAGER))]);
    assert!(without_monitors(commands).contains(&target(STREAM, DEFAULT)));
    assert_eq!(world.linked(STREAM, DEFAULT), [(0, 0), (1, 1)]);
    // It links the stream itself.
    world.run((0..2).map(|n| link(900 + n, MANAGER, between(STREAM, CARD, n))));
    assert_eq!(world.linked(STREAM, DEFAULT), []);
}

#[test]
fn links_that_go_while_a_session_manager_sets_up_do_not_count() {
    for (wait, state) in [(0, StreamState::Routed), (3, StreamState::Contested)] {
        let mut world = World::unmanaged(&[]);
        world.run(stream(STREAM, "Game", &[]));
        world.run([Event::Metadata(MetadataOwner::Managed(MANAGER))]);
        world.wait(wait);
        for _ in 0..2 {
            let event = world.pipewire.remove_link(&between(STREAM, DEFAULT, 0));
            world.run(event);
        }
        assert_eq!(world.state(STREAM), state, "after {wait} s");
    }
}

#[test]
fn a_stream_that_the_session_manager_leaves_alone_is_linked_after_a_while() {
    let mut world = World::new(&[]);
    world.pipewire.is_managed = false;
    world.run(stream(STREAM, "Game", &[]));
    assert_eq!(world.linked(STREAM, DEFAULT), []);
    assert!(world.router.deadline(world.now).is_some());
    world.wait(1);
    assert_eq!(world.linked(STREAM, DEFAULT), [(0, 0), (1, 1)]);
    assert_eq!(
        world.router.deadline(world.now),
        None,
        "nothing to wake for"
    );
}

#[test]
fn without_a_session_manager_we_link_the_streams_also_those_that_ask_for_a_sink() {
    let mut world = World::unmanaged(&["Discord"]);
    world.run(stream(STREAM, "Discord", &[]));
    world.run(stream(STREAM + 1, "Pinned", &[(TARGET_OBJECT, "other")]));
    assert_eq!(world.linked(STREAM, AUX), [(0, 0), (1, 1)]);
    assert_eq!(world.linked(STREAM + 1, OTHER_CARD), [(0, 0), (1, 1)]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
    assert_eq!(world.state(STREAM + 1), StreamState::Pinned);
    world.rules = rules(&[]);
    world.run([]);
    assert_eq!(world.linked(STREAM, AUX), []);
    assert_eq!(world.linked(STREAM, DEFAULT), [(0, 0), (1, 1)]);
}

#[test]
fn without_a_session_manager_the_card_is_the_one_of_the_highest_priority() {
    let mut world = World::unmanaged(&[]);
    let mut best = simulation::sink(50, "best", &Layout::stereo());
    best[0] = simulation::node(50, "Audio/Sink", "best", &[("priority.session", "2000")]);
    world.run(best);
    assert_eq!(world.output().as_deref(), Some("best"));
}

#[test]
fn a_card_that_was_chosen_stays_when_the_session_manager_ends() {
    let mut world = World::new(&[]);
    world.run([default_sink("other")]);
    world.pipewire.is_managed = false;
    world.run([Event::Metadata(MetadataOwner::None)]);
    world.wait(5);
    assert_eq!(world.output().as_deref(), Some("other"));
}

#[test]
fn without_a_session_manager_what_has_no_ports_gets_them_from_us() {
    let mut world = World::empty(&[], false);
    let bare = |id, class, key, value| {
        let info = Info {
            props: Some(props(&[("node.autoconnect", "true"), (key, value)])),
            ..Info::default()
        };
        [
            simulation::node(id, class, "name", &[]),
            Event::Info(id, info),
        ]
    };
    world.handle(bare(CARD, "Audio/Sink", "audio.position", "[ FL FR FC ]"));
    world.handle(bare(
        STREAM,
        "Stream/Output/Audio",
        "application.name",
        "Game",
    ));
    // Not before a session manager that is just starting has had its time.
    let commands = world.run([Event::Listed]);
    assert!(
        !commands
            .iter()
            .any(|command| matches!(command, Command::ConfigurePorts(..)))
    );
    world.wait(3);
    let sink = world.pipewire.sink(Channel::Default).unwrap();
    assert_eq!(world.linked(sink, CARD), [(0, 0), (1, 1), (2, 2)]);
    assert_eq!(world.linked(STREAM, sink), [(0, 0), (1, 1), (2, 2)]);
}

#[test]
fn a_link_of_ours_that_is_taken_twice_leaves_the_stream_contested() {
    let mut world = World::unmanaged(&[]);
    world.run(stream(STREAM, "Game", &[]));
    for round in 1..=MAX_MOVES {
        let ports = between(STREAM, DEFAULT, 0);
        let removed = world.pipewire.remove_link(&ports).unwrap();
        world.run([removed]);
        let is_linked = !world.linked(STREAM, DEFAULT).is_empty();
        assert_eq!(is_linked, round < MAX_MOVES, "round {round}");
    }
    assert_eq!(world.state(STREAM), StreamState::Contested);
}

#[test]
fn a_stream_that_has_gone_leaves_nothing_behind() {
    let mut world = World::new(&[]);
    let empty = format!("{:?}", world.router);
    world.run(stream(STREAM, "Game", &[]));
    let events = world.pipewire.remove(STREAM);
    world.run(events);
    assert_eq!(format!("{:?}", world.router), empty);
}

#[test]
fn what_a_dead_mixd_left_is_cleared_at_the_start_and_nothing_else() {
    let mut world = World::empty(&[], true);
    world.handle(session());
    world.handle(stream(STREAM, "Game", &[(TARGET_OBJECT, "other")]));
    world.handle([
        key(STREAM, TARGET_OBJECT, Some("mixd-aux")),
        key(STREAM + 1, TARGET_OBJECT, Some("77777")),
        key(STREAM + 2, TARGET_OBJECT, Some("1031")),
        key(STREAM + 3, TARGET_OBJECT, Some("a card in the drawer")),
    ]);
    let commands = world.run([Event::Listed]);
    let clears: Vec<&Command> = commands
        .iter()
        .filter(|command| matches!(command, Command::ClearTarget(_)))
        .collect();
    assert_eq!(
        clears,
        [
            &Command::ClearTarget(STREAM),
            &Command::ClearTarget(STREAM + 1)
        ]
    );
    // Before any sink is there that the session manager could take for the dead one's.
    let made = commands
        .iter()
        .position(|command| matches!(command, Command::Link(_)));
    let cleared = commands
        .iter()
        .position(|command| matches!(command, Command::ClearTarget(_)));
    assert!(cleared < made);
    assert!(
        world
            .run([key(STREAM + 1, TARGET_OBJECT, Some("77778"))])
            .is_empty()
    );
}

#[test]
fn leaving_clears_every_target_of_ours_and_wishes_nothing_more() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    world.run(stream(STREAM + 1, "Pinned", &[(TARGET_OBJECT, "other")]));
    world.handle([key(STREAM + 2, TARGET_OBJECT, Some("mixd-aux"))]);
    let commands = world.router.shutdown();
    assert_eq!(
        commands,
        [
            Command::ClearTarget(STREAM),
            Command::ClearTarget(STREAM + 2)
        ]
    );
    assert!(!world.router.is_drained());
    let events: Vec<Event> = commands
        .iter()
        .flat_map(|command| world.pipewire.execute(command))
        .collect();
    assert_eq!(world.handle(events), []);
    assert!(world.router.is_drained());
    assert_eq!(
        world.linked(DEFAULT, CARD),
        [(0, 0), (1, 1)],
        "heard to the last"
    );
}

#[test]
fn leaving_without_a_session_manager_unlinks_the_streams() {
    let mut world = World::unmanaged(&[]);
    world.run(stream(STREAM, "Game", &[]));
    let commands = world.router.shutdown();
    assert_eq!(commands.len(), 2);
    assert!(
        commands.iter().all(
            |command| matches!(command, Command::Unlink(ports) if ports.output_node == STREAM)
        )
    );
}

/// Everything that a user would see of how it has ended, whatever the way.
fn outcome(world: &World) -> impl PartialEq + std::fmt::Debug + use<> {
    let channel = |node: u32| world.router.sinks.channel(node);
    let mut links: Vec<_> = world
        .pipewire
        .links()
        .map(|ports| {
            let from = (channel(ports.output_node), ports.output % 100);
            (from, channel(ports.input_node), ports.input)
        })
        .filter(|(from, ..)| from.0.is_some())
        .collect();
    links.sort();
    let layouts = world.pipewire.layouts().into_iter();
    let layouts: Vec<_> = layouts
        .map(|(channel, layout)| (channel, layout.clone()))
        .collect();
    let places: Vec<_> = world
        .router
        .registry
        .targets
        .keys()
        .filter_map(|&stream| match world.router.registry.target(stream) {
            target::Target::Anywhere => None,
            place => Some((stream, place)),
        })
        .collect();
    (links, layouts, places, world.router.audio())
}

fn evening() -> Vec<Event> {
    let mut events = session();
    events.extend(simulation::sink(
        50,
        "surround",
        &layout("FL FR FC LFE SL SR"),
    ));
    events.extend(stream(STREAM, "Discord", &[]));
    events.extend(stream(STREAM + 1, "Game", &[]));
    events.extend(stream(STREAM + 2, "Pinned", &[(TARGET_OBJECT, "other")]));
    events.extend(stream(STREAM + 3, "Sent", &[]));
    events.push(key(STREAM + 3, TARGET_OBJECT, Some("other")));
    events.extend(stream(STREAM + 4, "Loopback", &[("node.link-group", "x")]));
    events.push(Event::Client(
        90,
        props(&[("application.name", "Patchbay")]),
    ));
    events.extend(stream(STREAM + 5, "Wired", &[]));
    events.push(link(900, 90, between(STREAM + 5, OTHER_CARD, 0)));
    events.push(Event::Setting("clock.quantum".into(), "512".into()));
    events
}

/// What decides against taking a stream: once we have taken it, that is an order, not an event of the
/// start.
fn is_order(event: &Event) -> bool {
    match event {
        Event::MetadataKey { subject, .. } => *subject != 0,
        Event::Node(id, _) => *id == OTHER_CARD,
        Event::Link(..) => true,
        _ => false,
    }
}

proptest! {
    /// The events in any order, PipeWire doing what it is asked at once or later: the same end.
    #[test]
    fn any_order_of_the_same_events_ends_in_the_same(
        events in Just(evening()).prop_shuffle(),
        managed in any::<bool>(),
        listed_after in 0..80_usize,
        prompt in proptest::collection::vec(any::<bool>(), 80),
    ) {
        let start = |managed| {
            let mut world = World::empty(&["Discord"], managed);
            if managed {
                world.handle([Event::Metadata(MetadataOwner::Managed(MANAGER))]);
            }
            world
        };
        let mut straight = start(managed);
        straight.handle(evening());
        straight.run([Event::Listed]);
        straight.wait(5);

        let mut world = start(managed);
        let mut pending = Vec::new();
        // Metadata of a stream that we have already asked for is an order, not an event of the
        // start: it comes first.
        let (first, rest): (Vec<Event>, Vec<Event>) = events.into_iter().partition(is_order);
        let events: Vec<Event> = first.into_iter().chain(rest).collect();
        let listed_after = listed_after % events.len();
        for (index, event) in events.into_iter().enumerate() {
            if index == listed_after {
                pending.extend(world.handle([Event::Listed]));
            }
            pending.extend(world.handle([event]));
            if prompt[index % prompt.len()] {
                for command in std::mem::take(&mut pending) {
                    let events = world.pipewire.execute(&command);
                    pending.extend(world.handle(events));
                }
            }
        }
        pending.extend(world.handle([Event::Listed]));
        while !pending.is_empty() {
            for command in std::mem::take(&mut pending) {
                let events = world.pipewire.execute(&command);
                pending.extend(world.handle(events));
            }
        }
        world.wait(5);
        prop_assert_eq!(outcome(&world), outcome(&straight));
    }
}

#[test]
fn our_own_sink_as_the_default_takes_no_card_from_us() {
    let mut world = World::new(&[]);
    world.run([default_sink("mixd-aux")]);
    let events = world.pipewire.remove(CARD);
    world.run(events);
    assert_eq!(world.linked(DEFAULT, OTHER_CARD), [(0, 0), (1, 1)]);
    // Nor from the first on.
    let mut world = World::empty(&[], true);
    world.handle([default_sink("mixd-aux")]);
    world.run([Event::Listed]);
    let warnings = world.router.audio().warnings;
    assert_eq!(warnings, [], "there is no card to choose instead");
    world.run(simulation::sink(CARD, "card", &Layout::stereo()));
    assert_eq!(world.linked(DEFAULT, CARD), [(0, 0), (1, 1)]);
    let warnings = world.router.audio().warnings;
    assert_eq!(warnings, [Warning::OwnSinkIsDefault]);
}

#[test]
fn the_last_cards_id_given_to_another_node_is_no_card() {
    let mut world = World::new(&[]);
    world.run([default_sink("mixd-aux")]);
    let mut events = world.pipewire.remove(CARD);
    events.push(simulation::node(
        CARD,
        "Stream/Input/Audio",
        "recorder",
        &[],
    ));
    let info = Info {
        inputs: 2,
        ..Info::default()
    };
    events.push(Event::Info(CARD, info));
    events.extend(simulation::ports(CARD, Direction::Input, &Layout::stereo()));
    world.run(events);
    assert_eq!(world.linked(DEFAULT, CARD), []);
}

#[test]
fn a_stream_that_goes_before_its_link_is_made_leaves_nothing_behind() {
    let mut world = World::unmanaged(&[]);
    let empty = format!("{:?}", world.router);
    world.handle(stream(STREAM, "Game", &[]));
    let events = world.pipewire.remove(STREAM);
    world.handle(events);
    assert_eq!(format!("{:?}", world.router), empty);
}

#[test]
fn a_session_manager_that_hangs_is_asked_nothing() {
    let mut world = World::new(&[]);
    let asked = world.handle(stream(STREAM, "Game", &[]));
    assert_eq!(asked, [target(STREAM, DEFAULT)]);
    // It does nothing at all.
    world.now += Duration::from_secs(5);
    let commands = world.handle([]);
    world.now += Duration::from_secs(5);
    let more = world.handle([]);
    assert!(!commands.contains(&Command::Refresh) && !more.contains(&Command::Refresh));
    assert!(
        commands
            .iter()
            .any(|command| matches!(command, Command::Link(_)))
    );
}
