//! Everything that mixctl can say to a person: each sentence is provoked and compared with
//! sentences.txt, which is there to be read. After a change of words,
//!
//!     MIXCTL_SENTENCES=write cargo test -p mixctl --test sentences
//!
//! writes it anew. Sentences that need PipeWire, or a mixd in trouble, come from a fake mixd that answers as
//! the test wants.
#![allow(clippy::unwrap_used)]

mod fake;

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use lab::mixd::{Mixd, unused_socket};
use lab::process::{Folder, namespace};
use rustix::process::{Signal, geteuid};
use wire::message::{ClientName, NodeName, Pattern};
use wire::{
    Audio, Change, Channel, Diagnosis, ErrorCode, Failure, Gain, Mix, Outputs, PipeWireState,
    Property, Reply, Request, Rule, Settings, Source, Status, Stream, StreamDetail, StreamState,
    Text, Warning,
};

use self::fake::{Answer, Fake};

/// The sections that only root can provoke: kept as they are where somebody else runs this.
const AS_ROOT: &str = "Of another user (root alone can provoke this)";

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mixctl"))
}

/// The sentences so far, and the replacements for what differs from run to run.
struct Book {
    text: String,
    folder: Folder,
    /// The text that differs from run to run, and the name that replaces it.
    names: Vec<(String, String)>,
}

impl Book {
    fn new() -> Self {
        let folder = Folder::new("mixctl-sentences").unwrap();
        // What doctor asks for its version.
        for (name, version) in [("pipewire", "1.4.2"), ("wireplumber", "0.5.8")] {
            let path = folder.path().join(name);
            let script = format!("#!/bin/sh\necho 'Linked with lib{name} {version}'\n");
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
        }
        let comm = fs::read_to_string("/proc/self/comm").unwrap();
        let mut book = Self {
            text: String::new(),
            folder,
            names: Vec::new(),
        };
        let path = book.folder.path().display().to_string();
        let uid = geteuid().as_raw();
        for (value, name) in [
            (&*path, "/folder"),
            (&format!("@mixd-{uid}"), "@mixd-UID"),
            // Where the test of a user makes it root.
            ("@mixd-0", "@mixd-UID"),
            // What the kernel calls this process.
            (comm.trim_end(), "TEST"),
            (env!("CARGO_PKG_VERSION"), "VERSION"),
        ] {
            book.call(value, name);
        }
        book
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replaces `value` with `name` from here on.
    fn call(&mut self, value: &str, name: &str) {
        self.names.insert(0, (value.to_owned(), name.to_owned()));
    }

    /// Replaces this pid with PID from here on, where a sentence says one.
    fn call_pid(&mut self, pid: u32) {
        for (before, after) in [
            ("pid ", ")"),
            ("pid ", " "),
            ("-CONT ", "'"),
            ("-KILL ", "'"),
        ] {
            let with = |pid: &str| format!("{before}{pid}{after}");
            self.names.push((with(&pid.to_string()), with("PID")));
        }
    }

    fn section(&mut self, title: &str) {
        let _ = write!(self.text, "# {title}\n\n");
    }

    /// A mixctl that finds only the folder's PipeWire, to speak to `socket`.
    fn mixctl(&self, socket: &str) -> Command {
        let mut command = Command::new(program());
        command.env("PATH", self.path_with_programs());
        command.env("MIXD_SOCKET", socket).stdin(Stdio::null());
        command
    }

    fn path_with_programs(&self) -> OsString {
        let mut path = self.folder.path().as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        path
    }

    /// Runs mixctl and writes down what it says.
    fn run(&mut self, socket: &str, args: &[&str]) {
        let out = self.mixctl(socket).args(args).output().unwrap();
        self.write(&args.join(" "), &out);
    }

    /// Runs several, which wait at the same time, and writes down what they say.
    fn run_at_once(&mut self, runs: &[(&str, &[&str])]) {
        let start = |(socket, args): &(&str, &[&str])| {
            let mut mixctl = self.mixctl(socket);
            mixctl.args(*args).stdout(Stdio::piped());
            mixctl.stderr(Stdio::piped()).spawn().unwrap()
        };
        let running: Vec<Child> = runs.iter().map(start).collect();
        for ((_, args), child) in runs.iter().zip(running) {
            self.write(&args.join(" "), &child.wait_with_output().unwrap());
        }
    }

    fn write(&mut self, args: &str, out: &Output) {
        let said = [&out.stdout[..], &out.stderr].concat();
        let args: String = args.chars().map(shown).collect();
        let mut entry = format!("$ mixctl {args}\n");
        entry += &String::from_utf8(said).unwrap().replace('\r', "");
        if let Some(code @ 1..) = out.status.code() {
            let _ = writeln!(entry, "[{code}]");
        }
        for (value, name) in &self.names {
            entry = entry.replace(value, name);
        }
        let _ = writeln!(self.text, "{entry}");
    }
}

/// Returns a character as a person may read it.
fn shown(character: char) -> String {
    match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    }
}

