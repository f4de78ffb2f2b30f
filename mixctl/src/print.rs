//! Answers to text: pure. What programs call themselves is shown without the control characters
//! that would reach the terminal.

use std::fmt::Write;

use serde_json::{Value, json};
use wire::message::Pattern;
use wire::{Audio, Gain, Mix, Status, Volume, Warning};

use crate::args::Format;

/// The volume, on a line.
pub fn volume(mix: &Mix, format: Format) -> String {
    match format {
        Format::Plain => format!("{}\n", mix.volume),
        Format::Json => format!("{}\n", mix_json(mix)),
    }
}

/// The program list, a line a program.
pub fn programs(patterns: &[Pattern], format: Format) -> String {
    match format {
        Format::Plain => {
            let mut text = String::new();
            for pattern in patterns {
                text += &visible(pattern);
                text.push('\n');
            }
            text
        }
        Format::Json => format!("{}\n", json!({ "programs": names(patterns) })),
    }
}

/// Everything.
pub fn status(status: &Status, format: Format) -> String {
    match format {
        Format::Plain => status_text(status),
        Format::Json => format!("{}\n", status_json(status)),
    }
}

fn status_text(status: &Status) -> String {
    let Audio {
        output,
        omitted,
        streams,
        pipewire,
        warnings,
    } = &*status.audio;
    let output = output
        .as_ref()
        .map_or("none".into(), |output| visible(output));
    let listed: Vec<_> = status
        .programs
        .iter()
        .map(|pattern| visible(pattern))
        .collect();
    let listed = if listed.is_empty() {
        "none".into()
    } else {
        listed.join(", ")
    };
    let mut text = format!(
        "volume    {}\ndefault   {}\naux       {}\npipewire  {pipewire}\noutput    {output}\n\
         programs  {listed}\nstreams   {}\n",
        status.mix.volume,
        status.mix.default,
        status.mix.aux,
        streams.len() + *omitted as usize,
    );
    for stream in streams {
        let name = visible(&stream.name);
        // Writing to a String cannot fail.
        let rival = stream.rival.as_ref();
        let rival = rival.map_or(String::new(), |rival| {
            format!(", linked by {}", visible(rival))
        });
        let _ = writeln!(
            text,
            "  {:<8} {:<9} {name} (id {}{rival})",
            stream.channel, stream.state, stream.id
        );
    }
    if *omitted > 0 {
        let _ = writeln!(text, "  and {omitted} more");
    }
    for warning in warnings {
        let _ = writeln!(text, "warning   {}", explained(*warning));
    }
    text
}

fn status_json(status: &Status) -> Value {
    let streams = status.audio.streams.iter().map(|stream| {
        json!({
            "id": stream.id,
            "name": &*stream.name,
            "rival": stream.rival.as_deref(),
            "state": stream.state.to_string(),
            "channel": stream.channel.to_string(),
        })
    });
    let warnings = status.audio.warnings.iter().map(Warning::to_string);
    json!({
        "volume": number(status.mix.volume),
        "default": factor(status.mix.default),
        "aux": factor(status.mix.aux),
        "pipewire": status.audio.pipewire.to_string(),
        "output": status.audio.output.as_deref(),
        "programs": names(&status.programs),
        "streams": streams.collect::<Vec<_>>(),
        "omitted": status.audio.omitted,
        "warnings": warnings.collect::<Vec<_>>(),
    })
}

/// What a warning means, and what to do.
fn explained(warning: Warning) -> &'static str {
    match warning {
        Warning::OwnSinkIsDefault => {
            "one of mixd's own sinks is the default; choose a card as the default"
        }
        Warning::OutputMissing => "the sink of --output is not there; playing to another",
    }
}

fn mix_json(mix: &Mix) -> Value {
    json!({
        "volume": number(mix.volume),
        "default": factor(mix.default),
        "aux": factor(mix.aux),
    })
}

fn names(patterns: &[Pattern]) -> Vec<&str> {
    patterns.iter().map(|pattern| &**pattern).collect()
}

/// The decimal that the volume prints as; six digits survive in an f64.
fn number(volume: Volume) -> f64 {
    f64::from(volume.millionths()) / 1e6
}

fn factor(gain: Gain) -> f64 {
    gain.factor()
}

/// `text` with control characters as escapes.
fn visible(text: &str) -> String {
    let escape = |c: char| {
        if c.is_control() {
            c.escape_default().to_string()
        } else {
            c.into()
        }
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::message::{ClientName, NodeName};
    use wire::{Channel, PipeWireState, Stream, StreamState};

    fn example() -> Status<'static> {
        let stream = Stream {
            id: 71,
            pid: Some(4711),
            name: NodeName::truncated("Dis\u{1b}[31mcord"),
            rule: Some(Pattern::truncated("Discord")),
            rival: Some(ClientName::truncated("patch\u{7}bay")),
            state: StreamState::Routed,
            binary: None,
            channel: Channel::Aux,
        };
        let audio = Audio {
            output: Some(NodeName::truncated("card-a")),
            omitted: 3,
            streams: vec![stream],
            pipewire: PipeWireState::Up,
            warnings: vec![Warning::OwnSinkIsDefault],
        };
        Status {
            mix: Mix {
                volume: "0.2".parse().unwrap(),
                default: Gain::try_from(800_000).unwrap(),
                aux: Gain::FULL,
            },
            audio: std::borrow::Cow::Owned(audio),
            programs: vec![Pattern::truncated("Discord"), Pattern::truncated("Mumble")].into(),
            settings: std::borrow::Cow::Owned(wire::Settings::default()),
        }
    }

    #[test]
    fn the_status_says_everything_and_no_control_character() {
        assert_eq!(
            status(&example(), Format::Plain),
            "volume    0.2\ndefault   0.8\naux       1\npipewire  up\noutput    card-a\n\
             programs  Discord, Mumble\nstreams   4\n  \
             aux      routed    Dis\\u{1b}[31mcord (id 71, linked by patch\\u{7}bay)\n  and 3 more\n\
             warning   one of mixd's own sinks is the default; choose a card as the default\n"
        );
    }

    #[test]
    fn the_json_forms_are_one_line_each_and_parse() {
        let text = status(&example(), Format::Json);
        assert_eq!(text.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["volume"], 0.2);
        assert_eq!(value["streams"][0]["name"], "Dis\u{1b}[31mcord");
        let text = volume(&example().mix, Format::Json);
        assert_eq!(text, "{\"aux\":1.0,\"default\":0.8,\"volume\":0.2}\n");
        let text = programs(&example().programs, Format::Json);
        assert_eq!(text, "{\"programs\":[\"Discord\",\"Mumble\"]}\n");
    }

    #[test]
    fn programs_are_a_line_each() {
        assert_eq!(
            programs(&example().programs, Format::Plain),
            "Discord\nMumble\n"
        );
        assert_eq!(programs(&[], Format::Plain), "");
    }
}
