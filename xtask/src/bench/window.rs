//! mixview on a display: its start, its memory, and what it takes of a core.

use std::process::Command;
use std::time::Duration;

use lab::Result;

use super::report::Case;
use super::sample::Sample;
use super::{Bench, Lines, built};
use crate::system;

/// What the bench target prints: its word, what that is, the unit, and the mark.
const MEASURED: [(&str, &str, &str, f64); 7] = [
    ("start", "start to first frame", "ms", 100.0),
    ("resident", "resident memory", "KiB", 24_576.0),
    ("anonymous", "of it anonymous", "KiB", 8192.0),
    ("wakeups", "wake-ups, idle", "/s", 0.0),
    ("follows", "60 changes a second, seen", "%", 3.0),
    ("drag", "60 moves of a drag a second", "%", 6.0),
    ("hidden", "60 changes a second, hidden", "%", 1.0),
];

/// On Xvfb and on sway.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    // sway refuses root, which is who runs the bench.
    let user = system::ORDINARY;
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={user}"));
    command.arg(format!("--regid={user}")).arg("--clear-groups");
    command.arg(built("window")?);
    command.args([bench.program("mixview"), bench.program("mixd")]);
    command.arg(bench.rounds(15).to_string());
    command.arg(bench.time(Duration::from_secs(10)).as_secs().to_string());
    let lines = Lines::of(&mut command)?;
    let groups = lines.groups();
    let mut cases = Vec::new();
    for (word, what, unit, most) in MEASURED {
        let by_display = groups.get(word).ok_or("window printed something else")?;
        for (display, numbers) in by_display {
            let what = format!("{what} on {display}");
            let case = Case::new("window", what, unit, Sample::median(numbers));
            cases.push(case.limit(most));
        }
    }
    Ok(cases)
}
