//! Moves a stream's program to the other channel: whether that can be done, and by which list.

use wire::{Failure, Move, Reason, StreamState};

use super::Router;
use super::matching::StreamProperties;
use crate::rules::{Program, Rules, moving};

/// A move that can be made.
#[derive(Debug)]
pub struct PlannedMove {
    /// The list that makes it.
    pub rules: Rules,
    /// The program's streams.
    pub streams: Vec<u32>,
    /// The command, for `undo` to quote: `move Discord to aux`.
    pub what: String,
    /// The result: `Discord plays through aux`.
    pub words: String,
}

/// Says that there is no stream of this id.
pub fn no_stream(id: u32) -> Failure {
    Failure::refused(
        Reason::NoSuchStream,
        format!("no program plays a stream of id {id}; 'mixctl status' lists them"),
    )
}

impl Router {
    /// Plans to move the program that a stream belongs to, which are all streams that its narrowest
    /// pattern matches, to a channel.
    ///
    /// # Errors
    /// Why that can't be done.
    pub fn plan_move(&self, wanted: Move, rules: &Rules) -> Result<PlannedMove, Failure> {
        let Move { id, channel } = wanted;
        let state = self.state(id, rules).ok_or_else(|| no_stream(id))?;
        let program = self.registry.properties(id);
        let name = program.name().to_owned();
        let reason = self.inputs().reason(id, &state);
        let refusal = |reason: Reason, why: &str| {
            Failure::refused(reason, format!("'{name}' ({id}) can't be moved: {why}"))
        };
        match state.state() {
            StreamState::Ignored => {
                let pattern = state.matched.rule.map(|rule| *rule.pattern());
                let pattern = pattern.unwrap_or_default();
                let why = format!(
                    "'{pattern}' on the program list has it ignored; 'mixctl remove-program \
                     \"{pattern}\"' ends that"
                );
                return Err(refusal(Reason::Ignored, &why));
            }
            StreamState::Contested => {
                return Err(refusal(Reason::Contested, &reason.unwrap_or_default()));
            }
            // Pinned to a channel, where somebody has moved it, it is ours to move.
            _ if state.target.is_none() => {
                return Err(refusal(Reason::Pinned, &reason.unwrap_or_default()));
            }
            _ => {}
        }
        let programs: Vec<StreamProperties> = self.registry.programs().collect();
        let at = programs.iter().position(|program| program.stream == id);
        let at = at.ok_or_else(|| no_stream(id))?;
        let moved = moving::moved(rules, &programs, at, channel).map_err(|failure| {
            refusal(failure.reason.unwrap_or(Reason::NotAlone), &failure.message)
        })?;
        let streams = moved.program.iter().map(|&at| programs[at].stream);
        Ok(PlannedMove {
            streams: streams.collect(),
            rules: moved.rules,
            what: format!("move {name} to {channel}"),
            words: format!("{name} plays through {channel}"),
        })
    }
}
