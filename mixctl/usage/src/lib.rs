//! The command lines of the three programs and the directives of mixd.conf, as tables: `--help`, the
//! manual pages and the completions are printed from them, and parsing is left to lexopt. A crate of its own, so
//! that what makes the manual pages builds none of the programs.
#![deny(missing_docs)]

pub mod directives;
pub mod mixctl;
pub mod mixd;
pub mod mixview;

use std::fmt::Write;

/// A program's command line.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Its name.
    pub program: &'static str,
    /// A line on what it is, without a full stop.
    pub summary: &'static str,
    /// The words after its name: `[--socket NAME] VERB`.
    pub synopsis: &'static str,
    /// Paragraphs on what it does.
    pub description: &'static [&'static str],
    /// Its verbs; empty where there are only options.
    pub verbs: &'static [Verb],
    /// The options of all verbs.
    pub options: &'static [Opt],
    /// The meaning of each exit status.
    pub exit: &'static [(u8, &'static str)],
    /// A sentence on other exit statuses; empty where there are none.
    pub exit_note: &'static str,
}

/// A verb of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verb {
    /// Its name.
    pub name: &'static str,
    /// The words after it, options left out: `VALUE`, `[PATTERN...]`.
    pub words: &'static str,
    /// A line on what it does.
    pub summary: &'static str,
    /// Paragraphs for the manual, after the line.
    pub details: &'static [&'static str],
    /// The options of this verb.
    pub options: &'static [Opt],
    /// How a shell completes its words.
    pub completes: Completes,
}

/// An option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opt {
    /// One letter, if it has one.
    pub short: Option<char>,
    /// Its name, without the dashes.
    pub long: &'static str,
    /// The name of its value, if it takes one.
    pub value: Option<&'static str>,
    /// A line or two on what it does.
    pub help: &'static str,
    /// How a shell completes its value.
    pub completes: Completes,
}

/// How a shell completes a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completes {
    /// Anything.
    Nothing,
    /// A program that plays now (`mixctl streams`).
    Programs,
    /// The same, as a pattern that matches it.
    Names,
    /// A pattern on the list (`mixctl list-programs`).
    Patterns,
    /// A channel, `auto`, or a sink (`mixctl outputs`) as a glob that names it.
    Sinks,
    /// A path.
    Path,
    /// One of these.
    Words(&'static [&'static str]),
    /// A command with its words.
    Command,
}

/// `-h`, which every program has.
pub const HELP: Opt = Opt {
    short: Some('h'),
    long: "help",
    value: None,
    help: "print this help",
    completes: Completes::Nothing,
};

/// `-V`, which every program has.
pub const VERSION: Opt = Opt {
    short: Some('V'),
    long: "version",
    value: None,
    help: "print the version",
    completes: Completes::Nothing,
};

/// `--socket`, which every program has.
pub const SOCKET: Opt = Opt {
    short: None,
    long: "socket",
    value: Some("NAME"),
    help: "where mixd is: @NAME (abstract) or a path with a / \
           [default: $MIXD_SOCKET, else @mixd-UID]",
    completes: Completes::Path,
};

/// The width of a line of help, in characters.
const WIDTH: usize = 80;
/// The column at which the explanations begin.
const COLUMN: usize = 27;

impl Usage {
    /// Returns the line of `--version`: with the commit where this is not a release, if what built it has said that
    /// (the variable `MIXD_COMMIT`, as `cargo xtask` does).
    pub fn version(&self) -> String {
        let version = format!("{} {}", self.program, env!("CARGO_PKG_VERSION"));
        match option_env!("MIXD_COMMIT") {
            None | Some("") => version + "\n",
            Some(commit) => format!("{version} ({commit})\n"),
        }
    }

    /// Returns the text of `--help`.
    pub fn help(&self) -> String {
        let mut text = format!("{}: {}\n\n", self.program, self.summary);
        let usage = format!("Usage: {} {}", self.program, self.synopsis);
        text += usage.trim_end();
        text.push('\n');
        for paragraph in self.description {
            text.push('\n');
            wrap(&mut text, "", 0, paragraph);
        }
        if !self.verbs.is_empty() {
            text.push_str("\nVerbs:\n");
        }
        for verb in self.verbs {
            wrap(
                &mut text,
                &format!("  {}", verb.head()),
                COLUMN,
                verb.summary,
            );
            for option in verb.options {
                let head = format!("      {}", option.head());
                wrap(&mut text, &head, COLUMN, option.help);
            }
        }
        text.push_str("\nOptions:\n");
        for option in self.options {
            let short = option
                .short
                .map_or("    ".into(), |short| format!("-{short}, "));
            let head = format!("  {short}{}", option.head());
            wrap(&mut text, &head, COLUMN, option.help);
        }
        let exits = self.exit.iter();
        let exits: Vec<String> = exits.map(|(code, what)| format!("{code} {what}")).collect();
        text.push('\n');
        let exits = format!("Exit status: {}. {}", exits.join(", "), self.exit_note);
        wrap(&mut text, "", 0, exits.trim_end());
        text
    }

