//! The links of ours: which there are, and how often each may still be made again. Whoever takes one
//! away in a row is not to be fought, and not to be given in to for ever: after a while it is made once
//! more, and one that has held for a while is as good as new.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::event::{Command, Ports};
use super::timeouts::{Timeout, Timeouts};

/// How often in a row one from a sink of ours to the card is made again.
pub const MAX_RELINKS: u8 = 3;

/// The links of ours.
#[derive(Debug, Default)]
pub struct Links {
    made: BTreeSet<Ports>,
    /// Undone by us, and not yet gone.
    unlinking: BTreeSet<Ports>,
    /// How often each that was taken away may still be made again.
    tries: BTreeMap<Ports, u8>,
}

impl Links {
    /// Whether we have made it and it should still be there.
    pub fn has(&self, ports: &Ports) -> bool {
        self.made.contains(ports)
    }

    /// Whether we have made it, and may have undone it since.
    pub fn is_ours(&self, ports: &Ports) -> bool {
        self.made.contains(ports) || self.unlinking.contains(ports)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Ports> {
        self.made.iter()
    }

    /// A link has gone, or carries nothing. Whether it was one of these, against our will: it is
    /// made again as often as this in a row, if that is counted.
    pub fn lose(&mut self, ports: Ports, relinks: Option<u8>) -> bool {
        if self.unlinking.remove(&ports) {
            return false;
        }
        let was_ours = self.made.remove(&ports);
        if was_ours && let Some(relinks) = relinks {
            let left = self.tries.get(&ports).map(|left| left.saturating_sub(1));
            self.tries.insert(ports, left.unwrap_or(relinks));
        }
        was_ours
    }

    /// One that was just lost is still there, in a state in which it carries nothing: it goes by our hand.
    pub fn note_broken(&mut self, ports: Ports) {
        self.unlinking.insert(ports);
    }

    /// A port has gone: what was between it and others is no loss to remember, for the next port
    /// of this id is another one.
    pub fn forget_port(&mut self, id: u32) {
        let has = |ports: &Ports| ports.output == id || ports.input == id;
        self.tries.retain(|ports, _| !has(ports));
        self.unlinking.retain(|ports| !has(ports));
        self.made.retain(|ports| !has(ports));
    }

    /// A node goes by our own hand, and its links with it.
    pub fn drop_node(&mut self, id: u32) {
        self.made.retain(|ports| ports.output_node != id);
    }

    /// What was taken away is made again from now on.
    pub fn reset_retries(&mut self) {
        self.tries.clear();
    }

    /// What was given up is made once more.
    pub fn retry(&mut self) {
        for left in self.tries.values_mut() {
            *left = (*left).max(1);
        }
    }

    /// Those that were taken away so often that they are not made again for a while.
    pub fn given_up(&self) -> impl Iterator<Item = &Ports> {
        let tries = self.tries.iter();
        tries
            .filter(|(_, left)| **left == 0)
            .map(|(ports, _)| ports)
    }

    /// Forgets what is long ago.
    pub fn fade(&mut self, timeouts: &mut Timeouts, now: Instant) {
        self.tries.retain(|&ports, left| {
            let is_given_up = *left == 0;
            if is_given_up && timeouts.expired(Timeout::RetryLink(ports), now) {
                *left = 1;
            }
            is_given_up || !timeouts.expired(Timeout::LinkStable(ports), now)
        });
    }

    /// What is to be done to have those that are wanted, and no others.
    pub fn reconcile(&mut self, wanted: &BTreeSet<Ports>, commands: &mut Vec<Command>) {
        let unwanted: Vec<Ports> = self.made.difference(wanted).copied().collect();
        for ports in unwanted {
            self.made.remove(&ports);
            self.unlinking.insert(ports);
            commands.push(Command::Unlink(ports));
        }
        for &ports in wanted {
            if self.tries.get(&ports) != Some(&0) && self.made.insert(ports) {
                commands.push(Command::Link(ports));
            }
        }
    }
}
