//! The daemon's state and its answers to requests. What a request does is decided here; the bytes are
//! `server.rs`'s business, the volume's arithmetic `mixer.rs`'s, the program list's `rules.rs`'s.

use std::borrow::Cow;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use wire::{
    Audio, Change, Diagnosis, Event, Failure, Mix, Move, OutputChoice, PipeWireState, Reason,
    Reply, Request, Settings, Sink, SinkList, Status, Stream, StreamList, Topic, Topics, Volume,
};

use crate::config::config_file::ConfigFile;
use crate::config::editable::{EditableConfig, change_between, outputs_between};
use crate::config::state::{self, SavedVolume};
use crate::config::{self, Config, output};
use crate::fake::{self, FakePipeWire};
use crate::limits::{shortened, takes};
use crate::mixer::Mixer;
use crate::options::{BackendKind, Options};
use crate::router::{ByChannel, Preference, Router, no_stream};
use crate::rules::{Edit, Rules};
use crate::server::admission::ClientId;
use crate::server::session::Service;

/// The most bytes that the streams, or the properties of one, take in a message: with the longest
/// program list they fit into a frame. The rest is counted.
pub const MAX_LIST: usize = 34 * 1024;

/// The longest path that clients are told, in bytes: that of limits.h.
const MAX_PATH: usize = 4096;

/// The most bytes that a stream or a sink takes in a message besides its texts.
const STREAM: usize = 118;

/// How it goes on while mixd.conf is wrong, after the daemon has started.
const AS_BEFORE: &str = "all stays as it was";

/// The audio server as the daemon uses it: PipeWire, or a fake one that plays a script.
pub trait AudioServer {
    /// A descriptor that is readable when [`dispatch`](Self::dispatch) has something to do, if there is one.
    fn fd(&self) -> Option<BorrowedFd<'_>>;

    /// When [`dispatch`](Self::dispatch) is due, if the descriptor is not readable before.
    fn deadline(&self) -> Option<Instant>;

    /// Takes in what PipeWire says, if its descriptor is readable, and does what is due. Returns what clients
    /// are told of the sound, if that was looked at.
    ///
    /// # Errors
    /// A sentence: mixd can't run on this PipeWire.
    fn dispatch(
        &mut self,
        is_readable: bool,
        rules: &Rules,
        mix: Mix,
        now: Instant,
    ) -> Result<Option<Audio>, String>;

    /// Takes over the shortest length of a fade, and what each channel is to play to.
    fn configure(&mut self, glide: Duration, preferences: ByChannel<Vec<Preference>>);

    /// Fades to other gains.
    fn set_mix(&mut self, mix: Mix, now: Instant);

    /// Has these streams follow the program list, wherever they were moved before.
    fn follow_list(&mut self, streams: &[u32]);

    /// Sends every stream to where the rules have it. Returns what clients are told of the sound, while
    /// PipeWire is connected.
    fn reconcile(&mut self, rules: &Rules, now: Instant) -> Option<Audio>;

    /// Returns the model of what PipeWire has, while it is connected.
    fn router(&self) -> Option<&Router>;

    /// Sends the streams back to where they would be without mixd.
    fn shutdown(&mut self);

    /// Returns whether they are there, so that the sinks can go without a silence.
    fn is_drained(&self) -> bool;
}

/// The daemon's state.
pub struct App {
    mixer: Mixer,
    editable: EditableConfig,
    audio: Audio,
    /// The command line, which goes before mixd.conf.
    options: Options,
    config_file: ConfigFile,
    /// The configuration in force: what mixd.conf said last when it was right, under the options.
    config: Config,
    /// The error in mixd.conf, while it is not in force.
    problem: Option<String>,
    settings: Settings,
    saved_volume: SavedVolume,
    pipewire: Option<Box<dyn AudioServer>>,
    /// The topics that have changed and are not published yet.
    changed: Topics,
    /// The rules, the outputs or what follows the list have changed, and PipeWire does not know.
    are_routes_stale: bool,
}

