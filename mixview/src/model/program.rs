//! Programs that play: the streams of a channel that are one program's, which have one row.

use wire::{Channel, Stream, StreamState};

use super::Daemon;

/// A program that plays through a channel.
#[derive(Clone, Debug)]
pub struct Program<'a> {
    /// The stream that is the oldest, whose id is the row's.
    pub first: &'a Stream,
    /// All of its streams in the channel, the oldest first.
    pub streams: Vec<&'a Stream>,
}

impl<'a> Program<'a> {
    /// Returns the streams' ids, the oldest's first.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.streams.iter().map(|stream| stream.id)
    }

    /// Returns whether any of its streams sounds.
    pub fn is_running(&self) -> bool {
        self.streams.iter().any(|stream| stream.running)
    }

    /// Returns the stream whose state the row shows: the oldest of those that need most to be known of.
    pub fn shown(&self) -> &'a Stream {
        let shown = self.streams.iter().rev();
        let shown = shown.max_by_key(|stream| urgency(stream.state));
        shown.copied().unwrap_or(self.first)
    }

    /// Returns the stream by whose id mixd is asked to move the program: it refuses to move one that it leaves
    /// alone, although it moves the others.
    pub fn movable(&self) -> &'a Stream {
        let movable = self.streams.iter();
        let movable = movable.min_by_key(|stream| urgency(stream.state));
        movable.copied().unwrap_or(self.first)
    }
}

/// Returns how much a state needs to be known of.
fn urgency(state: StreamState) -> u8 {
    match state {
        StreamState::Routed => 0,
        StreamState::Waiting => 1,
        StreamState::Unknown => 2,
        StreamState::Ignored => 3,
        StreamState::Pinned => 4,
        StreamState::Contested => 5,
    }
}

/// Returns whether two streams are one program's, as far as mixd tells its clients.
fn is_same(a: &Stream, b: &Stream) -> bool {
    a.name == b.name && a.binary == b.binary
}

impl Daemon {
    /// Returns the programs that play through a channel, the oldest first.
    pub fn programs(&self, channel: Channel) -> Vec<Program<'_>> {
        let mut programs: Vec<Program<'_>> = Vec::new();
        for stream in self.streams(channel) {
            let mut known = programs.iter_mut();
            match known.find(|program| is_same(program.first, stream)) {
                Some(program) => program.streams.push(stream),
                None => programs.push(Program {
                    first: stream,
                    streams: vec![stream],
                }),
            }
        }
        programs
    }

    /// Returns the program that has a stream of this id.
    pub fn program(&self, id: u32) -> Option<Program<'_>> {
        let stream = self.stream(id)?;
        let streams = self.streams(stream.channel);
        let streams: Vec<_> = streams.filter(|other| is_same(stream, other)).collect();
        let first = *streams.first()?;
        Some(Program { first, streams })
    }
}
