//! The directives of mixd.conf: the one table that the parser, `--print-config` and the manual page
//! are made from.

/// A directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Its name, the first word of its line.
    pub name: &'static str,
    /// What follows it, as the manual writes it.
    pub value: &'static str,
    /// What holds where it is not given; none if nothing does.
    pub default: Option<&'static str>,
    /// What it does, in sentences.
    pub meaning: &'static str,
    /// A value to show how it is written.
    pub example: &'static str,
    /// Whether it may stand in several lines.
    pub is_repeated: bool,
}

/// `program`
pub const PROGRAM: &str = "program";
/// `ignore`
pub const IGNORE: &str = "ignore";
/// `curve`
pub const CURVE: &str = "curve";
/// `remember-volume`
pub const REMEMBER_VOLUME: &str = "remember-volume";
/// `glide`
pub const GLIDE: &str = "glide";
/// `output`
pub const OUTPUT: &str = "output";
/// `snap`
pub const SNAP: &str = "snap";

/// All directives.
pub const DIRECTIVES: [Directive; 7] = [
    Directive {
        name: PROGRAM,
        value: "PATTERN",
        default: None,
        meaning: "What matches PATTERN plays through the aux channel. PATTERN is a glob (*, ?, \
                  [...]), compared without regard to case with application.name, \
                  application.process.binary, node.name, the Flatpak's name, and the name and \
                  file name of the process; KEY=GLOB names one PipeWire property instead. \
                  Quotes belong to the pattern; spaces need none.",
        example: "Discord*",
        is_repeated: true,
    },
    Directive {
        name: IGNORE,
        value: "PATTERN",
        default: None,
        meaning: "What matches PATTERN is left alone, wherever it plays: a DAW, a soundboard, a recorder, \
                  what is wired by hand in a patchbay. Of all lines with program and ignore, the \
                  first that matches decides.",
        example: "Ardour*",
        is_repeated: true,
    },
    Directive {
        name: CURVE,
        value: "linear|quadratic|cubic|square-root",
        default: Some("linear"),
        meaning: "How the gain of the channel that fades out falls with the volume's distance \
                  from the middle.",
        example: "quadratic",
        is_repeated: false,
    },
    Directive {
        name: REMEMBER_VOLUME,
        value: "yes|no",
        default: Some("yes"),
        meaning: "Whether the volume is the same again when mixd has been restarted.",
        example: "no",
        is_repeated: false,
    },
    Directive {
        name: GLIDE,
        value: "MS",
        default: Some("60"),
        meaning: "A change of volume takes at least this many milliseconds, 0 to 250; 0 makes it \
                  instant.",
        example: "100",
        is_repeated: false,
    },
    Directive {
        name: OUTPUT,
        value: "[default|aux] NAME|auto",
        default: Some("auto"),
        meaning: "Play one channel, or without its name both, to the sink whose node.name NAME matches, \
                  or else to one whose node.description it does, whichever is the default. NAME is a \
                  glob, compared without regard to case; of several sinks the one of the highest \
                  priority.session is taken. auto: play to the default sink, or, without a session \
                  manager, to the one of the highest priority.session. Several lines are an order of \
                  preference: the first whose sink is there is played to, and the default sink where \
                  none is, of which mixd warns unless a last line says auto. A first word default or aux \
                  before another word is the channel; write \\aux for a sink whose name begins so.",
        example: "aux headset*",
        is_repeated: true,
    },
    Directive {
        name: SNAP,
        value: "WIDTH",
        default: Some("0.03"),
        meaning: "mixview's slider rests in the middle within this distance, 0 to 0.5.",
        example: "0",
        is_repeated: false,
    },
];

/// Returns the directive of this name.
pub fn find(name: &str) -> Option<&'static Directive> {
    DIRECTIVES.iter().find(|directive| directive.name == name)
}

/// Returns a configuration that says nothing but what holds anyway, with comments: what `--print-config`
/// prints.
pub fn commented() -> String {
    let mut text = String::from(
        "# mixd.conf: one directive a line; '#' begins a comment. mixd reads the file\n\
         # again when it changes. What is commented out here holds anyway.\n",
    );
    for directive in &DIRECTIVES {
        text.push('\n');
        let mut line = String::from("#");
        for word in directive.meaning.split_whitespace() {
            if line.len() + 1 + word.len() > 80 {
                text += &line;
                text.push('\n');
                line = String::from("#");
            }
            line.push(' ');
            line += word;
        }
        let value = directive.default.unwrap_or(directive.example);
        text += &format!("{line}\n#{} {value}\n", directive.name);
    }
    text
}
