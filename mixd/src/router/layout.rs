//! Which channels a node has, by position, and which of them feed which.

use std::fmt;

/// The positions that have a name, from the second of `enum spa_audio_channel` on
/// (spa/param/audio/raw.h); those called AUX0 to AUX63 only count.
const POSITIONS: [&str; 36] = [
    "MONO", "FL", "FR", "FC", "LFE", "SL", "SR", "FLC", "FRC", "RC", "RL", "RR", "TC", "TFL",
    "TFC", "TFR", "TRL", "TRC", "TRR", "RLC", "RRC", "FLW", "FRW", "LFE2", "FLH", "FCH", "FRH",
    "TFLC", "TFRC", "TSL", "TSR", "LLFE", "RLFE", "BC", "BLC", "BRC",
];
/// `SPA_AUDIO_CHANNEL_MONO`.
const FIRST_POSITION: u32 = 2;
/// `SPA_AUDIO_CHANNEL_AUX0`.
const FIRST_AUX: u32 = 0x1000;
/// `SPA_AUDIO_MAX_CHANNELS`.
pub const MAX_CHANNELS: usize = 64;

/// The positions of a node's channels, in the order of its ports: at least one, at most 64, none
/// of them twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layout(Vec<u32>);

impl Layout {
    /// Front left and front right.
    pub fn stereo() -> Self {
        Self::of(["FL", "FR"])
    }

    /// The layout of ports whose `audio.channel` is this. Where one is unknown, or there twice,
    /// all are only counted.
    pub fn of<'a>(positions: impl IntoIterator<Item = &'a str>) -> Self {
        let positions = positions.into_iter().take(MAX_CHANNELS);
        let mut ids: Vec<u32> = positions.map(|name| id(name).unwrap_or(0)).collect();
        let is_odd = |(index, id): (usize, &u32)| *id == 0 || ids[..index].contains(id);
        if ids.iter().enumerate().any(is_odd) {
            ids = (FIRST_AUX..).take(ids.len()).collect();
        }
        if ids.is_empty() {
            return Self::stereo();
        }
        Self(ids)
    }

    /// The layout that a property like `[ FL FR ]` or `FL,FR` names, if it names one.
    pub fn parse(property: &str) -> Option<Self> {
        let names = property.split(|c: char| !c.is_ascii_alphanumeric());
        let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        (!names.is_empty()).then(|| Self::of(names))
    }

    /// The positions as `enum spa_audio_channel` numbers them.
    pub fn ids(&self) -> &[u32] {
        &self.0
    }

    /// How many channels there are.
    pub fn channels(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the channels are only counted, as those of a card with the profile "pro audio".
    fn is_counted(&self) -> bool {
        self.0.iter().all(|&id| id >= FIRST_AUX)
    }
}

/// In the form of `audio.position`.
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for &id in &self.0 {
            match POSITIONS.get(id.wrapping_sub(FIRST_POSITION) as usize) {
                Some(name) => write!(f, " {name}")?,
                None => write!(f, " AUX{}", id.wrapping_sub(FIRST_AUX))?,
            }
        }
        f.write_str(" ]")
    }
}

fn id(name: &str) -> Option<u32> {
    if let Some(digits) = name.strip_prefix("AUX") {
        let number: u32 = digits.parse().ok()?;
        return (number < 64).then_some(FIRST_AUX + number);
    }
    let place = POSITIONS.iter().position(|position| *position == name)?;
    u32::try_from(place)
        .ok()
        .map(|place| FIRST_POSITION + place)
}

/// The ports of one side of a node, in their order, and what they carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The positions.
    pub layout: Layout,
    /// The ports' ids, one for each.
    pub ports: Vec<u32>,
}

/// Which output port feeds which input port: those of the same position. Where one side only
/// counts its channels, the first feeds the first. One channel feeds both fronts, and a single one
/// is fed by all.
pub fn pairs(outputs: &Side, inputs: &Side) -> Vec<(u32, u32)> {
    let by_order = || {
        let pairs = outputs.ports.iter().zip(&inputs.ports);
        pairs.map(|(&output, &input)| (output, input)).collect()
    };
    if outputs.layout.is_counted() != inputs.layout.is_counted() {
        return by_order();
    }
    let (mono, fronts) = (Layout::of(["MONO"]), Layout::stereo());
    let mut found = Vec::new();
    for (from, &output) in outputs.layout.0.iter().zip(&outputs.ports) {
        for (to, &input) in inputs.layout.0.iter().zip(&inputs.ports) {
            let spreads = outputs.layout == mono && fronts.0.contains(to);
            if from == to || spreads || inputs.layout == mono {
                found.push((output, input));
            }
        }
    }
    // Two that have nothing in common: heard at the wrong place rather than not at all.
    if found.is_empty() { by_order() } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(positions: &str, first: u32) -> Side {
        let layout = Layout::parse(positions).unwrap();
        let ports = (first..).take(layout.channels()).collect();
        Side { layout, ports }
    }

    #[test]
    fn positions_have_pipewires_numbers_and_names() {
        let layout = Layout::of(["FL", "FR", "FC", "LFE", "SL", "SR", "BRC", "AUX63"]);
        assert_eq!(layout.ids(), [3, 4, 5, 6, 7, 8, 37, 0x103f]);
        assert_eq!(layout.to_string(), "[ FL FR FC LFE SL SR BRC AUX63 ]");
        assert_eq!(Layout::parse("[ FL, FR ]"), Some(Layout::stereo()));
        assert_eq!(Layout::parse("[]"), None);
    }

    #[test]
    fn unknown_and_doubled_positions_are_counted() {
        let counted = Layout::of(["AUX0", "AUX1"]);
        for positions in [["UNK", "UNK"], ["FL", "FL"], ["FL", ""], ["FL", "AUX64"]] {
            assert_eq!(Layout::of(positions), counted, "{positions:?}");
        }
        assert_eq!(Layout::of(["FL"; 100]).channels(), MAX_CHANNELS);
        assert_eq!(Layout::of([]), Layout::stereo());
    }

    #[test]
    fn ports_are_paired_by_position_and_else_by_order() {
        for (outputs, inputs, expected) in [
            ("FL FR", "FR FL", &[(10, 21), (11, 20)][..]),
            ("FL FR", "FL FR FC LFE SL SR", &[(10, 20), (11, 21)]),
            ("FL FR FC", "FL FR", &[(10, 20), (11, 21)]),
            ("FL FR", "MONO", &[(10, 20), (11, 20)]),
            ("MONO", "FL FR FC", &[(10, 20), (10, 21)]),
            ("FL FR", "AUX0 AUX1 AUX2", &[(10, 20), (11, 21)]),
            ("AUX0 AUX1", "FL FR", &[(10, 20), (11, 21)]),
            ("AUX1", "AUX0 AUX1", &[(10, 21)]),
            ("SL SR", "FL FR", &[(10, 20), (11, 21)]),
        ] {
            assert_eq!(
                pairs(&side(outputs, 10), &side(inputs, 20)),
                expected,
                "{outputs} to {inputs}"
            );
        }
    }
}
