//! Where a mixd that can't be reached may be: an abstract name reaches no further than its network
//! namespace (`network_namespaces(7)`).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use wire::Name;
use wire::socket;

use crate::print::visible;

/// A mixd of our user.
struct Found {
    pid: u32,
    /// What its command line calls its socket; none: the usual name, its environment's, or one that
    /// it was passed.
    socket: Option<OsString>,
    /// Whether its network is another one than ours.
    is_elsewhere: bool,
}

/// What to do about nobody answering at `name`.
pub fn advice(name: &Name) -> String {
    let is_abstract = matches!(name, Name::Abstract(_));
    let named = |found: &Found| match &found.socket {
        Some(socket) => Name::parse(socket).as_ref() == Ok(name),
        None => name.daemon() == "mixd",
    };
    let all = find();
    // The one that is meant but can't be reached, else one that could be.
    let meant = all.iter().find(|found| found.is_elsewhere && named(found));
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
        Some(Found {
            pid,
            socket: Some(socket),
            ..
        }) => format!(
            "mixd (pid {pid}) runs, but not there: it was started with '--socket {}'; give it here \
             too",
            visible(&socket.display().to_string())
        ),
        Some(Found { pid, .. }) => format!(
            "mixd (pid {pid}) runs, but not there: look for its MIXD_SOCKET, or its unit's socket, \
             and give it here with '--socket'"
        ),
    }
}

/// Every mixd of our user.
fn find() -> Vec<Found> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let own = namespace(Path::new("/proc/self"));
    let found = processes.filter_map(|process| {
        let path = process.path();
        let pid = process.file_name().to_str()?.parse().ok()?;
        is_mixd(&path)?.then(|| Found {
            pid,
            socket: socket_of(&path),
            is_elsewhere: namespace(&path) != own,
        })
    });
    found.collect()
}

/// What the last `--socket` of a command line gives, in either of its forms.
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