fn output(name: &str) -> wire::Output {
    wire::Output {
        name: NodeName::truncated(name),
        description: Some(NodeName::truncated("A card")),
    }
}

/// A status without anything to complain about.
fn quiet() -> Status<'static> {
    let stream = Stream {
        id: 71,
        pid: Some(4711),
        name: NodeName::truncated("Discord"),
        rule: Some(Pattern::truncated("disc*")),
        state: StreamState::Routed,
        binary: Some(NodeName::truncated("Discord")),
        channel: Channel::Aux,
        process: None,
        running: true,
        linked_by: None,
        description: None,
    };
    let game = Stream {
        id: 72,
        pid: None,
        name: NodeName::truncated("Game"),
        rule: None,
        binary: None,
        channel: Channel::Default,
        ..stream.clone()
    };
    let audio = Audio {
        omitted: 0,
        outputs: Box::new(Outputs {
            aux: Some(output("card-a")),
            default: Some(output("card-a")),
        }),
        streams: vec![stream, game],
        pipewire: PipeWireState::Up,
        warnings: vec![],
    };
    Status {
        audio: Cow::Owned(audio),
        programs: ["nobody", "disc*"]
            .map(|pattern| Rule::Program(Pattern::truncated(pattern)))
            .to_vec()
            .into(),
        settings: Cow::Owned(Settings {
            file: Some("/home/user/.config/mixd/mixd.conf".into()),
            ..Settings::default()
        }),
        mix: Mix {
            volume: "0.2".parse().unwrap(),
            default: Gain::try_from(800_000).unwrap(),
            aux: Gain::FULL,
        },
    }
}

/// A status of one that plays nothing.
fn empty() -> Status<'static> {
    let mut status = quiet();
    status.audio.to_mut().streams.clear();
    status.programs.to_mut().clear();
    status
}

fn well() -> Diagnosis {
    Diagnosis {
        sinks: ["mixd-default", "mixd-aux"]
            .map(NodeName::truncated)
            .to_vec(),
        stale: 0,
        manager: Some(ClientName::truncated("WirePlumber")),
        pipewire: Some(ClientName::truncated("1.4.2")),
        ..Diagnosis::default()
    }
}

/// A fake mixd with this status and diagnosis.
fn sick(status: Status<'static>, diagnosis: Diagnosis) -> Fake {
    Fake::start(move |request| match request {
        Request::GetStatus => Answer::from(Reply::Status(status.clone())),
        Request::Diagnose => Answer::from(Reply::Diagnosis(diagnosis.clone())),
        _ => Answer::from(Reply::Done),
    })
}

fn detail(stream: &Stream) -> StreamDetail {
    let property = |key: &str, value: &str, source| Property {
        key: Text::truncated(key),
        value: Text::truncated(value),
        source,
    };
    StreamDetail {
        key: stream.rule.map(|_| Text::truncated("application.name")),
        reason: None,
        stream: stream.clone(),
        omitted: 2,
        properties: vec![
            property("application.name", &stream.name, Source::Node),
            property("pipewire.access", "unrestricted", Source::Client),
        ],
        suggestion: Some(Pattern::truncated(&stream.name)),
    }
}

