//! From a bearer token to a principal.

use std::sync::Arc;
use std::time::Duration;

use domain::{Permission, STEP_UP, SystemRole, TenantScope, User, UserStatus};
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

    /// Checks that the caller has proven who they are a moment ago, for what a stolen token must not do.
    ///
    /// # Errors
    /// `Unauthenticated` (`reauthentication_required`) when that is longer ago than [`STEP_UP`].
    pub fn require_recent(&self, caller: &Principal) -> Result<()> {
        if self.core.clock.now() < caller.authenticated_at + STEP_UP {
            Ok(())
        } else {
            Err(AuthFailure::ReauthenticationRequired.into())
        }
    }

    /// Reads the user first: whatever changes after that raises the revision that is remembered here.
    async fn load(&self, claims: &AccessClaims) -> Result<Arc<Principal>> {
        let ticket = self.bearers.principals.ticket();
        let user = self.core.store.users().by_uuid(claims.sub).await.optional()?;
        let user = user.filter(|user| user.status != UserStatus::Locked).ok_or(AuthFailure::TokenRevoked)?;
        let principal = self.principal_of(&user, claims).await?.map(Arc::new);
        let living = principal.filter(|principal| principal.session_expires_at > self.core.clock.now());
        let principal = living.ok_or(AuthFailure::TokenRevoked)?;
        self.bearers.principals.remember(&principal, ticket);
        Ok(principal)
    }

    /// Session, membership and grants, from the database. `None` when the session or the membership has ended.
    pub(super) async fn read_principal(
        &self,
        user: &User,
        claims: &AccessClaims,
    ) -> ports::Result<Option<Principal>> {
        let store = &self.core.store;
        let session = store.sessions().by_uuid(claims.sid).await.optional()?;
        let session =
            session.filter(|session| session.revoked_at.is_none() && session.user_id == user.base.id);
        let Some(session) = session else { return Ok(None) };
        let Some(scope) = self.scope_of(user.base.id, claims.tid).await? else { return Ok(None) };
        let implied = SystemRole::Member.grants().iter().filter_map(|grant| Permission::parse(grant).ok());
        let granted = store.access().grants(user.base.id, scope).await?;
        let platform = match scope {
            TenantScope::Platform => granted.clone(),
            TenantScope::Tenant { .. } => store.access().grants(user.base.id, TenantScope::Platform).await?,
        };
        Ok(Some(Principal {
            user_id: user.base.id,
            user: user.base.uuid,
            session_id: session.base.id,
            session: session.base.uuid,
            scope,
            permissions: granted.into_iter().chain(implied).collect(),
            platform: platform.into_iter().collect(),
            authenticated_at: session.authenticated_at,
            revision: user.auth_revision,
            session_expires_at: session.expires_at,
        }))
    }

    /// A token for a tenant is worth nothing once the membership has ended.
    async fn scope_of(&self, user_id: i64, tenant: Option<Uuid>) -> ports::Result<Option<TenantScope>> {
        let Some(tenant) = tenant else { return Ok(Some(TenantScope::Platform)) };
        self.core.store.access().membership(user_id, tenant).await.optional()
    }
}
