//! What must hold of the program list after any sequence of changes, whoever makes them: of the fuzz target
//! `rules`, and of a property test.
// To panic is how a target reports.
#![allow(clippy::expect_used)]

use wire::message::{Pattern, Replacement};
use wire::{Channel, OutputChoice, Rule};

use mixd::config::edit::lines;
use mixd::config::editable::{EditableConfig, MAX_CHANGES};
use mixd::config::{self, output};
use mixd::router::CHANNELS;
use mixd::rules::moving::moved;
use mixd::rules::{BINARY, Edit, NAME, Program, Rules};

const NAMES: [&str; 6] = ["Chromium", "chromium", "Firefox", " x y ", "#1", "a=b"];
const BINARIES: [&str; 4] = ["chromium", "discord", "slack", "*"];
const PATTERNS: [&str; 14] = [
    "Chromium",
    "chrom*",
    "*",
    "Firefox",
    "fire[fg]ox",
    "discord",
    "application.process.binary=discord",
    "application.process.binary=slack",
    "media.role=game",
    "x y",
    "#1",
    r"a\=b",
    " Zoom ",
    "[",
];
const LINES: [&str; 15] = [
    "# voice\n",
    "\n",
    "curve cubic\n",
    "program Chromium # browsers\n",
    "\tprogram chrom*\r\n",
    "ignore Firefox #left alone\n",
    "program discord\n",
    "program  \\#1\n",
    "ignore *\n",
    "program DISCORD\n",
    "program application.process.binary=slack # slack",
    "snap 0\n",
    "output speakers\n",
    "output aux  headset* # call\n",
    "output default auto\n",
];

/// A program that plays.
#[derive(Debug)]
struct Named {
    name: Option<&'static str>,
    binary: Option<&'static str>,
}

impl Program for Named {
    fn property(&self, key: &str) -> Option<&str> {
        match key {
            NAME => self.name,
            BINARY => self.binary,
            _ => None,
        }
    }
}

/// One of the first `0..n`, as the input says.
type Choose<'a> = &'a mut dyn FnMut(usize) -> usize;

fn pick<'a>(choose: Choose, all: &[&'a str]) -> &'a str {
    all[choose(all.len())]
}

/// Makes changes until the input has had enough, and looks after each whether all holds.
pub fn changes(choose: Choose) {
    let programs: Vec<Named> = (0..choose(6))
        .map(|_| Named {
            name: (choose(5) > 0).then(|| pick(choose, &NAMES)),
            binary: (choose(3) > 0).then(|| pick(choose, &BINARIES)),
        })
        .collect();
    let first: String = (0..choose(8)).map(|_| pick(choose, &LINES)).collect();
    let Ok(config) = config::parse(first.as_bytes()) else {
        return;
    };
    let mut list = EditableConfig::default();
    list.begin(&config, first.as_bytes());
    let start = (config.rules, config.outputs);
    // What a hand writes besides rules stays when these are taken back.
    let mut is_first_text_there = true;
    for _ in 0..choose(MAX_CHANGES) {
        let before = now(&list);
        match choose(11) {
            0 | 1 => {
                let channel = [Channel::Aux, Channel::Default][choose(2)];
                if !programs.is_empty() {
                    let at = choose(programs.len());
                    send(&mut list, &programs, at, channel);
                }
            }
            2 => edit(&mut list, &Edit::Add(Rule::Program(pattern(choose)))),
            3 => edit(&mut list, &Edit::Add(Rule::Ignore(pattern(choose)))),
            4 => edit(&mut list, &Edit::Remove(pattern(choose))),
            5 => {
                let (new, old) = (pattern(choose), pattern(choose));
                edit(&mut list, &Edit::Replace(Replacement { new, old }));
            }
            6 => turn(&mut list, EditableConfig::undo, EditableConfig::redo),
            7 => turn(&mut list, EditableConfig::redo, EditableConfig::undo),
            10 => choose_output(choose, &mut list),
            _ => {
                let text = by_hand(choose, &before.1);
                if let Ok(config) = config::parse(&text) {
                    let is_change = list.read(&config, &text);
                    is_first_text_there &= is_change || *before.1 == text;
                } else {
                    // A wrong file is put right by hand again.
                    list.read_wrong(&text);
                    let config = config::parse(&before.1).expect("what was right stays right");
                    list.read(&config, &before.1);
                }
            }
        }
        let config = config::parse(list.text()).expect("what was right stays right");
        assert_eq!(config.rules, *list.rules(), "list and file agree");
        assert_eq!(config.outputs, list.outputs(), "outputs and file agree");
    }
    let (last, undone) = (now(&list), list.redoable());
    let mut count = 0;
    while list.undo().is_ok() {
        count += 1;
    }
    assert_eq!(in_force(&list), start);
    if is_first_text_there {
        assert_eq!(list.text(), first.as_bytes(), "byte for byte");
    }
    for _ in 0..count {
        list.redo().expect("what was taken back");
    }
    assert_eq!(list.redoable(), undone);
    assert_eq!(in_force(&list), last.0);
    if is_first_text_there {
        assert_eq!(now(&list), last);
    }
}

