//! winit's keys in the model's terms.

use winit::event::{ElementState, KeyEvent};
use winit::keyboard::{Key as Logical, KeyCode, ModifiersState, NamedKey, PhysicalKey};

use crate::model::{Key, Message, Modifiers};

/// The keys that were held down already when the window got the focus.
///
/// On X11 they go on repeating. winit tells them then as synthetic presses, and their repeats as presses,
/// of which the first is not marked as one; on Wayland a key does not repeat in another window.
#[derive(Debug, Default)]
pub struct HeldElsewhere(Vec<PhysicalKey>);

impl HeldElsewhere {
    /// Takes in a key's event. Returns whether it belongs to a press in another window.
    pub fn owns(&mut self, key: PhysicalKey, state: ElementState, is_synthetic: bool) -> bool {
        let is_held = self.0.contains(&key);
        match state {
            ElementState::Pressed if is_synthetic && !is_held => self.0.push(key),
            ElementState::Pressed => {}
            ElementState::Released => self.0.retain(|held| *held != key),
        }
        is_held || is_synthetic
    }

    /// Forgets the keys: the window has lost the focus.
    pub fn clear(&mut self) {
        self.0.clear();
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

/// Returns the letter of a chord: the layout's, or, where that has no Latin letters, the one that
/// a Latin keyboard has there.
fn chord(text: &str, key: PhysicalKey) -> Option<char> {
    let letter = text.chars().next()?.to_lowercase().next()?;
    if letter.is_ascii() {
        return Some(letter);
    }
    match key {
        PhysicalKey::Code(KeyCode::KeyA) => Some('a'),
        PhysicalKey::Code(KeyCode::KeyQ) => Some('q'),
        PhysicalKey::Code(KeyCode::KeyW) => Some('w'),
        PhysicalKey::Code(KeyCode::KeyY) => Some('y'),
        PhysicalKey::Code(KeyCode::KeyZ) => Some('z'),
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
        let mut held = HeldElsewhere::default();
        let (enter, a) = (KeyCode::Enter.into(), KeyCode::KeyA.into());
        assert!(held.owns(enter, ElementState::Pressed, true));
        assert!(held.owns(enter, ElementState::Pressed, false));
        assert!(!held.owns(a, ElementState::Pressed, false));
        assert!(held.owns(enter, ElementState::Released, false));
        assert!(!held.owns(enter, ElementState::Pressed, false));
        // winit releases what is held when the window loses the focus.
        assert!(held.owns(a, ElementState::Released, true));
        held.owns(enter, ElementState::Pressed, true);
        held.clear();
        assert!(!held.owns(enter, ElementState::Pressed, false));
    }

    #[test]
    fn chords_are_where_they_are_on_a_latin_keyboard_if_the_layout_has_no_latin_letters() {
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
            ("", KeyCode::KeyZ, None),
        ] {
            assert_eq!(chord(text, PhysicalKey::Code(code)), expected, "{text}");
        }
    }
}
