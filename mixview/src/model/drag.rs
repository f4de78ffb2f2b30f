//! A stream that is dragged to the other channel.

use wire::Channel;

/// A stream under the pointer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dragged {
    pub id: u32,
    /// Where the pointer is, in logical pixels.
    pub x: f32,
    pub y: f32,
    /// The channel that a drop here would send it to.
    pub channel: Channel,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Drag {
    #[default]
    Idle,
    Active(Dragged),
    /// Given up by Escape, while the button is still held.
    Cancelled,
}

impl Drag {
    pub fn dragged(&self) -> Option<Dragged> {
        match self {
            Self::Active(dragged) => Some(*dragged),
            Self::Idle | Self::Cancelled => None,
        }
    }

    pub(super) fn update(&mut self, dragged: Dragged) {
        if *self != Self::Cancelled {
            *self = Self::Active(dragged);
        }
    }

    /// Ends it. Returns the stream, unless it was cancelled.
    pub(super) fn finish(&mut self) -> Option<Dragged> {
        let dragged = self.dragged();
        *self = Self::Idle;
        dragged
    }
}
