//! Which client gets a slot of the array, and what the others are told. Pure.

use std::cmp::Reverse;

use wire::socket::Peer;
use wire::{ErrorCode, Failure, Holder, Reason};

use crate::rules::name::shown;
use crate::sorted::SortedMap;

/// How many clients are served at once. A desktop has a bar or two, a window, and key presses.
pub const CLIENTS: usize = 32;
/// A client's slot in the array, from 0 to [`CLIENTS`] - 1.
pub type ClientId = usize;
/// How many slots one process may hold, so that a client that forgets to close leaves room for the key
/// that fixes it.
pub const CLIENTS_A_PROCESS: usize = 16;

/// How many programs a refusal names, so that its sentence fits the protocol's 512 bytes.
const HOLDERS: usize = 8;

/// The slot for `peer`. `own` is the user that the daemon serves, `slots` the peer in each slot, and
/// `program` returns the name of a process.
///
/// # Errors
/// The peer gets no slot, and is told so.
pub fn admit(
    peer: Peer,
    own: u32,
    slots: impl Iterator<Item = Option<Peer>> + Clone,
    program: impl Fn(i32) -> Option<String>,
) -> Result<usize, Failure> {
    if peer.uid != own {
        // An abstract name has no permissions: this is the check.
        let message = format!("this mixd serves user {own} only");
        return Err(Failure::refused(Reason::OtherUser, message));
    }
    // Process 0 is any that is not visible from here.
    let of_its_own = slots
        .clone()
        .flatten()
        .filter(|other| other.pid == peer.pid)
        .count();
    if peer.pid != 0 && of_its_own >= CLIENTS_A_PROCESS {
        let message = format!(
            "mixd is busy: pid {} holds {of_its_own} of its places already, as many as one process \
             may; close some",
            peer.pid
        );
        let own = slots.flatten().filter(|other| other.pid == peer.pid);
        return Err(busy(Reason::ProcessFull, message, &holders(own, program)));
    }
    let free = slots.clone().position(|slot| slot.is_none());
    free.ok_or_else(|| {
        let holders = holders(slots.flatten(), program);
        let message = format!(
            "mixd is busy: all {CLIENTS} places for clients are taken, {}; end one and try again",
            in_words(&holders)
        );
        busy(Reason::TableFull, message, &holders)
    })
}

fn busy(reason: Reason, message: String, holders: &[Holder]) -> Failure {
    Failure {
        holders: holders.to_vec(),
        ..Failure::new(ErrorCode::Busy, message).because(reason)
    }
}

/// The processes that hold slots, those first that hold most.
pub fn holders(
    slots: impl Iterator<Item = Peer>,
    program: impl Fn(i32) -> Option<String>,
) -> Vec<Holder> {
    let mut places: SortedMap<i32, u32> = SortedMap::new();
    for peer in slots {
        *places.get_or_default(peer.pid) += 1;
    }
    let mut holders: Vec<Holder> = places
        .into_iter()
        .map(|(pid, places)| Holder {
            pid: u32::try_from(pid).ok().filter(|&pid| pid > 0),
            name: program(pid).map(|name| shown(&name)),
            places,
        })
        .collect();
    holders.sort_by_key(|holder| Reverse(holder.places));
    holders
}

