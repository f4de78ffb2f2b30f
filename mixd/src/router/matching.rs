//! Which program a stream belongs to: its properties, those of its client and of its process; which rule
//! matches it; and all that clients are told of one stream.

use wire::message::{ClientName, Key, Pattern, Sentence};
use wire::{Channel, Property, Rule, Source, Stream, StreamDetail};

use super::event::{Command, Process};
use super::registry::Registry;
use super::state::State;
use super::timeouts::Round;
use crate::limits::takes;
use crate::rules::name::shown;
use crate::rules::{self, BINARY, COMM, EXE, FLATPAK, Program, Rules};
use crate::sorted::{SortedMap, SortedSet};

/// The processes that play, by number; `None` for one that was asked about and is not known yet.
#[derive(Debug, Default)]
pub struct Processes(SortedMap<u32, Option<Process>>);

impl Processes {
    /// Takes in the kernel's answer.
    pub fn set(&mut self, pid: u32, process: Process) {
        if let Some(known) = self.0.get_mut(&pid) {
            *known = Some(process);
        }
    }

    fn get(&self, pid: u32) -> Option<&Process> {
        self.0.get(&pid)?.as_ref()
    }
}

/// The number of a stream's process, where PipeWire runs or where the program does.
#[derive(Clone, Copy)]
enum Pid {
    /// The kernel has told PipeWire: beyond freshness.
    Told(u32),
    /// The program says so itself: in another PID namespace (a container) its number is another
    /// process's here.
    Claimed(u32),
}

impl Pid {
    fn number(self) -> u32 {
        match self {
            Self::Told(pid) | Self::Claimed(pid) => pid,
        }
    }
}

/// Returns whether a process can be the one of a program that says that its file is called `binary`. One
/// that says nothing can't be told from another.
fn is_plausible(process: &Process, binary: Option<&str>) -> bool {
    let Some(binary) = binary else {
        return false;
    };
    match (&process.exe, &process.comm) {
        (Some(exe), _) => exe == binary,
        // The kernel keeps 15 bytes.
        (None, Some(comm)) => {
            binary == comm || comm.len() == MAX_COMM && binary.starts_with(&**comm)
        }
        (None, None) => false,
    }
}

/// The longest `/proc/PID/comm` (`TASK_COMM_LEN`, less the NUL).
const MAX_COMM: usize = 15;

/// The properties of a stream, by which patterns match the program that it belongs to.
pub struct StreamProperties<'a> {
    registry: &'a Registry,
    /// The stream's id.
    pub stream: u32,
}

impl StreamProperties<'_> {
    fn process(&self) -> Option<&Process> {
        let pid = self.registry.pid(self.stream)?;
        self.registry.processes.get(pid)
    }

    /// A property as PipeWire has it: the node's, else its client's.
    fn plain(&self, key: &str) -> Option<&str> {
        let registry = self.registry;
        let own = registry.property(self.stream, key);
        let own = own.filter(|value| !value.is_empty());
        own.or_else(|| {
            let node = registry.nodes().get(&self.stream)?;
            match key {
                "node.name" => Some(&*node.name),
                _ => registry.client_property(node.client?, key),
            }
        })
        .filter(|value| !value.is_empty())
    }
}

impl Program for StreamProperties<'_> {
    fn property(&self, key: &str) -> Option<&str> {
        let process = || self.process();
        let comm = || process()?.comm.as_deref();
        let exe = || process()?.exe.as_deref();
        let plain = self.plain(key);
        match key {
            BINARY => plain.or_else(exe).or_else(comm),
            COMM => plain.or_else(comm),
            EXE => plain.or_else(exe),
            _ => plain,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let pid = |program: &Self| program.registry.pid(program.stream);
        match (pid(self), pid(other)) {
            (Some(a), Some(b)) if a == b => true,
            _ => self.is_named_alike(other),
        }
    }
}

/// The first rule that matches a stream, and the property that it matches by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Match {
    /// None: no rule matches it.
    pub rule: Option<Rule>,
    /// `application.name`, say.
    pub key: Option<Key>,
}

impl Match {
    /// Finds the rule for a stream.
    pub fn find(registry: &Registry, stream: u32, rules: &Rules) -> Self {
        let found = rules.first_match(&registry.properties(stream));
        Self {
            rule: found.as_ref().map(|found| found.rule),
            key: found.map(|found| Key::truncated(&found.key)),
        }
    }

    /// The channel that the rule gives the stream; none if it has it ignored.
    pub fn channel(&self) -> Option<Channel> {
        rules::channel(self.rule.as_ref())
    }
}

