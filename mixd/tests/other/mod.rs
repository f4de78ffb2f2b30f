//! Processes of their own for the tests: to hold what is counted by process, and to keep what goes
//! wrong in a library out of the process that judges.
#![allow(clippy::unwrap_used, dead_code)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};

/// The variable that tells such a process which socket is meant.
pub const SOCKET: &str = "MIXD_TEST_SOCKET";

/// A process of its own: this one again, told to run one of its ignored tests, which prints a line
/// with `ready` and goes on until its standard input ends.
pub struct Other(Child);

impl Other {
    pub fn start(test: &str, socket: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env(SOCKET, socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let held = lines
            .map(Result::unwrap)
            .find(|line| line.contains("ready"));
        assert!(held.is_some(), "{test} is ready");
        Self(child)
    }

    /// How it has ended, if it has: by itself.
    pub fn end(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// In such a process: the socket.
pub fn socket() -> String {
    std::env::var(SOCKET).unwrap()
}

/// In such a process: says that it is ready, and returns when it is to end.
pub fn hold(what: &str) {
    println!("ready with {what}");
    let _ = std::io::stdin().read(&mut [0; 1]);
}
