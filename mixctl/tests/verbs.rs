//! The verbs for keys, dials and scripts: output, exit status, sentences. No sound.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use lab::mixd::{Mixd, unused_socket};
use lab::process::{Folder, Process, namespace, wait_for};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

const TIMEOUT: Duration = Duration::from_secs(10);

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mixctl"))
}

fn start() -> Mixd {
    Mixd::start_alone(&program().with_file_name("mixd"), &[]).unwrap()
}

fn said(out: &Output) -> String {
    String::from_utf8(out.stderr.clone()).unwrap()
}

fn volume(mixd: &Mixd) -> String {
    mixd.ctl(&["get-volume"]).unwrap().trim().to_owned()
}

#[track_caller]
fn becomes(mixd: &Mixd, expected: &str) {
    wait_for(expected, TIMEOUT, || {
        Ok((volume(mixd) == expected).then_some(()))
    })
    .unwrap();
}

#[test]
fn what_sets_the_volume_prints_it_if_asked() {
    let mixd = start();
    let print = |args: &[&str]| mixd.ctl(&[args, &["--print"]].concat()).unwrap();
    assert_eq!(print(&["set-volume", "0.3"]), "0.3\n");
    assert_eq!(print(&["shift-volume", "-5"]), "-1\n");
    assert_eq!(print(&["shift-volume", "0.75"]), "-0.25\n");
    assert_eq!(print(&["toggle"]), "0.25\n");
    assert_eq!(print(&["reset"]), "0\n");
    assert_eq!(print(&["toggle"]), "0\n");
    assert_eq!(mixd.ctl(&["toggle"]).unwrap(), "");
}

#[test]
fn a_dial_on_standard_input_is_followed_to_its_end() {
    let mixd = start();
    let mut dial = mixd.mixctl();
    dial.args(["set-volume", "--stdin", "--range", "0:128"]);
    dial.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut dial = dial.spawn().unwrap();
    let mut input = dial.stdin.take().unwrap();
    for (line, expected) in [
        ("0\n", "-1"),
        ("3\n64\n", "0"),
        ("loud\n96\n", "0.5"),
        ("500\n", "1"),
    ] {
        input.write_all(line.as_bytes()).unwrap();
        becomes(&mixd, expected);
    }
    input.write_all(b"32").unwrap();
    drop(input);
    let out = dial.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0));
    assert_eq!(said(&out), "mixctl: 'loud' is not a number: left out\n");
    assert_eq!(volume(&mixd), "-0.5", "the last line needs no end");
}

#[test]
fn pipes_that_do_not_wait_are_waited_for() {
    let mixd = start();
    // python makes both ends of the pipes so; nothing is read for a while, then all.
    let script = "
import fcntl, os, subprocess, sys, time
def pipe():
    ends = os.pipe()
    for fd in ends:
        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK)
    fcntl.fcntl(ends[1], 1031, 4096) # F_SETPIPE_SZ
    return ends
(dial, turn), (lines, out) = pipe(), pipe()
dial = subprocess.Popen(sys.argv[1:] + ['set-volume', '--stdin'], stdin=dial)
time.sleep(0.2)
os.write(turn, b'0.5\\n')
os.close(turn)
assert dial.wait() == 0, dial.returncode
os.set_blocking(lines, True)
status = subprocess.Popen(sys.argv[1:] + ['list-programs'], stdout=out)
os.close(out)
time.sleep(0.2)
read = b''
while block := os.read(lines, 100):
    read += block
assert status.wait() == 0, status.returncode
assert read.count(b'\\n') == 100, read
";
    let mut client = mixd.connect().unwrap();
    for n in 0..100 {
        let pattern = format!("{n:0100}").parse().unwrap();
        client.request(&wire::Request::AddProgram(pattern)).unwrap();
    }
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(program());
    let out = python.args(["--socket", mixd.socket()]).output().unwrap();
    assert!(out.status.success(), "{}", said(&out));
    assert_eq!(volume(&mixd), "0.5");
}

