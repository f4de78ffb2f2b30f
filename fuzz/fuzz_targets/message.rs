#![no_main]
//! See `wire::fuzz::message`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| wire::fuzz::message(data));
