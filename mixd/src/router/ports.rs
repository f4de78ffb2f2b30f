//! The nodes whose ports the router has configured, where no session manager does: once each.

use super::event::Command;
use super::layout::Layout;
use super::registry::{Direction, Registry};
use super::timeouts::Round;
use crate::sorted::SortedSet;

/// The nodes whose ports have been configured, by id.
#[derive(Debug, Default)]
pub struct ConfiguredPorts(SortedSet<u32>);

impl ConfiguredPorts {
    /// Returns whether the ports of a node are ours.
    pub fn has(&self, node: u32) -> bool {
        self.0.contains(&node)
    }

    /// Forgets a node that has gone.
    pub fn forget(&mut self, node: u32) {
        self.0.remove(&node);
    }

    /// Gives ports to a node that has none.
    pub fn configure(
        &mut self,
        registry: &Registry,
        node: u32,
        direction: Direction,
        layout: Layout,
        round: &mut Round,
    ) {
        let is_bare = registry.infos.get(&node).is_some_and(|info| {
            0 == match direction {
                Direction::Input => info.inputs,
                Direction::Output => info.outputs,
            }
        });
        if is_bare && self.0.insert(node) {
            let command = Command::ConfigurePorts(node, direction, layout);
            round.commands.push(command);
        }
    }

    /// Gives a card without ports those that it says it should have.
    pub fn configure_card(&mut self, registry: &Registry, card: u32, round: &mut Round) {
        let position = registry.property(card, "audio.position");
        let layout = position.and_then(Layout::parse);
        let layout = layout.unwrap_or_else(Layout::stereo);
        self.configure(registry, card, Direction::Input, layout, round);
    }
}
