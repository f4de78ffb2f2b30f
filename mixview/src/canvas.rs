//! Draws a scene into pixels: shapes by tiny-skia, text by `ab_glyph`, a rectangle at a time.

use std::collections::HashMap;

use ab_glyph::{Font, Glyph as Outline, GlyphId, Point};
use tiny_skia::{
    FillRule, LineCap, LineJoin, Mask as Clip, Paint, Path, PathBuilder, PixmapMut, Stroke,
    Transform,
};

use crate::display_list::{Color, Item, Shape};
use crate::font::{self, Fonts, Glyph, Weight};
use crate::geometry::Pixels;

/// How many glyphs are kept as they were drawn; a window full of text has some hundred.
const MOST_GLYPHS: usize = 1024;
/// A glyph begins at one of so many places within a pixel.
const PLACES: f32 = 4.0;
/// Where a curve leaves a quarter of a circle, as part of its radius: the usual number for one
/// Bézier curve a quarter.
const QUARTER: f32 = 0.552_284_8;

/// What is needed to draw: nothing that is seen depends on what was drawn before.
#[derive(Default)]
pub struct Canvas {
    /// The rectangle at work, four bytes a pixel.
    tile: Vec<u8>,
    glyphs: HashMap<Key, Mask>,
}

/// What makes a glyph look as it does.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    character: char,
    strong: bool,
    /// The bits of its size.
    size: u32,
    /// Where in a pixel it begins.
    place: u8,
}

/// How much of each pixel a glyph covers.
struct Mask {
    left: i32,
    top: i32,
    width: i32,
    coverage: Vec<u8>,
}

impl Canvas {
    /// Draws what of `scene` lies in `region` into `pixels`, whose rows are `stride` long: 0x00RRGGBB
    /// each. The region lies in the pixels.
    pub fn draw(
        &mut self,
        scene: &[Item],
        fonts: &Fonts,
        region: Pixels,
        pixels: &mut [u32],
        stride: usize,
    ) {
        let (width, height) = (region.width(), region.height());
        let mut tile = std::mem::take(&mut self.tile);
        tile.clear();
        tile.resize(width as usize * height as usize * 4, 0);
        if let Some(mut map) = PixmapMut::from_bytes(&mut tile, width, height) {
            for item in scene {
                let visible = item.bounds.common(&region);
                if !visible.is_empty() {
                    self.item(item, fonts, &mut map, region, visible);
                }
            }
        }
        let rows = tile.chunks_exact(width.max(1) as usize * 4);
        #[allow(clippy::cast_sign_loss)]
        let (left, top) = (region.left.max(0) as usize, region.top.max(0) as usize);
        for (row, bytes) in rows.enumerate() {
            let start = (top + row) * stride + left;
            let Some(out) = pixels.get_mut(start..start + width as usize) else {
                break;
            };
            for (pixel, bytes) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                *pixel = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
            }
        }
        self.tile = tile;
    }

    fn item(
        &mut self,
        item: &Item,
        fonts: &Fonts,
        map: &mut PixmapMut<'_>,
        region: Pixels,
        visible: Pixels,
    ) {
        let clip = item.cut.then(|| clip(region, visible)).flatten();
        match &item.shape {
            Shape::Fill => fill(map, region, visible, item.color),
            Shape::Round {
                x,
                y,
                width,
                height,
                radius,
                line,
            } => {
                let path = round(*x, *y, *width, *height, *radius);
                path_in(map, region, path, item.color, *line, clip.as_ref());
            }
            Shape::Line { from, to, width } => {
                let mut path = PathBuilder::new();
                path.move_to(from.0, from.1);
                path.line_to(to.0, to.1);
                let path = path.finish();
                path_in(map, region, path, item.color, Some(*width), clip.as_ref());
            }
            Shape::Text {
                x,
                baseline,
                size,
                weight,
                text,
            } => {
                let mut painter = *x;
                for (_, character) in font::shown(text) {
                    painter += self.glyph(
                        fonts,
                        character,
                        *size,
                        *weight,
                        painter,
                        *baseline,
                        map,
                        region,
                        visible,
                        item.color,
                        clip.as_ref(),
                    );
                }
            }
        }
    }

    /// Draws a character, and says how far the next one is.
    #[allow(clippy::too_many_arguments)]
    fn glyph(
        &mut self,
        fonts: &Fonts,
        character: char,
        size: f32,
        weight: Weight,
        x: f32,
        baseline: f32,
        map: &mut PixmapMut<'_>,
        region: Pixels,
        visible: Pixels,
        color: Color,
        clip: Option<&Clip>,
    ) -> f32 {
        let (font, id) = match fonts.glyph(character, weight) {
            Glyph::Of(font, id) => (font, id),
            Glyph::Missing => {
                let (width, height) = (size * font::BOX, size * 0.72);
                let side = size * 0.05;
                let path = round(x + side, baseline - height, width, height, size * 0.1);
                path_in(map, region, path, color, Some((size * 0.07).max(1.0)), clip);
                return width + 2.0 * side;
            }
        };
        // Quarters of a pixel are as fine as one can see, and let a glyph be drawn once for many.
        let snapped = (x * PLACES).round() / PLACES;
        let whole = snapped.floor();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let key = Key {
            character,
            strong: weight == Weight::Strong,
            size: size.to_bits(),
            place: ((snapped - whole) * PLACES) as u8,
        };
        let advance = font.h_advance_unscaled(id) * font::scale(&font, size);
        if self.glyphs.len() >= MOST_GLYPHS {
            self.glyphs.clear();
        }
        let mask = self
            .glyphs
            .entry(key)
            .or_insert_with(|| Mask::of(&font, id, size, snapped - whole));
        #[allow(clippy::cast_possible_truncation)]
        mask.draw(
            whole as i32,
            baseline.round() as i32,
            map,
            region,
            visible,
            color,
        );
        advance
    }
}

