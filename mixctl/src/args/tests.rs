//! Words as people type them, and worse.

use super::*;
use wire::{Shift, Volume};

fn verb(words: &[&str]) -> Result<Verb, String> {
    match parse(Parser::from_args(words))? {
        Command::Run { verb, .. } => Ok(verb),
        other => panic!("{words:?} is {other:?}"),
    }
}

fn volume(text: &str) -> Volume {
    text.parse().unwrap()
}

#[test]
fn negative_values_need_no_quoting() {
    let quarter = Ok(Verb::SetVolume(volume("-0.25"), false));
    assert_eq!(verb(&["set-volume", "-0.25"]), quarter);
    assert_eq!(verb(&["set-volume", "-.25"]), quarter);
    assert_eq!(verb(&["set-volume", "--", "-.25"]), quarter);
    let shift = Shift::parse_clamped("-0.1").unwrap();
    let shifted = Ok(Verb::ShiftVolume(shift, true));
    assert_eq!(verb(&["shift-volume", "-0.1", "--print"]), shifted);
    let hold = verb(&["hold", "-1", "--for", "0.5"]);
    let half = std::time::Duration::from_millis(500);
    assert_eq!(hold, Ok(Verb::Hold(volume("-1"), Until::Time(half))));
}

#[test]
fn the_socket_may_stand_anywhere() {
    for words in [
        ["--socket", "@x", "get-volume"],
        ["get-volume", "--socket", "@x"],
    ] {
        let command = parse(Parser::from_args(words));
        let socket = Some("@x".into());
        let verb = Verb::GetVolume(Format::Plain);
        assert_eq!(command, Ok(Command::Run { socket, verb }));
    }
}

#[test]
fn a_held_command_keeps_its_own_options() {
    let command = ["sh", "-c", "--json", "--", "-1"];
    let words = [&["hold", "1", "--"][..], &command].concat();
    let until = Until::Command(command.map(OsString::from).into());
    assert_eq!(verb(&words), Ok(Verb::Hold(volume("1"), until)));
}

#[test]
fn a_change_of_the_list_is_one_or_a_trial() {
    let patterns = vec!["a*".parse().unwrap()];
    let dry_run = Some(Format::Json);
    let patterns = Patterns { patterns, dry_run };
    assert_eq!(
        verb(&["add-program", "--dry-run", "--json", "a*"]),
        Ok(Verb::AddProgram(patterns))
    );
    assert_eq!(verb(&["add-program"]), Ok(Verb::Pick));
}

#[test]
fn a_move_is_of_somebody_to_a_side() {
    let aux = Side::Channel(wire::Channel::Aux);
    let moved = |side, dry_run| Ok(Verb::Move("4711".to_owned(), side, dry_run));
    assert_eq!(verb(&["move", "4711", "aux"]), moved(aux, None));
    let plain = moved(Side::Other, Some(Format::Plain));
    assert_eq!(verb(&["move", "--dry-run", "4711", "other"]), plain);
    assert_eq!(verb(&["undo"]), Ok(Verb::Undo));
    assert_eq!(verb(&["redo"]), Ok(Verb::Redo));
}

#[test]
fn wrong_words_get_a_sentence() {
    let long = "x".repeat(129);
    for words in [
        &["dance"][..],
        &["set-volume"],
        &["set-volume", ""],
        &["set-volume", "nan"],
        &["set-volume", "2"],
        &["set-volume", "abc"],
        &["set-volume", "0", "1"],
        &["set-volume", "0", "--json"],
        &["set-volume", "0", "--stdin"],
        &["set-volume", "--stdin", "--print"],
        &["set-volume", "0", "--range", "0:1"],
        &["set-volume", "--stdin", "--range", "1:1"],
        &["shift-volume", "inf"],
        &["get-volume", "now"],
        &["get-volume", "--jsno"],
        &["get-volume", "-j"],
        &["add-program", &long],
        &["add-program", "--dry-run"],
        &["add-program", "a", "--json"],
        &["remove-program"],
        &["remove-program", "--dry-run", "a", "b"],
        &["ignore"],
        &["ignore", "a", "--json"],
        &["move"],
        &["move", "a"],
        &["move", "a", "left"],
        &["move", "a", "aux", "b"],
        &["move", "a", "aux", "--json"],
        &["undo", "1"],
        &["redo", "--dry-run"],
        &["hold", "1"],
        &["hold", "1", "--"],
        &["hold", "--", "true"],
        &["hold", "1", "--for", "-1"],
        &["hold", "1", "--for", "nan"],
        &["hold", "1", "--for", "1", "--", "true"],
        &["why"],
        &["why", "a", "b"],
        &["toggle", "0"],
        &["watch", "--format"],
        &["watch", "--format", "xml"],
        &["watch", "--format", "wob", "--json"],
        &["-x"],
        &["--json"],
        &["--socket"],
        &["status", "-0.1"],
    ] {
        let message = verb(words).unwrap_err();
        assert!(
            !message.is_empty() && !message.contains('\n'),
            "{words:?}: {message}"
        );
    }
}

