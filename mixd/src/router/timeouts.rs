//! How long others are waited for: what a session manager will do in a moment, as a rule, is waited for
//! before the router does it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use wire::Channel;

use super::event::{Command, Ports};

/// How often in a row PipeWire may refuse the same command: it is given again after 1, 2, 4 and 8 s, and
/// then no more.
pub const MAX_ATTEMPTS: u8 = 5;

/// What is waited for.
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
    /// Whoever removes our sinks, to be done with it.
    RecreateSinks,
    /// The next attempt to create a channel's sink, after PipeWire has refused this many.
    RefusedSink(Channel, u8),
    /// Whoever removes this link, to be done with it.
    RetryLink(Ports),
    /// The next attempt to make this link, after PipeWire has refused this many.
    RefusedLink(Ports, u8),
    /// This link, which was removed and made again, to last.
    LinkStable(Ports),
    /// The missing links of a stream, or the end of those that lead it elsewhere besides.
    Complete(u32),
    /// A session manager, to move a stream away from its channel, so that it can be asked for anew.
    Retarget(u32),
    /// A mixd that was here before this one, to go.
    OtherMixd,
    /// The level of a channel's sinks, to be set by others once more.
    Level(Channel),
    /// Whoever sets the level of a channel's sinks, to be done with it.
    LevelUncontested(Channel),
    /// The session manager, to forget that streams played to this sink of ours.
    SinkDrained(u32),
}

impl Timeout {
    /// How long: a session manager needs tens of milliseconds for a port, a link or a key, and up to a
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

/// Since when each is waited for.
#[derive(Debug, Default)]
pub struct Timeouts {
    since: BTreeMap<Timeout, Instant>,
}

impl Timeouts {
    /// Ends the wait: what is waited for from here on is another one.
    pub fn forget(&mut self, timeout: Timeout) {
        self.since.remove(&timeout);
    }

    /// When the next one expires.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let ends = self
            .since
            .iter()
            .map(|(timeout, &since)| since + timeout.limit());
        ends.filter(|&end| end > now).min()
    }
}

/// One round of planning. What it does not ask about has come, and is waited for no more.
#[derive(Debug)]
pub struct Round<'a> {
    /// The time at which it is planned.
    pub now: Instant,
    /// Whether what a session manager would do is ours to do: there is none, nor does one come, or it
    /// has been waited for already.
    pub is_alone: bool,
    /// What is to be done, in this order.
    pub commands: Vec<Command>,
    timeouts: &'a mut Timeouts,
    waits: BTreeMap<Timeout, Instant>,
}

impl<'a> Round<'a> {
    /// Begins a round.
    pub fn new(timeouts: &'a mut Timeouts, now: Instant) -> Self {
        Self {
            now,
            is_alone: false,
            commands: Vec::new(),
            timeouts,
            waits: BTreeMap::new(),
        }
    }

    /// Waits, from the first round on that does so. Returns whether that has been for too long.
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

    /// Ends the round. Returns what is to be done.
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
