//! A whole process, as a key binding starts it.

use lab::Lab;
use lab::Result;
use wire::{Request, Volume};

use super::floors::Floors;
use super::report::Case;
use super::requests::{Talk, hex};
use super::{Bench, words};

/// mixctl beside what sets a volume from a shell, and beside the least.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let lab = Lab::start()?;
    let mixd = bench.mixd(&lab)?;
    let program = concat!("mixctl ", env!("CARGO_PKG_VERSION"));
    let mixctl = |args: &[&str]| {
        let socket = ["--socket", mixd.socket()];
        words(&bench.program("mixctl"), &[&socket[..], args].concat())
    };
    let least = |request: &Request| -> Result<Vec<String>> {
        let talk = Talk::with(&mixd, program, request)?;
        let (welcome, reply) = (talk.welcome.len(), talk.reply.len());
        Ok(words(
            &bench.floors.path("ask"),
            &[
                mixd.socket(),
                &hex(&talk.hello),
                &welcome.to_string(),
                &hex(&talk.request),
                &reply.to_string(),
            ],
        ))
    };
    let line = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    // Each value differs from the last that was set: nobody is spared the work.
    let mut commands = Vec::new();
    for (volume, millionths) in [("0.4", 400_000), ("0.6", 600_000)] {
        let percent = (millionths / 10_000).to_string();
        commands.push(mixctl(&["set-volume", volume]));
        commands.push(least(&Request::SetVolume(Volume::try_from(millionths)?))?);
        commands.push(line(&format!(
            "wpctl set-volume @DEFAULT_AUDIO_SINK@ {volume}"
        )));
        commands.push(line(&format!(
            "pactl set-sink-volume @DEFAULT_SINK@ {percent}%"
        )));
        commands.push(line(&format!("pamixer --set-volume {percent}")));
    }
    let spawn = lab.command(bench.floors.path("spawn"));
    let runs = Floors::in_turn(spawn, bench.rounds(200), &commands)?;
    let times = |n: usize| -> Vec<f64> {
        let both = runs[n].iter().chain(&runs[n + 5]);
        both.map(|run| run.milliseconds).collect()
    };
    let case = Case::new("cli", "`mixctl set-volume`, start to end", "ms", times(0))
        .floor("static C, same bytes", times(1), 1.15)
        .peer("wpctl", times(2), 0.25)
        .peer("pactl", times(3), 0.25)
        .peer("pamixer", times(4), 0.25);
    Ok(vec![case])
}
