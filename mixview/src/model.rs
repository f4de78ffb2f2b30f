//! What is known and being done: messages in, effects out. No pixels, no clock, no socket.

mod change;
mod daemon;
pub mod field;
mod focus;
mod foot;
mod keys;
mod slider;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use wire::message::{Pattern, Rule};
use wire::{
    Audio, Channel, Event, Failure, Mix, PipeWireState, Reply, Request, Settings, Stream,
    StreamState, Volume,
};

use daemon::Asked;
use field::{Field, Motion};
use foot::Said;
pub use foot::{Notice, begun};
pub use keys::{KEYS, Key, Modifiers};
use slider::Slider;

/// Something that can be pointed at, focused and used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The crossfade.
    Slider,
    /// A playing stream, by its id.
    Stream(u32),
    /// Where a pattern is typed.
    Entry,
    /// A playing stream that can be picked there.
    Offer(u32),
    /// A pattern of the list.
    Pattern(Pattern),
    /// What takes a pattern off the list.
    Delete(Pattern),
    /// Where a pattern of the list is changed.
    Edit,
    /// What takes the last change of the list back.
    Undo,
    /// What shows the keys.
    Help,
    /// A sentence at the window's foot that may be longer than there is room.
    Foot,
}

/// A list that can be scrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The streams of a channel.
    Streams(Channel),
    /// The patterns.
    Patterns,
    /// The streams that can be picked for them.
    Offers,
}

/// How far each list is scrolled, in logical pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scroll {
    /// The default channel's streams.
    pub default: f32,
    /// The aux channel's streams.
    pub aux: f32,
    /// The patterns.
    pub patterns: f32,
    /// The streams that can be picked for them.
    pub offers: f32,
}

impl Scroll {
    /// That of a list.
    pub fn of(&mut self, pane: Pane) -> &mut f32 {
        match pane {
            Pane::Streams(Channel::Default) => &mut self.default,
            Pane::Streams(Channel::Aux) => &mut self.aux,
            Pane::Patterns => &mut self.patterns,
            Pane::Offers => &mut self.offers,
        }
    }
}

/// What happens to the model.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key that is not text.
    Key(Key, Modifiers),
    /// Text, from a key or an input method.
    Typed(String),
    /// What an input method composes; empty when it has ended.
    Composed(String),
    /// The pointer is over this, or over nothing.
    Point(Option<Target>),
    /// This is clicked.
    Click(Target),
    /// Nothing is clicked: what is open is left.
    Away,
    /// The slider's handle is held by the hand: at this volume, or where it is.
    Hold(Option<Volume>),
    /// The hand moves the handle.
    Slide(Volume),
    /// The hand lets the handle go.
    LetGo,
    /// The slider is turned by so many notches of a wheel; to the right is more.
    Turn(f32),
    /// The caret of the text that has the focus goes before this byte.
    Caret {
        /// The byte.
        at: usize,
        /// Whether what lies between is selected.
        selects: bool,
    },
    /// A stream is carried by the pointer.
    Carry {
        /// Its id.
        id: u32,
        /// Where the pointer is, in logical pixels.
        x: f32,
        /// The same, from the top.
        y: f32,
        /// The channel whose half of the window that is.
        over: Channel,
    },
    /// What is carried is dropped here; on no channel, it stays where it was.
    Drop(Option<Channel>),
    /// A list is scrolled by so much, in logical pixels.
    Scroll(Pane, f32),
    /// mixd has greeted.
    Connected,
    /// mixd can't be reached.
    Lost(Lost),
    /// mixd says what is so.
    Event(Event<'static>),
    /// mixd answers the oldest request that is not answered yet.
    Answer(Result<Reply<'static>, Failure>),
}

/// What the model wants done.
// It is taken at once: an allocation would cost more than the room.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// To be said to mixd, in this order.
    Send(Request),
    /// The window closes.
    Close,
}

/// Whether mixd is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nothing is known yet.
    Looking,
    /// It answers.
    Up,
    /// It does not.
    Down(Lost),
}

/// Why mixd can't be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// In a few words.
    pub title: &'static str,
    /// In a sentence.
    pub why: String,
    /// The command to start it with, where that is enough.
    pub start: Option<String>,
}

/// A pattern that is being changed in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The pattern on the list.
    pub pattern: Pattern,
    /// What it shall be.
    pub field: Field,
}

/// A stream that the pointer carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Carried {
    /// Its id.
    pub id: u32,
    /// Where the pointer is, in logical pixels.
    pub x: f32,
    /// The same, from the top.
    pub y: f32,
    /// The channel it would go to.
    pub over: Channel,
}

