#![no_main]
//! See `mixd::graph::fuzz::graph`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| mixd::graph::fuzz::graph(data));
