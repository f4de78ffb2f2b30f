//! `doctor`: looks for what can be wrong, and says what to do about it.

pub mod place;

use std::fmt::Write;
use std::io::ErrorKind;
use std::process::{Command, Stdio};

use wire::client::TIMEOUT;
use wire::message::NodeName;
use wire::socket::SystemError;
use wire::{
    Client, ClientError, Diagnosis, ErrorCode, Name, PipeWireState, Reply, Request, Status,
    StreamState, Warning,
};

use crate::args::Format;
use crate::failure::{Failure, unexpected};
use crate::json;
use crate::output::print;
use wire::visible;

use crate::print::explained;
use crate::run::{PROGRAM, status};

/// What was found: the level, what was looked at, what it is like, what to do.
type Finding = (&'static str, &'static str, String, Option<String>);

const OK: &str = "ok";
const WARN: &str = "warn";
const BAD: &str = "bad";

const SAME_VERSION: &str = "install mixd and mixctl from one version";

/// The sinks that mixd makes.
const SINKS: [&str; 2] = ["mixd-default", "mixd-aux"];

/// Looks at all, and prints it. Status 1 if anything is bad.
pub fn examine(name: &Name, format: Format) -> Result<(), Failure> {
    let mut findings = Vec::new();
    let running = match Client::connect(name, PROGRAM) {
        Ok(mut client) => {
            let daemon = client.welcome().map(|welcome| welcome.daemon);
            let daemon = daemon.unwrap_or_default();
            findings.push((OK, "mixd", format!("{daemon} answers at {name}"), None));
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
        Format::Plain => text(&findings),
        Format::Json => json::findings(&findings),
    })?;
    if findings.iter().any(|finding| finding.0 == BAD) {
        return Err(Failure::Status(1));
    }
    Ok(())
}

fn unreachable(name: &Name, error: &ClientError) -> Finding {
    let advice = match error {
        ClientError::Unreachable(_, error) if is_nobody(error) => Some(place::advice(name)),
        // These say themselves what to do; of what a refusal is about only mixd knows.
        ClientError::Unreachable(..) | ClientError::Stranger(..) | ClientError::System(_) => None,
        ClientError::Refused(failure) if failure.code != ErrorCode::Version => None,
        ClientError::Silent => Some(place::silence(name)),
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
    (BAD, "mixd", text, advice)
}

/// Whether nobody listens, as far as that can be seen from here.
fn is_nobody(error: &SystemError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::NotFound
    )
}

/// What mixd knows; the version of the PipeWire that it is connected to.
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
            (OK, "pipewire", format!("PipeWire {version} runs"), None)
        }
        PipeWireState::Down => (
            BAD,
            "pipewire",
            "not reachable; mixd tries again by itself".to_owned(),
            Some(
                "start it: 'pipewire', or 'systemctl --user start pipewire'; mixd's log says more"
                    .to_owned(),
            ),
        ),
        PipeWireState::Off => (
            WARN,
            "pipewire",
            "mixd runs without it".to_owned(),
            Some("start mixd without '--backend none' to hear something".to_owned()),
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
        (Some(problem), _) => (
            BAD,
            "config",
            problem.clone(),
            Some(
                "mend it; mixd reads the file again then, or when told to ('mixctl reload')"
                    .to_owned(),
            ),
        ),
        (None, Some(file)) if !std::path::Path::new(file).exists() => (
            OK,
            "config",
            format!("{file} is not there: the defaults hold"),
            None,
        ),
        (None, Some(file)) => (OK, "config", format!("nothing is wrong with {file}"), None),
        (None, None) => (
            WARN,
            "config",
            "there is no place for mixd.conf".to_owned(),
            Some("set HOME, or start mixd with --config FILE".to_owned()),
        ),
    }
}

/// What would end with mixd.
fn unsaved(diagnosis: &Diagnosis) -> impl Iterator<Item = Finding> {
    let parts = [
        ("the list", &diagnosis.unsaved_list),
        ("the volume", &diagnosis.unsaved_volume),
    ];
    parts.into_iter().filter_map(|(what, why)| {
        let text = format!("{what} can't be saved: {}", visible(why.as_ref()?));
        let advice = "mend that: until then a change of it ends with mixd".to_owned();
        Some((BAD, "saving", text, Some(advice)))
    })
}

