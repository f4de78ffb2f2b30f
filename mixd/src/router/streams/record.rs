//! What the session manager was asked to do with one stream, and what others have done with it since.

use wire::Channel;

use crate::router::registry::Registry;
use crate::router::target::Target;

/// What was done with a stream.
#[derive(Debug, Default)]
pub struct Record {
    /// What the session manager was asked last.
    pub request: Request,
    /// The serial that its target was set to, until the metadata shows that: what it shows before is old.
    pub unacknowledged: Option<u64>,
    /// How often it has been moved away from its channel, nobody knows where to.
    pub moves: u8,
    /// Who has chosen its sink last.
    pub choice: Choice,
    /// Whether a target that the metadata shows can be a move.
    playback: Playback,
    /// The sink that it was moved to while it played, as the metadata names it, until the metadata shows
    /// a target that was set since: shown again, it is still a move.
    moved_to: Option<String>,
    /// A target was set for it as the list says: what its own node asks for counts no more.
    pub was_routed: bool,
    /// The sink that we have linked it to ourselves.
    pub linked_to: Option<u32>,
    /// How often it was paused because the session manager had linked it twice.
    pub pauses: u8,
}

/// What the session manager was asked to do with a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Request {
    /// Nothing, or somebody else has asked for something else since.
    #[default]
    None,
    /// To link it to the sink of a channel.
    Route {
        /// The channel.
        channel: Channel,
        /// The sink's node.
        sink: u32,
    },
    /// To link it to the default sink for a moment, before it is routed anew.
    Pause,
}

/// Who has chosen a stream's sink last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Nobody that we know of. What the metadata says is from before, or from the session manager's
    /// memory of another stream of that name.
    #[default]
    Nobody,
    /// The program list, which was changed for it since.
    List,
    /// Somebody who has moved it while it played, or its own program: to this channel, or elsewhere.
    User(Option<Channel>),
}

/// How far a stream has come. Before it plays, a session manager restores its target from memory, and
/// nobody has moved it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Playback {
    /// The session manager has not linked it yet.
    #[default]
    Pending,
    /// It plays, but what the metadata shows when all of it is read again may be from before.
    Playing,
    /// Somebody's choice of its target was told since it plays, or all of the metadata was read again.
    Settled,
}

impl Record {
    /// Returns whether it was asked for.
    pub fn is_requested(&self) -> bool {
        matches!(self.request, Request::Route { .. })
    }

    /// Forgets what was asked of a session manager that does nothing any more; for the moment, or, where
    /// it `is_gone`, for good.
    pub fn forget_request(&mut self, is_gone: bool) {
        self.request = Request::None;
        if is_gone {
            self.unacknowledged = None;
            // What the next one restores from memory is nobody's move.
            (self.playback, self.moved_to, self.moves) = (Playback::Pending, None, 0);
            if self.choice == Choice::List {
                self.choice = Choice::Nobody;
            }
        }
    }

    /// Has it follow the list, wherever it was moved before.
    pub fn follow_list(&mut self) {
        (self.choice, self.moves) = (Choice::List, 0);
    }

    /// Takes in that the session manager has linked it.
    pub fn note_played(&mut self) {
        if self.playback == Playback::Pending {
            self.playback = Playback::Playing;
        }
    }

    /// Takes in that its target is known as it is while it plays: what is shown from now on is newer.
    pub fn note_settled(&mut self) {
        if self.playback == Playback::Playing {
            self.playback = Playback::Settled;
        }
    }

    /// Draws the conclusions from the target that the metadata shows for it: as that was set or, where the
    /// metadata `is_refreshing`, at some time before.
    pub fn note_target(&mut self, registry: &Registry, stream: u32, is_refreshing: bool) {
        let object = registry.target_object(stream);
        let shown = self
            .unacknowledged
            .take_if(|serial| object == Some(&*serial.to_string()));
        // What was asked of one that hung shows when it goes on.
        let is_own = shown.is_some();
        let is_new = match self.playback {
            Playback::Pending => false,
            Playback::Playing => !is_refreshing,
            Playback::Settled => true,
        };
        self.conclude(registry, stream, is_own, is_new);
        // What a session manager remembers may follow what was set.
        if !is_own && !is_refreshing {
            self.note_settled();
        }
    }

    /// Takes a target that the metadata has not shown in time for one that it has: all of it was read again
    /// since, and what it shows is newer.
    pub fn acknowledge(&mut self, registry: &Registry, stream: u32, serial: u64) {
        self.unacknowledged.take_if(|it| *it == serial);
        let is_new = self.playback == Playback::Settled;
        self.conclude(registry, stream, false, is_new);
    }

    fn conclude(&mut self, registry: &Registry, stream: u32, is_own: bool, is_new: bool) {
        let object = registry.target_object(stream);
        let target = registry.target(stream);
        // A sink that is there or may come back, or the default one: `-1` is what pipewire-pulse writes
        // when a mixer moves a stream there.
        let is_choice = !is_own && (target != Target::Anywhere || object == Some("-1"));
        let has_played = self.playback != Playback::Pending;
        let is_move = is_choice && has_played && (is_new || self.moved_to.as_deref() == object);
        if is_move {
            self.moved_to = object.map(str::to_owned);
        }
        if let Request::Route { channel, sink } = self.request {
            let is_acknowledged = self.unacknowledged.is_none();
            if target == Target::Ours(channel) {
                self.moved_to = None;
                let object = object.filter(|object| object.parse::<u64>().is_ok());
                // The sink of an earlier layout goes in a moment.
                if is_acknowledged && object.is_some_and(|it| registry.find(it) != Some(sink)) {
                    self.request = Request::None;
                }
                return;
            }
            if !is_acknowledged {
                return;
            }
            // It was where we want it, and has been moved.
            self.request = Request::None;
            if !is_move && !target.is_chosen() {
                // Nobody knows where to: once is an accident.
                self.moves = self.moves.saturating_add(1);
            }
        }
        if is_choice {
            if is_move || matches!(self.choice, Choice::User(_)) {
                (self.choice, self.moves) = (Choice::User(target.channel()), 0);
            }
        } else if object.is_none() && self.choice == Choice::User(None) {
            self.choice = Choice::Nobody;
        }
    }
}
