//! The window's state: messages in, effects out. No pixels, no clock, no socket.
//!
//! Each part has its own state: `daemon` mirrors mixd, `slider` has the volume that is being
//! set, `entry` the text field for a new pattern, `drag` the stream under the pointer, `focus`
//! the keyboard focus, `status` the alarm and the status line, `clipboard` copies and pastes, `zoom` the size of it
//! all. [`Model::update`] hands a message to the parts it concerns, and then lets go of everything whose stream or
//! pattern has gone.

mod clipboard;
mod daemon;
mod drag;
mod entry;
mod focus;
mod keys;
mod list;
mod program;
mod slider;
mod status;
#[cfg(test)]
mod tests;
mod text_field;
mod zoom;

use wire::message::Pattern;
use wire::{Channel, Event, Failure, Mix, Reply, Request, Volume, Welcome};

pub use clipboard::Selection;
use daemon::Pending;
pub use daemon::{Daemon, LinkError, LinkState};
pub use drag::{Drag, Dragged};
use entry::Trial;
pub use entry::{Entry, Suggestion};
pub use focus::Focus;
pub use keys::{KEYS, Key, Modifiers};
pub use program::Program;
pub use slider::{Slider, SliderMessage};
use status::StatusLine;
pub use status::{Notice, capitalized};
pub use text_field::TextField;
pub use zoom::Zoom;

/// Something that can be pointed at, focused and used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    #[default]
    Slider,
    /// A channel's name and gain, which have the volume set to its end.
    End(Channel),
    /// The volume in digits, and the text field in their place.
    Value,
    /// The row of a program that plays, by the id of its oldest stream.
    Stream(u32),
    /// The arrow in that row, which sends the program to the other channel.
    Send(u32),
    /// The text field for a new pattern.
    Entry,
    /// Something that is suggested below the entry.
    Suggestion(Suggestion),
    /// A pattern of the list.
    Pattern(Pattern),
    /// The pencil in a pattern's row, which has it changed there.
    StartEdit(Pattern),
    /// The button that removes a pattern from the list.
    Delete(Pattern),
    /// The text field in place of the pattern that is being changed.
    Edit,
    /// The banner that says what is wrong.
    Alarm,
    StatusLine,
    Undo,
    Redo,
    Help,
    /// The command that starts mixd, shown while mixd is not there: a click copies it.
    Command,
}

/// A list that can be scrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    Streams(Channel),
    Patterns,
    Suggestions,
}

/// How far each list is scrolled, in logical pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scroll {
    pub default: f32,
    pub aux: f32,
    pub patterns: f32,
    pub suggestions: f32,
}

impl Scroll {
    pub fn of(&mut self, pane: Pane) -> &mut f32 {
        match pane {
            Pane::Streams(Channel::Default) => &mut self.default,
            Pane::Streams(Channel::Aux) => &mut self.aux,
            Pane::Patterns => &mut self.patterns,
            Pane::Suggestions => &mut self.suggestions,
        }
    }
}

/// An input of the model.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key that is not text.
    Key(Key, Modifiers),
    /// Text from a key or an input method.
    Text(String),
    /// A key that is not text repeats: it is held down.
    KeyRepeat(Key, Modifiers),
    /// A key that is text repeats: it is held down.
    TextRepeat(String),
    /// The text that an input method is composing; empty when it has ended.
    Preedit(String),
    /// The pointer is over this, or over nothing.
    Hover(Option<Target>),
    /// The button is pressed on this, or on nothing: finishes and closes what is open elsewhere.
    Press(Option<Target>),
    /// A click: the button was pressed and released on this.
    Click(Target),
    Slider(SliderMessage),
    /// Moves the caret of the focused text field to this byte.
    Caret {
        at: usize,
        selects: bool,
    },
    /// Selects the word at this byte of the focused text field.
    SelectWord(usize),
    /// Selects all of the focused text field.
    SelectAll,
    /// The pointer has selected what it was to select.
    Selected,
    /// Pastes into the focused text field.
    Paste(Selection),
    /// The text that was asked for by [`Effect::Paste`]; empty if there is none.
    Pasted(String),
    Drag(Dragged),
    /// Drops the dragged program on this channel; on none, it stays where it was.
    Drop(Option<Channel>),
    /// Scrolls a list by so many logical pixels.
    Scroll(Pane, f32),
    /// mixd has sent its Welcome.
    Connected(Welcome),
    Disconnected(LinkError),
    Event(Event<'static>),
    /// The reply to the oldest request without one.
    Reply(Result<Reply<'static>, Failure>),
}

/// A side effect, which the window carries out.
// It is carried out at once: an allocation would cost more than the room.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Sends a request to mixd.
    Send(Request),
    /// Has other programs paste this text.
    Copy(Selection, String),
    /// Asks for the text that [`Message::Pasted`] brings, and for no other meanwhile.
    Paste(Selection),
    /// Closes the window.
    Close,
}

