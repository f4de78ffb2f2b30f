//! mixd's wire protocol: the messages ([`message`]), their encoding ([`codec`]) and frames ([`frame`]),
//! the sockets that carry them ([`socket`]), and a small [`client`].
//!
//! A frame is an 8-byte little-endian header (`u16` body length, `u8` kind, `u8` zero, `u32` id)
//! and a body, which is exactly one CBOR item in the deterministic form of RFC 8949 section 4.2.1.
//! The client says `Hello`, the daemon `Welcome`; then each `Request` gets exactly one `Reply` or
//! `Error`, in order, and a subscriber gets an `Event` with the whole state of a topic at once and
//! after every change.
//!
//! PROTOCOL.md beside this crate is the specification for other languages.
//!
//! ```
//! use wire::{Client, Name, Reply, Request};
//!
//! # // A daemon that welcomes a client and answers it, so that this example runs anywhere.
//! # use wire::frame::{Kind, Reader, Writer};
//! # use wire::{Mix, Welcome, codec, socket};
//! # let name = Name::parse(format!("@wire-example-{}", std::process::id()).as_ref())?;
//! # let listener = socket::Listener::bind(&name)?;
//! # std::thread::spawn(move || {
//! #     let again = || std::thread::sleep(std::time::Duration::from_millis(1));
//! #     let fd = loop { if let Ok(fd) = listener.accept() { break fd } else { again() } };
//! #     let (mut reader, mut writer) = (Reader::new(1024, 0), Writer::new(1024));
//! #     loop {
//! #         while let Ok(Some(frame)) = reader.peek() {
//! #             let welcome = Welcome::new("example");
//! #             let mix = Reply::Mix(Mix::default());
//! #             let pushed = match frame.kind {
//! #                 Kind::Hello => writer.push(Kind::Welcome, frame.id, |b| codec::encode(&welcome, b)),
//! #                 _ => writer.push(Kind::Reply, frame.id, |b| codec::encode(&mix, b)),
//! #             };
//! #             pushed.unwrap();
//! #             reader.consume();
//! #         }
//! #         if let Ok(count) = socket::send(&fd, writer.pending()) { writer.sent(count); }
//! #         match socket::receive(&fd, reader.space()) {
//! #             Ok(0) => break,
//! #             Ok(count) => reader.filled(count),
//! #             Err(_) => again(),
//! #         }
//! #     }
//! # });
//! # let socket = name.to_string();
//! # let socket = Some(socket.as_ref());
//! // `socket` is the name that the user gives, or None for the usual one.
//! let mut client = Client::connect(&Name::resolve(socket)?, "example 1.0")?;
//! match client.request(&Request::GetVolume)? {
//!     Reply::Mix(mix) => assert_eq!(mix.volume.to_string(), "0"),
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

pub mod canonical;
mod case;
pub mod client;
pub mod codec;
mod curve;
pub mod frame;
pub mod message;
mod name;
mod names;
pub mod socket;
mod text;
mod topics;
pub mod vectors;
mod volume;

pub use case::{fold, is_same};
pub use client::{Client, ClientError, Incoming};
pub use message::{
    Audio, Change, Channel, Curve, Diagnosis, ErrorCode, Event, Failure, Hello, Holder, Mix, Move,
    Output, OutputChoice, Outputs, PipeWireState, Property, Reason, Reply, Request, Rule, Settings,
    Sink, SinkList, SinkUser, Source, Status, Stream, StreamDetail, StreamList, StreamState, Topic,
    Warning, Welcome,
};
pub use name::{Name, NameError, VARIABLE};
pub use text::{Text, TooLong, is_visible, quoted, visible};
pub use topics::{Requests, Topics};
pub use volume::{Gain, Shift, Snap, Volume, VolumeError};

/// The number of the protocol that this crate speaks. It grows when a peer that knows only the
/// older number could misunderstand the newer one.
pub const PROTOCOL: u32 = 1;
