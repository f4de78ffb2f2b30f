//! A real waybar and a real wob on a real sway, fed by `mixctl watch`. The pictures are kept under
//! `target/pictures`, to be looked at.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::desktop::{Desktop, Sway};
use lab::level;
use lab::mixd::Mixd;
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};

/// A screen of one size, on which nothing is but the bars.
const SWAY: &str = "output HEADLESS-1 resolution 800x120 bg #202020 solid_color\n";

/// A screen with mixview in its middle, and below that a place for wob.
const DESKTOP: &str = "output HEADLESS-1 resolution 960x600 bg #2b3a4a solid_color\n\
                       for_window [app_id=\"mixview\"] floating enable, resize set 640 420, move position 160 70\n\
                       seat * hide_cursor 1\n";

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mixctl"))
}

/// Takes pictures until one differs from each of those `before`.
fn changed_picture(sway: &Sway, lab: &Lab, file: &str, before: &[&[u8]]) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../pictures");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(file);
    let taken = || {
        sway.picture(lab, &path)?;
        let picture = fs::read(&path)?;
        Ok((!before.contains(&&*picture)).then_some(picture))
    };
    wait_for(&format!("{file} to show a change"), TIMEOUT, taken).unwrap()
}

struct Stage {
    // Ended in this order.
    mixd: Mixd,
    sway: Sway,
    lab: Lab,
}

impl Stage {
    fn set() -> Self {
        let lab = Lab::prepare(&[]).unwrap();
        let sway = Sway::start(&lab, SWAY).unwrap();
        let mixd = Mixd::start_alone(&program().with_file_name("mixd"), &[]).unwrap();
        Self { mixd, sway, lab }
    }

    /// The command that feeds a bar, and the file in which its lines are found as well.
    fn feed(&self, format: &str) -> (String, PathBuf) {
        let lines = self.lab.path("lines");
        // tee would notice only by a next line that nobody reads what it writes: mixctl ends with
        // the shell that the bar has started it by, and tee with mixctl.
        let command = format!(
            "setpriv --pdeathsig KILL -- {} --socket {} watch --format {format} --reconnect | tee {}",
            program().display(),
            self.mixd.socket(),
            lines.display()
        );
        (command, lines)
    }

    /// Starts a program, by whose words mixctl, mixview and this mixd are found.
    fn start(&self, program: &str, args: &[&str]) -> Process {
        let log = self.lab.path(&format!("{program}.log"));
        let mut command = self.sway.command(&self.lab, Path::new(program));
        let folder = self::program().parent().unwrap().display();
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{folder}:{path}"));
        command.env("MIXD_SOCKET", self.mixd.socket());
        Process::start_logged(command.args(args), &log).unwrap()
    }
}

fn has_line(lines: &Path, wanted: &str) {
    let found = || {
        let text = fs::read_to_string(lines).unwrap_or_default();
        Ok(text.lines().any(|line| line.contains(wanted)).then_some(()))
    };
    wait_for(&format!("the line {wanted}"), TIMEOUT, found).unwrap();
}

#[test]
fn waybar_shows_the_volume_and_follows_it() {
    let stage = Stage::set();
    let (command, lines) = stage.feed("waybar");
    let config = stage.lab.path("waybar.json");
    let module = serde_json::json!({
        "layer": "top",
        "modules-center": ["custom/mixd"],
        "custom/mixd": {
            "exec": command,
            "return-type": "json",
            "format": "mix {} at {percentage}%",
        },
    });
    fs::write(&config, module.to_string()).unwrap();
    let style = stage.lab.path("style.css");
    let css = "* { font-family: sans-serif; font-size: 16px; } window { background: #303030; } \
               #custom-mixd { color: #ffffff; } #custom-mixd.offline { color: #ff8080; }";
    fs::write(&style, css).unwrap();
    let args = [
        "--config",
        config.to_str().unwrap(),
        "--style",
        style.to_str().unwrap(),
    ];
    let empty = changed_picture(&stage.sway, &stage.lab, "waybar-before.png", &[]);
    let _waybar = stage.start("waybar", &args);
    has_line(&lines, "\"text\":\"0\"");
    changed_picture(&stage.sway, &stage.lab, "waybar-middle.png", &[&empty]);
    // It draws once more when its text has come.
    std::thread::sleep(Duration::from_secs(1));
    let middle = changed_picture(&stage.sway, &stage.lab, "waybar-middle.png", &[&empty]);
    stage.mixd.ctl(&["set-volume", "0.5"]).unwrap();
    has_line(&lines, "\"text\":\"0.5\"");
    let aux = changed_picture(
        &stage.sway,
        &stage.lab,
        "waybar-aux.png",
        &[&empty, &middle],
    );
    drop(stage.mixd);
    has_line(&lines, "\"class\":\"offline\"");
    changed_picture(
        &stage.sway,
        &stage.lab,
        "waybar-offline.png",
        &[&middle, &aux],
    );
}