/// A pattern that is being changed in its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The pattern as it is on the list.
    pub pattern: Pattern,
    pub field: TextField,
}

impl Edit {
    /// Whether the text is another than the pattern.
    fn is_change(&self) -> bool {
        self.field.text().trim() != &*self.pattern
    }
}

/// Everything that the window shows. The view reads it; only [`update`](Self::update) and
/// [`set_scroll`](Self::set_scroll) change it.
#[derive(Default)]
pub struct Model {
    pub daemon: Daemon,
    pub slider: Slider,
    pub entry: Entry,
    pub edit: Option<Edit>,
    /// The volume that is being typed.
    pub value: Option<TextField>,
    /// The pattern that was added last, until the user does something else: its row is shown.
    pub added: Option<Pattern>,
    pub drag: Drag,
    pub focus: Focus,
    pub hover: Option<Target>,
    /// Whether the help is open.
    pub help: bool,
    pub scroll: Scroll,
    pub zoom: Zoom,
    /// Whether the last key that was pressed has typed into the focused text field.
    is_typing: bool,
    /// Whether pasted text is waited for, for the focused text field.
    awaits_paste: bool,
    status: StatusLine,
    effects: Vec<Effect>,
}

impl Model {
    /// Takes in a message. Returns the effects, for the window to carry out in this order.
    pub fn update(&mut self, message: Message) -> Vec<Effect> {
        if self.is_action(&message) {
            self.status.answer = None;
            self.added = None;
        }
        if let Message::Key(..) = message {
            self.added = None;
        }
        match message {
            Message::Key(key, modifiers) => self.key(key, modifiers),
            Message::Text(text) => self.text(&text),
            Message::KeyRepeat(key, modifiers) if self.repeats(key, modifiers) => {
                self.key(key, modifiers);
            }
            Message::TextRepeat(text) if self.is_typing => self.text(&text),
            Message::KeyRepeat(..) | Message::TextRepeat(_) => {}
            Message::Preedit(text) => {
                if let Some(field) = self.focused_field() {
                    field.set_preedit(&text);
                }
            }
            Message::Hover(target) => self.hover = target,
            Message::Click(target) => {
                self.focus.is_visible = false;
                self.click(target);
            }
            Message::Press(target) => {
                self.entry.is_dismissed |= target.is_none();
                if target != Some(Target::Edit) {
                    self.leave_edit();
                }
                if target != Some(Target::Value) {
                    self.finish_value();
                }
            }
            // The help hides what it would turn.
            Message::Slider(SliderMessage::Wheel(_)) if self.help => {}
            Message::Slider(message) => {
                if let SliderMessage::Grab(_) = message {
                    self.focus_on(Target::Slider);
                    self.focus.is_visible = false;
                }
                self.slide(message);
            }
            Message::Caret { at, selects } => {
                if let Some(field) = self.focused_field() {
                    field.set_caret(at, selects);
                }
            }
            Message::SelectWord(at) => {
                if let Some(field) = self.focused_field() {
                    field.select_word(at);
                }
            }
            Message::SelectAll => {
                if let Some(field) = self.focused_field() {
                    field.select_all();
                }
            }
            Message::Selected => self.own_primary(),
            Message::Paste(selection) => self.paste(selection),
            Message::Pasted(text) => self.pasted(&text),
            Message::Drag(dragged) => self.drag.update(dragged),
            Message::Drop(channel) => {
                if let (Some(dragged), Some(channel)) = (self.drag.finish(), channel) {
                    self.move_stream(dragged.id, channel);
                }
            }
            Message::Scroll(pane, by) => {
                *self.scroll.of(pane) += by;
                self.focus.scrolls = false;
            }
            Message::Connected(welcome) => {
                self.forget_pending();
                self.effects.push(self.daemon.connect(&welcome));
            }
            Message::Disconnected(error) => {
                if self.daemon.is_up() {
                    self.focus.restore = Some(self.focus.target);
                    // What this mixd has refused is no news of the next one.
                    self.status.answer = None;
                }
                self.forget_pending();
                self.daemon.disconnect(error);
            }
            Message::Event(event) => self.event(event),
            Message::Reply(reply) => self.reply(reply),
        }
        self.settle();
        std::mem::take(&mut self.effects)
    }