/// The programs of processes that hold slots, those first that hold most: `30 by mixctl (pid 12 and others), 2
/// by waybar (pid 34)`.
fn in_words(holders: &[Holder]) -> String {
    let mut programs: SortedMap<Option<&str>, (u32, Vec<u32>)> = SortedMap::new();
    for holder in holders {
        let (places, pids) = programs.get_or_default(holder.name.as_deref());
        *places += holder.places;
        pids.push(holder.pid.unwrap_or(0));
    }
    let mut programs: Vec<_> = programs.into_iter().collect();
    programs.sort_by_key(|(_, (places, _))| Reverse(*places));
    let all = programs.len();
    let shown = programs.into_iter().take(HOLDERS);
    let mut shown: Vec<String> = shown
        .map(|(name, (places, pids))| {
            let name = name.unwrap_or("what is not visible from here");
            let others = if pids.len() > 1 { " and others" } else { "" };
            format!("{places} by {name} (pid {}{others})", pids[0])
        })
        .collect();
    if all > HOLDERS {
        shown.push("the others by others".to_owned());
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: u32 = 1000;

    fn peer(pid: i32) -> Peer {
        Peer { pid, uid: OWN }
    }

    /// Where no process has a name.
    fn admit(
        peer: Peer,
        own: u32,
        places: impl Iterator<Item = Option<Peer>> + Clone,
    ) -> Result<usize, Failure> {
        super::admit(peer, own, places, |_| None)
    }

    fn code(result: Result<usize, Failure>) -> ErrorCode {
        result.unwrap_err().code
    }

    #[test]
    fn the_first_free_place_is_given() {
        let places = [Some(peer(1)), None, None];
        assert_eq!(admit(peer(2), OWN, places.into_iter()), Ok(1));
    }

    #[test]
    fn another_user_is_refused_even_root() {
        for uid in [0, OWN + 1] {
            let stranger = Peer { pid: 9, uid };
            assert_eq!(
                code(admit(stranger, OWN, [None].into_iter())),
                ErrorCode::Refused
            );
        }
    }

    #[test]
    fn a_full_table_is_busy() {
        let places = (0..32).map(|pid| Some(peer(pid)));
        assert_eq!(code(admit(peer(99), OWN, places)), ErrorCode::Busy);
    }

    #[test]
    fn a_full_table_says_who_holds_the_places_and_fits_the_protocol() {
        let name = |pid| (pid > 0).then(|| if pid < 9 { "bar" } else { "key" }.to_owned());
        let places = [0; 2].into_iter().chain([7; 16]).chain(20..34);
        let places = places.map(|pid| Some(peer(pid)));
        let refused = super::admit(peer(99), OWN, places, name);
        let message = refused.unwrap_err().message;
        assert!(
            message.contains(
                "taken, 16 by bar (pid 7), 14 by key (pid 20 and others), 2 by what is not visible \
                 from here (pid 0); end one"
            ),
            "{message}"
        );
        // The longest name that the kernel has, and its largest pid (proc(5)).
        let places = (0..32).map(|at| Some(peer(4_194_303 - at / 2)));
        let name = |pid| Some(format!("{pid}-{}", "x".repeat(7)));
        let refused = super::admit(peer(99), OWN, places, name);
        let message = refused.unwrap_err().message;
        assert!(message.len() <= 450, "{}: {message}", message.len());
    }

    #[test]
    fn the_eight_programs_that_hold_the_most_places_are_named() {
        for (programs, are_more) in [(8, false), (9, true)] {
            let places = (0..32).map(|at| Some(peer(1 + at % programs)));
            let name = |pid| Some(format!("program-{pid}"));
            let message = super::admit(peer(99), OWN, places, name)
                .unwrap_err()
                .message;
            assert_eq!(message.matches("by program-").count(), 8, "{message}");
            assert_eq!(message.contains("the others"), are_more, "{message}");
        }
    }

    #[test]
    fn the_17th_connection_of_a_process_is_busy_and_another_process_is_not() {
        let places = (0..32).map(|at| (at < 16).then_some(peer(7)));
        assert_eq!(code(admit(peer(7), OWN, places.clone())), ErrorCode::Busy);
        assert_eq!(admit(peer(8), OWN, places.clone()), Ok(16));
        assert_eq!(admit(peer(7), OWN, places.skip(1)), Ok(15));
    }

    #[test]
    fn processes_that_are_not_visible_are_not_counted_as_one() {
        let places = (0..32).map(|at| (at < 16).then_some(peer(0)));
        assert_eq!(admit(peer(0), OWN, places), Ok(16));
    }
}
