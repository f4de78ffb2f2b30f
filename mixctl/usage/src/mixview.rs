//! mixview's command line: the table that `--help` and the man page are made from.

use crate::{Completes, HELP, Opt, SOCKET, Usage, VERSION};

/// The command line of mixview.
pub const USAGE: Usage = Usage {
    program: "mixview",
    summary: "the window of mixd: a slider, and the programs it balances",
    synopsis: "[OPTION...]",
    description: &[
        "Shows the volume that crossfades the default channel and the aux channel, the programs \
         that play on each, and the patterns that send programs to aux. All of it can be changed \
         by pointer or by keys: Tab goes from part to part, the arrow keys move within one, Enter \
         acts, Esc cancels, Ctrl+C copies, Ctrl+plus and Ctrl+minus change the size of the text, \
         Ctrl+0 is the size at first, Ctrl+Q and Ctrl+W quit; ? shows them all.",
        "Undo and redo are mixd's: they go for the last 32 changes of the list or of an output, whether made here, \
         by mixctl or in mixd.conf.",
        "The window follows mixd and finds it again when it restarts. It needs an X11 or Wayland \
         display.",
    ],
    verbs: &[],
    options: &[
        SOCKET,
        Opt {
            short: None,
            long: "theme",
            value: Some("THEME"),
            help: "dark, light, or auto: as the display or dconf's color-scheme says, else as the \
                   GTK settings say, else dark [default: auto]",
            completes: Completes::Words(&["dark", "light", "auto"]),
        },
        Opt {
            short: None,
            long: "scale",
            value: Some("FACTOR"),
            help: "how many pixels a logical one has, from 0.5 to 8 \
                   [default: what the display says]",
            completes: Completes::Nothing,
        },
        Opt {
            short: None,
            long: "no-motion",
            value: None,
            help: "nothing moves by itself; nothing does so far",
            completes: Completes::Nothing,
        },
        HELP,
        VERSION,
    ],
    exit: &[
        (0, "closed, help or version"),
        (1, "there is no display, it can't be used, or it has gone"),
        (2, "wrong usage"),
    ],
    exit_note: "",
};
