//! The window on the screen: one thread that polls winit's events together with mixd's.
//!
//! winit's loop is itself a descriptor; when it is ready, winit is pumped without waiting. So there
//! is no thread, and no timer but while mixd owes an answer or is not there, or a key is held on Wayland.
//! (Where text was copied or pasted on X11, a library has a thread; so has the feature `accesskit`.)
//!
//! The control flow keeps winit from waiting, not a timeout of the pump: for a timeout, winit 0.30
//! starts a thread on Wayland that watches the connection while others may read from it. We do so
//! only while we draw, and pump once more after that.

mod clipboard;
mod color_scheme;
mod display;
mod icon;
mod keyboard;
pub mod screen;
mod screen_reader;
mod x11;

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use winit::application::ApplicationHandler;
use winit::dpi::{LogicalPosition, LogicalSize, PhysicalPosition, PhysicalSize};
use winit::event::{
    ElementState, Ime, MouseButton, MouseScrollDelta, Touch as Finger, TouchPhase, WindowEvent,
};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, OwnedDisplayHandle};
use winit::keyboard::ModifiersState;
use winit::platform::pump_events::{EventLoopExtPumpEvents, PumpStatus};
use winit::platform::wayland::{ActiveEventLoopExtWayland, WindowAttributesExtWayland};
use winit::platform::x11::{EventLoopExtX11, WindowAttributesExtX11};
use winit::window::{CursorIcon, Window, WindowId};
use wire::Name;
use wire::socket::{self, Interest};

use crate::canvas::Canvas;
use crate::font::Fonts;
use crate::font::system::SystemFonts;
use crate::input::{Pointer, Touch};
use crate::link::Link;
use crate::model::{Effect, Message, Model, Target};
use crate::options::Options;
use crate::theme::Theme;
use crate::view::{DEFAULT_SIZE, Frame, Role, SLIDER_SIZE, Viewport, title, view, zoomed};

use clipboard::Clipboard;
use color_scheme::DesktopTheme;
use keyboard::HeldKeys;
use screen::Screen;
use screen_reader::ScreenReader;
use x11::XServer;

/// The Wayland app id, X11's `WM_CLASS`, and the title at first.
const NAME: &str = "mixview";

/// How often a key that is held is looked after: more often than compositors have it repeat.
const REPEAT: Duration = Duration::from_millis(20);

/// How many logical pixels of a smooth wheel are a notch.
const NOTCH: f64 = 40.0;

/// Shows the window until it is closed.
///
/// # Errors
/// A sentence: there is no display, or it has gone.
pub fn run(options: &Options, name: Name) -> Result<(), String> {
    let mut events = display::open()?;
    events.set_control_flow(ControlFlow::Poll);
    let fonts = Fonts::new().map_err(|error| error.to_string())?;
    // mixd answers while the window is being made, so that the first picture is whole.
    let (link, messages) = Link::open(name, Instant::now());
    let desktop_theme = DesktopTheme::open(options.color_scheme, events.is_x11());
    let mut app = App {
        model: Model::default(),
        link,
        fonts,
        system_fonts: SystemFonts::Unasked,
        canvas: Canvas::default(),
        pointer: Pointer::default(),
        frame: Frame::default(),
        scale: 1.0,
        theme: desktop_theme.theme(None),
        desktop_theme,
        options: options.clone(),
        clipboard: Clipboard::new(events.owned_display_handle()),
        display: events.owned_display_handle(),
        open: None,
        modifiers: ModifiersState::default(),
        held_keys: HeldKeys::default(),
        screen_reader: ScreenReader::open(),
        start: Instant::now(),
        is_dirty: true,
        end: None,
    };
    app.update(messages);
    loop {
        let status = events.pump_app_events(None, &mut app);
        if let Some(end) = app.end {
            return end;
        }
        if let PumpStatus::Exit(_) = status {
            return Err("the display has gone".to_owned());
        }
        let now = Instant::now();
        let mut messages = app.link.turn(now);
        messages.extend(app.clipboard.turn(now).map(Message::Pasted));
        app.update(messages);
        if let Some(messages) = app.screen_reader.turn(&app.model) {
            app.is_dirty = true;
            app.update(messages);
        }
        app.find_fonts();
        if app.desktop_theme.has_changed() {
            app.set_theme(None);
        }
        // Poll does not see events that a request to the display has read along with its answer: it
        // waits only after a turn in which nothing was drawn.
        if !app.refresh() && !app.clipboard.has_read() {
            app.wait(&events)?;
        }
    }
}

