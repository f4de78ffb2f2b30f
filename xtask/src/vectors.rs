//! `cargo xtask vectors`: writes the golden vectors of the protocol, a file a message.

use std::fs;
use std::path::Path;

use xtask::Result;

/// Writes them.
pub fn vectors() -> Result<()> {
    let folder = Path::new("wire/vectors");
    fs::create_dir_all(folder)?;
    let vectors = wire::vectors::all();
    for vector in &vectors {
        fs::write(
            folder.join(vector.name).with_extension("hex"),
            vector.file(),
        )?;
    }
    println!("{} vectors in {}", vectors.len(), folder.display());
    Ok(())
}
