//! `doctor`: looks for what can be wrong, and says what to do about it.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use wire::client::TIMEOUT;
use wire::message::NodeName;
use wire::socket::SystemError;
use wire::{
    Client, ClientError, Diagnosis, ErrorCode, Name, Outputs, PipeWireState, Reply, Request,
    Status, StreamState, Warning, visible,
};

use crate::args::Format;
use crate::ask::{connect, status, unexpected};
use crate::failure::Failure;
use crate::finding::{self, Finding, Level};
use crate::output::print;
use crate::print::{self as plain, explained};
use crate::whereabouts;

const SAME_VERSION: &str = "install mixd and mixctl from one version";

/// The sinks that mixd makes.
const SINKS: [&str; 2] = ["mixd-default", "mixd-aux"];

/// Prints the findings. Fails with status 1 if one is bad.
pub fn examine(name: &Name, format: Format) -> Result<(), Failure> {
    let mut findings = Vec::new();
    let running = match connect(name) {
        Ok(mut client) => {
            let daemon = client.welcome().map(|welcome| welcome.daemon);
            let daemon = daemon.unwrap_or_default();
            findings.push(Finding::ok("mixd", format!("{daemon} answers at {name}")));
            match examine_daemon(&mut client, &mut findings) {
                Err(Failure::Client(error)) => {
                    findings.push(unreachable(name, &error));
                    None
                }
                version => version?,
            }
        }
        Err(error) => {
            findings.push(unreachable(name, &error));
            None
        }
    };
    findings.extend(installed("pipewire", running.as_deref()));
    findings.extend(installed("wireplumber", None));
    print(&match format {
        Format::Plain => finding::text(&findings),
        Format::Json => finding::json(&findings),
    })?;
    if findings.iter().any(|finding| finding.level == Level::Bad) {
        return Err(Failure::Status(1));
    }
    Ok(())
}

fn unreachable(name: &Name, error: &ClientError) -> Finding {
    let advice = match error {
        ClientError::Unreachable(_, error) if is_nobody(error) => Some(whereabouts::advice(name)),
        // These say themselves what to do; of what a refusal is about only mixd knows.
        ClientError::Unreachable(..)
        | ClientError::Stranger(..)
        | ClientError::Unknown(..)
        | ClientError::System(_) => None,
        ClientError::Refused(failure) if failure.code != ErrorCode::Version => None,
        ClientError::Silent => Some(whereabouts::silence(name)),
        ClientError::Closed => Some("it is just ending, or its log says why: ask again".to_owned()),
        ClientError::Refused(_) => Some(format!("{SAME_VERSION}, and restart mixd")),
        ClientError::Protocol(_) => Some(format!(
            "{SAME_VERSION}, and restart mixd; unless it is another program that listens there"
        )),
    };
    let text = match error {
        // The advice says how to start it.
        ClientError::Unreachable(_, error) if is_nobody(error) => error.to_string(),
        ClientError::Silent => format!("mixd has not answered within {} s", TIMEOUT.as_secs()),
        ClientError::Protocol(what) => format!("mixd's answer is not understood: {what}"),
        error => error.to_string(),
    };
    Finding {
        level: Level::Bad,
        subject: "mixd",
        text,
        advice,
    }
}

/// Returns whether nobody listens, as far as that can be seen from here.
fn is_nobody(error: &SystemError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::NotFound
    )
}

/// Adds the findings about what mixd knows. Returns the version of the PipeWire that it is connected to.
fn examine_daemon(
    client: &mut Client,
    findings: &mut Vec<Finding>,
) -> Result<Option<String>, Failure> {
    let status = status(client)?;
    let diagnosis = match client.request(&Request::Diagnose)? {
        Reply::Diagnosis(diagnosis) => diagnosis,
        other => return Err(unexpected(&other)),
    };
    findings.push(config(&status));
    findings.extend(unsaved(&diagnosis));
    findings.push(match status.audio.pipewire {
        PipeWireState::Up => {
            let version = diagnosis
                .pipewire
                .as_deref()
                .unwrap_or("of an unknown version");
            Finding::ok("pipewire", format!("PipeWire {version} runs"))
        }
        PipeWireState::Down => Finding::bad(
            "pipewire",
            "not reachable; mixd tries again by itself",
            "start it: 'pipewire', or 'systemctl --user start pipewire'; mixd's log says more",
        ),
        PipeWireState::Unknown => Finding::warn(
            "pipewire",
            "mixd says something of it that this mixctl is too old for",
            SAME_VERSION,
        ),
        PipeWireState::Off => Finding::warn(
            "pipewire",
            "mixd runs without it",
            "start mixd without '--backend none' to hear something",
        ),
    });
    if status.audio.pipewire == PipeWireState::Up {
        findings.extend(sound(&status, &diagnosis));
    }
    Ok(diagnosis.pipewire.map(|version| version.to_string()))
}

