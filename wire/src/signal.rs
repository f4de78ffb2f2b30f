//! Signals, as far as a short program has to do with them: those that end it, and those that are
//! meant for a command that it waits for.
#![allow(unsafe_code)]

/// From here on, who writes for a reader that has gone is told so (`EPIPE`) instead of ended by
/// SIGPIPE. What std does before `main`.
pub fn ignore_broken_pipes() {
    // SAFETY: no handler is installed.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// From here on SIGINT and SIGQUIT, which a terminal sends to a command and to whoever waits for it,
/// are the command's to act upon; and its end is told to who waits, whatever was inherited. To be
/// called before it is started.
///
/// They are handled, by nothing, and not ignored: what is handled execve(2) resets to the default,
/// what is ignored the command would ignore, too. Those that are ignored already stay so.
pub fn leave_to_child() {
    extern "C" fn nothing(_signal: libc::c_int) {}
    for signal in [libc::SIGINT, libc::SIGQUIT] {
        // SAFETY: the handler touches nothing; the previous disposition is only compared.
        unsafe {
            let handler = nothing as extern "C" fn(libc::c_int);
            if libc::signal(signal, handler as libc::sighandler_t) == libc::SIG_IGN {
                libc::signal(signal, libc::SIG_IGN);
            }
        }
    }
    // SAFETY: no handler is installed.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
    }
}
