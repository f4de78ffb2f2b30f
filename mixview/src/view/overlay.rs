//! What lies in front of the lists or in their place: suggestions, tooltips, what is dragged, the
//! help, what is wrong.

use crate::display_list::Color;
use crate::geometry::Rect;
use crate::model::{Entry, KEYS, LinkError, Model, Pane, Suggestion, Target, capitalized};
use crate::theme::{GRID, LARGE, ROW, SMALL, TEXT};

use super::painter::{Align, Painter, Style};
use super::{RADIUS, Role, height_of, rows, rows_in};

/// The height of a line of small text.
pub const LINE: f32 = 4.0 * GRID;
/// The most suggestions that are seen at a time.
const MAX_SUGGESTIONS: usize = 6;
/// So many rows are room enough for suggestions.
const ENOUGH: usize = 3;
/// The most lines of a tooltip: those of the longest sentence of mixd's in the smallest window.
const MAX_LINES: usize = 12;
/// The widest paragraph.
const MAX_WIDTH: f32 = 400.0;

pub fn link_error(painter: &mut Painter<'_>, error: &LinkError, room: Rect) {
    let theme = painter.theme;
    let room = Rect::new(room.x, room.y, room.width.min(MAX_WIDTH), room.height);
    let title = Rect::new(room.x, room.y, room.width, 6.0 * GRID);
    let style = Style::strong(LARGE, theme.warning);
    painter.text(title, error.title, style, Align::Left);
    let stop = if error.reason.ends_with('?') { "" } else { "." };
    let reason = format!("{}{stop}", capitalized(&error.reason));
    let mut y = paragraph(painter, room, title.bottom(), &reason, theme.text);
    if let Some(command) = &error.command
        && y + LINE + 7.0 * GRID + LINE <= room.bottom()
    {
        y = paragraph(painter, room, y, "Start it with", theme.text);
        // A bar beside it, as a quotation has: it is typed elsewhere. A click copies it.
        let bar = Rect::new(room.x, y + GRID, 2.0, 5.0 * GRID);
        painter.fill(bar, theme.line);
        let x = room.x + 3.0 * GRID;
        let line = Rect::new(x, bar.y, room.right() - x, bar.height);
        painter.text(line, command, Style::strong(TEXT, theme.text), Align::Left);
        painter.area(line, Role::Target(Target::Command));
        painter.tooltip(Target::Command, line, vec!["A click copies it".to_owned()]);
        y = bar.bottom() + GRID;
    }
    let text = match error.command {
        Some(_) => "This window finds mixd by itself when it is there.",
        None => "This window tries again every two seconds.",
    };
    paragraph(painter, room, y, text, theme.muted);
}

/// Draws lines of small text from `y` on, as far as the room goes. Returns where they end.
fn paragraph(painter: &mut Painter<'_>, room: Rect, y: f32, text: &str, color: Color) -> f32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let most = ((room.bottom() - y) / LINE).max(0.0) as usize;
    if most == 0 {
        return y;
    }
    let style = Style::new(SMALL, color);
    let lines = painter
        .fonts
        .wrap(text, SMALL, style.weight, room.width, most);
    let mut y = y;
    for line in lines {
        let rect = Rect::new(room.x, y, room.width, LINE);
        painter.text(rect, &line, style, Align::Left);
        y += LINE;
    }
    y
}

/// Draws a card that hides what lies behind it.
fn card(painter: &mut Painter<'_>, rect: Rect) {
    let theme = painter.theme;
    painter.round(rect, RADIUS, theme.surface);
    painter.ring(rect, RADIUS, 1.0, theme.line);
    painter.area(rect, Role::Overlay);
}

