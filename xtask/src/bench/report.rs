//! What the benches find: as the table of xtask/bench/README.md, as JSON, and beside what was found before.

use lab::Result;
use serde::{Deserialize, Serialize};

use super::sample::Sample;

/// What ours is compared with.
#[derive(Debug, Serialize, Deserialize)]
pub struct Other {
    name: String,
    /// Whether this is the least that the machine and the kernel ask for the same work, and not another
    /// program.
    floor: bool,
    /// What it takes; none for an absolute limit.
    takes: Option<Sample>,
    /// How many times that ours takes; none where that is nothing.
    ratio: Option<Sample>,
    /// How much of it ours may take at most, as a ratio; for an absolute limit in the case's unit.
    most: Option<f64>,
}

/// One thing that was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Case {
    /// The bench it belongs to.
    bench: String,
    /// What of it.
    what: String,
    /// The unit of all numbers: `ms`, `KiB`, `/s`…
    unit: String,
    /// Whether a few of the worst cases decide about it: too little to call a later run slower by.
    tail: bool,
    /// What ours takes.
    ours: Sample,
    others: Vec<Other>,
}

impl Case {
    /// Makes a case that is compared with nothing yet.
    pub fn new(bench: &str, what: impl Into<String>, unit: &str, ours: impl Into<Sample>) -> Self {
        Self {
            bench: bench.into(),
            what: what.into(),
            unit: unit.into(),
            tail: false,
            ours: ours.into(),
            others: Vec::new(),
        }
    }

    /// Says that it belongs to another bench.
    pub fn of(mut self, bench: &str) -> Self {
        self.bench = bench.into();
        self
    }

    /// Says that the worst of many decide about it.
    pub fn tail(mut self) -> Self {
        self.tail = true;
        self
    }

    /// Adds what the machine itself asks; ours may take `most` times that.
    pub fn floor(self, name: &str, takes: impl Into<Sample>, most: impl Into<Option<f64>>) -> Self {
        self.beside(name, takes.into(), most.into(), true)
    }

    /// Adds what another program takes; ours may take `most` times that.
    pub fn peer(self, name: &str, takes: impl Into<Sample>, most: impl Into<Option<f64>>) -> Self {
        self.beside(name, takes.into(), most.into(), false)
    }

    fn beside(mut self, name: &str, takes: Sample, most: Option<f64>, floor: bool) -> Self {
        self.others.push(Other {
            name: name.into(),
            floor,
            ratio: self.ours.ratio(&takes),
            takes: Some(takes),
            most,
        });
        self
    }

    /// Says what ours may take at most, in the case's unit.
    pub fn limit(mut self, most: f64) -> Self {
        self.others.push(Other {
            name: "mark".into(),
            floor: false,
            takes: None,
            ratio: None,
            most: Some(most),
        });
        self
    }

    /// Says whether a mark holds, as the table does; nothing where there is none.
    fn verdict(&self, other: &Other) -> &'static str {
        let Some(most) = other.most else { return "" };
        let holds = match (&other.ratio, &other.takes) {
            (Some(ratio), _) => ratio.value <= most,
            // Both take nothing: ours is not less.
            (None, Some(_)) if self.ours.value == 0.0 => return "equal",
            (None, Some(_)) => false,
            (None, None) => self.ours.value <= most,
        };
        if holds { "yes" } else { "**no**" }
    }

    /// The case's rows of the table, one for each of the others.
    fn rows(&self) -> Vec<[String; 8]> {
        let unit = &self.unit;
        let ours = self.ours.shown(unit);
        let mut rows: Vec<[String; 8]> = Vec::new();
        for other in &self.others {
            let most = other.most.map(number);
            let most = match (most, &other.takes) {
                (None, _) => String::new(),
                (Some(most), Some(_)) => format!("≤ {most}"),
                (Some(most), None) => format!("≤ {most} {unit}"),
            };
            let takes = other.takes.as_ref().map(|takes| takes.shown(unit));
            let ratio = other.ratio.as_ref();
            let ratio = ratio.map(|ratio| format!("{:.2}", ratio.value));
            let first = [&self.bench, &self.what, &ours].map(|cell| match rows.is_empty() {
                true => cell.clone(),
                false => String::new(),
            });
            let [bench, what, ours] = first;
            rows.push([
                bench,
                what,
                ours,
                other.name.clone(),
                takes.unwrap_or_default(),
                ratio.unwrap_or_default(),
                most,
                self.verdict(other).into(),
            ]);
        }
        rows
    }
}

/// All that was measured, and on what.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// The machine, in words.
    pub machine: String,
    /// What was measured.
    pub cases: Vec<Case>,
}

impl Report {
    /// The table, as xtask/bench/README.md has it.
    pub fn markdown(&self) -> String {
        let mut text = format!("{}\n\n", self.machine);
        text += "| bench | what | mixd | beside | takes | ratio | must be |  |\n";
        text += "| --- | --- | ---: | --- | ---: | ---: | --- | --- |\n";
        for cells in self.cases.iter().flat_map(Case::rows) {
            text += &format!("| {} |\n", cells.join(" | "));
        }
        text
    }

