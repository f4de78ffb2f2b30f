//! A real program that plays, in the words of its own remote control: what it is told, and how far it
//! says that it has come.
#![allow(clippy::unwrap_used)]

mod page;

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::Result;
use lab::desktop::{Desktop, Xvfb};
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};

use self::page::Pages;

/// A command to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    Pause,
    Resume,
    /// Forward by at least five seconds.
    Seek,
    /// To two seconds before the end: mpv alone.
    NearEnd,
    /// To the next file.
    Next,
}

/// How a program is told to, and asked for its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// mpv's JSON over a socket.
    Mpv,
    /// VLC's remote control over a socket.
    Vlc,
    /// gst-play's keys on a terminal.
    GstPlay,
    /// ffplay's keys in its window.
    FfPlay,
    /// Two tabs of a browser: an audio element, and `WebAudio`.
    Browser,
    /// None: its position is taken from how far it has read its file.
    File,
}

/// A program that plays. Ended when dropped.
pub struct Playing<'a> {
    lab: &'a Lab,
    kind: Kind,
    process: Process,
    pages: Option<Pages>,
    display: Option<Xvfb>,
}

/// Where the program has its remote control, and what it prints.
fn control(lab: &Lab) -> PathBuf {
    lab.path("control")
}

fn log(lab: &Lab) -> PathBuf {
    lab.path("program.log")
}

impl<'a> Playing<'a> {
    /// Starts what a shell reads: in it `$FILE` and `$NEXT` are tones to play, `$CONTROL` is its remote
    /// control, `$PAGE` the address of the page, `$HOME` a folder for it.
    pub fn start(
        lab: &'a Lab,
        kind: Kind,
        command: &str,
        file: &Path,
        next: &Path,
    ) -> Result<Self> {
        let _ = fs::remove_file(control(lab));
        let needs_display = matches!(kind, Kind::FfPlay | Kind::Browser);
        let display = needs_display
            .then(|| Xvfb::start(lab, 1024, 768))
            .transpose()?;
        let pages = (kind == Kind::Browser)
            .then(|| Pages::serve(file))
            .transpose()?;
        let mut shell = match &display {
            Some(display) => display.command(lab, Path::new("sh")),
            None => lab.command("sh"),
        };
        shell
            .args(["-c", command])
            .env("FILE", file)
            .env("NEXT", next);
        shell.env("CONTROL", control(lab));
        if let Some(pages) = &pages {
            shell.env("PAGE", pages.address());
        }
        if kind == Kind::GstPlay {
            lab.output("mkfifo", &[&control(lab).to_string_lossy()])?;
        }
        Ok(Self {
            lab,
            kind,
            process: Process::start_logged(&mut shell, &log(lab))?,
            pages,
            display,
        })
    }

    /// Returns what it has printed last.
    pub fn said(&self) -> String {
        let text = fs::read(log(self.lab)).unwrap_or_default();
        let start = text.len().saturating_sub(400);
        String::from_utf8_lossy(&text[start..]).replace('\r', "\n")
    }

    /// How far it has come, in seconds: of each tab, or the one that there is; none while it does not say.
    pub fn positions(&self) -> Vec<f64> {
        let one = match self.kind {
            Kind::Mpv => self
                .ask_mpv("\"get_property\", \"time-pos\"")
                .and_then(|line| {
                    let (_, rest) = line.split_once("\"data\":")?;
                    rest.split([',', '}']).next()?.trim().parse().ok()
                }),
            Kind::Vlc => self.ask_vlc("get_time").and_then(|line| line.parse().ok()),
            Kind::GstPlay => gst_position(&self.said()),
            Kind::FfPlay => last_line_start(&self.said()),
            Kind::File => self.bytes_read(),
            Kind::Browser => return self.pages.as_ref().map_or(Vec::new(), Pages::positions),
        };
        one.into_iter().collect()
    }

    /// How many bytes of its file the program has read, as seconds.
    fn bytes_read(&self) -> Option<f64> {
        let folder = format!("/proc/{}", self.process.pid());
        for entry in fs::read_dir(format!("{folder}/fd")).ok()? {
            let entry = entry.ok()?;
            let file = fs::read_link(entry.path()).unwrap_or_default();
            if file.extension().is_some_and(|extension| extension == "wav") {
                let name = entry.file_name();
                let info = format!("{folder}/fdinfo/{}", name.to_string_lossy());
                let info = fs::read_to_string(info).ok()?;
                let bytes = info.lines().find_map(|line| line.strip_prefix("pos:"))?;
                let bytes: u32 = bytes.trim().parse().ok()?;
                return Some(f64::from(bytes) / f64::from(lab::level::RATE * 4));
            }
        }
        None
    }

