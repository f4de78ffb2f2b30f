//! Text: which font has a character, how wide a text is, what of it fits.
//!
//! The two fonts in the binary are Inter, reduced to Latin, Greek and Cyrillic (font/OFL.txt).
//! There is no shaping: a character is a glyph, from left to right.

pub mod system;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ab_glyph::{Font, FontRef, GlyphId};

static REGULAR: &[u8] = include_bytes!("../font/Inter-Regular.otf");
static STRONG: &[u8] = include_bytes!("../font/Inter-SemiBold.otf");

/// How strong the letters are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// Inter Regular.
    #[default]
    Regular,
    /// Inter `SemiBold`.
    Strong,
}

/// Where a font is looked for that has a character which those in the binary do not have.
pub trait Fallback {
    /// A font with this character; none if nobody has it.
    fn find(&mut self, character: char) -> Option<FontRef<'static>>;
}

/// No fonts but those in the binary.
#[derive(Debug)]
pub struct NoFallback;

impl Fallback for NoFallback {
    fn find(&mut self, _: char) -> Option<FontRef<'static>> {
        None
    }
}

/// The fonts that are drawn with.
pub struct Fonts {
    regular: Rc<FontRef<'static>>,
    strong: Rc<FontRef<'static>>,
    others: RefCell<Others>,
}

/// What was found elsewhere.
struct Others {
    fallback: Box<dyn Fallback>,
    /// Which of the fonts has a character, if any has.
    known: HashMap<char, Option<usize>>,
    fonts: Vec<Rc<FontRef<'static>>>,
    /// How many characters nobody had, of each stretch of Unicode.
    misses: HashMap<u32, usize>,
}

/// The most fonts that are opened besides those in the binary: one a script, in a list of many
/// scripts.
const MOST_FONTS: usize = 16;

/// The most characters that are looked for in vain in one stretch of Unicode. Each look-up is a
/// program that is waited for, and a system without a font for a script has none for the script's next
/// character either; it may have one for another script.
const MOST_MISSES: usize = 16;

/// How long such a stretch is, as a power of two: the Chinese characters of everyday use take four, and
/// most other scripts share a few.
const STRETCH: u32 = 13;

/// A character, where to draw it from.
pub(crate) enum Glyph {
    /// From a font, by its number there.
    Of(Rc<FontRef<'static>>, GlyphId),
    /// Nobody has it: a box.
    Missing,
}

/// How wide the box of a missing character is, as part of the size; a little space is around it.
pub(crate) const BOX: f32 = 0.62;

impl Fonts {
    /// Those in the binary, and what `fallback` finds for other characters.
    ///
    /// # Errors
    /// The fonts in the binary are broken, which a test excludes.
    pub fn new(fallback: Box<dyn Fallback>) -> Result<Self, ab_glyph::InvalidFont> {
        Ok(Self {
            regular: Rc::new(FontRef::try_from_slice(REGULAR)?),
            strong: Rc::new(FontRef::try_from_slice(STRONG)?),
            others: RefCell::new(Others {
                fallback,
                known: HashMap::new(),
                fonts: Vec::new(),
                misses: HashMap::new(),
            }),
        })
    }

    pub(crate) fn glyph(&self, character: char, weight: Weight) -> Glyph {
        let font = match weight {
            Weight::Regular => &self.regular,
            Weight::Strong => &self.strong,
        };
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

    fn advance(&self, character: char, size: f32, weight: Weight) -> f32 {
        match self.glyph(character, weight) {
            Glyph::Of(font, id) => font.h_advance_unscaled(id) * scale(&font, size),
            Glyph::Missing => size * (BOX + 0.1),
        }
    }

    /// How wide a text is at this size, in the size's unit.
    pub fn width(&self, text: &str, size: f32, weight: Weight) -> f32 {
        shown(text)
            .map(|(_, character)| self.advance(character, size, weight))
            .sum()
    }

    /// Where each character begins, and where the last one ends: the byte in the text, and how
    /// far from its start.
    pub fn stops(&self, text: &str, size: f32, weight: Weight) -> Vec<(usize, f32)> {
        let mut x = 0.0;
        let mut stops = Vec::with_capacity(text.len() + 1);
        for (at, character) in shown(text) {
            stops.push((at, x));
            x += self.advance(character, size, weight);
        }
        stops.push((text.len(), x));
        stops
    }

    /// As much of the text as fits into `room`, with an ellipsis if that is not all of it; nothing
    /// if not even the ellipsis does.
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
        let stops = self.stops(text, size, weight);
        let end = stops
            .iter()
            .rev()
            .find(|(_, x)| x + ellipsis <= room)
            .map_or(0, |(at, _)| *at);
        Cow::Owned(format!("{}…", text[..end].trim_end()))
    }

    /// The text in lines of at most `room`, broken between words where that is possible; what does
    /// not fit into `lines` ends with an ellipsis.
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
            let stops = self.stops(rest, size, weight);
            let fits = stops.iter().rev().find(|(_, x)| *x <= room + 0.01);
            let mut end = fits.map_or(0, |(at, _)| *at);
            if end < rest.len() {
                let space = rest[..end].rfind(' ').filter(|&at| at > 0);
                let first = rest.chars().next().map_or(0, char::len_utf8);
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
        if let Some(known) = self.known.get(&character) {
            return known.map(|at| Rc::clone(&self.fonts[at]));
        }
        let mut at = self.fonts.iter().position(|font| draws(font, character));
        let misses = self.misses.entry(u32::from(character) >> STRETCH);
        let misses = misses.or_default();
        if at.is_none() && self.fonts.len() < MOST_FONTS && *misses < MOST_MISSES {
            match self.fallback.find(character) {
                Some(font) if draws(&font, character) => {
                    self.fonts.push(Rc::new(font));
                    at = Some(self.fonts.len() - 1);
                }
                _ => *misses += 1,
            }
        }
        self.known.insert(character, at);
        at.map(|at| Rc::clone(&self.fonts[at]))
    }
}

/// Whether a font has something to draw for a character: one of colour bitmaps has a glyph and no
/// outline, which would be a blank where a box is to say that something is missing.
fn draws(font: &FontRef<'static>, character: char) -> bool {
    let glyph = font.glyph_id(character);
    glyph.0 != 0 && (character.is_whitespace() || font.outline(glyph).is_some())
}

/// What a font's own units are multiplied by, so that its em is as large as `size`.
pub(crate) fn scale(font: &FontRef<'static>, size: f32) -> f32 {
    // All TrueType and OpenType fonts say it.
    size / font.units_per_em().unwrap_or(1000.0)
}

/// The characters of a text that are to be seen. What only directs a terminal or the direction of
/// writing is not; a line's end is a blank.
pub(crate) fn shown(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices()
        .filter_map(|(at, character)| match character {
            '\n' | '\r' | '\t' => Some((at, ' ')),
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
