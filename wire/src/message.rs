//! The messages: plain data. [`codec`](crate::codec) turns them into bytes and back.
//!
//! The fields of every struct stand in the order RFC 8949 section 4.2.1 gives their keys (shorter
//! first, then by bytes), because serde writes them in the order of declaration; a test checks it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserializer, EnumAccess, IgnoredAny, VariantAccess};
use serde::{Deserialize, Serialize};

use crate::names::{self, names};
use crate::{Gain, PROTOCOL, Requests, Shift, Snap, Text, Topics, Volume};

/// The longest name of a client in its [`Hello`], in bytes: enough for a name and a version.
pub const MAX_CLIENT: usize = 64;
/// The longest pattern on the program list, in bytes: longer than any program's name seen, short
/// enough that a list of hundreds fits into one frame.
pub const MAX_PATTERN: usize = 128;
/// The longest name of a stream or card in a message, in bytes; longer ones are cut.
pub const MAX_NAME: usize = 128;

/// The longest name of a property, in bytes: twice that of PipeWire's own.
pub const MAX_KEY: usize = 64;
/// The longest sentence or value of a property in a message, in bytes; longer ones are cut.
pub const MAX_SENTENCE: usize = 255;

/// A pattern on the program list.
pub type Pattern = Text<MAX_PATTERN>;
/// The name of a stream or card.
pub type NodeName = Text<MAX_NAME>;
/// The name and version of a client or daemon.
pub type ClientName = Text<MAX_CLIENT>;
/// The name of a property: `application.name`.
pub type Key = Text<MAX_KEY>;
/// A sentence for people, or a property's value.
pub type Sentence = Text<MAX_SENTENCE>;

/// The first frame of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Hello {
    /// The client's name, for the daemon's log: `mixctl 0.1.0`.
    pub client: ClientName,
    /// The protocol number the client speaks: [`PROTOCOL`].
    pub protocol: u32,
}

/// The daemon's answer to a [`Hello`] whose protocol number it speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Welcome {
    /// The daemon's name: `mixd 0.1.0`.
    pub daemon: ClientName,
    /// The topics that can be subscribed to.
    #[serde(deserialize_with = "Topics::known")]
    pub topics: Topics,
    /// The protocol number of the connection from here on.
    pub protocol: u32,
    /// The requests that the daemon knows.
    pub requests: Requests,
}

impl Welcome {
    /// Returns that of a daemon that knows all that this crate knows. `daemon` is cut to what fits.
    pub fn new(daemon: &str) -> Self {
        Self {
            daemon: ClientName::truncated(daemon),
            topics: Topics::all(),
            protocol: PROTOCOL,
            requests: Requests::ALL,
        }
    }
}

