//! Programs that are moved by the list, and those that it leaves alone.

use super::*;
use wire::{Move, Rule};

fn ignoring(pattern: &str) -> Rules {
    let mut rules = Rules::default();
    rules.push(Rule::Ignore(pattern.parse().unwrap())).unwrap();
    rules
}

impl World {
    fn move_to(&mut self, id: u32, channel: Channel) -> Result<Vec<Command>, String> {
        let plan = self.router.plan_move(Move { id, channel }, &self.rules);
        let plan = plan.map_err(|failure| failure.to_string())?;
        self.rules = plan.rules;
        self.router.follow_list(&plan.streams);
        Ok(self.run([]))
    }

    fn list(&self) -> Vec<String> {
        self.rules.list().iter().map(Rule::to_string).collect()
    }
}

#[test]
fn a_program_moves_with_all_its_streams_and_the_others_stay() {
    let mut world = World::new(&["Chrom*"]);
    let browser = [("application.process.binary", "chromium")];
    let chat = [("application.process.binary", "slack")];
    world.run(stream(STREAM, "Chromium", &browser));
    world.run(stream(STREAM + 1, "Chromium", &browser));
    world.run(stream(STREAM + 2, "Chromium", &chat));
    world.run(stream(STREAM + 3, "Game", &[]));
    let commands = world.move_to(STREAM + 1, Channel::Default).unwrap();
    assert_eq!(
        commands,
        [target(STREAM, DEFAULT), target(STREAM + 1, DEFAULT)]
    );
    assert_eq!(world.list(), ["program application.process.binary=slack"]);
    let commands = world.move_to(STREAM + 3, Channel::Aux).unwrap();
    assert_eq!(commands, [target(STREAM + 3, AUX)]);
    assert_eq!(
        world.list(),
        ["program application.process.binary=slack", "program Game"]
    );
    // Where it is already.
    assert_eq!(world.move_to(STREAM + 3, Channel::Aux), Ok(vec![]));
}

#[test]
fn what_cannot_be_moved_says_why() {
    let mut world = World::new(&["Same"]);
    world.run(stream(STREAM, "Game", &[(TARGET_OBJECT, "other")]));
    world.run(stream(STREAM + 1, "Same", &[]));
    world.run(stream(
        STREAM + 2,
        "Same",
        &[("application.process.binary", "same")],
    ));
    let error = world.move_to(1, Channel::Aux).unwrap_err();
    assert!(
        error.contains("no program plays a stream of id 1"),
        "{error}"
    );
    let error = world.move_to(STREAM, Channel::Aux).unwrap_err();
    assert!(
        error.contains("'Game' (70) can't be moved: it asks for other itself"),
        "{error}"
    );
    let error = world.move_to(STREAM + 1, Channel::Default).unwrap_err();
    assert!(
        error.contains("no pattern matches it and no other program"),
        "{error}"
    );
    let error = world.move_to(STREAM + 2, Channel::Default).unwrap_err();
    assert!(error.contains("'Same' matches 'Same' too"), "{error}");
    world.rules = ignoring("S*");
    world.run([]);
    let error = world.move_to(STREAM + 1, Channel::Aux).unwrap_err();
    assert!(
        error.contains("'S*' on the program list has it ignored"),
        "{error}"
    );
}

#[test]
fn a_rule_is_split_into_16_patterns_and_no_more() {
    for (others, is_split) in [(16, true), (17, false)] {
        let mut world = World::new(&["Game*"]);
        world.run(stream(STREAM, "Game", &[]));
        for other in 1..=others {
            world.run(stream(STREAM + other, &format!("Game {other:02}"), &[]));
        }
        let moved = world.move_to(STREAM, Channel::Default);
        assert_eq!(moved.is_ok(), is_split, "{others}: {moved:?}");
        let patterns = if is_split { 16 } else { 1 };
        assert_eq!(world.list().len(), patterns, "{others}");
    }
}

#[test]
fn a_stream_that_is_ignored_is_never_asked_for_and_goes_back() {
    let mut world = World::new(&["Game"]);
    world.run(stream(STREAM, "Game", &[]));
    world.rules = ignoring("game");
    let moved = world.router.moved(&rules(&["Game"]), &world.rules);
    assert_eq!(moved[0].state, StreamState::Ignored);
    assert_eq!(world.run([]), [Command::ClearTarget(STREAM)]);
    let stream_now = world.stream(STREAM);
    assert_eq!(stream_now.state, StreamState::Ignored);
    assert_eq!(stream_now.rule.as_deref(), Some("game"));
    let detail = world.router.detail(STREAM, &world.rules, 0).unwrap();
    assert!(
        detail
            .reason
            .unwrap()
            .contains("'game' on the program list")
    );
    // What the session manager remembers of it is not ours any more.
    assert_eq!(world.run(stream(STREAM + 1, "Game", &[])), []);
    let sink = serial(AUX).to_string();
    let commands = world.run([key(STREAM + 1, TARGET_OBJECT, Some(&sink))]);
    assert_eq!(commands, [Command::ClearTarget(STREAM + 1)]);
    assert_eq!(world.wait(60), []);
    // And taken again.
    world.rules = rules(&[]);
    let commands = world.run([]);
    assert_eq!(
        commands,
        [target(STREAM, DEFAULT), target(STREAM + 1, DEFAULT)]
    );
}

#[test]
fn without_a_session_manager_what_is_ignored_is_left_as_somebody_links_it() {
    let mut world = World::unmanaged(&[]);
    world.run(stream(STREAM, "Game", &[]));
    assert!(!world.linked(STREAM, DEFAULT).is_empty());
    world.rules = ignoring("Game");
    world.run([]);
    assert_eq!(world.linked(STREAM, DEFAULT), []);
    assert_eq!(world.wait(60), []);
    assert_eq!(world.state(STREAM), StreamState::Ignored);
}
