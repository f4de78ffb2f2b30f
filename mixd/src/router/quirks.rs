//! Work-arounds for what some versions of PipeWire or of a session manager do. Each applies to those
//! versions alone, and names the test that shows what they do. What crashes a version, and is never
//! sent to any, is noted where it would be sent (`pipewire/pod.rs`); what costs nothing elsewhere is done for
//! all versions (the wait before a sink goes: `sinks.rs`).
//!
//! PipeWire says its version when the connection is made. WirePlumber's client says its own as
//! `application.version` from 0.5 on; 0.4.13 says none.

use super::manager::SessionManager;
use super::registry::Registry;
use super::timeouts::{Round, Timeout};

/// Debian 12's PipeWire.
const PIPEWIRE_0_3_65: &str = "0.3.65";

impl Registry {
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

    /// Returns whether a stream may have a `target.node` of which no event has come, on PipeWire 0.3.65:
    /// WirePlumber 0.4.13 sets it from memory when a stream starts, and that PipeWire does not tell us
    /// while another program binds the metadata.
    ///
    /// Test: `a_remembered_stream_is_played_once_after_each_restart`.
    pub fn may_have_untold_node(&self, stream: u32) -> bool {
        let target = self.targets.get(&stream);
        self.is_pipewire_0_3_65() && target.is_none_or(|target| target.node.is_none())
    }

    /// Returns whether all that is played to a card loses a quantum when a null sink that something plays to is
    /// unlinked from it, ours or not, on PipeWire 0.3.65. A stream that moves from one sink to another costs
    /// nobody anything, nor does a sink that nothing plays to.
    ///
    /// Test: `what_happens_to_the_aux_channels_card_changes_no_sample_of_the_default_channel`.
    pub fn loses_samples_as_a_sink_leaves(&self) -> bool {
        self.is_pipewire_0_3_65()
    }

    /// Returns whether the session manager pauses the media players whose sink goes: `WirePlumber` does
    /// from 0.5.11 on (mpris-pause.lua).
    ///
    /// Test: `a_clean_end_pauses_no_player`.
    pub fn pauses_players(&self) -> bool {
        let manager = self.owner.manager();
        let version = manager.and_then(|id| self.client_property(id, "application.version"));
        let numbers = version.unwrap_or_default().split('.');
        let numbers: Vec<u32> = numbers.map_while(|number| number.parse().ok()).collect();
        numbers.as_slice() >= &[0, 5, 11]
    }
}

impl SessionManager {
    /// Returns whether all of our links must go for the moment, on PipeWire 0.3.65. A session
    /// manager that comes suspends each node that it finds, and that PipeWire spins for ever when two
    /// nodes that feed the same port of a third are suspended one after the other while samples flow
    /// (impl-link.c, `check_states`: the output port waits for a format, the input port has one by the
    /// other link). Of the links between two nodes, only the first carries samples after that.
    ///
    /// Test: `after_a_session_managers_return_all_is_heard_on_both_sides`.
    pub fn may_suspend(&self, registry: &Registry, round: &mut Round) -> bool {
        self.is_starting
            && registry.is_pipewire_0_3_65()
            && !round.expired(Timeout::ManagerSuspending)
    }
}