/// A request of a client, answered by exactly one [`Reply`] or [`Failure`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Asks for the volume and its gains. Answered by [`Reply::Mix`].
    GetVolume,
    /// Sets the volume. Answered by [`Reply::Mix`] with what is set now.
    SetVolume(Volume),
    /// Moves the volume by a step, stopping at -1 and 1. Answered by [`Reply::Mix`].
    ShiftVolume(Shift),
    /// Mirrors the volume around the middle: -0.3 becomes 0.3. Answered by [`Reply::Mix`].
    ToggleVolume,
    /// Sets the volume for as long as the connection lives; then the volume from before is set
    /// again, unless somebody has set another meanwhile. A second one on the same connection takes
    /// the place of the first; of several connections the last to ask counts. Answered by
    /// [`Reply::Mix`].
    HoldVolume(Volume),
    /// Asks for the program list. Answered by [`Reply::Programs`].
    ListPrograms,
    /// Puts a pattern at the end of the list: what it matches moves to the aux channel, unless an earlier
    /// rule matches. Answered by [`Reply::Done`], also when it was listed so already, or
    /// [`Reply::Unsaved`].
    AddProgram(Pattern),
    /// Puts a pattern on the list, before the programs: what it matches is left alone. Answered as
    /// [`AddProgram`](Self::AddProgram).
    IgnoreProgram(Pattern),
    /// Takes a pattern off the list, of whichever kind. Answered by [`Reply::Done`] or
    /// [`Reply::Unsaved`], or [`ErrorCode::Refused`] when it was not listed.
    RemoveProgram(Pattern),
    /// Puts a pattern in the place of another, of which it may be another spelling. Answered by
    /// [`Reply::Done`] or [`Reply::Unsaved`], or [`ErrorCode::Refused`] when the old one is not
    /// listed, or the new one is.
    ReplaceProgram(Replacement),
    /// Changes the list so that a stream's program, and no other, plays through a channel. Answered by
    /// [`Reply::Changed`], or [`ErrorCode::Refused`] when that can't be done, and why.
    MoveStream(Move),
    /// Takes the last change of the list or of an output back, whoever made it. Answered by [`Reply::Changed`], or
    /// [`ErrorCode::Refused`] when there is none.
    Undo,
    /// Makes the change again that was taken back last. Answered by [`Reply::Changed`], or
    /// [`ErrorCode::Refused`] when there is none.
    Redo,
    /// Asks for the sinks that can be played to. Answered by [`Reply::Sinks`].
    ListSinks,
    /// Sets what one channel plays to, or both, in place of all that the configuration file says of that
    /// channel alone, or of any. Answered by [`Reply::Changed`], or [`ErrorCode::Refused`] when it names no
    /// sink by a glob.
    SetOutput(OutputChoice),
    /// Asks which streams [`AddProgram`](Self::AddProgram) would move, and where to; changes nothing.
    /// Answered by [`Reply::Streams`].
    TryAddProgram(Pattern),
    /// Asks which streams [`IgnoreProgram`](Self::IgnoreProgram) would leave alone; changes nothing.
    /// Answered by [`Reply::Streams`].
    TryIgnoreProgram(Pattern),
    /// Asks which streams [`RemoveProgram`](Self::RemoveProgram) would move, and where to; changes
    /// nothing. Answered by [`Reply::Streams`], or [`ErrorCode::Refused`] when it is not listed.
    TryRemoveProgram(Pattern),
    /// Asks what [`MoveStream`](Self::MoveStream) would change; changes nothing. Answered as that.
    TryMoveStream(Move),
    /// Asks for all that decides about the stream of this id. Answered by [`Reply::Stream`], or
    /// [`ErrorCode::Refused`] when there is none.
    GetStream(u32),
    /// Asks for the whole state. Answered by [`Reply::Status`].
    GetStatus,
    /// Asks for what helps to find a fault besides the status. Answered by [`Reply::Diagnosis`].
    Diagnose,
    /// Reads the configuration file now: for a file system that does not say when it changes. Answered by
    /// [`Reply::Done`], or [`ErrorCode::Refused`] with what is wrong with the file.
    Reload,
    /// Sets the connection's topics; none ends the subscription. Answered by [`Reply::Done`], then at
    /// once by an [`Event`] for each topic.
    Subscribe(Topics),
    /// Does nothing, so that authors of clients can test each error. Answered by a [`Failure`] with this
    /// code; the connection stays open.
    Fail(ErrorCode),
}

impl Request {
    /// The names of all requests, as they stand in a body.
    pub const NAMES: [&str; 25] = [
        "get-volume",
        "set-volume",
        "shift-volume",
        "toggle-volume",
        "hold-volume",
        "list-programs",
        "add-program",
        "ignore-program",
        "remove-program",
        "replace-program",
        "move-stream",
        "undo",
        "redo",
        "list-sinks",
        "set-output",
        "try-add-program",
        "try-ignore-program",
        "try-remove-program",
        "try-move-stream",
        "get-stream",
        "get-status",
        "diagnose",
        "reload",
        "subscribe",
        "fail",
    ];

