//! `watch`: prints the volume and the muted channels now and after every change, a line each, until the
//! reader has gone.

use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use wire::socket::{self, Interest};
use wire::{Audio, Channel, ClientError, Event, Mix, Name, Request, Topic};

use crate::args::WatchFormat;
use crate::ask::{RETRY, connect};
use crate::failure::{Failure, sentence};
use crate::output::{print, say};
use crate::{bar, json, print as plain};

/// Why [`follow`] ended.
enum End {
    /// The reader has gone.
    Reader,
    /// mixd can't be reached, or has gone.
    Mixd(ClientError),
}

/// Prints a line for every change; with `reconnect` waits for mixd when it has gone.
pub fn watch(name: &Name, format: WatchFormat, reconnect: bool) -> Result<(), Failure> {
    let mut was_told = false;
    loop {
        let error = match follow(name, format, &mut was_told)? {
            End::Reader => return Ok(()),
            End::Mixd(error) => error,
        };
        if !was_told {
            print(&offline(format))?;
            was_told = true;
            if reconnect {
                say(&format!("{}; waiting for it", sentence(&error, name)));
            }
        }
        if !reconnect {
            return Err(error.into());
        }
        let output = io::stdout();
        let waits = [(output.as_fd(), Interest::End)];
        if socket::poll(waits, Some(Instant::now() + RETRY))?[0].ended {
            return Ok(());
        }
    }
}

/// Prints while mixd is there. Resets `was_told`, whether it has been said that mixd is not there, once a
/// volume has been printed.
fn follow(name: &Name, format: WatchFormat, was_told: &mut bool) -> Result<End, Failure> {
    let client = connect(name).and_then(|mut client| {
        let topics = [Topic::Volume, Topic::Streams].into_iter().collect();
        client.request(&Request::Subscribe(topics))?;
        Ok(client)
    });
    let mut client = match client {
        Ok(client) => client,
        Err(error) => return Ok(End::Mixd(error)),
    };
    let (mut mix, mut audio, mut printed) = (None, None, String::new());
    loop {
        match client.next_event(Some(Instant::now())) {
            Ok(Some(event)) => {
                let is_volume = matches!(event, Event::Volume(_));
                match event {
                    Event::Volume(new) => mix = Some(new),
                    Event::Streams(new) => audio = Some(new.into_owned()),
                    _ => {}
                }
                if let (Some(mix), Some(audio)) = (&mix, &audio) {
                    let line = line(format, mix, audio);
                    // What else has changed of the sound is not in it.
                    if is_volume || line != printed || *was_told {
                        print(&line)?;
                        (printed, *was_told) = (line, false);
                    }
                }
            }
            Ok(None) => {
                let output = io::stdout();
                let waits = [
                    (client.as_fd(), Interest::Readable),
                    (output.as_fd(), Interest::End),
                ];
                if socket::poll(waits, None)?[1].ended {
                    return Ok(End::Reader);
                }
            }
            Err(error) => return Ok(End::Mixd(error)),
        }
    }
}

fn line(format: WatchFormat, mix: &Mix, audio: &Audio) -> String {
    let muted: Vec<Channel> = audio.muted().collect();
    match format {
        WatchFormat::Plain => plain::watched(mix, &muted),
        WatchFormat::Json => json::watched(mix, &audio.outputs, &muted),
        WatchFormat::Waybar => bar::waybar(mix, &muted),
        WatchFormat::Wob => bar::wob(mix),
    }
}

fn offline(format: WatchFormat) -> String {
    match format {
        WatchFormat::Plain => "offline\n".to_owned(),
        WatchFormat::Json => json::offline(),
        WatchFormat::Waybar => bar::waybar_offline(),
        // It ends at a line that is no number.
        WatchFormat::Wob => String::new(),
    }
}
