//! Draws a display list into pixels, a rectangle at a time: shapes by tiny-skia, text by `ab_glyph`.

use std::collections::HashMap;

use ab_glyph::{Font, FontRef, GlyphId, Point};
use tiny_skia::{
    FillRule, LineCap, LineJoin, Mask, Paint, Path, PathBuilder, PixmapMut, Stroke, Transform,
};

use crate::display_list::{Color, Item, Shape};
use crate::font::{self, Fonts, Glyph, Weight};
use crate::geometry::Pixels;

/// How many drawn glyphs are kept; a window full of text has some hundred.
const MAX_GLYPHS: usize = 1024;
/// A glyph begins at one of so many places within a pixel: quarters are as fine as one can see, and
/// let a glyph be drawn once for many.
const SUBPIXELS: f32 = 4.0;
/// Where the control points of a quarter of a circle lie, as a part of its radius: the usual number
/// for one Bézier curve a quarter.
const QUARTER: f32 = 0.552_284_8;

/// The most pixels that are drawn at once, in 4 MiB beside the [`MARGIN`]: a window of the usual size at two pixels
/// a logical one. A larger region is drawn in bands.
const BAND: u32 = 1 << 20;
/// How many columns left of a region, and rows above it, have room in a band without being kept. Of a line
/// at most a pixel wide, tiny-skia draws what lies just left of its map or above it into the map's first
/// pixels, and moves all of one that slants in from there: the signs' lines are shorter than this.
const MARGIN: i32 = 16;

/// The memory that drawing takes; what it draws does not depend on what was drawn before.
#[derive(Default)]
pub struct Canvas {
    /// The pixels of a band, four bytes each.
    bytes: Vec<u8>,
    glyphs: HashMap<GlyphKey, GlyphMask>,
}

/// What makes a glyph look as it does.
#[derive(PartialEq, Eq, Hash)]
struct GlyphKey {
    character: char,
    is_strong: bool,
    /// The bits of its size.
    size: u32,
    subpixel: u8,
}

/// The pixels of a glyph.
#[derive(Default)]
struct GlyphMask {
    left: i32,
    top: i32,
    width: i32,
    pixels: GlyphPixels,
}

enum GlyphPixels {
    /// How much of each is covered by the text's colour.
    Coverage(Vec<u8>),
    /// The glyph's own colours, multiplied by the coverage that is the last byte.
    Colors(Vec<[u8; 4]>),
}

impl Default for GlyphPixels {
    fn default() -> Self {
        Self::Coverage(Vec::new())
    }
}

impl Canvas {
    /// Draws what of `items` lies in `region` into `pixels`, whose rows are `stride` long: 0xFFRRGGBB
    /// each, as an X server's visual of depth 32 has them; all others ignore the highest byte. The
    /// region lies in the pixels.
    pub fn draw(
        &mut self,
        items: &[Item],
        fonts: &Fonts,
        region: Pixels,
        pixels: &mut [u32],
        stride: usize,
    ) {
        let rows = (BAND / region.width().max(1)).max(1).cast_signed();
        let mut band = region;
        while band.top < region.bottom {
            band.bottom = region.bottom.min(band.top + rows);
            self.band(items, fonts, band, pixels, stride);
            band.top = band.bottom;
        }
    }

