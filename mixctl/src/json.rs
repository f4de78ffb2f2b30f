//! Answers as JSON: one object, one line. `usage::mixctl` describes the fields.

use serde_json::{Value, json};
use wire::{
    Audio, Change, Channel, Mix, Output, Outputs, Rule, SinkList, Status, Stream, StreamDetail,
    StreamList, Volume, Warning,
};

fn line(value: &Value) -> String {
    format!("{value}\n")
}

/// The volume and its gains.
pub fn volume(mix: &Mix) -> String {
    line(&mixed(mix))
}

/// The volume, its gains, the outputs and, if there are any, the muted channels.
pub fn watched(mix: &Mix, outputs: &Outputs, muted: &[Channel]) -> String {
    let mut value = mixed(mix);
    value["outputs"] = self::outputs(outputs);
    if !muted.is_empty() {
        let muted = muted.iter().map(Channel::to_string);
        value["muted"] = muted.collect();
    }
    line(&value)
}

fn mixed(mix: &Mix) -> Value {
    json!({
        "volume": number(mix.volume),
        "default": mix.default.factor(),
        "aux": mix.aux.factor(),
    })
}

/// The line of `watch` when mixd is not there.
pub fn offline() -> String {
    line(&json!({ "offline": true }))
}

/// The program list.
pub fn programs(list: &[Rule]) -> String {
    line(&json!({ "programs": rules(list) }))
}

/// The changes that `move` would make on the list.
pub fn changes(changes: &[Change]) -> String {
    let changes = changes.iter().map(|change| {
        json!({
            "text": change.text,
            "added": rules(&change.added),
            "removed": rules(&change.removed),
            "omitted": change.omitted,
        })
    });
    line(&json!({ "changes": changes.collect::<Vec<_>>() }))
}

/// The streams that play.
pub fn streams(audio: &Audio) -> String {
    line(&json!({ "streams": all(&audio.streams), "omitted": audio.omitted }))
}

/// The sinks that can be played to.
pub fn sinks(list: &SinkList) -> String {
    let sinks = list.sinks.iter().map(|sink| {
        let users = sink.users.iter().map(
            |user| json!({ "channel": user.channel.to_string(), "line": user.line.as_deref() }),
        );
        json!({
            "name": &*sink.name,
            "description": sink.description.as_deref(),
            "users": users.collect::<Vec<_>>(),
        })
    });
    line(&json!({ "outputs": sinks.collect::<Vec<_>>(), "omitted": list.omitted }))
}

fn outputs(outputs: &Outputs) -> Value {
    let output = |output: &Option<Output>| {
        output.as_ref().map(
            |output| json!({ "name": &*output.name, "description": output.description.as_deref() }),
        )
    };
    json!({ "default": output(&outputs.default), "aux": output(&outputs.aux) })
}

/// The streams that a change of the list would move.
pub fn moved(list: &StreamList) -> String {
    line(&json!({ "streams": all(&list.streams), "omitted": list.omitted }))
}

/// The whole status.
pub fn status(status: &Status) -> String {
    let warnings = status.audio.warnings.iter().map(Warning::to_string);
    let settings = &status.settings;
    line(&json!({
        "volume": number(status.mix.volume),
        "default": status.mix.default.factor(),
        "aux": status.mix.aux.factor(),
        "pipewire": status.audio.pipewire.to_string(),
        "outputs": outputs(&status.audio.outputs),
        "programs": rules(&status.programs),
        "streams": all(&status.audio.streams),
        "omitted": status.audio.omitted,
        "warnings": warnings.collect::<Vec<_>>(),
        "config": {
            "file": settings.file,
            "curve": settings.curve.to_string(),
            "snap": f64::from(settings.snap.millionths()) / 1e6,
            "problem": settings.problem,
        },
    }))
}

/// All that decides about some streams, with the rules that were tried.
pub fn why(
    details: &[StreamDetail],
    tried: impl Fn(&StreamDetail) -> usize,
    list: &[Rule],
) -> String {
    let details = details.iter().map(|detail| {
        let properties = detail.properties.iter().map(|property| {
            json!({
                "key": &*property.key,
                "value": &*property.value,
                "source": property.source.to_string(),
            })
        });
        json!({
            "stream": stream(&detail.stream),
            "key": detail.key.as_deref(),
            "reason": detail.reason.as_deref(),
            "suggestion": detail.suggestion.as_deref(),
            "tried": rules(&list[..tried(detail)]),
            "properties": properties.collect::<Vec<_>>(),
            "omitted": detail.omitted,
        })
    });
    line(&json!({ "streams": details.collect::<Vec<_>>() }))
}

fn all(streams: &[Stream]) -> Vec<Value> {
    streams.iter().map(stream).collect()
}

fn stream(stream: &Stream) -> Value {
    json!({
        "id": stream.id,
        "pid": stream.pid,
        "name": &*stream.name,
        "binary": stream.binary.as_deref(),
        "rule": stream.rule.as_deref(),
        "linked_by": stream.linked_by.as_deref(),
        "process": stream.process.as_deref(),
        "running": stream.running,
        "description": stream.description.as_deref(),
        "state": stream.state.to_string(),
        "channel": stream.channel.to_string(),
    })
}

fn rules(list: &[Rule]) -> Vec<Value> {
    let rule = |rule: &Rule| json!({ "kind": rule.kind(), "pattern": &**rule.pattern() });
    list.iter().map(rule).collect()
}

/// The volume as a number: an f64 keeps its six digits.
fn number(volume: Volume) -> f64 {
    f64::from(volume.millionths()) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::example;

    #[test]
    fn every_form_is_one_line_that_parses() {
        let text = status(&example());
        assert_eq!(text.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["volume"], 0.2);
        assert_eq!(value["streams"][0]["name"], "Dis\u{1b}[31mcord");
        assert_eq!(value["config"]["snap"], 0.03);
        let text = volume(&example().mix);
        assert_eq!(text, "{\"aux\":1.0,\"default\":0.8,\"volume\":0.2}\n");
        let text = programs(&example().programs[..2]);
        assert_eq!(
            text,
            "{\"programs\":[{\"kind\":\"ignore\",\"pattern\":\"Ardour*\"},\
             {\"kind\":\"program\",\"pattern\":\"Discord\"}]}\n"
        );
        let change = Change {
            text: "Discord plays through default: removed program Discord".into(),
            added: vec![],
            omitted: 1,
            removed: example().programs[1..2].to_vec(),
            unsaved: None,
        };
        assert_eq!(
            changes(&[change]),
            "{\"changes\":[{\"added\":[],\"omitted\":1,\
             \"removed\":[{\"kind\":\"program\",\"pattern\":\"Discord\"}],\
             \"text\":\"Discord plays through default: removed program Discord\"}]}\n"
        );
        assert_eq!(offline(), "{\"offline\":true}\n");
    }
}
