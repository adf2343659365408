//! From a bearer token to a principal.

use std::sync::Arc;
use std::time::Duration;

use domain::{Permission, SystemRole, TenantScope, UserStatus};
use moka::sync::Cache;
use ports::{AccessClaims, ResultExt, TokenError};
use uuid::Uuid;

use super::Auth;
use super::principal::{Principal, Principals};
use crate::{AuthFailure, Result};

/// What is remembered of bearers.
pub(crate) struct Bearers {
    /// Claims of tokens whose signature has been checked, by SHA-256 of the whole token: the same bytes stay
    /// valid until they expire, and a hash is thirty times cheaper than a signature. Forgotten after a minute,
    /// so that a retired key is.
    verified: Cache<[u8; 32], Arc<AccessClaims>>,
    pub(crate) principals: Principals,
}

impl Default for Bearers {
    fn default() -> Self {
        let verified = Cache::builder().max_capacity(100_000).time_to_live(Duration::from_secs(60)).build();
        Self { verified, principals: Principals::default() }
    }
}

impl Auth {
    /// Who presents this access token.
    ///
    /// A warm caller costs no query while this process is alone with its database, and one primary-key read of
    /// the user's revision otherwise: an ended session is refused on the very next request, on every replica.
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Principal>> {
        let claims = self.verify(token)?;
        if let Some(principal) = self.bearers.principals.get(claims.sid)
            && principal.scope.tenant_uuid() == claims.tid
            && principal.session_expires_at > self.core.clock.now()
            && self.still_holds(&principal).await?
        {
            return Ok(principal);
        }
        self.load(&claims).await
    }

    fn verify(&self, token: &str) -> Result<Arc<AccessClaims>> {
        let hash = self.core.sealer.digest(token.as_bytes());
        if let Some(claims) = self.bearers.verified.get(&hash) {
            let live = claims.exp > self.core.clock.now().timestamp();
            return if live { Ok(claims) } else { Err(AuthFailure::TokenExpired.into()) };
        }
        let claims = self.core.tokens.verify(token).map(Arc::new).map_err(|error| match error {
            TokenError::Expired => AuthFailure::TokenExpired,
            TokenError::Invalid => AuthFailure::Unauthenticated,
        })?;
        self.bearers.verified.insert(hash, Arc::clone(&claims));
        Ok(claims)
    }

    async fn still_holds(&self, principal: &Principal) -> Result<bool> {
        if self.core.cluster.is_sole() {
            return Ok(true);
        }
        let revision = self.core.store.users().auth_revision(principal.user_id).await.optional()?;
        Ok(revision == Some(principal.revision))
    }

    /// Reads the user first: whatever changes after that raises the revision that is remembered here.
    async fn load(&self, claims: &AccessClaims) -> Result<Arc<Principal>> {
        let ticket = self.bearers.principals.ticket();
        let store = &self.core.store;
        let user = store.users().by_uuid(claims.sub).await.optional()?.ok_or(AuthFailure::TokenRevoked)?;
        let session =
            store.sessions().by_uuid(claims.sid).await.optional()?.ok_or(AuthFailure::TokenRevoked)?;
        let ended = session.revoked_at.is_some() || session.expires_at <= self.core.clock.now();
        if ended || session.user_id != user.base.id || user.status == UserStatus::Locked {
            return Err(AuthFailure::TokenRevoked.into());
        }
        let scope = self.scope_of(user.base.id, claims.tid).await?;
        let implied = SystemRole::Member.grants().iter().filter_map(|grant| Permission::parse(grant).ok());
        let granted = store.access().grants(user.base.id, scope).await?;
        let platform = match scope {
            TenantScope::Platform => granted.clone(),
            TenantScope::Tenant { .. } => store.access().grants(user.base.id, TenantScope::Platform).await?,
        };
        let principal = Arc::new(Principal {
            user_id: user.base.id,
            user: user.base.uuid,
            session_id: session.base.id,
            session: session.base.uuid,
            scope,
            permissions: granted.into_iter().chain(implied).collect(),
            platform: platform.into_iter().collect(),
            revision: user.auth_revision,
            session_expires_at: session.expires_at,
        });
        self.bearers.principals.remember(&principal, ticket);
        Ok(principal)
    }

    /// A token for a tenant is worth nothing once the membership has ended.
    async fn scope_of(&self, user_id: i64, tenant: Option<Uuid>) -> Result<TenantScope> {
        let Some(tenant) = tenant else { return Ok(TenantScope::Platform) };
        let membership = self.core.store.access().membership(user_id, tenant).await.optional()?;
        Ok(membership.ok_or(AuthFailure::TokenRevoked)?)
    }
}
