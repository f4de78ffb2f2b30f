//! The window on a real X server and a real sway, with a real mixd on a real PipeWire: what is
//! done by hand is heard at the card. Pictures of each step are kept under `target/pictures`, to be
//! looked at.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lab::desktop::{Desktop, Sway, Weston, Xvfb};
use lab::level;
use lab::mixd::Mixd;
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};
use rustix::process::Signal;
use wire::{Reply, Request};

/// The window's size, where a test needs to know it; it lies at the screen's corner.
const SIZE: (u32, u32) = (480, 420);
/// The slider's middle, from the top.
const SLIDER: u32 = 68;
/// Where the slider's handle is at -1 and at 1.
const TRACK: (f64, f64) = (26.0, 454.0);
/// Where the arrows that send programs are, in the left and in the right column.
const ARROWS: (u32, u32) = (222, 450);

/// The colours of the dark theme.
const COOL: [u8; 3] = [0x6c, 0xb2, 0xff];
const WARM: [u8; 3] = [0xf5, 0xab, 0x5e];
const MUTED: [u8; 3] = [0x9c, 0xa8, 0xb8];
const TEXT: [u8; 3] = [0xe8, 0xec, 0xf2];
const BACKGROUND: [u8; 3] = [0x16, 0x19, 0x1f];

/// sway with a window of the size that the tests know, without anything around it.
const SWAY: &str = "output HEADLESS-1 resolution 480x420 bg #000000 solid_color\n\
                    default_border none\nseat * hide_cursor 1\n";

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mixview"))
}

fn mixd() -> PathBuf {
    program().with_file_name("mixd")
}

/// Where the handle is at a volume.
fn place(volume: f64) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let place = (TRACK.0 + (TRACK.1 - TRACK.0) * (volume + 1.0) / 2.0).round() as u32;
    place
}

struct Picture {
    width: u32,
    bytes: Vec<u8>,
}

impl Picture {
    fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let at = (y * self.width + x) as usize * 3;
        self.bytes[at..at + 3].try_into().unwrap()
    }

    /// Whether the handle's ring is there, in this colour.
    fn has_handle(&self, volume: f64, color: [u8; 3]) -> bool {
        let found = self.at(place(volume), SLIDER - 9);
        found.iter().zip(color).all(|(a, b)| a.abs_diff(b) < 24)
    }

    /// Whether the handle's ring is in the middle of a window that is so wide and has so many
    /// pixels for a logical one.
    fn has_middle(&self, width: u32, scale: f64) -> bool {
        // Of a narrower window the left part is seen.
        let width = f64::from(width) / scale;
        let (x, y) = (width.max(320.0) / 2.0, f64::from(SLIDER - 9));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let found = self.at((x * scale) as u32, (y * scale) as u32);
        found.iter().zip(TEXT).all(|(a, b)| a.abs_diff(b) < 24)
    }
}

fn read(path: &Path) -> Picture {
    let file = BufReader::new(File::open(path).unwrap());
    let mut decoder = png::Decoder::new(file);
    decoder.set_transformations(png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let bytes = match info.color_type {
        png::ColorType::Rgba => {
            let pixels = bytes.chunks_exact(4);
            pixels.flat_map(|pixel| pixel[..3].to_vec()).collect()
        }
        _ => bytes,
    };
    Picture {
        width: info.width,
        bytes,
    }
}

struct Session<'a> {
    // Ended in this order.
    window: Process,
    desktop: &'a dyn Desktop,
    name: &'static str,
    step: u32,
}

impl<'a> Session<'a> {
    fn open(
        lab: &Lab,
        desktop: &'a dyn Desktop,
        name: &'static str,
        socket: &str,
        args: &[&str],
    ) -> Self {
        let mut command = desktop.command(lab, program());
        command.args(["--socket", socket, "--theme", "dark"]);
        command.args(args);
        let log = lab.path("mixview.log");
        let window = Process::start_logged(&mut command, &log).unwrap();
        Self {
            window,
            desktop,
            name,
            step: 0,
        }
    }

