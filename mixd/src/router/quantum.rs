//! How many samples PipeWire computes at a time.

use std::time::Duration;

use super::event::Props;
use super::registry::{Registry, is_yes};
use crate::sorted::{SortedMap, SortedSet};

/// The default of PipeWire where `settings` has no value (pipewire.conf(5)).
const RATE: u32 = 48_000;
const QUANTUM: u32 = 1024;
const MIN_QUANTUM: u32 = 32;
const MAX_QUANTUM: u32 = 2048;

/// The duration of the quantum of the graph that these nodes are part of, as PipeWire chooses it
/// (`pw_context_recalc_graph`, in 0.3.65 as in 1.4): of all nodes that links or groups connect to
/// them, the one that is forced, else the shortest `node.latency` of what runs, within limits.
///
/// Of what can't be known, the longest is taken: a fade that is too long is only slow, one that is
/// too short clicks. Which of several nodes has forced its quantum last is not told. A lock keeps
/// the quantum that there was when its node came, which the node's own latency bounded. Recorders
/// and JACK clients are not asked for their properties: a latency of theirs makes the quantum
/// shorter than this, and only one that they force makes it longer.
pub fn quantum(registry: &Registry, start: impl IntoIterator<Item = u32>) -> Duration {
    let setting = |key, default| registry.setting(key).unwrap_or(default);
    let rate = setting("clock.rate", RATE);
    let connected = connected(registry, start);
    let running: Vec<&Props> = connected
        .iter()
        .filter_map(|node| registry.infos.get(node))
        .filter(|info| info.is_running)
        .filter_map(|info| info.props.as_ref())
        .collect();
    let forced = || {
        let forced = running.iter().filter_map(|props| {
            let frames = props.get("node.force-quantum")?.parse().ok()?;
            (frames > 0).then_some(frames)
        });
        forced.max()
    };
    let forced = registry.setting("clock.force-quantum").or_else(forced);
    let frames = forced.unwrap_or_else(|| {
        let min = setting("clock.min-quantum", MIN_QUANTUM);
        let max = setting("clock.max-quantum", MAX_QUANTUM).max(min);
        let latency = |props: &Props| in_frames(props.get("node.latency")?, rate);
        let shortest = |of: &mut dyn Iterator<Item = &Props>| of.filter_map(latency).min();
        let is_locked = |props: &&Props| is_yes(props.get("node.lock-quantum"));
        let mut all = running.iter().copied();
        let mut locked = running.iter().copied().filter(is_locked).peekable();
        let frames = match locked.peek() {
            Some(_) => shortest(&mut locked).unwrap_or(max),
            None => shortest(&mut all).unwrap_or_else(|| setting("clock.quantum", QUANTUM)),
        };
        let frames = frames.clamp(min, max);
        // Down to a power of two.
        1 << frames.ilog2()
    });
    Duration::from_secs_f64(f64::from(frames) / f64::from(rate))
}

/// The nodes that one driver drives together with these: what links connect, in either direction,
/// and what names the same group.
fn connected(registry: &Registry, start: impl IntoIterator<Item = u32>) -> SortedSet<u32> {
    let mut groups: SortedMap<&str, Vec<u32>> = SortedMap::new();
    for &node in registry.infos.keys() {
        for group in groups_of(registry, node) {
            groups.get_or_default(group).push(node);
        }
    }
    let mut found = SortedSet::new();
    let mut queue: Vec<u32> = start.into_iter().collect();
    while let Some(node) = queue.pop() {
        if found.insert(node) {
            queue.extend(registry.neighbours(node));
            let mates = groups_of(registry, node).filter_map(|group| groups.get(group));
            queue.extend(mates.flatten());
        }
    }
    found
}

fn groups_of(registry: &Registry, node: u32) -> impl Iterator<Item = &str> {
    let keys = ["node.group", "node.link-group"].into_iter();
    keys.filter_map(move |key| registry.property(node, key))
}

/// `1024/48000` in frames at another rate.
fn in_frames(latency: &str, rate: u32) -> Option<u32> {
    let (count, of) = latency.split_once('/')?;
    let (count, of): (u64, u64) = (count.parse().ok()?, of.parse().ok()?);
    let frames = count.checked_mul(rate.into())?.checked_div(of)?;
    u32::try_from(frames).ok().filter(|&frames| frames > 0)
}

#[cfg(test)]
mod tests {
    use super::super::event::{Info, Ports};
    use super::super::simulation::{between, link};
    use super::*;

