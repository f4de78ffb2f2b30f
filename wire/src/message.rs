//! What is said: plain data. Which bytes that makes is [`codec`](crate::codec)'s business.
//!
//! The fields of every struct stand in the order RFC 8949 section 4.2.1 gives their keys (shorter
//! first, then by bytes), because serde writes them in the order of declaration; a test checks it.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Gain, Shift, Text, Volume};

/// The longest name of a client in its [`Hello`], in bytes: enough for a name and a version.
pub const MAX_CLIENT: usize = 64;
/// The longest pattern on the program list, in bytes: longer than any program's name seen, short
/// enough that a list of hundreds fits into one frame.
pub const MAX_PATTERN: usize = 128;
/// The most bytes that the names of one stream or card are reported with; what is longer is cut.
pub const MAX_NAME: usize = 128;

/// A pattern on the program list.
pub type Pattern = Text<MAX_PATTERN>;
/// A stream's or card's name as reported; longer ones are cut.
pub type NodeName = Text<MAX_NAME>;
/// What a client or a daemon calls itself.
pub type ClientName = Text<MAX_CLIENT>;

/// The first frame of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Hello {
    /// Who the client is, for the daemon's log: `mixctl 0.1.0`.
    pub client: ClientName,
    /// The protocol number the client speaks: [`PROTOCOL`](crate::PROTOCOL).
    pub protocol: u32,
}

/// The daemon's answer to a [`Hello`] whose protocol number it speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Welcome {
    /// Who the daemon is: `mixd 0.1.0`.
    pub daemon: ClientName,
    /// The protocol number of the connection from here on.
    pub protocol: u32,
}

/// What a client asks; each is answered by exactly one [`Reply`] or [`Failure`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// The volume and the gains it makes. Answered by [`Reply::Mix`].
    GetVolume,
    /// Sets the volume. Answered by [`Reply::Mix`] with what is set now.
    SetVolume(Volume),
    /// Moves the volume by a step, stopping at -1 and 1. Answered by [`Reply::Mix`].
    ShiftVolume(Shift),
    /// The patterns of the program list. Answered by [`Reply::Programs`].
    ListPrograms,
    /// Puts a pattern on the list: what it matches moves to the aux channel. Answered by
    /// [`Reply::Done`], also when it was listed already.
    AddProgram(Pattern),
    /// Takes a pattern off the list. Answered by [`Reply::Done`], or [`ErrorCode::Refused`] when
    /// it was not listed.
    RemoveProgram(Pattern),
    /// Everything there is to know. Answered by [`Reply::Status`].
    GetStatus,
    /// From now on the connection's topics are exactly these; none ends the subscription.
    /// Answered by [`Reply::Done`], then at once an [`Event`] for each topic named.
    Subscribe(Topics),
    /// Answered by a [`Failure`] with this code: for the authors of clients, to see how theirs
    /// takes each of them. Nothing else happens; the connection lives.
    Fail(ErrorCode),
}

impl Request {
    /// The names of all requests, as they stand in a body.
    pub const NAMES: [&str; 9] = [
        "get-volume",
        "set-volume",
        "shift-volume",
        "list-programs",
        "add-program",
        "remove-program",
        "get-status",
        "subscribe",
        "fail",
    ];
}

/// The answer to a [`Request`] that was carried out.
///
/// Borrowed where it is written, owned where it is read (`Reply<'static>`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(rename_all = "kebab-case")]
pub enum Reply<'a> {
    /// Carried out; there is nothing to say.
    Done,
    /// The volume and its gains, after the request.
    Mix(Mix),
    /// The program list, in the order of its making.
    Programs(Cow<'a, [Pattern]>),
    /// Everything there is to know.
    Status(Status<'a>),
}

/// The state of one topic, whole: sent at once on subscribing and after every change. A client
/// that reads slowly misses states in between, never the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(rename_all = "kebab-case")]
pub enum Event<'a> {
    /// [`Topic::Volume`].
    Volume(Mix),
    /// [`Topic::Programs`].
    Programs(Cow<'a, [Pattern]>),
    /// [`Topic::Streams`].
    Streams(Cow<'a, Audio>),
}

/// Why a request was not carried out, or why the daemon closes the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Failure {
    /// For programs.
    pub code: ErrorCode,
    /// For people: a sentence that says what, where and what to do.
    pub message: Cow<'static, str>,
}

/// For programs: what kind of failure. Codes that end the connection say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// All places for clients are taken. The connection ends.
    Busy,
    /// The header is broken: its kind is not one a client sends, its fourth byte is not zero, or
    /// its length is over the limit. Where the next frame starts is unknown: the connection ends.
    Header,
    /// The frame came out of turn: a request before Hello, or a second Hello. The connection ends.
    Sequence,
    /// The client's protocol number is not spoken here. The connection ends.
    Version,
    /// A time limit has passed. The connection ends.
    Timeout,
    /// The body is not exactly one canonical CBOR item of this kind of message.
    Malformed,
    /// The body is sound, but its request is not one that this daemon knows.
    Unsupported,
    /// The request is understood and cannot be carried out.
    Refused,
}