impl App {
    /// An app without files and without sound, the volume in the middle, and an empty list.
    pub fn new(options: Options) -> Self {
        Self {
            mixer: Mixer::new(),
            editable: EditableConfig::default(),
            audio: Audio {
                omitted: 0,
                outputs: Box::default(),
                streams: Vec::new(),
                pipewire: PipeWireState::Off,
                warnings: Vec::new(),
            },
            options,
            config_file: ConfigFile::new(None),
            config: Config::default(),
            problem: None,
            settings: Settings::default(),
            saved_volume: SavedVolume::new(None),
            pipewire: None,
            changed: Topics::NONE,
            are_routes_stale: false,
        }
    }

    /// Reads mixd.conf and the saved volume, and loads PipeWire's library. What is wrong with a file keeps
    /// nobody from starting.
    ///
    /// # Errors
    /// A sentence: there is no such library.
    pub fn open(options: Options) -> Result<Self, String> {
        let mut app = Self::new(options);
        app.config_file = ConfigFile::new(app.options.config_path());
        let mut read = app.config_file.open(Instant::now());
        let mut text = app.config_file.text().to_vec();
        let is_fake = matches!(app.options.backend, BackendKind::Fake { .. });
        if is_fake && read.is_ok() && !app.config_file.is_there() {
            text = fake::CONFIG.to_vec();
            read = config::parse(&text).map_err(|problem| problem.to_string());
        }
        app.take_config(read, "the defaults hold until it is mended");
        let named = app.options.config.as_ref();
        if let Some(path) = named.filter(|path| !is_fake && !path.exists()) {
            let path = path.display();
            warning!("{path} is not there; the defaults hold until it is");
        }
        app.editable.begin(&app.config, &text);
        app.changed.insert(Topic::Programs);
        app.update_settings();
        app.saved_volume = SavedVolume::new(state::path());
        if app.config.remember_volume {
            if let Some(volume) = app.saved_volume.load() {
                app.mixer.set_volume(volume);
            }
            app.saved_volume.begin(app.mixer.lasting_volume());
        }
        app.pipewire = match app.options.backend {
            BackendKind::PipeWire => Some(open_pipewire(app.config.glide, app.preferences())?),
            BackendKind::Fake { speed } => {
                Some(Box::new(FakePipeWire::new(speed, app.preferences())))
            }
            BackendKind::None => None,
        };
        if app.pipewire.is_some() {
            app.audio.pipewire = PipeWireState::Down;
        }
        Ok(app)
    }

    /// PipeWire's descriptor, then the one that says when mixd.conf may have changed.
    pub fn fds(&self) -> [Option<BorrowedFd<'_>>; 2] {
        let pipewire = self.pipewire.as_ref();
        [
            pipewire.and_then(|pipewire| pipewire.fd()),
            self.config_file.fd(),
        ]
    }