    fn band(
        &mut self,
        items: &[Item],
        fonts: &Fonts,
        region: Pixels,
        pixels: &mut [u32],
        stride: usize,
    ) {
        let drawn = Pixels {
            left: region.left - MARGIN,
            top: region.top - MARGIN,
            ..region
        };
        let (width, height) = (drawn.width(), drawn.height());
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        bytes.resize(width as usize * height as usize * 4, 0);
        if let Some(mut map) = PixmapMut::from_bytes(&mut bytes, width, height) {
            for item in items {
                let visible = item.bounds.common(&region);
                if visible.is_empty() {
                    continue;
                }
                let mut tile = Tile {
                    map: &mut map,
                    region: drawn,
                    visible,
                    color: item.color,
                    clip: item.cut.then(|| clip(drawn, visible)).flatten(),
                };
                self.item(item, fonts, &mut tile);
            }
        }
        let margin = MARGIN.unsigned_abs() as usize;
        let rows = bytes.chunks_exact(width.max(1) as usize * 4).skip(margin);
        #[allow(clippy::cast_sign_loss)]
        let (left, top) = (region.left.max(0) as usize, region.top.max(0) as usize);
        for (row, bytes) in rows.enumerate() {
            let start = (top + row) * stride + left;
            let Some(out) = pixels.get_mut(start..start + region.width() as usize) else {
                break;
            };
            let kept = bytes.chunks_exact(4).skip(margin);
            for (pixel, bytes) in out.iter_mut().zip(kept) {
                *pixel = u32::from_be_bytes([255, bytes[0], bytes[1], bytes[2]]);
            }
        }
        self.bytes = bytes;
    }

    fn item(&mut self, item: &Item, fonts: &Fonts, tile: &mut Tile<'_, '_>) {
        match &item.shape {
            Shape::Fill => tile.fill(),
            Shape::Round {
                x,
                y,
                width,
                height,
                radius,
                line,
            } => tile.path(round(*x, *y, *width, *height, *radius), *line),
            Shape::Line { from, to, width } => {
                let mut path = PathBuilder::new();
                path.move_to(from.0, from.1);
                path.line_to(to.0, to.1);
                tile.path(path.finish(), Some(*width));
            }
            Shape::Text {
                x,
                baseline,
                size,
                weight,
                text,
            } => {
                let mut x = *x;
                for font::Placed { character, .. } in font::visual(text) {
                    let glyph = fonts.glyph(character, *weight);
                    match &glyph {
                        Glyph::Missing => tile.missing_glyph(x, *baseline, *size),
                        Glyph::Of(font, id) => {
                            let snapped = (x * SUBPIXELS).round() / SUBPIXELS;
                            let (whole, part) = (snapped.floor(), snapped - snapped.floor());
                            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                            let key = GlyphKey {
                                character,
                                is_strong: *weight == Weight::Strong,
                                size: size.to_bits(),
                                subpixel: (part * SUBPIXELS) as u8,
                            };
                            if self.glyphs.len() >= MAX_GLYPHS {
                                self.glyphs.clear();
                            }
                            let mask = self.glyphs.entry(key);
                            let mask =
                                mask.or_insert_with(|| GlyphMask::new(font, *id, *size, part));
                            tile.mask(mask, whole, *baseline);
                        }
                    }
                    x += glyph.advance(*size);
                }
            }
        }
    }
}

impl GlyphPixels {
    fn len(&self) -> usize {
        match self {
            Self::Coverage(parts) => parts.len(),
            Self::Colors(colors) => colors.len(),
        }
    }
}

impl GlyphMask {
    fn new(font: &FontRef<'static>, id: GlyphId, size: f32, x: f32) -> Self {
        // ab_glyph measures a font from its highest to its lowest point, not by its em.
        let height = font.height_unscaled() * font::scale(font, size);
        let glyph = ab_glyph::Glyph {
            id,
            scale: height.into(),
            position: Point { x, y: 0.0 },
        };
        // A font of pictures may have outlines beside them, which are empty.
        if let Some(image) = font::image::draw(font, id, size, x) {
            return Self {
                left: image.left,
                top: image.top,
                #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
                width: image.width as i32,
                pixels: GlyphPixels::Colors(image.pixels),
            };
        }
        let Some(outline) = font.outline_glyph(glyph) else {
            return Self::default();
        };
        let bounds = outline.px_bounds();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let (width, height) = (bounds.width() as usize, bounds.height() as usize);
        let mut coverage = vec![0; width * height];
        outline.draw(|x, y, part| {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            if let Some(pixel) = coverage.get_mut(y as usize * width + x as usize) {
                *pixel = (part.clamp(0.0, 1.0) * 255.0).round() as u8;
            }
        });
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
        Self {
            left: bounds.min.x as i32,
            top: bounds.min.y as i32,
            width: width as i32,
            pixels: GlyphPixels::Coverage(coverage),
        }
    }
}

