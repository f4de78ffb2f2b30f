//! Writes the seeds of every target into the corpus: `cargo xtask fuzz seeds`.

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, _) in fuzz::TARGETS {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        let seeds = fuzz::seeds::of(target);
        for (name, content) in &seeds {
            fs::write(folder.join(format!("seed-{name}")), content)?;
        }
        println!("{target}: {} seeds", seeds.len());
    }
    Ok(())
}
