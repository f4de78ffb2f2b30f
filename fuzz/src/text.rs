//! The body of the fuzz target `text`: any text as what the protocol and the command line are given in.

use wire::{Gain, Name, Shift, Text, Volume};

/// Any text is a number of the protocol, or a socket's name, that prints as one that parses to
/// itself, or is refused with a sentence; and any text fits into a field, whole or cut.
pub fn text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match text.parse::<Volume>() {
        Ok(volume) => {
            assert_eq!(volume.to_string().parse(), Ok(volume));
            assert!(volume.millionths().abs() <= 1_000_000);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match Shift::parse_clamped(text) {
        Ok(shift) => {
            assert_eq!(Shift::parse_clamped(&shift.to_string()), Ok(shift));
            // The ends are the ends, however far they are overshot.
            let there = Volume::MIDDLE.shifted(shift).shifted(shift);
            assert!(there.millionths().abs() <= 1_000_000);
            if let Ok(gain) = Gain::try_from(shift.millionths().unsigned_abs()) {
                assert!((0.0..=1.0).contains(&gain.factor()) && !gain.to_string().is_empty());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match Name::parse(text.as_ref()) {
        Ok(name) => assert_eq!(Name::parse(name.to_string().as_ref()), Ok(name)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let cut = Text::<16>::truncated(text);
    assert!(text.starts_with(&*cut) && cut.len() + 4 > 16.min(text.len()));
    match text.parse::<Text<16>>() {
        Ok(whole) => assert_eq!(whole.to_string(), text),
        Err(error) => assert!(text.len() > 16 && !error.to_string().is_empty()),
    }
}
