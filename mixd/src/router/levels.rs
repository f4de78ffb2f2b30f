//! The levels of our sinks. These, and those of their monitors, are ours: what a session manager,
//! a mixer or a recorder's gain control sets there is put back, unless it is set again and again. To
//! mute a *sink* is the user's wish.

use wire::{Channel, Warning};

use super::CHANNELS;
use super::event::{Command, Level, Sink};
use super::sinks::Sinks;
use super::timeouts::{Round, Timeout};
use crate::sorted::{SortedMap, SortedSet};

/// How often the level of a channel's sinks is put back, while others set it within
/// [`Timeout::LevelUncontested`] each time, before it is left as it is for that long.
pub const MAX_RESTORES: u8 = 5;

/// The levels of our sinks.
#[derive(Debug, Default)]
pub struct Levels {
    /// As PipeWire has told them last.
    told: SortedMap<Sink, Level>,
    /// What we have set last, of each channel, once nothing that is told later can be older.
    set: Option<SortedMap<Channel, f32>>,
    /// The sinks that have been told to carry what was set. Before that they are told to carry what PipeWire
    /// creates them with: it may answer sooner than a new node has taken what it was sent (1.4.2).
    acknowledged: SortedSet<Sink>,
    /// Which the user has muted.
    muted: SortedSet<Channel>,
    /// How often each has been put back of late.
    restores: SortedMap<Channel, u8>,
}

impl Levels {
    /// Takes in what a sink carries.
    pub fn tell(&mut self, sink: Sink, level: Level) {
        self.told.insert(sink, level);
    }

    /// Takes in what was set, once PipeWire has told all that was before; none while it is being set.
    pub fn set(&mut self, factors: Option<[f32; 2]>) {
        self.set = factors.map(|factors| CHANNELS.into_iter().zip(factors).collect());
    }

    /// Returns whether the user has muted a channel's sink.
    pub fn is_muted(&self, channel: Channel) -> bool {
        self.muted.contains(&channel)
    }

    fn restores(&self, channel: Channel) -> u8 {
        self.restores.get(&channel).copied().unwrap_or(0)
    }

