//! mixd.conf and the remembered volume, with a real mixd and no sound.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lab::mixd::Mixd;
use lab::process::{Folder, Process, namespace, wait_for};
use rustix::process::Signal;
use wire::message::Replacement;
use wire::{Client, Curve, Event, Name, Reply, Request, Settings, Status, Topic};

const TIMEOUT: Duration = Duration::from_secs(10);

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mixd"))
}

/// A home with a configuration, and a mixd in it.
struct Home {
    // Ended before the folder goes.
    mixd: Option<Mixd>,
    folder: Folder,
}

impl Home {
    fn empty() -> Self {
        let folder = Folder::new("mixd-home").unwrap();
        Self { mixd: None, folder }
    }

    fn with(text: &str) -> Self {
        let mut home = Self::empty();
        home.write(text);
        home.start(&[]);
        home
    }

    fn start(&mut self, args: &[&str]) {
        self.mixd = Some(Mixd::start_at(self.folder.path(), program(), args).unwrap());
    }

    fn mixd(&mut self) -> &mut Mixd {
        self.mixd.as_mut().unwrap()
    }

    fn end(&mut self, signal: Signal) {
        self.mixd().end(signal).unwrap();
        self.mixd = None;
    }

    fn conf(&self) -> PathBuf {
        self.folder.path().join("config/mixd/mixd.conf")
    }

    fn volume_file(&self) -> PathBuf {
        self.folder.path().join("state/mixd/volume")
    }

    fn write(&self, text: &str) {
        fs::create_dir_all(self.conf().parent().unwrap()).unwrap();
        fs::write(self.conf(), text).unwrap();
    }

    fn text(&self) -> String {
        fs::read_to_string(self.conf()).unwrap()
    }

    fn ctl(&mut self, args: &[&str]) -> String {
        self.mixd().ctl(args).unwrap()
    }

    fn status(&mut self) -> Status<'static> {
        status_of(&mut self.mixd().connect().unwrap())
    }

    fn wait_for(&mut self, what: &str, is_so: impl Fn(&Status) -> bool) {
        wait_for(what, TIMEOUT, || Ok(is_so(&self.status()).then_some(()))).unwrap();
    }

    fn programs(&mut self) -> Vec<String> {
        let status = self.status();
        let patterns = status.programs.iter().map(wire::Rule::pattern);
        patterns.map(ToString::to_string).collect()
    }
}

fn status_of(client: &mut Client) -> Status<'static> {
    match client.request(&Request::GetStatus).unwrap() {
        Reply::Status(status) => status,
        other => panic!("{other:?}"),
    }
}

fn settings_of(client: &mut Client) -> Settings {
    loop {
        match client.next_event(Some(Instant::now() + TIMEOUT)).unwrap() {
            Some(Event::Settings(settings)) => return settings.into_owned(),
            Some(_) => {}
            None => panic!("no event came"),
        }
    }
}

#[test]
fn each_directive_is_in_force_from_the_start() {
    let mut home = Home::with("program Discord # voice\ncurve quadratic\nsnap 0.1\n");
    let status = home.status();
    assert_eq!(home.programs(), ["Discord"]);
    assert_eq!(status.settings.curve, Curve::Quadratic);
    assert_eq!(status.settings.snap.to_string(), "0.1");
    assert_eq!(status.settings.problem, None);
    let file = status.settings.file.clone().unwrap();
    assert_eq!(Path::new(&file), home.conf());
    home.ctl(&["set-volume", "0.5"]);
    assert_eq!(home.status().mix.default.to_string(), "0.25");
}

#[test]
fn a_bad_line_changes_nothing_and_is_shown_until_it_is_mended() {
    let mut home = Home::with("program Discord\ncurve cubic\n");
    let mut client = home.mixd().connect().unwrap();
    let topics = [Topic::Settings].into_iter().collect();
    client.request(&Request::Subscribe(topics)).unwrap();
    assert_eq!(settings_of(&mut client).problem, None);
    home.write("program Mumble\ncurv linear\n");
    let told = settings_of(&mut client);
    let problem = "mixd.conf:2: unknown directive 'curv', did you mean 'curve'?";
    assert_eq!(told.problem.as_deref(), Some(problem));
    assert_eq!(told.curve, Curve::Cubic, "all stays as it was");
    assert_eq!(home.programs(), ["Discord"]);
    assert!(home.mixd().log().contains(problem));
    home.write("program Mumble\ncurve linear\n");
    let told = settings_of(&mut client);
    assert_eq!((told.problem, told.curve), (None, Curve::Linear));
    assert_eq!(home.programs(), ["Mumble"]);
}

