//! The script of the fake PipeWire: what happens, and after how many seconds.

use wire::Channel::{Aux, Default};

use super::{Card, Contested, FakePipeWire, Program, Properties};

/// The text of mixd.conf where there is none: without it no stream would be ignored, and no output missing.
pub const CONFIG: &[u8] = b"program Discord\nignore OBS\noutput aux Headset\n";

const fn card(id: u32, name: &'static str, description: &'static str) -> Card {
    Card {
        id,
        name,
        description,
        properties: &[],
    }
}

const fn program(id: u32, name: &'static str, properties: Properties) -> Program {
    Program {
        id,
        name,
        properties,
    }
}

const SPEAKERS: Card = card(30, "speakers", "Built-in Audio");
const HDMI: Card = card(31, "hdmi", "Television");
const HEADSET: Card = card(32, "headset", "Headset");
const LOOPBACK: Card = Card {
    properties: &[LOOPBACK_GROUP],
    ..card(35, "loopback", "Loopback")
};
const LOOPBACK_GROUP: (&str, &str) = ("node.link-group", "loopback");

const FIREFOX: Program = program(80, "Firefox", &[("media.name", "A film")]);
const DISCORD: Program = program(81, "Discord", &[]);
const OBS: Program = program(82, "OBS", &[("node.description", "OBS Monitor")]);
const SPOTIFY: Program = program(83, "Spotify", &[("media.name", "A song\u{1b}[31m")]);
const MPV: Program = program(84, "mpv", &[("target.object", HDMI.name)]);
const EFFECTS: Program = program(85, "Easy Effects", &[("node.link-group", "easyeffects")]);
const AUDACITY: Program = program(86, "Audacity", &[("node.dont-move", "true")]);
const GAME: Program = program(87, "SuperTuxKart", &[]);
const LOOPBACK_STREAM: Program = program(
    88,
    "Loopback",
    &[LOOPBACK_GROUP, ("target.object", "mixd-default")],
);
const SHELL: Program = program(89, " GNOME Shell [beta]\n", &[]);

/// The seconds from one beginning of the script to the next.
pub const PERIOD: u64 = 60;

/// The script.
#[rustfmt::skip]
pub const SCRIPT: &[(u64, fn(&mut FakePipeWire))] = &[
    (0, |it| it.begin(&[SPEAKERS, HDMI, HEADSET])),
    (1, |it| it.play(&FIREFOX)),
    (2, |it| it.play(&DISCORD)),
    (3, |it| it.play(&OBS)), // ignored
    (4, |it| it.play_unknown(&SPOTIFY)), // waiting
    (6, |it| it.introduce(&SPOTIFY)), // routed
    (7, |it| it.set_running(&FIREFOX, false)),
    (8, |it| it.set_running(&FIREFOX, true)),
    (9, |it| it.unplug(&HEADSET)), // output-missing
    (11, |it| it.plug(&HEADSET)),
    (12, |it| it.play(&MPV)), // pinned by its own target,
    (12, |it| it.play(&EFFECTS)), // as a filter,
    (12, |it| it.play(&AUDACITY)), // by its program
    (14, |it| it.set_target(&FIREFOX, Some(&HDMI))), // pinned by its user
    (16, |it| it.set_target(&FIREFOX, None)),
    (17, |it| it.link(&DISCORD, &SPEAKERS)), // contested by a patchbay
    (19, |it| it.unlink()),
    (20, |it| it.play(&GAME)),
    (21, |it| it.contest(Contested::Target(GAME.id))), // contested by nobody knows whom
    (22, |it| it.contest(Contested::Nothing)),
    (23, |it| it.quit(&GAME)),
    (24, |it| it.mute(Some(Default))), // default-muted
    (25, |it| it.mute(Some(Aux))), // aux-muted
    (26, |it| it.mute(None)),
    (27, |it| it.set_default("mixd-default")), // own-sink-is-default
    (29, |it| it.plug(&LOOPBACK)),
    (29, |it| it.play(&LOOPBACK_STREAM)),
    (29, |it| it.set_default(LOOPBACK.name)), // leads-back
    (31, |it| it.set_default(SPEAKERS.name)),
    (31, |it| it.quit(&LOOPBACK_STREAM)),
    (31, |it| it.unplug(&LOOPBACK)),
    (32, |it| it.hang(true)), // manager-hangs
    (33, |it| it.play(&SHELL)), // routed, by mixd's links
    (35, |it| it.hang(false)),
    (38, |it| it.allow_moving(false)), // moving-forbidden
    (40, |it| it.allow_moving(true)),
    (41, |it| it.contest(Contested::Links)), // links-removed
    (43, |it| it.contest(Contested::Nothing)),
    (43, |it| it.play_many()), // omitted; for new streams the links are tried again
    (46, |it| it.quit_many()),
    (47, |it| it.contest(Contested::Level(Default))), // default-level-contested
    (50, |it| it.contest(Contested::Level(Aux))), // aux-level-contested
    (53, |it| it.contest(Contested::Sinks)), // sinks-removed
    (57, |it| it.end()), // down
];
