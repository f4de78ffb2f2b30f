//! The status line, with the buttons for undo and help.

use crate::geometry::Rect;
use crate::model::{Model, Target};
use crate::theme::{GRID, MARGIN, SMALL};

use super::painter::{Align, Painter, Style};
use super::{RADIUS, Role, focus_ring};

pub fn draw(painter: &mut Painter<'_>, model: &Model, rect: Rect) {
    let theme = painter.theme;
    let notice = model.status();
    let side = 6.0 * GRID;
    let help = Rect::new(rect.right() - MARGIN - side, rect.y + GRID, side, side);
    button(painter, model, help, "?", Target::Help);
    let mut right = help.x - 2.0 * GRID;
    if notice.can_undo && model.daemon.is_up() {
        let undo = Rect::new(right - 13.0 * GRID, help.y, 13.0 * GRID, side);
        button(painter, model, undo, "Undo", Target::Undo);
        right = undo.x - 2.0 * GRID;
    }
    let color = match notice.is_warning {
        true => theme.warning,
        false => theme.muted,
    };
    let left = rect.x + MARGIN;
    let room = Rect::new(left, rect.y, right - left, rect.height);
    let style = Style::new(SMALL, color);
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
