//! What a check has started and not ended. All that it starts inherits a mark in its environment.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use xtask::Result;
use xtask::process::{RUN, wait_for};

/// How long what was asked to end may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives a command the mark.
pub fn mark(command: &mut Command) {
    command.env(RUN, std::process::id().to_string());
}

/// Makes sure that no process has the mark any more.
///
/// # Errors
/// Some have: which.
pub fn none_is_left() -> Result<()> {
    let mut left = Vec::new();
    wait_for("the end of all that was started", PATIENCE, || {
        left = marked()?;
        Ok(left.is_empty().then_some(()))
    })
    .map_err(|error| format!("{error}; there is still: {}", left.join("; ")).into())
}

/// The processes with the mark: id and command line. Those of other users can't be looked at, and
/// are none of ours.
fn marked() -> Result<Vec<String>> {
    let mark = format!("{RUN}={}", std::process::id());
    let has_mark = |process: &Path| {
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        let mut variables = environment.split(|&byte| byte == 0);
        variables.any(|variable| variable == mark.as_bytes())
    };
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")?.flatten() {
        let path = process.path();
        if has_mark(&path) {
            let words = fs::read(path.join("cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            found.push(format!(
                "{} {}",
                process.file_name().display(),
                words.trim()
            ));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_on_is_named() {
        let mut command = Command::new("sleep");
        command.arg("7654");
        mark(&mut command);
        let mut child = command.spawn().unwrap();
        let name = format!("{} sleep 7654", child.id());
        wait_for("its name", PATIENCE, || {
            Ok(marked()?.contains(&name).then_some(()))
        })
        .unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!marked().unwrap().contains(&name));
    }
}
