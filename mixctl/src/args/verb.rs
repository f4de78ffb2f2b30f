//! The verbs, and what the words after each of them mean.

use std::ffi::OsString;
use std::fmt::Display;
use std::time::Duration;

use wire::message::Pattern;
use wire::{Channel, OutputChoice, Shift, Volume};

use super::Words;
use crate::dial::Range;
use crate::number;
use usage::mixctl::{FORMATS, SIDES};

/// The longest hold: a day.
const MAX_HOLD: f64 = 86400.0;

/// A verb with its values and options.
#[derive(Debug, PartialEq)]
pub enum Verb {
    /// `get-volume`
    GetVolume(Format),
    /// `set-volume VALUE`, and whether to print the volume after it.
    SetVolume(Volume, bool),
    /// `set-volume --stdin`, and whether to wait for mixd when it has gone.
    Dial(Range, bool),
    /// `shift-volume DELTA`, and whether to print the volume after it.
    ShiftVolume(Shift, bool),
    /// `toggle`, and whether to print the volume after it.
    Toggle(bool),
    /// `hold VALUE`
    Hold(Volume, Until),
    /// `list-programs`
    ListPrograms(Format),
    /// `add-program` without a pattern.
    Pick,
    /// `add-program PATTERN...`
    AddProgram(Patterns),
    /// `ignore PATTERN...`
    Ignore(Patterns),
    /// `remove-program PATTERN...`
    RemoveProgram(Patterns),
    /// `move NAME|PID|ID CHANNEL`; with a format only prints what it would change.
    Move(String, Side, Option<Format>),
    /// `undo`
    Undo,
    /// `redo`
    Redo,
    /// `outputs`
    Outputs(Format),
    /// `output [default|aux] NAME|auto`
    Output(OutputChoice),
    /// `streams`
    Streams(Format),
    /// `why NAME|PID|ID`
    Why(String, Detail),
    /// `status`
    Status(Format),
    /// `watch`, and whether to wait for mixd when it has gone.
    Watch(WatchFormat, bool),
    /// `doctor`
    Doctor(Format),
    /// `reload`
    Reload,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people and simple scripts.
    Plain,
    /// For programs.
    Json,
}

/// How much `why` prints, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The rule that decides, for people.
    Rule,
    /// Also the rules that were tried and every property, for people.
    All,
    /// Everything, for programs.
    Json,
}

/// How `watch` prints the volume: a line a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchFormat {
    /// A number.
    Plain,
    /// A JSON object.
    Json,
    /// The object that waybar's custom modules read.
    Waybar,
    /// The number that wob reads.
    Wob,
}

/// How long a volume is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until this command ends.
    Command(Vec<OsString>),
    /// This long.
    Time(Duration),
}

/// The arguments of `add-program`, `ignore` and `remove-program`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patterns {
    /// The patterns to add or remove.
    pub patterns: Vec<Pattern>,
    /// How to print what would change, with `--dry-run`: then nothing is changed.
    pub dry_run: Option<Format>,
}

/// The channel that `move` sends a program to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// To this channel.
    Channel(Channel),
    /// To the channel that it does not play through now.
    Other,
}

