//! The mixing desk: the volume, the program list, what is known of the sound; and what each
//! request does to them. Pure: who asks, and who carries the changes out, is not known here.

use std::borrow::Cow;

use wire::{
    Audio, Diagnosis, ErrorCode, Event, Failure, Mix, Move, PipeWireState, Reply, Request, Rule,
    Settings, Status, Stream, Topic, Topics, Volume,
};

use crate::hold::{ClientId, Holds};
use crate::rules::list::List;
use crate::rules::{Edit, Rules};
use crate::server::admission::CLIENTS;
use crate::server::session::{Service, takes};

/// How many bytes the streams, or the properties of one, may take in a message: with the longest
/// program list it fits into a frame. The rest is counted.
pub const MAX_LIST: usize = 35 * 1024;

/// No more than this does a stream take in a message besides its texts.
const STREAM: usize = 96;

/// The state that clients see and set.
#[derive(Debug)]
pub struct Desk {
    mix: Mix,
    holds: Holds,
    list: List,
    /// The streams that are to follow the list, wherever they were moved before.
    followers: Vec<u32>,
    audio: Audio,
    settings: Settings,
    changed: Topics,
}

impl Desk {
    /// A desk with the volume in the middle and an empty list.
    pub fn new(pipewire: PipeWireState) -> Self {
        let settings = Settings::default();
        Self {
            mix: settings.curve.mix(Volume::MIDDLE),
            holds: Holds::new(CLIENTS),
            list: List::default(),
            followers: Vec::new(),
            audio: Audio {
                output: None,
                omitted: 0,
                streams: Vec::new(),
                pipewire,
                warnings: Vec::new(),
            },
            settings,
            changed: Topics::NONE,
        }
    }

    /// The volume and its gains.
    pub fn mix(&self) -> Mix {
        self.mix
    }

    /// The volume to be remembered: the one without those that are only held.
    pub fn lasting_volume(&self) -> Volume {
        self.holds.lasting(self.mix.volume)
    }

    /// The rules of the program list.
    pub fn rules(&self) -> &Rules {
        self.list.rules()
    }

    /// What mixd.conf is to say.
    pub fn text(&self) -> &[u8] {
        self.list.text()
    }

    /// What has changed since this was last asked.
    pub fn take_changed(&mut self) -> Topics {
        std::mem::take(&mut self.changed)
    }

    /// Takes over what is known of the sound.
    pub fn set_audio(&mut self, mut audio: Audio) {
        audio.omitted = cut(&mut audio.streams);
        if audio != self.audio {
            self.audio = audio;
            self.changed.insert(Topic::Streams);
        }
    }

    /// Begins with the program list of the file, and its text.
    pub fn begin_list(&mut self, rules: Rules, text: &[u8]) {
        self.list.begin(rules, text);
        self.changed.insert(Topic::Programs);
    }

    /// Takes over the program list that somebody has written into the file, and its text. No rules: the
    /// file is wrong, and the list stays as it is.
    pub fn read_list(&mut self, rules: Option<Rules>, text: &[u8]) {
        let Some(rules) = rules else {
            return self.list.read_wrong(text);
        };
        if self.list.read(rules, text) {
            self.changed.insert(Topic::Programs);
        }
    }

    /// Changes the program list to these rules. `what` says in the words of a command what is done.
    pub fn change_list(&mut self, what: String, rules: Rules) {
        if rules != *self.rules() {
            self.changed.insert(Topic::Programs);
        }
        self.list.change(what, rules);
    }

    /// Has these streams follow the list, wherever they were moved before.
    pub fn follow_list(&mut self, streams: &[u32]) {
        self.followers.extend(streams);
        self.changed.insert(Topic::Streams);
    }

    /// The streams that are to follow the list since this was last asked.
    pub fn take_followers(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.followers)
    }

    /// Takes over other settings.
    pub fn set_settings(&mut self, settings: Settings) {
        if settings == self.settings {
            return;
        }
        self.settings = settings;
        self.changed.insert(Topic::Settings);
        self.move_to(self.mix.volume);
    }

    /// Sets the volume, for good.
    pub fn set_volume(&mut self, volume: Volume) {
        self.holds.clear();
        self.move_to(volume);
    }

    fn move_to(&mut self, volume: Volume) {
        let mix = self.settings.curve.mix(volume);
        if mix != self.mix {
            self.mix = mix;
            self.changed.insert(Topic::Volume);
        }
    }

    fn mix_at(&mut self, volume: Volume) -> Reply<'_> {
        self.set_volume(volume);
        Reply::Mix(self.mix)
    }

    fn edit_list(&mut self, edit: &Edit) -> Result<Reply<'static>, Failure> {
        let rules = self.rules().edited(edit)?;
        self.change_list(edit.to_string(), rules);
        Ok(Reply::Done)
    }

    fn try_edit(&self, edit: &Edit) -> Result<Reply<'static>, Failure> {
        self.rules().edited(edit)?;
        Ok(Reply::Streams(Vec::new()))
    }

    /// Takes the last change of the program list back.
    ///
    /// # Errors
    /// As [`List::undo`].
    pub fn undo(&mut self) -> Result<Reply<'static>, Failure> {
        let change = self.list.undo()?;
        self.changed.insert(Topic::Programs);
        Ok(Reply::Changed(change))
    }

    /// Makes the change of the program list again that was taken back last.
    ///
    /// # Errors
    /// As [`List::redo`].
    pub fn redo(&mut self) -> Result<Reply<'static>, Failure> {
        let change = self.list.redo()?;
        self.changed.insert(Topic::Programs);
        Ok(Reply::Changed(change))
    }
}