    /// Takes over how far the view could scroll the lists.
    pub fn set_scroll(&mut self, scroll: Scroll) {
        self.scroll = scroll;
        self.focus.scrolls = false;
    }

    /// The volume that the handle shows: the user's while it is being set, else mixd's.
    pub fn volume(&self) -> Volume {
        self.slider.volume(&self.daemon)
    }

    /// That volume with its gains: mixd's, or what mixd will make of the user's.
    pub fn mix(&self) -> Mix {
        match self.volume() {
            volume if volume == self.daemon.mix.volume => self.daemon.mix,
            volume => self.daemon.settings.curve.mix(volume),
        }
    }

    /// Whether a text field has the focus, so that an input method may help.
    pub fn accepts_text(&self) -> bool {
        let target = self.focus.target;
        matches!(target, Target::Entry | Target::Edit | Target::Value)
            && self.daemon.is_up()
            && !self.help
    }

    /// What is suggested below the entry; nothing while that has not the focus.
    pub fn suggestions(&self) -> Vec<Suggestion> {
        match self.focus.target == Target::Entry && self.daemon.is_up() {
            true => self.entry.suggestions(&self.daemon),
            false => Vec::new(),
        }
    }

    /// What is wrong, if anything is: a sentence.
    pub fn alarm(&self) -> Option<String> {
        self.status.alarm(&self.daemon)
    }

    /// Whether something is wrong that the user's next action does not end.
    pub fn has_lasting_alarm(&self) -> bool {
        self.daemon.alarm().is_some()
    }

    /// The content of the status line.
    pub fn status(&self) -> Notice {
        self.status.notice(&self.daemon)
    }

    fn focused_field(&mut self) -> Option<&mut TextField> {
        match self.focus.target {
            _ if !self.accepts_text() => None,
            Target::Entry => Some(&mut self.entry.field),
            Target::Value => self.value.as_mut(),
            _ => self.edit.as_mut().map(|edit| &mut edit.field),
        }
    }

    /// The text of the focused field has changed.
    fn text_changed(&mut self) {
        if self.focus.target == Target::Entry {
            self.entry.text_changed();
            self.scroll.suggestions = 0.0;
        }
    }

    fn slide(&mut self, message: SliderMessage) {
        if let Some(volume) = self.slider.update(message, &self.daemon) {
            self.effects.push(self.daemon.set_volume(volume));
        }
    }

    fn click(&mut self, target: Target) {
        match target {
            Target::Slider | Target::Edit => self.focus_on(target),
            Target::End(channel) => {
                self.focus_on(Target::Slider);
                self.slide(SliderMessage::Set(slider::end(channel)));
            }
            Target::Value => self.type_value(),
            Target::Entry => {
                self.focus_on(target);
                self.entry.is_dismissed = false;
            }
            Target::Alarm | Target::StatusLine => {}
            Target::Command => self.copy_command(),
            Target::Stream(_) | Target::Pattern(_) => {
                self.focus_on(target);
                // It is selected, which is to be seen.
                self.focus.is_visible = true;
            }
            Target::Send(id) => {
                self.focus_on(Target::Stream(id));
                self.move_across(id);
            }
            Target::Suggestion(Suggestion::Stream(id)) => self.add_stream(id),
            Target::Suggestion(Suggestion::Pattern) => self.add_pattern(),
            Target::StartEdit(pattern) => self.start_edit(pattern),
            Target::Delete(pattern) => self.edit_list(Request::RemoveProgram(pattern), None),
            Target::Undo => self.edit_list(Request::Undo, None),
            Target::Redo => self.edit_list(Request::Redo, None),
            Target::Help => {
                self.focus_on(target);
                self.help = !self.help;
            }
        }
    }