#[test]
fn wob_shows_a_bar_for_each_change_and_outlasts_mixd() {
    let mut stage = Stage::set();
    let (command, lines) = stage.feed("wob");
    // On a busy machine, a bar of a second might not be seen: the longest that wob takes.
    let config = stage.lab.path("wob.ini");
    fs::write(&config, "timeout = 10000\n").unwrap();
    let empty = changed_picture(&stage.sway, &stage.lab, "wob-before.png", &[]);
    let line = format!("{command} | wob --config {}", config.display());
    let mut wob = stage.start("sh", &["-c", &line]);
    has_line(&lines, "50");
    let middle = changed_picture(&stage.sway, &stage.lab, "wob-middle.png", &[&empty]);
    stage.mixd.ctl(&["set-volume", "-0.5"]).unwrap();
    has_line(&lines, "25");
    changed_picture(
        &stage.sway,
        &stage.lab,
        "wob-default.png",
        &[&empty, &middle],
    );
    stage.mixd.end(rustix::process::Signal::TERM).unwrap();
    std::thread::sleep(Duration::from_secs(1));
    assert!(wob.ended().unwrap().is_none(), "no line that wob refuses");
}

/// What the packages' examples make of a desktop: its last picture is the README's, where `cargo xtask golden --desktop`
/// puts it.
#[test]
fn waybar_wob_and_mixview_show_one_volume_by_the_examples() {
    let lab = Lab::start().unwrap();
    let sway = Sway::start(&lab, DESKTOP).unwrap();
    let mixd = Mixd::start(&lab, &program().with_file_name("mixd")).unwrap();
    let stage = Stage { mixd, sway, lab };
    let lab = &stage.lab;
    let tone = lab.path("tone.wav");
    level::write_tone(&tone, 440.0, 0.25, 300).unwrap();
    for pattern in ["Discord", "Mumble*", "media.role=Communication"] {
        stage.mixd.ctl(&["add-program", pattern]).unwrap();
    }
    let programs = [
        ("Firefox", "mixd-default"),
        ("Spotify", "mixd-default"),
        ("Discord", "mixd-aux"),
    ];
    let _players = programs.map(|(name, sink)| {
        let player = lab.play_native(name, &tone, &[]).unwrap();
        lab.wait_for_route(name, sink).unwrap();
        player
    });
    // The longest that wob takes, and below the window; and where it looks for that.
    let wob_config = lab.path("config/wob");
    fs::create_dir_all(&wob_config).unwrap();
    let text = "timeout = 10000\nanchor = bottom\nmargin = 16\n";
    fs::write(wob_config.join("wob.ini"), text).unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/examples");
    let example = |name: &str| examples.join(name).display().to_string();
    let picture = |before: &[&[u8]]| changed_picture(&stage.sway, lab, "desktop.png", before);
    let empty = picture(&[]);
    let _waybar = stage.start("waybar", &["--config", &example("waybar.json")]);
    picture(&[&empty]);
    // It draws once more when its text has come.
    std::thread::sleep(Duration::from_secs(1));
    let with_bar = picture(&[&empty]);
    let _mixview = stage.start("mixview", &[]);
    picture(&[&empty, &with_bar]);
    std::thread::sleep(Duration::from_secs(1));
    let with_window = picture(&[&empty, &with_bar]);
    let _wob = stage.start("sh", &[&example("wob")]);
    std::thread::sleep(Duration::from_secs(1));
    stage.mixd.ctl(&["set-volume", "0.35"]).unwrap();
    picture(&[&empty, &with_bar, &with_window]);
    std::thread::sleep(Duration::from_secs(1));
    picture(&[&empty, &with_bar, &with_window]);
}
