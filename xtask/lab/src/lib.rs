//! A private PipeWire to play to: its own D-Bus, PipeWire, WirePlumber and PulseAudio server in a
//! folder of its own, with null sinks for cards. Needs no sound hardware, no session and no root,
//! touches nobody else's, and leaves nothing behind. A desktop ([`desktop`]) and a mixd ([`mixd`]) run in it;
//! the tests of all crates use it, and so do the commands of xtask.

pub mod desktop;
mod dump;
pub mod future;
pub mod level;
pub mod mixd;
pub mod mpris;
pub mod process;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

pub use dump::Dump;
use rustix::process::Signal;

use crate::level::Recording;
use crate::process::{Folder, Process, wait_for};

/// A sentence that says what went wrong.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// The result of every step of a lab.
pub type Result<T> = std::result::Result<T, Error>;

/// How long anything may take that takes a moment: ten times what it does on an idle machine.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// A null sink that stands for a sound card.
#[derive(Clone, Copy, Debug)]
pub struct Card {
    /// `node.name`.
    pub name: &'static str,
    /// `audio.position`, separated by blanks.
    pub positions: &'static str,
    /// `priority.session`: the highest is the default.
    pub priority: u32,
}

impl Card {
    /// What makes PipeWire's adapter factory make it. SDL 3 knows no sink without a description.
    pub fn properties(&self) -> String {
        let Self {
            name,
            positions,
            priority,
        } = self;
        format!(
            "{{ factory.name = support.null-audio-sink node.name = {name} node.description = {name} \
             media.class = Audio/Sink audio.position = [ {positions} ] \
             priority.session = {priority} object.linger = true }}"
        )
    }
}

/// Two stereo cards; `card-a` is the default.
pub const STEREO: [Card; 2] = [
    Card {
        name: "card-a",
        positions: "FL FR",
        priority: 1000,
    },
    Card {
        name: "card-b",
        positions: "FL FR",
        priority: 500,
    },
];

/// Keeps WirePlumber from taking this machine's own sound cards, cameras and Bluetooth, and from
/// needing a logind to do so: the files of 0.4 (Lua), then of 0.5.
const NO_HARDWARE: [(&str, &str); 3] = [
    (
        "wireplumber/main.lua.d/51-no-hardware.lua",
        "alsa_monitor.enabled = false\nv4l2_monitor.enabled = false\n\
         libcamera_monitor.enabled = false\n",
    ),
    (
        "wireplumber/bluetooth.lua.d/51-no-hardware.lua",
        "bluez_monitor.enabled = false\n",
    ),
    (
        "wireplumber/wireplumber.conf.d/no-hardware.conf",
        "wireplumber.profiles = { main = { hardware.audio = disabled hardware.bluetooth = disabled \
         hardware.video-capture = disabled support.logind = disabled } }\n",
    ),
];

/// What programs of the session get of this process's environment, by the names' beginnings.
/// Everything else stays outside: there are many `PIPEWIRE_`, `PULSE_`, `WIREPLUMBER_` and `XDG_`
/// variables, and most of them lead out of the session or change what is measured.
const INHERITED: [&str; 8] = [
    process::RUN,
    "PATH",
    "LANG",
    "LC_",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "RUST",
    "LLVM_",
];

fn is_inherited(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    INHERITED
        .iter()
        .any(|prefix| name.starts_with(prefix.as_bytes()))
}

/// One of the session's programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemon {
    /// `pipewire`
    PipeWire,
    /// `wireplumber`
    WirePlumber,
    /// `pipewire-pulse`
    Pulse,
}

impl Daemon {
    const fn program(self) -> &'static str {
        match self {
            Self::PipeWire => "pipewire",
            Self::WirePlumber => "wireplumber",
            Self::Pulse => "pipewire-pulse",
        }
    }
}

