//! mixctl: a command line to requests, and mixd's answers to text.
//!
//! With glibc, std's own start is left out: it reads `/proc/self/maps` and maps a second stack to report
//! an overflow of the first on. `mixctl shift-volume 0.01` takes 1.10 ms instead of 1.22 ms without that
//! (the fastest tenth of 1500 runs by turns, unoptimised, on a busy machine): a tenth of what a key
//! binding takes.
//! A test of this target has the harness's `main`.
#![cfg_attr(all(target_env = "gnu", not(test)), no_main)]

mod args;
mod ask;
mod bar;
mod dial;
mod doctor;
mod edit;
mod failure;
mod finding;
mod hold;
mod json;
mod moving;
mod number;
mod output;
mod pick;
mod print;
mod run;
mod select;
mod signal;
mod watch;
mod whereabouts;
mod why;

#[cfg(all(target_env = "gnu", not(test)))]
#[allow(unsafe_code)]
mod start {
    /// The `main` that the C library calls: does what is needed of std's start, and ends with exit(3),
    /// because after a return nothing would write what standard output still holds.
    // SAFETY: no other `main` is linked, and this one takes and returns what C's may.
    #[unsafe(no_mangle)]
    extern "C" fn main() -> std::ffi::c_int {
        for fd in 0..=2 {
            // A standard stream that is closed becomes /dev/null: the socket must not take its number,
            // and then what is printed. open(2) takes the lowest free number, which is this one.
            // SAFETY: neither call touches memory of ours but a constant string.
            unsafe {
                if libc::fcntl(fd, libc::F_GETFD) == -1 {
                    libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
                }
            }
        }
        // A write for a reader that has gone fails with EPIPE instead of ending the program.
        // SAFETY: no handler is installed.
        unsafe {
            libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        }
        std::process::exit(crate::run::main().into())
    }
}

#[cfg(any(not(target_env = "gnu"), test))]
fn main() -> std::process::ExitCode {
    run::main().into()
}
