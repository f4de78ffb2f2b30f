//! Where a stream is sent: by the metadata `default`, else by its own node. Read as WirePlumber
//! reads them: find-defined-target.lua in 0.5, `findDefinedTarget` of policy-node.lua in 0.4.

use std::collections::BTreeSet;

use wire::Channel;

use super::event::Command;
use super::registry::{Node, TARGET_NODE, TARGET_OBJECT};
use super::{Router, channel_of_name};

/// Where a stream is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To the default sink, or to one of a number that is no node's (any more).
    Anywhere,
    /// To a channel's sink.
    Ours(Channel),
    /// To another sink: this node.
    Elsewhere(u32),
    /// To one of a name that is no node's: a headset that is switched off. It may come back, and
    /// then the session manager looks for it.
    Absent,
}

impl Target {
    /// Whether it is somebody's choice of a sink that is not ours.
    pub fn is_chosen(self) -> bool {
        matches!(self, Self::Elsewhere(_) | Self::Absent)
    }

    /// The channel whose sink it is.
    pub fn channel(self) -> Option<Channel> {
        match self {
            Self::Ours(channel) => Some(channel),
            _ => None,
        }
    }
}

impl Router {
    /// Where the metadata sends a stream.
    pub(super) fn target(&self, stream: u32) -> Target {
        // The session manager looks at the two keys in this order, and takes "-1" for "anywhere".
        let found = match self.registry.targets.get(&stream) {
            None => None,
            Some(target) => match (&target.object, &target.node) {
                (Some(object), _) => {
                    if let Some(channel) = channel_of_name(object) {
                        return Target::Ours(channel);
                    }
                    let found = self.registry.find(object);
                    // The serial of what has gone is never another's.
                    if found.is_none() && is_name(object) && object.parse::<i64>().is_err() {
                        return Target::Absent;
                    }
                    found
                }
                (None, Some(id)) => {
                    let id = id.parse().ok();
                    id.filter(|id| self.registry.nodes().contains_key(id))
                }
                (None, None) => None,
            },
        };
        found.map_or(Target::Anywhere, |id| self.target_of_node(id))
    }

    /// The same where the metadata has no word on it: where its own node asks to be sent.
    pub(super) fn own_target_of(&self, stream: u32) -> Target {
        let Some((key, value)) = self.own_target_entry(stream) else {
            return Target::Anywhere;
        };
        let is_sink = |id: &u32| self.registry.nodes().get(id).is_some_and(Node::is_sink);
        let found = match value.parse::<u64>() {
            Ok(id) if key == TARGET_NODE => u32::try_from(id).ok().filter(is_sink),
            Ok(_) => self.registry.find(value).filter(is_sink),
            Err(_) => match self.registry.find_sink(value) {
                None => return channel_of_name(value).map_or(Target::Absent, Target::Ours),
                found => found,
            },
        };
        found.map_or(Target::Anywhere, |id| self.target_of_node(id))
    }

    fn target_of_node(&self, node: u32) -> Target {
        let channel = self.channel(node);
        channel.map_or(Target::Elsewhere(node), Target::Ours)
    }

    /// The sink that the program itself asks for (`pw-play --target`, `paplay --device`).
    pub(super) fn own_target(&self, stream: u32) -> Option<&str> {
        self.own_target_entry(stream).map(|(_, value)| value)
    }

    /// The same with the key that it stands for in the metadata.
    fn own_target_entry(&self, stream: u32) -> Option<(&'static str, &str)> {
        let entry = |property, key| Some((key, self.registry.property(stream, property)?));
        let object = entry(TARGET_OBJECT, TARGET_OBJECT);
        let object = object.filter(|(_, value)| !value.is_empty());
        let found = object.or_else(|| entry("node.target", TARGET_NODE));
        found.filter(|(_, value)| is_name(value))
    }

