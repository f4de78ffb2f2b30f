//! What PipeWire has, as `pw-dump` prints it: who feeds whom.

use serde_json::Value;

use crate::Result;

/// What `pw-dump` prints.
#[derive(Debug)]
pub struct Dump(Vec<Value>);

impl Dump {
    /// Reads it. While things come and go it may print several arrays, one after another.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn parse(text: &str) -> Result<Self> {
        let mut objects = Vec::new();
        for array in serde_json::Deserializer::from_str(text).into_iter::<Vec<Value>>() {
            objects.extend(array?);
        }
        Ok(Self(objects))
    }

    fn of_type<'a>(&'a self, suffix: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |object| {
            object["type"]
                .as_str()
                .is_some_and(|kind| kind.ends_with(suffix))
        })
    }

    /// The id of the node of this `node.name`.
    pub fn node(&self, name: &str) -> Option<u64> {
        let mut nodes = self.of_type(":Node");
        nodes.find(|node| prop(node, "node.name") == name)?["id"].as_u64()
    }

    /// The ids of the playing streams whose `application.name` this is.
    pub fn streams(&self, name: &str) -> Vec<u64> {
        self.of_type(":Node")
            .filter(|node| prop(node, "media.class") == "Stream/Output/Audio")
            .filter(|node| prop(node, "application.name") == name)
            .filter_map(|node| node["id"].as_u64())
            .collect()
    }

    /// A node's `object.serial`, which pactl goes by.
    pub fn serial(&self, node: u64) -> Option<u64> {
        let mut nodes = self.of_type(":Node");
        nodes.find(|found| found["id"] == node)?["info"]["props"]["object.serial"].as_u64()
    }

    /// The ids of the links that leave a node.
    pub fn links_of(&self, node: u64) -> Vec<u64> {
        let links = self
            .of_type(":Link")
            .filter(|link| link["info"]["output-node-id"] == node);
        links.filter_map(|link| link["id"].as_u64()).collect()
    }

    /// The names of the nodes that a node feeds, without repetition.
    pub fn fed_by(&self, node: u64) -> Vec<&str> {
        let targets = self
            .of_type(":Link")
            .filter(|link| link["info"]["output-node-id"] == node);
        let mut names: Vec<&str> = targets
            .filter_map(|link| {
                let id = &link["info"]["input-node-id"];
                self.of_type(":Node").find(|node| node["id"] == *id)
            })
            .map(|node| prop(node, "node.name"))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The names of the sinks that the streams of a program feed.
    pub fn sinks_of(&self, name: &str) -> Vec<&str> {
        self.streams(name)
            .into_iter()
            .flat_map(|stream| self.fed_by(stream))
            .collect()
    }

    /// The nodes of programs that play, of whatever class: they feed something, and are no sinks.
    fn programs(&self) -> impl Iterator<Item = &Value> {
        self.of_type(":Node").filter(|node| {
            let is_sink = prop(node, "media.class") == "Audio/Sink";
            !is_sink
                && node["id"]
                    .as_u64()
                    .is_some_and(|id| !self.links_of(id).is_empty())
        })
    }

    /// The names of the sinks that programs feed, without repetition.
    pub fn program_sinks(&self) -> Vec<&str> {
        let ids = self.programs().filter_map(|node| node["id"].as_u64());
        let mut names: Vec<&str> = ids.flat_map(|id| self.fed_by(id)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether a program that plays forbids to be moved, or links itself, as JACK's do.
    pub fn has_program_that_stays(&self) -> bool {
        self.programs().any(|node| {
            let stays = &node["info"]["props"]["node.dont-reconnect"];
            prop(node, "media.class").is_empty() || *stays == true || *stays == "true"
        })
    }

    /// Whether a program that plays asks in its own properties for a sink whose name begins like this.
    pub fn has_program_that_asks_for(&self, prefix: &str) -> bool {
        self.programs().any(|node| {
            let keys = ["target.object", "node.target"];
            keys.iter().any(|key| prop(node, key).starts_with(prefix))
        })
    }

    /// The states of a program's streams.
    pub fn states_of(&self, name: &str) -> Vec<&str> {
        let streams = self.streams(name);
        self.of_type(":Node")
            .filter(|node| node["id"].as_u64().is_some_and(|id| streams.contains(&id)))
            .filter_map(|node| node["info"]["state"].as_str())
            .collect()
    }

    /// The state of a node: `running`, `idle`, `suspended`…
    pub fn state(&self, name: &str) -> Option<&str> {
        let mut nodes = self.of_type(":Node");
        nodes.find(|node| prop(node, "node.name") == name)?["info"]["state"].as_str()
    }
}

fn prop<'a>(object: &'a Value, key: &str) -> &'a str {
    object["info"]["props"][key].as_str().unwrap_or_default()
}
