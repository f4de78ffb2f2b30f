//! How long the router waits for others: most of what it would do, a session manager does in a moment.

use std::time::{Duration, Instant};

use wire::Channel;

use super::event::{Command, Ports};
use crate::sorted::SortedMap;

/// How often in a row PipeWire may refuse the same command: it is given again after 1, 2, 4 and 8 s, and
/// then no more.
pub const MAX_ATTEMPTS: u8 = 5;

/// An event that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timeout {
    /// A session manager.
    Manager,
    /// A session manager that has just come, to set up the nodes that it finds.
    ManagerStarting,
    /// The same, to suspend them all (see `quirks.rs`).
    ManagerSuspending,
    /// The ports of a node.
    Ports(u32),
    /// A link of a stream.
    Link(u32),
    /// The metadata, to show a stream's target that was set.
    Acknowledgement(u32),
    /// A default sink that is there, after this many refreshes in vain.
    DefaultSink(u32),
    /// A stream, to play through its channel.
    Routed(u32),
    /// A client that removes our sinks, to stop.
    RecreateSinks,
    /// The next attempt to create a channel's sink, after PipeWire has refused this many.
    RefusedSink(Channel, u8),
    /// A client that removes this link, to stop.
    RetryLink(Ports),
    /// The next attempt to make this link, after PipeWire has refused this many.
    RefusedLink(Ports, u8),
    /// This link, which was removed and made again, to last.
    LinkStable(Ports),
    /// The missing links of a stream, or the end of those that lead it elsewhere besides.
    Complete(u32),
    /// A session manager, to move a paused stream to the default sink.
    Retarget(u32),
    /// A mixd that was here before this one, to go.
    OtherMixd,
    /// Another client, to set the level of a channel's sinks once more.
    Level(Channel),
    /// A client that sets the level of a channel's sinks, to stop.
    LevelUncontested(Channel),
    /// The session manager, to forget that streams played to this sink of ours.
    SinkDrained(u32),
}

impl Timeout {
    /// Returns how long: a session manager needs tens of milliseconds for a port, a link or a key, and up to a
    /// second for its own start. For a stream, also until the router has linked it itself.
    const fn limit(self) -> Duration {
        match self {
            // The last is in no hurry: its successor has taken over.
            Self::Manager | Self::OtherMixd | Self::ManagerStarting | Self::SinkDrained(_) => {
                Duration::from_secs(2)
            }
            Self::ManagerSuspending | Self::Level(_) | Self::Complete(_) | Self::Retarget(_) => {
                Duration::from_millis(500)
            }
            Self::Ports(_) | Self::Link(_) | Self::Acknowledgement(_) => Duration::from_secs(1),
            Self::DefaultSink(refreshes) => Duration::from_secs(1 << refreshes),
            Self::RefusedSink(_, refusals) | Self::RefusedLink(_, refusals) => {
                Duration::from_secs(1 << refusals.saturating_sub(1))
            }
            Self::Routed(_) => Duration::from_millis(1500),
            Self::RecreateSinks | Self::LevelUncontested(_) => Duration::from_mins(1),
            Self::RetryLink(_) => Duration::from_secs(30),
            Self::LinkStable(_) => Duration::from_secs(10),
        }
    }
}

/// The beginning of each wait.
#[derive(Debug, Default)]
pub struct Timeouts {
    since: SortedMap<Timeout, Instant>,
}

impl Timeouts {
    /// Ends the wait.
    pub fn forget(&mut self, timeout: Timeout) {
        self.since.remove(&timeout);
    }

    /// Returns when the next one expires.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let ends = self
            .since
            .iter()
            .map(|(timeout, &since)| since + timeout.limit());
        ends.filter(|&end| end > now).min()
    }
}

/// One round of planning. A wait that the round does not ask about ends with it.
#[derive(Debug)]
pub struct Round<'a> {
    /// The time at which it is planned.
    pub now: Instant,
    /// The router does a session manager's work: there is none and none has come in time, or it hangs.
    pub is_alone: bool,
    /// The commands, in the order in which the adapter carries them out.
    pub commands: Vec<Command>,
    timeouts: &'a mut Timeouts,
    waits: SortedMap<Timeout, Instant>,
}

impl<'a> Round<'a> {
    /// Begins a round.
    pub fn new(timeouts: &'a mut Timeouts, now: Instant) -> Self {
        Self {
            now,
            is_alone: false,
            commands: Vec::new(),
            timeouts,
            waits: SortedMap::new(),
        }
    }

    /// Waits, from the first round on that asks. Returns whether that has been for too long.
    pub fn expired(&mut self, timeout: Timeout) -> bool {
        let since = *self.timeouts.since.get(&timeout).unwrap_or(&self.now);
        self.waits.insert(timeout, since);
        self.now >= since + timeout.limit()
    }

    /// Waits from now on.
    pub fn restart(&mut self, timeout: Timeout) {
        self.timeouts.since.remove(&timeout);
        self.waits.insert(timeout, self.now);
    }

    /// Ends the round. Returns the commands.
    pub fn end(self) -> Vec<Command> {
        self.timeouts.since = self.waits;
        self.commands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_expires_after_its_limit_and_begins_anew_after_a_round_without() {
        let mut timeouts = Timeouts::default();
        let (timeout, start) = (Timeout::Link(1), Instant::now());
        let end = start + timeout.limit();
        let mut ask = |now| {
            let mut round = Round::new(&mut timeouts, now);
            let expired = round.expired(timeout);
            round.end();
            (expired, timeouts.deadline(now))
        };
        assert_eq!(ask(start), (false, Some(end)));
        assert_eq!(ask(end), (true, None));
        Round::new(&mut timeouts, end).end();
        assert!(!Round::new(&mut timeouts, end).expired(timeout));
    }
}
