//! What has changed in the metadata and was never shown. While a client binds a metadata object,
//! PipeWire tells changes to that client alone (module-metadata, `metadata_property`, in 0.3.65 as
//! in 1.4): who runs `pw-metadata` or `wpctl` at that moment costs everybody else an event, and who
//! is killed at that moment all further ones. So all of the metadata is told again, to somebody who
//! binds it anew: when a target that we have set is not shown in time, when what is known of the
//! default sink can't be all, when a card or the session manager has come, when a card or a client
//! without nodes (such as those two) has gone, and when the session manager has linked a stream
//! elsewhere that was where we had sent it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::Router;
use super::event::Command;
use super::streams::Told;
use super::timeouts::Timeout;

/// How often the metadata is told again for the sake of the same default sink: for a minute in all.
/// Some session managers name none where every card is unplugged.
const MAX_QUESTIONS: u32 = 6;

/// The longest wait before it is told again because something has come or gone, as a power of two in
/// seconds: whoever polls with `wpctl` may be told a change alone each time.
const LONGEST_WAIT: u32 = 3;

/// Why what is known of the default sink may not be all.
#[derive(Debug, Default)]
pub struct Freshness {
    /// A card or a session manager has come, or a card or a client without nodes has gone, and not all
    /// was told again since.
    is_unsettled: bool,
    /// The session manager has done something since the freshness arose. One that hangs is not to be asked
    /// anything: PipeWire takes no target from us until it has answered, and tells nobody anything
    /// any more if we end before that.
    is_answered: bool,
    /// The default sink and the one that the user has chosen, as they were told.
    told: (Option<String>, Option<String>),
    /// How often all was told again since.
    asked: u32,
}

impl Freshness {
    /// A card has come or gone, or a session manager has come.
    pub fn note_change(&mut self) {
        (self.is_unsettled, self.is_answered) = (true, false);
    }

    /// A client without nodes has gone, which may have been told what nobody else was.
    pub fn note_tool(&mut self) {
        // Most of them have been answered.
        self.is_answered |= !self.is_unsettled;
        self.is_unsettled = true;
    }

    /// The session manager has done something.
    pub fn note_active(&mut self) {
        self.is_answered = true;
    }
}

/// The metadata is being told again.
#[derive(Debug)]
pub struct Refresh {
    /// The streams for whose sake, with the serial that was set.
    late: BTreeMap<u32, u64>,
    /// What it has been told of so far.
    told: BTreeSet<u32>,
}

impl Refresh {
    /// It has been told of this stream.
    pub fn note(&mut self, stream: u32) {
        self.told.insert(stream);
    }
}

impl Router {
    /// Asks for the metadata to be told again, if something must have been missed.
    pub(super) fn refresh_if_stale(&mut self, now: Instant, commands: &mut Vec<Command>) {
        let unacknowledged = self.streams.unacknowledged();
        let late: BTreeMap<u32, u64> = unacknowledged
            .filter(|&(stream, _)| self.timeouts.expired(Timeout::Acknowledgement(stream), now))
            .collect();
        let is_stale = self.is_default_stale(now);
        let astray = self.streams.astray();
        let astray: Vec<u32> = astray
            .filter(|&(stream, channel)| self.is_moved_by_manager(stream, channel))
            .map(|(stream, _)| stream)
            .collect();
        if self.refresh.is_none() && (is_stale || !late.is_empty() || !astray.is_empty()) {
            for stream in astray {
                self.streams.note_refresh(stream);
            }
            if is_stale {
                self.freshness.asked += 1;
                self.freshness.is_unsettled = false;
            }
            let told = BTreeSet::new();
            self.refresh = Some(Refresh { late, told });
            commands.push(Command::Refresh);
        }
    }

    /// Whether another default sink may have been told by now: for longer than a session manager takes
    /// to choose, there have been other cards, other clients or another manager, or the default sink is
    /// missing, or is another one than the user has chosen.
    fn is_default_stale(&mut self, now: Instant) -> bool {
        let registry = &self.registry;
        let is_there = |name: &Option<String>| {
            let name = name.as_deref();
            name.is_some_and(|name| registry.has_sink(name))
        };
        let (default, configured) = (&registry.default_sink, &registry.configured_sink);
        let is_missed = !is_there(default) || default != configured && is_there(configured);
        let is_stale = is_missed || self.freshness.is_unsettled;
        if !is_stale || !self.is_managed() || self.cards().next().is_none() {
            self.freshness = Freshness::default();
            return false;
        }
        if (default, configured) != (&self.freshness.told.0, &self.freshness.told.1) {
            self.freshness.told = (default.clone(), configured.clone());
            self.freshness.asked = 0;
        }
        let Freshness { asked, .. } = self.freshness;
        let wait = match self.freshness.is_unsettled {
            true => asked.min(LONGEST_WAIT),
            false if asked < MAX_QUESTIONS => asked,
            false => return false,
        };
        self.freshness.is_answered && self.timeouts.expired(Timeout::DefaultSink(wait), now)
    }

    /// All of the metadata has been told: what has not is not there. Since PipeWire has asked the
    /// session manager after our targets had been set, it is later than these.
    pub(super) fn finish_refresh(&mut self) {
        let Some(Refresh { late, told }) = self.refresh.take() else {
            return;
        };
        self.freshness.note_active();
        let targets = self.registry.targets.keys().copied();
        let gone: Vec<u32> = targets.filter(|stream| !told.contains(stream)).collect();
        for stream in gone {
            self.handle_target(stream, None, None);
        }
        for (stream, serial) in late {
            self.streams.acknowledge(stream, serial);
            self.timeouts.forget(Timeout::Acknowledgement(stream));
            self.note_target(stream, Told::Before);
        }
        self.streams.note_told_again();
    }
}
