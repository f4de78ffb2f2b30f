//! `cargo xtask setup`: finds what is missing to build, run and test mixd. On Debian and Ubuntu it
//! installs it; elsewhere it says what it is called there. Installed on the machine itself is only
//! what compiles mixd. All else (PipeWire for the demonstration, and what the tests play, show and
//! read with) goes into folders below `target/`, so that no session, unit or alternative changes.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use lab::Result;
use lexopt::{Arg, Parser};

use crate::packages;
use crate::system::{self, System, User};
use crate::tools;

/// How to see, without a package manager, whether something is there.
enum Probe {
    /// A program of this name is on the PATH.
    Program(&'static str),
    /// pkg-config knows this module.
    Module(&'static str),
}

/// Something that is needed on the machine itself.
struct Need {
    probe: Probe,
    /// Debian's package that has it.
    debian: &'static str,
    /// What the package is called on each of [`ELSEWHERE`].
    elsewhere: [&'static str; 5],
}

const fn need(probe: Probe, debian: &'static str, elsewhere: [&'static str; 5]) -> Need {
    Need {
        probe,
        debian,
        elsewhere,
    }
}

/// The systems whose names of packages are known.
const ELSEWHERE: [&str; 5] = ["Arch", "Fedora", "Alpine", "Void", "NixOS"];

/// What compiles mixd. bindgen reads PipeWire's headers with clang's library and its own headers; Debian's
/// package of the program would make it an alternative for `cc` and `c++`.
#[rustfmt::skip]
const TO_BUILD: &[Need] = &[
    //                                                       Arch, Fedora, Alpine, Void, NixOS
    need(Probe::Program("cc"), "gcc", ["gcc", "gcc", "build-base", "gcc", "gcc"]),
    need(Probe::Program("pkg-config"), "pkg-config",
        ["pkgconf", "pkgconf-pkg-config", "pkgconf", "pkg-config", "pkg-config"]),
    need(Probe::Program("clang"), "libclang1",
        ["clang", "clang-devel", "clang-dev", "clang", "libclang"]),
    need(Probe::Program("clang"), "libclang-common-*-dev",
        ["clang", "clang-devel", "clang-dev", "clang", "libclang"]),
    need(Probe::Module("libpipewire-0.3"), "libpipewire-0.3-dev",
        ["libpipewire", "pipewire-devel", "pipewire-dev", "pipewire-devel", "pipewire"]),
    need(Probe::Module("libspa-0.2"), "libspa-0.2-dev",
        ["libpipewire", "pipewire-devel", "pipewire-dev", "pipewire-devel", "pipewire"]),
];

/// What makes the systems that the tests run in.
const TO_TEST: &[Need] = &[need(
    Probe::Program("debootstrap"),
    "debootstrap",
    ["debootstrap"; 5],
)];

/// What builds libFuzzer. Debian's package without a version would make it an alternative for `c++`.
#[rustfmt::skip]
const TO_FUZZ: &[Need] = &[
    need(Probe::Program("c++"), "g++-*", ["gcc", "gcc-c++", "build-base", "gcc", "gcc"]),
];

/// A PipeWire of one's own, with what plays to it. Debian's names, for all of its releases.
const PRIVATE_PIPEWIRE: [&str; 5] = [
    "pipewire",
    "pipewire-bin",
    "libpipewire-0.3-modules",
    "wireplumber",
    "dbus-daemon",
];

/// What the tests that play run besides.
const TO_PLAY: &[&str] = &["pipewire-pulse", "pulseaudio-utils", "util-linux", "procps"];

/// The programs that `cargo xtask test --programs` plays with, and what they need to: a display, its keys,
/// a terminal, a loopback.
#[rustfmt::skip]
const PROGRAMS: &[&str] = &[
    "mpv", "vlc-bin", "vlc-plugin-base", "ffmpeg", "firefox-esr", "chromium", "easyeffects",
    "gstreamer1.0-tools", "gstreamer1.0-plugins-base", "gstreamer1.0-plugins-base-apps",
    "gstreamer1.0-plugins-good", "gstreamer1.0-plugins-bad", "gstreamer1.0-pipewire",
    "gstreamer1.0-pulseaudio", "pipewire-alsa", "pipewire-jack", "alsa-utils",
    "xvfb", "xdotool", "bsdutils", "iproute2",
];

/// What a mixview with the feature `accesskit` is tested with.
const SCREEN_READER: &[&str] = &["at-spi2-core", "python3-pyatspi"];

/// What mixview loads, on X11 and on Wayland: the package depends on it.
#[rustfmt::skip]
const LOADED: &[&str] = &[
    "libx11-6", "libx11-xcb1", "libxcursor1", "libxi6", "libxkbcommon0", "libxkbcommon-x11-0",
    "libwayland-client0",
];

/// What all other tests run: displays and hands on them, bars, and those who read what is installed.
#[rustfmt::skip]
const TO_SHOW: &[&str] = &[
    // Runs the protocol's example in Python.
    "python3-cbor2",
    // Read manual pages, units, entries, completions, examples, the package.
    "man-db", "groff", "systemd", "desktop-file-utils", "bash", "zsh", "fish", "i3-wm", "dpkg-dev", "binutils",
    "lintian",
    // Bars on a real desktop, with a font, and pictures of it.
    "sway", "grim", "waybar", "wob", "fonts-dejavu-core",
    // What a key of sway's finds its window by.
    "jq",
    // What mixview asks for fonts.
    "fontconfig",
    // Displays, hands on them, and a compositor that draws no decorations.
    "xvfb", "xdotool", "wtype", "weston",
    // Other programs that copy and paste, and one that says whether windows are dark.
    "xclip", "wl-clipboard", "xsettingsd",
    // A terminal for a test.
    "bsdutils",
];

/// What the bench measures beside, and compiles its floors with.
#[rustfmt::skip]
const TO_BENCH: &[&str] = &[
    "pamixer", "pavucontrol", "easyeffects", "gcc", "libc6-dev", "libdbus-1-dev", "pkg-config",
    "clang", "libpipewire-0.3-dev", "libspa-0.2-dev",
];

/// Parts of the Rust toolchain that a minimal one lacks, and a command that shows it.
const COMPONENTS: [(&str, &str); 2] = [("rustfmt", "fmt"), ("clippy", "clippy")];

/// Reads the rest of the command line, and installs what running and testing need; or, with
/// `--print`, installs nothing and says what is missing.
pub fn command(mut rest: Parser) -> Result<()> {
    match rest.next()? {
        None => {
            to_run()?;
            to_test(&[system::home()])
        }
        Some(Arg::Long("print")) => print(),
        Some(argument) => Err(argument.unexpected().into()),
    }
}

/// Finds what building lacks, and installs it.
pub fn to_run() -> Result<()> {
    provide(TO_BUILD.iter())
}

/// Unpacks a PipeWire for the demonstration where this machine has none, and returns its folder.
pub fn to_demonstrate() -> Result<Option<PathBuf>> {
    if lacks().is_empty() {
        return Ok(None);
    }
    let folder = tools::target_folder()?.join("pipewire");
    if folder.exists() {
        return Ok(Some(folder));
    }
    if !packages::is_debian() {
        return Err(format!(
            "the demonstration needs the programs {}; install PipeWire and WirePlumber, then try again",
            lacks().join(", ")
        )
        .into());
    }
    println!("Setup: this machine has no PipeWire. For the demonstration one is unpacked into");
    println!("  {}; nothing of it is installed.", folder.display());
    packages::unpack(&PRIVATE_PIPEWIRE, &folder)?;
    Ok(Some(folder))
}

/// The programs of a private PipeWire that are not on the PATH.
fn lacks() -> Vec<&'static str> {
    let programs = ["pipewire", "wireplumber", "pw-play", "dbus-daemon"];
    programs
        .into_iter()
        .filter(|name| !is_on_path(name))
        .collect()
}

/// Finds what the tests lack, here and in these systems, says how large it is, and gets it.
pub fn to_test(systems: &[&'static System]) -> Result<()> {
    to_compile_tests()?;
    prepare(systems)
}

/// Plays in a system what this command line asks for: gets what that needs, builds, and runs the same
/// command line there.
pub fn play_in(system: &'static System) -> Result<()> {
    to_test(&[system])?;
    println!("{}: {}", system.name, system.versions()?);
    system.repeat(User::Root, &tools::build_debug()?)
}

/// Finds what compiling and checking the tests lacks, says how large it is, and installs it.
pub fn to_compile_tests() -> Result<()> {
    add_components()?;
    provide(TO_BUILD.iter().chain(TO_TEST))
}

/// Makes systems, and has in them what the tests run.
pub fn prepare(systems: &[&'static System]) -> Result<()> {
    for system in systems {
        if !system.folder()?.exists() {
            println!(
                "Setup: the tests run in a {}: {}",
                system.name,
                size_of(system)
            );
        }
        system.prepare(&in_system(system))?;
    }
    Ok(())
}

/// Has in this machine's system what speaks to a screen reader, and a program that listens as one does.
pub fn prepare_screen_reader() -> Result<()> {
    let system = system::home();
    system.prepare(&[&in_system(system)[..], SCREEN_READER].concat())
}

/// Has in systems that are there the programs that tests play with.
pub fn prepare_programs(systems: &[&'static System]) -> Result<()> {
    for system in systems {
        // A part of ffmpeg before; with it comes sdl2-compat on SDL 3.
        let apart = if system.name == "unstable" {
            &["ffplay"][..]
        } else {
            &[]
        };
        system.prepare(&[&in_system(system)[..], PROGRAMS, apart].concat())?;
    }
    Ok(())
}

/// About how much making a system takes, as it was when this was written.
fn size_of(system: &System) -> &'static str {
    match system == system::home() {
        true => "about 230 MB to download, 1.2 GB of disk",
        false => "about 70 MB to download, 0.5 GB of disk",
    }
}

/// Finds what fuzzing lacks, and installs it.
pub fn to_fuzz() -> Result<()> {
    provide(TO_BUILD.iter().chain(TO_FUZZ))
}

/// Finds what the bench lacks, here and in the system in which it measures, and gets it.
pub fn to_bench(system: &System) -> Result<()> {
    provide(TO_BUILD.iter().chain(TO_TEST))?;
    system.prepare(&[&in_system(system)[..], TO_BENCH].concat())
}

/// The packages that a system is to have.
fn in_system(system: &System) -> Vec<&'static str> {
    let shows = if system == system::home() {
        TO_SHOW
    } else {
        &[]
    };
    [&PRIVATE_PIPEWIRE[..], TO_PLAY, LOADED, shows].concat()
}

/// Says what is missing, and installs nothing.
fn print() -> Result<()> {
    report("build and run", TO_BUILD)?;
    match lacks() {
        lacks if lacks.is_empty() => println!("For the demonstration: the PipeWire that is here."),
        lacks => println!(
            "For the demonstration, unpacked into target/pipewire and not installed: {}\n  (not here: {})",
            PRIVATE_PIPEWIRE.join(" "),
            lacks.join(" ")
        ),
    }
    report("test", TO_TEST)?;
    report("fuzz", TO_FUZZ)?;
    for system in &system::SYSTEMS {
        let folder = system.folder()?;
        let names = in_system(system);
        let (missing, size) = match folder.exists() {
            true => (packages::missing(&names, Some(&folder))?, ""),
            false => (names, size_of(system)),
        };
        let when = match system == system::home() {
            true => "",
            false => ", only for 'test --on'",
        };
        let missing = match missing.is_empty() {
            true => "all is there".to_owned(),
            false => format!("{size}\n  {}", missing.join(" ")),
        };
        println!(
            "To test, in target/systems/{}{when}: {missing}",
            system.name
        );
    }
    Ok(())
}

fn report(purpose: &str, needs: &[Need]) -> Result<()> {
    println!("To {purpose}, on this machine:");
    let missing = find_missing(needs.iter())?;
    let names: Vec<&str> = missing.iter().map(|need| need.debian).collect();
    match names.is_empty() {
        true => println!("  nothing is missing"),
        false => println!("  {}\n  {}", names.join(" "), packages::size(&names)),
    }
    Ok(())
}

/// Which needs are not met: by dpkg's word on Debian, by a look elsewhere.
fn find_missing<'a>(needs: impl Iterator<Item = &'a Need>) -> Result<Vec<&'a Need>> {
    let needs: Vec<&Need> = needs.collect();
    if !packages::is_debian() {
        return Ok(needs
            .into_iter()
            .filter(|need| !need.probe.is_met())
            .collect());
    }
    let names: Vec<&str> = needs.iter().map(|need| need.debian).collect();
    let missing = packages::missing(&names, None)?;
    let is_missing = |need: &&Need| missing.contains(&need.debian);
    Ok(needs.into_iter().filter(is_missing).collect())
}