/// The private session. Must be dropped by the thread that made it.
#[derive(Debug)]
pub struct Lab {
    // Ended in the order of the fields, clients first; the folder goes last.
    pulse: Option<Process>,
    wireplumber: Option<Process>,
    pipewire: Option<Process>,
    dbus: Process,
    cards: Vec<Card>,
    folder: Folder,
}

impl Lab {
    /// A session with two stereo cards, all of it running.
    pub fn start() -> Result<Self> {
        Self::start_with(&STEREO)
    }

    /// A session with these cards, all of it running.
    pub fn start_with(cards: &[Card]) -> Result<Self> {
        let mut lab = Self::prepare(cards)?;
        lab.start_all()?;
        Ok(lab)
    }

    /// The same with `mixd/dist/wireplumber` installed: programs wait for mixd's choice.
    pub fn start_awaiting_mixd() -> Result<Self> {
        let mut lab = Self::prepare(&STEREO)?;
        for (folder, name) in [
            (".local/share/wireplumber/scripts", "await-mixd.lua"),
            ("config/wireplumber/wireplumber.conf.d", "await-mixd.conf"),
        ] {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mixd/dist/wireplumber");
            let folder = lab.path(folder);
            fs::create_dir_all(&folder)?;
            fs::copy(source.join(name), folder.join(name))?;
        }
        lab.start_all()?;
        Ok(lab)
    }

    fn start_all(&mut self) -> Result<()> {
        self.start_daemon(Daemon::PipeWire)?;
        self.start_daemon(Daemon::WirePlumber)?;
        self.start_daemon(Daemon::Pulse)
    }

    /// The same without a session manager, as on a board that has none.
    pub fn start_unmanaged(cards: &[Card]) -> Result<Self> {
        let mut lab = Self::prepare(cards)?;
        lab.start_daemon(Daemon::PipeWire)?;
        lab.start_daemon(Daemon::Pulse)?;
        Ok(lab)
    }

    /// A session of which nothing but D-Bus runs yet.
    pub fn prepare(cards: &[Card]) -> Result<Self> {
        let folder = Folder::new("mixd-lab")?;
        let write = |path: &str, text: &str| {
            let path = folder.path().join("config").join(path);
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            fs::write(path, text)
        };
        write("pipewire/pipewire.conf.d/cards.conf", &cards_config(cards))?;
        for (path, text) in NO_HARDWARE {
            write(path, text)?;
        }
        // pipewire-pulse ends if pactl, which asks for it, makes this folder at the same time.
        fs::DirBuilder::new()
            .mode(0o700)
            .create(folder.path().join("pulse"))?;
        let address = format!("--address=unix:path={}/bus", folder.path().display());
        let mut dbus = command_in(folder.path(), "dbus-daemon");
        dbus.args(["--session", "--nofork", &address]);
        let dbus = Process::start_logged(&mut dbus, &folder.path().join("dbus-daemon.log"))?;
        let bus = folder.path().join("bus");
        wait_for("dbus-daemon's socket", TIMEOUT, || {
            Ok(bus.exists().then_some(()))
        })?;
        Ok(Self {
            pulse: None,
            wireplumber: None,
            pipewire: None,
            dbus,
            cards: cards.to_vec(),
            folder,
        })
    }

    /// Starts one of the programs.
    pub fn launch(&mut self, daemon: Daemon) -> Result<()> {
        let log = self.log(daemon);
        let process = Process::start_logged(&mut self.command(daemon.program()), &log)?;
        *self.place(daemon) = Some(process);
        Ok(())
    }

    fn log(&self, daemon: Daemon) -> PathBuf {
        self.path(&format!("{}.log", daemon.program()))
    }