    /// Waits until the window looks so; keeps the picture.
    fn shows(&mut self, lab: &Lab, what: &str, is_so: impl Fn(&Picture) -> bool) -> Duration {
        self.step += 1;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../pictures");
        fs::create_dir_all(&folder).unwrap();
        let file = what.replace(' ', "-");
        let path = folder.join(format!("mixview-{}-{:02}-{file}.png", self.name, self.step));
        let start = Instant::now();
        let looked = || {
            self.desktop.picture(lab, &path)?;
            Ok(is_so(&read(&path)).then_some(()))
        };
        wait_for(&format!("the window to show {what}"), TIMEOUT, looked).unwrap_or_else(|error| {
            let log = fs::read_to_string(lab.path("mixview.log")).unwrap_or_default();
            panic!(
                "{error}; the last picture is {}; its log: {log}",
                path.display()
            )
        });
        start.elapsed()
    }

    fn key(&self, lab: &Lab, modifiers: &[&str], key: &str) {
        self.desktop.key(lab, modifiers, key).unwrap();
    }
}

fn volume_of(mixd: &Mixd) -> String {
    let mut client = mixd.connect().unwrap();
    match client.request(&Request::GetVolume).unwrap() {
        Reply::Mix(mix) => mix.volume.to_string(),
        other => panic!("{other:?}"),
    }
}

fn wait_for_volume(mixd: &Mixd, volume: &str) {
    let is_so = || Ok((volume_of(mixd) == volume).then_some(()));
    wait_for(&format!("the volume {volume}"), TIMEOUT, is_so).unwrap();
}

/// What is to be left alone, the one program that plays, says so in its row, and is not sent.
fn shows_what_is_ignored(lab: &Lab, session: &mut Session, daemon: &Mixd) {
    daemon.ctl(&["ignore", "Game"]).unwrap();
    let has_badge = |picture: &Picture| picture.at(380, 266) != BACKGROUND;
    session.shows(lab, "the program ignored", has_badge);
    session.desktop.point(lab, ARROWS.0, 112).unwrap();
    session.desktop.button(lab, true).unwrap();
    session.desktop.button(lab, false).unwrap();
    session.shows(lab, "the refusal", |picture| {
        // Letters in the warning's colour, whose edges are mixed with what is behind them.
        let is_red = |[red, green, blue]: [u8; 3]| red > 120 && red / 5 > green.max(blue) / 4;
        (16..400).any(|x| is_red(picture.at(x, 404)))
    });
    daemon.ctl(&["undo"]).unwrap();
    session.shows(lab, "the program ours again", |picture| !has_badge(picture));
}

