use super::*;
use crate::limits::MAX_MESSAGE;
use crate::rules::Edit;

fn rule(line: &str) -> Rule {
    let (kind, pattern) = line.split_once(' ').unwrap();
    let pattern = pattern.parse().unwrap();
    match kind {
        "program" => Rule::Program(pattern),
        _ => Rule::Ignore(pattern),
    }
}

fn list(text: &str) -> EditableConfig {
    let mut list = EditableConfig::default();
    let config = config::parse(text.as_bytes()).unwrap();
    list.begin(&config, text.as_bytes());
    list
}

fn write(list: &mut EditableConfig, text: &str) {
    let config = config::parse(text.as_bytes()).unwrap();
    list.read(&config, text.as_bytes());
}

fn edit(list: &mut EditableConfig, edit: &Edit) {
    let rules = list.rules().apply(edit).unwrap();
    list.change(edit.to_string(), rules);
}

fn text(list: &EditableConfig) -> &str {
    str::from_utf8(list.text()).unwrap()
}

#[test]
fn a_comment_comes_back_with_its_pattern() {
    let first = "curve cubic\n# voice\nprogram Discord # mine\nprogram Zoom\n";
    let mut list = list(first);
    edit(&mut list, &Edit::Remove("discord".parse().unwrap()));
    assert_eq!(text(&list), "curve cubic\n# voice\n# mine\nprogram Zoom\n");
    // What a hand has changed besides stays.
    write(&mut list, "curve linear\n# voice\n# mine\nprogram Zoom\n");
    let change = list.undo().unwrap();
    assert_eq!(text(&list), first.replace("cubic", "linear"));
    assert_eq!(
        change.text,
        "took back 'remove discord': added program Discord"
    );
    assert_eq!(change.added, [rule("program Discord")]);
    let change = list.redo().unwrap();
    assert_eq!(
        change.text,
        "did 'remove discord' again: removed program Discord"
    );
    assert!(list.redo().is_err());
}

#[test]
fn an_edit_by_hand_is_taken_back_too_and_a_new_change_ends_redo() {
    let first = "program Zoom\n";
    let mut list = list(first);
    write(&mut list, "# all\nignore Ardour\nprogram Teams\n");
    let change = list.undo().unwrap();
    assert_eq!(text(&list), first);
    assert_eq!(
        change.text,
        "took back 'edit mixd.conf': added program Zoom; removed ignore Ardour, program Teams"
    );
    edit(&mut list, &Edit::Add(rule("program Mumble")));
    assert!(list.redo().is_err());
    list.undo().unwrap();
    assert_eq!(list.undo().unwrap_err().reason, Some(Reason::NoChange));
    assert_eq!(text(&list), first);
}

#[test]
fn where_a_hand_has_changed_the_same_lines_the_rules_are_taken_back() {
    let mut list = list("program a\n");
    edit(&mut list, &Edit::Add(rule("program b")));
    // The same rules, written in another way.
    write(
        &mut list,
        "# top\n  program a # a\n# b follows\n\tprogram b # b\n# end\n",
    );
    list.undo().unwrap();
    assert_eq!(
        text(&list),
        "# top\n  program a # a\n# b follows\n# b\n# end\n"
    );
}

#[test]
fn the_last_32_changes_can_be_taken_back() {
    let mut list = list("");
    for n in 0..40 {
        edit(&mut list, &Edit::Add(rule(&format!("program {n}"))));
    }
    let mut count = 0;
    while list.undo().is_ok() {
        count += 1;
    }
    assert_eq!(count, MAX_CHANGES);
    assert_eq!(list.rules().list().len(), 8);
}

#[test]
fn a_wrong_file_keeps_the_list_and_its_lines() {
    let mut list = list("program a\n");
    list.read_wrong(b"program a\ncurv cubic\nprogram c\n");
    edit(&mut list, &Edit::Add(rule("program b")));
    edit(&mut list, &Edit::Add(rule("program c")));
    assert_eq!(text(&list), "program a\nprogram b\ncurv cubic\nprogram c\n");
    list.undo().unwrap();
    list.undo().unwrap();
    assert_eq!(list.rules().list(), [rule("program a")]);
}

#[test]
fn a_change_of_many_rules_is_told_in_a_short_answer() {
    let many: Vec<String> = (0..100).map(|n| format!("program {n:0100}\n")).collect();
    let mut list = list("");
    write(&mut list, &many.concat());
    let change = list.undo().unwrap();
    assert!(change.text.len() <= MAX_MESSAGE && change.text.ends_with('…'));
    assert_eq!(change.removed.len(), MAX_LISTED / (100 + rules::HEAD));
    assert_eq!(change.omitted as usize, 100 - change.removed.len());
}