    /// How many marks hold, and which don't.
    pub fn summary(&self) -> String {
        let cases = self.cases.iter();
        let marks = cases.flat_map(|case| case.others.iter().map(move |other| (case, other)));
        let marks: Vec<_> = marks
            .map(|(case, other)| (case, other, case.verdict(other)))
            .filter(|(.., verdict)| !verdict.is_empty())
            .collect();
        let count = |wanted| marks.iter().filter(|mark| mark.2 == wanted).count();
        let (kept, all, ties) = (count("yes"), marks.len(), count("equal"));
        let mut text = format!("{kept} of {all} marks hold; in {ties} more both take nothing.\n");
        for (case, other, _) in marks.iter().filter(|mark| mark.2 == "**no**") {
            let Case { bench, what, .. } = case;
            text += &format!("missed: {bench}, {what}: beside {}\n", other.name);
        }
        text
    }

    /// What has become slower than 1.2 times what `before` says, by the ratio to the floor where
    /// there is one, and else to each peer. Never by a time: machines differ.
    pub fn slower_than(&self, before: &Self) -> Vec<String> {
        let mut slower = Vec::new();
        for case in self.cases.iter().filter(|case| !case.tail) {
            let same = |old: &&Case| (&old.bench, &old.what) == (&case.bench, &case.what);
            let Some(old) = before.cases.iter().find(same) else {
                continue;
            };
            let has_floor = case.others.iter().any(|other| other.floor);
            for other in case.others.iter().filter(|other| other.floor == has_floor) {
                let then = old.others.iter().find(|old| old.name == other.name);
                let then = then.and_then(|then| then.ratio.as_ref());
                let (Some(now), Some(then)) = (&other.ratio, then) else {
                    continue;
                };
                let (now, then) = (now.value, then.value);
                if now > then * 1.2 {
                    let (bench, what, name) = (&case.bench, &case.what, &other.name);
                    slower.push(format!(
                        "{bench}, {what}: {now:.2} times {name}, was {then:.2}"
                    ));
                }
            }
        }
        slower
    }

    /// The report as JSON, a case a line; numbers are unrounded.
    pub fn json(&self) -> Result<String> {
        let cases = self.cases.iter().map(serde_json::to_string);
        let cases = cases.collect::<serde_json::Result<Vec<_>>>()?.join(",\n");
        let machine = serde_json::to_string(&self.machine)?;
        Ok(format!(
            "{{\"machine\":{machine},\"cases\":[\n{cases}\n]}}\n"
        ))
    }
}

impl Sample {
    /// The number and its unit, with the half of its spread where there is one.
    fn shown(&self, unit: &str) -> String {
        let (value, half) = (number(self.value), (self.high - self.low) / 2.0);
        if half > 0.0 {
            format!("{value} ± {} {unit}", number(half))
        } else {
            format!("{value} {unit}")
        }
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
        let case = Case::new("b", "w", "µs", Sample::median(&[ours; 3]))
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
        let read: Report = serde_json::from_str(&report.json().unwrap()).unwrap();
        assert_eq!(read.json().unwrap(), report.json().unwrap());
        assert_eq!(read.markdown(), report.markdown());
        assert!(serde_json::from_str::<Report>("{}").is_err());
    }

    #[test]
    fn marks_are_judged_by_ratio_or_absolutely() {
        let verdicts = |report: &Report| -> Vec<&str> {
            let case = &report.cases[0];
            let marks = case.others.iter().map(|other| case.verdict(other));
            marks.collect()
        };
        assert_eq!(verdicts(&report(13.5)), ["**no**", "yes", "yes"]);
        let missed = report(13.5).summary();
        assert!(missed.contains("2 of 3 marks hold"), "{missed}");
        assert!(missed.contains("missed: b, w: beside C"), "{missed}");
        let nothing = || Sample::once(0.0);
        let case = Case::new("b", "w", "/s", nothing()).peer("quiet", nothing(), 1.0);
        let mut tie = report(13.5);
        tie.cases = vec![case];
        assert_eq!(verdicts(&tie), ["equal"]);
        assert!(tie.markdown().contains("| equal |"));
    }

    #[test]
    fn slower_is_what_has_a_worse_ratio_to_the_floor() {
        assert!(report(11.9).slower_than(&report(10.0)).is_empty());
        let slower = report(12.1).slower_than(&report(10.0));
        assert_eq!(slower, ["b, w: 1.21 times C, was 1.00"]);
        let mut tail = report(12.1);
        tail.cases[0].tail = true;
        assert!(tail.slower_than(&report(10.0)).is_empty());
    }

    #[test]
    fn numbers_have_three_digits() {
        let shown: Vec<String> = [0.0, 0.1234, 1.3, 4.0, 12.34, 100.4, 54_321.0]
            .map(number)
            .into();
        assert_eq!(shown, ["0", "0.123", "1.3", "4", "12.3", "100", "54321"]);
    }

    /// The table that is shown is the one of the baseline.
    #[test]
    fn the_document_shows_the_baseline() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/bench");
        let read = |name: &str| std::fs::read_to_string(format!("{root}/{name}")).unwrap();
        let baseline: Report = serde_json::from_str(&read("baseline.json")).unwrap();
        let shown = read("README.md").contains(&baseline.markdown());
        assert!(shown, "'cargo xtask bench --publish' writes both");
    }
}
