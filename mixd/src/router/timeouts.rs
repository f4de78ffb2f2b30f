//! How long something has been as it should not be. What is mended by others in a moment, as a
//! rule, is waited for before we do it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use wire::Channel;

use super::event::Ports;

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
    /// A stream's target in the metadata, where we have set it.
    Acknowledgement(u32),
    /// A default sink that is there, after this many vain questions.
    DefaultSink(u32),
    /// A stream in its channel.
    Routed(u32),
    /// Whoever takes our sinks away, to be done with it.
    RecreateSinks,
    /// Whoever takes this link away, to be done with it.
    RetryLink(Ports),
    /// This link, which was taken away, to last.
    LinkStable(Ports),
    /// The missing sides of a stream's links, or the end of those that lead it elsewhere besides.
    Complete(u32),
    /// A session manager to move a stream away from its channel, so that it can be asked for anew.
    Retarget(u32),
    /// A mixd that was here before us, to go.
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
    /// second for its own start. For a stream, also until we have linked it ourselves.
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
            Self::DefaultSink(asked) => Duration::from_secs(1 << asked),
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
    /// Still waited for, as this round has found so far.
    round: BTreeMap<Timeout, Instant>,
}

impl Timeouts {
    /// Notes that it is still waited for; whether it has been for too long.
    pub fn expired(&mut self, timeout: Timeout, now: Instant) -> bool {
        let since = *self.since.get(&timeout).unwrap_or(&now);
        self.round.insert(timeout, since);
        now >= since + timeout.limit()
    }

    /// It has come; what is waited for from here on is another one.
    pub fn forget(&mut self, timeout: Timeout) {
        self.since.remove(&timeout);
    }

    /// It is waited for from now on.
    pub fn restart(&mut self, timeout: Timeout, now: Instant) {
        self.since.remove(&timeout);
        self.round.insert(timeout, now);
    }

    /// Ends a round: what was not asked about in it has come, and is forgotten.
    pub fn end_round(&mut self) {
        self.since = std::mem::take(&mut self.round);
    }

    /// When the next one is over.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let ends = self
            .since
            .iter()
            .map(|(timeout, &since)| since + timeout.limit());
        ends.filter(|&end| end > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_over_after_its_limit_and_begins_anew_after_a_round_without() {
        let mut timeouts = Timeouts::default();
        let (timeout, start) = (Timeout::Link(1), Instant::now());
        let end = start + timeout.limit();
        let mut ask = |now| {
            let expired = timeouts.expired(timeout, now);
            timeouts.end_round();
            (expired, timeouts.deadline(now))
        };
        assert_eq!(ask(start), (false, Some(end)));
        assert_eq!(ask(end), (true, None));
        timeouts.end_round();
        assert!(!timeouts.expired(timeout, end));
    }
}
