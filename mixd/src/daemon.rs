//! The loop: what is ready, and who handles it. One thread, one poll(2).

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use wire::Name;

use crate::app::App;
use crate::options::{BackendKind, Options};
use crate::server::listen::listen;
use crate::server::{self, Server};
use crate::service_manager;
use crate::sys::{self, POLLIN, Signal, Signals};

/// How long the streams may take to leave our sinks, and the session manager to note it, before
/// these go all the same.
pub const EXIT_TIME: Duration = Duration::from_secs(2);

/// The entries of the poll set: signals, PipeWire, mixd.conf, then all of the server's.
const SIGNALS: usize = 0;
const PIPEWIRE: usize = 1;
const CONFIG: usize = 2;
const SERVER: usize = 3;

/// Runs until a signal ends it. It listens at `name`, unless a service manager has passed a socket.
///
/// # Errors
/// A sentence that says what keeps the daemon from running.
pub fn run(options: &Options, name: &Name) -> Result<(), Box<dyn std::error::Error>> {
    // First: what was passed has its number only until something else is opened.
    let (passed, mut service_manager) = service_manager::take(options.ready_fd)?;
    if passed.is_some() && options.socket.is_some() {
        return Err("the service manager has passed a socket; leave --socket to it".into());
    }
    sys::map_buffers();
    // Before libpipewire starts a thread, which must have the signals blocked as well, and its priority.
    let signals = Signals::open()?;
    if options.backend == BackendKind::PipeWire {
        sys::raise_priority();
    }
    // The name is the lock: before anything is changed in PipeWire.
    let (listener, place) = match passed {
        Some(listener) => (listener, "the socket passed".to_owned()),
        None => (listen(name)?, name.to_string()),
    };
    let mut server = Server::new(listener);
    let mut app = App::open(options.clone())?;
    info!("listening at {place}");
    service_manager.announce(&format!("listening at {place}"));

    let mut exit_by: Option<Instant> = None;
    while exit_by.is_none_or(|by| !app.is_drained() && Instant::now() < by) {
        let now = Instant::now();
        let mut polled = [sys::entry(None, 0); SERVER + server::ENTRIES];
        let [pipewire, config] = app.fds();
        polled[SIGNALS] = sys::entry(Some(signals.as_fd()), POLLIN);
        polled[PIPEWIRE] = sys::entry(pipewire, POLLIN);
        polled[CONFIG] = sys::entry(config, POLLIN);
        let clients = server.entries();
        let used = SERVER + clients.len();
        polled[SERVER..used].copy_from_slice(clients);
        let deadlines = [server.deadline(now), app.deadline(), exit_by];
        let next = deadlines.into_iter().flatten().min();
        sys::poll(
            &mut polled[..used],
            next.map(|next| next.saturating_duration_since(now)),
        )?;

        let now = Instant::now();
        let is_ready = |at: usize| polled[at].revents != 0;
        match is_ready(SIGNALS).then(|| signals.take()).flatten() {
            Some(Signal::End(signal)) if exit_by.is_some() => {
                info!("{signal} again: leaving at once");
                break;
            }
            Some(Signal::End(signal)) => {
                info!("{signal}: leaving");
                service_manager.announce_end();
                server.stop_accepting();
                app.shutdown();
                exit_by = Some(now + EXIT_TIME);
            }
            // An error in the file is logged and shown to clients.
            Some(Signal::Reload) => drop(app.reload()),
            None => {}
        }
        app.dispatch([is_ready(PIPEWIRE), is_ready(CONFIG)], now)?;
        server.handle(&polled[SERVER..], &mut app, now);
        if exit_by.is_none() {
            app.apply(now);
        }
        server.publish(app.take_changed(), &polled[SERVER..], &app, now);
        app.save_volume_when_due(now);
    }
    app.save_volume();
    Ok(())
}
