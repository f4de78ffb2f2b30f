//! The selections of Wayland. A compositor tells them to the client that has the keyboard, and takes one from
//! it with the serial of an input. So this is a second event queue of winit's connection, with a keyboard and
//! a pointer for their serials; winit reads for it. Nobody else may read: a thread that did would take
//! events from the socket while the window waits for that to be readable.

use std::ffi::c_void;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pipe::{PipeFlags, pipe_with};
use wayland_backend::client::Backend;
use wayland_client::globals::{GlobalListContents, registry_queue_init};
use wayland_client::protocol::wl_data_device::{self, WlDataDevice};
use wayland_client::protocol::wl_data_device_manager::WlDataDeviceManager;
use wayland_client::protocol::wl_data_offer::{self, WlDataOffer};
use wayland_client::protocol::wl_data_source::{self, WlDataSource};
use wayland_client::protocol::wl_keyboard::{self, WlKeyboard};
use wayland_client::protocol::wl_pointer::{self, WlPointer};
use wayland_client::protocol::wl_registry::WlRegistry;
use wayland_client::protocol::wl_seat::{self, Capability, WlSeat};
use wayland_client::{
    Connection, Dispatch, EventQueue, Proxy, QueueHandle, WEnum, delegate_noop, event_created_child,
};
use wayland_protocols::wp::primary_selection::zv1::client::zwp_primary_selection_device_manager_v1::ZwpPrimarySelectionDeviceManagerV1 as PrimaryManager;
use wayland_protocols::wp::primary_selection::zv1::client::zwp_primary_selection_device_v1::{
    self as primary_device, ZwpPrimarySelectionDeviceV1 as PrimaryDevice,
};
use wayland_protocols::wp::primary_selection::zv1::client::zwp_primary_selection_offer_v1::{
    self as primary_offer, ZwpPrimarySelectionOfferV1 as PrimaryOffer,
};
use wayland_protocols::wp::primary_selection::zv1::client::zwp_primary_selection_source_v1::{
    self as primary_source, ZwpPrimarySelectionSourceV1 as PrimarySource,
};
use winit::event_loop::OwnedDisplayHandle;
use winit::raw_window_handle::{HasDisplayHandle, RawDisplayHandle};

use super::Selection;

/// What text is offered as, the best first.
const MIME_TYPES: [&str; 4] = [
    "text/plain;charset=utf-8",
    "UTF8_STRING",
    "text/plain",
    "STRING",
];

pub struct Wayland {
    queue: EventQueue<State>,
    state: State,
    /// Keeps winit's connection open for longer than the queue.
    _display: OwnedDisplayHandle,
}

struct State {
    keyboard: Option<WlKeyboard>,
    pointer: Option<WlPointer>,
    clipboard: (WlDataDeviceManager, WlDataDevice),
    /// None where the compositor has no primary selection.
    primary: Option<(PrimaryManager, PrimaryDevice)>,
    /// What other programs offer, or this one; known while the window has the keyboard.
    clipboard_offer: Option<WlDataOffer>,
    primary_offer: Option<PrimaryOffer>,
    /// What was selected here last, and the serial that it was owned by, while no other program owns it.
    primary_text: Option<(u32, Arc<Mutex<String>>)>,
    /// That of the last key or button; 0 where there is nothing but a touch screen, from which nothing is copied.
    serial: u32,
}

/// The index in [`MIME_TYPES`] of the best type of an offer; past its end if there is none.
struct MimeType(AtomicUsize);

impl Default for MimeType {
    fn default() -> Self {
        Self(AtomicUsize::new(MIME_TYPES.len()))
    }
}

impl MimeType {
    fn add(&self, name: &str) {
        if let Some(at) = MIME_TYPES.iter().position(|known| *known == name) {
            self.0.fetch_min(at, Ordering::Relaxed);
        }
    }

    fn best(&self) -> Option<String> {
        let best = MIME_TYPES.get(self.0.load(Ordering::Relaxed))?;
        Some((*best).to_owned())
    }
}

