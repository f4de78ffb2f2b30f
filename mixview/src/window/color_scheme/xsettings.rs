//! The X server's settings (XSETTINGS 0.5): a settings manager, such as xfsettingsd or xsettingsd, keeps them in
//! a property of its window. A connection of its own, as events of another would be read along with answers.

use std::os::fd::{AsFd, BorrowedFd};

use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, Window,
};
use x11rb::rust_connection::RustConnection;

/// The most that is read of the property, in units of 4 bytes.
const MAX_LENGTH: u32 = 1 << 16;

/// The kinds of a setting's value.
const INTEGER: u8 = 0;
const STRING: u8 = 1;
const COLOR: u8 = 2;

pub struct XSettings {
    connection: RustConnection,
    /// The selection that the settings manager owns.
    selection: Atom,
    /// The name and the type of the property.
    property: Atom,
    is_dark: Option<bool>,
}

impl XSettings {
    /// Connects to the server that `DISPLAY` names, and reads what is there; none where it can't be asked.
    pub fn open() -> Option<Self> {
        let (connection, screen) = x11rb::connect(None).ok()?;
        let root = connection.setup().roots.get(screen)?.root;
        let selection = format!("_XSETTINGS_S{screen}");
        let selection = connection.intern_atom(false, selection.as_bytes()).ok()?;
        let property = connection.intern_atom(false, b"_XSETTINGS_SETTINGS").ok()?;
        // A manager that comes is told to those who select this (ICCCM 2.8).
        let structure = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
        connection.change_window_attributes(root, &structure).ok()?;
        let (selection, property) = (selection.reply().ok()?.atom, property.reply().ok()?.atom);
        let mut settings = Self {
            connection,
            selection,
            property,
            is_dark: None,
        };
        settings.read().ok()?;
        Some(settings)
    }

    /// Returns whether the settings prefer dark; none where nobody says it.
    pub fn is_dark(&self) -> Option<bool> {
        self.is_dark
    }

    /// Takes what has happened. Returns whether [`Self::is_dark`] has changed.
    ///
    /// # Errors
    /// The connection's: the server has gone.
    pub fn turn(&mut self) -> Result<bool, ConnectionError> {
        let before = self.is_dark;
        // Until nothing is left, as what comes along with an answer wakes nobody.
        while let Some(event) = self.connection.poll_for_event()? {
            let concerns = match event {
                Event::PropertyNotify(event) => event.atom == self.property,
                // The manager has gone, or another has come.
                Event::DestroyNotify(_) | Event::ClientMessage(_) => true,
                _ => false,
            };
            if concerns {
                self.read()?;
            }
        }
        Ok(self.is_dark != before)
    }

    /// Asks who the manager is, and reads its settings. The specification has the server grabbed
    /// meanwhile; without, a manager that goes in between is an error here, and its heir announces itself.
    fn read(&mut self) -> Result<(), ConnectionError> {
        let owner = self.connection.get_selection_owner(self.selection)?.reply();
        let settings = owner.and_then(|owner| self.settings_of(owner.owner));
        self.is_dark = match settings {
            Ok(settings) => is_dark(&settings),
            Err(ReplyError::X11Error(_)) => None,
            Err(ReplyError::ConnectionError(error)) => return Err(error),
        };
        Ok(())
    }

    /// Returns the property of the manager's window, whose changes are told from now on.
    fn settings_of(&self, manager: Window) -> Result<Vec<u8>, ReplyError> {
        if manager == x11rb::NONE {
            return Ok(Vec::new());
        }
        let changes = EventMask::STRUCTURE_NOTIFY | EventMask::PROPERTY_CHANGE;
        let changes = ChangeWindowAttributesAux::new().event_mask(changes);
        let selected = self
            .connection
            .change_window_attributes(manager, &changes)?;
        let property = self.property;
        let settings = self
            .connection
            .get_property(false, manager, property, property, 0, MAX_LENGTH)?;
        selected.check()?;
        Ok(settings.reply()?.value)
    }
}

impl AsFd for XSettings {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.stream().as_fd()
    }
}

