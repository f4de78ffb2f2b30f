//! `add-program`, `ignore` and `remove-program` with patterns.

use wire::message::Pattern;
use wire::{Client, ClientError, Reply, Request, StreamList};

use crate::args::{Format, Patterns};
use crate::ask::{done, refuse};
use crate::failure::Failure;
use crate::output::print;
use crate::select::unescaped;
use crate::{json, print as plain};

/// Sends a request for each pattern in turn; `trial` is the one that only asks what would change. One
/// that is refused does not keep the others from being done; the last refusal is the result.
pub fn edit(
    client: &mut Client,
    edit: Patterns,
    request: fn(Pattern) -> Request,
    trial: fn(Pattern) -> Request,
) -> Result<(), Failure> {
    let mut result = Ok(());
    // None until one is answered: nothing is known about what was refused.
    let mut moved: Option<StreamList> = None;
    let ask = match edit.dry_run {
        Some(_) => trial,
        None => request,
    };
    for pattern in edit.patterns {
        let mut answer = client.request(&ask(pattern));
        if let (Err(ClientError::Refused(_)), Some(plain)) = (&answer, unescaped(&pattern)) {
            let again = client.request(&ask(Pattern::truncated(plain)));
            answer = match again {
                Err(ClientError::Refused(_)) => answer,
                again => again,
            };
        }
        match answer {
            Ok(Reply::Streams(list)) => {
                let moved = moved.get_or_insert_default();
                moved.streams.extend(list.streams);
                moved.omitted += list.omitted;
            }
            Ok(reply) => done(reply)?,
            Err(error) => refuse(&mut result, error)?,
        }
    }
    if let (Some(mut moved), Some(format)) = (moved, edit.dry_run) {
        // A stream that two patterns match would move once.
        moved.streams.sort_by_key(|stream| stream.id);
        moved.streams.dedup_by_key(|stream| stream.id);
        print(&match format {
            Format::Plain => plain::moved(&moved),
            Format::Json => json::moved(&moved),
        })?;
    }
    Ok(result?)
}
