//! `cargo xtask run`: mixd on the user's PipeWire if there is one, else the demo.

use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use lab::Result;

use crate::{demo, setup, tools};

/// Sets up, builds and runs.
pub fn run() -> Result<()> {
    setup::to_run()?;
    if !is_pipewire_reachable() {
        println!("No PipeWire is reachable here; showing mixd in a private one.");
        return demo::demo();
    }
    let programs = tools::build_debug()?;
    let mixctl = programs.join("mixctl");
    let mixctl = mixctl.display();
    println!("mixd runs on your PipeWire until Ctrl-C. In another terminal, try:");
    println!("  {mixctl} status");
    println!("  {mixctl} add-program Firefox");
    println!("  {mixctl} set-volume 0.5\n");
    // In the background of a shell, which ends at once: mixd, which takes this program's place, waits for no child.
    let mut hear = Command::new("sh");
    tools::run(hear.args(["-c", "\"$1\" hear &", "sh"]).arg(tools::own()?))?;
    // In place of this program, so that signals and the exit status are mixd's own.
    let error = Command::new(programs.join("mixd")).exec();
    Err(format!("start mixd: {error}").into())
}

/// Whether a PipeWire answers where libpipewire would look for it (pipewire(1), ENVIRONMENT).
fn is_pipewire_reachable() -> bool {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let remote = variable("PIPEWIRE_REMOTE").unwrap_or_else(|| "pipewire-0".into());
    let folders = ["PIPEWIRE_RUNTIME_DIR", "XDG_RUNTIME_DIR", "USERPROFILE"];
    let Some(folder) = folders.into_iter().find_map(variable) else {
        return false;
    };
    UnixStream::connect(PathBuf::from(folder).join(remote)).is_ok()
}
