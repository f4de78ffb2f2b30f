//! What the benches find: as text, as the README's table, as JSON, and beside what was found before.

use std::fmt::Write;

use lab::Result;
use serde_json::{Value, json};

use super::sample::{Figure, Sample};

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds of a processor's time, as a share of the time that passed.
    Percent,
    /// Wake-ups a second: voluntary context switches of all threads.
    Wakeups,
    /// Frames of audio.
    Samples,
    /// 1,024 bytes.
    Kibibytes,
    /// The power with which a cost grows.
    Exponent,
}

impl Unit {
    const ALL: [Self; 8] = [
        Self::Nanoseconds,
        Self::Microseconds,
        Self::Milliseconds,
        Self::Percent,
        Self::Wakeups,
        Self::Samples,
        Self::Kibibytes,
        Self::Exponent,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
            Self::Percent => "%",
            Self::Wakeups => "/s",
            Self::Samples => "samples",
            Self::Kibibytes => "KiB",
            Self::Exponent => "power",
        }
    }
}

/// What ours is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Other {
    /// What it is.
    pub name: String,
    /// The least that the machine and the kernel ask for the same work, and not another program.
    pub is_floor: bool,
    /// What it takes; none for an absolute mark.
    pub sample: Option<Sample>,
    /// How many times that ours takes; none where that is nothing.
    pub ratio: Option<Sample>,
    /// How much of it ours may take at most, as a ratio; in the case's unit where there is no
    /// sample.
    pub most: Option<f64>,
}

/// One thing that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The bench it belongs to.
    pub bench: String,
    /// What of it.
    pub what: String,
    /// What the numbers count.
    pub unit: Unit,
    /// What ours takes.
    pub ours: Figure,
    /// What others take.
    pub others: Vec<Other>,
    /// One of many, which the README's table leaves out.
    pub is_detail: bool,
    /// A few of the worst cases decide about it: too little to call a later run slower by.
    pub is_tail: bool,
}

/// Whether a mark holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Holds,
    Misses,
    /// Both take nothing: ours is not less.
    Ties,
}

impl Case {
    /// A case that is compared with nothing yet.
    pub fn new(bench: &str, what: impl Into<String>, unit: Unit, ours: impl Into<Figure>) -> Self {
        Self {
            bench: bench.into(),
            what: what.into(),
            unit,
            ours: ours.into(),
            others: Vec::new(),
            is_detail: false,
            is_tail: false,
        }
    }

    /// The same about the worst of many.
    #[must_use]
    pub fn tail(mut self) -> Self {
        self.is_tail = true;
        self
    }

    /// The same as one of many.
    #[must_use]
    pub fn detail(mut self) -> Self {
        self.is_detail = true;
        self
    }

    /// Adds what the machine itself asks; ours may take `most` times that.
    #[must_use]
    pub fn floor(self, name: &str, takes: impl Into<Figure>, most: impl Into<Option<f64>>) -> Self {
        self.beside(name, &takes.into(), most.into(), true)
    }

    /// Adds what another program takes; ours may take `most` times that.
    #[must_use]
    pub fn peer(self, name: &str, takes: impl Into<Figure>, most: impl Into<Option<f64>>) -> Self {
        self.beside(name, &takes.into(), most.into(), false)
    }

    fn beside(mut self, name: &str, takes: &Figure, most: Option<f64>, is_floor: bool) -> Self {
        self.others.push(Other {
            name: name.into(),
            is_floor,
            sample: Some(takes.sample),
            ratio: self.ours.ratio(takes),
            most,
        });
        self
    }

    /// Says what ours may take at most, in the case's unit.
    #[must_use]
    pub fn limit(mut self, most: f64) -> Self {
        self.others.push(Other {
            name: "mark".into(),
            is_floor: false,
            sample: None,
            ratio: None,
            most: Some(most),
        });
        self
    }

    /// Whether a mark holds; none where there is none.
    fn verdict(&self, other: &Other) -> Option<Verdict> {
        let most = other.most?;
        let ours = self.ours.sample.value;
        let holds = match (other.ratio, other.sample) {
            (Some(ratio), _) => ratio.value <= most,
            (None, Some(_)) if ours == 0.0 => return Some(Verdict::Ties),
            (None, Some(_)) => false,
            (None, None) => ours <= most,
        };
        Some(match holds {
            true => Verdict::Holds,
            false => Verdict::Misses,
        })
    }
}

/// All that was measured, and on what.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The machine, in words.
    pub machine: String,
    /// What was measured.
    pub cases: Vec<Case>,
}

/// What a row of the table says.
#[derive(Default)]
struct Row<'a> {
    bench: &'a str,
    what: &'a str,
    ours: String,
    other: &'a str,
    theirs: String,
    ratio: String,
    mark: String,
    holds: &'static str,
}

impl<'a> Row<'a> {
    const TITLES: [&'static str; 8] = [
        "bench", "what", "mixd", "beside", "takes", "ratio", "must be", "",
    ];

    /// What ours takes.
    fn of(case: &'a Case) -> Self {
        Self {
            bench: &case.bench,
            what: &case.what,
            ours: shown(case.ours.sample, case.unit),
            ..Self::default()
        }
    }

