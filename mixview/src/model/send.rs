//! A stream is sent to the other channel: by which patterns, and what else they hold.

use wire::message::Pattern;
use wire::{Channel, Request, StreamDetail};

use super::change::{Change, Origin};
use super::step::Step;
use super::{Asked, Link, Model};

/// A stream on its way to the other channel, while the patterns that this takes are asked for.
#[derive(Debug)]
pub(super) struct Plan {
    id: u32,
    name: String,
    to: Channel,
    /// Whether its pattern is known.
    is_known: bool,
    /// The stream's own.
    own: Option<Pattern>,
    /// Where it was chosen.
    origin: Origin,
    hold: Hold,
}

/// A pattern that is to be taken off the list for one of the streams it holds: the others stay.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hold {
    rule: Option<Pattern>,
    /// Whose patterns are not known yet.
    waits: Vec<u32>,
    /// Those of the streams that are to stay.
    others: Vec<Pattern>,
}

/// A stream that leaves the aux channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaver {
    pub(super) id: u32,
    name: String,
    /// Its own pattern, which is not for those that stay.
    own: Option<Pattern>,
    /// Whether no pattern holds it any more, as far as one may go.
    pub(super) is_out: bool,
    hold: Option<Hold>,
    /// The patterns that have been taken off the list for it.
    was: Vec<Pattern>,
}

impl Hold {
    fn learn(&mut self, id: u32, detail: Option<StreamDetail>) {
        self.waits.retain(|&other| other != id);
        if let Some(pattern) = detail.and_then(|detail| detail.suggestion)
            && !self.others.contains(&pattern)
        {
            self.others.push(pattern);
        }
    }

    /// What lets one of the streams go: those of its program have its pattern, and go with it.
    fn steps(&self, own: Option<Pattern>) -> Vec<Step> {
        let others = self.others.iter().copied();
        let others = others.filter(|pattern| Some(*pattern) != own && Some(*pattern) != self.rule);
        let steps = others.map(Step::Add);
        steps.chain(self.rule.map(Step::Remove)).collect()
    }
}

impl Model {
    /// Sends a stream to the other channel.
    pub(super) fn send_over(&mut self, id: u32) {
        if let Some(stream) = self.stream(id) {
            let to = match stream.channel {
                Channel::Aux => Channel::Default,
                Channel::Default => Channel::Aux,
            };
            self.send_to(id, to, Origin::Row);
        }
    }

    /// Sends a stream to a channel. The patterns that this takes are asked for first: its own,
    /// and, where the rule that put it there holds others too, theirs, so that they stay.
    pub(super) fn send_to(&mut self, id: u32, to: Channel, origin: Origin) {
        if self.plan.is_some() || self.link != Link::Up {
            return;
        }
        let Some(stream) = self.stream(id) else {
            return;
        };
        if stream.channel == to {
            return;
        }
        let (rule, name) = (stream.rule, stream.name.to_string());
        self.ask(Request::GetStream(id), Asked::Suggestion(id));
        self.plan = Some(Plan {
            id,
            name,
            to,
            is_known: false,
            own: None,
            origin,
            hold: self.hold(id, rule, Asked::Suggestion),
        });
    }

    /// Asks for the patterns of the other streams that a rule holds.
    fn hold(&mut self, id: u32, rule: Option<Pattern>, asked: fn(u32) -> Asked) -> Hold {
        let streams = self.audio.streams.iter();
        let others = streams.filter(|other| rule.is_some() && other.rule == rule && other.id != id);
        let waits: Vec<u32> = others.map(|other| other.id).collect();
        for &id in &waits {
            self.ask(Request::GetStream(id), asked(id));
        }
        Hold {
            rule,
            waits,
            others: Vec::new(),
        }
    }

    /// The narrowest pattern of a stream that the plan waits for.
    pub(super) fn suggested(&mut self, id: u32, detail: Option<StreamDetail>) {
        let Some(mut plan) = self.plan.take() else {
            return;
        };
        if id == plan.id {
            plan.own = detail.and_then(|detail| detail.suggestion);
            plan.is_known = true;
        } else {
            plan.hold.learn(id, detail);
        }
        if !plan.is_known || !plan.hold.waits.is_empty() {
            self.plan = Some(plan);
            return;
        }
        let Plan {
            id,
            name,
            to,
            own,
            origin,
            hold,
            ..
        } = plan;
        let (steps, words, leaves) = match (to, own, hold.rule) {
            (Channel::Aux, Some(own), _) => {
                (vec![Step::Add(own)], format!("{name} plays on Aux"), None)
            }
            (Channel::Default, _, Some(rule)) => {
                let leaver = Leaver {
                    id,
                    name: name.clone(),
                    own,
                    is_out: false,
                    hold: None,
                    was: vec![rule],
                };
                let words = format!("{name} plays on Default");
                (hold.steps(own), words, Some(leaver))
            }
            _ => {
                let text = format!("No pattern matches {name} alone: type one that does");
                return self.tell(text, true);
            }
        };
        self.change(Change {
            words,
            steps,
            origin,
            leaves,
        });
    }

    /// What holds the stream that leaves, now that a pattern has gone: perhaps another one does.
    pub(super) fn held_by(&mut self, detail: Option<StreamDetail>) {
        let Some(mut work) = self.changes.now.take() else {
            return;
        };
        if let Some(mut leaver) = work.change.leaves.take() {
            let stream = detail.map(|detail| detail.stream);
            let rule = stream.as_ref().and_then(|stream| stream.rule);
            // What was taken off once and is there again is somebody else's wish.
            match rule.filter(|rule| !leaver.was.contains(rule)) {
                Some(rule) => {
                    leaver.was.push(rule);
                    leaver.hold = Some(self.hold(leaver.id, Some(rule), Asked::Stayer));
                }
                None => leaver.is_out = true,
            }
            if let (true, Some(rule)) = (leaver.is_out, rule) {
                work.change.words = format!("{} still plays on Aux, by {rule}", leaver.name);
            }
            work.change.leaves = Some(leaver);
        }
        self.changes.now = Some(work);
        self.let_go_of_next();
    }

    /// The narrowest pattern of a stream that stays.
    pub(super) fn stays(&mut self, id: u32, detail: Option<StreamDetail>) {
        let leaver = self.changes.leaver();
        if let Some(hold) = leaver.and_then(|leaver| leaver.hold.as_mut()) {
            hold.learn(id, detail);
        }
        self.let_go_of_next();
    }

    /// Goes on with the change, once all is known of the next pattern that holds what leaves.
    fn let_go_of_next(&mut self) {
        let Some(leaver) = self.changes.leaver() else {
            return;
        };
        match leaver.hold.take() {
            Some(hold) if !hold.waits.is_empty() => leaver.hold = Some(hold),
            hold => {
                let own = leaver.own;
                let steps = hold.map_or_else(Vec::new, |hold| hold.steps(own));
                if let Some(mut work) = self.changes.now.take() {
                    let steps = steps.into_iter();
                    work.left = steps.filter_map(|step| step.on(&self.programs)).collect();
                    self.go_on(work);
                }
            }
        }
    }
}
