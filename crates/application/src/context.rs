//! Who asks, from where, and in the course of what.

use std::net::IpAddr;

use domain::{Actor, TenantScope};

use crate::idempotency::Reservation;

/// Travels with each call of a use case, and into its audit entry, events and jobs.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who.
    pub actor: Actor,
    /// On whose rows.
    pub scope: TenantScope,
    /// From where.
    pub ip: Option<IpAddr>,
    /// With what.
    pub user_agent: Option<String>,
    /// The request.
    pub request_id: Option<String>,
    /// W3C trace context, `00-<trace>-<span>-<flags>`.
    pub traceparent: Option<String>,
    /// The key under which the request may be sent again. Units of work then commit with the answer.
    pub reservation: Option<Reservation>,
}

impl Context {
    /// Mainstay itself acts: a job, the first start, the operator's command.
    pub fn system(name: &'static str, traceparent: Option<String>) -> Self {
        Self {
            actor: Actor::System(name),
            scope: TenantScope::Platform,
            ip: None,
            user_agent: None,
            request_id: None,
            traceparent,
            reservation: None,
        }
    }

    /// The trace id inside the trace context.
    pub fn trace_id(&self) -> Option<String> {
        self.traceparent.as_deref()?.split('-').nth(1).map(str::to_owned)
    }
}
