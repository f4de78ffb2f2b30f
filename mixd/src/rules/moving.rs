//! A move of one program to the other channel: which rules it removes and adds, so that no other program
//! changes its channel.

use std::borrow::Cow;

use wire::message::Pattern;
use wire::{Channel, Failure, Reason, Rule};

use super::{Edit, Program, Rules, matching_key, narrowest};

/// The most rules that one gives way to: for each, every program that plays is looked at, and nothing may keep
/// the loop for long.
const MAX_SPLIT: usize = 16;

/// The list that moves a program, and what that moves.
#[derive(Debug)]
pub struct Moved {
    /// The list.
    pub rules: Rules,
    /// The indices, among all that play, of the program's streams that the list has in that channel now.
    pub program: Vec<usize>,
}

/// The list with which the program that plays at this place among all that play is in a channel: all that its
/// narrowest pattern matches. Nobody else's channel changes.
///
/// # Errors
/// Why there is no such list: a clause.
pub fn moved<P: Program>(
    rules: &Rules,
    playing: &[P],
    at: usize,
    to: Channel,
) -> Result<Moved, Failure> {
    let program = &playing[at];
    let others: Vec<&P> = playing
        .iter()
        .filter(|other| !program.is_same(other))
        .collect();
    let own = narrowest(program, &others).ok_or_else(|| {
        not_alone(
            "no pattern matches it and no other program; 'mixctl why' prints what is known of it",
        )
    })?;
    let is_ours = |other: &P| matching_key(&own, other).is_some();
    let mut then = rules.clone();
    match to {
        Channel::Aux if rules.channel(program) != Some(Channel::Aux) => {
            let add = Edit::Add(Rule::Program(own));
            then = then.apply(&add)?;
        }
        Channel::Aux => {}
        Channel::Default => {
            let held = |rules: &Rules| {
                let ours = playing.iter().filter(|other| is_ours(other));
                let mut held = ours.filter_map(|other| rules.first_match(other));
                held.find(|found| matches!(found.rule, Rule::Program(_)))
                    .map(|found| found.rule)
            };
            while let Some(rule) = held(&then) {
                let instead = split(&then, &rule, playing, is_ours)?;
                then = then.with_instead(&rule, &instead)?;
            }
        }
    }
    let mut others = playing.iter().filter(|other| !is_ours(other));
    if let Some(other) = others.find(|other| rules.channel(*other) != then.channel(*other)) {
        let message = format!("'{}' would be moved with it", other.name());
        return Err(not_alone(message));
    }
    if let Some(Rule::Ignore(pattern)) = then.first_match(program).map(|found| found.rule) {
        let message = format!("'{pattern}' on the program list would have it ignored then");
        return Err(not_alone(message));
    }
    let all = playing.iter().enumerate();
    let program = all.filter(|(_, other)| is_ours(other) && then.channel(*other) == Some(to));
    Ok(Moved {
        program: program.map(|(at, _)| at).collect(),
        rules: then,
    })
}

fn not_alone(why: impl Into<Cow<'static, str>>) -> Failure {
    Failure::refused(Reason::NotAlone, why)
}

/// What takes the place of a rule that lets a program go: a rule for each other one that it holds, unless a
/// later rule does so too.
fn split<P: Program>(
    rules: &Rules,
    rule: &Rule,
    playing: &[P],
    is_ours: impl Fn(&P) -> bool,
) -> Result<Vec<Rule>, Failure> {
    let without = rules.with_instead(rule, &[]).unwrap_or_default();
    let mut instead: Vec<Pattern> = Vec::new();
    for other in playing.iter().filter(|other| !is_ours(other)) {
        let is_held = rules
            .first_match(other)
            .is_some_and(|found| found.rule == *rule);
        let is_covered = instead
            .iter()
            .any(|pattern| matching_key(pattern, other).is_some());
        if !is_held || is_covered || without.channel(other) == Some(Channel::Aux) {
            continue;
        }
        if instead.len() == MAX_SPLIT {
            return Err(not_alone(format!(
                "'{}' matches more than {MAX_SPLIT} other programs too; put narrower patterns on the list",
                rule.pattern()
            )));
        }
        let strangers = playing
            .iter()
            .filter(|third| is_ours(third) || !other.is_same(third));
        let strangers: Vec<&P> = strangers.collect();
        instead.push(narrowest(other, &strangers).ok_or_else(|| {
            not_alone(format!(
                "'{}' matches '{}' too, and no pattern matches that alone",
                rule.pattern(),
                other.name()
            ))
        })?);
    }
    Ok(instead.into_iter().map(Rule::Program).collect())
}
