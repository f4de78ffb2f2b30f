//! A step of a change, on a list: what is left to do of it, what takes it back, what it makes of the
//! list.

use wire::message::{Insertion, Pattern, Replacement};
use wire::{Request, is_same};

/// A pattern comes, goes, or becomes another in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Add(Pattern),
    Insert(Insertion),
    Remove(Pattern),
    Replace(Replacement),
}

impl Step {
    /// What is left to do of it on a list: what is so already needs no request, and is not to be
    /// taken back later.
    pub(super) fn on(self, list: &[Pattern]) -> Option<Self> {
        let is_listed = |pattern: &Pattern| place(list, pattern).is_some();
        match self {
            Self::Add(new) | Self::Insert(Insertion { new, .. }) => {
                (!is_listed(&new)).then_some(self)
            }
            Self::Remove(pattern) => is_listed(&pattern).then_some(self),
            // In another case only, it is no other pattern.
            Self::Replace(Replacement { new, old }) if is_same(&new, &old) => {
                is_listed(&old).then_some(self)
            }
            Self::Replace(Replacement { new, old }) => match (is_listed(&old), is_listed(&new)) {
                (true, false) => Some(self),
                (true, true) => Some(Self::Remove(old)),
                (false, false) => Some(Self::Add(new)),
                (false, true) => None,
            },
        }
    }

    /// What takes it back, on the list before it: a pattern comes back as it was written, to where
    /// it was.
    pub(super) fn back(self, list: &[Pattern]) -> Self {
        match self {
            Self::Add(new) | Self::Insert(Insertion { new, .. }) => Self::Remove(new),
            Self::Remove(pattern) => {
                let at = place(list, &pattern);
                let new = at.map_or(pattern, |at| list[at]);
                match at.and_then(|at| list.get(at + 1)) {
                    Some(before) => Self::Insert(Insertion {
                        new,
                        before: *before,
                    }),
                    None => Self::Add(new),
                }
            }
            Self::Replace(Replacement { new, old }) => Self::Replace(Replacement {
                new: place(list, &old).map_or(old, |at| list[at]),
                old: new,
            }),
        }
    }

    pub(super) fn request(self) -> Request {
        match self {
            Self::Add(pattern) => Request::AddProgram(pattern),
            Self::Insert(insertion) => Request::InsertProgram(insertion),
            Self::Remove(pattern) => Request::RemoveProgram(pattern),
            Self::Replace(replacement) => Request::ReplaceProgram(replacement),
        }
    }

    /// What mixd has done, on the list as it is known here: mixd says the list too, but perhaps
    /// after the next change has begun.
    pub(super) fn apply(self, list: &mut Vec<Pattern>) {
        match self {
            Self::Add(new) | Self::Insert(Insertion { new, .. }) if place(list, &new).is_some() => {
            }
            Self::Add(new) => list.push(new),
            Self::Insert(Insertion { new, before }) => {
                let at = place(list, &before).unwrap_or(list.len());
                list.insert(at, new);
            }
            Self::Remove(pattern) => list.retain(|other| !is_same(other, &pattern)),
            Self::Replace(Replacement { new, old }) => {
                if let Some(at) = place(list, &old) {
                    list[at] = new;
                }
            }
        }
    }
}

/// Where a pattern is on a list, in whatever case.
pub(super) fn place(list: &[Pattern], pattern: &str) -> Option<usize> {
    list.iter().position(|listed| is_same(listed, pattern))
}