#[test]
fn a_flood_of_values_ends_at_the_newest() {
    let mixd = start();
    let mut dial = mixd.mixctl();
    dial.args(["set-volume", "--stdin"]).stdin(Stdio::piped());
    let mut dial = dial.spawn().unwrap();
    let lines: String = (0..100_000)
        .map(|n| format!("{}\n", f64::from(n % 2000) / 1000.0 - 1.0))
        .chain(["0.125\n".to_owned()])
        .collect();
    dial.stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    assert_eq!(dial.wait().unwrap().code(), Some(0));
    assert_eq!(volume(&mixd), "0.125");
}

#[test]
fn a_dial_that_never_pauses_is_followed() {
    let mixd = start();
    let mut flood = Command::new("yes");
    let mut flood = flood.arg("0.75").stdout(Stdio::piped()).spawn().unwrap();
    let mut dial = mixd.mixctl();
    dial.args(["set-volume", "--stdin"]);
    let mut dial = dial.stdin(flood.stdout.take().unwrap()).spawn().unwrap();
    let followed = wait_for("0.75", TIMEOUT, || {
        Ok((volume(&mixd) == "0.75").then_some(()))
    });
    // The flood has no end of its own.
    flood.kill().unwrap();
    flood.wait().unwrap();
    assert_eq!(dial.wait().unwrap().code(), Some(0));
    followed.unwrap();
}

#[test]
fn a_closed_standard_stream_is_not_taken_for_mixds_socket() {
    let mixd = start();
    let mut closed = Command::new("sh");
    closed.args(["-c", "exec \"$@\" <&- >&- 2>&-", "sh"]);
    closed.arg(program()).args(["--socket", mixd.socket()]);
    closed.args(["hold", "0.5", "--for", "600"]);
    let mut holder = closed.spawn().unwrap();
    becomes(&mixd, "0.5");
    let streams = [0, 1, 2].map(|fd| {
        let fd = format!("/proc/{}/fd/{fd}", holder.id());
        std::fs::read_link(fd).unwrap()
    });
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(streams, [Path::new("/dev/null"); 3]);
}

#[test]
fn a_hold_ends_with_its_command_and_its_status() {
    let mixd = start();
    mixd.ctl(&["set-volume", "0.25"]).unwrap();
    let inside = format!("exec {} get-volume", program().display());
    for (script, code) in [(&*inside, 0), ("exit 7", 7), ("kill -9 $$", 137)] {
        let out = mixd
            .try_mixctl(&["hold", "-1", "--", "sh", "-c", script])
            .unwrap();
        assert_eq!(out.status.code(), Some(code), "{script}: {}", said(&out));
        if code == 0 {
            assert_eq!(out.stdout, b"-1\n", "held while it runs");
        }
        becomes(&mixd, "0.25");
    }
    let out = mixd
        .try_mixctl(&["hold", "-1", "--", "/nonexistent/program"])
        .unwrap();
    assert_eq!(out.status.code(), Some(127));
    assert!(said(&out).contains("start /nonexistent/program: "));
    becomes(&mixd, "0.25");
    let out = mixd
        .try_mixctl(&["hold", "-1", "--", "/etc/passwd"])
        .unwrap();
    assert_eq!(out.status.code(), Some(126));
    becomes(&mixd, "0.25");
}

#[test]
fn a_hold_lasts_as_long_as_a_command_that_an_interrupt_does_not_end() {
    let mixd = start();
    mixd.ctl(&["set-volume", "0.25"]).unwrap();
    // A terminal's key is a signal to all of the foreground, as this is to both. Without SIGCHLD, too.
    let script = "trap 'echo interrupted; sleep 0.3; exit 4' INT; echo ready
                  while :; do sleep 0.1; done";
    let mut hold = Command::new("env");
    hold.arg("--ignore-signal=CHLD").process_group(0);
    hold.arg(program()).args(["--socket", mixd.socket()]);
    hold.args(["hold", "-1", "--", "bash", "-c", script]);
    let mut hold = hold.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(hold.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    let group = Pid::from_child(&hold);
    kill_process_group(group, Signal::INT).unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "interrupted");
    assert_eq!(volume(&mixd), "-1", "the command goes on");
    assert_eq!(hold.wait().unwrap().code(), Some(4));
    becomes(&mixd, "0.25");
}

