//! What the lines `output` of mixd.conf say, and the text after a change of them. Pure.

use usage::directives::OUTPUT;
use wire::message::{MAX_PATTERN, Pattern};
use wire::{Channel, OutputChoice};

use super::edit::{insert_behind, lines, without_directive};
use super::line::{self, Line};
use crate::rules::glob;

/// The word for the default sink, whichever it is.
const AUTO: &str = "auto";

/// Reads what stands behind `output`: a glob or `auto`, and before it perhaps the channel that alone it is for.
///
/// # Errors
/// A clause that says what is wrong.
pub fn parse(value: &str) -> Result<OutputChoice, String> {
    let words = value.split_once(char::is_whitespace);
    let (channel, sink) = match words.map(|(first, rest)| (first, rest.trim_start())) {
        Some(("default", sink)) => (Some(Channel::Default), sink),
        Some(("aux", sink)) => (Some(Channel::Aux), sink),
        _ => (None, value),
    };
    let sink = match sink {
        AUTO => None,
        sink => Some(glob_of(sink)?),
    };
    Ok(OutputChoice { sink, channel })
}

/// Reads a glob that names sinks.
///
/// # Errors
/// A clause that says why it is none.
pub fn glob_of(text: &str) -> Result<Pattern, String> {
    if text.is_empty() {
        return Err("the name is empty; 'mixctl outputs' prints the names of the sinks".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err(format!("the name '{text}' contains a control character"));
    }
    glob::check(text).map_err(|error| format!("'{text}' names no sink: {error}"))?;
    text.parse().map_err(|error| {
        format!("the name is {error}; {MAX_PATTERN} bytes are room for any glob, '*' shortens one")
    })
}

/// The same choice, with a glob that a line can say: one that would be read as something else there begins with a
/// `\\`.
///
/// # Errors
/// A sentence that says why it names no sink.
pub fn normalized(choice: OutputChoice) -> Result<OutputChoice, String> {
    let Some(sink) = choice.sink else {
        return Ok(choice);
    };
    let sink = glob_of(sink.trim())?;
    let plain = OutputChoice {
        sink: Some(sink),
        ..choice
    };
    if parse(&value(&plain)).as_ref() == Ok(&plain) {
        return Ok(plain);
    }
    let sink = glob_of(&format!("\\{sink}"))?;
    Ok(OutputChoice {
        sink: Some(sink),
        ..choice
    })
}

/// What stands behind `output` in the line of a choice.
pub fn value(choice: &OutputChoice) -> String {
    let line = choice.to_string();
    line[OUTPUT.len()..].trim_start().to_owned()
}

/// The choices after one that takes the place of all that are for its channel alone, or, of both channels, of
/// all: it goes before those that are for both.
pub fn chosen(before: &[OutputChoice], choice: OutputChoice) -> Vec<OutputChoice> {
    let Some(channel) = choice.channel else {
        return vec![choice];
    };
    let is_for_other = |other: &&OutputChoice| other.channel.is_some_and(|it| it != channel);
    let at = before.iter().take_while(is_for_other).count();
    let (first, rest) = before.split_at(at);
    let rest = rest.iter().filter(|other| other.channel != Some(channel));
    first.iter().chain([&choice]).chain(rest).copied().collect()
}

/// The choice that a line says, if it says one.
fn choice(line: &[u8]) -> Option<OutputChoice> {
    match line::parse(line) {
        Line::Directive { name, value, .. } if name == OUTPUT => parse(&value).ok(),
        _ => None,
    }
}

/// The text whose lines `output` say these choices. Those at the start and the end that say so already stay as they
/// are; of the others each takes the next choice, and its comment stays.
pub fn rewritten(text: &[u8], after: &[OutputChoice]) -> Vec<u8> {
    let lines = lines(text);
    let numbered = lines.iter().enumerate();
    let before: Vec<(usize, OutputChoice)> = numbered
        .filter_map(|(at, line)| Some((at, choice(line)?)))
        .collect();
    let is_equal = |((_, old), new): &(&(usize, OutputChoice), &OutputChoice)| old == *new;
    let head = before.iter().zip(after).take_while(is_equal).count();
    let (old, new) = (&before[head..], &after[head..]);
    let tail = old.iter().rev().zip(new.iter().rev());
    let tail = tail.take_while(is_equal).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let mut edited: Vec<Vec<u8>> = lines.iter().map(|line| line.to_vec()).collect();
    let mut new = new.iter().map(value);
    // Behind the last that stays or changes, else before the first, else at the end.
    let mut behind = head.checked_sub(1).map(|last| before[last].0);
    for &(at, _) in old {
        edited[at] = match new.next() {
            Some(value) => {
                behind = Some(at);
                line::with_directive(lines[at], OUTPUT, &value).unwrap_or_default()
            }
            None => without_directive(lines[at]),
        };
    }
    let ahead = before.get(head).map(|(at, _)| *at);
    let added = new.map(|value| format!("{}\n", line::print(OUTPUT, &value)));
    let added = added.collect::<String>().into_bytes();
    if !added.is_empty() {
        match (behind, ahead) {
            (Some(at), _) => insert_behind(&mut edited[at], &added),
            (None, Some(at)) => drop(edited[at].splice(..0, added)),
            (None, None) => match edited.last_mut() {
                Some(last) => insert_behind(last, &added),
                None => edited.push(added),
            },
        }
    }
    edited.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(values: &[&str]) -> Vec<OutputChoice> {
        values.iter().map(|value| parse(value).unwrap()).collect()
    }

    #[test]
    fn a_first_word_that_names_a_channel_is_one_if_another_follows() {
        let of = |value: &str| {
            let OutputChoice { sink, channel } = parse(value).unwrap();
            (channel, sink.map(|sink| sink.to_string()))
        };
        let named = |name: &str| Some(name.to_owned());
        for (value, expected) in [
            ("auto", (None, None)),
            ("aux", (None, named("aux"))),
            ("aux auto", (Some(Channel::Aux), None)),
            ("aux  my headset", (Some(Channel::Aux), named("my headset"))),
            ("default card-*", (Some(Channel::Default), named("card-*"))),
            ("auxiliary card", (None, named("auxiliary card"))),
            (r"\aux card", (None, named(r"\aux card"))),
            ("Aux card", (None, named("Aux card"))),
        ] {
            assert_eq!(of(value), expected, "{value}");
            let again = parse(&super::value(&parse(value).unwrap()));
            assert_eq!(again, parse(value), "{value}");
        }
        for value in ["[card", "a\u{7}b", &"x".repeat(MAX_PATTERN + 1)] {
            assert!(!parse(value).unwrap_err().is_empty(), "{value}");
        }
    }

    #[test]
    fn a_name_that_a_line_would_not_say_is_written_so_that_it_does() {
        for (sink, written) in [
            ("aux card", r"output \aux card"),
            ("auto", r"output \auto"),
            (" card ", "output card"),
            ("default", "output default"),
        ] {
            let choice = OutputChoice {
                sink: Some(sink.parse().unwrap()),
                channel: None,
            };
            assert_eq!(normalized(choice).unwrap().to_string(), written);
        }
    }

    #[test]
    fn what_is_chosen_for_one_channel_goes_before_what_is_for_both() {
        for (before, choice, after) in [
            (&[][..], "aux a", &["aux a"][..]),
            (&["speakers"], "aux a", &["aux a", "speakers"]),
            (&["speakers"], "aux auto", &["aux auto", "speakers"]),
            (
                &["aux a", "default b", "aux c", "speakers"],
                "aux d",
                &["aux d", "default b", "speakers"],
            ),
            (
                &["aux a", "speakers"],
                "default b",
                &["aux a", "default b", "speakers"],
            ),
            (&["aux a", "speakers"], "b", &["b"]),
        ] {
            let chosen = chosen(&choices(before), choices(&[choice])[0]);
            assert_eq!(chosen, choices(after), "{before:?}, {choice}");
        }
    }

    #[test]
    fn a_change_keeps_the_order_the_comments_and_every_other_byte() {
        for (text, after, expected) in [
            ("", &["aux a"][..], "output aux a\n"),
            ("snap 0", &["aux a"], "snap 0\noutput aux a\n"),
            ("output b # desk\n", &["b"], "output b # desk\n"),
            (
                "# mine\noutput  b # desk\nsnap 0\n",
                &["aux a", "b"],
                "# mine\noutput aux a\noutput  b # desk\nsnap 0\n",
            ),
            (
                "output aux a # one\n\noutput aux b # two\noutput c\n",
                &["aux d", "c"],
                "output aux d # one\n\n# two\noutput c\n",
            ),
            ("output a\r\n", &[], ""),
            (
                "snap 0\noutput c\n",
                &["aux a", "default b", "c"],
                "snap 0\noutput aux a\noutput default b\noutput c\n",
            ),
            ("output a\n", &["a", "b"], "output a\noutput b\n"),
        ] {
            let rewritten = rewritten(text.as_bytes(), &choices(after));
            assert_eq!(String::from_utf8(rewritten).unwrap(), expected, "{text}");
        }
    }
}
