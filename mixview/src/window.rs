//! The window on the screen: winit's events and mixd's in one wait, one thread.
//!
//! winit's loop is itself a descriptor, which is polled together with mixd's socket; when it is
//! ready, winit is pumped without waiting. So there is no thread, and no timer but while mixd owes
//! an answer or is not there.
//!
//! That winit does not wait is said by its control flow, not by a timeout of the pump: for a
//! timeout, winit 0.30 starts a thread on Wayland that watches the connection while others may read
//! from it. We do so only while we draw, and pump once more after that.

mod display;
mod keyboard;
pub mod screen;
mod shade;

use std::os::fd::AsFd;
use std::time::Instant;

use winit::application::ApplicationHandler;
use winit::dpi::{LogicalPosition, LogicalSize, PhysicalSize};
use winit::event::{
    ElementState, Ime, MouseButton, MouseScrollDelta, Touch as Finger, TouchPhase, WindowEvent,
};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, OwnedDisplayHandle};
use winit::keyboard::ModifiersState;
use winit::platform::pump_events::{EventLoopExtPumpEvents, PumpStatus};
use winit::platform::wayland::WindowAttributesExtWayland;
use winit::platform::x11::WindowAttributesExtX11;
use winit::window::{CursorIcon, Window, WindowId};
use wire::Name;
use wire::socket::{self, Interest};

use crate::canvas::Canvas;
use crate::font::Fonts;
use crate::font::system::Fontconfig;
use crate::input::{Pointer, Touch};
use crate::link::Link;
use crate::model::{Effect, Message, Model, Target};
use crate::options::Options;
use crate::theme::Theme;
use crate::view::{Extent, Frame, Role, SMALLEST, USUAL, view};

use screen::Screen;

/// What the window is known by: the Wayland app id and X11's `WM_CLASS`.
const NAME: &str = "mixview";

/// How many logical pixels of a smooth wheel are a notch.
const NOTCH: f64 = 40.0;

/// Shows the window until it is closed.
///
/// # Errors
/// A sentence: there is no display, or it has gone.
pub fn run(options: &Options, name: Name) -> Result<(), String> {
    let mut events = EventLoop::new().map_err(|error| display::missing(&error))?;
    events.set_control_flow(ControlFlow::Poll);
    let fonts = Fonts::new(Box::new(Fontconfig)).map_err(|error| error.to_string())?;
    // mixd answers while the window is being made, so that the first picture is whole.
    let (link, messages) = Link::open(name, Instant::now());
    let mut app = App {
        model: Model::default(),
        link,
        fonts,
        canvas: Canvas::default(),
        pointer: Pointer::default(),
        frame: Frame::default(),
        theme: shade::theme(options.shade, None),
        options: options.clone(),
        display: events.owned_display_handle(),
        shown: None,
        modifiers: ModifiersState::default(),
        start: Instant::now(),
        is_dirty: true,
        is_closing: false,
        failed: None,
    };
    app.tell(messages);
    loop {
        let status = events.pump_app_events(None, &mut app);
        if app.is_closing {
            return Ok(());
        }
        if let Some(why) = app.failed.take() {
            return Err(why);
        }
        if let PumpStatus::Exit(_) = status {
            return Err("the display has gone".to_owned());
        }
        let messages = app.link.turn(Instant::now());
        app.tell(messages);
        // What a request to the display brought in with its answer is not seen by poll: pumped
        // until nothing more is drawn.
        if app.refresh() {
            continue;
        }
        app.wait(&events)?;
    }
}

struct App {
    model: Model,
    link: Link,
    fonts: Fonts,
    canvas: Canvas,
    pointer: Pointer,
    /// The window as it is to be seen.
    frame: Frame,
    theme: Theme,
    options: Options,
    display: OwnedDisplayHandle,
    shown: Option<Shown>,
    modifiers: ModifiersState,
    start: Instant,
    /// Whether the window may look otherwise than the frame says.
    is_dirty: bool,
    is_closing: bool,
    failed: Option<String>,
}

/// What there is once the display has a window for us.
struct Shown {
    screen: Screen,
    /// In pixels. Kept, because to ask for it is a question to the X server.
    size: PhysicalSize<u32>,
    scale: f32,
    /// On X11, what is to be drawn is drawn at once, and a request to draw means that something
    /// was uncovered; on Wayland, the compositor says when the next frame is due.
    is_paced: bool,
    types: bool,
    cursor: CursorIcon,
}