struct App {
    model: Model,
    link: Link,
    fonts: Fonts,
    system_fonts: SystemFonts,
    canvas: Canvas,
    pointer: Pointer,
    /// The last layout.
    frame: Frame,
    /// The pixels of a logical one in it: the viewport's, zoomed.
    scale: f32,
    theme: Theme,
    desktop_theme: DesktopTheme,
    options: Options,
    clipboard: Clipboard,
    display: OwnedDisplayHandle,
    open: Option<OpenWindow>,
    modifiers: ModifiersState,
    held_keys: HeldKeys,
    screen_reader: ScreenReader,
    start: Instant,
    /// Whether something has happened since the last layout.
    is_dirty: bool,
    /// What [`run`] returns, once the window is to close.
    end: Option<Result<(), String>>,
}

struct OpenWindow {
    screen: Screen,
    /// Kept, because asking for it is a round trip to the X server.
    viewport: Viewport,
    /// The X server, which has a window drawn at once, and asks for a redraw of what was uncovered; none
    /// on Wayland, where the compositor asks when the next frame is due.
    x11: Option<XServer>,
    /// Whether the display is going to ask for a redraw: the window is hidden, or its last frame is not
    /// yet on the screen.
    awaits_redraw: bool,
    /// What the display was told last.
    title: String,
    accepts_text: bool,
    cursor: CursorIcon,
}