impl Registry {
    /// The properties of a stream.
    pub fn properties(&self, stream: u32) -> StreamProperties<'_> {
        StreamProperties {
            registry: self,
            stream,
        }
    }

    /// The process that plays a stream, as far as it can be known.
    fn pid(&self, stream: u32) -> Option<u32> {
        match self.said_pid(stream)? {
            Pid::Told(pid) => Some(pid),
            Pid::Claimed(pid) => {
                let process = self.processes.get(pid)?;
                let program = self.properties(stream);
                is_plausible(process, program.plain(BINARY)).then_some(pid)
            }
        }
    }

    /// Returns the process that plays a stream, and who says so. The kernel tells PipeWire (`pipewire.sec.pid`),
    /// but of pipewire-pulse's clients that is pipewire-pulse itself; they say it themselves, and those
    /// in a Flatpak always number their processes differently.
    fn said_pid(&self, stream: u32) -> Option<Pid> {
        let client = self.nodes().get(&stream)?.client;
        let of_client = |key| self.client_property(client?, key);
        let is_pulse = of_client("client.api") == Some("pipewire-pulse");
        let program = self.properties(stream);
        let number = |pid: &str| pid.parse().ok().filter(|&pid| pid > 0);
        match (of_client("pipewire.sec.pid"), program.plain(FLATPAK)) {
            (Some(pid), _) if !is_pulse => number(pid).map(Pid::Told),
            (_, None) => {
                let pid = program.plain("application.process.id")?;
                number(pid).map(Pid::Claimed)
            }
            (_, Some(_)) => None,
        }
    }

    /// Returns whether a node is one to be listed: a program's playback, and whatever else is linked to a
    /// sink.
    pub fn makes_sound(&self, id: u32) -> bool {
        self.is_stream(id)
            || self.nodes().contains_key(&id)
                && self.channel(id).is_none()
                && self.sinks_fed_by(id).next().is_some()
    }

    /// The nodes to be listed, by id.
    pub fn sounds(&self) -> impl Iterator<Item = u32> {
        let nodes = self.nodes().keys().copied();
        nodes.filter(|&id| self.makes_sound(id))
    }

    /// The nodes whose process has this number, or says that it has.
    pub fn nodes_of_process(&self, pid: u32) -> impl Iterator<Item = u32> {
        let nodes = self.nodes().keys().copied();
        nodes.filter(move |&id| self.said_pid(id).is_some_and(|said| said.number() == pid))
    }

    /// Asks for what is not yet known of the processes that play, and forgets the others. As a rule the
    /// client has said which it is before the stream says anything: nothing is waited for then.
    pub fn inspect_processes(&mut self, round: &mut Round) {
        let streams = self.sounds().filter(|&id| self.has_known_client(id));
        let pids = streams.filter_map(|id| self.said_pid(id));
        let pids: SortedSet<u32> = pids.map(Pid::number).collect();
        self.processes.0.retain(|pid, _| pids.contains(pid));
        for pid in pids {
            self.processes.0.get_or_insert_with(pid, || {
                round.commands.push(Command::InspectProcess(pid));
                None
            });
        }
    }

    /// Returns whether the stream and its client have said what they are.
    fn is_introduced(&self, stream: u32) -> bool {
        self.infos.contains_key(&stream) && self.has_known_client(stream)
    }

    /// Returns whether the stream's client, if it has one, has said what it is.
    fn has_known_client(&self, stream: u32) -> bool {
        let node = self.nodes().get(&stream);
        let client = node.and_then(|node| node.client);
        !client.is_some_and(|client| self.is_silent(client))
    }

    /// Returns whether all is known by which a rule can match a stream.
    pub fn is_known(&self, stream: u32) -> bool {
        self.is_introduced(stream)
            && self
                .said_pid(stream)
                .is_none_or(|pid| self.processes.get(pid.number()).is_some())
    }

    /// A stream, as clients are told of it.
    pub fn to_message(&self, id: u32, state: &State) -> Stream {
        let program = self.properties(id);
        let linked_by = state.linked_by().and_then(|client| self.client(client));
        let process = program
            .process()
            .and_then(|process| process.comm.as_deref());
        let description = program.plain("media.name");
        let description = description.or_else(|| program.plain("node.description"));
        Stream {
            id,
            pid: self.pid(id),
            name: shown(program.name()),
            rule: state.matched.rule.map(|rule| *rule.pattern()),
            state: state.state(),
            binary: program.property(BINARY).map(shown),
            channel: state.channel,
            process: process.map(shown),
            running: self.infos.get(&id).is_some_and(|info| info.is_running),
            linked_by: linked_by.map(ClientName::truncated),
            description: description.map(shown),
        }
    }

    /// All that decides about a stream, of whose properties as many are listed as fit into `room`
    /// bytes.
    pub fn detail(
        &self,
        id: u32,
        state: &State,
        reason: Option<&Sentence>,
        room: usize,
    ) -> StreamDetail {
        let mut properties = Vec::new();
        let mut add = |source, key: &str, value: &str| {
            properties.push(Property {
                key: Key::truncated(key),
                value: Sentence::truncated(value),
                source,
            });
        };
        let own = self.infos.get(&id).and_then(|info| info.props.as_ref());
        for (key, value) in own.into_iter().flatten() {
            add(Source::Node, key, value);
        }
        let client = self.nodes().get(&id).and_then(|node| node.client);
        let client = client.and_then(|id| self.client_props(id));
        for (key, value) in client.into_iter().flatten() {
            add(Source::Client, key, value);
        }
        if let Some(process) = self.properties(id).process() {
            for (key, value) in [(COMM, &process.comm), (EXE, &process.exe)] {
                if let Some(value) = value {
                    add(Source::Process, key, value);
                }
            }
        }
        let all = properties.len();
        let mut room = room;
        properties.retain(|property| {
            takes(
                &mut room,
                PROPERTY + property.key.len() + property.value.len(),
            )
        });
        StreamDetail {
            key: state.matched.key,
            reason: reason.copied(),
            stream: self.to_message(id, state),
            omitted: u32::try_from(all - properties.len()).unwrap_or(u32::MAX),
            properties,
            suggestion: self.suggestion(id),
        }
    }

    fn suggestion(&self, id: u32) -> Option<Pattern> {
        let program = self.properties(id);
        let programs: Vec<StreamProperties> = self.programs().collect();
        let others = programs.iter().filter(|other| !program.is_same(other));
        rules::narrowest(&program, &others.collect::<Vec<_>>())
    }

    /// The properties of all that makes sound.
    pub fn programs(&self) -> impl Iterator<Item = StreamProperties<'_>> {
        self.sounds().map(|id| self.properties(id))
    }
}

/// The most bytes that a property takes in a message besides its texts.
const PROPERTY: usize = 40;
