//! The verbs: a request and what is printed of its answer, or the module of a verb that is more.

use std::ffi::OsStr;

use wire::{Client, ClientError, Name, Reply, Request};

use crate::args::{self, Command, Format, Verb};
use crate::ask::{changed, connect, done, report, status, unexpected};
use crate::edit::edit;
use crate::failure::{Failure, sentence};
use crate::output::{print, say};
use crate::{dial, doctor, hold, json, moving, pick, print as plain, watch, why};
use usage::mixctl::USAGE;

/// Runs the program. Returns its exit status.
pub fn main() -> u8 {
    let result = match args::parse(lexopt::Parser::from_env()) {
        // Nothing was asked, and nothing done.
        Ok(Command::Overview) => print(&USAGE.overview()).and(Err(Failure::Status(2))),
        Ok(Command::Help(None)) => print(&USAGE.help()),
        Ok(Command::Help(Some(verb))) => print(&USAGE.help_of(verb)),
        Ok(Command::Version) => print(&USAGE.version()),
        Ok(Command::Run { socket, verb }) => run(socket.as_deref(), verb),
        Err(message) => Err(Failure::Usage(message)),
    };
    let Err(failure) = result else {
        return 0;
    };
    let (code, message) = failure.told();
    if let Some(message) = message {
        say(&message);
    }
    code
}

fn run(socket: Option<&OsStr>, verb: Verb) -> Result<(), Failure> {
    let name = Name::resolve(socket)?;
    match ask(&name, verb) {
        Err(Failure::Client(error @ ClientError::Silent)) => {
            Err(Failure::Silent(sentence(&error, &name)))
        }
        result => result,
    }
}

fn ask(name: &Name, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Watch(format, reconnect) => return watch::watch(name, format, reconnect),
        Verb::Dial(range, reconnect) => return dial::follow_input(name, range, reconnect),
        Verb::Doctor(format) => return doctor::examine(name, format),
        Verb::Pick => pick::check_terminal()?,
        _ => {}
    }
    let mut client = connect(name)?;
    match verb {
        Verb::GetVolume(format) => show_mix(&mut client, &Request::GetVolume, format),
        Verb::SetVolume(volume, shows) => mix(&mut client, &Request::SetVolume(volume), shows),
        Verb::ShiftVolume(shift, shows) => mix(&mut client, &Request::ShiftVolume(shift), shows),
        Verb::Toggle(shows) => mix(&mut client, &Request::ToggleVolume, shows),
        Verb::Hold(volume, until) => hold::hold(client, name, volume, until),
        Verb::ListPrograms(format) => match client.request(&Request::ListPrograms)? {
            Reply::Programs(rules) => print(&match format {
                Format::Plain => plain::programs(&rules),
                Format::Json => json::programs(&rules),
            }),
            other => Err(unexpected(&other)),
        },
        Verb::Pick => pick::pick(&mut client),
        Verb::AddProgram(patterns) => {
            let (request, trial) = (Request::AddProgram, Request::TryAddProgram);
            edit(&mut client, patterns, request, trial)
        }
        Verb::Ignore(patterns) => {
            let (request, trial) = (Request::IgnoreProgram, Request::TryIgnoreProgram);
            edit(&mut client, patterns, request, trial)
        }
        Verb::RemoveProgram(patterns) => {
            let (request, trial) = (Request::RemoveProgram, Request::TryRemoveProgram);
            edit(&mut client, patterns, request, trial)
        }
        Verb::Move(who, side, dry_run) => moving::send(&mut client, &who, side, dry_run),
        Verb::Undo => report(&changed(client.request(&Request::Undo)?)?),
        Verb::Redo => report(&changed(client.request(&Request::Redo)?)?),
        Verb::Outputs(format) => match client.request(&Request::ListSinks)? {
            Reply::Sinks(sinks) => print(&match format {
                Format::Plain => plain::sinks(&sinks),
                Format::Json => json::sinks(&sinks),
            }),
            other => Err(unexpected(&other)),
        },
        Verb::Output(choice) => report(&changed(client.request(&Request::SetOutput(choice))?)?),
        Verb::Streams(format) => {
            let status = status(&mut client)?;
            print(&match format {
                Format::Plain => plain::streams(&status.audio),
                Format::Json => json::streams(&status.audio),
            })
        }
        Verb::Why(who, detail) => why::why(&mut client, &who, detail),
        Verb::Status(format) => {
            let status = status(&mut client)?;
            print(&match format {
                Format::Plain => plain::status(&status),
                Format::Json => json::status(&status),
            })
        }
        Verb::Reload => done(client.request(&Request::Reload)?),
        Verb::Dial(..) | Verb::Watch(..) | Verb::Doctor(_) => Ok(()),
    }
}

fn show_mix(client: &mut Client, request: &Request, format: Format) -> Result<(), Failure> {
    match client.request(request)? {
        Reply::Mix(mix) => print(&match format {
            Format::Plain => plain::volume(&mix),
            Format::Json => json::volume(&mix),
        }),
        other => Err(unexpected(&other)),
    }
}

fn mix(client: &mut Client, request: &Request, shows: bool) -> Result<(), Failure> {
    if shows {
        return show_mix(client, request, Format::Plain);
    }
    match client.request(request)? {
        Reply::Mix(_) => Ok(()),
        other => Err(unexpected(&other)),
    }
}
