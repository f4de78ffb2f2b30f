//! Copying and pasting between the window and other programs, on a real X server and a real sway.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lab::desktop::{Desktop, Sway, Xvfb};
use lab::mixd::Mixd;
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};
use rustix::process::Signal;
use wire::{Reply, Request};

/// The ring of the focused field in the dark theme.
const WARM: [u8; 3] = [0xf5, 0xab, 0x5e];

const SWAY: &str = "output HEADLESS-1 resolution 480x420 bg #000000 solid_color\n\
                    default_border none\nseat * hide_cursor 1\n";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Selection {
    Clipboard,
    Primary,
}
use Selection::{Clipboard, Primary};

/// The window, and a program that copies and pastes beside it.
struct Session<'a> {
    lab: &'a Lab,
    desktop: &'a dyn Desktop,
    is_wayland: bool,
    window: Process,
    daemon: Mixd,
}

impl<'a> Session<'a> {
    fn open(lab: &'a Lab, desktop: &'a dyn Desktop, is_wayland: bool) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_mixview"));
        let daemon = Mixd::start_alone(&program.with_file_name("mixd"), &[]).unwrap();
        let mut command = desktop.command(lab, program);
        command.args(["--socket", daemon.socket(), "--theme", "dark"]);
        let window = Process::start_logged(&mut command, &lab.path("mixview.log")).unwrap();
        let session = Self {
            lab,
            desktop,
            is_wayland,
            window,
            daemon,
        };
        session.sees("the window", |picture| picture.at(240, 210) != [0, 0, 0]);
        desktop.focus(lab, "mixview").unwrap();
        session
    }

    fn key(&self, modifiers: &[&str], key: &str) {
        self.desktop.key(self.lab, modifiers, key).unwrap();
    }

    fn write(&self, text: &str) {
        self.desktop.type_text(self.lab, text).unwrap();
    }

    /// Starts a program that has copied this.
    fn copies(&self, selection: Selection, text: &str) -> Process {
        let script = match (self.is_wayland, selection) {
            (true, Clipboard) => "exec wl-copy -f <\"$1\"",
            (true, Primary) => "exec wl-copy -p -f <\"$1\"",
            (false, Clipboard) => "exec xclip -quiet -sel clipboard \"$1\"",
            (false, Primary) => "exec xclip -quiet -sel primary \"$1\"",
        };
        let mut command = self.desktop.command(self.lab, Path::new("sh"));
        let file = self.lab.path("copied");
        std::fs::write(&file, text).unwrap();
        command.args(["-c", script, "sh"]).arg(&file);
        let log = self.lab.path("copies.log");
        let owner = Process::start_logged(&mut command, &log).unwrap();
        self.pastes(selection, text);
        owner
    }

    /// Waits until another program pastes this.
    fn pastes(&self, selection: Selection, text: &str) {
        let (program, args): (_, &[&str]) = match (self.is_wayland, selection) {
            (true, Clipboard) => ("wl-paste", &["-n"]),
            (true, Primary) => ("wl-paste", &["-n", "-p"]),
            (false, Clipboard) => ("xclip", &["-o", "-sel", "clipboard"]),
            (false, Primary) => ("xclip", &["-o", "-sel", "primary"]),
        };
        let mut last = String::new();
        let is_so = || {
            let mut command = self.desktop.command(self.lab, Path::new(program));
            let out = command.args(args).output()?;
            last = format!("{out:?}");
            Ok((out.status.success() && out.stdout == text.as_bytes()).then_some(()))
        };
        wait_for(&format!("{text} to be pasted"), TIMEOUT, is_so)
            .unwrap_or_else(|error| panic!("{error}; last: {last}"));
    }

    fn wait_for_list(&self, patterns: &[&str]) {
        let mut client = self.daemon.connect().unwrap();
        let mut last = Vec::new();
        let is_so = || {
            let Reply::Programs(rules) = client.request(&Request::ListPrograms)? else {
                return Ok(None);
            };
            last = rules
                .iter()
                .map(|rule| rule.pattern().to_string())
                .collect();
            Ok((last == patterns).then_some(()))
        };
        wait_for(&format!("the list {patterns:?}"), TIMEOUT, is_so)
            .unwrap_or_else(|error| panic!("{error}: {last:?}"));
    }

    /// Waits until the window looks so. Returns how long that took.
    fn sees(&self, what: &str, is_so: impl Fn(&Picture) -> bool) -> Duration {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../pictures");
        std::fs::create_dir_all(&folder).unwrap();
        let desktop = if self.is_wayland { "sway" } else { "x11" };
        let path = folder.join(format!(
            "clipboard-{desktop}-{}.png",
            what.replace(' ', "-")
        ));
        let start = Instant::now();
        let looked = || {
            let picture = self.look(&path)?;
            Ok(is_so(&picture).then_some(()))
        };
        wait_for(what, TIMEOUT, looked).unwrap_or_else(|error| panic!("{error}"));
        start.elapsed()
    }

    fn look(&self, path: &PathBuf) -> lab::Result<Picture> {
        self.desktop.picture(self.lab, path)?;
        let mut decoder = png::Decoder::new(BufReader::new(File::open(path)?));
        decoder.set_transformations(png::Transformations::STRIP_16);
        let mut reader = decoder.read_info()?;
        let mut bytes = vec![0; reader.output_buffer_size().ok_or("no size")?];
        let info = reader.next_frame(&mut bytes)?;
        Ok(Picture {
            width: info.width as usize,
            samples: info.color_type.samples(),
            bytes,
        })
    }

    /// The middle of the focused field, from the top.
    fn field(&self) -> u32 {
        let path = self.lab.path("field.png");
        let picture = self.look(&path).unwrap();
        let rows = (100..400).filter(|y| picture.at(120, *y) == WARM);
        let rows: Vec<u32> = rows.collect();
        (rows.first().unwrap() + rows.last().unwrap()) / 2
    }

    fn click(&self) {
        self.desktop.button(self.lab, true).unwrap();
        self.desktop.button(self.lab, false).unwrap();
    }
}

