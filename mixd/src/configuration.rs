//! The configuration in force: what the file said last that was right, and what the command line
//! puts above it.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use wire::Settings;

use crate::backend::Backend;
use crate::config::Config;
use crate::config::config_file::ConfigFile;
use crate::desk::Desk;
use crate::options::{Options, Output, Sound};
use crate::server::session::MAX_MESSAGE;

/// What holds where the file has become wrong.
const AS_BEFORE: &str = "all stays as it was";

/// The configuration in force.
#[derive(Debug)]
pub struct Configuration {
    file: ConfigFile,
    config: Config,
    /// What is wrong with the file, if it is not in force.
    problem: Option<String>,
    /// It was read on request, and the sound has yet to be handled so.
    has_changed: bool,
    output: Option<Output>,
    glide: Option<Duration>,
}

impl Configuration {
    /// Reads the file. What is wrong with it keeps nobody from starting.
    pub fn open(options: &Options) -> Self {
        let mut file = ConfigFile::new(options.config.clone());
        let read = file.open(Instant::now());
        let mut configuration = Self {
            file,
            config: Config::default(),
            problem: None,
            has_changed: false,
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

    /// Why the file may not be in force as it stands.
    fn problem(&self) -> Option<&str> {
        self.problem.as_deref().or(self.file.unwatched())
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

    /// Puts on the desk what it says when the daemon starts.
    pub fn apply(&self, desk: &mut Desk) {
        desk.begin_list(self.config.rules.clone(), self.file.text());
        self.apply_settings(desk);
    }

    fn apply_settings(&self, desk: &mut Desk) {
        desk.set_settings(Settings {
            file: self.file.path().map(|path| path.display().to_string()),
            snap: self.config.snap,
            curve: self.config.curve,
            problem: self.problem().map(str::to_owned),
        });
    }

    /// Readable when [`turn`](Self::turn) is to be called.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.file.fd()
    }

    /// When it is to be called if the descriptor is not readable before.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        match self.has_changed {
            true => Some(now),
            false => self.file.deadline(),
        }
    }

    /// Carries out what has changed in the file.
    pub fn turn(&mut self, ready: bool, desk: &mut Desk, backend: &mut Backend, now: Instant) {
        let unwatched = self.file.unwatched().map(str::to_owned);
        if let Some(read) = self.file.turn(ready, now) {
            self.take(read, AS_BEFORE);
            self.apply_read(desk);
        } else if self.file.unwatched() != unwatched.as_deref() {
            self.apply_settings(desk);
        }
        if std::mem::take(&mut self.has_changed) {
            backend.set_sound(&self.sound(), desk, now);
        }
    }

    /// Reads the file now.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn reload(&mut self, desk: &mut Desk) -> Result<(), String> {
        let read = self.file.open(Instant::now());
        self.take(read, AS_BEFORE);
        self.apply_read(desk);
        self.problem.clone().map_or(Ok(()), Err)
    }

    /// Puts on the desk what was read.
    fn apply_read(&mut self, desk: &mut Desk) {
        self.apply_settings(desk);
        if self.problem.is_some() {
            desk.read_list(None, self.file.text());
            return;
        }
        match self.file.is_there() {
            true => info!("the configuration has been read again"),
            false => info!("the configuration has gone; the defaults hold until it is back"),
        }
        desk.read_list(Some(self.config.rules.clone()), self.file.text());
        self.has_changed = true;
    }

    /// Whether a change of the list could be saved.
    ///
    /// # Errors
    /// Why not.
    pub fn can_save(&self) -> Result<(), String> {
        self.file.can_save()
    }

    /// Takes in what somebody has written into the file this very moment: before the list is changed.
    pub fn look(&mut self, desk: &mut Desk) {
        if let Some(read) = self.file.look() {
            self.take(read, AS_BEFORE);
            self.apply_read(desk);
        }
    }

    /// Saves the program list that is on the desk.
    ///
    /// # Errors
    /// Why it could not be saved.
    pub fn save(&mut self, desk: &Desk) -> Result<(), String> {
        self.file.save(desk.text())
    }
}
