//! winit's keys in the model's terms.

use winit::event::{ElementState, KeyEvent};
use winit::keyboard::{Key as Logical, KeyCode, ModifiersState, NamedKey, PhysicalKey};

use crate::model::{Key, Message, Modifiers};

/// The keys that are held down.
#[derive(Debug, Default)]
pub struct HeldKeys {
    /// Those that were down already when the window got the focus. On X11 they go on repeating: winit tells
    /// them as synthetic presses, and their repeats as presses of which the first is not marked as one. On
    /// Wayland a key does not repeat in another window.
    elsewhere: Vec<PhysicalKey>,
    /// The one that was pressed last, here: it may repeat.
    last: Option<PhysicalKey>,
}

impl HeldKeys {
    /// Takes in a key's event. Returns whether the key was pressed here, and not in another window.
    pub fn update(&mut self, key: PhysicalKey, state: ElementState, is_synthetic: bool) -> bool {
        let is_elsewhere = self.elsewhere.contains(&key);
        match state {
            ElementState::Pressed if is_elsewhere => {}
            ElementState::Pressed if is_synthetic => self.elsewhere.push(key),
            ElementState::Pressed => self.last = Some(key),
            ElementState::Released => {
                self.elsewhere.retain(|held| *held != key);
                self.last = self.last.filter(|held| *held != key);
            }
        }
        !is_elsewhere && !is_synthetic
    }

    /// Whether a key may repeat.
    pub fn may_repeat(&self) -> bool {
        self.last.is_some()
    }
}

/// Returns the message of a key that is pressed or repeats; none if the key has no use.
pub fn message(event: &KeyEvent, state: ModifiersState) -> Option<Message> {
    let message = pressed(event, state)?;
    Some(match message {
        Message::Key(key, modifiers) if event.repeat => Message::KeyRepeat(key, modifiers),
        Message::Text(text) if event.repeat => Message::TextRepeat(text),
        message => message,
    })
}

fn pressed(event: &KeyEvent, state: ModifiersState) -> Option<Message> {
    let modifiers = Modifiers {
        shift: state.shift_key(),
        control: state.control_key(),
    };
    if let Logical::Named(named) = &event.logical_key
        && let Some(key) = key(*named)
    {
        return Some(Message::Key(key, modifiers));
    }
    if state.control_key() || state.alt_key() || state.super_key() {
        let Logical::Character(text) = &event.logical_key else {
            return None;
        };
        let letter = chord(text, event.physical_key).filter(|_| state.control_key())?;
        return Some(Message::Key(Key::Letter(letter), modifiers));
    }
    let text = event.text.as_ref()?;
    Some(Message::Text(text.to_string()))
}

/// Returns the letter, digit or sign of a chord: the layout's, or, where that is not in ASCII, the one that
/// a Latin keyboard has there.
fn chord(text: &str, key: PhysicalKey) -> Option<char> {
    let letter = text.chars().next()?.to_lowercase().next()?;
    if letter.is_ascii() {
        return Some(letter);
    }
    match key {
        PhysicalKey::Code(KeyCode::KeyA) => Some('a'),
        PhysicalKey::Code(KeyCode::KeyC) => Some('c'),
        PhysicalKey::Code(KeyCode::KeyQ) => Some('q'),
        PhysicalKey::Code(KeyCode::KeyV) => Some('v'),
        PhysicalKey::Code(KeyCode::KeyW) => Some('w'),
        PhysicalKey::Code(KeyCode::KeyX) => Some('x'),
        PhysicalKey::Code(KeyCode::KeyY) => Some('y'),
        PhysicalKey::Code(KeyCode::KeyZ) => Some('z'),
        PhysicalKey::Code(KeyCode::Digit0) => Some('0'),
        PhysicalKey::Code(KeyCode::Equal) => Some('+'),
        PhysicalKey::Code(KeyCode::Minus) => Some('-'),
        _ => None,
    }
}

fn key(named: NamedKey) -> Option<Key> {
    Some(match named {
        NamedKey::ArrowLeft => Key::Left,
        NamedKey::ArrowRight => Key::Right,
        NamedKey::ArrowUp => Key::Up,
        NamedKey::ArrowDown => Key::Down,
        NamedKey::Home => Key::Home,
        NamedKey::End => Key::End,
        NamedKey::PageUp => Key::PageUp,
        NamedKey::PageDown => Key::PageDown,
        NamedKey::Enter => Key::Enter,
        NamedKey::Escape => Key::Escape,
        NamedKey::Tab => Key::Tab,
        NamedKey::Backspace => Key::Backspace,
        NamedKey::Delete => Key::Delete,
        NamedKey::Insert => Key::Insert,
        NamedKey::F1 => Key::F1,
        NamedKey::F2 => Key::F2,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_pressed_in_another_window_does_nothing_here_until_it_is_released() {
        let mut held = HeldKeys::default();
        let (enter, a) = (KeyCode::Enter.into(), KeyCode::KeyA.into());
        let (down, up) = (ElementState::Pressed, ElementState::Released);
        for (key, state, is_synthetic, is_here) in [
            (enter, down, true, false),
            (enter, down, false, false),
            (a, down, false, true),
            (enter, up, false, false),
            (enter, down, false, true),
            // winit releases what is held when the window loses the focus.
            (enter, up, true, false),
        ] {
            assert_eq!(held.update(key, state, is_synthetic), is_here);
        }
        assert!(!held.may_repeat());
    }

    #[test]
    fn chords_are_where_they_are_on_a_latin_keyboard_if_the_layout_has_others() {
        for (text, code, expected) in [
            ("z", KeyCode::KeyZ, Some('z')),
            // German, French.
            ("z", KeyCode::KeyY, Some('z')),
            ("A", KeyCode::KeyQ, Some('a')),
            // Russian, Greek.
            ("я", KeyCode::KeyZ, Some('z')),
            ("Й", KeyCode::KeyQ, Some('q')),
            ("α", KeyCode::KeyA, Some('a')),
            ("ц", KeyCode::KeyW, Some('w')),
            ("н", KeyCode::KeyY, Some('y')),
            ("ы", KeyCode::KeyS, None),
            // Signs, as the layout has them, else as French has digits.
            ("+", KeyCode::BracketRight, Some('+')),
            ("0", KeyCode::Numpad0, Some('0')),
            ("à", KeyCode::Digit0, Some('0')),
            ("", KeyCode::KeyZ, None),
        ] {
            assert_eq!(chord(text, PhysicalKey::Code(code)), expected, "{text}");
        }
    }
}
