//! How many samples PipeWire computes at a time.

use std::time::Duration;

use super::objects::Objects;

/// What PipeWire takes where `settings` does not say (pipewire.conf(5)).
const RATE: u32 = 48_000;
const QUANTUM: u32 = 1024;
const MIN_QUANTUM: u32 = 32;
const MAX_QUANTUM: u32 = 2048;

/// The duration of the running graph's quantum, as PipeWire chooses it (`pw_context_recalc_graph`):
/// the one that is forced, else the shortest `node.latency` of what runs, within limits. Only nodes
/// that the graph knows all of count, so it may be shorter in truth, not longer.
pub fn quantum(objects: &Objects) -> Duration {
    let setting = |key, default| objects.setting(key).unwrap_or(default);
    let rate = setting("clock.rate", RATE);
    let frames = objects.setting("clock.force-quantum").unwrap_or_else(|| {
        let min = setting("clock.min-quantum", MIN_QUANTUM);
        let max = setting("clock.max-quantum", MAX_QUANTUM).max(min);
        let running = objects.infos.values().filter(|info| info.is_running);
        let latencies =
            running.filter_map(|info| frames(info.props.as_ref()?.get("node.latency")?, rate));
        let frames = latencies
            .min()
            .unwrap_or_else(|| setting("clock.quantum", QUANTUM));
        let frames = frames.clamp(min, max);
        // Down to a power of two.
        1 << frames.ilog2()
    });
    Duration::from_secs_f64(f64::from(frames) / f64::from(rate))
}

/// `1024/48000` in frames at another rate.
fn frames(latency: &str, rate: u32) -> Option<u32> {
    let (count, of) = latency.split_once('/')?;
    let (count, of): (u64, u64) = (count.parse().ok()?, of.parse().ok()?);
    let frames = count.checked_mul(rate.into())?.checked_div(of)?;
    u32::try_from(frames).ok().filter(|&frames| frames > 0)
}

#[cfg(test)]
mod tests {
    use super::super::fact::{Info, Props};
    use super::*;

    fn node(latency: &str, is_running: bool) -> Info {
        let props = Props::from([("node.latency".into(), latency.into())]);
        Info {
            props: Some(props),
            is_running,
            ..Info::default()
        }
    }

    fn frames_of(objects: &Objects) -> u32 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let frames = (quantum(objects).as_secs_f64() * 48_000.0).round() as u32;
        frames
    }

    #[test]
    fn it_is_the_shortest_latency_of_what_runs_within_limits() {
        let mut objects = Objects::default();
        assert_eq!(frames_of(&objects), 1024);
        objects.infos.insert(1, node("4800/48000", true));
        assert_eq!(frames_of(&objects), 2048);
        objects.infos.insert(2, node("128/48000", false));
        assert_eq!(frames_of(&objects), 2048);
        objects.infos.insert(3, node("441/44100", true));
        assert_eq!(frames_of(&objects), 256);
        for odd in ["", "1", "a/b", "1/0", "0/48000", "18446744073709551615/1"] {
            objects.infos.insert(4, node(odd, true));
            assert_eq!(frames_of(&objects), 256, "{odd}");
        }
        objects.infos.insert(5, node("1/48000", true));
        assert_eq!(frames_of(&objects), 32);
        objects.set_setting("clock.force-quantum".into(), "512".into());
        assert_eq!(frames_of(&objects), 512);
    }
}
