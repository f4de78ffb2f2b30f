//! mixctl as a user types it: output, exit status, sentences.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use lab::mixd::{Mixd, unused_socket};

fn mixctl_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mixctl"))
}

fn start() -> Mixd {
    Mixd::start_alone(&mixctl_program().with_file_name("mixd"), &[]).unwrap()
}

/// The exit status and the one sentence on standard error, checked to be one.
#[track_caller]
fn refusal(out: &Output) -> (i32, String) {
    let said = String::from_utf8(out.stderr.clone()).unwrap();
    assert!(out.stdout.is_empty(), "nothing on standard output");
    assert!(
        said.starts_with("mixctl: ") && said.lines().count() == 1,
        "{said}"
    );
    (out.status.code().unwrap(), said)
}

#[test]
fn ten_steps_of_a_tenth_from_the_bottom_print_exactly_0() {
    let mixd = start();
    mixd.ctl(&["set-volume", "-1"]).unwrap();
    for _ in 0..10 {
        mixd.ctl(&["shift-volume", "0.1"]).unwrap();
    }
    assert_eq!(mixd.ctl(&["get-volume"]).unwrap(), "0\n");
}

#[test]
fn each_verb_prints_what_it_should() {
    let mixd = start();
    assert_eq!(mixd.ctl(&["set-volume", "0.2"]).unwrap(), "");
    assert_eq!(mixd.ctl(&["get-volume"]).unwrap(), "0.2\n");
    assert_eq!(mixd.ctl(&["shift-volume", "-0.1"]).unwrap(), "");
    assert_eq!(
        mixd.ctl(&["get-volume", "--json"]).unwrap(),
        "{\"aux\":1.0,\"default\":0.9,\"volume\":0.1}\n"
    );
    assert_eq!(mixd.ctl(&["shift-volume", "-5"]).unwrap(), "");
    assert_eq!(mixd.ctl(&["get-volume"]).unwrap(), "-1\n");
    assert_eq!(mixd.ctl(&["list-programs"]).unwrap(), "");
    mixd.ctl(&["add-program", "Discord", "Mumble"]).unwrap();
    mixd.ctl(&["add-program", "discord"]).unwrap();
    assert_eq!(mixd.ctl(&["list-programs"]).unwrap(), "Discord\nMumble\n");
    mixd.ctl(&["remove-program", "DISCORD"]).unwrap();
    assert_eq!(
        mixd.ctl(&["list-programs", "--json"]).unwrap(),
        "{\"programs\":[{\"kind\":\"program\",\"pattern\":\"Mumble\"}]}\n"
    );
    mixd.ctl(&["ignore", "Ardour*"]).unwrap();
    assert_eq!(
        mixd.ctl(&["list-programs"]).unwrap(),
        "Ardour*\tignore\nMumble\n"
    );
    mixd.ctl(&["undo"]).unwrap();
    mixd.ctl(&["redo"]).unwrap();
    mixd.ctl(&["remove-program", "Ardour*"]).unwrap();
    let status = mixd.ctl(&["status"]).unwrap();
    assert!(!status.contains("ignored"), "{status}");
    assert_eq!(
        mixd.ctl(&["status"]).unwrap(),
        "volume    -1\ndefault   1\naux       0\npipewire  off\noutput    none\n\
         programs  Mumble\nstreams   0\n"
    );
    let status = mixd.ctl(&["status", "--json"]).unwrap();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["volume"], -1.0);
    assert_eq!(status["pipewire"], "off");
}

#[test]
fn what_mixd_refuses_is_exit_1_and_the_rest_is_done_all_the_same() {
    let mixd = start();
    mixd.ctl(&["add-program", "Mumble"]).unwrap();
    let out = mixd
        .try_mixctl(&["remove-program", "Discord", "Mumble"])
        .unwrap();
    let (code, said) = refusal(&out);
    assert_eq!(code, 1);
    assert!(
        said.contains("'Discord' is not on the program list"),
        "{said}"
    );
    assert_eq!(mixd.ctl(&["list-programs"]).unwrap(), "");
    let (code, _) = refusal(&mixd.try_mixctl(&["add-program", ""]).unwrap());
    assert_eq!(code, 1);
}

#[test]
fn wrong_words_are_exit_2_with_a_sentence_whether_mixd_runs_or_not() {
    for args in [
        &["set-volume", "nan"][..],
        &["set-volume", "2"],
        &["set-volume", "abc"],
        &["set-volume", ""],
        &["set-volume"],
        &["dance"],
        &["--socket", "mixd", "get-volume"],
    ] {
        let out = Command::new(mixctl_program()).args(args).output().unwrap();
        let (code, said) = refusal(&out);
        println!("{said}");
        assert_eq!(code, 2, "{args:?}: {said}");
    }
}

#[test]
fn without_mixd_it_says_what_to_do_and_is_exit_3() {
    let socket = unused_socket();
    let start = Instant::now();
    let out = Command::new(mixctl_program())
        .args(["--socket", &socket, "get-volume"])
        .output()
        .unwrap();
    let time = start.elapsed();
    let (code, said) = refusal(&out);
    println!("after {time:?}: {said}");
    assert_eq!(code, 3);
    assert!(
        said.ends_with(&format!(
            "; start the daemon with 'mixd --socket {socket}'\n"
        )),
        "{said}"
    );
    assert!(time < Duration::from_secs(1), "{time:?}");
}

