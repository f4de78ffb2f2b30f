//! The daemon against the vectors in `wire/vectors/`: what it must refuse, and what it must take.
#![allow(clippy::unwrap_used, clippy::panic)]

mod raw;

use std::net::Shutdown;
use std::thread;

use lab::mixd::Mixd;
use mixd::server::admission::CLIENTS_A_PROCESS;
use raw::{Raw, mixd_program, raw_frame, request};
use rustix::process::Signal;
use wire::frame::Kind;
use wire::vectors::exchanges::{self, Answer, Exchange};
use wire::vectors::session::{self, Step};
use wire::{ErrorCode, Failure, PROTOCOL, Request, codec};

/// How many exchanges take place at once: those that wait for a time limit keep a thread each. With the connections
/// that mixd has not yet seen the end of they are fewer than one process may have, [`CLIENTS_A_PROCESS`].
const THREADS: usize = CLIENTS_A_PROCESS / 2 - 1;

/// Holds the daemon to one exchange. Returns what is wrong.
fn hold(socket: &str, exchange: &Exchange) -> Result<(), String> {
    let mut raw = match exchange.is_open {
        true => Raw::greeted(socket),
        false => Raw::connect(socket),
    };
    raw.send(&exchange.sent);
    let (kind, id, body) = raw.frame().ok_or("no answer")?;
    let answer = match kind {
        Kind::Welcome => Answer::Welcome,
        Kind::Reply => Answer::Reply,
        Kind::Error => {
            let failure: Failure = codec::decode(&body).map_err(|error| error.to_string())?;
            let is_version = failure.code == ErrorCode::Version;
            let spoken = is_version.then_some(PROTOCOL);
            if (failure.min, failure.max) != (spoken, spoken) {
                return Err(format!("{failure:?}"));
            }
            Answer::Error(failure.code, failure.reason)
        }
        kind => return Err(format!("a frame of kind {kind:?}")),
    };
    if (answer, id) != (exchange.answer, exchange.id) {
        return Err(format!("{answer:?}, id {id}"));
    }
    // A subscription's first events may come between.
    raw.send(&request(99, &Request::GetVolume));
    let mut others = std::iter::from_fn(|| raw.frame()).filter(|frame| frame.0 != Kind::Event);
    match others.next() {
        Some((Kind::Reply, 99, _)) if exchange.lives => Ok(()),
        None if !exchange.lives => Ok(()),
        other => Err(format!("then {other:?}")),
    }
}

#[track_caller]
fn hold_all(exchanges: &[Exchange]) {
    let mixd = Mixd::start_alone(mixd_program(), &[]).unwrap();
    let wrong: Vec<String> = thread::scope(|scope| {
        let part = |first: usize| {
            let exchanges = exchanges.iter().skip(first).step_by(THREADS);
            let socket = mixd.socket();
            scope.spawn(move || {
                let wrong = exchanges.filter_map(|exchange| {
                    let error = hold(socket, exchange).err()?;
                    Some(format!("{}: {error}, not {exchange:?}", exchange.name))
                });
                wrong.collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..THREADS).map(part).collect();
        let wrong = threads.into_iter().map(|thread| thread.join().unwrap());
        wrong.flatten().collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_must_reject_vector_has_the_answer_that_its_file_says() {
    hold_all(&exchanges::rejected());
}

#[test]
fn every_vector_at_a_limit_has_the_answer_that_its_file_says() {
    hold_all(&exchanges::at_limits());
}

#[test]
fn the_annotated_session_is_what_happens() {
    let mixd = Mixd::start_alone(mixd_program(), &["--config", session::CONFIG]).unwrap();
    let mut clients = [None, None, None];
    for (step, why) in session::steps() {
        match step {
            Step::Sends(at, frame) => {
                let raw = clients[at].get_or_insert_with(|| Raw::connect(mixd.socket()));
                raw.send(&frame);
            }
            Step::Reads(at, frame) => {
                let raw = clients[at].as_mut().unwrap();
                let (kind, id, body) = raw.frame().unwrap();
                let shown = codec::diagnostic(&body);
                assert_eq!(raw_frame(kind, id, &body), frame, "{why}: {shown}");
            }
            Step::HalfCloses(at) => {
                let raw = clients[at].as_ref().unwrap();
                raw.stream.shutdown(Shutdown::Write).unwrap();
            }
            Step::Terminates => mixd.process.signal(Signal::TERM).unwrap(),
            Step::ReadsEnd(at) => assert_eq!(clients[at].as_mut().unwrap().frame(), None),
        }
    }
}
