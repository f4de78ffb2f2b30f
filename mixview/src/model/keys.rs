//! What each key does.

use wire::{Channel, Volume};

use super::{Field, Link, Message, Model, Motion, Pane, Target};

/// A key that is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// ←
    Left,
    /// →
    Right,
    /// ↑
    Up,
    /// ↓
    Down,
    /// Home
    Home,
    /// End
    End,
    /// Page Up
    PageUp,
    /// Page Down
    PageDown,
    /// Enter
    Enter,
    /// Escape
    Escape,
    /// Tab
    Tab,
    /// Backspace
    Backspace,
    /// Delete
    Delete,
    /// F1
    F1,
    /// F2
    F2,
    /// A letter, together with Ctrl.
    Letter(char),
}

/// What is held down together with a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modifiers {
    /// Shift.
    pub shift: bool,
    /// Ctrl.
    pub control: bool,
}

/// What the help shows: keys and what they do. As short as the smallest window wants it.
pub const KEYS: [(&str, &str); 15] = [
    ("Tab, Shift+Tab", "to the next part, or back"),
    ("← →", "slider: by 0.05, with Shift 0.01"),
    ("Page Up, Page Down", "slider: by 0.2"),
    ("Home, End, 0", "slider: to an end, to the middle"),
    ("↑ ↓", "list: to the row above or below"),
    ("Enter, Space", "program: to the other side"),
    ("← →", "program: to that side"),
    ("+", "type a new pattern"),
    ("Enter, F2", "pattern: change it"),
    ("Delete", "pattern: take it off the list"),
    ("Enter, Esc", "text: done, or given up"),
    ("Ctrl+Z", "take the last change back"),
    ("Ctrl+Shift+Z, Ctrl+Y", "make it again"),
    ("?, F1", "show these keys"),
    ("Esc, Ctrl+Q", "close the window"),
];

impl Model {
    pub(super) fn key(&mut self, key: Key, modifiers: Modifiers) {
        match key {
            Key::Escape => return self.escape(),
            Key::Letter('q') if modifiers.control => {
                return self.effects.push(super::Effect::Close);
            }
            Key::F1 => {
                self.help = !self.help;
                return;
            }
            _ => {}
        }
        // What is behind the help is not to be seen.
        if self.help {
            if matches!(key, Key::Enter) {
                self.help = false;
            }
            return;
        }
        match key {
            Key::Tab => self.tab(modifiers.shift),
            Key::Letter(letter @ ('z' | 'y')) if modifiers.control => {
                self.go_back(letter == 'y' || modifiers.shift);
            }
            _ if self.types() => self.edit_key(key, modifiers),
            _ => match self.focus {
                Target::Slider => self.slider_key(key, modifiers),
                Target::Stream(id) => self.stream_key(id, key),
                Target::Pattern(pattern) => match key {
                    Key::Enter | Key::F2 => self.start_edit(pattern),
                    Key::Delete | Key::Backspace => self.delete(pattern),
                    _ => self.list_key(key),
                },
                Target::Undo | Target::Help if key == Key::Enter => {
                    let target = self.focus;
                    self.click(target);
                }
                _ => {}
            },
        }
        self.focus_shown = true;
    }

    pub(super) fn typed(&mut self, text: &str) {
        if let Some(field) = self.field() {
            field.insert(text);
            if self.focus == Target::Entry {
                self.picked = None;
                self.offers_closed = false;
                self.scroll.offers = 0.0;
            }
            return;
        }
        match text {
            "?" => self.help = !self.help,
            _ if self.help => {}
            "0" => self.choose(Volume::MIDDLE),
            "+" if self.link == Link::Up => self.focus_on(Target::Entry),
            " " => self.key(Key::Enter, Modifiers::default()),
            _ => {}
        }
    }

    /// Leaves what is nearest to be left: the help, what is carried, a text, the window.
    fn escape(&mut self) {
        if self.help {
            self.help = false;
        } else if self.carried.is_some() {
            self.carried = None;
            self.carry_left = true;
        } else if self.edit.is_some() {
            self.end_edit();
        } else if self.focus == Target::Entry
            && (!self.entry.shown().is_empty() || !self.offers().is_empty())
        {
            self.entry = Field::default();
            self.picked = None;
            self.offers_closed = true;
        } else {
            self.effects.push(super::Effect::Close);
        }
    }

