//! Tones and their levels: writes a tone to play, reads a recording, measures how loud a tone is
//! in it.

use std::f64::consts::TAU;
use std::path::Path;

use crate::Result;

/// Frames a second, of everything here.
pub const RATE: u32 = 48_000;
/// What is measured at a time: a tenth of a second. Tones whose frequencies are multiples of 10 Hz
/// fill it with whole periods, and so are exactly told apart.
const BLOCK: usize = RATE as usize / 10;

/// Writes a tone of `seconds`, of the same peak `amplitude` (0 to 1) on both sides.
///
/// # Errors
/// The file can't be written.
pub fn write_tone(path: &Path, frequency: f64, amplitude: f64, seconds: u32) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for frame in 0..RATE * seconds {
        let phase = TAU * frequency * f64::from(frame) / f64::from(RATE);
        #[allow(clippy::cast_possible_truncation)] // an amplitude of at most 1
        let sample = (phase.sin() * amplitude * f64::from(i16::MAX)).round() as i16;
        writer.write_sample(sample)?;
        writer.write_sample(sample)?;
    }
    Ok(writer.finalize()?)
}

/// What a card was sent: the samples of each side.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Left and right.
    pub sides: [Vec<f32>; 2],
}

impl Recording {
    /// Reads a stereo file of 32-bit floats.
    ///
    /// # Errors
    /// It can't be read, or is not of that form.
    pub fn read(path: &Path) -> Result<Self> {
        let reader = hound::WavReader::open(path)
            .map_err(|error| format!("read {}: {error}", path.display()))?;
        let spec = reader.spec();
        if spec.channels != 2 || spec.sample_format != hound::SampleFormat::Float {
            return Err(format!("{}: not stereo floats but {spec:?}", path.display()).into());
        }
        let mut recording = Self::default();
        for (index, sample) in reader.into_samples::<f32>().enumerate() {
            recording.sides[index % 2].push(sample?);
        }
        Ok(recording)
    }

    /// How many samples of a side are not silent.
    pub fn loud_samples(&self) -> [usize; 2] {
        self.sides
            .each_ref()
            .map(|side| side.iter().filter(|&&sample| sample != 0.0).count())
    }

    /// The last `blocks` tenths of a second: what it has settled to.
    #[must_use]
    pub fn end(&self, blocks: usize) -> Self {
        let start = |side: &Vec<f32>| side.len().saturating_sub(blocks * BLOCK);
        Self {
            sides: self
                .sides
                .each_ref()
                .map(|side| side[start(side)..].to_vec()),
        }
    }

    /// The level of a tone on each side in dB below full scale, averaged over the whole tenths of
    /// a second; minus infinity where there is nothing.
    pub fn tone_level(&self, frequency: f64) -> [f64; 2] {
        self.sides.each_ref().map(|side| {
            let blocks = side.chunks_exact(BLOCK);
            let count = blocks.len().max(1);
            let powers = blocks.map(|block| amplitude(block, frequency).powi(2));
            #[allow(clippy::cast_precision_loss)]
            let mean = powers.sum::<f64>() / count as f64;
            10.0 * mean.log10()
        })
    }
}

/// The peak amplitude of a tone in a block that holds whole periods of it: one bin of the discrete
/// Fourier transform, by Goertzel's recurrence.
fn amplitude(block: &[f32], frequency: f64) -> f64 {
    let step = TAU * frequency / f64::from(RATE);
    let factor = 2.0 * step.cos();
    let (mut last, mut before) = (0.0, 0.0);
    for &sample in block {
        (last, before) = (f64::from(sample) + factor * last - before, last);
    }
    let power = last * last + before * before - factor * last * before;
    #[allow(clippy::cast_precision_loss)]
    let length = block.len() as f64;
    2.0 * power.max(0.0).sqrt() / length
}

/// The level in dB of a factor; minus infinity for 0.
pub fn decibels(factor: f64) -> f64 {
    20.0 * factor.log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(frequency: f64, amplitude: f64) -> Vec<f32> {
        let sample = |n: u32| {
            let phase = TAU * frequency * f64::from(n) / f64::from(RATE);
            #[allow(clippy::cast_possible_truncation)]
            let sample = (phase.sin() * amplitude) as f32;
            sample
        };
        (0..RATE).map(sample).collect()
    }

    #[test]
    fn a_tones_level_is_its_amplitude() {
        let recording = Recording {
            sides: [tone(440.0, 0.25), tone(440.0, 1.0)],
        };
        let [left, right] = recording.tone_level(440.0);
        assert!((left - decibels(0.25)).abs() < 0.01, "{left}");
        assert!(right.abs() < 0.01, "{right}");
    }

    #[test]
    fn two_tones_are_told_apart() {
        let quiet = tone(1000.0, 0.001);
        let both: Vec<f32> = tone(440.0, 0.9)
            .iter()
            .zip(&quiet)
            .map(|(a, b)| a + b)
            .collect();
        let recording = Recording {
            sides: [both.clone(), both],
        };
        let [level, _] = recording.tone_level(1000.0);
        assert!((level + 60.0).abs() < 0.1, "{level}");
        assert!(recording.tone_level(700.0)[0] < -100.0);
    }

    #[test]
    fn silence_has_no_level() {
        let recording = Recording {
            sides: [vec![0.0; 9600], vec![0.0; 9600]],
        };
        assert!(
            recording
                .tone_level(440.0)
                .iter()
                .all(|&level| level == f64::NEG_INFINITY)
        );
        assert_eq!(recording.loud_samples(), [0, 0]);
    }
}
