//! `cargo xtask bench window`: what the window takes at rest, as it follows 60 changes a second, seen and hidden,
//! and as its slider is dragged, on Xvfb and on sway; and its start on sway. Takes the paths of mixview and
//! mixd, how often the window is started, and how many seconds each state lasts. Prints lines of three words: what, the display, a number.
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
use wire::{Request, Volume};

/// The window's size; it lies at the screen's corner.
const SIZE: (u32, u32) = (480, 420);
const SWAY: &str = "output HEADLESS-1 resolution 480x420 bg #000000 solid_color\n\
                    default_border none\n";

/// The slider's middle, from the top, and its ends, from the left.
const SLIDER: u32 = 68;
const TRACK: [u32; 2] = [26, 454];

/// How often something changes, each second.
const CHANGES: u32 = 60;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let [mixview, mixd] = [&args[0], &args[1]].map(PathBuf::from);
    let [starts, seconds] = [&args[2], &args[3]].map(|number| number.parse().unwrap());
    let bench = Bench {
        lab: Lab::prepare(&[]).unwrap(),
        daemon: Mixd::start_alone(&mixd, &[]).unwrap(),
        mixview,
        seconds,
    };
    let xvfb = Xvfb::start(&bench.lab, SIZE.0, SIZE.1).unwrap();
    bench.measure("Xvfb", &xvfb, || {
        let mut xdotool = xvfb.command(&bench.lab, Path::new("xdotool"));
        xdotool.args(["search", "--classname", "^mixview$", "windowunmap"]);
        assert!(xdotool.status().unwrap().success());
    });
    let sway = Sway::start(&bench.lab, SWAY).unwrap();
    for _ in 0..starts {
        bench.start(&sway);
    }
    bench.measure("sway", &sway, || {
        sway.tell(&bench.lab, &["workspace", "2"]).unwrap();
    });
}

struct Bench {
    // Ended in this order.
    daemon: Mixd,
    lab: Lab,
    mixview: PathBuf,
    /// How long each state lasts.
    seconds: u32,
}

impl Bench {
    fn open(&self, desktop: &dyn Desktop) -> Process {
        let mut command = desktop.command(&self.lab, &self.mixview);
        command.args(["--socket", self.daemon.socket(), "--theme", "dark"]);
        Process::start_logged(&mut command, &self.lab.path("mixview.log")).unwrap()
    }

    /// Measures from the start of the program to sway's word that there is a window, which it says of the first
    /// frame.
    fn start(&self, sway: &Sway) {
        let mut command = sway.command(&self.lab, Path::new("swaymsg"));
        command.args(["--monitor", "--raw", "-t", "subscribe", "[\"window\"]"]);
        let mut listener = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(listener.stdout.take().unwrap()).lines();
        std::thread::sleep(Duration::from_millis(300));
        let start = Instant::now();
        let mut window = self.open(sway);
        assert!(told.any(|line| line.unwrap().contains("\"change\": \"new\"")));
        println!("start sway {}", start.elapsed().as_secs_f64() * 1e3);
        listener.kill().unwrap();
        listener.wait().unwrap();
        window.end(Signal::TERM).unwrap();
    }

    fn measure(&self, name: &str, desktop: &dyn Desktop, hide: impl Fn()) {
        let window = self.open(desktop);
        // The first frame, and the desktop's greetings.
        std::thread::sleep(Duration::from_secs(2));
        let status = |key: &str| window.proc_status(key).unwrap();
        println!("resident {name} {}", status("VmRSS"));
        println!("anonymous {name} {}", status("RssAnon"));
        let before = window.wakeups().unwrap();
        std::thread::sleep(Duration::from_secs(1) * self.seconds);
        #[allow(clippy::cast_precision_loss)]
        let count = (window.wakeups().unwrap() - before) as f64;
        println!("wakeups {name} {}", count / f64::from(self.seconds));
        let mut client = self.daemon.connect().unwrap();
        let mut set = |at: u32| {
            let millionths = i32::try_from(at % 100).unwrap() * 10_000 - 500_000;
            let volume = Volume::try_from(millionths).unwrap();
            client.request(&Request::SetVolume(volume)).unwrap();
        };
        println!("follows {name} {}", self.processor(&window, &mut set));
        let middle = u32::midpoint(TRACK[0], TRACK[1]);
        let point = |x| desktop.point(&self.lab, x, SLIDER).unwrap();
        let press = |down| desktop.button(&self.lab, down).unwrap();
        point(middle);
        press(true);
        let drag = |at: u32| point(middle - 100 + at % 200);
        println!("drag {name} {}", self.processor(&window, drag));
        press(false);
        hide();
        println!("hidden {name} {}", self.processor(&window, &mut set));
    }

    /// Returns how much of a core the window takes while something changes again and again, in percent.
    fn processor(&self, window: &Process, mut change: impl FnMut(u32)) -> f64 {
        let (start, used) = (Instant::now(), window.processor_time().unwrap());
        for at in 0..CHANGES * self.seconds {
            change(at);
            let next = start + Duration::from_secs(1) * (at + 1) / CHANGES;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        let used = window.processor_time().unwrap().saturating_sub(used);
        used.as_secs_f64() / start.elapsed().as_secs_f64() * 100.0
    }
}
