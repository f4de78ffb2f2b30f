//! A mixd under test, and the mixctl that talks to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Signal;
use wire::{Client, Name, PipeWireState, Reply, Request};

use crate::Result;
use crate::process::{Folder, Process, wait_for};
use crate::{Lab, TIMEOUT, command_in};

/// A running mixd. Ended by SIGTERM when dropped.
#[derive(Debug)]
pub struct Mixd {
    /// The process.
    pub process: Process,
    socket: String,
    mixctl: PathBuf,
    log: PathBuf,
    /// Removed with it, if it is its own.
    folder: Option<Folder>,
}

impl Mixd {
    /// Starts `program` in a lab and waits until it serves and, where PipeWire runs, is up.
    pub fn start(lab: &Lab, program: &Path) -> Result<Self> {
        Self::start_with(lab, program, &[])
    }

    /// The same as a user has it: it logs no more than it does by itself.
    pub fn start_quietly(lab: &Lab, program: &Path) -> Result<Self> {
        Self::start_command(lab, program, &mut lab.command(program))
    }

    /// The same with more options.
    pub fn start_with(lab: &Lab, program: &Path, args: &[&str]) -> Result<Self> {
        let mut command = lab.command(program);
        command.arg("--verbose").args(args);
        Self::start_command(lab, program, &mut command)
    }

    fn start_command(lab: &Lab, program: &Path, command: &mut Command) -> Result<Self> {
        let mixd = Self::spawn(command, program, lab.path("mixd.log"))?;
        if lab.daemon(crate::Daemon::PipeWire).is_some() {
            mixd.wait_for("mixd's channels", |mixd| Ok(mixd.is_up()?.then_some(())))?;
        }
        Ok(mixd)
    }

    /// The same at this socket: where another one was before.
    pub fn start_again(lab: &Lab, program: &Path, socket: &str) -> Result<Self> {
        let mut command = lab.command(program);
        command.arg("--verbose");
        let log = lab.path("mixd.log");
        Self::spawn_at(&mut command, program, log, socket.to_owned())
    }

    /// Starts `program` without any PipeWire and waits until it serves.
    pub fn start_alone(program: &Path, args: &[&str]) -> Result<Self> {
        let folder = Folder::new("mixd-test")?;
        let mut mixd = Self::start_at(folder.path(), program, args)?;
        mixd.folder = Some(folder);
        Ok(mixd)
    }

    /// The same where `folder` is the home, with its configuration and state.
    pub fn start_at(folder: &Path, program: &Path, args: &[&str]) -> Result<Self> {
        let mut command = command_in(folder, program);
        command.args(["--backend", "none"]).args(args);
        Self::spawn(&mut command, program, folder.join("mixd.log"))
    }

    /// The same, started by the command `before`, which is to become mixd.
    pub fn start_behind(folder: &Path, program: &Path, before: &[&str]) -> Result<Self> {
        let mut command = command_in(folder, before.first().ok_or("no command")?);
        command.args(&before[1..]).arg(program);
        command.args(["--backend", "none"]);
        Self::spawn(&mut command, program, folder.join("mixd.log"))
    }

    /// The same with a limit on its open files.
    pub fn start_limited(program: &Path, descriptors: u32) -> Result<Self> {
        let folder = Folder::new("mixd-test")?;
        // prlimit becomes mixd: the process is the same.
        let limit = format!("--nofile={descriptors}:{descriptors}");
        let mut mixd = Self::start_behind(folder.path(), program, &["prlimit", &limit])?;
        mixd.folder = Some(folder);
        Ok(mixd)
    }

    fn spawn(command: &mut Command, program: &Path, log: PathBuf) -> Result<Self> {
        Self::spawn_at(command, program, log, unused_socket())
    }

    fn spawn_at(
        command: &mut Command,
        program: &Path,
        log: PathBuf,
        socket: String,
    ) -> Result<Self> {
        command.args(["--socket", &socket]);
        let mixctl = program.with_file_name("mixctl");
        if !mixctl.exists() {
            let missing = mixctl.display();
            return Err(format!("{missing} is missing; 'cargo build --workspace' makes it").into());
        }
        let process = Process::start_logged(command, &log)?;
        let mixd = Self {
            process,
            socket,
            mixctl,
            log,
            folder: None,
        };
        mixd.wait_for("mixd's socket", |mixd| Ok(mixd.connect().ok()))?;
        Ok(mixd)
    }

    fn wait_for<T>(
        &self,
        what: &str,
        mut question: impl FnMut(&Self) -> Result<Option<T>>,
    ) -> Result<T> {
        wait_for(what, TIMEOUT, || question(self)).map_err(|error| {
            let log = self.log();
            // Without those who asked meanwhile.
            let lines = log.lines().filter(|line| !line.contains(" debug: pid "));
            let log: Vec<&str> = lines.collect();
            format!("{error}; mixd's log:\n{}", log.join("\n")).into()
        })
    }

    fn is_up(&self) -> Result<bool> {
        match self.connect()?.request(&Request::GetStatus)? {
            Reply::Status(status) => {
                let outputs = &status.audio.outputs;
                let has_outputs = outputs.default.is_some() && outputs.aux.is_some();
                Ok(status.audio.pipewire == PipeWireState::Up && has_outputs)
            }
            other => Err(format!("{other:?} in answer to GetStatus").into()),
        }
    }

    /// Waits until it plays both channels to this sink, or to none.
    pub fn wait_for_output(&self, sink: Option<&str>) -> Result<()> {
        let line = format!("output    {}\n", sink.unwrap_or("none"));
        self.wait_for(line.trim_end(), |mixd| {
            Ok(mixd.ctl(&["status"])?.contains(&line).then_some(()))
        })
    }

    /// Its socket's name.
    pub fn socket(&self) -> &str {
        &self.socket
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// A connection to it.
    pub fn connect(&self) -> Result<Client> {
        Ok(Client::connect(
            &Name::parse(self.socket.as_ref())?,
            "test",
        )?)
    }

    /// A mixctl that talks to it.
    pub fn mixctl(&self) -> Command {
        let mut command = Command::new(&self.mixctl);
        command.args(["--socket", &self.socket]);
        command
    }

    /// Runs mixctl and returns what came of it.
    pub fn try_mixctl(&self, args: &[&str]) -> Result<Output> {
        Ok(self.mixctl().args(args).output()?)
    }

    /// Runs a mixctl that must succeed and returns what it prints.
    pub fn ctl(&self, args: &[&str]) -> Result<String> {
        let out = self.try_mixctl(args)?;
        if out.status.success() {
            Ok(String::from_utf8(out.stdout)?)
        } else {
            let said = String::from_utf8_lossy(&out.stderr);
            Err(format!("mixctl {}: {}", args.join(" "), said.trim()).into())
        }
    }

    /// Ends it by a signal.
    pub fn end(&mut self, signal: Signal) -> Result<std::process::ExitStatus> {
        self.process.end(signal)
    }
}

/// A name that no other mixd has.
pub fn unused_socket() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("@mixd-test-{}-{count}", std::process::id())
}
