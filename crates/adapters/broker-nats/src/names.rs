//! What things are called on the server.
//!
//! An event goes to `<prefix>.events.<lane>.<its type, last word first>`: wildcards stand for the end of a subject only,
//! and groups subscribe to the end of a type.

use delivery::wire::plain;
use delivery::{Member, lane_of};
use domain::EventEnvelope;
use uuid::Uuid;

/// Lanes of a stream. Never to be changed: events of a subject would change places while both are in use.
pub(crate) const LANES: usize = 8;

/// Names of one installation.
#[derive(Clone)]
pub(crate) struct Names(pub(crate) String);

impl Names {
    /// The stream of events.
    pub(crate) fn events(&self) -> String {
        format!("{}-events", self.0)
    }

    /// All of its subjects.
    pub(crate) fn all_events(&self) -> String {
        format!("{}.events.>", self.0)
    }

    /// Where an event goes.
    pub(crate) fn subject(&self, event: &EventEnvelope) -> String {
        format!("{}.events.{}.{}", self.0, lane_of(&event.subject, LANES), reversed(&event.kind))
    }

    /// What a lane of a member hears.
    pub(crate) fn filter(&self, member: &Member, lane: usize) -> String {
        format!("{}.events.{lane}.{}.>", self.0, reversed(&member.kind))
    }

    /// Its durable consumer.
    pub(crate) fn consumer(member: &Member, lane: usize) -> String {
        format!("{}--{}--{lane}", plain(&member.group), plain(&member.kind))
    }

    /// The stream of dead letters.
    pub(crate) fn dead(&self) -> String {
        format!("{}-dead", self.0)
    }

    /// All of its subjects.
    pub(crate) fn all_dead(&self) -> String {
        format!("{}.dead.>", self.0)
    }

    /// Where a group's dead letter lies.
    pub(crate) fn letter(&self, group: &str, event: Uuid) -> String {
        format!("{}.dead.{}.{event}", self.0, plain(group))
    }
}

fn reversed(kind: &str) -> String {
    kind.rsplit('.').map(plain).collect::<Vec<_>>().join(".")
}
