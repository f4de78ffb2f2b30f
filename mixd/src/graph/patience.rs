//! How long something has been as it should not be. What is mended by others in a moment, as a
//! rule, is waited for before we do it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use wire::Channel;

use super::fact::Ports;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// A session manager.
    Manager,
    /// A session manager that has just come, to set up the nodes that it finds.
    Newcomer,
    /// The same, to suspend them all (see `quirks.rs`).
    Suspension,
    /// The ports of a node.
    Ports(u32),
    /// A link of a stream.
    Link(u32),
    /// A stream's target in the metadata, where we have set it.
    Echo(u32),
    /// A default sink that is there, after this many vain questions.
    Default(u32),
    /// A stream in its channel.
    Heed(u32),
    /// Whoever takes our sinks away, to be done with it.
    Remake,
    /// Whoever takes this link away, to be done with it.
    Relink(Ports),
    /// This link, which was taken away, to last.
    Held(Ports),
    /// The missing sides of a stream's links, or the end of those that lead it elsewhere besides.
    Whole(u32),
    /// A session manager to move a stream away from its channel, so that it can be asked for anew.
    Repeat(u32),
    /// A mixd that was here before us, to go.
    Elder,
    /// The level of a channel's sinks, to be set by others once more.
    Level(Channel),
    /// Whoever sets the level of a channel's sinks, to be done with it.
    Meddler(Channel),
    /// The session manager, to forget that streams played to this sink of ours.
    Emptied(u32),
}

impl Matter {
    /// How long: a session manager needs tens of milliseconds for a port, a link or a key, and up to a
    /// second for its own start. For a stream, also until we have linked it ourselves.
    const fn limit(self) -> Duration {
        match self {
            // The last is in no hurry: its successor has taken over.
            Self::Manager | Self::Elder | Self::Newcomer | Self::Emptied(_) => {
                Duration::from_secs(2)
            }
            Self::Suspension | Self::Level(_) | Self::Whole(_) | Self::Repeat(_) => {
                Duration::from_millis(500)
            }
            Self::Ports(_) | Self::Link(_) | Self::Echo(_) => Duration::from_secs(1),
            Self::Default(asked) => Duration::from_secs(1 << asked),
            Self::Heed(_) => Duration::from_millis(1500),
            Self::Remake | Self::Meddler(_) => Duration::from_mins(1),
            Self::Relink(_) => Duration::from_secs(30),
            Self::Held(_) => Duration::from_secs(10),
        }
    }
}

/// Since when each is waited for.
#[derive(Debug, Default)]
pub struct Patience {
    since: BTreeMap<Matter, Instant>,
    /// Still waited for, as this round has found so far.
    round: BTreeMap<Matter, Instant>,
}

impl Patience {
    /// Notes that it is still waited for; whether it has been for too long.
    pub fn is_over(&mut self, matter: Matter, now: Instant) -> bool {
        let since = *self.since.get(&matter).unwrap_or(&now);
        self.round.insert(matter, since);
        now >= since + matter.limit()
    }

    /// It has come; what is waited for from here on is another one.
    pub fn forget(&mut self, matter: Matter) {
        self.since.remove(&matter);
    }

    /// It is waited for from now on.
    pub fn restart(&mut self, matter: Matter, now: Instant) {
        self.since.remove(&matter);
        self.round.insert(matter, now);
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
            .map(|(matter, &since)| since + matter.limit());
        ends.filter(|&end| end > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_over_after_its_limit_and_begins_anew_after_a_round_without() {
        let mut patience = Patience::default();
        let (matter, start) = (Matter::Link(1), Instant::now());
        let end = start + matter.limit();
        let mut ask = |now| {
            let is_over = patience.is_over(matter, now);
            patience.end_round();
            (is_over, patience.deadline(now))
        };
        assert_eq!(ask(start), (false, Some(end)));
        assert_eq!(ask(end), (true, None));
        patience.end_round();
        assert!(!patience.is_over(matter, end));
    }
}
