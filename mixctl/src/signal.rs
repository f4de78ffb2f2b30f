//! The signals of a command that is waited for: the raw calls that std does not make.
#![allow(unsafe_code)]

/// Leaves SIGINT and SIGQUIT, which a terminal sends to a command and to the process that waits for it,
/// to the command; and restores SIGCHLD, so that its end is reported whatever was inherited. To be
/// called before the command is started.
///
/// They are handled, by nothing, and not ignored: execve(2) resets a handled signal to its default, and
/// an ignored one the command would ignore, too. Those that are ignored already stay so.
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
