//! Colours and sizes: the same everywhere.

use wire::Channel;

use crate::display_list::Color;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    pub background: Color,
    /// The background of text fields, cards, and rows that are pointed at; hairlines.
    pub surface: Color,
    /// Outlines, the slider's track, the bars beside lists.
    pub line: Color,
    pub text: Color,
    /// Text that matters less.
    pub muted: Color,
    /// The default channel.
    pub default: Color,
    /// The aux channel.
    pub aux: Color,
    pub warning: Color,
    /// The background of what is selected, whose text has the colour of the window's background.
    pub selection: Color,
}

pub const DARK: Theme = Theme {
    background: Color::hex(0x0016_191f),
    surface: Color::hex(0x0022_2730),
    line: Color::hex(0x0073_7f91),
    text: Color::hex(0x00e8_ecf2),
    muted: Color::hex(0x009c_a8b8),
    default: Color::hex(0x006c_b2ff),
    aux: Color::hex(0x00f5_ab5e),
    warning: Color::hex(0x00f4_687f),
    selection: Color::hex(0x008b_bcf5),
};

pub const LIGHT: Theme = Theme {
    background: Color::hex(0x00f6_f7f9),
    surface: Color::hex(0x00e9_ecf0),
    line: Color::hex(0x007a_8594),
    text: Color::hex(0x001a_1f26),
    muted: Color::hex(0x0054_5f6e),
    default: Color::hex(0x0012_5cb0),
    aux: Color::hex(0x0094_4b00),
    warning: Color::hex(0x00b0_1840),
    selection: Color::hex(0x002b_66b0),
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
pub const TEXT: f32 = 14.0;
/// Remarks and badges.
pub const SMALL: f32 = 13.0;
/// The channels' names, and headings.
pub const LARGE: f32 = 16.0;
/// The gains of the channels.
pub const VALUE: f32 = 22.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a byte of sRGB as a part of the light.
    fn linear(byte: u8) -> f64 {
        let part = f64::from(byte) / 255.0;
        match part <= 0.04045 {
            true => part / 12.92,
            false => ((part + 0.055) / 1.055).powf(2.4),
        }
    }

    /// WCAG 2.1, "relative luminance".
    fn luminance(color: Color) -> f64 {
        0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue)
    }

    /// WCAG 2.1, "contrast ratio".
    fn contrast(a: Color, b: Color) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        (a / b).max(b / a)
    }

    /// WCAG 2.1, 1.4.3: the least contrast of text.
    const TEXT_CONTRAST: f64 = 4.5;
    /// WCAG 2.1, 1.4.11: the least contrast of what one must see besides.
    const SHAPE_CONTRAST: f64 = 3.0;

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
                    assert!(ratio >= TEXT_CONTRAST, "{text:?} on {behind:?}: {ratio:.2}");
                }
            }
            assert!(contrast(theme.text, theme.badge(theme.warning)) >= TEXT_CONTRAST);
            assert!(contrast(theme.background, theme.selection) >= TEXT_CONTRAST);
            for color in [theme.muted, theme.default, theme.aux, theme.warning] {
                let ratio = contrast(color, theme.badge(color));
                assert!(ratio >= TEXT_CONTRAST, "a badge of {color:?}: {ratio:.2}");
            }
        }
    }

    #[test]
    fn what_one_must_see_is_seen() {
        for (name, theme) in [("dark", DARK), ("light", LIGHT)] {
            let (window, surface) = (theme.background, theme.surface);
            for (what, color, behind) in [
                ("the border of a field, outside", theme.line, window),
                ("the border of a field, inside", theme.line, surface),
                (
                    "the outline of a row that is pointed at",
                    theme.line,
                    window,
                ),
                ("the border of a button", theme.line, surface),
                (
                    "the border of a button that is pointed at",
                    theme.text,
                    surface,
                ),
                ("the slider's track", theme.line, window),
                ("its left part", theme.default, window),
                ("its right part", theme.aux, window),
                ("the handle in the middle", theme.text, window),
                ("the handle without mixd", theme.muted, window),
                ("the bar beside a list", theme.line, window),
                ("an arrow, a pencil, a cross", theme.muted, window),
                ("these in a row that is pointed at", theme.muted, surface),
                ("a cross that is pointed at", theme.warning, surface),
                ("selected text", theme.selection, surface),
                ("a selected suggestion", theme.selection, surface),
                ("the caret", theme.text, surface),
                ("the border of an alarm", theme.warning, window),
                (
                    "the sign of an alarm",
                    theme.warning,
                    theme.badge(theme.warning),
                ),
                ("the ring of the focus on Aux", theme.aux, window),
                ("the ring of the focus on Default", theme.default, window),
            ] {
                let ratio = contrast(color, behind);
                assert!(ratio >= SHAPE_CONTRAST, "{name}, {what}: {ratio:.2}");
            }
        }
    }

    type Matrix = [[f64; 3]; 3];

    /// What people see who lack a kind of cone, in linear sRGB: Machado, Oliveira and Fernandes, "A
    /// Physiologically-based Model for Simulation of Color Vision Deficiency", 2009, severity 1.
    const VISIONS: [(&str, Matrix); 4] = [
        (
            "all cones",
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        ),
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    fn product(matrix: Matrix, vector: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
    }

    /// CIELAB, of white D65.
    fn lab(color: Color, vision: Matrix) -> [f64; 3] {
        let cones = product(vision, [color.red, color.green, color.blue].map(linear));
        let xyz = product(
            [
                [0.4124, 0.3576, 0.1805],
                [0.2126, 0.7152, 0.0722],
                [0.0193, 0.1192, 0.9505],
            ],
            cones.map(|part| part.clamp(0.0, 1.0)),
        );
        let root = |part: f64| match part > 216.0 / 24389.0 {
            true => part.cbrt(),
            false => (24389.0 / 27.0 * part + 16.0) / 116.0,
        };
        let [x, y, z] = [xyz[0] / 0.9505, xyz[1], xyz[2] / 1.089].map(root);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    #[test]
    fn channels_and_alarms_differ_for_all_eyes() {
        /// CIE 1976; 2.3 is a difference that one just notices side by side.
        const LEAST: f64 = 20.0;
        for theme in [DARK, LIGHT] {
            for (vision, matrix) in VISIONS {
                for (a, b) in [
                    (theme.warning, theme.aux),
                    (theme.warning, theme.default),
                    (theme.default, theme.aux),
                ] {
                    let pairs = lab(a, matrix).into_iter().zip(lab(b, matrix));
                    let distance = pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(
                        distance >= LEAST,
                        "{a:?} and {b:?}, {vision}: {distance:.1}"
                    );
                }
            }
        }
    }
}
