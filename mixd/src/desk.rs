//! The mixing desk: the volume, the program list, what is known of the sound; and what each
//! request does to them. Pure: who asks, and who carries the changes out, is not known here.

use std::borrow::Cow;

use wire::{
    Audio, Event, Failure, Mix, PipeWireState, Reply, Request, Status, Topic, Topics, Volume,
};

use crate::mixer;
use crate::rules::Rules;
use crate::session::Service;

/// How many streams are listed in a message; the rest is counted. At 192 bytes of names each they
/// leave room in a frame for the longest program list.
pub const MAX_STREAMS: usize = 150;

/// The state that clients see and set.
#[derive(Debug)]
pub struct Desk {
    mix: Mix,
    rules: Rules,
    audio: Audio,
    changed: Topics,
}

impl Desk {
    /// A desk with the volume in the middle and an empty list.
    pub fn new(pipewire: PipeWireState) -> Self {
        Self {
            mix: mixer::mix(Volume::MIDDLE),
            rules: Rules::default(),
            audio: Audio {
                output: None,
                omitted: 0,
                streams: Vec::new(),
                pipewire,
                warnings: Vec::new(),
            },
            changed: Topics::NONE,
        }
    }

    /// The volume and its gains.
    pub fn mix(&self) -> Mix {
        self.mix
    }

    /// The program list.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What has changed since this was last asked.
    pub fn take_changed(&mut self) -> Topics {
        std::mem::take(&mut self.changed)
    }

    /// Takes over what is known of the sound.
    pub fn set_audio(&mut self, mut audio: Audio) {
        let excess = audio.streams.len().saturating_sub(MAX_STREAMS);
        audio.streams.truncate(MAX_STREAMS);
        audio.omitted = u32::try_from(excess).unwrap_or(u32::MAX);
        if audio != self.audio {
            self.audio = audio;
            self.changed.insert(Topic::Streams);
        }
    }

    fn set_volume(&mut self, volume: Volume) -> Reply<'_> {
        if volume != self.mix.volume {
            self.mix = mixer::mix(volume);
            self.changed.insert(Topic::Volume);
        }
        Reply::Mix(self.mix)
    }
}

impl Service for Desk {
    fn request(&mut self, request: Request) -> Result<Reply<'_>, Failure> {
        match request {
            Request::GetVolume => Ok(Reply::Mix(self.mix)),
            Request::SetVolume(volume) => Ok(self.set_volume(volume)),
            Request::ShiftVolume(shift) => Ok(self.set_volume(self.mix.volume.shifted(shift))),
            Request::ListPrograms => Ok(Reply::Programs(self.rules.patterns().into())),
            Request::AddProgram(pattern) => {
                if self.rules.add(pattern)? {
                    self.changed.insert(Topic::Programs);
                }
                Ok(Reply::Done)
            }
            Request::RemoveProgram(pattern) => {
                self.rules.remove(&pattern)?;
                self.changed.insert(Topic::Programs);
                Ok(Reply::Done)
            }
            Request::GetStatus => Ok(Reply::Status(Status {
                mix: self.mix,
                audio: Cow::Borrowed(&self.audio),
                programs: self.rules.patterns().into(),
            })),
            // What the connection subscribes to, the session has noted.
            Request::Subscribe(_) => Ok(Reply::Done),
            Request::Fail(code) => Err(Failure::new(code, "failed, as asked")),
        }
    }

    fn event(&self, topic: Topic) -> Event<'_> {
        match topic {
            Topic::Volume => Event::Volume(self.mix),
            Topic::Programs => Event::Programs(self.rules.patterns().into()),
            Topic::Streams => Event::Streams(Cow::Borrowed(&self.audio)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::frame::MAX_REPLY;
    use wire::{Channel, Stream, StreamState, Warning, codec, message};

    #[test]
    fn only_a_change_counts_as_one() {
        let mut desk = Desk::new(PipeWireState::Off);
        desk.request(Request::SetVolume("0".parse().unwrap()))
            .unwrap();
        assert!(desk.take_changed().is_empty());
        desk.request(Request::SetVolume("0.5".parse().unwrap()))
            .unwrap();
        assert!(desk.take_changed().contains(Topic::Volume));
        assert!(desk.take_changed().is_empty());
    }

    #[test]
    fn the_largest_status_fits_into_a_frame() {
        let mut desk = Desk::new(PipeWireState::Down);
        let name = message::NodeName::truncated(&"x".repeat(message::MAX_NAME));
        let stream = Stream {
            id: u32::MAX,
            name,
            rival: Some(message::ClientName::truncated(&name)),
            state: StreamState::Contested,
            channel: Channel::Default,
        };
        let streams = vec![stream; MAX_STREAMS + 5];
        desk.set_audio(Audio {
            output: Some(name),
            omitted: 0,
            streams,
            pipewire: PipeWireState::Down,
            warnings: vec![Warning::OwnSinkIsDefault, Warning::OutputMissing],
        });
        for n in 0.. {
            let pattern = message::Pattern::truncated(&format!("{n:0128}"));
            if desk.request(Request::AddProgram(pattern)).is_err() {
                break;
            }
        }
        let mut body = vec![0; MAX_REPLY];
        let reply = desk.request(Request::GetStatus).unwrap();
        assert!(matches!(&reply, Reply::Status(status) if status.audio.omitted == 5));
        codec::encode(&reply, &mut body).unwrap();
    }
}
