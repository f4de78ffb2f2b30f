#![no_main]
//! The program that libFuzzer runs, for every target: the variable `FUZZ_TARGET` names the one.
//! A program a target would be linked ten times, which takes longer than a moment's run of each.

use std::sync::LazyLock;

/// The body of the target, none where the variable names none.
static BODY: LazyLock<Option<fuzz::Body>> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").ok()?;
    let target = fuzz::TARGETS.iter().find(|target| target.0 == name)?;
    Some(target.1)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| match *BODY {
    Some(body) => body(data),
    None => panic!("FUZZ_TARGET names no target; 'cargo xtask fuzz' sets it"),
});
