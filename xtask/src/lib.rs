//! What the tests of all crates share with the commands: a private PipeWire to play to
//! ([`lab`]), a desktop ([`desktop`]), a mixd in it ([`mixd`]), processes that end with their owner ([`process`]), and
//! levels ([`level`]).

pub mod desktop;
pub mod lab;
pub mod level;
pub mod mixd;
pub mod process;

/// A sentence that says what went wrong.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// What every step of a lab returns.
pub type Result<T> = std::result::Result<T, Error>;
