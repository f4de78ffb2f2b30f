//! From one gain to another without a click: in steps so small that none stands out. A gain takes
//! effect once a quantum, so fewer quanta can't be smooth. Pure.

use std::time::{Duration, Instant};

use wire::{Channel, Mix};

/// The shortest time for a change, unless fades are turned off.
pub const SHORTEST: Duration = Duration::from_millis(60);
/// The longest: what can still be taken for at once.
pub const LONGEST: Duration = Duration::from_millis(250);

/// The time that a text of whole milliseconds names, if it is one from 0 to [`LONGEST`].
pub fn parse(text: &str) -> Option<Duration> {
    let time = text.parse().ok().map(Duration::from_millis);
    time.filter(|&time| time <= LONGEST)
}
/// How many quanta a change takes at least: each step is then at most a sixth of it.
const QUANTA: u32 = 6;
/// How many steps are sent in a quantum, so that the one that takes effect is fresh.
const STEPS: u32 = 4;
/// The shortest time between two steps.
const SHORTEST_STEP: Duration = Duration::from_millis(2);

/// The factors on the samples of the two channels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Factors {
    /// Of the default channel.
    pub default: f64,
    /// Of the aux channel.
    pub aux: f64,
}

impl Factors {
    /// Those of a channel.
    pub fn of(self, channel: Channel) -> f64 {
        match channel {
            Channel::Default => self.default,
            Channel::Aux => self.aux,
        }
    }

    /// How far away others are: the larger of the two differences.
    fn distance(self, other: Self) -> f64 {
        let default = (self.default - other.default).abs();
        default.max((self.aux - other.aux).abs())
    }

    /// Those on the way to others, of which `part` (0 to 1) is behind.
    fn towards(self, other: Self, part: f64) -> Self {
        let mixed = |from: f64, to: f64| from + (to - from) * part;
        Self {
            default: mixed(self.default, other.default),
            aux: mixed(self.aux, other.aux),
        }
    }
}

impl From<Mix> for Factors {
    fn from(mix: Mix) -> Self {
        Self {
            default: mix.default.factor(),
            aux: mix.aux.factor(),
        }
    }
}

/// The factors in effect, and the ramp to others.
#[derive(Debug)]
pub struct Fade {
    /// The shortest time that a change takes; none: every change is instant.
    shortest: Option<Duration>,
    to: Factors,
    ramp: Option<Ramp>,
}

#[derive(Clone, Copy, Debug)]
struct Ramp {
    from: Factors,
    start: Instant,
    length: Duration,
    next_step: Instant,
    step: Duration,
}

impl Ramp {
    fn at(&self, to: Factors, now: Instant) -> Factors {
        let passed = now.saturating_duration_since(self.start);
        if passed >= self.length {
            return to;
        }
        let part = passed.as_secs_f64() / self.length.as_secs_f64();
        self.from.towards(to, part)
    }
}

impl Fade {
    /// At rest. A change takes at least `shortest`; at 0 it is instant.
    pub fn new(at: Factors, shortest: Duration) -> Self {
        let mut fade = Self {
            shortest: None,
            to: at,
            ramp: None,
        };
        fade.set_shortest(shortest);
        fade
    }

    /// Has every change from now on take at least `shortest`; at 0 it is instant.
    pub fn set_shortest(&mut self, shortest: Duration) {
        self.shortest = (!shortest.is_zero()).then_some(shortest);
    }

    /// The factors at a time.
    pub fn at(&self, now: Instant) -> Factors {
        self.ramp.map_or(self.to, |ramp| ramp.at(self.to, now))
    }

    /// The factors at its end, at rest or not.
    pub fn target(&self) -> Factors {
        self.to
    }

    /// Sets out for new factors, from the present ones.
    ///
    /// A change from rest takes the whole time, and its first step at once. One on the way is a slider
    /// that is being dragged: it takes as much of the time as it is of the whole way, and a quarter at
    /// least, so that the sound follows the hand, never in larger steps than from one end to the other.
    pub fn set(&mut self, to: Factors, quantum: Duration, now: Instant) {
        if to == self.to {
            return;
        }
        let from = self.at(now);
        let was_fading = self.ramp.is_some();
        self.to = to;
        self.ramp = self.shortest.map(|shortest| {
            let whole = (quantum * QUANTA).max(shortest).min(LONGEST.max(shortest));
            let part = if was_fading {
                from.distance(to).clamp(0.25, 1.0)
            } else {
                1.0
            };
            let step = (quantum / STEPS).max(SHORTEST_STEP);
            // At rest, the first factors of the ramp are in effect already.
            let behind = if was_fading { Duration::ZERO } else { step };
            Ramp {
                from,
                start: now.checked_sub(behind).unwrap_or(now),
                length: whole.mul_f64(part) + behind,
                next_step: now,
                step,
            }
        });
    }