/// Everything that the window shows.
// Independent answers to yes-or-no questions, not a state in disguise.
#[allow(clippy::struct_excessive_bools)]
pub struct Model {
    link: Link,
    mix: Mix,
    audio: Audio,
    programs: Vec<Rule>,
    settings: Settings,
    slider: Slider,
    asked: VecDeque<Asked>,
    reasons: HashMap<u32, String>,
    entry: Field,
    /// Which of the offers is chosen.
    picked: Option<u32>,
    /// Whether the offers were sent away.
    offers_closed: bool,
    edit: Option<Edit>,
    carried: Option<Carried>,
    /// Whether what was carried was left, while the button is still held.
    carry_left: bool,
    said: Said,
    focus: Target,
    /// Where the focus is in the order, for when its target goes.
    focus_at: usize,
    /// What had the focus when mixd went, until it is back or the focus is moved.
    focus_left: Option<Target>,
    /// Whether the focus is shown: it was moved by a key.
    focus_shown: bool,
    /// Whether the focus has moved, and its target is to be scrolled into sight.
    focus_moved: bool,
    hover: Option<Target>,
    help: bool,
    scroll: Scroll,
    effects: Vec<Effect>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            link: Link::Looking,
            mix: Mix::default(),
            audio: nothing(),
            programs: Vec::new(),
            settings: Settings::default(),
            slider: Slider::default(),
            asked: VecDeque::new(),
            reasons: HashMap::new(),
            entry: Field::default(),
            picked: None,
            offers_closed: false,
            edit: None,
            carried: None,
            carry_left: false,
            said: Said::default(),
            focus: Target::Slider,
            focus_at: 0,
            focus_left: None,
            focus_shown: false,
            focus_moved: false,
            hover: None,
            help: false,
            scroll: Scroll::default(),
            effects: Vec::new(),
        }
    }
}

/// What PipeWire has before anybody has said it.
fn nothing() -> Audio {
    Audio {
        output: None,
        omitted: 0,
        streams: Vec::new(),
        pipewire: PipeWireState::Up,
        warnings: Vec::new(),
    }
}

impl Model {
    /// Takes in what has happened, and says what is to be done.
    pub fn handle(&mut self, message: Message) -> Vec<Effect> {
        if self.is_act(&message) {
            self.said.answer = None;
        }
        match message {
            Message::Key(key, modifiers) => self.key(key, modifiers),
            Message::Typed(text) => self.typed(&text),
            Message::Composed(text) => {
                if let Some(field) = self.field() {
                    field.compose(&text);
                }
            }
            Message::Point(target) => {
                self.hover = target;
                if let Some(Target::Stream(id)) = target {
                    self.ask_reason(id);
                }
            }
            Message::Click(target) => {
                self.focus_shown = false;
                self.click(target);
            }
            Message::Away => {
                self.offers_closed = true;
                self.end_edit();
            }
            Message::Hold(volume) => {
                self.focus_on(Target::Slider);
                self.focus_shown = false;
                self.slider.hold();
                if let Some(volume) = volume {
                    self.slide(volume);
                }
            }
            Message::Slide(volume) if self.slider.is_held() => self.slide(volume),
            Message::Slide(_) => {}
            Message::LetGo => self.let_go(),
            Message::Turn(notches) => self.turn(notches),
            Message::Caret { at, selects } => {
                if let Some(field) = self.field() {
                    field.place(at, selects);
                }
            }
            Message::Carry { .. } if self.carry_left => {}
            Message::Carry { id, x, y, over } => {
                self.carried = self.stream(id).map(|_| Carried { id, x, y, over });
            }
            Message::Drop(channel) => {
                self.carry_left = false;
                if let (Some(carried), Some(channel)) = (self.carried.take(), channel) {
                    self.send_to(carried.id, channel);
                }
            }
            Message::Scroll(pane, by) => {
                *self.scroll.of(pane) += by;
                self.focus_moved = false;
            }
            Message::Connected => self.connected(),
            Message::Lost(lost) => self.lost(lost),
            Message::Event(event) => self.event(event),
            Message::Answer(answer) => self.answer(answer),
        }
        self.keep_focus();
        self.let_go_of_gone();
        std::mem::take(&mut self.effects)
    }

    /// The view has shown the lists this far: what it had no room for is not kept.
    pub fn scrolled(&mut self, scroll: Scroll) {
        self.scroll = scroll;
        self.focus_moved = false;
    }

    /// Whether mixd is there.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The volume that the handle shows: the hand's while it moves it, else mixd's.
    pub fn volume(&self) -> Volume {
        self.slider.volume(self.mix.volume)
    }

    /// That volume with its gains: mixd's, or what mixd will make of the hand's.
    pub fn mix(&self) -> Mix {
        match self.volume() {
            volume if volume == self.mix.volume => self.mix,
            volume => self.settings.curve.mix(volume),
        }
    }

    /// What PipeWire has.
    pub fn audio(&self) -> &Audio {
        &self.audio
    }

    /// The program list.
    pub fn programs(&self) -> &[Rule] {
        &self.programs
    }

    /// What is configured.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where a pattern is typed.
    pub fn entry(&self) -> &Field {
        &self.entry
    }

    /// The pattern that is being changed.
    pub fn edit(&self) -> Option<&Edit> {
        self.edit.as_ref()
    }

