//! Debian systems in folders below `target/systems`, made by debootstrap: what the tests play
//! through, show windows on and read manuals with. Nothing of that is installed on the machine
//! itself, and what was built on it runs there unchanged.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use lab::Result;

use crate::{packages, tools};

/// How old a system may be before newer packages are looked for.
const FRESH: Duration = Duration::from_hours(24);

/// A Debian release, and the folder that holds a system of it.
#[derive(Debug, PartialEq, Eq)]
pub struct System {
    /// What the command line calls it, which is also the folder's name.
    pub name: &'static str,
    /// What Debian calls it.
    suite: &'static str,
}

/// The systems that there can be.
pub const SYSTEMS: [System; 3] = [
    System::of("debian12", "bookworm"),
    System::of("debian13", "trixie"),
    System::of("unstable", "sid"),
];

/// Returns the system of this name.
pub fn named(name: &str) -> Result<&'static System> {
    let names = SYSTEMS.map(|system| system.name).join(", ");
    SYSTEMS
        .iter()
        .find(|system| system.name == name)
        .ok_or_else(|| format!("no system '{name}'; there are {names}").into())
}

/// The variable that says, to a command that runs in a system, which folder has the programs.
pub const PROGRAMS: &str = "XTASK_PROGRAMS";

/// Returns the folder of the programs where [`System::own`] runs this, none elsewhere.
pub fn inside() -> Option<PathBuf> {
    std::env::var_os(PROGRAMS).map(PathBuf::from)
}

/// Returns the system whose C library is this machine's: all tests run there. On what is no Debian,
/// or a newer one, that is unstable.
pub fn home() -> &'static System {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let codename = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let [.., unstable] = &SYSTEMS;
    SYSTEMS
        .iter()
        .find(|system| Some(system.suite) == codename)
        .unwrap_or(unstable)
}

/// What a command in a system sees of the machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The machine's own, to fetch packages.
    Shared,
    /// None: abstract sockets and displays of two commands never meet.
    Private,
    /// None but its own loopback, for a page that a browser plays; iproute2 is in the system. An ordinary
    /// user has the priority there that PipeWire and mixd take on a desktop, whose limits allow it.
    Loopback,
}

/// As whom a command in a system runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// root: some tests become somebody else.
    Root,
    /// An ordinary user: sway and browsers refuse root.
    Ordinary,
}

/// The user and group id of [`User::Ordinary`] where root runs xtask.
pub const ORDINARY: u32 = 1000;

impl System {
    const fn of(name: &'static str, suite: &'static str) -> Self {
        Self { name, suite }
    }

    /// The folder that holds it.
    pub fn folder(&self) -> Result<PathBuf> {
        Ok(tools::target_folder()?.join("systems").join(self.name))
    }

    /// Makes sure that it is there and has these packages. Newer ones are looked for once a day;
    /// without a network it stays as it is.
    pub fn prepare(&self, packages: &[&str]) -> Result<()> {
        let folder = self.folder()?;
        if !folder.join("etc/debian_version").exists() {
            self.make(&folder)?;
        }
        let missing = packages::missing(packages, Some(&folder))?;
        let stamp = folder.join("var/lib/mixd-updated");
        let updated = fs::metadata(&stamp).and_then(|data| data.modified());
        let age = updated.map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
        if missing.is_empty() && age.is_ok_and(|age| age < FRESH) {
            return Ok(());
        }
        let log = folder.with_extension("log");
        let updates = self.apt(&["update"], &log).and_then(|()| {
            println!("System {}: bringing its packages up to date", self.name);
            self.apt(&["dist-upgrade"], &log)
        });
        if let Err(error) = &updates {
            println!("System {} stays as it is: {error}", self.name);
        }
        if !missing.is_empty() {
            let (name, count) = (self.name, missing.len());
            println!("System {name}: adding {count} packages and what they need");
            self.apt(&[&["install"][..], &missing].concat(), &log)?;
        }
        if updates.is_ok() {
            fs::write(&stamp, "").or_else(|_| tools::run(tools::as_root("touch").arg(&stamp)))?;
        }
        Ok(())
    }

