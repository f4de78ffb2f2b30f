//! `set-volume --stdin`: applies the values of a dial, of which the newest counts.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::str::FromStr;
use std::time::Instant;

use wire::socket::{self, Interest};
use wire::{Event, Name, Request, Topic, Volume};

use crate::ask::{RETRY, connect};
use crate::failure::{Failure, sentence};
use crate::number;
use crate::output::say;

/// The longest line that can be a number.
const MAX_LINE: usize = 256;
/// How many times standard input is read before the newest value is sent: an input that never pauses
/// is followed too.
const MAX_READS: usize = 16;

/// The values at a dial's ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    min: f64,
    max: f64,
}

impl Default for Range {
    fn default() -> Self {
        Self {
            min: -1.0,
            max: 1.0,
        }
    }
}

impl FromStr for Range {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let number = |text: &str| text.parse().ok().filter(|value: &f64| value.is_finite());
        let ends = text.split_once(':');
        let ends = ends.and_then(|(min, max)| Some((number(min)?, number(max)?)));
        let (min, max) = ends.ok_or("not MIN:MAX, such as 0:128")?;
        let width = max - min;
        if width == 0.0 {
            return Err("no range: both ends are the same");
        }
        if !width.is_finite() {
            return Err("no range: its ends are too far apart");
        }
        Ok(Self { min, max })
    }
}

impl Range {
    /// Returns the volume of a value, that of the nearest end if it lies outside; `None` if it is not a
    /// number.
    fn volume(self, text: &str) -> Option<Volume> {
        let value: f64 = text.trim().parse().ok()?;
        // What overflows is no position of a dial either.
        if !value.is_finite() {
            return None;
        }
        let part = ((value - self.min) / (self.max - self.min)).clamp(0.0, 1.0);
        let millionths = (part * 2.0 - 1.0) * 1e6;
        #[allow(clippy::cast_possible_truncation)] // from -1 to 1 million
        Volume::try_from(millionths.round() as i32).ok()
    }
}

/// The bytes read, cut into lines.
#[derive(Debug, Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// Takes in some bytes. Returns the newest volume among the lines that are whole now, and those lines
    /// that are not numbers.
    fn take(&mut self, bytes: &[u8], range: Range) -> (Option<Volume>, Vec<String>) {
        self.rest.extend(bytes);
        let (mut newest, mut wrong) = (None, Vec::new());
        while let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let text = String::from_utf8_lossy(&line);
            match range.volume(&text) {
                Some(volume) => newest = Some(volume),
                None => wrong.push(text.trim().to_owned()),
            }
        }
        // A line without an end is no number, and is not to fill the memory: what is kept of it says so.
        if self.rest.len() > MAX_LINE {
            self.rest.truncate(MAX_LINE);
            self.rest[0] = b'?';
        }
        (newest, wrong)
    }
}

/// The sentence on a line that is not a number.
fn left_out(text: &str) -> String {
    match number::written_here(text) {
        Some(number) => format!("'{text}' is left out; here it is written {number}"),
        None => format!("'{text}' is not a number: left out"),
    }
}

/// Applies the values from standard input until it ends; with `reconnect` waits for mixd when it has
/// gone.
pub fn follow_input(name: &Name, range: Range, reconnect: bool) -> Result<(), Failure> {
    // Without std's buffer, in which something could wait that poll does not see.
    let mut input = Input {
        file: File::from(io::stdin().as_fd().try_clone_to_owned()?),
        lines: Lines::default(),
        range,
        newest: None,
        sent: None,
        has_ended: false,
    };
    let mut was_told = false;
    loop {
        let error = match apply(name, &mut input, reconnect, &mut was_told) {
            Err(Failure::Client(error)) if reconnect => error,
            result => return result,
        };
        if !was_told {
            say(&format!("{}; waiting for it", sentence(&error, name)));
            was_told = true;
        }
        let again = Instant::now() + RETRY;
        while Instant::now() < again {
            let turned = match (input.has_ended, input.newest) {
                (true, None) => return Ok(()),
                // Nothing more comes: only the time is waited for.
                (true, Some(_)) => {
                    socket::poll([], Some(again))?;
                    continue;
                }
                _ => socket::poll([(input.file.as_fd(), Interest::Readable)], Some(again))?,
            };
            if turned[0].readable {
                input.read()?;
            }
        }
    }
}

