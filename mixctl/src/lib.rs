//! mixctl: a command line to requests, and mixd's answers to text. A library only so that man pages and
//! completions are made from the same table as `--help` ([`usage`]).

mod args;
mod ask;
mod bar;
mod dial;
mod doctor;
mod edit;
mod failure;
mod finding;
mod hold;
mod json;
mod moving;
mod number;
mod output;
mod pick;
mod print;
mod run;
mod select;
mod signal;
pub mod usage;
mod watch;
mod whereabouts;
mod why;

pub use run::main;
