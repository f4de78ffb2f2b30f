//! Attacks on a real mixd, on real sockets. It must never exit, never spin, never grow, and serve
//! the next client as if nothing had been.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod other;
mod raw;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use lab::TIMEOUT;
use lab::mixd::Mixd;
use lab::process::wait_for;
use other::Other;
use raw::{Raw, hello, mixd_program, raw_frame, request, set};
use wire::frame::{HEADER, Kind};
use wire::{ErrorCode, Reply, Request, Topic};

/// The processor time that mixd may take in a second after an attack: 1 % of a processor is one tick of `/proc`.
const TICKS_A_SECOND: u64 = 1;
/// How much its memory may vary, in KiB: what the C library keeps for itself.
const SLACK: u64 = 512;

/// A mixd, and how it was before the attack.
struct Target {
    mixd: Mixd,
    memory: u64,
    descriptors: usize,
}

impl Target {
    fn new() -> Self {
        Self::of(Mixd::start_alone(mixd_program(), &[]).unwrap())
    }

    fn of(mixd: Mixd) -> Self {
        // Touch every buffer once: their memory is taken, though not used, from the start.
        let full: Vec<_> = (0..16).map(|_| Raw::greeted(mixd.socket())).collect();
        drop(full);
        mixd.ctl(&["status"]).unwrap();
        let memory = mixd.process.proc_status("VmRSS").unwrap();
        let descriptors = descriptors(&mixd);
        Self {
            mixd,
            memory,
            descriptors,
        }
    }

    fn socket(&self) -> &str {
        self.mixd.socket()
    }

    /// Asserts that the attack has left nothing: the next client is served, a second costs nothing, and
    /// memory and descriptors are as before.
    #[track_caller]
    fn assert_unharmed(&self) {
        self.assert_calm();
        let memory = self.mixd.process.proc_status("VmRSS").unwrap();
        let growth = memory.saturating_sub(self.memory);
        // The fixed buffers that the attack has filled stay in use.
        let buffers = 32 * (64 + 4);
        assert!(
            growth <= buffers + SLACK,
            "memory: {} KiB, then {memory} KiB",
            self.memory
        );
        assert_eq!(descriptors(&self.mixd), self.descriptors);
    }

    #[track_caller]
    fn assert_calm(&self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        while let Err(error) = self.mixd.ctl(&["get-volume"]) {
            assert!(Instant::now() < deadline, "{error}");
        }
        // Requests that clients sent before they closed are still carried out; then all is quiet.
        let mut used = [0; 10];
        for used in &mut used {
            let before = ticks(&self.mixd);
            std::thread::sleep(Duration::from_secs(1));
            *used = ticks(&self.mixd) - before;
            if *used <= TICKS_A_SECOND {
                return;
            }
        }
        panic!("never calm: {used:?} ticks a second");
    }
}

