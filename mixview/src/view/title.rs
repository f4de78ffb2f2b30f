//! The window's title, for task bars and status bars.

use wire::Channel;

use crate::font::visible;
use crate::model::{LinkState, Model};

/// Returns the title, with the volume and what plays on Aux: `mixview: 0.25, Discord +2`.
pub fn title(model: &Model) -> String {
    match &model.daemon.link {
        LinkState::Connecting => return "mixview".to_owned(),
        LinkState::Down(error) => return format!("mixview: {}", error.title),
        LinkState::Up => {}
    }
    let mut names: Vec<&str> = Vec::new();
    for stream in model.daemon.streams(Channel::Aux) {
        if !names.contains(&&*stream.name) {
            names.push(&stream.name);
        }
    }
    let mut title = format!("mixview: {}", model.volume());
    if let Some(first) = names.first() {
        title.push_str(", ");
        title.extend(visible(first).map(|(_, character)| character));
    }
    if names.len() > 1 {
        title.push_str(&format!(" +{}", names.len() - 1));
    }
    title
}