    fn cells(&self) -> [&str; 8] {
        [
            self.bench,
            self.what,
            &self.ours,
            self.other,
            &self.theirs,
            &self.ratio,
            &self.mark,
            self.holds,
        ]
    }
}

impl Report {
    fn rows(&self, with_details: bool) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        let cases = self.cases.iter();
        for case in cases.filter(|case| with_details || !case.is_detail) {
            if case.others.is_empty() {
                rows.push(Row::of(case));
            }
            for (n, other) in case.others.iter().enumerate() {
                let first = match n {
                    0 => Row::of(case),
                    _ => Row::default(),
                };
                rows.push(Row {
                    other: &other.name,
                    theirs: other
                        .sample
                        .map_or_else(String::new, |sample| shown(sample, case.unit)),
                    ratio: other
                        .ratio
                        .map_or_else(String::new, |ratio| format!("{:.2}", ratio.value)),
                    mark: match (other.most, other.sample) {
                        (None, _) => String::new(),
                        (Some(most), Some(_)) => format!("≤ {}", number(most)),
                        (Some(most), None) => format!("≤ {} {}", number(most), case.unit.name()),
                    },
                    holds: match case.verdict(other) {
                        None => "",
                        Some(Verdict::Holds) => "yes",
                        Some(Verdict::Ties) => "equal",
                        Some(Verdict::Misses) => "**no**",
                    },
                    ..first
                });
            }
        }
        rows
    }

    /// The table, for a terminal.
    pub fn text(&self) -> String {
        let rows = self.rows(true);
        let all = || std::iter::once(Row::TITLES).chain(rows.iter().map(Row::cells));
        let widths: Vec<usize> = (0..8)
            .map(|at| all().map(|cells| cells[at].chars().count()).max())
            .map(Option::unwrap_or_default)
            .collect();
        let mut text = format!("{}\n\n", self.machine);
        for cells in all() {
            let mut line = String::new();
            for (cell, width) in cells.iter().zip(&widths) {
                let _ = write!(line, "{cell:width$}  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        let marks = self.marks();
        let of = |wanted: Verdict| marks.iter().filter(move |(_, verdict)| *verdict == wanted);
        let (kept, ties) = (of(Verdict::Holds).count(), of(Verdict::Ties).count());
        let _ = writeln!(
            text,
            "\n{kept} of {} marks hold; in {ties} more both take nothing.",
            marks.len()
        );
        for (mark, _) in of(Verdict::Misses) {
            let _ = writeln!(text, "missed: {mark}");
        }
        text
    }

    /// The table, for the README.
    pub fn markdown(&self) -> String {
        let mut text = format!("{}\n\n", self.machine);
        let row = |cells: [&str; 8]| format!("| {} |\n", cells.join(" | "));
        text.push_str(&row(Row::TITLES));
        text.push_str("| --- | --- | ---: | --- | ---: | ---: | --- | --- |\n");
        for each in self.rows(false) {
            text.push_str(&row(each.cells()));
        }
        text
    }

    fn marks(&self) -> Vec<(String, Verdict)> {
        let marks = self.cases.iter().flat_map(|case| {
            case.others.iter().filter_map(move |other| {
                let mark = format!("{}, {}: beside {}", case.bench, case.what, other.name);
                Some((mark, case.verdict(other)?))
            })
        });
        marks.collect()
    }

    /// What has become slower than 1.2 times what `before` says, by the ratio to the floor where
    /// there is one, and else to each peer. Never by a time: machines differ.
    pub fn slower_than(&self, before: &Self) -> Vec<String> {
        let mut slower = Vec::new();
        for case in self.cases.iter().filter(|case| !case.is_tail) {
            let same = |old: &&Case| (&old.bench, &old.what) == (&case.bench, &case.what);
            let Some(old) = before.cases.iter().find(same) else {
                continue;
            };
            let has_floor = case.others.iter().any(|other| other.is_floor);
            for other in case
                .others
                .iter()
                .filter(|other| other.is_floor == has_floor)
            {
                let earlier = old.others.iter().find(|old| old.name == other.name);
                let then = earlier.and_then(|earlier| earlier.ratio);
                let (Some(now), Some(then)) = (other.ratio, then) else {
                    continue;
                };
                let (now, then) = (now.value, then.value);
                if now > then * 1.2 {
                    slower.push(format!(
                        "{}, {}: {now:.2} times {}, was {then:.2}",
                        case.bench, case.what, other.name
                    ));
                }
            }
        }
        slower
    }

    /// As JSON: numbers are unrounded.
    pub fn json(&self) -> String {
        let sample = |sample: &Sample| json!({ "value": sample.value, "low": sample.spread.0, "high": sample.spread.1 });
        let other = |other: &Other| {
            json!({
                "name": other.name,
                "floor": other.is_floor,
                "takes": other.sample.as_ref().map(sample),
                "ratio": other.ratio.as_ref().map(sample),
                "most": other.most,
            })
        };
        let case = |case: &Case| {
            json!({
                "bench": case.bench,
                "what": case.what,
                "unit": case.unit.name(),
                "detail": case.is_detail,
                "tail": case.is_tail,
                "ours": sample(&case.ours.sample),
                "beside": case.others.iter().map(other).collect::<Vec<_>>(),
            })
        };
        let report = json!({
            "machine": self.machine,
            "cases": self.cases.iter().map(case).collect::<Vec<_>>(),
        });
        format!("{report:#}\n")
    }

    /// Reads what [`json`](Self::json) has written.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text)?;
        let report = || {
            Some(Self {
                machine: value["machine"].as_str()?.into(),
                cases: value["cases"]
                    .as_array()?
                    .iter()
                    .map(parse_case)
                    .collect::<Option<_>>()?,
            })
        };
        report().ok_or_else(|| "this is no report of 'cargo xtask bench --json'".into())
    }
}

fn parse_case(value: &Value) -> Option<Case> {
    let unit = value["unit"].as_str()?;
    Some(Case {
        bench: value["bench"].as_str()?.into(),
        what: value["what"].as_str()?.into(),
        unit: Unit::ALL.into_iter().find(|known| known.name() == unit)?,
        ours: parse_sample(&value["ours"])?.into(),
        is_detail: value["detail"].as_bool()?,
        is_tail: value["tail"].as_bool()?,
        others: value["beside"]
            .as_array()?
            .iter()
            .map(parse_other)
            .collect::<Option<_>>()?,
    })
}

fn parse_other(value: &Value) -> Option<Other> {
    Some(Other {
        name: value["name"].as_str()?.into(),
        is_floor: value["floor"].as_bool()?,
        sample: parse_sample(&value["takes"]),
        ratio: parse_sample(&value["ratio"]),
        most: value["most"].as_f64(),
    })
}

fn parse_sample(value: &Value) -> Option<Sample> {
    Some(Sample {
        value: value["value"].as_f64()?,
        spread: (value["low"].as_f64()?, value["high"].as_f64()?),
    })
}

/// A number and its unit, with the half of its spread where there is one.
fn shown(sample: Sample, unit: Unit) -> String {
    let Sample { value, spread } = sample;
    let half = (spread.1 - spread.0) / 2.0;
    let unit = unit.name();
    if half > 0.0 {
        format!("{} ± {} {unit}", number(value), number(half))
    } else {
        format!("{} {unit}", number(value))
    }
}

/// Three digits that say something.
fn number(value: f64) -> String {
    let text = match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(ours: f64) -> Report {
        let case = Case::new("b", "w", Unit::Microseconds, Sample::median(&[ours; 3]))
            .floor("C", Sample::once(10.0), 1.3)
            .peer("slow", Sample::once(100.0), 0.25)
            .limit(14.0);
        Report {
            machine: "a machine".into(),
            cases: vec![case],
        }
    }

    #[test]
    fn json_says_all_of_it() {
        let report = report(12.5);
        assert_eq!(Report::parse(&report.json()).unwrap(), report);
        assert!(Report::parse("{}").is_err());
    }

    #[test]
    fn marks_are_judged_by_ratio_or_absolutely() {
        let verdicts = |report: &Report| -> Vec<Verdict> {
            report.marks().iter().map(|mark| mark.1).collect()
        };
        let (holds, misses) = (Verdict::Holds, Verdict::Misses);
        assert_eq!(verdicts(&report(13.5)), [misses, holds, holds]);
        let missed = report(13.5).text();
        assert!(missed.contains("2 of 3 marks hold"), "{missed}");
        assert!(missed.contains("missed: b, w: beside C"), "{missed}");
        let nothing = Sample::once(0.0);
        let case = Case::new("b", "w", Unit::Wakeups, nothing).peer("quiet", nothing, 1.0);
        let mut tie = report(13.5);
        tie.cases = vec![case];
        assert_eq!(verdicts(&tie), [Verdict::Ties]);
        assert!(tie.markdown().contains("| equal |"));
    }

    #[test]
    fn slower_is_what_has_a_worse_ratio_to_the_floor() {
        assert!(report(11.9).slower_than(&report(10.0)).is_empty());
        let slower = report(12.1).slower_than(&report(10.0));
        assert_eq!(slower, ["b, w: 1.21 times C, was 1.00"]);
        let mut tail = report(12.1);
        tail.cases[0].is_tail = true;
        assert!(tail.slower_than(&report(10.0)).is_empty());
    }

    #[test]
    fn numbers_have_three_digits() {
        let shown: Vec<String> = [0.0, 0.1234, 1.3, 4.0, 12.34, 100.4, 54_321.0]
            .map(number)
            .into();
        assert_eq!(shown, ["0", "0.123", "1.3", "4", "12.3", "100", "54321"]);
    }

    /// The README's table is the one of the baseline.
    #[test]
    fn the_readme_shows_the_baseline() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let read = |name: &str| std::fs::read_to_string(format!("{root}/{name}")).unwrap();
        let baseline = Report::parse(&read("xtask/bench-baseline.json")).unwrap();
        let shown = read("README.md").contains(&baseline.markdown());
        assert!(shown, "'cargo xtask bench --publish' writes both");
    }
}
