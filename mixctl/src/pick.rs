//! `add-program` without a pattern, on a terminal: offers what plays now.

use std::fmt::Write;
use std::io::{self, BufRead, IsTerminal};

use wire::message::Pattern;
use wire::{Client, ClientError, Reply, Request, Stream, StreamState, visible};

use crate::ask::{done, status, unexpected};
use crate::failure::Failure;
use crate::output::print;

/// Fails unless standard input and output are a terminal.
pub fn check_terminal() -> Result<(), Failure> {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        Ok(())
    } else {
        Err(Failure::Usage(
            "add-program takes a PATTERN, or several, where there is no terminal".to_owned(),
        ))
    }
}

/// Offers a pattern for each program that plays and no rule matches, and adds those chosen.
pub fn pick(client: &mut Client) -> Result<(), Failure> {
    let status = status(client)?;
    let mut offers: Vec<(Stream, Pattern)> = Vec::new();
    for stream in status
        .audio
        .streams
        .iter()
        .filter(|stream| stream.rule.is_none())
    {
        match client.request(&Request::GetStream(stream.id)) {
            Ok(Reply::Stream(detail)) => {
                if let Some(pattern) = detail.suggestion
                    && offers.iter().all(|(_, offered)| *offered != pattern)
                {
                    offers.push((detail.stream, pattern));
                }
            }
            Ok(other) => return Err(unexpected(&other)),
            Err(ClientError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if offers.is_empty() {
        return print("no program plays that is not on the list\n");
    }
    print(&menu(&offers))?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    for number in chosen(&line, offers.len()).map_err(Failure::Other)? {
        let pattern = offers[number - 1].1;
        done(client.request(&Request::AddProgram(pattern))?)?;
        print(&format!("added {}\n", visible(&pattern)))?;
    }
    Ok(())
}

fn menu(offers: &[(Stream, Pattern)]) -> String {
    let mut text = String::new();
    for (at, (stream, pattern)) in offers.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:>3}  {}  as  {}{}",
            at + 1,
            visible(&stream.name),
            visible(pattern),
            match stream.state {
                StreamState::Pinned | StreamState::Contested => {
                    format!("  ({}: it stays where it is now)", stream.state)
                }
                StreamState::Routed
                | StreamState::Waiting
                | StreamState::Ignored
                | StreamState::Unknown => String::new(),
            }
        );
    }
    text.push_str("which to add (numbers, nothing for none)? ");
    text
}

/// Returns the numbers on a line; none if it is empty or a q.
fn chosen(line: &str, count: usize) -> Result<Vec<usize>, String> {
    let words = line.split([' ', ',', '\t', '\n', '\r']);
    let words = words.filter(|word| !matches!(*word, "" | "q"));
    let number = |word: &str| {
        let number = word.parse().ok();
        number
            .filter(|number| (1..=count).contains(number))
            .ok_or_else(|| format!("'{word}' is none of the numbers before the names"))
    };
    words.map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_move_is_offered_with_the_reason() {
        let mut stream = crate::print::tests::example().audio.streams[0].clone();
        let pattern = Pattern::truncated("x");
        let offers = [(stream.clone(), pattern)];
        assert!(menu(&offers).contains("  as  x\n"));
        stream.state = StreamState::Pinned;
        assert!(menu(&[(stream, pattern)]).contains("  as  x  (pinned: it stays"));
    }

    #[test]
    fn numbers_are_chosen_and_nothing_chooses_nothing() {
        assert_eq!(chosen("1 3,2\n", 3), Ok(vec![1, 3, 2]));
        assert_eq!(chosen("\n", 3), Ok(vec![]));
        assert_eq!(chosen("q\n", 3), Ok(vec![]));
        for line in ["4", "0", "-1", "x", "99999999999999999999"] {
            assert!(chosen(line, 3).is_err(), "{line}");
        }
    }
}
