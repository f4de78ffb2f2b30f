//! Colours and sizes: the same everywhere.

use wire::Channel;

use crate::display_list::Color;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    pub background: Color,
    /// The background of text fields, cards, and rows that are pointed at.
    pub surface: Color,
    /// Hairlines, the slider's track, outlines.
    pub line: Color,
    pub text: Color,
    /// Text that matters less.
    pub muted: Color,
    /// The default channel.
    pub default: Color,
    /// The aux channel.
    pub aux: Color,
    pub warning: Color,
    /// The background of selected text.
    pub selection: Color,
}

pub const DARK: Theme = Theme {
    background: Color::hex(0x0016_191f),
    surface: Color::hex(0x0022_2730),
    line: Color::hex(0x003a_4250),
    text: Color::hex(0x00e8_ecf2),
    muted: Color::hex(0x009c_a8b8),
    default: Color::hex(0x006c_b2ff),
    aux: Color::hex(0x00f5_ab5e),
    warning: Color::hex(0x00ff_9a91),
    selection: Color::hex(0x0027_4a75),
};

pub const LIGHT: Theme = Theme {
    background: Color::hex(0x00f6_f7f9),
    surface: Color::hex(0x00e9_ecf0),
    line: Color::hex(0x00c3_cad4),
    text: Color::hex(0x001a_1f26),
    muted: Color::hex(0x0054_5f6e),
    default: Color::hex(0x0012_5cb0),
    aux: Color::hex(0x0094_4b00),
    warning: Color::hex(0x00b0_1d16),
    selection: Color::hex(0x00bc_d8f8),
};

impl Theme {
    pub const fn channel(&self, channel: Channel) -> Color {
        match channel {
            Channel::Default => self.default,
            Channel::Aux => self.aux,
        }
    }

    /// Returns the background of a badge of this colour.
    pub fn badge(&self, color: Color) -> Color {
        self.background.mixed(color, 0.14)
    }
}

/// The unit of all lengths, in logical pixels.
pub const GRID: f32 = 4.0;
/// The width of the window's empty edge.
pub const MARGIN: f32 = 4.0 * GRID;
/// The height of a row of a list.
pub const ROW: f32 = 7.0 * GRID;

/// The sizes of text: most of it.
pub const TEXT: f32 = 13.0;
/// Remarks and badges.
pub const SMALL: f32 = 12.0;
/// The channels' names, and headings.
pub const LARGE: f32 = 15.0;
/// The volume.
pub const VALUE: f32 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.1, "relative luminance".
    fn luminance(color: Color) -> f64 {
        let linear = |byte: u8| {
            let part = f64::from(byte) / 255.0;
            match part <= 0.04045 {
                true => part / 12.92,
                false => ((part + 0.055) / 1.055).powf(2.4),
            }
        };
        0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue)
    }

    /// WCAG 2.1, "contrast ratio".
    fn contrast(a: Color, b: Color) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        (a / b).max(b / a)
    }

    #[test]
    fn text_can_be_read() {
        assert!((contrast(Color::hex(0), Color::hex(0x00ff_ffff)) - 21.0).abs() < 0.01);
        for theme in [DARK, LIGHT] {
            for behind in [theme.background, theme.surface] {
                for text in [
                    theme.text,
                    theme.muted,
                    theme.default,
                    theme.aux,
                    theme.warning,
                ] {
                    let ratio = contrast(text, behind);
                    assert!(ratio >= 4.5, "{text:?} on {behind:?}: {ratio:.2}");
                }
            }
            assert!(contrast(theme.text, theme.selection) >= 4.5);
            for color in [theme.muted, theme.default, theme.aux, theme.warning] {
                let ratio = contrast(color, theme.badge(color));
                assert!(ratio >= 4.5, "a badge of {color:?}: {ratio:.2}");
            }
        }
    }
}
