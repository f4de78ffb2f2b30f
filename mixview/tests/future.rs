//! The window's connection and its model, at a daemon from the future and at one from the past.
#![cfg(feature = "window")]
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use lab::future::{self, Age};
use mixview::link::Link;
use mixview::model::{Effect, Message, Model, Target};
use wire::{Channel, Name, StreamState, socket};

/// A model that has been told all that the daemon says of itself, and its connection.
fn connected(age: Age) -> (Model, Link) {
    let socket = future::start(age).unwrap();
    let name = Name::parse(socket.as_ref()).unwrap();
    let (mut link, mut messages) = Link::open(name, Instant::now());
    let mut model = Model::default();
    let (mut events, deadline) = (0, Instant::now() + Duration::from_secs(5));
    loop {
        for message in messages {
            assert!(!matches!(message, Message::Disconnected(_)), "{message:?}");
            events += usize::from(matches!(message, Message::Event(_)));
            update(&mut model, &mut link, message);
        }
        if events == 4 {
            return (model, link);
        }
        assert!(Instant::now() < deadline, "{events} events");
        let (fd, interest) = link.fd().unwrap();
        socket::poll([(fd, interest)], Some(deadline)).unwrap();
        messages = link.turn(Instant::now());
    }
}

fn update(model: &mut Model, link: &mut Link, message: Message) {
    for effect in model.update(message) {
        if let Effect::Send(request) = effect {
            link.send(&request, Instant::now());
        }
    }
}

#[test]
fn a_window_works_on_with_a_daemon_from_the_future() {
    for has_maps in [false, true] {
        let (mut model, mut link) = connected(Age::Newer { has_maps });
        assert!(model.daemon.is_up());
        assert_eq!(model.volume().millionths(), -250_000);
        let streams: Vec<_> = model.daemon.streams(Channel::Aux).collect();
        assert_eq!(streams.len(), 1);
        assert_eq!(streams[0].state, StreamState::Unknown);
        let id = streams[0].id;
        // A stream of a state that is not known is asked about, and can be moved.
        for target in [Target::Send(id), Target::Undo] {
            update(&mut model, &mut link, Message::Click(target));
            let deadline = Instant::now() + Duration::from_secs(5);
            let answered = |link: &mut Link| {
                let (fd, interest) = link.fd().unwrap();
                socket::poll([(fd, interest)], Some(deadline)).unwrap();
                link.turn(Instant::now())
            };
            for message in answered(&mut link) {
                assert!(matches!(message, Message::Reply(Ok(_))), "{message:?}");
                update(&mut model, &mut link, message);
            }
        }
        assert!(model.daemon.is_up());
    }
}

#[test]
fn a_window_says_what_an_older_daemon_does_not_know() {
    let (mut model, mut link) = connected(Age::Older(&["undo", "get-stream"]));
    update(&mut model, &mut link, Message::Click(Target::Undo));
    let said = model.alarm().unwrap();
    assert!(said.contains("'undo'"), "{said}");
    assert!(link.turn(Instant::now()).is_empty());
}
