//! The verbs about what plays, on a real PipeWire.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Output;

use lab::level;
use lab::mixd::Mixd;
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};
use serde_json::Value;

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_mixctl"))
}

struct Stage {
    // Ended before the lab, in this order.
    players: Vec<Process>,
    mixd: Mixd,
    tone: PathBuf,
    lab: Lab,
}

impl Stage {
    /// Discord, on the list by a glob, and a game play.
    fn set() -> Self {
        let lab = Lab::start().unwrap();
        let tone = lab.path("tone.wav");
        level::write_tone(&tone, 440.0, 0.1, 120).unwrap();
        let mixd = Mixd::start(&lab, &program().with_file_name("mixd")).unwrap();
        mixd.ctl(&["add-program", "nobody", "disc*"]).unwrap();
        let game = lab.play_native("Game", &tone, &[]).unwrap();
        let discord = lab.play_pulse("Discord", &tone, &[]).unwrap();
        lab.wait_for_route("Game", "mixd-default").unwrap();
        lab.wait_for_route("Discord", "mixd-aux").unwrap();
        let players = vec![game, discord];
        Self {
            players,
            mixd,
            tone,
            lab,
        }
    }

    fn ctl(&self, args: &[&str]) -> String {
        self.mixd.ctl(args).unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        let text = self.ctl(&[args, &["--json"]].concat());
        assert_eq!(text.matches('\n').count(), 1);
        serde_json::from_str(&text).unwrap()
    }
}

fn said(out: &Output) -> String {
    String::from_utf8(out.stderr.clone()).unwrap()
}

/// Asserts that an object has these fields and no others, as the manual says.
#[track_caller]
fn has_fields(value: &Value, fields: &str) {
    let found: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(|key| &**key)
        .collect();
    let mut expected: Vec<&str> = fields.split(' ').collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

const STREAM: &str = "id pid name binary rule linked_by process running description state channel";

#[test]
fn streams_are_a_line_each_with_what_decided() {
    let stage = Stage::set();
    let text = stage.ctl(&["streams"]);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "aux\trouted\tDiscord\tpacat\tdisc*",
            "default\trouted\tGame\tpw-cat\t-"
        ]
    );
    let json = stage.json(&["streams"]);
    has_fields(&json, "streams omitted");
    has_fields(&json["streams"][0], STREAM);
    let json = stage.json(&["status"]);
    has_fields(
        &json,
        "volume default aux pipewire outputs programs streams omitted warnings config",
    );
    has_fields(&json["config"], "file curve snap problem");
    has_fields(&json["streams"][1], STREAM);
}

#[test]
fn why_says_every_property_and_pattern_and_the_winner() {
    let stage = Stage::set();
    let pid = stage.players[1].pid().to_string();
    for who in ["discord", "pacat", &format!("pid={pid}")] {
        let short = stage.ctl(&["why", who]);
        let told = stage.ctl(&["why", who, "--all"]);
        assert!(told.starts_with(&short), "what decides comes first: {told}");
        assert_eq!(short.lines().count(), 2, "{short}");
        assert!(told.starts_with("Discord (id "), "{told}");
        assert!(
            told.contains(&format!("pid {pid}) belongs to aux, and is routed")),
            "{told}"
        );
        assert!(told.contains("  nobody  does not match\n"), "{told}");
        assert!(
            short.contains("  'disc*' decides: it matches its application.name\n"),
            "{short}"
        );
        assert!(
            told.contains("  node     application.name = Discord\n"),
            "{told}"
        );
        assert!(told.contains("  process  exe = pacat\n"), "{told}");
    }
    let told = stage.ctl(&["why", "Game"]);
    assert!(
        told.contains("  'Game' would match it, and now nothing else\n"),
        "{told}"
    );
    let json = stage.json(&["why", "Game"]);
    has_fields(&json, "streams");
    let game = &json["streams"][0];
    has_fields(
        game,
        "stream key reason suggestion tried properties omitted",
    );
    let rule = |pattern| serde_json::json!({ "kind": "program", "pattern": pattern });
    assert_eq!(
        game["tried"],
        Value::from_iter(["nobody", "disc*"].map(rule))
    );
    assert_eq!(game["suggestion"], "Game");
    let out = stage.mixd.try_mixctl(&["why", "nobody"]).unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(said(&out).contains("nothing that plays is called 'nobody'"));
}

#[test]
fn why_names_what_keeps_a_stream_from_its_channel() {
    let mut stage = Stage::set();
    let args = ["--target", "card-b"];
    let pinned = stage.lab.play_native("Discord pinned", &stage.tone, &args);
    stage.players.push(pinned.unwrap());
    let told = || {
        let out = stage.mixd.try_mixctl(&["why", "Discord pinned"])?;
        let told = String::from_utf8(out.stdout)?;
        Ok(told.contains("is pinned").then_some(told))
    };
    let told = wait_for("the pinned stream", TIMEOUT, told).unwrap();
    assert!(
        told.contains("decides: it matches its application.name"),
        "{told}"
    );
    assert!(told.contains("because it asks for "), "{told}");
    let doctor = stage.ctl(&["doctor"]);
    assert!(
        doctor.contains("Discord pinned matches 'disc*' and is pinned"),
        "{doctor}"
    );
    assert!(
        doctor.contains("ok    sinks        mixd-default, mixd-aux"),
        "{doctor}"
    );
}

