//! Whether what is installed is right, by the programs that will read it: man, systemd, lintian,
//! the shells, the bars and the window managers.

use std::fs;
use std::path::Path;
use std::process::Command;

use lab::Result;
use lab::process::Folder;

use crate::installed::{self, COMMON};
use crate::{install, tools};

/// Installs into a folder of its own, makes the package, and asks everybody.
pub fn check(programs: &Path) -> Result<()> {
    let folder = Folder::new("mixd-install")?;
    let place = folder.path();
    let files = installed::files(COMMON, &place.join("bin").display().to_string(), programs)?;
    install::add(place, &files)?;
    let checks: [(&str, fn(&Path) -> Result<()>); 5] = [
        ("manual pages", manual),
        ("units", units),
        ("desktop entry", desktop_entry),
        ("completions", completions),
        ("examples", examples),
    ];
    for (name, check) in checks {
        check(place).map_err(|error| format!("{name}: {error}"))?;
        println!("ok  {name}");
    }
    // What was there before stays: the folders of these checks.
    install::remove(place)?;
    if let Some(left) = files.iter().find(|file| place.join(&file.path).exists()) {
        return Err(format!("uninstall leaves {}", left.path.display()).into());
    }
    leave_nothing(&place.join("nowhere"), programs)?;
    println!("ok  nothing is left");
    let package = super::package(place, programs)?;
    lintian(&package)?;
    println!("ok  lintian on {}", package.display());
    Ok(())
}

/// Below a prefix of an unusual name, in a folder that was there already; twice, with a file of somebody
/// else's beside: that is all that is there in the end.
fn leave_nothing(root: &Path, programs: &Path) -> Result<()> {
    let place = root.join("p x%u$/y");
    fs::create_dir_all(root.join("bin"))?;
    let bindir = place.join("bin").display().to_string();
    let files = installed::files(COMMON, &bindir, programs)?;
    install::add(&place, &files)?;
    units(&place)?;
    install::add(&place, &files)?;
    install::remove(&place)?;
    if root.join("p x%u$").exists() {
        return Err(format!("uninstall leaves {}", root.display()).into());
    }
    install::add(root, &files)?;
    let own = root.join("share/man/man1/own.1");
    fs::write(&own, "")?;
    install::remove(root)?;
    let left = below(root)?;
    let expected = [
        "bin",
        "share",
        "share/man",
        "share/man/man1",
        "share/man/man1/own.1",
    ];
    match left == expected {
        true => Ok(()),
        false => Err(format!("uninstall leaves {left:?}").into()),
    }
}

