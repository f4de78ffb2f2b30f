//! The README's table of real programs: a program a line, a system a column.

/// What was said of each program on each system.
#[derive(Default)]
pub struct Table {
    systems: Vec<String>,
    /// Programs in the order of their names, each with a cell a system.
    rows: Vec<(String, Vec<String>)>,
}

impl Table {
    /// Adds a column.
    pub fn add(&mut self, system: String, programs: Vec<(String, String)>) {
        for (program, words) in programs {
            let place = self.rows.iter().position(|(name, _)| *name == program);
            let place = place.unwrap_or_else(|| {
                self.rows.push((program, Vec::new()));
                self.rows.len() - 1
            });
            let cells = &mut self.rows[place].1;
            cells.resize(self.systems.len(), String::new());
            // A bar would be the cell's end.
            cells.push(words.replace('|', "/"));
        }
        self.systems.push(system);
    }

    /// The table as the README has it.
    pub fn markdown(&self) -> String {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort();
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = line(&[&["program".to_owned()][..], &self.systems].concat());
        text += &format!("|{}\n", " --- |".repeat(self.systems.len() + 1));
        for (program, cells) in rows {
            let mut cells = cells.clone();
            cells.resize(self.systems.len(), String::new());
            text += &line(&[&[program.clone()][..], &cells].concat());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_a_line_and_a_system_a_column_also_where_one_is_missing() {
        let mut table = Table::default();
        let pair = |program: &str, words: &str| (program.to_owned(), words.to_owned());
        table.add("one".to_owned(), vec![pair("mpv", "right")]);
        table.add(
            "two".to_owned(),
            vec![pair("aplay", "a|b"), pair("mpv", "no")],
        );
        let text = "| program | one | two |\n| --- | --- | --- |\n| aplay |  | a/b |\n| mpv | right | no |\n";
        assert_eq!(table.markdown(), text);
    }
}
