//! The keys and their actions.

use wire::{Channel, Request, Volume};

use super::drag::Drag;
use super::slider::{STEP, SliderMessage};
use super::text_field::{Motion, TextField};
use super::{Effect, Message, Model, Selection, Target};

/// A key that is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    PageUp,
    PageDown,
    Enter,
    Escape,
    Tab,
    Backspace,
    Delete,
    Insert,
    F1,
    F2,
    /// A letter, a digit or a sign, together with Ctrl.
    Letter(char),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modifiers {
    pub shift: bool,
    pub control: bool,
}

/// The lines of the help: keys and what they do, as short as the smallest window needs them.
pub const KEYS: [(&str, &str); 17] = [
    ("Tab, Shift+Tab", "to the next part, or back"),
    ("← →", "slider: by 0.05, with Shift 0.01"),
    ("Page Up, Page Down", "slider: by 0.2"),
    ("Home, End, 0", "slider: to an end, to the middle"),
    ("↑ ↓ ← →", "list: to another row or column"),
    ("Enter, Space", "program: to the other side"),
    ("Ctrl+←, Ctrl+→", "program: to that side"),
    ("+", "type a new pattern"),
    ("Enter, F2", "pattern, slider: type another"),
    ("Delete", "pattern: take it off the list"),
    ("Enter, Esc", "text: done, or given up"),
    ("Ctrl+C, X, V", "copy, cut, paste"),
    ("Ctrl+Z", "take the last change back"),
    ("Ctrl+Shift+Z, Ctrl+Y", "make it again"),
    ("Ctrl with +, −, 0", "larger, smaller, as before"),
    ("?, F1", "show these keys"),
    ("Ctrl+Q, Ctrl+W", "close the window"),
];

impl Model {
    /// Returns whether a key that is held down acts more than once. What changes the list never does.
    pub(super) fn repeats(&self, key: Key, modifiers: Modifiers) -> bool {
        match key {
            // Ctrl+Left and Ctrl+Right send programs.
            Key::Left | Key::Right => !modifiers.control || self.accepts_text(),
            Key::Up | Key::Down | Key::Home | Key::End | Key::PageUp | Key::PageDown => true,
            Key::Backspace => self.accepts_text(),
            _ => false,
        }
    }

    pub(super) fn key(&mut self, key: Key, modifiers: Modifiers) {
        self.is_typing = false;
        match key {
            Key::Escape => return self.escape(),
            Key::Letter('q' | 'w') if modifiers.control => return self.effects.push(Effect::Close),
            Key::Letter('+' | '=') if modifiers.control => return self.zoom.larger(),
            Key::Letter('-') if modifiers.control => return self.zoom.smaller(),
            Key::Letter('0') if modifiers.control => return self.zoom.reset(),
            Key::F1 => {
                self.help = !self.help;
                return;
            }
            // The help hides what the other keys would act on.
            _ if self.help => {
                self.help = key != Key::Enter;
                return;
            }
            _ => {}
        }
        match (key, self.focus.target) {
            (Key::Tab, _) => {
                if self.leave_edit() && self.finish_value() {
                    self.focus_next(modifiers.shift);
                }
            }
            (Key::Letter(letter @ ('z' | 'y')), _) if modifiers.control => {
                self.undo_or_redo(letter == 'y' || modifiers.shift);
            }
            (Key::Letter('c') | Key::Insert, _) if modifiers.control => self.copy(),
            _ if self.accepts_text() => self.text_key(key, modifiers),
            (Key::Enter | Key::F2, Target::Slider) => self.type_value(),
            (_, Target::Slider) => self.slider_key(key, modifiers),
            (Key::Left, Target::Stream(id)) if modifiers.control => {
                self.move_stream(id, Channel::Default);
            }
            (Key::Right, Target::Stream(id)) if modifiers.control => {
                self.move_stream(id, Channel::Aux);
            }
            (Key::Enter, Target::Stream(id)) => self.move_across(id),
            (Key::Enter | Key::F2, Target::Pattern(pattern)) => self.start_edit(pattern),
            (Key::Delete | Key::Backspace, Target::Pattern(pattern)) => {
                self.edit_list(Request::RemoveProgram(pattern), None);
            }
            (Key::Enter, target @ (Target::Undo | Target::Redo | Target::Help)) => {
                self.click(target);
            }
            _ => self.focus_within(key),
        }
        self.focus.is_visible = true;
    }

