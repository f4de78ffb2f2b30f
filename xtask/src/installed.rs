//! What an installation consists of: every file, where it goes, and who may run it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lab::Result;
use usage::Usage;

use crate::{completions, man};

/// The version that is built.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A file of an installation.
pub struct Installed {
    /// Below the prefix.
    pub path: PathBuf,
    /// Its content.
    pub content: Vec<u8>,
    /// Whether it is a program.
    pub is_program: bool,
}

/// How the systems that files are made for differ.
#[derive(Clone, Copy)]
pub struct Layout {
    /// Where the programs will be, for those who name them whole.
    pub bindir: &'static str,
    /// Where zsh looks, below the prefix.
    pub zsh: &'static str,
    /// Where systemd looks for units of users, below the prefix.
    pub units: &'static str,
    /// Whether manual pages are packed.
    pub packs: bool,
}

/// As most systems have it.
pub const COMMON: Layout = Layout {
    bindir: "",
    zsh: "share/zsh/site-functions",
    // Unlike lib/systemd/user it is looked into below /usr/local and ~/.local alike (systemd.unit(5)).
    units: "share/systemd/user",
    packs: false,
};

/// As Debian has it.
pub const DEBIAN: Layout = Layout {
    bindir: "/usr/bin",
    zsh: "share/zsh/vendor-completions",
    units: "lib/systemd/user",
    packs: true,
};

const PROGRAMS: [&Usage; 3] = [
    &mixd::usage::USAGE,
    &mixctl::usage::USAGE,
    &mixview::usage::USAGE,
];

/// Files that are copied as they are: from where, to where, whether they are programs.
const COPIES: [(&str, &str, bool); 21] = [
    (
        "mixview/font/OFL.txt",
        "share/doc/mixd/mixview-font.txt",
        false,
    ),
    ("mixd/dist/run", "share/doc/mixd/examples/s6/run", true),
    (
        "mixd/dist/wireplumber/await-mixd.lua",
        "share/doc/mixd/examples/wireplumber/await-mixd.lua",
        false,
    ),
    (
        "mixd/dist/wireplumber/await-mixd.conf",
        "share/doc/mixd/examples/wireplumber/await-mixd.conf",
        false,
    ),
    (
        "mixview/dist/mixview.desktop",
        "share/applications/mixview.desktop",
        false,
    ),
    (
        "mixview/dist/mixview.svg",
        "share/icons/hicolor/scalable/apps/mixview.svg",
        false,
    ),
    (
        "mixctl/dist/examples/sway",
        "share/doc/mixd/examples/sway",
        false,
    ),
    (
        "mixctl/dist/examples/i3",
        "share/doc/mixd/examples/i3",
        false,
    ),
    (
        "mixctl/dist/examples/river",
        "share/doc/mixd/examples/river",
        true,
    ),
    (
        "mixctl/dist/examples/waybar.json",
        "share/doc/mixd/examples/waybar.json",
        false,
    ),
    (
        "mixctl/dist/examples/polybar.ini",
        "share/doc/mixd/examples/polybar.ini",
        false,
    ),
    (
        "mixctl/dist/examples/i3blocks",
        "share/doc/mixd/examples/i3blocks",
        false,
    ),
    (
        "mixctl/dist/examples/i3status-rust.toml",
        "share/doc/mixd/examples/i3status-rust.toml",
        false,
    ),
    (
        "mixctl/dist/examples/eww.yuck",
        "share/doc/mixd/examples/eww.yuck",
        false,
    ),
    (
        "mixctl/dist/examples/yambar.yml",
        "share/doc/mixd/examples/yambar.yml",
        false,
    ),
    (
        "mixctl/dist/examples/wob",
        "share/doc/mixd/examples/wob",
        true,
    ),
    (
        "mixctl/dist/examples/chatmix",
        "share/doc/mixd/examples/chatmix",
        true,
    ),
    (
        "mixctl/dist/examples/midi-knob",
        "share/doc/mixd/examples/midi-knob",
        true,
    ),
    (
        "wire/examples/client.py",
        "share/doc/mixd/examples/client.py",
        false,
    ),
    (
        "wire/examples/watch.rs",
        "share/doc/mixd/examples/watch.rs",
        false,
    ),
    ("README.md", "share/doc/mixd/README.md", false),
];

/// All files, with the programs of the folder `built`.
///
/// # Errors
/// A file can't be read.
pub fn files(layout: Layout, bindir: &str, built: &Path) -> Result<Vec<Installed>> {
    let mut files = Vec::new();
    for usage in PROGRAMS {
        let content = read(&built.join(usage.program))?;
        add(&mut files, format!("bin/{}", usage.program), content, true);
    }
    for (from, to, is_program) in COPIES {
        add(&mut files, to.into(), read(Path::new(from))?, is_program);
    }
    for unit in ["mixd.service", "mixd.socket"] {
        let text = fs::read_to_string(Path::new("mixd/dist").join(unit))?;
        let text = text.replace("@bindir@/mixd", &quoted(&format!("{bindir}/mixd"))?);
        add(
            &mut files,
            format!("{}/{unit}", layout.units),
            text.into(),
            false,
        );
    }
    for (name, text) in man::pages(VERSION)? {
        let section = name.rsplit('.').next().unwrap_or_default().to_owned();
        let path = format!("share/man/man{section}/{name}");
        match layout.packs {
            true => add(
                &mut files,
                format!("{path}.gz"),
                pack(text.as_bytes())?,
                false,
            ),
            false => add(&mut files, path, text.into(), false),
        }
    }
    for usage in PROGRAMS {
        let name = usage.program;
        for (path, text) in [
            (
                format!("share/bash-completion/completions/{name}"),
                completions::bash(usage),
            ),
            (format!("{}/_{name}", layout.zsh), completions::zsh(usage)),
            (
                format!("share/fish/vendor_completions.d/{name}.fish"),
                completions::fish(usage),
            ),
        ] {
            add(&mut files, path, text.into(), false);
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// A program's path as systemd reads it (systemd.service(5), "Command lines"; systemd.unit(5),
/// "Specifiers").
///
/// # Errors
/// systemd takes no program of such a name, quoted or not.
fn quoted(path: &str) -> Result<String> {
    let unsafe_for_systemd = |c: char| c.is_control() || "\"'\\".contains(c);
    if path.contains(unsafe_for_systemd) {
        return Err(format!(
            "systemd runs no program whose path has a quote, a backslash or a control character, as \
             {path:?} has; choose another --prefix"
        )
        .into());
    }
    let path = path.replace('%', "%%");
    let is_plain = |c: char| c.is_alphanumeric() || "/._+-%".contains(c);
    Ok(match path.chars().all(is_plain) {
        true => path,
        false => format!("\"{path}\""),
    })
}

fn add(files: &mut Vec<Installed>, path: String, content: Vec<u8>, is_program: bool) {
    files.push(Installed {
        path: path.into(),
        content,
        is_program,
    });
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("read {}: {error}", path.display()).into())
}

/// What gzip makes of it, the same each time.
///
/// # Errors
/// gzip is missing or fails.
pub fn pack(content: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = Command::new("gzip")
        .args(["-9", "--no-name"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("start gzip: {error}"))?;
    let mut input = gzip.stdin.take().ok_or("gzip takes no input")?;
    let content = content.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&content));
    let out = gzip.wait_with_output()?;
    writer.join().map_err(|_| "gzip's writer")??;
    match out.status.success() {
        true => Ok(out.stdout),
        false => Err("gzip fails".into()),
    }
}
