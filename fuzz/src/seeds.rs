//! Where the fuzzer starts: a seed for each message, in the form that each target reads.

use std::collections::BTreeMap;

use wire::vectors::{self, Vector};

/// How many random inputs are tried for a seed of each kind.
const TRIES: u32 = 200_000;

/// The name and content of each seed of a target.
pub fn of(target: &str) -> BTreeMap<String, Vec<u8>> {
    match target {
        "frame" => frames(),
        "message" => messages(),
        "roundtrip" => roundtrips(),
        "text" => texts(),
        "session" => random(2),
        "graph" => random(3),
        "config" => configs(),
        "rules" => rules(),
        "model" => random(7),
        _ => BTreeMap::new(),
    }
}

/// A list of piece sizes as `Arbitrary` reads one (a 1 before each, a 0 at the end), then frames.
fn frames() -> BTreeMap<String, Vec<u8>> {
    let mut seeds = BTreeMap::new();
    for vector in vectors::all() {
        seeds.insert(
            vector.name.into(),
            [&[1, 1, 1, 5, 0], &vector.frame[..]].concat(),
        );
    }
    let all: Vec<u8> = vectors::all()
        .into_iter()
        .flat_map(|vector| vector.frame)
        .collect();
    seeds.insert("all-at-once".into(), [&[0], &all[..]].concat());
    seeds.insert("all-byte-by-byte".into(), [&[1, 1, 0], &all[..]].concat());
    for (name, header) in [
        ("broken-kind", [0, 0, 9, 0, 0, 0, 0, 0]),
        ("broken-reserved", [0, 0, 3, 1, 0, 0, 0, 0]),
        ("broken-length", [1, 4, 3, 0, 0, 0, 0, 0]),
    ] {
        seeds.insert(name.into(), [&[0], &header[..]].concat());
    }
    seeds
}

/// The number of the message's kind as the target counts them, then the body.
fn messages() -> BTreeMap<String, Vec<u8>> {
    let kind = |vector: &Vector| match vector.name.split('-').next() {
        Some("request") => 0,
        Some("hello") => 1,
        Some("welcome") => 2,
        Some("reply") => 3,
        Some("event") => 4,
        _ => 5,
    };
    let seed = |vector: Vector| {
        (
            vector.name.into(),
            [&[kind(&vector)], vector.body()].concat(),
        )
    };
    vectors::all().into_iter().map(seed).collect()
}

/// For each message the first random input of which the target makes it.
fn roundtrips() -> BTreeMap<String, Vec<u8>> {
    let mut seeds = BTreeMap::new();
    let mut random = Random(1);
    for _ in 0..TRIES {
        let input = random.bytes(48);
        if let Some(label) = wire::fuzz::roundtrip_label(&input) {
            seeds.entry(label).or_insert(input);
        }
    }
    seeds
}

/// Numbers as people type them, and names of every width of character.
fn texts() -> BTreeMap<String, Vec<u8>> {
    let texts = [
        "0.25",
        "-1",
        "1e-7",
        "nan",
        "-0",
        "9",
        "",
        "Discord",
        "@mixd-1000",
        "/run/user/1000/mixd",
        "mixd",
        "@",
        "Écoute",
        "会議 🎧 и так далее",
    ];
    let seed = |(n, text): (usize, &&str)| (format!("{n:02}"), text.as_bytes().to_vec());
    texts.iter().enumerate().map(seed).collect()
}

/// Files; what of each becomes the pattern is for the fuzzer to find.
fn configs() -> BTreeMap<String, Vec<u8>> {
    let commented = mixd::config::directives::commented();
    let texts = [
        "",
        "program Discord # voice\r\ncurve cubic\r\n",
        "# mine\n\n  program a \\#b\nsnap 0.1\nglide 0",
        "curv linear\nprogram [\n",
        "remember-volume no\noutput auto\nprogram KEY=*\n\u{feff}#",
        &commented,
    ];
    let seed = |(n, text): (usize, &&str)| (format!("{n:02}"), text.as_bytes().to_vec());
    let mut seeds: BTreeMap<_, _> = texts.iter().enumerate().map(seed).collect();
    seeds.extend(random(4).into_iter().take(4));
    seeds
}

/// Globs and texts.
fn rules() -> BTreeMap<String, Vec<u8>> {
    let texts = [
        "Discord*discord canary",
        "[a-z]?x*[!0-9]ab1x",
        "\\[x\\]=[]]x]",
        "media.role=GameGame",
        "*a*b*caxbxc",
    ];
    let seed = |(n, text): (usize, &&str)| (format!("{n:02}"), text.as_bytes().to_vec());
    let mut seeds: BTreeMap<_, _> = texts.iter().enumerate().map(seed).collect();
    seeds.extend(random(5).into_iter().take(4));
    seeds
}

/// Random operations; the fuzzer finds what is in them.
fn random(seed: u64) -> BTreeMap<String, Vec<u8>> {
    let mut random = Random(seed);
    (0..16)
        .map(|n| (format!("random-{n:02}"), random.bytes(32 << (n % 5))))
        .collect()
}

/// xorshift64: the same seeds on every machine.
struct Random(u64);

impl Random {
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let byte = |_| {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_le_bytes()[3]
        };
        (0..count).map(byte).collect()
    }
}
