//! `cargo xtask COMMAND`: the project's own commands, a file each.

mod demo;
mod run;
mod setup;
mod test;
mod tools;

use std::process::ExitCode;

use lexopt::{Arg, Parser};
use xtask::{Result, process};

const HELP: &str = "\
cargo xtask COMMAND

Commands:
  setup    find what is missing to build, run and test mixd, and install it (Debian,
           Ubuntu) or say what it is called (Arch, Fedora, Alpine, Void, NixOS)
  run      set up, build, and run mixd on your PipeWire; without one, do the demo
  demo     prove it in a private PipeWire: two programs, a sweep, measured levels
  test     set up, then run every check
";

fn main() -> ExitCode {
    match parse(Parser::from_env()) {
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Some(command)) => match process::clean_up_on_signals().and_then(|()| command()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("xtask: {error}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("xtask: {error}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

/// The command to run; none for the help.
fn parse(mut parser: Parser) -> std::result::Result<Option<fn() -> Result<()>>, lexopt::Error> {
    let command: fn() -> Result<()> = match parser.next()? {
        None | Some(Arg::Short('h') | Arg::Long("help")) => return Ok(None),
        Some(Arg::Value(name)) => match name.to_str() {
            Some("setup") => setup::setup,
            Some("run") => run::run,
            Some("demo") => demo::demo,
            Some("test") => test::test,
            _ => return Err(format!("no command '{}'", name.display()).into()),
        },
        Some(argument) => return Err(argument.unexpected()),
    };
    match parser.next()? {
        None => Ok(Some(command)),
        Some(argument) => Err(argument.unexpected()),
    }
}
