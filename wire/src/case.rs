//! Compares patterns without regard to case, for the daemon that keeps the list and for clients that
//! show it.

/// Returns the lower case of a character where that is one character (`É` becomes `é`), else the
/// character.
pub fn fold(c: char) -> char {
    // What nearly all of them are, without a look into Unicode's tables.
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}

/// Returns whether two patterns are the same but for their case.
///
/// ```
/// assert!(wire::is_same("Discord", "DISCORD"));
/// assert!(!wire::is_same("Discord", "Discord*"));
/// ```
pub fn is_same(a: &str, b: &str) -> bool {
    a.chars().map(fold).eq(b.chars().map(fold))
}
