//! What is said at the window's foot: what was done and answered, what is wrong, where the sound
//! goes.

use std::borrow::Cow;

use wire::{PipeWireState, Warning};

use super::{Key, Link, Message, Model, Target};

/// What is said at the window's foot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Whether something is wrong.
    pub alarm: bool,
    /// Whether the last change can be taken back.
    pub undo: bool,
}

impl Notice {
    fn new(text: impl Into<String>, alarm: bool) -> Self {
        Self {
            text: text.into(),
            alarm,
            undo: false,
        }
    }
}

/// What was said last.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What was done: until something else is.
    pub(super) done: Option<Notice>,
    /// Whether mixd has said the list since then.
    pub(super) is_listed: bool,
    /// What a hand was told, such as why something was refused: until it does something else.
    pub(super) answer: Option<Notice>,
}

impl Model {
    /// What is said at the window's foot. An answer is read first; then what is wrong, for as long
    /// as it is, with the button that takes back what was done beside it; then what was done, and
    /// where the sound goes.
    pub fn foot(&self) -> Notice {
        if let Some(answer) = &self.said.answer {
            return answer.clone();
        }
        let standing = self.standing();
        match &self.said.done {
            Some(done) if standing.alarm => Notice {
                undo: done.undo,
                ..standing
            },
            Some(done) => done.clone(),
            None => standing,
        }
    }

    /// What there is to say when nothing was done: what is wrong, else where the sound goes.
    pub(super) fn standing(&self) -> Notice {
        if self.link != Link::Up {
            return Notice::new("", false);
        }
        if let Some(problem) = &self.settings.problem {
            return Notice::new(problem.as_str(), true);
        }
        if let Some(warning) = self.audio.warnings.first() {
            return Notice::new(warned(warning), true);
        }
        match (&self.audio.output, self.audio.pipewire) {
            (Some(output), PipeWireState::Up) => Notice::new(format!("Plays to {output}"), false),
            (None, PipeWireState::Up) => Notice::new("There is no sound card to play to", true),
            (_, PipeWireState::Down) => Notice::new("PipeWire is not reachable", true),
            (_, PipeWireState::Off) => {
                Notice::new("mixd runs without PipeWire (--backend none)", true)
            }
        }
    }

    /// Answers a hand.
    pub(super) fn tell(&mut self, text: impl Into<String>, alarm: bool) {
        self.said.answer = Some(Notice::new(text, alarm));
    }

    /// Whether a hand does something, so that what it was answered is no longer news. To move
    /// about is not: the foot is reached so, to be read to its end.
    pub(super) fn is_act(&self, message: &Message) -> bool {
        match message {
            Message::Key(key, _) => !matches!(
                key,
                Key::Tab
                    | Key::Left
                    | Key::Right
                    | Key::Up
                    | Key::Down
                    | Key::Home
                    | Key::End
                    | Key::PageUp
                    | Key::PageDown
            ),
            // Into a text that is being typed, only the caret goes.
            Message::Click(target) => {
                *target != Target::Foot && !(self.types() && *target == self.focus)
            }
            Message::Composed(text) => !text.is_empty(),
            Message::Typed(_)
            | Message::Away
            | Message::Hold(_)
            | Message::Turn(_)
            | Message::Drop(_) => true,
            _ => false,
        }
    }
}

/// What mixd says, as a sentence begins.
pub fn begun(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        // A name is not to be changed: mixd stays mixd.
        Some(first) if !text.starts_with("mixd") => {
            format!("{}{}", first.to_uppercase(), letters.as_str())
        }
        _ => text.to_owned(),
    }
}

/// A warning in words that say what to do.
fn warned(warning: &Warning) -> Cow<'static, str> {
    let text = match warning {
        Warning::OwnSinkIsDefault => {
            "The default sink is one of mixd's own: choose a sound card as the default"
        }
        Warning::OutputMissing => {
            "The configured output is not there: another card is played to meanwhile"
        }
        Warning::LeadsBack(name) => {
            return format!(
                "{name} leads back into mixd's own sinks: only cards that do not are played to"
            )
            .into();
        }
        Warning::SinksRemoved => {
            "Something has removed mixd's sinks six times: they are made anew within a minute"
        }
        Warning::LinksRemoved => {
            "Something has removed mixd's links to the card four times: they are made anew within half \
             a minute"
        }
        Warning::ManagerHangs => "The session manager hangs: mixd links by itself meanwhile",
        Warning::MovingForbidden => {
            "The session manager moves no stream (linking.allow-moving-streams): nothing is mixed"
        }
        Warning::DefaultMuted => "The default channel is muted: unmute mixd-default in a mixer",
        Warning::AuxMuted => "The aux channel is muted: unmute mixd-aux in a mixer",
        Warning::DefaultLevelContested => {
            "Something sets the level of mixd-default again and again: a mixer, or gain control"
        }
        Warning::AuxLevelContested => {
            "Something sets the level of mixd-aux again and again: a mixer, or gain control"
        }
    };
    text.into()
}