#[test]
fn a_dry_run_names_what_would_move_and_moves_nothing() {
    let stage = Stage::set();
    let told = stage.ctl(&["add-program", "--dry-run", "g*", "media.role=music"]);
    assert!(
        told.starts_with("Game (id ") && told.ends_with(") to aux\n"),
        "{told}"
    );
    assert_eq!(
        told.lines().count(),
        1,
        "once, though two patterns match: {told}"
    );
    let told = stage.ctl(&["remove-program", "--dry-run", "disc*"]);
    assert!(
        told.starts_with("Discord (id ") && told.ends_with(") to default\n"),
        "{told}"
    );
    let told = stage.ctl(&["remove-program", "--dry-run", "nobody"]);
    assert_eq!(told, "nothing changes for what plays now\n");
    assert_eq!(stage.ctl(&["list-programs"]), "nobody\ndisc*\n");
    let json = stage.json(&["add-program", "--dry-run", "game"]);
    has_fields(&json, "streams omitted");
    assert_eq!(json["streams"][0]["channel"], "aux");
    let out = stage
        .mixd
        .try_mixctl(&["add-program", "--dry-run", "[a"])
        .unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(said(&out).contains("'[' has no ']'"));
    assert!(out.stdout.is_empty(), "nothing is known of what it matches");
}

#[test]
fn on_a_terminal_a_program_is_chosen_by_its_number() {
    let stage = Stage::set();
    // script(1) gives it a terminal.
    let command = format!(
        "{} --socket {} add-program",
        program().display(),
        stage.mixd.socket()
    );
    for (typed, listed) in [("", "nobody\ndisc*\n"), ("1", "nobody\ndisc*\nGame\n")] {
        let line = format!("(sleep 1; echo {typed}) | script -qec '{command}' /dev/null");
        let told = stage.lab.output("sh", &["-c", &line]).unwrap();
        assert!(told.contains("  1  Game  as  Game"), "{told}");
        assert_eq!(stage.ctl(&["list-programs"]), listed);
    }
    stage.lab.wait_for_route("Game", "mixd-aux").unwrap();
}

#[test]
fn what_is_ignored_is_said_to_be_so_and_is_no_complaint_of_the_doctors() {
    let stage = Stage::set();
    let told = stage.ctl(&["ignore", "--dry-run", "disc*"]);
    assert!(
        told.starts_with("Discord (id ") && told.ends_with(") left alone\n"),
        "{told}"
    );
    stage.ctl(&["ignore", "Discord"]);
    let listed = "Discord\tignore\nnobody\ndisc*\n";
    assert_eq!(stage.ctl(&["list-programs"]), listed);
    let is_left = || {
        let streams = stage.mixd.ctl(&["streams"])?;
        let line = "\tignored\tDiscord\tpacat\tDiscord\n";
        Ok(streams.contains(line).then_some(()))
    };
    wait_for("what is ignored", TIMEOUT, is_left).unwrap();
    let told = stage.ctl(&["why", "discord"]);
    assert!(told.contains(") is ignored: left alone\n"), "{told}");
    assert!(told.contains("  'ignore Discord' decides"), "{told}");
    let command = "  mixctl remove-program Discord   takes that off the list\n";
    assert!(told.contains(command), "{told}");
    let status = stage.ctl(&["status"]);
    assert!(status.contains("\nignored   Discord\n"), "{status}");
    assert!(status.contains(", by 'Discord')\n"), "{status}");
    let doctor = stage.ctl(&["doctor"]);
    assert!(!doctor.contains("Discord"), "{doctor}");
    let out = stage
        .mixd
        .try_mixctl(&["move", "discord", "default"])
        .unwrap();
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    stage.ctl(&["remove-program", "Discord"]);
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
}

#[test]
fn a_move_says_what_it_has_changed_and_undo_what_it_took_back() {
    let stage = Stage::set();
    let trial = stage.json(&["move", "--dry-run", "Game", "other"]);
    has_fields(&trial, "changes");
    has_fields(&trial["changes"][0], "text added removed omitted");
    let added = &trial["changes"][0]["added"][0];
    assert_eq!(added["kind"], "program");
    assert_eq!(stage.ctl(&["list-programs"]), "nobody\ndisc*\n");
    // The process of the test has started both: one moves, as the other is there already.
    let told = stage.ctl(&["move", &std::process::id().to_string(), "aux"]);
    assert!(told.contains("Game") && told.lines().count() == 1, "{told}");
    stage.lab.wait_for_route("Game", "mixd-aux").unwrap();
    stage.lab.wait_for_route("Discord", "mixd-aux").unwrap();
    let back = stage.ctl(&["undo"]);
    assert!(back.contains("Game"), "{back}");
    assert_eq!(stage.ctl(&["list-programs"]), "nobody\ndisc*\n");
    stage.lab.wait_for_route("Game", "mixd-default").unwrap();
    stage.ctl(&["redo"]);
    stage.lab.wait_for_route("Game", "mixd-aux").unwrap();
}
