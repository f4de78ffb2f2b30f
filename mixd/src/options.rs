//! The command line: arguments to a [`Command`]. `usage::mixd` lists the options.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use wire::message::Pattern;
use wire::{Channel, Name, OutputChoice};

use crate::config::{Config, files, output};
use crate::router::{ByChannel, CHANNELS, Preference};
use crate::{fade, fake};

/// A command line.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Print a commented configuration.
    PrintConfig,
    /// Run the daemon.
    Run(Options),
}

/// The options of the daemon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The socket's name, if the command line gives one.
    pub socket: Option<OsString>,
    /// Where the sound is.
    pub backend: BackendKind,
    /// The configuration file, if the command line names one.
    pub config: Option<PathBuf>,
    /// The sinks to play to, in order of preference: for the channels that they are for, the configuration's
    /// do not count.
    pub outputs: Vec<OutputChoice>,
    /// The shortest time that a change of volume takes, whatever the configuration says.
    pub glide: Option<Duration>,
    /// The descriptor on which to say that mixd serves.
    pub ready_fd: Option<i32>,
    /// Whether to log more.
    pub verbose: bool,
}

impl Options {
    /// The configuration in force where mixd.conf says `config`: the options go before it.
    pub fn above(&self, config: Config) -> Config {
        Config {
            glide: self.glide.unwrap_or(config.glide),
            ..config
        }
    }

    /// What each channel is to play to where mixd.conf says `outputs`: the options for a channel go before these.
    pub fn preferences(&self, outputs: &[OutputChoice]) -> ByChannel<Vec<Preference>> {
        let mut preferences = ByChannel::default();
        for channel in CHANNELS {
            let of = |all: &[OutputChoice], line: fn(&OutputChoice) -> String| -> Vec<Preference> {
                let all = all.iter();
                let own = all.filter(|choice| choice.channel.is_none_or(|it| it == channel));
                let own = own.map(|choice| Preference {
                    sink: choice.sink,
                    line: line(choice),
                });
                own.collect()
            };
            preferences[channel] = match of(&self.outputs, option) {
                none if none.is_empty() => of(outputs, OutputChoice::to_string),
                options => options,
            };
        }
        preferences
    }

    /// The option that goes before a choice, if one does.
    pub fn over(&self, choice: &OutputChoice) -> Option<String> {
        let is_over = |own: &&OutputChoice| {
            own.channel.is_none() || choice.channel.is_none() || own.channel == choice.channel
        };
        self.outputs.iter().find(is_over).map(option)
    }

    /// The path of mixd.conf; none where HOME is not set.
    pub fn config_path(&self) -> Option<PathBuf> {
        let folder = || files::folder("XDG_CONFIG_HOME", ".config");
        let path = self.config.clone();
        path.or_else(|| Some(folder()?.join("mixd/mixd.conf")))
    }
}

/// A choice as the command line says it.
fn option(choice: &OutputChoice) -> String {
    let channel = match choice.channel {
        None => "",
        Some(Channel::Default) => "-default",
        Some(Channel::Aux) => "-aux",
    };
    format!(
        "--output{channel} {}",
        choice.sink.as_deref().unwrap_or("auto")
    )
}

/// Where the sound is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackendKind {
    /// In PipeWire.
    #[default]
    PipeWire,
    /// In a fake PipeWire, in which a script goes on: for authors of clients.
    Fake {
        /// How many times as fast as it is written, from 1 to [`fake::MAX_SPEED`].
        speed: u32,
    },
    /// Nowhere: for authors and fuzzers of clients.
    None,
}

/// Reads the command line.
///
/// # Errors
/// A sentence without the way to the help.
pub fn parse(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Short('v') | Arg::Long("verbose") => options.verbose = true,
            Arg::Long("socket") => {
                let name = parser.value()?;
                Name::parse(&name).map_err(|error| error.to_string())?;
                options.socket = Some(name);
            }
            Arg::Long("backend") => options.backend = value(&mut parser, "--backend", backend)?,
            Arg::Long(name @ ("output" | "output-default" | "output-aux")) => {
                let (name, channel) = match name {
                    "output-default" => ("--output-default", Some(Channel::Default)),
                    "output-aux" => ("--output-aux", Some(Channel::Aux)),
                    _ => ("--output", None),
                };
                let sink = value(&mut parser, name, sink)?;
                options.outputs.push(OutputChoice { sink, channel });
            }
            Arg::Long("glide") => {
                options.glide = Some(value(&mut parser, "--glide", glide_time)?);
            }
            Arg::Long("config") => {
                let path = PathBuf::from(parser.value()?);
                if path.file_name().is_none() {
                    let path = path.display();
                    return Err(format!("--config '{path}': it is no file's path").into());
                }
                options.config = Some(path);
            }
            Arg::Long("ready-fd") => {
                options.ready_fd = Some(value(&mut parser, "--ready-fd", descriptor)?);
            }
            Arg::Long("print-config") => return Ok(Command::PrintConfig),
            argument => return Err(argument.unexpected()),
        }
    }
    Ok(Command::Run(options))
}

/// The value of `option`, which a refusal names.
fn value<T, E: Display>(
    parser: &mut Parser,
    option: &str,
    read: fn(&str) -> Result<T, E>,
) -> Result<T, lexopt::Error> {
    let text = parser.value()?.string()?;
    read(&text).map_err(|why| format!("{option} '{text}': {why}").into())
}

