#![no_main]
//! See `wire::fuzz::frame`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| wire::fuzz::frame(data));
