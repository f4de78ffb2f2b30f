//! The patterns, the line where they are typed, and the line at the window's foot.

use wire::message::{Pattern, Rule};

use crate::geometry::Rect;
use crate::model::{Link, Model, Pane, Target};
use crate::scene::Color;
use crate::theme::{GRID, MARGIN, ROW, SMALL, TEXT};

use super::over::Hint;
use super::pen::{Align, Pen, Style};
use super::{Frame, RADIUS, Role, badge, field, focus_ring, in_rows, row, scroll_bar, scrolled};

/// The line where a pattern is typed; says where the caret is.
pub fn entry(pen: &mut Pen<'_>, model: &Model, rect: Rect) -> Option<Rect> {
    let has_focus = model.focus() == Target::Entry && !model.help();
    let warm = pen.theme.warm;
    let caret = field::draw(pen, rect, model.entry(), Target::Entry, has_focus, warm);
    if model.entry().shown().is_empty() {
        let style = Style::new(TEXT, pen.theme.muted);
        let room = rect.shrunk(3.0 * GRID, 0.0);
        let text = "Send a program to Aux: its name, or a pattern like discord*";
        pen.text(room, text, style, Align::Left);
    }
    caret
}

/// The list, each pattern with what it holds now.
pub fn rows(
    pen: &mut Pen<'_>,
    model: &Model,
    pane: Rect,
    frame: &mut Frame,
    hints: &mut Vec<Hint>,
) {
    let rules = model.programs();
    let sought = match (model.sought(), model.edit()) {
        (Some(Target::Pattern(sought)), _) => Some(sought),
        (Some(Target::Edit), Some(edit)) => Some(edit.pattern),
        _ => None,
    };
    let mut patterns = rules.iter().map(Rule::pattern);
    let sought = patterns.position(|pattern| Some(*pattern) == sought);
    let scroll = scrolled(pane, rules.len(), frame.scroll.patterns, sought);
    frame.scroll.patterns = scroll;
    let scroll = in_rows(scroll);
    pen.area(pane, Role::Pane(Pane::Patterns));
    let mut caret = None;
    pen.within(pane, |pen| {
        if rules.is_empty() {
            let room = Rect::new(pane.x + 2.0 * GRID, pane.y, pane.width - 2.0 * GRID, ROW);
            let style = Style::new(SMALL, pen.theme.muted);
            pen.text(room, "No program is sent to Aux yet", style, Align::Left);
        }
        for (at, rule) in rules.iter().enumerate() {
            let rect = row(pane, scroll, at);
            if rect.bottom() <= pane.y || rect.y >= pane.bottom() {
                continue;
            }
            match model.edit().filter(|edit| edit.pattern == *rule.pattern()) {
                Some(edit) => {
                    let color = color(pen, *rule);
                    let has_focus = model.focus() == Target::Edit && !model.help();
                    caret = field::draw(pen, rect, &edit.field, Target::Edit, has_focus, color);
                }
                None => hints.extend(draw_row(pen, model, *rule, rect)),
            }
        }
    });
    scroll_bar(pen, pane, rules.len(), scroll);
    frame.caret = caret;
}

/// That of the channel which the rule sends to, if it sends.
fn color(pen: &Pen<'_>, rule: Rule) -> Color {
    match rule {
        Rule::Program(_) => pen.theme.warm,
        Rule::Ignore(_) => pen.theme.muted,
    }
}