    /// Tells it to do something.
    pub fn tell(&self, control: Control) -> Result<()> {
        let done = match self.kind {
            Kind::Mpv => self.ask_mpv(match control {
                Control::Pause => "\"set_property\", \"pause\", true",
                Control::Resume => "\"set_property\", \"pause\", false",
                Control::Seek => "\"seek\", 20, \"relative\"",
                Control::NearEnd => "\"seek\", 118, \"absolute\"",
                Control::Next => "\"playlist-next\"",
            }),
            Kind::Vlc => {
                let there = self
                    .positions()
                    .first()
                    .map_or(0.0, |seconds| seconds + 20.0);
                self.ask_vlc(&match control {
                    Control::Pause | Control::Resume => "pause".to_owned(),
                    Control::Seek => format!("seek {there}"),
                    Control::Next | Control::NearEnd => "next".to_owned(),
                })
            }
            Kind::GstPlay => {
                let keys = match control {
                    Control::Pause | Control::Resume => " ",
                    Control::Seek => "\x1b[C",
                    Control::Next | Control::NearEnd => "n",
                };
                let mut fifo = OpenOptions::new()
                    .write(true)
                    .open(self::control(self.lab))?;
                fifo.write_all(keys.as_bytes())?;
                Some(String::new())
            }
            Kind::FfPlay => {
                let display = self.display.as_ref().ok_or("ffplay without a display")?;
                let key = if control == Control::Seek {
                    "Right"
                } else {
                    "space"
                };
                display.focus(self.lab, "ffplay")?;
                display.key(self.lab, &[], key)?;
                Some(String::new())
            }
            Kind::Browser => self.pages.as_ref().map(|pages| {
                pages.tell(match control {
                    Control::Pause => "pause",
                    Control::Resume => "resume",
                    Control::Seek | Control::Next | Control::NearEnd => "seek",
                });
                String::new()
            }),
            Kind::File => None,
        };
        match done {
            Some(_) => Ok(()),
            None => Err(format!("{control:?}: no answer; it said: {}", self.said()).into()),
        }
    }

    fn connect(&self) -> Option<BufReader<UnixStream>> {
        let socket = UnixStream::connect(control(self.lab)).ok()?;
        socket.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        Some(BufReader::new(socket))
    }

    /// Sends mpv a command, and returns its answer.
    fn ask_mpv(&self, command: &str) -> Option<String> {
        let mut socket = self.connect()?;
        let request = format!("{{ \"command\": [{command}], \"request_id\": 7 }}\n");
        socket.get_mut().write_all(request.as_bytes()).ok()?;
        let mut lines = socket.lines().map_while(std::result::Result::ok);
        // Between them it tells what happens.
        lines.find(|line| line.contains("\"request_id\":7"))
    }

    /// Sends VLC a command, and returns the line that it answers with, empty where it has nothing to say.
    fn ask_vlc(&self, command: &str) -> Option<String> {
        let mut socket = self.connect()?;
        socket
            .get_mut()
            .write_all(format!("{command}\n").as_bytes())
            .ok()?;
        let mut line = String::new();
        if command.starts_with("get") {
            // A word of welcome, and states, may come before.
            while line.trim().parse::<f64>().is_err() {
                line.clear();
                if socket.read_line(&mut line).ok()? == 0 {
                    return None;
                }
                line = line.trim().trim_start_matches("> ").to_owned();
            }
        }
        Some(line)
    }

    /// Waits until it has come further than these positions.
    pub fn wait_beyond(&self, before: &[f64]) -> Result<()> {
        let is_beyond = || {
            let now = self.positions();
            let all =
                now.len() == before.len() && now.iter().zip(before).all(|(now, old)| now > old);
            Ok(all.then_some(()))
        };
        let what = format!("a position beyond {before:?}");
        wait_for(&what, TIMEOUT, is_beyond).map_err(|error| {
            format!("{error}: {:?}; it said: {}", self.positions(), self.said()).into()
        })
    }

    /// Returns whether its position stays the same for a second and a half.
    pub fn is_paused(&self) -> bool {
        let before = self.positions();
        std::thread::sleep(Duration::from_millis(1500));
        let now = self.positions();
        now.iter().zip(&before).any(|(now, old)| now <= old)
    }

    /// Waits until its position stays where it is, and returns that.
    pub fn wait_until_still(&self) -> Result<Vec<f64>> {
        let mut before = self.positions();
        let is_still = || {
            std::thread::sleep(Duration::from_millis(300));
            let last = std::mem::replace(&mut before, self.positions());
            Ok((last == before).then_some(last))
        };
        wait_for("a position that stays", TIMEOUT, is_still)
    }

    /// Waits until its position says that it plays, and goes on.
    pub fn wait_for_advance(&self) -> Result<()> {
        let count = if self.kind == Kind::Browser { 2 } else { 1 };
        let says = || {
            let now = self.positions();
            Ok((now.len() == count).then_some(now))
        };
        let before = wait_for("a position", TIMEOUT, says)
            .map_err(|error| format!("{error}; it said: {}", self.said()))?;
        self.wait_beyond(&before)
    }
}

/// The time in the last `0:00:02.3 / 0:02:00.0`.
fn gst_position(text: &str) -> Option<f64> {
    let (before, _) = text.rsplit_once(" / ")?;
    let word = before.split_whitespace().next_back()?;
    let mut seconds = 0.0;
    for part in word.split(':') {
        seconds = seconds * 60.0 + part.parse::<f64>().ok()?;
    }
    Some(seconds)
}

/// The first word of the last line that begins with a number: `   2.34 M-A: …`.
fn last_line_start(text: &str) -> Option<f64> {
    let lines = text.lines().filter(|line| line.contains("M-A"));
    lines
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .next_back()
}
