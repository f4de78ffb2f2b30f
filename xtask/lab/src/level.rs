//! Tones and their levels: writes a tone to play, reads a recording, measures how loud a tone is
//! in it.

use std::f64::consts::TAU;
use std::path::Path;
use std::time::Duration;

use crate::Result;

/// Frames a second, of everything here.
pub const RATE: u32 = 48_000;
/// What is measured at a time: a tenth of a second. Tones whose frequencies are multiples of 10 Hz
/// fill it with whole periods, and so are exactly told apart.
const BLOCK: usize = RATE as usize / 10;

/// Writes a stereo file of `seconds`: a tone of the same peak `amplitude` (0 to 1) on both sides.
/// The frequency is a whole number of Hz.
pub fn write_tone(path: &Path, frequency: f64, amplitude: f64, seconds: u32) -> Result<()> {
    write_tones(path, &[frequency, frequency], amplitude, seconds)
}

/// Writes a file of `seconds` with a channel for each frequency, a whole number of Hz: a tone of that
/// frequency and the same peak `amplitude` (0 to 1). Channels are in the order that WAV has for their
/// number.
pub fn write_tones(path: &Path, frequencies: &[f64], amplitude: f64, seconds: u32) -> Result<()> {
    let spec = hound::WavSpec {
        channels: u16::try_from(frequencies.len())?,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let sample = |frame: u32, frequency: f64| {
        let phase = TAU * frequency * f64::from(frame) / f64::from(RATE);
        #[allow(clippy::cast_possible_truncation)] // an amplitude of at most 1
        let sample = (phase.sin() * amplitude * f64::from(i16::MAX)).round() as i16;
        sample
    };
    // Every second is as the first: a whole number of periods.
    let second = (0..RATE).flat_map(|frame| frequencies.iter().map(move |&tone| (frame, tone)));
    let second: Vec<i16> = second.map(|(frame, tone)| sample(frame, tone)).collect();
    let mut writer = hound::WavWriter::create(path, spec)?;
    for _ in 0..seconds {
        let mut block = writer.get_i16_writer(u32::try_from(second.len())?);
        for &sample in &second {
            block.write_sample(sample);
        }
        block.flush()?;
    }
    Ok(writer.finalize()?)
}

/// Writes a stereo file of `seconds`: on the left a single loud sample every `distance` frames,
/// silence on the right.
pub fn write_impulses(path: &Path, distance: u32, seconds: u32) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for frame in 0..RATE * seconds {
        let is_due = frame % distance == 0;
        writer.write_sample(if is_due { i16::MAX } else { 0 })?;
        writer.write_sample(0_i16)?;
    }
    Ok(writer.finalize()?)
}

/// What a card was sent: the samples of each channel.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// In the order of the card's channels.
    pub channels: Vec<Vec<f32>>,
}

impl Recording {
    /// Reads a file of 32-bit floats.
    pub fn read(path: &Path) -> Result<Self> {
        let reader = hound::WavReader::open(path)
            .map_err(|error| format!("read {}: {error}", path.display()))?;
        let spec = reader.spec();
        if spec.sample_format != hound::SampleFormat::Float {
            return Err(format!("{}: not floats but {spec:?}", path.display()).into());
        }
        let count = usize::from(spec.channels);
        let mut channels = vec![Vec::new(); count];
        for (index, sample) in reader.into_samples::<f32>().enumerate() {
            channels[index % count].push(sample?);
        }
        Ok(Self { channels })
    }

