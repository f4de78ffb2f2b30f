//! Two mixd on one PipeWire would make four sinks, and each would move the other's streams. The one that
//! came first stays; the other ends. Each knows the other by a property of its client: they may listen
//! at different sockets, or at one that somebody has deleted.

use super::registry::Registry;
use super::timeouts::{Round, Timeout};

/// The client property that all connections of one mixd have in common, and with no other.
pub const INSTANCE: &str = "mixd.instance";

/// Other instances of mixd on this PipeWire.
#[derive(Debug, Default)]
pub struct OtherMixd {
    /// The value of [`INSTANCE`] of our own connections.
    pub instance: Option<String>,
    /// The client of one that was here before and stays.
    refused_by: Option<u32>,
}

impl OtherMixd {
    /// The client of a mixd that was connected before this one.
    fn earlier(&self, registry: &Registry) -> Option<u32> {
        let own = self.instance.as_deref()?;
        let instances = registry.clients().filter_map(|(id, props)| {
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

    /// Returns whether an earlier mixd is there: as a rule one that is leaving or was killed, whose place
    /// this one takes.
    pub fn is_awaited(&mut self, registry: &Registry, round: &mut Round) -> bool {
        let Some(client) = self.earlier(registry) else {
            return false;
        };
        if round.expired(Timeout::OtherMixd) {
            self.refused_by = Some(client);
        }
        true
    }

    /// Returns the sentence that says why this mixd can't run here, if it can't.
    pub fn refusal(&self, registry: &Registry) -> Option<String> {
        let client = self.refused_by?;
        let pid = registry.client_property(client, "pipewire.sec.pid");
        let pid = pid.unwrap_or("unknown");
        Some(format!(
            "another mixd (pid {pid}) runs on this PipeWire; use that one, or end it first: 'kill {pid}'"
        ))
    }
}
