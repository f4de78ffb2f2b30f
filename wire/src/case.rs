//! Which patterns are one: they are compared without regard to case, by the daemon that lists them
//! and by whoever shows the list.

/// Unicode's lower case, where that is one character: `DISCORD` is `discord`, `ÉCOUTE` `écoute`.
pub fn fold(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}

/// Whether two patterns are the same but for their case.
///
/// ```
/// assert!(wire::is_same("Discord", "DISCORD"));
/// assert!(!wire::is_same("Discord", "Discord*"));
/// ```
pub fn is_same(a: &str, b: &str) -> bool {
    a.chars().map(fold).eq(b.chars().map(fold))
}
