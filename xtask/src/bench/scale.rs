//! How costs grow with what there is more of.

use lab::Result;

use super::report::Case;
use super::sample::{Sample, exponent};
use super::{Bench, Lines, built};

/// The highest exponent that still counts as growing linearly: n times the logarithm of n, which
/// ordered maps ask, fits as 1.15 between 250 and 1000.
const LINEAR: f64 = 1.2;

/// Streams and rules; `roundtrip` and `fanout` have one client and all.
pub fn measure(_: &Bench) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let program = built("scale")?;
    let lines = Lines::of(&mut std::process::Command::new(program))?;
    for (what, by) in lines.groups() {
        let mut points = Vec::new();
        for (size, times) in by {
            points.push((size.parse()?, Sample::median(&times).value / 1e3));
        }
        points.sort_by(|a: &(f64, f64), b| a.0.total_cmp(&b.0));
        let what = format!("one more stream, 1 to 1000 {what}");
        cases.push(growth(&what, &points));
    }
    Ok(cases)
}

/// How the points, in microseconds, grow. Each of them is printed.
fn growth(what: &str, points: &[(f64, f64)]) -> Case {
    for (n, cost) in points {
        println!("   {what}: of {n}: {cost:.1} µs");
    }
    let power = Sample::once(exponent(points));
    Case::new("scale", what, "power", power).limit(LINEAR)
}