    /// Starts one of the programs and waits until it serves.
    pub fn start_daemon(&mut self, daemon: Daemon) -> Result<()> {
        self.launch(daemon)?;
        let (program, log) = (daemon.program(), self.log(daemon));
        wait_for(program, TIMEOUT, || Ok(self.serves(daemon).then_some(()))).map_err(|error| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            format!("{error}; its log ends with:\n{}", tail(&log, 10)).into()
        })
    }

    /// Ends one of the programs by a signal.
    pub fn stop_daemon(&mut self, daemon: Daemon, signal: Signal) -> Result<()> {
        match self.place(daemon).take() {
            Some(mut process) => process.end(signal).map(drop),
            None => Ok(()),
        }
    }

    /// Whether one of the programs has ended without being told to.
    pub fn has_crashed(&mut self, daemon: Daemon) -> Result<bool> {
        match self.place(daemon) {
            Some(process) => Ok(process.ended()?.is_some()),
            None => Ok(false),
        }
    }

    /// The D-Bus daemon of the session.
    pub fn bus(&self) -> &Process {
        &self.dbus
    }

    /// One of the programs, if it was started.
    pub fn daemon(&self, daemon: Daemon) -> Option<&Process> {
        match daemon {
            Daemon::PipeWire => self.pipewire.as_ref(),
            Daemon::WirePlumber => self.wireplumber.as_ref(),
            Daemon::Pulse => self.pulse.as_ref(),
        }
    }

    fn place(&mut self, daemon: Daemon) -> &mut Option<Process> {
        match daemon {
            Daemon::PipeWire => &mut self.pipewire,
            Daemon::WirePlumber => &mut self.wireplumber,
            Daemon::Pulse => &mut self.pulse,
        }
    }

    fn serves(&self, daemon: Daemon) -> bool {
        match daemon {
            Daemon::PipeWire => {
                let is_there = |dump: &Dump, card: &Card| dump.node(card.name).is_some();
                UnixStream::connect(self.path("pipewire-0")).is_ok()
                    && self
                        .dump()
                        .is_ok_and(|dump| self.cards.iter().all(|card| is_there(&dump, card)))
            }
            Daemon::WirePlumber => {
                let best = self.cards.iter().max_by_key(|card| card.priority);
                let default = self.default_sink();
                best.is_none_or(|best| default.as_deref() == Some(best.name))
            }
            Daemon::Pulse => {
                let info = self.command("pactl").arg("info").output();
                info.is_ok_and(|out| out.status.success())
            }
        }
    }

    /// A path in the session's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program that will see this session and no other.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        command_in(self.folder.path(), program)
    }

    /// The version of the session manager: `[0, 5, 8]`.
    pub fn wireplumber_version(&self) -> Result<Vec<u32>> {
        let text = self.output("wireplumber", &["--version"])?;
        let version = text.split_whitespace().last().unwrap_or_default();
        Ok(version.split('.').map_while(|n| n.parse().ok()).collect())
    }

    /// Returns whether the session manager pauses players whose sink goes
    /// (`linking.pause-playback`).
    pub fn pauses_players(&self) -> Result<bool> {
        Ok(self.wireplumber_version()?.as_slice() >= &[0, 5, 11])
    }

    /// What a program of this session prints.
    pub fn output(&self, program: &str, args: &[&str]) -> Result<String> {
        let out = self.command(program).args(args).output().map_err(|error| {
            format!("start {program}: {error}; 'cargo xtask setup' installs it")
        })?;
        if out.status.success() {
            Ok(String::from_utf8_lossy(&out.stdout).into_owned())
        } else {
            let said = String::from_utf8_lossy(&out.stderr);
            Err(format!("{program} {}: {}", args.join(" "), said.trim()).into())
        }
    }

    /// A command whose program is not kept waiting by what else runs, as PipeWire's own daemons are not:
    /// what it fails to play or record in time would be taken for what mixd did. Programs of PulseAudio have
    /// buffers that are long enough.
    fn prompt(&self, program: &str) -> Command {
        let mut command = self.command("nice");
        // The nice level of PipeWire's module-rt. Where that is not allowed, it says so and goes on.
        command.args(["-n", "-11", program]);
        command
    }

    /// Plays a file as the native program `name`, until dropped.
    pub fn play_native(&self, name: &str, file: &Path, args: &[&str]) -> Result<Process> {
        let mut command = self.prompt("pw-play");
        command.env(
            "PIPEWIRE_PROPS",
            format!("{{ application.name = \"{name}\" }}"),
        );
        Process::start(command.args(args).arg(file))
    }

    /// Plays a file as the PulseAudio program `name`, until dropped.
    pub fn play_pulse(&self, name: &str, file: &Path, args: &[&str]) -> Result<Process> {
        let mut command = self.command("paplay");
        Process::start(command.args(["--client-name", name]).args(args).arg(file))
    }

    /// Records what a card is sent, all its channels. Returns when the recording runs.
    pub fn record(&self, card: &str) -> Result<Recorder> {
        self.record_by(card, self.wireplumber.is_none())
    }

    /// The same, by links of its own, which stay when the session manager ends.
    pub fn record_apart(&self, card: &str) -> Result<Recorder> {
        self.record_by(card, true)
    }

    fn record_by(&self, card: &str, by_own_links: bool) -> Result<Recorder> {
        let known = self.cards.iter().find(|known| known.name == card);
        let positions = known
            .map_or("FL FR", |card| card.positions)
            .replace(' ', ",");
        let channels = positions.split(',').count();
        let file = self.path(&format!("{card}.wav"));
        let _ = fs::remove_file(&file);
        let mut command = self.prompt("pw-record");
        command.args(["-P", "{ stream.capture.sink = true }", "--format", "f32"]);
        command.args(["--rate", "48000", "--channels", &channels.to_string()]);
        let target = if by_own_links { "0" } else { card };
        command.args(["--channel-map", &positions, "--target", target]);
        let process = Process::start(command.arg(&file))?;
        if by_own_links {
            self.link_recorder(card, &positions)?;
        }
        // More than a header: samples come.
        let grows = || {
            let size = fs::metadata(&file).map_or(0, |data| data.len());
            Ok((size > 4096).then_some(size))
        };
        let size = usize::try_from(wait_for("pw-record", TIMEOUT, grows)?)?;
        let missed = size / (size_of::<f32>() * channels);
        Ok(Recorder {
            process,
            file,
            missed,
        })
    }

    /// Does for a recorder what the session manager does: gives it ports, and links them.
    fn link_recorder(&self, card: &str, positions: &str) -> Result<()> {
        let recorder = || Ok(self.dump()?.node("pw-record"));
        let id = wait_for("pw-record's node", TIMEOUT, recorder)?.to_string();
        let config = format!(
            "{{ direction: Input, mode: dsp, format: {{ mediaType: audio, mediaSubtype: raw, \
             format: F32P, rate: 48000, channels: {}, position: [ {positions} ] }} }}",
            positions.split(',').count()
        );
        if self.wireplumber.is_none() {
            self.output("pw-cli", &["set-param", &id, "PortConfig", &config])?;
        }
        for position in positions.split(',') {
            let from = format!("{card}:monitor_{position}");
            let to = format!("pw-record:input_{position}");
            let linked = || Ok(self.output("pw-link", &[&from, &to]).ok());
            wait_for(&format!("{from} to {to}"), TIMEOUT, linked)?;
        }
        Ok(())
    }

    /// What a card is sent over the given time, from now on.
    pub fn listen(&self, card: &str, time: Duration) -> Result<Recording> {
        let recorder = self.record(card)?;
        std::thread::sleep(time);
        recorder.stop()
    }

    /// All that PipeWire has.
    pub fn dump(&self) -> Result<Dump> {
        let text = self.output("timeout", &["5", "pw-dump"])?;
        Dump::parse(&text)
    }

    /// The lines of the metadata `default`.
    ///
    /// Fails after some seconds without an answer: who binds the metadata is not served until the session
    /// manager, whose it is, has answered a ping, and a manager that waits for a program never does.
    pub fn metadata(&self) -> Result<String> {
        self.output("timeout", &["5", "pw-metadata", "-n", "default"])
    }

    /// The `node.name` of the default sink, if there is one.
    pub fn default_sink(&self) -> Option<String> {
        let metadata = self.metadata().unwrap_or_default();
        let line = metadata
            .lines()
            .find(|line| line.contains("key:'default.audio.sink'"));
        let value = line.and_then(|line| line.split_once("\"name\":\""));
        value
            .and_then(|(_, rest)| rest.split('"').next())
            .map(str::to_owned)
    }

    /// Chooses the default sink, as a mixer does.
    pub fn set_default(&self, sink: &str) -> Result<()> {
        let value = format!("{{\"name\":\"{sink}\"}}");
        let key = "default.configured.audio.sink";
        let args = ["-n", "default", "0", key, &value, "Spa:String:JSON"];
        self.output("pw-metadata", &args).map(drop)
    }

    /// The same, until the session manager has taken the choice.
    pub fn make_default(&self, sink: &str) -> Result<()> {
        self.set_default(sink)?;
        wait_for("the choice of a default", TIMEOUT, || {
            Ok((self.default_sink().as_deref() == Some(sink)).then_some(()))
        })
    }

    /// Takes a card away.
    pub fn unplug(&self, card: &str) -> Result<()> {
        let id = self
            .dump()?
            .node(card)
            .ok_or_else(|| format!("no {card} to unplug"))?;
        self.output("pw-cli", &["destroy", &id.to_string()])
            .map(drop)
    }

    /// Adds a card.
    pub fn plug(&self, card: &Card) -> Result<()> {
        self.output("pw-cli", &["create-node", "adapter", &card.properties()])
            .map(drop)
    }

    /// Waits until the stream of the program `name` feeds the sink `sink`, and nothing else.
    pub fn wait_for_route(&self, name: &str, sink: &str) -> Result<()> {
        let what = format!("{name} on {sink}");
        wait_for(&what, TIMEOUT, || {
            Ok((self.dump()?.sinks_of(name) == [sink]).then_some(()))
        })
    }

    /// Waits until the program `name` has no stream any more: some of what an ended one has played last
    /// is heard until PipeWire has removed it.
    pub fn wait_for_end(&self, name: &str) -> Result<()> {
        wait_for(&format!("the end of {name}"), TIMEOUT, || {
            Ok(self.dump()?.streams(name).is_empty().then_some(()))
        })
    }
}

