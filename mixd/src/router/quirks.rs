//! Work-arounds for what one version of PipeWire or of a session manager does wrong. Each applies to
//! that version alone, and names the test that shows the fault.
//!
//! PipeWire says its version when the connection is made. WirePlumber's client says its own as
//! `application.version` from 0.5 on; 0.4.13 says none.

use std::time::Instant;

use super::Router;
use super::timeouts::Timeout;

/// Debian 12's PipeWire.
const PIPEWIRE_0_3_65: &str = "0.3.65";

impl Router {
    fn is_pipewire_0_3_65(&self) -> bool {
        self.version.as_deref() == Some(PIPEWIRE_0_3_65)
    }

    /// The properties that keep what a session manager remembers of our sinks away from them, on
    /// PipeWire 0.3.65, whose session manager is WirePlumber 0.4.13: that takes the text "false" of
    /// `state.restore-props` for yes (restore-stream.lua compares it with a boolean), and sets level and
    /// mute of an earlier run after we have set ours. It leaves alone what belongs to a card's routes. The
    /// session manager may come after our sinks, so that its own version is not asked for.
    ///
    /// Test: `level_and_mute_of_an_earlier_run_are_gone`.
    pub fn sink_properties(&self) -> &'static [(&'static str, &'static str)] {
        match self.is_pipewire_0_3_65() {
            true => &[("device.routes", "1")],
            false => &[],
        }
    }

    /// Whether all that we have linked is to be unlinked for the moment, on PipeWire 0.3.65. A session
    /// manager that comes suspends each node that it finds, and that PipeWire spins for ever when two
    /// nodes that feed the same port of a third are suspended one after the other while samples flow
    /// (impl-link.c, `check_states`: the output port waits for a format, the input port has one by the
    /// other link). Of the links between two nodes, only the first carries samples after that.
    ///
    /// Test: `after_a_session_managers_return_all_is_heard_on_both_sides`.
    pub(super) fn lets_manager_suspend(&mut self, now: Instant) -> bool {
        self.is_manager_starting
            && self.is_pipewire_0_3_65()
            && !self.timeouts.expired(Timeout::ManagerSuspending, now)
    }

    /// Whether a stream may have a `target.node` that nobody has told us of, on PipeWire 0.3.65:
    /// WirePlumber 0.4.13 sets it from memory when a stream starts, and that PipeWire does not tell us
    /// while another program binds the metadata.
    ///
    /// Test: `a_remembered_stream_is_played_once_after_each_restart`.
    pub(super) fn may_have_untold_node(&self, stream: u32) -> bool {
        let target = self.registry.targets.get(&stream);
        self.is_pipewire_0_3_65() && target.is_none_or(|target| target.node.is_none())
    }
}
