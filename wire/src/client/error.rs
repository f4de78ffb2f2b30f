//! Why there is no connection, or no answer.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use super::TIMEOUT;
use crate::codec::DecodeError;
use crate::frame::Full;
use crate::message::ClientName;
use crate::socket::{Peer, SystemError};
use crate::{Failure, Name, visible};

/// Why a request has no reply.
#[derive(Debug)]
pub enum ClientError {
    /// There is no connection to this name; as a rule because nobody listens there.
    Unreachable(Name, SystemError),
    /// Whoever listens there is another user: not to be trusted with anything.
    Stranger(Name, Peer),
    /// The daemon did not answer within [`TIMEOUT`].
    Silent,
    /// The daemon has closed the connection.
    Closed,
    /// The daemon says no.
    Refused(Failure),
    /// This daemon does not know the request of this name: it is older than the client.
    Unknown(&'static str, ClientName),
    /// The daemon says something that this client does not understand.
    Protocol(String),
    /// A call failed.
    System(SystemError),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(name, error) => match error.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                    write!(f, "{error}; start the daemon with '{}'", name.daemon())
                }
                io::ErrorKind::PermissionDenied => {
                    write!(f, "{error}; choose another socket with --socket")
                }
                // Whether the daemon runs is not the question.
                _ => error.fmt(f),
            },
            Self::Stranger(name, peer) => write!(
                f,
                "{name} belongs to user {} (pid {}), not to you; choose another with --socket",
                peer.uid, peer.pid
            ),
            Self::Silent => write!(
                f,
                "mixd has not answered within {} s; is it stopped?",
                TIMEOUT.as_secs()
            ),
            Self::Closed => f.write_str("mixd has closed the connection"),
            Self::Refused(failure) => failure.fmt(f),
            Self::Unknown(request, daemon) => write!(
                f,
                "{} does not know the request '{request}': it is older than this program; install both \
                 from one version, and start mixd again",
                visible(daemon)
            ),
            Self::Protocol(what) => {
                write!(
                    f,
                    "mixd's answer is not understood ({what}); are both of one version?"
                )
            }
            Self::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ClientError {}

/// A queue of requests that is full: nobody reads them. Each of them fits into one that is empty.
impl From<Full> for ClientError {
    fn from(_: Full) -> Self {
        Self::Silent
    }
}

impl From<DecodeError> for ClientError {
    fn from(error: DecodeError) -> Self {
        Self::Protocol(error.to_string())
    }
}

/// Returns why there is no connection. Starting a daemon is no help against a path that is wrong.
pub fn unreachable(name: &Name, error: SystemError) -> ClientError {
    // A listener whose queue is full takes none out of it.
    if error.kind() == io::ErrorKind::WouldBlock {
        return ClientError::Silent;
    }
    let Name::Path(path) = name else {
        return ClientError::Unreachable(name.clone(), error);
    };
    let is_socket = || fs::metadata(path).is_ok_and(|data| data.file_type().is_socket());
    let wrong = match error.kind() {
        io::ErrorKind::ConnectionRefused if !is_socket() => "it is no socket",
        io::ErrorKind::NotFound if path.parent().is_some_and(is_missing) => {
            "there is no such folder"
        }
        io::ErrorKind::NotADirectory => "there is no such folder",
        _ => return ClientError::Unreachable(name.clone(), error),
    };
    let wrong = io::Error::other(format!("{wrong}; choose another with --socket"));
    ClientError::System(SystemError::new("connect to", name, wrong))
}

fn is_missing(folder: &Path) -> bool {
    // The parent of a bare file name is empty: the current folder.
    !folder.as_os_str().is_empty() && !folder.exists()
}
