//! Each verb: what mixd is asked, and what becomes of the answer.

use std::ffi::OsStr;

use wire::message::Pattern;
use wire::{Client, ClientError, Name, Reply, Request};

use crate::args::{self, Change, Command, Format, Verb};
use crate::failure::{Failure, sentence, unexpected};
use crate::output::{print, say};
use crate::usage::USAGE;
use crate::{dial, doctor, hold, json, moving, pick, print as plain, watch, why};

/// Who asks, for mixd's log.
pub const PROGRAM: &str = concat!("mixctl ", env!("CARGO_PKG_VERSION"));

/// The program; returns its exit status.
pub fn main() -> u8 {
    let result = match args::parse(lexopt::Parser::from_env()) {
        // Nothing was asked, and nothing done.
        Ok(Command::Overview) => print(&USAGE.overview()).and(Err(Failure::Status(2))),
        Ok(Command::Help(None)) => print(&USAGE.help()),
        Ok(Command::Help(Some(verb))) => print(&USAGE.help_of(verb)),
        Ok(Command::Version) => print(concat!("mixctl ", env!("CARGO_PKG_VERSION"), "\n")),
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
        Verb::Dial(range, reconnect) => return dial::turn(name, range, reconnect),
        Verb::Doctor(format) => return doctor::examine(name, format),
        Verb::Pick => pick::check_terminal()?,
        _ => {}
    }
    let mut client = Client::connect(name, PROGRAM)?;
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
        Verb::AddProgram(change) => change_list(
            &mut client,
            change,
            Request::AddProgram,
            Request::TryAddProgram,
        ),
        Verb::Ignore(change) => change_list(
            &mut client,
            change,
            Request::IgnoreProgram,
            Request::TryIgnoreProgram,
        ),
        Verb::RemoveProgram(change) => change_list(
            &mut client,
            change,
            Request::RemoveProgram,
            Request::TryRemoveProgram,
        ),
        Verb::Move(who, side, dry_run) => moving::send(&mut client, &who, side, dry_run),
        Verb::Undo => moving::report(&moving::changed(client.request(&Request::Undo)?)?),
        Verb::Redo => moving::report(&moving::changed(client.request(&Request::Redo)?)?),
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

/// Everything that mixd knows.
pub fn status(client: &mut Client) -> Result<wire::Status<'static>, Failure> {
    match client.request(&Request::GetStatus)? {
        Reply::Status(status) => Ok(status),
        other => Err(unexpected(&other)),
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

/// Asks for each pattern in turn. One that is refused does not keep the others from being done;
/// the last refusal is the result.
fn change_list(
    client: &mut Client,
    change: Change,
    request: fn(Pattern) -> Request,
    trial: fn(Pattern) -> Request,
) -> Result<(), Failure> {
    let mut result = Ok(());
    let mut moved = Vec::new();
    let mut is_told = false;
    let ask = match change.dry_run {
        Some(_) => trial,
        None => request,
    };
    for pattern in change.patterns {
        let mut answer = client.request(&ask(pattern));
        if let (Err(ClientError::Refused(_)), Some(plain)) = (&answer, unescaped(&pattern)) {
            let again = client.request(&ask(Pattern::truncated(plain)));
            answer = again.or(answer);
        }
        match answer {
            Ok(Reply::Streams(streams)) => {
                is_told = true;
                moved.extend(streams);
            }
            Ok(reply) => done(reply)?,
            Err(error) => refuse(&mut result, error)?,
        }
    }
    // A stream that two patterns match would move once.
    moved.sort_by_key(|stream| stream.id);
    moved.dedup_by_key(|stream| stream.id);
    match change.dry_run {
        // Nothing is known about what was refused.
        Some(_) if !is_told => {}
        None => {}
        Some(Format::Plain) => print(&plain::moved(&moved))?,
        Some(Format::Json) => print(&json::moved(&moved))?,
    }
    Ok(result?)
}

/// Keeps a refusal as the result of several requests; one that was kept before is said. Any other error
/// ends them.
pub fn refuse(result: &mut Result<(), ClientError>, error: ClientError) -> Result<(), ClientError> {
    if !matches!(error, ClientError::Refused(_)) {
        return Err(error);
    }
    if let Err(earlier) = std::mem::replace(result, Err(error)) {
        say(&earlier.to_string());
    }
    Ok(())
}

/// What stands behind a backslash that keeps a word from being an option or a home folder: so fish
/// completes it.
pub fn unescaped(word: &str) -> Option<&str> {
    let rest = word.strip_prefix('\\')?;
    rest.starts_with(['-', '~']).then_some(rest)
}

/// What was asked has been done; where that ends with mixd, a sentence says so.
pub fn done(reply: Reply) -> Result<(), Failure> {
    match reply {
        Reply::Done => Ok(()),
        Reply::Unsaved(why) => {
            say_unsaved(&why);
            Ok(())
        }
        other => Err(unexpected(&other)),
    }
}

/// What was done ends with mixd.
pub fn say_unsaved(why: &str) {
    say(&format!("done, but not saved: {why}"));
}
