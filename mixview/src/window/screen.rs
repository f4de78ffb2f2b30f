//! The window's pixels: draws what has changed since a buffer was last shown, and tells the display
//! what has changed since the last frame.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::rc::Rc;

use softbuffer::{Context, Rect, SoftBufferError, Surface};
use winit::event_loop::OwnedDisplayHandle;
use winit::window::Window;

use crate::canvas::Canvas;
use crate::display_list::{Item, add, damage};
use crate::font::Fonts;
use crate::geometry::Pixels;

/// The age of a buffer, in frames, from which on it is drawn anew.
const MAX_AGE: usize = 4;

/// How many times the pixels of a frame there may be memory for.
const MAX_SPARE: u64 = 4;

pub struct Screen {
    context: Context<OwnedDisplayHandle>,
    window: Rc<Window>,
    surface: Surface<OwnedDisplayHandle, Rc<Window>>,
    /// The most pixels that the surface has had: its memory grows, and is never given back.
    most: u64,
    size: (u32, u32),
    /// What was drawn last.
    items: Vec<Item>,
    /// The regions that each of the last frames has changed, the newest first.
    history: VecDeque<Vec<Pixels>>,
}

impl Screen {
    /// # Errors
    /// A sentence: the display takes no pixels from us.
    pub fn new(display: OwnedDisplayHandle, window: Window) -> Result<Self, String> {
        let wrong = |error: SoftBufferError| format!("draw to the window: {error}");
        let window = Rc::new(window);
        let context = Context::new(display).map_err(wrong)?;
        let surface = Surface::new(&context, Rc::clone(&window)).map_err(wrong)?;
        Ok(Self {
            context,
            window,
            surface,
            most: 0,
            size: (0, 0),
            items: Vec::new(),
            history: VecDeque::new(),
        })
    }

    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Returns whether this is what was drawn last.
    pub fn shows(&self, items: &[Item]) -> bool {
        self.items == items
    }

    /// Forgets what was drawn: the same items look different now.
    pub fn forget(&mut self) {
        self.items.clear();
    }

    /// Draws all of `items`, or what has changed, in a window of this size.
    ///
    /// # Errors
    /// The display has gone, as a rule.
    pub fn draw(
        &mut self,
        items: &[Item],
        fonts: &Fonts,
        canvas: &mut Canvas,
        size: (u32, u32),
        all: bool,
    ) -> Result<(), SoftBufferError> {
        let whole = Pixels::of_size(size.0, size.1);
        let is_new = self.size != size;
        if is_new {
            let pixels = u64::from(size.0) * u64::from(size.1);
            if self.most > pixels * MAX_SPARE {
                self.surface = Surface::new(&self.context, Rc::clone(&self.window))?;
                self.most = 0;
                *canvas = Canvas::default();
            }
            self.most = self.most.max(pixels);
            let one = NonZeroU32::MIN;
            let (width, height) = (NonZeroU32::new(size.0), NonZeroU32::new(size.1));
            self.surface
                .resize(width.unwrap_or(one), height.unwrap_or(one))?;
            self.size = size;
            self.history.clear();
        }
        let changed = match all || is_new {
            true => vec![whole],
            false => damage(&self.items, items, whole),
        };
        if changed.is_empty() {
            return Ok(());
        }
        let mut buffer = self.surface.buffer_mut()?;
        // A buffer of age n shows what was to be seen n frames ago; one of age 0, nothing.
        let age = usize::from(buffer.age());
        let mut regions = Vec::new();
        if age == 0 || age > self.history.len() + 1 {
            regions.push(whole);
        } else {
            let missed = self.history.iter().take(age - 1).flatten();
            for region in changed.iter().chain(missed) {
                add(&mut regions, *region);
            }
        }
        let stride = size.0 as usize;
        for region in &regions {
            canvas.draw(items, fonts, *region, &mut buffer, stride);
        }
        let rects: Vec<Rect> = changed.iter().filter_map(rect).collect();
        // Has a Wayland compositor say when the next frame is due: never, while the window is hidden.
        self.window.pre_present_notify();
        buffer.present_with_damage(&rects)?;
        self.items = items.to_vec();
        self.history.push_front(changed);
        self.history.truncate(MAX_AGE);
        Ok(())
    }
}

/// Returns a rectangle in softbuffer's terms; none if it is empty.
pub fn rect(pixels: &Pixels) -> Option<Rect> {
    Some(Rect {
        x: u32::try_from(pixels.left).ok()?,
        y: u32::try_from(pixels.top).ok()?,
        width: NonZeroU32::new(pixels.width())?,
        height: NonZeroU32::new(pixels.height())?,
    })
}
