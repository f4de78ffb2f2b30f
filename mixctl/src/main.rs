//! The program; all of it is in the library, where xtask finds the table of its words.
//!
//! Where glibc hands the words to whoever asks, std's own start is left out: it reads
//! `/proc/self/maps` and asks for a second stack to report the overflow of the first on, which is a
//! tenth of all the time that a key binding takes.
//! A test of this target has the harness's `main`.
#![cfg_attr(all(target_env = "gnu", not(test)), no_main)]

/// What the C library starts.
// SAFETY: no other `main` is linked, and this one takes and returns what C's may.
#[cfg(all(target_env = "gnu", not(test)))]
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C" fn main() -> std::ffi::c_int {
    wire::socket::open_standard_streams();
    wire::signal::ignore_broken_pipes();
    wire::memory::map_buffers();
    // Not a return: what is still to be written would be lost.
    std::process::exit(mixctl::main().into())
}

#[cfg(any(not(target_env = "gnu"), test))]
fn main() -> std::process::ExitCode {
    mixctl::main().into()
}
