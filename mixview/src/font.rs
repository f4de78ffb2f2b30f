//! Text: which font has a character, how wide a text is, what of it fits.
//!
//! The two fonts in the binary are Inter, reduced to Latin, Greek and Cyrillic (font/OFL.txt).
//! There is no shaping: a character is a glyph, an outline or a picture. What is written from right to left
//! stands so.

mod bidi;
pub(crate) mod image;
#[cfg(feature = "window")]
pub mod system;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ab_glyph::{Font, FontRef, GlyphId};
use unicode_segmentation::UnicodeSegmentation;

pub(crate) use bidi::{Placed, visual};

static REGULAR: &[u8] = include_bytes!("../font/Inter-Regular.otf");
static STRONG: &[u8] = include_bytes!("../font/Inter-SemiBold.otf");

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    #[default]
    Regular,
    Strong,
}

pub struct Fonts {
    regular: Own,
    strong: Own,
    others: RefCell<Others>,
}

/// How many characters ASCII has.
const ASCII: usize = 128;

/// A font in the binary.
struct Own {
    font: Rc<FontRef<'static>>,
    /// How far the next glyph is from each of ASCII's, in the font's units; none of what it does not have. A layout
    /// measures every text, nearly all of it ASCII, and a third of its time was to look for that in the font.
    advances: [Option<f32>; ASCII],
}

impl Own {
    fn new(file: &'static [u8]) -> Result<Self, ab_glyph::InvalidFont> {
        let font = FontRef::try_from_slice(file)?;
        let advances = std::array::from_fn(|code| {
            let id = font.glyph_id(char::from_u32(u32::try_from(code).ok()?)?);
            (id.0 != 0).then(|| font.h_advance_unscaled(id))
        });
        let font = Rc::new(font);
        Ok(Self { font, advances })
    }
}

/// What there is for characters that the fonts in the binary do not have.
#[derive(Default)]
struct Others {
    fonts: Vec<Rc<FontRef<'static>>>,
    /// The font that has a character, by its index in `fonts`; none if no font has it so far.
    known: HashMap<char, Option<usize>>,
    /// The characters that have been met, that no font has, and that nobody has looked for.
    lacking: Vec<char>,
}

pub(crate) enum Glyph {
    Of(Rc<FontRef<'static>>, GlyphId),
    /// No font has it: a box is drawn.
    Missing,
}

/// The width of the box of a missing character, and of the space at each side of it, as parts of the
/// size.
pub(crate) const BOX: f32 = 0.62;
pub(crate) const BOX_SIDE: f32 = 0.05;

impl Glyph {
    /// Returns how far the next glyph is, in the size's unit.
    pub(crate) fn advance(&self, size: f32) -> f32 {
        match self {
            Self::Of(font, id) => font.h_advance_unscaled(*id) * scale(font, size),
            Self::Missing => size * BOX + 2.0 * (size * BOX_SIDE),
        }
    }
}

impl Fonts {
    /// # Errors
    /// The fonts in the binary are broken, which a test excludes.
    pub fn new() -> Result<Self, ab_glyph::InvalidFont> {
        Ok(Self {
            regular: Own::new(REGULAR)?,
            strong: Own::new(STRONG)?,
            others: RefCell::default(),
        })
    }

    /// Adds a font for the characters that those before it do not have.
    pub fn add(&mut self, font: FontRef<'static>) {
        let others = self.others.get_mut();
        others.fonts.push(Rc::new(font));
        // It may have what was lacking, or have it in colour.
        others.known.clear();
    }

    /// Returns how many fonts have been added.
    pub fn others(&self) -> usize {
        self.others.borrow().fonts.len()
    }

    /// Returns whether a font has this character.
    pub fn has(&self, character: char) -> bool {
        matches!(self.glyph(character, Weight::Regular), Glyph::Of(..))
    }

    /// Returns whether no font could have this character better.
    pub fn suits(&self, character: char) -> bool {
        match self.glyph(character, Weight::Regular) {
            Glyph::Of(font, id) => !is_emoji(character) || image::is_image(&font, id),
            Glyph::Missing => false,
        }
    }

    /// Returns whether a character has been met that no font has, and that nobody has looked for.
    pub fn lacks_characters(&self) -> bool {
        !self.others.borrow().lacking.is_empty()
    }

    /// Returns the characters that have been met since the last call, and that no font has.
    pub fn take_lacking(&mut self) -> Vec<char> {
        std::mem::take(&mut self.others.get_mut().lacking)
    }

    fn own(&self, weight: Weight) -> &Own {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Strong => &self.strong,
        }
    }

    pub(crate) fn glyph(&self, character: char, weight: Weight) -> Glyph {
        let font = &self.own(weight).font;
        let id = font.glyph_id(character);
        if id.0 != 0 {
            return Glyph::Of(Rc::clone(font), id);
        }
        match self.others.borrow_mut().find(character) {
            Some(font) => {
                let id = font.glyph_id(character);
                Glyph::Of(font, id)
            }
            None => Glyph::Missing,
        }
    }

    /// Returns how far the next glyph is from a character's, in the size's unit.
    fn advance(&self, character: char, size: f32, weight: Weight) -> f32 {
        let own = self.own(weight);
        match own.advances.get(character as usize) {
            Some(&Some(advance)) => advance * scale(&own.font, size),
            _ => self.glyph(character, weight).advance(size),
        }
    }

