//! What is done for a client, by whom: the desk knows the volume and the list, the graph what
//! plays.

use wire::message::{Insertion, Replacement};
use wire::{Diagnosis, ErrorCode, Event, Failure, Reply, Request, Topic, Topics};

use crate::backend::Backend;
use crate::configuration::Configuration;
use crate::desk::{self, Desk, MAX_LIST};
use crate::graph::Graph;
use crate::hold::Seat;
use crate::rules::Rules;
use crate::session::{MAX_MESSAGE, Service};
use crate::state::State;

/// All that can answer a client.
pub struct House<'a> {
    /// The volume and the list.
    pub desk: &'a mut Desk,
    /// The sound.
    pub backend: &'a Backend,
    /// Where the list is saved.
    pub configuration: &'a mut Configuration,
    /// Where the volume is.
    pub state: &'a State,
}

impl House<'_> {
    /// Changes the list, and saves that. What can't be saved is in force all the same.
    fn change_list(
        &mut self,
        seat: Seat,
        request: Request,
        save: impl FnOnce(&mut Configuration) -> Result<(), String>,
    ) -> Result<Reply<'_>, Failure> {
        self.desk.request(seat, request)?;
        match save(self.configuration) {
            Ok(()) => Ok(Reply::Done),
            Err(mut error) => {
                warning!("{error}; the change of the list ends with mixd");
                error.truncate(error.floor_char_boundary(MAX_MESSAGE));
                Ok(Reply::Unsaved(error.into()))
            }
        }
    }

    fn diagnosis(&self) -> Diagnosis {
        let why = |result: Result<(), String>| {
            result.err().map(|mut error| {
                error.truncate(error.floor_char_boundary(MAX_MESSAGE));
                error
            })
        };
        let volume = match self.configuration.remembers_volume() {
            true => self.state.can_save(),
            false => Ok(()),
        };
        Diagnosis {
            unsaved_list: why(self.configuration.can_save()),
            unsaved_volume: why(volume),
            ..self.backend.diagnosis()
        }
    }

    /// Answers what only the graph knows; none if this is nothing of the kind, or there is none.
    fn ask_graph(&self, request: &Request) -> Option<Result<Reply<'static>, Failure>> {
        let graph = self.backend.graph()?;
        let rules = self.desk.rules();
        let moved = |then: Rules| moved(graph, rules, &then);
        match request {
            Request::TryAddProgram(pattern) => Some(self.desk.rules_with(*pattern).map(moved)),
            Request::TryRemoveProgram(pattern) => Some(self.desk.rules_without(pattern).map(moved)),
            Request::GetStream(id) => {
                let detail = graph.detail(*id, rules, MAX_LIST)?;
                Some(Ok(Reply::Stream(Box::new(detail))))
            }
            _ => None,
        }
    }
}

impl Service for House<'_> {
    fn request(&mut self, seat: Seat, request: Request) -> Result<Reply<'_>, Failure> {
        if let Some(answer) = self.ask_graph(&request) {
            return answer;
        }
        match request {
            Request::Diagnose => Ok(Reply::Diagnosis(self.diagnosis())),
            Request::Reload => match self.configuration.reload(self.desk) {
                Ok(()) => Ok(Reply::Done),
                Err(problem) => Err(Failure::new(ErrorCode::Refused, problem)),
            },
            Request::AddProgram(pattern) => self.change_list(seat, request, |configuration| {
                configuration.save_added(&pattern)
            }),
            Request::RemoveProgram(pattern) => self.change_list(seat, request, |configuration| {
                configuration.save_removed(&pattern)
            }),
            Request::InsertProgram(Insertion { new, before }) => {
                self.change_list(seat, request, |configuration| {
                    configuration.save_inserted(&new, &before)
                })
            }
            Request::ReplaceProgram(Replacement { new, old }) => {
                self.change_list(seat, request, |configuration| {
                    configuration.save_replaced(&old, &new)
                })
            }
            request => self.desk.request(seat, request),
        }
    }

    fn leave(&mut self, seat: Seat) {
        self.desk.leave(seat);
    }

    fn event(&self, topic: Topic) -> Event<'_> {
        self.desk.event(topic)
    }

    fn unpublished(&self) -> Topics {
        self.desk.unpublished()
    }
}

fn moved(graph: &Graph, now: &Rules, then: &Rules) -> Reply<'static> {
    let mut streams = graph.moved(now, then);
    desk::cut(&mut streams);
    Reply::Streams(streams)
}
