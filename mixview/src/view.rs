//! The window's layout: the model and a size in, a display list and hit areas out. Pure.
//!
//! From top to bottom: the slider, the playing programs under the end they belong to, the list of
//! patterns, the foot. A list has what it needs; that nothing jumps as programs come and go, there is always
//! room for a few of them, if there is room at all. An alarm that lasts stands above the foot.

mod badge;
mod header;
mod list;
mod overlay;
mod painter;
mod status;
mod streams;
#[cfg(test)]
mod tests;
mod text_field;
mod title;

use wire::{Channel, PipeWireState, Volume};

use crate::display_list::{Color, Item};
use crate::font::Fonts;
use crate::geometry::Rect;
use crate::model::{LinkState, Model, Pane, Scroll, Target};
use crate::theme::{GRID, MARGIN, ROW, SMALL, Theme};

#[cfg(feature = "accesskit")]
pub use badge::Badge;
#[cfg(feature = "accesskit")]
pub use overlay::suggested_pattern;
use painter::{Align, Painter, Style};
use status::Banner;
pub use title::title;

/// The smallest window that has room for all parts, in logical pixels.
pub const MIN_SIZE: (f32, f32) = (320.0, 240.0);
/// The smallest window, in logical pixels: that of the slider alone.
pub const SLIDER_SIZE: (f32, f32) = (MIN_SIZE.0, HEADER);
/// The least height at which there is more than the slider, in logical pixels.
const LISTS_HEIGHT: f32 = 200.0;
/// The size of a new window, in logical pixels.
pub const DEFAULT_SIZE: (f32, f32) = (480.0, 420.0);

/// The greatest width of what is drawn, with its margins: in a wider window it stands in the middle, so that
/// a row's name and its arrow are seen together.
const COLUMN: f32 = 640.0 + 2.0 * MARGIN;
const HEADER: f32 = 23.0 * GRID;
const STATUS_LINE: f32 = 8.0 * GRID;
const ENTRY: f32 = 8.0 * GRID;
/// The height of the heading above the field for a pattern.
const HEADING: f32 = 6.0 * GRID;
/// How many rows the programs' place has while none plays.
const EMPTY_ROWS: usize = 2;
/// How many rows of programs there are also while fewer play, unless the patterns need them.
const KEPT_ROWS: usize = 4;
/// The radius of corners.
const RADIUS: f32 = 6.0;

/// A part of the window that the pointer can hit, in logical pixels; later ones lie in front.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    pub rect: Rect,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// It can be clicked.
    Target(Target),
    /// A text field, and where each of its characters begins: by byte, in logical pixels from the
    /// window's left edge.
    Text(Target, Vec<(usize, f32)>),
    /// A wheel scrolls this list.
    Pane(Pane),
    /// A wheel turns the slider.
    Header,
    /// It hides what lies behind it.
    Overlay,
}

/// The places of the slider's handle, in logical pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Track {
    /// The handle's middle at -1, at 1 and now.
    pub left: f32,
    pub right: f32,
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
    pub items: Vec<Item>,
    pub areas: Vec<Area>,
    pub track: Track,
    /// How far the lists are scrolled, within their ends.
    pub scroll: Scroll,
    /// The caret, for an input method's own window.
    pub caret: Option<Rect>,
    /// The window's size in logical pixels.
    pub size: (f32, f32),
}

impl Frame {
    /// Returns the role of the front area at this place, in logical pixels, that a click concerns.
    pub fn hit(&self, x: f32, y: f32) -> Option<&Role> {
        let mut roles = self.roles_at(x, y);
        roles.find(|role| !matches!(role, Role::Pane(_) | Role::Header))
    }

    /// Returns the role of the front area at this place that a wheel concerns.
    pub fn wheel_at(&self, x: f32, y: f32) -> Option<&Role> {
        let mut roles = self.roles_at(x, y);
        roles.find(|role| matches!(role, Role::Pane(_) | Role::Header | Role::Overlay))
    }

    /// The roles of the areas at this place, from front to back.
    fn roles_at(&self, x: f32, y: f32) -> impl Iterator<Item = &Role> {
        let areas = self.areas.iter().rev();
        let areas = areas.filter(move |area| area.rect.contains(x, y));
        areas.map(|area| &area.role)
    }
}

/// The window's size in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    pub width: u32,
    pub height: u32,
    /// Pixels in a logical one.
    pub scale: f32,
}

impl Viewport {
    /// Returns width and height in logical pixels.
    fn size(self) -> (f32, f32) {
        #[allow(clippy::cast_precision_loss)]
        let [width, height] = [self.width, self.height].map(|side| side as f32 / self.scale);
        (width, height)
    }

