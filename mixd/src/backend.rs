//! Where the sound is: in PipeWire, or nowhere. What the daemon's loop needs of either.

use std::os::fd::BorrowedFd;
use std::time::Instant;

use wire::{Diagnosis, PipeWireState};

use crate::desk::Desk;
use crate::options::{BackendKind, Sound};
use crate::pipewire::PipeWire;
use crate::router::Router;

/// Where the sound is.
pub enum Backend {
    /// Nowhere.
    None,
    /// In PipeWire.
    PipeWire(Box<PipeWire>),
}

impl Backend {
    /// Makes the backend asked for.
    ///
    /// # Errors
    /// A sentence.
    pub fn open(kind: BackendKind, sound: &Sound) -> Result<Self, String> {
        match kind {
            BackendKind::None => Ok(Self::None),
            BackendKind::PipeWire => {
                let adapter = PipeWire::open(sound).map_err(|error| {
                    format!("libpipewire: {error}; is PipeWire's client.conf installed?")
                })?;
                Ok(Self::PipeWire(Box::new(adapter)))
            }
        }
    }

    /// What is known of PipeWire at the start.
    pub fn state(&self) -> PipeWireState {
        match self {
            Self::None => PipeWireState::Off,
            Self::PipeWire(_) => PipeWireState::Down,
        }
    }

    /// Readable when [`turn`](Self::turn) is to be called.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::None => None,
            Self::PipeWire(adapter) => Some(adapter.fd()),
        }
    }

    /// When it is to be called if the descriptor is not readable before.
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::None => None,
            Self::PipeWire(adapter) => adapter.deadline(),
        }
    }

    /// Takes in what has happened there.
    ///
    /// # Errors
    /// Why there can be no sound: a sentence.
    pub fn turn(&mut self, ready: bool, desk: &mut Desk, now: Instant) -> Result<(), String> {
        match self {
            Self::None => Ok(()),
            Self::PipeWire(adapter) => adapter.turn(ready, desk, now),
        }
    }

    /// Handles the sound in another way from now on.
    pub fn set_sound(&mut self, sound: &Sound, desk: &mut Desk, now: Instant) {
        match self {
            Self::None => {}
            Self::PipeWire(adapter) => adapter.set_sound(sound, desk, now),
        }
    }

    /// Carries out there what clients have changed on the desk.
    pub fn apply(&mut self, desk: &mut Desk, now: Instant) {
        match self {
            Self::None => {}
            Self::PipeWire(adapter) => adapter.apply(desk, now),
        }
    }

    /// What PipeWire has, while there is one.
    pub fn router(&self) -> Option<&Router> {
        match self {
            Self::None => None,
            Self::PipeWire(adapter) => adapter.router(),
        }
    }

    /// What somebody who looks for a fault wants to know.
    pub fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::None => Diagnosis::default(),
            Self::PipeWire(adapter) => adapter.diagnosis(),
        }
    }

    /// Sends the streams back to where they would be without us.
    pub fn begin_exit(&mut self) {
        match self {
            Self::None => {}
            Self::PipeWire(adapter) => adapter.begin_exit(),
        }
    }

    /// Whether they have gone there.
    pub fn has_left(&self) -> bool {
        match self {
            Self::None => true,
            Self::PipeWire(adapter) => adapter.has_left(),
        }
    }
}