impl App {
    /// Waits until there is something to do.
    fn wait(&self, events: &EventLoop<()>) -> Result<(), String> {
        let deadline = self.link.deadline();
        let display = (events.as_fd(), Interest::Readable);
        let ready = match self.link.fd() {
            Some(mixd) => socket::poll([display, mixd], deadline).map(|_| ()),
            None => socket::poll([display], deadline).map(|_| ()),
        };
        ready.map_err(|error| format!("poll the display: {error}"))
    }

    fn tell(&mut self, messages: Vec<Message>) {
        for message in messages {
            // What follows from it: a request that can't be sent loses the connection later.
            for effect in self.model.handle(message) {
                match effect {
                    Effect::Send(request) => self.link.send(&request, Instant::now()),
                    Effect::Close => self.is_closing = true,
                }
            }
            self.is_dirty = true;
        }
    }

    fn extent(&self) -> Option<Extent> {
        let shown = self.shown.as_ref()?;
        let PhysicalSize { width, height } = shown.size;
        Some(Extent {
            width: width.max(1),
            height: height.max(1),
            scale: shown.scale,
        })
    }

    /// Lays the window out anew, if something has happened, and has it drawn. Says whether it was.
    fn refresh(&mut self) -> bool {
        if !self.is_dirty || !self.settle() {
            return false;
        }
        match &self.shown {
            Some(shown) if shown.is_paced => shown.screen.window().request_redraw(),
            _ => self.draw(false),
        }
        true
    }

    /// Makes the frame what is to be seen now. Says whether it looks otherwise than what was drawn.
    fn settle(&mut self) -> bool {
        self.is_dirty = false;
        self.lay_out();
        let Some(shown) = &mut self.shown else {
            return false;
        };
        shown.follow(&self.model, &self.frame);
        !shown.screen.shows(&self.frame.items)
    }

    /// Lays the window out, for the next event too: what is pointed at is where it is by now.
    fn lay_out(&mut self) {
        let Some(extent) = self.extent() else { return };
        self.frame = view(&self.model, &self.fonts, &self.theme, extent);
        self.model.scrolled(self.frame.scroll);
        // The pointer may be over something else now, without having moved.
        if let Some(message) = self.pointer.settled(self.model.hover(), &self.frame) {
            self.tell(vec![message]);
            self.frame = view(&self.model, &self.fonts, &self.theme, extent);
        }
    }

    /// Draws what differs from what was drawn, or all of it.
    fn draw(&mut self, all: bool) {
        if self.is_dirty {
            self.settle();
        }
        let Some(extent) = self.extent() else { return };
        let Some(shown) = &mut self.shown else { return };
        let size = (extent.width, extent.height);
        let drawn = shown
            .screen
            .draw(&self.frame.items, &self.fonts, &mut self.canvas, size, all);
        if let Err(error) = drawn {
            self.failed = Some(format!("draw the window: {error}"));
        }
    }

    fn open(&mut self, events: &ActiveEventLoop) -> Result<Shown, String> {
        let scale = self.options.scale;
        // Decorations that are drawn by us, and window managers that know the word, follow it.
        let mut attributes = Window::default_attributes()
            .with_title("mixview")
            .with_theme(Some(shade::of(&self.theme)));
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
            .with_inner_size(sized(USUAL))
            .with_min_inner_size(sized(SMALLEST));
        let window = events
            .create_window(attributes)
            .map_err(|error| format!("open a window: {error}"))?;
        let is_paced = {
            use winit::platform::wayland::ActiveEventLoopExtWayland;
            events.is_wayland()
        };
        let scale = scaled(scale, window.scale_factor());
        let size = window.inner_size();
        let screen = Screen::new(self.display.clone(), window)?;
        Ok(Shown {
            screen,
            size,
            scale,
            is_paced,
            types: false,
            cursor: CursorIcon::Default,
        })
    }

    fn pointer(&mut self, act: impl FnOnce(&mut Pointer, &Frame) -> Vec<Message>) {
        let messages = act(&mut self.pointer, &self.frame);
        self.tell(messages);
        self.lay_out();
    }

    fn logical(&self, (x, y): (f64, f64)) -> (f32, f32) {
        let scale = self.shown.as_ref().map_or(1.0, |shown| shown.scale);
        #[allow(clippy::cast_possible_truncation)]
        let place = (x as f32 / scale, y as f32 / scale);
        place
    }