/// Everything that one does with the window, by hand.
fn is_used(lab: &Lab, desktop: &dyn Desktop, name: &'static str) {
    let tone = lab.path("tone.wav");
    level::write_tone(&tone, 440.0, 0.25, 300).unwrap();
    let daemon = Mixd::start(lab, &mixd()).unwrap();
    let socket = daemon.socket().to_owned();
    let _game = lab.play_native("Game", &tone, &[]).unwrap();
    lab.wait_for_route("Game", "mixd-default").unwrap();
    let mut session = Session::open(lab, desktop, name, &socket, &[]);
    session.shows(lab, "the middle", |picture| picture.has_handle(0.0, TEXT));

    // The slider, dragged: the card's level follows.
    let loud = lab.listen("card-a", Duration::from_secs(1)).unwrap();
    desktop.point(lab, place(0.0), SLIDER).unwrap();
    desktop.button(lab, true).unwrap();
    for volume in [0.1, 0.2, 0.3, 0.4, 0.5] {
        desktop.point(lab, place(volume), SLIDER + 20).unwrap();
    }
    desktop.button(lab, false).unwrap();
    wait_for_volume(&daemon, "0.5");
    session.shows(lab, "the handle dragged", |picture| {
        picture.has_handle(0.5, WARM)
    });
    std::thread::sleep(Duration::from_millis(500));
    let quiet = lab.listen("card-a", Duration::from_secs(1)).unwrap();
    let level = |recording: &level::Recording| recording.without_start(2).tone_level(440.0)[0];
    let change = level(&quiet) - level(&loud);
    assert!(
        (change - level::decibels(0.5)).abs() < 0.2,
        "the card's level has changed by {change:.2} dB"
    );

    // Somebody else moves it.
    daemon.ctl(&["set-volume", "-0.5"]).unwrap();
    let took = session.shows(lab, "the handle moved", |picture| {
        picture.has_handle(-0.5, COOL)
    });
    println!("{name}: the handle was seen to have moved {took:.1?} after mixctl had ended");

    // The keys of the slider.
    desktop.focus(lab, "mixview").unwrap();
    session.key(lab, &[], "Right");
    wait_for_volume(&daemon, "-0.45");
    session.key(lab, &["shift"], "Left");
    wait_for_volume(&daemon, "-0.46");
    desktop.type_text(lab, "0").unwrap();
    wait_for_volume(&daemon, "0");

    // A pattern, typed: what it matches moves while it plays.
    desktop.type_text(lab, "+").unwrap();
    desktop.type_text(lab, "Gam?").unwrap();
    session.shows(lab, "what is typed", |picture| picture.at(17, 240) == WARM);
    session.key(lab, &[], "Return");
    lab.wait_for_route("Game", "mixd-aux").unwrap();
    let has_undo = |picture: &Picture| picture.at(386, 404) == [0x22, 0x27, 0x30];
    session.shows(lab, "the pattern added", has_undo);
    // Taken off the list again, and that taken back.
    session.key(lab, &[], "Tab");
    session.key(lab, &[], "Delete");
    lab.wait_for_route("Game", "mixd-default").unwrap();
    session.shows(lab, "the pattern removed", has_undo);
    session.key(lab, &["ctrl"], "z");
    lab.wait_for_route("Game", "mixd-aux").unwrap();
    session.shows(lab, "the removal undone", |picture| !has_undo(picture));
    // Made again, and taken back by another hand: there is one past for all.
    session.key(lab, &["ctrl"], "y");
    lab.wait_for_route("Game", "mixd-default").unwrap();
    session.shows(lab, "the removal made again", has_undo);
    daemon.ctl(&["undo"]).unwrap();
    lab.wait_for_route("Game", "mixd-aux").unwrap();
    // Its arrow sends it to the other side, also when another pattern holds it too.
    daemon.ctl(&["add-program", "g*"]).unwrap();
    desktop.point(lab, ARROWS.1, 112).unwrap();
    desktop.button(lab, true).unwrap();
    desktop.button(lab, false).unwrap();
    lab.wait_for_route("Game", "mixd-default").unwrap();
    session.shows(lab, "the program sent", has_undo);
    shows_what_is_ignored(lab, &mut session, &daemon);
    // And a drag, from where it is no second click.
    desktop.point(lab, 40, 112).unwrap();
    desktop.button(lab, true).unwrap();
    desktop.point(lab, 200, 140).unwrap();
    desktop.point(lab, 340, 150).unwrap();
    session.shows(lab, "the program dragged", |picture| {
        picture.at(464, 160) == WARM || picture.at(465, 160) == WARM
    });
    desktop.button(lab, false).unwrap();
    lab.wait_for_route("Game", "mixd-aux").unwrap();
    desktop.type_text(lab, "?").unwrap();
    session.shows(lab, "the keys", |picture| {
        picture.at(430, 62) == [0x22, 0x27, 0x30]
    });
    session.key(lab, &[], "Escape");

    // mixd goes, and comes back.
    let mut daemon = daemon;
    daemon.end(Signal::KILL).unwrap();
    session.shows(lab, "that mixd is not there", |picture| {
        picture.has_handle(0.0, MUTED)
    });
    let start = Instant::now();
    let daemon = Mixd::start_again(lab, &mixd(), &socket).unwrap();
    // The slider's ends have their colours again.
    session.shows(lab, "that mixd is back", |picture| {
        picture.at(19, SLIDER) == COOL && picture.at(461, SLIDER) == WARM
    });
    println!(
        "{name}: back {:.1?} after mixd was started",
        start.elapsed()
    );
    drop(daemon);

    session.key(lab, &["ctrl"], "q");
    let status = session.window.wait(TIMEOUT).unwrap();
    assert_eq!(status.code(), Some(0));
    let log = fs::read_to_string(lab.path("mixview.log")).unwrap();
    assert_eq!(log, "", "a window that all is well with says nothing");
}

