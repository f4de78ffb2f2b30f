//! A real mixd without PipeWire, and clients that behave, misbehave, and do nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod other;
mod raw;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lab::TIMEOUT;
use lab::mixd::Mixd;
use lab::process::{Folder, Process};
use other::Other;
use raw::{Raw, hello, mixd_program, raw_frame, request, set};
use rustix::process::Signal;
use wire::frame::Kind;
use wire::socket;
use wire::{Client, ClientError, ErrorCode, Event, Incoming, Name, Reply, Request, Topic};

fn start() -> Mixd {
    Mixd::start_alone(mixd_program(), &[]).unwrap()
}

/// Asserts that the next client is served as if nothing had been.
#[track_caller]
fn assert_serves(mixd: &Mixd) {
    let reply = mixd
        .connect()
        .unwrap()
        .request(&Request::GetVolume)
        .unwrap();
    assert!(matches!(reply, Reply::Mix(_)));
}

#[test]
fn two_subscribers_see_what_a_third_client_sets_in_order_and_once() {
    let mixd = start();
    let mut subscribers = [Raw::greeted(mixd.socket()), Raw::greeted(mixd.socket())];
    for subscriber in &mut subscribers {
        subscriber.subscribe();
        assert_eq!(subscriber.event(), "0", "the state at once");
    }
    let mut setter = mixd.connect().unwrap();
    for volume in ["0.1", "-0.2", "0.3"] {
        setter
            .request(&Request::SetVolume(volume.parse().unwrap()))
            .unwrap();
        for subscriber in &mut subscribers {
            assert_eq!(subscriber.event(), volume);
        }
    }
    // The same volume again is no change.
    setter
        .request(&Request::SetVolume("0.3".parse().unwrap()))
        .unwrap();
    for subscriber in &mut subscribers {
        subscriber.expect_silence();
    }
}

#[test]
fn who_subscribes_in_the_turn_of_a_change_is_told_once() {
    let mixd = start();
    let topics = [Topic::Volume].into_iter().collect();
    let subscribe = request(2, &Request::Subscribe(topics));
    // One send, so that mixd reads all of it in one turn.
    for requests in [
        [request(1, &set(100_000)), subscribe.clone()],
        [subscribe, request(1, &set(200_000))],
    ] {
        let mut raw = Raw::connect(mixd.socket());
        raw.send(&[hello(), requests.concat()].concat());
        let kinds = [(); 4].map(|()| raw.frame().unwrap().0);
        assert_eq!(
            kinds,
            [Kind::Welcome, Kind::Reply, Kind::Reply, Kind::Event]
        );
        raw.expect_silence();
    }
}

#[test]
fn a_subscriber_that_never_reads_costs_nothing_and_has_the_last_value_within_three_events() {
    const SETS: i32 = 100_000;
    let mixd = start();
    let mut setter = mixd.connect().unwrap();
    let time_sets = |setter: &mut Client, from: i32| {
        let start = Instant::now();
        for n in from..from + SETS / 2 {
            setter.request(&set(n)).unwrap();
        }
        start.elapsed()
    };
    let alone = time_sets(&mut setter, 1);
    let mut sleeper = Raw::greeted(mixd.socket());
    sleeper.subscribe();
    sleeper.event();
    setter.request(&set(0)).unwrap();
    let before = mixd.process.proc_status("VmRSS").unwrap();
    let beside = time_sets(&mut setter, 1) + time_sets(&mut setter, SETS / 2 + 1);
    let after = mixd.process.proc_status("VmRSS").unwrap();
    println!(
        "{} sets a second alone, {} beside a subscriber that never reads; {before} KiB, then \
         {after} KiB",
        f64::from(SETS / 2) / alone.as_secs_f64(),
        f64::from(SETS) / beside.as_secs_f64(),
    );
    assert!(beside < alone * 2 * 10, "sets keep their pace");
    assert!(
        after <= before + 64,
        "memory: {before} KiB, then {after} KiB"
    );
    let last = wire::Volume::try_from(SETS).unwrap().to_string();
    let events = [sleeper.event(), sleeper.event(), sleeper.event()];
    assert_eq!(events[2], last, "{events:?}");
}

