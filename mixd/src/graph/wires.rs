//! The links of ours: which there are, and how often each has been taken away.

use std::collections::{BTreeMap, BTreeSet};

use super::fact::{Action, Ports};

/// How often one may be taken away before it is not made again.
pub const MAX_RELINKS: u8 = 3;

/// The links of ours.
#[derive(Debug, Default)]
pub struct Wires {
    made: BTreeSet<Ports>,
    /// Undone by us, and not yet gone.
    fading: BTreeSet<Ports>,
    lost: BTreeMap<Ports, u8>,
}

impl Wires {
    /// Whether we have made it and it should still be there.
    pub fn has(&self, ports: &Ports) -> bool {
        self.made.contains(ports)
    }

    /// Whether we have made it, and may have undone it since.
    pub fn is_ours(&self, ports: &Ports) -> bool {
        self.made.contains(ports) || self.fading.contains(ports)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Ports> {
        self.made.iter()
    }

    /// A link has gone. Whether it was one of these, taken away by somebody else.
    pub fn lose(&mut self, ports: Ports) -> bool {
        if self.fading.remove(&ports) {
            return false;
        }
        let was_ours = self.made.remove(&ports);
        if was_ours {
            *self.lost.entry(ports).or_default() += 1;
        }
        was_ours
    }

    /// A port has gone: what was between it and others is no loss to remember, for the next port
    /// of this id is another one.
    pub fn forget_port(&mut self, id: u32) {
        let has = |ports: &Ports| ports.output == id || ports.input == id;
        self.lost.retain(|ports, _| !has(ports));
        self.fading.retain(|ports| !has(ports));
        self.made.retain(|ports| !has(ports));
    }

    /// A node goes by our own hand, and its links with it.
    pub fn drop_node(&mut self, id: u32) {
        self.made.retain(|ports| ports.output_node != id);
    }

    /// What was taken away is made again from now on.
    pub fn forgive(&mut self) {
        self.lost.clear();
    }

    /// What is to be done to have those that are wanted, and no others.
    pub fn settle(&mut self, wanted: &BTreeSet<Ports>, actions: &mut Vec<Action>) {
        let unwanted: Vec<Ports> = self.made.difference(wanted).copied().collect();
        for ports in unwanted {
            self.made.remove(&ports);
            self.fading.insert(ports);
            actions.push(Action::Unlink(ports));
        }
        for &ports in wanted {
            let lost = self.lost.get(&ports).copied().unwrap_or(0);
            if lost <= MAX_RELINKS && self.made.insert(ports) {
                actions.push(Action::Link(ports));
            }
        }
    }
}
