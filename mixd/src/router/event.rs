//! The events that the router takes in and the commands that it gives, as plain values.

use wire::Channel;

use super::layout::Layout;
use super::registry::Direction;
use crate::sorted::SortedMap;

/// The properties of an object in PipeWire.
pub type Props = SortedMap<String, String>;

/// Something that has happened in PipeWire.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A node is there, with the properties that the registry lists.
    Node(u32, Props),
    /// The info event of a node, which [`wants_info`](super::wants_info) asked for.
    Info(u32, Info),
    /// A port is there.
    Port(u32, Props),
    /// A link is there.
    Link(u32, Props),
    /// A link of ours can't carry anything: it is in PipeWire's state `error`.
    LinkFailed(Ports),
    /// PipeWire has refused to make a link that [`Command::Link`] asked for.
    LinkRefused(Ports),
    /// PipeWire has refused to make a link that [`Command::Unlink`] has removed since: its going is not told.
    LinkNeverMade(Ports),
    /// A client is there, with the properties that the registry lists.
    Client(u32, Props),
    /// The info event of a client: all its properties.
    ClientInfo(u32, Props),
    /// The answer to [`Command::InspectProcess`].
    Process(u32, Process),
    /// An object has gone.
    Removed(u32),
    /// The sink that [`Command::CreateSink`] asked for has this id.
    SinkCreated(Sink, u32),
    /// PipeWire has refused to create the sink that [`Command::CreateSink`] asked for.
    SinkRefused(Sink),
    /// One of our sinks carries this.
    Level(Sink, Level),
    /// The factors of the default and the aux channel's sinks are set, and any level that is told from now on
    /// is newer than that. None while they are being set.
    LevelsSet(Option<[f32; 2]>),
    /// The metadata `default` is there, or has gone.
    Metadata(MetadataOwner),
    /// A key of the metadata `default` has this value now, or none. Without a key: all of the
    /// subject's keys have gone.
    MetadataKey {
        /// The object it is about; 0 for the defaults.
        subject: u32,
        /// The key.
        key: Option<String>,
        /// Its value.
        value: Option<String>,
    },
    /// All of the metadata `default` has been read again, as [`Command::Refresh`] asked for.
    Refreshed,
    /// The metadata `filters`, of a session manager that has smart filters, is there, or has gone.
    FilterMetadata(bool),
    /// A key of the metadata `filters` has this value now, or none. Without a key: all of the node's
    /// keys have gone.
    FilterKey {
        /// The node it is about.
        node: u32,
        /// The key.
        key: Option<String>,
        /// Its value.
        value: Option<String>,
    },
    /// A key of the metadata `settings`, PipeWire's, or `sm-settings`, the session manager's, has this
    /// value now.
    Setting(String, String),
    /// PipeWire is of this version.
    Version(String),
    /// All that was there when the connection was made is known.
    Listed,
}

/// The owner of the metadata `default`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetadataOwner {
    /// There is none: no session manager runs.
    #[default]
    None,
    /// PipeWire itself, by its configuration: nobody acts on the keys.
    Static,
    /// A session manager: the client of this id.
    Managed(u32),
    /// A session manager that does not answer: mixd does its work until it does.
    Hanging(u32),
}

impl MetadataOwner {
    /// Returns the client of a session manager that answers.
    pub fn manager(self) -> Option<u32> {
        match self {
            Self::Managed(client) => Some(client),
            Self::None | Self::Static | Self::Hanging(_) => None,
        }
    }

    /// Returns the session manager's client, also of one that hangs.
    pub fn client(self) -> Option<u32> {
        match self {
            Self::Managed(client) | Self::Hanging(client) => Some(client),
            Self::None | Self::Static => None,
        }
    }
}

/// The info event of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// All its properties; `None` if they have not changed.
    pub props: Option<Props>,
    /// The number of its input ports.
    pub inputs: u32,
    /// The number of its output ports.
    pub outputs: u32,
    /// It is running: samples flow.
    pub is_running: bool,
}

/// A process, as far as the kernel lets it be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// `/proc/PID/comm`
    pub comm: Option<String>,
    /// The file name of `/proc/PID/exe`.
    pub exe: Option<String>,
}

/// A sink of ours. A channel has a second one while its layout changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sink {
    /// The channel whose streams it takes.
    pub channel: Channel,
    /// A number that tells the sinks of a connection apart.
    pub number: u32,
}

/// The level of a sink (`Props`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Level {
    /// `channelVolumes`
    pub volumes: Vec<f32>,
    /// `mute`
    pub is_muted: bool,
    /// `monitorVolumes`
    pub monitor_volumes: Vec<f32>,
    /// `monitorMute`
    pub is_monitor_muted: bool,
}

impl Level {
    /// Returns whether every channel is scaled by exactly this factor on its way to the card, unless the sink is
    /// muted. PipeWire keeps the factor to the last bit.
    #[allow(clippy::float_cmp)]
    pub fn carries(&self, factor: f32) -> bool {
        !self.is_monitor_muted
            && self.volumes.iter().all(|&volume| volume == factor)
            && self.monitor_volumes.iter().all(|&volume| volume == 1.0)
    }
}

/// Something for the adapter to do in PipeWire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Make a sink.
    CreateSink(Sink, Layout),
    /// Set its level anew, and whether it is muted.
    SetLevel(Sink, bool),
    /// Destroy it.
    DestroySink(Sink),
    /// Destroy a node of another client.
    DestroyNode(u32),
    /// Give a node's ports of this direction this layout.
    ConfigurePorts(u32, Direction, Layout),
    /// Set a stream's `target.object` to the sink of this `object.serial`.
    SetTarget(u32, u64),
    /// Remove a stream's `target.object`.
    ClearTarget(u32),
    /// Remove a stream's `target.node`.
    ClearTargetNode(u32),
    /// Set a stream's `target.node` to -1, as the session manager marks what follows the default sink
    /// though its own node names one.
    FollowDefault(u32),
    /// Read all of the metadata `default` again.
    Refresh,
    /// Link an output port to an input port.
    Link(Ports),
    /// Remove such a link.
    Unlink(Ports),
    /// Read what the kernel knows of this process.
    InspectProcess(u32),
}

/// An output port and the input port it feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports {
    /// The output port's node.
    pub output_node: u32,
    /// The output port.
    pub output: u32,
    /// The input port's node.
    pub input_node: u32,
    /// The input port.
    pub input: u32,
}
