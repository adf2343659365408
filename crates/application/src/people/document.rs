//! The document that holds all that is stored about a person: one part per table, then what the audit trail says, piece
//! by piece, so that its size does not matter.

use bytes::Bytes;
use chrono::SecondsFormat;
use domain::{AuditEntry, User};
use futures_util::StreamExt;
use futures_util::stream::try_unfold;
use ports::{AuditFilter, ByteStream, Page, SortKey, Start};
use serde_json::{Value, json};

use crate::Core;

/// The format of the document; another one when a reader has to know.
const FORMAT: &str = "mainstay.person.v1";
/// Entries of the trail per piece.
const ENTRIES: u64 = 500;

/// Where the writing is.
enum Stage {
    Head,
    Parts(std::vec::IntoIter<&'static str>),
    /// With whether any entry has been written.
    Trail(Start, bool),
    End,
}

/// The document of a user.
pub(super) fn of<'a>(core: &'a Core, user: &'a User) -> ByteStream<'a> {
    try_unfold(Some(Stage::Head), move |stage| async move {
        let Some(stage) = stage else { return Ok(None) };
        next(core, user, stage).await.map(Some)
    })
    .boxed()
}

async fn next(core: &Core, user: &User, stage: Stage) -> ports::Result<(Bytes, Option<Stage>)> {
    Ok(match stage {
        Stage::Head => {
            let now = core.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
            let head = format!("{{\"format\":\"{FORMAT}\",\"exportedAt\":\"{now}\"");
            (head.into(), Some(Stage::Parts(core.store.personal().parts().into_iter())))
        }
        Stage::Parts(mut names) => match names.next() {
            Some(name) => {
                let rows = Value::Array(core.store.personal().part(name, user.base.id).await?);
                (format!(",\"{name}\":{rows}").into(), Some(Stage::Parts(names)))
            }
            None => (Bytes::from_static(b",\"auditTrail\":["), Some(Stage::Trail(Start::First, false))),
        },
        Stage::Trail(start, begun) => {
            let filter = AuditFilter { person: Some(user.base.uuid), ..AuditFilter::default() };
            let page = Page { limit: ENTRIES, sort: vec![SortKey::asc("createdAt")], start };
            let found = core.store.audit().list(&filter, &page).await?;
            let rows: Vec<String> = found.rows.into_iter().map(|entry| shown(entry).to_string()).collect();
            let begins = if begun && !rows.is_empty() { "," } else { "" };
            let begun = begun || !rows.is_empty();
            let then = found.next.map_or(Stage::End, |next| Stage::Trail(Start::After(next), begun));
            (format!("{begins}{}", rows.join(",")).into(), Some(then))
        }
        Stage::End => (Bytes::from_static(b"]}"), None),
    })
}

fn shown(entry: AuditEntry) -> Value {
    json!({
        "id": entry.uuid,
        "createdAt": entry.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "actor": entry.actor,
        "action": entry.action,
        "resource": entry.resource,
        "resourceId": entry.resource_id,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "ip": entry.ip,
        "userAgent": entry.user_agent,
        "requestId": entry.request_id,
    })
}
