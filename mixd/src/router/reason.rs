//! Why a stream does not play through its channel: the sentence that `why` says.

use wire::message::Sentence;
use wire::{Channel, StreamState};

use super::sink_name;
use super::state::{Cause, Defect, Inputs, Missed, State};
use super::target::Target;

impl Inputs<'_> {
    /// Returns the sentence that says why a stream does not play through its channel, if it does not.
    pub fn reason(&self, id: u32, state: &State) -> Option<Sentence> {
        let text = match (state.missed, state.planned, state.cause) {
            (Some(missed), ..) => self.missed_text(id, state.channel, missed),
            (None, StreamState::Routed, _) => return None,
            (None, StreamState::Ignored, _) => {
                let pattern = state
                    .matched
                    .rule
                    .map(|rule| *rule.pattern())
                    .unwrap_or_default();
                format!(
                    "'{pattern}' on the program list has it ignored; it is left as it is linked"
                )
            }
            (None, _, Some(cause)) => self.cause_text(id, cause),
            (None, _, None) => "what decides about it is not known yet".to_owned(),
        };
        Some(Sentence::truncated(&text))
    }

    fn missed_text(&self, id: u32, channel: Channel, missed: Missed) -> String {
        let name_of = |id| self.registry.name(id);
        let program = |client: Option<u32>| {
            let name = client.and_then(|client| self.registry.client(client));
            name.unwrap_or("another program")
        };
        if let Some(defect) = missed.defect {
            return match defect {
                Defect::UnlinkedSink(sink, card) => {
                    let why = match self.links.are_monitors_given_up(self.sinks) {
                        true => {
                            ": something has removed it again and again; it is made again within \
                             half a minute"
                        }
                        false => "",
                    };
                    format!(
                        "a link from {} to {} is missing{why}",
                        name_of(sink),
                        name_of(card)
                    )
                }
                Defect::LinkedTwice(client, card) => format!(
                    "{} has linked it to {} besides: it is heard twice",
                    program(client),
                    name_of(card)
                ),
                Defect::PartlyLinked(sink) => {
                    format!("not all of its sides are linked to {}", name_of(sink))
                }
            };
        }
        let Some((client, sink)) = missed.elsewhere else {
            let reason = if self.sinks.are_given_up() {
                "its channel's sink has been removed; it is made anew within a minute"
            } else if self.sinks.is_refused(channel) {
                "PipeWire refuses to make its channel's sink; mixd's log says why"
            } else if self.links.is_refused(id) {
                "PipeWire refuses to link it to its channel; mixd's log says why"
            } else {
                "nothing has linked it to its channel; mixd's log may say why"
            };
            return reason.to_owned();
        };
        let (by, to) = (program(client), name_of(sink));
        let is_manager = client.is_some() && client == self.registry.owner.client();
        match is_manager {
            true if self.registry.is_manager_hanging() => {
                format!("{by} has linked it to {to}, and hangs: it moves nothing until it answers")
            }
            true => format!(
                "{by} has linked it to {to}, and leaves it there although mixd has asked for its \
                 channel (a policy that moves no stream?)"
            ),
            false => format!("{by} has linked it to {to}"),
        }
    }

    fn cause_text(&self, id: u32, cause: Cause) -> String {
        let registry = self.registry;
        let name_of = |id: u32| registry.name(id);
        let mut sinks: Vec<&str> = registry.sinks_fed_by(id).map(name_of).collect();
        sinks.dedup();
        let linked = match sinks.is_empty() {
            true => String::new(),
            false => format!("; it is linked to {}", sinks.join(", ")),
        };
        match cause {
            Cause::LinksItself if self.is_jack(id) => {
                format!("it is a JACK client, which links itself{linked}")
            }
            Cause::LinksItself => {
                format!("it is no stream that a session manager links (media.class){linked}")
            }
            Cause::Filter => {
                format!("it belongs to a filter or a loopback (node.link-group){linked}")
            }
            Cause::FeedsSource(source) => format!(
                "it feeds {}, a virtual microphone, and is left as it is linked",
                name_of(source)
            ),
            Cause::NoAutoconnect => {
                format!("it is not to be linked by others (node.autoconnect){linked}")
            }
            Cause::Unlinked => "it is not to be linked by others (node.autoconnect), and nobody \
                                has linked it: its program does so, or a patchbay"
                .to_owned(),
            Cause::LinkedBy(client, sink) => {
                let by = client.and_then(|client| registry.client(client));
                let by = by.unwrap_or("another program");
                format!("{by} has linked it to {}", name_of(sink))
            }
            Cause::DontReconnect => format!(
                "its program forbids to move it (node.dont-reconnect, PulseAudio's \
                 DONT_MOVE; of OpenAL: 'allow-moves = true' under [pulse] in alsoft.conf allows \
                 it){linked}"
            ),
            Cause::DontMove => format!("its program forbids to move it (node.dont-move){linked}"),
            Cause::MovingForbidden => format!(
                "the session manager is set to move no stream (linking.allow-moving-streams is \
                 false){linked}"
            ),
            Cause::OwnTarget => {
                let target = registry.own_target_name(id).unwrap_or_default();
                let (target, missing) = match registry.own_target(id) {
                    Target::Elsewhere(node) => (name_of(node), ""),
                    Target::Ours(channel) => (sink_name(channel), ""),
                    Target::Absent => (target, ", which is not there"),
                    Target::Anywhere => (target, ""),
                };
                format!("it asks for {target} itself{missing} (target.object, node.target)")
            }
            Cause::Sent => {
                let target = registry.targets.get(&id);
                let object = target.and_then(|it| it.object.as_deref().or(it.node.as_deref()));
                let object = object.unwrap_or_default();
                let (to, missing) = match registry.target(id) {
                    Target::Elsewhere(node) => (name_of(node), ""),
                    Target::Absent => (object, ", which is not there"),
                    _ => (object, ""),
                };
                format!("it has been sent to {to}{missing} (pw-metadata, or a mixer)")
            }
            Cause::SentToDefault => {
                "it has been sent to the default sink (pw-metadata, or a mixer); it comes back \
                 when it is moved back, or its pattern is added or removed"
                    .to_owned()
            }
            Cause::Moved(channel) => format!(
                "it has been moved to {} (pw-metadata, or a mixer); it stays there until it is \
                 moved elsewhere, or its pattern is added or removed",
                sink_name(channel)
            ),
            Cause::MovedAway => {
                "something has moved it away from its channel twice; it is left there \
                                 until it is moved back, or its pattern is added or removed"
                    .to_owned()
            }
            Cause::LinksRemoved => {
                "something has removed its links to its channel again and again; \
                                    they are made again within half a minute"
                    .to_owned()
            }
        }
    }

    /// Returns whether a JACK client makes a node.
    fn is_jack(&self, id: u32) -> bool {
        let registry = self.registry;
        let own = registry.property(id, "client.api");
        let node = registry.nodes().get(&id);
        let client = node.and_then(|node| node.client);
        let its = client.and_then(|client| registry.client_property(client, "client.api"));
        own.or(its) == Some("jack")
    }
}