/// A fake mixd with two streams, changed so.
fn playing(change: impl Fn(&mut StreamDetail) + Send + Sync + 'static) -> Fake {
    Fake::start(move |request| match request {
        Request::GetStatus => {
            let mut status = quiet();
            for stream in &mut status.audio.to_mut().streams {
                let mut detail = detail(stream);
                change(&mut detail);
                *stream = detail.stream;
            }
            Answer::from(Reply::Status(status))
        }
        Request::GetStream(id) => {
            let status = quiet();
            let mut found = status
                .audio
                .streams
                .iter()
                .filter(|stream| stream.id == *id);
            match found.next() {
                Some(stream) => {
                    let mut detail = detail(stream);
                    change(&mut detail);
                    Answer::from(Reply::Stream(Box::new(detail)))
                }
                None => Answer::Refuse(Failure::new(ErrorCode::Refused, "no such stream")),
            }
        }
        Request::TryAddProgram(_) => {
            Answer::from(Reply::Streams(quiet().audio.streams.clone().into()))
        }
        Request::TryIgnoreProgram(_) => {
            let mut stream = quiet().audio.streams[0].clone();
            stream.state = StreamState::Ignored;
            Answer::from(Reply::Streams(vec![stream].into()))
        }
        Request::AddProgram(_) => Answer::from(Reply::Unsaved(
            "rename mixd.conf: read-only file system".into(),
        )),
        Request::MoveStream(_) | Request::TryMoveStream(_) | Request::Undo => {
            // What only mixd says stands in its own list of sentences.
            Answer::from(Reply::Changed(Change {
                text: "WHAT WAS CHANGED".into(),
                added: vec![],
                omitted: 0,
                removed: vec![Rule::Program(Pattern::truncated("disc*"))],
                unsaved: (*request == Request::Undo)
                    .then(|| "rename mixd.conf: read-only file system".into()),
            }))
        }
        _ => Answer::from(Reply::Done),
    })
}

#[test]
fn every_sentence_is_as_the_list_has_it() {
    let mut book = Book::new();
    help(&mut book);
    wrong_words(&mut book);
    names_and_nobody(&mut book);
    another_user(&mut book);
    no_answer(&mut book);
    refusals(&mut book);
    programs(&mut book);
    on_and_on(&mut book);
    doctor(&mut book);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sentences.txt");
    let mut found = book.text.trim_end().to_owned() + "\n";
    let listed = fs::read_to_string(&path).unwrap_or_default();
    if !geteuid().is_root()
        && let (Some(kept), Some(empty)) = (section(&listed, AS_ROOT), section(&found, AS_ROOT))
    {
        found = found.replacen(empty, kept, 1);
    }
    if std::env::var_os("MIXCTL_SENTENCES").is_some_and(|value| value == "write") {
        fs::write(&path, found).unwrap();
        return;
    }
    let mut lines = found.lines().zip(listed.lines());
    let differs = lines.find(|(found, listed)| found != listed);
    assert!(
        found == listed,
        "what mixctl says is not what tests/sentences.txt lists, first here: {differs:#?}; read what \
         it says, and if that is meant, write the list anew with 'MIXCTL_SENTENCES=write cargo test -p \
         mixctl --test sentences'"
    );
}

/// A section with its title.
fn section<'a>(text: &'a str, title: &str) -> Option<&'a str> {
    let start = text.find(&format!("# {title}\n"))?;
    let length = text[start + 1..].find("\n# ").map(|end| end + 2);
    Some(&text[start..length.map_or(text.len(), |length| start + length)])
}

fn help(book: &mut Book) {
    book.section("Help");
    book.run("", &[]);
    book.run("", &["help"]);
    for verb in usage::mixctl::USAGE.verbs {
        book.run("", &["help", verb.name]);
    }
    book.run("", &["--version"]);
}

