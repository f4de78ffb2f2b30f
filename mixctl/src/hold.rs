//! `hold`: sets a volume for as long as a command runs, or for a time. mixd sets the one from before
//! when the connection ends, whatever ends it.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use wire::{Client, ClientError, Name, Reply, Request, Volume};

use crate::args::Until;
use crate::ask::unexpected;
use crate::failure::Failure;
use crate::output::say;
use crate::signal;

/// The exit status where the command does not exist, as in shells (POSIX.1-2017, 2.8.2).
const NOT_FOUND: u8 = 127;
/// The exit status where the command can't be started, as in shells.
const NOT_STARTED: u8 = 126;

/// Holds the volume until then.
pub fn hold(mut client: Client, name: &Name, volume: Volume, until: Until) -> Result<(), Failure> {
    match client.request(&Request::HoldVolume(volume))? {
        Reply::Mix(_) => {}
        other => return Err(unexpected(&other)),
    }
    match until {
        Until::Time(time) => wait(&mut client, time),
        Until::Command(words) => run(&mut client, name, &words),
    }
}

/// Waits for the end of the time. Fails when mixd ends meanwhile.
fn wait(client: &mut Client, time: Duration) -> Result<(), Failure> {
    let end = Instant::now() + time;
    // Nothing is subscribed to: no event comes, only the time's or mixd's end.
    while client.next_event(Some(end))?.is_some() {}
    Ok(())
}

fn run(client: &mut Client, name: &Name, words: &[OsString]) -> Result<(), Failure> {
    let Some((program, rest)) = words.split_first() else {
        return Ok(());
    };
    let failed = |call: &str, error: &std::io::Error| {
        let reason = wire::socket::reason(error);
        say(&format!("{call} {}: {reason}", program.display()));
        Failure::Status(match error.kind() {
            ErrorKind::NotFound => NOT_FOUND,
            _ => NOT_STARTED,
        })
    };
    // A mixctl inside is to speak to the same mixd.
    let mut command = Command::new(program);
    let name = match name {
        // Wherever it goes from here.
        Name::Path(path) => std::path::absolute(path)?.into_os_string(),
        Name::Abstract(_) => name.to_string().into(),
    };
    command.args(rest).env(wire::VARIABLE, name);
    // What the terminal's keys do is the command's business: it may go on, and the volume with it.
    signal::leave_to_child();
    let started = command.spawn();
    let mut child = started.map_err(|error| failed("start", &error))?;
    let status = child.wait().map_err(|error| failed("wait for", &error))?;
    if matches!(
        client.request(&Request::GetVolume),
        Err(ClientError::Closed)
    ) {
        say("mixd has ended meanwhile, and the hold with it");
    }
    match code(status) {
        0 => Ok(()),
        code => Err(Failure::Status(code)),
    }
}

/// Returns the command's exit status, or 128 and the signal that ended it, as shells do.
fn code(status: ExitStatus) -> u8 {
    let by_signal = || 128 + status.signal().unwrap_or(0);
    u8::try_from(status.code().unwrap_or_else(by_signal)).unwrap_or(1)
}
