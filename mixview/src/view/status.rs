//! The foot: the banner of an alarm, the status line, the buttons for undo, redo and help.

use crate::geometry::Rect;
use crate::model::{Model, Target};
use crate::theme::{GRID, MARGIN, SMALL};

use super::badge::warning_sign;
use super::painter::{Align, Painter, Style};
use super::{RADIUS, Role, focus_ring};

/// The height of a line of the banner.
const LINE: f32 = 4.5 * GRID;
/// The space above and below the banner, and within it.
const SPACE: f32 = 4.0 * GRID;
/// The alarm, as it is laid out.
pub struct Banner {
    /// With the space around it.
    pub rect: Rect,
    text: String,
    lines: Vec<String>,
    /// Whether there are more lines, which its tooltip has.
    is_cut: bool,
}

impl Banner {
    /// Lays the alarm out in a column, above this place: with two lines, or as many as it has while `room` is
    /// high enough. Returns none where nothing is wrong.
    pub fn above(
        painter: &Painter<'_>,
        model: &Model,
        column: Rect,
        bottom: f32,
        room: f32,
    ) -> Option<Self> {
        let text = model.alarm()?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let most = (((room - SPACE) / LINE) as usize).max(2);
        let width = text_room(column).width;
        let weight = Style::new(SMALL, painter.theme.text).weight;
        let wrap = |most| painter.fonts.wrap(&text, SMALL, weight, width, most);
        let (lines, is_cut) = (wrap(most), wrap(most + 1).len() > most);
        #[allow(clippy::cast_precision_loss)]
        let height = lines.len().max(2) as f32 * LINE + SPACE;
        let y = bottom - height;
        Some(Self {
            rect: Rect {
                y,
                height,
                ..column
            },
            text,
            lines,
            is_cut,
        })
    }

    pub fn draw(self, painter: &mut Painter<'_>, model: &Model) {
        let theme = painter.theme;
        let rect = self.rect.shrunk(2.0 * GRID, GRID);
        painter.round(rect, RADIUS, theme.badge(theme.warning));
        let width = match model.focus.ring() == Some(Target::Alarm) {
            true => 2.0,
            false => 1.0,
        };
        painter.ring(rect, RADIUS, width, theme.warning);
        let middle = rect.y + rect.height / 2.0;
        warning_sign(painter, rect.x + 4.5 * GRID, middle, 1.7, theme.warning);
        let Rect { x, width, .. } = text_room(self.rect);
        #[allow(clippy::cast_precision_loss)]
        let mut y = middle - LINE * self.lines.len() as f32 / 2.0;
        for line in &self.lines {
            let room = Rect::new(x, y, width, LINE);
            painter.text(room, line, Style::new(SMALL, theme.text), Align::Left);
            y += LINE;
        }
        painter.area(rect, Role::Target(Target::Alarm));
        if self.is_cut {
            painter.tooltip(Target::Alarm, rect, vec![self.text]);
        }
    }
}

/// Returns where the text stands in a banner, beside the sign.
fn text_room(banner: Rect) -> Rect {
    Rect {
        x: banner.x + 11.0 * GRID,
        width: banner.width - 15.0 * GRID,
        ..banner
    }
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
