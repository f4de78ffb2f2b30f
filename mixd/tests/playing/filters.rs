//! Smart filters, which WirePlumber 0.5 puts before a sink by itself: filter chains that scale by a
//! factor stand for the correction of a laptop's speakers. With mixd, what is heard is what would be
//! heard without it. Where the session manager has none (0.4), neither have we.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use lab::level::{Recording, decibels};
use lab::mixd::Mixd;
use lab::process::{Process, wait_for};
use lab::{Lab, TIMEOUT};

use crate::stage::{AMPLITUDE, DISCORD, GAME, Stage, mixd_program, tones};

/// Records the sound that a card is sent. The recorder is linked by hand: the session manager would put
/// the filter before it as well.
fn listen(lab: &Lab, card: &str) -> Recording {
    let recorder = lab.record_apart(card).unwrap();
    std::thread::sleep(Duration::from_millis(600));
    let recording = recorder.stop().unwrap().end(4);
    let has_gone = || Ok(lab.dump()?.node("pw-record").is_none().then_some(()));
    wait_for("the recorder's end", TIMEOUT, has_gone).unwrap();
    recording
}

/// A filter chain with a sink `name`, until dropped.
fn filter(lab: &Lab, name: &str, factor: f64, properties: &str) -> Process {
    filter_of(lab, name, factor, "FL FR", properties)
}

/// The same with a channel for each of these positions.
fn filter_of(lab: &Lab, name: &str, factor: f64, positions: &str, properties: &str) -> Process {
    let (mut nodes, mut inputs, mut outputs) = (String::new(), String::new(), String::new());
    for position in positions.split(' ') {
        write!(
            nodes,
            "{{ type = builtin label = linear name = {position} \
             control = {{ Mult = {factor} Add = 0.0 }} }} "
        )
        .unwrap();
        write!(inputs, "\"{position}:In\" ").unwrap();
        write!(outputs, "\"{position}:Out\" ").unwrap();
    }
    let channels = positions.split(' ').count();
    let graph = format!(
        "filter.graph = {{ nodes = [ {nodes} ] inputs = [ {inputs} ] outputs = [ {outputs} ] }}"
    );
    // The filter chain of 0.3.65 has no such scale; a loopback has a sink, too.
    let (module, graph) = match has_smart_filters(lab) {
        true => ("libpipewire-module-filter-chain", &*graph),
        false => ("libpipewire-module-loopback", ""),
    };
    let config = format!(
        "context.spa-libs = {{ audio.convert.* = audioconvert/libspa-audioconvert
           support.* = support/libspa-support }}
         context.modules = [
           {{ name = libpipewire-module-protocol-native }}
           {{ name = libpipewire-module-client-node }}
           {{ name = libpipewire-module-adapter }}
           {{ name = {module} args = {{
             node.description = {name} {graph}
             audio.channels = {channels} audio.position = [ {positions} ]
             capture.props = {{ node.name = {name} media.class = Audio/Sink {properties} }}
             playback.props = {{ node.name = {name}-output node.passive = true }} }} }} ]"
    );
    let path = lab.path(&format!("{name}.conf"));
    fs::write(&path, config).unwrap();
    let log = lab.path(&format!("{name}.log"));
    let mut command = lab.command("pipewire");
    let process = Process::start_logged(command.arg("-c").arg(&path), &log).unwrap();
    let is_there = || Ok(lab.dump()?.node(name));
    wait_for(&format!("the filter {name}"), TIMEOUT, is_there).unwrap();
    process
}

/// Sets a key of a filter, as a user does.
fn set(lab: &Lab, filter: &str, key: &str, value: &str) {
    let id = lab.dump().unwrap().node(filter).unwrap().to_string();
    let args = ["-n", "filters", &id, key, value, "Spa:String:JSON"];
    lab.output("pw-metadata", &args).unwrap();
}

/// Returns whether the session manager has smart filters: WirePlumber from 0.5 on.
fn has_smart_filters(lab: &Lab) -> bool {
    lab.wireplumber_version().unwrap() >= vec![0, 5]
}

/// The level of a tone on a card's first channel, once it does not change.
fn settled_level(lab: &Lab, card: &str, tone: f64) -> f64 {
    let mut last = f64::NAN;
    let settled = || {
        let before = last;
        last = listen(lab, card).steady_level(tone)[0];
        let is_settled = (last - before).abs() < 0.1 || last < -90.0 && before < -90.0;
        Ok(is_settled.then_some(last))
    };
    wait_for("a steady level", TIMEOUT, settled).unwrap()
}

/// Returns the level at which a program reaches a card without mixd: the reference.
fn level_without_mixd(lab: &Lab, card: &str, args: &[&str]) -> f64 {
    let (game, _) = tones(lab);
    let player = lab.play_native("Game", &game, args).unwrap();
    let is_playing = || Ok((!lab.dump()?.sinks_of("Game").is_empty()).then_some(()));
    wait_for("the program's sink", TIMEOUT, is_playing).unwrap();
    let level = settled_level(lab, card, GAME);
    drop(player);
    lab.wait_for_end("Game").unwrap();
    level
}

