//! The recipes of mixctl/README.md and the examples, as they stand there: on a real sway and a real i3 with a
//! program that plays, and with stand-ins for the devices that they are for.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lab::desktop::{Desktop, Sway, Xvfb};
use lab::level;
use lab::mixd::Mixd;
use lab::process::{Folder, Process, wait_for};
use lab::{Lab, TIMEOUT};
use rustix::process::{Pid, Signal, kill_process_group};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mixctl"))
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn example(name: &str) -> PathBuf {
    repository("mixctl/dist/examples").join(name)
}

/// The line of mixctl/README.md that begins so.
fn readme(start: &str) -> String {
    let text = fs::read_to_string(repository("mixctl/README.md")).unwrap();
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("    "));
    lines
        .find(|line| line.starts_with(start))
        .unwrap()
        .to_owned()
}

/// An example with this mixctl in the place of what PATH has, and without the mixd that it starts.
fn for_mixd(text: &str, mixd: &Mixd) -> String {
    let mixctl = format!("{} --socket {} ", program().display(), mixd.socket());
    let lines = text.lines().filter(|line| !line.ends_with(" mixd"));
    lines
        .map(|line| line.replace("mixctl ", &mixctl) + "\n")
        .collect()
}

fn volume(mixd: &Mixd) -> String {
    mixd.ctl(&["get-volume"]).unwrap().trim().to_owned()
}

#[track_caller]
fn becomes(mixd: &Mixd, expected: &str) {
    let is_so = || Ok((volume(mixd) == expected).then_some(()));
    wait_for(expected, TIMEOUT, is_so).unwrap();
}

/// A mixd, and a folder of stand-ins for programs that come before all others.
struct Stage {
    mixd: Mixd,
    folder: Folder,
}

impl Stage {
    fn set() -> Self {
        let mixd = Mixd::start_alone(&program().with_file_name("mixd"), &[]).unwrap();
        let folder = Folder::new("mixctl-recipes").unwrap();
        std::os::unix::fs::symlink(program(), folder.path().join("mixctl")).unwrap();
        Self { mixd, folder }
    }

    fn stand_in(&self, name: &str, script: &str) {
        let path = self.folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
    }

    fn sh(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", self.folder.path().display());
        command.args(["-c", script]).env("PATH", path);
        command.env("MIXD_SOCKET", self.mixd.socket());
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }
}

/// What a shell has started, ended with all that belongs to it.
struct Group(std::process::Child);

