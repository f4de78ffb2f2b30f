//! The display list: shapes in pixels, from the back to the front; and the damage between two lists.

use crate::font::Weight;
use crate::geometry::Pixels;

/// An opaque colour in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    pub red: u8,
    pub green: u8,
    pub blue: u8,
}

impl Color {
    /// Returns the colour 0xRRGGBB.
    pub const fn hex(number: u32) -> Self {
        let [_, red, green, blue] = number.to_be_bytes();
        Self { red, green, blue }
    }

    /// Returns a mixture of two colours: at 0 this one, at 1 the other.
    #[must_use]
    pub fn mixed(self, other: Self, part: f32) -> Self {
        // Between two bytes, so in a byte's range.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let mix =
            |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * part).round() as u8;
        Self {
            red: mix(self.red, other.red),
            green: mix(self.green, other.green),
            blue: mix(self.blue, other.blue),
        }
    }
}

/// A shape to draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The only pixels that it may touch.
    pub bounds: Pixels,
    /// Whether the shape reaches beyond them.
    pub cut: bool,
    pub shape: Shape,
    pub color: Color,
}

/// Lengths and places are in pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// All of the bounds.
    Fill,
    /// A rectangle with round corners; a circle, if the radius is half of its sides.
    Round {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        /// Of the corners.
        radius: f32,
        /// The width of its outline, or none to fill it.
        line: Option<f32>,
    },
    /// A line with round ends.
    Line {
        from: (f32, f32),
        to: (f32, f32),
        width: f32,
    },
    /// A line of text that begins at `x`.
    Text {
        x: f32,
        baseline: f32,
        /// The font's em.
        size: f32,
        weight: Weight,
        text: Box<str>,
    },
}

/// Of more rectangles than these, the two nearest are drawn as one.
const MAX_REGIONS: usize = 6;

/// Returns the regions to redraw when `new` replaces `old` in a window of `size`.
pub fn damage(old: &[Item], new: &[Item], size: Pixels) -> Vec<Pixels> {
    let same = |(a, b): &(&Item, &Item)| a == b;
    let start = old.iter().zip(new).take_while(same).count();
    let (old, new) = (&old[start..], &new[start..]);
    let end = old.iter().rev().zip(new.iter().rev());
    let end = end.take_while(same).count();
    let (old, new) = (&old[..old.len() - end], &new[..new.len() - end]);
    let mut regions = Vec::new();
    for (ours, theirs) in [(old, new), (new, old)] {
        for item in ours.iter().filter(|item| !theirs.contains(item)) {
            add(&mut regions, item.bounds.common(&size));
        }
    }
    // An item that is in both, but in another order, may lie in front of something else now.
    let kept = |from: &[Item], of: &[Item]| -> Vec<Pixels> {
        let kept = from.iter().filter(|item| of.contains(item));
        kept.map(|item| item.bounds).collect()
    };
    let (before, after) = (kept(old, new), kept(new, old));
    if before != after {
        for bounds in before.into_iter().chain(after) {
            add(&mut regions, bounds.common(&size));
        }
    }
    regions
}

/// Adds a rectangle, joined with those it overlaps, so that no pixel is drawn twice.
pub fn add(regions: &mut Vec<Pixels>, mut region: Pixels) {
    if region.is_empty() {
        return;
    }
    while let Some(at) = regions
        .iter()
        .position(|other| !other.common(&region).is_empty())
    {
        region = region.around(&regions.swap_remove(at));
    }
    regions.push(region);
    if regions.len() > MAX_REGIONS {
        let last = regions.len() - 1;
        let grown = |at: usize| {
            let around = regions[at].around(&region);
            around.area() - regions[at].area()
        };
        if let Some(nearest) = (0..last).min_by_key(|&at| grown(at)) {
            let other = regions[nearest];
            regions.swap_remove(last);
            regions.swap_remove(nearest);
            add(regions, region.around(&other));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(left: i32, top: i32, color: u32) -> Item {
        Item {
            bounds: Pixels {
                left,
                top,
                right: left + 10,
                bottom: top + 10,
            },
            cut: false,
            shape: Shape::Fill,
            color: Color::hex(color),
        }
    }

    #[test]
    fn only_what_differs_is_damaged() {
        let size = Pixels::of_size(100, 100);
        let old = [fill(0, 0, 1), fill(20, 0, 2), fill(40, 0, 3)];
        assert!(damage(&old, &old, size).is_empty());
        let mut new = old.clone();
        new[1].color = Color::hex(4);
        assert_eq!(damage(&old, &new, size), [old[1].bounds]);
        // One that moves is drawn where it was and where it is.
        new[1] = fill(20, 50, 2);
        let both = damage(&old, &new, size);
        assert_eq!(both.len(), 2);
        // One more, one fewer.
        assert_eq!(damage(&old, &old[..2], size), [old[2].bounds]);
        assert_eq!(damage(&old[1..], &old, size), [old[0].bounds]);
        // Another order.
        let turned = [fill(20, 0, 2), fill(0, 0, 1), fill(40, 0, 3)];
        assert!(!damage(&old, &turned, size).is_empty());
        // What lies outside is nobody's business.
        assert!(damage(&[], &[fill(200, 0, 1)], size).is_empty());
    }

    #[test]
    fn rectangles_that_overlap_become_one_and_there_are_never_many() {
        let mut regions = Vec::new();
        for at in 0..40 {
            add(&mut regions, fill(at * 20, (at % 7) * 30, 0).bounds);
            assert!(regions.len() <= MAX_REGIONS);
        }
        for (at, one) in regions.iter().enumerate() {
            for other in &regions[at + 1..] {
                assert!(one.common(other).is_empty());
            }
        }
    }
}
