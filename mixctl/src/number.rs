//! Numbers as other programs write them: `50%`, `5%-`, `0,5`. They are refused, because what a percent
//! is a percent of differs from program to program; the refusal says how to write them.

/// Returns how mixctl takes a number that other programs write as `text`; `None` if it is no such number.
/// On either side of a colon stands a number of its own.
pub fn written_here(text: &str) -> Option<String> {
    let parts: Option<Vec<f64>> = text.split(':').map(value).collect();
    let parts: Vec<String> = parts?.iter().map(f64::to_string).collect();
    let written = parts.join(":");
    // Written so already, it is refused for another reason.
    (written != text).then_some(written)
}

fn value(text: &str) -> Option<f64> {
    // A decimal comma, and the minus sign that text programs put in the place of a hyphen.
    let text = text
        .replace(',', ".")
        .replace(['\u{2212}', '\u{2013}'], "-");
    // wpctl and amixer write the direction of a step behind it.
    let (text, sign) = match text.strip_suffix('-') {
        Some(text) => (text, -1.0),
        None => (text.strip_suffix('+').unwrap_or(&text), 1.0),
    };
    let (text, unit) = match text.strip_suffix('%') {
        Some(text) => (text.trim_end(), 0.01),
        None => (text, 1.0),
    };
    let value = sign * unit * text.trim().parse::<f64>().ok()?;
    // Rounded to the protocol's millionths: 7 * 0.01 is 0.07.
    let value = (value * 1e6).round() / 1e6;
    (value.is_finite() && value.abs() < 1e6).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_otherwise_is_said_as_it_is_written_here() {
        for (text, written) in [
            ("50%", "0.5"),
            ("50 %", "0.5"),
            ("7%", "0.07"),
            ("0,5", "0.5"),
            ("-0,25", "-0.25"),
            ("\u{2212}0.5", "-0.5"),
            ("5%+", "0.05"),
            ("5%-", "-0.05"),
            ("0.1-", "-0.1"),
            ("0,0:127,5", "0:127.5"),
        ] {
            assert_eq!(written_here(text).as_deref(), Some(written), "{text}");
        }
        for text in [
            "", "%", "loud", "nan%", "inf", "1e999%", "2", "-0.1", "1,000,5", "a:b", ":",
        ] {
            assert_eq!(written_here(text), None, "{text}");
        }
    }
}
