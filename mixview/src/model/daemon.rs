//! A mirror of mixd's state, and the requests that await a reply.

use std::collections::{HashMap, VecDeque};

use wire::message::{Pattern, Rule};
use wire::{
    Audio, Channel, Event, Failure, Mix, PipeWireState, Reply, Request, Requests, Settings, Stream,
    StreamState, Volume, Welcome,
};

use super::Effect;

/// Whether mixd answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LinkState {
    #[default]
    Connecting,
    Up,
    Down(LinkError),
}

/// Why mixd can't be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    /// A few words.
    pub title: &'static str,
    /// A sentence.
    pub reason: String,
    /// The command that starts mixd, where that would help.
    pub command: Option<String>,
}

/// The purpose of a request that awaits its reply.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    Subscribe,
    SetVolume,
    /// Why a stream is where it is, by its id.
    GetReason(u32),
    TryPattern(Pattern),
    EditList {
        request: Box<Request>,
        /// The text of the entry, if the request comes from there.
        typed: Option<String>,
    },
}

/// mixd's state, as far as it has told the window.
#[derive(Debug)]
pub struct Daemon {
    pub link: LinkState,
    pub mix: Mix,
    pub audio: Audio,
    /// The program list.
    pub rules: Vec<Rule>,
    pub settings: Settings,
    /// The requests that mixd knows.
    requests: Requests,
    /// The reasons of streams by id; empty where mixd gives none.
    reasons: HashMap<u32, String>,
    /// The oldest first: mixd replies in order.
    pending: VecDeque<Pending>,
}

impl Default for Daemon {
    fn default() -> Self {
        Self {
            link: LinkState::default(),
            mix: Mix::default(),
            audio: no_audio(),
            rules: Vec::new(),
            settings: Settings::default(),
            requests: Requests::ALL,
            reasons: HashMap::new(),
            pending: VecDeque::new(),
        }
    }
}

/// The state of PipeWire before mixd has told it.
pub(super) fn no_audio() -> Audio {
    Audio {
        omitted: 0,
        outputs: Box::default(),
        streams: Vec::new(),
        pipewire: PipeWireState::Up,
        warnings: Vec::new(),
    }
}

impl Daemon {
    pub fn is_up(&self) -> bool {
        self.link == LinkState::Up
    }

    /// The streams of a channel, the oldest first.
    pub fn streams(&self, channel: Channel) -> impl Iterator<Item = &Stream> {
        let streams = self.audio.streams.iter();
        streams.filter(move |stream| stream.channel == channel)
    }

    pub fn stream(&self, id: u32) -> Option<&Stream> {
        self.audio.streams.iter().find(|stream| stream.id == id)
    }

    /// Why a stream does not play through its channel, if mixd was asked; empty if it gives no reason.
    pub fn reason(&self, id: u32) -> Option<&str> {
        self.reasons.get(&id).map(String::as_str)
    }

    /// Whether a pattern is on the program list.
    pub fn lists(&self, pattern: Pattern) -> bool {
        self.rules.iter().any(|rule| *rule.pattern() == pattern)
    }

    fn send(&mut self, request: Request, pending: Pending) -> Effect {
        self.pending.push_back(pending);
        Effect::Send(request)
    }

    /// Takes in what mixd knows, and subscribes to all of it.
    pub(super) fn connect(&mut self, welcome: &Welcome) -> Effect {
        self.requests = welcome.requests;
        self.send(Request::Subscribe(welcome.topics), Pending::Subscribe)
    }

    /// Returns whether mixd knows a request: an older one may not.
    pub fn knows(&self, request: &Request) -> bool {
        self.requests.contains(request.name())
    }

    pub(super) fn set_volume(&mut self, volume: Volume) -> Effect {
        self.send(Request::SetVolume(volume), Pending::SetVolume)
    }

    /// Asks why a stream is where it is, unless that is known, asked for or no question.
    pub(super) fn get_reason(&mut self, id: u32) -> Option<Effect> {
        let stream = self.stream(id)?;
        let is_pending =
            |pending: &Pending| matches!(pending, Pending::GetReason(other) if *other == id);
        let is_wanted = self.is_up()
            && self.knows(&Request::GetStream(id))
            && stream.state != StreamState::Routed
            && !self.reasons.contains_key(&id)
            && !self.pending.iter().any(is_pending);
        is_wanted.then(|| self.send(Request::GetStream(id), Pending::GetReason(id)))
    }

    /// Asks what a pattern would move, one at a time.
    pub(super) fn try_pattern(&mut self, pattern: Pattern) -> Option<Effect> {
        let request = Request::TryAddProgram(pattern);
        let is_pending = |pending: &Pending| matches!(pending, Pending::TryPattern(_));
        let is_wanted =
            self.is_up() && self.knows(&request) && !self.pending.iter().any(is_pending);
        is_wanted.then(|| self.send(request, Pending::TryPattern(pattern)))
    }

    /// Asks for a change of the list. A key that is held down asks for the same one again before it
    /// is done: only undo and redo can be meant more than once.
    pub(super) fn edit_list(&mut self, request: Request, typed: Option<String>) -> Option<Effect> {
        let is_same = |pending: &Pending| matches!(pending, Pending::EditList { request: other, .. } if **other == request);
        let repeats = matches!(request, Request::Undo | Request::Redo);
        if !self.is_up() || (!repeats && self.pending.iter().any(is_same)) {
            return None;
        }
        let pending = Pending::EditList {
            request: Box::new(request.clone()),
            typed,
        };
        Some(self.send(request, pending))
    }

    /// Returns whether a change of the list was among the pending requests.
    pub(super) fn forget_pending(&mut self) -> bool {
        let mut pending = self.pending.drain(..);
        pending.any(|pending| matches!(pending, Pending::EditList { .. }))
    }

    pub(super) fn disconnect(&mut self, error: LinkError) {
        self.link = LinkState::Down(error);
        self.audio = no_audio();
        self.reasons.clear();
    }

    pub(super) fn apply(&mut self, event: Event<'static>) {
        match event {
            Event::Volume(mix) => self.mix = mix,
            Event::Programs(rules) => self.rules = rules.into_owned(),
            Event::Streams(audio) => {
                let audio = audio.into_owned();
                // A stream that has not changed is where it is for the same reason.
                self.reasons.retain(|id, _| {
                    let is_it = |stream: &&Stream| stream.id == *id;
                    let before = self.audio.streams.iter().find(is_it);
                    before.is_some() && before == audio.streams.iter().find(is_it)
                });
                self.audio = audio;
            }
            Event::Settings(settings) => self.settings = settings.into_owned(),
        }
    }

    /// Takes in the reply to the oldest pending request. Returns that request's purpose.
    pub(super) fn reply(&mut self, reply: &Result<Reply<'static>, Failure>) -> Option<Pending> {
        let pending = self.pending.pop_front();
        match (&pending, reply) {
            (Some(Pending::SetVolume), Ok(Reply::Mix(mix))) => self.mix = *mix,
            (Some(Pending::GetReason(id)), reply) => {
                let reason = match reply {
                    Ok(Reply::Stream(detail)) => detail.reason.as_deref().unwrap_or_default(),
                    _ => "",
                };
                self.reasons.insert(*id, reason.to_owned());
            }
            _ => {}
        }
        pending
    }
}