impl App {
    /// Waits until there is something to do.
    fn wait(&self, events: &EventLoop<()>) -> Result<(), String> {
        // On Wayland winit repeats a key by a timer of its own, of which its descriptor tells nothing.
        let is_wayland = self.open.as_ref().is_some_and(OpenWindow::is_wayland);
        let repeats = is_wayland && self.held_keys.may_repeat();
        let repeat = repeats.then(|| Instant::now() + REPEAT);
        let deadlines = [self.link.deadline(), repeat, self.clipboard.deadline()];
        let deadline = deadlines.into_iter().flatten().min();
        let display = (events.as_fd(), Interest::Readable);
        let mixd = self.link.fd().unwrap_or(display);
        let [theme, settings] = self.desktop_theme.fds();
        let others = [
            self.system_fonts.fd(),
            theme,
            settings,
            self.clipboard.fd(),
            self.screen_reader.fd(),
        ];
        // The display stands for what is not there.
        let [fonts, theme, settings, pasted, reader] =
            others.map(|fd| fd.map_or(display, |fd| (fd, Interest::Readable)));
        match socket::poll(
            [display, mixd, fonts, theme, settings, pasted, reader],
            deadline,
        ) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("poll the display: {error}")),
        }
    }

    /// Finds fonts for what was a box in the last layout.
    fn find_fonts(&mut self) {
        if self.system_fonts.turn(&mut self.fonts) {
            self.is_dirty = true;
            // A character may be another font's from now on.
            self.canvas = Canvas::default();
            if let Some(open) = &mut self.open {
                open.screen.forget();
            }
        }
    }

    /// Updates the model, and carries out the effects.
    fn update(&mut self, messages: Vec<Message>) {
        for message in messages {
            for effect in self.model.update(message) {
                match effect {
                    Effect::Send(request) => self.link.send(&request, Instant::now()),
                    Effect::Copy(selection, text) => self.clipboard.copy(selection, text),
                    Effect::Paste(selection) => self.clipboard.paste(selection, Instant::now()),
                    Effect::Close => self.end = Some(Ok(())),
                }
            }
            self.is_dirty = true;
        }
    }

    /// Has the window drawn if it has changed. Returns whether it has.
    fn refresh(&mut self) -> bool {
        // weston 11 crashes where the title changes of a window whose decorations winit draws.
        if let Some(open) = &mut self.open
            && !open.is_wayland()
        {
            open.tell_title(&self.model);
        }
        if !self.is_dirty || self.awaits_redraw() || !self.lay_out_changes() {
            return false;
        }
        match &mut self.open {
            Some(open) if open.is_wayland() => {
                open.screen.window().request_redraw();
                open.awaits_redraw = true;
            }
            _ => self.draw(false),
        }
        true
    }

    /// Returns whether what has changed is drawn when the display asks for it.
    fn awaits_redraw(&mut self) -> bool {
        let Some(open) = &mut self.open else {
            return false;
        };
        if let Some(x11) = &open.x11
            && !open.awaits_redraw
        {
            open.awaits_redraw = !x11.is_viewable(open.screen.window().id());
        }
        open.awaits_redraw
    }

    /// Returns whether the layout differs from what was drawn.
    fn lay_out_changes(&mut self) -> bool {
        self.is_dirty = false;
        self.lay_out();
        let Some(open) = &mut self.open else {
            return false;
        };
        open.follow(&self.model, &self.frame, self.scale);
        self.screen_reader
            .tell(&self.model, &self.frame, self.scale);
        !open.screen.shows(&self.frame.items)
    }

    /// Lays the window out, for hit tests of the next event too.
    fn lay_out(&mut self) {
        let Some(open) = &self.open else { return };
        let viewport = zoomed(&mut self.model, open.viewport);
        self.pointer.rescaled(viewport.scale / self.scale);
        self.scale = viewport.scale;
        self.frame = view(&self.model, &self.fonts, &self.theme, viewport);
        self.model.set_scroll(self.frame.scroll);
        // The pointer may be over something else now, without having moved.
        if let Some(message) = self.pointer.hover_changed(self.model.hover, &self.frame) {
            self.update(vec![message]);
            self.frame = view(&self.model, &self.fonts, &self.theme, viewport);
        }
    }

    /// Draws what differs from what was drawn, or all of it.
    fn draw(&mut self, all: bool) {
        if self.is_dirty {
            self.lay_out_changes();
        }
        let Some(open) = &mut self.open else { return };
        let size = (open.viewport.width, open.viewport.height);
        let items = &self.frame.items;
        let drawn = open
            .screen
            .draw(items, &self.fonts, &mut self.canvas, size, all);
        if let Err(error) = drawn {
            self.end = Some(Err(format!("draw the window: {error}")));
        }
    }

    /// Takes the theme that is wanted now, and tells the decorations; `display` is what the display says.
    fn set_theme(&mut self, display: Option<winit::window::Theme>) {
        self.theme = self.desktop_theme.theme(display);
        self.is_dirty = true;
        if let Some(open) = &self.open {
            let theme = color_scheme::of(&self.theme);
            open.screen.window().set_theme(Some(theme));
        }
    }

    fn resize(&mut self, change: impl FnOnce(&mut Viewport)) {
        if let Some(open) = &mut self.open {
            change(&mut open.viewport);
        }
        self.is_dirty = true;
        self.lay_out();
    }

    fn open(&mut self, events: &ActiveEventLoop) -> Result<OpenWindow, String> {
        let scale = self.options.scale;
        // The theme is for decorations that winit draws, and for window managers that know it.
        let mut attributes = Window::default_attributes()
            .with_title(NAME)
            .with_theme(Some(color_scheme::of(&self.theme)));
        // The two traits' methods have one name.
        attributes = WindowAttributesExtWayland::with_name(attributes, NAME, "");
        attributes = WindowAttributesExtX11::with_name(attributes, NAME, NAME);
        let sized = |(width, height): (f32, f32)| -> winit::dpi::Size {
            match scale {
                Some(scale) => {
                    let size = LogicalSize::new(f64::from(width), f64::from(height));
                    size.to_physical::<u32>(scale).into()
                }
                None => LogicalSize::new(width, height).into(),
            }
        };
        attributes = attributes
            .with_inner_size(sized(DEFAULT_SIZE))
            .with_min_inner_size(sized(SLIDER_SIZE));
        let x11 = match ActiveEventLoopExtWayland::is_wayland(events) {
            true => None,
            false => Some(XServer::connect()?),
        };
        if let Some(x11) = &x11
            && let Some(visual) = x11.visual()?
        {
            attributes = attributes.with_x11_visual(visual);
        }
        attributes = attributes.with_window_icon(icon::icon());
        let window = events
            .create_window(attributes)
            .map_err(|error| format!("open a window: {error}"))?;
        let viewport = Viewport {
            scale: pixels(scale.unwrap_or(window.scale_factor())),
            ..size(window.inner_size())
        };
        Ok(OpenWindow {
            screen: Screen::new(self.display.clone(), window)?,
            viewport,
            x11,
            awaits_redraw: false,
            title: NAME.to_owned(),
            accepts_text: false,
            cursor: CursorIcon::Default,
        })
    }

    fn pointer(&mut self, act: impl FnOnce(&mut Pointer, &Frame) -> Vec<Message>) {
        let messages = act(&mut self.pointer, &self.frame);
        self.update(messages);
        self.lay_out();
    }

    fn touch(&mut self, finger: &Finger) {
        let PhysicalPosition { x, y } = finger.location;
        let place = (pixels(x) / self.scale, pixels(y) / self.scale);
        let now = self.start.elapsed();
        let touch = match finger.phase {
            TouchPhase::Started => Touch::Down,
            TouchPhase::Moved => Touch::Move,
            TouchPhase::Ended => Touch::Up,
            TouchPhase::Cancelled => Touch::Cancelled,
        };
        self.pointer(|pointer, frame| pointer.touched(now, finger.id, touch, place, frame));
    }
}