fn wrong_words(book: &mut Book) {
    book.section("Wrong words");
    let long = "x".repeat(129);
    for args in [
        &["dance"][..],
        &["add-progam", "Discord"],
        &["set", "0.5"],
        &["\u{1b}[31m"],
        &["help", "stauts"],
        &["help", "status", "now"],
        &["-x"],
        &["--sokcet", "@x", "status"],
        &["--json", "status"],
        &["--socket"],
        &["get-volume", "now"],
        &["get-volume", "--jsno"],
        &["get-volume", "-j"],
        &["get-volume", "--json=yes"],
        &["set-volume"],
        &["set-volume", ""],
        &["set-volume", "loud"],
        &["set-volume", "2"],
        &["set-volume", "50%"],
        &["set-volume", "0,5"],
        &["set-volume", "0", "1"],
        &["set-volume", "0", "--range", "0:128"],
        &["set-volume", "0", "--reconnect"],
        &["set-volume", "--stdin", "--print"],
        &["set-volume", "--stdin", "--range", "5"],
        &["set-volume", "--stdin", "--range", "1:1"],
        &["set-volume", "--stdin", "--range", "-1e308:1e308"],
        &["shift-volume"],
        &["shift-volume", "5%-"],
        &["hold", "1"],
        &["hold", "--", "true"],
        &["hold", "1", "--for", "1", "--", "true"],
        &["hold", "1", "--for", "5s"],
        &["add-program"],
        &["add-program", "--dry-run"],
        &["add-program", "Discord", "--json"],
        &["add-program", "-x"],
        &["add-program", &long],
        &["remove-program"],
        &["remove-program", "--dry-run", "a", "b"],
        &["ignore"],
        &["ignore", "Ardour", "--json"],
        &["move", "Discord"],
        &["move", "Discord", "left"],
        &["move", "Discord", "aux", "now"],
        &["move", "Discord", "aux", "--json"],
        &["output"],
        &["output", "aux"],
        &["output", "aux", "my", "headset"],
        &["output", "my", "headset"],
        &["undo", "2"],
        &["why"],
        &["watch", "--format", "xml"],
        &["watch", "--format", "wob", "--json"],
    ] {
        book.run("", args);
    }
    let raw = std::os::unix::ffi::OsStringExt::from_vec(b"\xff".to_vec());
    let raw: OsString = raw;
    let mut option = OsString::from("--format=");
    option.push(&raw);
    for (verb, word) in [("why", raw), ("watch", option)] {
        let out = book.mixctl("").arg(verb).arg(&word).output().unwrap();
        book.write(&format!("{verb} {}", word.display()), &out);
    }
}

fn names_and_nobody(book: &mut Book) {
    book.section("Where nobody listens");
    book.run("", &["--socket", "mixd", "status"]);
    book.run("", &["--socket", "@", "status"]);
    book.run(&format!("@{}", "x".repeat(108)), &["status"]);
    let socket = unused_socket();
    book.call(&socket, "@socket");
    book.run(&socket, &["status"]);
    book.run(&socket, &["watch"]);
    book.run(&socket, &["watch", "--format", "json"]);
    book.run(&socket, &["watch", "--format", "waybar"]);
    book.run(&socket, &["watch", "--format", "wob"]);
    let folder = book.path("it's here");
    fs::create_dir(&folder).unwrap();
    let missing = folder.join("socket").display().to_string();
    book.run(&missing, &["status"]);
    let file = book.path("file");
    fs::write(&file, "").unwrap();
    let file = file.display().to_string();
    book.run(&file, &["status"]);
    book.run(&format!("{file}/socket"), &["status"]);
    let datagrams = book.path("datagrams");
    let _datagrams = std::os::unix::net::UnixDatagram::bind(&datagrams).unwrap();
    book.run(&datagrams.display().to_string(), &["status"]);
    book.section("Where nobody listens, to doctor");
    // In a place where no other mixd can be seen, after some commands.
    let mixd = program().with_file_name("mixd");
    let mixd = mixd.display();
    let alone = |book: &mut Book, before: &str, socket: &str| {
        let script = format!("{before}\n\"$0\" doctor");
        let mut command = Command::new("unshare");
        command.args(namespace());
        command.args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        // Of a chroot's root it can't be changed.
        command.args(["--propagation", "unchanged"]);
        command.args(["sh", "-c", &script]);
        command.arg(program()).env("MIXD_SOCKET", socket);
        command.env("PATH", book.path_with_programs());
        command.env("HOME", book.folder.path());
        command
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME");
        let mut out = command.output().unwrap();
        // Its pid in a place with so few processes.
        let said = String::from_utf8(out.stdout).unwrap();
        out.stdout = said.replace("(pid 3)", "(pid PID)").into();
        book.write("doctor", &out);
    };
    alone(book, "", "");
    alone(book, "", &socket);
    alone(book, "", &file);
    let other = unused_socket();
    book.call(&other, "@other");
    let start = |socket: &str, how: &str| {
        format!(
            "rm -f \"$HOME/ready\"\n{how} {mixd} --backend none --ready-fd 5 {socket} 5>\"$HOME/ready\" 2>/dev/null &\n\
             until [ -s \"$HOME/ready\" ]; do sleep 0.01; done"
        )
    };
    let given = start(&format!("--socket {other}"), "");
    alone(book, &given, &socket);
    let variable = start("", &format!("MIXD_SOCKET={other}"));
    alone(book, &variable, &socket);
    let elsewhere = start(
        &format!("--socket {socket}"),
        "unshare --net --propagation unchanged",
    );
    alone(book, &elsewhere, &socket);
    let path = book.path("removed").display().to_string();
    let removed = start(&format!("--socket {path}"), "");
    alone(book, &format!("{removed}\nrm {path}"), &path);
}

