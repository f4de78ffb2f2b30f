//! How costs grow with what there is more of.

use lab::Result;

use super::report::Case;
use super::sample::{Sample, exponent, quantile, quantiles};
use super::{Bench, Lines, built, requests};

/// The highest exponent that still counts as growing linearly: n times the logarithm of n, which
/// ordered maps ask, fits as 1.15 between 250 and 1000.
const LINEAR: f64 = 1.2;

/// Clients, streams and rules.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let (mut asked, mut told) = (Vec::new(), Vec::new());
    for clients in [1, 2, 4, 8, 16, 24, 31] {
        let [ours, ..] = requests::exchange(bench, clients, false)?;
        asked.push((f64::from(clients), quantile(&quantiles(&ours, 0.5), 0.5)));
    }
    for subscribers in [1, 2, 4, 8, 16, 24, 30] {
        let (ours, _) = requests::spread(bench, subscribers)?;
        told.push((
            f64::from(subscribers),
            quantile(&quantiles(&ours, 0.5), 0.5),
        ));
    }
    cases.push(growth("an answer, 1 to 31 clients that all ask", &asked));
    cases.push(growth("an event, 1 to 30 subscribers", &told));
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
