//! The foot: the banner of an alarm, the status line, the buttons for undo, redo and help.

use crate::geometry::Rect;
use crate::model::{Model, Target};
use crate::theme::{GRID, MARGIN, SMALL};

use super::painter::{Align, Painter, Style};
use super::{RADIUS, Role, focus_ring};

/// The height of a line of the banner.
const LINE: f32 = 4.5 * GRID;
/// The space above and below the banner, and within it.
const SPACE: f32 = 4.0 * GRID;
/// What the sign, and the space beside it and the text, take of the banner's width.
const SIGN: f32 = 15.0 * GRID;

/// Returns the height of the banner, with the space around it: of two lines, or of as many as the alarm has while
/// there is room for those. Its tooltip has them all.
pub fn banner_height(painter: &Painter<'_>, model: &Model, width: f32, room: f32) -> f32 {
    let text = model.alarm().unwrap_or_default();
    let weight = Style::new(SMALL, painter.theme.text).weight;
    let wrap = |most| painter.fonts.wrap(&text, SMALL, weight, width - SIGN, most);
    let lines = wrap(lines_in(room)).len().max(2);
    #[allow(clippy::cast_precision_loss)]
    let height = lines as f32 * LINE;
    height + SPACE
}

/// Returns how many lines a banner of this height has.
fn lines_in(height: f32) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let lines = ((height - SPACE) / LINE) as usize;
    lines.max(2)
}

/// Draws the alarm.
pub fn banner(painter: &mut Painter<'_>, model: &Model, rect: Rect) {
    let Some(text) = model.alarm() else { return };
    let most = lines_in(rect.height + 0.5);
    let theme = painter.theme;
    let rect = rect.shrunk(2.0 * GRID, GRID);
    painter.round(rect, RADIUS, theme.badge(theme.warning));
    let width = match model.focus.ring() == Some(Target::Alarm) {
        true => 2.0,
        false => 1.0,
    };
    painter.ring(rect, RADIUS, width, theme.warning);
    let middle = rect.y + rect.height / 2.0;
    let sign = Rect::new(
        rect.x + 2.0 * GRID,
        middle - 2.5 * GRID,
        5.0 * GRID,
        5.0 * GRID,
    );
    warning_sign(painter, sign);
    let x = sign.right() + 2.0 * GRID;
    let width = rect.right() - 2.0 * GRID - x;
    let style = Style::new(SMALL, theme.text);
    let wrap = |most| painter.fonts.wrap(&text, SMALL, style.weight, width, most);
    let is_cut = wrap(most + 1).len() > most;
    let lines = wrap(most);
    #[allow(clippy::cast_precision_loss)]
    let mut y = middle - LINE * lines.len() as f32 / 2.0;
    for line in lines {
        let room = Rect::new(x, y, width, LINE);
        painter.text(room, &line, style, Align::Left);
        y += LINE;
    }
    painter.area(rect, Role::Target(Target::Alarm));
    if is_cut {
        painter.tooltip(Target::Alarm, rect, vec![text]);
    }
}

/// Draws a triangle with an exclamation mark.
fn warning_sign(painter: &mut Painter<'_>, rect: Rect) {
    let color = painter.theme.warning;
    let middle = rect.x + rect.width / 2.0;
    let (top, bottom) = (rect.y + 1.5, rect.bottom() - 2.0);
    let corners = [
        (middle, top),
        (rect.right() - 1.0, bottom),
        (rect.x + 1.0, bottom),
        (middle, top),
    ];
    for pair in corners.windows(2) {
        painter.line(pair[0], pair[1], 1.8, color);
    }
    painter.line((middle, top + 5.5), (middle, bottom - 6.0), 2.0, color);
    painter.disc(middle, bottom - 3.2, 1.2, color);
}

/// Draws the status line and its buttons.
pub fn draw(painter: &mut Painter<'_>, model: &Model, rect: Rect) {
    let theme = painter.theme;
    let notice = model.status();
    let side = 6.0 * GRID;
    let help = Rect::new(rect.right() - MARGIN - side, rect.y + GRID, side, side);
    button(painter, model, help, "?", Target::Help);
    let mut right = help.x - 2.0 * GRID;
    // Each has its place: a double click on the one never presses the other.
    let width = 13.0 * GRID;
    let redo = Rect::new(right - width, help.y, width, side);
    let undo = Rect::new(redo.x - 2.0 * GRID - width, help.y, width, side);
    for (can, rect, text, target) in [
        (notice.can_redo, redo, "Redo", Target::Redo),
        (notice.can_undo, undo, "Undo", Target::Undo),
    ] {
        if can && model.daemon.is_up() {
            button(painter, model, rect, text, target);
            right = rect.x - 2.0 * GRID;
        }
    }
    let left = rect.x + MARGIN;
    let room = Rect::new(left, rect.y, right - left, rect.height);
    let style = Style::new(SMALL, theme.muted);
    let (_, was_cut) = painter.text(room, &notice.text, style, Align::Left);
    if model.focus.ring() == Some(Target::StatusLine) {
        let ring = room.shrunk(-2.0 * GRID, 0.0);
        let ring = Rect::new(ring.x, help.y, ring.width - GRID, side);
        focus_ring(painter, ring, theme.text);
    }
    if was_cut {
        painter.area(room, Role::Target(Target::StatusLine));
        painter.tooltip(Target::StatusLine, room, vec![notice.text]);
    }
}

fn button(painter: &mut Painter<'_>, model: &Model, rect: Rect, text: &str, target: Target) {
    let theme = painter.theme;
    let border = match model.hover == Some(target) {
        true => theme.text,
        false => theme.line,
    };
    painter.round(rect, RADIUS, theme.surface);
    painter.ring(rect, RADIUS, 1.0, border);
    if model.focus.ring() == Some(target) {
        focus_ring(painter, rect, theme.text);
    }
    let style = Style::strong(SMALL, theme.text);
    painter.text(rect, text, style, Align::Middle);
    painter.area(rect, Role::Target(target));
}
