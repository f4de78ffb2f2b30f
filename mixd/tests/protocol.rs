//! The promises of PROTOCOL.md about the daemon, and the clients that were written from it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod raw;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lab::future::{self, Age};
use lab::mixd::Mixd;
use mixd::app;
use mixd::config::editable;
use mixd::limits;
use mixd::rules;
use mixd::server::{admission, session};
use raw::mixd_program;

fn wire_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../wire")
        .join(name)
}

#[test]
fn the_documents_limits_are_the_daemons() {
    let document = fs::read_to_string(wire_file("PROTOCOL.md")).unwrap();
    let limit = |name: &str| -> u64 {
        let row = document
            .lines()
            .find_map(|line| line.strip_prefix(&format!("| {name} | ")));
        row.and_then(|row| row.split(" |").next()?.parse().ok())
            .unwrap_or_else(|| panic!("no limit '{name}' in the document"))
    };
    assert_eq!(
        limit("sentence in an Error, a `changed`, `unsaved` or `problem`"),
        limits::MAX_MESSAGE as u64
    );
    assert_eq!(limit("program list"), rules::MAX_BYTES as u64);
    assert_eq!(
        limit("changes that can be taken back"),
        editable::MAX_CHANGES as u64
    );
    assert_eq!(limit("streams listed"), app::MAX_LIST as u64);
    assert_eq!(limit("properties listed"), app::MAX_LIST as u64);
    assert_eq!(limit("clients"), admission::CLIENTS as u64);
    assert_eq!(
        limit("clients of one process"),
        admission::CLIENTS_A_PROCESS as u64
    );
    assert_eq!(limit("frames a turn"), session::FRAMES_A_TURN as u64);
    assert_eq!(limit("seconds to say Hello"), session::HELLO_TIME.as_secs());
    assert_eq!(limit("seconds for a frame"), session::FRAME_TIME.as_secs());
    assert_eq!(
        limit("seconds to take output"),
        session::OUTPUT_TIME.as_secs()
    );
}

/// A Python that has cbor2: the system's, or the first on the PATH.
fn python() -> Command {
    let found = ["/usr/bin/python3", "python3"].into_iter().find(|python| {
        let mut probe = Command::new(python);
        probe.args(["-c", "import cbor2"]).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    });
    let python = found.unwrap_or_else(|| panic!("no Python with cbor2; 'cargo xtask setup'"));
    Command::new(python)
}

/// Runs a watching client while the volume is set, and returns what it prints.
fn watch(mut command: Command, mixd: &Mixd, volumes: &[&str]) -> Vec<String> {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let mut said = Vec::new();
    for volume in volumes {
        // The first line is the state at once, whatever it is.
        said.extend(lines.next());
        mixd.ctl(&["set-volume", volume]).unwrap();
    }
    said.extend(lines.next());
    child.kill().unwrap();
    child.wait().unwrap();
    said
}

#[test]
fn the_python_client_gets_sets_and_watches() {
    let program = wire_file("examples/client.py");
    let lines = fs::read_to_string(&program).unwrap().lines().count();
    assert!(lines <= 60, "{lines} lines");
    let mixd = Mixd::start_alone(mixd_program(), &[]).unwrap();
    let client = |args: &[&str]| {
        let mut command = python();
        command.arg(&program).arg(mixd.socket()).args(args);
        command
    };
    let said = |args| String::from_utf8(client(args).output().unwrap().stdout).unwrap();
    assert_eq!(said(&["get"]), "0.0\n");
    assert_eq!(said(&["set", "-0.25"]), "-0.25\n");
    assert_eq!(mixd.ctl(&["get-volume"]).unwrap(), "-0.25\n");
    let lines = watch(client(&["watch"]), &mixd, &["0.5", "1"]);
    assert_eq!(lines, ["-0.25", "0.5", "1.0"]);
    let out = client(&["set", "2"]).output().unwrap();
    assert!(!out.status.success());
    assert!(String::from_utf8_lossy(&out.stderr).contains("malformed"));
}

#[test]
fn the_rust_example_watches() {
    let program = mixd_program().with_file_name("examples").join("watch");
    let shown = program.display();
    assert!(
        program.exists(),
        "{shown} is missing; 'cargo build --workspace --all-targets'"
    );
    let mixd = Mixd::start_alone(mixd_program(), &[]).unwrap();
    let mut command = Command::new(program);
    command.arg(mixd.socket());
    assert_eq!(watch(command, &mixd, &["0.5", "-1"]), ["0", "0.5", "-1"]);
}

/// The first line that a client prints.
fn first_line(mut command: Command) -> String {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    line
}

#[test]
fn the_python_client_works_on_with_a_daemon_from_the_future() {
    for has_maps in [false, true] {
        let socket = future::start(Age::Newer { has_maps }).unwrap();
        for verb in ["get", "watch"] {
            let mut client = python();
            client.arg(wire_file("examples/client.py"));
            client.args([&socket, verb]);
            assert_eq!(first_line(client), "-0.25\n", "{verb}");
        }
    }
}

#[test]
fn the_rust_example_works_on_with_a_daemon_from_the_future() {
    for has_maps in [false, true] {
        let socket = future::start(Age::Newer { has_maps }).unwrap();
        let program = mixd_program().with_file_name("examples").join("watch");
        let mut watch = Command::new(program);
        watch.arg(&socket);
        assert_eq!(first_line(watch), "-0.25\n");
    }
}