type InForce = (Rules, Vec<OutputChoice>);

fn in_force(list: &EditableConfig) -> InForce {
    (list.rules().clone(), list.outputs().to_vec())
}

fn now(list: &EditableConfig) -> (InForce, Vec<u8>) {
    (in_force(list), list.text().to_vec())
}

/// Chooses what a channel plays to: only that channel's choices change, but where it is for both.
fn choose_output(choose: Choose, list: &mut EditableConfig) {
    let sink = [Some("headset*"), Some("aux card"), None][choose(3)];
    let choice = OutputChoice {
        sink: sink.map(Pattern::truncated),
        channel: [None, Some(Channel::Aux), Some(Channel::Default)][choose(3)],
    };
    let choice = output::normalized(choice).expect("a glob");
    let of = |outputs: &[OutputChoice], channel| -> Vec<OutputChoice> {
        let outputs = outputs.iter();
        let own = outputs.filter(|it| it.channel.is_none_or(|it| it == channel));
        own.copied().collect()
    };
    let (rules, before) = in_force(list);
    let comments_before = comments(list.text());
    list.change_outputs(choice.to_string(), output::chosen(&before, choice));
    assert_eq!(comments(list.text()), comments_before, "no comment is lost");
    assert_eq!(*list.rules(), rules);
    for channel in CHANNELS {
        let after = of(list.outputs(), channel);
        match choice.channel.is_none_or(|it| it == channel) {
            true => assert_eq!(after.first(), Some(&choice)),
            false => assert_eq!(after, of(&before, channel)),
        }
    }
}

fn pattern(choose: Choose) -> Pattern {
    Pattern::truncated(pick(choose, &PATTERNS))
}

/// The text as a hand changes it: a line more, a line less, two lines exchanged.
fn by_hand(choose: Choose, text: &[u8]) -> Vec<u8> {
    let mut lines = lines(text);
    let at = choose(lines.len() + 1);
    match choose(3) {
        0 => lines.insert(at, pick(choose, &LINES).as_bytes()),
        1 if at < lines.len() => drop(lines.remove(at)),
        _ if at < lines.len() => {
            let other = choose(lines.len());
            lines.swap(at, other);
        }
        _ => {}
    }
    lines.concat()
}

fn edit(list: &mut EditableConfig, edit: &Edit) {
    if let Ok(rules) = list.rules().apply(edit) {
        change(list, edit.to_string(), rules);
    }
}

fn change(list: &mut EditableConfig, what: String, rules: Rules) {
    let comments_before = comments(list.text());
    list.change(what, rules);
    assert_eq!(comments(list.text()), comments_before, "no comment is lost");
}

fn send(list: &mut EditableConfig, programs: &[Named], at: usize, to: Channel) {
    let listed = |rules: &Rules, at: usize| rules.channel(&programs[at]);
    let before = list.rules().clone();
    if listed(&before, at).is_none() {
        return;
    }
    match moved(&before, programs, at, to) {
        Err(why) => assert!(!why.message.is_empty() && !why.message.contains('\n')),
        Ok(moved) => {
            assert!(moved.program.contains(&at));
            for other in 0..programs.len() {
                let now = listed(&moved.rules, other);
                match moved.program.contains(&other) {
                    true => assert_eq!(now, Some(to)),
                    false => assert_eq!(now, listed(&before, other), "{other}"),
                }
            }
            change(list, "move".to_owned(), moved.rules);
        }
    }
}

type Turn = fn(&mut EditableConfig) -> Result<wire::Change<'static>, wire::Failure>;

/// Takes a change back, or makes it again, and the other way round, and lets it stand.
fn turn(list: &mut EditableConfig, there: Turn, back: Turn) {
    let before = in_force(list);
    if let Ok(change) = there(list) {
        assert!(!change.text.is_empty() && change.omitted == 0);
        assert_ne!(in_force(list), before);
        let after = in_force(list);
        back(list).expect("what was done can be taken back");
        assert_eq!(in_force(list), before);
        there(list).expect("and done again");
        assert_eq!(in_force(list), after);
    }
}

/// Every comment, in order.
fn comments(text: &[u8]) -> Vec<Vec<u8>> {
    use mixd::config::line::{Line, parse};
    let comment = |line: &&[u8]| match parse(line) {
        Line::Directive { comment, .. } if !comment.is_empty() => Some(comment.into()),
        Line::Empty if !line.trim_ascii().is_empty() => Some(line.trim_ascii().to_vec()),
        _ => None,
    };
    lines(text).iter().filter_map(comment).collect()
}

#[test]
#[allow(clippy::unwrap_used)]
fn whatever_is_done_can_be_taken_back_and_moves_nobody_else() {
    // xorshift64: any sequence that is the same each time.
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..4_000 {
        changes(&mut |n| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 32).unwrap() % n.max(1)
        });
    }
}
