//! The programs that play, under the end of the slider that they belong to.

use wire::{Channel, Stream, StreamState, Warning};

use crate::display_list::Color;
use crate::geometry::Rect;
use crate::model::{Daemon, Model, Pane, Program, Target, capitalized};
use crate::theme::{GRID, ROW, SMALL, TEXT};

use super::badge::{self, Badge};
use super::overlay::LINE;
use super::painter::{Align, Painter, Style};
use super::{Role, focus_ring, row_frame, rows};

/// The greatest height of the place where there are no programs.
const PLACE: f32 = 3.0 * ROW;

/// Returns how many rows a channel's list has.
pub fn count(daemon: &Daemon, channel: Channel) -> usize {
    daemon.programs(channel).len() + usize::from(omitted(daemon, channel) > 0)
}

/// Returns how many streams mixd has left out; they are said in the left list.
fn omitted(daemon: &Daemon, channel: Channel) -> u32 {
    match channel {
        Channel::Default => daemon.audio.omitted,
        Channel::Aux => 0,
    }
}

pub fn draw(painter: &mut Painter<'_>, model: &Model, channel: Channel, rect: Rect) {
    let theme = painter.theme;
    let pane = Pane::Streams(channel);
    let programs = model.daemon.programs(channel);
    let omitted = omitted(&model.daemon, channel);
    let count = programs.len() + usize::from(omitted > 0);
    let target = model.scroll_target();
    let target = programs
        .iter()
        .position(|program| Some(Target::Stream(program.first.id)) == target);
    painter.area(rect, Role::Pane(pane));
    let dragged = model.drag.dragged();
    let is_drop_target = dragged.is_some_and(|dragged| dragged.channel == channel);
    rows(painter, pane, rect, count, target, |painter, at, rect| {
        if let Some(program) = programs.get(at) {
            draw_row(painter, model, program, rect);
        } else {
            let text = format!("and {omitted} more");
            let style = Style::new(SMALL, theme.muted);
            painter.text(rect.shrunk(2.0 * GRID, 0.0), &text, style, Align::Left);
        }
    });
    if count == 0 {
        empty(painter, model, channel, rect, is_drop_target);
    } else if is_drop_target {
        focus_ring(painter, rect.shrunk(-3.0, -3.0), theme.channel(channel));
    }
}

/// Says in place of a channel's programs how there come to be some.
fn empty(
    painter: &mut Painter<'_>,
    model: &Model,
    channel: Channel,
    rect: Rect,
    is_drop_target: bool,
) {
    let text = match channel {
        Channel::Aux => "Drag a program here\nto balance it against the rest",
        Channel::Default if model.daemon.audio.streams.is_empty() => {
            "Play something,\nand it appears here"
        }
        Channel::Default => "Nothing else plays",
    };
    let place = Rect {
        height: rect.height.min(PLACE),
        ..rect
    };
    if is_drop_target {
        focus_ring(painter, place, painter.theme.channel(channel));
    } else if channel == Channel::Aux {
        dashed(painter, place);
    }
    let room = place.shrunk(GRID, 0.0);
    let style = Style::new(SMALL, painter.theme.muted);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let most = (room.height / LINE) as usize;
    let wrap = |line| {
        let fonts = painter.fonts;
        fonts.wrap(line, SMALL, style.weight, room.width, most)
    };
    let lines: Vec<String> = match most {
        // Its beginning says enough.
        0 | 1 => {
            let line = text.lines().next().unwrap_or_default();
            wrap(line.trim_end_matches(','))
        }
        _ => text.lines().flat_map(wrap).take(most).collect(),
    };
    #[allow(clippy::cast_precision_loss)]
    let mut y = room.y + ((room.height - lines.len() as f32 * LINE) / 2.0).floor();
    for line in lines {
        let line_room = Rect::new(room.x, y, room.width, LINE);
        painter.text(line_room, &line, style, Align::Middle);
        y += LINE;
    }
}

