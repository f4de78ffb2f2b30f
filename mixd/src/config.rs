//! mixd.conf: parsed and printed here, edited in `config/edit.rs`, which is all pure; `config_file.rs` and
//! `state.rs` read, watch and save the user's two files.

pub mod config_file;
pub mod edit;
pub mod editable;
pub mod files;
pub mod line;
pub mod output;
pub mod state;
mod watch;

use std::fmt;
use std::time::Duration;

use usage::directives::{
    self, CURVE, DIRECTIVES, GLIDE, IGNORE, OUTPUT, PROGRAM, REMEMBER_VOLUME, SNAP,
};
use usage::nearest;
use wire::message::{MAX_PATTERN, Pattern};
use wire::{Curve, OutputChoice, Rule, Snap};

use self::line::Line;
use crate::fade;
use crate::rules::Rules;
use crate::sorted::SortedMap;

/// The values of mixd.conf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The programs of the aux channel, and those that are left alone.
    pub rules: Rules,
    /// How the volume makes the gains.
    pub curve: Curve,
    /// Whether the volume is the same again after a restart.
    pub remember_volume: bool,
    /// The shortest time that a change of volume takes, up to [`fade::LONGEST`]; 0: it is instant.
    pub glide: Duration,
    /// The sinks to play to, in order of preference.
    pub outputs: Vec<OutputChoice>,
    /// The distance from the middle within which a slider rests there.
    pub snap: Snap,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            curve: Curve::default(),
            remember_volume: true,
            glide: fade::SHORTEST,
            outputs: Vec::new(),
            snap: Snap::default(),
        }
    }
}

/// A line of the file that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line's number, from 1 on.
    pub line: usize,
    /// A clause that says what is wrong and what would be right.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.what)
    }
}

/// Reads the file's content.
///
/// # Errors
/// The first line that is not right.
pub fn parse(text: &[u8]) -> Result<Config, Problem> {
    let mut config = Config::default();
    let mut set: SortedMap<&str, usize> = SortedMap::new();
    for (at, bytes) in text.split(|&byte| byte == b'\n').enumerate() {
        let number = at + 1;
        let problem = |what: String| Problem { line: number, what };
        match line::parse(bytes) {
            Line::Empty => {}
            Line::NotUtf8 => return Err(problem("this is not UTF-8".to_owned())),
            Line::Directive { name, value, .. } => {
                let Some(directive) = directives::find(name) else {
                    return Err(problem(unknown(name)));
                };
                if !directive.is_repeated
                    && let Some(first) = set.insert(directive.name, number)
                {
                    let what = format!("'{name}' has been set in line {first} already");
                    return Err(problem(what));
                }
                if value.is_empty() {
                    let what = format!("'{name}' has no value; it is {}", directive.value);
                    return Err(problem(what));
                }
                config.set(directive.name, &value).map_err(problem)?;
            }
        }
    }
    Ok(config)
}

/// Returns the rule that a directive of this name makes of a pattern, if it makes one.
fn rule(name: &str, pattern: Pattern) -> Option<Rule> {
    match name {
        PROGRAM => Some(Rule::Program(pattern)),
        IGNORE => Some(Rule::Ignore(pattern)),
        _ => None,
    }
}

impl Config {
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let wrong = |what: &str| format!("'{name}' is {what}, not '{value}'");
        match name {
            PROGRAM | IGNORE => {
                let pattern: Pattern = value.parse().map_err(|error| {
                    format!("the pattern is {error}; {MAX_PATTERN} bytes are room for any name")
                })?;
                let rule = rule(name, pattern).ok_or_else(|| unknown(name))?;
                let pushed = self.rules.push(rule);
                pushed.map_err(|failure| failure.to_string())
            }
            CURVE => {
                let curve = Curve::ALL.iter().copied();
                let mut found = curve.filter(|curve| curve.to_string() == value);
                self.curve = found
                    .next()
                    .ok_or_else(|| wrong("linear, quadratic, cubic or square-root"))?;
                Ok(())
            }
            REMEMBER_VOLUME => {
                self.remember_volume = match value {
                    "yes" => true,
                    "no" => false,
                    _ => return Err(wrong("yes or no")),
                };
                Ok(())
            }
            GLIDE => {
                self.glide = fade::parse(value)
                    .ok_or_else(|| wrong("a whole number of milliseconds from 0 to 250"))?;
                Ok(())
            }
            OUTPUT => {
                self.outputs.push(output::parse(value)?);
                Ok(())
            }
            SNAP => {
                self.snap = value.parse().map_err(|_| wrong("a number from 0 to 0.5"))?;
                Ok(())
            }
            _ => Err(unknown(name)),
        }
    }

    /// A text that says the same, without comments.
    pub fn print(&self) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: &str| {
            text += &line::print(name, value);
            text.push('\n');
        };
        for rule in self.rules.list() {
            add(rule.kind(), rule.pattern());
        }
        add(CURVE, &self.curve.to_string());
        add(
            REMEMBER_VOLUME,
            if self.remember_volume { "yes" } else { "no" },
        );
        add(GLIDE, &self.glide.as_millis().to_string());
        for choice in &self.outputs {
            add(OUTPUT, &output::value(choice));
        }
        add(SNAP, &self.snap.to_string());
        text
    }
}