impl Wayland {
    /// Waits for the compositor three times: for the list of what it has, for what the seat has, and for the
    /// serial of the focus with the selections.
    pub fn connect(display: &OwnedDisplayHandle) -> Option<Self> {
        let RawDisplayHandle::Wayland(handle) = display.display_handle().ok()?.as_raw() else {
            return None;
        };
        let connection = connection(handle.display);
        let (globals, mut queue) = registry_queue_init::<State>(&connection).ok()?;
        let handle = queue.handle();
        // The third version can be told that a keyboard has gone; of the others the first has all.
        let seat: WlSeat = globals.bind(&handle, 1..=3, ()).ok()?;
        let manager: WlDataDeviceManager = globals.bind(&handle, 1..=1, ()).ok()?;
        let device = manager.get_data_device(&seat, &handle, ());
        let primary: Option<PrimaryManager> = globals.bind(&handle, 1..=1, ()).ok();
        let primary = primary.map(|manager| {
            let device = manager.get_device(&seat, &handle, ());
            (manager, device)
        });
        let mut state = State {
            keyboard: None,
            pointer: None,
            clipboard: (manager, device),
            primary,
            clipboard_offer: None,
            primary_offer: None,
            primary_text: None,
            serial: 0,
        };
        queue.roundtrip(&mut state).ok()?;
        queue.roundtrip(&mut state).ok()?;
        Some(Self {
            queue,
            state,
            _display: display.clone(),
        })
    }

    /// Handles the events that winit has read.
    pub fn turn(&mut self) {
        // winit meets the same error, and ends the window.
        let _ = self.queue.dispatch_pending(&mut self.state);
        let _ = self.queue.flush();
    }

    pub fn copy(&mut self, selection: Selection, text: String) {
        // The press that copies may have been read this very moment, with the focus.
        let _ = self.queue.dispatch_pending(&mut self.state);
        let (handle, serial) = (self.queue.handle(), self.state.serial);
        match (selection, &self.state.primary) {
            (Selection::Clipboard, _) => {
                let (manager, device) = &self.state.clipboard;
                let source = manager.create_data_source(&handle, text);
                for name in MIME_TYPES {
                    source.offer(name.to_owned());
                }
                device.set_selection(Some(&source), serial);
            }
            (Selection::Primary, Some((manager, device))) => {
                if let Some((of, owned)) = &self.state.primary_text
                    && *of == serial
                    && let Ok(mut owned) = owned.lock()
                {
                    // The same key still: compositors take no second selection of one serial.
                    *owned = text;
                    return;
                }
                let text = Arc::new(Mutex::new(text));
                self.state.primary_text = Some((serial, Arc::clone(&text)));
                let source = manager.create_source(&handle, text);
                for name in MIME_TYPES {
                    source.offer(name.to_owned());
                }
                device.set_selection(Some(&source), serial);
            }
            (Selection::Primary, None) => {}
        }
        let _ = self.queue.flush();
    }

    /// Returns where the text of a selection can be read; none where it has no owner, or is no text.
    pub fn paste(&mut self, selection: Selection) -> Option<OwnedFd> {
        let _ = self.queue.dispatch_pending(&mut self.state);
        let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC).ok()?;
        fcntl_setfl(&ours, OFlags::NONBLOCK).ok()?;
        match selection {
            Selection::Clipboard => {
                let offer = self.state.clipboard_offer.as_ref()?;
                offer.receive(offer.data::<MimeType>()?.best()?, theirs.as_fd());
            }
            Selection::Primary => {
                let offer = self.state.primary_offer.as_ref()?;
                offer.receive(offer.data::<MimeType>()?.best()?, theirs.as_fd());
            }
        }
        let _ = self.queue.flush();
        Some(ours)
    }
}

#[allow(unsafe_code)]
fn connection(display: NonNull<c_void>) -> Connection {
    // SAFETY: winit's display is open, and `Wayland` keeps it open for longer than the queue that comes of
    // this.
    let backend = unsafe { Backend::from_foreign_display(display.as_ptr().cast()) };
    Connection::from_backend(backend)
}

/// Writes copied text to a program that pastes it. A pipe that is new takes all of it at once.
fn send(text: &str, fd: OwnedFd) {
    if fcntl_setfl(&fd, OFlags::NONBLOCK).is_ok() {
        let _ = File::from(fd).write_all(text.as_bytes());
    }
}