fn backend(name: &str) -> Result<BackendKind, &'static str> {
    match name {
        "pipewire" => Ok(BackendKind::PipeWire),
        "none" => Ok(BackendKind::None),
        "fake" => Ok(BackendKind::Fake { speed: 1 }),
        _ => {
            let speed = name.strip_prefix("fake:").and_then(|it| it.parse().ok());
            let speed = speed.filter(|speed| (1..=fake::MAX_SPEED).contains(speed));
            let speed = speed.map(|speed| BackendKind::Fake { speed });
            speed.ok_or(
                "it is 'pipewire', 'fake', 'fake:SPEED' with a SPEED from 1 to 100, or 'none'",
            )
        }
    }
}

fn sink(name: &str) -> Result<Option<Pattern>, String> {
    match name {
        "auto" => Ok(None),
        "" => Err("it is empty; 'mixctl outputs' prints the names of the sinks".to_owned()),
        name => output::glob_of(name).map(Some),
    }
}

fn glide_time(text: &str) -> Result<Duration, &'static str> {
    fade::parse(text).ok_or("it is a whole number of milliseconds from 0 to 250")
}

fn descriptor(text: &str) -> Result<i32, &'static str> {
    let number = text.parse().ok().filter(|&number| number > 2);
    number.ok_or("it is the number of an open descriptor, 3 or more")
}

#[cfg(test)]
mod tests {
    use super::*;
    use usage::mixd::USAGE;

    fn parse_words(words: &[&str]) -> Result<Command, String> {
        parse(Parser::from_args(words)).map_err(|error| error.to_string())
    }

    #[test]
    fn no_words_run_the_daemon_on_pipewire() {
        assert_eq!(parse_words(&[]), Ok(Command::Run(Options::default())));
    }

    #[test]
    fn each_option_is_taken() {
        let options = Options {
            socket: Some("@x".into()),
            backend: BackendKind::None,
            config: Some("x.conf".into()),
            outputs: vec![
                OutputChoice {
                    sink: Some("card".parse().unwrap()),
                    channel: None,
                },
                OutputChoice {
                    sink: None,
                    channel: Some(Channel::Aux),
                },
            ],
            glide: Some(Duration::from_millis(100)),
            ready_fd: Some(4),
            verbose: true,
        };
        let words = "--ready-fd 4 --socket @x --backend=none --config x.conf --output card \
                     --output-aux auto --glide 100 -v";
        let words: Vec<&str> = words.split(' ').collect();
        assert_eq!(parse_words(&words), Ok(Command::Run(options)));
    }

    #[test]
    fn a_fake_pipewire_has_a_speed() {
        let kind = |name: &str| backend(name).ok();
        let fake = |speed| Some(BackendKind::Fake { speed });
        assert_eq!(kind("fake"), fake(1));
        assert_eq!(kind("fake:100"), fake(fake::MAX_SPEED));
        for wrong in [
            "fake:", "fake:0", "fake:101", "fake:-1", "fake:1.5", "fake 2",
        ] {
            assert_eq!(kind(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_the_command_line_says_of_a_channel_goes_before_the_file() {
        let choice = |value: &str| output::parse(value).unwrap();
        let file = [choice("aux headset*"), choice("speakers")];
        let lines = |options: &[&str], channel| {
            let options = Options {
                outputs: options.iter().map(|value| choice(value)).collect(),
                ..Options::default()
            };
            let preferences = options.preferences(&file);
            let lines = preferences[channel].iter();
            lines.map(|it| it.line.clone()).collect::<Vec<String>>()
        };
        let (default, aux) = (Channel::Default, Channel::Aux);
        assert_eq!(lines(&[], default), ["output speakers"]);
        assert_eq!(lines(&[], aux), ["output aux headset*", "output speakers"]);
        assert_eq!(lines(&["aux auto"], default), ["output speakers"]);
        assert_eq!(lines(&["aux auto"], aux), ["--output-aux auto"]);
        let both = ["default a", "b"];
        assert_eq!(lines(&both, default), ["--output-default a", "--output b"]);
        assert_eq!(lines(&both, aux), ["--output b"]);
    }

    #[test]
    fn wrong_words_get_a_sentence() {
        for words in [
            &["--sokcet"][..],
            &["now"],
            &["--backend", "alsa"],
            &["--socket"],
            &["--socket", "foo"],
            &["--output", ""],
            &["--output-aux", "[a"],
            &["--config", ""],
            &["--config", "/"],
            &["--glide", "-1"],
            &["--glide", "251"],
            &["--glide", "soon"],
            &["--ready-fd", "2"],
            &["--ready-fd", "x"],
        ] {
            assert!(!parse_words(words).unwrap_err().is_empty(), "{words:?}");
        }
    }

    #[test]
    fn a_wrong_value_is_told_with_its_option() {
        for words in [
            ["--backend", "alsa"],
            ["--glide", "soon"],
            ["--ready-fd", "2"],
            ["--output", ""],
        ] {
            let message = parse_words(&words).unwrap_err();
            let [option, value] = words;
            assert!(
                message.starts_with(&format!("{option} '{value}': it is")),
                "{message}"
            );
        }
        let message = parse_words(&["--socket", "foo"]).unwrap_err();
        assert!(
            message.contains("'foo' is neither @NAME nor a path"),
            "{message}"
        );
    }

    #[test]
    fn every_option_of_the_table_is_taken_and_the_help_fits() {
        for option in USAGE.options {
            let name = format!("--{}", option.long);
            let words = [&*name, if name == "--socket" { "@4" } else { "4" }];
            let words = if option.value.is_some() {
                &words[..]
            } else {
                &words[..1]
            };
            if let Err(message) = parse_words(words) {
                assert!(!message.contains("invalid option"), "{message}");
            }
        }
        assert!(USAGE.help().lines().all(|line| line.len() <= 80));
    }
}
