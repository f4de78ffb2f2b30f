//! Glyphs that are pictures: PNGs in a font's tables CBDT or sbix, as colour emoji are.

use std::io::Cursor;

use ab_glyph::{Font, FontRef, GlyphId, GlyphImageFormat};

/// A glyph's pixels at a size.
pub(crate) struct Image {
    /// From the pen to the left edge, and from the baseline down to the upper one.
    pub left: i32,
    pub top: i32,
    pub width: usize,
    /// Red, green, blue and how much of the pixel is covered, by which the colours are multiplied.
    pub pixels: Vec<[u8; 4]>,
}

/// Returns whether a glyph is a picture that can be drawn.
pub(crate) fn is_image(font: &FontRef<'_>, glyph: GlyphId) -> bool {
    let image = font.glyph_raster_image2(glyph, u16::MAX);
    image.is_some_and(|image| matches!(image.format, GlyphImageFormat::Png))
}

/// Draws a glyph that is a picture, at this size of the font's em in pixels, `x` pixels beside a whole one.
/// Returns none if it is not one, or broken.
pub(crate) fn draw(font: &FontRef<'_>, glyph: GlyphId, size: f32, x: f32) -> Option<Image> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let image = font.glyph_raster_image2(glyph, size.ceil() as u16)?;
    if !matches!(image.format, GlyphImageFormat::Png) {
        return None;
    }
    let (width, height, pixels) = decode(image.data)?;
    let scale = size / f32::from(image.pixels_per_em.max(1));
    #[allow(clippy::cast_precision_loss)]
    let (wide, high) = (width as f32 * scale, height as f32 * scale);
    let (left, bottom) = (image.origin.x * scale + x, -image.origin.y * scale);
    let top = bottom - high;
    let (from_x, from_y) = (left.floor(), top.floor());
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let (columns, rows) = (
        ((left + wide).ceil() - from_x) as usize,
        (bottom.ceil() - from_y) as usize,
    );
    let mut out = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        for column in 0..columns {
            // The part of the picture that lies in this pixel.
            #[allow(clippy::cast_precision_loss)]
            let (x, y) = (
                (from_x + column as f32 - left) / scale,
                (from_y + row as f32 - top) / scale,
            );
            let across = covered(x, x + 1.0 / scale, width);
            let down: Vec<_> = covered(y, y + 1.0 / scale, height).collect();
            let mut sum = [0.0; 4];
            for (at_x, part_x) in across {
                for (at_y, part_y) in &down {
                    let [red, green, blue, alpha] = pixels[at_y * width + at_x].map(f32::from);
                    let part = part_x * part_y * scale * scale;
                    let color = [red, green, blue].map(|byte| byte * alpha / 255.0);
                    for (sum, byte) in sum.iter_mut().zip(color.into_iter().chain([alpha])) {
                        *sum += byte * part;
                    }
                }
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            out.push(sum.map(|byte| byte.round().min(255.0) as u8));
        }
    }
    #[allow(clippy::cast_possible_truncation)]
    Some(Image {
        left: from_x as i32,
        top: from_y as i32,
        width: columns,
        pixels: out,
    })
}

/// The whole numbers below `count` of which a part lies between two places, and how large a part.
fn covered(from: f32, to: f32, count: usize) -> impl Iterator<Item = (usize, f32)> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let (first, end) = (from.max(0.0) as usize, to.ceil().max(0.0) as usize);
    (first..end.min(count)).map(move |at| {
        #[allow(clippy::cast_precision_loss)]
        let start = at as f32;
        (at, (to.min(start + 1.0) - from.max(start)).max(0.0))
    })
}

/// Returns the width, the height and the pixels of a PNG: red, green, blue, alpha.
fn decode(bytes: &[u8]) -> Option<(usize, usize, Vec<[u8; 4]>)> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(
        png::Transformations::normalize_to_color8() | png::Transformations::ALPHA,
    );
    let mut reader = decoder.read_info().ok()?;
    let mut out = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut out).ok()?;
    out.truncate(info.buffer_size());
    let pixels = match info.color_type {
        png::ColorType::Rgba => out
            .chunks_exact(4)
            .map(|pixel| [pixel[0], pixel[1], pixel[2], pixel[3]])
            .collect(),
        png::ColorType::GrayscaleAlpha => out
            .chunks_exact(2)
            .map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]])
            .collect(),
        _ => return None,
    };
    Some((info.width as usize, info.height as usize, pixels))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emoji() -> FontRef<'static> {
        FontRef::try_from_slice(include_bytes!("../../tests/font/Emoji.ttf")).unwrap()
    }

    #[test]
    fn an_emoji_is_a_picture_at_any_size() {
        let font = emoji();
        let id = font.glyph_id('😀');
        assert!(is_image(&font, id) && !is_image(&font, GlyphId(0)));
        for size in [1.0, 9.75, 14.0, 28.0, 109.0, 300.0] {
            let image = draw(&font, id, size, 0.25).unwrap();
            let height = image.pixels.len() / image.width;
            assert_eq!(image.pixels.len() % image.width, 0);
            #[allow(clippy::cast_precision_loss)]
            let (width, height) = (image.width as f32 / size, height as f32 / size);
            assert!(
                width >= 1.2 && height >= 1.1,
                "{width} by {height} at {size}"
            );
            // A yellow face, which reaches a little below the baseline.
            assert!(image.top < 0 && image.left == 0);
            let rows = image.pixels.len() / image.width;
            let middle = image.pixels[rows / 2 * image.width + image.width / 2];
            let [red, _, blue, alpha] = middle;
            assert!(
                size < 9.0 || red > 150 && blue < 120 && alpha == 255,
                "{middle:?}"
            );
        }
    }

    #[test]
    fn what_is_no_png_is_not_drawn() {
        assert!(decode(b"no picture").is_none());
        let georgian = include_bytes!("../../tests/font/Georgian.ttf");
        let font = FontRef::try_from_slice(georgian).unwrap();
        assert!(draw(&font, font.glyph_id('მ'), 14.0, 0.0).is_none());
    }
}