    /// Returns its name, as it stands in a body.
    pub fn name(&self) -> &'static str {
        match self {
            Self::GetVolume => "get-volume",
            Self::SetVolume(_) => "set-volume",
            Self::ShiftVolume(_) => "shift-volume",
            Self::ToggleVolume => "toggle-volume",
            Self::HoldVolume(_) => "hold-volume",
            Self::ListPrograms => "list-programs",
            Self::AddProgram(_) => "add-program",
            Self::IgnoreProgram(_) => "ignore-program",
            Self::RemoveProgram(_) => "remove-program",
            Self::ReplaceProgram(_) => "replace-program",
            Self::MoveStream(_) => "move-stream",
            Self::Undo => "undo",
            Self::Redo => "redo",
            Self::ListSinks => "list-sinks",
            Self::SetOutput(_) => "set-output",
            Self::TryAddProgram(_) => "try-add-program",
            Self::TryIgnoreProgram(_) => "try-ignore-program",
            Self::TryRemoveProgram(_) => "try-remove-program",
            Self::TryMoveStream(_) => "try-move-stream",
            Self::GetStream(_) => "get-stream",
            Self::GetStatus => "get-status",
            Self::Diagnose => "diagnose",
            Self::Reload => "reload",
            Self::Subscribe(_) => "subscribe",
            Self::Fail(_) => "fail",
        }
    }
}

/// The patterns of [`Request::ReplaceProgram`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Replacement {
    /// The pattern to put on the list.
    pub new: Pattern,
    /// The pattern whose place it takes.
    pub old: Pattern,
}

/// The stream and the channel of [`Request::MoveStream`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Move {
    /// The stream's PipeWire global id.
    pub id: u32,
    /// The channel to play it through.
    pub channel: Channel,
}

/// What a channel is to play to: of [`Request::SetOutput`], and of a line `output` in mixd.conf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OutputChoice {
    /// A glob that the sink's `node.name` or `node.description` matches; none: whichever is the default.
    pub sink: Option<Pattern>,
    /// The channel; none: both.
    pub channel: Option<Channel>,
}

/// As a line of mixd.conf says it, but for what has to be escaped there.
impl fmt::Display for OutputChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("output ")?;
        if let Some(channel) = self.channel {
            write!(f, "{channel} ")?;
        }
        f.write_str(self.sink.as_deref().unwrap_or("auto"))
    }
}

/// An entry of the program list, of which the first that matches a program decides about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// What the pattern matches plays through the aux channel.
    Program(Pattern),
    /// What the pattern matches is left alone.
    Ignore(Pattern),
}

impl Rule {
    /// Returns its pattern.
    pub fn pattern(&self) -> &Pattern {
        match self {
            Self::Program(pattern) | Self::Ignore(pattern) => pattern,
        }
    }

    /// Returns the same rule with another pattern.
    #[must_use]
    pub fn with(self, pattern: Pattern) -> Self {
        match self {
            Self::Program(_) => Self::Program(pattern),
            Self::Ignore(_) => Self::Ignore(pattern),
        }
    }

    /// Returns the name of its kind: in a message, and of its directive in mixd.conf.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Program(_) => "program",
            Self::Ignore(_) => "ignore",
        }
    }
}

/// As a line of mixd.conf says it, but for what has to be escaped there.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.pattern())
    }
}

/// A change of the program list, or of an output, which `text` alone says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change<'a> {
    /// A sentence for people: what was done, and by which rules.
    pub text: Cow<'a, str>,
    /// The rules that are on the list now and were not before.
    pub added: Vec<Rule>,
    /// How many rules were added and removed besides those listed, because a reply has an end.
    pub omitted: u32,
    /// The rules that were on the list before and are not now.
    pub removed: Vec<Rule>,
    /// Why the change will not outlast the daemon, if it could not be saved.
    pub unsaved: Option<Cow<'a, str>>,
}