/// Returns whether the settings, in the property's format, prefer dark; none where they don't say.
fn is_dark(settings: &[u8]) -> Option<bool> {
    let mut bytes = Bytes {
        is_big_endian: settings.first() == Some(&1),
        rest: settings,
    };
    let (mut prefers, mut theme) = (None, None);
    // The byte order with 3 bytes that are unused, and a serial number.
    bytes.take(8);
    for _ in 0..bytes.u32()? {
        // Of a property that is broken or cut, what was whole counts.
        let Some((name, value)) = bytes.setting() else {
            break;
        };
        match (name, value) {
            (b"Gtk/ApplicationPreferDarkTheme", Value::Integer(value)) => {
                prefers = Some(value != 0);
            }
            (b"Net/ThemeName", Value::String(name)) => theme = Some(name),
            _ => {}
        }
    }
    let theme = theme.map(String::from_utf8_lossy);
    super::prefers_dark(prefers, theme.as_deref())
}

enum Value<'a> {
    Integer(u32),
    String(&'a [u8]),
    Color,
}

/// What is yet to be read.
struct Bytes<'a> {
    rest: &'a [u8],
    is_big_endian: bool,
}

impl<'a> Bytes<'a> {
    /// Reads a setting's name and value.
    fn setting(&mut self) -> Option<(&'a [u8], Value<'a>)> {
        let kind = self.take(2)?[0];
        let length = self.u16()?;
        let name = self.padded(usize::from(length))?;
        let _serial = self.u32()?;
        let value = match kind {
            INTEGER => Value::Integer(self.u32()?),
            STRING => {
                let length = usize::try_from(self.u32()?).ok()?;
                Value::String(self.padded(length)?)
            }
            COLOR => {
                self.take(8)?;
                Value::Color
            }
            _ => return None,
        };
        Some((name, value))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// Takes so many bytes, and those that fill them up to a multiple of 4.
    fn padded(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.take(length)?;
        self.take(length.wrapping_neg() % 4)?;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        let bytes = self.take(2)?.try_into().ok()?;
        Some(match self.is_big_endian {
            true => u16::from_be_bytes(bytes),
            false => u16::from_le_bytes(bytes),
        })
    }

    fn u32(&mut self) -> Option<u32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(match self.is_big_endian {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A property of a manager whose bytes are of this order: a colour, this theme, and, where it is
    /// said, the preference.
    fn property(is_big_endian: bool, theme: &str, prefers: Option<u32>) -> Vec<u8> {
        let u32 = |number: u32| match is_big_endian {
            true => number.to_be_bytes(),
            false => number.to_le_bytes(),
        };
        let padded = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            bytes.resize(text.len().next_multiple_of(4), 0);
            bytes
        };
        let header = |kind: u8, name: &str| {
            let length = u32(u32::try_from(name.len()).unwrap());
            let length = match is_big_endian {
                true => &length[2..],
                false => &length[..2],
            };
            [&[kind, 0], length, &padded(name), &u32(7)].concat()
        };
        let mut settings = vec![
            [header(COLOR, "A/Color"), vec![0xff; 8]].concat(),
            [
                header(STRING, "Net/ThemeName"),
                u32(u32::try_from(theme.len()).unwrap()).to_vec(),
                padded(theme),
            ]
            .concat(),
        ];
        if let Some(prefers) = prefers {
            let header = header(INTEGER, "Gtk/ApplicationPreferDarkTheme");
            settings.push([&header[..], &u32(prefers)].concat());
        }
        let count = u32(u32::try_from(settings.len()).unwrap());
        let order = [u8::from(is_big_endian), 0, 0, 0];
        [&order[..], &u32(9), &count, &settings.concat()].concat()
    }

    #[test]
    fn the_theme_and_the_preference_say_which_it_is() {
        for is_big_endian in [false, true] {
            for (theme, prefers, dark) in [
                ("Adwaita-dark", None, true),
                ("Arc-Dark", Some(0), true),
                ("Adwaita", None, false),
                ("Adwaita", Some(1), true),
            ] {
                let property = property(is_big_endian, theme, prefers);
                assert_eq!(is_dark(&property), Some(dark), "{theme} {prefers:?}");
            }
        }
        assert_eq!(is_dark(&[]), None);
    }

    #[test]
    fn of_a_property_that_is_cut_or_broken_what_was_whole_counts() {
        let property = property(false, "Arc-Dark", Some(1));
        for length in 0..property.len() {
            let (cut, whole) = (is_dark(&property[..length]), Some(true));
            assert!(cut.is_none() || cut == whole, "{length}: {cut:?}");
        }
        for place in 0..property.len() {
            let mut broken = property.clone();
            broken[place] = 0xff;
            is_dark(&broken);
        }
    }
}
