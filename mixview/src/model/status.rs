//! The alarm, and the status line in the foot: the last change of the list, or the outputs.

use std::borrow::Cow;

use wire::{Output, Outputs, PipeWireState, Warning};

use super::daemon::Daemon;
use super::{Key, Message, Model, SliderMessage, Target};

/// A sentence for the status line, or for the banner of alarms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    /// Whether something is wrong: it is an alarm.
    pub is_warning: bool,
    /// Whether it is about a change that can be taken back.
    pub can_undo: bool,
    /// Whether it is about one that was taken back, and can be made again.
    pub can_redo: bool,
}

impl Notice {
    fn new(text: impl Into<String>, is_warning: bool) -> Self {
        Self {
            text: text.into(),
            is_warning,
            ..Self::default()
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
    /// Returns whether the user's last action was refused.
    pub(super) fn is_refusal(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.is_warning)
    }

    /// Returns what is wrong: with the user's last action, or else with what mixd has to go on.
    pub(super) fn alarm(&self, daemon: &Daemon) -> Option<String> {
        match &self.answer {
            Some(answer) if answer.is_warning => Some(answer.text.clone()),
            _ => daemon.alarm(),
        }
    }

    /// Returns what the foot says: the answer to the user's last action, or else the last change, or else
    /// the outputs.
    pub(super) fn notice(&self, daemon: &Daemon) -> Notice {
        let answer = self.answer.as_ref().filter(|answer| !answer.is_warning);
        match answer.or(self.done.as_ref()) {
            Some(notice) => notice.clone(),
            None => Notice::new(daemon.outputs(), false),
        }
    }
}

impl Daemon {
    /// Returns the most urgent of what is wrong.
    pub(super) fn alarm(&self) -> Option<String> {
        if !self.is_up() {
            return None;
        }
        if let Some(problem) = &self.settings.problem {
            return Some(problem.clone());
        }
        if let Some(warning) = self.audio.warnings.first() {
            return Some(warning_text(warning).into_owned());
        }
        let Outputs { aux, default } = &*self.audio.outputs;
        match self.audio.pipewire {
            PipeWireState::Up if aux.is_none() && default.is_none() => {
                Some("There is no sound card to play to".to_owned())
            }
            PipeWireState::Down => Some(NO_PIPEWIRE.to_owned()),
            PipeWireState::Unknown => Some(NEWER.to_owned()),
            PipeWireState::Up | PipeWireState::Off => None,
        }
    }

    /// Returns what the channels play to, by the cards' names for people; nothing if there is none.
    fn outputs(&self) -> String {
        if !self.is_up() {
            return String::new();
        }
        match self.audio.pipewire {
            PipeWireState::Up => {}
            PipeWireState::Off => return "mixd runs without PipeWire (--backend none)".to_owned(),
            PipeWireState::Down | PipeWireState::Unknown => return String::new(),
        }
        let title = |output: &Option<Output>| {
            let title = output.as_ref().map(Output::title);
            title.map_or("no card".to_owned(), ToString::to_string)
        };
        let Outputs { aux, default } = &*self.audio.outputs;
        match (default, aux) {
            (None, None) => String::new(),
            (Some(default), Some(aux)) if default.name == aux.name => {
                format!("Plays to {}", default.title())
            }
            _ => format!("Default plays to {}, Aux to {}", title(default), title(aux)),
        }
    }
}

const NO_PIPEWIRE: &str = "PipeWire is not reachable: start it with 'systemctl --user start pipewire', and mixd goes \
                           on by itself";

/// What is said of a state that this window has no words for.
const NEWER: &str =
    "mixd says something that this window is too old for: 'mixctl status' may know it";

impl Model {
    /// Answers the user's last action, by an alarm or in the status line.
    pub(super) fn say(&mut self, text: impl Into<String>, is_warning: bool) {
        self.status.answer = Some(Notice::new(text, is_warning));
    }

    /// Returns whether the user does something, so that the answer to the last action is no longer
    /// news. Moving about is no action, nor is another zoom: that is how the status line is reached, and
    /// read whole.
    pub(super) fn is_action(&self, message: &Message) -> bool {
        match message {
            // What the window says stays to be copied.
            Message::Key(Key::Insert | Key::Letter('c'), _) => false,
            // What is held, and does nothing, ends nothing; nor does text that comes too late.
            Message::KeyRepeat(key, modifiers) if !self.repeats(*key, *modifiers) => false,
            Message::TextRepeat(_) => self.is_typing,
            Message::Pasted(_) => self.awaits_paste,
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
                    | Key::Letter('+' | '=' | '-' | '0')
            ),
            // A press into the focused text field only moves the caret.
            Message::Press(Some(target)) => {
                let is_caret = self.accepts_text() && *target == self.focus.target;
                !matches!(target, Target::Alarm | Target::StatusLine) && !is_caret
            }
            Message::Preedit(text) => !text.is_empty(),
            Message::Text(_)
            | Message::Press(None)
            | Message::Slider(SliderMessage::Grab(_) | SliderMessage::Wheel(_))
            | Message::Drop(_)
            | Message::Paste(_) => true,
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