/// The answer to a [`Request`] that was carried out.
///
/// Borrowed where it is written, owned where it is read (`Reply<'static>`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply<'a> {
    /// Carried out; there is nothing to say.
    Done,
    /// Carried out, but what was changed will not outlast the daemon: it could not be saved, and
    /// why.
    Unsaved(Cow<'a, str>),
    /// The volume and its gains, after the request.
    Mix(Mix),
    /// The program list, in the order of mixd.conf.
    Programs(Cow<'a, [Rule]>),
    /// What has changed on the program list, or of an output.
    Changed(Change<'a>),
    /// The sinks that can be played to.
    Sinks(SinkList),
    /// The whole state.
    Status(Status<'a>),
    /// The streams that would change, as they would be.
    Streams(StreamList),
    /// One stream, and all that decides about it.
    Stream(Box<StreamDetail>),
    /// What helps to find a fault besides the status.
    Diagnosis(Diagnosis),
}

/// The state of one topic, whole: sent at once on subscribing and after every change. A client
/// that reads slowly misses states in between, never the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event<'a> {
    /// [`Topic::Volume`].
    Volume(Mix),
    /// [`Topic::Programs`].
    Programs(Cow<'a, [Rule]>),
    /// [`Topic::Streams`].
    Streams(Cow<'a, Audio>),
    /// [`Topic::Settings`].
    Settings(Cow<'a, Settings>),
}

/// Why a request was not carried out, or why the daemon closes the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Failure {
    /// The greatest protocol number that the daemon speaks, where [`ErrorCode::Version`] says that it does
    /// not speak the client's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// The least one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// The kind of failure, for programs. One that this crate does not know is [`ErrorCode::Refused`].
    #[serde(deserialize_with = "code")]
    pub code: ErrorCode,
    /// What is wrong, for programs, where the code says too little.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "names::open_option"
    )]
    pub reason: Option<Reason>,
    /// The processes that hold the places for clients, where [`ErrorCode::Busy`] says that none is left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<Holder>,
    /// A sentence for people: what failed, where, and what to do.
    pub message: Cow<'static, str>,
}

/// A process that holds places for clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Holder {
    /// The process; none where it is not visible to the daemon.
    pub pid: Option<u32>,
    /// Its name: `/proc/PID/comm`.
    pub name: Option<NodeName>,
    /// How many places it holds.
    pub places: u32,
}

/// Reads a code: what a client can't tell apart is refused.
fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ErrorCode, D::Error> {
    let code = names::open(deserializer)?;
    Ok(code.unwrap_or(ErrorCode::Refused))
}

names! {
    /// The kind of a failure, for programs. Codes that end the connection say so.
    pub enum ErrorCode {
        /// All places for clients are taken. The connection ends.
        Busy = "busy",
        /// The header is broken: its kind is not one a client sends, its fourth byte is not zero, or
        /// its length is over the limit. Where the next frame starts is unknown: the connection ends.
        Header = "header",
        /// The frame came out of turn: a request before Hello, or a second Hello. The connection ends.
        Sequence = "sequence",
        /// The client's protocol number is not spoken here. The connection ends.
        Version = "version",
        /// A time limit has passed. The connection ends.
        Timeout = "timeout",
        /// The body is not exactly one canonical CBOR item of this kind of message.
        Malformed = "malformed",
        /// The body is sound, but its request is not one that this daemon knows.
        Unsupported = "unsupported",
        /// The request is understood and cannot be carried out.
        Refused = "refused",
    }
}

impl ErrorCode {
    /// Returns whether an Error of this code ends the connection.
    pub fn ends_connection(self) -> bool {
        match self {
            Self::Busy | Self::Header | Self::Sequence | Self::Version | Self::Timeout => true,
            Self::Malformed | Self::Unsupported | Self::Refused => false,
        }
    }
}

names! {
    /// What is wrong, of a [`Failure`], for programs.
    pub enum Reason {
        /// The pattern, or the glob for a sink, is none.
        NotAPattern = "not-a-pattern",
        /// The pattern is on the list already.
        ListedAlready = "listed-already",
        /// The pattern is not on the list.
        NotListed = "not-listed",
        /// The list would be longer than [a frame](crate::frame) has room for.
        ListFull = "list-full",
        /// No stream has this id.
        NoSuchStream = "no-such-stream",
        /// The stream is [`StreamState::Pinned`] elsewhere.
        Pinned = "pinned",
        /// The stream is [`StreamState::Contested`].
        Contested = "contested",
        /// The stream is [`StreamState::Ignored`].
        Ignored = "ignored",
        /// No rules move this program, and it alone.
        NotAlone = "not-alone",
        /// No change is left that could be taken back, or made again.
        NoChange = "no-change",
        /// mixd.conf is wrong.
        WrongFile = "wrong-file",
        /// The client is another user's.
        OtherUser = "other-user",
        /// All places for clients are taken.
        TableFull = "table-full",
        /// The client's process holds as many places as one may.
        ProcessFull = "process-full",
        /// The daemon has no file descriptor left.
        NoDescriptor = "no-descriptor",
    }
}

/// The volume and the gains that it makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
#[serde(rename_all = "kebab-case")]
pub struct Audio {
    /// How many streams there are besides those listed, because a frame has an end.
    pub omitted: u32,
    /// The sinks that the channels play to.
    pub outputs: Box<Outputs>,
    /// What plays, by id: programs' streams, and whatever else is linked to a sink.
    pub streams: Vec<Stream>,
    /// The state of the daemon's connection to PipeWire.
    pub pipewire: PipeWireState,
    /// The reasons why sound may not go where the user expects it, each at most once.
    pub warnings: Vec<Warning>,
}

impl Audio {
    /// Returns the channels whose sink somebody has muted in a mixer.
    pub fn muted(&self) -> impl Iterator<Item = Channel> {
        self.warnings.iter().filter_map(|warning| match warning {
            Warning::DefaultMuted => Some(Channel::Default),
            Warning::AuxMuted => Some(Channel::Aux),
            _ => None,
        })
    }
}

/// The sinks that the channels play to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Outputs {
    /// That of the aux channel; none when there is no sink to play to.
    pub aux: Option<Output>,
    /// That of the default channel; none when there is no sink to play to.
    pub default: Option<Output>,
}

