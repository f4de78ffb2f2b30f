//! Which program a stream belongs to: its properties, those of its client and of its process; and
//! all that clients are told of one stream.

use std::collections::{BTreeMap, BTreeSet};

use wire::message::{Key, NodeName, Pattern, Sentence};
use wire::{Property, Rule, Source, Stream, StreamDetail};

use super::Router;
use super::event::{Command, Process};
use super::state::Decision;
use crate::rules::{self, BINARY, COMM, EXE, FLATPAK, Program, Rules};
use crate::server::session::takes;

/// What the kernel says of the processes that play. None: it has been asked.
#[derive(Debug, Default)]
pub struct Processes(BTreeMap<u32, Option<Process>>);

impl Processes {
    /// The kernel has answered.
    pub fn handle(&mut self, pid: u32, process: Process) {
        if let Some(place) = self.0.get_mut(&pid) {
            *place = Some(process);
        }
    }

    fn get(&self, pid: u32) -> Option<&Process> {
        self.0.get(&pid)?.as_ref()
    }
}

/// The process of a stream, as it is called where PipeWire runs, or where the program does.
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

/// Whether a process can be the one of which a program says that its file is called `binary`. Whoever
/// says nothing can't be told from another.
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

/// A stream, as the program that it belongs to.
pub(super) struct StreamProperties<'a> {
    router: &'a Router,
    /// Its id.
    pub stream: u32,
}

impl StreamProperties<'_> {
    fn process(&self) -> Option<&Process> {
        let pid = self.router.pid(self.stream)?;
        self.router.processes.get(pid)
    }

    /// A property as PipeWire has it: the node's, else its client's.
    fn plain(&self, key: &str) -> Option<&str> {
        let registry = &self.router.registry;
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
        let pid = |program: &Self| program.router.pid(program.stream);
        match (pid(self), pid(other)) {
            (Some(a), Some(b)) if a == b => true,
            _ => self.is_named_alike(other),
        }
    }
}

impl Router {
    /// A stream as the program that it belongs to.
    pub(super) fn properties(&self, stream: u32) -> StreamProperties<'_> {
        StreamProperties {
            router: self,
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

    /// What is said of the process that plays a stream. The kernel tells PipeWire (`pipewire.sec.pid`),
    /// but of pipewire-pulse's clients that is pipewire-pulse itself; they say it themselves, and those
    /// in a Flatpak always number their processes differently.
    fn said_pid(&self, stream: u32) -> Option<Pid> {
        let client = self.registry.nodes().get(&stream)?.client;
        let of_client = |key| self.registry.client_property(client?, key);
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

    /// Asks for what is not yet known of the processes that play, and forgets the others. As a rule the
    /// client has said which it is before the stream says anything: nothing is waited for then.
    pub(super) fn inspect_processes(&mut self, commands: &mut Vec<Command>) {
        let nodes = self.registry.nodes().keys().copied();
        let streams = nodes.filter(|&id| self.makes_sound(id) && self.has_known_client(id));
        let pids = streams.filter_map(|id| self.said_pid(id));
        let pids: BTreeSet<u32> = pids.map(Pid::number).collect();
        self.processes.0.retain(|pid, _| pids.contains(pid));
        for pid in pids {
            self.processes.0.entry(pid).or_insert_with(|| {
                commands.push(Command::InspectProcess(pid));
                None
            });
        }
    }

    /// Whether the stream and its client have said what they are.
    fn is_introduced(&self, stream: u32) -> bool {
        self.registry.infos.contains_key(&stream) && self.has_known_client(stream)
    }

    /// Whether the stream's client, if it has one, has said what it is.
    fn has_known_client(&self, stream: u32) -> bool {
        let node = self.registry.nodes().get(&stream);
        let client = node.and_then(|node| node.client);
        !client.is_some_and(|client| self.registry.is_silent(client))
    }

    /// Whether all is known by which a rule can match a stream.
    pub(super) fn is_known(&self, stream: u32) -> bool {
        self.is_introduced(stream)
            && self
                .said_pid(stream)
                .is_none_or(|pid| self.processes.get(pid.number()).is_some())
    }

    /// The rule that decides about a stream.
    pub(super) fn rule(&self, stream: u32, rules: &Rules) -> Option<Rule> {
        let decision = rules.decide(&self.properties(stream));
        decision.map(|decision| decision.rule)
    }

    /// A stream, as clients are told of it.
    pub(super) fn to_message(&self, id: u32, decision: Decision) -> Stream {
        let program = self.properties(id);
        Stream {
            id,
            pid: self.pid(id),
            name: NodeName::truncated(program.name()),
            rule: decision.rule.map(|rule| *rule.pattern()),
            rival: decision.rival,
            state: decision.state,
            binary: program.property(BINARY).map(NodeName::truncated),
            channel: decision.channel,
        }
    }

    /// All that decides about a stream, of whose properties as many are listed as fit into `room`
    /// bytes.
    pub fn detail(&self, id: u32, rules: &Rules, room: usize) -> Option<StreamDetail> {
        let decision = self.decide(id, rules)?;
        let node = self.registry.nodes().get(&id)?;
        let program = self.properties(id);
        let reason = self.reason(id, &decision);
        let stream = self.to_message(id, decision);
        let mut properties = Vec::new();
        let mut add = |source, key: &str, value: &str| {
            properties.push(Property {
                key: Key::truncated(key),
                value: Sentence::truncated(value),
                source,
            });
        };
        let own = self
            .registry
            .infos
            .get(&id)
            .and_then(|info| info.props.as_ref());
        for (key, value) in own.into_iter().flatten() {
            add(Source::Node, key, value);
        }
        let client = node.client.and_then(|id| self.registry.client_props(id));
        for (key, value) in client.into_iter().flatten() {
            add(Source::Client, key, value);
        }
        if let Some(process) = program.process() {
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
        Some(StreamDetail {
            key: rules
                .decide(&program)
                .map(|found| Key::truncated(found.key)),
            reason,
            stream,
            omitted: u32::try_from(all - properties.len()).unwrap_or(u32::MAX),
            properties,
            suggestion: self.suggestion(id),
        })
    }

    fn suggestion(&self, id: u32) -> Option<Pattern> {
        let program = self.properties(id);
        let programs: Vec<StreamProperties> = self.programs().collect();
        let others = programs.iter().filter(|other| !program.is_same(other));
        rules::narrowest(&program, &others.collect::<Vec<_>>())
    }

    /// All that makes sound, as the programs that it belongs to.
    pub(super) fn programs(&self) -> impl Iterator<Item = StreamProperties<'_>> {
        let nodes = self.registry.nodes().keys();
        let programs = nodes.filter(|&&id| self.makes_sound(id));
        programs.map(|&id| self.properties(id))
    }
}

/// No more than this does a property take in a message besides its texts.
const PROPERTY: usize = 40;