/// The volume and the gains that it makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mix {
    /// The aux channel's gain.
    pub aux: Gain,
    /// Where the crossfade stands.
    pub volume: Volume,
    /// The default channel's gain.
    pub default: Gain,
}

/// What PipeWire has, as far as it concerns the mix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Audio {
    /// `node.name` of the card that both channels play to; none when there is no card.
    pub output: Option<NodeName>,
    /// How many streams there are besides those listed, because a frame has an end.
    pub omitted: u32,
    /// The playing streams, by id.
    pub streams: Vec<Stream>,
    /// Whether the daemon has a PipeWire.
    pub pipewire: PipeWireState,
    /// What keeps the sound from going where the user may expect it, each at most once.
    pub warnings: Vec<Warning>,
}

/// What keeps the sound from going where the user may expect it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(rename_all = "kebab-case")]
pub enum Warning {
    /// The default sink is one of mixd's own: the last card is played to.
    OwnSinkIsDefault,
    /// The sink that mixd was told to play to is not there: another one is played to.
    OutputMissing,
}

/// One playing stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Stream {
    /// Its PipeWire global id.
    pub id: u32,
    /// `application.name`, or the nearest thing to it that is known.
    pub name: NodeName,
    /// The client that has linked it elsewhere, if there is one and it has a name.
    pub rival: Option<ClientName>,
    /// Whether it plays through its channel, and if not, why.
    pub state: StreamState,
    /// The channel that the program list gives it.
    pub channel: Channel,
}

/// Whether a stream plays through its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(rename_all = "kebab-case")]
pub enum StreamState {
    /// What decides about it is not known yet.
    Waiting,
    /// It is sent to its channel.
    Routed,
    /// The user, or the program itself, has chosen another sink for it: left alone.
    Pinned,
    /// Something has moved it away from us twice: left alone.
    Contested,
}

/// One of the two groups that the volume crossfades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Programs on the list.
    Aux,
    /// Everything else.
    Default,
}

/// Whether the daemon has a PipeWire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(rename_all = "kebab-case")]
pub enum PipeWireState {
    /// Connected, and the channels are made.
    Up,
    /// Not reachable; the daemon retries.
    Down,
    /// The daemon runs without one (`--backend none`).
    Off,
}

/// The whole state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Status<'a> {
    /// The volume and its gains.
    pub mix: Mix,
    /// What PipeWire has.
    pub audio: Cow<'a, Audio>,
    /// The program list.
    pub programs: Cow<'a, [Pattern]>,
}

/// What a client can subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "fuzz", derive(arbitrary::Arbitrary))]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The volume: [`Event::Volume`].
    Volume,
    /// The program list: [`Event::Programs`].
    Programs,
    /// The streams, the card and PipeWire: [`Event::Streams`].
    Streams,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 3] = [Self::Volume, Self::Programs, Self::Streams];
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Aux => "aux",
            Self::Default => "default",
        })
    }
}

impl fmt::Display for StreamState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "waiting",
            Self::Routed => "routed",
            Self::Pinned => "pinned",
            Self::Contested => "contested",
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::OwnSinkIsDefault => "own-sink-is-default",
            Self::OutputMissing => "output-missing",
        })
    }
}

impl fmt::Display for PipeWireState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Off => "off",
        })
    }
}

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

    /// Whether `topic` is among them.
    pub fn contains(self, topic: Topic) -> bool {
        self.0.contains(&Some(topic))
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Adds `topic` at the end; false if it was there.
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

impl Failure {
    /// A failure whose sentence is `message`.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
