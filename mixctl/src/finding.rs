//! The findings of `doctor`, as text and as JSON.

use std::fmt::{self, Write};

use serde_json::json;
use wire::visible;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing is wrong.
    Ok,
    /// Something may be wrong, or be meant.
    Warn,
    /// Something is wrong.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// The subject, in a word.
    pub subject: &'static str,
    /// The sentence that says what was found.
    pub text: String,
    /// The sentence that says what to do about it.
    pub advice: Option<String>,
}

impl Finding {
    /// Nothing is wrong with `subject`.
    pub fn ok(subject: &'static str, text: impl Into<String>) -> Self {
        Self {
            level: Level::Ok,
            subject,
            text: text.into(),
            advice: None,
        }
    }

    /// Something may be wrong with `subject`.
    pub fn warn(subject: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            level: Level::Warn,
            advice: Some(advice.into()),
            ..Self::ok(subject, text)
        }
    }

    /// Something is wrong with `subject`.
    pub fn bad(subject: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            level: Level::Bad,
            ..Self::warn(subject, text, advice)
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        })
    }
}

/// A line each, and another for the advice.
pub fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let (level, subject) = (finding.level, finding.subject);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{level:<5} {subject:<12} {}", visible(&finding.text));
        if let Some(advice) = &finding.advice {
            let _ = writeln!(text, "{:18} → {}", "", visible(advice));
        }
    }
    text
}

/// One object, on a line.
pub fn json(findings: &[Finding]) -> String {
    let findings = findings.iter().map(|finding| {
        json!({
            "level": finding.level.to_string(),
            "subject": finding.subject,
            "text": finding.text,
            "advice": finding.advice,
        })
    });
    format!("{}\n", json!({ "findings": findings.collect::<Vec<_>>() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_its_advice_another() {
        let findings = [
            Finding::ok("mixd", "answers"),
            Finding::bad("pipewire", "down", "start it"),
        ];
        let expected = "ok    mixd         answers\nbad   pipewire     down\n                   → \
                        start it\n";
        assert_eq!(text(&findings), expected);
    }
}
