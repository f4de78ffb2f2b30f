//! The command line to a [`Command`]. The loop here finds the verb and the options that the table in
//! `usage::mixctl` gives it; `verb.rs` says what they mean. All is checked before mixd is spoken to: wrong words
//! are wrong whether it runs or not.

mod verb;

use std::ffi::{OsStr, OsString};

use lexopt::{Arg, Parser};
use usage::mixctl::USAGE;
use usage::{Opt, Verb as Entry, nearest};

pub use self::verb::{Detail, Format, Patterns, Side, Until, Verb, WatchFormat};

/// A command line that is understood.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// Prints the verbs, because none was given.
    Overview,
    /// Prints the help, on all or on one verb.
    Help(Option<&'static Entry>),
    /// Prints the version.
    Version,
    /// Carries out a verb.
    Run {
        /// The value of `--socket`.
        socket: Option<OsString>,
        /// The verb with its values and options.
        verb: Verb,
    },
}

/// A verb and the words after it, as they stand.
#[derive(Debug)]
struct Words {
    entry: &'static Entry,
    values: Vec<OsString>,
    /// The options given: the name without its dashes, and the value.
    options: Vec<(&'static str, Option<OsString>)>,
    /// The words after `--`, for a verb that takes a command.
    command: Vec<OsString>,
}

/// Reads the command line.
///
/// # Errors
/// A sentence that says which word is wrong; the caller adds where the help is.
pub fn parse(mut parser: Parser) -> Result<Command, String> {
    let mut socket = None;
    let mut words: Option<Words> = None;
    loop {
        if let Some(words) = &mut words
            && let Some(mut raw) = parser.try_raw_args()
        {
            // lexopt takes -0.1 for options called 0, . and 1.
            if raw.peek().is_some_and(is_negative_number) {
                words.values.extend(raw.next());
                continue;
            }
            if raw.peek() == Some(OsStr::new("--")) && words.takes_command() {
                words.command.extend(raw.skip(1));
                break;
            }
        }
        let Some(argument) = parser.next().map_err(sentence)? else {
            break;
        };
        match argument {
            Arg::Short('h') | Arg::Long("help") => {
                return Ok(Command::Help(words.map(|words| words.entry)));
            }
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long("socket") => socket = Some(parser.value().map_err(sentence)?),
            Arg::Value(word) => match &mut words {
                Some(words) => words.values.push(word),
                None => words = Some(Words::new(&word)?),
            },
            Arg::Long(name) => {
                let option = words.as_ref().and_then(|words| words.option(name));
                let (Some(words), Some(option)) = (&mut words, option) else {
                    return Err(unexpected(words.as_ref(), &Arg::Long(name)));
                };
                let value = match option.value {
                    Some(_) => Some(parser.value().map_err(sentence)?),
                    None => None,
                };
                words.options.push((option.long, value));
            }
            Arg::Short(_) => return Err(unexpected(words.as_ref(), &argument)),
        }
    }
    match words {
        None => Ok(Command::Overview),
        Some(words) if words.entry.name == "help" => explained(&words),
        Some(words) => {
            let verb = verb::read(words)?;
            Ok(Command::Run { socket, verb })
        }
    }
}

/// Reads the words after `help`: at most one verb.
fn explained(words: &Words) -> Result<Command, String> {
    match &words.values[..] {
        [] => Ok(Command::Help(None)),
        [verb] => Ok(Command::Help(Some(entry(verb)?))),
        [_, extra, ..] => Err(format!(
            "help takes one verb; '{}' is more",
            extra.display()
        )),
    }
}

/// Returns the verb of this name.
fn entry(verb: &OsStr) -> Result<&'static Entry, String> {
    let shown = verb.display();
    let verb = verb.to_str().unwrap_or_default();
    let names: Vec<&str> = USAGE.verbs.iter().map(|entry| entry.name).collect();
    USAGE
        .verb(verb)
        .ok_or_else(|| format!("'{shown}' is not a verb{}", suggestion("", verb, &names)))
}

/// The end of a sentence that refuses a word: the name that was probably meant, if there is one.
fn suggestion(dashes: &str, word: &str, names: &[&str]) -> String {
    let name = nearest(word, names);
    name.map_or(String::new(), |name| {
        format!("; did you mean '{dashes}{name}'?")
    })
}

/// The sentence that refuses an option: it does not exist, or not for this verb.
fn unexpected(words: Option<&Words>, argument: &Arg) -> String {
    let (option, name) = match argument {
        Arg::Short(letter) => (format!("-{letter}"), ""),
        Arg::Long(name) => (format!("--{name}"), *name),
        Arg::Value(value) => (value.display().to_string(), ""),
    };
    let long = |option: &'static Opt| option.long;
    let mut names: Vec<&str> = USAGE.options.iter().map(long).collect();
    if let Some(words) = words {
        names.splice(..0, words.entry.options.iter().map(long));
        let mut end = suggestion("--", name, &names);
        if end.is_empty() && words.takes_names() {
            end.push_str("; what begins with a - and is no option stands after '--'");
        }
        return format!("{} takes no '{option}'{end}", words.entry.name);
    }
    let mut options = USAGE.verbs.iter().flat_map(|verb| verb.options);
    match options.any(|known| known.long == name) {
        true => format!("'{option}' stands before the verb that it belongs to"),
        false => format!(
            "there is no option '{option}'{}",
            suggestion("--", name, &names)
        ),
    }
}

impl Words {
    fn new(verb: &OsStr) -> Result<Self, String> {
        Ok(Self {
            entry: entry(verb)?,
            values: Vec::new(),
            options: Vec::new(),
            command: Vec::new(),
        })
    }

    fn takes_command(&self) -> bool {
        self.entry.completes == usage::Completes::Command
    }

    /// Returns whether its values are names or patterns, which may begin with a `-`.
    fn takes_names(&self) -> bool {
        use usage::Completes;
        matches!(
            self.entry.completes,
            Completes::Names | Completes::Patterns | Completes::Programs
        )
    }

    fn option(&self, name: &str) -> Option<&'static Opt> {
        self.entry.options.iter().find(|option| option.long == name)
    }

    /// Returns whether an option was given.
    fn has(&self, name: &str) -> bool {
        self.options.iter().any(|(given, _)| *given == name)
    }

    /// Returns the value of an option; the last one if it was given several times.
    fn value_of(&self, name: &str) -> Result<Option<String>, String> {
        let mut options = self.options.iter().rev();
        let found = options.find(|(given, _)| *given == name);
        match found {
            Some((_, Some(value))) => {
                let value = value.to_str().map(str::to_owned);
                value
                    .map(Some)
                    .ok_or_else(|| format!("the value of '--{name}' is not UTF-8"))
            }
            _ => Ok(None),
        }
    }
}

fn is_negative_number(word: &OsStr) -> bool {
    matches!(word.as_encoded_bytes(), [b'-', b'0'..=b'9' | b'.', ..])
}

#[allow(clippy::needless_pass_by_value)] // the form that map_err takes
fn sentence(error: lexopt::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
