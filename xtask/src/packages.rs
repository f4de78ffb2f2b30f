//! Debian's packages: which are missing, how large they are, installing them, and unpacking them into
//! a folder without installing them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use lab::Result;

use crate::tools;

/// What apt says that an installation takes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// How many packages, with those that the named ones need.
    pub packages: usize,
    /// What is downloaded, as apt words it: `24.6 MB`.
    pub download: String,
    /// What is used of the disk afterwards, as apt words it.
    pub disk: String,
}

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
///
/// # Errors
/// dpkg can't be asked.
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
    let said = |program: &str, args: &[&str]| {
        let out = Command::new(program).args(args).output();
        let out = out.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
        out.unwrap_or_default()
    };
    let of_clang = || {
        let said = said("apt-cache", &["depends", "libclang1"]);
        let versions = said.split_whitespace();
        let mut version = versions.filter_map(|word| word.strip_prefix("libclang1-"));
        // Unknown, it stays, for apt to complain of.
        version.next_back().unwrap_or("*").to_owned()
    };
    let name = |name: &&str| match (name.contains('*'), name.starts_with("g++")) {
        (false, _) => (*name).to_owned(),
        (true, true) => name.replace('*', said("gcc", &["-dumpversion"]).trim()),
        (true, false) => name.replace('*', &of_clang()),
    };
    packages.iter().map(name).collect()
}

/// What it would take to install these; nothing where apt knows too little to say: its lists are
/// empty until `apt-get update`.
pub fn size(packages: &[&str]) -> Option<Size> {
    let out = Command::new("apt-get")
        .args(["install", "--assume-no", "--no-install-recommends"])
        .args(["-o", "Debug::NoLocking=1"])
        .args(with_version(packages))
        .env("LC_ALL", "C")
        .output()
        .ok()?;
    read_size(&String::from_utf8_lossy(&out.stdout))
}

/// Reads the three lines in which apt sums up what it is about to do.
fn read_size(said: &str) -> Option<Size> {
    let between = |start: &str, end: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(start))?;
        Some(line.split(end).next()?.trim().to_owned())
    };
    let counts = said.lines().find(|line| line.contains("newly installed"))?;
    let count = counts
        .split(", ")
        .find_map(|part| part.strip_suffix(" newly installed"))?;
    // `1,455 kB/2,000 kB of archives` where a part is there already.
    let download = between("Need to get ", " of archives")?;
    Some(Size {
        packages: count.parse().ok()?,
        download: download.split('/').next()?.to_owned(),
        disk: between("After this operation, ", " of additional")?,
    })
}

/// Installs packages on this machine, as root.
///
/// # Errors
/// apt's.
pub fn install(packages: &[&str]) -> Result<()> {
    let args = ["install", "-y", "--no-install-recommends"];
    let packages = with_version(packages);
    let packages = packages.iter().map(String::as_str);
    apt(&args.into_iter().chain(packages).collect::<Vec<_>>())
}

/// Has apt find out what there is, as root.
///
/// # Errors
/// apt's.
pub fn update() -> Result<()> {
    apt(&["update"])
}

fn apt(args: &[&str]) -> Result<()> {
    let mut command = tools::as_root("env");
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"])
        .args(args);
    tools::run(&mut command).map_err(|error| {
        format!(
            "{error}\nrun this as root, then try again: apt-get {}",
            args.join(" ")
        )
        .into()
    })
}

/// Unpacks packages, and those that they need and this machine lacks, into a folder, without
/// installing them: no script of theirs runs, no unit is enabled.
///
/// # Errors
/// They can't be fetched or unpacked.
pub fn unpack(packages: &[&str], folder: &Path) -> Result<()> {
    let scratch = folder.with_extension("new");
    let archives = folder.with_extension("archives");
    for path in [&scratch, &archives] {
        let _ = fs::remove_dir_all(path);
        fs::create_dir_all(path)?;
    }
    // Packages of before the merge of / and /usr: their files go to /usr, too.
    for name in ["bin", "sbin", "lib", "lib64"] {
        fs::create_dir_all(scratch.join("usr").join(name))?;
        std::os::unix::fs::symlink(format!("usr/{name}"), scratch.join(name))?;
    }
    let needed = closure(packages)?;
    println!(
        "Fetching {} packages to unpack into {}",
        needed.len(),
        folder.display()
    );
    let mut download = Command::new("apt-get");
    download.args(["-q", "download"]).args(&needed);
    // apt would complain that its own user can't write there.
    download
        .args(["-o", "APT::Sandbox::User="])
        .current_dir(&archives);
    tools::run_logged(&mut download, &folder.with_extension("log"))?;
    for entry in fs::read_dir(&archives)? {
        let mut unpack = Command::new("sh");
        unpack.args([
            "-c",
            "dpkg-deb --fsys-tarfile \"$1\" | tar -x --keep-directory-symlink -C \"$2\"",
            "sh",
        ]);
        tools::run(unpack.arg(entry?.path()).arg(&scratch))?;
    }
    let _ = fs::remove_dir_all(&archives);
    let _ = fs::remove_dir_all(folder);
    fs::rename(&scratch, folder)?;
    Ok(())
}

/// The packages, and those that they need and this machine lacks.
fn closure(packages: &[&str]) -> Result<Vec<String>> {
    let out = Command::new("apt-get")
        .args(["install", "--simulate", "--no-install-recommends"])
        .args(["-o", "Debug::NoLocking=1"])
        .args(packages)
        .env("LC_ALL", "C")
        .output()
        .map_err(|error| format!("start apt-get: {error}"))?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        return Err(format!(
            "apt-get finds no way to have {}: {said}",
            packages.join(" ")
        )
        .into());
    }
    let said = String::from_utf8_lossy(&out.stdout);
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

    #[test]
    fn a_size_is_read_from_what_apt_says_also_where_a_part_is_there() {
        let said = "The following NEW packages will be installed:\n  clang\n\
                    0 upgraded, 6 newly installed, 0 to remove and 3 not upgraded.\n\
                    Need to get 1,000 kB/1,455 kB of archives.\n\
                    After this operation, 22.8 MB of additional disk space will be used.\nN\n";
        let size = read_size(said).unwrap();
        assert_eq!(
            (size.packages, &*size.download, &*size.disk),
            (6, "1,000 kB", "22.8 MB")
        );
        assert_eq!(read_size("E: Unable to locate package clang\n"), None);
    }
}
