#![no_main]
//! See `mixd::router::fuzz::router`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| mixd::router::fuzz::router(data));
