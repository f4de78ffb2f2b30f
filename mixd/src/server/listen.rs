//! Listens at the socket's name: at once where it is free, and where a mixd is leaving it, when that has
//! left.

use std::time::{Duration, Instant};

use wire::Name;
use wire::client::{Client, ClientError};
use wire::socket::{Holder, ListenError, Listener, Peer};

use crate::daemon::EXIT_TIME;

/// How long a mixd that is leaving is waited for: as long as it may take, and a moment to end.
const TIMEOUT: Duration = EXIT_TIME.saturating_add(Duration::from_millis(200));

/// How long after a name was not free, though nobody answers there, it is tried again.
const PAUSE: Duration = Duration::from_millis(10);

/// Listens at `name`. A mixd that stays answers a Hello; one that is leaving takes no connection
/// any more, and its end is the end of the one that waits for it.
///
/// # Errors
/// [`ListenError`]: somebody stays there.
pub fn listen(name: &Name) -> Result<Listener, ListenError> {
    let deadline = Instant::now() + TIMEOUT;
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
        let holder = match holder {
            Holder::Listener(peer) => say_hello(name, peer),
            holder => holder,
        };
        let stays = match holder {
            Holder::Listener(_) | Holder::Other(_) | Holder::File => true,
            Holder::Silent(_) | Holder::Full | Holder::Socket => Instant::now() >= deadline,
        };
        if stays {
            return Err(ListenError::InUse(name.clone(), holder));
        }
        has_waited = true;
        std::thread::sleep(PAUSE);
    }
}

/// Says Hello to the program that listens, which is `peer`. Returns what it turns out to be, as soon as it
/// answers or ends, or when it has been silent for as long as a client waits.
fn say_hello(name: &Name, peer: Peer) -> Holder {
    match Client::connect(name, "mixd") {
        // It is another user's, or too busy for one more client: a mixd that stays.
        Ok(_) | Err(ClientError::Stranger(..) | ClientError::Refused(_)) => Holder::Listener(peer),
        Err(ClientError::Protocol(_)) => Holder::Other(peer),
        Err(_) => Holder::Silent(peer),
    }
}
