//! `cargo xtask vectors`: writes the vectors of the protocol, and what PROTOCOL.md shows of them and of the
//! schema.

use std::fs;
use std::path::Path;

use lab::Result;

/// Writes them.
pub fn vectors() -> Result<()> {
    let folder = Path::new("wire/vectors");
    let files = wire::vectors::files();
    for (name, content) in &files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, content)?;
    }
    let mut section = String::new();
    for vector in wire::vectors::all() {
        let content = vector.file();
        section += &format!("\n`{}`\n\n```hex\n{content}```\n", vector.name);
    }
    let schema = fs::read_to_string("wire/schema.cddl")?;
    let path = "wire/PROTOCOL.md";
    let document = fs::read_to_string(path)?;
    let (text, _) = document
        .split_once(VECTORS)
        .ok_or("no place for the vectors")?;
    let (head, rest) = text.split_once(SCHEMA).ok_or("no place for the schema")?;
    let (_, tail) = rest
        .split_once(FENCE)
        .ok_or("the schema's block has no end")?;
    fs::write(
        path,
        format!("{head}{SCHEMA}{schema}{FENCE}{tail}{VECTORS}{section}"),
    )?;
    println!("{} files in {}, and {path}", files.len(), folder.display());
    Ok(())
}

const SCHEMA: &str = "```cddl\n";
const FENCE: &str = "```\n";
const VECTORS: &str = "<!-- vectors -->\n";