fn another_user(book: &mut Book) {
    book.section(AS_ROOT);
    if !geteuid().is_root() {
        return;
    }
    let socket = unused_socket();
    let before = [
        "setpriv",
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
    ];
    let mut other = listener(book, &before, "mixd", &socket);
    book.call(&socket, "@theirs");
    // Where it may not look.
    let theirs = std::env::temp_dir().join(format!("mixctl-copy-{}", std::process::id()));
    fs::copy(program(), &theirs).unwrap();
    fs::set_permissions(&theirs, PermissionsExt::from_mode(0o755)).unwrap();
    let mut denied = Command::new(before[0]);
    denied.args(&before[1..]).arg(&theirs).arg("status");
    let out = denied
        .env("MIXD_SOCKET", book.path("socket"))
        .output()
        .unwrap();
    fs::remove_file(theirs).unwrap();
    book.write("status", &out);
    book.run(&socket, &["status"]);
    book.run(&socket, &["doctor"]);
    other.kill().unwrap();
    other.wait().unwrap();
}

/// A process that the kernel calls `name`, and that listens at `socket` and does no more; started by
/// the command `before`.
fn listener(book: &mut Book, before: &[&str], name: &str, socket: &str) -> Child {
    // A script has the name of its file; one of its own, which everybody may read.
    let path = std::env::temp_dir().join(format!("mixctl-{}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    let path = path.join(name);
    let perl = Command::new("sh").args(["-c", "command -v perl"]).output();
    let perl = String::from_utf8(perl.unwrap().stdout).unwrap();
    let script = "use Socket;\n\
                  socket(S, PF_UNIX, SOCK_STREAM, 0);\n\
                  bind(S, sockaddr_un($ARGV[0] =~ s/^@/\\0/r)) and listen(S, 8) or die $!;\n\
                  $| = 1; print \"listens\\n\"; sleep;\n";
    fs::write(&path, format!("#!{perl}{script}")).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).args(before);
    command.arg(&path).arg(socket).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let mut ready = BufReader::new(child.stdout.take().unwrap());
    ready.read_line(&mut line).unwrap();
    assert_eq!(line, "listens\n");
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    book.call_pid(child.id());
    child
}

fn no_answer(book: &mut Book) {
    book.section("Where mixd does not answer");
    let mixd = Mixd::start_alone(&program().with_file_name("mixd"), &[]).unwrap();
    book.call(mixd.socket(), "@stopped");
    book.call_pid(mixd.process.pid());
    mixd.process.signal(Signal::STOP).unwrap();
    let mut listeners = Vec::new();
    for name in ["mixd", "systemd", "other"] {
        let socket = unused_socket();
        book.call(&socket, "@silent");
        listeners.push((listener(book, &[], name, &socket), socket));
    }
    let socket = book.path("silent");
    let link = book.path("link").display().to_string();
    std::os::unix::fs::symlink(&socket, &link).unwrap();
    let behind = listener(book, &[], "mixd", socket.to_str().unwrap());
    listeners.push((behind, link));
    // It greets, and is silent then.
    let silent = Fake::start(|_| Answer::Nothing);
    book.call(silent.socket(), "@silent");
    book.call_pid(std::process::id());
    let sockets = listeners.iter().map(|(_, socket)| &**socket);
    let sockets = [mixd.socket()].into_iter().chain(sockets);
    let verbs: [&[&str]; 2] = [&["status"], &["doctor"]];
    let runs = sockets
        .chain([silent.socket()])
        .flat_map(|socket| verbs.map(|verb| (socket, verb)));
    book.run_at_once(&runs.collect::<Vec<_>>());
    wait_for_mixd(book, mixd.socket());
    mixd.process.signal(Signal::CONT).unwrap();
    for (mut listener, _) in listeners {
        listener.kill().unwrap();
        listener.wait().unwrap();
    }
}

fn refusals(book: &mut Book) {
    book.section("Where mixd says no, or something else");
    let mixd = Mixd::start_alone(&program().with_file_name("mixd"), &[]).unwrap();
    let socket = mixd.socket().to_owned();
    book.call(&socket, "@socket");
    for args in [
        &["remove-program", "Discord"][..],
        &["remove-program", "Discord", "Mumble"],
        &["add-program", ""],
        &["add-program", "[a"],
        &["add-program", "a\u{7}"],
        &["add-program", "a b=c"],
        &["add-program", "media.role="],
        &["why", "Discord"],
        &["why", "4194305"],
        &["move", "Discord", "other"],
        &["move", "4194305", "other"],
        &["undo"],
        &["redo"],
        &["output", ""],
        &["output", "[a"],
        &["output", "aux", "headset*"],
        &["output", "aux", "headset*"],
        &["output", "aux card"],
        &["undo"],
        &["redo"],
        &["outputs"],
        &["outputs", "--json"],
        &["hold", "0", "--", "/nonexistent/program"],
        &["hold", "0", "--", "/etc/passwd"],
    ] {
        book.run(&socket, args);
    }
    // A process may hold 16 places: this one does, and another.
    let mut held: Vec<_> = (0..16).map(|_| mixd.connect().unwrap()).collect();
    let mut watches: Vec<_> = (0..16)
        .map(|_| {
            let mut watch = mixd.mixctl();
            watch.arg("watch").stdout(Stdio::piped());
            let mut watch = watch.spawn().unwrap();
            let mut line = String::new();
            let mut lines = BufReader::new(watch.stdout.take().unwrap());
            lines.read_line(&mut line).unwrap();
            (watch, lines)
        })
        .collect();
    book.call_pid(std::process::id());
    for (watch, _) in &watches {
        book.call_pid(watch.id());
    }
    book.run(&socket, &["status"]);
    book.run(&socket, &["doctor"]);
    held.clear();
    for (watch, _) in &mut watches {
        watch.kill().unwrap();
        watch.wait().unwrap();
    }
    // Ended for the kernel, though not for this process.
    let script = format!(
        "kill -KILL {0}; until grep -q '^State:.Z' /proc/{0}/status; do sleep 0.01; done",
        mixd.process.pid()
    );
    let mut hold = book.mixctl(&socket);
    hold.args(["hold", "0", "--", "sh", "-c", &script]);
    let out = hold.output().unwrap();
    book.write("hold 0 -- sh -c 'kill PID'", &out);
    drop(mixd);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let out = book.mixctl("").arg("help").stdout(full).output().unwrap();
    book.write("help > /dev/full", &out);

    for answer in [
        || {
            Answer::Refuse(Failure::new(
                ErrorCode::Version,
                "this is protocol 2, not 1",
            ))
        },
        || Answer::Close,
        || Answer::from(Reply::Done),
        || Answer::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ] {
        // To the Hello, and to a request.
        let fake = Fake::new(move |_| answer(), answer);
        book.run(fake.socket(), &["status"]);
        book.run(fake.socket(), &["doctor"]);
        let fake = Fake::start(move |_| answer());
        book.run(fake.socket(), &["status"]);
    }
}

fn programs(book: &mut Book) {
    book.section("What plays, and the list");
    let fake = playing(|_| {});
    for args in [
        &["streams"][..],
        &["status"],
        &["why", "Discord"],
        &["why", "Discord", "--all"],
        &["why", "Game"],
        &["why", "Game", "--all"],
        &["add-program", "Discord"],
        &["add-program", "--dry-run", "*"],
        &["move", "Discord", "other"],
        &["move", "Discord", "other", "--dry-run"],
        &["undo"],
    ] {
        book.run(fake.socket(), args);
    }
    let ignored = playing(|detail| {
        if detail.stream.rule.is_some() {
            detail.stream.state = StreamState::Ignored;
        }
    });
    for args in [
        &["streams"][..],
        &["status"],
        &["why", "Discord"],
        &["why", "Discord", "--all"],
        &["ignore", "--dry-run", "disc*"],
    ] {
        book.run(ignored.socket(), args);
    }
    let kept = playing(|detail| {
        detail.stream.state = StreamState::Contested;
        detail.stream.linked_by = Some(ClientName::truncated("qpwgraph"));
        detail.reason = Some(Text::truncated("qpwgraph has linked it to card-b"));
    });
    for args in [&["status"][..], &["why", "Discord"], &["why", "Game"]] {
        book.run(kept.socket(), args);
    }
    let nothing = Fake::start(|request| match request {
        Request::TryAddProgram(_) => Answer::from(Reply::Streams(vec![].into())),
        Request::GetStatus => Answer::from(Reply::Status(empty())),
        _ => Answer::from(Reply::Done),
    });
    book.run(nothing.socket(), &["add-program", "--dry-run", "*"]);
    book.run(nothing.socket(), &["status"]);
    for (fake, typed) in [(&fake, "1"), (&fake, "7"), (&kept, ""), (&nothing, "")] {
        // script(1) gives it a terminal.
        let command = format!("{} add-program", program().display());
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]);
        script.env("MIXD_SOCKET", fake.socket());
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = script.spawn().unwrap();
        let mut said = BufReader::new(script.stdout.take().unwrap());
        let mut stdout = Vec::new();
        said.read_until(b'?', &mut stdout).unwrap();
        // It may have said all, and be gone.
        let _ = writeln!(script.stdin.take().unwrap(), "{typed}");
        said.read_to_end(&mut stdout).unwrap();
        let out = Output {
            stdout,
            ..script.wait_with_output().unwrap()
        };
        book.write(
            &format!("add-program   (a terminal, where '{typed}' is typed)"),
            &out,
        );
    }
}

