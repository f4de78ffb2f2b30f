//! The crossfade: the hand's value while it moves, and one set at a time on its way to mixd.

use wire::{Request, Volume};

use super::{Asked, Model};

/// Where the handle stands, as far as that is not mixd's business yet.
#[derive(Debug, Default)]
pub(super) struct Slider {
    /// The hand is on the handle.
    held: bool,
    /// What was chosen here last, until mixd has it.
    chosen: Option<Volume>,
    /// What mixd was told last and has not answered yet.
    unanswered: Option<Volume>,
    /// Parts of a notch that a smooth wheel has turned.
    turned: f32,
}

impl Slider {
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    pub(super) fn hold(&mut self) {
        self.held = true;
    }

    /// The hand has left the handle; says where.
    fn let_go(&mut self) -> Option<Volume> {
        self.held = false;
        match self.unanswered {
            Some(_) => None,
            None => self.chosen.take(),
        }
    }

    pub(super) fn volume(&self, of_mixd: Volume) -> Volume {
        self.chosen.unwrap_or(of_mixd)
    }

    /// Chooses a volume; says whether it is to be sent now.
    fn choose(&mut self, volume: Volume) -> bool {
        self.chosen = Some(volume);
        if self.unanswered.is_some() {
            return false;
        }
        self.unanswered = Some(volume);
        true
    }

    /// The last set is answered; says what is to be sent next.
    pub(super) fn answered(&mut self) -> Option<Volume> {
        let sent = self.unanswered.take();
        if self.chosen != sent {
            self.unanswered = self.chosen;
            return self.chosen;
        }
        if !self.held {
            self.chosen = None;
        }
        None
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl Model {
    /// The hand has moved the handle here: near the middle, it is held there.
    pub(super) fn slide(&mut self, volume: Volume) {
        let near = volume.millionths().unsigned_abs() <= self.settings.snap.millionths();
        self.choose(if near { Volume::MIDDLE } else { volume });
    }

    /// Where the hand has left it, it stays: also if mixd has been told otherwise meanwhile, which
    /// the handle did not show.
    pub(super) fn let_go(&mut self) {
        if let Some(volume) = self.slider.let_go() {
            self.choose(volume);
        }
    }

    pub(super) fn choose(&mut self, volume: Volume) {
        let is_up = self.link == super::Link::Up;
        if is_up && volume != self.volume() && self.slider.choose(volume) {
            self.ask(Request::SetVolume(volume), Asked::Volume);
        }
    }

    /// A step of so many hundredths.
    pub(super) fn step(&mut self, hundredths: i32) {
        let volume = self.volume().millionths() + hundredths * 10_000;
        // Within the range after the clamp.
        self.choose(Volume::try_from(volume.clamp(-1_000_000, 1_000_000)).unwrap_or_default());
    }

    pub(super) fn turn(&mut self, notches: f32) {
        let turned = self.slider.turned + notches;
        let whole = turned.trunc().clamp(-40.0, 40.0);
        self.slider.turned = if turned.is_finite() {
            turned - turned.trunc()
        } else {
            0.0
        };
        #[allow(clippy::cast_possible_truncation)]
        let whole = whole as i32;
        if whole != 0 {
            self.step(whole * 5);
        }
    }
}
