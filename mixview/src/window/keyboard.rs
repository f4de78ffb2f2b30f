//! winit's keys in the model's terms.

use winit::event::KeyEvent;
use winit::keyboard::{Key as Logical, ModifiersState, NamedKey};

use crate::model::{Key, Message, Modifiers};

/// What a pressed key says; nothing if it is one that nobody asks for.
pub fn message(event: &KeyEvent, state: ModifiersState) -> Option<Message> {
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
        let letter = text.chars().next().filter(|_| state.control_key())?;
        let letter = letter.to_lowercase().next()?;
        return Some(Message::Key(Key::Letter(letter), modifiers));
    }
    let text = event.text.as_ref()?;
    Some(Message::Typed(text.to_string()))
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
