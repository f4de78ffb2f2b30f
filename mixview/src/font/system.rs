//! The system's fonts, for the scripts that the binary's own do not have.

use std::fs::File;
use std::process::{Command, Stdio};

use ab_glyph::FontRef;
use memmap2::Mmap;

use super::{Fallback, draws};

/// Asks fontconfig, by its program: it is where the user says which font is preferred for a
/// script, and most windows never need it, so it is not linked.
#[derive(Debug)]
pub struct Fontconfig;

impl Fallback for Fontconfig {
    fn find(&mut self, character: char) -> Option<FontRef<'static>> {
        let pattern = format!("sans-serif:charset={:x}", u32::from(character));
        let out = Command::new("fc-match")
            .args(["--format=%{index} %{file}", &pattern])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output();
        let text = String::from_utf8(out.ok()?.stdout).ok()?;
        let (index, file) = text.split_once(' ')?;
        // The upper half is the number of a variable font's named instance.
        let index = index.parse::<u32>().ok()? & 0xffff;
        let font = FontRef::try_from_slice_and_index(mapped(file)?, index).ok()?;
        draws(&font, character).then_some(font)
    }
}

/// A font's file in memory, for as long as the process lives: as many as there are scripts on the
/// list. Mapped, because fonts with Chinese characters have 20 MB, of which a few pages are read.
#[allow(unsafe_code)]
fn mapped(file: &str) -> Option<&'static [u8]> {
    let file = File::open(file).ok()?;
    // SAFETY: the bytes must not change while they are mapped. Package managers put a new file in
    // the place of a font and leave the old one's contents alone.
    let map = unsafe { Mmap::map(&file) }.ok()?;
    Some(&**Box::leak(Box::new(map)))
}

#[cfg(test)]
mod tests {
    use ab_glyph::Font;

    use super::*;

    /// `DejaVu` Sans has Georgian, and `cargo xtask setup` installs it.
    #[test]
    fn a_script_that_inter_does_not_have_is_found() {
        let font = Fontconfig.find('მ').expect("a font with Georgian letters; 'cargo xtask setup' installs fontconfig and fonts-dejavu-core");
        assert!(font.outline(font.glyph_id('მ')).is_some());
        // Nobody has a character that is not one.
        assert!(Fontconfig.find('\u{10fffe}').is_none());
    }
}
