//! What is done for a client, by whom: the desk knows the volume and the list, the router what
//! plays.

use wire::{Change, Diagnosis, ErrorCode, Event, Failure, Move, Reply, Request, Topic, Topics};

use crate::backend::Backend;
use crate::config::state::State;
use crate::configuration::Configuration;
use crate::desk::{self, Desk, MAX_LIST};
use crate::hold::ClientId;
use crate::router::Router;
use crate::rules::list;
use crate::rules::{Edit, Rules};
use crate::server::session::{MAX_MESSAGE, Service};

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
        client: ClientId,
        request: Request,
    ) -> Result<Reply<'static>, Failure> {
        self.configuration.look(self.desk);
        let reply = match request {
            Request::MoveStream(wanted) => self.move_stream(wanted)?,
            Request::Undo => self.desk.undo()?,
            Request::Redo => self.desk.redo()?,
            request => {
                self.desk.request(client, request)?;
                Reply::Done
            }
        };
        let Err(mut error) = self.configuration.save(self.desk) else {
            return Ok(reply);
        };
        warning!("{error}; the change of the list ends with mixd");
        error.truncate(error.floor_char_boundary(MAX_MESSAGE));
        Ok(match reply {
            Reply::Changed(change) => Reply::Changed(Change {
                unsaved: Some(error.into()),
                ..change
            }),
            _ => Reply::Unsaved(error.into()),
        })
    }

    /// Changes the list so that a stream's program plays through a channel.
    fn move_stream(&mut self, wanted: Move) -> Result<Reply<'static>, Failure> {
        let Some(router) = self.backend.router() else {
            return Err(desk::no_stream(wanted.id));
        };
        let plan = router.plan_move(wanted, self.desk.rules())?;
        let change = list::changed(&plan.words, self.desk.rules(), &plan.rules);
        self.desk.change_list(plan.what, plan.rules);
        self.desk.follow_list(&plan.streams);
        Ok(Reply::Changed(change))
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

    /// Answers what only the router knows; none if this is nothing of the kind, or there is none.
    fn ask_router(&self, request: &Request) -> Option<Result<Reply<'static>, Failure>> {
        let router = self.backend.router()?;
        let rules = self.desk.rules();
        let moved = |then: Rules| moved(router, rules, &then);
        if let Some(edit) = Edit::tried(request) {
            return Some(rules.edited(&edit).map(moved));
        }
        match request {
            Request::TryMoveStream(wanted) => Some(
                router
                    .plan_move(*wanted, rules)
                    .map(|plan| Reply::Changed(list::changed(&plan.words, rules, &plan.rules))),
            ),
            Request::GetStream(id) => {
                let detail = router.detail(*id, rules, MAX_LIST)?;
                Some(Ok(Reply::Stream(Box::new(detail))))
            }
            _ => None,
        }
    }
}

impl Service for House<'_> {
    fn request(&mut self, client: ClientId, request: Request) -> Result<Reply<'_>, Failure> {
        if let Some(answer) = self.ask_router(&request) {
            return answer;
        }
        match request {
            Request::Diagnose => Ok(Reply::Diagnosis(self.diagnosis())),
            Request::Reload => match self.configuration.reload(self.desk) {
                Ok(()) => Ok(Reply::Done),
                Err(problem) => Err(Failure::new(ErrorCode::Refused, problem)),
            },
            Request::AddProgram(_)
            | Request::IgnoreProgram(_)
            | Request::RemoveProgram(_)
            | Request::ReplaceProgram(_)
            | Request::MoveStream(_)
            | Request::Undo
            | Request::Redo => self.change_list(client, request),
            request => self.desk.request(client, request),
        }
    }

    fn disconnected(&mut self, client: ClientId) {
        self.desk.disconnected(client);
    }

    fn event(&self, topic: Topic) -> Event<'_> {
        self.desk.event(topic)
    }

    fn unpublished(&self) -> Topics {
        self.desk.unpublished()
    }
}

fn moved(router: &Router, now: &Rules, then: &Rules) -> Reply<'static> {
    let mut streams = router.moved(now, then);
    desk::cut(&mut streams);
    Reply::Streams(streams)
}