    pub(super) fn text(&mut self, text: &str) {
        self.is_typing = self.accepts_text();
        if let Some(field) = self.focused_field() {
            field.insert(text);
            self.text_changed();
            return;
        }
        match text {
            "?" => self.help = !self.help,
            _ if self.help => {}
            "0" => self.slide(SliderMessage::Set(Volume::MIDDLE)),
            "+" if self.daemon.is_up() && !self.focus.is_low => self.focus_on(Target::Entry),
            " " => self.key(Key::Enter, Modifiers::default()),
            _ => {}
        }
    }

    /// Closes or cancels the nearest: the help, a drag, an edit, a value, what is typed in the entry, its
    /// focus. It never ends the window.
    fn escape(&mut self) {
        if self.help {
            self.help = false;
        } else if self.drag.dragged().is_some() {
            self.drag = Drag::Cancelled;
        } else if self.slider.is_held() {
            self.slide(SliderMessage::Cancel);
        } else if self.focus.target == Target::Value {
            self.focus_on(Target::Slider);
        } else if self.focus.target != Target::Entry {
            self.cancel_edit();
        } else if self.entry.field.is_empty() {
            self.focus_on(Target::Slider);
        } else {
            self.entry.clear();
        }
    }

    /// Takes the last change back, or makes it again: of the focused text alone, unless nothing was ever
    /// typed there; else of the list.
    fn undo_or_redo(&mut self, redoes: bool) {
        let (step, request): (fn(&mut TextField) -> bool, _) = match redoes {
            true => (TextField::redo, Request::Redo),
            false => (TextField::undo, Request::Undo),
        };
        match self.focused_field() {
            Some(field) if !field.is_untouched() => {
                step(field);
                self.text_changed();
            }
            _ => self.edit_list(request, None),
        }
    }

    fn slider_key(&mut self, key: Key, modifiers: Modifiers) {
        let step = if modifiers.shift { 1 } else { STEP };
        let hundredths = match key {
            Key::Left | Key::Down => -step,
            Key::Right | Key::Up => step,
            Key::PageDown => -20,
            Key::PageUp => 20,
            Key::Home => -200,
            Key::End => 200,
            _ => return,
        };
        self.slide(SliderMessage::Step(hundredths));
    }

    /// A key in the focused text field.
    fn text_key(&mut self, key: Key, modifiers: Modifiers) {
        let Modifiers { shift, control } = modifiers;
        let Some(field) = self.focused_field() else {
            return;
        };
        if let Some(motion) = motion(key, control) {
            field.move_caret(motion, shift);
            return self.own_primary();
        }
        match (key, control) {
            (Key::Delete, false) if shift && !field.selection().is_empty() => return self.cut(),
            (Key::Backspace | Key::Delete, _) => {
                field.delete(match (key, control) {
                    (Key::Backspace, false) => Motion::Left,
                    (Key::Backspace, true) => Motion::WordLeft,
                    (_, false) => Motion::Right,
                    (_, true) => Motion::WordRight,
                });
                return self.text_changed();
            }
            (Key::Letter('a'), true) => {
                field.select_all();
                return self.own_primary();
            }
            (Key::Letter('x'), true) => return self.cut(),
            (Key::Letter('v'), true) => return self.paste(Selection::Clipboard),
            (Key::Insert, false) if shift => return self.paste(Selection::Clipboard),
            _ => {}
        }
        match (self.focus.target, key) {
            (Target::Edit, Key::Enter) => _ = self.finish_edit(),
            (Target::Value, Key::Enter) => _ = self.finish_value(),
            (Target::Entry, Key::Enter) => match self.entry.selected {
                Some(suggestion) => self.click(Target::Suggestion(suggestion)),
                // What it would do is to be seen first.
                None => self.entry.is_dismissed = false,
            },
            (Target::Entry, Key::Down) => self.select_suggestion(1),
            (Target::Entry, Key::Up) => self.select_suggestion(-1),
            _ => {}
        }
    }

    fn select_suggestion(&mut self, step: isize) {
        self.entry.select(step, &self.daemon);
        self.focus.scrolls = true;
    }
}

/// Returns how far a key moves the caret.
fn motion(key: Key, control: bool) -> Option<Motion> {
    Some(match (key, control) {
        (Key::Left, false) => Motion::Left,
        (Key::Right, false) => Motion::Right,
        (Key::Left, true) => Motion::WordLeft,
        (Key::Right, true) => Motion::WordRight,
        (Key::Home, _) => Motion::Start,
        (Key::End, _) => Motion::End,
        _ => return None,
    })
}

impl From<Key> for Message {
    fn from(key: Key) -> Self {
        Self::Key(key, Modifiers::default())
    }
}
