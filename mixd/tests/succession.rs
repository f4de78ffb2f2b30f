//! One mixd after another at the same name, and many at once: exactly one stays, always.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lab::mixd::unused_socket;
use lab::process::{Folder, Process, wait_for};
use rustix::process::Signal;
use wire::{Client, Name, Reply, Request, Shift, socket};

/// How often what may go wrong now and then is tried.
const TRIES: usize = 200;

const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a mixd that is leaving is waited for.
const LEAVING: Duration = Duration::from_secs(2);

/// A name for mixd's socket, and a home.
struct House {
    folder: Folder,
    socket: String,
}

impl House {
    fn by_path() -> Self {
        let folder = Folder::new("mixd-succession").unwrap();
        let socket = folder.path().join("socket").to_str().unwrap().to_owned();
        Self { folder, socket }
    }

    fn by_abstract_name() -> Self {
        let folder = Folder::new("mixd-succession").unwrap();
        let socket = unused_socket();
        Self { folder, socket }
    }

    fn start(&self) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mixd"));
        command
            .args(["--backend", "none", "--socket", &self.socket])
            .env("HOME", self.folder.path())
            .env_remove("XDG_STATE_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::null());
        Process::start_logged(&mut command, &self.log()).unwrap()
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path().join("log")
    }

    fn name(&self) -> Name {
        Name::parse(self.socket.as_ref()).unwrap()
    }

    /// The process that answers at the name.
    fn served_by(&self) -> Option<i32> {
        Client::connect(&self.name(), "test").ok()?;
        let connection = socket::connect(&self.name(), Instant::now() + TIMEOUT).ok()?;
        Some(socket::peer(&connection).ok()?.pid)
    }

    #[track_caller]
    fn wait_for(&self, mixd: &Process) {
        let served = || {
            let pid = self.served_by();
            Ok((pid == Some(mixd.pid().cast_signed())).then_some(()))
        };
        if let Err(error) = wait_for("mixd", TIMEOUT, served) {
            let log = std::fs::read_to_string(self.log()).unwrap();
            panic!("{error}: {log}");
        }
    }
}

/// A mixd that is started in the moment after a signal is the one that stays.
fn follows(house: &House, signal: Signal) {
    let mut old = house.start();
    house.wait_for(&old);
    for _ in 0..TRIES {
        old.signal(signal).unwrap();
        let next = house.start();
        house.wait_for(&next);
        old.wait(TIMEOUT).unwrap();
        old = next;
    }
}

#[test]
fn after_a_signal_the_next_one_takes_a_path() {
    follows(&House::by_path(), Signal::TERM);
}

#[test]
fn after_a_signal_the_next_one_takes_an_abstract_name() {
    follows(&House::by_abstract_name(), Signal::TERM);
}

#[test]
fn after_a_kill_the_next_one_takes_a_path() {
    follows(&House::by_path(), Signal::KILL);
}

#[test]
fn after_a_kill_the_next_one_takes_an_abstract_name() {
    follows(&House::by_abstract_name(), Signal::KILL);
}

#[test]
fn of_some_that_start_at_once_exactly_one_stays() {
    for house in [House::by_path(), House::by_abstract_name()] {
        for _ in 0..TRIES {
            let mut all = [(); 3].map(|()| house.start());
            let start = Instant::now();
            let left = loop {
                let ended = all.iter_mut().map(|mixd| mixd.ended().unwrap().is_some());
                let left: Vec<usize> = ended
                    .enumerate()
                    .filter_map(|(at, ended)| (!ended).then_some(at))
                    .collect();
                if left.len() <= 1 {
                    break left;
                }
                assert!(start.elapsed() < TIMEOUT, "{left:?} are there");
                std::thread::sleep(Duration::from_millis(1));
            };
            assert_eq!(left.len(), 1, "one stays");
            house.wait_for(&all[left[0]]);
            assert!(all[left[0]].end(Signal::TERM).unwrap().success());
            if let Name::Path(path) = house.name() {
                assert!(!path.exists(), "it was its own, and has gone with it");
            }
        }
    }
}

#[test]
fn the_next_one_has_the_volume_of_the_one_before() {
    let house = House::by_path();
    let mut old = house.start();
    house.wait_for(&old);
    let step = Shift::try_from(10_000).unwrap();
    for n in 1..=20 {
        let mut client = Client::connect(&house.name(), "test").unwrap();
        client.request(&Request::ShiftVolume(step)).unwrap();
        old.signal(Signal::TERM).unwrap();
        let next = house.start();
        house.wait_for(&next);
        let mut client = Client::connect(&house.name(), "test").unwrap();
        match client.request(&Request::GetVolume).unwrap() {
            Reply::Mix(mix) => assert_eq!(mix.volume.millionths(), n * 10_000),
            other => panic!("{other:?}"),
        }
        old.wait(TIMEOUT).unwrap();
        old = next;
    }
}

#[test]
fn beside_one_that_stays_another_is_refused_at_once() {
    let house = House::by_path();
    let first = house.start();
    house.wait_for(&first);
    let start = Instant::now();
    let mut second = house.start();
    assert_eq!(second.wait(TIMEOUT).unwrap().code(), Some(1));
    assert!(start.elapsed() < LEAVING, "{:?}", start.elapsed());
    let log = std::fs::read_to_string(house.log()).unwrap();
    let pid = first.pid();
    let refusal = format!("is in use; another mixd is running (pid {pid})");
    assert!(log.contains(&refusal), "{log}");
}

#[test]
fn beside_one_that_is_stopped_another_says_so() {
    let house = House::by_abstract_name();
    let first = house.start();
    house.wait_for(&first);
    first.signal(Signal::STOP).unwrap();
    let mut second = house.start();
    assert_eq!(second.wait(TIMEOUT).unwrap().code(), Some(1));
    first.signal(Signal::CONT).unwrap();
    let log = std::fs::read_to_string(house.log()).unwrap();
    let pid = first.pid();
    let refusal = format!("is in use by pid {pid}, which does not answer; is it stopped?");
    assert!(log.contains(&refusal), "{log}");
    assert!(
        log.lines().filter(|line| line.contains("in use")).count() == 1,
        "{log}"
    );
}

#[test]
fn what_listens_and_is_no_mixd_is_left_alone() {
    let house = House::by_path();
    let path = Path::new(&house.socket);
    let _other = std::os::unix::net::UnixListener::bind(path).unwrap();
    let mut mixd = house.start();
    assert_eq!(mixd.wait(TIMEOUT).unwrap().code(), Some(1));
    assert!(path.exists());
}
