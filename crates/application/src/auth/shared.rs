//! Principals that another replica has loaded already.
//!
//! An entry is kept under the revisions that are read from the database first: whoever ends a session or takes a right
//! away raises one of them in the same unit of work, and nobody asks for the old entry again, whether or not the cache
//! has heard of anything. What lies there carries a mark of this installation's key ring, so that being able to write
//! to the cache is not being able to become somebody.

use std::sync::Arc;
use std::time::Duration;

use domain::{Permission, Permissions, TenantScope};
use ports::{CacheKey, Revisions};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::authenticate::Asked;
use super::{Auth, Principal};
use crate::Result;
use crate::cached::Policy;

const POLICY: Policy<Option<Marked>> = Policy { ttl: Duration::from_secs(15 * 60), worth: Option::is_some };

/// A principal and the mark that proves who wrote it.
#[derive(Serialize, Deserialize)]
struct Marked {
    body: String,
    mark: [u8; 32],
}

/// A principal on its way.
#[derive(Serialize, Deserialize)]
struct Body {
    user_id: i64,
    user: Uuid,
    session_id: i64,
    session: Uuid,
    key: Option<Uuid>,
    tenant: Option<(i64, Uuid)>,
    permissions: Vec<String>,
    platform: Vec<String>,
    authenticated_at: i64,
    multi_factor: bool,
    lacks_factor: bool,
    session_expires_at: i64,
}

fn key(asked: Asked, revisions: Revisions) -> CacheKey {
    let Asked { user, by, tenant } = asked;
    let by = by.uuid();
    let tenant = tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
    let Revisions { user: of_user, platform, tenant: of_tenant } = revisions;
    let name = format!("principal:{user}:{by}:{of_user}.{platform}.{of_tenant}:{tenant}");
    CacheKey::new(name).tagged(tag(by))
}

/// All or none: rights that can't be read are not guessed.
fn parsed(texts: &[String]) -> Option<Permissions> {
    let permissions: Option<Vec<Permission>> =
        texts.iter().map(|text| Permission::parse(text).ok()).collect();
    Some(permissions?.into_iter().collect())
}

fn texts(permissions: &Permissions) -> Vec<String> {
    permissions.iter().map(|permission| permission.to_string()).collect()
}

/// Takes the entries of a session away.
pub(super) fn tag(session: Uuid) -> String {
    format!("session:{session}")
}

impl Auth {
    /// The principal at revisions that have just been read: from the cache where replicas share one, else from the
    /// database. `None` when the account, the session or the membership has ended.
    pub(super) async fn principal_of(&self, asked: Asked, revisions: Revisions) -> Result<Option<Principal>> {
        if !self.core.cache.capabilities().shared {
            return Ok(self.read_principal(asked, revisions).await?);
        }
        let key = key(asked, revisions);
        let load = async || {
            let principal = self.read_principal(asked, revisions).await?;
            Ok(principal.and_then(|principal| self.mark(&key, &principal)))
        };
        let Some(marked) = self.cached.get_or_load(&key, &POLICY, load).await? else { return Ok(None) };
        match self.unmark(&key, &marked, revisions) {
            Some(principal) => Ok(Some(principal)),
            None => Ok(self.read_principal(asked, revisions).await?),
        }
    }

    fn mark(&self, key: &CacheKey, principal: &Principal) -> Option<Marked> {
        let body = Body {
            user_id: principal.user_id,
            user: principal.user,
            session_id: principal.session_id,
            session: principal.session,
            key: principal.key,
            tenant: principal.scope.tenant_id().zip(principal.scope.tenant_uuid()),
            permissions: texts(&principal.permissions),
            platform: texts(&principal.platform),
            authenticated_at: principal.authenticated_at.timestamp_millis(),
            multi_factor: principal.multi_factor,
            lacks_factor: principal.lacks_factor,
            session_expires_at: principal.session_expires_at.timestamp_millis(),
        };
        let body = serde_json::to_string(&body).ok()?;
        let mark = self.mark_of(key, &body)?;
        Some(Marked { body, mark })
    }

    fn unmark(&self, key: &CacheKey, marked: &Marked, revisions: Revisions) -> Option<Principal> {
        let genuine = self.mark_of(key, &marked.body)?.ct_eq(&marked.mark);
        if !bool::from(genuine) {
            tracing::warn!("an entry of the cache was not written by this installation and is not used");
            return None;
        }
        let body: Body = serde_json::from_str(&marked.body).ok()?;
        Some(Principal {
            user_id: body.user_id,
            user: body.user,
            session_id: body.session_id,
            session: body.session,
            key: body.key,
            scope: body.tenant.map_or(TenantScope::Platform, |(id, uuid)| TenantScope::Tenant { id, uuid }),
            permissions: parsed(&body.permissions)?,
            platform: parsed(&body.platform)?,
            authenticated_at: chrono::DateTime::from_timestamp_millis(body.authenticated_at)?,
            multi_factor: body.multi_factor,
            lacks_factor: body.lacks_factor,
            revisions,
            session_expires_at: chrono::DateTime::from_timestamp_millis(body.session_expires_at)?,
            noted_at: Arc::default(),
        })
    }

    fn mark_of(&self, key: &CacheKey, body: &str) -> Option<[u8; 32]> {
        self.keys.derive(&[b"cached-principal", key.name().as_bytes(), body.as_bytes()]).ok()
    }
}
