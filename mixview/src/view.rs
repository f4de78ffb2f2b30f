//! What the window looks like: the model and a size in, shapes and areas out. Pure.
//!
//! From top to bottom: the slider, the playing programs under the end they belong to, the list of
//! patterns, a line that says what was done or is wrong. Only the window's size decides where these
//! begin, so nothing jumps when a list grows.

mod field;
mod header;
mod list;
mod over;
mod pen;
mod streams;
#[cfg(test)]
mod tests;

use wire::{Channel, PipeWireState, Volume};

use crate::font::Fonts;
use crate::geometry::Rect;
use crate::model::{Link, Model, Pane, Scroll, Target};
use crate::scene::{Color, Item};
use crate::theme::{GRID, MARGIN, ROW, SMALL, Theme};

use pen::{Align, Pen, Style};

/// The smallest window that is laid out whole, in logical pixels.
pub const SMALLEST: (f32, f32) = (320.0, 240.0);
/// The size of a window that nobody has chosen.
pub const USUAL: (f32, f32) = (480.0, 420.0);

/// The height of the slider's part.
const HEADER: f32 = 23.0 * GRID;
/// The height of the line at the foot.
const FOOT: f32 = 8.0 * GRID;
/// The height of the line where patterns are typed.
const ENTRY: f32 = 8.0 * GRID;
/// The radius of corners.
const RADIUS: f32 = 6.0;

/// A part of the window that can be pointed at; what comes later lies in front.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// Where, in logical pixels.
    pub rect: Rect,
    /// What it is.
    pub role: Role,
}

/// What an area does.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// It can be clicked.
    Target(Target),
    /// A text that is being typed: where each of its characters begins, by byte, in logical
    /// pixels from the window's left edge.
    Text(Target, Vec<(usize, f32)>),
    /// A wheel scrolls this list.
    Pane(Pane),
    /// It hides what lies behind it.
    Cover,
}

/// Where the slider's handle moves, in logical pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Track {
    /// The handle's middle at -1.
    pub left: f32,
    /// The handle's middle at 1.
    pub right: f32,
    /// The handle's middle now.
    pub handle: f32,
    /// The handle's radius.
    pub radius: f32,
}

impl Track {
    /// The volume at this place, to a hundredth.
    pub fn volume(&self, x: f32) -> Volume {
        let part = (x - self.left) / (self.right - self.left).max(1.0);
        #[allow(clippy::cast_possible_truncation)]
        let hundredths = ((part * 200.0).round() as i32).clamp(0, 200) - 100;
        // Within the range by the clamp.
        Volume::try_from(hundredths * 10_000).unwrap_or_default()
    }

    fn place(&self, volume: Volume) -> f32 {
        #[allow(clippy::cast_precision_loss)]
        let part = (volume.millionths() + 1_000_000) as f32 / 2_000_000.0;
        self.left + (self.right - self.left) * part
    }
}

/// The window at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// What is drawn.
    pub items: Vec<Item>,
    /// What can be pointed at, in logical pixels.
    pub areas: Vec<Area>,
    /// The slider.
    pub track: Track,
    /// How far the lists are scrolled: no further than there is something.
    pub scroll: Scroll,
    /// Where text is typed, for an input method's own window.
    pub caret: Option<Rect>,
    /// The window's size in logical pixels.
    pub size: (f32, f32),
}

impl Frame {
    /// What lies in front at this place.
    pub fn at(&self, x: f32, y: f32) -> Option<&Role> {
        let mut areas = self.areas.iter().rev();
        let is_hit = |area: &&Area| !matches!(area.role, Role::Pane(_)) && area.rect.contains(x, y);
        areas.find(is_hit).map(|area| &area.role)
    }

    /// The list that a wheel scrolls at this place.
    pub fn pane_at(&self, x: f32, y: f32) -> Option<Pane> {
        let areas = self.areas.iter().rev();
        let mut areas = areas.filter(|area| area.rect.contains(x, y));
        areas.find_map(|area| match area.role {
            Role::Pane(pane) => Some(Some(pane)),
            Role::Cover => Some(None),
            _ => None,
        })?
    }
}

/// The window's size in pixels, and how many of them are one logical pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Pixels in a logical one.
    pub scale: f32,
}

