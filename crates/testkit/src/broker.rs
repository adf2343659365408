//! The contract of [`ports::EventBroker`].
//!
//! Three suites: what every broker does, what those do that keep events, and what is left when a server is killed.

pub mod closing;
pub mod keeping;
pub mod outages;
pub mod refusing;
pub mod telling;

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use domain::EventEnvelope;
use ports::{Error, EventBroker, EventHandler, Kind, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::poll::eventually;

/// For what a server does at once, and for a member to be missed.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// What events of these suites are about, unless they are about something else.
pub const PLACED: &str = "order.placed.v1";

/// A broker that nobody else uses. Whatever it does in the background must be quick: three refusals make a dead letter,
/// and pauses are milliseconds.
pub struct BrokerBench {
    /// A handle, as a process of its own has it. Where they can't be shared, the same one again.
    pub process: Box<dyn Fn() -> Arc<dyn EventBroker> + Send + Sync>,
    /// Whatever has to live as long.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// A server that a test may kill.
#[async_trait]
pub trait Server: Send + Sync {
    /// As a crash.
    fn kill(&self);
    /// It hangs: connections stay, and nothing is answered.
    fn hang(&self);
    /// It goes on.
    fn go_on(&self);
    /// Starts it again, where it was and with what it had.
    async fn resume(&self);
}

/// A broker on a server of its own.
pub struct BrokerOutageBench {
    /// The broker.
    pub broker: BrokerBench,
    /// Its server.
    pub server: Arc<dyn Server>,
}

impl BrokerBench {
    /// A handle whose server has answered.
    pub(crate) async fn ready(&self) -> Arc<dyn EventBroker> {
        let broker = (self.process)();
        eventually("a broker that answers", SOON, async || broker.check().await.ok()).await;
        broker
    }
}

/// What a handler does about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Take,
    Refuse,
    BeAway,
    Panic,
}

type Decide = Box<dyn Fn(usize, &EventEnvelope) -> Act + Send + Sync>;

/// Notes what it is told, then does as decided by the number of the call, from zero on, and the event.
pub(crate) struct Recorder {
    seen: Mutex<Vec<EventEnvelope>>,
    taken: Mutex<Vec<EventEnvelope>>,
    decide: Decide,
}

impl Recorder {
    pub(crate) fn new(decide: impl Fn(usize, &EventEnvelope) -> Act + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { seen: Mutex::default(), taken: Mutex::default(), decide: Box::new(decide) })
    }

    pub(crate) fn taking() -> Arc<Self> {
        Self::new(|_, _| Act::Take)
    }

    /// All calls.
    pub(crate) fn seen(&self) -> Vec<EventEnvelope> {
        self.seen.lock().unwrap().clone()
    }

    /// Those that it took.
    pub(crate) fn taken(&self) -> Vec<EventEnvelope> {
        self.taken.lock().unwrap().clone()
    }

    pub(crate) async fn has_taken(&self, what: &str, count: usize) -> Vec<EventEnvelope> {
        eventually(what, SOON, async || Some(self.taken()).filter(|taken| taken.len() >= count)).await
    }
}

#[async_trait]
impl EventHandler for Recorder {
    async fn handle(&self, event: &EventEnvelope) -> Result<()> {
        let number = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(event.clone());
            seen.len() - 1
        };
        match (self.decide)(number, event) {
            Act::Take => {
                self.taken.lock().unwrap().push(event.clone());
                Ok(())
            }
            Act::Refuse => Err(Error::with(Kind::Internal, "handle an event", "as told")),
            Act::BeAway => Err(Error::new(Kind::Unavailable, "handle an event")),
            Act::Panic => panic!("as told"),
        }
    }
}

/// An event about a subject; its id and time are its own.
pub(crate) fn event(subject: &str, data: Value) -> EventEnvelope {
    event_of(PLACED, subject, data)
}

