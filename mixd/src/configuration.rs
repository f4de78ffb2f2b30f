//! The configuration in force: what the file said last that was right, and what the command line
//! puts above it.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use wire::Settings;
use wire::message::Pattern;

use crate::backend::Backend;
use crate::config::Config;
use crate::config::file::ConfigFile;
use crate::desk::Desk;
use crate::options::{Options, Output, Sound};
use crate::session::MAX_MESSAGE;

/// The configuration in force.
#[derive(Debug)]
pub struct Configuration {
    file: ConfigFile,
    config: Config,
    /// Why the file is not in force as it stands.
    problem: Option<String>,
    output: Option<Output>,
    glide: Option<Duration>,
}

impl Configuration {
    /// Reads the file. What is wrong with it keeps nobody from starting.
    pub fn open(options: &Options) -> Self {
        let mut file = ConfigFile::new(options.config.clone());
        let read = file.open();
        let mut configuration = Self {
            file,
            config: Config::default(),
            problem: None,
            output: options.output.clone(),
            glide: options.glide,
        };
        configuration.take(read, "the defaults hold until it is mended");
        if let Some(path) = options.config.as_ref().filter(|path| !path.exists()) {
            let path = path.display();
            warning!("{path} is not there; the defaults hold until it is");
        }
        configuration
    }

    /// What was read is in force from now on; if it was wrong, what `otherwise` says.
    fn take(&mut self, read: Result<Config, String>, otherwise: &str) {
        match read {
            Ok(config) => {
                if self.problem.take().is_some() {
                    info!("the configuration is right again");
                }
                self.config = config;
            }
            Err(mut problem) => {
                warning!("{problem}; {otherwise}");
                problem.truncate(problem.floor_char_boundary(MAX_MESSAGE));
                self.problem = Some(problem);
            }
        }
    }

    /// Whether the volume outlasts the daemon.
    pub fn remembers_volume(&self) -> bool {
        self.config.remember_volume
    }

    /// How the sound is to be handled.
    pub fn sound(&self) -> Sound {
        Sound {
            output: match &self.output {
                Some(Output::Auto) => None,
                Some(Output::Name(name)) => Some(name.clone()),
                None => self.config.output.clone(),
            },
            glide: self.glide.unwrap_or(self.config.glide),
        }
    }

    /// Puts on the desk what it says.
    pub fn apply(&self, desk: &mut Desk) {
        desk.set_rules(self.config.rules.clone());
        self.apply_settings(desk);
    }

    fn apply_settings(&self, desk: &mut Desk) {
        desk.set_settings(Settings {
            file: self.file.path().map(|path| path.display().to_string()),
            snap: self.config.snap,
            curve: self.config.curve,
            problem: self.problem.clone(),
        });
    }

    /// Readable when [`turn`](Self::turn) is to be called.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.file.fd()
    }

    /// When it is to be called if the descriptor is not readable before.
    pub fn deadline(&self) -> Option<Instant> {
        self.file.deadline()
    }

    /// Carries out what has changed in the file.
    pub fn turn(&mut self, ready: bool, desk: &mut Desk, backend: &mut Backend, now: Instant) {
        let Some(read) = self.file.turn(ready, now) else {
            return;
        };
        self.take(read, "all stays as it was");
        if self.problem.is_some() {
            self.apply_settings(desk);
            return;
        }
        info!("the configuration has been read again");
        self.apply(desk);
        backend.set_sound(&self.sound(), desk, now);
    }

    /// Saves a program that has been put on the list.
    ///
    /// # Errors
    /// Why it could not be saved.
    pub fn save_added(&mut self, pattern: &Pattern) -> Result<(), String> {
        self.file.add(pattern.trim())
    }

    /// Saves a program that has been put on the list before another.
    ///
    /// # Errors
    /// Why it could not be saved.
    pub fn save_inserted(&mut self, new: &Pattern, before: &Pattern) -> Result<(), String> {
        self.file.insert(new.trim(), before.trim())
    }

    /// Saves that a program has taken the place of another on the list.
    ///
    /// # Errors
    /// Why it could not be saved.
    pub fn save_replaced(&mut self, old: &Pattern, new: &Pattern) -> Result<(), String> {
        self.file.replace(old.trim(), new.trim())
    }

    /// Saves that a program has been taken off the list.
    ///
    /// # Errors
    /// Why it could not be saved.
    pub fn save_removed(&mut self, pattern: &Pattern) -> Result<(), String> {
        self.file.remove(pattern.trim())
    }
}