fn is_near(level: f64, should: f64) -> bool {
    (level - should).abs() < 0.3 || level < -90.0 && should < -90.0
}

/// Waits until both channels are heard on a card at this level.
#[track_caller]
fn wait_for_level(lab: &Lab, card: &str, should: f64) {
    let mut heard = Vec::new();
    let is_right = || {
        let recording = listen(lab, card);
        heard = [GAME, DISCORD]
            .map(|tone| recording.steady_level(tone))
            .concat();
        let all = heard.iter().all(|&level| is_near(level, should));
        Ok(all.then_some(()))
    };
    let result = wait_for("the level", TIMEOUT, is_right);
    assert!(result.is_ok(), "{card}: {heard:.1?} dB, not {should:.1}");
}

/// How long nothing is asked after what was not as it should be yet: while pw-dump binds the metadata, PipeWire
/// tells a change of the default sink to it alone.
const PAUSE: Duration = Duration::from_millis(1500);

/// Waits until our sinks feed this one, and nothing else.
#[track_caller]
fn wait_for_output(lab: &Lab, output: &str) {
    wait_for(&format!("the monitors on {output}"), TIMEOUT, || {
        let dump = lab.dump()?;
        let feeds = |sink| dump.node(sink).map(|id| dump.fed_by(id));
        let both = [feeds("mixd-default"), feeds("mixd-aux")];
        let all = both.iter().all(|fed| fed.as_deref() == Some(&[output]));
        if !all {
            std::thread::sleep(PAUSE);
        }
        Ok(all.then_some(()))
    })
    .unwrap();
}

fn quarter() -> f64 {
    decibels(AMPLITUDE * 0.25)
}

const FOR_A: &str = "filter.smart = true filter.smart.target = { node.name = card-a }";

#[test]
fn a_filter_before_the_card_is_heard_and_followed_when_it_goes_and_comes() {
    let lab = Lab::start().unwrap();
    let is_smart = has_smart_filters(&lab);
    let chain = filter(&lab, "quiet", 0.25, FOR_A);
    let should = level_without_mixd(&lab, "card-a", &[]);
    let expected = if is_smart {
        quarter()
    } else {
        decibels(AMPLITUDE)
    };
    assert!(is_near(should, expected), "{should} dB without mixd");
    let stage = Stage::set_in(lab, &[]);
    let _players = stage.play_both();
    wait_for_output(&stage.lab, if is_smart { "quiet" } else { "card-a" });
    wait_for_level(&stage.lab, "card-a", should);
    // The volume goes through it too.
    stage.set_volume("-1");
    let recording = listen(&stage.lab, "card-a");
    let (game, discord) = (
        recording.steady_level(GAME),
        recording.steady_level(DISCORD),
    );
    assert!(
        is_near(game[0], should) && discord[0] < -90.0,
        "{game:?} {discord:?}"
    );
    stage.set_volume("0");
    drop(chain);
    wait_for_output(&stage.lab, "card-a");
    wait_for_level(&stage.lab, "card-a", decibels(AMPLITUDE));
    let _chain = filter(&stage.lab, "quiet", 0.25, FOR_A);
    wait_for_level(&stage.lab, "card-a", should);
    // The card is still the card.
    stage.mixd.wait_for_output(Some("card-a")).unwrap();
    let status = stage.mixd.ctl(&["status"]).unwrap();
    assert!(!status.contains("warning"), "{status}");
}

#[test]
fn a_filter_is_followed_when_it_is_disabled_enabled_and_the_default_changes() {
    let lab = Lab::start().unwrap();
    if !has_smart_filters(&lab) {
        println!("WirePlumber 0.4 has no metadata by which a filter could be disabled");
        return;
    }
    let properties = format!("{FOR_A} filter.smart.disabled = true");
    let _chain = filter(&lab, "quiet", 0.25, &properties);
    let stage = Stage::set_in(lab, &[]);
    let _players = stage.play_both();
    wait_for_output(&stage.lab, "card-a");
    wait_for_level(&stage.lab, "card-a", decibels(AMPLITUDE));
    set(&stage.lab, "quiet", "filter.smart.disabled", "false");
    wait_for_output(&stage.lab, "quiet");
    wait_for_level(&stage.lab, "card-a", quarter());
    // It is the filter of one card alone.
    stage.lab.make_default("card-b").unwrap();
    wait_for_output(&stage.lab, "card-b");
    wait_for_level(&stage.lab, "card-b", decibels(AMPLITUDE));
    set(
        &stage.lab,
        "quiet",
        "filter.smart.target",
        "{ \"node.name\": \"card-b\" }",
    );
    wait_for_output(&stage.lab, "quiet");
    wait_for_level(&stage.lab, "card-b", quarter());
    set(&stage.lab, "quiet", "filter.smart", "false");
    wait_for_output(&stage.lab, "card-b");
    wait_for_level(&stage.lab, "card-b", decibels(AMPLITUDE));
    set(&stage.lab, "quiet", "filter.smart", "true");
    set(&stage.lab, "quiet", "filter.smart.disabled", "true");
    wait_for_output(&stage.lab, "card-b");
    wait_for_level(&stage.lab, "card-b", decibels(AMPLITUDE));
}

