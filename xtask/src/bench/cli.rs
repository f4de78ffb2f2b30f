//! A whole process, as a key binding starts it.

use lab::Lab;
use lab::Result;
use wire::{Request, Volume};

use super::floors::{Floors, Run};
use super::report::Case;
use super::requests::{Talk, hex};
use super::{Bench, words};

/// mixctl beside what sets and gets a volume from a shell, and beside the least.
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
    let run = |commands: &[Vec<String>]| {
        let spawn = lab.command(bench.floors.path("spawn"));
        Floors::in_turn(spawn, bench.rounds(200), commands)
    };
    // Each value differs from the last that was set: nobody is spared the work.
    let mut set: Vec<Vec<Run>> = vec![Vec::new(); 5];
    let mut commands = Vec::new();
    for (volume, millionths) in [("0.4", 400_000), ("0.6", 600_000)] {
        let volume_of_wire = Volume::try_from(millionths)?;
        let percent = (millionths / 10_000).to_string();
        commands.push(mixctl(&["set-volume", volume]));
        commands.push(least(&Request::SetVolume(volume_of_wire))?);
        commands.push(line(&format!(
            "wpctl set-volume @DEFAULT_AUDIO_SINK@ {volume}"
        )));
        commands.push(line(&format!(
            "pactl set-sink-volume @DEFAULT_SINK@ {percent}%"
        )));
        commands.push(line(&format!("pamixer --set-volume {percent}")));
    }
    for (n, runs) in run(&commands)?.into_iter().enumerate() {
        set[n % 5].extend(runs);
    }
    let get = run(&[
        mixctl(&["get-volume"]),
        least(&Request::GetVolume)?,
        line("wpctl get-volume @DEFAULT_AUDIO_SINK@"),
        line("pactl get-sink-volume @DEFAULT_SINK@"),
        line("pamixer --get-volume"),
    ])?;
    let case = |bench: &str, what: &str, runs: &[Vec<Run>]| {
        let times = |n: usize| {
            runs[n]
                .iter()
                .map(|run| run.milliseconds)
                .collect::<Vec<_>>()
        };
        Case::new(bench, what, "ms", times(0))
            .floor("static C, same bytes", times(1), 1.3)
            .peer("wpctl", times(2), 0.25)
            .peer("pactl", times(3), 0.25)
            .peer("pamixer", times(4), 0.25)
    };
    Ok(vec![
        case("cli-set", "`mixctl set-volume`, start to end", &set),
        case("cli-get", "`mixctl get-volume`, start to end", &get),
    ])
}
