//! The command line.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};
use wire::Name;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorScheme {
    /// The desktop's.
    #[default]
    Auto,
    Dark,
    Light,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The name of mixd's socket, if not the default.
    pub socket: Option<OsString>,
    pub color_scheme: ColorScheme,
    /// Pixels in a logical one, if not as many as the desktop says.
    pub scale: Option<f64>,
}

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub enum Command {
    Window(Options),
    Help,
    Version,
}

/// Reads the command line.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn parse(mut parser: Parser) -> Result<Command, String> {
    let mut options = Options::default();
    loop {
        let argument = parser.next().map_err(|error| error.to_string())?;
        match argument {
            None => return Ok(Command::Window(options)),
            Some(Arg::Short('h') | Arg::Long("help")) => return Ok(Command::Help),
            Some(Arg::Short('V') | Arg::Long("version")) => return Ok(Command::Version),
            Some(Arg::Long("socket")) => {
                let name = parser.value().map_err(|error| error.to_string())?;
                Name::parse(&name).map_err(|error| error.to_string())?;
                options.socket = Some(name);
            }
            Some(Arg::Long("theme")) => {
                let value = parser.value().map_err(|error| error.to_string())?;
                options.color_scheme = match value.to_str() {
                    Some("auto") => ColorScheme::Auto,
                    Some("dark") => ColorScheme::Dark,
                    Some("light") => ColorScheme::Light,
                    _ => {
                        let value = value.display();
                        return Err(format!("the theme '{value}' is none of dark, light, auto"));
                    }
                };
            }
            Some(Arg::Long("scale")) => {
                let value = parser.value().map_err(|error| error.to_string())?;
                let scale = value.parse::<f64>().ok();
                let scale = scale.filter(|scale| (0.5..=8.0).contains(scale));
                let wrong = || {
                    let value = value.display();
                    format!("the scale '{value}' is not a number from 0.5 to 8")
                };
                options.scale = Some(scale.ok_or_else(wrong)?);
            }
            // Nothing moves by itself so far.
            Some(Arg::Long("no-motion")) => {}
            Some(argument) => return Err(argument.unexpected().to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Command, String> {
        parse(Parser::from_args(args))
    }

    #[test]
    fn each_option_is_read_and_what_is_wrong_is_said() {
        assert_eq!(parsed(&[]), Ok(Command::Window(Options::default())));
        assert_eq!(parsed(&["-h"]), Ok(Command::Help));
        assert_eq!(parsed(&["--version"]), Ok(Command::Version));
        let all = [
            "--socket",
            "@x",
            "--theme=light",
            "--scale",
            "1.5",
            "--no-motion",
        ];
        let options = Options {
            socket: Some("@x".into()),
            color_scheme: ColorScheme::Light,
            scale: Some(1.5),
        };
        assert_eq!(parsed(&all), Ok(Command::Window(options)));
        for (args, what) in [
            (
                &["--theme", "blue"][..],
                "'blue' is none of dark, light, auto",
            ),
            (&["--theme"], "--theme"),
            (&["--scale", "0"], "'0' is not a number from 0.5 to 8"),
            (&["--scale", "nan"], "'nan' is not"),
            (&["--socket", "mixd"], "neither @NAME nor a path"),
            (&["--colour"], "--colour"),
            (&["now"], "now"),
        ] {
            let error = parsed(args).unwrap_err();
            assert!(error.contains(what), "{args:?}: {error}");
        }
    }
}
