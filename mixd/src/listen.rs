//! Takes the name: at once where it is free, and from a mixd that is leaving when it has left.

use std::time::{Duration, Instant};

use wire::Name;
use wire::client::{Client, ClientError};
use wire::socket::{Holder, ListenError, Listener};

use crate::daemon::EXIT_TIME;

/// How long a mixd that is leaving is waited for: as long as it may take, and a moment to end.
const PATIENCE: Duration = EXIT_TIME.saturating_add(Duration::from_millis(200));

/// How long after a name was not free, though nobody answers there, it is tried again.
const PAUSE: Duration = Duration::from_millis(10);

/// Listens at `name`. A mixd that stays answers a greeting; one that is leaving takes no connection
/// any more, and its end is the end of the one that waits for it.
///
/// # Errors
/// [`ListenError`]: somebody stays there.
pub fn listen(name: &Name) -> Result<Listener, ListenError> {
    let deadline = Instant::now() + PATIENCE;
    let mut has_waited = false;
    loop {
        let holder = match Listener::bind(name) {
            Err(ListenError::InUse(_, holder)) => holder,
            other => {
                if has_waited && other.is_ok() {
                    info!("waited for another mixd, which was leaving {name}");
                }
                return other;
            }
        };
        let stays = match holder {
            Holder::Listener(peer) if !answers(name) => {
                (Instant::now() >= deadline).then_some(Holder::Silent(peer))
            }
            Holder::Listener(_) | Holder::Silent(_) | Holder::File => Some(holder),
            Holder::Full | Holder::Socket => (Instant::now() >= deadline).then_some(holder),
        };
        if let Some(holder) = stays {
            return Err(ListenError::InUse(name.clone(), holder));
        }
        has_waited = true;
        std::thread::sleep(PAUSE);
    }
}

/// Whether whoever listens answers a greeting, with whatever. Returns when it does, when it ends, or
/// when it has been silent for as long as a client waits.
fn answers(name: &Name) -> bool {
    match Client::connect(name, "mixd") {
        Ok(_) => true,
        Err(error) => matches!(
            error,
            ClientError::Stranger(..) | ClientError::Refused(_) | ClientError::Protocol(_)
        ),
    }
}
