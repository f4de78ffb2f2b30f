//! Everything that mixd says without any sound: each sentence is provoked and compared with
//! sentences.txt, for people to read. After a change of words,
//!
//!     MIXD_SENTENCES=write cargo test -p mixd --test sentences
//!
//! writes it anew.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use lab::process::{Folder, Process, wait_for};
use rustix::process::Signal;
use wire::{Client, Name, Request};

const TIMEOUT: Duration = Duration::from_secs(10);

/// The sentences so far, and the words in them that differ from run to run.
struct Book {
    text: String,
    folder: Folder,
    names: Vec<(String, &'static str)>,
}

impl Book {
    fn new() -> Self {
        let folder = Folder::new("mixd-sentences").unwrap();
        let names = vec![
            (folder.path().display().to_string(), "/home/user"),
            (format!("@mixd-{}", wire::socket::uid()), "@mixd-UID"),
            (env!("CARGO_BIN_EXE_mixd").to_owned(), "mixd"),
        ];
        Self {
            text: String::new(),
            folder,
            names,
        }
    }

    fn section(&mut self, title: &str) {
        let _ = write!(self.text, "# {title}\n\n");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// From here on `name` stands for a process.
    fn call(&mut self, mixd: &Process, name: &'static str) {
        self.names.insert(0, (format!("pid {}", mixd.pid()), name));
    }

    /// mixd in a home of its own, where `$mixd` stands for it in a shell's words.
    fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("cd \"$folder\" && {script}")])
            .env("folder", self.folder.path())
            .stdin(Stdio::null())
            .env("mixd", env!("CARGO_BIN_EXE_mixd"))
            .env("HOME", self.folder.path())
            .env("XDG_RUNTIME_DIR", self.folder.path());
        for name in [
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "MIXD_SOCKET",
            "NOTIFY_SOCKET",
            "LISTEN_FDS",
        ] {
            command.env_remove(name);
        }
        command
    }

    /// Adds what mixd says where it does not run.
    fn refused(&mut self, words: &str) {
        let script = words.replacen("mixd", "exec \"$mixd\"", 1);
        let out = self.shell(&script).output().unwrap();
        let code = out.status.code().unwrap();
        assert_ne!(code, 0, "{words}");
        let said = String::from_utf8(out.stderr).unwrap();
        self.write(words, &format!("{said}[{code}]\n"));
    }

    /// Adds what mixd logs until it ends; `done` uses it meanwhile.
    fn told(&mut self, words: &str, done: impl FnOnce(&Self, &mut Client)) {
        let log = self.path("log");
        let name = Name::parse(self.path("socket").as_os_str()).unwrap();
        let script = words.replacen("mixd", "exec \"$mixd\" --socket ./socket", 1);
        let mut mixd = Process::start_logged(&mut self.shell(&script), &log).unwrap();
        let served = || Ok(Client::connect(&name, "test").ok());
        let client = wait_for("mixd", TIMEOUT, served);
        let mut client = client.unwrap_or_else(|error| {
            panic!("{words}: {error}: {:?}", fs::read_to_string(&log));
        });
        done(self, &mut client);
        assert!(mixd.end(Signal::TERM).unwrap().success());
        let said = fs::read_to_string(&log).unwrap();
        let told = said.lines().filter(|line| !line.ends_with("socket"));
        let told: Vec<&str> = told.collect();
        self.write(words, &(told.join("\n") + "\n"));
    }

    fn write(&mut self, words: &str, said: &str) {
        let mut entry = format!("$ {words}\n{said}");
        for (value, name) in &self.names {
            entry = entry.replace(value, name);
        }
        let _ = writeln!(self.text, "{entry}");
    }
}

