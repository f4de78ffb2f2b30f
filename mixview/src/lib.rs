//! The window of mixd: a slider, and the two groups of programs that it balances.
//!
//! The [`model`] knows what is so and what is being done, the [`view`] makes shapes of it, the
//! [`canvas`] pixels of these; none of them has a clock, a socket or a display. The [`window`] has
//! them.

#[cfg(feature = "draw")]
pub mod canvas;
#[cfg(feature = "draw")]
pub mod display_list;
#[cfg(any(test, feature = "fuzz"))]
pub mod fake_daemon;
#[cfg(feature = "draw")]
pub mod font;
#[cfg(feature = "draw")]
pub mod geometry;
#[cfg(feature = "draw")]
pub mod input;
#[cfg(feature = "window")]
pub mod link;
#[cfg(feature = "draw")]
pub mod model;
#[cfg(feature = "window")]
pub mod options;
#[cfg(feature = "draw")]
pub mod theme;
pub mod usage;
#[cfg(feature = "draw")]
pub mod view;
#[cfg(feature = "window")]
pub mod window;