#[test]
fn the_window_is_used_on_an_x_server_without_a_window_manager() {
    let lab = Lab::start().unwrap();
    let desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    is_used(&lab, &desktop, "x11");
}

#[test]
fn the_window_is_used_on_sway() {
    let lab = Lab::start().unwrap();
    let desktop = Sway::start(&lab, SWAY).unwrap();
    is_used(&lab, &desktop, "sway");
}

/// The patterns on mixd's list.
fn listed(mixd: &Mixd) -> Vec<String> {
    let mut client = mixd.connect().unwrap();
    match client.request(&Request::ListPrograms).unwrap() {
        Reply::Programs(rules) => rules
            .iter()
            .map(|rule| rule.pattern().to_string())
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn wait_for_list(mixd: &Mixd, patterns: &[&str]) {
    let is_so = || Ok((listed(mixd) == patterns).then_some(()));
    let what = format!("the list {patterns:?}");
    wait_for(&what, TIMEOUT, is_so).unwrap_or_else(|error| panic!("{error}: {:?}", listed(mixd)));
}

/// How often the list was changed: takes it all back.
fn changes(mixd: &Mixd) -> usize {
    let mut client = mixd.connect().unwrap();
    std::iter::from_fn(|| client.request(&Request::Undo).ok()).count()
}

/// How long a key is held: some thirty repeats.
const HELD: Duration = Duration::from_millis(1500);
/// What has not happened by then does not happen.
const MEANWHILE: Duration = Duration::from_millis(500);

fn click(lab: &Lab, desktop: &dyn Desktop, (x, y): (u32, u32)) {
    desktop.point(lab, x, y).unwrap();
    desktop.button(lab, true).unwrap();
    desktop.button(lab, false).unwrap();
}

/// What the keys do that one holds, and those that cancel, undo and leave.
fn is_typed_in(lab: &Lab, desktop: &dyn Desktop, name: &'static str) {
    let tone = lab.path("tone.wav");
    level::write_tone(&tone, 440.0, 0.25, 300).unwrap();
    let daemon = Mixd::start(lab, &mixd()).unwrap();
    let _game = lab.play_native("Game", &tone, &[]).unwrap();
    lab.wait_for_route("Game", "mixd-default").unwrap();
    let mut session = Session::open(lab, desktop, name, daemon.socket(), &[]);
    session.shows(lab, "the middle", |picture| picture.has_handle(0.0, TEXT));
    desktop.focus(lab, "mixview").unwrap();
    let hold = |key: &str| desktop.hold(lab, key, HELD).unwrap();

    // A key of the slider repeats.
    hold("Right");
    wait_for_volume(&daemon, "1");
    // One that sends a program does not.
    session.key(lab, &[], "Tab");
    hold("Return");
    lab.wait_for_route("Game", "mixd-aux").unwrap();
    std::thread::sleep(MEANWHILE);
    assert_eq!(changes(&daemon), 1);
    lab.wait_for_route("Game", "mixd-default").unwrap();
    for pattern in ["a", "b", "c"] {
        daemon.ctl(&["add-program", pattern]).unwrap();
    }
    session.shows(lab, "three patterns", |picture| picture.at(21, 322) == WARM);
    session.key(lab, &[], "Tab");
    session.key(lab, &[], "Tab");
    hold("Delete");
    wait_for_list(&daemon, &["b", "c"]);

    // What is typed is taken back where it was typed.
    desktop.type_text(lab, "+typo").unwrap();
    for _ in 0..3 {
        session.key(lab, &["ctrl"], "z");
    }
    std::thread::sleep(MEANWHILE);
    assert_eq!(listed(&daemon), ["b", "c"]);
    // Esc leaves the field, however long it is held, and not the window.
    hold("Escape");
    session.key(lab, &[], "Escape");
    session.key(lab, &["ctrl"], "z");
    wait_for_list(&daemon, &["a", "b", "c"]);
    session.key(lab, &["ctrl", "shift"], "z");
    wait_for_list(&daemon, &["b", "c"]);
    session.key(lab, &["ctrl"], "z");
    wait_for_list(&daemon, &["a", "b", "c"]);
    session.key(lab, &["ctrl"], "y");
    wait_for_list(&daemon, &["b", "c"]);

    // A part of a name, and Enter.
    desktop.type_text(lab, "+gam").unwrap();
    session.key(lab, &[], "Return");
    wait_for_list(&daemon, &["b", "c", "Game"]);
    // An edit that is left.
    session.key(lab, &[], "Tab");
    session.key(lab, &[], "F2");
    desktop.type_text(lab, "d").unwrap();
    session.key(lab, &[], "Tab");
    wait_for_list(&daemon, &["d", "c", "Game"]);
    session.key(lab, &["shift"], "Tab");
    session.key(lab, &[], "F2");
    desktop.type_text(lab, "e").unwrap();
    click(lab, desktop, (240, 90));
    wait_for_list(&daemon, &["e", "c", "Game"]);

    // A drag that is given up.
    daemon.ctl(&["set-volume", "0"]).unwrap();
    desktop.point(lab, place(0.0), SLIDER).unwrap();
    desktop.button(lab, true).unwrap();
    desktop.point(lab, place(-0.3), SLIDER).unwrap();
    desktop.point(lab, place(-0.5), SLIDER).unwrap();
    wait_for_volume(&daemon, "-0.5");
    session.key(lab, &[], "Escape");
    wait_for_volume(&daemon, "0");
    desktop.button(lab, false).unwrap();
    // A drop on the left half of the field, of what was sent back before.
    click(lab, desktop, (ARROWS.1, 112));
    lab.wait_for_route("Game", "mixd-default").unwrap();
    desktop.point(lab, 40, 112).unwrap();
    desktop.button(lab, true).unwrap();
    desktop.point(lab, 60, 170).unwrap();
    desktop.point(lab, 60, 232).unwrap();
    desktop.button(lab, false).unwrap();
    lab.wait_for_route("Game", "mixd-aux").unwrap();

    assert!(session.window.ended().unwrap().is_none());
    session.key(lab, &["ctrl"], "w");
    let status = session.window.wait(TIMEOUT).unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn keys_do_what_they_say_on_x11() {
    let lab = Lab::start().unwrap();
    let desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    is_typed_in(&lab, &desktop, "x11-keys");
}

#[test]
fn keys_do_what_they_say_on_sway() {
    let lab = Lab::start().unwrap();
    let desktop = Sway::start(&lab, SWAY).unwrap();
    is_typed_in(&lab, &desktop, "sway-keys");
}

#[test]
fn a_key_that_is_held_since_before_the_focus_does_nothing_on_x11() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut session = Session::open(&lab, &desktop, "x11-held", daemon.socket(), &[]);
    session.shows(&lab, "the middle", |picture| picture.has_handle(0.0, TEXT));
    let xdotool = |args: &[&str]| {
        let mut command = desktop.command(&lab, Path::new("xdotool"));
        assert!(command.args(args).status().unwrap().success());
    };
    xdotool(&["keydown", "Right"]);
    desktop.focus(&lab, "mixview").unwrap();
    std::thread::sleep(HELD);
    xdotool(&["keyup", "Right"]);
    std::thread::sleep(MEANWHILE);
    assert_eq!(volume_of(&daemon), "0");
    session.key(&lab, &[], "Right");
    wait_for_volume(&daemon, "0.05");
}

/// A click raises the window, which lies beside another at the left, and sends nothing; the next one does.
fn is_raised(lab: &Lab, desktop: &dyn Desktop, name: &'static str) {
    let tone = lab.path("tone.wav");
    level::write_tone(&tone, 440.0, 0.25, 300).unwrap();
    let daemon = Mixd::start(lab, &mixd()).unwrap();
    let _game = lab.play_native("Game", &tone, &[]).unwrap();
    lab.wait_for_route("Game", "mixd-default").unwrap();
    let mut session = Session::open(lab, desktop, name, daemon.socket(), &[]);
    session.shows(lab, "a window alone", |picture| {
        picture.has_middle(960, 1.0)
    });
    let nobody = lab.path("nobody").to_str().unwrap().to_owned();
    let _other = Session::open(lab, desktop, name, &nobody, &[]);
    session.shows(lab, "two windows", |picture| picture.has_handle(0.0, TEXT));
    // A hand that shakes over the row.
    desktop.point(lab, 40, 112).unwrap();
    desktop.button(lab, true).unwrap();
    desktop.point(lab, 44, 112).unwrap();
    desktop.button(lab, false).unwrap();
    // The other has the focus again.
    click(lab, desktop, (720, 300));
    std::thread::sleep(MEANWHILE);
    click(lab, desktop, (ARROWS.0, 112));
    std::thread::sleep(MEANWHILE);
    assert_eq!(changes(&daemon), 0, "a click that raises sends nothing");
    click(lab, desktop, (ARROWS.0, 112));
    lab.wait_for_route("Game", "mixd-aux").unwrap();
}

#[test]
fn a_click_that_raises_the_window_sends_nothing_on_sway() {
    let lab = Lab::start().unwrap();
    let config = format!(
        "{}focus_follows_mouse no\n",
        SWAY.replace("480x420", "960x420")
    );
    let desktop = Sway::start(&lab, &config).unwrap();
    // Without a keyboard there is no focus.
    let mut command = desktop.command(&lab, Path::new("wtype"));
    command.args(["-s", "60000"]);
    let _keyboard = Process::start_logged(&mut command, &lab.path("wtype.log")).unwrap();
    is_raised(&lab, &desktop, "sway-raised");
}

#[test]
fn a_click_that_raises_the_window_sends_nothing_under_i3() {
    let lab = Lab::start().unwrap();
    let desktop = Xvfb::start(&lab, 960, 420).unwrap();
    let config = lab.path("i3.conf");
    let lines = "# i3 config file (v4)\nfont pango:monospace 8\nfocus_follows_mouse no\nmouse_warping none\n\
                 default_border none\n";
    fs::write(&config, lines).unwrap();
    let mut command = desktop.command(&lab, Path::new("i3"));
    command.arg("-c").arg(&config);
    let _i3 = Process::start_logged(&mut command, &lab.path("i3.log")).unwrap();
    let serves = || {
        let mut command = desktop.command(&lab, Path::new("i3-msg"));
        let out = command.args(["-t", "get_version"]).output()?;
        Ok(out.status.success().then_some(()))
    };
    wait_for("i3", TIMEOUT, serves).unwrap();
    is_raised(&lab, &desktop, "i3-raised");
}

/// How long the window is watched for what wakes it.
const WATCHED: Duration = Duration::from_secs(10);

/// What it costs while nothing happens, connected and not.
fn is_idle(lab: &Lab, desktop: &dyn Desktop, name: &'static str) {
    let mut daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let start = Instant::now();
    let mut session = Session::open(lab, desktop, name, daemon.socket(), &[]);
    session.shows(lab, "an idle window", |picture| {
        picture.has_handle(0.0, TEXT)
    });
    println!(
        "{name}: the first frame was seen {:.1?} after the start",
        start.elapsed()
    );
    // What follows the first frame: the desktop's greetings.
    std::thread::sleep(Duration::from_secs(1));
    let window = &session.window;
    let status = |key| window.proc_status(key).unwrap();
    println!(
        "{name}: {} KiB resident, {} KiB of them anonymous, {} thread",
        status("VmRSS"),
        status("RssAnon"),
        status("Threads")
    );
    assert_eq!(status("Threads"), 1);
    assert_eq!(window.wakeups_in(WATCHED).unwrap(), 0);
    daemon.end(Signal::TERM).unwrap();
    session.shows(lab, "that mixd is gone", |picture| {
        picture.has_handle(0.0, MUTED)
    });
    // Every two seconds it looks for mixd: an attempt, and no more than a few calls each.
    let count = session.window.wakeups_in(WATCHED).unwrap();
    assert!((3..=12).contains(&count), "woken {count} times");
}

#[test]
fn an_idle_window_is_not_woken_on_x11() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    is_idle(&lab, &desktop, "x11-idle");
}

#[test]
fn an_idle_window_is_not_woken_on_sway() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Sway::start(&lab, SWAY).unwrap();
    is_idle(&lab, &desktop, "sway-idle");
}

