//! The parts of the conversation with mixd that several verbs share: connecting, and handling answers.

use std::time::Duration;

use wire::message::Change;
use wire::{Client, ClientError, Name, Reply, Request, Status, visible};

use crate::failure::Failure;
use crate::output::{print, say};

/// The name that mixd's log shows.
const PROGRAM: &str = concat!("mixctl ", env!("CARGO_PKG_VERSION"));

/// How long after a failure the verbs that outlast mixd look for it again.
pub const RETRY: Duration = Duration::from_secs(2);

/// Connects to the mixd at `name`.
pub fn connect(name: &Name) -> Result<Client, ClientError> {
    Client::connect(name, PROGRAM)
}

/// Asks for everything that mixd knows.
pub fn status(client: &mut Client) -> Result<Status<'static>, Failure> {
    match client.request(&Request::GetStatus)? {
        Reply::Status(status) => Ok(status),
        other => Err(unexpected(&other)),
    }
}

/// Takes the answer to a request that is carried out without a word, unless what it changed was not
/// saved.
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

/// Returns what has changed on the list, or of an output.
pub fn changed(reply: Reply<'static>) -> Result<Change<'static>, Failure> {
    match reply {
        Reply::Changed(change) => Ok(change),
        other => Err(unexpected(&other)),
    }
}

/// Prints what has changed on the list, or of an output.
pub fn report(change: &Change) -> Result<(), Failure> {
    print(&format!("{}\n", visible(&change.text)))?;
    if let Some(why) = &change.unsaved {
        say_unsaved(why);
    }
    Ok(())
}

fn say_unsaved(why: &str) {
    say(&format!("done, but not saved: {why}"));
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

/// The failure of a reply that answers another request.
pub fn unexpected(reply: &Reply) -> Failure {
    ClientError::Protocol(format!("{reply:?} in answer to something else")).into()
}
