//! Looks in /proc for the mixd that can't be reached or does not answer, and says what to do. An abstract
//! name reaches no further than its network namespace (`network_namespaces(7)`).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use wire::Name;
use wire::socket;

/// `__SO_ACCEPTCON` of the kernel in /proc/net/unix: the flag of a socket that listens.
const ACCEPTS: &str = "00010000";

/// A mixd of our user.
struct Found {
    pid: u32,
    /// The `--socket` of its command line; `None` where it has the usual name, its environment's, or a
    /// socket that it was passed.
    socket: Option<OsString>,
    /// It is in another network namespace than this process.
    is_elsewhere: bool,
}

/// Says what to do about a daemon that listens at `name` and does not answer.
pub fn silence(name: &Name) -> String {
    let all = listeners(name);
    let mixd = all.iter().find(|process| process.name == "mixd");
    match mixd.or(all.first()) {
        None => {
            "see whether it is stopped ('kill -CONT PID'), or end it and start it anew".to_owned()
        }
        Some(Process { pid, name, .. }) if mixd.is_none() => match &**name {
            "systemd" => "systemd listens for it, and it does not start: 'systemctl --user status \
                          mixd' says why"
                .to_owned(),
            _ => format!(
                "{name} (pid {pid}) listens there, which is no mixd: choose another with --socket"
            ),
        },
        Some(Process {
            pid,
            is_stopped: true,
            ..
        }) => {
            format!("it is stopped (pid {pid}): 'kill -CONT {pid}' lets it go on")
        }
        Some(Process { pid, .. }) => format!(
            "it runs (pid {pid}): if it stays silent, end it with 'kill -KILL {pid}' and start it anew"
        ),
    }
}

/// A process that has a listening socket.
struct Process {
    pid: u32,
    /// Its name in the kernel (`comm`).
    name: String,
    is_stopped: bool,
}

/// Returns our user's processes that listen at `name`: those that have one of its sockets in
/// /proc/net/unix open.
fn listeners(name: &Name) -> Vec<Process> {
    let table = fs::read("/proc/net/unix").unwrap_or_default();
    let wanted = match name {
        Name::Abstract(name) => [b"@", name.as_bytes()].concat(),
        Name::Path(path) => path.as_os_str().as_bytes().to_vec(),
    };
    let links = table.split(|&byte| byte == b'\n').filter_map(|line| {
        // Num RefCount Protocol Flags Type St Inode Path
        let line = std::str::from_utf8(line.strip_suffix(&wanted[..])?).ok()?;
        let [_, _, _, flags, _, _, inode] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            return None;
        };
        (flags == ACCEPTS).then(|| PathBuf::from(format!("socket:[{inode}]")))
    });
    let links: Vec<PathBuf> = links.collect();
    let has_one = |process: &Path| {
        let files = fs::read_dir(process.join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
        targets.any(|target| links.contains(&target))
    };
    let found = processes()
        .filter(|(_, path)| has_one(path))
        .filter_map(|(pid, path)| {
            let status = fs::read_to_string(path.join("status")).ok()?;
            let field = |key| status.lines().find_map(|line| line.strip_prefix(key));
            Some(Process {
                pid,
                name: field("Name:\t")?.to_owned(),
                // T is a signal's stop, t a debugger's.
                is_stopped: field("State:\t")?.starts_with(['T', 't']),
            })
        });
    found.collect()
}

/// Says what to do where nobody listens at `name`.
pub fn advice(name: &Name) -> String {
    let is_abstract = matches!(name, Name::Abstract(_));
    let named = |found: &Found| match &found.socket {
        Some(socket) => Name::parse(socket).as_ref() == Ok(name),
        None => name.daemon() == "mixd",
    };
    let all = find();
    // The one that is meant but can't be reached, else one that could be.
    let meant = all.iter().find(|found| named(found));
    let near = || all.iter().find(|found| !found.is_elsewhere);
    match meant.or_else(near).or(all.first()) {
        None => {
            let unit = match &*name.daemon() {
                "mixd" => ", or 'systemctl --user start mixd'",
                _ => "",
            };
            format!("start it: '{}'{unit}", name.daemon())
        }
        Some(Found {
            pid,
            is_elsewhere: true,
            ..
        }) if is_abstract => format!(
            "mixd (pid {pid}) runs in another network namespace, which an abstract name does not \
             reach: give both '--socket' with a path, or set MIXD_SOCKET"
        ),
        Some(found @ Found { pid, .. }) if named(found) => format!(
            "mixd (pid {pid}) was started with this name, but does not listen here: it is just \
             starting or ending, or its socket was removed; restart it"
        ),
        Some(Found {
            pid,
            socket: Some(socket),
            ..
        }) => format!(
            "mixd (pid {pid}) runs, but not there: it was started with '--socket {}'; give it here \
             too",
            socket.display()
        ),
        Some(Found { pid, .. }) => format!(
            "mixd (pid {pid}) runs, but not there: look for its MIXD_SOCKET, or its unit's socket, \
             and give it here with '--socket'"
        ),
    }
}

/// Returns every mixd of our user.
fn find() -> Vec<Found> {
    let own = namespace(Path::new("/proc/self"));
    let found = processes().filter_map(|(pid, path)| {
        is_mixd(&path)?.then(|| Found {
            pid,
            socket: socket_of(&path),
            is_elsewhere: namespace(&path) != own,
        })
    });
    found.collect()
}

/// Returns every process and its folder.
fn processes() -> impl Iterator<Item = (u32, PathBuf)> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|process| {
        let pid = process.file_name().to_str()?.parse().ok()?;
        Some((pid, process.path()))
    })
}

/// Returns the value of the last `--socket` of a command line, in either of its forms.
fn socket_of(process: &Path) -> Option<OsString> {
    let line = fs::read(process.join("cmdline")).ok()?;
    let words: Vec<&[u8]> = line.split(|&byte| byte == 0).collect();
    let given = words.iter().enumerate().rev().find_map(|(at, word)| {
        let rest = word.strip_prefix(b"--socket")?;
        match rest {
            [] => words.get(at + 1).copied(),
            [b'=', name @ ..] => Some(name),
            _ => None,
        }
    })?;
    Some(OsStr::from_bytes(given).into())
}

fn is_mixd(process: &Path) -> Option<bool> {
    let is_ours = fs::metadata(process).ok()?.uid() == socket::uid();
    let comm = fs::read_to_string(process.join("comm")).ok()?;
    Some(is_ours && comm.trim_end() == "mixd")
}

fn namespace(process: &Path) -> Option<PathBuf> {
    fs::read_link(process.join("ns/net")).ok()
}
