//! mixd, the daemon, as a library: so that its tests, the fuzz targets and the benchmarks reach
//! the parts. The program is `main.rs`.
//!
//! Decisions are pure, effects are at the edge. [`desk`], [`hold`], [`rules`], [`list`], [`glob`], [`config`],
//! [`router`], [`fade`], [`admission`], [`session`] and [`place`] take values and return values; [`daemon`], [`server`], [`sys`] and the
//! PipeWire adapter carry them out. Arrows point from the edge to the core, never back.

#[macro_use]
pub mod log;

pub mod backend;
pub mod config;
pub mod configuration;
pub mod daemon;
pub mod desk;
pub mod fade;
pub mod hold;
pub mod options;
#[cfg_attr(not(feature = "pipewire"), path = "pipewire_absent.rs")]
pub mod pipewire;
pub mod process;
pub mod router;
pub mod rules;
pub mod server;
pub mod service;
pub mod service_manager;
pub mod sys;
pub mod usage;