    /// When [`dispatch`](Self::dispatch) is due, if no descriptor is readable before.
    pub fn deadline(&self) -> Option<Instant> {
        let pipewire = self.pipewire.as_ref();
        let deadlines = [
            pipewire.and_then(|pipewire| pipewire.deadline()),
            self.config_file.deadline(),
            self.saved_volume.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Takes in what the descriptors that are readable say, and does what is due.
    ///
    /// # Errors
    /// A sentence: mixd can't run on this PipeWire.
    pub fn dispatch(&mut self, is_readable: [bool; 2], now: Instant) -> Result<(), String> {
        let [pipewire_readable, config_readable] = is_readable;
        if let Some(pipewire) = &mut self.pipewire {
            let (rules, mix) = (self.editable.rules(), self.mixer.mix());
            if let Some(audio) = pipewire.dispatch(pipewire_readable, rules, mix, now)? {
                self.set_audio(audio);
            }
        }
        let unwatched = self.config_file.unwatched().map(str::to_owned);
        if let Some(read) = self.config_file.dispatch(config_readable, now) {
            self.apply_config(read);
        } else if self.config_file.unwatched() != unwatched.as_deref() {
            self.update_settings();
        }
        Ok(())
    }

    /// Returns what has changed since this was last called.
    pub fn take_changed(&mut self) -> Topics {
        std::mem::take(&mut self.changed)
    }

    /// Has PipeWire play what has changed.
    pub fn apply(&mut self, now: Instant) {
        let Some(pipewire) = &mut self.pipewire else {
            return;
        };
        pipewire.set_mix(self.mixer.mix(), now);
        if std::mem::take(&mut self.are_routes_stale)
            && let Some(audio) = pipewire.reconcile(self.editable.rules(), now)
        {
            self.set_audio(audio);
        }
    }

    /// Saves the volume when that is due.
    pub fn save_volume_when_due(&mut self, now: Instant) {
        let volume = self.mixer.lasting_volume();
        let remembered = self.config.remember_volume.then_some(volume);
        self.saved_volume.update(remembered, now);
    }

    /// Saves the volume now.
    pub fn save_volume(&mut self) {
        if self.config.remember_volume {
            self.saved_volume.save(self.mixer.lasting_volume());
        }
    }

    /// Sends the streams back to where they would be without mixd.
    pub fn shutdown(&mut self) {
        if let Some(pipewire) = &mut self.pipewire {
            pipewire.shutdown();
        }
    }

    /// Returns whether they are there, so that the sinks can go without a silence.
    pub fn is_drained(&self) -> bool {
        let pipewire = self.pipewire.as_ref();
        pipewire.is_none_or(|pipewire| pipewire.is_drained())
    }

    /// Takes over what is known of the sound.
    pub fn set_audio(&mut self, mut audio: Audio) {
        audio.omitted = truncate(&mut audio.streams);
        if audio != self.audio {
            self.audio = audio;
            self.changed.insert(Topic::Streams);
        }
    }

    fn router(&self) -> Option<&Router> {
        self.pipewire.as_ref()?.router()
    }

    fn change_volume(&mut self, change: impl FnOnce(&mut Mixer)) {
        let before = self.mixer.mix();
        change(&mut self.mixer);
        if self.mixer.mix() != before {
            self.changed.insert(Topic::Volume);
        }
    }

    fn set_volume(&mut self, volume: Volume) -> Reply<'static> {
        self.change_volume(|mixer| mixer.set_volume(volume));
        Reply::Mix(self.mixer.mix())
    }

    /// Reads mixd.conf now.
    ///
    /// # Errors
    /// The error in the file, which is logged and shown to clients as well.
    pub fn reload(&mut self) -> Result<(), String> {
        let read = self.config_file.open(Instant::now());
        self.apply_config(read);
        self.problem.clone().map_or(Ok(()), Err)
    }

    /// Takes over what was read from mixd.conf; while that is wrong, `otherwise` says what holds.
    fn take_config(&mut self, read: Result<Config, String>, otherwise: &str) {
        match read {
            Ok(config) => {
                if self.problem.take().is_some() {
                    info!("the configuration is right again");
                }
                self.config = self.options.above(config);
            }
            Err(problem) => {
                warning!("{problem}; {otherwise}");
                self.problem = Some(shortened(problem.into()).into());
            }
        }
    }

    /// Takes over what was read from mixd.conf, and has everything follow it.
    fn apply_config(&mut self, read: Result<Config, String>) {
        self.take_config(read, AS_BEFORE);
        self.update_settings();
        if self.problem.is_some() {
            return self.editable.read_wrong(self.config_file.text());
        }
        match self.config_file.is_there() {
            true => info!("the configuration has been read again"),
            false => info!("the configuration has gone; the defaults hold until it is back"),
        }
        if self.editable.read(&self.config, self.config_file.text()) {
            self.changed.insert(Topic::Programs);
        }
        self.configure();
    }

    /// What each channel is to play to.
    fn preferences(&self) -> ByChannel<Vec<Preference>> {
        self.options.preferences(self.editable.outputs())
    }

    /// Has PipeWire follow the configuration.
    fn configure(&mut self) {
        let preferences = self.preferences();
        if let Some(pipewire) = &mut self.pipewire {
            pipewire.configure(self.config.glide, preferences);
        }
        self.are_routes_stale = true;
    }

    fn update_settings(&mut self) {
        let problem = self.problem.as_deref().or(self.config_file.unwatched());
        let path = self.config_file.path();
        let path = path.map(|path| path.display().to_string());
        self.set_settings(Settings {
            // The command line may name what is longer than any path, and no message has room for that.
            file: path.map(|mut path| {
                path.truncate(path.floor_char_boundary(MAX_PATH));
                path
            }),
            snap: self.config.snap,
            curve: self.config.curve,
            problem: problem.map(str::to_owned),
        });
    }

    /// Takes over what clients are told of the configuration.
    pub fn set_settings(&mut self, settings: Settings) {
        if settings != self.settings {
            self.change_volume(|mixer| mixer.set_curve(settings.curve));
            self.settings = settings;
            self.changed.insert(Topic::Settings);
        }
    }

    /// Makes a change of the program list or the outputs and saves that. What can't be saved is in force all the same.
    fn change_list(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<Reply<'static>, Failure>,
    ) -> Result<Reply<'static>, Failure> {
        // What somebody has written into the file this very moment is not lost.
        if let Some(read) = self.config_file.refresh() {
            self.apply_config(read);
        }
        let (rules, outputs) = (
            self.editable.rules().clone(),
            self.editable.outputs().to_vec(),
        );
        let reply = change(self)?;
        if *self.editable.rules() != rules {
            self.changed.insert(Topic::Programs);
            self.are_routes_stale = true;
        }
        if *self.editable.outputs() != outputs {
            self.configure();
        }
        let Err(error) = self.config_file.save(self.editable.text()) else {
            return Ok(reply);
        };
        warning!("{error}; the change of the list ends with mixd");
        let error = shortened(error.into());
        Ok(match reply {
            Reply::Changed(change) => Reply::Changed(Change {
                unsaved: Some(error),
                ..change
            }),
            _ => Reply::Unsaved(error),
        })
    }

