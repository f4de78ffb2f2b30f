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

use super::Graph;
use super::fact::Action;
use super::patience::Matter;

/// How often the metadata is told again for the sake of the same default sink: for a minute in all.
/// Some session managers name none where every card is unplugged.
const MAX_QUESTIONS: u32 = 6;

/// The longest wait before it is told again because something has come or gone, as a power of two in
/// seconds: whoever polls with `wpctl` may be told a change alone each time.
const LONGEST_WAIT: u32 = 3;

/// Why what is known of the default sink may not be all.
#[derive(Debug, Default)]
pub struct Doubt {
    /// A card or a session manager has come, or a card or a client without nodes has gone, and not all
    /// was told again since.
    is_unsettled: bool,
    /// The session manager has done something since the doubt arose. One that hangs is not to be asked
    /// anything: PipeWire takes no target from us until it has answered, and tells nobody anything
    /// any more if we end before that.
    is_answered: bool,
    /// The default sink and the one that the user has chosen, as they were told.
    told: (Option<String>, Option<String>),
    /// How often all was told again since.
    asked: u32,
}

impl Doubt {
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
    pub fn note_life(&mut self) {
        self.is_answered = true;
    }
}

/// The metadata is being told again.
#[derive(Debug)]
pub struct Reread {
    /// The streams for whose sake, with the serial that was set.
    late: BTreeMap<u32, u64>,
    /// What it has been told of so far.
    told: BTreeSet<u32>,
}

impl Reread {
    /// It has been told of this stream.
    pub fn note(&mut self, stream: u32) {
        self.told.insert(stream);
    }
}

impl Graph {
    /// Asks for the metadata to be told again, if something must have been missed.
    pub(super) fn reread_if_missed(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let unseen = self.streams.unseen();
        let late: BTreeMap<u32, u64> = unseen
            .filter(|&(stream, _)| self.patience.is_over(Matter::Echo(stream), now))
            .collect();
        let is_doubtful = self.is_default_doubtful(now);
        let astray = self.streams.astray();
        let astray: Vec<u32> = astray
            .filter(|&(stream, channel)| self.is_moved_by_manager(stream, channel))
            .map(|(stream, _)| stream)
            .collect();
        if self.reread.is_none() && (is_doubtful || !late.is_empty() || !astray.is_empty()) {
            for stream in astray {
                self.streams.note_reread(stream);
            }
            if is_doubtful {
                self.doubt.asked += 1;
                self.doubt.is_unsettled = false;
            }
            let told = BTreeSet::new();
            self.reread = Some(Reread { late, told });
            actions.push(Action::Reread);
        }
    }

    /// Whether another default sink may have been told by now: for longer than a session manager takes
    /// to choose, there have been other cards, other clients or another manager, or the default sink is
    /// missing, or is another one than the user has chosen.
    fn is_default_doubtful(&mut self, now: Instant) -> bool {
        let objects = &self.objects;
        let is_there = |name: &Option<String>| {
            let name = name.as_deref();
            name.is_some_and(|name| objects.has_sink(name))
        };
        let (default, configured) = (&objects.default_sink, &objects.configured_sink);
        let is_missed = !is_there(default) || default != configured && is_there(configured);
        let is_doubtful = is_missed || self.doubt.is_unsettled;
        if !is_doubtful || !self.is_managed() || self.cards().next().is_none() {
            self.doubt = Doubt::default();
            return false;
        }
        if (default, configured) != (&self.doubt.told.0, &self.doubt.told.1) {
            self.doubt.told = (default.clone(), configured.clone());
            self.doubt.asked = 0;
        }
        let Doubt { asked, .. } = self.doubt;
        let wait = match self.doubt.is_unsettled {
            true => asked.min(LONGEST_WAIT),
            false if asked < MAX_QUESTIONS => asked,
            false => return false,
        };
        self.doubt.is_answered && self.patience.is_over(Matter::Default(wait), now)
    }

    /// All of the metadata has been told: what has not is not there. Since PipeWire has asked the
    /// session manager after our targets had been set, it is later than these.
    pub(super) fn end_reread(&mut self) {
        let Some(Reread { late, told }) = self.reread.take() else {
            return;
        };
        self.doubt.note_life();
        let targets = self.objects.targets.keys().copied();
        let gone: Vec<u32> = targets.filter(|stream| !told.contains(stream)).collect();
        for stream in gone {
            self.learn_target(stream, None, None);
        }
        for (stream, serial) in late {
            self.streams.presume_seen(stream, serial);
            self.patience.forget(Matter::Echo(stream));
            self.note_target(stream, true);
        }
        self.streams.note_told_again();
    }
}