pub(crate) fn event_of(kind: &str, subject: &str, data: Value) -> EventEnvelope {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    EventEnvelope {
        specversion: "1.0".to_owned(),
        id: Uuid::from_u64_pair(u64::from(std::process::id()), number),
        source: "/mainstay".to_owned(),
        kind: format!("dev.mainstay.{kind}"),
        subject: subject.to_owned(),
        time: DateTime::from_timestamp_millis(1_700_000_000_123 + i64::try_from(number).unwrap()).unwrap(),
        datacontenttype: "application/json".to_owned(),
        tenantid: None,
        traceparent: None,
        data,
    }
}

pub(crate) fn numbered(subject: &str, number: usize) -> EventEnvelope {
    event(subject, json!({ "number": number }))
}

/// The numbers that events of a subject carry, in the order they came.
pub(crate) fn numbers(events: &[EventEnvelope], subject: &str) -> Vec<u64> {
    let ours = events.iter().filter(|event| event.subject == subject);
    ours.filter_map(|event| event.data["number"].as_u64()).collect()
}

/// Publishes as a relay does: again, until it is taken.
pub(crate) async fn insist(broker: &dyn EventBroker, event: &EventEnvelope) {
    eventually("an event that is taken", SOON, async || broker.publish(event).await.ok()).await;
}

/// Turns `testkit::broker_suite!(bench());` into tests, `bench()` being a future of `Option<BrokerBench>`: what every
/// broker does.
#[macro_export]
macro_rules! broker_suite {
    ($bench:expr) => {
        mod broker_suite {
            use super::*;

            $crate::bench_cases!($bench; [$crate::broker];
                telling {
                    each_group_gets_each_event_of_its_kind,
                    other_kinds_go_to_nobody,
                    events_arrive_unchanged,
                    any_json_is_data,
                    a_subject_is_told_in_order,
                    groups_work_at_the_same_time,
                    a_handler_may_use_the_broker,
                    a_group_subscribes_to_a_kind_once,
                    whoever_fails_is_told_again,
                    an_event_without_a_group_is_let_go,
                }
                closing {
                    a_closed_one_takes_nothing,
                    closing_waits_for_running_handlers,
                    closing_twice_succeeds,
                }
            );
        }
    };
}

/// The same for brokers that keep events.
#[macro_export]
macro_rules! keeping_broker_suite {
    ($bench:expr) => {
        mod keeping_broker_suite {
            use super::*;

            $crate::bench_cases!($bench; [$crate::broker];
                keeping {
                    publishing_waits_for_no_handler,
                    one_member_of_a_group_handles_an_event,
                    order_holds_over_several_members,
                    concurrent_publishers_lose_nothing,
                    what_nobody_heard_is_kept_for_the_group,
                    what_a_fallen_member_had_in_hand_is_told_to_another,
                    what_a_closing_member_leaves_is_told_to_another,
                    a_large_event_arrives,
                }
                refusing {
                    a_refused_event_becomes_a_dead_letter,
                    a_dead_letter_holds_up_nobody,
                    a_dead_letter_is_told_again_to_its_group_only,
                    what_is_told_again_may_be_refused_again,
                    being_away_makes_no_dead_letter,
                    order_waits_for_whoever_is_away,
                    what_is_no_dead_letter_is_not_found,
                }
            );
        }
    };
}

/// The same for brokers on a server: `bench()` is a future of `Option<BrokerOutageBench>`.
#[macro_export]
macro_rules! broker_outage_suite {
    ($bench:expr) => {
        mod broker_outage_suite {
            use super::*;

            $crate::bench_cases!($bench; [$crate::broker];
                outages {
                    nothing_acknowledged_is_lost_with_the_server,
                    subscriptions_resume_after_a_restart,
                    dead_letters_survive_a_restart,
                    whoever_starts_while_it_is_away_is_told_later,
                    a_server_that_hangs_is_away,
                }
            );
        }
    };
}
