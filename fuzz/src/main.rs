#![no_main]
//! The program that libFuzzer runs, for the target that `FUZZ_TARGET` names while it is built. A program for each:
//! libFuzzer goes through the counters of all that its program has after each input, and those of all targets took
//! it two fifths of the time of `frame`.

const BODY: fuzz::Body = fuzz::body(env!(
    "FUZZ_TARGET",
    "FUZZ_TARGET names no target; 'cargo xtask fuzz' sets it"
));

libfuzzer_sys::fuzz_target!(|data: &[u8]| BODY(data));
