//! `cargo xtask bench frame`: what a frame of a drag takes, from the pointer's place to the display's
//! taking it, beside a bare copy of the same pixels to a window of its own. Prints lines of three
//! words: the scale, by whom, nanoseconds.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../tests/scenes/mod.rs"]
mod scenes;

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use mixview::canvas::Canvas;
use mixview::display_list::damage;
use mixview::font::Fonts;
use mixview::geometry::Pixels;
use mixview::input::Pointer;
use mixview::model::Model;
use mixview::theme::DARK;
use mixview::view::{DEFAULT_SIZE, Frame, Viewport, view};
use mixview::window::screen::{Screen, rect};
use softbuffer::{Context, Rect, Surface};
use winit::application::ApplicationHandler;
use winit::dpi::PhysicalSize;
use winit::event::WindowEvent;
use winit::event_loop::{ActiveEventLoop, EventLoop, OwnedDisplayHandle};
use winit::platform::pump_events::EventLoopExtPumpEvents;
use winit::window::{Window, WindowId};

/// How many frames of a drag are measured.
const FRAMES: u16 = 400;

fn main() {
    let mut events = EventLoop::new().unwrap();
    for scale in [1.0, 2.0] {
        let mut opened = Opened {
            scale,
            windows: Vec::new(),
        };
        events.pump_app_events(Some(Duration::from_millis(500)), &mut opened);
        let display = events.owned_display_handle();
        let windows = std::mem::take(&mut opened.windows);
        let [ours, copied] = <[Window; 2]>::try_from(windows).unwrap();
        drag(scale, display, ours, copied);
        events.pump_app_events(Some(Duration::from_millis(100)), &mut opened);
    }
}

struct Opened {
    scale: f32,
    windows: Vec<Window>,
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn viewport(scale: f32) -> Viewport {
    Viewport {
        width: (DEFAULT_SIZE.0 * scale) as u32,
        height: (DEFAULT_SIZE.1 * scale) as u32,
        scale,
    }
}

impl ApplicationHandler for Opened {
    fn resumed(&mut self, events: &ActiveEventLoop) {
        self.new_events(events, winit::event::StartCause::Poll);
    }

    fn new_events(&mut self, events: &ActiveEventLoop, _: winit::event::StartCause) {
        let Viewport { width, height, .. } = viewport(self.scale);
        while self.windows.len() < 2 {
            let size = PhysicalSize::new(width, height);
            let attributes = Window::default_attributes().with_inner_size(size);
            self.windows.push(events.create_window(attributes).unwrap());
        }
    }

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, _: WindowEvent) {}
}

/// A model under a pointer that holds the slider.
struct Hand {
    model: Model,
    pointer: Pointer,
    frame: Frame,
    fonts: Fonts,
    viewport: Viewport,
}

impl Hand {
    fn tell(&mut self, act: impl FnOnce(&mut Pointer, &Frame) -> Vec<mixview::model::Message>) {
        for message in act(&mut self.pointer, &self.frame) {
            self.model.update(message);
        }
        self.frame = view(&self.model, &self.fonts, &DARK, self.viewport);
    }

    fn to(&mut self, n: u16) {
        // There and back again, a hundredth at a time.
        let part = f32::from(n % 200) / 100.0 - 1.0;
        let track = self.frame.track;
        let x = track.left + (track.right - track.left) * part.abs();
        self.tell(|pointer, frame| pointer.moved(x, 68.0, frame));
    }
}

fn drag(scale: f32, display: OwnedDisplayHandle, ours: Window, copied: Window) {
    let viewport = viewport(scale);
    let mut hand = Hand {
        model: scenes::typical(),
        pointer: Pointer::default(),
        frame: Frame::default(),
        fonts: Fonts::new().unwrap(),
        viewport,
    };
    hand.tell(|_, _| Vec::new());
    let handle = hand.frame.track.handle;
    hand.tell(|pointer, frame| pointer.moved(handle, 68.0, frame));
    hand.tell(|pointer, frame| pointer.pressed(Duration::ZERO, false, frame));
    let size = (viewport.width, viewport.height);
    let context = Context::new(display.clone()).unwrap();
    let mut copy = Surface::new(&context, copied).unwrap();
    copy.resize(
        NonZeroU32::new(size.0).unwrap(),
        NonZeroU32::new(size.1).unwrap(),
    )
    .unwrap();
    let ready = vec![0x0020_3040_u32; size.0 as usize * size.1 as usize];
    let mut screen = Screen::new(display, ours).unwrap();
    let mut canvas = Canvas::default();
    let fonts = Fonts::new().unwrap();
    for n in 0..FRAMES {
        let before = hand.frame.items.clone();
        let start = Instant::now();
        hand.to(n);
        screen
            .draw(&hand.frame.items, &fonts, &mut canvas, size, false)
            .unwrap();
        let time = start.elapsed().as_nanos();
        let changed = damage(&before, &hand.frame.items, Pixels::of_size(size.0, size.1));
        let start = Instant::now();
        let mut buffer = copy.buffer_mut().unwrap();
        for region in &changed {
            blit(&ready, &mut buffer, *region, size.0 as usize);
        }
        let rects: Vec<Rect> = changed.iter().filter_map(rect).collect();
        buffer.present_with_damage(&rects).unwrap();
        let bare = start.elapsed().as_nanos();
        // The first draw everything, into buffers and glyphs that are new.
        if n >= FRAMES / 4 && !changed.is_empty() {
            println!("{scale} mixview {time}");
            println!("{scale} copy {bare}");
        }
        // A mouse reports no faster.
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Copies the rows of a region.
fn blit(from: &[u32], to: &mut [u32], region: Pixels, stride: usize) {
    #[allow(clippy::cast_sign_loss)]
    let (left, top) = (region.left as usize, region.top as usize);
    let width = region.width() as usize;
    for row in top..top + region.height() as usize {
        let start = row * stride + left;
        to[start..start + width].copy_from_slice(&from[start..start + width]);
    }
}
