//! mixd, the daemon, as a library: so that its tests, the fuzz targets and the benchmarks reach
//! the parts. The program is `main.rs`.
//!
//! Decisions are pure, effects are at the edge: [`mixer`], [`rules`], [`router`], the parser and the editor
//! of [`config`], and the sessions of [`server`] take values and return values; [`daemon`], [`app`], [`sys`]
//! and the PipeWire adapter carry them out. Arrows point from the edge to the core, never back.

#[macro_use]
pub mod log;

pub mod app;
pub mod config;
pub mod daemon;
pub mod fade;
pub mod fake;
pub mod limits;
pub mod mixer;
pub mod options;
#[cfg(feature = "pipewire")]
pub mod pipewire;
pub mod process;
pub mod router;
pub mod rules;
pub mod server;
pub mod service_manager;
pub mod sorted;
pub mod sys;
