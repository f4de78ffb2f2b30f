//! The window as a screen reader has it, through a real accessibility bus. Needs the feature `accesskit`, and
//! at-spi2-core and python3-pyatspi beside what the other tests need.
#![cfg(feature = "accesskit")]
#![allow(clippy::unwrap_used)]

use std::path::Path;

use lab::Lab;
use lab::desktop::{Desktop, Xvfb};
use lab::mixd::Mixd;
use wire::{Reply, Request};

/// A session of D-Bus, in which a screen reader is said to run.
const SCRIPT: &str = "/usr/libexec/at-spi-bus-launcher --launch-immediately & bus=$!\n\
    until busctl --user set-property org.a11y.Bus /org/a11y/bus org.a11y.Status IsEnabled b true\n\
    do sleep 0.1; done\n\
    \"$1\" --socket \"$2\" & window=$!\n\
    python3 \"$3\"; status=$?\n\
    kill $window $bus; exit $status";

#[test]
fn a_screen_reader_sees_and_does_what_the_window_shows() {
    let lab = Lab::prepare(&[]).unwrap();
    let desktop = Xvfb::start(&lab, 480, 420).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_mixview"));
    let daemon = Mixd::start_alone(&program.with_file_name("mixd"), &[]).unwrap();
    daemon.ctl(&["add-program", "Discord"]).unwrap();
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/at_spi.py");
    let mut command = desktop.command(&lab, Path::new("dbus-run-session"));
    command.args(["sh", "-c", SCRIPT, "sh"]).arg(program);
    let out = command.arg(daemon.socket()).arg(python).output().unwrap();
    assert!(out.status.success(), "{out:?}");
    let mut client = daemon.connect().unwrap();
    let Reply::Mix(mix) = client.request(&Request::GetVolume).unwrap() else {
        panic!("no volume");
    };
    assert_eq!(mix.volume.to_string(), "0.5");
    let Reply::Programs(rules) = client.request(&Request::ListPrograms).unwrap() else {
        panic!("no list");
    };
    let patterns: Vec<&str> = rules.iter().map(|rule| &**rule.pattern()).collect();
    assert_eq!(patterns, ["mpv"]);
}