    /// Returns whether there is room for more than the slider.
    fn has_lists(self) -> bool {
        self.size().1 >= LISTS_HEIGHT
    }
}

/// Returns the viewport at the model's zoom, which leaves room for the smallest window.
pub fn zoomed(model: &mut Model, viewport: Viewport) -> Viewport {
    let (width, height) = viewport.size();
    let most = (width / MIN_SIZE.0).min(height / MIN_SIZE.1);
    let scale = viewport.scale * model.zoom.fit(most);
    let viewport = Viewport { scale, ..viewport };
    model.set_low(!viewport.has_lists());
    viewport
}

/// Lays the window out.
pub fn view(model: &Model, fonts: &Fonts, theme: &Theme, viewport: Viewport) -> Frame {
    let (width, height) = viewport.size();
    let window = Rect::new(0.0, 0.0, width, height);
    let frame = Frame {
        scroll: model.scroll,
        size: (width, height),
        ..Frame::default()
    };
    let mut painter = Painter::new(fonts, theme, viewport.scale, window, frame);
    painter.fill(window, theme.background);
    // A narrower window shows the left part.
    let inner = Rect::new(0.0, 0.0, width.max(MIN_SIZE.0), height);
    let width = inner.width.min(COLUMN);
    let x = ((inner.width - width) / 2.0).floor();
    let column = Rect { x, width, ..inner };
    painter.frame.track = header::draw(&mut painter, model, column);
    if viewport.has_lists() {
        draw_below_header(&mut painter, model, inner, column);
    }
    overlay::dragged(&mut painter, model, window);
    if model.help {
        let height = height.max(MIN_SIZE.1);
        overlay::help(&mut painter, Rect { height, ..inner });
    }
    painter.frame
}

/// Draws the lists, and the foot.
fn draw_below_header(painter: &mut Painter<'_>, model: &Model, inner: Rect, column: Rect) {
    let theme = painter.theme;
    painter.rule(0.0, HEADER, inner.width, theme.surface);
    let top = HEADER + 2.0 * GRID;
    let foot = inner.height - STATUS_LINE;
    let banner = Banner::above(painter, model, column, foot, (foot - top) / 2.0);
    let above_banner = banner.as_ref().map_or(foot, |banner| banner.rect.y);
    // One that goes with the next click lies over the lists: nothing moves from under that click.
    let bottom = match model.has_lasting_alarm() {
        true => above_banner,
        false => foot,
    };
    let body = Rect::new(column.x, top, column.width, bottom - top).shrunk(MARGIN, 0.0);
    match &model.daemon.link {
        LinkState::Connecting => {}
        LinkState::Down(error) => overlay::link_error(painter, error, body),
        LinkState::Up => draw_lists(painter, model, body),
    }
    if let Some(banner) = banner {
        banner.draw(painter, model);
    }
    painter.rule(0.0, foot, inner.width, theme.surface);
    let line = Rect::new(column.x, foot, column.width, STATUS_LINE);
    status::draw(painter, model, line);
    // The foot stays readable: it may say what the tooltip does not.
    let above = Rect::new(0.0, 0.0, inner.width, above_banner);
    overlay::tooltip(painter, model, above);
}

/// Draws the programs and the list of patterns.
fn draw_lists(painter: &mut Painter<'_>, model: &Model, body: Rect) {
    let daemon = &model.daemon;
    // Between and below the parts are three gaps.
    let left = body.height - ENTRY - 3.0 * GRID;
    let (heading, rows) = match rows_in(left - HEADING) {
        rows if rows >= 2 * EMPTY_ROWS => (HEADING, rows),
        _ => (0.0, rows_in(left)),
    };
    let programs = [Channel::Default, Channel::Aux].map(|channel| streams::count(daemon, channel));
    let programs = programs[0].max(programs[1]).max(EMPTY_ROWS);
    let at_list = matches!(
        model.focus.target,
        Target::Entry | Target::Pattern(_) | Target::Edit
    );
    let playing = match rows {
        // There is room for one part: that which has the focus.
        0 | 1 if at_list => 0,
        0 | 1 => rows_in(body.height),
        _ => programs_rows(rows, programs, daemon.rules.len().max(1)),
    };
    let mut y = body.y;
    if playing > 0 {
        let height = height_of(playing);
        draw_programs(painter, model, Rect::new(body.x, y, body.width, height));
        y += height + GRID;
    }
    if (rows < 2 && !at_list) || body.height < ENTRY {
        return;
    }
    if heading > 0.0 {
        let room = Rect::new(body.x, y, body.width, heading);
        let style = Style::strong(SMALL, painter.theme.muted);
        painter.text(room, "Always on Aux", style, Align::Left);
        y += heading;
    }
    let entry = Rect::new(body.x, y, body.width, ENTRY);
    let top = entry.bottom() + GRID;
    let patterns = rows_in(body.bottom() - GRID - top);
    if patterns > 0 {
        let height = height_of(patterns);
        list::draw(painter, model, Rect::new(body.x, top, body.width, height));
    }
    list::entry(painter, model, entry);
    overlay::suggestions(painter, model, entry, body);
}

