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
    &usage::mixd::USAGE,
    &usage::mixctl::USAGE,
    &usage::mixview::USAGE,
];

/// What is read besides the manual.
const DOCUMENTS: [&str; 6] = [
    "README.md",
    "mixctl/README.md",
    "mixd/COMPARISON.md",
    "mixd/CONFIGURATION.md",
    "mixd/TROUBLESHOOTING.md",
    "mixview/README.md",
];

/// Files that are copied as they are: from where, below which folder, and their names there. Those that
/// begin with `#!` are programs.
const COPIES: [(&str, &str, &str); 6] = [
    ("mixd/dist", "share/doc/mixd/examples/s6", "run"),
    (
        "mixd/dist/wireplumber",
        "share/doc/mixd/examples/wireplumber",
        "await-mixd.lua await-mixd.conf",
    ),
    ("mixview/dist", "share/applications", "mixview.desktop"),
    (
        "mixview/dist",
        "share/icons/hicolor/scalable/apps",
        "mixview.svg",
    ),
    (
        "mixctl/dist/examples",
        "share/doc/mixd/examples",
        "sway i3 river waybar.json polybar.ini i3blocks i3status-rust.toml eww.yuck yambar.yml wob chatmix midi-knob",
    ),
    (
        "wire/examples",
        "share/doc/mixd/examples",
        "client.py watch.rs",
    ),
];

/// All files, with the programs of the folder `built`.
pub fn files(layout: Layout, bindir: &str, built: &Path) -> Result<Vec<Installed>> {
    let mut files = Vec::new();
    let mut add = |path: String, content: Vec<u8>| {
        let is_program = path.starts_with("bin/") || content.starts_with(b"#!");
        files.push(Installed {
            path: path.into(),
            content,
            is_program,
        });
    };
    for usage in PROGRAMS {
        let name = usage.program;
        add(format!("bin/{name}"), read(&built.join(name))?);
        add(
            format!("share/bash-completion/completions/{name}"),
            completions::bash(usage).into(),
        );
        add(
            format!("{}/_{name}", layout.zsh),
            completions::zsh(usage).into(),
        );
        add(
            format!("share/fish/vendor_completions.d/{name}.fish"),
            completions::fish(usage).into(),
        );
    }
    for (from, to, names) in COPIES {
        for name in names.split(' ') {
            add(format!("{to}/{name}"), read(&Path::new(from).join(name))?);
        }
    }
    let document = |name| format!("share/doc/mixd/{name}");
    // Where they find each other.
    for name in DOCUMENTS {
        add(document(name), read(Path::new(name))?);
    }
    add(
        document("mixview-font.txt"),
        read(Path::new("mixview/font/OFL.txt"))?,
    );
    for unit in ["mixd.service", "mixd.socket"] {
        let text = fs::read_to_string(Path::new("mixd/dist").join(unit))?;
        let text = text.replace("@bindir@/mixd", &quoted(&format!("{bindir}/mixd"))?);
        add(format!("{}/{unit}", layout.units), text.into());
    }
    for (name, text) in man::pages(VERSION)? {
        let section = name.rsplit('.').next().unwrap_or_default().to_owned();
        let path = format!("share/man/man{section}/{name}");
        match layout.packs {
            true => add(format!("{path}.gz"), pack(text.as_bytes())?),
            false => add(path, text.into()),
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// A program's path as systemd reads it (systemd.service(5), "Command lines"; systemd.unit(5),
/// "Specifiers").
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

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("read {}: {error}", path.display()).into())
}

/// What gzip makes of it, the same each time.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents that are not installed.
    const OTHERS: [&str; 6] = [
        "CONTRIBUTING.md",
        "fuzz/README.md",
        "mixd/ARCHITECTURE.md",
        "wire/PROTOCOL.md",
        "xtask/PACKAGING.md",
        "xtask/bench/README.md",
    ];

    #[test]
    fn documents_link_to_what_is_there() {
        for name in DOCUMENTS.into_iter().chain(OTHERS) {
            let path = crate::tools::root().join(name);
            let text = fs::read_to_string(&path).unwrap();
            for target in text.split("](").skip(1) {
                let target = target.split(')').next().unwrap();
                let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
                if file.contains("://") {
                    continue;
                }
                let linked = match file {
                    "" => path.clone(),
                    file => path.with_file_name(file),
                };
                assert!(linked.exists(), "{name} links to {file}");
                if !anchor.is_empty() {
                    let text = fs::read_to_string(linked).unwrap();
                    let headings = text.lines().filter(|line| line.starts_with('#'));
                    let anchors = headings.map(|line| {
                        let words = line.trim_start_matches('#').trim().to_lowercase();
                        words.replace(' ', "-")
                    });
                    assert!(
                        anchors.into_iter().any(|one| one == anchor),
                        "{name}: #{anchor}"
                    );
                }
            }
        }
    }
}
