//! A pointer without a mouse, on compositors with wlr-virtual-pointer-unstable-v1.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

use wayland_client::globals::{GlobalListContents, registry_queue_init};
use wayland_client::protocol::{wl_output, wl_pointer, wl_registry};
use wayland_client::{Connection, Dispatch, EventQueue, Proxy, QueueHandle, delegate_noop};
use wayland_protocols_wlr::virtual_pointer::v1::client::{
    zwlr_virtual_pointer_manager_v1::ZwlrVirtualPointerManagerV1,
    zwlr_virtual_pointer_v1::ZwlrVirtualPointerV1,
};

use crate::Result;

/// `BTN_LEFT` and `BTN_MIDDLE` of linux/input-event-codes.h.
pub const LEFT: u32 = 0x110;
pub const MIDDLE: u32 = 0x112;

/// A pointer, while it lives.
#[derive(Debug)]
pub struct Pointer {
    queue: EventQueue<State>,
    state: State,
    device: ZwlrVirtualPointerV1,
    start: Instant,
}

#[derive(Debug, Default)]
struct State {
    /// The output's size in pixels.
    size: (u32, u32),
}

impl Pointer {
    /// A new pointer on the compositor at this socket.
    pub fn new(socket: &Path) -> Result<Self> {
        let connection = Connection::from_socket(UnixStream::connect(socket)?)?;
        let (globals, mut queue) = registry_queue_init::<State>(&connection)?;
        let handle = queue.handle();
        let manager: ZwlrVirtualPointerManagerV1 = globals.bind(&handle, 1..=1, ())?;
        let _output: wl_output::WlOutput = globals.bind(&handle, 1..=1, ())?;
        let device = manager.create_virtual_pointer(None, &handle, ());
        let mut state = State::default();
        queue.roundtrip(&mut state)?;
        Ok(Self {
            queue,
            state,
            device,
            start: Instant::now(),
        })
    }

    /// Moves it there, in pixels of an output of scale 1.
    pub fn to(&mut self, x: u32, y: u32) -> Result<()> {
        let (width, height) = self.state.size;
        self.device.motion_absolute(self.now(), x, y, width, height);
        self.commit()
    }

    /// Presses or releases a button.
    pub fn button(&mut self, button: u32, down: bool) -> Result<()> {
        let state = match down {
            true => wl_pointer::ButtonState::Pressed,
            false => wl_pointer::ButtonState::Released,
        };
        self.device.button(self.now(), button, state);
        self.commit()
    }

    /// Turns the wheel by a notch, away from the user or back.
    pub fn wheel(&mut self, up: bool) -> Result<()> {
        let (value, notches) = if up { (-15.0, -1) } else { (15.0, 1) };
        let axis = wl_pointer::Axis::VerticalScroll;
        self.device.axis_source(wl_pointer::AxisSource::Wheel);
        self.device.axis_discrete(self.now(), axis, value, notches);
        self.commit()
    }

    fn commit(&mut self) -> Result<()> {
        self.device.frame();
        self.queue.roundtrip(&mut self.state)?;
        Ok(())
    }

    fn now(&self) -> u32 {
        u32::try_from(self.start.elapsed().as_millis()).unwrap_or(u32::MAX)
    }
}

impl Dispatch<wl_registry::WlRegistry, GlobalListContents> for State {
    fn event(
        _: &mut Self,
        _: &wl_registry::WlRegistry,
        _: wl_registry::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

impl Dispatch<wl_output::WlOutput, ()> for State {
    fn event(
        state: &mut Self,
        _: &wl_output::WlOutput,
        event: wl_output::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_output::Event::Mode { width, height, .. } = event {
            state.size = (width.unsigned_abs(), height.unsigned_abs());
        }
    }
}

delegate_noop!(State: ZwlrVirtualPointerManagerV1);
delegate_noop!(State: ignore ZwlrVirtualPointerV1);

impl Drop for Pointer {
    fn drop(&mut self) {
        if self.device.is_alive() {
            self.device.destroy();
        }
    }
}
