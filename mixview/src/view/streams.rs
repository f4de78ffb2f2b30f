//! The programs that play, under the end of the slider that they belong to.

use wire::{Channel, Stream, StreamState};

use crate::geometry::Rect;
use crate::model::{Model, Pane, Target};
use crate::scene::Color;
use crate::theme::{GRID, ROW, SMALL, TEXT};

use super::over::Hint;
use super::pen::{Align, Pen, Style};
use super::{Frame, RADIUS, Role, badge, focus_ring, in_rows, row, scroll_bar, scrolled};

pub fn draw(
    pen: &mut Pen<'_>,
    model: &Model,
    channel: Channel,
    pane: Rect,
    frame: &mut Frame,
    hints: &mut Vec<Hint>,
) {
    let theme = pen.theme;
    let streams: Vec<&Stream> = model.streams(channel).collect();
    let omitted = match channel {
        Channel::Default => model.audio().omitted,
        Channel::Aux => 0,
    };
    let count = streams.len() + usize::from(omitted > 0);
    let sought = match model.sought() {
        Some(Target::Stream(id)) => streams.iter().position(|stream| stream.id == id),
        _ => None,
    };
    let wanted = *frame.scroll.of(Pane::Streams(channel));
    let scroll = scrolled(pane, count, wanted, sought);
    *frame.scroll.of(Pane::Streams(channel)) = scroll;
    let scroll = in_rows(scroll);
    pen.area(pane, Role::Pane(Pane::Streams(channel)));
    let is_aim = model
        .carried()
        .is_some_and(|carried| carried.over == channel);
    pen.within(pane, |pen| {
        for (at, stream) in streams.iter().enumerate() {
            let rect = row(pane, scroll, at);
            if rect.bottom() > pane.y && rect.y < pane.bottom() {
                hints.extend(draw_row(pen, model, stream, rect));
            }
        }
        if omitted > 0 {
            let rect = row(pane, scroll, streams.len()).shrunk(2.0 * GRID, 0.0);
            let text = format!("and {omitted} more");
            pen.text(rect, &text, Style::new(SMALL, theme.muted), Align::Left);
        }
        if count == 0 && !is_aim {
            let rect = Rect::new(pane.x + 2.0 * GRID, pane.y, pane.width - 2.0 * GRID, ROW);
            let style = Style::new(SMALL, theme.muted);
            pen.text(rect, "Nothing plays here", style, Align::Left);
        }
    });
    scroll_bar(pen, pane, count, scroll);
    if is_aim {
        focus_ring(pen, pane.shrunk(-3.0, -3.0), theme.channel(channel));
    }
}

fn draw_row(pen: &mut Pen<'_>, model: &Model, stream: &Stream, rect: Rect) -> Option<Hint> {
    let theme = pen.theme;
    let target = Target::Stream(stream.id);
    let color = theme.channel(stream.channel);
    let is_carried = model
        .carried()
        .is_some_and(|carried| carried.id == stream.id);
    if model.hover() == Some(target) || is_carried {
        pen.round(rect, RADIUS, theme.surface);
    }
    if model.shown_focus() == Some(target) {
        focus_ring(pen, rect, color);
    }
    let bar = Rect::new(rect.x + GRID, rect.y + 2.0 * GRID, 3.0, 3.0 * GRID);
    pen.round(bar, 1.5, color);
    let mut room = Rect::new(
        rect.x + 3.0 * GRID,
        rect.y,
        rect.width - 5.0 * GRID,
        rect.height,
    );
    if let Some((word, color)) = word(stream.state, pen) {
        room.width -= badge(pen, room, word, color) + GRID;
    }
    let text = match is_carried {
        true => theme.muted,
        false => theme.text,
    };
    let (width, was_cut) = pen.text(room, &stream.name, Style::new(TEXT, text), Align::Left);
    // The file's name, where it says something that the name does not.
    let binary = stream
        .binary
        .filter(|binary| !stream.name.to_lowercase().contains(&binary.to_lowercase()));
    if let Some(binary) = binary
        && !was_cut
    {
        let left = room.width - width - 2.0 * GRID;
        if left > 6.0 * GRID {
            let room = Rect::new(room.x + width + 2.0 * GRID, room.y, left, room.height);
            pen.text(room, &binary, Style::new(SMALL, theme.muted), Align::Left);
        }
    }
    pen.area(rect, Role::Target(target));
    hint(model, stream, rect, was_cut)
}

/// What there is to say of a row that is pointed at or focused, if there is something.
fn hint(model: &Model, stream: &Stream, rect: Rect, was_cut: bool) -> Option<Hint> {
    let target = Target::Stream(stream.id);
    let reason = match stream.state {
        StreamState::Routed => None,
        _ => model.reason(stream.id).filter(|reason| !reason.is_empty()),
    };
    if reason.is_none() && !was_cut {
        return None;
    }
    let mut lines = vec![stream.name.to_string()];
    lines.extend(reason.map(str::to_owned));
    Some(Hint {
        target,
        rect,
        lines,
    })
}

/// The word for a state that needs one, and its colour.
fn word(state: StreamState, pen: &Pen<'_>) -> Option<(&'static str, Color)> {
    match state {
        StreamState::Routed => None,
        StreamState::Waiting => Some(("waiting", pen.theme.muted)),
        StreamState::Pinned => Some(("pinned", pen.theme.muted)),
        StreamState::Contested => Some(("contested", pen.theme.alarm)),
        StreamState::Ignored => Some(("ignored", pen.theme.muted)),
    }
}
