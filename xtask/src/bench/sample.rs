//! Measurements and what is made of them.

use serde::{Deserialize, Serialize};

/// What a number of measurements come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The median.
    pub value: f64,
    /// The quartile below it: half of all measurements lie between the two.
    pub low: f64,
    /// The quartile above it.
    pub high: f64,
    /// What it was in each turn, if it was measured in turn with another.
    #[serde(skip)]
    turns: Vec<f64>,
}

impl Sample {
    /// The median of `measured` and its quartiles.
    pub fn median(measured: &[f64]) -> Self {
        let [low, value, high] = [0.25, 0.5, 0.75].map(|share| quantile(measured, share));
        Self {
            value,
            low,
            high,
            turns: Vec::new(),
        }
    }

    /// What was measured once, or is known.
    pub fn once(value: f64) -> Self {
        Self::median(&[value])
    }

    /// How many times the other this is: the median of that turn by turn, so that what slows both
    /// in one turn falls out; and its quartiles. Of what was not measured in turn, the ratio of what
    /// they come to. None if the other is nothing.
    pub fn ratio(&self, other: &Self) -> Option<Self> {
        if other.value == 0.0 {
            return None;
        }
        if self.turns.is_empty() || self.turns.len() != other.turns.len() {
            return Some(Self::once(self.value / other.value));
        }
        let turns = self.turns.iter().zip(&other.turns);
        let ratios: Vec<f64> = turns.map(|(ours, theirs)| ours / theirs).collect();
        Some(Self::median(&ratios))
    }
}

/// What was measured in each turn.
impl From<Vec<f64>> for Sample {
    fn from(turns: Vec<f64>) -> Self {
        Self {
            turns: turns.clone(),
            ..Self::median(&turns)
        }
    }
}

/// A quantile, of 0 to 1, of `measured`; of nothing, no number.
pub fn quantile(measured: &[f64], quantile: f64) -> f64 {
    let mut sorted = measured.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a place in a list
    let place = (quantile * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

/// The quantile of each turn of several measurements.
pub fn quantiles(turns: &[Vec<f64>], share: f64) -> Vec<f64> {
    turns.iter().map(|turn| quantile(turn, share)).collect()
}

/// The same in another unit.
pub fn scaled(measured: &[f64], factor: f64) -> Vec<f64> {
    measured.iter().map(|value| value * factor).collect()
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
        let Sample {
            value, low, high, ..
        } = Sample::median(&[5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!((value, low, high), (3.0, 2.0, 4.0));
        assert_eq!(
            quantiles(&[vec![1.0, 2.0, 3.0], vec![7.0]], 1.0),
            [3.0, 7.0]
        );
    }

    #[test]
    fn a_ratio_is_that_of_the_turns() {
        // Each turn is slower than the one before it, for both alike.
        let ours = Sample::from(vec![1.2, 2.4, 4.8, 9.0]);
        let theirs = Sample::from(vec![1.0, 2.0, 4.0, 8.0]);
        let ratio = ours.ratio(&theirs).unwrap();
        assert!((ratio.value - 1.2).abs() < 1e-9, "{ratio:?}");
        let once = Sample::once(6.0);
        assert_eq!(once.ratio(&theirs), Some(Sample::once(1.5)));
        assert_eq!(once.ratio(&Sample::once(0.0)), None);
    }

    #[test]
    fn the_exponent_of_a_power() {
        let square: Vec<_> = (1..100).map(f64::from).map(|n| (n, 3.0 * n * n)).collect();
        assert!((exponent(&square) - 2.0).abs() < 1e-9);
        let constant: Vec<_> = (1..100).map(|n| (f64::from(n), 7.0)).collect();
        assert!(exponent(&constant).abs() < 1e-9);
    }
}