fn provide<'a>(needs: impl Iterator<Item = &'a Need>) -> Result<()> {
    let missing = find_missing(needs)?;
    if missing.is_empty() {
        return Ok(());
    }
    if !packages::is_debian() {
        return name_elsewhere(&missing);
    }
    let names: Vec<&str> = missing.iter().map(|need| need.debian).collect();
    println!("Setup: looking for {}", names.join(" "));
    packages::update()?;
    println!(
        "Setup: installing on this machine. {}",
        packages::size(&names)
    );
    packages::install(&names)
}

/// Says what is missing in the words of the other systems.
fn name_elsewhere(missing: &[&Need]) -> Result<()> {
    println!("Setup: some packages are missing. They are called");
    for (at, system) in ELSEWHERE.iter().enumerate() {
        let packages: BTreeSet<&str> = missing.iter().map(|need| need.elsewhere[at]).collect();
        let packages: Vec<&str> = packages.into_iter().collect();
        println!("  {system:<7} {}", packages.join(" "));
    }
    Err("install them, then try again".into())
}

/// Adds rustfmt and clippy where rustup has left them out.
fn add_components() -> Result<()> {
    for (component, subcommand) in COMPONENTS {
        let mut probe = tools::cargo(&format!("{subcommand} --version"));
        if tools::output(&mut probe).is_err() {
            println!("Setup: adding {component}");
            tools::run(&mut tools::command(&format!(
                "rustup component add {component}"
            )))?;
        }
    }
    Ok(())
}

impl Probe {
    fn is_met(&self) -> bool {
        match self {
            Self::Program(name) => is_on_path(name),
            Self::Module(name) => {
                tools::output(&mut tools::command(&format!("pkg-config --exists {name}"))).is_ok()
            }
        }
    }
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .any(|folder| fs::metadata(folder.join(program)).is_ok_and(|data| data.is_file()))
}