    /// Makes the smallest system of its release.
    fn make(&self, folder: &Path) -> Result<()> {
        // What it mounts ends with it, however it ends.
        const SCRIPT: &str = "mount --make-rprivate / 2>/dev/null\n\
             exec debootstrap --variant=minbase \"$1\" \"$2\"";
        println!("System {}: making it in {}", self.name, folder.display());
        let scratch = folder.with_extension("new");
        if scratch.exists() {
            tools::run(tools::as_root("rm -rf --one-file-system").arg(&scratch))?;
        }
        if let Some(parent) = scratch.parent() {
            fs::create_dir_all(parent)?;
        }
        let log = folder.with_extension("log");
        let mut debootstrap = tools::as_root("unshare --mount --propagation unchanged sh -c");
        debootstrap.args([SCRIPT, "sh", self.suite]).arg(&scratch);
        tools::run_logged(&mut debootstrap, &log)?;
        let script = format!(
            "cd \"$1\" && cat >etc/dpkg/dpkg.cfg.d/mixd <<END\n{DPKG}END\n\
             cat >etc/apt/apt.conf.d/mixd <<END\n{APT}END\n\
             printf '#!/bin/sh\\nexit 101\\n' >usr/sbin/policy-rc.d && chmod 755 usr/sbin/policy-rc.d &&\n\
             echo 'tester:x:{ORDINARY}:{ORDINARY}::/tmp:/bin/sh' >>etc/passwd && chmod 755 root"
        );
        tools::run(tools::as_root("sh -c").args([&script, "sh"]).arg(&scratch))?;
        tools::run(tools::as_root("mv").arg(&scratch).arg(folder))
    }

    fn apt(&self, args: &[&str], log: &Path) -> Result<()> {
        let mut command = self.command(Network::Shared, User::Root, "env");
        // Another run of this may be at it.
        let words = "DEBIAN_FRONTEND=noninteractive apt-get --yes -o DPkg::Lock::Timeout=900";
        tools::run_logged(command.args(words.split(' ')).args(args), log)
    }

