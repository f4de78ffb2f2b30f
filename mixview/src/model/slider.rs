//! The slider: shows the user's volume while it is being set, by pointer, by keys or as text, with one
//! request at a time on its way to mixd.

use wire::{Channel, Volume, VolumeError};

use super::daemon::Daemon;
use super::{Model, Target, TextField};

/// The volume that an arrow key or a notch of the wheel changes, in hundredths.
pub(super) const STEP: i32 = 5;

#[derive(Clone, Copy, Debug)]
pub enum SliderMessage {
    /// The pointer takes the handle: moves it to this volume, or leaves it where it is.
    Grab(Option<Volume>),
    /// The pointer moves the handle; within `snap` of the middle, it rests there.
    Drag(Volume),
    Release,
    /// Gives the drag up: the volume is again what it was before.
    Cancel,
    /// The wheel turns by a number of notches; right is positive.
    Wheel(f32),
    /// Steps up or down, in hundredths.
    Step(i32),
    Set(Volume),
    /// mixd has replied to the last request.
    Acknowledged,
}

#[derive(Debug, Default)]
pub struct Slider {
    /// The volume when the pointer took the handle, while it holds that.
    held_from: Option<Volume>,
    /// The volume that was chosen here last, until mixd has it.
    chosen: Option<Volume>,
    /// The volume of the request without a reply.
    sent: Option<Volume>,
    /// The part of a notch that a smooth wheel has turned.
    notches: f32,
}

/// Returns the volume at which a channel plays alone.
pub(super) fn end(channel: Channel) -> Volume {
    let millionths = match channel {
        Channel::Default => -1_000_000,
        Channel::Aux => 1_000_000,
    };
    Volume::try_from(millionths).unwrap_or_default()
}

impl Slider {
    /// The volume that the handle shows.
    pub fn volume(&self, daemon: &Daemon) -> Volume {
        self.chosen.unwrap_or(daemon.mix.volume)
    }

    /// Whether the pointer holds the handle.
    pub(super) fn is_held(&self) -> bool {
        self.held_from.is_some()
    }

    /// Returns the volume to request from mixd, if one is due now.
    pub(super) fn update(&mut self, message: SliderMessage, daemon: &Daemon) -> Option<Volume> {
        match message {
            SliderMessage::Grab(volume) => {
                self.held_from = Some(self.volume(daemon));
                self.drag(volume?, daemon)
            }
            SliderMessage::Drag(volume) if self.is_held() => self.drag(volume, daemon),
            SliderMessage::Drag(_) => None,
            // The handle stays where it was left, also if somebody else has set the volume meanwhile.
            SliderMessage::Release => {
                self.held_from = None;
                match self.sent {
                    Some(_) => None,
                    None => self
                        .chosen
                        .take()
                        .and_then(|chosen| self.set(chosen, daemon)),
                }
            }
            SliderMessage::Cancel => {
                let before = self.held_from.take()?;
                // A handle that was not moved follows mixd.
                self.chosen?;
                self.set(before, daemon)
            }
            SliderMessage::Wheel(notches) => {
                let notches = self.notches + notches;
                let whole = notches.trunc();
                self.notches = if notches.is_finite() {
                    notches - whole
                } else {
                    0.0
                };
                #[allow(clippy::cast_possible_truncation)]
                self.step(whole.clamp(-40.0, 40.0) as i32 * STEP, daemon)
            }
            SliderMessage::Step(hundredths) => self.step(hundredths, daemon),
            SliderMessage::Set(volume) => self.set(volume, daemon),
            SliderMessage::Acknowledged => {
                let sent = self.sent.take();
                if self.chosen != sent {
                    self.sent = self.chosen;
                } else if !self.is_held() {
                    self.chosen = None;
                }
                self.sent
            }
        }
    }

    fn drag(&mut self, volume: Volume, daemon: &Daemon) -> Option<Volume> {
        let snap = daemon.settings.snap.millionths();
        let is_near = volume.millionths().unsigned_abs() <= snap;
        self.set(if is_near { Volume::MIDDLE } else { volume }, daemon)
    }

    fn step(&mut self, hundredths: i32, daemon: &Daemon) -> Option<Volume> {
        let volume = self.volume(daemon).millionths() + hundredths * 10_000;
        let volume = Volume::try_from(volume.clamp(-1_000_000, 1_000_000));
        self.set(volume.unwrap_or_default(), daemon)
    }

    fn set(&mut self, volume: Volume, daemon: &Daemon) -> Option<Volume> {
        if !daemon.is_up() || volume == self.volume(daemon) {
            return None;
        }
        self.chosen = Some(volume);
        if self.sent.is_some() {
            return None;
        }
        self.sent = Some(volume);
        self.sent
    }
}

impl Model {
    /// Has the volume typed in its place.
    pub(super) fn type_value(&mut self) {
        if !self.daemon.is_up() {
            return;
        }
        if self.value.is_none() {
            self.value = Some(TextField::selected(&self.volume().to_string()));
        }
        self.focus_on(Target::Value);
    }

    /// Sets the volume that is typed. Returns whether it can: else it says why not.
    pub(super) fn finish_value(&mut self) -> bool {
        let Some(field) = &self.value else {
            return true;
        };
        // As it is shown, and as some locales write it.
        let text = field.text().trim().replace('−', "-").replace(',', ".");
        match text.strip_prefix('+').unwrap_or(&text).parse() {
            Ok(volume) => {
                self.focus_on(Target::Slider);
                self.slide(SliderMessage::Set(volume));
                true
            }
            Err(error) => {
                let error: VolumeError = error;
                self.say(format!("The volume is {error}"), true);
                false
            }
        }
    }
}