struct Picture {
    width: usize,
    samples: usize,
    bytes: Vec<u8>,
}

impl Picture {
    fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let at = (y as usize * self.width + x as usize) * self.samples;
        self.bytes[at..at + 3].try_into().unwrap()
    }
}

fn text_goes_both_ways(lab: &Lab, desktop: &dyn Desktop, is_wayland: bool) {
    let mut session = Session::open(lab, desktop, is_wayland);
    let threads = |session: &Session| session.window.proc_status("Threads").unwrap();
    let before = threads(&session);

    // Another program's text, with a line's end, by Ctrl+V and by Shift+Insert.
    let _owner = session.copies(Clipboard, "mpv\n");
    session.write("+");
    session.key(&["ctrl"], "v");
    std::thread::sleep(Duration::from_millis(300));
    session.key(&[], "Return");
    session.wait_for_list(&["mpv"]);
    let _owner = session.copies(Clipboard, "vl\tc");
    session.key(&["shift"], "Insert");
    std::thread::sleep(Duration::from_millis(300));
    session.key(&[], "Return");
    session.wait_for_list(&["mpv", "vl c"]);

    // A long text, which X11 passes in pieces: as far as there is room.
    let _owner = session.copies(Clipboard, &"x".repeat(300_000));
    session.key(&["ctrl"], "v");
    std::thread::sleep(Duration::from_millis(500));
    session.key(&["ctrl"], "a");
    session.pastes(Primary, &"x".repeat(1024));
    session.key(&[], "Delete");

    // Its own, in others: by keys.
    session.write("alpha beta");
    session.key(&["ctrl", "shift"], "Left");
    session.pastes(Primary, "beta");
    session.key(&["ctrl"], "c");
    session.pastes(Clipboard, "beta");
    session.key(&["ctrl"], "a");
    session.pastes(Primary, "alpha beta");
    session.key(&["shift"], "Delete");
    session.pastes(Clipboard, "alpha beta");
    // What the window has copied itself.
    session.key(&["shift"], "Insert");
    std::thread::sleep(Duration::from_millis(300));
    session.key(&["shift"], "Home");
    session.pastes(Primary, "alpha beta");

    // By the pointer: a click, a word, all, and with Shift.
    let y = session.field();
    desktop.point(lab, 30, y).unwrap();
    session.click();
    session.click();
    session.pastes(Primary, "alpha");
    std::thread::sleep(Duration::from_millis(500));
    for _ in 0..3 {
        session.click();
    }
    session.pastes(Primary, "alpha beta");
    session.key(&["ctrl"], "Insert");
    session.pastes(Clipboard, "alpha beta");
    session.key(&[], "End");
    std::thread::sleep(Duration::from_millis(500));
    desktop.point(lab, 26, y).unwrap();
    desktop.button(lab, true).unwrap();
    desktop.point(lab, 60, y).unwrap();
    desktop.point(lab, 400, y).unwrap();
    desktop.button(lab, false).unwrap();
    session.pastes(Primary, "alpha beta");
    session.key(&[], "Delete");
    let _owner = session.copies(Primary, "zeta");
    std::thread::sleep(Duration::from_millis(500));
    desktop.middle_click(lab).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    session.key(&[], "Return");
    session.wait_for_list(&["mpv", "vl c", "zeta"]);

    // At rest it wakes up as rarely as before.
    let added = threads(&session) - before;
    assert_eq!(added, u64::from(!is_wayland));
    std::thread::sleep(Duration::from_millis(500));
    let wakeups = session.window.wakeups_in(Duration::from_secs(3)).unwrap();
    assert!(wakeups <= 1, "{wakeups} wake-ups in 3 s");

    // Without mixd the command that starts it.
    session.key(&[], "Escape");
    session.key(&[], "Escape");
    session.daemon.end(Signal::KILL).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    session.key(&["ctrl"], "c");
    let socket = session.daemon.socket();
    session.pastes(Clipboard, &format!("mixd --socket {socket}"));
    session.sees("what was copied", |_| true);
    assert!(session.window.ended().unwrap().is_none());
}

