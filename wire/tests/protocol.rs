//! PROTOCOL.md, the schema and the vectors against the implementation: none of them can drift.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wire::frame::{self, Kind, MAX_REPLY, MAX_REQUEST};
use wire::vectors::exchanges::Answer;
use wire::{
    ErrorCode, Event, Failure, Hello, Reply, Request, Welcome, canonical, codec, message, vectors,
};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

#[test]
fn what_the_shell_sends_are_the_vectors() {
    let [line] = &blocks("sh")[..] else {
        panic!("there is one block");
    };
    let (printf, _) = line.split_once(" |\n").unwrap();
    let output = Command::new("sh").args(["-c", printf]).output().unwrap();
    let frame = |name: &str| {
        let vectors = vectors::all();
        let mut vectors = vectors.into_iter();
        vectors.find(|vector| vector.name == name).unwrap().frame
    };
    let sent = [frame("hello"), frame("request-get-volume")].concat();
    assert_eq!(output.stdout, sent);
}

/// The fenced blocks of the document that are marked `language`.
fn blocks(language: &str) -> Vec<String> {
    let document = read("PROTOCOL.md");
    let fence = format!("```{language}\n");
    let pieces = document.split(&fence).skip(1);
    pieces
        .map(|piece| piece.split("```").next().unwrap().to_owned())
        .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let lines = hex.lines().filter(|line| !line.starts_with('#'));
    let words = lines.flat_map(str::split_whitespace);
    words
        .map(|word| u8::from_str_radix(word, 16).unwrap())
        .collect()
}

#[test]
fn every_hexdump_in_the_document_is_the_frame_that_it_says() {
    let blocks = blocks("hex");
    let vectors = vectors::all();
    assert_eq!(blocks.len(), vectors.len());
    for (block, vector) in blocks.iter().zip(&vectors) {
        assert_eq!(bytes(block), vector.frame, "{}", vector.name);
        assert_eq!(
            block.lines().next().unwrap(),
            format!("# {}", vector.readable())
        );
    }
}

/// The files in a folder and those below it.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths.map(|path| match path.is_dir() {
        true => files_in(&path),
        false => vec![path],
    });
    files.flatten().collect()
}

#[test]
fn every_file_of_vectors_is_what_cargo_xtask_vectors_makes() {
    let mut names = vec![path("vectors/README.md")];
    for (name, content) in vectors::files() {
        let name = format!("vectors/{name}");
        assert_eq!(
            read(&name),
            content,
            "'cargo xtask vectors' makes {name} anew"
        );
        names.push(path(&name));
    }
    let mut found = files_in(&path("vectors"));
    found.sort();
    names.sort();
    assert_eq!(found, names, "no file too many");
}

/// The lines `# KEY: VALUE` that the README of the vectors explains.
#[test]
fn every_exchange_can_be_read_from_its_file() {
    let exchanges = [
        vectors::exchanges::rejected(),
        vectors::exchanges::at_limits(),
    ]
    .concat();
    for exchange in exchanges {
        let file = exchange.file();
        let line = |key: &str| {
            let start = format!("# {key}: ");
            let mut lines = file.lines().filter_map(|line| line.strip_prefix(&start));
            let value = lines
                .next()
                .unwrap_or_else(|| panic!("no {key} in {}", exchange.name));
            assert_eq!(lines.next(), None, "{}", exchange.name);
            value.to_owned()
        };
        assert_eq!(bytes(&file), exchange.sent, "{}", exchange.name);
        assert_eq!(line("id"), exchange.id.to_string());
        assert_eq!(line("after") == "welcome", exchange.is_open);
        assert_eq!(line("connection") == "lives", exchange.lives);
        let answer = line("answer");
        let answer = answer.split(' ').collect::<Vec<_>>();
        match exchange.answer {
            Answer::Welcome => assert_eq!(answer, ["welcome"]),
            Answer::Reply => assert_eq!(answer, ["reply"]),
            Answer::Error(code, None) => assert_eq!(answer, ["error", code.name()]),
            Answer::Error(code, Some(reason)) => {
                assert_eq!(answer, ["error", code.name(), reason.name()]);
            }
        }
    }
}