#[test]
fn a_bad_file_at_the_start_is_told_and_keeps_nobody_from_starting() {
    let mut home = Home::with("nonsense\n");
    let problem = home.status().settings.problem.clone().unwrap();
    assert!(problem.starts_with("mixd.conf:1: unknown directive 'nonsense'"));
    let log = home.mixd().log();
    assert!(
        log.contains("the defaults hold until it is mended"),
        "{log}"
    );
    home.ctl(&["add-program", "Discord"]);
    assert_eq!(home.text(), "nonsense\nprogram Discord\n");
    assert_eq!(home.programs(), ["Discord"]);
}

#[test]
fn programs_are_added_and_removed_in_place() {
    let text = "# my programs\r\nprogram Mumble   # the old one\r\n\r\n# the rest\r\ncurve linear";
    let mut home = Home::with(text);
    fs::set_permissions(home.conf(), fs::Permissions::from_mode(0o640)).unwrap();
    home.ctl(&["add-program", "media.role=Game", "#1"]);
    home.ctl(&["remove-program", "MUMBLE"]);
    assert_eq!(
        home.text(),
        "# my programs\r\n# the old one\r\nprogram media.role=Game\r\nprogram \\#1\r\n\r\n\
         # the rest\r\ncurve linear"
    );
    let mode = fs::metadata(home.conf()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    home.end(Signal::TERM);
    home.start(&[]);
    assert_eq!(home.programs(), ["media.role=Game", "#1"]);
}

#[test]
fn a_program_takes_the_place_of_another_in_the_list_and_in_the_file() {
    let mut home = Home::with("program a # one\nprogram b # two\n# end");
    let mut client = home.mixd().connect().unwrap();
    let mut replace = |old: &str, new: &str| {
        client.request(&Request::ReplaceProgram(Replacement {
            new: new.parse().unwrap(),
            old: old.parse().unwrap(),
        }))
    };
    assert_eq!(replace("A", "c d").unwrap(), Reply::Done);
    let refused = replace("a", "x").unwrap_err().to_string();
    assert!(
        refused.contains("'a' is not on the program list"),
        "{refused}"
    );
    let refused = replace("b", "C D").unwrap_err().to_string();
    assert!(
        refused.contains("'C D' is on the program list already"),
        "{refused}"
    );
    assert_eq!(home.programs(), ["c d", "b"]);
    assert_eq!(home.text(), "program c d # one\nprogram b # two\n# end");
}

#[test]
fn whoever_changes_the_list_undo_brings_the_file_back_byte_for_byte() {
    let first = "# mine\r\n\tprogram b  # two\r\n\r\n# voice\nprogram a # one\ncurve cubic # end";
    let mut home = Home::with(first);
    let mut client = home.mixd().connect().unwrap();
    let pattern = |text: &str| text.parse().unwrap();
    let replacement = Replacement {
        new: pattern("c"),
        old: pattern("a"),
    };
    for request in [
        Request::RemoveProgram(pattern("B")),
        Request::IgnoreProgram(pattern("Ardour*")),
        Request::AddProgram(pattern("b")),
        Request::ReplaceProgram(replacement),
    ] {
        assert_eq!(client.request(&request).unwrap(), Reply::Done);
    }
    assert_eq!(
        home.text(),
        "# mine\r\n# two\r\n\r\nignore Ardour*\n# voice\nprogram c # one\nprogram b\ncurve cubic # end"
    );
    // By hand, and another change in the same moment.
    home.write("# all new\nprogram d # four\n");
    let request = Request::AddProgram(pattern("e"));
    assert_eq!(client.request(&request).unwrap(), Reply::Done);
    let last = "# all new\nprogram d # four\nprogram e\n";
    assert_eq!(home.text(), last);
    let mut said = Vec::new();
    while let Ok(Reply::Changed(change)) = client.request(&Request::Undo) {
        said.push(change.text.into_owned());
    }
    assert_eq!(home.text(), first);
    assert_eq!(home.programs(), ["b", "a"]);
    assert_eq!(
        said,
        [
            "took back 'add e': removed program e",
            "took back 'edit mixd.conf': added ignore Ardour*, program c, program b; removed program d",
            "took back 'replace a with c': added program a; removed program c",
            "took back 'add b': removed program b",
            "took back 'ignore Ardour*': removed ignore Ardour*",
            "took back 'remove B': added program b",
        ]
    );
    for _ in &said {
        client.request(&Request::Redo).unwrap();
    }
    assert_eq!(home.text(), last);
    let refused = client.request(&Request::Redo).unwrap_err().to_string();
    assert!(refused.contains("nothing to redo"), "{refused}");
}

#[test]
fn an_editor_that_removes_the_file_first_costs_no_line_of_it() {
    let mut home = Home::with("# mine\nprogram a # one\n");
    fs::remove_file(home.conf()).unwrap();
    home.ctl(&["add-program", "b"]);
    assert_eq!(home.text(), "# mine\nprogram a # one\nprogram b\n");
}

#[test]
fn a_missing_file_is_made_by_the_first_program() {
    let mut home = Home::empty();
    home.start(&[]);
    assert_eq!(home.status().settings.problem, None);
    home.ctl(&["add-program", "Discord"]);
    assert_eq!(home.text(), "program Discord\n");
}

#[test]
fn editors_of_every_style_are_followed() {
    let mut home = Home::with("program a\n");
    let folder = home.conf().parent().unwrap().to_owned();
    home.write("program b\n");
    home.wait_for("a write in place", |status| {
        &**status.programs[0].pattern() == "b"
    });
    fs::write(folder.join("mixd.conf.swp"), "program c\n").unwrap();
    fs::rename(folder.join("mixd.conf.swp"), home.conf()).unwrap();
    home.wait_for("a rename", |status| &**status.programs[0].pattern() == "c");
    fs::remove_file(home.conf()).unwrap();
    home.write("program d\n");
    home.wait_for("a new file", |status| {
        &**status.programs[0].pattern() == "d"
    });
    let dotfiles = home.folder.path().join("dotfiles");
    fs::create_dir_all(&dotfiles).unwrap();
    fs::write(dotfiles.join("mixd.conf"), "program e\n").unwrap();
    fs::remove_file(home.conf()).unwrap();
    symlink("../../dotfiles/mixd.conf", home.conf()).unwrap();
    home.wait_for("a link", |status| &**status.programs[0].pattern() == "e");
    fs::write(dotfiles.join("mixd.conf"), "program f\n").unwrap();
    home.wait_for("what it leads to", |status| {
        &**status.programs[0].pattern() == "f"
    });
    home.ctl(&["add-program", "g"]);
    let text = fs::read_to_string(dotfiles.join("mixd.conf")).unwrap();
    assert_eq!(text, "program f\nprogram g\n");
    assert!(fs::symlink_metadata(home.conf()).unwrap().is_symlink());
}

/// Mounts something where the configuration lies, in a mount namespace of mixd's own.
fn start_on(home: &mut Home, mount: &str) {
    let config = home.folder.path().join("config");
    fs::create_dir_all(&config).unwrap();
    let script = format!("{mount} && exec \"$@\"");
    let config = config.to_str().unwrap();
    let mut before = vec!["unshare"];
    before.extend(namespace());
    before.extend(["--mount", "--propagation", "unchanged"]);
    before.extend(["sh", "-c", &script, config]);
    home.mixd = Some(Mixd::start_behind(home.folder.path(), program(), &before).unwrap());
}

#[test]
fn a_rule_that_can_not_be_saved_works_and_the_reply_says_why() {
    let tmpfs = "mount -t tmpfs -o size=16k tmpfs \"$0\" && mkdir \"$0/mixd\" && \
                 echo '#' > \"$0/mixd/mixd.conf\"";
    let fill = "! dd if=/dev/zero of=\"$0/mixd/filler\" bs=1k count=64 2> /dev/null";
    let full = format!("{tmpfs} && {fill}");
    let readonly = format!("{tmpfs} && mount -o remount,ro \"$0\"");
    for (mount, reason) in [(full, "no space left"), (readonly, "read-only file system")] {
        let mut home = Home::empty();
        start_on(&mut home, &mount);
        let mut client = home.mixd().connect().unwrap();
        let pattern = "Discord".parse().unwrap();
        match client.request(&Request::AddProgram(pattern)).unwrap() {
            Reply::Unsaved(why) => {
                let why = why.to_lowercase();
                assert!(
                    why.contains(reason) && why.contains("/mixd/mixd.conf: "),
                    "{why}"
                );
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(home.programs(), ["Discord"], "in force");
        assert_eq!(home.status().settings.problem, None);
        // What is not saved can be taken back, and the file says so already.
        match client.request(&Request::Undo).unwrap() {
            Reply::Changed(change) => assert_eq!(change.unsaved, None),
            other => panic!("{other:?}"),
        }
        match client.request(&Request::Redo).unwrap() {
            Reply::Changed(change) => assert!(change.unsaved.is_some()),
            other => panic!("{other:?}"),
        }
        assert_eq!(home.programs(), ["Discord"]);
    }
}

#[test]
fn where_no_other_file_can_take_its_place_it_is_written_itself() {
    let mounted = "mkdir \"$0/mixd\" && echo 'program a # mine' > \"$0/mine\" && \
                   touch \"$0/mixd/mixd.conf\" && mount --bind \"$0/mine\" \"$0/mixd/mixd.conf\"";
    let readonly = "mount --bind \"$0/mixd\" \"$0/mixd\" && mount -o remount,bind,ro \"$0/mixd\" && \
                    mount --bind \"$0/mine\" \"$0/mixd/mixd.conf\"";
    for mount in [mounted.to_owned(), format!("{mounted} && {readonly}")] {
        let mut home = Home::empty();
        start_on(&mut home, &mount);
        let config = home.folder.path().join("config");
        let text = || fs::read_to_string(config.join("mine")).unwrap();
        let long = "b".repeat(100);
        for (args, expected) in [
            (
                ["add-program", &long],
                format!("program a # mine\nprogram {long}\n"),
            ),
            (["remove-program", &long], "program a # mine\n".to_owned()),
        ] {
            let out = home.mixd().try_mixctl(&args).unwrap();
            let said = String::from_utf8(out.stderr).unwrap();
            assert_eq!((out.status.code(), &*said), (Some(0), ""), "{mount}");
            assert_eq!(text(), expected, "{mount}");
        }
        // No copy is left, here or there.
        let state = home.folder.path().join("state/mixd");
        for folder in [config.join("mixd"), state] {
            let left = fs::read_dir(folder).into_iter().flatten();
            let names = left.map(|entry| entry.unwrap().file_name());
            let names: Vec<_> = names.filter(|name| name != "mixd.conf").collect();
            assert!(names.is_empty(), "{names:?}");
        }
    }
}

#[test]
fn doctor_says_what_can_not_be_saved() {
    let readonly = "mkdir \"$0/mixd\" && echo '#' > \"$0/mixd/mixd.conf\" && \
                    mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"";
    let mut home = Home::empty();
    // A file where the state's folder should be.
    fs::write(home.folder.path().join("state"), b"").unwrap();
    start_on(&mut home, readonly);
    let out = home.mixd().try_mixctl(&["doctor"]).unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    for part in ["the list can't be saved", "the volume can't be saved"] {
        assert!(said.contains(part), "{said}");
    }
    // And nothing that it tries is left.
    let left = fs::read_dir(home.folder.path().join("config/mixd")).unwrap();
    assert_eq!(left.count(), 1);
    let mut home = Home::with("program a\n");
    let out = home.mixd().try_mixctl(&["doctor"]).unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(!said.contains("can't be saved"), "{said}");
    let left = fs::read_dir(home.conf().parent().unwrap()).unwrap();
    assert_eq!(left.count(), 1);
    assert!(!home.folder.path().join("state").exists());
}

#[test]
fn a_change_that_is_not_told_is_read_on_request() {
    let mut home = Home::empty();
    // Below a file system that is mounted over it, in mixd's namespace alone, nothing is told here.
    let mount = "mkdir \"$0/mixd\" \"$0/over\" && echo 'program a' > \"$0/over/mixd.conf\" && \
                 mount --bind \"$0/mixd\" \"$0/mixd\"";
    start_on(&mut home, mount);
    assert_eq!(home.programs(), [""; 0]);
    let pid = home.mixd().process.pid().to_string();
    let config = home.folder.path().join("config");
    let mount = |from: &str| {
        let mut enter = Command::new("nsenter");
        enter.args(["--mount", "--root", "--target", &pid, "mount", "--bind"]);
        let made = enter
            .arg(config.join(from))
            .arg(config.join("mixd"))
            .status();
        assert!(made.unwrap().success());
    };
    mount("over");
    home.ctl(&["reload"]);
    assert_eq!(home.programs(), ["a"]);
    fs::write(config.join("over/mixd.conf"), "program\n").unwrap();
    let out = home.mixd().try_mixctl(&["reload"]).unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(
        said.contains("mixd.conf:1: 'program' has no value"),
        "{said}"
    );
    assert_eq!(home.programs(), ["a"], "as before");
    fs::write(config.join("over/mixd.conf"), "program b\n").unwrap();
    home.mixd().process.signal(Signal::USR1).unwrap();
    let read = || Ok((home.programs() == ["b"]).then_some(()));
    wait_for("SIGUSR1", TIMEOUT, read).unwrap();
}

#[test]
fn a_watch_that_can_not_be_set_is_tried_again_and_told() {
    let home = Home::empty();
    home.write("program a\n");
    let log = home.folder.path().join("log");
    let socket = lab::mixd::unused_socket();
    let text = || fs::read_to_string(&log).unwrap_or_default();
    let is_told = || text().contains("changes of the configuration may not be seen");
    // As many descriptors as it has before it asks for one to watch with.
    let mixd = (5..40).find_map(|limit| {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={limit}:4096")).arg(program());
        command.args(["--backend", "none", "--verbose", "--socket", &socket]);
        command
            .env("HOME", home.folder.path())
            .env_remove("XDG_STATE_HOME");
        command.env("XDG_CONFIG_HOME", home.folder.path().join("config"));
        let mut mixd = Process::start_logged(&mut command, &log).unwrap();
        let is_known = || {
            let ended = mixd.ended()?.is_some();
            Ok((ended || text().contains("listening at")).then_some(()))
        };
        wait_for("mixd's start", TIMEOUT, is_known).unwrap();
        is_told().then_some(mixd)
    });
    let mixd = mixd.expect("a limit");
    let tries = || Ok((text().matches("may still not be seen").count() >= 2).then_some(()));
    wait_for("two tries more", TIMEOUT, tries).unwrap();
    let mut raise = Command::new("prlimit");
    raise.args(["--pid", &mixd.pid().to_string(), "--nofile=4096:4096"]);
    assert!(raise.status().unwrap().success());
    // Longer than the pause before, of two seconds, it takes to the next try.
    let mut client = Client::connect(&Name::parse(socket.as_ref()).unwrap(), "test").unwrap();
    let problem = status_of(&mut client).settings.problem.clone().unwrap();
    assert!(problem.contains("too many open files"), "{problem}");
    home.write("program b\n");
    let seen = || {
        let settings = &status_of(&mut client).settings;
        Ok(settings.problem.is_none().then_some(()))
    };
    wait_for("the watch", TIMEOUT, seen).unwrap();
    home.write("program c\n");
    let read = || {
        let programs = &status_of(&mut client).programs;
        Ok((programs.iter().map(|one| &**one.pattern()).eq(["c"])).then_some(()))
    };
    wait_for("the change", TIMEOUT, read).unwrap();
}

#[test]
fn what_limits_the_size_of_files_ends_nothing() {
    let mut home = Home::empty();
    home.write("program a\n");
    let before = ["prlimit", "--fsize=4:4"];
    // Its log is a file as well.
    let started = Mixd::start_behind(home.folder.path(), program(), &before);
    home.mixd = Some(started.unwrap());
    let mut client = home.mixd().connect().unwrap();
    let pattern = "Discord".parse().unwrap();
    match client.request(&Request::AddProgram(pattern)).unwrap() {
        Reply::Unsaved(why) => assert!(why.contains("file too large"), "{why}"),
        other => panic!("{other:?}"),
    }
    home.ctl(&["set-volume", "-0.123"]);
    home.end(Signal::TERM);
    assert_eq!(home.text(), "program a\n");
    assert!(!home.volume_file().exists());
}

#[test]
fn the_command_line_names_another_file() {
    let mut home = Home::empty();
    let path = home.folder.path().join("other.conf");
    fs::write(&path, "program Discord\n").unwrap();
    home.start(&["--config", path.to_str().unwrap()]);
    assert_eq!(home.programs(), ["Discord"]);
    assert!(!home.conf().exists());
}

#[test]
fn the_volume_outlasts_the_daemon_however_it_ends() {
    let mut home = Home::empty();
    home.start(&[]);
    for (signal, volume) in [
        (Signal::TERM, "-0.25"),
        (Signal::INT, "-0.5"),
        (Signal::QUIT, "0.5"),
    ] {
        home.ctl(&["set-volume", volume]);
        let status = home.mixd().end(signal).unwrap();
        assert!(status.success(), "{signal:?}: {status}");
        let text = fs::read_to_string(home.volume_file()).unwrap();
        assert_eq!(text, format!("{volume}\n"));
        home.start(&[]);
        assert_eq!(home.status().mix.volume.to_string(), volume);
    }
    home.ctl(&["set-volume", "0.75"]);
    std::thread::sleep(Duration::from_secs(2));
    home.end(Signal::KILL);
    home.start(&[]);
    assert_eq!(home.status().mix.volume.to_string(), "0.75");
}

#[test]
fn garbage_in_the_volume_file_is_told_and_ignored() {
    let mut home = Home::empty();
    fs::create_dir_all(home.volume_file().parent().unwrap()).unwrap();
    for garbage in [&b"loud\n"[..], b"", b"\xff\xfe", b"2", b"nan"] {
        fs::write(home.volume_file(), garbage).unwrap();
        home.start(&[]);
        assert_eq!(home.status().mix.volume.to_string(), "0");
        assert!(home.mixd().log().contains("the volume is 0"), "{garbage:?}");
        home.end(Signal::KILL);
    }
}

#[test]
fn a_volume_file_that_is_a_pipe_keeps_nobody_waiting() {
    let mut home = Home::empty();
    fs::create_dir_all(home.volume_file().parent().unwrap()).unwrap();
    let made = Command::new("mkfifo").arg(home.volume_file()).status();
    assert!(made.unwrap().success());
    home.start(&[]);
    assert_eq!(home.status().mix.volume.to_string(), "0");
    assert!(home.mixd().log().contains("it is not a file"));
}

#[test]
fn a_volume_that_is_not_to_be_remembered_is_not() {
    let mut home = Home::with("remember-volume no\n");
    home.ctl(&["set-volume", "0.5"]);
    home.end(Signal::TERM);
    assert!(!home.volume_file().exists());
    // Until it is.
    home.start(&[]);
    home.ctl(&["set-volume", "0.75"]);
    home.write("remember-volume yes\n");
    let saved = || Ok(fs::read_to_string(home.volume_file()).ok());
    assert_eq!(wait_for("the file", TIMEOUT, saved).unwrap(), "0.75\n");
}

#[test]
fn a_file_that_may_not_be_written_is_left_alone() {
    let mut home = Home::with("program a\n");
    fs::set_permissions(home.conf(), fs::Permissions::from_mode(0o444)).unwrap();
    let out = home.mixd().try_mixctl(&["add-program", "b"]).unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(0), "{said}");
    let path = home.conf();
    let why = format!(
        "done, but not saved: write {}: it is read-only",
        path.display()
    );
    assert!(said.contains(&why), "{said}");
    assert_eq!(
        (home.programs().len(), home.text()),
        (2, "program a\n".into())
    );
}

#[test]
fn a_held_volume_is_given_back_and_not_remembered() {
    let mut home = Home::empty();
    home.start(&[]);
    home.ctl(&["set-volume", "0.25"]);
    let mut holder = home.mixd().connect().unwrap();
    let volume = "-1".parse().unwrap();
    holder.request(&Request::HoldVolume(volume)).unwrap();
    assert_eq!(home.status().mix.volume.to_string(), "-1");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(fs::read_to_string(home.volume_file()).unwrap(), "0.25\n");
    drop(holder);
    home.wait_for("the old volume", |status| {
        status.mix.volume.to_string() == "0.25"
    });
}

#[test]
fn a_volume_that_is_set_to_what_is_held_is_remembered() {
    let mut home = Home::empty();
    home.start(&[]);
    let path = home.volume_file();
    let wait_for_saved = |volume: &str| {
        let saved = || fs::read_to_string(&path).ok();
        let is_saved = || Ok(saved().filter(|saved| saved.trim() == volume));
        wait_for("the saved volume", TIMEOUT, is_saved).unwrap();
    };
    home.ctl(&["set-volume", "0.25"]);
    wait_for_saved("0.25");
    let mut holder = home.mixd().connect().unwrap();
    let volume = "-1".parse().unwrap();
    holder.request(&Request::HoldVolume(volume)).unwrap();
    home.ctl(&["set-volume", "-1"]);
    wait_for_saved("-1");
    home.end(Signal::KILL);
    home.start(&[]);
    assert_eq!(home.status().mix.volume.to_string(), "-1");
}

#[test]
fn nothing_wakes_the_daemon_while_nothing_changes() {
    let mut home = Home::with("program a\n");
    home.ctl(&["set-volume", "0.5"]);
    std::thread::sleep(Duration::from_secs(2));
    let count = home.mixd().process.wakeups_in(Duration::from_secs(5));
    assert_eq!(count.unwrap(), 0);
}
