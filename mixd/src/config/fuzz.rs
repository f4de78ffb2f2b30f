//! The body of the fuzz target `config`: any bytes as mixd.conf, and an edit of them.
// To panic is how a target reports.
#![allow(clippy::expect_used)]

use arbitrary::{Arbitrary, Unstructured};
use wire::is_same;
use wire::message::Pattern;

use super::line::{self, Line};
use super::{Config, edit, parse};
use crate::directives::PROGRAM;
use crate::rules;

/// A text is refused with a sentence and a line that it has, or means the same when it is printed
/// and read again; an edit changes its own line and no other byte.
pub fn config(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(pattern) = String::arbitrary(&mut input) else {
        return;
    };
    let text = input.take_rest();
    let read = parse(text);
    match &read {
        Ok(config) => {
            let printed = config.print();
            assert_eq!(parse(printed.as_bytes()).as_ref(), Ok(config), "{printed}");
        }
        Err(problem) => {
            let lines = text.split(|&byte| byte == b'\n').count();
            assert!((1..=lines).contains(&problem.line) && !problem.what.is_empty());
            assert!(!problem.what.contains('\n'), "one line a problem");
        }
    }
    let pattern = Pattern::truncated(pattern.trim());
    let pattern = pattern.trim();
    if rules::check(pattern).is_ok() {
        change(text, pattern, read.ok());
    }
}

fn change(text: &[u8], pattern: &str, before: Option<Config>) {
    let printed = line::print(PROGRAM, pattern);
    let expected = Line::Directive {
        name: PROGRAM,
        value: pattern.to_owned(),
        comment: "",
    };
    assert_eq!(line::parse(printed.as_bytes()), expected, "{printed}");

    let added = edit::add(text, pattern);
    let was_there = added == text;
    assert_eq!(edit::add(&added, pattern), added, "once is enough");
    if !was_there {
        assert_one_line_more(text, &added);
    }
    let removed = edit::remove(&added, pattern);
    assert_eq!(edit::remove(&removed, pattern), removed);
    assert_eq!(comments(&removed), comments(text), "no comment is lost");
    if !was_there {
        // A file without a last line end may have got one.
        let ended = [text, b"\n"].concat();
        let ended_so = [text, b"\r\n"].concat();
        assert!(removed == text || removed == ended || removed == ended_so);
    }
    in_place(text, pattern);
    before_another(text, pattern, was_there);
    if let Some(before) = before {
        let after = parse(&added).map(|config| config.rules);
        let mut rules = before.rules.clone();
        let one = Pattern::truncated(pattern);
        // A full list takes no more; the file says so then.
        if rules.add(one).is_ok() {
            assert_same_rules(&after.expect("what was right stays right"), &rules);
            let _ = rules.remove(pattern);
            let without = parse(&removed).expect("what was right stays right");
            assert_same_rules(&without.rules, &rules);
        }
    }
}

/// The patterns that a text lists, as they stand there.
fn programs(text: &[u8]) -> Vec<String> {
    let lines = text.split(|&byte| byte == b'\n');
    let programs = lines.filter_map(|line| match line::parse(line) {
        Line::Directive { name, value, .. } if name == PROGRAM => Some(value),
        _ => None,
    });
    programs.collect()
}

/// A pattern goes before each that the text has in turn, and is taken out again.
fn before_another(text: &[u8], new: &str, was_there: bool) {
    let listed = programs(text);
    for before in &listed {
        let inserted = edit::insert(text, new, before);
        if was_there {
            assert_eq!(inserted, text);
            continue;
        }
        assert_one_line_more(text, &inserted);
        let first = listed.iter().position(|other| is_same(other, before));
        let mut expected = listed.clone();
        expected.insert(first.expect("it is listed"), new.to_owned());
        assert_eq!(programs(&inserted), expected);
        assert_eq!(edit::remove(&inserted, new), text, "no other byte");
    }
}

/// A pattern takes the place of the first that the text has, and gives it back.
fn in_place(text: &[u8], new: &str) {
    let programs = programs(text);
    let Some(old) = programs.iter().find(|value| rules::check(value).is_ok()) else {
        return;
    };
    let count = |of: &str| {
        let same = programs.iter().filter(|value| is_same(value, of));
        same.count()
    };
    let replaced = edit::replace(text, old, new);
    assert_eq!(comments(&replaced), comments(text), "no comment is lost");
    if count(old) == 1 && count(new) == 0 {
        let back = edit::replace(&replaced, new, old);
        assert_eq!(edit::replace(&back, old, new), replaced);
        // Back are the same bytes, but for a value that may be written in several ways.
        let read = |text: &[u8]| parse(text).map(|config| config.rules);
        assert_eq!(read(&back).ok(), read(text).ok());
    }
}

/// The same patterns, in whatever order.
fn assert_same_rules(a: &rules::Rules, b: &rules::Rules) {
    let sorted = |rules: &rules::Rules| {
        let mut all: Vec<String> = rules.patterns().iter().map(ToString::to_string).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(a), sorted(b));
}

fn assert_one_line_more(text: &[u8], added: &[u8]) {
    let lines = |text: &[u8]| -> Vec<Vec<u8>> {
        let lines = text.split_inclusive(|&byte| byte == b'\n');
        lines.map(|line| line.trim_ascii_end().to_vec()).collect()
    };
    let (old, new) = (lines(text), lines(added));
    assert_eq!(new.len(), old.len() + 1);
    let at = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    assert_eq!(new[at + 1..], old[at..], "the other lines are as they were");
}

/// Every comment, in order, byte for byte.
fn comments(text: &[u8]) -> Vec<Vec<u8>> {
    let lines = text.split(|&byte| byte == b'\n');
    let comment = |bytes: &[u8]| match line::parse(bytes) {
        Line::Directive { comment, .. } if !comment.is_empty() => Some(comment.as_bytes().to_vec()),
        Line::Empty if !bytes.trim_ascii().is_empty() => Some(bytes.trim_ascii().to_vec()),
        _ => None,
    };
    lines.filter_map(comment).collect()
}
