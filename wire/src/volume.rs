//! The numbers of the protocol, all integers in millionths: no NaN, no rounding on the way,
//! and ten steps of 0.1 from -1 end at exactly 0. Parsing and printing are decimal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How many millionths make 1.
const ONE: i32 = 1_000_000;

/// Where the crossfade stands, from -1 (only the default channel) over 0 (both full) to 1 (only
/// the aux channel). On the wire an integer in millionths, -1 000 000 to 1 000 000.
///
/// ```
/// use wire::Volume;
/// let volume: Volume = "-0.25".parse()?;
/// assert_eq!(volume.millionths(), -250_000);
/// assert_eq!(volume.to_string(), "-0.25");
/// assert!("1.5".parse::<Volume>().is_err());
/// # Ok::<(), wire::VolumeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct Volume(i32);

/// A step from one volume to another, from -2 to 2: the whole range, either way. On the wire an
/// integer in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct Shift(i32);

/// The factor on a channel's samples, from 0 (silent) to 1 (untouched): an amplitude, not decibels. On the
/// wire an unsigned integer in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Gain(u32);

/// The distance from the middle within which a slider snaps to it, from 0 (not at all) to 0.5. On the wire
/// an unsigned integer in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Snap(u32);

/// Why a number is not a volume, a shift or a gain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeError {
    /// The text is not a decimal number, or is infinite or not a number.
    NotANumber,
    /// The number lies outside the range between these two.
    OutOfRange(i32, i32),
    /// The number is not a snap width, which ends at a half.
    TooWide,
}

impl fmt::Display for VolumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber => f.write_str("not a decimal number"),
            Self::OutOfRange(low, high) => write!(f, "not between {low} and {high}"),
            Self::TooWide => f.write_str("not between 0 and 0.5"),
        }
    }
}

impl std::error::Error for VolumeError {}

impl Volume {
    /// The middle: both channels at full gain.
    pub const MIDDLE: Self = Self(0);

    /// The value in millionths, -1 000 000 to 1 000 000.
    pub const fn millionths(self) -> i32 {
        self.0
    }

    /// Returns the volume on the other side of the middle, as far from it.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        Self(-self.0)
    }

    /// Returns the volume plus `shift`, stopped at the ends of the range.
    #[must_use]
    pub fn shifted(self, shift: Shift) -> Self {
        Self((self.0 + shift.0).clamp(-ONE, ONE))
    }
}

impl Shift {
    /// The value in millionths, -2 000 000 to 2 000 000.
    pub const fn millionths(self) -> i32 {
        self.0
    }

    /// Parses a number and returns the shift nearest to it: beyond -2 and 2 the volume stops at its ends
    /// anyway.
    ///
    /// # Errors
    /// [`VolumeError::NotANumber`].
    pub fn parse_clamped(text: &str) -> Result<Self, VolumeError> {
        parse(text).map(|value| Self(to_millionths(value.clamp(-2.0, 2.0))))
    }
}

impl Gain {
    /// Untouched samples.
    pub const FULL: Self = Self(1_000_000);
    /// Silence.
    pub const ZERO: Self = Self(0);

    /// The value in millionths, 0 to 1 000 000.
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// The factor itself, 0.0 to 1.0.
    pub fn factor(self) -> f64 {
        f64::from(self.0) / f64::from(ONE)
    }
}

impl Snap {
    /// The widest: half of the way to each end.
    pub const WIDEST: Self = Self(500_000);

    /// The value in millionths, 0 to 500 000.
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

impl Default for Snap {
    /// 0.03: some pixels of a slider on a common screen.
    fn default() -> Self {
        Self(30_000)
    }
}

impl TryFrom<i32> for Volume {
    type Error = VolumeError;
    fn try_from(millionths: i32) -> Result<Self, VolumeError> {
        in_range(millionths, -1, 1).map(Self)
    }
}

impl TryFrom<i32> for Shift {
    type Error = VolumeError;
    fn try_from(millionths: i32) -> Result<Self, VolumeError> {
        in_range(millionths, -2, 2).map(Self)
    }
}

impl TryFrom<u32> for Gain {
    type Error = VolumeError;
    fn try_from(millionths: u32) -> Result<Self, VolumeError> {
        if millionths <= Self::FULL.0 {
            Ok(Self(millionths))
        } else {
            Err(VolumeError::OutOfRange(0, 1))
        }
    }
}

impl TryFrom<u32> for Snap {
    type Error = VolumeError;
    fn try_from(millionths: u32) -> Result<Self, VolumeError> {
        if millionths <= Self::WIDEST.0 {
            Ok(Self(millionths))
        } else {
            Err(VolumeError::TooWide)
        }
    }
}

impl From<Volume> for i32 {
    fn from(volume: Volume) -> Self {
        volume.0
    }
}

impl From<Shift> for i32 {
    fn from(shift: Shift) -> Self {
        shift.0
    }
}

impl From<Gain> for u32 {
    fn from(gain: Gain) -> Self {
        gain.0
    }
}

impl From<Snap> for u32 {
    fn from(snap: Snap) -> Self {
        snap.0
    }
}

impl FromStr for Snap {
    type Err = VolumeError;
    fn from_str(text: &str) -> Result<Self, VolumeError> {
        let value = parse(text)?;
        if (0.0..=0.5).contains(&value) {
            Ok(Self(to_millionths(value).unsigned_abs()))
        } else {
            Err(VolumeError::TooWide)
        }
    }
}

impl FromStr for Volume {
    type Err = VolumeError;
    fn from_str(text: &str) -> Result<Self, VolumeError> {
        let value = parse(text)?;
        // Before rounding: 1.0000001 is out of range, not 1.
        if (-1.0..=1.0).contains(&value) {
            Ok(Self(to_millionths(value)))
        } else {
            Err(VolumeError::OutOfRange(-1, 1))
        }
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(self.0, f)
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(self.0, f)
    }
}

impl fmt::Display for Snap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(self.0.cast_signed(), f)
    }
}

