#![no_main]
//! See `mixd::config::fuzz::config`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| mixd::config::fuzz::config(data));
