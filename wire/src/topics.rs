//! Sets of topics and of requests.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::names::Names;
use crate::{Request, Topic};

/// Topics without repetition, in the order they were named; on the wire an array of their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Topics([Option<Topic>; Topic::ALL.len()]);

impl Topics {
    /// No topic.
    pub const NONE: Self = Self([None; Topic::ALL.len()]);

    /// Returns every topic.
    pub fn all() -> Self {
        Topic::ALL.iter().copied().collect()
    }

    /// The topics in their order.
    pub fn iter(self) -> impl Iterator<Item = Topic> + Clone {
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

    /// Reads topics of which a newer daemon may have others: these are left out.
    pub(crate) fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut topics = Self::NONE;
        names_in(deserializer, |name| {
            if let Some(topic) = Topic::named(name) {
                topics.insert(topic);
            }
        })?;
        Ok(topics)
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
        write_names(serializer, self.iter().map(Topic::name))
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

/// The requests that a daemon knows, of those that this crate knows; on the wire an array of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests(u32);

impl Requests {
    /// Every request.
    pub const ALL: Self = Self((1 << Request::NAMES.len()) - 1);

    /// Returns whether the request of this name is among them.
    pub fn contains(self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    fn names(self) -> impl Iterator<Item = &'static str> + Clone {
        let all = Request::NAMES.into_iter().enumerate();
        all.filter_map(move |(at, name)| (self.0 >> at & 1 == 1).then_some(name))
    }
}

impl Serialize for Requests {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_names(serializer, self.names())
    }
}

impl<'de> Deserialize<'de> for Requests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut requests = Self(0);
        names_in(deserializer, |name| {
            let mut all = Request::NAMES.into_iter();
            if let Some(at) = all.position(|other| other == name) {
                requests.0 |= 1 << at;
            }
        })?;
        Ok(requests)
    }
}

/// Writes an array of names, of a length that stands before it.
fn write_names<S: Serializer>(
    serializer: S,
    names: impl Iterator<Item = &'static str> + Clone,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeSeq;
    let mut array = serializer.serialize_seq(Some(names.clone().count()))?;
    for name in names {
        array.serialize_element(name)?;
    }
    array.end()
}

/// Reads an array of names, and calls `note` for each.
fn names_in<'de, D: Deserializer<'de>>(
    deserializer: D,
    note: impl FnMut(&str),
) -> Result<(), D::Error> {
    struct Visitor<F>(F);
    impl<'de, F: FnMut(&str)> de::Visitor<'de> for Visitor<F> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array of names")
        }
        fn visit_seq<A: de::SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
            while let Some(name) = array.next_element::<String>()? {
                (self.0)(&name);
            }
            Ok(())
        }
    }
    deserializer.deserialize_seq(Visitor(note))
}
