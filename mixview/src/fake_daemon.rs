//! A mixd for tests: answers a model's requests as the real one would, when it is told to. The fuzz target
//! `model` has this file by its path.

// Each of them uses a part.
#![allow(dead_code)]

use std::borrow::Cow;
use std::collections::VecDeque;

use wire::message::{Change, Move, Replacement, Rule};
use wire::{
    Audio, Channel, ErrorCode, Event, Failure, Mix, Output, Outputs, PipeWireState, Reason, Reply,
    Request, Settings, Stream, StreamDetail, StreamState, Text, Volume, fold, is_same,
};

use super::model::Message;

#[derive(Debug, Default)]
pub struct FakeDaemon {
    pub volume: Volume,
    pub programs: Vec<Rule>,
    /// The lists before each change, the oldest first.
    pub undo_stack: Vec<Vec<Rule>>,
    /// The lists before each undo.
    redo_stack: Vec<Vec<Rule>>,
    /// Ids and names.
    streams: Vec<(u32, String)>,
    /// The requests that are not answered yet.
    pub inbox: VecDeque<Request>,
    /// Why nothing can be saved, if nothing can.
    pub unsaved: Option<String>,
}

impl FakeDaemon {
    pub fn new(names: &[&str], patterns: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned());
        let patterns = patterns.iter().map(|text| Text::truncated(text));
        Self {
            programs: patterns.map(Rule::Program).collect(),
            streams: (1..).zip(names).collect(),
            ..Self::default()
        }
    }

    /// Adds a stream, in place of another of this id.
    pub fn appear(&mut self, id: u32, name: &str) {
        self.vanish(id);
        self.streams.push((id, name.to_owned()));
    }

    pub fn vanish(&mut self, id: u32) {
        self.streams.retain(|(other, _)| *other != id);
    }

    /// Returns the events that a subscriber gets at once.
    pub fn events(&self) -> Vec<Message> {
        vec![
            self.volume_event(),
            self.programs_event(),
            self.streams_event(),
            Message::Event(Event::Settings(Cow::Owned(Settings::default()))),
        ]
    }

    pub fn volume_event(&self) -> Message {
        Message::Event(Event::Volume(self.mix()))
    }

    pub fn programs_event(&self) -> Message {
        Message::Event(Event::Programs(Cow::Owned(self.programs.clone())))
    }

    pub fn streams_event(&self) -> Message {
        Message::Event(Event::Streams(Cow::Owned(self.audio())))
    }

    /// Returns the reply to the oldest request, and the events that follow.
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
            Request::TryAddProgram(pattern) if pattern.contains('[') => {
                vec![refused("the pattern has a [ without its ]")]
            }
            Request::TryAddProgram(pattern) => {
                let mut streams = self.audio().streams;
                let moves =
                    |stream: &Stream| stream.rule.is_none() && matches(&pattern, &stream.name);
                streams.retain(moves);
                vec![Message::Reply(Ok(Reply::Streams(streams.into())))]
            }
            Request::RemoveProgram(pattern) => match self.position(&pattern) {
                Some(at) => {
                    self.change(|programs| _ = programs.remove(at));
                    self.done()
                }
                None => vec![refused("it is not on the list")],
            },
            Request::ReplaceProgram(Replacement { new, old }) => {
                match (self.position(&old), self.position(&new)) {
                    (None, _) => vec![refused("it is not on the list")],
                    (Some(at), other) if other.is_none_or(|other| other == at) => {
                        self.change(|programs| programs[at] = programs[at].with(new));
                        self.done()
                    }
                    _ => vec![refused("it is on the list already")],
                }
            }
            Request::MoveStream(to) => self.move_stream(to),
            Request::Undo => match self.undo_stack.pop() {
                Some(list) => {
                    let before = std::mem::replace(&mut self.programs, list);
                    self.redo_stack.push(before.clone());
                    self.changed("took back what was done".to_owned(), &before)
                }
                None => vec![no_change("there is nothing to undo")],
            },
            Request::Redo => match self.redo_stack.pop() {
                Some(list) => {
                    let before = std::mem::replace(&mut self.programs, list);
                    self.undo_stack.push(before.clone());
                    self.changed("did again what was taken back".to_owned(), &before)
                }
                None => vec![no_change("there is nothing to redo")],
            },
            Request::GetStream(id) => {
                let mut streams = self.audio().streams.into_iter();
                let stream = streams.find(|stream| stream.id == id);
                vec![stream.map_or_else(|| refused("there is no such stream"), Self::detail)]
            }
            Request::Subscribe(_) => {
                let mut messages = vec![Message::Reply(Ok(Reply::Done))];
                messages.extend(self.events());
                messages
            }
            _ => vec![refused("a window does not ask this")],
        }
    }

    /// Returns where a pattern is on the list, in whatever case.
    fn position(&self, pattern: &str) -> Option<usize> {
        let mut listed = self.programs.iter();
        listed.position(|rule| is_same(rule.pattern(), pattern))
    }

    /// Adds a rule to the list, in place of another about its pattern.
    pub fn add(&mut self, rule: Rule) {
        let at = self.position(rule.pattern());
        self.change(|programs| match at {
            Some(at) => programs[at] = rule,
            None => programs.push(rule),
        });
    }

    pub fn change(&mut self, change: impl FnOnce(&mut Vec<Rule>)) {
        let before = self.programs.clone();
        change(&mut self.programs);
        if before != self.programs {
            self.undo_stack.push(before);
            self.redo_stack.clear();
        }
    }

    /// Adds a stream's name to the list, or removes what matches it. Other streams that it matches move
    /// too, which the real mixd prevents.
    fn move_stream(&mut self, Move { id, channel }: Move) -> Vec<Message> {
        let mut streams = self.streams.iter();
        let Some((_, name)) = streams.find(|(other, _)| *other == id) else {
            return vec![refused("there is no such stream")];
        };
        // As a pattern, it would match nothing or something else.
        if name.contains(['[', '*']) || name.is_empty() {
            return vec![refused("no pattern matches it alone")];
        }
        let name = name.clone();
        if let Some(Rule::Ignore(_)) = self.rule(&name) {
            return vec![refused("the list says to leave it alone")];
        }
        let before = self.programs.clone();
        match channel {
            Channel::Aux => self.add(Rule::Program(Text::truncated(&name))),
            Channel::Default => {
                self.change(|programs| programs.retain(|rule| !matches(rule.pattern(), &name)));
            }
        }
        self.changed(format!("{name} plays through {channel}"), &before)
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

    /// The reply to a request that mixd has words for.
    fn changed(&self, text: String, before: &[Rule]) -> Vec<Message> {
        let except = |list: &[Rule], other: &[Rule]| {
            let rules = list.iter().filter(|rule| !other.contains(rule));
            rules.copied().collect()
        };
        self.answered(Reply::Changed(Change {
            text: Cow::Owned(text),
            added: except(&self.programs, before),
            omitted: 0,
            removed: except(before, &self.programs),
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
        Settings::default().curve.mix(self.volume)
    }

    fn audio(&self) -> Audio {
        let stream = |(id, name): &(u32, String)| {
            let rule = self.rule(name);
            Stream {
                id: *id,
                pid: None,
                name: Text::truncated(name),
                rule: rule.map(Rule::pattern).copied(),
                linked_by: None,
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
                process: None,
                running: id % 3 != 0,
                description: (id % 4 == 0).then(|| Text::truncated("Sound")),
            }
        };
        let card = Some(Output {
            name: Text::truncated("card"),
            description: None,
        });
        let (aux, default) = (card, card);
        Audio {
            omitted: 0,
            outputs: Box::new(Outputs { aux, default }),
            streams: self.streams.iter().map(stream).collect(),
            pipewire: PipeWireState::Up,
            warnings: Vec::new(),
        }
    }
}

fn no_change(why: &'static str) -> Message {
    Message::Reply(Err(Failure::refused(Reason::NoChange, why)))
}

fn refused(why: &'static str) -> Message {
    Message::Reply(Err(Failure::new(ErrorCode::Refused, why)))
}

/// Returns whether a pattern, with no star but at its end, matches a name.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => {
            let mut name = name.chars().map(fold);
            start.chars().map(fold).all(|c| name.next() == Some(c))
        }
        None => is_same(pattern, name),
    }
}
