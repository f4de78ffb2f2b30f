//! `move`, `undo`, `redo` and `ignore`: the requests, and what is printed of their answers. A fake mixd
//! answers as the test wants.
#![allow(clippy::unwrap_used)]

// Other tests need more of it.
#[allow(dead_code)]
mod fake;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wire::message::{NodeName, Pattern};
use wire::{
    Audio, Change, Channel, ErrorCode, Failure, Mix, Move, PipeWireState, Reply, Request, Rule,
    Status, Stream, StreamState,
};

use self::fake::{Answer, Fake};

/// The requests that it has got, except for those of the status.
type Asked = Arc<Mutex<Vec<Request>>>;

fn stream(id: u32, pid: u32, name: &str, channel: Channel) -> Stream {
    Stream {
        id,
        pid: Some(pid),
        name: NodeName::truncated(name),
        rule: None,
        state: StreamState::Routed,
        binary: None,
        channel,
        process: None,
        running: true,
        linked_by: None,
        description: None,
    }
}

fn status(streams: Vec<Stream>) -> Reply<'static> {
    let audio = Audio {
        omitted: 0,
        outputs: Box::default(),
        streams,
        pipewire: PipeWireState::Up,
        warnings: vec![],
    };
    Reply::Status(Status {
        audio: std::borrow::Cow::Owned(audio),
        programs: vec![].into(),
        settings: std::borrow::Cow::Owned(wire::Settings::default()),
        mix: Mix::default(),
    })
}

fn changed(text: String) -> Change<'static> {
    let pattern = Pattern::truncated("player");
    Change {
        text: text.into(),
        added: vec![Rule::Program(pattern)],
        omitted: 0,
        removed: vec![],
        unsaved: None,
    }
}

/// A fake mixd with these streams. A move takes all streams of one name along, and is refused for those
/// called `pinned`.
fn playing(streams: Vec<Stream>) -> (Fake, Asked) {
    let asked = Asked::default();
    let (streams, log) = (Mutex::new(streams), Arc::clone(&asked));
    let fake = Fake::start(move |request| {
        if *request != Request::GetStatus {
            log.lock().unwrap().push(request.clone());
        }
        let mut streams = streams.lock().unwrap();
        let named = |id: &u32| streams.iter().find(|stream| stream.id == *id).unwrap().name;
        match request {
            Request::GetStatus => status(streams.clone()).into(),
            Request::MoveStream(Move { id, .. }) if &*named(id) == "pinned" => {
                Answer::Refuse(Failure::new(ErrorCode::Refused, format!("{id} is pinned")))
            }
            Request::MoveStream(Move { id, channel }) => {
                let name = named(id);
                for stream in streams.iter_mut().filter(|stream| stream.name == name) {
                    stream.channel = *channel;
                }
                Reply::Changed(changed(format!("{name} plays through {channel}"))).into()
            }
            Request::TryMoveStream(Move { id, channel }) => {
                let text = format!("{} would play through {channel}", named(id));
                Reply::Changed(changed(text)).into()
            }
            _ => Answer::Refuse(Failure::new(ErrorCode::Refused, "not here")),
        }
    });
    (fake, asked)
}

fn mixctl(fake: &Fake, args: &[&str]) -> Output {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_mixctl")));
    command.args(["--socket", fake.socket()]).args(args);
    command.output().unwrap()
}

/// Returns the exit status, standard output and standard error.
fn run(fake: &Fake, args: &[&str]) -> (i32, String, String) {
    let out = mixctl(fake, args);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        out.status.code().unwrap(),
        text(out.stdout),
        text(out.stderr),
    )
}

fn moved(id: u32, channel: Channel) -> Request {
    Request::MoveStream(Move { id, channel })
}

