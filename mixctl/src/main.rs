//! The program; all of it is in the library, where xtask finds the table of its words.

use std::process::ExitCode;

fn main() -> ExitCode {
    mixctl::main()
}