/// One says which it follows, of the third nobody has said anything: what stands before the one that
/// we play to is left out.
#[test]
fn several_filters_are_played_through_from_the_first_on() {
    let lab = Lab::start().unwrap();
    if !has_smart_filters(&lab) {
        println!("WirePlumber 0.4 has no smart filters");
        return;
    }
    let (tenth, half) = (0.1, 0.5);
    let properties = format!("{FOR_A} filter.smart.name = late filter.smart.after = [ early ]");
    let _late = filter(&lab, "last-filter", half, &properties);
    let properties = format!("{FOR_A} filter.smart.name = early");
    let early = filter(&lab, "first-filter", half, &properties);
    let _last = filter(&lab, "another-filter", tenth, FOR_A);
    let should = level_without_mixd(&lab, "card-a", &[]);
    let all = decibels(AMPLITUDE * half * half * tenth);
    assert!(is_near(should, all), "{should} dB without mixd, not {all}");
    let stage = Stage::set_in(lab, &[]);
    let _players = stage.play_both();
    wait_for_level(&stage.lab, "card-a", should);
    drop(early);
    wait_for_level(&stage.lab, "card-a", decibels(AMPLITUDE * half * tenth));
}

/// One that names no target is for whichever sink is the default, and not before one that was asked
/// for by name.
#[test]
fn a_filter_of_the_default_sink_follows_it() {
    let lab = Lab::start().unwrap();
    if !has_smart_filters(&lab) {
        println!("WirePlumber 0.4 has no smart filters");
        return;
    }
    let _chain = filter(&lab, "quiet", 0.25, "filter.smart = true");
    let default = level_without_mixd(&lab, "card-a", &[]);
    let named = level_without_mixd(&lab, "card-b", &["--target", "card-b"]);
    assert!(is_near(default, quarter()), "{default} dB without mixd");
    assert!(
        is_near(named, decibels(AMPLITUDE)),
        "{named} dB without mixd"
    );
    let mut stage = Stage::set_in(lab, &[]);
    let _players = stage.play_both();
    wait_for_output(&stage.lab, "quiet");
    wait_for_level(&stage.lab, "card-a", default);
    stage.lab.make_default("card-b").unwrap();
    stage.mixd.wait_for_output(Some("card-b")).unwrap();
    wait_for_level(&stage.lab, "card-b", default);
    // With one of ours as the default, the filter itself plays to us: it is left out. mixd is asked whether it
    // knows, and not pw-dump again and again, to which alone PipeWire would tell it.
    stage.lab.make_default("mixd-aux").unwrap();
    wait_for("the warning of a default of ours", TIMEOUT, || {
        let status = stage.mixd.ctl(&["status"])?;
        Ok(status
            .contains("one of mixd's own sinks is the default")
            .then_some(()))
    })
    .unwrap();
    wait_for_output(&stage.lab, "card-b");
    wait_for_level(&stage.lab, "card-b", decibels(AMPLITUDE));
    stage.lab.make_default("card-a").unwrap();
    wait_for_level(&stage.lab, "card-a", default);
    stage.mixd.end(rustix::process::Signal::TERM).unwrap();
    let args = ["--output", "card-b"];
    stage.mixd = Mixd::start_with(&stage.lab, &mixd_program(), &args).unwrap();
    stage.mixd.ctl(&["add-program", "Discord"]).unwrap();
    wait_for_output(&stage.lab, "card-b");
    wait_for_level(&stage.lab, "card-b", named);
}

#[test]
fn our_sinks_take_the_layout_of_the_filter() {
    let lab = Lab::start().unwrap();
    if !has_smart_filters(&lab) {
        println!("WirePlumber 0.4 has no smart filters");
        return;
    }
    let _chain = filter_of(&lab, "mono", 0.5, "MONO", FOR_A);
    let should = level_without_mixd(&lab, "card-a", &[]);
    let stage = Stage::set_in(lab, &[]);
    let _players = stage.play_both();
    wait_for_output(&stage.lab, "mono");
    let ports = stage.lab.output("pw-link", &["-i"]).unwrap();
    assert!(ports.contains("mixd-default:playback_MONO"), "{ports}");
    assert!(!ports.contains("mixd-default:playback_FL"), "{ports}");
    wait_for_level(&stage.lab, "card-a", should);
}
