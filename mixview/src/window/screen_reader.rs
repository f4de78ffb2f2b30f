//! Screen readers, by AT-SPI: what they are told, and what they ask for. The library has threads of its own,
//! which are heard through a descriptor. Without the feature `accesskit` there is nobody to tell.

use std::os::fd::BorrowedFd;

use crate::model::{Message, Model};
use crate::view::Frame;

#[cfg(feature = "accesskit")]
pub use with_accesskit::ScreenReader;

#[cfg(not(feature = "accesskit"))]
pub struct ScreenReader;

#[cfg(not(feature = "accesskit"))]
#[allow(clippy::unused_self)]
impl ScreenReader {
    pub fn open() -> Self {
        Self
    }

    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    pub fn turn(&mut self, _: &Model) -> Option<Vec<Message>> {
        None
    }

    pub fn tell(&mut self, _: &Model, _: &Frame, _: f32) {}

    pub fn focused(&mut self, _: bool) {}
}

#[cfg(feature = "accesskit")]
mod with_accesskit {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use accesskit::{
        ActionHandler, ActionRequest, ActivationHandler, DeactivationHandler, TreeUpdate,
    };
    use accesskit_unix::Adapter;

    use super::{BorrowedFd, Frame, Message, Model};
    use crate::accessibility::{messages, tree};

    /// The connection to the accessibility bus; none where there are no descriptors left.
    pub struct ScreenReader {
        open: Option<Open>,
    }

    struct Open {
        adapter: Adapter,
        requests: Receiver<ActionRequest>,
        wake: UnixStream,
    }

    /// Runs in the library's threads.
    struct Handler {
        requests: Sender<ActionRequest>,
        wake: UnixStream,
    }

    impl ActivationHandler for Handler {
        fn request_initial_tree(&mut self) -> Option<TreeUpdate> {
            let _ = self.wake.write(&[0]);
            None
        }
    }

    impl ActionHandler for Handler {
        fn do_action(&mut self, request: ActionRequest) {
            if self.requests.send(request).is_ok() {
                let _ = self.wake.write(&[0]);
            }
        }
    }

    impl DeactivationHandler for Handler {
        fn deactivate_accessibility(&mut self) {}
    }

    impl ScreenReader {
        pub fn open() -> Self {
            Self { open: open() }
        }

        pub fn fd(&self) -> Option<BorrowedFd<'_>> {
            self.open.as_ref().map(|open| open.wake.as_fd())
        }

        /// Returns what was asked for, none of it perhaps: where a screen reader has begun to listen, all is
        /// to be told.
        pub fn turn(&mut self, model: &Model) -> Option<Vec<Message>> {
            let open = self.open.as_mut()?;
            let mut bytes = [0; 64];
            let woken = open.wake.read(&mut bytes);
            let requests = open.requests.try_iter();
            let found = requests.flat_map(|request| messages(&request, model));
            let found = found.collect();
            if let Ok(0) = woken {
                // Its threads have gone, and would wake the window for ever.
                self.open = None;
            }
            woken.is_ok().then_some(found)
        }

        pub fn tell(&mut self, model: &Model, frame: &Frame, scale: f32) {
            if let Some(open) = &mut self.open {
                open.adapter.update_if_active(|| tree(model, frame, scale));
            }
        }

        pub fn focused(&mut self, has_focus: bool) {
            if let Some(open) = &mut self.open {
                open.adapter.update_window_focus_state(has_focus);
            }
        }
    }

    fn open() -> Option<Open> {
        let (sender, requests) = channel();
        let (wake, theirs) = UnixStream::pair().ok()?;
        wake.set_nonblocking(true).ok()?;
        theirs.set_nonblocking(true).ok()?;
        let handler = || {
            Some(Handler {
                requests: sender.clone(),
                wake: theirs.try_clone().ok()?,
            })
        };
        let adapter = Adapter::new(handler()?, handler()?, handler()?);
        Some(Open {
            adapter,
            requests,
            wake,
        })
    }
}
