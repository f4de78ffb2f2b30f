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
use wire::Diagnosis;

use self::connection::Connection;
use crate::desk::Desk;
use crate::fade::{Factors, Fade};
use crate::options::Sound;
use crate::router::{self, Router};

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
    /// The value of [`router::INSTANCE`] of our connections.
    instance: String,
    sound: Sound,
    retry_at: Option<Instant>,
    retry_wait: Duration,
}

impl PipeWire {
    /// Loads the library. Whether PipeWire runs is not asked yet.
    ///
    /// # Errors
    /// The library's.
    pub fn open(sound: &Sound) -> Result<Self, pipewire::Error> {
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
            sound: sound.clone(),
            retry_at: Some(Instant::now()),
            retry_wait: FIRST_RETRY,
        })
    }

    /// Readable when PipeWire has something to say.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.main_loop.loop_().fd()
    }

    /// When [`turn`](Self::turn) is to be called next, if the descriptor is not readable before.
    pub fn deadline(&self) -> Option<Instant> {
        let due = self.connection.as_ref().and_then(Connection::deadline);
        [self.retry_at, due].into_iter().flatten().min()
    }

    /// Takes in what PipeWire says, if it is `ready`, and does what is to be done about it, and
    /// what is due.
    ///
    /// # Errors
    /// Why we can't play to this PipeWire: a sentence.
    pub fn turn(&mut self, ready: bool, desk: &mut Desk, now: Instant) -> Result<(), String> {
        if self.retry_at.is_some_and(|at| now >= at) {
            self.connect(desk, now);
        }
        if ready {
            self.main_loop.loop_().iterate(Timeout::None);
        }
        if let Some(connection) = &mut self.connection
            && !connection.turn(desk, now)
        {
            warning!(
                "PipeWire has gone; trying again every {} s",
                LAST_RETRY.as_secs()
            );
            self.connection = None;
            self.retry_at = Some(now + FIRST_RETRY);
            self.retry_wait = FIRST_RETRY;
            desk.set_audio(Router::new(None).audio());
        }
        let refusal = self.router().and_then(Router::refusal);
        refusal.map_or(Ok(()), Err)
    }

    fn connect(&mut self, desk: &Desk, now: Instant) {
        let mut router = Router::new(self.sound.output.clone());
        router.set_instance(self.instance.clone());
        let fade = Fade::new(Factors::from(desk.mix()), self.sound.glide);
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

    /// Plays to another sink, or fades at another pace, from now on.
    pub fn set_sound(&mut self, sound: &Sound, desk: &mut Desk, now: Instant) {
        if *sound == self.sound {
            return;
        }
        self.sound = sound.clone();
        if let Some(connection) = &mut self.connection {
            connection.set_sound(sound);
            connection.reconcile(desk, now);
        }
    }

    /// Carries out what clients have changed.
    pub fn apply(&mut self, desk: &mut Desk, now: Instant) {
        if let Some(connection) = &mut self.connection {
            connection.apply(desk, now);
        }
    }

    /// What PipeWire has, while it is there.
    pub fn router(&self) -> Option<&Router> {
        self.connection.as_ref().map(Connection::router)
    }

    /// What `mixctl doctor` asks for.
    pub fn diagnosis(&self) -> Diagnosis {
        self.router().map(Router::diagnosis).unwrap_or_default()
    }

    /// Sends the streams back to where they would be without us.
    pub fn begin_exit(&mut self) {
        self.retry_at = None;
        if let Some(connection) = &mut self.connection {
            connection.begin_exit();
        }
    }

    /// Returns whether all that is undone, and the sinks can go without anybody falling silent.
    pub fn has_left(&self) -> bool {
        self.connection.as_ref().is_none_or(Connection::has_left)
    }
}

/// Returns a text that no other mixd has: processes of different PID namespaces may have the same number.
fn instance() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanoseconds = since.unwrap_or_default().as_nanos();
    format!("{}-{nanoseconds}", std::process::id())
}
