//! A line of text with its caret, wherever one is typed.

use crate::geometry::Rect;
use crate::model::Target;
use crate::model::field::Field;
use crate::scene::Color;
use crate::theme::{GRID, TEXT};

use super::pen::{Pen, Style};
use super::{RADIUS, Role};

/// Draws the field; says where the caret is, if it has the focus.
pub fn draw(
    pen: &mut Pen<'_>,
    rect: Rect,
    field: &Field,
    target: Target,
    has_focus: bool,
    color: Color,
) -> Option<Rect> {
    let theme = pen.theme;
    pen.round(rect, RADIUS, theme.surface);
    let (ring, width) = match has_focus {
        true => (color, 2.0),
        false => (theme.line, 1.0),
    };
    pen.ring(rect, RADIUS, width, ring);
    // Where a row's text begins: it does not move when the row is changed.
    let room = rect.shrunk(3.0 * GRID, 2.0);
    let shown = field.shown();
    let style = Style::new(TEXT, theme.text);
    let stops = pen.fonts.stops(&shown, TEXT, style.weight);
    let place = |at: usize| {
        let after = stops.iter().find(|(byte, _)| *byte >= at);
        after.or(stops.last()).map_or(0.0, |(_, x)| *x)
    };
    let caret = place(field.caret());
    // The caret is always in sight; the text's end never leaves room unused.
    let whole = place(shown.len());
    let shift = match has_focus {
        true => (caret + 2.0 - room.width).max(0.0),
        false => 0.0,
    };
    let left = room.x - shift;
    pen.within(room, |pen| {
        let selection = field.selection();
        if has_focus && !selection.is_empty() && field.composed().is_empty() {
            let (from, to) = (place(selection.start), place(selection.end));
            let height = 5.0 * GRID;
            let y = room.y + (room.height - height) / 2.0;
            let selected = Rect::new(left + from, y, to - from, height);
            pen.fill(selected, theme.selection);
        }
        if has_focus {
            pen.glyphs(left, room, shown.clone(), whole, style);
        } else {
            pen.text(room, &shown, style, super::pen::Align::Left);
        }
        let composed = field.composed();
        if has_focus && !composed.is_empty() {
            let (from, to) = (place(composed.start), place(composed.end));
            pen.rule(left + from, room.bottom() - 5.0, to - from, theme.text);
        }
    });
    // The caret stands between the bytes of the text, not of what is composed in it.
    let typed = stops.iter().filter_map(|(byte, x)| {
        let composed = field.composed();
        let byte = match *byte {
            byte if byte <= composed.start => byte,
            byte if byte >= composed.end => byte - composed.len(),
            _ => return None,
        };
        Some((byte, left + x))
    });
    pen.area(rect, Role::Text(target, typed.collect()));
    if !has_focus {
        return None;
    }
    let line = Rect::new(left + caret, room.y + 4.0, 1.0, room.height - 8.0);
    pen.post(line.x, line.y, line.height, theme.text);
    Some(line)
}