/// Applies the values while mixd is there. A value stays in `input` until mixd has taken it; with
/// `returns` the one that was in force when the last mixd went is applied again. Resets `was_told`, whether
/// it has been said that mixd is not there.
fn apply(
    name: &Name,
    input: &mut Input,
    returns: bool,
    was_told: &mut bool,
) -> Result<(), Failure> {
    let mut client = connect(name)?;
    *was_told = false;
    if returns {
        // One that was killed, or is not to remember the volume, has another.
        input.newest = input.newest.or(input.sent);
        client.request(&Request::Subscribe([Topic::Volume].into_iter().collect()))?;
    }
    // The newest that mixd has taken, also while another is in force.
    let mut last = input.sent;
    loop {
        if let Some(volume) = input.newest {
            client.request(&Request::SetVolume(volume))?;
            input.newest = None;
            (last, input.sent) = (Some(volume), Some(volume));
        }
        if input.has_ended {
            return Ok(());
        }
        // Also those that came with an answer, which poll does not see; and mixd's end.
        while let Some(event) = client.next_event(Some(Instant::now()))? {
            if let Event::Volume(mix) = event {
                input.sent = last.filter(|&last| last == mix.volume);
            }
        }
        let waits = [
            (input.file.as_fd(), Interest::Readable),
            (client.as_fd(), Interest::Readable),
        ];
        if socket::poll(waits, None)?[0].readable {
            input.read()?;
        }
    }
}

/// Standard input, and what has been read of it.
struct Input {
    file: File,
    lines: Lines,
    range: Range,
    /// The newest volume that mixd has not taken.
    newest: Option<Volume>,
    /// The newest volume that mixd has taken, while it is in force: nobody has set another since.
    sent: Option<Volume>,
    has_ended: bool,
}

impl Input {
    /// Reads what is there, at most [`MAX_READS`] times: only the newest value counts.
    fn read(&mut self) -> Result<(), Failure> {
        let mut buffer = [0; 4096];
        for _ in 0..MAX_READS {
            let count = match self.file.read(&mut buffer) {
                // Whoever else has the pipe may have made it so.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                read => read?,
            };
            self.has_ended = count == 0;
            let bytes = match self.has_ended {
                true => &b"\n"[..],
                false => &buffer[..count],
            };
            let (volume, wrong) = self.lines.take(bytes, self.range);
            self.newest = volume.or(self.newest);
            for text in wrong.iter().filter(|text| !text.is_empty()) {
                say(&left_out(text));
            }
            let waits = [(self.file.as_fd(), Interest::Readable)];
            if self.has_ended || !socket::poll(waits, Some(Instant::now()))?[0].readable {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_maps_its_ends_to_the_volumes() {
        for (range, value, volume) in [
            ("0:128", "0", "-1"),
            ("0:128", "64", "0"),
            ("0:128", "128\r", "1"),
            ("0:128", "200", "1"),
            ("0:128", "-5", "-1"),
            ("128:0", "128", "-1"),
            ("-1:1", "0.25", "0.25"),
        ] {
            let range: Range = range.parse().unwrap();
            assert_eq!(
                range.volume(value),
                Some(volume.parse().unwrap()),
                "{value}"
            );
        }
        for value in ["", "loud", "nan", "1,5", "inf", "-infinity", "1e400"] {
            assert_eq!(Range::default().volume(value), None, "{value}");
        }
    }

    #[test]
    fn what_is_no_range_is_told_why() {
        for text in ["", "5", "a:b", "0:", ":1", "nan:1", "0:inf", "0:1:2"] {
            assert_eq!(
                text.parse::<Range>(),
                Err("not MIN:MAX, such as 0:128"),
                "{text}"
            );
        }
        assert_eq!(
            "1:1".parse::<Range>(),
            Err("no range: both ends are the same")
        );
        assert_eq!(
            "-1e308:1e308".parse::<Range>(),
            Err("no range: its ends are too far apart")
        );
    }

    #[test]
    fn the_newest_line_counts_and_a_half_one_waits() {
        let mut lines = Lines::default();
        let range = Range::default();
        let volume = |text: &str| Some(text.parse().unwrap());
        assert_eq!(lines.take(b"0.1\n0.2\n0.", range), (volume("0.2"), vec![]));
        assert_eq!(lines.take(b"3", range), (None, vec![]));
        let (newest, wrong) = lines.take(b"\nloud\n", range);
        assert_eq!((newest, wrong), (volume("0.3"), vec!["loud".to_owned()]));
        for _ in 0..100 {
            lines.take(&[b'1'; 1000], range);
        }
        assert!(lines.rest.len() <= MAX_LINE);
    }
}
