//! Volumes that are held for as long as their clients are connected. Pure.

use wire::Volume;

use crate::server::admission::ClientId;

/// The holds, the newest last.
#[derive(Debug, Default)]
pub struct Holds {
    /// The volume before the first of them.
    before: Volume,
    held: Vec<(ClientId, Volume)>,
}

impl Holds {
    /// Takes the memory for the holds of `clients` clients, so that none is taken later.
    pub fn new(clients: usize) -> Self {
        Self {
            before: Volume::MIDDLE,
            held: Vec::with_capacity(clients),
        }
    }

    /// Adds the hold of `client`, which takes the place of its earlier one, where the volume was `current`.
    pub fn hold(&mut self, client: ClientId, volume: Volume, current: Volume) {
        if self.held.is_empty() {
            self.before = current;
        }
        self.held.retain(|&(holder, _)| holder != client);
        self.held.push((client, volume));
    }

    /// Ends the hold of `client`. Returns the volume from now on, unless it stays as it is.
    pub fn release(&mut self, client: ClientId) -> Option<Volume> {
        let at = self.held.iter().position(|&(holder, _)| holder == client)?;
        let was_last = at + 1 == self.held.len();
        self.held.remove(at);
        was_last.then(|| self.held.last().map_or(self.before, |&(_, volume)| volume))
    }

    /// Ends every hold: somebody has set a volume, and nothing is given back.
    pub fn clear(&mut self) {
        self.held.clear();
    }

    /// The volume that would be there without any hold, where it is `current` now.
    pub fn lasting(&self, current: Volume) -> Volume {
        if self.held.is_empty() {
            current
        } else {
            self.before
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(text: &str) -> Volume {
        text.parse().unwrap()
    }

    #[test]
    fn the_last_to_hold_counts_and_each_gives_back_to_the_one_before() {
        let mut holds = Holds::new(4);
        holds.hold(1, volume("1"), volume("0.2"));
        holds.hold(2, volume("-1"), volume("1"));
        assert_eq!(holds.lasting(volume("-1")), volume("0.2"));
        assert_eq!(holds.release(2), Some(volume("1")));
        assert_eq!(holds.release(1), Some(volume("0.2")));
        assert_eq!(holds.release(1), None);
        assert_eq!(holds.lasting(volume("0.2")), volume("0.2"));
    }

    #[test]
    fn a_hold_under_another_ends_unheard() {
        let mut holds = Holds::new(4);
        holds.hold(1, volume("1"), volume("0.2"));
        holds.hold(2, volume("-1"), volume("1"));
        assert_eq!(holds.release(1), None);
        assert_eq!(holds.release(2), Some(volume("0.2")));
    }

    #[test]
    fn a_second_hold_of_one_asker_takes_the_place_of_the_first() {
        let mut holds = Holds::new(4);
        holds.hold(1, volume("1"), volume("0.2"));
        holds.hold(1, volume("0.5"), volume("1"));
        assert_eq!(holds.release(1), Some(volume("0.2")));
    }

    #[test]
    fn what_is_set_meanwhile_stays() {
        let mut holds = Holds::new(4);
        holds.hold(1, volume("1"), volume("0.2"));
        holds.clear();
        assert_eq!(holds.release(1), None);
    }
}