#[test]
fn every_sentence_is_as_it_was_read() {
    let mut book = Book::new();
    command_line(&mut book);
    names(&mut book);
    service_manager(&mut book);
    configuration(&mut book);
    state(&mut book);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sentences.txt");
    if std::env::var_os("MIXD_SENTENCES").is_some_and(|what| what == "write") {
        fs::write(path, &book.text).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if book.text != expected {
        let lines = book.text.lines().zip(expected.lines());
        let other = lines.clone().find(|(said, expected)| said != expected);
        panic!(
            "{other:?} (said, expected); read it, then \
             'MIXD_SENTENCES=write cargo test -p mixd --test sentences'"
        );
    }
}

fn command_line(book: &mut Book) {
    book.section("Wrong usage");
    for words in [
        "--nope",
        "up",
        "--socket",
        "--socket mixd",
        "--socket @",
        "--backend sound",
        "--glide 300",
        "--glide soon",
        "--output ''",
        "--ready-fd 1",
        "--ready-fd x",
        "--config",
        "--config ''",
        "--config /",
    ] {
        book.refused(&format!("mixd {words}"));
    }
    book.refused(&format!("mixd --socket ./{}", "x".repeat(120)));
    book.refused("MIXD_SOCKET=nowhere mixd");
}

fn names(book: &mut Book) {
    book.section("The name is taken, or can't be");
    fs::write(book.path("file"), "").unwrap();
    for words in [
        "--socket ./file",
        "--socket ./nowhere/socket",
        "--socket /proc/socket",
    ] {
        book.refused(&format!("mixd --backend none {words}"));
    }
    let log = book.path("other.log");
    let mut other = book.shell("exec \"$mixd\" --backend none --socket ./other");
    let other = Process::start_logged(&mut other, &log).unwrap();
    let listens = || {
        Ok(fs::read_to_string(&log)?
            .contains("listening")
            .then_some(()))
    };
    wait_for("the other one", TIMEOUT, listens).unwrap();
    book.call(&other, "pid OTHER");
    book.refused("mixd --backend none --socket ./other");
    other.signal(Signal::STOP).unwrap();
    book.refused("mixd --backend none --socket ./other # which is stopped");
    other.signal(Signal::CONT).unwrap();
}

fn service_manager(book: &mut Book) {
    book.section("Under a service manager");
    let passed = "LISTEN_PID=$$ LISTEN_FDS";
    for words in [
        format!("{passed}=1 mixd --backend none 3< /dev/null"),
        format!("{passed}=1 mixd --backend none 3<&-"),
        format!("{passed}=2 mixd --backend none"),
        format!("{passed}=1 mixd --backend none --ready-fd 3 3< /dev/null"),
        "mixd --backend none --ready-fd 9 9<&-".to_owned(),
    ] {
        book.refused(&words);
    }
    book.told("NOTIFY_SOCKET=/nowhere mixd --backend none", |_, _| {});
    book.told("mixd --backend none --ready-fd 9 9< /dev/null", |_, _| {});
}

fn configuration(book: &mut Book) {
    book.section("mixd.conf");
    let long = format!("program {}", "x".repeat(200));
    let programs = "program a\n".repeat(7000);
    for (what, text) in [
        ("curv cubic", &b"curv cubic"[..]),
        ("loudness 11", b"loudness 11"),
        ("curve", b"curve"),
        ("curve bent", b"curve bent"),
        ("curve linear, twice", b"curve linear\ncurve linear"),
        ("remember-volume maybe", b"remember-volume maybe"),
        ("glide 251", b"glide 251"),
        ("snap 0.6", b"snap 0.6"),
        ("program # all", b"program # all"),
        ("program [a", b"program [a"),
        ("program x=", b"program x="),
        ("program with a control character", b"program a\x07b"),
        ("output with a control character", b"output a\x07b"),
        ("a program of 200 bytes", long.as_bytes()),
        ("no UTF-8", b"program \xff"),
        ("70 KB", programs.as_bytes()),
    ] {
        fs::write(book.path("mixd.conf"), text).unwrap();
        book.told(
            &format!("mixd --backend none --config ./mixd.conf # {what}"),
            |_, _| {},
        );
    }
    fs::write(book.path("mixd.conf"), "glide 251\n").unwrap();
    let change = |book: &Book, _: &mut Client| {
        let wait = |sentence: &str| {
            let log = || fs::read_to_string(book.path("log")).unwrap();
            wait_for(sentence, TIMEOUT, || {
                Ok(log().contains(sentence).then_some(()))
            })
            .unwrap();
        };
        fs::write(book.path("mixd.conf"), "glide 250\n").unwrap();
        wait("read again");
        fs::write(book.path("mixd.conf"), "glide 252\n").unwrap();
        wait("all stays as it was");
    };
    book.told(
        "mixd --backend none --config ./mixd.conf # mended, then not",
        change,
    );
    fs::write(book.path("mixd.conf"), "").unwrap();
    fs::write(book.path("mixd.conf.saving"), "").unwrap();
    book.told(
        "mixd --backend none --config ./mixd.conf # which was cut short",
        |_, _| {},
    );
    fs::remove_file(book.path("mixd.conf.saving")).unwrap();
    book.told("mixd --backend none --config ./nowhere.conf", |_, _| {});
    book.told("mixd --backend none --config /etc", |_, _| {});
    book.told("HOME= mixd --backend none", |_, client| {
        client
            .request(&Request::AddProgram("a".parse().unwrap()))
            .unwrap();
    });
    book.told(
        "mixd --backend none --config /proc/mixd.conf",
        |_, client| {
            client
                .request(&Request::AddProgram("a".parse().unwrap()))
                .unwrap();
        },
    );
}

fn state(book: &mut Book) {
    book.section("The volume that outlasts mixd");
    let folder = book.path(".local/state/mixd");
    fs::create_dir_all(&folder).unwrap();
    for (what, text) in [
        ("2", "2"),
        ("garbage", "loud"),
        ("too much", &*"0".repeat(100)),
    ] {
        fs::write(folder.join("volume"), text).unwrap();
        book.told(&format!("mixd --backend none # it says {what}"), |_, _| {});
    }
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    book.told(
        "mixd --backend none # a file is where the folder should be",
        |_, client| {
            client
                .request(&Request::SetVolume("0.5".parse().unwrap()))
                .unwrap();
        },
    );
    fs::remove_file(&folder).unwrap();
}
