//! The system's fonts, for the scripts that those in the binary do not have.

use std::fs;
use std::process::{Command, Stdio};

use ab_glyph::FontRef;

use super::{Fallback, has_outline};

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
        // Read, not mapped: a file that is truncated while it is mapped is a SIGBUS. A font with Chinese
        // characters has 20 MB, most others 1 MB.
        let bytes = fs::read(file).ok()?;
        let font = FontRef::try_from_slice_and_index(&bytes, index).ok()?;
        if !has_outline(&font, character) {
            return None;
        }
        // For as long as the process lives: as many as there are scripts on the list.
        FontRef::try_from_slice_and_index(bytes.leak(), index).ok()
    }
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
