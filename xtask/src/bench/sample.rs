//! Measurements and what is made of them.

/// What a number of measurements come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The median, or another quantile that was asked for.
    pub value: f64,
    /// The quartiles around the median: half of all measurements lie between them.
    pub spread: (f64, f64),
}

impl Sample {
    /// The median of `measured` and its quartiles.
    pub fn median(measured: &[f64]) -> Self {
        Self::quantile(measured, 0.5)
    }

    /// Another quantile, of 0 to 1, and the quartiles of all.
    pub fn quantile(measured: &[f64], quantile: f64) -> Self {
        let mut sorted = measured.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a place in a list
            let place = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
            sorted.get(place).copied().unwrap_or(f64::NAN)
        };
        Self {
            value: at(quantile),
            spread: (at(0.25), at(0.75)),
        }
    }

    /// What was measured once, or is known.
    pub fn once(value: f64) -> Self {
        Self {
            value,
            spread: (value, value),
        }
    }

    /// The same in another unit.
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            spread: (self.spread.0 * factor, self.spread.1 * factor),
        }
    }
}

/// The exponent of the power of `n` with which a cost grows from a quarter of the largest `n` on:
/// 0 for what stays, 1 for what grows linearly. The slope of the least-squares line through the
/// logarithms; what a cost starts from weighs too much for small `n` to count.
pub fn exponent(points: &[(f64, f64)]) -> f64 {
    let largest = points.iter().map(|point| point.0).fold(0.0, f64::max);
    let logs: Vec<(f64, f64)> = points
        .iter()
        .filter(|(n, cost)| *n >= largest / 4.0 && *cost > 0.0)
        .map(|(n, cost)| (n.ln(), cost.ln()))
        .collect();
    let count = logs.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| logs.iter().map(pick).sum::<f64>() / count;
    let (x, y) = (mean(|log| log.0), mean(|log| log.1));
    let above: f64 = logs.iter().map(|log| (log.0 - x) * (log.1 - y)).sum();
    let below: f64 = logs.iter().map(|log| (log.0 - x).powi(2)).sum();
    above / below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_its_quartiles() {
        let sample = Sample::median(&[5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!((sample.value, sample.spread), (3.0, (2.0, 4.0)));
    }

    #[test]
    fn the_exponent_of_a_power() {
        let square: Vec<_> = (1..100).map(f64::from).map(|n| (n, 3.0 * n * n)).collect();
        assert!((exponent(&square) - 2.0).abs() < 1e-9);
        let constant: Vec<_> = (1..100).map(|n| (f64::from(n), 7.0)).collect();
        assert!(exponent(&constant).abs() < 1e-9);
    }
}