fn unknown(name: &str) -> String {
    let name: String = name.chars().take(40).collect();
    let names = DIRECTIVES.map(|directive| directive.name);
    match nearest(&name, &names) {
        Some(meant) => format!("unknown directive '{name}', did you mean '{meant}'?"),
        None => format!("unknown directive '{name}'; there are {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Rule;

    #[test]
    fn each_directive_is_taken() {
        let text = "# mine\nprogram Discord # voice\nignore Ardour\nprogram media.role=Game\ncurve square-root\n\
                    remember-volume no\nglide 0\noutput aux head*\noutput alsa card\nsnap 0\n";
        let config = parse(text.as_bytes()).unwrap();
        let rules: Vec<String> = config.rules.list().iter().map(Rule::to_string).collect();
        let expected = [
            "program Discord",
            "ignore Ardour",
            "program media.role=Game",
        ];
        assert_eq!(rules, expected);
        assert_eq!(config.curve, Curve::SquareRoot);
        assert!(!config.remember_volume);
        assert_eq!(config.glide, Duration::ZERO);
        let outputs: Vec<String> = config.outputs.iter().map(OutputChoice::to_string).collect();
        assert_eq!(outputs, ["output aux head*", "output alsa card"]);
        assert_eq!(config.snap.to_string(), "0");
        assert_eq!(parse(config.print().as_bytes()), Ok(config));
    }

    #[test]
    fn each_bad_line_is_named_with_what_would_be_right() {
        for (text, line, what) in [
            (
                "curv cubic",
                1,
                "unknown directive 'curv', did you mean 'curve'?",
            ),
            (
                "\n\nnonsense",
                3,
                "unknown directive 'nonsense'; there are program,",
            ),
            ("curve", 1, "'curve' has no value; it is linear|"),
            ("curve bent", 1, "not 'bent'"),
            ("curve linear\n#\ncurve cubic", 3, "set in line 1"),
            ("remember-volume maybe", 1, "yes or no"),
            ("glide 251", 1, "0 to 250"),
            ("glide -1", 1, "0 to 250"),
            ("glide soon", 1, "0 to 250"),
            ("snap 0.6", 1, "0 to 0.5"),
            ("snap nan", 1, "0 to 0.5"),
            ("output", 1, "'output' has no value"),
            ("output aux [a", 1, "'[' has no ']'"),
            ("output a\u{7}b", 1, "control character"),
            ("program # all", 1, "'program' has no value"),
            ("program [a", 1, "'[' has no ']'"),
            ("program a\u{7}b", 1, "control character"),
            ("program x=", 1, "nothing follows the '='"),
        ] {
            let problem = parse(text.as_bytes()).unwrap_err();
            assert_eq!(problem.line, line, "{text}");
            assert!(problem.what.contains(what), "{text}: {problem}");
        }
        let long = format!("program {}", "x".repeat(MAX_PATTERN + 1));
        let problem = parse(long.as_bytes()).unwrap_err();
        assert!(problem.what.contains("129 bytes long"), "{problem}");
        assert!(
            parse(b"curve linear\nprogram \xff")
                .unwrap_err()
                .what
                .contains("UTF-8")
        );
    }

    #[test]
    fn what_print_config_prints_says_the_defaults() {
        let text = directives::commented();
        assert_eq!(parse(text.as_bytes()), Ok(Config::default()));
        assert!(text.lines().all(|line| line.len() <= 80));
        let bare: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(|line| !line.starts_with([' ', 'p', 'i']))
            .collect();
        let auto = OutputChoice {
            sink: None,
            channel: None,
        };
        let defaults = Config {
            outputs: vec![auto],
            ..Config::default()
        };
        assert_eq!(parse(bare.join("\n").as_bytes()), Ok(defaults));
        assert_eq!(bare.len(), DIRECTIVES.len() - 2);
    }

    #[test]
    fn a_file_of_another_systems_line_ends_and_without_a_last_end_is_read() {
        let config = parse(b"curve cubic\r\nglide 10").unwrap();
        assert_eq!(config.curve, Curve::Cubic);
        assert_eq!(config.glide, Duration::from_millis(10));
    }
}
