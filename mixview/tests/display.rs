//! The window on a real X server and a real sway, with a real mixd on a real PipeWire: what is
//! done by hand is heard at the card. Pictures of each step are kept under `target/pictures`, to be
//! looked at.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::{self, File, Permissions};
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lab::desktop::{Desktop, Sway, Weston, Xvfb};
use lab::level;
use lab::mixd::Mixd;
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};
use rustix::process::Signal;
use wire::{Channel, Reply, Request, StreamState, Volume};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt, ImageFormat};

/// The window's size, where a test needs to know it; it lies at the screen's corner.
const SIZE: (u32, u32) = (480, 420);
/// The slider's middle, from the top.
const SLIDER: u32 = 68;
/// Where the slider's handle is at -1 and at 1.
const TRACK: (f64, f64) = (26.0, 454.0);
/// The first row of programs, the field for a pattern and the first row of patterns, from the top.
const PROGRAM: u32 = 112;
const FIELD: u32 = 256;
const PATTERN: u32 = 290;
/// The height of a row.
const ROW: u32 = 28;
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

#[track_caller]
fn wait_for_volume(mixd: &Mixd, volume: &str) {
    let is_so = || Ok((volume_of(mixd) == volume).then_some(()));
    if let Err(error) = wait_for(&format!("the volume {volume}"), TIMEOUT, is_so) {
        panic!("{error}, but {}", volume_of(mixd));
    }
}