    fn edit(&mut self, edit: &Edit) -> Result<Reply<'static>, Failure> {
        self.change_list(|app| {
            let rules = app.editable.rules().apply(edit)?;
            app.editable.change(edit.to_string(), rules);
            Ok(Reply::Done)
        })
    }

    /// Has a channel play to the sink that somebody chooses, or both.
    fn set_output(&mut self, choice: OutputChoice) -> Result<Reply<'static>, Failure> {
        let refused = |why: String| Failure::refused(Reason::NotAPattern, shortened(why.into()));
        let choice = output::normalized(choice).map_err(refused)?;
        self.change_list(|app| {
            let before = app.editable.outputs().to_vec();
            let after = output::chosen(&before, choice);
            let mut text = match choice.channel {
                Some(channel) => format!("{channel} plays to "),
                None => "both channels play to ".to_owned(),
            };
            text += choice.sink.as_deref().unwrap_or("the default sink");
            let is_missing =
                |router: &Router| choice.sink.is_some_and(|glob| !router.has_card(&glob));
            if let Some(option) = app.options.over(&choice) {
                text += &format!(" when mixd runs without {option}");
            } else if app.router().is_some_and(is_missing) {
                text += " when that is there";
            }
            text += &outputs_between(": ", &before, &after);
            app.editable.change_outputs(choice.to_string(), after);
            Ok(Reply::Changed(Change {
                text: shortened(text.into()),
                added: Vec::new(),
                omitted: 0,
                removed: Vec::new(),
                unsaved: None,
            }))
        })
    }

    /// The sinks that can be played to, as many as fit into a message.
    fn sinks(&self) -> SinkList {
        let mut sinks = self.router().map_or_else(Vec::new, Router::list_sinks);
        let mut room = MAX_LIST;
        let size = |sink: &Sink| {
            let description = sink.description.map_or(0, |text| text.len());
            let lines = sink
                .users
                .iter()
                .map(|user| user.line.map_or(0, |line| line.len()));
            STREAM + sink.name.len() + description + lines.sum::<usize>()
        };
        let all = sinks.len();
        sinks.retain(|sink| takes(&mut room, size(sink)));
        let omitted = u32::try_from(all - sinks.len()).unwrap_or(u32::MAX);
        SinkList { sinks, omitted }
    }

    /// The streams that an edit would move.
    fn try_edit(&self, edit: &Edit) -> Result<Reply<'static>, Failure> {
        let rules = self.editable.rules();
        let then = rules.apply(edit)?;
        let mut streams = self
            .router()
            .map_or_else(Vec::new, |router| router.moved(rules, &then));
        let omitted = truncate(&mut streams);
        Ok(Reply::Streams(StreamList { omitted, streams }))
    }

    fn move_stream(&mut self, wanted: Move) -> Result<Reply<'static>, Failure> {
        self.change_list(|app| {
            let Some(pipewire) = &mut app.pipewire else {
                return Err(no_stream(wanted.id));
            };
            let router = pipewire.router().ok_or_else(|| no_stream(wanted.id))?;
            let plan = router.plan_move(wanted, app.editable.rules())?;
            let change = change_between(&plan.words, app.editable.rules(), &plan.rules);
            pipewire.follow_list(&plan.streams);
            app.editable.change(plan.what, plan.rules);
            app.are_routes_stale = true;
            app.changed.insert(Topic::Streams);
            Ok(Reply::Changed(change))
        })
    }

    fn try_move_stream(&self, wanted: Move) -> Result<Reply<'static>, Failure> {
        let router = self.router().ok_or_else(|| no_stream(wanted.id))?;
        let rules = self.editable.rules();
        let plan = router.plan_move(wanted, rules)?;
        Ok(Reply::Changed(change_between(
            &plan.words,
            rules,
            &plan.rules,
        )))
    }

    fn diagnosis(&self) -> Diagnosis {
        let reason =
            |result: Result<(), String>| result.err().map(|error| shortened(error.into()).into());
        let volume = match self.config.remember_volume {
            true => self.saved_volume.can_save(),
            false => Ok(()),
        };
        Diagnosis {
            unsaved_list: reason(self.config_file.can_save()),
            unsaved_volume: reason(volume),
            ..self.router().map(Router::diagnosis).unwrap_or_default()
        }
    }
}

