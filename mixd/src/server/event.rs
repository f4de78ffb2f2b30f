//! The Event of a topic, encoded once for all of its subscribers.

use wire::codec;
use wire::frame::{Full, MAX_REPLY};
use wire::{Event, Topic};

/// The body of the Event that was written last: it says the same to the next subscriber, until something
/// changes.
#[derive(Debug)]
pub struct EncodedEvent {
    /// Its topic; none where it has to be encoded anew.
    topic: Option<Topic>,
    body: Box<[u8]>,
    length: usize,
}

impl Default for EncodedEvent {
    fn default() -> Self {
        Self {
            topic: None,
            body: vec![0; MAX_REPLY].into(),
            length: 0,
        }
    }
}

impl EncodedEvent {
    /// Notes that something may have changed.
    pub fn forget(&mut self) {
        self.topic = None;
    }

    /// The body of the Event of `topic`, which says the state that `state` returns.
    ///
    /// # Errors
    /// [`Full`]: it does not fit into a frame.
    pub fn body<'a>(
        &mut self,
        topic: Topic,
        state: impl FnOnce() -> Event<'a>,
    ) -> Result<&[u8], Full> {
        if self.topic != Some(topic) {
            self.topic = None;
            self.length = codec::encode_event(&state(), &mut self.body)?;
            self.topic = Some(topic);
        }
        Ok(&self.body[..self.length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Mix;

    fn body(encoded: &mut EncodedEvent, volume: &str) -> Vec<u8> {
        let volume = volume.parse().unwrap();
        let event = || {
            Event::Volume(Mix {
                volume,
                ..Mix::default()
            })
        };
        encoded.body(Topic::Volume, event).unwrap().to_vec()
    }

    #[test]
    fn an_event_is_encoded_once_until_something_changes() {
        let mut encoded = EncodedEvent::default();
        let before = body(&mut encoded, "0.25");
        assert_eq!(body(&mut encoded, "0.5"), before);
        encoded.forget();
        assert_ne!(body(&mut encoded, "0.5"), before);
    }
}