/// Draws what is suggested below the entry, or above it where there is more room, within the body.
pub fn suggestions(painter: &mut Painter<'_>, model: &Model, entry: Rect, body: Rect) {
    let suggestions = model.suggestions();
    let wanted = suggestions.len().min(MAX_SUGGESTIONS);
    if wanted == 0 || model.help {
        return;
    }
    let above = rows_in(entry.y - body.y - 3.0 * GRID);
    let below = rows_in(body.bottom() - entry.bottom() - 4.0 * GRID);
    // Whatever is typed, it stays on its side.
    let is_above = below < ENOUGH && above > below;
    let room = if is_above { above } else { below };
    let height = height_of(wanted.min(room).max(1));
    let y = match is_above {
        true => entry.y - height - 3.0 * GRID,
        false => entry.bottom() + GRID,
    };
    let rect = Rect::new(entry.x, y, entry.width, height + 2.0 * GRID);
    card(painter, rect);
    painter.area(rect, Role::Pane(Pane::Suggestions));
    let inner = Rect::new(rect.x + GRID, y + GRID, rect.width - 3.0 * GRID, height);
    let count = suggestions.len();
    let target = model.scroll_target();
    let target = suggestions
        .iter()
        .position(|suggestion| Some(Target::Suggestion(*suggestion)) == target);
    rows(
        painter,
        Pane::Suggestions,
        inner,
        count,
        target,
        |painter, at, rect| {
            suggestion(painter, model, suggestions[at], rect);
        },
    );
}

fn suggestion(painter: &mut Painter<'_>, model: &Model, suggestion: Suggestion, rect: Rect) {
    let theme = painter.theme;
    let target = Target::Suggestion(suggestion);
    let is_selected = model.entry.selected == Some(suggestion) || model.hover == Some(target);
    let color = match is_selected {
        true => theme.background,
        false => theme.text,
    };
    if is_selected {
        painter.round(rect, RADIUS, theme.selection);
    }
    let (text, plays) = match suggestion {
        Suggestion::Stream(id) => {
            let name = model
                .daemon
                .stream(id)
                .map(|stream| stream.name.to_string());
            (name.unwrap_or_default(), true)
        }
        Suggestion::Pattern => (suggested_pattern(&model.entry), false),
    };
    let room = rect.shrunk(2.0 * GRID, 0.0);
    let style = Style::new(TEXT, color);
    let (width, was_cut) = painter.text(room, &text, style, Align::Left);
    let left = room.width - width - 2.0 * GRID;
    if plays && !was_cut && left > 20.0 * GRID {
        let room = Rect::new(room.x + width + 2.0 * GRID, rect.y, left, ROW);
        let style = Style::new(SMALL, color);
        painter.text(room, "plays now", style, Align::Right);
    }
    painter.area(rect, Role::Target(target));
}

/// Returns what adding the typed text as a pattern would do.
pub fn suggested_pattern(entry: &Entry) -> String {
    let add = format!("Add pattern \"{}\"", entry.field.text().trim());
    match entry.outcome() {
        None => add,
        Some(Ok(names)) if names.is_empty() => format!("{add}: matches nothing now"),
        Some(Ok(names)) => format!("{add}: matches {}", names.join(", ")),
        Some(Err(why)) => capitalized(why),
    }
}

/// Draws the dragged stream's name beside the pointer, within the window.
pub fn dragged(painter: &mut Painter<'_>, model: &Model, window: Rect) {
    let Some(dragged) = model.drag.dragged() else {
        return;
    };
    let Some(stream) = model.daemon.stream(dragged.id) else {
        return;
    };
    let theme = painter.theme;
    let style = Style::new(TEXT, theme.text);
    let name = painter.fit(&stream.name, style, 160.0).into_owned();
    let width = painter.width(&name, style).ceil() + 4.0 * GRID;
    let (right, bottom) = (window.width - width, window.height - ROW);
    let x = (dragged.x + 2.0 * GRID).min(right).max(0.0);
    let y = (dragged.y - ROW / 2.0).min(bottom).max(0.0);
    let rect = Rect::new(x, y, width, ROW);
    painter.round(rect, RADIUS, theme.surface);
    painter.ring(rect, RADIUS, 2.0, theme.channel(dragged.channel));
    painter.text(rect, &name, style, Align::Middle);
}