#[test]
fn a_subscriber_that_is_behind_causes_no_wake_ups() {
    let mixd = start();
    let mut sleeper = Raw::greeted(mixd.socket());
    sleeper.subscribe();
    sleeper.event();
    let mut setter = mixd.connect().unwrap();
    for n in 1..100 {
        setter.request(&set(n)).unwrap();
    }
    std::thread::sleep(Duration::from_millis(200));
    let count = mixd.process.wakeups_in(Duration::from_secs(3));
    assert!(count.unwrap() <= 2);
    // Which values the two events hold that it may be behind by depends on how the turns fall.
    let unread = (0..3).map(|_| sleeper.event());
    let last = unread.take_while(|volume| volume != "0.000099").count();
    assert!(last <= 2, "the last value comes as event {}", last + 1);
}

#[test]
fn a_frame_sent_byte_by_byte_works() {
    let mixd = start();
    let mut raw = Raw::connect(mixd.socket());
    for byte in [hello(), request(7, &set(250_000))].concat() {
        raw.send(&[byte]);
    }
    assert_eq!(raw.frame().unwrap().0, Kind::Welcome);
    let (kind, id, _) = raw.frame().unwrap();
    assert_eq!((kind, id), (Kind::Reply, 7));
}

#[test]
fn a_thousand_random_strings_of_bytes_do_not_disturb_the_next_client() {
    let mixd = start();
    let before = mixd.process.proc_status("VmRSS").unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        // xorshift64: the same thousand in every run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..1000 {
        let length = random() % 300;
        let bytes: Vec<u8> = (0..length).map(|_| random().to_le_bytes()[0]).collect();
        let mut raw = match round % 2 {
            0 => Raw::connect(mixd.socket()),
            _ => Raw::greeted(mixd.socket()),
        };
        raw.send(&bytes);
        raw.stream.shutdown(std::net::Shutdown::Write).unwrap();
        while let Some((kind, ..)) = raw.frame() {
            assert!(
                matches!(kind, Kind::Error | Kind::Reply | Kind::Welcome),
                "{bytes:x?}"
            );
        }
    }
    assert_serves(&mixd);
    let after = mixd.process.proc_status("VmRSS").unwrap();
    assert!(
        after < before + 1024,
        "memory: {before} KiB, then {after} KiB"
    );
}

#[test]
fn broken_headers_get_an_error_and_the_end_and_broken_bodies_an_error() {
    let mixd = start();
    let oversized = raw_frame(Kind::Request, 1, &[0; 1025]);
    let unknown = [&[1, 0, 9, 0, 1, 0, 0, 0][..], &[0]].concat();
    let reserved = [1, 0, 3, 1, 1, 0, 0, 0];
    for bytes in [&oversized[..], &oversized[..8], &unknown, &reserved] {
        let mut raw = Raw::greeted(mixd.socket());
        raw.send(bytes);
        raw.expect_error(ErrorCode::Header);
        assert_eq!(raw.frame(), None, "{bytes:x?}");
        assert_serves(&mixd);
    }
    let mut raw = Raw::greeted(mixd.socket());
    raw.send(&raw_frame(Kind::Request, 1, b""));
    raw.expect_error(ErrorCode::Malformed);
    raw.send(&raw_frame(Kind::Request, 2, b"\x6aget-volume\x00"));
    raw.expect_error(ErrorCode::Malformed);
    raw.send(&raw_frame(Kind::Request, 3, b"\x65dance"));
    raw.expect_error(ErrorCode::Unsupported);
    raw.send(&request(4, &Request::GetVolume));
    assert_eq!(raw.frame().unwrap().1, 4, "the connection lives");
}

#[test]
fn half_a_frame_is_waited_for_and_a_silent_client_is_not() {
    let mixd = start();
    let start = Instant::now();
    let mut half = Raw::greeted(mixd.socket());
    half.send(&request(1, &Request::GetVolume)[..9]);
    let mut silent = Raw::connect(mixd.socket());
    silent.expect_error(ErrorCode::Timeout);
    println!("no Hello: closed after {:?}", start.elapsed());
    assert!(start.elapsed() >= Duration::from_millis(1900));
    assert_eq!(silent.frame(), None);
    half.expect_error(ErrorCode::Timeout);
    println!("half a frame: closed after {:?}", start.elapsed());
    assert!(start.elapsed() >= Duration::from_millis(4900));
    assert_eq!(half.frame(), None);
}

