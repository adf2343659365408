//! What people may ask of whoever stores their data: all of it (GDPR, articles 15 and 20), and that it goes (article 17).
//!
//! An account that its person deletes can be restored for a while ([`crate::users`]); then it is purged
//! ([`crate::maintenance`]), and with its row all that hangs on it and the key that the audit trail's personal fields
//! are encrypted under. What lies elsewhere is forgotten here, because of the event that tells of it.

mod document;

use domain::{DomainEvent, EventEnvelope, Export};
use futures_util::TryStreamExt;
use ports::{BlobKey, ByteStream, ResultExt};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::auth::Principal;
use crate::jobs::{JobKind, JobSpec, kind};
use crate::{Action, Context, Core, Error, Result, Work};

const ASK: Action = Action { name: "user.export", resource: "user" };
const WRITE: Action = Action { name: "user.export-written", resource: "user" };
const EXPIRE: Action = Action { name: "user.export-expired", resource: "export" };
/// The kind of job that writes an export.
const EXPORT_JOB: &str = "people.export";
/// Exports removed at a time.
const BATCH: u64 = 100;

/// The argument of the job that writes an export.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportOrder {
    /// Whose.
    pub user_id: Uuid,
    /// Which.
    pub export_id: Uuid,
}

/// The argument of the job that forgets somebody.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForgetOrder {
    /// Whom.
    pub user_id: Uuid,
}

/// Use cases about people's data.
#[derive(Clone)]
pub struct People {
    core: Core,
}

impl People {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// Orders an export of all that is stored about the caller. It is there for [`Export::LIFETIME`].
    ///
    /// # Errors
    /// `Conflict` while an earlier one is being written.
    pub async fn order_export(&self, context: &Context, caller: &Principal) -> Result<Export> {
        let now = self.core.clock.now();
        let export = &Export {
            id: self.core.ids.snowflake()?,
            uuid: self.core.ids.uuid()?,
            user_id: caller.user_id,
            created_at: now,
            ready_at: None,
            size: None,
            expires_at: now + Export::LIFETIME,
        };
        let missing = || Error::Internal(ports::Error::new(ports::Kind::Internal, "people.order_export"));
        let kind = kind(EXPORT_JOB).ok_or_else(missing)?;
        let order = ExportOrder { user_id: caller.user, export_id: export.uuid };
        Work::run(&self.core, context, ASK, |mut work| {
            let spec = JobSpec::now(kind, json!(order));
            async move {
                work.on(caller.user);
                work.tx().personal().insert_export(export).await?;
                work.enqueue(spec).await?;
                work.commit().await
            }
        })
        .await?;
        Ok(export.clone())
    }

    /// One of the caller's exports.
    ///
    /// # Errors
    /// `NotFound`, also once its time is over.
    pub async fn export(&self, caller: &Principal, uuid: Uuid) -> Result<Export> {
        let export = self.core.store.personal().export(caller.user_id, uuid).await?;
        if export.expires_at > self.core.clock.now() { Ok(export) } else { Err(Error::NotFound) }
    }

    /// What was exported, as JSON, and how many bytes that is.
    ///
    /// # Errors
    /// `NotFound`, also while it is not ready.
    pub async fn content(&self, caller: &Principal, uuid: Uuid) -> Result<(u64, ByteStream<'static>)> {
        let export = self.export(caller, uuid).await?;
        if export.ready_at.is_none() {
            return Err(Error::NotFound);
        }
        let blob = self.core.blobs.get(&key(caller.user, uuid)?, None).await?;
        Ok((blob.meta.size, blob.content))
    }

    /// Writes an export. A second run writes it anew. Nothing to do when its person or the export is gone.
    pub async fn write_export(&self, context: &Context, order: &ExportOrder) -> Result<()> {
        let Some(user) = self.core.store.users().by_uuid(order.user_id).await.optional()? else {
            return Ok(());
        };
        let found = self.core.store.personal().export(user.base.id, order.export_id).await.optional()?;
        let Some(export) = found.filter(|export| export.expires_at > self.core.clock.now()) else {
            return Ok(());
        };
        let key = &key(user.base.uuid, export.uuid)?;
        let written = self.core.blobs.put(key, document::of(&self.core, &user)).await?;
        let size = i64::try_from(written.size).unwrap_or(i64::MAX);
        let noted = Work::run(&self.core, context, WRITE, |mut work| async move {
            work.on(user.base.uuid);
            let noted = work.tx().personal().export_is_ready(export.id, size, self.core.clock.now()).await?;
            work.commit().await?;
            Ok(noted)
        });
        if !noted.await? {
            // Its person was purged while it was written.
            self.core.blobs.delete(key).await?;
        }
        Ok(())
    }

    /// Removes exports whose time is over: first what they hold, then what is known of them, so that nothing stays that
    /// nobody knows of.
    pub(crate) async fn purge(&self, context: &Context) -> Result<u64> {
        let mut total = 0;
        loop {
            let now = self.core.clock.now();
            let expired = self.core.store.personal().expired_exports(now, BATCH).await?;
            if expired.is_empty() {
                return Ok(total);
            }
            for (export, user) in &expired {
                self.core.blobs.delete(&key(*user, export.uuid)?).await?;
            }
            let ids: &Vec<i64> = &expired.iter().map(|(export, _)| export.id).collect();
            Work::run(&self.core, context, EXPIRE, |work| async move {
                work.tx().personal().remove_exports(ids).await?;
                work.commit().await
            })
            .await?;
            total += ids.len() as u64;
        }
    }

    /// Forgets what lies outside of the database of somebody whose account has been purged.
    pub async fn forget(&self, order: &ForgetOrder) -> Result<()> {
        let mut blobs = self.core.blobs.list(Some(&folder(order.user_id)?));
        while let Some(blob) = blobs.try_next().await? {
            self.core.blobs.delete(&blob.key).await?;
        }
        Ok(())
    }

    /// Which event is followed by which job.
    pub fn caused_by() -> Vec<(&'static str, &'static str)> {
        vec![(DomainEvent::UserPurged { user: Uuid::nil() }.kind(), "people.forget")]
    }

    /// The job that an event causes.
    pub fn job_for(kind: &'static JobKind, event: &EventEnvelope) -> Option<JobSpec> {
        Some(JobSpec::now(kind, json!({ "userId": event.data.get("userId")? })))
    }
}

fn folder(user: Uuid) -> ports::Result<BlobKey> {
    BlobKey::parse(&format!("exports/{user}"))
}

fn key(user: Uuid, export: Uuid) -> ports::Result<BlobKey> {
    folder(user)?.join(&format!("{export}.json"))
}
