//! Selects streams by a word of the command line: an id, a process and its relatives, or a name. Reads /proc.

use std::fs;

use wire::{Stream, visible};

use crate::failure::Failure;

/// The most steps from a process to its ancestors: the number of one that ends on the way may be reused,
/// so that they lead in a circle.
const MAX_ANCESTORS: usize = 1000;

/// Returns the ids of the streams that `word` selects: by id; by pid, or that of a relative; by name or
/// binary.
///
/// # Errors
/// It is a number that selects some streams by id and others by pid.
pub fn select(streams: &[Stream], word: &str) -> Result<Vec<u32>, Failure> {
    select_by(streams, word, parent)
}

/// A number of the command line.
#[derive(Clone, Copy)]
enum Number {
    /// `id=71`
    Id(u32),
    /// `pid=71`
    Pid(u32),
    /// `71`
    Either(u32),
}

impl Number {
    fn parse(word: &str) -> Option<Self> {
        let (form, number): (fn(u32) -> Self, &str) = match word.split_once('=') {
            Some(("id", number)) => (Self::Id, number),
            Some(("pid", number)) => (Self::Pid, number),
            _ => (Self::Either, word),
        };
        number.parse().ok().map(form)
    }
}

/// Returns the id of a stream that `word` may be.
pub fn id(word: &str) -> Option<u32> {
    match Number::parse(word)? {
        Number::Id(id) | Number::Either(id) => Some(id),
        Number::Pid(_) => None,
    }
}

/// Returns the word without the backslash that keeps it from being an option or a home folder, with
/// which fish completes it.
pub fn unescaped(word: &str) -> Option<&str> {
    let rest = word.strip_prefix('\\')?;
    rest.starts_with(['-', '~']).then_some(rest)
}

/// The failure of a word that selects no stream.
pub fn no_match(word: &str) -> Failure {
    let what = match Number::parse(word) {
        Some(Number::Either(number)) => format!(
            "has the id '{number}', nor is of the process '{number}' or one below or above it"
        ),
        Some(Number::Id(id)) => format!("has the id '{id}'"),
        Some(Number::Pid(pid)) => {
            format!("is of the process '{pid}' or one below or above it")
        }
        None => format!("is called '{word}', nor has that pid or id"),
    };
    Failure::Other(format!(
        "nothing that plays {what}; 'mixctl status' lists what plays"
    ))
}

fn select_by(
    streams: &[Stream],
    word: &str,
    parent: impl Fn(u32) -> Option<u32>,
) -> Result<Vec<u32>, Failure> {
    let plain = unescaped(word).unwrap_or(word);
    let same = |name: &str| {
        [word, plain]
            .iter()
            .any(|word| name.to_lowercase() == word.to_lowercase())
    };
    let by = |is_selected: &dyn Fn(&Stream) -> bool| -> Option<Vec<u32>> {
        let found = streams.iter().filter(|stream| is_selected(stream));
        let found: Vec<u32> = found.map(|stream| stream.id).collect();
        (!found.is_empty()).then_some(found)
    };
    let by_pid = |pid: u32| by(&|stream| stream.pid == Some(pid));
    let by_process = |process: u32| {
        let ancestors =
            |pid: u32| std::iter::successors(parent(pid), |pid| parent(*pid)).take(MAX_ANCESTORS);
        let is_below = |pid: u32| ancestors(pid).any(|ancestor| ancestor == process);
        by_pid(process)
            .or_else(|| by(&|stream| stream.pid.is_some_and(is_below)))
            .or_else(|| ancestors(process).find_map(by_pid))
    };
    let by_id = |id: u32| by(&|stream| stream.id == id);
    let found = match Number::parse(word) {
        Some(Number::Id(id)) => by_id(id),
        Some(Number::Pid(pid)) => by_process(pid),
        // Both are small where few programs have been started since the machine was.
        Some(Number::Either(number)) => match (by_id(number), by_process(number)) {
            (Some(one), Some(other)) if one != other => {
                return Err(ambiguous(streams, number, one[0], other[0]));
            }
            (one, other) => one.or(other),
        },
        None => None,
    };
    let by_name =
        || by(&|stream| same(&stream.name) || stream.binary.is_some_and(|name| same(&name)));
    Ok(found.or_else(by_name).unwrap_or_default())
}

