//! How large everything is drawn: the keys step through a few sizes. It lasts as long as the window;
//! `--scale` is for always.

/// The steps, in percent of the display's scale.
const STEPS: [u16; 10] = [75, 90, 100, 110, 125, 150, 175, 200, 250, 300];
/// The step of a new window.
const FIRST: usize = 2;

#[derive(Clone, Copy, Debug)]
pub struct Zoom {
    step: usize,
    /// The greatest step that the window has room for.
    most: usize,
}

impl Default for Zoom {
    fn default() -> Self {
        Self {
            step: FIRST,
            most: STEPS.len() - 1,
        }
    }
}

impl Zoom {
    /// Takes in the greatest factor that the window has room for. Returns the factor to draw with.
    pub fn fit(&mut self, most: f32) -> f32 {
        let factor = |step: usize| f32::from(STEPS[step]) / 100.0;
        let fits = |step: &usize| factor(*step) <= most;
        self.most = (FIRST..STEPS.len()).rev().find(fits).unwrap_or(FIRST);
        factor(self.step.min(self.most))
    }

    pub(super) fn larger(&mut self) {
        self.step = (self.step + 1).min(self.most);
    }

    pub(super) fn smaller(&mut self) {
        self.step = self.step.min(self.most).saturating_sub(1);
    }

    pub(super) fn reset(&mut self) {
        self.step = FIRST;
    }
}
