//! Many streams, and little time: what a busy machine and a browser with a hundred tabs do.
#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::time::{Duration, Instant};

use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};

use crate::burst;
use crate::other::Other;
use crate::stage::{Stage, heard_at_most};

/// Keeps every core busy until dropped.
fn busy_loops() -> Vec<Process> {
    let count = std::thread::available_parallelism().unwrap().get();
    let start = || Process::start(Command::new("sh").args(["-c", "while :; do :; done"])).unwrap();
    (0..count).map(|_| start()).collect()
}

#[test]
fn a_silenced_program_that_starts_on_a_busy_machine_leaks_no_sample() {
    const STARTS: usize = 20;
    let mut stage = Stage::set();
    let (mut heard, at_most) = (0, heard_at_most(&stage.lab));
    let load = busy_loops();
    println!("{} busy loops", load.len());
    for start in 0..STARTS {
        if start == STARTS / 2 {
            // Where the first one's sink is in no session manager's memory: some programs share it.
            stage = Stage::set();
        }
        let (volume, sink) = match start < STARTS / 2 {
            true => ("-1", "mixd-aux"),
            false => ("1", "mixd-default"),
        };
        stage.set_volume(volume);
        heard += usize::from(stage.is_start_heard(start, sink, "card-a"));
        assert!(heard <= at_most, "start {start}");
    }
}

const STREAMS: usize = 100;

/// How many of them one program has: libpipewire 0.3.65 has been seen to end with a program that has a
/// hundred streams linked at once, and to close a descriptor of it a second time.
const STREAMS_EACH: usize = 10;

/// The growth of the memory in two rounds that is no leak, in KiB: a page now and then. A leak of 80
/// bytes for each stream is more.
const GROWTH: u64 = 16;

/// How many rounds it may take until the heap keeps what the next one needs.
const ROUNDS: usize = 20;

#[test]
#[ignore = "run as a process of its own by a_hundred_streams_come_and_go_and_leave_no_memory_behind"]
fn a_program_with_ten_streams() {
    burst::play(STREAMS_EACH);
}

#[test]
fn a_hundred_streams_come_and_go_and_leave_no_memory_behind() {
    let stage = Stage::set_in(Lab::start().unwrap(), &[]);
    let socket = stage.lab.path("pipewire-0");
    let socket = socket.to_str().unwrap();
    let (mut memory, mut processor) = (Vec::new(), Duration::ZERO);
    let is_settled = |memory: &[u64]| match memory {
        [.., before, _, now] => *now <= before + GROWTH,
        _ => false,
    };
    while !is_settled(&memory) {
        let round = memory.len();
        assert!(round < ROUNDS, "the memory grows: {memory:?} KiB");
        let before = stage.mixd.process.processor_time().unwrap();
        let start = Instant::now();
        let mut programs: Vec<Other> = (0..STREAMS / STREAMS_EACH)
            .map(|_| Other::start("load::a_program_with_ten_streams", socket))
            .collect();
        let made = start.elapsed();
        let routed = || {
            let dump = stage.lab.dump()?;
            let on = |name: &str, sink: &str| {
                let streams = dump.streams(name);
                streams.len() == STREAMS / 2 && streams.iter().all(|&id| dump.fed_by(id) == [sink])
            };
            Ok((on("Game", "mixd-default") && on("Discord", "mixd-aux")).then_some(()))
        };
        if let Err(error) = wait_for("a hundred streams on their channels", TIMEOUT, routed) {
            let ends: Vec<_> = programs.iter_mut().filter_map(Other::end).collect();
            let streams = stage.mixd.ctl(&["streams"]).unwrap();
            panic!(
                "{error}; programs ended: {ends:?}; mixd says:\n{streams}\n{}",
                stage.mixd.log()
            );
        }
        let settled = start.elapsed();
        drop(programs);
        let gone = || {
            let status = stage.mixd.ctl(&["status"])?;
            Ok(status.contains("streams   0").then_some(()))
        };
        wait_for("their end", TIMEOUT, gone).unwrap();
        let used = stage
            .mixd
            .process
            .processor_time()
            .unwrap()
            .saturating_sub(before);
        processor += used;
        memory.push(stage.mixd.process.proc_status("RssAnon").unwrap());
        println!(
            "round {round}: made in {made:.0?}, seen to be routed after {settled:.0?}, {used:?} of \
             processor time, {} KiB",
            memory[round]
        );
    }
    let each = processor / u32::try_from(STREAMS * memory.len()).unwrap();
    println!("{each:?} of processor time for each stream that comes and goes");
}
