//! mixd's command line: the table that `--help` and the man page are made from.

use crate::{Completes, HELP, Opt, Usage, VERSION};

/// The command line of mixd.
pub const USAGE: Usage = Usage {
    program: "mixd",
    summary: "crossfades two groups of programs in PipeWire with one value",
    synopsis: "[OPTIONS]",
    description: &[
        "Runs in the foreground until a signal ends it. Programs on the list play through the aux \
         channel, everything else through the default channel; mixctl and mixd.conf set the list, \
         mixctl the volume.",
        "SIGTERM, SIGINT, SIGHUP and SIGQUIT end mixd: programs go back to the card, the volume is \
         saved; a second one ends it at once. SIGHUP does nothing under nohup(1). SIGUSR1 has it read \
         its configuration, as 'mixctl reload' does. A write beyond the limit on a file's size \
         (SIGXFSZ) fails with a sentence. Any other signal does what it does to every program.",
        "A mixd that is started while another is leaving waits for that, two seconds at most; beside \
         one that stays it is refused.",
    ],
    verbs: &[],
    options: &[
        Opt {
            short: None,
            long: "socket",
            value: Some("NAME"),
            help: "listen at @NAME (abstract) or a path with a / [default: $MIXD_SOCKET, else \
                   @mixd-UID]",
            completes: Completes::Path,
        },
        Opt {
            short: None,
            long: "config",
            value: Some("FILE"),
            help: "the configuration file [default: $XDG_CONFIG_HOME/mixd/mixd.conf, else \
                   ~/.config/mixd/mixd.conf]",
            completes: Completes::Path,
        },
        Opt {
            short: None,
            long: "print-config",
            value: None,
            help: "print a commented configuration with the defaults",
            completes: Completes::Nothing,
        },
        Opt {
            short: None,
            long: "output",
            value: Some("NAME"),
            help: "play to the sink of this name, as 'output' in mixd.conf does; auto: to the default \
                   one. Goes before the configuration; given several times, the first that is there \
                   counts",
            completes: Completes::Nothing,
        },
        Opt {
            short: None,
            long: "output-default",
            value: Some("NAME"),
            help: "the same for the default channel alone",
            completes: Completes::Nothing,
        },
        Opt {
            short: None,
            long: "output-aux",
            value: Some("NAME"),
            help: "the same for the aux channel alone",
            completes: Completes::Nothing,
        },
        Opt {
            short: None,
            long: "glide",
            value: Some("MS"),
            help: "a change of volume takes at least this many milliseconds, 0 to 250; 0 makes it \
                   instant. Goes before the configuration",
            completes: Completes::Nothing,
        },
        Opt {
            short: None,
            long: "backend",
            value: Some("NAME"),
            help: "where the sound is: pipewire; fake, a script without sound that shows authors of clients \
                   every state and every warning in a minute, fake:10 ten times as fast; or none [default: \
                   pipewire]",
            completes: Completes::Words(&["pipewire", "fake", "none"]),
        },
        Opt {
            short: None,
            long: "ready-fd",
            value: Some("FD"),
            help: "write a line to this descriptor, and close it, when mixd serves (s6)",
            completes: Completes::Nothing,
        },
        Opt {
            short: Some('v'),
            long: "verbose",
            value: None,
            help: "log also what only a search for a fault wants to know",
            completes: Completes::Nothing,
        },
        HELP,
        VERSION,
    ],
    exit: &[
        (0, "after a signal"),
        (1, "mixd cannot run"),
        (2, "wrong usage"),
    ],
    exit_note: "",
};
