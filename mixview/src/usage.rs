//! mixview's command line: the table that `--help` and the man page are made from.

use wire::usage::{HELP, Usage, VERSION};

/// The command line of mixview.
pub const USAGE: Usage = Usage {
    program: "mixview",
    summary: "the window of mixd, which is not made yet",
    synopsis: "",
    description: &["mixctl does all that mixd can do. This says so, and ends with 1."],
    verbs: &[],
    options: &[HELP, VERSION],
    exit: &[
        (0, "help or version"),
        (1, "there is no window yet"),
        (2, "wrong usage"),
    ],
};
