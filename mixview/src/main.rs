//! The window of mixd. Not made yet: this says so, and where to turn meanwhile.

use std::io::{self, Write};
use std::process::ExitCode;

use lexopt::{Arg, Parser};
use mixview::usage::USAGE;

fn main() -> ExitCode {
    let (text, code) = answer(Parser::from_env());
    // Whoever does not listen can't be told.
    let _ = if code == 0 {
        io::stdout().write_all(text.as_bytes())
    } else {
        io::stderr().write_all(text.as_bytes())
    };
    ExitCode::from(code)
}

/// What is said, and the exit status.
fn answer(mut parser: Parser) -> (String, u8) {
    match parser.next() {
        Ok(Some(Arg::Short('h') | Arg::Long("help"))) => (USAGE.help(), 0),
        Ok(Some(Arg::Short('V') | Arg::Long("version"))) => (
            concat!("mixview ", env!("CARGO_PKG_VERSION"), "\n").into(),
            0,
        ),
        Ok(Some(argument)) => wrong(&argument.unexpected()),
        Ok(None) => (
            "mixview: the window is not made yet; use 'mixctl status'\n".into(),
            1,
        ),
        Err(error) => wrong(&error),
    }
}

fn wrong(error: &lexopt::Error) -> (String, u8) {
    (format!("mixview: {error}; see 'mixview --help'\n"), 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_that_it_is_not_made_yet() {
        assert_eq!(answer(Parser::from_args(["--help"])).1, 0);
        assert_eq!(answer(Parser::from_args(["--version"])).1, 0);
        assert_eq!(answer(Parser::from_args([""; 0])).1, 1);
        assert_eq!(answer(Parser::from_args(["--theme"])).1, 2);
    }
}