#[test]
fn no_rejected_body_is_a_message_in_canonical_form() {
    for exchange in vectors::exchanges::rejected() {
        let Ok(Some((frame, _))) = frame::parse(&exchange.sent, MAX_REQUEST) else {
            continue;
        };
        let is_malformed = matches!(exchange.answer, Answer::Error(ErrorCode::Malformed, _));
        if is_malformed && frame.kind == Kind::Request {
            assert!(
                codec::decode::<Request>(frame.body).is_err(),
                "{}",
                exchange.name
            );
            let is_sound = canonical::is_canonical(frame.body);
            // CDDL can't say that a topic is named once.
            let is_sound = is_sound && exchange.name != "subscribe-twice";
            let valid = is_sound && is_valid("request", frame.body);
            assert!(!valid, "{} is in the schema", exchange.name);
        }
    }
}

/// Decodes as what the frame's kind says, and encodes again.
fn recode(kind: Kind, body: &[u8]) -> Vec<u8> {
    fn recode<T: serde::Serialize + serde::de::DeserializeOwned>(body: &[u8]) -> Vec<u8> {
        let mut again = vec![0; MAX_REPLY];
        let length = codec::encode(&codec::decode::<T>(body).unwrap(), &mut again).unwrap();
        again.truncate(length);
        again
    }
    match kind {
        Kind::Hello => recode::<Hello>(body),
        Kind::Welcome => recode::<Welcome>(body),
        Kind::Request => recode::<Request>(body),
        Kind::Reply => recode::<Reply>(body),
        Kind::Error => recode::<Failure>(body),
        Kind::Event => recode::<Event>(body),
    }
}

#[test]
fn every_vector_decodes_and_encodes_to_itself() {
    for vector in vectors::all() {
        let (frame, length) = frame::parse(&vector.frame, MAX_REPLY).unwrap().unwrap();
        assert_eq!(length, vector.frame.len());
        assert_eq!(
            recode(frame.kind, frame.body),
            frame.body,
            "{}",
            vector.name
        );
    }
}

#[test]
fn the_documents_schema_is_the_schema() {
    assert_eq!(blocks("cddl"), [read("schema.cddl")]);
}

fn rule(kind: Kind) -> &'static str {
    match kind {
        Kind::Hello => "hello",
        Kind::Welcome => "welcome",
        Kind::Request => "request",
        Kind::Reply => "reply",
        Kind::Error => "error",
        Kind::Event => "event",
    }
}

/// The schema without sockets, which the validator does not know (RFC 8610 section 3.9): a rule for each, with all
/// its values.
fn plain_schema() -> String {
    let schema = read("schema.cddl");
    let mut sockets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut rules = String::new();
    for paragraph in schema.split("\n\n") {
        let mut socket = None;
        for line in paragraph.lines() {
            let line = line.split("; ").next().unwrap();
            if let Some((name, values)) = line.split_once(" /= ") {
                socket = Some(name);
                sockets.entry(name).or_default().push(values);
            } else if let Some(name) = socket.filter(|_| line.starts_with(' ')) {
                let values = sockets.get_mut(name).unwrap();
                values.push(line.trim().trim_start_matches('/'));
            } else {
                rules += &format!("{line}\n");
            }
        }
    }
    for (name, values) in sockets {
        let values = values
            .iter()
            .map(|words| words.trim().trim_end_matches('/'));
        rules += &format!("{name} = {}\n", values.collect::<Vec<_>>().join(" / "));
    }
    rules.replace('$', "socket-")
}

/// Whether an independent validator finds a body in the schema, under this rule.
fn is_valid(rule: &str, body: &[u8]) -> bool {
    match cddl_cat::validate_cbor_bytes(rule, &plain_schema(), body) {
        Ok(()) => true,
        Err(cddl_cat::ValidateError::ParseError(error)) => panic!("{error}"),
        Err(_) => false,
    }
}