    /// Returns when to call [`step`](Self::step); `None` at rest.
    pub fn deadline(&self) -> Option<Instant> {
        self.ramp.map(|ramp| ramp.next_step)
    }

    /// Takes a step. Returns the factors from now on.
    pub fn step(&mut self, now: Instant) -> Factors {
        let at = self.at(now);
        if let Some(ramp) = &mut self.ramp {
            ramp.next_step = now + ramp.step;
            if now >= ramp.start + ramp.length {
                self.ramp = None;
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Factors = Factors {
        default: 1.0,
        aux: 0.0,
    };
    const RIGHT: Factors = Factors {
        default: 0.0,
        aux: 1.0,
    };

    fn frames(count: u32) -> Duration {
        Duration::from_secs_f64(f64::from(count) / 48_000.0)
    }

    /// The factors at the beginning of each quantum, until the fade rests.
    fn quanta(fade: &mut Fade, quantum: Duration, start: Instant) -> Vec<Factors> {
        let mut now = start;
        let mut seen = Vec::new();
        let mut boundary = start + quantum;
        let mut latest = fade.step(now);
        while let Some(next) = fade.deadline() {
            while boundary <= next {
                seen.push(latest);
                boundary += quantum;
            }
            now = next;
            latest = fade.step(now);
        }
        seen.push(latest);
        seen
    }

    #[test]
    fn no_step_of_the_longest_way_is_more_than_a_quarter_of_it() {
        for count in [32, 256, 1024, 2048] {
            let (quantum, start) = (frames(count), Instant::now());
            let mut fade = Fade::new(LEFT, SHORTEST);
            fade.set(RIGHT, quantum, start);
            let seen = quanta(&mut fade, quantum, start);
            let mut last = LEFT;
            for at in &seen {
                assert!(last.distance(*at) <= 0.25, "{count}: {seen:?}");
                last = *at;
            }
            assert_eq!(last, RIGHT);
            let time = quantum * u32::try_from(seen.len()).unwrap();
            assert!(
                time >= SHORTEST && time <= LONGEST + quantum * 2,
                "{count}: {time:?}"
            );
        }
    }

    #[test]
    fn a_change_from_rest_begins_at_once_and_one_on_the_way_goes_on() {
        let (quantum, start) = (frames(1024), Instant::now());
        let mut fade = Fade::new(LEFT, SHORTEST);
        fade.set(RIGHT, quantum, start);
        let first = fade.step(start);
        assert!((first.aux - 1.0 / 25.0).abs() < 0.001, "{first:?}");
        for to in [LEFT, RIGHT] {
            fade.set(to, quantum, start);
            assert_eq!(fade.step(start), first);
        }
    }

    #[test]
    fn a_new_target_redirects_it_from_where_it_stands() {
        let (quantum, start) = (frames(1024), Instant::now());
        let mut fade = Fade::new(LEFT, SHORTEST);
        fade.set(RIGHT, quantum, start);
        // 24 steps, and one that is behind from the beginning.
        let half = start + quantum * 23 / 8;
        let stood = fade.at(half);
        assert!((stood.aux - 0.5).abs() < 0.01, "{stood:?}");
        fade.set(LEFT, quantum, half);
        assert_eq!(fade.at(half), stood);
        assert_eq!(fade.at(half + Duration::from_millis(65)), LEFT);
    }

    #[test]
    fn a_drag_is_followed_within_forty_milliseconds() {
        let (quantum, start) = (frames(1024), Instant::now());
        let mut fade = Fade::new(LEFT, SHORTEST);
        let mut now = start;
        for event in 1..=60_u32 {
            now = start + Duration::from_millis(16) * event;
            fade.set(LEFT.towards(RIGHT, f64::from(event) / 60.0), quantum, now);
        }
        assert!(fade.at(now).distance(RIGHT) < 0.06);
        assert_eq!(fade.at(now + Duration::from_millis(40)), RIGHT);
    }

    #[test]
    fn turned_off_it_is_instant_and_at_rest_it_has_no_deadline() {
        let (quantum, now) = (frames(1024), Instant::now());
        let mut fade = Fade::new(LEFT, Duration::ZERO);
        fade.set(RIGHT, quantum, now);
        assert_eq!((fade.at(now), fade.deadline()), (RIGHT, None));
        let mut fade = Fade::new(LEFT, SHORTEST);
        fade.set(LEFT, quantum, now);
        assert_eq!(fade.deadline(), None);
    }
}
