//! Badges: a sign and a word for the state of a row, so that it is not said by a colour alone.

use wire::StreamState;

use crate::display_list::Color;
use crate::geometry::Rect;
use crate::theme::{GRID, SMALL, Theme};

use super::painter::{Align, Painter, Style};

/// A state of a row that is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Badge {
    Waiting,
    Pinned,
    Contested,
    Ignored,
    /// Its channel is muted in a mixer.
    Muted,
    Unknown,
}

impl Badge {
    /// Returns the badge of a stream's state; none where all is well.
    pub fn of(state: StreamState) -> Option<Self> {
        Some(match state {
            StreamState::Routed => return None,
            StreamState::Waiting => Self::Waiting,
            StreamState::Pinned => Self::Pinned,
            StreamState::Contested => Self::Contested,
            StreamState::Ignored => Self::Ignored,
            StreamState::Unknown => Self::Unknown,
        })
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Pinned => "pinned",
            Self::Contested => "contested",
            Self::Ignored => "ignored",
            Self::Muted => "muted",
            Self::Unknown => "unknown",
        }
    }

    fn color(self, theme: &Theme) -> Color {
        match self {
            Self::Contested | Self::Muted => theme.warning,
            Self::Waiting | Self::Pinned | Self::Ignored | Self::Unknown => theme.muted,
        }
    }
}

/// The side of a sign.
const SIGN: f32 = 3.0 * GRID;
/// The room for a name that a badge leaves, or else it is the sign alone.
const NAME: f32 = 14.0 * GRID;

/// Draws a badge at the right end of a room. `part` is how many of a row's streams it is about, if not
/// about all. Returns its width.
pub fn draw(painter: &mut Painter<'_>, room: Rect, badge: Badge, part: Option<usize>) -> f32 {
    let color = badge.color(painter.theme);
    let style = Style::new(SMALL, color);
    let word = match part {
        Some(count) => format!("{count} {}", badge.word()),
        None => badge.word().to_owned(),
    };
    let whole = SIGN + painter.width(&word, style).ceil() + 4.0 * GRID;
    let has_word = whole + NAME <= room.width;
    let width = if has_word { whole } else { SIGN + 3.0 * GRID };
    let rect = Rect::new(room.right() - width, room.y + GRID, width, 5.0 * GRID);
    painter.round(rect, 2.5 * GRID, painter.theme.badge(color));
    let left = rect.x + 1.5 * GRID;
    sign(
        painter,
        badge,
        left + SIGN / 2.0,
        rect.y + rect.height / 2.0,
        color,
    );
    if has_word {
        let left = left + SIGN + GRID;
        let rect = Rect::new(left, rect.y, rect.right() - left, rect.height);
        painter.text(rect, &word, style, Align::Left);
    }
    width
}

/// Draws a sign around its middle.
fn sign(painter: &mut Painter<'_>, badge: Badge, x: f32, y: f32, color: Color) {
    let mut lines = |points: &[(f32, f32)]| {
        for pair in points.windows(2) {
            let [from, to] = [pair[0], pair[1]].map(|(right, down)| (x + right, y + down));
            painter.line(from, to, 1.3, color);
        }
    };
    match badge {
        // Three dots.
        Badge::Waiting => {
            for right in [-4.0, 0.0, 4.0] {
                painter.disc(x + right, y, 1.2, color);
            }
        }
        // A pin, its point below.
        Badge::Pinned => {
            lines(&[(-3.0, -5.0), (3.0, -5.0)]);
            lines(&[
                (-2.0, -5.0),
                (-2.0, -1.5),
                (-4.0, 1.0),
                (4.0, 1.0),
                (2.0, -1.5),
                (2.0, -5.0),
            ]);
            lines(&[(0.0, 1.0), (0.0, 5.5)]);
        }
        Badge::Contested => warning_sign(painter, x, y, 1.0, color),
        // A circle with a stroke through it.
        Badge::Ignored => {
            lines(&[(-3.3, 3.3), (3.3, -3.3)]);
            let side = 10.6;
            let rect = Rect::new(x - side / 2.0, y - side / 2.0, side, side);
            painter.ring(rect, side / 2.0, 1.3, color);
        }
        // A loudspeaker, crossed out.
        Badge::Muted => {
            lines(&[
                (-5.5, -1.8),
                (-3.5, -1.8),
                (-0.5, -4.5),
                (-0.5, 4.5),
                (-3.5, 1.8),
                (-5.5, 1.8),
                (-5.5, -1.8),
            ]);
            lines(&[(2.0, -2.0), (5.5, 2.0)]);
            lines(&[(2.0, 2.0), (5.5, -2.0)]);
        }
        // A question mark.
        Badge::Unknown => {
            lines(&[
                (-2.5, -3.0),
                (-1.2, -4.8),
                (1.2, -4.8),
                (2.5, -3.0),
                (1.8, -1.2),
                (0.0, 0.2),
                (0.0, 1.6),
            ]);
            painter.disc(x, y + 4.2, 0.8, color);
        }
    }
}

/// Draws a triangle with an exclamation mark around its middle, 11 logical pixels wide, times `scale`.
pub fn warning_sign(painter: &mut Painter<'_>, x: f32, y: f32, scale: f32, color: Color) {
    let at = |right: f32, down: f32| (x + scale * right, y + scale * down);
    let corners = [at(0.0, -5.0), at(5.5, 4.5), at(-5.5, 4.5), at(0.0, -5.0)];
    // Thinner than the scale has it: large and small, it stands beside text of one size.
    let width = 1.3 * scale.sqrt();
    for pair in corners.windows(2) {
        painter.line(pair[0], pair[1], width, color);
    }
    painter.line(at(0.0, -1.5), at(0.0, 0.8), width, color);
    painter.disc(x, y + 2.7 * scale, 0.8 * scale.sqrt(), color);
}