/// The pixels of a region, and what of them an item may touch.
struct Tile<'a, 'b> {
    map: &'a mut PixmapMut<'b>,
    region: Pixels,
    visible: Pixels,
    color: Color,
    /// Cuts a path off at the edges of `visible`, if it reaches beyond.
    clip: Option<Mask>,
}

impl Tile<'_, '_> {
    fn fill(&mut self) {
        let stride = self.region.width() as usize * 4;
        let bytes = [self.color.red, self.color.green, self.color.blue, 255];
        let visible = self.visible;
        #[allow(clippy::cast_sign_loss)]
        let (left, top) = (
            (visible.left - self.region.left) as usize * 4,
            (visible.top - self.region.top) as usize,
        );
        let rows = self.map.data_mut().chunks_exact_mut(stride);
        for row in rows.skip(top).take(visible.height() as usize) {
            let row = &mut row[left..left + visible.width() as usize * 4];
            for pixel in row.chunks_exact_mut(4) {
                pixel.copy_from_slice(&bytes);
            }
        }
    }

    /// Fills a path, or draws a line of this width along it.
    fn path(&mut self, path: Option<Path>, line: Option<f32>) {
        let Some(path) = path else { return };
        let mut paint = Paint::default();
        paint.set_color_rgba8(self.color.red, self.color.green, self.color.blue, 255);
        #[allow(clippy::cast_precision_loss)]
        let (left, top) = (self.region.left as f32, self.region.top as f32);
        let moved = Transform::from_translate(-left, -top);
        let clip = self.clip.as_ref();
        if let Some(width) = line {
            let stroke = Stroke {
                width,
                line_cap: LineCap::Round,
                line_join: LineJoin::Round,
                ..Stroke::default()
            };
            self.map.stroke_path(&path, &paint, &stroke, moved, clip);
        } else {
            let rule = FillRule::Winding;
            self.map.fill_path(&path, &paint, rule, moved, clip);
        }
    }

    /// Draws a box in place of a character that no font has.
    fn missing_glyph(&mut self, x: f32, baseline: f32, size: f32) {
        let (width, height) = (size * font::BOX, size * 0.72);
        let x = x + size * font::BOX_SIDE;
        let path = round(x, baseline - height, width, height, size * 0.1);
        self.path(path, Some((size * 0.07).max(1.0)));
    }

    fn mask(&mut self, mask: &GlyphMask, x: f32, baseline: f32) {
        if mask.width == 0 {
            return;
        }
        #[allow(clippy::cast_possible_truncation)]
        let (left, top) = (x as i32 + mask.left, baseline.round() as i32 + mask.top);
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
        let height = (mask.pixels.len() / mask.width.unsigned_abs() as usize) as i32;
        let whole = Pixels {
            left,
            top,
            right: left + mask.width,
            bottom: top + height,
        };
        let seen = whole.common(&self.visible);
        let region = self.region;
        let stride = region.width() as usize;
        let color = [self.color.red, self.color.green, self.color.blue];
        let data = self.map.data_mut();
        // `seen` lies in the mask, and in the region: no difference is negative.
        #[allow(clippy::cast_sign_loss)]
        for row in seen.top..seen.bottom {
            for column in seen.left..seen.right {
                let at = (row - top) * mask.width + (column - left);
                let (part, color) = match &mask.pixels {
                    GlyphPixels::Coverage(parts) => {
                        let part = u32::from(parts[at as usize]);
                        (part, color.map(|byte| u32::from(byte) * part))
                    }
                    GlyphPixels::Colors(colors) => {
                        let [red, green, blue, part] = colors[at as usize].map(u32::from);
                        (part, [red, green, blue].map(|byte| byte * 255))
                    }
                };
                let pixel = (row - region.top) as usize * stride + (column - region.left) as usize;
                let pixel = &mut data[pixel * 4..pixel * 4 + 4];
                for (old, new) in pixel.iter_mut().zip(color) {
                    let mixed = u32::from(*old) * (255 - part) + new;
                    #[allow(clippy::cast_possible_truncation)]
                    let mixed = ((mixed + 127) / 255).min(255) as u8;
                    *old = mixed;
                }
            }
        }
    }
}

