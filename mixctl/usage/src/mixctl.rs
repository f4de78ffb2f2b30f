//! What mixctl can be asked: the table that `--help`, the man page and the completions are made
//! from. The parser (`args.rs`) reads it as well.

use crate::{Completes, HELP, Opt, SOCKET, Usage, VERSION, Verb};

const JSON: Opt = flag("json", "print JSON, one line");
const PRINT: Opt = flag("print", "print the volume that it makes");
const DRY_RUN: Opt = flag("dry-run", "change nothing; print the streams concerned");

const RECONNECT: &str = "wait for mixd when it has gone, and go on when it is back";

const fn flag(long: &'static str, help: &'static str) -> Opt {
    Opt {
        short: None,
        long,
        value: None,
        help,
        completes: Completes::Nothing,
    }
}

/// The verbs that `help` explains: all of the table, which a test compares.
const VERBS: &[&str] = &[
    "get-volume",
    "set-volume",
    "shift-volume",
    "toggle",
    "reset",
    "hold",
    "list-programs",
    "add-program",
    "ignore",
    "remove-program",
    "move",
    "undo",
    "redo",
    "outputs",
    "output",
    "streams",
    "why",
    "status",
    "watch",
    "doctor",
    "reload",
    "help",
];

/// Where `move` can send a program.
pub const SIDES: &[&str] = &["aux", "default", "other"];

/// The forms that `watch` can print.
pub const FORMATS: &[&str] = &["plain", "json", "waybar", "wob"];

const CHANGE_JSON: &str = "With --json and --dry-run: {\"streams\": [STREAM...], \"omitted\": number of \
     streams left out}, each STREAM as status prints it, with the \
     channel that it would have.";

