//! The session manager: whether it has only just come, and what it may have changed in the metadata
//! without our being told. While a client binds a metadata object, PipeWire tells changes to that client
//! alone (module-metadata, `metadata_property`, in 0.3.65 as in 1.4): a `pw-metadata` or `wpctl` that runs
//! at that moment costs all others an event, and one that is killed at that moment all further events. So
//! mixd reads all of the metadata again, by binding it anew: when a target that was set is not shown in
//! time, when something about the default sink must be missing, when a card or the session manager has
//! come, when a card or a client without nodes (such as those two) has gone, and when the session
//! manager has linked a stream elsewhere that was where it had been sent. To ask a session manager that hangs
//! shows that it does (`MAX_ANSWER_TIME` in `pipewire/metadata.rs`), and mixd goes on without it.

use super::event::{Command, MetadataOwner};
use super::registry::Registry;
use super::state::Inputs;
use super::streams::Streams;
use super::timeouts::{Round, Timeout, Timeouts};
use crate::sorted::{SortedMap, SortedSet};

/// How often the metadata is read again for the sake of the same default sink: for a minute in all.
/// Some session managers name none where every card is unplugged.
const MAX_REFRESHES: u32 = 6;

/// The longest wait before it is read again because something has come or gone, as a power of two in
/// seconds: a script that polls with `wpctl` may take an event from us each time.
const LONGEST_WAIT: u32 = 3;

/// The default sink and the one that the user has chosen.
type DefaultSinks = (Option<String>, Option<String>);

/// The state of the session manager.
#[derive(Debug, Default)]
pub struct SessionManager {
    /// It has only just come.
    pub is_starting: bool,
    /// The metadata is being read again.
    refresh: Option<Refresh>,
    /// A card or a session manager has come, or a card or a client without nodes has gone, and the
    /// metadata was not read again since.
    is_changed: bool,
    /// The default sinks for whose sake it was read again.
    defaults: DefaultSinks,
    /// How often it was.
    refreshes: u32,
    /// The streams that are missing from their channels, for whose sake it was read again.
    misplaced: SortedSet<u32>,
}

/// The metadata is being read again.
#[derive(Debug)]
struct Refresh {
    /// The streams whose targets were not shown in time, with the serials that were set.
    late: SortedMap<u32, u64>,
    /// The streams that it has said something about so far.
    told: SortedSet<u32>,
}

impl SessionManager {
    /// Takes in the new owner of the metadata. An owner `is_initial` if it was there before us.
    pub fn note_owner(&mut self, owner: MetadataOwner, is_initial: bool, timeouts: &mut Timeouts) {
        self.is_starting = !is_initial && owner.manager().is_some();
        if self.is_starting {
            self.note_change(timeouts);
        }
        self.refresh = None;
    }

    /// Takes in that a card has come or gone, or that a session manager has come, which has yet to choose.
    pub fn note_change(&mut self, timeouts: &mut Timeouts) {
        self.is_changed = true;
        timeouts.forget(self.next_refresh());
    }

    /// Takes in that a client without nodes has gone, to which alone a choice may have been told.
    pub fn note_tool_gone(&mut self) {
        self.is_changed = true;
    }

    /// Returns whether the metadata is being read again.
    pub fn is_refreshing(&self) -> bool {
        self.refresh.is_some()
    }

    /// Takes in that the metadata says something about a stream.
    pub fn note_told(&mut self, stream: u32) {
        if let Some(refresh) = &mut self.refresh {
            refresh.told.insert(stream);
        }
    }

    /// Begins a round: finds out whether to wait for what a session manager would do.
    pub fn begin_round(&mut self, registry: &Registry, round: &mut Round) {
        round.is_alone = registry.is_manager_hanging()
            || !registry.is_managed() && round.expired(Timeout::Manager);
        self.is_starting = self.is_starting && !round.expired(Timeout::ManagerStarting);
    }

    /// Has the metadata read again, if something must have been missed.
    pub fn plan(&mut self, inputs: &Inputs, round: &mut Round) {
        let unacknowledged = inputs.streams.unacknowledged();
        let late: SortedMap<u32, u64> = unacknowledged
            .filter(|&(stream, _)| round.expired(Timeout::Acknowledgement(stream)))
            .collect();
        let is_stale = self.is_default_stale(inputs.registry, round);
        self.misplaced
            .retain(|&stream| inputs.streams.has_missed(stream));
        let misplaced = inputs.streams.misplaced();
        let misplaced: Vec<u32> = misplaced
            .filter(|(stream, _)| !self.misplaced.contains(stream))
            .filter(|&(stream, channel)| inputs.is_moved_by_manager(stream, channel))
            .map(|(stream, _)| stream)
            .collect();
        if self.refresh.is_some() || !is_stale && late.is_empty() && misplaced.is_empty() {
            return;
        }
        if is_stale {
            self.refreshes += 1;
            self.is_changed = false;
        }
        self.misplaced.extend(misplaced);
        let told = SortedSet::new();
        self.refresh = Some(Refresh { late, told });
        round.commands.push(Command::Refresh);
    }

    /// Returns whether the default sink may be another one by now than was told: for longer than a
    /// session manager takes to choose, there have been other cards, other clients or another manager,
    /// or the default sink is missing, or is another one than the user has chosen.
    fn is_default_stale(&mut self, registry: &Registry, round: &mut Round) -> bool {
        let is_there = |name: &Option<String>| {
            let name = name.as_deref();
            name.is_some_and(|name| registry.has_sink(name))
        };
        let (default, configured) = (&registry.default_sink, &registry.configured_sink);
        let is_missed = !is_there(default) || default != configured && is_there(configured);
        let is_stale = is_missed || self.is_changed;
        let is_answering = registry.is_managed() && !registry.is_manager_hanging();
        if !is_stale || !is_answering || registry.cards().next().is_none() {
            self.is_changed = false;
            (self.defaults, self.refreshes) = (DefaultSinks::default(), 0);
            return false;
        }
        if (default, configured) != (&self.defaults.0, &self.defaults.1) {
            self.defaults = (default.clone(), configured.clone());
            self.refreshes = 0;
        }
        if !self.is_changed && self.refreshes >= MAX_REFRESHES {
            return false;
        }
        round.expired(self.next_refresh())
    }

    /// What is waited for before the metadata is read again.
    fn next_refresh(&self) -> Timeout {
        Timeout::DefaultSink(match self.is_changed {
            true => self.refreshes.min(LONGEST_WAIT),
            false => self.refreshes,
        })
    }

    /// Takes in that all of the metadata was read: a key that did not come is not there. PipeWire has asked
    /// the session manager after our targets had been set, so what it has shown is newer than these.
    pub fn finish_refresh(
        &mut self,
        registry: &mut Registry,
        streams: &mut Streams,
        timeouts: &mut Timeouts,
    ) {
        let Some(Refresh { late, told }) = self.refresh.take() else {
            return;
        };
        let targets = registry.targets.keys().copied();
        let gone: Vec<u32> = targets.filter(|stream| !told.contains(stream)).collect();
        for stream in gone {
            registry.set_target(stream, None, None);
            streams.note_target(registry, stream, false);
        }
        for (stream, serial) in late {
            timeouts.forget(Timeout::Acknowledgement(stream));
            streams.acknowledge(registry, stream, serial);
        }
        streams.note_refreshed();
    }
}
