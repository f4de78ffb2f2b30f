//! The body of the fuzz target `config`: any bytes as mixd.conf, and an edit of them.
// To panic is how a target reports.
#![allow(clippy::expect_used)]

use arbitrary::{Arbitrary, Unstructured};
use wire::message::{Pattern, Replacement};
use wire::{Channel, OutputChoice, Rule};

use mixd::config::line::{self, Line};
use mixd::config::{Config, edit, output, parse};
use mixd::rules::{self, Edit};
use usage::directives::PROGRAM;

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
    let Some(Config { rules, outputs, .. }) = before else {
        return;
    };
    for channel in [None, Some(Channel::Aux)] {
        let sink = Some(Pattern::truncated(pattern));
        let Ok(choice) = output::normalized(OutputChoice { sink, channel }) else {
            continue;
        };
        let after = output::chosen(&outputs, choice);
        let edited = output::rewritten(text, &after);
        let read = parse(&edited).expect("what was right stays right");
        assert_eq!((&read.outputs, &read.rules), (&after, &rules), "{choice}");
        assert_eq!(comments(&edited), comments(text), "no comment is lost");
        assert_eq!(output::rewritten(&edited, &after), edited);
    }
    let one = Pattern::truncated(pattern);
    let some = rules.list().first().map(|rule| *rule.pattern());
    let edits = [
        Some(Edit::Add(Rule::Program(one))),
        Some(Edit::Add(Rule::Ignore(one))),
        some.map(Edit::Remove),
        some.map(|old| Edit::Replace(Replacement { new: one, old })),
    ];
    for edit in edits.into_iter().flatten() {
        // A full list takes no more.
        let Ok(after) = rules.apply(&edit) else {
            continue;
        };
        let edited = edit::rewritten(text, &rules, &after);
        let read = parse(&edited).expect("what was right stays right");
        assert_eq!(read.rules, after, "{edit}");
        assert_eq!(comments(&edited), comments(text), "no comment is lost");
        assert_eq!(edit::rewritten(&edited, &after, &after), edited);
        assert_eq!(edit::patched(text, text, &edited).as_ref(), Some(&edited));
        if after == rules {
            assert_eq!(edited, text);
        }
    }
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
