//! `move`.

use wire::message::{Change, Move};
use wire::{Channel, Client, Request, Stream};

use crate::args::{Format, Side};
use crate::ask::{changed, refuse, report, status};
use crate::failure::Failure;
use crate::json;
use crate::output::print;
use crate::select::{no_match, select};

/// Sends the programs that `word` means to a channel; with `dry_run` only prints what that would change.
pub fn send(
    client: &mut Client,
    word: &str,
    side: Side,
    dry_run: Option<Format>,
) -> Result<(), Failure> {
    let streams = status(client)?.audio.into_owned().streams;
    let mut selected = select(&streams, word)?;
    let Some(first) = streams.iter().find(|stream| selected.contains(&stream.id)) else {
        return Err(no_match(word));
    };
    let channel = match (side, first.channel) {
        (Side::Channel(channel), _) => channel,
        (Side::Other, Channel::Aux) => Channel::Default,
        (Side::Other, Channel::Default) => Channel::Aux,
    };
    let is_elsewhere = |streams: &[Stream], id: u32| {
        let is_so = |stream: &Stream| stream.id == id && stream.channel != channel;
        streams.iter().any(is_so)
    };
    if selected.iter().any(|id| is_elsewhere(&streams, *id)) {
        selected.retain(|id| is_elsewhere(&streams, *id));
    } else {
        // It may be there by a mixer alone, and mixd then has something to change all the same.
        selected.truncate(1);
    }
    let mut result = Ok(());
    let mut changes: Vec<Change> = Vec::new();
    for (at, id) in selected.into_iter().enumerate() {
        // One move takes all streams of its program along.
        let is_done =
            at > 0 && dry_run.is_none() && !is_elsewhere(&status(client)?.audio.streams, id);
        if is_done {
            continue;
        }
        let to = Move { id, channel };
        let request = match dry_run {
            Some(_) => Request::TryMoveStream(to),
            None => Request::MoveStream(to),
        };
        match client.request(&request) {
            Ok(reply) => {
                let change = changed(reply)?;
                if dry_run.is_none() {
                    report(&change)?;
                } else if !changes.contains(&change) {
                    changes.push(change);
                }
            }
            Err(error) => refuse(&mut result, error)?,
        }
    }
    match dry_run {
        Some(Format::Json) if !changes.is_empty() => print(&json::changes(&changes))?,
        Some(Format::Plain) => changes.iter().try_for_each(report)?,
        _ => {}
    }
    Ok(result?)
}
