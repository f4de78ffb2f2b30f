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

/// The targets whose inputs are steps: in the corpus many are in one file, as [`pieces`].
pub const STEPS: [&str; 3] = ["model", "router", "session"];

/// Returns the body of the target of this name; one that no target has stops the build.
pub const fn body(name: &str) -> Body {
    let mut at = 0;
    while !are_equal(TARGETS[at].0.as_bytes(), name.as_bytes()) {
        at += 1;
    }
    TARGETS[at].1
}

/// Returns whether two texts are the same: `==` is not for a constant yet (Rust 1.95).
const fn are_equal(mut one: &[u8], mut other: &[u8]) -> bool {
    while let ([first, one_rest @ ..], [second, other_rest @ ..]) = (one, other) {
        if *first != *second {
            return false;
        }
        (one, other) = (one_rest, other_rest);
    }
    one.is_empty() && other.is_empty()
}

/// Runs a body on each piece of an input. What refuses a piece at the first fault in it needs a piece for each of
/// its refusals, and so would need a thousand inputs in the corpus.
fn each(data: &[u8], body: Body) {
    pieces(data).for_each(body);
}

/// The pieces of an input: before each its length, in two bytes of which the low one is the first.
pub fn pieces(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first_chunk()?;
        let length = usize::from(u16::from_le_bytes(*length));
        let (piece, more) = rest.split_at(length.min(rest.len()));
        data = more;
        Some(piece)
    })
}
