//! `cargo xtask setup`: finds what is missing to build, run and test mixd. On Debian and Ubuntu it
//! installs it; elsewhere it says what it is called there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use xtask::Result;

use crate::tools;

/// How to see, without a package manager, whether something is there.
enum Probe {
    /// A program of this name is on the PATH.
    Program(&'static str),
    /// pkg-config knows this module.
    Module(&'static str),
    /// clang's library, which bindgen loads.
    LibClang,
    /// fontconfig has a font.
    Font,
    /// The dynamic linker has a library of this name, which is loaded when a window is opened.
    Library(&'static str),
    /// The system's Python has a module of this name.
    Python(&'static str),
}

/// Something that is needed, and the package that has it.
struct Need {
    probe: Probe,
    debian: &'static str,
    arch: &'static str,
    fedora: &'static str,
    alpine: &'static str,
    void: &'static str,
    nixos: &'static str,
}

const fn need(probe: Probe, debian: &'static str, others: [&'static str; 5]) -> Need {
    let [arch, fedora, alpine, void, nixos] = others;
    Need {
        probe,
        debian,
        arch,
        fedora,
        alpine,
        void,
        nixos,
    }
}

#[rustfmt::skip]
const NEEDS: &[Need] = &[
    // To build.                                             Arch, Fedora, Alpine, Void, NixOS
    need(Probe::Program("cc"), "gcc", ["gcc", "gcc", "build-base", "gcc", "gcc"]),
    need(Probe::Program("pkg-config"), "pkg-config",
        ["pkgconf", "pkgconf-pkg-config", "pkgconf", "pkg-config", "pkg-config"]),
    need(Probe::Program("clang"), "clang", ["clang", "clang", "clang", "clang", "clang"]),
    need(Probe::LibClang, "libclang-dev",
        ["clang", "clang-devel", "clang-dev", "clang", "libclang"]),
    need(Probe::Module("libpipewire-0.3"), "libpipewire-0.3-dev",
        ["libpipewire", "pipewire-devel", "pipewire-dev", "pipewire-devel", "pipewire"]),
    need(Probe::Module("libspa-0.2"), "libspa-0.2-dev",
        ["libpipewire", "pipewire-devel", "pipewire-dev", "pipewire-devel", "pipewire"]),
    // To run the private PipeWire of the demo and the tests.
    need(Probe::Program("pipewire"), "pipewire",
        ["pipewire", "pipewire", "pipewire", "pipewire", "pipewire"]),
    need(Probe::Program("pw-play"), "pipewire-bin",
        ["pipewire-audio", "pipewire-utils", "pipewire-tools", "pipewire", "pipewire"]),
    need(Probe::Program("pipewire-pulse"), "pipewire-pulse",
        ["pipewire-pulse", "pipewire-pulseaudio", "pipewire-pulse", "pipewire", "pipewire"]),
    need(Probe::Program("wireplumber"), "wireplumber",
        ["wireplumber", "wireplumber", "wireplumber", "wireplumber", "wireplumber"]),
    need(Probe::Program("dbus-daemon"), "dbus-daemon",
        ["dbus", "dbus-daemon", "dbus", "dbus", "dbus"]),
    need(Probe::Program("paplay"), "pulseaudio-utils",
        ["libpulse", "pulseaudio-utils", "pulseaudio-utils", "pulseaudio-utils", "pulseaudio"]),
    // Ends what the tests start when they are killed; runs one as another user.
    need(Probe::Program("setpriv"), "util-linux",
        ["util-linux", "util-linux", "setpriv", "util-linux", "util-linux"]),
    // Runs the protocol's example in another language.
    need(Probe::Python("cbor2"), "python3-cbor2",
        ["python-cbor2", "python3-cbor2", "py3-cbor2", "python3-cbor2", "python3Packages.cbor2"]),
    // Makes a Debian 13 for 'cargo xtask test --debian13'.
    need(Probe::Program("debootstrap"), "debootstrap",
        ["debootstrap", "debootstrap", "debootstrap", "debootstrap", "debootstrap"]),
    // Reads what is installed: manual pages, units, entries, completions, examples, the package.
    need(Probe::Program("man"), "man-db", ["man-db", "man-db", "mandoc", "man-db", "man-db"]),
    need(Probe::Program("groff"), "groff", ["groff", "groff", "groff", "groff", "groff"]),
    need(Probe::Program("systemd-analyze"), "systemd",
        ["systemd", "systemd", "systemd", "systemd", "systemd"]),
    need(Probe::Program("desktop-file-validate"), "desktop-file-utils",
        ["desktop-file-utils", "desktop-file-utils", "desktop-file-utils", "desktop-file-utils",
            "desktop-file-utils"]),
    need(Probe::Program("bash"), "bash", ["bash", "bash", "bash", "bash", "bash"]),
    need(Probe::Program("zsh"), "zsh", ["zsh", "zsh", "zsh", "zsh", "zsh"]),
    need(Probe::Program("fish"), "fish", ["fish", "fish", "fish", "fish-shell", "fish"]),
    need(Probe::Program("i3"), "i3-wm", ["i3-wm", "i3", "i3wm", "i3", "i3"]),
    need(Probe::Program("dpkg-shlibdeps"), "dpkg-dev",
        ["dpkg", "dpkg-dev", "dpkg-dev", "dpkg", "dpkg"]),
    need(Probe::Program("lintian"), "lintian",
        ["lintian", "lintian", "lintian", "lintian", "lintian"]),
    // Real bars on a real desktop, and pictures of it.
    need(Probe::Program("sway"), "sway", ["sway", "sway", "sway", "sway", "sway"]),
    need(Probe::Program("grim"), "grim", ["grim", "grim", "grim", "grim", "grim"]),
    need(Probe::Program("waybar"), "waybar", ["waybar", "waybar", "waybar", "Waybar", "waybar"]),
    need(Probe::Program("wob"), "wob", ["wob", "wob", "wob", "wob", "wob"]),
    // A font for the bars.
    need(Probe::Font, "fonts-dejavu-core",
        ["ttf-dejavu", "dejavu-sans-fonts", "ttf-dejavu", "dejavu-fonts-ttf", "dejavu_fonts"]),
    // What mixview loads, on X11 and on Wayland.
    need(Probe::Library("libX11.so.6"), "libx11-6",
        ["libx11", "libX11", "libx11", "libX11", "xorg.libX11"]),
    need(Probe::Library("libX11-xcb.so.1"), "libx11-xcb1",
        ["libx11", "libX11-xcb", "libx11", "libX11", "xorg.libX11"]),
    need(Probe::Library("libXcursor.so.1"), "libxcursor1",
        ["libxcursor", "libXcursor", "libxcursor", "libXcursor", "xorg.libXcursor"]),
    need(Probe::Library("libXi.so.6"), "libxi6",
        ["libxi", "libXi", "libxi", "libXi", "xorg.libXi"]),
    need(Probe::Library("libxkbcommon.so.0"), "libxkbcommon0",
        ["libxkbcommon", "libxkbcommon", "libxkbcommon", "libxkbcommon", "libxkbcommon"]),
    need(Probe::Library("libxkbcommon-x11.so.0"), "libxkbcommon-x11-0",
        ["libxkbcommon-x11", "libxkbcommon-x11", "libxkbcommon", "libxkbcommon-x11",
            "libxkbcommon"]),
    need(Probe::Library("libwayland-client.so.0"), "libwayland-client0",
        ["wayland", "libwayland-client", "wayland-libs-client", "wayland", "wayland"]),
    need(Probe::Program("fc-match"), "fontconfig",
        ["fontconfig", "fontconfig", "fontconfig", "fontconfig", "fontconfig"]),
    // Real displays for it, hands on them, and a compositor that draws no decorations.
    need(Probe::Program("Xvfb"), "xvfb",
        ["xorg-server-xvfb", "xorg-x11-server-Xvfb", "xvfb", "xorg-server-xvfb",
            "xorg.xorgserver"]),
    need(Probe::Program("xdotool"), "xdotool",
        ["xdotool", "xdotool", "xdotool", "xdotool", "xdotool"]),
    need(Probe::Program("wtype"), "wtype", ["wtype", "wtype", "wtype", "wtype", "wtype"]),
    need(Probe::Program("weston"), "weston", ["weston", "weston", "weston", "weston", "weston"]),
    // A terminal for a test, and a socket as systemd passes it.
    need(Probe::Program("script"), "bsdutils",
        ["util-linux", "util-linux", "util-linux-misc", "util-linux", "util-linux"]),
    need(Probe::Program("systemd-socket-activate"), "systemd",
        ["systemd", "systemd", "systemd", "systemd", "systemd"]),
    // Builds libFuzzer.
    need(Probe::Program("c++"), "g++", ["gcc", "gcc-c++", "build-base", "gcc", "gcc"]),
];

/// What the bench measures beside, and nothing else needs.
#[rustfmt::skip]
const BENCH_NEEDS: &[Need] = &[
    need(Probe::Program("pamixer"), "pamixer",
        ["pamixer", "pamixer", "pamixer", "pamixer", "pamixer"]),
    need(Probe::Program("pavucontrol"), "pavucontrol",
        ["pavucontrol", "pavucontrol", "pavucontrol", "pavucontrol", "pavucontrol"]),
    need(Probe::Program("easyeffects"), "easyeffects",
        ["easyeffects", "easyeffects", "easyeffects", "easyeffects", "easyeffects"]),
    need(Probe::Module("dbus-1"), "libdbus-1-dev",
        ["dbus", "dbus-devel", "dbus-dev", "dbus-devel", "dbus"]),
];

/// Parts of the Rust toolchain that a minimal one lacks, and a command that shows it.
const COMPONENTS: [(&str, &str); 2] = [("rustfmt", "fmt"), ("clippy", "clippy")];

/// Finds what is missing, and installs it where that can be done.
pub fn setup() -> Result<()> {
    provide(&NEEDS.iter().collect::<Vec<_>>())
}

/// The same with what only the bench needs.
pub fn setup_bench() -> Result<()> {
    provide(&NEEDS.iter().chain(BENCH_NEEDS).collect::<Vec<_>>())
}

fn provide(needs: &[&Need]) -> Result<()> {
    add_components()?;
    if is_debian(&fs::read_to_string("/etc/os-release").unwrap_or_default()) {
        setup_debian(needs)
    } else {
        setup_elsewhere(needs)
    }
}

/// Whether a library of this name is where dynamic linkers look without being told.
fn has_library(name: &str) -> bool {
    ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib"]
        .into_iter()
        .any(|folder| {
            // Debian has a folder for each architecture.
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let mut folders = entries.map(|entry| entry.path());
            Path::new(folder).join(name).exists()
                || folders.any(|folder| folder.join(name).exists())
        })
}

fn setup_debian(needs: &[&Need]) -> Result<()> {
    let packages: Vec<&str> = needs.iter().map(|need| need.debian).collect();
    let query = Command::new("dpkg-query")
        .args(["-W", "-f", "${Package} ${db:Status-Status}\\n"])
        .args(&packages)
        .output()
        .map_err(|error| format!("start dpkg-query: {error}"))?;
    let missing = missing_packages(&packages, &String::from_utf8_lossy(&query.stdout));
    if missing.is_empty() {
        println!("Setup: all {} packages are installed.", packages.len());
        return Ok(());
    }
    println!("Setup: installing {}", missing.join(" "));
    let install = ["install", "-y", "--no-install-recommends"];
    apt(&["update"])?;
    apt(&[&install[..], &missing].concat())
}

/// Runs apt-get, as root.
fn apt(args: &[&str]) -> Result<()> {
    let is_root = wire::socket::uid() == 0;
    if !is_root && !is_on_path("sudo") {
        return Err(format!(
            "run this as root, then try again: apt-get {}",
            args.join(" ")
        )
        .into());
    }
    let mut command = if is_root {
        Command::new("env")
    } else {
        Command::new("sudo")
    };
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
        .args(args);
    tools::run(&mut command)
}

fn setup_elsewhere(needs: &[&Need]) -> Result<()> {
    let missing = needs.iter().filter(|need| !need.probe.is_there());
    let missing: Vec<&Need> = missing.copied().collect();
    if missing.is_empty() {
        println!("Setup: all that is needed is there.");
        return Ok(());
    }
    println!("Setup: some packages are missing. They are called");
    let names: [(&str, fn(&Need) -> &str); 5] = [
        ("Arch", |need| need.arch),
        ("Fedora", |need| need.fedora),
        ("Alpine", |need| need.alpine),
        ("Void", |need| need.void),
        ("NixOS", |need| need.nixos),
    ];
    for (system, name) in names {
        let packages: BTreeSet<&str> = missing.iter().map(|need| name(need)).collect();
        println!(
            "  {system:<7} {}",
            packages.into_iter().collect::<Vec<_>>().join(" ")
        );
    }
    Err("install them, then try again".into())
}

/// Adds rustfmt and clippy where rustup has left them out.
fn add_components() -> Result<()> {
    for (component, subcommand) in COMPONENTS {
        let mut probe = tools::cargo();
        probe
            .args([subcommand, "--version"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if !probe.status()?.success() {
            println!("Setup: adding {component}");
            tools::run(Command::new("rustup").args(["component", "add", component]))?;
        }
    }
    Ok(())
}

impl Probe {
    fn is_there(&self) -> bool {
        match self {
            Self::Program(name) => is_on_path(name),
            Self::Module(name) => Command::new("pkg-config")
                .args(["--exists", name])
                .status()
                .is_ok_and(|status| status.success()),
            Self::Python(module) => Command::new("python3")
                .args(["-c", &format!("import {module}")])
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success()),
            Self::Font => Command::new("fc-list")
                .output()
                .is_ok_and(|out| !out.stdout.is_empty()),
            Self::Library(name) => has_library(name),
            Self::LibClang => ["/usr/lib", "/usr/lib64", "/usr/local/lib"]
                .into_iter()
                .any(|folder| {
                    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
                    entries
                        .map(|entry| entry.file_name())
                        .any(|name| name.to_string_lossy().starts_with("libclang.so"))
                }),
        }
    }
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether os-release(5) says Debian, or something made from it.
fn is_debian(os_release: &str) -> bool {
    os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or(line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split_whitespace())
        .any(|id| id == "debian" || id == "ubuntu")
}

/// Which of the packages `dpkg-query` does not call installed.
fn missing_packages<'a>(packages: &[&'a str], query: &str) -> Vec<&'a str> {
    let installed: BTreeSet<&str> = query
        .lines()
        .filter_map(|line| line.strip_suffix(" installed"))
        .collect();
    packages
        .iter()
        .copied()
        .filter(|package| !installed.contains(package))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_what_is_made_from_it_is_known() {
        assert!(is_debian("NAME=x\nID=debian\n"));
        assert!(is_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!is_debian("ID=arch\n"));
        assert!(!is_debian("NAME=debian\n"));
        assert!(!is_debian(""));
    }

    #[test]
    fn a_package_that_is_unknown_removed_or_unpacked_only_is_missing() {
        let query = "gcc installed\nclang config-files\nwireplumber unpacked\n";
        let packages = ["gcc", "clang", "wireplumber", "pipewire"];
        assert_eq!(
            missing_packages(&packages, query),
            ["clang", "wireplumber", "pipewire"]
        );
    }
}