/// Reads the words after a verb.
pub(super) fn read(words: Words) -> Result<Verb, String> {
    match words.entry.name {
        "get-volume" => Ok(Verb::GetVolume(words.format()?)),
        "list-programs" => Ok(Verb::ListPrograms(words.format()?)),
        "streams" => Ok(Verb::Streams(words.format()?)),
        "outputs" => Ok(Verb::Outputs(words.format()?)),
        "output" => Ok(Verb::Output(words.output()?)),
        "status" => Ok(Verb::Status(words.format()?)),
        "doctor" => Ok(Verb::Doctor(words.format()?)),
        "reload" => Ok(Verb::Reload),
        "set-volume" if words.has("stdin") => words.dial(),
        "set-volume" => {
            for option in ["range", "reconnect"] {
                if words.has(option) {
                    return Err(format!(
                        "set-volume takes '--{option}' together with '--stdin'"
                    ));
                }
            }
            let print = words.has("print");
            let volume = words.number("VALUE, from -1 to 1", str::parse)?;
            Ok(Verb::SetVolume(volume, print))
        }
        "shift-volume" => {
            let print = words.has("print");
            let shift = words.number("DELTA, such as 0.1 or -0.1", Shift::parse_clamped)?;
            Ok(Verb::ShiftVolume(shift, print))
        }
        "toggle" => {
            words.nothing()?;
            Ok(Verb::Toggle(words.has("print")))
        }
        "reset" => {
            words.nothing()?;
            Ok(Verb::SetVolume(Volume::MIDDLE, words.has("print")))
        }
        "hold" => words.hold(),
        "add-program" if words.values.is_empty() && words.options.is_empty() => Ok(Verb::Pick),
        "add-program" => Ok(Verb::AddProgram(words.patterns()?)),
        "ignore" => Ok(Verb::Ignore(words.patterns()?)),
        "remove-program" => {
            let patterns = words.patterns()?;
            // What two patterns hold together would stay when either goes: no sum of two answers.
            match (patterns.dry_run, &patterns.patterns[..]) {
                (Some(_), [_, _, ..]) => {
                    Err("remove-program takes one PATTERN together with '--dry-run'".into())
                }
                _ => Ok(Verb::RemoveProgram(patterns)),
            }
        }
        "move" => words.send(),
        "undo" => {
            words.nothing()?;
            Ok(Verb::Undo)
        }
        "redo" => {
            words.nothing()?;
            Ok(Verb::Redo)
        }
        "why" => {
            let detail = match (words.json(), words.has("all")) {
                (Format::Json, _) => Detail::Json,
                (Format::Plain, true) => Detail::All,
                (Format::Plain, false) => Detail::Rule,
            };
            let who = words.one("NAME, a PID or an ID of 'mixctl status'")?;
            Ok(Verb::Why(who, detail))
        }
        "watch" => words.watch(),
        name => Err(format!("'{name}' is not a verb")),
    }
}

impl Words {
    fn json(&self) -> Format {
        if self.has("json") {
            Format::Json
        } else {
            Format::Plain
        }
    }

    fn nothing(&self) -> Result<(), String> {
        match self.values.first() {
            Some(value) => Err(format!(
                "{} takes no '{}'",
                self.entry.name,
                value.display()
            )),
            None => Ok(()),
        }
    }

    /// Reads no value, and perhaps `--json`.
    fn format(&self) -> Result<Format, String> {
        self.nothing()?;
        Ok(self.json())
    }

    /// Reads exactly one value.
    fn one(self, what: &str) -> Result<String, String> {
        let verb = self.entry.name;
        let mut values = self.values.into_iter();
        match (values.next(), values.next()) {
            (Some(value), None) => utf8(verb, value),
            (None, _) => Err(format!("{verb} takes a {what}")),
            (_, Some(extra)) => Err(format!(
                "{verb} takes one value; '{}' is more",
                extra.display()
            )),
        }
    }

    /// Reads exactly one value, which is a number.
    fn number<T, E: Display>(
        self,
        what: &str,
        parse: fn(&str) -> Result<T, E>,
    ) -> Result<T, String> {
        let verb = self.entry.name;
        let text = self.one(what)?;
        let is_right = |text: &str| parse(text).is_ok();
        parse(&text).map_err(|error| wrong_number(verb, &text, &error, is_right))
    }

    fn dial(&self) -> Result<Verb, String> {
        self.nothing()?;
        if self.has("print") {
            return Err("set-volume takes either '--stdin' or '--print'".into());
        }
        let range = match self.value_of("range")? {
            None => Range::default(),
            Some(text) => {
                let range = text.parse();
                let is_right = |text: &str| text.parse::<Range>().is_ok();
                range
                    .map_err(|error| wrong_number("set-volume --range", &text, &error, is_right))?
            }
        };
        Ok(Verb::Dial(range, self.has("reconnect")))
    }

    fn hold(mut self) -> Result<Verb, String> {
        let command = std::mem::take(&mut self.command);
        let until = match (self.value_of("for")?, command.is_empty()) {
            (Some(text), true) => {
                let seconds = |text: &str| {
                    let seconds = text.parse().ok();
                    seconds.filter(|seconds| (0.0..=MAX_HOLD).contains(seconds))
                };
                let is_right = |text: &str| seconds(text).is_some();
                let seconds = seconds(&text).ok_or_else(|| {
                    wrong_number(
                        "hold --for",
                        &text,
                        &"not a number of seconds from 0 to 86400",
                        is_right,
                    )
                })?;
                Until::Time(Duration::from_secs_f64(seconds))
            }
            (None, false) => Until::Command(command),
            (Some(_), false) => return Err("hold takes either '--for' or a command".into()),
            (None, true) => {
                return Err("hold takes a command after '--', or '--for SECONDS'".into());
            }
        };
        let volume = self.number("VALUE, from -1 to 1", str::parse)?;
        Ok(Verb::Hold(volume, until))
    }

