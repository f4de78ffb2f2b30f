//! The volume: what was set, what is held meanwhile, and the gains that it makes. Pure.

pub mod hold;

use wire::{Curve, Mix, Volume};

use self::hold::Holds;
use crate::server::admission::{CLIENTS, ClientId};

/// The volume and everything that decides about it.
#[derive(Debug)]
pub struct Mixer {
    curve: Curve,
    mix: Mix,
    holds: Holds,
}

impl Mixer {
    /// A mixer with the volume in the middle. All memory it ever needs is taken here.
    pub fn new() -> Self {
        let curve = Curve::default();
        Self {
            curve,
            mix: curve.mix(Volume::MIDDLE),
            holds: Holds::new(CLIENTS),
        }
    }

    /// The volume in force and its gains.
    pub fn mix(&self) -> Mix {
        self.mix
    }

    /// The volume without those that are only held: the one that outlasts the daemon.
    pub fn lasting_volume(&self) -> Volume {
        self.holds.lasting(self.mix.volume)
    }

    /// Sets how the volume makes the gains.
    pub fn set_curve(&mut self, curve: Curve) {
        self.curve = curve;
        self.move_to(self.mix.volume);
    }

    /// Sets the volume; what was held has nothing left to give back.
    pub fn set_volume(&mut self, volume: Volume) {
        self.holds.clear();
        self.move_to(volume);
    }

    /// Sets the volume for as long as `client` is connected.
    pub fn hold_volume(&mut self, client: ClientId, volume: Volume) {
        self.holds.hold(client, volume, self.mix.volume);
        self.move_to(volume);
    }

    /// Ends what `client` holds, if it holds anything.
    pub fn release(&mut self, client: ClientId) {
        if let Some(volume) = self.holds.release(client) {
            self.move_to(volume);
        }
    }

    fn move_to(&mut self, volume: Volume) {
        self.mix = self.curve.mix(volume);
    }
}

impl Default for Mixer {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Gain;

    fn volume(text: &str) -> Volume {
        text.parse().unwrap()
    }

    #[test]
    fn a_held_volume_goes_with_its_holder_and_is_not_remembered() {
        let mut mixer = Mixer::new();
        mixer.set_volume(volume("0.25"));
        mixer.hold_volume(3, volume("-1"));
        assert_eq!(mixer.mix().volume, volume("-1"));
        assert_eq!(mixer.lasting_volume(), volume("0.25"));
        mixer.release(2);
        assert_eq!(mixer.mix().volume, volume("-1"));
        mixer.release(3);
        assert_eq!(mixer.mix().volume, volume("0.25"));
        mixer.hold_volume(3, volume("-1"));
        mixer.set_volume(volume("1"));
        mixer.release(3);
        assert_eq!(mixer.mix().volume, volume("1"), "what somebody sets stays");
    }

    #[test]
    fn another_curve_makes_other_gains_of_the_same_volume() {
        let mut mixer = Mixer::new();
        mixer.set_volume(volume("0.5"));
        mixer.set_curve(Curve::Quadratic);
        assert_eq!(mixer.mix().volume, volume("0.5"));
        assert_eq!(mixer.mix().default, Gain::try_from(250_000).unwrap());
    }
}
