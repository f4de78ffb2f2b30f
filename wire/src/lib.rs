//! mixd's wire protocol: what is said ([`message`]), how it is framed ([`frame`]) and
//! encoded ([`codec`]), where it is said ([`socket`]), and a small blocking [`client`].
//!
//! A frame is an 8-byte little-endian header (`u16` body length, `u8` kind, `u8` zero, `u32` id)
//! and a body, which is exactly one CBOR item in the deterministic form of RFC 8949 section 4.2.1.
//! The client says `Hello`, the daemon `Welcome`; then each `Request` gets exactly one `Reply` or
//! `Error`, in order, and a subscriber gets an `Event` with the whole state of a topic at once and
//! after every change.
//!
//! ```no_run
//! use wire::{Client, Name, Reply, Request};
//!
//! let mut client = Client::connect(&Name::resolve(None)?, "example")?;
//! if let Reply::Mix(mix) = client.request(&Request::GetVolume)? {
//!     println!("{}", mix.volume); // "0.2"
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

pub mod client;
pub mod codec;
pub mod frame;
#[cfg(feature = "fuzz")]
pub mod fuzz;
pub mod message;
pub mod socket;
mod text;
pub mod vectors;
mod volume;

pub use client::{Client, ClientError};
pub use message::{
    Audio, Channel, ErrorCode, Event, Failure, Hello, Mix, PipeWireState, Reply, Request, Status,
    Stream, StreamState, Topic, Topics, Welcome,
};
pub use socket::Name;
pub use text::{Text, TooLong};
pub use volume::{Gain, Shift, Volume, VolumeError};

/// The number of the protocol that this crate speaks. It grows when a peer that knows only the
/// older number could misunderstand the newer one.
pub const PROTOCOL: u32 = 1;
