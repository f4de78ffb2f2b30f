//! A string out of dconf's file: a GVDB (gvdb-format.h in dconf's source), little-endian as on all
//! machines of today. Its items are read in turn; the hashes are left alone, as one key is looked up.

/// The length of an item of the table.
const ITEM: usize = 24;
/// The most parents of a key: a file that is broken may lead in a circle.
const MAX_DEPTH: usize = 16;
/// The parent of an item that has none.
const NO_PARENT: u32 = u32::MAX;

/// Returns the string of a key, by its path; none if there is no such key, or it is no string.
pub fn string<'a>(file: &'a [u8], path: &str) -> Option<&'a str> {
    if !file.starts_with(b"GVariant") {
        return None;
    }
    let table = region(file, file, 16)?;
    let (bloom_words, buckets) = (word(table, 0)? & 0x07ff_ffff, word(table, 4)?);
    let start = 8 + (index(bloom_words)?.checked_add(index(buckets)?)?).checked_mul(4)?;
    let items = table.get(start..)?;
    let mut values = items.chunks_exact(ITEM).filter(|item| item[14] == b'v');
    let item = values.find(|item| is_at(file, items, item, path).unwrap_or(false))?;
    // A variant: the string, its end, and after a zero the type.
    let value = region(file, item, 16)?;
    str::from_utf8(value.strip_suffix(b"\0\0s")?).ok()
}

/// Returns whether an item has this path: each parent has its beginning.
fn is_at(file: &[u8], items: &[u8], item: &[u8], path: &str) -> Option<bool> {
    let (mut item, mut rest) = (item, path.as_bytes());
    for _ in 0..MAX_DEPTH {
        let start = index(word(item, 8)?)?;
        let length = usize::from(u16::from_le_bytes([item[12], item[13]]));
        rest = rest.strip_suffix(file.get(start..start.checked_add(length)?)?)?;
        let parent = word(item, 4)?;
        if parent == NO_PARENT {
            return Some(rest.is_empty());
        }
        item = items.chunks_exact(ITEM).nth(index(parent)?)?;
    }
    None
}

/// Returns the part of the file whose start and end stand here in `bytes`.
fn region<'a>(file: &'a [u8], bytes: &[u8], at: usize) -> Option<&'a [u8]> {
    file.get(index(word(bytes, at)?)?..index(word(bytes, at + 4)?)?)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn index(word: u32) -> Option<usize> {
    usize::try_from(word).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `dconf compile`.
    const FILE: &[u8] = include_bytes!("../../../tests/dconf/user");

    #[test]
    fn a_key_is_found_by_its_whole_path() {
        let interface = "/org/gnome/desktop/interface";
        let string = |key: &str| string(FILE, key);
        assert_eq!(
            string(&format!("{interface}/color-scheme")),
            Some("prefer-dark")
        );
        assert_eq!(string(&format!("{interface}/gtk-theme")), Some("Adwaita"));
        assert_eq!(string(&format!("/x{interface}/gtk-theme")), None);
        assert_eq!(string("color-scheme"), None);
        assert_eq!(string("/org/gnome/desktop/wm/a"), None, "a number");
        assert_eq!(string(interface), None);
    }

    #[test]
    fn a_file_that_is_broken_has_no_key_and_breaks_nothing() {
        let key = "/org/gnome/desktop/interface/color-scheme";
        for end in 0..FILE.len() {
            string(&FILE[..end], key);
            for byte in [0, 1, 0x7f, 0xff] {
                let mut file = FILE.to_vec();
                file[end] = byte;
                string(&file, key);
            }
        }
        assert_eq!(string(&FILE[1..], key), None);
    }
}