/// How many descriptors mixd has open, once it has closed what its last clients have left: it does so
/// when it is woken, which may be after they have ended.
fn descriptors(mixd: &Mixd) -> usize {
    let folder = format!("/proc/{}/fd", mixd.process.pid());
    let count = || fs::read_dir(&folder).unwrap().count();
    let (mut last, mut same) = (count(), 0);
    while same < 10 {
        std::thread::sleep(Duration::from_millis(20));
        let now = count();
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}

/// The processor time used so far, in hundredths of a second (proc(5), fields 14 and 15 of stat).
fn ticks(mixd: &Mixd) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", mixd.process.pid())).unwrap();
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// A Hello and a request of each sort.
fn exchange() -> Vec<u8> {
    let topics = [Topic::Volume, Topic::Streams].into_iter().collect();
    [
        hello(),
        request(1, &set(250_000)),
        request(2, &Request::GetStatus),
        raw_frame(Kind::Request, 3, b"\x65dance"),
        request(4, &Request::Subscribe(topics)),
        request(5, &Request::Fail(ErrorCode::Refused)),
    ]
    .concat()
}

/// The kinds and ids of what `exchange` is answered with.
const ANSWERS: [(Kind, u32); 6] = [
    (Kind::Welcome, 0),
    (Kind::Reply, 1),
    (Kind::Reply, 2),
    (Kind::Error, 3),
    (Kind::Reply, 4),
    (Kind::Error, 5),
];

fn expect_answers(raw: &mut Raw) {
    let mut answers = std::iter::from_fn(|| raw.frame()).filter(|frame| frame.0 != Kind::Event);
    for expected in ANSWERS {
        let (kind, id, _) = answers.next().expect("an answer");
        assert_eq!((kind, id), expected);
    }
}

#[test]
fn every_split_of_an_exchange_is_answered_alike() {
    let target = Target::new();
    let bytes = exchange();
    for at in 1..bytes.len() {
        let mut raw = Raw::connect(target.socket());
        raw.send(&bytes[..at]);
        // Long enough for mixd to have read the first piece by itself.
        std::thread::sleep(Duration::from_millis(2));
        raw.send(&bytes[at..]);
        expect_answers(&mut raw);
    }
    target.assert_unharmed();
}

#[test]
fn every_prefix_of_an_exchange_then_a_close_harms_nobody() {
    let target = Target::new();
    let bytes = exchange();
    for length in 0..bytes.len() {
        let mut raw = Raw::connect(target.socket());
        raw.send(&bytes[..length]);
        // In turn: closed with answers unread, which resets; and closed for sending only.
        if length % 2 == 0 {
            raw.stream.shutdown(Shutdown::Write).unwrap();
            while raw.frame().is_some() {}
        }
    }
    target.assert_unharmed();
}

#[test]
fn half_closes_and_closes_in_either_order_harm_nobody() {
    let target = Target::new();
    for _ in 0..200 {
        for how in [Shutdown::Read, Shutdown::Write, Shutdown::Both] {
            let mut raw = Raw::connect(target.socket());
            raw.send(&exchange());
            raw.stream.shutdown(how).unwrap();
            raw.send(&exchange());
        }
    }
    target.assert_unharmed();
}

#[test]
fn a_length_that_lies_is_not_waited_for_or_believed() {
    let target = Target::new();
    let honest = request(1, &Request::GetVolume);
    for length in 0..=honest.len() - HEADER + 1 {
        let mut lying = honest.clone();
        lying[0] = length.try_into().unwrap();
        let mut raw = Raw::greeted(target.socket());
        raw.send(&lying);
        raw.stream.shutdown(Shutdown::Write).unwrap();
        let answers: Vec<_> = std::iter::from_fn(|| raw.frame()).collect();
        let is_honest = length == honest.len() - HEADER;
        let replied = answers.iter().any(|(kind, ..)| *kind == Kind::Reply);
        assert_eq!(replied, is_honest, "length {length}");
    }
    target.assert_unharmed();
}

#[test]
fn floods_by_31_clients_do_not_keep_the_32nd_waiting() {
    let target = Target::new();
    let mut client = target.mixd.connect().unwrap();
    let quiet = answer_times(&mut client);
    let floods = [
        Other::start("a_process_of_sixteen_floods", target.socket()),
        Other::start("a_process_of_fifteen_floods", target.socket()),
    ];
    let flooded = answer_times(&mut client);
    println!(
        "answers: p50 {:?}, p99 {:?} alone; p50 {:?}, p99 {:?} beside 31 floods",
        quiet[500], quiet[990], flooded[500], flooded[990]
    );
    assert!(
        flooded[999] < Duration::from_secs(1),
        "the slowest took {:?}",
        flooded[999]
    );
    drop(floods);
    drop(client);
    target.assert_unharmed();
}

/// The times that a thousand requests take, sorted.
fn answer_times(client: &mut wire::Client) -> Vec<Duration> {
    let time = |_| {
        let start = Instant::now();
        assert!(matches!(
            client.request(&Request::GetVolume),
            Ok(Reply::Mix(_))
        ));
        start.elapsed()
    };
    let mut times: Vec<_> = (0..1000).map(time).collect();
    times.sort();
    times
}

#[test]
#[ignore = "run as a process of its own by floods_by_31_clients_do_not_keep_the_32nd_waiting"]
fn a_process_of_sixteen_floods() {
    flood(16);
}

#[test]
#[ignore = "run as a process of its own by floods_by_31_clients_do_not_keep_the_32nd_waiting"]
fn a_process_of_fifteen_floods() {
    flood(15);
}

/// Sends requests without end over each of `count` connections, and reads what comes, until
/// standard input ends.
fn flood(count: usize) {
    let socket = other::socket();
    let burst: Vec<u8> = (0..200)
        .flat_map(|id| request(id, &Request::GetVolume))
        .collect();
    let mut streams = Vec::new();
    for _ in 0..count {
        let raw = Raw::greeted(&socket);
        raw.stream.set_nonblocking(true).unwrap();
        streams.push((raw.stream, 0));
    }
    std::thread::spawn(move || {
        let mut space = vec![0; 1 << 16];
        loop {
            for (stream, sent) in &mut streams {
                // A request that is cut is finished by the next burst.
                if let Ok(count) = stream.write(&burst[*sent..]) {
                    *sent = (*sent + count) % burst.len();
                }
                while stream.read(&mut space).is_ok_and(|count| count > 0) {}
            }
        }
    });
    other::hold(&format!("{count} floods"));
    std::process::exit(0);
}

#[test]
fn with_no_descriptor_left_callers_are_told_and_nothing_spins() {
    // Enough for mixd's own and a few clients.
    let target = Target::of(Mixd::start_limited(mixd_program(), 26).unwrap());
    let holder = Other::start("a_client_that_holds_twelve_places", target.socket());
    let mut refused = 0;
    let mut held = Vec::new();
    for _ in 0..12 {
        let mut raw = Raw::connect(target.socket());
        raw.send(&hello());
        match raw.frame() {
            Some((Kind::Welcome, ..)) => held.push(raw),
            Some((Kind::Error, ..)) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    println!("{} served here, {refused} refused", held.len());
    assert!(refused > 0 && target.mixd.log().contains("no file descriptor is left"));
    let before = ticks(&target.mixd);
    std::thread::sleep(Duration::from_secs(1));
    assert!(ticks(&target.mixd) - before <= TICKS_A_SECOND);
    for raw in &mut held {
        raw.send(&request(1, &Request::GetVolume));
        assert_eq!(
            raw.frame().unwrap().0,
            Kind::Reply,
            "those inside are undisturbed"
        );
    }
    drop((held, holder));
    target.assert_unharmed();
}

#[test]
#[ignore = "run as a process of its own by with_no_descriptor_left_callers_are_told_and_nothing_spins"]
fn a_client_that_holds_twelve_places() {
    let socket = other::socket();
    let held: Vec<_> = (0..12).map(|_| Raw::greeted(&socket)).collect();
    other::hold(&format!("{} places", held.len()));
}

#[test]
fn a_client_that_asks_and_never_reads_is_stopped_then_closed_after_30_s() {
    let target = Target::new();
    let mut frozen = Raw::greeted(target.socket());
    frozen
        .stream
        .set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let ask = request(1, &Request::GetStatus);
    let start = Instant::now();
    let mut asked = 0;
    // Until mixd reads no more, because nobody takes its answers.
    while frozen.stream.write_all(&ask).is_ok() {
        asked += 1;
        assert!(asked < 1_000_000, "reading stops");
    }
    println!("stopped reading after {asked} requests");
    target.assert_calm();
    let closed = format!("pid {} (raw) took no output for 30 s", std::process::id());
    wait_for("the end of its patience", 3 * TIMEOUT, || {
        Ok(target.mixd.log().contains(&closed).then_some(()))
    })
    .unwrap();
    println!("closed after {:?}", start.elapsed());
    assert!(start.elapsed() >= Duration::from_secs(29));
    // The bytes that the socket held can still be read, up to the end of the stream.
    let mut rest = Vec::new();
    match frozen.stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    drop(frozen);
    target.assert_unharmed();
}

#[test]
fn long_answers_that_nobody_reads_do_not_spin() {
    let target = Target::new();
    let mut frozen = Raw::greeted(target.socket());
    frozen
        .stream
        .set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let mut client = target.mixd.connect().unwrap();
    for n in 0..150 {
        let pattern = format!("{n:0128}").parse().unwrap();
        client.request(&Request::AddProgram(pattern)).unwrap();
    }
    drop(client);
    for _ in 0..64 {
        frozen.send(&request(1, &Request::ListPrograms));
    }
    target.assert_calm();
    let before = ticks(&target.mixd);
    std::thread::sleep(Duration::from_secs(2));
    assert!(ticks(&target.mixd) - before <= 2 * TICKS_A_SECOND);
    for _ in 0..64 {
        assert_eq!(frozen.frame().unwrap().0, Kind::Reply, "none is lost");
    }
    drop(frozen);
    target.assert_unharmed();
}

#[test]
fn connections_that_come_and_go_by_the_thousand_leave_nothing() {
    let target = Target::new();
    for round in 0..5000 {
        let mut raw = Raw::connect(target.socket());
        if round % 3 == 0 {
            raw.send(&hello());
        }
    }
    target.assert_unharmed();
}
