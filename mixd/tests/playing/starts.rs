//! Starts that are not alone: a session manager that hangs, another mixd, a program whose process has
//! another number here.
#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::time::Duration;

use lab::level::{RATE, Recording, decibels, write_tone};
use lab::mixd::{Mixd, unused_socket};
use lab::process::{Process, wait_for};
use lab::{Daemon, Lab, TIMEOUT};
use rustix::process::Signal;

use crate::stage::{AMPLITUDE, DISCORD, GAME, Stage, mixd_program};

#[track_caller]
fn wait_for_level(stage: &Stage, frequency: f64, gain: f64) {
    let should = decibels(AMPLITUDE * gain);
    let heard = || {
        let recorder = stage.lab.record_apart("card-a")?;
        std::thread::sleep(Duration::from_millis(700));
        let levels = recorder.stop()?.end(3).tone_level(frequency);
        let is_due = |level: &f64| (level - should).abs() <= 0.3 || gain == 0.0 && *level < -100.0;
        Ok(levels.iter().all(is_due).then_some(()))
    };
    let what = format!("{frequency} Hz at {should} dB");
    if let Err(error) = wait_for(&what, TIMEOUT, heard) {
        panic!("{error}: {}", stage.mixd.log());
    }
}

fn status(stage: &Stage) -> String {
    stage.mixd.ctl(&["status"]).unwrap()
}

/// Waits until mixd's own list has all of these: who binds the metadata, as `pw-dump` does, is not served
/// while its session manager hangs.
#[track_caller]
fn wait_for_status(stage: &Stage, lines: &[&str]) {
    let said = || {
        let status = status(stage);
        let all = lines.iter().all(|line| status.contains(line));
        Ok(all.then_some(()))
    };
    if let Err(error) = wait_for(&lines.join(", "), TIMEOUT, said) {
        panic!("{error}: {}{}", status(stage), stage.mixd.log());
    }
}

/// Where in a recording, from a tenth of a second on, both tones have these gains for half a second.
fn find(recording: &Recording, from: u64, [game, discord]: [f64; 2]) -> Option<u64> {
    let tenths = u64::try_from(recording.frames()).unwrap() * 10 / u64::from(RATE);
    let at = |tenth: u64| Duration::from_millis(100 * tenth);
    (from..tenths.saturating_sub(5)).find(|&tenth| {
        let part = recording.between(at(tenth), at(tenth + 5));
        [(GAME, game), (DISCORD, discord)]
            .iter()
            .all(|&(frequency, gain)| {
                let should = decibels(AMPLITUDE * gain);
                let is_due =
                    |level: &f64| (level - should).abs() <= 0.3 || gain == 0.0 && *level < -100.0;
                part.tone_level(frequency).iter().all(is_due)
            })
    })
}

