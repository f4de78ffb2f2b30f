use super::*;
use crate::display_list::Shape;
use crate::fake_daemon::FakeDaemon;
use crate::input::Pointer;
use crate::model::{Dragged, KEYS, Key, LinkError, Message, Modifiers, Suggestion};
use crate::theme::DARK;
use wire::Welcome;

const SMALL_WINDOW: (u32, u32) = (320, 240);
const USUAL_WINDOW: (u32, u32) = (480, 420);

fn model(names: &[&str], patterns: &[&str]) -> Model {
    let mut model = Model::default();
    model.update(Message::Connected(Welcome::new("mixd")));
    for message in FakeDaemon::new(names, patterns).events() {
        model.update(message);
    }
    model
}

fn seen(model: &mut Model, (width, height): (u32, u32)) -> Frame {
    let viewport = Viewport {
        width,
        height,
        scale: 1.0,
    };
    let fonts = Fonts::new().unwrap();
    let frame = view(model, &fonts, &DARK, viewport);
    model.set_scroll(frame.scroll);
    frame
}

/// Where this text begins, if it is there and whole.
fn place(frame: &Frame, words: &str) -> Option<f32> {
    frame.items.iter().find_map(|item| match &item.shape {
        Shape::Text { x, text, .. } if **text == *words => Some(*x),
        _ => None,
    })
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("Player {at}")).collect()
}

#[test]
fn every_offer_comes_into_sight_by_the_wheel_and_by_keys() {
    for size in [SMALL_WINDOW, USUAL_WINDOW] {
        let names = names(12);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut model = model(&names, &[]);
        model.update(Message::Click(Target::Entry));
        let mut pointer = Pointer::default();
        let mut met = Vec::new();
        let offered = |frame: &Frame| -> Vec<Suggestion> {
            let areas = frame.areas.iter();
            let offers = areas.filter_map(|area| match area.role {
                Role::Target(Target::Suggestion(suggestion)) => Some(suggestion),
                _ => None,
            });
            offers.collect()
        };
        for _ in 0..14 {
            let frame = seen(&mut model, size);
            met.extend(offered(&frame));
            let is_card = |area: &&Area| area.role == Role::Pane(Pane::Suggestions);
            let rect = frame.areas.iter().find(is_card).unwrap().rect;
            pointer.moved(rect.x + 9.0, rect.y + 9.0, &frame);
            for message in pointer.wheel(0.0, -1.0, &frame) {
                model.update(message);
            }
        }
        let met: Vec<_> = (1..=12)
            .filter(|id| met.contains(&Suggestion::Stream(*id)))
            .collect();
        assert_eq!(met.len(), 12, "{size:?}");
        // By keys, from the last one up to the first and back.
        for key in [Key::Down, Key::Up, Key::Down] {
            for _ in 0..11 {
                model.update(key.into());
                let frame = seen(&mut model, size);
                let picked = model.entry.selected;
                let is_seen = picked.is_none_or(|picked| offered(&frame).contains(&picked));
                assert!(is_seen, "{picked:?} is out of sight at {size:?}");
            }
        }
    }
}

#[test]
fn lists_show_whole_rows_with_the_bar_beside_them() {
    let names = names(40);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (width, height) in [SMALL_WINDOW, USUAL_WINDOW, (397, 333), (1234, 777)] {
        let mut model = model(&names, &names[20..]);
        for pane in [Pane::Patterns, Pane::Streams(Channel::Default)] {
            model.update(Message::Scroll(pane, 301.0));
        }
        let frame = seen(&mut model, (width, height));
        let rows = frame.areas.iter().filter(|area| {
            let role = &area.role;
            matches!(role, Role::Target(Target::Stream(_) | Target::Pattern(_)))
        });
        for area in rows {
            assert!((area.rect.height - ROW).abs() < 0.01, "{area:?} is cut");
        }
        // The bars: three pixels wide, in the panes' gaps.
        let line = DARK.line;
        let bars = frame.items.iter().filter(|item| {
            item.color == line
                && matches!(&item.shape, Shape::Round { width, line: None, .. } if (*width - 3.0).abs() < 0.01)
        });
        let mut count = 0;
        for bar in bars {
            count += 1;
            #[allow(clippy::cast_precision_loss)]
            let left = bar.bounds.left as f32;
            let covers = frame.areas.iter().any(|area| {
                #[allow(clippy::cast_precision_loss)]
                let top = bar.bounds.top as f32 + 1.0;
                matches!(area.role, Role::Target(_)) && area.rect.contains(left, top)
            });
            assert!(!covers, "a bar lies over a row");
        }
        assert_eq!(count, 3);
    }
}

#[test]
fn a_text_does_not_move_when_it_is_changed() {
    let mut model = model(&[], &["spotify"]);
    let before = place(&seen(&mut model, USUAL_WINDOW), "spotify");
    model.update(Message::Click(Target::StartEdit(
        *model.daemon.rules[0].pattern(),
    )));
    assert_eq!(place(&seen(&mut model, USUAL_WINDOW), "spotify"), before);
    let tooltip = "Send a program to Aux: its name, or a pattern like discord*";
    let tooltip = place(&seen(&mut model, USUAL_WINDOW), tooltip);
    model.update(Message::Click(Target::Entry));
    model.update(Message::Text("x".into()));
    assert_eq!(place(&seen(&mut model, USUAL_WINDOW), "x"), tooltip);
    assert_eq!(tooltip, before);
}

