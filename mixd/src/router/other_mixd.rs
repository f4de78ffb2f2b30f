//! Two mixd on one PipeWire would make four sinks, and each would move the other's streams. The one that
//! came first stays; of the other, the daemon ends. Each knows the other by a property of its client:
//! what they listen at may be another socket each, or one that somebody has deleted.

use std::time::Instant;

use super::Router;
use super::timeouts::Timeout;

/// The client property that all connections of one mixd have in common, and with no other.
pub const INSTANCE: &str = "mixd.instance";

impl Router {
    /// What all connections of ours say of themselves as [`INSTANCE`].
    pub fn set_instance(&mut self, instance: String) {
        self.instance = Some(instance);
    }

    /// The client of a mixd that was connected before us.
    fn other_mixd(&self) -> Option<u32> {
        let own = self.instance.as_deref()?;
        let instances = self.registry.clients().filter_map(|(id, props)| {
            let serial = props.get("object.serial").and_then(|it| it.parse().ok());
            Some((serial.unwrap_or(u64::from(id)), id, &**props.get(INSTANCE)?))
        });
        let instances: Vec<(u64, u32, &str)> = instances.collect();
        let ours = instances.iter().filter(|(.., name)| *name == own);
        let (first, ..) = *ours.min()?;
        let mut others = instances.iter().filter(|(.., name)| *name != own);
        others
            .find(|(serial, ..)| *serial < first)
            .map(|&(_, id, _)| id)
    }

    /// Whether such a one is there: as a rule one that leaves, or that was killed, whose place is to be
    /// taken.
    pub(super) fn awaits_other_mixd(&mut self, now: Instant) -> bool {
        let Some(client) = self.other_mixd() else {
            return false;
        };
        if self.timeouts.expired(Timeout::OtherMixd, now) {
            self.refused_by = Some(client);
        }
        true
    }

    /// Why we can't be here, if we can't.
    pub fn refusal(&self) -> Option<String> {
        let client = self.refused_by?;
        let pid = self.registry.client_property(client, "pipewire.sec.pid");
        let pid = pid.unwrap_or("unknown");
        Some(format!(
            "another mixd (pid {pid}) runs on this PipeWire; use that one, or end it first: 'kill {pid}'"
        ))
    }
}
