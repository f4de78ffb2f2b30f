//! The status line: the last change of the list, warnings, the outputs.

use std::borrow::Cow;

use wire::{Output, Outputs, PipeWireState, Warning};

use super::daemon::Daemon;
use super::{Key, Message, Model, SliderMessage, Target};

/// A sentence in the status line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    /// Whether something is wrong.
    pub is_warning: bool,
    /// Whether the Undo button stands beside it.
    pub can_undo: bool,
}

impl Notice {
    fn new(text: impl Into<String>, is_warning: bool) -> Self {
        Self {
            text: text.into(),
            is_warning,
            can_undo: false,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct StatusLine {
    /// The last change of the list.
    pub(super) done: Option<Notice>,
    /// Whether mixd has said the list since then.
    pub(super) is_list_known: bool,
    /// The answer to the user's last action, such as why it was refused, until the next one.
    pub(super) answer: Option<Notice>,
}

impl StatusLine {
    /// An answer comes first; then a warning, with the Undo button of the last change beside it; then the
    /// last change; then the outputs.
    pub(super) fn notice(&self, daemon: &Daemon) -> Notice {
        if let Some(answer) = &self.answer {
            return answer.clone();
        }
        let standing = daemon.notice();
        match &self.done {
            Some(done) if standing.is_warning => Notice {
                can_undo: done.can_undo,
                ..standing
            },
            Some(done) => done.clone(),
            None => standing,
        }
    }
}

impl Daemon {
    /// The most urgent warning, else the outputs.
    pub(super) fn notice(&self) -> Notice {
        if !self.is_up() {
            return Notice::default();
        }
        if let Some(problem) = &self.settings.problem {
            return Notice::new(problem.as_str(), true);
        }
        if let Some(warning) = self.audio.warnings.first() {
            return Notice::new(warning_text(warning), true);
        }
        match self.audio.pipewire {
            PipeWireState::Up => played_to(&self.audio.outputs),
            PipeWireState::Down => Notice::new("PipeWire is not reachable", true),
            PipeWireState::Off => Notice::new("mixd runs without PipeWire (--backend none)", true),
            PipeWireState::Unknown => Notice::new(NEWER, true),
        }
    }
}

/// What the channels play to; where that is not the same, by the names for people, which are shorter.
fn played_to(outputs: &Outputs) -> Notice {
    match (&outputs.default, &outputs.aux) {
        (None, None) => Notice::new("There is no sound card to play to", true),
        (Some(default), Some(aux)) if default.name == aux.name => {
            Notice::new(format!("Plays to {}", default.name), false)
        }
        (default, aux) => {
            let title = |output: &Option<Output>| {
                let title = output.as_ref().map(Output::title);
                title.map_or("no card".to_owned(), ToString::to_string)
            };
            let (default, aux) = (title(default), title(aux));
            Notice::new(format!("Default plays to {default}, Aux to {aux}"), false)
        }
    }
}

/// What is said of a state that this window has no words for.
const NEWER: &str =
    "mixd says something that this window is too old for: 'mixctl status' may know it";

impl Model {
    /// Answers the user's last action in the status line.
    pub(super) fn say(&mut self, text: impl Into<String>, is_warning: bool) {
        self.status.answer = Some(Notice::new(text, is_warning));
    }

    /// Returns whether the user does something, so that the answer to the last action is no longer
    /// news. Moving about is no action: that is how the status line is reached, to be read whole.
    pub(super) fn is_action(&self, message: &Message) -> bool {
        match message {
            // What the window says stays to be copied.
            Message::Key(Key::Insert | Key::Letter('c'), _) => false,
            Message::Key(key, _) | Message::KeyRepeat(key, _) => !matches!(
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
            // A press into the focused text field only moves the caret.
            Message::Press(Some(target)) => {
                let is_caret = self.accepts_text() && *target == self.focus.target;
                *target != Target::StatusLine && !is_caret
            }
            Message::Preedit(text) => !text.is_empty(),
            Message::Text(_)
            | Message::TextRepeat(_)
            | Message::Press(None)
            | Message::Slider(SliderMessage::Grab(_) | SliderMessage::Wheel(_))
            | Message::Drop(_)
            | Message::Paste(_)
            | Message::Pasted(_) => true,
            _ => false,
        }
    }
}

/// Returns mixd's words as a sentence begins.
pub fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        // A name keeps its case.
        Some(first) if !text.starts_with("mixd") => {
            format!("{}{}", first.to_uppercase(), letters.as_str())
        }
        _ => text.to_owned(),
    }
}

fn warning_text(warning: &Warning) -> Cow<'static, str> {
    let text = match warning {
        Warning::Unknown => NEWER,
        Warning::OwnSinkIsDefault => {
            "The default sink is one of mixd's own: choose a sound card as the default"
        }
        Warning::OutputMissing => {
            "A configured output is not there: another card is played to meanwhile"
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