#[test]
fn a_mistyped_word_is_answered_with_the_one_meant() {
    for (words, answer) in [
        (
            &["add-progam"][..],
            "'add-progam' is not a verb; did you mean 'add-program'?",
        ),
        (
            &["set", "0.5"],
            "'set' is not a verb; did you mean 'set-volume'?",
        ),
        (
            &["help", "stauts"],
            "'stauts' is not a verb; did you mean 'status'?",
        ),
        (&["dance"], "'dance' is not a verb"),
        (
            &["get-volume", "--jsno"],
            "get-volume takes no '--jsno'; did you mean '--json'?",
        ),
        (
            &["add-program", "--dry", "x"],
            "add-program takes no '--dry'; did you mean '--dry-run'?",
        ),
        (
            &["remove-program", "-x"],
            "remove-program takes no '-x'; what begins with a - and is no option stands after '--'",
        ),
        (&["get-volume", "--print"], "get-volume takes no '--print'"),
        (
            &["--sokcet", "@x"],
            "there is no option '--sokcet'; did you mean '--socket'?",
        ),
        (
            &["--json", "status"],
            "'--json' stands before the verb that it belongs to",
        ),
        (&["-x"], "there is no option '-x'"),
        (
            &["set-volume", "50%"],
            "set-volume: '50%' is not a decimal number; here it is written 0.5",
        ),
        (
            &["shift-volume", "-0,1"],
            "shift-volume: '-0,1' is not a decimal number; here it is written -0.1",
        ),
        (
            &["hold", "0", "--for", "0,5"],
            "hold --for: '0,5' is not a number of seconds from 0 to 86400; here it is written 0.5",
        ),
        (
            &["set-volume", "2"],
            "set-volume: '2' is not between -1 and 1",
        ),
    ] {
        assert_eq!(verb(words).unwrap_err(), answer);
    }
}

#[test]
fn help_is_of_all_or_of_the_verb_that_is_named() {
    let status = USAGE.verb("status");
    for (words, help) in [
        (&[][..], Command::Overview),
        (&["help"], Command::Help(None)),
        (&["--help"], Command::Help(None)),
        (&["help", "status"], Command::Help(status)),
        (&["status", "--help"], Command::Help(status)),
    ] {
        assert_eq!(parse(Parser::from_args(words)), Ok(help), "{words:?}");
    }
}

#[test]
fn every_verb_and_option_of_the_table_is_known_to_the_parser() {
    for entry in USAGE.verbs {
        for option in entry.options {
            let name = format!("--{}", option.long);
            let mut words = vec![entry.name, &name];
            words.extend(option.value.map(|_| "1"));
            if let Err(message) = parse(Parser::from_args(&words)) {
                assert!(
                    !message.contains(&format!("takes no '{name}'")),
                    "{message}"
                );
            }
        }
        if let Err(message) = parse(Parser::from_args([entry.name])) {
            assert!(!message.contains("is not a verb"), "{message}");
        }
    }
    assert!(USAGE.help().lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn every_sequence_of_three_nasty_words_is_taken_or_refused() {
    const WORDS: [&str; 30] = [
        "",
        "-",
        "--",
        "---",
        "-0.1",
        "-1e9",
        "1e999",
        "nan",
        "--json",
        "--json=x",
        "--socket",
        "--socket=",
        "--print",
        "--stdin",
        "--range=0:1",
        "--for",
        "--dry-run",
        "--format=wob",
        "--reconnect",
        "-h",
        "-vv",
        "set-volume",
        "shift-volume",
        "hold",
        "watch",
        "add-program",
        "why",
        "\u{1b}[31m",
        "\u{202e}",
        "é",
    ];
    for first in WORDS {
        for second in WORDS {
            for third in WORDS {
                if let Err(message) = parse(Parser::from_args([first, second, third])) {
                    assert!(!message.is_empty() && !message.contains('\n'), "{message}");
                }
            }
        }
    }
}
