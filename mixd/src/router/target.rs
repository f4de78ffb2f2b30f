//! Where a stream is sent: by the metadata `default`, else by its own node. Read as WirePlumber
//! reads them: find-defined-target.lua in 0.5, `findDefinedTarget` of policy-node.lua in 0.4.

use wire::Channel;

use super::channel_of_name;
use super::registry::{Node, Registry, TARGET_NODE, TARGET_OBJECT};

/// The sink that a stream is sent to.
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
    /// Returns whether it is somebody's choice of a sink that is not ours.
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

impl Registry {
    /// Returns where the metadata sends a stream.
    pub fn target(&self, stream: u32) -> Target {
        // The session manager looks at the two keys in this order, and takes "-1" for "anywhere".
        let found = match self.targets.get(&stream) {
            None => None,
            Some(target) => match (&target.object, &target.node) {
                (Some(object), _) => {
                    if let Some(channel) = channel_of_name(object) {
                        return Target::Ours(channel);
                    }
                    let found = self.find(object);
                    // The serial of what has gone is never another's.
                    if found.is_none() && is_name(object) && object.parse::<i64>().is_err() {
                        return Target::Absent;
                    }
                    found
                }
                (None, Some(id)) => {
                    let id = id.parse().ok();
                    id.filter(|id| self.nodes().contains_key(id))
                }
                (None, None) => None,
            },
        };
        found.map_or(Target::Anywhere, |id| self.target_of_node(id))
    }

    /// Returns the value of a stream's `target.object` in the metadata.
    pub fn target_object(&self, stream: u32) -> Option<&str> {
        self.targets.get(&stream)?.object.as_deref()
    }

    /// Returns where a stream's own node asks to be sent, which counts where the metadata says nothing.
    pub fn own_target(&self, stream: u32) -> Target {
        let Some((key, value)) = self.own_target_entry(stream) else {
            return Target::Anywhere;
        };
        let is_sink = |id: &u32| self.nodes().get(id).is_some_and(Node::is_sink);
        let found = match value.parse::<u64>() {
            Ok(id) if key == TARGET_NODE => u32::try_from(id).ok().filter(is_sink),
            Ok(_) => self.find(value).filter(is_sink),
            Err(_) => match self.find_sink(value) {
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
    pub fn own_target_name(&self, stream: u32) -> Option<&str> {
        self.own_target_entry(stream).map(|(_, value)| value)
    }

    /// The sink that the program itself asks for, with the key that it stands for in the metadata.
    fn own_target_entry(&self, stream: u32) -> Option<(&'static str, &str)> {
        let entry = |property, key| Some((key, self.property(stream, property)?));
        let object = entry(TARGET_OBJECT, TARGET_OBJECT);
        let object = object.filter(|(_, value)| !value.is_empty());
        let found = object.or_else(|| entry("node.target", TARGET_NODE));
        found.filter(|(_, value)| is_name(value))
    }

    /// Returns whether a node is the sink that sound goes to by default.
    pub fn is_default(&self, node: u32) -> bool {
        let default = match self.is_managed() {
            true => &self.default_sink,
            // No session manager names one.
            false => &self.last_default,
        };
        let node = self.nodes().get(&node);
        node.is_some_and(|node| Some(&node.name) == default.as_ref())
    }

    /// Returns the sink that a stream is pinned to, if that is there.
    pub fn pinned_to(&self, stream: u32) -> Option<u32> {
        let target = match self.target(stream) {
            Target::Anywhere => self.own_target(stream),
            target => target,
        };
        match target {
            Target::Elsewhere(node) => {
                let found = self.nodes().get(&node)?;
                found.is_sink().then_some(node)
            }
            _ => None,
        }
    }

    /// Returns whether a stream's `target.node`, which `WirePlumber` 0.4 sets from memory, is the id of a
    /// sink of ours, or of nothing: kept, that would be asked for when it is no more, or is another
    /// node's id.
    pub fn has_stale_target_node(&self, stream: u32) -> bool {
        let keys = self.targets.get(&stream);
        let node = keys.and_then(|keys| keys.node.as_deref()?.parse().ok());
        node.is_some_and(|id: u32| !self.nodes().contains_key(&id) || self.channel(id).is_some())
    }
}

/// Returns whether a target names something, and is not a way to say that there is none.
fn is_name(target: &str) -> bool {
    !matches!(target, "" | "-1" | "null")
}
