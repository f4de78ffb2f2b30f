//! The window of mixd. Not made yet; what there is of it is the table of its words ([`usage`]).

pub mod usage;