/// The failure of a number that is the id of the stream `one` and the process of the stream `other`, or of a
/// relative of that.
fn ambiguous(streams: &[Stream], number: u32, one: u32, other: u32) -> Failure {
    let name = |id: u32| {
        let stream = streams.iter().find(|stream| stream.id == id);
        stream.map_or(String::new(), |stream| visible(&stream.name))
    };
    let (one, other) = (name(one), name(other));
    Failure::Other(format!(
        "'{number}' is the id of a stream of {one}, and the pid of {other} or of a process below or above \
         that; say which with id={number} or pid={number}"
    ))
}

/// Returns the parent of a process; `None` of the first.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    parent_in(&String::from_utf8_lossy(&stat))
}

/// Returns the fourth field of /proc/PID/stat (proc(5)). The second, in parentheses, is a name of any
/// characters.
fn parent_in(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let parent = rest.split_whitespace().nth(1)?.parse().ok()?;
    (parent != 0).then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::example;

    fn stream(id: u32, pid: u32) -> Stream {
        Stream {
            id,
            pid: Some(pid),
            ..example().audio.streams[0].clone()
        }
    }

    #[test]
    fn a_number_is_an_id_or_a_process_and_what_is_both_is_asked_about() {
        let streams = [stream(71, 4711), stream(72, 71), stream(73, 73)];
        let select = |word| select_by(&streams, word, |pid| (pid == 4711).then_some(72));
        for number in ["71", "72"] {
            let (_, why) = select(number).unwrap_err().told();
            let why = why.unwrap();
            assert!(
                why.contains(&format!("id={number} or pid={number}")),
                "{why}"
            );
        }
        for (word, id) in [
            ("id=71", 71),
            ("pid=71", 72),
            ("id=72", 72),
            ("pid=72", 71),
            ("73", 73),
            ("4711", 71),
        ] {
            assert_eq!(select(word).unwrap(), [id], "{word}");
        }
        for word in ["id=4711", "pid=74", "pid=", "id=x"] {
            assert!(select(word).unwrap().is_empty(), "{word}");
        }
    }

    #[test]
    fn a_number_goes_before_a_name() {
        let mut streams = vec![stream(71, 4711)];
        let select = |streams: &[Stream], word| select_by(streams, word, |_| None).unwrap();
        assert_eq!(select(&streams, "4711"), [71]);
        assert_eq!(select(&streams, "DIS\u{1b}[31MCORD"), [71]);
        assert!(select(&streams, "5").is_empty());
        assert!(select(&streams, "nobody").is_empty());
        streams[0].name = wire::Text::truncated("~root");
        assert_eq!(select(&streams, r"\~root"), [71], "as fish completes it");
    }

    #[test]
    fn a_pid_means_its_process_else_all_below_it_else_the_nearest_above_it() {
        // 100 has started 110 and 120, and 120 has started 121; 200 is of another family.
        let parent = |pid| match pid {
            110 | 120 => Some(100),
            121 => Some(120),
            100 | 200 => Some(1),
            _ => None,
        };
        let all = [stream(1000, 110), stream(1001, 121), stream(1002, 200)];
        let select = |streams: &[Stream], word| select_by(streams, word, parent).unwrap();
        assert_eq!(select(&all, "100"), [1000, 1001]);
        assert_eq!(select(&all, "120"), [1001]);
        assert_eq!(select(&all, "110"), [1000], "not its sibling's");
        assert_eq!(select(&all, "200"), [1002]);
        assert!(select(&all, "0").is_empty(), "no process");
        let above = [stream(1000, 100), stream(1001, 120), stream(1002, 120)];
        assert_eq!(select(&above, "121"), [1001, 1002]);
        assert_eq!(select(&above, "110"), [1000]);
        assert!(select(&above, "200").is_empty());
    }

    #[test]
    fn a_family_that_goes_in_a_circle_comes_to_an_end() {
        let selected = select_by(&[stream(1000, 50)], "7", |pid| Some(pid % 5 + 10));
        assert!(selected.unwrap().is_empty());
    }

    #[test]
    fn a_process_may_be_called_anything() {
        assert_eq!(parent_in("4711 (a) S 1 (b) S 42 4711 4711 0 -1"), Some(42));
        assert_eq!(parent_in("1 (systemd) S 0 1 1 0 -1"), None);
        assert_eq!(parent_in(""), None);
        let own = parent(std::process::id());
        assert_eq!(own, Some(std::os::unix::process::parent_id()));
    }
}
