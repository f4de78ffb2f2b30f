//! Selects streams by a word of the command line: an id, a process and its relatives, or a name. Reads /proc.

use std::fs;

use wire::Stream;

use crate::failure::Failure;

/// The most steps from a process to its ancestors: the number of one that ends on the way may be reused,
/// so that they lead in a circle.
const MAX_ANCESTORS: usize = 1000;

/// Returns the ids of the streams that `word` selects: by id; by pid, or that of a relative; by name or
/// binary.
pub fn select(streams: &[Stream], word: &str) -> Vec<u32> {
    select_by(streams, word, parent)
}

/// Returns the word without the backslash that keeps it from being an option or a home folder, with
/// which fish completes it.
pub fn unescaped(word: &str) -> Option<&str> {
    let rest = word.strip_prefix('\\')?;
    rest.starts_with(['-', '~']).then_some(rest)
}

/// The failure of a word that selects no stream.
pub fn no_match(word: &str) -> Failure {
    Failure::Other(match word.parse::<u32>() {
        Ok(_) => format!(
            "nothing that plays has the id '{word}', nor is of the process '{word}' or one below or above \
             it; 'mixctl status' lists what plays"
        ),
        Err(_) => format!(
            "nothing that plays is called '{word}', nor has that pid or id; 'mixctl status' lists what \
             plays"
        ),
    })
}

fn select_by(streams: &[Stream], word: &str, parent: impl Fn(u32) -> Option<u32>) -> Vec<u32> {
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
    let by_number = |number: u32| {
        let ancestors =
            |pid: u32| std::iter::successors(parent(pid), |pid| parent(*pid)).take(MAX_ANCESTORS);
        let is_below = |pid: u32| ancestors(pid).any(|ancestor| ancestor == number);
        by(&|stream| stream.id == number)
            .or_else(|| by_pid(number))
            .or_else(|| by(&|stream| stream.pid.is_some_and(is_below)))
            .or_else(|| ancestors(number).find_map(by_pid))
    };
    let number = word.parse().ok();
    number
        .and_then(by_number)
        .or_else(|| {
            by(&|stream| same(&stream.name) || stream.binary.is_some_and(|name| same(&name)))
        })
        .unwrap_or_default()
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
    fn an_id_goes_before_a_pid_and_both_before_a_name() {
        let mut streams = vec![stream(71, 4711), stream(4711, 71)];
        let select = |streams: &[Stream], word| select_by(streams, word, |_| None);
        assert_eq!(select(&streams, "71"), [71]);
        assert_eq!(select(&streams, "4711"), [4711]);
        streams.pop();
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
        let select = |streams: &[Stream], word| select_by(streams, word, parent);
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
        assert!(select_by(&[stream(1000, 50)], "7", |pid| Some(pid % 5 + 10)).is_empty());
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