impl fmt::Display for Gain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(self.0.cast_signed(), f)
    }
}

fn in_range(millionths: i32, low: i32, high: i32) -> Result<i32, VolumeError> {
    if (low * ONE..=high * ONE).contains(&millionths) {
        Ok(millionths)
    } else {
        Err(VolumeError::OutOfRange(low, high))
    }
}

fn parse(text: &str) -> Result<f64, VolumeError> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(VolumeError::NotANumber),
    }
}

/// The nearest millionth. The caller has brought `value` into -2..2, so the cast is exact.
#[allow(clippy::cast_possible_truncation)]
fn to_millionths(value: f64) -> i32 {
    (value * f64::from(ONE)).round() as i32
}

/// The shortest exact decimal: `-0.25`, `0`, `1`.
fn decimal(millionths: i32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let sign = if millionths < 0 { "-" } else { "" };
    let magnitude = millionths.unsigned_abs();
    let (whole, fraction) = (magnitude / 1_000_000, magnitude % 1_000_000);
    let text = if fraction == 0 {
        format!("{sign}{whole}")
    } else {
        let digits = format!("{fraction:06}");
        format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
    };
    f.pad(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_steps_of_a_tenth_from_the_bottom_end_at_exactly_zero() {
        let step = Shift::parse_clamped("0.1").unwrap();
        let end = (0..10).fold("-1".parse::<Volume>().unwrap(), |volume, _| {
            volume.shifted(step)
        });
        assert_eq!(end.to_string(), "0");
    }

    #[test]
    fn every_printed_volume_parses_to_itself() {
        for millionths in (-ONE..=ONE).step_by(997).chain([-ONE, -1, 0, 1, ONE]) {
            let volume = Volume::try_from(millionths).unwrap();
            assert_eq!(volume.to_string().parse(), Ok(volume));
        }
    }

    #[test]
    fn what_is_no_number_or_out_of_range_is_refused() {
        for text in [
            "", " ", "nan", "NaN", "inf", "-inf", "abc", "0,5", "1 ", "--1",
        ] {
            assert_eq!(
                text.parse::<Volume>(),
                Err(VolumeError::NotANumber),
                "{text:?}"
            );
        }
        for text in ["2", "-1.0000001", "1e9", "1.0000001"] {
            assert_eq!(
                text.parse::<Volume>(),
                Err(VolumeError::OutOfRange(-1, 1)),
                "{text:?}"
            );
        }
        assert_eq!("-0".parse::<Volume>(), Ok(Volume::MIDDLE));
    }

    #[test]
    fn a_snap_width_ends_at_a_half() {
        assert_eq!("0.5".parse(), Ok(Snap::WIDEST));
        for text in ["0.51", "-0.1", "1e9"] {
            assert_eq!(text.parse::<Snap>(), Err(VolumeError::TooWide), "{text}");
        }
        assert_eq!("0.030".parse(), Ok(Snap::default()));
        assert_eq!(Snap::default().to_string(), "0.03");
        assert_eq!(Snap::try_from(500_001), Err(VolumeError::TooWide));
    }

    #[test]
    fn a_shift_stops_at_the_ends() {
        let far = Shift::parse_clamped("1e300").unwrap();
        assert_eq!(far.millionths(), 2 * ONE);
        assert_eq!(Volume::MIDDLE.shifted(far).to_string(), "1");
        let far = Shift::parse_clamped("-1e300").unwrap();
        assert_eq!(Volume::MIDDLE.shifted(far).to_string(), "-1");
        assert_eq!(Shift::parse_clamped("inf"), Err(VolumeError::NotANumber));
    }
}
