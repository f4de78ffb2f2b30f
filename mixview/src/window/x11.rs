//! What winit does not ask an X server: which visual to draw with, and whether a window is to be seen.
//! winit's own connection can be had as a pointer alone, so there is a second one. No event is selected
//! on it, so that it wakes nobody.

use winit::platform::x11::XVisualID;
use winit::window::WindowId;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, MapState, Screen, VisualClass};
use x11rb::rust_connection::RustConnection;

pub struct XServer {
    connection: RustConnection,
    /// The index of the screen that `DISPLAY` names.
    screen: usize,
}

impl XServer {
    /// Connects to the server that `DISPLAY` names.
    ///
    /// # Errors
    /// A sentence.
    pub fn connect() -> Result<Self, String> {
        let (connection, screen) =
            x11rb::connect(None).map_err(|error| format!("ask the X server: {error}"))?;
        Ok(Self { connection, screen })
    }

    /// Returns the visual to draw with; none for the screen's own.
    ///
    /// # Errors
    /// A sentence: the screen has none.
    pub fn visual(&self) -> Result<Option<XVisualID>, String> {
        match self.connection.setup().roots.get(self.screen) {
            Some(screen) => visual(screen),
            None => Ok(None),
        }
    }

    /// Returns whether a window and all that it lies in are mapped. A window manager unmaps what lies
    /// on another workspace, and no event says so; when it is mapped again, the server has it drawn.
    pub fn is_viewable(&self, window: WindowId) -> bool {
        // Some events come unasked: a new keyboard layout.
        while let Ok(Some(_)) = self.connection.poll_for_event() {}
        let Ok(window) = u32::try_from(u64::from(window)) else {
            return true;
        };
        let answer = self.connection.get_window_attributes(window);
        let answer = answer.ok().and_then(|cookie| cookie.reply().ok());
        // Drawing says it, where the server has gone.
        answer.is_none_or(|window| window.map_state == MapState::VIEWABLE)
    }
}

/// Returns the visual of a screen whose pixels are softbuffer's, 8 bits a colour in 32; none if the
/// screen's own is one.
fn visual(screen: &Screen) -> Result<Option<XVisualID>, String> {
    let with_depth = |wanted| {
        let depths = screen.allowed_depths.iter();
        let mut visuals = depths
            .filter(move |allowed| allowed.depth == wanted)
            .flat_map(|allowed| &allowed.visuals);
        let visual = visuals.find(|visual| {
            visual.class == VisualClass::TRUE_COLOR
                && (visual.red_mask, visual.green_mask, visual.blue_mask)
                    == (0xff_0000, 0xff00, 0xff)
        });
        visual.map(|visual| visual.visual_id)
    };
    match screen.root_depth {
        24 | 32 => Ok(None),
        // The depth of 32, which has transparency besides, is what an X.Org server adds for
        // compositing, whatever the screen's own; few have 24 beside another.
        depth => match with_depth(24).or_else(|| with_depth(32)) {
            Some(visual) => Ok(Some(visual)),
            None => Err(format!(
                "the X server's screen has a depth of {depth}, and a window needs 24 or 32: start \
                 the server with 24, or use mixctl"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use x11rb::protocol::xproto::{Depth, Visualtype};

    use super::*;

    /// A screen of this depth, and of visuals: their depths, ids and green masks.
    fn screen(root_depth: u8, visuals: &[(u8, u32, u32)]) -> Screen {
        let allowed_depths = visuals.iter().map(|&(depth, visual_id, green_mask)| Depth {
            depth,
            visuals: vec![Visualtype {
                visual_id,
                class: VisualClass::TRUE_COLOR,
                red_mask: 0xff_0000,
                green_mask,
                blue_mask: 0xff,
                ..Visualtype::default()
            }],
        });
        Screen {
            root_depth,
            allowed_depths: allowed_depths.collect(),
            ..Screen::default()
        }
    }

    #[test]
    fn a_depth_that_is_not_24_is_drawn_to_by_another_visual() {
        let own = screen(24, &[(32, 1, 0xff00), (24, 2, 0xff00)]);
        assert_eq!(visual(&own), Ok(None));
        let both = screen(30, &[(30, 1, 0xff00), (32, 2, 0xff00), (24, 3, 0xff00)]);
        assert_eq!(visual(&both), Ok(Some(3)));
        let composite = screen(16, &[(16, 1, 0xff00), (32, 2, 0xff), (32, 3, 0xff00)]);
        assert_eq!(visual(&composite), Ok(Some(3)));
        let error = visual(&screen(8, &[(8, 1, 0xff00)])).unwrap_err();
        assert!(error.contains("a depth of 8"), "{error}");
    }
}