    /// The nodes whose quantum is asked for.
    const CARD: u32 = 30;

    fn node(pairs: &[(&str, &str)], is_running: bool) -> Info {
        Info {
            props: Some(super::super::simulation::props(pairs)),
            is_running,
            ..Info::default()
        }
    }

    fn latency(latency: &str) -> Info {
        node(&[("node.latency", latency)], true)
    }

    fn connect(registry: &mut Registry, from: u32, to: u32) {
        let ports: Ports = between(from, to, 0);
        let id = 1000 + from;
        if let super::super::Event::Link(id, props) = link(id, 90, ports) {
            registry.add_link(id, &props);
        }
    }

    fn frames_of(registry: &Registry) -> u32 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let frames = (quantum(registry, [CARD]).as_secs_f64() * 48_000.0).round() as u32;
        frames
    }

    /// Nodes 1 to 9, each linked to the card.
    fn linked() -> Registry {
        let mut registry = Registry::default();
        for id in 1..10 {
            connect(&mut registry, id, CARD);
        }
        registry
    }

    #[test]
    fn it_is_the_shortest_latency_of_what_runs_within_limits() {
        let mut registry = linked();
        assert_eq!(frames_of(&registry), 1024);
        registry.infos.insert(1, latency("4800/48000"));
        assert_eq!(frames_of(&registry), 2048);
        let paused = node(&[("node.latency", "128/48000")], false);
        registry.infos.insert(2, paused);
        assert_eq!(frames_of(&registry), 2048);
        registry.infos.insert(3, latency("441/44100"));
        assert_eq!(frames_of(&registry), 256);
        for odd in ["", "1", "a/b", "1/0", "0/48000", "18446744073709551615/1"] {
            registry.infos.insert(4, latency(odd));
            assert_eq!(frames_of(&registry), 256, "{odd}");
        }
        registry.infos.insert(5, latency("1/48000"));
        assert_eq!(frames_of(&registry), 32);
        // A least quantum above the largest one, which is the default.
        registry.set_setting("clock.min-quantum".into(), "4096".into());
        assert_eq!(frames_of(&registry), 4096);
        registry.set_setting("clock.force-quantum".into(), "512".into());
        assert_eq!(frames_of(&registry), 512);
    }

    #[test]
    fn what_plays_to_another_card_does_not_count() {
        let mut registry = Registry::default();
        // Through a sink of ours.
        connect(&mut registry, 1, 40);
        connect(&mut registry, 40, CARD);
        registry.infos.insert(1, latency("2048/48000"));
        connect(&mut registry, 2, 31);
        registry.infos.insert(2, latency("64/48000"));
        assert_eq!(frames_of(&registry), 2048);
        // The same program records from our card: one driver drives both cards then.
        connect(&mut registry, CARD, 2);
        assert_eq!(frames_of(&registry), 64);
    }

    #[test]
    fn what_is_of_one_group_is_driven_together() {
        let mut registry = Registry::default();
        let group = [("node.link-group", "loopback-1")];
        connect(&mut registry, 1, CARD);
        registry.infos.insert(1, node(&group, true));
        registry.infos.insert(2, node(&group, true));
        connect(&mut registry, 3, 2);
        registry.infos.insert(3, latency("256/48000"));
        assert_eq!(frames_of(&registry), 256);
    }

    #[test]
    fn a_forced_quantum_goes_above_the_largest_and_the_longest_is_believed() {
        let mut registry = linked();
        registry.infos.insert(1, latency("128/48000"));
        for (id, forced, expected) in [(2, "4096", 4096), (3, "512", 4096), (4, "0", 4096)] {
            let forced = node(&[("node.force-quantum", forced)], true);
            registry.infos.insert(id, forced);
            assert_eq!(frames_of(&registry), expected);
        }
        registry.set_setting("clock.force-quantum".into(), "256".into());
        assert_eq!(frames_of(&registry), 256);
    }

    #[test]
    fn a_lock_may_keep_the_quantum_as_long_as_its_node_allows() {
        let mut registry = linked();
        registry.infos.insert(1, latency("64/48000"));
        let locked = [("node.latency", "512/48000"), ("node.lock-quantum", "true")];
        registry.infos.insert(2, node(&locked, true));
        assert_eq!(frames_of(&registry), 512);
        registry.infos.insert(2, node(&locked[1..], true));
        assert_eq!(frames_of(&registry), 2048);
    }
}