impl Service for App {
    fn request(&mut self, client: ClientId, request: Request) -> Result<Reply<'_>, Failure> {
        match request {
            Request::GetVolume => Ok(Reply::Mix(self.mixer.mix())),
            Request::SetVolume(volume) => Ok(self.set_volume(volume)),
            Request::ShiftVolume(shift) => {
                Ok(self.set_volume(self.mixer.mix().volume.shifted(shift)))
            }
            Request::ToggleVolume => Ok(self.set_volume(self.mixer.mix().volume.mirrored())),
            Request::HoldVolume(volume) => {
                self.change_volume(|mixer| mixer.hold_volume(client, volume));
                Ok(Reply::Mix(self.mixer.mix()))
            }
            Request::ListPrograms => Ok(Reply::Programs(self.editable.rules().list().into())),
            Request::AddProgram(pattern) => self.edit(&Edit::add_program(pattern)),
            Request::IgnoreProgram(pattern) => self.edit(&Edit::ignore_program(pattern)),
            Request::RemoveProgram(pattern) => self.edit(&Edit::Remove(pattern)),
            Request::ReplaceProgram(replacement) => self.edit(&Edit::Replace(replacement)),
            Request::MoveStream(wanted) => self.move_stream(wanted),
            Request::Undo => self.change_list(|app| app.editable.undo().map(Reply::Changed)),
            Request::Redo => self.change_list(|app| app.editable.redo().map(Reply::Changed)),
            Request::ListSinks => Ok(Reply::Sinks(self.sinks())),
            Request::SetOutput(choice) => self.set_output(choice),
            Request::TryAddProgram(pattern) => self.try_edit(&Edit::add_program(pattern)),
            Request::TryIgnoreProgram(pattern) => self.try_edit(&Edit::ignore_program(pattern)),
            Request::TryRemoveProgram(pattern) => self.try_edit(&Edit::Remove(pattern)),
            Request::TryMoveStream(wanted) => self.try_move_stream(wanted),
            Request::GetStream(id) => {
                let router = self.router();
                let detail = router
                    .and_then(|router| router.detail(id, self.editable.rules(), MAX_LIST))
                    .ok_or_else(|| no_stream(id))?;
                Ok(Reply::Stream(Box::new(detail)))
            }
            Request::GetStatus => Ok(Reply::Status(Status {
                mix: self.mixer.mix(),
                audio: Cow::Borrowed(&self.audio),
                programs: self.editable.rules().list().into(),
                settings: Cow::Borrowed(&self.settings),
            })),
            Request::Diagnose => Ok(Reply::Diagnosis(self.diagnosis())),
            Request::Reload => match self.reload() {
                Ok(()) => Ok(Reply::Done),
                Err(problem) => Err(Failure::refused(Reason::WrongFile, problem)),
            },
            // The session notes the topics.
            Request::Subscribe(_) => Ok(Reply::Done),
            // And ends the connection, if the code does.
            Request::Fail(code) => Err(Failure::new(code, "failed, as asked")),
        }
    }

    fn disconnected(&mut self, client: ClientId) {
        self.change_volume(|mixer| mixer.release(client));
    }

    fn event(&self, topic: Topic) -> Event<'_> {
        match topic {
            Topic::Volume => Event::Volume(self.mixer.mix()),
            Topic::Programs => Event::Programs(self.editable.rules().list().into()),
            Topic::Streams => Event::Streams(Cow::Borrowed(&self.audio)),
            Topic::Settings => Event::Settings(Cow::Borrowed(&self.settings)),
        }
    }
}

