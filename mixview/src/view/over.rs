//! What lies in front of the lists or in their place: offers, hints, what is carried, the keys,
//! what is wrong.

use wire::{PipeWireState, Stream};

use crate::geometry::Rect;
use crate::model::{KEYS, Lost, Model, Pane, Target, begun};
use crate::theme::{GRID, LARGE, ROW, SMALL, TEXT};

use super::pen::{Align, Pen, Style};
use super::{Frame, RADIUS, Role, in_rows, row, scroll_bar, scrolled};

/// The height of a line of small text.
const LINE: f32 = 4.0 * GRID;
/// The most streams that are offered at a time.
const MOST_OFFERS: usize = 6;
/// The widest that a paragraph is.
const WIDEST: f32 = 400.0;

/// More about something, for who points at it or has the focus on it.
pub struct Hint {
    pub target: Target,
    pub rect: Rect,
    pub lines: Vec<String>,
}

/// mixd is not there.
pub fn lost(pen: &mut Pen<'_>, lost: &Lost, room: Rect) {
    let theme = pen.theme;
    let room = Rect::new(room.x, room.y, room.width.min(WIDEST), room.height);
    let mut y = room.y;
    let title = Rect::new(room.x, y, room.width, 6.0 * GRID);
    let style = Style::strong(LARGE, theme.alarm);
    pen.text(title, lost.title, style, Align::Left);
    y = title.bottom();
    y = paragraph(pen, room, y, &sentence(&lost.why), theme.text);
    if let Some(command) = &lost.start
        && y + LINE + 7.0 * GRID + LINE <= room.bottom()
    {
        y = paragraph(pen, room, y, "Start it with", theme.text);
        // A bar beside it, as a quotation has: it is to be typed elsewhere, not clicked.
        let bar = Rect::new(room.x, y + GRID, 2.0, 5.0 * GRID);
        pen.fill(bar, theme.line);
        let x = room.x + 3.0 * GRID;
        let line = Rect::new(x, bar.y, room.right() - x, bar.height);
        pen.text(line, command, Style::strong(TEXT, theme.text), Align::Left);
        y = bar.bottom() + GRID;
    }
    let text = "This window finds mixd by itself.";
    paragraph(pen, room, y, text, theme.muted);
}

/// PipeWire is not there.
pub fn no_pipewire(pen: &mut Pen<'_>, model: &Model, room: Rect) {
    let theme = pen.theme;
    let text = match model.audio().pipewire {
        PipeWireState::Off => "mixd was started with --backend none: it moves no sound.",
        _ => {
            "PipeWire is not reachable. Start it with 'systemctl --user start pipewire'; \
             mixd goes on by itself when it is there."
        }
    };
    paragraph(pen, room, room.y, text, theme.alarm);
}

/// Lines of small text from `y` on, as far as the room goes; says where they end.
fn paragraph(pen: &mut Pen<'_>, room: Rect, y: f32, text: &str, color: crate::scene::Color) -> f32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let most = ((room.bottom() - y) / LINE).max(0.0) as usize;
    if most == 0 {
        return y;
    }
    let style = Style::new(SMALL, color);
    let lines = pen.fonts.wrap(text, SMALL, style.weight, room.width, most);
    let mut y = y;
    for line in lines {
        let rect = Rect::new(room.x, y, room.width, LINE);
        pen.text(rect, &line, style, Align::Left);
        y += LINE;
    }
    y
}

/// The first letter large, a full stop at the end.
fn sentence(text: &str) -> String {
    let end = if text.ends_with('?') { "" } else { "." };
    format!("{}{end}", begun(text))
}

/// A card in front of everything before it.
fn card(pen: &mut Pen<'_>, rect: Rect) {
    let theme = pen.theme;
    pen.round(rect, RADIUS, theme.surface);
    pen.ring(rect, RADIUS, 1.0, theme.line);
    pen.area(rect, Role::Cover);
}

/// The streams that can be picked for the list, below the line where patterns are typed.
pub fn offers(pen: &mut Pen<'_>, model: &Model, entry: Rect, bottom: f32, frame: &mut Frame) {
    let offers = model.offers();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let room = ((bottom - entry.bottom() - 3.0 * GRID) / ROW).max(1.0) as usize;
    let shown = offers.len().min(room).min(MOST_OFFERS);
    if shown == 0 || model.help() {
        return;
    }
    let sought = match model.sought() {
        Some(Target::Offer(id)) => offers.iter().position(|stream| stream.id == id),
        _ => None,
    };
    #[allow(clippy::cast_precision_loss)]
    let height = shown as f32 * ROW;
    let rect = Rect::new(
        entry.x,
        entry.bottom() + GRID,
        entry.width,
        height + 2.0 * GRID,
    );
    card(pen, rect);
    let pane = Rect::new(
        rect.x + GRID,
        rect.y + GRID,
        rect.width - 3.0 * GRID,
        height,
    );
    let scroll = scrolled(pane, offers.len(), frame.scroll.offers, sought);
    frame.scroll.offers = scroll;
    let scroll = in_rows(scroll);
    pen.area(rect, Role::Pane(Pane::Offers));
    pen.within(pane, |pen| {
        for (at, stream) in offers.iter().enumerate() {
            let rect = row(pane, scroll, at);
            if rect.bottom() > pane.y && rect.y < pane.bottom() {
                offer(pen, model, stream, rect);
            }
        }
    });
    scroll_bar(pen, pane, offers.len(), scroll);
}

