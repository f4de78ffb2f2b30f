//! The window of mixd.

use std::io::{self, Write};
use std::process::ExitCode;

use lexopt::Parser;
use mixview::options::{self, Command};
use mixview::window;
use usage::mixview::USAGE;
use wire::Name;

fn main() -> ExitCode {
    let (text, code) = match options::parse(Parser::from_env()) {
        Ok(Command::Help) => (USAGE.help(), 0),
        Ok(Command::Version) => (USAGE.version(), 0),
        Ok(Command::Window(options)) => match Name::resolve(options.socket.as_deref()) {
            Ok(name) => match window::run(&options, name) {
                Ok(()) => (String::new(), 0),
                Err(why) => (format!("mixview: {why}\n"), 1),
            },
            Err(why) => (format!("mixview: {why}\n"), 2),
        },
        Err(why) => (format!("mixview: {why}; see 'mixview --help'\n"), 2),
    };
    // A closed pipe is no failure of ours.
    let _ = if code == 0 {
        io::stdout().write_all(text.as_bytes())
    } else {
        io::stderr().write_all(text.as_bytes())
    };
    ExitCode::from(code)
}