    /// How many frames there are.
    pub fn frames(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// How many samples of each channel are not silent.
    pub fn loud_samples(&self) -> Vec<usize> {
        let loud = |channel: &Vec<f32>| channel.iter().filter(|&&sample| sample != 0.0).count();
        self.channels.iter().map(loud).collect()
    }

    /// The last `blocks` tenths of a second: what it has settled to.
    #[must_use]
    pub fn end(&self, blocks: usize) -> Self {
        let start = self.frames().saturating_sub(blocks * BLOCK);
        let cut = |channel: &Vec<f32>| channel[start..].to_vec();
        Self {
            channels: self.channels.iter().map(cut).collect(),
        }
    }

    /// Without the first `blocks` tenths of a second.
    #[must_use]
    pub fn without_start(&self, blocks: usize) -> Self {
        self.without_frames(blocks * BLOCK)
    }

    /// Without the first `count` frames.
    pub(crate) fn without_frames(&self, count: usize) -> Self {
        let cut = |channel: &Vec<f32>| channel.iter().copied().skip(count).collect();
        Self {
            channels: self.channels.iter().map(cut).collect(),
        }
    }

    /// What lies between two moments since its beginning.
    #[must_use]
    pub fn between(&self, start: Duration, end: Duration) -> Self {
        let frame = |at: Duration| usize::try_from(at.as_micros() * u128::from(RATE) / 1_000_000);
        let bound = |at| frame(at).unwrap_or(usize::MAX).min(self.frames());
        let cut = |channel: &Vec<f32>| channel[bound(start)..bound(end)].to_vec();
        Self {
            channels: self.channels.iter().map(cut).collect(),
        }
    }

    /// The level of a tone on each channel in dB below full scale, averaged over the whole tenths
    /// of a second; minus infinity where there is nothing.
    pub fn tone_level(&self, frequency: f64) -> Vec<f64> {
        let level = |channel: &Vec<f32>| {
            let powers = powers(channel, frequency);
            #[allow(clippy::cast_precision_loss)]
            let mean = powers.iter().sum::<f64>() / powers.len().max(1) as f64;
            10.0 * mean.log10()
        };
        self.channels.iter().map(level).collect()
    }

    /// The same, of the tenth of a second in the middle of them, the quietest first: a quantum that
    /// a busy machine has dropped is in one or two.
    pub fn steady_level(&self, frequency: f64) -> Vec<f64> {
        let level = |channel: &Vec<f32>| {
            let mut powers = powers(channel, frequency);
            powers.sort_by(f64::total_cmp);
            let middle = powers.get(powers.len() / 2);
            10.0 * middle.copied().unwrap_or_default().log10()
        };
        self.channels.iter().map(level).collect()
    }

    /// The largest difference between a sample and the next on the first channel: a click.
    pub fn largest_step(&self) -> f32 {
        let first = self.channels.first().map_or(&[][..], Vec::as_slice);
        let steps = first.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        steps.fold(0.0, f32::max)
    }

    /// The longest time for which the first channel is silent after its first sound and before its
    /// last, in seconds.
    pub fn longest_gap(&self) -> f64 {
        let first = self.channels.first().map_or(&[][..], Vec::as_slice);
        let loud = (0_u32..)
            .zip(first)
            .filter(|(_, sample)| **sample != 0.0)
            .map(|(index, _)| index);
        let (mut last, mut longest) = (None, 0);
        for index in loud {
            longest = longest.max(last.map_or(0, |last| index - last));
            last = Some(index);
        }
        f64::from(longest) / f64::from(RATE)
    }
}

/// The power of a tone in each tenth of a second.
fn powers(channel: &[f32], frequency: f64) -> Vec<f64> {
    let blocks = channel.chunks_exact(BLOCK);
    blocks
        .map(|block| amplitude(block, frequency).powi(2))
        .collect()
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
            channels: vec![tone(440.0, 0.25), tone(440.0, 1.0)],
        };
        let levels = recording.tone_level(440.0);
        assert!((levels[0] - decibels(0.25)).abs() < 0.01, "{levels:?}");
        assert!(levels[1].abs() < 0.01, "{levels:?}");
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
            channels: vec![both],
        };
        let level = recording.tone_level(1000.0)[0];
        assert!((level + 60.0).abs() < 0.1, "{level}");
        assert!(recording.tone_level(700.0)[0] < -100.0);
    }

    #[test]
    fn a_dropped_quantum_is_no_matter_to_the_steady_level() {
        let mut channel = tone(440.0, 0.25);
        channel[20_000..21_024].fill(0.0);
        let recording = Recording {
            channels: vec![channel],
        };
        let (all, steady) = (recording.tone_level(440.0), recording.steady_level(440.0));
        assert!(decibels(0.25) - all[0] > 0.1, "{all:?}");
        assert!((steady[0] - decibels(0.25)).abs() < 0.01, "{steady:?}");
    }

    #[test]
    fn silence_has_no_level() {
        let recording = Recording {
            channels: vec![vec![0.0; 9600]; 2],
        };
        assert!(
            recording
                .tone_level(440.0)
                .iter()
                .all(|&level| level == f64::NEG_INFINITY)
        );
        assert_eq!(recording.loud_samples(), [0, 0]);
    }

    #[test]
    fn clicks_and_gaps_are_measured() {
        let mut samples = vec![0.0; 100];
        samples.extend([0.5; 10]);
        samples.extend(vec![0.0; 4799]);
        samples.extend([0.25; 10]);
        samples.extend(vec![0.0; 9000]);
        let recording = Recording {
            channels: vec![samples],
        };
        assert!((recording.largest_step() - 0.5).abs() < 1e-6);
        assert!((recording.longest_gap() - 0.1).abs() < 1e-6);
        let second = Duration::from_millis(100)..Duration::from_secs(9);
        let later = recording.between(second.start, second.end);
        assert!((later.largest_step() - 0.25).abs() < 1e-6);
        assert_eq!(later.frames(), recording.frames() - 4800);
    }
}
