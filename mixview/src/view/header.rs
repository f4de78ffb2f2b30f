//! The slider, its two ends and the numbers.

use wire::{Channel, Gain, Volume};

use crate::geometry::Rect;
use crate::model::{Model, Target};
use crate::theme::{GRID, LARGE, MARGIN, SMALL, VALUE};

use super::painter::{Align, Painter, Style};
use super::{Role, Track, focus_ring};

/// The middle of the slider, from the top.
const MIDDLE: f32 = 17.0 * GRID;
const RADIUS: f32 = 10.0;

pub fn draw(painter: &mut Painter<'_>, model: &Model, window: Rect) -> Track {
    let theme = painter.theme;
    let is_up = model.daemon.is_up();
    let volume = model.volume();
    let third = ((window.width - 2.0 * MARGIN) / 3.0).floor();
    let right = window.width - MARGIN - third;
    let mix = model.mix();
    for (channel, name, gain, x, align) in [
        (
            Channel::Default,
            "Default",
            mix.default,
            MARGIN,
            Align::Left,
        ),
        (Channel::Aux, "Aux", mix.aux, right, Align::Right),
    ] {
        let (color, gain) = match is_up {
            true => (theme.channel(channel), percent(gain)),
            false => (theme.muted, String::new()),
        };
        let room = Rect::new(x, 3.0 * GRID, third, 5.0 * GRID);
        painter.text(room, name, Style::strong(LARGE, color), align);
        let room = Rect::new(x, 8.0 * GRID, third, 4.0 * GRID);
        painter.text(room, &gain, Style::new(SMALL, theme.muted), align);
    }
    let left = MARGIN + third;
    let room = Rect::new(left, 3.0 * GRID, window.width - 2.0 * left, 6.0 * GRID);
    let (value, color) = match is_up {
        true => (signed(volume), theme.text),
        false => ("–".to_owned(), theme.muted),
    };
    painter.text(room, &value, Style::strong(VALUE, color), Align::Middle);

    let mut track = Track {
        left: MARGIN + RADIUS,
        right: window.width - MARGIN - RADIUS,
        handle: 0.0,
        radius: RADIUS,
    };
    track.handle = track.place(volume);
    let middle = track.place(Volume::MIDDLE);
    let bar = Rect::new(MARGIN, MIDDLE - 1.0, window.width - 2.0 * MARGIN, 2.0);
    painter.round(bar, 1.0, theme.line);
    if is_up {
        let color = match volume < Volume::MIDDLE {
            true => theme.default,
            false => theme.aux,
        };
        let (left, right) = (middle.min(track.handle), middle.max(track.handle));
        if right - left > 0.5 {
            painter.fill(Rect::new(left, MIDDLE - 3.0, right - left, 6.0), color);
        }
    }
    for (x, color) in [
        (MARGIN + 3.0, theme.default),
        (window.width - MARGIN - 3.0, theme.aux),
    ] {
        painter.disc(x, MIDDLE, 3.0, if is_up { color } else { theme.muted });
    }
    // The notch, above and below the handle.
    for y in [MIDDLE - RADIUS - GRID, MIDDLE + RADIUS] {
        painter.round(Rect::new(middle - 1.0, y, 2.0, GRID), 1.0, theme.muted);
    }
    let knob = match (is_up, volume.cmp(&Volume::MIDDLE)) {
        (false, _) => theme.muted,
        (true, std::cmp::Ordering::Less) => theme.default,
        (true, std::cmp::Ordering::Equal) => theme.text,
        (true, std::cmp::Ordering::Greater) => theme.aux,
    };
    painter.disc(track.handle, MIDDLE, RADIUS, knob);
    painter.disc(track.handle, MIDDLE, RADIUS - 3.0, theme.background);
    if model.hover == Some(Target::Slider) && is_up {
        painter.disc(track.handle, MIDDLE, RADIUS - 6.0, knob);
    }
    if model.focus.ring() == Some(Target::Slider) {
        let (top, width) = (MIDDLE - 4.0 * GRID, window.width - 2.0 * GRID);
        let ring = Rect::new(GRID, top, width, 8.0 * GRID);
        focus_ring(painter, ring, theme.muted);
    }
    let area = Rect::new(0.0, MIDDLE - 5.0 * GRID, window.width, 10.0 * GRID);
    painter.area(area, Role::Target(Target::Slider));
    track
}

/// Returns a gain as people write it: `75 %`. Only silence is 0 %, and only full gain 100 %.
fn percent(gain: Gain) -> String {
    let millionths = gain.millionths();
    match (millionths + 5_000) / 10_000 {
        0 if millionths > 0 => "< 1 %".to_owned(),
        100 if millionths < 1_000_000 => "> 99 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

/// Returns a volume with two decimals and a sign, of the same width at each value.
fn signed(volume: Volume) -> String {
    let sign = match volume.cmp(&Volume::MIDDLE) {
        std::cmp::Ordering::Less => "−",
        std::cmp::Ordering::Equal => "",
        std::cmp::Ordering::Greater => "+",
    };
    let hundredths = (volume.millionths().unsigned_abs() + 5_000) / 10_000;
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        let gain = |millionths: u32| percent(Gain::try_from(millionths).unwrap());
        assert_eq!(gain(0), "0 %");
        assert_eq!(gain(1), "< 1 %");
        assert_eq!(gain(750_000), "75 %");
        assert_eq!(gain(999_999), "> 99 %");
        assert_eq!(gain(1_000_000), "100 %");
        let volume = |text: &str| signed(text.parse().unwrap());
        assert_eq!(volume("-1"), "−1.00");
        assert_eq!(volume("-0.254"), "−0.25");
        assert_eq!(volume("0"), "0.00");
        assert_eq!(volume("0.05"), "+0.05");
    }
}