/// All that is below a folder, in order.
fn below(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            found.push(path.strip_prefix(root)?.display().to_string());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Runs a command that must say nothing, and returns what it prints.
fn silent(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command
        .output()
        .map_err(|error| tools::missing(&name, &error))?;
    let complaints = String::from_utf8_lossy(&out.stderr);
    match out.status.success() && complaints.trim().is_empty() {
        true => Ok(String::from_utf8_lossy(&out.stdout).into_owned()),
        false => Err(format!("{name}: {complaints}").into()),
    }
}

/// Each page is rendered without a word of complaint, and says something.
fn manual(place: &Path) -> Result<()> {
    for page in [
        "man1/mixd.1",
        "man1/mixctl.1",
        "man1/mixview.1",
        "man5/mixd.conf.5",
        "man7/mixd-protocol.7",
    ] {
        let mut man = tools::command("man --warnings -E UTF-8 -l");
        man.arg(place.join("share/man").join(page));
        man.envs([
            ("MANROFFSEQ", ""),
            ("MANWIDTH", "80"),
            ("LC_ALL", "C.UTF-8"),
        ]);
        if silent(&mut man)
            .map_err(|error| format!("{page}: {error}"))?
            .len()
            < 300
        {
            return Err(format!("{page} says nothing").into());
        }
    }
    Ok(())
}

fn units(place: &Path) -> Result<()> {
    let units = place.join(COMMON.units);
    let mut command = tools::command("systemd-analyze --user --man=no verify");
    // It wants to know where a user's own units would be.
    let home = Folder::new("mixd-units")?;
    command.env("XDG_RUNTIME_DIR", home.path());
    command.env("HOME", home.path());
    // That of PipeWire is there where PipeWire is.
    command.args([units.join("mixd.service"), units.join("mixd.socket")]);
    silent(&mut command).map(drop)
}

fn desktop_entry(place: &Path) -> Result<()> {
    let entry = place.join("share/applications/mixview.desktop");
    let said = silent(tools::command("desktop-file-validate").arg(entry))?;
    match said.is_empty() {
        true => Ok(()),
        false => Err(said.into()),
    }
}

/// Loaded in the real shells, with a mixctl beside that answers as the real one does.
fn completions(place: &Path) -> Result<()> {
    let bin = place.join("fake");
    fs::create_dir_all(&bin)?;
    // Run with what was completed, it says what it was given.
    let answers = r#"#!/bin/sh
case $#$1 in
1streams) printf 'aux\trouted\t%s\tx\t-\n' 'Discord Canary' 'Discord PTB' 'a=b [live]' ;;
1list-programs)
    printf 'Ardour*\tignore\n'
    printf '%s\n' 'Mumble*' media.role=Game media.role=Music app:x -dash '~root'
    ;;
*) printf '<%s>\n' "$@" ;;
esac
"#;
    let mixctl = installed::Installed {
        path: "mixctl".into(),
        content: answers.into(),
        is_program: true,
    };
    install::write(&bin, &[mixctl])?;
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", bin.display());
    let file = |name: &str| place.join("share").join(name).display().to_string();
    let bash = file("bash-completion/completions/mixctl");
    let fish = file("fish/vendor_completions.d/mixctl.fish");
    let zsh = file("zsh/site-functions");
    let bash_ready = format!("PS1=; bind \"set bell-style none\"; source {bash}; echo rea\"\"dy");
    let zsh_ready = format!(
        "PS1=; fpath=({zsh} $fpath); autoload -U compinit; compinit -D -u; \
         zstyle \":completion:*\" list-prompt \"\"; LISTMAX=1000; echo rea\"\"dy"
    );
    let mut trials: Vec<Trial> = Vec::new();
    for (typed, offered) in [
        ("mixctl set-v", "<set-volume>"),
        ("mixctl watch --format wa", "<waybar>"),
        ("mixctl add-program ", "Canary"),
        ("mixctl add-program Discord\\ C", "<Discord Canary>"),
        ("mixctl remove-program M", "<Mumble*>"),
        ("mixctl remove-program A", "<Ardour*>"),
        ("mixctl ignore a", r"<a\=b \[live]>"),
        ("mixctl move 'Discord P", "<Discord PTB>"),
        ("mixctl move Discord\\ PTB o", "<other>"),
        ("mixctl remove-program media.role=G", "<media.role=Game>"),
        ("mixctl remove-program app:", "<app:x>"),
        ("mixctl remove-program -d", "<-->"),
        ("mixctl remove-program -d", "<-dash>"),
        ("mixctl remove-program -- -d", "<-dash>"),
        ("mixctl remove-program \\~", "<~root>"),
        ("mixctl why 'Discord P", "<Discord PTB>"),
        ("mixctl why a", "<a=b [live]>"),
        ("mixctl add-program a", r"<a\=b \[live]>"),
    ] {
        for (shell, start, ready) in [
            ("bash", "bash --norc -i", &bash_ready),
            ("zsh", "zsh -f -i", &zsh_ready),
        ] {
            let script = in_terminal(start, ready, typed);
            trials.push((shell, "zsh", vec!["-f", "-c"], script, typed, offered));
        }
    }
    for (typed, offered) in [
        ("mixctl set-v", "set-volume"),
        ("mixctl watch --format wa", "waybar"),
        ("mixctl add-program ", "Discord Canary"),
        ("mixctl remove-program media.role=G", "media.role=Game"),
        ("mixctl remove-program A", "Ardour*"),
        ("mixctl ignore a", r"a\=b \[live]"),
        ("mixctl move a", "a=b [live]"),
        ("mixctl move Discord o", "other"),
        ("mixctl remove-program -- -d", "-dash"),
        ("mixctl remove-program ", r"\-dash"),
        ("mixctl remove-program ", r"\~root"),
        ("mixctl why a", "a=b [live]"),
        ("mixctl add-program a", r"a\=b \[live]"),
    ] {
        let script = format!("source '{fish}'; complete -C '{typed}'");
        let args = vec!["--no-config", "-c"];
        trials.push(("fish", "fish", args, script, typed, offered));
    }
    for program in ["mixd", "mixview"] {
        let bash = file(&format!("bash-completion/completions/{program}"));
        let script = format!("source '{bash}' && complete -p {program}");
        trials.push(("bash", "bash", vec!["-c"], script, program, program));
    }
    // A shell in a terminal is slow to say that it has said all: many at once.
    tools::at_once(&trials, 6, |trial| offers(trial, &path))
}