    /// Whether a node is the sink that sound goes to by default.
    pub(super) fn is_default(&self, node: u32) -> bool {
        let registry = &self.registry;
        let default = match self.is_managed() {
            true => &registry.default_sink,
            // Nobody names one.
            false => &registry.last_default,
        };
        let node = registry.nodes().get(&node);
        node.is_some_and(|node| Some(&node.name) == default.as_ref())
    }

    /// The sink that a stream is pinned to, if that is there.
    pub(super) fn pinned_to(&self, stream: u32) -> Option<u32> {
        let place = match self.target(stream) {
            Target::Anywhere => self.own_target_of(stream),
            place => place,
        };
        match place {
            Target::Elsewhere(node) => {
                let found = self.registry.nodes().get(&node)?;
                found.is_sink().then_some(node)
            }
            _ => None,
        }
    }
}

impl Router {
    /// Removes, when all is known for the first time, the targets that name sinks of a mixd that
    /// was killed.
    pub(super) fn remove_stale_targets(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        if std::mem::replace(&mut self.are_stale_targets_removed, true) {
            return commands;
        }
        let is_number = |object: &str| object.parse::<u64>().is_ok();
        let is_dead = |object: &str| {
            channel_of_name(object).is_some()
                || is_number(object) && self.registry.find(object).is_none()
        };
        let targets = self.registry.targets.iter();
        let targets = targets.filter_map(|(&id, target)| Some((id, target.object.as_deref()?)));
        let dead = targets.filter(|(_, object)| is_dead(object));
        let dead: Vec<(u32, bool)> = dead.map(|(id, object)| (id, is_number(object))).collect();
        for (stream, is_number) in dead {
            // By number mixd sends what is its own to send.
            if is_number && self.registry.nodes().contains_key(&stream) {
                self.streams.note_taken(stream);
            }
            self.registry.set_target(stream, Some(TARGET_OBJECT), None);
            commands.push(Command::ClearTarget(stream));
            if let Some(clear) = self.node_to_clear(stream) {
                self.registry.set_target(stream, Some(TARGET_NODE), None);
                commands.push(clear);
            }
        }
        commands
    }

    /// Takes back, at the end, what sends streams to our sinks.
    pub(super) fn release_streams(&self) -> Vec<Command> {
        let seen = self.registry.targets.keys().copied();
        let mut ids: BTreeSet<u32> = seen
            .filter(|&id| self.target(id).channel().is_some())
            .collect();
        ids.extend(self.streams.asked());
        ids.into_iter()
            .flat_map(|id| self.release_stream(id))
            .collect()
    }

    /// Takes back what sends a stream to one of our sinks.
    pub(super) fn release_stream(&self, stream: u32) -> Vec<Command> {
        let mut commands = Vec::new();
        let own = self.own_target_of(stream);
        let is_default = matches!(own, Target::Elsewhere(sink) if self.is_default(sink));
        // It would go to the sink that its own node names, which was the default one when we took it.
        let is_follower = self.streams.is_taken(stream) && own.is_chosen() && !is_default;
        commands.extend(is_follower.then_some(Command::FollowDefault(stream)));
        commands.push(Command::ClearTarget(stream));
        if !is_follower {
            let untold = self.may_have_untold_node(stream);
            let untold = untold.then_some(Command::ClearTargetNode(stream));
            commands.extend(self.node_to_clear(stream).or(untold));
        }
        commands
    }

    /// Clears a stream's `target.node`, which `WirePlumber` 0.4 sets from memory, if it is the id of a
    /// sink of ours, or of nothing: else that is asked for when it is no more, or is another node's id.
    fn node_to_clear(&self, stream: u32) -> Option<Command> {
        let node = self.registry.targets.get(&stream)?.node.as_deref()?;
        let id: u32 = node.parse().ok()?;
        let is_missing = !self.registry.nodes().contains_key(&id);
        (is_missing || self.channel(id).is_some()).then_some(Command::ClearTargetNode(stream))
    }
}

/// Whether a target is one at all, and not a way to say that there is none.
fn is_name(target: &str) -> bool {
    !matches!(target, "" | "-1" | "null")
}