/// A program that will see the session in this folder and no other: of the variables that this
/// process has inherited it gets those of [`INHERITED`] only.
pub(crate) fn command_in(folder: &Path, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if !is_inherited(&name) {
            command.env_remove(name);
        }
    }
    command
        .env("HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("XDG_STATE_HOME", folder.join("state"))
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env(
            "DBUS_SESSION_BUS_ADDRESS",
            format!("unix:path={}/bus", folder.display()),
        )
        .stdin(Stdio::null());
    command
}

/// A recording under way.
#[derive(Debug)]
pub struct Recorder {
    process: Process,
    file: PathBuf,
    /// The frames from before the test could do anything: PipeWire gives a recorder of a card that slept
    /// what that has played last, a quantum of it.
    missed: usize,
}

impl Recorder {
    /// What it writes: a WAV file that grows while it runs.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Ends it and returns what was recorded.
    pub fn stop(mut self) -> Result<Recording> {
        // SIGINT makes pw-record finish the file's header.
        self.process.end(Signal::INT)?;
        Ok(Recording::read(&self.file)?.without_frames(self.missed))
    }
}

fn cards_config(cards: &[Card]) -> String {
    let object = |card: &Card| format!("  {{ factory = adapter args = {} }}\n", card.properties());
    format!(
        "context.objects = [\n{}]\n",
        cards.iter().map(object).collect::<String>()
    )
}

fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