fn open_pipewire(
    glide: Duration,
    preferences: ByChannel<Vec<Preference>>,
) -> Result<Box<dyn AudioServer>, String> {
    #[cfg(feature = "pipewire")]
    match crate::pipewire::PipeWire::open(glide, preferences) {
        Ok(pipewire) => Ok(Box::new(pipewire)),
        Err(error) => Err(format!(
            "libpipewire: {error}; is PipeWire's client.conf installed?"
        )),
    }
    #[cfg(not(feature = "pipewire"))]
    {
        let _ = (glide, preferences);
        Err("this mixd is built without PipeWire; run it with --backend fake or none".to_owned())
    }
}

/// Cuts a list of streams to what fits into a message. Returns how many that leaves out.
fn truncate(streams: &mut Vec<Stream>) -> u32 {
    let mut room = MAX_LIST;
    let fitting = streams.iter();
    let fitting = fitting.take_while(|stream| takes(&mut room, size(stream)));
    let fitting = fitting.count();
    let excess = streams.len() - fitting;
    streams.truncate(fitting);
    u32::try_from(excess).unwrap_or(u32::MAX)
}

/// The most bytes that a stream takes in a message.
fn size(stream: &Stream) -> usize {
    let length = |text: Option<&str>| text.map_or(0, str::len);
    STREAM
        + stream.name.len()
        + length(stream.rule.as_deref())
        + length(stream.linked_by.as_deref())
        + length(stream.binary.as_deref())
        + length(stream.process.as_deref())
        + length(stream.description.as_deref())
}

#[cfg(test)]
mod tests;