#[test]
fn a_stopped_mixd_is_exit_3_after_two_seconds() {
    let mixd = start();
    mixd.process.signal(rustix::process::Signal::STOP).unwrap();
    let start = Instant::now();
    let (code, said) = refusal(&mixd.try_mixctl(&["get-volume"]).unwrap());
    assert_eq!(code, 3);
    let pid = mixd.process.pid();
    let stopped = format!("it is stopped (pid {pid}): 'kill -CONT {pid}' lets it go on\n");
    assert!(said.contains("not answered within 2 s"), "{said}");
    assert!(said.ends_with(&stopped), "{said}");
    assert!(start.elapsed() >= Duration::from_millis(1900));
    // Until none fits into its queue.
    let name = wire::Name::parse(mixd.socket().as_ref()).unwrap();
    let mut waiting = Vec::new();
    while let Ok(connection) = wire::Client::open(&name, "test", Instant::now()) {
        waiting.push(connection);
    }
    let (code, said) = refusal(&mixd.try_mixctl(&["get-volume"]).unwrap());
    assert_eq!(code, 3);
    assert!(said.ends_with(&stopped), "{said}");
    let out = mixd.try_mixctl(&["doctor"]).unwrap();
    let told = String::from_utf8(out.stdout).unwrap();
    assert!(told.contains(&stopped), "{told}");
    mixd.process.signal(rustix::process::Signal::CONT).unwrap();
}

#[test]
fn the_option_goes_before_the_variable() {
    let mixd = start();
    let run = |variable: &str, args: &[&str]| {
        let mut command = Command::new(mixctl_program());
        command
            .args(args)
            .arg("get-volume")
            .env("MIXD_SOCKET", variable)
            .output()
            .unwrap()
    };
    assert!(run(mixd.socket(), &[]).status.success());
    assert!(
        run(&unused_socket(), &["--socket", mixd.socket()])
            .status
            .success()
    );
    assert_eq!(
        run(mixd.socket(), &["--socket", &unused_socket()])
            .status
            .code(),
        Some(3)
    );
}

#[test]
fn watch_prints_a_line_at_once_and_one_each_change() {
    let mixd = start();
    let mut watch = mixd
        .mixctl()
        .arg("watch")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "0");
    for volume in ["0.5", "-0.25"] {
        mixd.ctl(&["set-volume", volume]).unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), volume);
    }
    drop(mixd);
    let status = watch.wait().unwrap();
    assert_eq!(status.code(), Some(3), "mixd has gone");
}

#[test]
fn a_reader_that_has_gone_is_a_quiet_exit_0() {
    let mixd = start();
    let mut watch = mixd
        .mixctl()
        .arg("watch")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = watch.stdout.take().unwrap();
    out.read_exact(&mut [0; 2]).unwrap();
    drop(out);
    mixd.ctl(&["set-volume", "0.5"]).unwrap();
    let out = watch.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0));
    assert!(out.stderr.is_empty());
}

#[test]
fn a_full_disk_is_no_success() {
    let mixd = start();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let out = mixd.mixctl().arg("status").stdout(full).output().unwrap();
    let (code, said) = refusal(&out);
    assert_eq!(code, 1);
    assert!(said.contains("no space left"), "{said}");
}

#[test]
fn what_a_sentence_cites_does_not_reach_the_terminal_raw() {
    let mixd = start();
    let nasty = "\u{1b}[31m\n";
    for args in [
        &[nasty][..],
        &["set-volume", nasty],
        &["get-volume", nasty],
        &["--socket", nasty, "get-volume"],
        &["--socket", &format!("/{nasty}"), "get-volume"],
        &["hold", "0", "--", nasty],
        &["hold", "0", "--for", nasty],
        &["remove-program", nasty],
        &["add-program", &format!("a\u{7f}{nasty}=x")],
        &["why", nasty],
        &["watch", "--format", nasty],
        &["set-volume", "0", &format!("--{nasty}")],
        &["set-volume", "--stdin", "--range", nasty],
    ] {
        let (_, said) = refusal(&mixd.try_mixctl(args).unwrap());
        assert!(!said.trim_end().contains(char::is_control), "{said:?}");
    }
    let args = ["--socket", &format!("@{nasty}"), "doctor"];
    let out = Command::new(mixctl_program()).args(args).output().unwrap();
    assert!(!String::from_utf8(out.stdout).unwrap().contains('\u{1b}'));
}

#[test]
fn without_a_verb_the_verbs_are_printed_a_line_each() {
    let out = Command::new(mixctl_program()).output().unwrap();
    assert_eq!(out.status.code(), Some(2), "nothing was done");
    assert!(out.stderr.is_empty());
    let printed = String::from_utf8(out.stdout).unwrap();
    assert!(printed.lines().any(|line| line.starts_with("toggle  ")));
    let out = Command::new(mixctl_program()).arg("help").output().unwrap();
    assert!(out.status.success() && out.stdout.starts_with(b"mixctl"));
}

#[test]
fn help_and_version_need_no_mixd() {
    for option in ["--help", "--version", "-h", "-V"] {
        let out = Command::new(mixctl_program()).arg(option).output().unwrap();
        assert!(out.status.success() && out.stdout.starts_with(b"mixctl"));
    }
}