#[test]
fn a_hold_for_a_time_ends_then_and_a_killed_one_at_once() {
    let mixd = start();
    let begin = Instant::now();
    mixd.ctl(&["hold", "0.5", "--for", "0.3"]).unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(290));
    becomes(&mixd, "0");
    let mut hold = mixd.mixctl();
    let mut hold = hold.args(["hold", "-1", "--for", "60"]).spawn().unwrap();
    becomes(&mixd, "-1");
    hold.kill().unwrap();
    hold.wait().unwrap();
    becomes(&mixd, "0");
}

/// Ctrl-Z, and fg: the time goes on meanwhile.
#[test]
fn a_hold_that_is_stopped_and_continued_ends_in_its_time() {
    let mixd = start();
    let begin = Instant::now();
    let mut hold = mixd.mixctl();
    let mut hold = hold.args(["hold", "-1", "--for", "2"]).spawn().unwrap();
    becomes(&mixd, "-1");
    let process = Pid::from_child(&hold);
    std::thread::sleep(Duration::from_millis(1600));
    kill_process(process, Signal::STOP).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    kill_process(process, Signal::CONT).unwrap();
    assert!(hold.wait().unwrap().success());
    // Begun anew it would be almost four seconds.
    let took = begin.elapsed();
    assert!(took < Duration::from_millis(3500), "{took:?}");
}

#[test]
fn what_is_set_during_a_hold_stays() {
    let mixd = start();
    let script = format!("{} shift-volume 0.5", program().display());
    mixd.ctl(&["hold", "-1", "--", "sh", "-c", &script])
        .unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(volume(&mixd), "-0.5");
}