/// What is to be left alone, the one program that plays, says so in its row, and is not sent.
fn shows_what_is_ignored(lab: &Lab, session: &mut Session, daemon: &Mixd) {
    daemon.ctl(&["ignore", "Game"]).unwrap();
    let has_badge = |picture: &Picture| picture.at(380, PATTERN) != BACKGROUND;
    session.shows(lab, "the program ignored", has_badge);
    session.desktop.point(lab, ARROWS.0, PROGRAM).unwrap();
    session.desktop.button(lab, true).unwrap();
    session.desktop.button(lab, false).unwrap();
    session.shows(lab, "the refusal", |picture| {
        // The sign, whose edges are mixed with what is behind them.
        let is_red = |[red, green, blue]: [u8; 3]| red > 120 && red / 5 > green.max(blue) / 4;
        (8..40).any(|x| is_red(picture.at(x, 360)))
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
    let has_ring = |picture: &Picture| picture.at(17, FIELD) == WARM;
    session.shows(lab, "what is typed", has_ring);
    session.key(lab, &[], "Return");
    lab.wait_for_route("Game", "mixd-aux").unwrap();
    let has_undo = |picture: &Picture| picture.at(326, 404) == [0x22, 0x27, 0x30];
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
    desktop.point(lab, ARROWS.1, PROGRAM).unwrap();
    desktop.button(lab, true).unwrap();
    desktop.button(lab, false).unwrap();
    lab.wait_for_route("Game", "mixd-default").unwrap();
    session.shows(lab, "the program sent", has_undo);
    shows_what_is_ignored(lab, &mut session, &daemon);
    // And a drag, from where it is no second click.
    desktop.point(lab, 40, PROGRAM).unwrap();
    desktop.button(lab, true).unwrap();
    desktop.point(lab, 200, 140).unwrap();
    desktop.point(lab, 340, 150).unwrap();
    session.shows(lab, "the program dragged", |picture| {
        picture.at(462, 160) == WARM || picture.at(463, 160) == WARM
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

/// What is tried in a session on a desktop, whose pictures have this name.
type Trial = fn(&Lab, &dyn Desktop, &'static str);

/// Tries something on an X server without a window manager.
fn on_x11(trial: Trial, name: &'static str) {
    let lab = Lab::start().unwrap();
    let desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    trial(&lab, &desktop, name);
}

/// Tries something on sway.
fn on_sway(trial: Trial, name: &'static str) {
    let lab = Lab::start().unwrap();
    let desktop = Sway::start(&lab, SWAY).unwrap();
    trial(&lab, &desktop, name);
}

#[test]
fn the_window_is_used_on_an_x_server_without_a_window_manager() {
    on_x11(is_used, "x11");
}

#[test]
fn the_window_is_used_on_sway() {
    on_sway(is_used, "sway");
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

    // A key of the slider repeats: as often as the machine finds the time to, and more than once.
    hold("Right");
    let step = "0.05".parse::<Volume>().unwrap();
    wait_for("a second step", TIMEOUT, || {
        let volume = volume_of(&daemon).parse::<Volume>()?;
        Ok((volume > step).then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error}: {}", volume_of(&daemon)));
    for _ in 0..4 {
        if volume_of(&daemon) != "1" {
            hold("Right");
        }
    }
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
    let has_third = |picture: &Picture| picture.at(21, PATTERN + 2 * ROW) == WARM;
    session.shows(lab, "three patterns", has_third);
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
    // What it is given up to is the volume that the window knew when it began.
    session.shows(lab, "the middle again", |picture| {
        picture.has_handle(0.0, TEXT)
    });
    desktop.point(lab, place(0.0), SLIDER).unwrap();
    desktop.button(lab, true).unwrap();
    desktop.point(lab, place(-0.3), SLIDER).unwrap();
    desktop.point(lab, place(-0.5), SLIDER).unwrap();
    wait_for_volume(&daemon, "-0.5");
    session.key(lab, &[], "Escape");
    wait_for_volume(&daemon, "0");
    desktop.button(lab, false).unwrap();
    // A drop on the left half of the field, of what was sent back before.
    click(lab, desktop, (ARROWS.1, PROGRAM));
    lab.wait_for_route("Game", "mixd-default").unwrap();
    desktop.point(lab, 40, PROGRAM).unwrap();
    desktop.button(lab, true).unwrap();
    desktop.point(lab, 60, 170).unwrap();
    desktop.point(lab, 60, FIELD).unwrap();
    desktop.button(lab, false).unwrap();
    lab.wait_for_route("Game", "mixd-aux").unwrap();

    assert!(session.window.ended().unwrap().is_none());
    session.key(lab, &["ctrl"], "w");
    let status = session.window.wait(TIMEOUT).unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn keys_do_what_they_say_on_x11() {
    on_x11(is_typed_in, "x11-keys");
}

#[test]
fn keys_do_what_they_say_on_sway() {
    on_sway(is_typed_in, "sway-keys");
}

/// A program that plays two streams has one row, and goes to the other side whole by one click.
fn is_one_row(lab: &Lab, desktop: &dyn Desktop, name: &'static str) {
    let tone = lab.path("tone.wav");
    level::write_tone(&tone, 440.0, 0.25, 300).unwrap();
    let daemon = Mixd::start(lab, &mixd()).unwrap();
    let _streams = [(), ()].map(|()| lab.play_native("Game", &tone, &[]).unwrap());
    let wait_for_both = |channel: Channel| {
        let mut client = daemon.connect().unwrap();
        let is_there = |stream: &wire::Stream| {
            stream.channel == channel && stream.state == StreamState::Routed
        };
        let are_there = || match client.request(&Request::GetStatus).unwrap() {
            Reply::Status(status) => {
                let streams = &status.audio.streams;
                Ok((streams.len() == 2 && streams.iter().all(is_there)).then_some(()))
            }
            other => panic!("{other:?}"),
        };
        wait_for("two streams", TIMEOUT, are_there).unwrap();
    };
    wait_for_both(Channel::Default);
    let mut session = Session::open(lab, desktop, name, daemon.socket(), &[]);
    session.shows(lab, "one row", |picture| {
        picture.at(21, PROGRAM) == COOL && picture.at(21, PROGRAM + ROW) == BACKGROUND
    });
    click(lab, desktop, (ARROWS.0, PROGRAM));
    wait_for_both(Channel::Aux);
    session.shows(lab, "the row sent", |picture| {
        picture.at(21, PROGRAM) == BACKGROUND && picture.at(249, PROGRAM) == WARM
    });
    assert_eq!(changes(&daemon), 1);
}

#[test]
fn a_program_of_two_streams_is_one_row_on_x11() {
    on_x11(is_one_row, "x11-row");
}

#[test]
fn a_program_of_two_streams_is_one_row_on_sway() {
    on_sway(is_one_row, "sway-row");
}

/// The header's ends, its value and the size of the text, by pointer and keys.
fn has_its_header_used(lab: &Lab, desktop: &dyn Desktop, name: &'static str) {
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut session = Session::open(lab, desktop, name, daemon.socket(), &[]);
    session.shows(lab, "the middle", |picture| picture.has_handle(0.0, TEXT));
    desktop.focus(lab, "mixview").unwrap();
    let (left, value, right) = ((40, 26), (240, 22), (440, 26));
    click(lab, desktop, right);
    wait_for_volume(&daemon, "1");
    click(lab, desktop, left);
    wait_for_volume(&daemon, "-1");
    // The wheel turns it on an end, and between that and the value.
    desktop.wheel(lab, true).unwrap();
    // Xvfb has a notch of xdotool's count twice.
    let is_turned = || {
        let volume = volume_of(&daemon);
        Ok(["-0.95", "-0.9"].contains(&&*volume).then_some(()))
    };
    wait_for("the wheel", TIMEOUT, is_turned).unwrap();
    desktop.point(lab, 170, 10).unwrap();
    desktop.wheel(lab, false).unwrap();
    wait_for_volume(&daemon, "-1");
    click(lab, desktop, value);
    session.shows(lab, "the value to be typed", |picture| {
        picture.at(218, 14) == [0x8b, 0xbc, 0xf5]
    });
    desktop.type_text(lab, "0.125").unwrap();
    session.key(lab, &[], "Return");
    wait_for_volume(&daemon, "0.125");
    // One that is given up, and one that is left.
    click(lab, desktop, value);
    desktop.type_text(lab, "-1").unwrap();
    session.key(lab, &[], "Escape");
    std::thread::sleep(MEANWHILE);
    assert_eq!(volume_of(&daemon), "0.125");
    click(lab, desktop, value);
    desktop.type_text(lab, "-0.5").unwrap();
    click(lab, desktop, (240, 90));
    wait_for_volume(&daemon, "-0.5");
    session.shows(lab, "the handle", |picture| picture.has_handle(-0.5, COOL));
    // A double click on the track, where the first one has brought the handle.
    desktop.point(lab, place(0.5), SLIDER).unwrap();
    for _ in 0..2 {
        desktop.button(lab, true).unwrap();
        desktop.button(lab, false).unwrap();
    }
    wait_for_volume(&daemon, "0");
    session.key(lab, &["ctrl"], "plus");
    session.shows(lab, "larger text", |picture| picture.has_middle(480, 1.1));
    session.key(lab, &["ctrl"], "minus");
    session.key(lab, &["ctrl"], "minus");
    session.shows(lab, "smaller text", |picture| picture.has_middle(480, 0.9));
    session.key(lab, &["ctrl"], "0");
    session.shows(lab, "the text as before", |picture| {
        picture.has_handle(0.0, TEXT)
    });
    assert!(session.window.ended().unwrap().is_none());
}

#[test]
fn the_header_is_used_on_x11() {
    on_x11(has_its_header_used, "x11-header");
}

#[test]
fn the_header_is_used_on_sway() {
    on_sway(has_its_header_used, "sway-header");
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
    desktop.point(lab, 40, PROGRAM).unwrap();
    desktop.button(lab, true).unwrap();
    desktop.point(lab, 44, PROGRAM).unwrap();
    desktop.button(lab, false).unwrap();
    // The other has the focus again.
    click(lab, desktop, (720, 300));
    std::thread::sleep(MEANWHILE);
    click(lab, desktop, (ARROWS.0, PROGRAM));
    std::thread::sleep(MEANWHILE);
    assert_eq!(changes(&daemon), 0, "a click that raises sends nothing");
    click(lab, desktop, (ARROWS.0, PROGRAM));
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

/// A pixel of the window of this size, as an X server keeps it, in a depth of 24 or 32.
fn pixel(display: &str, size: (u32, u32), x: u32, y: u32) -> Option<[u8; 3]> {
    let (server, screen) = x11rb::connect(Some(display)).ok()?;
    let root = server.setup().roots[screen].root;
    let windows = server.query_tree(root).ok()?.reply().ok()?.children;
    windows.into_iter().find_map(|window| {
        let geometry = server.get_geometry(window).ok()?.reply().ok()?;
        let found = (u32::from(geometry.width), u32::from(geometry.height));
        let (x, y) = (i16::try_from(x).ok()?, i16::try_from(y).ok()?);
        let image = server.get_image(ImageFormat::Z_PIXMAP, window, x, y, 1, 1, u32::MAX);
        let image = image.ok()?.reply().ok().filter(|_| found == size)?;
        match (image.depth, &image.data[..]) {
            (24, &[blue, green, red, _]) | (32, &[blue, green, red, 255]) => {
                Some([red, green, blue])
            }
            _ => None,
        }
    })
}

#[test]
fn an_x_server_of_any_depth_is_drawn_to_or_refused_with_a_sentence() {
    for depth in [8, 15, 16, 24, 30] {
        let lab = Lab::prepare(&[]).unwrap();
        let desktop = Xvfb::start_with_depth(&lab, 800, 600, depth).unwrap();
        // A window that is destroyed was once taken for one that is closed, now and then.
        for _ in 0..3 {
            let mut command = desktop.command(&lab, program());
            command.args(["--socket", "@nobody", "--theme", "dark"]);
            let log = lab.path("mixview.log");
            let mut window = Process::start_logged(&mut command, &log).unwrap();
            if depth == 8 {
                ends(&mut window, &log, "has a depth of 8");
                continue;
            }
            let is_drawn = || {
                let pixel = pixel(desktop.display(), SIZE, SIZE.0 / 2, SLIDER - 9);
                let is_close =
                    |pixel: [u8; 3]| pixel.iter().zip(MUTED).all(|(a, b)| a.abs_diff(b) < 24);
                Ok(pixel.is_some_and(is_close).then_some(()))
            };
            wait_for(&format!("a window at {depth}"), TIMEOUT, is_drawn).unwrap();
            window.end(Signal::TERM).unwrap();
        }
    }
}

#[test]
fn where_the_compositor_has_gone_the_x_server_is_taken() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    let gone = lab.path("wayland-gone");
    drop(std::os::unix::net::UnixListener::bind(&gone).unwrap());
    for name in [Path::new("wayland-none"), &gone] {
        let mut command = desktop.command(&lab, program());
        command.args(["--socket", "@nobody", "--theme", "dark"]);
        command.env("WAYLAND_DISPLAY", name);
        let window = Process::start_logged(&mut command, &lab.path("mixview.log")).unwrap();
        let mut session = Session {
            window,
            desktop: &desktop,
            name: "x11-instead",
            step: 0,
        };
        session.shows(&lab, "a window", |picture| picture.has_handle(0.0, MUTED));
    }
}

#[test]
fn what_winit_panics_about_is_said_in_a_sentence() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    let log = lab.path("mixview.log");
    let broken = lab.path("broken");
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("libxkbcommon-x11.so.0"), "no library").unwrap();
    fs::write(broken.join("resources"), "Xft.dpi: 0\n").unwrap();
    let resources = broken.join("resources");
    for (name, value, told) in [
        // libxkbcommon 1.5, of Debian 12; one of 1.11 goes on without layouts.
        (
            "XKB_CONFIG_ROOT",
            Path::new("/nowhere"),
            "no keyboard layouts",
        ),
        ("WINIT_X11_SCALE_FACTOR", Path::new("nan"), "Got `NaN`"),
        (
            "LD_LIBRARY_PATH",
            &broken,
            "libxkbcommon-x11.so could not be loaded",
        ),
        ("XENVIRONMENT", &resources, "Xft.dpi"),
    ] {
        let mut command = desktop.command(&lab, program());
        command.args(["--socket", "@nobody"]).env(name, value);
        let mut window = Process::start_logged(&mut command, &log).unwrap();
        ends(&mut window, &log, told);
        let said = fs::read_to_string(&log).unwrap();
        let last = said.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("mixview: the display can't be used: "),
            "{said}"
        );
    }
}

/// What the system's fonts are asked for is asked once, and the window goes on meanwhile.
#[test]
fn fontconfig_is_asked_once_and_not_waited_for() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let (count, answer) = (lab.path("count"), lab.path("answer"));
    let script = "#!/bin/sh\necho >>\"$COUNT\"\nwhile [ ! -e \"$ANSWER\" ]; do sleep 0.05; done\n\
                  PATH=\"${PATH#*:}\" exec fc-match \"$@\"\n";
    let folder = lab.path("bin");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("fc-match"), script).unwrap();
    fs::set_permissions(folder.join("fc-match"), Permissions::from_mode(0o700)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = desktop.command(&lab, program());
    command.args(["--socket", daemon.socket(), "--theme", "dark"]);
    command.env("PATH", format!("{}:{path}", folder.display()));
    command.env("COUNT", &count).env("ANSWER", &answer);
    let window = Process::start_logged(&mut command, &lab.path("mixview.log")).unwrap();
    let mut session = Session {
        window,
        desktop: &desktop,
        name: "x11-fonts",
        step: 0,
    };
    daemon.ctl(&["add-program", "მუსიკა"]).unwrap();
    let asked = || Ok(fs::read_to_string(&count).is_ok().then_some(()));
    wait_for("fc-match", TIMEOUT, asked).unwrap();
    daemon.ctl(&["set-volume", "0.5"]).unwrap();
    session.shows(&lab, "boxes", |picture| picture.has_handle(0.5, WARM));
    let boxes = lab.path("boxes.png");
    desktop.picture(&lab, &boxes).unwrap();
    let boxes = read(&boxes);
    fs::write(&answer, "").unwrap();
    session.shows(&lab, "letters", |picture| picture.bytes != boxes.bytes);
    // More scripts, one of which nobody has.
    daemon.ctl(&["add-program", "Հայերեն"]).unwrap();
    daemon.ctl(&["add-program", "\u{12000}"]).unwrap();
    daemon.ctl(&["set-volume", "-0.5"]).unwrap();
    session.shows(&lab, "more", |picture| picture.has_handle(-0.5, COOL));
    assert_eq!(fs::read_to_string(&count).unwrap().lines().count(), 1);
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

/// Does something to the window. Returns what that prints.
fn xdotool(lab: &Lab, desktop: &dyn Desktop, args: &[&str]) -> String {
    let mut command = desktop.command(lab, Path::new("xdotool"));
    let found = ["search", "--classname", "^mixview$"];
    command.args(found).args(args);
    let out = command.output().unwrap();
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn its_title_and_its_icon_are_told_to_x11() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut session = Session::open(&lab, &desktop, "x11-title", daemon.socket(), &[]);
    session.shows(&lab, "a window", |picture| picture.has_handle(0.0, TEXT));
    let window = |args: &[&str]| xdotool(&lab, &desktop, args);
    let is_called = |title: &str| {
        let is_so = || Ok((window(&["getwindowname", "%@"]).trim() == title).then_some(()));
        wait_for(title, TIMEOUT, is_so).unwrap();
    };
    is_called("mixview: 0");
    window(&["windowunmap", "%@"]);
    daemon.ctl(&["set-volume", "0.25"]).unwrap();
    is_called("mixview: 0.25");
    drop(daemon);
    is_called("mixview: mixd is not there");

    let id = window(&[]).trim().parse::<u32>().unwrap();
    let (server, _) = x11rb::connect(Some(desktop.display())).unwrap();
    let name = server.intern_atom(true, b"_NET_WM_ICON").unwrap();
    let name = name.reply().unwrap().atom;
    let icon = server.get_property(false, id, name, AtomEnum::CARDINAL, 0, u32::MAX);
    let icon: Vec<u32> = icon.unwrap().reply().unwrap().value32().unwrap().collect();
    let [64, 64, pixels @ ..] = &icon[..] else {
        panic!("an icon of {:?}", icon.get(..2));
    };
    let at = |x: usize, y: usize| pixels[y * 64 + x];
    // Outside, the handle, the left half of the line.
    let found = [at(0, 0), at(40, 42), at(24, 42)];
    assert_eq!(found, [0, 0xfff2_f4f7, 0xff5a_a9e6]);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../pictures/mixview-icon.png");
    let mut encoder = png::Encoder::new(File::create(path).unwrap(), 64, 64);
    encoder.set_color(png::ColorType::Rgba);
    let bytes = pixels
        .iter()
        .flat_map(|pixel| pixel.rotate_left(8).to_be_bytes());
    let bytes: Vec<u8> = bytes.collect();
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&bytes)
        .unwrap();
}

#[test]
fn it_follows_the_color_scheme_of_a_settings_manager_and_of_dconf() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    let config = lab.path("config");
    fs::create_dir_all(config.join("dconf")).unwrap();
    fs::create_dir_all(config.join("gtk-3.0")).unwrap();
    let light = "[Settings]\ngtk-theme-name=Adwaita\n";
    fs::write(config.join("gtk-3.0/settings.ini"), light).unwrap();
    let mut command = desktop.command(&lab, program());
    command
        .args(["--socket", "@nobody"])
        .env("XDG_CONFIG_HOME", &config);
    let window = Process::start_logged(&mut command, &lab.path("mixview.log")).unwrap();
    let mut session = Session {
        window,
        desktop: &desktop,
        name: "x11-scheme",
        step: 0,
    };
    let is_light = |picture: &Picture| picture.at(2, 2)[0] > 0xe0;
    let is_dark = |picture: &Picture| picture.at(2, 2) == BACKGROUND;
    session.shows(&lab, "light by GTK", is_light);
    // A settings manager comes, says another thing, goes, and comes back.
    let file = lab.path("xsettingsd.conf");
    let say = |settings: &str| fs::write(&file, settings).unwrap();
    let manager = || {
        let mut command = desktop.command(&lab, Path::new("xsettingsd"));
        command.arg("--config").arg(&file);
        Process::start_logged(&mut command, &lab.path("xsettingsd.log")).unwrap()
    };
    say("Xft/DPI 98304\nNet/ThemeName \"Arc-Dark\"\n");
    let mut first = manager();
    session.shows(&lab, "dark by its manager", is_dark);
    say("Xft/DPI 98304\nNet/ThemeName \"Arc\"\n");
    first.signal(Signal::HUP).unwrap();
    session.shows(&lab, "light by its manager", is_light);
    say("Net/ThemeName \"Arc\"\nGtk/ApplicationPreferDarkTheme 1\n");
    first.signal(Signal::HUP).unwrap();
    session.shows(&lab, "dark as preferred", is_dark);
    first.end(Signal::TERM).unwrap();
    session.shows(&lab, "light without a manager", is_light);
    let second = manager();
    session.shows(&lab, "dark by the next manager", is_dark);
    // What dconf says goes before; written as dconf does it.
    say("Net/ThemeName \"Arc\"\n");
    second.signal(Signal::HUP).unwrap();
    session.shows(&lab, "light by the next manager", is_light);
    let dark = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dconf/user");
    fs::copy(dark, config.join("dconf/user.new")).unwrap();
    fs::rename(config.join("dconf/user.new"), config.join("dconf/user")).unwrap();
    session.shows(&lab, "dark by dconf", is_dark);
}

#[test]
fn it_follows_x11_through_sizes_and_out_of_sight() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, 800, 600).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut session = Session::open(&lab, &desktop, "x11-sizes", daemon.socket(), &[]);
    let middle = |picture: &Picture| picture.has_handle(0.0, TEXT);
    session.shows(&lab, "a window", middle);
    let window = |args: &[&str]| drop(xdotool(&lab, &desktop, args));
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

/// A window on another workspace shows what has happened when it is there again. Prints what following
/// costs, seen and not.
fn is_hidden(lab: &Lab, session: &mut Session, daemon: &Mixd, workspace: impl Fn(&str)) {
    let costs = |what: &str, sign: &str| {
        let before = session.window.processor_time().unwrap();
        for at in 1..=50 {
            let volume = format!("{sign}0.{at:02}");
            daemon.ctl(&["set-volume", &volume]).unwrap();
        }
        let after = session.window.processor_time().unwrap();
        let took = after.saturating_sub(before);
        println!("{what}: 50 changes took {took:.1?} of the processor");
    };
    costs("seen", "");
    workspace("2");
    costs("hidden", "-");
    workspace("1");
    session.shows(lab, "what has happened", |picture| {
        picture.has_handle(-0.5, COOL)
    });
    daemon.ctl(&["set-volume", "0.5"]).unwrap();
    session.shows(lab, "what happens", |picture| picture.has_handle(0.5, WARM));
    assert!(session.window.ended().unwrap().is_none());
}

#[test]
fn it_is_hidden_and_shown_by_i3() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    let config = lab.path("i3.conf");
    fs::write(&config, "# i3 config file (v4)\ndefault_border none\n").unwrap();
    let mut command = desktop.command(&lab, Path::new("i3"));
    command.arg("-c").arg(&config);
    let _i3 = Process::start_logged(&mut command, &lab.path("i3.log")).unwrap();
    let message = |words: &[&str]| {
        let mut command = desktop.command(&lab, Path::new("i3-msg"));
        let out = command.args(words).output()?;
        Ok(out.status.success().then_some(()))
    };
    wait_for("i3", TIMEOUT, || message(&["nop"])).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut session = Session::open(&lab, &desktop, "i3", daemon.socket(), &[]);
    session.shows(&lab, "a window", |picture| picture.has_handle(0.0, TEXT));
    is_hidden(&lab, &mut session, &daemon, |name| {
        wait_for("i3", TIMEOUT, || message(&["workspace", name])).unwrap();
    });
}

#[test]
fn it_is_hidden_and_shown_by_sway() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Sway::start(&lab, SWAY).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut session = Session::open(&lab, &desktop, "sway-hidden", daemon.socket(), &[]);
    session.shows(&lab, "a window", |picture| picture.has_handle(0.0, TEXT));
    is_hidden(&lab, &mut session, &daemon, |name| {
        desktop.tell(&lab, &["workspace", name]).unwrap();
    });
}

/// The window takes no more memory after it was large than before.
fn gives_memory_back(window: &Process, resize: impl Fn(u32, u32)) {
    let resident = || window.proc_status("VmRSS");
    std::thread::sleep(Duration::from_secs(1));
    let before = resident().unwrap();
    resize(3840, 2160);
    let is_large = || Ok((resident()? > before + 20 * 1024).then_some(()));
    wait_for("a large window", TIMEOUT, is_large).unwrap();
    resize(480, 420);
    let is_given_back = || Ok((resident()? < before + 4 * 1024).then_some(()));
    wait_for("its memory given back", TIMEOUT, is_given_back).unwrap();
    println!("{before} KiB resident, then {}", resident().unwrap());
}

#[test]
fn the_memory_of_a_large_screen_is_given_back_on_x11() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, 3840, 2160).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut session = Session::open(&lab, &desktop, "x11-memory", daemon.socket(), &[]);
    session.shows(&lab, "a window", |picture| picture.has_handle(0.0, TEXT));
    gives_memory_back(&session.window, |width, height| {
        xdotool(
            &lab,
            &desktop,
            &["windowsize", "%@", &width.to_string(), &height.to_string()],
        );
    });
}

#[test]
fn the_memory_of_a_large_screen_is_given_back_on_sway() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Sway::start(&lab, SWAY).unwrap();
    let daemon = Mixd::start_alone(&mixd(), &[]).unwrap();
    let mut session = Session::open(&lab, &desktop, "sway-memory", daemon.socket(), &[]);
    let middle = |picture: &Picture| picture.has_handle(0.0, TEXT);
    session.shows(&lab, "a window", middle);
    gives_memory_back(&session.window, |width, height| {
        let size = format!("{width}x{height}");
        desktop
            .tell(&lab, &["output", "HEADLESS-1", "resolution", &size])
            .unwrap();
    });
    session.shows(&lab, "a window as before", middle);
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
