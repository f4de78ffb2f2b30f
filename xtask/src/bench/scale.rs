//! How costs grow with what there is more of.

use lab::Result;

use super::report::{Case, Unit};
use super::sample::{Sample, exponent, quantile};
use super::{Bench, Lines, built, requests};

/// The highest exponent that still counts as growing linearly: n times the logarithm of n, which
/// ordered maps ask, fits as 1.15 between 250 and 1000.
const LINEAR: f64 = 1.2;

/// Clients, streams and rules.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let (mut asked, mut told) = (Vec::new(), Vec::new());
    for clients in [1, 2, 4, 8, 16, 24, 31] {
        let (ours, ..) = requests::exchange(bench, clients, false)?;
        asked.push((f64::from(clients), quantile(&ours.quantile(0.5), 0.5)));
    }
    for subscribers in [1, 2, 4, 8, 16, 24, 30] {
        let (ours, _) = requests::spread(bench, subscribers)?;
        told.push((f64::from(subscribers), quantile(&ours.quantile(0.5), 0.5)));
    }
    cases.extend(growth("an answer, 1 to 31 clients that all ask", &asked));
    cases.extend(growth("an event, 1 to 30 subscribers", &told));
    let program = built("scale")?;
    let lines = Lines::of(&mut std::process::Command::new(program))?;
    for (what, by) in lines.groups() {
        let mut points = Vec::new();
        for (size, times) in by {
            points.push((size.parse()?, Sample::median(&times).value / 1e3));
        }
        points.sort_by(|a: &(f64, f64), b| a.0.total_cmp(&b.0));
        cases.extend(growth(
            &format!("one more stream, 1 to 1000 {what}"),
            &points,
        ));
    }
    Ok(cases)
}

/// How the points, in microseconds, grow; and each of them, which the report keeps.
fn growth(what: &str, points: &[(f64, f64)]) -> Vec<Case> {
    let power = Sample::once(exponent(points));
    let mut cases = vec![Case::new("scale", what, Unit::Exponent, power).limit(LINEAR)];
    let each = points.iter().map(|&(n, cost)| {
        let what = format!("{what}: of {n}");
        Case::new("scale", what, Unit::Microseconds, Sample::once(cost)).detail()
    });
    cases.extend(each);
    cases
}