struct Watch {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(socket: &str, args: &[&str]) -> Self {
        let mut command = Command::new(program());
        command.args(["--socket", socket, "watch"]).args(args);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn next(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_format_has_its_lines() {
    let mixd = start();
    for (format, first, second) in [
        ("plain", "0", "0.5"),
        (
            "json",
            "{\"aux\":1.0,\"default\":1.0,\"outputs\":{\"aux\":null,\"default\":null},\"volume\":0.0}",
            "{\"aux\":1.0,\"default\":0.5,\"outputs\":{\"aux\":null,\"default\":null},\"volume\":0.5}",
        ),
        (
            "waybar",
            "{\"class\":\"middle\",\"percentage\":50,\"text\":\"0\",\
             \"tooltip\":\"default 100%, aux 100%\"}",
            "{\"class\":\"aux\",\"percentage\":75,\"text\":\"0.5\",\
             \"tooltip\":\"default 50%, aux 100%\"}",
        ),
        ("wob", "50", "75"),
    ] {
        mixd.ctl(&["reset"]).unwrap();
        let mut watch = Watch::start(mixd.socket(), &["--format", format]);
        assert_eq!(watch.next(), first);
        mixd.ctl(&["set-volume", "0.5"]).unwrap();
        assert_eq!(watch.next(), second);
    }
}

/// A mixd whose home is this folder, at the path `socket` in it.
fn mixd_in(folder: &Folder) -> Process {
    let home = folder.path();
    let mut command = Command::new(program().with_file_name("mixd"));
    command.args(["--backend", "none", "--socket"]);
    command.arg(home.join("socket"));
    command.env("HOME", home).env_remove("XDG_CONFIG_HOME");
    command.env_remove("XDG_STATE_HOME");
    Process::start_logged(&mut command, &home.join("log")).unwrap()
}

#[test]
fn a_dial_that_rests_ends_with_mixd() {
    let mut mixd = start();
    let mut dial = mixd.mixctl();
    dial.args(["set-volume", "--stdin"]).stdin(Stdio::piped());
    let mut dial = dial.stderr(Stdio::piped()).spawn().unwrap();
    dial.stdin.as_mut().unwrap().write_all(b"0.5\n").unwrap();
    becomes(&mixd, "0.5");
    mixd.end(Signal::TERM).unwrap();
    let ended = wait_for("the dial's end", TIMEOUT, || Ok(dial.try_wait()?));
    let _ = dial.kill();
    assert_eq!(ended.unwrap().code(), Some(3));
    let out = dial.wait_with_output().unwrap();
    assert_eq!(said(&out), "mixctl: mixd has closed the connection\n");
}

#[test]
fn a_dial_that_reconnects_applies_the_newest_value_when_mixd_is_back() {
    let folder = Folder::new("mixctl-dial").unwrap();
    let socket = folder.path().join("socket");
    let mixctl = || {
        let mut mixctl = Command::new(program());
        mixctl.arg("--socket").arg(&socket);
        mixctl
    };
    let becomes = |expected: &str| {
        let is_so = || {
            let out = mixctl().arg("get-volume").output()?;
            Ok((out.stdout == format!("{expected}\n").as_bytes()).then_some(()))
        };
        wait_for(expected, TIMEOUT, is_so).unwrap();
    };
    let mut dial = mixctl();
    dial.args(["set-volume", "--stdin", "--reconnect"]);
    dial.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut dial = dial.spawn().unwrap();
    let mut input = dial.stdin.take().unwrap();
    let mut told = BufReader::new(dial.stderr.take().unwrap()).lines();
    for (values, newest) in [("0.1\n0.25\n", "0.25"), ("0.5\n0.75\n", "0.75")] {
        let told = told.next().unwrap().unwrap();
        assert!(told.ends_with("; waiting for it"), "{told}");
        input.write_all(values.as_bytes()).unwrap();
        let mut mixd = mixd_in(&folder);
        becomes(newest);
        mixd.end(Signal::TERM).unwrap();
    }
    // One that has not saved it, as after a kill.
    let returned = told.next().unwrap().unwrap();
    assert!(returned.ends_with("; waiting for it"), "{returned}");
    let saved = folder.path().join(".local/state/mixd/volume");
    std::fs::write(saved, "0.1\n").unwrap();
    let mut mixd = mixd_in(&folder);
    becomes("0.75");
    mixd.end(Signal::TERM).unwrap();
    let again = told.next().unwrap().unwrap();
    assert!(again.ends_with("; waiting for it"), "{again}");
    // What the dial has said last is applied although it has gone.
    input.write_all(b"-0.5\n").unwrap();
    drop(input);
    let _mixd = mixd_in(&folder);
    assert_eq!(dial.wait().unwrap().code(), Some(0));
    becomes("-0.5");
    assert!(told.next().is_none(), "each end of mixd is told once");
}

#[test]
fn a_watch_that_reconnects_tells_when_mixd_goes_and_comes() {
    let folder = Folder::new("mixctl-watch").unwrap();
    let socket = folder.path().join("socket");
    let mut watch = Watch::start(socket.to_str().unwrap(), &["--reconnect"]);
    assert_eq!(watch.next(), "offline", "before mixd is there");
    for _ in 0..2 {
        let mut process = mixd_in(&folder);
        assert_eq!(watch.next(), "0");
        process.end(Signal::TERM).unwrap();
        assert_eq!(watch.next(), "offline");
    }
}

#[test]
fn a_watch_ends_with_its_reader_though_nothing_changes() {
    let mixd = start();
    for socket in [mixd.socket().to_owned(), unused_socket()] {
        let mut watch = Watch::start(&socket, &["--reconnect"]);
        watch.next();
        let Watch { child, lines } = &mut watch;
        // What reads is dropped; what runs must notice by itself.
        let stand_in = Command::new("true").stdout(Stdio::piped()).spawn();
        let stand_in = stand_in.unwrap().stdout.take().unwrap();
        drop(std::mem::replace(lines, BufReader::new(stand_in).lines()));
        let ended = || Ok(child.try_wait()?);
        let status = wait_for("the watch's end", TIMEOUT, ended).unwrap();
        assert_eq!(status.code(), Some(0), "{socket}");
    }
}

#[test]
fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let mixd = start();
    let told = mixd.ctl(&["doctor"]).unwrap();
    assert!(told.contains("ok    mixd "), "{told}");
    assert!(
        told.contains("start mixd without '--backend none'"),
        "{told}"
    );
    let json = mixd.ctl(&["doctor", "--json"]).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["findings"][0]["level"], "ok");
    assert_eq!(json["findings"][0]["subject"], "mixd");

