//! Every event that something follows from, in one readable place.

use std::sync::Arc;

use application::jobs::{JobKind, JobSpec, Jobs, kind};
use application::mails::Mails;
use application::people::People;
use application::{Application, Context};
use async_trait::async_trait;
use domain::EventEnvelope;
use futures_util::future::try_join_all;
use ports::{Error, EventBroker, EventHandler, Kind};

/// Subscribes what this process does about events.
///
/// # Errors
/// `Unavailable` when the broker does not answer.
pub(crate) async fn subscribe(app: &Application, broker: &dyn EventBroker) -> Result<(), Error> {
    let mails = Mails::caused_by().into_iter().map(|(event, job)| (event, job, Mails::job_for as JobFor));
    let people = People::caused_by().into_iter().map(|(event, job)| (event, job, People::job_for as JobFor));
    // Side by side: a server may take its time for a group that it has not known.
    let subscribed =
        mails.chain(people).map(|(event, job, job_for)| subscribe_one(app, broker, event, job, job_for));
    try_join_all(subscribed).await.map(|_| ())
}

async fn subscribe_one(
    app: &Application,
    broker: &dyn EventBroker,
    event: &str,
    job: &str,
    job_for: JobFor,
) -> Result<(), Error> {
    let kind = kind(job).ok_or_else(|| Error::new(Kind::Internal, "events.subscribe"))?;
    broker.subscribe(job, event, Arc::new(CausesJob { kind, job_for, jobs: app.jobs.clone() })).await
}

/// The job of a kind that an event causes.
type JobFor = fn(&'static JobKind, &EventEnvelope) -> Option<JobSpec>;

/// Writes the job that an event causes. The kind is also the consumer's name in the inbox: each kind is written once
/// per event, however often the event is told.
struct CausesJob {
    kind: &'static JobKind,
    job_for: JobFor,
    jobs: Jobs,
}

#[async_trait]
impl EventHandler for CausesJob {
    async fn handle(&self, event: &EventEnvelope) -> Result<(), Error> {
        let Some(spec) = (self.job_for)(self.kind, event) else {
            return Err(Error::with(Kind::Internal, "events.handle", "the event lacks its data"));
        };
        fail::fail_point!("consume.before-effect", |_| std::process::abort());
        let context = Context::system("events", event.traceparent.clone());
        match self.jobs.follow(&context, self.kind.name, event.id, spec).await {
            Ok(_) => {
                fail::fail_point!("consume.after-effect", |_| std::process::abort());
                Ok(())
            }
            Err(application::Error::Unavailable(error) | application::Error::Internal(error)) => Err(error),
            Err(error) => Err(Error::with(Kind::Internal, "events.handle", error)),
        }
    }
}
