//! Processes and folders that end with their owner: dropped, interrupted by a signal, or killed.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Result;

/// The variable that marks, in its environment, whatever a run of the tests has started, also behind
/// somebody else; its value is the id of the process that runs them.
pub const RUN: &str = "MIXD_TEST_RUN";

/// How long a process may take to end by itself before it is killed.
const TIMEOUT: Duration = Duration::from_secs(3);

/// What is to be cleaned up when a signal ends this program.
static LIVE: Mutex<Live> = Mutex::new(Live {
    pids: BTreeSet::new(),
    folders: BTreeSet::new(),
});

struct Live {
    pids: BTreeSet<u32>,
    folders: BTreeSet<PathBuf>,
}

fn live() -> MutexGuard<'static, Live> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on, SIGINT and SIGTERM kill the processes and remove the folders that live, then end
/// this program with the status a shell expects.
pub fn clean_up_on_signals() -> Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Held to the end: nothing new may start.
            let live = live();
            for &pid in &live.pids {
                let _ = send(pid, Signal::KILL);
            }
            for folder in &live.folders {
                let _ = fs::remove_dir_all(folder);
            }
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// What a process takes of the memory, in bytes (`proc_pid_smaps(5)`).
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// All of its pages that are in memory, with those that it shares: a library's, a file's.
    pub resident: u64,
    /// Those that no other process has.
    pub private: u64,
}

/// A process that is ended, by its pid, when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts `command`. The kernel kills it, too, when the thread that calls this ends without
    /// dropping it (`PR_SET_PDEATHSIG`, set by setpriv): a lab must stay in the thread that made
    /// it.
    pub fn start(command: &mut Command) -> Result<Self> {
        Self::spawn(command, None)
    }

    /// The same with standard output and standard error kept in a file.
    pub fn start_logged(command: &mut Command, log: &Path) -> Result<Self> {
        // Emptied, and appended to: an earlier program may still write there.
        let file = File::create(log).and_then(|_| File::options().append(true).open(log));
        let file = file.map_err(|error| format!("create {}: {error}", log.display()))?;
        Self::spawn(command, Some(file))
    }

    fn spawn(command: &Command, log: Option<File>) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut bound = Command::new("setpriv");
        bound
            .args(["--pdeathsig", "KILL", "--"])
            .arg(command.get_program());
        bound.args(command.get_args()).stdin(Stdio::null());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => bound.env(key, value),
                None => bound.env_remove(key),
            };
        }
        if let Some(log) = log {
            bound.stdout(log.try_clone()?).stderr(log);
        }
        // Under the lock, so that a signal can't come between the start and the note of it.
        let mut live = live();
        let child = bound
            .spawn()
            .map_err(|error| format!("start {name}: {error}; 'cargo xtask setup' installs it"))?;
        live.pids.insert(child.id());
        Ok(Self { child, name })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A line of `/proc/PID/status` as a number: `VmRSS` in KiB, context switches…
    pub fn proc_status(&self, key: &str) -> Result<u64> {
        proc_status(&format!("/proc/{}/status", self.pid()), key)
    }

    /// How often its threads have waited and been woken so far.
    pub fn wakeups(&self) -> Result<u64> {
        let mut sum = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.pid()))? {
            let status = task?.path().join("status");
            sum += proc_status(&status.to_string_lossy(), "voluntary_ctxt_switches")?;
        }
        Ok(sum)
    }

    /// How often its threads are woken in this time, which is waited for. The work of other processes
    /// makes it no more.
    pub fn wakeups_in(&self, time: Duration) -> Result<u64> {
        let before = self.wakeups()?;
        thread::sleep(time);
        let count = self.wakeups()? - before;
        println!("{}: woken {count} times in {time:?}", self.name);
        Ok(count)
    }

    /// What it takes of the memory now.
    pub fn memory(&self) -> Result<Memory> {
        let file = format!("/proc/{}/smaps_rollup", self.pid());
        let private = proc_status(&file, "Private_Clean")? + proc_status(&file, "Private_Dirty")?;
        Ok(Memory {
            resident: proc_status(&file, "Rss")? * 1024,
            private: private * 1024,
        })
    }

    /// The processor time that it has used so far, of all its threads.
    pub fn processor_time(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.pid()))? {
            // proc_pid_schedstat(5): the time spent on the processor comes first.
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let first = text.split_whitespace().next().unwrap_or_default();
            nanoseconds += first.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Its exit status, once it has ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        send(self.pid(), signal).map_err(|error| format!("kill {}: {error}", self.name).into())
    }

    /// Sends it a signal and waits for its end; kills it if it takes too long.
    pub fn end(&mut self, signal: Signal) -> Result<ExitStatus> {
        if let Some(status) = self.ended()? {
            return Ok(status);
        }
        self.signal(signal)?;
        self.wait(TIMEOUT)
    }

    /// Waits for its end; kills it if that takes longer than `patience`.
    pub fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.child.kill()?;
        self.child.wait()?;
        Err(format!(
            "{} did not end within {patience:?} and was killed",
            self.name
        )
        .into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.end(Signal::TERM);
        live().pids.remove(&self.pid());
    }
}

fn send(pid: u32, signal: Signal) -> rustix::io::Result<()> {
    match i32::try_from(pid).ok().and_then(Pid::from_raw) {
        Some(pid) => kill_process(pid, signal),
        None => Err(rustix::io::Errno::SRCH),
    }
}

/// A folder of mode 0700 that is removed with all it holds when this is dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes a new folder among the temporary files.
    pub fn new(name: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("{name}-{}-{count}", std::process::id()));
        let mut live = live();
        // Left by an earlier process of the same id that was killed.
        let _ = fs::remove_dir_all(&path);
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| format!("create {}: {error}", path.display()))?;
        live.folders.insert(path.clone());
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        live().folders.remove(&self.0);
    }
}

/// The options with which unshare makes a namespace for whoever runs this. root needs none, and could
/// not use them in a chroot (`unshare(2)`, EPERM).
pub fn namespace() -> &'static [&'static str] {
    match rustix::process::geteuid().is_root() {
        true => &[],
        false => &["--map-root-user"],
    }
}

/// Asks `question` until it has an answer, or `patience` is over: the longer it takes the less often, because
/// many a question is a program that is run, such as pw-dump. A wait gets longer by an eighth of itself at most.
pub fn wait_for<T>(
    what: &str,
    patience: Duration,
    mut question: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = question()? {
            return Ok(answer);
        }
        let waited = start.elapsed();
        if waited >= patience {
            return Err(format!("{what}: not within {patience:?}").into());
        }
        thread::sleep((waited / 8).clamp(Duration::from_millis(10), Duration::from_millis(250)));
    }
}

fn proc_status(path: &str, key: &str) -> Result<u64> {
    let text = fs::read_to_string(path)?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number
        .ok_or_else(|| format!("{path} has no {key}"))?
        .parse()?)
}