    let args = ["--socket", &unused_socket(), "doctor"];
    let out = Command::new(program()).args(args).output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    let told = String::from_utf8(out.stdout).unwrap();
    assert!(told.starts_with("bad   mixd "), "{told}");
    assert!(told.contains("connection refused"), "{told}");
    assert!(
        told.contains("runs, but not there: it was started with '--socket "),
        "our other one is found: {told}"
    );
}

#[test]
fn a_mixd_in_another_network_namespace_is_found_by_the_doctor() {
    let folder = Folder::new("mixctl-netns").unwrap();
    let socket = unused_socket();
    let mut command = Command::new("unshare");
    command.args(namespace()).arg("--net");
    command.arg(program().with_file_name("mixd"));
    command.args(["--backend", "none", "--socket", &socket]);
    let home = folder.path();
    command.env("HOME", home).env_remove("XDG_CONFIG_HOME");
    command.env_remove("XDG_STATE_HOME");
    let log = home.join("log");
    let _mixd = Process::start_logged(&mut command, &log).unwrap();
    let listens = || {
        let log = std::fs::read_to_string(&log)?;
        Ok(log.contains("listening").then_some(()))
    };
    wait_for("mixd", TIMEOUT, listens).unwrap();
    let out = Command::new(program())
        .args(["--socket", &socket, "doctor"])
        .output()
        .unwrap();
    let told = String::from_utf8(out.stdout).unwrap();
    assert!(told.contains("runs in another network namespace"), "{told}");
}

#[test]
fn patterns_that_look_like_options_or_home_folders_are_taken() {
    let mixd = start();
    mixd.ctl(&["add-program", "~root", "--", "-dash", "--two"])
        .unwrap();
    assert_eq!(
        mixd.ctl(&["list-programs"]).unwrap(),
        "~root\n-dash\n--two\n"
    );
    // As fish completes them.
    mixd.ctl(&["remove-program", r"\-dash", r"\~root"]).unwrap();
    mixd.ctl(&["remove-program", "--", "--two"]).unwrap();
    mixd.ctl(&["add-program", r"\-dash"]).unwrap();
    mixd.ctl(&["remove-program", r"\-dash"]).unwrap();
    assert_eq!(mixd.ctl(&["list-programs"]).unwrap(), "");
    let out = mixd.try_mixctl(&["remove-program", r"\-dash"]).unwrap();
    assert!(said(&out).contains(r"'\-dash' is not on the program list"));
    let out = mixd.try_mixctl(&["remove-program", "-dash"]).unwrap();
    assert!(said(&out).contains("stands after '--'"), "{}", said(&out));
}

#[test]
fn adding_without_a_pattern_needs_a_terminal() {
    let mixd = start();
    let out = mixd.try_mixctl(&["add-program"]).unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(said(&out).contains("where there is no terminal"));
}

#[test]
fn any_two_nasty_words_end_with_a_status_and_a_sentence() {
    const WORDS: [&str; 25] = [
        "",
        "-",
        "--",
        "-0.1",
        "1e999",
        "--json",
        "--json=x",
        "--socket=",
        "--for",
        "--stdin",
        "-h",
        "set-volume",
        "shift-volume",
        "watch",
        "add-program",
        "hold",
        "why",
        "doctor",
        "remove-program",
        "ignore",
        "move",
        "undo",
        "streams",
        "\u{1b}[31m",
        "программа",
    ];
    let socket = unused_socket();
    let once = WORDS.map(|word| vec![word]).to_vec();
    let twice = WORDS
        .iter()
        .flat_map(|first| WORDS.map(|second| vec![*first, second]));
    for words in once.into_iter().chain(twice) {
        let mut command = Command::new(program());
        command.env("MIXD_SOCKET", &socket).stdin(Stdio::null());
        let out = command.args(&words).output().unwrap();
        let code = out.status.code();
        assert!(matches!(code, Some(0..=3)), "{words:?}: {code:?}");
        let told = [said(&out), String::from_utf8(out.stdout).unwrap()].concat();
        assert!(
            !told.is_empty() && !told.contains("panicked"),
            "{words:?}: {told}"
        );
    }
}