#[test]
fn an_independent_validator_finds_every_vector_in_the_schema_and_under_no_other_rule() {
    for vector in vectors::all() {
        let (frame, _) = frame::parse(&vector.frame, MAX_REPLY).unwrap().unwrap();
        assert!(is_valid(rule(frame.kind), frame.body), "{}", vector.name);
        let other = if frame.kind == Kind::Hello {
            "welcome"
        } else {
            "hello"
        };
        assert!(
            !is_valid(other, frame.body),
            "{} is no {other}",
            vector.name
        );
    }
}

#[test]
fn the_schema_and_the_decoder_agree_on_where_the_limits_are() {
    fn body(name: &str, value: impl serde::Serialize) -> Vec<u8> {
        let mut body = Vec::new();
        ciborium::into_writer(&BTreeMap::from([(name, value)]), &mut body).unwrap();
        body
    }
    let text = |length| "x".repeat(length);
    for (body, fits) in [
        (body("set-volume", 1_000_000), true),
        (body("set-volume", 1_000_001), false),
        (body("set-volume", -1_000_000), true),
        (body("set-volume", -1_000_001), false),
        (body("shift-volume", 2_000_000), true),
        (body("shift-volume", 2_000_001), false),
        (body("add-program", text(message::MAX_PATTERN)), true),
        (body("add-program", text(message::MAX_PATTERN + 1)), false),
        (body("remove-program", ""), true),
        (body("fail", "busy"), true),
        (body("fail", "lazy"), false),
        (body("dance", ""), false),
        (body("subscribe", ["streams", "volume"]), true),
        (body("subscribe", ["stream"]), false),
    ] {
        let shown = codec::diagnostic(&body);
        assert_eq!(
            codec::decode::<Request>(&body).is_ok(),
            fits,
            "the decoder: {shown}"
        );
        assert_eq!(is_valid("request", &body), fits, "the schema: {shown}");
    }
}

/// A number in the document's table of limits.
fn limit(name: &str) -> usize {
    let document = read("PROTOCOL.md");
    let row = document
        .lines()
        .find_map(|line| line.strip_prefix(&format!("| {name} | ")));
    row.and_then(|row| row.split(" |").next()?.parse().ok())
        .unwrap_or_else(|| panic!("no limit '{name}' in the document"))
}

#[test]
fn the_documents_limits_are_the_crates() {
    assert_eq!(limit("body of a client's frame"), MAX_REQUEST);
    assert_eq!(limit("body of the daemon's frame"), MAX_REPLY);
    assert_eq!(limit("nesting"), canonical::MAX_DEPTH);
    assert_eq!(limit("client's or daemon's name"), message::MAX_CLIENT);
    assert_eq!(limit("pattern"), message::MAX_PATTERN);
    assert_eq!(limit("name of a stream or card"), message::MAX_NAME);
    assert_eq!(limit("name of a property"), message::MAX_KEY);
    assert_eq!(
        limit("value of a property, or a reason"),
        message::MAX_SENTENCE
    );
}

#[test]
fn the_names_of_requests_are_those_that_are_encoded() {
    let mut found: Vec<_> = vectors::all()
        .iter()
        .filter(|vector| vector.name.starts_with("request-"))
        .map(|vector| canonical::message_name(vector.body()).unwrap().to_owned())
        .collect();
    let mut names = Request::NAMES.to_vec();
    found.sort();
    names.sort_unstable();
    assert_eq!(found, names);
}

#[test]
fn the_document_explains_every_request_topic_and_code() {
    let document = read("PROTOCOL.md");
    let schema = read("schema.cddl");
    for rule in [
        "request =",
        "topic =",
        "error-code =",
        "$reason /=",
        "$state /=",
    ] {
        let (_, text) = schema.split_once(&format!("\n{rule} ")).unwrap();
        let text = text.split("\n\n").next().unwrap();
        let strings = text.split('"').skip(1).step_by(2);
        let keys = text
            .split("{ ")
            .skip(1)
            .map(|rest| rest.split(':').next().unwrap());
        for word in strings.chain(keys) {
            assert!(
                document.contains(&format!("| `{word}` |")),
                "{rule} {word} has no row"
            );
        }
    }
}