/// A sink that a channel plays to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Output {
    /// `node.name`
    pub name: NodeName,
    /// `node.description`, the name for people, if it has one.
    pub description: Option<NodeName>,
}

impl Output {
    /// Returns the name for people: the description, or else the name.
    pub fn title(&self) -> &NodeName {
        self.description.as_ref().unwrap_or(&self.name)
    }
}

/// A sink that can be played to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sink {
    /// `node.name`
    pub name: NodeName,
    /// The channels that play to it.
    pub users: Vec<SinkUser>,
    /// `node.description`, the name for people, if it has one.
    pub description: Option<NodeName>,
}

/// Sinks, as many as fit into a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SinkList {
    /// The sinks.
    pub sinks: Vec<Sink>,
    /// How many there are besides those listed.
    pub omitted: u32,
}

/// Streams, as many as fit into a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StreamList {
    /// How many there are besides those listed.
    pub omitted: u32,
    /// The streams.
    pub streams: Vec<Stream>,
}

impl From<Vec<Stream>> for StreamList {
    fn from(streams: Vec<Stream>) -> Self {
        let omitted = 0;
        Self { omitted, streams }
    }
}

/// A channel that plays to a [`Sink`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SinkUser {
    /// The line of mixd.conf, or the option of mixd, that has chosen the sink: `output aux headset*`; none
    /// where none did.
    pub line: Option<Sentence>,
    /// The channel.
    pub channel: Channel,
}

/// A reason why sound may not go where the user expects it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Warning {
    /// The default sink is one of mixd's own: the last card is played to.
    OwnSinkIsDefault,
    /// Of the sinks that the daemon was told to play a channel to none is there: the default one is played to.
    OutputMissing,
    /// This sink, the default one or one that the daemon was told to play to, leads back into the
    /// daemon's own sinks: what does so is not played to.
    LeadsBack(NodeName),
    /// Something has removed the daemon's own sinks again and again: they are made anew within a
    /// minute.
    SinksRemoved,
    /// Something has removed the links from the daemon's own sinks to the card again and again: they
    /// are made anew within half a minute.
    LinksRemoved,
    /// The session manager does not answer: the daemon links by itself until it does.
    ManagerHangs,
    /// The session manager is set to move no stream: nothing plays through the channels.
    MovingForbidden,
    /// Somebody has muted the sink of the default channel in a mixer.
    DefaultMuted,
    /// Somebody has muted the sink of the aux channel in a mixer.
    AuxMuted,
    /// Something sets the level of the default channel's sink, or of its monitor, again and again: it
    /// is left as it is, and put back within a minute.
    DefaultLevelContested,
    /// Something sets the level of the aux channel's sink, or of its monitor, again and again: it is
    /// left as it is, and put back within a minute.
    AuxLevelContested,
    /// One that this crate does not know: a newer daemon's.
    Unknown,
}

