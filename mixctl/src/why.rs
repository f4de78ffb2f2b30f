//! `why`: prints what decides about a program.

use std::fmt::Write;

use wire::{
    Client, ClientError, Property, Reply, Request, Rule, Source, StreamDetail, StreamState, quoted,
    visible,
};

use crate::args::Detail;
use crate::ask::{status, unexpected};
use crate::failure::Failure;
use crate::json;
use crate::output::print;
use crate::select::{id, no_match, select};

/// Prints what decides about every stream that `word` means.
pub fn why(client: &mut Client, word: &str, detail: Detail) -> Result<(), Failure> {
    let status = status(client)?;
    let mut selected = select(&status.audio.streams, word)?;
    if selected.is_empty() {
        // The status leaves out what does not fit into a frame: one of those may have this id.
        selected.extend(id(word));
    }
    let mut details = Vec::new();
    for id in &selected {
        match client.request(&Request::GetStream(*id)) {
            Ok(Reply::Stream(detail)) => details.push(*detail),
            Ok(other) => return Err(unexpected(&other)),
            // It may have ended this moment.
            Err(ClientError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if details.is_empty() {
        return Err(no_match(word));
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

/// Returns how many rules of the list were tried: all up to the one that matched.
fn tried(rules: &[Rule], detail: &StreamDetail) -> usize {
    let winner = detail.stream.rule;
    let at = rules
        .iter()
        .position(|rule| Some(*rule.pattern()) == winner);
    at.map_or(rules.len(), |at| at + 1)
}

/// Returns the text about a stream; with `has_all` also the rules that were tried and every property.
fn text(detail: &StreamDetail, tried: &[Rule], has_all: bool) -> String {
    let stream = &detail.stream;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let name = visible(&stream.name);
    let pid = stream.pid;
    let pid = pid.map_or(String::new(), |pid| format!(", pid {pid}"));
    let is_ignored = stream.state == StreamState::Ignored;
    let _ = match is_ignored {
        true => writeln!(
            text,
            "{name} (id {}{pid}) is ignored: left alone",
            stream.id
        ),
        false => writeln!(
            text,
            "{name} (id {}{pid}) belongs to {}, and is {}",
            stream.id, stream.channel, stream.state
        ),
    };
    if let Some(reason) = &detail.reason {
        let _ = writeln!(text, "  because {}", visible(reason));
    }
    // As the list has it; a program's pattern says that by itself.
    let kind = if is_ignored { "ignore " } else { "" };
    let _ = match (&stream.rule, &detail.key) {
        (Some(rule), Some(key)) => {
            let rule = visible(rule);
            writeln!(text, "  '{kind}{rule}' decides: it matches its {key}")
        }
        (Some(rule), None) => writeln!(text, "  '{kind}{}' decides", visible(rule)),
        (None, _) if tried.is_empty() => writeln!(text, "  the list has no pattern"),
        (None, _) => writeln!(text, "  no pattern of the list matches it"),
    };
    if let (true, Some(rule)) = (is_ignored, &stream.rule) {
        let command = removal(rule);
        let _ = writeln!(text, "  {command}   takes that off the list");
    }
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
    for rule in tried {
        let kind = match rule {
            Rule::Program(_) => "",
            Rule::Ignore(_) => "ignore ",
        };
        let pattern = visible(rule.pattern());
        let _ = match stream.rule == Some(*rule.pattern()) {
            true => writeln!(text, "  {kind}{pattern}  matches"),
            false => writeln!(text, "  {kind}{pattern}  does not match"),
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

/// The command that takes a pattern off the list, quoted for a shell.
fn removal(pattern: &str) -> String {
    let pattern = visible(pattern);
    let end = if pattern.starts_with('-') { "-- " } else { "" };
    format!("mixctl remove-program {end}{}", quoted(&pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_can_be_taken_off_by_the_command_that_is_said() {
        for (pattern, words) in [
            ("Ardour", "Ardour"),
            ("Ardour*", "'Ardour*'"),
            ("it's", r"'it'\''s'"),
            ("-x y", "-- '-x y'"),
        ] {
            assert_eq!(removal(pattern), format!("mixctl remove-program {words}"));
        }
    }
}