    /// Reads at least one pattern, and perhaps `--dry-run`.
    fn patterns(self) -> Result<Patterns, String> {
        let verb = self.entry.name;
        let dry_run = self.dry_run()?;
        if self.values.is_empty() {
            return Err(format!("{verb} takes a PATTERN, or several"));
        }
        let pattern = |value| {
            let text = utf8(verb, value)?;
            text.parse().map_err(|error| wrong(verb, &text, &error))
        };
        let patterns = self
            .values
            .into_iter()
            .map(pattern)
            .collect::<Result<_, _>>()?;
        Ok(Patterns { patterns, dry_run })
    }

    /// Reads `--dry-run` and the format that it prints in.
    fn dry_run(&self) -> Result<Option<Format>, String> {
        let dry_run = self.has("dry-run").then(|| self.json());
        if dry_run.is_none() && self.has("json") {
            let verb = self.entry.name;
            return Err(format!("{verb} takes '--json' together with '--dry-run'"));
        }
        Ok(dry_run)
    }

    fn send(self) -> Result<Verb, String> {
        let verb = self.entry.name;
        let dry_run = self.dry_run()?;
        let mut values = self.values.into_iter();
        let (who, side) = match (values.next(), values.next(), values.next()) {
            (Some(who), Some(side), None) => (utf8(verb, who)?, utf8(verb, side)?),
            (_, _, Some(extra)) => {
                let extra = extra.display();
                return Err(format!("{verb} takes two values; '{extra}' is more"));
            }
            _ => {
                let sides = SIDES.join(", ");
                return Err(format!(
                    "{verb} takes a NAME, a PID or an ID of 'mixctl status', and one of {sides}"
                ));
            }
        };
        let side = match &*side {
            "aux" => Side::Channel(Channel::Aux),
            "default" => Side::Channel(Channel::Default),
            "other" => Side::Other,
            _ => {
                let sides = SIDES.join(", ");
                return Err(wrong(verb, &side, &format!("none of {sides}")));
            }
        };
        Ok(Verb::Move(who, side, dry_run))
    }

    fn output(self) -> Result<OutputChoice, String> {
        let verb = self.entry.name;
        let values = self.values.into_iter().map(|value| utf8(verb, value));
        let values = values.collect::<Result<Vec<String>, String>>()?;
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let (channel, sink) = match values[..] {
            [] | ["default" | "aux"] => {
                return Err(format!("{verb} takes the NAME of a sink, or auto"));
            }
            ["default", sink] => (Some(Channel::Default), sink),
            ["aux", sink] => (Some(Channel::Aux), sink),
            [sink] => (None, sink),
            [first, second, ..] => {
                let extra = match first {
                    "default" | "aux" => values[2],
                    _ => second,
                };
                return Err(format!(
                    "{verb} takes one NAME, in quotes if it has spaces, and default or aux before it, or \
                     nothing; '{extra}' is more"
                ));
            }
        };
        let sink = match sink {
            "auto" => None,
            sink => Some(sink.parse().map_err(|error| wrong(verb, sink, &error))?),
        };
        Ok(OutputChoice { sink, channel })
    }

    fn watch(&self) -> Result<Verb, String> {
        self.nothing()?;
        let format = match self.value_of("format")?.as_deref() {
            None if self.has("json") => WatchFormat::Json,
            Some(format) if self.has("json") && format != "json" => {
                return Err("watch takes either '--format' or '--json'".into());
            }
            None | Some("plain") => WatchFormat::Plain,
            Some("json") => WatchFormat::Json,
            Some("waybar") => WatchFormat::Waybar,
            Some("wob") => WatchFormat::Wob,
            Some(other) => {
                let known = FORMATS.join(", ");
                return Err(wrong("watch --format", other, &format!("none of {known}")));
            }
        };
        Ok(Verb::Watch(format, self.has("reconnect")))
    }
}

fn utf8(verb: &str, value: OsString) -> Result<String, String> {
    value
        .into_string()
        .map_err(|value| format!("{verb}: '{}' is not UTF-8", value.display()))
}

fn wrong(verb: &str, text: &str, error: &dyn Display) -> String {
    format!("{verb}: '{text}' is {error}")
}

/// As [`wrong`], of a number; with how mixctl takes it, where other programs write it so and `is_right`.
fn wrong_number(
    verb: &str,
    text: &str,
    error: &dyn Display,
    is_right: impl Fn(&str) -> bool,
) -> String {
    let sentence = wrong(verb, text, error);
    match number::written_here(text).filter(|written| is_right(written)) {
        Some(number) => format!("{sentence}; here it is written {number}"),
        None => sentence,
    }
}
