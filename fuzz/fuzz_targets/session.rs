#![no_main]
//! See `mixd::place::fuzz::session`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| mixd::place::fuzz::session(data));
