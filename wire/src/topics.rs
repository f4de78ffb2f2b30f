//! The set of topics that a connection is subscribed to.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Topic;

/// Topics without repetition, in the order they were named; on the wire an array of their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Topics([Option<Topic>; Topic::ALL.len()]);

impl Topics {
    /// No topic.
    pub const NONE: Self = Self([None; Topic::ALL.len()]);

    /// The topics in their order.
    pub fn iter(self) -> impl Iterator<Item = Topic> {
        self.0.into_iter().flatten()
    }

    /// Returns whether `topic` is among them.
    pub fn contains(self, topic: Topic) -> bool {
        self.0.contains(&Some(topic))
    }

    /// Returns whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Adds `topic` at the end. Returns false if it was there already.
    pub fn insert(&mut self, topic: Topic) -> bool {
        if self.contains(topic) {
            return false;
        }
        // There are as many places as topics, so one is free.
        if let Some(place) = self.0.iter_mut().find(|place| place.is_none()) {
            *place = Some(topic);
        }
        true
    }

    /// Takes `topic` out, if it was there.
    pub fn remove(&mut self, topic: Topic) {
        *self = self.iter().filter(|&other| other != topic).collect();
    }
}

impl FromIterator<Topic> for Topics {
    fn from_iter<I: IntoIterator<Item = Topic>>(topics: I) -> Self {
        let mut set = Self::NONE;
        for topic in topics {
            set.insert(topic);
        }
        set
    }
}

impl Serialize for Topics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut array = serializer.serialize_seq(Some(self.iter().count()))?;
        for topic in self.iter() {
            array.serialize_element(&topic)?;
        }
        array.end()
    }
}

impl<'de> Deserialize<'de> for Topics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Topics;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of topics, each at most once")
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut array: A) -> Result<Topics, A::Error> {
                let mut topics = Topics::NONE;
                while let Some(topic) = array.next_element()? {
                    if !topics.insert(topic) {
                        return Err(de::Error::custom("a topic is named twice"));
                    }
                }
                Ok(topics)
            }
        }
        deserializer.deserialize_seq(Visitor)
    }
}
