//! What we have set in the metadata and were never shown. While a client binds a metadata object,
//! PipeWire tells changes to that client alone (module-metadata, `metadata_property`, in 0.3.65 as
//! in 1.4): who runs `pw-metadata` or `wpctl` at that moment costs everybody else an event. So when
//! a target is not shown in time, all of the metadata is told again, to somebody who binds it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::Graph;
use super::fact::Action;
use super::patience::Matter;

/// The metadata is being told again.
#[derive(Debug)]
pub struct Reread {
    /// The streams for whose sake, with the serial that was set.
    late: BTreeMap<u32, u64>,
    /// What it has been told of so far.
    told: BTreeSet<u32>,
}

impl Reread {
    /// It has been told of this stream.
    pub fn note(&mut self, stream: u32) {
        self.told.insert(stream);
    }
}

impl Graph {
    /// Asks for the metadata to be told again, if what we have set there should have been long ago.
    pub(super) fn reread_if_late(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let unseen = self.streams.unseen();
        let late: BTreeMap<u32, u64> = unseen
            .filter(|&(stream, _)| self.patience.is_over(Matter::Echo(stream), now))
            .collect();
        if self.reread.is_none() && !late.is_empty() {
            let told = BTreeSet::new();
            self.reread = Some(Reread { late, told });
            actions.push(Action::Reread);
        }
    }

    /// All of the metadata has been told: what has not is not there. Since PipeWire has asked the
    /// session manager after our targets had been set, it is later than these.
    pub(super) fn end_reread(&mut self) {
        let Some(Reread { late, told }) = self.reread.take() else {
            return;
        };
        let targets = self.objects.targets.keys().copied();
        let gone: Vec<u32> = targets.filter(|stream| !told.contains(stream)).collect();
        for stream in gone {
            self.learn_target(stream, None, None);
        }
        for (stream, serial) in late {
            self.streams.presume_seen(stream, serial);
            self.patience.forget(Matter::Echo(stream));
            self.note_target(stream);
        }
    }
}