#[test]
fn the_keys_are_read_whole_in_the_smallest_window() {
    let mut model = model(&["Game"], &["x"]);
    model.update(Message::Text("?".into()));
    let frame = seen(&mut model, SMALL_WINDOW);
    for (keys, what) in KEYS {
        assert!(place(&frame, keys).is_some(), "{keys}");
        assert!(place(&frame, what).is_some(), "{what}");
    }
}

#[test]
fn what_is_dragged_stays_in_the_window() {
    let mut model = model(&["Game"], &[]);
    for (x, y) in [(470.0, 10.0), (10.0, 415.0), (-99.0, -99.0), (999.0, 999.0)] {
        let channel = Channel::Aux;
        model.update(Message::Drag(Dragged {
            id: 1,
            x,
            y,
            channel,
        }));
        let frame = seen(&mut model, USUAL_WINDOW);
        let tag = frame.items.iter().rev().find(|item| match &item.shape {
            Shape::Text { text, .. } => **text == *"Game",
            _ => false,
        });
        assert!(!tag.unwrap().cut, "at {x}, {y}");
    }
}

#[test]
fn what_a_pattern_holds_is_named_once() {
    let mut model = model(&["Player", "Other", "Player"], &["*"]);
    let frame = seen(&mut model, USUAL_WINDOW);
    assert!(place(&frame, "Player, Other").is_some());
}

#[test]
fn the_count_of_a_program_s_streams_is_whole_and_the_tooltip_has_them() {
    let long = "A browser whose name is longer than the row that it has";
    let mut model = model(&[long, "Game", long, long], &[]);
    for size in [SMALL_WINDOW, USUAL_WINDOW] {
        let frame = seen(&mut model, size);
        assert!(place(&frame, "×3").is_some(), "{size:?}");
        assert!(place(&frame, "×1").is_none());
    }
    model.update(Message::Hover(Some(Target::Stream(1))));
    let frame = seen(&mut model, (800, 420));
    // The third is paused, and the fourth says what it plays.
    for line in ["Stream 1", "Stream 3, paused", "Sound"] {
        assert!(place(&frame, line).is_some(), "{line}");
    }
}

#[test]
fn a_list_has_the_rows_that_it_needs_and_half_of_them_where_both_need_more() {
    for (rows, programs, patterns, expected) in [
        // Few of both: the field stays where it is as programs come.
        (7, 2, 3, 4),
        (7, 4, 3, 4),
        (30, 2, 3, 4),
        // Many of one have what the other leaves.
        (7, 40, 1, 6),
        (30, 40, 3, 27),
        (7, 2, 40, 2),
        (30, 7, 40, 7),
        // Many of both.
        (7, 40, 40, 4),
        (2, 2, 1, 1),
    ] {
        let found = programs_rows(rows, programs, patterns);
        assert_eq!(found, expected, "{rows}, {programs}, {patterns}");
    }
}

#[test]
fn the_room_is_used_and_a_low_window_has_what_matters() {
    let names = names(40);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut model = model(&names, &["x"]);
    let rows = |frame: &Frame| {
        let streams = frame.areas.iter();
        let streams = streams.filter(|area| matches!(area.role, Role::Target(Target::Stream(_))));
        streams.count()
    };
    let has_field = |frame: &Frame| {
        let mut areas = frame.areas.iter();
        areas.any(|area| matches!(area.role, Role::Text(Target::Entry, _)))
    };
    for (height, count, has_heading) in [(900, 24, true), (420, 6, true), (240, 1, false)] {
        let frame = seen(&mut model, (480, height));
        assert_eq!(rows(&frame), count, "{height}");
        assert!(has_field(&frame));
        assert_eq!(place(&frame, "Always on Aux").is_some(), has_heading);
    }
    // Between: what plays, or the field while it has the focus.
    let frame = seen(&mut model, (480, 210));
    assert!(rows(&frame) == 2 && !has_field(&frame));
    model.update(Message::Click(Target::Entry));
    let frame = seen(&mut model, (480, 210));
    assert!(rows(&frame) == 0 && has_field(&frame));
    for height in [92, 150, 199] {
        let frame = seen(&mut model, (480, height));
        let mut areas = frame.areas.iter();
        let below = areas.find(|area| area.rect.bottom() > HEADER);
        assert!(below.is_none(), "{height}: {below:?}");
    }
}