/// The window ends with 1 and a sentence.
fn ends(window: &mut Process, log: &Path, what: &str) {
    let status = window.wait(TIMEOUT).unwrap();
    let said = fs::read_to_string(log).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains(what), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn without_a_display_there_is_a_sentence() {
    for (set, told) in [
        (None, "neither WAYLAND_DISPLAY nor DISPLAY is set"),
        (Some(("DISPLAY", ":4711")), "DISPLAY=:4711: "),
        (
            Some(("WAYLAND_DISPLAY", "/nowhere")),
            "WAYLAND_DISPLAY=/nowhere: ",
        ),
    ] {
        let mut command = Command::new(program());
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
            command.env_remove(name);
        }
        let out = command.envs(set).output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        println!("{said}");
        assert_eq!(out.status.code(), Some(1));
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.starts_with(&format!("mixview: no display: {told}")),
            "{said}"
        );
        assert!(!said.contains(".rs"), "no place in a source file: {said}");
        assert!(
            said.ends_with("; start it in a desktop session, or use mixctl\n")
                && !said.contains(".;"),
            "{said}"
        );
    }
}

#[test]
fn a_variable_that_names_no_socket_is_wrong_usage_and_named() {
    let mut command = Command::new(program());
    let out = command.env("MIXD_SOCKET", "foo").output().unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert_eq!(said.matches("MIXD_SOCKET").count(), 1, "{said}");
    assert!(said.starts_with("mixview: MIXD_SOCKET: "), "{said}");
}