fn config(status: &Status) -> Finding {
    let settings = &status.settings;
    match (&settings.problem, &settings.file) {
        (Some(problem), _) => Finding::bad(
            "config",
            problem.clone(),
            "mend it; mixd reads the file again then, or when told to ('mixctl reload')",
        ),
        (None, Some(file)) if !std::path::Path::new(file).exists() => {
            Finding::ok("config", format!("{file} is not there: the defaults hold"))
        }
        (None, Some(file)) => Finding::ok("config", format!("nothing is wrong with {file}")),
        (None, None) => Finding::warn(
            "config",
            "there is no place for mixd.conf",
            "set HOME, or start mixd with --config FILE",
        ),
    }
}

/// Finds what is not saved, and so would end with mixd.
fn unsaved(diagnosis: &Diagnosis) -> impl Iterator<Item = Finding> {
    let parts = [
        ("the list", &diagnosis.unsaved_list),
        ("the volume", &diagnosis.unsaved_volume),
    ];
    parts.into_iter().filter_map(|(what, why)| {
        let text = format!("{what} can't be saved: {}", visible(why.as_ref()?));
        let advice = "mend that: until then a change of it ends with mixd";
        Some(Finding::bad("saving", text, advice))
    })
}

fn sound(status: &Status, diagnosis: &Diagnosis) -> Vec<Finding> {
    let warnings = &status.audio.warnings;
    let mut findings = vec![
        manager(diagnosis, warnings.contains(&Warning::ManagerHangs)),
        sinks(&diagnosis.sinks),
        card(&status.audio.outputs),
    ];
    let is_default = warnings.contains(&Warning::OwnSinkIsDefault);
    findings.push(match is_default {
        true => Finding::bad(
            "default",
            "one of mixd's own sinks is the default",
            "choose a card: 'wpctl status' lists them, 'wpctl set-default ID'",
        ),
        false => Finding::ok("default", "none of mixd's own sinks is the default"),
    });
    findings.extend(warnings.iter().filter_map(warned));
    findings.push(match diagnosis.stale {
        0 => Finding::ok("targets", "no stream is sent to a sink that is not there"),
        count => Finding::warn(
            "targets",
            match count {
                1 => "1 stream is sent to a sink that is not there".to_owned(),
                _ => format!("{count} streams are sent to a sink that is not there"),
            },
            "'pw-metadata' lists them; 'pw-metadata -d ID target.object' clears one",
        ),
    });
    for stream in &status.audio.streams {
        let is_contested = stream.state == StreamState::Contested;
        let what = match stream.rule {
            Some(rule) if is_contested || stream.state == StreamState::Pinned => {
                format!(" matches '{rule}' and")
            }
            // What its user has pinned, and no pattern names, is as it should be.
            None if is_contested => String::new(),
            _ => continue,
        };
        findings.push(Finding::warn(
            "stream",
            format!("{}{what} is {}", stream.name, stream.state),
            format!("'mixctl why {}' says why", stream.id),
        ));
    }
    findings
}

fn card(outputs: &Outputs) -> Finding {
    match outputs {
        Outputs {
            aux: None,
            default: None,
        } => Finding::warn(
            "card",
            "there is none: nothing is heard",
            "plug one in, or choose one in a mixer",
        ),
        outputs => Finding::ok("card", format!("playing to {}", plain::outputs(outputs))),
    }
}

