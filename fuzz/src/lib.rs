//! The fuzz targets' crate. It has no target yet; the functions to be fuzzed are
//! `wire::frame::Reader`, `wire::codec::decode` and `mixd::session::Session`.