/// What winit counts in f64, the layout has in f32.
#[allow(clippy::cast_possible_truncation)]
fn pixels(number: f64) -> f32 {
    number as f32
}

/// A viewport of this size, at scale 1.
fn size(size: PhysicalSize<u32>) -> Viewport {
    Viewport {
        width: size.width.max(1),
        height: size.height.max(1),
        scale: 1.0,
    }
}

impl OpenWindow {
    fn is_wayland(&self) -> bool {
        self.x11.is_none()
    }

    /// Tells the display about the title, which is seen while the window is hidden, too.
    fn tell_title(&mut self, model: &Model) {
        let title = title(model);
        if self.title != title {
            self.screen.window().set_title(&title);
            self.title = title;
        }
    }

    /// Tells the display about the cursor and the text field.
    fn follow(&mut self, model: &Model, frame: &Frame, scale: f32) {
        let window = self.screen.window();
        if self.accepts_text != model.accepts_text() {
            self.accepts_text = model.accepts_text();
            window.set_ime_allowed(self.accepts_text);
        }
        if let Some(caret) = frame.caret {
            let scale = f64::from(scale);
            let place = LogicalPosition::new(f64::from(caret.x), f64::from(caret.y));
            let size = LogicalSize::new(1.0, f64::from(caret.height));
            window.set_ime_cursor_area(
                place.to_physical::<i32>(scale),
                size.to_physical::<u32>(scale),
            );
        }
        let is_text = frame.areas.iter().any(|area| match &area.role {
            Role::Text(target, _) => Some(*target) == model.hover,
            _ => false,
        });
        let cursor = match model.hover {
            _ if is_text => CursorIcon::Text,
            Some(Target::Slider | Target::Alarm | Target::StatusLine) | None => CursorIcon::Default,
            Some(_) => CursorIcon::Pointer,
        };
        if self.cursor != cursor {
            self.cursor = cursor;
            window.set_cursor(cursor);
        }
    }
}