    /// Returns the width of a text, in the size's unit.
    pub fn width(&self, text: &str, size: f32, weight: Weight) -> f32 {
        visible(text)
            .map(|(_, character)| self.advance(character, size, weight))
            .sum()
    }

    /// Returns where the caret stands before each character, and after the last one: the byte in the text,
    /// and the distance from the text's left end. Of what is written from right to left that grows smaller.
    pub fn stops(&self, text: &str, size: f32, weight: Weight) -> Vec<(usize, f32)> {
        let mut x = 0.0;
        let mut stops = Vec::with_capacity(text.len() + 1);
        let mut end = (0, 0.0);
        for placed in visual(text) {
            let left = x;
            x += self.advance(placed.character, size, weight);
            let (before, after) = match placed.is_rtl {
                true => (x, left),
                false => (left, x),
            };
            stops.push((placed.at, before));
            if placed.at >= end.0 {
                end = (placed.at, after);
            }
        }
        stops.push((text.len(), end.1));
        stops.sort_by_key(|(at, _)| *at);
        stops
    }

    /// Returns where the text may be cut, by byte, and how wide it is up to there: between what one would call
    /// characters.
    fn cuts(&self, text: &str, size: f32, weight: Weight) -> Vec<(usize, f32)> {
        let mut x = 0.0;
        let mut cuts = vec![(0, x)];
        for (at, grapheme) in text.grapheme_indices(true) {
            x += self.width(grapheme, size, weight);
            cuts.push((at + grapheme.len(), x));
        }
        cuts
    }

    /// Returns as much of the text as fits into `room`, with an ellipsis if that is not all of it;
    /// nothing if not even the ellipsis does.
    pub fn fit<'a>(&self, text: &'a str, size: f32, weight: Weight, room: f32) -> Cow<'a, str> {
        // Rounding must not cut a text that was measured to make the room.
        let room = room + 0.01;
        if self.width(text, size, weight) <= room {
            return Cow::Borrowed(text);
        }
        let ellipsis = self.advance('…', size, weight);
        if ellipsis > room {
            return Cow::Borrowed("");
        }
        let cuts = self.cuts(text, size, weight);
        let end = cuts
            .iter()
            .rev()
            .find(|(_, x)| x + ellipsis <= room)
            .map_or(0, |(at, _)| *at);
        Cow::Owned(format!("{}…", text[..end].trim_end()))
    }

    /// Breaks the text into lines of at most `room`, between words where that is possible; the last
    /// of `lines` ends with an ellipsis if there is more.
    pub fn wrap(
        &self,
        text: &str,
        size: f32,
        weight: Weight,
        room: f32,
        lines: usize,
    ) -> Vec<String> {
        let mut out = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if out.len() + 1 == lines {
                out.push(self.fit(rest, size, weight, room).into_owned());
                return out;
            }
            let cuts = self.cuts(rest, size, weight);
            let fits = cuts.iter().rev().find(|(_, x)| *x <= room + 0.01);
            let mut end = fits.map_or(0, |(at, _)| *at);
            if end < rest.len() {
                let space = rest[..end].rfind(' ').filter(|&at| at > 0);
                let first = rest.graphemes(true).next().map_or(0, str::len);
                end = if rest[end..].starts_with(' ') {
                    end.max(first)
                } else {
                    space.unwrap_or(end.max(first))
                };
            }
            out.push(rest[..end].trim_end().to_owned());
            rest = rest[end..].trim_start();
        }
        out
    }
}

impl Others {
    fn find(&mut self, character: char) -> Option<Rc<FontRef<'static>>> {
        let fonts = &self.fonts;
        let known = self.known.entry(character).or_insert_with(|| {
            let mut all = fonts.iter();
            let is_image = |font: &Rc<FontRef<'_>>| {
                let glyph = font.glyph_id(character);
                is_emoji(character) && image::is_image(font, glyph)
            };
            let image = all.position(is_image);
            let found = image.or_else(|| fonts.iter().position(|font| draws(font, character)));
            if found.is_none() || is_emoji(character) && image.is_none() {
                self.lacking.push(character);
            }
            found
        });
        known.map(|at| Rc::clone(&self.fonts[at]))
    }
}

/// Returns whether a font can draw a character: a glyph whose layers are in the tables COLR or SVG has no
/// outline, which would leave a blank where a box says that something is missing.
pub(crate) fn draws(font: &FontRef<'_>, character: char) -> bool {
    let glyph = font.glyph_id(character);
    let has_shape = || font.outline(glyph).is_some() || image::is_image(font, glyph);
    glyph.0 != 0 && (character.is_whitespace() || has_shape())
}

/// Returns whether a character is rather drawn in colour: it is in the planes of emoji.
pub(crate) fn is_emoji(character: char) -> bool {
    ('\u{1f000}'..'\u{20000}').contains(&character)
}

/// Returns the factor from a font's own units to those of `size`, which is its em.
pub(crate) fn scale(font: &FontRef<'static>, size: f32) -> f32 {
    // All TrueType and OpenType fonts say how many units their em has.
    size / font.units_per_em().unwrap_or(1000.0)
}

/// Returns the visible characters of a text: those that only direct a terminal or the direction of
/// writing are left out, and a line's end is a blank.
pub(crate) fn visible(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices()
        .filter_map(|(at, character)| match character {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some((at, ' ')),
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' => None,
            character if character.is_control() => None,
            character => Some((at, character)),
        })
}

#[cfg(test)]
mod tests;