fn on_and_on(book: &mut Book) {
    book.section("On and on");
    let mixd = Mixd::start_alone(&program().with_file_name("mixd"), &[]).unwrap();
    let socket = mixd.socket().to_owned();
    book.call(&socket, "@socket");
    let mut dial = book.mixctl(&socket);
    dial.args(["set-volume", "--stdin"]).stdin(Stdio::piped());
    let mut dial = dial
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = dial.stdin.take().unwrap();
    input.write_all(b"loud\n50%\n0,5\n\x1b[31m\n").unwrap();
    drop(input);
    let out = dial.wait_with_output().unwrap();
    book.write("set-volume --stdin", &out);
    drop(mixd);
    wait_for_mixd(book, &socket);
}

/// Runs the verbs that wait for a mixd that is not at `socket`, until they have said so.
fn wait_for_mixd(book: &mut Book, socket: &str) {
    for args in [
        &["watch", "--reconnect"][..],
        &["set-volume", "--stdin", "--reconnect"],
    ] {
        let mut command = book.mixctl(socket);
        command.args(args).stdin(Stdio::piped());
        let mut waiting = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(waiting.stderr.take().unwrap());
        let mut line = Vec::new();
        told.read_until(b'\n', &mut line).unwrap();
        waiting.kill().unwrap();
        let mut out = waiting.wait_with_output().unwrap();
        out.stderr = line;
        book.write(&args.join(" "), &out);
    }
}