impl Dispatch<WlRegistry, GlobalListContents> for State {
    fn event(
        _: &mut Self,
        _: &WlRegistry,
        _: <WlRegistry as Proxy>::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

/// Handles the events of an interface whose objects have data of this type.
macro_rules! dispatch {
    ($interface:ty, $data:ty, |$state:pat_param, $proxy:pat_param, $event:pat_param, $own:pat_param, $handle:pat_param| $body:block
     $(, $opcode:path => $child:ty)?) => {
        impl Dispatch<$interface, $data> for State {
            fn event(
                $state: &mut Self,
                $proxy: &$interface,
                $event: <$interface as Proxy>::Event,
                $own: &$data,
                _: &Connection,
                $handle: &QueueHandle<Self>,
            ) $body

            $(event_created_child!(State, $interface, [$opcode => ($child, MimeType::default())]);)?
        }
    };
}

delegate_noop!(State: ignore WlDataDeviceManager);
delegate_noop!(State: ignore PrimaryManager);

dispatch!(WlSeat, (), |state, seat, event, (), handle| {
    if let wl_seat::Event::Capabilities {
        capabilities: WEnum::Value(has),
    } = event
    {
        match (has.contains(Capability::Keyboard), state.keyboard.take()) {
            (true, keyboard) => {
                state.keyboard = keyboard.or_else(|| Some(seat.get_keyboard(handle, ())));
            }
            (false, Some(keyboard)) if keyboard.version() >= 3 => keyboard.release(),
            (false, _) => {}
        }
        match (has.contains(Capability::Pointer), state.pointer.take()) {
            (true, pointer) => {
                state.pointer = pointer.or_else(|| Some(seat.get_pointer(handle, ())));
            }
            (false, Some(pointer)) if pointer.version() >= 3 => pointer.release(),
            (false, _) => {}
        }
    }
});

dispatch!(WlKeyboard, (), |state, _, event, (), _| {
    if let wl_keyboard::Event::Enter { serial, .. }
    | wl_keyboard::Event::Key { serial, .. }
    | wl_keyboard::Event::Modifiers { serial, .. } = event
    {
        state.serial = serial;
    }
});

dispatch!(WlPointer, (), |state, _, event, (), _| {
    if let wl_pointer::Event::Button { serial, .. } = event {
        state.serial = serial;
    }
});

dispatch!(
    WlDataDevice,
    (),
    |state, _, event, (), _| {
        match event {
            wl_data_device::Event::Selection { id } => {
                if let Some(old) = std::mem::replace(&mut state.clipboard_offer, id) {
                    old.destroy();
                }
            }
            // Nothing is dropped on this window from outside.
            wl_data_device::Event::Enter { id: Some(offer), .. } => offer.destroy(),
            _ => {}
        }
    },
    wl_data_device::EVT_DATA_OFFER_OPCODE => WlDataOffer
);

dispatch!(
    PrimaryDevice,
    (),
    |state, _, event, (), _| {
        if let primary_device::Event::Selection { id } = event
            && let Some(old) = std::mem::replace(&mut state.primary_offer, id)
        {
            old.destroy();
        }
    },
    primary_device::EVT_DATA_OFFER_OPCODE => PrimaryOffer
);

dispatch!(WlDataOffer, MimeType, |_, _, event, best, _| {
    if let wl_data_offer::Event::Offer { mime_type } = event {
        best.add(&mime_type);
    }
});

dispatch!(PrimaryOffer, MimeType, |_, _, event, best, _| {
    if let primary_offer::Event::Offer { mime_type } = event {
        best.add(&mime_type);
    }
});

dispatch!(WlDataSource, String, |_, source, event, text, _| {
    match event {
        wl_data_source::Event::Send { fd, .. } => send(text, fd),
        wl_data_source::Event::Cancelled => source.destroy(),
        _ => {}
    }
});

dispatch!(
    PrimarySource,
    Arc<Mutex<String>>,
    |state, source, event, text, _| {
        match event {
            primary_source::Event::Send { fd, .. } => {
                let text = text.lock().map(|text| text.clone());
                send(&text.unwrap_or_default(), fd);
            }
            primary_source::Event::Cancelled => {
                let is_last = |last: &mut (u32, Arc<_>)| Arc::ptr_eq(&last.1, text);
                state.primary_text.take_if(is_last);
                source.destroy();
            }
            _ => {}
        }
    }
);
