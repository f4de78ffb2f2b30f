//! The body of the fuzz target `rules`: any text as a pattern, against any text.

mod list;

use std::ffi::CString;

use arbitrary::{Arbitrary, Unstructured};
use wire::Rule;
use wire::message::Pattern;

use mixd::rules::glob;
use mixd::rules::name::shown;
use mixd::rules::{BINARY, Edit, KEYS, NAME, Program, Rules, check, matching_key, narrowest};

#[derive(Arbitrary, Debug)]
struct Named {
    name: Option<String>,
    binary: Option<String>,
    role: Option<String>,
}

impl Program for Named {
    fn property(&self, key: &str) -> Option<&str> {
        match key {
            NAME => self.name.as_deref(),
            BINARY => self.binary.as_deref(),
            "media.role" => self.role.as_deref(),
            _ => None,
        }
    }
}

/// A glob matches what libc's fnmatch says; a text's escaped form matches it; a rule that is taken
/// can be removed; a suggestion matches its program and no other; and all holds of a list, whatever is done
/// to it.
pub fn rules(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok((glob, text)) = <(String, String)>::arbitrary(&mut input) else {
        return;
    };
    agree(&glob, &text);
    // Most texts match nothing: one that begins as the glob does is worth a try.
    let start: String = glob.chars().filter(|c| !"*?[]\\".contains(*c)).collect();
    agree(&glob, &start);
    let escaped = glob::escape(&text);
    assert_eq!(glob::check(&escaped), Ok(()));
    assert!(glob::matches(&escaped, &text), "{escaped:?}");

    let Ok(programs) = Vec::<Named>::arbitrary(&mut input) else {
        return;
    };
    list::changes(&mut |n| {
        let below = n.max(1) - 1;
        input.int_in_range(0..=below).unwrap_or_default()
    });
    add_and_remove(&glob, &programs);
    for program in &programs {
        // What is typed as it is shown matches.
        let add = Edit::Add(Rule::Program(shown(program.name())));
        if let Ok(rules) = Rules::default().apply(&add) {
            assert!(rules.first_match(program).is_some(), "{program:?}");
        }
    }
    if let [program, others @ ..] = &programs[..]
        && let Some(pattern) = narrowest(program, &others.iter().collect::<Vec<_>>())
    {
        assert!(check(&pattern).is_ok());
        assert!(matching_key(&pattern, program).is_some(), "{pattern}");
        assert!(
            others
                .iter()
                .all(|other| matching_key(&pattern, other).is_none())
        );
    }
}

fn agree(glob: &str, text: &str) {
    let matches = glob::matches(glob, text);
    if let Err(error) = glob::check(glob) {
        assert!(!matches && !error.to_string().is_empty());
        return;
    }
    // In libc the locale decides about the rest.
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii() && byte != 0);
    if is_plain(glob) && is_plain(text) {
        let (glob, text) = (glob.to_ascii_lowercase(), text.to_ascii_lowercase());
        assert_eq!(matches, fnmatch(&glob, &text), "{glob:?} {text:?}");
    }
}

/// Returns whether the C library's glob matches a text, in the C locale; not where either has a zero byte.
#[allow(unsafe_code)]
fn fnmatch(glob: &str, text: &str) -> bool {
    let (Ok(glob), Ok(text)) = (CString::new(glob), CString::new(text)) else {
        return false;
    };
    // SAFETY: both are strings with their end, and it only reads them.
    unsafe { libc::fnmatch(glob.as_ptr(), text.as_ptr(), 0) == 0 }
}

fn add_and_remove(text: &str, programs: &[Named]) {
    let Ok(pattern) = text.parse::<Pattern>() else {
        return;
    };
    let add = Edit::Add(Rule::Program(pattern));
    match Rules::default().apply(&add) {
        Ok(rules) => {
            assert_eq!(rules.apply(&add).as_ref(), Ok(&rules));
            for program in programs {
                if let Some(found) = rules.first_match(program) {
                    let key = &*found.key;
                    let is_known = KEYS.contains(&key)
                        || text
                            .to_ascii_lowercase()
                            .contains(&key.to_ascii_lowercase());
                    assert!(is_known && program.property(key).is_some());
                }
            }
            let removed = rules.apply(&Edit::Remove(pattern));
            assert_eq!(
                removed,
                Ok(Rules::default()),
                "what was added can be removed"
            );
        }
        Err(failure) => assert!(!failure.message.is_empty()),
    }
}
