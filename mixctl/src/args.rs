//! The command line: words to a [`Command`], and the help. Everything is checked here, before
//! mixd is spoken to: wrong words are wrong whether it runs or not.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;

use lexopt::{Arg, Parser};
use wire::message::Pattern;
use wire::{Shift, Volume};

/// What `--help` prints.
pub const HELP: &str = "\
mixctl: sets and shows what mixd does

Usage: mixctl [--socket NAME] VERB

Verbs:
  get-volume [--json]        print the volume, from -1 to 1
  set-volume VALUE           set it: 0 both channels full, towards 1 the default
                             channel fades out, towards -1 the aux channel
  shift-volume DELTA         move it, stopping at -1 and 1
  list-programs [--json]     print the programs on the list, one a line
  add-program NAME...        put programs on the list: they play through aux
  remove-program NAME...     take them off the list
  status [--json]            print everything: volume, gains, streams, card
  watch [--json]             print the volume now and after every change

Options:
      --socket NAME          where mixd is: @NAME (abstract) or a path with a /
                             [default: $MIXD_SOCKET, else @mixd-UID]
  -h, --help                 print this help
  -V, --version              print the version

Exit status: 0 done, 1 refused by mixd, 2 wrong usage, 3 mixd not reachable.
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Ask mixd.
    Run {
        /// Where it is, if the command line says.
        socket: Option<OsString>,
        /// What to ask.
        verb: Verb,
    },
}

/// What mixd is asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Verb {
    /// `get-volume`
    GetVolume(Format),
    /// `set-volume VALUE`
    SetVolume(Volume),
    /// `shift-volume DELTA`
    ShiftVolume(Shift),
    /// `list-programs`
    ListPrograms(Format),
    /// `add-program NAME...`
    AddProgram(Vec<Pattern>),
    /// `remove-program NAME...`
    RemoveProgram(Vec<Pattern>),
    /// `status`
    Status(Format),
    /// `watch`
    Watch(Format),
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people and simple scripts.
    Plain,
    /// For programs.
    Json,
}

/// The words after a verb.
#[derive(Default)]
struct Rest {
    values: Vec<OsString>,
    json: bool,
}

/// Reads the command line.
///
/// # Errors
/// A sentence without the way to the help.
pub fn parse(mut parser: Parser) -> Result<Command, String> {
    let mut socket = None;
    let mut verb: Option<String> = None;
    let mut rest = Rest::default();
    loop {
        // lexopt takes -0.1 for options called 0, . and 1.
        if verb.is_some()
            && let Some(mut raw) = parser.try_raw_args()
            && raw.peek().is_some_and(is_negative_number)
        {
            rest.values.extend(raw.next());
            continue;
        }
        let Some(argument) = parser.next().map_err(sentence)? else {
            break;
        };
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long("socket") => socket = Some(parser.value().map_err(sentence)?),
            Arg::Long("json") if verb.is_some() => rest.json = true,
            Arg::Value(word) if verb.is_none() => {
                verb = Some(word.into_string().map_err(|word| unknown(&word))?);
            }
            Arg::Value(word) => rest.values.push(word),
            argument => return Err(sentence(argument.unexpected())),
        }
    }
    let verb = verb.ok_or("a verb is missing")?;
    let verb = rest.verb(&verb)?;
    Ok(Command::Run { socket, verb })
}

impl Rest {
    fn verb(self, name: &str) -> Result<Verb, String> {
        match name {
            "get-volume" => Ok(Verb::GetVolume(self.format(name)?)),
            "list-programs" => Ok(Verb::ListPrograms(self.format(name)?)),
            "status" => Ok(Verb::Status(self.format(name)?)),
            "watch" => Ok(Verb::Watch(self.format(name)?)),
            "set-volume" => {
                let text = self.one(name, "VALUE, from -1 to 1")?;
                let volume = text.parse().map_err(|error| wrong(name, &text, &error))?;
                Ok(Verb::SetVolume(volume))
            }
            "shift-volume" => {
                let text = self.one(name, "DELTA, such as 0.1 or -0.1")?;
                let shift =
                    Shift::parse_clamped(&text).map_err(|error| wrong(name, &text, &error))?;
                Ok(Verb::ShiftVolume(shift))
            }
            "add-program" => Ok(Verb::AddProgram(self.patterns(name)?)),
            "remove-program" => Ok(Verb::RemoveProgram(self.patterns(name)?)),
            _ => Err(unknown(OsStr::new(name))),
        }
    }

    /// No value, and perhaps `--json`.
    fn format(self, verb: &str) -> Result<Format, String> {
        match self.values.first() {
            Some(value) => Err(format!("{verb} takes no '{}'", value.display())),
            None if self.json => Ok(Format::Json),
            None => Ok(Format::Plain),
        }
    }

