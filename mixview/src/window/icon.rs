//! The window's icon, for X11: `dist/mixview.svg`, drawn. winit 0.30 gives Wayland none, where the
//! desktop takes the one of the .desktop file.

use tiny_skia::{Color, FillRule, LineCap, Paint, Path, PathBuilder, Pixmap, Stroke, Transform};
use winit::window::Icon;

use crate::canvas::round;

/// Its width and height in pixels: what task bars and switchers show at most.
const SIZE: u16 = 64;
/// The width and the height of the drawing.
const DRAWING: f32 = 128.0;

const BLUE: [u8; 3] = [0x5a, 0xa9, 0xe6];
const ORANGE: [u8; 3] = [0xe8, 0xa1, 0x5a];

/// Draws the icon.
pub fn icon() -> Option<Icon> {
    let mut map = Pixmap::new(SIZE.into(), SIZE.into())?;
    let mut draw = |path: Option<Path>, width: Option<f32>, [red, green, blue]: [u8; 3]| {
        let mut paint = Paint::default();
        paint.set_color(Color::from_rgba8(red, green, blue, 255));
        let scale = f32::from(SIZE) / DRAWING;
        let scale = Transform::from_scale(scale, scale);
        match (path, width) {
            (Some(path), None) => map.fill_path(&path, &paint, FillRule::Winding, scale, None),
            (Some(path), Some(width)) => {
                let line_cap = LineCap::Round;
                let stroke = Stroke {
                    width,
                    line_cap,
                    ..Stroke::default()
                };
                map.stroke_path(&path, &paint, &stroke, scale, None);
            }
            (None, _) => {}
        }
    };
    let back = round(8.0, 8.0, 112.0, 112.0, 24.0);
    draw(back, None, [0x23, 0x27, 0x2e]);
    draw(line((28.0, 84.0), (64.0, 84.0)), Some(8.0), BLUE);
    draw(line((64.0, 84.0), (100.0, 84.0)), Some(8.0), ORANGE);
    draw(
        line((64.0, 72.0), (64.0, 96.0)),
        Some(4.0),
        [0x8a, 0x91, 0x9c],
    );
    let handle = PathBuilder::from_circle(80.0, 84.0, 14.0);
    draw(handle, None, [0xf2, 0xf4, 0xf7]);
    draw(slope(28.0, 44.0, 52.0), Some(6.0), BLUE);
    draw(slope(100.0, 84.0, 76.0), Some(6.0), ORANGE);
    let pixels = map.pixels().iter().flat_map(|pixel| {
        let pixel = pixel.demultiply();
        [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]
    });
    Icon::from_rgba(pixels.collect(), SIZE.into(), SIZE.into()).ok()
}

fn line(from: (f32, f32), to: (f32, f32)) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(from.0, from.1);
    path.line_to(to.0, to.1);
    path.finish()
}

/// A curve from its foot up to the middle, by the x of its start and of its control points.
fn slope(start: f32, first: f32, second: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(start, 52.0);
    path.cubic_to(first, 52.0, second, 30.0, 64.0, 30.0);
    path.finish()
}