    /// Returns the verbs, one a line.
    pub fn overview(&self) -> String {
        let heads = self.verbs.iter().map(Verb::head);
        let column = heads.map(|head| head.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for verb in self.verbs {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{:<column$}  {}", verb.head(), verb.summary);
        }
        text
    }

    /// Returns the text of `help VERB`.
    pub fn help_of(&self, verb: &Verb) -> String {
        let mut text = format!("Usage: {} {}\n", self.program, verb.head());
        for paragraph in std::iter::once(&verb.summary).chain(verb.details) {
            text.push('\n');
            wrap(&mut text, "", 0, paragraph);
        }
        if !verb.options.is_empty() {
            text.push_str("\nOptions:\n");
        }
        for option in verb.options {
            wrap(
                &mut text,
                &format!("  {}", option.head()),
                COLUMN,
                option.help,
            );
        }
        text
    }

    /// Returns the verb of this name.
    pub fn verb(&self, name: &str) -> Option<&'static Verb> {
        self.verbs.iter().find(|verb| verb.name == name)
    }
}

impl Verb {
    /// `set-volume VALUE`
    pub fn head(&self) -> String {
        format!("{} {}", self.name, self.words)
            .trim_end()
            .to_owned()
    }
}

/// Returns the name that was probably meant by a word: one that begins with it, else one that is it
/// but for two characters, else one that contains it. None where nothing is near.
pub fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let find = |is_meant: &dyn Fn(&str) -> bool| names.iter().copied().find(|name| is_meant(name));
    let begins = |name: &str| !word.is_empty() && name.starts_with(word);
    let contains = |name: &str| word.len() > 2 && name.contains(word);
    // A word of three letters is two changes away from too much.
    let limit = (word.chars().count() / 2).min(2);
    let near = || {
        let names = names.iter().map(|name| (distance(word, name), *name));
        let (distance, name) = names.min_by_key(|(distance, _)| *distance)?;
        (distance <= limit).then_some(name)
    };
    find(&begins).or_else(near).or_else(|| find(&contains))
}

/// Counts the characters that must be put in, taken out or changed to make one of the other
/// (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[row.len() - 1]
}

impl Opt {
    /// `--socket NAME`
    pub fn head(&self) -> String {
        match self.value {
            Some(value) => format!("--{} {value}", self.long),
            None => format!("--{}", self.long),
        }
    }
}

/// Appends `head`, then `text` from `column` on, in lines of the terminal's width.
fn wrap(out: &mut String, head: &str, column: usize, text: &str) {
    let mut line = head.to_owned();
    if !head.is_empty() && line.chars().count() + 2 > column {
        out.push_str(&line);
        out.push('\n');
        line.clear();
    }
    let mut is_fresh = true;
    for word in text.split_whitespace() {
        let width = line.chars().count();
        if !is_fresh && width + 1 + word.chars().count() > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line.clear();
            is_fresh = true;
        }
        if is_fresh {
            let width = line.chars().count();
            line.extend(std::iter::repeat_n(' ', column.saturating_sub(width)));
        } else {
            line.push(' ');
        }
        line.push_str(word);
        is_fresh = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: Usage = Usage {
        program: "mixplay",
        summary: "does things",
        synopsis: "[OPTIONS] VERB",
        description: &[
            "It does them one after the other, and says so in a sentence that is \
                        longer than one line of a terminal is.",
        ],
        verbs: &[Verb {
            name: "set-something-long",
            words: "VALUE...",
            summary: "set it",
            details: &[],
            options: &[],
            completes: Completes::Nothing,
        }],
        options: &[SOCKET, HELP],
        exit: &[(0, "done"), (2, "wrong usage")],
        exit_note: "",
    };

    #[test]
    fn the_help_is_wrapped_and_aligned() {
        assert_eq!(
            USAGE.help(),
            "mixplay: does things\n\nUsage: mixplay [OPTIONS] VERB\n\n\
             It does them one after the other, and says so in a sentence that is longer than\n\
             one line of a terminal is.\n\nVerbs:\n  set-something-long VALUE...\n\
             \x20                          set it\n\nOptions:\n\
             \x20     --socket NAME        where mixd is: @NAME (abstract) or a path with a /\n\
             \x20                          [default: $MIXD_SOCKET, else @mixd-UID]\n  \
             -h, --help               print this help\n\nExit status: 0 done, 2 wrong usage.\n"
        );
    }

    #[test]
    fn the_overview_is_a_line_a_verb_and_the_help_of_one_says_all_of_it() {
        assert_eq!(USAGE.overview(), "set-something-long VALUE...  set it\n");
        assert_eq!(
            USAGE.help_of(&USAGE.verbs[0]),
            "Usage: mixplay set-something-long VALUE...\n\nset it\n"
        );
    }

    #[test]
    fn a_mistyped_name_is_found_and_another_word_is_not() {
        let names = ["set-volume", "reset", "list-programs", "add-program", "why"];
        for (word, name) in [
            ("add-progam", Some("add-program")),
            ("addprogram", Some("add-program")),
            ("set", Some("set-volume")),
            ("rest", Some("reset")),
            ("programs", Some("list-programs")),
            ("wy", Some("why")),
            ("dance", None),
            ("cat", None),
            ("x", None),
            ("", None),
            ("программа", None),
        ] {
            assert_eq!(nearest(word, &names), name, "{word}");
        }
    }
}