impl Mask {
    fn of(font: &ab_glyph::FontRef<'static>, id: GlyphId, size: f32, place: f32) -> Self {
        // ab_glyph measures a font from its highest to its lowest point, not by its em.
        let height = font.height_unscaled() * font::scale(font, size);
        let outline = Outline {
            id,
            scale: height.into(),
            position: Point { x: place, y: 0.0 },
        };
        let Some(outline) = font.outline_glyph(outline) else {
            return Self {
                left: 0,
                top: 0,
                width: 0,
                coverage: Vec::new(),
            };
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
            coverage,
        }
    }

    fn draw(
        &self,
        x: i32,
        baseline: i32,
        map: &mut PixmapMut<'_>,
        region: Pixels,
        visible: Pixels,
        color: Color,
    ) {
        if self.width == 0 {
            return;
        }
        let (left, top) = (x + self.left, baseline + self.top);
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
        let height = (self.coverage.len() / self.width.unsigned_abs() as usize) as i32;
        let mine = Pixels {
            left,
            top,
            right: left + self.width,
            bottom: top + height,
        };
        let mine = mine.common(&visible);
        let stride = region.width() as usize;
        let data = map.data_mut();
        // `mine` lies in the mask, and in the region: every difference is one of a place in it.
        #[allow(clippy::cast_sign_loss)]
        for row in mine.top..mine.bottom {
            for column in mine.left..mine.right {
                let at = (row - top) * self.width + (column - left);
                let part = u32::from(self.coverage[at as usize]);
                let pixel = (row - region.top) as usize * stride + (column - region.left) as usize;
                let pixel = &mut data[pixel * 4..pixel * 4 + 4];
                for (old, new) in pixel.iter_mut().zip([color.red, color.green, color.blue]) {
                    let mixed = u32::from(*old) * (255 - part) + u32::from(new) * part;
                    #[allow(clippy::cast_possible_truncation)]
                    let mixed = ((mixed + 127) / 255) as u8;
                    *old = mixed;
                }
            }
        }
    }
}

fn fill(map: &mut PixmapMut<'_>, region: Pixels, visible: Pixels, color: Color) {
    let stride = region.width() as usize * 4;
    let bytes = [color.red, color.green, color.blue, 255];
    #[allow(clippy::cast_sign_loss)]
    let start = (visible.left - region.left) as usize * 4;
    let rows = map.data_mut().chunks_exact_mut(stride);
    #[allow(clippy::cast_sign_loss)]
    let rows = rows
        .skip((visible.top - region.top) as usize)
        .take(visible.height() as usize);
    for row in rows {
        let row = &mut row[start..start + visible.width() as usize * 4];
        for pixel in row.chunks_exact_mut(4) {
            pixel.copy_from_slice(&bytes);
        }
    }
}

/// Lets only what is visible be drawn.
fn clip(region: Pixels, visible: Pixels) -> Option<Clip> {
    let mut clip = Clip::new(region.width(), region.height())?;
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

/// A rectangle with round corners; none if it has no inside.
fn round(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Option<Path> {
    let radius = radius.min(width / 2.0).min(height / 2.0).max(0.0);
    let (right, bottom) = (x + width, y + height);
    let bend = radius * (1.0 - QUARTER);
    let mut path = PathBuilder::new();
    path.move_to(x + radius, y);
    path.line_to(right - radius, y);
    path.cubic_to(right - bend, y, right, y + bend, right, y + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(
        right,
        bottom - bend,
        right - bend,
        bottom,
        right - radius,
        bottom,
    );
    path.line_to(x + radius, bottom);
    path.cubic_to(x + bend, bottom, x, bottom - bend, x, bottom - radius);
    path.line_to(x, y + radius);
    path.cubic_to(x, y + bend, x + bend, y, x + radius, y);
    path.close();
    path.finish()
}

fn path_in(
    map: &mut PixmapMut<'_>,
    region: Pixels,
    path: Option<Path>,
    color: Color,
    line: Option<f32>,
    clip: Option<&Clip>,
) {
    let Some(path) = path else { return };
    let mut paint = Paint::default();
    paint.set_color_rgba8(color.red, color.green, color.blue, 255);
    #[allow(clippy::cast_precision_loss)]
    let moved = Transform::from_translate(-(region.left as f32), -(region.top as f32));
    match line {
        None => map.fill_path(&path, &paint, FillRule::Winding, moved, clip),
        Some(width) => {
            let stroke = Stroke {
                width,
                line_cap: LineCap::Round,
                line_join: LineJoin::Round,
                ..Stroke::default()
            };
            map.stroke_path(&path, &paint, &stroke, moved, clip);
        }
    }
}
