//! The corpus, and every input that once broke something, as ordinary tests on a stable toolchain.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

fn inputs(folder: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(target);
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// A failure names the input, by what is printed last.
#[test]
#[ignore = "for 'cargo xtask fuzz coverage'; 'cargo xtask fuzz smoke' replays it in a third of the time"]
fn the_corpus_and_every_past_crash_hold() {
    for (target, body) in fuzz::TARGETS {
        let paths: Vec<_> = ["corpus", "crashes"]
            .into_iter()
            .flat_map(|folder| inputs(folder, target))
            .collect();
        assert!(!paths.is_empty(), "{target} has a corpus");
        println!("{target}: {} inputs", paths.len());
        for path in paths {
            println!("{}", path.display());
            body(&fs::read(&path).unwrap());
        }
    }
}

#[test]
fn the_seeds_are_those_of_todays_messages() {
    for (target, _) in fuzz::TARGETS {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target);
        for (name, content) in fuzz::seeds::of(target) {
            let path = corpus.join(format!("seed-{name}"));
            let is_so = fs::read(&path).is_ok_and(|found| found == content);
            let shown = path.display();
            assert!(is_so, "{shown}: 'cargo xtask fuzz seeds' makes it anew");
        }
    }
}
