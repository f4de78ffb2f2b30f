//! Fills a frame: logical lengths in, shapes in pixels and hit areas out.

use std::borrow::Cow;

use crate::display_list::{Color, Item, Shape};
use crate::font::{Fonts, Weight};
use crate::geometry::{Pixels, Rect};
use crate::model::Target;
use crate::theme::Theme;

use super::{Area, Frame, Role};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Middle,
    Right,
}

#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub size: f32,
    pub weight: Weight,
    pub color: Color,
}

impl Style {
    pub const fn new(size: f32, color: Color) -> Self {
        Self {
            size,
            weight: Weight::Regular,
            color,
        }
    }

    pub const fn strong(size: f32, color: Color) -> Self {
        Self {
            weight: Weight::Strong,
            ..Self::new(size, color)
        }
    }
}

/// One pixel more on each side: a line thinner than a pixel touches it.
const fn wider(pixels: Pixels) -> Pixels {
    Pixels {
        left: pixels.left - 1,
        top: pixels.top - 1,
        right: pixels.right + 1,
        bottom: pixels.bottom + 1,
    }
}

/// How far a baseline lies below the middle of its room, as a part of the text's size: half the height
/// of Inter's capital letters.
const RISE: f32 = 0.364;

/// A text that explains a target which is pointed at or has the focus.
pub struct Tooltip {
    pub target: Target,
    /// The target's place.
    pub rect: Rect,
    pub lines: Vec<String>,
}

pub struct Painter<'a> {
    pub fonts: &'a Fonts,
    pub theme: &'a Theme,
    scale: f32,
    clip: Rect,
    pub frame: Frame,
    pub tooltips: Vec<Tooltip>,
}

impl<'a> Painter<'a> {
    pub fn new(fonts: &'a Fonts, theme: &'a Theme, scale: f32, window: Rect, frame: Frame) -> Self {
        Self {
            fonts,
            theme,
            scale,
            clip: window,
            frame,
            tooltips: Vec::new(),
        }
    }

    /// Draws so that nothing outside of `clip` is touched, or can be pointed at.
    pub fn within(&mut self, clip: Rect, draw: impl FnOnce(&mut Self)) {
        let outer = self.clip;
        self.clip = outer.common(&clip);
        draw(self);
        self.clip = outer;
    }

    fn pixel(&self, logical: f32) -> i32 {
        #[allow(clippy::cast_possible_truncation)]
        let pixel = (logical * self.scale).round() as i32;
        pixel
    }

    fn pixels(&self, rect: &Rect) -> Pixels {
        Pixels {
            left: self.pixel(rect.x),
            top: self.pixel(rect.y),
            right: self.pixel(rect.right()),
            bottom: self.pixel(rect.bottom()),
        }
    }

    fn push(&mut self, reach: Pixels, shape: Shape, color: Color) {
        let bounds = reach.common(&self.pixels(&self.clip));
        if !bounds.is_empty() {
            self.frame.items.push(Item {
                bounds,
                cut: bounds != reach,
                shape,
                color,
            });
        }
    }

    pub fn fill(&mut self, rect: Rect, color: Color) {
        let pixels = self.pixels(&rect);
        self.push(pixels, Shape::Fill, color);
    }

    /// A line from left to right, one logical pixel thick and at least one real.
    pub fn rule(&mut self, x: f32, y: f32, width: f32, color: Color) {
        let mut pixels = self.pixels(&Rect::new(x, y, width, 1.0));
        pixels.bottom = pixels.bottom.max(pixels.top + 1);
        self.push(pixels, Shape::Fill, color);
    }

    /// The same from top to bottom.
    pub fn post(&mut self, x: f32, y: f32, height: f32, color: Color) {
        let mut pixels = self.pixels(&Rect::new(x, y, 1.0, height));
        pixels.right = pixels.right.max(pixels.left + 1);
        self.push(pixels, Shape::Fill, color);
    }

    /// Fills a rectangle with round corners; its edges lie between pixels, so that they are sharp.
    pub fn round(&mut self, rect: Rect, radius: f32, color: Color) {
        let pixels = self.pixels(&rect);
        #[allow(clippy::cast_precision_loss)]
        let (x, y) = (pixels.left as f32, pixels.top as f32);
        #[allow(clippy::cast_precision_loss)]
        let (right, bottom) = (pixels.right as f32, pixels.bottom as f32);
        let shape = Shape::Round {
            x,
            y,
            width: right - x,
            height: bottom - y,
            radius: radius * self.scale,
            line: None,
        };
        self.push(self.around(&rect), shape, color);
    }