impl ApplicationHandler for App {
    fn resumed(&mut self, events: &ActiveEventLoop) {
        if self.open.is_none() {
            match self.open(events) {
                Ok(open) => self.open = Some(open),
                Err(why) => self.end = Some(Err(why)),
            }
            self.is_dirty = true;
        }
    }

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        let now = self.start.elapsed();
        let scale = self.scale;
        match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => {
                // A window that could not be drawn to is destroyed, and why is not forgotten.
                self.end.get_or_insert(Ok(()));
            }
            WindowEvent::RedrawRequested => {
                let Some(open) = &mut self.open else { return };
                open.awaits_redraw = false;
                let is_uncovered = !open.is_wayland();
                self.draw(is_uncovered);
            }
            WindowEvent::Resized(new) => {
                self.resize(|viewport| {
                    *viewport = Viewport {
                        scale: viewport.scale,
                        ..size(new)
                    };
                });
            }
            WindowEvent::ScaleFactorChanged { scale_factor, .. } => {
                let scale = pixels(self.options.scale.unwrap_or(scale_factor));
                self.resize(|viewport| viewport.scale = scale);
            }
            WindowEvent::ThemeChanged(theme) => {
                self.set_theme(Some(theme));
            }
            WindowEvent::ModifiersChanged(modifiers) => self.modifiers = modifiers.state(),
            WindowEvent::KeyboardInput {
                event,
                is_synthetic,
                ..
            } => {
                let (key, state) = (event.physical_key, event.state);
                let is_here = self.held_keys.update(key, state, is_synthetic);
                if state == ElementState::Pressed && is_here {
                    let message = keyboard::message(&event, self.modifiers);
                    self.update(message.into_iter().collect());
                    self.lay_out();
                }
            }
            WindowEvent::Focused(has_focus) => {
                self.screen_reader.focused(has_focus);
                match has_focus {
                    true => self.pointer.focused(now),
                    false => self.held_keys = HeldKeys::default(),
                }
            }
            WindowEvent::Ime(Ime::Commit(text)) => self.update(vec![Message::Text(text)]),
            WindowEvent::Ime(Ime::Preedit(text, _)) => self.update(vec![Message::Preedit(text)]),
            WindowEvent::Ime(Ime::Disabled) => self.update(vec![Message::Preedit(String::new())]),
            WindowEvent::CursorMoved { position, .. } => {
                let (x, y) = (pixels(position.x) / scale, pixels(position.y) / scale);
                self.pointer(|pointer, frame| pointer.moved(x, y, frame));
            }
            WindowEvent::CursorLeft { .. } => self.pointer(|pointer, _| pointer.left()),
            WindowEvent::MouseInput {
                state,
                button: MouseButton::Left,
                ..
            } => {
                let shift = self.modifiers.shift_key();
                self.pointer(|pointer, frame| match state {
                    ElementState::Pressed => pointer.pressed(now, shift, frame),
                    ElementState::Released => pointer.released(frame),
                });
            }
            WindowEvent::MouseInput {
                state: ElementState::Pressed,
                button: MouseButton::Middle,
                ..
            } => self.pointer(|pointer, frame| pointer.middle_pressed(frame)),
            WindowEvent::MouseWheel { delta, .. } => {
                let (right, up) = match delta {
                    // winit's x is positive when the content goes right, the wheel left.
                    MouseScrollDelta::LineDelta(x, y) => (-x, y),
                    MouseScrollDelta::PixelDelta(by) => {
                        let notch = NOTCH * f64::from(scale);
                        (pixels(-by.x / notch), pixels(by.y / notch))
                    }
                };
                self.pointer(|pointer, frame| pointer.wheel(right, up, frame));
            }
            WindowEvent::Touch(touch) => self.touch(&touch),
            _ => {}
        }
    }
}
