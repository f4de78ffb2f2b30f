//! Volume to gains: arithmetic.

use wire::{Gain, Mix, Volume};

/// The volume with the gains that it makes: at 0 both channels are full, towards 1 the default
/// channel fades out, towards -1 the aux channel does.
pub fn mix(volume: Volume) -> Mix {
    let v = volume.millionths();
    Mix {
        volume,
        aux: faded(-v),
        default: faded(v),
    }
}

/// Full up to 0, then linearly less: 1 - v.
fn faded(millionths: i32) -> Gain {
    let loss = u32::try_from(millionths).unwrap_or(0);
    // A volume is at most 1, so this is a gain.
    Gain::try_from(Gain::FULL.millionths().saturating_sub(loss)).unwrap_or(Gain::ZERO)
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
            let mix = mix(volume.parse().unwrap());
            assert_eq!(
                (mix.default.to_string(), mix.aux.to_string()),
                (default.into(), aux.into())
            );
        }
    }
}
