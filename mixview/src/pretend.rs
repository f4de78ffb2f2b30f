//! A mixd that is not there: answers a model's requests as the real one would, when it is told to.

use std::borrow::Cow;
use std::collections::VecDeque;

use wire::message::{Insertion, Pattern, Replacement};
use wire::{
    Audio, Channel, ErrorCode, Event, Failure, Gain, Mix, PipeWireState, Reply, Request, Settings,
    Stream, StreamDetail, StreamState, Text, Volume, fold, is_same,
};

use crate::model::Message;

/// The state of a mixd, and what it has been asked and not answered yet.
#[derive(Debug, Default)]
pub struct Daemon {
    /// The volume.
    pub volume: Volume,
    /// The list.
    pub programs: Vec<Pattern>,
    streams: Vec<(u32, String)>,
    /// Requests that are not answered.
    pub inbox: VecDeque<Request>,
    /// Why nothing can be saved, if nothing can.
    pub unsaved: Option<String>,
}

impl Daemon {
    /// One with these streams and patterns.
    pub fn new(names: &[&str], patterns: &[&str]) -> Self {
        let mut daemon = Self::default();
        for (id, name) in (1..).zip(names) {
            daemon.streams.push((id, (*name).to_owned()));
        }
        daemon.programs = patterns.iter().map(|text| Text::truncated(text)).collect();
        daemon
    }

    /// A stream appears; not twice by one id.
    pub fn appear(&mut self, id: u32, name: &str) {
        self.streams.retain(|(other, _)| *other != id);
        self.streams.push((id, name.to_owned()));
    }

    /// A stream goes.
    pub fn vanish(&mut self, id: u32) {
        self.streams.retain(|(other, _)| *other != id);
    }

    /// The channel of a stream, if there is it.
    pub fn channel(&self, id: u32) -> Option<Channel> {
        let mut streams = self.audio().streams.into_iter();
        let stream = streams.find(|stream| stream.id == id)?;
        Some(stream.channel)
    }

    /// Everything that a subscriber is told at once.
    pub fn greet(&self) -> Vec<Message> {
        vec![
            self.volume_event(),
            self.programs_event(),
            self.streams_event(),
            Message::Event(Event::Settings(Cow::Owned(Settings::default()))),
        ]
    }

    /// What a subscriber is told of the volume.
    pub fn volume_event(&self) -> Message {
        Message::Event(Event::Volume(self.mix()))
    }

    /// What a subscriber is told of the list.
    pub fn programs_event(&self) -> Message {
        Message::Event(Event::Programs(Cow::Owned(self.programs.clone())))
    }

    /// What a subscriber is told of the streams.
    pub fn streams_event(&self) -> Message {
        Message::Event(Event::Streams(Cow::Owned(self.audio())))
    }

    /// Answers the oldest request: the answer, and the events that follow.
    pub fn answer(&mut self) -> Vec<Message> {
        let Some(request) = self.inbox.pop_front() else {
            return Vec::new();
        };
        match request {
            Request::SetVolume(volume) => {
                self.volume = volume;
                let mix = Message::Answer(Ok(Reply::Mix(self.mix())));
                vec![mix, self.volume_event()]
            }
            Request::AddProgram(new)
            | Request::InsertProgram(Insertion { new, .. })
            | Request::ReplaceProgram(Replacement { new, .. })
                if new.contains('[') || new.is_empty() =>
            {
                vec![refused("the pattern has a [ without its ]")]
            }
            Request::AddProgram(pattern) => {
                if self.place(&pattern).is_none() {
                    self.programs.push(pattern);
                }
                self.changed()
            }
            Request::InsertProgram(Insertion { new, before }) => {
                if self.place(&new).is_none() {
                    let at = self.place(&before).unwrap_or(self.programs.len());
                    self.programs.insert(at, new);
                }
                self.changed()
            }
            Request::RemoveProgram(pattern) => match self.place(&pattern) {
                Some(at) => {
                    self.programs.remove(at);
                    self.changed()
                }
                None => vec![refused("it is not on the list")],
            },
            Request::ReplaceProgram(Replacement { new, old }) => {
                match (self.place(&old), self.place(&new)) {
                    (None, _) => vec![refused("it is not on the list")],
                    (Some(at), other) if other.is_none_or(|other| other == at) => {
                        self.programs[at] = new;
                        self.changed()
                    }
                    _ => vec![refused("it is on the list already")],
                }
            }
            Request::GetStream(id) => {
                let mut streams = self.audio().streams.into_iter();
                let stream = streams.find(|stream| stream.id == id);
                vec![stream.map_or_else(
                    || refused("there is no such stream"),
                    |stream| self.detail(stream),
                )]
            }
            Request::Subscribe(_) => {
                let mut messages = vec![Message::Answer(Ok(Reply::Done))];
                messages.extend(self.greet());
                messages
            }
            _ => vec![refused("a window does not ask this")],
        }
    }

    /// Where a pattern is on the list, in whatever case.
    pub fn place(&self, pattern: &str) -> Option<usize> {
        let mut listed = self.programs.iter();
        listed.position(|listed| is_same(listed, pattern))
    }

    fn changed(&self) -> Vec<Message> {
        let reply = match &self.unsaved {
            Some(why) => Reply::Unsaved(Cow::Owned(why.clone())),
            None => Reply::Done,
        };
        let answer = Message::Answer(Ok(reply));
        vec![answer, self.programs_event(), self.streams_event()]
    }

    fn detail(&self, stream: Stream) -> Message {
        let same = |name: &str| is_same(name, &stream.name);
        let is_alone = self.streams.iter().filter(|(_, name)| same(name)).count() == 1;
        // A pattern that is no pattern can't be suggested.
        let is_sound = !stream.name.contains(['[', '*']) && !stream.name.is_empty();
        let suggestion = (is_alone && is_sound).then(|| Text::truncated(&stream.name));
        Message::Answer(Ok(Reply::Stream(Box::new(StreamDetail {
            key: None,
            reason: None,
            stream,
            omitted: 0,
            properties: Vec::new(),
            suggestion,
        }))))
    }

    fn mix(&self) -> Mix {
        let millionths = self.volume.millionths();
        let gain = |away: i32| {
            let left = 1_000_000 - away.max(0).unsigned_abs();
            Gain::try_from(left).unwrap_or_default()
        };
        Mix {
            aux: gain(-millionths),
            volume: self.volume,
            default: gain(millionths),
        }
    }

    fn audio(&self) -> Audio {
        let stream = |(id, name): &(u32, String)| {
            let rule = self.programs.iter().find(|pattern| matches(pattern, name));
            Stream {
                id: *id,
                pid: None,
                name: Text::truncated(name),
                rule: rule.copied(),
                rival: None,
                // Some of each.
                state: match id % 5 {
                    0 => StreamState::Pinned,
                    _ => StreamState::Routed,
                },
                binary: None,
                channel: match rule {
                    Some(_) => Channel::Aux,
                    None => Channel::Default,
                },
            }
        };
        Audio {
            output: Some(Text::truncated("card")),
            omitted: 0,
            streams: self.streams.iter().map(stream).collect(),
            pipewire: PipeWireState::Up,
            warnings: Vec::new(),
        }
    }
}

fn refused(why: &'static str) -> Message {
    Message::Answer(Err(Failure {
        code: ErrorCode::Refused,
        message: why.into(),
    }))
}

/// Either the same, or the same up to a star at the end.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => {
            let mut name = name.chars().map(fold);
            start.chars().map(fold).all(|c| name.next() == Some(c))
        }
        None => is_same(pattern, name),
    }
}
