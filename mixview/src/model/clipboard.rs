//! Copying and pasting: what is copied, and where pasted text goes.

use super::daemon::LinkState;
use super::text_field::Motion;
use super::{Effect, Model, Target};

/// Where copied text is kept until another program copies: X11 and Wayland have both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// What was copied by a key, or by a click that says so.
    Clipboard,
    /// What was selected last, in whichever window: the middle button pastes it.
    Primary,
}

/// How the status line begins when it shows what was copied.
const COPIED: &str = "Copied: ";

impl Model {
    /// Copies the selected text; where none is, the name or the pattern of the focused row, else the
    /// sentence that the window shows.
    pub(super) fn copy(&mut self) {
        if let Some(text) = self.selected_text() {
            self.effects.push(Effect::Copy(Selection::Clipboard, text));
            return;
        }
        let text = match (self.focus.target, &self.daemon.link) {
            (_, LinkState::Down(_)) => return self.copy_command(),
            // As in any other text field.
            _ if self.accepts_text() => return,
            (Target::Stream(id), _) => {
                let stream = self.daemon.stream(id);
                stream.map(|stream| stream.name.to_string())
            }
            (Target::Pattern(pattern), _) => Some(pattern.to_string()),
            _ => None,
        };
        let sentence = || {
            let text = self.alarm().unwrap_or_else(|| self.status().text);
            text.strip_prefix(COPIED).unwrap_or(&text).to_owned()
        };
        let text = text.unwrap_or_else(sentence);
        self.copy_and_say(text);
    }

    /// Copies the command that starts mixd, or, where none would help, why mixd can't be reached.
    pub(super) fn copy_command(&mut self) {
        if let LinkState::Down(error) = &self.daemon.link {
            let text = error.command.as_ref().unwrap_or(&error.reason).clone();
            self.copy_and_say(text);
        }
    }

    fn copy_and_say(&mut self, text: String) {
        if !text.is_empty() {
            // Why something was refused stays until something is done about it.
            if !self.status.is_refusal() {
                self.say(format!("{COPIED}{text}"), false);
            }
            self.effects.push(Effect::Copy(Selection::Clipboard, text));
        }
    }

    /// Copies the selected text and deletes it.
    pub(super) fn cut(&mut self) {
        if let Some(text) = self.selected_text()
            && let Some(field) = self.focused_field()
        {
            field.delete(Motion::Right);
            self.text_changed();
            self.effects.push(Effect::Copy(Selection::Clipboard, text));
        }
    }

    /// Makes the selected text what the middle button pastes.
    pub(super) fn own_primary(&mut self) {
        if let Some(text) = self.selected_text() {
            self.effects.push(Effect::Copy(Selection::Primary, text));
        }
    }

    /// Has text pasted into the focused field. One is waited for at a time: its owner may hang.
    pub(super) fn paste(&mut self, selection: Selection) {
        if self.accepts_text() && !self.awaits_paste {
            self.awaits_paste = true;
            self.effects.push(Effect::Paste(selection));
        }
    }

    /// Inserts pasted text, unless the focus has left the field that it was asked for in.
    pub(super) fn pasted(&mut self, text: &str) {
        if !std::mem::take(&mut self.awaits_paste) {
            return;
        }
        match self.focused_field().map(|field| field.paste(text)) {
            Some(true) => self.text_changed(),
            Some(false) => self.say("There is no text to paste", false),
            None => {}
        }
    }

    /// The selected text of the focused field.
    fn selected_text(&mut self) -> Option<String> {
        let field = self.focused_field()?;
        let text = &field.text()[field.selection()];
        (!text.is_empty()).then(|| text.to_owned())
    }
}