#[test]
fn in_a_wide_window_all_stands_in_a_column_in_the_middle() {
    let mut model = model(&["Game"], &["x"]);
    for (width, left) in [(1200, 264.0), (673, 0.0), (480, 0.0)] {
        let frame = seen(&mut model, (width, 420));
        #[allow(clippy::cast_precision_loss)]
        let right = (width as f32 - left).max(left);
        for area in &frame.areas {
            let is_in = area.rect.x >= left && area.rect.right() <= right;
            assert!(is_in || area.role == Role::Header, "{area:?}");
        }
        assert!((frame.track.left - left - 26.0).abs() < 0.01);
        assert!((frame.track.right - right + 26.0).abs() < 1.01);
        // The wheel turns the slider also beside it.
        assert!(frame.areas.iter().any(|area| area.rect.contains(1.0, 40.0)));
    }
}

#[test]
fn what_mixd_asks_ends_with_its_question_mark() {
    let mut model = model(&[], &[]);
    model.update(Message::Disconnected(LinkError {
        title: "mixd does not answer",
        reason: "mixd has not answered within 2 s; is it stopped?".into(),
        command: None,
    }));
    let frame = seen(&mut model, USUAL_WINDOW);
    assert!(place(&frame, "mixd does not answer").is_some());
    let why = "mixd has not answered within 2 s; is it stopped?";
    assert!(place(&frame, why).is_some());
    // It is there: it is not to be found.
    let again = "This window tries again every two seconds.";
    assert!(place(&frame, again).is_some());
}

#[test]
fn the_title_says_the_volume_and_what_plays_on_aux() {
    let mut model = Model::default();
    assert_eq!(title(&model), "mixview");
    model.update(Message::Connected(Welcome::new("mixd")));
    assert_eq!(title(&model), "mixview", "what is the volume?");
    let mut daemon = FakeDaemon::new(&["Game", "Discord"], &["disc*"]);
    daemon.volume = "0.25".parse().unwrap();
    let mut tell = |daemon: &FakeDaemon| {
        for message in daemon.events() {
            model.update(message);
        }
        title(&model)
    };
    assert_eq!(tell(&daemon), "mixview: 0.25, Discord");
    // Two of one program are one.
    daemon.appear(3, "Discord");
    daemon.appear(4, "Discord\u{7} Canary");
    assert_eq!(tell(&daemon), "mixview: 0.25, Discord +1");
    daemon.vanish(2);
    daemon.vanish(3);
    assert_eq!(tell(&daemon), "mixview: 0.25, Discord Canary");
    model.update(Message::Disconnected(LinkError {
        title: "mixd is not there",
        reason: String::new(),
        command: None,
    }));
    assert_eq!(title(&model), "mixview: mixd is not there");
}

#[test]
fn the_keys_change_the_size_of_the_text_as_far_as_the_window_has_room() {
    let mut model = model(&["Game"], &[]);
    let usual = Viewport {
        width: 480,
        height: 420,
        scale: 1.0,
    };
    let mut press = |sign: char, viewport: Viewport| {
        let control = Modifiers {
            shift: false,
            control: true,
        };
        model.update(Message::Key(Key::Letter(sign), control));
        zoomed(&mut model, viewport).scale
    };
    let close = |a: f32, b: f32| assert!((a - b).abs() < 0.001, "{a} is not {b}");
    for factor in [1.1, 1.25, 1.5, 1.5, 1.5] {
        close(press('+', usual), factor);
    }
    // One step back is seen at once, and so is what a larger window has room for.
    close(press('-', usual), 1.25);
    let large = Viewport {
        width: 4 * 480,
        height: 4 * 420,
        scale: 2.0,
    };
    close(press('=', large), 3.0);
    close(press('0', large), 2.0);
    for factor in [0.9, 0.75, 0.75] {
        close(press('-', usual), factor);
    }
    let small = Viewport {
        width: 100,
        height: 50,
        scale: 1.0,
    };
    close(press('0', small), 1.0);
    close(press('+', small), 1.0);
}

#[test]
fn an_alarm_is_whole_in_its_banner_or_in_its_tooltip() {
    let long = "mixd.conf:7: unknown directive 'curv', did you mean 'curve'? ".repeat(8);
    let short = "The default sink is one of mixd's own: choose a sound card as the default";
    for (size, text, is_cut) in [
        (USUAL_WINDOW, short, false),
        (SMALL_WINDOW, short, false),
        (USUAL_WINDOW, long.trim(), true),
        (SMALL_WINDOW, long.trim(), true),
    ] {
        let mut model = model(&["Game"], &["x"]);
        let settings = wire::Settings {
            problem: Some(text.into()),
            ..wire::Settings::default()
        };
        let settings = std::borrow::Cow::Owned(settings);
        model.update(Message::Event(wire::Event::Settings(settings)));
        let words = |frame: &Frame| -> String {
            let lines = frame.items.iter().filter_map(|item| match &item.shape {
                Shape::Text { text, .. } => Some(&**text),
                _ => None,
            });
            lines.collect::<Vec<_>>().join(" ")
        };
        let frame = seen(&mut model, size);
        assert_eq!(words(&frame).contains(text), !is_cut, "{size:?}");
        model.update(Message::Hover(Some(Target::Alarm)));
        let frame = seen(&mut model, size);
        assert!(words(&frame).contains(text), "{size:?}");
    }
}