#[test]
fn an_x_server_that_goes_away_ends_it_with_a_sentence() {
    let lab = Lab::prepare(&[]).unwrap();
    let mut desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut session = Session::open(&lab, &desktop, "x11-gone", daemon.socket(), &[]);
    session.shows(&lab, "a window", |picture| picture.has_handle(0.0, TEXT));
    let mut window = session.window;
    desktop.process.end(Signal::KILL).unwrap();
    // Xlib says so itself, and ends the process: there is nobody to go on with.
    ends(&mut window, &lab.path("mixview.log"), "broken");
}

#[test]
fn a_compositor_that_goes_away_ends_it_with_a_sentence() {
    let lab = Lab::prepare(&[]).unwrap();
    let mut desktop = Sway::start(&lab, SWAY).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut session = Session::open(&lab, &desktop, "sway-gone", daemon.socket(), &[]);
    session.shows(&lab, "a window", |picture| picture.has_handle(0.0, TEXT));
    let mut window = session.window;
    desktop.process.end(Signal::KILL).unwrap();
    let log = lab.path("mixview.log");
    ends(&mut window, &log, "display");
    let said = fs::read_to_string(log).unwrap();
    assert_eq!(said, "mixview: the display has gone\n");
}

/// The title bar's background in the light theme.
const TITLE: [u8; 3] = [0xfa, 0xfa, 0xfa];

