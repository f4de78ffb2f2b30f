//! Reads what proc(5) shows of a process.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::router::Process;

/// The words that proc(5) appends to the path of a program that has been replaced since it was started.
const DELETED: &str = " (deleted)";

/// The name of a process of our own user, and the file name of its program; of others nothing, and
/// nothing of what can't be read.
pub fn inspect(pid: u32) -> Process {
    let folder = Path::new("/proc").join(pid.to_string());
    let owner = fs::metadata(&folder).map(|folder| folder.uid());
    if owner.ok() != Some(wire::socket::uid()) {
        return Process::default();
    }
    let comm = fs::read_to_string(folder.join("comm")).ok();
    let exe = fs::read_link(folder.join("exe")).ok();
    let exe = exe.and_then(|path| path.file_name()?.to_str().map(str::to_owned));
    Process {
        comm: comm.map(|comm| comm.trim_end_matches('\n').to_owned()),
        exe: exe.map(|exe| exe.trim_end_matches(DELETED).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_are_known_and_pid_0_is_not() {
        let ourselves = inspect(std::process::id());
        let exe = std::env::current_exe().unwrap();
        let name = exe.file_name().unwrap().to_str();
        assert_eq!(ourselves.exe.as_deref(), name);
        let comm = ourselves.comm.unwrap();
        assert!(!comm.is_empty() && !comm.ends_with('\n'), "{comm:?}");
        assert_eq!(inspect(0), Process::default());
    }
}
