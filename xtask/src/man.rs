//! The manual pages: those of the programs and of mixd.conf from the tables that the programs use
//! themselves, that of the protocol from PROTOCOL.md.

mod markdown;

use std::fmt::Write;

use usage::directives::DIRECTIVES;
use usage::{Opt, Usage};

/// A page: its file's name, and its text (man(7)).
pub type Page = (String, String);

/// What a page says besides its program's table.
struct More {
    see_also: &'static str,
    sections: &'static [(&'static str, &'static str)],
}

const MIXD: More = More {
    see_also: "mixctl(1), mixview(1), mixd.conf(5), mixd\\-protocol(7), pipewire(1), wireplumber(1)",
    sections: &[
        (
            "FILES",
            ".TP\n.I $XDG_CONFIG_HOME/mixd/mixd.conf\nThe configuration; ~/.config where the variable \
             is not set. See mixd.conf(5).\n.TP\n\
             .I $XDG_STATE_HOME/mixd/volume\nThe volume that outlasts mixd; \
             ~/.local/state where the variable is not set.\n",
        ),
        (
            "ENVIRONMENT",
            ".TP\n.B MIXD_SOCKET\nThe socket's name, where no option gives one.\n.TP\n\
             .B PIPEWIRE_REMOTE\nThe PipeWire to connect to; see pipewire(1).\n.TP\n\
             .BR NOTIFY_SOCKET \", \" LISTEN_PID \", \" LISTEN_FDS\nHow systemd is told that mixd \
             serves, and how it passes a socket; see sd_notify(3) and sd_listen_fds(3).\n",
        ),
        (
            "SIGNALS",
            "On SIGTERM and SIGINT mixd sends every program back to where it would play without \
             it, which takes a second at most, and ends; on a second one it ends at once.\n",
        ),
    ],
};

const MIXCTL: More = More {
    see_also: "mixd(1), mixview(1), mixd.conf(5), mixd\\-protocol(7)",
    sections: &[(
        "ENVIRONMENT",
        ".TP\n.B MIXD_SOCKET\nThe socket's name, where no option gives one.\n",
    )],
};

const MIXVIEW: More = More {
    see_also: "mixd(1), mixctl(1), mixd.conf(5)",
    sections: &[
        (
            "ENVIRONMENT",
            ".TP\n.B MIXD_SOCKET\nThe socket's name, where no option gives one.\n.TP\n\
             .BR WAYLAND_DISPLAY \", \" DISPLAY\nThe display; the first of them that is set.\n",
        ),
        (
            "FILES",
            ".TP\n.IR $XDG_CONFIG_HOME/dconf/user \", \" gtk-4.0/settings.ini \", \" gtk-3.0/settings.ini\n\
             Where \\-\\-theme auto finds which theme is preferred: in the first that says it; on X11 a settings manager \
             is asked after the first.\n",
        ),
    ],
};

/// Every page.
pub fn pages(version: &str) -> lab::Result<Vec<Page>> {
    let protocol = std::fs::read_to_string("wire/PROTOCOL.md")?;
    Ok(vec![
        (
            "mixd.1".into(),
            program(&usage::mixd::USAGE, &MIXD, version),
        ),
        (
            "mixctl.1".into(),
            program(&usage::mixctl::USAGE, &MIXCTL, version),
        ),
        (
            "mixview.1".into(),
            program(&usage::mixview::USAGE, &MIXVIEW, version),
        ),
        ("mixd.conf.5".into(), configuration(version)),
        ("mixd-protocol.7".into(), markdown::page(&protocol, version)),
    ])
}

fn head(name: &str, section: u8, version: &str, summary: &str) -> String {
    format!(
        ".TH {} {section} \"\" \"mixd {version}\" \"mixd\"\n.SH NAME\n{} \\- {}\n",
        escape(&name.to_uppercase()),
        escape(name),
        escape(summary)
    )
}

