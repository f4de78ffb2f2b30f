//! The program: words, then one conversation with mixd.

mod args;
mod print;

use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::ExitCode;

use args::{Command, Verb};
use wire::message::Pattern;
use wire::{Client, ClientError, Event, Name, NameError, Reply, Request, Topic};

/// Why nothing, or not everything, was done.
enum Failure {
    /// The words are wrong.
    Usage(String),
    /// mixd refuses, or does not answer.
    Client(ClientError),
    /// Nobody can take the output; no failure at all if the reader has just gone.
    Output(io::Error),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

fn main() -> ExitCode {
    let result = match args::parse(lexopt::Parser::from_env()) {
        Ok(Command::Help) => print(args::HELP),
        Ok(Command::Version) => print(concat!("mixctl ", env!("CARGO_PKG_VERSION"), "\n")),
        Ok(Command::Run { socket, verb }) => run(socket.as_deref(), verb),
        Err(message) => Err(Failure::Usage(message)),
    };
    let (message, code) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        // `mixctl watch | head -1`: the reader has what it wants.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            return ExitCode::SUCCESS;
        }
        Err(Failure::Output(error)) => (
            format!("write to standard output: {}", wire::socket::reason(&error)),
            1,
        ),
        Err(Failure::Usage(message)) => (format!("{message}; see 'mixctl --help'"), 2),
        Err(Failure::Client(error @ ClientError::Refused(_))) => (error.to_string(), 1),
        Err(Failure::Client(error)) => (error.to_string(), 3),
    };
    // A standard error that has gone can't be told.
    let _ = writeln!(io::stderr(), "mixctl: {message}");
    ExitCode::from(code)
}

fn run(socket: Option<&OsStr>, verb: Verb) -> Result<(), Failure> {
    let name = Name::resolve(socket)?;
    let program = concat!("mixctl ", env!("CARGO_PKG_VERSION"));
    let mut client = Client::connect(&name, program)?;
    match verb {
        Verb::GetVolume(format) => match client.request(&Request::GetVolume)? {
            Reply::Mix(mix) => print(&print::volume(&mix, format)),
            other => Err(unexpected(&other)),
        },
        Verb::SetVolume(volume) => done(client.request(&Request::SetVolume(volume))?),
        Verb::ShiftVolume(shift) => done(client.request(&Request::ShiftVolume(shift))?),
        Verb::ListPrograms(format) => match client.request(&Request::ListPrograms)? {
            Reply::Programs(patterns) => print(&print::programs(&patterns, format)),
            other => Err(unexpected(&other)),
        },
        Verb::AddProgram(patterns) => each(&mut client, patterns, Request::AddProgram),
        Verb::RemoveProgram(patterns) => each(&mut client, patterns, Request::RemoveProgram),
        Verb::Status(format) => match client.request(&Request::GetStatus)? {
            Reply::Status(status) => print(&print::status(&status, format)),
            other => Err(unexpected(&other)),
        },
        Verb::Watch(format) => {
            done(client.request(&Request::Subscribe([Topic::Volume].into_iter().collect()))?)?;
            loop {
                if let Some(Event::Volume(mix)) = client.next_event(None)? {
                    print(&print::volume(&mix, format))?;
                }
            }
        }
    }
}

/// Asks for each pattern in turn. One that is refused does not keep the others from being done;
/// the last refusal is the result.
fn each(
    client: &mut Client,
    patterns: Vec<Pattern>,
    request: fn(Pattern) -> Request,
) -> Result<(), Failure> {
    let mut result = Ok(());
    for pattern in patterns {
        match client.request(&request(pattern)) {
            Ok(reply) => done(reply)?,
            Err(error @ ClientError::Refused(_)) => {
                if let Err(Failure::Client(earlier)) =
                    std::mem::replace(&mut result, Err(error.into()))
                {
                    let _ = writeln!(io::stderr(), "mixctl: {earlier}");
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    result
}

fn done(reply: Reply) -> Result<(), Failure> {
    match reply {
        Reply::Done | Reply::Mix(_) => Ok(()),
        other => Err(unexpected(&other)),
    }
}

fn unexpected(reply: &Reply) -> Failure {
    ClientError::Protocol(format!("{reply:?} in answer to something else")).into()
}

/// Writes and flushes: the reader may be a bar that waits for the line.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