    /// Returns the warnings for clients.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> {
        CHANNELS.into_iter().flat_map(|channel| {
            let (muted, contested) = match channel {
                Channel::Default => (Warning::DefaultMuted, Warning::DefaultLevelContested),
                Channel::Aux => (Warning::AuxMuted, Warning::AuxLevelContested),
            };
            // From the last attempt on, so that it does not come and go with each further one.
            let is_contested = self.restores(channel) >= MAX_RESTORES - 1;
            let muted = self.is_muted(channel).then_some(muted);
            muted.into_iter().chain(is_contested.then_some(contested))
        })
    }

    /// Takes a mute that differs from what is known for the user's wish.
    fn note_mutes(&mut self) {
        let told = self.told.iter();
        let as_set = told.filter(|&(sink, level)| !self.differs(*sink, level));
        let as_set: Vec<Sink> = as_set.map(|(&sink, _)| sink).collect();
        self.acknowledged.extend(as_set);
        let told = self.told.iter();
        let changed: SortedSet<Channel> = told
            .filter(|(sink, _)| self.acknowledged.contains(sink))
            .filter(|(sink, level)| level.is_muted != self.is_muted(sink.channel))
            .map(|(sink, _)| sink.channel)
            .collect();
        for channel in changed {
            if !self.muted.remove(&channel) {
                self.muted.insert(channel);
            }
        }
    }

    /// Returns whether a sink that PipeWire told of carries what it should not. None does while they are
    /// being set.
    pub fn differ(&self) -> bool {
        let mut told = self.told.iter();
        told.any(|(sink, level)| self.differs(*sink, level))
    }

    fn differs(&self, sink: Sink, level: &Level) -> bool {
        self.set.as_ref().is_some_and(|set| {
            let factor = set.get(&sink.channel).copied().unwrap_or_default();
            !level.carries(factor) || level.is_muted != self.is_muted(sink.channel)
        })
    }

    /// Puts back what others have set on our sinks.
    pub fn plan(&mut self, sinks: &Sinks, round: &mut Round) {
        self.told.retain(|&sink, _| sinks.has(sink));
        self.acknowledged.retain(|&sink| sinks.has(sink));
        for channel in CHANNELS {
            let restores = self.restores(channel);
            if restores > 0 && round.expired(Timeout::LevelUncontested(channel)) {
                round.restart(Timeout::LevelUncontested(channel));
                // One that did not give up is tried once more.
                let left = if restores < MAX_RESTORES {
                    0
                } else {
                    restores - 1
                };
                self.restores.insert(channel, left);
            }
        }
        if self.set.is_none() {
            return;
        }
        self.note_mutes();
        let mut changed = Vec::new();
        for channel in CHANNELS {
            let told = self.told.iter();
            let sinks: Vec<Sink> = told
                .filter(|&(sink, level)| sink.channel == channel && self.differs(*sink, level))
                .map(|(&sink, _)| sink)
                .collect();
            let restores = self.restores(channel);
            let mut is_due = || restores == 0 || round.expired(Timeout::Level(channel));
            if sinks.is_empty() || restores >= MAX_RESTORES || !is_due() {
                continue;
            }
            round.restart(Timeout::LevelUncontested(channel));
            self.restores.insert(channel, restores + 1);
            let is_muted = self.is_muted(channel);
            let sinks = sinks.into_iter();
            changed.extend(sinks.map(|sink| Command::SetLevel(sink, is_muted)));
        }
        if !changed.is_empty() {
            self.set = None;
        }
        round.commands.append(&mut changed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::simulation::PipeWire;
    use super::super::{Event, Props, Router};
    use super::*;
    use crate::rules::Rules;

    const AUX: Sink = Sink {
        channel: Channel::Aux,
        number: 1,
    };

    struct World {
        router: Router,
        now: Instant,
    }

    impl World {
        /// Both sinks are there, and carry what they are set to.
        fn new() -> Self {
            let mut world = Self::created();
            assert_eq!(world.tell(0.5, false), []);
            world
        }

        /// Both sinks are there, and were not told of yet.
        fn created() -> Self {
            let mut world = Self {
                router: Router::default(),
                now: Instant::now(),
            };
            let mut pipewire = PipeWire::new(true);
            world.router.handle(pipewire.metadata());
            world.router.handle(Event::Node(1, Props::new()));
            world.router.handle(Event::Listed);
            for command in world.router.reconcile(&Rules::default(), world.now) {
                for event in pipewire.execute(&command) {
                    world.router.handle(event);
                }
            }
            world
        }

        /// The aux sink has been set to 0.5, and is told to carry this; what is restored.
        fn tell(&mut self, volume: f32, is_muted: bool) -> Vec<Command> {
            let level = Level {
                volumes: vec![volume; 2],
                monitor_volumes: vec![1.0; 2],
                is_muted,
                is_monitor_muted: false,
            };
            self.router.handle(Event::Level(AUX, level));
            self.router.handle(Event::LevelsSet(Some([1.0, 0.5])));
            let mut commands = self.router.reconcile(&Rules::default(), self.now);
            commands.retain(|command| matches!(command, Command::SetLevel(..)));
            commands
        }

        fn warnings(&self) -> Vec<Warning> {
            self.router.levels.warnings().collect()
        }
    }

    #[test]
    fn what_is_told_while_we_set_it_may_be_older() {
        let mut world = World::new();
        world.router.handle(Event::LevelsSet(None));
        let level = Level::default();
        world.router.handle(Event::Level(AUX, level));
        let commands = world.router.reconcile(&Rules::default(), world.now);
        assert!(
            !commands
                .iter()
                .any(|command| matches!(command, Command::SetLevel(..)))
        );
        assert_eq!(world.tell(0.25, false), [Command::SetLevel(AUX, false)]);
    }

    #[test]
    fn only_a_level_that_is_not_what_was_set_needs_a_round() {
        let mut world = World::new();
        assert!(!world.router.do_levels_differ());
        let level = |volume| Level {
            volumes: vec![volume; 2],
            monitor_volumes: vec![1.0; 2],
            ..Level::default()
        };
        world.router.handle(Event::LevelsSet(None));
        world.router.handle(Event::Level(AUX, level(0.75)));
        assert!(!world.router.do_levels_differ(), "a fade");
        world.router.handle(Event::LevelsSet(Some([1.0, 0.75])));
        assert!(!world.router.do_levels_differ());
        world.router.handle(Event::Level(AUX, level(0.5)));
        assert!(world.router.do_levels_differ());
    }

    #[test]
    fn a_level_is_put_back_a_few_times_and_again_after_a_minute() {
        let mut world = World::new();
        for n in 0..MAX_RESTORES {
            if n > 0 {
                assert_eq!(world.tell(0.25, false), [], "at once, it is not fought");
                world.now += Duration::from_millis(500);
            }
            assert_eq!(world.tell(0.25, false), [Command::SetLevel(AUX, false)]);
            assert_eq!(world.tell(0.5, false), []);
            let is_contested = n + 1 >= MAX_RESTORES - 1;
            assert_eq!(world.warnings().is_empty(), !is_contested, "{n}");
        }
        assert_eq!(world.warnings(), [Warning::AuxLevelContested]);
        for _ in 0..100 {
            world.now += Duration::from_millis(500);
            assert_eq!(world.tell(0.25, false), []);
        }
        world.now += Duration::from_secs(30);
        world.tell(0.25, false);
        world.now += Duration::from_millis(500);
        assert_eq!(world.tell(0.25, false), [Command::SetLevel(AUX, false)]);
        assert_eq!(world.warnings(), [Warning::AuxLevelContested]);
        for _ in 0..3 {
            world.now += Duration::from_mins(1);
            assert_eq!(world.tell(0.5, false), []);
        }
        assert_eq!(world.warnings(), []);
        assert_eq!(world.tell(0.25, false), [Command::SetLevel(AUX, false)]);
    }

    #[test]
    fn a_level_that_was_not_given_up_is_put_back_at_once_after_a_minute() {
        let mut world = World::new();
        for _ in 1..MAX_RESTORES {
            world.tell(0.25, false);
            world.now += Duration::from_millis(500);
            world.tell(0.25, false);
            world.tell(0.5, false);
        }
        assert_eq!(world.warnings(), [Warning::AuxLevelContested]);
        world.now += Duration::from_mins(1);
        assert_eq!(world.tell(0.5, false), []);
        assert_eq!(world.warnings(), []);
        assert_eq!(world.tell(0.25, false), [Command::SetLevel(AUX, false)]);
    }

    #[test]
    fn a_new_sink_that_is_not_muted_yet_is_no_wish() {
        let mut world = World::created();
        world.router.levels.muted.insert(Channel::Aux);
        assert_eq!(world.tell(1.0, false), [Command::SetLevel(AUX, true)]);
        assert_eq!(world.tell(0.5, true), []);
        assert_eq!(world.warnings(), [Warning::AuxMuted]);
        assert_eq!(world.tell(0.5, false), []);
        assert_eq!(world.warnings(), []);
    }

    #[test]
    fn a_mute_is_kept_where_the_level_is_put_back() {
        let mut world = World::new();
        assert_eq!(world.tell(0.5, true), []);
        assert_eq!(world.warnings(), [Warning::AuxMuted]);
        assert!(world.router.is_muted(Channel::Aux));
        assert_eq!(world.tell(0.25, true), [Command::SetLevel(AUX, true)]);
        assert_eq!(world.tell(0.5, false), []);
        assert_eq!(world.warnings(), []);
    }
}