#[test]
fn requests_sent_before_a_half_close_are_answered() {
    let mixd = start();
    let mut raw = Raw::connect(mixd.socket());
    let requests = (0..200).flat_map(|id| request(id, &Request::GetVolume));
    let bytes: Vec<u8> = hello().into_iter().chain(requests).collect();
    raw.send(&bytes);
    raw.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(raw.frame().unwrap().0, Kind::Welcome);
    for id in 0..200 {
        assert_eq!(raw.frame().unwrap().1, id);
    }
    assert_eq!(raw.frame(), None);
}

#[test]
fn requests_sent_before_a_full_close_are_carried_out() {
    let mixd = start();
    let mut raw = Raw::connect(mixd.socket());
    let requests = (0..200).flat_map(|n| request(n, &set(n.cast_signed())));
    let bytes: Vec<u8> = hello().into_iter().chain(requests).collect();
    raw.send(&bytes);
    drop(raw);
    let mut client = mixd.connect().unwrap();
    let start = Instant::now();
    loop {
        match client.request(&Request::GetVolume).unwrap() {
            Reply::Mix(mix) if mix.volume.millionths() == 199 => break,
            reply => assert!(start.elapsed() < Duration::from_secs(5), "{reply:?}"),
        }
    }
}

#[test]
#[ignore = "run as a process of its own by those that fill the table"]
fn a_client_that_holds_places() {
    let socket = other::socket();
    let held: Vec<_> = (0..16).map(|_| Raw::greeted(&socket)).collect();
    other::hold(&format!("{} places", held.len()));
}

