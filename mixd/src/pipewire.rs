//! The adapter between PipeWire and the router: PipeWire's events become events, the router's commands
//! become calls. No decision is made here.

mod connection;
mod listen;
mod metadata;
mod pod;
mod sink;

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant, SystemTime};

use pipewire::context::ContextRc;
use pipewire::loop_::Timeout;
use pipewire::main_loop::MainLoopRc;
use pipewire::properties::properties;
use wire::{Audio, Mix};

use self::connection::Connection;
use crate::app::AudioServer;
use crate::fade::{Factors, Fade};
use crate::router::{self, ByChannel, Preference, Router};
use crate::rules::Rules;

/// The first wait before PipeWire is tried again; each further one is twice as long.
const FIRST_RETRY: Duration = Duration::from_millis(100);
/// The longest such wait.
const LAST_RETRY: Duration = Duration::from_secs(2);

/// PipeWire, connected or not.
pub struct PipeWire {
    /// Before the context and the loop, which it needs while it is dropped.
    connection: Option<Connection>,
    context: ContextRc,
    main_loop: MainLoopRc,
    /// The value of `INSTANCE` that tells our connections from those of another mixd.
    instance: String,
    /// The shortest time that a change of volume takes.
    glide: Duration,
    /// What each channel is to play to.
    preferences: ByChannel<Vec<Preference>>,
    retry_at: Option<Instant>,
    retry_wait: Duration,
}

impl PipeWire {
    /// Loads the library. Whether PipeWire runs is not asked yet.
    ///
    /// # Errors
    /// The library's.
    pub fn open(
        glide: Duration,
        preferences: ByChannel<Vec<Preference>>,
    ) -> Result<Self, pipewire::Error> {
        pipewire::init();
        let main_loop = MainLoopRc::new(None)?;
        let instance = instance();
        let properties = properties! { router::INSTANCE => &*instance };
        let context = ContextRc::new(&main_loop, Some(properties))?;
        Ok(Self {
            connection: None,
            context,
            main_loop,
            instance,
            glide,
            preferences,
            retry_at: Some(Instant::now()),
            retry_wait: FIRST_RETRY,
        })
    }

    fn connect(&mut self, mix: Mix, now: Instant) {
        let mut router = Router::new(self.preferences.clone());
        router.set_instance(self.instance.clone());
        let fade = Fade::new(Factors::from(mix), self.glide);
        if let Ok(connection) = Connection::open(&self.context, router, fade) {
            self.connection = Some(connection);
            self.retry_at = None;
            return;
        }
        // The crate drops the error that the library leaves in errno.
        let error = std::io::Error::last_os_error();
        if self.retry_wait == FIRST_RETRY {
            let reason = wire::socket::reason(&error);
            warning!("connect to PipeWire: {reason}; is it running? trying again");
        }
        self.retry_at = Some(now + self.retry_wait);
        self.retry_wait = LAST_RETRY.min(self.retry_wait * 2);
    }
}

impl AudioServer for PipeWire {
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.main_loop.loop_().fd())
    }

    fn deadline(&self) -> Option<Instant> {
        let due = self.connection.as_ref().and_then(Connection::deadline);
        [self.retry_at, due].into_iter().flatten().min()
    }

    fn dispatch(
        &mut self,
        is_readable: bool,
        rules: &Rules,
        mix: Mix,
        now: Instant,
    ) -> Result<Option<Audio>, String> {
        if self.retry_at.is_some_and(|at| now >= at) {
            self.connect(mix, now);
        }
        if is_readable {
            self.main_loop.loop_().iterate(Timeout::None);
        }
        let Some(connection) = &mut self.connection else {
            return Ok(None);
        };
        let Ok(audio) = connection.dispatch(rules, now) else {
            warning!(
                "PipeWire has gone; trying again every {} s",
                LAST_RETRY.as_secs()
            );
            self.connection = None;
            self.retry_at = Some(now + FIRST_RETRY);
            self.retry_wait = FIRST_RETRY;
            return Ok(Some(Router::default().audio()));
        };
        match connection.router().refusal() {
            Some(refusal) => Err(refusal),
            None => Ok(audio),
        }
    }

    fn configure(&mut self, glide: Duration, preferences: ByChannel<Vec<Preference>>) {
        if let Some(connection) = &mut self.connection {
            connection.set_config(glide, preferences.clone());
        }
        (self.glide, self.preferences) = (glide, preferences);
    }

    fn set_mix(&mut self, mix: Mix, now: Instant) {
        if let Some(connection) = &mut self.connection {
            connection.set_mix(mix, now);
        }
    }

    fn follow_list(&mut self, streams: &[u32]) {
        if let Some(connection) = &mut self.connection {
            connection.follow_list(streams);
        }
    }

    fn reconcile(&mut self, rules: &Rules, now: Instant) -> Option<Audio> {
        let connection = self.connection.as_mut()?;
        Some(connection.reconcile(rules, now))
    }

    fn router(&self) -> Option<&Router> {
        self.connection.as_ref().map(Connection::router)
    }

    fn shutdown(&mut self) {
        self.retry_at = None;
        if let Some(connection) = &mut self.connection {
            connection.shutdown();
        }
    }

    fn is_drained(&self) -> bool {
        self.connection.as_ref().is_none_or(Connection::is_drained)
    }
}

/// A text that no other mixd has: processes of different PID namespaces may have the same number.
fn instance() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanoseconds = since.unwrap_or_default().as_nanos();
    format!("{}-{nanoseconds}", std::process::id())
}