#[test]
fn where_nobody_draws_decorations_it_draws_them() {
    let lab = Lab::prepare(&[]).unwrap();
    let mut desktop = Weston::start(&lab).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut command = desktop.command(&lab, program());
    command.args(["--socket", daemon.socket(), "--theme", "light"]);
    let log = lab.path("mixview.log");
    let mut window = Process::start_logged(&mut command, &log).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../pictures");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("mixview-weston.png");
    let has_title = || {
        desktop.picture(&lab, &path)?;
        let picture = read(&path);
        let pixels = picture.bytes.chunks_exact(3);
        // A bar of 480 by some 35, less its words and buttons.
        let count = pixels.filter(|pixel| *pixel == TITLE).count();
        Ok((count > 8_000).then_some(()))
    };
    wait_for("a title bar", TIMEOUT, has_title).unwrap();
    assert_eq!(window.proc_status("Threads").unwrap(), 1);
    desktop.process.end(Signal::KILL).unwrap();
    ends(&mut window, &log, "display");
}

#[test]
fn it_follows_sway_through_sizes_and_scales_and_out_of_sight() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Sway::start(&lab, SWAY).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut session = Session::open(&lab, &desktop, "sway-sizes", daemon.socket(), &[]);
    let middle = |picture: &Picture| picture.has_handle(0.0, TEXT);
    session.shows(&lab, "a window", middle);
    let output = |words: &[&str]| {
        let words = [&["output", "HEADLESS-1"], words].concat();
        desktop.tell(&lab, &words).unwrap();
    };
    for scale in [1.5, 2.0, 1.25, 1.0] {
        output(&["scale", &scale.to_string()]);
        let step = format!("scale {scale}");
        session.shows(&lab, &step, |picture| picture.has_middle(480, scale));
    }
    for (width, height) in [(1280, 720), (320, 240), (200, 100), (480, 420)] {
        let size = format!("{width}x{height}");
        output(&["resolution", &size]);
        session.shows(&lab, &size, |picture| {
            picture.width == width && picture.has_middle(width, 1.0)
        });
    }
    session.shows(&lab, "the first size", middle);
    desktop
        .tell(&lab, &["[app_id=mixview]", "move", "scratchpad"])
        .unwrap();
    // Out of sight, it is not drawn; what happens meanwhile is seen after.
    for at in 0..50 {
        let volume = format!("-0.{:02}", at + 1);
        daemon.ctl(&["set-volume", &volume]).unwrap();
    }
    desktop
        .tell(&lab, &["[app_id=mixview]", "scratchpad", "show"])
        .unwrap();
    desktop
        .tell(&lab, &["[app_id=mixview]", "floating", "disable"])
        .unwrap();
    session.shows(&lab, "what has happened", |picture| {
        picture.has_handle(-0.5, COOL)
    });
    assert!(session.window.ended().unwrap().is_none());
}

