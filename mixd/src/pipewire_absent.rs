//! Stands in for the adapter where mixd is built without PipeWire (cargo's feature `pipewire`
//! off): an adapter that can't be made, so that nothing else need know.

use std::os::fd::BorrowedFd;
use std::time::Instant;

use wire::Diagnosis;

use crate::desk::Desk;
use crate::options::Sound;
use crate::router::Router;

/// Has no value.
pub enum PipeWire {}

#[allow(clippy::unused_self)]
impl PipeWire {
    /// Always fails.
    ///
    /// # Errors
    /// A sentence.
    pub fn open(_sound: &Sound) -> Result<Self, &'static str> {
        Err("this mixd is built without it; run it with --backend none")
    }

    /// Never called, like all that follow.
    pub fn fd(&self) -> BorrowedFd<'_> {
        match *self {}
    }

    /// Never called.
    pub fn deadline(&self) -> Option<Instant> {
        match *self {}
    }

    /// Never called.
    #[allow(clippy::missing_errors_doc)]
    pub fn turn(&mut self, _ready: bool, _desk: &mut Desk, _now: Instant) -> Result<(), String> {
        match *self {}
    }

    /// Never called.
    pub fn apply(&mut self, _desk: &mut Desk, _now: Instant) {
        match *self {}
    }

    /// Never called.
    pub fn router(&self) -> Option<&Router> {
        match *self {}
    }

    /// Never called.
    pub fn diagnosis(&self) -> Diagnosis {
        match *self {}
    }

    /// Never called.
    pub fn set_sound(&mut self, _sound: &Sound, _desk: &mut Desk, _now: Instant) {
        match *self {}
    }

    /// Never called.
    pub fn begin_exit(&mut self) {
        match *self {}
    }

    /// Never called.
    pub fn has_left(&self) -> bool {
        match *self {}
    }
}
