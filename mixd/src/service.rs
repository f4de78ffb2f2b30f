//! What is done for a client, by whom: the desk knows the volume and the list, the graph what
//! plays.

use wire::{Event, Failure, Reply, Request, Topic};

use crate::backend::Backend;
use crate::desk::{self, Desk, MAX_LIST};
use crate::graph::Graph;
use crate::hold::Seat;
use crate::rules::Rules;
use crate::session::Service;

/// All that can answer a client.
pub struct House<'a> {
    /// The volume and the list.
    pub desk: &'a mut Desk,
    /// The sound.
    pub backend: &'a Backend,
}

impl Service for House<'_> {
    fn request(&mut self, seat: Seat, request: Request) -> Result<Reply<'_>, Failure> {
        let Some(graph) = self.backend.graph() else {
            return self.desk.request(seat, request);
        };
        match request {
            Request::TryAddProgram(pattern) => {
                let then = self.desk.rules_with(pattern)?;
                Ok(moved(graph, self.desk.rules(), &then))
            }
            Request::TryRemoveProgram(pattern) => {
                let then = self.desk.rules_without(&pattern)?;
                Ok(moved(graph, self.desk.rules(), &then))
            }
            Request::GetStream(id) => match graph.detail(id, self.desk.rules(), MAX_LIST) {
                Some(detail) => Ok(Reply::Stream(Box::new(detail))),
                None => self.desk.request(seat, request),
            },
            Request::Diagnose => Ok(Reply::Diagnosis(self.backend.diagnosis())),
            request => self.desk.request(seat, request),
        }
    }

    fn leave(&mut self, seat: Seat) {
        self.desk.leave(seat);
    }

    fn event(&self, topic: Topic) -> Event<'_> {
        self.desk.event(topic)
    }
}

fn moved(graph: &Graph, now: &Rules, then: &Rules) -> Reply<'static> {
    let mut streams = graph.moved(now, then);
    desk::cut(&mut streams);
    Reply::Streams(streams)
}
