//! The fuzz targets, over the public parts of the crates: for libFuzzer, and for the tests that replay the
//! corpus on a stable toolchain.

mod any;
mod client;
mod config;
mod frame;
mod message;
mod model;
mod router;
mod rules;
mod session;
mod text;

/// A target's body: panics when something does not hold for the input.
pub type Body = fn(&[u8]);

/// Every target.
pub const TARGETS: [(&str, Body); 10] = [
    ("frame", frame::frame),
    ("message", |data| each(data, message::message)),
    ("roundtrip", |data| each(data, message::roundtrip)),
    ("text", |data| each(data, text::text)),
    ("client", |data| each(data, client::client)),
    ("session", session::session),
    ("router", router::router),
    ("config", |data| each(data, config::config)),
    ("rules", |data| each(data, rules::rules)),
    ("model", model::model),
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
