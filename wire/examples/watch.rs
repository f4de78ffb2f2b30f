//! A client on the crate's public API: prints the volume now and after every change.
//!
//!     cargo run -p wire --example watch -- @mixd-1000

use std::ffi::OsString;

use wire::{Client, Event, Name, Request, Topic};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let socket: Option<OsString> = std::env::args_os().nth(1);
    let mut client = Client::connect(&Name::resolve(socket.as_deref())?, "watch")?;
    client.request(&Request::Subscribe([Topic::Volume].into_iter().collect()))?;
    loop {
        if let Some(Event::Volume(mix)) = client.next_event(None)? {
            println!("{}", mix.volume);
        }
    }
}
