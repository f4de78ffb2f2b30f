//! The fuzz targets, their corpus and their dictionary. The bodies live in the crates they test;
//! this names them, for libFuzzer and for the tests that replay the corpus on a stable toolchain.

/// A target's body: panics when something does not hold for the input.
pub type Body = fn(&[u8]);

/// Every target.
pub const TARGETS: [(&str, Body); 9] = [
    ("frame", wire::fuzz::frame),
    ("message", |data| each(data, wire::fuzz::message)),
    ("roundtrip", |data| each(data, wire::fuzz::roundtrip)),
    ("text", |data| each(data, wire::fuzz::text)),
    ("session", mixd::server::client::fuzz::session),
    ("router", mixd::router::fuzz::router),
    ("config", |data| each(data, mixd::config::fuzz::config)),
    ("rules", |data| each(data, mixd::rules::fuzz::rules)),
    ("model", mixview::fuzz::model),
];

/// Runs a body on each piece of an input: the length, in two bytes of which the low one is the first,
/// then as many bytes. What refuses a piece at the first fault in it needs a piece for each of its
/// refusals, and so would need a thousand inputs in the corpus.
fn each(mut data: &[u8], body: Body) {
    while let [low, high, rest @ ..] = data {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let (piece, more) = rest.split_at(length.min(rest.len()));
        body(piece);
        data = more;
    }
}
