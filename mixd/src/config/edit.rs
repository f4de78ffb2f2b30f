//! Changes the rules in the text of mixd.conf, and leaves every other byte as it is. Pure.

use wire::message::Pattern;
use wire::{Rule, fold};

use super::line::{self, Line};
use crate::rules::Rules;
use crate::sorted::SortedMap;

/// Returns the rule that a line says, if it says one.
fn rule(line: &[u8]) -> Option<Rule> {
    match line::parse(line) {
        Line::Directive { name, value, .. } => super::rule(name, Pattern::truncated(&value)),
        _ => None,
    }
}

/// A pattern in the form in which it is compared.
fn folded(pattern: &str) -> String {
    pattern.chars().map(fold).collect()
}

/// The lines, each with its end.
pub fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

/// The text after a change of the rules. A rule that takes the place of another takes its line, whose
/// comment and spaces stay. One that is new follows the rule before it, or else precedes the first and the
/// comment above that. The comment behind one that goes stays, as a line of its own.
pub fn rewritten(text: &[u8], before: &Rules, after: &Rules) -> Vec<u8> {
    let mut edited = Edited::new(text);
    let (mut old, mut new) = (before.list().iter(), after.list().iter());
    for kept in before.kept_in(after).into_iter().map(Some).chain([None]) {
        let is_other = |rule: &&Rule| Some(*rule) != kept;
        let gone: Vec<&Rule> = old.by_ref().take_while(is_other).collect();
        let come: Vec<&Rule> = new.by_ref().take_while(is_other).collect();
        edited.change(&gone, &come, before);
        if let Some(kept) = kept {
            edited.pass(kept);
        }
    }
    edited.end()
}

/// A text that is being changed, from the first rule to the last.
struct Edited<'a> {
    lines: Vec<&'a [u8]>,
    /// The lines that say a rule, by its pattern without regard to case: the first counts.
    places: SortedMap<String, Vec<usize>>,
    /// The new form of each line.
    new: Vec<Vec<u8>>,
    /// The line behind which a new rule goes.
    at: Option<usize>,
    /// New rules before the first that has a line.
    first: Vec<Rule>,
}

impl<'a> Edited<'a> {
    fn new(text: &'a [u8]) -> Self {
        let lines = lines(text);
        let mut places = SortedMap::<String, Vec<usize>>::new();
        let rules = lines.iter().enumerate();
        let rules = rules.filter_map(|(at, line)| Some((folded(rule(line)?.pattern()), at)));
        // In order, so that each is added at the end of the map: a file may have thousands.
        let mut rules: Vec<(String, usize)> = rules.collect();
        rules.sort_unstable();
        for (pattern, at) in rules {
            places.get_or_default(pattern).push(at);
        }
        Self {
            new: lines.iter().map(|line| line.to_vec()).collect(),
            lines,
            places,
            at: None,
            first: Vec::new(),
        }
    }

    /// The lines that say a rule of this pattern.
    fn lines_of(&self, pattern: &str) -> &[usize] {
        self.places.get(&folded(pattern)).map_or(&[], Vec::as_slice)
    }

    /// Between two rules that stay, some go and some come.
    fn change(&mut self, gone: &[&Rule], come: &[&Rule], before: &Rules) {
        let mut places = Vec::new();
        for rule in gone {
            let lines = self.lines_of(rule.pattern()).to_vec();
            places.extend(lines.first());
            for at in lines {
                self.new[at] = without_directive(self.lines[at]);
            }
        }
        let mut places = places.into_iter();
        for &rule in come {
            // A file that is wrong is not in force: it may have what the list has not.
            let is_ahead = before.position(rule.pattern()).is_none();
            let there = self.lines_of(rule.pattern()).first().copied();
            let there = there.filter(|_| is_ahead);
            if let Some(at) = there.or_else(|| places.next()) {
                let line = line::with_directive(self.lines[at], rule.kind(), rule.pattern());
                self.new[at] = line.unwrap_or_else(|| self.line(Some(at), rule));
                self.at = Some(at);
            } else if let Some(at) = self.at {
                self.insert_behind(at, rule);
            } else {
                self.first.push(*rule);
            }
        }
    }

