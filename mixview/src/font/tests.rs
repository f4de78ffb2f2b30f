use super::*;

fn fonts() -> Fonts {
    Fonts::new().unwrap()
}

#[test]
fn latin_greek_and_cyrillic_are_in_the_binary() {
    let fonts = fonts();
    for text in [
        "Firefox – «Ünïcödé» ŁĐŞ Ðþ ±×÷ − … → 0123456789",
        "Μουσική, Ἑλληνικά ΑΒΓΔ",
        "Музыка Їжак Ђорђе Қазақ",
        "Tiếng Việt",
    ] {
        for (_, character) in visible(text) {
            for weight in [Weight::Regular, Weight::Strong] {
                assert!(
                    matches!(fonts.glyph(character, weight), Glyph::Of(..)),
                    "{character}"
                );
            }
        }
    }
    assert!(matches!(fonts.glyph('音', Weight::Regular), Glyph::Missing));
}

#[test]
fn digits_are_all_as_wide_so_that_numbers_do_not_jump() {
    let fonts = fonts();
    let width = |text: &str| fonts.width(text, 20.0, Weight::Strong);
    for digit in "123456789".chars() {
        assert!((width("0") - width(&digit.to_string())).abs() < 0.05);
    }
}

#[test]
fn what_does_not_fit_ends_with_an_ellipsis() {
    let fonts = fonts();
    let text = "A rather long name of a program";
    let whole = fonts.width(text, 13.0, Weight::Regular);
    assert_eq!(fonts.fit(text, 13.0, Weight::Regular, whole), text);
    for room in 0..300 {
        #[allow(clippy::cast_precision_loss)]
        let room = room as f32;
        let fitted = fonts.fit(text, 13.0, Weight::Regular, room);
        assert!(fonts.width(&fitted, 13.0, Weight::Regular) <= room.max(0.02) + 0.02);
        assert!(fitted.is_empty() || fitted == text || fitted.ends_with('…'));
    }
}

#[test]
fn lines_break_between_words_and_nothing_is_lost() {
    let fonts = fonts();
    let text = "the default sink is one of mixd's own: the last card is played to";
    let lines = fonts.wrap(text, 12.0, Weight::Regular, 120.0, 99);
    assert!(lines.len() > 2);
    assert_eq!(lines.join(" "), text);
    for line in &lines {
        assert!(fonts.width(line, 12.0, Weight::Regular) <= 120.01);
    }
    let two = fonts.wrap(text, 12.0, Weight::Regular, 120.0, 2);
    assert!(two.len() == 2 && two[1].ends_with('…'));
    // A word that is wider than the room is cut, whatever the room.
    assert_eq!(
        fonts.wrap("音音音", 12.0, Weight::Regular, 1.0, 99).len(),
        3
    );
    assert!(fonts.wrap("", 12.0, Weight::Regular, 1.0, 9).is_empty());
}

#[test]
fn what_is_not_to_be_seen_takes_no_room() {
    let fonts = fonts();
    let width = |text: &str| fonts.width(text, 13.0, Weight::Regular);
    assert!((width("a\u{202e}\u{7}b") - width("ab")).abs() < 0.001);
    assert!((width("a\nb") - width("a b")).abs() < 0.001);
}

#[test]
fn a_script_that_nobody_has_is_not_asked_for_again_and_again() {
    let mut fonts = fonts();
    let chinese: String = ('一'..'乿').collect();
    for _ in 0..2 {
        fonts.width(&chinese, 13.0, Weight::Regular);
    }
    assert_eq!(fonts.take_lacking(), chinese.chars().collect::<Vec<_>>());
    fonts.width(&chinese, 13.0, Weight::Regular);
    assert!(!fonts.lacks_characters());
    // What another script has is still looked for.
    fonts.width("მ", 13.0, Weight::Regular);
    assert!(fonts.lacks_characters());
    assert_eq!(fonts.take_lacking(), ['მ']);
}

#[test]
fn a_font_that_is_added_has_what_was_lacking() {
    let mut fonts = fonts();
    let box_width = fonts.width("მმ", 13.0, Weight::Regular);
    assert!(!fonts.has('მ') && fonts.others() == 0);
    let georgian = include_bytes!("../../tests/font/Georgian.ttf");
    fonts.add(FontRef::try_from_slice(georgian).unwrap());
    assert!(fonts.has('მ') && !fonts.has('音') && fonts.others() == 1);
    assert!((fonts.width("მმ", 13.0, Weight::Regular) - box_width).abs() > 0.01);
}

#[test]
fn a_glyph_without_an_outline_is_not_drawn_unless_it_is_a_blank() {
    let font = FontRef::try_from_slice(REGULAR).unwrap();
    assert!(draws(&font, 'a') && draws(&font, ' '));
    assert!(!draws(&font, '音'));
}

#[test]
fn an_emoji_is_drawn_in_colour_where_a_font_has_it_so() {
    let mut fonts = fonts();
    let face = '😀';
    assert!(!fonts.suits(face));
    assert_eq!(fonts.take_lacking(), [face]);
    let emoji = include_bytes!("../../tests/font/Emoji.ttf");
    fonts.add(FontRef::try_from_slice(emoji).unwrap());
    assert!(fonts.suits(face) && fonts.has('🎮'));
    assert!(!fonts.lacks_characters());
}

#[test]
fn a_text_is_cut_between_what_one_would_call_characters() {
    let fonts = fonts();
    let text = "e\u{301}e\u{301}e\u{301}👩‍👩‍👧👩‍👩‍👧 e\u{301}e\u{301}";
    for room in 0..200_u8 {
        let room = f32::from(room);
        let fitted = fonts.fit(text, 14.0, Weight::Regular, room);
        let start = fitted.trim_end_matches('…');
        let cuts = fonts.cuts(text, 14.0, Weight::Regular);
        assert!(cuts.iter().any(|(at, _)| *at == start.len()), "{fitted}");
        for line in fonts.wrap(text, 14.0, Weight::Regular, room, 99) {
            let first = line.chars().next().unwrap();
            assert!(!['\u{301}', '\u{200d}'].contains(&first), "{line}");
        }
    }
}

#[test]
fn the_caret_goes_to_the_left_in_what_is_written_so() {
    let fonts = fonts();
    let places = |text: &str| -> Vec<f32> {
        let stops = fonts.stops(text, 10.0, Weight::Regular);
        stops.iter().map(|(_, x)| *x).collect()
    };
    let hebrew = places("אב");
    let width = fonts.width("אב", 10.0, Weight::Regular);
    assert!((hebrew[0] - width).abs() < 0.01 && (hebrew[1] - width / 2.0).abs() < 0.01);
    assert!(hebrew[2].abs() < 0.01);
    let latin = places("ab");
    assert!(latin.is_sorted() && latin[0].abs() < 0.01);
    assert_eq!(places(""), [0.0]);
}