    fn press(&mut self, state: ElementState) {
        let now = self.start.elapsed();
        let shift = self.modifiers.shift_key();
        match state {
            ElementState::Pressed => {
                self.pointer(|pointer, frame| pointer.pressed(now, shift, frame));
            }
            ElementState::Released => self.pointer(Pointer::released),
        }
    }

    fn touch(&mut self, finger: &Finger) {
        let place = self.logical(finger.location.into());
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

/// How many pixels a logical one has: as the user says, else as the display does.
fn scaled(wanted: Option<f64>, of_display: f64) -> f32 {
    #[allow(clippy::cast_possible_truncation)]
    let scale = wanted.unwrap_or(of_display) as f32;
    scale
}

impl Shown {
    /// The cursor and the input method follow what is pointed at and typed.
    fn follow(&mut self, model: &Model, frame: &Frame) {
        let window = self.screen.window();
        if self.types != model.types() {
            self.types = model.types();
            window.set_ime_allowed(self.types);
        }
        if let Some(caret) = frame.caret {
            let scale = f64::from(self.scale);
            let place = LogicalPosition::new(f64::from(caret.x), f64::from(caret.y));
            let size = LogicalSize::new(1.0, f64::from(caret.height));
            window.set_ime_cursor_area(
                place.to_physical::<i32>(scale),
                size.to_physical::<u32>(scale),
            );
        }
        let is_text = frame.areas.iter().any(|area| match &area.role {
            Role::Text(target, _) => Some(*target) == model.hover(),
            _ => false,
        });
        let cursor = match model.hover() {
            _ if is_text => CursorIcon::Text,
            Some(Target::Slider | Target::Foot) | None => CursorIcon::Default,
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
        if self.shown.is_none() {
            match self.open(events) {
                Ok(shown) => self.shown = Some(shown),
                Err(why) => self.failed = Some(why),
            }
            self.is_dirty = true;
        }
    }

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => self.is_closing = true,
            WindowEvent::RedrawRequested => {
                let is_paced = self.shown.as_ref().is_some_and(|shown| shown.is_paced);
                self.draw(!is_paced);
            }
            WindowEvent::Resized(size) => {
                if let Some(shown) = &mut self.shown {
                    shown.size = size;
                }
                self.is_dirty = true;
                self.lay_out();
            }
            WindowEvent::ScaleFactorChanged { scale_factor, .. } => {
                let scale = scaled(self.options.scale, scale_factor);
                if let Some(shown) = &mut self.shown {
                    shown.scale = scale;
                }
                self.is_dirty = true;
                self.lay_out();
            }
            WindowEvent::ThemeChanged(theme) => {
                self.theme = shade::theme(self.options.shade, Some(theme));
                self.is_dirty = true;
            }
            WindowEvent::ModifiersChanged(modifiers) => self.modifiers = modifiers.state(),
            WindowEvent::KeyboardInput {
                event,
                is_synthetic: false,
                ..
            } if event.state == ElementState::Pressed => {
                let message = keyboard::message(&event, self.modifiers);
                self.tell(message.into_iter().collect());
                self.lay_out();
            }
            WindowEvent::Ime(Ime::Commit(text)) => self.tell(vec![Message::Typed(text)]),
            WindowEvent::Ime(Ime::Preedit(text, _)) => self.tell(vec![Message::Composed(text)]),
            WindowEvent::Ime(Ime::Disabled) => self.tell(vec![Message::Composed(String::new())]),
            WindowEvent::CursorMoved { position, .. } => {
                let (x, y) = self.logical(position.into());
                self.pointer(|pointer, frame| pointer.moved(x, y, frame));
            }
            WindowEvent::CursorLeft { .. } => self.pointer(|pointer, _| pointer.left()),
            WindowEvent::MouseInput {
                state,
                button: MouseButton::Left,
                ..
            } => self.press(state),
            WindowEvent::MouseWheel { delta, .. } => {
                #[allow(clippy::cast_possible_truncation)]
                let (right, up) = match delta {
                    // winit's x is positive when the content goes right, the wheel left.
                    MouseScrollDelta::LineDelta(x, y) => (-x, y),
                    MouseScrollDelta::PixelDelta(by) => {
                        let scale = self.shown.as_ref().map_or(1.0, |shown| shown.scale);
                        let notch = NOTCH * f64::from(scale);
                        ((-by.x / notch) as f32, (by.y / notch) as f32)
                    }
                };
                self.pointer(|pointer, frame| pointer.wheel(right, up, frame));
            }
            WindowEvent::Touch(touch) => self.touch(&touch),
            _ => {}
        }
    }
}