#[test]
fn it_follows_x11_through_sizes_and_out_of_sight() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, 800, 600).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut session = Session::open(&lab, &desktop, "x11-sizes", daemon.socket(), &[]);
    let middle = |picture: &Picture| picture.has_handle(0.0, TEXT);
    session.shows(&lab, "a window", middle);
    let window = |args: &[&str]| {
        let mut command = desktop.command(&lab, Path::new("xdotool"));
        let found = ["search", "--classname", "^mixview$"];
        command.args(found).args(args);
        let out = command.output().unwrap();
        assert!(out.status.success(), "{out:?}");
    };
    for (width, height) in [(800, 600), (320, 240), (100, 50), (480, 420)] {
        let (w, h) = (width.to_string(), height.to_string());
        window(&["windowsize", "%@", &w, &h]);
        session.shows(&lab, &format!("{w}x{h}"), |picture| {
            // Beside it and below it is the bare screen.
            let is_bare = |x, y| x >= 800 || y >= 600 || picture.at(x, y) == [0, 0, 0];
            let is_window = |x, y| picture.at(x, y) != [0, 0, 0];
            let has_size =
                is_window(width - 1, height - 1) && is_bare(width, 0) && is_bare(0, height);
            has_size && (height < SLIDER || picture.has_middle(width, 1.0))
        });
    }
    session.shows(&lab, "the first size", middle);
    window(&["windowunmap", "%@"]);
    daemon.ctl(&["set-volume", "-0.5"]).unwrap();
    session.shows(&lab, "nothing", |picture| picture.at(240, 200) == [0, 0, 0]);
    window(&["windowmap", "%@"]);
    session.shows(&lab, "what has happened", |picture| {
        picture.has_handle(-0.5, COOL)
    });
    assert!(session.window.ended().unwrap().is_none());
}

#[test]
fn a_socket_that_appears_is_found() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    let socket = lab.path("mixd.socket");
    let socket = socket.to_str().unwrap();
    let mut session = Session::open(&lab, &desktop, "x11-appears", socket, &[]);
    session.shows(&lab, "that mixd is not there", |picture| {
        picture.has_handle(0.0, MUTED)
    });
    let start = Instant::now();
    let _mixd = Mixd::start_again(&lab, &mixd(), socket).unwrap();
    session.shows(&lab, "mixd", |picture| picture.has_handle(0.0, TEXT));
    println!("found {:.1?} after mixd was started", start.elapsed());
}
