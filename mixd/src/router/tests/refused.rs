//! What PipeWire refuses.

use super::*;

fn links(commands: &[Command]) -> Vec<Ports> {
    let links = commands.iter().filter_map(|command| match command {
        Command::Link(ports) => Some(*ports),
        _ => None,
    });
    links.collect()
}

#[test]
fn a_link_that_pipewire_refuses_is_tried_five_times_and_no_more() {
    let mut world = World::unmanaged(&[]);
    let mut asked = links(&world.handle(stream(STREAM, "Game", &[])));
    for seconds in [1, 2, 4, 8] {
        assert_eq!(asked.len(), 2);
        let refused = asked.into_iter().map(Event::LinkRefused);
        assert_eq!(world.handle(refused), [], "not at once");
        world.now += Duration::from_millis(1000 * seconds - 1);
        assert_eq!(world.handle([]), []);
        world.now += Duration::from_millis(1);
        asked = links(&world.handle([]));
    }
    assert_eq!(asked.len(), 2, "the fifth time");
    let refused: Vec<Event> = asked.into_iter().map(Event::LinkRefused).collect();
    assert_eq!(world.handle(refused), []);
    assert_eq!(world.wait(1000), []);
    assert_eq!(world.router.deadline(world.now), None);
    assert_eq!(world.state(STREAM), StreamState::Waiting);
    let detail = world.router.detail(STREAM, &world.rules, 0).unwrap();
    assert!(detail.reason.unwrap().contains("refuses to link it"));
    // A session manager may change that.
    world.pipewire.is_managed = true;
    world.run([Event::Metadata(MetadataOwner::Managed(MANAGER))]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
}

#[test]
fn a_link_that_was_refused_is_made_when_pipewire_has_come_round() {
    let mut world = World::unmanaged(&[]);
    let asked = links(&world.handle(stream(STREAM, "Game", &[])));
    world.handle(asked.into_iter().map(Event::LinkRefused));
    world.wait(1);
    assert_eq!(world.linked(STREAM, DEFAULT), [(0, 0), (1, 1)]);
    assert_eq!(world.state(STREAM), StreamState::Routed);
    assert_eq!(world.wait(1000), []);
}

/// A stream moves to and fro before PipeWire has said that it does not make the first link.
#[test]
fn a_link_is_missed_though_one_before_it_was_refused_after_it_was_removed() {
    let mut world = World::unmanaged(&[]);
    let refused = links(&world.handle(stream(STREAM, "Game", &[])));
    world.rules = rules(&["Game"]);
    world.handle([]);
    world.rules = rules(&[]);
    assert_eq!(links(&world.handle([])), refused);
    world.handle(refused.iter().copied().map(Event::LinkNeverMade));
    for ports in &refused {
        let made = world.pipewire.execute(&Command::Link(*ports));
        assert_eq!(world.handle(made), []);
    }
    assert_eq!(world.state(STREAM), StreamState::Routed);
    let lost = world.pipewire.remove_link(&refused[0]);
    assert_eq!(links(&world.handle(lost)), refused[..1]);
}

#[test]
fn a_sink_that_pipewire_refuses_is_tried_five_times_and_is_not_called_an_absent_pipewire() {
    let mut world = World::empty(&[], true);
    world.handle(session());
    world.handle(stream(STREAM, "Game", &[]));
    let sinks = |commands: &[Command]| {
        let sinks = commands.iter().filter_map(|command| match command {
            Command::CreateSink(sink, _) => Some(*sink),
            _ => None,
        });
        sinks.collect::<Vec<Sink>>()
    };
    let mut asked = sinks(&world.handle([Event::Listed]));
    for seconds in [1, 2, 4, 8] {
        assert_eq!(asked.len(), 2);
        world.handle(asked.into_iter().map(Event::SinkRefused));
        assert_eq!(world.router.audio().pipewire, PipeWireState::Up);
        world.now += Duration::from_secs(seconds);
        asked = sinks(&world.handle([]));
    }
    assert_eq!(asked.len(), 2, "the fifth time");
    world.handle(asked.into_iter().map(Event::SinkRefused));
    assert_eq!(world.wait(1000), []);
    assert_eq!(world.state(STREAM), StreamState::Waiting);
    let detail = world.router.detail(STREAM, &world.rules, 0).unwrap();
    assert!(detail.reason.unwrap().contains("refuses to make"));
    // With another layout it may.
    world.handle(simulation::sink(50, "mono", &layout("MONO")));
    let commands = world.handle([default_sink("mono")]);
    assert_eq!(sinks(&commands).len(), 2);
}

/// PipeWire says an error of a sink's own proxy also when its node fails later.
#[test]
fn a_sink_that_was_created_and_fails_later_is_not_taken_for_refused() {
    let mut world = World::new(&[]);
    world.run(stream(STREAM, "Game", &[]));
    for channel in CHANNELS {
        let sink = Sink {
            channel,
            number: u32::from(channel == Channel::Aux),
        };
        assert!(world.router.has_sink(sink), "{sink:?}");
        assert_eq!(world.handle([Event::SinkRefused(sink)]), []);
        assert!(world.router.has_sink(sink));
    }
    assert_eq!(world.wait(100), []);
    assert_eq!(world.state(STREAM), StreamState::Routed);
}