    /// A rule stays.
    fn pass(&mut self, rule: &Rule) {
        let Some(&at) = self.lines_of(rule.pattern()).first() else {
            return;
        };
        self.at = Some(at);
        if self.first.is_empty() {
            return;
        }
        let first = std::mem::take(&mut self.first);
        let is_comment = |line: &&&[u8]| line.trim_ascii().starts_with(b"#");
        let above = self.lines[..at].iter().rev().take_while(is_comment);
        let top = at - above.count();
        let lines = first.iter().flat_map(|rule| self.line(Some(at), rule));
        let lines: Vec<u8> = lines.collect();
        self.new[top].splice(..0, lines);
    }

    fn insert_behind(&mut self, at: usize, rule: &Rule) {
        let line = self.line(Some(at), rule);
        insert_behind(&mut self.new[at], &line);
    }

    /// A line for a rule, indented and ended as another one.
    fn line(&self, like: Option<usize>, new: &Rule) -> Vec<u8> {
        let like = like.map_or(&[][..], |at| self.lines[at]);
        let indent = match rule(like) {
            Some(_) => &like[..like.len() - like.trim_ascii_start().len()],
            None => &[],
        };
        let text = line::print(new.kind(), new.pattern());
        [indent, text.as_bytes(), line_end(like)].concat()
    }

    fn end(mut self) -> Vec<u8> {
        let first = std::mem::take(&mut self.first);
        for rule in &first {
            match self.lines.len().checked_sub(1) {
                Some(last) => self.insert_behind(last, rule),
                None => self.new.push(self.line(None, rule)),
            }
        }
        self.new.concat()
    }
}

/// Puts a line behind others, of which the last may lack its end.
pub fn insert_behind(text: &mut Vec<u8>, line: &[u8]) {
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.extend(line_end(line));
    }
    text.extend(line);
}

fn line_end(line: &[u8]) -> &'static [u8] {
    match line.ends_with(b"\r\n") {
        true => b"\r\n",
        false => b"\n",
    }
}

/// Returns the rest of a line without its directive: the comment, if there is one.
pub fn without_directive(line: &[u8]) -> Vec<u8> {
    match line::parse(line) {
        Line::Directive { comment, .. } if !comment.is_empty() => {
            let text_ends = line.trim_ascii_end().len();
            [comment.as_bytes(), &line[text_ends..]].concat()
        }
        _ => Vec::new(),
    }
}

/// The text with the change between two others made in it, where its lines around the change are as they
/// were in the first: it may say something else elsewhere. None where they are not.
pub fn patched(text: &[u8], from: &[u8], to: &[u8]) -> Option<Vec<u8>> {
    if text == from {
        return Some(to.to_vec());
    }
    let (text, from, to) = (lines(text), lines(from), lines(to));
    let is_equal = |(a, b): &(&&[u8], &&[u8])| a == b;
    let head = from.iter().zip(&to).take_while(is_equal).count();
    let (from_rest, to_rest) = (&from[head..], &to[head..]);
    let tail = from_rest.iter().rev().zip(to_rest.iter().rev());
    let tail = tail.take_while(is_equal).count();
    let old = &from_rest[..from_rest.len() - tail];
    let new = &to_rest[..to_rest.len() - tail];
    let at = if head > 0 && text.starts_with(&from[..head]) {
        head
    } else if tail > 0 && text.ends_with(&from[from.len() - tail..]) {
        text.len().checked_sub(tail + old.len())?
    } else if old.is_empty() {
        return None;
    } else {
        let mut places = text.windows(old.len()).enumerate();
        places.find(|(_, lines)| *lines == old)?.0
    };
    let (before, rest) = text.split_at(at);
    let behind = rest.strip_prefix(old)?;
    let is_cut = |lines: &[&[u8]]| lines.last().is_some_and(|line| !line.ends_with(b"\n"));
    if is_cut(before) && !new.is_empty() || is_cut(new) && !behind.is_empty() {
        return None;
    }
    Some([before, new, behind].concat().concat())
}

#[cfg(test)]
mod tests;
