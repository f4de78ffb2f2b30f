//! The fuzz targets, their corpus and their dictionary. The bodies live in the crates they test;
//! this names them, for the tests that replay the corpus on a stable toolchain.

pub mod seeds;

/// A target's body: panics when something does not hold for the input.
pub type Body = fn(&[u8]);

/// Every target.
pub const TARGETS: [(&str, Body); 9] = [
    ("frame", wire::fuzz::frame),
    ("message", wire::fuzz::message),
    ("roundtrip", wire::fuzz::roundtrip),
    ("text", wire::fuzz::text),
    ("session", mixd::server::client::fuzz::session),
    ("graph", mixd::router::fuzz::router),
    ("config", mixd::config::fuzz::config),
    ("rules", mixd::rules::fuzz::rules),
    ("model", mixview::fuzz::model),
];
