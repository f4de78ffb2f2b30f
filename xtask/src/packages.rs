//! Debian's packages: which are missing, how large they are, installing them, and unpacking them into
//! a folder without installing them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use lab::Result;

use crate::tools;

/// Whether os-release(5) says Debian, or something made from it.
pub fn is_debian() -> bool {
    says_debian(&fs::read_to_string("/etc/os-release").unwrap_or_default())
}

fn says_debian(os_release: &str) -> bool {
    os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or(line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split_whitespace())
        .any(|id| id == "debian" || id == "ubuntu")
}

/// Returns those of the packages that are not installed on this machine, or in the system that a
/// folder holds.
pub fn missing<'a>(packages: &[&'a str], system: Option<&Path>) -> Result<Vec<&'a str>> {
    let mut query = Command::new("dpkg-query");
    if let Some(folder) = system {
        query.arg(format!("--admindir={}/var/lib/dpkg", folder.display()));
    }
    let query = query
        .args(["-W", "-f", "${Package} ${db:Status-Status}\\n"])
        .args(packages)
        .output()
        .map_err(|error| format!("start dpkg-query: {error}"))?;
    Ok(not_installed(
        packages,
        &String::from_utf8_lossy(&query.stdout),
    ))
}

/// Returns which of the packages `dpkg-query` does not call installed. A `*` stands for a version.
fn not_installed<'a>(packages: &[&'a str], query: &str) -> Vec<&'a str> {
    let installed: BTreeSet<&str> = query
        .lines()
        .filter_map(|line| line.strip_suffix(" installed"))
        .collect();
    let is_installed = |package: &str| match package.split_once('*') {
        None => installed.contains(package),
        Some((start, end)) => installed
            .iter()
            .any(|name| name.starts_with(start) && name.ends_with(end)),
    };
    let missing = packages.iter().copied();
    missing.filter(|package| !is_installed(package)).collect()
}

/// Puts a version in the place of a `*`: that of gcc for g++, else that of Debian's own clang.
fn with_version(packages: &[&str]) -> Vec<String> {
    let said = |line: &str| tools::output(&mut tools::command(line)).unwrap_or_default();
    let of_clang = || {
        let said = said("apt-cache depends libclang1");
        let versions = said.split_whitespace();
        let mut version = versions.filter_map(|word| word.strip_prefix("libclang1-"));
        // Unknown, it stays, for apt to complain of.
        version.next_back().unwrap_or("*").to_owned()
    };
    let name = |name: &&str| match (name.contains('*'), name.starts_with("g++")) {
        (false, _) => (*name).to_owned(),
        (true, true) => name.replace('*', said("gcc -dumpversion").trim()),
        (true, false) => name.replace('*', &of_clang()),
    };
    packages.iter().map(name).collect()
}

/// What apt says that installing these takes; nothing where it knows too little to say: its lists are
/// empty until `apt-get update`.
pub fn size(packages: &[&str]) -> String {
    let mut apt = tools::command("apt-get install --assume-no --no-install-recommends");
    apt.args(["-o", "Debug::NoLocking=1"])
        .args(with_version(packages));
    let out = apt.env("LC_ALL", "C").output();
    let said = out.map_or_else(|_| Vec::new(), |out| out.stdout);
    let said = String::from_utf8_lossy(&said);
    let is_size = |line: &&str| line.starts_with("Need to get") || line.starts_with("After this");
    said.lines().filter(is_size).collect::<Vec<_>>().join(" ")
}

/// Installs packages on this machine, as root.
pub fn install(packages: &[&str]) -> Result<()> {
    let packages = with_version(packages).join(" ");
    apt(&format!("install -y --no-install-recommends {packages}"))
}

/// Has apt find out what there is, as root.
pub fn update() -> Result<()> {
    apt("update")
}

fn apt(line: &str) -> Result<()> {
    let mut command = tools::as_root("env DEBIAN_FRONTEND=noninteractive apt-get -q");
    tools::run(command.args(line.split(' '))).map_err(|error| {
        format!("{error}\nrun this as root, then try again: apt-get {line}").into()
    })
}

/// Unpacks packages, and those that they need and this machine lacks, into a folder, without
/// installing them: no script of theirs runs, no unit is enabled.
pub fn unpack(packages: &[&str], folder: &Path) -> Result<()> {
    let scratch = tools::emptied(folder.with_extension("new"))?;
    let archives = tools::emptied(folder.with_extension("archives"))?;
    // Packages of before the merge of / and /usr: their files go to /usr, too.
    for name in ["bin", "sbin", "lib", "lib64"] {
        fs::create_dir_all(scratch.join("usr").join(name))?;
        std::os::unix::fs::symlink(format!("usr/{name}"), scratch.join(name))?;
    }
    let needed = closure(packages)?;
    let (count, shown) = (needed.len(), folder.display());
    println!("Fetching {count} packages to unpack into {shown}");
    // apt would complain that its own user can't write there.
    let mut download = tools::command("apt-get -q -o APT::Sandbox::User= download");
    download.args(&needed).current_dir(&archives);
    tools::run_logged(&mut download, &folder.with_extension("log"))?;
    for entry in fs::read_dir(&archives)? {
        let script = "dpkg-deb --fsys-tarfile \"$1\" | tar -x --keep-directory-symlink -C \"$2\"";
        let mut unpack = Command::new("sh");
        unpack.args(["-c", script, "sh"]);
        tools::run(unpack.arg(entry?.path()).arg(&scratch))?;
    }
    let _ = fs::remove_dir_all(&archives);
    let _ = fs::remove_dir_all(folder);
    Ok(fs::rename(&scratch, folder)?)
}

/// The packages, and those that they need and this machine lacks.
fn closure(packages: &[&str]) -> Result<Vec<String>> {
    let mut apt = tools::command("apt-get install --simulate --no-install-recommends");
    apt.args(["-o", "Debug::NoLocking=1"]).args(packages);
    let said = tools::output(apt.env("LC_ALL", "C"))?;
    let lines = said.lines().filter_map(|line| line.strip_prefix("Inst "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    Ok(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_what_is_made_from_it_is_known() {
        assert!(says_debian("NAME=x\nID=debian\n"));
        assert!(says_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!says_debian("ID=arch\n"));
        assert!(!says_debian("NAME=debian\n"));
        assert!(!says_debian(""));
    }

    #[test]
    fn a_package_that_is_unknown_removed_or_unpacked_only_is_missing() {
        let query = "gcc installed\nclang config-files\nwireplumber unpacked\n";
        let packages = ["gcc", "clang", "wireplumber", "pipewire"];
        assert_eq!(
            not_installed(&packages, query),
            ["clang", "wireplumber", "pipewire"]
        );
    }

    #[test]
    fn a_package_of_any_version_is_there_where_one_is_installed() {
        let packages = ["libclang-common-*-dev"];
        let query = "libclang-common-14-dev installed\n";
        assert!(not_installed(&packages, query).is_empty());
        let query = "libclang-common-13-dev config-files\nlibclang-14-dev installed\n";
        assert_eq!(not_installed(&packages, query), packages);
    }
}
