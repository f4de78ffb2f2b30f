//! `cargo xtask COMMAND`: the project's own commands, a file each.

mod bench;
mod completions;
mod demo;
mod dist;
mod fuzz;
mod golden;
mod install;
mod installed;
mod man;
mod packages;
mod run;
mod setup;
mod soak;
mod starts;
mod system;
mod test;
mod tools;
mod vectors;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use lab::{Result, process};
use lexopt::{Arg, Parser};

const HELP: &str = "\
cargo xtask COMMAND

Commands:
  run               install what building needs, build, and run mixd on your PipeWire; without
                    one, do the demo
  hear              play a tone through the mixd that runs, unless something plays, and fade it
  demo              prove it in a private PipeWire: two programs, a sweep, measured levels; where
                    there is none, one is unpacked into target/pipewire
  test [NAME...] [--on SYSTEM|all] [--times N]
                    set up, then run every check; or the steps, test files and cases of these
                    names; or what plays on debian12, debian13 or unstable, each made in
                    target/systems
  test --programs [NAME...] [--on SYSTEM|all] [--publish]
                    play with real programs there: mpv, VLC, browsers, GStreamer…; write the
                    table of them in mixd/TROUBLESHOOTING.md
  test --screen-reader
                    test a mixview with the feature accesskit, through a real accessibility bus
  setup [--print]   find what is missing to build, run and test mixd, and install it (Debian,
                    Ubuntu) or say what it is called (Arch, Fedora, Alpine, Void, NixOS); or
                    only say what is missing
  soak [--minutes N] [--on SYSTEM]
                    an evening many times over: programs, cards, restarts and clients come
                    and go, and every route is checked [default: 20 minutes]
  starts [COUNT] [--await] [--without-priority] [--on SYSTEM]
                    start silenced programs on a busy machine, and count when one is heard;
                    with a WirePlumber that awaits mixd; with a mixd that may not have
                    PipeWire's priority [default: 2000]
  fuzz [TARGET...] [--time SECONDS] [--jobs N]
                    run the fuzz targets, and keep what they learn in the corpus
  fuzz smoke        replay the corpus and try what is near it, without libFuzzer
  fuzz coverage     print which lines of the protocol's code the corpus reaches
  bench [NAME...] [--quick] [--compare] [--publish]
                    measure everything beside what others cost, in one run; say what is
                    slower than xtask/bench/baseline.json; write that and the table beside it
  golden [--beside COMMIT | --desktop]
                    draw the pictures of mixview anew, to be looked at and committed, with a page
                    of those that differ from a commit's [default: HEAD]; or take README's of a
                    desktop
  install [--prefix P] [--uninstall]
                    programs, man pages, completions, units and examples [default:
                    /usr/local]; DESTDIR is honoured
  dist [--again | --check | --on SYSTEM]
                    a tarball and a Debian package, in target/dist; the same, and once more in
                    another folder, to see that the bytes are the same; or ask man, systemd,
                    lintian and the shells whether what is installed is right; or install
                    the package on a system, and play through it
  vectors           write the protocol's golden vectors anew
";

/// A command, given the rest of the command line.
type Command = fn(Parser) -> Result<()>;

fn main() -> ExitCode {
    let asks_for_help = |word: OsString| word == "-h" || word == "--help";
    let command = match env::args_os().skip(1).any(asks_for_help) {
        true => Ok(None),
        false => parse(Parser::from_env()),
    };
    match command {
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Some((command, rest))) => {
            match process::clean_up_on_signals().and_then(|()| command(rest)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) if error.is::<lexopt::Error>() => {
                    eprintln!("xtask: {error}; 'cargo xtask --help' shows what there is");
                    ExitCode::from(2)
                }
                Err(error) => {
                    eprintln!("xtask: {error}");
                    ExitCode::FAILURE
                }
            }
        }
        Err(error) => {
            eprintln!("xtask: {error}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

/// The command to run, and the words after it; none without a word.
fn parse(mut parser: Parser) -> std::result::Result<Option<(Command, Parser)>, lexopt::Error> {
    let command: Command = match parser.next()? {
        None => return Ok(None),
        Some(Arg::Value(name)) => match name.to_str() {
            Some("setup") => setup::command,
            Some("run") => |rest| alone(rest, run::run),
            Some("hear") => |rest| alone(rest, demo::hear),
            Some("demo") => |rest| alone(rest, demo::demo),
            Some("test") => test::command,
            Some("bench") => bench::bench,
            Some("fuzz") => fuzz::fuzz,
            Some("soak") => soak::soak,
            Some("starts") => starts::starts,
            Some("install") => install::install,
            Some("dist") => dist::dist,
            Some("golden") => golden::golden,
            Some("vectors") => |rest| alone(rest, vectors::vectors),
            _ => return Err(format!("no command '{}'", name.display()).into()),
        },
        Some(argument) => return Err(argument.unexpected()),
    };
    Ok(Some((command, parser)))
}

/// Runs a command that takes no words.
fn alone(mut rest: Parser, command: fn() -> Result<()>) -> Result<()> {
    match rest.next()? {
        None => command(),
        Some(argument) => Err(argument.unexpected().into()),
    }
}