    /// No pending request gets its reply any more.
    fn forget_pending(&mut self) {
        let was_editing = self.daemon.forget_pending();
        self.slider = Slider::default();
        self.status.done = None;
        if was_editing {
            self.say(
                "mixd did not answer: the last change may or may not be done",
                true,
            );
        }
    }

    fn event(&mut self, event: Event<'static>) {
        // The first event says that all is well.
        self.daemon.link = LinkState::Up;
        let before = self.daemon.alarm();
        if let Event::Programs(rules) = &event {
            // Somebody else has changed the list since: undo no longer takes back what was done here.
            if self.status.is_list_known && **rules != *self.daemon.rules {
                self.status.done = None;
            }
            self.status.is_list_known = true;
        }
        let was_added = self.added.is_some_and(|added| self.daemon.lists(added));
        self.entry.is_stale |= matches!(event, Event::Programs(_) | Event::Streams(_));
        let row = self.focused_row();
        self.daemon.apply(event);
        self.follow_row(&row);
        let is_added = self.added.is_some_and(|added| self.daemon.lists(added));
        self.focus.scrolls |= is_added && !was_added;
        // What goes wrong now is news, more so than the answer to what was done before.
        let now = self.daemon.alarm();
        if now.is_some() && now != before {
            self.status.answer = None;
        }
    }

    fn reply(&mut self, reply: Result<Reply<'static>, Failure>) {
        match (self.daemon.reply(&reply), reply) {
            (Some(Pending::Subscribe), Err(failure)) => {
                self.say(capitalized(&failure.message), true);
            }
            (Some(Pending::SetVolume), _) => self.slide(SliderMessage::Acknowledged),
            (Some(Pending::TryPattern(pattern)), reply) => {
                self.entry.trial = Some(Trial::new(pattern, reply));
            }
            (Some(Pending::EditList { request, typed }), reply) => {
                self.list_edited(&request, typed, reply);
            }
            _ => {}
        }
    }

    /// Lets go of what has gone, and asks why the programs that are looked at are where they are.
    fn settle(&mut self) {
        self.keep_edit();
        if self.daemon.is_up() {
            let restore = self.focus.restore;
            if let Some(target) = restore.filter(|target| self.focus_order().contains(target)) {
                self.focus_on(target);
            }
        }
        self.keep_focus();
        if self.focus.target != Target::Value {
            self.value = None;
        }
        let suggestions = self.suggestions();
        self.entry.keep_selected(&suggestions);
        if suggestions.contains(&Suggestion::Pattern)
            && let Some(pattern) = self.entry.untried()
            && let Some(effect) = self.daemon.try_pattern(pattern)
        {
            self.entry.is_stale = false;
            self.effects.push(effect);
        }
        self.hover = self.hover.filter(|target| match target {
            Target::Stream(id) | Target::Send(id) => self.daemon.stream(*id).is_some(),
            Target::Suggestion(suggestion) => suggestions.contains(suggestion),
            Target::Pattern(pattern) | Target::StartEdit(pattern) | Target::Delete(pattern) => {
                self.daemon.lists(*pattern)
            }
            Target::Edit => self.edit.is_some(),
            Target::End(_) | Target::Value => self.daemon.is_up(),
            Target::Alarm => self.alarm().is_some(),
            Target::Undo => self.status().can_undo,
            Target::Redo => self.status().can_redo,
            Target::Command => !self.daemon.is_up(),
            Target::Slider | Target::Entry | Target::Help | Target::StatusLine => true,
        });
        let dragged = self.drag.dragged();
        if dragged.is_some_and(|dragged| self.daemon.stream(dragged.id).is_none()) {
            self.drag = Drag::Idle;
        }
        for target in [Some(self.focus.target), self.hover] {
            if let Some(Target::Stream(id) | Target::Send(id)) = target {
                let shown = self.daemon.program(id).map(|program| program.shown().id);
                let reason = shown.and_then(|id| self.daemon.get_reason(id));
                self.effects.extend(reason);
            }
        }
    }
}
