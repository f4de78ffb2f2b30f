//! `cargo xtask bench window`: what the window takes at rest, as it follows 60 changes a second, seen and hidden,
//! and as its slider is dragged, on Xvfb and on sway; and its start on sway. Takes the paths of mixview and
//! mixd. Prints lines of three words: what, the display, a number.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use lab::Lab;
use lab::desktop::{Desktop, Sway, Xvfb};
use lab::mixd::Mixd;
use lab::process::Process;
use rustix::process::Signal;
use wire::{Client, Name, Request, Volume};

/// The window's size; it lies at the screen's corner.
const SIZE: (u32, u32) = (480, 420);
const SWAY: &str = "output HEADLESS-1 resolution 480x420 bg #000000 solid_color\n\
                    default_border none\n";

/// The slider's middle, from the top, and where its ends are.
const SLIDER: u32 = 68;
const TRACK: [u32; 2] = [26, 454];

/// How often the window is started.
const STARTS: u32 = 15;
/// How long each state lasts.
const TIME: Duration = Duration::from_secs(10);
/// How often something changes in it.
const CHANGES: u32 = 60;

fn main() {
    let mut programs = env::args().skip(1).map(PathBuf::from);
    let (mixview, mixd) = (programs.next().unwrap(), programs.next().unwrap());
    let lab = Lab::prepare(&[]).unwrap();
    let daemon = Mixd::start_alone(&mixd, &[]).unwrap();
    let xvfb = Xvfb::start(&lab, SIZE.0, SIZE.1).unwrap();
    let xdotool = |verb: &str| {
        let mut command = xvfb.command(&lab, Path::new("xdotool"));
        command.args(["search", "--classname", "^mixview$", verb]);
        assert!(command.status().unwrap().success());
    };
    let hide = || xdotool("windowunmap");
    measure("Xvfb", &lab, &xvfb, &mixview, &daemon, hide);
    let sway = Sway::start(&lab, SWAY).unwrap();
    for _ in 0..STARTS {
        start(&lab, &sway, &mixview, &daemon);
    }
    let hide = || sway.tell(&lab, &["workspace", "2"]).unwrap();
    measure("sway", &lab, &sway, &mixview, &daemon, hide);
}

fn open(lab: &Lab, desktop: &dyn Desktop, mixview: &Path, daemon: &Mixd) -> Process {
    let mut command = desktop.command(lab, mixview);
    command.args(["--socket", daemon.socket(), "--theme", "dark"]);
    Process::start_logged(&mut command, &lab.path("mixview.log")).unwrap()
}

/// From the start of the program to sway's word that there is a window, which it says of the first frame.
fn start(lab: &Lab, sway: &Sway, mixview: &Path, daemon: &Mixd) {
    let mut command = sway.command(lab, Path::new("swaymsg"));
    command.args(["--monitor", "--raw", "-t", "subscribe", "[\"window\"]"]);
    let mut listener = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(listener.stdout.take().unwrap()).lines();
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    let mut window = open(lab, sway, mixview, daemon);
    let is_new = |line: &String| line.contains("\"change\": \"new\"");
    assert!(told.any(|line| is_new(&line.unwrap())));
    println!("start sway {}", start.elapsed().as_secs_f64() * 1e3);
    listener.kill().unwrap();
    listener.wait().unwrap();
    window.end(Signal::TERM).unwrap();
}

fn measure(
    name: &str,
    lab: &Lab,
    desktop: &dyn Desktop,
    mixview: &Path,
    daemon: &Mixd,
    hide: impl Fn(),
) {
    let window = open(lab, desktop, mixview, daemon);
    // The first frame, and the desktop's greetings.
    std::thread::sleep(Duration::from_secs(2));
    let status = |key: &str| window.proc_status(key).unwrap();
    println!("resident {name} {}", status("VmRSS"));
    println!("anonymous {name} {}", status("RssAnon"));
    let before = window.wakeups().unwrap();
    std::thread::sleep(TIME);
    println!("wakeups {name} {}", window.wakeups().unwrap() - before);
    let mut client =
        Client::connect(&Name::parse(daemon.socket().as_ref()).unwrap(), "bench").unwrap();
    let mut set = |at: u32| {
        let millionths = i32::try_from(at % 100).unwrap() * 10_000 - 500_000;
        let volume = Volume::try_from(millionths).unwrap();
        client.request(&Request::SetVolume(volume)).unwrap();
    };
    println!("follows {name} {}", processor(&window, &mut set));
    let [left, right] = TRACK;
    let middle = u32::midpoint(left, right);
    desktop.point(lab, middle, SLIDER).unwrap();
    desktop.button(lab, true).unwrap();
    let drag = |at: u32| desktop.point(lab, middle - 100 + at % 200, SLIDER).unwrap();
    println!("drag {name} {}", processor(&window, drag));
    desktop.button(lab, false).unwrap();
    hide();
    println!("hidden {name} {}", processor(&window, &mut set));
}

/// Returns how much of a core the window takes while something changes 60 times a second, in percent.
fn processor(window: &Process, mut change: impl FnMut(u32)) -> f64 {
    let (start, used) = (Instant::now(), window.processor_time().unwrap());
    for at in 0..CHANGES * u32::try_from(TIME.as_secs()).unwrap() {
        change(at);
        let next = start + Duration::from_secs(1) * (at + 1) / CHANGES;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let used = window.processor_time().unwrap().saturating_sub(used);
    used.as_secs_f64() / start.elapsed().as_secs_f64() * 100.0
}