    /// Draws the outline of one, inside of it.
    pub fn ring(&mut self, rect: Rect, radius: f32, width: f32, color: Color) {
        let (half, scale) = (width / 2.0, self.scale);
        let path = rect.shrunk(half, half);
        let (x, y) = (path.x * scale, path.y * scale);
        let shape = Shape::Round {
            x,
            y,
            width: path.right() * scale - x,
            height: path.bottom() * scale - y,
            radius: (radius - half) * scale,
            line: Some(width * scale),
        };
        let reach = wider(self.around(&path.shrunk(-half, -half)));
        self.push(reach, shape, color);
    }

    /// Fills a circle, with no edge moved to a whole pixel.
    pub fn disc(&mut self, x: f32, y: f32, radius: f32, color: Color) {
        let (side, scale) = (2.0 * radius, self.scale);
        let rect = Rect::new(x - radius, y - radius, side, side);
        let shape = Shape::Round {
            x: rect.x * scale,
            y: rect.y * scale,
            width: rect.width * scale,
            height: rect.height * scale,
            radius: radius * scale,
            line: None,
        };
        self.push(self.around(&rect), shape, color);
    }

    /// A line with round ends.
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, color: Color) {
        let scale = self.scale;
        let (left, top) = (from.0.min(to.0) - width, from.1.min(to.1) - width);
        let (right, bottom) = (from.0.max(to.0) + width, from.1.max(to.1) + width);
        let reach = Rect::new(left, top, right - left, bottom - top);
        let shape = Shape::Line {
            from: (from.0 * scale, from.1 * scale),
            to: (to.0 * scale, to.1 * scale),
            width: width * scale,
        };
        let reach = wider(self.around(&reach));
        self.push(reach, shape, color);
    }

    /// Every pixel that the rectangle touches.
    fn around(&self, rect: &Rect) -> Pixels {
        let scale = self.scale;
        #[allow(clippy::cast_possible_truncation)]
        Pixels {
            left: (rect.x * scale).floor() as i32,
            top: (rect.y * scale).floor() as i32,
            right: (rect.right() * scale).ceil() as i32,
            bottom: (rect.bottom() * scale).ceil() as i32,
        }
    }

    pub fn width(&self, text: &str, style: Style) -> f32 {
        self.fonts.width(text, style.size, style.weight)
    }

    /// Cuts the text with an ellipsis where it is wider than the room.
    pub fn fit<'t>(&self, text: &'t str, style: Style, room: f32) -> Cow<'t, str> {
        self.fonts.fit(text, style.size, style.weight, room)
    }

    /// Draws a text in the middle of the height of its room, cut with an ellipsis where that is too
    /// narrow. Returns its width, and whether it was cut.
    pub fn text(&mut self, room: Rect, text: &str, style: Style, align: Align) -> (f32, bool) {
        let fitted = self.fit(text, style, room.width).into_owned();
        let width = self.width(&fitted, style);
        let x = match align {
            Align::Left => room.x,
            Align::Middle => room.x + (room.width - width) / 2.0,
            Align::Right => room.right() - width,
        };
        let cut = fitted != text;
        self.glyphs(x, room, fitted, width, style);
        (width, cut)
    }

    /// Draws a text that begins at `x`, whatever its width; the room only says how high it stands.
    pub fn glyphs(&mut self, x: f32, room: Rect, text: String, width: f32, style: Style) {
        if text.is_empty() {
            return;
        }
        let (scale, size) = (self.scale, style.size);
        let baseline = room.y + room.height / 2.0 + size * RISE;
        // Marks and descenders of all fonts lie within this.
        let reach = Rect::new(
            x - size * 0.3,
            baseline - size * 1.25,
            width + size * 0.6,
            size * 1.75,
        );
        let reach = self.around(&reach);
        let shape = Shape::Text {
            x: x * scale,
            baseline: (baseline * scale).round(),
            size: size * scale,
            weight: style.weight,
            text: text.into(),
        };
        self.push(reach, shape, style.color);
    }

    pub fn tooltip(&mut self, target: Target, rect: Rect, lines: Vec<String>) {
        self.tooltips.push(Tooltip {
            target,
            rect,
            lines,
        });
    }

    /// Adds a hit area.
    pub fn area(&mut self, rect: Rect, role: Role) {
        let rect = rect.common(&self.clip);
        if rect.width > 0.0 && rect.height > 0.0 {
            self.frame.areas.push(Area { rect, role });
        }
    }
}