fn program(usage: &Usage, more: &More, version: &str) -> String {
    let mut text = head(usage.program, 1, version, usage.summary);
    // Writing to a String cannot fail.
    let _ = writeln!(text, ".SH SYNOPSIS\n.B {}", escape(usage.program));
    if !usage.synopsis.is_empty() {
        text += &escape(usage.synopsis);
        text.push('\n');
    }
    text.push_str(".SH DESCRIPTION\n");
    paragraphs(&mut text, usage.description, ".PP\n");
    if !usage.verbs.is_empty() {
        text.push_str(".SH VERBS\n");
    }
    for verb in usage.verbs {
        let _ = writeln!(
            text,
            ".TP\n\\fB{}\\fR {}",
            escape(verb.name),
            escape(verb.words)
        );
        text += &escape(&sentence(verb.summary));
        text.push('\n');
        for paragraph in verb.details {
            let _ = writeln!(text, ".IP\n{}", escape(paragraph));
        }
        if !verb.options.is_empty() {
            text.push_str(".RS\n");
            for option in verb.options {
                self::option(&mut text, option);
            }
            text.push_str(".RE\n");
        }
    }
    text.push_str(".SH OPTIONS\n");
    for option in usage.options {
        self::option(&mut text, option);
    }
    text.push_str(".SH \"EXIT STATUS\"\n");
    for (code, meaning) in usage.exit {
        let _ = writeln!(text, ".TP\n.B {code}\n{}", escape(&sentence(meaning)));
    }
    if !usage.exit_note.is_empty() {
        let _ = writeln!(text, ".PP\n{}", escape(usage.exit_note));
    }
    for (title, body) in more.sections {
        let _ = write!(text, ".SH {title}\n{body}");
    }
    let _ = writeln!(text, ".SH \"SEE ALSO\"\n{}", more.see_also);
    text
}

fn option(text: &mut String, option: &Opt) {
    let short = option
        .short
        .map_or(String::new(), |short| format!("\\fB\\-{short}\\fR, "));
    let value = option
        .value
        .map_or(String::new(), |value| format!(" \\fI{}\\fR", escape(value)));
    let _ = writeln!(
        text,
        ".TP\n{short}\\fB\\-\\-{}\\fR{value}\n{}",
        escape(option.long),
        escape(&sentence(option.help))
    );
}

fn configuration(version: &str) -> String {
    let mut text = head("mixd.conf", 5, version, "the configuration of mixd");
    text.push_str(".SH DESCRIPTION\n");
    paragraphs(
        &mut text,
        &[
            "One directive a line: its name, then its value. A # at the start of a line, or after a \
             space, begins a comment; where one belongs to the value it stands after a \\. mixd reads \
             $XDG_CONFIG_HOME/mixd/mixd.conf, else ~/.config/mixd/mixd.conf, or the file of its option \
             --config. The file may be missing; 'mixd --print-config' prints one with comments and \
             the defaults.",
            "It is read again when it changes, through links as well. A change is a whole one: a line \
             that is not right leaves everything as it was, and the log, 'mixctl status' and every \
             client that wants to know say which line it is, until it is mended.",
            "What mixctl and mixview change on the list is edited in place, every other byte stays as it \
             is, and 'mixctl undo' takes it back.",
        ],
        ".PP\n",
    );
    text.push_str(".SH DIRECTIVES\n");
    for directive in &DIRECTIVES {
        let _ = writeln!(
            text,
            ".TP\n\\fB{}\\fR \\fI{}\\fR\n{}",
            escape(directive.name),
            escape(directive.value),
            escape(directive.meaning)
        );
        let _ = match directive.default {
            Some(default) => writeln!(text, "Default: {}.", escape(default)),
            None => writeln!(text, "It may be repeated; the first that matches decides."),
        };
    }
    text.push_str(".SH EXAMPLE\n.nf\n");
    for line in [
        "program Discord*  # voice",
        "program media.role=Game",
        "ignore Ardour*  # never touched",
        "curve quadratic",
    ] {
        text += &escape(line);
        text.push('\n');
    }
    text.push_str(".fi\n.SH \"SEE ALSO\"\nmixd(1), mixctl(1)\n");
    text
}

/// A summary as a sentence: a capital, where the first word is not a program's name; a full stop.
fn sentence(text: &str) -> String {
    if text.starts_with("mix") {
        return format!("{text}.");
    }
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), chars.as_str())
}

fn paragraphs(text: &mut String, all: &[&str], between: &str) {
    for (at, paragraph) in all.iter().enumerate() {
        if at > 0 {
            text.push_str(between);
        }
        *text += &escape(paragraph);
        text.push('\n');
    }
}

/// A text as roff takes it: backslashes, dashes and quotes as they are meant, no line that could be
/// a request.
fn escape(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
        .replace('`', "\\(ga")
        .replace('^', "\\(ha")
        .replace('~', "\\(ti");
    match escaped.starts_with('.') {
        true => format!("\\&{escaped}"),
        false => escaped,
    }
}
