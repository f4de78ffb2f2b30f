//! `cargo xtask golden`: draws the pictures that mixview's windows are compared with anew.

use lab::Result;

use crate::tools;

/// Draws them, and says which differ from what is committed.
pub fn golden() -> Result<()> {
    let mut draw = tools::cargo("test -p mixview --test golden --locked");
    tools::run(draw.env("MIXVIEW_GOLDEN", "write"))?;
    println!("Look at each of these before you commit it:");
    tools::run(&mut tools::command(
        "git status --short mixview/tests/golden",
    ))
}
