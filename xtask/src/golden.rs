//! `cargo xtask golden`: draws the pictures that mixview's windows are compared with anew.

use std::process::Command;

use lab::Result;

use crate::tools;

/// Draws them, and says which differ from what is committed.
pub fn golden() -> Result<()> {
    let mut draw = tools::cargo();
    draw.args(["test", "-p", "mixview", "--test", "golden", "--locked"])
        .env("MIXVIEW_GOLDEN", "write");
    tools::run(&mut draw)?;
    println!("Look at each of these before you commit it:");
    tools::run(Command::new("git").args(["status", "--short", "mixview/tests/golden"]))
}
