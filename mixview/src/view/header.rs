//! The slider, the names and gains at its two ends, and the volume, which can be typed.

use wire::{Channel, Gain, Volume};

use crate::geometry::Rect;
use crate::model::{Model, Target};
use crate::theme::{GRID, LARGE, MARGIN, TEXT, VALUE};

use super::painter::{Align, Painter, Style};
use super::{HEADER, Role, Track, focus_ring, text_field};

/// The middle of the slider, from the top.
const MIDDLE: f32 = 17.0 * GRID;
const RADIUS: f32 = 10.0;
/// The upper end of the slider's hit area: above it are the ends' names and the value.
const TOP: f32 = 12.0 * GRID;

pub fn draw(painter: &mut Painter<'_>, model: &Model, column: Rect) -> Track {
    let header = Rect::new(0.0, 0.0, painter.frame.size.0, HEADER);
    painter.area(header, Role::Header);
    let third = ((column.width - 2.0 * MARGIN) / 3.0).floor();
    // The texts stand at the margins.
    let (y, width, height) = (GRID, third.min(26.0 * GRID) + 2.0 * GRID, TOP - GRID);
    let left = Rect::new(column.x + MARGIN - 2.0 * GRID, y, width, height);
    let x = column.right() - MARGIN + 2.0 * GRID - width;
    let right = Rect::new(x, y, width, height);
    end(painter, model, Channel::Default, left);
    end(painter, model, Channel::Aux, right);
    let (width, height) = (18.0 * GRID, 6.5 * GRID);
    let x = column.x + ((column.width - width) / 2.0).floor();
    value(painter, model, Rect::new(x, 2.5 * GRID, width, height));
    slider(painter, model, column)
}

/// Draws a channel's name and gain at its end of the slider; a click there sets the volume to that end.
fn end(painter: &mut Painter<'_>, model: &Model, channel: Channel, rect: Rect) {
    let theme = painter.theme;
    let target = Target::End(channel);
    let (name, align) = match channel {
        Channel::Default => ("Default", Align::Left),
        Channel::Aux => ("Aux", Align::Right),
    };
    let is_up = model.daemon.is_up();
    let color = match is_up {
        true => theme.channel(channel),
        false => theme.muted,
    };
    if is_up && model.hover == Some(target) {
        painter.round(rect, super::RADIUS, theme.surface);
        painter.ring(rect, super::RADIUS, 1.0, theme.line);
    }
    let x = rect.x + 2.0 * GRID;
    let width = rect.width - 4.0 * GRID;
    let room = Rect::new(x, rect.y + 0.5 * GRID, width, 4.5 * GRID);
    painter.text(room, name, Style::strong(LARGE, color), align);
    if is_up {
        let mix = model.mix();
        let gain = match channel {
            Channel::Default => mix.default,
            Channel::Aux => mix.aux,
        };
        let room = Rect::new(x, room.bottom(), width, 6.0 * GRID);
        painter.text(
            room,
            &percent(gain),
            Style::strong(VALUE, theme.text),
            align,
        );
        painter.area(rect, Role::Target(target));
    }
}

/// Draws the volume, or the field that it is being typed into.
fn value(painter: &mut Painter<'_>, model: &Model, rect: Rect) {
    let theme = painter.theme;
    if !model.daemon.is_up() {
        let style = Style::strong(TEXT, theme.muted);
        painter.text(rect, "–", style, Align::Middle);
        return;
    }
    if let Some(field) = &model.value {
        let has_focus = model.focus.target == Target::Value && !model.help;
        text_field::draw(painter, rect, field, Target::Value, has_focus, theme.text);
        return;
    }
    let border = match model.hover == Some(Target::Value) {
        true => theme.text,
        false => theme.line,
    };
    painter.round(rect, super::RADIUS, theme.surface);
    painter.ring(rect, super::RADIUS, 1.0, border);
    let style = Style::strong(TEXT, theme.text);
    painter.text(rect, &signed(model.volume()), style, Align::Middle);
    painter.area(rect, Role::Target(Target::Value));
}

fn slider(painter: &mut Painter<'_>, model: &Model, column: Rect) -> Track {
    let theme = painter.theme;
    let is_up = model.daemon.is_up();
    let volume = model.volume();
    let mut track = Track {
        left: column.x + MARGIN + RADIUS,
        right: column.right() - MARGIN - RADIUS,
        handle: 0.0,
        radius: RADIUS,
    };
    track.handle = track.place(volume);
    let middle = track.place(Volume::MIDDLE);
    let bar = Rect::new(
        column.x + MARGIN,
        MIDDLE - 1.0,
        column.width - 2.0 * MARGIN,
        2.0,
    );
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
        (column.x + MARGIN + 3.0, theme.default),
        (column.right() - MARGIN - 3.0, theme.aux),
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
        let (top, width) = (MIDDLE - 4.0 * GRID, column.width - 2.0 * GRID);
        let ring = Rect::new(column.x + GRID, top, width, 8.0 * GRID);
        focus_ring(painter, ring, theme.muted);
    }
    let area = Rect::new(column.x, TOP, column.width, 10.0 * GRID);
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