    /// A program in the system: with the target folder and the sources at the paths that they have
    /// here, and with a `/proc`, a `/tmp`, a `/dev/shm`, terminals and process ids of its own, all
    /// of which end with it. A program that leaves another one running has failed.
    pub fn command(&self, network: Network, user: User, program: impl AsRef<OsStr>) -> Command {
        // Sub-mounts stay in the namespace. Where the root is no mount point (in a chroot) there is
        // no propagation to be cut.
        const OUTER: &str = "root=$1 user=$2 network=$3 tree=$4 target=$5; shift 5\n\
             mount --make-rprivate / 2>/dev/null\n\
             mount -t proc proc \"$root/proc\" && mount --bind /dev \"$root/dev\" &&\n\
             mount --make-private \"$root/dev\" &&\n\
             mount -t tmpfs -o mode=1777 tmpfs \"$root/tmp\" &&\n\
             mount -t tmpfs -o mode=1777 tmpfs \"$root/dev/shm\" &&\n\
             mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts \"$root/dev/pts\" &&\n\
             mount --bind \"$root/dev/pts/ptmx\" \"$root/dev/ptmx\" &&\n\
             for folder in \"$tree\" \"$target\"; do\n\
             mkdir -p \"$root$folder\" && mount --bind \"$folder\" \"$root$folder\" || exit 1; done\n\
             [ -e /etc/resolv.conf ] && cp -L /etc/resolv.conf \"$root/etc/resolv.conf\"\n\
             exec chroot \"$root\" sh -c \"$INNER\" sh \"$user\" \"$network\" \"$PWD\" \"$@\"";
        // Process 1: waits for the program, then for all that it has started. Below nohup(1) the signal is ignored
        // by which script(1) ends what it runs.
        const INNER: &str = "user=$1 network=$2; cd \"$3\" 2>/dev/null || cd /; shift 3\n\
             first='env --default-signal=HUP'\n\
             [ \"$network\" = loopback ] && first=\"$first nice -n -11\" && { ip link set lo up || exit 1; }\n\
             export TMPDIR=/tmp PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n\
             if [ \"$user\" = 0 ]; then $first \"$@\"; else\n\
             $first setpriv --reuid \"$user\" --regid \"$user\" --clear-groups -- \"$@\"; fi\n\
             status=$?\n\
             for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do left=\n\
             for file in /proc/[0-9]*/cmdline; do\n\
             line=$(tr '\\0' ' ' <\"$file\" 2>/dev/null)\n\
             case $file in /proc/1/*) ;; *) [ -n \"$line\" ] && left=\"$left $line;\" ;; esac; done\n\
             [ -z \"$left\" ] && exit $status; sleep 0.1; done\n\
             echo \"left running:$left\" >&2; exit 99";
        let uid = wire::socket::uid();
        let user = match user {
            User::Root => 0,
            User::Ordinary if uid == 0 => ORDINARY,
            User::Ordinary => uid,
        };
        let target = tools::target_folder().unwrap_or_default();
        let mut command = tools::as_root("env");
        command.arg(format!("INNER={INNER}"));
        // Nothing in it outlasts this program, however that ends.
        let words = "setpriv --pdeathsig KILL -- \
                     unshare --mount --propagation unchanged --pid --fork --kill-child";
        command.args(words.split_whitespace());
        let network = match network {
            Network::Shared => "shared",
            Network::Private => "private",
            Network::Loopback => "loopback",
        };
        if network != "shared" {
            command.arg("--net");
        }
        command.args(["sh", "-c", OUTER, "sh"]);
        command.arg(self.folder().unwrap_or_default());
        command.arg(user.to_string()).arg(network);
        command.arg(tools::root()).arg(target);
        command.arg(program.as_ref()).stdin(Stdio::null());
        command
    }

    /// Runs this command line again in the system, with the programs of this folder.
    pub fn repeat(&self, user: User, programs: &Path) -> Result<()> {
        let mut command = self.own(user, programs)?;
        tools::run(command.args(std::env::args_os().skip(1)))
    }

    /// This program in the system, with the programs of this folder: [`inside`] returns it there.
    pub fn own(&self, user: User, programs: &Path) -> Result<Command> {
        let mut command = self.command(Network::Private, user, "env");
        command.arg(format!("{PROGRAMS}={}", programs.display()));
        command.arg(tools::own()?);
        Ok(command)
    }

    /// The versions that tests there meet, in words.
    pub fn versions(&self) -> Result<String> {
        let mut words = Vec::new();
        for (program, name) in [("pipewire", "PipeWire"), ("wireplumber", "WirePlumber")] {
            let mut command = self.command(Network::Private, User::Root, program);
            let text = tools::output(command.arg("--version"))?;
            let line = text.lines().find(|line| line.contains("Linked with"));
            let version = line.and_then(|line| line.split_whitespace().next_back());
            words.push(format!(
                "{name} {}",
                version.ok_or("a program without a version")?
            ));
        }
        Ok(words.join(", "))
    }
}

/// Documentation is not read there (manual pages of its own the tests bring along), and what is lost
/// with the power is made again.
const DPKG: &str = "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\n\
                    path-exclude=/usr/share/locale/*\n";

/// What fits is taken along; what is merely recommended is not.
const APT: &str = "APT::Install-Recommends \"false\";\nAcquire::Languages \"none\";\n\
                   DPkg::Use-Pty \"false\";\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_found_by_its_name_and_another_name_says_which_there_are() {
        assert_eq!(named("debian13").unwrap().suite, "trixie");
        let error = named("debian14").unwrap_err().to_string();
        assert!(error.contains("debian12, debian13, unstable"), "{error}");
    }
}