/// Lays the window out.
pub fn view(model: &Model, fonts: &Fonts, theme: &Theme, extent: Extent) -> Frame {
    #[allow(clippy::cast_precision_loss)]
    let (width, height) = (
        extent.width as f32 / extent.scale,
        extent.height as f32 / extent.scale,
    );
    let window = Rect::new(0.0, 0.0, width, height);
    let mut pen = Pen::new(fonts, theme, extent.scale, window);
    pen.fill(window, theme.background);
    // What does not fit below the smallest size is cut off at the right and below.
    let inner = Rect::new(0.0, 0.0, width.max(SMALLEST.0), height.max(SMALLEST.1));
    let mut frame = Frame {
        scroll: model.scroll(),
        size: (width, height),
        ..Frame::default()
    };
    frame.track = header::draw(&mut pen, model, inner);
    pen.rule(0.0, HEADER, inner.width, theme.line);
    let foot = Rect::new(0.0, inner.height - FOOT, inner.width, FOOT);
    let body = Rect::new(
        MARGIN,
        HEADER + 2.0 * GRID,
        inner.width - 2.0 * MARGIN,
        foot.y - HEADER - 2.0 * GRID,
    );
    let mut hints = Vec::new();
    match model.link() {
        Link::Looking => {}
        Link::Down(lost) => over::lost(&mut pen, lost, body),
        Link::Up => draw_lists(&mut pen, model, body, &mut frame, &mut hints),
    }
    pen.rule(0.0, foot.y, inner.width, theme.line);
    if let Some(hint) = list::foot(&mut pen, model, foot) {
        hints.push(hint);
    }
    over::carried(&mut pen, model);
    // The foot's sentence may say what the hint does not: it stays to be read.
    let above_foot = Rect::new(0.0, 0.0, inner.width, foot.y);
    over::hint(&mut pen, model, &hints, above_foot);
    if model.help() {
        over::help(&mut pen, inner);
    }
    frame.items = pen.items;
    frame.areas = pen.areas;
    frame
}

/// The programs and the patterns.
fn draw_lists(
    pen: &mut Pen<'_>,
    model: &Model,
    body: Rect,
    frame: &mut Frame,
    hints: &mut Vec<over::Hint>,
) {
    // Half of what the line of patterns leaves, in whole rows.
    let half = whole_rows((body.height - ENTRY - 3.0 * GRID) / 2.0);
    let playing = Rect::new(body.x, body.y, body.width, half);
    if model.audio().pipewire == PipeWireState::Up {
        let column = ((body.width - 2.0 * GRID) / 2.0).floor();
        for channel in [Channel::Default, Channel::Aux] {
            let x = match channel {
                Channel::Default => playing.x,
                Channel::Aux => playing.right() - column,
            };
            let pane = Rect::new(x, playing.y, column, playing.height);
            streams::draw(pen, model, channel, pane, frame, hints);
        }
    } else {
        over::no_pipewire(pen, model, playing);
    }
    let entry = Rect::new(body.x, playing.bottom() + GRID, body.width, ENTRY);
    let top = entry.bottom() + GRID;
    let rows = Rect::new(
        body.x,
        top,
        body.width,
        whole_rows(body.bottom() - GRID - top),
    );
    list::rows(pen, model, rows, frame, hints);
    frame.caret = list::entry(pen, model, entry).or(frame.caret);
    over::offers(pen, model, entry, body.bottom() - GRID, frame);
}

/// The row of this number in a list that is scrolled.
fn row(pane: Rect, scroll: f32, at: usize) -> Rect {
    #[allow(clippy::cast_precision_loss)]
    let y = pane.y + at as f32 * ROW - scroll;
    Rect::new(pane.x, y, pane.width, ROW)
}

/// As many rows as a height has room for, and no part of one.
fn whole_rows(height: f32) -> f32 {
    (height / ROW).floor().max(1.0) * ROW
}

/// How far a list is scrolled: not beyond its end, and so that the row that is sought is in sight.
fn scrolled(pane: Rect, count: usize, wanted: f32, sought: Option<usize>) -> f32 {
    #[allow(clippy::cast_precision_loss)]
    let top = |at: usize| at as f32 * ROW;
    let most = (top(count) - pane.height).max(0.0);
    let mut scroll = wanted.clamp(0.0, most);
    if let Some(at) = sought {
        scroll = scroll.min(top(at)).max(top(at) + ROW - pane.height);
    }
    scroll.clamp(0.0, most)
}

/// The same in whole rows, as it is seen. The parts are kept: a smooth wheel's add up.
fn in_rows(scroll: f32) -> f32 {
    (scroll / ROW).round() * ROW
}

/// A narrow bar beside a list that says how much of it there is to see.
fn scroll_bar(pen: &mut Pen<'_>, pane: Rect, count: usize, scroll: f32) {
    #[allow(clippy::cast_precision_loss)]
    let whole = count as f32 * ROW;
    if whole > pane.height + 0.5 {
        let height = (pane.height * pane.height / whole).max(2.0 * GRID);
        let y = pane.y + (pane.height - height) * scroll / (whole - pane.height);
        let color = pen.theme.line;
        // Where no ring of a row is.
        let bar = Rect::new(pane.right() + 3.0, y, 3.0, height);
        pen.round(bar, 1.5, color);
    }
}

/// The ring around what has the focus.
fn focus_ring(pen: &mut Pen<'_>, rect: Rect, color: Color) {
    pen.ring(rect, RADIUS, 2.0, color);
}

/// A word about a row, at the right end of its room; says how wide it is.
fn badge(pen: &mut Pen<'_>, room: Rect, word: &str, color: Color) -> f32 {
    let style = Style::new(SMALL, color);
    let width = pen.width(word, style).ceil() + 3.0 * GRID;
    let rect = Rect::new(room.right() - width, room.y + GRID, width, 5.0 * GRID);
    let behind = pen.theme.badge(color);
    pen.round(rect, 2.5 * GRID, behind);
    pen.text(rect, word, style, Align::Middle);
    width
}