#[track_caller]
fn assert_busy(mixd: &Mixd) {
    let name = Name::parse(mixd.socket().as_ref()).unwrap();
    match Client::connect(&name, "late") {
        Err(ClientError::Refused(failure)) => assert_eq!(failure.code, ErrorCode::Busy),
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_behind_a_long_answer_are_carried_out_when_the_client_has_gone() {
    let mixd = start();
    let mut client = mixd.connect().unwrap();
    for n in 0..150 {
        let pattern = format!("{n:0128}").parse().unwrap();
        client.request(&Request::AddProgram(pattern)).unwrap();
    }
    let mut raw = Raw::greeted(mixd.socket());
    for id in 0..64 {
        raw.send(&request(id, &Request::ListPrograms));
    }
    raw.send(&request(64, &set(199)));
    drop(raw);
    let start = Instant::now();
    loop {
        match client.request(&Request::GetVolume).unwrap() {
            Reply::Mix(mix) if mix.volume.millionths() == 199 => break,
            reply => assert!(start.elapsed() < Duration::from_secs(5), "{reply:?}"),
        }
    }
}

#[test]
fn the_33rd_client_is_told_that_mixd_is_busy_and_a_free_place_is_used_again() {
    let mixd = start();
    let mut held: Vec<_> = (0..15).map(|_| Raw::greeted(mixd.socket())).collect();
    let holder = Other::start("a_client_that_holds_places", mixd.socket());
    held.push(Raw::greeted(mixd.socket()));
    for _ in 32..34 {
        // Another process than this one, which has as many as it may.
        let out = mixd.try_mixctl(&["get-volume"]).unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(1));
        assert!(said.contains("busy: all 32 places"), "{said}");
    }
    for raw in &mut held {
        raw.send(&request(1, &Request::GetVolume));
        assert_eq!(
            raw.frame().unwrap().0,
            Kind::Reply,
            "those inside are undisturbed"
        );
    }
    drop(holder);
    let start = Instant::now();
    while !mixd.try_mixctl(&["get-volume"]).unwrap().status.success() {
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn the_17th_connection_of_one_process_is_refused_and_another_process_is_served() {
    let mixd = start();
    let held: Vec<_> = (0..16).map(|_| Raw::greeted(mixd.socket())).collect();
    assert_busy(&mixd);
    mixd.ctl(&["get-volume"]).unwrap();
    drop(held);
    let start = Instant::now();
    while mixd.connect().is_err() {
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn a_second_mixd_says_who_is_there_and_leaves_it_alone() {
    let mixd = start();
    let out = Command::new(mixd_program())
        .args(["--backend", "none", "--socket", mixd.socket()])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&out.stderr),
        format!(
            "mixd: {} is in use; another mixd is running (pid {})\n",
            mixd.socket(),
            mixd.process.pid()
        )
    );
    assert_serves(&mixd);
}

#[test]
fn a_path_is_private_replaced_when_stale_and_removed_at_the_end() {
    let folder = Folder::new("mixd-path").unwrap();
    let path = folder.path().join("socket");
    let name = Name::Path(path.clone());
    let start = || {
        let mut command = Command::new(mixd_program());
        let process = Process::start(command.args(["--backend", "none", "--socket"]).arg(&path));
        let deadline = Instant::now() + Duration::from_secs(5);
        while Client::connect(&name, "test").is_err() {
            assert!(Instant::now() < deadline);
            std::thread::sleep(Duration::from_millis(5));
        }
        process.unwrap()
    };
    let mut mixd = start();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    mixd.end(Signal::KILL).unwrap();
    assert!(path.exists(), "a killed mixd leaves its file");
    let mut mixd = start();
    mixd.end(Signal::TERM).unwrap();
    assert!(!path.exists());
}

#[test]
fn a_newcomer_waits_a_moment_for_a_place() {
    let mixd = start();
    let mut held: Vec<_> = (0..15).map(|_| Raw::greeted(mixd.socket())).collect();
    let _holder = Other::start("a_client_that_holds_places", mixd.socket());
    held.push(Raw::greeted(mixd.socket()));
    for _ in 0..3 {
        let mut newcomer = mixd.mixctl();
        let newcomer = newcomer.arg("get-volume").stdout(Stdio::null());
        let mut newcomer = newcomer.spawn().unwrap();
        // It is there, or it is served at once: both are right.
        std::thread::sleep(Duration::from_millis(100));
        held.pop();
        assert!(newcomer.wait().unwrap().success());
    }
}

#[test]
fn of_seventy_steps_at_once_none_is_lost() {
    let mixd = start();
    for round in 1..=3 {
        let step = |_| {
            let mut command = mixd.mixctl();
            command.args(["shift-volume", "0.01"]).spawn().unwrap()
        };
        let steps: Vec<_> = (0..70).map(step).collect();
        for mut step in steps {
            assert!(step.wait().unwrap().success(), "round {round}");
        }
        assert_eq!(mixd.ctl(&["get-volume"]).unwrap(), "0.7\n");
        mixd.ctl(&["set-volume", "0"]).unwrap();
    }
}

#[test]
fn who_started_it_may_have_it_outlive_its_terminal() {
    let folder = Folder::new("mixd-nohup").unwrap();
    let started = Mixd::start_behind(folder.path(), mixd_program(), &["nohup"]);
    let mixd = started.unwrap();
    mixd.process.signal(Signal::HUP).unwrap();
    assert_serves(&mixd);
}

#[test]
fn a_signal_ends_it_cleanly() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let folder = Folder::new("mixd-signal").unwrap();
        // The tests may have been started so that they outlive a terminal.
        let before = ["env", "--default-signal=HUP"];
        let mut mixd = Mixd::start_behind(folder.path(), mixd_program(), &before).unwrap();
        let _client = Raw::greeted(mixd.socket());
        let start = Instant::now();
        let status = mixd.end(signal).unwrap();
        println!("ended {:?} after {signal:?}", start.elapsed());
        assert_eq!(status.code(), Some(0));
    }
}

#[test]
fn another_users_connection_is_refused_by_both_ends() {
    let mixd = start();
    let folder = Folder::new("mixd-other-user").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = |program: &Path| {
        let copy = folder.path().join(program.file_name().unwrap());
        fs::copy(program, &copy).unwrap();
        copy
    };
    let mixctl = copy(&mixd_program().with_file_name("mixctl"));
    let out = as_another_user()
        .arg(mixctl)
        .args(["--socket", mixd.socket(), "get-volume"])
        .output();
    let out = out.unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(3), "{said}");
    assert!(said.contains("belongs to user"), "{said}");
    // A client that does not check its peer: this program, in that role.
    let own = copy(&std::env::current_exe().unwrap());
    let out = as_another_user()
        .arg(own)
        .args([
            "--exact",
            "a_client_that_trusts_anybody",
            "--ignored",
            "--nocapture",
        ])
        .env(other::SOCKET, mixd.socket())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success() && said.contains("1 passed"), "{said}");
    assert!(mixd.log().contains("refused user 65534"), "{}", mixd.log());
    assert_serves(&mixd);
}

