//! Answers as text for people and simple scripts. Control characters in the names of programs are
//! escaped: they would reach the terminal.

use std::borrow::Cow;
use std::fmt::Write;

use wire::visible;
use wire::{
    Audio, Channel, Mix, Output, Outputs, Rule, SinkList, Status, StreamList, StreamState, Warning,
};

/// The volume, on a line.
pub fn volume(mix: &Mix) -> String {
    format!("{}\n", mix.volume)
}

/// The volume, and which channels are muted, on a line.
pub fn watched(mix: &Mix, muted: &[Channel]) -> String {
    let muted = muted.iter().map(|channel| format!(" {channel}-muted"));
    format!("{}{}\n", mix.volume, muted.collect::<String>())
}

/// The program list, a line a pattern. An ignore rule has a second field, behind a tab, which no pattern
/// contains.
pub fn programs(rules: &[Rule]) -> String {
    let mut text = String::new();
    for rule in rules {
        text += &visible(rule.pattern());
        if let Rule::Ignore(_) = rule {
            text.push('\t');
            text += rule.kind();
        }
        text.push('\n');
    }
    text
}

/// The streams that play, a line each: its fields with tabs between.
pub fn streams(audio: &Audio) -> String {
    let mut text = String::new();
    for stream in &audio.streams {
        let field = |value: Option<&str>| value.map_or("-".to_owned(), visible);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{}\t{}",
            stream.channel,
            stream.state,
            visible(&stream.name),
            field(stream.binary.as_deref()),
            field(stream.rule.as_deref())
        );
    }
    text
}

/// The sinks that can be played to, a line each: its name, its description, who plays to it and by which line,
/// with tabs between.
pub fn sinks(list: &SinkList) -> String {
    let mut text = String::new();
    for sink in &list.sinks {
        let field = |value: String| match value.is_empty() {
            true => "-".to_owned(),
            false => visible(&value),
        };
        let channels = sink.users.iter().map(|user| user.channel.to_string());
        let channels = channels.collect::<Vec<_>>().join(",");
        let mut lines: Vec<&str> = sink
            .users
            .iter()
            .filter_map(|it| it.line.as_deref())
            .collect();
        lines.dedup();
        let description = sink.description.as_deref().unwrap_or_default().to_owned();
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{}",
            visible(&sink.name),
            field(description),
            field(channels),
            field(lines.join(", ")),
        );
    }
    text
}

/// What the channels play to, in words.
pub fn outputs(outputs: &Outputs) -> String {
    let named = |output: &Option<Output>| {
        output
            .as_ref()
            .map_or("none".into(), |output| visible(&output.name))
    };
    let Outputs { aux, default } = outputs;
    match aux == default {
        true => named(default),
        false => format!("{} (default), {} (aux)", named(default), named(aux)),
    }
}

/// The streams that a change of the list would move or leave alone, a line each.
pub fn moved(list: &StreamList) -> String {
    let mut text = String::new();
    for stream in &list.streams {
        let name = visible(&stream.name);
        let (id, channel, state) = (stream.id, stream.channel, stream.state);
        let _ = match state {
            StreamState::Ignored => writeln!(text, "{name} (id {id}) left alone"),
            StreamState::Pinned | StreamState::Contested => {
                writeln!(
                    text,
                    "{name} (id {id}) to {channel}, if it were not {state}"
                )
            }
            StreamState::Routed | StreamState::Waiting | StreamState::Unknown => {
                writeln!(text, "{name} (id {id}) to {channel}")
            }
        };
    }
    if list.omitted > 0 {
        let _ = writeln!(text, "and {} more", list.omitted);
    } else if list.streams.is_empty() {
        text.push_str("nothing changes for what plays now\n");
    }
    text
}

