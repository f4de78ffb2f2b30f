#![no_main]
//! See `mixview::fuzz::model`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| mixview::fuzz::model(data));