#[test]
fn each_program_meant_is_moved_once() {
    let own = std::process::id();
    let (fake, asked) = playing(vec![
        stream(70, 1, "game", Channel::Default),
        stream(71, own, "player", Channel::Default),
        stream(72, own, "player", Channel::Default),
        stream(73, own, "effects", Channel::Default),
        stream(74, own, "music", Channel::Aux),
    ]);
    let (code, out, err) = run(&fake, &["move", &own.to_string(), "aux"]);
    assert_eq!((code, &*err), (0, ""));
    assert_eq!(out, "player plays through aux\neffects plays through aux\n");
    let asked = asked.lock().unwrap();
    assert_eq!(*asked, [moved(71, Channel::Aux), moved(73, Channel::Aux)]);
}

#[test]
fn the_other_side_is_that_of_the_first_one() {
    let (fake, asked) = playing(vec![
        stream(71, 1, "Player", Channel::Aux),
        stream(72, 1, "PLAYER", Channel::Default),
    ]);
    let (code, out, _) = run(&fake, &["move", "player", "other"]);
    assert_eq!((code, &*out), (0, "Player plays through default\n"));
    assert_eq!(*asked.lock().unwrap(), [moved(71, Channel::Default)]);
}

#[test]
fn one_that_is_there_already_is_mixds_to_answer() {
    let (fake, asked) = playing(vec![
        stream(71, 1, "player", Channel::Aux),
        stream(72, 1, "player", Channel::Aux),
    ]);
    let (code, out, _) = run(&fake, &["move", "player", "aux"]);
    assert_eq!((code, &*out), (0, "player plays through aux\n"));
    assert_eq!(*asked.lock().unwrap(), [moved(71, Channel::Aux)]);
}