#[test]
fn a_session_manager_that_hangs_is_done_without_until_it_continues() {
    let lab = Lab::start().unwrap();
    let recorder = lab.record_apart("card-a").unwrap();
    let manager = lab.daemon(Daemon::WirePlumber).unwrap().pid();
    let manager = rustix::process::Pid::from_raw(i32::try_from(manager).unwrap()).unwrap();
    rustix::process::kill_process(manager, Signal::STOP).unwrap();
    let stage = Stage::set_in(lab, &[]);
    wait_for_status(&stage, &["pipewire  up", "session manager hangs"]);
    let doctor = stage.mixd.try_mixctl(&["doctor"]).unwrap();
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    println!("{doctor}");
    assert!(doctor.contains("hangs: it does not answer"), "{doctor}");
    assert!(stage.mixd.log().contains("the session manager hangs"));
    let play = |name, file| stage.lab.play_native(name, file, &[]).unwrap();
    let _game = play("Game", &stage.game);
    let _discord = play("Discord", &stage.discord);
    wait_for_status(
        &stage,
        &["default  routed    Game", "aux      routed    Discord"],
    );
    for volume in ["0.5", "-1"] {
        stage.set_volume(volume);
        std::thread::sleep(Duration::from_secs(2));
    }
    rustix::process::kill_process(manager, Signal::CONT).unwrap();
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    wait_for_status(
        &stage,
        &["default  routed    Game", "aux      routed    Discord"],
    );
    assert!(!status(&stage).contains("hangs"), "{}", status(&stage));
    stage.set_volume("-0.5");
    std::thread::sleep(Duration::from_secs(2));
    let recording = recorder.stop().unwrap();
    let mut from = 0;
    for gains in [[0.5, 1.0], [1.0, 0.0], [1.0, 0.5]] {
        let found = find(&recording, from, gains);
        println!("{gains:?} from {found:?}");
        from = found.unwrap_or_else(|| panic!("{gains:?} is not heard: {}", stage.mixd.log()));
    }
    // It is asked again, and followed.
    let is_asked = || Ok((stage.mixd.log().matches("Target(").count() >= 2).then_some(()));
    wait_for("both to be asked for", TIMEOUT, is_asked).unwrap();
    stage.mixd.ctl(&["remove-program", "Discord"]).unwrap();
    stage.lab.wait_for_route("Discord", "mixd-default").unwrap();
    stage.lab.make_default("card-b").unwrap();
    stage.mixd.wait_for_output(Some("card-b")).unwrap();
}

/// `WirePlumber` 0.4.13 takes no sink that had its ports before it met it: what it has linked before stays
/// there, and that is said.
#[test]
fn what_starts_before_a_session_manager_hangs_is_named_with_it() {
    let lab = Lab::start().unwrap();
    let file = lab.path("early.wav");
    write_tone(&file, GAME, AMPLITUDE, 120).unwrap();
    let _game = lab.play_native("Game", &file, &[]).unwrap();
    lab.wait_for_route("Game", "card-a").unwrap();
    let manager = lab.daemon(Daemon::WirePlumber).unwrap().pid();
    let manager = rustix::process::Pid::from_raw(i32::try_from(manager).unwrap()).unwrap();
    rustix::process::kill_process(manager, Signal::STOP).unwrap();
    let stage = Stage::set_in(lab, &[]);
    wait_for_status(&stage, &["contested Game", "linked by WirePlumber"]);
    let why = stage.mixd.ctl(&["why", "Game"]).unwrap();
    assert!(why.contains("hangs"), "{why}");
    rustix::process::kill_process(manager, Signal::CONT).unwrap();
    if stage.lab.wireplumber_version().unwrap() < vec![0, 5] {
        let is_back = || Ok((!status(&stage).contains("hangs")).then_some(()));
        wait_for("the session manager", TIMEOUT, is_back).unwrap();
        stage.lab.wait_for_route("Game", "card-a").unwrap();
        wait_for_status(&stage, &["contested Game", "linked by WirePlumber"]);
    } else {
        stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    }
}

/// Runs a mixd that is refused. Returns what it says.
#[track_caller]
fn refused(lab: &Lab, socket: &str) -> String {
    let mut command = lab.command("timeout");
    command.args(["10"]).arg(mixd_program());
    let out = command.args(["--socket", socket]).output().unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    println!("{said}");
    assert_eq!(out.status.code(), Some(1), "{said}");
    said
}

fn count_sinks(lab: &Lab) -> usize {
    let nodes = lab.output("pw-cli", &["ls", "Node"]).unwrap();
    nodes.matches("node.name = \"mixd-").count()
}

#[test]
fn a_second_mixd_on_the_same_pipewire_is_refused_in_words() {
    let stage = Stage::set();
    let _players = stage.play_both();
    let pid = stage.mixd.process.pid();
    let said = refused(&stage.lab, &unused_socket());
    assert!(
        said.contains(&format!("another mixd (pid {pid})")),
        "{said}"
    );
    assert_eq!(count_sinks(&stage.lab), 2);
    stage.set_volume("0.5");
    wait_for_level(&stage, GAME, 0.5);
    assert!(status(&stage).contains("routed"));
}

