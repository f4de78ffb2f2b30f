//! The body of the target `model`: a user and a mixd that do anything in any order, on a window of
//! any size.

/// As the tests of mixview have it.
#[path = "../../mixview/src/fake_daemon.rs"]
mod fake_daemon;

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use wire::message::{Pattern, Rule};
use wire::{Request, Text, Volume, Welcome};

use mixview::canvas::Canvas;
use mixview::display_list::damage;
use mixview::font::Fonts;
use mixview::geometry::Pixels;
use mixview::input::Pointer;
use mixview::model::{
    self, Effect, Key, LinkError, Message, Model, Modifiers, SliderMessage, Target,
};
use mixview::theme::DARK;
use mixview::view::{Frame, Viewport, view, zoomed};

use self::fake_daemon::FakeDaemon;

fn any_volume(input: &mut Unstructured) -> arbitrary::Result<Volume> {
    let millionths = input.int_in_range(-1_000_000..=1_000_000)?;
    Volume::try_from(millionths).map_err(|_| arbitrary::Error::IncorrectFormat)
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Action {
    Move {
        x: i16,
        y: i16,
    },
    /// Moves onto a hit area.
    Seek(u8),
    Press {
        shift: bool,
    },
    Release,
    Leave,
    Wheel {
        right: f32,
        up: f32,
    },
    Key(u8, bool, bool),
    Type(Piece),
    Compose(Piece),
    Wait(u16),
    /// mixd answers so many requests.
    Answer(u8),
    Elsewhere(#[arbitrary(with = any_volume)] Volume),
    Appear(u8, Piece),
    Vanish(u8),
    AddElsewhere(Piece),
    IgnoreElsewhere(Piece),
    RemoveElsewhere(u8),
    Lose,
    Resize(u16, u16, u8),
    /// Holds a key until it has repeated so often, while mixd answers.
    HoldKey(u8, bool, bool, u8),
    HoldText(Piece, u8),
    /// The window gets the focus.
    Focus,
    MiddlePress,
    /// The text comes that is to be pasted.
    Paste(Piece),
}

impl Action {
    /// Returns whether it depends on what the window shows where.
    fn is_the_pointers(self) -> bool {
        matches!(
            self,
            Self::Move { .. }
                | Self::Seek(_)
                | Self::Press { .. }
                | Self::Release
                | Self::MiddlePress
                | Self::Wheel { .. }
        )
    }
}

/// A short text, often one of those that mean something.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Piece {
    Known(u8),
    Any([char; 3]),
}

impl Piece {
    fn text(self) -> String {
        const KNOWN: [&str; 12] = [
            "Game",
            "Discord",
            "disc*",
            "[x",
            "0",
            "?",
            "+",
            " ",
            "é\u{301}",
            "音",
            "a",
            "*",
        ];
        match self {
            Self::Known(at) => KNOWN[usize::from(at) % KNOWN.len()].to_owned(),
            Self::Any(characters) => characters.iter().collect(),
        }
    }
}

const KEYS: [Key; 29] = [
    Key::Left,
    Key::Right,
    Key::Up,
    Key::Down,
    Key::Home,
    Key::End,
    Key::PageUp,
    Key::PageDown,
    Key::Enter,
    Key::Escape,
    Key::Tab,
    Key::Tab,
    Key::Tab,
    Key::Backspace,
    Key::Delete,
    Key::F1,
    Key::F2,
    Key::Letter('z'),
    Key::Letter('y'),
    Key::Letter('a'),
    Key::Letter('q'),
    Key::Letter('w'),
    Key::Letter('+'),
    Key::Letter('-'),
    Key::Letter('0'),
    Key::Letter('c'),
    Key::Letter('x'),
    Key::Letter('v'),
    Key::Insert,
];

/// The largest window that is drawn, in pixels.
const MAX_PIXELS: u32 = 200_000;
/// How many pixels may differ between what is redrawn in part and as a whole.
const CORNERS: usize = 16;
/// The most actions of a run.
const MAX_ACTIONS: usize = 200;

struct World {
    model: Model,
    daemon: FakeDaemon,
    fonts: Fonts,
    pointer: Pointer,
    now: Duration,
    viewport: Viewport,
    /// The pixels of a logical one, with the zoom.
    scale: f32,
    frame: Frame,
    /// Something has happened since the frame was laid out.
    is_changed: bool,
    /// How many changes of the list were asked for.
    changes: usize,
    /// Whether the window waits for text to paste.
    awaits_paste: bool,
}

impl World {
    fn update(&mut self, messages: Vec<Message>) {
        self.is_changed |= !messages.is_empty();
        for message in messages {
            let edited = self.edited().filter(|_| !gives_up(&message));
            let is_from_mixd = matches!(message, Message::Reply(_) | Message::Event(_));
            let quits = matches!(
                message,
                Message::Key(Key::Letter('q' | 'w'), Modifiers { control: true, .. })
            );
            let mut changes = 0;
            for effect in self.model.update(message) {
                match effect {
                    Effect::Send(request) => {
                        changes += usize::from(changes_list(&request));
                        self.daemon.inbox.push_back(request);
                    }
                    Effect::Copy(_, text) => assert!(!text.is_empty(), "nothing is copied"),
                    Effect::Paste(_) => self.awaits_paste = true,
                    Effect::Close => assert!(quits, "only Ctrl+Q and Ctrl+W end the window"),
                }
            }
            self.changes += changes;
            // An edit is kept, or given up in words, unless the user gives it up.
            if let Some((pattern, text)) = edited
                && self
                    .model
                    .edit
                    .as_ref()
                    .is_none_or(|edit| edit.pattern != pattern && edit.field.text().trim() != text)
            {
                let rules = &self.model.daemon.rules;
                let is_done = rules.iter().any(|rule| **rule.pattern() == *text);
                let is_said = self.model.alarm().is_some();
                assert!(is_done || is_said, "the edit to {text} is lost");
            }
            // The user asks for one change at a time; nothing else asks for any.
            assert!(changes <= usize::from(!is_from_mixd), "{changes} changes");
            let sets = self.daemon.inbox.iter();
            let sets = sets.filter(|request| matches!(request, Request::SetVolume(_)));
            assert!(sets.count() <= 1, "two sets are unanswered");
        }
    }

    /// The pattern that is being changed, and what to, if to another.
    fn edited(&self) -> Option<(Pattern, String)> {
        let edit = self.model.edit.as_ref()?;
        let text = edit.field.text().trim();
        (text != &*edit.pattern).then(|| (edit.pattern, text.to_owned()))
    }

    fn answer(&mut self, most: usize) {
        for _ in 0..most {
            if self.daemon.inbox.is_empty() {
                break;
            }
            let messages = self.daemon.answer();
            self.update(messages);
        }
    }

    /// Lays out what has changed since. Returns the frame before.
    fn lay_out(&mut self) -> Option<Frame> {
        if !std::mem::take(&mut self.is_changed) {
            return None;
        }
        let viewport = zoomed(&mut self.model, self.viewport);
        self.pointer.rescaled(viewport.scale / self.scale);
        self.scale = viewport.scale;
        let frame = view(&self.model, &self.fonts, &DARK, viewport);
        self.model.set_scroll(frame.scroll);
        if let Some(message) = self.pointer.hover_changed(self.model.hover, &frame) {
            self.update(vec![message]);
        }
        for area in &frame.areas {
            let (width, height) = (frame.size.0.max(320.0), frame.size.1.max(240.0));
            let rect = area.rect;
            assert!(
                rect.x >= -1.0
                    && rect.right() <= width + 1.0
                    && rect.y >= -1.0
                    && rect.bottom() <= height + 1.0,
                "{area:?} lies outside"
            );
        }
        self.check_rows();
        Some(std::mem::replace(&mut self.frame, frame))
    }

    /// Each stream is in one row, unless the window has room for none, and what has the focus is there.
    fn check_rows(&self) {
        let model = &self.model;
        let order = model.focus_order();
        assert!(order.contains(&model.focus.target));
        for stream in &model.daemon.audio.streams {
            let program = model.daemon.program(stream.id);
            let row = program.map(|program| Target::Stream(program.first.id));
            let rows = order.iter().filter(|target| Some(**target) == row);
            assert_eq!(rows.count(), usize::from(!model.focus.is_low), "{stream:?}");
        }
    }

    /// Presses a key and holds it. The list changes at most once. Returns what is left to tell: nothing.
    fn hold(&mut self, press: Message, repeat: &Message, count: u8) -> Vec<Message> {
        let before = self.changes;
        self.update(vec![press]);
        for _ in 0..count % 8 {
            self.answer(usize::MAX);
            self.update(vec![repeat.clone()]);
        }
        assert!(
            self.changes <= before + 1,
            "{repeat:?} has changed the list"
        );
        Vec::new()
    }

    #[allow(clippy::too_many_lines)] // a table of the actions
    fn act(&mut self, action: Action) {
        let frame = &self.frame;
        let messages = match action {
            Action::Move { x, y } => {
                self.pointer
                    .moved(f32::from(x) / 8.0, f32::from(y) / 8.0, frame)
            }
            Action::Seek(at) => {
                let area = frame.areas.get(usize::from(at) % frame.areas.len().max(1));
                let rect = area.map(|area| area.rect).unwrap_or_default();
                let (x, y) = (rect.x + rect.width / 2.0, rect.y + rect.height / 2.0);
                self.pointer.moved(x, y, frame)
            }
            Action::Press { shift } => self.pointer.pressed(self.now, shift, frame),
            Action::MiddlePress => self.pointer.middle_pressed(frame),
            Action::Paste(piece) => {
                let is_awaited = std::mem::take(&mut self.awaits_paste);
                let text = is_awaited.then(|| Message::Pasted(piece.text()));
                text.into_iter().collect()
            }
            Action::Release => self.pointer.released(frame),
            Action::Leave => self.pointer.left(),
            Action::Wheel { right, up } => self.pointer.wheel(right, up, frame),
            Action::Key(key, shift, control) => {
                let key = KEYS[usize::from(key) % KEYS.len()];
                vec![Message::Key(key, Modifiers { shift, control })]
            }
            Action::Type(piece) => vec![Message::Text(piece.text())],
            Action::Compose(piece) => vec![Message::Preedit(piece.text())],
            Action::Focus => {
                self.pointer.focused(self.now);
                Vec::new()
            }
            Action::Wait(time) => {
                self.now += Duration::from_millis(time.into());
                Vec::new()
            }
            Action::Answer(count) => {
                self.answer(count.into());
                Vec::new()
            }
            Action::Elsewhere(volume) => {
                self.daemon.volume = volume;
                vec![self.daemon.volume_event()]
            }
            Action::Appear(id, piece) => {
                self.daemon.appear(id.into(), &piece.text());
                vec![self.daemon.streams_event()]
            }
            Action::Vanish(id) => {
                self.daemon.vanish(id.into());
                vec![self.daemon.streams_event()]
            }
            Action::AddElsewhere(piece) => {
                let rule = Rule::Program(Text::truncated(&piece.text()));
                self.daemon.add(rule);
                vec![self.daemon.programs_event(), self.daemon.streams_event()]
            }
            Action::IgnoreElsewhere(piece) => {
                let rule = Rule::Ignore(Text::truncated(&piece.text()));
                self.daemon.add(rule);
                vec![self.daemon.programs_event(), self.daemon.streams_event()]
            }
            Action::RemoveElsewhere(at) => {
                let count = self.daemon.programs.len().max(1);
                let at = usize::from(at) % count;
                if at < self.daemon.programs.len() {
                    self.daemon.change(|programs| _ = programs.remove(at));
                }
                vec![self.daemon.programs_event(), self.daemon.streams_event()]
            }
            Action::Lose => {
                self.daemon.inbox.clear();
                let lost = LinkError {
                    title: "mixd is not there",
                    reason: "gone".to_owned(),
                    command: Some("mixd".to_owned()),
                };
                vec![
                    Message::Disconnected(lost),
                    Message::Connected(Welcome::new("mixd")),
                ]
            }
            Action::Resize(width, height, scale) => {
                self.viewport = Viewport {
                    width: u32::from(width).clamp(1, 2000),
                    height: u32::from(height).clamp(1, 2000),
                    scale: 0.5 + f32::from(scale) / 64.0,
                };
                self.is_changed = true;
                Vec::new()
            }
            Action::HoldKey(key, shift, control, count) => {
                let key = KEYS[usize::from(key) % KEYS.len()];
                let modifiers = Modifiers { shift, control };
                let repeat = Message::KeyRepeat(key, modifiers);
                self.hold(Message::Key(key, modifiers), &repeat, count)
            }
            Action::HoldText(piece, count) => {
                let repeat = Message::TextRepeat(piece.text());
                self.hold(Message::Text(piece.text()), &repeat, count)
            }
        };
        // Only a subscriber gets events.
        let is_mixd = |message: &Message| matches!(message, Message::Event(_));
        let is_up = self.model.daemon.is_up();
        let messages = messages.into_iter();
        let messages = messages.filter(|message| is_up || !is_mixd(message));
        self.update(messages.collect());
    }
}

/// Returns whether a message may end an edit that is not done.
fn gives_up(message: &Message) -> bool {
    matches!(message, Message::Key(Key::Escape, _))
}

/// Returns whether a request changes the program list.
fn changes_list(request: &Request) -> bool {
    matches!(
        request,
        Request::AddProgram(_)
            | Request::RemoveProgram(_)
            | Request::ReplaceProgram(_)
            | Request::MoveStream(_)
            | Request::Undo
            | Request::Redo
    )
}

/// Does to the window what the bytes say.
///
/// # Panics
/// An assertion does not hold.
pub fn model(bytes: &[u8]) {
    let mut bytes = Unstructured::new(bytes);
    let Ok(fonts) = Fonts::new() else {
        return;
    };
    let mut world = World {
        model: Model::default(),
        daemon: FakeDaemon::new(&["Game", "Discord", "Discord Canary"], &["disc*"]),
        fonts,
        pointer: Pointer::default(),
        now: Duration::ZERO,
        viewport: Viewport {
            width: 480,
            height: 420,
            scale: 1.0,
        },
        scale: 1.0,
        frame: Frame::default(),
        is_changed: false,
        changes: 0,
        awaits_paste: false,
    };
    let at_once = bytes.arbitrary().unwrap_or(false);
    let draws = bytes.ratio(1, 16).unwrap_or(false);
    world.update(vec![Message::Connected(Welcome::new("mixd"))]);
    world.answer(usize::MAX);
    world.lay_out();
    let mut window = draws.then(|| Drawn::new(&world));
    for _ in 0..MAX_ACTIONS {
        let Ok(action) = bytes.arbitrary::<Action>() else {
            break;
        };
        // As the window does: once for all that has happened, before the pointer meets what it shows. What an
        // input ends with is laid out as well, so that each sequence of actions is.
        if window.is_none() && action.is_the_pointers() {
            world.lay_out();
        }
        world.act(action);
        if at_once {
            world.answer(usize::MAX);
        }
        let is_last = bytes.is_empty();
        if window.is_some() || is_last {
            let old = world.lay_out();
            if let (Some(window), Some(old)) = (&mut window, old) {
                window.update(&world, &old);
            }
        }
        if is_last {
            break;
        }
    }
    if let Some(window) = &mut window {
        window.check(&world);
    }
    // Everything is answered in the end: the handle stands where mixd's volume does.
    let messages = world.pointer.released(&world.frame);
    world.update(messages);
    world.update(vec![Message::Slider(SliderMessage::Release)]);
    world.answer(usize::MAX);
    if world.model.daemon.is_up() {
        assert_eq!(world.model.volume(), world.daemon.volume);
        assert_eq!(world.model.daemon.rules, world.daemon.programs);
    }
}

/// The pixels of the window, of which only what changes is drawn anew.
struct Drawn {
    canvas: Canvas,
    viewport: Viewport,
    /// The pixels of a logical one, with the zoom.
    scale: f32,
    pixels: Vec<u32>,
}

impl Drawn {
    fn new(world: &World) -> Self {
        let mut drawn = Self {
            canvas: Canvas::default(),
            viewport: world.viewport,
            scale: world.scale,
            pixels: Vec::new(),
        };
        drawn.pixels = drawn.whole(world);
        drawn
    }

    /// Draws all of it. Large windows are no other than small ones, and take long: of those there is nothing.
    fn whole(&mut self, world: &World) -> Vec<u32> {
        let Viewport { width, height, .. } = world.viewport;
        if width * height > MAX_PIXELS {
            return Vec::new();
        }
        let mut pixels = vec![0; width as usize * height as usize];
        self.draw(world, Pixels::of_size(width, height), &mut pixels);
        pixels
    }

    fn draw(&mut self, world: &World, region: Pixels, pixels: &mut [u32]) {
        let width = world.viewport.width as usize;
        let items = &world.frame.items;
        self.canvas.draw(items, &world.fonts, region, pixels, width);
    }

    /// Draws what has changed since the frame `old`.
    fn update(&mut self, world: &World, old: &Frame) {
        let mut pixels = std::mem::take(&mut self.pixels);
        if (self.viewport, self.scale) != (world.viewport, world.scale) {
            (self.viewport, self.scale) = (world.viewport, world.scale);
            pixels = self.whole(world);
        } else if !pixels.is_empty() {
            let Viewport { width, height, .. } = world.viewport;
            let whole = Pixels::of_size(width, height);
            for region in damage(&old.items, &world.frame.items, whole) {
                self.draw(world, region, &mut pixels);
            }
        }
        self.pixels = pixels;
    }

    /// Checks that it is what drawing all of it gives. At the end alone: each sequence of actions is an input.
    fn check(&mut self, world: &World) {
        let all = self.whole(world);
        assert_eq!(self.pixels.len(), all.len());
        // tiny-skia follows a curve in fixed point, from where a rectangle's edge cuts it: some of a
        // corner's pixels differ. What is missing or left over is more than that.
        let far = |(a, b): (&u32, &u32)| {
            let bytes = || a.to_be_bytes().into_iter().zip(b.to_be_bytes());
            a != b && bytes().any(|(a, b)| a.abs_diff(b) > 64)
        };
        let wrong = self
            .pixels
            .iter()
            .zip(&all)
            .filter(|pair| far(*pair))
            .count();
        assert!(
            wrong <= CORNERS,
            "{wrong} pixels should have been drawn anew"
        );
    }
}