#[test]
fn a_window_means_what_a_process_below_it_plays() {
    // This process has started the one that plays.
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    let (fake, asked) = playing(vec![
        stream(71, 1, "init", Channel::Default),
        stream(72, child.id(), "tab", Channel::Default),
    ]);
    let window = std::process::id().to_string();
    let below = run(&fake, &["move", &window, "other"]);
    // And what the one started means, where it plays nothing itself, is what this one plays.
    let (above, of_above) = playing(vec![
        stream(71, 1, "init", Channel::Default),
        stream(72, std::process::id(), "launcher", Channel::Default),
    ]);
    let launched = run(&above, &["move", &child.id().to_string(), "other"]);
    let why = run(&above, &["why", &child.id().to_string()]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(below.1, "tab plays through aux\n");
    assert_eq!(*asked.lock().unwrap(), [moved(72, Channel::Aux)]);
    assert_eq!(launched.1, "launcher plays through aux\n");
    assert_eq!(
        *of_above.lock().unwrap(),
        [moved(72, Channel::Aux), Request::GetStream(72)]
    );
    assert_eq!(why.0, 1, "this mixd does not say more of it");
}

#[test]
fn a_trial_changes_nothing_and_says_each_change_once() {
    let (fake, asked) = playing(vec![
        stream(71, 1, "player", Channel::Default),
        stream(72, 1, "player", Channel::Default),
    ]);
    let (code, out, _) = run(&fake, &["move", "--dry-run", "player", "other"]);
    assert_eq!((code, &*out), (0, "player would play through aux\n"));
    let (_, out, _) = run(&fake, &["move", "player", "other", "--dry-run", "--json"]);
    assert_eq!(
        out,
        "{\"changes\":[{\"added\":[{\"kind\":\"program\",\"pattern\":\"player\"}],\"omitted\":0,\
         \"removed\":[],\"text\":\"player would play through aux\"}]}\n"
    );
    let asked = asked.lock().unwrap();
    let tried = |request: &Request| matches!(request, Request::TryMoveStream(_));
    assert!(asked.iter().all(tried), "{asked:?}");
}

#[test]
fn a_refusal_does_not_keep_the_others_from_being_moved() {
    let own = std::process::id();
    let (fake, _) = playing(vec![
        stream(71, own, "pinned", Channel::Default),
        stream(72, own, "player", Channel::Default),
    ]);
    let (code, out, err) = run(&fake, &["move", &own.to_string(), "aux"]);
    assert_eq!((code, &*out), (1, "player plays through aux\n"));
    assert_eq!(err, "mixctl: 71 is pinned\n");
}

#[test]
fn where_nothing_plays_a_sentence_says_so() {
    let (fake, asked) = playing(vec![stream(71, 1, "init", Channel::Default)]);
    for who in ["nobody", "4194304", "0", "null", ""] {
        let (code, out, err) = run(&fake, &["move", who, "other"]);
        assert_eq!((code, &*out), (1, ""), "{who}");
        assert!(err.starts_with("mixctl: nothing that plays "), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn what_was_taken_back_is_said_and_what_could_not_be_saved() {
    let fake = Fake::start(|request| match request {
        Request::Undo => Reply::Changed(Change {
            unsaved: Some("rename mixd.conf: read-only file system".into()),
            ..changed("took back 'add Game': removed program Ga\u{1b}me".into())
        })
        .into(),
        _ => Answer::Refuse(Failure::new(ErrorCode::Refused, "there is nothing to redo")),
    });
    let (code, out, err) = run(&fake, &["undo"]);
    assert_eq!(code, 0);
    assert_eq!(out, "took back 'add Game': removed program Ga\\u{1b}me\n");
    let unsaved = "done, but not saved: rename mixd.conf: read-only file system";
    assert_eq!(err, format!("mixctl: {unsaved}\n"));
    let (code, out, err) = run(&fake, &["redo"]);
    assert_eq!((code, &*out), (1, ""));
    assert_eq!(err, "mixctl: there is nothing to redo\n");
}

#[test]
fn patterns_of_both_kinds_are_told_apart() {
    let rules = || {
        vec![
            Rule::Ignore(Pattern::truncated("Ardour*")),
            Rule::Program(Pattern::truncated("ignore me")),
        ]
    };
    let fake = Fake::start(move |request| match request {
        Request::ListPrograms => Reply::Programs(rules().into()).into(),
        Request::IgnoreProgram(_) => Reply::Done.into(),
        Request::TryIgnoreProgram(_) => {
            let mut stream = stream(71, 1, "Ardour", Channel::Default);
            stream.state = StreamState::Ignored;
            Reply::Streams(vec![stream].into()).into()
        }
        _ => Answer::Nothing,
    });
    let (_, out, _) = run(&fake, &["list-programs"]);
    assert_eq!(out, "Ardour*\tignore\nignore me\n");
    let (_, out, _) = run(&fake, &["list-programs", "--json"]);
    assert_eq!(
        out,
        "{\"programs\":[{\"kind\":\"ignore\",\"pattern\":\"Ardour*\"},\
         {\"kind\":\"program\",\"pattern\":\"ignore me\"}]}\n"
    );
    let done = (0, String::new(), String::new());
    assert_eq!(run(&fake, &["ignore", "Ardour*", "qjackctl"]), done);
    let (_, out, _) = run(&fake, &["ignore", "--dry-run", "Ardour*"]);
    assert_eq!(out, "Ardour (id 71) left alone\n");
}

/// The first pattern is refused, and its plain form, which is asked for next, is answered too late: that answer
/// is none to the request after it.
#[test]
fn a_mixd_that_answers_too_late_is_not_asked_for_more() {
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let fake = Fake::start(move |request| {
        log.lock().unwrap().push(request.clone());
        match request {
            Request::RemoveProgram(pattern) if &**pattern == "-A" => {
                std::thread::sleep(wire::client::TIMEOUT + Duration::from_millis(300));
                Reply::Done.into()
            }
            _ => Answer::Refuse(Failure::new(ErrorCode::Refused, "not on the list")),
        }
    });
    let (code, out, err) = run(&fake, &["remove-program", r"\-A", "B"]);
    assert_eq!((code, &*out), (3, ""), "{err}");
    assert_eq!(asked.lock().unwrap().len(), 2);
}
