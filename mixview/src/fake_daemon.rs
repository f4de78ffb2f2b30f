//! A mixd that is not there: answers a model's requests as the real one would, when it is told to.

use std::borrow::Cow;
use std::collections::VecDeque;

use wire::message::{Change, Move, Replacement, Rule};
use wire::{
    Audio, Channel, ErrorCode, Event, Failure, Gain, Mix, PipeWireState, Reply, Request, Settings,
    Stream, StreamDetail, StreamState, Text, Volume, fold, is_same,
};

use crate::model::Message;

/// The state of a mixd, and what it has been asked and not answered yet.
#[derive(Debug, Default)]
pub struct FakeDaemon {
    /// The volume.
    pub volume: Volume,
    /// The list.
    pub programs: Vec<Rule>,
    /// The lists from before each change, the last one at the end.
    past: Vec<Vec<Rule>>,
    /// Those from before each change was taken back.
    next: Vec<Vec<Rule>>,
    streams: Vec<(u32, String)>,
    /// Requests that are not answered.
    pub inbox: VecDeque<Request>,
    /// Why nothing can be saved, if nothing can.
    pub unsaved: Option<String>,
}

impl FakeDaemon {
    /// One with these streams and patterns.
    pub fn new(names: &[&str], patterns: &[&str]) -> Self {
        let mut daemon = Self::default();
        for (id, name) in (1..).zip(names) {
            daemon.streams.push((id, (*name).to_owned()));
        }
        let patterns = patterns.iter().map(|text| Text::truncated(text));
        daemon.programs = patterns.map(Rule::Program).collect();
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
                let mix = Message::Reply(Ok(Reply::Mix(self.mix())));
                vec![mix, self.volume_event()]
            }
            Request::AddProgram(new) | Request::ReplaceProgram(Replacement { new, .. })
                if new.contains('[') || new.is_empty() =>
            {
                vec![refused("the pattern has a [ without its ]")]
            }
            Request::AddProgram(pattern) => {
                self.add(Rule::Program(pattern));
                self.done()
            }
            Request::RemoveProgram(pattern) => match self.place(&pattern) {
                Some(at) => {
                    self.change(|programs| _ = programs.remove(at));
                    self.done()
                }
                None => vec![refused("it is not on the list")],
            },
            Request::ReplaceProgram(Replacement { new, old }) => {
                match (self.place(&old), self.place(&new)) {
                    (None, _) => vec![refused("it is not on the list")],
                    (Some(at), other) if other.is_none_or(|other| other == at) => {
                        self.change(|programs| programs[at] = programs[at].with(new));
                        self.done()
                    }
                    _ => vec![refused("it is on the list already")],
                }
            }
            Request::MoveStream(wish) => self.send(wish),
            Request::Undo => match self.past.pop() {
                Some(list) => {
                    self.next.push(std::mem::replace(&mut self.programs, list));
                    self.changed("took back what was done".to_owned())
                }
                None => vec![refused("there is nothing to undo")],
            },
            Request::Redo => match self.next.pop() {
                Some(list) => {
                    self.past.push(std::mem::replace(&mut self.programs, list));
                    self.changed("did again what was taken back".to_owned())
                }
                None => vec![refused("there is nothing to redo")],
            },
            Request::GetStream(id) => {
                let mut streams = self.audio().streams.into_iter();
                let stream = streams.find(|stream| stream.id == id);
                vec![stream.map_or_else(|| refused("there is no such stream"), Self::detail)]
            }
            Request::Subscribe(_) => {
                let mut messages = vec![Message::Reply(Ok(Reply::Done))];
                messages.extend(self.greet());
                messages
            }
            _ => vec![refused("a window does not ask this")],
        }
    }

    /// Where a pattern is on the list, in whatever case.
    pub fn place(&self, pattern: &str) -> Option<usize> {
        let mut listed = self.programs.iter();
        listed.position(|rule| is_same(rule.pattern(), pattern))
    }

    /// Puts a rule on the list, by whatever hand: it takes the place of another about its pattern.
    pub fn add(&mut self, rule: Rule) {
        let at = self.place(rule.pattern());
        self.change(|programs| match at {
            Some(at) => programs[at] = rule,
            None => programs.push(rule),
        });
    }

    /// Changes the list, by whatever hand.
    pub fn change(&mut self, change: impl FnOnce(&mut Vec<Rule>)) {
        let before = self.programs.clone();
        change(&mut self.programs);
        if before != self.programs {
            self.past.push(before);
            self.next.clear();
        }
    }

    /// Adds a stream's name or takes off what matches it: what else that holds goes along, which the
    /// real one prevents.
    fn send(&mut self, Move { id, channel }: Move) -> Vec<Message> {
        let mut streams = self.streams.iter();
        let Some((_, name)) = streams.find(|(other, _)| *other == id) else {
            return vec![refused("there is no such stream")];
        };
        // A pattern that is no pattern matches nothing.
        if name.contains(['[', '*']) || name.is_empty() {
            return vec![refused("no pattern matches it alone")];
        }
        let name = name.clone();
        if self.is_ignored(&name) {
            return vec![refused("the list says to leave it alone")];
        }
        match channel {
            Channel::Aux => self.add(Rule::Program(Text::truncated(&name))),
            Channel::Default => {
                self.change(|programs| programs.retain(|rule| !matches(rule.pattern(), &name)));
            }
        }
        self.changed(format!("{name} plays through {channel}"))
    }

    fn is_ignored(&self, name: &str) -> bool {
        matches!(self.rule(name), Some(Rule::Ignore(_)))
    }

    fn rule(&self, name: &str) -> Option<&Rule> {
        let mut rules = self.programs.iter();
        rules.find(|rule| matches(rule.pattern(), name))
    }

    fn done(&self) -> Vec<Message> {
        self.answered(match &self.unsaved {
            Some(why) => Reply::Unsaved(Cow::Owned(why.clone())),
            None => Reply::Done,
        })
    }

    /// The answer to a request that mixd has words for. Which rules came and went, nobody reads here:
    /// only that there are some.
    fn changed(&self, text: String) -> Vec<Message> {
        self.answered(Reply::Changed(Change {
            text: Cow::Owned(text),
            added: vec![Rule::Program(Text::default())],
            omitted: 0,
            removed: Vec::new(),
            unsaved: self.unsaved.clone().map(Cow::Owned),
        }))
    }

    fn answered(&self, reply: Reply<'static>) -> Vec<Message> {
        let answer = Message::Reply(Ok(reply));
        vec![answer, self.programs_event(), self.streams_event()]
    }

    fn detail(stream: Stream) -> Message {
        Message::Reply(Ok(Reply::Stream(Box::new(StreamDetail {
            key: None,
            reason: None,
            stream,
            omitted: 0,
            properties: Vec::new(),
            suggestion: None,
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
            let rule = self.rule(name);
            Stream {
                id: *id,
                pid: None,
                name: Text::truncated(name),
                rule: rule.map(Rule::pattern).copied(),
                rival: None,
                // Some of each.
                state: match rule {
                    Some(Rule::Ignore(_)) => StreamState::Ignored,
                    _ if id % 5 == 0 => StreamState::Pinned,
                    _ => StreamState::Routed,
                },
                binary: None,
                channel: match rule {
                    Some(Rule::Program(_)) => Channel::Aux,
                    _ => Channel::Default,
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
    Message::Reply(Err(Failure {
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