impl Warning {
    /// Every one that is a name alone.
    const PLAIN: [Self; 10] = [
        Self::OwnSinkIsDefault,
        Self::OutputMissing,
        Self::SinksRemoved,
        Self::LinksRemoved,
        Self::ManagerHangs,
        Self::MovingForbidden,
        Self::DefaultMuted,
        Self::AuxMuted,
        Self::DefaultLevelContested,
        Self::AuxLevelContested,
    ];

    /// The names of all.
    pub const NAMES: [&'static str; Self::PLAIN.len() + 1] = {
        let mut names = [LEADS_BACK; Self::PLAIN.len() + 1];
        let mut at = 0;
        while at < Self::PLAIN.len() {
            names[at] = Self::PLAIN[at].name();
            at += 1;
        }
        names
    };

    /// Returns its name in a message.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OwnSinkIsDefault => "own-sink-is-default",
            Self::OutputMissing => "output-missing",
            Self::LeadsBack(_) => LEADS_BACK,
            Self::SinksRemoved => "sinks-removed",
            Self::LinksRemoved => "links-removed",
            Self::ManagerHangs => "manager-hangs",
            Self::MovingForbidden => "moving-forbidden",
            Self::DefaultMuted => "default-muted",
            Self::AuxMuted => "aux-muted",
            Self::DefaultLevelContested => "default-level-contested",
            Self::AuxLevelContested => "aux-level-contested",
            Self::Unknown => "unknown",
        }
    }
}

/// The name of [`Warning::LeadsBack`].
const LEADS_BACK: &str = "leads-back";

impl<'de> Deserialize<'de> for Warning {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Warning;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a warning")
            }
            fn visit_enum<A: EnumAccess<'de>>(self, value: A) -> Result<Warning, A::Error> {
                let (name, carried) = value.variant::<String>()?;
                if name == LEADS_BACK {
                    return carried.newtype_variant().map(Warning::LeadsBack);
                }
                let mut plain = Warning::PLAIN.into_iter();
                let Some(warning) = plain.find(|warning| warning.name() == name) else {
                    carried.newtype_variant::<IgnoredAny>()?;
                    return Ok(Warning::Unknown);
                };
                carried.unit_variant()?;
                Ok(warning)
            }
        }
        deserializer.deserialize_enum("", &Self::NAMES, Visitor)
    }
}

/// One playing stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stream {
    /// Its PipeWire global id.
    pub id: u32,
    /// The process that plays it, whose name and program patterns are tried against; none where it can't be
    /// known.
    pub pid: Option<u32>,
    /// `application.name`, or the nearest thing to it that is known.
    pub name: NodeName,
    /// The pattern on the program list that decides about it: that puts it into the aux channel, or, of
    /// an ignored stream, has it left alone.
    pub rule: Option<Pattern>,
    /// Whether it plays through its channel, and if not, why.
    pub state: StreamState,
    /// The file name of the program: `application.process.binary`, else what /proc says.
    pub binary: Option<NodeName>,
    /// The channel that the program list gives it; of a pinned one that plays through one of the
    /// channels, that.
    pub channel: Channel,
    /// The name of that process: `/proc/PID/comm`.
    pub process: Option<NodeName>,
    /// Whether samples flow: a paused one is listed, and does not run.
    pub running: bool,
    /// The client that has linked it elsewhere, if there is one and it has a name.
    pub linked_by: Option<ClientName>,
    /// What it plays, for people: `media.name`, else `node.description`.
    pub description: Option<NodeName>,
}

/// All that decides about a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StreamDetail {
    /// The property whose value the winning pattern matches.
    pub key: Option<Key>,
    /// Why the stream does not play through its channel, if it does not.
    pub reason: Option<Sentence>,
    /// The stream.
    pub stream: Stream,
    /// How many properties there are besides those listed, because a frame has an end.
    pub omitted: u32,
    /// Every property that is known: those of its node, of its client, of its process.
    pub properties: Vec<Property>,
    /// The narrowest pattern that matches this program's streams, and now no other's.
    pub suggestion: Option<Pattern>,
}

