//! The program list, and the entry for a new pattern.

use wire::message::{Pattern, Rule};

use crate::display_list::Color;
use crate::geometry::Rect;
use crate::model::{Model, Pane, Target};
use crate::theme::{GRID, ROW, SMALL, TEXT};

use super::badge::{self, Badge};
use super::painter::{Align, Painter, Style};
use super::{Role, focus_ring, row_frame, rows, text_field};

pub fn entry(painter: &mut Painter<'_>, model: &Model, rect: Rect) {
    let has_focus = model.focus.target == Target::Entry && !model.help;
    let field = &model.entry.field;
    let color = painter.theme.aux;
    text_field::draw(painter, rect, field, Target::Entry, has_focus, color);
    let dragged = model.drag.dragged();
    if dragged.is_some_and(|dragged| rect.contains(dragged.x, dragged.y)) {
        focus_ring(painter, rect, color);
    }
    if field.is_empty() {
        let style = Style::new(TEXT, painter.theme.muted);
        let room = rect.shrunk(3.0 * GRID, 0.0);
        let text = "Send a program to Aux: its name, or a pattern like discord*";
        painter.text(room, text, style, Align::Left);
    }
}

/// Draws the list, each pattern with the programs that it matches now.
pub fn draw(painter: &mut Painter<'_>, model: &Model, rect: Rect) {
    let rules = &model.daemon.rules;
    let target = match (model.scroll_target(), &model.edit) {
        (Some(Target::Pattern(pattern)), _) => Some(pattern),
        (Some(Target::Edit), Some(edit)) => Some(edit.pattern),
        _ => None,
    };
    let target = rules
        .iter()
        .position(|rule| Some(*rule.pattern()) == target);
    painter.area(rect, Role::Pane(Pane::Patterns));
    if rules.is_empty() {
        let room = Rect::new(rect.x + 3.0 * GRID, rect.y, rect.width - 6.0 * GRID, ROW);
        let style = Style::new(SMALL, painter.theme.muted);
        let text = "None yet: drag a program here, or type its name";
        painter.text(room, text, style, Align::Left);
    }
    rows(
        painter,
        Pane::Patterns,
        rect,
        rules.len(),
        target,
        |painter, at, rect| {
            let pattern = *rules[at].pattern();
            let color = match rules[at] {
                Rule::Program(_) => painter.theme.aux,
                Rule::Ignore(_) => painter.theme.muted,
            };
            match model.edit.as_ref().filter(|edit| edit.pattern == pattern) {
                Some(edit) => {
                    let has_focus = model.focus.target == Target::Edit && !model.help;
                    text_field::draw(painter, rect, &edit.field, Target::Edit, has_focus, color);
                }
                None => draw_row(painter, model, rules[at], rect, color),
            }
        },
    );
}

fn draw_row(painter: &mut Painter<'_>, model: &Model, rule: Rule, rect: Rect, color: Color) {
    let theme = painter.theme;
    let pattern = *rule.pattern();
    let (target, delete) = (Target::Pattern(pattern), Target::Delete(pattern));
    let edit = Target::StartEdit(pattern);
    let is_hot = [target, edit, delete].map(Some).contains(&model.hover);
    let is_added = model.added == Some(pattern);
    let has_ring = is_added || model.focus.ring() == Some(target);
    let mut room = row_frame(painter, rect, color, is_hot || is_added, has_ring);
    let cross = Rect::new(rect.right() - ROW - GRID, rect.y, ROW, ROW);
    let end = Rect::new(cross.x - ROW, rect.y, ROW, ROW);
    room.width = end.x - rect.x - 4.0 * GRID;
    if let Rule::Ignore(_) = rule {
        room.width -= badge::draw(painter, room, Badge::Ignored, None) + GRID;
    }
    let style = Style::new(TEXT, theme.text);
    let (width, was_cut) = painter.text(room, &pattern, style, Align::Left);
    let left = room.width - width - 3.0 * GRID;
    if left > 8.0 * GRID {
        let room = Rect::new(room.x + width + 3.0 * GRID, room.y, left, ROW);
        let style = Style::new(SMALL, theme.muted);
        painter.text(room, &matches(model, pattern), style, Align::Left);
    }
    let color = match model.hover == Some(edit) {
        true => theme.text,
        false => theme.muted,
    };
    pencil(painter, end, color);
    let color = match model.hover == Some(delete) {
        true => theme.warning,
        false => theme.muted,
    };
    let (x, y, arm) = (cross.x + ROW / 2.0, cross.y + ROW / 2.0, GRID);
    painter.line((x - arm, y - arm), (x + arm, y + arm), 1.5, color);
    painter.line((x - arm, y + arm), (x + arm, y - arm), 1.5, color);
    painter.area(rect, Role::Target(target));
    painter.area(end, Role::Target(edit));
    painter.area(cross, Role::Target(delete));
    if was_cut {
        painter.tooltip(target, rect, vec![pattern.to_string()]);
    }
}

/// Draws a pencil, its tip at the lower left.
fn pencil(painter: &mut Painter<'_>, rect: Rect, color: Color) {
    let (x, y) = (rect.x + rect.width / 2.0, rect.y + rect.height / 2.0);
    let corners = [
        (-5.0, 5.0),
        (-4.0, 1.5),
        (2.5, -5.0),
        (5.0, -2.5),
        (-1.5, 4.0),
        (-5.0, 5.0),
    ];
    for pair in corners.windows(2) {
        let [from, to] = [pair[0], pair[1]].map(|(right, down)| (x + right, y + down));
        painter.line(from, to, 1.2, color);
    }
}

/// The names of the programs that a pattern matches now.
fn matches(model: &Model, pattern: Pattern) -> String {
    let mut names: Vec<&str> = Vec::new();
    for stream in &model.daemon.audio.streams {
        if stream.rule == Some(pattern) && !names.contains(&&*stream.name) {
            names.push(&stream.name);
        }
    }
    match names.is_empty() {
        true => "matches nothing now".to_owned(),
        false => names.join(", "),
    }
}
