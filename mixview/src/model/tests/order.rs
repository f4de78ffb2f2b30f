//! The list's order and its case: what is taken back is as it was.

use super::*;

#[test]
fn what_was_deleted_comes_back_to_its_place() {
    let mut scene = Scene::new(&[], &["a", "b", "c"]);
    for pattern in ["a", "b", "c"] {
        scene.tell(Message::Click(Target::Delete(Text::truncated(pattern))));
        scene.settle();
    }
    for expected in [&["c"][..], &["b", "c"], &["a", "b", "c"]] {
        scene.chord(Key::Letter('z'), false, true);
        assert_eq!(scene.listed(), expected);
    }
}

#[test]
fn a_pattern_in_another_case_is_no_other_pattern() {
    let mut scene = Scene::new(&[], &["Discord", "Ёлка", "x"]);
    for text in ["DISCORD", "ёЛКА"] {
        scene.tell(Message::Click(Target::Entry));
        scene.write(text);
        scene.keys(&[Key::Enter]);
        assert!(scene.model.foot().text.ends_with(" is on the list already"));
        assert_eq!(scene.model.programs(), scene.daemon.programs);
        scene.keys(&[Key::Escape]);
    }
    scene.chord(Key::Letter('z'), false, true);
    assert_eq!(scene.listed(), ["Discord", "Ёлка", "x"]);
    // Nor is it one that stands in the way of its own change.
    scene.tell(Message::Click(Target::Pattern(Text::truncated("Discord"))));
    scene.write("discord");
    scene.keys(&[Key::Enter]);
    assert_eq!(scene.listed(), ["discord", "Ёлка", "x"]);
    scene.tell(Message::Click(Target::Pattern(Text::truncated("x"))));
    scene.write("DISCORD");
    scene.keys(&[Key::Enter]);
    assert!(scene.model.foot().alarm);
    scene.keys(&[Key::Escape]);
    scene.chord(Key::Letter('z'), false, true);
    assert_eq!(scene.listed(), ["Discord", "Ёлка", "x"]);
}
