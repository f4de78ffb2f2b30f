//! Where a mixd that can't be reached may be: an abstract name reaches no further than its network
//! namespace (`network_namespaces(7)`).

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use wire::Name;
use wire::socket;

/// What to do about nobody answering at `name`.
pub fn advice(name: &Name) -> String {
    let Some((pid, is_elsewhere)) = find() else {
        let unit = match &*name.daemon() {
            "mixd" => ", or 'systemctl --user start mixd'",
            _ => "",
        };
        return format!("start it: '{}'{unit}", name.daemon());
    };
    if is_elsewhere && name.to_string().starts_with('@') {
        return format!(
            "mixd (pid {pid}) runs in another network namespace, which an abstract name does not \
             reach: give both '--socket' with a path, or set MIXD_SOCKET"
        );
    }
    format!("mixd (pid {pid}) runs, but not there: look for its '--socket', and give it here too")
}

/// A mixd of our user: its pid, and whether its network is another.
fn find() -> Option<(u32, bool)> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let own = namespace(Path::new("/proc/self"));
    let mut found = None;
    for process in processes {
        let path = process.path();
        let pid = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let (Some(pid), Some(true)) = (pid, is_mixd(&path)) else {
            continue;
        };
        let is_elsewhere = namespace(&path) != own;
        found = Some((pid, is_elsewhere));
        if is_elsewhere {
            break;
        }
    }
    found
}

fn is_mixd(process: &Path) -> Option<bool> {
    let is_ours = fs::metadata(process).ok()?.uid() == socket::uid();
    let comm = fs::read_to_string(process.join("comm")).ok()?;
    Some(is_ours && comm.trim_end() == "mixd")
}

fn namespace(process: &Path) -> Option<PathBuf> {
    fs::read_link(process.join("ns/net")).ok()
}