/// A shell's name, a program with words that finds out what it offers by a script, what is typed, and
/// what must be offered.
type Trial<'a> = (&'a str, &'a str, Vec<&'a str>, String, &'a str, &'a str);

/// The script of a zsh that starts a shell in a terminal of its own, makes it `ready`, types a line,
/// two tabs and a line's end, and prints what is seen.
fn in_terminal(shell: &str, ready: &str, typed: &str) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let (ready, typed) = (quoted(ready), quoted(typed));
    format!(
        "zmodload zsh/zpty; zpty z {shell}; zpty -w z $'{ready}'; zpty -r z out '*ready*'; \
         zpty -n -w z $'{typed}\\t\\t'; sleep 1; zpty -n -w z $'\\nexit\\n'; \
         while zpty -r z line; do print -r -- $line; done; zpty -d z"
    )
}

/// Makes sure that a shell offers what it should.
fn offers((shell, program, args, script, typed, offered): &Trial, path: &str) -> Result<()> {
    let mut command = Command::new(program);
    command.args(args).arg(script);
    let said = silent(command.env("PATH", path).env("TERM", "dumb"))?;
    match said.contains(*offered) {
        true => Ok(()),
        false => Err(format!("{shell} does not offer '{offered}' for '{typed}': {said}").into()),
    }
}

/// The configurations are read by those they are for, as far as those can be asked.
fn examples(place: &Path) -> Result<()> {
    let examples = place.join("share/doc/mixd/examples");
    let waybar = fs::read_to_string(examples.join("waybar.json"))?;
    let _: serde_json::Value = serde_json::from_str(&waybar)?;
    let i3 = tools::output(tools::command("i3 -C -c").arg(examples.join("i3")))?;
    if i3.to_lowercase().contains("error") {
        return Err(i3.into());
    }
    // As sway reads it when it starts, which it refuses as root.
    let folder = Folder::new("mixd-sway")?;
    let mut sway = tools::command("sway --validate --config");
    sway.arg(examples.join("sway"));
    sway.env("XDG_RUNTIME_DIR", folder.path());
    sway.envs([("WLR_BACKENDS", "headless"), ("WLR_RENDERER", "pixman")]);
    tools::output(&mut sway)?;
    for script in ["river", "wob", "chatmix", "midi-knob", "s6/run"] {
        tools::output(tools::command("sh -n").arg(examples.join(script)))?;
    }
    Ok(())
}

fn lintian(package: &Path) -> Result<()> {
    let mut lintian = tools::command("lintian --allow-root --fail-on error --tag-display-limit 0");
    tools::run(lintian.arg(package)).map_err(|_| "lintian finds something".into())
}
