//! `why`: all that decides about a program.

use std::fmt::Write;

use wire::message::Pattern;
use wire::{Client, ClientError, Property, Reply, Request, Source, Stream, StreamDetail};

use crate::args::Detail;
use crate::failure::{Failure, unexpected};
use crate::json;
use crate::output::print;
use crate::run::{status, unescaped};
use wire::visible;

/// Says it, of every stream that `who` means.
pub fn why(client: &mut Client, who: &str, detail: Detail) -> Result<(), Failure> {
    let status = status(client)?;
    let meant = meant(&status.audio.streams, who);
    let mut details = Vec::new();
    for id in &meant {
        match client.request(&Request::GetStream(*id)) {
            Ok(Reply::Stream(detail)) => details.push(*detail),
            Ok(other) => return Err(unexpected(&other)),
            // It may have ended this moment.
            Err(ClientError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if details.is_empty() {
        return Err(Failure::Other(format!(
            "nothing that plays is called '{who}', nor has that pid or id; 'mixctl status' lists \
             what plays"
        )));
    }
    let tried = |detail: &StreamDetail| tried(&status.programs, detail);
    if detail == Detail::Json {
        return print(&json::why(&details, tried, &status.programs));
    }
    let texts = details.iter().map(|of_one| {
        let tried = &status.programs[..tried(of_one)];
        text(of_one, tried, detail == Detail::All)
    });
    print(&texts.collect::<Vec<_>>().join("\n"))
}

/// The ids of the streams meant: by id, by pid, by name or binary; an id that is not listed may
/// still be one, of a filter.
fn meant(streams: &[Stream], who: &str) -> Vec<u32> {
    let number: Option<u32> = who.parse().ok();
    let plain = unescaped(who).unwrap_or(who);
    let same = |name: &str| {
        [who, plain]
            .iter()
            .any(|who| name.to_lowercase() == who.to_lowercase())
    };
    let by = |is_meant: &dyn Fn(&&Stream) -> bool| -> Vec<u32> {
        let found = streams.iter().filter(is_meant);
        found.map(|stream| stream.id).collect()
    };
    let found = by(&|stream| Some(stream.id) == number);
    if !found.is_empty() {
        return found;
    }
    let found = by(&|stream| number.is_some() && stream.pid == number);
    if !found.is_empty() {
        return found;
    }
    let found = by(&|stream| same(&stream.name) || stream.binary.is_some_and(|name| same(&name)));
    if found.is_empty() {
        return number.into_iter().collect();
    }
    found
}

/// How many patterns of the list were tried: all up to the one that matched.
fn tried(patterns: &[Pattern], detail: &StreamDetail) -> usize {
    let winner = detail.stream.rule;
    let at = patterns.iter().position(|pattern| Some(*pattern) == winner);
    at.map_or(patterns.len(), |at| at + 1)
}

/// What decides; and all besides, where that is asked for.
fn text(detail: &StreamDetail, tried: &[Pattern], has_all: bool) -> String {
    let stream = &detail.stream;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{} (id {}{}) belongs to {}, and is {}",
        visible(&stream.name),
        stream.id,
        stream
            .pid
            .map_or(String::new(), |pid| format!(", pid {pid}")),
        stream.channel,
        stream.state
    );
    if let Some(reason) = &detail.reason {
        let _ = writeln!(text, "  because {}", visible(reason));
    }
    let _ = match (&stream.rule, &detail.key) {
        (Some(rule), Some(key)) => {
            writeln!(text, "  '{}' decides: it matches its {key}", visible(rule))
        }
        (Some(rule), None) => writeln!(text, "  '{}' decides", visible(rule)),
        (None, _) if tried.is_empty() => writeln!(text, "  the list has no pattern"),
        (None, _) => writeln!(text, "  no pattern of the list matches it"),
    };
    match &detail.suggestion {
        Some(pattern) if stream.rule.is_none() => {
            let pattern = visible(pattern);
            let _ = writeln!(text, "  '{pattern}' would match it, and now nothing else");
        }
        _ => {}
    }
    let is_of_process = |property: &Property| property.source == Source::Process;
    if stream.pid.is_none() && !detail.properties.iter().any(is_of_process) {
        let _ = writeln!(
            text,
            "  its process is not known: a container, a Flatpak or another machine has numbers of its \
             own; match it by its name"
        );
    }
    if !has_all {
        return text;
    }
    let _ = writeln!(text, "patterns that were tried");
    for pattern in tried {
        let _ = match stream.rule == Some(*pattern) {
            true => writeln!(text, "  {}  matches", visible(pattern)),
            false => writeln!(text, "  {}  does not match", visible(pattern)),
        };
    }
    let _ = writeln!(text, "properties");
    for property in &detail.properties {
        let _ = writeln!(
            text,
            "  {:<8} {} = {}",
            property.source,
            visible(&property.key),
            visible(&property.value)
        );
    }
    if detail.omitted > 0 {
        let _ = writeln!(text, "  and {} more", detail.omitted);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::example;

    #[test]
    fn an_id_goes_before_a_pid_and_both_before_a_name() {
        let mut streams = example().audio.streams.clone();
        streams.push(Stream {
            id: 4711,
            pid: Some(71),
            ..streams[0].clone()
        });
        assert_eq!(meant(&streams, "71"), [71]);
        assert_eq!(meant(&streams, "4711"), [4711]);
        streams.pop();
        assert_eq!(meant(&streams, "4711"), [71]);
        assert_eq!(meant(&streams, "DIS\u{1b}[31MCORD"), [71]);
        assert_eq!(meant(&streams, "5"), [5], "perhaps a filter");
        assert!(meant(&streams, "nobody").is_empty());
        streams[0].name = wire::Text::truncated("~root");
        assert_eq!(meant(&streams, r"\~root"), [71], "as fish completes it");
    }
}