/// Draws a dashed outline.
fn dashed(painter: &mut Painter<'_>, rect: Rect) {
    let color = painter.theme.muted;
    // The corners are left out: that makes them look round.
    let dashes = |length: f32| {
        let count = ((length - 2.0 * GRID) / (2.0 * GRID)).floor().max(1.0);
        let step = (length - 2.0 * GRID) / count;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let count = count as usize;
        #[allow(clippy::cast_precision_loss)]
        let start = move |at: usize| GRID + at as f32 * step + (step - GRID) / 2.0;
        (0..count).map(start)
    };
    for x in dashes(rect.width) {
        for y in [rect.y, rect.bottom() - 1.0] {
            painter.fill(Rect::new(rect.x + x, y, GRID, 1.0), color);
        }
    }
    for y in dashes(rect.height) {
        for x in [rect.x, rect.right() - 1.0] {
            painter.fill(Rect::new(x, rect.y + y, 1.0, GRID), color);
        }
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

fn draw_row(painter: &mut Painter<'_>, model: &Model, program: &Program<'_>, rect: Rect) {
    let theme = painter.theme;
    let Program { first, streams } = program;
    let (target, send) = (Target::Stream(first.id), Target::Send(first.id));
    let dragged = model.drag.dragged();
    let is_dragged = dragged.is_some_and(|dragged| program.ids().any(|id| id == dragged.id));
    let is_hot = model.hover == Some(target) || model.hover == Some(send) || is_dragged;
    let has_ring = model.focus.ring() == Some(target);
    let badge = badge(model, program);
    let is_heard = program.is_running() && !matches!(badge, Some((Badge::Muted, _)));
    let mut room = row_frame(
        painter,
        rect,
        theme.channel(first.channel),
        is_hot,
        has_ring,
    );
    let end = Rect::new(rect.right() - ROW, rect.y, ROW, ROW);
    room.width = end.x - room.x;
    if let Some((badge, part)) = badge {
        room.width -= badge::draw(painter, room, badge, part) + GRID;
    }
    let color = match is_heard && !is_dragged {
        true => theme.text,
        false => theme.muted,
    };
    let style = Style::new(TEXT, color);
    let remark = Style::new(SMALL, theme.muted);
    // The count is seen also where the name is cut.
    let count = match streams.len() {
        1 => String::new(),
        count => format!("×{count}"),
    };
    let count_width = painter.width(&count, remark);
    let mut name = room;
    if !count.is_empty() {
        name.width -= count_width + GRID;
    }
    let (width, was_cut) = painter.text(name, &first.name, style, Align::Left);
    let mut x = room.x + width;
    if !count.is_empty() {
        let room = Rect::new(x + GRID, room.y, count_width, room.height);
        painter.text(room, &count, remark, Align::Left);
        x = room.right();
    }
    let left = room.right() - x - 2.0 * GRID;
    let binary = telling(first.binary.as_deref(), &first.name);
    if let Some(binary) = binary
        && !was_cut
        && left > 6.0 * GRID
    {
        let room = Rect::new(x + 2.0 * GRID, room.y, left, room.height);
        painter.text(room, binary, remark, Align::Left);
    }
    let color = match model.hover == Some(send) {
        true => theme.text,
        false => theme.muted,
    };
    arrow(painter, end, first.channel, color);
    painter.area(rect, Role::Target(target));
    painter.area(end, Role::Target(send));
    let lines = tooltip(model, program);
    if was_cut || !lines.is_empty() {
        let name = [first.name.to_string()];
        painter.tooltip(target, rect, name.into_iter().chain(lines).collect());
    }
}

/// Returns the badge of a program's row, and how many of its streams that is about, if not about all. What
/// is wrong with a stream goes before what is with its channel.
fn badge(model: &Model, program: &Program<'_>) -> Option<(Badge, Option<usize>)> {
    let Program { first, streams } = program;
    let state = program.shown().state;
    if let Some(badge) = Badge::of(state) {
        let count = streams
            .iter()
            .filter(|stream| stream.state == state)
            .count();
        return Some((badge, (count < streams.len()).then_some(count)));
    }
    let muted = match first.channel {
        Channel::Default => Warning::DefaultMuted,
        Channel::Aux => Warning::AuxMuted,
    };
    let is_muted = model.daemon.audio.warnings.contains(&muted);
    is_muted.then_some((Badge::Muted, None))
}

/// Returns a text, if it says something that the name does not.
fn telling<'a>(text: Option<&'a str>, name: &str) -> Option<&'a str> {
    let name = name.to_lowercase();
    text.filter(|text| !name.contains(&text.to_lowercase()))
}

/// The most streams that a tooltip has a line for.
const MAX_LINES: usize = 5;

/// Returns the lines of a row's tooltip below the name: what each stream plays, and why the one whose state
/// the row shows is not where the list would have it.
fn tooltip(model: &Model, program: &Program<'_>) -> Vec<String> {
    let Program { first, streams } = program;
    let mut lines = Vec::new();
    for stream in streams.iter().take(MAX_LINES) {
        lines.extend(stream_line(stream, streams.len() > 1));
    }
    if streams.len() > MAX_LINES {
        lines.push(format!("and {} more", streams.len() - MAX_LINES));
    }
    if let Some((Badge::Muted, _)) = badge(model, program) {
        let channel = first.channel;
        lines.push(format!(
            "Its channel is muted: unmute mixd-{channel} in a mixer"
        ));
    }
    let shown = program.shown();
    if shown.state != StreamState::Routed {
        let reason = model.daemon.reason(shown.id).unwrap_or_default();
        lines.extend((!reason.is_empty()).then(|| reason.to_owned()));
    }
    lines
}

/// Returns what a stream plays, whether it is paused, and its state. Where it is one of several, there is
/// always something to say.
fn stream_line(stream: &Stream, is_one_of_several: bool) -> Option<String> {
    let played = telling(stream.description.as_deref(), &stream.name).map(str::to_owned);
    let number = || is_one_of_several.then(|| format!("Stream {}", stream.id));
    let state = Badge::of(stream.state).map(Badge::word);
    let paused = (!stream.running).then_some("paused");
    let words = played.or_else(number).into_iter();
    let words = words.chain([paused, state].into_iter().flatten().map(str::to_owned));
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| capitalized(&words.join(", ")))
}