/// There is no stream of this id.
pub fn no_stream(id: u32) -> Failure {
    Failure::new(
        ErrorCode::Refused,
        format!("no program plays a stream of id {id}; 'mixctl status' lists them"),
    )
}

/// Cuts a list of streams to what fits into a message; how many that leaves out.
pub fn cut(streams: &mut Vec<Stream>) -> u32 {
    let mut room = MAX_LIST;
    let fitting = streams.iter();
    let fitting = fitting.take_while(|stream| takes(&mut room, size(stream)));
    let fitting = fitting.count();
    let excess = streams.len() - fitting;
    streams.truncate(fitting);
    u32::try_from(excess).unwrap_or(u32::MAX)
}

/// No less than a stream takes in a message.
fn size(stream: &Stream) -> usize {
    let length = |text: Option<&str>| text.map_or(0, str::len);
    STREAM
        + stream.name.len()
        + length(stream.rule.as_deref())
        + length(stream.rival.as_deref())
        + length(stream.binary.as_deref())
}

/// Answers what concerns the streams as if none played.
impl Service for Desk {
    fn request(&mut self, client: ClientId, request: Request) -> Result<Reply<'_>, Failure> {
        match request {
            Request::GetVolume => Ok(Reply::Mix(self.mix)),
            Request::SetVolume(volume) => Ok(self.mix_at(volume)),
            Request::ShiftVolume(shift) => Ok(self.mix_at(self.mix.volume.shifted(shift))),
            Request::ToggleVolume => Ok(self.mix_at(self.mix.volume.mirrored())),
            Request::HoldVolume(volume) => {
                self.holds.hold(client, volume, self.mix.volume);
                self.move_to(volume);
                Ok(Reply::Mix(self.mix))
            }
            Request::ListPrograms => Ok(Reply::Programs(self.rules().list().into())),
            Request::AddProgram(pattern) => self.edit_list(&Edit::Add(Rule::Program(pattern))),
            Request::IgnoreProgram(pattern) => self.edit_list(&Edit::Add(Rule::Ignore(pattern))),
            Request::RemoveProgram(pattern) => self.edit_list(&Edit::Remove(pattern)),
            Request::ReplaceProgram(replacement) => self.edit_list(&Edit::Replace(replacement)),
            Request::TryAddProgram(pattern) => self.try_edit(&Edit::Add(Rule::Program(pattern))),
            Request::TryIgnoreProgram(pattern) => self.try_edit(&Edit::Add(Rule::Ignore(pattern))),
            Request::TryRemoveProgram(pattern) => self.try_edit(&Edit::Remove(pattern)),
            Request::Undo => self.undo(),
            Request::Redo => self.redo(),
            Request::GetStream(id)
            | Request::MoveStream(Move { id, .. })
            | Request::TryMoveStream(Move { id, .. }) => Err(no_stream(id)),
            Request::GetStatus => Ok(Reply::Status(Status {
                mix: self.mix,
                audio: Cow::Borrowed(&self.audio),
                programs: self.rules().list().into(),
                settings: Cow::Borrowed(&self.settings),
            })),
            Request::Diagnose => Ok(Reply::Diagnosis(Diagnosis::default())),
            // The configuration is not the desk's; what the connection subscribes to, the session has
            // noted.
            Request::Reload | Request::Subscribe(_) => Ok(Reply::Done),
            Request::Fail(code) => Err(Failure::new(code, "failed, as asked")),
        }
    }

    fn disconnected(&mut self, client: ClientId) {
        if let Some(volume) = self.holds.release(client) {
            self.move_to(volume);
        }
    }

    fn event(&self, topic: Topic) -> Event<'_> {
        match topic {
            Topic::Volume => Event::Volume(self.mix),
            Topic::Programs => Event::Programs(self.rules().list().into()),
            Topic::Streams => Event::Streams(Cow::Borrowed(&self.audio)),
            Topic::Settings => Event::Settings(Cow::Borrowed(&self.settings)),
        }
    }

    fn unpublished(&self) -> Topics {
        self.changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::frame::MAX_REPLY;
    use wire::message::{self, ClientName, NodeName};
    use wire::{Channel, Curve, Gain, StreamState, Warning, codec};

    fn desk() -> Desk {
        Desk::new(PipeWireState::Off)
    }

    fn volume(text: &str) -> Volume {
        text.parse().unwrap()
    }

    #[test]
    fn only_a_change_counts_as_one() {
        let mut desk = desk();
        desk.request(0, Request::SetVolume(volume("0"))).unwrap();
        desk.set_settings(Settings::default());
        desk.read_list(Some(Rules::default()), b"# mine\n");
        assert!(desk.take_changed().is_empty());
        desk.request(0, Request::SetVolume(volume("0.5"))).unwrap();
        assert!(desk.take_changed().contains(Topic::Volume));
        assert!(desk.take_changed().is_empty());
    }

    #[test]
    fn streams_of_two_moves_before_the_next_turn_all_follow_the_list() {
        let mut desk = desk();
        desk.follow_list(&[1, 2]);
        desk.follow_list(&[3]);
        assert_eq!(desk.take_followers(), [1, 2, 3]);
        assert!(desk.take_followers().is_empty());
    }

    #[test]
    fn a_held_volume_goes_with_its_holder_and_is_not_remembered() {
        let mut desk = desk();
        desk.set_volume(volume("0.25"));
        desk.request(3, Request::HoldVolume(volume("-1"))).unwrap();
        assert_eq!(desk.mix().volume, volume("-1"));
        assert_eq!(desk.lasting_volume(), volume("0.25"));
        desk.disconnected(2);
        assert_eq!(desk.mix().volume, volume("-1"));
        desk.disconnected(3);
        assert_eq!(desk.mix().volume, volume("0.25"));
        desk.request(3, Request::HoldVolume(volume("-1"))).unwrap();
        desk.request(4, Request::ToggleVolume).unwrap();
        desk.disconnected(3);
        assert_eq!(desk.mix().volume, volume("1"), "what somebody sets stays");
    }

    #[test]
    fn another_curve_makes_other_gains_of_the_same_volume() {
        let mut desk = desk();
        desk.set_volume(volume("0.5"));
        desk.take_changed();
        desk.set_settings(Settings {
            curve: Curve::Quadratic,
            ..Settings::default()
        });
        assert_eq!(desk.mix().default, Gain::try_from(250_000).unwrap());
        let changed = desk.take_changed();
        assert!(changed.contains(Topic::Volume) && changed.contains(Topic::Settings));
    }

    #[test]
    fn the_largest_status_fits_into_a_frame() {
        let mut desk = Desk::new(PipeWireState::Down);
        let name = NodeName::truncated(&"x".repeat(message::MAX_NAME));
        let stream = Stream {
            id: u32::MAX,
            pid: Some(u32::MAX),
            name,
            rule: Some(name),
            rival: Some(ClientName::truncated(&name)),
            state: StreamState::Contested,
            binary: Some(name),
            channel: Channel::Default,
        };
        desk.set_settings(Settings {
            file: Some("x".repeat(4096)),
            problem: Some("x".repeat(512)),
            ..Settings::default()
        });
        let fitting = MAX_LIST / size(&stream);
        for count in [fitting + 5, 3 * fitting] {
            desk.set_audio(Audio {
                output: Some(name),
                omitted: 0,
                streams: vec![stream.clone(); count],
                pipewire: PipeWireState::Down,
                warnings: vec![
                    Warning::OwnSinkIsDefault,
                    Warning::OutputMissing,
                    Warning::LeadsBack(name),
                    Warning::SinksRemoved,
                    Warning::LinksRemoved,
                    Warning::ManagerHangs,
                    Warning::MovingForbidden,
                    Warning::DefaultMuted,
                    Warning::AuxMuted,
                    Warning::DefaultLevelContested,
                    Warning::AuxLevelContested,
                ],
            });
            assert_eq!(desk.audio.omitted as usize, count - fitting);
        }
        for n in 0.. {
            let pattern = message::Pattern::truncated(&format!("{n:0128}"));
            if desk.request(0, Request::AddProgram(pattern)).is_err() {
                break;
            }
        }
        let mut body = vec![0; MAX_REPLY];
        let reply = desk.request(0, Request::GetStatus).unwrap();
        codec::encode(&reply, &mut body).unwrap();
    }

    #[test]
    fn short_names_leave_room_for_hundreds_of_streams() {
        let mut desk = desk();
        let name = NodeName::truncated("a program");
        let stream = Stream {
            id: 1,
            pid: Some(1),
            name,
            rule: None,
            rival: None,
            state: StreamState::Routed,
            binary: Some(name),
            channel: Channel::Default,
        };
        let audio = Audio {
            streams: vec![stream; 300],
            ..desk.audio.clone()
        };
        desk.set_audio(audio);
        assert_eq!(desk.audio.omitted, 0);
    }
}