    fn tab(&mut self, back: bool) {
        let order = self.order();
        let step = if back { order.len() - 1 } else { 1 };
        let at = (self.focus_at + step) % order.len();
        self.focus_on(order[at]);
    }

    /// Takes the last change back, or makes it again. What is typed is nearer than the list.
    fn go_back(&mut self, again: bool) {
        let step = if again { Field::redo } else { Field::undo };
        if self.field().is_some_and(step) {
            self.scroll.offers = 0.0;
        } else if again {
            self.redo();
        } else {
            self.undo();
        }
    }

    fn slider_key(&mut self, key: Key, modifiers: Modifiers) {
        let step = if modifiers.shift { 1 } else { 5 };
        match key {
            Key::Left | Key::Down => self.step(-step),
            Key::Right | Key::Up => self.step(step),
            Key::PageDown => self.step(-20),
            Key::PageUp => self.step(20),
            Key::Home => self.step(-200),
            Key::End => self.step(200),
            _ => {}
        }
    }

    fn stream_key(&mut self, id: u32, key: Key) {
        match key {
            Key::Left => self.send_to(id, Channel::Default),
            Key::Right => self.send_to(id, Channel::Aux),
            Key::Enter => self.send_over(id),
            _ => self.list_key(key),
        }
    }

    /// Goes through the list that has the focus.
    fn list_key(&mut self, key: Key) {
        let order = self.order();
        let here = self.pane(self.focus);
        let rows = order.iter().filter(|target| self.pane(**target) == here);
        let rows: Vec<Target> = rows.copied().collect();
        let Some(at) = rows.iter().position(|row| *row == self.focus) else {
            return;
        };
        let last = rows.len() - 1;
        let to = match key {
            Key::Up => at.saturating_sub(1),
            Key::Down => (at + 1).min(last),
            Key::PageUp => at.saturating_sub(5),
            Key::PageDown => (at + 5).min(last),
            Key::Home => 0,
            Key::End => last,
            _ => return,
        };
        self.focus_on(rows[to]);
    }

    fn pane(&self, target: Target) -> Option<Pane> {
        match target {
            Target::Stream(id) => self.stream(id).map(|stream| Pane::Streams(stream.channel)),
            Target::Pattern(_) | Target::Edit => Some(Pane::Patterns),
            _ => None,
        }
    }

    fn edit_key(&mut self, key: Key, modifiers: Modifiers) {
        let Modifiers { shift, control } = modifiers;
        let motion = match (key, control) {
            (Key::Left, false) => Some(Motion::Left),
            (Key::Right, false) => Some(Motion::Right),
            (Key::Left, true) => Some(Motion::WordLeft),
            (Key::Right, true) => Some(Motion::WordRight),
            (Key::Home, _) => Some(Motion::Start),
            (Key::End, _) => Some(Motion::End),
            _ => None,
        };
        let erased = match (key, control) {
            (Key::Backspace, false) => Some(Motion::Left),
            (Key::Backspace, true) => Some(Motion::WordLeft),
            (Key::Delete, false) => Some(Motion::Right),
            (Key::Delete, true) => Some(Motion::WordRight),
            _ => None,
        };
        if let Some(field) = self.field() {
            if let Some(motion) = motion {
                return field.go(motion, shift);
            }
            if let Some(motion) = erased {
                return field.erase(motion);
            }
            if key == Key::Letter('a') && control {
                return field.select_all();
            }
        }
        match (self.focus, key) {
            (Target::Edit, Key::Enter) => self.finish_edit(),
            (Target::Entry, Key::Enter) => match self.picked {
                Some(id) => self.click(Target::Offer(id)),
                None => self.add_typed(),
            },
            (Target::Entry, Key::Down) => self.pick(1),
            (Target::Entry, Key::Up) => self.pick(-1),
            _ => {}
        }
    }

    /// Chooses another of the offers; before the first is none of them.
    fn pick(&mut self, step: isize) {
        self.offers_closed = false;
        let offers: Vec<u32> = self.offers().iter().map(|stream| stream.id).collect();
        let at = self
            .picked
            .and_then(|id| offers.iter().position(|other| *other == id));
        let next = match at {
            None if step > 0 => Some(0),
            None => None,
            Some(at) => at.checked_add_signed(step),
        };
        self.focus_moved = true;
        self.picked = next.and_then(|at| offers.get(at).or(offers.last()).copied());
    }
}

impl From<Key> for Message {
    fn from(key: Key) -> Self {
        Self::Key(key, Modifiers::default())
    }
}
