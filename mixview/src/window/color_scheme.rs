//! Dark or light, where --theme does not say.

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::options::ColorScheme;
use crate::theme::{DARK, LIGHT, Theme};

/// Returns the colours to draw with; `desktop` is what the display says: nothing on X11 and on most
/// compositors.
pub fn theme(wanted: ColorScheme, desktop: Option<winit::window::Theme>) -> Theme {
    match (wanted, desktop) {
        (ColorScheme::Dark, _) | (ColorScheme::Auto, Some(winit::window::Theme::Dark)) => DARK,
        (ColorScheme::Light, _) | (ColorScheme::Auto, Some(winit::window::Theme::Light)) => LIGHT,
        (ColorScheme::Auto, None) => match gtk_settings() {
            Some(false) => LIGHT,
            Some(true) | None => DARK,
        },
    }
}

/// Returns the theme in winit's terms.
pub fn of(theme: &Theme) -> winit::window::Theme {
    match *theme == LIGHT {
        true => winit::window::Theme::Light,
        false => winit::window::Theme::Dark,
    }
}

/// Returns whether the GTK settings prefer dark: the place to say so without a desktop environment.
fn gtk_settings() -> Option<bool> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let folder = match set("XDG_CONFIG_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(set("HOME")?).join(".config"),
    };
    ["gtk-4.0", "gtk-3.0"].iter().find_map(|version| {
        let text = fs::read_to_string(folder.join(version).join("settings.ini")).ok()?;
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