impl Group {
    fn start(command: &mut Command) -> Self {
        use std::os::unix::process::CommandExt;
        Self(command.process_group(0).spawn().unwrap())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

#[test]
fn a_midi_knob_sets_the_volume() {
    let stage = Stage::set();
    // As alsa-utils prints it, in two of its versions; the file is the hand on the knob.
    stage.stand_in(
        "aseqdump",
        r#"[ "$*" = "-p 24:0" ] || exit 2
echo 'Waiting for data. Press Ctrl+C to end.'
echo 'Source  Event                  Ch  Data'
echo ' 24:0   Note on                 0, note 60, velocity 64'
echo ' 24:0   Control change          0, controller 17, value 1'
echo ' 24:0   Control change          0, controller 7, value 0'
until [ -e turned ]; do sleep 0.01; done
echo ' 24:0   Control change          0, controller 7, value   127'
sleep 60"#,
    );
    let _knob = Group::start(&mut stage.sh(&readme("aseqdump -p 24:0")));
    becomes(&stage.mixd, "-1");
    fs::write(stage.folder.path().join("turned"), "").unwrap();
    becomes(&stage.mixd, "1");
}

#[test]
fn a_knob_that_goes_both_ways_keeps_every_position() {
    let stage = Stage::set();
    stage.stand_in(
        "aseqdump",
        "echo ' 24:0 Control change 0, controller 7, value 100'; sleep 60",
    );
    stage.stand_in(
        "amidi",
        r#"[ "$1 $2 $3" = "-p hw:1,0,0 -S" ] && echo "$4" >> shown"#,
    );
    let script = format!("exec {} 24:0 7 hw:1,0,0", example("midi-knob").display());
    let _knob = Group::start(&mut stage.sh(&script));
    let shown = |wanted: &str| {
        let text = fs::read_to_string(stage.folder.path().join("shown")).unwrap_or_default();
        Ok((text.lines().last() == Some(wanted)).then_some(()))
    };
    // Not the value of the volume before: what the knob sets at its start is to be the first that is set.
    wait_for("its own value back", TIMEOUT, || shown("B0 07 64")).unwrap();
    // What the knob sets, in millionths as mixctl has it, and what it is then told.
    for (volume, value) in [
        ("-1", 0),
        ("1", 127),
        ("-0.811024", 12),
        ("0.007874", 64),
        ("0.480315", 94),
    ] {
        stage.mixd.ctl(&["set-volume", volume]).unwrap();
        let wanted = format!("B0 07 {value:02X}");
        wait_for(&wanted, TIMEOUT, || shown(&wanted)).unwrap();
    }
}

#[test]
fn a_chatmix_dial_is_followed_and_its_wrong_readings_are_not() {
    let stage = Stage::set();
    // A reading a line: nothing, and what the headset said besides, are among them.
    stage.stand_in(
        "headsetcontrol",
        r#"[ "$*" = "-m -o ENV" ] || exit 2
n=$(($(cat count 2>/dev/null) + 1)); echo $n > count
set -- $(cat dial)
[ $n -gt $# ] && n=$#
shift $((n - 1))
echo 'DEVICE_COUNT=1'; echo 'DEVICE_0="SteelSeries Arctis 7+"'
[ "$1" = - ] || echo "DEVICE_0_CHATMIX=$1""#,
    );
    let dial = |values: &str| {
        fs::write(stage.folder.path().join("dial"), values).unwrap();
        let _ = fs::remove_file(stage.folder.path().join("count"));
    };
    dial("64 64 0 64 - 96");
    let _dial = Group::start(&mut stage.sh(&format!("exec {}", example("chatmix").display())));
    becomes(&stage.mixd, "0.5");
    // A key's volume stays while the dial rests, and the dial counts again when it moves.
    stage.mixd.ctl(&["set-volume", "-0.25"]).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(volume(&stage.mixd), "-0.25");
    dial("96 0 128 128");
    becomes(&stage.mixd, "1");
}

#[test]
fn ducking_ends_with_what_speaks_however_that_ends() {
    let stage = Stage::set();
    stage.mixd.ctl(&["set-volume", "0.1"]).unwrap();
    stage.stand_in("mumble", "until [ -e gone ]; do sleep 0.01; done");
    let line = readme("mixctl hold 0.7 -- mumble");
    let mut ducking = Group::start(&mut stage.sh(&line));
    becomes(&stage.mixd, "0.7");
    fs::write(stage.folder.path().join("gone"), "").unwrap();
    becomes(&stage.mixd, "0.1");
    ducking.0.wait().unwrap();
    // One that runs already, and is killed.
    let mut speaker = Command::new("sleep").arg("60").spawn().unwrap();
    stage.stand_in(
        "pidof",
        &format!("[ \"$*\" = '-s mumble' ] && echo {}", speaker.id()),
    );
    let _ducking = Group::start(&mut stage.sh(&readme("mixctl hold 0.7 -- tail")));
    becomes(&stage.mixd, "0.7");
    speaker.kill().unwrap();
    speaker.wait().unwrap();
    becomes(&stage.mixd, "0.1");
}

#[test]
fn mixologists_list_becomes_lines_of_the_configuration() {
    let stage = Stage::set();
    let home = stage.folder.path();
    // The form that its README has, and names that would be patterns or comments here.
    let list = r#"{
	"rules": [
		"Chromium",
		"WEBRTC VoiceEngine",
		"we?rd [1] #1 a=b\\c"
	],
	"settings": {
		"volume_falloff": 1,
		"start_minimized": true,
		"remember_volume": true
	}
}"#;
    fs::create_dir_all(home.join(".config/mixologist")).unwrap();
    fs::create_dir_all(home.join(".config/mixd")).unwrap();
    fs::write(home.join(".config/mixologist/mixologist.json"), list).unwrap();
    let out = stage
        .sh(&readme("jq -r"))
        .env("HOME", home)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let config = home.join(".config/mixd/mixd.conf");
    let mixd = Mixd::start_alone(
        &program().with_file_name("mixd"),
        &["--config", config.to_str().unwrap()],
    )
    .unwrap();
    assert!(
        !mixd.ctl(&["status"]).unwrap().contains("config "),
        "no complaint"
    );
    assert_eq!(
        mixd.ctl(&["list-programs"]).unwrap(),
        "Chromium\nWEBRTC VoiceEngine\nwe\\?rd \\[1] #1 a\\=b\\\\c\n"
    );
}

/// A real session in which Game plays by itself, and what a window's process, or one that belongs to it, plays
/// is to be sent across.
struct Session {
    // Ended before the lab, in this order.
    _game: Process,
    mixd: Mixd,
    tone: PathBuf,
    lab: Lab,
}

impl Session {
    fn start() -> Self {
        let lab = Lab::start().unwrap();
        let tone = lab.path("tone.wav");
        level::write_tone(&tone, 440.0, 0.1, 120).unwrap();
        let mixd = Mixd::start(&lab, &program().with_file_name("mixd")).unwrap();
        let game = lab.play_native("Game", &tone, &[]).unwrap();
        lab.wait_for_route("Game", "mixd-default").unwrap();
        Self {
            _game: game,
            mixd,
            tone,
            lab,
        }
    }

    /// A script that plays as Film.
    fn player(&self, before: &str) -> PathBuf {
        let path = self.lab.path("player");
        let script = format!(
            "#!/bin/sh\n{before}\nPIPEWIRE_PROPS='{{ application.name = \"Film\" }}' exec pw-play {}\n",
            self.tone.display()
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
        path
    }

    #[track_caller]
    fn is_sent(&self, sink: &str) {
        for (name, sink) in [("Film", sink), ("Game", "mixd-default")] {
            let arrives = self.lab.wait_for_route(name, sink);
            // Among it what the programs that a key starts have said.
            let desktop =
                || ["sway.log", "i3.log"].map(|log| fs::read_to_string(self.lab.path(log)));
            arrives.unwrap_or_else(|error| panic!("{error}; {}{:?}", self.mixd.log(), desktop()));
        }
    }
}

#[test]
fn a_key_of_sway_sends_the_program_in_the_window_across_and_back() {
    let session = Session::start();
    let text = fs::read_to_string(example("sway")).unwrap();
    let sway = Sway::start(&session.lab, &for_mixd(&text, &session.mixd)).unwrap();
    // The window is the terminal's; what plays is a child of it.
    let shell = format!("--shell={}", session.player("").display());
    let mut terminal = sway.command(&session.lab, Path::new("weston-terminal"));
    let log = session.lab.path("terminal.log");
    let _terminal = Process::start_logged(terminal.arg(shell), &log).unwrap();
    session.is_sent("mixd-default");
    // The terminal starts its shell before it shows its window.
    let has_focus = ["[con_id=__focused__]", "nop"];
    let focused = || Ok(sway.tell(&session.lab, &has_focus).ok());
    wait_for("a window", TIMEOUT, focused).unwrap();
    sway.key(&session.lab, &["logo"], "F8").unwrap();
    session.is_sent("mixd-aux");
    let wtype = |words: &[&str]| {
        let mut wtype = sway.command(&session.lab, Path::new("wtype"));
        assert!(wtype.args(words).status().unwrap().success());
    };
    let undo = ["-s", "200", "-M", "logo", "-M", "shift", "-k", "F8"];
    wtype(&undo);
    session.is_sent("mixd-default");
    assert_eq!(session.mixd.ctl(&["list-programs"]).unwrap(), "");
    // And the key that is held down.
    session.mixd.ctl(&["set-volume", "0.25"]).unwrap();
    let mut held = sway.command(&session.lab, Path::new("wtype"));
    held.args([
        "-s", "200", "-M", "logo", "-P", "F12", "-s", "2000", "-p", "F12",
    ]);
    let mut held = held.spawn().unwrap();
    becomes(&session.mixd, "1");
    held.wait().unwrap();
    becomes(&session.mixd, "0.25");
}

#[test]
fn a_key_of_i3_sends_the_program_of_the_window_across() {
    let session = Session::start();
    let text = fs::read_to_string(example("i3")).unwrap();
    let config = session.lab.path("i3.conf");
    fs::write(&config, for_mixd(&text, &session.mixd)).unwrap();
    let xvfb = Xvfb::start(&session.lab, 640, 480).unwrap();
    let mut i3 = xvfb.command(&session.lab, Path::new("i3"));
    let log = session.lab.path("i3.log");
    let _i3 = Process::start_logged(i3.arg("-c").arg(&config), &log).unwrap();
    // The window is that of a process which the one that plays has started.
    let window = program().with_file_name("mixview");
    let start = format!("{} --socket @nobody &", window.display());
    let player = session.player(&start);
    let mut player = xvfb.command(&session.lab, &player);
    let log = session.lab.path("player.log");
    let _player = Process::start_logged(&mut player, &log).unwrap();
    let focused = || {
        let mut xdotool = xvfb.command(&session.lab, Path::new("xdotool"));
        let out = xdotool.args(["getactivewindow", "getwindowpid"]).output()?;
        Ok(out.status.success().then_some(()))
    };
    wait_for("a window", TIMEOUT, focused).unwrap();
    session.is_sent("mixd-default");
    xvfb.key(&session.lab, &["super"], "F8").unwrap();
    session.is_sent("mixd-aux");
    xvfb.key(&session.lab, &["super", "shift"], "F8").unwrap();
    session.is_sent("mixd-default");
}
