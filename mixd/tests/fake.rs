//! The backend `fake`, as the author of a client has it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod raw;

use std::collections::BTreeSet;
use std::time::Instant;

use lab::TIMEOUT;
use lab::mixd::Mixd;
use raw::mixd_program;
use wire::{
    Audio, Channel, Client, Event, Move, OutputChoice, PipeWireState, Reply, Request, Stream,
    StreamState, Topic, Warning,
};

/// A daemon whose script goes on at this speed, and a client that is subscribed to the streams.
fn start(backend: &str) -> (Mixd, Client) {
    let mixd = Mixd::start_alone(mixd_program(), &["--backend", backend]).unwrap();
    let mut client = mixd.connect().unwrap();
    let topics = [Topic::Streams].into_iter().collect();
    client.request(&Request::Subscribe(topics)).unwrap();
    (mixd, client)
}

/// Waits for an event of the streams of which something holds; what that is.
#[track_caller]
fn wait_for<T>(client: &mut Client, mut found: impl FnMut(&Audio) -> Option<T>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    while let Some(event) = client.next_event(Some(deadline)).unwrap() {
        if let Event::Streams(audio) = event
            && let Some(found) = found(&audio)
        {
            return found;
        }
    }
    panic!("it has not come in {TIMEOUT:?}");
}

/// Waits for a stream of this name of which something holds.
#[track_caller]
fn wait_for_stream(client: &mut Client, name: &str, is_so: impl Fn(&Stream) -> bool) -> Stream {
    wait_for(client, |audio| {
        let mut streams = audio.streams.iter();
        streams
            .find(|stream| &*stream.name == name && is_so(stream))
            .cloned()
    })
}

#[test]
fn every_state_and_every_warning_comes_in_a_minute_of_the_script() {
    let (mixd, mut client) = start("fake:20");
    let states = StreamState::ALL.iter().map(|state| state.name());
    // `off` is the backend `none`.
    let connections = PipeWireState::ALL.iter();
    let connections = connections.filter(|it| **it != PipeWireState::Off);
    let connections = connections.map(|connection| connection.name());
    let others = ["omitted", "linked-by", "rule", "not running", "description"];
    let mut left: BTreeSet<&str> = states.chain(connections).chain(others).collect();
    left.extend(Warning::NAMES);
    let deadline = Instant::now() + TIMEOUT;
    while let Some(event) = client.next_event(Some(deadline)).unwrap() {
        let Event::Streams(audio) = event else {
            continue;
        };
        left.remove(audio.pipewire.name());
        for warning in &audio.warnings {
            assert_ne!(*warning, Warning::Unknown);
            left.remove(warning.name());
        }
        for stream in &audio.streams {
            left.remove(stream.state.name());
            let has = [
                ("linked-by", stream.linked_by.is_some()),
                ("rule", stream.rule.is_some()),
                ("not running", !stream.running),
                ("description", stream.description.is_some()),
            ];
            left.retain(|name| !has.contains(&(name, true)));
        }
        if audio.omitted > 0 {
            left.remove("omitted");
        }
        if left.is_empty() {
            return;
        }
    }
    panic!("these have not come: {left:?}\n{}", mixd.log());
}

#[test]
fn what_a_client_asks_for_is_done() {
    let (mixd, mut watcher) = start("fake");
    let mut client = mixd.connect().unwrap();
    let mut ask = |request| client.request(&request).unwrap();
    let plays = |channel| {
        move |stream: &Stream| (stream.state, stream.channel) == (StreamState::Routed, channel)
    };
    let firefox = wait_for_stream(&mut watcher, "Firefox", plays(Channel::Default));

    ask(Request::AddProgram("Firefox".parse().unwrap()));
    wait_for_stream(&mut watcher, "Firefox", plays(Channel::Aux));
    ask(Request::Undo);
    wait_for_stream(&mut watcher, "Firefox", plays(Channel::Default));
    let (id, channel) = (firefox.id, Channel::Aux);
    let moved = ask(Request::MoveStream(Move { id, channel }));
    assert!(matches!(moved, Reply::Changed(_)), "{moved:?}");
    wait_for_stream(&mut watcher, "Firefox", plays(Channel::Aux));

    let detail = ask(Request::GetStream(id));
    let Reply::Stream(detail) = detail else {
        panic!("{detail:?}");
    };
    assert!(!detail.properties.is_empty());

    let sinks = ask(Request::ListSinks);
    let Reply::Sinks(sinks) = sinks else {
        panic!("{sinks:?}");
    };
    let unused = sinks
        .sinks
        .iter()
        .find(|sink| sink.users.is_empty())
        .unwrap();
    ask(Request::SetOutput(OutputChoice {
        sink: Some(unused.name.parse().unwrap()),
        channel: None,
    }));
    wait_for(&mut watcher, |audio| {
        let outputs = [audio.outputs.default, audio.outputs.aux];
        let plays_to =
            |output: Option<wire::Output>| output.is_some_and(|it| it.name == unused.name);
        outputs.into_iter().all(plays_to).then_some(())
    });

    let diagnosis = ask(Request::Diagnose);
    let Reply::Diagnosis(diagnosis) = diagnosis else {
        panic!("{diagnosis:?}");
    };
    assert_eq!(diagnosis.sinks.len(), 2);
    assert!(diagnosis.manager.is_some() && diagnosis.pipewire.is_some());
}
