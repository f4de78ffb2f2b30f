//! The name of mixd's socket: abstract or a path, given by an option, a variable or the user's id.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::socket;
use crate::text::quoted;

/// The environment variable that names the socket where no option does.
pub const VARIABLE: &str = "MIXD_SOCKET";

/// The longest name in bytes: `sun_path` of `unix(7)` has 108, and either form takes one for a
/// zero, an abstract name before it and a path after it.
const MAX_BYTES: usize = 107;

/// The name of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A name in the abstract namespace of `unix(7)`, here without its `@`: no file, no
    /// permissions, gone with its process.
    Abstract(OsString),
    /// A path in the file system, of mode 0600.
    Path(PathBuf),
}

/// Why a text does not name a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError(String);

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NameError {}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abstract(name) => write!(f, "@{}", name.display()),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

impl Name {
    /// Parses `@name`, in the abstract namespace, or a path, known by its `/`.
    ///
    /// # Errors
    /// [`NameError`]: it is neither, or longer than a socket's address can be.
    pub fn parse(text: &OsStr) -> Result<Self, NameError> {
        let bytes = text.as_bytes();
        let shown = text.display();
        let name = match bytes.strip_prefix(b"@") {
            Some([]) => {
                return Err(NameError(
                    "the socket name '@' has nothing after the @".into(),
                ));
            }
            Some(name) => Self::Abstract(OsStr::from_bytes(name).into()),
            None if bytes.contains(&b'/') => Self::Path(text.into()),
            None => {
                return Err(NameError(format!(
                    "the socket name '{shown}' is neither @NAME nor a path with a /"
                )));
            }
        };
        if name.bytes().len() > MAX_BYTES || bytes.contains(&0) {
            return Err(NameError(format!(
                "the socket name '{shown}' is longer than {MAX_BYTES} bytes or contains a zero byte"
            )));
        }
        Ok(name)
    }

    /// Returns the name of the option, else that of `MIXD_SOCKET` unless it is empty, else
    /// `@mixd-<uid>`.
    ///
    /// # Errors
    /// [`NameError`], which names the variable where that is wrong.
    pub fn resolve(option: Option<&OsStr>) -> Result<Self, NameError> {
        if let Some(text) = option {
            return Self::parse(text);
        }
        match std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
            Some(text) => {
                Self::parse(&text).map_err(|NameError(why)| NameError(format!("{VARIABLE}: {why}")))
            }
            None => Ok(Self::usual()),
        }
    }

    /// Returns the command that starts a daemon at this name: `mixd`, with `--socket` unless it is the
    /// usual name.
    pub fn daemon(&self) -> String {
        if *self == Self::usual() {
            return "mixd".to_owned();
        }
        format!("mixd --socket {}", quoted(&self.to_string()))
    }

    /// Returns `@mixd-<uid>`, where mixd listens without an option or a variable.
    fn usual() -> Self {
        Self::Abstract(format!("mixd-{}", socket::uid()).into())
    }

    /// Returns the name without the `@`, in bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Abstract(name) => name.as_bytes(),
            Self::Path(path) => path.as_os_str().as_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Name, NameError> {
        Name::parse(OsStr::new(text))
    }

    #[test]
    fn a_name_is_abstract_or_a_path_or_refused() {
        assert_eq!(parse("@mixd-7"), Ok(Name::Abstract("mixd-7".into())));
        assert_eq!(parse("/run/mixd"), Ok(Name::Path("/run/mixd".into())));
        assert_eq!(parse("./mixd"), Ok(Name::Path("./mixd".into())));
        for text in ["", "@", "mixd", "a\0/b"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_daemons_command_names_the_socket_unless_it_is_the_usual_one() {
        assert_eq!(Name::usual().daemon(), "mixd");
        for (name, command) in [
            ("@game", "mixd --socket @game"),
            ("/run/a b", "mixd --socket '/run/a b'"),
            ("./it's", r"mixd --socket './it'\''s'"),
        ] {
            assert_eq!(parse(name).unwrap().daemon(), command);
        }
    }

    #[test]
    fn a_name_of_107_bytes_fits_and_one_byte_more_does_not() {
        assert!(parse(&format!("@{}", "x".repeat(107))).is_ok());
        assert!(parse(&format!("@{}", "x".repeat(108))).is_err());
        assert!(parse(&format!("/{}", "x".repeat(106))).is_ok());
        assert!(parse(&format!("/{}", "x".repeat(107))).is_err());
    }
}
