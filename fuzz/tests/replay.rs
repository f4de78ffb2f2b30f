//! The corpus, every input that once broke something, and what is near them, on a stable toolchain.
#![allow(clippy::unwrap_used)]

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long each target is given inputs that are near those of the corpus.
const TIME: Duration = Duration::from_secs(1);
/// The longest input: some of the longest frames that a client may send.
const LONGEST: usize = 4096;

fn folder(name: &str, target: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join(name).join(target)
}

/// The inputs of a target, in the order of their names, and where they are.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut inputs = Vec::new();
    for name in ["corpus", "crashes"] {
        let Ok(entries) = fs::read_dir(folder(name, target)) else {
            continue;
        };
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let (place, data) = (path.display().to_string(), fs::read(path).unwrap());
            if name == "corpus" && fuzz::STEPS.contains(&target) {
                let pieces = fuzz::pieces(&data).enumerate();
                let named = |(at, piece): (usize, &[u8])| (format!("{place}, {at}"), piece.into());
                inputs.extend(pieces.map(named));
            } else {
                inputs.push((place, data));
            }
        }
    }
    assert!(!inputs.is_empty(), "{target} has a corpus");
    inputs
}

/// A failure names the input, by what is printed last.
#[test]
fn the_corpus_and_every_past_crash_hold() {
    for (target, body) in fuzz::TARGETS {
        for (place, input) in inputs(target) {
            println!("{place}");
            body(&input);
        }
    }
}

#[test]
#[ignore = "takes a second for each target: 'cargo xtask fuzz smoke'"]
fn what_is_near_the_corpus_holds() {
    // Another one in each run.
    let mut random = Random(RandomState::new().build_hasher().finish() | 1);
    for (target, body) in fuzz::TARGETS {
        let corpus = inputs(target);
        let (start, mut count) = (Instant::now(), 0);
        while start.elapsed() < TIME {
            let input = random.near(&corpus);
            count += 1;
            if catch_unwind(|| body(&input)).is_err() {
                let crashes = folder("crashes", target);
                fs::create_dir_all(&crashes).unwrap();
                let number = fs::read_dir(&crashes).unwrap().count();
                let kept = crashes.join(format!("crash-{number}"));
                fs::write(&kept, input).unwrap();
                let kept = kept.display();
                panic!("{target} breaks at {kept}; mend it, and commit the input with it");
            }
        }
        println!("{target}: {count} inputs near {}", corpus.len());
    }
}

/// xorshift64
struct Random(u64);

impl Random {
    /// A number below another one, or 0.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }

    /// An input of the corpus with one to four changes.
    fn near(&mut self, corpus: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut input = corpus[self.below(corpus.len())].1.clone();
        for _ in 0..=self.below(4) {
            let at = self.below(input.len() + 1);
            let end = at + self.below((input.len() - at).min(32) + 1);
            let other = &corpus[self.below(corpus.len())].1;
            let from = self.below(other.len() + 1);
            let piece = &other[from..from + self.below((other.len() - from).min(64) + 1)];
            match self.below(6) {
                0 => drop(input.drain(at..end)),
                1 => drop(input.splice(at..end, piece.iter().copied())),
                2 => drop(input.splice(at..at, piece.iter().copied())),
                3 => input.extend_from_within(at..end),
                4 => input.truncate(at),
                _ => {
                    // Numbers at which something changes, and any.
                    let values = [0, 1, 0x17, 0x18, 0x7f, 0x80, 0xff, self.below(256)];
                    let value = u8::try_from(values[self.below(8)]).unwrap();
                    if let Some(byte) = input.get_mut(at) {
                        *byte = value;
                    }
                }
            }
        }
        input.truncate(LONGEST);
        input
    }
}
