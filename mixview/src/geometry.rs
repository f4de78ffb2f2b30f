//! Rectangles: those of the layout, in logical pixels, and those of the display list, in pixels.

/// A rectangle in logical pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

impl Rect {
    pub const fn new(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    pub fn right(&self) -> f32 {
        self.x + self.width
    }

    pub fn bottom(&self) -> f32 {
        self.y + self.height
    }

    /// Returns the rectangle with so much less on each side; its size is never negative.
    #[must_use]
    pub fn shrunk(&self, by_x: f32, by_y: f32) -> Self {
        let width = (self.width - 2.0 * by_x).max(0.0);
        let height = (self.height - 2.0 * by_y).max(0.0);
        Self::new(self.x + by_x, self.y + by_y, width, height)
    }

    /// Returns whether the point lies inside; the right and lower edges do not.
    pub fn contains(&self, x: f32, y: f32) -> bool {
        x >= self.x && x < self.right() && y >= self.y && y < self.bottom()
    }

    /// Returns what lies in both.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let width = (self.right().min(other.right()) - x).max(0.0);
        let height = (self.bottom().min(other.bottom()) - y).max(0.0);
        Self::new(x, y, width, height)
    }
}

/// A rectangle of whole pixels; the right column and the bottom row lie outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pixels {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

impl Pixels {
    pub fn of_size(width: u32, height: u32) -> Self {
        Self {
            left: 0,
            top: 0,
            right: i32::try_from(width).unwrap_or(i32::MAX),
            bottom: i32::try_from(height).unwrap_or(i32::MAX),
        }
    }

    pub fn width(&self) -> u32 {
        u32::try_from(self.right - self.left).unwrap_or(0)
    }

    pub fn height(&self) -> u32 {
        u32::try_from(self.bottom - self.top).unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    /// The number of pixels in it.
    pub fn area(&self) -> u64 {
        u64::from(self.width()) * u64::from(self.height())
    }

    /// Returns what lies in both; empty if nothing does.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    /// Returns the smallest one around both.
    #[must_use]
    pub fn around(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}