fn offer(pen: &mut Pen<'_>, model: &Model, stream: &Stream, rect: Rect) {
    let theme = pen.theme;
    let target = Target::Offer(stream.id);
    if model.picked() == Some(stream.id) || model.hover() == Some(target) {
        pen.round(rect, RADIUS, theme.line);
    }
    let room = rect.shrunk(2.0 * GRID, 0.0);
    let (width, was_cut) = pen.text(
        room,
        &stream.name,
        Style::new(TEXT, theme.text),
        Align::Left,
    );
    let left = room.width - width - 2.0 * GRID;
    if !was_cut && left > 20.0 * GRID {
        let room = Rect::new(room.x + width + 2.0 * GRID, rect.y, left, ROW);
        let style = Style::new(SMALL, theme.text);
        pen.text(room, "plays now", style, Align::Right);
    }
    pen.area(rect, Role::Target(target));
}

/// What the pointer carries, beside it.
pub fn carried(pen: &mut Pen<'_>, model: &Model) {
    let Some(carried) = model.carried() else {
        return;
    };
    let streams = &model.audio().streams;
    let Some(stream) = streams.iter().find(|stream| stream.id == carried.id) else {
        return;
    };
    let theme = pen.theme;
    let style = Style::new(TEXT, theme.text);
    let name = pen.fit(&stream.name, style, 160.0).into_owned();
    let width = pen.width(&name, style).ceil() + 4.0 * GRID;
    let rect = Rect::new(carried.x + 2.0 * GRID, carried.y - ROW / 2.0, width, ROW);
    pen.round(rect, RADIUS, theme.surface);
    pen.ring(rect, RADIUS, 2.0, theme.channel(carried.over));
    pen.text(rect, &name, style, Align::Middle);
}

/// What there is to say of what is pointed at, else of what has the focus.
pub fn hint(pen: &mut Pen<'_>, model: &Model, hints: &[Hint], window: Rect) {
    if model.carried().is_some() || model.help() || !model.offers().is_empty() {
        return;
    }
    let of = |target: Option<Target>| hints.iter().find(|hint| Some(hint.target) == target);
    let Some(hint) = of(model.hover()).or_else(|| of(model.shown_focus())) else {
        return;
    };
    let theme = pen.theme;
    let style = Style::new(SMALL, theme.text);
    let widest = (window.width - 8.0 * GRID).min(80.0 * GRID) - 4.0 * GRID;
    let lines = hint.lines.iter();
    let lines: Vec<String> = lines
        .flat_map(|line| pen.fonts.wrap(line, SMALL, style.weight, widest, 5))
        .collect();
    let width = lines.iter().map(|line| pen.width(line, style));
    let width = width.fold(0.0, f32::max).ceil() + 4.0 * GRID;
    #[allow(clippy::cast_precision_loss)]
    let height = lines.len() as f32 * LINE + 3.0 * GRID;
    let x = hint.rect.x.min(window.right() - 2.0 * GRID - width);
    let below = hint.rect.bottom() + GRID;
    let y = match below + height <= window.bottom() - GRID {
        true => below,
        false => (hint.rect.y - GRID - height).max(GRID),
    };
    let rect = Rect::new(x, y, width, height);
    // It is to be read, not pointed at: what lies behind it still can be.
    pen.round(rect, RADIUS, theme.surface);
    pen.ring(rect, RADIUS, 1.0, theme.line);
    for (at, line) in lines.iter().enumerate() {
        #[allow(clippy::cast_precision_loss)]
        let y = rect.y + 1.5 * GRID + at as f32 * LINE;
        let room = Rect::new(rect.x + 2.0 * GRID, y, width - 4.0 * GRID, LINE);
        pen.text(room, line, style, Align::Left);
    }
}

/// The keys.
pub fn help(pen: &mut Pen<'_>, window: Rect) {
    let theme = pen.theme;
    let rect = window.shrunk(2.0 * GRID, 2.0 * GRID);
    let width = rect.width.min(WIDEST);
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
    card(pen, rect);
    let size = if line < 4.0 * GRID { 11.0 } else { SMALL };
    let keys = Style::strong(size, theme.text);
    let widest = KEYS.iter().map(|(key, _)| pen.width(key, keys));
    let column = widest.fold(0.0, f32::max).ceil();
    for (at, (key, what)) in KEYS.iter().enumerate() {
        #[allow(clippy::cast_precision_loss)]
        let y = rect.y + 2.0 * GRID + at as f32 * line;
        let left = Rect::new(rect.x + 2.0 * GRID, y, column, line);
        pen.text(left, key, keys, Align::Left);
        let x = left.right() + 2.0 * GRID;
        let right = Rect::new(x, y, rect.right() - 2.0 * GRID - x, line);
        pen.text(right, what, Style::new(size, theme.text), Align::Left);
    }
    // A click anywhere puts them away.
    pen.area(window, Role::Target(Target::Help));
}
