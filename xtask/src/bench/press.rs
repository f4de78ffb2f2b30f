//! From the start of the command that a key runs to the first sample that it changes of what the card is given: a
//! program that was silent is heard. That is recorded where it leaves the sink whose volume it is, in the cycle in
//! which the card gets it. The monitor of the lab's card gives it to recorders a cycle later (21.4 ms more at
//! p50, measured with PipeWire 0.3.65).

use std::process::{Command, Stdio};
use std::time::Duration;

use lab::level::write_tone;
use lab::process::wait_for;
use lab::{Lab, Result, TIMEOUT};

use super::Bench;
use super::moves::Monitor;
use super::report::Case;
use super::sample::{Sample, quantile};

/// A sink whose monitor is after its volume, as mixd's are, for those that set a sink's volume.
const SINK: &str = "{ factory.name=support.null-audio-sink media.class=Audio/Sink node.name=knob \
                    audio.position=[FL FR] monitor.channel-volumes=true object.linger=true }";
/// A quantum of the lab's cards, 1,024 samples at 48 kHz, and a millisecond: in milliseconds.
const MOST: f64 = 1024.0 / 48.0 + 1.0;

/// Makes [`SINK`] and links it to `card-a`. Returns its id.
fn make_sink(lab: &Lab) -> Result<u64> {
    lab.output("pw-cli", &["create-node", "adapter", SINK])?;
    let id = wait_for("the sink", TIMEOUT, || Ok(lab.dump()?.node("knob")))?;
    for side in ["FL", "FR"] {
        let (from, to) = (
            format!("knob:monitor_{side}"),
            format!("card-a:playback_{side}"),
        );
        let link = || Ok(lab.output("pw-link", &[&from, &to]).ok());
        wait_for("its ports", TIMEOUT, link)?;
    }
    Ok(id)
}

/// `mixctl set-volume`, beside `pactl` and `wpctl` on a sink.
pub fn measure(bench: &Bench) -> Result<Vec<Case>> {
    let (with, without) = (Lab::start()?, Lab::start()?);
    for lab in [&with, &without] {
        // pw-play and pw-record ask for one of 4,096 samples.
        let force = ["-n", "settings", "0", "clock.force-quantum", "1024"];
        lab.output("pw-metadata", &force)?;
    }
    let mixd = bench.mixd(&with)?;
    mixd.ctl(&["add-program", "bench"])?;
    let sink = make_sink(&without)?.to_string();
    let mut players = Vec::new();
    for (lab, args, on) in [
        (&with, &[][..], "mixd-aux"),
        (&without, &["--target", "knob"][..], "knob"),
    ] {
        let tone = lab.path("tone.wav");
        write_tone(&tone, 440.0, 0.25, 600)?;
        players.push(lab.play_native("bench", &tone, args)?);
        lab.wait_for_route("bench", on)?;
    }
    let (mut ours_at, mut theirs_at) = (
        Monitor::open(&with, "mixd-aux")?,
        Monitor::open(&without, "knob")?,
    );
    let mixctl = |volume: &str| {
        let mut command = mixd.mixctl();
        command.args(["set-volume", volume]);
        command
    };
    let theirs = |program: &str, args: &[&str]| {
        let mut command = without.command(program);
        command.args(args);
        command
    };
    let mut took: [Vec<f64>; 3] = Default::default();
    for round in 0..bench.rounds(50) {
        let pactl = |volume| theirs("pactl", &["set-sink-volume", "knob", volume]);
        let wpctl = |volume| theirs("wpctl", &["set-volume", &sink, volume]);
        let turns: [[Command; 2]; 3] = [
            [mixctl("-1"), mixctl("0")],
            [pactl("0%"), pactl("100%")],
            [wpctl("0"), wpctl("1")],
        ];
        for (at, [mut quiet, mut loud]) in turns.into_iter().enumerate() {
            let monitor = if at == 0 {
                &mut ours_at
            } else {
                &mut theirs_at
            };
            for command in [&mut quiet, &mut loud] {
                command.stdout(Stdio::null());
            }
            monitor.time(&mut quiet, false)?;
            // At another point of the quantum each time.
            std::thread::sleep(Duration::from_millis(u64::from(round * 5 % 21)));
            took[at].extend(monitor.time(&mut loud, true)?);
        }
    }
    let [ours, pactl, wpctl] = took;
    println!(
        "   heard: mixctl {}, pactl {}, wpctl {} of {}",
        ours.len(),
        pactl.len(),
        wpctl.len(),
        bench.rounds(50)
    );
    let case = |(name, share): (&str, f64)| {
        let of = |times: &[f64]| Sample::once(quantile(times, share));
        Case::new(
            "press",
            format!("a key to the sample, {name}"),
            "ms",
            of(&ours),
        )
        .limit(MOST)
        .peer("pactl set-sink-volume", of(&pactl), 1.0)
        .peer("wpctl set-volume", of(&wpctl), 1.0)
    };
    Ok([("p50", 0.5), ("p99", 0.99)].map(case).into())
}