/// A property of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Property {
    /// Its name.
    pub key: Key,
    /// Its value.
    pub value: Sentence,
    /// Where it is from.
    pub source: Source,
}

names! { open
    /// Where a property of a stream is from.
    pub enum Source {
        /// Its node in PipeWire.
        Node = "node",
        /// The client whose node that is.
        Client = "client",
        /// The kernel, of the process: `comm` and the file name of `exe` in /proc/PID.
        Process = "process",
    }
}

/// What helps to find a fault besides the [`Status`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Diagnosis {
    /// `node.name` of the daemon's own sinks, as PipeWire has them.
    pub sinks: Vec<NodeName>,
    /// How many streams the metadata sends to a sink that does not exist.
    pub stale: u32,
    /// The session manager's name; `None` if none runs.
    pub manager: Option<ClientName>,
    /// The version of the PipeWire that the daemon is connected to.
    pub pipewire: Option<ClientName>,
    /// Why a change of the program list can't be saved, if it can't.
    pub unsaved_list: Option<String>,
    /// Why a change of the volume can't be saved, if it can't.
    pub unsaved_volume: Option<String>,
}

/// What the configuration says that clients need, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// The configuration file's path, whether it exists or not.
    pub file: Option<String>,
    /// The distance from the middle within which a slider snaps to it.
    pub snap: Snap,
    /// The curve from the volume to the gains.
    pub curve: Curve,
    /// Why the file is not in force as it stands: `mixd.conf:7: unknown directive 'curv'`.
    pub problem: Option<String>,
}

names! { open
    /// How the gain of the channel that fades out falls with the volume's distance `d` from the
    /// middle.
    #[derive(Default)]
    pub enum Curve {
        /// 1 - d
        #[default]
        Linear = "linear",
        /// (1 - d)²
        Quadratic = "quadratic",
        /// (1 - d)³
        Cubic = "cubic",
        /// √(1 - d)
        SquareRoot = "square-root",
    }
}

names! { open
    /// How a stream stands to its channel.
    pub enum StreamState {
        /// What decides about it is not known yet, or not all of it is linked to its channel, or its channel
        /// to the card.
        Waiting = "waiting",
        /// It is sent to its channel.
        Routed = "routed",
        /// The user, or the program itself, has chosen another sink for it: left alone.
        Pinned = "pinned",
        /// Something has moved it away from us twice: left alone. Or the session manager does not move
        /// it, although asked. Or it is linked to a card besides its channel.
        Contested = "contested",
        /// The program list says to leave it alone: it is where it would be without the daemon.
        Ignored = "ignored",
    }
}

names! {
    /// One of the two groups that the volume crossfades.
    pub enum Channel {
        /// Programs on the list.
        Aux = "aux",
        /// Everything else.
        Default = "default",
    }
}

names! { open
    /// The state of the daemon's connection to PipeWire.
    pub enum PipeWireState {
        /// Connected, and the channels are made.
        Up = "up",
        /// Not reachable; the daemon retries.
        Down = "down",
        /// The daemon runs without one (`--backend none`).
        Off = "off",
    }
}

/// The whole state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status<'a> {
    /// The volume and its gains.
    pub mix: Mix,
    /// What PipeWire has.
    pub audio: Cow<'a, Audio>,
    /// The program list.
    pub programs: Cow<'a, [Rule]>,
    /// The configuration.
    pub settings: Cow<'a, Settings>,
}

names! {
    /// What a client can subscribe to.
    pub enum Topic {
        /// The volume: [`Event::Volume`].
        Volume = "volume",
        /// The program list: [`Event::Programs`].
        Programs = "programs",
        /// The streams, the outputs and PipeWire: [`Event::Streams`].
        Streams = "streams",
        /// The configuration: [`Event::Settings`].
        Settings = "settings",
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Failure {
    /// Returns a failure with this sentence.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            max: None,
            min: None,
            code,
            reason: None,
            holders: Vec::new(),
            message: message.into(),
        }
    }

    /// Returns the failure of a request that is understood and can't be carried out, for a reason.
    pub fn refused(reason: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Refused, message).because(reason)
    }

    /// Returns it with a reason.
    #[must_use]
    pub fn because(self, reason: Reason) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
