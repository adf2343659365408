//! `/audit`: who did what.

use actix_web::{get, web};
use chrono::{DateTime, Utc};
use domain::AuditEntry;
use garde::Validate;
use ports::AuditFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Services;
use crate::State;
use crate::extract::{Caller, ListParams, ListQuery};
use crate::respond::{Envelope, Failure, Reply, rfc3339};

pub(super) fn routes(config: &mut impl Services) {
    config.service(list);
}

/// Which entries.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Choice {
    /// Id of a user, or name of a part of the system.
    #[garde(skip)]
    actor: Option<String>,
    /// As `session.login`.
    #[garde(skip)]
    action: Option<String>,
    /// As `session`.
    #[garde(skip)]
    resource: Option<String>,
    /// Not before (RFC 3339).
    #[garde(skip)]
    from: Option<DateTime<Utc>>,
    /// Before (RFC 3339).
    #[garde(skip)]
    to: Option<DateTime<Utc>>,
}

/// One line of the trail.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EntryBody {
    id: Uuid,
    created_at: String,
    #[schema(example = "user")]
    actor_kind: String,
    actor: Option<String>,
    /// The key that the user acted by.
    api_key_id: Option<Uuid>,
    #[schema(example = "session.login")]
    action: String,
    #[schema(example = "session")]
    resource: String,
    resource_id: Option<String>,
    /// `success` or `denied`.
    #[schema(example = "success")]
    outcome: String,
    /// Why it was denied.
    reason: Option<String>,
    ip_address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    trace_id: Option<String>,
}

impl From<AuditEntry> for EntryBody {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.uuid,
            created_at: rfc3339(entry.created_at),
            actor_kind: entry.actor_kind,
            actor: entry.actor,
            api_key_id: entry.api_key,
            action: entry.action,
            resource: entry.resource,
            resource_id: entry.resource_id,
            outcome: entry.outcome,
            reason: entry.reason,
            ip_address: entry.ip,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            trace_id: entry.trace_id,
        }
    }
}

/// Entries, from new to old. Sort: `createdAt`.
#[utoipa::path(tag = "audit", params(ListParams, Choice), security(("bearer" = ["audit:read"])), responses(
    (status = 200, description = "Entries", body = Envelope<Vec<EntryBody>>),
))]
#[get("/api/v1/audit")]
async fn list(
    state: web::Data<State>,
    _: Caller,
    query: ListQuery<Choice>,
) -> Result<Reply<Vec<EntryBody>>, Failure> {
    let ListQuery { ask, choice } = query;
    let filter = AuditFilter {
        person: None,
        actor: choice.actor,
        action: choice.action,
        resource: choice.resource,
        from: choice.from,
        to: choice.to,
    };
    Ok(Reply::list("audit entries", state.app.audit.list(&filter, &ask).await?))
}
