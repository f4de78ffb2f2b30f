//! What holds of the window at every size and scale: no text over another, none outside.
#![allow(clippy::unwrap_used)]

mod scenes;

use mixview::display_list::{Item, Shape};
use mixview::font::Fonts;
use mixview::geometry::Rect;
use mixview::theme::DARK;
use mixview::view::{Viewport, view};

/// Where a text's letters are, in pixels, as far as its room shows them.
fn ink(item: &Item, fonts: &Fonts) -> Option<(Rect, String)> {
    let Shape::Text {
        x,
        baseline,
        size,
        weight,
        text,
    } = &item.shape
    else {
        return None;
    };
    let width = fonts.width(text, *size, *weight);
    let ink = Rect::new(*x, baseline - size * 0.75, width, size * 0.9);
    #[allow(clippy::cast_precision_loss)]
    let bounds = Rect::new(
        item.bounds.left as f32,
        item.bounds.top as f32,
        item.bounds.width() as f32,
        item.bounds.height() as f32,
    );
    let ink = ink.common(&bounds);
    (ink.width > 0.0 && ink.height > 0.0).then(|| (ink, text.to_string()))
}

/// Whether nothing that lies behind the item is seen there: a card's corners are not near its text.
fn hides(item: &Item, rect: &Rect) -> bool {
    let is_filled = match item.shape {
        Shape::Fill => true,
        Shape::Round { line, .. } => line.is_none(),
        _ => false,
    };
    #[allow(clippy::cast_precision_loss)]
    let bounds = Rect::new(
        item.bounds.left as f32 - 0.5,
        item.bounds.top as f32 - 0.5,
        item.bounds.width() as f32 + 1.0,
        item.bounds.height() as f32 + 1.0,
    );
    is_filled && bounds.common(rect) == *rect
}

#[test]
fn at_any_size_and_scale_no_text_lies_over_another_or_outside() {
    let fonts = scenes::fonts();
    let mut checked = 0;
    for scene in scenes::all() {
        let model = (scene.make)();
        for (width, height) in [
            (320, 240),
            (320, 200),
            (320, 120),
            (321, 251),
            (397, 333),
            (480, 420),
            (480, 900),
            (1234, 777),
        ] {
            for scale in [0.75, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 3.3] {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let pixels = |logical: u32| (f64::from(logical) * f64::from(scale)).ceil() as u32;
                let viewport = Viewport {
                    width: pixels(width),
                    height: pixels(height),
                    scale,
                };
                let frame = view(&model, &fonts, &DARK, viewport);
                let texts: Vec<_> = frame
                    .items
                    .iter()
                    .enumerate()
                    .filter_map(|(place, item)| Some((place, ink(item, &fonts)?)))
                    .collect();
                let name = format!("{} at {width}x{height}, scale {scale}", scene.name);
                for (at, (place, (rect, text))) in texts.iter().enumerate() {
                    #[allow(clippy::cast_precision_loss)]
                    let right = viewport.width as f32;
                    assert!(
                        rect.x >= 0.0 && rect.right() <= right + 0.5,
                        "{name}: '{text}'"
                    );
                    for (front, (other, words)) in &texts[at + 1..] {
                        let common = rect.common(other);
                        let between = &frame.items[*place..*front];
                        assert!(
                            common.width < 0.5
                                || common.height < 0.5
                                || between.iter().any(|item| hides(item, &common)),
                            "{name}: '{text}' and '{words}' overlap"
                        );
                    }
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 5_000);
}