/// The command line of mixctl.
pub const USAGE: Usage = Usage {
    program: "mixctl",
    summary: "sets and shows what mixd does",
    synopsis: "[--socket NAME] VERB",
    description: &[
        "For key bindings, scripts and status bars. mixd plays two groups of programs through two \
         channels, and one volume crossfades them: at 0 both are full, towards 1 the default channel \
         fades out, towards -1 the aux channel. 'mixctl help VERB' says all about a verb.",
    ],
    verbs: &[
        Verb {
            name: "get-volume",
            words: "",
            summary: "print the volume, from -1 to 1",
            details: &[
                "With --json: {\"volume\": number from -1 to 1, \"default\": gain from 0 to 1, \
                 \"aux\": gain from 0 to 1}. A gain is the factor on a channel's samples.",
            ],
            options: &[JSON],
            completes: Completes::Nothing,
        },
        Verb {
            name: "set-volume",
            words: "VALUE",
            summary: "set the volume: -1 is default alone, 1 aux alone",
            details: &[
                "At 0 both channels are full; towards 1 the default channel fades out, towards -1 \
                 the aux channel.",
                "With --stdin it reads one value a line from standard input and applies the \
                 newest: a headset's dial, a MIDI knob. With --range 0:128 the values go from 0, \
                 which is -1, to 128, which is 1; a value outside counts as the nearest end. A range \
                 may run backwards. A line that is not a number is reported on standard error and \
                 left out.",
                "When mixd goes it ends with 3, also while the dial rests; with --reconnect it \
                 waits for mixd, also at the start, and applies the newest value again, unless \
                 another volume was set since.",
            ],
            options: &[
                PRINT,
                flag("stdin", "read one value a line, apply the newest"),
                Opt {
                    short: None,
                    long: "range",
                    value: Some("MIN:MAX"),
                    help: "the values at the ends of the dial [default: -1:1]",
                    completes: Completes::Nothing,
                },
                flag("reconnect", RECONNECT),
            ],
            completes: Completes::Words(&["-1", "-0.5", "0", "0.5", "1"]),
        },
        Verb {
            name: "shift-volume",
            words: "DELTA",
            summary: "move the volume, stopping at -1 and 1",
            details: &["Negative values need no quoting: shift-volume -0.1."],
            options: &[PRINT],
            completes: Completes::Words(&["-0.1", "0.1"]),
        },
        Verb {
            name: "toggle",
            words: "",
            summary: "mirror the volume: -0.3 becomes 0.3",
            details: &[],
            options: &[PRINT],
            completes: Completes::Nothing,
        },
        Verb {
            name: "reset",
            words: "",
            summary: "set the volume to 0: both channels full",
            details: &[],
            options: &[PRINT],
            completes: Completes::Nothing,
        },
        Verb {
            name: "hold",
            words: "VALUE -- COMMAND...",
            summary: "set the volume until COMMAND ends, or for a time",
            details: &[
                "Then mixd sets the volume from before again, however mixctl ends, because it \
                 watches the connection; unless somebody has set another volume meanwhile, which \
                 stays. Of several holds the last one counts. A mixctl in the command talks to the \
                 same mixd. The terminal's keys interrupt the command, not the hold, which ends with \
                 the command. The exit status is the command's, or 128 plus the signal that ended \
                 it; 127 if there is no such command, 126 if it can't be started.",
            ],
            options: &[Opt {
                short: None,
                long: "for",
                value: Some("SECONDS"),
                help: "instead of a command: hold it this long, up to 86400",
                completes: Completes::Nothing,
            }],
            completes: Completes::Command,
        },
        Verb {
            name: "list-programs",
            words: "",
            summary: "print the patterns on the list, one a line",
            details: &[
                "In the order of mixd.conf: the first that matches decides. A pattern that is \
                 ignored is followed by a tab and 'ignore', a program's pattern by nothing.",
                "With --json: {\"programs\": [RULE...]}, each RULE {\"kind\": program or ignore, \
                 \"pattern\": string}.",
            ],
            options: &[JSON],
            completes: Completes::Nothing,
        },
        Verb {
            name: "add-program",
            words: "[PATTERN...]",
            summary: "add patterns: what they match plays through aux",
            details: &[
                "PATTERN is a glob (*, ?, [a-z]), compared without regard to case with \
                 application.name, application.process.binary, node.name, the Flatpak's name, and \
                 the name and the file of the process. KEY=GLOB is one property alone: \
                 media.role=Game. \\ takes its meaning from the character after it. A pattern that \
                 begins with a - stands after '--'.",
                "On a terminal and without a pattern it offers the programs that play now, each \
                 with the narrowest pattern that matches it and now nothing else.",
                "The list is kept in mixd.conf. If that can't be written, the pattern is in force \
                 all the same, and standard error says why it could not be saved.",
                CHANGE_JSON,
            ],
            options: &[DRY_RUN, JSON],
            completes: Completes::Names,
        },
        Verb {
            name: "ignore",
            words: "PATTERN...",
            summary: "have mixd leave alone what patterns match",
            details: &[
                "For what should play outside both channels: a recorder, a soundboard, something \
                 wired by hand in a patchbay. It goes back to where it would play without mixd, is \
                 shown as ignored, and no volume affects it. PATTERN is as for add-program. The \
                 patterns stand before the programs on the list; one that is a program's becomes one \
                 that is ignored. remove-program takes them off.",
                CHANGE_JSON,
            ],
            options: &[DRY_RUN, JSON],
            completes: Completes::Names,
        },
        Verb {
            name: "remove-program",
            words: "PATTERN...",
            summary: "take patterns off the list, of either kind",
            details: &[CHANGE_JSON],
            options: &[DRY_RUN, JSON],
            completes: Completes::Patterns,
        },
        Verb {
            name: "move",
            words: "NAME|PID|ID CHANNEL",
            summary: "send a program, and no other, through a channel",
            details: &[
                "CHANNEL is aux, default, or other: the one that it does not play through now. mixd \
                 changes the list so that all streams of this program play through that channel, and \
                 nothing else moves; a pattern that matches other programs as well is split. The \
                 changes are printed. The move is refused, with the reason, if the program is \
                 pinned, contested or ignored, or if no pattern matches it alone.",
                "A number is the ID of a stream or the PID of a process. Where it is both, of different \
                 programs, mixctl says so and does nothing; id=ID and pid=PID say which, and are best in key \
                 bindings and scripts. A process means its streams; failing those, the streams of all \
                 processes below it, as a browser plays from a child of the one that owns the window; \
                 failing those, the streams of the nearest process above it that plays. Last, and for all \
                 other words, it is the NAME of a program or of its binary, without regard to case. If \
                 several streams are meant, each is sent there.",
                "With --json and --dry-run: {\"changes\": [{\"text\": sentence, \"added\": [RULE...], \
                 \"removed\": [RULE...], \"omitted\": number of rules left out}...]}, each RULE as \
                 list-programs prints it.",
            ],
            options: &[
                flag("dry-run", "change nothing; print what it would change"),
                JSON,
            ],
            completes: Completes::Programs,
        },
        Verb {
            name: "undo",
            words: "",
            summary: "take the last change of the list or of an output back",
            details: &[
                "It does not matter who made it: mixctl, mixview, or an edit of mixd.conf. The \
                 file's order and comments come back as they were. mixd remembers the last 32 \
                 changes. What was taken back is printed.",
            ],
            options: &[],
            completes: Completes::Nothing,
        },
        Verb {
            name: "redo",
            words: "",
            summary: "make the change again that was taken back last",
            details: &[],
            options: &[],
            completes: Completes::Nothing,
        },
        Verb {
            name: "outputs",
            words: "",
            summary: "print the sinks, and who plays to each",
            details: &[
                "The fields are node.name, node.description, the channels that play to it (default, aux or \
                 both, with a comma between) and the lines of mixd.conf or options of mixd that chose it, \
                 separated by a tab; - stands for none.",
                "With --json: {\"outputs\": [{\"name\": string, \"description\": string or null, \
                 \"users\": [{\"channel\": aux or default, \"line\": string or null}...]}...], \
                 \"omitted\": number of sinks left out}.",
            ],
            options: &[JSON],
            completes: Completes::Nothing,
        },
        Verb {
            name: "output",
            words: "[CHANNEL] NAME",
            summary: "choose what a channel plays to, or both",
            details: &[
                "CHANNEL is default or aux; without it, both channels play there. NAME is auto, for the default \
                 sink, whichever that is, or a glob (*, ?, [a-z]), compared without regard to case with the node.name of each \
                 sink, and, where none has such a name, with its node.description. While no such sink is \
                 there, the default sink is played to.",
                "It is kept in mixd.conf as 'output', in place of the lines for that channel, or, without one, \
                 of all; a line for both channels stays, and counts while NAME is not there. What was done is \
                 printed; undo takes it back. An order of preference is written into mixd.conf by hand.",
            ],
            options: &[],
            completes: Completes::Sinks,
        },
        Verb {
            name: "streams",
            words: "",
            summary: "print what plays, one stream a line",
            details: &[
                "The fields are channel, state, name, binary, and the pattern that decided, \
                 separated by a tab; - stands for what is not known. The state is \
                 routed (it plays through its channel), waiting (what decides is not known yet, or \
                 nothing links it), pinned (its user or its program chose another sink, or it is not \
                 to be moved: a filter, a JACK client), contested (something moved it away twice, \
                 or the session manager does not move it) or ignored (the list says to leave it \
                 alone). \
                 The channel of one that is pinned or ignored is the one that it plays through, if it \
                 does.",
                "With --json: {\"streams\": [STREAM...], \"omitted\": number of streams left out}, \
                 each STREAM as status prints it.",
            ],
            options: &[JSON],
            completes: Completes::Nothing,
        },
        Verb {
            name: "why",
            words: "NAME|PID|ID",
            summary: "say what decides about a program",
            details: &[
                "First the pattern that decides and the property that it matches, and why it is not \
                 applied if it is not; for an ignored stream also how to end that. With --all also \
                 the patterns that were tried before it, and every property. 'mixctl help move' says \
                 what a number means.",
                "With --json, which has all: {\"streams\": [{\"stream\": STREAM, \"key\": the \
                 property that the \
                 pattern matches or null, \"reason\": why it is not applied or null, \
                 \"suggestion\": a pattern for this program alone or null, \"tried\": \
                 [RULE...], \"properties\": [{\"key\", \"value\", \"source\": node, client or \
                 process}...], \"omitted\": number of properties left out}...]}.",
            ],
            options: &[
                flag(
                    "all",
                    "print every pattern that was tried, and every property",
                ),
                JSON,
            ],
            completes: Completes::Programs,
        },
        Verb {
            name: "status",
            words: "",
            summary: "print volume, cards, list, streams and warnings",
            details: &[
                "With --json: {\"volume\": number, \"default\": gain, \"aux\": gain, \
                 \"pipewire\": up, down or off, \"outputs\": {\"default\": OUTPUT or null, \"aux\": OUTPUT or null}, each \
                 OUTPUT {\"name\": node.name, \"description\": node.description or null}, \
                 \"programs\": [RULE...], \"streams\": [STREAM...], \"omitted\": number, \
                 \"warnings\": [own-sink-is-default, output-missing, leads-back, sinks-removed, \
                 links-removed, manager-hangs, moving-forbidden, default-muted, aux-muted, \
                 default-level-contested or aux-level-contested...], \"config\": {\"file\": path or \
                 null, \"curve\": \
                 string, \"snap\": number, \"problem\": sentence or null}}.",
                "A STREAM is {\"id\": number, \"pid\": number or null, \"name\": string, \
                 \"binary\": string or null, \"rule\": the pattern that decided or null, \
                 \"linked_by\": the client that has linked it elsewhere or null, \"process\": the name of its \
                 process or null, \"running\": whether samples flow, \"description\": what it plays or \
                 null, \"state\": string, \
                 \"channel\": \
                 aux or default}. A RULE is as list-programs prints it. Fields may be added, none is \
                 taken away.",
            ],
            options: &[JSON],
            completes: Completes::Nothing,
        },
        Verb {
            name: "watch",
            words: "",
            summary: "print the volume now and after every change",
            details: &[
                "plain: the volume. json: as get-volume prints it, and the outputs as status prints them, \
                 also when these change. waybar: {\"text\", \
                 \"tooltip\", \"class\", \"percentage\"} for a custom module whose return-type is \
                 json; class is middle, default or aux, by the channel that is louder, or \
                 offline. wob: 0 to 100.",
                "Where a sink of mixd is muted in a mixer, plain says so behind the volume: \
                 default-muted, aux-muted; json has \"muted\": [default or aux...]; waybar's module \
                 has the class muted besides.",
                "When mixd goes there is a line that says so: offline, {\"offline\": true}, a \
                 module of the class offline; wob, which knows only numbers, gets none. Then it \
                 ends with 3; with --reconnect it goes on when mixd is back, and also waits for \
                 it at the start.",
            ],
            options: &[
                Opt {
                    short: None,
                    long: "format",
                    value: Some("FORMAT"),
                    help: "how a line looks: plain, json, waybar or wob [default: plain]",
                    completes: Completes::Words(FORMATS),
                },
                flag("json", "the same as --format json"),
                flag("reconnect", RECONNECT),
            ],
            completes: Completes::Nothing,
        },
        Verb {
            name: "doctor",
            words: "",
            summary: "look for what can be wrong, and say what to do",
            details: &[
                "One line a finding: ok, warn or bad, what was looked at, what was found, and what \
                 to do. The exit status is 1 if anything is bad. With --json: {\"findings\": \
                 [{\"level\": ok, warn or bad, \"subject\": string, \"text\": string, \
                 \"advice\": string or null}...]}.",
            ],
            options: &[JSON],
            completes: Completes::Nothing,
        },
        Verb {
            name: "reload",
            words: "",
            summary: "have mixd read its configuration now",
            details: &[
                "mixd does so by itself where the system says that the file has changed, which it does \
                 not on NFS, or where something is mounted over its folder.",
            ],
            options: &[],
            completes: Completes::Nothing,
        },
        Verb {
            name: "help",
            words: "[VERB]",
            summary: "say what a verb does, and takes",
            details: &["So does --help after a verb."],
            options: &[],
            completes: Completes::Words(VERBS),
        },
    ],
    options: &[SOCKET, HELP, VERSION],
    exit: &[
        (0, "done"),
        (1, "refused by mixd, or something is bad"),
        (2, "wrong usage"),
        (3, "mixd not reachable"),
    ],
    exit_note: "hold ends with its command's, 128 plus the signal that ended it, 127 if there is \
                none, or 126 if it can't be started.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_can_be_explained_and_is_a_line_of_the_overview() {
        let names = USAGE.verbs.iter().map(|verb| verb.name);
        assert_eq!(names.collect::<Vec<_>>(), VERBS);
        let overview = USAGE.overview();
        assert_eq!(overview.lines().count(), VERBS.len());
        let too_long = |line: &&str| line.chars().count() > 80;
        assert_eq!(overview.lines().find(too_long), None);
        for verb in USAGE.verbs {
            let help = USAGE.help_of(verb);
            assert_eq!(help.lines().find(too_long), None);
        }
    }
}