/// The finding about a warning; `None` where another finding says it.
fn warned(warning: &Warning) -> Option<Finding> {
    let (level, subject, advice) = match warning {
        Warning::OwnSinkIsDefault | Warning::ManagerHangs => return None,
        Warning::Unknown => (Level::Warn, "mixd", SAME_VERSION),
        Warning::OutputMissing => (
            Level::Warn,
            "output",
            "'mixctl outputs' prints the names of the sinks",
        ),
        Warning::LeadsBack(_) => (
            Level::Warn,
            "loop",
            "choose a card as the default or output, or keep mixd's sinks out of what that one \
             feeds ('pw-link -l' lists it)",
        ),
        Warning::SinksRemoved => (
            Level::Bad,
            "removed",
            "find what does so: a script with pw-cli destroy, or a patchbay",
        ),
        Warning::LinksRemoved => (
            Level::Bad,
            "removed",
            "find what does so: a patchbay that keeps to a list of its own (qpwgraph's \
             'exclusive'), or a script with pw-link -d",
        ),
        Warning::MovingForbidden => (
            Level::Bad,
            "moving",
            "'wpctl settings --save linking.allow-moving-streams true' lets it",
        ),
        Warning::DefaultMuted => (
            Level::Bad,
            "muted",
            "'pactl set-sink-mute mixd-default 0', or restart mixd",
        ),
        Warning::AuxMuted => (
            Level::Bad,
            "muted",
            "'pactl set-sink-mute mixd-aux 0', or restart mixd",
        ),
        Warning::DefaultLevelContested | Warning::AuxLevelContested => (
            Level::Bad,
            "level",
            "find what does so: a recorder's gain control, a mixer or a script",
        ),
    };
    Some(Finding {
        level,
        subject,
        text: explained(warning).into_owned(),
        advice: Some(advice.to_owned()),
    })
}

fn manager(diagnosis: &Diagnosis, hangs: bool) -> Finding {
    match &diagnosis.manager {
        Some(name) if hangs => Finding::bad(
            "manager",
            format!("{name} hangs: it does not answer; mixd links by itself"),
            "continue it ('pkill -CONT wireplumber'), or restart it: 'systemctl --user restart \
             wireplumber'",
        ),
        Some(name) => Finding::ok("manager", format!("{name} runs")),
        None => Finding::warn(
            "manager",
            "no session manager runs; mixd links by itself",
            "start WirePlumber, unless that is what you want",
        ),
    }
}

fn sinks(found: &[NodeName]) -> Finding {
    let count = |name: &str| found.iter().filter(|sink| &***sink == name).count();
    let names: Vec<String> = found.iter().map(NodeName::to_string).collect();
    let shown = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    if SINKS.iter().all(|name| count(name) == 1) {
        return Finding::ok("sinks", shown);
    }
    let advice = match SINKS.iter().any(|name| count(name) > 1) {
        true => "end the other mixd, if there is one ('pw-cli ls Client')",
        false => "restart mixd; with --verbose its log says more",
    };
    Finding::bad("sinks", shown, advice)
}

/// Compares the version that `PROGRAM --version` prints with the one that runs.
fn installed(program: &'static str, running: Option<&str>) -> Option<Finding> {
    let out = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let text = String::from_utf8(out.ok()?.stdout).ok()?;
    // "Linked with libpipewire 0.3.65"
    let linked = text.lines().find(|line| line.contains("Linked with"))?;
    let version = linked.split_whitespace().last()?;
    let finding = match running {
        Some(running) if running != version => Finding::warn(
            program,
            format!("{version} is installed, {running} runs"),
            format!("restart it: 'systemctl --user restart {program}'"),
        ),
        _ => Finding::ok(program, format!("{version} is installed")),
    };
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_doubled_sinks_are_bad() {
        let named = |names: &[&str]| -> Vec<NodeName> {
            names.iter().map(|name| NodeName::truncated(name)).collect()
        };
        assert_eq!(sinks(&named(&SINKS)).level, Level::Ok);
        assert_eq!(sinks(&named(&["mixd-aux"])).level, Level::Bad);
        assert_eq!(sinks(&[]).text, "none");
        let doubled = sinks(&named(&["mixd-aux", "mixd-aux", "mixd-default"]));
        assert!(doubled.advice.unwrap().contains("other mixd"));
    }
}