fn clip(region: Pixels, visible: Pixels) -> Option<Mask> {
    let mut clip = Mask::new(region.width(), region.height())?;
    #[allow(clippy::cast_precision_loss)]
    let visible = tiny_skia::Rect::from_ltrb(
        (visible.left - region.left) as f32,
        (visible.top - region.top) as f32,
        (visible.right - region.left) as f32,
        (visible.bottom - region.top) as f32,
    )?;
    let path = PathBuilder::from_rect(visible);
    clip.fill_path(&path, FillRule::Winding, false, Transform::identity());
    Some(clip)
}

/// Returns a rectangle with round corners; none if it has no inside.
pub(crate) fn round(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Option<Path> {
    let radius = radius.min(width / 2.0).min(height / 2.0).max(0.0);
    let (right, bottom) = (x + width, y + height);
    let bend = radius * (1.0 - QUARTER);
    let mut path = PathBuilder::new();
    path.move_to(x + radius, y);
    path.line_to(right - radius, y);
    path.cubic_to(right - bend, y, right, y + bend, right, y + radius);
    path.line_to(right, bottom - radius);
    let (from_x, from_y) = (right - bend, bottom - bend);
    path.cubic_to(right, from_y, from_x, bottom, right - radius, bottom);
    path.line_to(x + radius, bottom);
    path.cubic_to(x + bend, bottom, x, bottom - bend, x, bottom - radius);
    path.line_to(x, y + radius);
    path.cubic_to(x, y + bend, x + bend, y, x + radius, y);
    path.close();
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(item: &Item, region: Pixels) -> Vec<u32> {
        let mut pixels = vec![0; 64 * 64];
        let (items, fonts) = (std::slice::from_ref(item), Fonts::new().unwrap());
        Canvas::default().draw(items, &fonts, region, &mut pixels, 64);
        pixels
    }

    #[test]
    fn a_thin_line_is_the_same_wherever_a_region_cuts_it() {
        let ring = Shape::Round {
            x: 7.57,
            y: 4.01,
            width: 50.7,
            height: 38.3,
            radius: 4.9,
            line: Some(0.89),
        };
        let line = |from, to| Shape::Line {
            from,
            to,
            width: 0.89,
        };
        let shapes = [
            ring,
            line((20.3, 20.2), (29.6, 31.4)),
            line((20.3, 31.4), (31.6, 20.2)),
        ];
        let whole = Pixels::of_size(64, 64);
        for shape in shapes {
            let item = Item {
                bounds: whole,
                cut: false,
                shape,
                color: Color::hex(0x00ff_ffff),
            };
            let all = drawn(&item, whole);
            for at in 1..64 {
                let right = Pixels { left: at, ..whole };
                let below = Pixels { top: at, ..whole };
                for region in [right, below] {
                    let part = drawn(&item, region);
                    let pairs = part.iter().zip(&all);
                    let far = |(part, all): &(&u32, &u32)| {
                        **part != 0 && (**part & 0xff).abs_diff(**all & 0xff) > 32
                    };
                    let count = pairs.filter(far).count();
                    assert_eq!(count, 0, "{:?} in {region:?}", item.shape);
                }
            }
        }
    }
}
