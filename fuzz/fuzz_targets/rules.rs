#![no_main]
//! See `mixd::rules::fuzz::rules`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| mixd::rules::fuzz::rules(data));
