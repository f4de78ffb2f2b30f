#![no_main]
//! See `wire::fuzz::text`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| wire::fuzz::text(data));
