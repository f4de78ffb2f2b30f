//! A phone's budget: a tenth of a core and 32 MiB for mixd, by cgroups(7), where it routes and where it is heard.

use std::fs;
use std::path::{Path, PathBuf};

use lab::Result;
use lab::process::Folder;

use super::report::Case;
use super::sample::Sample;
use super::{Bench, press, route};
use crate::tools;

/// How much of each period mixd may run, in microseconds.
const QUOTA: u32 = 10_000;
const PERIOD: u32 = 100_000;
/// How much memory it may have, in KiB.
const MEMORY: u64 = 32 * 1024;

/// A control group with the budget. Removed when dropped, once nothing runs in it.
struct Group {
    /// One folder in cgroup v2; in v1 one for each controller.
    folders: Vec<PathBuf>,
    /// The file that says how much memory there was at most, in bytes.
    peak: PathBuf,
    /// Where the hierarchies are mounted: in the mount namespace of the system, with which that ends.
    _mounts: Folder,
}

impl Group {
    fn create() -> Result<Self> {
        let mounts = Folder::new("mixd-phone")?;
        let name = format!("mixd-phone-{}", std::process::id());
        let mount = |controller: &str, kind: &str| -> Result<PathBuf> {
            let folder = mounts.path().join(controller);
            fs::create_dir(&folder)?;
            tools::run(tools::command(&format!("mount -t {kind} none")).arg(&folder))?;
            Ok(folder)
        };
        let (quota, period, bytes) = (QUOTA.to_string(), PERIOD.to_string(), MEMORY * 1024);
        let (folders, settings, peak) = if is_unified()? {
            let all = mount("all", "cgroup2")?;
            write(&all.join("cgroup.subtree_control"), "+cpu +memory")?;
            let group = all.join(name);
            let settings = vec![
                (group.join("cpu.max"), format!("{quota} {period}")),
                (group.join("memory.max"), bytes.to_string()),
            ];
            let peak = group.join("memory.peak");
            (vec![group], settings, peak)
        } else {
            let cpu = mount("cpu", "cgroup -o cpu")?.join(&name);
            let memory = mount("memory", "cgroup -o memory")?.join(&name);
            let settings = vec![
                (cpu.join("cpu.cfs_period_us"), period),
                (cpu.join("cpu.cfs_quota_us"), quota),
                (memory.join("memory.limit_in_bytes"), bytes.to_string()),
            ];
            let peak = memory.join("memory.max_usage_in_bytes");
            (vec![cpu, memory], settings, peak)
        };
        for folder in &folders {
            fs::create_dir(folder)
                .map_err(|error| format!("mkdir {}: {error}", folder.display()))?;
        }
        let group = Self {
            folders,
            peak,
            _mounts: mounts,
        };
        for (file, value) in settings {
            write(&file, &value)?;
        }
        Ok(group)
    }

    /// The beginning of a script that joins the group, and then becomes what follows.
    fn joining(&self) -> String {
        let join = |folder: &PathBuf| format!("echo 0 > '{}/cgroup.procs' && ", folder.display());
        let joined: String = self.folders.iter().map(join).collect();
        joined + "exec"
    }

    /// How much memory there was at most, in KiB.
    fn peak(&self) -> Result<u64> {
        Ok(read(&self.peak)?.trim().parse::<u64>()? / 1024)
    }

    /// In how many periods, of how many, mixd was held back.
    fn throttled(&self) -> Result<[String; 2]> {
        let stat = read(&self.folders[0].join("cpu.stat"))?;
        let value = |key: &str| {
            let mut lines = stat.lines();
            let value = lines.find_map(|line| line.strip_prefix(key));
            value.unwrap_or("no number").trim().to_owned()
        };
        Ok(["nr_throttled", "nr_periods"].map(value))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for folder in &self.folders {
            if let Err(error) = fs::remove_dir(folder) {
                eprintln!("rmdir {}: {error}", folder.display());
            }
        }
    }
}

/// Returns whether the controllers are in cgroup v2: in v1 each has a hierarchy of its own, with a number.
fn is_unified() -> Result<bool> {
    let controllers = read(Path::new("/proc/cgroups"))?;
    let cpu = controllers.lines().find(|line| line.starts_with("cpu\t"));
    let number = cpu.and_then(|line| line.split('\t').nth(1));
    Ok(number.is_none_or(|number| number == "0"))
}

fn read(file: &Path) -> Result<String> {
    Ok(fs::read_to_string(file).map_err(|error| format!("read {}: {error}", file.display()))?)
}

fn write(file: &Path, value: &str) -> Result<()> {
    let written = fs::write(file, value);
    Ok(written.map_err(|error| format!("write {value} to {}: {error}", file.display()))?)
}

/// `route` and `press`, with a mixd that has the budget, and its memory.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let programs = Folder::new("mixd-phone-programs")?;
    let group = Group::create()?;
    tools::wrap_mixd(&bench.programs, programs.path(), &group.joining())?;
    let within = Bench {
        floors: bench.floors.clone(),
        programs: programs.path().into(),
        is_quick: bench.is_quick,
    };
    let mut cases = route::measure(&within)?;
    cases.extend(press::measure(&within)?);
    let [throttled, periods] = group.throttled()?;
    println!("   mixd was held back in {throttled} of {periods} periods of 100 ms");
    let peak = Sample::once(group.peak()? as f64);
    cases.push(Case::new("phone", "mixd's memory, most", "KiB", peak).limit(MEMORY as f64));
    Ok(cases.into_iter().map(|case| case.of("phone")).collect())
}
