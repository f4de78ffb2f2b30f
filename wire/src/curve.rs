//! Volume to gains. Here because a client that shows what a volume would do needs it too.

use crate::message::{Curve, Mix};
use crate::volume::{Gain, Volume};

impl Curve {
    /// Returns the volume with its gains: at 0 both channels are full; towards 1 the default channel fades
    /// out along the curve, towards -1 the aux channel.
    pub fn mix(self, volume: Volume) -> Mix {
        let v = volume.millionths();
        Mix {
            volume,
            aux: faded(-v, self),
            default: faded(v, self),
        }
    }
}

/// The gain at `millionths` of a volume: full up to 0, then the curve of 1 - v.
fn faded(millionths: i32, curve: Curve) -> Gain {
    let one = u64::from(Gain::FULL.millionths());
    let loss = u64::try_from(millionths).unwrap_or(0);
    let rest = one.saturating_sub(loss);
    let millionths = match curve {
        // An unknown one is nobody's here: the daemon that has it tells the gains.
        Curve::Linear | Curve::Unknown => rest,
        Curve::Quadratic => rounded(rest * rest, one),
        Curve::Cubic => rounded(rest * rest * rest, one * one),
        Curve::SquareRoot => (rest * one).isqrt(),
    };
    // A volume is at most 1, so this is a gain.
    let gain = u32::try_from(millionths).ok();
    gain.and_then(|gain| Gain::try_from(gain).ok())
        .unwrap_or(Gain::ZERO)
}

fn rounded(dividend: u64, divisor: u64) -> u64 {
    (dividend + divisor / 2) / divisor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gains_follow_the_formula() {
        for (volume, default, aux) in [
            ("-1", "1", "0"),
            ("-0.25", "1", "0.75"),
            ("0", "1", "1"),
            ("0.5", "0.5", "1"),
            ("1", "0", "1"),
            ("0.000001", "0.999999", "1"),
        ] {
            let mix = Curve::Linear.mix(volume.parse().unwrap());
            assert_eq!(
                (mix.default.to_string(), mix.aux.to_string()),
                (default.into(), aux.into())
            );
        }
    }

    #[test]
    fn each_curve_goes_from_full_to_silent_and_through_its_own_middle() {
        for (curve, middle) in [
            (Curve::Linear, "0.5"),
            (Curve::Quadratic, "0.25"),
            (Curve::Cubic, "0.125"),
            (Curve::SquareRoot, "0.707106"),
        ] {
            let gain = |volume: &str| curve.mix(volume.parse().unwrap()).default;
            assert_eq!(gain("0"), Gain::FULL, "{curve}");
            assert_eq!(gain("1"), Gain::ZERO, "{curve}");
            assert_eq!(gain("0.5").to_string(), middle, "{curve}");
            assert_eq!(gain("-1"), Gain::FULL, "{curve}");
            let gains: Vec<Gain> = (0..=1000).map(|n| faded(n * 1000, curve)).collect();
            assert!(gains.is_sorted_by(|a, b| a >= b), "{curve}");
        }
    }
}
