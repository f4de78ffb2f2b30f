//! The smart filters of WirePlumber 0.5: filter chains (`filter.smart = true`) that it puts between
//! what plays and a sink by itself. It does so for the streams that it links; our monitors are not
//! among these, so they have to find the filter themselves, by the same rules (its scripts
//! lib/filter-utils.lua and linking/get-filter-from-target.lua, the same from 0.5.8 to 0.5.18).
//! The session manager links a filter to the next one, or to the sink.

use super::registry::{Node, Registry, is_yes};
use super::spa_json;

/// A filter chain that has a sink.
struct Filter<'a> {
    /// The sink's node.
    node: u32,
    /// `node.link-group`, by which the sink and the stream behind it belong together.
    group: &'a str,
    name: String,
    /// It is smart, and not switched off.
    is_active: bool,
    /// It is a target by name: a stream that is sent to it stays there, although there is another before it.
    is_targetable: bool,
    /// The sink that it is for, if that is there.
    target: Option<u32>,
    /// It is for whichever sink is the default.
    is_targetless: bool,
    /// The names of the filters that it follows.
    after: Vec<String>,
}

impl Registry {
    /// The smart filter that the session manager puts before a sink, the first of several; none where
    /// it puts none. `is_named`: the sink was asked for, and is not just the default.
    pub fn filter_before(&self, sink: u32, is_named: bool) -> Option<u32> {
        let filters = self.filters()?;
        if self.property(sink, "session.audio-group").is_some() {
            return None;
        }
        let active = |group: &str| {
            let mut filters = filters.iter();
            filters.find(|filter| filter.is_active && filter.group == group)
        };
        let first = |target: Option<u32>| {
            let matches = |filter: &&Filter| match target {
                Some(_) => filter.target == target,
                None => filter.is_targetless,
            };
            let active = filters.iter().filter(|filter| filter.is_active);
            let matching: Vec<&Filter> = active.filter(matches).collect();
            let is_head = |filter: &&&Filter| !self.is_fed_by(filter.node, &matching);
            let head = matching.iter().find(is_head).or(matching.first());
            head.map(|filter| filter.node)
        };
        let found = match self.link_group(sink) {
            None => first(Some(sink)),
            Some(group) => match active(group) {
                Some(filter) if is_named && filter.is_targetable => return None,
                Some(filter) => first(filter.target),
                // No filter has another one for its sink.
                None => None,
            },
        };
        found.or_else(|| if is_named { None } else { first(None) })
    }

    /// Returns whether one of these filters plays to a node: then that is not the first of them. In which order
    /// a session manager has those of which nobody has said it, its links show and nothing else.
    fn is_fed_by(&self, node: u32, filters: &[&Filter]) -> bool {
        self.links_to(node).any(|link| {
            let group = self.link_group(link.ports.output_node);
            let mut filters = filters.iter().filter(|filter| filter.node != node);
            group.is_some_and(|group| filters.any(|filter| filter.group == group))
        })
    }

    /// `node.link-group`: what the nodes of one filter, loopback or combination have in common.
    pub fn link_group(&self, node: u32) -> Option<&str> {
        self.property(node, "node.link-group")
    }

    /// Returns all filters that have a sink, in the order in which sound passes them; none where the session
    /// manager has no smart filters.
    fn filters(&self) -> Option<Vec<Filter<'_>>> {
        self.filter_keys.as_ref()?;
        let mut sorted: Vec<Filter> = Vec::new();
        for (node, info) in self.by_serial() {
            if let Some(group) = self.link_group(node)
                && info.class.contains("Audio/Sink")
            {
                let filter = self.filter(node, group);
                insert(&mut sorted, filter);
            }
        }
        Some(sorted)
    }

    /// All nodes, oldest first, as a session manager has them.
    fn by_serial(&self) -> Vec<(u32, &Node)> {
        let mut nodes: Vec<(u32, &Node)> =
            self.nodes().iter().map(|(&id, node)| (id, node)).collect();
        nodes.sort_by_key(|&(id, node)| (node.serial, id));
        nodes
    }

    fn filter<'a>(&'a self, node: u32, group: &'a str) -> Filter<'a> {
        let target = self.filter_key(node, "filter.smart.target");
        let target = target.or_else(|| self.property(node, "filter.smart.target"));
        let names = self.filter_key(node, "filter.smart.after");
        let names = names.or_else(|| self.property(node, "filter.smart.after"));
        let name = self.filter_key(node, "filter.smart.name");
        let name = name.and_then(spa_json::string).or_else(|| {
            let name = self.property(node, "filter.smart.name");
            name.map(str::to_owned)
        });
        Filter {
            node,
            group,
            name: name.unwrap_or_else(|| group.to_owned()),
            is_active: self.is_filter(node) && !self.says(node, "filter.smart.disabled"),
            is_targetable: self.says(node, "filter.smart.targetable"),
            target: target.and_then(|rules| self.filter_target(rules)),
            is_targetless: target.is_none(),
            after: names.and_then(spa_json::array).unwrap_or_default(),
        }
    }

    /// Returns whether a node belongs to a smart filter.
    pub fn is_filter(&self, node: u32) -> bool {
        let is_smart = self.filter_keys.is_some() && self.says(node, "filter.smart");
        is_smart && self.link_group(node).is_some()
    }

    /// Returns whether a filter says yes under this key, in the metadata or else by itself.
    fn says(&self, node: u32, key: &str) -> bool {
        let in_metadata = self.filter_key(node, key).and_then(spa_json::boolean);
        in_metadata.unwrap_or_else(|| is_yes(self.property(node, key)))
    }

    /// The first node all of whose properties are these.
    fn filter_target(&self, rules: &str) -> Option<u32> {
        let rules = spa_json::object(rules)?;
        let fits = |&(node, _): &(u32, &Node)| {
            let mut rules = rules.iter();
            !self.is_filter(node)
                && rules.all(|(key, value)| self.property(node, key) == Some(value))
        };
        self.by_serial()
            .into_iter()
            .find(fits)
            .map(|(node, _)| node)
    }
}

/// Inserts a filter before those that say they follow it, and behind all others. `filter.smart.before`
/// changes nothing in `insertFilterSorted`, up to 0.5.18: what it names is either older, and precedes
/// all the same (with a warning that this is cyclic), or is younger, and follows anyway.
fn insert<'a>(sorted: &mut Vec<Filter<'a>>, filter: Filter<'a>) {
    let mut following = Vec::new();
    let mut preceding = Vec::new();
    for other in sorted.drain(..) {
        if other.after.contains(&filter.name) && !filter.after.contains(&other.name) {
            following.push(other);
        } else {
            preceding.push(other);
        }
    }
    sorted.extend(preceding);
    sorted.push(filter);
    sorted.extend(following);
}
