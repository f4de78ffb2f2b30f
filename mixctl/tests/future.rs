//! mixctl and the client that it shares with mixview, at a daemon from the future and at one from the past.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use lab::future::{self, Age};
use wire::{Client, ClientError, ErrorCode, Event, Name, Reply, Request, StreamState, Topics};

const NEWER: [Age; 2] = [
    Age::Newer { has_maps: false },
    Age::Newer { has_maps: true },
];

fn mixctl(socket: &str, args: &[&str]) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_mixctl")));
    command
        .args(["--socket", socket])
        .args(args)
        .stdin(Stdio::null());
    command
}

/// Returns the exit status, standard output and standard error.
fn run(socket: &str, args: &[&str]) -> (i32, String, String) {
    let out = mixctl(socket, args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        out.status.code().unwrap(),
        text(out.stdout),
        text(out.stderr),
    )
}

#[test]
fn every_verb_works_on_with_a_daemon_from_the_future() {
    for age in NEWER {
        let socket = future::start(age).unwrap();
        for args in [
            "get-volume",
            "get-volume --json",
            "set-volume 0",
            "shift-volume 0.1 --print",
            "toggle --print",
            "hold 0 -- true",
            "list-programs",
            "list-programs --json",
            "add-program x",
            "add-program --dry-run x",
            "ignore x",
            "remove-program x",
            "move Discord default",
            "move --dry-run Discord default",
            "undo",
            "outputs",
            "outputs --json",
            "output aux auto",
            "streams",
            "streams --json",
            "why Discord",
            "why --json Discord",
            "why --all Discord",
            "status",
            "status --json",
            "reload",
        ] {
            let words: Vec<&str> = args.split(' ').collect();
            let (code, out, err) = run(&socket, &words);
            assert_eq!((code, &*err), (0, ""), "{args}: {out}");
        }
        for verb in ["status", "streams"] {
            let (_, out, _) = run(&socket, &[verb]);
            assert!(out.contains("unknown"), "{out}");
            let (_, out, _) = run(&socket, &[verb, "--json"]);
            assert!(out.contains("\"unknown\""), "{out}");
        }
        // Whether all is well is another question.
        for args in [&["doctor"][..], &["doctor", "--json"]] {
            let (code, out, err) = run(&socket, args);
            assert!(code <= 1 && err.is_empty() && !out.is_empty(), "{out}{err}");
        }
    }
}

#[test]
fn watch_shows_what_it_knows_in_every_format() {
    for age in NEWER {
        let socket = future::start(age).unwrap();
        for format in ["plain", "json", "waybar", "wob"] {
            let args = ["watch", "--format", format];
            let mut child = mixctl(&socket, &args)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let line = lines.next().unwrap().unwrap();
            assert!(!line.is_empty(), "{format}");
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

#[test]
fn a_reply_that_is_not_understood_fails_its_request_alone_and_an_unknown_event_is_skipped() {
    for age in NEWER {
        let socket = future::start(age).unwrap();
        let name = Name::parse(socket.as_ref()).unwrap();
        let mut client = Client::connect(&name, "test").unwrap();
        let redo = client.request(&Request::Redo);
        assert!(matches!(redo, Err(ClientError::Protocol(_))), "{redo:?}");
        let reply = client.request(&Request::GetVolume).unwrap();
        assert!(matches!(reply, Reply::Mix(mix) if mix.volume.millionths() == -250_000));
        match client.request(&Request::Fail(ErrorCode::Busy)) {
            Err(ClientError::Refused(failure)) => {
                assert_eq!((failure.code, failure.reason), (ErrorCode::Refused, None));
            }
            other => panic!("{other:?}"),
        }
        client.request(&Request::Subscribe(Topics::all())).unwrap();
        let mut states = Vec::new();
        for _ in 0..4 {
            if let Some(Event::Streams(audio)) = client.next_event(None).unwrap() {
                states = audio.streams.iter().map(|stream| stream.state).collect();
            }
        }
        assert_eq!(states, [StreamState::Unknown]);
    }
}

#[test]
fn what_an_older_daemon_does_not_know_is_said_and_not_asked() {
    let socket = future::start(Age::Older(&["undo", "get-status", "list-sinks"])).unwrap();
    for args in [&["undo"][..], &["status"], &["outputs"]] {
        let (code, out, err) = run(&socket, args);
        assert_eq!((code, &*out), (1, ""), "{err}");
        assert!(
            err.contains("does not know the request") && err.contains("older"),
            "{err}"
        );
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    assert_eq!(run(&socket, &["get-volume"]).0, 0);
}