    /// The stream that the pointer carries.
    pub fn carried(&self) -> Option<Carried> {
        self.carried
    }

    /// What the pointer is over.
    pub fn hover(&self) -> Option<Target> {
        self.hover
    }

    /// Whether the keys are shown.
    pub fn help(&self) -> bool {
        self.help
    }

    /// How far the lists are scrolled.
    pub fn scroll(&self) -> Scroll {
        self.scroll
    }

    /// Which offer is chosen.
    pub fn picked(&self) -> Option<u32> {
        self.picked
    }

    /// Why a stream is not played through its channel, if that is known.
    pub fn reason(&self, id: u32) -> Option<&str> {
        self.reasons.get(&id).map(String::as_str)
    }

    /// Whether text is being typed, so that an input method may help.
    pub fn types(&self) -> bool {
        matches!(self.focus, Target::Entry | Target::Edit) && self.link == Link::Up && !self.help
    }

    /// The streams of a channel, the oldest first.
    pub fn streams(&self, channel: Channel) -> impl Iterator<Item = &Stream> {
        let streams = self.audio.streams.iter();
        streams.filter(move |stream| stream.channel == channel)
    }

    /// The streams that can be picked for the list: those that are not on it and that the typed
    /// text does not exclude. None while the text has not the focus.
    pub fn offers(&self) -> Vec<&Stream> {
        if self.focus != Target::Entry || self.offers_closed || self.link != Link::Up {
            return Vec::new();
        }
        let typed = self.entry.text().to_lowercase();
        let mut offers: Vec<&Stream> = Vec::new();
        for stream in self.streams(Channel::Default) {
            let names = [Some(&stream.name), stream.binary.as_ref()];
            let mut names = names.into_iter().flatten();
            let fits = names.any(|name| name.to_lowercase().contains(&typed));
            let same = |other: &&Stream| other.name == stream.name && other.binary == stream.binary;
            let is_listed = stream.state == StreamState::Ignored;
            if fits && !is_listed && !offers.iter().any(same) {
                offers.push(stream);
            }
        }
        offers
    }

    fn stream(&self, id: u32) -> Option<&Stream> {
        self.audio.streams.iter().find(|stream| stream.id == id)
    }

    fn lists(&self, pattern: Pattern) -> bool {
        self.programs.iter().any(|rule| *rule.pattern() == pattern)
    }

    /// The text that has the focus.
    fn field(&mut self) -> Option<&mut Field> {
        if !self.types() {
            return None;
        }
        match self.focus {
            Target::Entry => Some(&mut self.entry),
            Target::Edit => self.edit.as_mut().map(|edit| &mut edit.field),
            _ => None,
        }
    }

    /// What is pointed at, picked or carried may have gone.
    fn let_go_of_gone(&mut self) {
        let offers: Vec<u32> = self.offers().iter().map(|stream| stream.id).collect();
        let offered = |id: u32| offers.contains(&id);
        if self.picked.is_some_and(|id| !offered(id)) {
            self.picked = None;
        }
        let is_there = |target: Target| match target {
            Target::Stream(id) => self.stream(id).is_some(),
            Target::Offer(id) => offered(id),
            Target::Pattern(pattern) | Target::Delete(pattern) => self.lists(pattern),
            Target::Edit => self.edit.is_some(),
            Target::Undo => self.foot().undo,
            Target::Slider | Target::Entry | Target::Help | Target::Foot => true,
        };
        if self.hover.is_some_and(|target| !is_there(target)) {
            self.hover = None;
        }
        let carried = self.carried;
        if carried.is_some_and(|carried| self.stream(carried.id).is_none()) {
            self.carried = None;
        }
    }

    fn click(&mut self, target: Target) {
        match target {
            // It is held, not clicked.
            Target::Slider => self.focus_on(Target::Slider),
            Target::Entry => {
                self.focus_on(Target::Entry);
                self.offers_closed = false;
            }
            Target::Edit | Target::Foot => {}
            Target::Stream(id) => {
                self.focus_on(target);
                self.send_over(id);
            }
            Target::Offer(id) => {
                self.pick_offer(id);
                self.offers_closed = true;
            }
            Target::Pattern(pattern) => self.start_edit(pattern),
            Target::Delete(pattern) => self.delete(pattern),
            Target::Undo => self.undo(),
            Target::Help => {
                self.focus_on(Target::Help);
                self.help = !self.help;
            }
        }
    }

    fn start_edit(&mut self, pattern: Pattern) {
        if self.lists(pattern) {
            self.focus_on(Target::Pattern(pattern));
            let field = Field::holding(&pattern);
            self.edit = Some(Edit { pattern, field });
            self.focus_on(Target::Edit);
        }
    }

    /// Leaves the text being changed as it was.
    fn end_edit(&mut self) {
        if let Some(edit) = self.edit.take() {
            self.focus_on(Target::Pattern(edit.pattern));
        }
    }
}
