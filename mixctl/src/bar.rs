//! The volume as status bars read it.

use serde_json::json;
use wire::{Channel, Gain, Mix, Volume};

/// The line that waybar's custom modules read with `"return-type": "json"`: an object.
pub fn waybar(mix: &Mix, muted: &[Channel]) -> String {
    let percentage = percentage(mix.volume);
    let class = match mix.volume.millionths() {
        0 => "middle",
        1.. => "aux",
        _ => "default",
    };
    let part = |channel: Channel, gain| {
        let level = match muted.contains(&channel) {
            true => "muted".to_owned(),
            false => in_percent(gain),
        };
        format!("{channel} {level}")
    };
    let tooltip = [
        part(Channel::Default, mix.default),
        part(Channel::Aux, mix.aux),
    ];
    // waybar takes several classes as an array.
    let class = match muted.is_empty() {
        true => json!(class),
        false => json!([class, "muted"]),
    };
    let object = json!({
        "text": mix.volume.to_string(),
        "tooltip": tooltip.join(", "),
        "class": class,
        "percentage": percentage,
    });
    format!("{object}\n")
}

/// The line for waybar when mixd is not there.
pub fn waybar_offline() -> String {
    let object = json!({
        "text": "",
        "tooltip": "mixd is not running",
        "class": "offline",
        "percentage": 50,
    });
    format!("{object}\n")
}

/// The line that wob reads: a number from 0 to 100.
pub fn wob(mix: &Mix) -> String {
    format!("{}\n", percentage(mix.volume))
}

/// The volume in percent, from 0 at -1 to 100 at 1, rounded to the nearest.
fn percentage(volume: Volume) -> i32 {
    (volume.millionths() + 1_000_000 + 10_000).div_euclid(20_000)
}

fn in_percent(gain: Gain) -> String {
    format!("{}%", (gain.millionths() + 5_000) / 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mix(volume: &str) -> Mix {
        Mix {
            aux: Gain::FULL,
            volume: volume.parse().unwrap(),
            default: Gain::try_from(500_000).unwrap(),
        }
    }

    #[test]
    fn the_ends_are_0_and_100_and_the_middle_50() {
        for (volume, text) in [
            ("-1", "0\n"),
            ("-0.99", "1\n"),
            ("-0.001", "50\n"),
            ("0", "50\n"),
            ("0.5", "75\n"),
            ("1", "100\n"),
        ] {
            assert_eq!(wob(&mix(volume)), text);
        }
    }

    #[test]
    fn waybar_gets_one_object_a_line() {
        let line = waybar(&mix("0.5"), &[]);
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["text"], "0.5");
        assert_eq!(value["class"], "aux");
        assert_eq!(value["percentage"], 75);
        assert_eq!(value["tooltip"], "default 50%, aux 100%");
        let line = waybar(&mix("0.5"), &[Channel::Aux]);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["class"], json!(["aux", "muted"]));
        assert_eq!(value["tooltip"], "default 50%, aux muted");
        let value: serde_json::Value = serde_json::from_str(&waybar_offline()).unwrap();
        assert_eq!(value["class"], "offline");
    }
}