/// setpriv as root, or through sudo that asks for nothing.
fn as_another_user() -> Command {
    let mut command = Command::new("setpriv");
    if socket::uid() != 0 {
        command = Command::new("sudo");
        command.args(["-n", "--preserve-env=MIXD_TEST_SOCKET", "setpriv"]);
    }
    command.args([
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
        "--",
    ]);
    command
}

#[test]
#[ignore = "run as another user by another_users_connection_is_refused_by_both_ends"]
fn a_client_that_trusts_anybody() {
    let socket = other::socket();
    let mut raw = Raw::connect(&socket);
    raw.send(&hello());
    raw.expect_error(ErrorCode::Refused);
    assert_eq!(raw.frame(), None);
}

#[test]
fn wrong_words_get_a_sentence() {
    for (args, code) in [
        (&["--sokcet"][..], 2),
        (&["--backend", "alsa"], 2),
        (&["--backend", "none", "--socket", "mixd"], 2),
        (&["--backend", "none", "--socket", "/nowhere/at/all"], 1),
    ] {
        let out = Command::new(mixd_program()).args(args).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{args:?}: {said}");
        assert!(
            said.starts_with("mixd: ") && said.lines().count() == 1,
            "{args:?}: {said}"
        );
    }
    let mut command = Command::new(mixd_program());
    command.args(["--backend", "none"]).env(wire::VARIABLE, "x");
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert!(
        said.starts_with("mixd: MIXD_SOCKET: the socket name 'x' is "),
        "{said}"
    );
}

#[test]
fn a_client_that_never_waits_is_told_everything_in_order() {
    let mut mixd = start();
    let name = Name::parse(mixd.socket().as_ref()).unwrap();
    let mut connection = Client::open(&name, "test", Instant::now()).unwrap();
    // Before the greeting has come, and more than one at a time.
    let volume = "0.25".parse().unwrap();
    let requests = [
        Request::SetVolume(volume),
        Request::Fail(ErrorCode::Refused),
        Request::Subscribe([Topic::Volume].into_iter().collect()),
        Request::GetVolume,
    ];
    for request in &requests {
        connection.send(request).unwrap();
    }
    let mut next = || {
        let incoming = connection.wait(Some(Instant::now() + TIMEOUT));
        incoming.map(|incoming| incoming.expect("nothing more comes"))
    };
    assert!(matches!(next(), Ok(Incoming::Welcome)));
    let mix = |incoming| match incoming {
        Ok(Incoming::Answer(Ok(Reply::Mix(mix))) | Incoming::Event(Event::Volume(mix))) => {
            mix.volume
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(mix(next()), volume);
    match next() {
        Ok(Incoming::Answer(Err(ClientError::Refused(failure)))) => {
            assert_eq!(failure.code, ErrorCode::Refused);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(next(), Ok(Incoming::Answer(Ok(Reply::Done)))));
    assert_eq!((mix(next()), mix(next())), (volume, volume));
    mixd.end(Signal::KILL).unwrap();
    match next() {
        Err(ClientError::Closed) => {}
        other => panic!("{other:?}"),
    }
    let refused = Client::open(&name, "test", Instant::now());
    assert!(matches!(refused, Err(ClientError::Unreachable(..))));
}