/// Draws the programs that play: a column for each channel.
fn draw_programs(painter: &mut Painter<'_>, model: &Model, rect: Rect) {
    // Of a state that is not known here, mixd lists what plays, if anything does.
    if matches!(
        model.daemon.audio.pipewire,
        PipeWireState::Down | PipeWireState::Off
    ) {
        return;
    }
    let column = ((rect.width - 2.0 * GRID) / 2.0).floor();
    for channel in [Channel::Default, Channel::Aux] {
        let x = match channel {
            Channel::Default => rect.x,
            Channel::Aux => rect.right() - column,
        };
        let rect = Rect::new(x, rect.y, column, rect.height);
        streams::draw(painter, model, channel, rect);
    }
}

/// Returns how many rows of programs are shown, where both lists have room for so many rows. Each has what it
/// needs, or half where both need more.
fn programs_rows(rows: usize, programs: usize, patterns: usize) -> usize {
    let left = rows.saturating_sub(patterns);
    let half = rows.div_ceil(2);
    programs.max(KEPT_ROWS.min(left)).min(left.max(half))
}

/// Returns how many whole rows a height has room for.
fn rows_in(height: f32) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let rows = (height / ROW).max(0.0) as usize;
    rows
}

fn height_of(rows: usize) -> f32 {
    #[allow(clippy::cast_precision_loss)]
    let height = rows as f32 * ROW;
    height
}

/// Draws the rows of a list that are in sight, and a bar beside it that says how much of it these
/// are. The row of number `target` is scrolled into sight.
fn rows(
    painter: &mut Painter<'_>,
    pane: Pane,
    rect: Rect,
    count: usize,
    target: Option<usize>,
    mut draw_row: impl FnMut(&mut Painter<'_>, usize, Rect),
) {
    #[allow(clippy::cast_precision_loss)]
    let top = |at: usize| at as f32 * ROW;
    let whole = top(count);
    let most = (whole - rect.height).max(0.0);
    let scroll = painter.frame.scroll.of(pane);
    *scroll = scroll.clamp(0.0, most);
    if let Some(at) = target {
        let nearest = scroll.min(top(at)).max(top(at) + ROW - rect.height);
        *scroll = nearest.clamp(0.0, most);
    }
    // Only whole rows are seen. The parts are kept: a smooth wheel's add up.
    let scroll = (*scroll / ROW).round() * ROW;
    painter.within(rect, |painter| {
        for at in 0..count {
            let row = Rect::new(rect.x, rect.y + top(at) - scroll, rect.width, ROW);
            if row.bottom() > rect.y && row.y < rect.bottom() {
                draw_row(painter, at, row);
            }
        }
    });
    if whole > rect.height + 0.5 {
        let height = (rect.height * rect.height / whole).max(2.0 * GRID);
        let y = rect.y + (rect.height - height) * scroll / (whole - rect.height);
        // Where no ring of a row is.
        let bar = Rect::new(rect.right() + 3.0, y, 3.0, height);
        painter.round(bar, 1.5, painter.theme.line);
    }
}

/// Draws a row without its text: the background of one that is pointed at, the focus ring, a bar
/// in the channel's colour. Returns the room for the text.
fn row_frame(
    painter: &mut Painter<'_>,
    rect: Rect,
    color: Color,
    is_hot: bool,
    focus: bool,
) -> Rect {
    if is_hot {
        painter.round(rect, RADIUS, painter.theme.surface);
        painter.ring(rect, RADIUS, 1.0, painter.theme.line);
    }
    if focus {
        focus_ring(painter, rect, color);
    }
    let bar = Rect::new(rect.x + GRID, rect.y + 2.0 * GRID, 3.0, 3.0 * GRID);
    painter.round(bar, 1.5, color);
    Rect::new(rect.x + 3.0 * GRID, rect.y, rect.width - 5.0 * GRID, ROW)
}

fn focus_ring(painter: &mut Painter<'_>, rect: Rect, color: Color) {
    painter.ring(rect, RADIUS, 2.0, color);
}
