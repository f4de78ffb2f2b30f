//! Why a verb failed, and the exit status and the sentence that say so.

use std::io;

use wire::client::TIMEOUT;
use wire::{ClientError, Name, NameError};

use crate::whereabouts::silence;

/// Why a verb did nothing, or not everything.
#[derive(Debug)]
pub enum Failure {
    /// The words are wrong.
    Usage(String),
    /// mixd refuses, or does not answer.
    Client(ClientError),
    /// Standard output can't be written, or standard input can't be read.
    Output(io::Error),
    /// mixd does not answer; the sentence says why.
    Silent(String),
    /// The exit status, where everything has been said.
    Status(u8),
    /// Anything else, in a sentence.
    Other(String),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// The sentence on an error of the connection to the mixd at `name`.
pub fn sentence(error: &ClientError, name: &Name) -> String {
    match error {
        ClientError::Silent => format!(
            "mixd has not answered within {} s; {}",
            TIMEOUT.as_secs(),
            silence(name)
        ),
        error => error.to_string(),
    }
}

impl Failure {
    /// Returns the exit status and the sentence for standard error.
    pub fn told(&self) -> (u8, Option<String>) {
        let (code, message) = match self {
            // `mixctl watch | head -1`: the reader has what it wants.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => (0, None),
            Self::Output(error) => {
                let reason = wire::socket::reason(error);
                (1, Some(format!("read or write: {reason}")))
            }
            // A question is an advice already.
            Self::Usage(message) if message.ends_with('?') => (2, Some(message.clone())),
            Self::Usage(message) => (2, Some(format!("{message}; see 'mixctl help'"))),
            Self::Client(error @ (ClientError::Refused(_) | ClientError::Unknown(..))) => {
                (1, Some(error.to_string()))
            }
            Self::Silent(sentence) => (3, Some(sentence.clone())),
            Self::Client(error) => (3, Some(error.to_string())),
            Self::Status(code) => (*code, None),
            Self::Other(message) => (1, Some(message.clone())),
        };
        (code, message)
    }
}
