//! Dark or light, where --theme does not say: what is read of the desktop's settings without D-Bus,
//! which is too much for one word. GNOME's, and what `gsettings` sets on any desktop, is in dconf's
//! file; Xfce's and others' is with the X server; KDE's, and what a portal of another kind says, is not known.

mod dconf;
mod xsettings;

use std::env;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::inotify;

use crate::options::ColorScheme;
use crate::theme::{DARK, LIGHT, Theme};

use xsettings::XSettings;

/// Where the portal of GNOME and GTK has the color scheme from.
const COLOR_SCHEME: &str = "/org/gnome/desktop/interface/color-scheme";

/// The folders of GTK's settings.ini, below the user's configuration.
const GTK: [&str; 2] = ["gtk-4.0", "gtk-3.0"];

/// What says whether the window is dark or light, in this order: the command line, the display, dconf, the X
/// server's settings, GTK's files.
pub struct DesktopTheme {
    wanted: ColorScheme,
    /// Watches the files; none where they are not asked, or can't be watched.
    files: Option<OwnedFd>,
    /// None on Wayland, and where it is not asked.
    xsettings: Option<XSettings>,
}

impl DesktopTheme {
    pub fn open(wanted: ColorScheme, is_x11: bool) -> Self {
        let is_asked = wanted == ColorScheme::Auto;
        Self {
            wanted,
            files: is_asked.then(watch_files).flatten(),
            xsettings: (is_asked && is_x11).then(XSettings::open).flatten(),
        }
    }

    /// Returns the colours to draw with; `display` is what the display says: nothing on X11 and on most
    /// compositors.
    pub fn theme(&self, display: Option<winit::window::Theme>) -> Theme {
        let is_dark = match (self.wanted, display) {
            (ColorScheme::Dark, _) => true,
            (ColorScheme::Light, _) => false,
            (ColorScheme::Auto, Some(theme)) => theme == winit::window::Theme::Dark,
            (ColorScheme::Auto, None) => {
                let xsettings = || self.xsettings.as_ref()?.is_dark();
                let says = dconf_setting().or_else(xsettings).or_else(gtk_settings);
                says.unwrap_or(true)
            }
        };
        if is_dark { DARK } else { LIGHT }
    }

    /// Returns whether something has changed since the last call of what [`Self::theme`] reads.
    pub fn has_changed(&mut self) -> bool {
        let files = self.files.as_ref().is_some_and(has_changed);
        let xsettings = match self.xsettings.as_mut().map(XSettings::turn) {
            Some(Ok(has_changed)) => has_changed,
            // The window hears of it as well.
            Some(Err(_)) => {
                self.xsettings = None;
                false
            }
            None => false,
        };
        files || xsettings
    }

    /// Returns what becomes readable when something may have changed.
    pub fn fds(&self) -> [Option<BorrowedFd<'_>>; 2] {
        [
            self.files.as_ref().map(AsFd::as_fd),
            self.xsettings.as_ref().map(AsFd::as_fd),
        ]
    }
}

/// Starts to watch the files; none where nothing can be watched.
fn watch_files() -> Option<OwnedFd> {
    let config = config()?;
    let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
    let watch = inotify::init(flags).ok()?;
    let changes = inotify::WatchFlags::MOVED_TO | inotify::WatchFlags::CLOSE_WRITE;
    for folder in GTK.into_iter().chain(["dconf"]) {
        // A folder that is not there is not waited for.
        let _ = inotify::add_watch(&watch, config.join(folder), changes);
    }
    Some(watch)
}

/// Returns whether a file has changed since the last call.
fn has_changed(watch: &OwnedFd) -> bool {
    let mut space = [MaybeUninit::uninit(); 4096];
    let mut events = inotify::Reader::new(watch, &mut space);
    let mut has_changed = false;
    while events.next().is_ok() {
        has_changed = true;
    }
    has_changed
}

/// Returns the theme in winit's terms.
pub fn of(theme: &Theme) -> winit::window::Theme {
    match *theme == LIGHT {
        true => winit::window::Theme::Light,
        false => winit::window::Theme::Dark,
    }
}

/// Returns the folder of the user's configuration.
fn config() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    match set("XDG_CONFIG_HOME") {
        Some(folder) => Some(PathBuf::from(folder)),
        None => Some(PathBuf::from(set("HOME")?).join(".config")),
    }
}

/// Returns whether dconf's color scheme is dark; none where it is neither or not set.
fn dconf_setting() -> Option<bool> {
    let file = fs::read(config()?.join("dconf/user")).ok()?;
    match dconf::string(&file, COLOR_SCHEME)? {
        "prefer-dark" => Some(true),
        "prefer-light" => Some(false),
        _ => None,
    }
}

/// Returns whether the GTK settings prefer dark: the place to say so without a desktop environment.
fn gtk_settings() -> Option<bool> {
    let config = config()?;
    GTK.iter().find_map(|folder| {
        let text = fs::read_to_string(config.join(folder).join("settings.ini")).ok()?;
        is_dark(&text)
    })
}

/// Returns whether a settings.ini prefers dark; none where it does not say.
fn is_dark(settings: &str) -> Option<bool> {
    let value = |key: &str| {
        settings.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == key).then(|| value.trim().to_lowercase())
        })
    };
    let prefers = value("gtk-application-prefer-dark-theme");
    let prefers = prefers.map(|value| matches!(value.as_str(), "1" | "true"));
    prefers_dark(prefers, value("gtk-theme-name").as_deref())
}

/// Returns whether GTK's two settings prefer dark: the preference, and the theme's name, which says more than a
/// preference that is off.
fn prefers_dark(prefers: Option<bool>, theme: Option<&str>) -> Option<bool> {
    let is_dark = theme.map(|name| name.to_lowercase().contains("dark"));
    match prefers {
        Some(true) => Some(true),
        Some(false) => Some(is_dark == Some(true)),
        None => is_dark,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_gtk_say_which_it_is() {
        let file = |lines: &str| is_dark(&format!("[Settings]\n{lines}\n"));
        assert_eq!(file(""), None);
        assert_eq!(file("gtk-application-prefer-dark-theme=1"), Some(true));
        assert_eq!(
            file("gtk-application-prefer-dark-theme = false"),
            Some(false)
        );
        assert_eq!(file("gtk-theme-name=Adwaita-dark"), Some(true));
        assert_eq!(file("gtk-theme-name=Adwaita"), Some(false));
    }
}
