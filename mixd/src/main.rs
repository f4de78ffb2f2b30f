//! The program: options, then the daemon.

use std::io::{self, Write};
use std::process::ExitCode;

use mixd::options::{self, Command, Options};
use mixd::{daemon, log};
use usage::directives;
use usage::mixd::USAGE;
use wire::Name;
use wire::socket::reason;

fn main() -> ExitCode {
    match options::parse(lexopt::Parser::from_env()) {
        Ok(Command::Help) => print(&USAGE.help()),
        Ok(Command::Version) => print(&USAGE.version()),
        Ok(Command::PrintConfig) => print(&directives::commented()),
        Ok(Command::Run(options)) => {
            if options.verbose {
                log::set_level(log::Level::Verbose);
            }
            match Name::resolve(options.socket.as_deref()) {
                Ok(name) => run(&options, &name),
                Err(error) => {
                    log::fatal(&error);
                    ExitCode::from(2)
                }
            }
        }
        Err(error) => {
            log::fatal(&format_args!("{error}; see 'mixd --help'"));
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options, name: &Name) -> ExitCode {
    match daemon::run(options, name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::fatal(&error);
            ExitCode::FAILURE
        }
    }
}

/// A reader that has gone is no failure; a full disk is one.
fn print(text: &str) -> ExitCode {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            log::fatal(&format_args!(
                "write to standard output: {}",
                reason(&error)
            ));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
