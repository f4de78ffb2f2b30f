//! mixd under a service manager: what it is passed, and what it tells.
#![allow(clippy::unwrap_used)]

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use lab::mixd::unused_socket;
use lab::process::{Folder, Process, wait_for};
use rustix::process::Signal;
use wire::{Client, Name, Reply, Request};

const TIMEOUT: Duration = Duration::from_secs(10);

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mixd"))
}

/// A command in a home of its own.
fn command(folder: &Folder, program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("HOME", folder.path()).stdin(Stdio::null());
    for name in [
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "NOTIFY_SOCKET",
        "LISTEN_FDS",
    ] {
        command.env_remove(name);
    }
    command
}

fn answers(socket: &str) -> bool {
    let name = Name::parse(socket.as_ref()).unwrap();
    let client = Client::connect(&name, "test");
    client.is_ok_and(|mut client| matches!(client.request(&Request::GetVolume), Ok(Reply::Mix(_))))
}

#[test]
fn systemd_is_told_when_mixd_serves_and_when_it_leaves() {
    let folder = Folder::new("mixd-notify").unwrap();
    let path = folder.path().join("notify");
    let listener = UnixDatagram::bind(&path).unwrap();
    listener.set_read_timeout(Some(TIMEOUT)).unwrap();
    let receive = || {
        let mut buffer = [0; 256];
        let count = listener.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..count].to_vec()).unwrap()
    };
    let socket = unused_socket();
    let mut mixd = command(&folder, program().to_str().unwrap());
    mixd.args(["--backend", "none", "--socket", &socket]);
    mixd.env("NOTIFY_SOCKET", &path);
    let mut mixd = Process::start_logged(&mut mixd, &folder.path().join("log")).unwrap();
    assert_eq!(receive(), format!("READY=1\nSTATUS=listening at {socket}"));
    assert!(answers(&socket), "ready is ready");
    mixd.end(Signal::TERM).unwrap();
    assert_eq!(receive(), "STOPPING=1");
}

#[test]
fn s6_is_told_by_a_line_on_the_descriptor() {
    let folder = Folder::new("mixd-ready").unwrap();
    let socket = unused_socket();
    let line = folder.path().join("line");
    let script = format!(
        "exec '{}' --backend none --socket {socket} --ready-fd 5 5> '{}'",
        program().display(),
        line.display()
    );
    let mut shell = command(&folder, "sh");
    shell.args(["-c", &script]);
    let _mixd = Process::start_logged(&mut shell, &folder.path().join("log")).unwrap();
    let told = || Ok((std::fs::read(&line).ok().as_deref() == Some(b"\n")).then_some(()));
    wait_for("the line", TIMEOUT, told).unwrap();
    assert!(answers(&socket), "ready is ready");
}

#[test]
fn a_passed_socket_is_served_and_has_no_second_name() {
    let folder = Folder::new("mixd-activate").unwrap();
    let path = folder.path().join("socket");
    let path = path.to_str().unwrap();
    let mut activate = command(&folder, "systemd-socket-activate");
    activate.args(["--listen", path, "--setenv=HOME"]);
    activate.arg(program()).args(["--backend", "none"]);
    let log = folder.path().join("log");
    let mut mixd = Process::start_logged(&mut activate, &log).unwrap();
    // Its first client starts it.
    let served = || Ok(answers(path).then_some(()));
    wait_for("the passed socket", TIMEOUT, served).unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("listening at the socket passed"), "{text}");
    mixd.end(Signal::TERM).unwrap();
    assert!(Path::new(path).exists(), "not ours to remove");
}

#[test]
fn a_service_manager_that_has_gone_is_told_of_once() {
    let folder = Folder::new("mixd-gone").unwrap();
    let socket = unused_socket();
    let log = folder.path().join("log");
    let mut mixd = command(&folder, program().to_str().unwrap());
    mixd.args(["--backend", "none", "--socket", &socket]);
    mixd.env("NOTIFY_SOCKET", folder.path().join("gone"));
    let mut mixd = Process::start_logged(&mut mixd, &log).unwrap();
    wait_for("mixd", TIMEOUT, || Ok(answers(&socket).then_some(()))).unwrap();
    assert!(mixd.end(Signal::TERM).unwrap().success());
    let text = std::fs::read_to_string(&log).unwrap();
    assert_eq!(text.matches("NOTIFY_SOCKET").count(), 1, "{text}");
}

#[test]
fn what_is_passed_wrongly_gets_a_sentence() {
    let folder = Folder::new("mixd-wrong").unwrap();
    let program = program().display();
    let passed = "LISTEN_PID=$$ LISTEN_FDS";
    for (script, code, sentence) in [
        (
            format!("{passed}=1 exec '{program}' --backend none 3< /dev/null"),
            1,
            "socket operation on non-socket",
        ),
        (
            format!("{passed}=2 exec '{program}' --backend none"),
            1,
            "passes 2 sockets",
        ),
        (
            format!("{passed}=1 exec '{program}' --backend none 3<&-"),
            1,
            "bad file descriptor",
        ),
        (
            format!("{passed}=1 exec '{program}' --backend none --ready-fd 3 3< /dev/null"),
            1,
            "--ready-fd 3 is the socket that is passed",
        ),
        (
            format!("exec '{program}' --backend none --ready-fd 9 9<&-"),
            1,
            "--ready-fd 9: bad file descriptor",
        ),
        (format!("exec '{program}' --ready-fd 1"), 2, "3 or more"),
    ] {
        let mut shell = command(&folder, "sh");
        let out = shell.args(["-c", &script]).output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(code), "{script}: {said}");
        assert!(said.contains(sentence), "{script}: {said}");
    }
}