#[allow(clippy::too_many_lines)] // a finding each
fn doctor(book: &mut Book) {
    book.section("What doctor finds");
    let mixd = Mixd::start_alone(&program().with_file_name("mixd"), &[]).unwrap();
    book.call(mixd.socket(), "@socket");
    let file = mixd.ctl(&["status", "--json"]).unwrap();
    let file: serde_json::Value = serde_json::from_str(&file).unwrap();
    book.call(
        file["config"]["file"].as_str().unwrap(),
        "/home/user/.config/mixd/mixd.conf",
    );
    book.run(mixd.socket(), &["doctor"]);
    let mut told = |status: Status<'static>, diagnosis: Diagnosis| {
        let fake = sick(status, diagnosis);
        book.call(fake.socket(), "@socket");
        book.run(fake.socket(), &["doctor"]);
    };
    told(quiet(), well());
    let unsaved = |what: &str| Some(format!("write {what}: read-only file system"));
    told(
        quiet(),
        Diagnosis {
            unsaved_list: unsaved("/home/user/.config/mixd/mixd.conf"),
            unsaved_volume: unsaved("/home/user/.local/state/mixd/volume"),
            ..well()
        },
    );
    let mut there = quiet();
    there.settings.to_mut().file = Some("/etc/passwd".to_owned());
    told(there, well());
    let changed = |change: fn(&mut Audio)| {
        let mut status = quiet();
        change(status.audio.to_mut());
        status
    };
    told(
        changed(|audio| audio.pipewire = PipeWireState::Down),
        well(),
    );
    told(changed(|audio| audio.pipewire = PipeWireState::Off), well());
    for outputs in [
        |outputs: &mut Outputs| *outputs = Outputs::default(),
        |outputs: &mut Outputs| outputs.aux = Some(output("card-b")),
    ] {
        let mut status = quiet();
        outputs(&mut status.audio.to_mut().outputs);
        told(status, well());
    }
    told(
        changed(|audio| {
            audio.streams[0].state = StreamState::Pinned;
            audio.streams[1].state = StreamState::Contested;
        }),
        well(),
    );
    told(
        changed(|audio| {
            audio.warnings = vec![
                Warning::OwnSinkIsDefault,
                Warning::OutputMissing,
                Warning::LeadsBack(NodeName::truncated("combined")),
                Warning::SinksRemoved,
                Warning::LinksRemoved,
                Warning::ManagerHangs,
                Warning::MovingForbidden,
                Warning::DefaultMuted,
                Warning::AuxMuted,
                Warning::DefaultLevelContested,
                Warning::AuxLevelContested,
            ];
        }),
        well(),
    );
    let mut status = quiet();
    status.settings.to_mut().file = None;
    told(status.clone(), well());
    status.settings.to_mut().problem =
        Some("mixd.conf:7: unknown directive 'curv', did you mean 'curve'?".into());
    told(status, well());
    let sinks = |names: &[&str]| names.iter().map(|name| NodeName::truncated(name)).collect();
    let names = ["mixd-default", "mixd-aux", "mixd-aux"];
    told(
        quiet(),
        Diagnosis {
            sinks: sinks(&names),
            stale: 1,
            ..well()
        },
    );
    told(
        quiet(),
        Diagnosis {
            sinks: sinks(&names[1..2]),
            stale: 2,
            ..well()
        },
    );
    told(
        quiet(),
        Diagnosis {
            sinks: vec![],
            manager: None,
            ..well()
        },
    );
    let pipewire = Some(ClientName::truncated("1.2.7"));
    told(quiet(), Diagnosis { pipewire, ..well() });
}
