//! What mixd is asked, and what it says.

use wire::{Event, Failure, Reply, Request, StreamState, Topic};

use super::change::Change;
use super::{Effect, Link, Lost, Model, Target, begun, nothing};

/// What a request that is not answered yet is for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    Subscription,
    Volume,
    /// Why a stream is where it is.
    Reason(u32),
    /// A change of the list.
    Change(Box<Change>),
}

impl Model {
    pub(super) fn ask(&mut self, request: Request, asked: Asked) {
        self.asked.push_back(asked);
        self.effects.push(Effect::Send(request));
    }

    pub(super) fn ask_reason(&mut self, id: u32) {
        let wanted = self
            .stream(id)
            .is_some_and(|stream| stream.state != StreamState::Routed);
        let mut asked = self.asked.iter();
        let is_asked = asked.any(|asked| matches!(asked, Asked::Reason(other) if *other == id));
        if wanted && !is_asked && !self.reasons.contains_key(&id) && self.link == Link::Up {
            self.ask(Request::GetStream(id), Asked::Reason(id));
        }
    }

    pub(super) fn connected(&mut self) {
        self.forget_asked();
        self.ask(
            Request::Subscribe(Topic::ALL.into_iter().collect()),
            Asked::Subscription,
        );
    }

    pub(super) fn lost(&mut self, lost: Lost) {
        self.forget_asked();
        if self.link == Link::Up {
            self.focus_left = Some(self.focus);
        }
        self.link = Link::Down(lost);
        self.audio = nothing();
        self.carried = None;
        self.reasons.clear();
    }

    /// Nothing that was asked will be answered any more.
    pub(super) fn forget_asked(&mut self) {
        let mut asked = self.asked.drain(..);
        let was_changing = asked.any(|asked| matches!(asked, Asked::Change(_)));
        drop(asked);
        self.slider.forget();
        self.said.done = None;
        if was_changing {
            self.tell("mixd did not answer: that may or may not be done", true);
        }
    }

    pub(super) fn event(&mut self, event: Event<'static>) {
        // The first of them says that all is well.
        self.link = Link::Up;
        let before = self.standing();
        match event {
            Event::Volume(mix) => self.mix = mix,
            Event::Programs(programs) => {
                // Another hand has changed it since: what was done here is no longer what undo takes back.
                if self.said.is_listed && *programs != *self.programs {
                    self.said.done = None;
                }
                self.said.is_listed = true;
                self.programs = programs.into_owned();
                let edited = self.edit.as_ref().map(|edit| edit.pattern);
                if edited.is_some_and(|pattern| !self.lists(pattern)) {
                    self.edit = None;
                }
            }
            Event::Streams(audio) => {
                let before = std::mem::replace(&mut self.audio, audio.into_owned());
                // What has not changed is as it is for the same reason.
                let same = |id: &u32| {
                    let before = before.streams.iter().find(|stream| stream.id == *id);
                    before.is_some() && before == self.stream(*id)
                };
                let kept: Vec<u32> = self.reasons.keys().copied().filter(same).collect();
                self.reasons.retain(|id, _| kept.contains(id));
                for target in [Some(self.focus), self.hover].into_iter().flatten() {
                    if let Target::Stream(id) = target {
                        self.ask_reason(id);
                    }
                }
            }
            Event::Settings(settings) => self.settings = settings.into_owned(),
        }
        // What goes wrong now is news, more so than what was answered before.
        let now = self.standing();
        if now.alarm && now != before {
            self.said.answer = None;
        }
        let left = self.focus_left;
        if let Some(target) = left.filter(|target| self.order().contains(target)) {
            self.focus_on(target);
        }
        // What is typed in a row's place outlasts a restart of mixd, unless it was left meanwhile.
        if self.focus != Target::Edit {
            self.edit = None;
        }
    }

    pub(super) fn answer(&mut self, answer: Result<Reply<'static>, Failure>) {
        // Nothing is answered that was not asked; a daemon that does it is wrong, not us.
        let Some(asked) = self.asked.pop_front() else {
            return;
        };
        match asked {
            Asked::Subscription => {
                if let Err(failure) = answer {
                    self.tell(begun(&failure.message), true);
                }
            }
            Asked::Volume => {
                if let Ok(Reply::Mix(mix)) = answer {
                    self.mix = mix;
                }
                if let Some(volume) = self.slider.answered() {
                    self.ask(Request::SetVolume(volume), Asked::Volume);
                }
            }
            Asked::Reason(id) => {
                let reason = match answer {
                    Ok(Reply::Stream(detail)) => detail.reason,
                    _ => None,
                };
                let reason = reason.map(|reason| reason.to_string());
                self.reasons.insert(id, reason.unwrap_or_default());
            }
            Asked::Change(change) => self.changed(*change, answer),
        }
    }
}
