//! The window of mixd: a slider, and the two groups of programs that it balances.
//!
//! The [`model`] takes messages and gives effects, the [`view`] lays it out as a display list, the
//! [`canvas`] draws that; none of them has a clock, a socket or a display. The `window` has a
//! display, turns its events into messages and carries the effects out; the `link` is the
//! connection to mixd.

#[cfg(feature = "accesskit")]
pub mod accessibility;
pub mod canvas;
pub mod display_list;
#[cfg(test)]
mod fake_daemon;
pub mod font;
pub mod geometry;
pub mod input;
#[cfg(feature = "window")]
pub mod link;
pub mod model;
#[cfg(feature = "window")]
pub mod options;
pub mod theme;
pub mod view;
#[cfg(feature = "window")]
pub mod window;
