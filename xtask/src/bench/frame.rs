//! A frame of a drag, drawn and presented.

use std::path::Path;

use lab::Lab;
use lab::Result;
use lab::desktop::{Desktop, Xvfb};

use super::report::Case;
use super::sample::scaled;
use super::{Bench, Lines, built};

/// On Xvfb, at one and at two pixels a logical one.
pub fn measure(_: &Bench) -> Result<Vec<Case>> {
    let program = built("frame")?;
    let lab = Lab::prepare(&[])?;
    let screen = Xvfb::start(&lab, 1200, 1000)?;
    let lines = Lines::of(&mut screen.command(&lab, Path::new(&program)))?;
    let mut cases = Vec::new();
    for (scale, by) in lines.groups() {
        let times = |who: &str| {
            let times = by.get(who).ok_or("frame printed something else");
            times.map(|times| scaled(times, 1e-6))
        };
        let what = format!("a drag's frame at {scale}x");
        let case = Case::new("frame", what, "ms", times("mixview")?);
        cases.push(case.floor("a copy of the same pixels", times("copy")?, 3.0));
    }
    Ok(cases)
}