#[test]
fn text_goes_both_ways_on_x11() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, 480, 420).unwrap();
    text_goes_both_ways(&lab, &desktop, false);
}

#[test]
fn text_goes_both_ways_on_sway() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Sway::start(&lab, SWAY).unwrap();
    text_goes_both_ways(&lab, &desktop, true);
}

/// A window whose text is asked of an owner that hangs goes on, and takes the next owner's.
fn an_owner_hangs(lab: &Lab, desktop: &dyn Desktop, is_wayland: bool) {
    let session = Session::open(lab, desktop, is_wayland);
    let hung = session.copies(Clipboard, "late");
    // What was asked for before is still on its way.
    std::thread::sleep(Duration::from_millis(200));
    hung.signal(Signal::STOP).unwrap();
    session.write("+");
    session.sees("the field", |picture| {
        (100..400).any(|y| picture.at(120, y) == WARM)
    });
    // A window that waited for the owner of X11's clipboard would wait 400 ms each time; one of Wayland's, for ever.
    for _ in 0..10 {
        session.key(&["ctrl"], "v");
    }
    let before = session.look(&lab.path("before.png")).unwrap();
    session.daemon.ctl(&["set-volume", "1"]).unwrap();
    let took = session.sees("the slider while the owner hangs", |picture| {
        picture.bytes != before.bytes
    });
    assert!(took < Duration::from_secs(2), "that took {took:.1?}");
    session.write("x");
    // Until each has been asked for in vain.
    std::thread::sleep(Duration::from_millis(4500));
    hung.signal(Signal::CONT).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    session.key(&[], "Return");
    session.wait_for_list(&["x"]);
    let _owner = session.copies(Clipboard, "next");
    session.key(&["ctrl"], "v");
    std::thread::sleep(Duration::from_millis(300));
    session.key(&[], "Return");
    session.wait_for_list(&["x", "next"]);
}

#[test]
fn an_owner_that_hangs_does_not_hold_the_window_up_on_x11() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, 480, 420).unwrap();
    an_owner_hangs(&lab, &desktop, false);
}

#[test]
fn an_owner_that_hangs_does_not_hold_the_window_up_on_sway() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Sway::start(&lab, SWAY).unwrap();
    an_owner_hangs(&lab, &desktop, true);
}