/// Draws the tooltip of what is pointed at, else of what has the focus.
pub fn tooltip(painter: &mut Painter<'_>, model: &Model, window: Rect) {
    if model.drag.dragged().is_some() || model.help || !model.suggestions().is_empty() {
        return;
    }
    let mut tooltips = std::mem::take(&mut painter.tooltips);
    let mut of = |target: Option<Target>| {
        let at = tooltips.iter().position(|it| Some(it.target) == target)?;
        Some(tooltips.swap_remove(at))
    };
    let Some(tooltip) = of(model.hover).or_else(|| of(model.focus.ring())) else {
        return;
    };
    let theme = painter.theme;
    let style = Style::new(SMALL, theme.text);
    let widest = (window.width - 8.0 * GRID).min(80.0 * GRID) - 4.0 * GRID;
    let lines = tooltip.lines.iter();
    let lines: Vec<String> = lines
        .flat_map(|line| {
            painter
                .fonts
                .wrap(line, SMALL, style.weight, widest, MAX_LINES)
        })
        .collect();
    let width = lines.iter().map(|line| painter.width(line, style));
    let width = width.fold(0.0, f32::max).ceil() + 4.0 * GRID;
    #[allow(clippy::cast_precision_loss)]
    let height = lines.len() as f32 * LINE + 3.0 * GRID;
    let x = tooltip.rect.x.min(window.right() - 2.0 * GRID - width);
    let below = tooltip.rect.bottom() + GRID;
    let y = match below + height <= window.bottom() - GRID {
        true => below,
        false => (tooltip.rect.y - GRID - height).max(GRID),
    };
    let rect = Rect::new(x, y, width, height);
    // It has no hit area: what lies behind it can still be pointed at.
    painter.round(rect, RADIUS, theme.surface);
    painter.ring(rect, RADIUS, 1.0, theme.line);
    for (at, line) in lines.iter().enumerate() {
        #[allow(clippy::cast_precision_loss)]
        let y = rect.y + 1.5 * GRID + at as f32 * LINE;
        let room = Rect::new(rect.x + 2.0 * GRID, y, width - 4.0 * GRID, LINE);
        painter.text(room, line, style, Align::Left);
    }
}

/// Draws the table of keys over the whole window.
pub fn help(painter: &mut Painter<'_>, window: Rect) {
    let theme = painter.theme;
    let rect = window.shrunk(2.0 * GRID, 2.0 * GRID);
    let width = rect.width.min(MAX_WIDTH);
    #[allow(clippy::cast_precision_loss)]
    let count = KEYS.len() as f32;
    let line = ((rect.height - 4.0 * GRID) / count).clamp(3.0 * GRID, 6.0 * GRID);
    let height = line * count + 4.0 * GRID;
    let rect = Rect::new(
        rect.x + ((rect.width - width) / 2.0).floor(),
        rect.y + ((rect.height - height) / 2.0).floor(),
        width,
        height,
    );
    card(painter, rect);
    let size = if line < 4.0 * GRID { 11.0 } else { SMALL };
    let keys = Style::strong(size, theme.text);
    let widest = KEYS.iter().map(|(key, _)| painter.width(key, keys));
    let column = widest.fold(0.0, f32::max).ceil();
    for (at, (key, what)) in KEYS.iter().enumerate() {
        #[allow(clippy::cast_precision_loss)]
        let y = rect.y + 2.0 * GRID + at as f32 * line;
        let left = Rect::new(rect.x + 2.0 * GRID, y, column, line);
        painter.text(left, key, keys, Align::Left);
        let x = left.right() + 2.0 * GRID;
        let right = Rect::new(x, y, rect.right() - 2.0 * GRID - x, line);
        painter.text(right, what, Style::new(size, theme.text), Align::Left);
    }
    // A click anywhere closes it.
    painter.area(window, Role::Target(Target::Help));
}
