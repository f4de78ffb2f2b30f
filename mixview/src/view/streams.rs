//! The programs that play, under the end of the slider that they belong to.

use wire::{Channel, Stream, StreamState};

use crate::display_list::Color;
use crate::geometry::Rect;
use crate::model::{Model, Pane, Target};
use crate::theme::{GRID, ROW, SMALL, TEXT};

use super::painter::{Align, Painter, Style};
use super::{Role, badge, empty_list, focus_ring, row_frame, rows};

pub fn draw(painter: &mut Painter<'_>, model: &Model, channel: Channel, rect: Rect) {
    let theme = painter.theme;
    let pane = Pane::Streams(channel);
    let streams: Vec<&Stream> = model.daemon.streams(channel).collect();
    let omitted = match channel {
        Channel::Default => model.daemon.audio.omitted,
        Channel::Aux => 0,
    };
    let count = streams.len() + usize::from(omitted > 0);
    let target = model.scroll_target();
    let target = streams
        .iter()
        .position(|stream| Some(Target::Stream(stream.id)) == target);
    painter.area(rect, Role::Pane(pane));
    let dragged = model.drag.dragged();
    let is_drop_target = dragged.is_some_and(|dragged| dragged.channel == channel);
    rows(painter, pane, rect, count, target, |painter, at, rect| {
        if let Some(stream) = streams.get(at) {
            draw_row(painter, model, stream, rect);
        } else {
            let text = format!("and {omitted} more");
            let style = Style::new(SMALL, theme.muted);
            painter.text(rect.shrunk(2.0 * GRID, 0.0), &text, style, Align::Left);
        }
    });
    if is_drop_target {
        focus_ring(painter, rect.shrunk(-3.0, -3.0), theme.channel(channel));
    } else if count == 0 {
        empty_list(painter, rect, "Nothing plays here");
    }
}

/// Draws an arrow to the other channel's side.
fn arrow(painter: &mut Painter<'_>, rect: Rect, channel: Channel, color: Color) {
    let (x, y) = (rect.x + rect.width / 2.0, rect.y + rect.height / 2.0);
    let reach = match channel {
        Channel::Default => 1.25 * GRID,
        Channel::Aux => -1.25 * GRID,
    };
    let tip = (x + reach, y);
    painter.line((x - reach, y), tip, 1.5, color);
    for side in [-GRID, GRID] {
        painter.line((x + reach / 5.0, y + side), tip, 1.5, color);
    }
}

fn draw_row(painter: &mut Painter<'_>, model: &Model, stream: &Stream, rect: Rect) {
    let theme = painter.theme;
    let target = Target::Stream(stream.id);
    let color = theme.channel(stream.channel);
    let dragged = model.drag.dragged();
    let is_dragged = dragged.is_some_and(|dragged| dragged.id == stream.id);
    let send = Target::Send(stream.id);
    let is_hot = model.hover == Some(target) || model.hover == Some(send) || is_dragged;
    let mut room = row_frame(
        painter,
        rect,
        color,
        is_hot,
        model.focus.ring() == Some(target),
    );
    let end = Rect::new(rect.right() - ROW, rect.y, ROW, ROW);
    room.width = end.x - room.x;
    let state = match stream.state {
        StreamState::Routed => None,
        StreamState::Waiting => Some(("waiting", theme.muted)),
        StreamState::Pinned => Some(("pinned", theme.muted)),
        StreamState::Contested => Some(("contested", theme.warning)),
        StreamState::Ignored => Some(("ignored", theme.muted)),
        StreamState::Unknown => Some(("unknown", theme.muted)),
    };
    if let Some((word, color)) = state {
        room.width -= badge(painter, room, word, color) + GRID;
    }
    let color = if is_dragged { theme.muted } else { theme.text };
    let style = Style::new(TEXT, color);
    let (width, was_cut) = painter.text(room, &stream.name, style, Align::Left);
    // The file's name, where it says something that the name does not.
    let name = stream.name.to_lowercase();
    let says_more = |binary: &&str| !name.contains(&binary.to_lowercase());
    let left = room.width - width - 2.0 * GRID;
    if let Some(binary) = stream.binary.as_deref().filter(says_more)
        && !was_cut
        && left > 6.0 * GRID
    {
        let room = Rect::new(room.x + width + 2.0 * GRID, room.y, left, room.height);
        let style = Style::new(SMALL, theme.muted);
        painter.text(room, binary, style, Align::Left);
    }
    let color = match model.hover == Some(send) {
        true => theme.text,
        false => theme.muted,
    };
    arrow(painter, end, stream.channel, color);
    painter.area(rect, Role::Target(target));
    painter.area(end, Role::Target(send));
    let reason = match stream.state {
        StreamState::Routed => None,
        _ => model.daemon.reason(stream.id).map(str::to_owned),
    };
    let reason = reason.filter(|reason| !reason.is_empty());
    if was_cut || reason.is_some() {
        let lines = [stream.name.to_string()].into_iter().chain(reason);
        painter.tooltip(target, rect, lines.collect());
    }
}
