use super::*;

fn rules(text: &str) -> Rules {
    crate::config::parse(text.as_bytes()).unwrap().rules
}

/// The text with the rules of another one.
fn with(text: &str, after: &str) -> String {
    let edited = rewritten(text.as_bytes(), &rules(text), &rules(after));
    String::from_utf8(edited).unwrap()
}

#[test]
fn a_rule_goes_behind_the_one_before_it() {
    for (text, rules, edited) in [
        ("", "program Discord", "program Discord\n"),
        (
            "curve cubic",
            "program a\nignore b",
            "curve cubic\nprogram a\nignore b\n",
        ),
        (
            "program a # x\n\ncurve cubic\n",
            "program a\nprogram b",
            "program a # x\nprogram b\n\ncurve cubic\n",
        ),
        (
            "\tprogram a\r\n# end",
            "program a\nprogram \\#b",
            "\tprogram a\r\n\tprogram \\#b\r\n# end",
        ),
        (
            "program a",
            "program a\nprogram b",
            "program a\nprogram b\n",
        ),
        (
            "program a\nprogram c\n",
            "program a\nprogram b\nprogram c",
            "program a\nprogram b\nprogram c\n",
        ),
    ] {
        assert_eq!(with(text, rules), edited, "{text:?}");
    }
}

#[test]
fn the_first_rule_goes_above_the_comment_of_the_next() {
    assert_eq!(
        with(
            "curve cubic\n\n# voice\n# mine\nprogram a\n",
            "ignore b\nignore c\nprogram a"
        ),
        "curve cubic\n\nignore b\nignore c\n# voice\n# mine\nprogram a\n"
    );
}

#[test]
fn a_rule_takes_the_line_of_the_one_that_it_replaces() {
    for (text, rules, edited) in [
        (
            "# a\n  program  a  # x\nprogram c\n",
            "ignore b\nprogram c",
            "# a\n  ignore  b  # x\nprogram c\n",
        ),
        (
            "program a # x\nprogram z\n",
            "program b\nprogram c\nprogram z",
            "program b # x\nprogram c\nprogram z\n",
        ),
        ("program Teams #x", "program TEAMS", "program TEAMS #x"),
        (
            "program a\nprogram A # twice\n",
            "program b",
            "program b\n# twice\n",
        ),
    ] {
        assert_eq!(with(text, rules), edited, "{text:?}");
    }
}

#[test]
fn a_rule_goes_and_its_comment_stays() {
    for (text, rules, edited) in [
        ("program a\nprogram b\n", "program b", "program b\n"),
        ("program a # x\r\ncurve cubic", "", "# x\r\ncurve cubic"),
        ("  program A\nprogram a # y\n", "", "# y\n"),
        ("# \\xff\nignore a", "", "# \\xff\n"),
    ] {
        assert_eq!(with(text, rules), edited, "{text:?}");
    }
}

#[test]
fn a_rule_that_moves_takes_a_line_of_its_own() {
    assert_eq!(
        with(
            "program a\nprogram b # x\nprogram c\n",
            "ignore b\nprogram a\nprogram c"
        ),
        "ignore b\nprogram a\n# x\nprogram c\n"
    );
    assert_eq!(
        with("program a\nprogram b\n", "program b\nprogram a"),
        "program b\nprogram a\n"
    );
}

#[test]
fn a_change_is_made_where_its_lines_are_as_they_were() {
    let patched = |text: &str, from: &str, to: &str| {
        let patched = patched(text.as_bytes(), from.as_bytes(), to.as_bytes());
        patched.map(|text| String::from_utf8(text).unwrap())
    };
    for (text, from, to, expected) in [
        ("x\nb\n", "b\n", "a\nb\n", Some("x\na\nb\n")),
        ("a\nb\nx\n", "a\nb\n", "a\n", Some("a\nx\n")),
        ("x\nb\ny\n", "b\n", "c\n", Some("x\nc\ny\n")),
        ("x\ny\n", "b\n", "c\n", None),
        ("x\nb\ny\n", "a\nb\n", "a\nc\nb\n", None),
        ("b\nx\n", "b\n", "b", None),
        ("a\nb\n", "a\nb\n", "", Some("")),
        ("", "a\n", "", None),
    ] {
        assert_eq!(patched(text, from, to).as_deref(), expected, "{text:?}");
    }
}
