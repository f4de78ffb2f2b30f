//! Dark or light, where --theme does not say: what is read of the desktop's settings without D-Bus,
//! which is too much for one word. GNOME's, and what `gsettings` sets on any desktop, is in dconf's
//! file; KDE's, and what a portal of another kind says, is not known.

mod dconf;

use std::env;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::inotify;

use crate::options::ColorScheme;
use crate::theme::{DARK, LIGHT, Theme};

/// Where the portal of GNOME and GTK has the color scheme from.
const COLOR_SCHEME: &str = "/org/gnome/desktop/interface/color-scheme";

/// The folders of GTK's settings.ini, below the user's configuration.
const GTK: [&str; 2] = ["gtk-4.0", "gtk-3.0"];

/// Returns the colours to draw with; `desktop` is what the display says: nothing on X11 and on most
/// compositors.
pub fn theme(wanted: ColorScheme, desktop: Option<winit::window::Theme>) -> Theme {
    match (wanted, desktop) {
        (ColorScheme::Dark, _) | (ColorScheme::Auto, Some(winit::window::Theme::Dark)) => DARK,
        (ColorScheme::Light, _) | (ColorScheme::Auto, Some(winit::window::Theme::Light)) => LIGHT,
        (ColorScheme::Auto, None) => match dconf_setting().or_else(gtk_settings) {
            Some(false) => LIGHT,
            Some(true) | None => DARK,
        },
    }
}

/// A watch over the files of [`theme`].
pub struct Watch(OwnedFd);

impl Watch {
    /// Starts to watch; none where `wanted` is not the desktop's, or nothing can be watched.
    pub fn start(wanted: ColorScheme) -> Option<Self> {
        if wanted != ColorScheme::Auto {
            return None;
        }
        let config = config()?;
        let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
        let watch = inotify::init(flags).ok()?;
        let changes = inotify::WatchFlags::MOVED_TO | inotify::WatchFlags::CLOSE_WRITE;
        for folder in GTK.into_iter().chain(["dconf"]) {
            // A folder that is not there is not waited for.
            let _ = inotify::add_watch(&watch, config.join(folder), changes);
        }
        Some(Self(watch))
    }

    /// Returns whether a file has changed since the last call.
    pub fn has_changed(&self) -> bool {
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.0, &mut space);
        let mut has_changed = false;
        while events.next().is_ok() {
            has_changed = true;
        }
        has_changed
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
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
        prefers_dark(&text)
    })
}

fn prefers_dark(settings: &str) -> Option<bool> {
    let value = |key: &str| {
        settings.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == key).then(|| value.trim().to_lowercase())
        })
    };
    let prefers = value("gtk-application-prefer-dark-theme");
    let is_dark = value("gtk-theme-name").map(|name| name.contains("dark"));
    match prefers.as_deref() {
        Some("1" | "true") => Some(true),
        Some(_) => Some(is_dark == Some(true)),
        None => is_dark,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_gtk_say_which_it_is() {
        let file = |lines: &str| prefers_dark(&format!("[Settings]\n{lines}\n"));
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
