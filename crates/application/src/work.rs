//! The audited unit of work: the only way for a use case to change something.

use domain::{Actor, AuditEntry, DomainEvent, EventEnvelope, NewJob, Outcome, TenantScope};
use ports::{Lease, Tx};

use crate::idempotency::{AfterCommit, Pending};
use crate::jobs::{JobSpec, new_job};
use crate::{Context, Core, Error, Result};

/// What a use case does, declared once beside it.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    /// `session.login`, `user.register` …
    pub name: &'static str,
    /// Kind of thing it acts on.
    pub resource: &'static str,
}

/// A transaction with its audit entry. State, events, jobs and the entry commit together; dropped means that
/// nothing happened, and so does a loss to a concurrent unit of work: then all is done again, see [`Work::run`].
pub struct Work<'a> {
    core: &'a Core,
    context: &'a Context,
    action: Action,
    tx: Box<dyn Tx>,
    actor: Actor,
    scope: TenantScope,
    resource_id: Option<String>,
    after: Vec<AfterCommit>,
}

impl<'a> Work<'a> {
    /// Begins, and does what `body` says: commits, denies, or drops it. Again from the beginning, a few times, when a
    /// concurrent unit of work has undone it, so that callers don't hear of that; what `body` does beside its unit of
    /// work must bear that. Under an idempotency key whoever has the answer does all of it again
    /// ([`Reservation::again`](crate::idempotency::Reservation::again)).
    pub async fn run<T, F>(
        core: &'a Core,
        context: &'a Context,
        action: Action,
        body: impl Fn(Self) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let body = &body;
        let attempt = || async move { body(Self::begin(core, context, action).await?).await };
        match &context.reservation {
            Some(_) => attempt().await,
            None => core.again(attempt).await,
        }
    }

    /// Begins; under an idempotency key, goes on with what an earlier unit of work has left open. By itself only for what
    /// can't be done again, because it reads something that comes once; all else goes through [`Work::run`].
    pub(crate) async fn begin(core: &'a Core, context: &'a Context, action: Action) -> Result<Self> {
        let resumed = match &context.reservation {
            Some(reservation) => reservation.resume()?,
            None => None,
        };
        let Pending { tx, after } = match resumed {
            Some(pending) => pending,
            None => Pending { tx: core.store.begin().await?, after: Vec::new() },
        };
        Ok(Self {
            core,
            context,
            action,
            tx,
            actor: context.actor.clone(),
            scope: context.scope,
            resource_id: None,
            after,
        })
    }

    /// The repositories, within the transaction.
    pub fn tx(&self) -> &dyn Tx {
        self.tx.as_ref()
    }

    /// Goes on only if nobody with a later lease on the lock has been here, and keeps them waiting until the end.
    pub(crate) async fn under(&self, lease: &Lease) -> Result<()> {
        Ok(self.tx.fences().pass(lease).await?)
    }

    /// Names what is acted on.
    pub fn on(&mut self, resource: impl ToString) {
        self.resource_id = Some(resource.to_string());
    }

    /// Names who acts, once a use case has found out (a login).
    pub fn acting_as(&mut self, actor: Actor, scope: TenantScope) {
        self.actor = actor;
        self.scope = scope;
    }

    /// Tells an event after the commit.
    pub async fn emit(&self, event: &DomainEvent) -> Result<()> {
        let events = &self.core.settings.events;
        let envelope = EventEnvelope {
            specversion: "1.0".to_owned(),
            id: self.core.ids.uuid()?,
            source: events.source.clone(),
            kind: format!("{}.{}", events.type_prefix, event.kind()),
            subject: event.subject().0,
            time: self.core.clock.now(),
            datacontenttype: "application/json".to_owned(),
            tenantid: self.scope.tenant_uuid(),
            traceparent: self.context.traceparent.clone(),
            data: event.data(),
        };
        Ok(self.tx.outbox().append(self.core.ids.snowflake()?, &envelope).await?)
    }

    /// Runs a job after the commit. `None` when its unique key is taken.
    pub async fn enqueue(&self, spec: JobSpec) -> Result<Option<NewJob>> {
        let job = new_job(self.core, self.context, spec)?;
        Ok(self.tx.jobs().enqueue(&job).await?.then_some(job))
    }

    /// Does something once this has committed, and only then. Under an idempotency key that is later than the
    /// return of [`Work::commit`].
    pub fn after_commit(&mut self, call: impl FnOnce() + Send + Sync + 'static) {
        self.after.push(Box::new(call));
    }

    /// Commits what was done; under an idempotency key, leaves that to whoever has the answer.
    pub async fn commit(self) -> Result<()> {
        let reservation = self.context.reservation.clone();
        let pending = self.finish(Outcome::Success, None).await?;
        match reservation {
            Some(reservation) => reservation.hand_over(pending),
            None => pending.commit().await,
        }
    }

    /// Commits the refusal (a counted failure, an ended family) at once and gives the error to answer with.
    pub async fn deny(self, error: Error) -> Error {
        self.deny_because(error.code(), error).await
    }

    /// The same, where the trail says more than the caller may know.
    pub async fn deny_because(self, reason: &'static str, error: Error) -> Error {
        let refusal = async { self.finish(Outcome::Denied, Some(reason)).await?.commit().await };
        match refusal.await {
            Ok(()) => error,
            Err(failure) => failure,
        }
    }

    async fn finish(self, outcome: Outcome, reason: Option<&'static str>) -> Result<Pending> {
        let entry = self.entry(outcome, reason)?;
        self.tx.audit().append(&entry).await?;
        Ok(Pending { tx: self.tx, after: self.after })
    }

    fn entry(&self, outcome: Outcome, reason: Option<&'static str>) -> Result<AuditEntry> {
        Ok(AuditEntry {
            id: self.core.ids.snowflake()?,
            uuid: self.core.ids.uuid()?,
            created_at: self.core.clock.now(),
            tenant_id: self.scope.tenant_id(),
            actor_kind: self.actor.kind().to_owned(),
            actor: self.actor.name(),
            api_key: self.actor.api_key(),
            action: self.action.name.to_owned(),
            resource: self.action.resource.to_owned(),
            resource_id: self.resource_id.clone(),
            outcome: outcome.as_str().to_owned(),
            reason: reason.map(str::to_owned),
            ip: self.context.ip.map(|ip| ip.to_string()),
            user_agent: self.context.user_agent.clone(),
            request_id: self.context.request_id.clone(),
            trace_id: self.context.trace_id(),
        })
    }
}
