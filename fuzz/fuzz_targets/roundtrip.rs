#![no_main]
//! See `wire::fuzz::roundtrip`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| wire::fuzz::roundtrip(data));
