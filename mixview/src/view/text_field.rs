//! A text field with its caret.

use crate::display_list::Color;
use crate::geometry::Rect;
use crate::model::{Target, TextField};
use crate::theme::{GRID, TEXT};

use super::painter::{Align, Painter, Style};
use super::{RADIUS, Role};

pub fn draw(
    painter: &mut Painter<'_>,
    rect: Rect,
    field: &TextField,
    target: Target,
    has_focus: bool,
    color: Color,
) {
    let theme = painter.theme;
    painter.round(rect, RADIUS, theme.surface);
    let (ring, width) = match has_focus {
        true => (color, 2.0),
        false => (theme.line, 1.0),
    };
    painter.ring(rect, RADIUS, width, ring);
    // Where a row's text begins: it does not move when the row is changed.
    let room = rect.shrunk(3.0 * GRID, 2.0);
    let text = field.display_text();
    let preedit = field.preedit();
    let style = Style::new(TEXT, theme.text);
    let stops = painter.fonts.stops(&text, TEXT, style.weight);
    let place = |at: usize| {
        let after = stops.iter().find(|(byte, _)| *byte >= at);
        after.or(stops.last()).map_or(0.0, |(_, x)| *x)
    };
    let caret = place(field.caret());
    // The caret is always in sight; the text's end never leaves room unused.
    let whole = painter.width(&text, style);
    let shift = match has_focus {
        true => (caret + 2.0 - room.width).max(0.0),
        false => 0.0,
    };
    let left = room.x - shift;
    // The caret stands between the bytes of the text, not of the preedit in it.
    let typed = stops.iter().filter_map(|(byte, x)| {
        let byte = match *byte {
            byte if byte <= preedit.start => byte,
            byte if byte >= preedit.end => byte - preedit.len(),
            _ => return None,
        };
        Some((byte, left + x))
    });
    painter.area(rect, Role::Text(target, typed.collect()));
    if !has_focus {
        painter.within(room, |painter| {
            painter.text(room, &text, style, Align::Left);
        });
        return;
    }
    let selection = field.selection();
    painter.within(room, |painter| {
        painter.glyphs(left, room, text.clone(), whole, style);
        if !selection.is_empty() && preedit.is_empty() {
            let (from, to) = sorted(place(selection.start), place(selection.end));
            let height = 5.0 * GRID;
            let y = room.y + (room.height - height) / 2.0;
            let selected = Rect::new(left + from, y, to - from, height);
            painter.fill(selected, theme.selection);
            painter.within(selected, |painter| {
                let style = Style::new(TEXT, theme.background);
                painter.glyphs(left, room, text, whole, style);
            });
        }
        if !preedit.is_empty() {
            let (from, to) = sorted(place(preedit.start), place(preedit.end));
            painter.rule(left + from, room.bottom() - 5.0, to - from, theme.text);
        }
    });
    let line = Rect::new(left + caret, room.y + 4.0, 1.0, room.height - 8.0);
    painter.post(line.x, line.y, line.height, theme.text);
    painter.frame.caret = Some(line);
}

/// Returns both places, the left one first.
fn sorted(a: f32, b: f32) -> (f32, f32) {
    (a.min(b), a.max(b))
}
