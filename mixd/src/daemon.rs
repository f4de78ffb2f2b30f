//! The loop: what is ready, and who handles it. One thread, one poll(2).

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use wire::{Name, Topics};

use crate::backend::Backend;
use crate::config::state::State;
use crate::configuration::Configuration;
use crate::desk::Desk;
use crate::options::{BackendKind, Options};
use crate::server::listen::listen;
use crate::server::{self, Server};
use crate::service::House;
use crate::service_manager;
use crate::sys::{self, POLLIN, Signal, Signals};

/// How long the streams may take to leave our sinks, and the session manager to note it, before
/// these go all the same.
pub const EXIT_TIME: Duration = Duration::from_secs(2);

const SIGNALS: usize = 0;
const BACKEND: usize = 1;
const CONFIGURATION: usize = 2;
const SERVER: usize = 3;

/// Runs until a signal ends it. It listens at `name`, unless a service manager has passed a socket.
///
/// # Errors
/// What keeps the daemon from running, in a sentence.
pub fn run(options: &Options, name: &Name) -> Result<(), Box<dyn std::error::Error>> {
    // First: what was passed has its number only until something else is opened.
    let (passed, mut readiness) = service_manager::take(options.ready_fd)?;
    if passed.is_some() && options.socket.is_some() {
        return Err("the service manager has passed a socket; leave --socket to it".into());
    }
    wire::memory::map_buffers();
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
    let mut server = Server::on(listener)?;
    let mut configuration = Configuration::open(options);
    let mut backend = Backend::open(options.backend, &configuration.sound())?;
    let mut desk = Desk::new(backend.state());
    configuration.apply(&mut desk);
    let mut state = State::new();
    if configuration.remembers_volume() {
        if let Some(volume) = state.load() {
            desk.set_volume(volume);
        }
        state.begin(desk.lasting_volume());
    }
    info!("listening at {place}");
    readiness.announce(&format!("listening at {place}"));

    let mut leave_by: Option<Instant> = None;
    loop {
        let now = Instant::now();
        let deadlines = [
            server.deadline(now),
            backend.deadline(),
            configuration.deadline(now),
            state.deadline(),
            leave_by,
        ];
        let next = deadlines.into_iter().flatten().min();
        let mut polled = [sys::entry(None, 0); SERVER + server::ENTRIES];
        polled[SIGNALS] = sys::entry(Some(signals.as_fd()), POLLIN);
        polled[BACKEND] = sys::entry(backend.fd(), POLLIN);
        polled[CONFIGURATION] = sys::entry(configuration.fd(), POLLIN);
        polled[SERVER..].copy_from_slice(&server.entries());
        sys::poll(
            &mut polled,
            next.map(|next| next.saturating_duration_since(now)),
        )?;

        let now = Instant::now();
        match signals.take_if(polled[SIGNALS].revents != 0) {
            Some(Signal::End(signal)) if leave_by.is_some() => {
                info!("{signal} again: leaving at once");
                break;
            }
            Some(Signal::End(signal)) => {
                info!("{signal}: leaving");
                readiness.announce_end();
                server.stop_accepting();
                backend.begin_exit();
                leave_by = Some(now + EXIT_TIME);
            }
            // What is wrong with the file is logged and told.
            Some(Signal::Reload) => drop(configuration.reload(&mut desk)),
            None => {}
        }
        backend.turn(polled[BACKEND].revents != 0, &mut desk, now)?;
        let has_changed = polled[CONFIGURATION].revents != 0;
        configuration.turn(has_changed, &mut desk, &mut backend, now);
        let mut house = House {
            desk: &mut desk,
            backend: &backend,
            configuration: &mut configuration,
            state: &state,
        };
        server.handle(&polled[SERVER..], &mut house, now);
        // Whoever is told may turn out to have gone, and what it held with it.
        loop {
            let asked = desk.take_changed();
            if asked.is_empty() {
                break;
            }
            if leave_by.is_none() {
                backend.apply(&mut desk, now);
            }
            let changed: Topics = asked.iter().chain(desk.take_changed().iter()).collect();
            let mut house = House {
                desk: &mut desk,
                backend: &backend,
                configuration: &mut configuration,
                state: &state,
            };
            server.publish(changed, &mut house, now);
        }
        let remembers = configuration.remembers_volume();
        state.turn(remembers.then(|| desk.lasting_volume()), now);
        if leave_by.is_some_and(|by| backend.has_left() || now >= by) {
            break;
        }
    }
    if configuration.remembers_volume() {
        state.save(desk.lasting_volume());
    }
    Ok(())
}