fn draw_row(pen: &mut Pen<'_>, model: &Model, rule: Rule, rect: Rect) -> Option<Hint> {
    let theme = pen.theme;
    let pattern = *rule.pattern();
    let color = color(pen, rule);
    let target = Target::Pattern(pattern);
    let delete = Target::Delete(pattern);
    let is_hot = model.hover() == Some(target) || model.hover() == Some(delete);
    if is_hot {
        pen.round(rect, RADIUS, theme.surface);
    }
    if model.shown_focus() == Some(target) {
        focus_ring(pen, rect, color);
    }
    let bar = Rect::new(rect.x + GRID, rect.y + 2.0 * GRID, 3.0, 3.0 * GRID);
    pen.round(bar, 1.5, color);
    let cross = Rect::new(rect.right() - ROW - GRID, rect.y, ROW, ROW);
    let mut room = Rect::new(
        rect.x + 3.0 * GRID,
        rect.y,
        cross.x - rect.x - 4.0 * GRID,
        ROW,
    );
    if let Rule::Ignore(_) = rule {
        room.width -= badge(pen, room, "ignored", color) + GRID;
    }
    let (width, was_cut) = pen.text(room, &pattern, Style::new(TEXT, theme.text), Align::Left);
    let left = room.width - width - 3.0 * GRID;
    if left > 8.0 * GRID {
        let room = Rect::new(room.x + width + 3.0 * GRID, room.y, left, ROW);
        let style = Style::new(SMALL, theme.muted);
        pen.text(room, &held(model, pattern), style, Align::Left);
    }
    let cross_color = match model.hover() == Some(delete) {
        true => theme.alarm,
        false => theme.muted,
    };
    let (x, y, arm) = (cross.x + ROW / 2.0, cross.y + ROW / 2.0, GRID);
    pen.line(&[(x - arm, y - arm), (x + arm, y + arm)], 1.5, cross_color);
    pen.line(&[(x - arm, y + arm), (x + arm, y - arm)], 1.5, cross_color);
    pen.area(rect, Role::Target(target));
    pen.area(cross, Role::Target(delete));
    was_cut.then(|| Hint {
        target,
        rect,
        lines: vec![pattern.to_string()],
    })
}

/// The streams that a pattern holds now.
fn held(model: &Model, pattern: Pattern) -> String {
    let streams = model.audio().streams.iter();
    let held = streams.filter(|stream| stream.rule == Some(pattern));
    let mut names: Vec<&str> = Vec::new();
    for stream in held {
        if !names.contains(&&*stream.name) {
            names.push(&stream.name);
        }
    }
    match names.is_empty() {
        true => "nothing now".to_owned(),
        false => names.join(", "),
    }
}

/// What was done or is wrong, what takes it back, and the help.
pub fn foot(pen: &mut Pen<'_>, model: &Model, rect: Rect) -> Option<Hint> {
    let theme = pen.theme;
    let notice = model.foot();
    let help = Rect::new(
        rect.right() - MARGIN - 6.0 * GRID,
        rect.y + GRID,
        6.0 * GRID,
        6.0 * GRID,
    );
    button(pen, model, help, "?", Target::Help);
    let mut right = help.x - 2.0 * GRID;
    if notice.undo && *model.link() == Link::Up {
        let undo = Rect::new(right - 13.0 * GRID, help.y, 13.0 * GRID, help.height);
        button(pen, model, undo, "Undo", Target::Undo);
        right = undo.x - 2.0 * GRID;
    }
    let color = match notice.alarm {
        true => theme.alarm,
        false => theme.muted,
    };
    let room = Rect::new(MARGIN, rect.y, right - MARGIN, rect.height);
    let (_, was_cut) = pen.text(room, &notice.text, Style::new(SMALL, color), Align::Left);
    if model.shown_focus() == Some(Target::Foot) {
        let ring = room.shrunk(-2.0 * GRID, 0.0);
        let ring = Rect::new(ring.x, help.y, ring.width - GRID, help.height);
        focus_ring(pen, ring, theme.text);
    }
    was_cut.then(|| {
        pen.area(room, Role::Target(Target::Foot));
        Hint {
            target: Target::Foot,
            rect: room,
            lines: vec![notice.text],
        }
    })
}

fn button(pen: &mut Pen<'_>, model: &Model, rect: Rect, text: &str, target: Target) {
    let theme = pen.theme;
    let color = match model.hover() == Some(target) {
        true => theme.line,
        false => theme.surface,
    };
    pen.round(rect, RADIUS, color);
    if model.shown_focus() == Some(target) {
        focus_ring(pen, rect, theme.text);
    }
    pen.text(rect, text, Style::strong(SMALL, theme.text), Align::Middle);
    pen.area(rect, Role::Target(target));
}
