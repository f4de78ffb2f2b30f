//! The Markdown that PROTOCOL.md uses, to man(7): headings, paragraphs, lists, tables, blocks, and
//! what stands inside lines.

use std::fmt::Write;

use super::{escape, head};

/// The page.
pub fn page(document: &str, version: &str) -> String {
    let mut text = head(
        "mixd-protocol",
        7,
        version,
        "what clients and mixd say to each other",
    );
    text.push_str(".SH DESCRIPTION\n");
    let mut lines = document.lines().peekable();
    let mut table: Vec<String> = Vec::new();
    let mut is_fresh = true;
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            text.push_str(".PP\n.nf\n");
            for line in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                text += &escape(line);
                text.push('\n');
            }
            text.push_str(".fi\n");
            is_fresh = true;
        } else if let Some(cells) = cells(line) {
            row(&mut text, &mut table, &cells);
            is_fresh = true;
        } else if let Some(title) = line.strip_prefix("### ") {
            table.clear();
            let _ = writeln!(text, ".SS {}", inline(title));
            is_fresh = true;
        } else if let Some(title) = line.strip_prefix("## ") {
            table.clear();
            let _ = writeln!(text, ".SH {}", inline(&title.to_uppercase()));
            is_fresh = true;
        } else if line.starts_with("# ") || line.starts_with("<!--") {
            // The page has a title, and needs no marks.
        } else if line.trim().is_empty() {
            table.clear();
            is_fresh = true;
        } else if let Some(item) = line.strip_prefix("- ") {
            let _ = writeln!(text, ".IP \\(bu 2\n{}", inline(item));
            is_fresh = false;
        } else {
            if is_fresh {
                text.push_str(".PP\n");
                is_fresh = false;
            }
            text += &inline(line.trim_start());
            text.push('\n');
        }
    }
    text.push_str(".SH \"SEE ALSO\"\nmixd(1), mixctl(1)\n");
    text
}

/// The cells of a table's line.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.strip_prefix('|')?.trim_end().strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

/// A line of a table: the first names the columns, the second is a rule; of the others the first
/// cell stands out, and each of the rest after its column's name.
fn row(text: &mut String, columns: &mut Vec<String>, cells: &[&str]) {
    if columns.is_empty() {
        columns.extend(cells.iter().map(|&cell| cell.to_owned()));
        return;
    }
    if cells.iter().all(|cell| cell.chars().all(|c| c == '-')) {
        return;
    }
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        ".TP\n\\fB{}\\fR",
        inline(cells.first().unwrap_or(&""))
    );
    let rest = cells.iter().zip(&*columns).skip(1);
    let rest = rest.filter(|(cell, _)| !cell.is_empty());
    let rest: Vec<String> = rest
        .map(|(cell, column)| match columns.len() {
            2 => inline(cell),
            _ => format!("{}: {}", inline(column), inline(cell)),
        })
        .collect();
    let _ = writeln!(text, "{}", rest.join("; "));
}

/// What stands inside a line: code and emphasis in bold, links by their words.
fn inline(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['`', '*', '[']) {
        out += &escape_inner(&rest[..at]);
        let (mark, after) = match &rest[at..] {
            bold if bold.starts_with("**") => ("**", &bold[2..]),
            other => (&other[..1], &other[1..]),
        };
        let found = match mark {
            "[" => after.split_once("](").and_then(|(words, more)| {
                let (_, more) = more.split_once(')')?;
                Some((escape_inner(words), more))
            }),
            _ => after
                .split_once(mark)
                // Code inside of emphasis stands out already.
                .map(|(words, more)| (words.replace('`', ""), more))
                .map(|(words, more)| (format!("\\fB{}\\fR", escape_inner(&words)), more)),
        };
        if let Some((words, more)) = found {
            out += &words;
            rest = more;
        } else {
            out += &escape_inner(mark);
            rest = after;
        }
    }
    out += &escape_inner(rest);
    match out.starts_with(['.', '\'']) {
        true => format!("\\&{out}"),
        false => out,
    }
}

/// As [`escape`], in the middle of a line.
fn escape_inner(text: &str) -> String {
    let escaped = escape(text);
    escaped.strip_prefix("\\&").unwrap_or(&escaped).to_owned()
}
