#![no_main]
//! See `mixd::server::client::fuzz::session`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| mixd::server::client::fuzz::session(data));
