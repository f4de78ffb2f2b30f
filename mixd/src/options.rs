//! The command line: arguments to a [`Command`]. `usage::mixd` lists the options.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use wire::Name;

use crate::config::{Config, files};
use crate::fade;

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
    /// The sink to play to, whatever the configuration says.
    pub output: Option<Output>,
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
            output: match &self.output {
                Some(Output::Auto) => None,
                Some(Output::Name(name)) => Some(name.clone()),
                None => config.output,
            },
            glide: self.glide.unwrap_or(config.glide),
            ..config
        }
    }

    /// The path of mixd.conf; none where HOME is not set.
    pub fn config_path(&self) -> Option<PathBuf> {
        let folder = || files::folder("XDG_CONFIG_HOME", ".config");
        let path = self.config.clone();
        path.or_else(|| Some(folder()?.join("mixd/mixd.conf")))
    }
}

/// The sink to play to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The default one.
    Auto,
    /// The one of this `node.name`.
    Name(String),
}

/// Where the sound is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackendKind {
    /// In PipeWire.
    #[default]
    PipeWire,
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
            Arg::Long("output") => {
                options.output = Some(value(&mut parser, "--output", output)?);
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
fn value<T>(
    parser: &mut Parser,
    option: &str,
    read: fn(&str) -> Result<T, &'static str>,
) -> Result<T, lexopt::Error> {
    let text = parser.value()?.string()?;
    read(&text).map_err(|why| format!("{option} '{text}': {why}").into())
}

fn backend(name: &str) -> Result<BackendKind, &'static str> {
    match name {
        "pipewire" => Ok(BackendKind::PipeWire),
        "none" => Ok(BackendKind::None),
        _ => Err("it is 'pipewire' or 'none'"),
    }
}

fn output(name: &str) -> Result<Output, &'static str> {
    match name {
        "" => Err("it is empty; 'pw-cli ls Node' prints the names of the sinks"),
        "auto" => Ok(Output::Auto),
        name => Ok(Output::Name(name.to_owned())),
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
            output: Some(Output::Name("card".into())),
            glide: Some(Duration::from_millis(100)),
            ready_fd: Some(4),
            verbose: true,
        };
        let words =
            "--ready-fd 4 --socket @x --backend=none --config x.conf --output card --glide 100 -v";
        let words: Vec<&str> = words.split(' ').collect();
        assert_eq!(parse_words(&words), Ok(Command::Run(options)));
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