#[test]
fn a_second_mixd_is_refused_although_the_firsts_socket_was_deleted() {
    let lab = Lab::start().unwrap();
    let socket = lab.path("socket").display().to_string();
    let first = Mixd::start_again(&lab, &mixd_program(), &socket).unwrap();
    first.wait_for_output(Some("card-a")).unwrap();
    std::fs::remove_file(&socket).unwrap();
    let said = refused(&lab, &socket);
    assert!(said.contains("another mixd"), "{said}");
    assert_eq!(count_sinks(&lab), 2);
}

#[test]
fn of_two_that_start_together_one_stays() {
    let lab = Lab::start().unwrap();
    for _ in 0..5 {
        let start = || {
            let mut command = lab.command(mixd_program());
            command.args(["--socket", &unused_socket()]);
            Process::start(&mut command).unwrap()
        };
        let mut both = [start(), start()];
        let mut left = || {
            let ended = both.iter_mut().map(|mixd| mixd.ended().unwrap().is_some());
            ended.filter(|ended| !ended).count()
        };
        let is_alone = || Ok((left() == 1).then_some(()));
        wait_for("one of them to leave", TIMEOUT, is_alone).unwrap();
        std::thread::sleep(Duration::from_millis(2500));
        let mut left = || {
            let ended = both.iter_mut().map(|mixd| mixd.ended().unwrap().is_some());
            ended.filter(|ended| !ended).count()
        };
        assert_eq!(left(), 1);
        assert_eq!(count_sinks(&lab), 2);
    }
}

#[test]
fn one_that_is_leaving_or_was_killed_is_waited_for() {
    let mut stage = Stage::set();
    let _players = stage.play_both();
    for signal in [Signal::KILL, Signal::TERM, Signal::KILL] {
        let pid = rustix::process::Pid::from_raw(i32::try_from(stage.mixd.process.pid()).unwrap());
        // It is not waited for here.
        rustix::process::kill_process(pid.unwrap(), signal).unwrap();
        let socket = unused_socket();
        let next = Mixd::start_again(&stage.lab, &mixd_program(), &socket).unwrap();
        stage.mixd = next;
        stage.mixd.wait_for_output(Some("card-a")).unwrap();
        stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
        assert_eq!(count_sinks(&stage.lab), 2);
    }
}

/// A program in another PID namespace says that it is process 1, which is another one here.
#[test]
fn a_pulse_client_of_another_pid_namespace_is_not_taken_for_a_process_of_ours() {
    let stage = Stage::set();
    let comm = std::fs::read_to_string("/proc/1/comm").unwrap();
    let pattern = format!("comm={}", comm.trim_end());
    stage.mixd.ctl(&["add-program", &pattern]).unwrap();
    let mut command: Command = stage.lab.command("unshare");
    command.args(["--fork", "--pid", "--kill-child", "--propagation"]);
    command.args(["unchanged", "--mount-proc", "paplay"]);
    command.args(["--client-name", "Apart"]).arg(&stage.game);
    let _apart = Process::start(&mut command).unwrap();
    stage.lab.wait_for_route("Apart", "mixd-default").unwrap();
    let why = stage.mixd.ctl(&["why", "--all", "Apart"]).unwrap();
    println!("{why}");
    assert!(why.contains("application.process.id = 1\n"), "{why}");
    assert!(!why.contains("pid 1)"), "{why}");
    assert!(why.contains("its process is not known"), "{why}");
    // One whose number is right is known all the same.
    let _discord = stage
        .lab
        .play_pulse("Discord", &stage.discord, &[])
        .unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    let why = stage.mixd.ctl(&["why", "--all", "Discord"]).unwrap();
    assert!(
        why.contains(", pid ") && why.contains("comm = paplay"),
        "{why}"
    );
}