    /// Exactly one value.
    fn one(self, verb: &str, what: &str) -> Result<String, String> {
        self.refuse_json(verb)?;
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

    /// At least one pattern.
    fn patterns(self, verb: &str) -> Result<Vec<Pattern>, String> {
        self.refuse_json(verb)?;
        if self.values.is_empty() {
            return Err(format!("{verb} takes the NAME of a program, or several"));
        }
        let pattern = |value| {
            let text = utf8(verb, value)?;
            text.parse().map_err(|error| wrong(verb, &text, &error))
        };
        self.values.into_iter().map(pattern).collect()
    }

    fn refuse_json(&self, verb: &str) -> Result<(), String> {
        if self.json {
            Err(format!("{verb} takes no '--json'"))
        } else {
            Ok(())
        }
    }
}

fn is_negative_number(word: &OsStr) -> bool {
    let bytes = word.as_encoded_bytes();
    matches!(bytes, [b'-', b'0'..=b'9' | b'.', ..])
}

fn utf8(verb: &str, value: OsString) -> Result<String, String> {
    value
        .into_string()
        .map_err(|value| format!("{verb}: '{}' is not UTF-8", value.display()))
}

fn wrong(verb: &str, text: &str, error: &dyn Display) -> String {
    format!("{verb}: '{text}' is {error}")
}

fn unknown(word: &OsStr) -> String {
    format!("'{}' is not a verb", word.display())
}

#[allow(clippy::needless_pass_by_value)] // the form that map_err takes
fn sentence(error: lexopt::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verb(words: &[&str]) -> Result<Verb, String> {
        match parse(Parser::from_args(words))? {
            Command::Run { verb, .. } => Ok(verb),
            other => panic!("{words:?} is {other:?}"),
        }
    }

    #[test]
    fn negative_values_need_no_quoting() {
        let volume = "-0.25".parse().unwrap();
        assert_eq!(verb(&["set-volume", "-0.25"]), Ok(Verb::SetVolume(volume)));
        assert_eq!(verb(&["set-volume", "-.25"]), Ok(Verb::SetVolume(volume)));
        assert_eq!(
            verb(&["set-volume", "--", "-.25"]),
            Ok(Verb::SetVolume(volume))
        );
        let shift = Shift::parse_clamped("-0.1").unwrap();
        assert_eq!(
            verb(&["shift-volume", "-0.1"]),
            Ok(Verb::ShiftVolume(shift))
        );
    }

    #[test]
    fn the_socket_may_stand_anywhere() {
        for words in [
            ["--socket", "@x", "get-volume"],
            ["get-volume", "--socket", "@x"],
        ] {
            let command = parse(Parser::from_args(words));
            let socket = Some("@x".into());
            let verb = Verb::GetVolume(Format::Plain);
            assert_eq!(command, Ok(Command::Run { socket, verb }));
        }
    }

    #[test]
    fn wrong_words_get_a_sentence() {
        let long = "x".repeat(129);
        for words in [
            &[][..],
            &["dance"],
            &["set-volume"],
            &["set-volume", ""],
            &["set-volume", "nan"],
            &["set-volume", "2"],
            &["set-volume", "abc"],
            &["set-volume", "0", "1"],
            &["set-volume", "0", "--json"],
            &["shift-volume", "inf"],
            &["get-volume", "now"],
            &["get-volume", "--jsno"],
            &["add-program"],
            &["add-program", &long],
            &["-x"],
            &["--json"],
            &["--socket"],
            &["status", "-0.1"],
        ] {
            let message = verb(words).unwrap_err();
            assert!(
                !message.is_empty() && !message.contains('\n'),
                "{words:?}: {message}"
            );
        }
    }

    #[test]
    fn every_sequence_of_three_nasty_words_is_taken_or_refused() {
        const WORDS: [&str; 16] = [
            "",
            "-",
            "--",
            "-0.1",
            "-1e9",
            "--json",
            "--json=x",
            "--socket",
            "--socket=",
            "-h",
            "set-volume",
            "shift-volume",
            "watch",
            "add-program",
            "nan",
            "\u{1b}[31m",
        ];
        for first in WORDS {
            for second in WORDS {
                for third in WORDS {
                    if let Err(message) = parse(Parser::from_args([first, second, third])) {
                        assert!(!message.is_empty());
                    }
                }
            }
        }
    }

    #[test]
    fn the_help_names_every_verb_and_fits_80_columns() {
        for name in [
            "get-volume",
            "set-volume",
            "shift-volume",
            "list-programs",
            "add-program",
            "remove-program",
            "status",
            "watch",
        ] {
            assert!(HELP.contains(name), "{name}");
        }
        assert!(HELP.lines().all(|line| line.len() <= 80));
    }
}