/// The whole status.
pub fn status(status: &Status) -> String {
    let Audio {
        omitted,
        outputs,
        streams,
        pipewire,
        warnings,
    } = &*status.audio;
    let output = self::outputs(outputs);
    let of_kind = |is_meant: fn(&Rule) -> bool| {
        let rules = status.programs.iter().filter(|rule| is_meant(rule));
        let patterns = rules.map(|rule| visible(rule.pattern()));
        patterns.collect::<Vec<_>>().join(", ")
    };
    let listed = match of_kind(|rule| matches!(rule, Rule::Program(_))) {
        none if none.is_empty() => "none".to_owned(),
        listed => listed,
    };
    let ignored = match of_kind(|rule| matches!(rule, Rule::Ignore(_))) {
        none if none.is_empty() => none,
        ignored => format!("ignored   {ignored}\n"),
    };
    let mut text = format!(
        "volume    {}\ndefault   {}\naux       {}\npipewire  {pipewire}\noutput    {output}\n\
         programs  {listed}\n{ignored}streams   {}\n",
        status.mix.volume,
        status.mix.default,
        status.mix.aux,
        streams.len() + *omitted as usize,
    );
    for stream in streams {
        let linked_by = stream.linked_by.as_ref();
        let linked_by = linked_by.map_or(String::new(), |client| {
            format!(", linked by {}", visible(client))
        });
        let pid = stream.pid;
        let pid = pid.map_or(String::new(), |pid| format!(", pid {pid}"));
        let rule = match (stream.state, &stream.rule) {
            (StreamState::Ignored, Some(rule)) => format!(", by '{}'", visible(rule)),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "  {:<8} {:<9} {} (id {}{pid}{linked_by}{rule})",
            stream.channel,
            stream.state,
            visible(&stream.name),
            stream.id
        );
    }
    if *omitted > 0 {
        let _ = writeln!(text, "  and {omitted} more");
    }
    for warning in warnings {
        let _ = writeln!(text, "warning   {}", explained(warning));
    }
    if let Some(problem) = &status.settings.problem {
        let _ = writeln!(text, "config    {}", visible(problem));
    }
    text
}