fn sound(status: &Status, diagnosis: &Diagnosis) -> Vec<Finding> {
    let warnings = &status.audio.warnings;
    let mut findings = vec![
        manager(diagnosis, warnings.contains(&Warning::ManagerHangs)),
        sinks(&diagnosis.sinks),
        match &status.audio.output {
            Some(card) => (OK, "card", format!("playing to {card}"), None),
            None => (
                WARN,
                "card",
                "there is none: nothing is heard".to_owned(),
                Some("plug one in, or choose one in a mixer".to_owned()),
            ),
        },
    ];
    let is_default = warnings.contains(&Warning::OwnSinkIsDefault);
    findings.push(match is_default {
        true => (
            BAD,
            "default",
            "one of mixd's own sinks is the default".to_owned(),
            Some("choose a card: 'wpctl status' lists them, 'wpctl set-default ID'".to_owned()),
        ),
        false => (
            OK,
            "default",
            "none of mixd's own sinks is the default".to_owned(),
            None,
        ),
    });
    findings.extend(warnings.iter().filter_map(warned));
    findings.push(match diagnosis.stale {
        0 => (
            OK,
            "targets",
            "no stream is sent to a sink that is not there".to_owned(),
            None,
        ),
        count => (
            WARN,
            "targets",
            match count {
                1 => "1 stream is sent to a sink that is not there".to_owned(),
                _ => format!("{count} streams are sent to a sink that is not there"),
            },
            Some(
                "'pw-metadata' lists them; 'pw-metadata -d ID target.object' clears one".to_owned(),
            ),
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
        findings.push((
            WARN,
            "stream",
            format!("{}{what} is {}", stream.name, stream.state),
            Some(format!("'mixctl why {}' says why", stream.id)),
        ));
    }
    findings
}

/// What a warning comes to, where nothing else says it.
fn warned(warning: &Warning) -> Option<Finding> {
    let (severity, subject, advice) = match warning {
        Warning::OwnSinkIsDefault | Warning::ManagerHangs => return None,
        Warning::OutputMissing => (
            WARN,
            "output",
            "'pw-cli ls Node' prints the names of the sinks",
        ),
        Warning::LeadsBack(_) => (
            WARN,
            "loop",
            "choose a card as the default or output, or keep mixd's sinks out of what that one \
             feeds ('pw-link -l' lists it)",
        ),
        Warning::SinksRemoved => (
            BAD,
            "removed",
            "find what does so: a script with pw-cli destroy, or a patchbay",
        ),
        Warning::LinksRemoved => (
            BAD,
            "removed",
            "find what does so: a patchbay that keeps to a list of its own (qpwgraph's \
             'exclusive'), or a script with pw-link -d",
        ),
        Warning::MovingForbidden => (
            BAD,
            "moving",
            "'wpctl settings --save linking.allow-moving-streams true' lets it",
        ),
        Warning::DefaultMuted => (
            BAD,
            "muted",
            "'pactl set-sink-mute mixd-default 0', or restart mixd",
        ),
        Warning::AuxMuted => (
            BAD,
            "muted",
            "'pactl set-sink-mute mixd-aux 0', or restart mixd",
        ),
        Warning::DefaultLevelContested | Warning::AuxLevelContested => (
            BAD,
            "level",
            "find what does so: a recorder's gain control, a mixer or a script",
        ),
    };
    let text = explained(warning).into_owned();
    Some((severity, subject, text, Some(advice.to_owned())))
}

fn manager(diagnosis: &Diagnosis, hangs: bool) -> Finding {
    match &diagnosis.manager {
        Some(name) if hangs => (
            BAD,
            "manager",
            format!("{name} hangs: it does not answer; mixd links by itself"),
            Some("continue it ('pkill -CONT wireplumber'), or restart it: 'systemctl --user restart \
                  wireplumber'".to_owned()),
        ),
        Some(name) => (OK, "manager", format!("{name} runs"), None),
        None => (
            WARN,
            "manager",
            "no session manager runs; mixd links by itself".to_owned(),
            Some("start WirePlumber, unless that is what you want".to_owned()),
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
        return (OK, "sinks", shown, None);
    }
    let advice = match SINKS.iter().any(|name| count(name) > 1) {
        true => "end the other mixd, if there is one ('pw-cli ls Client')",
        false => "restart mixd; with --verbose its log says more",
    };
    (BAD, "sinks", shown, Some(advice.to_owned()))
}

/// What `PROGRAM --version` says of itself, against what runs.
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
        Some(running) if running != version => (
            WARN,
            program,
            format!("{version} is installed, {running} runs"),
            Some(format!("restart it: 'systemctl --user restart {program}'")),
        ),
        _ => (OK, program, format!("{version} is installed"), None),
    };
    Some(finding)
}

fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for (level, subject, found, advice) in findings {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{level:<5} {subject:<12} {}", visible(found));
        if let Some(advice) = advice {
            let _ = writeln!(text, "{:18} → {}", "", visible(advice));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_doubled_sinks_are_bad() {
        let named = |names: &[&str]| -> Vec<NodeName> {
            names.iter().map(|name| NodeName::truncated(name)).collect()
        };
        assert_eq!(sinks(&named(&SINKS)).0, OK);
        assert_eq!(sinks(&named(&["mixd-aux"])).0, BAD);
        assert_eq!(sinks(&[]).2, "none");
        let doubled = sinks(&named(&["mixd-aux", "mixd-aux", "mixd-default"]));
        assert!(doubled.3.unwrap().contains("other mixd"));
    }

    #[test]
    fn a_finding_is_a_line_and_its_advice_another() {
        let findings = [
            (OK, "mixd", "answers".to_owned(), None),
            (
                BAD,
                "pipewire",
                "down".to_owned(),
                Some("start it".to_owned()),
            ),
        ];
        let expected = "ok    mixd         answers\nbad   pipewire     down\n                   → \
                        start it\n";
        assert_eq!(text(&findings), expected);
    }
}