/// The sentence of a warning: what it means, and what to do.
pub fn explained(warning: &Warning) -> Cow<'static, str> {
    let text = match warning {
        Warning::OwnSinkIsDefault => {
            "one of mixd's own sinks is the default; choose a card as the default"
        }
        Warning::OutputMissing => {
            "a sink that mixd is to play to (output) is not there; playing to another"
        }
        Warning::LeadsBack(name) => {
            let name = visible(name);
            return format!(
                "{name} leads back into mixd's own sinks; only cards that do not are played to"
            )
            .into();
        }
        Warning::SinksRemoved => {
            "something has removed mixd's sinks six times; they are made anew within a minute"
        }
        Warning::LinksRemoved => {
            "something has removed the links from mixd's sinks to the card four times; they are made \
             anew within half a minute"
        }
        Warning::ManagerHangs => "the session manager hangs; mixd links by itself meanwhile",
        Warning::MovingForbidden => {
            "the session manager moves no stream (linking.allow-moving-streams is false): nothing is \
             mixed"
        }
        Warning::DefaultMuted => {
            "the default channel is muted in a mixer; unmute mixd-default there"
        }
        Warning::AuxMuted => "the aux channel is muted in a mixer; unmute mixd-aux there",
        Warning::Unknown => {
            "mixd warns of something that this mixctl is too old for; see mixd's log"
        }
        Warning::DefaultLevelContested => {
            "something sets the level of mixd-default again and again; it is put back within a minute"
        }
        Warning::AuxLevelContested => {
            "something sets the level of mixd-aux again and again; it is put back within a minute"
        }
    };
    text.into()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use wire::message::{ClientName, NodeName, Pattern};
    use wire::{Channel, Gain, PipeWireState, Settings, Stream};

    fn card(name: &str) -> Output {
        Output {
            name: NodeName::truncated(name),
            description: Some(NodeName::truncated("A card")),
        }
    }

    /// A status with something of everything.
    pub fn example() -> Status<'static> {
        let stream = Stream {
            id: 71,
            pid: Some(4711),
            name: NodeName::truncated("Dis\u{1b}[31mcord"),
            rule: Some(Pattern::truncated("Dis*")),
            state: StreamState::Routed,
            binary: None,
            channel: Channel::Aux,
            process: Some(NodeName::truncated("Discord")),
            running: true,
            linked_by: Some(ClientName::truncated("patch\u{7}bay")),
            description: None,
        };
        let audio = Audio {
            omitted: 3,
            outputs: Box::new(Outputs {
                aux: Some(card("card-a")),
                default: Some(card("card-a")),
            }),
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
            audio: Cow::Owned(audio),
            programs: vec![
                Rule::Ignore(Pattern::truncated("Ardour*")),
                Rule::Program(Pattern::truncated("Discord")),
                Rule::Program(Pattern::truncated("ignore Mumble")),
            ]
            .into(),
            settings: Cow::Owned(Settings {
                problem: Some("mixd.conf:7: no".into()),
                ..Settings::default()
            }),
        }
    }

    #[test]
    fn the_status_says_everything_and_no_control_character() {
        assert_eq!(
            status(&example()),
            "volume    0.2\ndefault   0.8\naux       1\npipewire  up\noutput    card-a\n\
             programs  Discord, ignore Mumble\nignored   Ardour*\nstreams   4\n  \
             aux      routed    Dis\\u{1b}[31mcord (id 71, pid 4711, linked by patch\\u{7}bay)\n  and 3 more\n\
             warning   one of mixd's own sinks is the default; choose a card as the default\n\
             config    mixd.conf:7: no\n"
        );
    }

    #[test]
    fn what_is_ignored_says_by_which_pattern() {
        let mut status = example();
        let stream = &mut status.audio.to_mut().streams[0];
        stream.state = StreamState::Ignored;
        stream.linked_by = None;
        let line = "  aux      ignored   Dis\\u{1b}[31mcord (id 71, pid 4711, by 'Dis*')\n";
        let text = super::status(&status);
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn two_outputs_are_told_apart() {
        let mut status = example();
        status.audio.to_mut().outputs.aux = Some(card("head\u{7}set"));
        let line = "output    card-a (default), head\\u{7}set (aux)\n";
        assert!(super::status(&status).contains(line));
        status.audio.to_mut().outputs.default = None;
        assert!(super::status(&status).contains("output    none (default), head"));
    }

    #[test]
    fn a_sink_is_a_line_of_four_fields() {
        let sink = |users: &[(Channel, Option<&str>)]| {
            let users = users.iter().map(|&(channel, line)| wire::SinkUser {
                line: line.map(wire::Text::truncated),
                channel,
            });
            let Output { name, description } = card("card");
            let users = users.collect();
            let sink = wire::Sink {
                name,
                users,
                description,
            };
            sinks(&SinkList {
                sinks: vec![sink],
                omitted: 0,
            })
        };
        let (default, aux) = (Channel::Default, Channel::Aux);
        for (users, fields) in [
            (&[][..], "-\t-"),
            (&[(default, None)], "default\t-"),
            (
                &[(default, Some("output a")), (aux, Some("output a"))],
                "default,aux\toutput a",
            ),
            (
                &[(default, None), (aux, Some("output aux c"))],
                "default,aux\toutput aux c",
            ),
        ] {
            assert_eq!(sink(users), format!("card\tA card\t{fields}\n"));
        }
    }

    #[test]
    fn a_stream_is_a_line_of_five_fields() {
        let text = streams(&example().audio);
        assert_eq!(text, "aux\trouted\tDis\\u{1b}[31mcord\t-\tDis*\n");
    }

    #[test]
    fn what_would_move_says_where_to_and_what_keeps_it() {
        let mut stream = example().audio.streams[0].clone();
        let text = moved(&vec![stream.clone()].into());
        assert_eq!(text, "Dis\\u{1b}[31mcord (id 71) to aux\n");
        stream.state = StreamState::Pinned;
        assert!(moved(&vec![stream.clone()].into()).contains("if it were not pinned"));
        stream.state = StreamState::Ignored;
        let text = moved(&vec![stream].into());
        assert_eq!(text, "Dis\\u{1b}[31mcord (id 71) left alone\n");
        assert_eq!(
            moved(&StreamList::default()),
            "nothing changes for what plays now\n"
        );
    }

    #[test]
    fn programs_are_a_line_each() {
        let text = programs(&example().programs);
        assert_eq!(text, "Ardour*\tignore\nDiscord\nignore Mumble\n");
        assert_eq!(programs(&[]), "");
    }
}
